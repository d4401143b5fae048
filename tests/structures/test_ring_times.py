"""RingBuffer: the times of events."""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import pytest

import rseq
from rseq import u64
from rseq._structures.ring import reader as reader_module
from rseq._structures.ring.clock import Calibration
from structures.lanes import on_one_lane
from structures.rings import MODES, datas

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
    with on_one_lane() as cpu:
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
