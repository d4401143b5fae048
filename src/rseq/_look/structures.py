"""What the structures in a segment say, to those who are no part of the program: a class for each kind.

Nothing is reopened: whoever makes an object of a structure may compile, gets a number in the table of threads, or asks
the kernel for barriers. Here words are read, at places that the entry names, and that were compared with what a
structure of that kind and size has.
"""

from __future__ import annotations

import ctypes
import json
import math
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

from rseq._integers import round_up, signed
from rseq._percpu.lanes import Fields, Lanes
from rseq._percpu.shared.kinds import digest_of
from rseq._percpu.shared.layout import SegmentError
from rseq._quick import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rseq._builtins.form import Form
    from rseq._percpu.segment import Place
    from rseq._percpu.shared.core import Core
    from rseq._percpu.shared.directory import Entry
    from rseq._structures.histogram.bounds import Layout
    from rseq._structures.keyed.log import Log

QUANTILES = (0.5, 0.9, 0.99)


class Summed(NamedTuple):
    """Numbers of the entry's first block that are to be added up over all lanes."""

    offset: int
    length: int
    type: str


class Structure:
    """A structure as it is found. `sums` are read for all structures at once, and handed to `value`."""

    sums: Sequence[Summed] = ()

    def __init__(self, core: Core, entry: Entry, args: dict[str, Any], layout: object) -> None:
        self.core, self.entry, self.args, self._layout = core, entry, args, layout

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        """What it says: numbers, texts, lists and dicts of them. Raises: SegmentError - it is damaged."""
        raise NotImplementedError

    def per_cpu(self) -> list[float]:
        """What each lane has, the spare one last; nothing if that does not say anything."""
        return []

    # ---- memory

    @cached_property
    def place(self) -> Place:
        """Where its first block is. Raises: SegmentError - nowhere."""
        if not self.entry.blocks:
            raise self.damaged("a block of memory is missing")
        return self.core.extents.place(self.entry.blocks[0])

    def lanes(self, fields: Fields, digest: int, count: int = 1) -> Lanes:
        """The records at its first block. Raises: SegmentError - there is something else, or not as much."""
        nbytes = round_up(count * fields.size, max(fields.alignment, 8))
        if not self.entry.blocks or self.entry.blocks[0].nbytes != nbytes:
            raise self.damaged(f"its memory is not of {nbytes} bytes")
        if self._layout != digest:
            raise SegmentError("it is laid out as another version of rseq does it")
        return Lanes(fields, self.place)

    def damaged(self, what: str) -> SegmentError:
        """What to raise."""
        return SegmentError(f"it is damaged: {what}")


class _OfForm(Structure):
    """One whose memory has the form of that structure."""

    def __init__(self, core: Core, entry: Entry, args: dict[str, Any], layout: object) -> None:
        super().__init__(core, entry, args, layout)
        self.fields, digest = _form_of(self.form())
        self.words = self.lanes(self.fields, digest, self.count())

    def form(self) -> Form:
        """Its form."""
        raise NotImplementedError

    def count(self) -> int:
        """How many records each lane has."""
        return 1


@cache
def _form_of(form: Form) -> tuple[Fields, int]:
    """How the record of a form lies in memory, and the digest of that."""
    fields = form.fields
    return fields, digest_of(fields[1:])


# ---- numbers


class Counter(_OfForm):
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


class CounterArray(_OfForm):
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


class KeyedCounter(_OfForm):
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


class _Extreme(_OfForm):
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


class Histogram(_OfForm):
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


# ---- what is held, and what waits


