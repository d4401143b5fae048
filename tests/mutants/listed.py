"""The list of mutants that nothing catches: which are equivalent, and which nothing can see, each with its reason.

An entry is a line, `equivalent: NAME` or `unseen: NAME`, and below it, indented, the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["LIST", "Entry", "parsed", "read", "wrong"]

LIST = Path(__file__).parent / "listed.txt"

KINDS = ("equivalent", "unseen")


@dataclass(frozen=True)
class Entry:
    """A mutant of the list."""

    kind: str
    name: str
    reason: str


def read() -> dict[str, Entry]:
    """The list, by the mutant's name."""
    return parsed(LIST.read_text(encoding="utf-8"))


def parsed(text: str) -> dict[str, Entry]:
    """The entries in a text. Raises: ValueError - a line is none of an entry, or a mutant is listed twice."""
    found: dict[str, Entry] = {}
    for kind, name, reason in _entries(text):
        if not reason:
            raise ValueError(f"{name} is listed without a reason")
        if name in found:
            raise ValueError(f"{name} is listed twice")
        found[name] = Entry(kind, name, reason)
    return found


def _entries(text: str) -> Iterator[tuple[str, str, str]]:
    kind = name = reason = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("    "):
            reason = f"{reason} {line.strip()}".strip()
        elif line.strip() and not line.startswith("#"):
            if name:
                yield kind, name, reason
            kind, colon, name = line.partition(": ")
            reason = ""
            if kind not in KINDS or not colon:
                raise ValueError(f"line {number}: expected `equivalent: NAME` or `unseen: NAME`, got {line!r}")
    if name:
        yield kind, name, reason


def wrong(entries: Mapping[str, Entry], made: Iterable[str], caught: Mapping[str, str | None]) -> Iterator[str]:
    """What is wrong with the list, given all mutants and what caught those that were tried, as sentences."""
    names = set(made)
    for entry in entries.values():
        if entry.name not in names:
            yield f"stale: no such mutant is made any more: {entry.name}"
        elif check := caught.get(entry.name):
            yield f"stale: it is listed as {entry.kind}, and {check} catches it: {entry.name}"
    for name, check in caught.items():
        if check is None and name not in entries:
            yield f"nothing catches it, and it is not listed: {name}"
