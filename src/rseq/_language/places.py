"""Places in memory that the operations of a sequence read and write, and whether two of them can be one memory.

A place has a start and a size. Two of one run are compared as they are. To compare what an interrupted attempt has
stored with what the next one reads (`another_attempt`), every number that may differ between attempts counts as two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from rseq._integers import signed
from rseq._language import ir
from rseq._language.facts import Unequal
from rseq._language.forms import Form, constant
from rseq._language.pointers import FOUND, origins
from rseq._language.types import Buffer, Pointer
from rseq._language.values import Roots, Values

Pair = tuple[ir.Value, ir.Value]
"""Two pointers or buffers that are parameters."""

_LANE = constant(0)


@dataclass(frozen=True)
class Place:
    """What operation `index` reads or writes: from `offset + scale * at` on, `length` bytes at most, behind `base`.

    All of it is below `high`: the end of the field, or of the array. `nbytes` is the form of the length.
    `origins` are the parameters that the base may be, None among them if it may be a row that was found in memory.
    """

    index: int
    address: ir.Address
    base: Form
    at: Form
    """The index, as far as it is not known."""
    scale: int
    offset: int
    length: int
    nbytes: Form
    high: int
    origins: frozenset[ir.Value | None]

    @property
    def is_exact(self) -> bool:
        """True if all of `length` bytes are touched, from a known offset behind the base on."""
        return not self.at.terms and not self.nbytes.terms

    @property
    def is_buffer(self) -> bool:
        """True for memory of the caller's that is no row."""
        return self.address.base is not None and isinstance(self.address.base.type, Buffer)

    @property
    def is_private(self) -> bool:
        """True for what only the caller has: its buffers, and rows that it has passed."""
        return not self.address.in_lane and None not in self.origins

    @property
    def extent(self) -> range:
        """The bytes behind the base that it may touch."""
        return range(self.offset, self.high)

    def is_same(self, other: Place) -> bool:
        """True if both are certainly one place, in one attempt."""
        return self.is_behind(other) and (self.offset, self.length, self.nbytes) == (
            other.offset,
            other.length,
            other.nbytes,
        )

    def is_behind(self, other: Place) -> bool:
        """True if both begin at a known distance from one another, in one attempt."""
        return (self.base, self.at, self.scale) == (other.base, other.at, other.scale)


