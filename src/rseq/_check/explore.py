"""Which interruptions are tried: every kind before every instruction, and again in what runs after them.

The victim, one operation, runs on CPU 0 of two. Before each of its instructions one thing happens:

    preempted       another thread runs an operation on the victim's CPU
    signalled       so does a signal handler, in the victim's own thread: its section stays in rseq_cs
    migrated        the victim goes on on the other CPU
    left            it does, and then another thread operates on the CPU that it has left
    fenced          somebody calls membarrier, and nothing else happens
    beside          on the other CPU another thread operates, and the victim is not interrupted

Then the victim runs to its end; with `depth` 2 it is interrupted once more in between, everywhere.

And once each operation runs in a thread that is not registered, and on a CPU that has no lane.

Two instructions outside of a section are the same place if nothing between them touched the rseq area, lanes or
rows. Interruptions that leave the same memory at the same instruction are run to their ends, but interrupted a
second time only once. Sequences work on their own CPU's lane, so `beside` shows only code that uses the wrong one;
for routines that work on other lanes see `crossing`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from rseq import _abi as abi
from rseq._check import kernel
from rseq._check.choose import Meeting, chooser
from rseq._check.code import SPARE_LANE, Operation, Program
from rseq._check.kernel import GENERATIONS, Area, Generation, KilledError
from rseq._check.machine import DiedError, Machine, Moment, Outcome
from rseq._check.model import FAULT, Model, Order, Orders
from rseq._check.reached import Reached
from rseq._check.search import Case
from rseq._check.states import CPUS, Arguments

KINDS = ("preempted", "signalled", "left", "beside", "migrated", "fenced")
_ALONE = ("migrated", "fenced")
_MOVING = ("migrated", "left")


class Limits(NamedTuple):
    """How many cases are tried: states of memory times arguments of the victim, and arguments of the others in each."""

    states: int
    victim: int
    other: int

    @property
    def trials(self) -> int:
        """How many runs in the interpreter may be spent on finding them."""
        return min(400 * self.states * self.victim, 5_000)


def limits(depth: int, operations: int, *, is_again: bool = False) -> Limits:
    """Fewer cases where each is interrupted more often, or by many others, or where it `is_again` the same code.

    That is so with `mm_cid`: a section differs only in how it begins, where it reads its lane's number.
    """
    if depth == 1 and is_again:
        return Limits(4, 3, 1)
    if depth == 1:
        return Limits(10, 3, 2) if operations <= 4 else Limits(6, 2, 1) if operations <= 8 else Limits(4, 3, 1)
    return Limits(4, 2, 1) if depth == 2 and operations <= 4 else Limits(2, 1, 1)


@dataclass
class Counts:
    """What was tried."""

    states: int = 0
    interruptions: int = 0
    aborts: int = 0
    runs: int = 0


class Event(NamedTuple):
    """Something that happens to the victim, or beside it."""

    kind: str
    operation: Operation | None = None
    arguments: Arguments = ()
    number: int = 0
    """Which of the case's arguments for the operation these are."""


class Hop(NamedTuple):
    """One interruption on the way to a failure: `step` instructions after the one before, at `pc`."""

    step: int
    pc: int
    event: Event
    generation: Generation
    cpu: int
    outcome: Outcome | None

    def __str__(self) -> str:
        return f"{self.step}.{self.event.kind}.{self.event.number}.{self.generation}"


class Run(NamedTuple):
    """The victim's run so far."""

    case: str
    victim: Operation
    arguments: Arguments
    first: bytes
    orders: Orders
    cpu: int = 0
    hops: tuple[Hop, ...] = ()
    moved: bool = False

    @property
    def name(self) -> str:
        """What finds it again."""
        return "/".join([self.case, *map(str, self.hops)])

    def and_then(self, hop: Hop, orders: Orders) -> Run:
        """The run with one more interruption."""
        moved = self.moved or hop.event.kind in _MOVING
        return Run(self.case, self.victim, self.arguments, self.first, orders, hop.cpu, (*self.hops, hop), moved)


@dataclass(frozen=True)
class Finding:
    """A run that no order of whole operations explains: `shared` is the last that was seen of lanes and rows."""

    slug: str
    what: str
    run: Run
    shared: bytes
    outcome: Outcome | None
    possible: tuple[Order, ...]


class _FoundError(Exception):
    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.what)
        self.finding = finding


