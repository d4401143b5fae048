"""riscv64 with its usual extensions (rv64gc): compare and branch in one, twelve-bit immediates, no flags.

The status slot holds the lane's address. Most of what other processors do in one instruction takes two here, so
scratch registers are common: for a length to compare with, an element's address, a float's constant.

A register holds an integer as its type says, u32 with zeros above, although instructions on 32 bits (`addw`) leave
the sign there: u32 is extended after them. Conversions to integers saturate, but NaN gives the largest.

`fence rw,w` before the commit makes it a release; for acquire, one `fence r,rw` stands behind the end, where all
ways out of the section meet.

Ranges: conditional branches reach 4 KiB, and the assembler turns those that must go farther into a branch around a
jump, which reaches 1 MiB, as do the jumps out of the cold code; `auipc` reaches 2 GiB. A section of 4096
operations, the most that unrolling may make, has less than 256 KiB.

Budget: 32 registers, less x0, sp, gp, tp, the frame pointer (s0), the base pointer of dynamic, over-aligned
frames (s1) and the return address (ra), leaves 25; one stays with the compiler, to reach what it has spilled (Clang
22 accepts 26 in the worst callers, with ra). `lla` and `li` are what the assembler makes of them: one to eight
instructions, counted as one.

Sources: struct offsets, abi.py; signature (csrw mhartid, x0, which is illegal) and system call number, librseq and
the kernel's generic table; relocations, the RISC-V ELF psABI.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from rseq._arch.base import Architecture, Emulator, Fixup
from rseq._arch.flagless import FlaglessEmitter, Memory, is_short, letter
from rseq._arch.immediates import fitting, insert
from rseq._arch.load_store import FLOAT, by_type
from rseq._arch.registers import RegisterClass, Slot, numbered
from rseq._language import ir
from rseq._language.types import Scalar, Word

_LOAD = by_type("lb lh lw ld", "lbu lhu lwu ld", "flw fld")
_STORE = {1: "sb", 2: "sh", 4: "sw", 8: "sd"}
_STORE_FLOAT = {4: "fsw", 8: "fsd"}
_INTEGER = {"+": "add", "-": "sub", "*": "mul", "&": "and", "|": "or", "^": "xor", "<<": "sll"}
_SIGNED = {(">>", True): "sra", (">>", False): "srl", ("quo", True): "div", ("quo", False): "divu"}
_IN_32_BITS = ("+", "-", "*", "<<", ">>")  # these have a form with a w, whose result has the sign above
_BRANCH = {"==": "beq", "!=": "bne", "<": "blt", ">=": "bge"}
_COMPARE = {"==": "feq", "!=": "feq", "<": "flt", "<=": "fle"}  # false for NaN

R_64, R_CALL, R_CALL_PLT, R_PCREL_HI20, R_PCREL_LO12_I, R_PCREL_LO12_S = 2, 18, 19, 23, 24, 25
R_ADD32, R_SUB32, R_RELAX, R_32_PCREL = 35, 39, 51, 57
_U, _I, _S = ((12, 31, 12),), ((0, 11, 20),), ((5, 11, 25), (0, 4, 7))
"""Fields of instructions: bits of the distance from … to, and where they go."""
_FIELDS: dict[int, tuple[int, tuple[tuple[int, int, int], ...]]] = {  # bytes of the instruction, fields
    16: (4, ((12, 12, 31), (5, 10, 25), (1, 4, 8), (11, 11, 7))),  # BRANCH
    17: (4, ((20, 20, 31), (1, 10, 21), (11, 11, 20), (12, 19, 12))),  # JAL
    44: (2, ((8, 8, 12), (3, 4, 10), (6, 7, 5), (1, 2, 3), (5, 5, 2))),  # RVC_BRANCH
    45: (2, ((11, 11, 12), (4, 4, 11), (8, 9, 9), (10, 10, 8), (6, 6, 7), (7, 7, 6), (1, 3, 3), (5, 5, 2))),  # RVC_JUMP
}


class RiscV(Architecture):
    """See the module's text."""

    name = "riscv64"
    triple = "riscv64-unknown-linux-gnu"
    signature = 0xF1401073
    breakpoint = "ebreak"
    instruction_step = 2
    thread_pointer = bytes.fromhex("1305020067800000")  # mv a0, tp; ret
    clock = ("rdtime $0", "=r")
    release_marks = ("fence rw",)
    relax = ".insn i 0x0f, 0, x0, x0, 0x010"
    constraints: ClassVar = {"int": "r", "float": "f"}
    registers: ClassVar = {
        "int": (*numbered("a", range(8)), *numbered("t", range(7)), *numbered("s", range(2, 12))),
        "float": (*numbered("fa", range(8)), *numbered("ft", range(12)), *numbered("fs", range(12))),
    }
    clobbers = ("memory",)
    features = "+m,+a,+f,+d,+c"
    c_condition = "defined(__riscv) && __riscv_xlen == 64 && defined(__riscv_float_abi_double)"
    budget: ClassVar = {"int": 24, "float": 28}
    emulator = Emulator(
        "riscv_const",
        "UC_ARCH_RISCV",
        ("UC_MODE_RISCV64",),
        program_counter="UC_RISCV_REG_PC",
        stack_pointer="UC_RISCV_REG_SP",
        thread_pointer="UC_RISCV_REG_TP",
        link="UC_RISCV_REG_RA",
        initial=(("UC_RISCV_REG_MSTATUS", 3 << 13),),
    )

    def independent(self, fixups: Sequence[Fixup]) -> Sequence[Fixup]:
        """The low half of a distance names its `auipc`, which has the target: give it that distance as its own."""
        distances = {fixup.where: fixup.target - fixup.where for fixup in fixups if fixup.kind == R_PCREL_HI20}
        return [
            replace(fixup, target=fixup.where + distances[fixup.target])
            if fixup.kind in (R_PCREL_LO12_I, R_PCREL_LO12_S)
            else fixup
            for fixup in fixups
        ]

    def relocate(self, kind: int, image: bytearray, where: int, target: int) -> bool:
        """Distances in the fields of instructions; 64 is the pointer. Code is not relaxed, so no alignment changes."""
        distance = target - where
        if kind == R_64:
            return True
        if kind in _FIELDS:
            size, fields = _FIELDS[kind]
            insert(image, where, fitting(distance, 1 + max(high for _, high, _ in fields)), fields, size)
        elif kind in (R_PCREL_HI20, R_CALL, R_CALL_PLT):
            insert(image, where, fitting(distance + 0x800, 32), _U)
            if kind != R_PCREL_HI20:
                insert(image, where + 4, distance, _I)
        elif kind in (R_PCREL_LO12_I, R_PCREL_LO12_S):
            insert(image, where, distance, _I if kind == R_PCREL_LO12_I else _S)
        elif kind in (R_ADD32, R_SUB32):  # one of each makes a distance, in a table of jumps
            (word,) = struct.unpack_from("<I", image, where)
            struct.pack_into("<I", image, where, word + (target if kind == R_ADD32 else -target) & 0xFFFFFFFF)
        elif kind == R_32_PCREL:
            struct.pack_into("<i", image, where, fitting(distance, 32))
        elif kind != R_RELAX:
            raise ValueError(f"unexpected riscv64 relocation {kind}")
        return False


