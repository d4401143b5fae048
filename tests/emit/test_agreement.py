"""Emitted headers on every architecture do what the interpreter does: compiled by GCC and Clang, run by Unicorn.

All sequences of a test go into one library, each in a function that takes its arguments from a block of words, as
`emulator.Board` wants it.
"""

from __future__ import annotations

import importlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import budgets
import examples
import programs
import rseq
import tiers
from compilers import compile_for, ways, write
from elf import Linked
from emulator import AREA_OFFSET, IMAGE, NO_LANE, STOP, Board, memory_of
from rseq import _arch as arch
from rseq import i32, prepared, u8, u32, u64
from rseq._arch import Architecture
from rseq._check.code import INPUTS, Operation, from_word
from rseq._emit import c_header
from rseq._emit.records import Records, c_type
from rseq._language import ir
from rseq._language.types import SCALARS, Pointer

pytest.importorskip("unicorn")

HOST = arch.host()
DONE, NONE, NO_LANE_HERE, INDEX = 0, 1, -1, -2
ALONE = ["-fno-sanitize=all", "-fno-stack-protector"]  # nothing is called that would be in a library
OFFSET = STOP + 0x800  # where the C library has __rseq_offset

each_way = ways()


@dataclass
class Compiled:
    """What `Board` asks of a program."""

    architecture: Architecture
    linked: Linked
    operations: Sequence[Operation]

    def entry(self, operation: Operation) -> int:
        return self.linked.symbols[f"entry_{self.operations.index(operation)}"].start


class CBoard(Board):
    """A board with a shared library on it."""

    program: Any

    def _load(self) -> None:
        linked = self.program.linked
        self.place(linked.image)
        self.engine.mem_write(OFFSET, AREA_OFFSET.to_bytes(8, self.program.architecture.byteorder, signed=True))
        self.input, self.output = (IMAGE + linked.symbols[name].start for name in ("input", "output"))

    def _answer(self, operation: Operation, code: int, words: Sequence[int]) -> Any:
        status = from_word(code, SCALARS["i64"])
        if status in (NO_LANE_HERE, INDEX):
            return NO_LANE if status == NO_LANE_HERE else "IndexError"
        assert status in (DONE, NONE), status
        type = operation.body.result
        if status == NONE:
            return 0 if isinstance(type, Pointer) else None
        answer = None if type is None else from_word(words[0], type)
        assert answer != 0 or not isinstance(type, Pointer), "None is RSEQ_NONE"
        return answer


def entry(number: int, body: ir.Body, order: str, frame: str = "") -> str:
    """A C function that reads `input`, calls `test_s<number>` and writes `output`."""
    records = Records("test")
    arrays = {rows.first: f"{records.of(rows.target)} *" for rows in body.rows}
    types = {value: arrays.get(value) or c_type(value.type, records) for value in body.parameters}
    words = [
        f"    {in_word(types[value], value.type)} a{place} = {{input[{3 + place}]}};\n"
        for place, value in enumerate(body.parameters)
    ]
    given = ["&lanes", *(f"a{place}.{low(value.type, order)}" for place, value in enumerate(body.parameters))]
    if body.result is not None:
        words.append(f"    {in_word(c_type(body.result, records), body.result)} result;\n    result.word = 0;\n")
        given.append(f"&result.{low(body.result, order)}")
    return f"""
void entry_{number}(void);
void entry_{number}(void)
{{
    struct rseq_lanes lanes;
    lanes.base = (void *)(uintptr_t)input[0];
    lanes.stride = (size_t)input[1];
    lanes.count = (uint32_t)input[2];
{frame}{"".join(words)}    output[0] = (uint64_t)(int64_t)test_s{number}({", ".join(given)});
    output[1] = {"0" if body.result is None else "result.word"};
}}
"""


def in_word(name: str, type: Any) -> str:
    """A C type of a word of which a value of the C type `name` takes a part."""
    return f"union {{ uint64_t word; {name} values[{8 // type.size}]; }}"