class Places:
    """The places of a sequence's operations."""

    def __init__(self, body: ir.Body) -> None:
        self.body = body
        self.values = Values(body)
        self.origins = origins(body)
        self._differences: dict[tuple[Form, Form, bool], Form] = {}

    # ---- where

    @cached_property
    def read(self) -> dict[int, Place]:
        """What each operation reads, of those that read memory."""
        return self._of(lambda op: op.reads)

    @cached_property
    def written(self) -> dict[int, Place]:
        """What each operation writes, of those that write memory."""
        return self._of(lambda op: op.writes)

    def _of(self, accessed: Callable[[ir.Op], ir.Address | None]) -> dict[int, Place]:
        found = ((index, accessed(self.body.ops[index])) for index in self.values.before)
        return {index: self._place(index, address) for index, address in found if address is not None}

    def _place(self, index: int, address: ir.Address) -> Place:
        values, base, op = self.values, address.base, self.body.ops[index]
        most = op.limit if isinstance(op, ir.Copy) else address.type.size
        nbytes = values.form(index, op.nbytes) if isinstance(op, ir.Copy) else constant(most)
        at = constant(0) if address.index is None else values.form(index, address.index)
        scale, offset = address.scale, address.offset
        length = min(most, address.size) if nbytes.terms else signed(nbytes.constant)
        high = offset + address.size
        masked = Form(0, at.terms)
        largest = values.most(masked)
        if largest is not None:  # then the constant that is added is part of where it begins
            offset, at = offset + scale * signed(at.constant), masked
            high = min(high, offset + scale * largest + length)
        if not at.terms:
            offset += scale * signed(at.constant)
            at, scale, high = constant(0), 1, offset + length
        found = _LANE if base is None else values.form(index, base)
        known = self.origins.get((index, base), FOUND)
        return Place(index, address, found, at, scale, offset, length, nbytes, high, known)

    # ---- whether it varies

    def sources(self, place: Place, *, base: bool = True) -> frozenset[int]:
        """The operations that make a place, or its size, differ between attempts; without what finds its base."""
        return frozenset(root for root in self.roots(place, base=base) if isinstance(root, int))

    def roots(self, place: Place, *, base: bool = True) -> Roots:
        """What a place, and its size, are made of."""
        values = self.values
        own = values.roots(place.at) | values.roots(place.nbytes)
        return own | values.roots(place.base) if base else own

    # ---- whether two can be one memory

    def meet(self, stored: Place, read: Place, *, another_attempt: bool) -> frozenset[Pair] | None:
        """None if what is stored and what is read are apart; else pairs of parameters, one of which must be one memory.

        There are no pairs if it may be so whatever the parameters are.
        """
        if stored.address.in_lane != read.address.in_lane and not self._may_be_lane(stored, read):
            return None
        if stored.is_buffer != read.is_buffer and None in stored.origins | read.origins:
            return None  # a row that was found is compared with the buffers: see `unseen`
        if stored.is_buffer or read.is_buffer:
            return self._buffers(stored, read, another_attempt)
        if not _of_one_type(stored.address.base, read.address.base):
            return None
        is_one_base = stored.base == read.base and (not another_attempt or not self.values.sources(read.base))
        if not is_one_base and self._rows_apart(stored, read, another_attempt):
            return None
        if self._apart_behind_base(stored, read, another_attempt):
            return None
        return frozenset() if is_one_base else self._pairs(stored, read)

    def _may_be_lane(self, *places: Place) -> bool:
        return all(may_be_lane(place.address, self.body) for place in places)

    def _buffers(self, stored: Place, read: Place, another_attempt: bool) -> frozenset[Pair] | None:
        if stored.address.base == read.address.base:
            return None if self._apart_behind_base(stored, read, another_attempt) else frozenset()
        return self._pairs(stored, read)

    def _pairs(self, stored: Place, read: Place) -> frozenset[Pair]:
        one, other = read.origins, stored.origins
        if stored.address.in_lane or read.address.in_lane or None in one | other or one & other or self.body.may_alias:
            return frozenset()
        order = self.body.parameters.index
        pairs = ((p, q) for p in one for q in other if p is not None and q is not None)
        return frozenset((p, q) if order(p) < order(q) else (q, p) for p, q in pairs)

    def _rows_apart(self, stored: Place, read: Place, another_attempt: bool) -> bool:
        """True if the bases are two rows: they have been compared, or have different numbers."""
        if self.differ(stored.base, read.base, stored.index, read.index, another_attempt=another_attempt):
            return True
        rows = [self.values.rows.get(place.base.symbols[0]) if place.base.terms else None for place in (stored, read)]
        if rows[0] is None or rows[1] is None or rows[0][0] != rows[1][0]:
            return False
        (_, one, address), (_, other, address2) = rows[0], rows[1]
        is_alike = address.scale == address2.scale
        return is_alike and self.differ(one, other, stored.index, read.index, another_attempt=another_attempt)

    def _apart_behind_base(self, stored: Place, read: Place, another_attempt: bool) -> bool:
        if max(stored.offset, read.offset) >= min(stored.high, read.high):
            return True
        if not stored.at.terms and not read.at.terms:
            return False
        if stored.at.terms and read.at.terms and stored.scale != read.scale:
            return False
        scale = stored.scale if stored.at.terms else read.scale
        difference = self._difference(stored.at, read.at, another_attempt)
        distance = scale * signed(difference.constant) + stored.offset - read.offset
        if not difference.terms:
            return distance >= read.length or -distance >= stored.length
        distance, step = distance % (scale * difference.step), scale * difference.step
        if distance >= read.length and step - distance >= stored.length:
            return True
        fits = stored.offset == read.offset and max(stored.length, read.length) <= scale
        return fits and self.differ(stored.at, read.at, stored.index, read.index, another_attempt=another_attempt)

    def _difference(self, stored: Form, read: Form, another_attempt: bool) -> Form:
        key = stored, read, another_attempt
        if key not in self._differences:
            self._differences[key] = (self.values.of_other_attempt(stored) if another_attempt else stored) - read
        return self._differences[key]

    def differ(self, stored: Form, read: Form, store: int, load: int, *, another_attempt: bool) -> bool:
        """True if a number of operation `store`, of this or of another attempt, differs from one of operation `load`.

        They do by what they are, or by what branches have found out.
        """
        difference = self._difference(stored, read, another_attempt)
        if not difference.terms:
            return difference.constant != 0
        if difference.constant % difference.step:
            return True
        if any(difference.multiple(one.difference, one.bits) for one in self._facts(store, load, another_attempt)):
            return True
        return self.values.is_never_zero(difference)

    def _facts(self, store: int, load: int, another_attempt: bool) -> list[Unequal]:
        values = self.values
        read, stored = values.unequal[load], values.unequal[store]
        if not another_attempt:
            return [*stored, *read]
        before = [Unequal(values.of_other_attempt(one.difference), one.bits) for one in stored]
        return [*read, *before]


def may_be_lane(address: ir.Address, body: ir.Body) -> bool:
    """True for the lane, and with `may_alias` for a row of the lane's type: in C, that may be the lane itself."""
    return address.base is None or (body.may_alias and _target(address.base) is body.record)


def _of_one_type(one: ir.Value | None, other: ir.Value | None) -> bool:
    return one is None or other is None or _target(one) is _target(other)


def _target(value: ir.Value) -> object:
    return value.type.target if isinstance(value.type, Pointer) else value.type
