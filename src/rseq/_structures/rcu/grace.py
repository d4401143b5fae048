"""How readers count themselves, and how a writer finds out that those who might use what it has replaced have ended.

    lane 0                                   lane 1                       …    spare lane
    +-------+----------+----------+          +-------+----------+----------+   +-------+-----
    | phase | begun[2] | ended[2] |          | phase | begun[2] | ended[2] |   | phase | …
    +-------+----------+----------+          +-------+----------+----------+   +-------+-----

`read_lock` reads the phase of its lane (0 or 1) and adds 1 to `begun[phase]`; `read_unlock` adds 1 to `ended[phase]`,
on the CPU that it runs on by then. So a lane's numbers mean nothing alone, but a phase has as many readers as the sum
of `begun` over all lanes exceeds that of `ended`. Readers execute no fence and no atomic instruction.

Why a writer may believe the sums (SRCU does the same; the letters are used in the comments below):

    scan(phase):   E  add up `ended` of the phase
                   B  a barrier on every CPU that runs a reader: membarrier
                   S  add up `begun`;  equal: nobody reads in this phase who began before B

The kernel executes the barrier in the middle of whatever a reader does. If the reader has passed `read_lock` by then,
S sees its `begun`; if not, all that it reads later is what the writer stored before B. If E has seen its `ended`,
the reader has passed `read_unlock`: S sees its `begun`, and its reads are complete before the writer goes on.
So each `ended` that was added up has its `begun` in the other sum, and if the sums are equal no other `begun` is in it.
A thread that does not run has executed a barrier when it was taken off its CPU.

`synchronize` scans both phases, so every reader is waited for that began before it, whichever it counted in. Between
the two scans it changes the phase: while it waits for one, new readers count in the other, and it cannot wait for ever.
That is all that the phase is for. A reader that read its lane's phase long ago and counts in the old one, a writer
that was killed when it had changed the phase of some lanes only, two writers at once: all this is harmless.

In a shared segment readers of several processes count in the same lanes. membarrier has a form that reaches all
processes that have registered for it (GLOBAL_EXPEDITED): a process does so when it makes an `RCU` in a segment,
and children that are forked inherit it. A process that is killed between `read_lock` and `read_unlock` counts as a
reader for ever.

Sources: Linux, kernel/rcu/srcutree.c, srcu_readers_active_idx_check and synchronize_srcu; liburcu, which has the
writers' barrier of membarrier; membarrier(2).
The road not taken: to make readers restart (rseq.fence), so that nobody counts in an old phase. It would not reach
other processes, nor threads on the spare lane.
"""

from __future__ import annotations

from rseq._builtins.form import Form
from rseq._integers import signed
from rseq._percpu.storage import lanes_of
from rseq._thread.membarrier import barrier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, Protocol

    from rseq._language.compiled import Compiled
    from rseq._percpu.storage import PerCPU
else:
    Protocol = object


def _parse() -> Mapping[str, Compiled]:
    from rseq._structures.rcu.readers_code import read_lock, read_unlock

    return {"read_lock": read_lock, "read_unlock": read_unlock}


READERS = Form("readers", _parse)


# ---- the writer's side


class Counts(Protocol):
    """What a writer does to the lanes; each is one access, or one barrier."""

    lanes: range

    def phase(self, lane: int) -> int:
        """The phase in which readers on `lane` count."""

    def set_phase(self, lane: int, phase: int) -> None:
        """Let readers on `lane` count in `phase`."""

    def begun(self, lane: int, phase: int) -> int:
        """How many have begun on `lane`."""

    def ended(self, lane: int, phase: int) -> int:
        """How many have ended on `lane`."""

    def fence(self) -> None:
        """Have every CPU that runs a reader execute a full barrier during the call."""


def grace_period(memory: Counts) -> Iterator[int]:
    """Wait for all who read. Yields how many those are when it must look again, and 0 after every access.

    A generator, so that whoever drives it decides how to wait, and tests what happens between any two accesses.
    """
    now = memory.phase(0)
    yield 0
    yield from _set_phase(memory, now)  # a writer that was killed may have changed some lanes
    yield from _scan(memory, now ^ 1)
    yield from _set_phase(memory, now ^ 1)
    yield from _scan(memory, now)


def _set_phase(memory: Counts, phase: int) -> Iterator[int]:
    for lane in memory.lanes:
        memory.set_phase(lane, phase)
        yield 0


def _scan(memory: Counts, phase: int) -> Iterator[int]:
    """Look at a phase until nobody reads in it."""
    readers = None
    while readers != 0:
        ended = begun = 0
        for lane in memory.lanes:
            ended += memory.ended(lane, phase)  # E
            yield 0
        memory.fence()  # B
        yield 0
        for lane in memory.lanes:
            begun += memory.begun(lane, phase)  # S
            yield 0
        readers = signed(begun - ended)
        if readers < 0:
            more = "1 more read section has" if readers == -1 else f"{-readers} more read sections have"
            rule = "each read_lock() has one read_unlock(phase), with what it returned"
            raise RuntimeError(f"{more} ended than begun: {rule}. Readers are miscounted from now on: use a new RCU")
        yield readers


class Words:
    """The lanes in memory."""

    def __init__(self, storage: PerCPU[Any]) -> None:
        self.lanes = range(storage.place.lanes + 1)
        self._words = lanes_of(storage)
        self._shared = storage.segment is not None

    def phase(self, lane: int) -> int:
        return (
            int(self._words.read_one(lane, "phase")) & 1
        )  # whoever wrote something else there must not lead us elsewhere

    def set_phase(self, lane: int, phase: int) -> None:
        self._words.write_one(lane, "phase", phase)

    def begun(self, lane: int, phase: int) -> int:
        return int(self._words.read_one(lane, "begun", phase))

    def ended(self, lane: int, phase: int) -> int:
        return int(self._words.read_one(lane, "ended", phase))

    def fence(self) -> None:
        barrier(shared=self._shared)

    def forget(self) -> None:
        """Count all who read as having ended. Nobody may read."""
        for lane in self.lanes:
            for phase in (0, 1):
                self._words.write_one(lane, "ended", self.begun(lane, phase), phase)
