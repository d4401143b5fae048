"""ppc64le, from POWER8 on: three operands, displacements of sixteen bits, `lwsync` for release and acquire.

The status slot holds the lane's address. `r0`, which is no register in an address, serves the block for values,
`r11` for addresses, `f0` for what goes from one kind of register to the other; so no operation asks for scratch
registers. A constant that stands in no instruction goes to `r0` first.

Nothing is found relative to the instruction pointer, which only a branch tells: `bcl` to the next instruction (this
very form keeps the processor's prediction of returns), and the link register, which LLVM therefore saves.

Ranges: a conditional branch reaches only 32 KiB, `b` 32 MiB. Out of the section, and everywhere in a large one, a
conditional branch skips a `b`.

Budget: 32 registers, less r0 and r11 of the block itself, the stack pointer (r1), the table of contents (r2), the
thread pointer (r13), the base pointer of dynamic, over-aligned frames (r30) and the frame pointer (r31), leaves 25;
one stays with the compiler, to reach what it has spilled. Of 32 for floats, f0 is the block's own.

Sources: struct offsets, abi.py; signature (twui r5, 11, which traps), librseq; system call numbers, the kernel's
syscall.tbl; instructions, Power ISA 2.07; relocations and entry points, "64-Bit ELF V2 ABI Specification".
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from rseq._arch.base import Architecture, Emulator, Fixup, Line
from rseq._arch.immediates import fits, fitting, insert
from rseq._arch.load_store import FLOAT, OwnRegistersEmitter, by_type
from rseq._arch.registers import Slot
from rseq._integers import signed
from rseq._language import ir
from rseq._language.types import Scalar, Word

_FLOATING = "%f0"

_SMALL = 200
"""Operations of a section in which every branch reaches every label: none has more than 40 instructions."""

_LOAD = by_type("lbz lha lwa ld", "lbz lhz lwz ld", "lfs lfd")  # of i8, and extsb
_STORE = {1: "stb", 2: "sth", 4: "stw", 8: "std"}
_INTEGER = {"+": "add", "-": "sub", "*": "mulld", "&": "and", "|": "or", "^": "xor"}
_BRANCH = {"==": "beq", "!=": "bne", "<": "blt", "<=": "ble", ">": "bgt", ">=": "bge"}
_OPPOSITE = {_BRANCH[sign]: _BRANCH[other] for sign, other in ir.COMPARISONS.items()}
_LESS, _GREATER, _EQUAL, _UNORDERED = 0, 1, 2, 3  # bits of cr0

R_REL24, R_REL14, R_REL32, R_ADDR64, R_REL64, R_REL24_NOTOC = 10, 11, 26, 38, 44, 116
R_TOC16_LO, R_TOC16_HA, R_TOC16_LO_DS, R_REL16_LO, R_REL16_HA = 48, 50, 64, 250, 252
_TOC = ".TOC."
"""What r2 points to: here it is the image's beginning, so that a distance from it is an offset in the image."""
_BRANCHES = {R_REL24: 26, R_REL24_NOTOC: 26, R_REL14: 16}


class Power(Architecture):
    """See the module's text."""

    name = "ppc64le"
    triple = "powerpc64le-unknown-linux-gnu"
    signature = 0x0FE5000B
    syscall = 387
    membarrier = 365
    mbind = 259
    get_robust_list = 299
    perf_event_open = 319
    getcpu = 302
    vdso = "linux-vdso64.so.1"
    vdso_getcpu = "__kernel_getcpu"
    thread_pointer = bytes.fromhex("786ba37d2000804e")  # mr r3, r13; blr
    clock = ("mftb $0", "=r")
    constraints: ClassVar = {"int": "b", "float": "f"}
    registers: ClassVar = {
        "int": tuple(f"%r{number}" for number in (*range(3, 11), 12, *range(14, 30))),
        "float": tuple(f"%f{number}" for number in range(1, 32)),
    }
    clobbers = ("memory", "cr0", "lr", "xer", "r0", "r11", "f0")
    c_clobbers = clobbers
    code_model = "medium"
    relax = "or 27, 27, 27"
    breakpoint = "trap"
    release_marks = ("lwsync",)
    c_condition = "defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)"
    budget: ClassVar = {"int": 24, "float": 28}
    emulator = Emulator(
        "ppc_const",
        "UC_ARCH_PPC",
        ("UC_MODE_PPC64", "UC_MODE_BIG_ENDIAN"),  # Unicorn opens no other, but the processor can be told
        program_counter="UC_PPC_REG_PC",
        stack_pointer="UC_PPC_REG_1",
        thread_pointer="UC_PPC_REG_13",
        link="UC_PPC_REG_LR",
        called="UC_PPC_REG_12",
        initial=(("UC_PPC_REG_MSR", 1 << 63 | 1 << 25 | 1 << 23 | 1 << 13 | 1),),  # 64 bits, vectors, floats, LE
        ignores_mmu=True,
    )

    def independent(self, fixups: Sequence[Fixup]) -> Sequence[Fixup]:
        """The table of contents is the image; who calls within it enters behind what makes r2 of r12."""
        return [_located(fixup) for fixup in fixups]

    def relocate(self, kind: int, image: bytearray, where: int, target: int) -> bool:
        """Distances, from here or from the image's beginning, in halves and in branches; ADDR64 is the pointer."""
        distance = target - where
        if kind == R_ADDR64:
            return True
        if kind in _BRANCHES:
            bits = _BRANCHES[kind]
            insert(image, where, fitting(distance, bits), ((2, bits - 1, 2),))
        elif kind in (R_REL32, R_REL64):
            struct.pack_into("<i" if kind == R_REL32 else "<q", image, where, distance)
        elif kind in (R_REL16_HA, R_TOC16_HA):
            high = fitting(distance if kind == R_REL16_HA else target, 32) + 0x8000 >> 16
            insert(image, where, high, ((0, 15, 0),), 2)
        elif kind in (R_REL16_LO, R_TOC16_LO):
            insert(image, where, distance if kind == R_REL16_LO else target, ((0, 15, 0),), 2)
        elif kind == R_TOC16_LO_DS:  # the two lowest bits are part of the instruction
            insert(image, where, target, ((2, 15, 2),), 2)
        else:
            raise ValueError(f"unexpected ppc64le relocation {kind}")
        return False


