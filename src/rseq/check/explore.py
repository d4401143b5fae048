"""Which interruptions are tried: every kind before every instruction, and again in what runs after them.

The victim, one operation, runs on CPU 0 of two. Before each of its instructions one thing happens:

    preempted       another thread runs an operation on the victim's CPU
    signalled       so does a signal handler, in the victim's own thread: its section stays in rseq_cs
    migrated        the victim goes on on the other CPU
    left            it does, and then another thread operates on the CPU that it has left
    fenced          somebody calls membarrier, and nothing else happens
    beside          on the other CPU another thread operates, and the victim is not interrupted

Then the victim runs to its end; with `depth` 2 it is interrupted once more in between, everywhere.

Two instructions outside of a section are the same place if nothing between them touched the rseq area, lanes or
rows. Interruptions that leave the same memory at the same instruction are run to their ends, but interrupted a
second time only once. The lanes are private to their CPUs: the language has no operation yet that works on
another CPU's lane, so `beside` shows only code that uses the wrong lane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from . import kernel
from .code import Operation, Program
from .kernel import GENERATIONS, Area, Generation, KilledError
from .machine import STOP, DiedError, Machine, Moment, Outcome
from .model import FAULT, Model, Order, Orders
from .states import Arguments, Cases

__all__ = ["KINDS", "Counts", "Explorer", "Finding", "Hop", "Limits", "limits"]

KINDS = ("preempted", "signalled", "left", "beside", "migrated", "fenced")
_ALONE = ("migrated", "fenced")
_MOVING = ("migrated", "left")


class Limits(NamedTuple):
    """How many cases are tried: states of memory, arguments of the victim, arguments of the others."""

    states: int
    victim: int
    other: int


def limits(depth: int) -> Limits:
    """Fewer cases where each is interrupted more often."""
    return Limits(10, 3, 2) if depth == 1 else Limits(4, 2, 1) if depth == 2 else Limits(2, 1, 1)


@dataclass
class Counts:
    """What was tried."""

    states: int = 0
    interruptions: int = 0
    aborts: int = 0
    runs: int = 0

    def add(self, other: Counts) -> None:
        """Add the counts of another exploration."""
        for name in ("states", "interruptions", "aborts", "runs"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Event(NamedTuple):
    """Something that happens to the victim, or beside it."""

    kind: str
    operation: Operation | None
    arguments: Arguments
    generation: Generation = "legacy"


@dataclass(frozen=True)
class Hop:
    """One interruption on the way to a failure. `step` is the number of instructions since the one before."""

    step: int
    offset: int
    event: Event
    cpu: int
    before: bytes
    after: bytes
    outcome: Outcome | None


@dataclass(frozen=True)
class Finding:
    """A run that no order of whole operations explains. `name` finds it again."""

    slug: str
    what: str
    name: str
    victim: Operation
    arguments: Arguments
    first: bytes
    hops: tuple[Hop, ...]
    end: bytes | None
    outcome: Outcome | None
    possible: tuple[Order, ...]


@dataclass(frozen=True)
class _Run:
    """The victim's run so far."""

    name: str
    victim: Operation
    arguments: Arguments
    first: bytes
    orders: Orders
    cpu: int = 0
    hops: tuple[Hop, ...] = ()

    @property
    def moved(self) -> bool:
        return any(hop.event.kind in _MOVING for hop in self.hops)


