"""A histogram: how many observations lie in each bucket, their sum, and quantiles estimated from the buckets.

Bounds cut the numbers into buckets; what equals a bound lies below it, as in Prometheus:

    bucket       0      |      1       | … |     n
                x <= b0 | b0 < x <= b1 |   | x > b(n-1)

    each lane   | sum | nans | what finds the bucket | counts: one for each bucket |

`observe` is a routine of two sequences with one commit each: the first finds the bucket and counts, the second adds to
the sum. Between the two a reader sees an observation that is counted and not yet in the sum; and the thread may be
moved, so that a lane's sum need not be the sum of what the lane has counted. Added up over all lanes, both are exact.

There are two ways to find a bucket, each with a record and sequences of its own. Arrays are as long as the next power
of two, so that few lengths are ever compiled.

Sorted bounds are written into every lane when the histogram is made, and never again. The critical section searches
its own CPU's copy, with a constant number of steps that each halve what is left. Places without a bound are
infinite: nothing is above them. (The road not taken: a routine that searches the copy in one lane, and hands over the
bucket's number. It makes a shorter section, and was no faster.)

Log-linear bounds (those of HDR histograms) cut each octave into `2**k` equal parts. Nothing is searched, because a
float's exponent and the upper `k` bits of its mantissa, read as one integer, number the parts in order:

    sign | exponent | k bits | the rest     (float_bits(x) - 1) >> bits in the rest
         |   part's number   |

Assumptions: an f64 is an IEEE 754 double. Its bits grow as it does from 0.0 upwards, and are negative as an i64
where it is negative; one less is the next smaller double, which is why a bound itself falls below.
"""

from __future__ import annotations

import math
import struct
import sys
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Numbers
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial, reduce
from itertools import islice, pairwise
from numbers import Complex, Real
from operator import add
from typing import TYPE_CHECKING, Any, Self, SupportsFloat

from rseq._arch.base import IndexMode
from rseq._language.operations import float_bits
from rseq._language.text import keep
from rseq._language.types import SCALARS, Array, Record, f64, i64, u64
from rseq._once import load, once
from rseq._percpu.shared import Segment
from rseq._percpu.storage import PerCPU
from rseq._sequence import Routine, Sequence, routine, sequence
from rseq._structures.structure import Structure, not_set_up, set_up, storage_of
from rseq._structures.workload import Workload

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Histogram", "Model"]

keep(__name__)

MAX_BOUNDS = (1 << 16) - 1
"""The most bounds. Each lane then takes a megabyte at most."""

_MANTISSA_BITS = 52
_LARGEST = 2.0**1023
"""The largest `highest`: the bound that is not below it must be finite."""


@dataclass(frozen=True)
class _Code:
    """What works on one record."""

    record: type[Record]
    observe: Routine[Any, None]
    count: Sequence[Any, None]
    count_many: Sequence[Any, None]
    count_nan: Sequence[Any, None]
    add_sum: Sequence[Any, None]


@once
def _sorted_code(steps: int) -> _Code:
    """Up to `2**steps - 1` bounds that are searched."""
    length = 1 << steps
    numbers: Any = Array(SCALARS["f64"], length)
    counters: Any = Array(SCALARS["i64"], length)

    class SortedBuckets(Record):
        sum: f64
        nans: i64
        bounds: numbers
        counts: counters

    @sequence
    def count(cpu: SortedBuckets, x: f64) -> None:
        at: i64 = 0
        for step in range(steps):
            if cpu.bounds[at + ((length >> (step + 1)) - 1)] < x:
                at += length >> (step + 1)
        cpu.counts[at] += 1

    count_many, count_nan, add_sum = _additions(SortedBuckets)

    @routine
    def observe(cpu: SortedBuckets, x: f64) -> None:
        if x != x:
            count_nan(cpu)
        else:
            count(cpu, x)
            add_sum(cpu, x)

    return _Code(SortedBuckets, observe, count, count_many, count_nan, add_sum)


