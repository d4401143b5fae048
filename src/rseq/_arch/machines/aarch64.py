"""aarch64: loads and stores of registers, three operands, flags only where they are asked for.

The status slot holds the lane's address, of which fields are at fixed offsets; what an instruction cannot
reach goes through a scratch register. `stlr` makes a commit a release, which takes a bare register as its
address; for acquire, one `dmb ishld` stands behind the end, where all ways out of the section meet.

Ranges, from anywhere in a block to its cold code: conditional branches and literals 1 MiB, `b` 128 MiB, `adrp`
4 GiB. A section of 4096 operations, the most that unrolling may make, has less than 256 KiB.

Budget: 31 registers, less the frame pointer (x29), the base pointer of dynamic, over-aligned frames (x19), the
platform's register (x18) and the link register (x30), which callers may want to keep, leaves 27; three of
those stay with the compiler, to reach what it has spilled (Clang 22 accepts more than 27 in the worst callers).

The counter is read where it stands: like x86-64's, the processor may read it a little earlier or later.

Sources: struct offsets, abi.py; signature (brk #0x45e0) and system call number, librseq and its generic table
of the kernel; relocations, "ELF for the Arm 64-bit Architecture". The vDSO of this architecture has no getcpu.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import ClassVar

from rseq._arch.arm import OPPOSITE, ORDERED, SIGNED, UNSIGNED, ArmEmitter, sign
from rseq._arch.base import Architecture, Emulator
from rseq._arch.immediates import fitting, half_words, insert, is_repeated_run
from rseq._arch.load_store import FLOAT
from rseq._arch.registers import RegisterClass, Slot
from rseq._language import ir
from rseq._language.types import Scalar, Word

_LOAD = {  # into 64 bits; a write of the lower half clears the upper one
    ("signed", 1): ("ldrsb", "x"),
    ("signed", 2): ("ldrsh", "x"),
    ("signed", 4): ("ldrsw", "x"),
    ("signed", 8): ("ldr", "x"),
    ("unsigned", 1): ("ldrb", "w"),
    ("unsigned", 2): ("ldrh", "w"),
    ("unsigned", 4): ("ldr", "w"),
    ("unsigned", 8): ("ldr", "x"),
    ("bool", 1): ("ldrb", "w"),
    ("pointer", 8): ("ldr", "x"),
}
_STORE = {1: ("strb", "w"), 2: ("strh", "w"), 4: ("str", "w"), 8: ("str", "x")}
_RELEASE = {1: ("stlrb", "w"), 2: ("stlrh", "w"), 4: ("stlr", "w"), 8: ("stlr", "x")}
_EXTEND = {
    ("signed", 1): ("sxtb", "x"),
    ("signed", 2): ("sxth", "x"),
    ("signed", 4): ("sxtw", "x"),
    ("unsigned", 1): ("uxtb", "w"),
    ("unsigned", 2): ("uxth", "w"),
    ("unsigned", 4): ("mov", "w"),
    ("bool", 1): ("uxtb", "w"),
}
_INTEGER = {"+": "add", "-": "sub", "*": "mul", "&": "and", "|": "orr", "^": "eor"}

R_ABS64, R_PREL64, R_PREL32, R_ADR_PAGE = 257, 260, 261, 275
_DISTANCES = {273: (5, 19), 279: (5, 14), 280: (5, 19), 282: (0, 26), 283: (0, 26)}  # in words; field and width
_LOW_12 = {277: 0, 278: 0, 284: 1, 285: 2, 286: 3, 299: 4}  # add and loads by size, scaled by that


class Arm64(Architecture):
    """See the module's text."""

    name = "aarch64"
    is_shipped = True
    triple = "aarch64-unknown-linux-gnu"
    signature = 0xD428BC00
    vdso_getcpu = ""
    breakpoint = "brk #0"
    thread_pointer = bytes.fromhex("40d03bd5c0035fd6")  # mrs x0, tpidr_el0; ret
    clock = ("mrs $0, cntvct_el0", "=r")
    release_marks = ("stlr",)
    relax = "yield"
    constraints: ClassVar = {"int": "r", "float": "w"}
    registers: ClassVar = {
        "int": tuple(f"x{number}" for number in range(29) if number not in (18, 19)),
        "float": tuple(f"v{number}" for number in range(32)),
    }
    clobbers = ("memory", "cc")
    comment = "//"
    c_condition = "defined(__aarch64__) && !defined(__ILP32__) && !defined(__AARCH64EB__)"
    budget: ClassVar = {"int": 24, "float": 28}
    emulator = Emulator(
        "arm64_const",
        "UC_ARCH_ARM64",
        ("UC_MODE_ARM",),
        program_counter="UC_ARM64_REG_PC",
        stack_pointer="UC_ARM64_REG_SP",
        thread_pointer="UC_ARM64_REG_TPIDR_EL0",
        link="UC_ARM64_REG_LR",
        initial=(("UC_ARM64_REG_CPACR_EL1", 3 << 20),),
    )

    def register(self, name: str, form: str) -> str:
        """x0, w0, d0, s0."""
        return f"{form}{name[1:]}" if form else name

    def relocate(self, kind: int, image: bytearray, where: int, target: int) -> bool:
        """Distances, and the page and place of an address, in the fields of instructions; ABS64 is the pointer."""
        distance = target - where
        if kind == R_ABS64:
            return True
        if kind in (R_PREL32, R_PREL64):
            struct.pack_into("<i" if kind == R_PREL32 else "<q", image, where, distance)
        elif kind in _DISTANCES:
            shift, bits = _DISTANCES[kind]
            insert(image, where, fitting(distance >> 2, bits), ((0, bits - 1, shift),))
        elif kind == R_ADR_PAGE:
            pages = fitting((target >> 12) - (where >> 12), 21)
            insert(image, where, pages, ((0, 1, 29), (2, 20, 5)))
        elif kind in _LOW_12:
            insert(image, where, target, ((_LOW_12[kind], 11, 10),))
        else:
            raise ValueError(f"unexpected aarch64 relocation {kind}")
        return False


