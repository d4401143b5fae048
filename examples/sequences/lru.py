"""A cache of eight keys for each CPU that forgets the one that was used longest ago.

Which was used after which is one word, a matrix of eight by eight bits: bit j of byte i says that slot i was used after
slot j. Using slot i sets its byte and clears bit i of all others, so it is one commit. The oldest slot is the one whose
byte is 0. (The scheme is that of the caches of processors.)
"""

from __future__ import annotations

import rseq
from rseq import i64, u64

SLOTS = 8
ONES = 0x0101010101010101


class Cache(rseq.Record):
    newer: u64
    keys: i64[8]


@rseq.sequence
def find(cpu: Cache, key: i64) -> u64 | None:
    """The slot of a key, which is the newest then; None if this CPU does not have it."""
    for slot in range(SLOTS):
        if cpu.keys[slot] == key:
            cpu.newer = (cpu.newer | (0xFF << (8 * slot))) & ~(ONES << slot)
            return slot
    return None


@rseq.sequence
def oldest(cpu: Cache) -> u64:
    """The slot that was used longest ago: the byte that is 0."""
    word = cpu.newer
    zeros = (word - ONES) & ~word & (ONES << 7)
    return rseq.ctz(zeros) >> 3


@rseq.sequence
def replace(cpu: Cache, slot: u64, key: i64) -> None:
    """Have a slot hold another key."""
    cpu.keys[slot] = key


@rseq.routine
def use(cpu: Cache, key: i64) -> bool:
    """Whether the key was there; it is now, as the newest one."""
    slot = find(cpu, key)
    if slot is None:
        replace(cpu, oldest(cpu), key)
        find(cpu, key)
        return False
    return True


CHECKED = {"lru": [find, oldest, replace]}


def main() -> None:
    """Nine keys: the first one is forgotten."""
    used = use.bind(rseq.percpu(Cache))
    for key in range(1, 10):
        used(key)
    print(used(9), used(2), used(1))


if __name__ == "__main__":
    main()
