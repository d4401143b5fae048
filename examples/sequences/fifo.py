"""A queue of eight numbers for each CPU, first in, first out."""

from __future__ import annotations

from typing import Any

import rseq
from rseq import i64, prepared, u64

LENGTH = 8


class Queue(rseq.Record):
    head: u64  # how many were put in
    tail: u64  # how many were taken out
    slots: prepared[i64[8]]

    @staticmethod
    def reachable(lane: Any) -> bool:
        """No more is taken out than was put in, and no more is in than there is room for; both begin again at 0."""
        return (int(lane["head"]) - int(lane["tail"])) % 2**64 <= LENGTH

    @staticmethod
    def live(lane: Any) -> list[int]:
        """The numbers that are in, the oldest first."""
        tail, count = int(lane["tail"]), (int(lane["head"]) - int(lane["tail"])) % 2**64
        return [int(lane["slots"][number % LENGTH]) for number in range(tail, tail + min(count, LENGTH))]


@rseq.sequence
def put(cpu: Queue, value: i64) -> bool:
    """Put a number at the end; False if this CPU's queue is full."""
    head = cpu.head
    if head - cpu.tail >= LENGTH:
        return False
    cpu.slots[head % LENGTH] = value
    cpu.head = head + 1
    return True


@rseq.sequence
def get(cpu: Queue) -> i64 | None:
    """Take the oldest number; None if this CPU's queue is empty."""
    tail = cpu.tail
    if tail == cpu.head:
        return None
    value = cpu.slots[tail % LENGTH]
    cpu.tail = tail + 1
    return value


CHECKED = {"fifo": [put, get]}


def main() -> None:
    """What is put in comes out in the same order."""
    queue = rseq.percpu(Queue)
    into, out = put.bind(queue), get.bind(queue)
    for number in range(5):
        into(number)
    print([*iter(out, None)])


if __name__ == "__main__":
    main()
