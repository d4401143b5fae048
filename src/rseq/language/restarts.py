"""What an interrupted attempt leaves in memory, and who may come upon it: what the rules of the contract ask.

The kernel may interrupt an attempt anywhere. What it has stored by then, in places that are not the commit's, stays:
a leftover. The next attempt begins with the same arguments, but it may find another lane, other rows and another time:
it may go other ways, and store elsewhere. A restart is harmless if nobody comes upon a leftover:

    the sequence itself     where it reads before it has stored there again
    whoever finds a row     that the commit publishes, in any field that is not `prepared`
    the caller              in a row or a buffer that was passed, after a run that has committed

`Restarts.conflicts` are the leftovers that the sequence itself may read, `published` those in published rows,
`left_behind` those that the caller finds. Each has a `Way` in which it comes about.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from . import ir
from .forms import Form
from .places import Pair, Place, Places, may_be_lane
from .pointers import Origins, origins
from .types import Pointer

__all__ = ["Leftover", "Restarts", "commits", "is_seen"]

Kind = Literal["overwritten", "one-path", "elsewhere"]
"""How a leftover escapes being stored to again: the store comes after the read, or is only on some paths, or each
attempt stores to another place."""

_FOUND: frozenset[ir.Value | None] = frozenset([None])


@dataclass(frozen=True)
class Leftover:
    """What `store` has left, and `seen`, the operation that comes upon it: a read, a commit, or a return.

    `decided` is the branch at which attempts part, or what the place of the store depends on. `row` is the row that is
    published, or what the caller looks at. With `pairs` it is only so if two parameters are one memory.
    """

    store: int
    seen: int
    kind: Kind
    decided: int | None = None
    pairs: frozenset[Pair] = frozenset()
    row: ir.Value | None = None


@dataclass(frozen=True)
class _Way:
    kind: Kind
    decided: int | None
    sources: frozenset[int]
    """What attempts differ in."""


class Restarts:
    """The operations of a sequence, and what its interrupted attempts leave."""

    def __init__(self, body: ir.Body) -> None:
        self.body = body
        self.places = Places(body)
        self.values = self.places.values
        self.graph = self.values.graph
        self.commits = tuple(index for index in commits(body, self.places.origins) if index in self.values.before)

    def committed(self, index: int) -> int | None:
        """The first commit that may have happened before an operation."""
        return next((commit for commit in self.commits if self.graph.after[commit] >> index & 1), None)

    @cached_property
    def preparations(self) -> list[Place]:
        """The stores that are made before the commit."""
        written = self.places.written.items()
        return [
            place
            for index, place in written
            if index not in self.commits and self.committed(index) is None and not self._stores_what_is_there(place)
        ]

    # ---- what the sequence itself reads

    @cached_property
    def conflicts(self) -> list[Leftover]:
        """The leftovers that the next attempt may read."""
        found = (self._conflict(stored, read) for stored in self.preparations for read in self.places.read.values())
        return [one for one in found if one is not None]

    def _conflict(self, stored: Place, read: Place) -> Leftover | None:
        pairs = self.places.meet(stored, read, another_attempt=True)
        if pairs is None or self._writes_back(stored, read):
            return None
        way = self._way(
            stored, read.index, self._overlap(stored, read), lambda w, at: self._renews(w, stored, read, at)
        )
        if way is None:
            return None
        in_order = way.kind == "overwritten"
        meets_itself = in_order and self.places.meet(stored, read, another_attempt=False) is not None
        if self._is_selected(stored, read) and not meets_itself:
            return None
        if in_order and not meets_itself:
            decided = min(self.places.sources(stored) | self.places.sources(read))
            return Leftover(stored.index, read.index, "elsewhere", decided, pairs)
        return Leftover(stored.index, read.index, way.kind, way.decided, pairs)

    def _overlap(self, stored: Place, read: Place) -> range:
        return range(max(stored.offset, read.offset), min(stored.high, read.high))

    def _renews(self, store: Place, stored: Place, read: Place, at: range) -> bool:
        """True if `store` puts what belongs there into what `read` reads of `at`, or into all of what was stored."""
        return _covers(store, read, at) or self._stores_again(store, stored, at)

    def _stores_again(self, store: Place, stored: Place, at: range) -> bool:
        """True if every attempt that comes to `store` overwrites, of what an earlier one has left in `stored`, `at`."""
        sources = self.places.sources
        is_fixed = not sources(store)
        return is_fixed and (_covers(store, stored, at) or (store.index == stored.index and not sources(stored)))

    def _way(self, stored: Place, seen: int, extent: range, renews: Callable[[Place, range], bool]) -> _Way | None:
        """How an attempt comes to `seen` and finds, somewhere in `extent`, what an earlier attempt has stored."""
        for at in self._parts(extent):
            renewing = sum(
                1 << index
                for index, place in self.places.written.items()
                if index != seen and not isinstance(self.body.ops[index], ir.AddStore) and renews(place, at)
            )
            way = self._path(stored, seen, renewing)
            if way is not None:
                return way
        return None

    def _way_out(self, stored: Place, seen: int) -> _Way | None:
        """How somebody else comes upon what an earlier attempt has stored: where no store overwrites it."""
        return self._way(stored, seen, stored.extent, lambda store, at: self._stores_again(store, stored, at))

    def _parts(self, extent: range) -> Iterator[range]:
        """`extent` in parts each of which a store overwrites as a whole or not at all."""
        exact = [place.extent for place in self.places.written.values() if place.is_exact]
        ends = {end for one in exact for end in (one.start, one.stop) if end in extent}
        yield from itertools.starmap(range, itertools.pairwise(sorted({*ends, extent.start, extent.stop})))

    def _path(self, stored: Place, seen: int, renewing: int) -> _Way | None:
        graph, store = self.graph, stored.index
        arrives = graph.follows(0, renewing)
        if not arrives >> seen & 1:
            return None
        if store == seen or graph.after[seen] >> store & 1:
            return _Way("overwritten", None, frozenset())
        for branch in self.values.varying:
            if arrives >> branch & 1:
                for one, other in itertools.permutations(graph.next[branch]):
                    if self._leads(one, store) and graph.follows(other, renewing | 1 << store) >> seen & 1:
                        return _Way("one-path", branch, self.values.of_branch(branch))
        sources = self.places.sources(stored)
        if sources and arrives >> store & 1 and graph.follows(store, renewing) >> seen & 1:
            return _Way("elsewhere", min(sources), sources)
        return None

    def _leads(self, start: int, to: int) -> bool:
        return start == to or bool(self.graph.after[start] >> to & 1)

    # ---- stores that leave nothing

    def _loaded(self, index: int) -> Place | None:
        """The place from which a store has its value, if it stores what it has read there, and no more."""
        op = self.body.ops[index]
        form = self.values.form(index, op.source) if isinstance(op, ir.Store) else None
        load = None if form is None or form.constant else self.values.loads.get(_only_symbol(form))
        return None if load is None else self.places.read[load]

    def _stores_what_is_there(self, stored: Place) -> bool:
        """True if memory stays as it is: what is stored was read at this very place, and nothing wrote there since."""
        loaded = self._loaded(stored.index)
        if loaded is None or not loaded.is_same(stored):
            return False
        return not any(
            self._leads(loaded.index, index)
            and self._leads(index, stored.index)
            and self.places.meet(place, stored, another_attempt=False) is not None
            for index, place in self.places.written.items()
            if index != stored.index
        )

    def _writes_back(self, stored: Place, read: Place) -> bool:
        """True if what was read at one place is stored at another that is the same or apart, in each attempt alike."""
        is_fixed = not self.places.sources(stored) and not self.places.sources(read)
        loaded = self._loaded(stored.index)
        return is_fixed and loaded is not None and loaded.is_same(read) and stored.address.type == read.address.type

    # ---- `prepared` memory that others may find, and the word that says which part of it is in use

    def _is_selected(self, stored: Place, read: Place) -> bool:
        """True if only the word that is committed decides what is stored, and what is read, of a `prepared` field.

        An attempt that finds that word as it was does as the first one did. If it has changed, a run has committed it
        that has stored to what it has put in use: that is what `prepared` promises, and what this sequence does.
        """
        commits = [self.places.written[c] for c in self.commits if self.graph.after[stored.index] >> c & 1]
        if not stored.address.prepared or stored.is_private or not commits:
            return False
        word = commits[0]
        is_one_base = stored.base == read.base
        has_word = word.address.in_lane or (is_one_base and word.base == stored.base)
        if not has_word or not word.is_exact or not all(one.is_same(word) for one in commits):
            return False
        roots = self.places.roots
        deciding = roots(stored, base=not is_one_base) | roots(read, base=not is_one_base)
        for branch in self.values.branches:
            if self._parts_ways(branch, stored.index, read.index) or self._evades(branch, stored.index):
                deciding |= self.values.roots_of_branch(branch)
        return all(root in self.places.read and self.places.read[root].is_same(word) for root in deciding)

    def _parts_ways(self, branch: int, store: int, read: int) -> bool:
        """True if a branch decides whether an attempt comes to the one operation or to the other."""
        return _decides([(self._leads(way, store), self._leads(way, read)) for way in self.graph.next[branch]])

    def _evades(self, branch: int, store: int) -> bool:
        """True if a branch decides whether the commit is reached by way of a store."""
        ways = self.graph.next[branch]
        without = [self.graph.follows(way, 1 << store) for way in ways]
        evading = [any(found >> commit & 1 for commit in self.commits) for found in without]
        return _decides([(self._leads(way, store), evades) for way, evades in zip(ways, evading, strict=True)])

    # ---- what others find

    @cached_property
    def published(self) -> list[Leftover]:
        """The leftovers in rows that a commit publishes."""
        found = []
        for stored in self._given:
            for row in self.body.parameters:
                through = [one for one in stored.origins if one is not None and _target(one) is _target(row)]
                if not through:
                    continue
                for commit in self._shown(row):
                    way = self._way_out(stored, commit)
                    if way is not None:
                        pairs = self._pairs_with(row, through)
                        found.append(Leftover(stored.index, commit, way.kind, way.decided, pairs, row))
                        break
        return found

    @property
    def _given(self) -> list[Place]:
        """The preparations in the caller's memory that others look at: not in a `prepared` field."""
        return [place for place in self.preparations if place.is_private and not place.address.prepared]

    def _pairs_with(self, row: ir.Value, through: list[ir.Value]) -> frozenset[Pair]:
        if row in through or self.body.may_alias:
            return frozenset()
        order = self.body.parameters.index
        one, other = sorted((row, through[0]), key=order)
        return frozenset([(one, other)])

    def _shown(self, row: ir.Value) -> list[int]:
        """The commits that publish a row that was passed; all of them, if its address is also stored before."""
        stored = {
            index
            for (index, value), known in self.places.origins.items()
            if row in known and self._is_source(index, value)
        }
        return sorted(stored) if stored <= set(self.commits) else list(self.commits)

    def _is_source(self, index: int, value: ir.Value | None) -> bool:
        op = self.body.ops[index]
        return isinstance(op, ir.Store) and op.source == value and index in self.values.before

    @cached_property
    def left_behind(self) -> list[Leftover]:
        """The leftovers that the caller finds, and cannot tell from what the last attempt has stored."""
        return [left for left, way in self._left if not self._tells(left.store, left.seen, way)]

    @property
    def told(self) -> list[tuple[ir.Value, range]]:
        """Where in its rows and buffers the caller may find leftovers, and is told which part of it counts."""
        return [
            (row, self.places.written[left.store].extent)
            for left, way in self._left
            if self._tells(left.store, left.seen, way)
            for row in self.places.written[left.store].origins
            if row is not None
        ]

    @cached_property
    def _left(self) -> list[tuple[Leftover, _Way]]:
        """The leftovers that the caller finds in what is not published."""
        found = []
        for stored in self._given:
            for row in sorted((one for one in stored.origins if one is not None), key=self.body.parameters.index):
                for end in self._ends(row):
                    way = self._way_out(stored, end)
                    if way is not None and end not in self._shown(row):
                        found.append((Leftover(stored.index, end, way.kind, way.decided, frozenset(), row), way))
        return found

    def _ends(self, row: ir.Value) -> list[int]:
        """Where the caller may look at a row: after each commit or, if there is none, where it was stored to."""
        if self.commits:
            return list(self.commits)
        stores = [place.index for place in self._given if row in place.origins]
        ends = [index for index in self.values.before if isinstance(self.body.ops[index], ir.Return)]
        return [end for end in ends if any(self._leads(store, end) for store in stores)]

    def _tells(self, store: int, end: int, way: _Way) -> bool:
        """True if the caller is told what decided: by the result, or by what each run stores in what was passed."""
        if any(self._says(place, end, way) for place in self._given if place.index != store):
            return True
        others = [self._result(index) for index in self._returns(store)]
        return all(self._is_telling(index, way, others) for index in self._returns(end))

    def _says(self, place: Place, end: int, way: _Way) -> bool:
        op = self.body.ops[place.index]
        is_on_each_path = not self.graph.follows(0, 1 << place.index) >> end & 1
        if not isinstance(op, ir.Store) or self.places.sources(place) or not is_on_each_path:
            return False
        return way.sources <= self.values.sources(self.values.form(place.index, op.source))

    def _returns(self, start: int) -> list[int]:
        return [
            index
            for index in self.values.before
            if isinstance(self.body.ops[index], ir.Return) and self._leads(start, index)
        ]

    def _result(self, index: int) -> Form | None:
        op = self.body.ops[index]
        return self.values.form(index, op.value) if isinstance(op, ir.Return) and op.value is not None else None

    def _is_telling(self, index: int, way: _Way, others: list[Form | None]) -> bool:
        result = self._result(index)
        if self.body.result is None:
            return False
        if result is None or not result.terms:
            return result not in others
        return way.sources <= self.values.sources(result)


