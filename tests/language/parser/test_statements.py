"""Statements, as the operations that they become: if, loops, return."""

from __future__ import annotations

import pytest

import rseq
from parsing import meaning, parsed, rows
from rseq._language.errors import CompileError


@rows(
    (
        "",
        "pass",
        """
        return
        """,
    ),
    (
        "",
        '"""Only a docstring."""',
        """
        return
        """,
    ),
    (
        "n: i64",
        "if n:\n    cpu.count = 1",
        """
        if n == 0 goto else1
        cpu.count = 1
      else1:
        return
        """,
    ),
    (
        "n: i64",
        "if n < 0:\n    cpu.count = 1\nelif n == 0:\n    cpu.count = 2\nelse:\n    cpu.count = 3",
        """
        if n >= 0 goto else1
        cpu.count = 1
        goto endif2
      else1:
        if n != 0 goto else4
        cpu.count = 2
        goto endif5
      else4:
        cpu.count = 3
      endif5:
      endif2:
        return
        """,
    ),
    (
        "n: i64",
        "if n:\n    return\ncpu.count = 1",
        """
        if n == 0 goto else1
        return
      else1:
        cpu.count = 1
        return
        """,
    ),
    (
        "",
        "if True:\n    cpu.count = 1",
        """
        cpu.count = 1
        return
        """,
    ),
    (
        "",
        "if False:\n    cpu.count = 1",
        """
        goto else1
      else1:
        return
        """,
    ),
    (
        "n: i64",
        "for i in range(3):\n    n += i\ncpu.count = n",
        """
        n' = n
        %2 = n' + 0
        n' = %2
        %3 = n' + 1
        n' = %3
        %4 = n' + 2
        n' = %4
        cpu.count = n'
        return
        """,
    ),
    (
        "n: i64",
        "for i in range(6, 0, -2):\n    if n == i:\n        break\n    n += 1\ncpu.count = n",
        """
        n' = n
        if n' != 6 goto else2
        goto done1
      else2:
        %5 = n' + 1
        n' = %5
        if n' != 4 goto else6
        goto done1
      else6:
        %9 = n' + 1
        n' = %9
        if n' != 2 goto else10
        goto done1
      else10:
        %13 = n' + 1
        n' = %13
      done1:
        cpu.count = n'
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count = 1\nreturn\ncpu.count = 2",
        """
        cpu.count = 1
        return
        """,
    ),
)
def test_statements_become_this(parameters: str, body: str, expected: list[str]) -> None:
    assert meaning(parsed(parameters, body)) == expected


def test_a_routine_loops_calls_and_reads_rows() -> None:
    add = parsed("n: i64", "cpu.count += n\nreturn n", "i64")
    body = """
total = 0
while total < n:
    got = add(cpu, n)
    if got == 3:
        break
    total += got
p.value = total
return total"""
    code = parsed("p: ptr[Node], n: i64", body, "i64", rseq.routine, add=add)
    assert meaning(code) == [
        "    total = 0",
        "  again1:",
        "    if total >= n goto done2",
        "    %4 = f(cpu, n)",
        "    got = %4",
        "    if got != 3 goto else5",
        "    goto done2",
        "  else5:",
        "    %8 = total + got",
        "    total = %8",
        "    goto again1",
        "  done2:",
        "    p.value = total",
        "    return total",
    ]


def test_an_endless_loop_needs_no_return_after_it() -> None:
    code = parsed("n: i64", "while True:\n    n += 1\n    if n > 9:\n        return n", "i64", rseq.routine)
    assert meaning(code)[-1] == "    goto again1"


def test_what_all_breaks_have_assigned_is_known_after_the_loop() -> None:
    body = "while True:\n    x = n + 1\n    if x > 3:\n        break\nreturn x"
    assert meaning(parsed("n: i64", body, "i64", rseq.routine))[-1] == "    return x"


def test_loops_over_nothing_or_far_too_much_are_refused_at_once() -> None:
    assert meaning(parsed("", "for i in range(0):\n    cpu.count = i")) == ["    return"]
    for loop in ("range(10**30)", "range(4097)"):
        with pytest.raises(CompileError, match="more than 4096 operations"):
            parsed("", f"for i in {loop.replace('10**30', str(10**30))}:\n    pass")
