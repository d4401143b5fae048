"""Comparisons, `and`, `or`, `not` and conditional expressions, as the branches that they become."""

from __future__ import annotations

import rseq
from parsing import meaning, parsed, rows


@rows(
    (
        "n: i64",
        "cpu.full = n == 1",
        """
        %1 = False
        if n != 1 goto known2
        %1 = True
      known2:
        cpu.full = %1
        return
        """,
    ),
    (
        "n: i64",
        "cpu.full = not n == 1",
        """
        %1 = False
        if n == 1 goto known2
        %1 = True
      known2:
        cpu.full = %1
        return
        """,
    ),
    (
        "n: i64",
        "cpu.full = bool(n)",
        """
        %1 = False
        if n == 0 goto known2
        %1 = True
      known2:
        cpu.full = %1
        return
        """,
    ),
    (
        "n: i64",
        "if 0 <= n < 8:\n    cpu.count = n",
        """
        if 0 > n goto else1
        if n >= 8 goto else1
        cpu.count = n
      else1:
        return
        """,
    ),
    (
        "n: i64, k: bool",
        "if n == 1 and k or n == 2:\n    cpu.count = n",
        """
        if n != 1 goto decided4
        if k != False goto decided3
      decided4:
        if n != 2 goto else1
      decided3:
        cpu.count = n
      else1:
        return
        """,
    ),
    (
        "x: f64",
        "if x < 1.0:\n    cpu.average = x",
        """
        if x < 1.0 goto holds4
        goto else1
      holds4:
        cpu.average = x
      else1:
        return
        """,
    ),
    (
        "x: f64",
        "if not x < 1.0:\n    cpu.average = x",
        """
        if x < 1.0 goto else1
        cpu.average = x
      else1:
        return
        """,
    ),
    (
        "n: i64, k: bool",
        "cpu.count = n if k else 0",
        """
        if k == False goto else1
        %3 = n
        goto chosen2
      else1:
        %3 = 0
      chosen2:
        cpu.count = %3
        return
        """,
    ),
    (
        "p: ptr[Node]",
        "if p is not None:\n    p.value = 1\ncpu.head = p",
        """
        if p == None goto else1
        p.value = 1
      else1:
        cpu.head = p
        return
        """,
    ),
    (
        "p: ptr[Node]",
        "if cpu.head == p:\n    cpu.head = None",
        """
        %4 = cpu.head
        if %4 != p goto else1
        cpu.head = None
      else1:
        return
        """,
    ),
    (
        "",
        "h = cpu.head\nif h is None:\n    return\nh.value += 1",
        """
        h = cpu.head
        if h != None goto else1
        return
      else1:
        h.value += 1
        return
        """,
    ),
)
def test_conditions_become_this(parameters: str, body: str, expected: list[str]) -> None:
    assert meaning(parsed(parameters, body)) == expected


def test_a_call_in_bool_happens_once() -> None:
    add = parsed("n: i64", "cpu.count += n\nreturn n", "i64")
    code = parsed("n: i64", "if bool(add(cpu, n)):\n    return 1\nreturn 0", "i64", rseq.routine, add=add)
    assert str(code.body).count("f(cpu, n)") == 1
