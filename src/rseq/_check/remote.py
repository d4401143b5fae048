"""Memory as a routine sees it that runs in the interpreter, one access at a time, beside others.

An access may come to several things. A load may miss stores of others, as `crossing` says; so a run is made again for
each, with a *script* of what the accesses came to that it has made before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from rseq._check.code import Bytes, Operation
from rseq._check.machine import LANES, Outcome
from rseq._check.model import FAULT
from rseq._check.reached import Reached
from rseq._check.states import CPUS, Arguments, Cases, row_size
from rseq._language import ir
from rseq._language.errors import Span
from rseq._language.interpret import FaultError, LimitError, Memory, run
from rseq._language.op import ThreadName
from rseq._language.types import Field

if TYPE_CHECKING:
    from rseq._check.explore import Explorer

WAITS = Outcome(None, "it waits")

LIMIT = 1000
"""Operations of a routine, after which it is said to wait for something that does not come."""

MANY = 4
"""More stores than this that a copy may miss are missed from the last one on only."""


class Stored(NamedTuple):
    """A store: where, what was there before, if it releases those before it, and whose it is."""

    at: int
    old: bytes
    releases: bool
    by: object = None
    """The sequence whose commit it is, or the place of a routine's store."""
    view: frozenset[int] | None = None
    """The stores that whoever stores has seen; None is all before it."""

    def meets(self, at: int, nbytes: int) -> bool:
        """True if it touches one of these bytes."""
        return self.at < at + nbytes and at < self.at + len(self.old)


class PausedError(Exception):
    """The routine has come to an access that it may not make yet."""


@dataclass
class Remote(Memory):
    """Memory as the routine sees it. Accesses that it has made before come to what they came to."""

    script: tuple[object, ...] = ()
    turn: int | None = None
    log: tuple[Stored, ...] = ()
    view: frozenset[int] = frozenset()
    private: range = range(0)
    fields: tuple[Field, ...] = ()
    releasing: frozenset[Span] = frozenset()
    """Where stores stand that release."""
    acquired: set[object] = field(default_factory=set)
    """Gets whose releases are seen by loads that acquire."""
    logs: bool = False
    """If somebody else may miss what is stored here."""
    choices: int = 0
    act: str = ""
    acted: Span | None = None
    fenced: int | None = None
    released: frozenset[tuple[int, Span]] = frozenset()
    nothing: set[Span | None] = field(default_factory=set)
    """Copies that had nothing to copy."""
    position: int = 0
    within: bool = False

    @classmethod
    def of_routine(cls, explorer: Explorer, shared: bytes, **seen: Any) -> Remote:
        """Lanes and rows that hold `shared`, as one of an explorer's routines sees them."""
        cases = explorer.cases
        return cls(
            {LANES: bytearray(shared)},
            LANES,
            cases.stride,
            cases.order,
            CPUS + 1,
            private=private(cases),
            fields=tuple(cases.record.fields.values()),
            acquired=explorer.reached.acquired,
            **seen,
        )

    def _happens(self, what: str, choices: Callable[[], list[tuple[object, Callable[[], None]]]]) -> Any:
        if self.within:
            ((result, do),) = choices()
            do()
            return result
        if self.position < len(self.script):
            self.position += 1
            return self.script[self.position - 1]
        if self.turn is None:
            raise PausedError
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
            if acquire and seen:
                view |= self._acquired(seen[-1])
            yield hidden, view

    def _acquired(self, number: int) -> frozenset[int]:
        """What is seen with a store from which a load acquires."""
        stored = self.log[number]
        if not stored.releases:
            return frozenset()
        self.acquired.add(stored.by)
        return frozenset(range(number + 1)) if stored.view is None else stored.view | {number}

    def _look(self, view: frozenset[int]) -> None:
        self.view = view

    def read(self, address: int, nbytes: int) -> bytes:
        """What a copy may see: any of the stores that are not in the view may be missing."""
        if self._is_private(address):
            return super().read(address, nbytes)
        if not nbytes:
            self.nothing.add(self.span)
            return b""

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
            if self.span in self.releasing:
                self.released |= {(address, self.span)}
            self._log(address, type.size, releases=self.span in self.releasing)
            super(Remote, self).store(address, type, number)
            self._overwrite(address, type.size)

        self._happens(f"stores {number} to {self._place(address)}", lambda: [(None, do)])

    def _log(self, address: int, nbytes: int, *, releases: bool) -> None:
        if self.logs:
            old = bytes(self.blocks[LANES][address - LANES : address - LANES + nbytes])
            self.log += (Stored(address, old, releases, self.span, self.view),)

    def _overwrite(self, address: int, nbytes: int) -> None:
        self.view |= frozenset(n for n, stored in enumerate(self.log) if stored.meets(address, nbytes))

    def write(self, address: int, data: bytes) -> None:
        """The target of a copy."""
        if self._is_private(address) or not data:
            super().write(address, data)
            return

        def do() -> None:
            self._log(address, len(data), releases=False)
            super(Remote, self).write(address, data)
            self._overwrite(address, len(data))

        self._happens(f"copies {len(data)} bytes to {self._place(address)}", lambda: [(None, do)])

    def compare_exchange(self, address: int, type: Any, expected: Any, desired: Any) -> bool:
        """An atomic instruction meets the last store, and acquires from it."""

        def choices() -> list[tuple[object, Callable[[], None]]]:
            is_there = Memory.load(self, address, type) == expected

            def do() -> None:
                here = [number for number, stored in enumerate(self.log) if stored.meets(address, type.size)]
                if here:
                    self.view |= self._acquired(here[-1]) | {here[-1]}
                if is_there:
                    self._log(address, type.size, releases=True)
                    Memory.store(self, address, type, desired)
                    self._overwrite(address, type.size)

            return [(is_there, do)]

        return bool(self._happens(f"exchanges {expected} for {desired} at {self._place(address)}", choices))

    def ask(self, kind: ThreadName, of: Any) -> Any:
        """Another thread may have ended or not, and a warning may be interrupted or not."""
        if of is None or of == self.thread:
            return super().ask(kind, of)
        return self._happens(f"asks {kind}({of})", lambda: [(answer, lambda: None) for answer in (1, 0)])

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
        fields = [field for field in self.fields if at in field.place]
        return f"{fields[0].name if fields else f'+{at}'} of lane {lane}"


