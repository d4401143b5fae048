"""rseq.metrics: the same as prometheus_client's metrics, and the same metric as those where both are."""

from __future__ import annotations

import asyncio
import copy
import inspect
import math
import os
import pickle
import random
import signal
from bisect import bisect_left
from collections.abc import Callable, Iterator
from enum import Enum as StandardEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any

import prometheus_client
import pytest
from prometheus_client import exposition
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from prometheus_client.utils import floatToGoString

import rseq
from metrics.programs import run, run_as_it_is, run_installed
from metrics.test_prometheus import _timeless
from rseq._extras import install
from rseq._metrics import gauges
from rseq._metrics.gauges import METHODS
from rseq._metrics.own import code
from rseq._metrics.own.names import bound_text
from rseq.metrics import Counter, Enum, Gauge, Histogram, Info, Summary
from rseq.testing import assert_restartable
from support import ThreadSet, run_python

OWN = "from rseq.metrics import Counter, Enum, Gauge, Histogram, Info, Summary\n"


@pytest.fixture
def shop() -> rseq.Segment:
    """A segment without a name."""
    return rseq.Segment()


@pytest.fixture
def plain(shop: rseq.Segment) -> dict[str, Any]:
    """What metrics are made with in these tests: a segment, and no registry."""
    return {"registry": None, "segment": shop}


def samples(metric: Any) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """What a metric exposes, without times."""
    (family,) = metric.collect()
    found = {(one.name, tuple(sorted(one.labels.items()))): one.value for one in family.samples}
    return {key: value for key, value in found.items() if not key[0].endswith("_created")}


# ---- as prometheus_client


EACH = """
    plain = Counter("hits_total", "Hits.")
    plain.inc()
    plain.inc(2.5)
    hits = Counter("requests", "Requests\\nin two lines.", ["method", "path"], "shop", "front", unit="calls")
    hits.labels("GET", 'a"b\\\\c\\nd').inc()
    hits.labels(path="/", method=7).inc(amount=3)
    Counter("lazy", "Without a label.", ["a"])
    Histogram("latency", "Latency.", ["path"], buckets=(0.1, 1, "10")).labels("/").observe(0.5)
    histogram = Histogram("size_bytes", "Sizes.")
    for n in range(100):
        histogram.observe(n / 7)
    Histogram("change", "With buckets below 0.", buckets=(-1, 1)).observe(-3)
    Histogram("large", "With large buckets.", buckets=(1, 1e6, 12345678, 1e22)).observe(amount=2e6)
    Summary("work", "Work.").observe(4)
    Summary("idle", "Never observed.")
    Info("build", "Build.").info({"version": "1.2", "commit": "abc"})
    Info("where", "Where.", ["zone"]).labels("x").info({"rack": "1"})
    Info("unset", "Never set.")
    Enum("state", "State.", states=["up", "down"]).state("down")
    Enum("other", "Other.", ["a"], states=["x", "y"]).labels("1")
    Gauge("set", "Set.", multiprocess_mode="max").set(0.1)
    up = Gauge("up", "Up and down.", ["a"], multiprocess_mode="sum")
    up.labels("x").inc(5)
    up.labels("x").dec(2)
    Gauge("last", "Last.", multiprocess_mode="mostrecent").set(4)
    asked = Gauge("Grüße", "A name of today.", multiprocess_mode="min")
    asked.set(1)
    show(False)
"""


def test_one_process_exposes_what_prometheus_client_does() -> None:
    expected = run_as_it_is(EACH)
    assert run(OWN + _dedented(EACH)) == expected
    assert len(expected) > 80


def test_one_process_exposes_the_same_as_openmetrics() -> None:
    shown = """
        from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
        counter = Counter("hits", "Hits.", unit="calls")
        counter.inc(2, {"trace": "abc"})
        counter.inc(1, exemplar={"trace": 'd"ü'})
        counter.inc(1, None)
        histogram = Histogram("latency", "Latency.", ["a"], buckets=(1, 2))
        histogram.labels("x").observe(1.5, {"trace": "e"})
        histogram.labels("x").observe(9, {"trace": "f" * 100, "span": "g" * 10})
        histogram.labels("x").observe(1, {})
        Summary("work", "Work.").observe(4)
        text = openmetrics(prometheus_client.REGISTRY).decode()
        print(*(line for line in text.splitlines() if "process_" not in line and "python_" not in line), sep="\\n")
    """
    assert _timeless(run(OWN + _dedented(shown))) == _timeless(run_as_it_is(shown))


