"""The machine code that is checked: sequences compiled as always, each in a function that an emulator can call.

Everything is as in a builtin: the section, the way back to it after an abort, bounds checks before and
inside it. Only the outside differs. An entry takes its arguments from a block of words and leaves code and
result in another, so that no calling convention matters, and where the spare lane would be taken, it gives up:
on the machine each CPU has a lane.

Each instruction of a section has a symbol, so that a report can name its source line. A clock answers
`TICKS`: what it is counted from is not the checker's matter.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rseq._arch import Architecture
from rseq._arch.base import Assembly, IndexMode, Line
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.errors import Span
from rseq._language.section import Section
from rseq._language.types import SCALARS, Buffer, Pointer, Record, RecordType, Scalar

if TYPE_CHECKING:
    from rseq._loader import Blob

TICKS = 0x1122334455667788

SPARE_LANE = "the spare lane"
"""What an operation comes to that finds no lane."""

INPUTS = 24
"""Words of input: the lanes' base, their stride, their number, then the arguments."""


_BYTES = SCALARS["u8"][48]


class Bytes(Record):
    """What a buffer holds while sequences are checked."""

    bytes: _BYTES  # type: ignore[valid-type]


Spoil = Callable[[Assembly], Assembly]
"""What a test does to a section to see that the checker notices."""

_LABEL = re.compile(r"rseq_line_(\d+)_(\d+)_\d+$")


@dataclass(frozen=True, eq=False)
class Operation:
    """A sequence as it is checked: `body` is its meaning, `code` what is compiled."""

    name: str
    code: Compiled

    @cached_property
    def body(self) -> ir.Body:
        """What it means."""
        return self.code.body

    @property
    def record(self) -> RecordType:
        """What it works on."""
        return self.body.record

    @property
    def rows(self) -> list[Any]:
        """What its pointers and indices lead to: records and numbers; buffers lead to `Bytes`."""
        types = (value.type for value in self.body.parameters)
        reached = (type.target if isinstance(type, Pointer) else isinstance(type, Buffer) and Bytes for type in types)
        return [*(target for target in reached if target), *(rows.target for rows in self.body.rows)]

    @classmethod
    def of(cls, code: Compiled) -> Operation:
        """The operation that a sequence is."""
        timeless = Compiled(code.function, code.body.with_ops(tuple(map(_without_clock, code.body.ops))))
        timeless.kind = "sequence"
        return cls(code.__name__, timeless)


def _without_clock(op: ir.Op) -> ir.Op:
    return ir.Set(op.target, ir.Const(TICKS, op.target.type), op.span) if isinstance(op, ir.Clock) else op


@dataclass(frozen=True)
class Place:
    """An instruction of a section: the line of assembly, its number from start, and the source it comes from."""

    line: Line
    number: int
    count: int
    span: Span | None
    text: str
    """The instruction, with registers as `rseq asm` names them."""
    releases: bool
    """True of a commit that releases what was stored before it."""


@dataclass
class Program:
    """Machine code of some operations for one architecture; `places` are its instructions by offset in the image."""

    architecture: Architecture
    index: IndexMode
    operations: tuple[Operation, ...]
    blob: Blob
    sections: Mapping[int, Assembly] = field(repr=False)

    def entry(self, operation: Operation) -> int:
        """The offset of the function that runs `operation`."""
        return self.blob.entries[f"entry_{self.operations.index(operation)}"]

    @property
    def order(self) -> str:
        """The byte order, as struct writes it."""
        return self.architecture.order

    @property
    def byteorder(self) -> Any:
        """The byte order, as int.from_bytes names it."""
        return self.architecture.byteorder

    @cached_property
    def places(self) -> dict[int, Place]:
        """Where each instruction of the sections lies."""
        found = {}
        for name, offset in self.blob.entries.items():
            if match := _LABEL.match(name):
                found[offset] = _place(self.sections[int(match[1])], int(match[2]))
        return found

    def fails_with(self, operation: Operation, code: int) -> str:
        """What a code that is not 0 means; "" is a result that is None."""
        from rseq._codegen.codes import BUSY, FIRST_CHECK, NO_ROW, NOTHING, SAME_ROW

        if code == NOTHING:
            return ""
        if code == BUSY:
            return SPARE_LANE
        if code >= FIRST_CHECK:
            return "IndexError"
        return "ValueError" if code in (NO_ROW, SAME_ROW) else f"code {code}"


