"""Grace periods for the tests of RCU: whether one ends at once, and wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from rseq._structures.rcu import grace


def raises_timeout(synchronize: Callable[[float], None]) -> bool:
    try:
        synchronize(0)
    except TimeoutError:
        return True
    return False


def nothing(memory: Any) -> Iterator[int]:
    """Does not wait."""
    yield 0


def other_phase_only(memory: Any) -> Iterator[int]:
    """Waits for the readers of the phase in which nobody counts."""
    yield from grace._scan(memory, memory.phase(0) ^ 1)


def this_phase_only(memory: Any) -> Iterator[int]:
    """Changes the phase and waits for the old one: misses the late, who have read a phase long ago."""
    now = memory.phase(0)
    yield from grace._set_phase(memory, now ^ 1)
    yield from grace._scan(memory, now)


def scanning(scan: Callable[[Any, int], Iterator[int]]) -> Callable[[Any], Iterator[int]]:
    def period(memory: Any) -> Iterator[int]:
        now = memory.phase(0)
        yield from scan(memory, now ^ 1)
        yield from grace._set_phase(memory, now ^ 1)
        yield from scan(memory, now)

    return period


def looked_at(memory: Any, phase: int, what: str) -> Iterator[int]:
    total = 0
    for lane in memory.lanes:
        total += getattr(memory, what)(lane, phase)
        yield 0
    return total  # type: ignore[return-value]


def without_barrier(memory: Any, phase: int) -> Iterator[int]:
    readers = None
    while readers != 0:
        ended = yield from looked_at(memory, phase, "ended")  # type: ignore[func-returns-value]
        begun = yield from looked_at(memory, phase, "begun")  # type: ignore[func-returns-value]
        readers = begun - ended
        yield readers


def begun_first(memory: Any, phase: int) -> Iterator[int]:
    readers = None
    while readers != 0:
        begun = yield from looked_at(memory, phase, "begun")  # type: ignore[func-returns-value]
        memory.fence()
        ended = yield from looked_at(memory, phase, "ended")  # type: ignore[func-returns-value]
        readers = begun - ended
        yield readers


def barrier_at_the_end(memory: Any, phase: int) -> Iterator[int]:
    yield from without_barrier(memory, phase)
    memory.fence()
