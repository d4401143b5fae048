"""What the structures in a segment say, to those who are no part of the program: a class for each kind.

Nothing is reopened: whoever makes an object of a structure may compile, gets a number in the table of threads, or asks
the kernel for barriers. Here words are read, at places that the entry names, and that were compared with what a
structure of that kind and size has.
"""

from __future__ import annotations

import json
import math
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from rseq import _quick_ctypes as ctypes
from rseq._integers import signed
from rseq._look.base import OfForm, Structure, Summed
from rseq._look.held import RCU, Collector, Pool, RingBuffer, SpinLock, Stack, TokenBucket
from rseq._percpu.shared.kinds import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rseq._builtins.form import Form
    from rseq._percpu.shared.core import Core
    from rseq._percpu.shared.directory import Entry
    from rseq._structures.histogram.bounds import Layout
    from rseq._structures.keyed.log import Log

QUANTILES = (0.5, 0.9, 0.99)


# ---- numbers


class Counter(OfForm):
    """An integer."""

    type: ClassVar[str] = "i64"
    sums = (Summed(0, 1, "i64"),)

    def form(self) -> Form:
        from rseq._structures.cell import cell

        return cell(self.type)

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        return {"value": sums[0][0]}

    def per_cpu(self) -> list[float]:
        return self.words.read("value")


class FloatCounter(Counter):
    """A float."""

    type = "f64"
    sums = (Summed(0, 1, "f64"),)


