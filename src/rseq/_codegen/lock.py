"""The spare lane's lock, a robust mutex of libc's, in machine code."""

from __future__ import annotations

import errno
import time
from typing import Any

from rseq._codegen.codes import BUSY, FAILED, OK
from rseq._codegen.environment import Environment
from rseq._codegen.holder import holds_itself
from rseq._codegen.writer import I32, I64, PTR, Writer

_PAUSE_US = 50
"""Between two attempts at a lock of a thread with the same kernel id, in another pid namespace."""

_MEANINGS = ((errno.EBUSY, BUSY), (errno.ETIMEDOUT, BUSY), (errno.EOWNERDEAD, OK), (0, OK))


def take_lock(environment: Environment, emit: Writer, lock: Any, patience: Any) -> Any:
    """Emit: take the mutex at an address, waiting `patience` ns (0: none, negative: no end); OK, BUSY or FAILED."""

    def write(emit: Writer, mutex: Any, patience: Any) -> None:
        _write(environment, emit, mutex, patience)

    function = environment.helper("rseq.lock.take", I32, [PTR, I64], write)
    return emit.run(function, emit.pointer(lock), patience)


def give_lock_back(emit: Writer, lock: Any) -> None:
    """Emit: unlock the mutex at an address."""
    emit.call("pthread_mutex_unlock", I32, emit.pointer(lock))


def _write(environment: Environment, emit: Writer, mutex: Any, patience: Any) -> None:
    attempt, tried = emit.label("attempt"), emit.label("tried", I32)
    emit.here(attempt)
    at_once = emit.call("pthread_mutex_trylock", I32, mutex)
    with emit.if_(emit.and_(emit.compare(at_once, "==", errno.EBUSY), emit.truth(patience))):
        with emit.if_(emit.compare(patience, "<", 0, signed=True)):
            emit.jump(tried, emit.call("pthread_mutex_lock", I32, mutex))
        emit.jump(tried, _lock_until(emit, mutex, patience))
    emit.jump(tried, at_once)
    (outcome,) = emit.here(tried)
    with emit.if_(emit.compare(outcome, "==", errno.EOWNERDEAD)):
        # its owner died before or after its one commit: nothing is half done
        emit.call("pthread_mutex_consistent", I32, mutex)
    with emit.if_(emit.compare(outcome, "==", errno.EDEADLK)):
        _answer_same(environment, emit, mutex, patience, attempt)
    code: Any = I32(FAILED)
    for number, meaning in _MEANINGS:
        code = emit.choose(emit.compare(outcome, "==", number), meaning, code)
    emit.ret(code)


def _answer_same(environment: Environment, emit: Writer, mutex: Any, patience: Any, attempt: Any) -> None:
    """Emit what to do where libc says that a thread with the id of this one has the lock.

    FAILED if it is this thread; else BUSY. To wait it must try again: libc does not wait for the same id.
    """
    with emit.if_(holds_itself(environment, emit, mutex)):
        emit.ret(FAILED)
    with emit.if_(patience):
        emit.call("usleep", I32, I32(_PAUSE_US))
        with emit.if_(emit.compare(patience, "<", 0, signed=True)):
            emit.jump(attempt)
    emit.ret(BUSY)


def _lock_until(emit: Writer, mutex: Any, patience: Any) -> Any:
    until = emit.slot(I64, 2)
    clock = I32(time.CLOCK_REALTIME)  # the one that pthread_mutex_timedlock knows
    emit.call("clock_gettime", I32, clock, until)
    total = emit.add(emit.load(until, 8), patience)
    emit.store(emit.add(emit.load(until), emit.udiv(total, _BILLION)), until)
    emit.store(emit.urem(total, _BILLION), until, 8)
    return emit.call("pthread_mutex_timedlock", I32, mutex, until)


_BILLION = 1_000_000_000
