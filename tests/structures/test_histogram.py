"""Histogram: buckets by searching and log-linear ones, against all observations kept in a list."""

from __future__ import annotations

import itertools
import math
import os
import pickle
from bisect import bisect_left
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rseq
from models.histogram import Model
from support import ThreadSet, on_one_cpu, run_python

INFINITE = math.inf
NAN = math.nan
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)
BOUNDS = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20, unique=True).map(sorted)


@pytest.fixture(scope="module")
def one_cpu() -> Iterator[None]:
    """Sums are then rounded as the model rounds them."""
    with on_one_cpu():
        yield


def near(bounds: tuple[float, ...]) -> list[float]:
    """Each bound and its neighbours, and what lies beyond all."""
    sides = [math.nextafter(bound, way) for bound in bounds for way in (-INFINITE, INFINITE)]
    return [*bounds, *sides, 0.0, -0.0, 5e-324, -5e-324, -1.0, INFINITE, -INFINITE, NAN]


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def agree(histogram: rseq.Histogram, model: Model) -> None:
    assert histogram.counts().tolist() == model.counts()
    assert (histogram.count, histogram.nans) == (model.count, model.nans)
    assert same(histogram.sum, model.sum)


def test_a_histogram_counts() -> None:
    latency = rseq.Histogram([0.5, 1, 2])
    for x in (0.25, 0.5, 0.75, 1, 3):
        latency.observe(x)
    assert latency.counts().tolist() == [2, 2, 0, 1]
    assert latency.counts().dtype == np.int64
    assert (latency.count, latency.sum, latency.nans) == (5, 5.5, 0)
    assert latency.bounds == (0.5, 1.0, 2.0)
    assert (type(latency.count), type(latency.sum)) == (int, float)
    assert repr(latency) == "<rseq.Histogram of 5, 3 bounds from 0.5 to 2.0>"


@pytest.mark.parametrize("n", [*range(1, 18), 31, 32, 33, 127, 128])
def test_each_number_of_bounds_is_searched_exactly(n: int, one_cpu: None) -> None:
    bounds = tuple(1.5**step - 3 for step in range(n))
    histogram, model = rseq.Histogram(bounds), Model(bounds)
    for x in near(bounds):
        histogram.observe(x)
        model.observe(x)
    agree(histogram, model)


@given(bounds=BOUNDS, observations=st.lists(NUMBERS, max_size=30), data=st.data())
@settings(max_examples=150, deadline=None)
def test_sorted_bounds_agree_with_the_model(
    one_cpu: None, bounds: list[float], observations: list[float], data: st.DataObject
) -> None:
    histogram, model = rseq.Histogram(bounds), Model(bounds)
    for x in [*observations, *data.draw(st.lists(st.sampled_from(near(tuple(bounds))), max_size=20))]:
        histogram.observe(x)
        model.observe(x)
    agree(histogram, model)
    q = data.draw(st.floats(0, 1))
    estimate, exact = histogram.quantile(q), model.quantile(q)
    if exact is None:
        assert estimate is None
    else:
        assert estimate is not None
        bucket = bisect_left(bounds, exact)
        if bucket == len(bounds):
            assert estimate == bounds[-1]
        else:
            low = bounds[bucket - 1] if bucket else min(bounds[0], 0.0)
            assert low <= estimate <= bounds[bucket]


@given(
    lowest=st.floats(1e-300, 1e280),
    octaves=st.floats(0.01, 60),
    relative_error=st.floats(0.005, 0.999),
    data=st.data(),
)
@settings(max_examples=150, deadline=None)
def test_log_linear_bounds_agree_with_the_model_and_keep_the_error(
    one_cpu: None, lowest: float, octaves: float, relative_error: float, data: st.DataObject
) -> None:
    highest = lowest * 2**octaves
    histogram = rseq.Histogram.exponential(lowest, highest, relative_error=relative_error)
    bounds = histogram.bounds
    assert bounds[0] <= lowest <= bounds[1]
    assert bounds[-2] < highest <= bounds[-1]
    assert sorted(set(bounds)) == list(bounds)
    model = Model(bounds)
    inside, beyond = st.floats(lowest, highest), st.floats(bounds[-1], bounds[-1] * 4)
    for x in data.draw(st.lists(st.one_of(inside, beyond, st.sampled_from(near(bounds)), NUMBERS), max_size=30)):
        histogram.observe(x)
        model.observe(x)
    agree(histogram, model)
    q = data.draw(st.floats(0, 1))
    exact, estimate = model.quantile(q), histogram.quantile(q)
    if exact is not None and lowest <= exact <= highest:
        assert estimate is not None
        assert abs(estimate - exact) <= relative_error * exact * (1 + 1e-9)


