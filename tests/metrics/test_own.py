"""rseq.metrics: the same as prometheus_client's metrics, and the same metric as those where both are."""

from __future__ import annotations

import inspect
import math
import os
import random
from bisect import bisect_left
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
from rseq._metrics.gauges import METHODS
from rseq._metrics.own import code
from rseq._metrics.own.names import bound_text
from rseq.metrics import Counter, Gauge, Histogram, Summary
from rseq.testing import assert_restartable
from support import ThreadSet, run_python

pytestmark = pytest.mark.usefixtures("registry_is_left_as_it_was")

OWN = "from rseq.metrics import Counter, Enum, Gauge, Histogram, Info, Summary\n"


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
