"""Who is alive: a number for each thread that no other thread ever has, and proof that a thread has ended.

A lock says who holds it by a number. A process id or a thread pointer will not do: another thread has the same one
later, or now, in another pid namespace. So each thread that asks for its number claims a slot in a table:

    slot:  | robust mutex | generation | process, thread, name |        number = generation << 16 | slot

It holds the slot's mutex as long as it lives. When it ends, by whatever ends threads and processes (SIGKILL, exec), the
kernel itself marks the mutex. So a thread has ended for good if its slot's mutex can be had, or if the generation
of its slot is another one. Nobody ever has that number again, so a compare-and-exchange of a word that holds it
takes from that very thread.

    generation   odd: claimed, by one thread    even: that thread has been proved to have ended

Whoever claims a slot, or proves that its thread has ended, has its mutex, and is the only one to change it. One that is
killed in the middle leaves the mutex to the next.

The table is shared memory of a process and all that are forked from it, and is never unmapped: the kernel looks into it
when a thread ends. A child's threads have numbers of their own, the one that has forked too: what a thread knows as its
number stands in memory that the kernel zeroes in a child (MADV_WIPEONFORK).

Generated code finds the number by `pthread_getspecific`, once in a function, however often that loops
(native/lower.py), and calls back into Python for what is rare. What a signal handler raises in the middle of that is
left set, and raised by whoever has called the generated code.

Assumptions: threads end through libc or with their process. A compiled function that forks (in objmode) uses no lock
afterwards: it may go on with its parent's number. A signal handler in machine code finds a thread that has its number.
Where there are no robust mutexes (an emulator), nobody is ever proved to have ended.
The road not taken: /proc/<tid>/stat has the time at which a thread began. It counts in hundredths of seconds, is not
there for whom /proc hides others (hidepid), and names other threads in another pid namespace. None of that may take
a lock from somebody who is alive.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import threading
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from threading import get_ident
from typing import NoReturn

from rseq.language.compiled import operation
from rseq.once import once
from rseq.percpu.mutex import MUTEX_BYTES, locked, make_mutex
from rseq.percpu.segment import PAGE_BYTES, populate

__all__ = ["LEFT_BEHIND", "Table", "describe", "has_ended", "known_id", "symbols", "table", "thread_id"]

SLOTS = 1 << 16
"""How many threads there may be at once in a process and those forked from it. Slots cost memory when they are used."""

LEFT_BEHIND = 1 << 63
"""In a number: the copy of that thread that a forked child would have, if threads were forked. It has ended."""

_WIPEONFORK = 18  # asm-generic/mman-common.h
_OWNER = 0x7FFFFFFF  # linux/futex.h: the thread that has a robust mutex, and that it has died


class _Slot(ctypes.Structure):
    _fields_ = (
        ("mutex", ctypes.c_uint8 * MUTEX_BYTES),
        ("generation", ctypes.c_uint64),
        ("process", ctypes.c_uint32),
        ("thread", ctypes.c_uint32),
        ("name", ctypes.c_char * 48),
    )


class Known(ctypes.Structure):
    """What a thread finds under the pthread key: its number, and what holds as long as that is so.

    A pthread key alone is no proof: a signal handler that runs late in a thread's end may leave a value to the next
    thread with that stack.
    """

    _fields_ = (
        ("id", ctypes.c_uint64),
        ("generation_at", ctypes.c_uint64),
        ("generation", ctypes.c_uint64),
        ("mutex_at", ctypes.c_uint64),
        ("owner", ctypes.c_uint64),
    )

    @property
    def is_true(self) -> bool:
        """True if the slot is still that of the thread: not proved to have ended, and not marked by the kernel."""
        if not self.id or ctypes.c_uint64.from_address(self.generation_at).value != self.generation:
            return False
        return bool(ctypes.c_uint32.from_address(self.mutex_at).value & _OWNER == self.owner)


class Table:
    """The slots, and what the threads of this process know as their numbers.

    Threads: any thread of any process that has inherited it, at once.
    """

    def __init__(self) -> None:
        """Map an empty one, for good. Raises: OSError, MemoryError - there is no memory."""
        size = ctypes.sizeof(_Slot)
        self._base = _mapping(size * (SLOTS + 1), mmap.MAP_SHARED)
        self._first = self._base + size  # the table's own mutex has the place of a slot, `used` that of its generation
        self._used = ctypes.c_uint64.from_address(self._base + _Slot.generation.offset)
        populate(self._base, PAGE_BYTES)
        make_mutex(self._base)
        nbytes = ctypes.sizeof(Known) * SLOTS
        self._known = _mapping(nbytes, mmap.MAP_PRIVATE)
        if _libc().madvise(ctypes.c_void_p(self._known), ctypes.c_size_t(nbytes), _WIPEONFORK):
            os.register_at_fork(after_in_child=self._forget)  # an old kernel

    def claim(self) -> int:
        """Give the calling thread, which has none, its number.

        Raises: RuntimeError - too many threads have one; or the thread is in the middle of this (a signal handler).
        """
        with locked(self._base):
            number = self._free()
            slot = self._slot(number)
            slot.generation = (slot.generation + 1) | 1
            slot.process, slot.thread, slot.name = os.getpid(), threading.get_native_id(), _own_name()
        address = ctypes.addressof(slot)
        known = Known.from_address(self._known + ctypes.sizeof(Known) * number)
        known.generation_at, known.generation = address + _Slot.generation.offset, slot.generation
        known.mutex_at = address + _owner_offset(slot)
        known.owner = ctypes.c_uint32.from_address(known.mutex_at).value & _OWNER
        known.id = slot.generation << 16 | number
        _remember(ctypes.addressof(known))
        return int(known.id)

    def _free(self) -> int:
        """A slot whose mutex the calling thread has from now on, until it ends."""
        for number in range(self._used.value):
            if _taken(self._slot(number)):
                return number
        number = self._used.value
        if number == SLOTS:
            raise RuntimeError(f"{SLOTS:,} threads that have used a lock are alive; no other can")
        slot = self._slot(number)
        for page in {ctypes.addressof(slot) + end & -PAGE_BYTES for end in (0, ctypes.sizeof(_Slot) - 1)}:
            populate(page, PAGE_BYTES)
        make_mutex(ctypes.addressof(slot))
        self._used.value = number + 1
        assert _taken(slot), "nobody else knows it"
        return number

    def has_ended(self, thread: int) -> bool:
        """True if it is proved that the thread with this number has ended. False if it lives, or nothing is proved."""
        if thread & LEFT_BEHIND:
            return True
        number, generation = thread & SLOTS - 1, thread >> 16
        slot = self._slot(number)
        if number >= self._used.value or slot.generation != generation:
            return True
        if not _taken(slot):
            return False
        try:
            if slot.generation == generation:
                slot.generation += 1
        finally:
            _libc().pthread_mutex_unlock(slot.mutex)
        return True

    def describe(self, thread: int) -> str:
        """The thread with this number, in words."""
        slot = self._slot(thread & SLOTS - 1)
        generation, now = (thread & ~LEFT_BEHIND) >> 16, slot.generation
        if now not in (generation, generation + 1):
            return "a thread that has ended"
        name = slot.name.decode(errors="replace")
        return f"thread {slot.thread}{f' ({name})' if name else ''} of process {slot.process}"

    def _slot(self, number: int) -> _Slot:
        return _Slot.from_address(self._first + ctypes.sizeof(_Slot) * number)

    def _forget(self) -> None:
        ctypes.memset(self._known, 0, ctypes.sizeof(Known) * self._used.value)


def _taken(slot: _Slot) -> bool:
    """Take the slot's mutex, if nobody who is alive has it; whether the calling thread has it now."""
    code = _libc().pthread_mutex_trylock(slot.mutex)
    if code == errno.EOWNERDEAD:
        code = _libc().pthread_mutex_consistent(slot.mutex)
    return bool(code == 0)


