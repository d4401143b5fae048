"""Read-copy-update: readers that never wait, and a writer that waits until nobody uses what it has replaced.

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

import ctypes
import math
import threading
import time
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Numbers
from typing import Any, Protocol, Self

from rseq._builtins.method import Context, thread_state
from rseq._forks import start_anew_after_forks
from rseq._integers import signed
from rseq._language.types import Record, i64, u64
from rseq._percpu.memory import Memory, allocate
from rseq._percpu.shared import Segment
from rseq._percpu.storage import PerCPU
from rseq._percpu.turn import TURN_BYTES, forget_turn, prepare_turns, taken
from rseq._sequence import Sequence, routine, sequence
from rseq._structures.calls import Calls
from rseq._structures.structure import Structure, not_set_up, require_set_up, set_up, storage_of
from rseq._structures.workload import Workload
from rseq._thread.membarrier import barrier, register_for_barriers

__all__ = ["RCU", "Model", "Readers", "grace_period"]

_YIELDS = 20
_LONGEST_PAUSE_S = 0.001


class Readers(Record):
    """A lane: who has begun and ended to read, in each phase."""

    phase: i64
    begun: i64[2]  # type: ignore[type-arg, valid-type]
    ended: i64[2]  # type: ignore[type-arg, valid-type]


@sequence
def read_lock(cpu: Readers) -> i64:
    """Begin to read. Returns the phase, which `read_unlock` wants. Any thread, any signal handler; it never waits."""
    phase = cpu.phase
    cpu.begun[phase] += 1  # type: ignore[index]
    return phase


@sequence
def read_unlock(cpu: Readers, phase: i64) -> None:
    """End what `read_lock` began when it returned `phase`, on this CPU or another, in this thread or another."""
    cpu.ended[phase] += 1  # type: ignore[index]


@routine
def _work(cpu: Readers, turn: u64) -> i64:
    """What `rseq stress` runs: a read section, ended on whatever CPU it is by then."""
    phase = read_lock(cpu)
    read_unlock(cpu, phase)
    return i64(1)


# ---- the writer's side


class Lanes(Protocol):
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


def grace_period(memory: Lanes) -> Iterator[int]:
    """Wait for all who read. Yields how many those are when it must look again, and 0 after every access.

    A generator, so that whoever drives it decides how to wait, and tests what happens between any two accesses.
    """
    now = memory.phase(0)
    yield 0
    yield from _set_phase(memory, now)  # a writer that was killed may have changed some lanes
    yield from _scan(memory, now ^ 1)
    yield from _set_phase(memory, now ^ 1)
    yield from _scan(memory, now)


def _set_phase(memory: Lanes, phase: int) -> Iterator[int]:
    for lane in memory.lanes:
        memory.set_phase(lane, phase)
        yield 0


def _scan(memory: Lanes, phase: int) -> Iterator[int]:
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
            more = f"{-readers} more read sections have ended than begun"
            rule = "each read_lock() has one read_unlock(phase), with what it returned"
            raise RuntimeError(f"{more}: {rule}. Readers are miscounted from now on: use a new RCU")
        yield readers


class _Words:
    """The lanes in memory."""

    def __init__(self, storage: PerCPU[Any]) -> None:
        self.lanes = range(storage.place.lanes + 1)
        self._addresses = storage.place.addresses()
        self._shared = storage.segment is not None

    def phase(self, lane: int) -> int:
        return self._word("phase", lane).value & 1  # whoever wrote something else there must not lead us elsewhere

    def set_phase(self, lane: int, phase: int) -> None:
        self._word("phase", lane).value = phase

    def begun(self, lane: int, phase: int) -> int:
        return self._word("begun", lane, phase).value

    def ended(self, lane: int, phase: int) -> int:
        return self._word("ended", lane, phase).value

    def fence(self) -> None:
        barrier(shared=self._shared)

    def forget(self) -> None:
        """Count all who read as having ended. Nobody may read."""
        for lane in self.lanes:
            for phase in (0, 1):
                self._word("ended", lane, phase).value = self.begun(lane, phase)

    def _word(self, field: str, lane: int, element: int = 0) -> ctypes.c_int64:
        return ctypes.c_int64.from_address(self._addresses[lane] + Readers.fields[field].offset + 8 * element)


_CONTEXT = Context(
    "read_lock",
    "read_unlock",
    "this thread is not inside `with rcu:` (another one entered it, or a fork lies between)",
    gives=False,
)


class RCU(Structure, hot=("read_lock", "read_unlock"), context=_CONTEXT):
    """Read-copy-update: many readers who never wait, and a writer who replaces what they read.

        rcu, current = rseq.RCU(), {"limit": 10}

        with rcu:                              # a reader
            use(current)

        old, current = current, {"limit": 20}  # a writer: from now on readers find the new one
        rcu.synchronize()                      # nobody reads the old one any more
        old.clear()

    `read_lock` and `read_unlock` cost one addition each; they are built-in functions, and inlined in Numba. `with` is
    for Python code. Read sections may be nested. Do not fork inside of one. Do not `yield`, `await` or let another
    green thread run inside `with rcu`: of two blocks that one thread is in, the one that was entered last ends first.
    Then use `read_lock` and `read_unlock`.
    `segment`: readers and writers of several processes, see `rseq.Segment`.
    Raises: OSError - the system forbids membarrier. RuntimeError - no code can be made for this machine.
    Threads: any, registered or not. After a fork the child is outside of all read sections; functions that were given
    to `call` before are run by the parent.
    """

    __slots__ = ("_calls", "_words", "_writer")

    def __init__(self, *, segment: Segment | None = None) -> None:
        register_for_barriers(shared=segment is not None)
        prepare_turns()
        storage = PerCPU(Readers, segment=segment)
        set_up(self, storage, {"read_lock": read_lock, "read_unlock": read_unlock})  # first: it refuses a second time
        self._words = _Words(storage)
        self._writer = allocate(TURN_BYTES, TURN_BYTES, segment)
        self._calls = Calls()
        start_anew_after_forks(self)

    @staticmethod
    def sequences() -> dict[str, Sequence[Any, Any]]:
        """The sequences that the hot methods are made of, by the method's name."""
        return {"read_lock": read_lock, "read_unlock": read_unlock}

    @classmethod
    def stress(cls) -> Iterator[Workload[Self]]:
        """How `rseq stress` works on it: while writers wait, each section begins once and ends once."""
        yield Workload(cls.__name__, cls, _work, _read_and_write, _unbalanced)

    # ---- readers

    def read_lock(self) -> int:
        """Begin to read; what is found from now on stays until `read_unlock`. It never waits; signal handlers too.

        Returns: the phase, 0 or 1, for `read_unlock`.
        """
        raise not_set_up(self)

    def read_unlock(self, phase: int) -> None:
        """End what `read_lock` began when it returned `phase`. Any thread, on any CPU; it never waits.

        Each section ends once. What ends one that never began hides another one, for good: a writer goes on while
        somebody reads. `synchronize` finds it out only when nobody reads, and then each time: use a new RCU.
        Raises: TypeError, OverflowError, IndexError - `phase` is neither 0 nor 1; then nothing has ended.
        """
        raise not_set_up(self)

    def __enter__(self) -> None:
        """`read_lock`, which whatever exception comes is followed by `read_unlock` at the end of the block."""
        raise not_set_up(self)

    def __exit__(self, *exception: object) -> None:
        raise not_set_up(self)

    @property
    def readers(self) -> int:
        """How many read sections have begun and not ended, of all threads and processes; more may have begun since."""
        require_set_up(self)
        words = self._words
        ended = sum(words.ended(lane, phase) for lane in words.lanes for phase in (0, 1))
        words.fence()
        return signed(sum(words.begun(lane, phase) for lane in words.lanes for phase in (0, 1)) - ended)

    # ---- writers

    def synchronize(self, timeout: float | None = None) -> None:
        """Wait until every read section has ended that began before the call.

        Raises: TimeoutError - `timeout` seconds have passed; it says what is known of who reads. RuntimeError - the
        calling thread reads itself, or is in the middle of a `synchronize` (a signal handler); or more sections have
        ended than begun: readers have been miscounted, and there is no repair but a new RCU. ValueError - a negative
        timeout. TypeError - a timeout that is no number.
        Threads: any thread of any process; they take turns.
        """
        waiting = _Waiting(timeout)
        self._require_outside("synchronize")
        turn = self._turn(waiting)
        try:
            for readers in grace_period(self._words):
                if readers and not waiting.pause():
                    raise TimeoutError(self._who_reads(waiting, readers))
        finally:
            del turn

    def call(self, function: Callable[[], object]) -> None:
        """Have `function()` called when every read section has ended that began before; returns at once.

        A daemon thread does it, after one `synchronize` for all that have come together. What a function raises goes to
        `threading.excepthook`. What that `synchronize` raises does too, and the functions wait on until the next `call`
        or `barrier` tries again. When Python ends, those still waiting are dropped: call `barrier()` before.
        Raises: TypeError - `function` cannot be called.
        Threads: any; inside read sections, signal handlers and finalizers too.
        """
        if not callable(function):
            raise TypeError(f"call() takes a function without arguments; got {function!r}")
        require_set_up(self)
        self._calls.add(self, function)

    def barrier(self, timeout: float | None = None) -> None:
        """Wait until all functions have been called that this process gave to `call` before.

        Raises: TimeoutError - `timeout` seconds have passed. RuntimeError - the calling thread reads, or is the one
        that calls the functions; or `synchronize` has failed, and they wait on. ValueError - a negative timeout.
        TypeError - a timeout that is no number.
        Threads: any.
        """
        waiting = _Waiting(timeout)
        self._require_outside("barrier")
        self._calls.wait(self, waiting.seconds, waiting.left)

    def _require_outside(self, method: str) -> None:
        require_set_up(self)
        if thread_state() in self._entered and not self._calls.is_caller():  # green threads have one state
            raise RuntimeError(f"{method}() inside `with rcu:` would wait for itself; leave the block first")

    def _turn(self, waiting: _Waiting) -> object:
        """Be the only writer, until the guard goes: without it writers would change the phase under each other."""
        address, held = _address(self._writer), "synchronize() is called by a thread that is in the middle of one"
        while (turn := taken(address, held)) is None:
            if not waiting.pause():
                raise TimeoutError(f"synchronize() waited {waiting.seconds} s for another one that has not ended")
        return turn

    def _who_reads(self, waiting: _Waiting, readers: int) -> str:
        names = self._names()
        known = f"in a `with` block: {', '.join(names)}" if names else "none of them in a `with` block of this process"
        return (
            f"synchronize() waited {waiting.seconds} s, and {readers} read sections have not ended: {known}. "
            f"By lane: {', '.join(self._by_lane())}. One that was begun by read_lock(), in compiled code or by another "
            "process has no name here, and one that was killed does not end"
        )

    def _names(self) -> list[str]:
        """The threads of this process that are inside `with` blocks."""
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        idents = [ident for _, ident, _ in list(self._entered.values())]
        return sorted(names.get(ident, f"thread {ident}, which has ended") for ident in idents)

    def _by_lane(self) -> Iterator[str]:
        for lane in self._words.lanes:
            begun = sum(self._words.begun(lane, phase) for phase in (0, 1))
            ended = sum(self._words.ended(lane, phase) for phase in (0, 1))
            if begun or ended:
                name = f"CPU {lane}" if lane < self._words.lanes[-1] else "spare"
                yield f"{name} {begun} begun and {ended} ended"

    def _start_anew(self) -> None:
        """In a forked child: it is outside of all sections, and the parent calls the functions."""
        self._entered.clear()
        self._calls.abandon()
        self._calls = Calls()
        if storage_of(self).segment is None:  # the other threads do not exist here
            forget_turn(_address(self._writer))
            self._words.forget()

    def __repr__(self) -> str:
        return f"<rseq.RCU with {self.readers} readers>"


