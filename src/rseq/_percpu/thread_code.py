"""Thread numbers in machine code, for code that runs without the GIL: it asks Python for nothing.

Whether a thread has the GIL cannot be asked without it, and a thread that waits for the GIL while the interpreter ends
is ended there, or crashes. So what threads.py does for a lock is done here a second time, in LLVM's language, in the
same memory: claiming a number, and the proof that a thread has ended. What Python is to say is noted down, and said by
the next that has the GIL anyway (`say_what_was_noted`).
"""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Mapping

from rseq._codegen.blob import compile_module, new_module
from rseq._loader import load
from rseq._once import once
from rseq._percpu.segment import PAGE_BYTES
from rseq._percpu.threads import LEFT_BEHIND, key_symbol, known, refusal, table, took_over
from rseq._thread.support import require_support

__all__ = ["Refused", "say_what_was_noted", "symbols"]

_NOTES = 64
_PR_GET_NAME = 16  # linux/prctl.h
_MADV_POPULATE_WRITE = 23  # asm-generic/mman-common.h

_ENTRIES = ("rseq_thread_claim", "rseq_thread_ended", "rseq_thread_took_over", "rseq_thread_refused")
_LIBC = ["getpid", "gettid", "prctl", "madvise", "__errno_location", "pthread_getspecific", "pthread_setspecific"]
_LIBC += [f"pthread_mutex_{verb}" for verb in ("trylock", "consistent", "unlock")]


class _Notes(ctypes.Structure):
    """From whom threads without the GIL have taken a lock; `said` of the `count` have been said."""

    _fields_ = (("count", ctypes.c_uint64), ("said", ctypes.c_uint64), ("threads", ctypes.c_uint64 * _NOTES))


_notes, _next = _Notes(), ctypes.c_uint64()


class Refused(RuntimeError):
    """What compiled code raises that wants a lock, or gives one back, which another thread holds. It says which."""

    def __init__(self) -> None:
        place = known()
        super().__init__(refusal(0 if place is None else place.refused))


Refused.__name__ = Refused.__qualname__ = "RuntimeError"  # as Python code gets it


def say_what_was_noted() -> None:
    """Warn of the locks that were taken over without the GIL since. Raises: what a signal handler raises."""
    while _notes.said < _notes.count:
        number = max(_notes.said, _notes.count - _NOTES)
        thread = _notes.threads[number % _NOTES]
        if not thread:  # it is being written
            return
        _notes.threads[number % _NOTES], _notes.said = 0, number + 1
        try:
            took_over(thread, frames=3)
        except BaseException:  # of a signal handler: it is still to be said
            _notes.threads[number % _NOTES], _notes.said = thread, number
            raise


@once
def symbols() -> Mapping[str, int]:
    """What code without the GIL refers to, by name: addresses that stay for good."""
    architecture = require_support()
    text = f"{new_module(architecture, 'threads')}\n{_text()}"
    entries = load(compile_module(text, architecture, _ENTRIES)).entries
    noted = ctypes.addressof(_notes)
    words = {"rseq_thread_noted": noted, "rseq_thread_said": noted + 8}
    return {**key_symbol(), **words, **{name: entries[name] for name in _ENTRIES}}


def _text() -> str:
    declared = [f"@{name} = external global i8\n@slot.{name} = hidden global ptr @{name}\n" for name in _LIBC]
    blank = [_store("i32", word, "%slot", place, f"b{place}") for place, word in table().blank_mutex]
    return "".join(declared) + _CODE.format(**_numbers(), blank="".join(blank))


def _store(type: str, value: object, base: str, offset: int, name: str) -> str:
    return (
        f"  %{name} = add i64 {base}, {offset}\n  %{name}p = inttoptr i64 %{name} to ptr\n"
        f"  store {type} {value}, ptr %{name}p, align {min(int(type[1:]) // 8, 8)}\n"
    )


def _numbers() -> dict[str, int]:
    """Addresses of this process, offsets and limits."""
    return {
        **table().layout(),
        "next": ctypes.addressof(_next),
        "key": ctypes.c_uint32.from_address(key_symbol()["rseq_thread_key"]).value,
        "notes": ctypes.addressof(_notes),
        "note_count": _NOTES,
        "page": PAGE_BYTES,
        "populate": _MADV_POPULATE_WRITE,
        "get_name": _PR_GET_NAME,
        "left_behind": LEFT_BEHIND - (1 << 64),
        "owner_dead": errno.EOWNERDEAD,
        "invalid": errno.EINVAL,
    }


