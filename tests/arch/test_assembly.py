"""Golden assembly of every shipped sequence and of many shapes, assembled, and what the kernel will read inspected."""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Callable, Sequence
from functools import cache

import pytest

import examples
import programs
import rseq
import tiers
from programs import compiled
from rseq import _abi as abi
from rseq import _arch as arch
from rseq import i32, prepared, ptr
from rseq._arch.base import FIRST_OWN, Architecture, Assembly, IndexMode, Line, RegisterError, WidthError
from rseq._codegen.blob import flatten, object_file
from rseq._language.section import section
from rseq._loader import Blob
from rseq.check import check

ARCHITECTURES = [arch.get(name) for name in arch.names()]
SEQUENCES = dict(examples.sequences())
END_MARK = bytes.fromhex("5ca1ab1e0ddba115")

WHOLE = ("aarch64", "x86_64")
"""The assembly of all sequences is looked at for these."""

TELLING = (
    *("add_i32", "add_f32", "push", "pop_node", "toggle", "narrow", "shift", "divide", "from_float", "compare_floats"),
    *("RingBuffer.put_drop_clock", "SpinLock.take"),
)
"""The shapes that are looked at for others: all kinds of operations, checks, exits, a copy, an acquire."""

each_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda one: one.name)
each_sequence = pytest.mark.parametrize("name", SEQUENCES)


@each_architecture
def test_the_lanes_number_is_read_otherwise_and_all_that_follows_is_the_same(architecture: Architecture) -> None:
    """The checker tries fewer cases where lanes are chosen by `mm_cid`, as the code is that for `cpu_id`."""
    for code in SEQUENCES.values():
        with contextlib.suppress(WidthError):
            one, other = (architecture.assemble(section(code.body), index) for index in ("cpu_id", "mm_cid"))
            assert _begins(one) != _begins(other)
            assert _rest(one) == _rest(other) != []


def _begins(assembly: Assembly) -> list[str]:
    return [line.text for line in assembly.hot if line.comment == "this CPU's lane"]


def _rest(assembly: Assembly) -> list[str]:
    """The lines behind that, and the cold ones. Labels are called by how many stand before them."""
    begin = max(place for place, line in enumerate(assembly.hot) if line.comment == "this CPU's lane")
    lines = [line.text for line in (*assembly.hot[begin + 1 :], *assembly.cold)]
    own = [text[:-1] for text in lines if text[:-1].isdigit() and int(text[:-1]) >= FIRST_OWN]
    names = {label: f"own{place}" for place, label in enumerate(own)}
    return [re.sub(r"\b\d+(?=[fb:])", lambda found: names.get(found[0], found[0]), text) for text in lines]


class Assembled:
    """The bytes of one critical section, with what its descriptor says. Offsets count from its first byte."""

    def __init__(self, assembly: Assembly, blob: Blob, number: int) -> None:
        begin, end = blob.entries[f"begin_{number}"], blob.entries[f"end_{number}"]
        code, order = bytearray(blob.code[begin:end]), assembly.architecture.order
        here = [relocation for relocation in blob.relocations if begin <= relocation.where < end]
        for relocation in here:
            assert relocation.symbol is None
            word = "Q" if assembly.architecture.pointer_bytes == 8 else "I"
            struct.pack_into(order + word, code, relocation.where - begin, relocation.addend - begin)
        self.code = bytes(code)
        (self.descriptor,) = {r.where - begin - 8 for r in here if (r.where - begin) % 32 == 8}
        self.version, self.flags, self.start, self.length, self.abort = struct.unpack_from(
            order + "IIQQQ", self.code, self.descriptor
        )
        self.end = self.start + self.length
        self.assembly = assembly

    def inspect(self) -> None:
        """What the kernel demands of a descriptor, and what makes the commit the end."""
        assert (self.version, self.flags) == (0, 0)
        assert self.descriptor % abi.CS_ALIGNMENT == 0
        assert 0 < self.start < self.end
        behind = self.end + 4 * sum(line.comment == "acquire" for line in self.assembly.hot)
        assert self.code[behind : behind + len(END_MARK)] == END_MARK, "end is not behind the last instruction"
        assert not self.start <= self.abort < self.end
        assert self.abort < self.descriptor
        (signature,) = struct.unpack_from(self.assembly.architecture.order + "I", self.code, self.abort - 4)
        assert signature == self.assembly.architecture.signature


