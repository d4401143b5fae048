"""Functions that wait for their grace period, and the thread that calls them: there is one while there are any.

Whoever gives a function may be a signal handler or a finalizer, in the middle of another one's giving it, and a handler
may raise. So there is no lock. Functions enter a deque and leave it when they have been called. The thread has a place
that is taken and given to a new thread in one step: in C, where no handler runs. A barrier is one more entry, behind
all that were given before; the thread releases its lock when it comes there.
"""

from __future__ import annotations

import _thread
from _operator import is_
from itertools import compress

from rseq._quick import deque, get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from typing import Protocol

    class _RCU(Protocol):
        def synchronize(self) -> None:
            """Wait for all who read."""


_NOBODY = object()


class _Given:
    """A function; entries are equal to themselves only, which functions need not be."""

    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function

    def reach(self) -> None:
        """Call it."""
        try:
            self._function()
        except BaseException as error:  # noqa: BLE001 - reported; the other functions are called all the same
            _report(error)


class _Barrier:
    """Waits for the functions that were given before it."""

    def __init__(self) -> None:
        self.reached = _thread.allocate_lock()
        self.reached.acquire()
        self.failure: BaseException | None = None
        self.left = 0
        """How many functions wait on, if `synchronize` has failed."""

    def reach(self) -> None:
        """All before it have been called, or nobody tries any more."""
        try:
            self.reached.release()
        except RuntimeError:  # it was reached before
            pass


class Calls:
    """The functions of one RCU, in one process.

    The thread ends early if `synchronize` raises something. Then they wait on, and the next who comes starts another.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Given | _Barrier] = deque()
        self._place: dict[str, object] = {}
        """Whose thread calls them; empty while there is none."""
        self._thread: threading.Thread | None = None
        self._ident = 0

    def add(self, rcu: _RCU, function: Callable[[], object]) -> None:
        """Let `function` wait. Raises: RuntimeError - no thread can be started; then it does not wait."""
        self._enqueue(rcu, _Given(function))

    def wait(self, rcu: _RCU, seconds: float | None, patience: Callable[[], float | None]) -> None:
        """Wait for all that have been given so far, `patience()` of the `seconds` are left. Raises: as RCU.barrier."""
        if self.is_caller():
            raise RuntimeError("barrier() in a function that was given to call() would wait for itself")
        if not self._waiting:
            return
        barrier = _Barrier()
        self._enqueue(rcu, barrier)
        if self._place.get("thread") is _NOBODY:  # forked meanwhile, and before the barrier was among those that wait
            return
        rest = patience()
        if not barrier.reached.acquire(timeout=-1 if rest is None else rest):
            left = self._before(barrier)
            raise TimeoutError(f"barrier() waited {seconds} s, and {left} functions have not been called")
        if barrier.failure is not None:
            problem = f"functions not called: {barrier.left}, as synchronize() failed: {barrier.failure}"
            raise RuntimeError(problem) from barrier.failure

    def is_caller(self) -> bool:
        """If the calling thread is the one that calls the functions."""
        return get_ident() == self._ident

    def abandon(self) -> None:
        """In a forked child: nobody calls them here, as the parent does, and whoever was waiting for that goes on."""
        self._place["thread"] = _NOBODY
        left, self._waiting = self._waiting, deque()
        for call in left:
            if isinstance(call, _Barrier):
                call.reach()

    def _enqueue(self, rcu: _RCU, call: _Given | _Barrier) -> None:
        self._waiting.append(call)
        try:
            self._start(rcu)
        except RuntimeError:
            if not self._place:  # else it is called; it was a signal handler that has raised this
                try:
                    self._waiting.remove(call)
                except ValueError:
                    pass
            raise

    def _start(self, rcu: _RCU) -> None:
        """Start the thread if the place is free."""
        import threading  # noqa: F401 - not in the new thread: the first that imports it is the main one for it

        mine, started = object(), list[int]()
        is_free = map(is_, map(self._place.setdefault, ("thread",), (mine,)), (mine,))
        starting = map(_thread.start_new_thread, compress((self._launch,), is_free), ((rcu,),))
        try:
            started.extend(starting)  # in C: the place is not taken without a thread
        finally:
            if not started and self._place.get("thread") is mine:  # there can be no thread
                del self._place["thread"]

    def _launch(self, rcu: _RCU) -> None:
        """In a new thread, where no signal handler runs: start one with a name, when the one before has ended."""
        import threading

        try:
            if self._thread is not None and self._thread.ident is not None:
                self._thread.join()
            self._thread = threading.Thread(target=self._work, args=(rcu,), name="rseq.RCU.call", daemon=True)
            self._thread.start()
        except BaseException as error:  # noqa: BLE001 - reported, to those who wait too
            self._give_up(error)
            self._place.clear()
            _report(error)

    def _work(self, rcu: _RCU) -> None:
        place = object()
        while True:
            self._ident = get_ident()
            failure = self._call_all(rcu)
            self._ident = 0
            self._place.clear()
            if not self._is_wanted(failure) or self._place.setdefault("thread", place) is not place:
                return

    def _call_all(self, rcu: _RCU) -> BaseException | None:
        """Call all that wait, those that come meanwhile too; what `synchronize` raises, if it does."""
        try:
            while count := len(self._waiting):
                rcu.synchronize()
                for _ in range(count):
                    self._waiting[0].reach()
                    self._waiting.popleft()
        except BaseException as error:  # noqa: BLE001 - reported, to those who wait too
            self._give_up(error)
            _report(error)
            return error
        return None

    def _is_wanted(self, failure: BaseException | None) -> bool:
        """If something has come since; after a failure only those who wait for it try again."""
        waiting = self._waiting.copy()
        return any(isinstance(call, _Barrier) for call in waiting) if failure else bool(waiting)

    def _give_up(self, error: BaseException) -> None:
        """Tell those who wait. The functions stay."""
        for call in self._waiting.copy():
            if isinstance(call, _Barrier):
                call.failure, call.left = error, self._before(call)
                self._waiting.remove(call)
                call.reach()

    def _before(self, barrier: _Barrier) -> int:
        """How many functions wait that were given before it."""
        waiting = list(self._waiting.copy())
        before = waiting[: waiting.index(barrier)] if barrier in waiting else []
        return sum(not isinstance(call, _Barrier) for call in before)


def _report(error: BaseException) -> None:
    import threading

    report = (type(error), error, error.__traceback__, threading.current_thread())
    threading.excepthook(threading.ExceptHookArgs(report))
