"""The sections in the machine code that is shipped are those that the checker runs, instruction by instruction.

Both are compiled, and a compiler chooses the registers of the operands anew each time. So registers are numbered in the
order in which they come: what is compared is one section with each register of the other called as its own. Jumps lead
to the same instruction, and constants in memory have the same bytes. Capstone, which has nothing to do with LLVM, reads
both.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import spoils
from rseq import _arch as arch
from rseq import _ship, _shipped
from rseq._arch.base import IndexMode
from rseq._builtins.form import bundle_name
from rseq._check.code import Operation, Spoil, compiled
from rseq._check.run import sequences_of
from rseq._language.compiled import Compiled
from rseq._loader import Blob, from_plain
from rseq._structures.cell import cell
from rseq._structures.forms import Shipped

capstone = pytest.importorskip("capstone", reason="it reads the machine code (pip install -e .[dev])")

FORMS = {one.form.name: one for one in _ship.all_forms()}
WITHOUT = "clock"
"""It reads the clock alone, in a routine."""

SOME = ["cell i64", "cells u16", "min f32", "bucket", "stack 64", "ring 1024 drop clock bytes"]

_X86_NUMBERED = re.compile(r"r(?P<number>\d+)(?P<width>[dwb]?)")
_X86_NAMED = re.compile(r"(?P<width>[re]?)(?P<name>[abcd]x|[sd]i|bp)|(?P<half>[abcd])(?P<end>[lh])|(?P<byte>[sd]i|bp)l")
_SIZES = {"byte": 1, "word": 2, "dword": 4, "qword": 8, "xmmword": 16, "w": 4, "x": 8, "s": 4, "d": 8, "q": 16}


def _x86_register(text: str) -> tuple[str, str]:
    """Which register it is, and which part of it."""
    if found := _X86_NUMBERED.fullmatch(text):
        return found["number"], found["width"] or "r"
    if text.startswith("xmm"):
        return text, "xmm"
    found = _X86_NAMED.fullmatch(text)
    assert found is not None
    if found["half"]:
        return f"{found['half']}x", {"l": "b", "h": "high"}[found["end"]]
    if found["byte"]:
        return found["byte"], "b"
    return found["name"], {"r": "r", "e": "d", "": "w"}[found["width"]]


def _arm_register(text: str) -> tuple[str, str]:
    return ("general " if text[0] in "xw" else "vector ") + text[1:], text[0]


READERS: dict[str, tuple[Any, str, Callable[[str], tuple[str, str]]]] = {
    "x86_64": (
        (capstone.CS_ARCH_X86, capstone.CS_MODE_64),
        r"\b(?:r\d+[dwb]?|xmm\d+|[re]?(?:[abcd]x|[sd]i|bp)|[abcd][lh]|(?:[sd]i|bp)l)\b",
        _x86_register,
    ),
    "aarch64": ((capstone.CS_ARCH_ARM64, capstone.CS_MODE_ARM), r"\b[xwqdsv]\d+\b", _arm_register),
}


class Section:
    """A critical section of a blob, as its descriptor at offset `at` says."""

    def __init__(self, blob: Blob, at: int, start: int, abort: int) -> None:
        self.blob, self.start, self.abort = blob, start, abort
        version, flags, _, self.length = struct.unpack_from("<IIQQ", blob.code, at)
        assert (version, flags) == (0, 0)

    def instructions(self, machine: str) -> tuple[str, ...]:
        """What they say, but for the names of registers."""
        assert not self.start <= self.abort < self.start + self.length
        (signature,) = struct.unpack_from("<I", self.blob.code, self.abort - 4)
        assert signature == arch.get(machine).signature, "another signature before the abort handler"
        (family, mode), pattern, parts_of = READERS[machine]
        code = self.blob.code[self.start : self.start + self.length]
        read = list(capstone.Cs(family, mode).disasm(code, self.start))
        assert sum(one.size for one in read) == self.length, "the section ends in the middle of an instruction"
        numbers = {one.address: place for place, one in enumerate(read)} | {self.start + self.length: len(read)}
        known: dict[str, int] = {}

        def register(found: re.Match[str]) -> str:
            which, part = parts_of(found[0])
            return f"{part}:{known.setdefault(which, len(known))}"

        said = []
        for one in read:
            operands = re.sub(pattern, register, self._with_constants(one))
            if one.mnemonic.startswith(("j", "b", "cb", "tb")):
                operands = re.sub(
                    r"#?0x[0-9a-f]+$", lambda to: f"to {numbers.get(int(to[0].lstrip('#'), 16))}", operands
                )
            said.append(f"{one.mnemonic} {operands}")
        return tuple(said)

    def _with_constants(self, one: Any) -> str:
        """The operands; what lies in memory beside the code stands for its address."""

        def constant(begin: int, nbytes: int) -> str:
            return f"constant {self.blob.code[begin : begin + nbytes].hex()}"

        text: str = one.op_str
        if found := re.search(r"(\w+) ptr \[rip ([+-]) (\w+)\]", text):
            where = one.address + one.size + int(found[2] + found[3], 0)
            return text.replace(found[0], constant(where, _SIZES[found[1]]))
        if one.mnemonic == "ldr" and (found := re.search(r"(?<=, )#(0x[0-9a-f]+)$", text)):
            return text.replace(found[0], constant(int(found[1], 16), _SIZES[text[0]]))
        return text


def sections(blob: Blob) -> Iterator[Section]:
    """All of them: a descriptor's second and fourth word, and no others, are addresses."""
    addresses = {one.where: one.addend for one in blob.relocations if one.symbol is None}
    for where, start in addresses.items():
        if where % 32 == 8 and where + 16 in addresses and where < len(blob.code):
            yield Section(blob, where - 8, start, addresses[where + 16])


