"""Masked events: how many events each channel of a detector has seen that are good and in a window of energy."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

import rseq

SIZE = 20_000_000
CHANNELS = 4_096
BAD = 0b1001


def inputs(size: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(3)
    channels = rng.integers(0, CHANNELS, size, np.int32)
    return channels, rng.exponential(100, size).astype(np.float32), rng.integers(0, 16, size, np.uint8)


@numba.njit(parallel=True)
def select(seen: Any, channels: Any, energies: Any, flags: Any) -> None:
    for i in numba.prange(channels.size):
        if flags[i] & BAD == 0 and 20 < energies[i] < 400:
            seen.add(channels[i])


def with_rseq(channels: Any, energies: Any, flags: Any) -> Any:
    seen = rseq.CounterArray(CHANNELS)
    select(seen, channels, energies, flags)
    return seen.values()


@numba.njit(parallel=True)
def select_in_copies(copies: Any, channels: Any, energies: Any, flags: Any) -> None:
    threads = len(copies)
    for thread in numba.prange(threads):
        mine = copies[thread]
        for i in range(thread * channels.size // threads, (thread + 1) * channels.size // threads):
            if flags[i] & BAD == 0 and 20 < energies[i] < 400:
                mine[channels[i]] += 1


def with_copies(channels: Any, energies: Any, flags: Any) -> Any:
    copies = np.zeros((numba.get_num_threads(), CHANNELS), np.int64)
    select_in_copies(copies, channels, energies, flags)
    return copies.sum(axis=0)
