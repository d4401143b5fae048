"""What the page shows: all structures as they were at the last looks, and what changed from one to the next.

A thread looks every few seconds, so that whoever opens the page sees the last minutes at once. Where a look takes long
it is less often: it never takes more than a twentieth of a CPU.
"""

from __future__ import annotations

import math
import threading
import time
from array import array
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from rseq._look.buckets import buckets_of
from rseq._look.frames import Row, ordered, total_of
from rseq._look.lines import line_of
from rseq._look.reading import DAMAGE, Reading, read
from rseq._look.saying import json_ready, plain
from rseq._percpu.shared.layout import SegmentError
from rseq._serve.buckets import Heat
from rseq._serve.source import Contents, Source, Unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EVERY_S = 2.0
LOOKS = 150
"""How many are kept: five minutes."""

SHARE = 0.05
"""The part of one CPU that looking may take."""

MOST_HISTOGRAMS = 200
"""The first so many histograms have a heat map."""

SHORT = 60
"""How many numbers a row of the table has."""

MOST_KEYS = 100
"""How many keys of a KeyedCounter are shown, those with the largest counts."""

MOST_ROWS = 200
"""How many rows an answer has at most."""


class Unknown(Exception):
    """There is no structure of that name."""


class _Look(NamedTuple):
    at: float
    """A Unix time."""
    numbers: array[float]
    """What is plotted of each structure, in their order; NaN where there is nothing to plot."""


