"""What structures have counted up to a moment: plain values; and in what counters are like numbers and arrays."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

import rseq


def observed(*values: float) -> Any:
    made = rseq.Histogram([1, 2, 4])
    for value in values:
        made.observe(value)
    return made


def test_the_difference_of_two_snapshots_is_what_came_in_between() -> None:
    histogram = observed(0.5, 3, 9)
    before = histogram.snapshot()
    for value in (1.5, 1.5, float("nan")):
        histogram.observe(value)
    window = histogram.snapshot() - before
    assert (window.counts, window.count, window.sum, window.nans, window.mean) == ((0, 2, 0, 0), 2, 3.0, 1, 1.5)
    assert window.quantiles([0.5, 1]) == [window.quantile(0.5), 2.0]
    assert before.counts == (1, 0, 1, 1)


def test_a_snapshot_answers_what_its_histogram_answers() -> None:
    for histogram in (observed(0.5, 3, 9, 1.5), rseq.Histogram.exponential(0.1, 10)):
        for value in (0.25, 0.75, 3.5, 100.0):
            histogram.observe(value)
        taken = histogram.snapshot()
        assert (taken.bounds, list(taken.counts)) == (histogram.bounds, histogram.counts().tolist())
        assert (taken.count, taken.sum, taken.mean) == (histogram.count, histogram.sum, histogram.mean)
        qs = [0, 0.1, 0.5, 0.9, 1]
        assert taken.quantiles(qs) == [histogram.quantile(q) for q in qs] == histogram.quantiles(qs)
        assert pickle.loads(pickle.dumps(taken)).quantiles(qs) == taken.quantiles(qs)


def test_snapshots_are_values() -> None:
    one, other = observed(1, 5).snapshot(), observed(5, 1).snapshot()
    assert one == other == pickle.loads(pickle.dumps(one))
    assert len({one, other, observed(1).snapshot()}) == 2
    assert sum([one, other]).counts == (one + other).counts == (2, 0, 0, 2)
    assert one != "snapshot"
    for change in ("_sum", "sum", "x"):
        with pytest.raises(AttributeError):
            setattr(one, change, 1)
    with pytest.raises(TypeError, match=r"is made by snapshot\(\) of an rseq\.Histogram$"):
        rseq.HistogramSnapshot()


def test_snapshots_that_do_not_belong_together_are_refused() -> None:
    early, histogram = observed(1).snapshot(), observed(1, 1)
    with pytest.raises(ValueError, match=r"^the second snapshot has counted what the first has not; subtract the earl"):
        early - histogram.snapshot()
    with pytest.raises(ValueError, match=r"^expected snapshots with the same bounds; got one with 1 bounds for one w"):
        early + rseq.Histogram([1]).snapshot()
    for other in (1, None, histogram):
        with pytest.raises(TypeError):
            early + other
        with pytest.raises(TypeError):
            early - other


def test_a_coarser_one_has_the_same_observations() -> None:
    fine = rseq.Histogram.exponential(0.01, 10, relative_error=0.05)
    values = np.random.default_rng(3).lognormal(size=300)
    for value in values:
        fine.observe(value)
    bounds = fine.bounds[5::7]
    coarse, direct = fine.snapshot().coarser(bounds), rseq.Histogram(bounds)
    for value in values:
        direct.observe(value)
    assert coarse.counts == direct.snapshot().counts
    assert coarse.sum == fine.sum
    with pytest.raises(ValueError, match=r"^bounds: 0\.3 is none of this histogram's; the nearest one is 0\.\d+$"):
        fine.snapshot().coarser([0.3])


def test_linear_bounds_are_at_equal_distances() -> None:
    assert rseq.Histogram.linear(0, 10, 5).bounds == (0, 2, 4, 6, 8, 10)
    assert rseq.Histogram.linear(-1, 1, 1).bounds == (-1, 1)
    for wrong in ((1, 1, 2), (2, 1, 2), (0, float("inf"), 2), (0, 1, 0), (0, 1, 1 << 16)):
        with pytest.raises(ValueError, match=r"^(expected finite numbers, lowest < highest|buckets: expected 1 )"):
            rseq.Histogram.linear(*wrong)
    with pytest.raises(TypeError, match=r"^buckets: expected an int, got 2\.0$"):
        rseq.Histogram.linear(0, 1, 2.0)  # type: ignore[arg-type]


def test_a_histogram_begins_with_what_was_counted_elsewhere() -> None:
    made = rseq.Histogram.from_counts([1, 2], [3, 0, 1], sum=7.5, nans=2)
    assert (made.counts().tolist(), made.sum, made.nans) == ([3, 0, 1], 7.5, 2)
    assert rseq.Histogram.from_counts([1, 2], [2, 2, 1]).sum == 2 * 0.5 + 2 * 1.5 + 2
    for wrong in ([1, 2], [1, 2, -1], [1, 2, 3, 4]):
        with pytest.raises(ValueError, match=r"^counts: expected "):
            rseq.Histogram.from_counts([1, 2], wrong)
    with pytest.raises(TypeError):
        rseq.Histogram.from_counts([1, 2], [1, 2, 0.5])  # type: ignore[list-item]


def test_a_histogram_times_blocks_functions_and_coroutines() -> None:
    spent = observed()

    @spent.time()
    def double(x: int) -> int:
        """Twice as much."""
        return 2 * x

    @spent.time()
    async def later(x: int) -> int:
        await asyncio.sleep(0)
        return x

    @spent.time()
    def fail() -> None:
        raise KeyError

    with spent.time() as block, pytest.raises(RuntimeError, match=r"call time\(\) once for each block$"), block:
        pass
    assert (double(2), double.__doc__, asyncio.run(later(5))) == (4, "Twice as much.", 5)
    with pytest.raises(KeyError):
        fail()
    assert spent.count == 4
    assert 0 < spent.sum < 100


@pytest.mark.parametrize("wrong", [3, lambda: (yield)])
def test_what_runs_in_parts_is_not_timed_as_a_whole(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"^expected a function to be put around, .*; got 3$|is a generator, which "):
        observed().time()(wrong)


# ---- merging


def test_each_structure_takes_what_another_one_or_a_snapshot_has() -> None:
    counter, floats, table, slowest = rseq.Counter(), rseq.FloatCounter(), rseq.CounterArray((2, 2)), rseq.Max()
    counter.add(3)
    floats.add(0.5)
    table.add((1, 0), -7)
    slowest.update(4.0)
    for one in (counter, floats, table, slowest):
        before = one.snapshot()
        one.merge(one)  # type: ignore[arg-type]
        one.merge(pickle.loads(pickle.dumps(before)))
    assert (counter.value, floats.value, slowest.value) == (9, 1.5, 4.0)
    assert table.values().tolist() == [[0, 0], [-21, 0]]
    row = rseq.CounterArray(3)
    row.merge([1, 0, -2])
    row.merge(row)
    assert row.values().tolist() == [2, 0, -4]
    floats.merge(counter)
    assert floats.value == 10.5
    slowest.merge(rseq.Max())
    assert slowest.value == 4.0


def test_what_cannot_be_merged_is_refused_and_nothing_is_added() -> None:
    table = rseq.CounterArray(3)
    for wrong in ([1, 2], 1, [[1, 2, 3]], [0.5, 1, 2], [True, False, True], ["a", "b", "c"]):
        with pytest.raises((ValueError, TypeError), match=r"^merge\(\) takes an array of "):
            table.merge(wrong)
    with pytest.raises(TypeError, match=r"^merge\(\) takes a Max, or a snapshot of one; got <rseq\.Min None>$"):
        rseq.Max().merge(rseq.Min())
    for counter in (rseq.Counter(), rseq.FloatCounter()):
        with pytest.raises(TypeError):
            counter.merge("x")  # type: ignore[arg-type]
    assert not table.values().any()


# ---- as numbers and arrays


@pytest.mark.parametrize("kind", [rseq.Counter, rseq.FloatCounter, rseq.Max, rseq.Min, lambda: rseq.CounterArray(2)])
def test_what_holds_a_number_is_not_compared_with_one(kind: Callable[[], Any]) -> None:
    one = kind()
    for number in (0, 0.0, True, np.int64(0), np.zeros(2)):
        ways: list[Callable[[Any], object]] = [lambda x: one == x, lambda x: one != x]
        if not isinstance(number, (np.ndarray, np.generic)):  # these compare with `values()`, element by element
            ways.append(lambda x: x == one)
        for compare in ways:
            with pytest.raises(TypeError, match=r" is not a number itself: compare its `(value|values\(\))` with "):
                compare(number)
    assert one == one
    assert one != kind()
    assert one != "0"
    assert one is not None
    assert one in {one}


@pytest.mark.parametrize("kind", [rseq.Counter, rseq.FloatCounter, rseq.Max, rseq.Min])
def test_what_holds_a_number_is_neither_true_nor_false(kind: Callable[[], Any]) -> None:
    with pytest.raises(
        TypeError, match=r"^a \w+ is neither true nor false: write `if x\.value:` for what it holds, or `if x is not"
    ):
        bool(kind())


def test_a_counter_is_converted_to_a_number() -> None:
    counter, floats = rseq.Counter(), rseq.FloatCounter()
    counter.add(41)
    floats.add(2.75)
    assert (int(counter), float(counter), int(floats), float(floats)) == (41, 41.0, 2, 2.75)


def test_an_array_reads_as_one() -> None:
    table = rseq.CounterArray((2, 3))
    table.add((1, 2), 5)
    assert (table[1, 2], table[1].tolist(), table[:, 2].tolist()) == (5, [0, 0, 5], [0, 5])
    assert np.asarray(table).tolist() == np.array(table, float).tolist() == [[0, 0, 0], [0, 0, 5]]
    assert [row.tolist() for row in table] == [[0, 0, 0], [0, 0, 5]]
    assert bool(rseq.CounterArray(1))
    with pytest.raises(IndexError):
        table[2, 0]
    with pytest.raises(ValueError, match=r"^the sums over all CPUs are a new array each time"):
        table.__array__(copy=False)


def test_an_element_is_added_to_and_not_set() -> None:
    table: Any = rseq.CounterArray(3)
    for change in (lambda: table.__setitem__(1, 5), lambda: exec("table[1] += 5", {"table": table})):
        with pytest.raises(TypeError, match=r"are added to, and not set: array\.add\(index, n\)$"):
            change()
    table.add(1, 5)  # as it says
    assert table[1] == 5


@pytest.mark.parametrize(
    ("dtype", "numbers", "shown"),
    [
        ("int8", np.array([1, 300, 2]), "300"),
        ("int8", np.array([1, 2, -129]), "-129"),
        ("i64", np.array([1, 1 << 63, 2], "u8"), str(1 << 63)),
        ("f32", np.array([1, 2, -1e300]), r"-1e\+300"),
        ("f64", np.array([1, np.longdouble(10) ** 400]), r".*"),
    ],
)
def test_numbers_that_have_no_room_are_refused_and_none_is_added(
    dtype: str, numbers: npt.NDArray[Any], shown: str
) -> None:
    table = rseq.CounterArray(numbers.size, dtype)
    with pytest.raises(OverflowError, match=rf"^merge\(\) takes an array of \w+, which has no room for {shown}$"):
        table.merge(numbers)
    assert not table.values().any()


def test_numbers_of_another_size_that_have_room_are_added() -> None:
    table, floats = rseq.CounterArray(3, "int8"), rseq.CounterArray(3, "f32")
    table.merge(np.array([127, -128, 0]))
    floats.merge(np.array([0.5, np.inf, -np.inf]))
    assert (table.values().tolist(), floats.values().tolist()) == ([127, -128, 0], [0.5, np.inf, -np.inf])
    floats.merge(np.array([np.nan, 0, 0]))
    assert np.isnan(floats.values()[0])
