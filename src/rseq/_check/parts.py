"""The parts of a check, each apart from the others: one after another, or as many at a time as there are processes.

A part is the operations on one record, on one architecture, with one way to choose the lane. What is found in it is
numbers and text, so a process can send it; and what is found in all of them stands in the order of the parts, whoever
was first.
"""

from __future__ import annotations

import os
import pickle
import struct
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rseq._arch import Architecture
from rseq._arch.base import IndexMode
from rseq._check.code import Operation
from rseq._check.crossing import Tick
from rseq._check.report import Checked, Violation
from rseq._processes import Send, gather

_NUMBER = struct.Struct("<I")


@dataclass(frozen=True)
class Part:
    """What is checked in one piece."""

    architecture: Architecture
    index: IndexMode
    operations: list[Operation]
    routines: list[Operation]
    group: int = 0
    """The number of the record: several have one name."""

    def __str__(self) -> str:
        return f"{self.architecture.name}, {self.index}, {self.operations[0].record.__name__}"


class Found(NamedTuple):
    """What was found in a part."""

    checked: Checked
    violations: tuple[Violation, ...]


Explore = Callable[[Part, Tick], Found]


def explored(parts: Sequence[Part], explore: Explore, jobs: int, tick: Tick) -> list[Found]:
    """What `explore` finds in each of `parts`, in their order, with up to `jobs` processes.

    Raises: what `explore` raises. RuntimeError - a process has ended before its work had.
    """
    jobs = min(jobs, len(parts))
    if jobs <= 1:
        found = {number: explore(parts[number], tick) for number in _by_group(parts)}
        return [found[number] for number in range(len(parts))]
    return _Team(parts, explore, jobs, tick).found()


def _by_group(parts: Sequence[Part]) -> list[int]:
    """The numbers of the parts, the largest first, and those of one group together: they share what is chosen from."""
    return sorted(range(len(parts)), key=lambda number: (-len(parts[number].operations), parts[number].group))


class _Team:
    """Processes that take one part after another from a pipe, the largest first."""

    def __init__(self, parts: Sequence[Part], explore: Explore, jobs: int, tick: Tick) -> None:
        self.parts, self.explore, self.jobs, self.tick = parts, explore, jobs, tick
        self.results: dict[int, Found] = {}
        self.last: dict[int, str] = {}

    def found(self) -> list[Found]:
        self.waiting = self._pipe()
        try:
            problems = gather([self._work] * self.jobs, self._receive)
        finally:
            os.close(self.waiting)
        if problems:
            were = [f"process {number} was at {text}" for number, text in sorted(self.last.items())]
            raise RuntimeError(f"the check is not complete: {'; '.join(problems)}. {'; '.join(were)}")
        return [self.results[number] for number in range(len(self.parts))]

    def _pipe(self) -> int:
        """The end to read from of a pipe with the numbers of all parts, which then ends."""
        reader, writer = os.pipe()
        with open(writer, "wb") as file:
            file.write(b"".join(map(_NUMBER.pack, _by_group(self.parts))))
        return reader

    # ---- in each process

    def _work(self, send: Send) -> None:
        for number in self._numbers():
            part = self.parts[number]
            send(str(part))
            try:
                send((number, self.explore(part, send)))
            except Exception as error:  # noqa: BLE001 - it is raised in the parent
                send(_sent(error, part))
                return

    def _numbers(self) -> Iterator[int]:
        while data := os.read(self.waiting, _NUMBER.size):
            yield _NUMBER.unpack(data)[0]

    # ---- in the parent

    def _receive(self, process: int, what: Any) -> None:
        if isinstance(what, Exception):
            raise what
        if isinstance(what, str):
            self.last[process] = what
            self.tick(what)
        else:
            number, self.results[number] = what


def _sent(error: Exception, part: Part) -> Exception:
    """The exception as it arrives, with where it comes from."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 - whatever it is that cannot be sent, its text can
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(f"in a process that checked {part}:\n{traceback.format_exc()}")
    return error
