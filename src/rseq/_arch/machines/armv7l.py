"""armv7l: 32-bit ARM, little endian, in A32 (not Thumb), with VFPv3; registers of 32 bits.

Sequences on types of at most 32 bits, on pointers, and with f64 in between. Refused by name are those that need more:
an i64 or u64 in a register (a parameter that is only an index is checked before, so its low word will do), and an f64
as the commit, since nothing stores eight bytes in one piece on every processor of this kind. Python's own functions
are not made for it: it is for C headers and for the checker.

Records have the same layout as everywhere, so a pointer in one takes eight bytes. Its low word is loaded and stored;
the high word is never written and stays 0, as memory is when it is made. So a pointer can be a commit.

The status slot holds the lane's address. f32 and f64 are apart: a compiler knows s and d registers as different
classes ("single" and "float"), and no template can name one as the other.

Not every such processor divides: quotients of constants are made with the high half of a product (Granlund and
Montgomery, "Division by Invariant Integers using Multiplication", figures 4.1 and 5.2).

`dmb ish` before the commit makes it a release; for acquire, one stands behind the end, where all ways out of the
section meet. Ranges: branches 32 MiB; the descriptor's distance has 32 bits.

Budget: 16 registers, less sp, pc, the frame pointer (r11) and the base pointer of dynamic, over-aligned frames (r6),
leaves 12; one stays with the compiler, to reach what it has spilled. s and d registers are the same ones: some
processors have no more than d0 to d15, which are s0 to s31, and a section takes up to eight and ten of them.

Sources: struct offsets, abi.py; signature (udf) and system call number, librseq and the kernel's table for this
architecture; relocations, "ELF for the Arm Architecture". The vDSO of this architecture has no getcpu.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import ClassVar

from rseq._arch.arm import OPPOSITE, ORDERED, SIGNED, UNSIGNED, ArmEmitter, sign
from rseq._arch.base import Architecture, Emulator, IndexMode, Writes
from rseq._arch.immediates import fitting, insert, is_rotated_byte
from rseq._arch.load_store import by_type
from rseq._arch.narrow import wide_integers
from rseq._arch.registers import RegisterClass, Slot
from rseq._integers import signed
from rseq._language import ir
from rseq._language.section import Section
from rseq._language.types import Scalar, Word

_LOAD = by_type("ldrsb ldrsh", "ldrb ldrh")
_STORE = {1: "strb", 2: "strh", 4: "str", 8: "str"}
_EXTEND = by_type("sxtb sxth", "uxtb uxth")
_INTEGER = {"+": "add", "-": "sub", "&": "and", "|": "orr", "^": "eor"}
_FLOAT = {"+": "vadd", "-": "vsub", "*": "vmul", "/": "vdiv"}

_MASK = 0xFFFFFFFF
R_ABS32, R_REL32, R_CALL, R_JUMP24, R_V4BX, R_MOVW_PREL, R_MOVT_PREL = 2, 3, 28, 29, 40, 45, 46


class Arm(Architecture):
    """See the module's text."""

    name = "armv7l"
    triple = "arm-unknown-linux-gnueabihf"
    pointer_bytes = 4
    atomic_bytes = 4  # without LPAE
    signature = 0xE7F5DEF3
    syscall = 398
    membarrier = 389
    mbind = 319
    get_robust_list = 339
    perf_event_open = 364
    getcpu = 345
    vdso_getcpu = ""
    thread_pointer = bytes.fromhex("700f1dee1eff2fe1")  # mrc p15, #0, r0, c13, c0, #3; bx lr
    thread_pointer_assembly = ("mrc p15, #0, $0, c13, c0, #3", "=r")
    breakpoint = "udf #16"
    release_marks = ("dmb",)
    relax = "yield"
    clock = ("mrrc p15, #1, ${0:Q}, ${0:R}, c14", "=r")
    c_thread_pointer = '__extension__ ({ void *tp; __asm__ ("mrc p15, 0, %0, c13, c0, 3" : "=r" (tp)); tp; })'
    constraints: ClassVar = {"int": "r", "single": "t", "float": "w"}
    registers: ClassVar = {
        "int": (*(f"r{number}" for number in range(13) if number not in (6, 11)), "lr"),
        "single": tuple(f"s{number}" for number in range(8)),
        "float": tuple(f"d{number}" for number in range(4, 16)),
    }
    clobbers = ("memory", "cc")
    features = "+armv7-a,+vfp3d16"
    comment = "@"
    c_condition = (
        "defined(__ARMEL__) && __ARM_ARCH >= 7 && !defined(__thumb__) && (__ARM_FP & 8) && defined(__ARM_PCS_VFP)"
    )
    budget: ClassVar = {"int": 11, "single": 8, "float": 10}
    makes_builtins = False
    emulator = Emulator(
        "arm_const",
        "UC_ARCH_ARM",
        ("UC_MODE_ARM",),
        program_counter="UC_ARM_REG_PC",
        stack_pointer="UC_ARM_REG_SP",
        thread_pointer="UC_ARM_REG_C13_C0_3",
        link="UC_ARM_REG_LR",
        initial=(("UC_ARM_REG_C1_C0_2", 0xF << 20), ("UC_ARM_REG_FPEXC", 1 << 30)),
    )

    def allowed(self, kind: RegisterClass, results: int) -> int:
        """One less for each result after the third: LLVM runs out of registers for what becomes of them."""
        return super().allowed(kind, results) - (max(results - 3, 0) if kind == "int" else 0)

    def emitter(self, section: Section, index: IndexMode) -> Writes:
        """What writes `section` for armv7l."""
        for what, span in wide_integers(section):
            raise self.too_wide(section, f"{what}, and registers have 32 bits there; use i32 or u32", span)
        return super().emitter(section, index)

    def register_class(self, type: Word) -> RegisterClass:
        """S registers are a class of their own."""
        if not type.is_float:
            return "int"
        return "single" if type.size == 4 else "float"

    def addend(self, kind: int, image: bytearray, where: int) -> int:
        """What stands where the relocation is to be applied."""
        (word,) = struct.unpack_from("<I", image, where)
        if kind in (R_CALL, R_JUMP24):
            return signed(word & 0xFFFFFF, 24) << 2
        if kind in (R_MOVW_PREL, R_MOVT_PREL):
            return signed(word >> 4 & 0xF000 | word & 0xFFF, 16)
        return signed(word, 32)

    def relocate(self, kind: int, image: bytearray, where: int, target: int) -> bool:
        """Distances; ABS32 is the pointer. The addend of a branch has what the processor is ahead."""
        distance = target - where
        if kind == R_ABS32:
            return True
        if kind == R_REL32:
            struct.pack_into("<I", image, where, distance & _MASK)
        elif kind in (R_CALL, R_JUMP24):
            insert(image, where, fitting(distance, 26), ((2, 25, 0),))
        elif kind in (R_MOVW_PREL, R_MOVT_PREL):
            insert(image, where, distance >> (0 if kind == R_MOVW_PREL else 16), ((0, 11, 0), (12, 15, 16)))
        elif kind != R_V4BX:
            raise ValueError(f"unexpected armv7l relocation {kind}")
        return False


