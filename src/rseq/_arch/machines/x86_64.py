"""x86-64: memory operands, so the shortest sections: a counter's is five instructions.

The status slot holds the lane's offset from the lanes' base; fields are addressed as
`displacement(base, offset)`. Where elements of the lane's arrays are addressed, which takes the index register, it
holds the lane's address instead, for one instruction more. Variable shifts need %cl, division needs %rax and %rdx.
Order is TSO: a plain load acquires, a plain store releases.

Sources: struct offsets, abi.py; signature and syscall number, librseq; the abort handler is preceded
by 0f b9 3d, so that a disassembler shows signature and prefix as one (never executed) ud1.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, NamedTuple

from rseq._arch.base import Architecture, Emulator
from rseq._arch.immediates import fits
from rseq._arch.registers import RegisterClass, Slot
from rseq._arch.x86_convert import EXTEND, WIDTH, ConvertingEmitter, conversion_scratch, float_name
from rseq._language import ir
from rseq._language.types import Scalar

_NARROW = {  # the low, word and byte names of the old registers; the numbered ones add a letter
    "ax": ("rax", "eax", "ax", "al"),
    "bx": ("rbx", "ebx", "bx", "bl"),
    "cx": ("rcx", "ecx", "cx", "cl"),
    "dx": ("rdx", "edx", "dx", "dl"),
    "si": ("rsi", "esi", "si", "sil"),
    "di": ("rdi", "edi", "di", "dil"),
}
_FORM = {"q": 0, "": 0, "k": 1, "w": 2, "b": 3}

_SUFFIX = {1: "b", 2: "w", 4: "l", 8: "q"}
_INTEGER = {"+": "addq", "-": "subq", "*": "imulq", "&": "andq", "|": "orq", "^": "xorq"}
_FLOAT = {"+": "add", "-": "sub", "*": "mul", "/": "div"}
_SIGNED = {"==": "je", "!=": "jne", "<": "jl", "<=": "jle", ">": "jg", ">=": "jge"}
_UNSIGNED = {"==": "je", "!=": "jne", "<": "jb", "<=": "jbe", ">": "ja", ">=": "jae"}

R_64, R_PC32, R_PLT32 = 1, 2, 4  # x86-64 psABI


class X86(Architecture):
    """See the module's text."""

    name = "x86_64"
    is_shipped = caches_agree = True
    triple = "x86_64-unknown-linux-gnu"
    signature = 0x53053053
    syscall = 334
    membarrier = 324
    mbind = 237
    get_robust_list = 274
    perf_event_open = 298
    getcpu = 309
    breakpoint = "int3"
    instruction_step = 1
    thread_pointer = bytes.fromhex("64488b042500000000c3")  # mov %fs:0, %rax; ret
    clock = ("rdtsc\n shlq $$32, %rdx\n orq %rdx, %rax", "={ax},~{dx},~{cc},~{dirflag},~{fpsr},~{flags}")
    relax = "pause"
    constraints: ClassVar = {"int": "r", "float": "x"}
    registers: ClassVar = {
        "int": ("di", "si", "dx", "cx", "r8", "r9", "ax", "r10", "r11", "r12", "r13", "r14", "r15"),
        "float": tuple(f"xmm{number}" for number in range(16)),
    }
    clobbers = ("memory", "cc", "dirflag", "fpsr", "flags")
    c_condition = "defined(__x86_64__) && !defined(__ILP32__)"
    c_registers: ClassVar = {"ax": "a", "cx": "c", "dx": "d"}
    area_is_offset = True  # %fs adds the thread pointer for nothing
    budget: ClassVar = {"int": 13, "float": 16}
    emulator = Emulator(
        "x86_const",
        "UC_ARCH_X86",
        ("UC_MODE_64",),
        program_counter="UC_X86_REG_RIP",
        stack_pointer="UC_X86_REG_RSP",
        thread_pointer="UC_X86_REG_FS_BASE",
    )

    def register(self, name: str, form: str) -> str:
        """AT&T names: %rdi, %edi, %di, %dil."""
        if name.startswith("xmm"):
            return f"%{name}"
        if name in _NARROW:
            return "%" + _NARROW[name][_FORM[form]]
        return f"%{name}" + {"q": "", "": "", "k": "d", "w": "w", "b": "b"}[form]

    def relocate(self, kind: int, image: bytearray, where: int, target: int) -> bool:
        """PC-relative 32-bit distances; R_X86_64_64 is the absolute pointer."""
        if kind == R_64:
            return True
        if kind not in (R_PC32, R_PLT32):
            raise ValueError(f"unexpected x86-64 relocation {kind}")
        struct.pack_into("<i", image, where, target - where)
        return False