def _dedented(text: str) -> str:
    return inspect.cleandoc(text) + "\n"


def test_bounds_are_written_as_prometheus_client_writes_them() -> None:
    some = random.Random(5)
    bounds = [0.0, -1.0, 1e6, 1e7, 123456.5, 1234567.5, 1e16, 1e22, 5e-324, math.inf, -2e9]
    bounds += [some.uniform(-1, 1) * 10.0 ** some.randrange(-9, 25) for _ in range(2000)]
    written: Any = floatToGoString
    assert [bound_text(bound) for bound in bounds] == [written(bound) for bound in bounds]


def test_it_is_the_same_metric_as_prometheus_clients_of_that_name() -> None:
    lines = run_installed(
        """
        from rseq import metrics
        Counter("hits", "Hits.", ["a"]).labels("x").inc(2)
        metrics.Counter("hits", "Hits.", ["a"], registry=None).labels("x").inc(3)
        Histogram("latency", "Latency.", buckets=(1, 2)).observe(1.5)
        metrics.Histogram("latency", "Latency.", buckets=(1, 2), registry=None).observe(0.5)
        Summary("work", "Work.").observe(1)
        metrics.Summary("work", "Work.", registry=None).observe(2)
        gauge = Gauge("level", "Level.", multiprocess_mode="sum")
        gauge.set(1)
        metrics.Gauge("level", "Level.", multiprocess_mode="sum", registry=None).inc(4)
        assert gauge._value.get() == 5
        Enum("state", "State.", states=["up", "down"])
        metrics.Enum("state", "State.", states=["up", "down"], registry=None).state("down")
        Info("build", "Build.")
        metrics.Info("build", "Build.", registry=None).info({"v": "1"})
        show(False)
        """
    )
    assert [line for line in lines if not line.startswith("#")] == [
        'hits_total{a="x"} 5.0',
        'latency_bucket{le="1.0"} 1.0', 'latency_bucket{le="2.0"} 2.0', 'latency_bucket{le="+Inf"} 2.0',
        "latency_count 2.0", "latency_sum 2.0",
        "work_count 2.0", "work_sum 3.0",
        "level 5.0",
        'state{state="up"} 0.0', 'state{state="down"} 1.0',
        'build_info{v="1"} 1.0',
    ]  # fmt: skip


def test_each_is_in_the_registry_once_also_where_metrics_are_installed() -> None:
    lines = run_installed(
        """
        from rseq import metrics
        metrics.Counter("hits", "Hits.").inc(2)
        try:
            Counter("hits", "Hits.")
        except ValueError as error:
            print(error.args[0][:10])
        show(False)
        show()
        """
    )
    assert lines == ["Duplicated", *["# HELP hits_total Hits.", "# TYPE hits_total counter", "hits_total 2.0"] * 2]


def test_what_only_another_process_has_is_exposed() -> None:
    lines = run(
        OWN
        + _dedented(
            """
            hits = Counter("hits", "Hits.", segment="shop")
            in_child(lambda: Counter("late", "Made by another.", ["a"], segment="shop").labels("x").inc(3))
            in_child(lambda: Counter("private", "In no registry.", registry=None, segment="shop").inc())
            show(False)
            print(prometheus_client.REGISTRY.get_sample_value("late_total", {"a": "x"}))
            """
        )
    )
    assert {*lines} >= {"hits_total 0.0", 'late_total{a="x"} 3.0', "3.0"}
    assert len([line for line in lines if line[0] != "#"]) == 3


# ---- where they are


