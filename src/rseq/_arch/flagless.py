"""What the architectures share that compare and branch in one instruction: twelve-bit immediates, no flags.

Integers are in 64 bits as their types say. An address is a register and twelve bits; what is more goes through
scratch registers, of which an operation asks for as many as its address takes.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from rseq._arch.immediates import fits
from rseq._arch.load_store import LoadStoreEmitter
from rseq._arch.registers import RegisterClass, Slot
from rseq._integers import signed
from rseq._language import ir
from rseq._language.types import Scalar, Word

Memory = tuple[str, str]
"""A memory operand: what goes before the dot in the instruction's name, and the operand itself."""


class FlaglessEmitter(LoadStoreEmitter):
    """An emitter of comparisons and branches in one."""

    ZERO: ClassVar[str]
    """The register that is 0."""
    SET: ClassVar[str]
    """What the assembler makes a constant of."""
    WIDE: ClassVar[str]
    """What the names of instructions on 64 bits end with."""
    BELOW: ClassVar[str]
    """The instruction that says whether a register is below a constant, without a sign."""
    MOVE: ClassVar[str]
    """What copies a register to another one."""
    MOVE_FLOAT: ClassVar[str]
    """And one of floats, before the letter."""
    LOAD: ClassVar[Mapping[tuple[str, int], str]]
    STORE: ClassVar[Mapping[int, str]]
    STORE_FLOAT: ClassVar[Mapping[int, str]]

    @abstractmethod
    def at(self, base: Slot, offset: int) -> Memory:
        """The memory operand of a register and a short offset."""

    @abstractmethod
    def memory(self, address: ir.Address, extra: Sequence[Slot]) -> Memory:
        """The memory operand, with registers for what does not stand in it."""

    def combines_with(self, number: int) -> bool:
        """True if `and`, `or` and `xor` hold it."""
        return is_short(number)

    def address_scratch(self, address: ir.Address) -> int:
        """How many registers an address takes that is no memory operand as it is."""
        return int(address.index is not None) + int(not is_short(address.offset))

    # ---- what needs registers

    def needs_register(self, op: ir.Op, constant: ir.Const) -> bool:
        if constant.type.is_float:
            return True
        number = int(constant.number)
        match op:
            case ir.Arithmetic() if constant is op.left:
                return number != 0
            case ir.Arithmetic(operator="<<" | ">>"):
                return False
            case ir.Arithmetic(operator="-"):
                return not is_short(-number)
            case ir.Arithmetic(operator="+") | ir.AddStore():
                return not is_short(number)
            case ir.Arithmetic(operator="&" | "|" | "^"):
                return not self.combines_with(number)
        return number != 0

    def scratch(self, op: ir.Op) -> Sequence[RegisterClass | str]:
        match op:
            case ir.Set(source=ir.Const()):
                return ("int",) if op.target.type.is_float and op.source != ir.Const(0.0, op.target.type) else ()
            case ir.Load() | ir.Store():
                return ("int",) * self.address_scratch(op.address)
            case ir.AddStore():
                return ("int",) * (1 + self.address_scratch(op.address))
            case ir.Locate():
                return () if is_short(op.address.offset) else ("int",)
            case ir.Copy():
                return ("int",) * 4
            case ir.Arithmetic(operator="<<" | ">>"):
                return ("int",) if isinstance(op.right, ir.Value) and op.target.type.size < 4 else ()
        return ()

    # ---- operands

    def source(self, operand: ir.Operand) -> str:
        """The register of a value, or of 0, the only constant that has one."""
        if isinstance(operand, ir.Const):
            assert operand.number == 0
            return self.ZERO
        return str(self.slot(operand))

    def copy(self, target: Slot, source: Slot) -> None:
        self.line(f"{f'{self.MOVE_FLOAT}.d' if target.kind == 'float' else self.MOVE} {target}, {source}")

    def float_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        name = f"{self.MOVE_FLOAT}.{letter(to)}" if given == to else f"fcvt.{letter(to)}.{letter(given)}"
        self.line(f"{name} {target}, {source}")

    def set_integer(self, target: Slot | str, number: int) -> None:
        self.line(f"{self.SET} {target}, {signed(number)}")

    def add_index(self, base: Slot, address: ir.Address, into: Slot) -> None:
        """Emit the address without its offset."""
        assert address.index is not None
        index, shift = self.slot(address.index), address.scale.bit_length() - 1
        if shift:
            self.line(f"slli{self.WIDE} {into}, {index}, {shift}")
            index = into
        self.line(f"add{self.WIDE} {into}, {index}, {base}")

    def locate(self, address: ir.Address, into: Slot, spare: Slot) -> None:
        """Emit the whole address; `spare` is for a large offset, and may be `into` if there is no index."""
        base = self.base_of(address)
        if address.index is not None:
            self.add_index(base, address, into)
            base = into
        if not is_short(address.offset):
            self.set_integer(spare, address.offset)
            self.line(f"add{self.WIDE} {into}, {base}, {spare}")
        elif address.offset or base is not into:
            self.line(f"addi{self.WIDE} {into}, {base}, {address.offset}")

    def access(self, name: str, register: str | Slot, memory: Memory) -> None:
        """Emit a load or store."""
        before, operand = memory
        self.line(f"{name.replace('.', f'{before}.')} {register}, {operand}")

    # ---- loads and stores

    def emit_load(self, op: ir.Load) -> None:
        name = self.LOAD[op.target.type.kind, op.target.type.size]
        self.access(name, self.slot(op.target), self.memory(op.address, self.extra))

    def emit_locate(self, op: ir.Locate) -> None:
        target = self.slot(op.target)
        self.locate(op.address, target, self.extra[0] if self.extra else target)

    def emit_store(self, op: ir.Store) -> None:
        memory, type = self.memory(op.address, self.extra), op.address.type
        self.release(op)
        self.access((self.STORE_FLOAT if type.is_float else self.STORE)[type.size], self.source(op.source), memory)

    def emit_addstore(self, op: ir.AddStore) -> None:
        total, size = self.extra[0], op.address.type.size
        memory = self.memory(op.address, self.extra[1:])
        self.access(self.LOAD["signed", size], total, memory)
        if isinstance(op.source, ir.Const):
            self.line(f"addi{self.WIDE} {total}, {total}, {int(op.source.number)}")
        else:
            self.line(f"add{self.WIDE} {total}, {total}, {self.slot(op.source)}")
        self.release(op)
        self.access(self.STORE[size], total, memory)

    def emit_copy(self, op: ir.Copy) -> None:
        """Eight bytes at a time where both places are aligned to that, else one: others may trap."""
        to, source, left, held = self.extra
        self.locate(op.target, to, held)
        self.locate(op.source, source, held)
        if isinstance(op.nbytes, ir.Const):
            self.set_integer(left, int(op.nbytes.number))
        else:
            self.copy(left, self.slot(op.nbytes))
        words, singles, done = self.new_label(), self.new_label(), self.new_label()
        self.line(f"or {held}, {to}, {source}")
        self.line(f"andi {held}, {held}, 7")
        self.line(f"bnez {held}, {singles}f")
        self.label(words)
        self.line(f"{self.BELOW} {held}, {left}, 8")
        self.line(f"bnez {held}, {singles}f")
        self._move(8, source, to, left, held)
        self.line(f"{self.JUMP} {words}b")
        self.label(singles)
        self.line(f"beqz {left}, {done}f")
        self._move(1, source, to, left, held)
        self.line(f"{self.JUMP} {singles}b")
        self.label(done)

    def _move(self, width: int, source: Slot, to: Slot, left: Slot, held: Slot) -> None:
        self.access(self.LOAD["unsigned", width], held, self.at(source, 0))
        self.access(self.STORE[width], held, self.at(to, 0))
        self.line(f"addi{self.WIDE} {source}, {source}, {width}")
        self.line(f"addi{self.WIDE} {to}, {to}, {width}")
        self.line(f"addi{self.WIDE} {left}, {left}, -{width}")


def is_short(number: int) -> bool:
    """True if an instruction holds it."""
    return fits(number, 12)


def letter(type: Word) -> str:
    """How instructions name a floating-point number's width."""
    return "s" if type.size == 4 else "d"