def said(blob: Blob, machine: str) -> set[tuple[str, ...]]:
    return {one.instructions(machine) for one in sections(blob)}


def checked(codes: list[Compiled], machine: str, index: IndexMode, spoil: Spoil = lambda assembly: assembly) -> Blob:
    """The checker's code. The clock, which it leaves out where it runs them, is left in."""
    return compiled([Operation(code.__name__, code) for code in codes], arch.get(machine), index, spoil).blob


def builtins(form: Shipped, bundles: Callable[[str], Any]) -> Iterator[tuple[IndexMode, list[Compiled], Blob]]:
    """Each builtin that has sequences: how it chooses the lane, the sequences, its machine code."""
    for index in form.indexes:
        made = bundles(bundle_name(form.form.name, index, has_rseq=True))
        for name, dimensions in form.builtins:
            part = form.form.part(name)
            codes = [code for code in dict.fromkeys(sequences_of([part.code])) if code.kind == "sequence"]
            if codes:
                yield index, codes, from_plain(made[part.key(dimensions)][0])


def require_same(form: Shipped, machine: str, bundles: Callable[[str], Any]) -> None:
    made = list(builtins(form, bundles))
    assert made
    for index, codes, blob in made:
        assert said(blob, machine) == said(checked(codes, machine, index), machine)


HERE = os.uname().machine
on_what_is_shipped = pytest.mark.skipif(
    _shipped.facts() == {} or HERE not in READERS, reason="this installation has no machine code for this machine"
)


@on_what_is_shipped
@pytest.mark.parametrize("name", SOME)
def test_what_is_shipped_is_what_is_checked(name: str) -> None:
    require_same(FORMS[name], HERE, _shipped.bundle)


@on_what_is_shipped
@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FORMS if name not in SOME and name != WITHOUT])
def test_so_are_all_others(name: str) -> None:
    require_same(FORMS[name], HERE, _shipped.bundle)


@on_what_is_shipped
def test_nothing_else_that_is_shipped_has_sections() -> None:
    file = _shipped.File(os.path.join(_shipped.FOLDER, _shipped.origin()[0]))
    compared = {bundle_name(form.form.name, index, has_rseq=True) for form in FORMS.values() for index in form.indexes}
    have = {name for name in file.names() if any(True for blob in blobs(file.bundle(name)) for _ in sections(blob))}
    assert have == compared - {bundle_name(WITHOUT, "cpu_id", has_rseq=True)}


def blobs(contents: Any) -> Iterator[Blob]:
    """Those in a bundle: a blob is a tuple of five that begins with its code."""
    if isinstance(contents, tuple) and len(contents) == 5 and isinstance(contents[0], bytes):
        yield from_plain(contents)
    elif isinstance(contents, (tuple, dict)):
        for part in contents.values() if isinstance(contents, dict) else contents:
            yield from blobs(part)


@pytest.mark.parametrize("machine", sorted({*READERS} - {HERE}))
@pytest.mark.parametrize("name", [SOME[0], *(pytest.param(name, marks=pytest.mark.slow) for name in SOME[1:])])
def test_so_it_is_for_the_other_machine(name: str, machine: str) -> None:
    made = dict(_ship.of_form(FORMS[name], machine, "cp311"))
    require_same(FORMS[name], machine, made.get)


# ---- what is not the same is seen


@pytest.mark.parametrize("spoil", [spoils.ending_early, spoils.ending_late])
@pytest.mark.skipif(HERE not in READERS, reason="no reader for this machine's code")
def test_a_section_that_is_spoilt_is_another_one(spoil: Spoil) -> None:
    codes = [cell("i64").parts["add"]]
    assert said(checked(codes, HERE, "cpu_id"), HERE) == said(checked(codes, HERE, "cpu_id"), HERE)
    assert said(checked(codes, HERE, "cpu_id", spoil), HERE) != said(checked(codes, HERE, "cpu_id"), HERE)


@pytest.mark.skipif(HERE not in READERS, reason="no reader for this machine's code")
def test_another_signature_is_noticed() -> None:
    blob = checked([cell("i64").parts["add"]], HERE, "cpu_id", spoils.with_wrong_signature)
    with pytest.raises(AssertionError, match="signature"):
        said(blob, HERE)


def read(code: str) -> tuple[str, ...]:
    data = bytes.fromhex(code)
    signature = struct.pack("<I", arch.get("x86_64").signature)
    blob = Blob(struct.pack("<IIQQQ", 0, 0, 0, len(data), 0) + data + signature, b"", 0, (), {})
    return Section(blob, 0, 32, len(blob.code)).instructions("x86_64")


def test_registers_are_compared_by_where_they_come_again() -> None:
    same = read("488b03 4801c8")  # mov rax, [rbx]; add rax, rcx
    assert same == ("mov r:0, qword ptr [r:1]", "add r:0, r:2")
    assert read("498b10 4c01ca") == same  # mov rdx, [r8]; add rdx, r9
    assert read("488b03 4801d8") != same  # add rax, rbx
    assert read("488b03 01c8") != same  # add eax, ecx
    assert read("488b03 4829c8") != same  # sub rax, rcx


def test_jumps_are_compared_by_the_instruction_that_they_lead_to() -> None:
    assert read("7403 4801c8 90") == ("je to 2", "add r:0, r:1", "nop ")
    assert read("7402 01c8 90")[0] == "je to 2"
    assert read("7401 01c8 90")[0] == "je to None"
