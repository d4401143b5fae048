"""The code of token buckets (bucket.py, which says how they work)."""

from __future__ import annotations

from rseq._language.kept import keep
from rseq._language.operations import clock, compare_exchange, lane, load_acquire
from rseq._language.types import SCALARS, Array, Record, f64, i64, u32, u64
from rseq._sequence import inline, routine, sequence

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

keep(__name__)

LINE_BYTES = 64

TOO_MANY = "n is more than the burst: so many tokens are never there at once; take fewer, or make burst larger"

_line: Any = Array(SCALARS["u64"], LINE_BYTES // 8)


class Bucket(Record):
    """A lane: the tokens that this CPU has drawn. What all CPUs share is in the first lane, on cache lines apart."""

    tokens: u32
    apart: _line
    start: u64
    parts_per_tick: f64
    token_bits: i64
    ahead_bits: i64
    burst: u64
    skew: i64
    rate: f64
    gap: _line
    issued: i64
    behind: _line

    @staticmethod
    def starts(lanes: Any) -> Iterator[None]:
        """Of 8 tokens of four parts: full, nearly empty, and after the clock was set back; some are drawn."""
        first = lanes[0]
        for issued in (0, 30, 1 << 20):
            lanes["tokens"] = [1, 3, 2][: len(lanes)]
            first["burst"], first["token_bits"], first["ahead_bits"] = 8, 2, 4
            first["parts_per_tick"], first["skew"], first["issued"] = 1.0, 16, issued
            yield


@sequence
def spend(cpu: Bucket, n: u32) -> u32:
    """Take `n` of this CPU's tokens, all or none. Returns how many it lacks; 0 if they were taken."""
    tokens = cpu.tokens
    if tokens < n:
        return n - tokens
    cpu.tokens = tokens - n
    return 0


@sequence
def replace(cpu: Bucket, tokens: u32, others: u32) -> bool:
    """Put `others` in the place of this CPU's tokens; False if it has not as many as `tokens` any more."""
    if cpu.tokens != tokens:
        return False
    cpu.tokens = others
    return True


@inline
def level_at(now: u64, start: u64, parts_per_tick: f64) -> i64:
    """How many parts have come in since `start`; below 0 where the counter was set back."""
    return i64(f64(i64(now - start)) * parts_per_tick)


@routine
def draw(cpu: Bucket, n: u32) -> u32:
    """Issue `n` tokens, and some in advance if there are many. Returns how many in all; 0 if there are fewer than `n`.

    What has not come in yet may be issued, up to the burst. What came in beyond it has run over.
    """
    shared = lane(cpu, 0)
    burst, cost = i64(shared.burst) << shared.token_bits, i64(n) << shared.token_bits
    while True:
        issued = load_acquire(shared.issued)
        level = level_at(clock(), shared.start, shared.parts_per_tick)
        first = max(issued, level)
        left = level + burst - first - cost
        if left < 0:
            if issued - level > burst + shared.skew:
                compare_exchange(shared.issued, issued, level + burst)
            return 0
        ahead = u32(left >> shared.ahead_bits)
        if compare_exchange(shared.issued, issued, first + cost + (i64(ahead) << shared.token_bits)):
            return n + ahead


@routine
def give_back(cpu: Bucket, n: u32) -> None:
    """Take back that `n` tokens were issued, which nobody has."""
    shared = lane(cpu, 0)
    while True:
        issued = load_acquire(shared.issued)
        if compare_exchange(shared.issued, issued, issued - (i64(n) << shared.token_bits)):
            return


@routine
def take(cpu: Bucket, n: u64 = 1) -> bool:
    """Take `n` tokens: this CPU's, and what it lacks of those that are shared."""
    if n > lane(cpu, 0).burst:
        raise ValueError(TOO_MANY)
    wanted = u32(n)
    while True:
        lacking = spend(cpu, wanted)
        if lacking == 0:
            return True
        drawn = draw(cpu, lacking)
        if drawn == 0:
            return False
        if replace(cpu, wanted - lacking, drawn - lacking):  # type: ignore[operator]
            return True
        give_back(cpu, drawn)  # unreached: somebody else was on this CPU between two sequences
