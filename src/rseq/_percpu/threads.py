"""Who is alive: a number for each thread that no other thread ever has, and proof that a thread has ended.

A lock says who holds it by a number. A process id or a thread pointer will not do: another thread has the same one
later, or now, in another pid namespace. So each thread that asks for its number claims a slot in a table:

    slot:  | robust mutex | generation | process, thread, name |        number = generation << 16 | slot

It holds the slot's mutex as long as it lives. When it ends, by whatever ends threads and processes (SIGKILL, exec), the
kernel itself marks the mutex. So a thread has ended for good if its slot's mutex can be had, or if the generation
of its slot is another one. Nobody ever has that number again, so a compare-and-exchange of a word that holds it
takes from that very thread.

Whoever has a slot's mutex is the only one to change the slot, and claiming it makes the generation the next odd number.
A thread that is killed in the middle leaves the mutex to the next. To prove that a thread has ended takes no lock: it
reads the word of the mutex that the kernel marks, and the generation before and after.

That word is never compared with the kernel's id of a thread but by that thread itself. So threads with the same id, in
two pid namespaces, are not mistaken for each other. A mutex is not tried while its word says that somebody has it: libc
would have the kernel mark it for a thread of the same id that is killed at that moment.

A claim looks at a few slots that were used before, going on where the last one stopped, and then takes a fresh slot:
its cost does not depend on how many threads there are. Only a full table is searched from end to end.

A table is shared memory, and is never unmapped: the kernel looks into it when a thread ends. There is one for a process
and all that are forked from it, and one in each file of per-CPU memory, for all that map it. A thread has a number in
each table that it has to do with. A child's threads have numbers of their own, the one that has forked too: what a
thread knows as its number stands in memory that the kernel zeroes in a child (MADV_WIPEONFORK).

Which table it is goes by the memory that one works on: the words below its lock say so (`describe_to`, `table_of`):

    lock - 16 | context | key | lock      context: what this process knows of the table (`Context`)
                                          key: the pthread key under which a thread has what it knows (`Known`)

Generated code finds the number by `pthread_getspecific`, once in a function, however often that loops
(_codegen/environment.py), and calls back into Python for what is rare. What a signal handler raises in the middle of
that is left set, and raised by whoever has called the generated code.

What stands in a table may be anything, where another process has written there. It leads to wrong answers, and not to
memory outside of the table.

Assumptions: threads end through libc or with their process. A compiled function that forks (in objmode) uses no lock
afterwards: it may go on with its parent's number. A signal handler in machine code finds a thread that has its number.
Where there are no robust mutexes (an emulator), nobody is ever proved to have ended.
The road not taken: /proc/<tid>/stat has the time at which a thread began. It counts in hundredths of seconds, is not
there for whom /proc hides others (hidepid), and names other threads in another pid namespace. None of that may take
a lock from somebody who is alive.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
from _operator import eq
from _thread import get_native_id
from itertools import chain, compress, count, starmap, takewhile

from rseq import _quick_ctypes as ctypes
from rseq._forks import THREADS, in_each_child
from rseq._integers import round_up
from rseq._libc import libc_with_gil, os_error
from rseq._loader import CONTEXT_AT, KEY_AT
from rseq._marks import operation
from rseq._once import once
from rseq._percpu.mutex import MUTEX_BYTES, make_mutex
from rseq._percpu.segment import PAGE_BYTES, address_of, describe_extents, populate, sparse
from rseq._quick import get_ident, partial, ref
from rseq._sealed import forever

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Protocol

    Form = tuple[list[tuple[int, int]], int]
else:
    Protocol = object

SLOTS = 1 << 16
"""How many threads there may be at once in a process and those forked from it. Slots cost memory when they are used."""

LEFT_BEHIND = 1 << 63
"""In a number: the copy of that thread that a forked child would have, if threads were forked. It has ended."""

_WIPEONFORK = 18  # asm-generic/mman-common.h
_OWNER = 0x7FFFFFFF  # linux/futex.h: the thread that has a robust mutex, and that it has died
_OWNER_DIED = 0x40000000  # the same

_LOOKS = 8
"""How many slots that were used before a claim looks at. So at most one in eight of them is nobody's for long."""