def _decides(ways: list[tuple[bool, bool]]) -> bool:
    """True if one way leads to the first of two things, and the other way to the second, unless both lead to both."""
    return any(one[0] and other[1] for one, other in itertools.permutations(ways)) and not all(map(all, ways))


def _covers(store: Place, place: Place, at: range) -> bool:
    """True if `store`, in the same attempt, overwrites all of `place`, or of the part `at` that is behind its base."""
    if store.base != place.base or store.nbytes.terms:
        return False
    if store.is_exact and store.offset <= at.start and at.stop <= store.high:
        return True
    ends = store.offset <= place.offset and place.offset + place.length <= store.offset + store.length
    return store.is_behind(place) and ends


def _only_symbol(form: Form) -> int:
    return form.terms[0][0] if len(form.terms) == 1 and form.terms[0][1] == 1 else -1


def _target(value: ir.Value) -> object:
    """What a pointer or an index leads to; of a buffer itself."""
    return value.type.target if isinstance(value.type, Pointer) else value


def commits(body: ir.Body, known: Origins | None = None) -> tuple[int, ...]:
    """The indices of the stores that make the sequence happen: to memory that is neither `prepared` nor in a row that
    the caller has passed. Other stores are preparation. `known` are the origins of pointers, if they are known.
    """
    of = origins(body) if known is None else known
    return tuple(
        index
        for index, op in enumerate(body.ops)
        if isinstance(op, (ir.Store, ir.AddStore))
        and is_seen(op.address, of.get((index, op.address.base), _FOUND), body)
    )


def is_seen(place: ir.Address, known: frozenset[ir.Value | None], body: ir.Body) -> bool:
    """True if somebody may look at a place: it is not `prepared`, and not only the caller's."""
    return not place.prepared and (None in known or may_be_lane(place, body))
