"""What the page of `rseq serve` is told of gauges and events; and that looking changes nothing."""

from __future__ import annotations

import hashlib
import json
import threading
from pathlib import Path

import pytest

import rseq
from look.conftest import Crashed
from look.service import serve
from rseq._serve import live as looks
from rseq._serve.events import KEPT
from rseq._serve.live import EVERY_S, MOST_KEYS, Sampler, pause_after
from serve.conftest import Ask
from serve.pages import Page
from shared.folders import Program, path_of

# Gauges, and all else


def test_a_gauge_says_what_each_process_says_and_who_has_ended(ask: Ask, segment_folder: Path) -> None:
    code = """
        gauge = Gauge("load", "Load.", multiprocess_mode="livesum")
        gauge.set(2)
        pid = in_child(lambda: gauge.set(5), signal.SIGKILL)
        print(os.getpid(), pid, flush=True)
        sys.stdin.readline()
    """
    import textwrap

    from metrics.programs import HELPERS

    begin = f"{HELPERS}\nimport rseq.metrics.prometheus\nrseq.metrics.prometheus.install('shop')\n"
    with Program(begin + textwrap.dedent(code)) as service:
        own, child = map(int, service.hear().split())
        page = Page(ask).look(1.0)
        one = page.get("structure", name="load")
        assert one["processes"] == [
            {"pid": own, "value": 2, "lives": True},
            {"pid": child, "value": 5, "lives": False},
        ]
        assert one["history"] == [2]


def test_infinities_are_texts(ask: Ask, segment_folder: Path) -> None:
    slowest = rseq.Max(segment="shop", name="slowest")
    slowest.update(float("inf"))
    one = Page(ask).look(1.0).get("structure", name="slowest")
    assert (one["history"], one["value"]) == (["inf"], {"value": "inf"})


def test_each_kind_has_a_page(ask: Ask, crashed: Crashed) -> None:
    page = Page(ask).look(1.0, 2.0)
    for name, row in page.rows().items():
        one = page.get("structure", name=name)
        assert {key: one[key] for key in row if key != "history"} == {
            key: row[key] for key in row if key != "history"
        }, name
        assert "value" in one
    assert page.get("structure", name="sizes")["value"] == {"sum": 7, "values": [[0, 0, 0], [0, 0, 7]]}
    assert page.get("structure", name="nodes")["value"]["rows"] == [{"weight": 0}, {"weight": 2.5}]


def test_keys_are_shown_those_that_count_most_first(ask: Ask, segment_folder: Path) -> None:
    hits = rseq.KeyedCounter(1000, segment="shop", name="hits")
    for number in range(300):
        hits.add(number, number + 1)
    one = Page(ask).look(1.0).get("structure", name="hits")
    assert one["keys"][:2] == [["299", 300], ["298", 299]]
    assert len(one["keys"]) == MOST_KEYS
    assert (one["total"], one["measure"]) == (300 * 301 / 2, "rate")


def test_long_values_are_left_out(ask: Ask, segment_folder: Path) -> None:
    long = rseq.CounterArray(1001, segment="shop", name="long")
    long.add(1000)
    assert Page(ask).look(1.0).get("structure", name="long")["value"] == {"sum": 1}


# Events


def test_events_are_shown_the_newest_first_and_stay(ask: Ask, segment_folder: Path) -> None:
    made = serve()
    page = Page(ask).look(1.0)
    found = page.get("events", name="events")
    assert [event["data"] for event in found["events"]] == ["ff00", "grüße\x1b[31m", "hello"]
    assert (found["seen"], found["missed"], found["problem"]) == (3, 0, "")
    made["events"].write(b"later")
    assert [event["data"] for event in page.get("events", name="events")["events"]][:2] == ["later", "ff00"]
    assert next(event.data for event in made["events"].drain()) == b"hello"
    assert page.get("events", name="events")["seen"] == 4
    assert page.get("events", name="rows")["events"][0]["data"] == {"id": 1, "x": 2.5, "pair": [3, 4]}


def test_only_the_last_events_are_kept(ask: Ask, segment_folder: Path) -> None:
    ring = rseq.RingBuffer(1 << 20, segment="shop", name="ring")
    page = Page(ask).look(1.0)
    for number in range(KEPT + 50):
        ring.write(f"{number} {'x' * number * 20}".encode()[:3000])
    found = page.get("events", name="ring")
    assert (ring.lost, found["seen"], len(found["events"])) == (0, KEPT + 50, KEPT)
    assert found["events"][0]["data"].startswith(f"{KEPT + 49} ")
    assert {len(event["data"]) for event in found["events"]} >= {2001}, "long ones are cut"
    assert max(len(event["data"]) for event in found["events"]) == 2001


def test_a_ring_with_very_much_in_it_is_for_dump(
    ask: Ask, segment_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rseq._serve.events.MOST_BYTES", 16)
    made = serve()
    page = Page(ask).look(1.0)
    assert page.get("events", name="events")["problem"] == "0 MiB wait in it: `rseq dump` prints them"
    assert len([*made["events"].drain()]) == 3


def test_what_is_no_ring_has_no_events(ask: Ask, crashed: Crashed) -> None:
    assert Page(ask).look(1.0).get("events", name="hits") == {"problem": "'hits' is a Counter, and no RingBuffer"}


# The thread, the files, and that nothing is changed


def test_the_thread_looks_until_it_is_told_to_end(crashed: Crashed, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = threading.Semaphore(0)

    class Looking:
        def look(self, at: float) -> None:
            seen.release()

    monkeypatch.setattr(looks, "EVERY_S", 0.0)
    monkeypatch.setattr(looks, "SHARE", 1.0)
    with Sampler(Looking()) as sampler:  # type: ignore[arg-type]
        for _ in range(3):
            assert seen.acquire(timeout=60)
    assert not sampler._thread.is_alive()


def test_a_look_that_takes_long_is_less_often() -> None:
    assert pause_after(0.0) == pause_after(0.01) == EVERY_S
    assert pause_after(1.0) == 20.0


@pytest.mark.parametrize(
    ("path", "type", "text"),
    [
        ("/", "text/html", "<!doctype html>"),
        ("/page.css", "text/css", "prefers-color-scheme: dark"),
        ("/page.js", "text/javascript", '"use strict"'),
        ("/icon.svg", "image/svg+xml", "<svg"),
    ],
)
def test_the_files_of_the_page_are_served(ask: Ask, crashed: Crashed, path: str, type: str, text: str) -> None:
    answer = ask().get(path)
    assert answer.headers["content-type"].startswith(type)
    assert text in answer.text
    assert "http" not in answer.text.replace("http://www.w3.org/2000/svg", ""), "no asset from elsewhere"


def test_looking_with_the_page_changes_nothing(ask: Ask, crashed: Crashed) -> None:
    path = path_of(crashed.folder, "shop")
    before = hashlib.sha256(path.read_bytes()).digest(), path.stat().st_blocks
    page = Page(ask).look(1.0, 2.0)
    for name in page.rows():
        page.get("structure", name=name)
    for name in ("events", "rows"):
        assert page.get("events", name=name)["problem"] == ""
    json.dumps(page.get("segment"))
    assert (hashlib.sha256(path.read_bytes()).digest(), path.stat().st_blocks) == before