class Live:
    """The last looks at a segment. Threads: any."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._turn = threading.Lock()
        self._forget(None)
        self.problem = ""
        """Why the last look has seen nothing; "" if it has."""

    def _forget(self, contents: Contents | None) -> None:
        self._contents = contents
        self._looks: deque[_Look] = deque(maxlen=LOOKS + 1)
        self._heats: dict[str, Heat] = {}
        self._readings: list[Reading] = []
        self._by_name: dict[str, int] = {}

    def look(self, at: float) -> None:
        """Read everything; `at` is the moment, as a Unix time. If there is nothing to see, `problem` says why."""
        try:
            with self.source.contents() as contents:
                readings = read(contents.watched)
        except (Unreadable, SegmentError, MemoryError) as error:
            self.problem = str(error)
            return
        with self._turn:
            if contents is not self._contents or (self._looks and at <= self._looks[-1].at):
                self._forget(contents)  # a new segment, or a clock that was set back
            self.problem, self._readings = "", readings
            self._by_name = {one.name: number for number, one in enumerate(readings)}
            self._looks.append(_Look(at, array("d", map(_plotted, readings))))
            self._add_heat(at)

    def _add_heat(self, at: float) -> None:
        for reading in self._readings:
            found = buckets_of(reading)
            if found is None:
                continue
            heat = self._heats.get(reading.name)
            if heat is None or not heat.is_of(found.bounds):
                if len(self._heats) >= MOST_HISTOGRAMS:
                    continue
                heat = self._heats[reading.name] = Heat(found.bounds, LOOKS)
            heat.add(at, found.counts)

    # ---- what is asked

    def about(self) -> dict[str, Any]:
        """The segment itself."""
        with self._turn:
            contents, problem = self._contents, self.problem
            at = self._looks[-1].at if self._looks else None
            watched = len(self._readings)
        said = {"segment": plain(self.source.place.name), "problem": problem, "at": at, "watched": watched}
        if contents is None:
            return said
        core = contents.core
        processes = [{"pid": one.pid, "program": plain(one.program)} for one in core.processes()]
        return {
            **said,
            "path": self.source.place.path,
            "identity": core.header.identity.hex(),
            "made": core.header.made_ns / 1e9,
            "cpus": core.header.lanes,
            "structures": contents.count,
            "processes": processes,
        }

    def rows(self, *, sort: str, wanted: str, first: int, count: int) -> dict[str, Any]:
        """Structures in that order, whose name or kind has `wanted` in it: `count` of them, from the one `first`."""
        with self._turn:
            all_rows = [self._row(number) for number in range(len(self._readings))]
            found = ordered(all_rows, sort, wanted)
            shown = [self._as_dict(row.reading) for row in found[first : first + min(count, MOST_ROWS)]]
            times = [look.at for look in self._looks][-SHORT:]
        return {"problem": self.problem, "matches": len(found), "first": first, "times": times, "rows": shown}

    def one(self, name: str) -> dict[str, Any]:
        """All that is known of a structure. Raises: Unknown - there is none of that name."""
        with self._turn:
            reading = self.reading(name)
            number, contents = self._by_name[name], self._contents
            history = [*self._history(number, LOOKS + 1)]
            said = {
                **self._as_dict(reading),
                "args": {} if reading.problem else {key: one for key, one in reading.args.items() if key != "fields"},
                "times": [look.at for look in self._looks],
                "history": history,
            }
            if (found := buckets_of(reading)) is not None:
                said["buckets"] = {**found._asdict(), "quantiles": found.quantiles()}
                said["heat"] = self._heats[name].as_dict() if name in self._heats else None
        if contents is not None and reading.kind == "Gauge":
            said["processes"] = self._processes(reading)
        if not reading.problem and reading.kind == "KeyedCounter":
            said["keys"] = sorted(reading.value["counts"], key=lambda pair: pair[1], reverse=True)[:MOST_KEYS]
        if not reading.problem and reading.kind != "Gauge":
            said["value"] = _short(reading.value)
        return {"problem": self.problem, **{key: json_ready(value) for key, value in said.items()}}

    def reading(self, name: str) -> Reading:
        """What a structure said last. Raises: Unknown - there is none of that name."""
        if name not in self._by_name:
            raise Unknown(f"the segment has no structure named {plain(name)!r}, or it is not among the first")
        return self._readings[self._by_name[name]]

    def _processes(self, reading: Reading) -> list[dict[str, Any]]:
        """What each process says of a gauge."""
        with self.source.contents() as contents:
            lines = contents.lines_of(reading.name)
            said = [] if lines is None else lines.by_process(contents.core.lives)
        return [{"pid": pid, "value": value, "lives": lives} for pid, value, lives in said]

    # ---- rows

    def _row(self, number: int) -> Row:
        reading = self._readings[number]
        total = None if reading.problem else total_of(reading.kind, reading.value)
        rate = next(self._history(number, 1), None) if total is not None else None
        return Row(reading, total, rate, "")

    def _as_dict(self, reading: Reading) -> dict[str, Any]:
        number = self._by_name[reading.name]
        is_counting = not reading.problem and total_of(reading.kind, reading.value) is not None
        said = {
            "name": reading.name,
            "kind": reading.kind,
            "line": _line(reading),
            "is_damaged": bool(reading.problem),
            "measure": "rate" if is_counting else "level" if reading.kind in _LEVELS else None,
            "total": total_of(reading.kind, reading.value) if is_counting else None,
            "history": [*self._history(number, SHORT)],
            "per_cpu": _per_cpu(reading),
        }
        return {key: json_ready(value) for key, value in said.items()}

    def _history(self, number: int, count: int) -> Iterator[float | None]:
        """The last `count` numbers that are plotted of a structure: its rate at each look, or its level."""
        looks = [*self._looks][-count - 1 :]
        numbers = [look.numbers[number] if number < len(look.numbers) else math.nan for look in looks]
        if self._readings[number].kind in _LEVELS:
            yield from (None if math.isnan(one) else one for one in numbers[-count:])
            return
        if len(looks) <= count and looks:
            yield None  # there is nothing before the first one
        for at in range(1, len(looks)):
            rate = (numbers[at] - numbers[at - 1]) / (looks[at].at - looks[at - 1].at)
            yield None if math.isnan(rate) else rate


_LEVELS: dict[str, Callable[[dict[str, Any]], float | None]] = {
    "Max": lambda value: value["value"],
    "Min": lambda value: value["value"],
    "Gauge": lambda value: value.get("value"),
    "Stack": lambda value: value["items"],
    "TokenBucket": lambda value: value["available"],
    "Pool": lambda value: value["count"] - value["free"],
    "SpinLock": lambda value: len(value["holders"]),
    "RCU": lambda value: value["readers"],
}
"""Of what does not count: the number that is plotted, by kind."""


def _plotted(reading: Reading) -> float:
    if reading.problem:
        return math.nan
    level = _LEVELS.get(reading.kind)
    found = total_of(reading.kind, reading.value) if level is None else level(reading.value)
    return math.nan if found is None else float(found)


def _per_cpu(reading: Reading) -> list[float]:
    """What each lane has, the spare one last; nothing if that says nothing."""
    if reading.problem or reading.structure is None:
        return []
    try:
        return reading.structure.per_cpu()
    except DAMAGE:
        return []


def _line(reading: Reading) -> str:
    try:
        return line_of(reading)
    except DAMAGE as error:  # what it holds is nothing that such a structure holds
        return f"it is damaged: {plain(str(error))[:200]}"


_MOST_VALUES = 1000


def _short(value: dict[str, Any]) -> dict[str, Any]:
    """A value without what is elsewhere, or too long to be shown."""
    left_out = ("bounds", "counts", "fields")
    return {key: one for key, one in value.items() if key not in left_out and not _is_long(one)}


def _is_long(value: Any) -> bool:
    return isinstance(value, list | dict) and len(value) > _MOST_VALUES


class Sampler:
    """The thread that looks; the first time, before it is started. Threads: the one that made it."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rseq serve: looking", daemon=True)

    def __enter__(self) -> Sampler:
        self._pause_s = self._looked()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(self._pause_s):
            self._pause_s = self._looked()

    def _looked(self) -> float:
        """Look, and say how long to wait for the next time."""
        before = time.thread_time()
        self._live.look(time.time())
        return pause_after(time.thread_time() - before)


def pause_after(cost_s: float) -> float:
    """How long to wait after a look that took so much CPU time."""
    return max(EVERY_S, cost_s / SHARE)
