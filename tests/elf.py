"""What stands in object files and programs made from emitted headers: descriptors, and what must not be there."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.relocation import RelocationSection

from rseq._arch import Architecture
from rseq._arch.base import ABORT

DF_TEXTREL, EXECUTABLE = 4, 1


@dataclass(frozen=True)
class Descriptor:
    """One struct rseq_cs."""

    version: int
    flags: int
    start: int
    length: int
    abort: int


class Linked:
    """A program or a shared library, as the loader would have it at address `base`.

    `outside` are the addresses of symbols that it does not define.
    """

    def __init__(self, path: Path, base: int = 0, outside: Mapping[str, int] | None = None) -> None:
        self.base, self.outside = base, outside or {}
        with path.open("rb") as file:
            elf = ELFFile(file)
            self.order = "<" if elf.little_endian else ">"
            segments = [segment for segment in elf.iter_segments() if segment["p_type"] == "PT_LOAD"]
            self.image = bytearray(max(segment["p_vaddr"] + segment["p_memsz"] for segment in segments))
            for segment in segments:
                self.image[segment["p_vaddr"] : segment["p_vaddr"] + segment["p_filesz"]] = segment.data()
            self.code = [
                range(segment["p_vaddr"], segment["p_vaddr"] + segment["p_memsz"])
                for segment in segments
                if segment["p_flags"] & EXECUTABLE
            ]
            self.relocated = list(self._relocate(elf))
            self.symbols = {
                symbol.name: range(symbol["st_value"], symbol["st_value"] + symbol["st_size"])
                for table in elf.iter_sections("SHT_SYMTAB")
                for symbol in table.iter_symbols()
                if symbol["st_shndx"] != "SHN_UNDEF" and symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT")
            }
            self.descriptors = list(self._descriptors(elf))
            self.text_relocations = any(_text_relocations(table) for table in elf.iter_sections("SHT_DYNAMIC"))

    def _relocate(self, elf: Any) -> Iterator[int]:
        """Apply the dynamic relocations, all of which are words here; their places."""
        for table in elf.iter_sections():
            if isinstance(table, RelocationSection) and table["sh_flags"] & SH_FLAGS.SHF_ALLOC:
                symbols = elf.get_section(table["sh_link"])
                for relocation in table.iter_relocations():
                    number = relocation["r_info_sym"]
                    value = self.base if number == 0 else self._address(symbols.get_symbol(number))
                    where, size = relocation["r_offset"], elf.elfclass // 8
                    order: Any = "little" if self.order == "<" else "big"
                    there = int.from_bytes(self.image[where : where + size], order)
                    value += relocation["r_addend"] if table.is_RELA() else there
                    self.image[where : where + size] = (value & (1 << 8 * size) - 1).to_bytes(size, order)
                    yield relocation["r_offset"]

    def _address(self, symbol: Any) -> int:
        return self.outside.get(symbol.name, 0) if symbol["st_shndx"] == "SHN_UNDEF" else self.base + symbol["st_value"]

    def _descriptors(self, elf: Any) -> Iterator[Descriptor]:
        section = elf.get_section_by_name("__rseq_cs")
        if section is not None:
            content = self.image[section["sh_addr"] : section["sh_addr"] + section["sh_size"]]
            for fields in struct.iter_unpack(self.order + "IIQQQ", content):
                yield Descriptor(*fields)

    def problems(self, architecture: Architecture) -> Iterator[str]:
        """What is wrong with its descriptors and relocations, in words."""
        if self.text_relocations or any(place in code for place in self.relocated for code in self.code):
            yield "the loader must write to code"
        if not self.descriptors:
            yield "no descriptor"
        for descriptor in self.descriptors:
            yield from self._problems_of(descriptor, architecture)

    def _problems_of(self, descriptor: Descriptor, architecture: Architecture) -> Iterator[str]:
        start, length, abort = descriptor.start, descriptor.length, descriptor.abort
        functions = [function for function in self.symbols.values() if start in function]
        if (descriptor.version, descriptor.flags) != (0, 0):
            yield "a descriptor of another version"
        if not any(start in code and start + length in code and abort in code for code in self.code):
            yield "a descriptor that leads out of the code"
            return
        if not 0 < length < 4096 or not all(start + length in function for function in functions):
            yield "a section that does not end in its function"
        if any(abort in function for function in self.symbols.values()):
            yield f"the abort handler, {ABORT}, in the way of the code"
        if struct.unpack_from(self.order + "I", self.image, abort - 4) != (architecture.signature,):
            yield "no signature before the abort handler"


def _text_relocations(table: Any) -> bool:
    return any(
        tag["d_tag"] == "DT_TEXTREL" or (tag["d_tag"] == "DT_FLAGS" and tag["d_val"] & DF_TEXTREL)
        for tag in table.iter_tags()
    )


@dataclass(frozen=True)
class Section:
    """A section of descriptors in an object file: its flags, its group, and the groups of the code that it is about."""

    flags: int
    alignment: int
    group: int | None
    groups_of_code: frozenset[int | None]

    def problems(self) -> Iterator[str]:
        """What is wrong with it, in words."""
        if self.flags & ~SH_FLAGS.SHF_GROUP != SH_FLAGS.SHF_ALLOC | SH_FLAGS.SHF_WRITE:
            yield "descriptors that a loader cannot relocate"
        if self.alignment != 32:
            yield f"descriptors aligned to {self.alignment}"
        if self.groups_of_code != {self.group}:
            yield "a descriptor that goes when its code stays, or the other way round"


def descriptor_sections(path: Path) -> list[Section]:
    """The sections of descriptors of an object file."""
    with path.open("rb") as file:
        elf = ELFFile(file)
        order = "<" if elf.little_endian else ">"
        groups = {
            member: number
            for number, section in enumerate(elf.iter_sections())
            if section["sh_type"] == "SHT_GROUP"
            for member in struct.unpack(f"{order}{section['sh_size'] // 4}I", section.data())[1:]
        }
        symbols = elf.get_section_by_name(".symtab")
        found = []
        for number, section in enumerate(elf.iter_sections()):
            if section.name == "__rseq_cs":
                about = {
                    groups.get(symbols.get_symbol(relocation["r_info_sym"])["st_shndx"])
                    for table in elf.iter_sections()
                    if isinstance(table, RelocationSection) and table["sh_info"] == number
                    for relocation in table.iter_relocations()
                }
                found.append(
                    Section(section["sh_flags"], section["sh_addralign"], groups.get(number), frozenset(about))
                )
        return found
