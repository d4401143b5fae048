"""What the two Arm architectures share: conditions, and addresses of a register, an offset or a shifted index."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping

from rseq._arch.load_store import LoadStoreEmitter
from rseq._arch.registers import Slot
from rseq._language import ir
from rseq._language.types import Scalar

OPPOSITE: Mapping[str, str] = {"add": "sub", "sub": "add", "cmp": "cmn"}
"""What does the same with the negative number."""

SIGNED: Mapping[ir.ComparisonName, str] = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}
UNSIGNED: Mapping[ir.ComparisonName, str] = {"==": "eq", "!=": "ne", "<": "lo", "<=": "ls", ">": "hi", ">=": "hs"}
ORDERED: Mapping[ir.ComparisonName, str] = {"==": "eq", "!=": "ne", "<": "mi", "<=": "ls", ">": "gt", ">=": "ge"}
"""After a comparison of floats: false for NaN, != apart."""


class ArmEmitter(LoadStoreEmitter):
    """An emitter for either."""

    @abstractmethod
    def adds(self, number: int) -> bool:
        """True if `add` holds it."""

    @abstractmethod
    def reaches(self, address: ir.Address) -> bool:
        """True if a load or store holds the offset."""

    def memory(self, address: ir.Address, spare: Slot | None, *, bare: bool = False) -> str:
        """The memory operand; `spare` is for an address that is none as it is. `bare`: nothing but a register."""
        base = self.base_of(address)
        if spare is None:
            if address.index is not None:
                return f"[{base}, {self.slot(address.index)}{scaled(address)}]"
            return _with_offset(base, address.offset)
        if address.index is not None and self.reaches(address) and not bare:
            self.line(f"add {spare}, {base}, {self.slot(address.index)}{scaled(address)}")
            return _with_offset(spare, address.offset)
        self.locate(address, spare)
        return f"[{spare}]"

    def locate(self, address: ir.Address, into: Slot) -> None:
        """Emit the whole address; `into` is neither base nor index."""
        base = self.base_of(address)
        if not self.adds(address.offset):
            self.set_integer(into, address.offset)
            self.line(f"add {into}, {base}, {into}")
            base = into
        elif address.offset or address.index is None:
            self.line(f"add {into}, {base}, #{address.offset}")
            base = into
        if address.index is not None:
            self.line(f"add {into}, {base}, {self.slot(address.index)}{scaled(address)}")

    def emit_locate(self, op: ir.Locate) -> None:
        self.locate(op.address, self.slot(op.target))


def _with_offset(base: Slot, offset: int) -> str:
    return f"[{base}, #{offset}]" if offset else f"[{base}]"


def scaled(address: ir.Address) -> str:
    """How the index is shifted, as the end of an operand."""
    shift = address.scale.bit_length() - 1
    return f", lsl #{shift}" if shift else ""


def sign(type: Scalar) -> str:
    """The letter of instructions that have a form for numbers with a sign and one for those without."""
    return "s" if type.kind == "signed" else "u"