@once
def _log_linear_code(length: int) -> _Code:
    """Up to `length - 1` bounds that are parts of octaves."""
    counters: Any = Array(SCALARS["i64"], length)

    class LogLinearBuckets(Record):
        sum: f64
        nans: i64
        lowest: i64  # the bits of the first bound
        shift: i64
        before: i64  # the number of the part that ends at the first bound
        last: i64  # the number of the last bucket
        counts: counters

    @sequence
    def count_log_linear(cpu: LogLinearBuckets, bits: i64) -> None:
        at: i64 = 0
        if bits > cpu.lowest:
            at = ((bits - 1) >> cpu.shift) - cpu.before
            if at > cpu.last:
                at = cpu.last
        cpu.counts[at] += 1

    count_many, count_nan, add_sum = _additions(LogLinearBuckets)

    @routine
    def observe(cpu: LogLinearBuckets, x: f64) -> None:
        if x != x:
            count_nan(cpu)
        else:
            count_log_linear(cpu, i64(float_bits(x)))
            add_sum(cpu, x)

    return _Code(LogLinearBuckets, observe, count_log_linear, count_many, count_nan, add_sum)


def _additions(record: Any) -> tuple[Sequence[Any, None], Sequence[Any, None], Sequence[Any, None]]:
    """What both kinds of bucket have in common."""

    @sequence
    def count_many(cpu: record, bucket: i64, n: i64) -> None:
        cpu.counts[bucket] += n

    @sequence
    def count_nan(cpu: record, n: i64 = 1) -> None:
        cpu.nans += n

    @sequence
    def add_sum(cpu: record, x: f64) -> None:
        cpu.sum += x

    return count_many, count_nan, add_sum


# ---- bounds


@dataclass(frozen=True)
class _Sorted:
    """Bounds as they were given."""

    bounds: tuple[float, ...]

    @property
    def code(self) -> _Code:
        return _sorted_code(len(self.bounds).bit_length())

    def write(self, lanes: npt.NDArray[Any]) -> None:
        lanes["bounds"] = math.inf
        lanes["bounds"][:, : len(self.bounds)] = self.bounds

    def estimate(self, bucket: int, share: float) -> float:
        """As Prometheus does it: on a straight line from bound to bound; from 0 to the first one if that is above."""
        high = self.bounds[bucket]
        low = self.bounds[bucket - 1] if bucket else min(high, 0.0)
        return min(max(low * (1 - share) + high * share, low), high)


@dataclass(frozen=True)
class _LogLinear:
    """`n` bounds, each octave cut into `2**k` parts; `first` is the number of the part that begins at the first one."""

    first: int
    n: int
    k: int
    bounds: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        parts = range(self.first, self.first + self.n)
        object.__setattr__(self, "bounds", tuple(_from_bits(part << self.shift) for part in parts))

    @property
    def shift(self) -> int:
        """How many bits of a float do not matter."""
        return _MANTISSA_BITS - self.k

    @property
    def code(self) -> _Code:
        return _log_linear_code(1 << self.n.bit_length())

    def write(self, lanes: npt.NDArray[Any]) -> None:
        lanes["lowest"], lanes["shift"] = self.first << self.shift, self.shift
        lanes["before"], lanes["last"] = self.first - 1, self.n

    def estimate(self, bucket: int, share: float) -> float:
        """The number whose relative distance from either bound is the same."""
        high = self.bounds[bucket]
        low = self.bounds[bucket - 1] if bucket else high
        return low * (2 / (1 + low / high))


_Layout = _Sorted | _LogLinear


def _sorted_layout(bounds: Iterable[SupportsFloat]) -> _Sorted:
    numbers = tuple(_number("bounds", bound) for bound in _first_of(bounds, MAX_BOUNDS + 2))
    if not 1 <= len(numbers) <= MAX_BOUNDS:
        count = f"more than {MAX_BOUNDS + 1}" if len(numbers) > MAX_BOUNDS + 1 else f"{len(numbers)}"
        raise ValueError(f"bounds: expected 1 to {MAX_BOUNDS} of them, got {count}")
    for number in numbers:
        if not math.isfinite(number):
            raise ValueError(
                f"bounds: expected finite numbers, got {number}; there is always a bucket above the last one"
            )
    for low, high in pairwise(numbers):
        if not low < high:
            raise ValueError(f"bounds: expected each to be above the one before it; got {low} and then {high}")
    return _Sorted(numbers)


def _first_of(bounds: Iterable[SupportsFloat], most: int) -> Iterator[SupportsFloat]:
    """The first bounds: there may be no end of them."""
    with suppress(TypeError, SystemError):  # the second is what CPython says of a memoryview that was released
        if not isinstance(bounds, (str, bytes, bytearray)):
            return islice(bounds, most)
    raise TypeError(f"bounds: expected numbers, such as [0.1, 0.5, 1.0]; got {bounds!r}")


