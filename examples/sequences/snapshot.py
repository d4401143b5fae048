"""Three words that belong together, read as they were at one moment: how many, their sum, the last one.

A sequence commits one word, so the three lie twice. The writer fills those that nobody reads, and commits by naming
them. A reader on the same CPU reads all three in one section: nobody writes there meanwhile.
"""

from __future__ import annotations

from typing import Any

import rseq
from rseq import i64, prepared, u64


class Twice(rseq.Record):
    changes: u64  # even: the first three hold
    even: prepared[i64[3]]
    odd: prepared[i64[3]]

    @staticmethod
    def live(lane: Any) -> Any:
        """The three that hold."""
        return lane["odd" if lane["changes"] & 1 else "even"]


@rseq.sequence
def note(cpu: Twice, x: i64) -> None:
    """Count `x`, add it up, and remember it."""
    changes = cpu.changes
    if changes & 1 == 0:
        cpu.odd[0] = cpu.even[0] + 1
        cpu.odd[1] = cpu.even[1] + x
        cpu.odd[2] = x
        cpu.changes = changes + 1
    else:
        cpu.even[0] = cpu.odd[0] + 1
        cpu.even[1] = cpu.odd[1] + x
        cpu.even[2] = x
        cpu.changes = changes + 1


@rseq.sequence
def snapshot(cpu: Twice) -> tuple[i64, i64, i64]:
    """How many, their sum, and the last one, of this CPU."""
    if cpu.changes & 1 == 0:
        return cpu.even[0], cpu.even[1], cpu.even[2]
    return cpu.odd[0], cpu.odd[1], cpu.odd[2]


CHECKED = {"snapshot": [note, snapshot]}


def main() -> None:
    """On one CPU the three always fit."""
    twice = rseq.percpu(Twice)
    write, read = note.bind(twice), snapshot.bind(twice)
    for x in (5, 7, 9):
        write(x)
    count, total, last = read()
    print(count, total, last)  # of the CPU that it runs on: 3 21 9, unless the thread was moved


if __name__ == "__main__":
    main()
