"""RingBuffer: what goes in comes out once and whole, or is counted as lost."""

from __future__ import annotations

import os
import pickle
import random
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import islice
from typing import Any

import numpy as np
import pytest

import rseq
from models.ring import Model
from rseq import f32, u64
from rseq._language.interpret import Memory, run
from rseq._language.ir import Store
from rseq._stress.structures.ring import law, workloads
from rseq._stress.workload import buffered
from rseq._structures.ring import reader as reader_module
from rseq._structures.ring.clock import Calibration
from rseq._structures.ring.kind import SHIPPED, SMALL, Kind
from rseq._structures.ring.layout import tail_of
from rseq._structures.ring.sizes import low_bits
from rseq.check import check
from support import ThreadSet, run_python

MODES = ["drop", "overwrite"]
OFF = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}
PAIR = np.dtype([("a", "<i4"), ("b", "<f8")])


@contextmanager
def on_one_cpu() -> Iterator[int]:
    """The thread runs on one CPU in the body of the `with`."""
    allowed = os.sched_getaffinity(0)
    cpu = max(allowed)
    os.sched_setaffinity(0, {cpu})
    try:
        yield lane_of(cpu)
    finally:
        os.sched_setaffinity(0, allowed)


def lane_of(cpu: int) -> int:
    """The lane that a thread on a CPU writes to."""
    return cpu if rseq.available() else rseq.percpu(Small).place.lanes


def datas(events: Any) -> list[Any]:
    return [event.data for event in events]


# ---- one thread


def test_what_was_written_is_drained_once() -> None:
    ring = rseq.RingBuffer(1000)
    assert ring.write(b"one") is True
    assert ring.write(bytearray(b""))
    assert ring.write(memoryview(b"three"))
    assert ring.write(np.arange(3, dtype="u1"))
    assert datas(ring.peek()) == [b"one", b"", b"three", b"\0\1\2"]
    assert len(ring) == 4
    assert datas(ring.drain()) == [b"one", b"", b"three", b"\0\1\2"]
    assert ring.drain() == ring.peek() == []
    assert len(ring) == ring.lost == 0
    assert bool(ring)


