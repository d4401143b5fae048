"""A lock-unlock pair with an increment of plain memory inside: if two were ever inside at once, the total is wrong."""

from __future__ import annotations

from functools import partial
from typing import Any

from rseq._bench.native.loop import (
    SLOT_BYTES,
    Loops,
    Memory,
    Turn,
    function,
    increment,
    mutexes,
    work,
)
from rseq._bench.native.ours import Site, ours
from rseq._bench.run import Implementation, Operation, counted, threaded
from rseq._codegen.writer import I64
from rseq._language.compiled import Compiled
from rseq._structures.lock import SpinLock
from rseq._structures.structure import bound_of
from rseq._thread.cpus import possible_cpus

_COUNTER_AT = 64
"""Where a CPU's counter is in its slot, behind the lock."""
_COUNTER_WORD = _COUNTER_AT // 8


def _under_mutex(getcpu: str | None, turn: Turn) -> int:
    slot = turn.slot(getcpu) if getcpu else turn.memory
    with turn.locked(slot):
        increment(turn.emit, slot, _COUNTER_AT)
    return 0


def _under_spin_lock(turn: Turn) -> int:
    emit, slot = turn.emit, turn.slot("sched_getcpu")
    attempt, wait = emit.label("try"), emit.label("wait")
    locked = emit.label("locked")
    emit.here(attempt)
    emit.branch(emit.llvm.atomic_rmw("xchg", slot, I64(1), "acquire"), wait, locked)
    emit.here(wait)
    emit.branch(emit.load(slot, order="monotonic"), wait, attempt)
    emit.here(locked)
    increment(emit, slot, _COUNTER_AT)
    emit.store(I64(0), slot, order="release")
    return 0


_LOOPS = Loops(
    {
        "sched_getcpu-mutex": partial(_under_mutex, "sched_getcpu"),
        "sched_getcpu-spin": _under_spin_lock,
        "mutex": partial(_under_mutex, None),
    }
)


def _beside(name: str, label: str, workers: int) -> Implementation:
    memory = Memory()
    calls = (0, 0) if "spin" in name else mutexes(memory.address, possible_cpus())
    run = work(_LOOPS[name], [(memory.address, function("sched_getcpu"), *calls)] * workers)
    return threaded(name, label, run, counted(lambda: memory.total(_COUNTER_WORD)))


def _turn(site: Site, acquire: Compiled, release: Compiled) -> Any:
    cpu = site.run(acquire)
    counter = site.emit.offset(site.extra, site.emit.mul(cpu, SLOT_BYTES))
    site.emit.store(site.emit.add(site.emit.load(counter), 1), counter)
    site.run(release, cpu)
    return 0


def _rseq(workers: int) -> Implementation:
    lock = SpinLock()
    memory = Memory((possible_cpus() + 1) * SLOT_BYTES)  # the last one is for the spare lane
    loop = ours(_turn, bound_of(lock, "acquire").code, bound_of(lock, "release").code)
    run = work(loop, [(*lock.storage.place, memory.address)] * workers, lock)

    def known(worker: int, count: int) -> object:
        lock.release(lock.acquire())  # the first lock of a thread gives it a number, which the loop then looks up once
        return run(worker, count)

    return threaded("rseq", "rseq", known, counted(memory.total))


LOCK = Operation(
    name="lock",
    title="lock, increment, unlock, native loop",
    unit="pair",
    makers={
        "rseq": _rseq,
        "sched_getcpu-mutex": partial(_beside, "sched_getcpu-mutex", "sched_getcpu + per-CPU mutex"),
        "sched_getcpu-spin": partial(_beside, "sched_getcpu-spin", "sched_getcpu + per-CPU test-and-set"),
        "mutex": partial(_beside, "mutex", "one pthread mutex"),
    },
)
