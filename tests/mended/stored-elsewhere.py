from __future__ import annotations

import rseq
from rseq import i64, prepared, ptr


class Row(rseq.Record):
    votes: i64[4]


class Head(rseq.Record):
    turn: i64
    first: ptr[Row]


@rseq.sequence
def vote_for(cpu: Head, row: ptr[Row], at: i64) -> None:
    row.votes[at] = 1
    cpu.first = row


@rseq.sequence
def vote_in_all(cpu: Head, row: ptr[Row]) -> None:
    for i in range(4):
        row.votes[i] = 0
    row.votes[cpu.turn & 3] = 1
    cpu.first = row


class Marked(rseq.Record):
    which: i64
    votes: prepared[i64[4]]


class Marks(rseq.Record):
    turn: i64
    first: ptr[Marked]


@rseq.sequence
def mark(cpu: Marks, row: ptr[Marked]) -> None:
    turn = cpu.turn & 3
    row.votes[turn] = 1
    row.which = turn
    cpu.first = row


def example_of_a_parameter() -> None:
    rows = rseq.array(Row, 1)
    vote_for.bind(rseq.percpu(Head), rows)(rows[0], 2)
    assert rows.values["votes"].tolist() == [[0, 0, 1, 0]]


def example_of_all_places() -> None:
    rows = rseq.array(Row, 1)
    vote_in_all.bind(rseq.percpu(Head), rows)(rows[0])
    assert rows.values["votes"].tolist() == [[1, 0, 0, 0]]


def example_of_a_prepared_field() -> None:
    rows = rseq.array(Marked, 1)
    mark.bind(rseq.percpu(Marks), rows)(rows[0])
    assert rows.values["votes"].tolist() == [[1, 0, 0, 0]]
