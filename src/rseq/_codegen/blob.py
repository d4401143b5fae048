"""LLVM IR -> object file -> blob: position-independent code, data, and the words to fill in when it is loaded.

LLVM's object file is flattened: everything executable or read-only becomes the code, everything
writable the data. References between them are resolved here (their distance is fixed); what is left
are absolute pointers, to the image itself or to symbols of the process. Code reaches the process's
functions through slots, one pointer each in the data, so that it may lie anywhere in memory.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from rseq._arch import Architecture, host
from rseq._arch.base import Fixup
from rseq._codegen.environment import Environment, Lane
from rseq._codegen.llvm import emit, emit_elsewhere, is_held_by_another_thread
from rseq._codegen.lower import WAIT_FOREVER
from rseq._codegen.writer import I8, PTR, Pointed, Writer, ll
from rseq._forks import TOOLS, in_each_child, wait_while
from rseq._integers import round_up
from rseq._language.compiled import Compiled
from rseq._layout import Layout
from rseq._loader import DATA_ALIGNMENT, RSEQ_OFFSET, Blob, Code, Relocation, load
from rseq._room import require_room
from rseq._thread.support import require_support

_SHF_WRITE, _SHF_ALLOC = 1, 2
_SHT_PROGBITS, _SHT_SYMTAB, _SHT_RELA, _SHT_NOBITS, _SHT_REL = 1, 2, 4, 8, 9


class BlobEnvironment(Environment):
    """Code in a blob: functions of the process through slots, the rseq area's offset in one."""

    @classmethod
    def new(
        cls,
        name: str,
        architecture: Architecture | None = None,
        *,
        has_rseq: bool = False,
        layout: Layout | None = None,
    ) -> Self:
        """An empty module. Raises: UnsupportedError - there is no code generator for this machine's architecture."""
        architecture, module = architecture or require_support(), ll.Module(name)
        module.triple = architecture.triple
        made = cls(architecture, module, has_rseq)
        made.layout = layout or made.layout
        return made

    def compiled(self, entries: Iterable[str]) -> Blob:
        """The module's blob; `entries` are the functions and variables that callers will look for."""
        return flatten(object_file(self.module, self.architecture), self.architecture, [*entries])

    def loaded(self, entries: Iterable[str], symbols: Mapping[str, int] | None = None) -> Code:
        """The same, mapped for good. Raises: OSError - the system refuses executable memory."""
        return load(self.compiled(entries), symbols or {})

    def address(self, builder: Any, name: str) -> Any:
        """Emit the address of the process's symbol `name`, as a pointer."""
        load = builder.load(self._slot(name), typ=PTR)
        load.set_metadata("invariant.load", self.module.add_metadata([]))
        return load

    def _slot(self, name: str) -> Any:
        slot = f"slot.{name}"
        if slot not in self.module.globals:
            symbol = ll.GlobalVariable(self.module, I8, name)
            symbol.linkage = "external"
            variable = ll.GlobalVariable(self.module, PTR, slot)
            variable.initializer = symbol
            variable.linkage = "hidden"  # not internal: LLVM must not look through it and call directly
            variable.align = 8
        return self.module.globals[slot]

    def call(self, builder: Any, name: str, type: ll.FunctionType, arguments: Sequence[Any]) -> Any:
        return builder.call(Pointed(self.address(builder, name), type), arguments)

    def variable(self, emit: Writer, name: str, type: Any) -> Any:
        return emit.load(emit.symbol(name), type=type)

    def offset(self, emit: Writer) -> Any:
        return emit.address(emit.symbol(RSEQ_OFFSET))

    def spare(
        self, emit: Writer, code: Compiled, lane: Lane, arguments: Sequence[Any], function: Callable[[], Any]
    ) -> Any:
        return emit.run(function(), *lane, WAIT_FOREVER, *arguments)


# ---- compilation


def object_file(module: Any, architecture: Architecture) -> bytes:
    """LLVM's object file: llvmlite's for this machine, that of `ziglang` for others. Raises: MemoryError."""
    if architecture is not host():
        from rseq._codegen.cross import emit_for

        return emit_for(str(module), architecture)
    text, how = str(module), emit_elsewhere if _cut_off else emit
    if how is emit:
        loading = 0 if "llvmlite.binding" in sys.modules else _LLVM_MIB
        require_room(loading + _COMPILING_MIB + (len(text) >> 14), "LLVM to compile in")
    return how(text, architecture.triple, architecture.features, architecture.code_model)


_LLVM_MIB, _COMPILING_MIB = 192, 32
"""What the library takes, and at most a module of some sequences; larger ones more, by their text."""


_cut_off: list[bool] = []


def _look_for_llvm() -> None:
    """In a forked child: see if LLVM can go on. If it cannot, it cannot in this child's children either."""
    if is_held_by_another_thread():
        _cut_off[:] = [True]


in_each_child(_look_for_llvm, TOOLS)
wait_while(is_held_by_another_thread)


def symbol_names(data: bytes) -> list[str]:
    """The names of all symbols of an object file."""
    return [name for name, *_ in _Object(data).symbols]


# ---- the object file


