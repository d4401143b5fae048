"""Kills: processes that work on one structure in shared memory, and die by SIGKILL at random moments.

    survivor            works on the structure, at the same time, on the same CPU or another
    victim              does the same in a loop of machine code, until it is killed; then there is a new one

After each kill all is quiet, and what the structure holds is compared with the ledger: what both have noted. The
victim may have been in the middle of one run of its work, and have noted nothing of it. So the two may differ by what
some part of one run does, each sequence of it done as a whole or not at all, and by nothing else.

It needs no clock: how long a victim lives is how many runs the survivor makes in the meantime. Victims take turns on
all CPUs, the survivor's too, where they are killed in the place at which the scheduler has stopped them.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import random
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from ..language.compiled import Compiled
from ..language.types import i64, u32, u64
from ..percpu.shared import Segment
from ..sequence import Routine, routine
from ..structures.array import CounterArray
from ..structures.counter import Counter
from ..structures.histogram import NAN_WEIGHT, Histogram, weighed
from ..structures.pool import Pool
from ..structures.rcu import RCU
from ..structures.ring import RingBuffer
from ..structures.ring import stress as ring_stress
from ..structures.stack import Stack
from ..structures.workload import SPREAD, Workload
from .code import Block, Program, compiled
from .ledger import Ledger
from .processes import Send, gather

__all__ = ["Kills", "Mortal", "kill", "mortals"]

_LONGEST_LIFE = 20_000
"""The most runs that a survivor makes while a victim lives."""

_ENDLESS = 1 << 62
_PATIENCE_S = 60.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_SURVIVOR, _VICTIM = 0, 1


@dataclass(frozen=True)
class Mortal:
    """How processes die that work on a structure, and what may be left of it."""

    name: str
    make: Callable[[Segment], Any]
    work: Compiled
    """See `Workload.work`. Turns of a victim have its process number in bits 40 to 61, and bit 39; others have none."""

    measure: Callable[[Any], Sequence[int]]
    """What the structure holds, in numbers that `work` adds to the ledger: one for each element, or several of one."""

    is_part: Callable[[Sequence[int]], bool]
    """Whether a part of one run may have added this, and noted nothing."""

    bury: Callable[[Any, int, int], Iterable[str]] = lambda structure, process, noted: ()
    """`bury(structure, process, noted)` sees to what a dead process held, and says what is wrong; `noted`: its sum."""


@dataclass(frozen=True)
class Kills:
    """How many processes were killed while they worked on which structure, and what was wrong."""

    killed: dict[str, int]
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """True if nothing was wrong."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {"ok": self.ok, "killed": self.killed, "problems": list(self.problems)}

    def __str__(self) -> str:
        lines = [f"{name:<18}{count:>8,} processes killed" for name, count in self.killed.items()]
        good = "Nothing is torn, nothing is doubled; what was lost is what a dead process held, and no more."
        return "\n".join([*lines, "", *([f"FAILED: {problem}" for problem in self.problems] or [good])])


def kill(*chosen: Mortal, kills: int = 1000, seed: int = 0, tick: Callable[[str], None] = lambda text: None) -> Kills:
    """Kill so many processes for each of these structures, or for all that there are.

    Raises: ValueError - no kills. UnsupportedError - no code can be made for this machine.
    Threads: the calling process should have one only, because it forks.
    """
    if kills < 1:
        raise ValueError(f"kills: expected 1 or more, got {kills}")
    targets = chosen or tuple(mortals())
    killed, problems = {mortal.name: 0 for mortal in targets}, list[str]()

    def receive(number: int, what: tuple[str, int, list[str]]) -> None:
        name, count, wrong = what
        killed[name] = count
        problems.extend(f"{name}: {problem}" for problem in wrong)
        tick(f"{name}: {count:,} processes killed")

    for mortal in targets:
        problems += gather([partial(_survive, mortal, kills, seed)], receive, _PATIENCE_S)
    return Kills(killed, tuple(problems))


def _survive(mortal: Mortal, kills: int, seed: int, send: Send) -> None:
    """What the survivor does. It says how far it is, so that whoever waits knows that it does not wait itself."""
    life = _Life(mortal, random.Random(seed))
    for number in range(1, kills + 1):
        problems = life.round(number)
        if problems or number % 50 == 0 or number == kills:
            send((mortal.name, number, problems))
        if problems:
            return