def assembled(assemblies: Sequence[Assembly]) -> list[Assembled]:
    """Assemble all of them at once, each in a section of its own; a compiler for other machines takes its time."""
    (architecture,) = {assembly.architecture for assembly in assemblies}
    mark = f".byte {', '.join(map(str, END_MARK))}\n"
    text = "".join(
        f'.section .text.{n},"ax"\nbegin_{n}:\n{assembly}\n{mark}.subsection 1\nend_{n}:\n.previous\n'
        for n, assembly in enumerate(assemblies)
    )
    escaped = text.replace("\\", "\\5C").replace('"', "\\22").replace("\n", "\\0A")
    module = f'target triple = "{architecture.triple}"\nmodule asm "{escaped}"\n'
    names = [f"{name}_{n}" for n in range(len(assemblies)) for name in ("begin", "end")]
    if architecture is not arch.host():
        pytest.importorskip("ziglang")
    blob = flatten(object_file(module, architecture), architecture, names)
    return [Assembled(assembly, blob, number) for number, assembly in enumerate(assemblies)]


@cache
def examples_of(architecture: Architecture, index: IndexMode) -> dict[str, Assembled | WidthError]:
    """All examples by name; instead of those that need wider registers than there are, why they are refused."""
    refused, assemblies = dict[str, WidthError](), dict[str, Assembly]()
    for name, code in SEQUENCES.items():
        try:
            assemblies[name] = architecture.assemble(section(code.body), index)
        except WidthError as error:
            refused[name] = error
    assert not refused or architecture.pointer_bytes < 8
    return {**refused, **dict(zip(assemblies, assembled(list(assemblies.values())), strict=True))}


def is_commit(line: Line) -> bool:
    return line.is_instruction and line.comment.endswith("# commit")


def check_text(assembly: Assembly) -> None:
    """One commit, which is last; the store to rseq_cs directly before start."""
    texts = [line.text for line in assembly.hot]
    start = texts.index("2:")
    assert assembly.hot[start - 1].is_instruction
    assert {line.comment for line in assembly.hot[:start] if line.is_instruction} == {"restart"}
    end = texts.index("3:")
    assert all(line.comment == "acquire" for line in assembly.hot[end + 1 :])
    assert assembly.section.body.acquire or end == len(texts) - 1
    assert texts.count("2:") == texts.count("3:") == 1
    commits = [op for op in assembly.section.ops if getattr(op, "commit", False)]
    assert len(commits) <= 1
    if commits:
        assert assembly.section.ops[-1] is commits[0]
        assert is_commit(assembly.hot[end - 1])
        first = next(index for index, line in enumerate(assembly.hot) if is_commit(line))
        assert all(is_commit(line) for line in assembly.hot[first:end])
    forward = re.findall(r"\b(\d+)f\b", "\n".join(texts[start:]))
    assert set(forward) <= {text.rstrip(":") for text in texts[start:]}


def shapes_of(architecture: Architecture) -> list[str]:
    """The sequences whose assembly is a golden file for the architecture."""
    return list(SEQUENCES if architecture.name in WHOLE else TELLING)


@pytest.mark.parametrize(
    ("architecture", "name"),
    [pytest.param(one, name, id=f"{one.name}-{name}") for one in ARCHITECTURES for name in shapes_of(one)],
)
def test_the_assembly_is_the_golden_one(architecture: Architecture, name: str, golden: Callable[..., None]) -> None:
    made = examples_of(architecture, "cpu_id")[name]
    mark = architecture.comment
    if isinstance(made, WidthError):
        golden(f"{mark} {made.diagnostics[0].message}\n", f"asm/{architecture.name}/{name}.s")
        return
    sizes = f"{mark} bytes: {made.end - made.start} in the section, {len(made.code) - len(END_MARK)} in all"
    golden(f"{made.assembly}\n{sizes}\n", f"asm/{architecture.name}/{name}.s")


def test_sequences_have_become_no_longer(golden: Callable[..., None]) -> None:
    """All sizes in one table: a reviewer sees at one look what a change costs. A number that rises is a finding."""
    made = [examples_of(architecture, "cpu_id") for architecture in ARCHITECTURES]
    heads = [architecture.name for architecture in ARCHITECTURES]
    rows = [[name, *(_size(examples[name]) for examples in made)] for name in SEQUENCES]
    title = "Instructions in line + out of line, bytes from start to commit; - is refused: its numbers are too wide."
    lines = [f"{name:<34}" + "".join(f"{cell:>12}" for cell in cells) for name, *cells in [["", *heads], *rows]]
    golden("\n".join([title, "", *(line.rstrip() for line in lines)]) + "\n", "sizes.txt")


def _size(made: Assembled | WidthError) -> str:
    if isinstance(made, WidthError):
        return "-"
    hot, cold = (sum(line.is_instruction for line in lines) for lines in (made.assembly.hot, made.assembly.cold))
    return f"{hot}+{cold} {made.end - made.start:>3}"


@each_architecture
@each_sequence
@pytest.mark.parametrize("index", ["cpu_id", "mm_cid"])
def test_the_descriptor_and_the_commit_are_right(architecture: Architecture, name: str, index: IndexMode) -> None:
    made = examples_of(architecture, index)[name]
    if not isinstance(made, WidthError):  # the goldens hold which ones are
        check_text(made.assembly)
        made.inspect()


