"""An observation: find its bucket among 14 bounds, count it, add it to the sum.

The observations are multiples of 1/64, so that sums are exact in whatever order they are made.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import accumulate
from typing import Any

from rseq._bench.native.loop import Loops, Memory, Turn, function, increment, mutexes, work
from rseq._bench.native.ours import Site, ours
from rseq._bench.run import Implementation, Missing, Operation, Span, counted, growth, threaded
from rseq._codegen.writer import DOUBLE, I64, Writer
from rseq._language.compiled import Compiled
from rseq._structures.histogram import Histogram
from rseq._structures.structure import bound_of
from rseq._thread.cpus import possible_cpus

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Those that prometheus_client has if one gives none."""

_OBSERVED = [(number * 37 % 64) ** 2 / 256 for number in range(64)]
"""What is observed, in turn: from 0 to 15.5, half of it below 3.9, in no order."""
_UP_TO = [0.0, *accumulate(_OBSERVED)]
"""The sums of the first so many."""

_SLOT_BYTES = 256
_SUM_AT, _COUNTS_AT = 64, 72
_PLACES = 16


def _observe(getcpu: str | None, turn: Turn) -> int:
    """`more` has the bounds, and then what is observed."""
    emit = turn.emit
    observed = emit.add(emit.and_(turn.i, len(_OBSERVED) - 1), _PLACES)
    x = emit.load(emit.item(turn.more, observed, DOUBLE), type=DOUBLE)
    bucket = _bucket(emit, turn.more, x)
    slot = turn.slot(getcpu, _SLOT_BYTES) if getcpu else turn.memory
    count = emit.item(emit.offset(slot, _COUNTS_AT), bucket, I64)
    with turn.locked(slot):
        increment(emit, count)
        emit.store(emit.llvm.fadd(emit.load(slot, _SUM_AT, DOUBLE), x), slot, _SUM_AT)
    return 0


def _bucket(emit: Writer, bounds: Any, x: Any) -> Any:
    at: Any = I64(0)
    for step in (8, 4, 2, 1):
        last = emit.add(at, step)
        bound = emit.load(emit.item(bounds, last, DOUBLE), -8, DOUBLE)  # the one before it
        at = emit.choose(emit.llvm.fcmp_ordered("<", bound, x), last, at)
    return at


_LOOPS = Loops({"sched_getcpu-mutex": partial(_observe, "sched_getcpu"), "mutex": partial(_observe, None)})


def _exact(counts: Callable[[], int], sums: Callable[[], float]) -> Missing:
    """A check: both have grown by what was observed."""
    missing, grown = counted(counts), growth(sums)

    def wrong(spans: Sequence[Span]) -> int:
        is_exact = grown() == sum(_sum_of(span.count) for span in spans)
        return missing(spans) or int(not is_exact)

    return wrong


def _sum_of(count: int) -> float:
    """The sum of the first `count` observations of a worker."""
    rounds, rest = divmod(count, len(_OBSERVED))
    return rounds * _UP_TO[-1] + _UP_TO[rest]


def _beside(name: str, label: str, workers: int) -> Implementation:
    memory = Memory(possible_cpus() * _SLOT_BYTES)
    calls = function("sched_getcpu"), *mutexes(memory.address, possible_cpus(), _SLOT_BYTES)
    table = (ctypes.c_double * (_PLACES + len(_OBSERVED)))(*BOUNDS, math.inf, math.inf, *_OBSERVED)
    run = work(_LOOPS[name], [(memory.address, *calls, ctypes.addressof(table))] * workers, memory, table)
    words, stride = memory.words, _SLOT_BYTES // 8
    sums = memory.words.cast("B").cast("d")

    def counts() -> int:
        return sum(sum(words[_COUNTS_AT // 8 + bucket :: stride]) for bucket in range(len(BOUNDS) + 1))

    return threaded(name, label, run, _exact(counts, lambda: sum(sums[_SUM_AT // 8 :: stride])))


def _turn(site: Site, observe: Compiled) -> Any:
    turn = site.emit.and_(site.i, len(_OBSERVED) - 1)
    site.run(observe, site.emit.load(site.extra, site.emit.mul(turn, 8), DOUBLE))
    return 0


def _rseq(workers: int) -> Implementation:
    histogram = Histogram(BOUNDS)
    table = (ctypes.c_double * len(_OBSERVED))(*_OBSERVED)
    words = [(*histogram.storage.place, ctypes.addressof(table))] * workers
    run = work(ours(_turn, bound_of(histogram, "observe").code), words, table)
    return threaded("rseq", "rseq", run, _exact(lambda: histogram.count, lambda: histogram.sum))


HISTOGRAM = Operation(
    name="histogram",
    title="observation in 15 buckets, native loop",
    unit="observation",
    makers={
        "rseq": _rseq,
        "sched_getcpu-mutex": partial(_beside, "sched_getcpu-mutex", "sched_getcpu + per-CPU mutex"),
        "mutex": partial(_beside, "mutex", "one pthread mutex"),
    },
)