class _Places(NamedTuple):
    """The registers of a copy: from where, to where, what is moved in between, and in a loop how much is left."""

    source: Slot
    to: Slot
    held: Slot
    left: Slot
    wide: Slot


class _Emitter(ConvertingEmitter):
    JUMP = "jmp"
    STATUS = "movq ${1}, {0}"
    SET_CS = "leaq {descriptor}(%rip), {status}", "movq {status}, %fs:{RSEQ_CS}({area})"
    REQUIRE_REGISTERED = "cmpl $0, %fs:{CPU_ID}({area})", "js {leave}"
    READ_NUMBER = "movl %fs:{number}({area}), {status:k}", "cmpl {lanes:k}, {status:k}", "jae {leave}"
    KEEP_NUMBER = "movl {status:k}, {cpu:k}"
    FIND_LANE = ("imulq {stride}, {status}",)

    # ---- around the body

    def find_lane(self) -> None:
        super().find_lane()
        if self._is_address:
            self.line(f"addq {self.base}, {self.status}")

    @cached_property
    def _is_address(self) -> bool:
        """True if the status slot holds the lane's address."""
        places = [place for op in self.section.ops for place in op.places]
        return any(place.in_lane and place.index is not None for place in places)

    def abort_handler(self) -> None:
        self.out_of_line(".byte 0x0f, 0xb9, 0x3d")
        super().abort_handler()

    # ---- what needs registers

    def needs_register(self, op: ir.Op, constant: ir.Const) -> bool:
        if constant.type.is_float:
            return True
        if isinstance(op, ir.Arithmetic):
            if op.operator == "quo":
                return constant == op.right or not fits(int(constant.number), 32)
            if op.operator in ("<<", ">>") and constant == op.right:
                return False
        if isinstance(op, (ir.Store, ir.AddStore)) and constant.type.size < 8:
            return False
        return not fits(int(constant.number), 32)

    def scratch(self, op: ir.Op) -> Sequence[RegisterClass | str]:
        if isinstance(op, ir.Copy):
            return (*("int",) * (2 + (not _is_plain(op.source)) + isinstance(op.nbytes, ir.Value)), "float")
        if isinstance(op, ir.Convert):
            return conversion_scratch(op)
        if isinstance(op, ir.Clock):
            return ("ax", "dx")
        if isinstance(op, ir.Arithmetic):
            return self._arithmetic_scratch(op)
        return ()

    def emit_clock(self, op: ir.Clock) -> None:
        low, high = self.extra
        self.line("rdtsc")
        self.line(f"shlq $32, {high}")
        self.line(f"orq {high}, {low}")
        self.copy(self.slot(op.target), low)

    def _arithmetic_scratch(self, op: ir.Arithmetic) -> Sequence[RegisterClass | str]:
        if op.operator == "quo":
            return ("ax", "dx")
        if op.operator in ("<<", ">>") and isinstance(op.right, ir.Value):
            return ("cx",)
        clash = op.target == op.right and op.left != op.right and op.operator not in "+*&|^"
        return ("float" if op.target.type.is_float else "int",) if clash else ()

    # ---- operands

    def _source(self, operand: ir.Operand, form: str = "q") -> str:
        if isinstance(operand, ir.Const):
            return f"${int(operand.number)}"
        return format(self.slot(operand), form)

    def _memory(self, address: ir.Address) -> str:
        displacement = str(address.offset) if address.offset else ""
        index = None if address.index is None else self.slot(address.index)
        if address.base is None and not self._is_address:
            return f"{displacement}({self.base}, {self.status})"
        base = self.base_of(address)
        return f"{displacement}({base}, {index}, {address.scale})" if index else f"{displacement}({base})"

    # ---- one method for each operation

    def copy(self, target: Slot, source: Slot) -> None:
        self.line(f"{'movaps' if target.kind == 'float' else 'movq'} {source}, {target}")

    def set_float(self, target: Slot, constant: ir.Const) -> None:
        self.line(f"{float_name('mov', constant.type)} {self.literal(constant)}b(%rip), {target}")

    def set_integer(self, target: Slot | str, number: int) -> None:
        if number == 0:
            self.line(f"xorl {target:k}, {target:k}")
        elif 0 < number < 1 << 32:
            self.line(f"movl ${number}, {target:k}")
        else:
            self.line(f"{'movq' if fits(number, 32) else 'movabsq'} ${number}, {target}")

    def emit_arithmetic(self, op: ir.Arithmetic) -> None:
        type = self.scalar(op.target)
        if op.operator in ("<<", ">>"):
            self._shift(op)
        elif op.operator == "quo":
            self._divide(op)
        else:
            self._two_operands(op)
        if not type.is_float and op.operator in ("+", "-", "*", "<<", "quo"):
            self._wrap(self.slot(op.target), type)

    def _two_operands(self, op: ir.Arithmetic) -> None:
        target, left, right = self.slot(op.target), op.left, op.right
        is_float = op.target.type.is_float
        if not is_float and (address := self._computed_as_address(op)):
            self.line(f"leaq {address}, {target}")
            return
        name = float_name(_FLOAT[op.operator], op.target.type) if is_float else _INTEGER[op.operator]
        if isinstance(right, ir.Value) and self.slot(right).number == target.number and left != right:
            if op.operator in "+*&|^":
                left, right = right, left
            else:
                self.copy(self.extra[0], self.slot(right))
                self._load_left(target, left)
                self.line(f"{name} {self.extra[0]}, {target}")
                return
        self._load_left(target, left)
        self.line(f"{name} {self._source(right)}, {target}")

    def _computed_as_address(self, op: ir.Arithmetic) -> str:
        """What an address can be computed as, so that the left operand need not be copied first; nothing if it must."""
        left, right, target = op.left, op.right, self.slot(op.target)
        if isinstance(left, ir.Const) or self.slot(left).number == target.number:
            return ""
        if (distance := _distance(op)) is not None:
            return f"{distance}({self.slot(left)})"
        if op.operator == "*" and isinstance(right, ir.Const) and right.number in (2, 4, 8):
            return f"(, {self.slot(left)}, {int(right.number)})"
        is_sum = op.operator == "+" and isinstance(right, ir.Value) and self.slot(right).number != target.number
        return f"({self.slot(left)}, {self.slot(right)})" if is_sum else ""

    def _load_left(self, target: Slot, left: ir.Operand) -> None:
        if isinstance(left, ir.Const):
            self.set_integer(target, int(left.number))
        elif self.slot(left).number != target.number:
            self.copy(target, self.slot(left))

    def _shift(self, op: ir.Arithmetic) -> None:
        target, bits = self.slot(op.target), op.target.type.bits
        name = "shlq" if op.operator == "<<" else ("sarq" if op.target.type.kind == "signed" else "shrq")
        if isinstance(op.right, ir.Const):
            self._load_left(target, op.left)
            self.line(f"{name} ${int(op.right.number) & (bits - 1)}, {target}")
            return
        count = self.extra[0]
        self.line(f"movl {self.slot(op.right):k}, {count:k}")
        if bits < 64:  # the processor masks to 63
            self.line(f"andl ${bits - 1}, {count:k}")
        self._load_left(target, op.left)
        self.line(f"{name} {count:b}, {target}")

    def _divide(self, op: ir.Arithmetic) -> None:
        low, high = self.extra
        self._load_left(low, op.left)
        if op.target.type.kind == "signed":
            self.line("cqto")
            self.line(f"idivq {self._source(op.right)}")
        else:
            self.line(f"xorl {high:k}, {high:k}")
            self.line(f"divq {self._source(op.right)}")
        self.copy(self.slot(op.target), low)

    def _wrap(self, target: Slot, type: Scalar) -> None:
        if type.size < 8:
            self.extend(target, target, type)

    def emit_load(self, op: ir.Load) -> None:
        target = self.slot(op.target)
        memory = self._memory(op.address)
        if target.kind == "float":
            self.line(f"{float_name('mov', op.target.type)} {memory}, {target}")
        else:
            name, form = EXTEND[op.target.type.kind, op.target.type.size]
            self.line(f"{name} {memory}, {target:{form}}")

    def emit_locate(self, op: ir.Locate) -> None:
        target = self.slot(op.target)
        self.line(f"leaq {self._memory(op.address)}, {target}")

    def emit_store(self, op: ir.Store) -> None:
        memory = self._memory(op.address)
        type = op.address.type
        if type.is_float:
            self.line(f"{float_name('mov', type)} {self._source(op.source, '')}, {memory}")
        else:
            self.line(f"mov{_SUFFIX[type.size]} {self._source(op.source, WIDTH[type.size])}, {memory}")

    def emit_addstore(self, op: ir.AddStore) -> None:
        memory = self._memory(op.address)
        size = op.address.type.size
        self.line(f"add{_SUFFIX[size]} {self._source(op.source, WIDTH[size])}, {memory}")

    def emit_copy(self, op: ir.Copy) -> None:
        to, held, *located, wide = self.extra
        left = located.pop() if isinstance(op.nbytes, ir.Value) else held
        source = located[0] if located else self.slot(op.source.registers()[0])
        if located:
            self.line(f"leaq {self._memory(op.source)}, {source}")
        self.line(f"leaq {self._memory(op.target)}, {to}")
        places, nbytes = _Places(source, to, held, left, wide), self.unrolled(op)
        if isinstance(op.nbytes, ir.Value):
            self._copy_any(places, self.slot(op.nbytes))
        elif nbytes is not None:
            for offset, width in self.pieces(nbytes, widest=16):
                self._move(places, width, str(offset or ""))
        else:
            self.set_integer(left, int(op.nbytes.number))
            self._copy_long(places)

    def _copy_any(self, places: _Places, size: Slot) -> None:
        """The widest move that fits, from the start and up to the end; where the two overlap, they store the same.

        4 to 7 bytes take one jump, others two.
        """
        words, small, long, done = (self.new_label() for _ in range(4))
        self.line(f"cmpq $8, {size}")
        self.line(f"jae {words}f")
        self.line(f"cmpq $4, {size}")
        self.line(f"jb {small}f")
        self._copy_ends(places, 4, size)
        self.line(f"jmp {done}f")
        self.label(words)
        self.line(f"cmpq $16, {size}")
        self.line(f"jae {long}f")
        self._copy_ends(places, 8, size)
        self.line(f"jmp {done}f")
        self.label(long)
        self.copy(places.left, size)
        self._copy_long(places)
        self.line(f"jmp {done}f")
        self.label(small)
        self.line(f"testq {size}, {size}")
        self.line(f"je {done}f")
        self._move(places, 1)
        self.line(f"cmpq $2, {size}")
        self.line(f"jb {done}f")
        self._move(places, 2, "-2", size)
        self.label(done)

    def _copy_ends(self, places: _Places, width: int, size: Slot) -> None:
        """`width` to twice as many bytes."""
        self._move(places, width)
        self._move(places, width, f"-{width}", size)

    def _copy_long(self, places: _Places) -> None:
        """As many bytes as `left` says, 16 or more, from the end on: what is left is the offset of the next ones.

        The last move is that of the first 16 bytes, of which some may have been moved already.
        """
        again = self.new_label()
        self.label(again)
        self.line(f"subq $16, {places.left}")
        self._move(places, 16, "", places.left)
        self.line(f"cmpq $16, {places.left}")
        self.line(f"ja {again}b")
        self._move(places, 16)

    def _move(self, places: _Places, width: int, offset: str = "", index: Slot | None = None) -> None:
        added = "" if index is None else f", {index}"
        source, to = f"{offset}({places.source}{added})", f"{offset}({places.to}{added})"
        if width == 16:
            self.line(f"movups {source}, {places.wide}")
            self.line(f"movups {places.wide}, {to}")
            return
        name, form = EXTEND["unsigned", width]
        self.line(f"{name} {source}, {places.held:{form}}")
        self.line(f"mov{_SUFFIX[width]} {places.held:{WIDTH[width]}}, {to}")

    def emit_check(self, op: ir.Check) -> None:
        length = f"${op.length}" if isinstance(op.length, int) else self._source(op.length)
        self.line(f"cmpq {length}, {self.slot(op.index)}")
        self.line(f"{'ja' if op.inclusive else 'jae'} {self.fault_exit(op)}b")

    def emit_branchif(self, op: ir.BranchIf) -> None:
        if op.left.type.is_float:
            self._branch_float(op)
            return
        left, sign, right = self.compared(op)
        names = _SIGNED if left.type.kind == "signed" else _UNSIGNED
        if right == ir.Const(0, right.type) and sign in ("==", "!="):
            self.line(f"testq {self._source(left)}, {self._source(left)}")
        else:
            self.line(f"cmpq {self._source(right)}, {self._source(left)}")
        self.line(f"{names[sign]} {self.to(op.label)}")

    def _branch_float(self, op: ir.BranchIf) -> None:
        """Ucomis sets the flags of an unsigned comparison, and parity for NaN; `above` is false for NaN."""
        left, right, to = self._source(op.left, ""), self._source(op.right, ""), self.to(op.label)
        name = float_name("ucomi", op.left.type)
        if op.comparison in (">", ">="):
            left, right = right, left
        self.line(f"{name} {left}, {right}")
        if op.comparison == "==":
            skip = self.new_label()
            self.line(f"jp {skip}f")
            self.line(f"je {to}")
            self.label(skip)
        elif op.comparison == "!=":
            self.line(f"jp {to}")
            self.line(f"jne {to}")
        else:
            self.line(f"{'ja' if op.comparison in ('<', '>') else 'jae'} {to}")


def _is_plain(address: ir.Address) -> bool:
    """True if the address is what a register holds."""
    return address.base is not None and address.index is None and address.offset == 0


def _distance(op: ir.Arithmetic) -> int | None:
    """What is added, if it is a constant that an address may have as its displacement."""
    if op.target.type.is_float or op.operator not in ("+", "-") or not isinstance(op.right, ir.Const):
        return None
    distance = int(op.right.number) if op.operator == "+" else -int(op.right.number)
    return distance if -(1 << 31) <= distance < 1 << 31 else None


ARCHITECTURE = X86(_Emitter)
