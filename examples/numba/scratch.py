"""Scratch buffers: a moving median over each of many signals, with a sorted window that a thread holds meanwhile."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

import rseq

SIZE = 2_000
LENGTH, WINDOW = 500, 101


def inputs(size: int) -> tuple[Any, ...]:
    return (np.random.default_rng(7).normal(size=(size, LENGTH)),)


@numba.njit
def moving_median(window: Any, signal: Any, out: Any) -> None:
    """The medians of WINDOW values each; `window` is kept sorted."""
    window[:] = signal[:WINDOW]
    window.sort()
    for i in range(out.size):
        out[i] = window[WINDOW // 2]
        if i + 1 < out.size:
            replace(window, signal[i], signal[i + WINDOW])


@numba.njit
def replace(window: Any, old: float, new: float) -> None:
    """Have the sorted window hold another value."""
    at = np.searchsorted(window, old)
    while at + 1 < window.size and window[at + 1] < new:
        window[at] = window[at + 1]
        at += 1
    while at > 0 and window[at - 1] > new:
        window[at] = window[at - 1]
        at -= 1
    window[at] = new


@numba.njit(parallel=True)
def smooth(scratch: Any, signals: Any, out: Any) -> None:
    for i in numba.prange(len(signals)):
        row = scratch.acquire_row()
        if row is not None:
            moving_median(scratch[row], signals[i], out[i])
            scratch.release_row(row)


def with_rseq(signals: Any) -> Any:
    out = np.zeros((len(signals), LENGTH - WINDOW + 1))
    scratch = rseq.Pool(WINDOW, 2 * numba.get_num_threads(), dtype=np.float64)
    smooth(scratch, signals, out)
    return out


@numba.njit(parallel=True)
def smooth_in_copies(copies: Any, signals: Any, out: Any) -> None:
    threads = len(copies)
    for thread in numba.prange(threads):
        for i in range(thread * len(signals) // threads, (thread + 1) * len(signals) // threads):
            moving_median(copies[thread], signals[i], out[i])


def with_copies(signals: Any) -> Any:
    out = np.zeros((len(signals), LENGTH - WINDOW + 1))
    smooth_in_copies(np.empty((numba.get_num_threads(), WINDOW)), signals, out)
    return out
