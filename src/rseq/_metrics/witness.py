"""Whether a signal was sent to the whole process group: a process that stands beside, and is asked if it got it, too.

What is sent to a group reaches each process of it, and so the command that `rseq run` has started. Nothing that comes
with a signal tells that apart from one that was sent to this process alone. So there is somebody else in the group: a
child that does nothing, in which these signals are blocked and wait to be asked for. The kernel sends to all of a group
under a lock (tasklist_lock), for which `setpgid` waits: after that call the witness has what it gets.

The road not taken: a group of its own for the command. What is sent to this one would not reach what the command
starts, and the terminal's job control would have to be done again here.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable

_FORGET = 0


class Witness:
    """A child in this process's group, which ends when this process does. Threads: the only one of the process."""

    def __init__(self, signals: Iterable[signal.Signals]) -> None:
        """Raises: OSError - there is no room for a process."""
        asked, self._ask = os.pipe()
        self._answer, answered = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
        self._pid = os.fork()
        if self._pid == 0:
            try:
                os.close(self._ask)
                _testify(asked, answered, set(signals))
            finally:
                os._exit(0)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(asked)
        os.close(answered)

    def has_got(self, number: int) -> bool:
        """Whether this signal has come there, too, since this was asked last. False, if the witness is gone."""
        try:
            os.setpgid(self._pid, os.getpgrp())
        except OSError:
            pass  # it is gone, or this process leads a session: the lock has been waited for all the same
        try:
            os.write(self._ask, bytes([number]))
            return os.read(self._answer, 1) == b"\1"
        except OSError:
            return False

    def forget(self) -> None:
        """Have it forget what has come there."""
        self.has_got(_FORGET)


def _testify(asked: int, answered: int, signals: set[signal.Signals]) -> None:
    """Answer until nobody can ask any more."""
    while number := os.read(asked, 1):
        wanted = signals if number[0] == _FORGET else {signal.Signals(number[0])}
        got = False
        while signal.sigtimedwait(wanted, 0) is not None:
            got = True
        os.write(answered, bytes([got]))