def test_programs_that_know_nothing_of_each_other_count_together_by_name() -> None:
    program = OWN + 'hits = Counter("hits", "Hits.", segment="shop"); hits.inc(); print(hits.value)'
    held = rseq.Segment("shop")
    assert [run(program) for _ in range(3)] == [["1.0"], ["2.0"], ["3.0"]]
    assert Counter("hits", "Hits.", registry=None, segment=held).value == 3


def test_the_environment_names_the_segment() -> None:
    program = OWN + 'hits = Counter("hits", "Hits."); hits.inc(); print(hits.value)'
    held = rseq.Segment("shop")
    assert [run(program, env={"RSEQ_METRICS": "shop"}) for _ in range(2)] == [["1.0"], ["2.0"]]
    assert Counter("hits", "Hits.", registry=None, segment=held).value == 2


def test_without_a_segment_forked_children_count_with_their_parent_and_others_do_not() -> None:
    program = OWN + 'hits = Counter("hits", "Hits."); in_child(hits.inc, signal.SIGKILL); hits.inc(); print(hits.value)'
    assert [run(program) for _ in range(2)] == [["2.0"], ["2.0"]]


def test_without_prometheus_client_they_count_and_say_what_exposing_needs() -> None:
    program = """
        import sys
        sys.modules["prometheus_client"] = None
        from rseq.metrics import Counter, Histogram
        hits = Counter("hits", "Hits.", ["a"])
        hits.labels("x").inc(2, {"trace": "y"})
        latency = Histogram("latency", "Latency.")
        latency.observe(0.5)
        print(hits.labels("x").value, latency.count, latency.sum)
        try:
            hits.collect()
        except ImportError as error:
            print(error)
    """
    said = f"to share its metrics, rseq needs prometheus_client, which is not installed: {install('metrics')}"
    assert run_python(program).stdout.splitlines() == [
        "2.0 1.0 0.5",
        said,
    ]


def test_importing_them_loads_neither_numpy_nor_prometheus_client() -> None:
    done = run_python("import sys, rseq.metrics; print({'numpy', 'llvmlite', 'prometheus_client'} & {*sys.modules})")
    assert done.stdout == "set()\n"


# ---- the hot methods


HOT = [(Counter, "inc"), (Histogram, "observe"), (Summary, "observe"), *((Gauge, one) for one in METHODS)]


@pytest.mark.parametrize(("kind", "method"), HOT)
def test_what_counts_is_machine_code(kind: Any, method: str, plain: dict[str, Any]) -> None:
    for metric in (kind("a", "", **plain), kind("b", "", ["x"], **plain).labels("1")):
        getattr(metric, method)(1)
        assert type(getattr(type(metric), method)) is type(str.join)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 8, 14, 15, 16, 63, 64, 300])
def test_each_observation_is_in_the_bucket_that_bisecting_finds(count: int, plain: dict[str, Any]) -> None:
    some = random.Random(count)
    bounds = sorted({round(some.uniform(-5, 5), 3) for _ in range(count)})
    histogram = Histogram("h", "", buckets=bounds, **plain)
    amounts = [*bounds, *(some.uniform(-7, 7) for _ in range(200)), -math.inf, 1e300, 0.0, -0.0, 3, -4]
    amounts += [math.nextafter(bound, math.inf) for bound in bounds]
    expected = [0] * (len(bounds) + 1)
    for amount in amounts:
        histogram.observe(amount)
        expected[bisect_left(bounds, amount)] += 1
    assert histogram._series.read()[1:] == expected
    assert histogram.count == len(amounts)


BETWEEN = [(0.001, 100, 0.05), (1, 2, 0.3), (1e-9, 1e9, 0.05), (0.5, 0.75, 0.0014), (3, 4, 0.34), (5e-300, 1e300, 0.2)]


