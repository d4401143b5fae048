"""All streams in a segment, of whatever process, and their numbers. It needs no SDK."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from rseq._metrics.blocks import Numbers
from rseq._metrics.otel import kept
from rseq._metrics.otel.kept import EXPONENTIAL, HISTOGRAM, LAST, SUM
from rseq._metrics.reading import Reader
from rseq._percpu.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from rseq._percpu.shared.core import Core
    from rseq._percpu.shared.directory import Entry

_AGGREGATIONS = (SUM, LAST, HISTOGRAM, EXPONENTIAL)
_TYPES = {
    SUM: (kept.SUM_TYPE,),
    LAST: (),
    HISTOGRAM: (kept.HISTOGRAM_TYPE,),
    EXPONENTIAL: (kept.EXPONENTIAL_TYPE, kept.WINDOW_TYPE),
}


class Found(NamedTuple):
    """A stream that is in the segment."""

    name: str
    """That of its entry, and the family of its series."""
    args: Mapping[str, Any]
    """What its entry says: see streams.py."""
    made_ns: int
    words: Numbers

    @property
    def is_float(self) -> bool:
        """Whether its numbers are floats."""
        return bool(self.words.words[kept.IS_FLOAT])


class Reading(NamedTuple):
    """What a series or a gauge of a stream says."""

    name: str
    """That of the structure."""
    labels: Mapping[str, str]
    numbers: list[float]
    since_ns: int
    """Since when it has been counted."""
    window: int | None = None
    """Which window of an exponential histogram's buckets; None: what is about all of it."""


class Readings:
    """What is in the segment. Threads: any, one after the other. After a fork, make another one."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._streams: dict[str, Found] = {}
        self._descriptions: dict[str, str] = {}
        others: dict[str, Callable[[Entry, dict[str, Any]], None]]
        others = {kept.STREAM: self._take_stream, kept.DESCRIPTION: self._take_description}
        self.reader = Reader(core, others)
        """Of all else that is there, too."""

    def streams(self) -> list[Found]:
        """All of them, in the order in which they were made. Raises: SegmentError - damaged. MemoryError."""
        self.reader.look()
        return list(self._streams.values())

    def description(self, stream: Found) -> str:
        """What is said of a stream."""
        return self._descriptions.get(stream.name, "")

    def of(self, stream: Found) -> Iterator[Reading]:
        """Its numbers now. Raises: SegmentError - damaged. MemoryError."""
        for type in _TYPES[stream.args["aggregation"]]:
            for row, numbers, made in self.reader.family(type, stream.name).numbers():
                window = int(row.bounds[0]) if type == kept.WINDOW_TYPE else None
                yield Reading(row.name, row.labels, numbers, round(made * 1e9), window)
        for name, (labels, lines) in list(self.reader.family("gauge", stream.name).gauges.items()):
            values = [value for _, value in lines.samples(self.reader.lives)]
            if not values and lines.mode == kept.UP_AND_DOWN:  # those that have added are gone
                values = [0.0]
            yield from (Reading(name, labels, [value], stream.made_ns) for value in values)

    def _take_stream(self, entry: Entry, args: dict[str, Any]) -> None:
        block = entry.blocks[0]
        place, owner = self._core.place(block)
        is_known = args["kind"] in kept.KINDS and args["aggregation"] in _AGGREGATIONS
        if not is_known or block.nbytes < kept.STREAM_BYTES or not self._core.extents.is_plain(block):
            raise ValueError("it is no stream")
        texts = args["meter"], args["name"], args["unit"], *args["of"].values()
        if not all(isinstance(text, str) for text in texts):
            raise TypeError("expected texts")
        args["bounds"] = [float(bound) for bound in args["bounds"]]
        args["size"], args["scale"] = int(args["size"]), int(args["scale"])
        self._streams[entry.name] = Found(entry.name, args, entry.made_ns, Numbers(Memory(place, block.nbytes, owner)))

    def _take_description(self, entry: Entry, args: dict[str, Any]) -> None:
        self._descriptions[str(args["stream"])] = str(args["description"])