class _Life:
    """A structure, the code that works on it, and what is known of it."""

    def __init__(self, mortal: Mortal, chance: random.Random) -> None:
        self.mortal, self.chance = mortal, chance
        self.structure = mortal.make(Segment())
        storage = self.structure.storage
        self.program: Program = compiled(mortal.work, storage)
        self.ledger = Ledger(2, storage.length)
        self.blocks = [Block.of(storage, self.ledger.address(row)) for row in (_SURVIVOR, _VICTIM)]
        self.cpus = sorted(os.sched_getaffinity(0))
        self.turn = 0
        self.begun = memoryview(mmap.mmap(-1, mmap.PAGESIZE)).cast("q")
        self.unnoted = self._difference([0] * len(mortal.measure(self.structure)))

    def round(self, number: int) -> list[str]:
        """A victim's life and death; what is wrong after it."""
        os.sched_setaffinity(0, {self.cpus[0]})
        noted = sum(self.ledger.sums())
        of_survivor = self._survivors()
        victim = self._fork(number)
        while self.begun[0] != number:
            os.sched_yield()
        code = self._work(self.chance.randint(1, _LONGEST_LIFE))
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
        problems = [f"the survivor's work failed with code {code}"] if code else []
        problems += self._wrong(number)
        noted_by_victim = sum(self.ledger.sums()) - noted - (self._survivors() - of_survivor)
        problems += self.mortal.bury(self.structure, victim, noted_by_victim)
        self.unnoted = self._difference([0] * len(self.unnoted))
        return problems

    def _survivors(self) -> int:
        """What the survivor has noted."""
        return self.ledger.sum_of(_SURVIVOR)

    def _work(self, runs: int) -> int:
        code = self.program.loop(self.blocks[_SURVIVOR], self.turn, runs)
        self.turn += runs
        return code

    def _fork(self, number: int) -> int:
        victim = os.fork()
        if victim == 0:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # it does not outlive a survivor that hangs
            os.sched_setaffinity(0, {self.cpus[number % len(self.cpus)]})
            self.begun[0] = number
            self.program.loop(self.blocks[_VICTIM], (os.getpid() << 40) + _OF_VICTIM + (number % 8192 << 25), _ENDLESS)
            os._exit(1)
        return victim

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
        return [_signed(one - two - three) for one, two, three in zip(found, noted, known, strict=True)]


def _signed(number: int) -> int:
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


# ---- the structures

_OF_VICTIM = 1 << 39
"""Set in each turn of a victim."""

_CHECKED_BITS = 22


def mortals() -> Iterator[Mortal]:
    """The structures that processes can share, and what a part of one run of their work may do."""
    yield Mortal("Counter", lambda segment: Counter(segment=segment), _work_of(Counter), _total, _is_addition)
    yield Mortal(
        "CounterArray", lambda segment: CounterArray(5, segment=segment), _work_of(Counter), _totals, _is_addition
    )
    yield Mortal("Histogram", _histogram, _work_of(Histogram), _weighed, _is_observation)
    yield Mortal("Stack", lambda segment: Stack(64, segment=segment), _pushing(), _items, _is_item, _bury_items)
    yield Mortal("RCU", lambda segment: RCU(segment=segment), _work_of(RCU), _sections, _is_section, _bury_reader)
    ring = ring_stress.work(_KIND)
    yield Mortal("RingBuffer", _Rings, ring, _offered, _is_record, lambda found, process, noted: found.torn)
    yield Mortal("Pool", lambda segment: Pool(8, 256, segment=segment), _holding(), _held, _is_held, _bury_holder)


def _work_of(structure: Any) -> Compiled:
    """The work of its first workload."""
    workload: Workload[Any] = next(structure.stress())
    return workload.work


def _total(counter: Counter) -> list[int]:
    return [counter.value]


def _totals(array: CounterArray) -> list[int]:
    totals: list[int] = array.values().tolist()
    return totals


def _is_addition(difference: Sequence[int]) -> bool:
    """One element, by an odd number up to 63."""
    changed = [n for n in difference if n]
    return not changed or (len(changed) == 1 and changed[0] in range(-63, 64, 2))


def _histogram(segment: Segment) -> Histogram:
    return Histogram((1, 2, 4), segment=segment)


def _weighed(found: Histogram) -> list[int]:
    return [weighed(found)]


def _is_observation(difference: Sequence[int]) -> bool:
    """A bucket's count may have its observation in the sum or not yet."""
    counts = [1 << (12 * bucket + 8) for bucket in range(4)]
    parts = {0, NAN_WEIGHT, *counts, *(3 * count for count in counts)}
    return difference[0] in parts | {count + x for count, x in zip(counts, (1, 2, 4, 64), strict=True)}


@cache
def _pushing() -> Routine[Any, int]:
    """Push and pop eight times each, items that can be told from what is torn."""
    structure = Stack(64)
    Slots = structure.storage.record  # noqa: N806 - it is a class
    push, pop = structure.bound("push").code, structure.bound("pop").code

    @routine
    def work(cpu: Slots, turn: u64) -> i64:  # type: ignore[valid-type]
        if turn & 8 == 0:
            number = turn & 0xFFFFFFFFFF
            value = (number << _CHECKED_BITS) + (number * SPREAD >> (64 - _CHECKED_BITS))
            return i64(value) if push(cpu, value) else 0
        item = pop(cpu)
        if item is None:
            return 0
        return -i64(item)  # type: ignore[call-overload, no-any-return]

    return work


