"""Text for terminals: what the command prints is at most 80 columns wide, wherever a line can be broken."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress

from rseq._extras import MissingPackage
from rseq._libc import libc, on_linux
from rseq._once import load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from rich.console import Console

WIDTH = 80

_NARROWEST = 24
"""A comment gets so many columns at least; it begins on a line of its own where fewer are left."""


@contextmanager
def stdout_aside() -> Iterator[None]:
    """What is printed meanwhile, by Python, C or another process, goes to standard error: ours is for programs."""
    _flush()
    try:
        kept = os.dup(1)
    except OSError:  # it is closed
        kept = None
    try:
        if kept is not None:
            with suppress(OSError):  # standard error is closed
                os.dup2(2, 1)
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _flush()
        if kept is not None:
            os.dup2(kept, 1)
            os.close(kept)


def _flush() -> None:
    for stream in (sys.stdout, sys.__stdout__):
        with suppress(AttributeError, OSError, ValueError):  # it is None, or closed
            stream.flush()  # type: ignore[union-attr]
    if on_linux():
        libc().fflush(None)


def is_terminal(stream: TextIO | None) -> bool:
    """If a standard stream is one. It is None in a process that was started with it closed."""
    return stream is not None and stream.isatty()


def terminal() -> Console | None:
    """Rich's console, if output goes to a terminal and Rich is installed."""
    if not is_terminal(sys.stdout):
        return None
    try:
        load("rich")
    except MissingPackage:
        return None
    from rich.console import Console

    return Console()


def wrapped(text: str) -> str:
    """`text` with long lines broken, what follows indented by two more; a command to be copied stays in one piece."""
    return "\n".join(part for line in text.splitlines() for part in _parts(line))


def _parts(line: str) -> list[str]:
    if len(line) <= WIDTH or line.lstrip().startswith("replay: "):
        return [line]
    margin = " " * (len(line) - len(line.lstrip()))
    return _broken(line.strip(), margin, f"{margin}  ")


def _broken(text: str, first: str, other: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=other, break_long_words=False, break_on_hyphens=False
    )


def commented(text: str, mark: str) -> str:
    """Assembly whose comments, which begin with `mark`, go on in the next line where they are long."""
    return "\n".join(part for line in text.splitlines() for part in _with_comment(line, mark))


def _with_comment(line: str, mark: str) -> Iterator[str]:
    code, found, comment = line.partition(f"{mark} ")
    if len(line) <= WIDTH or not found:
        yield line
    elif not code:
        margin = comment[: len(comment) - len(comment.lstrip())]
        yield from _broken(comment.strip(), f"{mark} {margin}", f"{mark} {margin}    ")
    else:
        column = len(code) if len(code) + len(mark) + _NARROWEST < WIDTH else 45
        first, *others = _broken(comment.strip(), f"{' ' * column}{mark} ", f"{' ' * column}{mark}   ")
        yield code.rstrip() if column < len(code) else code + first[column:]
        yield from [first, *others] if column < len(code) else others