class CounterArray(OfForm):
    """Integers or floats, side by side."""

    def form(self) -> Form:
        from rseq._structures.cell import cells

        return cells(self.args["dtype"])

    def count(self) -> int:
        return math.prod(self.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        shape = tuple(self.args["shape"])
        if not all(type(length) is int and length > 0 for length in shape):
            raise self.damaged(f"its shape is {shape}")
        return shape

    @property
    def sums(self) -> Sequence[Summed]:  # type: ignore[override]
        from rseq._percpu.sums import SUMMED

        type = self.args["dtype"]
        return (Summed(0, self.count(), type),) if type in SUMMED else ()

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        numbers = sums[0] if sums else self._slowly()
        return {"sum": sum(numbers), "values": nested(numbers, self.shape)}

    def _slowly(self) -> list[Any]:
        """The sums of numbers that are no words; each is one of its type."""
        type: str = self.args["dtype"]
        columns = zip(*self.words.arrays("value", self.count()), strict=True)
        if type.startswith("f"):
            return [*map(sum, columns)]
        bits = int(type[1:])
        return [signed(sum(one), bits) if type.startswith("i") else sum(one) % (1 << bits) for one in columns]

    def per_cpu(self) -> list[float]:
        return [sum(numbers) for numbers in self.words.arrays("value", self.count())]


class KeyedCounter(OfForm):
    """Counts by key."""

    def __init__(self, core: Core, entry: Entry, args: dict[str, Any], layout: object) -> None:
        super().__init__(core, entry, args, layout)
        self._keys: list[str] = []
        """Those that were read; there will never be others in their places."""

    def form(self) -> Form:
        from rseq._structures.keyed.counter import keyed

        return keyed()

    def count(self) -> int:
        capacity: int = self.args["capacity"]
        return capacity + 1

    @property
    def sums(self) -> Sequence[Summed]:  # type: ignore[override]
        return (Summed(0, self.count(), "i64"),)

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        overflow, *counts = sums[0]
        counts = counts[: len(self._known_keys())]
        return {
            "total": overflow + sum(counts),
            "overflow": overflow,
            "capacity": self.args["capacity"],
            "counts": [*map(list, zip(self._keys, counts, strict=True))],
        }

    def _known_keys(self) -> list[str]:
        log = self._log
        for number in range(len(self._keys), len(log)):
            self._keys.append(repr(log.read(number)))
        return self._keys

    @cached_property
    def _log(self) -> Log:
        from rseq._structures.keyed.log import Log, log_bytes

        capacity, key_bytes = self.args["capacity"], self.args["key_bytes"]
        _, *more = self.entry.blocks
        if [block.nbytes for block in more] != [log_bytes(capacity, key_bytes)]:
            raise self.damaged("it has other blocks of memory than a KeyedCounter has")
        place = self.core.extents.place(more[0])
        whole = (ctypes.c_ubyte * more[0].nbytes).from_address(place.addresses()[-1])
        return Log(memoryview(whole).cast("B"), capacity, repr(self.entry.name))

    def per_cpu(self) -> list[float]:
        return [sum(numbers) for numbers in self.words.arrays("value", self.count())]


def nested(numbers: list[Any], shape: Sequence[int]) -> Any:
    """An array of that shape as lists of lists; of shape (): the number."""
    if not shape:
        return numbers[0]
    for length in reversed(shape[1:]):
        numbers = [numbers[at : at + length] for at in range(0, len(numbers), length)]
    return numbers


class _Extreme(OfForm):
    is_max: ClassVar[bool]

    def form(self) -> Form:
        from rseq._structures.extreme import extreme

        return extreme(self.args["dtype"], self.is_max)

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        from rseq._structures.number import worst_of

        best = (max if self.is_max else min)(self.words.read("value"))
        is_known = best != worst_of(self.args["dtype"], self.is_max) or any(self.words.read("touched"))
        return {"value": best if is_known else None}


class Max(_Extreme):
    """The largest number."""

    is_max = True


class Min(_Extreme):
    """The smallest number."""

    is_max = False


class Histogram(OfForm):
    """Counts by bucket."""

    def form(self) -> Form:
        return self.layout.form

    @property
    def layout(self) -> Layout:
        """Its bounds."""
        return _bounds_of(self.entry.spec)

    @property
    def sums(self) -> Sequence[Summed]:  # type: ignore[override]
        places = self.fields.places
        total, nans, counts = (places[name][0] for name in ("sum", "nans", "counts"))
        wanted = len(self.layout.bounds) + 1
        return Summed(total, 1, "f64"), Summed(nans, 1, "i64"), Summed(counts, wanted, "i64")

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        total, nans, counts = sums
        return {
            "count": sum(counts),
            "sum": total[0],
            "nans": nans[0],
            "quantiles": {f"{q:g}": self.quantile(counts, q) for q in QUANTILES},
            "bounds": list(self.layout.bounds),
            "counts": counts,
        }

    def quantile(self, counts: list[int], q: float) -> float | None:
        """The estimate from such counts."""
        from rseq._structures.histogram.quantiles import quantile_of

        return quantile_of(self.layout, counts, q)

    def per_cpu(self) -> list[float]:
        return [sum(numbers) for numbers in self.words.arrays("counts", len(self.layout.bounds) + 1)]


@lru_cache(1024)
def _bounds_of(spec: str) -> Layout:
    from rseq._structures.histogram.bounds import log_linear_layout, sorted_layout

    args = json.loads(spec)["args"]
    return sorted_layout(args["bounds"]) if "bounds" in args else log_linear_layout(**args)


# ---- records of the user's


class PerCPU(Structure):
    """A record in each lane, or an array of them."""

    def __init__(self, core: Core, entry: Entry, args: dict[str, Any], layout: object) -> None:
        super().__init__(core, entry, args, layout)
        from rseq._look.records import layout_of

        record = layout_of(str(args["record"]), args["fields"])
        self.fields, self.length = record.fields, math.prod(args.get("shape") or ())
        self.shape = tuple(args.get("shape") or ())
        self.lanes(self.fields, digest_of(record.hashed), self.length)

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        return {
            "record": self.args["record"],
            "fields": self.args["fields"],
            "shape": list(self.shape),
            "per_cpu": [[*self._rows(address)] for address in self.place.addresses()],
        }

    def _rows(self, address: int) -> Iterator[dict[str, Any]]:
        from rseq._look.records import rows_at

        return rows_at(self.fields, address, self.length)


class Rows(Structure):
    """Records that are not per CPU."""

    def __init__(self, core: Core, entry: Entry, args: dict[str, Any], layout: object) -> None:
        super().__init__(core, entry, args, layout)
        from rseq._look.records import layout_of

        record = layout_of(str(args["record"]), args["fields"])
        self.fields, self.length = record.fields, args["n"]
        self.lanes(self.fields, digest_of(record.hashed), self.length)

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        from rseq._look.records import rows_at

        rows = [*rows_at(self.fields, self.place.base, self.length)]
        return {"record": self.args["record"], "fields": self.args["fields"], "rows": rows}


CLASSES: dict[str, Callable[[Core, Entry, dict[str, Any], object], Structure]] = {
    **{one.__name__: one for one in (Counter, FloatCounter, CounterArray, Max, Min, Histogram, RingBuffer)},
    **{one.__name__: one for one in (KeyedCounter, Collector, Stack, TokenBucket, Pool, SpinLock, RCU)},
    "percpu": PerCPU,
    "array": Rows,
}
"""By what entries call them."""