def low(type: Any, order: str) -> str:
    """The part of it that has the lowest bits."""
    return f"values[{0 if order == '<' else 8 // type.size - 1}]"


def board_of(
    folder: Path,
    compiler: str,
    architecture: Architecture,
    codes: Iterable[Any],
    flags: Sequence[str] = ("-O2",),
    frame: str = "",
    outside: Mapping[str, int] = {"__rseq_offset": OFFSET},
) -> tuple[CBoard, list[Operation]]:
    """All of `codes` in one library."""
    operations = [Operation(f"s{number}", code) for number, code in enumerate(codes)]
    unit = [
        c_header({operation.name: operation.code for operation in operations}, [architecture], "test"),
        f"extern uint64_t input[{INPUTS}], output[2];\nuint64_t input[{INPUTS}], output[2];",
        *(entry(number, operation.body, architecture.order, frame) for number, operation in enumerate(operations)),
    ]
    write(folder, unit__c="\n".join(unit))
    compile_for(architecture, compiler, "c", [*flags, *ALONE, "-fPIC", "-c", "unit.c", "-o", "unit.o"], folder)
    compile_for(architecture, compiler, "c", ["-shared", "-nostdlib", "unit.o", "-o", "unit.so"], folder)
    linked = Linked(folder / "unit.so", IMAGE, outside)
    return CBoard(Compiled(architecture, linked, operations)), operations  # type: ignore[arg-type]


@pytest.mark.one_in(6)
@each_way
@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_examples_do_what_they_mean(tmp_path: Path, compiler: str, architecture: Architecture, level: str) -> None:
    codes = budgets.narrow_enough(architecture, examples.timeless())
    board, operations = board_of(tmp_path, compiler, architecture, codes, [level])
    for operation in operations:
        for seed in range(6):
            board.check_filled(operation, seed, examples.row_of(operation.record))


@pytest.mark.one_in(4)
@each_way
def test_random_programs_mean_the_same_in_c(tmp_path: Path, compiler: str, architecture: Architecture) -> None:
    made = [
        one
        for one in programs.some_programs(8 * architecture.pointer_bytes)[:60]
        if budgets.assembles(architecture, one[0])
    ]
    board, operations = board_of(tmp_path, compiler, architecture, [code for code, *_ in made])
    for operation, (*_, seed) in zip(operations, made, strict=True):
        board.check_filled(operation, seed, programs.Node)


class Text(rseq.Record):
    length: u64
    written: prepared[u8[40]]
    at: u8[24]


class Piece(rseq.Record):
    bytes: u8[24]


@rseq.sequence
def set_text(cpu: Text, data: bytes) -> bool:
    if len(data) > 20:
        return False
    rseq.copy(cpu.written, data, len(data))
    cpu.length = len(data)
    return True


@rseq.sequence
def get_text(cpu: Text, out: bytearray) -> u64 | None:
    n = cpu.length & 31
    if n == 7:
        return None
    rseq.copy(out, cpu.at[3], n)
    return n


@rseq.sequence
def exchange_text(cpu: Text, data: bytes, out: bytearray) -> None:
    rseq.copy(out, cpu.at, 11)
    rseq.copy(cpu.written[7], data[2], 13)
    cpu.length = len(data)


@rseq.sequence
def byte_of(cpu: Text, data: bytes, n: u8) -> u8:
    return data[n & 31]


@rseq.sequence
def byte_at(cpu: Text, data: bytes, i: u8) -> u8:
    return data[i]


@rseq.sequence
def set_part(cpu: Text, data: bytes, n: u8) -> None:
    rseq.copy(cpu.written, data, n)
    cpu.length = 1


@pytest.mark.one_in(2)
@ways(lambda one: tiers.runs_here(one) and one.pointer_bytes == 8)  # a length is a u64
@pytest.mark.parametrize("level", ["-O0", "-O2"])
def test_buffers_are_an_address_and_a_length(
    tmp_path: Path, compiler: str, architecture: Architecture, level: str
) -> None:
    board, operations = board_of(
        tmp_path, compiler, architecture, [set_text, get_text, exchange_text, byte_of, byte_at, set_part], [level]
    )
    for operation in operations:
        for seed in range(20):
            board.check_filled(operation, seed, Piece)


