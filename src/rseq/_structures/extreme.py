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

from rseq._builtins.form import Form
from rseq._quick import cache, partial
from rseq._structures.number import Single, as_name, worst_of
from rseq._structures.structure import Structure, not_set_up, routine_of, set_up, storage_for, storage_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar

    import numpy.typing as npt

    from rseq._arch.base import IndexMode
    from rseq._language.compiled import Compiled
    from rseq._percpu.lanes import Lanes
    from rseq._percpu.shared.segment import Segment


@cache
def extreme(type: str, is_max: bool) -> Form:
    """The form for numbers of that type."""
    return Form(f"{'max' if is_max else 'min'} {type}", partial(_parse, type, is_max))


def _parse(type: str, is_max: bool) -> Mapping[str, Compiled]:
    from rseq._language.types import SCALARS
    from rseq._structures.extreme_code import finder, updater

    return {"update": updater(SCALARS[type], is_max), "value": finder(SCALARS[type], is_max)}


class _Extreme(Single, Structure):
    """What `Max` and `Min` share."""

    __slots__ = ()
    _no_copy = "Pass its value, or make one in each process and compare them"
    _change = "update(x)"
    _is_max: ClassVar[bool]

    def __init__(
        self,
        dtype: object = "f64",
        *,
        index: IndexMode = "cpu_id",
        segment: Segment | str | None = None,
        name: str | None = None,
    ) -> None:
        type, is_max = as_name(dtype, "compare"), isinstance(self, Max)
        form, worst = extreme(type, is_max), worst_of(type, is_max)

        def begin(lanes: Lanes) -> None:
            lanes.write("value", worst)

        storage, _ = storage_for(self, form, segment, name, {"dtype": type}, index=index, begin=begin)
        set_up(self, storage, form, "value")

    @classmethod
    def _sequences(cls) -> Mapping[str, Compiled]:
        return extreme("f64", cls._is_max).parts

    @property
    def value(self) -> Any:
        """The extreme of all updates, or None if there have been none: an int, or a float for a float type."""
        return routine_of(self, "value")()

    def snapshot(self) -> Any:
        """`value`, under the name by which every structure says what it has seen up to now."""
        return routine_of(self, "value")()

    def merge(self, other: Any) -> None:
        """Take into account what another one of its kind, or a snapshot of one, has seen; None is nothing.

        Raises: TypeError, OverflowError - it is no number of the type, or a Min for a Max. Then nothing changes.
        """
        if isinstance(other, _Extreme):
            if other._is_max is not self._is_max:
                raise TypeError(f"merge() takes a {type(self).__name__}, or a snapshot of one; got {other!r}")
            other = other.value
        if other is not None:
            self.update(other)

    def update(self, x: float) -> None:
        raise not_set_up(self)

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
    NaN is ignored. Of equal numbers (0.0 and -0.0) the answer is any one. `segment` and `name`: see
    `Counter`.
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
