"""Max and Min: the extreme of all updates, for each type of number."""

from __future__ import annotations

import math
import pickle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rseq
from models.extreme import Model
from rseq._language.types import SCALARS
from rseq._structures.extreme_code import updater
from rseq.testing import assert_restartable
from support import ThreadSet, run_python

KINDS = [(rseq.Max, True), (rseq.Min, False)]
NUMBERS = [scalar for scalar in SCALARS.values() if scalar.kind != "bool"]
EDGES = {name: [scalar.minimum, scalar.maximum, 0, 1] for name, scalar in SCALARS.items() if scalar.is_integer}
EDGES |= {name: [-math.inf, math.inf, 0.0, -0.0, math.nan] for name in ("f32", "f64")}


def numbers(scalar: Any) -> st.SearchStrategy[Any]:
    """Numbers of a type, its ends often among them."""
    edges = st.sampled_from(EDGES[scalar.name])
    if scalar.is_float:
        return st.one_of(edges, st.floats(width=scalar.bits))
    return st.one_of(edges, st.integers(scalar.minimum, scalar.maximum))


def test_an_extreme_begins_with_nothing() -> None:
    for kind in (rseq.Max, rseq.Min):
        for dtype in (float, int, "u16"):
            extreme = kind(dtype)
            assert extreme.value is None
            assert repr(extreme) == f"<rseq.{kind.__name__} None>"


def test_the_largest_and_the_smallest() -> None:
    slowest, first = rseq.Max(), rseq.Min(rseq.i64)
    for x in (3, 1, 2):
        slowest.update(x / 2)
        first.update(x)
    assert (slowest.value, first.value) == (1.5, 1)
    assert (type(slowest.value), type(first.value)) == (float, int)
    assert repr(slowest) == "<rseq.Max 1.5>"
    assert slowest.per_cpu().max() == 1.5


@pytest.mark.parametrize(("kind", "is_max"), KINDS)
@pytest.mark.parametrize("scalar", NUMBERS, ids=str)
@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_updates_agree_with_the_model(kind: Any, is_max: bool, scalar: Any, data: st.DataObject) -> None:
    extreme, model = kind(scalar), Model(is_max=is_max)
    for x in data.draw(st.lists(numbers(scalar), max_size=10)):
        extreme.update(x)
        model.update(x)
        assert extreme.value == model.value
        assert (extreme.value is None) == (model.value is None)


@pytest.mark.parametrize(("kind", "is_max"), KINDS)
@pytest.mark.parametrize("scalar", NUMBERS, ids=str)
def test_the_types_own_ends_are_no_nothing(kind: Any, is_max: bool, scalar: Any) -> None:
    for end in EDGES[scalar.name][:2]:
        extreme = kind(scalar)
        extreme.update(end)
        assert extreme.value == end


def test_nan_changes_nothing() -> None:
    for kind in (rseq.Max, rseq.Min):
        extreme = kind()
        extreme.update(math.nan)
        assert extreme.value is None
        extreme.update(2)
        extreme.update(math.nan)
        assert extreme.value == 2


@pytest.mark.parametrize(
    ("dtype", "given", "error"),
    [
        (rseq.i64, 1 << 63, OverflowError),
        (rseq.u8, -1, OverflowError),
        (rseq.i64, 1.5, TypeError),
        (rseq.f64, "1", TypeError),
        (rseq.f64, None, TypeError),
    ],
)
def test_what_does_not_fit_changes_nothing(dtype: Any, given: Any, error: type[Exception]) -> None:
    for kind in (rseq.Max, rseq.Min):
        extreme = kind(dtype)
        with pytest.raises(error, match=rf"^{kind.__name__}\.update\(\): x is {dtype}"):
            extreme.update(given)
        assert extreme.value is None


def test_another_dtype_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^expected a number to compare; got bool$"):
        rseq.Max(bool)
    with pytest.raises(TypeError, match=r"^expected a type of the language \(i8, i16, "):
        rseq.Min(complex)


def test_an_extreme_is_set_up_once_and_not_copied() -> None:
    extreme = rseq.Max(rseq.i64)
    extreme.update(3)
    with pytest.raises(TypeError, match=r"^this Max has been set up; __init__ is called once$"):
        extreme.__init__()  # type: ignore[misc]
    with pytest.raises(TypeError, match=r"^a private Max cannot be pickled or copied"):
        pickle.dumps(extreme)
    assert extreme.value == 3
    with pytest.raises(TypeError, match=r"^this object was made without calling __init__$"):
        rseq.Max.__new__(rseq.Max).update(1)


@pytest.mark.parametrize("index", ["cpu_id", "mm_cid"])
def test_threads_lose_no_extreme(index: Any, threads: ThreadSet) -> None:
    rounds, workers = 5_000, 4
    extremes = [(rseq.Max(rseq.i64, index=index), rseq.Min(index=index)) for _ in range(20)]

    def work(worker: int) -> None:
        for step in range(rounds):
            for high, low in extremes:
                high.update(step * workers + worker)
                low.update(-float(step * workers + worker))

    for worker in range(workers):
        threads.start(work, worker)
    threads.join()
    last = rounds * workers - 1
    assert [(high.value, low.value) for high, low in extremes] == [(last, -last)] * 20


@pytest.mark.slow
def test_updates_survive_interruptions_everywhere() -> None:
    assert_restartable(rseq.Max, updater(SCALARS["i32"], False), arch="all")


def test_the_spare_lane_keeps_the_same() -> None:
    run_python(
        """
        import math, rseq
        assert not rseq.available()
        for kind, ends, expected in ((rseq.Max, (-math.inf, 3, 5, 4), 5), (rseq.Min, (math.inf, 5, 3, 4), 3)):
            extreme = kind()
            extreme.update(math.nan)
            assert extreme.value is None
            for x in ends:
                extreme.update(x)
                assert extreme.value is not None
            assert extreme.value == expected == extreme.per_cpu()[-1]
        """,
        env={"GLIBC_TUNABLES": "glibc.pthread.rseq=0"},
    )


def test_processes_look_together(run_in_children: Any) -> None:
    segment = rseq.Segment()
    high, low = rseq.Max(rseq.i64, segment=segment), rseq.Min(segment=segment)
    assert (high.value, low.value) == (None, None)

    def work(child: int) -> None:
        for step in range(2_000):
            high.update(step * 3 + child)
            low.update(-step * 3 - child)

    run_in_children(3, work)
    assert (high.value, low.value) == (5_999, -5_999)


@pytest.mark.parametrize(("kind", "best"), [(rseq.Max, 5.0), (rseq.Min, -5.0)])
def test_every_lane_is_looked_at(kind: Any, best: float) -> None:
    for lane in range(rseq.info().possible_cpus + 1):
        one = kind()
        one.update(0.0)
        one.storage.view()["value"][lane] = best
        assert one.value == best
        never = kind()
        never.storage.view()["touched"][lane] = 1
        assert never.value == (-math.inf if kind is rseq.Max else math.inf)
