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

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from ..language import ir
from ..language.compiled import Compiled
from ..language.errors import Span
from ..language.interpret import FaultError, LimitError, Memory, run
from ..language.types import Field
from .code import Bytes, Operation
from .kernel import KilledError
from .machine import LANES, STOP, DiedError, Moment, Outcome, offset
from .model import FAULT
from .states import CPUS, ROWS_PER_CALL, Arguments, row_size

if TYPE_CHECKING:
    from .explore import Explorer

__all__ = ["Beside", "Crossing", "crosses"]

CASES = 30
"""How many cases are tried of a sequence beside a routine."""

LIMIT = 400
"""Operations of a routine, after which it is said to wait for something that does not come."""

MANY = 4
"""More stores than this that a copy may miss are missed from the last one on only."""


def crosses(code: Compiled) -> bool:
    """True if a routine itself works on other CPUs' lanes."""
    kinds = (ir.OtherLane, ir.CompareExchange, ir.Fence)
    return code.kind == "routine" and any(isinstance(op, kinds) for op in code.body.ops)


class Stored(NamedTuple):
    """A store of the sequence: where, what was there before, and if it releases those before it."""

    at: int
    old: bytes
    releases: bool

    def meets(self, at: int, nbytes: int) -> bool:
        """True if it touches one of these bytes."""
        return self.at < at + nbytes and at < self.at + len(self.old)


class Act(NamedTuple):
    """One access of the routine, or that the sequence has gone on."""

    pc: int
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

    @property
    def key(self) -> tuple[object, ...]:
        """Equal for states that go on alike: the sequence's registers follow from what it has read."""
        at = None if self.moment is None else (self.moment.pc, self.moment.area)
        return at, self.known, self.log, self.results, self.view, self.shared, self.mine, self.theirs


class _PausedError(Exception):
    """The routine has come to an access that it may not make yet."""


