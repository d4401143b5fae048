"""Numbers of 0 … 63 that threads take and give back: a bit for each in one word, for each CPU."""

from __future__ import annotations

import rseq
from rseq import u64


class Bits(rseq.Record):
    taken: u64


@rseq.sequence
def allocate(cpu: Bits) -> u64 | None:
    """The smallest number that is free on this CPU, which is taken then; None if all are."""
    free = ~cpu.taken
    if free == 0:
        return None
    number: u64 = rseq.ctz(free)
    cpu.taken |= 1 << number
    return number


@rseq.sequence
def free(cpu: Bits, number: u64) -> bool:
    """Give a number back, on the CPU that it was taken on; False if it is not taken there."""
    bit: u64 = 1 << (number & 63)
    if cpu.taken & bit == 0:
        return False
    cpu.taken &= ~bit
    return True


CHECKED = {"bitmap": [allocate, free]}


def main() -> None:
    """Take three, give the second back, and take it again."""
    bits = rseq.percpu(Bits)
    take, give = allocate.bind(bits), free.bind(bits)
    print([take() for _ in range(3)], give(1), take())


if __name__ == "__main__":
    main()
