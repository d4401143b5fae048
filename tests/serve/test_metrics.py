"""`/metrics` of `rseq serve`: everything in a segment, as Prometheus reads it."""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics
from starlette.testclient import TestClient

import rseq
from look.conftest import Crashed
from metrics.programs import HELPERS, run_installed
from rseq._look.chosen import chosen
from rseq._metrics.blocks import made
from rseq._percpu.shared.extents import Wanted
from rseq._serve.app import app_for
from rseq._serve.names import allowed, snake
from rseq._serve.parts import MOST_BUCKETS, kept
from serve.conftest import Ask
from shared.folders import Program, path_of
from support import ThreadSet

OPENMETRICS = "application/openmetrics-text; version=1.0.0"

SERVICE = """
    hits = Counter("hits", "Hits.", ["a"])
    hits.labels("x").inc(2, {"trace": "y"})
    hits.labels("gone").inc()
    hits.remove("gone")
    Gauge("load", "Load.", multiprocess_mode="max").set(1.5)
    each = Gauge("each", "Each.")
    each.set(3)
    pid = in_child(lambda: each.set(4), signal.SIGKILL)
    Histogram("latency", "Latency.", buckets=(1, 2)).observe(1.5)
    Summary("work", "Work.").observe(4)
    Info("build", "Build.").info({"version": "1"})
    Enum("state", "State.", states=["up", "down"]).state("down")
    Counter("no_labels", "A \\\\ and\\na line.").inc(0.5)
    print(os.getpid(), pid)
"""


def values_of(text: str) -> dict[str, float]:
    """The value of each sample, by what stands before it: `hits_total{a="x"}`."""
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line[0] != "#"}


def scraped(ask: Ask, segment: str = "shop") -> dict[str, float]:
    """The samples of a scrape, which both parsers accept, and which says nothing twice."""
    client = ask(segment)
    text, open_text = (client.get("/metrics", headers={"accept": accept}) for accept in ("", OPENMETRICS))
    assert text.status_code == open_text.status_code == 200
    families = [*parser.text_string_to_metric_families(text.text)]
    assert len({one.name for one in families}) == len(families)
    found = [(one.name, *sorted(one.labels.items())) for family in families for one in family.samples]
    assert len(set(found)) == len(found)
    assert [*openmetrics.text_string_to_metric_families(open_text.text)]
    return values_of(text.text)


def test_each_kind_is_exposed_after_its_service_crashed(ask: Ask, crashed: Crashed) -> None:
    found = scraped(ask)
    assert {name: found[name] for name in EXPECTED} == EXPECTED
    assert found[f'buffers_held_items{{owner="{crashed.pid}"}}'] == 1
    assert found['latency_bucket{le="0.5"}'] == 50
    assert found['latency_bucket{le="+Inf"}'] == found["latency_count"] == 100
    assert "least" not in found
    assert not [name for name in found if name.startswith(("grid", "nodes"))]


EXPECTED = {
    'rseq_segment_info{segment="shop"}': 1,
    "rseq_segment_processes": 0,
    "rseq_segment_structures": 19,
    "rseq_segment_problems": 0,
    "hits_total": 12_345,
    "seconds_total": 1.5,
    'sizes_total{index="1,2"}': 7,
    'sizes_total{index="0,0"}': 0,
    'small{index="1"}': -7,
    'requests_total{key="GET /"}': 3,
    "requests_total{key=\"('GET', 200)\"}": 1500,
    "requests_overflow_total": 4,
    'small{index="0"}': 0,
    "latency_sum": 50.5,
    "weights_count": 0,
    "slowest": 0.25,
    "events_written_bytes_total": 60,
    "events_waiting_bytes": 60,
    "events_capacity_bytes": 4096,
    "events_lost_events_total": 0,
    "rows_written_records_total": 1,
    "free_items": 1,
    "free_capacity_items": 8,
    "calls_available_tokens": 7,
    "calls_burst_tokens": 9,
    "calls_tokens_per_second": 0.001,
    "buffers_free_items": 3,
    "buffers_capacity_items": 4,
    "lock_held": 1,
    "readers_readers": 1,
    "accounts_total": 11,
    "accounts_rate": 0,
}