@dataclass(frozen=True)
class _Section:
    index: int
    type: int
    flags: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int


class _Object:
    """What we read of a relocatable object file; LLVM has just written it, so it is taken at its word.

    In ELF-64 relocations have their addends; in ELF-32, of the architectures here, addends stand in what is relocated.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        assert data[:4] == b"\x7fELF", "LLVM wrote no ELF file"
        self.is_64 = data[4] == 2
        self.order = "<" if data[5] == 1 else ">"
        (start,) = self._unpack("Q", 40) if self.is_64 else self._unpack("I", 32)
        size, count, _ = self._unpack("HHH", 58 if self.is_64 else 46)
        self.sections = [self._section(index, start + index * size) for index in range(count)]
        tables = [section for section in self.sections if section.type == _SHT_SYMTAB]
        self.symbols = [symbol for table in tables for symbol in self._symbols(table)]

    def _unpack(self, form: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self.order + form, self.data, offset)

    def _section(self, index: int, where: int) -> _Section:
        _, type, flags, _, offset, size, link, info, alignment, _ = self._unpack(
            "IIQQQQIIQQ" if self.is_64 else "10I", where
        )
        return _Section(index, type, flags, offset, size, link, info, alignment)

    def _symbols(self, table: _Section) -> list[tuple[str, int, int, int]]:
        names = self.sections[table.link].offset
        found = []
        for where in range(table.offset, table.offset + table.size, 24 if self.is_64 else 16):
            if self.is_64:
                name, _, other, section, value, _ = self._unpack("IBBHQQ", where)
            else:
                name, value, _, _, other, section = self._unpack("IIIBBH", where)
            end = self.data.index(b"\0", names + name)
            found.append((self.data[names + name : end].decode(), section, value, other))
        return found

    def contents(self, section: _Section) -> bytes:
        """The bytes of a section; zeros where the file has none."""
        if section.type == _SHT_NOBITS:
            return bytes(section.size)
        return self.data[section.offset : section.offset + section.size]

    def relocations(self, section: _Section) -> list[tuple[int, int, int, int | None]]:
        """(offset, kind, symbol, addend) of each relocation of `section`; None: what stands there is the addend."""
        found: list[tuple[int, int, int, int | None]] = []
        for table in self.sections:
            if table.type == _SHT_REL and table.info == section.index:
                for where in range(table.offset, table.offset + table.size, 8):
                    offset, info = self._unpack("II", where)
                    found.append((offset, info & 0xFF, info >> 8, None))
            if table.type == _SHT_RELA and table.info == section.index:
                for where in range(table.offset, table.offset + table.size, 24):
                    offset, info, addend = self._unpack("QQq", where)
                    found.append((offset, info & 0xFFFFFFFF, info >> 32, addend))
        return found


def flatten(data: bytes, architecture: Architecture, entries: Sequence[str]) -> Blob:
    """The blob of an object file. Raises: ValueError - it refers to something that a blob cannot."""
    elf = _Object(data)
    kept = [s for s in elf.sections if s.flags & _SHF_ALLOC and s.size and s.type in (_SHT_PROGBITS, _SHT_NOBITS)]
    parts, placed = (bytearray(), bytearray()), dict[int, tuple[int, int]]()
    for section in kept:
        which = int(bool(section.flags & _SHF_WRITE))
        part = parts[which]
        part += bytes(-len(part) % max(section.alignment, 1))
        placed[section.index] = (which, len(part))
        part += elf.contents(section)
    code, data_part = parts
    data_offset = round_up(max(len(code), 1), DATA_ALIGNMENT)
    image = code + bytes(data_offset - len(code)) + data_part
    address = {index: which * data_offset + offset for index, (which, offset) in placed.items()}
    relocations = [r for section in kept for r in _link(elf, section, address, image, architecture)]
    found = {name: address[s] + value for name, s, value, _ in elf.symbols if name in entries and s in address}
    missing = set(entries) - set(found)
    assert not missing, f"LLVM left out {missing}"
    return Blob(bytes(image[: len(code)]), bytes(image[data_offset:]), data_offset, tuple(relocations), found)


def _link(
    elf: _Object, section: _Section, address: dict[int, int], image: bytearray, architecture: Architecture
) -> list[Relocation]:
    left = []
    for fixup in architecture.independent(list(_fixups(elf, section, address, image, architecture))):
        if architecture.relocate(fixup.kind, image, fixup.where, fixup.target):
            left.append(Relocation(fixup.where, fixup.symbol, fixup.target))
        elif fixup.symbol is not None:
            raise ValueError(f"the code refers to {fixup.symbol} by distance, and it may lie anywhere")
    return left


def _fixups(
    elf: _Object, section: _Section, address: dict[int, int], image: bytearray, architecture: Architecture
) -> Iterator[Fixup]:
    for offset, kind, symbol, given in elf.relocations(section):
        name, home, value, other = elf.symbols[symbol]
        where = address[section.index] + offset
        addend = given if given is not None else architecture.addend(kind, image, where)
        if home in address:
            yield Fixup(kind, where, address[home] + value + addend, None, other)
        else:
            yield Fixup(kind, where, addend, name or None)