_LATE = 1 << 10
"""How many threads may be claiming fresh slots at one moment: `used` may be behind by so many."""

_LAST_GENERATION = (1 << 47) - 3
"""A slot that has come so far is not used again: with the next generation a number would have the bit LEFT_BEHIND."""


class _Slot(ctypes.Structure):
    _fields_ = (
        ("mutex", ctypes.c_uint8 * MUTEX_BYTES),
        ("generation", ctypes.c_uint64),
        ("process", ctypes.c_uint32),
        ("thread", ctypes.c_uint32),
        ("name", ctypes.c_char * 48),
    )


_KEEPER_AT = -24
"""Where memory with a table of its own has the number of who knows it, seen from its lock."""

TABLE_BYTES = round_up(ctypes.sizeof(_Slot) * (SLOTS + 1), PAGE_BYTES)
"""What a table takes. Its first word counts the slots that have been used; they follow in the place of the next one."""


class Known(ctypes.Structure):
    """What a thread finds under a table's pthread key: its number, and what holds as long as that is so.

    A pthread key alone is no proof: a signal handler that runs late in a thread's end may leave a value to the next
    thread with that stack.
    """

    _fields_ = (
        ("id", ctypes.c_uint64),
        ("generation_at", ctypes.c_uint64),
        ("generation", ctypes.c_uint64),
        ("mutex_at", ctypes.c_uint64),
        ("owner", ctypes.c_uint64),
        ("context", ctypes.c_uint64),  # of the table
        ("refused", ctypes.c_uint64),  # who holds what the thread could not have, for the exception that says so
    )

    @property
    def is_true(self) -> bool:
        """True if the slot is still that of the thread: not proved to have ended, and not marked by the kernel."""
        if not self.id or ctypes.c_uint64.from_address(self.generation_at).value != self.generation:
            return False
        return bool(ctypes.c_uint32.from_address(self.mutex_at).value & _OWNER == self.owner)


class Context(ctypes.Structure):
    """What a process knows of a table, for machine code: addresses, where it looks next, and the pthread key."""

    _fields_ = (
        ("first", ctypes.c_uint64),  # slot
        ("used", ctypes.c_uint64),  # the slots below that number have been claimed before, some above as well
        ("known", ctypes.c_uint64),  # a `Known` for each slot
        ("next", ctypes.c_uint64),
        ("key", ctypes.c_uint64),
    )


_tables: dict[int, Table] = {}


