"""A builtin's machine code, with all that Python needs to know of it: what is compiled, shipped and kept."""

from __future__ import annotations

from rseq._loader import Blob
from rseq._loader import from_plain as blob_from_plain
from rseq._loader import plain as plain_blob
from rseq._quick import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Made(NamedTuple):
    """What `make` has made of a sequence or a routine."""

    blob: Blob
    names: tuple[str, ...]
    """What the parameters are called."""
    text: str
    """What CPython shows of it, behind the name: parameters, and the docstring."""
    refusals: dict[int, tuple[str, str]]
    """What a caller is told of each code: the exception's name, and its text behind the title."""
    counters: tuple[str, ...]
    """The variables that count the aborts of each sequence."""


def plain(made: Made) -> tuple[Any, ...]:
    """The same as tuples, dicts, texts, bytes and numbers."""
    return (plain_blob(made.blob), *made[1:])


def from_plain(parts: tuple[Any, ...]) -> Made:
    """What `plain` was given."""
    return Made(blob_from_plain(parts[0]), *parts[1:])
