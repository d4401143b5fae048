"""Run implementations of one operation side by side: interleaved in rounds, warmed, pinned, their totals checked.

The host of a virtual machine drifts between faster and slower phases that last seconds, so implementations take turns
in every round, each round starts with another one, and what is quoted is a ratio of medians.

A time is *CPU time per operation*: elapsed time x min(workers, CPUs) / operations in all. What scales perfectly then
costs the same with one worker, with one on each CPU and with several on each. Elapsed time goes from the first
worker's start behind a barrier to the last one's end. Calling and leaving the loop is part of it, so loops are long.

Up to as many workers as there are CPUs, each is pinned to one of its own. More workers than that are left to the
scheduler: a thread then migrates in the middle of its loop, which is what a restartable sequence must survive.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Literal, Protocol, TypeVar

_FIRST_COUNT = 500
"""Operations of the first, warming run; calibration goes on from there."""

_Number = TypeVar("_Number", int, float)

Work = Callable[[int, int], object]
"""`work(worker, count)` does `count` operations as worker number `worker`, and may answer with an integer."""


class Unavailable(Exception):
    """An implementation cannot be measured here; the text says why, as a sentence for the reader of the table."""


class LostUpdates(Exception):
    """An implementation did not do what it was asked to: its time means nothing and the command must fail."""


@dataclass(frozen=True)
class Span:
    """What one worker did in one run: `count` operations, from `started` to `ended` (ns), and what the loop answered.

    `cpu` is the CPU that it was pinned to, None if the scheduler chose.
    """

    cpu: int | None
    count: int
    answer: object
    started: int
    ended: int


class Crew(Protocol):
    """Workers that run an implementation's loop together, from one rendezvous."""

    def run(self, count: int) -> list[Span]:
        """Let every worker do `count` operations at the same time."""

    def close(self) -> None:
        """Let the workers go."""


Missing = Callable[[Sequence[Span]], int]
"""Called after every run: how many operations of these spans did not happen, or happened wrongly."""


@dataclass(frozen=True)
class Implementation:
    """One way of doing an operation.

    `name` is what `--only` and the JSON call it, `label` what the table shows. `crew(cpus)` makes a worker for each
    entry of `cpus`, pinned to that CPU or, where it is None, not pinned. `missing` checks each run; a floor, which
    does nothing that could be checked, has None. `most` is how many operations a run may have, where they leave
    something in memory.
    """

    name: str
    label: str
    crew: Callable[[Sequence[int | None]], Crew]
    missing: Missing | None
    most: int | None = None


@dataclass(frozen=True)
class Operation:
    """What is measured: one operation and everything that can do it.

    `makers` maps each implementation's name to a function that makes it, given the largest number of workers; it may
    raise `Unavailable`. `reference` is the one that ratios are taken to. `workers` are the numbers of workers it is
    measured with, None for what the user chose (`--threads`) or else one, and one for each CPU, and if `oversubscribed`
    twice as many. `fault` is what a bad implementation did to a unit. The parts of the name say what it is about, as in
    "lock-python".
    """

    name: str
    title: str
    unit: str
    makers: dict[str, Callable[[int], Implementation]]
    reference: str = "rseq"
    workers: tuple[int, ...] | None = None
    oversubscribed: bool = False
    fault: str = "lost"

    @property
    def is_native(self) -> bool:
        """If it is measured in machine code that holds no GIL, whose threads do not wait for each other."""
        return not self.name.endswith(("python", "processes"))

    def usual(self, cpus: int) -> tuple[int, ...]:
        """The numbers of workers that it is measured with if nobody says otherwise."""
        return (1, cpus, 2 * cpus) if self.oversubscribed else (1, cpus)


@dataclass(frozen=True)
class Plan:
    """How long to measure: `rounds` turns for each implementation, each of about `seconds`, on these CPUs."""

    rounds: int
    seconds: float
    cpus: tuple[int, ...] = field(default_factory=lambda: tuple(sorted(os.sched_getaffinity(0))))

    def placement(self, workers: int) -> list[int | None]:
        """Where each of `workers` workers runs: a CPU of its own, or None, where the scheduler likes."""
        return list(self.cpus[:workers]) if workers <= len(self.cpus) else [None] * workers


@dataclass(frozen=True)
class Result:
    """What one implementation cost with one number of workers: ns per operation in each round.

    `verified` is how many operations were checked, those of the warming runs included.
    """

    operation: str
    implementation: str
    label: str
    threads: int
    runs: tuple[float, ...]
    verified: int

    @property
    def ns_per_op(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.runs)


