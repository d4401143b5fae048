"""What the architectures share: from a `Section` to an `Assembly`, one instruction template after another.

A critical section is one inline-assembly block. Its registers are *slots*, numbered as the block's
operands: outputs first (the status, the result, temporaries), then inputs (the rseq area, the lanes'
base, stride and number, the parameters). Whoever compiles the block assigns the registers; inputs
are never changed, since a restart needs them again.

In templates `<3:k>` is slot 3 with the register form `k`. Labels are numeric and local, because a
compiler may copy the block:

    1   before the store to rseq_cs, where a restart begins        77  the descriptor
    2   start: the first protected instruction                     4   the abort handler
    3   end: the first instruction after the commit                100 and up: the section's own

The status slot ends as the lane's address or offset on success, and above `LEFT` (as an unsigned number)
when the section was left without running to its end: NO_LANE, ABORTED, NONE (the sequence returns None), or
INDEX - k for check number k.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal, Protocol

from rseq._abi import CS_ALIGNMENT
from rseq._arch.registers import RegisterClass, Slot
from rseq._language import ir
from rseq._language.errors import CompileError, Diagnostic, Span
from rseq._language.section import Section
from rseq._language.types import Pointer, Word

NO_LANE, ABORTED, NONE, INDEX = -1, -2, -3, -16
LEFT = -4096
"""Status values: an unsigned status of LEFT or more says how the section was left (as the kernel's IS_ERR_VALUE)."""

RESTART_LIMIT = 1024
"""Aborts of one sequence between two visits to the spare lane: a debugger that single-steps aborts for ever."""

IndexMode = Literal["cpu_id", "mm_cid"]

RESTART, START, FINISH, ABORT, DESCRIPTOR, NOWHERE, FIRST_OWN = 1, 2, 3, 4, 77, 9, 100

TOKEN = re.compile(r"<(\d+)(?::(\w))?>")


@dataclass(frozen=True)
class Line:
    """One line of assembly, and the operation that it comes from."""

    text: str
    comment: str = ""

    @property
    def is_instruction(self) -> bool:
        """False for labels, directives and data."""
        return not self.text.endswith(":") and not self.text.startswith(".")


@dataclass(frozen=True)
class Assembly:
    """A critical section as an inline-assembly template: `hot` is run, `cold` lies out of line in subsection 1."""

    architecture: Architecture
    section: Section
    index: IndexMode
    slots: tuple[Slot, ...]
    hot: tuple[Line, ...]
    cold: tuple[Line, ...]

    @property
    def outputs(self) -> tuple[Slot, ...]:
        """The operands that the block writes."""
        return tuple(slot for slot in self.slots if slot.is_output)

    @property
    def inputs(self) -> tuple[Slot, ...]:
        """The operands that the block reads."""
        return tuple(slot for slot in self.slots if not slot.is_output)

    @property
    def protected(self) -> list[int]:
        """Where in `hot` the instructions are that lie between start and end."""
        places = {line.text: position for position, line in enumerate(self.hot)}
        inside = range(places.get(f"{START}:", 0), places.get(f"{FINISH}:", len(self.hot)))
        return [position for position in inside if self.hot[position].is_instruction]

    def slot(self, role: str) -> Slot | None:
        """The operand called `role`, if there is one."""
        return next((slot for slot in self.slots if slot.role == role), None)

    def lines(self, descriptor_section: str = "") -> Iterator[Line]:
        """The block in the order in which it is assembled.

        The descriptor lies with the cold code, at a fixed distance, unless `descriptor_section` are the arguments of a
        `.pushsection` for it: a linker may then relocate it, where code must not be.
        """
        yield Line(".subsection 1")
        yield from self.cold
        if not descriptor_section:
            yield from self._descriptor()
        yield Line(".previous")
        if descriptor_section:
            yield Line(f".pushsection {descriptor_section}")
            yield from self._descriptor()
            yield Line(".popsection")
        yield from self.hot

    def _descriptor(self) -> Iterator[Line]:
        """Struct rseq_cs: version and flags 0, start, length, abort address."""
        comment = "struct rseq_cs"
        yield Line(f".balign {CS_ALIGNMENT}", comment)
        yield Line(f"{DESCRIPTOR}:")
        yield Line(".long 0, 0", comment)
        words = (f"{START}f", f"{FINISH}f - {START}f", f"{ABORT}b")
        if self.architecture.pointer_bytes == 8:
            yield Line(f".quad {', '.join(words)}", comment)
        else:  # no relocation has 64 bits there
            yield Line(f".long {', '.join(f'{word}, 0' for word in words)}", comment)

    def llvm_template(self) -> str:
        """The text of an LLVM inline-assembly block."""
        text = "\n".join(f" {line.text}" if line.is_instruction else line.text for line in self.lines())
        return TOKEN.sub(_llvm_operand, text.replace("$", "$$"))

    def llvm_constraints(self) -> str:
        """The constraints of an LLVM inline-assembly block: outputs are early-clobber, inputs plain registers."""
        names = self.architecture.constraints
        written = [f"=&{{{slot.fixed}}}" if slot.fixed else f"=&{names[slot.kind]}" for slot in self.outputs]
        read = [names[slot.kind] for slot in self.inputs]
        return ",".join([*written, *read, *(f"~{{{name}}}" for name in self.architecture.clobbers)])

    def __str__(self) -> str:
        """The block with registers of its own choice, commented: what `rseq asm` prints."""
        mark = self.architecture.comment
        rows = (_row(line, self.text_of(line), mark) for line in self.lines())
        return "\n".join([*self._head(self._chosen_registers), "", *rows])

    def text_of(self, line: Line) -> str:
        """A line with registers, as `rseq asm` prints it."""
        registers = self._chosen_registers
        return TOKEN.sub(lambda match: self.architecture.register(registers[int(match[1])], match[2] or ""), line.text)

    @cached_property
    def _chosen_registers(self) -> dict[int, str]:
        free = {kind: list(names) for kind, names in self.architecture.registers.items()}
        taken = {slot.fixed for slot in self.slots if slot.fixed}
        chosen: dict[int, str] = {}
        for slot in sorted(self.slots, key=lambda slot: slot.is_output):
            pool = [name for name in free[slot.kind] if name not in taken and name not in chosen.values()]
            chosen[slot.number] = slot.fixed or pool[0]
        return chosen

    def _head(self, registers: dict[int, str]) -> list[str]:
        mark, name = self.architecture.comment, self.architecture.register
        body = [f"{mark} {line}" for line in str(self.section.body).splitlines()]
        places = ", ".join(f"{slot.role} {name(registers[slot.number], '')}" for slot in self.slots)
        counts = [sum(line.is_instruction for line in lines) for lines in (self.hot, self.cold)]
        return [
            *body,
            mark,
            f"{mark} {self.architecture.name}, lanes by {self.index}: {counts[0]} instructions and {counts[1]} cold",
            f"{mark} registers: {places}",
        ]


def _llvm_operand(match: re.Match[str]) -> str:
    return f"${{{match[1]}:{match[2]}}}" if match[2] else f"${match[1]}"


def _row(line: Line, text: str, mark: str) -> str:
    indent = "" if text.endswith(":") else "    "
    return f"{indent + text:<44} {mark} {line.comment}".rstrip() if line.comment else indent + text


@dataclass(frozen=True)
class Fixup:
    """A relocation of an object file: its kind, where it is in the image, and the place there that it refers to.

    If that is outside, `symbol` is its name, and `target` only what is added to it. `other` is what the object file
    says of the symbol in `st_other`.
    """

    kind: int
    where: int
    target: int
    symbol: str | None
    other: int = 0


@dataclass(frozen=True)
class Emulator:
    """How Unicorn runs an architecture: names of constants in its Python modules. See _check/machine.py.

    `module` is the one with the registers. `link` holds the return address; if there is none, it lies on the stack.
    `called` holds the address of the function that is called, where the calling convention wants that.
    `initial` are registers to set beforehand, such as those that turn on floating point. `ignores_mmu`: Unicorn takes
    addresses as they are, where the processor would want tables.
    """

    module: str
    architecture: str
    mode: tuple[str, ...]
    program_counter: str
    stack_pointer: str
    thread_pointer: str
    link: str = ""
    called: str = ""
    initial: tuple[tuple[str, int], ...] = ()
    ignores_mmu: bool = False


class Writes(Protocol):
    """What an architecture makes for one section: an `Emitter` (emitter.py)."""

    def assembly(self) -> Assembly: ...


class Architecture(ABC):
    """One architecture: its facts as data, and its emitter. `name` is what `platform.machine()` says."""

    name: ClassVar[str]
    triple: ClassVar[str]
    pointer_bytes: ClassVar[int] = 8
    byteorder: ClassVar[Literal["little", "big"]] = "little"
    atomic_bytes: ClassVar[int] = 8
    """The most that one plain, naturally aligned store writes in one piece, so that nobody sees half of it."""
    signature: ClassVar[int]
    """The word before the abort handler, as it is given to the kernel; source: librseq."""
    syscall: ClassVar[int] = 293
    """The number of rseq(2). If nothing else is said, it and the next ones are those of the kernel's generic table."""
    getcpu: ClassVar[int] = 168
    """The number of getcpu(2)."""
    membarrier: ClassVar[int] = 283
    """The number of membarrier(2)."""
    mbind: ClassVar[int] = 235
    """The number of mbind(2)."""
    get_robust_list: ClassVar[int] = 100
    """The number of get_robust_list(2)."""
    perf_event_open: ClassVar[int] = 241
    """The number of perf_event_open(2)."""
    vdso: ClassVar[str] = "linux-vdso.so.1"
    """The library that the kernel maps into every process."""
    vdso_getcpu: ClassVar[str] = "__vdso_getcpu"
    """Its name for getcpu; nothing if it has none."""
    breakpoint: ClassVar[str]
    """The instruction on which the kernel sends SIGTRAP."""
    instruction_step: ClassVar[int] = 4
    """Instructions begin at multiples of it."""
    thread_pointer: ClassVar[bytes]
    """Machine code of `uintptr_t f(void)` that returns the thread pointer."""
    thread_pointer_assembly: ClassVar[tuple[str, str] | None] = None
    """Where LLVM would call a function for it: an inline-assembly template and its constraints."""
    clock: ClassVar[tuple[str, str]]
    """Reading the counter outside of a section: an LLVM inline-assembly template and its constraints; an i64."""
    constraints: ClassVar[dict[RegisterClass, str]]
    registers: ClassVar[dict[RegisterClass, tuple[str, ...]]]
    clobbers: ClassVar[tuple[str, ...]]
    budget: ClassVar[dict[RegisterClass, int]]
    """Operands that a block may have in any caller, also one with a dynamic, over-aligned frame."""
    features: ClassVar[str] = ""
    """What LLVM must be told that every processor of this kind has."""
    release_marks: ClassVar[tuple[str, ...]] = ()
    """How an instruction begins that makes the commit a release; nothing where every store is one."""
    relax: ClassVar[str] = ""
    """The instruction that tells the processor of a loop that waits, if there is one."""
    code_model: ClassVar[str] = "small"
    """How far LLVM may expect code and data to be from each other."""
    comment: ClassVar[str] = "#"
    c_condition: ClassVar[str]
    """What a C compiler for this architecture, byte order and word size defines."""
    c_thread_pointer: ClassVar[str] = "__builtin_thread_pointer()"
    """The thread pointer in C, where the compiler would call a function for it."""
    c_registers: ClassVar[Mapping[str, str]] = {}
    """GCC's constraint letter for each register that an emitter asks for by name."""
    c_clobbers: ClassVar[tuple[str, ...]] = ("memory", "cc")
    """What a C compiler is told that a section changes beside its outputs."""
    area_is_offset: ClassVar[bool] = False
    """True if the area operand is the rseq area's offset from the thread pointer instead of its address."""
    emulator: ClassVar[Emulator | None] = None
    """How `rseq check` runs the code on any machine; None if nothing runs it."""

    @property
    def order(self) -> str:
        """The byte order, as struct writes it."""
        return "<" if self.byteorder == "little" else ">"

    caches_agree: ClassVar[bool] = False
    """If what is stored as data is at once what is executed, without an instruction that makes it so."""

    is_shipped: ClassVar[bool] = False
    """If machine code for it comes with the package."""

    makes_builtins: ClassVar[bool] = True
    """False if its code is for C headers and the checker only: nothing calls CPython's functions on it."""

    @property
    def c_word(self) -> str:
        """The C type of an integer register."""
        return f"uint{8 * self.pointer_bytes}_t"

    def allowed(self, kind: RegisterClass, results: int) -> int:
        """How many operands of a kind a block may have that has so many results."""
        return self.budget[kind]

    def register_class(self, type: Word) -> RegisterClass:
        """The class of register that holds a number of `type`."""
        return "float" if type.is_float else "int"

    def __init__(self, emitter: Callable[[Architecture, Section, IndexMode], Writes]) -> None:
        self._emitter = emitter

    def emitter(self, section: Section, index: IndexMode) -> Writes:
        """What writes `section` in this architecture's instructions."""
        return self._emitter(self, section, index)

    def register(self, name: str, form: str) -> str:
        """The register `name` in the form that a template asks for; on most, it has one name."""
        return name

    def independent(self, fixups: Sequence[Fixup]) -> Sequence[Fixup]:
        """The relocations of one section of an object file, none of which needs another one to be understood."""
        return fixups

    def addend(self, kind: int, image: bytearray, where: int) -> int:
        """What is added to a symbol, where an object file has that in the place that is relocated."""
        raise ValueError(f"object files for {self.name} say what is added to a symbol in their relocations")

    @abstractmethod
    def relocate(self, kind: int, image: bytearray, where: int, target: int) -> bool:
        """Apply a PC-relative relocation of an object file to `image`; True if `kind` is an absolute pointer instead.

        Raises: ValueError - a kind of relocation that our code does not use.
        """

    def releases(self, assembly: Assembly) -> bool:
        """True if the commit of this section is a release here: it says so, or what stands before it."""
        texts = [line.text for line in assembly.hot]
        end = texts.index(f"{FINISH}:")  # what orders an acquire stands elsewhere, and may be the same instruction
        return not self.release_marks or any(text.startswith(self.release_marks) for text in texts[end - 2 : end])

    def assemble(self, section: Section, index: IndexMode = "cpu_id") -> Assembly:
        """The critical section for `section`.

        Raises: RegisterError - it needs more registers than a block may have. WidthError - its commit is wider than
        what this architecture stores in one piece.
        """
        emitter = self.emitter(section, index)
        self._require_one_store(section)
        return emitter.assembly()

    def _require_one_store(self, section: Section) -> None:
        for op in section.ops:
            if not isinstance(op, ir.OneStore) or not op.commit:
                continue
            type = op.address.type
            size = min(type.size, self.pointer_bytes) if isinstance(type, Pointer) else type.size
            if size > self.atomic_bytes:
                raise self.too_wide(
                    section,
                    f"its commit to {op.address} has {size} bytes, and no more than {self.atomic_bytes} are stored in "
                    "one piece there; commit to a narrower field",
                    op.span,
                )

    def too_wide(self, section: Section, problem: str, span: Span) -> WidthError:
        """The exception for a section that this architecture's registers or stores are too narrow for."""
        message = f"{section.body.name}() cannot be made for {self.name}: {problem}"
        return WidthError([Diagnostic("too-wide", message, ((span, "here"),))])


class RegisterError(CompileError, ValueError):
    """A sequence that needs more registers than the architecture has for one block."""


class WidthError(RegisterError):
    """A sequence that needs wider registers, or stores, than the architecture has."""
