"""A token bucket: how much may pass in a second, whichever threads and processes ask, and how much at once.

    lane 0                               lane 1         …  spare lane
    | tokens |  | constants |  | issued |    | tokens | …     | tokens | …
                       ^            ^
               the same for all CPUs, on cache lines of their own

`issued` counts what was ever given out, in parts of a token. `level` is what has come in since the bucket was made: the
ticks of the CPU's counter since then, times the parts that come in with each. `issued` may be ahead of `level` by
`burst`. Where it is behind, the bucket has run over, and the next token is counted from `level` on. (The generic cell
rate algorithm, ITU-T I.371, does this with times.) `issued` is only changed by compare-and-exchange.

Not each `take` does that. A CPU that goes to `issued` draws tokens ahead: one of `1 << ahead_bits` parts of what is
left there, which for all lanes together is a quarter of the burst at most. They are this CPU's `tokens`, from which the
sequence `spend` takes them. A CPU that has fewer than it needs draws what it lacks, and some ahead again. The sequence
`replace` then puts the ones in the place of the others, if these are still as many; if somebody was on this CPU in
between, what was drawn is given back and all begins anew. The less is left, the less is drawn ahead, and of a bucket
that is nearly empty nothing: so those who are refused look at one word, and store nothing.

A token in a lane, or in the hands of a call, has been issued, and nothing is issued twice. So whatever is interrupted
or killed, since the bucket was made no more than `rate` × time + `burst` is taken. In a span that begins later, what
was drawn before it comes on top: what lies in lanes, and what calls had in hand that were under way just then. A
process that is killed between drawing and `replace` takes with it what it had drawn.

A counter may be set back: by a suspend, or as a virtual machine is restored. Then `issued` is further ahead of `level`
than can be, by more than CPUs may disagree (SET_BACK_TICKS). It is moved back to `level + burst`: an empty bucket.

Assumptions: the counter ticks at one rate and is the same on all CPUs, as for the stamps of rings. A bucket is used for
fifty years at most: `issued` has 63 bits, and 2**32 parts come in in a second, or fewer.
The road not taken: tokens that are void some time after they were drawn ahead. Then no span of time would have more
than `rate` × time + `burst`. But each `take` would have to read the clock, and what a CPU has drawn and does not use
would be lost for the others.
"""

from __future__ import annotations

import math

from rseq._builtins.form import Form
from rseq._integers import signed
from rseq._percpu.checks import integer, number
from rseq._percpu.clock_rate import rate as ticks_per_second
from rseq._percpu.storage import lanes_of
from rseq._structures.ring.clock import SET_BACK_TICKS, ticks
from rseq._structures.structure import Structure, not_set_up, set_up, storage_for, storage_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rseq._language.compiled import Compiled
    from rseq._percpu.lanes import Lanes
    from rseq._percpu.shared.segment import Segment

MAX_RATE = 1e9

MAX_BURST = (1 << 32) - 1

_SECOND_BITS, _BURST_BITS = 32, 61
"""No more than 2 to the power of these parts come in in a second, and are in a full bucket."""


def _parse() -> Mapping[str, Compiled]:
    from rseq._structures.bucket_code import draw, give_back, replace, spend, take

    return {"take": take, "spend": spend, "replace": replace, "draw": draw, "give_back": give_back}


BUCKET = Form("bucket", _parse)


