"""Golden assembly of every shipped sequence and of many shapes, assembled, and what the kernel will read inspected."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import examples
import programs
from programs import compiled
from rseq import abi, arch
from rseq.arch.base import Architecture, Assembly, Line, RegisterError
from rseq.language.section import section
from rseq.native.blob import flatten, object_file

ARCHITECTURES = [arch.get(name) for name in arch.names()]
SEQUENCES = dict(examples.sequences())
END_MARK = bytes.fromhex("5ca1ab1e0ddba115")

each_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda one: one.name)
each_sequence = pytest.mark.parametrize("name", SEQUENCES)


class Assembled:
    """The bytes of one critical section, with what its descriptor says."""

    def __init__(self, assembly: Assembly) -> None:
        architecture = assembly.architecture
        text = f"{assembly}\n.byte {', '.join(map(str, END_MARK))}\n"
        escaped = text.replace("\\", "\\5C").replace('"', "\\22").replace("\n", "\\0A")
        module = f'target triple = "{architecture.triple}"\nmodule asm "{escaped}"\n'
        blob = flatten(object_file(module, architecture), architecture, [])
        code = bytearray(blob.code)
        for relocation in blob.relocations:
            assert relocation.symbol is None
            struct.pack_into(f"<{self.word(architecture)}", code, relocation.where, relocation.addend)
        self.code = bytes(code)
        (self.descriptor,) = {relocation.where - 8 for relocation in blob.relocations if relocation.where % 32 == 8}
        self.version, self.flags, self.start, self.length, self.abort = struct.unpack_from(
            "<IIQQQ", self.code, self.descriptor
        )
        self.end = self.start + self.length

    @staticmethod
    def word(architecture: Architecture) -> str:
        return "Q" if architecture.pointer_bytes == 8 else "I"


def inspect(assembly: Assembly) -> Assembled:
    """What the kernel demands of a descriptor, and what makes the commit the end."""
    made = Assembled(assembly)
    assert (made.version, made.flags) == (0, 0)
    assert made.descriptor % abi.CS_ALIGNMENT == 0
    assert 0 < made.start < made.end
    assert made.code[made.end : made.end + len(END_MARK)] == END_MARK, "end is not behind the last instruction"
    assert not made.start <= made.abort < made.end
    assert made.abort < made.descriptor
    (signature,) = struct.unpack_from("<I", made.code, made.abort - 4)
    assert signature == assembly.architecture.signature
    return made


def is_commit(line: Line) -> bool:
    return line.is_instruction and line.comment.endswith("# commit")


def check_text(assembly: Assembly) -> None:
    """One commit, which is last; the store to rseq_cs directly before start."""
    texts = [line.text for line in assembly.hot]
    start = texts.index("2:")
    assert assembly.hot[start - 1].is_instruction
    assert [line.comment for line in assembly.hot[:start]] == ["restart"] * start
    assert texts[-1] == "3:"
    assert texts.count("2:") == texts.count("3:") == 1
    commits = [op for op in assembly.section.ops if getattr(op, "commit", False)]
    assert len(commits) <= 1
    if commits:
        assert assembly.section.ops[-1] is commits[0]
        assert is_commit(assembly.hot[-2])
        first = next(index for index, line in enumerate(assembly.hot) if is_commit(line))
        assert all(is_commit(line) for line in assembly.hot[first:-1])
    forward = re.findall(r"\b(\d+)f\b", "\n".join(texts[start:]))
    assert set(forward) <= {text.rstrip(":") for text in texts[start:]}


@each_architecture
@each_sequence
def test_the_assembly_is_the_golden_one(architecture: Architecture, name: str, golden: Callable[..., None]) -> None:
    assembly = architecture.assemble(section(SEQUENCES[name].body))
    made = inspect(assembly)
    mark = architecture.comment
    sizes = f"{mark} bytes: {made.end - made.start} in the section, {len(made.code) - len(END_MARK)} in all"
    golden(f"{assembly}\n{sizes}\n", f"asm/{architecture.name}/{name}.s")


@each_architecture
@each_sequence
@pytest.mark.parametrize("index", ["cpu_id", "mm_cid"])
def test_the_descriptor_and_the_commit_are_right(architecture: Architecture, name: str, index: Any) -> None:
    assembly = architecture.assemble(section(SEQUENCES[name].body), index)
    check_text(assembly)
    inspect(assembly)


@each_architecture
def test_there_is_no_golden_without_a_sequence(architecture: Architecture, request: pytest.FixtureRequest) -> None:
    folder = request.path.parents[1] / "golden" / "asm" / architecture.name
    assert {path.stem for path in folder.glob("*.s")} == set(SEQUENCES)


@st.composite
def sequence(draw: Any) -> Any:
    return compiled(programs.Writer(draw).program())


@each_architecture
@given(code=sequence())
@settings(derandomize=True, database=None, deadline=None, max_examples=150)
def test_random_sections_are_assembled_as_they_must_be(architecture: Architecture, code: Any) -> None:
    try:
        assembly = architecture.assemble(section(code.body))
    except RegisterError:
        return
    check_text(assembly)
    inspect(assembly)


@each_architecture
def test_registers_are_the_same_each_time(architecture: Architecture) -> None:
    for code in SEQUENCES.values():
        assert len({str(architecture.assemble(section(code.body))) for _ in range(2)}) == 1


@each_architecture
def test_a_counter_takes_few_instructions(architecture: Architecture) -> None:
    assembly = architecture.assemble(section(SEQUENCES["add_i64"].body))
    start = [line.text for line in assembly.hot].index("2:")
    assert sum(line.is_instruction for line in assembly.hot[:start]) <= 6
    assert sum(line.is_instruction for line in assembly.hot[start:]) <= 8


@pytest.mark.arch("x86_64")
def test_a_counter_on_x86_64_is_five_instructions_with_one_store() -> None:
    lines = [line.text for line in arch.get("x86_64").assemble(section(SEQUENCES["add_i64"].body)).hot]
    words = [re.sub(r"<\d+(:\w)?>", "R", line) for line in lines]
    assert words == [
        "1:",
        "leaq 77b(%rip), R",
        "movq R, %fs:8(R)",
        "2:",
        "movl %fs:4(R), R",
        "cmpl R, R",
        "jae 9b",
        "imulq R, R",
        "addq R, (R, R)",
        "3:",
    ]


def test_an_unknown_architecture_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="no architecture is called 'vax'; there are: "):
        arch.get("vax")
