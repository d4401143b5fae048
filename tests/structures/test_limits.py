"""What only ever grows, at the limits of what holds it: values near them are put into memory, and work goes on.

    RingBuffer   head, tail       positions; behind the last one (2**53 units at least, 2**63, 2**64) comes 0
                 even, odd, serial, given, lost      count records, in u64 that wrap around
    RCU          begun, ended     i64 that wrap around; their difference counts, see test_rcu.py
    Pool         states           a generation of 30 bits that wraps around, see test_pool.py
    SpinLock     owner            a number: a generation of 47 bits, where a slot is left, see percpu/test_threads.py
    Counter, CounterArray, Histogram                  numbers of their type, which wrap around
    Segment      used             bytes of a lane: bounded by the lane

Bounded by what they are compared with: Stack.count, Pool.cached, Pool.cursor, TokenBucket.tokens. By time:
TokenBucket.issued, see test_bucket.py. Not counts: Max, Min, FloatCounter, sums.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rseq
from rseq import i64, u64
from rseq._structures.ring.kind import Kind
from rseq._structures.ring.sizes import low_bits, position_and_slot
from structures.lanes import on_one_lane

LIMITS = [1 << 31, 1 << 32, 1 << 52, 1 << 53, 1 << 54, 1 << 61, 1 << 63, 1 << 64]
KINDS = {
    "drop": Kind(1 << 9, 0, clock=False),
    "drop with a clock": Kind(1 << 9, 0, clock=True),
    "overwrite": Kind(1 << 9, 8, clock=False),
    "overwrite with a clock": Kind(1 << 9, 8, clock=True),
    "two large parts": Kind(1 << 11, 2, clock=False),
    "rows": Kind(16, 0, False, "u64", "u8"),
    "overwrite rows": Kind(16, 1, False, "u64", "u8"),
    "overwrite rows with a clock": Kind(16, 1, True, "u64", "u8"),
}


def go_to(ring: rseq.RingBuffer, lane: int, position: int) -> None:
    """Put an empty, new ring where it would be after `position` units, a multiple of its size."""
    kind, words = ring._reader.kind, ring.storage.view()[lane]
    bits = low_bits(kind.part_units) if kind.part_units else 0
    words["head"] = (int(words["head"]) + (position << bits)) % (1 << 64)
    if kind.overwrites:
        tail, slot = position_and_slot(int(words["tail"]))
        words["tail"] = (tail + position) % kind.positions << 1 | slot
    else:
        words["tail"] = (int(words["tail"]) + position) % (1 << 64)


class Numbers:
    """Numbers that are written to a ring, and read from it."""

    def __init__(self, ring: rseq.RingBuffer) -> None:
        self.ring, self.written = ring, 0
        self.found: list[int] = []

    def write(self, count: int) -> None:
        for number in range(self.written, self.written + count):
            self.ring.write(number if self.ring.dtype is not None else b"%06d" % number)
        self.written += count

    def read(self) -> int:
        new = [int(event.data) for event in self.ring.drain()]
        self.found += new
        assert self.found == sorted(set(self.found))
        return len(new)


@pytest.mark.one_in(6)
@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("name", KINDS)
def test_a_ring_goes_on_where_its_positions_do(name: str, limit: int) -> None:
    with on_one_lane() as lane:
        for before in (1, 0):  # up to the limit and beyond it, and from there on
            numbers = Numbers(rseq.RingBuffer._of(KINDS[name]))
            go_to(numbers.ring, lane, limit - before * KINDS[name].units)
            for _ in range(150):
                numbers.write(5)
                assert len(numbers.ring) == 5
                assert numbers.read() == 5
            assert (len(numbers.found), numbers.ring.lost) == (750, 0)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("name", KINDS)
def test_a_reader_who_comes_late_finds_what_is_left_and_counts_the_rest(name: str, limit: int) -> None:
    kind = KINDS[name]
    with on_one_lane() as lane:
        numbers = Numbers(rseq.RingBuffer._of(kind))
        go_to(numbers.ring, lane, limit - kind.units)
        for many in (3, kind.units * 3, 7, kind.units * 2, 1):
            numbers.write(many)
            waiting = len(numbers.ring)
            assert numbers.read() == waiting
            assert len(numbers.found) + numbers.ring.lost == numbers.written
        assert numbers.ring.lost > 0
        if kind.overwrites:
            assert numbers.found[-1] == numbers.written - 1


@pytest.mark.parametrize("limit", [1 << 32, 1 << 53, 1 << 63, 1 << 64])
@pytest.mark.parametrize("name", ["overwrite", "overwrite with a clock", "two large parts"])
def test_serial_numbers_of_a_ring_wrap_around(name: str, limit: int) -> None:
    with on_one_lane() as lane:
        numbers = Numbers(rseq.RingBuffer._of(KINDS[name]))
        words, serial = numbers.ring.storage.view()[lane], limit - 50
        words["even"] = words["odd"] = serial
        words["serial"] = serial
        words["data"][:2] = serial % (1 << 32), serial >> 32
        for many in (20, 100, 3000, 100):
            numbers.write(many)
            numbers.read()
            assert len(numbers.found) + numbers.ring.lost == numbers.written


@pytest.mark.parametrize("field", ["given", "lost"])
@pytest.mark.parametrize("limit", [1 << 53, 1 << 63, 1 << 64])
def test_what_a_ring_has_lost_wraps_around(field: str, limit: int) -> None:
    kind = KINDS["overwrite" if field == "given" else "drop"]
    with on_one_lane() as lane:
        ring = rseq.RingBuffer._of(kind)
        words = ring.storage.view()[lane]
        words[field] = limit - 5
        numbers = Numbers(ring)
        numbers.write(5000)
        numbers.read()
        assert len(numbers.found) + ring.lost - (limit - 5) in (5000, 5000 - (1 << 64))
        numbers.write(10)
        assert numbers.read() == 10


@pytest.mark.parametrize("limit", [1 << 31, 1 << 32, 1 << 53, 1 << 62])
def test_sections_of_an_rcu_are_counted_past_each_limit(limit: int) -> None:
    rcu = rseq.RCU()
    view = rcu.storage.view()
    for field in ("begun", "ended"):
        view[field][:] = limit - 2
    for _ in range(5):
        phase = rcu.read_lock()
        assert rcu.readers == 1
        with pytest.raises(TimeoutError):
            rcu.synchronize(0)
        rcu.read_unlock(phase)
        rcu.synchronize(60)
    assert rcu.readers == 0


@pytest.mark.parametrize("limit", [1 << 31, 1 << 32, 1 << 53, 1 << 63])
def test_counters_count_past_each_limit_and_wrap_around_as_their_type_does(limit: int) -> None:
    with on_one_lane() as lane:
        signed: Any = rseq.Counter()
        unsigned: Any = rseq.CounterArray(1, u64)
        whole: Any = rseq.CounterArray(1, i64)
        signed.storage.view()["value"][lane] = limit - 2
        for array in (unsigned, whole):
            array.storage.view()["value"][lane] = limit - 2
        for number in range(4):
            expected = limit - 2 + number
            as_signed = expected - (1 << 64) if expected >= 1 << 63 else expected
            assert signed.value == as_signed
            assert int(whole.values()[0]) == as_signed
            assert int(unsigned.values()[0]) == expected
            signed.add()
            whole.add(0)
            unsigned.add(0)


def test_a_histogram_counts_past_each_limit() -> None:
    with on_one_lane() as lane:
        times = rseq.Histogram([1.0, 2.0])
        for limit in (1 << 31, 1 << 32, 1 << 53, 1 << 62):
            times.storage.view()["counts"][lane][0] = limit - 2
            for _ in range(4):
                times.observe(0.5)
            assert int(times.counts()[0]) == limit + 2


HUGE = 10**5000
"""More digits than Python prints."""


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: rseq.CounterArray(HUGE), ValueError, "counters|bytes"),
        (lambda: rseq.CounterArray((-HUGE,)), ValueError, r"^shape: expected lengths of at least 1"),
        (lambda: rseq.Pool(8, HUGE), ValueError, r"^count: expected 1 … "),
        (lambda: rseq.Pool((2, HUGE), 1, dtype=float), ValueError, r"^item_size: expected 1 … "),
        (lambda: rseq.Pool(8, 1)[HUGE], IndexError, r"^a row: expected 0 … 0, got "),
        (lambda: rseq.Pool(8, 1).recover(HUGE), ValueError, r"a process has a number of 1 … "),
        (lambda: rseq.Stack(HUGE), ValueError, r"^capacity: expected 1 … "),
        (lambda: rseq.RingBuffer(HUGE), ValueError, r"^capacity: expected 1 … "),
        (lambda: rseq.Collector(i64, HUGE), ValueError, r"^capacity: expected 1 … "),
        (lambda: rseq.KeyedCounter(HUGE), ValueError, r"the most is 4294967296"),
        (lambda: rseq.KeyedCounter(2).add("a", HUGE), OverflowError, r"; got a number of very many digits$"),
        (lambda: rseq.KeyedCounter(2).merge({"a": -HUGE}), OverflowError, r"; got a number of very many digits$"),
        (lambda: rseq.TokenBucket(HUGE, 1), ValueError, r"^rate: .*; got a number of very many digits$"),
        (lambda: rseq.TokenBucket(1, HUGE), ValueError, r"^burst: expected 1 … "),
        (lambda: rseq.Segment(size=HUGE), ValueError, r"^size: "),
        (lambda: rseq.fence(HUGE), ValueError, r"^expected a CPU from 0 to "),
    ],
)
def test_a_number_that_python_does_not_print_is_refused_as_any_other(
    call: Callable[[], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()
