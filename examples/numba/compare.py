"""The programs of this folder beside the same with a private copy for each thread, as they are written today.

    python examples/numba/compare.py                    # all eight
    python examples/numba/compare.py topk montecarlo    # some
    python examples/numba/compare.py --quick            # small inputs, twice each: whether they run

Each has `inputs(size)`, `with_rseq(*inputs)` and `with_copies(*inputs)`, which return the same. Both make what they
need, loop, and read the result. They take turns. What is printed is the CPU time of all threads in milliseconds, the
medians and their ratio, and the ratio of the least times, which other programs on the machine disturb less. It fails
if a result differs in any bit, order aside.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait for work would count as busy

import argparse
import importlib
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

NAMES = ("histogram", "weights", "events", "topk", "collected", "scratch", "montecarlo", "spectrum")
ROUNDS = 15
QUICK_PART = 100


def program(name: str) -> ModuleType:
    """The module of that name in this folder."""
    folder = str(Path(__file__).parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    return importlib.import_module(name)


def compare(name: str, part: int = 1, rounds: int = ROUNDS) -> tuple[list[float], list[float]]:
    """The CPU times in ms, with rseq and with copies. Raises: AssertionError - the results differ."""
    module = program(name)
    ways = (module.with_rseq, module.with_copies)
    for way in ways:
        way(*module.inputs(module.SIZE // QUICK_PART))  # compiles it
    given = module.inputs(module.SIZE // part)
    times: tuple[list[float], list[float]] = ([], [])
    for turn in range(rounds):
        results = [_timed(way, given, spent) for way, spent in list(zip(ways, times, strict=True))[:: (-1) ** turn]]
        for one, other in zip(*map(_arrays, results), strict=True):
            np.testing.assert_array_equal(one, other, err_msg=f"{name}: with rseq and with copies")
    return times


def _timed(way: Callable[..., Any], given: Sequence[Any], spent: list[float]) -> Any:
    began = time.process_time_ns()
    result = way(*given)
    spent.append((time.process_time_ns() - began) / 1e6)
    return result


def _arrays(result: Any) -> list[Any]:
    """What a program returned, as sorted arrays: hits come in any order."""
    parts = result if isinstance(result, tuple) else (result,)
    return [np.sort(part, axis=None) for part in parts]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Numba programs with rseq beside private copies.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all if there is none")
    parser.add_argument("--quick", action="store_true", help="small inputs, twice each")
    chosen = parser.parse_args(arguments)
    unknown = sorted(set(chosen.names) - set(NAMES))
    if unknown:
        parser.error(f"no program is called {', '.join(unknown)}; there are {', '.join(NAMES)}")
    print(f"{'CPU ms of all threads':24}{'rseq':>9}{'copies':>9}{'ratio':>8}{'least':>8}")
    for name in chosen.names or NAMES:
        times = compare(name, *((QUICK_PART, 2) if chosen.quick else ()))
        ours, copies = map(statistics.median, times)
        least = min(times[0]) / min(times[1])
        print(f"{name:24}{ours:9.1f}{copies:9.1f}{ours / copies:8.2f}{least:8.2f}", flush=True)


if __name__ == "__main__":
    main()
