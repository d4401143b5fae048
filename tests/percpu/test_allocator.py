"""The allocator: dense, zeroed, bounded, and never waiting, whatever comes in the middle of an allocation."""

from __future__ import annotations

import ctypes
import gc
import itertools
import random
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

import rseq
from rseq._percpu.allocator import STRIDE_BYTES, Allocator, Lease, size_class
from rseq._percpu.segment import PAGE_BYTES, Extent, Place, private_extent
from support import ThreadSet

CACHE_LINE = 64


def fill(place: Place, nbytes: int, byte: int = 0xA5) -> None:
    for address in place.addresses():
        ctypes.memset(address, byte, nbytes)


def content(place: Place, nbytes: int) -> set[bytes]:
    """What the lanes hold; one element if all hold the same."""
    return {ctypes.string_at(address, nbytes) for address in place.addresses()}


def assert_disjoint(items: list[tuple[Place, int]]) -> None:
    spans = sorted((place.base, place.base + nbytes) for place, nbytes in items)
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


# Packing


def test_counters_fill_whole_pages() -> None:
    allocator = Allocator()
    leases = [allocator.lend(8, 8)[1] for _ in range(3 * PAGE_BYTES // 8)]
    assert sorted(leases) == list(range(min(leases), min(leases) + 3 * PAGE_BYTES, 8))
    assert min(leases) % PAGE_BYTES == 0


@pytest.mark.parametrize("alignment", [1, 2, 8, 16, CACHE_LINE, 128, PAGE_BYTES])
def test_items_are_aligned_in_every_lane(alignment: int) -> None:
    allocator = Allocator()
    lent = [allocator.lend(nbytes, alignment) for nbytes in (8, 24, 200, 8)]
    for place, _ in lent:
        assert all(address % max(alignment, 8) == 0 for address in place.addresses())


def test_nothing_else_lies_on_the_lines_of_an_item_aligned_to_them() -> None:
    allocator = Allocator()
    lent = [allocator.lend(8, alignment) for alignment in (8, CACHE_LINE, 8, 8, CACHE_LINE, 8)]
    apart = {place.base // CACHE_LINE for place, _ in lent[1::3]}
    assert len(apart) == 2
    assert not apart & {lent[i][0].base // CACHE_LINE for i in (0, 2, 3, 5)}


def test_the_gap_below_an_aligned_item_is_used_for_counters() -> None:
    allocator = Allocator()
    first, _lease = allocator.lend(8, 8)
    line, _line_lease = allocator.lend(8, CACHE_LINE)
    counters = [allocator.lend(8, 8) for _ in range(CACHE_LINE // 8 - 1)]
    assert {place.base for place, _ in counters} == set(range(first.base + 8, line.base, 8))


@pytest.mark.parametrize("nbytes", [1, 8, 9, 127, 128, 129, 1000, 4097, (1 << 20) + 1, (1 << 30) - 1])
def test_rounding_wastes_at_most_a_quarter(nbytes: int) -> None:
    rounded = size_class(nbytes)
    assert rounded % 8 == 0
    assert nbytes <= rounded <= max(nbytes + 7, nbytes * 5 / 4)
    assert size_class(rounded) == rounded


def test_sizes_fall_into_few_classes() -> None:
    assert len({size_class(nbytes) for nbytes in range(1, (1 << 16) + 1)}) == 16 + 4 * 9


# Growth


def test_a_full_extent_is_followed_by_another_and_items_stay() -> None:
    allocator = Allocator()
    nbytes = STRIDE_BYTES // 8
    lent = [allocator.lend(nbytes, 8) for _ in range(20)]
    for number, (place, _) in enumerate(lent):
        fill(place, nbytes, number)
    assert len(allocator.extents) == 3
    assert_disjoint([(place, nbytes) for place, _ in lent])
    for number, (place, _) in enumerate(lent):
        assert content(place, nbytes) == {bytes([number]) * nbytes}


def test_room_left_by_larger_items_is_used_by_smaller_ones() -> None:
    allocator = Allocator()
    large = [allocator.lend(40 << 10, 8) for _ in range(18)]
    assert len(allocator.extents) == 3
    small = [allocator.lend(8 << 10, 8) for _ in range(6)]
    assert len(allocator.extents) == 3
    assert_disjoint([(place, 40 << 10) for place, _ in large] + [(place, 8 << 10) for place, _ in small])


def test_an_item_larger_than_the_stride_has_an_extent_of_its_own() -> None:
    allocator = Allocator()
    counter, _counter_lease = allocator.lend(8, 8)
    place, lease = allocator.lend(3 * STRIDE_BYTES + 1, 8)
    assert place.stride > 3 * STRIDE_BYTES
    assert place.lock != counter.lock
    fill(place, 3 * STRIDE_BYTES + 1)
    assert content(counter, 8) == {bytes(8)}
    del lease
    again, _lease = allocator.lend(3 * STRIDE_BYTES + 9, 8)
    assert again == place
    assert content(again, 3 * STRIDE_BYTES + 1) == {bytes(3 * STRIDE_BYTES + 1)}
    assert len(allocator.extents) == 2


# Reuse


@pytest.mark.parametrize("nbytes", [8, 20, 1000, STRIDE_BYTES])
def test_an_item_comes_back_and_is_zero_in_every_lane(nbytes: int) -> None:
    allocator = Allocator()
    place, lease = allocator.lend(nbytes, 8)
    fill(place, size_class(nbytes))
    del lease
    again, _lease = allocator.lend(nbytes, 8)
    assert again == place
    assert content(again, size_class(nbytes)) == {bytes(size_class(nbytes))}


def test_an_item_never_lent_twice_while_its_lease_lives() -> None:
    allocator = Allocator()
    place, lease = allocator.lend(8, 8)
    del lease
    first, _first = allocator.lend(8, 8)
    second, _second = allocator.lend(8, 8)
    assert first == place
    assert second != place


def test_a_hundred_thousand_counters_made_and_dropped_need_two_words() -> None:
    allocator = Allocator()
    addresses = set()
    for _ in range(100_000):
        addresses.add(allocator.lend(8, 8)[0].base)
    assert len(allocator.extents) == 1
    assert len(addresses) <= 2


def test_random_life_times_need_no_more_memory_than_the_peak() -> None:
    allocator, choice = Allocator(), random.Random(1)
    lent: list[tuple[Place, Lease]] = []
    for _ in range(20_000):
        if len(lent) == 100 or (lent and choice.random() < 0.5):
            del lent[choice.randrange(len(lent))]
        else:
            lent.append(allocator.lend(choice.choice((8, 24, 100, 1000)), 8))
    assert_disjoint([(place, 8) for place, _ in lent])
    assert len(allocator.extents) <= 2


# What may come in the middle of an allocation


def test_a_finaliser_in_the_middle_of_an_allocation_gives_its_item_back() -> None:
    dying: list[Lease] = []

    def map_extent(stride_bytes: int) -> Extent:
        dying.clear()  # the last references go here, inside the allocator
        return private_extent(stride_bytes)

    allocator = Allocator(map_extent)
    place, lease = allocator.lend(8, 8)
    fill(place, 8)
    dying.append(lease)
    del lease
    large, _lease = allocator.lend(STRIDE_BYTES, 8)
    again, _again = allocator.lend(8, 8)
    assert again == place
    assert large.base != again.base
    assert content(again, 8) == {bytes(8)}


def test_an_allocation_in_the_middle_of_another_gets_memory_of_its_own() -> None:
    inner: list[tuple[Place, Lease]] = []
    pending = [1]

    def map_extent(stride_bytes: int) -> Extent:
        if pending:
            pending.clear()
            inner.append(allocator.lend(8, 8))
        return private_extent(stride_bytes)

    allocator = Allocator(map_extent)
    outer = [allocator.lend(8, 8) for _ in range(3)]
    assert_disjoint([(place, 8) for place, _ in outer + inner])


def test_a_signal_handler_may_allocate_in_the_middle_of_an_allocation() -> None:
    handled: list[tuple[Place, Lease]] = []
    pending = [1]

    def map_extent(stride_bytes: int) -> Extent:
        if pending:
            pending.clear()
            signal.raise_signal(signal.SIGUSR1)
        return private_extent(stride_bytes)

    allocator = Allocator(map_extent)
    before = signal.signal(signal.SIGUSR1, lambda *_: handled.append(allocator.lend(8, 8)))
    try:
        outer = allocator.lend(8, 8)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(handled) == 1
    assert_disjoint([(outer[0], 8), (handled[0][0], 8)])


def test_an_exception_in_the_middle_of_an_allocation_breaks_nothing() -> None:
    failing = True

    def map_extent(stride_bytes: int) -> Extent:
        if failing:
            raise KeyboardInterrupt
        return private_extent(stride_bytes)

    allocator = Allocator(map_extent)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            allocator.lend(8, 8)
    failing = False
    assert content(allocator.lend(8, 8)[0], 8) == {bytes(8)}


def test_a_cycle_that_a_finaliser_brings_back_to_life_keeps_its_item() -> None:
    allocator = Allocator()
    saved: list[object] = []

    class Phoenix:
        def __init__(self) -> None:
            self.itself = self
            self.place, self.lease = allocator.lend(8, 8)

        def __del__(self) -> None:
            saved.append(self)

    place = Phoenix().place
    gc.collect()
    assert len(saved) == 1
    others = [allocator.lend(8, 8) for _ in range(10)]
    assert place not in [other for other, _ in others]
    saved.clear()
    gc.collect()
    assert allocator.lend(8, 8)[0] == place, "the second time, it is gone"


def test_threads_never_get_the_same_item(threads: ThreadSet) -> None:
    allocator = Allocator()

    def live(number: int) -> None:
        choice = random.Random(number)
        lent: list[tuple[Place, Lease]] = []
        for _ in range(3000):
            if len(lent) > 20 or (lent and choice.random() < 0.5):
                place, lease = lent.pop(choice.randrange(len(lent)))
                assert content(place, 8) == {bytes([number]) * 8}, "another thread wrote to this thread's item"
                del lease
            else:
                place, lease = allocator.lend(8, 8)
                assert content(place, 8) == {bytes(8)}
                fill(place, 8, number)
                lent.append((place, lease))
        for place, _ in lent:
            assert content(place, 8) == {bytes([number]) * 8}

    numbers = iter(range(1, 9))
    threads.run(8, lambda: live(next(numbers)))
    assert len(allocator.extents) <= 8
    kept = [allocator.lend(8, 8) for _ in range(1000)]
    assert len({place.base for place, _ in kept}) == 1000


def test_items_may_be_dropped_in_another_thread(threads: ThreadSet) -> None:
    allocator = Allocator()
    lent = [allocator.lend(8, 8) for _ in range(1000)]
    addresses = {place.base for place, _ in lent}

    def drop() -> None:
        for _ in range(250):
            lent.pop()

    threads.run(4, drop)
    again = [allocator.lend(8, 8) for _ in range(1000)]
    assert {place.base for place, _ in again} == addresses


def test_a_fork_in_the_middle_of_another_threads_allocation_leaves_the_child_able_to_allocate(
    in_child: Callable[[Callable[[], object]], None], threads: ThreadSet
) -> None:
    inside, go_on = threading.Event(), threading.Event()
    results: list[tuple[Place, Lease]] = []

    def map_extent(stride_bytes: int) -> Extent:
        if threading.current_thread() is not threading.main_thread():
            inside.set()
            go_on.wait()
        return private_extent(stride_bytes)

    allocator = Allocator(map_extent)

    def allocate_in_child() -> None:
        lent = [allocator.lend(8, 8) for _ in range(100)]
        assert_disjoint([(place, 8) for place, _ in lent])
        assert all(content(place, 8) == {bytes(8)} for place, _ in lent)

    threads.start(lambda: results.append(allocator.lend(8, 8)))
    inside.wait()
    try:
        in_child(allocate_in_child)
    finally:
        go_on.set()
    threads.join()
    assert_disjoint([(place, 8) for place, _ in [*results, allocator.lend(8, 8)]])


def test_items_made_before_a_fork_can_be_dropped_and_used_again_in_the_child(
    in_child: Callable[[Callable[[], object]], None],
) -> None:
    allocator = Allocator()
    lent = [allocator.lend(8, 8)]
    place = lent[0][0]

    def drop() -> None:
        lent.clear()
        assert allocator.lend(8, 8)[0] == place

    in_child(drop)
    assert allocator.lend(8, 8)[0] != place


# ---- dropping


@pytest.mark.parametrize(
    "make",
    [
        rseq.Counter,
        lambda: rseq.Counter(segment=rseq.Segment()),
        lambda: rseq.CounterArray((3, 3)),
        lambda: rseq.percpu(rseq.Counter._sequences()["add"].body.record),
        rseq.SpinLock,
        rseq.RCU,
        lambda: rseq.RingBuffer(1 << 12),
        lambda: rseq.Pool(8, 4),
    ],
)
def test_no_python_code_runs_when_a_structure_goes_in_which_a_handlers_exception_would_be_lost(make: Any) -> None:
    make()
    thing = make()
    gc.collect()
    called: list[str] = []
    callbacks, gc.callbacks[:] = gc.callbacks[:], []  # hypothesis has one
    sys.setprofile(lambda frame, event, _: called.append(frame.f_code.co_name) if event == "call" else None)
    try:
        del thing
        gc.collect()
    finally:
        sys.setprofile(None)
        gc.callbacks[:] = callbacks
    assert called == []