class _Emitter(FlaglessEmitter):
    JUMP, WORD, RELEASE = "j", ".word", "fence rw, w"
    ACQUIRE, STATUS = "fence r, rw", "li {0}, {1}"
    ZERO, SET, WIDE, BELOW, MOVE, MOVE_FLOAT = "zero", "li", "", "sltiu", "mv", "fmv"
    LOAD, STORE, STORE_FLOAT = _LOAD, _STORE, _STORE_FLOAT
    SET_CS = "lla {status}, {descriptor}", "sd {status}, {RSEQ_CS}({area})"
    REQUIRE_REGISTERED = "lw {status}, {CPU_ID}({area})", "bltz {status}, {leave}"
    READ_NUMBER = "lw {status}, {number}({area})", "bgeu {status}, {lanes}, {leave}"
    KEEP_NUMBER = "mv {cpu}, {status}"
    FIND_LANE = "mul {status}, {status}, {stride}", "add {status}, {status}, {base}"

    # ---- around the body

    def abort_handler(self) -> None:
        self.out_of_line(".balign 4")  # other instructions may have two bytes
        super().abort_handler()

    # ---- what needs registers

    def scratch(self, op: ir.Op) -> Sequence[RegisterClass | str]:
        match op:
            case ir.Check():
                return ("int",) if isinstance(op.length, int) else ()
            case ir.BranchIf():
                return ("int",) if op.left.type.is_float else ()
            case ir.Convert():
                return ("int",) if op.source.type.is_float and not op.target.type.is_float else ()
        return super().scratch(op)

    # ---- operands

    def at(self, base: Slot, offset: int) -> Memory:
        return "", f"{offset}({base})"

    def memory(self, address: ir.Address, extra: Sequence[Slot]) -> Memory:
        base = self.base_of(address)
        if self.address_scratch(address) == 0:
            return self.at(base, address.offset)
        if address.index is not None and is_short(address.offset):
            self.add_index(base, address, extra[0])
            return self.at(extra[0], address.offset)
        self.locate(address, extra[0], extra[-1])
        return self.at(extra[0], 0)

    # ---- one method for each operation

    def set_float(self, target: Slot, constant: ir.Const) -> None:
        if self.extra:
            self.line(f"{_LOAD['float', constant.type.size]} {target}, {self.literal(constant)}b, {self.extra[0]}")
        else:
            self.line(f"fmv.{'w' if constant.type.size == 4 else 'd'}.x {target}, zero")

    def emit_arithmetic(self, op: ir.Arithmetic) -> None:
        target, type, left = self.slot(op.target), self.scalar(op.target), self.source(op.left)
        if type.is_float:
            self.line(f"{FLOAT[op.operator]}.{letter(type)} {target}, {left}, {self.source(op.right)}")
            return
        is_immediate = isinstance(op.right, ir.Const) and op.operator not in ("*", "quo")
        in_32_bits = type.bits == 32 and op.operator in _IN_32_BITS
        name, right = self._right_operand(op, type)
        self.line(f"{name}{'i' if is_immediate else ''}{'w' if in_32_bits else ''} {target}, {left}, {right}")
        if in_32_bits:
            if type.kind == "unsigned":
                self.extend(target, target, type)
        elif op.operator in ("+", "-", "*", "<<") or (op.operator == "quo" and type.kind == "signed"):
            self.extend(target, target, type)

    def _right_operand(self, op: ir.Arithmetic, type: Scalar) -> tuple[str, str]:
        """The instruction's name without suffixes, and its last operand."""
        name = _SIGNED.get((op.operator, type.kind == "signed")) or _INTEGER[op.operator]
        is_shift = op.operator in ("<<", ">>")
        if not isinstance(op.right, ir.Const):
            if is_shift and type.bits < 32:  # wider ones are masked by the processor
                self.line(f"andi {self.extra[0]}, {self.slot(op.right)}, {type.bits - 1}")
                return name, str(self.extra[0])
            return name, str(self.slot(op.right))
        number = int(op.right.number)
        if is_shift:
            return name, str(number & (type.bits - 1))
        if op.operator == "-":
            return "add", str(-number)
        return name, self.source(op.right) if op.operator in ("*", "quo") else str(number)

    def extend(self, target: Slot, source: Slot, type: Word) -> None:
        """The low bits of `source` as its type says; nothing if they are all there."""
        unused = 64 - type.bits
        if unused == 0:
            if target.number != source.number:
                self.copy(target, source)
        elif type.bits == 8 and type.kind != "signed":
            self.line(f"andi {target}, {source}, 255")
        elif type.bits == 32 and type.kind == "signed":
            self.line(f"sext.w {target}, {source}")
        else:
            self.line(f"slli {target}, {source}, {unused}")
            self.line(f"{'srai' if type.kind == 'signed' else 'srli'} {target}, {target}, {unused}")

    def emit_check(self, op: ir.Check) -> None:
        length = self.slot(op.length) if isinstance(op.length, ir.Value) else self.extra[0]
        if isinstance(op.length, int):
            self.set_integer(length, op.length)
        name = "bgtu" if op.inclusive else "bgeu"
        self.line(f"{name} {self.slot(op.index)}, {length}, {self.fault_exit(op)}b")

    def emit_clock(self, op: ir.Clock) -> None:
        self.line(f"rdtime {self.slot(op.target)}")

    def emit_branchif(self, op: ir.BranchIf) -> None:
        left, sign, right, to = self.source(op.left), op.comparison, self.source(op.right), self.to(op.label)
        if op.left.type.is_float:
            if sign in (">", ">="):
                left, sign, right = right, ir.MIRRORED[sign], left
            self.line(f"{_COMPARE[sign]}.{letter(op.left.type)} {self.extra[0]}, {left}, {right}")
            self.line(f"{'beqz' if sign == '!=' else 'bnez'} {self.extra[0]}, {to}")
            return
        if sign in (">", "<="):
            left, sign, right = right, ir.MIRRORED[sign], left
        unsigned = "u" if op.left.type.kind != "signed" and sign in ("<", ">=") else ""
        self.line(f"{_BRANCH[sign]}{unsigned} {left}, {right}, {to}")

    # ---- conversions

    def integer_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        self.line(f"fcvt.{letter(to)}.{'l' if given.kind == 'signed' else 'lu'} {target}, {source}")

    def float_to_integer(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        """The processor saturates to 32 and 64 bits, for NaN at the top; that becomes 0 here."""
        spare, unsigned = self.extra[0], "" if to.kind == "signed" else "u"
        self.line(f"fcvt.{'l' if to.size != 4 else 'w'}{unsigned}.{letter(given)} {target}, {source}, rtz")
        if to.name == "u32":
            self.extend(target, target, to)
        if to.size < 4:
            for bound, keeps in ((to.maximum, "blt"), *([(to.minimum, "bge")] if to.kind == "signed" else [])):
                within = self.new_label()
                self.set_integer(spare, bound)
                self.line(f"{keeps}{unsigned} {target}, {spare}, {within}f")
                self.copy(target, spare)
                self.label(within)
        self.line(f"feq.{letter(given)} {spare}, {source}, {source}")
        self.line(f"neg {spare}, {spare}")
        self.line(f"and {target}, {target}, {spare}")


ARCHITECTURE = RiscV(_Emitter)