@pytest.mark.parametrize("relative_error", [0.5, 1 / 3, 0.2, 0.1, 1 / 129, 0.01, 0.001])
def test_the_error_is_stated_and_not_far_undercut(relative_error: float) -> None:
    """The worst observation in each bucket is off by no more, and with half as many buckets it would be."""
    histogram = rseq.Histogram.exponential(1, 64, relative_error=relative_error)
    ratios = [high / low for low, high in zip(histogram.bounds, histogram.bounds[1:], strict=False)]
    worst = (max(ratios) - 1) / (max(ratios) + 1)
    assert worst <= relative_error * (1 + 1e-9)
    assert relative_error >= 1 / 3 or 2 * worst >= relative_error * 0.99


def test_quantiles_of_the_estimated_observation() -> None:
    ages = rseq.Histogram([10, 20, 30])
    assert ages.quantile(0.5) is None
    for x in (5, 12, 14, 16, 18, 25, 99):
        ages.observe(x)
    assert ages.quantile(0) == ages.quantile(1 / 7) == 10  # the only one of its bucket
    assert ages.quantile(0.5) == 17.5  # three of the four between 10 and 20
    assert ages.quantile(1) == 30  # nothing more is known
    below = rseq.Histogram([-20, -10])
    below.observe(-25)
    assert below.quantile(0.5) == -20


def test_quantiles_between_bounds_that_are_far_apart_are_finite() -> None:
    wide = rseq.Histogram([-1.7e308, 1.7e308])
    wide.observe(0)
    wide.observe(1)
    assert wide.quantile(0.5) == 0
    largest = rseq.Histogram.exponential(2.0**1000, 2.0**1023, relative_error=0.4)
    largest.observe(2.0**1023)
    assert largest.quantile(0.5) == pytest.approx(2.0**1023, rel=0.4)


@pytest.mark.parametrize(("q", "advice"), [(-0.1, ""), (1.5, "; for 1.5 % write 0.015"), (150.0, ""), (NAN, "")])
def test_a_quantile_is_from_0_to_1(q: float, advice: str) -> None:
    with pytest.raises(ValueError, match=rf"^q: expected a number from 0 to 1, got {q}{advice}$"):
        rseq.Histogram([1]).quantile(q)


def test_nan_is_counted_apart_and_infinities_are_observations() -> None:
    for histogram in (rseq.Histogram([1, 2]), rseq.Histogram.exponential(1, 2)):
        histogram.observe(NAN)
        histogram.observe(-NAN)
        assert (histogram.nans, histogram.count, histogram.sum) == (2, 0, 0.0)
        histogram.observe(INFINITE)
        assert (histogram.counts()[-1], histogram.sum) == (1, INFINITE)
        histogram.observe(-INFINITE)
        assert histogram.counts()[0] == 1
        assert math.isnan(histogram.sum)
        assert (histogram.nans, histogram.count) == (2, 2)


class Grows(list[float]):
    """A list that is longer whenever one looks."""

    def __iter__(self) -> Iterator[float]:
        for number in itertools.count():
            self.append(number)
            yield float(number)


def test_bounds_may_be_of_any_kind_of_number() -> None:
    given = [Decimal("-0.5"), Fraction(1, 4), True, np.float32(1.5), np.int8(2), 2.5, 3]
    for bounds in (given, tuple(given), iter(given), dict.fromkeys(given), np.array([float(x) for x in given])):
        assert rseq.Histogram(bounds).bounds == (-0.5, 0.25, 1.0, 1.5, 2.0, 2.5, 3.0)


