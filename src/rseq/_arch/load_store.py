"""What the architectures share that compute in registers, and load and store apart from that.

An emitter says how its processor does each step (`copy`, `extend` …); which steps an operation takes is here.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from rseq._arch.emitter import Emitter
from rseq._arch.registers import RegisterClass, Slot
from rseq._language import ir
from rseq._language.types import Scalar, Word

FLOAT = {"+": "fadd", "-": "fsub", "*": "fmul", "/": "fdiv"}
"""What most call the arithmetic of floats."""


def by_type(signed: str, unsigned: str, floats: str = "") -> dict[tuple[str, int], str]:
    """Instructions by the kind and the size of a number: those for 1, 2, 4 and 8 bytes, and for floats of 4 and 8."""
    named = {"signed": signed.split(), "unsigned": unsigned.split()}
    found = {(kind, 1 << place): name for kind, names in named.items() for place, name in enumerate(names)}
    found["bool", 1] = found["unsigned", 1]
    if ("unsigned", 8) in found:
        found["pointer", 8] = found["unsigned", 8]
    return found | {("float", size): name for size, name in zip((4, 8), floats.split(), strict=False)}


class LoadStoreEmitter(Emitter):
    """An emitter for which copying and converting are instructions on registers."""

    RELEASE: ClassVar[str]
    """The instruction that all accesses before it come before what is stored after it, if there is one."""

    @abstractmethod
    def copy(self, target: Slot, source: Slot) -> None:
        """Emit a copy of a register to another one of its kind."""

    @abstractmethod
    def set_float(self, target: Slot, constant: ir.Const) -> None:
        """Emit a constant in a floating-point register."""

    @abstractmethod
    def set_integer(self, target: Slot | str, number: int) -> None:
        """Emit a constant of up to 64 bits, with a sign or without, in a register."""

    @abstractmethod
    def extend(self, target: Slot, source: Slot, type: Word) -> None:
        """Emit the low bits of `source`, extended as `type` says; nothing if they are all there."""

    @abstractmethod
    def float_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        """Emit rounding, widening, or a copy."""

    @abstractmethod
    def float_to_integer(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        """Emit a conversion that rounds towards zero and saturates, and makes 0 of NaN."""

    @abstractmethod
    def integer_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        """Emit a conversion that rounds once."""

    def base_of(self, address: ir.Address) -> Slot:
        """The register that an address begins with: the lane's, if it names none."""
        return self.status if address.base is None else self.slot(address.base)

    def is_release(self, op: ir.Store | ir.AddStore) -> bool:
        """True for a commit that all accesses before it must come before."""
        return op.commit and self.section.body.release

    def release(self, op: ir.Store | ir.AddStore) -> None:
        """Emit what makes a commit a release, before its store."""
        if self.is_release(op):
            self.line(self.RELEASE)

    def compared(self, op: ir.BranchIf) -> tuple[ir.Operand, ir.ComparisonName, ir.Operand]:
        """What a branch compares, and how, such that only the second operand may be a constant."""
        if isinstance(op.left, ir.Const):
            return op.right, ir.MIRRORED[op.comparison], op.left
        return op.left, op.comparison, op.right

    def emit_set(self, op: ir.Set) -> None:
        target = self.slot(op.target)
        if isinstance(op.source, ir.Value):
            if self.slot(op.source).number != target.number:
                self.copy(target, self.slot(op.source))
        elif target.kind == "int":
            self.set_integer(target, int(op.source.number))
        else:
            self.set_float(target, op.source)

    def emit_convert(self, op: ir.Convert) -> None:
        source, given = self.slot(op.source), self.scalar(op.source)
        target, to = self.slot(op.target), self.scalar(op.target)
        if given.is_float:
            (self.float_to_float if to.is_float else self.float_to_integer)(target, to, source, given)
        elif to.is_float:
            self.integer_to_float(target, to, source, given)
        elif not self.is_held(op):
            self.extend(target, source, to)


class OwnRegistersEmitter(LoadStoreEmitter):
    """An emitter whose blocks have registers of their own, beside their operands.

    `VALUE` is for values that an instruction cannot hold, such as large constants; `PLACE` for addresses.
    """

    VALUE: ClassVar[str]
    PLACE: ClassVar[str]

    def needs_register(self, op: ir.Op, constant: ir.Const) -> bool:
        """Where there are two constants, the first one does; floats always do."""
        is_one_of_two = isinstance(op, (ir.Arithmetic, ir.BranchIf)) and isinstance(op.right, ir.Const)
        return (is_one_of_two and constant is getattr(op, "left", None)) or constant.type.is_float

    def scratch(self, op: ir.Op) -> Sequence[RegisterClass | str]:
        """Addresses of a copy, which lasts; all else is done with the block's own registers."""
        return ("int", "int") if isinstance(op, ir.Copy) else ()

    def operand(self, operand: ir.Operand) -> str:
        """Where a value is; a constant is put into `VALUE`."""
        if isinstance(operand, ir.Value):
            return str(self.slot(operand))
        self.set_integer(self.VALUE, int(operand.number))
        return self.VALUE

    def length(self, check: ir.Check) -> ir.Operand:
        """What a check compares its index with."""
        return ir.Const(check.length, check.index.type) if isinstance(check.length, int) else check.length
