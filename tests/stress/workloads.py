"""Workloads for tests: an addition in several instructions, lines of bytes, and one that never runs its sequence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import rseq
from rseq import i64, prepared, u8, u64
from rseq._stress.structures.counter import call, law
from rseq._stress.workload import Workload, buffered


class Cell(rseq.Record):
    value: i64


@rseq.sequence
def add(cpu: Cell, n: i64) -> None:
    """`+=` in several instructions, with a window between the load and the store."""
    before = cpu.value
    cpu.value = (before ^ 0) + n


@rseq.routine
def work(cpu: Cell, turn: u64) -> i64:
    n = i64(turn & 7)
    add(cpu, n)
    return n


@rseq.routine
def rarely(cpu: Cell, turn: u64) -> i64:
    """Runs its sequence in no turn that there is."""
    if turn == 0xFFFFFFFFFFFFFFFF:
        add(cpu, 1)
    return 0


class Adder:
    """A structure with the least that a workload needs."""

    def __init__(self, index: Any = "cpu_id") -> None:
        self.storage = rseq.percpu(Cell, index=index)
        self.add = add.bind(self.storage)


ADDER = Workload("adder", Adder, work, call, law)
IDLE = Workload("idle", Adder, rarely, lambda structure, turn: 0, law)


class Line(rseq.Record):
    length: u64
    text: prepared[u8[64]]


@rseq.sequence
def put(cpu: Line, text: bytes) -> u64:
    if cpu.length != 0:
        return 0
    rseq.copy(cpu.text, text, len(text))
    cpu.length = len(text)
    return len(text)


@rseq.sequence
def get(cpu: Line, out: bytearray) -> u64:
    n = cpu.length
    if n == 0:
        return 0
    rseq.copy(out, cpu.text, n)
    cpu.length = 0
    return n


@rseq.routine
def exchange(cpu: Line, turn: u64, text: bytes, out: bytearray) -> i64:
    """Put lines and take them, so that each also finds that it cannot."""
    if turn & 1 == 1:
        taken = get(cpu, out)
        return i64(put(cpu, text)) - i64(taken)
    added = put(cpu, text)
    return i64(added + put(cpu, text)) - i64(get(cpu, out)) - i64(get(cpu, out))


class Lines:
    def __init__(self, index: Any = "cpu_id") -> None:
        self.storage = rseq.percpu(Line, index=index)
        self.put, self.get = put.bind(self.storage), get.bind(self.storage)

    @staticmethod
    def call(lines: Lines, turn: int) -> int:
        return lines.put(buffered(turn)) - lines.get(bytearray(64))

    @staticmethod
    def law(lines: Lines, ledger: Sequence[int]) -> Iterator[str]:
        left = int(lines.storage.view()["length"].sum())
        if left != ledger[0]:
            yield f"{left} bytes are left, and what was put in less what was taken out comes to {ledger[0]}"


LINES = Workload("lines", Lines, exchange, Lines.call, Lines.law)
