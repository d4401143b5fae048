"""The largest, or the smallest, of what many threads have seen.

    lane 0               lane 1               …  spare lane
    | value | touched |  | value | touched |     | value | touched |      the answer is the largest value of all

Lanes begin with what nothing is worse than (for a maximum the smallest number of the type, or minus infinity). `update`
commits once, if at all: it stores a number that is better than the lane's `value`. The one number that is no better
than the beginning commits `touched` instead, so that a reader tells it from "nothing yet". Each word alone is enough
for the answer that it gives, so a reader never sees half of an update.

NaN is neither larger nor smaller than anything: it updates nothing.

Assumptions: a number of the language is read and written in one piece.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from collections.abc import Sequence as Numbers
from typing import TYPE_CHECKING, Any, ClassVar, Self

from rseq._arch.base import IndexMode
from rseq._language.text import keep
from rseq._language.types import SCALARS, Record, Scalar, as_scalar, f64, i64, u64
from rseq._once import once
from rseq._percpu.shared import Segment
from rseq._percpu.storage import PerCPU
from rseq._sequence import Routine, Sequence, routine, sequence
from rseq._structures.structure import Structure, not_set_up, set_up, storage_of
from rseq._structures.workload import Workload
from rseq._thread.cpus import cpu_number

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Max", "Min", "Model"]

keep(__name__)


def _worst(scalar: Scalar, is_max: bool) -> int | float:
    """What nothing is worse than."""
    if scalar.is_float:
        return -math.inf if is_max else math.inf
    return scalar.minimum if is_max else scalar.maximum


@once
def _update(scalar: Scalar, is_max: bool) -> Sequence[Any, None]:
    """The sequence `update(cpu, x)` for numbers of this type, on a record of its own."""
    worst = _worst(scalar, is_max)

    class Extreme(Record):
        value: scalar  # type: ignore[valid-type]
        touched: scalar  # type: ignore[valid-type]

    @sequence
    def update_max(cpu: Extreme, x: scalar) -> None:  # type: ignore[valid-type]
        if x > cpu.value:  # type: ignore[operator]
            cpu.value = x
        elif x == worst:
            cpu.touched = 1

    @sequence
    def update_min(cpu: Extreme, x: scalar) -> None:  # type: ignore[valid-type]
        if x < cpu.value:  # type: ignore[operator]
            cpu.value = x
        elif x == worst:
            cpu.touched = 1

    return update_max if is_max else update_min


class _Extreme(Structure):
    """What `Max` and `Min` share."""

    __slots__ = ()
    _no_copy = "Pass its value, or make one in each process and compare them"
    _is_max: ClassVar[bool]

    def __init__(
        self, dtype: object = SCALARS["f64"], *, index: IndexMode = "cpu_id", segment: Segment | None = None
    ) -> None:
        scalar = as_scalar(dtype)
        if scalar.kind == "bool":
            raise TypeError("expected a number to compare; got bool")
        is_max = isinstance(self, Max)
        update = _update(scalar, is_max)
        storage: PerCPU[Any] = PerCPU(update.body.record, index=index, segment=segment)
        storage.view()["value"] = _worst(scalar, is_max)
        set_up(self, storage, {"update": update})

    @classmethod
    def sequences(cls, dtype: object = SCALARS["f64"]) -> dict[str, Sequence[Any, None]]:
        """The sequences that the hot methods are made of, by the method's name."""
        return {"update": _update(as_scalar(dtype), cls._is_max)}

    @classmethod
    def stress(cls) -> Iterator[Workload[Self]]:
        """How `rseq stress` works on it: what a lane has seen only becomes better."""
        yield Workload(cls.__name__, cls, _work(cls._is_max), _call, _law)

    @property
    def value(self) -> Any:
        """The extreme of all updates, or None if there have been none: an int, or a float for a float type."""
        lanes = storage_of(self).view()
        values = lanes["value"]
        best = (values.max() if self._is_max else values.min()).item()
        scalar = storage_of(self).record.fields["value"].type
        assert isinstance(scalar, Scalar)
        is_known = best != _worst(scalar, self._is_max) or bool(lanes["touched"].any())
        return best if is_known else None

    def per_cpu(self) -> npt.NDArray[Any]:
        """A copy of each CPU's extreme, by CPU number; the last one is the spare lane's.

        Where a CPU has seen nothing it is the type's other end, or the infinity there.
        """
        values: npt.NDArray[Any] = storage_of(self).per_cpu()["value"]
        return values

    def __repr__(self) -> str:
        return f"<rseq.{type(self).__name__} {self.value}>"


