"""What prometheus_client's metrics in a segment say; prometheus_client itself is not needed for that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rseq import _quick_ctypes as ctypes
from rseq._look.base import Structure, Summed
from rseq._metrics import exemplars, gauges, reading, series, states
from rseq._metrics.blocks import Numbers
from rseq._percpu.memory import Memory

if TYPE_CHECKING:
    from rseq._percpu.shared.core import Core
    from rseq._percpu.shared.directory import Entry

OTEL_HELPERS = ("Stream", "Description", "Resource", "Export", "Exported")
"""Those of OpenTelemetry's metrics (_metrics/otel): what is said of streams, and what has been exported."""

HELPERS = (reading.FAMILY, exemplars.KIND, gauges.MORE, gauges.GONE, *OTEL_HELPERS)
"""Entries that belong to others, which say what there is to say."""


class _Metric(Structure):
    """What has words that are not per CPU in one of its blocks."""

    def plain(self, number: int, nbytes: int) -> Numbers:
        """A block that is not per CPU. Raises: SegmentError - there is none of that size."""
        blocks = self.entry.blocks
        if number >= len(blocks) or blocks[number].nbytes != nbytes or not self.core.extents.is_plain(blocks[number]):
            raise self.damaged(f"its memory is not of {nbytes} bytes")
        place, owner = self.core.place(blocks[number])
        return Numbers(Memory(place, nbytes, owner))


class Series(_Metric):
    """A set of labels of a counter, histogram or summary."""

    def __init__(self, core: Core, entry: Entry, args: dict[str, Any], layout: object) -> None:
        super().__init__(core, entry, args, layout)
        count = series.numbers(args["type"], len(args.get("bounds", ())))
        self.about = self.plain(1, 8 * (series.BASES + count))
        front = 8 * series.front(args["type"])
        if entry.blocks[0].nbytes != front + 8 * count or core.extents.is_plain(entry.blocks[0]):
            raise self.damaged(f"it has no {count} numbers")
        self.sums = (Summed(front, count, "f64"),)

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        about, found = self.about.floats, sums[0]
        numbers = [total - about[series.BASES + number] for number, total in enumerate(found)]
        if about[series.STATE] and not any(numbers):
            return {"removed": True}
        return self._said(numbers)

    def per_cpu(self) -> list[float]:
        """What each lane has of the total; nothing if the series began anew, as no lane knows what was there before."""
        if any(self.about.floats[series.BASES :]):
            return []
        (wanted,) = self.sums
        addresses = (address + wanted.offset for address in self.place.addresses())
        lanes = (self._said([*(ctypes.c_double * wanted.length).from_address(address)]) for address in addresses)
        return [said["total"] for said in lanes if "total" in said]

    def _said(self, numbers: list[float]) -> dict[str, Any]:
        type = self.args["type"]
        if type in ("counter", "otel sum"):
            return {"total": numbers[0]}
        if type == "summary":
            return {"total": numbers[0], "sum": numbers[1]}
        if type == "otel exponential":
            return {"sum": numbers[0], "zeros": numbers[1]}
        if type == "otel window":
            return {"total": sum(numbers)}
        counts = dict(zip(self.args["bounds"], numbers[1:], strict=True))
        return {"total": sum(counts.values()), "sum": numbers[0], "counts": counts}


class Gauge(_Metric):
    """A gauge with its labels: what its first sixteen processes say."""

    def __init__(self, core: Core, entry: Entry, args: dict[str, Any], layout: object) -> None:
        super().__init__(core, entry, args, layout)
        if args["mode"] not in gauges.MODES:
            raise self.damaged(f"there is no mode {args['mode']!r}")
        self.lines = gauges.Lines(core, args["mode"])
        self.lines.blocks[0] = self.plain(0, gauges.BLOCK_BYTES)

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        values = list(self.lines.samples(self.core.lives))
        by_process = {pid: value for pid, value in values if pid is not None}
        if by_process:
            return {"by_process": by_process}
        return {"value": values[0][1]} if values else {"removed": True}

    def by_process(self) -> list[tuple[int, float, bool]]:
        """The number of each process, what it has said, and whether it lives."""
        return self.lines.by_process(self.core.lives)


class Enum(_Metric):
    """The state of an Enum."""

    def __init__(self, core: Core, entry: Entry, args: dict[str, Any], layout: object) -> None:
        super().__init__(core, entry, args, layout)
        self.word = self.plain(0, 8).words

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        now = self.word[0]
        return {"value": self.args["states"][now - 1]} if now else {"removed": True}


class Info(Enum):
    """A value that an Info has or had."""

    def value(self, sums: Sequence[list[Any]]) -> dict[str, Any]:
        said = self.word[0]
        return {"value": self.args["value"], "said_ns": said} if said else {"removed": True}


CLASSES = {series.KIND: Series, gauges.KIND: Gauge, states.ENUM: Enum, states.INFO: Info}
"""By what entries call them."""
