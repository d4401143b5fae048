"""Tokens that are taken, and takes that are refused, from Python. Each token is accounted for after each run."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from rseq._bench.python.loop import SUM_LOOP, loop
from rseq._bench.run import Implementation, Operation, Span, counted, threaded
from rseq._percpu.storage import lanes_of
from rseq._structures.bucket import MAX_BURST, TokenBucket

_NEVER = 1e-300
"""Tokens per second: none comes in, so those that are left say how many were taken."""


class _Locked:
    """A token bucket as programs write it: a lock, a float, and when that was right."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst, self.left = rate, burst, burst
        self.lock, self.at = threading.Lock(), time.monotonic()

    def take(self) -> bool:
        """Take one."""
        with self.lock:
            now = time.monotonic()
            self.left = min(self.burst, self.left + (now - self.at) * self.rate)
            self.at = now
            if self.left < 1:
                return False
            self.left -= 1
            return True


def _taking(take: Callable[[], bool]) -> Callable[[int, int], object]:
    return loop("total += take()", SUM_LOOP, take=take)


def _rseq(workers: int) -> Implementation:
    bucket = TokenBucket(_NEVER, MAX_BURST)
    lanes = lanes_of(bucket.storage)

    def taken() -> int:
        issued: int = lanes.read_one(0, "issued") >> lanes.read_one(0, "token_bits")
        ahead: list[int] = lanes.read("tokens")
        return issued - sum(ahead)

    return threaded("rseq", "rseq: take()", _taking(bucket.take), counted(taken))


def _lock(workers: int) -> Implementation:
    bucket = _Locked(_NEVER, MAX_BURST)
    label = "threading.Lock, time.monotonic(): take()"
    return threaded("threading-lock", label, _taking(bucket.take), counted(lambda: int(MAX_BURST - bucket.left)))


def _none(spans: Sequence[Span]) -> int:
    """How many were taken, of none."""
    return sum(int(span.answer) for span in spans)  # type: ignore[call-overload]


def _rseq_refused(workers: int) -> Implementation:
    bucket = TokenBucket(_NEVER, 1)
    bucket.take()  # it begins full
    return threaded("rseq", "rseq: take()", _taking(bucket.take), _none)


def _lock_refused(workers: int) -> Implementation:
    bucket = _Locked(_NEVER, 1)
    bucket.take()  # it begins full
    return threaded("threading-lock", "threading.Lock, time.monotonic(): take()", _taking(bucket.take), _none)


BUCKETS = (
    Operation(
        name="bucket-python",
        title="take a token, from Python",
        unit="token",
        makers={"rseq": _rseq, "threading-lock": _lock},
    ),
    Operation(
        name="bucket-refused-python",
        title="take a token of none, from Python",
        unit="call",
        makers={"rseq": _rseq_refused, "threading-lock": _lock_refused},
    ),
)
