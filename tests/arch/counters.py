"""Time counters of processors that the emulator has none of: each read is answered by a test."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from typing import Any

from emulator import Board


def give_riscv64(board: Board) -> None:
    """Unicorn's riscv64 has no counter: `rdtime` traps, and is done here."""
    unicorn, names = importlib.import_module("unicorn"), importlib.import_module("unicorn.riscv_const")
    ticks = itertools.count(1000, 7)

    def trap(engine: Any, number: int, data: Any) -> None:
        behind = engine.reg_read(names.UC_RISCV_REG_PC)  # Unicorn is already there
        word = int.from_bytes(engine.mem_read(behind - 4, 4), "little")
        assert word & 0xFFFFF07F == 0xC0102073
        engine.reg_write(names.UC_RISCV_REG_X0 + (word >> 7 & 31), next(ticks))

    board.engine.hook_add(unicorn.UC_HOOK_INTR, trap)


def give_s390x(board: Board) -> None:
    """Unicorn's s390x stores 0 as its clock: what is loaded from there next is put there here."""
    names = importlib.import_module("unicorn.s390x_const")

    def give(word: int, ticks: int) -> None:
        if word == 0xB27C1000:  # stckf 0(%r1)
            board.engine.mem_write(board.engine.reg_read(names.UC_S390X_REG_R1), ticks.to_bytes(8, "big"))

    after_each(board, give)


def give_ppc64le(board: Board) -> None:
    """Unicorn's ppc64 has 0 in its time base: what was read is changed here."""
    names = importlib.import_module("unicorn.ppc_const")

    def give(word: int, ticks: int) -> None:
        if word & 0xFC1FFFFE == 0x7C0C42A6:  # mfspr, of the time base
            board.engine.reg_write(names.UC_PPC_REG_0 + (word >> 21 & 31), ticks)

    after_each(board, give)


def after_each(board: Board, give: Callable[[int, int], None]) -> None:
    """Before each instruction, call `give` with the word of the one that was executed before it, and a number."""
    words, ticks = [0], itertools.count(1000, 7)

    def see(engine: Any, address: int, size: int, data: Any) -> None:
        give(words[-1], next(ticks))
        words.append(int.from_bytes(engine.mem_read(address, 4), board.program.architecture.byteorder))

    board.engine.hook_add(importlib.import_module("unicorn").UC_HOOK_CODE, see)


COUNTERS = {"ppc64le": give_ppc64le, "riscv64": give_riscv64, "s390x": give_s390x}