class _Emitter(ArmEmitter):
    JUMP, WORD = "b", ".inst"
    ACQUIRE, STATUS = "dmb ishld", "mov {0}, #{1}"
    SET_CS = (
        "adrp {status}, {descriptor}",
        "add {status}, {status}, :lo12:{descriptor}",
        "str {status}, [{area}, #{RSEQ_CS}]",
    )
    REQUIRE_REGISTERED = "ldr {status:w}, [{area}, #{CPU_ID}]", "cmp {status:w}, #0", "b.lt {leave}"
    READ_NUMBER = "ldr {status:w}, [{area}, #{number}]", "cmp {status:w}, {lanes:w}", "b.hs {leave}"
    KEEP_NUMBER = "mov {cpu:w}, {status:w}"
    FIND_LANE = ("madd {status}, {status}, {stride}, {base}",)

    # ---- what needs registers

    def needs_register(self, op: ir.Op, constant: ir.Const) -> bool:
        if constant.type.is_float:
            return True
        number = int(constant.number)
        match op:
            case ir.Store():
                return number != 0
            case ir.BranchIf():
                two = isinstance(op.left, ir.Const) and isinstance(op.right, ir.Const)
                return two or not self.adds(abs(number))
            case ir.Arithmetic() if constant is op.left:
                return number != 0 or isinstance(op.right, ir.Const)
            case ir.Arithmetic(operator="+" | "-") | ir.AddStore():
                return not self.adds(abs(number))
            case ir.Arithmetic(operator="<<" | ">>"):
                return False
            case ir.Arithmetic(operator="&" | "|" | "^"):
                return number != 0 and not is_repeated_run(number)
        return number != 0

    def scratch(self, op: ir.Op) -> Sequence[RegisterClass | str]:
        match op:
            case ir.Load():
                return self._address_scratch(op.address)
            case ir.Store():
                value = ("int",) if self.is_release(op) and op.address.type.is_float else ()
                return (*self._address_scratch(op.address, bare=self.is_release(op)), *value)
            case ir.AddStore():
                return ("int", *self._address_scratch(op.address), *(("int",) if self.is_release(op) else ()))
            case ir.Check():
                return () if isinstance(op.length, ir.Value) or self.adds(op.length) else ("int",)
            case ir.Copy():
                return (*("int",) * (3 + (self.unrolled(op) is None)), "float")
            case ir.Convert():
                return ("int",) if op.source.type.is_float and op.target.type.size < 4 else ()
            case ir.Arithmetic(operator="<<" | ">>"):
                return ("int",) if isinstance(op.right, ir.Value) and op.target.type.size < 4 else ()
        return ()

    def _address_scratch(self, address: ir.Address, *, bare: bool = False) -> Sequence[RegisterClass]:
        return () if self._is_simple(address, bare=bare) else ("int",)

    # ---- operands

    def _source(self, operand: ir.Operand, form: str = "x") -> str:
        if isinstance(operand, ir.Const):
            return f"#{int(operand.number)}" if operand.number else f"{form}zr"
        return format(self.slot(operand), form)

    def _add_immediate(self, name: str, operands: str, constant: ir.Const) -> None:
        """`add`, `sub` or `cmp` of a constant, which the instruction has no sign for."""
        number = int(constant.number)
        self.line(f"{name if number >= 0 else OPPOSITE[name]} {operands}, #{abs(number)}")

    def adds(self, number: int) -> bool:
        """Twelve bits, or twelve bits shifted by twelve."""
        return 0 <= number < 1 << 12 or (number < 1 << 24 and number & 0xFFF == 0)

    def reaches(self, address: ir.Address) -> bool:
        """Twelve bits of its size."""
        size = address.type.size
        return 0 <= address.offset < 4096 * size and address.offset % size == 0

    def _is_simple(self, address: ir.Address, *, bare: bool = False) -> bool:
        """True if the address is a memory operand as it is."""
        if address.index is not None:
            return address.offset == 0 and address.scale in (1, address.type.size) and not bare
        return address.offset == 0 if bare else self.reaches(address)

    # ---- one method for each operation

    def copy(self, target: Slot, source: Slot) -> None:
        if target.kind == "float":
            self.line(f"fmov <{target.number}:d>, <{source.number}:d>")
        else:
            self.line(f"mov {target}, {source}")

    def set_float(self, target: Slot, constant: ir.Const) -> None:
        name = _name(target, constant.type)
        if constant == ir.Const(0.0, constant.type):
            self.line(f"fmov {name}, {'wzr' if constant.type.size == 4 else 'xzr'}")
        else:
            self.line(f"ldr {name}, {self.literal(constant)}b")

    def set_integer(self, target: Slot | str, number: int) -> None:
        if is_repeated_run(number):
            self.line(f"mov {target}, #{number}")
            return
        for name, half, shift in half_words(number):
            self.line(f"{name} {target}, #{half}" + (f", lsl #{shift}" if shift else ""))

    def emit_arithmetic(self, op: ir.Arithmetic) -> None:
        target, type = self.slot(op.target), self.scalar(op.target)
        if type.is_float:
            names = (_name(self.slot(value), type) for value in (op.target, op.left, op.right))
            self.line(f"{FLOAT[op.operator]} {', '.join(names)}")
        elif op.operator in ("<<", ">>"):
            self._shift(op, target, type)
        elif op.operator == "quo":
            self.line(f"{sign(type)}div {target}, {self._source(op.left)}, {self._source(op.right)}")
            if type.kind == "signed":  # the smallest by -1 leaves the type
                self.extend(target, target, type)
        else:
            self._combine(op, target, type)

    def _combine(self, op: ir.Arithmetic, target: Slot, type: Scalar) -> None:
        wraps = op.operator in ("+", "-", "*")
        form = "w" if wraps and type.name == "u32" else "x"  # w: wraps as u32 does
        name, left = _INTEGER[op.operator], self._source(op.left, form)
        if isinstance(op.right, ir.Const) and op.operator in ("+", "-"):
            self._add_immediate(name, f"{target:{form}}, {left}", op.right)
        else:
            self.line(f"{name} {target:{form}}, {left}, {self._source(op.right, form)}")
        if wraps and form == "x":
            self.extend(target, target, type)

    def _shift(self, op: ir.Arithmetic, target: Slot, type: Scalar) -> None:
        """Counts are masked by the processor in forms of 64 and 32 bits, in narrower types here."""
        name = "lsl" if op.operator == "<<" else ("asr" if type.kind == "signed" else "lsr")
        form = "w" if type.bits == 32 else "x"
        if isinstance(op.right, ir.Const):
            count = f"#{int(op.right.number) & (type.bits - 1)}"
        else:
            count = format(self.slot(op.right), form)
            if type.bits < 32:
                count = format(self.extra[0], form)
                self.line(f"and {count}, {self.slot(op.right)}, #{type.bits - 1}")
        self.line(f"{name} {target:{form}}, {self._source(op.left, form)}, {count}")
        if (op.operator == "<<" or form == "w") and type.name != "u32":
            self.extend(target, target, type)

    def extend(self, target: Slot, source: Slot, type: Word) -> None:
        """The low bits of `source` as its type says; nothing if they are all there."""
        if type.size < 8:
            name, form = _EXTEND[type.kind, type.size]
            self.line(f"{name} {target:{form}}, {source:w}")
        elif target.number != source.number:
            self.copy(target, source)

    def emit_load(self, op: ir.Load) -> None:
        target, type = self.slot(op.target), op.target.type
        memory = self.memory(op.address, self.extra[0] if self.extra else None)
        if target.kind == "float":
            self.line(f"ldr {_name(target, type)}, {memory}")
        else:
            name, form = _LOAD[type.kind, type.size]
            self.line(f"{name} {target:{form}}, {memory}")

    def emit_store(self, op: ir.Store) -> None:
        bare, type, extra = self.is_release(op), op.address.type, list(self.extra)
        spare = None if self._is_simple(op.address, bare=bare) else extra.pop(0)
        memory = self.memory(op.address, spare, bare=bare)
        name, form = (_RELEASE if bare else _STORE)[type.size]
        if type.is_float:
            source = _name(self.slot(op.source), type)
            if bare:  # there is no such store of a float
                self.line(f"fmov {extra[0]:{form}}, {source}")
                source = format(extra[0], form)
        else:
            source = self._source(op.source, form)
        self.line(f"{name} {source}, {memory}")

    def emit_addstore(self, op: ir.AddStore) -> None:
        total, *extra = self.extra
        size = op.address.type.size
        memory = self.memory(op.address, None if self._is_simple(op.address) else extra.pop(0))
        name, form = _LOAD["unsigned", size]
        self.line(f"{name} {total:{form}}, {memory}")
        if isinstance(op.source, ir.Const):
            self._add_immediate("add", f"{total:{form}}, {total:{form}}", op.source)
        else:
            self.line(f"add {total:{form}}, {total:{form}}, {self.slot(op.source):{form}}")
        if self.is_release(op):
            self.locate(op.address, extra[0])
            self.line(f"{_RELEASE[size][0]} {total:{form}}, [{extra[0]}]")
        else:
            self.line(f"{_STORE[size][0]} {total:{form}}, {memory}")

    def emit_copy(self, op: ir.Copy) -> None:
        """From the end to the start: then the count of what is left is the offset of what comes next."""
        to, source, held, *more, wide = self.extra
        self.locate(op.target, to)
        self.locate(op.source, source)
        nbytes = self.unrolled(op)
        if nbytes is not None:
            for offset, width in self.pieces(nbytes, widest=16):
                self._move(width, source, to, f"#{offset}", held, wide)
            return
        (left,) = more
        if isinstance(op.nbytes, ir.Const):
            self.set_integer(left, int(op.nbytes.number))
        else:
            self.copy(left, self.slot(op.nbytes))
        again, check = self.new_label(), self.new_label()
        self.line(f"b {check}f")
        self.label(again)
        self.line(f"sub {left}, {left}, #16")
        self._move(16, source, to, str(left), held, wide)
        self.label(check)
        self.line(f"cmp {left}, #16")
        self.line(f"b.hs {again}b")
        for width in (8, 4, 2, 1):  # the bits of what is left say what is
            skip = self.new_label()
            self.line(f"tbz {left}, #{width.bit_length() - 1}, {skip}f")
            self.line(f"sub {left}, {left}, #{width}")
            self._move(width, source, to, str(left), held, wide)
            self.label(skip)

    def _move(self, width: int, source: Slot, to: Slot, at: str, held: Slot, wide: Slot) -> None:
        if width == 16:
            self.line(f"ldr <{wide.number}:q>, [{source}, {at}]")
            self.line(f"str <{wide.number}:q>, [{to}, {at}]")
            return
        (load, form), (store, _) = _LOAD["unsigned", width], _STORE[width]
        self.line(f"{load} {held:{form}}, [{source}, {at}]")
        self.line(f"{store} {held:{form}}, [{to}, {at}]")

    def emit_check(self, op: ir.Check) -> None:
        length = f"#{op.length}" if isinstance(op.length, int) else str(self.slot(op.length))
        if self.extra and isinstance(op.length, int):
            length = str(self.extra[0])
            self.set_integer(self.extra[0], op.length)
        self.line(f"cmp {self.slot(op.index)}, {length}")
        self.line(f"{'b.hi' if op.inclusive else 'b.hs'} {self.fault_exit(op)}b")

    def emit_clock(self, op: ir.Clock) -> None:
        self.line(f"mrs {self.slot(op.target)}, cntvct_el0")

    def emit_branchif(self, op: ir.BranchIf) -> None:
        (left, sign, right), to = self.compared(op), self.to(op.label)
        if left.type.is_float:
            self.line(f"fcmp {_name(self.slot(left), left.type)}, {_name(self.slot(right), right.type)}")
            self.line(f"b.{ORDERED[sign]} {to}")
            return
        if isinstance(right, ir.Const) and right.number == 0 and sign in ("==", "!="):
            self.line(f"{'cbz' if sign == '==' else 'cbnz'} {self._source(left)}, {to}")
            return
        if isinstance(right, ir.Const):
            self._add_immediate("cmp", self._source(left), right)
        else:
            self.line(f"cmp {self._source(left)}, {self._source(right)}")
        self.line(f"b.{(SIGNED if left.type.kind == 'signed' else UNSIGNED)[sign]} {to}")

    # ---- conversions

    def float_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        name = "fmov" if given == to else "fcvt"
        self.line(f"{name} {_name(target, to)}, {_name(source, given)}")

    def integer_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        self.line(f"{sign(given)}cvtf {_name(target, to)}, {source}")

    def float_to_integer(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        """The processor saturates to 32 and 64 bits and makes 0 of NaN, as the language does."""
        form = "w" if to.size == 4 else "x"
        self.line(f"fcvtz{sign(to)} {target:{form}}, {_name(source, given)}")
        if to.name == "i32":
            self.extend(target, target, to)
        if to.size < 4:
            bounds = ((to.maximum, "lt"), (to.minimum, "gt")) if to.kind == "signed" else ((to.maximum, "lo"),)
            for bound, keeps in bounds:
                self.set_integer(self.extra[0], bound)
                self.line(f"cmp {target}, {self.extra[0]}")
                self.line(f"csel {target}, {target}, {self.extra[0]}, {keeps}")


def _name(slot: Slot, type: Word) -> str:
    """A floating-point register as the number's width says."""
    return f"<{slot.number}:{'s' if type.size == 4 else 'd'}>"


ARCHITECTURE = Arm64(_Emitter)
