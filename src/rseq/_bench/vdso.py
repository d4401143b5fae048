"""Find a function in the vDSO: the small library that the kernel maps into every process.

Baselines call `getcpu` there directly, as C libraries did before they read the rseq field. Nothing but ELF's own
tables is used: the image is in memory whole, with its section headers, so its dynamic symbols are read from there.
"""

from __future__ import annotations

import ctypes
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["lookup"]

_AT_SYSINFO_EHDR = 33
_SHT_DYNSYM = 11
_ELFCLASS64 = 2


@dataclass(frozen=True)
class _Layout:
    """Where ELF keeps what is needed here; formats as `struct` writes them, without the byte order."""

    header: str  # e_shoff, e_shentsize, e_shnum
    header_at: tuple[int, int]
    section: str  # sh_type … sh_entsize
    symbol: str
    value_at: int  # which member of a symbol is its value, and which its section
    section_at: int


_LAYOUTS = {
    1: _Layout("I", (32, 46), "IIIIIIIIII", "IIIBBH", 1, 5),
    2: _Layout("Q", (40, 58), "IIQQQQIIQQ", "IBBHQQ", 4, 3),
}


def lookup(name: str) -> int | None:
    """The address of `name` in this process's vDSO, None if there is no vDSO or no such function in it."""
    base = _base()
    if not base:
        return None
    offset = _symbols(_image(base)).get(name)
    return None if offset is None else base + offset


def _base() -> int:
    getauxval = ctypes.CDLL(None).getauxval
    getauxval.argtypes, getauxval.restype = [ctypes.c_ulong], ctypes.c_ulong
    return int(getauxval(_AT_SYSINFO_EHDR))


def _image(base: int) -> bytes:
    """The bytes of the mapping that begins at `base`."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        start, _, end = line.split(maxsplit=1)[0].partition("-")
        if int(start, 16) == base:
            return ctypes.string_at(base, int(end, 16) - base)
    return b""


def _symbols(image: bytes) -> dict[str, int]:
    """Every defined dynamic symbol of an ELF image that was linked at address 0, with its value."""
    if image[:4] != b"\x7fELF":
        return {}
    layout, order = _LAYOUTS[image[4]], "<" if sys.byteorder == "little" else ">"
    offset_at, shape_at = layout.header_at
    (offset,) = struct.unpack_from(order + layout.header, image, offset_at)
    size, count = struct.unpack_from(order + "HH", image, shape_at)
    sections = [
        struct.unpack_from(order + layout.section, image, offset + size * i) for i in range(count if offset else 0)
    ]
    found = {}
    for _, kind, _, _, start, length, link, *_ in sections:
        if kind != _SHT_DYNSYM:
            continue
        strings = sections[link][4]
        for symbol in struct.iter_unpack(order + layout.symbol, image[start : start + length]):
            if symbol[layout.section_at]:
                begin = strings + symbol[0]
                found[image[begin : image.index(b"\0", begin)].decode()] = symbol[layout.value_at]
    return found