@pytest.mark.parametrize(("lowest", "highest", "error"), BETWEEN)
def test_each_observation_is_in_the_exponential_bucket_that_bisecting_finds(
    lowest: float, highest: float, error: float, plain: dict[str, Any]
) -> None:
    some = random.Random(5)
    histogram = Histogram.exponential("h", "", lowest=lowest, highest=highest, relative_error=error, **plain)
    bounds = histogram._family.options.bounds[:-1]
    assert bounds[0] <= lowest < bounds[1]
    assert bounds[-2] < highest <= bounds[-1]
    assert all(high / low <= (1 + error) / (1 - error) * (1 + 1e-12) for low, high in pairwise(bounds))
    amounts = [*bounds, 0.0, -0.0, -1, -math.inf, math.inf, 5e-324, 1e308]
    amounts += [math.nextafter(bound, away) for bound in bounds for away in (0, math.inf)]
    amounts += [some.uniform(lowest / 2, highest) * some.random() ** 9 for _ in range(500)]
    expected = [0] * (len(bounds) + 1)
    for amount in amounts:
        histogram.observe(amount)
        expected[bisect_left(bounds, amount)] += 1
    assert histogram._series.read()[1:] == expected


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "parts",
    [pytest.param(code.searching(1), marks=pytest.mark.slow), code.searching(2), code.exponential(4)],
    ids=["1 bound", "2 bounds", "exponential"],
)
def test_histograms_are_right_wherever_they_are_interrupted(parts: Any) -> None:
    assert_restartable(parts["count"], parts["add_sum"])


def test_a_scrape_that_accepts_openmetrics_2_gets_a_native_histogram_too() -> None:
    registry, shop = prometheus_client.CollectorRegistry(), rseq.Segment()
    native = Histogram.exponential(
        "took", "", ["a"], lowest=1, highest=100, relative_error=0.2, registry=registry, segment=shop
    )
    Histogram("usual", "", registry=registry, segment=shop).observe(1)
    amounts = (-1, 0.5, 1, 1.2, 1.3, 2, 20, 100, 1000)
    for amount in amounts:
        native.labels("x").observe(amount)
    native.labels("empty")
    texts = {}
    for accepted in ("application/openmetrics-text;version=2.0.0", "application/openmetrics-text", "text/plain", ""):
        encode, _ = exposition.choose_encoder(accepted)
        texts[accepted] = encode(registry).decode()
    new, *others = texts.values()
    assert [text for text in others if "schema" in text] == []
    without = [line for line in new.splitlines() if "schema" not in line]
    assert without == others[0].splitlines()
    (line,) = (line for line in new.splitlines() if line.startswith('took{a="x"}'))
    (family,) = text_string_to_metric_families(f"# TYPE took histogram\n{line}\n# EOF\n")
    found: Any = family.samples[0].native_histogram
    assert (found.count_value, found.sum_value, found.schema) == (len(amounts), sum(amounts), 1)
    assert (found.zero_count, found.zero_threshold) == (3, 1)
    counts: dict[int, int] = {}
    index, count, deltas = 0, 0, iter(found.pos_deltas)
    for offset, length in found.pos_spans:
        index += offset
        for _ in range(length):
            count += next(deltas)
            counts[index] = count
            index += 1
    # bucket i ends at 2 ** (i / 2); what is above the highest bound, 2 ** 7, is in the one behind it
    assert counts == {1: 2, 2: 1, 9: 1, 14: 1, 15: 1}


def test_summaries_are_right_wherever_they_are_interrupted() -> None:
    parts = code.summing()
    assert_restartable(parts["count"], parts["add_sum"])


def test_threads_of_several_processes_lose_nothing(threads: ThreadSet, plain: dict[str, Any]) -> None:
    hits = Counter("hits", "", ["a"], **plain)
    latency, work = Histogram("latency", "", buckets=(1, 2, 3), **plain), Summary("work", "", **plain)
    counts = 2000

    def count() -> None:
        for number in range(counts):
            hits.labels(str(number % 5)).inc()
            latency.observe(number % 5)
            work.observe(2)

    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            count()
            os._exit(0)
        children.append(child)
    for _ in range(3):
        threads.start(count)
    threads.join()
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert [hits.labels(str(number)).value for number in range(5)] == [6 * counts / 5] * 5
    assert latency._series.read() == [6 * counts * 2, 6 * counts * 2 / 5, *[6 * counts / 5] * 3]
    assert (work.count, work.sum) == (6 * counts, 12 * counts)


