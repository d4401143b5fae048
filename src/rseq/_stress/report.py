"""What a stress came to, as numbers and as text of at most 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rseq._terminal import WIDTH

_MOST_PROBLEMS = 10


@dataclass(frozen=True)
class Stressed:
    """What one workload did. `aborts` are those of each of its sequences, in the loops and in signal handlers."""

    name: str
    runs: int
    signals: int
    """Runs of signal handlers, which `runs` does not count."""
    aborts: dict[str, int]
    calls: int
    """Calls from Python, which run a copy of the sections of their own, and the aborts of that."""
    aborts_of_calls: int
    is_shared: bool
    """True if processes worked on one structure."""


@dataclass(frozen=True)
class Outcome:
    """What all forms of stress end with: sentences, none of them if all is well."""

    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """True if nothing was wrong: every law held, every section was aborted."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {"ok": self.ok, **asdict(self)}

    def _failures(self) -> Iterator[str]:
        for problem in self.problems[:_MOST_PROBLEMS]:
            yield from textwrap.wrap(f"FAILED: {problem}", WIDTH, subsequent_indent="  ")
        if more := len(self.problems[_MOST_PROBLEMS:]):
            yield f"FAILED: {more:,} more; --json prints them all"


@dataclass(frozen=True)
class Report(Outcome):
    """What threads, signals, migrations and forks came to."""

    processes: int
    threads: int
    seconds: float
    migrations: int
    forks: int
    short_lived: int
    stressed: tuple[Stressed, ...]

    @property
    def aborts(self) -> int:
        """The aborts of all sections, those in calls from Python not counted."""
        return sum(sum(stressed.aborts.values()) for stressed in self.stressed)

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {**super().as_dict(), "aborts": self.aborts}

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{'structure':<20}{'sequence':<18}{'aborts':>10}{'runs':>16}{'in handlers':>14}"
        for stressed in self.stressed:
            for position, (sequence, aborts) in enumerate(stressed.aborts.items()):
                row = f"{'' if position else stressed.name:<20}{sequence:<18}{aborts:>10,}"
                yield row if position else f"{row}{stressed.runs:>16,}{stressed.signals:>14,}"
        yield ""
        yield from textwrap.wrap(self._summary(), WIDTH)
        yield from self._failures()
        if self.ok:
            yield "Every section was aborted. Nothing is lost, nothing is doubled."

    def _summary(self) -> str:
        runs = sum(stressed.runs + stressed.signals for stressed in self.stressed)
        calls = sum(stressed.calls for stressed in self.stressed)
        of_calls = sum(stressed.aborts_of_calls for stressed in self.stressed)
        return (
            f"{self._who()} for {self.seconds:g} s: {self.aborts:,} aborts in {runs:,} runs, and {of_calls:,} in "
            f"{calls:,} calls from Python; {self.migrations:,} changes of affinity, {self.short_lived:,} short-lived "
            f"threads, {self.forks:,} forks."
        )

    def _who(self) -> str:
        if self.processes == 1:
            return f"1 process of {self.threads} threads"
        shared = sum(stressed.is_shared for stressed in self.stressed)
        return (
            f"{self.processes} processes of {self.threads} threads, which share {shared} of "
            f"{len(self.stressed)} structures,"
        )


@dataclass(frozen=True)
class Instruction:
    """An instruction with a breakpoint before it: how often that was hit, and how often the section was aborted."""

    number: int
    text: str
    hits: int
    aborts: int


@dataclass(frozen=True)
class Section:
    """The instructions of one section, for one way to choose the lane."""

    structure: str
    sequence: str
    index: str
    instructions: tuple[Instruction, ...]

    @property
    def reached(self) -> int:
        """How many of the breakpoints were hit."""
        return sum(instruction.hits > 0 for instruction in self.instructions)


@dataclass(frozen=True)
class Loaded:
    """A section of the machine code behind a method, which was stopped before each instruction that was reached."""

    structure: str
    method: str
    sequence: str
    index: str
    origin: str
    """"shipped" with the package, or "compiled"."""
    instructions: int
    """How many the sequence has, as the compiler says."""
    reached: int
    aborts: int


@dataclass(frozen=True)
class Instructions(Outcome):
    """What breakpoints before every instruction came to."""

    sections: tuple[Section, ...]
    loaded: tuple[Loaded, ...]
    unreached: tuple[str, ...]
    """What of loaded code no call led to, as sentences."""
    refused: str
    """Why the system gives no breakpoints of the processor, without which loaded code is not stopped; or nothing."""

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"{'structure':<20}{'sequence':<18}{'lanes by':<10}{'instructions':>14}{'aborts':>14}"
        for section in self.sections:
            aborts = sum(instruction.aborts for instruction in section.instructions)
            count = f"{section.reached} of {len(section.instructions)}"
            yield f"{section.structure:<20}{section.sequence:<18}{section.index:<10}{count:>14}{aborts:>14,}"
        yield ""
        yield from self._of_loaded()
        yield from self._failures()
        if self.ok:
            yield "Each breakpoint aborted its section. Nothing is lost, nothing is doubled."

    def _of_loaded(self) -> Iterator[str]:
        """What came of the code that calls from Python run."""
        if self.refused:
            yield from textwrap.wrap(f"The code that calls from Python run was not stopped: {self.refused}.", WIDTH)
            yield ""
        if not self.loaded:
            return
        yield f"{'structure':<19}{'method':<12}{'sequence':<17}{'code':<9}{'lanes':<7}{'reached':>9}{'aborts':>7}"
        for one in self.loaded:
            names = f"{one.structure:<19}{one.method:<12}{one.sequence:<17}{one.origin:<9}{one.index:<7}"
            yield f"{names}{f'{one.reached} of {one.instructions}':>9}{one.aborts:>7,}"
        yield ""
        for sentence in self.unreached:
            yield from textwrap.wrap(f"Not tested: {sentence}.", WIDTH, subsequent_indent="  ")
        if self.unreached:
            yield ""
