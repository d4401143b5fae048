"""A lock-unlock pair with an increment of plain memory inside: if two were ever inside at once, the total is wrong."""

from __future__ import annotations

from typing import Any

from rseq._bench.native.loop import (
    NO_ANSWER,
    SLOT_BYTES,
    Body,
    Loops,
    Memory,
    function,
    implementation,
    mutexes,
    slot_of,
    work,
)
from rseq._bench.native.ours import Site, ours
from rseq._bench.run import Implementation, Operation, counted
from rseq._language.compiled import Compiled
from rseq._structures.lock import SpinLock
from rseq._structures.structure import bound_of
from rseq._thread.cpus import possible_cpus

__all__ = ["LOCK"]

_COUNTER_AT = 64
"""Where a CPU's counter is in its slot, behind the lock."""
_COUNTER_WORD = _COUNTER_AT // 8

_COUNTER = f"  %counter = getelementptr i8, ptr %slot, i64 {_COUNTER_AT}\n"
_UNDER_MUTEX = """
  %locked = call i32 %second(ptr %slot)
  call void @increment(ptr %counter)
  %unlocked = call i32 %third(ptr %slot)
"""
_UNDER_SPIN_LOCK = """
  call void @spin_lock(ptr %slot)
  call void @increment(ptr %counter)
  call void @spin_unlock(ptr %slot)
"""
_ONE = "  %slot = getelementptr i8, ptr %memory, i64 0\n"

_LOOPS = Loops(
    {
        "sched_getcpu_mutex": Body(slot_of("sched_getcpu") + _COUNTER + _UNDER_MUTEX + NO_ANSWER),
        "sched_getcpu_spin": Body(slot_of("sched_getcpu") + _COUNTER + _UNDER_SPIN_LOCK + NO_ANSWER),
        "mutex": Body(_UNDER_MUTEX + NO_ANSWER, before=_ONE + _COUNTER),
    }
)


def _baseline(name: str, label: str, loop: str, workers: int) -> Implementation:
    memory = Memory()
    calls = (0, 0) if "spin" in loop else mutexes(memory.address, possible_cpus())
    run = work(_LOOPS[loop], [(memory.address, function("sched_getcpu"), *calls)] * workers)
    return implementation(name, label, run, counted(lambda: memory.total(_COUNTER_WORD)))


def _sched_getcpu_mutex(workers: int) -> Implementation:
    return _baseline("sched_getcpu-mutex", "sched_getcpu + per-CPU mutex", "sched_getcpu_mutex", workers)


def _sched_getcpu_spin(workers: int) -> Implementation:
    return _baseline("sched_getcpu-spin", "sched_getcpu + per-CPU test-and-set", "sched_getcpu_spin", workers)


def _mutex(workers: int) -> Implementation:
    return _baseline("mutex", "one pthread mutex", "mutex", workers)


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

    return implementation("rseq", "rseq", known, counted(memory.total))


LOCK = Operation(
    name="lock",
    title="lock, increment, unlock, native loop",
    unit="pair",
    reference="rseq",
    makers={
        "rseq": _rseq,
        "sched_getcpu-mutex": _sched_getcpu_mutex,
        "sched_getcpu-spin": _sched_getcpu_spin,
        "mutex": _mutex,
    },
)
