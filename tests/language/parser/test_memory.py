"""Elements of arrays, and which indices are checked, as the operations that they become."""

from __future__ import annotations

from parsing import meaning, parsed, rows


@rows(
    (
        "",
        "cpu.counts[3] = -1",
        """
        cpu.counts[3] = -1
        return
        """,
    ),
    (
        "i: i64",
        "cpu.counts[i] += 1",
        """
        check i < 8, or IndexError    # before the section
        cpu.counts[i] += 1
        return
        """,
    ),
    (
        "i: u8",
        "cpu.latest = cpu.counts[i]",
        """
        check i < 8, or IndexError    # before the section
        %1 = cpu.counts[i]
        cpu.latest = %1
        return
        """,
    ),
)
def test_elements_and_their_checks_become_this(parameters: str, body: str, expected: list[str]) -> None:
    assert meaning(parsed(parameters, body)) == expected