def _read_and_write(rcu: RCU, turn: int) -> int:
    """The same from Python, and a writer who waits for all of it."""
    with rcu:
        pass
    if turn % 8 == 0:
        rcu.synchronize()
    return 1


def _unbalanced(rcu: RCU, ledger: Numbers[int]) -> Iterator[str]:
    for field in ("begun", "ended"):
        count = int(rcu.storage.view()[field].sum())
        if count != ledger[0]:
            yield f"{count:,} read sections have {field}, and {ledger[0]:,} were run"


def _address(turn: Memory) -> int:
    return turn.place.addresses()[-1]


class _Waiting:
    """Patience: ever longer pauses, until a time limit."""

    def __init__(self, timeout: float | None) -> None:
        self.seconds = timeout
        self._end = None if timeout is None else time.monotonic() + _seconds(timeout)
        self._turns = 0

    def left(self) -> float | None:
        """How many seconds are left, None if there is no limit."""
        return None if self._end is None else min(max(0.0, self._end - time.monotonic()), threading.TIMEOUT_MAX)

    def pause(self) -> bool:
        """Let others run for a moment; False if there is no time left."""
        left = self.left()
        if left == 0:
            return False
        self._turns += 1
        pause = 0.0 if self._turns <= _YIELDS else min(2e-6 * self._turns, _LONGEST_PAUSE_S)
        time.sleep(pause if left is None else min(pause, left))
        return True


