"""A read section from Python: begin, look at what is published, compare, end."""

from __future__ import annotations

import threading
from typing import Any

from rseq._bench.native.rcu import all_found
from rseq._bench.python.loop import SUM_LOOP, loop
from rseq._bench.run import Implementation, Operation, threaded
from rseq._structures.rcu import RCU


def _rcu() -> tuple[Any, Any]:
    """One, and the check that every section begins and ends once, and has found what it looked for."""
    rcu = RCU()

    def total(name: str) -> int:
        return int(rcu.storage.view()[name].sum())

    return rcu, all_found(lambda: total("begun"), lambda: total("ended"))


def _rseq(workers: int) -> Implementation:
    rcu, missing = _rcu()
    work = loop("with rcu: total += current[0] == 42", SUM_LOOP, rcu=rcu, current=[42])
    return threaded("rseq", "rseq: with rcu: …", work, missing)


def _rseq_calls(workers: int) -> Implementation:
    rcu, missing = _rcu()
    statement = "phase = lock(); total += current[0] == 42; unlock(phase)"
    work = loop(statement, SUM_LOOP, lock=rcu.read_lock, unlock=rcu.read_unlock, current=[42])
    return threaded("rseq-calls", "rseq: read_lock(), read_unlock(p)", work, missing)


def _threading(workers: int) -> Implementation:
    work = loop("with lock: total += current[0] == 42", SUM_LOOP, lock=threading.Lock(), current=[42])
    return threaded("threading-lock", "threading.Lock: with lock: …", work, all_found())


READ_SECTION = Operation(
    name="rcu-python",
    title="read section, from Python",
    unit="section",
    makers={"rseq": _rseq, "rseq-calls": _rseq_calls, "threading-lock": _threading},
    fault="got wrong",
)
