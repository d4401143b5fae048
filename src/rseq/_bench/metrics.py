"""prometheus_client's metrics in a segment, beside the same in its multiprocess mode and as it is.

Each is a process of its own, as prometheus_client looks once which mode it is in. A scrape is measured after one
worker has counted and died.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rseq._bench.python.loop import SUM_LOOP, installed, loop
from rseq._bench.run import Implementation, Operation, Processes, Span, Work, answered, counted, done
from rseq._percpu.shared.segment import Segment, core_of

_SERIES = 100

# ---- counting


def _rseq(workers: int) -> Implementation:
    installed("prometheus_client")
    segment = Segment()

    def total() -> int:
        from rseq._metrics.reading import Reader

        family = Reader(core_of(segment)).family("counter", "rseq_bench")
        return int(sum(value for _, (value,), _ in family.numbers()))

    return Implementation("rseq", "in an rseq.Segment: inc()", partial(Processes, _count, (segment,)), counted(total))


def _multiprocess(workers: int) -> Implementation:
    multiprocess, folder = installed("prometheus_client.multiprocess"), _folder()

    def total() -> int:
        collector = multiprocess.MultiProcessCollector(None, path=folder)
        return int(sum(sample.value for metric in collector.collect() for sample in metric.samples))

    crew = partial(_InFolder, folder, _count)
    return Implementation("multiprocess", "multiprocess mode: inc()", crew, counted(total))


def _count(where: Segment | str) -> Work:
    """In a process of its own."""
    _choose(where)
    from prometheus_client import Counter

    return loop("counter.inc()", counter=Counter("rseq_bench", "Counted by rseq bench.", registry=None))


def _folder() -> str:
    return tempfile.mkdtemp(prefix="rseq-bench-")


class _InFolder(Processes):
    """Processes that leave files in a folder, which goes when they go."""

    def __init__(self, folder: str, work: Callable[..., Work], cpus: Sequence[int | None], *more: object) -> None:
        super().__init__(work, (folder, *more), cpus)
        self._folder = folder

    def close(self) -> None:
        """Let the processes end, and remove their files."""
        super().close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _choose(where: Segment | str) -> None:
    """Have prometheus_client, which is imported after this, work there: in a segment, or in a folder of files."""
    if isinstance(where, str):
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = where
        return
    from rseq.metrics.prometheus import install

    install(where)


INC = Operation(
    name="metrics",
    title="prometheus_client's inc()",
    unit="update",
    makers={"rseq": _rseq, "multiprocess": _multiprocess},
    workers=(1,),
)


# ---- a scrape


def _scrapes(name: str, label: str, dead: int, *, in_segment: bool) -> Callable[[int], Implementation]:
    def make(workers: int) -> Implementation:
        installed("prometheus_client")
        if in_segment:
            return Implementation(name, label, partial(Processes, _scrape, (Segment(), dead)), _misread)
        folder = _folder()
        return Implementation(name, label, lambda cpus: _InFolder(folder, _scrape, cpus, dead), _misread)

    return make


def _misread(spans: Sequence[Span]) -> int:
    return done(spans) - answered(spans)


def _scrape(where: Segment | str, dead: int) -> Work:
    """In a process of its own: let workers count and die, one after the other, and then read what they have left."""
    _choose(where)
    from prometheus_client import CollectorRegistry, Counter, generate_latest, multiprocess

    counter = Counter("rseq_bench", "Counted by rseq bench.", ["a"], registry=None)
    children = [counter.labels(str(number)) for number in range(_SERIES)]
    for _ in range(dead):
        worker = os.fork()
        if worker == 0:
            for child in children:
                child.inc()
            os._exit(0)
        os.waitpid(worker, 0)
    registry = CollectorRegistry()
    collector: Any = multiprocess.MultiProcessCollector
    collector(registry)
    last = f'rseq_bench_total{{a="{_SERIES - 1}"}} {float(dead)}\n'.encode()
    return loop("total += last in scrape(registry)", SUM_LOOP, last=last, scrape=generate_latest, registry=registry)


SCRAPE = Operation(
    name="metrics-scrape",
    title=f"a scrape of {_SERIES:,} series",
    unit="scrape",
    makers={
        "rseq": _scrapes("rseq", "in a segment, one worker", 1, in_segment=True),
        "multiprocess": _scrapes("multiprocess", "multiprocess mode, one worker", 1, in_segment=False),
    },
    workers=(1,),
    fault="got wrong",
)

OPERATIONS = INC, SCRAPE
