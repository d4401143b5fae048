"""The machine code that calls from Python run, as it was loaded, stopped before each instruction of its sections.

Where the sections are, the descriptors say that lie in the code. No instruction is decoded: the processor stops where
one begins, and nowhere else, so each address of a section is tried. At each stop the kernel must abort the section, and
the count of aborts in the code must say so; this also tells which sequence the section is of. It must have as many
instructions as the compiler's assembly of that sequence has, and all must have been reached.
"""

from __future__ import annotations

import ctypes
import signal
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rseq._abi import CS_SIZE
from rseq._arch.base import Assembly, IndexMode
from rseq._builtins import bind
from rseq._builtins.restarts import counted, counts
from rseq._check.run import sequences_of
from rseq._language.compiled import Compiled
from rseq._language.section import section
from rseq._percpu.threads import thread_id
from rseq._processes import Send, gather
from rseq._stress.code import LOOPS, compiled
from rseq._stress.hardware import Refused, trap_at
from rseq._stress.report import Loaded
from rseq._stress.shipped import make, named, sections
from rseq._stress.signals import handling
from rseq._stress.trial import Trial
from rseq._stress.workload import Workload
from rseq._structures.structure import Structure, kind_of
from rseq._thread.support import require_support

_DESCRIPTOR = struct.Struct("=IIQQQ")  # struct rseq_cs: version, flags, start, length, where an abort goes on
_ROUNDS, _TURNS, _MORE_ROUNDS = 16, 1 << 16, 400
"""Rounds of calls for each address. Where they have not reached all: runs of the loop, and then more of them."""

_FIRST_TURNS = range(0, 24, 3)
"""Those of calls and handlers when they are stopped at an instruction."""

_FIRST_CALLS = 16
"""Those after which all code is loaded that they run."""

_PATIENCE_S = 60.0


def sections_of(program: bind.Program) -> Iterator[range]:
    """Where the critical sections of loaded code are, as the descriptors in its memory say."""
    begin = program.code.address
    memory = ctypes.string_at(begin, len(program.made.blob.code))
    image = range(begin, begin + len(memory))
    for at in range(0, len(memory) - CS_SIZE + 1, 8):
        version, flags, start, length, abort = _DESCRIPTOR.unpack_from(memory, at)
        if version == flags == 0 and length and all(one in image for one in (start, start + length, abort)):
            yield range(start, start + length)


def loaded(workload: Workload[Any], index: IndexMode) -> list[bind.Program]:
    """The code behind the calls of a workload that runs sequences of its."""
    structure, wanted = make(workload, index), set(sections(workload))
    for turn in range(_FIRST_CALLS):
        workload.call(structure, turn)
    owner = f"{kind_of(type(structure)).name}." if isinstance(structure, Structure) else ""
    dimensions = len(structure.storage.shape)
    return [
        program
        for program in bind.programs
        if program.mode == index
        and program.dimensions == dimensions
        and program.title.startswith(owner)
        and not wanted.isdisjoint(sequences_of([bind.code_of(program.source)]))
    ]


