"""What Prometheus calls the structures in a segment: its names have the letters of ASCII, digits and `_`.

Anything else becomes `_`, and a digit in front gets one before it. (`:` is allowed too, but meant for what rules
record, and prometheus_client's OpenMetrics changes it.) A structure whose name was changed says its own name in a
label, so that two that become the same are two series of one family. Where a name is taken by something of another
type, the kind of the structure is put behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, count

_FORBIDDEN = re.compile(r"[^a-zA-Z0-9_]")
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")

SUFFIXES = {
    "counter": ("_total", "_created"),
    "summary": ("_sum", "_count", "_created"),
    "histogram": ("_bucket", "_sum", "_count", "_created"),
    "info": ("_info",),
}
"""By the type of a family: what the names of its samples end with, beside those that are called as the family is."""


def allowed(name: str) -> str:
    """The name that Prometheus allows in place of `name`."""
    found = _FORBIDDEN.sub("_", name) or "_"
    return f"_{found}" if found[:1].isdigit() else found


def snake(kind: str) -> str:
    """The name of a class as a part of a metric's: ring_buffer."""
    return _WORDS.sub("_", allowed(kind)).lower()


class Names:
    """The names of families in one exposition, so that none has samples that look like another's."""

    def __init__(self) -> None:
        self._taken: dict[str, object] = {}

    def take(self, name: str, type: str, owner: object) -> bool:
        """Have the family `name` be `owner`'s, if no other one has that name or that of its samples."""
        wanted = [allowed(name), *(allowed(name + suffix) for suffix in SUFFIXES.get(type, ()))]
        if any(self._taken.get(one, owner) != owner for one in wanted):
            return False
        self._taken.update(dict.fromkeys(wanted, owner))
        return True

    def chosen(self, name: str, type: str, owner: object, behind: str) -> str:
        """`name`, or where that is taken, one that ends with `behind`, and a number if need be."""
        return next(one for one in candidates(name, behind) if self.take(one, type, owner))


def candidates(name: str, behind: str) -> Iterator[str]:
    """A name, and those to try after it."""
    numbered: Iterable[str] = (f"{name}_{behind}_{number}" for number in count(2))
    return chain((name, f"{name}_{behind}"), numbered)