def done(spans: Sequence[Span]) -> int:
    """How many operations there were."""
    return sum(span.count for span in spans)


def answered(spans: Sequence[Span]) -> int:
    """The sum of what the loops answered."""
    return sum(span.answer for span in spans if isinstance(span.answer, int))


def growth(total: Callable[[], _Number]) -> Callable[[], _Number]:
    """What tells how much `total()` has grown since it was last asked."""
    seen = total()

    def grown() -> _Number:
        nonlocal seen
        before, seen = seen, total()
        return seen - before

    return grown


def counted(total: Callable[[], int]) -> Missing:
    """A check for counters: `total()` must have grown by just what the workers added since it was last looked at."""
    grown = growth(total)
    return lambda spans: done(spans) - grown()


def threaded(name: str, label: str, work: Work, missing: Missing | None, most: int | None = None) -> Implementation:
    """An implementation that runs `work` in threads, at most `most` times in a run."""
    return Implementation(name, label, partial(Threads, work), missing, most)


class Threads:
    """A crew of threads, made anew for each run; an exception in one of them is raised by `run`."""

    def __init__(self, work: Work, cpus: Sequence[int | None]) -> None:
        self._work, self._cpus = work, cpus

    def run(self, count: int) -> list[Span]:
        """Let every thread do `count` operations at the same time."""
        everywhere = os.sched_getaffinity(0)
        barrier = threading.Barrier(len(self._cpus))
        spans: dict[int, Span] = {}
        failures: list[BaseException] = []

        def body(worker: int, cpu: int | None) -> None:
            try:
                os.sched_setaffinity(0, everywhere if cpu is None else {cpu})
                barrier.wait()
                started = time.perf_counter_ns()
                answer = self._work(worker, count)
                spans[worker] = Span(cpu, count, answer, started, time.perf_counter_ns())
            except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
                failures.append(error)
                barrier.abort()

        threads = [threading.Thread(target=body, args=place) for place in enumerate(self._cpus)]
        with _ctrl_c_waits():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if failures:
            raise next((e for e in failures if not isinstance(e, threading.BrokenBarrierError)), failures[0])
        return [spans[worker] for worker in range(len(threads))]

    def close(self) -> None:
        """Do nothing: the threads of the last run have ended."""