def test_metrics_of_prometheus_client_are_what_a_worker_itself_exposes(ask: Ask, segment_folder: Path) -> None:
    own, child = run_installed(SERVICE)[0].split()
    found = scraped(ask)
    assert {
        'hits_total{a="x"}': 2,
        "load": 1.5,
        f'each{{pid="{own}"}}': 3,
        f'each{{pid="{child}"}}': 4,
        'latency_bucket{le="1.0"}': 0,
        'latency_bucket{le="2.0"}': 1,
        'latency_bucket{le="+Inf"}': 1,
        "latency_sum": 1.5,
        "work_count": 1,
        "work_sum": 4,
        'build_info{version="1"}': 1,
        'state{state="up"}': 0,
        'state{state="down"}': 1,
        "no_labels_total": 0.5,
    }.items() <= found.items()
    assert 'hits_total{a="gone"}' not in found
    text = ask().get("/metrics", headers={"accept": OPENMETRICS}).text
    assert 'hits_total{a="x"} 2.0 # {trace="y"} 2.0' in text
    assert "# HELP no_labels A \\\\ and\\na line." in text


@pytest.mark.parametrize(
    ("accept", "type"),
    [
        ("", "text/plain; version=0.0.4"),
        ("*/*", "text/plain; version=0.0.4"),
        (f"{OPENMETRICS},text/plain;q=0.5", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text", "application/openmetrics-text; version=1.0.0"),
        ("application/openmetrics-text; version=nonsense", "text/plain; version=0.0.4"),
        ("text/plain; version=1.0.0", "text/plain; version=1.0.0"),
        ("text/html, application/xml;q=0.9", "text/plain; version=0.0.4"),
    ],
)
def test_the_scrape_says_which_form_it_wants(ask: Ask, crashed: Crashed, accept: str, type: str) -> None:
    answer = ask().get("/metrics", headers={"accept": accept})
    assert answer.headers["content-type"].startswith(type)
    assert answer.text.endswith("# EOF\n") == ("openmetrics" in type)


def test_an_answer_is_compressed_for_those_who_take_it(crashed: Crashed, ask: Ask) -> None:
    client = ask()
    with client.stream("GET", "/metrics", headers={"accept-encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    plain = client.get("/metrics", headers={"accept-encoding": "identity"})
    assert gzip.decompress(packed).decode() == plain.text
    assert "content-encoding" not in plain.headers


# Names


@pytest.mark.parametrize(
    ("name", "mapped"),
    [
        ("hits", "hits"),
        ("a.b-c d", "a_b_c_d"),
        ("2xx", "_2xx"),
        ("grüße", "gr__e"),
        ("rule:x", "rule_x"),
        ("é", "_"),
        ("", "_"),
    ],
)
def test_names_that_prometheus_forbids_are_mapped(name: str, mapped: str) -> None:
    assert allowed(name) == mapped


def test_kinds_are_written_as_metrics_are() -> None:
    assert [snake(kind) for kind in ("RingBuffer", "RCU", "percpu")] == ["ring_buffer", "rcu", "percpu"]


def test_names_that_become_the_same_are_told_apart_by_a_label(ask: Ask, segment_folder: Path) -> None:
    shop = rseq.Segment("shop")
    counters = [rseq.Counter(segment=shop, name=name) for name in ("a.b", "a_b", 'a"b\\', "hits_total")]
    for number, counter in enumerate(counters, 1):
        counter.add(number)
    assert {
        'a_b_total{structure="a.b"}': 1,
        "a_b_total": 2,
        'a_b__total{structure="a\\"b\\\\"}': 3,
        "hits_total": 4,
    }.items() <= scraped(ask).items()


def test_of_two_that_want_one_name_the_second_says_its_kind(ask: Ask, segment_folder: Path) -> None:
    shop = rseq.Segment("shop")
    kept = [
        rseq.Counter(segment=shop, name="hits"),
        rseq.Max("i64", segment=shop, name="hits_total"),
        rseq.Max("i64", segment=shop, name="hits!total"),
        rseq.Histogram([1, 2], segment=shop, name="wait"),
        rseq.Counter(segment=shop, name="wait_sum"),
        rseq.Max("i64", segment=shop, name="wait_count"),
        rseq.Min("i64", segment=shop, name="rseq_segment_processes"),
    ]
    for one in kept[1:3] + kept[5:]:
        one.update(7)
    found = scraped(ask)
    assert found["hits_total"] == 0
    assert found["hits_total_max"] == 7
    assert found['hits_total_max{structure="hits!total"}'] == 7
    assert found["wait_sum"] == 0
    assert found["wait_sum_counter_total"] == 0
    assert found["wait_count"] == 0
    assert found["wait_count_max"] == 7
    assert (found["rseq_segment_processes"], found["rseq_segment_processes_min"]) == (1, 7)


def test_a_metric_has_its_name_and_a_structure_says_its_kind(ask: Ask, segment_folder: Path) -> None:
    hits = rseq.Counter(segment="shop", name="hits")
    hits.add(3)
    run_installed('Counter("hits", "Hits.").inc(2)')
    found = scraped(ask)
    assert (found["hits_total"], found["hits_counter_total"]) == (2, 3)


def test_a_structure_without_a_name_is_not_exposed(ask: Ask, segment_folder: Path) -> None:
    counter = rseq.Counter(segment="shop")
    counter.add()
    found = scraped(ask)
    assert all(name.startswith("rseq_segment_") for name in found)
    assert found["rseq_segment_structures"] == 1


def test_versions_that_disagree_about_a_metric_are_both_exposed(ask: Ask, segment_folder: Path) -> None:
    holder = rseq.Segment("shop")
    run_installed('Gauge("x", "X.", multiprocess_mode="sum").set(1); Counter("y", "Y.").inc()')
    run_installed('Gauge("x", "X.", multiprocess_mode="max").set(2); Gauge("y", "Y.", multiprocess_mode="max").set(5)')
    found = scraped(ask)
    assert (found["x"], found["y_total"], found["y_gauge"]) == (2, 1, 5)
    assert len(holder) > 0


def test_what_goes_down_is_a_gauge(segment_folder: Path) -> None:
    shop = rseq.Segment("shop")
    flights = rseq.Counter(segment=shop, name="in.flight")
    balance = rseq.FloatCounter(segment=shop, name="balance")
    hits = rseq.Counter(segment=shop, name="hits")
    client = TestClient(app_for(chosen("shop"), None, ["in.*"]), base_url="http://localhost")
    flights.add(2)
    balance.add(1.5)
    hits.add()
    found = values_of(client.get("/metrics").text)
    assert found['in_flight{structure="in.flight"}'] == 2
    assert (found["hits_total"], found["balance_total"]) == (1, 1.5)
    balance.add(-2)
    assert values_of(client.get("/metrics").text)["balance"] == -0.5
    balance.add(10)
    assert values_of(client.get("/metrics").text)["balance"] == 9.5, "it stays what it was"


def test_keys_are_labels_and_no_two_are_alike(ask: Ask, segment_folder: Path) -> None:
    hits = rseq.KeyedCounter(10, segment="shop", name="hits")
    keys = ["200", 200, b"x", "b'x'", "'200'", 'a\\"b\n']
    for number, key in enumerate(keys, 1):
        hits.add(key, number)
    found = scraped(ask)
    assert {name: found[name] for name in found if name.startswith("hits_total")} == {
        'hits_total{key="200"}': 1,
        "hits_total{key=\"'200'\"}": 2,
        "hits_total{key=\"b'x'\"}": 3,
        'hits_total{key="\\"b\'x\'\\""}': 4,
        'hits_total{key="\\"\'200\'\\""}': 5,
        'hits_total{key="a\\\\\\"b\\n"}': 6,
    }


# Bounds


def test_many_buckets_become_fewer_and_stay_exact(ask: Ask, segment_folder: Path) -> None:
    waits = rseq.Histogram.exponential(1e-6, 1000, relative_error=0.01, segment="shop", name="waits")
    fine = rseq.Histogram(range(-1, 150), segment="shop", name="fine")
    for number in range(1000):
        waits.observe(number / 10)
        fine.observe(number)
    fine.observe(float("nan"))
    found = scraped(ask)
    counts, bounds = waits.counts().tolist(), [*waits.bounds]
    buckets = {name: value for name, value in found.items() if name.startswith("waits_bucket")}
    assert 50 < len(buckets) <= MOST_BUCKETS + 1
    for name, value in buckets.items():
        bound = float(name.partition('"')[2].removesuffix('"}'))
        assert value == sum(counts[: bounds.index(bound) + 1]) if bound in bounds else value == 1000
    assert f'waits_bucket{{le="{bounds[-1]!r}"}}' in buckets
    assert found["fine_nans_total"] == 1
    assert found['fine_bucket{le="+Inf"}'] == 1000
    assert not {"fine_sum", "fine_count"} & found.keys(), "OpenMetrics has neither where there are bounds below 0"


@pytest.mark.parametrize("length", [1, 2, 99, 100, 101, 1000, 65_535])
def test_the_bounds_that_are_kept_are_few_and_have_the_last_one(length: int) -> None:
    found = [*kept(length)]
    assert len(found) <= MOST_BUCKETS
    assert len(found) > min(length, MOST_BUCKETS) // 2
    assert found[-1] == length - 1


def test_a_long_array_is_its_sum(ask: Ask, segment_folder: Path) -> None:
    short = rseq.CounterArray(1000, segment="shop", name="short")
    long = rseq.CounterArray((1, 1001), segment="shop", name="long")
    one = rseq.CounterArray((), segment="shop", name="one")
    short.add(7, 2)
    long.add((0, 5), 3)
    one.add(4)
    found = scraped(ask)
    assert found['short_total{index="7"}'] == 2
    assert found["long_total"] == 3
    assert found["one_total"] == 4
    assert sum(name.startswith("long") for name in found) == 1


# What is damaged, changed, or gone


def test_looking_changes_nothing(ask: Ask, crashed: Crashed) -> None:
    path = path_of(crashed.folder, "shop")
    before = hashlib.sha256(path.read_bytes()).digest(), path.stat().st_blocks
    for accept in ("", OPENMETRICS):
        assert ask().get("/metrics", headers={"accept": accept}).status_code == 200
    assert ask().get("/health").status_code == 200
    assert (hashlib.sha256(path.read_bytes()).digest(), path.stat().st_blocks) == before


def test_whoever_serves_is_not_among_those_who_use_it(ask: Ask, segment_folder: Path) -> None:
    code = "import rseq\nhits = rseq.Counter(segment='shop', name='hits')\nhits.add({})\nsay('ready')\nask()"
    with Program(code.format(7)) as first:
        assert first.hear() == "ready"
        client = ask()
        assert values_of(client.get("/metrics").text)["hits_total"] == 7
        first.kill()
    assert values_of(client.get("/metrics").text)["rseq_segment_processes"] == 0
    with Program(code.format(3)) as second:
        assert second.hear() == "ready"
        assert values_of(client.get("/metrics").text)["hits_total"] == 3, "it has begun anew, and the new one is served"
    path_of(segment_folder, "shop").unlink()
    gone = client.get("/metrics")
    assert (gone.status_code, gone.text.startswith("segment 'shop' is gone")) == (503, True)
    assert client.get("/health").json() == {"status": "failing"}
    hits = rseq.Counter(segment="shop", name="hits")
    assert values_of(client.get("/metrics").text)["hits_total"] == hits.value == 0


def test_what_is_new_is_found_by_the_next_scrape(ask: Ask, segment_folder: Path) -> None:
    first = rseq.Counter(segment="shop", name="first")
    client = ask()
    assert values_of(client.get("/metrics").text)["first_total"] == 0
    second = rseq.Counter(segment="shop", name="second")
    first.add(1)
    second.add(2)
    found = values_of(client.get("/metrics").text)
    assert (found["first_total"], found["second_total"]) == (1, 2)


def test_scrapes_while_labels_are_made_lose_nothing(ask: Ask, segment_folder: Path, threads: ThreadSet) -> None:
    code = f"""{HELPERS}
import rseq.metrics.prometheus
rseq.metrics.prometheus.install("shop")
hits = Counter("hits", "Hits.", ["a"])
say("ready")
ask()
for number in range(300):
    hits.labels(str(number)).inc()
say("done")
ask()
"""
    with Program(code) as service:
        assert service.hear() == "ready"
        client, is_over = ask(), threading.Event()

        def scrape() -> None:
            before = 0.0
            while not is_over.is_set():
                text = client.get("/metrics").text
                now = sum(value for name, value in values_of(text).items() if name.startswith("hits_total"))
                assert before <= now <= 300
                before = now

        for _ in range(3):
            threads.start(scrape)
        service.tell()
        assert service.hear() == "done"
        is_over.set()
        threads.join()
        found = scraped(ask)
        assert sum(value for name, value in found.items() if name.startswith("hits_total")) == 300


def test_what_is_damaged_is_counted_and_the_rest_is_exposed(ask: Ask, segment_folder: Path) -> None:
    from look.test_show import add
    from rseq._percpu.shared.segment import core_of

    shop = rseq.Segment("shop")
    about: dict[str, Any] = {"type": "counter", "family": "bad", "labels": {}}
    made(shop, "Series", "bad", about, [Wanted(16), Wanted(16)])
    add(core_of(shop), "no JSON", "Series", {}, spec="{")
    add(core_of(shop), "damaged", "Counter", {})
    add(core_of(shop), "unknown", "Gizmo", {})
    hits = rseq.Counter(segment=shop, name="hits")
    hits.add(3)
    run_installed('Counter("good", "Good.").inc()')
    for _ in range(2):
        found = scraped(ask)
        assert (found["hits_total"], found["good_total"], found["rseq_segment_problems"]) == (3, 1, 4)


def test_a_family_whose_name_is_none_is_counted_too(ask: Ask, segment_folder: Path) -> None:
    shop = rseq.Segment("shop")
    about = {"type": "counter", "name": "", "documentation": "", "unit": "", "is_registered": True}
    made(shop, "Metric", "bad", about, [Wanted(8, is_plain=True)])
    made(shop, "Metric", "odd", {**about, "name": "odd", "type": "odd"}, [Wanted(8, is_plain=True)])
    assert scraped(ask)["rseq_segment_problems"] == 2
    assert json.loads(ask().get("/health").text) == {"status": "ok"}
