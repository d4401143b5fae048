"""Collected hits: the positions of the peaks of a signal that are above a threshold, in no particular order."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

import rseq

SIZE = 8_000_000
ABOVE = 2.0


def inputs(size: int) -> tuple[Any, ...]:
    return (np.random.default_rng(5).normal(size=size),)


@numba.njit
def is_peak(signal: Any, i: int) -> bool:
    return bool(ABOVE < signal[i] >= signal[i - 1] and signal[i] > signal[i + 1])


@numba.njit(parallel=True)
def collect(found: Any, signal: Any) -> None:
    for i in numba.prange(1, signal.size - 1):
        if is_peak(signal, i):
            found.append(i)


def with_rseq(signal: Any) -> Any:
    found = rseq.Collector(rseq.i64, capacity=signal.size // 2)
    collect(found, signal)
    return found.array()


@numba.njit(parallel=True)
def collect_in_copies(copies: Any, counts: Any, signal: Any) -> None:
    threads = len(copies)
    for thread in numba.prange(threads):
        count, inner = 0, signal.size - 2
        for i in range(1 + thread * inner // threads, 1 + (thread + 1) * inner // threads):
            if is_peak(signal, i):
                copies[thread, count] = i
                count += 1
        counts[thread] = count


def with_copies(signal: Any) -> Any:
    threads = numba.get_num_threads()
    copies, counts = np.empty((threads, signal.size // 2), np.int64), np.zeros(threads, np.int64)
    collect_in_copies(copies, counts, signal)
    return np.concatenate([copies[thread, :count] for thread, count in enumerate(counts)])
