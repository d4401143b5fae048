"""Compare-and-exchange: what it stores, and that of many that try at once each succeeds exactly once a turn."""

from __future__ import annotations

import ctypes

from rseq._percpu.atomic import compare_exchange
from support import ThreadSet


def test_it_stores_only_if_the_word_is_as_expected() -> None:
    word = ctypes.c_uint64(7)
    address = ctypes.addressof(word)
    assert not compare_exchange(address, 8, 9)
    assert word.value == 7
    assert compare_exchange(address, 7, (1 << 64) - 1)
    assert word.value == (1 << 64) - 1


def test_threads_that_count_by_it_lose_nothing(threads: ThreadSet) -> None:
    word = ctypes.c_uint64(0)
    address = ctypes.addressof(word)

    def count() -> None:
        for _ in range(2000):
            while not compare_exchange(address, before := word.value, before + 1):
                pass

    threads.run(4, count)
    assert word.value == 8000
