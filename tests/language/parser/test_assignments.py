"""Assignments to locals and to memory, as the operations that they become."""

from __future__ import annotations

import rseq
from parsing import NAMES, meaning, parsed, rows
from programs import compiled


@rows(
    (
        "n: i64",
        "cpu.count = n",
        """
        cpu.count = n
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count += n",
        """
        cpu.count += n
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count -= n",
        """
        %1 = cpu.count
        %2 = %1 - n
        cpu.count = %2
        return
        """,
    ),
    (
        "x: f64",
        "cpu.average += x",
        """
        %1 = cpu.average
        %2 = %1 + x
        cpu.average = %2
        return
        """,
    ),
    (
        "",
        "cpu.count = 7",
        """
        cpu.count = 7
        return
        """,
    ),
    (
        "n: i64",
        "a = n\ncpu.count = a",
        """
        cpu.count = n
        return
        """,
    ),
    (
        "n: i64",
        "a = n + 1\na = a * 2\ncpu.count = a",
        """
        %1 = n + 1
        a = %1
        %2 = a * 2
        a = %2
        cpu.count = a
        return
        """,
    ),
    (
        "n: i64",
        "n += 1\ncpu.count = n",
        """
        n' = n
        %1 = n' + 1
        n' = %1
        cpu.count = n'
        return
        """,
    ),
    (
        "s: i32",
        "a: i64 = s\ncpu.count = a",
        """
        %1 = i64(s)
        a = %1
        cpu.count = a
        return
        """,
    ),
)
def test_assignments_become_this(parameters: str, body: str, expected: list[str]) -> None:
    assert meaning(parsed(parameters, body)) == expected


def test_a_place_is_read_before_the_call_that_is_added() -> None:
    step = compiled("def f(cpu: Items) -> i64:\n    cpu.count += 1\n    return 5\n", **NAMES)
    text = "def f(cpu: Items, n: ptr[Node]) -> None:\n    n.value += step(cpu)\n    n.next += 2\n"
    ops = [str(op) for op in compiled(text, rseq.routine, **NAMES, step=step).body.ops]
    assert ops == ["%2 = n.value", "%1 = f(cpu)", "%3 = %2 + %1", "n.value = %3", "n.next += 2", "return"]
