"""`rseq dump`: a ring's events in three forms, and a ring that does not notice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

import rseq
from look.conftest import Crashed, Run
from look.service import DTYPE
from rseq._look.held import RingBuffer
from rseq._look.reading import found_in
from rseq._look.rings import Onlooker, as_plain
from rseq._percpu.shared.segment import core_of

TEXTS = ["hello", "grüße\x1b[31m", "ff00"]


def onlooker_of(ring: rseq.RingBuffer) -> Onlooker:
    segment = ring.storage.segment
    assert segment is not None
    assert ring.name is not None
    (found,) = found_in(core_of(segment), [ring.name])
    assert isinstance(found.structure, RingBuffer)
    return Onlooker(found.structure)


def data_of(onlooker: Onlooker) -> list[object]:
    return [as_plain(event.data) for event in onlooker.events()]


def test_text_has_time_and_cpu_and_no_control_characters(run: Run, crashed: Crashed) -> None:
    lines = run("dump", "shop", "events").stdout.splitlines()
    parts = [re.fullmatch(r"\d\d:\d\d:\d\d\.\d{6}  CPU \d+  (.*)", line) for line in lines]
    assert [part and part[1] for part in parts] == ["hello", "grüße\\x1b[31m", "ff00"]
    (row,) = run("dump", "shop", "rows").stdout.splitlines()
    assert row.endswith("  id=1 x=2.5 pair=[3, 4]")


def test_jsonl_has_an_object_for_each_event(run: Run, crashed: Crashed) -> None:
    events = [json.loads(line) for line in run("dump", "shop", "events", "--format", "jsonl").stdout.splitlines()]
    assert [event["data"] for event in events] == TEXTS
    assert [*events[0]] == ["cpu", "time_ns", "unix_ns", "data"]
    stamps = [event["time_ns"] for event in events]
    assert stamps == sorted(stamps)
    assert len({event["unix_ns"] - event["time_ns"] for event in events}) == 1
    (row,) = run("dump", "shop", "rows", "--format", "jsonl").stdout.splitlines()
    assert json.loads(row)["data"] == {"id": 1, "x": 2.5, "pair": [3, 4]}


def test_a_trace_has_an_instant_for_each_event_and_a_thread_for_each_cpu(run: Run, crashed: Crashed) -> None:
    (name, *events) = json.loads(run("dump", "shop", "events", "--format", "trace").stdout)["traceEvents"]
    assert name == {
        "name": "thread_name",
        "ph": "M",
        "pid": 0,
        "tid": events[0]["tid"],
        "args": {"name": f"CPU {events[0]['tid']}"},
    }
    assert [event["name"] for event in events] == TEXTS
    assert {(event["ph"], event["s"]) for event in events} == {("i", "t")}
    lines = run("dump", "shop", "events", "--format", "jsonl").stdout.splitlines()
    microseconds = [json.loads(line)["time_ns"] / 1000 for line in lines]
    apart = [event["ts"] - other for event, other in zip(events, microseconds, strict=True)]
    assert max(apart) - min(apart) < 1e3  # each command has its own calibration
    (_, row) = json.loads(run("dump", "shop", "rows", "--format", "trace").stdout)["traceEvents"]
    assert row["args"] == {"id": 1, "x": 2.5, "pair": [3, 4]}


def test_a_ring_without_a_clock_has_no_times(run: Run, segment_folder: Path) -> None:
    ring = rseq.RingBuffer(4, clock=False, dtype="u64", segment="shop", name="ring")
    ring.write(7)
    assert re.fullmatch(r"-  CPU \d+  7\n", run("dump", "shop", "ring").stdout)
    event = json.loads(run("dump", "shop", "ring", "--format", "jsonl").stdout)
    assert event == {"cpu": event["cpu"], "data": 7}
    assert json.loads(run("dump", "shop", "ring", "--format", "trace").stdout)["traceEvents"][1]["ts"] == 0


@pytest.mark.parametrize("mode", ["drop", "overwrite"])
def test_an_empty_ring_has_no_events(run: Run, segment_folder: Path, mode: str) -> None:
    ring = rseq.RingBuffer(4096, mode, segment="shop", name="ring")  # type: ignore[arg-type]
    assert run("dump", "shop", "ring").stdout == ""
    assert json.loads(run("dump", "shop", "ring", "--format", "trace").stdout)["traceEvents"] == []
    assert len(ring) == 0


def test_what_is_no_ring_is_said_in_a_sentence(run: Run, crashed: Crashed) -> None:
    assert (
        run("dump", "shop", "hits", status=1).stderr
        == "Error: 'hits' is a Counter, and no RingBuffer; its rings are events, rows\n"
    )
    assert run("dump", "shop", "log", status=1).stderr == (
        "Error: segment 'shop' has no structure named 'log'; its rings are events, rows\n"
    )
    assert run("dump", "shed", "log", status=1).stderr == "Error: there is no segment 'shed'; there is 'shop'\n"
    assert "a trace is one JSON object" in run("dump", "shop", "events", "-f", "--format", "trace", status=2).stderr


# Readers and writers go on


@pytest.mark.parametrize("mode", ["drop", "overwrite"])
def test_the_program_s_reader_has_everything_afterwards(run: Run, segment_folder: Path, mode: str) -> None:
    ring = rseq.RingBuffer(4096, mode, segment="shop", name="ring")  # type: ignore[arg-type]
    for number in range(5):
        ring.write(b"event %d" % number)
    for _ in range(2):
        assert len(run("dump", "shop", "ring").stdout.splitlines()) == 5
    assert [event.data for event in ring.drain()] == [b"event %d" % number for number in range(5)]
    assert run("dump", "shop", "ring").stdout == ""


def test_it_does_not_wait_for_a_reader_in_its_turn(run: Run, segment_folder: Path) -> None:
    ring = rseq.RingBuffer(4096, segment="shop", name="ring")
    ring.write(b"event")
    turn = ring._reader._turn()
    with pytest.raises(RuntimeError, match="reading the ring already"):
        ring.peek()
    assert len(run("dump", "shop", "ring").stdout.splitlines()) == 1
    del turn


@pytest.mark.parametrize("dtype", [None, "u64"])
def test_what_a_reader_takes_out_while_it_is_copied_is_left_out(
    segment_folder: Path, monkeypatch: pytest.MonkeyPatch, dtype: str | None
) -> None:
    """Writers may have overwritten it by then: here they have."""
    ring = rseq.RingBuffer(256, segment="shop", name="ring", dtype=dtype)
    events = [*range(20, 28)] if dtype else [f"{number}" for number in range(20, 28)]

    def write(some: list[object]) -> None:
        for one in some:
            assert ring.write(one if dtype else str(one).encode())

    write(events[:6])
    onlooker = onlooker_of(ring)
    copied = onlooker._bytes

    def slowly(lane: int, field: str, size: int, begin: int, count: int) -> bytearray:
        found = copied(lane, field, size, begin, count)
        if field == "data":
            ring.drain()
            found[:] = b"\xa5" * len(found)  # as if writers had been there
        return found

    monkeypatch.setattr(onlooker, "_bytes", slowly)
    assert data_of(onlooker) == []
    monkeypatch.undo()
    write(events[6:])
    assert data_of(onlooker) == events[6:]


def test_following_shows_each_event_once(segment_folder: Path) -> None:
    ring = rseq.RingBuffer(4096, segment="shop", name="ring")
    onlooker = onlooker_of(ring)
    ring.write(b"1")
    assert data_of(onlooker) == ["1"]
    ring.write(b"2")
    assert data_of(onlooker) == ["2"]
    ring.write(b"3")
    ring.drain()
    ring.write(b"4")
    assert data_of(onlooker) == ["4"]  # a reader was faster
    assert data_of(onlooker) == []


@pytest.mark.parametrize("dtype", [None, DTYPE])
def test_a_ring_that_overwrites_shows_what_a_reader_has_taken_out(
    segment_folder: Path, dtype: np.dtype[np.void] | None
) -> None:
    ring = rseq.RingBuffer(32 if dtype else 4096, "overwrite", segment="shop", name="ring", dtype=dtype)

    def write(first: int, end: int) -> None:
        for number in range(first, end):
            ring.write(np.array((number, 0, (0, 0)), DTYPE) if dtype is not None else b"%d" % number)

    def numbers() -> list[int]:
        found: list[object] = data_of(onlooker)
        return [int(one["id"] if isinstance(one, dict) else str(one)) for one in found]

    onlooker = onlooker_of(ring)
    write(0, 10)
    assert numbers() == [*range(10)]
    write(10, 20)
    ring.drain()
    write(20, 25)
    assert numbers() == [*range(10, 25)]
    assert onlooker.missed == 0
    write(25, 2000)
    found = numbers()
    assert found == [*range(found[0], 2000)]
    assert onlooker.missed == found[0] - 25


def test_a_moment_is_known_though_the_reader_is_new(segment_folder: Path) -> None:
    """Stamps may be hours old: the counter's rate is known from when the ring was made."""
    ring = rseq.RingBuffer(4096, segment="shop", name="ring")
    ring.write(b"1")
    (event,) = ring.peek()
    onlooker = onlooker_of(ring)
    (seen,) = onlooker.events()
    assert event.time_ns is not None
    assert seen.time_ns is not None
    assert abs(event.time_ns - seen.time_ns) < 1_000_000
    assert onlooker._calibration is not None
    assert ring._reader._calibration is not None
    assert onlooker._calibration._points[0] == ring._reader._calibration._points[0]


def test_a_ring_with_garbage_in_it_is_one_sentence_or_events(run: Run, segment_folder: Path) -> None:
    ring = rseq.RingBuffer(256, segment="shop", name="ring")
    words = ring.storage.view()
    words["head"], words["data"] = 50, 0xFFFFFFF0
    run("dump", "shop", "ring")
    words["head"] = 1 << 63
    run("dump", "shop", "ring")
    words["head"], words["data"] = 50, 0  # the last header is cut off
    assert "Error: the ring is damaged" in run("dump", "shop", "ring", status=1).stderr


def test_bytes_in_records_are_texts_or_hex() -> None:
    record = np.array([(b"abc", b"\xff")], [("text", "S3"), ("raw", "S1")])[0]
    assert as_plain(record) == {"text": "abc", "raw": "ff"}
    assert as_plain(np.datetime64("2026-01-01")) == "2026-01-01"
    assert as_plain(1 + 2j) == "(1+2j)"
