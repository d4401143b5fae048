"""How processes die that work on a structure, and what may be left of it: what `kills.py` holds the structure against.

The folder `structures/` says it, in the `mortals()` of a structure that processes can share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rseq._language.ir import Compiled
from rseq._percpu.shared import Segment

OF_VICTIM = 1 << 39
"""Set in each turn of a victim."""


@dataclass(frozen=True)
class Mortal:
    """How processes die that work on a structure, and what may be left of it."""

    name: str
    make: Callable[[Segment], Any]
    work: Compiled | Callable[[Any, int], int]
    """See `Workload.work`, or for work from Python `Workload.call`.

    Turns of a victim have its process number in bits 40 to 61, and bit 39; others have none. Work that fails, in the
    survivor or in a victim, is a failure.
    """

    measure: Callable[[Any], Sequence[int]]
    """What the structure holds, in numbers that `work` adds to the ledger: one for each element, or several of one."""

    is_part: Callable[[Sequence[int]], bool]
    """Whether a part of one run may have added this, and noted nothing."""

    longest: int = 20_000
    """The most runs that a survivor makes while a victim lives."""

    bury: Callable[[Any, int, int], Iterable[str]] = lambda structure, process, noted: ()
    """`bury(structure, process, noted)` sees to what a dead process held, and says what is wrong; `noted`: its sum."""


def is_one(difference: Sequence[int]) -> bool:
    """One that was added, or none."""
    return difference[0] in (0, 1)
