"""A stream: what an instrument's measurements become through one view, in all processes; and its cells.

    entry "Stream":        the meter, the name, the unit, the instrument's kind, the aggregation
    entry "Description":   what is said of it, for people; the newest one holds
    words, for all:        | is float | sets |      `sets`: how many sets of attributes there are

The stream's name in the directory is the family of its series and gauges. A stream of the same names that is counted in
another way, by another version of the program, is another stream.
"""

from __future__ import annotations

from collections.abc import Mapping
from logging import getLogger
from numbers import Integral
from typing import TYPE_CHECKING, Any

from rseq._metrics.blocks import Numbers, made, shown
from rseq._metrics.otel.attributes import cleaned, labels_of
from rseq._metrics.otel.cells import record_for
from rseq._metrics.otel.kept import DESCRIPTION, IS_FLOAT, SETS, STREAM, STREAM_BYTES
from rseq._percpu.atomic import compare_exchange
from rseq._percpu.shared.extents import Wanted
from rseq._percpu.shared.kinds import args_of
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.shared.segment import core_of

if TYPE_CHECKING:
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope

    from rseq._metrics.otel.cells import Record
    from rseq._metrics.otel.sdk import Plan
    from rseq._metrics.store import Store

OVERFLOW = {"otel.metric.overflow": True}
"""The attributes of what is measured when a stream has all the sets of attributes that it may have."""

_ORDERS = 4
"""How many orders of the same attributes are remembered, on the average."""

_MOST_TITLE = 200
_logger = getLogger("rseq.metrics.opentelemetry")

Attributes = Mapping[str, Any] | None


class Stream:
    """A stream, as this process has it. Threads: any. Processes: any; a forked child goes on with it."""

    def __init__(self, store: Store, scope: InstrumentationScope, kind: str, unit: str, plan: Plan) -> None:
        """Raises: MemoryError - no room. SegmentError - the segment is damaged."""
        self._segment, self._keys, self._limit = store.segment, plan.keys, plan.limit
        args = {
            "meter": scope.name,
            "version": scope.version,
            "schema_url": scope.schema_url,
            "of": dict(sorted(labels_of(scope.attributes or {}).items())),
            "name": plan.name,
            "unit": unit,
            "kind": kind,
            "aggregation": plan.aggregation,
            "bounds": list(plan.bounds),
            "size": plan.size,
            "scale": plan.scale,
        }
        wanted = [Wanted(STREAM_BYTES, is_plain=True)]
        self.name, (memory,) = made(store.segment, STREAM, _title(scope.name, plan.name), args, wanted)
        self._words = Numbers(memory)
        self.is_float = bool(self._words.words[IS_FLOAT])
        said = {"stream": self.name, "description": plan.description}
        made(store.segment, DESCRIPTION, shown("description", said), said, [Wanted(8, is_plain=True)])
        self._make = record_for(store, kind, plan.aggregation, plan.bounds)
        self._cells: dict[tuple[Any, ...], Record] = {}
        """By the items of attributes that are all texts, in the order in which they were given; or those and types."""
        self._known: dict[tuple[tuple[str, str], ...], Record] = {}

    def cell(self, attributes: Attributes) -> Record:
        """What takes measurements with these attributes."""
        try:
            items = tuple(attributes.items()) if attributes else ()
            record = self._cells.get(items)
            if record is None and attributes:  # for Python 1, True and 1.0 are the same
                record = self._cells.get((items, *map(type, attributes.values())))
        except (TypeError, AttributeError):  # values that have no hash; no mapping
            record = None
        return self._new(attributes) if record is None else record

    def _new(self, attributes: Attributes) -> Record:
        """What takes measurements with attributes that cannot be found in `_cells`."""
        if not attributes:
            return self._remember((), {})
        given: object = attributes
        if not isinstance(given, Mapping):
            _logger.warning("attributes: expected a mapping or None, got %r; it is left out", attributes)
            return self.cell(None)
        types = (*map(type, attributes.values()),)
        if not all(kind in _HASHED for kind in types):
            return self._cell(attributes)
        items = tuple(attributes.items())
        return self._remember(items if {*types} == {str} else (items, *types), attributes)

    def becomes_float(self, amount: object) -> None:
        """Have its numbers be exported as floats from now on, if `amount` is no whole number by its type."""
        if not isinstance(amount, Integral):
            self.is_float = True
            self._words.words[IS_FLOAT] = 1

    def _remember(self, key: tuple[Any, ...], attributes: Mapping[str, Any]) -> Record:
        record = self._cell(attributes)
        if len(self._cells) >= _ORDERS * self._limit:
            self._cells.clear()
        if record is not _nowhere:
            self._cells[key] = record
        return record

    def _cell(self, attributes: Mapping[str, Any]) -> Record:
        wanted = cleaned(attributes)
        if self._keys is not None:
            wanted = {name: value for name, value in wanted.items() if name in self._keys}
        try:
            return self._record(wanted)
        except (MemoryError, SegmentError) as error:  # instruments raise nothing: they are called in others' code
            _logger.error("%s of %s is not recorded: %s", wanted, self.name, error)
            return _nowhere

    def _record(self, attributes: Mapping[str, Any]) -> Record:
        """Raises: MemoryError, SegmentError."""
        labels = labels_of(attributes)
        key = tuple(sorted(labels.items()))
        record = self._known.get(key)
        if record is None:
            if attributes != OVERFLOW and not self._takes_place(labels):
                return self._record(OVERFLOW)
            record = self._known.setdefault(key, self._make(self.name, labels))
        return record

    def _takes_place(self, labels: Mapping[str, str]) -> bool:
        """Whether there is this set of attributes, or may be: a place is taken for it."""
        directory = core_of(self._segment).directory
        entry = directory.find(shown(self.name, labels))
        if entry is not None and args_of(entry).get("family") == self.name:
            return True
        while (sets := self._words.words[SETS]) < self._limit:
            if compare_exchange(self._words.address(SETS), sets, sets + 1):
                return True
        return False


_HASHED = frozenset((str, int, float, bool, bytes, type(None)))


def _nowhere(amount: float) -> None:
    """Where measurements go for which there is no room."""


def _title(meter: str, name: str) -> str:
    title = f"{meter}/{name}"
    return title if title.isprintable() and len(title.encode()) <= _MOST_TITLE else shown(title, {})
