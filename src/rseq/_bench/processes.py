"""One counter from two processes at once: rseq's in a shared segment, and what else Python offers for that.

The processes are started afresh, pinned to a CPU each, and live until the last round. rseq's have nothing from the
one that starts them but a name.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import tempfile
from collections.abc import Sequence
from functools import partial

from rseq._bench.python.counter import value_loop
from rseq._bench.python.loop import installed, loop
from rseq._bench.run import Implementation, Operation, Processes, Work, counted
from rseq._bench.segments import remove
from rseq._structures.counter import Counter


def _rseq(workers: int) -> Implementation:
    name = f"rseq-bench-{os.getpid()}"
    counter = Counter(name="hits", segment=name)
    label = "rseq: counter.add(1), found by its name"
    return Implementation("rseq", label, partial(_ByName, name), counted(lambda: counter.value))


class _ByName(Processes):
    """Processes that find a counter in a segment; its name goes when they go."""

    def __init__(self, name: str, cpus: Sequence[int | None]) -> None:
        super().__init__(_rseq_work, (name,), cpus)
        self._name = name

    def close(self) -> None:
        """Let the processes end, and take away the segment's name."""
        super().close()
        remove(self._name)


def _rseq_work(name: str) -> Work:
    return loop("counter.add(1)", counter=Counter(name="hits", segment=name))


def _multiprocessing(workers: int) -> Implementation:
    value = multiprocessing.get_context("spawn").Value("q", 0)
    crew, label = partial(Processes, value_loop, (value,)), "multiprocessing.Value, its lock"
    return Implementation("multiprocessing", label, crew, counted(lambda: value.value))


def _prometheus(workers: int) -> Implementation:
    registry, multiprocess = installed("prometheus_client"), installed("prometheus_client.multiprocess")
    folder = tempfile.mkdtemp(prefix="rseq-bench-")
    collector = multiprocess.MultiProcessCollector(registry.CollectorRegistry(), path=folder)

    def total() -> int:
        return int(sum(sample.value for metric in collector.collect() for sample in metric.samples))

    crew = partial(_InFolder, folder)
    return Implementation("prometheus", "prometheus_client, multiprocess mode", crew, counted(total))


class _InFolder(Processes):
    """Processes that count into prometheus_client's files in a folder, which goes when they go."""

    def __init__(self, folder: str, cpus: Sequence[int | None]) -> None:
        super().__init__(_prometheus_work, (folder,), cpus)
        self._folder = folder

    def close(self) -> None:
        """Let the processes end, and remove their files."""
        super().close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _prometheus_work(folder: str) -> Work:
    """In a process of its own: choose the multiprocess mode, then import prometheus_client, which looks once."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    from prometheus_client import Counter

    return loop("counter.inc()", counter=Counter("rseq_bench", "Counted by rseq bench.", registry=None))


COUNTER = Operation(
    name="processes",
    title="counter from Python",
    unit="update",
    makers={"rseq": _rseq, "multiprocessing": _multiprocessing, "prometheus": _prometheus},
    workers=(2,),
)
