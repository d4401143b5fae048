"""A counter: one addition, on this CPU or on the one word that all share."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from functools import partial
from typing import Any

from rseq._bench.emitted import counter_loop
from rseq._bench.native.loop import (
    SLOT_BYTES,
    Loops,
    Memory,
    Turn,
    increment,
    mutexes,
    sched_getcpu,
    slot,
    vdso_getcpu,
    work,
)
from rseq._bench.native.ours import Site, ours
from rseq._bench.run import Implementation, Operation, Unavailable, counted, threaded
from rseq._language.compiled import Compiled
from rseq._structures.counter import Counter
from rseq._thread.registration import available

_ROTATING = 8
"""Slots that the thread-local floor adds to in turn: one slot would measure how fast a store feeds the next load."""


def _add_to_slot(getcpu: str, turn: Turn) -> int:
    turn.emit.add_atomically(turn.slot(getcpu), 1)
    return 0


def _add_to_one(turn: Turn) -> int:
    turn.emit.add_atomically(turn.memory, 1)
    return 0


def _add_under_mutex(turn: Turn) -> int:
    with turn.locked(turn.memory):
        increment(turn.emit, turn.memory, SLOT_BYTES)
    return 0


def _add_in_turn(turn: Turn) -> int:
    increment(turn.emit, slot(turn.emit, turn.memory, turn.emit.and_(turn.i, _ROTATING - 1)))
    return 0


_LOOPS = Loops(
    {
        "vdso-atomic": partial(_add_to_slot, "getcpu"),
        "sched_getcpu-atomic": partial(_add_to_slot, "sched_getcpu"),
        "shared-atomic": _add_to_one,
        "mutex": _add_under_mutex,
        "thread-local": _add_in_turn,
    }
)


def _turn(site: Site, add: Compiled) -> Any:
    site.run(add, 1)
    return 0


def _rseq(workers: int) -> Implementation:
    counter = Counter()
    loop = work(ours(_turn, Counter._sequences()["add"]), [counter.storage.place] * workers)
    return threaded("rseq", "rseq", loop, counted(lambda: counter.value))


def _emitted_c(workers: int) -> Implementation:
    if not available():
        raise Unavailable("the kernel has not registered this thread, and in C there is no spare lane.")
    counter = Counter()
    loop = work(counter_loop(), [counter.storage.place] * workers)
    return threaded("emitted-c", "rseq emit: C header, -O2", loop, counted(lambda: counter.value))


def _atomic(name: str, label: str, getcpu: Callable[[], int], workers: int) -> Implementation:
    memory = Memory()
    loop = work(_LOOPS[name], [(memory.address, getcpu())] * workers)
    return threaded(name, label, loop, counted(memory.total))


def _mutex(workers: int) -> Implementation:
    memory = Memory(mmap.PAGESIZE)  # the mutex in the first slot, the counter in the second
    loop = work(_LOOPS["mutex"], [(memory.address, 0, *mutexes(memory.address))] * workers)
    return threaded("mutex", "one pthread mutex", loop, counted(lambda: memory.slot(1)))


def _thread_local(workers: int) -> Implementation:
    memories = [Memory(mmap.PAGESIZE) for _ in range(workers)]
    loop = work(_LOOPS["thread-local"], [(memory.address,) for memory in memories])
    total = counted(lambda: sum(memory.total() for memory in memories))
    return threaded("thread-local", "thread-local plain add (floor)", loop, total)


COUNTER = Operation(
    name="counter",
    title="counter, native loop",
    unit="update",
    makers={
        "rseq": _rseq,
        "emitted-c": _emitted_c,
        "vdso-atomic": partial(_atomic, "vdso-atomic", "vDSO getcpu + atomic add", vdso_getcpu),
        "sched_getcpu-atomic": partial(_atomic, "sched_getcpu-atomic", "sched_getcpu + atomic add", sched_getcpu),
        "shared-atomic": partial(_atomic, "shared-atomic", "one shared atomic", lambda: 0),
        "mutex": _mutex,
        "thread-local": _thread_local,
    },
    oversubscribed=True,
)
