"""How a structure is stressed, what must hold in the end, and what a dead process may leave: what `rseq stress` asks.

The folder `structures/` says it, in a file for each structure, found by folder: `workloads()` gives one `Workload` or
several (one for each type of number, say). `rseq stress` fails where one of a structure's sequences is in none of them.
`loaded()` gives more of them, of other sizes, for the code that calls from Python run (see `loaded.py`).
`mortals()`, of a structure that processes can share, says how they die (see `kills.py`).

    @routine
    def work(cpu: Cell, turn: u64) -> i64:         machine code, run by threads and by signal handlers
        add(cpu, i64(turn & 7))
        return i64(turn & 7)

    def workloads() -> Iterator[Workload[Counter]]:
        yield Workload("Counter", Counter, work, call, law)

All runs of `work` are added up in the ledger, one sum for each element of the storage. The law compares the
ledger with the structure, when all is quiet.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from rseq._percpu.shared.segment import Segment

if TYPE_CHECKING:
    from rseq._language.compiled import Compiled
    from rseq._percpu.storage import PerCPU

BUFFER_BYTES = 64

SPREAD = 0x9E3779B97F4A7C15
"""2**64 by the golden ratio: the upper bits of its multiples are as good as random, and spread evenly."""


def buffered(turn: int) -> bytes:
    """What a parameter of type bytes of `work` holds: `turn` in 8 bytes, again and again; 1 to 64 bytes of it."""
    return (turn.to_bytes(8, sys.byteorder) * 8)[: (turn * SPREAD % (1 << 64) >> 58) + 1]


class _HasStorage(Protocol):
    """A structure: what `work` runs on is its storage."""

    @property
    def storage(self) -> PerCPU[Any]: ...


S = TypeVar("S", bound=_HasStorage)


@dataclass(frozen=True)
class Workload(Generic[S]):
    """One way to stress a structure."""

    name: str
    """What the report calls it: the class, and what else tells it apart."""

    make: Callable[..., S]
    """Makes an empty structure: the class, or a `functools.partial` of it.

    If it takes `index`, it gets each way to choose the lane; if it takes `segment`, processes share what it makes.
    """

    work: Compiled
    """A routine (or sequence) on the storage's record, `work(cpu, turn: u64) -> i64`, that runs all sequences.

    It is called in machine code without the GIL: in a tight loop by many threads, and by signal handlers, which may
    have interrupted it, so it must never wait for itself. No two runs get the same `turn`; turns follow each other.
    Where the storage is an array, a run works on element `turn % storage.length`. Further parameters are buffers: a
    `bytes` is what `buffered(turn)` is, a `bytearray` has `BUFFER_BYTES` bytes. What `work` returns goes into the
    ledger: what was put in, less what was taken out, is a good choice. The sums wrap around, as i64 does.
    """

    call: Callable[[S, int], int]
    """`call(structure, turn)` does the same from Python, through the structure's methods. Threads do it in between."""

    law: Callable[[S, Sequence[int]], Iterable[str]]
    """`law(structure, ledger)` gives what does not hold, as sentences. Nobody works on the structure any more.

    `ledger` has a sum for each element of the storage, in order (one sum if it is no array), as an i64 each.
    """

    broken_by: int = 1
    """How much more in the last sum breaks the law: 1, unless it is an inequality such as "no more than …"."""


# ---- how processes die that work on it

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
