"""Kills: processes that work on one structure in shared memory, and die by SIGKILL at random moments.

    survivor            works on the structure, at the same time, on the same CPU or another
    victim              does the same until it is killed; then there is a new one

The work is a loop of machine code, or calls from Python.

After each kill all is quiet, and what the structure holds is compared with the ledger: what both have noted. The
victim may have been in the middle of one run of its work, and have noted nothing of it. So the two may differ by what
some part of one run does, each sequence of it done as a whole or not at all, and by nothing else.

It needs no clock: how long a victim lives is how many runs the survivor makes in the meantime. Victims take turns on
all CPUs, the survivor's too, where they are killed in the place at which the scheduler has stopped them.
"""

from __future__ import annotations

import mmap
import os
import random
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rseq._integers import signed
from rseq._language.compiled import Compiled
from rseq._percpu.shared.segment import Segment
from rseq._processes import Send, die_with_parent, gather
from rseq._stress.code import Block, compiled
from rseq._stress.ledger import Ledger
from rseq._stress.report import Outcome
from rseq._stress.shipped import mortals
from rseq._stress.workload import OF_VICTIM, Mortal
from rseq._terminal import wrapped

_TOLD = 50
"""After so many kills the caller is told how many there were."""

_ENDLESS = 1 << 62
_PATIENCE_S = 60.0
_SURVIVOR, _VICTIM = 0, 1


_Runs = Callable[[int, int, int], int]


@dataclass(frozen=True)
class Kills(Outcome):
    """How many processes were killed while they worked on which structure, and what was wrong."""

    killed: dict[str, int]

    def __str__(self) -> str:
        lines = [f"{name:<32}{count:>8,} processes killed" for name, count in self.killed.items()]
        good = "Nothing is torn, nothing is doubled; what was lost is what a dead process held, and no more."
        end = [f"FAILED: {problem}" for problem in self.problems] or [good]
        return wrapped("\n".join([*lines, "", *end]))


def kill(*chosen: Mortal, kills: int = 1000, seed: int = 0, tick: Callable[[str], None] = lambda text: None) -> Kills:
    """Kill so many processes for each of these structures, or for all that there are.

    Raises: ValueError - no kills. UnsupportedError - no code can be made for this machine.
    Threads: the calling process should have one only, because it forks.
    """
    if kills < 1:
        raise ValueError(f"kills: expected 1 or more, got {kills}")
    targets = chosen or mortals()
    killed, problems = {mortal.name: 0 for mortal in targets}, list[str]()

    def receive(number: int, what: tuple[str, int, list[str]]) -> None:
        name, count, wrong = what
        killed[name] = count
        problems.extend(f"{name}: {problem}" for problem in wrong)
        if count % _TOLD == 0 or count == kills:
            tick(f"{name}: {count:,} processes killed")

    for mortal in targets:
        problems += gather([partial(_survive, mortal, kills, seed)], receive, _PATIENCE_S)
    return Kills(tuple(problems), killed)


def _survive(mortal: Mortal, kills: int, seed: int, send: Send) -> None:
    """What the survivor does. It says how far it is, so that whoever waits knows that it does not wait itself."""
    life = _Life(mortal, random.Random(seed))
    for number in range(1, kills + 1):
        problems = life.round(number)
        send((mortal.name, number, problems))
        if problems:
            return


class _Life:
    """A structure, the work on it, and what is known of it."""

    def __init__(self, mortal: Mortal, chance: random.Random) -> None:
        self.mortal, self.chance = mortal, chance
        self.structure = mortal.make(Segment())
        self.ledger = Ledger(2, self.structure.storage.length)
        native = isinstance(mortal.work, Compiled)
        self.runs = self._machine_code(mortal.work) if native else partial(self._calls, mortal.work)
        self.cpus = sorted(os.sched_getaffinity(0))
        self.turn = 0
        self.begun = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")
        self.unnoted = self._difference([0] * len(mortal.measure(self.structure)))

    def round(self, number: int) -> list[str]:
        """A victim's life and death; what is wrong after it."""
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", RuntimeWarning)  # nothing was left to warn of by those who died before
            problems = self._round(number)
        return [f"the survivor was warned: {one.message}" for one in said] + problems

    def _round(self, number: int) -> list[str]:
        os.sched_setaffinity(0, {self.cpus[0]})
        noted = sum(self.ledger.sums())
        of_survivor = self._survivors()
        victim = self._fork(number)
        while self.begun[0] != number:
            os.sched_yield()
        problems = [f"the survivor's work failed: {wrong}" for wrong in self._survive()]
        os.kill(victim, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1])
        if code != -signal.SIGKILL:
            problems.append(f"the victim's work failed before it was killed, and it ended with {code}")
        try:
            problems += self._left(number, victim, noted, of_survivor)
        except RuntimeError as error:
            problems.append(f"after kill {number}: {error}")
        return problems

    def _left(self, number: int, victim: int, noted: int, of_survivor: int) -> Iterator[str]:
        """What is wrong with what the victim has left; before it, so much was noted, and by the survivor."""
        yield from self._wrong(number)
        noted_by_victim = sum(self.ledger.sums()) - noted - (self._survivors() - of_survivor)
        yield from self.mortal.bury(self.structure, victim, noted_by_victim)
        self.unnoted = self._difference([0] * len(self.unnoted))

    def _survivors(self) -> int:
        """What the survivor has noted."""
        return self.ledger.sum_of(_SURVIVOR)

    def _survive(self) -> Iterator[str]:
        """Work as long as the victim may live; how that failed."""
        count = self.chance.randint(1, self.mortal.longest)
        try:
            code = self.runs(_SURVIVOR, self.turn, count)
            if code:
                yield f"code {code}"
        except RuntimeError as error:
            yield str(error)
        self.turn += count

    def _fork(self, number: int) -> int:
        survivor = os.getpid()
        victim = os.fork()
        if victim == 0:
            die_with_parent(survivor)  # it does not outlive a survivor that hangs
            os.sched_setaffinity(0, {self.cpus[number % len(self.cpus)]})
            self.begun[0] = number
            try:
                self.runs(_VICTIM, (os.getpid() << 40) + OF_VICTIM + (number % 8192 << 25), _ENDLESS)
            except BaseException:  # noqa: BLE001 - the victim must end here
                traceback.print_exc()
            os._exit(1)
        return victim

    # ---- work: `count` runs, noted in row `row`; not 0 if it has failed

    def _machine_code(self, work: Any) -> _Runs:
        storage = self.structure.storage
        program = compiled(work, storage)
        blocks = [Block.of(storage, self.ledger.address(row)) for row in (_SURVIVOR, _VICTIM)]
        return lambda row, turn, count: program.loop(blocks[row], turn, count)

    def _calls(self, call: Any, row: int, turn: int, count: int) -> int:
        for number in range(count):
            self.ledger.add(row, 0, call(self.structure, turn + number))
        return 0

    def _wrong(self, number: int) -> Iterator[str]:
        difference = self._difference(self.unnoted)
        if not self.mortal.is_part(difference):
            yield (
                f"after kill {number}, what the structure holds and what was noted differ by {difference}, "
                "which no part of one run explains"
            )

    def _difference(self, known: Sequence[int]) -> list[int]:
        """What is there and not noted, more than was known, as i64s."""
        found, noted = self.mortal.measure(self.structure), self.ledger.sums()
        noted = noted * (len(found) // len(noted))
        return [signed(one - two - three) for one, two, three in zip(found, noted, known, strict=True)]
