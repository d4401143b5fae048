"""s390x, from z196 on: big-endian, base, index and displacement in each address, a condition code.

The status slot holds the lane's address. Displacements have twenty bits and a sign, so nearly every place is a
memory operand as it is. Two integer registers and one for floats are the block's own, beside its operands:
`r0`, which cannot be part of an address, for values, `r1` for addresses (and both together for divisions), `f0`
where a two-operand instruction would overwrite what it still reads. A constant that stands in no instruction goes
to `r0` first, so few operations ask for scratch registers.

All loads and stores are ordered as release and acquire want them.

Ranges: branches, `brcl` all of them, and `larl` reach 4 GiB.

Budget: 16 registers, less r0 and r1 of the block itself, the frame pointer (r11) and the stack pointer (r15),
leaves 12; of 16 for floats, 15. LLVM compiles blocks with all of them in the worst callers.

The counter is stored, not loaded into a register: below the stack pointer, where nothing is kept. A signal's
handler would write there, but then the section starts anew.

Sources: struct offsets, abi.py; signature (trap4 4095(%r0)) and instructions, librseq and "z/Architecture
Principles of Operation"; system call numbers, the kernel's syscall.tbl; relocations, the "ELF Application Binary
Interface s390x Supplement".
"""

from __future__ import annotations

import struct
from typing import ClassVar

from rseq._arch.base import Architecture, Emulator
from rseq._arch.immediates import fits, fitting
from rseq._arch.load_store import OwnRegistersEmitter, by_type
from rseq._arch.registers import Slot
from rseq._integers import signed
from rseq._language import ir
from rseq._language.types import Scalar, Word

_FLOATING = "%f0"

_LOAD = by_type("lgb lgh lgf lg", "llgc llgh llgf lg", "ley ldy")
_STORE = {1: "stcy", 2: "sthy", 4: "sty", 8: "stg"}
_EXTEND = by_type("lgbr lghr lgfr", "llgcr llghr llgfr")
_INTEGER = {"+": "agrk", "-": "sgrk", "&": "ngrk", "|": "ogrk", "^": "xgrk"}
_FLOAT = {
    4: {"+": "aebr", "-": "sebr", "*": "meebr", "/": "debr"},
    8: {"+": "adbr", "-": "sdbr", "*": "mdbr", "/": "ddbr"},
}
_BRANCH = {"==": "jge", "!=": "jgne", "<": "jgl", "<=": "jgle", ">": "jgh", ">=": "jghe"}  # false for NaN, != apart

R_PC32, R_64, R_PC64 = 5, 22, 23
_HALVED = {16: 16, 17: 16, 19: 32, 20: 32}
"""Distances in halfwords, in code (PC16DBL, PLT16DBL, PC32DBL, PLT32DBL): their bits."""


class Z(Architecture):
    """See the module's text."""

    name = "s390x"
    triple = "s390x-unknown-linux-gnu"
    byteorder = "big"
    signature = 0xB2FF0FFF
    syscall = 383
    membarrier = 356
    mbind = 268
    get_robust_list = 305
    perf_event_open = 331
    getcpu = 311
    vdso = "linux-vdso64.so.1"
    vdso_getcpu = "__kernel_getcpu"
    breakpoint = ".insn e, 1"
    instruction_step = 2
    thread_pointer = bytes.fromhex(
        "b24f0000eb200020000db24f002107fe"
    )  # ear r0, a0; sllg r2, r0, 32; ear r2, a1; br r14
    clock = ("aghi %r15, -168\n stckf 160(%r15)\n lg $0, 160(%r15)\n aghi %r15, 168", "=r,~{cc},~{memory}")
    constraints: ClassVar = {"int": "a", "float": "f"}
    registers: ClassVar = {
        "int": tuple(f"%r{number}" for number in (*range(2, 11), 12, 13, 14)),
        "float": tuple(f"%f{number}" for number in range(1, 16)),
    }
    clobbers = ("memory", "cc", "r0", "r1", "f0")
    c_clobbers = clobbers
    features = "+distinct-ops,+fp-extension,+high-word,+interlocked-access1,+load-store-on-cond,+population-count"
    c_condition = "defined(__s390x__) && __ARCH__ >= 9"
    budget: ClassVar = {"int": 12, "float": 15}
    emulator = Emulator(
        "s390x_const",
        "UC_ARCH_S390X",
        ("UC_MODE_BIG_ENDIAN",),
        program_counter="UC_S390X_REG_PC",
        stack_pointer="UC_S390X_REG_R15",
        thread_pointer="UC_S390X_REG_A1",  # the lower half; the upper one is A0
        link="UC_S390X_REG_R14",
        initial=(  # floats and vectors on; addresses of 64 bits
            ("UC_S390X_REG_CR0", 0x60000),
            ("UC_S390X_REG_PSWM", 0x1_8000_0000),
        ),
    )

    def relocate(self, kind: int, image: bytearray, where: int, target: int) -> bool:
        """Distances, in bytes or in halfwords; R_390_64 is the pointer."""
        distance = target - where
        if kind == R_64:
            return True
        if kind in _HALVED:
            bits = _HALVED[kind]
            struct.pack_into(">h" if bits == 16 else ">i", image, where, fitting(distance >> 1, bits))
        elif kind == R_PC32:
            struct.pack_into(">i", image, where, fitting(distance, 32))
        elif kind == R_PC64:
            struct.pack_into(">q", image, where, distance)
        else:
            raise ValueError(f"unexpected s390x relocation {kind}")
        return False