def _located(fixup: Fixup) -> Fixup:
    if fixup.symbol == _TOC:
        return replace(fixup, symbol=None)
    if fixup.kind == R_REL24:
        return replace(fixup, target=fixup.target + (1 << (fixup.other >> 5) >> 2 << 2))
    return fixup


class _Emitter(OwnRegistersEmitter):
    VALUE, PLACE = "%r0", "%r11"
    JUMP = "b"
    ACQUIRE, STATUS = "lwsync", "li {0}, {1}"
    RELEASE = "lwsync"
    SET_CS = (
        "bcl 20, 31, .+4",
        "mflr {status}",
        "addis {status}, {status}, ({descriptor} - . + 4)@ha",
        "addi {status}, {status}, ({descriptor} - . + 8)@l",
        "std {status}, {RSEQ_CS}({area})",
    )
    REQUIRE_REGISTERED = "lwz {status}, {CPU_ID}({area})", "cmpwi {status}, 0", "bge {skip}f", "b {leave}", "{skip}:"
    READ_NUMBER = "lwz {status}, {number}({area})", "cmpld {status}, {lanes}", "blt {skip}f", "b {leave}", "{skip}:"
    KEEP_NUMBER = "mr {cpu}, {status}"
    FIND_LANE = "mulld {status}, {status}, {stride}", "add {status}, {status}, {base}"

    # ---- around the body

    def _branch(self, name: str, target: str, *, is_far: bool) -> None:
        """A conditional branch, around an unconditional one where it might not reach."""
        if not is_far:
            self.line(f"{name} {target}")
            return
        behind = self.new_label()
        self.line(f"{_OPPOSITE[name]} {behind}f")
        self.line(f"b {target}")
        self.skip_label(behind)

    def skip_label(self, number: int) -> None:
        """It is part of the branch."""
        self.hot.append(Line(f"{number}:", self.comment))

    # ---- what needs registers

    def needs_register(self, op: ir.Op, constant: ir.Const) -> bool:
        if isinstance(op, ir.AddStore):
            return not _is_immediate(int(constant.number))
        return super().needs_register(op, constant)

    # ---- operands

    def _memory(self, address: ir.Address) -> tuple[int, str]:
        """Displacement and base, which may be the register for addresses; on the way there that for values is used."""
        base, offset = str(self.base_of(address)), address.offset
        if not _is_immediate(offset):
            self.set_integer(self.PLACE, offset)
            self.line(f"add {self.PLACE}, {self.PLACE}, {base}")
            base, offset = self.PLACE, 0
        if address.index is not None:
            self.line(f"add {self.PLACE}, {base}, {self._scaled(address.index, address)}")
            base = self.PLACE
        return offset, base

    def _scaled(self, index: ir.Value, address: ir.Address) -> str:
        shift = address.scale.bit_length() - 1
        if not shift:
            return str(self.slot(index))
        self.line(f"sldi {self.VALUE}, {self.slot(index)}, {shift}")
        return self.VALUE

    # ---- steps

    def copy(self, target: Slot, source: Slot) -> None:
        self.line(f"{'fmr' if target.kind == 'float' else 'mr'} {target}, {source}")

    def set_float(self, target: Slot, constant: ir.Const) -> None:
        """A register holds f32 as if it were f64."""
        self._set_double(target, constant.number)

    def _set_double(self, target: Slot | str, number: float) -> None:
        (bits,) = struct.unpack("<Q", struct.pack("<d", number))
        self.set_integer(self.VALUE, bits)
        self.line(f"mtfprd {target}, {self.VALUE}")

    def set_integer(self, target: Slot | str, number: int) -> None:
        number = signed(number)
        if _is_immediate(number):
            self.line(f"li {target}, {number}")
        elif fits(number, 32):
            self.line(f"lis {target}, {number >> 16}")
            self._or_halves(target, number, ("ori",))
        else:
            self.set_integer(target, number >> 32)
            self.line(f"sldi {target}, {target}, 32")
            self._or_halves(target, number, ("oris", "ori"))

    def _or_halves(self, target: Slot | str, number: int, names: tuple[str, ...]) -> None:
        for name in names:
            half = number >> (16 if name == "oris" else 0) & 0xFFFF
            if half:
                self.line(f"{name} {target}, {target}, {half}")

    def extend(self, target: Slot, source: Slot, type: Word) -> None:
        if type.size == 8:
            if target.number != source.number:
                self.copy(target, source)
        elif type.kind == "signed":
            self.line(f"exts{'bhw'[type.size.bit_length() - 1]} {target}, {source}")
        else:
            self.line(f"clrldi {target}, {source}, {64 - 8 * type.size}")

    def float_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        self.line(f"{'frsp' if to.size < given.size else 'fmr'} {target}, {source}")

    def float_to_integer(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        """The processor saturates to 64 bits, its emulators not upwards: so the upper limit is looked at here."""
        self.line(f"{'fctiduz' if to.name == 'u64' else 'fctidz'} {_FLOATING}, {source}")
        self.line(f"mffprd {target}, {_FLOATING}")
        if to.size < 8:
            self.set_integer(self.VALUE, int(to.minimum))
            self.line(f"cmpd {target}, {self.VALUE}")
            self.line(f"isel {target}, {target}, {self.VALUE}, {_GREATER}")
        self._set_double(_FLOATING, float(int(to.maximum) + 1))
        self.line(f"fcmpu 0, {source}, {_FLOATING}")
        self.set_integer(self.VALUE, int(to.maximum))
        self.line(f"isel {target}, {target}, {self.VALUE}, {_LESS}")
        self.line(f"isel {target}, 0, {target}, {_UNORDERED}")

    def integer_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        self.line(f"mtfprd {target}, {source}")
        name = "fcfidu" if given.name == "u64" else "fcfid"
        self.line(f"{name}{'s' if to.size == 4 else ''} {target}, {target}")

    # ---- one method for each operation

    def emit_arithmetic(self, op: ir.Arithmetic) -> None:
        target, type = self.slot(op.target), self.scalar(op.target)
        if type.is_float:
            name = FLOAT[op.operator] + ("s" if type.size == 4 else "")
            self.line(f"{name} {target}, {self.operand(op.left)}, {self.operand(op.right)}")
        elif op.operator in ("<<", ">>"):
            self._shift(op, target, type)
        else:
            self._combine(op, target, type)
            if op.operator in ("+", "-", "*") or (op.operator == "quo" and type.kind == "signed"):
                self.extend(target, target, type)  # the smallest by -1 leaves the type

    def _combine(self, op: ir.Arithmetic, target: Slot, type: Scalar) -> None:
        if isinstance(op.right, ir.Const) and op.operator in ("+", "-"):
            number = int(op.right.number) * (1 if op.operator == "+" else -1)
            if _is_immediate(number):
                self.line(f"addi {target}, {self.operand(op.left)}, {number}")
                return
        name = _INTEGER.get(op.operator) or ("divd" if type.kind == "signed" else "divdu")
        self.line(f"{name} {target}, {self.operand(op.left)}, {self.operand(op.right)}")

    def _shift(self, op: ir.Arithmetic, target: Slot, type: Scalar) -> None:
        """The processor's counts go to 127, so they are masked here."""
        name = "sld" if op.operator == "<<" else ("srad" if type.kind == "signed" else "srd")
        if isinstance(op.right, ir.Const):
            name, count = f"{name}i", str(int(op.right.number) & (type.bits - 1))
        else:
            count = self.PLACE
            self.line(f"clrldi {count}, {self.slot(op.right)}, {65 - type.bits.bit_length()}")
        self.line(f"{name} {target}, {self.operand(op.left)}, {count}")
        if op.operator == "<<":
            self.extend(target, target, type)

    def emit_load(self, op: ir.Load) -> None:
        (offset, base), target, type = self._memory(op.address), self.slot(op.target), op.target.type
        self.line(f"{_LOAD[type.kind, type.size]} {target}, {offset}({base})")
        if type.kind == "signed" and type.size == 1:
            self.extend(target, target, type)

    def emit_locate(self, op: ir.Locate) -> None:
        self._locate(op.address, self.slot(op.target))

    def _locate(self, address: ir.Address, into: Slot) -> None:
        offset, base = self._memory(address)
        self.line(f"addi {into}, {base}, {offset}")

    def emit_store(self, op: ir.Store) -> None:
        (offset, base), type = self._memory(op.address), op.address.type
        source = self.operand(op.source)
        name = ("stfs" if type.size == 4 else "stfd") if type.is_float else _STORE[type.size]
        self.release(op)
        self.line(f"{name} {source}, {offset}({base})")

    def emit_addstore(self, op: ir.AddStore) -> None:
        (offset, base), size = self._memory(op.address), op.address.type.size
        self.line(f"{_LOAD['unsigned', size]} {self.VALUE}, {offset}({base})")
        if isinstance(op.source, ir.Const):
            self.line(f"addic {self.VALUE}, {self.VALUE}, {int(op.source.number)}")  # addi has no r0
        else:
            self.line(f"add {self.VALUE}, {self.VALUE}, {self.slot(op.source)}")
        self.release(op)
        self.line(f"{_STORE[size]} {self.VALUE}, {offset}({base})")

    def emit_check(self, op: ir.Check) -> None:
        self._compare(str(self.slot(op.index)), self.length(op), "l")
        self._branch("bgt" if op.inclusive else "bge", f"{self.fault_exit(op)}b", is_far=True)

    def emit_copy(self, op: ir.Copy) -> None:
        """From the end to the start: then the count of what is left is the offset of what comes next."""
        to, source = self.extra
        self._locate(op.target, to)
        self._locate(op.source, source)
        nbytes = self.unrolled(op)
        if nbytes is not None:
            for offset, width in self.pieces(nbytes):
                self.line(f"{_LOAD['unsigned', width]} {self.VALUE}, {offset}({source})")
                self.line(f"{_STORE[width]} {self.VALUE}, {offset}({to})")
            return
        again, check = self.new_label(), self.new_label()
        self.line(f"mr {self.PLACE}, {self.operand(op.nbytes)}")
        self.line(f"b {check}f")
        self.label(again)
        self._move(16, source, to)
        self.label(check)
        self.line(f"cmpldi {self.PLACE}, 16")
        self.line(f"bge {again}b")
        for width in (8, 4, 2, 1):  # the bits of what is left say what is
            skip = self.new_label()
            self.line(f"andi. {self.VALUE}, {self.PLACE}, {width}")
            self.line(f"beq {skip}f")
            self._move(width, source, to)
            self.label(skip)

    def _move(self, width: int, source: Slot, to: Slot) -> None:
        self.line(f"addi {self.PLACE}, {self.PLACE}, -{width}")
        if width == 16:  # f0 is half of this register; halves change places twice
            self.line(f"lxvd2x 0, {source}, {self.PLACE}")
            self.line(f"stxvd2x 0, {to}, {self.PLACE}")
        else:
            self.line(f"{_LOAD['unsigned', width]}x {self.VALUE}, {source}, {self.PLACE}")
            self.line(f"{_STORE[width]}x {self.VALUE}, {to}, {self.PLACE}")

    def emit_clock(self, op: ir.Clock) -> None:
        self.line(f"mftb {self.slot(op.target)}")

    def emit_branchif(self, op: ir.BranchIf) -> None:
        left, sign, right = self.compared(op)
        if left.type.is_float:
            name = self._compare_floats(self.operand(left), sign, self.operand(right))
        else:
            name = _BRANCH[sign]
            self._compare(self.operand(left), right, "" if left.type.kind == "signed" else "l")
        self._branch(name, self.to(op.label), is_far=self.is_aside(op.label) or len(self.section.ops) > _SMALL)

    def _compare(self, left: str, right: ir.Operand, logical: str) -> None:
        if isinstance(right, ir.Const) and 0 <= right.number < 1 << 15:
            self.line(f"cmp{logical}di {left}, {int(right.number)}")
        else:
            self.line(f"cmp{logical}d {left}, {self.operand(right)}")

    def _compare_floats(self, left: str, sign: ir.ComparisonName, right: str) -> str:
        """The branch to take; `<=` is less or equal here, not the contrary of greater, which NaN is, too."""
        self.line(f"fcmpu 0, {left}, {right}")
        if sign in ("<=", ">="):
            self.line(f"cror {_EQUAL}, {_LESS if sign == '<=' else _GREATER}, {_EQUAL}")
            return "beq"
        return _BRANCH[sign]


def _is_immediate(number: int) -> bool:
    return fits(number, 16)


ARCHITECTURE = Power(_Emitter)