def _seconds(timeout: float) -> float:
    expected = f"timeout: expected seconds, 0 or more, or None to wait for ever; got {timeout!r}"
    if not hasattr(timeout, "__float__") and not hasattr(timeout, "__index__"):
        raise TypeError(expected)
    try:
        seconds = float(timeout)
    except OverflowError:
        seconds = math.inf if timeout > 0 else -math.inf
    if not seconds >= 0:
        raise ValueError(expected)
    return seconds


class Model:
    """The same in plain Python, for one thread: what tests compare with, and whose accesses they interleave.

    A reader is on the lane that it names. Where `RCU` would wait, it raises TimeoutError.
    """

    def __init__(self, lanes: int = 2) -> None:
        self.lanes = range(lanes)
        self._phase = [0] * lanes
        self._begun = [[0, 0] for _ in self.lanes]
        self._ended = [[0, 0] for _ in self.lanes]
        self._calls: list[Callable[[], object]] = []

    def read_lock(self, lane: int = 0) -> int:
        phase = self._phase[lane]
        self._begun[lane][phase] += 1
        return phase

    def read_unlock(self, phase: int, lane: int = 0) -> None:
        if phase not in (0, 1):
            raise IndexError(phase)
        self._ended[lane][phase] += 1

    @property
    def readers(self) -> int:
        return sum(map(sum, self._begun)) - sum(map(sum, self._ended))

    def synchronize(self, timeout: float | None = None) -> None:
        if any(grace_period(self)):
            raise TimeoutError(f"{self.readers} read sections have not ended")

    def call(self, function: Callable[[], object]) -> None:
        self._calls.append(function)

    def barrier(self, timeout: float | None = None) -> None:
        if self._calls:
            self.synchronize(timeout)
        while self._calls:
            self._calls.pop(0)()

    def phase(self, lane: int) -> int:
        return self._phase[lane]

    def set_phase(self, lane: int, phase: int) -> None:
        self._phase[lane] = phase

    def begun(self, lane: int, phase: int) -> int:
        return self._begun[lane][phase]

    def ended(self, lane: int, phase: int) -> int:
        return self._ended[lane][phase]

    def fence(self) -> None:
        pass

    def invariant(self) -> None:
        """No phase has more that ended than began."""
        for phase in (0, 1):
            assert sum(lane[phase] for lane in self._ended) <= sum(lane[phase] for lane in self._begun)
