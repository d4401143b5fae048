"""rseq.metrics: labels, classes of users, and what is put around code to count or to measure it."""

from __future__ import annotations

import asyncio
import inspect
from enum import Enum as StandardEnum
from typing import Any

import prometheus_client
import pytest

from metrics.own import samples
from rseq.metrics import Counter, Gauge, Histogram, Summary

pytestmark = pytest.mark.usefixtures("registry_is_left_as_it_was")


# ---- labels


def test_labels_are_one_child_however_they_are_given(plain: dict[str, Any]) -> None:
    hits = Counter("hits", "", ["a", "b"], **plain)
    assert hits.labels("1", "x") is hits.labels(1, "x") is hits.labels(b="x", a="1") is hits.labels(b="x", a=1)
    assert isinstance(hits, Counter)
    assert type(hits.labels("1", "x")) is Counter


def test_a_label_is_what_str_makes_of_it_whatever_it_is_equal_to(plain: dict[str, Any]) -> None:
    class Method(str, StandardEnum):  # noqa: UP042 - its str() is another text than it is equal to
        GET = "GET"

    hits = Counter("hits", "", ["method"], **plain)
    hits.labels("GET").inc()
    hits.labels(Method.GET).inc(2)
    hits.labels(True).inc(3)
    hits.labels(1).inc(4)
    expected = prometheus_client.Counter("hits", "", ["method"], registry=None)
    for value, amount in (("GET", 1), (Method.GET, 2), (True, 3), (1, 4)):
        expected.labels(value).inc(amount)
    assert samples(hits) == samples(expected)


def test_what_is_removed_is_gone_for_all_and_begins_at_0(plain: dict[str, Any]) -> None:
    hits, other = (Counter("hits", "", ["a", "b"], **plain) for _ in range(2))
    held = hits.labels("1", "x")
    for labels in (("1", "x"), ("1", "y"), ("2", "x")):
        hits.labels(*labels).inc(5)
    hits.remove(1, "x")
    assert len(samples(other)) == 2
    other.remove_by_labels({"b": "x"})
    assert len(samples(hits)) == 1
    hits.remove_by_labels({})
    assert len(samples(hits)) == 1
    held.inc()
    assert samples(hits)["hits_total", (("a", "1"), ("b", "x"))] == 1
    hits.clear()
    assert samples(other) == {}
    hits.labels("1", "y").inc(2)
    assert samples(other) == {("hits_total", (("a", "1"), ("b", "y"))): 2}


def test_a_reset_counter_begins_at_0_for_all(plain: dict[str, Any]) -> None:
    hits, other = (Counter("hits", "", **plain) for _ in range(2))
    hits.inc(5)
    other.reset()
    hits.inc(2)
    assert (hits.value, other.value) == (2, 2)


def test_classes_of_users_count(plain: dict[str, Any]) -> None:
    class Twice(Counter):
        def __init__(self, name: str, *labelnames: str) -> None:
            super().__init__(name, "Twice.", labelnames, **plain)
            self.noted = "here"

        def inc(self, amount: float = 1, exemplar: Any = None) -> None:
            super().inc(2 * amount, exemplar)

    alone, with_labels = Twice("alone"), Twice("labelled", "a")
    alone.inc(3)
    with_labels.labels("x").inc()
    assert (alone.value, with_labels.labels("x").value, alone.noted, with_labels.noted) == (6, 2, "here", "here")
    assert isinstance(with_labels, Twice)
    with pytest.raises(ValueError, match="give their values first"):
        with_labels.inc()


# ---- around code


def test_counting_exceptions_lets_them_through(plain: dict[str, Any]) -> None:
    failures = Counter("failures", "", **plain)

    @failures.count_exceptions(KeyError)
    def fail(error: Exception | None) -> str:
        """Its text."""
        if error:
            raise error
        return "done"

    with pytest.raises(KeyError):
        fail(KeyError())
    with pytest.raises(OSError, match="full"):
        fail(OSError("full"))
    with pytest.raises(OSError, match="full"), failures.count_exceptions((OSError, KeyError)):
        raise OSError("full")
    assert (fail(None), failures.value) == ("done", 2)
    assert (fail.__name__, fail.__doc__, str(inspect.signature(fail))[:7]) == ("fail", "Its text.", "(error:")


def test_what_is_in_progress_is_counted_meanwhile(plain: dict[str, Any]) -> None:
    gauge = Gauge("busy", "", multiprocess_mode="livesum", **plain)

    @gauge.track_inprogress()
    def nested(depth: int) -> list[float]:
        return [gauge.value, *(nested(depth - 1) if depth else [])]

    assert nested(2) == [1, 2, 3]
    with pytest.raises(KeyError), gauge.track_inprogress():
        raise KeyError
    assert gauge.value == 0


def test_a_coroutine_is_measured_until_it_ends(plain: dict[str, Any]) -> None:
    gauge, latency = Gauge("busy", "", **plain), Histogram("latency", "", **plain)
    failures = Counter("failures", "", **plain)

    @failures.count_exceptions()
    @latency.time()
    @gauge.track_inprogress()
    async def work(begun: asyncio.Event, end: asyncio.Event) -> None:
        begun.set()
        await end.wait()
        raise KeyError

    async def all_of_it() -> None:
        begun, end = asyncio.Event(), asyncio.Event()
        tasks = [asyncio.create_task(work(begun, end)) for _ in range(2)]
        await begun.wait()
        await asyncio.sleep(0)
        assert (gauge.value, latency.count, failures.value) == (2, 0, 0)
        end.set()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(one) for one in done] == [KeyError, KeyError]

    asyncio.run(all_of_it())
    assert (gauge.value, latency.count, failures.value) == (0, 2, 2)


@pytest.mark.parametrize("kind", [Gauge, Histogram, Summary])
def test_a_block_is_timed_also_if_its_labels_turn_out_in_it(kind: Any, plain: dict[str, Any]) -> None:
    metric, labelled = kind("took", "", **plain), kind("took_for", "", ["a"], **plain)
    with metric.time() as timer:
        pass
    with labelled.time() as late:
        late.labels("x")
    child = labelled.labels("x")
    for one, duration in ((metric, timer.duration), (child, late.duration)):
        assert duration >= 0
        assert (one.value if kind is Gauge else one.sum) == duration