class Table:
    """The slots, and what the threads of this process know as their numbers.

    Threads: any thread of any process that maps it, at once.
    """

    def __init__(self, base: int | None = None) -> None:
        """Map an empty one for this process and its children, for good; or use the one at `base`.

        That is TABLE_BYTES of shared memory, zeroed before the first process used it, at a page and never unmapped. All
        that use it have the same `blank_mutex()`. Whoever makes two of the same memory has two numbers in it.
        Raises: OSError, MemoryError - there is no memory, or no pthread key.
        """
        size, nbytes = ctypes.sizeof(_Slot), ctypes.sizeof(Known) * SLOTS
        base = _mapping(TABLE_BYTES, mmap.MAP_SHARED) if base is None else base
        populate(base, PAGE_BYTES)
        self._blank, self._word_at = blank_mutex()
        self._used = ctypes.c_uint64.from_address(base)
        self._first = base + size
        self._words = (ctypes.c_uint32 * (SLOTS * size // 4)).from_address(self._first + self._word_at)
        self._known = _mapping(nbytes, mmap.MAP_PRIVATE)
        self._key = new_key()
        self._context = forever(Context(self._first, base, self._known, 0, self._key))
        self.context = ctypes.addressof(self._context)
        """The address of the table's `Context`, which stays for good."""
        _tables[self.context] = self
        if libc_with_gil().madvise(self._known, nbytes, _WIPEONFORK):
            in_each_child(self._forget, THREADS)  # an old kernel

    # ---- the calling thread

    def known(self) -> Known | None:
        """What the calling thread knows of its number, if it has one."""
        address = libc_with_gil().pthread_getspecific(self._key)
        place = Known.from_address(address) if address else None
        return place if place is not None and place.is_true else None

    def known_at(self) -> int:
        """Where the calling thread, which has a number, finds it: a u64 that is another one in a forked child."""
        return int(libc_with_gil().pthread_getspecific(self._key))

    def known_id(self) -> int:
        """The calling thread's number, 0 if it has none yet."""
        place = self.known()
        return 0 if place is None else int(place.id)

    def thread_id(self) -> int:
        """The calling thread's number, which it gets if it has none. Raises: as `claim`."""
        return self.known_id() or self.claim()

    def claim(self) -> int:
        """Give the calling thread, which has none, its number; a signal handler may do so in the middle of it.

        Raises: RuntimeError - too many threads have one. OSError, MemoryError - the system has no memory.
        """
        before = libc_with_gil().pthread_getspecific(self._key)
        number = self._free()
        known = Known.from_address(self._known + ctypes.sizeof(Known) * number)
        mine = 0
        try:
            self._sign(number, known)
            self._remember(ctypes.addressof(known), before)
            mine = self.known_id()
        finally:
            if mine != known.id:  # a signal handler has got a number meanwhile, or raises something
                known.id = 0
                libc_with_gil().pthread_mutex_unlock(self._mutex_of(number))
        return mine

    def _sign(self, number: int, known: Known) -> None:
        """Write down whose slot it is, for others and for the thread itself."""
        slot = self._slot(number)
        slot.process, slot.thread, slot.name = os.getpid(), get_native_id(), _own_name()
        known.generation_at = ctypes.addressof(slot) + _Slot.generation.offset
        known.generation = slot.generation = (slot.generation + 1) | 1
        known.mutex_at = ctypes.addressof(slot) + self._word_at
        known.owner = ctypes.c_uint32.from_address(known.mutex_at).value & _OWNER
        known.context, known.id = self.context, known.generation << 16 | number

    def _remember(self, address: int, before: int | None) -> None:
        """Put `address` under the key if what is there is still `before`. In C: no signal handler comes in between."""
        libc, key = libc_with_gil(), self._key
        is_still = map(eq, map(libc.pthread_getspecific, (key,)), (before,))
        failed = [code for code in starmap(libc.pthread_setspecific, compress(((key, address),), is_still)) if code]
        if failed:
            raise os_error("libc has no memory for a thread's number", failed[0])

    def _free(self) -> int:
        """A slot whose mutex the calling thread has from now on, until it ends."""
        for number in chain(self._some_used(), range(self._used.value, SLOTS), range(SLOTS)):
            if self._is_free(number) and self._takes(number):
                self._used.value = max(self._used.value, number + 1)
                return number
        raise RuntimeError(f"{SLOTS:,} threads that have used a lock are alive; no other can")

    def _some_used(self) -> Iterator[int]:
        used = min(self._used.value, SLOTS)
        for _ in range(min(used, _LOOKS)):
            self._context.next = number = (self._context.next + 1) % used
            yield number

    def _is_free(self, number: int) -> bool:
        """If nobody who is alive has the slot's mutex, and there are generations left. Raises: MemoryError."""
        if number >= self._used.value:
            populate(self._mutex_of(number) & -PAGE_BYTES, PAGE_BYTES)
        return not self._has_owner(number) and self._slot(number).generation < _LAST_GENERATION

    def _has_owner(self, number: int) -> bool:
        word: int = self._words[number * (ctypes.sizeof(_Slot) // 4)]
        return word != 0 and not word & _OWNER_DIED

    def _takes(self, number: int) -> bool:
        """Take the slot's mutex; False if another thread was faster."""
        mutex = self._mutex_of(number)
        for place, word in self._blank:  # always the same, so that two may do it, whatever the mutex is used for
            ctypes.c_uint32.from_address(mutex + place).value = word
        code = libc_with_gil().pthread_mutex_trylock(mutex)
        if code == errno.EOWNERDEAD:
            code = libc_with_gil().pthread_mutex_consistent(mutex)
        return bool(code == 0)

    def has_ended(self, thread: int) -> bool:
        """True if it is proved that the thread with this number has ended. False if it lives, or nothing is proved."""
        if thread & LEFT_BEHIND:
            return True
        number, generation = thread & SLOTS - 1, thread >> 16
        slot = self._slot(number)
        if slot.generation != generation:
            return True
        is_owned = self._has_owner(number)  # by whoever had the slot before the generation is looked at again
        return slot.generation != generation or not is_owned

    def has_thread_of(self, process: int) -> bool:
        """Whether a thread lives that has a number, of a process that has this number in its own pid namespace."""
        perhaps = range(min(self._used.value + _LATE, SLOTS))
        there = takewhile(self._exists, perhaps)
        return any(self._has_owner(number) and self._slot(number).process == process for number in there)

    def _exists(self, number: int) -> bool:
        """Whether the slot's memory exists, or can be had: in a file system that is full, touching it is a SIGBUS."""
        if number >= self._used.value and not self._mutex_of(number) % PAGE_BYTES:
            try:
                populate(self._mutex_of(number), PAGE_BYTES)
            except MemoryError:
                return False
        return True

    def describe(self, thread: int) -> str:
        """The thread with this number, in words."""
        slot = self._slot(thread & SLOTS - 1)
        generation, now = (thread & ~LEFT_BEHIND) >> 16, slot.generation
        if now != generation:
            return "a thread that has ended"
        name = slot.name.decode(errors="replace")
        return f"thread {slot.thread}{f' ({name})' if name else ''} of process {slot.process}"

    def _slot(self, number: int) -> _Slot:
        return _Slot.from_address(self._mutex_of(number))

    def _mutex_of(self, number: int) -> int:
        return self._first + ctypes.sizeof(_Slot) * number

    def refusal(self, thread: int) -> str:
        """Why the calling thread may not do what it wants with a lock, which that thread holds."""
        if not thread:
            return "nobody holds that lock: it was released before, or never acquired"
        if thread == self.known_id():
            return "this thread holds that lock already, and would wait for itself"
        return f"that lock is held by {self.describe(thread)}, not by this thread"

    def _forget(self) -> None:
        nbytes = ctypes.sizeof(Known) * SLOTS
        if libc_with_gil().madvise(self._known, nbytes, mmap.MADV_DONTNEED):
            ctypes.memset(self._known, 0, nbytes)  # locked in memory


def layout() -> dict[str, int]:
    """Offsets and limits: what machine code needs to do the same without Python (thread_code.py)."""
    return {
        "slot": ctypes.sizeof(_Slot),
        "word_at": blank_mutex()[1],
        "generation_at": _Slot.generation.offset,
        "process_at": _Slot.process.offset,
        "thread_at": _Slot.thread.offset,
        "name_at": _Slot.name.offset,
        "known_size": ctypes.sizeof(Known),
        "context_at": Known.context.offset,
        "refused_at": Known.refused.offset,
        "owner_mask": _OWNER,
        "died": _OWNER_DIED,
        "last": _LAST_GENERATION,
        "slots": SLOTS,
        "looks": _LOOKS,
    }


@once
def blank_mutex() -> Form:
    """Offsets and words that a new mutex has and zeroed memory has not, and where the one is that the kernel marks.

    They are libc's: processes whose libc has others cannot share a table.
    """
    buffer = (ctypes.c_uint8 * (2 * MUTEX_BYTES))()
    mutex = round_up(ctypes.addressof(buffer), MUTEX_BYTES)
    words = (ctypes.c_uint32 * (MUTEX_BYTES // 4)).from_address(mutex)
    make_mutex(mutex)
    blank = list(words)
    libc_with_gil().pthread_mutex_lock(mutex)
    owned = list(words)
    libc_with_gil().pthread_mutex_unlock(mutex)
    me = get_native_id()
    word = next(place for place, word in enumerate(owned) if not blank[place] and word & _OWNER == me)
    return [(4 * place, word) for place, word in enumerate(blank) if word], 4 * word


def _own_name() -> bytes:
    """The calling thread's name in Python. Asked for without a lock: this may come in the middle of anything."""
    thread = getattr(sys.modules.get("threading"), "_active", {}).get(get_ident())
    name: str = "" if thread is None else thread.name
    return name.encode(errors="replace")[: _Slot.name.size]


def _mapping(nbytes: int, sharing: int) -> int:
    """Anonymous memory that is never unmapped."""
    return address_of(forever(sparse(nbytes, sharing)))


def new_key() -> int:
    """A pthread key. Raises: OSError - a process has no more."""
    key = ctypes.c_uint32()
    code = libc_with_gil().pthread_key_create(ctypes.byref(key), None)
    if code:
        raise os_error("libc has no key left for threads to find their number by", code)
    return key.value


# ---- which table


@once
def table() -> Table:
    """The table of this process, and of those forked from it since it was made: that of all anonymous memory."""
    made = _family()
    describe_extents(partial(describe_to, table=made))
    return made


@once
def _family() -> Table:
    return Table()


def describe_to(lock: int, table: Table) -> None:
    """Write down below the lock of an extent, in memory of this process alone, that its threads are in this table.

    Threads: any; nobody may ask for numbers there before. Twice is as good as once.
    """
    ctypes.c_uint64.from_address(lock + KEY_AT).value = table._key
    ctypes.c_uint64.from_address(lock + CONTEXT_AT).value = table.context


class Keeper(Protocol):
    """Who knows the table of some memory, and makes it when it is first asked for."""

    def table_for(self, lock: int) -> Table:
        """Its table, once that was told to the memory with the lock (`describe_to`)."""


_keepers: dict[int, ref[Keeper]] = {}


def keep_table(keeper: Keeper) -> int:
    """A number for `be_kept`, which is good as long as the keeper lives."""
    number = next(_numbers)
    _keepers[number] = ref(keeper, partial(_keepers.pop, number))
    return number


_numbers = count(1)


def be_kept(lock: int, number: int) -> None:
    """Write down below the lock of an extent who knows its table. Threads: any; before it is first asked for."""
    ctypes.c_uint64.from_address(lock + _KEEPER_AT).value = number


def table_of(lock: int) -> Table:
    """The table of memory whose spare lane's lock has that address.

    Machine code that asks for numbers there may run from then on.
    """
    context = ctypes.c_uint64.from_address(lock + CONTEXT_AT).value
    if not context and (number := ctypes.c_uint64.from_address(lock + _KEEPER_AT).value):
        keeper = _keepers[number]()
        assert keeper is not None, "memory lives as long as what keeps its table"
        return keeper.table_for(lock)
    return table_with(context)


def table_with(context: int) -> Table:
    """The table whose context has that address; that of this process for 0."""
    return _tables[context] if context else table()


@operation("thread_id")
def thread_id() -> int:
    """A number that no other thread has, now or later, of this process or those that share memory with it; never 0.

    In sequences it is a parameter; routines may ask for it. There it is the number by which the calling thread is known
    in the routine's memory. That is this one, but in a segment that unrelated processes map: there are others in it.
    A forked child's thread has another one than its parent's.
    Raises: RuntimeError - 65,536 threads that have one are alive. OSError, MemoryError - the system has no memory.
    """
    return table().thread_id()
