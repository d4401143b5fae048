"""What crosses CPUs beside its like: a routine on CPU 0 and one on CPU 1, access by access.

Both run in the interpreter, and all ways to interleave their accesses are tried. A load may miss stores of the other
one as it may miss those of a sequence (see `crossing`); an acquire sees with a store what its routine had seen by then.

What is right: what comes out where each access sees all that was done before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, NamedTuple

from rseq._check.code import Operation
from rseq._check.crossing import Act, Beside, Tick, found_beside
from rseq._check.machine import LANES, Outcome
from rseq._check.model import FAULT
from rseq._check.remote import Stored, Values, accesses, private, releasing, shown
from rseq._check.states import Arguments

if TYPE_CHECKING:
    from rseq._check.explore import Explorer

CASES = 12
"""How many cases are tried of two routines."""

MOST = 20_000
"""States of one case, after which it is given up."""


class _Side(NamedTuple):
    """Where one of the two is."""

    script: tuple[object, ...] = ()
    view: frozenset[int] = frozenset()
    outcome: Outcome | None = None


class _State(NamedTuple):
    """Where both are."""

    sides: tuple[_Side, _Side]
    log: tuple[Stored, ...]
    shared: bytes


_Found = tuple[_State, tuple[Act, ...]]


def together(explorer: Explorer, routines: Sequence[Operation], tick: Tick) -> Iterator[Beside]:
    """What goes wrong when an explorer's routines meet each other."""
    pairs = combinations_with_replacement(enumerate(routines), 2)
    return found_beside(explorer, "together", pairs, CASES, _Pair, tick)


@dataclass
class _Pair:
    """One case: every way in which two routines take turns."""

    explorer: Explorer
    name: str
    both: tuple[Operation, Operation]
    given: tuple[Arguments, Arguments]
    first: bytes

    def __post_init__(self) -> None:
        self._values = [Values(self.explorer.reached) for _ in self.both]
        self._releasing = [releasing(one.body) for one in self.both]

    def findings(self) -> Iterator[Beside]:
        """The first way that comes to what is not right."""
        right = {self._end(state) for state, _ in self._ends(logs=False)}
        if any(FAULT in end for end in right):
            return  # this memory is none that they can meet
        for state, acts in self._ends(logs=True):
            self.explorer.counts.runs += 1
            if self._end(state) not in right:
                outcomes = state.sides[0].outcome, state.sides[1].outcome
                (one, other), (mine, theirs) = self.both, self.given
                yield Beside(self.name, one, mine, other, theirs, acts, "", self.first, state.shared, outcomes)
                return

    def _end(self, state: _State) -> tuple[object, ...]:
        """What is compared: what both came to, what is live, and what is in their buffers."""
        cases = self.explorer.cases
        outcomes = [side.outcome for side in state.sides]
        came = [one if one == FAULT else repr(one) for one in outcomes]
        buffers = private(cases)
        held = state.shared[max(buffers.start - LANES, 0) : max(buffers.stop - LANES, 0)]
        return (*came, self.explorer.model.live(state.shared), held)

    def _ends(self, *, logs: bool) -> Iterator[_Found]:
        """The states in which both have ended. Without a log, everything is seen by everybody at once."""
        seen: set[object] = set()
        pending: list[_Found] = [(_State((_Side(), _Side()), (), self.first), ())]
        while pending and len(seen) < MOST:
            state, acts = pending.pop()
            if state in seen:
                continue
            seen.add(state)
            self.explorer.counts.states += 1
            if all(side.outcome is not None for side in state.sides):
                yield state, acts
            for number, side in enumerate(state.sides):
                if side.outcome is None:
                    pending += self._accesses(state, acts, number, logs=logs)

    def _accesses(self, state: _State, acts: tuple[Act, ...], number: int, *, logs: bool) -> Iterator[_Found]:
        """One of the two makes its next access, with each of its results."""
        side, one, given = state.sides[number], self.both[number], self.given[number]
        seen = {"script": side.script, "log": state.log, "view": side.view, "releasing": self._releasing[number]}
        made = accesses(self.explorer, one, given, number, state.shared, thread=1 + number, logs=logs, **seen)
        for remote, outcome in made:
            self.explorer.counts.interruptions += 1
            self._values[number].saw(remote)
            side = _Side(remote.script, remote.view, outcome)
            sides = (side, state.sides[1]) if number == 0 else (state.sides[0], side)
            act = Act(None, f"CPU {number} {remote.act}{shown(remote)}", remote.acted)
            yield _State(sides, remote.log, bytes(remote.blocks[LANES])), (*acts, *([act] if remote.act else []))
