"""Guards: taken is what is held, and it is given back when the guard goes."""

from __future__ import annotations

import ctypes
import gc
import mmap
from collections.abc import Iterator

import pytest

from rseq.native.guard import take_mutex
from rseq.percpu.mutex import make_mutex
from support import ThreadSet


@pytest.fixture
def mutex() -> Iterator[int]:
    page = mmap.mmap(-1, mmap.PAGESIZE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    make_mutex(address)
    yield address
    gc.collect()
    page.close()


def is_free(mutex: int, threads: ThreadSet) -> bool:
    """As another thread sees it."""
    found: list[bool] = []
    threads.start(lambda: found.append(take_mutex(mutex, "") is not None))
    threads.join()
    return found == [True]


def test_a_mutex_is_held_as_long_as_its_guard_lives(mutex: int, threads: ThreadSet) -> None:
    guard = take_mutex(mutex, "")
    same = guard
    assert not is_free(mutex, threads)
    del guard
    assert not is_free(mutex, threads)
    del same
    assert is_free(mutex, threads)


def test_a_guard_that_nobody_keeps_is_gone(mutex: int, threads: ThreadSet) -> None:
    take_mutex(mutex, "")
    assert is_free(mutex, threads)


def test_it_goes_with_the_frame_that_an_exception_leaves(mutex: int, threads: ThreadSet) -> None:
    def fail() -> None:
        guard = take_mutex(mutex, "")
        raise KeyError(guard is None)

    with pytest.raises(KeyError) as caught:
        fail()
    assert not is_free(mutex, threads)  # the traceback has the frame
    del caught
    gc.collect()
    assert is_free(mutex, threads)


def test_who_holds_it_is_told_so_in_the_callers_words(mutex: int) -> None:
    guard = take_mutex(mutex, "")
    with pytest.raises(RuntimeError, match=r"^hold it already$"):
        take_mutex(mutex, "hold it already")
    del guard
