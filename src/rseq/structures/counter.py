"""A counter for each CPU: adding takes a few instructions, no lock and no atomic; reading adds the CPUs up.

The total is exact: each `add` is applied once, whatever interrupts it. What `value` returns while
others add is a number of adds that lies between those that were complete when it began and those
that had begun when it returned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NoReturn, Protocol

from ..language.types import SCALARS, Scalar
from ..native.bind import defer_reference_count
from ..percpu.storage import PerCPU
from ..sequence import Sequence
from .cell import adder, sum_over_lanes

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Counter", "FloatCounter"]


class _AddInt(Protocol):
    def __call__(self, n: int = 1) -> None: ...


class _AddFloat(Protocol):
    def __call__(self, n: float = 1.0) -> None: ...


_ADD = "add(n=1)\n\nAdd `n` to this CPU's part. Any thread, any signal handler; it never waits."


class _PerCPUCounter:
    """What the counters share. `add` is a builtin function made for this very counter."""

    __slots__ = {"__weakref__": "", "add": _ADD, "storage": "The per-CPU storage, for your own sequences on it."}

    _type: Scalar

    def __init__(self, *, index: Literal["cpu_id", "mm_cid"] = "cpu_id") -> None:
        sequence = self.sequences()["add"]
        self.storage: PerCPU[Any] = PerCPU(sequence.body.record, index=index)
        self.add: Callable[..., None] = sequence.bind(self.storage, title=f"{type(self).__name__}.add")
        defer_reference_count(self)

    @classmethod
    def sequences(cls) -> dict[str, Sequence[Any, None]]:
        """The sequences that the hot methods are made of, by the method's name."""
        return {"add": adder(cls._type)}

    def per_cpu(self) -> npt.NDArray[Any]:
        """A copy of each CPU's part, by CPU number; the last one is the spare lane's."""
        values: npt.NDArray[Any] = self.storage.per_cpu()["value"]
        return values

    def __repr__(self) -> str:
        return f"<rseq.{type(self).__name__} {sum_over_lanes(self.storage).item()}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a private {type(self).__name__} cannot be pickled: its memory belongs to this process. "
            "Pass its value, or make a counter in each process and add the values up"
        )


class Counter(_PerCPUCounter):
    """An integer that any thread adds to. It wraps around at 64 bits, as the language's i64.

        hits = rseq.Counter()
        hits.add()
        hits.add(41)
        hits.value         # 42

    `index`: "cpu_id", or "mm_cid" for the kernel's compact numbers of running threads.
    Inside `@njit` functions, `add` is inlined. Keep `hits.add` in a local in a hot loop.
    Raises: RuntimeError - this machine's architecture has no code generator. OSError - the system refuses
    executable memory. `add` raises TypeError and OverflowError for what is no i64, and then adds nothing.
    Threads: any, registered or not; after a fork, parent and child count apart.
    """

    __slots__ = ()
    _type = SCALARS["i64"]

    if TYPE_CHECKING:
        add: _AddInt

    @property
    def value(self) -> int:
        """The sum over all CPUs."""
        return int(sum_over_lanes(self.storage))


class FloatCounter(_PerCPUCounter):
    """A float (f64) that any thread adds to; the sum's rounding depends on which CPUs added what.

    See `Counter` for the rest.
    """

    __slots__ = ()
    _type = SCALARS["f64"]

    if TYPE_CHECKING:
        add: _AddFloat

    @property
    def value(self) -> float:
        """The sum over all CPUs."""
        return float(sum_over_lanes(self.storage))
