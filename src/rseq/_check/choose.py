"""Chooses from what `search` has found: which operation meets which, with what, and where.

What matters of a pair is what one does to the other. So of all that may be tried, those are taken first after which the
other one goes a way, or decides at a number, that it has not in the pair's cases before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from rseq._check.code import Operation
from rseq._check.machine import LANES
from rseq._check.search import Case, Search
from rseq._check.states import Arguments, Cases
from rseq._check.trial import Feature, Trial

CANDIDATES = 24
"""Arguments of one that are considered for one case of the other."""


MET = "met"
"""The feature of a pair that one ends differently because of what the other has done."""

T = TypeVar("T")


class Meeting(NamedTuple):
    """A case of an operation, and what those are called with who come in between, by their places in `Search`."""

    case: Case
    others: tuple[int, ...]


@lru_cache(maxsize=4)
def chooser(
    operations: tuple[Operation, ...], routines: tuple[Operation, ...], calls: int, order: str, first: int, trials: int
) -> Chooser:
    """What is chosen from for these, found once for each byte order. `first`: the lane of the CPU that matters.

    It holds all that was tried, which is a lot: no more than that of one group of operations is kept (see `parts`).
    """
    return Chooser(Search(Cases([*operations, *routines], calls, order, first), routines, trials))


@dataclass
class Chooser:
    """Chooses cases; the same each time."""

    search: Search
    _met: dict[Any, list[Meeting]] = field(default_factory=dict)

    @property
    def cases(self) -> Cases:
        """Where memory is."""
        return self.search.cases

    def states(self, count: int) -> list[bytes]:
        """The first contents of memory, those that show most first."""
        return self.search.states[:count]

    def arguments(self, operation: Operation, call: int, count: int) -> list[Arguments]:
        """The first of what `operation` is called with, those that show most first."""
        places = dict.fromkeys([case.given for case in self.search.found[operation]] or [0])
        places |= dict.fromkeys(range(len(self.search.givens(operation))))
        return [self.search.arguments(operation, place, call) for place in islice(places, count)]

    # ---- one lane

    def alone(self, operation: Operation, count: int) -> list[Case]:
        """`count` cases of an operation at most: those that have all features, and others that need not."""
        found = self.search.found[operation]
        if len(found) > count:
            found = _covering(found, lambda case: self._trial(operation, case).features, count)
        states, givens = len(self.search.states), min(len(self.search.givens(operation)), 3)
        more = (Case(state, given) for given in range(givens) for state in range(states))
        return list(dict.fromkeys([*found, *more]))[:count]

    def _trial(self, operation: Operation, case: Case) -> Trial:
        return self.search.trial(operation, case.given, self.search.states[case.state])

    def meetings(self, victim: Operation, other: Operation, count: int, others: int) -> list[Meeting]:
        """Cases of a victim, each with up to `others` things that `other` is called with in its midst."""
        key = victim, other, count, others
        if key not in self._met:
            had: set[Feature] = set()
            self._met[key] = [
                Meeting(case, tuple(self._others(victim, case, other, had, others)))
                for case in self.alone(victim, count)
            ]
        return self._met[key]

    def _others(self, victim: Operation, case: Case, other: Operation, had: set[Feature], count: int) -> Iterator[int]:
        state = self.search.states[case.state]
        shown = {
            given: self._shows(victim, case.given, other, given, state)
            for given in self._candidates(victim, case.given, other, state)
        }
        for _ in range(min(count, len(shown))):
            best = max(shown, key=lambda given: _worth(shown[given] - had)) if had else min(shown)  # plain ones first
            had |= shown.pop(best)
            yield best

    def _candidates(self, victim: Operation, given: int, other: Operation, state: bytes) -> list[int]:
        """What `other` may be called with: what it decides at, and numbers at which the victim does."""
        known = range(len(self.search.givens(other)))
        trial = self.search.trial(victim, given, state)
        numbers = dict.fromkeys(n for compared in trial.numbers.values() for n in sorted(compared))
        more = self.search.with_numbers(other, numbers)
        return list(dict.fromkeys([*islice(known, CANDIDATES), *islice(more, CANDIDATES // 3)]))

    def _shows(self, victim: Operation, given: int, other: Operation, others: int, state: bytes) -> frozenset[Feature]:
        """What a case shows of both: each alone, and after the other one."""
        search, lane = self.search, self.cases.first
        mine, theirs = search.trial(victim, given, state, 0, lane), search.trial(other, others, state, 1)
        after = search.trial(victim, given, theirs.shared, 0, lane)
        then = search.trial(other, others, mine.shared, 1)
        return frozenset(
            [
                *(("victim", feature) for feature in mine.features | after.features),
                *(("other", feature) for feature in theirs.features | then.features),
                *([("goes another way", mine.path, after.path)] if mine.path != after.path else []),
                *([(MET, mine.path), (MET, theirs.path, then.path)] if self._differ(theirs, then) else []),
                *([(MET, mine.path), (MET, theirs.path, then.path)] if self._differ(mine, after) else []),
            ]
        )

    def _differ(self, one: Trial, other: Trial) -> bool:
        """If two runs end differently for their caller: what was returned, or copied into buffers."""
        rows = self.cases.layout.rows - LANES
        return one.outcome != other.outcome or one.shared[rows:] != other.shared[rows:]

    # ---- two lanes

    def crossing(self, victim: Operation, routine: Operation, count: int) -> list[tuple[int, int, int]]:
        """Up to `count` cases of a victim beside a routine on another lane: state, and what both are called with."""
        had: set[Feature] = set()
        found: dict[tuple[int, int, int], None] = {}
        mine = range(min(len(self.search.givens(victim)), 8))
        for case in self.search.found[routine]:
            self._take(victim, routine, [(case.state, given, case.given) for given in mine], had, found)
        for case in self.alone(victim, count):
            then = self._trial(victim, case).shared
            theirs = [*range(len(self.search.givens(routine)))[:CANDIDATES], *self.search.near(routine, then)]
            self._take(victim, routine, [(case.state, case.given, given) for given in theirs], had, found)
        if len(found) <= count:
            return list(found)
        shows = {one: self._shows(victim, one[1], routine, one[2], self.search.states[one[0]]) for one in found}
        return _covering(list(found), shows.__getitem__, count)

    def _take(
        self,
        victim: Operation,
        routine: Operation,
        candidates: Sequence[tuple[int, int, int]],
        had: set[Feature],
        found: dict[tuple[int, int, int], None],
    ) -> None:
        """The best of the candidates, if it shows something new."""
        states = self.search.states
        shows = {one: self._shows(victim, one[1], routine, one[2], states[one[0]]) for one in candidates}
        best = max(shows, key=lambda one: _worth(shows[one] - had))
        if shows[best] - had:
            had |= shows[best]
            found[best] = None


def _worth(features: Collection[Feature]) -> tuple[int, int]:
    """What comes first: that one meets what the other has done."""
    return sum(feature[0] == MET for feature in features), len(features)


def _covering(found: Iterable[T], shows: Callable[[T], frozenset[Feature]], count: int) -> list[T]:
    """Up to `count` of `found` that together show as much as possible, in their order."""
    left = {one: set(shows(one)) for one in found}
    order = {one: number for number, one in enumerate(left)}
    taken: list[T] = []
    while left and len(taken) < count:
        best = max(left, key=lambda one: _worth(left[one]))
        shown = left.pop(best)
        taken.append(best)
        for one in left:
            left[one] -= shown
    return sorted(taken, key=order.__getitem__)
