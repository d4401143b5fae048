"""Structures and bound sequences inside compiled functions: each way to call them, and that the totals are exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rseq
import support
from rseq import f32, f64, i8, i16, i32, i64, u8, u16, u32, u64

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")

IN_A_GLOBAL = rseq.Counter()


class Mixed(rseq.Record):
    """A field for each kind of number."""

    value: i64
    real: f64
    small: i8
    byte: u8
    single: f32
    flag: bool
    table: i64[4]  # type: ignore[valid-type]


@rseq.sequence
def widen(cpu: Mixed, x: i64) -> bool:
    if x > cpu.value:
        cpu.value = x
        return True
    return False


@rseq.sequence
def blend(cpu: Mixed, x: f64, weight: f64 = 0.5) -> f64:
    blended = cpu.real + x * weight
    cpu.real = blended
    return blended


@rseq.sequence
def single(cpu: Mixed, x: f32) -> f32:
    added = cpu.single + x
    cpu.single = added
    return added


@rseq.sequence
def small(cpu: Mixed, n: i8) -> i8:
    added = cpu.small + n + n
    cpu.small = added
    return added


@rseq.sequence
def byte(cpu: Mixed, n: u8 = 200) -> u8:
    added = cpu.byte + n + n
    cpu.byte = added
    return added


@rseq.sequence
def flip(cpu: Mixed, on: bool) -> bool:
    cpu.flag = on
    return on


@rseq.sequence
def add(cpu: Mixed, n: i64 = 1) -> None:
    cpu.value += n


@rseq.routine
def add_often(cpu: Mixed, times: i64, n: i64) -> i64:
    done = 0
    while done < times:
        add(cpu, n)
        done += 1
    return done


@rseq.sequence
def add_named(cpu: Mixed, index: i64, n: i64 = 1) -> None:
    cpu.value += index * n


@numba.njit
def count_with(add: Any, times: Any) -> None:
    for _ in range(times):
        add()


@numba.njit(nogil=True)
def count_up(hits: Any, times: Any) -> None:
    for i in range(times):
        hits.add(i & 3)


@numba.njit
def call_one(bound: Any, x: Any) -> Any:
    return bound(x)


def value_of(storage: Any, field: str = "value") -> int:
    return int(storage.per_cpu()[field].sum())


def test_several_structures_in_one_function() -> None:
    hits, total, bins, flows = rseq.Counter(), rseq.FloatCounter(), rseq.CounterArray(4), rseq.CounterArray((2, 3))

    @numba.njit
    def all_of_them(hits: Any, total: Any, bins: Any, flows: Any, times: Any) -> None:
        for i in range(times):
            hits.add()
            hits.add(n=i)
            total.add(0.5)
            total.add()
            bins.add(i % 4)
            bins.add(index=i % 4, n=2)
            flows.add((i % 2, i % 3), i)
            flows.add(n=1, index=(1, 2))

    all_of_them(hits, total, bins, flows, 12)
    assert hits.value == 12 + 66
    assert total.value == 12 * 1.5
    assert bins.values().tolist() == [9, 9, 9, 9]
    assert flows.values().tolist() == [[0 + 6, 4 + 10, 2 + 8], [3 + 9, 1 + 7, 5 + 11 + 12]]


@pytest.mark.slow
def test_arrays_of_each_type_count() -> None:
    @numba.njit
    def fill(bins: Any, n: Any) -> None:
        for i in range(30):
            bins.add(i % 3, n)

    for type in (i8, i16, i32, i64, u8, u16, u32, u64, f32, f64):
        bins = rseq.CounterArray(3, type)
        fill(bins, np.dtype(bins.values().dtype).type(1))
        assert bins.values().tolist() == [10, 10, 10], type


@pytest.mark.parametrize("shape", [(), (1,), (2, 3, 4)])
def test_an_index_means_the_element_that_numpy_means(shape: tuple[int, ...]) -> None:
    bins, expected = rseq.CounterArray(shape), np.zeros(shape, np.int64)

    @numba.njit
    def at(bins: Any, index: Any, n: Any) -> None:
        bins.add(index, n)

    @numba.njit
    def at_all(bins: Any, n: Any) -> None:
        bins.add(n)

    for n, index in enumerate(np.ndindex(shape), start=1):
        if shape == ():
            at_all(bins, n)
        else:
            at(bins, index[0] if len(shape) == 1 else index, n)
        expected[index] += n
    assert bins.values().tolist() == expected.tolist()


def test_methods_are_values_inside_and_outside() -> None:
    hits = rseq.Counter()

    @numba.njit
    def count(hits: Any, times: Any) -> None:
        add = hits.add
        for i in range(times):
            add(i)

    count(hits, 4)
    count_with(hits.add, 10)
    assert hits.value == 6 + 10


def test_globals_and_closures() -> None:
    in_closure, bound_to = rseq.Counter(), rseq.percpu(Mixed)
    add_in_closure, widen_to = in_closure.add, widen.bind(bound_to)

    @numba.njit
    def count() -> bool:
        IN_A_GLOBAL.add(3)
        in_closure.add(4)
        add_in_closure(5)
        return bool(widen_to(7))

    before = IN_A_GLOBAL.value
    assert count() is True
    assert count() is False
    assert (IN_A_GLOBAL.value - before, in_closure.value, value_of(bound_to)) == (6, 18, 7)


def test_functions_hand_structures_and_methods_to_each_other() -> None:
    @numba.njit
    def method_of(hits: Any) -> Any:
        return hits.add

    @numba.njit
    def either(one: Any, other: Any, first: Any) -> Any:
        return one if first else other

    @numba.njit
    def outer(one: Any, other: Any) -> None:
        method_of(one)(1)
        either(one, other, False).add(2)
        for hits in (one, other, one):
            hits.add(10)

    one, other = rseq.Counter(), rseq.Counter()
    outer(one, other)
    assert (one.value, other.value) == (21, 12)


def test_a_tuple_of_structures_is_an_argument() -> None:
    @numba.njit
    def spread(counters: Any) -> None:
        counters[0].add(1)
        counters[1].add(2, 3)
        counters[2](4)

    hits, bins, storage = rseq.Counter(), rseq.CounterArray(4), rseq.percpu(Mixed)
    spread((hits, bins, add.bind(storage)))
    assert (hits.value, bins.values().tolist(), value_of(storage)) == (1, [0, 0, 3, 0], 4)


def test_an_optional_structure() -> None:
    @numba.njit
    def maybe(hits: Any, count: Any) -> None:
        given = hits if count else None
        if given is not None:
            given.add()

    hits = rseq.Counter()
    maybe(hits, True)
    maybe(hits, False)
    assert hits.value == 1


def test_python_code_inside_a_compiled_function_counts_on() -> None:
    @numba.njit
    def both_ways(hits: Any) -> None:
        hits.add(1)
        with numba.objmode():
            IN_A_GLOBAL.add(10)
        hits.add(1)

    hits, before = rseq.Counter(), IN_A_GLOBAL.value
    both_ways(hits)
    assert (hits.value, IN_A_GLOBAL.value - before) == (2, 10)


def test_results_have_their_types() -> None:
    storage = rseq.percpu(Mixed)
    results = [
        call_one(widen.bind(storage), 5),
        call_one(blend.bind(storage), 3.0),
        call_one(flip.bind(storage), True),
        call_one(flip.bind(storage), False),
    ]
    assert [(type(result), result) for result in results] == [(bool, True), (float, 1.5), (bool, True), (bool, False)]


def test_narrow_numbers_wrap_and_keep_their_sign() -> None:
    storage = rseq.percpu(Mixed)
    on_small, on_byte, on_single = small.bind(storage), byte.bind(storage), single.bind(storage)

    @numba.njit
    def three(on_small: Any, on_byte: Any, on_single: Any) -> Any:
        return on_small(np.int8(-100)), on_byte(), on_single(np.float32(0.1))

    assert three(on_small, on_byte, on_single) == (56, 144, float(np.float32(0.1)))


def test_other_widths_convert_as_numba_converts() -> None:
    bins = rseq.CounterArray(2, u8)

    @numba.njit
    def at(bins: Any, index: Any, n: Any) -> None:
        bins.add(index, n)

    at(bins, np.int8(0), np.int64(260))
    at(bins, np.uint64(1), True)
    assert bins.values().tolist() == [4, 1]


def test_defaults_given_in_the_function_s_own_signature() -> None:
    @numba.njit
    def count(hits: Any, n: Any = 3, more: Any = None) -> None:
        hits.add(n)

    hits = rseq.Counter()
    count(hits)
    count(hits, 4)
    assert hits.value == 7


def test_a_routine_is_called_like_a_sequence() -> None:
    storage = rseq.percpu(Mixed)
    often = add_often.bind(storage)

    @numba.njit
    def twice(often: Any) -> Any:
        return often(1000, 2) + often(times=10, n=1)

    assert twice(often) == 1010
    assert value_of(storage) == 2010


def test_an_array_of_records_takes_the_index_first() -> None:
    storage = rseq.percpu(Mixed, (2, 2))
    at, named = add.bind(storage), add_named.bind(storage)

    @numba.njit
    def both(at: Any, named: Any) -> None:
        at((0, 1), 5)
        named((1, 0), 6, 7)
        named(index_=(1, 0), index=1, n=1)

    both(at, named)
    assert storage.per_cpu()["value"].sum(axis=0).tolist() == [[0, 5], [43, 0]]


def test_sequences_that_differ_only_in_a_default_are_two() -> None:
    def make(default: int) -> Any:
        if default == 1:

            @rseq.sequence
            def same(cpu: Mixed, n: i64 = 1) -> None:
                cpu.value += n

            return same

        @rseq.sequence
        def same(cpu: Mixed, n: i64 = 2) -> None:
            cpu.value += n

        return same

    storages = rseq.percpu(Mixed), rseq.percpu(Mixed)
    for default, storage in enumerate(storages, start=1):
        count_with(make(default).bind(storage), 10)
    assert [value_of(storage) for storage in storages] == [10, 20]


def test_counting_by_mm_cid() -> None:
    hits = rseq.Counter(index="mm_cid")
    count_up(hits, 1000)
    assert hits.value == 1500


def test_a_call_whose_result_nobody_reads_is_made() -> None:
    storage = rseq.percpu(Mixed)
    bound = blend.bind(storage)

    @numba.njit
    def drop(bound: Any) -> None:
        for _ in range(10):
            bound(1.0, 1.0)

    drop(bound)
    assert value_of(storage, "real") == 10


def test_threads_lose_nothing(threads: support.ThreadSet) -> None:
    hits = rseq.Counter()
    count_up(hits, 1)  # compiled once, here
    threads.run(4, count_up, hits, 2_000_000)
    assert hits.value == 4 * 3_000_000


def test_threads_of_python_and_numba_count_together(threads: support.ThreadSet) -> None:
    hits = rseq.Counter()

    def in_python() -> None:
        for _ in range(20_000):
            hits.add(2)

    for _ in range(2):
        threads.start(in_python)
        threads.start(count_up, hits, 2_000_000)
    threads.join()
    assert hits.value == 2 * (40_000 + 3_000_000)


def test_an_array_has_its_shape_and_length() -> None:
    @numba.njit
    def sizes(table: Any) -> Any:
        return table.shape, table.shape[1], len(table)

    assert sizes(rseq.CounterArray((4, 7))) == ((4, 7), 7, 4)
    with pytest.raises(numba.TypingError):
        sizes(rseq.Counter())


def test_a_parallel_loop_collects_what_it_finds() -> None:
    @numba.njit(parallel=True)
    def multiples(found: Any, size: int, of: int) -> int:
        lost = 0
        for i in numba.prange(size):
            if i % of == 0 and not found.append(i):
                lost += 1
        return lost

    found = rseq.Collector(rseq.i64, 100_000)
    assert multiples(found, 100_000, 3) == 0
    assert np.sort(found.array()).tolist() == list(range(0, 100_000, 3))
    small = rseq.Collector(rseq.i64, 5)
    assert multiples(small, 100_000, 3) == small.refused == 33_334 - len(small)
