"""Work in forked processes, so that one that is killed by the kernel, or never ends, is a sentence in the report."""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
import warnings
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from rseq._libc import libc

Send = Callable[[Any], None]
"""What a process calls with what it has found; it must be picklable."""

Worker = Callable[[Send], None]

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def gather(
    workers: Sequence[Worker], receive: Callable[[int, Any], None], patience_s: float | None = None
) -> list[str]:
    """Run each worker in a process of its own; `receive(number, what)` gets what they send. Returns how they failed.

    Workers begin as copies of this process. One that says nothing for `patience_s` seconds is killed, if that is given.
    What `receive` raises ends them all.
    """
    team = [_Member(number, worker) for number, worker in enumerate(workers)]
    try:
        while waiting := [member.connection for member in team if member.is_open]:
            ready = wait(waiting, patience_s)
            for member in team:
                if member.connection in ready:
                    member.hear(receive)
            if not ready:
                break
        return [problem for member in team if (problem := member.end(patience_s))]
    finally:
        for member in team:
            member.process.kill()


def die_with_parent(parent: int) -> None:
    """Have the calling process, which `parent` has forked, killed when the thread that forked it ends."""
    libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended before it was asked for
        os.kill(os.getpid(), signal.SIGKILL)


class _Member:
    """One process, and the pipe that it writes to."""

    def __init__(self, number: int, worker: Worker) -> None:
        self.number, self.is_open = number, True
        self.connection, theirs = multiprocessing.Pipe(duplex=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: none of ours run yet
            context = multiprocessing.get_context("fork")
            self.process: BaseProcess = context.Process(target=_run, args=(worker, theirs, os.getpid()), daemon=True)
            self.process.start()
        theirs.close()

    def hear(self, receive: Callable[[int, Any], None]) -> None:
        """Take what it has sent, or see that it will send no more."""
        try:
            receive(self.number, self.connection.recv())
        except EOFError:
            self.is_open = False

    def end(self, patience_s: float | None) -> str:
        """How it failed; nothing if it did not."""
        if self.is_open:
            self.process.kill()
            self.process.join()
            return f"process {self.number} said nothing for {patience_s:g} seconds and was killed"
        self.process.join()
        code = self.process.exitcode or 0
        if code < 0:
            return f"process {self.number} was ended by {signal.Signals(-code).name}"
        return f"process {self.number} failed; see above" if code else ""


def _run(worker: Worker, connection: Connection, parent: int) -> None:
    die_with_parent(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which then ends its children
    warnings.simplefilter("ignore", DeprecationWarning)  # it forks beside its threads, which is what is tested
    try:
        worker(connection.send)
    except Exception:  # noqa: BLE001 - whatever it is, the parent hears of it
        traceback.print_exc()
        raise SystemExit(1) from None