def test_they_count_on_the_spare_lane_too() -> None:
    program = OWN + _dedented(
        """
        import rseq
        hits, latency, work = Counter("a", ""), Histogram("b", "", buckets=(1, 2)), Summary("c", "")
        for number in range(100):
            hits.inc(); latency.observe(number % 3); work.observe(1)
        print(hits.value, latency._series.read(), work.count, work.sum)
        """
    )
    off = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}
    expected = ["100.0 [99.0, 67.0, 33.0, 0.0] 100.0 100.0"]
    assert [run(program), run(program, env=off)] == [expected, expected]


def test_a_histogram_whose_lanes_were_written_over_refuses_and_does_not_crash(plain: dict[str, Any]) -> None:
    import ctypes

    histogram = Histogram("h", "", buckets=(1, 2), **plain)
    histogram.observe(1)
    for address in histogram._series.memory.place.addresses():
        ctypes.c_uint32.from_address(address).value = 0xFFFFFFFF
    with pytest.raises(IndexError):
        histogram.observe(1)
    assert histogram.count == 1


# ---- what is refused


REFUSED: list[tuple[Callable[[dict[str, Any]], object], type[Exception], str]] = [
    (lambda at: Counter("a", "", **at).inc(-1), ValueError, r"a counter only grows: expected an amount of 0 or more"),
    (lambda at: Counter("a", "", **at).inc(math.nan), ValueError, r"a counter only grows"),
    (lambda at: Counter("a", "", **at).inc("1"), TypeError, r"metrics\.Counter\.inc\(\): amount is f64, a float; got"),
    (lambda at: Counter("a", "", **at).inc(1, 5), TypeError, r"exemplar: expected a dict of labels, such as"),
    (lambda at: Counter("a", "", **at).inc(1, {"a": "b" * 128}), ValueError, r"128 letters at most, got 129"),
    (lambda at: Counter("a", "", **at).inc(1, {"__a": "b"}), ValueError, r"does not begin with '__'"),
    (lambda at: Counter("a", "", **at).inc(1, {"a": 1}), TypeError, r"exemplar label 'a': expected a str; got 1"),
    (lambda at: Counter("a", "", **at).inc(-1, {"a": "b"}), ValueError, r"a counter only grows"),
    (lambda at: Counter("a", "", **at).inc(1, None, 2), TypeError, r"inc\(\) takes"),
    (lambda at: Counter("a", "", **at).inc(by=2), TypeError, r"no parameter called 'by'"),
    (lambda at: Histogram("a", "", **at).observe(math.nan), ValueError, r"NaN is no observation"),
    (lambda at: Histogram("a", "", **at).observe(), TypeError, r"observe\(\) needs a value for 'amount'"),
    (lambda at: Summary("a", "", **at).observe(math.nan), ValueError, r"NaN is no observation"),
    (lambda at: Summary("a", "", **at).observe(1, {"a": "b"}), TypeError, r"takes 1 argument, got 2"),
    (lambda at: Counter("a", "", ["x"], **at).inc(), ValueError, r"inc\(\): .* has the labels \('x',\); give their"),
    (lambda at: Gauge("a", "", ["x"], **at).set(1), ValueError, r"set\(\): .* has the labels \('x',\); give their"),
    (lambda at: Enum("a", "", ["x"], states=["s"], **at).state("s"), ValueError, r"give their values first"),
    (lambda at: Info("a", "", ["x"], **at).info({}), ValueError, r"give their values first"),
    (lambda at: Counter("a", "", **at).labels("x"), ValueError, r"without labelnames"),
    (lambda at: Counter("a", "", ["x"], **at).labels("x").labels("y"), ValueError, r"has its labels already"),
    (lambda at: Counter("a", "", ["x"], **at).labels(), ValueError, r"got 0 values"),
    (lambda at: Counter("a", "", ["x"], **at).labels("x", "y"), ValueError, r"has \('x',\); got 2 values"),
    (lambda at: Counter("a", "", ["x"], **at).labels(y="1"), ValueError, r"has \('x',\); got \('y',\)"),
    (lambda at: Counter("a", "", ["x"], **at).labels("1", x="1"), ValueError, r"got both"),
    (lambda at: Counter("a", "", ["x"], **at).labels("\ud800"), ValueError, r"label 'x': expected text that can be"),
    (lambda at: Counter("a", "", "xy", **at), TypeError, r"labelnames: expected a list of names, such as \['xy'\]"),
    (lambda at: Counter("a", "", ["x", "x"], **at), ValueError, r"'x' is there twice"),
    (lambda at: Counter("a", "", ["__x"], **at), ValueError, r"does not begin with '__'"),
    (lambda at: Histogram("a", "", ["le"], **at), ValueError, r"'le' is a label that a histogram makes itself"),
    (lambda at: Summary("a", "", ["quantile"], **at), ValueError, r"'quantile' is a label that a summary makes itself"),
    (lambda at: Enum("a", "", ["a"], states=["s"], **at), ValueError, r"'a' is a label that a stateset makes itself"),
    (lambda at: Counter("", "", **at), ValueError, r"name: expected a name"),
    (lambda at: Counter("_total", "", **at), ValueError, r"more than the ending of a counter"),
    (lambda at: Counter(5, "", **at), TypeError, r"name: expected a str; got 5"),  # type: ignore[arg-type]
    (lambda at: Counter("a", None, **at), TypeError, r"documentation: expected a str; got None"),  # type: ignore[arg-type]
    (lambda at: Info("a", "", unit="s", **at), ValueError, r"unit: .* of a type that has none"),
    (lambda at: Gauge("a", "", multiprocess_mode="some", **at), ValueError, r"multiprocess_mode: expected one of"),
    (lambda at: Gauge("a", "", multiprocess_mode="mostrecent", **at).inc(), RuntimeError, r"mostrecent. is only set"),
    (lambda at: Gauge("a", "", **at).set("x"), TypeError, r"value: expected a number, got 'x'"),  # type: ignore[arg-type]
    (lambda at: Gauge("a", "", **at).set(), TypeError, r"set\(\) missing 1 required positional argument"),  # type: ignore[call-arg]
    (lambda at: Gauge("a", "", **at).inc(1, 2), TypeError, r"inc\(\) takes from 1 to 2 positional arguments"),  # type: ignore[call-arg]
    (lambda at: Gauge("a", "", **at).dec(by=1), TypeError, r"unexpected keyword argument 'by'"),  # type: ignore[call-arg]
    (lambda at: Gauge("a", "", **at).dec([1]), TypeError, r"amount: expected a number, got \[1\]"),  # type: ignore[arg-type]
    (lambda at: Gauge.inc(object.__new__(Gauge)), TypeError, r"made without calling __init__"),
    (lambda at: Gauge.inc(Counter("a", "", **at)), TypeError, r"doesn't apply|for 'Gauge' objects"),  # type: ignore[arg-type]
    (lambda at: Gauge("a", "", **at).set_function(3), TypeError, r"expected a function"),  # type: ignore[arg-type]
    (lambda at: Histogram("a", "", buckets=(), **at), ValueError, r"expected 1 to 65535 bounds beside infinity, got 0"),
    (lambda at: Histogram("a", "", buckets=(2, 1), **at), ValueError, r"got 2.0 and then 1.0"),
    (lambda at: Histogram("a", "", buckets=(1, 1), **at), ValueError, r"got 1.0 and then 1.0"),
    (lambda at: Histogram("a", "", buckets=(math.nan,), **at), ValueError, r"expected finite numbers; got nan"),
    (lambda at: Histogram("a", "", buckets="1", **at), TypeError, r"buckets: expected numbers"),
    (lambda at: Histogram("a", "", buckets=(None,), **at), TypeError, r"buckets: expected a number, got None"),  # type: ignore[arg-type]
    (lambda at: Histogram.exponential("a", "", lowest=0, **at), ValueError, r"<= lowest < highest <= 2\*\*1023"),
    (lambda at: Histogram.exponential("a", "", lowest=2, highest=2, **at), ValueError, r"got 2.0 and 2.0"),
    (lambda at: Histogram.exponential("a", "", relative_error=0.001, **at), ValueError, r"expected 0.0014 or more"),
    (lambda at: Histogram.exponential("a", "", relative_error=1, **at), ValueError, r"below 1; got 1.0"),
    (lambda at: Histogram.exponential("a", "", relative_error="x", **at), TypeError, r"expected a number, got 'x'"),  # type: ignore[arg-type]
    (
        lambda at: Histogram.exponential("a", "", lowest=1e-300, highest=1e300, relative_error=0.002, **at),
        ValueError,
        r"more than 65535 bounds",
    ),
    (lambda at: Enum("a", "", **at), ValueError, r"states: expected at least one"),
    (lambda at: Enum("a", "", states=["x", "x"], **at), ValueError, r"'x' is there twice"),
    (lambda at: Enum("a", "", states=["x"], **at).state("y"), ValueError, r"has \['x'\]; got 'y'"),
    (lambda at: Info("a", "", **at).info({"a": 1}), TypeError, r"info 'a': expected a str"),  # type: ignore[dict-item]
    (lambda at: Info("a", "", ["x"], **at).labels("1").info({"x": "1"}), ValueError, r"'x' is a label of"),
    (lambda at: Counter("a", "", segment=5, registry=None), TypeError, r"segment"),  # type: ignore[arg-type]
    (lambda at: Counter("a", "", **at).remove("x"), ValueError, r"no sets of labels to remove"),
    (lambda at: Counter("a", "", ["x"], **at).remove_by_labels({"y": "1"}), ValueError, r"got \['y'\]"),
    (lambda at: Counter("a", "", ["x"], **at).remove_by_labels("y"), TypeError, r"expected a dict"),  # type: ignore[arg-type]
    (lambda at: Counter("a", "", **at).count_exceptions(5), TypeError, r"a class of exceptions"),  # type: ignore[arg-type]
    (
        lambda at: Summary("a", "", **at).time()(lambda: (yield)),
        TypeError,
        r"is a generator, which runs in parts: write",
    ),
    (lambda at: Summary("a", "", **at).time()(5), TypeError, r"expected a function to be put around"),  # type: ignore[type-var]
    (lambda at: pickle.dumps(Counter("a", "", **at)), TypeError, r"make it anew in the other process"),
    (lambda at: copy.copy(Counter("a", "", ["x"], **at)), TypeError, r"make it anew in the other process"),
]


