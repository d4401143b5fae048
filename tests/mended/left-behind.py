from __future__ import annotations

import rseq
from rseq import i64, u8


class Cell(rseq.Record):
    turn: i64
    calls: i64


@rseq.sequence
def tell_all(cpu: Cell, out: bytearray) -> None:
    turn = cpu.turn & 1
    out[1] = u8(turn)
    out[0] = 1 - u8(turn)
    cpu.calls += 1


@rseq.sequence
def tell_which(cpu: Cell, out: bytearray) -> i64:
    turn = cpu.turn & 1
    if turn:
        out[1] = 1
    else:
        out[0] = 1
    cpu.calls += 1
    return turn


def example_of_every_path() -> None:
    out = bytearray(2)
    tell_all.bind(rseq.percpu(Cell))(out)
    assert out == b"\1\0"


def example_of_what_decides() -> None:
    out = bytearray(2)
    assert out[tell_which.bind(rseq.percpu(Cell))(out)] == 1
