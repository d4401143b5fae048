"""Extents: their geometry, what a fork does to them, and what happens when there is no room."""

from __future__ import annotations

import ctypes
import errno
import threading
from collections.abc import Callable

import pytest

from rseq._integers import round_up
from rseq._percpu.segment import PAGE_BYTES, Place, discard, private_extent, zero
from rseq._thread.cpus import possible_cpus
from support import ThreadSet, locked

LIBC = ctypes.CDLL(None)


def fill(place: Place, nbytes: int) -> None:
    for address in place.addresses():
        ctypes.memset(address, 0xA5, nbytes)


def content(place: Place, nbytes: int) -> list[bytes]:
    return [ctypes.string_at(address, nbytes) for address in place.addresses()]


@pytest.mark.parametrize("asked", [1, PAGE_BYTES, PAGE_BYTES + 1, 1 << 18])
def test_lanes_are_page_aligned_and_large_enough(asked: int) -> None:
    extent = private_extent(asked)
    assert extent.base % PAGE_BYTES == 0
    assert extent.stride == round_up(asked, PAGE_BYTES)
    assert extent.lanes == possible_cpus()


def test_every_lane_and_the_spare_one_is_zero_and_writable() -> None:
    place = private_extent(PAGE_BYTES).place(8)
    assert len(place.addresses()) == possible_cpus() + 1
    assert content(place, PAGE_BYTES - 8) == [bytes(PAGE_BYTES - 8)] * len(place.addresses())
    fill(place, PAGE_BYTES - 8)
    zero(place, 16)
    assert content(place, 17) == [bytes(16) + b"\xa5"] * len(place.addresses())


def test_the_lock_lies_on_a_page_apart_from_the_lanes() -> None:
    extent = private_extent(PAGE_BYTES)
    assert extent.lock == extent.base - PAGE_BYTES
    fill(extent.place(0), extent.stride)
    with locked(extent.lock):
        pass


def test_discarding_zeroes_an_extent_and_leaves_it_usable() -> None:
    extent = private_extent(3 * PAGE_BYTES)
    place = extent.place(0)
    fill(place, extent.stride)
    discard(extent)
    assert content(place, extent.stride) == [bytes(extent.stride)] * len(place.addresses())
    fill(place, extent.stride)
    with locked(extent.lock):
        pass


def test_a_forked_child_finds_the_lock_free_that_another_thread_held(
    in_child: Callable[[Callable[[], object]], None], threads: ThreadSet
) -> None:
    extents = [private_extent(PAGE_BYTES), private_extent(PAGE_BYTES)]
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(extents[0].lock), locked(extents[1].lock):
            held.set()
            done.wait()

    def take_both() -> None:
        for extent in extents:
            assert LIBC.pthread_mutex_trylock(ctypes.c_void_p(extent.lock)) == 0

    threads.start(hold)
    held.wait()
    try:
        in_child(take_both)
        assert LIBC.pthread_mutex_trylock(ctypes.c_void_p(extents[0].lock)) == errno.EBUSY, "the parent's still holds"
    finally:
        done.set()


def test_a_forked_child_has_a_copy_of_the_memory(in_child: Callable[[Callable[[], object]], None]) -> None:
    place = private_extent(PAGE_BYTES).place(0)
    ctypes.memset(place.base, 7, 1)

    def change() -> None:
        assert ctypes.string_at(place.base, 1) == b"\x07"
        fill(place, 8)

    in_child(change)
    assert ctypes.string_at(place.base, 2) == b"\x07\x00"


NO_ROOM = (
    r"^no address space for a segment of \d+ bytes \(\d+ CPUs and a spare lane\); "
    r"ask for less, or raise the limit \(ulimit -v\)$"
)


@pytest.mark.parametrize("stride", [1 << 62, 1 << 80])
def test_more_than_an_address_can_count_is_refused(stride: int) -> None:
    with pytest.raises(MemoryError, match=NO_ROOM):
        private_extent(stride)


def test_more_than_the_system_gives_is_refused() -> None:
    with pytest.raises(MemoryError, match=NO_ROOM):
        private_extent(1 << 56)


def test_a_limit_on_address_space_is_an_exception_and_not_a_crash(run_python: Callable[..., object]) -> None:
    run_python(
        """
        import resource
        from rseq._percpu.memory import allocate

        small = allocate(8)
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
        try:
            allocate(1 << 30)
        except MemoryError as error:
            assert str(error).startswith("no address space for a segment"), error
        else:
            raise AssertionError("the limit did not bite")
        assert allocate(8).place.base != small.place.base
        """
    )


def test_nothing_is_unmapped_when_python_ends(run_python: Callable[..., object]) -> None:
    run_python(
        """
        import ctypes
        from rseq._percpu.memory import allocate

        class Late:
            def __init__(self):
                self.memory = allocate(8)
                self.place = self.memory.place
                self.memset = ctypes.memset

            def __del__(self):
                self.memory = None
                for address in self.place.addresses():
                    self.memset(address, 1, 8)

        kept = Late()
        kept.itself = kept
        module = type(ctypes)("never_collected")
        module.late = Late()
        """
    )