class _FoundError(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


@dataclass
class Explorer:
    """Interrupts the operations of a program, which work on one record. `only` is the name of a run to try alone."""

    program: Program
    operations: Sequence[Operation]
    depth: int = 1
    only: str = ""
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.cases = Cases(self.operations, self.depth + 1, self.program.order)
        self.machine = Machine(self.program, self.cases.layout)
        self.model = Model(self.cases)
        self.limits = limits(self.depth)
        self._others: dict[tuple[Operation, Arguments, int, bytes], tuple[Outcome, bytes, int]] = {}
        self._seen: set[object] = set()
        self._deepened: set[object] = set()
        self._memory: dict[tuple[int, int], bytes | None] = {}

    def findings(self, tick: Callable[[str], None] = lambda text: None) -> Iterator[Finding]:
        """What goes wrong: at most one finding for each victim and other."""
        for victim in self.operations:
            for other in self.operations:
                tick(f"{victim.name} interrupted by {other.name}")
                try:
                    self._pair(victim, other)
                except _FoundError as found:
                    yield found.finding

    # ---- cases

    def _pair(self, victim: Operation, other: Operation) -> None:
        self._deepened.clear()
        states = self.cases.states(self.limits.states)
        for a, arguments in enumerate(self.cases.arguments(victim, 0, self.limits.victim)):
            for s, shared in enumerate(states):
                name = f"{self.program.index}:{_number(self, victim)}:{_number(self, other)}:{a}:{s}"
                if not self.only or self.only == name or self.only.startswith(f"{name}/"):
                    run = _Run(name, victim, arguments, shared, frozenset([Order(shared)]))
                    self._undisturbed(run, other)

    def _undisturbed(self, run: _Run, other: Operation) -> None:
        expected, _ = self.model.run(run.victim, run.arguments, self._lane(0), run.first)
        if expected == FAULT:
            return  # this memory is none that the sequence can meet: it would follow None
        start = self.machine.start(run.victim, run.arguments, self._registered(0), run.first)
        moments = self._trace(run, start)
        end = moments[-1]
        self._judge(run, end, self.machine.outcome(run.victim))
        self._interrupt(run, moments, other, self.depth)

    def _trace(self, run: _Run, moment: Moment) -> list[Moment]:
        self.counts.runs += 1
        try:
            return self.machine.trace(moment, run.victim, run.arguments)
        except DiedError as error:
            raise self._found("died", run, str(error), moment) from None

    # ---- interruptions

    def _interrupt(self, run: _Run, moments: list[Moment], other: Operation, depth: int) -> None:
        """Try everything before each of `moments`."""
        was_inside = True
        for step, here in enumerate(moments[:-1]):
            inside = self._is_inside(here)
            if step and not inside and not was_inside and not here.touched:
                continue
            was_inside = inside
            seen = self.model.seen(run.orders, run.victim, run.arguments, self._lane(run.cpu), here.shared)
            if not seen:
                raise self._half_done(run, step, here)
            for event in self._events(run, other):
                self._try(run, step, here, event, seen, other, depth)

    def _is_inside(self, here: Moment) -> bool:
        """True if an interruption would abort a section now, or kill."""
        area = Area.unpack(here.area, self.program.order)
        if not area.rseq_cs:
            return False
        try:
            return self._kernel(here.pc, area, area, "legacy")[0] != here.pc
        except KilledError:
            return True

    def _events(self, run: _Run, other: Operation) -> Iterator[Event]:
        call = len(run.hops) + 1
        for arguments in self.cases.arguments(other, call, self.limits.other):
            for kind in KINDS:
                if kind not in _ALONE and (kind != "beside" or run.moved):
                    yield Event(kind, other, arguments)
        if other is self.operations[0] or self.depth > 1:
            yield from (Event(kind, None, ()) for kind in _ALONE)

    def _try(
        self, run: _Run, step: int, here: Moment, event: Event, seen: Orders, other: Operation, depth: int
    ) -> None:
        cpu = 1 - run.cpu if event.kind in _MOVING else run.cpu
        shared, descriptor, outcome, orders = here.shared, 0, None, seen
        if event.operation is not None:
            where = 1 - run.cpu if event.kind == "beside" else run.cpu
            outcome, shared, descriptor = self._other(run, step, here, event, where)
            orders = self.model.after(seen, event.operation, event.arguments, self._lane(where), outcome)
        results = self._resumed(run, step, here, event, cpu, descriptor)
        for generation, pc, area in results:
            name = f"{run.name}/{step}.{event.kind}.{generation}" + _numbered(self, run, event)
            if self.only and self.only != name and not self.only.startswith(f"{name}/"):
                continue
            told = event._replace(generation=generation)
            hop = Hop(step, self.machine.offset(here.pc), told, cpu, here.shared, shared, outcome)
            now = _Run(name, run.victim, run.arguments, run.first, orders, cpu, (*run.hops, hop))
            if not orders:
                raise self._found("not-an-order", now, "the other operation comes to what no order gives", here)
            after = here.but(pc=pc, area=area.pack(self.program.order), shared=shared)
            self.counts.interruptions += 1
            self.counts.aborts += pc != here.pc
            self._go_on(now, after, other, depth)

    def _go_on(self, run: _Run, after: Moment, other: Operation, depth: int) -> None:
        key = (run.victim, run.arguments, run.cpu, after.pc, after.area, after.shared)
        if key not in self._seen:
            self._seen.add(key)
            self.counts.states += 1
        if depth == 1 or (key, run.orders, run.moved) in self._deepened:
            self.counts.runs += 1
            try:
                end = self.machine.finish(after, run.victim, run.arguments)
            except DiedError as error:
                raise self._found("died", run, str(error), after) from None
            self._judge(run, end, self.machine.outcome(run.victim))
            return
        self._deepened.add((key, run.orders, run.moved))
        moments = self._trace(run, after)
        self._judge(run, moments[-1], self.machine.outcome(run.victim))
        self._interrupt(run, moments, other, depth - 1)

    def _other(self, run: _Run, step: int, here: Moment, event: Event, cpu: int) -> tuple[Outcome, bytes, int]:
        assert event.operation is not None
        key = event.operation, event.arguments, cpu, here.shared
        if key not in self._others:
            self.counts.runs += 1
            try:
                area = self._registered(cpu)
                self._others[key] = self.machine.run_other(event.operation, event.arguments, area, here.shared)
            except DiedError as error:
                raise self._found("died", run, f"{event.operation.name}: {error}", here) from None
        return self._others[key]

    # ---- the kernel

    def _resumed(
        self, run: _Run, step: int, here: Moment, event: Event, cpu: int, descriptor: int
    ) -> list[tuple[Generation, int, Area]]:
        """How the victim goes on, as each generation of kernels has it, if they differ at all."""
        if event.kind == "beside":
            return [("legacy", here.pc, Area.unpack(here.area, self.program.order))]
        area, found = Area.unpack(here.area, self.program.order), dict[tuple[int, Area], Generation]()
        for generation in GENERATIONS:
            try:
                if generation == "v2":
                    kernel.require_unchanged(area, self._registered(run.cpu))
                pc, now = self._kernel(here.pc, area, self._registered(cpu), generation)
            except KilledError as error:
                name = f"{run.name}/{step}.{event.kind}.{generation}" + _numbered(self, run, event)
                told = event._replace(generation=generation)
                hop = Hop(step, self.machine.offset(here.pc), told, cpu, here.shared, here.shared, None)
                killed = _Run(name, run.victim, run.arguments, run.first, run.orders, cpu, (*run.hops, hop))
                raise self._found("killed", killed, f"the kernel ends the process: {error}", here) from None
            if event.kind == "signalled":
                now = Area(now.cpu_id_start, now.cpu_id, descriptor, now.node_id, now.mm_cid)
            found.setdefault((pc, now), generation)
        return [(generation, pc, now) for (pc, now), generation in found.items()]

    def _kernel(self, pc: int, area: Area, now: Area, generation: Generation) -> tuple[int, Area]:
        cleared = Area(now.cpu_id_start, now.cpu_id, 0, now.node_id, now.mm_cid)
        signature, order = self.program.architecture.signature, self.program.order
        return kernel.interrupt(
            pc, area, cleared, signature=signature, order=order, read=self._read, generation=generation
        )

    def _read(self, address: int, nbytes: int) -> bytes | None:
        """Descriptors and signatures: nobody writes there."""
        if (address, nbytes) not in self._memory:
            self._memory[address, nbytes] = self.machine.read(address, nbytes)
        return self._memory[address, nbytes]

    def _lane(self, cpu: int) -> int:
        """The lane of a CPU: with mm_cid, another one."""
        return cpu if self.program.index == "cpu_id" else 1 - cpu

    def _registered(self, cpu: int) -> Area:
        return kernel.registered(cpu, 1 - cpu)

    # ---- verdicts

    def _judge(self, run: _Run, end: Moment, outcome: Outcome) -> None:
        assert end.pc == STOP
        ended = self.model.ended(run.orders, run.victim, run.arguments, self._lane(run.cpu), outcome, end.shared)
        if not ended:
            raise self._found("not-an-order" if run.hops else "differs", run, "", end, outcome)

    def _half_done(self, run: _Run, step: int, here: Moment) -> _FoundError:
        what = "what anybody could see here is neither the memory before the operation nor that after it"
        hop = Hop(step, self.machine.offset(here.pc), Event("seen", None, ()), run.cpu, here.shared, here.shared, None)
        name = f"{run.name}/{step}.seen"
        seen = _Run(name, run.victim, run.arguments, run.first, run.orders, run.cpu, (*run.hops, hop))
        return self._found("half-done", seen, what, here)

    def _found(self, slug: str, run: _Run, what: str, last: Moment, outcome: Outcome | None = None) -> _FoundError:
        orders = run.orders or frozenset([Order(run.first)])
        possible = self.model.possible(orders, run.victim, run.arguments, self._lane(run.cpu))
        return _FoundError(
            Finding(
                slug,
                what,
                run.name,
                run.victim,
                run.arguments,
                run.first,
                run.hops,
                last.shared,
                outcome,
                tuple(possible),
            )
        )


def _number(explorer: Explorer, operation: Operation) -> int:
    return explorer.operations.index(operation)


def _numbered(explorer: Explorer, run: _Run, event: Event) -> str:
    if event.operation is None:
        return ""
    tuples = explorer.cases.arguments(event.operation, len(run.hops) + 1, explorer.limits.other)
    return f".{tuples.index(event.arguments)}"