@pytest.mark.parametrize(("call", "kind", "text"), REFUSED, ids=map(str, range(len(REFUSED))))
def test_what_is_wrong_is_said(
    call: Callable[[dict[str, Any]], object], kind: type[Exception], text: str, plain: dict[str, Any]
) -> None:
    with pytest.raises(kind, match=text):
        call(plain)


def test_what_is_refused_counts_nothing_and_leaves_no_exemplar(plain: dict[str, Any]) -> None:
    hits, latency = Counter("hits", "", **plain), Histogram("latency", "", buckets=(1,), **plain)
    hits.inc(1, {"trace": "good"})
    latency.observe(0.5, {"trace": "good"})
    for metric, method, amount in ((hits, hits.inc, -1.0), (latency, latency.observe, math.nan)):
        with pytest.raises(ValueError, match=r"grows|NaN"):
            method(amount, {"trace": "bad"})
        with pytest.raises(ValueError, match="128 letters"):
            method(1.0, {"trace": "b" * 200})
        (family,) = metric.collect()
        kept = [sample.exemplar.labels for sample in family.samples if sample.exemplar]
        assert kept == [{"trace": "good"}]
    assert (hits.value, latency.count, latency.sum) == (1, 1, 0.5)


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


# ---- gauges


def test_a_gauge_that_asks_a_function_says_of_which_process(plain: dict[str, Any]) -> None:
    gauge = Gauge("size", "", ["a"], multiprocess_mode="sum", **plain)
    things = [1, 2, 3]
    gauge.labels("x").set_function(lambda: len(things))
    gauge.labels("x").set(7)
    gauge.labels("y").set(1)
    assert gauge.labels("x").value == 3
    assert samples(gauge) == {
        ("size", (("a", "x"), ("pid", str(os.getpid())))): 3,
        ("size", (("a", "y"),)): 1,
    }


