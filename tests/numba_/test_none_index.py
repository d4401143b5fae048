"""What returns None is no index in compiled code: NumPy would take it for a new axis, and write the whole array."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rseq
from rseq import i64

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")


class Slots(rseq.Record):
    used: i64


@rseq.sequence
def take(cpu: Slots) -> i64:
    used = cpu.used
    cpu.used = used + 1
    return used


@rseq.sequence
def mark(cpu: Slots) -> None:
    cpu.used += 1


@numba.njit
def count(counter: Any) -> Any:
    return counter.add()


def by_name(counter: Any, out: Any) -> None:
    k = counter.add()
    out[k] = 1


def at_once(counter: Any, out: Any) -> Any:
    return out[counter.add()]


def in_place(counter: Any, out: Any) -> None:
    out[counter.add()] += 1


def in_a_tuple(counter: Any, out: Any) -> None:
    out[counter.add(), 1:] = 1


def in_a_slice(counter: Any, out: Any) -> None:
    k = counter.add()
    out[k:] = 1


def on_one_path(counter: Any, out: Any) -> None:
    k = None
    if out.size > 1:
        k = counter.add()
    out[k] = 1


def in_a_helper(counter: Any, out: Any) -> None:
    out[count(counter)] = 1


def in_prange(counter: Any, out: Any) -> None:
    for _ in numba.prange(2):
        k = counter.add()
        out[k] = 1


REFUSED = [by_name, at_once, in_place, in_a_tuple, in_a_slice, on_one_path, in_a_helper]


@pytest.mark.parametrize("function", REFUSED, ids=[one.__name__ for one in REFUSED])
def test_none_from_a_counter_as_an_index_is_refused(function: Any) -> None:
    out = np.zeros(3)
    with pytest.raises(numba.TypingError, match=r"returns None, which is no index: .*; index with a number") as caught:
        numba.njit(function)(rseq.Counter(), out)
    assert "Counter" in str(caught.value)
    assert not out.any()


def test_so_it_is_in_parallel_loops() -> None:
    with pytest.raises(numba.TypingError, match=r"Counter\.add\(\) returns None, which is no index"):
        numba.njit(in_prange, parallel=True)(rseq.Counter(), np.zeros(3))


def test_so_are_arrays_of_counters_and_bound_sequences() -> None:
    bound = mark.bind(rseq.percpu(Slots))

    @numba.njit
    def in_array(counters: Any, out: Any) -> None:
        k = counters.add(1)
        out[k] = 1

    @numba.njit
    def by_sequence(out: Any) -> None:
        out[bound()] = 1

    with pytest.raises(numba.TypingError, match=r"CounterArray\.add\(\) returns None, which is no index"):
        in_array(rseq.CounterArray(2), np.zeros(3))
    with pytest.raises(numba.TypingError, match=r"mark\(\) returns None, which is no index"):
        by_sequence(np.zeros(3))


def test_the_advice_works_a_sequence_that_returns_a_number_is_an_index() -> None:
    bound = take.bind(rseq.percpu(Slots))

    @numba.njit
    def fill(out: Any) -> None:
        out[bound()] = 1

    out = np.zeros(3)
    fill(out)
    assert out.tolist() == [1, 0, 0]


def test_a_new_axis_that_somebody_wrote_stays_one() -> None:
    @numba.njit
    def widen(counter: Any, out: Any, axis: Any) -> Any:
        counter.add()
        out[axis] = 2
        return out[None, :2].shape, out[np.newaxis].shape

    out = np.zeros(3)
    assert widen(rseq.Counter(), out, None) == ((1, 2), (1, 3))
    assert out.tolist() == [2, 2, 2]


def test_what_a_call_makes_of_none_is_its_own_matter() -> None:
    @numba.njit
    def second(pair: Any) -> Any:
        return pair[1], 0

    @numba.njit
    def set_one(counter: Any, out: Any) -> None:
        place = second((counter.add(), 1))
        out[place] = 3

    out = np.zeros((2, 2))
    set_one(rseq.Counter(), out)
    assert out.tolist() == [[0, 0], [3, 0]]
