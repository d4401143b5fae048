"""How records lie in a ring buffer, and the sequences and routines that put them there and get them out.

    lane of a CPU:   | head lost | gap | tail | gap | data …………………………………… |
                       writers           readers      ^tail … ^head: what waits

Writers of a CPU store where nobody reads, and commit by storing `head`, a position that only goes on; where a position
lies in `data` are its low bits. Behind the largest one comes 0, so positions are never compared, but how far one is
behind another. `tail` is where the reader is: only readers store there, in memory that all processes
see, and on cache lines of its own. Writers never wait for readers.

In a ring that overwrites, only readers look at `tail`, and they keep more: at which serial number they are (`serial`),
and how many records they have found overwritten (`given`). All three must be of one reading, and a reader may be killed
at any instruction. So there are two slots of `serial` and `given`, and the lowest bit of `tail` says which one counts,
below the position. A reader fills the other slot, and commits both with one store of `tail`.

There are two shapes of ring:

Records of any length (`variable.py`). Positions count units of four bytes.

    | length | stamp, 2 units, if there is a clock | the bytes, up to a whole unit |

A record lies in one piece. One that would cross the end of `data` begins anew at its start, and a skip mark says so.
In a ring that overwrites, `data` has parts, and no record crosses from one into the next. A part begins with the serial
number of its first record, so that a reader who was overtaken finds its place again and knows how many it has missed.
The serial number of the next record is in `head` and one more word, for which there are two places, `even` and `odd`:
below the position, `head` has a bit that says which one counts, and in up to 10 bits how many records came since. Who
begins a part, or has counted as far as the bits go, writes the sum to the other place, and commits it with the bit. So
no sequence overwrites what it has read.

Records of one layout (`rows.py`). Positions count records; there is no header, and stamps are an array beside.

Assumptions: a reader copies first and asks then. What a writer may have begun to overwrite when `head` is read the
second time is given up; for `head` to be read late enough, the reader has all CPUs make a memory barrier in between
(membarrier(2)), which orders their stores without costing writers anything.
"""

from __future__ import annotations

from rseq._language.inline import Inline
from rseq._language.operations import lane, store_release
from rseq._language.types import SCALARS, Record, u64
from rseq._once import once
from rseq._quick import NamedTuple
from rseq._sequence import Routine, Sequence, inline, routine, sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SLOTS = SCALARS["u64"][2]
"""What a reader of a ring that overwrites keeps, twice: what counts, and what does not yet."""

GAP = SCALARS["u64"][8]
"""A cache line, so that what readers store does not slow writers down."""


GAP_BEFORE_UNITS = SCALARS["u32"][17]
"""The same and half a word: headers are odd numbers of units, so that what follows the first one is aligned to 8."""


class Code(NamedTuple):
    """What is compiled for one kind of ring."""

    record: type[Record]
    write: Routine[Any, bool]
    """write(data) -> bool: put a record into this CPU's ring, or count it as lost."""
    read: Routine[Any, int]
    """read(number, begin, end, out…) -> gone: copy positions; the first `gone` were overwritten, and are zeros."""
    settle: Routine[Any, bool]
    """settle(number, position), or if writers overwrite, settle(number, position, serial, given): it is read. True."""
    parts: tuple[Sequence[Any, Any], ...]
    """The sequences of `write`."""


@inline
def tail_of(position: u64, slot: u64) -> u64:
    """`tail` of a ring that overwrites."""
    return position << 1 | slot


@once
def distance_of(bits: int) -> Inline[Any, int]:
    """How far position `behind` is behind `ahead`, if positions have so many bits."""
    mask = (1 << bits) - 1

    @inline
    def distance(behind: u64, ahead: u64) -> u64:
        return ahead - behind & mask

    return distance


@once
def waiting_of(units: int, bits: int) -> Inline[Any, int]:
    """How many positions a reader copies from `begin` on: to `end`, or to `head`; none if that is nonsense."""
    distance = distance_of(bits)

    @inline
    def waiting(begin: u64, end: u64, head: u64) -> u64:
        wanted = distance(begin, end)
        written = distance(begin, head)
        if wanted > units or written >> bits - 1 != 0:
            wanted = 0
        return wanted if wanted < written else written

    return waiting


def lose_of(Ring: Any) -> Sequence[Any, None]:  # noqa: N803
    """The sequence that counts a record that did not fit."""

    @sequence
    def lose(cpu: Ring) -> None:
        cpu.lost += 1

    return lose


def settle_of(Ring: Any, *, overwrites: bool) -> Routine[Any, bool]:  # noqa: N803
    """The routine by which a reader leaves word of what it has done, as a whole: it commits with one store."""
    return _settle_slot_of(Ring) if overwrites else _settle_tail_of(Ring)


def _settle_tail_of(Ring: Any) -> Routine[Any, bool]:  # noqa: N803
    @routine
    def settle(cpu: Ring, number: u64, position: u64) -> bool:
        store_release(lane(cpu, number).tail, position)
        return True

    return settle


def _settle_slot_of(Ring: Any) -> Routine[Any, bool]:  # noqa: N803
    @routine
    def settle(cpu: Ring, number: u64, position: u64, serial: u64, given: u64) -> bool:
        there = lane(cpu, number)
        slot = there.tail & 1 ^ 1
        store_release(there.serial[slot], serial)  # unreached: only readers look, in Python, in turns
        store_release(there.given[slot], given)  # unreached: only readers look, in Python, in turns
        store_release(there.tail, tail_of(position, slot))  # unreached: only readers look, in Python, in turns
        return True

    return settle
