"""Stress by threads, signals, migrations and forks: slices of time for each workload, in one process or several."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from rseq._arch.base import IndexMode
from rseq._check.code import Spoil
from rseq._processes import Send, gather
from rseq._stress.code import Program, compiled, unspoilt
from rseq._stress.ledger import Ledger
from rseq._stress.report import Report, Stressed
from rseq._stress.shipped import can_share, indices, left_out, make, make_shared, named, sections, workloads
from rseq._stress.threads import Came, Scene, Slice, rows
from rseq._stress.workload import Workload
from rseq._thread.registration import available

Tick = Callable[[str], None]

_LONGEST_SLICE_S = 2.0
"""Long runs come back to each workload with a new structure, so that sums stay exact in floats."""

_MORE_SLICES, _SHORTEST_SLICE_S = 10, 0.25
"""What sections get that have not been aborted when the time is over."""

_PATIENCE_S = 60.0
"""How long a process may be late with what came of a slice."""


def stress(
    *chosen: Workload[Any],
    seconds: float = 10.0,
    threads: int | None = None,
    processes: int = 1,
    tick: Tick = lambda text: None,
    spoil: Spoil = unspoilt,
) -> Report:
    """Stress these workloads, or all that the package ships, and see that their laws hold.

    Each process works for so many seconds, with `threads` threads (12 for each CPU by default) on one structure at a
    time, its lanes chosen by cpu_id and by mm_cid in turn. All processes work on the same one, where it can be shared.
    A section that was never aborted is a problem: nothing was tested there.

    Raises: RuntimeError - the kernel has not registered this thread, or no code can be made for this machine.
    """
    require_rseq()
    count = threads or 12 * len(os.sched_getaffinity(0))
    run = _Run(_targets(chosen or workloads(), tick, spoil), seconds, count, processes, tick)
    problems = [] if chosen else list(left_out(workloads()))
    workers = [partial(run.work, process) for process in range(processes)]
    problems += gather(workers, run.receive, run.slice_s + _PATIENCE_S)
    return run.report(problems)


def require_rseq() -> None:
    """Raises: RuntimeError - no section would ever be aborted here."""
    if not available():
        raise RuntimeError(
            "the kernel has not registered this thread for restartable sequences, so that none of them would be "
            "aborted; `rseq info` says why"
        )


@dataclass(frozen=True)
class _Target:
    """A workload, with lanes chosen by one number, and its machine code."""

    workload: Workload[Any]
    index: IndexMode
    program: Program

    def __str__(self) -> str:
        return f"{self.workload.name}, lanes by {self.index}"


def _targets(chosen: Sequence[Workload[Any]], tick: Tick, spoil: Spoil) -> list[_Target]:
    found = []
    for workload in chosen:
        for index in indices(workload):
            tick(f"compiling {workload.name}, lanes by {index}")
            found.append(_Target(workload, index, compiled(workload.work, make(workload, index).storage, spoil)))
    return found


@dataclass
class _Run:
    """What each process does, and what has come of it so far."""

    targets: list[_Target]
    seconds: float
    threads: int
    processes: int
    tick: Tick
    came: dict[int, list[Came]] = field(default_factory=dict)
    shared: dict[int, Scene] = field(init=False)
    """What processes share, for the targets of which they can share something."""

    def __post_init__(self) -> None:
        self.shared = dict(self._shared()) if self.processes > 1 else {}

    def _shared(self) -> Iterator[tuple[int, Scene]]:
        for number, target in enumerate(self.targets):
            if target.index == "cpu_id" and can_share(target.workload):
                structure = make_shared(target.workload)
                ledger = Ledger(rows(self.threads) * self.processes, structure.storage.length)
                yield number, Scene(structure, ledger, is_shared=True)

    @property
    def _rounds(self) -> int:
        return math.ceil(self.seconds / (_LONGEST_SLICE_S * len(self.targets)))

    @property
    def slice_s(self) -> float:
        """How long a target is stressed in one go."""
        return self.seconds / (self._rounds * len(self.targets))

    def work(self, process: int, send: Send) -> None:
        """What a process does. Sections that have not been aborted get some more time."""
        for epoch in range(self._rounds + _MORE_SLICES):
            for number, target in enumerate(self.targets):
                if epoch < self._rounds:
                    send((number, self._slice(target, self._scene(number, process, epoch), self.slice_s)))
                elif not all(target.program.aborts.values()):
                    seconds = max(self.slice_s, _SHORTEST_SLICE_S)
                    send((number, self._slice(target, self._scene(number, process, epoch), seconds)))

    def _scene(self, number: int, process: int, epoch: int) -> Scene:
        if shared := self.shared.get(number):
            return replace(shared, process=process, epoch=epoch)
        structure = make(self.targets[number].workload, self.targets[number].index)
        return Scene(structure, Ledger(rows(self.threads), structure.storage.length))

    def _slice(self, target: _Target, scene: Scene, seconds: float) -> Came:
        came = Slice(target.workload, target.program, scene, self.threads).run(seconds)
        came.problems = [f"{target}: {problem}" for problem in came.problems]
        return came

    def receive(self, process: int, what: tuple[int, Came]) -> None:
        """In the parent: what came of a slice."""
        number, came = what
        self.came.setdefault(number, []).append(came)
        self.tick(f"{self.targets[number]}: {sum(came.aborts.values()):,} aborts in {came.runs:,} runs")

    # ---- the report

    def report(self, problems: list[str]) -> Report:
        """What all of it came to."""
        everything = [came for some in self.came.values() for came in some]
        stressed = tuple(self._stressed())
        problems += dict.fromkeys(problem for came in everything for problem in came.problems)
        problems += self._of_shared()
        problems += self._untested(stressed)
        return Report(
            problems=tuple(problems),
            processes=self.processes,
            threads=self.threads,
            seconds=self.seconds,
            migrations=sum(came.migrations for came in everything),
            forks=sum(came.forks for came in everything),
            short_lived=sum(came.short_lived for came in everything),
            stressed=stressed,
        )

    def _of_shared(self) -> Iterator[str]:
        for number, scene in self.shared.items():
            target = self.targets[number]
            for problem in target.workload.law(scene.structure, scene.ledger.sums()):
                yield f"{target}, in {self.processes} processes: {problem}"

    def _stressed(self) -> Iterator[Stressed]:
        for workload in dict.fromkeys(target.workload for target in self.targets):
            numbers = [number for number, target in enumerate(self.targets) if target.workload is workload]
            came = [one for number in numbers for one in self.came.get(number, [])]
            counts: Counter[str] = Counter()
            for one in came:
                counts.update(one.aborts)
            yield Stressed(
                name=workload.name,
                runs=sum(one.runs for one in came),
                calls=sum(one.calls for one in came),
                signals=sum(one.signals for one in came),
                aborts_of_calls=sum(one.aborts_of_calls for one in came),
                is_shared=any(number in self.shared for number in numbers),
                aborts={name: counts[name] for name in named(sections(workload)).values()},
            )

    def _untested(self, stressed: tuple[Stressed, ...]) -> Iterator[str]:
        for one in stressed:
            for sequence, aborts in one.aborts.items():
                if not aborts:
                    yield (
                        f"{one.name}: {sequence}() was never aborted in {one.runs:,} runs, so nothing was tested. "
                        "If more --seconds do not change that, the kernel does not know of the section"
                    )
