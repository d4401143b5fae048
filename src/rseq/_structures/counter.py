"""A counter for each CPU: adding takes a few instructions, no lock and no atomic; reading adds the CPUs up.

The total is exact: each `add` is applied once, whatever interrupts it. What `value` returns while
others add is a number of adds that lies between those that were complete when it began and those
that had begun when it returned.
"""

from __future__ import annotations

from rseq._structures.cell import cell
from rseq._structures.number import Single
from rseq._structures.structure import Structure, not_set_up, routine_of, set_up, storage_for, storage_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar, Never

    import numpy.typing as npt

    from rseq._arch.base import IndexMode
    from rseq._language.compiled import Compiled
    from rseq._percpu.shared.segment import Segment


_GROWS = "add to it, as in counter.add(n), or subtract what it was before, as in counter.value - before"


def _begin(counter: Structure, type: str, index: IndexMode, segment: Segment | str | None, name: str | None) -> None:
    form = cell(type)
    storage, _ = storage_for(counter, form, segment, name, {}, index=index)
    set_up(counter, storage, form, "value")


class _PerCPUCounter(Single, Structure):
    """What the counters share."""

    __slots__ = ()
    _no_copy = "Pass its value, or make one in each process and add them up"
    _type: ClassVar[str]

    @classmethod
    def _sequences(cls) -> Mapping[str, Compiled]:
        return cell(cls._type).parts

    def snapshot(self) -> Any:
        """`value`, under the name by which every structure says what it has counted up to now: a plain number."""
        return routine_of(self, "value")()

    def __int__(self) -> int:
        return int(routine_of(self, "value")())

    def __float__(self) -> float:
        return float(routine_of(self, "value")())

    def per_cpu(self) -> npt.NDArray[Any]:
        """A copy of each CPU's part, by CPU number; the last one is the spare lane's."""
        values: npt.NDArray[Any] = storage_of(self).per_cpu()["value"]
        return values

    def __repr__(self) -> str:
        return f"<rseq.{type(self).__name__} {routine_of(self, 'value')()}>"


class Counter(_PerCPUCounter, hot=("add",)):
    """An integer that any thread adds to. It wraps around at 64 bits, as the language's i64.

        hits = rseq.Counter()
        hits.add()
        hits.add(41)
        hits.value         # 42

    `index`: "cpu_id", or "mm_cid" for the kernel's compact numbers of running threads. `segment`: where processes share
    it, an `rseq.Segment` or its name, and find it by `name`.
    Inside `@njit` functions, `add` is inlined. Keep `hits.add` in a local in a hot loop.
    Raises: RuntimeError - this machine's architecture has no code generator. OSError - the system refuses
    executable memory. `add` raises TypeError and OverflowError for what is no i64, and then adds nothing.
    Threads: any, registered or not; after a fork, parent and child count apart, in a segment together.
    """

    __slots__ = ()
    _type = "i64"

    def __init__(
        self, *, index: IndexMode = "cpu_id", segment: Segment | str | None = None, name: str | None = None
    ) -> None:
        _begin(self, "i64", index, segment, name)

    def add(self, n: int = 1) -> None:
        """Add `n` to this CPU's part. Any thread, any signal handler; it never waits.

        Raises: TypeError, OverflowError - `n` is no i64; then nothing is added.
        """
        raise not_set_up(self)

    def merge(self, other: Counter | int) -> None:
        """Add what another counter, or a snapshot of one, has counted. Both may go on counting meanwhile.

        Raises: TypeError, OverflowError - it is none, or no i64. Then nothing is added.
        """
        self.add(other.value if isinstance(other, Counter) else other)

    @property
    def value(self) -> int:
        """The sum over all CPUs."""
        total: int = routine_of(self, "value")()
        return total

    @value.setter
    def value(self, value: Never) -> None:
        raise AttributeError(f"the value of a {type(self).__name__} is a sum over all CPUs and is not set: {_GROWS}")


class FloatCounter(_PerCPUCounter, hot=("add",)):
    """A float (f64) that any thread adds to; the sum's rounding depends on which CPUs added what.

    See `Counter` for the rest.
    """

    __slots__ = ()
    _type = "f64"

    def __init__(
        self, *, index: IndexMode = "cpu_id", segment: Segment | str | None = None, name: str | None = None
    ) -> None:
        _begin(self, "f64", index, segment, name)

    def add(self, n: float = 1.0) -> None:
        """Add `n` to this CPU's part. Any thread, any signal handler; it never waits.

        Raises: TypeError - `n` is no float; then nothing is added.
        """
        raise not_set_up(self)

    def merge(self, other: Counter | FloatCounter | float) -> None:
        """Add what another counter, or a snapshot of one, has counted. Both may go on counting meanwhile.

        Raises: TypeError - it is none. Then nothing is added.
        """
        self.add(other.value if isinstance(other, (Counter, FloatCounter)) else other)

    @property
    def value(self) -> float:
        """The sum over all CPUs."""
        total: float = routine_of(self, "value")()
        return total

    @value.setter
    def value(self, value: Never) -> None:
        raise AttributeError(f"the value of a {type(self).__name__} is a sum over all CPUs and is not set: {_GROWS}")
