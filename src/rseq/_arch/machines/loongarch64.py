"""loongarch64 (LA64 with doubles): three operands, compare and branch in one, twelve-bit immediates, one float flag.

Nothing that we know of runs this code on another machine: it is assembled and inspected, not run.

The status slot holds the lane's address. A register holds an integer as its type says, u32 with zeros above,
although instructions on 32 bits (`add.w`) leave the sign there: u32 is extended after them. Conversions to integers
saturate and make 0 of NaN, but are signed, so those of u64 take two ways.

`dbar 0x12` (all before, then stores) before the commit makes it a release; for acquire, one `dbar 0x14` (loads, then
all that follows) stands behind the end, where all ways out of the section meet. Older processors take both for a
full barrier.

Ranges: branches that compare two registers reach 128 KiB, those that test one or the float flag 4 MiB, `b` 128 MiB,
and the assembler stretches none of them. So all ways to cold code, which may be as far as the compiler has put code
into the same section of the object file, are of the last two kinds; and in a section of so many operations that it
might be longer than 128 KiB, comparisons branch around a `b`.

Budget: 32 registers, less $zero, $tp, $sp, the reserved $r21, the frame pointer ($fp), the base pointer of dynamic,
over-aligned frames ($s8) and the return address ($ra), leaves 25; one stays with the compiler, to reach what it has
spilled. `la.pcrel` and `li.d` are what the assembler makes of them: two, and one to four instructions, counted as one.

Sources: struct offsets, abi.py; signature (break 0x10), librseq; system call numbers, the kernel's generic table;
relocations, "ELF for the LoongArch Architecture".
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import ClassVar

from rseq._arch.base import Architecture
from rseq._arch.flagless import FlaglessEmitter, Memory, is_short, letter
from rseq._arch.immediates import fitting, insert
from rseq._arch.load_store import FLOAT, by_type
from rseq._arch.registers import RegisterClass, Slot, numbered
from rseq._language import ir
from rseq._language.types import SCALARS, Scalar, Word

_LOAD = by_type("ld.b ld.h ld.w ld.d", "ld.bu ld.hu ld.wu ld.d", "fld.s fld.d")
_STORE = {1: "st.b", 2: "st.h", 4: "st.w", 8: "st.d"}
_STORE_FLOAT = {4: "fst.s", 8: "fst.d"}
_COMBINE = {"&": "and", "|": "or", "^": "xor"}
_IN_WIDTH = {"+": "add", "-": "sub", "*": "mul", "<<": "sll"}  # these have a form of 32 and one of 64 bits
_BRANCH = {"==": "beq", "!=": "bne", "<": "blt", ">=": "bge"}
_COMPARE = {"==": "ceq", "!=": "cune", "<": "clt", "<=": "cle"}  # false for NaN, != apart

_MOST_OPERATIONS = 512
"""Of a section over which branches that compare two registers reach: none takes more than 256 bytes."""

R_64, R_ADD32, R_SUB32, R_ADD64, R_SUB64, R_32_PCREL, R_RELAX, R_64_PCREL = 2, 50, 55, 51, 56, 99, 100, 109
R_PCALA_HI20, R_PCALA_LO12, R_CALL36 = 71, 72, 110
_FIELDS: dict[int, tuple[tuple[int, int, int], ...]] = {  # bits of the distance from … to, and where they go
    64: ((2, 17, 10),),  # B16
    65: ((2, 17, 10), (18, 22, 0)),  # B21
    66: ((2, 17, 10), (18, 27, 0)),  # B26
    103: ((2, 21, 5),),  # PCREL20_S2
}
_HIGH_20, _LOW_12 = ((12, 31, 5),), ((0, 11, 10),)


class LoongArch(Architecture):
    """See the module's text."""

    name = "loongarch64"
    triple = "loongarch64-unknown-linux-gnu"
    signature = 0x002A0010
    thread_pointer = bytes.fromhex("440015002000004c")  # move $a0, $tp; ret
    clock = ("rdtime.d $0, $$zero", "=r")
    breakpoint = "break 0"
    release_marks = ("dbar 0x12",)
    constraints: ClassVar = {"int": "r", "float": "f"}
    registers: ClassVar = {
        "int": (*numbered("$a", range(8)), *numbered("$t", range(9)), *numbered("$s", range(8))),
        "float": (*numbered("$fa", range(8)), *numbered("$ft", range(16)), *numbered("$fs", range(8))),
    }
    clobbers = ("memory", "$fcc0")
    c_clobbers = ("memory", "$fcc0")
    features = "+64bit,+f,+d"
    c_condition = "defined(__loongarch__) && __loongarch_grlen == 64 && defined(__loongarch_double_float)"
    budget: ClassVar = {"int": 24, "float": 28}

    def relocate(self, kind: int, image: bytearray, where: int, target: int) -> bool:
        """Distances, and the page and place of an address, in the fields of instructions; 64 is the pointer."""
        distance = target - where
        if kind == R_64:
            return True
        if kind in _FIELDS:
            fields = _FIELDS[kind]
            insert(image, where, fitting(distance, 1 + max(high for _, high, _ in fields)), fields)
        elif kind == R_PCALA_HI20:
            pages = ((target + 0x800) >> 12) - (where >> 12)
            insert(image, where, fitting(pages, 20) << 12, _HIGH_20)
        elif kind == R_PCALA_LO12:
            insert(image, where, target, _LOW_12)
        elif kind == R_CALL36:
            near = fitting(distance + 0x20000, 38)
            insert(image, where, near, ((18, 37, 5),))
            insert(image, where + 4, distance, ((2, 17, 10),))
        elif kind in (R_32_PCREL, R_64_PCREL):
            struct.pack_into("<i" if kind == R_32_PCREL else "<q", image, where, fitting(distance, 32))
        elif kind in (R_ADD32, R_SUB32, R_ADD64, R_SUB64):  # one of each makes a distance, in a table of jumps
            _add(
                image, where, 4 if kind in (R_ADD32, R_SUB32) else 8, target if kind in (R_ADD32, R_ADD64) else -target
            )
        elif kind != R_RELAX:
            raise ValueError(f"unexpected loongarch64 relocation {kind}")
        return False


