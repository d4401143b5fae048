"""What the language has from Python means what it means there: each function is run by both, on the same numbers."""

from __future__ import annotations

import enum
import itertools
import math
import textwrap
from typing import Any

import pytest

import rseq
from programs import compiled, edges
from rseq import f64, i16, i64, u8
from rseq._language.interpret import Memory, run
from rseq._language.types import SCALARS


class Colour(enum.IntEnum):
    RED = 1
    GREEN = 2


class Cell(rseq.Record):
    value: i64
    table: i64[5]
    wide: rseq.prepared[u8[300]]


NAMES = {"Colour": Colour, "Cell": Cell, "enum": enum}

BODIES = {
    "the smaller of two": "return min(n, m)",
    "the larger of two": "return max(n, m)",
    "the smallest of many": "return min(n, m, 3, n + m)",
    "the largest of many, constants among them": "return max(-5, n, 100 - m, 7)",
    "of constants": "return max(3, 9, 4) + min(2, 5) + abs(-6)",
    "a number between two": "return max(-10, min(n, 10))",
    "an absolute number": "return abs(n) + abs(m - n)",
    "continue": """
        total = 0
        for i in range(10):
            if i == n:
                continue
            if i == m:
                break
            total += i
        return total
    """,
    "continue in loops in loops": """
        total = 0
        for i in range(4):
            if i == n:
                continue
            for j in range(4):
                if j == i:
                    continue
                total = total * 3 + j
                if j == m:
                    break
        return total
    """,
    "continue on all ways": """
        total = 0
        for i in range(4):
            if i < n:
                total += 1
                continue
            else:
                total += 100
                continue
            total = -1
        return total
    """,
    "continue in a while loop": """
        total = 0
        while n > 0 and n < 50:
            n -= 1
            if n % 3 == 0:
                continue
            total += n
            if total > 70:
                break
        return total
    """,
    "a case for each": """
        match n:
            case 0:
                return 10
            case 1 | -1:
                return 11
            case Colour.GREEN:
                return 12
            case _:
                return 13
    """,
    "a case that takes the number": """
        match n & 15:
            case 3 if m > 0:
                return -3
            case small if small < 8:
                return small
            case big:
                return big * 100
    """,
    "no case": """
        total = 5
        match n + m:
            case 7:
                total = 1
            case 9 if n > m:
                total = 2
        return total
    """,
    "a match in a match": """
        match n & 3:
            case 1:
                match n & 3:
                    case 1 if m == 7:
                        return 5
                    case other:
                        return other + 20
            case 2 | 3 if m > 1:
                return 7
        return 8
    """,
    "a match in a loop": """
        total = 0
        for i in range(6):
            match i:
                case 1:
                    continue
                case 4 if n > 2:
                    break
                case _:
                    total += i
        return total
    """,
}


def plain(text: str, parameters: str, result: str) -> Any:
    """The function as Python runs it."""
    scope = dict(NAMES)
    annotated = f"from __future__ import annotations\ndef f({parameters}) -> {result}:\n{text}"
    exec(compile(annotated, "<plain>", "exec"), scope)
    return scope["f"]


def indented(body: str) -> str:
    return textwrap.indent(textwrap.dedent(body).strip("\n"), "    ") + "\n"


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_statements_and_calls_mean_what_they_do_in_python(body: str) -> None:
    text, wanted = indented(body), plain(indented(body), "n: i64, m: i64", "i64")
    code = compiled(f"def f(cpu: Cell, n: i64, m: i64) -> i64:\n{text}", rseq.routine, **NAMES)
    for n, m in itertools.product([-9, -1, 0, 1, 2, 3, 5, 7, 9, 20, 46], repeat=2):
        assert run(code.body, Memory.of(Cell), [n, m]) == wanted(n, m), (n, m)


@pytest.mark.parametrize("call", ["min(x, y)", "max(x, y)", "min(x, y, 0.5)", "max(1.5, y, x)", "abs(x)", "abs(y) - x"])
def test_of_floats_not_even_a_nan_is_treated_otherwise(call: str) -> None:
    wanted = plain(f"    return {call}\n", "x: f64, y: f64", "f64")
    code = compiled(f"def f(cpu: Cell, x: f64, y: f64) -> f64:\n    return {call}\n", **NAMES)
    for x, y in itertools.product(edges(SCALARS["f64"]), repeat=2):
        got, expected = run(code.body, Memory.of(Cell), [x, y]), wanted(x, y)
        assert isinstance(got, float)
        both_nan = math.isnan(got) and math.isnan(expected)
        assert both_nan or (got == expected and math.copysign(1, got) == math.copysign(1, expected)), (x, y)


