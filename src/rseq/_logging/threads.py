"""Threads that are waited for, whatever interrupts the waiting."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

_PATIENCE_S = 0.05


class Thread:
    """A thread that does one thing, and can be waited for whatever interrupts the waiting."""

    def __init__(self, work: Callable[[], object], *, daemon: bool) -> None:
        self._work, self.has_ended = work, False
        self._told: SimpleQueue[None] = SimpleQueue()
        self._thread = threading.Thread(target=self._live, name="rseq.logging", daemon=daemon)
        self.start = self._thread.start

    @property
    def ident(self) -> int | None:
        """Its number; None before it begins."""
        return self._thread.ident

    def wait(self) -> None:
        """Wait for its end. Ctrl-C ends this call, even if it comes just before the waiting begins.

        `join` would not do: if Ctrl-C ends it, Python 3.11 takes the thread for ended, and does not wait again.
        """
        while self.ident is not None and not self.has_ended:  # without the first, it was never started
            with suppress(Empty):
                self._told.get(timeout=_PATIENCE_S)
        if self.ident is not None:
            self._thread.join()

    def _live(self) -> None:
        try:
            self._work()
        finally:
            self.has_ended = True
            self._told.put(None)


def apart(work: Callable[[], int]) -> int:
    """`work()`, in a thread of its own: what signal handlers raise in the main thread, Ctrl-C too, ends only this call.

    Raises: what `work` raises.
    """
    results: list[int] = []
    failures: list[BaseException] = []
    is_left = False

    def keep() -> None:
        try:
            results.append(work())
        except BaseException as error:
            if is_left:
                raise  # nobody else tells of it
            failures.append(error)

    thread = Thread(keep, daemon=False)  # Python does not exit in the middle of it
    try:
        thread.start()
        thread.wait()
    except BaseException as error:
        is_left = True
        if isinstance(error, RuntimeError) and "new thread" in str(error):  # Python exits, or there are too many
            return work()
        raise
    if failures:
        raise failures[0]
    return results[0]