class Stops:
    """A workload, and the program that works beside its calls: its handler at each stop, and a loop between calls."""

    def __init__(self, workload: Workload[Any], index: IndexMode) -> None:
        self._workload, self._index = workload, index
        self._program = compiled(workload.work, make(workload, index).storage)
        self._names = named(sections(workload))
        self._architecture = require_support()
        self.rows: list[Loaded] = []
        self.problems: list[str] = []
        self.unreached: list[str] = []
        """What no call led to: nothing is known of it."""
        self.refused = ""
        """Why the system gives no breakpoints, if it does not."""

    def run(self) -> None:
        """Do all of it, in a process of its own: a section that is wrong may well kill it."""
        self.problems += self._located(gather([self._work], self._receive, _PATIENCE_S))

    def _located(self, sentences: Iterable[str]) -> list[str]:
        return [f"{self._workload.name}, lanes by {self._index}: {sentence}" for sentence in sentences]

    def _receive(self, process: int, what: Loaded | Refused | str | list[str]) -> None:
        if isinstance(what, Loaded):
            self.rows.append(what)
        elif isinstance(what, Refused):
            self.refused = str(what)
        elif isinstance(what, list):
            self.unreached += self._located(what)
        else:
            self.problems += self._located([what])

    # ---- in the other process

    def _work(self, send: Send) -> None:
        thread_id()  # now: a handler must not call into Python for it
        home = self._workload.work.__module__  # it may have helpers there
        left = dict.fromkeys(sequence for sequence in self._names if sequence.__module__ != home)
        with handling(signal.SIGTRAP, self._program.handler):
            try:
                for code in loaded(self._workload, self._index):
                    for sequence in self._stop_in(code, send):
                        left.pop(sequence, None)
            except Refused as refusal:
                send(refusal)
            else:
                send([f"{self._names[sequence]}() is in no code that calls from Python run" for sequence in left])

    def _stop_in(self, code: bind.Program, send: Send) -> Iterable[Compiled]:
        """Stop in each section of loaded code; the sequences that it has."""
        whose, places = counted(code), list(sections_of(code))
        left = dict.fromkeys(whose.values())
        wanted = {sequence: len(self._assembled(sequence).protected) for sequence in left}
        unreached = 0
        for number, place in enumerate(places, 1):
            found = _Section(f"section {number} of {code.title}()", code, place, whose, wanted)
            self._stop_within(found)
            for problem in found.problems:
                send(problem)
            if found.sequence is not None:
                left.pop(found.sequence, None)
                send(self._row(found, found.sequence))
            unreached += not found.reached
        names = ", ".join(f"{sequence.__name__}()" for sequence in left)
        if unreached:
            none_of = f", and to none of {names}" if left else ""
            send([f"no call led to {unreached} of the {len(places)} sections of {code.title}(){none_of}"])
        elif left:
            send(f"{code.title}() has no section that aborted as one of {names}")
        return set(whose.values())

    def _assembled(self, sequence: Compiled) -> Assembly:
        return self._architecture.assemble(section(sequence.body), self._index)

    def _row(self, found: _Section, sequence: Compiled) -> Loaded:
        return Loaded(
            structure=self._workload.name,
            method=found.code.title.rpartition(".")[2],
            sequence=self._names.get(sequence, sequence.__name__),
            index=self._index,
            origin=origin(found.code),
            instructions=found.wanted[sequence],
            reached=len(found.reached),
            aborts=sum(found.aborted.values()),
        )

    def _stop_within(self, found: _Section) -> None:
        """Stop at each address of a section; where calls do not lead to all instructions, after much other work."""
        addresses = found.place[:: self._architecture.instruction_step]
        for address in addresses:
            self._stop_at(address, found, 0, _ROUNDS)
        if not found.reached:
            self._stop_at(addresses[0], found, _TURNS, _MORE_ROUNDS)
        for address in addresses if found.reached else ():
            if found.missing > 0 and address not in found.reached:
                self._stop_at(address, found, _TURNS, _MORE_ROUNDS)
        if found.missing and found.reached:
            found.problems.append(found.incomplete())

    def _stop_at(self, address: int, found: _Section, turns: int, rounds: int) -> None:
        """Several times, if an instruction begins there: what calls and handlers do depends on the turn."""
        for first in _FIRST_TURNS:
            trial = Trial(self._workload, self._index, self._program, first)
            if not self._is_stopped_at(address, found, trial, turns, rounds):
                break

    def _is_stopped_at(self, address: int, found: _Section, trial: Trial, turns: int, rounds: int) -> bool:
        before = counts(found.code)
        if turns:
            trial.loop(LOOPS[0], 0, turns)
        with trap_at(address):
            for number in range(rounds):
                if trial.hits:
                    break
                trial.round(number, LOOPS[0])
        if trial.hits:
            now = counts(found.code)
            aborted = {name: now[name] - before[name] for name in now if now[name] > before[name]}
            found.came(address, aborted, trial.problems())
        return trial.hits > 0


@dataclass
class _Section:
    """What has come of the stops in one section of loaded code."""

    where: str
    code: bind.Program
    place: range
    whose: Mapping[str, Compiled]
    """The sequence whose aborts each count in the code counts."""
    wanted: Mapping[Compiled, int]
    """How many instructions each of them has, as the compiler's assembly says."""
    reached: set[int] = field(default_factory=set)
    """The addresses of instructions before which it was stopped."""
    aborted: Counter[str] = field(default_factory=Counter)
    """How often each count of aborts has risen then."""
    problems: list[str] = field(default_factory=list)

    @property
    def sequence(self) -> Compiled | None:
        """Whose section it is: the sequence that was aborted, not one that an interrupt has aborted meanwhile."""
        return self.whose[self.aborted.most_common(1)[0][0]] if self.aborted else None

    @property
    def missing(self) -> int:
        """How many instructions were not reached, below 0 if there are too many. One at least of nobody knows whose."""
        return 1 if self.sequence is None else self.wanted[self.sequence] - len(self.reached)

    def came(self, address: int, aborted: Mapping[str, int], problems: Iterable[str]) -> None:
        """It was stopped there, and these counts have risen."""
        self.reached.add(address)
        self.aborted.update(aborted)
        at = f"byte {address - self.place.start} of {self.where}"
        self.problems += (f"after a stop at {at}: {problem}" for problem in problems)
        if not aborted:
            self.problems.append(f"a stop at {at} did not abort it")

    def incomplete(self) -> str:
        """What is to be said of instructions that are missing, or too many."""
        came = f"{self.where}: {len(self.reached)} instructions were reached in {len(self.place)} bytes"
        if self.sequence is None:
            return f"{came}, and none aborted it"
        return (
            f"{came}, and {self.sequence.__name__}() has {self.wanted[self.sequence]}; let call() of the workload lead "
            "to all of them, if its range is right"
        )


def origin(code: bind.Program) -> str:
    """Where loaded code has come from."""
    find = getattr(code.source, "shipped", None)
    made = None if find is None else find(code.mode, code.dimensions, has_rseq=True)
    return "compiled" if made is None else "shipped"