def _place(assembly: Assembly, position: int) -> Place:
    numbers = assembly.protected
    number = numbers.index(position) + 1 if position in numbers else 0
    line = assembly.hot[position]
    spans = (op.span for op in assembly.section.ops if str(op) == line.comment)
    is_commit = number == len(numbers) and assembly.section.body.release
    releases = is_commit and assembly.architecture.releases(assembly)
    return Place(line, number, len(numbers), next(spans, None), assembly.text_of(line), releases)


class Spoilt:
    """An architecture whose assembly may be spoilt; all else is asked of the real one."""

    def __init__(self, architecture: Architecture, spoil: Spoil) -> None:
        self._architecture, self._spoil = architecture, spoil

    def __getattr__(self, name: str) -> Any:
        return getattr(self._architecture, name)

    def assemble(self, section: Section, index: IndexMode = "cpu_id") -> Assembly:
        """What the architecture assembles, spoilt."""
        return self._spoil(self._architecture.assemble(section, index))


class _Watched(Spoilt):
    """One whose sections have a symbol before each instruction."""

    def __init__(self, architecture: Architecture, spoil: Spoil) -> None:
        super().__init__(architecture, spoil)
        self.sections: dict[int, Assembly] = {}

    def assemble(self, section: Section, index: IndexMode = "cpu_id") -> Assembly:
        assembly = super().assemble(section, index)
        serial = len(self.sections)
        self.sections[serial] = assembly
        hot: list[Line] = []
        for position, line in enumerate(assembly.hot):
            if line.is_instruction:
                hot.append(Line(f"rseq_line_{serial}_{position}_@uid@:"))
            hot.append(line)
        fields = {name: getattr(assembly, name) for name in ("architecture", "section", "index", "slots", "cold")}
        return _Labelled(hot=tuple(hot), **fields)


class _Labelled(Assembly):
    """A section whose labels have a name for each copy that a compiler makes of it."""

    def llvm_template(self) -> str:
        return super().llvm_template().replace("@uid@", "${:uid}")


def compiled(
    operations: Sequence[Operation],
    architecture: Architecture,
    index: IndexMode = "cpu_id",
    spoil: Spoil = lambda assembly: assembly,
) -> Program:
    """The machine code of `operations`, all in one image.

    Raises: RegisterError - a sequence needs more registers than the architecture has. MissingPackage - no compiler for
    the architecture is installed.
    """
    from rseq._check.entries import module_of
    from rseq._codegen.blob import flatten, object_file, symbol_names

    watched: Any = _Watched(architecture, spoil)
    codes = [operation.code for operation in operations]
    data = object_file(module_of(codes, watched, index, INPUTS), architecture)
    names = [name for name in symbol_names(data) if name.startswith(("entry_", "rseq_line_", "input", "output"))]
    return Program(architecture, index, tuple(operations), flatten(data, architecture, names), watched.sections)


def as_word(number: int | float, type: Any) -> int:
    """A number of the language as the 64 bits that stand for it in `input` and `output`."""
    given = type.wrap(number) if isinstance(type, Scalar) and not type.is_float else number
    return int.from_bytes(struct.pack("<" + type.code, given), "little")


def from_word(word: int, type: Any) -> int | float | bool:
    """The number of the language that a word of `output` stands for."""
    packed = (word & ((1 << type.bits) - 1)).to_bytes(type.size, "little")
    loaded: int | float = struct.unpack("<" + type.code, packed)[0]
    return bool(loaded) if type.kind == "bool" else loaded
