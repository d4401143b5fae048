"""A command as a child process, whose parent stays: it passes signals and the exit status on, and reaps orphans.

Signals are not handled but waited for, all in one place, so that none is missed. The child is in the same process
group: what the terminal sends (Ctrl-C, a new size), and what a process has sent to the whole group, reaches it by
itself. What was sent to this process alone is passed on.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping, Sequence

from rseq._metrics.witness import Witness

PASSED_ON = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
    signal.SIGALRM,
)
NOT_FOUND, NOT_STARTED, BY_SIGNAL = 127, 126, 128
"""Exit statuses, as shells have them."""

_SI_USER = 0
"""What the kernel itself sends has a number above 0 (asm-generic/siginfo.h)."""


def supervised(command: Sequence[str], environment: Mapping[str, str], witness: Witness) -> int:
    """Run a command to its end, and return its exit status: 128 and the number of a signal that ended it.

    `witness` is one for PASSED_ON. Raises: OSError - it cannot be started. Threads: the only one of the process.
    """
    waited_for = {signal.SIGCHLD, *PASSED_ON}
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where it is ignored, as some parents have it, no end is ever told
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited_for)
    try:
        child = os.posix_spawnp(command[0], list(command), dict(environment), setsigmask=before)
        witness.forget()  # what came before the child was there has not reached it
        while True:
            received = signal.sigwaitinfo(waited_for)
            if received.si_signo != signal.SIGCHLD:
                is_for_all = witness.has_got(received.si_signo)
                if received.si_code <= _SI_USER and not (is_for_all and _is_beside(child)):
                    os.kill(child, received.si_signo)
            elif (status := _status_of(child)) is not None:
                return BY_SIGNAL - status if status < 0 else status
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _is_beside(child: int) -> bool:
    """Whether the child is still in this process's group."""
    return os.getpgid(child) == os.getpgrp()


def _status_of(child: int) -> int | None:
    """How the child has ended, if it has; of others that have ended, nothing is left."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return None
        if pid == 0:
            return None
        if pid == child:
            return os.waitstatus_to_exitcode(status)