class Few(rseq.Record):
    count: u32
    slots: prepared[i32[64]]


@rseq.sequence
def push(cpu: Few, value: i32) -> bool:
    n = cpu.count
    if n == 64:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True


@rseq.sequence
def pop(cpu: Few, missing: i32) -> i32:
    n = cpu.count
    if n == 0:
        return missing
    value = cpu.slots[n - 1]
    cpu.count = n - 1
    return value


@each_way
def test_without_a_lane_nothing_happens(tmp_path: Path, compiler: str, architecture: Architecture) -> None:
    board, (operation,) = board_of(tmp_path, compiler, architecture, [push])
    for cpu in (-1, -2, 2, 0x7FFFFFFF):
        memory = memory_of(Few, like=architecture)
        before = memory.copy()
        assert board.call(operation, memory, [7], cpu) == NO_LANE
        assert memory.blocks == before.blocks


WORST_FRAME = """
    char dynamic[input[2] * 100], aligned[9000] __attribute__((aligned(256)));
    __asm__ __volatile__ ("" : : "r" (dynamic), "r" (aligned) : "memory");
"""
"""Of a size that is known when it runs, and aligned beyond the stack: registers are taken for it."""


def aborting(board: CBoard, times: int) -> list[int]:
    """Abort the only section at its start, so many times; a list that grows each time that it is entered."""
    (descriptor,) = board.program.linked.descriptors
    came: list[int] = []

    def stop(engine: Any, address: int, size: int, data: Any) -> None:
        came.append(address)
        if len(came) <= times:
            engine.reg_write(board.pc, descriptor.abort)

    at = descriptor.start
    board.engine.hook_add(importlib.import_module("unicorn").UC_HOOK_CODE, stop, begin=at, end=at)
    return came


@each_way
def test_what_the_kernel_aborts_begins_again(tmp_path: Path, compiler: str, architecture: Architecture) -> None:
    board, (operation,) = board_of(tmp_path, compiler, architecture, [pop])
    came = aborting(board, 1023)
    memory = memory_of(Few, like=architecture)
    for block in memory.blocks.values():
        block[:8] = struct.pack(board.order + "ii", 1, 42)
    assert board.check(operation, memory, [7]) == 42
    assert len(came) == 1024


@each_way
def test_what_is_aborted_for_ever_gives_up(tmp_path: Path, compiler: str, architecture: Architecture) -> None:
    board, (operation,) = board_of(tmp_path, compiler, architecture, [push])
    came = aborting(board, 10_000)
    memory = memory_of(Few, like=architecture)
    before = memory.copy()
    assert board.call(operation, memory, [7], 1) == NO_LANE
    assert memory.blocks == before.blocks
    assert len(came) == 1024


@each_way
def test_where_libc_has_no_offset_nothing_is_touched(tmp_path: Path, compiler: str, architecture: Architecture) -> None:
    board, (operation,) = board_of(tmp_path, compiler, architecture, [push], outside={})
    memory = memory_of(Few, like=architecture)
    before = memory.copy()
    assert board.call(operation, memory, [7], 1) == NO_LANE
    assert memory.blocks == before.blocks


@pytest.mark.one_in(6)
@each_way
@pytest.mark.parametrize("level", ["-O0", "-O2", "-O3 -fno-omit-frame-pointer", "-Os"])
def test_the_largest_sequences_are_compiled_in_the_worst_callers_and_right(
    tmp_path: Path, compiler: str, architecture: Architecture, level: str
) -> None:
    codes = [
        budgets.hungry(budgets.largest(architecture, kind=kind), kind=kind)
        for kind in (budgets.widest(architecture), "f64")
    ]
    board, operations = board_of(tmp_path, compiler, architecture, codes, [*level.split(), "-w"], WORST_FRAME)
    for operation in operations:
        board.check_filled(operation, 3, programs.Node)
