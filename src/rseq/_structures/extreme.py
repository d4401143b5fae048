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
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from rseq._arch.base import IndexMode
from rseq._language.dtypes import as_scalar
from rseq._language.ir import Compiled
from rseq._language.text import keep
from rseq._language.types import SCALARS, Record, Scalar
from rseq._once import once
from rseq._percpu.shared import Segment
from rseq._percpu.storage import PerCPU
from rseq._sequence import Sequence, sequence
from rseq._structures.structure import Structure, not_set_up, set_up, storage_of

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Max", "Min", "updater", "worst_of"]

keep(__name__)


def worst_of(scalar: Scalar, is_max: bool) -> int | float:
    """What nothing is worse than."""
    if scalar.is_float:
        return -math.inf if is_max else math.inf
    return scalar.minimum if is_max else scalar.maximum


@once
def updater(scalar: Scalar, is_max: bool) -> Sequence[Any, None]:
    """The sequence `update(cpu, x)` for numbers of this type, on a record of its own."""
    worst = worst_of(scalar, is_max)

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
        update = updater(scalar, is_max)
        storage: PerCPU[Any] = PerCPU(update.body.record, index=index, segment=segment)
        storage.view()["value"] = worst_of(scalar, is_max)
        set_up(self, storage, {"update": update})

    @classmethod
    def _sequences(cls) -> Mapping[str, Compiled]:
        return {"update": updater(SCALARS["f64"], cls._is_max)}

    @property
    def value(self) -> Any:
        """The extreme of all updates, or None if there have been none: an int, or a float for a float type."""
        lanes = storage_of(self).view()
        values = lanes["value"]
        best = (values.max() if self._is_max else values.min()).item()
        scalar = storage_of(self).record.fields["value"].type
        assert isinstance(scalar, Scalar)
        is_known = best != worst_of(scalar, self._is_max) or bool(lanes["touched"].any())
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