class _Emitter(OwnRegistersEmitter):
    VALUE, PLACE = "%r0", "%r1"
    JUMP = "jg"
    STATUS = "lghi {0}, {1}"
    UNROLLED_BYTES = 256  # by one instruction
    SET_CS = "larl {status}, {descriptor}", "stg {status}, {RSEQ_CS}({area})"
    REQUIRE_REGISTERED = "lt {status}, {CPU_ID}({area})", "jgl {leave}"
    READ_NUMBER = "llgf {status}, {number}({area})", "clgr {status}, {lanes}", "jghe {leave}"
    KEEP_NUMBER = "lgr {cpu}, {status}"
    FIND_LANE = "msgr {status}, {stride}", "agr {status}, {base}"

    # ---- what needs registers

    def needs_register(self, op: ir.Op, constant: ir.Const) -> bool:
        if isinstance(op, ir.AddStore):
            return not fits(int(constant.number), 32)
        return super().needs_register(op, constant) or (isinstance(op, ir.Arithmetic) and op.operator == "quo")

    # ---- operands

    def _memory(self, address: ir.Address) -> str:
        """The memory operand, which may use the register for addresses, and on the way there that for values."""
        base, offset = self.base_of(address), address.offset
        if not fits(offset, 20):
            self.set_integer(self.PLACE, offset)
            self.line(f"agr {self.PLACE}, {base}")
            if address.index is not None:
                self.line(f"agr {self.PLACE}, {self._scaled(address.index, address, self.VALUE)}")
            return f"0({self.PLACE})"
        if address.index is None:
            return f"{offset}({base})"
        return f"{offset}({self._scaled(address.index, address, self.PLACE)},{base})"

    def _scaled(self, index: ir.Value, address: ir.Address, into: str) -> str:
        """The register that holds an index times its scale."""
        shift = address.scale.bit_length() - 1
        if not shift:
            return str(self.slot(index))
        self.line(f"sllg {into}, {self.slot(index)}, {shift}")
        return into

    # ---- steps

    def copy(self, target: Slot, source: Slot) -> None:
        self.line(f"{'ldr' if target.kind == 'float' else 'lgr'} {target}, {source}")

    def set_float(self, target: Slot, constant: ir.Const) -> None:
        size = constant.type.size
        if constant == ir.Const(0.0, constant.type):
            self.line(f"lz{'e' if size == 4 else 'd'}r {target}")
        else:
            self.line(f"larl {self.PLACE}, {self.literal(constant)}b")
            self.line(f"{_LOAD['float', size]} {target}, 0({self.PLACE})")

    def set_integer(self, target: Slot | str, number: int) -> None:
        number = signed(number)
        if fits(number, 32):
            self.line(f"{'lghi' if fits(number, 16) else 'lgfi'} {target}, {number}")
            return
        self.line(f"llihf {target}, {number >> 32 & 0xFFFFFFFF}")
        if number & 0xFFFFFFFF:
            self.line(f"oilf {target}, {number & 0xFFFFFFFF}")

    def extend(self, target: Slot, source: Slot, type: Word) -> None:
        if type.size < 8:
            self.line(f"{_EXTEND[type.kind, type.size]} {target}, {source}")
        elif target.number != source.number:
            self.copy(target, source)

    def float_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        name = "ldr" if given == to else ("ledbr" if to.size == 4 else "ldebr")
        self.line(f"{name} {target}, {source}")

    def float_to_integer(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        """The processor saturates to 32 and 64 bits; NaN is then made 0, and narrower types are limited here."""
        letter, rounds = _letter(given), 5
        width = "f" if to.size == 4 else "g"
        if to.kind == "unsigned" and to.size >= 4:
            self.line(f"cl{width}{letter}br {target}, {rounds}, {source}, 0")
        else:
            self.line(f"c{width}{letter}br {target}, {rounds}, {source}")
        if to.size == 4:
            self.extend(target, target, to)
        elif to.size < 4:
            for bound, beyond in ((to.maximum, "h"), (to.minimum, "l")):
                self.set_integer(self.VALUE, int(bound))
                self.line(f"cgr {target}, {self.VALUE}")
                self.line(f"locgr{beyond} {target}, {self.VALUE}")
        self.line(f"lghi {self.VALUE}, 0")
        self.line(f"c{letter}br {source}, {source}")
        self.line(f"locgro {target}, {self.VALUE}")

    def integer_to_float(self, target: Slot, to: Scalar, source: Slot, given: Scalar) -> None:
        if given.name == "u64":
            self.line(f"c{_letter(to)}lgbr {target}, 0, {source}, 0")
        else:
            self.line(f"c{_letter(to)}gbr {target}, {source}")

    # ---- one method for each operation

    def emit_arithmetic(self, op: ir.Arithmetic) -> None:
        target, type = self.slot(op.target), self.scalar(op.target)
        if type.is_float:
            self._two_operands(_FLOAT[type.size][op.operator], "ldr", _FLOATING, target, op)
        elif op.operator == "quo":
            self._divide(op, target, type)
        elif op.operator in ("<<", ">>"):
            self._shift(op, target, type)
        else:
            self._combine(op, target)
            if op.operator in ("+", "-", "*"):
                self.extend(target, target, type)

    def _two_operands(self, name: str, move: str, spare: str, target: Slot, op: ir.Arithmetic) -> None:
        """An instruction that overwrites its first operand, which is made elsewhere if the target is the second one."""
        left, right = self.operand(op.left), self.operand(op.right)
        place = spare if right == str(target) != left else str(target)
        if left != place:
            self.line(f"{move} {place}, {left}")
        self.line(f"{name} {place}, {right}")
        if place != str(target):
            self.line(f"{move} {target}, {place}")

    def _combine(self, op: ir.Arithmetic, target: Slot) -> None:
        left, right = op.left, op.right
        if isinstance(left, ir.Const) and op.operator != "-":
            left, right = right, left
        if op.operator == "*":
            self._two_operands("msgr", "lgr", self.VALUE, target, ir.Arithmetic(op.target, "*", left, right, op.span))
            return
        if isinstance(right, ir.Const) and op.operator in ("+", "-"):
            number = int(right.number) * (1 if op.operator == "+" else -1)
            if fits(number, 16):
                self.line(f"aghik {target}, {self.operand(left)}, {number}")
                return
        self.line(f"{_INTEGER[op.operator]} {target}, {self.operand(left)}, {self.operand(right)}")

    def _shift(self, op: ir.Arithmetic, target: Slot, type: Scalar) -> None:
        """Counts are masked by the processor to 64 bits, for narrower types here."""
        name = "sllg" if op.operator == "<<" else ("srag" if type.kind == "signed" else "srlg")
        if isinstance(op.right, ir.Const):
            count = str(int(op.right.number) & (type.bits - 1))
        elif type.bits == 64:
            count = f"0({self.slot(op.right)})"
        else:
            count = f"0({self.PLACE})"
            self.line(f"lgr {self.PLACE}, {self.slot(op.right)}")
            self.line(f"nill {self.PLACE}, {type.bits - 1}")
        self.line(f"{name} {target}, {self.operand(op.left)}, {count}")
        if op.operator == "<<":
            self.extend(target, target, type)

    def _divide(self, op: ir.Arithmetic, target: Slot, type: Scalar) -> None:
        """The pair of r0 and r1 holds the dividend, then rest and quotient."""
        self.line(f"lgr {self.PLACE}, {self.operand(op.left)}")
        if type.kind == "signed":
            self.line(f"dsgr {self.VALUE}, {self.operand(op.right)}")
        else:
            self.line(f"lghi {self.VALUE}, 0")
            self.line(f"dlgr {self.VALUE}, {self.operand(op.right)}")
        self.line(f"lgr {target}, {self.PLACE}")
        if type.kind == "signed":  # the smallest by -1 leaves the type
            self.extend(target, target, type)

    def emit_load(self, op: ir.Load) -> None:
        memory, type = self._memory(op.address), op.target.type
        self.line(f"{_LOAD[type.kind, type.size]} {self.slot(op.target)}, {memory}")

    def emit_locate(self, op: ir.Locate) -> None:
        self.line(f"lay {self.slot(op.target)}, {self._memory(op.address)}")

    def emit_store(self, op: ir.Store) -> None:
        memory, type = self._memory(op.address), op.address.type
        name = f"st{_letter(type)}y" if type.is_float else _STORE[type.size]
        self.line(f"{name} {self.operand(op.source)}, {memory}")

    def emit_addstore(self, op: ir.AddStore) -> None:
        memory, size = self._memory(op.address), op.address.type.size
        self.line(f"{_LOAD['unsigned', size]} {self.VALUE}, {memory}")
        if isinstance(op.source, ir.Const):
            self.line(f"agfi {self.VALUE}, {int(op.source.number)}")
        else:
            self.line(f"agr {self.VALUE}, {self.slot(op.source)}")
        self.line(f"{_STORE[size]} {self.VALUE}, {memory}")

    def emit_check(self, op: ir.Check) -> None:
        self._compare(str(self.slot(op.index)), self.length(op), "l")
        self.line(f"{'jgh' if op.inclusive else 'jghe'} {self.fault_exit(op)}b")

    def emit_copy(self, op: ir.Copy) -> None:
        """256 bytes at a time, and the rest by an `mvc` out of line that is executed with another length."""
        to, source = self.extra
        self.line(f"lay {to}, {self._memory(op.target)}")
        self.line(f"lay {source}, {self._memory(op.source)}")
        nbytes = self.unrolled(op)
        if nbytes is not None:
            if nbytes:
                self.line(f"mvc 0({nbytes},{to}), 0({source})")
            return
        again, rest, done, some = (self.new_label() for _ in range(4))
        self.line(f"lgr {self.PLACE}, {self.operand(op.nbytes)}")
        if op.limit >= self.UNROLLED_BYTES:
            self.label(again)
            self.line(f"aghi {self.PLACE}, -256")
            self.line(f"jgl {rest}f")
            self.line(f"mvc 0(256,{to}), 0({source})")
            self.line(f"la {to}, 256({to})")
            self.line(f"la {source}, 256({source})")
            self.line(f"jg {again}b")
            self.label(rest)
        self.line(f"aghi {self.PLACE}, {255 if op.limit >= self.UNROLLED_BYTES else -1}")
        self.line(f"jgl {done}f")
        self.out_of_line(f"{some}:")
        self.out_of_line(f"mvc 0(1,{to}), 0({source})")
        self.line(f"exrl {self.PLACE}, {some}b")
        self.label(done)

    def emit_clock(self, op: ir.Clock) -> None:
        self.line(f"lay {self.PLACE}, -8(%r15)")
        self.line(f"stckf 0({self.PLACE})")
        self.line(f"lg {self.slot(op.target)}, 0({self.PLACE})")

    def emit_branchif(self, op: ir.BranchIf) -> None:
        left, sign, right = self.compared(op)
        type = left.type
        if type.is_float:
            self.line(f"c{_letter(type)}br {self.operand(left)}, {self.operand(right)}")
        else:
            self._compare(self.operand(left), right, "" if type.kind == "signed" else "l")
        self.line(f"{_BRANCH[sign]} {self.to(op.label)}")

    def _compare(self, left: str, right: ir.Operand, logical: str) -> None:
        if isinstance(right, ir.Const) and fits(int(right.number), 32) and (not logical or right.number >= 0):
            self.line(f"c{logical}gfi {left}, {int(right.number)}")
        else:
            self.line(f"c{logical}gr {left}, {self.operand(right)}")


def _letter(type: Word) -> str:
    return "e" if type.size == 4 else "d"


ARCHITECTURE = Z(_Emitter)