class _Emitter(ArmEmitter):
    JUMP, WORD, RELEASE = "b", ".inst", "dmb ish"
    ACQUIRE = "dmb ish"
    SET_CS = (
        "movw {status}, #:lower16:({descriptor} - ({skip}f + 8))",  # the processor's pc is two instructions ahead
        "movt {status}, #:upper16:({descriptor} - ({skip}f + 8))",
        "{skip}:",
        "add {status}, pc, {status}",
        "str {status}, [{area}, #{RSEQ_CS}]",
    )
    REQUIRE_REGISTERED = "ldr {status}, [{area}, #{CPU_ID}]", "cmp {status}, #0", "blt {leave}"
    READ_NUMBER = "ldr {status}, [{area}, #{number}]", "cmp {status}, {lanes}", "bhs {leave}"
    KEEP_NUMBER = "mov {cpu}, {status}"
    FIND_LANE = ("mla {status}, {status}, {stride}, {base}",)

    # ---- around the body

    def set_status(self, status: int) -> None:
        if is_rotated_byte(~status):
            self.out_of_line(f"mvn {self.status}, #{~status}")
        else:
            self.out_of_line(f"movw {self.status}, #{status & 0xFFFF}")
            self.out_of_line(f"movt {self.status}, #{status >> 16 & 0xFFFF}")

    # ---- what needs registers

    def needs_register(self, op: ir.Op, constant: ir.Const) -> bool:
        if constant.type.is_float:
            return True
        number = int(constant.number)
        match op:
            case ir.BranchIf():
                two = isinstance(op.left, ir.Const) and isinstance(op.right, ir.Const)
                return two or not _is_either(number)
            case ir.Arithmetic() if constant is op.left:
                return op.operator != "-" or isinstance(op.right, ir.Const) or not is_rotated_byte(number)
            case ir.Arithmetic(operator="+" | "-") | ir.AddStore():
                return not _is_either(number)
            case ir.Arithmetic(operator="<<" | ">>" | "quo"):
                return False
            case ir.Arithmetic(operator="&"):
                return not (is_rotated_byte(number) or is_rotated_byte(~number))
            case ir.Arithmetic(operator="|" | "^"):
                return not is_rotated_byte(number)
        return True

    def scratch(self, op: ir.Op) -> Sequence[RegisterClass | str]:
        match op:
            case ir.Set(source=ir.Const()):
                return ("int",) if op.target.type.is_float else ()
            case ir.Load() | ir.Store():
                return () if self._is_simple(op.address) else ("int",)
            case ir.AddStore():
                return ("int",) if self._is_simple(op.address) else ("int", "int")
            case ir.Check():
                return ("int",) if isinstance(op.length, int) and not _is_either(op.length + op.inclusive) else ()
            case ir.Copy():
                return ("int",) * (4 if self.unrolled(op) is None else 3)
            case ir.Convert():
                return _convert_scratch(op)
            case ir.Arithmetic(operator="<<" | ">>"):
                return ("int",) if isinstance(op.right, ir.Value) else ()
            case ir.Arithmetic(operator="quo"):
                return ("int", "int")
        return ()

    # ---- operands

    def _number(self, name: str, operands: str, constant: ir.Const) -> None:
        """An instruction with a constant, or its opposite with the negative one."""
        number = int(constant.number) & _MASK
        if not is_rotated_byte(number):
            name, number = OPPOSITE[name], -number & _MASK
        self.line(f"{name} {operands}, #{number}")

    def adds(self, number: int) -> bool:
        """Eight bits, rotated by an even count."""
        return is_rotated_byte(number)

    def reaches(self, address: ir.Address) -> bool:
        """Each kind of load and store has a size of offset."""
        if address.type.is_float:
            return 0 <= address.offset < 1024 and address.offset % 4 == 0
        return 0 <= address.offset < (256 if _is_short(address.type) else 4096)

    def _is_simple(self, address: ir.Address) -> bool:
        """True if the address is a memory operand as it is."""
        if address.index is None:
            return self.reaches(address)
        is_scaled = address.scale != 1
        return address.offset == 0 and not address.type.is_float and not (is_scaled and _is_short(address.type))

    # ---- one method for each operation

    def copy(self, target: Slot, source: Slot) -> None:
        name = {"int": "mov", "single": "vmov.f32", "float": "vmov.f64"}[target.kind]
        self.line(f"{name} {_name(target)}, {_name(source)}")

    def set_float(self, target: Slot, constant: ir.Const) -> None:
        words = struct.unpack(
            f"<{constant.type.size // 4}I", struct.pack("<" + self.scalar(constant).code, constant.number)
        )
        for place, word in enumerate(words):
            self.set_integer(self.extra[0], word)
            if target.kind == "single":
                self.line(f"vmov {target}, {self.extra[0]}")
            else:
                self.line(f"vmov.32 {_name(target)}[{place}], {self.extra[0]}")

    def set_integer(self, target: Slot | str, number: int) -> None:
        number &= _MASK
        if is_rotated_byte(number):
            self.line(f"mov {target}, #{number}")
        elif is_rotated_byte(~number):
            self.line(f"mvn {target}, #{~number & _MASK}")
        else:
            self.line(f"movw {target}, #{number & 0xFFFF}")
            if number >> 16:
                self.line(f"movt {target}, #{number >> 16}")

    def emit_arithmetic(self, op: ir.Arithmetic) -> None:
        target, type = self.slot(op.target), self.scalar(op.target)
        if type.is_float:
            names = (_name(self.slot(value)) for value in (op.target, op.left, op.right))
            self.line(f"{_FLOAT[op.operator]}.f{type.bits} {', '.join(names)}")
        elif op.operator in ("<<", ">>"):
            self._shift(op, target, type)
        elif op.operator == "quo":
            self._divide(op, target, type)
        else:
            self._combine(op, target, type)

    def _combine(self, op: ir.Arithmetic, target: Slot, type: Scalar) -> None:
        if isinstance(op.left, ir.Const):
            self.line(f"rsb {target}, {self.slot(op.right)}, #{int(op.left.number) & _MASK}")
        elif op.operator == "*":
            self.line(f"mul {target}, {self.slot(op.left)}, {self.slot(op.right)}")
        elif not isinstance(op.right, ir.Const):
            self.line(f"{_INTEGER[op.operator]} {target}, {self.slot(op.left)}, {self.slot(op.right)}")
        elif op.operator == "&" and not is_rotated_byte(int(op.right.number)):
            self.line(f"bic {target}, {self.slot(op.left)}, #{~int(op.right.number) & _MASK}")
        else:
            self._number(_INTEGER[op.operator], f"{target}, {self.slot(op.left)}", op.right)
        if op.operator in ("+", "-", "*"):
            self.extend(target, target, type)

    def _shift(self, op: ir.Arithmetic, target: Slot, type: Scalar) -> None:
        """The processor takes eight bits of a count."""
        name = "lsl" if op.operator == "<<" else ("asr" if type.kind == "signed" else "lsr")
        left = self.slot(op.left)
        if isinstance(op.right, ir.Const):
            count = int(op.right.number) & (type.bits - 1)
            self.line(f"{name} {target}, {left}, #{count}" if count else f"mov {target}, {left}")
        else:
            self.line(f"and {self.extra[0]}, {self.slot(op.right)}, #{type.bits - 1}")
            self.line(f"{name} {target}, {left}, {self.extra[0]}")
        if op.operator == "<<":
            self.extend(target, target, type)

    def _divide(self, op: ir.Arithmetic, target: Slot, type: Scalar) -> None:
        """By a constant that is not 1, -1 or another power of two, which are no divisions any more; or bit by bit."""
        left = self.slot(op.left)
        if isinstance(op.right, ir.Value):
            self._divide_by_variable(target, left, self.slot(op.right), type)
            return
        divisor = int(op.right.number)
        if type.kind == "signed":
            self._divide_signed(target, left, divisor)
        else:
            self._divide_unsigned(target, left, divisor)

    def _divide_by_variable(self, target: Slot, left: Slot, divisor: Slot, type: Scalar) -> None:
        """A bit of the quotient in each turn; `target` counts them down from 32, and has the quotient's sign on top."""
        quotient, rest = self.extra
        is_signed = type.kind == "signed"
        self.line(f"movs {quotient}, {left}")
        if is_signed:
            self.line(f"rsbmi {quotient}, {quotient}, #0")
            self.line(f"eor {target}, {left}, {divisor}")
            self.line(f"and {target}, {target}, #{1 << 31}")
            self.line(f"orr {target}, {target}, #32")
        else:
            self.line(f"mov {target}, #32")
        self.line(f"mov {rest}, #0")
        done, negative = self.new_label(), self.new_label()
        if is_signed:
            self.line(f"cmp {divisor}, #0")
            self.line(f"bmi {negative}f")
        self._divide_in_turns(target, divisor, "cmpcc", "subcs")
        if is_signed:
            self.line(f"b {done}f")
            self.label(negative)
            self._divide_in_turns(target, divisor, "cmncc", "addcs")
            self.label(done)
            self.line(f"cmp {target}, #0")
            self.line(f"rsbmi {quotient}, {quotient}, #0")
        self.line(f"mov {target}, {quotient}")

    def _divide_in_turns(self, count: Slot, divisor: Slot, compare: str, reduce: str) -> None:
        """The carry says that what is left is more than the divisor: also where it does not fit 32 bits."""
        (quotient, rest), again = self.extra, self.new_label()
        self.label(again)
        self.line(f"adds {quotient}, {quotient}, {quotient}")
        self.line(f"adcs {rest}, {rest}, {rest}")
        self.line(f"{compare} {rest}, {divisor}")
        self.line(f"{reduce} {rest}, {rest}, {divisor}")
        self.line(f"orrcs {quotient}, {quotient}, #1")
        self.line(f"sub {count}, {count}, #1")
        self.line(f"tst {count}, #63")
        self.line(f"bne {again}b")

    def _divide_unsigned(self, target: Slot, left: Slot, divisor: int) -> None:
        low, high = self.extra
        bits = (divisor - 1).bit_length()
        self.set_integer(low, (((1 << bits) - divisor) << 32) // divisor + 1)
        self.line(f"umull {low}, {high}, {left}, {low}")
        self.line(f"sub {low}, {left}, {high}")
        self.line(f"add {high}, {high}, {low}, lsr #1")
        self.line(f"lsr {target}, {high}, #{bits - 1}")

    def _divide_signed(self, target: Slot, left: Slot, divisor: int) -> None:
        low, high = self.extra
        bits = max((abs(divisor) - 1).bit_length(), 1)
        self.set_integer(low, (1 << (31 + bits)) // abs(divisor) + 1)
        self.line(f"smull {low}, {high}, {left}, {low}")
        self.line(f"add {high}, {high}, {left}")
        if bits > 1:
            self.line(f"asr {high}, {high}, #{bits - 1}")
        self.line(f"sub {target}, {high}, {left}, asr #31")
        if divisor < 0:
            self.line(f"rsb {target}, {target}, #0")

    def extend(self, target: Slot, source: Slot, type: Word) -> None:
        """The low bits of `source` as its type says; nothing if they are all there."""
        if type.size < 4:
            self.line(f"{_EXTEND['signed' if type.kind == 'signed' else 'unsigned', type.size]} {target}, {source}")
        elif target.number != source.number:
            self.copy(target, source)

    def emit_load(self, op: ir.Load) -> None:
        target, type = self.slot(op.target), op.target.type
        memory = self.memory(op.address, self.extra[0] if self.extra else None)
        name = "vldr" if type.is_float else _LOAD.get((type.kind, type.size), "ldr")
        self.line(f"{name} {_name(target)}, {memory}")

    def emit_store(self, op: ir.Store) -> None:
        memory, type = self.memory(op.address, self.extra[0] if self.extra else None), op.address.type
        self.release(op)
        self.line(f"{'vstr' if type.is_float else _STORE[type.size]} {_name(self.slot(op.source))}, {memory}")

    def emit_addstore(self, op: ir.AddStore) -> None:
        total, *extra = self.extra
        memory, size = self.memory(op.address, extra[0] if extra else None), op.address.type.size
        self.line(f"{_LOAD.get(('unsigned', size), 'ldr')} {total}, {memory}")
        if isinstance(op.source, ir.Const):
            self._number("add", f"{total}, {total}", op.source)
        else:
            self.line(f"add {total}, {total}, {self.slot(op.source)}")
        self.release(op)
        self.line(f"{_STORE[size]} {total}, {memory}")

    def emit_check(self, op: ir.Check) -> None:
        assert isinstance(op.length, int)  # one in a register is a u64
        length = op.length + op.inclusive
        if self.extra:
            self.set_integer(self.extra[0], length)
            self.line(f"cmp {self.slot(op.index)}, {self.extra[0]}")
        else:
            self._number("cmp", str(self.slot(op.index)), ir.Const(length, op.index.type))
        self.line(f"bhs {self.fault_exit(op)}b")

    def emit_copy(self, op: ir.Copy) -> None:
        """From the end to the start: then the count of what is left is the offset of what comes next.

        These loads and stores need no alignment. The length is a constant: one in a register is a u64.
        """
        assert isinstance(op.nbytes, ir.Const)
        to, source, held, *more = self.extra
        self.locate(op.target, to)
        self.locate(op.source, source)
        nbytes = int(op.nbytes.number)
        if self.unrolled(op) is not None:
            for offset, width in self.pieces(nbytes, widest=4):
                self._move(width, source, to, f"#{offset}", held)
            return
        (left,), again = more, self.new_label()
        self.set_integer(left, nbytes)
        for width in (1, 2):
            if nbytes & width:
                self.line(f"sub {left}, {left}, #{width}")
                self._move(width, source, to, str(left), held)
        self.label(again)
        self.line(f"sub {left}, {left}, #4")
        self._move(4, source, to, str(left), held)
        self.line(f"cmp {left}, #0")
        self.line(f"bne {again}b")

    def _move(self, width: int, source: Slot, to: Slot, at: str, held: Slot) -> None:
        self.line(f"{_LOAD.get(('unsigned', width), 'ldr')} {held}, [{source}, {at}]")
        self.line(f"{_STORE[width]} {held}, [{to}, {at}]")

    def emit_branchif(self, op: ir.BranchIf) -> None:
        (left, sign, right), to = self.compared(op), self.to(op.label)
        if left.type.is_float:
            self.line(f"vcmp.f{left.type.bits} {_name(self.slot(left))}, {_name(self.slot(right))}")
            self.line("vmrs APSR_nzcv, fpscr")
            self.line(f"b{ORDERED[sign]} {to}")
            return
        if isinstance(right, ir.Const):
            self._number("cmp", str(self.slot(left)), right)
        else:
            self.line(f"cmp {self.slot(left)}, {self.slot(right)}")
        self.line(f"b{(SIGNED if left.type.kind == 'signed' else UNSIGNED)[sign]} {to}")

    # ---- conversions

    def float_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        name = f"vmov.f{to.bits}" if given == to else f"vcvt.f{to.bits}.f{given.bits}"
        self.line(f"{name} {_name(target)}, {_name(source)}")

    def integer_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        single = self.extra[0] if self.extra else target
        self.line(f"vmov {single}, {source}")
        self.line(f"vcvt.f{to.bits}.{sign(given)}32 {_name(target)}, {single}")

    def float_to_integer(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        """The processor saturates to 32 bits and makes 0 of NaN, as the language does; `usat` takes a signed number."""
        form = sign(to) if to.size == 4 else "s"
        self.line(f"vcvt.{form}32.f{given.bits} {self.extra[0]}, {_name(source)}")
        self.line(f"vmov {target}, {self.extra[0]}")
        if to.size < 4:
            self.line(f"{sign(to)}sat {target}, #{to.bits}, {target}")


def _name(slot: Slot) -> str:
    """A register; GCC must be told that a d register is meant."""
    return f"<{slot.number}:P>" if slot.kind == "float" else str(slot)


def _convert_scratch(op: ir.Convert) -> Sequence[RegisterClass | str]:
    given, to = op.source.type, op.target.type
    if given.is_float:
        return () if to.is_float else ("single",)
    return ("single",) if to.is_float and to.size == 8 else ()


def _is_short(type: Word) -> bool:
    """True for the loads and stores that came late: eight bits of offset, no scale."""
    return not type.is_float and (type.size == 2 or (type.size, type.kind) == (1, "signed"))


def _is_either(number: int) -> bool:
    """True if an instruction or its opposite holds it."""
    return is_rotated_byte(number) or is_rotated_byte(-number)


ARCHITECTURE = Arm(_Emitter)
