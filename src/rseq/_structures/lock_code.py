"""The code of locks (lock.py, which says how they work)."""

from __future__ import annotations

from rseq._language.kept import keep
from rseq._language.operations import (
    compare_exchange,
    lane,
    load_acquire,
    refuse,
    relax,
    sched_yield,
    store_release,
    thread_ended,
    took_over,
)
from rseq._language.types import Record, i32, u64
from rseq._percpu.threads import thread_id
from rseq._sequence import routine, sequence
from rseq._thread.current import cpu_number

keep(__name__)

SPINS = 8
"""How often a waiter tries before it lets others run."""

LOOK = 256
"""In one of so many turns a waiter looks if the holder lives, first after twice SPINS: that calls into Python."""


class Lock(Record):
    """A lane: who holds this CPU's lock."""

    owner: u64


@sequence(acquire=True, release=True)
def take(cpu: Lock, me: u64) -> i32 | None:
    """Take this CPU's lock for the thread with number `me`. Returns the lane's number; None if it is held."""
    if cpu.owner != 0:
        return None
    cpu.owner = me
    return cpu_number()


@sequence(acquire=True, release=True)
def take_or_tell(cpu: Lock, me: u64) -> i32:
    """The same; if it is held, `~number`."""
    number = cpu_number()
    if cpu.owner != 0:
        return ~number
    cpu.owner = me
    return number


@routine
def take_over(cpu: Lock, number: i32) -> bool:
    """Take the lock of lane `number` for this thread, if who holds it has ended; if that was done.

    What a signal handler raises while Python says so leaves the lock to the next who waits.
    """
    me = thread_id()
    there = lane(cpu, number)
    owner = load_acquire(there.owner)
    if owner == me:
        refuse(owner)
    if owner == 0 or not thread_ended(owner):
        return False
    if not compare_exchange(there.owner, owner, me):
        return False
    if not took_over(owner):
        store_release(there.owner, owner)
        refuse(owner)
    return True


@routine
def wait(cpu: Lock) -> i32:
    """Take the lock of the CPU that the thread is on by then, which somebody held a moment ago."""
    me = thread_id()
    turns: u64 = 0
    while True:
        number = take_or_tell(cpu, me)
        if number >= 0:  # type: ignore[operator]
            return number  # type: ignore[return-value]
        turns += 1
        if turns <= SPINS:
            relax()
        else:
            if turns % LOOK == 2 * SPINS and take_over(cpu, ~number):  # type: ignore[operator]
                return ~number  # type: ignore[no-any-return, operator]
            sched_yield()


@routine
def acquire(cpu: Lock) -> i32:
    """Take the lock of the CPU that the thread is on by then. Returns the lane's number."""
    number = take(cpu, thread_id())
    if number is None:
        return wait(cpu)  # type: ignore[return-value]
    return number  # type: ignore[return-value]


@routine
def try_acquire(cpu: Lock) -> i32 | None:
    """Take the lock of the CPU that the thread is on, if nobody holds it. Returns the lane's number."""
    number = take(cpu, thread_id())
    if number is None:
        return None
    return number  # type: ignore[return-value]


@routine
def release(here: Lock, cpu: i32) -> None:
    """Release the lock of lane `cpu`, which this thread holds."""
    there = lane(here, cpu)
    owner = there.owner
    if owner != thread_id():
        refuse(owner)
    store_release(there.owner, 0)
