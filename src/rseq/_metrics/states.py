"""Info and Enum: what was said last, by whichever process.

An Enum is a word: the number of its state, from 1; 0 if it was removed.
An Info has a structure for each value that it ever had, with the time at which that was said last, or 0. The latest is
its value. So nobody ever reads half of one. A value takes its place in the directory for good: an Info is for what
changes seldom, such as a version.
"""

from __future__ import annotations

import json
import time

from rseq._metrics.blocks import Numbers, made, shown
from rseq._percpu.atomic import compare_exchange
from rseq._percpu.shared.extents import Wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from rseq._percpu.shared.segment import Segment

INFO, ENUM = "Info", "Enum"
_WORD = (Wanted(8, is_plain=True),)


class EnumValue:
    """The state of an Enum with its labels. Threads: any thread of any process."""

    def __init__(self, segment: Segment, family: str, labels: Mapping[str, str], states: Sequence[str]) -> None:
        """Raises: MemoryError - no room."""
        args = {"type": "stateset", "family": family, "labels": dict(sorted(labels.items())), "states": list(states)}
        _, (memory,) = made(segment, ENUM, shown(family, labels), args, _WORD)
        self._state = Numbers(memory)
        compare_exchange(self._state.address(0), 0, 1)

    def set(self, number: int) -> None:
        """Have it be the state of that number, from 0."""
        self._state.words[0] = number + 1

    def remove(self) -> None:
        """Have it have no state, until it is made again."""
        self._state.words[0] = 0


class InfoValue:
    """The value of an Info with its labels. Threads: any thread of any process."""

    def __init__(self, segment: Segment, family: str, labels: Mapping[str, str]) -> None:
        """Raises: MemoryError - no room."""
        self._segment, self._family, self._labels = segment, family, dict(sorted(labels.items()))
        compare_exchange(self._said({}).address(0), 0, 1)  # the earliest, but said

    def set(self, value: Mapping[str, str]) -> None:
        """Have it be `value`. Raises: MemoryError - no room for another one."""
        self._said(value).words[0] = time.time_ns()

    def _said(self, value: Mapping[str, str]) -> Numbers:
        args: dict[str, Any] = {"type": "info", "family": self._family, "labels": self._labels}
        args["value"] = dict(sorted(value.items()))
        name = shown(f"{self._family}_info", {**self._labels, **value})
        _, (memory,) = made(self._segment, INFO, name, args, _WORD)
        return Numbers(memory)


def canonical(labels: Mapping[str, str]) -> str:
    """A text that is the same for the same labels."""
    return json.dumps(labels, sort_keys=True)
