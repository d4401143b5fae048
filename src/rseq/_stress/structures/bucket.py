"""Token buckets: what was issued was taken, or is some CPU's, and no CPU has drawn more ahead than it may."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rseq._language.types import i64, u32, u64
from rseq._percpu.shared.segment import Segment
from rseq._percpu.storage import lanes_of
from rseq._sequence import routine
from rseq._stress.workload import Mortal, Workload
from rseq._structures.bucket import MAX_BURST, TokenBucket
from rseq._structures.bucket_code import Bucket, give_back, take

_STILL = 1e-300
"""A rate at which nothing comes in: so each token that there ever was can be accounted for."""

_AHEAD, _LEFT_BITS = 15, 28
"""How many tokens a CPU draws ahead while the bucket is full: one of so many parts that are left."""

_MOST = 7
"""How many tokens are taken at once."""


def workloads() -> Iterator[Workload[TokenBucket]]:
    """One of which the CPUs draw again and again."""
    yield Workload("TokenBucket", _made, _work, _call, _law)


def mortals() -> Iterator[Mortal]:
    """What a process had drawn is gone with it."""
    yield Mortal(
        "TokenBucket",
        lambda segment: _made(segment=segment),
        _work,
        lambda bucket: [_taken(bucket)],
        lambda difference: 0 <= difference[0] <= _MOST + _AHEAD,
        bury=lambda bucket, process, noted: _law(bucket, [_taken(bucket)]),
    )


def _made(*, segment: Segment | None = None) -> TokenBucket:
    bucket = TokenBucket(_STILL, MAX_BURST, segment=segment)
    lanes = lanes_of(bucket.storage)
    lanes.write_one(0, "ahead_bits", lanes.read_one(0, "token_bits") + _LEFT_BITS)
    return bucket


@routine
def _work(cpu: Bucket, turn: u64) -> i64:
    """Take some tokens; give back, unless it is a turn among many, what was taken. How many were not given back."""
    n = turn & _MOST
    if not take(cpu, n):
        return 0
    if turn & 63 < 32:
        give_back(cpu, u32(n))
        return 0
    return i64(n)


def _call(bucket: TokenBucket, turn: int) -> int:
    """The same from Python, where nothing can be given back."""
    n = turn & _MOST
    return n if bucket.take(n) else 0


def _taken(bucket: TokenBucket) -> int:
    lanes = lanes_of(bucket.storage)
    issued: int = lanes.read_one(0, "issued") >> lanes.read_one(0, "token_bits")
    ahead: list[int] = lanes.read("tokens")
    return issued - sum(ahead)


def _law(bucket: TokenBucket, ledger: Sequence[int]) -> Iterator[str]:
    taken, ahead = _taken(bucket), max(lanes_of(bucket.storage).read("tokens"))
    if taken != ledger[0]:
        yield f"{taken:,} tokens were issued and are no CPU's, and {ledger[0]:,} were taken"
    if ahead > _AHEAD:
        yield f"a CPU has drawn {ahead:,} tokens ahead, and may draw {_AHEAD}"
    if taken > bucket.burst:
        yield f"{taken:,} tokens were taken of {bucket.burst:,}, and none has come in"
