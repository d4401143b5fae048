"""Work in a forked process with limits: whatever becomes of it, the parent gets a sentence.

A child leads a session of its own, and with it ends what it has started.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import resource
import select
import signal
import struct
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Child", "Ended", "run"]

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LENGTH = struct.Struct("<Q")
_LATE = "it did not end"


@dataclass(frozen=True)
class Ended:
    """What came of a child: what its function returned, or how it failed."""

    result: Any = None
    failure: str = ""
    is_late: bool = False
    """If it was ended for taking too long."""


@dataclass
class Child:
    """A function that runs in a child, for so many seconds of a processor's time and of the clock's at most."""

    function: Callable[[], Any]
    cpu_s: int
    wall_s: float
    pid: int = field(init=False)
    _read: int = field(init=False)

    def __post_init__(self) -> None:
        self._read, write = os.pipe()
        self._text = b""
        self._until = time.monotonic() + self.wall_s
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._read)
            self._live(write)
        os.close(write)

    def _live(self, write: int) -> None:
        code = 1
        try:
            os.setsid()
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            resource.setrlimit(resource.RLIMIT_CPU, (self.cpu_s, self.cpu_s + 5))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            text = pickle.dumps(self._outcome())
            with open(write, "wb") as pipe:
                pipe.write(_LENGTH.pack(len(text)) + text)
            code = 0
        finally:
            os._exit(code)

    def _outcome(self) -> Ended:
        try:
            return Ended(self.function())
        except BaseException as error:  # noqa: BLE001 - whatever it is, the parent hears of it
            where = traceback.extract_tb(error.__traceback__)[-1]
            return Ended(failure=f"{type(error).__name__}: {error} ({os.path.basename(where.filename)}:{where.lineno})")

    def fileno(self) -> int:
        """What is ready to be read when there is something to hear."""
        return self._read

    def heard(self, wait_s: float = 1.0) -> Ended | None:
        """What came of it, if that is known within this time."""
        has_ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        if select.select([self._read], [], [], 0.0 if has_ended else wait_s)[0] and (
            text := os.read(self._read, 1 << 16)
        ):
            self._text += text
            if not self._is_whole():
                return None
            self._stop()
            ended: Ended = pickle.loads(self._text[_LENGTH.size :])
            return ended
        if has_ended:  # and wrote nothing that was not read: this was asked before the pipe was
            return self._died(os.waitstatus_to_exitcode(self._stop()))
        if time.monotonic() > self._until:
            self._stop()
            return Ended(failure=_LATE, is_late=True)
        return None

    def _is_whole(self) -> bool:
        if len(self._text) < _LENGTH.size:
            return False
        (length,) = _LENGTH.unpack_from(self._text)
        return len(self._text) >= _LENGTH.size + int(length)

    def _died(self, code: int) -> Ended:
        if code == -signal.SIGXCPU:
            return Ended(failure=_LATE, is_late=True)
        return Ended(failure=f"it was ended by {signal.Signals(-code).name}" if code < 0 else f"it ended with {code}")

    def _stop(self) -> int:
        """End it and all that it has started. What waitpid(2) says of it."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        os.close(self._read)
        return os.waitpid(self.pid, 0)[1]


def run(function: Callable[[], Any], cpu_s: int, wall_s: float) -> Ended:
    """Run `function` in a child, and wait for it."""
    child = Child(function, cpu_s, wall_s)
    while (ended := child.heard()) is None:
        pass
    return ended