class RingBuffer(_OfForm):
    """Records that wait."""

    def form(self) -> Form:
        self.kind = ring_kind(self.args)
        form: Form = self.kind.form
        return form

    @property
    def common(self) -> Place:
        """What it has beside its lanes. Raises: SegmentError - damaged."""
        from rseq._structures.ring.common import COMMON

        _, *more = self.entry.blocks
        if [block.nbytes for block in more] != [COMMON.nbytes]:
            raise SegmentError(f"ring {self.entry.name!r} is damaged: it has other blocks of memory than a ring has")
        return self.core.extents.place(more[0])

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        from rseq._structures.ring.records import Records

        records = Records(self.kind, self.words, None)
        lanes = records.lanes()
        filled = [records.filled(lane) for lane in lanes]
        return {
            "written": sum(map(records.written, lanes)),
            "filled": sum(filled),
            "lost": records.lost(),
            "capacity": self.kind.capacity,
            "of": "bytes" if self.kind.dtype is None else "records",
            "mode": self.kind.mode,
            "by_cpu": filled,
        }

    def per_cpu(self) -> list[float]:
        return [*self.value(())["by_cpu"]]


def ring_kind(args: dict[str, Any]) -> Any:
    """What kind of ring was made with these arguments. Raises: TypeError, ValueError, KeyError - none."""
    from rseq._structures.ring.buffer import kind_for
    from rseq._structures.ring.kind import dtype_of

    return kind_for(args["capacity"], args["mode"], args["clock"], dtype_of(args["dtype"]))


class Stack(_OfForm):
    """Items on stacks."""

    def form(self) -> Form:
        from rseq._structures.stack import stack

        return stack(1 << (self.args["capacity"] - 1).bit_length())

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        counts = self.words.read("count")
        return {"items": sum(counts), "capacity": self.args["capacity"], "by_cpu": counts}

    def per_cpu(self) -> list[float]:
        return self.words.read("count")


class Collector(_OfForm):
    """Numbers that were appended."""

    def form(self) -> Form:
        from rseq._structures.collector import collector

        return collector(self.args["dtype"], 1 << (self.args["capacity"] - 1).bit_length())

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        counts = self.words.read("count")
        refused = sum(self.words.read("refused"))
        return {"numbers": sum(counts), "capacity": self.args["capacity"], "refused": refused, "by_cpu": counts}

    def per_cpu(self) -> list[float]:
        return self.words.read("count")


class Pool(_OfForm):
    """Buffers that are held."""

    def form(self) -> Form:
        from rseq._structures.pool.items import items
        from rseq._structures.pool.states import shift_for

        return items(shift_for(self.args["count"], self.core.header.lanes + 1))

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        from rseq._structures.pool.states import rows_by_owner

        count = self.args["count"]
        states = [state for lane in self.words.arrays("states") for state in lane][:count]
        held = {owner: len(rows) for owner, rows in rows_by_owner(states).items()}
        free = count - sum(held.values())
        return {"free": free, "count": count, "item_size": self.args["item_size"], "held_by": held}


class SpinLock(_OfForm):
    """A lock for each CPU."""

    def form(self) -> Form:
        from rseq._structures.lock import LOCK

        return LOCK

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        owners = self.words.read("owner")
        return {"holders": {cpu: self._said(owner) for cpu, owner in enumerate(owners) if owner}}

    def _said(self, owner: int) -> str:
        from rseq._percpu.threads import LEFT_BEHIND, table_of

        table = table_of(self.place.lock)
        name = table.describe(owner & ~LEFT_BEHIND)
        return f"{name}, which has ended" if table.has_ended(owner) and "has ended" not in name else name


class RCU(_OfForm):
    """Readers."""

    def form(self) -> Form:
        from rseq._structures.rcu.grace import READERS

        return READERS

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        ended = self._all("ended")  # first: whoever has ended, has begun
        return {"readers": signed(self._all("begun") - ended)}

    def _all(self, name: str) -> int:
        return sum(sum(self.words.read(name, phase)) for phase in (0, 1))


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
    **{one.__name__: one for one in (KeyedCounter, Collector, Stack, Pool, SpinLock, RCU)},
    "percpu": PerCPU,
    "array": Rows,
}
"""By what entries call them."""
