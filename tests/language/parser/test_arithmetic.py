"""Operators and conversions, as the operations that they become; constants are computed at once."""

from __future__ import annotations

from parsing import meaning, parsed, rows


@rows(
    (
        "s: i32",
        "cpu.count = s",
        """
        %1 = i64(s)
        cpu.count = %1
        return
        """,
    ),
    (
        "n: i64",
        "cpu.small = i32(n)",
        """
        %1 = i32(n)
        cpu.small = %1
        return
        """,
    ),
    (
        "n: i64, s: i32",
        "cpu.count = n + s",
        """
        %1 = i64(s)
        %2 = n + %1
        cpu.count = %2
        return
        """,
    ),
    (
        "x: f64",
        "cpu.count = i64(x)",
        """
        %1 = i64(x)
        cpu.count = %1
        return
        """,
    ),
    (
        "n: i64",
        "cpu.average = f64(n) / 2",
        """
        %1 = f64(n)
        %2 = %1 / 2.0
        cpu.average = %2
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count = -n",
        """
        %1 = 0 - n
        cpu.count = %1
        return
        """,
    ),
    (
        "x: f64",
        "cpu.average = -x",
        """
        %1 = x * -1.0
        cpu.average = %1
        return
        """,
    ),
    (
        "b: u8",
        "cpu.byte = ~b",
        """
        %1 = b ^ 255
        cpu.byte = %1
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count = n & 1 | n ^ 2",
        """
        %1 = n & 1
        %2 = n ^ 2
        %3 = %1 | %2
        cpu.count = %3
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count = (n << 3) >> 1",
        """
        %1 = n << 3
        %2 = %1 >> 1
        cpu.count = %2
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count = n // 10 + n % 10",
        """
        %1 = n // 10
        %2 = n % 10
        %3 = %1 + %2
        cpu.count = %3
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count = +n",
        """
        cpu.count = n
        return
        """,
    ),
    (
        "",
        "cpu.count = (1 << 40) - 2 * 3 // 2",
        """
        cpu.count = 1099511627773
        return
        """,
    ),
)
def test_arithmetic_become_this(parameters: str, body: str, expected: list[str]) -> None:
    assert meaning(parsed(parameters, body)) == expected