def shown(remote: Remote) -> str:
    """What the access came to, if it came to something."""
    result = remote.script[-1] if remote.script else None
    parts = [one for one in (result if isinstance(result, tuple) else (result,)) if one is not None]
    return f": {', '.join(map(repr, parts))}" if parts else ""


def private(cases: Cases) -> range:
    """The buffers, which nobody else sees."""
    if Bytes not in cases.targets:
        return range(0)
    start = cases.row(Bytes, 0)
    return range(start, start + cases.rows_of_each * row_size(Bytes))


def releasing(body: ir.Body) -> frozenset[Span]:
    """Where a routine, and those that it calls, have stores that release."""
    stores = frozenset(op.span for op in body.ops if isinstance(op, ir.Store) and op.release)
    called = (callee.body for callee in body.callees if callee.kind == "routine")
    return stores.union(*map(releasing, called))


def accesses(
    explorer: Explorer, operation: Operation, arguments: Arguments, cpu: int, shared: bytes, **seen: Any
) -> Iterator[tuple[Remote, Outcome | None]]:
    """A routine makes its next access, with each of its results; nothing if it only waits."""
    turn, choices = 0, 1
    while turn < choices:
        remote = Remote.of_routine(explorer, shared, turn=turn, **seen)
        outcome = _run(explorer.reached, operation, arguments, remote, explorer.lane(cpu))
        if outcome == WAITS:
            return
        choices = max(remote.choices, 1)
        turn += 1
        yield remote, outcome


def _run(reached: Reached, operation: Operation, arguments: Arguments, remote: Remote, lane: int) -> Outcome | None:
    """What a routine comes to; None if it waits for its turn."""
    remote.watch = reached.watch
    reached.begin(operation.body)
    try:
        return Outcome(run(operation.body, remote, arguments, cpu=lane, limit=LIMIT))
    except PausedError:
        return None
    except (IndexError, ValueError, ZeroDivisionError, RuntimeError) as refused:
        reached.refused(operation.body, type(refused).__name__)
        return Outcome(None, type(refused).__name__)
    except FaultError:
        return FAULT
    except LimitError:
        return WAITS


@dataclass
class Values:
    """What the loads of a routine have come to in one case."""

    reached: Reached
    seen: dict[Span, set[object]] = field(default_factory=dict)

    def saw(self, remote: Remote) -> None:
        """An access was made."""
        for span in remote.nothing:
            self._add(span, b"")
        if remote.script:
            self._add(remote.acted, remote.script[-1])

    def _add(self, span: Span | None, value: object) -> None:
        if span is not None:
            values = self.seen.setdefault(span, set())
            values.add(value)
            if len(values) > 1:
                self.reached.saw_two.add(span)
