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
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from rseq._language import ir
from rseq._language.errors import Span
from rseq._language.forms import Form
from rseq._language.places import Pair, Place, Places, may_be_lane
from rseq._language.pointers import FOUND, Origins, origins
from rseq._language.telling import Telling
from rseq._language.types import Buffer, Pointer

Kind = Literal["overwritten", "one-path", "elsewhere"]
"""How a leftover escapes being stored to again: the store comes after the read, or is only on some paths, or each
attempt stores to another place."""


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
        self._preparable: dict[int, bool] = {}
        self._known_forks: dict[tuple[int, ...], frozenset[int]] = {}
        self.commits = tuple(index for index in commits(body, self.places.origins) if index in self.values.before)

    def committed(self, index: int) -> int | None:
        """The first commit that may have happened before an operation."""
        return next((commit for commit in self.commits if self.graph.after[commit] >> index & 1), None)

    def could_prepare(self, commit: int) -> bool:
        """True if this commit could be preparation, were its field `prepared`: none reads what another has left."""
        if commit not in self._preparable:
            self._preparable[commit] = self._is_unread(commit)
        return self._preparable[commit]

    def _is_unread(self, commit: int) -> bool:
        op = self.body.ops[commit]
        assert isinstance(op, ir.OneStore)
        prepared = replace(op, address=replace(op.address, prepared=True))
        body = self.body.with_ops((*self.body.ops[:commit], prepared, *self.body.ops[commit + 1 :]))
        return not any(left.store == commit and not left.pairs for left in Restarts(body).conflicts)

    def is_next_turn(self, index: int, commit: int) -> bool:
        """True if an operation after a commit is one of an unrolled loop, and stood before that in an earlier turn."""
        return self._turns(index)[0] <= commit

    def recurs(self, commit: int) -> bool:
        """True if a commit is in an unrolled loop, and may be made again in a later turn."""
        return any(self.graph.after[commit] >> index & 1 for index in self._turns(commit))

    def _turns(self, index: int) -> list[int]:
        """All operations that an operation of the text has become: one for each turn of an unrolled loop."""
        op = self.body.ops[index]
        return self._all_turns[type(op), op.span]

    @cached_property
    def _all_turns(self) -> dict[tuple[type[ir.Op], Span], list[int]]:
        turns: dict[tuple[type[ir.Op], Span], list[int]] = {}
        for index, op in enumerate(self.body.ops):
            turns.setdefault((type(op), op.span), []).append(index)
        return turns

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
        way = next(self._ways_in(stored, read), None)
        if way is None:
            return None
        in_order = way.kind == "overwritten"
        meets_itself = in_order and self.places.meet(stored, read, another_attempt=False) is not None
        if not meets_itself and self._is_selected(stored, read, in_order=in_order):
            return None
        if in_order and not meets_itself:
            decided = min(self.places.sources(stored) | self.places.sources(read))
            return Leftover(stored.index, read.index, "elsewhere", decided, pairs)
        return Leftover(stored.index, read.index, way.kind, way.decided, pairs)

    def _ways_in(self, stored: Place, read: Place) -> Iterator[_Way]:
        """How the next attempt reads what an earlier one has stored: where no store has put there what belongs there.

        Two buffers, or a buffer and a row, may overlap anyhow: then no part of the one is known in the other.
        """
        is_anywhere = stored.base != read.base and (stored.is_buffer or read.is_buffer)
        overlap = range(max(stored.offset, read.offset), min(stored.high, read.high))
        return self._ways(
            stored,
            read.index,
            read.extent if is_anywhere else overlap,
            lambda store, at: (
                _covers(store, read, at) or self._stores_again(store, stored, stored.extent if is_anywhere else at)
            ),
        )

    def _stores_again(self, store: Place, stored: Place, at: range) -> bool:
        """True if every attempt that comes to `store` overwrites, of what an earlier one has left in `stored`, `at`."""
        sources = self.places.sources
        is_fixed = not sources(store)
        return is_fixed and (_covers(store, stored, at) or (store.index == stored.index and not sources(stored)))

    def _ways(self, stored: Place, seen: int, extent: range, renews: Callable[[Place, range], bool]) -> Iterator[_Way]:
        """How an attempt comes to `seen` and finds, somewhere in `extent`, what an earlier attempt has stored."""
        for at in self._parts(extent):
            renewing = sum(
                1 << index
                for index, place in self.places.written.items()
                if index != seen and not isinstance(self.body.ops[index], ir.AddStore) and renews(place, at)
            )
            yield from self._paths(stored, seen, renewing)

    def _ways_out(self, stored: Place, seen: int, row: ir.Value) -> Iterator[_Way]:
        """How somebody else comes upon what an earlier attempt has stored in `row`: where no store overwrites it."""
        base = None if stored.is_buffer else self.values.form(seen, row)  # anywhere in the row
        return self._ways(
            stored,
            seen,
            stored.extent,
            lambda store, at: self._stores_again(store, stored, at) or (store.base == base and _includes(store, at)),
        )

    def _parts(self, extent: range) -> Iterator[range]:
        """`extent` in parts each of which a store overwrites as a whole or not at all."""
        exact = [place.extent for place in self.places.written.values() if place.is_exact]
        ends = {end for one in exact for end in (one.start, one.stop) if end in extent}
        yield from itertools.starmap(range, itertools.pairwise(sorted({*ends, extent.start, extent.stop})))

    def _paths(self, stored: Place, seen: int, renewing: int) -> Iterator[_Way]:
        graph, store = self.graph, stored.index
        arrives = graph.follows(0, renewing)
        if not arrives >> seen & 1:
            return
        if store == seen or graph.after[seen] >> store & 1:
            yield _Way("overwritten", None, frozenset())
        for branch in self.values.varying:
            if arrives >> branch & 1:
                for one, other in itertools.permutations(graph.next[branch]):
                    evades = graph.follows(other, renewing | 1 << store) >> seen & 1
                    if evades and graph.leads(one, store) and branch in self._forks(store, seen):
                        yield _Way("one-path", branch, self.values.of_branch(branch))
        sources = self.places.sources(stored)
        if sources and arrives >> store & 1 and graph.follows(store, renewing) >> seen & 1:
            yield _Way("elsewhere", min(sources), sources)

    def _forks(self, store: int, *others: int) -> frozenset[int]:
        """The branches behind which the ways to a store and to others part; not those whose ways meet before."""
        if (store, *others) not in self._known_forks:
            ends = dict.fromkeys(others, False) | {store: True}
            self._known_forks[store, *others] = self.graph.forks(ends)
        return self._known_forks[store, *others]

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
            self.graph.leads(loaded.index, index)
            and self.graph.leads(index, stored.index)
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

    def _is_selected(self, stored: Place, read: Place, *, in_order: bool) -> bool:
        """True if only the word that is committed decides what is stored of a `prepared` field, and whether it is.

        An attempt that finds that word as it was stores to the same place, and reads another one, or reads it after
        that. If the word has changed, a run has committed it that has stored to what it has put in use: that is what
        `prepared` promises, and what this sequence does. `in_order`: it is read before it is stored.
        """
        commits = [self.places.written[c] for c in self.commits if self.graph.after[stored.index] >> c & 1]
        if not stored.address.prepared or stored.is_private or stored.base != read.base or not commits:
            return False
        word = commits[0]
        is_of_one = stored.address.in_lane or word.base == stored.base
        if not is_of_one or not word.is_exact or not all(one.is_same(word) for one in commits):
            return False
        deciding = self.places.roots(stored, base=False)
        parting = self._forks(stored.index, *self.commits)
        for branch in parting if in_order else parting | self._forks(stored.index, read.index):
            deciding |= self.values.roots_of_branch(branch)
        return all(root in self.places.read and self.places.read[root].is_same(word) for root in deciding)

    # ---- what others find

    @cached_property
    def published(self) -> list[Leftover]:
        """The leftovers in rows that a commit publishes."""
        found = []
        for stored in self._given:
            for row in self.body.parameters:
                through = [one for one in stored.origins if one is not None and self._may_be(one, row)]
                if not through:
                    continue
                for commit in self._shown(row):
                    way = next(self._ways_out(stored, commit, row), None)
                    if way is not None:
                        pairs = self._pairs_with(row, through)
                        found.append(Leftover(stored.index, commit, way.kind, way.decided, pairs, row))
                        break
        return found

    @property
    def _given(self) -> list[Place]:
        """The preparations in the caller's memory that others look at: not in a `prepared` field."""
        return [place for place in self.preparations if place.is_private and not place.address.prepared]

    def _may_be(self, given: ir.Value, row: ir.Value) -> bool:
        """True if what is stored behind a parameter may be stored in a row: of its type, or of which it is a view."""
        return _target(given) is _target(row) or (isinstance(given.type, Buffer) and isinstance(row.type, Pointer))

    def _pairs_with(self, row: ir.Value, through: list[ir.Value]) -> frozenset[Pair]:
        if row in through or self.body.may_alias:
            return frozenset()
        order = self.body.parameters.index
        return frozenset((one, row) if order(one) < order(row) else (row, one) for one in through)

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
        return [left for left, is_told in self._left if not is_told]

    @property
    def told(self) -> list[tuple[ir.Value, range]]:
        """Where in its rows and buffers the caller may find leftovers, and is told which part of it counts."""
        return [
            (row, self.places.written[left.store].extent)
            for left, is_told in self._left
            if is_told
            for row in self.places.written[left.store].origins
            if row is not None
        ]

    @cached_property
    def _left(self) -> list[tuple[Leftover, bool]]:
        """The leftovers that the caller finds in what is not published, and whether it is told of each."""
        telling = Telling(self.body, self.places, self.commits)
        found: dict[Leftover, bool] = {}
        for stored in self._given:
            for row in sorted((one for one in stored.origins if one is not None), key=self.body.parameters.index):
                for end in self._ends(row):
                    for way in self._ways_out(stored, end, row):
                        left = Leftover(stored.index, end, way.kind, way.decided, frozenset(), row)
                        if left not in found:
                            branch = None if way.kind == "elsewhere" else way.decided
                            found[left] = telling.is_told(stored, end, branch)
        return list(found.items())

    def _ends(self, row: ir.Value) -> list[int]:
        """Where the caller may look at a row: after each commit or, if there is none, where it was stored to."""
        if self.commits:
            shown = self._shown(row)
            return [commit for commit in self.commits if commit not in shown]
        stores = [place.index for place in self._given if row in place.origins]
        ends = [index for index in self.values.before if isinstance(self.body.ops[index], ir.Return)]
        return [end for end in ends if any(self.graph.leads(store, end) for store in stores)]


def _covers(store: Place, place: Place, at: range) -> bool:
    """True if `store`, in the same attempt, overwrites all of `place`, or of the part `at` that is behind its base."""
    if store.base != place.base or store.nbytes.terms:
        return False
    if _includes(store, at):
        return True
    ends = store.offset <= place.offset and place.offset + place.length <= store.offset + store.length
    return store.is_behind(place) and ends


def _includes(store: Place, at: range) -> bool:
    """True if `store` overwrites all of a part behind its base."""
    return store.is_exact and store.offset <= at.start and at.stop <= store.high


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
        if isinstance(op, ir.OneStore) and is_seen(op.address, of.get((index, op.address.base), FOUND), body)
    )


def is_seen(place: ir.Address, known: frozenset[ir.Value | None], body: ir.Body) -> bool:
    """True if somebody may look at a place: it is not `prepared`, and not only the caller's."""
    return not place.prepared and (None in known or may_be_lane(place, body))
