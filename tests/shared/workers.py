"""What processes do with what is handed to them. Children that are started anew import this, and none of the tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import rseq


class Titled(rseq.Counter):
    """A counter with more to it."""

    def __init__(self, title: str, **more: Any) -> None:
        super().__init__(**more)
        self.title = title


class Slotted(rseq.Stack):
    """A stack with a slot of its own."""

    __slots__ = ("title",)


def add(counter: rseq.Counter, times: int) -> int:
    """Count; answers with the process."""
    for _ in range(times):
        counter.add()
    return os.getpid()


def call(function: Callable[[], object]) -> object:
    """Call what was handed on."""
    return function()


def lock_once(lock: rseq.SpinLock) -> None:
    """Take a lock, and let it go; the handle is gone afterwards."""
    with lock:
        pass


def serve(tasks: Any, answers: Any) -> None:
    """Add to each counter that comes; end when None comes."""
    while (counter := tasks.get()) is not None:
        add(counter, 100)
        answers.put(counter.name)


def use(thing: Any) -> str:
    """Do to a structure what can be seen in the other process; answers with its name."""
    _USES[thing.storage.name.split()[1]](thing)
    return str(thing.name)


def _pool(pool: rseq.Pool) -> None:
    item = pool.acquire()
    assert item is not None
    item[:3] = b"abc"
    pool.release(item)


_USES: dict[str, Callable[[Any], object]] = {
    "Counter": lambda it: it.add(2),
    "FloatCounter": lambda it: it.add(0.5),
    "CounterArray": lambda it: it.add(1, 3),
    "KeyedCounter": lambda it: it.add(("GET", 200), 3),
    "Histogram": lambda it: it.observe(1),
    "Max": lambda it: it.update(7),
    "Min": lambda it: it.update(7),
    "Pool": _pool,
    "RCU": lambda it: it.read_unlock(it.read_lock()),
    "RingBuffer": lambda it: it.write(b"event"),
    "SpinLock": lock_once,
    "Stack": lambda it: it.push(3),
    "Collector": lambda it: it.append(3),
    "TokenBucket": lambda it: it.take(),
}
