"""Turns: one thread at a time, of all processes that share memory, does what a signal handler or a fork may interrupt.

    | thread | task |        in memory that all of them map

`thread` is the number of the thread whose turn it is, in the table of that memory (threads.py), or 0. So it is known
whose turn it is, though a mutex of libc mistakes threads with the same kernel id in two pid namespaces for each other;
and the turn of a thread that has ended, which is proved and not guessed, goes to the next. A turn is given back when
its guard goes (see _percpu/guard.py), whatever exception comes; not by a forked child, as it is its parent's.

`task` tells green threads (greenlet, on which gevent and eventlet stand) of one thread apart: one may wait for another,
as its pause lets the others run. A signal handler cannot wait for the very code that it has interrupted.
"""

from __future__ import annotations

import sys

from rseq import _quick_ctypes as ctypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rseq._percpu.threads import Table

TURN_BYTES = 16
"""What a turn takes, zeroed, at a multiple of 8."""


class _Turn(ctypes.Structure):
    _fields_ = (("thread", ctypes.c_uint64), ("task", ctypes.c_uint64))


def prepare_turns() -> None:
    """Compile what `taken` calls, so that no exception comes in the middle of that: see _percpu/guard.py.

    The table of threads is made, too: a process and its children must have one.
    """
    from rseq._percpu.guard import prepare
    from rseq._percpu.threads import thread_id

    prepare()
    thread_id()


def taken(table: Table, address: int, held: str) -> Any:
    """Take the turn at `address` if it is nobody's: a guard, with which it ends, or None. It never waits.

    `table` is that of the memory that the turn is in.
    Let no call stand between taking and `try`, and keep the guard in no other place than a local variable.
    Raises: RuntimeError - it is that of the caller itself; `held` is what it says. MemoryError, OSError - the thread
    can have no number.
    Threads: any thread of any process that maps it; signal handlers too.
    """
    from rseq._percpu.guard import take_turn

    me, task, place = table.thread_id(), _task(), table.known_at()
    turn, known = _Turn.from_address(address), ctypes.c_uint64.from_address(place)
    holder = turn.thread
    if holder == me and turn.task == task and known.value == me:  # no call: this is no child that was forked since
        raise RuntimeError(held)
    return take_turn(address, holder if holder and table.has_ended(holder) else 0, me, place, task)


def forget_turn(address: int) -> None:
    """Nobody's turn: in a forked child with a copy of the memory, where whoever had it does not exist."""
    ctypes.memset(address, 0, TURN_BYTES)


def _task() -> int:
    """Which green thread of this thread runs, 0 where there are none."""
    current = getattr(sys.modules.get("greenlet"), "getcurrent", None)
    return 0 if current is None else id(current())
