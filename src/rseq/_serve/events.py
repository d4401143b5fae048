"""The last events of ring buffers, for the page: copied as `rseq dump --follow` does, so that no reader waits."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any

from rseq._look.held import RingBuffer
from rseq._look.rings import Onlooker, as_plain, unix_ns
from rseq._look.saying import json_ready
from rseq._percpu.shared.layout import SegmentError

if TYPE_CHECKING:
    from rseq._look.reading import Reading
    from rseq._structures.ring.records import Event

KEPT = 200
"""How many events of a ring are shown."""

MOST_BYTES = 4 << 20
"""With more than that to copy, a ring is one for `rseq dump`."""

_MOST_RINGS = 32
_MOST_LETTERS = 2000


class Events:
    """What was seen of rings that somebody looked at. Threads: any."""

    def __init__(self) -> None:
        self._rings: OrderedDict[str, _Ring] = OrderedDict()
        self._turn = threading.Lock()

    def of(self, reading: Reading) -> dict[str, Any]:
        """The last events of the ring that was read, the newest first; or the problem with it."""
        if reading.problem or not isinstance(reading.structure, RingBuffer):
            return {"problem": reading.problem or f"{reading.name!r} is a {reading.kind}, and no RingBuffer"}
        with self._turn:
            ring = self._rings.pop(reading.name, None)
            try:
                if ring is None or ring.structure is not reading.structure:
                    ring = _Ring(reading.structure)
                self._rings[reading.name] = ring
                if len(self._rings) > _MOST_RINGS:
                    self._rings.popitem(last=False)
                return ring.look()
            except (SegmentError, MemoryError, OSError) as error:
                return {"problem": str(error)}


class _Ring:
    def __init__(self, structure: RingBuffer) -> None:
        self.structure = structure
        self._onlooker = Onlooker(structure)
        self._last: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._seen = 0

    def look(self) -> dict[str, Any]:
        waiting = self._onlooker.waiting_bytes()
        if waiting > MOST_BYTES:
            return {"problem": f"{waiting >> 20} MiB wait in it: `rseq dump` prints them"}
        for event in self._onlooker.events():
            self._seen += 1
            self._last.append(_as_dict(event))
        return {"problem": "", "seen": self._seen, "missed": self._onlooker.missed, "events": [*reversed(self._last)]}


def _as_dict(event: Event) -> dict[str, Any]:
    when = None if event.time_ns is None else unix_ns(event.time_ns) / 1e9
    data = json_ready(as_plain(event.data))
    if isinstance(data, str) and len(data) > _MOST_LETTERS:
        data = f"{data[:_MOST_LETTERS]}…"
    return {"cpu": event.cpu, "time": when, "data": data}