class Processes:
    """A crew of processes that live until `close`, started afresh, so that each imports for itself, or forked.

    `make(*arguments)` runs in each process and answers with its work; unless they are forked, both must be picklable.
    """

    def __init__(
        self,
        make: Callable[..., Work],
        arguments: tuple[Any, ...],
        cpus: Sequence[int | None],
        *,
        method: Literal["spawn", "fork"] = "spawn",
    ) -> None:
        context: Any = multiprocessing.get_context(method)
        self._barrier = context.Barrier(len(cpus))  # kept: its name in the system goes with it
        self._pipes: list[Connection] = []
        self._processes = []
        for worker, cpu in enumerate(cpus):
            ours, theirs = context.Pipe()
            inherited = [*self._pipes, ours] if method == "fork" else []
            process = context.Process(
                target=_serve, args=(theirs, inherited, self._barrier, make, arguments, worker, cpu), daemon=True
            )
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def run(self, count: int) -> list[Span]:
        """Let every process do `count` operations at the same time.

        Raises: RuntimeError - a process ended or failed.
        """
        for pipe in self._pipes:
            pipe.send(count)
        spans: dict[Connection, Span] = {}
        while len(spans) < len(self._pipes):
            ready = wait([pipe for pipe in self._pipes if pipe not in spans])
            for pipe in self._pipes:
                if pipe in ready:
                    spans[pipe] = self._receive(pipe)
        return [spans[pipe] for pipe in self._pipes]

    def _receive(self, pipe: Connection) -> Span:
        try:
            answer = pipe.recv()
        except (EOFError, ConnectionResetError):
            answer = "it ended"
        if isinstance(answer, Span):
            return answer
        for process in self._processes:
            process.terminate()
        raise RuntimeError(f"a process of the benchmark could not go on: {answer}")

    def close(self) -> None:
        """Let the processes end, and wait for them."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.join()


def _serve(
    pipe: Connection,
    inherited: Sequence[Connection],
    barrier: Any,
    make: Callable[..., Work],
    arguments: tuple[Any, ...],
    worker: int,
    cpu: int | None,
) -> None:
    """Be one of `Processes`: for each count that comes through `pipe`, run and answer; end when it is closed.

    `inherited` are the parent's ends of pipes: a fork has copied them, and a pipe ends when all copies are closed.
    """
    try:
        for copy in inherited:
            copy.close()
        if cpu is not None:
            os.sched_setaffinity(0, {cpu})
        work = make(*arguments)
        while True:
            count = pipe.recv()
            barrier.wait()
            started = time.perf_counter_ns()
            answer = work(worker, count)
            pipe.send(Span(cpu, count, answer, started, time.perf_counter_ns()))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return
    except Exception as error:  # noqa: BLE001 - told to the process that asked
        pipe.send(f"{type(error).__name__}: {error}")


def measure(
    operation: Operation,
    implementations: Sequence[Implementation],
    workers: Sequence[int],
    plan: Plan,
    tick: Callable[[str, int], None] = lambda label, workers: None,
) -> list[Result]:
    """Measure `implementations` of one operation with each of these numbers of workers, all in turns.

    `tick` is called with an implementation's label and a number of workers before each run, and once before warming
    up, so `len(implementations) * len(workers) * (plan.rounds + 1)` times in all.
    Raises: LostUpdates - after a run, the totals were not what they must be.
    """
    places = [plan.placement(number) for number in workers]
    bench: list[_Turn] = []
    with _quiet():
        try:
            for cpus in places:
                for implementation in implementations:
                    bench.append(_Turn(operation, implementation, cpus, plan))
            for turn in bench:
                tick(turn.implementation.label, len(turn.cpus))
                turn.calibrate()
            for number in range(plan.rounds):
                first = number % max(1, len(bench))
                for turn in bench[first:] + bench[:first]:
                    tick(turn.implementation.label, len(turn.cpus))
                    turn.take()
        finally:
            for turn in bench:
                turn.crew.close()
    return [turn.result() for turn in bench]


class _Turn:
    """One implementation with its crew, its number of operations in a run, and its times so far."""

    def __init__(
        self, operation: Operation, implementation: Implementation, cpus: Sequence[int | None], plan: Plan
    ) -> None:
        self.operation, self.implementation, self.cpus, self.plan = operation, implementation, cpus, plan
        self.crew = implementation.crew(cpus)
        self.count = min(_FIRST_COUNT, implementation.most or _FIRST_COUNT)
        self.runs: list[float] = []
        self.verified = 0

    def calibrate(self) -> None:
        """Warm up, with ever longer runs until one takes a quarter of the time wanted; then choose the count."""
        most = self.implementation.most or sys.maxsize
        while True:
            elapsed = self._run() / 1e9
            if elapsed >= self.plan.seconds / 4 or self.count == most:
                self.count = min(most, max(1, round(self.count * self.plan.seconds / elapsed)))
                return
            self.count = min(most, self.count * (8 if elapsed < self.plan.seconds / 40 else 2))

    def take(self) -> None:
        """Run once and note the time."""
        elapsed = self._run()
        busy = min(len(self.cpus), len(self.plan.cpus))
        self.runs.append(elapsed * busy / (self.count * len(self.cpus)))

    def _run(self) -> int:
        """Run `count` operations on every worker, check them, and answer with the elapsed nanoseconds."""
        spans = self.crew.run(self.count)
        if self.implementation.missing:
            if missing := self.implementation.missing(spans):
                raise LostUpdates(self._accusation(missing, done(spans)))
            self.verified += done(spans)
        return max(span.ended for span in spans) - min(span.started for span in spans)

    def _accusation(self, missing: int, made: int) -> str:
        who = f"{self.implementation.name} ({self.implementation.label}) in operation {self.operation.name}"
        what = f"{self.operation.unit}s with {_workers(len(self.cpus))}"
        if missing < 0:
            return f"{who} counted {-missing:,} more than the {made:,} {what} that were made: its times mean nothing."
        return f"{who} {self.operation.fault} {missing:,} of {made:,} {what}: its times mean nothing."

    def result(self) -> Result:
        return Result(
            self.operation.name,
            self.implementation.name,
            self.implementation.label,
            len(self.cpus),
            tuple(self.runs),
            self.verified,
        )


def _workers(count: int) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


@contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Put Ctrl-C off until the end: workers are in machine code, whose memory must stay until they have come out of it.

    Python cannot wait for them later: after a `join` that was interrupted, it takes the thread for ended, and goes.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield  # it is another thread's, or not Python's
        return
    pressed: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed:
        signal.raise_signal(signal.SIGINT)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Python's cycle collector from running in the middle of a measurement."""
    was = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
