"""A token bucket for each CPU: at most `rate` events a second, and short bursts, without a lock.

A bucket that holds tokens has two words, how many and since when, and a sequence commits one. So the bucket is one
word: when it will be empty of debts (the "theoretical arrival time" of the generic cell rate algorithm, ITU-T I.371).
An event that comes before that time, less the burst, is refused; an event that is let through moves it on.

`rseq.TokenBucket` is one bucket for all CPUs and processes.
"""

from __future__ import annotations

import rseq
from rseq import i64


class Bucket(rseq.Record):
    due: i64  # when all that was let through will have been paid for, in ticks


@rseq.sequence
def take(cpu: Bucket, now: i64, cost: i64, burst: i64) -> bool:
    """Let one event through that costs `cost` ticks; False if this CPU has let through too much."""
    due = cpu.due
    if due < now:
        due = now
    if due + cost > now + burst:
        return False
    cpu.due = due + cost
    return True


CHECKED = {"token_bucket": [take]}


def main() -> None:
    """A thousand events at one moment: five are let through, and two more when two costs have passed."""
    bucket = take.bind(rseq.percpu(Bucket))
    cpu = [bucket(1_000, 10, 50) for _ in range(1_000)]
    print(sum(cpu) >= 5, sum(bucket(1_020, 10, 50) for _ in range(1_000)) >= 2)


if __name__ == "__main__":
    main()
