"""A spectrum of energies over six decades, with its quantiles."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

import rseq

SIZE = 10_000_000
LOW, HIGH, ERROR = 1e-3, 1e3, 0.01  # each quantile is at most one per cent off
QUANTILES = (0.1, 0.5, 0.9, 0.99)


def inputs(size: int) -> tuple[Any, ...]:
    return (np.random.default_rng(6).lognormal(0, 1.5, size),)


@numba.njit(parallel=True)
def observe(spectrum: Any, energies: Any) -> None:
    for i in numba.prange(energies.size):
        spectrum.observe(energies[i])


def with_rseq(energies: Any) -> Any:
    spectrum = rseq.Histogram.exponential(LOW, HIGH, relative_error=ERROR)
    observe(spectrum, energies)
    return spectrum.counts(), spectrum.quantiles(QUANTILES)


@numba.njit(parallel=True)
def observe_in_copies(copies: Any, bounds: Any, energies: Any) -> None:
    threads = len(copies)
    for thread in numba.prange(threads):
        mine = copies[thread]
        for i in range(thread * energies.size // threads, (thread + 1) * energies.size // threads):
            mine[np.searchsorted(bounds, energies[i])] += 1


def with_copies(energies: Any) -> Any:
    spectrum = rseq.Histogram.exponential(LOW, HIGH, relative_error=ERROR)  # for the bounds and the quantiles
    bounds = np.array(spectrum.bounds)
    copies = np.zeros((numba.get_num_threads(), bounds.size + 1), np.int64)
    observe_in_copies(copies, bounds, energies)
    counts = copies.sum(axis=0)
    spectrum.merge(rseq.Histogram.from_counts(bounds, counts))
    return counts, spectrum.quantiles(QUANTILES)
