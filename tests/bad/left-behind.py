from __future__ import annotations

import rseq
from rseq import i64


class Cell(rseq.Record):
    turn: i64
    calls: i64


@rseq.sequence
def tell(cpu: Cell, out: bytearray) -> None:
    if cpu.turn & 1:
        out[1] = 1
    else:
        out[0] = 1
    cpu.calls += 1
