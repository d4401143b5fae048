"""What a check found, as numbers and as text: a failure is a path of file:line hops, memory before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rseq._check.code import Operation, Program
from rseq._check.crossing import Beside
from rseq._check.explore import Explorer, Finding, Hop
from rseq._check.machine import STOP, Outcome, offset
from rseq._check.model import chosen_live, values
from rseq._check.reached import Gaps, not_reached
from rseq._check.states import CPUS, Cases
from rseq._language.errors import Span
from rseq._language.types import RecordType

_HAPPENS = {
    "preempted": "another thread runs {call} on CPU {cpu}",
    "signalled": "a signal's handler runs {call}",
    "migrated": "the thread is moved to CPU {cpu}",
    "left": "the thread is moved to CPU {cpu}, and another runs {call} on the one that it left",
    "fenced": "a membarrier RSEQ fence restarts it",
    "beside": "another thread runs {call} on the other CPU",
    "seen": "somebody looks",
}
_SAYS = {
    "not-an-order": "what comes out is what no order of whole operations gives",
    "half-done": "half of the operation can be seen",
    "killed": "the kernel ends the process",
    "died": "the code dies",
    "no-lane": "a thread that has no lane does not leave it to the spare lane",
    "cannot-be": "it leaves a lane that cannot be, as the record's reachable() says",
    "differs": "the machine code does not mean what the sequence says, even if nothing interrupts it",
}


@dataclass(frozen=True)
class Violation:
    """One run that went wrong. `text` is the whole story; the rest is for programs."""

    rule: str
    operation: str
    arch: str
    index: str
    replay: str
    where: str
    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Checked:
    """The operations on one record that were checked against each other, for one architecture.

    `instructions` are those of their sections' fast paths; `not_reached` are those that no case has led to. `vacuous`
    is what no case has led to in the operations themselves and in the routines on that record, and is not declared to
    be out of reach; `declared` are the lines that say so, `excused` those of them where something was not reached.
    `not_compared` says which records have prepared fields of which nobody says what is live. `group` tells records of
    one name apart.
    """

    arch: str
    index: str
    record: str
    operations: tuple[str, ...]
    instructions: int
    not_reached: tuple[str, ...]
    states: int
    interruptions: int
    aborts: int
    runs: int
    vacuous: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    excused: tuple[str, ...] = ()
    group: int = 0
    not_compared: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    """What `rseq.check.check` found. `skipped` says what could not be checked, and why."""

    depth: int
    checked: tuple[Checked, ...]
    violations: tuple[Violation, ...]
    skipped: tuple[str, ...] = ()
    seconds: float = field(default=0.0, compare=False)

    @property
    def ok(self) -> bool:
        """True if something was checked, and nothing was wrong."""
        return bool(self.checked) and not self.violations

    @property
    def archs(self) -> tuple[str, ...]:
        """The architectures whose code was run."""
        return tuple(dict.fromkeys(one.arch for one in self.checked))

    @property
    def vacuous(self) -> tuple[str, ...]:
        """What no case has led to, on no architecture: nothing is known of it. And declarations that are not so."""
        groups: dict[int, list[tuple[str, ...]]] = {}
        for one in self.checked:
            groups.setdefault(one.group, []).append(one.vacuous)
        never = [what for group in groups.values() for what in group[0] if all(what in one for one in group)]
        declared = {line for one in self.checked for line in one.declared}
        wrong = sorted(declared - {line for one in self.checked for line in one.excused})
        return tuple(dict.fromkeys([*never, *(f"{line}: declared unreached, and reached" for line in wrong)]))

    @property
    def not_compared(self) -> tuple[str, ...]:
        """What nothing is known of although it was stored: prepared fields, unless their record has a `live(lane)`."""
        return tuple(dict.fromkeys(what for one in self.checked for what in one.not_compared))

    def total(self, name: str) -> int:
        """The sum of a count: "states", "interruptions", "aborts" or "runs"."""
        return sum(getattr(one, name) for one in self.checked)

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        counts = {name: self.total(name) for name in ("states", "interruptions", "aborts", "runs")}
        return {"ok": self.ok, **counts, "vacuous": self.vacuous, "not_compared": self.not_compared, **asdict(self)}

    def __str__(self) -> str:
        lines = [str(violation) for violation in self.violations]
        lines += [f"not checked: {reason}" for reason in self.skipped]
        lines += ["\n".join(f"not reached: {what}" for what in self.vacuous)] if self.vacuous else []
        lines += self.not_compared
        return "\n\n".join([*lines, self.summary])

    @property
    def summary(self) -> str:
        """One sentence."""
        if not self.checked:
            return "nothing was checked"
        first = self.checked[0]
        count = sum(len(one.operations) for one in self.checked if (one.arch, one.index) == (first.arch, first.index))
        return (
            f"violations: {len(self.violations)}; {count} operations on {', '.join(self.archs)}, "
            f"{self.total('states')} states, {self.total('interruptions')} interruptions "
            f"({self.total('aborts')} aborted a section), {self.total('runs')} runs, depth {self.depth}, "
            f"vacuous: {len(self.vacuous)}, "
            f"{self.seconds:.1f} s"
        )


def checked(program: Program, explorer: Explorer, group: int) -> Checked:
    """The counts of one exploration, with what was explored."""
    counts, met = explorer.counts, set(map(offset, explorer.met))
    gaps = Gaps() if explorer.only else not_reached(explorer.reached, explorer.operations, explorer.routines)
    missed = [f"{place.span}: {place.text}" for at, place in sorted(program.places.items()) if at not in met]
    return Checked(
        program.architecture.name,
        program.index,
        explorer.cases.record.__name__,
        tuple(operation.name for operation in explorer.operations),
        len(program.places),
        tuple(missed),
        counts.states,
        counts.interruptions,
        counts.aborts,
        counts.runs,
        gaps.sentences,
        tuple(sorted(gaps.declared)),
        tuple(sorted(gaps.excused)),
        group,
        tuple(_not_compared(explorer.cases)),
    )


def _not_compared(cases: Cases) -> Iterator[str]:
    """The records, of lanes and of rows, of whose prepared fields nothing is looked at."""
    for record in dict.fromkeys([cases.record, *cases.targets]):
        if not isinstance(record, RecordType) or hasattr(record, "live"):
            continue
        if any(field.prepared for field in record.fields.values()):
            yield f"{record.__name__} has prepared fields and no live(lane): what they hold was not compared"


def described(finding: Finding, program: Program, cases: Cases, depth: int, target: str) -> Violation:
    """A finding as a violation, with its story."""
    story, run = _Story(program, cases, depth, target, finding.run.victim), finding.run
    lines = [line for number, hop in enumerate(run.hops, 1) for line in story.hop(number, hop)]
    lines += [f"  {finding.what}"] if finding.what else []
    lines += story.memory("before", run.first, None, CPUS)
    lines += story.memory("after ", finding.shared, None if finding.shared == run.first else run.first, CPUS)
    lines += story.doubt(run.first)
    lines += [f"  it came to {_shown(finding.outcome)}"] if finding.outcome is not None else []
    for order in finding.possible:
        lanes = "; ".join(f"lane {lane}: {_fields(story.live(order.shared, lane))}" for lane in range(CPUS))
        lines.append(f"  an order gives {_shown(order.outcome)}, {lanes}")
    replay = run.name if finding.slug != "no-lane" else ""
    where = story.interrupted_at(run.hops)
    return story.violation(finding.slug, where, _call(run.victim.name, run.arguments), where, lines, replay)


def described_beside(found: Beside, program: Program, cases: Cases, depth: int, target: str) -> Violation:
    """A sequence and a routine of another CPU that went wrong, as a violation with its story."""
    story, span = _Story(program, cases, depth, target, found.victim), found.victim.body.span
    mine, theirs = _call(found.victim.name, found.arguments), _call(found.other.name, found.others)
    lines, where = list[str](), span
    for number, act in enumerate((act for act in found.acts if act.what), 1):
        where = act.span or found.other.body.span
        if act.pc is None:
            lines.append(f"  {number}. {where}: {act.what}")
        else:
            lines += [f"  {number}. {story.at(act.pc)}", f"     {where}: the other CPU {act.what}"]
    lines += [f"  {found.what}"] if found.what else []
    lines += story.memory("before", found.first, None, CPUS + 1)
    lines += story.memory("after ", found.shared, found.first, CPUS + 1)
    lines += story.doubt(found.first)
    lines.append(f"  they came to {' and '.join(map(_shown, found.outcomes))}")
    return story.violation(found.slug, span, f"{mine} on CPU 0 beside {theirs} on CPU 1", where, lines, found.name)


@dataclass(frozen=True)
class _Story:
    """What all stories are told with."""

    program: Program
    cases: Cases
    depth: int
    target: str
    victim: Operation

    def violation(self, slug: str, span: Span, calls: str, where: Span, lines: list[str], replay: str) -> Violation:
        """`where` it went wrong; the story begins at `span`."""
        arch, index = self.program.architecture.name, self.program.index
        command = _command(self.target, arch, self.depth, replay)
        text = [f"{span}: error[{slug}]: {calls}, {arch}: {_SAYS[slug]}", *lines, f"  replay: {command}"]
        return Violation(slug, self.victim.name, arch, index, command, str(where), "\n".join(text))

    def interrupted_at(self, hops: Sequence[Hop]) -> Span:
        """The source of the instruction that was interrupted last, as far as it is one of the section."""
        places = [self.program.places.get(offset(hop.pc)) for hop in reversed(hops)]
        return next((place.span for place in places if place and place.span), self.victim.body.span)

    def at(self, pc: int, *, commented: bool = False) -> str:
        """Where the sequence is: an instruction of its section, perhaps with its comment, or outside of it."""
        place = self.program.places.get(offset(pc))
        if place is None:
            outside = "at its end" if pc == STOP else f"outside of the section, at offset {offset(pc):#x}"
            return f"{self.victim.body.span}: {outside}"
        where = f"before instruction {place.number} of {place.count}" if place.number else "before the section"
        comment = f" ({place.line.comment})" if commented and place.line.comment else ""
        return f"{place.span or self.victim.body.span}: {where}, `{place.text}`{comment}"

    def hop(self, number: int, hop: Hop) -> list[str]:
        event = hop.event
        call = _call(event.operation.name, event.arguments) if event.operation is not None else ""
        happens = _HAPPENS[event.kind].format(call=call, cpu=hop.cpu)
        came_to = f", which comes to {_shown(hop.outcome)}" if hop.outcome is not None else ""
        at = self.at(hop.pc, commented=True)
        return [f"  {number}. {at}", f"     {happens}{came_to} ({hop.generation} kernel)"]

    def memory(self, when: str, shared: bytes, before: bytes | None, lanes: int) -> list[str]:
        """What is in lanes, as far as it is not what was there before."""
        held = [(self._lane(shared, lane), before and self._lane(before, lane)) for lane in range(lanes)]
        changed = [
            {name: value for name, value in self._values(now).items() if not was or self._differs(name, now, was)}
            for now, was in held
        ]
        return [f"  {when} lane {number}: {_fields(fields)}" for number, fields in enumerate(changed)]

    def doubt(self, first: bytes) -> list[str]:
        """That nothing was seen to lead to what memory was before."""
        record = self.cases.record
        if first in self.cases.led or hasattr(record, "reachable"):
            return []
        unless = f"if it cannot be, have {record.__name__}.reachable(lane) say so"
        return [f"  no operation was seen to lead to what was before: {unless}"]

    def live(self, shared: bytes, lane: int) -> dict[str, Any]:
        """What is live in a lane."""
        data = self._lane(shared, lane)
        chosen = chosen_live(self.cases.record, data, self.program.order)
        return self._values(data, prepared=False) | ({} if chosen is None else {"live": chosen})

    def _lane(self, shared: bytes, lane: int) -> bytes:
        return shared[lane * self.cases.stride :][: self.cases.record.size]

    def _values(self, lane: bytes, *, prepared: bool = True) -> dict[str, Any]:
        return values(self.cases.record, lane, self.program.order, prepared=prepared)

    def _differs(self, name: str, lane: bytes, other: bytes) -> bool:
        place = self.cases.record.fields[name].place
        return lane[place.start : place.stop] != other[place.start : place.stop]


def _command(target: str, arch: str, depth: int, replay: str) -> str:
    """What tries that run again: on the command line, or in Python if what was checked is local and has no name."""
    if target:
        return f"rseq check {target} --arch {arch} --depth {depth}" + (f" --replay {replay}" if replay else "")
    return f'rseq.check.check(…, arch="{arch}", depth={depth}' + (f', replay="{replay}")' if replay else ")")


def _call(name: str, arguments: Sequence[int | float]) -> str:
    return f"{name}({', '.join(map(repr, arguments))})"


def _shown(outcome: Outcome | None) -> str:
    return "nothing" if outcome is None else str(outcome)


def _fields(fields: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_short(value)}" for name, value in fields.items()) or "as before"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
