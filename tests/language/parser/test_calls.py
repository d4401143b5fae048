"""What is written as a call, as the operations that it becomes."""

from __future__ import annotations

import rseq
from parsing import meaning, parsed, rows


@rows(
    (
        "",
        "cpu.small = rseq.cpu_number()",
        """
        %1 = cpu_number()
        cpu.small = %1
        return
        """,
    ),
)
def test_an_operation_becomes_this(parameters: str, body: str, expected: list[str]) -> None:
    assert meaning(parsed(parameters, body)) == expected


def test_missing_arguments_of_a_call_are_its_defaults() -> None:
    add = parsed("n: i64, m: i64 = 5", "cpu.count += n * m")
    assert "    f(cpu, 1, 5)" in meaning(parsed("", "add(cpu, 1)", "None", rseq.routine, add=add))
