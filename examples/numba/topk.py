"""The 16 best of many scores, and whose they are.

A score and its row are one number, a key: the bits of a float that is not negative grow as it does, and the row stands
below them. Each CPU has 16 keys, and a better one takes the place of the least, which is one store. What is not above
the least of any CPU's is not among the 16 best of all, so most scores are refused by a comparison with `floor`.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

import rseq
from rseq import u64

SIZE = 20_000_000
K = 16
BLOCK = 4_096


class Best(rseq.Record):
    keys: u64[16]


@rseq.sequence
def floor(cpu: Best) -> u64:
    """The least of this CPU's keys."""
    least: u64 = cpu.keys[0]
    for slot in range(1, K):
        least = min(least, cpu.keys[slot])
    return least


@rseq.sequence
def offer(cpu: Best, key: u64) -> None:
    """Put a key in the place of the least, if it is above that."""
    least: u64 = cpu.keys[0]
    place: u64 = 0
    for slot in range(1, K):
        if cpu.keys[slot] < least:
            least = cpu.keys[slot]
            place = slot
    if key > least:
        cpu.keys[place] = key


def inputs(size: int) -> tuple[Any, ...]:
    return (np.random.default_rng(4).random(size, np.float32),)


@numba.njit
def key_of(bits: Any, row: int) -> Any:
    return np.uint64(bits[row]) << np.uint64(32) | np.uint64(row)


@numba.njit(parallel=True)
def find(offer: Any, floor: Any, scores: Any) -> None:
    bits = scores.view(np.uint32)
    for block in numba.prange(-(-scores.size // BLOCK)):
        least = floor()
        for row in range(block * BLOCK, min((block + 1) * BLOCK, scores.size)):
            key = key_of(bits, row)
            if key > least:
                offer(key)
                least = floor()


def best_of(keys: Any) -> tuple[Any, Any]:
    """The K greatest keys, as rows and scores."""
    best = np.sort(keys, axis=None)[: -K - 1 : -1]
    return best & 0xFFFFFFFF, (best >> 32).astype(np.uint32).view(np.float32)


def with_rseq(scores: Any) -> Any:
    storage = rseq.percpu(Best)
    find(offer.bind(storage), floor.bind(storage), scores)
    return best_of(storage.per_cpu()["keys"])


@numba.njit(parallel=True)
def find_in_copies(copies: Any, scores: Any) -> None:
    threads, bits = len(copies), scores.view(np.uint32)
    for thread in numba.prange(threads):
        keys, least = copies[thread], np.uint64(0)
        for row in range(thread * scores.size // threads, (thread + 1) * scores.size // threads):
            key = key_of(bits, row)
            if key > least:
                keys[np.argmin(keys)] = key
                least = keys.min()


def with_copies(scores: Any) -> Any:
    copies = np.zeros((numba.get_num_threads(), K), np.uint64)
    find_in_copies(copies, scores)
    return best_of(copies)
