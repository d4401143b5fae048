"""Metrics in a segment, prometheus_client's and those of rseq.metrics, beside prometheus_client's multiprocess mode.

Each is a process of its own, as prometheus_client looks once which mode it is in. What is counted is looked at from
here after each run, in the segment or in the files. A scrape is measured after workers have counted and died, one
after the other. In multiprocess mode one does, and its files are copied under the numbers of the others, which would
have written the same: a worker begins its files anew, which takes longer than to count in a segment.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Literal

from rseq._bench.python.loop import SUM_LOOP, installed, loop
from rseq._bench.run import Implementation, Operation, Processes, Span, Work, answered, counted, done
from rseq._percpu.shared.segment import Segment, core_of

Maker = Callable[[int], Implementation]
Whose = Literal["own", "rseq", "multiprocess", "alone"]

_SAID: dict[Whose, str] = {
    "own": "rseq.metrics",
    "rseq": "in an rseq.Segment",
    "multiprocess": "multiprocess mode",
    "alone": "one process for itself",
}
"""Whose metric it is: of rseq.metrics, or of prometheus_client, which works there."""

_MANY_LABELS = 2_000
"""The most labels that are made in a run: they take their place for good."""

_MANY_SAMPLES = 50_000
"""How many series are read in a run at most, or one scrape: what many files hold takes long."""

_MOST_PROCESSES = 1 << 22
"""Linux gives no process a number from there on."""

# ---- counting


def _counts(what: str, statement: str) -> dict[str, Maker]:
    """Those that do it; `what` is the work in a process of its own (`_WORKS`)."""
    wanted: tuple[Whose, ...] = ("own", "rseq", "multiprocess")
    return {whose: partial(_count, what, f"{_SAID[whose]}: {statement}", whose) for whose in wanted}


def _count(what: str, label: str, whose: Whose, workers: int) -> Implementation:
    installed("prometheus_client.multiprocess")
    most = _MANY_LABELS if what == "make" else None
    if whose == "multiprocess":
        folder = tempfile.mkdtemp(prefix="rseq-bench-")
        in_files = counted(partial(_total_of_files, what, folder))
        return Implementation(whose, label, partial(InFolder, folder, _begin, (what, whose)), in_files, most)
    segment = Segment()
    in_segment = counted(partial(_total_of_segment, what, segment))
    return Implementation(whose, label, partial(Processes, _begin, (segment, what, whose)), in_segment, most)


def _total_of_segment(what: str, segment: Segment) -> int:
    from rseq._metrics.reading import Reader

    reader, type = Reader(core_of(segment)), "histogram" if what == "observe" else "counter"
    found = [numbers for _, numbers, _ in reader.family(type, "rseq_bench").numbers()]
    if what == "make":
        return len(found)
    return int(sum(sum(numbers[1:]) if type == "histogram" else numbers[0] for numbers in found))


def _total_of_files(what: str, folder: str) -> int:
    collect: Any = sys.modules["prometheus_client.multiprocess"].MultiProcessCollector
    samples = [sample for metric in collect(None, path=folder).collect() for sample in metric.samples]
    if what == "observe":
        samples = [sample for sample in samples if sample.name.endswith("_count")]
    return len(samples) if what == "make" else int(sum(sample.value for sample in samples))


def _begin(where: Segment | str, what: str, whose: Whose) -> Work:
    """In a process of its own."""
    client = client_of(where, whose)
    return _WORKS[what](client, {"registry": None, **({"segment": where} if whose == "own" else {})})


def client_of(where: Segment | str, whose: Whose) -> Any:
    """The module whose metrics are meant, working there: in a segment, in a folder of files, or in no such place."""
    if whose == "own":
        import rseq.metrics

        return rseq.metrics
    if isinstance(where, str) and where:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = where
    elif where:
        from rseq.metrics.prometheus import install

        install(where)
    import prometheus_client

    return prometheus_client


def _increment(client: Any, where: dict[str, Any]) -> Work:
    return loop("counter.inc()", counter=client.Counter("rseq_bench", "Counted by rseq bench.", **where))


def _increment_labelled(client: Any, where: dict[str, Any]) -> Work:
    counter = client.Counter("rseq_bench", "Counted by rseq bench.", ["a", "b"], **where)
    return loop('counter.labels("a", "b").inc()', counter=counter)


def _observe(client: Any, where: dict[str, Any]) -> Work:
    histogram = client.Histogram("rseq_bench", "Observed by rseq bench.", **where)
    return loop("histogram.observe(x)", histogram=histogram, x=0.3)


def _make(client: Any, where: dict[str, Any]) -> Work:
    counter = client.Counter("rseq_bench", "Counted by rseq bench.", ["a", "b"], **where)
    texts = map(str, itertools.count())
    return loop('counter.labels("a", next(texts))', counter=counter, texts=texts)


_WORKS: dict[str, Callable[[Any, dict[str, Any]], Work]] = {
    "inc": _increment,
    "labels": _increment_labelled,
    "observe": _observe,
    "make": _make,
}


class InFolder(Processes):
    """Processes that leave files in a folder, which goes when they go."""

    def __init__(
        self, folder: str, work: Callable[..., Work], more: tuple[object, ...], cpus: Sequence[int | None]
    ) -> None:
        super().__init__(work, (folder, *more), cpus)
        self._folder = folder

    def close(self) -> None:
        """Let the processes end, and remove their files."""
        super().close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _operation(name: str, title: str, what: str, statement: str) -> Operation:
    return Operation(name, title, "update", _counts(what, statement), workers=(1,))


INC = _operation("metrics", "inc() of a metric", "inc", "inc()")
LABELS = _operation("metrics-labels", "inc() of a metric with labels", "labels", 'labels("a", "b").inc()')
OBSERVE = _operation("metrics-observe", "observe() of a histogram", "observe", "observe(x)")
MAKE = _operation("metrics-make", "a new set of labels", "make", 'labels("a", new)')


# ---- a scrape


def _scrape(whose: Whose, series: int, dead: int, lanes: int = 0) -> Maker:
    """A maker: after `dead` workers, of so many series; in a segment of so many lanes, 0 for this machine's."""
    said = f"{_SAID[whose]}, {dead:,} dead" if dead else f"{_SAID[whose]}{f', {lanes} lanes' if lanes else ''}"

    def make(workers: int) -> Implementation:
        installed("prometheus_client")
        samples = series * dead if whose == "multiprocess" else series
        given, most = (whose, series, dead), max(1, _MANY_SAMPLES // samples)
        name = f"{whose}-many" if dead > 1 else whose
        if whose == "multiprocess":
            folder = tempfile.mkdtemp(prefix="rseq-bench-")
            return Implementation(name, said, partial(InFolder, folder, _begin_scrape, given), _misread, most)
        where = "" if whose == "alone" else _segment(lanes)
        return Implementation(name, said, partial(Processes, _begin_scrape, (where, *given)), _misread, most)

    return make


def _segment(lanes: int) -> Segment:
    from rseq._percpu.shared import core as module

    core: Any = module
    possible = core.possible_cpus
    core.possible_cpus = (lambda: lanes) if lanes else possible
    try:
        return Segment()
    finally:
        core.possible_cpus = possible


def _misread(spans: Sequence[Span]) -> int:
    return done(spans) - answered(spans)


def _begin_scrape(where: Segment | str, whose: Whose, series: int, dead: int) -> Work:
    """In a process of its own: let workers count and die, one after the other, and then read what they have left."""
    client = client_of(where, whose)
    from prometheus_client import CollectorRegistry, generate_latest, multiprocess

    registry = CollectorRegistry()
    collected: Any = None if whose == "multiprocess" else registry
    counter = client.Counter("rseq_bench", "Counted by rseq bench.", ["a"], registry=collected)
    children = [counter.labels(str(number)) for number in range(series)]
    in_files = whose == "multiprocess"
    for _ in range(min(dead, 1) if in_files else dead):
        worker = os.fork()
        if worker == 0:
            for child in children:
                child.inc()
            os._exit(0)
        os.waitpid(worker, 0)
    if in_files:
        _copy_files(str(where), worker, dead - 1)
        collector: Any = multiprocess.MultiProcessCollector
        collector(registry)
    last = f'rseq_bench_total{{a="{series - 1}"}} {float(dead)}\n'.encode()
    return loop("total += last in scrape(registry)", SUM_LOOP, last=last, scrape=generate_latest, registry=registry)


def _copy_files(folder: str, worker: int, more: int) -> None:
    """Have the folder look as if `more` workers had done what `worker` has; no process has their numbers."""
    (name,) = (name for name in os.listdir(folder) if name.endswith(f"_{worker}.db"))
    for number in range(1, more + 1):
        copy = name.replace(f"_{worker}.", f"_{worker + number * _MOST_PROCESSES}.")
        shutil.copyfile(os.path.join(folder, name), os.path.join(folder, copy))


def _scrapes(name: str, title: str, makers: dict[str, Maker]) -> Operation:
    return Operation(name, title, "scrape", makers, workers=(1,), fault="got wrong")


SCRAPE = _scrapes(
    "metrics-scrape",
    "a scrape of 100 series",
    {"rseq": _scrape("rseq", 100, 1), "multiprocess": _scrape("multiprocess", 100, 1)},
)
DEAD = _scrapes(
    "metrics-scrape-dead",
    "a scrape of 1,000 series",
    {
        "rseq": _scrape("rseq", 1_000, 1),
        "rseq-many": _scrape("rseq", 1_000, 1_000),
        "multiprocess": _scrape("multiprocess", 1_000, 1),
        "multiprocess-many": _scrape("multiprocess", 1_000, 1_000),
    },
)
LARGE = _scrapes(
    "metrics-scrape-large",
    "a scrape of 10,000 series",
    {"rseq": _scrape("rseq", 10_000, 0, 128), "alone": _scrape("alone", 10_000, 0)},
)

OPERATIONS = INC, LABELS, OBSERVE, MAKE, SCRAPE, DEAD, LARGE
