"""Rows of one array that threads take and put back: a list of free rows for each CPU, linked through the rows.

A row is named by its number (`index[Row]`), so the list may lie in memory that several processes map.
"""

from __future__ import annotations

import rseq
from rseq import i64, index


class Row(rseq.Record):
    next: index[Row]
    value: i64


class Free(rseq.Record):
    first: index[Row]


@rseq.sequence
def put(cpu: Free, row: index[Row]) -> None:
    """Put a row in front that nobody uses."""
    row.next = cpu.first
    cpu.first = row


@rseq.sequence
def get(cpu: Free) -> index[Row] | None:
    """Take the first row; None if this CPU's list is empty."""
    row = cpu.first
    if row is None:
        return None
    cpu.first = row.next
    return row


CHECKED = {"free_list": [put, get]}


def main() -> None:
    """Put three rows back, and take them again."""
    heads, rows = rseq.percpu(Free), rseq.array(Row, 3)
    back, out = put.bind(heads, rows), get.bind(heads, rows)
    for row in rows:
        back(row)
    print(sorted(row.index for row in iter(out, None)))


if __name__ == "__main__":
    main()