def test_without_a_clock_each_cpu_has_its_own_order() -> None:
    """A writer that moves to a CPU of a lower number comes out of order; all of one CPU are in order."""
    ring, allowed = rseq.RingBuffer(1000, clock=False), os.sched_getaffinity(0)
    cpus = sorted(allowed, reverse=True)[:2]
    try:
        for number in range(20):
            os.sched_setaffinity(0, {cpus[number // 10 % len(cpus)]})
            ring.write(b"%d" % number)
    finally:
        os.sched_setaffinity(0, allowed)
    lanes: dict[int, list[int]] = {}
    for event in ring.peek():
        lanes.setdefault(event.cpu, []).append(int(event.data))
    assert all(lane == sorted(lane) for lane in lanes.values())
    assert [int(data) for data in datas(ring.drain())] == [number for cpu in sorted(lanes) for number in lanes[cpu]]
    if len(lanes) == 2:
        assert lanes == {cpus[0]: list(range(10)), cpus[1]: list(range(10, 20))}


def test_who_leaves_a_loop_over_drain_keeps_the_rest() -> None:
    ring = rseq.RingBuffer(1000, clock=False)
    with on_one_cpu():
        for number in range(10):
            ring.write(b"%d" % number)
    waiting = ring.drain()
    assert isinstance(waiting, list)
    assert isinstance(ring.peek(), list)
    seen = 0
    for event in waiting:
        seen += 1
        if event.data == b"3":
            break
    assert datas(waiting[seen:]) == [b"%d" % number for number in range(4, 10)]


def test_its_properties_say_how_it_was_made() -> None:
    ring = rseq.RingBuffer(1000, mode="overwrite", clock=False)
    assert repr(ring) == "<rseq.RingBuffer of 1024 bytes for each CPU, mode='overwrite', clock=False>"
    assert (ring.capacity, ring.mode, ring.clock, ring.dtype, ring.largest) == (1024, "overwrite", False, None, 112)
    ring = rseq.RingBuffer(5, dtype=f32)
    assert repr(ring) == "<rseq.RingBuffer of 8 records of float32 for each CPU, mode='drop', clock=True>"
    assert (ring.capacity, ring.mode, ring.clock, ring.dtype, ring.largest) == (8, "drop", True, np.dtype("f4"), 4)
    assert rseq.RingBuffer(1).capacity == 256
    assert repr(rseq.RingBuffer(8, "overwrite", dtype=f32)) == (
        "<rseq.RingBuffer of 15 records of float32 for each CPU, mode='overwrite', clock=True>"
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("clock", [False, True])
def test_the_largest_record_fits_wherever_the_ring_is(mode: Any, clock: bool) -> None:
    ring = rseq.RingBuffer(512, mode, clock)
    for turn in range(100):
        ring.write(bytes(turn % 23))
        ring.drain()
        data = bytes([turn]) * ring.largest
        assert ring.write(data)
        assert datas(ring.drain()) == [data]
    lost = ring.lost
    assert not ring.write(bytes(ring.largest + 1))
    assert not ring.write(bytes(1 << 20))
    assert ring.lost == lost + 2


def test_drop_counts_what_does_not_fit_and_keeps_what_was_there() -> None:
    with on_one_cpu() as cpu:
        ring = rseq.RingBuffer(256, clock=False)
        assert [ring.write(b"1234") for _ in range(40)] == [True] * 32 + [False] * 8
        assert ring.lost == 8
        assert [event.cpu for event in ring.drain()] == [cpu] * 32
        assert ring.write(b"again")


def test_overwrite_keeps_the_newest_and_counts_the_others() -> None:
    with on_one_cpu():
        ring = rseq.RingBuffer(256, "overwrite", clock=False)
        assert all(ring.write(b"%04d" % number) for number in range(1000))
        kept = datas(ring.drain())
        assert kept == [b"%04d" % number for number in range(1000 - len(kept), 1000)]
        assert len(kept) > 10
        assert ring.lost == 1000 - len(kept)


def taken(length: int, clock: bool) -> int:
    """What a record takes in a ring: header and length, up to a whole unit."""
    return (12 if clock else 4) + (length + 3) // 4 * 4


@pytest.mark.parametrize("clock", [False, True])
@pytest.mark.parametrize("capacity", [256, 512, 1024, 2048])
def test_overwrite_keeps_the_share_that_its_page_names(capacity: int, clock: bool) -> None:
    """After each write, wherever in a part: docs/ring.md, "When it is full"."""
    dice = random.Random(capacity)
    with on_one_cpu():
        largest = rseq.RingBuffer(capacity, "overwrite", clock).largest
        for most in {0, 1, 5, largest // 2, largest // 2 + 4, largest}:
            for is_mixed in (False, True):
                ring, written = rseq.RingBuffer(capacity, "overwrite", clock), 0
                least = capacity * 3 // 4 - 6 * (taken(most, clock) + 8)
                while written < 2 * capacity:
                    length = dice.randint(0, most) if is_mixed else most
                    ring.write(bytes(length))
                    written += taken(length, clock)
                    if written > capacity:
                        kept = [len(data) for data in datas(ring.peek())]
                        assert len(kept) >= 6
                        assert sum(taken(length, clock) for length in kept) >= least


def test_overwrite_keeps_as_many_of_the_smallest_records_in_a_large_ring() -> None:
    with on_one_cpu():
        ring = rseq.RingBuffer(1 << 18, "overwrite", clock=False)
        for number in range(100_000):
            ring.write(b"")
            if number > 1 << 16 and number % 1_000 == 0:
                assert 4 * len(ring) >= (1 << 18) * 3 // 4 - 6 * (4 + 8)


@pytest.mark.parametrize("asked", [1, 2, 3, 7, 8, 100])
def test_overwrite_keeps_as_many_records_of_one_layout_as_its_capacity(asked: int) -> None:
    with on_one_cpu():
        ring = rseq.RingBuffer(asked, "overwrite", clock=False, dtype=u64)
        assert asked <= ring.capacity <= 2 * asked
        for number in range(3 * ring.capacity):
            ring.write(number)
            assert len(ring) == min(number + 1, ring.capacity)


KINDS = {
    **SMALL,
    "a medium one": Kind(64, 0, clock=True),
    "eight parts": Kind(256, 8, clock=False),
    "many in a part": Kind(1 << 15, 8, clock=False),
    "floats": Kind(8, 1, True, "f64", np.dtype("f8")),
    "pairs": Kind(4, 0, False, 12, PAIR),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_it_does_what_the_model_does(name: str, seed: int) -> None:
    kind, dice = KINDS[name], random.Random(seed)
    with on_one_cpu() as cpu:
        ring, model = rseq.RingBuffer._of(kind), Model(kind, cpu + 1)
        model.cpu = cpu
        many = kind.units if kind.units > 1000 else 0
        for _ in range(400):
            action = dice.randrange(20)
            if action == 0:
                assert as_pairs(ring.drain()) == model.drain()
            elif action == 1:
                assert as_pairs(ring.peek()) == model.peek()
                assert len(ring) == len(model)
            elif action == 2 and many:
                assert all(ring.write(b"") and model.write(b"") for _ in range(dice.randrange(many // 4)))
            else:
                record = a_record(kind, dice)
                assert ring.write(record) == model.write(record)
        assert as_pairs(ring.drain()) == model.drain()
        assert ring.lost == model.lost


def a_record(kind: Kind, dice: random.Random) -> Any:
    if kind.is_number:
        return float(dice.randrange(100)) if kind.dtype == np.dtype("f8") else dice.randrange(1 << 64)
    size = kind.item if kind.item is not None else dice.randrange(min(kind.largest, 100) + 4)
    return dice.randbytes(int(size))  # type: ignore[call-overload]


def as_pairs(events: Any) -> list[tuple[int, Any]]:
    return [(e.cpu, e.data.tobytes() if isinstance(e.data, np.void) else e.data) for e in events]


@pytest.mark.parametrize("mode", MODES)
def test_positions_go_on_far_beyond_32_bits(mode: Any) -> None:
    with on_one_cpu() as cpu:
        ring = rseq.RingBuffer(256, mode, clock=False)
        start = 1 << 50
        words = ring.storage.view()[cpu]
        words["head"] = (start + 2) << low_bits(8) if mode == "overwrite" else start
        words["tail"] = tail_of(start, 0) if mode == "overwrite" else start
        for number in range(100):
            assert ring.write(b"%d" % number)
            assert datas(ring.drain()) == [b"%d" % number]
        assert ring.lost == 0


# ---- one layout


@pytest.mark.parametrize(("mode", "clock"), [("drop", True), ("overwrite", False)])
@pytest.mark.parametrize("dtype", ["int8", "uint64", "float32", "?", "S5", PAIR], ids=str)
def test_records_of_one_layout(dtype: Any, clock: bool, mode: Any) -> None:
    layout = np.dtype(dtype)
    given = np.array([(n, n / 2) for n in range(20)], PAIR) if dtype == PAIR else (np.arange(20) % 2).astype(layout)
    with on_one_cpu() as cpu:
        ring = rseq.RingBuffer(9, mode, clock, layout)
        is_number = layout.kind in "iuf"
        written = [ring.write(one.item() if is_number else row.tobytes()) for one, row in zip(given, given[:, None])]  # noqa: B905
        assert written == ([True] * 16 + [False] * 4 if mode == "drop" else [True] * 20)
        kept = given[:16] if mode == "drop" else given[5:]
        assert [np.asarray(data).tolist() for data in datas(ring.peek())] == kept.tolist()
        found = ring.drain_array()
        assert found.dtype.names == (("cpu", "time_ns", "data") if clock else ("cpu", "data"))
        assert found["data"].dtype == layout
        assert found["data"].tolist() == kept.tolist()
        assert set(found["cpu"]) == {cpu}
        assert ring.lost == 20 - len(kept)
        assert len(ring.drain_array()) == 0


def test_a_numpy_record_is_written_as_it_is() -> None:
    ring = rseq.RingBuffer(4, dtype=PAIR)
    records = np.array([(1, 2.5), (3, -1.0)], PAIR)
    assert ring.write(records[0])
    assert ring.write(records[1:])
    assert ring.drain_array()["data"].tolist() == [(1, 2.5), (3, -1.0)]


# ---- what is refused


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: rseq.RingBuffer(0), ValueError, r"^capacity: expected 1 or more, got 0$"),
        (lambda: rseq.RingBuffer(-5), ValueError, r"^capacity: expected 1 or more, got -5$"),
        (
            lambda: rseq.RingBuffer(1 << 80),
            ValueError,
            r"^capacity: expected 1 … 536870912 bytes for each CPU, got 1208",
        ),
        (
            lambda: rseq.RingBuffer(1 << 80, dtype="f8"),
            ValueError,
            r"^capacity: expected 1 … 33554432 records of float64",
        ),
        (lambda: rseq.RingBuffer(2.0), TypeError, r"^capacity: expected an int, got 2.0$"),  # type: ignore[arg-type]
        (lambda: rseq.RingBuffer(9, "keep"), ValueError, r"^mode: expected 'drop' or 'overwrite', got 'keep'$"),  # type: ignore[arg-type]
        (
            lambda: rseq.RingBuffer(9, dtype=object),
            TypeError,
            r"^dtype: expected numbers .* object, which is Python obj",
        ),
        (
            lambda: rseq.RingBuffer(9, dtype=("f4", 3)),
            TypeError,
            r"^dtype: expected numbers .* which is an array; use a",
        ),
        (lambda: rseq.RingBuffer(9, dtype="V0"), ValueError, r"^dtype: expected records of one byte or more, got"),
        (
            lambda: rseq.RingBuffer(9, dtype=">f8"),
            TypeError,
            r"^dtype: expected numbers .* >f8, which is of the other",
        ),
        (lambda: rseq.RingBuffer(9, dtype="what"), TypeError, "what"),
        (lambda: rseq.RingBuffer(9).drain_array(), TypeError, r"^drain_array\(\) is for rings of one layout"),
        (
            lambda: rseq.RingBuffer(9).write("text"),
            TypeError,
            r"^RingBuffer.write\(\): data is a bytes-like object, such as bytes or",
        ),
        (lambda: rseq.RingBuffer(9).write(b"abc"[::2] and memoryview(b"abc")[::2]), BufferError, "contiguous"),
        (
            lambda: rseq.RingBuffer(9, dtype=rseq.u8).write(256),
            OverflowError,
            r"^RingBuffer.write\(\): data is u8, an int",
        ),
        (lambda: rseq.RingBuffer(9, clock="x"), TypeError, r"^clock: expected True or False, got 'x'$"),  # type: ignore[arg-type]
        (lambda: rseq.RingBuffer(9, clock=1), TypeError, r"^clock: expected True or False, got 1$"),  # type: ignore[arg-type]
        (
            lambda: rseq.RingBuffer(9, dtype=rseq.f64).write(np.zeros(1)),
            TypeError,
            r"^RingBuffer.write\(\): data is f64, a float; got <class 'numpy.ndarray'>$",
        ),
        (
            lambda: rseq.RingBuffer(9, dtype=PAIR).write((1, 2.0)),
            TypeError,
            r"^RingBuffer.write\(\): data is a bytes-like object, such as bytes or a NumPy array; got <class 'tuple'>$",
        ),
        (
            lambda: rseq.RingBuffer(999).write(np.array([None])),
            TypeError,
            r"^RingBuffer.write\(\): .* that holds Python objects",
        ),
        (
            lambda: rseq.RingBuffer(9, dtype=PAIR).write(np.array((1, 2), "O,f4")),
            TypeError,
            r"^RingBuffer.write\(\): .* that holds Python objects",
        ),
        (
            lambda: rseq.RingBuffer(9, dtype=PAIR).write(b"x"),
            ValueError,
            r"^RingBuffer.write\(\): data has another size",
        ),
        (
            lambda: rseq.RingBuffer(9, dtype=PAIR).write(bytes(13)),
            ValueError,
            r"^RingBuffer.write\(\): data has another size than the records of this ring, 12 bytes$",
        ),
        (lambda: pickle.dumps(rseq.RingBuffer(9)), TypeError, r"^a private RingBuffer cannot be pickled"),
        (lambda: rseq.RingBuffer.__new__(rseq.RingBuffer).write(b""), TypeError, "without calling __init__"),
    ],
)
def test_what_is_wrong_is_refused(make: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("name", ["i8", "u8"])
def test_names_of_two_meanings_are_refused(name: str) -> None:
    other = name.replace("8", "64")
    message = rf"^dtype: '{name}' has 8 bits in rseq and 8 bytes in NumPy; write rseq.{name} or '.*8' for 8 bits, rseq"
    for make in (
        lambda dtype: rseq.RingBuffer(9, dtype=dtype).dtype,
        lambda dtype: rseq.CounterArray(3, dtype).values().dtype,
        lambda dtype: rseq.Max(dtype).per_cpu().dtype,
        lambda dtype: rseq.Min(dtype).per_cpu().dtype,
    ):
        with pytest.raises(TypeError, match=message):
            make(name)
        assert make(getattr(rseq, name)) == np.dtype(name[0] + "1")
        assert make(other) == make(np.dtype(name)) == make(np.dtype(name).type) == np.dtype(name)
    assert rseq.RingBuffer(9, dtype=[("field", name)]).dtype == np.dtype([("field", name)])


@pytest.mark.parametrize(
    "use",
    [
        *(
            lambda ring, name=name: getattr(ring, name)
            for name in ("lost", "capacity", "largest", "mode", "clock", "dtype")
        ),
        *(lambda ring, name=name: getattr(ring, name)() for name in ("drain", "peek", "drain_array", "__len__")),
        repr,
        lambda ring: ring.write(b""),
        lambda ring: ring.storage,
    ],
)
def test_one_that_was_not_set_up_says_so(use: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError, match=r"^this (RingBuffer|object) was made without calling __init__$"):
        use(rseq.RingBuffer.__new__(rseq.RingBuffer))


def test_it_is_set_up_once() -> None:
    ring = rseq.RingBuffer(256)
    with pytest.raises(TypeError, match="__init__ is called once"):
        ring.__init__(256)  # type: ignore[misc]
    assert ring.write(b"x")
    assert len(ring) == 1


# ---- time


def test_stamps_are_nanoseconds_of_the_monotonic_clock() -> None:
    ring = rseq.RingBuffer(1 << 14)
    before = time.monotonic_ns()
    for _ in range(300):
        ring.write(b"")
    after = time.monotonic_ns()
    times = [event.time_ns for event in ring.drain()]
    assert times == sorted(times)
    slack = 1_000_000
    assert before - slack <= times[0]
    assert times[-1] <= after + slack


def test_what_has_been_converted_stays_as_it_is() -> None:
    ring = rseq.RingBuffer(1 << 14)
    for _ in range(100):
        ring.write(b"")
    first = ring.peek()
    ring.write(b"")
    assert ring.peek()[:100] == first


class EndedError(Exception):
    pass


def calibrated(points: list[tuple[int, int]]) -> Calibration:
    calibration = Calibration()
    calibration._points = list(points)
    return calibration


def test_between_two_points_time_is_on_the_line_through_them() -> None:
    calibration = calibrated([(1000, 10_000), (2000, 10_500), (4000, 12_500)])
    stamps = [500, 1000, 1500, 1999, 2000, 3000, 4000, 5000]
    expected = [9_750, 10_000, 10_250, 10_499, 10_500, 11_500, 12_500, 13_500]
    assert list(calibration.nanoseconds(stamps)) == expected
    assert list(calibration.nanoseconds(reversed(stamps))) == expected[::-1]
    assert calibration.array(np.array(stamps[1:], np.uint64)).tolist() == expected[1:]


BACK = 10**15


@pytest.mark.parametrize("dtype", [None, u64])
@pytest.mark.parametrize("mode", MODES)
def test_a_clock_that_is_set_back_hides_no_record_and_no_time_is_in_the_future(mode: Any, dtype: Any) -> None:
    """What was written and read before has larger stamps by days, as after a virtual machine was restored."""
    with on_one_cpu() as cpu:
        ring = rseq.RingBuffer(1 << 10 if dtype is None else 64, mode, dtype=dtype)
        for number in range(3):
            ring.write(number if dtype else b"%d" % number)
        before = [event.time_ns for event in ring.peek()]
        clock, words = ring._reader._calibration, ring.storage.view()[cpu]
        assert clock is not None
        clock._points = [(counter + BACK, ns) for counter, ns in clock._points]
        if dtype is None:
            first = 2 if mode == "overwrite" else 0
            stamps = [words["data"][first + 4 * n + 1 : first + 4 * n + 3].view("u8") for n in range(3)]
        else:
            stamps = [words["stamps"][n : n + 1] for n in range(3)]
        for stamp in stamps:
            stamp[:] += BACK
        for number in range(3, 6):
            ring.write(number if dtype else b"%d" % number)
        assert len(ring) == 6
        events = ring.drain()
        assert [int(event.data) for event in events] == list(range(6))
        assert before == [event.time_ns for event in events[:3]]
        for number in range(6, 9):
            ring.write(number if dtype else b"%d" % number)
        if dtype is None:
            events += ring.drain()
            times: list[Any] = [event.time_ns for event in events]
        else:
            times = [*(event.time_ns for event in events), *ring.drain_array()["time_ns"].tolist()]
        assert times == sorted(times)
        assert len(times) == 9
        assert times[-1] <= time.monotonic_ns()


def test_a_clock_that_is_set_back_by_more_than_is_known_of_it_gives_no_time_in_the_future() -> None:
    calibration = Calibration()
    newest = calibration._points[-1]
    calibration._points = [(newest[0] + BACK, newest[1])]
    calibration.add()
    calibration.add()
    assert calibration.was_set_back
    later = [newest[0] + BACK * 2, newest[0] + BACK]
    assert all(ns <= calibration._points[0][1] for ns in calibration.nanoseconds(later))


def test_a_counter_that_is_a_little_behind_on_one_cpu_was_not_set_back() -> None:
    calibration = Calibration()
    counter, ns = calibration._points[-1]
    calibration._points.append((counter + 1000, ns + 1))
    calibration.add()
    assert not calibration.was_set_back


def test_a_record_of_a_mebibyte_is_the_largest() -> None:
    """A longer one would hold the GIL, and might be interrupted before it ends each time."""
    ring = rseq.RingBuffer(1 << 23, clock=False)
    assert ring.largest == 1 << 20
    assert ring.write(b"x" * (1 << 20))
    assert not ring.write(bytes((1 << 20) + 1))
    assert not ring.write(bytes(1 << 22))
    assert ring.lost == 2
    assert datas(ring.drain()) == [b"x" * (1 << 20)]
    assert rseq.RingBuffer(2, dtype="V1048576").largest == 1 << 20
    with pytest.raises(ValueError, match=r"dtype: expected records of 1048576 bytes at most, got .* of 1048577"):
        rseq.RingBuffer(2, dtype="V1048577")


def test_a_calibration_does_not_grow_for_ever() -> None:
    calibration = Calibration()
    for _ in range(2000):
        calibration.add()
    assert len(calibration._points) <= 513
    for column in zip(*calibration._points, strict=True):
        assert list(column) == sorted(column)


def test_a_calibration_that_an_exception_ends_anywhere_goes_on() -> None:
    """An exception at each event of `add`, as a signal handler raises one: a clock has no half a point."""
    calibration, events = Calibration(), 0

    def raise_at(frame: Any, event: str, argument: Any) -> Any:
        nonlocal events
        frame.f_trace_opcodes = True
        events -= frame.f_code is Calibration.add.__code__
        if events == 0:
            raise EndedError
        return raise_at

    before = sys.gettrace()
    for start in range(1, 400):
        events = start
        try:
            sys.settrace(raise_at)
            calibration.add()
        except EndedError:
            pass
        else:
            break
        finally:
            sys.settrace(before)
        stamps, times = zip(*calibration._points, strict=True)
        assert list(calibration.nanoseconds(stamps)) == sorted(times) == list(times)
    assert 10 < start < 399


def test_what_is_written_while_the_ring_is_read_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    ring = rseq.RingBuffer(1024)
    ring.write(b"before")
    monkeypatch.setattr(reader_module, "fence", lambda: ring.write(b"meanwhile"))
    assert datas(ring.drain()) == [b"before"]
    assert datas(ring.drain()) == [b"meanwhile"]
    table = rseq.RingBuffer(16, dtype=u64)
    monkeypatch.setattr(reader_module, "fence", lambda: table.write(2))
    table.write(1)
    assert table.drain_array()["data"].tolist() == [1]
    assert 2 in datas(table.drain())


# ---- readers and writers at once


@pytest.mark.parametrize("kind", [KINDS["eight parts"], SMALL["over_u64"]], ids=["bytes", "numbers"])
@pytest.mark.parametrize("many", [0, 1, 2, 3, 10, 40, 100, 400])
def test_a_reader_who_is_overtaken_gives_up_what_is_gone(
    kind: Kind, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writers go on before each lane is copied, and before `head` is looked at again."""
    with on_one_cpu():
        ring = rseq.RingBuffer._of(kind)
        numbers = iter(range(10_000))

        def write_many(count: int = many) -> None:
            for number in islice(numbers, count):
                ring.write(number if kind.is_number else b"%08d" % number)

        write_many(500)
        with monkeypatch.context() as patch:
            copied = ring._reader._copied
            patch.setattr(ring._reader, "_copied", lambda lane: (write_many(), copied(lane))[1])
            patch.setattr(reader_module, "barrier", lambda shared: write_many())
            found = [int(data) for data in datas(ring.drain())]
        found += [int(data) for data in datas(ring.drain())]
        assert found == sorted(set(found))
        assert len(found) + ring.lost == 500 + 2 * many
        assert found[-1] == 499 + 2 * many


def test_what_writers_may_have_reached_by_the_second_look_is_given_up() -> None:
    with on_one_cpu() as lane:
        ring = rseq.RingBuffer(7, "overwrite", clock=False, dtype=u64)
        for number in range(8):
            ring.write(number)
        reader = ring._reader
        (waiting,) = reader._waiting()
        copy = reader._copied(waiting)
        assert (waiting.number, copy.begin, copy.end, copy.gone) == (lane, 1, 8, 0)
        assert [reader._checked(copy, head).gone for head in (8, 9, 12, 100)] == [0, 1, 4, 92]


@pytest.mark.parametrize("name", SMALL)
def test_threads_and_readers_lose_nothing_and_tear_nothing(name: str, threads: ThreadSet) -> None:
    ring, (workload,) = rseq.RingBuffer._of(SMALL[name]), [w for w in workloads() if w.name == title(name)]
    sums = [0] * 4

    def work(thread: int) -> None:
        for turn in range(1500):
            sums[thread] += workload.call(ring, 4 * turn + thread if turn % 50 else 0)

    numbers = iter(range(4))
    threads.run(4, lambda: work(next(numbers)))
    assert list(law(ring, [sum(sums)])) == []


def title(name: str) -> str:
    return f"Ring {name.replace('_', ' ')}"


def test_the_law_of_the_stress_notices_what_is_lost_or_torn() -> None:
    ring, record = rseq.RingBuffer._of(SMALL["drop"]), buffered(2)
    ring.write(record)
    assert list(law(ring, [1])) == []
    ring.write(record)
    assert list(law(ring, [2])) == ["1 records are left and 0 were lost, and 2 were offered and not read"]
    for torn in (record[:-1], record[:-1] + b"x", record[:8]):
        ring.write(torn)
        with pytest.raises(RuntimeError, match="a record is torn"):
            list(law(ring, [1]))


def test_two_readers_get_each_record_once(threads: ThreadSet) -> None:
    ring = rseq.RingBuffer(1 << 16, dtype=u64, clock=False)
    found: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            found.extend(datas(ring.drain()))

    for _ in range(3):
        threads.start(read)
    for number in range(20_000):
        assert ring.write(number)
    stop.set()
    threads.join()
    found += datas(ring.drain())
    assert sorted(found) == list(range(20_000))


def test_a_signal_handler_cannot_read_in_the_middle_of_reading() -> None:
    ring = rseq.RingBuffer(256)
    ring.write(b"x")
    turn = ring._reader._turn()
    with pytest.raises(RuntimeError, match=r"^this thread is reading the ring already"):
        ring.drain()
    del turn
    assert len(ring) == 1


def test_records_of_one_cpu_are_in_the_order_of_time(threads: ThreadSet) -> None:
    ring, ended = rseq.RingBuffer(1 << 12), []

    def write() -> None:
        for number in range(3000):
            ring.write(b"%d" % number)
        ended.append(1)

    for _ in range(3):
        threads.start(write)
    found: list[rseq.Event] = []
    while len(ended) < 3:
        found += ring.drain()
    threads.join()
    found += ring.drain()
    times = [event.time_ns for event in found]
    assert times == sorted(times)  # over all calls of drain()
    assert len(found) + ring.lost == 9000


# ---- processes


def fork(function: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            function()
        except BaseException:  # noqa: BLE001 - the child must end here
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


def wait_for(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("mode", MODES)
def test_writers_that_are_killed_leave_whole_records(mode: Any) -> None:
    ring = rseq.RingBuffer(1 << 16, mode, clock=False, segment=rseq.Segment())

    def write(child: int) -> None:
        for number in range(1 << 40):
            text = b"%d %d " % (child, number)
            ring.write(text * (number % 5 + 1))

    dice, read = random.Random(1), 0
    last: dict[tuple[bytes, int], int] = {}  # of each CPU: without a clock, a writer that moves may come out of order
    for child in range(20):
        process = fork(lambda child=child: write(child))  # type: ignore[misc]
        before = read
        while read < before + dice.randrange(1, 3000):
            for event in ring.drain():
                data = event.data
                name, number, *_ = data.split()
                assert data == b"%s %s " % (name, number) * (int(number) % 5 + 1)
                assert int(number) > last.get((name, event.cpu), -1)
                last[name, event.cpu] = int(number)
                read += 1
        os.kill(process, signal.SIGKILL)
        assert wait_for(process) == -signal.SIGKILL
    assert ring.write(b"1 0 ") or mode == "drop"


def test_what_killed_writers_had_written_is_there() -> None:
    """Numbers without a gap, up to the one that the writer was told of last, or one more."""
    ring = rseq.RingBuffer(1 << 20, clock=True, segment=rseq.Segment())
    told = rseq.RingBuffer(2, "overwrite", clock=False, dtype=u64, segment=rseq.Segment())

    def write(child: int) -> None:
        for number in range(1 << 40):
            ring.write(b"%d %d" % (child, number))
            told.write(number)

    for child in range(10):
        before = told.storage.view()["head"].sum()
        process = fork(lambda child=child: write(child))  # type: ignore[misc]
        while told.storage.view()["head"].sum() < before + 50:
            pass
        os.kill(process, signal.SIGKILL)
        assert wait_for(process) == -signal.SIGKILL
        said = max(datas(told.drain()), default=0)
        numbers = [int(data.split()[1]) for data in datas(ring.drain()) if int(data.split()[0]) == child]
        if not ring.lost:
            assert numbers == list(range(len(numbers)))
            assert numbers[-1] in (said, said + 1)


def test_processes_read_one_ring_and_get_each_record_once() -> None:
    segment = rseq.Segment()
    ring = rseq.RingBuffer(1 << 16, dtype=u64, segment=segment)
    sums = rseq.CounterArray(2, u64, segment=segment)
    for number in range(5000):
        ring.write(number)

    def read() -> None:
        for data in datas(ring.drain()):
            sums.add(0)
            sums.add(1, data)

    children = [fork(read) for _ in range(3)]
    assert [wait_for(child) for child in children] == [0, 0, 0]
    assert sums.values().tolist() == [5000, 5000 * 4999 // 2]


def test_a_reader_that_is_killed_gives_its_turn_back() -> None:
    ring = rseq.RingBuffer(256, segment=rseq.Segment())
    ring.write(b"x")

    def die() -> None:
        turn = ring._reader._turn()
        os.kill(os.getpid(), signal.SIGKILL)
        del turn

    assert wait_for(fork(die)) == -signal.SIGKILL
    assert datas(ring.drain()) == [b"x"]


class KilledError(Exception):
    pass


class Mortal(Memory):
    """Memory of somebody who is killed after so many stores."""

    left: int

    def store(self, address: int, type: Any, number: int | float) -> None:
        if not self.left:
            raise KilledError
        self.left -= 1
        super().store(address, type, number)


def settle_and_die(ring: Any, stores: int, number: int, *words: int) -> bool:
    """The ring's `settle`, killed after so many stores, in the interpreter: what it had stored until then is there."""
    record, lanes = ring.storage.record, ring.storage.view()
    memory = Mortal.of(record, lanes=number + 1)
    memory.left = stores
    block = memory.blocks[memory.lane(number)] = bytearray(lanes[number : number + 1].tobytes())
    try:
        return bool(run(ring._reader.kind.code.settle.body, memory, [number, *words]))
    finally:
        lanes[number] = np.frombuffer(block, record.dtype)[0]


@pytest.mark.parametrize("name", [*SMALL, "eight parts"])
@pytest.mark.parametrize("stores", range(4))
def test_a_reader_that_is_killed_between_two_stores_has_read_all_or_nothing(
    name: str, stores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = KINDS[name]
    commit = sum(isinstance(op, Store) for op in kind.code.settle.body.ops)
    dice, read, written = random.Random(stores), 0, 0
    with on_one_cpu():
        ring = rseq.RingBuffer._of(kind)
        for turn in range(40):
            for _ in range(dice.randrange(1, 40 if turn % 2 else 4)):
                ring.write(a_record(kind, dice))
                written += 1
            if turn % 3 == 2:
                read += len(ring.drain())
                assert read + ring.lost == written
                continue
            waiting = len(ring)
            with monkeypatch.context() as patch, suppress(KilledError):
                patch.setattr(ring._reader, "_settle", partial(settle_and_die, ring, stores))
                read += len(ring.drain())
            assert len(ring) == (waiting if stores < commit else 0)
        read += len(ring.drain())
    assert read + ring.lost == written


def test_a_child_reads_its_own_copy_even_if_its_parent_was_reading(threads: ThreadSet) -> None:
    ring = rseq.RingBuffer(256)
    ring.write(b"x")
    reading, done = threading.Event(), threading.Event()

    def read_for_long() -> None:
        turn = ring._reader._turn()
        reading.set()
        done.wait(60)
        del turn

    threads.start(read_for_long)
    assert reading.wait(60)
    try:
        assert wait_for(fork(lambda: os._exit(0 if datas(ring.drain()) == [b"x"] else 3))) == 0
    finally:
        done.set()
        threads.join()
    assert datas(ring.drain()) == [b"x"]


def test_without_membarrier_a_ring_that_overwrites_is_refused_and_others_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_thing(**_: object) -> None:
        raise OSError(38, "no membarrier")

    made = rseq.RingBuffer(256, "overwrite")
    for name in ("fence", "barrier", "register_for_barriers"):
        monkeypatch.setattr(reader_module, name, no_such_thing)
    ring = rseq.RingBuffer(256)
    ring.write(b"x")
    assert datas(ring.drain()) == [b"x"]
    with pytest.raises(OSError, match="no membarrier"):
        rseq.RingBuffer(256, "overwrite")
    made.write(b"y")
    with pytest.raises(OSError, match="no membarrier"):
        made.drain()
    monkeypatch.undo()
    assert datas(made.drain()) == [b"y"]


@pytest.mark.slow  # tests/stress/test_spare_lane.py runs most of this file there
def test_on_the_spare_lane_it_is_the_same() -> None:
    script = """
        import sys
        import pytest
        sys.exit(pytest.main(["-q", "-x", "-p", "no:cacheprovider", "--allow-no-rseq", FILE, "-k",
            "drained_once or newest or overtaken or layout and int8 or killed_leave"]))
    """
    done = run_python(script.replace("FILE", repr(__file__)), env=OFF)
    assert " passed" in done.stdout


# ---- the checker


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(SMALL) - set(SHIPPED)))
def test_the_kinds_that_the_package_does_not_list_pass_the_checker_too(name: str) -> None:
    code = SMALL[name].code
    report = check(code.write, code.read, code.settle)
    assert report.ok, str(report)


class Small(rseq.Record):
    head: u64
    data: rseq.prepared[u64[4]]

    @staticmethod
    def live(lane: Any) -> Any:
        newest = (int(lane["head"]) - 1) % 2
        return lane["data"][2 * newest : 2 * newest + 2]


@rseq.sequence(release=True)
def put_pair(cpu: Small, value: u64) -> None:
    head = cpu.head
    cpu.data[(head & 1) * 2] = value
    cpu.data[(head & 1) * 2 + 1] = value
    cpu.head = head + 1


@rseq.sequence
def put_pair_without_release(cpu: Small, value: u64) -> None:
    head = cpu.head
    cpu.data[(head & 1) * 2] = value
    cpu.data[(head & 1) * 2 + 1] = value
    cpu.head = head + 1


@rseq.routine
def newest_pair(cpu: Small, number: u64) -> u64:
    """Looks at `head` a second time, as `read` does: writers may prepare only the other pair then."""
    there = rseq.lane(cpu, number)
    head = rseq.load_acquire(there.head)
    first = there.data[((head - 1) & 1) * 2]
    second = there.data[((head - 1) & 1) * 2 + 1]
    rseq.full_fence()
    return first ^ second if rseq.load_acquire(there.head) == head else 0


@rseq.routine
def oldest_pair(cpu: Small, number: u64) -> u64:
    """Reads what a writer prepares."""
    there = rseq.lane(cpu, number)
    head = rseq.load_acquire(there.head)
    return there.data[(head & 1) * 2] ^ there.data[(head & 1) * 2 + 1]


def test_a_reader_is_wrong_that_reads_what_a_writer_prepares() -> None:
    assert check(put_pair, newest_pair).ok
    assert not check(put_pair, oldest_pair).ok
    assert not check(put_pair_without_release, newest_pair, arch="aarch64").ok


def test_a_row_has_its_own_work_in_the_stress() -> None:
    assert {workload.name for workload in workloads()} == {title(name) for name in SMALL}
