"""What writes a critical section: the order of things around it, its registers, its labels, what lies out of line.

`Emitter` goes through a section's operations, one method `emit_…` for each kind. An architecture's own emitter has
those methods, and the few steps around them; `load_store.py` and what builds on it has those that several share.
"""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from rseq._abi import CPU_ID, MM_CID, RSEQ_CS
from rseq._arch.base import (
    ABORT,
    ABORTED,
    DESCRIPTOR,
    FINISH,
    FIRST_OWN,
    INDEX,
    NO_LANE,
    NONE,
    NOWHERE,
    RESTART,
    START,
    Architecture,
    Assembly,
    IndexMode,
    Line,
    RegisterError,
)
from rseq._arch.registers import Allocation, RegisterClass, Slot
from rseq._language import ir
from rseq._language.errors import Diagnostic
from rseq._language.restarts import commits
from rseq._language.section import END, NOTHING, Exit, Section
from rseq._language.types import Scalar


class Emitter(ABC):
    """Writes one section. An architecture's emitter has one method for each operation."""

    def __init__(self, architecture: Architecture, section: Section, index: IndexMode) -> None:
        self.architecture = architecture
        self.section = replace(section, ops=tuple(self._legal(section.ops)))
        self.index: IndexMode = index
        self.hot: list[Line] = []
        self.cold: list[Line] = []
        self._lines = self.hot
        self.comment = ""
        self._labels: dict[str, int] = {END: FINISH}
        self._next_label = FIRST_OWN
        self._allocation = Allocation(self.section, self.scratch, architecture.register_class)
        self.where = self._allocation.where
        self.status, self.area = self._allocation.status, self._allocation.area
        self.base, self.stride, self.lanes = self._allocation.base, self._allocation.stride, self._allocation.lanes
        self._check_budget()

    # ---- what an architecture says

    JUMP: ClassVar[str]
    """The instruction that always branches."""
    STATUS: ClassVar[str]
    """The instruction that puts a small negative number, {1}, into the register {0}."""
    ACQUIRE: ClassVar[str] = ""
    """What orders the loads until here before all that follows; nothing where every load does that."""
    WORD: ClassVar[str] = ".long"
    """The directive for the signature."""
    SET_CS: ClassVar[Sequence[str]]
    """Puts the descriptor's address into rseq_cs."""
    REQUIRE_REGISTERED: ClassVar[Sequence[str]]
    """Leaves if cpu_id says that the thread is not registered."""
    READ_NUMBER: ClassVar[Sequence[str]]
    """Puts the number that chooses the lane into the status slot, and leaves if there is no such lane."""
    KEEP_NUMBER: ClassVar[str]
    """Copies it to where a section has it that asks for it."""
    FIND_LANE: ClassVar[Sequence[str]]
    """Makes of it where the lane is."""
    UNROLLED_BYTES: ClassVar[int] = 64
    """A copy of a known length up to this is written out; a longer one, or one of a length not known, is a loop."""

    @abstractmethod
    def needs_register(self, op: ir.Op, constant: ir.Const) -> bool:
        """True if `constant` cannot stand in the instruction for `op`."""

    @abstractmethod
    def scratch(self, op: ir.Op) -> Sequence[RegisterClass | str]:
        """The registers that `op` needs beside its operands: classes, or names of fixed registers."""

    def enter(self) -> None:
        """Emit from the restart point to the lane's offset in the status slot."""
        self._write(self.SET_CS)
        self.label(START)
        self.comment = "this CPU's lane"
        if self.index == "mm_cid":  # an unregistered thread reads 0 there: see that the kernel keeps it
            self._write(self.REQUIRE_REGISTERED)
        self._write(self.READ_NUMBER)
        if self.section.cpu is not None:
            self._write([self.KEEP_NUMBER])
        self.find_lane()

    def find_lane(self) -> None:
        """Emit what makes of the number in the status slot where the lane is."""
        self._write(self.FIND_LANE)

    def _write(self, lines: Sequence[str]) -> None:
        """Emit lines in which operands, offsets and labels are named: {skip} is a new one."""
        operands = {name: getattr(self, name) for name in ("status", "area", "base", "stride", "lanes")}
        offsets = {"RSEQ_CS": RSEQ_CS, "CPU_ID": CPU_ID, "number": CPU_ID if self.index == "cpu_id" else MM_CID}
        labels = {"descriptor": f"{DESCRIPTOR}b", "leave": f"{NOWHERE}b"}
        cpu = self.section.cpu and self.where[self.section.cpu]
        skip = self.new_label() if any("{skip}" in line for line in lines) else 0
        for line in lines:
            if line == "{skip}:":
                self.skip_label(skip)
            else:
                self.line(line.format(**operands, **offsets, **labels, cpu=cpu, skip=skip))

    def skip_label(self, number: int) -> None:
        """Emit a label to which a branch around another one goes."""
        self.label(number)

    def set_status(self, status: int) -> None:
        """Emit out of line: the status."""
        self.out_of_line(self.STATUS.format(self.status, status))

    def leave_with(self, status: int) -> None:
        """Emit out of line: the status, and the jump to the end."""
        self.set_status(status)
        self.out_of_line(f"{self.JUMP} {FINISH}f")

    def abort_handler(self) -> None:
        """Emit out of line: the signature, the label ABORT, and leaving with ABORTED."""
        self.out_of_line(f"{self.WORD} {self.architecture.signature:#x}")
        self.out_of_line(f"{ABORT}:")
        self.leave_with(ABORTED)

    # ---- registers

    def _legal(self, ops: Sequence[ir.Op]) -> Iterator[ir.Op]:
        """`ops` with constants that do not fit an instruction moved to registers."""
        serial = 0
        for given in ops:
            op = given
            for name in ("left", "right", "source"):
                operand = getattr(op, name, None)
                if isinstance(operand, ir.Const) and not isinstance(op, ir.Set) and self.needs_register(op, operand):
                    serial += 1
                    held = ir.Value(f"%constant{serial}", operand.type)
                    yield ir.Set(held, operand, op.span)
                    op = op.with_operands({name: held})
            yield op

    def _check_budget(self) -> None:
        for kind in self.architecture.budget:
            budget = self.architecture.allowed(kind, len(self.section.results))
            needed = sum(slot.kind == kind for slot in self._allocation.slots)
            if needed > budget:
                raise RegisterError([self._too_many(kind, needed, budget)])

    def _too_many(self, kind: RegisterClass, needed: int, budget: int) -> Diagnostic:
        body, ops = self.section.body, self.section.ops
        position, living = self._allocation.crowd(kind)
        around = ["the rseq area", "the lanes' base", "their stride", "their number", "the status"]
        always = around if kind == "int" else []
        names = [self._described(value) for value in living]
        where = ops[position].span if ops else body.span
        return Diagnostic(
            "too-many-registers",
            f"{body.name}() needs {needed} {kind} registers on {self.architecture.name}, "
            f"where a critical section may have {budget}",
            ((where, "most values are needed here"),),
            f"each of these has a register here: {', '.join(dict.fromkeys([*names, *always]))}.",
            f"use fewer parameters, or fewer values at a time{_earlier(body)}",
        )

    def _described(self, value: ir.Value) -> str:
        """What the user calls a value: its name, or for an intermediate one the source that it comes from."""
        if not value.name.startswith("%"):
            return value.name
        if value in self.section.results:
            return "the result"
        spans = [op.span for op in self.section.ops if op.result == value]
        if not spans or spans[0].line != spans[0].end_line:
            return "an intermediate value"
        return f"`{spans[0].text[spans[0].column : spans[0].end_column].strip()}`"

    # ---- emission

    def assembly(self) -> Assembly:
        """Emit everything."""
        self.comment = "restart"
        self.label(RESTART)
        self.enter()
        for position, op in enumerate(self.section.ops):
            self.comment = str(op)
            self.extra = self._allocation.scratch[position]
            self._emit(op)
            if isinstance(op, ir.Load) and op.acquire:
                self._acquire()
        self.comment = ""
        self.label(FINISH)
        if self.section.body.acquire:
            self.comment = "acquire"
            self._acquire()
        self.comment = "this CPU has no lane, or this thread is not registered"
        self._cold_exit(NOWHERE, NO_LANE)
        if NOTHING in self._labels:
            self.comment = "return None"
            self._cold_exit(self._labels[NOTHING], NONE)
        for one in self.section.exits:
            self._leave_at(one)
        for fault in self.section.faults:
            self.comment = f"{fault.text}: index out of range" if isinstance(fault, ir.Check) else fault.sentence
            self._cold_exit(self.fault_exit(fault), INDEX - fault.number)
        self.comment = "abort"
        self.abort_handler()
        slots = tuple(self._allocation.slots)
        return Assembly(self.architecture, self.section, self.index, slots, tuple(self.hot), tuple(self.cold))

    def _acquire(self) -> None:
        if self.ACQUIRE:
            self.line(self.ACQUIRE)

    def _leave_at(self, way: Exit) -> None:
        self.comment = str(way.result)
        for name in way.labels:
            self.out_of_line(f"{self.target(name)}:")
        self._lines = self.cold
        for op in (way.result, ir.Jump(END, way.result.span)):
            self._emit(op)
        self._lines = self.hot

    def _emit(self, op: ir.Op) -> None:
        getattr(self, f"emit_{op.verb}")(op)

    def _cold_exit(self, label: int, status: int) -> None:
        self.out_of_line(f"{label}:")
        self.leave_with(status)

    def line(self, text: str) -> None:
        """Emit one instruction, of the fast path if it is not one of an exit."""
        self._lines.append(Line(text, self.comment))

    def out_of_line(self, text: str) -> None:
        """Emit one line in subsection 1."""
        self.cold.append(Line(text, self.comment))

    def label(self, number: int) -> None:
        """Emit a label of the fast path."""
        self.hot.append(Line(f"{number}:", self.comment if number in (RESTART, START) else ""))

    def unrolled(self, op: ir.Copy) -> int | None:
        """How many bytes a copy has that is written out; None if it is a loop."""
        if isinstance(op.nbytes, ir.Const) and op.nbytes.number <= self.UNROLLED_BYTES:
            return int(op.nbytes.number)
        return None

    def new_label(self) -> int:
        """A label number of the section's own."""
        self._next_label += 1
        return self._next_label

    def target(self, name: str) -> int:
        """The number of the label called `name`."""
        if name not in self._labels:
            self._labels[name] = self.new_label()
        return self._labels[name]

    def to(self, name: str) -> str:
        """The label called `name` as a jump of the fast path names it: the cold code is assembled before it."""
        return f"{self.target(name)}{'b' if self.is_aside(name) else 'f'}"

    def is_aside(self, name: str) -> bool:
        """True if the label called `name` is out of line."""
        return name == NOTHING or any(name in one.labels for one in self.section.exits)

    def fault_exit(self, fault: ir.Fault) -> int:
        """The label out of line where the section is left with an exception."""
        return self.target(f"fault {fault.number}")

    def literal(self, constant: ir.Const) -> int:
        """A constant in memory, out of line: its label, which lies behind."""
        label = self.new_label()
        data = struct.pack(self.architecture.order + self.scalar(constant).code, constant.number)
        self.out_of_line(f".balign {len(data)}")
        self.out_of_line(f"{label}:")
        self.out_of_line(f".byte {', '.join(map(str, data))}")
        return label

    def slot(self, operand: ir.Operand) -> Slot:
        """Where a value is."""
        assert isinstance(operand, ir.Value)
        return self.where[operand]

    def scalar(self, operand: ir.Operand) -> Scalar:
        """The type of a number that is computed or converted, as no pointer is."""
        assert isinstance(operand.type, Scalar)
        return operand.type

    def pieces(self, nbytes: int, widest: int = 8) -> Iterator[tuple[int, int]]:
        """(offset, width) of the moves that copy `nbytes` bytes, the widest first."""
        offset, width = 0, widest
        while offset < nbytes:
            while width > nbytes - offset:
                width //= 2
            yield offset, width
            offset += width

    def is_held(self, op: ir.Convert) -> bool:
        """True if the register of an integer that becomes another one stays as it is, since integers are extended."""
        source, target = op.source.type, op.target.type
        is_same = self.slot(op.source).number == self.slot(op.target).number
        is_wider = target.size > source.size and "signed" not in (source.kind, target.kind)
        return is_same and (target.size == 8 or is_wider or (target.size > source.size and source.kind == target.kind))

    def emit_label(self, op: ir.Label) -> None:
        """Every architecture writes labels alike."""
        self.label(self.target(op.name))

    def emit_jump(self, op: ir.Jump) -> None:
        """And jumps, but for the instruction's name."""
        self.line(f"{self.JUMP} {self.to(op.label)}")

    def emit_raise(self, op: ir.Raise) -> None:
        """And leaving with an exception."""
        self.line(f"{self.JUMP} {self.fault_exit(op)}b")


def _earlier(body: ir.Body) -> str:
    """What is computed after a commit is there once for each path, and holds its registers from one to the other."""
    after = body.graph.after
    follows = (op for commit in commits(body) for index, op in enumerate(body.ops) if after[commit] >> index & 1)
    is_late = any(isinstance(op, (ir.Arithmetic, ir.Convert)) for op in follows)
    return "; compute before the commit what is computed after it" if is_late else ""
