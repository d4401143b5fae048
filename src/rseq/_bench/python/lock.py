"""`with lock:` around an increment, from Python."""

from __future__ import annotations

import threading

from rseq._bench.python.loop import loop
from rseq._bench.run import Implementation, Operation, counted, threaded
from rseq._structures.lock import SpinLock
from rseq._thread.cpus import possible_cpus


def _rseq(workers: int) -> Implementation:
    lock, counts = SpinLock(), [0] * (possible_cpus() + 1)
    work = loop("with lock as cpu: counts[cpu] += 1", lock=lock, counts=counts)
    return threaded("rseq", "rseq: with lock as cpu: …", work, counted(lambda: sum(counts)))


def _rseq_calls(workers: int) -> Implementation:
    lock, counts = SpinLock(), [0] * (possible_cpus() + 1)
    work = loop(
        "cpu = acquire(); counts[cpu] += 1; release(cpu)", acquire=lock.acquire, release=lock.release, counts=counts
    )
    return threaded("rseq-calls", "rseq: acquire(), release(cpu)", work, counted(lambda: sum(counts)))


def _threading(workers: int) -> Implementation:
    counts = [0]
    work = loop("with lock: counts[0] += 1", lock=threading.Lock(), counts=counts)
    return threaded("threading-lock", "threading.Lock: with lock: …", work, counted(lambda: counts[0]))


def _threading_calls(workers: int) -> Implementation:
    lock, counts = threading.Lock(), [0]
    work = loop("acquire(); counts[0] += 1; release()", acquire=lock.acquire, release=lock.release, counts=counts)
    return threaded("threading-calls", "threading.Lock: acquire(), release()", work, counted(lambda: counts[0]))


LOCK = Operation(
    name="lock-python",
    title="lock, increment, unlock, from Python",
    unit="pair",
    makers={
        "rseq": _rseq,
        "rseq-calls": _rseq_calls,
        "threading-lock": _threading,
        "threading-calls": _threading_calls,
    },
)