NUMBERS = (2, -2, -1, 0, 2.5, -1.0, True, 1 << 70, 10**400, -(10**400), math.inf, Fraction(1, 2))


@pytest.mark.parametrize("given", NUMBERS, ids=lambda given: str(given)[:9])
def test_a_gauge_takes_any_number(given: Any, plain: dict[str, Any]) -> None:
    gauge = Gauge("level", "", multiprocess_mode="sum", **plain)
    try:
        expected = float(given)
    except OverflowError:
        expected = math.inf if given > 0 else -math.inf
    gauge.set(given)
    assert gauge.value == expected
    gauge.set(value=1)
    gauge.inc(given)
    assert gauge.value == 1 + expected
    gauge.set(1.0)
    gauge.dec(amount=given)
    assert gauge.value == 1 - expected


def test_each_process_has_a_gauge_of_its_own(plain: dict[str, Any]) -> None:
    gauge, other = (Gauge("level", "", multiprocess_mode="all", **plain) for _ in range(2))
    gauge.set(3)
    child = os.fork()
    if child == 0:
        gauge.inc()
        other.inc(4)
        os._exit(int(gauge.value))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
    other.dec()
    assert samples(gauge) == {
        ("level", (("pid", str(os.getpid())),)): 2,
        ("level", (("pid", str(child)),)): 5,
    }


