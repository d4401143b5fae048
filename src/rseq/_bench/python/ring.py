"""Putting 64 bytes, or 4, where another thread will find them, from Python.

Queues grow with each run and are emptied after it: all that was put in must be there. Ring buffers that overwrite keep
the newest and count what they gave up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from queue import SimpleQueue
from typing import Any

from rseq._bench.python.loop import filled, loop
from rseq._bench.run import Implementation, Missing, Operation, Span, done, growth, threaded
from rseq._structures.ring import RingBuffer

_CAPACITY = 1 << 16
_MOST = 1_000_000


def kept_or_lost(ring: Any, data: bytes | None = None) -> Missing:
    """A check for a ring that overwrites: what it holds and has lost is what was written, and nothing is torn."""
    lost = growth(lambda: int(ring.lost))

    def missing(spans: Sequence[Span]) -> int:
        events = ring.drain()
        torn = 0 if data is None else sum(event.data != data for event in events)
        return done(spans) - len(events) - lost() or torn

    return missing


def take_all(queue: SimpleQueue[Any]) -> int:
    """Empty a queue; how much was there."""
    return sum(queue.get_nowait() is not None for _ in range(queue.qsize()))


def _rseq(data: bytes, clock: bool, workers: int) -> Implementation:
    ring = RingBuffer(_CAPACITY, mode="overwrite", clock=clock)
    work = loop("ring.write(data)", ring=ring, data=data)
    name, more = ("rseq-clock", ", with a clock") if clock else ("rseq", "")
    return threaded(name, f"rseq: ring.write(data){more}", work, kept_or_lost(ring, data))


def _deque(data: bytes, workers: int) -> Implementation:
    items: deque[bytes] = deque()

    def emptied() -> int:
        count = len(items)
        items.clear()
        return count

    work = loop("items.append(data)", items=items, data=data)
    return threaded("deque", "deque.append(data)", work, filled(emptied), _MOST)


def _queue(data: bytes, workers: int) -> Implementation:
    items: SimpleQueue[bytes] = SimpleQueue()
    work = loop("items.put(data)", items=items, data=data)
    return threaded("simple-queue", "SimpleQueue.put(data)", work, filled(partial(take_all, items)), _MOST)


def _operation(name: str, size: int) -> Operation:
    data = bytes(range(1, size + 1))
    return Operation(
        name=name,
        title=f"event with {size} bytes, from Python",
        unit="event",
        makers={
            "rseq": partial(_rseq, data, False),
            "rseq-clock": partial(_rseq, data, True),
            "deque": partial(_deque, data),
            "simple-queue": partial(_queue, data),
        },
    )


RINGS = (_operation("ring-8-python", 4), _operation("ring-64-python", 64))
