"""Monte Carlo: where photons are absorbed in a slab of 200 layers, and how many leave it on either side.

A photon's random numbers come from its own number, so that it fares the same whichever thread follows it.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

import rseq

SIZE = 500_000
LAYERS = 200
ABSORBED = 0.1
STEP = 4.0


def inputs(size: int) -> tuple[Any, ...]:
    return (size,)


@numba.njit
def drawn(state: Any) -> tuple[Any, float]:
    """The next state of SplitMix64, and a number of 0 … 1."""
    state += np.uint64(0x9E3779B97F4A7C15)
    z = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state, float((z ^ (z >> np.uint64(31))) >> np.uint64(11)) * 2.0**-53


@numba.njit
def fate(photon: int) -> int:
    """The layer that takes a photon in, 1 … LAYERS; 0 or LAYERS + 1 if it leaves the slab."""
    state, depth, direction = np.uint64(photon) << np.uint64(20), 0.0, 1.0
    while True:
        state, x = drawn(state)
        depth -= np.log1p(-x) * STEP * direction
        if not 0 <= depth < LAYERS:
            return 0 if depth < 0 else LAYERS + 1
        state, x = drawn(state)
        if x < ABSORBED:
            return 1 + int(depth)
        state, x = drawn(state)
        direction = 2 * x - 1


@numba.njit(parallel=True)
def follow(tally: Any, photons: int) -> None:
    for photon in numba.prange(photons):
        tally.add(fate(photon))


def with_rseq(photons: int) -> Any:
    tally = rseq.CounterArray(LAYERS + 2)
    follow(tally, photons)
    return tally.values()


@numba.njit(parallel=True)
def follow_in_copies(copies: Any, photons: int) -> None:
    threads = len(copies)
    for thread in numba.prange(threads):
        mine = copies[thread]
        for photon in range(thread * photons // threads, (thread + 1) * photons // threads):
            mine[fate(photon)] += 1


def with_copies(photons: int) -> Any:
    copies = np.zeros((numba.get_num_threads(), LAYERS + 2), np.int64)
    follow_in_copies(copies, photons)
    return copies.sum(axis=0)