def _log_linear_layout(lowest: float, highest: float, relative_error: float) -> _LogLinear:
    if not sys.float_info.min <= lowest < highest <= _LARGEST:
        raise ValueError(
            f"expected {sys.float_info.min:.3g} <= lowest < highest <= 2**1023; got {lowest} and {highest} "
            "(what is not above lowest, zero and negative numbers too, shares the first bucket)"
        )
    if not 0 < relative_error < 1:
        raise ValueError(f"relative_error: expected a number between 0 and 1, such as 0.01; got {relative_error}")
    k = _octave_bits(relative_error)
    shift = max(_MANTISSA_BITS - k, 0)
    first, last = _bits(lowest) >> shift, -(-_bits(highest) >> shift)
    if k > _MANTISSA_BITS or last - first >= MAX_BOUNDS:
        raise ValueError(
            f"a relative_error of {relative_error} from {lowest} to {highest} takes more than {MAX_BOUNDS} bounds; "
            "ask for a larger one or a narrower range"
        )
    return _LogLinear(first, last - first + 1, k)


def _octave_bits(relative_error: float) -> int:
    """The smallest k for which the estimate in each of `2**k` parts of an octave is right to `relative_error`.

    The first part has the widest ratio of bounds, 1 + 2**-k, whose estimate is off by 1 / (2**(k + 1) + 1).
    """
    return max(math.ceil(math.log2(1 / max(relative_error, 1e-30) - 1)) - 1, 0) if relative_error < 0.5 else 0


def _number(name: str, value: SupportsFloat) -> float:
    """`value` as a float; a number that is larger than all of them is infinite.

    What has a length is none, even if Python or NumPy would convert it: texts, and arrays of one element.
    """
    is_complex = isinstance(value, Complex) and not isinstance(value, Real)
    is_real = hasattr(value, "__float__") or hasattr(value, "__index__")
    if is_complex or not is_real or hasattr(value, "__len__"):
        raise TypeError(f"{name}: expected a number, got {value!r}")
    try:
        return float(value)
    except OverflowError:
        return -math.inf if isinstance(value, Real) and value < 0 else math.inf


def _bits(x: float) -> int:
    return int.from_bytes(struct.pack("<d", x), "little")


def _from_bits(bits: int) -> float:
    (x,) = struct.unpack("<d", bits.to_bytes(8, "little"))
    return float(x)


# ---- the structure


