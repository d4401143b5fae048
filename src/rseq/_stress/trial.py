"""One trial of a breakpoint: a new structure, and two that work on it, a thread and the SIGTRAP's handler."""

from __future__ import annotations

from typing import Any

from rseq._arch.base import IndexMode
from rseq._stress.code import Block, Program
from rseq._stress.ledger import Ledger
from rseq._stress.shipped import make
from rseq._stress.workload import Workload

_HANDLERS_TURNS = 1 << 40
"""The first turn of handlers."""

_CALLS, _BETWEEN = 4, 7
"""Calls from Python in a round, such as a reader's, and runs of a loop behind them."""


class Trial:
    """What a thread does, by a program's loops and by calls from Python, and how often the handler has come between."""

    def __init__(self, workload: Workload[Any], index: IndexMode, program: Program, turn: int = 0) -> None:
        """`turn`: the first one of calls, and of handlers in a range of their own."""
        self._workload, self._program = workload, program
        self._turn, self._handlers_turn = turn, _HANDLERS_TURNS + turn
        self._structure = make(workload, index)
        self._length = self._structure.storage.length
        self._ledger = Ledger(2, self._length)
        self._mine, self._handlers = (Block.of(self._structure.storage, self._ledger.address(row)) for row in range(2))
        self._failed = 0
        program.let_handlers_use(self._handlers, self._handlers_turn)

    @property
    def hits(self) -> int:
        """How often the handler has run."""
        return self._program.handlers_turn - self._handlers_turn

    def loop(self, name: str, turn: int, count: int) -> None:
        """Run a loop of the program."""
        self._failed |= self._program.loop(self._mine, turn, count, name)

    def round(self, number: int, name: str) -> None:
        """Some calls from Python, and a few runs of a loop."""
        first = self._turn + _CALLS * number
        for turn in range(first, first + _CALLS):
            self._ledger.add(0, turn % self._length, self._workload.call(self._structure, turn))
        self.loop(name, _BETWEEN * number, _BETWEEN)

    def problems(self) -> list[str]:
        """What does not hold, when all is done: nobody works on the structure any more."""
        failed = [f"its work failed with code {self._failed}"] if self._failed else []
        return [*failed, *self._workload.law(self._structure, self._ledger.sums())]