def _owner_offset(slot: _Slot) -> int:
    """Where in the mutex, which the calling thread has, libc says so: the word that the kernel marks."""
    words = (ctypes.c_uint32 * (MUTEX_BYTES // 4)).from_address(ctypes.addressof(slot))
    return 4 * next(number for number, word in enumerate(words) if word & _OWNER == slot.thread)


def _own_name() -> bytes:
    """The calling thread's name in Python. Asked for without a lock: this may come in the middle of anything."""
    thread = getattr(threading, "_active", {}).get(get_ident())
    name: str = "" if thread is None else thread.name
    return name.encode(errors="replace")[: _Slot.name.size]


def _mapping(nbytes: int, sharing: int) -> int:
    """Anonymous memory that is never unmapped."""
    noreserve: int = getattr(mmap, "MAP_NORESERVE", 0x4000)
    mapping = mmap.mmap(-1, nbytes, flags=sharing | mmap.MAP_ANONYMOUS | noreserve)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(mapping))
    return ctypes.addressof(ctypes.c_char.from_buffer(mapping))


# ---- the calling thread


@once
def table() -> Table:
    """The table of this process, and of those forked from it since it was made."""
    return Table()


@once
def _key() -> ctypes.c_uint32:
    """The pthread key under which a thread has the address of its number."""
    key = ctypes.c_uint32()
    code = _libc().pthread_key_create(ctypes.byref(key), None)
    if code:
        raise OSError(code, f"libc has no key left for threads to find their number by: {os.strerror(code)}")
    return key


def _remember(address: int) -> None:
    code = _libc().pthread_setspecific(_key(), ctypes.c_void_p(address))
    if code:
        raise OSError(code, f"libc has no memory for a thread's number: {os.strerror(code)}")


def known_id() -> int:
    """The calling thread's number, 0 if it has none yet."""
    address = _libc().pthread_getspecific(_key())
    if not address:
        return 0
    known = Known.from_address(address)
    return int(known.id) if known.is_true else 0


@operation("thread_id")
def thread_id() -> int:
    """A number that no other thread has, now or later, of this process or those that share memory with it; never 0.

    In sequences it is a parameter; routines may ask for it. A forked child's thread has another one than its parent's.
    Raises: RuntimeError - 65,536 threads that have one are alive. OSError, MemoryError - the system has no memory.
    """
    return known_id() or table().claim()


def has_ended(thread: int) -> bool:
    """True if the thread whose number it was has ended for good; False as long as that is not proved."""
    return table().has_ended(thread)


def describe(thread: int) -> str:
    """That thread, in words."""
    return table().describe(thread)


# ---- what generated code calls


def _id_or_none(_: int) -> int:
    try:
        return thread_id()
    except (RuntimeError, OSError, MemoryError):
        return 0  # generated code says that it could not be had


def _took_over(thread: int) -> int:
    """A filter that turns the warning into an error has it reported (sys.unraisablehook), not raised.

    The caller has the lock, and must learn which.
    """
    how = "was not forked with the process" if thread & LEFT_BEHIND else "has ended"
    text = (
        f"{describe(thread)} held a lock and {how} without releasing it; the calling thread has the lock now. "
        "What the lock protects may be half changed: bring it into order, or make it anew"
    )
    try:
        warnings.warn(text, RuntimeWarning, stacklevel=2)
    except Warning as error:
        _report(error)
    return 0


def _report(error: Exception) -> None:
    """Have sys.unraisablehook told, which takes nothing from Python code: by ctypes, about what a callback raises."""

    def throw() -> None:
        raise error

    ctypes.CFUNCTYPE(None)(throw)()


def _refuse(thread: int) -> NoReturn:
    """Raises: RuntimeError - the caller may not do what it wants with a lock, because of who holds it."""
    if not thread:
        text = "nobody holds that lock: it was released before, or never acquired"
    elif thread == known_id():
        text = "this thread holds that lock already, and would wait for itself"
    else:
        text = f"that lock is held by {describe(thread)}, not by this thread"
    raise RuntimeError(text)


_called: dict[str, Callable[[int], int]] = {
    "rseq_thread_register": _id_or_none,
    "rseq_thread_ended": has_ended,
    "rseq_thread_took_over": _took_over,
    "rseq_thread_refuse": _refuse,
}
"""Generated code calls them as Python objects, not through ctypes: that would drop what a signal handler raises."""


def symbols() -> Mapping[str, int]:
    """What generated code refers to, by name: addresses that stay for good."""
    return {"rseq_thread_key": ctypes.addressof(_key()), **_functions()}


@once
def _functions() -> dict[str, int]:
    for function in _called.values():
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(function))
    return {name: id(function) for name, function in _called.items()}


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None)
    libc.pthread_getspecific.restype = ctypes.c_void_p
    return libc