class TokenBucket(Structure, hot=("take",)):
    """A rate limit: `rate` tokens come in in a second, for all CPUs together, and up to `burst` of them wait.

        calls = rseq.TokenBucket(rate=1000, burst=100)
        calls.take()           # True; False if there is none
        calls.take(20)         # 20 of them, or none

    A bucket is full when it is made. From then on, no more than `rate` × time + `burst` tokens are taken, ever. CPUs
    draw tokens ahead, all of them together a quarter of `burst` at most. By so many the bucket may be off:

    - in a span of time that begins later, so many more may be taken, and what calls that were under way at its
      beginning had drawn;
    - `take` may be False though so many are left, which other CPUs have drawn. They go on to have them.

    If `burst` is not above four for each lane (there is a lane for each CPU, and one more) nothing is drawn ahead, and
    the bucket is exact. Time is that of `rseq.clock()`, whose rate is known to 20 millionths. Where that clock is set
    back, the bucket is empty, and fills again. A process that is killed inside of `take` may have taken `n` tokens and
    what its CPU draws ahead. Nobody ever waits for another.
    `segment` and `name`: for threads of several processes, see `Counter`. Inside `@njit` functions `take` is inlined.
    The first bucket that a process makes takes a twentieth of a second, which measures the clock's rate.
    Raises: TypeError - `rate` is no number, or `burst` no int. ValueError - `rate` is not above 0, or above 1e9;
    `burst` is not 1 … 2**32 - 1.
    Threads: any, registered or not; after a fork, parent and child each have a bucket, and in a segment share it.
    """

    __slots__ = ()
    _no_copy = "Make one in each process, with a part of the rate"

    def __init__(
        self, rate: float, burst: int, *, segment: Segment | str | None = None, name: str | None = None
    ) -> None:
        speed, most = number("rate", rate), integer("burst", burst)
        if not 0 < speed <= MAX_RATE:
            from rseq._language.given import shown

            raise ValueError(f"rate: expected tokens per second, above 0 and up to {MAX_RATE:.0f}; got {shown(rate)}")
        if not 1 <= most <= MAX_BURST:
            raise ValueError(f"burst: expected 1 … {MAX_BURST} tokens, got {most}")

        def begin(lanes: Lanes) -> None:
            for field, word in _first_words(speed, most, len(lanes)):
                lanes.write_one(0, field, word)

        storage, _ = storage_for(self, BUCKET, segment, name, {"rate": speed, "burst": most}, begin=begin)
        set_up(self, storage, BUCKET)

    def take(self, n: int = 1) -> bool:
        """Take `n` tokens, or none: False if there are not so many. Any thread, any signal handler; it never waits.

        0 tokens can always be taken.
        Raises: ValueError - `n` is more than `burst`: it would be False for ever. TypeError, OverflowError - `n` is no
        int of 0 … 2**64 - 1. Then nothing is taken.
        """
        raise not_set_up(self)

    @classmethod
    def _sequences(cls) -> Mapping[str, Compiled]:
        return BUCKET.parts

    @property
    def rate(self) -> float:
        """How many tokens come in in a second."""
        speed: float = lanes_of(storage_of(self)).read_one(0, "rate")
        return speed

    @property
    def burst(self) -> int:
        """How many tokens wait at most."""
        most: int = lanes_of(storage_of(self)).read_one(0, "burst")
        return most

    @property
    def available(self) -> int:
        """How many tokens are left: those that wait for all, `burst` at most, and those that CPUs have drawn ahead."""
        return left_in(lanes_of(storage_of(self)))

    def __repr__(self) -> str:
        return f"<rseq.TokenBucket of {self.rate:g} a second, burst {self.burst}, {self.available} left>"


def left_in(lanes: Lanes) -> int:
    """How many tokens are left in these lanes of a bucket."""
    passed = signed(ticks() - lanes.read_one(0, "start")) * lanes.read_one(0, "parts_per_tick")
    level = int(passed) if math.isfinite(passed) else 0  # another process may have written over it
    bits, issued = lanes.read_one(0, "token_bits") & 63, lanes.read_one(0, "issued")
    shared = (lanes.read_one(0, "burst") << bits) - max(issued - level, 0)
    left: int = max(shared >> bits, 0) + sum(lanes.read("tokens"))
    return left


def _first_words(rate: float, burst: int, lanes: int) -> Iterator[tuple[str, float]]:
    """The constants of a new bucket, by field."""
    bits = max(min(_SECOND_BITS - math.frexp(rate)[1], _BURST_BITS - burst.bit_length()), 0)
    parts_per_tick = math.ldexp(rate, bits) / ticks_per_second()
    yield "rate", rate
    yield "burst", burst
    yield "token_bits", bits
    yield "ahead_bits", bits + (4 * lanes - 1).bit_length()
    yield "parts_per_tick", parts_per_tick
    yield "skew", int(parts_per_tick * SET_BACK_TICKS)
    yield "start", ticks()
