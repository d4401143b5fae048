"""Thread numbers in machine code, for code that runs without the GIL: it asks Python for nothing.

Whether a thread has the GIL cannot be asked without it, and a thread that waits for the GIL while the interpreter ends
is ended there, or crashes. So what threads.py does for a lock is done here a second time, in the same memory: claiming
a number, and the proof that a thread has ended. Which table is meant is said by the address of its context. What Python
is to say is noted down, and said by the next that has the GIL anyway (`say_what_was_noted`).

The road not taken: Python calling this, too. It gives numbers where no code can be made or executed, before LLVM has
been imported, and tells the thread's name in Python.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import Any

from rseq import _quick_ctypes as ctypes
from rseq._codegen.blob import BlobEnvironment
from rseq._codegen.writer import I8, I32, I64, PTR, VOID, Process, Writer
from rseq._libc import libc_with_gil
from rseq._once import once
from rseq._percpu.segment import PAGE_BYTES
from rseq._percpu.thread_calls import took_over
from rseq._percpu.threads import (
    LEFT_BEHIND,
    Context,
    Known,
    blank_mutex,
    layout,
    new_key,
    table,
    table_with,
)
from rseq._quick import cache

_NOTES = 64
_PR_GET_NAME = 16  # linux/prctl.h
_MADV_POPULATE_WRITE = 23  # asm-generic/mman-common.h

_ENTRIES = ("rseq_thread_claim", "rseq_thread_ended", "rseq_thread_took_over", "rseq_thread_refused")


class _Note(ctypes.Structure):
    _fields_ = (("context", ctypes.c_uint64), ("thread", ctypes.c_uint64))


class _Notes(ctypes.Structure):
    """From whom threads without the GIL have taken a lock; `said` of the `count` have been said."""

    _fields_ = (("count", ctypes.c_uint64), ("said", ctypes.c_uint64), ("notes", _Note * _NOTES))


_notes = _Notes()


class Refused(RuntimeError):
    """What compiled code raises that wants a lock, or gives one back, which another thread holds. It says which."""

    def __init__(self) -> None:
        address = libc_with_gil().pthread_getspecific(_refused_key())
        known = Known.from_address(address) if address else Known()
        super().__init__(table_with(known.context).refusal(known.refused))


Refused.__name__ = Refused.__qualname__ = "RuntimeError"  # as Python code gets it


def say_what_was_noted() -> None:
    """Warn of the locks that were taken over without the GIL since. Raises: what a signal handler raises."""
    while _notes.said < _notes.count:
        number = max(_notes.said, _notes.count - _NOTES)
        note = _notes.notes[number % _NOTES]
        thread = note.thread
        if not thread:  # it is being written
            return
        note.thread, _notes.said = 0, number + 1
        try:
            took_over(table_with(note.context), thread)
        except BaseException:  # of a signal handler: it is still to be said
            note.thread, _notes.said = thread, number
            raise


@cache
def _refused_key() -> int:
    """The pthread key under which a thread has what it knows in the table in which it was refused something last."""
    return new_key()


@once
def symbols() -> Mapping[str, int]:
    """What code without the GIL refers to, by name: addresses that stay for good."""
    code = BlobEnvironment.new("threads")
    _Functions(code).write()
    entries = code.loaded(_ENTRIES).entries
    noted = ctypes.addressof(_notes)
    words = {"rseq_thread_noted": noted, "rseq_thread_said": noted + 8}
    table()  # extents say from now on that it is theirs
    return {**words, **{name: entries[name] for name in _ENTRIES}}


class _Functions:
    """Writes the functions: offsets and limits are constants in them."""

    def __init__(self, code: Process) -> None:
        self._code, self._at = code, layout()

    def write(self) -> None:
        """Write all of them."""
        for name, returns, arguments, write in (
            ("rseq_thread_claim", I64, 1, self._claim),
            ("rseq_thread_ended", I64, 2, self._ended),
            ("rseq_thread_took_over", VOID, 2, self._note),
            ("rseq_thread_refused", VOID, 2, self._refused),
        ):
            emit = self._code.function(name, returns, [I64] * arguments, "noinline", "nounwind")
            write(emit, *emit.arguments)

    # ---- what they have in common

    def _slot(self, emit: Writer, context: Any, number: Any) -> Any:
        return emit.add(emit.mul(number, self._at["slot"]), emit.load(context, Context.first.offset))

    def _key(self, emit: Writer, context: Any) -> Any:
        return emit.fit(emit.load(context, Context.key.offset), I32)

    def _generation(self, emit: Writer, slot: Any) -> Any:
        return emit.load(slot, self._at["generation_at"], order="acquire")

    def _owner(self, emit: Writer, slot: Any) -> Any:
        """Emit: who has the slot's mutex, as libc and the kernel write it; 0 if nobody who is alive has it."""
        word = emit.load(slot, self._at["word_at"], I32, order="acquire")
        return emit.choose(emit.and_(word, self._at["died"]), 0, word)

    # ---- claiming a number

    def _claim(self, emit: Writer, context: Any) -> None:
        """Give the calling thread, which has none, its number; 0: there is none for it."""
        at = self._at
        number = emit.run(self._code.helper("free", I64, [I64], self._free, cold=False), context)
        with emit.if_(emit.compare(number, "<", 0, signed=True)):
            emit.ret(0)
        slot = self._slot(emit, context, number)
        emit.store(emit.call("getpid", I32), slot, at["process_at"])
        emit.store(emit.call("gettid", I32), slot, at["thread_at"])
        emit.call("prctl", I32, I32(_PR_GET_NAME), emit.offset(slot, at["name_at"]), fixed=1)
        generation = emit.or_(emit.add(emit.load(slot, at["generation_at"]), 1), 1)
        emit.store(generation, slot, at["generation_at"], order="release")
        owner = emit.fit(emit.and_(emit.load(slot, at["word_at"], I32), at["owner_mask"]), I64)
        known = emit.pointer(emit.add(emit.mul(number, at["known_size"]), emit.load(context, Context.known.offset)))
        words = emit.add(slot, at["generation_at"]), generation, emit.add(slot, at["word_at"]), owner
        for word, value in enumerate(words, 1):
            emit.store(value, known, 8 * word)
        emit.store(context, known, at["context_at"])
        name = emit.or_(emit.shl(generation, 16), number)
        emit.store(name, known)
        with emit.if_(emit.call("pthread_setspecific", I32, self._key(emit, context), known)):
            emit.store(I64(0), known)
            emit.call("pthread_mutex_unlock", I32, emit.pointer(slot))
            emit.ret(0)
        emit.ret(name)

    def _free(self, emit: Writer, context: Any) -> None:
        """The number of a slot that is the calling thread's from now on; -1: there is none."""
        at, takes = self._at, self._code.helper("takes", I32, [I64, I64], self._takes, cold=False)
        look, fresh = emit.label("look", I64), emit.label("fresh", I64, I64)
        used_at = emit.load(context, Context.used.offset)
        used = emit.load(used_at, order="acquire")
        used = emit.choose(emit.compare(used, "<", at["slots"]), used, at["slots"])  # others write there, too
        with emit.unless(used):
            emit.jump(fresh, used, 0)
        emit.jump(look, 0)
        (turn,) = emit.here(look)
        old = emit.urem(emit.add_atomically(emit.offset(context, Context.next.offset), 1), used)
        with emit.if_(emit.compare(emit.run(takes, context, old), ">", 0, signed=True)):
            emit.ret(old)
        turned = emit.add(turn, 1)
        with emit.if_(emit.compare(turned, "<", at["looks"])):
            emit.jump(look, turned)
        emit.jump(fresh, used, 0)
        number, is_second_round = emit.here(fresh)
        with emit.if_(emit.compare(number, ">=", at["slots"])):
            with emit.if_(is_second_round):
                emit.ret(-1)
            emit.jump(fresh, 0, 1)
        got, following = emit.run(takes, context, number), emit.add(number, 1)
        with emit.if_(emit.compare(got, ">", 0, signed=True)):
            emit.llvm.atomic_rmw("umax", emit.pointer(used_at), following, "release")
            emit.ret(number)
        with emit.if_(got):
            emit.ret(-1)
        emit.jump(fresh, following, is_second_round)

    def _takes(self, emit: Writer, context: Any, number: Any) -> None:
        """1: the calling thread has a slot's mutex from now on; 0: another one has it; -1: there is no memory."""
        slot = self._slot(emit, context, number)
        used = emit.load(emit.load(context, Context.used.offset), order="acquire")
        with emit.if_(emit.compare(number, ">=", used)):
            self._populate(emit, slot)
        with emit.if_(self._owner(emit, slot)):
            emit.ret(0)
        with emit.if_(emit.compare(self._generation(emit, slot), ">=", self._at["last"])):
            emit.ret(0)
        for place, word in blank_mutex()[0]:  # always the same, so that two may do it, whatever the mutex is used for
            emit.store(I32(word), slot, place)
        tried = emit.label("tried", I32)
        at_once = emit.call("pthread_mutex_trylock", I32, emit.pointer(slot))
        with emit.if_(emit.compare(at_once, "==", errno.EOWNERDEAD)):
            emit.jump(tried, emit.call("pthread_mutex_consistent", I32, emit.pointer(slot)))
        emit.jump(tried, at_once)
        (code,) = emit.here(tried)
        emit.ret(emit.fit(emit.compare(code, "==", 0), I32))

    def _populate(self, emit: Writer, slot: Any) -> None:
        """Emit: get the memory of a slot that is used for the first time, or return -1."""
        page = emit.pointer(emit.and_(slot, -PAGE_BYTES))
        with emit.if_(emit.call("madvise", I32, page, PAGE_BYTES, I32(_MADV_POPULATE_WRITE))):
            reason = emit.load(emit.call("__errno_location", PTR), type=I32)
            with emit.if_(emit.compare(reason, "!=", errno.EINVAL)):
                emit.ret(-1)
            emit.load(page, type=I8, order="acquire")  # an old kernel: touch it

    # ---- about other threads

    def _ended(self, emit: Writer, context: Any, thread: Any) -> None:
        """1 if it is proved that the thread with this number has ended."""
        with emit.if_(emit.and_(thread, LEFT_BEHIND - (1 << 64))):
            emit.ret(1)
        slot = self._slot(emit, context, emit.and_(thread, self._at["slots"] - 1))
        wanted = emit.lshr(thread, 16)
        with emit.if_(emit.compare(self._generation(emit, slot), "!=", wanted)):
            emit.ret(1)
        is_dead = emit.compare(self._owner(emit, slot), "==", 0)
        has_changed = emit.compare(self._generation(emit, slot), "!=", wanted)
        emit.ret(emit.fit(emit.or_(is_dead, has_changed), I64))

    def _note(self, emit: Writer, context: Any, thread: Any) -> None:
        """Note down that the calling thread has taken a lock from that one, which has ended."""
        notes = emit.pointer(I64(ctypes.addressof(_notes)))
        place = emit.llvm.atomic_rmw("add", notes, I64(1), "acq_rel")
        into = emit.mul(emit.urem(place, _NOTES), ctypes.sizeof(_Note))
        note = emit.offset(notes, emit.add(into, _Notes.notes.offset))
        emit.store(context, note, _Note.context.offset)
        emit.store(thread, note, _Note.thread.offset, order="release")
        emit.ret()

    def _refused(self, emit: Writer, context: Any, thread: Any) -> None:
        """Note down, for the calling thread, who holds what it may not have."""
        known = emit.call("pthread_getspecific", PTR, self._key(emit, context))
        with emit.if_(known):
            emit.store(thread, known, self._at["refused_at"])
        emit.call("pthread_setspecific", I32, I32(_refused_key()), known)
        emit.ret()
