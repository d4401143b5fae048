"""Guards: taken is what is held, and it is given back when the guard goes."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from typing import Any

import pytest

from rseq._percpu.guard import take_turn


class Words:
    """A turn in memory, and the word by which a process knows that it is not a child of the one that has taken it."""

    def __init__(self) -> None:
        self._words = (ctypes.c_uint64 * 3)()
        self._words[2] = 7

    def take(self, before: int = 0) -> Any:
        first = ctypes.addressof(self._words)
        return take_turn(first, before, self._words[2], first + 16, 99)

    @property
    def owner(self) -> int:
        return self._words[0]

    def take_as(self, thread: int) -> Any:
        first = ctypes.addressof(self._words)
        return take_turn(first, 0, thread, first + 16, 99)

    def become(self, thread: int) -> None:
        self._words[2] = thread


@pytest.fixture
def words() -> Iterator[Words]:
    yield Words()
    gc.collect()


def test_a_turn_is_held_as_long_as_its_guard_lives(words: Words) -> None:
    guard = words.take()
    same = guard
    assert (words.owner, words._words[1]) == (7, 99)
    assert words.take() is None
    del guard
    assert words.owner == 7
    del same
    assert words.owner == 0


def test_a_guard_that_nobody_keeps_is_gone(words: Words) -> None:
    words.take()
    assert words.owner == 0


def test_it_goes_with_the_frame_that_an_exception_leaves(words: Words) -> None:
    def fail() -> None:
        guard = words.take()
        raise KeyError(guard is None)

    with pytest.raises(KeyError) as caught:
        fail()
    assert words.owner == 7  # the traceback has the frame
    del caught
    gc.collect()
    assert words.owner == 0


def test_it_is_taken_from_the_very_one_who_is_named(words: Words) -> None:
    words._words[0] = 5
    assert words.take() is None
    assert words.take(before=6) is None
    guard = words.take(before=5)
    assert words.owner == 7
    del guard
    assert words.owner == 0


def test_a_child_and_who_is_too_late_give_nothing_back(words: Words) -> None:
    guard = words.take()
    words.become(0)
    del guard
    assert words.owner == 7
    words._words[0] = 0
    assert words.take_as(7) is None
    assert words.owner == 0
    words.become(7)
    guard = words.take(before=7)
    words._words[0] = 8  # taken over by somebody, as it had ended
    del guard
    assert words.owner == 8