class Histogram(Structure, hot=("observe",)):
    """Counts observations by bucket, and adds them up.

        latency = rseq.Histogram([0.005, 0.01, 0.1, 1.0])
        latency.observe(0.02)
        latency.counts()        # array([0, 0, 1, 0, 0]): the last bucket is what lies above all bounds
        latency.quantile(0.5)

    `bounds` are finite numbers, each above the one before it; an observation that equals a bound lies below it.
    `Histogram.exponential` makes bounds of a stated relative error, and finds a bucket without searching.
    Infinities are observations: they go to the last and the first bucket, and into the sum. NaN lies in no bucket: it
    is counted in `nans` and nowhere else. Inside `@njit` functions, `observe` is inlined. `segment`: where processes
    share it, see `rseq.Segment`.
    Raises: TypeError - bounds that are no numbers. ValueError - no bounds, too many, not finite or not in order.
    Threads: any, registered or not; after a fork, parent and child count apart, in a segment together.
    """

    __slots__ = ("_code", "_layout")
    _no_copy = "Pass its bounds, counts and sum, or make it in an rseq.Segment, and forked processes share it"
    _code: _Code
    _layout: _Layout

    def __init__(
        self, bounds: Iterable[SupportsFloat], *, index: IndexMode = "cpu_id", segment: Segment | None = None
    ) -> None:
        self._begin(_sorted_layout(bounds), index, segment)

    @classmethod
    def exponential(
        cls,
        lowest: float,
        highest: float,
        *,
        relative_error: float = 0.01,
        index: IndexMode = "cpu_id",
        segment: Segment | None = None,
    ) -> Self:
        """A histogram from which `quantile` is right to `relative_error`, for observations from `lowest` to `highest`.

        Its bounds cut each octave into equal parts, a power of two of them. The first bound is `lowest` or a little
        less, the last one `highest` or a little more; what lies outside, zero and negative numbers too, is counted in
        the first and the last bucket. The `__init__` of a subclass, which takes bounds, is not called.
        Raises: ValueError - `lowest` is not positive or not below `highest`, or more buckets than there may be.
        """
        ends = _number("lowest", lowest), _number("highest", highest)
        layout = _log_linear_layout(*ends, _number("relative_error", relative_error))
        made = cls.__new__(cls)
        made._begin(layout, index, segment)
        return made

    def _begin(self, layout: _Layout, index: IndexMode, segment: Segment | None) -> None:
        code = layout.code
        storage = PerCPU(code.record, index=index, segment=segment)
        layout.write(storage.view())
        set_up(self, storage, {"observe": code.observe})
        self._code, self._layout = code, layout

    def observe(self, x: float) -> None:
        """Count `x` in its bucket, and add it to the sum. Any thread, any signal handler; it never waits.

        Raises: TypeError - `x` is no number; then nothing is counted.
        """
        raise not_set_up(self)

    @staticmethod
    def sequences() -> dict[str, Sequence[Any, None]]:
        """The sequences that `observe` and `merge` are made of, for 4 buckets: by searching, and log-linear."""
        searching, log_linear = _sorted_code(2), _log_linear_code(4)
        shared = {name: getattr(searching, name) for name in ("count_many", "count_nan", "add_sum")}
        return {"count": searching.count, "count_log_linear": log_linear.count, **shared}

    @classmethod
    def stress(cls) -> Iterator[Workload[Histogram]]:
        """How `rseq stress` works on it: each bucket, the NaNs and the sum come to what was put there."""
        log_linear = partial(cls.exponential, 1, 4, relative_error=0.5)
        yield Workload("Histogram", partial(cls, (1, 2, 4)), _work(_sorted_code(2)), _call, _law)
        yield Workload("Histogram, octaves", log_linear, _work(_log_linear_code(4)), _call, _law)

    @property
    def bounds(self) -> tuple[float, ...]:
        """The upper bounds of all buckets but the last, which has none."""
        return self._held()[0].bounds

    def counts(self) -> npt.NDArray[Any]:
        """How many observations each bucket has: one number more than there are bounds, as an i64 array."""
        layout, lanes = self._held()
        counts: npt.NDArray[Any] = lanes["counts"][:, : len(layout.bounds) + 1].sum(axis=0)
        return counts

    def _held(self) -> tuple[_Layout, npt.NDArray[Any]]:
        """The layout and all lanes. Raises: TypeError - the object was not set up, and has neither."""
        lanes = storage_of(self).view()
        return self._layout, lanes

    @property
    def count(self) -> int:
        """How many observations lie in all buckets together; NaN is in none."""
        return int(self.counts().sum())

    @property
    def sum(self) -> float:
        """The sum of the observations, without NaN. Its rounding depends on which CPUs observed what."""
        load("numpy")
        import numpy as np

        with np.errstate(over="ignore", invalid="ignore"):
            return float(storage_of(self).view()["sum"].sum())

    @property
    def nans(self) -> int:
        """How many times NaN was observed."""
        return int(storage_of(self).view()["nans"].sum())

    def quantile(self, q: float) -> float | None:
        """An estimate of the observation that `q` of all do not exceed (0.5: the median), or None if there are none.

        It lies between the bounds of that observation's bucket. With `exponential` it is right to the relative error,
        otherwise it is interpolated (in the first bucket from 0, if its bound is positive). In the last bucket, and in
        the first one of `exponential`, it is the bound: nothing more is known.
        Raises: ValueError - `q` is not from 0 to 1.
        """
        q = _number("q", q)
        if not 0 <= q <= 1:
            raise ValueError(f"q: expected a number from 0 to 1, got {q}")
        counts: list[int] = self.counts().tolist()
        total = sum(counts)
        return self._at_rank(counts, _rank(q, total)) if total else None

    def _at_rank(self, counts: list[int], rank: int) -> float:
        for bucket, count in enumerate(counts[:-1]):
            if rank <= count:
                return self._layout.estimate(bucket, rank / count)
            rank -= count
        return self.bounds[-1]

    def merge(self, other: Histogram) -> None:
        """Add what `other` has counted up to now to this one. Both may go on counting meanwhile.

        How the two have come to their bounds does not matter.
        Raises: TypeError - `other` is no histogram. ValueError - its bounds differ. Then nothing is added.
        """
        if not isinstance(other, Histogram):
            raise TypeError(f"merge() takes an rseq.Histogram; got {other!r}")
        if other.bounds != self.bounds:
            raise ValueError(
                f"merge() takes a histogram with the same bounds; {_difference(other.bounds, self.bounds)}"
            )
        counts, total, nans = other.counts().tolist(), other.sum, other.nans
        code, storage = self._code, storage_of(self)
        count_many = code.count_many.bind(storage, title="Histogram.merge")
        for bucket, count in enumerate(counts):
            if count:
                count_many(bucket, count)
        code.add_sum.bind(storage, title="Histogram.merge")(total)
        code.count_nan.bind(storage, title="Histogram.merge")(nans)

    def __repr__(self) -> str:
        return f"<rseq.Histogram of {self.count}, {len(self.bounds)} bounds from {self.bounds[0]} to {self.bounds[-1]}>"