@pytest.mark.parametrize(
    ("bounds", "error", "message"),
    [
        ([], ValueError, r"^bounds: expected 1 to 65535 of them, got 0$"),
        (range(1 << 16), ValueError, r"^bounds: expected 1 to 65535 of them, got 65536$"),
        ([1, 1], ValueError, r"^bounds: expected each to be above the one before it; got 1\.0 and then 1\.0$"),
        ([0.0, -0.0], ValueError, r"^bounds: expected each to be above the one before it; got 0\.0 and then -0\.0$"),
        ([1, 3, 2], ValueError, r"^bounds: expected each to be above the one before it; got 3\.0 and then 2\.0$"),
        ([1, NAN], ValueError, r"^bounds: expected finite numbers, got nan; there is always a bucket above the last"),
        ([1, INFINITE], ValueError, r"^bounds: expected finite numbers, got inf; "),
        ([-INFINITE, 1], ValueError, r"^bounds: expected finite numbers, got -inf; "),
        ([10**400], ValueError, r"^bounds: expected finite numbers, got inf; "),
        (5, TypeError, r"^bounds: expected numbers, such as \[0\.1, 0\.5, 1\.0\]; got 5$"),
        (None, TypeError, r"^bounds: expected numbers, "),
        ("123", TypeError, r"^bounds: expected numbers, .*; got '123'$"),
        ([1, "2"], TypeError, r"^bounds: expected a number, got '2'$"),
        ([1, None], TypeError, r"^bounds: expected a number, got None$"),
        (itertools.count(), ValueError, r"^bounds: expected 1 to 65535 of them, got more than 65536$"),
        (itertools.repeat(1.0), ValueError, r"^bounds: expected 1 to 65535 of them, got more than 65536$"),
        (iter(range(1 << 16)), ValueError, r"^bounds: expected 1 to 65535 of them, got 65536$"),
        (range(10**30), ValueError, r"^bounds: expected 1 to 65535 of them, got more than 65536$"),
        (itertools.chain([1, "2"], itertools.count()), TypeError, r"^bounds: expected a number, got '2'$"),
        (Grows(), ValueError, r"^bounds: expected 1 to 65535 of them, got more than 65536$"),
        (iter(()), ValueError, r"^bounds: expected 1 to 65535 of them, got 0$"),
        ([-(10**400)], ValueError, r"^bounds: expected finite numbers, got -inf; "),
        ([Fraction(10**400)], ValueError, r"^bounds: expected finite numbers, got inf; "),
        ([Decimal("NaN")], ValueError, r"^bounds: expected finite numbers, got nan; "),
        ([Decimal(1), Decimal("1.00000000000000000001")], ValueError, r"got 1\.0 and then 1\.0$"),
        ([1j], TypeError, r"^bounds: expected a number, got 1j$"),
        (np.array([1 + 2j]), TypeError, r"^bounds: expected a number, got "),
        (np.array(["1"]), TypeError, r"^bounds: expected a number, got "),
        (np.array([[1.0], [2.0]]), TypeError, r"^bounds: expected a number, got array\(\[1\.\]\)$"),
        (np.array(5.0), TypeError, r"^bounds: expected numbers, .*; got array\(5\.\)$"),
        (bytearray(b"\1\2"), TypeError, r"^bounds: expected numbers, .*; got bytearray"),
    ],
)
def test_bounds_that_are_none_are_refused(bounds: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        rseq.Histogram(bounds)


@pytest.mark.parametrize(
    ("lowest", "highest", "relative_error", "message"),
    [
        (0, 1, 0.1, r"^expected 2\.23e-308 <= lowest < highest <= 2\*\*1023; got 0\.0 and 1\.0 \(what is not above "),
        (-1, 1, 0.1, r"got -1\.0 and 1\.0"),
        (1, 1, 0.1, r"got 1\.0 and 1\.0"),
        (2, 1, 0.1, r"got 2\.0 and 1\.0"),
        (NAN, 1, 0.1, r"got nan and 1\.0"),
        (1, INFINITE, 0.1, r"got 1\.0 and inf"),
        (5e-324, 1, 0.1, r"got 5e-324 and 1\.0"),
        (1, 2, 0, r"^relative_error: expected a number between 0 and 1, such as 0\.01; got 0\.0$"),
        (1, 2, 1, r"got 1\.0$"),
        (1, 2, NAN, r"got nan$"),
        (1, 1e9, 1e-4, r"^a relative_error of 0\.0001 from 1\.0 to 1000000000\.0 takes more than 65535 bounds; ask"),
        (1, 2, 1e-16, r"takes more than 65535 bounds"),
        (1, 2, 5e-324, r"takes more than 65535 bounds"),
    ],
)
def test_log_linear_bounds_that_cannot_be_are_refused(
    lowest: float, highest: float, relative_error: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rseq.Histogram.exponential(lowest, highest, relative_error=relative_error)


def test_as_many_bounds_as_there_may_be() -> None:
    wide = rseq.Histogram(range(65535))
    for x in (-1, 0, 0.5, 32767, 65534, 65534.5):
        wide.observe(x)
    assert np.flatnonzero(wide.counts()).tolist() == [0, 1, 32767, 65534, 65535]


@pytest.mark.parametrize("given", ["1", None, [], 1j, b"1"])
def test_what_is_no_number_is_not_observed(given: Any) -> None:
    histogram = rseq.Histogram([1])
    with pytest.raises(TypeError, match=r"^Histogram\.observe\(\): x is f64"):
        histogram.observe(given)
    assert histogram.count == 0


@pytest.mark.parametrize("made", [lambda: rseq.Histogram([1, 4]), lambda: rseq.Histogram.exponential(1, 4)])
def test_merging_adds_what_the_other_has(made: Any) -> None:
    one, other = made(), made()
    for x in (0, 2, 3, 9, NAN):
        one.observe(x)
        other.observe(x * 2)
    expected = (one.counts() + other.counts()).tolist()
    one.merge(other)
    assert one.counts().tolist() == expected
    assert (one.count, one.sum, one.nans) == (8, 14 + 28, 2)
    assert (other.count, other.sum, other.nans) == (4, 28, 1)
    one.merge(one)
    assert (one.count, one.sum, one.nans) == (16, 84, 4)


def test_how_they_have_come_to_equal_bounds_does_not_matter() -> None:
    octaves = rseq.Histogram.exponential(1, 8, relative_error=0.3)
    searched, total = rseq.Histogram(octaves.bounds), rseq.Histogram.exponential(1, 8, relative_error=0.3)
    for bound in octaves.bounds:
        for x in (math.nextafter(bound, 0), bound, math.nextafter(bound, math.inf)):
            octaves.observe(x)
            searched.observe(x)
    assert octaves.counts().tolist() == searched.counts().tolist()
    for other in (octaves, searched):
        total.merge(other)
    searched.merge(octaves)
    assert total.counts().tolist() == searched.counts().tolist() == (2 * octaves.counts()).tolist()


def test_counts_that_no_histogram_holds_are_not_merged_in_part() -> None:
    one = rseq.Histogram([1])
    one.observe(0)
    one.observe(2)
    given = one.snapshot()
    for _ in range(63):
        given += given
    with pytest.raises(OverflowError, match=rf"^merge\(\) takes counts of up to 2\*\*63 - 1; got one of {1 << 63}$"):
        one.merge(given)
    assert (one.count, one.sum) == (2, 2.0)


def test_only_equal_bounds_are_merged() -> None:
    one: Any = rseq.Histogram([1, 2])
    differences = {
        rseq.Histogram([1, 3]): r"bounds\[1\] is 3\.0 in the other, and 2\.0 here",
        rseq.Histogram([1]): r"got one with 1 bounds for one with 2",
        rseq.Histogram.exponential(1, 2): r"got one with 65 bounds for one with 2",
    }
    for other, difference in differences.items():
        other.observe(1)
        with pytest.raises(ValueError, match=rf"^merge\(\) takes a histogram with the same bounds; {difference}$"):
            one.merge(other)
    with pytest.raises(TypeError, match=r"^merge\(\) takes an rseq\.Histogram, or a snapshot of one; got \[1, 2\]$"):
        one.merge([1, 2])
    assert one.count == 0


@pytest.mark.parametrize("made", [lambda: rseq.Histogram([1, 4]), lambda: rseq.Histogram.exponential(1, 4)])
def test_a_histogram_is_set_up_once_and_not_copied(made: Any) -> None:
    histogram = made()
    histogram.observe(2)
    with pytest.raises(TypeError, match=r"^this Histogram has been set up; __init__ is called once$"):
        histogram.__init__([5, 6, 7])
    with pytest.raises(TypeError, match=r"^a private Histogram cannot be pickled or copied"):
        pickle.dumps(histogram)
    assert histogram.count == 1
    empty = rseq.Histogram.__new__(rseq.Histogram)
    with pytest.raises(TypeError, match=r"^this object was made without calling __init__$"):
        empty.observe(1)
    for name in ("bounds", "count", "sum"):
        with pytest.raises(TypeError, match=r"^this Histogram was made without calling __init__$"):
            getattr(empty, name)


def test_a_subclass_of_either_kind() -> None:
    class Latency(rseq.Histogram):
        def observe_ms(self, x: float) -> None:
            self.observe(x / 1000)

    for latency in (Latency([1.0]), Latency.exponential(0.001, 10)):
        assert type(latency) is Latency
        latency.observe_ms(1500)
        assert latency.sum == 1.5


@pytest.mark.parametrize("index", ["cpu_id", "mm_cid"])
def test_threads_lose_nothing(index: Any, threads: ThreadSet) -> None:
    histograms = [
        rseq.Histogram(range(9, 99, 10), index=index),
        rseq.Histogram.exponential(1, 99, relative_error=0.1, index=index),
    ]

    def work() -> None:
        for x in range(10_000):
            for histogram in histograms:
                histogram.observe(x % 100)
        for histogram in histograms:
            histogram.observe(NAN)

    threads.run(4, work)
    assert histograms[0].counts().tolist() == [4_000] * 10
    for histogram in histograms:
        model = Model(histogram.bounds)
        for x in range(100):
            model.observe(x)
        assert histogram.counts().tolist() == [400 * count for count in model.counts()]
        assert (histogram.sum, histogram.nans) == (400 * model.sum, 4)


def test_the_spare_lane_counts_the_same() -> None:
    run_python(
        """
        import math, rseq
        assert not rseq.available()
        for histogram in (rseq.Histogram([1, 2, 3]), rseq.Histogram.exponential(1, 3)):
            for x in (0, 1, 1.5, 3, 4, math.inf, math.nan):
                histogram.observe(x)
            assert histogram.count == 6 and histogram.nans == 1 and histogram.sum == math.inf
            assert histogram.counts()[[0, -1]].tolist() == [2, 2]
            assert not histogram.storage.per_cpu(spare=False)["counts"].any()
            histogram.merge(histogram)
            assert histogram.count == 12 and histogram.nans == 2
        """,
        env={"GLIBC_TUNABLES": "glibc.pthread.rseq=0"},
    )


def test_after_a_fork_parent_and_child_count_apart() -> None:
    histogram = rseq.Histogram([1, 2])
    histogram.observe(1.5)
    child = os.fork()
    if child == 0:
        histogram.observe(3)
        os._exit(0 if histogram.counts().tolist() == [0, 1, 1] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert histogram.counts().tolist() == [0, 1, 0]


@pytest.mark.parametrize("made", [rseq.Histogram, lambda bounds, segment: exponential(segment)])
def test_processes_observe_together(made: Any, run_in_children: Any) -> None:
    histogram = made([10, 20, 40], segment=rseq.Segment())

    def work(child: int) -> None:
        for step in range(5_000):
            histogram.observe((step + child) % 50)
        histogram.observe(NAN)

    run_in_children(3, work)
    model = Model(histogram.bounds)
    for x in range(50):
        model.observe(x)
    assert histogram.counts().tolist() == [300 * count for count in model.counts()]
    assert (histogram.sum, histogram.nans) == (300 * model.sum, 3)


def exponential(segment: Any) -> rseq.Histogram:
    return rseq.Histogram.exponential(10, 40, relative_error=0.4, segment=segment)
