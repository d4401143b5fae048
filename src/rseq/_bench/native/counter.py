"""A counter: one addition, on this CPU or on the one word that all share."""

from __future__ import annotations

import mmap
from functools import partial
from typing import Any

from rseq._bench.emitted import counter_loop
from rseq._bench.native.loop import (
    SLOT_BYTES,
    Loops,
    Memory,
    Turn,
    function,
    implementation,
    increment,
    mutexes,
    slot,
    vdso_getcpu,
    work,
)
from rseq._bench.native.ours import Site, ours
from rseq._bench.run import Implementation, Operation, Unavailable, counted
from rseq._language.ir import Compiled
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
        "vdso_atomic": partial(_add_to_slot, "getcpu"),
        "sched_getcpu_atomic": partial(_add_to_slot, "sched_getcpu"),
        "shared_atomic": _add_to_one,
        "mutex": _add_under_mutex,
        "thread_local": _add_in_turn,
    }
)


def _turn(site: Site, add: Compiled) -> Any:
    site.run(add, 1)
    return 0


def _rseq(workers: int) -> Implementation:
    counter = Counter()
    loop = work(ours(_turn, Counter._sequences()["add"]), [counter.storage.place] * workers)
    return implementation("rseq", "rseq", loop, counted(lambda: counter.value))


def _emitted_c(workers: int) -> Implementation:
    if not available():
        raise Unavailable("the kernel has not registered this thread, and in C there is no spare lane.")
    counter = Counter()
    loop = work(counter_loop(), [counter.storage.place] * workers)
    return implementation("emitted-c", "rseq emit: C header, -O2", loop, counted(lambda: counter.value))


def _vdso_atomic(workers: int) -> Implementation:
    memory = Memory()
    loop = work(_LOOPS["vdso_atomic"], [(memory.address, vdso_getcpu())] * workers)
    return implementation("vdso-atomic", "vDSO getcpu + atomic add", loop, counted(memory.total))


def _sched_getcpu_atomic(workers: int) -> Implementation:
    memory = Memory()
    loop = work(_LOOPS["sched_getcpu_atomic"], [(memory.address, function("sched_getcpu"))] * workers)
    return implementation("sched_getcpu-atomic", "sched_getcpu + atomic add", loop, counted(memory.total))


def _shared_atomic(workers: int) -> Implementation:
    memory = Memory(mmap.PAGESIZE)
    loop = work(_LOOPS["shared_atomic"], [(memory.address,)] * workers)
    return implementation("shared-atomic", "one shared atomic", loop, counted(memory.total))


def _mutex(workers: int) -> Implementation:
    memory = Memory(mmap.PAGESIZE)  # the mutex in the first slot, the counter in the second
    loop = work(_LOOPS["mutex"], [(memory.address, 0, *mutexes(memory.address))] * workers)
    return implementation("mutex", "one pthread mutex", loop, counted(lambda: memory.slot(1)))


def _thread_local(workers: int) -> Implementation:
    memories = [Memory(mmap.PAGESIZE) for _ in range(workers)]
    loop = work(_LOOPS["thread_local"], [(memory.address,) for memory in memories])
    total = counted(lambda: sum(memory.total() for memory in memories))
    return implementation("thread-local", "thread-local plain add (floor)", loop, total)


COUNTER = Operation(
    name="counter",
    title="counter, native loop",
    unit="update",
    reference="rseq",
    makers={
        "rseq": _rseq,
        "emitted-c": _emitted_c,
        "vdso-atomic": _vdso_atomic,
        "sched_getcpu-atomic": _sched_getcpu_atomic,
        "shared-atomic": _shared_atomic,
        "mutex": _mutex,
        "thread-local": _thread_local,
    },
    oversubscribed=True,
)
