"""RingBuffer in `@njit`: numbers, records, arrays and bytes are written; what does not fit is refused when compiled."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import pytest

import rseq
from rseq import f64, u64

PAIR = np.dtype([("a", "<i4"), ("b", "<f8")])


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def write_range(ring: Any, count: Any) -> Any:
    written = 0
    for number in range(count):
        if ring.write(number):
            written += 1
    return written


@numba.njit(nogil=True)  # type: ignore[untyped-decorator]
def write_rows(ring: Any, rows: Any) -> Any:
    written = 0
    for row in rows:
        if ring.write(row):
            written += 1
    return written


@numba.njit  # type: ignore[untyped-decorator]
def write_one(ring: Any, data: Any) -> Any:
    return ring.write(data)


@numba.njit(parallel=True)  # type: ignore[untyped-decorator]
def write_in_parallel(ring: Any, count: Any) -> None:
    for number in numba.prange(count):
        ring.write(number)


def datas(ring: rseq.RingBuffer) -> list[Any]:
    return [event.data for event in ring.drain()]


@pytest.mark.parametrize("mode", ["drop", "overwrite"])
def test_numbers_are_converted_to_the_rings_type(mode: Any) -> None:
    ring = rseq.RingBuffer(1 << 10, mode, dtype=f64)
    assert write_range(ring, 100) == 100
    assert sorted(datas(ring)) == [float(number) for number in range(100)]


def test_records_and_arrays_are_written_as_they_lie() -> None:
    rows = np.array([(n, n / 2) for n in range(50)], PAIR)
    ring = rseq.RingBuffer(64, clock=False, dtype=PAIR)
    assert write_rows(ring, rows) == 50
    assert sorted(ring.drain_array()["data"].tolist()) == rows.tolist()
    assert write_one(ring, rows[3:4])
    assert ring.drain_array()["data"].tolist() == [(3, 1.5)]


def test_bytes_of_any_length_are_written() -> None:
    ring = rseq.RingBuffer(1 << 12)
    assert write_one(ring, b"bytes")
    assert write_one(ring, np.arange(3, dtype=np.uint8))
    assert write_one(ring, np.zeros(2, PAIR)[0])
    assert sorted(datas(ring)) == sorted([b"bytes", b"\0\1\2", bytes(12)])
    assert not write_one(ring, np.zeros(1 << 12, np.uint8))
    assert ring.lost == 1


def test_threads_of_a_parallel_loop_lose_nothing() -> None:
    ring = rseq.RingBuffer(1 << 15, clock=False, dtype=u64)
    write_in_parallel(ring, 20_000)
    assert sorted(datas(ring)) == list(range(20_000))


def test_what_is_of_another_size_is_refused_when_it_runs() -> None:
    ring = rseq.RingBuffer(64, dtype=PAIR)
    with pytest.raises(ValueError, match=r"^RingBuffer.write\(\): data has another size than the records of"):
        write_one(ring, np.zeros(3, np.uint8))
    assert len(ring) == 0


def test_what_is_no_record_is_refused_when_it_is_compiled() -> None:
    with pytest.raises(numba.TypingError, match="data is a contiguous array or bytes, or a record"):
        write_one(rseq.RingBuffer(256), 5)
    with pytest.raises(numba.TypingError, match="data is a contiguous array"):
        write_one(rseq.RingBuffer(256), np.zeros(8, np.uint8)[::2])
    with pytest.raises(numba.TypingError, match="convert it first"):
        write_one(rseq.RingBuffer(256, dtype=u64), 1.5)
