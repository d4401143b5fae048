"""Machine code in the emulator beside the interpreter: what tests of operators and of programs share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

import budgets
import rseq
import tiers
from emulator import ROWS, Board, in_order, memory_of
from oracle import filled
from programs import Lane, Node, compiled
from qemu import board_for, in_qemu
from rseq import _arch as arch
from rseq._arch.base import Architecture, IndexMode
from rseq._check.code import Operation
from rseq._check.code import compiled as program_of
from rseq._language.interpret import Memory
from rseq._language.types import SCALARS

FLOATS = [scalar for scalar in SCALARS.values() if scalar.is_float]


OPERATORS = ("+", "-", "*", "&", "|", "^", "<<", ">>")


COMPARISONS = ("==", "!=", "<", "<=", ">", ">=")


ARCHITECTURES = [arch.get(name) for name in arch.names() if arch.get(name).emulator is not None]


each_architecture = pytest.mark.parametrize(
    "architecture",
    [  # this machine's own code runs natively in tests/native/test_agreement.py
        *tiers.architectures(lambda one: one.emulator is not None, but=arch.host()),
        in_qemu("loongarch64", slow=True),
        in_qemu("ppc64le", slow=True),
    ],
)


each_other_architecture = pytest.mark.parametrize(
    "architecture",
    [
        *(pytest.param(one, id=one.name) for one in ARCHITECTURES if one.name not in tiers.FIRST),
        in_qemu("loongarch64"),
    ],
)
"""Those of the second tier: a few programs that use everything run on them in the first one, too."""


def board_of(
    architecture: Architecture, codes: Iterable[Any], index: IndexMode = "cpu_id"
) -> tuple[Board, list[Operation]]:
    operations = [Operation(f"{code.__name__}_{number}", code) for number, code in enumerate(codes)]
    return board_for(program_of(operations, architecture, index)), operations


def function(parameters: str, result: str, body: str, **options: bool) -> Any:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    decorator = rseq.sequence(**options) if options else rseq.sequence
    return compiled(f"def f(cpu: Lane{parameters}) -> {result}:\n{lines}\n", decorator)


def lane(like: Architecture, seed: int = 0) -> Memory:
    """Two lanes of edges, and three rows."""
    memory = memory_of(Lane, like=like)
    memory.blocks[ROWS] = bytearray(3 * Node.size)
    for number, start in enumerate(memory.blocks):
        if start < ROWS:
            memory.blocks[start][:] = in_order(filled(seed + number, Lane, ROWS + Node.size), like)
        else:
            memory.blocks[start][:] = b"".join(in_order(filled(seed + row, Node), like) for row in range(3))
    return memory


def check_all(architecture: Architecture, cases: Sequence[tuple[Any, Callable[[], Iterable[Sequence[Any]]]]]) -> None:
    """Compile all functions that the architecture has registers for; hold each to the interpreter for its arguments."""
    codes = budgets.narrow_enough(architecture, [code for code, _ in cases])
    cases = [case for case in cases if case[0] in codes]
    board, operations = board_of(architecture, [code for code, _ in cases])
    for operation, (_, arguments) in zip(operations, cases, strict=True):
        memory = lane(architecture, len(operations))
        for given_now in arguments():
            board.check(operation, memory, given_now)
