"""A histogram of bytes whose counters have eight bits and stay at 255: 256 bytes for each CPU."""

from __future__ import annotations

import rseq
from rseq import u8, u64


class Small(rseq.Record):
    counts: u8[256]


@rseq.sequence
def observe(cpu: Small, value: u64) -> None:
    """Count a number of 0 … 255, up to 255 times."""
    count = cpu.counts[value]
    if count < 255:
        cpu.counts[value] = count + 1


CHECKED = {"saturating": [observe]}


def main() -> None:
    """A thousand times the same number."""
    small = rseq.percpu(Small)
    add = observe.bind(small)
    for _ in range(1_000):
        add(7)
    print(int(small.per_cpu()["counts"][:, 7].max()))


if __name__ == "__main__":
    main()
