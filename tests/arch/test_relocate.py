"""Object files of each architecture become blobs: calls, data of all sizes, tables of addresses and of jumps."""

from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

import pytest

import examples
import tiers
from emulator import IMAGE
from qemu import board_for, in_qemu
from rseq import _arch as arch
from rseq._arch.base import Architecture
from rseq._builtins import common
from rseq._builtins.builtin import Builtin
from rseq._builtins.cpython import PythonEnvironment
from rseq._codegen.blob import BlobEnvironment, flatten, object_file
from rseq._codegen.lower import Unit

pytest.importorskip("unicorn")
pytest.importorskip("ziglang")

each_architecture = pytest.mark.parametrize(
    "architecture",
    [
        *tiers.architectures(),
        in_qemu("loongarch64", slow=True),
        in_qemu("ppc64le", slow=True),
    ],
)

FIELDS = {"i8": 1, "i16": 2, "i32": 4, "i64": 8, "float": 4, "double": 8, "<2 x i64>": 16}


def module_of(triple: str) -> str:
    """`entry` goes where `input` says, and each of those places writes to a variable of another size."""
    names = {type: f"v{number}" for number, type in enumerate(FIELDS)}
    variables = [f"@{names[type]} = hidden global {type} zeroinitializer" for type in FIELDS]
    variables += ["@input = hidden global i64 0", "@output = hidden global [2 x i64] zeroinitializer"]
    functions = [
        f"define hidden void @f{number}(i64 %n) noinline {{\n"
        f"  store volatile {type} {written(type, number)}, ptr @{names[type]}\n"
        f"  %old = load volatile i64, ptr @output\n  %new = add i64 %old, {100 + number}\n"
        f"  store volatile i64 %new, ptr @output\n  ret void\n}}"
        for number, type in enumerate(FIELDS)
    ]
    pointers = ", ".join(f"ptr @f{number}" for number in range(len(FIELDS)))
    variables.append(f"@table = internal constant [{len(FIELDS)} x ptr] [{pointers}]")
    cases = " ".join(f"i64 {number}, label %case{number}" for number in range(len(FIELDS)))
    jumps = "".join(f"case{number}:\n  {body(number)}\n  br label %end\n" for number in range(len(FIELDS)))
    return (
        f'target triple = "{triple}"\n'
        + "\n".join([*variables, *functions])
        + "\ndefine void @entry() {\n  %n = load volatile i64, ptr @input\n"
        + f"  switch i64 %n, label %end [ {cases} ]\n{jumps}end:\n  ret void\n}}\n"
    )


def written(type: str, number: int) -> str:
    if type.startswith("<"):
        return f"<i64 {number + 1}, i64 -1>"
    return f"{number + 1}.0" if type in ("float", "double") else str(number + 1)


def body(number: int) -> str:
    """A direct call, and one through the table, beside something that makes the places differ."""
    if number % 2:
        return f"call void @f{number}(i64 {number})"
    place = f"getelementptr ([{len(FIELDS)} x ptr], ptr @table, i64 0, i64 {number})"
    return f"%p{number} = load volatile ptr, ptr {place}\n  call void %p{number}(i64 {number})"


@each_architecture
def test_code_finds_its_functions_and_data(architecture: Architecture) -> None:
    data = object_file(module_of(architecture.triple), architecture)
    names = ["entry", "input", "output", *(f"v{number}" for number in range(len(FIELDS)))]
    blob = flatten(data, architecture, names)
    program: Any = SimpleNamespace(architecture=architecture, blob=blob)
    order = architecture.order
    for number, (type, size) in enumerate(FIELDS.items()):
        if architecture.name == "loongarch64" and type in ("float", "<2 x i64>"):
            continue  # stored by the vector unit, which QEMU 7 has not
        board = board_for(program)
        board.engine.mem_write(board.input, struct.pack(order + "Q", number))
        board.run(IMAGE + blob.entries["entry"])
        assert struct.unpack(order + "Q", board.engine.mem_read(board.output, 8)) == (100 + number,)
        form = {"float": "f", "double": "d", "<2 x i64>": "qq"}.get(type) or {1: "b", 2: "h", 4: "i", 8: "q"}[size]
        got = struct.unpack(order + form, board.engine.mem_read(IMAGE + blob.entries[f"v{number}"], size))
        assert got[0] == number + 1


@pytest.mark.parametrize(
    "architecture", [one for one in map(arch.get, arch.names()) if one.makes_builtins], ids=lambda one: one.name
)
@pytest.mark.parametrize("has_rseq", [True, False])
def test_builtins_become_blobs(architecture: Architecture, has_rseq: bool) -> None:
    """As natively there: what is left are absolute pointers, to the blob itself, to CPython, to what builtins share."""
    code = PythonEnvironment.new("builtin", architecture, has_rseq=has_rseq)
    Builtin(Unit(code.module, code, counter_linkage="hidden"), examples.push, 1).lower("builtin")
    blob = flatten(object_file(code.module, architecture), architecture, ["builtin"])
    symbols = {relocation.symbol for relocation in blob.relocations}
    assert {"rseq_hand_over", "rseq_about"} <= symbols
    assert ("rseq_offset" in symbols) == has_rseq
    assert all(relocation.where % 8 == 0 for relocation in blob.relocations)


@pytest.mark.parametrize(
    "architecture", [one for one in map(arch.get, arch.names()) if one.makes_builtins], ids=lambda one: one.name
)
def test_what_builtins_share_becomes_a_blob(architecture: Architecture) -> None:
    code = BlobEnvironment.new("common", architecture)
    entries = common.write(code)
    blob = flatten(object_file(code.module, architecture), architecture, entries)
    assert set(blob.entries) == set(entries)
    assert {"PyObject_Vectorcall", "PyLong_AsLongLong"} <= {relocation.symbol for relocation in blob.relocations}


@pytest.mark.parametrize("name", arch.names())
def test_relocations_that_nobody_knows_are_refused_by_number(name: str) -> None:
    with pytest.raises(ValueError, match=r"unexpected .* relocation 199"):
        arch.get(name).relocate(199, bytearray(8), 0, 0)


@pytest.mark.parametrize(
    ("name", "kind", "far"),
    [
        ("aarch64", 283, 1 << 28),
        ("armv7l", 28, 1 << 26),
        ("loongarch64", 66, 1 << 28),
        ("ppc64le", 10, 1 << 26),
        ("riscv64", 17, 1 << 21),
        ("riscv64", 44, 300),
        ("s390x", 19, 1 << 33),
    ],
)
def test_what_is_too_far_away_is_refused(name: str, kind: int, far: int) -> None:
    for distance in (far, -far):
        with pytest.raises(ValueError, match=r"too far away for \d+ bits"):
            arch.get(name).relocate(kind, bytearray(1 << 4), 0, distance)
