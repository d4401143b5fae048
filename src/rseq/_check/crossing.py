"""What crosses CPUs: a sequence on CPU 0, instruction by instruction, beside a routine on CPU 1, access by access.

The routine (a reader, a drain, a steal, a release) does not abort the sequence, unless it fences. It runs in the
interpreter, one memory access at a time, and between any two of its accesses the sequence's machine code goes on
by any number of its own. All ways to interleave them are tried; equal states are visited once.

The routine need not see the sequence's stores in their order: a load may miss any of the last ones to its place.
What it must see is its *view*: what it has seen before at that place, and, once an acquire has read from a store that
releases, everything up to that store; after a fence, everything. A commit releases if the sequence says so and
the architecture's code for it does so.

What is right: a routine is no whole, but each sequence is. So the results and the live memory must be those of some
run in which the sequence happens at once, between two of the routine's accesses, each of which sees everything.

The road not taken: the routine's machine code. Its order is LLVM's, which these rules are weaker than.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, NamedTuple, Protocol

from rseq._check.code import Operation
from rseq._check.kernel import KilledError
from rseq._check.machine import LANES, STOP, DiedError, Moment, Outcome, offset
from rseq._check.model import FAULT
from rseq._check.remote import Remote, Stored, Values, accesses, releasing, shown
from rseq._check.states import ROWS_PER_CALL, Arguments, row_size
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.errors import Span

if TYPE_CHECKING:
    from rseq._check.explore import Explorer

CASES = 30
"""How many cases are tried of a sequence beside a routine."""


def crosses(code: Compiled) -> bool:
    """True if a routine itself works on other CPUs' lanes."""
    kinds = ir.OtherLane | ir.CompareExchange | ir.Fence
    return code.kind == "routine" and any(isinstance(op, kinds) for op in code.body.ops)


class Act(NamedTuple):
    """One access of the routine, or that the sequence has gone on; `pc` is where that is, if there is one."""

    pc: int | None
    what: str
    span: Span | None


@dataclass(frozen=True)
class Beside:
    """A run that nothing explains: the sequence, the routine, what they were called with, and how they took turns."""

    name: str
    victim: Operation
    arguments: Arguments
    other: Operation
    others: Arguments
    acts: tuple[Act, ...]
    what: str
    first: bytes
    shared: bytes
    outcomes: tuple[Outcome | None, Outcome | None]
    slug: str = "not-an-order"


class _Trial(Protocol):
    """One case."""

    def findings(self) -> Iterator[Beside]: ...


_Numbered = tuple[tuple[int, Operation], tuple[int, Operation]]
"""Two operations with their places among those that are checked."""

Tick = Callable[[str], None]
"""What is told, in a few words, what is being tried."""


class _State(NamedTuple):
    """Where both are. `moment` is None before the sequence begins in one piece, and when it has ended."""

    moment: Moment | None
    known: tuple[object, ...]
    log: tuple[Stored, ...]
    results: tuple[object, ...]
    view: frozenset[int]
    shared: bytes
    mine: Outcome | None = None
    theirs: Outcome | None = None
    acts: tuple[Act, ...] = ()
    released: frozenset[tuple[int, Span]] = frozenset()
    """Where the routine has stored something that it releases."""

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for states that go on alike: the sequence's registers follow from what it has read."""
        at = None if self.moment is None else (self.moment.pc, self.moment.area)
        return at, self.known, self.log, self.results, self.view, self.shared, self.mine, self.theirs


def crossing(explorer: Explorer, routines: Sequence[Operation], tick: Tick) -> Iterator[Beside]:
    """What goes wrong when an explorer's sequences meet the routines that cross CPUs."""
    pairs = product(enumerate(explorer.operations), enumerate(routines))
    return found_beside(explorer, "cross", pairs, CASES, _Pair, tick)


def found_beside(
    explorer: Explorer, kind: str, pairs: Iterable[_Numbered], count: int, trial: Callable[..., _Trial], tick: Tick
) -> Iterator[Beside]:
    """At most one for each pair: what a `trial` finds in up to `count` cases, of which the explorer may want one."""
    search, index = explorer.chosen.search, explorer.program.index
    for (number, one), (beside, other) in pairs:
        tick(f"{one.name} beside {other.name}")
        for s, a, b in explorer.chosen.crossing(one, other, count):
            name = f"{index}:{kind}:{number}:{beside}:{a}:{b}:{s}"
            given = search.arguments(one, a, 0), search.arguments(other, b, 1)
            if not explorer.only or explorer.only == name:
                found = next(trial(explorer, name, (one, other), given, search.states[s]).findings(), None)
                if found is not None:
                    yield found
                    break


