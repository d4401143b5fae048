"""`raise` in routines: the caller's arguments are refused, with the routine's own sentence."""

from __future__ import annotations

from typing import Any

import numba
import pytest

import rseq
from rseq import i64


class Cell(rseq.Record):
    value: i64


@rseq.sequence
def add(cpu: Cell, n: i64) -> None:
    cpu.value += n


@rseq.inline
def require_positive(n: i64) -> i64:
    if n < 0:
        raise ValueError("n is negative, 100%")
    return n


@rseq.routine
def add_small(cpu: Cell, n: i64) -> bool:
    if n > 9:
        raise IndexError("n is too large")
    add(cpu, require_positive(n))
    return n > 3


@rseq.routine
def maybe(cpu: Cell, n: i64) -> i64 | None:
    if n == 0:
        return None
    if n == 1:
        raise ValueError("one is refused")
    add(cpu, n)
    return n


def test_a_routine_raises_and_nothing_is_done() -> None:
    storage = rseq.percpu(Cell)
    bound = add_small.bind(storage)
    assert (bound(5), bound(1)) == (True, False)
    with pytest.raises(IndexError, match=r"^add_small\(\): n is too large$"):
        bound(10)
    with pytest.raises(ValueError, match=r"^add_small\(\): n is negative, 100%$"):
        bound(-1)
    assert storage.per_cpu()["value"].sum() == 6


def test_a_result_may_also_be_none() -> None:
    bound = maybe.bind(rseq.percpu(Cell))
    assert (bound(0), bound(2)) == (None, 2)
    with pytest.raises(ValueError, match=r"^maybe\(\): one is refused$"):
        bound(1)


def test_numba_raises_the_same() -> None:
    bound = add_small.bind(rseq.percpu(Cell))

    @numba.njit  # type: ignore[untyped-decorator]
    def compiled(n: Any) -> Any:
        return bound(n)

    assert compiled(5)
    with pytest.raises(ValueError, match="n is negative, 100%"):
        compiled(-1)
    with pytest.raises(IndexError, match="n is too large"):
        compiled(10)


SENTENCE = f"n is {1 + 1}"


@rseq.routine
def refuse_two(cpu: Cell, n: i64) -> None:
    if n == 2:
        raise ValueError(SENTENCE)


def test_the_sentence_may_be_a_name_from_outside() -> None:
    refuse = refuse_two.bind(rseq.percpu(Cell))
    refuse(1)
    with pytest.raises(ValueError, match=r"^refuse_two\(\): n is 2$"):
        refuse(2)


def test_the_pseudo_code_says_it() -> None:
    assert "raise IndexError" in add_small.ir


def test_what_cannot_be_raised_is_refused() -> None:
    with pytest.raises(rseq.CompileError, match="is nothing that a routine can raise"):

        @rseq.routine
        def other(cpu: Cell, n: i64) -> None:
            raise KeyError("n")

    with pytest.raises(rseq.CompileError, match="is nothing that a routine can raise"):

        @rseq.routine
        def bare(cpu: Cell, n: i64) -> None:
            raise ValueError

    with pytest.raises(rseq.CompileError, match="is nothing that a routine can raise"):

        @rseq.routine
        def number(cpu: Cell, n: i64) -> None:
            raise ValueError(n)

    with pytest.raises(rseq.CompileError, match="a critical section raises nothing but"):

        @rseq.sequence
        def inside(cpu: Cell, n: i64) -> None:
            if n == 0:
                raise ValueError("n is zero")
            cpu.value = n