def test_min_and_max_take_the_wider_of_two_types() -> None:
    code = compiled("def f(cpu: Cell, n: i16, m: i64) -> i64:\n    return max(n, 3, m)\n", **NAMES)
    assert run(code.body, Memory.of(Cell), [-5, 1 << 40]) == 1 << 40
    assert run(code.body, Memory.of(Cell), [500, -(1 << 40)]) == 500


def test_the_smallest_number_has_no_opposite_so_it_is_its_own_absolute_one() -> None:
    for name in ("i8", "i16", "i32", "i64"):
        code = compiled(f"def f(cpu: Cell, n: {name}) -> {name}:\n    return abs(n)\n", **NAMES)
        lowest = int(SCALARS[name].minimum)
        assert run(code.body, Memory.of(Cell), [lowest]) == lowest
        assert run(code.body, Memory.of(Cell), [lowest + 1]) == -(lowest + 1)
    code = compiled("def f(cpu: Cell, n: u8) -> u8:\n    return abs(n)\n", **NAMES)
    assert run(code.body, Memory.of(Cell), [200]) == 200


def test_the_length_of_an_array_is_a_constant() -> None:
    text = (
        "def f(cpu: Cell) -> i64:\n    total = 0\n    for i in range(len(cpu.table)):\n        total += cpu.table[i]\n"
    )
    code = compiled(f"{text}    return total + len(cpu.wide)\n", **NAMES)
    assert run(code.body, Memory.of(Cell)) == 300
    in_routine = compiled("def f(cpu: Cell, n: u8) -> u8:\n    return min(n, len(cpu.table))\n", rseq.routine, **NAMES)
    assert run(in_routine.body, Memory.of(Cell), [9]) == 5


def test_what_a_call_returned_is_matched_with_none() -> None:
    three = compiled("def f(cpu: Cell) -> i64:\n    return cpu.value + 3\n", **NAMES)
    text = "def f(cpu: Cell, n: i64) -> i64 | None:\n    if n == 0:\n        return None\n    return n\n"
    maybe = compiled(text, **NAMES)
    body = """
    match maybe(cpu, n):
        case None:
            return -1
        case 5:
            return 50
        case other:
            return other + three(cpu)
    """
    code = compiled(f"def f(cpu: Cell, n: i64) -> i64:\n{body}", rseq.routine, maybe=maybe, three=three, **NAMES)
    assert [run(code.body, Memory.of(Cell), [n]) for n in (0, 5, 7)] == [-1, 50, 10]


def test_a_pointer_is_matched_with_none() -> None:
    body = "    match p:\n        case None:\n            return 0\n        case _:\n            return p.value\n"
    code = compiled(f"def f(cpu: Cell, p: ptr[Cell]) -> i64:\n{body}", **NAMES)
    memory = Memory.of(Cell)
    row = memory.add(Cell.size)
    memory.store(row, SCALARS["i64"], 77)
    assert [run(code.body, memory, [place]) for place in (0, row)] == [0, 77]


def test_a_bool_is_matched_with_true_and_false() -> None:
    cases = "        case True:\n            return 1\n        case False:\n            return 2\n"
    body = f"    match n > 3:\n{cases}    return 3\n"
    code = compiled(f"def f(cpu: Cell, n: i64) -> i64:\n{body}", **NAMES)
    assert [run(code.body, Memory.of(Cell), [n]) for n in (3, 4)] == [2, 1]


def test_they_run_on_this_machine_as_they_are_understood() -> None:
    @rseq.sequence
    def step(cpu: Cell, n: i64, x: f64, k: i16) -> f64:
        total = max(n, k, 2)
        for i in range(len(cpu.table)):
            if i == n:
                continue
            total += i
        match total & 3:
            case 1 | 2:
                total = -abs(total)
            case rest:
                total += rest
        cpu.value += total
        return min(x, abs(f64(total)))

    storage = rseq.percpu(Cell)
    bound = step.bind(storage)
    for n, x, k in itertools.product([-(2**63), -3, 0, 1, 4, 9], [-0.5, 1e9, math.inf], [-8, 6]):
        assert bound(n, x, k) == run(step.body, Memory.of(Cell), [n, x, k])
