"""Records of the user's, and what processes do with them that get such storage."""

from __future__ import annotations

from typing import Any

import rseq


class Pair(rseq.Record):
    """A record of the user's."""

    count: rseq.i64
    last: rseq.prepared[rseq.i64]


class Node(rseq.Record):
    """A row."""

    value: rseq.i64


@rseq.sequence
def count(cpu: Pair, n: rseq.i64) -> None:
    """Add to a pair."""
    cpu.count += n


@rseq.sequence
def put(row: Pair, node: rseq.ptr[Node], n: rseq.i64) -> None:
    """Write to a row, and count that."""
    node.value = n
    row.count += 1


def bind_and_add(sequence: Any, storage: Any, times: int) -> None:
    """Bind a sequence where its storage has arrived."""
    bound = sequence.bind(storage)
    for _ in range(times):
        bound(1)


def put_rows(storage: Any, rows: Any) -> None:
    """Write into each row."""
    bound = put.bind(storage, rows)
    for number, row in enumerate(rows):
        bound(row, number)
