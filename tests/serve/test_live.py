"""What the page of `rseq serve` asks for: rates, levels, heat maps and events over the last looks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

import rseq
from look.conftest import Crashed
from look.service import serve, use
from metrics.programs import run_installed
from rseq._look.buckets import quantiles
from rseq._metrics.blocks import made
from rseq._metrics.series import BASES, front, numbers
from rseq._percpu.shared.extents import Wanted
from rseq._percpu.shared.segment import core_of
from rseq._serve import live as looks
from rseq._serve import source
from rseq._serve.buckets import Heat
from rseq._serve.live import LOOKS, SHORT
from serve.conftest import Ask
from serve.pages import Page
from shared.folders import Program, path_of

# The table


def test_rates_are_what_came_between_two_looks(ask: Ask, segment_folder: Path) -> None:
    made = serve()
    page = Page(ask).look(100.0)
    assert page.rows()["hits"]["history"] == [None]
    use({**made, "lock": rseq.SpinLock()})
    rows = page.look(102.0).rows()
    assert rows["hits"]["total"] == 2 * 12_345
    assert rows["hits"]["history"] == [None, 12_345 / 2]
    assert (rows["hits"]["measure"], rows["hits"]["kind"], rows["hits"]["line"]) == ("rate", "Counter", "24,690")
    assert sum(rows["hits"]["per_cpu"]) == 24_690
    assert rows["latency"]["history"] == [None, 50]
    assert rows["rows"]["history"][-1] == 0.5
    assert page.look(106.0).rows()["hits"]["history"] == [None, 12_345 / 2, 0]
    assert page.get("structures")["times"] == [100, 102, 106]


def test_what_does_not_count_has_a_level(ask: Ask, segment_folder: Path) -> None:
    made = serve()
    page = Page(ask).look(1.0)
    made["slowest"].update(7.5)
    made["buffers"].acquire()
    rows = page.look(2.0).rows()
    levels = {name: row["history"] for name, row in rows.items() if row["measure"] == "level"}
    assert levels == {
        "slowest": [0.25, 7.5],
        "least": [None, None],
        "free": [1, 1],
        "calls": [7, 7],
        "buffers": [1, 2],
        "lock": [1, 1],
        "readers": [1, 1],
    }
    assert {row["total"] for row in rows.values() if row["measure"] != "rate"} == {None}


def test_the_last_looks_are_kept_and_no_more(ask: Ask, segment_folder: Path) -> None:
    hits = rseq.Counter(segment="shop", name="hits")
    page = Page(ask)
    for number in range(LOOKS + 20):
        hits.add(number)
        page.look(float(number))
    assert page.rows()["hits"]["history"] == [*range(LOOKS + 20 - SHORT, LOOKS + 20)]
    assert page.get("structures")["times"] == [*range(LOOKS + 20 - SHORT, LOOKS + 20)]
    one = page.get("structure", name="hits")
    assert one["times"] == [*range(19, LOOKS + 20)]
    assert one["history"] == [None, *range(20, LOOKS + 20)]


def test_the_table_is_sorted_filtered_and_in_pages(ask: Ask, crashed: Crashed) -> None:
    page = Page(ask).look(1.0, 2.0)
    assert [*page.rows()][:3] == ["hits", "seconds", "sizes"]
    assert [*page.rows(sort="name")] == sorted(page.rows())
    assert next(iter(page.rows(sort="total"))) == "hits"
    assert {*page.rows(filter="COUNTER")} == {"hits", "seconds", "sizes", "small", "requests"}
    assert [*page.rows(first=1, count=2)] == ["seconds", "sizes"]
    found = page.get("structures", filter="buffer", count=1)
    assert (found["matches"], found["first"], len(found["rows"])) == (3, 0, 1)
    assert page.rows(filter="nothing of the kind") == {}
    assert page.rows(first=1000) == {}


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"sort": "size"}, "sort: expected made, name, kind, total, rate; got 'size'"),
        ({"first": "-1"}, "first: expected 0 to 1073741824, got '-1'"),
        ({"first": "9" * 30}, "first: expected 0 to"),
        ({"count": "1e3"}, "count: expected 0 to 200, got '1e3'"),
        ({"count": "201"}, "count: expected 0 to 200, got '201'"),
        ({"count": "²"}, "count: expected 0 to 200, got '²'"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence(
    ask: Ask, crashed: Crashed, parameters: dict[str, str], sentence: str
) -> None:
    assert sentence in Page(ask).get("structures", 400, **parameters)


def test_what_is_not_there_is_a_sentence(ask: Ask, crashed: Crashed) -> None:
    page = Page(ask).look(1.0)
    for path in ("structure", "events"):
        assert page.get(path, 404, name="no\nsuch").startswith("the segment has no structure named 'no\\\\nsuch'")
        assert page.get(path, 400) == "name: which structure? /api/structures lists them\n"
    assert page.get("nothing", 404) == "there is nothing here; see /, /metrics and /health\n"


def test_before_the_first_look_there_is_nothing(ask: Ask, crashed: Crashed) -> None:
    page = Page(ask)
    assert page.rows() == {}
    assert page.get("segment") == {"segment": "shop", "problem": "", "at": None, "watched": 0}


def test_the_segment_says_who_has_it_open(ask: Ask, segment_folder: Path) -> None:
    hits = rseq.Counter(segment="shop", name="hits")
    about = Page(ask).look(5.0).get("segment")
    assert [one["pid"] for one in about["processes"]] == [os.getpid()]
    assert (about["structures"], about["watched"], about["at"]) == (1, 1, 5)
    assert about["cpus"] == rseq.Segment("shop").lanes
    assert hits.value == 0


# A segment that begins anew, or is gone


def test_a_segment_that_begins_anew_is_followed_and_so_is_its_history(ask: Ask, segment_folder: Path) -> None:
    code = "import rseq\nhits = rseq.Counter(segment='shop', name='hits')\nhits.add({})\nsay('ready')\nask()"
    with Program(code.format(7)) as first:
        assert first.hear() == "ready"
        page = Page(ask).look(1.0, 2.0)
        before = page.get("segment")["identity"]
        first.kill()
    with Program(code.format(3)) as second:
        assert second.hear() == "ready"
        row = page.look(3.0).rows()["hits"]
        assert (row["total"], row["history"]) == (3, [None])
        assert page.get("segment")["identity"] != before
        second.kill()
    path_of(segment_folder, "shop").unlink()
    page.look(4.0)
    assert page.get("segment")["problem"].startswith("segment 'shop' is gone")
    assert page.rows()["hits"]["total"] == 3, "what was seen last"
    hits = rseq.Counter(segment="shop", name="hits")
    hits.add(4)
    assert page.look(5.0).rows()["hits"]["total"] == 4
    assert page.get("segment")["problem"] == ""


def test_a_clock_that_is_set_back_begins_a_new_history(ask: Ask, crashed: Crashed) -> None:
    page = Page(ask).look(10.0, 11.0, 5.0)
    assert page.get("structures")["times"] == [5]
    assert page.look(6.0).rows()["hits"]["history"] == [None, 0]


def test_what_is_damaged_is_a_row_that_says_so(ask: Ask, segment_folder: Path) -> None:
    shop = rseq.Segment("shop")
    about: dict[str, Any] = {"type": "histogram", "family": "bad", "labels": {}}
    made(shop, "Series", "small", {**about, "bounds": ["1.0"]}, [Wanted(16), Wanted(8)])
    for name, bounds in (("words", ["x", "+Inf"]), ("nan", ["nan", "nan"]), ("half", ["1.0", "\ud800"])):
        count = numbers("histogram", len(bounds))
        wanted = [Wanted(8 * (front("histogram") + count)), Wanted(8 * (BASES + count), is_plain=True)]
        made(shop, "Series", name, {**about, "bounds": bounds}, wanted)
    page = Page(ask).look(1.0, 2.0)
    rows = page.rows()
    assert {name: row["is_damaged"] for name, row in rows.items()} == {
        "small": True,
        "words": False,
        "nan": False,
        "half": False,
    }
    for name in rows:
        one = page.get("structure", name=name)
        assert one["line"] == rows[name]["line"]


def test_a_series_of_opentelemetry_is_a_row_like_others(ask: Ask, segment_folder: Path) -> None:
    shop = rseq.Segment("shop")
    for type, bounds in (("sum", []), ("histogram", ["1.0", "+Inf"]), ("exponential", []), ("window", [])):
        args = {"type": f"otel {type}", "family": type, "labels": {}, **({"bounds": bounds} if bounds else {})}
        count = numbers(f"otel {type}", len(bounds))
        made(shop, "Series", type, args, [Wanted(8 * count), Wanted(8 * (BASES + count), is_plain=True)])
    page = Page(ask).look(1.0, 2.0)
    assert {name: (row["is_damaged"], bool(row["per_cpu"])) for name, row in page.rows().items()} == {
        "sum": (False, True),
        "histogram": (False, True),
        "exponential": (False, False),
        "window": (False, True),
    }
    assert page.get("structure", name="histogram")["buckets"]["counts"] == [0, 0]


def test_memory_that_is_elsewhere_is_a_problem_of_one_structure(ask: Ask, segment_folder: Path) -> None:
    shop = rseq.Segment("shop")
    hits = rseq.Counter(segment=shop, name="hits")
    args = {"type": "counter", "family": "far", "labels": {}}
    made(shop, "Series", "near", args, [Wanted(8), Wanted(8 * (BASES + 1), is_plain=True)])
    directory = core_of(shop).directory
    entry = directory.find("near")
    assert entry is not None
    far = entry.blocks[0]._replace(offset=1 << 40)
    directory.add(entry._replace(name="far", blocks=(far, entry.blocks[1])))
    page = Page(ask).look(1.0)
    assert page.get("segment")["problem"] == ""
    rows = page.rows()
    assert {name: row["is_damaged"] for name, row in rows.items()} == {"hits": False, "near": False, "far": True}
    assert "a block of 8 bytes at 1099511627776" in rows["far"]["line"]
    assert hits.value == 0


@pytest.mark.parametrize("extent", [1, 4095, 4096, (1 << 31) - 1])
def test_an_extent_that_is_not_there_is_a_problem_of_one_structure(ask: Ask, segment_folder: Path, extent: int) -> None:
    """Where it is looked for in memory that is not there, the process ends."""
    shop = rseq.Segment("shop")
    args = {"type": "stateset", "family": "near", "labels": {}, "states": ["a"]}
    made(shop, "Enum", "near", args, [Wanted(8, is_plain=True)])
    directory = core_of(shop).directory
    entry = directory.find("near")
    assert entry is not None
    directory.add(entry._replace(name="far", blocks=(entry.blocks[0]._replace(extent=extent + 1),)))
    page = Page(ask).look(1.0)
    rows = page.rows()
    assert rows["near"]["is_damaged"] is False
    assert f"a block in extent {extent + 1}, which is not there" in rows["far"]["line"]
    assert "rseq_segment_problems 1.0" in page._client.get("/metrics").text


def test_only_the_first_of_very_many_are_watched(
    ask: Ask, segment_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "MOST_WATCHED", 2)
    counters = [rseq.Counter(segment="shop", name=name) for name in "abc"]
    run_installed('Counter("hits", "Hits.").inc()')
    page = Page(ask).look(1.0)
    assert [*page.rows()] == ["a", "b"]
    assert "c_total 0.0" in page._client.get("/metrics").text
    text = page._client.get("/metrics").text
    assert "hits_total 1.0" in text
    assert "rseq_segment_structures 4.0" in text
    assert page.get("segment")["structures"] == 4  # a, b, c and hits_total, as `rseq show` has them
    assert len(counters) == 3


# Histograms


def test_a_heat_map_has_what_came_between_two_looks(ask: Ask, segment_folder: Path) -> None:
    waits = rseq.Histogram([1, 2, 4, 8], segment="shop", name="waits")
    waits.observe(0.5)
    page = Page(ask).look(1.0)
    for _ in range(3):
        waits.observe(3)
    page.look(3.0)
    waits.observe(100)
    one = page.look(4.0).get("structure", name="waits")
    assert one["heat"] == {
        "times": [3, 4],
        "seconds": [2, 1],
        "bounds": [4, 8, None],
        "below": 2,
        "counts": [[3, 0, 0], [0, 0, 1]],
        "quantiles": [
            {"0.5": pytest.approx(2 + 2 * 2 / 3), "0.9": 4, "0.99": 4},
            {"0.5": 8, "0.9": 8, "0.99": 8},
        ],
    }
    assert one["buckets"]["counts"] == [1, 0, 3, 0, 1]
    assert one["buckets"]["sum"] == 109.5
    assert one["buckets"]["quantiles"]["0.5"] == waits.quantile(0.5)


def test_histograms_of_prometheus_client_are_like_the_others(ask: Ask, segment_folder: Path) -> None:
    holder = rseq.Segment("shop")
    page = Page(ask)
    run_installed('Histogram("waits", "W.", ["a"], buckets=(1, 2)).labels("x").observe(1.5)')
    page.look(1.0)
    run_installed('h = Histogram("waits", "W.", ["a"], buckets=(1, 2)).labels("x"); h.observe(9); h.observe(0.5)')
    one = page.look(2.0).get("structure", name='waits{a="x"}')
    assert one["buckets"]["bounds"] == [1, 2]
    assert one["buckets"]["counts"] == [1, 1, 1]
    assert one["heat"]["counts"] == [[1, 0, 1]]
    assert one["history"] == [None, 2]
    assert sum(one["per_cpu"]) == 3
    assert len(holder) > 0


def test_cpus_have_their_parts_of_a_metric_until_it_begins_anew(ask: Ask, segment_folder: Path) -> None:
    run_installed("""
        Counter("hits", "Hits.").inc(4)
        Summary("work", "W.").observe(100)
        again = Counter("again", "A.", ["a"])
        again.labels("x").inc(5)
        again.remove("x")
        again.labels("x").inc(2)
    """)
    rows = Page(ask).look(1.0).rows()
    assert sum(rows["hits_total"]["per_cpu"]) == 4
    assert sum(rows["work"]["per_cpu"]) == 1
    assert (rows['again_total{a="x"}']["per_cpu"], rows['again_total{a="x"}']["total"]) == ([], 2)


def test_a_histogram_with_many_bounds_is_kept_with_fewer() -> None:
    heat = Heat(range(1000), 3)
    heat.add(0.0, [0] * 1001)
    heat.add(1.0, [1] * 1001)
    ((at, seconds, counts),) = heat.columns()
    assert (at, seconds, sum(counts)) == (1, 1, 1001)
    assert len(counts) == len(heat.bounds) + 1 <= 101
    assert heat.bounds[-1] == 999
    assert counts[-1] == 1


def test_a_histogram_that_begins_anew_has_what_it_has_then() -> None:
    heat = Heat([1.0], 3)
    for at, counts in enumerate(([5, 5], [6, 5], [1, 0])):
        heat.add(at, counts)
    assert [counts for *_, counts in heat.columns()] == [[1, 0], [1, 0]]


@pytest.mark.parametrize("bounds", [[], [2, 1], [1, 1], [float("nan")], [1, float("inf")]])
def test_bounds_that_are_none_have_no_quantiles(bounds: list[float]) -> None:
    assert quantiles(bounds, [1] * (len(bounds) + 1)) == {"0.5": None, "0.9": None, "0.99": None}


def test_so_many_histograms_have_a_heat_map_and_no_more(
    ask: Ask, segment_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "MOST_HISTOGRAMS", 1)
    kept = [rseq.Histogram([1], segment="shop", name=name) for name in "ab"]
    page = Page(ask).look(1.0, 2.0)
    assert page.get("structure", name="a")["heat"] is not None
    assert page.get("structure", name="b")["heat"] is None
    assert len(kept) == 2