def _is_whole(item: int) -> bool:
    """Whether it is an item that `work` pushes."""
    number, check = divmod(item, 1 << _CHECKED_BITS)
    return number < 1 << 40 and number & 8 == 0 and check == (number * SPREAD % (1 << 64)) >> (64 - _CHECKED_BITS)


def _on_stack(found: Stack) -> list[int]:
    return [int(item) for lane in found.storage.per_cpu() for item in lane["slots"][: int(lane["count"])]]


def _items(found: Stack) -> list[int]:
    return [sum(_on_stack(found))]


def _is_item(difference: Sequence[int]) -> bool:
    """One item more or less, or none."""
    return _is_whole(abs(difference[0]))


def _bury_items(found: Stack, process: int, noted: int) -> Iterator[str]:
    items = _on_stack(found)
    if not all(map(_is_whole, items)):
        yield "an item on the stack was never pushed: it is torn"
    if len(set(items)) != len(items):
        yield "an item is on the stack twice"


def _sections(found: RCU) -> list[int]:
    lanes = found.storage.per_cpu()
    return [int(lanes[field].sum()) for field in ("begun", "ended")]


def _is_section(difference: Sequence[int]) -> bool:
    """One that has begun, or begun and ended."""
    return tuple(difference) in {(0, 0), (1, 0), (1, 1)}


def _bury_reader(found: RCU, process: int, noted: int) -> Iterator[str]:
    """Whoever was killed while he read reads for ever, and `synchronize` says so; otherwise it does not wait."""
    try:
        found.synchronize(timeout=0)
    except TimeoutError as error:
        if not found.readers:
            yield f"nobody reads, and synchronize() waits: {error}"
    else:
        if found.readers:
            yield f"{found.readers} readers were killed, and synchronize() did not wait for them"


_KIND = ring_stress.SMALL["drop_clock"]


class _Rings:
    """A small ring, and what was read of it."""

    def __init__(self, segment: Segment) -> None:
        self.ring = RingBuffer._of(_KIND, segment)
        self.storage = self.ring.storage
        self.read = 0
        self.torn: list[str] = []


def _offered(found: _Rings) -> list[int]:
    """Records that were read, or are counted as lost. Those that wait are read."""
    for event in found.ring.drain():
        found.read += 1
        if event.data != (event.data[:8] * 8)[: len(event.data)]:
            found.torn.append(f"a record is torn: {event.data!r}")
    return [found.read + found.ring.lost]


def _is_record(difference: Sequence[int]) -> bool:
    """One record, written or counted as lost, or none."""
    return difference[0] in (0, 1)


@cache
def _holding() -> Routine[Any, int]:
    """Acquire two items, release them; a victim keeps one now and then. How many are kept."""
    structure = Pool(8, 256)
    Lane = structure.storage.record  # noqa: N806 - it is a class
    acquire_row, release_row = structure.bound("acquire_row").code, structure.bound("release_row").code

    @routine
    def work(cpu: Lane, turn: u64) -> i64:  # type: ignore[valid-type]
        owner = u32(turn >> 40)
        first = acquire_row(cpu, owner)
        second = acquire_row(cpu, owner)
        kept: i64 = 0
        if first is not None:
            if turn & _KEPT == _KEPT:
                kept = 1
            elif not release_row(cpu, first):
                return _NOT_HELD
        if second is not None:
            if not release_row(cpu, second):
                return _NOT_HELD
        return kept

    return work


_KEPT = _OF_VICTIM + (1 << 14) - 1
_NOT_HELD = 1 << 40
"""What is noted when an item that was acquired could not be released: somebody else has done so."""


def _held(found: Pool) -> list[int]:
    return [found.count - len(found)]


def _is_held(difference: Sequence[int]) -> bool:
    """Up to two that were acquired."""
    return difference[0] in (0, 1, 2)


def _bury_holder(found: Pool, process: int, noted: int) -> Iterator[str]:
    """All that the dead process held is recovered, and no more; then each item is there once."""
    held, recovered = found.held(), found.recover(process)
    if recovered != held.pop(process, []) or not noted <= len(recovered) <= noted + 2:
        yield f"{noted} items, or up to two more, were held when the process was killed; {recovered} were recovered"
    if held:
        yield f"items are held that nobody acquired: {held}"
    rows = list(iter(found.acquire_row, None))
    if sorted(rows) != list(range(found.count)):
        yield f"there are {found.count} items, and {len(rows)} could be acquired, {len(set(rows))} different ones"
    for row in rows:
        found.release_row(row)
