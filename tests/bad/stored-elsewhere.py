from __future__ import annotations

import rseq
from rseq import i64, ptr


class Row(rseq.Record):
    votes: i64[4]


class Head(rseq.Record):
    turn: i64
    first: ptr[Row]


@rseq.sequence
def vote(cpu: Head, row: ptr[Row]) -> None:
    row.votes[cpu.turn & 3] = 1
    cpu.first = row
