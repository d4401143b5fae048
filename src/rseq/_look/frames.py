"""A segment that is looked at again and again: what changes from one look to the next, as rows of a table."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from rseq._look.buckets import buckets_in, buckets_of, estimates, since
from rseq._look.chosen import opened
from rseq._look.lines import line_of, measure_of, most_of, owner_name
from rseq._look.reading import Found, Reading, found_in, is_still_at, read
from rseq._look.saying import age, count_of, number, plain, short
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.shared.segment import core_of
from rseq._quick import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rseq._percpu.shared.core import Core
    from rseq._percpu.shared.files import Place

COLUMNS = ("name", "kind", "total", "per s", "CPUs", "state")
SORTS = ("made", "name", "kind", "total", "rate")
_BARS = "▁▂▃▄▅▆▇█"
BAR_WIDTH = 8


class Row(NamedTuple):
    """A structure in the table."""

    reading: Reading
    total: float | None
    """What it has counted so far; None if it counts nothing."""
    rate: float | None
    """How much of that each second; None before the second look."""
    state: str
    """The rest, in one line or two."""

    @property
    def height(self) -> int:
        """How many lines it takes."""
        return self.state.count("\n") + 1


class Watch:
    """The segment at a place. If another one begins there, that is looked at from then on."""

    def __init__(self, place: Place) -> None:
        """Raises: ClickException - it cannot be looked at."""
        self.place = place
        self._core: Core = core_of(opened(place))
        self._found: list[Found] = []
        self._entries = 0
        """How many the directory had when they were found."""
        self._seen_s = 0.0
        self._before: dict[str, Reading] = {}
        self._bars: dict[str, tuple[list[float], list[float]]] = {}
        self.rows: list[Row] = []
        self.note = ""
        """What the last look met, in words."""

    def look(self, now_s: float) -> None:
        """Read everything; `now_s` is the moment, of a clock that is not set back. What is wrong is in `note`."""
        try:
            if not is_still_at(self._core, self.place.path):
                self._begin_anew()
            self._read(now_s)
        except click.ClickException as error:
            self.note = error.message
        except (SegmentError, MemoryError, OSError) as error:
            self.note = str(error)

    def _begin_anew(self) -> None:
        self._core = core_of(opened(self.place))
        self._found, self._entries, self._before, self._bars = [], 0, {}, {}

    def _read(self, now_s: float) -> None:
        core, self.note = self._core, ""
        if (entries := len(core.directory)) != self._entries:
            self._found, self._entries = found_in(core), entries
        passed_s = now_s - self._seen_s
        readings = read(self._found)
        self.rows = [_row(one, self._before.get(one.name), passed_s) for one in readings]
        self._before, self._seen_s = {one.name: one for one in readings}, now_s
        self._bars = {name: (now, now) for name, (_, now) in self._bars.items()}

    def heading(self) -> str:
        """What is said above the table."""
        if self.note:
            return self.note
        header, users = self._core.header, self._core.processes()
        since = age(time.time() - header.made_ns / 1e9)
        return (
            f"{count_of(len(users), 'process', 'processes')}, "
            f"{count_of(len(self._found), 'structure', 'structures')}, {since} old"
        )

    def bar(self, row: Row) -> str:
        """What each CPU had of that since the last look, or has now of what it holds."""
        structure = row.reading.structure
        if row.reading.problem or structure is None:
            return ""
        try:
            now = structure.per_cpu()
        except (SegmentError, MemoryError):
            return ""
        if row.reading.kind in _HELD:
            return bar(now)
        before, _ = self._bars.get(row.reading.name, ([0.0] * len(now), now))
        self._bars[row.reading.name] = before, now
        return bar([one - other for one, other in zip(now, before, strict=True)])


_HELD = ("RingBuffer", "Stack")
"""What can become less again."""


def bar(values: Sequence[float]) -> str:
    """Numbers as heights, the largest as high as can be; of neighbours that have no room of their own, the sum.

    NaN is nothing; beside what is infinite all else is low.
    """
    if not any(value > 0 for value in values):
        return ""
    together = -(-len(values) // BAR_WIDTH)
    heights = [sum(values[at : at + together]) for at in range(0, len(values), together)]
    most = max((one for one in heights if one > 0), default=0.0)
    return "".join(_BARS[min(int(8 * one / most), 7) if one < most else 7] if one > 0 else "·" for one in heights)


# ---- rows


def _row(reading: Reading, before: Reading | None, passed_s: float) -> Row:
    if reading.problem:
        return Row(reading, None, None, plain(reading.problem))
    known = before is not None and not before.problem and passed_s > 0
    old = before.value if before is not None and known else None
    total = total_of(reading.kind, reading.value)
    rate = None
    if total is not None and old is not None:
        rate = (total - (total_of(reading.kind, old) or 0)) / passed_s
    say = _STATES.get(reading.kind)
    return Row(reading, total, rate, say(reading, old, passed_s) if say is not None else "")


_TOTALS = {
    "Counter": "value",
    "FloatCounter": "value",
    "CounterArray": "sum",
    "KeyedCounter": "total",
    "Histogram": "count",
    "RingBuffer": "written",
    "Collector": "numbers",
    "Series": "total",
}
"""What counts up, by kind."""


def total_of(kind: str, value: dict[str, Any]) -> float | None:
    """What a structure of that kind has counted; None if it counts nothing."""
    name = _TOTALS.get(kind)
    return None if name is None else value.get(name)


def _value(reading: Reading, before: dict[str, Any] | None, passed_s: float) -> str:
    return number(reading.value["value"])


def _histogram(reading: Reading, before: dict[str, Any] | None, passed_s: float) -> str:
    found = buckets_of(reading)
    if found is None:
        return ""
    lines = [("all", found.counts)]
    old = None if before is None else buckets_in(reading.kind, before)
    if old is not None:
        lines.insert(0, ("now", since(old.counts, found.counts)))
    measure = measure_of(reading)
    columns = [[name, *map(measure, estimates(reading, counts))] for name, counts in lines]
    widths = [max(5, *map(len, column)) for column in zip(*(row[1:] for row in columns), strict=True)]
    return "\n".join(" ".join([name, *map(str.rjust, rest, widths)]) for name, *rest in columns)


def _series(reading: Reading, before: dict[str, Any] | None, passed_s: float) -> str:
    value = reading.value
    if "counts" in value:
        return _histogram(reading, before, passed_s)
    if value.get("total") and "sum" in value:
        return f"mean {measure_of(reading)(value['sum'] / value['total'])}"
    return "" if "total" in value else line_of(reading)


def _said(reading: Reading, before: dict[str, Any] | None, passed_s: float) -> str:
    by_process = [f"process {pid}: {number(one)}" for pid, one in reading.value.get("by_process", {}).items()]
    return "\n".join(by_process[:2]) + (" …" if len(by_process) > 2 else "") if by_process else line_of(reading)


def _keyed(reading: Reading, before: dict[str, Any] | None, passed_s: float) -> str:
    counts = reading.value["counts"]
    if before is not None:
        known = dict(map(tuple, before["counts"]))
        counts = [(key, count - known.get(key, 0)) for key, count in counts]
    overflow = f"{reading.value['overflow']:,} in overflow" if reading.value["overflow"] else ""
    moved = [pair for pair in counts if pair[1]]
    return "\n".join(part for part in (most_of(moved, 2), overflow) if part)


def _ring(reading: Reading, before: dict[str, Any] | None, passed_s: float) -> str:
    value = reading.value
    share = max(value["by_cpu"]) / max(value["capacity"], 1)
    lost = "" if before is None else f", {short((value['lost'] - before['lost']) / passed_s)}/s"
    return f"{100 * share:.0f}% full, lost {short(value['lost'])}{lost}"


def _stack(reading: Reading, before: dict[str, Any] | None, passed_s: float) -> str:
    return count_of(reading.value["items"], "item", "items")


def _bucket(reading: Reading, before: dict[str, Any] | None, passed_s: float) -> str:
    return f"{reading.value['available']:,} of {reading.value['burst']:,} left"


def _pool(reading: Reading, before: dict[str, Any] | None, passed_s: float) -> str:
    value = reading.value
    most = max(value["held_by"].items(), key=lambda item: item[1], default=None)
    by = f", most by {owner_name(most[0])}" if most else ""
    return f"{value['free']:,} of {value['count']:,} free{by}"


def _lock(reading: Reading, before: dict[str, Any] | None, passed_s: float) -> str:
    holders = [f"CPU {cpu}: {plain(holder)}" for cpu, holder in reading.value["holders"].items()]
    return "free" if not holders else "\n".join(holders[:2]) + (" …" if len(holders) > 2 else "")


def _rcu(reading: Reading, before: dict[str, Any] | None, passed_s: float) -> str:
    return count_of(reading.value["readers"], "reader", "readers")


_STATES: dict[str, Callable[[Reading, dict[str, Any] | None, float], str]] = {
    "Max": _value,
    "Min": _value,
    "Histogram": _histogram,
    "Series": _series,
    **dict.fromkeys(("Gauge", "Enum", "Info"), _said),
    "KeyedCounter": _keyed,
    "RingBuffer": _ring,
    "Stack": _stack,
    "TokenBucket": _bucket,
    "Pool": _pool,
    "SpinLock": _lock,
    "RCU": _rcu,
}


def ordered(rows: Sequence[Row], sort: str, wanted: str) -> list[Row]:
    """Those whose name or kind has `wanted` in it, in that order: names forwards, numbers from the largest on."""
    found = [row for row in rows if wanted.lower() in f"{row.reading.name} {row.reading.kind}".lower()]
    keys: dict[str, Callable[[Row], Any]] = {
        "name": lambda row: row.reading.name,
        "kind": lambda row: row.reading.kind,
        "total": lambda row: -_size(row.total),
        "rate": lambda row: -_size(row.rate),
    }
    return sorted(found, key=keys[sort]) if sort in keys else found


def _size(value: float | None) -> float:
    return float("-inf") if value is None else value


def cells(row: Row, bars: str) -> tuple[str, ...]:
    """A row of the table."""
    total = "" if row.total is None else number(row.total) if abs(row.total) < 10**9 else short(row.total)
    rate = "" if row.rate is None else short(row.rate)
    return row.reading.name, row.reading.kind, total, rate, bars, row.state