def _found_by(search: Callable[[], None]) -> Iterator[Finding]:
    try:
        search()
    except _FoundError as found:
        yield found.finding


@dataclass
class _Place:
    """Before an instruction of a run, and what has been tried there: what resumes alike is run to its end once."""

    run: Run
    step: int
    moment: Moment
    seen: Orders
    others: dict[object, tuple[Outcome, bytes, int, Orders]] = field(default_factory=dict)
    passed: set[object] = field(default_factory=set)


@dataclass
class Explorer:
    """Interrupts the operations of a program, which work on one record. `only` is the name of a run to try alone."""

    program: Program
    operations: Sequence[Operation]
    depth: int = 1
    only: str = ""
    limits: Limits | None = None
    routines: Sequence[Operation] = ()
    """Routines that cross CPUs: what they are called with has its place in memory, too."""
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        is_again = self.program.index == "mm_cid" and not self.routines
        self._limits = self.limits or limits(self.depth, len(self.operations), is_again=is_again)
        who = tuple(self.operations), tuple(self.routines)
        self.chosen = chooser(*who, self.depth + 1, self.program.order, self.lane(0), self._limits.trials)
        self.cases = self.chosen.cases
        self.machine = Machine(self.program, self.cases.layout)
        self.reached = Reached()
        self.model = Model(self.cases, self.reached)
        self._others: dict[tuple[Operation, Arguments, int, bytes], tuple[Outcome, bytes, int]] = {}
        self.met: set[int] = set()
        self._seen: set[object] = set()
        self._deepened: set[object] = set()
        self._kernel: dict[object, tuple[int, bytes]] = {}
        self._traces: dict[object, list[Moment]] = {}
        self._possible: dict[object, list[Event]] = {}
        self._meeting = Meeting(Case(0, 0), ())

    def findings(self, tick: Callable[[str], None] = lambda text: None) -> Iterator[Finding]:
        """What goes wrong: at most one finding for each victim and other, and one for each without a lane."""
        for victim in self.operations:
            self._traces.clear()
            yield from _found_by(partial(self._without_lane, victim))
            for other in self.operations:
                tick(f"{victim.name} interrupted by {other.name}")
                yield from _found_by(partial(self._pair, victim, other))

    # ---- cases

    def _pair(self, victim: Operation, other: Operation) -> None:
        self._deepened.clear()
        numbers = self.operations.index(victim), self.operations.index(other)
        prefix = f"{self.program.index}:{numbers[0]}:{numbers[1]}"
        cases = self._limits.states * self._limits.victim
        for meeting in self.chosen.meetings(victim, other, cases, self._limits.other):
            name = f"{prefix}:{meeting.case.given}:{meeting.case.state}"
            if not self.only or self.only == name or self.only.startswith(f"{name}/"):
                self._meeting = meeting
                arguments = self.chosen.search.arguments(victim, meeting.case.given, 0)
                shared = self.chosen.search.states[meeting.case.state]
                self._undisturbed(Run(name, victim, arguments, shared, frozenset([Order(shared)])), other)

    def _without_lane(self, victim: Operation) -> None:
        """A thread that is not registered, or on a CPU without a lane, leaves before it touches one."""
        name = f"{self.program.index}:{self.operations.index(victim)}:without a lane"
        if self.only:
            return
        shared = self.chosen.states(1)[0]
        tuples = self.chosen.arguments(victim, 0, 9)
        arguments = next((given for given in tuples if self._is_called(victim, given, shared)), None)
        if arguments is None:
            return
        run = Run(name, victim, arguments, shared, frozenset([Order(shared)]))
        for area in (Area(0, abi.CPU_ID_UNINITIALIZED & 0xFFFFFFFF, 0, 0, 0), kernel.registered(CPUS, CPUS)):
            self.counts.runs += 1
            try:
                moments = self.machine.trace(self.machine.start(victim, arguments, area, shared), victim, arguments)
            except DiedError as error:
                raise self._found("no-lane", run, str(error), shared) from None
            self.met.update(moment.pc for moment in moments)  # on some, the way out is an instruction of its own
            outcome, after = self.machine.outcome(victim), moments[-1].shared
            if (outcome.error, after) != (SPARE_LANE, shared):
                raise self._found("no-lane", run, f"its rseq area is {area}", after, outcome)

    def _is_called(self, victim: Operation, arguments: Arguments, shared: bytes) -> bool:
        """False if the arguments are refused before the section."""
        return not self.model.run(victim, arguments, 0, shared).outcome.error

    def _undisturbed(self, run: Run, other: Operation) -> None:
        if self.model.run(run.victim, run.arguments, self.lane(0), run.first).outcome == FAULT:
            raise self._found("died", run, "it follows a pointer that leads nowhere", run.first)
        key = run.arguments, run.first
        if key not in self._traces:
            start = self.machine.start(run.victim, run.arguments, self.registered(0), run.first)
            moments = self._trace(run, start)
            self._judge(run, moments[-1].shared, self.machine.outcome(run.victim))
            if not self.cases.can_be(moments[-1].shared):
                raise self._found("cannot-be", run, "", moments[-1].shared, self.machine.outcome(run.victim))
            self._traces[key] = moments
        self._interrupt(run, self._traces[key], other, self.depth)

    def _trace(self, run: Run, moment: Moment) -> list[Moment]:
        self.counts.runs += 1
        try:
            return self.machine.trace(moment, run.victim, run.arguments)
        except DiedError as error:
            raise self._found("died", run, str(error), moment.shared) from None

    # ---- interruptions

    def _interrupt(self, run: Run, moments: list[Moment], other: Operation, depth: int) -> None:
        """Try everything before each of `moments`."""
        was_inside = True
        for step, here in enumerate(moments[:-1]):
            inside = self._is_inside(here, run.cpu)
            self.met.add(here.pc)
            if step and not inside and not was_inside and not here.touched:
                continue
            was_inside = inside
            seen = self.model.seen(run.orders, run.victim, run.arguments, self.lane(run.cpu), here.shared)
            if not seen:
                raise self._half_done(run, step, here)
            place = _Place(run, step, here, seen)
            for event in self._events(run, other):
                self._try(place, event, other, depth)

    def _is_inside(self, here: Moment, cpu: int) -> bool:
        """True if an interruption would abort a section now, or kill."""
        try:
            return self.interrupted(here.pc, here.area, cpu, cpu, 0, "legacy")[0] != here.pc
        except KilledError:
            return True

    def _events(self, run: Run, other: Operation) -> list[Event]:
        call, moved = len(run.hops) + 1, run.moved
        key = other, call, moved, self._meeting.others
        if key not in self._possible:
            tuples = [self.chosen.search.arguments(other, given, call) for given in self._meeting.others]
            kinds = [kind for kind in KINDS if kind not in _ALONE and (kind != "beside" or moved)]
            found = [Event(kind, other, given, number) for number, given in enumerate(tuples) for kind in kinds]
            is_first = other is self.operations[0] or self.depth > 1
            self._possible[key] = found + [Event(kind) for kind in _ALONE if is_first]
        return self._possible[key]

    def _try(self, place: _Place, event: Event, other: Operation, depth: int) -> None:
        run, here = place.run, place.moment
        cpu = 1 - run.cpu if event.kind in _MOVING else run.cpu
        outcome, shared, descriptor, orders = self._other(place, event)
        for generation, pc, area in self._resumed(place, event, cpu, descriptor if event.kind == "signalled" else 0):
            state = cpu, pc, area, shared
            if not self.only and (state, orders) in place.passed:
                self._count(here, pc)
                continue
            now = run.and_then(Hop(place.step, here.pc, event, generation, cpu, outcome), orders)
            if self.only and not f"{self.only}/".startswith(f"{now.name}/"):
                continue
            if not orders:
                raise self._found("not-an-order", now, "the other operation comes to what no order gives", shared)
            self._count(here, pc)
            self._go_on(now, here.but(pc=pc, area=area, shared=shared), state, other, depth)
            if depth == 1:
                place.passed.add((state, orders))

    def _count(self, here: Moment, pc: int) -> None:
        self.counts.interruptions += 1
        self.counts.aborts += pc != here.pc

    def _go_on(self, run: Run, after: Moment, state: object, other: Operation, depth: int) -> None:
        key = run.victim, run.arguments, state
        if key not in self._seen:
            self._seen.add(key)
            self.counts.states += 1
        if depth == 1 or (key, run.orders, run.moved) in self._deepened:
            self.counts.runs += 1
            try:
                outcome, shared = self.machine.finish(after, run.victim, run.arguments)
            except DiedError as error:
                raise self._found("died", run, str(error), after.shared) from None
            self._judge(run, shared, outcome)
            return
        self._deepened.add((key, run.orders, run.moved))
        moments = self._trace(run, after)
        self._judge(run, moments[-1].shared, self.machine.outcome(run.victim))
        self._interrupt(run, moments, other, depth - 1)

    def _other(self, place: _Place, event: Event) -> tuple[Outcome | None, bytes, int, Orders]:
        """What the other operation, if there is one, comes to and leaves, and the orders in which it does."""
        if event.operation is None:
            return None, place.moment.shared, 0, place.seen
        where = 1 - place.run.cpu if event.kind == "beside" else place.run.cpu
        key = event.operation, event.number, where
        if key not in place.others:
            ran = self._ran(place, event, where)
            orders = self.model.after(place.seen, event.operation, event.arguments, self.lane(where), ran[0])
            place.others[key] = (*ran, orders)
        return place.others[key]

    def _ran(self, place: _Place, event: Event, cpu: int) -> tuple[Outcome, bytes, int]:
        assert event.operation is not None
        shared = place.moment.shared
        key = event.operation, event.arguments, cpu, shared
        if key not in self._others:
            self.counts.runs += 1
            try:
                area = self.registered(cpu)
                self._others[key] = self.machine.run_other(event.operation, event.arguments, area, shared)
            except DiedError as error:
                raise self._found("died", place.run, f"{event.operation.name}: {error}", shared) from None
        return self._others[key]

    # ---- the kernel

    def _resumed(self, place: _Place, event: Event, cpu: int, descriptor: int) -> list[tuple[Generation, int, bytes]]:
        """How the victim goes on, as each generation of kernels has it, if they differ at all."""
        run, here = place.run, place.moment
        if event.kind == "beside":
            return [("legacy", here.pc, here.area)]
        found: dict[tuple[int, bytes], Generation] = {}
        for generation in GENERATIONS:
            try:
                pc, area = self.interrupted(here.pc, here.area, run.cpu, cpu, descriptor, generation)
            except KilledError as error:
                killed = run.and_then(Hop(place.step, here.pc, event, generation, cpu, None), run.orders)
                what = f"the kernel ends the process: {error}"
                raise self._found("killed", killed, what, here.shared) from None
            found.setdefault((pc, area), generation)
        return [(generation, pc, area) for (pc, area), generation in found.items()]

    def interrupted(
        self, pc: int, data: bytes, was: int, cpu: int, descriptor: int, generation: Generation
    ) -> tuple[int, bytes]:
        """Program counter and area of a thread of CPU `was` that goes on on `cpu`, after a handler's section."""
        key = pc, data, was, cpu, descriptor, generation
        if key not in self._kernel:
            order = self.program.order
            area = Area.unpack(data, order)
            if generation == "v2":
                kernel.require_unchanged(area, self.registered(was))
            signature = self.program.architecture.signature
            resumed, now = kernel.interrupt(
                pc,
                area,
                self.registered(cpu),
                signature=signature,
                order=order,
                read=self.machine.read,
                generation=generation,
            )
            self._kernel[key] = resumed, now._replace(rseq_cs=descriptor).pack(order)
        return self._kernel[key]

    def lane(self, cpu: int) -> int:
        """The lane of a CPU: with mm_cid, another one."""
        return cpu if self.program.index == "cpu_id" else 1 - cpu

    def registered(self, cpu: int) -> Area:
        """The area of a thread on a CPU."""
        return kernel.registered(cpu, 1 - cpu)

    # ---- verdicts

    def _judge(self, run: Run, shared: bytes, outcome: Outcome) -> None:
        """The victim has ended: is there an order of whole operations that gives this?"""
        lane = self.lane(run.cpu)
        if not self.model.has_ended(run.orders, run.victim, run.arguments, lane, outcome, shared):
            raise self._found("not-an-order" if run.hops else "differs", run, "", shared, outcome)

    def _half_done(self, run: Run, step: int, here: Moment) -> _FoundError:
        what = "what anybody could see here is neither the memory before the operation nor that after it"
        seen = run.and_then(Hop(step, here.pc, Event("seen"), "legacy", run.cpu, None), run.orders)
        return self._found("half-done", seen, what, here.shared)

    def _found(self, slug: str, run: Run, what: str, shared: bytes, outcome: Outcome | None = None) -> _FoundError:
        orders = run.orders or frozenset([Order(run.first)])
        possible = self.model.possible(orders, run.victim, run.arguments, self.lane(run.cpu))
        return _FoundError(Finding(slug, what, run, shared, outcome, tuple(possible)))