_CODE = """
; 1: the calling thread has the mutex of slot %n from now on; 0: another one has it; -1: there is no memory
define internal i32 @takes(i64 %n) noinline nounwind {{
  %offset = mul i64 %n, {slot}
  %slot = add i64 %offset, {first}
  %mutex = inttoptr i64 %slot to ptr
  %word = call i32 @owner(i64 %slot)
  %free = icmp eq i32 %word, 0
  br i1 %free, label %ownerless, label %no
ownerless:
  %generation_at = add i64 %slot, {generation_at}
  %generation_p = inttoptr i64 %generation_at to ptr
  %generation = load atomic i64, ptr %generation_p acquire, align 8
  %lasts = icmp ult i64 %generation, {last}
  br i1 %lasts, label %lasting, label %no
lasting:
  %used_p = inttoptr i64 {used} to ptr
  %used = load atomic i64, ptr %used_p acquire, align 8
  %fresh = icmp uge i64 %n, %used
  br i1 %fresh, label %first_use, label %try
first_use:
  %page_at = and i64 %slot, -{page}
  %page = inttoptr i64 %page_at to ptr
  %madvise = load ptr, ptr @slot.madvise
  %advised = call i32 %madvise(ptr %page, i64 {page}, i32 {populate})
  %populated = icmp eq i32 %advised, 0
  br i1 %populated, label %blank, label %unpopulated
unpopulated:
  %errno_at = load ptr, ptr @slot.__errno_location
  %errno_p = call ptr %errno_at()
  %errno = load i32, ptr %errno_p
  %old_kernel = icmp eq i32 %errno, {invalid}
  br i1 %old_kernel, label %touch, label %no_memory
no_memory:
  ret i32 -1
touch:
  %byte = load volatile i8, ptr %page
  br label %blank
blank:
{blank}  br label %try
try:
  %trylock = load ptr, ptr @slot.pthread_mutex_trylock
  %tried = call i32 %trylock(ptr %mutex)
  %orphan = icmp eq i32 %tried, {owner_dead}
  br i1 %orphan, label %repair, label %done
repair:
  %consistent = load ptr, ptr @slot.pthread_mutex_consistent
  %repaired = call i32 %consistent(ptr %mutex)
  br label %done
done:
  %code = phi i32 [ %tried, %try ], [ %repaired, %repair ]
  %is_ours = icmp eq i32 %code, 0
  %answer = zext i1 %is_ours to i32
  ret i32 %answer
no:
  ret i32 0
}}

; who has the slot's mutex, as libc and the kernel write it; 0 if nobody who is alive has it
define internal i32 @owner(i64 %slot) nounwind {{
  %word_at = add i64 %slot, {word_at}
  %word_p = inttoptr i64 %word_at to ptr
  %word = load atomic i32, ptr %word_p acquire, align 4
  %mark = and i32 %word, {died}
  %lives = icmp eq i32 %mark, 0
  %owner = select i1 %lives, i32 %word, i32 0
  ret i32 %owner
}}

; the number of a slot that is the calling thread's; -1: there is none
define internal i64 @free() noinline nounwind {{
entry:
  %used_p = inttoptr i64 {used} to ptr
  %next_p = inttoptr i64 {next} to ptr
  %used = load atomic i64, ptr %used_p acquire, align 8
  %none = icmp eq i64 %used, 0
  br i1 %none, label %fresh, label %look
look:
  %turn = phi i64 [ 0, %entry ], [ %turned, %other ]
  %before = atomicrmw add ptr %next_p, i64 1 monotonic
  %old = urem i64 %before, %used
  %old_is = call i32 @takes(i64 %old)
  %old_got = icmp sgt i32 %old_is, 0
  br i1 %old_got, label %found_old, label %other
other:
  %turned = add i64 %turn, 1
  %again = icmp ult i64 %turned, {looks}
  br i1 %again, label %look, label %fresh
found_old:
  ret i64 %old
fresh:
  %n = phi i64 [ %used, %entry ], [ %used, %other ], [ 0, %wrapped ], [ %n_next, %wrap ]
  %full = phi i64 [ 0, %entry ], [ 0, %other ], [ 1, %wrapped ], [ %full, %wrap ]
  %past = icmp uge i64 %n, {slots}
  br i1 %past, label %end, label %new
end:
  %second = icmp ne i64 %full, 0
  br i1 %second, label %failed, label %wrapped
wrapped:
  br label %fresh
new:
  %new_is = call i32 @takes(i64 %n)
  %new_got = icmp sgt i32 %new_is, 0
  br i1 %new_got, label %found_new, label %not_got
not_got:
  %no_memory = icmp slt i32 %new_is, 0
  br i1 %no_memory, label %failed, label %wrap
wrap:
  %n_next = add i64 %n, 1
  br label %fresh
found_new:
  %now_used = add i64 %n, 1
  %was_used = atomicrmw umax ptr %used_p, i64 %now_used release
  ret i64 %n
failed:
  ret i64 -1
}}

; give the calling thread, which has none, its number; 0: there is none for it
define i64 @rseq_thread_claim() noinline nounwind {{
  %n = call i64 @free()
  %none = icmp slt i64 %n, 0
  br i1 %none, label %failed, label %sign
sign:
  %offset = mul i64 %n, {slot}
  %slot = add i64 %offset, {first}
  %mutex = inttoptr i64 %slot to ptr
  %getpid = load ptr, ptr @slot.getpid
  %process = call i32 %getpid()
  %process_at = add i64 %slot, {process_at}
  %process_p = inttoptr i64 %process_at to ptr
  store i32 %process, ptr %process_p
  %gettid = load ptr, ptr @slot.gettid
  %thread = call i32 %gettid()
  %thread_at = add i64 %slot, {thread_at}
  %thread_p = inttoptr i64 %thread_at to ptr
  store i32 %thread, ptr %thread_p
  %name_at = add i64 %slot, {name_at}
  %name_p = inttoptr i64 %name_at to ptr
  %prctl = load ptr, ptr @slot.prctl
  %named = call i32 (i32, ...) %prctl(i32 {get_name}, ptr %name_p)
  %generation_at = add i64 %slot, {generation_at}
  %generation_p = inttoptr i64 %generation_at to ptr
  %before = load i64, ptr %generation_p
  %following = add i64 %before, 1
  %generation = or i64 %following, 1
  store atomic i64 %generation, ptr %generation_p release, align 8
  %known_offset = mul i64 %n, {known_size}
  %known_at = add i64 %known_offset, {known}
  %known = inttoptr i64 %known_at to ptr
  %word_at = add i64 %slot, {word_at}
  %word_p = inttoptr i64 %word_at to ptr
  %word = load i32, ptr %word_p
  %masked = and i32 %word, {owner_mask}
  %owner = zext i32 %masked to i64
  %known1 = getelementptr i64, ptr %known, i64 1
  store i64 %generation_at, ptr %known1
  %known2 = getelementptr i64, ptr %known, i64 2
  store i64 %generation, ptr %known2
  %known3 = getelementptr i64, ptr %known, i64 3
  store i64 %word_at, ptr %known3
  %known4 = getelementptr i64, ptr %known, i64 4
  store i64 %owner, ptr %known4
  %high = shl i64 %generation, 16
  %id = or i64 %high, %n
  store i64 %id, ptr %known
  %setspecific = load ptr, ptr @slot.pthread_setspecific
  %code = call i32 %setspecific(i32 {key}, ptr %known)
  %remembered = icmp eq i32 %code, 0
  br i1 %remembered, label %done, label %forgotten
forgotten:
  store i64 0, ptr %known
  %unlock = load ptr, ptr @slot.pthread_mutex_unlock
  %unlocked = call i32 %unlock(ptr %mutex)
  ret i64 0
done:
  ret i64 %id
failed:
  ret i64 0
}}

; 1 if it is proved that the thread with this number has ended
define i64 @rseq_thread_ended(i64 %number) noinline nounwind {{
  %left = and i64 %number, {left_behind}
  %is_left = icmp ne i64 %left, 0
  br i1 %is_left, label %ended, label %look
look:
  %mask = sub i64 {slots}, 1
  %n = and i64 %number, %mask
  %wanted = lshr i64 %number, 16
  %offset = mul i64 %n, {slot}
  %slot = add i64 %offset, {first}
  %generation_at = add i64 %slot, {generation_at}
  %generation_p = inttoptr i64 %generation_at to ptr
  %first = load atomic i64, ptr %generation_p acquire, align 8
  %is_other = icmp ne i64 %first, %wanted
  br i1 %is_other, label %ended, label %owned
owned:
  %owner = call i32 @owner(i64 %slot)
  %is_dead = icmp eq i32 %owner, 0
  %second = load atomic i64, ptr %generation_p acquire, align 8
  %changed = icmp ne i64 %second, %wanted
  %either = or i1 %is_dead, %changed
  %answer = zext i1 %either to i64
  ret i64 %answer
ended:
  ret i64 1
}}

; note down that the calling thread has taken a lock from that one, which has ended
define void @rseq_thread_took_over(i64 %number) noinline nounwind {{
  %notes = inttoptr i64 {notes} to ptr
  %place = atomicrmw add ptr %notes, i64 1 acq_rel
  %n = urem i64 %place, {note_count}
  %at = add i64 %n, 2
  %note = getelementptr i64, ptr %notes, i64 %at
  store atomic i64 %number, ptr %note release, align 8
  ret void
}}

; note down, for the calling thread, who holds what it may not have
define void @rseq_thread_refused(i64 %number) noinline nounwind {{
  %getspecific = load ptr, ptr @slot.pthread_getspecific
  %known = call ptr %getspecific(i32 {key})
  %unknown = icmp eq ptr %known, null
  br i1 %unknown, label %done, label %note
note:
  %at = getelementptr i8, ptr %known, i64 {refused_at}
  store i64 %number, ptr %at
  br label %done
done:
  ret void
}}
"""
