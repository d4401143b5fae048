"""`//` and `%` by a variable: as Python has them, in every type and on every machine, and no way of them traps."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import rseq
from programs import compiled, edges
from rseq import i64
from rseq._language.interpret import Memory, run
from rseq._language.types import SCALARS

INTEGERS = [name for name, type in SCALARS.items() if type.is_integer]


class Cell(rseq.Record):
    value: i64


CELLS = rseq.percpu(Cell)


def divided(name: str, sign: str, decorator: Any = rseq.sequence) -> Any:
    guard = "" if decorator is rseq.routine else "    if d == 0:\n        return 7\n"
    text = f"def f(cpu: Cell, n: {name}, d: {name}) -> {name}:\n{guard}    return n {sign} d\n"
    return compiled(text, decorator, Cell=Cell)


@pytest.mark.parametrize("decorator", [rseq.sequence, rseq.routine])
@pytest.mark.parametrize("sign", ["//", "%"])
@pytest.mark.parametrize("name", INTEGERS)
def test_each_pair_of_edges_is_divided_as_python_does_it(name: str, sign: str, decorator: Any) -> None:
    type, bound = SCALARS[name], divided(name, sign, decorator).bind(CELLS)
    for n, d in itertools.product(edges(type), repeat=2):
        if d == 0:
            continue
        expected = type.wrap(n // d if sign == "//" else n % d)
        assert bound(n, d) == expected, (n, d)


def test_a_routine_raises_what_python_raises_and_goes_on_the_next_time() -> None:
    bound = compiled("def f(cpu: Cell, n: i64, d: i64) -> i64:\n    n //= d\n    return n\n", rseq.routine, Cell=Cell)
    call = bound.bind(CELLS)
    with pytest.raises(ZeroDivisionError, match=r"^f\(\): d is 0, and // divides by it$"):
        call(5, 0)
    assert call(5, -2) == -3
    with pytest.raises(ZeroDivisionError):
        run(bound.body, Memory.of(Cell), [5, 0])


def test_what_is_0_is_all_that_an_augmented_assignment_divides_by() -> None:
    text = "def f(cpu: Cell, n: i64, d: i64) -> i64:\n    n //= d - 1\n    return n\n"
    with pytest.raises(ZeroDivisionError, match=r"^f\(\): d - 1 is 0, and // divides by it$"):
        compiled(text, rseq.routine, Cell=Cell).bind(CELLS)(5, 1)


def test_a_routine_that_divides_after_a_sequence_has_committed_leaves_that_as_it_is() -> None:
    add = compiled("def f(cpu: Cell, n: i64) -> i64:\n    cpu.value += n\n    return n\n", Cell=Cell)
    text = "def f(cpu: Cell, n: i64, d: i64) -> i64:\n    return add(cpu, n) % (d - 1)\n"
    cells = rseq.percpu(Cell)
    call = compiled(text, rseq.routine, Cell=Cell, add=add).bind(cells)
    with pytest.raises(ZeroDivisionError, match=r"d - 1 is 0, and % divides by it"):
        call(40, 1)
    assert cells.per_cpu()["value"].sum() == 40


def test_an_inline_function_divides_from_python_too() -> None:
    mean = compiled("def f(total: i64, count: i64) -> i64:\n    return total // count\n", rseq.inline)
    assert mean(-7, 2) == -4
    with pytest.raises(ZeroDivisionError):
        mean(1, 0)


def test_in_a_sequence_an_inline_function_must_not_divide_by_what_may_be_zero() -> None:
    mean = compiled("def f(total: i64, count: i64) -> i64:\n    return total // count\n", rseq.inline)
    text = "def f(cpu: Cell, n: i64) -> i64:\n    return mean(n, 3) + mean(n, max(n, 1)) + mean({})\n"
    compiled(text.format("5, 8"), Cell=Cell, mean=mean)
    with pytest.raises(rseq.ContractError, match="may-be-zero"):
        compiled(text.format("5, n"), Cell=Cell, mean=mean)


@pytest.mark.parametrize("body", ["return n // 0.0", "return n % x", "x = 1.5\n    return i64(x // n)"])
def test_floats_have_no_floor_division(body: str) -> None:
    with pytest.raises(rseq.CompileError, match=r"types-differ"):
        compiled(f"def f(cpu: Cell, n: i64, x: f64) -> i64:\n    {body}\n", rseq.routine, Cell=Cell)