def _difference(given: tuple[float, ...], own: tuple[float, ...]) -> str:
    if len(given) != len(own):
        return f"got one with {len(given)} bounds for one with {len(own)}"
    number = next(number for number, pair in enumerate(zip(given, own, strict=True)) if pair[0] != pair[1])
    return f"bounds[{number}] is {given[number]!r} in the other, and {own[number]!r} here"


def _rank(q: float, total: int) -> int:
    """Which observation, in order and counted from 1, is the `q` quantile of `total`."""
    return min(max(math.ceil(q * total), 1), total)


# ---- stress

NAN_WEIGHT = 1 << 50


@once
def _work(code: _Code) -> Routine[Any, int]:
    """What `rseq stress` runs: an observation; its sum, and a weight for the bucket that it should be in."""
    Buckets = code.record  # noqa: N806 - it is a class
    observe, count_many, count_nan = code.observe, code.count_many, code.count_nan

    @routine
    def work(cpu: Buckets, turn: u64) -> i64:  # type: ignore[valid-type]
        bucket = i64(turn & 3)
        if turn & 12 == 0:
            count_nan(cpu)
            return NAN_WEIGHT
        if turn & 12 == 4:
            count_many(cpu, bucket, 3)
            return i64(3) << (bucket * 12 + 8)
        x = (1 << bucket) + bucket // 3 * 56
        observe(cpu, f64(x))
        return (i64(1) << (bucket * 12 + 8)) + x

    return work


def _call(histogram: Histogram, turn: int) -> int:
    """Observations from Python."""
    if turn % 5 == 4:
        histogram.observe(math.nan)
        return NAN_WEIGHT
    bucket, x = turn % 5, (1, 2, 4, 64)[turn % 5]
    histogram.observe(x)
    return (1 << (bucket * 12 + 8)) + x


def weighed(histogram: Histogram) -> int:
    """All its numbers in one, as the ledger has them, when nobody observes."""
    counts, total, nans = histogram.counts().tolist(), histogram.sum, histogram.nans
    number: int = sum(count << (bucket * 12 + 8) for bucket, count in enumerate(counts))
    return number + nans * NAN_WEIGHT + int(total)


def _law(histogram: Histogram, ledger: Numbers[int]) -> Iterator[str]:
    if (weighed(histogram) - ledger[0]) % (1 << 64):
        counts, total, nans = histogram.counts().tolist(), histogram.sum, histogram.nans
        yield f"counts {counts}, {nans} times NaN and the sum {total:,} are not what was observed"


class Model:
    """What a `Histogram` with these bounds is, in plain Python: all observations. `quantile` is exact."""

    def __init__(self, bounds: Iterable[float]) -> None:
        self.bounds = tuple(bounds)
        self.observations: list[float] = []
        self.nans = 0

    def observe(self, x: float) -> None:
        """See `Histogram.observe`."""
        if math.isnan(x):
            self.nans += 1
        else:
            self.observations.append(float(x))

    def counts(self) -> list[int]:
        """See `Histogram.counts`."""
        counts = [0] * (len(self.bounds) + 1)
        for x in self.observations:
            counts[bisect_left(self.bounds, x)] += 1
        return counts

    @property
    def count(self) -> int:
        """See `Histogram.count`."""
        return len(self.observations)

    @property
    def sum(self) -> float:
        """See `Histogram.sum`; rounded as one CPU does."""
        return reduce(add, self.observations, 0.0)  # sum() of Python 3.12 rounds once, a sequence at each addition

    def quantile(self, q: float) -> float | None:
        """The observation that `Histogram.quantile` estimates."""
        total = len(self.observations)
        return sorted(self.observations)[_rank(q, total) - 1] if total else None

    def merge(self, other: Model) -> None:
        """See `Histogram.merge`."""
        self.observations += other.observations
        self.nans += other.nans
