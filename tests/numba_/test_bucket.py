"""TokenBucket inside compiled functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rseq
import support

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")


@numba.njit(parallel=True)
def take_in_parallel(bucket: Any, n: int, turns: int) -> int:
    taken = 0
    for _ in numba.prange(turns):
        if bucket.take(n):
            taken += n
    return taken


@numba.njit(nogil=True)
def take_many(bucket: Any, turns: int) -> int:
    taken = 0
    for _ in range(turns):
        taken += bucket.take()
    return taken


@numba.njit
def take(bucket: Any, n: Any) -> bool:
    return bucket.take(n)


def left(bucket: rseq.TokenBucket) -> int:
    """What CPUs have drawn ahead."""
    return int(bucket.storage.view()["tokens"].sum())


@pytest.mark.parametrize(("burst", "n"), [(5, 1), (100_000, 1), (100_000, 3)])
def test_parallel_loops_take_what_there_is_once(burst: int, n: int) -> None:
    bucket = rseq.TokenBucket(1e-300, burst)
    taken = take_in_parallel(bucket, n, 300_000)
    words = bucket.storage.view()[0]
    assert taken + left(bucket) == int(words["issued"]) >> int(words["token_bits"])
    assert burst - n < taken + bucket.available + left(bucket) <= burst + left(bucket)


def test_threads_without_the_gil_take_what_there_is_once(threads: support.ThreadSet) -> None:
    bucket, taken = rseq.TokenBucket(1e-300, 200_000), list[int]()
    take_many(bucket, 0)
    for _ in range(4):
        threads.start(lambda: taken.append(take_many(bucket, 100_000)))
    threads.join()
    assert sum(taken) + bucket.available == 200_000
    assert bucket.available == left(bucket)


def test_what_can_never_be_taken_is_refused_as_from_python() -> None:
    bucket = rseq.TokenBucket(1e-300, 5)
    assert [take(bucket, 3), take(bucket, 3), take(bucket, np.uint8(2)), take(bucket, 0)] == [True, False, True, True]
    for n in (6, -1):
        with pytest.raises(ValueError, match=r"n is more than the burst: so many tokens are never there at once; "):
            take(bucket, n)
    assert bucket.available == 0