@dataclass
class _Pair:
    """One case: every way in which a sequence and a routine take turns."""

    explorer: Explorer
    name: str
    both: tuple[Operation, Operation]
    given: tuple[Arguments, Arguments]
    first: bytes

    def __post_init__(self) -> None:
        (self.victim, self.other), (self.arguments, self.others) = self.both, self.given
        self._last = _State(None, (), (), (), frozenset(), self.first)
        self._nexts: dict[object, list[tuple[Remote, Outcome | None]]] = {}
        self._values = Values(self.explorer.reached)
        self._releasing = releasing(self.other.body)

    def findings(self) -> Iterator[Beside]:
        explorer, lane = self.explorer, self.explorer.lane(0)
        if explorer.model.run(self.victim, self.arguments, lane, self.first).outcome == FAULT:
            return
        start = self._last
        right = {self._end(state) for state in self._ends(start, self._at_once)}
        if any(theirs == FAULT for _, theirs, _, _ in right):
            return  # this memory is none that the routine can meet
        moment = explorer.machine.start(self.victim, self.arguments, explorer.registered(0), self.first)
        try:
            for state in self._ends(start._replace(moment=moment), self._goes_on):
                explorer.counts.runs += 1
                if self._end(state) not in right:
                    yield self._found(state)
                    return
        except DiedError as error:
            yield self._found(self._last, str(error), "died")
        except KilledError as error:
            yield self._found(self._last, f"the kernel ends the process: {error}", "killed")

    def _found(self, state: _State, what: str = "", slug: str = "not-an-order") -> Beside:
        both = self.victim, self.arguments, self.other, self.others
        outcomes = state.mine, state.theirs
        return Beside(self.name, *both, state.acts, what, self.first, state.shared, outcomes, slug)

    def _end(self, state: _State) -> tuple[object, ...]:
        """What is compared: what both came to, what is live, and what the routine has put into its caller's memory."""
        cases = self.explorer.cases
        own = [
            state.shared[at : at + ROWS_PER_CALL * row_size(target)]
            for target in cases.targets
            for at in [cases.row(target, ROWS_PER_CALL) - LANES]
        ]
        assert state.mine is not None
        mine, theirs = (None if one is None else (repr(one.result), one.error) for one in (state.mine, state.theirs))
        return (
            mine,
            state.theirs if state.theirs == FAULT else theirs,
            self.explorer.model.live(state.shared),
            tuple(own),
        )

    def _ends(self, first: _State, mine: Callable[[_State], Iterator[_State]]) -> Iterator[_State]:
        """The states at whose end both have ended."""
        seen: set[object] = set()
        pending = [first]
        while pending:
            state = self._last = pending.pop()
            if state.key in seen:
                continue
            seen.add(state.key)
            self.explorer.counts.states += 1
            if state.mine is not None and state.theirs is not None:
                yield state
                continue
            if state.mine is None:
                pending += mine(state)
            if state.theirs is None:
                pending += self._accesses(state)

    # ---- the sequence

    def _at_once(self, state: _State) -> Iterator[_State]:
        ran = self.explorer.model.run(self.victim, self.arguments, self.explorer.lane(0), state.shared)
        yield state._replace(mine=ran.outcome, shared=ran.shared)

    def _goes_on(self, state: _State) -> Iterator[_State]:
        """The sequence goes on to its next access."""
        machine, before = self.explorer.machine, state.moment
        assert before is not None
        here = before.but(pc=before.pc, area=before.area, shared=state.shared)
        moment, accesses = machine.advance(here, self.victim, self.arguments)
        log = state.log
        for access in accesses:
            if access.old is not None and access.at >= LANES:
                place = self.explorer.program.places.get(offset(access.pc))
                log += (Stored(access.at, access.old, place is not None and place.releases, self.victim),)
            elif any(at == access.at for at, _ in state.released) and self._acquires(access.pc):
                self.explorer.reached.acquired |= {span for at, span in state.released if at == access.at}
        known = (*state.known, *((access.at, access.new) for access in accesses))
        act = Act(moment.pc, "", None)
        after = state._replace(moment=moment, known=known, log=log, shared=moment.shared, acts=(*state.acts, act))
        if moment.pc == STOP:
            after = after._replace(moment=None, known=(), mine=machine.outcome(self.victim))
        yield after

    def _acquires(self, pc: int) -> bool:
        """True if the load at `pc` acquires, or the section does at its end."""
        place = self.explorer.program.places.get(offset(pc))
        return self.victim.body.acquire or (place is not None and place.line.comment.endswith("# acquire"))

    # ---- the routine

    def _accesses(self, state: _State) -> Iterator[_State]:
        """The routine makes its next access, with each of its results: what it has and may have seen says which."""
        key = state.results, state.view, state.log, state.shared
        if key not in self._nexts:
            seen = {"script": state.results, "log": state.log, "view": state.view, "releasing": self._releasing}
            self._nexts[key] = list(accesses(self.explorer, self.other, self.others, 1, state.shared, **seen))
        for remote, theirs in self._nexts[key]:
            self.explorer.counts.interruptions += state.mine is None
            yield self._after(state, remote, theirs)

    def _after(self, state: _State, remote: Remote, theirs: Outcome | None) -> _State:
        shared = bytes(remote.blocks[LANES])
        pc = STOP if state.moment is None else state.moment.pc
        act = Act(pc, f"{remote.act}{shown(remote)}", remote.acted)
        self._values.saw(remote)
        after = state._replace(
            results=remote.script,
            view=remote.view,
            shared=shared,
            theirs=theirs,
            acts=(*state.acts, act),
            released=state.released | remote.released,
        )
        if remote.fenced is None or state.moment is None or remote.fenced != self.explorer.lane(0):
            return after
        return after._replace(moment=self._restarted(state.moment, shared), known=(*state.known, "fenced"))

    def _restarted(self, moment: Moment, shared: bytes) -> Moment:
        """The fence interrupts the sequence where it is."""
        pc, area = self.explorer.interrupted(moment.pc, moment.area, 0, 0, 0, "legacy")
        self.explorer.counts.aborts += pc != moment.pc
        return moment.but(pc=pc, area=area, shared=shared)
