"""The terminal while `rseq top` has it: keys as they are pressed, what they change, and all as it was afterwards."""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import termios
import time
import tty
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rseq._look.frames import SORTS
from rseq._terminal import is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_KEYS = {
    "\x1b[A": "up",
    "\x1bOA": "up",
    "\x1b[B": "down",
    "\x1bOB": "down",
    "\x1b[5~": "page up",
    "\x1b[6~": "page down",
    "\x7f": "backspace",
    "\x08": "backspace",
    "\r": "enter",
    "\n": "enter",
    "\x1b": "escape",
}
_KEY = re.compile(r"\x1b\[[0-9;]*[A-Za-z~]|\x1bO.|.", re.DOTALL)


def keys_of(text: str) -> list[str]:
    """The keys that a terminal has sent as `text`: letters, and names for the others."""
    return [_KEYS.get(one, one) for one in _KEY.findall(text)]


class View:
    """What is shown, and how: keys change it."""

    def __init__(self) -> None:
        self.sort, self.wanted, self.first = SORTS[0], "", 0
        self.is_typing = self.is_paused = self.is_done = False

    def press(self, key: str, page: int = 10) -> None:
        """What a key does; `page` is how many rows a page has."""
        if self.is_typing:
            self._type(key)
        elif key in ("p", " "):
            self.is_paused = not self.is_paused
        elif key == "q":
            self.is_done = True
        elif key == "s":
            self.sort = SORTS[(SORTS.index(self.sort) + 1) % len(SORTS)]
        elif key == "/":
            self.is_typing, self.wanted, self.first = True, "", 0
        elif key == "escape":
            self.wanted = ""
        else:
            steps = {"up": -1, "k": -1, "down": 1, "j": 1, "page up": -page, "page down": page}
            self.first = max(self.first + steps.get(key, 0), 0)

    def _type(self, key: str) -> None:
        if key in ("enter", "escape"):
            self.is_typing = False
            self.wanted = self.wanted if key == "enter" else ""
        elif key == "backspace":
            self.wanted = self.wanted[:-1]
        elif len(key) == 1 and key.isprintable():
            self.wanted += key


class Keyboard:
    """Keys of the terminal behind standard input, if it is one."""

    def __init__(self) -> None:
        self._fd = sys.stdin.fileno() if is_terminal(sys.stdin) else None

    def wait(self, seconds: float) -> list[str]:
        """The keys that are pressed, within so many seconds."""
        if self._fd is None:
            time.sleep(max(seconds, 0))
            return []
        if not select.select([self._fd], [], [], max(seconds, 0))[0]:
            return []
        sent = os.read(self._fd, 1024)
        return keys_of(sent.decode(errors="replace")) if sent else ["q"]


@contextmanager
def keyboard() -> Iterator[Keyboard]:
    """Keys as they are pressed, without Enter and without being shown; afterwards all is as it was, whatever comes.

    Who ends the process by SIGTERM or SIGHUP meanwhile has it leave the body by SystemExit.
    """
    keys = Keyboard()
    handlers = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    before = None if keys._fd is None else termios.tcgetattr(keys._fd)
    try:
        if keys._fd is not None:
            tty.setcbreak(keys._fd)
        yield keys
    finally:
        if keys._fd is not None and before is not None:
            termios.tcsetattr(keys._fd, termios.TCSADRAIN, before)
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _leave(number: int, _: FrameType | None) -> None:
    raise SystemExit(128 + number)