@dataclass
class _Remote(Memory):
    """Memory as the routine sees it. Accesses that it has made before come to what they came to."""

    script: tuple[object, ...] = ()
    turn: int | None = None
    log: tuple[Stored, ...] = ()
    view: frozenset[int] = frozenset()
    private: range = range(0)
    fields: tuple[Field, ...] = ()
    choices: int = 0
    act: str = ""
    acted: Span | None = None
    fenced: int | None = None
    position: int = 0
    within: bool = False

    def _happens(self, what: str, choices: Callable[[], list[tuple[object, Callable[[], None]]]]) -> Any:
        if self.within:
            ((result, do),) = choices()
            do()
            return result
        if self.position < len(self.script):
            self.position += 1
            return self.script[self.position - 1]
        if self.turn is None:
            raise _PausedError
        possible = choices()
        self.choices, self.act, self.acted = len(possible), what, self.span
        result, do = possible[self.turn]
        self.turn = None
        do()
        self.script += (result,)
        self.position += 1
        return result

    def load(self, address: int, type: Any, *, acquire: bool = False) -> Any:
        """Read what may be visible there."""
        if self._is_private(address):
            return super().load(address, type)

        def choices() -> list[tuple[object, Callable[[], None]]]:
            found: dict[tuple[Any, frozenset[int]], None] = {}
            for hidden, view in self._may_miss(address, type.size, acquire):
                found[self._number(address, type, hidden), view] = None
            return [(number, lambda view=view: self._look(view)) for number, view in found]  # type: ignore[misc]

        return self._happens(f"loads {self._place(address)}", choices)

    def load_acquire(self, address: int, type: Any) -> Any:
        """Read what may be visible there; from a store that releases, with all before it."""
        return self.load(address, type, acquire=True)

    def _number(self, address: int, type: Any, hidden: frozenset[int]) -> Any:
        held = self.blocks[LANES]
        try:
            self.blocks[LANES] = self._without(hidden)
            return super().load(address, type)
        finally:
            self.blocks[LANES] = held

    def _without(self, hidden: frozenset[int]) -> bytearray:
        seen = bytearray(self.blocks[LANES])
        for number in sorted(hidden, reverse=True):
            stored = self.log[number]
            seen[stored.at - LANES : stored.at - LANES + len(stored.old)] = stored.old
        return seen

    def _may_miss(self, at: int, nbytes: int, acquire: bool) -> Iterator[tuple[frozenset[int], frozenset[int]]]:
        """Which stores a load of a place may miss, and the view that it has then. Those to one place have an order."""
        here = [number for number, stored in enumerate(self.log) if stored.meets(at, nbytes)]
        fresh = [number for number in here if number not in self.view]
        for count in range(len(fresh) + 1):
            hidden = frozenset(fresh[len(fresh) - count :])
            seen = [number for number in here if number not in hidden]
            view = self.view | frozenset(seen)
            if acquire and seen and self.log[seen[-1]].releases:
                view |= frozenset(range(seen[-1] + 1))
            yield hidden, view

    def _look(self, view: frozenset[int]) -> None:
        self.view = view

    def read(self, address: int, nbytes: int) -> bytes:
        """What a copy may see: any of the stores that are not in the view may be missing."""
        if self._is_private(address) or not nbytes:
            return super().read(address, nbytes)

        def choices() -> list[tuple[object, Callable[[], None]]]:
            found: dict[bytes, None] = {}
            for hidden in self._copies_may_miss(address, nbytes):
                found[bytes(self._without(hidden)[address - LANES : address - LANES + nbytes])] = None
            return [(data, lambda: None) for data in found]

        data = self._happens(f"copies {nbytes} bytes from {self._place(address)}", choices)
        assert isinstance(data, bytes)
        return data

    def _copies_may_miss(self, at: int, nbytes: int) -> Iterator[frozenset[int]]:
        fresh = [n for n, stored in enumerate(self.log) if n not in self.view and stored.meets(at, nbytes)]
        if len(fresh) > MANY:
            yield from (frozenset(fresh[start:]) for start in range(len(fresh), -1, -1))
            return
        for count in range(len(fresh) + 1):
            yield from map(frozenset, combinations(fresh, count))

    def store(self, address: int, type: Any, number: Any) -> None:
        """Write; later loads of the place see at least this."""
        if self._is_private(address):
            super().store(address, type, number)
            return

        def do() -> None:
            super(_Remote, self).store(address, type, number)
            self._overwrite(address, type.size)

        self._happens(f"stores {number} to {self._place(address)}", lambda: [(None, do)])

    def _overwrite(self, address: int, nbytes: int) -> None:
        self.view |= frozenset(n for n, stored in enumerate(self.log) if stored.meets(address, nbytes))

    def write(self, address: int, data: bytes) -> None:
        """The target of a copy."""
        if self._is_private(address) or not data:
            super().write(address, data)
            return

        def do() -> None:
            super(_Remote, self).write(address, data)
            self._overwrite(address, len(data))

        self._happens(f"copies {len(data)} bytes to {self._place(address)}", lambda: [(None, do)])

    def compare_exchange(self, address: int, type: Any, expected: Any, desired: Any) -> bool:
        """An atomic instruction meets the last store, and acquires from it."""

        def choices() -> list[tuple[object, Callable[[], None]]]:
            is_there = Memory.load(self, address, type) == expected

            def do() -> None:
                here = [number for number, stored in enumerate(self.log) if stored.meets(address, type.size)]
                if is_there:
                    Memory.store(self, address, type, desired)
                    self._overwrite(address, type.size)
                if here and self.log[here[-1]].releases:
                    self.view |= frozenset(range(here[-1] + 1))

            return [(is_there, do)]

        return bool(self._happens(f"exchanges {expected} for {desired} at {self._place(address)}", choices))

    def fence(self, number: int) -> bool:
        """Everything is visible; the sequence on that lane is restarted."""

        def do() -> None:
            self.view = frozenset(range(len(self.log)))
            self.fenced = number

        return bool(self._happens(f"fences lane {number}", lambda: [(number < CPUS, do)]))

    def call(self, function: Callable[[], Any]) -> Any:
        """A sequence on the routine's own lane: it is checked by itself, and happens at once."""

        def choices() -> list[tuple[object, Callable[[], None]]]:
            results: list[object] = [None]

            def do() -> None:
                self.within, log, self.log = True, self.log, ()
                results[0] = function()
                self.within, self.log = False, log

            do()
            return [(results[0], lambda: None)]

        return self._happens("runs a sequence on its own lane", choices)

    def _is_private(self, address: int) -> bool:
        return self.within or not LANES <= address < LANES + len(self.blocks[LANES]) or address in self.private

    def _place(self, address: int) -> str:
        lane, at = divmod(address - LANES, self.stride)
        if lane > CPUS:
            return f"a row, {address:#x}"
        fields = [field for field in self.fields if field.offset <= at < field.offset + field.type.size]
        return f"{fields[0].name if fields else f'+{at}'} of lane {lane}"


def _shown(remote: _Remote) -> str:
    """What the access came to, if it came to something."""
    result = remote.script[-1] if remote.script else None
    return "" if result is None else f": {result!r}"


