"""LoongArch, which the checker has no emulator for: each section interrupted before each instruction, in QEMU.

What the kernel does is done by a signal handler there: the thread is moved to the other CPU, the section's abort
handler follows, and the sequence begins again on the other lane. Both lanes begin with the same numbers, so that
what the first attempt left in rows and buffers is what the second one stores.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import pytest

import examples
import grammar
import programs
import spoils
from emulator import BUFFERS, IMAGE, ROWS, memory_of
from oracle import filled, outcome, same, same_bytes
from programs import Node
from qemu import QemuBoard, in_qemu
from rseq._arch import Architecture
from rseq._arch.base import IndexMode
from rseq._check.code import Operation, Spoil
from rseq._check.code import compiled as program_of
from rseq._language import ir
from rseq._language.interpret import Memory, run
from rseq._language.types import Scalar

pytest.importorskip("ziglang")

each = pytest.mark.parametrize("architecture", [in_qemu("loongarch64")])


def committed(record: Any, data: bytes) -> dict[str, str]:
    """What is not prepared of a record; one NaN is as good as another."""
    values = np.frombuffer(data, record.dtype)
    return {name: str(values[name].tolist()) for name, field in record.fields.items() if not field.prepared}


def interrupt_everywhere(board: QemuBoard, operation: Operation, memory: Memory, words: Sequence[Any]) -> int:
    """Interrupt the operation before each instruction of its section; how often it was aborted."""
    aborts = 0
    number = board.program.operations.index(operation)
    own = {id(line) for line in board.program.sections[number].hot}
    for offset, place in board.program.places.items():
        if place.number and id(place.line) in own:
            aborts += interrupt(board, operation, memory.copy(), words, IMAGE + offset)
    return aborts


def interrupt(board: QemuBoard, operation: Operation, memory: Memory, words: Sequence[Any], address: int) -> bool:
    board.engine.trap(address, 1)
    before = memory.copy()
    got = board.call(operation, memory, words, 0)
    was_reached, was_aborted = board.engine.was_interrupted()
    assert was_aborted == was_reached, f"the section {operation.name} is not aborted at {address - IMAGE:#x}"
    cpu = 1 if was_aborted else 0
    expected_memory = before.copy()
    expected = outcome(run, operation.body, expected_memory, words, cpu=cpu)
    where = f"{operation.body}\n{operation.name}{tuple(words)} interrupted at {address - IMAGE:#x}: {was_reached}"
    assert same(got, "IndexError" if isinstance(expected, str) else expected), f"{where}: {got!r}, not {expected!r}"
    for start, block in memory.blocks.items():
        other, record = expected_memory.blocks[start], operation.record
        if start >= ROWS:
            assert _as_rows(block, start) == _as_rows(other, start), f"{where}: rows or buffers differ"
        elif start == memory.lane(cpu):
            assert same_bytes(np.frombuffer(block, record.dtype), other), f"{where}: the lane differs"
        else:
            assert committed(record, block) == committed(record, before.blocks[start]), where
    return was_aborted


def _as_rows(block: bytes, start: int) -> str:
    """Rows, in which one NaN is as good as another, or the bytes of a buffer."""
    return str(np.frombuffer(block, Node.dtype).tolist() if start < BUFFERS else bytes(block))


def is_the_same_on_each_cpu(code: Any) -> bool:
    return not any(isinstance(op, ir.CpuNumber) for op in code.body.ops)


def prepared(architecture: Architecture, program: grammar.Program) -> tuple[Memory, list[Any]]:
    """Two lanes with the same numbers, rows and buffers; the arguments."""
    dice, words = Random(program.number), []
    memory = memory_of(grammar.Wide, like=architecture)
    lane = filled(dice.randrange(9999), grammar.Wide, ROWS + Node.size)
    lane["place"], lane["beside"] = dice.choices(range(5), k=2)
    for block in memory.blocks.values():
        block[:] = lane.tobytes()
    memory.blocks[ROWS] = bytearray(b"".join(filled(dice.randrange(9999), Node).tobytes() for _ in range(3)))
    for argument in grammar.arguments(program, dice, ROWS + Node.size, 3):
        if isinstance(argument, (bytes, bytearray)):
            memory.blocks[BUFFERS + 0x1000 * len(words)] = bytearray(argument)
            words += [BUFFERS + 0x1000 * len(words), len(argument)]
        else:
            words.append(argument)
    return memory, [*words, *[ROWS, 3] * len(program.code.body.rows)]


def interrupt_all(architecture: Architecture, count: int, first: int = 0, spoil: Spoil = lambda same: same) -> int:
    """Interrupt programs everywhere; how many aborts there were."""
    made = [one for one in grammar.many(count, first, architecture=architecture) if is_the_same_on_each_cpu(one.code)]
    operations = [Operation(f"f_{number}", program.code) for number, program in enumerate(made)]
    board = QemuBoard(program_of(operations, architecture, spoil=spoil))
    pairs = zip(made, operations, strict=True)
    return sum(interrupt_everywhere(board, one, *prepared(architecture, program)) for program, one in pairs)


@each
def test_random_programs_begin_again_on_the_other_cpu(architecture: Architecture) -> None:
    assert interrupt_all(architecture, 25) > 250


@pytest.mark.slow
@each
@pytest.mark.parametrize("first", range(70_000, 72_000, 1000))
def test_many_random_programs_begin_again_on_the_other_cpu(architecture: Architecture, first: int) -> None:
    assert interrupt_all(architecture, 300, first) > 3000


@pytest.mark.one_in(2)
@each
@pytest.mark.parametrize("index", ["cpu_id", "mm_cid"])
def test_examples_begin_again_on_the_other_cpu(architecture: Architecture, index: IndexMode) -> None:
    codes = [code for code in examples.timeless() if is_simple(code)]
    operations = [Operation(f"{code.__name__}_{number}", code) for number, code in enumerate(codes)]
    board, aborts = QemuBoard(program_of(operations, architecture, index)), 0
    for operation in operations:
        for seed in range(3):
            memory = memory_of(operation.record, like=architecture)
            for block in memory.blocks.values():
                block[:] = filled(seed, operation.record).tobytes()
            kinds = [value.type for value in operation.body.parameters]
            words = [programs.argument(kind, seed + 7 * place, []) for place, kind in enumerate(kinds)]
            aborts += interrupt_everywhere(board, operation, memory, words)
    assert aborts > 500


def is_simple(code: Any) -> bool:
    """If it takes numbers only, and finds no rows."""
    kinds = [value.type for value in code.body.parameters]
    kinds += [getattr(field.type, "element", field.type) for field in code.body.record.fields.values()]
    return is_the_same_on_each_cpu(code) and all(isinstance(kind, Scalar) for kind in kinds)


def interrupt_an_addition(architecture: Architecture, spoil: Spoil) -> int:
    text = "def f(cpu: Lane, n: i64) -> i64:\n    old = cpu.c_i64\n    cpu.c_i64 = old + n\n    return old\n"
    operation = Operation("add", programs.compiled(text))
    board = QemuBoard(program_of([operation], architecture, spoil=spoil))
    return interrupt_everywhere(board, operation, memory_of(programs.Lane, like=architecture), [5])


@each
@pytest.mark.parametrize("spoil", [spoils.without_descriptor_store, spoils.ending_late])
def test_what_is_wrong_with_a_section_is_seen(architecture: Architecture, spoil: Spoil) -> None:
    assert interrupt_an_addition(architecture, lambda same: same) > 5
    with pytest.raises(AssertionError):
        interrupt_an_addition(architecture, spoil)


@each
def test_the_signature_is_looked_at(architecture: Architecture) -> None:
    with pytest.raises((AssertionError, BrokenPipeError)):
        interrupt_an_addition(architecture, spoils.with_wrong_signature)
