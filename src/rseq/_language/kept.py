"""The text of source files as it was when they were imported: what a file holds may be something else by now.

It is kept from the moment at which a file's first record, sequence, routine or inline function is made, or `keep` is
called: at its import, as a rule. What is found of a function in there is in text.py.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import types
    from collections.abc import Mapping
    from typing import Any

_kept: dict[str, list[str]] = {}
_read: dict[str, tuple[int, int, list[str]]] = {}
"""What has been read of files, with their times and sizes."""

_COOKIE, _BOM = b"coding", b"\xef\xbb\xbf"


def keep(module: str) -> None:
    """Keep the text that the module's file has now, while it is being imported; it is too late at any other time."""
    found = sys.modules.get(module)
    file = getattr(found, "__file__", None)
    if isinstance(file, str) and is_being_imported(module):
        lines = lines_of(file, vars(found))
        if lines:
            _kept[file] = lines


def kept(file: str) -> list[str] | None:
    """The lines that were kept of a file, if any."""
    return _kept.get(file)


def is_being_imported(module: str | None) -> bool:
    """Whether the file that defines it is being executed."""
    spec = getattr(sys.modules.get(module or ""), "__spec__", None)
    return bool(getattr(spec, "_initializing", False))


def lines_of(file: str, names: Mapping[str, Any] | None = None) -> list[str]:
    """The lines of a file as it is now; none, if it cannot be read. `names` are those of its module."""
    try:
        about = os.stat(file)
    except (OSError, ValueError):
        return _elsewhere(file, names)
    held = _read.get(file)
    if held is None or held[:2] != (about.st_mtime_ns, about.st_size):
        held = _read[file] = about.st_mtime_ns, about.st_size, _lines(file, names)
        if not held[2]:
            del _read[file]
    return held[2]


def _lines(file: str, names: Mapping[str, Any] | None) -> list[str]:
    try:
        with open(file, "rb") as opened:
            data = opened.read()
        first, _, rest = data.partition(b"\n")
        if b"\0" in data or _COOKIE in first or _COOKIE in rest.partition(b"\n")[0]:
            return _elsewhere(file, names)
        text = data.removeprefix(_BOM).decode().replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, ValueError):
        return _elsewhere(file, names)
    return as_lines(text)


def as_lines(text: str) -> list[str]:
    """Lines with their ends, the last one too, as linecache has them."""
    lines = [f"{line}\n" for line in text.split("\n")]
    return lines[:-1] if lines[-1] == "\n" else lines


def _elsewhere(file: str, names: Mapping[str, Any] | None) -> list[str]:
    """What is in no file (a zip file, a notebook), or in another encoding."""
    import linecache

    linecache.checkcache(file)
    return linecache.getlines(file, None if names is None else dict(names))


def text_around(function: types.FunctionType) -> str | None:
    """The lines of a function and what follows it up to the next statement; None if there is no text.

    The same text, and the same bytecode, are the same function; that it is the function's own is for `find` to say.
    """
    code = function.__code__
    keep(function.__module__)
    lines = _kept.get(code.co_filename) or lines_of(code.co_filename, function.__globals__)
    first = code.co_firstlineno - 1
    if not 0 <= first < len(lines):
        return None
    margin, end = _margin(lines[first]), _last_line(code)
    while end < len(lines) and (_margin(lines[end]) > margin or not lines[end].strip()):
        end += 1
    return "".join(lines[first:end])


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip())


def _last_line(code: types.CodeType) -> int:
    return max((line for _, _, line in code.co_lines() if line is not None), default=code.co_firstlineno)
