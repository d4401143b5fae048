"""What compiled functions refuse: when they are compiled, in a sentence that names the parameter, or as IndexError."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

import rseq
from rseq import i64, ptr

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")


class Slots(rseq.Record):
    value: i64
    table: i64[4]  # type: ignore[valid-type]


@rseq.sequence
def put(cpu: Slots, i: i64, n: i64 = 1) -> None:
    cpu.table[i] += n


@rseq.sequence
def put_at_value(cpu: Slots, n: i64) -> i64:
    at = cpu.value
    cpu.table[at] += n
    return at


@rseq.sequence
def set_value(cpu: Slots, n: i64) -> None:
    cpu.value = n


@rseq.routine
def put_in_two(cpu: Slots, i: i64, j: i64) -> None:
    put(cpu, i, 1)
    put(cpu, j, 1)


@rseq.sequence
def to_row(cpu: Slots, row: ptr[Slots]) -> None:
    cpu.value = row.value


class Hits(rseq.Counter):
    """Counts twice, in Python."""

    def add(self, n: int = 1) -> None:
        super().add(2 * n)


@numba.njit
def add_1(thing: Any, a: Any) -> Any:
    return thing.add(a)


@numba.njit
def add_2(thing: Any, a: Any, b: Any) -> Any:
    return thing.add(a, b)


@numba.njit
def add_none(thing: Any) -> Any:
    return thing.add()


@numba.njit
def add_m(thing: Any) -> Any:
    return thing.add(m=1)


@numba.njit
def call(bound: Any, x: Any) -> Any:
    return bound(x)


@numba.njit
def value(thing: Any) -> Any:
    return thing.value


def refusal(function: Any, *arguments: Any) -> str:
    """The message of the TypingError that a call ends in."""
    with pytest.raises(numba.core.errors.TypingError) as caught:
        function(*arguments)
    return str(caught.value)


def test_a_number_of_another_kind_is_refused_by_name() -> None:
    hits, bins = rseq.Counter(), rseq.CounterArray(3)
    assert "Counter.add(): n is int64, got float64; convert it first" in refusal(add_1, hits, 1.5)
    assert "Counter.add(): n is int64, got complex128" in refusal(add_1, hits, 1j)
    assert "Counter.add(): n is int64, got none" in refusal(add_1, hits, None)
    assert "Counter.add(): n is int64, got unicode_type" in refusal(add_1, hits, "1")
    assert "Counter.add(): n is int64, got array(int64, 1d, C)" in refusal(add_1, hits, np.arange(3))
    assert "CounterArray.add(): index is int64, got float64" in refusal(add_1, bins, 1.0)
    assert "FloatCounter.add(): n is float64, got complex128" in refusal(add_1, rseq.FloatCounter(), 1j)
    assert hits.value == 0
    assert bins.values().sum() == 0


def test_a_number_is_no_bool() -> None:
    @rseq.sequence
    def flag(cpu: Slots, on: bool) -> bool:
        return on

    bound = flag.bind(rseq.percpu(Slots))
    assert (call(bound, True), call(bound, np.False_)) == (True, False)
    for number in (1, 0.0, np.uint8(1)):
        with pytest.raises(numba.TypingError, match=r"flag\(\): on is bool, got .*; convert it first"):
            call(bound, number)


def test_a_number_of_arguments_that_does_not_fit_is_refused_with_the_signature() -> None:
    hits, bins = rseq.Counter(), rseq.CounterArray(3)
    assert "Counter.add(n=1): too many positional arguments" in refusal(add_2, hits, 1, 2)
    assert "Counter.add(n=1): got an unexpected keyword argument 'm'" in refusal(add_m, hits)
    assert "CounterArray.add(index, n=1): missing a required argument: 'index'" in refusal(add_none, bins)


@pytest.mark.parametrize("index", [(1,), (1, 2, 3), (1, 2.0), 1])
def test_an_index_of_another_length_is_refused(index: object) -> None:
    expected = "CounterArray.add(): index is a tuple of 2 int64, got"
    assert expected in refusal(add_1, rseq.CounterArray((2, 2)), index)


def test_a_tuple_for_one_dimension_is_refused() -> None:
    assert "CounterArray.add(): index is int64, got UniTuple(int64 x 1)" in refusal(add_1, rseq.CounterArray(3), (1,))


def test_a_sequence_that_takes_a_pointer_is_refused() -> None:
    rows = rseq.array(Slots, 2)
    message = refusal(call, to_row.bind(rseq.percpu(Slots), rows), 0)
    assert "to_row() has a ptr[Slots], which is not available inside Numba; call it from Python" in message


def test_what_is_no_hot_method_is_refused() -> None:
    assert "rseq.Counter has no value inside of @njit, only add: ask for it in Python" in refusal(value, rseq.Counter())


def test_a_method_that_a_subclass_overrides_in_python_is_refused() -> None:
    hits = Hits()
    assert "rseq.Hits has no add inside of @njit: ask for it in Python" in refusal(add_1, hits, 1)
    assert hits.value == 0


def test_builtins_that_are_no_sequences_are_none_of_our_business() -> None:
    assert "pyobject" in refusal(call, rseq.Counter().__sizeof__, 1)


# ---- a value lives no longer than the call


@numba.njit
def same(thing: Any) -> Any:
    return thing


@numba.njit
def in_list(thing: Any) -> Any:
    things = [thing]
    things.append(thing)
    return len(things)


@numba.njit
def in_dict(thing: Any) -> Any:
    return len({1: thing})


@numba.njit
def in_generator(thing: Any) -> Any:
    yield thing.add(1)


@numba.njit
def first_of(things: Any) -> None:
    things[0].add(1)


def test_what_is_returned_is_the_object_that_was_passed() -> None:
    hits, bound = rseq.Counter(), put.bind(rseq.percpu(Slots))
    before = sys.getrefcount(hits)
    assert same(hits) is hits
    assert same(bound) is bound
    same(hits.add)(5)
    assert hits.value == 5
    assert sys.getrefcount(hits) == before


def test_object_mode_sees_the_object() -> None:
    @numba.njit
    def in_python(hits: Any) -> None:
        add = hits.add
        with numba.objmode():
            hits.add(1)
            add(10)

    hits = rseq.Counter()
    in_python(hits)
    assert hits.value == 11


_KEPT = "rseq.Counter cannot be kept in a list, a dict, a class or a generator, which may outlive it"


@pytest.mark.parametrize("function", [in_list, in_dict, in_generator])
def test_what_may_outlive_a_structure_does_not_take_it(function: Any) -> None:
    hits = rseq.Counter()
    assert _KEPT in refusal(function, hits)
    assert hits.value == 0


def test_lists_and_dicts_from_python_do_not_take_it() -> None:
    hits = rseq.Counter()
    with pytest.warns(numba.core.errors.NumbaPendingDeprecationWarning, match="reflected list"):
        assert _KEPT in refusal(first_of, [hits])
    assert _KEPT in refusal(numba.typed.List().append, hits)
    assert _KEPT in refusal(numba.typed.Dict.empty(numba.int64, numba.typeof(hits)).__setitem__, 1, hits)
    assert hits.value == 0


def test_a_jitclass_does_not_take_it() -> None:
    class Holder:
        def __init__(self, hits: Any) -> None:
            self.hits = hits

    hits = rseq.Counter()
    assert _KEPT in refusal(numba.experimental.jitclass([("hits", numba.typeof(hits))])(Holder), hits)


# ---- indices


@pytest.fixture(params=[False, True], ids=["boundscheck off", "boundscheck on"])
def at(request: pytest.FixtureRequest) -> Any:
    """A compiled function that adds at an index."""

    @numba.njit(boundscheck=request.param)
    def add_at(bins: Any, index: Any) -> None:
        bins.add(index, 1)

    return add_at


def test_an_index_out_of_range_is_an_index_error(at: Any) -> None:
    before, bins, after = rseq.CounterArray(3), rseq.CounterArray(3), rseq.CounterArray(3)
    for index in (3, -1, 4, 1000, 2**62, -(2**62), np.uint64(2**64 - 1), np.int8(-1)):
        with pytest.raises(IndexError, match=r"^CounterArray\.add\(\): the index is out of range for axis 0$"):
            at(bins, index)
    at(bins, 2)
    assert [list(array.values()) for array in (before, bins, after)] == [[0, 0, 0], [0, 0, 1], [0, 0, 0]]


def test_each_axis_is_checked(at: Any) -> None:
    bins = rseq.CounterArray((2, 3))
    for index, axis in (((2, 0), 0), ((0, 3), 1), ((-1, 1), 0), ((1, -1), 1), ((0, 2**61), 1), ((2**61, 0), 0)):
        with pytest.raises(IndexError, match=f"out of range for axis {axis}$"):
            at(bins, index)
    assert bins.values().sum() == 0


def test_an_index_into_a_record_s_array_is_checked() -> None:
    storage = rseq.percpu(Slots)
    bound = put.bind(storage)
    for index in (4, -1, 2**63 - 1, -(2**63)):
        with pytest.raises(IndexError, match=r"^put\(\): i is out of range for cpu\.table, which has 4 elements$"):
            call(bound, index)
    call(bound, 3)
    assert _table(storage) == [0, 0, 0, 1]


def test_an_index_that_the_lane_holds_is_checked_inside_the_section() -> None:
    storage = rseq.percpu(Slots)
    storage.view()["value"] = 4  # in every lane
    with pytest.raises(IndexError, match=r"^put_at_value\(\): at is out of range for cpu\.table"):
        call(put_at_value.bind(storage), 1)
    assert _table(storage) == [0, 0, 0, 0]
    storage.view()["value"] = 3
    assert call(put_at_value.bind(storage), 1) == 3
    assert _table(storage) == [0, 0, 0, 1]


def test_an_index_error_in_a_routine_keeps_what_was_done_before() -> None:
    storage = rseq.percpu(Slots)
    bound = put_in_two.bind(storage)

    @numba.njit
    def in_two(bound: Any, i: Any, j: Any) -> None:
        bound(i, j)

    with pytest.raises(IndexError, match=r"^put_in_two\(\): i is out of range for cpu\.table"):
        in_two(bound, 1, 4)
    assert _table(storage) == [0, 1, 0, 0]


def test_compiled_code_may_catch_the_index_error() -> None:
    @numba.njit
    def count_or_not(bins: Any, index: Any) -> bool:
        try:
            bins.add(index)
        except Exception:  # noqa: BLE001 - Numba knows no other
            return False
        return True

    bins = rseq.CounterArray(3)
    assert [count_or_not(bins, index) for index in (0, 3, 2)] == [True, False, True]
    assert bins.values().tolist() == [1, 0, 1]


def _table(storage: Any) -> list[int]:
    table: list[int] = storage.per_cpu()["table"].sum(axis=0).tolist()
    return table


def test_several_numbers_come_as_a_tuple_or_none() -> None:
    class Cell(rseq.Record):
        value: rseq.i64

    @rseq.sequence
    def halves(cpu: Cell, n: rseq.i64) -> tuple[rseq.i64, rseq.f64, bool] | None:
        if n < 0:
            return None
        cpu.value += n
        return n // 2, rseq.f64(n) / 2.0, n % 2 == 0

    @rseq.routine
    def both(cpu: Cell, n: rseq.i64) -> tuple[rseq.i64, rseq.i64]:
        return n + 1, n - 1

    cells = rseq.percpu(Cell)
    split, around = halves.bind(cells), both.bind(cells)

    @numba.njit
    def called(n: int) -> tuple[int, float, bool, int]:
        found = split(n)
        if found is None:
            return 0, 0.0, False, 0
        whole, real, even = found
        more, less = around(n)
        return whole, real, even, more * 100 + less

    assert called(7) == (3, 3.5, False, 806)
    assert called(-1) == (0, 0.0, False, 0)
    assert cells.per_cpu()["value"].sum() == 7