@each_architecture
def test_there_is_no_golden_without_a_sequence(architecture: Architecture, request: pytest.FixtureRequest) -> None:
    folder = request.path.parents[1] / "golden" / "asm" / architecture.name
    assert {path.stem for path in folder.glob("*.s")} == set(shapes_of(architecture))


each_in_tiers = pytest.mark.parametrize("architecture", tiers.architectures(lambda one: True))


@pytest.mark.one_in(3)
@each_in_tiers
def test_random_sections_are_assembled_as_they_must_be(architecture: Architecture) -> None:
    assemblies: list[Assembly] = []
    for code, _, _ in programs.some_programs(8 * architecture.pointer_bytes)[:50]:
        with contextlib.suppress(RegisterError):
            assemblies.append(architecture.assemble(section(code.body)))
    for made in assembled(assemblies):
        check_text(made.assembly)
        made.inspect()


@pytest.mark.one_in(5)
@each_in_tiers
@pytest.mark.parametrize("count", [500, 3000])
def test_branches_reach_over_the_longest_sections(architecture: Architecture, count: int) -> None:
    """Farther than some of them can: an assembler refuses what it cannot encode."""
    kind = f"u{8 * architecture.pointer_bytes}"
    skipped = [f"    x = {kind}(y)"] * count
    lines = ["x = n", "if n > 3:", "    return None", "if n > 7:", *skipped, f"cpu.c_{kind} += x", "return x"]
    body = "\n".join(f"    {line}" for line in lines)
    code = compiled(f"def f(cpu: Lane, n: {kind}, y: f64) -> {kind} | None:\n{body}\n")
    (made,) = assembled([architecture.assemble(section(code.body))])
    check_text(made.assembly)
    made.inspect()


@each_architecture
def test_registers_are_the_same_each_time(architecture: Architecture) -> None:
    for name, code in SEQUENCES.items():
        if not isinstance(examples_of(architecture, "cpu_id")[name], WidthError):
            assert len({str(architecture.assemble(section(code.body))) for _ in range(2)}) == 1


@each_architecture
def test_a_counter_takes_few_instructions(architecture: Architecture) -> None:
    assembly = architecture.assemble(section(SEQUENCES["add_i32"].body))
    start = [line.text for line in assembly.hot].index("2:")
    assert sum(line.is_instruction for line in assembly.hot[:start]) <= 6
    assert sum(line.is_instruction for line in assembly.hot[start:]) <= 9


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


@pytest.mark.parametrize("name", arch.names())
def test_a_commit_wider_than_one_store_is_refused_by_name(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(arch.get(name)), "atomic_bytes", 2)
    with pytest.raises(WidthError) as caught:
        examples.narrow.asm(name)  # an f32
    sentence = "its commit to cpu.single has 4 bytes, and no more than 2 are stored in one piece there"
    assert f"narrow() cannot be made for {name}: {sentence}; commit to a narrower field" in str(caught.value)
    assert examples.shift.asm(name)  # a u16


@pytest.mark.parametrize("name", arch.names())
def test_what_cannot_be_assembled_is_skipped_by_the_checker_and_said_to_be(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(arch.get(name)), "atomic_bytes", 2)
    report = check(examples.narrow, arch=name)
    assert not report.checked
    assert ("narrow() cannot be made" in report.skipped[0]) == (arch.get(name).emulator is not None)


# What a load guards stays behind a branch: there is nothing to select with. A load that is made although its guard says
# no would follow None, and a store would prepare what somebody looks at.


class Leaf(rseq.Record):
    value: i32


class Guarded(rseq.Record):
    first: ptr[Leaf]
    note: prepared[i32]


@rseq.sequence
def guarded(cpu: Guarded, node: ptr[Leaf]) -> i32:
    first = cpu.first
    found = first.value if first is not None else i32(-1)
    if found > 7:
        cpu.note = 9
    cpu.first = node
    return found


@each_architecture
def test_what_is_guarded_stays_behind_a_branch(architecture: Architecture) -> None:
    lines = [line for line in architecture.assemble(section(guarded.body)).hot if line.comment]
    comments = [line.comment for line in lines]
    branches = [index for index, comment in enumerate(comments) if comment.startswith("if ")]
    load, store = (next(i for i, comment in enumerate(comments) if comment.endswith(end)) for end in ("value", "= 9"))
    assert min(branches) < load < max(branches) < store


@pytest.mark.one_in(3)
@each_architecture
def test_what_is_guarded_is_not_touched(architecture: Architecture) -> None:
    report = check(guarded, arch=architecture.name)
    assert report.ok == (architecture.emulator is not None), str(report)