def test_a_gauge_that_another_process_has_removed_begins_at_0(plain: dict[str, Any]) -> None:
    gauge = Gauge("level", "", ["a"], multiprocess_mode="sum", **plain)
    held = gauge.labels("x")
    held.set(3)
    child = os.fork()
    if child == 0:
        gauge.remove("x")
        os._exit(0)
    os.waitpid(child, 0)
    assert samples(gauge) == {}
    held.inc(2)
    assert samples(gauge) == {("level", (("a", "x"),)): 2}


def test_threads_that_add_to_a_gauge_in_machine_code_and_in_python_lose_nothing(
    threads: ThreadSet, plain: dict[str, Any]
) -> None:
    gauge, counts = Gauge("level", "", multiprocess_mode="sum", **plain), 3000

    def add(one: Callable[[float], None]) -> None:
        for _ in range(counts):
            one(2.0)

    for _ in range(2):
        threads.start(add, gauge.inc)
        threads.start(add, gauge._own.inc)
    threads.start(add, gauge.dec)
    threads.join()
    assert gauge.value == 3 * 2 * counts


def test_what_machine_code_adds_while_python_adds_is_not_written_over(
    monkeypatch: pytest.MonkeyPatch, plain: dict[str, Any]
) -> None:
    gauge, add = Gauge("level", "", multiprocess_mode="sum", **plain), gauges._sum
    meanwhile = iter([5.0])

    def add_with_another_thread_in_between(bits: int, amount: float) -> int:
        for other in meanwhile:
            gauge.inc(other)
        return add(bits, amount)

    monkeypatch.setattr(gauges, "_sum", add_with_another_thread_in_between)
    gauge._own.inc(2.0)
    assert gauge.value == 7


def test_gauges_of_killed_workers_are_gone(plain: dict[str, Any]) -> None:
    busy = Gauge("busy", "", multiprocess_mode="livesum", **plain)
    for _ in range(4):
        worker = os.fork()
        if worker == 0:
            busy.inc()
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(worker, 0)
    busy.inc()
    busy.set_to_current_time()
    assert busy.value > 1e9
    busy.set(1)
    assert samples(busy) == {("busy", ()): 1}


@pytest.fixture(autouse=True)
def registry_is_left_as_it_was() -> Iterator[None]:
    """Metrics of these tests are in no registry of this process."""
    before = list(prometheus_client.REGISTRY._collector_to_names)
    yield
    assert list(prometheus_client.REGISTRY._collector_to_names) == before
