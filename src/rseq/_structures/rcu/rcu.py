"""Read-copy-update: readers that never wait, and a writer that waits until nobody uses what it has replaced.

How it knows that is in `grace.py`; who calls the functions that were given to `call` is in `calls.py`.
"""

from __future__ import annotations

import time
from _thread import TIMEOUT_MAX

from rseq._builtins.method import Context, thread_state
from rseq._forks import start_anew_after_forks
from rseq._integers import signed
from rseq._percpu.storage import More
from rseq._percpu.threads import table_of
from rseq._percpu.turn import TURN_BYTES, forget_turn, prepare_turns, taken
from rseq._structures.rcu.calls import Calls
from rseq._structures.rcu.grace import READERS, Words, grace_period
from rseq._structures.structure import (
    Structure,
    forget_inside,
    inside,
    not_set_up,
    require_set_up,
    set_up,
    storage_for,
    storage_of,
)
from rseq._thread.membarrier import register_for_barriers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rseq._language.compiled import Compiled
    from rseq._percpu.memory import Memory
    from rseq._percpu.shared.segment import Segment

_YIELDS = 20
_LONGEST_PAUSE_S = 0.001
_INFINITE = float("inf")


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
    `segment` and `name`: for readers and writers of several processes, see `Counter`.
    Raises: OSError - the system forbids membarrier. RuntimeError - no code can be made for this machine.
    Threads: any, registered or not. After a fork the child is outside of all read sections; functions that were given
    to `call` before are run by the parent.
    """

    __slots__ = ("_calls", "_words", "_writer")

    def __init__(self, *, segment: Segment | str | None = None, name: str | None = None) -> None:
        register_for_barriers(shared=segment is not None)
        prepare_turns()
        storage, (writer,) = storage_for(self, READERS, segment, name, {}, more=(More(TURN_BYTES, TURN_BYTES),))
        set_up(self, storage, READERS)  # first: it refuses a second time
        self._words = Words(storage)
        self._writer = writer
        self._calls = Calls()
        start_anew_after_forks(self)

    @classmethod
    def _sequences(cls) -> Mapping[str, Compiled]:
        return READERS.parts

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
        if thread_state() in inside(self) and not self._calls.is_caller():  # green threads have one state
            raise RuntimeError(f"{method}() inside `with rcu:` would wait for itself; leave the block first")

    def _turn(self, waiting: _Waiting) -> object:
        """Be the only writer, until the guard goes: without it writers would change the phase under each other."""
        address, table = _address(self._writer), table_of(self._writer.place.lock)
        held = "synchronize() is called by a thread that is in the middle of one"
        while (turn := taken(table, address, held)) is None:
            if not waiting.pause():
                raise TimeoutError(f"synchronize() waited {waiting.seconds} s for another one that has not ended")
        return turn

    def _who_reads(self, waiting: _Waiting, readers: int) -> str:
        names = self._names()
        known = f"in a `with` block: {', '.join(names)}" if names else "none of them in a `with` block of this process"
        count = "1 read section has" if readers == 1 else f"{readers} read sections have"
        return (
            f"synchronize() waited {waiting.seconds} s, and {count} not ended: {known}. "
            f"By lane: {', '.join(self._by_lane())}. One that was begun by read_lock(), in compiled code or by another "
            "process has no name here, and one that was killed does not end"
        )

    def _names(self) -> list[str]:
        """The threads of this process that are inside `with` blocks."""
        import threading

        names = {thread.ident: thread.name for thread in threading.enumerate()}
        return sorted(names.get(ident, f"thread {ident}, which has ended") for ident in inside(self).values())

    def _by_lane(self) -> Iterator[str]:
        for lane in self._words.lanes:
            begun = sum(self._words.begun(lane, phase) for phase in (0, 1))
            ended = sum(self._words.ended(lane, phase) for phase in (0, 1))
            if begun or ended:
                name = f"CPU {lane}" if lane < self._words.lanes[-1] else "spare"
                yield f"{name} {begun} begun and {ended} ended"

    def _start_anew(self) -> None:
        """In a forked child: it is outside of all sections, and the parent calls the functions."""
        forget_inside(self)
        self._calls.abandon()
        self._calls = Calls()
        if storage_of(self).segment is None:  # the other threads do not exist here
            forget_turn(_address(self._writer))
            self._words.forget()

    def __repr__(self) -> str:
        return f"<rseq.RCU with {self.readers} readers>"


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
        return None if self._end is None else min(max(0.0, self._end - time.monotonic()), TIMEOUT_MAX)

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
        seconds = _INFINITE if timeout > 0 else -_INFINITE
    if not seconds >= 0:
        raise ValueError(expected)
    return seconds