def _add(image: bytearray, where: int, size: int, number: int) -> None:
    total = int.from_bytes(image[where : where + size], "little") + number
    image[where : where + size] = (total & (1 << 8 * size) - 1).to_bytes(size, "little")


class _Emitter(FlaglessEmitter):
    JUMP, RELEASE = "b", "dbar 0x12"
    ACQUIRE, STATUS = "dbar 0x14", "li.d {0}, {1}"
    ZERO, SET, WIDE, BELOW, MOVE, MOVE_FLOAT = "$zero", "li.d", ".d", "sltui", "move", "fmov"
    LOAD, STORE, STORE_FLOAT = _LOAD, _STORE, _STORE_FLOAT
    SET_CS = "la.pcrel {status}, {descriptor}", "st.d {status}, {area}, {RSEQ_CS}"
    REQUIRE_REGISTERED = "ld.w {status}, {area}, {CPU_ID}", "bgez {status}, {skip}f", "b {leave}", "{skip}:"
    READ_NUMBER = "ld.w {status}, {area}, {number}", "bltu {status}, {lanes}, {skip}f", "b {leave}", "{skip}:"
    KEEP_NUMBER = "move {cpu}, {status}"
    FIND_LANE = "mul.d {status}, {status}, {stride}", "add.d {status}, {status}, {base}"

    @property
    def _is_long(self) -> bool:
        """If branches that compare might not reach its end."""
        return len(self.section.ops) > _MOST_OPERATIONS

    # ---- what needs registers

    def combines_with(self, number: int) -> bool:
        """Twelve bits without a sign."""
        return 0 <= number < 1 << 12

    def address_scratch(self, address: ir.Address) -> int:
        """None for two registers, which are added."""
        if address.index is not None and address.scale == 1 and address.offset == 0:
            return 0
        return super().address_scratch(address)

    def scratch(self, op: ir.Op) -> Sequence[RegisterClass | str]:
        match op:
            case ir.Check():
                return ("int",)
            case ir.Convert():
                return _convert_scratch(op)
        return super().scratch(op)

    # ---- operands

    def at(self, base: Slot, offset: int) -> Memory:
        return "", f"{base}, {offset}"

    def memory(self, address: ir.Address, extra: Sequence[Slot]) -> Memory:
        """Two registers are added by instructions with an x."""
        base, offset = self.base_of(address), address.offset
        if address.index is not None:
            if offset == 0 and address.scale == 1:
                return "x", f"{base}, {self.slot(address.index)}"
            self.add_index(base, address, extra[0])
            base = extra[0]
        if is_short(offset):
            return self.at(base, offset)
        self.set_integer(extra[-1], offset)
        return "x", f"{base}, {extra[-1]}"

    def add_index(self, base: Slot, address: ir.Address, into: Slot) -> None:
        """Shifts of up to four are part of the addition."""
        shift = address.scale.bit_length() - 1
        if address.index is not None and 1 <= shift <= 4:
            self.line(f"alsl.d {into}, {self.slot(address.index)}, {base}, {shift}")
        else:
            super().add_index(base, address, into)

    # ---- one method for each operation

    def set_float(self, target: Slot, constant: ir.Const) -> None:
        if self.extra:
            self.line(f"la.pcrel {self.extra[0]}, {self.literal(constant)}b")
            self.line(f"{_LOAD['float', constant.type.size]} {target}, {self.extra[0]}, 0")
        else:
            self.line(f"movgr2fr.d {target}, $zero")

    def emit_arithmetic(self, op: ir.Arithmetic) -> None:
        target, type, left = self.slot(op.target), self.scalar(op.target), self.source(op.left)
        if type.is_float:
            self.line(f"{FLOAT[op.operator]}.{letter(type)} {target}, {left}, {self.source(op.right)}")
        elif op.operator in ("<<", ">>"):
            self._shift(op, target, left, type)
        elif op.operator == "quo":
            name = "div.d" if type.kind == "signed" else "div.du"
            self.line(f"{name} {target}, {left}, {self.source(op.right)}")
        elif op.operator in _COMBINE:
            immediate = "i" if isinstance(op.right, ir.Const) else ""
            right = str(int(op.right.number)) if isinstance(op.right, ir.Const) else self.source(op.right)
            self.line(f"{_COMBINE[op.operator]}{immediate} {target}, {left}, {right}")
        else:
            self._add_or_multiply(op, target, left, type)

    def _add_or_multiply(self, op: ir.Arithmetic, target: Slot, left: str, type: Scalar) -> None:
        width = "w" if type.bits == 32 else "d"
        if isinstance(op.right, ir.Const) and op.operator != "*":
            number = int(op.right.number) * (-1 if op.operator == "-" else 1)
            self.line(f"addi.{width} {target}, {left}, {number}")
        else:
            self.line(f"{_IN_WIDTH[op.operator]}.{width} {target}, {left}, {self.source(op.right)}")
        self._wrap(target, type)

    def _shift(self, op: ir.Arithmetic, target: Slot, left: str, type: Scalar) -> None:
        """Counts are masked by the processor in forms of 64 and 32 bits, in narrower types here."""
        name = "sll" if op.operator == "<<" else ("sra" if type.kind == "signed" else "srl")
        width = "w" if type.bits == 32 else "d"
        if isinstance(op.right, ir.Const):
            self.line(f"{name}i.{width} {target}, {left}, {int(op.right.number) & (type.bits - 1)}")
        else:
            count = self.slot(op.right)
            if type.bits < 32:
                self.line(f"andi {self.extra[0]}, {count}, {type.bits - 1}")
                count = self.extra[0]
            self.line(f"{name}.{width} {target}, {left}, {count}")
        if op.operator == "<<" or type.bits == 32:
            self._wrap(target, type)

    def _wrap(self, target: Slot, type: Scalar) -> None:
        """Bring a result back into its type; instructions on 32 bits have done so for i32."""
        if type.name != "i32":
            self.extend(target, target, type)

    def extend(self, target: Slot, source: Slot, type: Word) -> None:
        """The low bits of `source` as its type says; nothing if they are all there."""
        if type.bits == 64:
            if target.number != source.number:
                self.copy(target, source)
        elif type.kind == "signed":
            name = {8: "ext.w.b", 16: "ext.w.h"}.get(type.bits)
            self.line(f"{name} {target}, {source}" if name else f"addi.w {target}, {source}, 0")
        else:
            self.line(f"bstrpick.d {target}, {source}, {type.bits - 1}, 0")

    def emit_check(self, op: ir.Check) -> None:
        spare, index, leaves = self.extra[0], self.slot(op.index), "beqz"
        if isinstance(op.length, ir.Value) and op.inclusive:
            self.line(f"sltu {spare}, {self.slot(op.length)}, {index}")
            leaves = "bnez"
        elif isinstance(op.length, ir.Value):
            self.line(f"sltu {spare}, {index}, {self.slot(op.length)}")
        else:
            self._compare_with(spare, index, op.length + op.inclusive)
        self.line(f"{leaves} {spare}, {self.fault_exit(op)}b")

    def _compare_with(self, spare: Slot, index: Slot, length: int) -> None:
        if is_short(length):
            self.line(f"sltui {spare}, {index}, {length}")
        else:
            self.set_integer(spare, length)
            self.line(f"sltu {spare}, {index}, {spare}")

    def emit_clock(self, op: ir.Clock) -> None:
        self.line(f"rdtime.d {self.slot(op.target)}, $zero")

    def emit_branchif(self, op: ir.BranchIf) -> None:
        left, sign, right, to = self.source(op.left), op.comparison, self.source(op.right), self.to(op.label)
        if op.left.type.is_float:
            self._branch_of_floats(left, sign, right, to, letter(op.left.type))
            return
        if sign in (">", "<="):
            left, sign, right = right, ir.MIRRORED[sign], left
        if right == "$zero" and sign in ("==", "!="):
            self.line(f"{'beqz' if sign == '==' else 'bnez'} {left}, {to}")
        else:
            self._branch(left, sign, right, to, op.left.type.kind == "signed")

    def _branch(self, left: str, sign: ir.ComparisonName, right: str, to: str, is_signed: bool) -> None:
        if not self._is_long and to.endswith("f"):  # cold code is far
            self.line(f"{_branch_name(sign, is_signed)} {left}, {right}, {to}")
            return
        around = self.new_label()
        self.line(f"{_branch_name(ir.COMPARISONS[sign], is_signed)} {left}, {right}, {around}f")
        self.line(f"b {to}")
        self.label(around)

    def _branch_of_floats(self, left: str, sign: ir.ComparisonName, right: str, to: str, form: str) -> None:
        if sign in (">", ">="):
            left, sign, right = right, ir.MIRRORED[sign], left
        self.line(f"fcmp.{_COMPARE[sign]}.{form} $fcc0, {left}, {right}")
        self.line(f"bcnez $fcc0, {to}")

    # ---- conversions

    def integer_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        """The processor takes a signed integer; twice the half of a larger one is rounded alike if no bit is lost."""
        form = letter(to)
        self.line(f"movgr2fr.d {target}, {source}")
        self.line(f"ffint.{form}.l {target}, {target}")
        if given.name != "u64":
            return
        half, lowest, done = *self.extra, self.new_label()
        self.line(f"bgez {source}, {done}f")
        self.line(f"srli.d {half}, {source}, 1")
        self.line(f"andi {lowest}, {source}, 1")
        self.line(f"or {half}, {half}, {lowest}")
        self.line(f"movgr2fr.d {target}, {half}")
        self.line(f"ffint.{form}.l {target}, {target}")
        self.line(f"fadd.{form} {target}, {target}, {target}")
        self.label(done)

    def float_to_integer(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        """The processor saturates to signed integers of 32 and 64 bits, and makes 0 of NaN, as the language does."""
        form, (_, spare) = letter(given), self.extra
        if to.name == "u64":
            self._float_to_u64(source, form, target)
            return
        width, name = ("w", "movfr2gr.s") if to.name == "i32" else ("l", "movfr2gr.d")
        self.line(f"ftintrz.{width}.{form} {spare}, {source}")
        self.line(f"{name} {target}, {spare}")
        if to.bits < 32 or to.name == "u32":
            self._clamp(target, int(to.maximum), f"{self.extra[0]}, {target}")
            self._clamp(target, int(to.minimum), f"{target}, {self.extra[0]}")

    def _clamp(self, target: Slot, bound: int, ordered: str) -> None:
        """`target` is `bound` unless the first of `ordered` is at least as large as the second."""
        within = self.new_label()
        self.set_integer(self.extra[0], bound)
        self.line(f"bge {ordered}, {within}f")
        self.copy(target, self.extra[0])
        self.label(within)

    def _float_to_u64(self, source: Slot, form: str, target: Slot) -> None:
        """From 2**63 on without that bit, which is set behind; negative numbers become 0."""
        spare, large = self.extra
        small, done = self.new_label(), self.new_label()
        self.set_integer(spare, _bits_of_2_to_63(form))
        self.line(f"movgr2fr.{'w' if form == 's' else 'd'} {large}, {spare}")
        self.line(f"fcmp.cle.{form} $fcc0, {large}, {source}")
        self.line(f"bceqz $fcc0, {small}f")
        self.line(f"fsub.{form} {large}, {source}, {large}")
        self.line(f"ftintrz.l.{form} {large}, {large}")
        self.line(f"movfr2gr.d {target}, {large}")
        self.set_integer(spare, 1 << 63)
        self.line(f"or {target}, {target}, {spare}")
        self.line(f"b {done}f")
        self.label(small)
        self.line(f"ftintrz.l.{form} {large}, {source}")
        self.line(f"movfr2gr.d {target}, {large}")
        self.line(f"slt {spare}, {target}, $zero")
        self.line(f"masknez {target}, {target}, {spare}")
        self.label(done)


def _branch_name(sign: ir.ComparisonName, is_signed: bool) -> str:
    return _BRANCH[sign] + ("u" if not is_signed and sign in ("<", ">=") else "")


def _bits_of_2_to_63(form: str) -> int:
    return int.from_bytes(struct.pack("<f" if form == "s" else "<d", 2.0**63), "little")


def _convert_scratch(op: ir.Convert) -> Sequence[RegisterClass | str]:
    if op.source.type.is_float:
        return () if op.target.type.is_float else ("int", "float")
    return ("int", "int") if op.target.type.is_float and op.source.type == SCALARS["u64"] else ()


ARCHITECTURE = LoongArch(_Emitter)