@dataclass
class Crossing:
    """Tries an explorer's sequences beside the routines that cross CPUs."""

    explorer: Explorer
    routines: list[Operation] = field(default_factory=list)

    def findings(self, tick: Callable[[str], None] = lambda text: None) -> Iterator[Beside]:
        """At most one for each pair."""
        for victim in self.explorer.operations:
            for other in self.routines:
                tick(f"{victim.name} beside {other.name}")
                found = next(self._pair(victim, other), None)
                if found is not None:
                    yield found

    def _pair(self, victim: Operation, other: Operation) -> Iterator[Beside]:
        explorer = self.explorer
        index, only = explorer.program.index, explorer.only
        numbers = explorer.operations.index(victim), self.routines.index(other)
        search = explorer.chosen.search
        for s, a, b in explorer.chosen.crossing(victim, other, CASES):
            name = f"{index}:cross:{numbers[0]}:{numbers[1]}:{a}:{b}:{s}"
            if not only or only == name:
                mine, theirs = search.arguments(victim, a, 0), search.arguments(other, b, 1)
                yield from _Pair(explorer, name, victim, mine, other, theirs, search.states[s]).findings()


@dataclass
class _Pair:
    """One case: every way in which a sequence and a routine take turns."""

    explorer: Explorer
    name: str
    victim: Operation
    arguments: Arguments
    other: Operation
    others: Arguments
    first: bytes

    def __post_init__(self) -> None:
        self._last = _State(None, (), (), (), frozenset(), self.first)
        self._nexts: dict[object, list[tuple[_Remote, Outcome | None]]] = {}

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
        outcomes = (state.mine, state.theirs)
        return Beside(
            self.name,
            self.victim,
            self.arguments,
            self.other,
            self.others,
            state.acts,
            what,
            self.first,
            state.shared,
            outcomes,
            slug,
        )

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
                log += (Stored(access.at, access.old, place is not None and place.releases),)
        known = (*state.known, *((access.at, access.new) for access in accesses))
        act = Act(moment.pc, "", None)
        after = state._replace(moment=moment, known=known, log=log, shared=moment.shared, acts=(*state.acts, act))
        if moment.pc == STOP:
            after = after._replace(moment=None, known=(), mine=machine.outcome(self.victim))
        yield after

    # ---- the routine

    def _accesses(self, state: _State) -> Iterator[_State]:
        """The routine makes its next access, with each of its results: what it has and may have seen says which."""
        key = state.results, state.view, state.log, state.shared
        if key not in self._nexts:
            self._nexts[key] = list(self._next(state))
        for remote, theirs in self._nexts[key]:
            self.explorer.counts.interruptions += state.mine is None
            yield self._after(state, remote, theirs)

    def _next(self, state: _State) -> Iterator[tuple[_Remote, Outcome | None]]:
        turn, choices = 0, 1
        while turn < choices:
            remote, theirs = self._remote(state, turn)
            if theirs == _WAITS:
                return
            choices = max(remote.choices, 1)
            turn += 1
            yield remote, theirs

    def _remote(self, state: _State, turn: int) -> tuple[_Remote, Outcome | None]:
        cases = self.explorer.cases
        byteorder: Any = self.explorer.program.byteorder
        remote = _Remote(
            {LANES: bytearray(state.shared)},
            LANES,
            cases.stride,
            byteorder,
            CPUS + 1,
            script=state.results,
            turn=turn,
            log=state.log,
            view=state.view,
            private=self._private(),
            fields=tuple(cases.record.fields.values()),
        )
        lane = self.explorer.lane(1)
        try:
            outcome = Outcome(run(self.other.body, remote, self.others, cpu=lane, limit=LIMIT))
        except _PausedError:
            return remote, None
        except IndexError:
            outcome = Outcome(None, "IndexError")
        except RuntimeError:
            outcome = Outcome(None, "RuntimeError")
        except FaultError:
            outcome = FAULT
        except LimitError:
            outcome = _WAITS
        return remote, outcome

    def _private(self) -> range:
        """The buffers, which nobody else sees."""
        cases = self.explorer.cases
        if Bytes not in cases.targets:
            return range(0)
        start = cases.row(Bytes, 0)
        return range(start, start + cases.rows_of_each * row_size(Bytes))

    def _after(self, state: _State, remote: _Remote, theirs: Outcome | None) -> _State:
        shared = bytes(remote.blocks[LANES])
        pc = STOP if state.moment is None else state.moment.pc
        act = Act(pc, f"{remote.act}{_shown(remote)}", remote.acted)
        after = state._replace(
            results=remote.script, view=remote.view, shared=shared, theirs=theirs, acts=(*state.acts, act)
        )
        if remote.fenced is None or state.moment is None or remote.fenced != self.explorer.lane(0):
            return after
        return after._replace(moment=self._restarted(state.moment, shared), known=(*state.known, "fenced"))

    def _restarted(self, moment: Moment, shared: bytes) -> Moment:
        """The fence interrupts the sequence where it is."""
        pc, area = self.explorer.interrupted(moment.pc, moment.area, 0, 0, 0, "legacy")
        self.explorer.counts.aborts += pc != moment.pc
        return moment.but(pc=pc, area=area, shared=shared)


_WAITS = Outcome(None, "it waits")