class Max(_Extreme, hot=("update",)):
    """The largest number that any thread has seen.

        slowest = rseq.Max()
        slowest.value          # None
        slowest.update(0.25)
        slowest.update(0.125)
        slowest.value          # 0.25

    `dtype` is a number of the language or what NumPy takes for one (f64 by default; `rseq.i64` for ints).
    NaN is ignored. Of equal numbers (0.0 and -0.0) the answer is any one. `segment`: where processes share it, see
    `rseq.Segment`.
    Raises: TypeError - no such dtype.
    Threads: any, registered or not; after a fork, parent and child look apart, in a segment together.
    """

    __slots__ = ()
    _is_max = True

    def update(self, x: float) -> None:
        """Take `x` into account. Any thread, any signal handler; it never waits. NaN changes nothing.

        Raises: TypeError, OverflowError - `x` is no number of the type; then nothing changes.
        """
        raise not_set_up(self)


class Min(_Extreme, hot=("update",)):
    """The smallest number that any thread has seen. See `Max` for the rest."""

    __slots__ = ()
    _is_max = False

    def update(self, x: float) -> None:
        """Take `x` into account. Any thread, any signal handler; it never waits. NaN changes nothing.

        Raises: TypeError, OverflowError - `x` is no number of the type; then nothing changes.
        """
        raise not_set_up(self)


# ---- stress


@once
def _work(is_max: bool) -> Routine[Any, int]:
    """What `rseq stress` runs: an update by one more than a lane has seen; 1 if that lane has become worse meanwhile.

    An update that was stopped in between and is not restarted puts back what it was called with, long ago. What a lane
    has seen and its number are read at once: the thread may be moved. A lane that has seen nothing shows no number.
    """
    update = _update(SCALARS["f64"], is_max)
    Extreme = update.body.record  # noqa: N806 - it is a class
    sign, worst, nothing = 1 if is_max else -1, _worst(SCALARS["f64"], is_max), -math.inf

    @sequence
    def seen(cpu: Extreme) -> f64:  # type: ignore[valid-type]
        return cpu.value * sign * 4096 + f64(cpu_number())  # type: ignore[attr-defined, no-any-return]

    @routine
    def work(cpu: Extreme, turn: u64) -> i64:  # type: ignore[valid-type]
        before: f64 = seen(cpu)  # type: ignore[assignment]
        best: i64 = 0
        if before > 0:
            best = i64(before) >> 12
        if turn & 7 == 0:
            update(cpu, worst)
        elif turn & 7 == 1:
            update(cpu, f64(best - 1) * sign)
        else:
            update(cpu, f64(best + 1) * sign)
        after: f64 = seen(cpu)  # type: ignore[assignment]
        if nothing < after < before and i64(after) & 4095 == i64(before) & 4095:
            return 1
        return 0

    return work


def _call(extreme: Any, turn: int) -> int:
    """Updates from Python that change nothing any more, or nothing at all."""
    extreme.update(0 if turn & 1 else math.nan)
    return 0


def _law(extreme: Any, ledger: Numbers[int]) -> Iterator[str]:
    if ledger[0]:
        yield f"a lane that had seen a number had only a worse one afterwards, {ledger[0]:,} times"
    if extreme.value is None or abs(extreme.value) == math.inf:
        yield f"after so many updates the value is {extreme.value}"


class Model:
    """What `Max` (or with `is_max` False, `Min`) is, in plain Python."""

    def __init__(self, *, is_max: bool = True) -> None:
        self._choose = max if is_max else min
        self.value: float | None = None

    def update(self, x: float) -> None:
        """See `Max.update`."""
        if not math.isnan(x):
            self.value = x if self.value is None else self._choose(self.value, x)
