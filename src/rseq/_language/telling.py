"""Whether a caller can tell, after a run, which part of its rows and buffers that run has stored.

It knows the result, and what every run stores in places of its own. `Telling.is_told` asks if that determines where a
store went, or whether it was made. A number determines another if it is a part of it that no wrapping hides (n + 1
determines n, and 3 * n does, but n & 3 and n // 8 do not), or all that the other is computed of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from rseq._integers import signed
from rseq._language import ir
from rseq._language.facts import Fact
from rseq._language.forms import Form
from rseq._language.places import Place, Places

_Verdict = Literal["stored", "not stored", "by number", "by path"]
"""What follows from a result: whether it was stored, or, from the number or from the path to it, whether and where."""


@dataclass(frozen=True)
class _Leaf:
    """A result, and ways to it: the run has taken one step of each of `steps`, from an operation to another."""

    form: Form | None
    steps: tuple[frozenset[tuple[int, int]], ...]
    branches: frozenset[int] = frozenset()
    """Branches of which it is known where they went."""


class Telling:
    """What the caller of a sequence learns."""

    def __init__(self, body: ir.Body, places: Places, commits: tuple[int, ...]) -> None:
        self.body = body
        self.commits = commits
        self.places = places
        self.values = places.values
        self.graph = self.values.graph

    def is_told(self, stored: Place, end: int, decided: int | None) -> bool:
        """True if the caller learns whether branch `decided` led to a store, or without one where it went.

        `end` is where the run is over: its commit, or its return.
        """
        told = [form for place in self.places.written.values() for form in self._noted(place, stored, end)]
        verdicts = {
            leaf: self._verdict(leaf, stored, decided, told)
            for result in self._results()
            for leaf in self._parted(result, stored, decided, told)
            if self._is_looked_at(leaf)
        }
        here = [leaf for leaf in verdicts if self._may_pass(leaf, end)]
        return all(verdicts[leaf] is not None for leaf in here) and all(
            leaf is other or self._agree(verdicts, leaf, other) for leaf in here for other in verdicts
        )

    def _is_looked_at(self, leaf: _Leaf) -> bool:
        """True unless nothing has been committed on the way to a result: then rows and buffers say nothing."""
        return not self.commits or any(self._may_pass(leaf, commit) for commit in self.commits)

    def _verdict(self, leaf: _Leaf, stored: Place, decided: int | None, told: list[Form]) -> _Verdict | None:
        """What a caller knows that knows this to be the result; None if it cannot know."""
        may_have_stored = self._may_pass(leaf, stored.index)
        known = _Known(self, [*told, *([] if leaf.form is None else [leaf.form])])
        if decided is None:
            is_known = not may_have_stored or all(map(known.determines, (stored.base, stored.at, stored.nbytes)))
            return "by number" if is_known else None
        if not may_have_stored or self._contradicts(leaf, self.values.facts[stored.index]):
            return "not stored"
        if not self._may_evade(leaf, stored.index) or self._must_have_gone(leaf, decided, stored.index):
            return "stored"
        question = self.values.question(decided)
        left, right, how = question
        is_known = known.determines(left) and known.determines(right)
        if is_known or (how in ("==", "!=") and known.determines(left - right)):
            return "by number"
        return "by path" if any(self.values.question(branch) == question for branch in leaf.branches) else None

    def _agree(self, verdicts: Mapping[_Leaf, _Verdict | None], one: _Leaf, other: _Leaf) -> bool:
        """True if the caller tells two results apart, or learns the same from both."""
        verdict = verdicts[one]
        if verdict == verdicts[other] and verdict != "by path":
            return verdict != "by number" or one.form == other.form or self._differ(one, other)
        return self._differ(one, other)

    def _differ(self, one: _Leaf, other: _Leaf) -> bool:
        if one.form is None or other.form is None:
            return one.form is not other.form  # None is no number
        where = [next(iter(leaf.steps[-1]))[0] if len(leaf.steps[-1]) == 1 else 0 for leaf in (one, other)]
        return self.places.differ(one.form, other.form, where[0], where[1], another_attempt=True)

    # ---- ways

    def _may_pass(self, leaf: _Leaf, index: int) -> bool:
        """True if a run with this result may pass an operation."""
        leads = self.graph.leads
        return all(any(leads(index, start) or leads(end, index) for start, end in step) for step in leaf.steps)

    def _may_evade(self, leaf: _Leaf, index: int) -> bool:
        """True if a run with this result may do without an operation."""
        without = self.graph.follows(0, 1 << index)
        return all(any(start != index and without >> start & 1 for start, _ in step) for step in leaf.steps)

    def _must_have_gone(self, leaf: _Leaf, branch: int, store: int) -> bool:
        """True if a run with this result has found out what makes a branch go to a store."""
        evading = [way for way, to in enumerate(self.graph.next[branch]) if not self.graph.leads(to, store)]
        return bool(evading) and all(
            self._contradicts(leaf, self.values.found(branch, jumped=way == 0)) for way in evading
        )

    def _contradicts(self, leaf: _Leaf, facts: frozenset[Fact]) -> bool:
        """True if, whichever ways a run takes to a result, it has found out something else."""
        return any(
            all(any(one.contradicts(other) for one in self._found(way) for other in facts) for way in step)
            for step in leaf.steps
        )

    def _found(self, step: tuple[int, int]) -> frozenset[Fact]:
        """What is known after a step."""
        start, end = step
        found, ways = self.values.facts[start], self.graph.next[start]
        return found if len(ways) < 2 else found | self.values.found(start, jumped=end == ways[0])

    # ---- results

    def _results(self) -> Iterator[_Leaf]:
        for index in self.values.before:
            op = self.body.ops[index]
            if isinstance(op, ir.Return):
                step = frozenset([(index, index)])
                yield _Leaf(None if op.value is None else self.values.form(index, op.value), (step,))

    def _parted(self, leaf: _Leaf, stored: Place, decided: int | None, told: list[Form]) -> Iterator[_Leaf]:
        """A result or, if that does not say enough, those that meet in it."""
        join = None if leaf.form is None else self.values.joins.get(leaf.form)
        if join is None or self._verdict(leaf, stored, decided, told) == "by number":
            yield leaf
        else:
            branches = leaf.branches | (set(join.branches) if len(join.branches) == 1 else set())
            for form in dict.fromkeys(join.forms.values()):
                step = frozenset((start, join.index) for start, one in join.forms.items() if one == form)
                yield from self._parted(_Leaf(form, (*leaf.steps, step), branches), stored, decided, told)

    # ---- what each run notes in memory

    def _noted(self, place: Place, stored: Place, end: int) -> Iterator[Form]:
        """What the caller finds in a place of its own to which each run stores, and nothing else does later."""
        op = self.body.ops[place.index]
        if not isinstance(op, ir.Store) or not place.is_private or place.address.prepared or place is stored:
            return
        is_on_each_path = not self.graph.follows(0, 1 << place.index) >> end & 1
        if is_on_each_path and not self.places.sources(place) and not self._is_overwritten(place):
            yield self.values.form(place.index, op.source)

    def _is_overwritten(self, place: Place) -> bool:
        after = self.graph.after[place.index]
        return any(
            after >> index & 1 and self.places.meet(later, place, another_attempt=False) is not None
            for index, later in self.places.written.items()
        )


class _Known:
    """What follows from numbers that are known."""

    def __init__(self, telling: Telling, told: list[Form]) -> None:
        self.values = telling.values
        self.told = told
        self._symbols: dict[int, bool] = {}

    def determines(self, form: Form) -> bool:
        """True if a number follows."""
        if all(map(self._is_known, form.symbols)):
            return True
        return any(all(map(self._is_known, rest.symbols)) for one in self.told for rest in _rests(form, one))

    def _is_known(self, symbol: int) -> bool:
        if symbol not in self._symbols:
            self._symbols[symbol] = False  # what follows from itself only does not follow
            self._symbols[symbol] = self._follows(symbol)
        return self._symbols[symbol]

    def _follows(self, symbol: int) -> bool:
        alone = Form(0, ((symbol, 1),))
        if not self.values.sources(alone) or any(self._is_alone(symbol, one) for one in self.told):
            return True
        made_of = self.values.made_of.get(symbol)
        return made_of is not None and all(map(self.determines, made_of))

    def _is_alone(self, symbol: int, told: Form) -> bool:
        """True if a number that was told is the symbol times an odd number, but for what is known."""
        return dict(told.terms).get(symbol, 0) % 2 == 1 and not any(
            other != symbol and not self._is_known(other) for other in told.symbols
        )


def _rests(form: Form, told: Form) -> Iterator[Form]:
    """What is left of a number without a multiple of one that was told."""
    factors = dict(told.terms)
    for symbol, by in form.terms:
        if symbol in factors and not signed(by) % signed(factors[symbol]):
            yield form - told.times(signed(by) // signed(factors[symbol]))
