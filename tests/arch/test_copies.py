"""Copies in machine code of each 64-bit architecture, in an emulator: each length and alignment, both directions."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import rseq
import tiers
from emulator import ROWS, Board, memory_of
from qemu import board_for, in_qemu
from rseq import i64, prepared, u8, u64
from rseq._arch.base import Architecture
from rseq._check.code import Operation
from rseq._check.code import compiled as program_of
from rseq._language.interpret import Memory

pytest.importorskip("unicorn")
pytest.importorskip("ziglang")

SIZE = 1000

each_architecture = pytest.mark.parametrize(
    "architecture",
    [
        *tiers.architectures(lambda one: tiers.runs_here(one) and one.pointer_bytes == 8),
        in_qemu("loongarch64", slow=True),
        in_qemu("ppc64le", slow=True),
    ],
)


class Ring(rseq.Record):
    head: u64
    data: prepared[u8[SIZE]]
    guard: u64


@rseq.sequence
def put(cpu: Ring, at: i64, data: bytes, n: i64) -> None:
    rseq.copy(cpu.data[at], data, n)
    cpu.head += 1


@rseq.sequence
def get(cpu: Ring, at: i64, out: bytearray, n: i64) -> None:
    rseq.copy(out, cpu.data[at], n)
    cpu.head += 1


def fixed(nbytes: int) -> Any:
    @rseq.sequence
    def move(cpu: Ring, data: bytes) -> None:
        rseq.copy(cpu.data[5], data, nbytes)
        cpu.head += 1

    return move


def memory(architecture: Architecture) -> Memory:
    """Lanes and a buffer of bytes of which neighbours differ, and lie differently in each."""
    made = memory_of(Ring, like=architecture)
    made.blocks[ROWS] = bytearray(SIZE)
    for number, block in enumerate(made.blocks.values()):
        block[:] = bytes((place * 7 + number * 31 + place // 251) & 255 for place in range(len(block)))
    return made


def board_of(architecture: Architecture, *codes: Any) -> tuple[Board, list[Operation]]:
    operations = [Operation(f"{code.__name__}_{number}", code) for number, code in enumerate(codes)]
    return board_for(program_of(operations, architecture)), operations


@each_architecture
def test_a_copy_of_any_length_copies_that_much(architecture: Architecture) -> None:
    board, operations = board_of(architecture, put, get)
    lengths = [*range(36), 63, 64, 65, 100, 255, 256, 257, 258, 511, 512, 513, 700, SIZE - 9]
    for operation, (place, nbytes) in itertools.product(operations, enumerate(lengths)):
        board.check(operation, memory(architecture), [place % 9, ROWS, SIZE, nbytes])


@each_architecture
def test_a_copy_beyond_a_place_or_a_buffer_does_nothing(architecture: Architecture) -> None:
    board, operations = board_of(architecture, put, get)
    for operation in operations:
        for at, length, nbytes in ((0, 7, 8), (0, 0, 1), (SIZE - 8, 9, 9), (1, SIZE, SIZE), (0, 5, -1), (-1, 9, 2)):
            before = memory(architecture)
            assert board.check(operation, before, [at, ROWS, length, nbytes]) == "IndexError"
            assert before.blocks == memory(architecture).blocks


@each_architecture
def test_a_copy_of_a_known_length_copies_that_much(architecture: Architecture) -> None:
    lengths = [*range(1, 36), 63, 64, 65, 200, 255, 256, 257, 300, 513]
    board, operations = board_of(architecture, *map(fixed, lengths))
    for operation in operations:
        board.check(operation, memory(architecture), [ROWS, SIZE])
