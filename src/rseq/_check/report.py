"""What a check found, as numbers and as text: a failure is a path of file:line hops, memory before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rseq._check.code import Place, Program
from rseq._check.crossing import Beside
from rseq._check.explore import Explorer, Finding, Hop
from rseq._check.machine import STOP, Outcome, offset
from rseq._check.model import chosen_live, values
from rseq._check.reached import Gaps, not_reached
from rseq._check.states import CPUS, Cases
from rseq._language.errors import Span

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
    `group` tells records of one name apart.
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

    def total(self, name: str) -> int:
        """The sum of a count: "states", "interruptions", "aborts" or "runs"."""
        return sum(getattr(one, name) for one in self.checked)

    def as_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        counts = {name: self.total(name) for name in ("states", "interruptions", "aborts", "runs")}
        return {"ok": self.ok, **counts, "vacuous": self.vacuous, **asdict(self)}

    def __str__(self) -> str:
        lines = [str(violation) for violation in self.violations]
        lines += [f"not checked: {reason}" for reason in self.skipped]
        lines += ["\n".join(f"not reached: {what}" for what in self.vacuous)] if self.vacuous else []
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
    )


def described(finding: Finding, program: Program, cases: Cases, depth: int, target: str) -> Violation:
    """A finding as a violation, with its story."""
    return _Story(finding, program, cases, depth, target).violation()


def described_beside(found: Beside, program: Program, cases: Cases, depth: int, target: str) -> Violation:
    """A sequence and a routine of another CPU that went wrong, as a violation with its story."""
    arch = program.architecture.name
    command = _command(target, arch, depth, found.name)
    mine, theirs = _call(found.victim.name, found.arguments), _call(found.other.name, found.others)
    where = found.victim.body.span
    lines = [f"{where}: error[{found.slug}]: {mine} on CPU 0 beside {theirs} on CPU 1, {arch}: {_SAYS[found.slug]}"]
    number = 0
    for act in found.acts:
        if act.what:
            number += 1
            where = act.span or found.other.body.span
            if act.pc is None:
                lines.append(f"  {number}. {where}: {act.what}")
            else:
                lines.append(f"  {number}. {_at(program, found.victim.body.span, act.pc)}")
                lines.append(f"     {where}: the other CPU {act.what}")
    lines += [f"  {found.what}"] if found.what else []
    for when, shared in (("before", found.first), ("after ", found.shared)):
        for lane in range(CPUS + 1):
            fields = values(cases.record, shared[lane * cases.stride :][: cases.record.size], program.order)
            changed = {
                n: v for n, v in fields.items() if shared is found.first or v != _was(found, cases, program, lane, n)
            }
            lines.append(f"  {when} lane {lane}: {_fields(changed)}")
    came = [_shown(outcome) for outcome in found.outcomes]
    lines += [f"  they came to {came[0]} and {came[1]}", f"  replay: {command}"]
    return Violation(found.slug, found.victim.name, arch, program.index, command, str(where), "\n".join(lines))


def _was(found: Beside, cases: Cases, program: Program, lane: int, name: str) -> Any:
    return values(cases.record, found.first[lane * cases.stride :][: cases.record.size], program.order)[name]


def _at(program: Program, span: Span, pc: int) -> str:
    """Where the sequence is: an instruction of its section, or outside of it."""
    place: Place | None = program.places.get(offset(pc))
    if place is None:
        return f"{span}: {'at its end' if pc == STOP else f'outside of the section, at offset {offset(pc):#x}'}"
    where = f"before instruction {place.number} of {place.count}" if place.number else "before the section"
    return f"{place.span or span}: {where}, `{place.text}`"


def _command(target: str, arch: str, depth: int, replay: str) -> str:
    """What tries that run again: on the command line, or in Python if what was checked is local and has no name."""
    if target:
        return f"rseq check {target} --arch {arch} --depth {depth}" + (f" --replay {replay}" if replay else "")
    return f'rseq.check.check(…, arch="{arch}", depth={depth}' + (f', replay="{replay}")' if replay else ")")


class _Story:
    def __init__(self, finding: Finding, program: Program, cases: Cases, depth: int, target: str) -> None:
        self.finding, self.program, self.cases = finding, program, cases
        replay = finding.run.name if finding.slug != "no-lane" else ""
        self.command = _command(target, program.architecture.name, depth, replay)

    def violation(self) -> Violation:
        finding, program = self.finding, self.program
        where = self._where()
        call = _call(finding.run.victim.name, finding.run.arguments)
        says = _SAYS[finding.slug]
        lines = [f"{where}: error[{finding.slug}]: {call}, {program.architecture.name}: {says}"]
        lines += [line for number, hop in enumerate(finding.run.hops, 1) for line in self._hop(number, hop)]
        lines += [f"  {finding.what}"] if finding.what else []
        lines += self._memory("before", finding.run.first)
        lines += self._memory("after ", finding.shared)
        lines += self._expected()
        lines.append(f"  replay: {self.command}")
        return Violation(
            finding.slug,
            finding.run.victim.name,
            program.architecture.name,
            program.index,
            self.command,
            str(where),
            "\n".join(lines),
        )

    def _where(self) -> Span:
        """The source of the instruction that was interrupted last, as far as it is one of the section."""
        for hop in reversed(self.finding.run.hops):
            place = self.program.places.get(offset(hop.pc))
            if place is not None and place.span is not None:
                return place.span
        return self.finding.run.victim.body.span

    def _hop(self, number: int, hop: Hop) -> list[str]:
        place = self.program.places.get(offset(hop.pc))
        if place is None:
            at = f"{self.finding.run.victim.body.span}: outside of the section, at offset {offset(hop.pc):#x}"
        elif place.number == 0:
            at = f"{place.span or self.finding.run.victim.body.span}: before the section, {self._text(hop)}"
        else:
            span = place.span or self.finding.run.victim.body.span
            at = f"{span}: before instruction {place.number} of {place.count}, {self._text(hop)}"
        event = hop.event
        call = _call(event.operation.name, event.arguments) if event.operation is not None else ""
        happens = _HAPPENS[event.kind].format(call=call, cpu=hop.cpu)
        came_to = f", which comes to {_shown(hop.outcome)}" if hop.outcome is not None else ""
        return [f"  {number}. {at}", f"     {happens}{came_to} ({hop.generation} kernel)"]

    def _text(self, hop: Hop) -> str:
        place = self.program.places[offset(hop.pc)]
        return f"`{place.text}`" + (f" ({place.line.comment})" if place.line.comment else "")

    def _memory(self, when: str, shared: bytes) -> list[str]:
        stride, record = self.cases.stride, self.cases.record
        order = self.program.order
        lanes = [values(record, shared[lane * stride :][: record.size], order) for lane in range(CPUS)]
        first = self.finding.run.first
        changed = [
            {name: value for name, value in lane.items() if self._differs(name, shared, number) or shared == first}
            for number, lane in enumerate(lanes)
        ]
        return [f"  {when} lane {number}: {_fields(lane)}" for number, lane in enumerate(changed)]

    def _differs(self, name: str, shared: bytes, lane: int) -> bool:
        field = self.cases.record.fields[name]
        at = lane * self.cases.stride + field.offset
        return shared[at : at + field.type.size] != self.finding.run.first[at : at + field.type.size]

    def _expected(self) -> list[str]:
        lines = [f"  it came to {_shown(self.finding.outcome)}"] if self.finding.outcome is not None else []
        for order in self.finding.possible:
            lanes = "; ".join(f"lane {lane}: {_fields(self._live(order.shared, lane))}" for lane in range(CPUS))
            lines.append(f"  an order gives {_shown(order.outcome)}, {lanes}")
        return lines

    def _live(self, shared: bytes, lane: int) -> dict[str, Any]:
        record, order = self.cases.record, self.program.order
        data = shared[lane * self.cases.stride :][: record.size]
        chosen = chosen_live(record, data, order)
        return values(record, data, order, prepared=False) | ({} if chosen is None else {"live": chosen})


def _call(name: str, arguments: Sequence[int | float]) -> str:
    return f"{name}({', '.join(map(repr, arguments))})"


def _shown(outcome: Outcome | None) -> str:
    return "nothing" if outcome is None else str(outcome)


def _fields(fields: dict[str, Any]) -> str:
    return ", ".join(f"{name} {_short(value)}" for name, value in fields.items()) or "as before"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
