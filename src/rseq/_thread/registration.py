"""Whether libc has registered the calling thread with the kernel, and where its area is.

libc registers each thread that it starts, with an area in memory (`struct rseq`) at `__rseq_offset` from the thread
pointer. This package never registers a thread itself: where libc has the symbols but does not register, the usual
reason is another library that does, and that library may end the process if it comes second.

The area's address is kept for each thread. A forked child has the same threads' areas at the same addresses, and
inherits registrations.
"""

from __future__ import annotations

from rseq import _abi as abi
from rseq import _quick_ctypes as ctypes
from rseq._libc import auxv, libc, on_linux
from rseq._loader import Blob, load
from rseq._once import once
from rseq._quick import cache, local


def available() -> bool:
    """Whether sequences of the calling thread run on the lanes of their CPUs.

    False: they run on the spare lane under a lock, exact but slower, and `info()` says why.
    Threads: answers for the calling thread; others may differ.
    """
    return calling_thread().cpu_id.value >= 0


class _CallingThread(local):
    """The area of whichever thread looks at it: `threading.local` makes it anew in each."""

    def __init__(self) -> None:
        self.area, self.refusal = _find_area()
        nowhere = ctypes.c_int32(abi.CPU_ID_UNINITIALIZED)
        self.cpu_id = nowhere if self.area is None else ctypes.c_int32.from_address(self.area + abi.CPU_ID)


@cache
def calling_thread() -> _CallingThread:
    """What is known of whichever thread asks. Made on first use, not on import: the first look loads machine code."""
    return _CallingThread()


def _find_area() -> tuple[int | None, str]:
    """The address of this thread's area if libc keeps one, or else why its address cannot be found ("": no area)."""
    from rseq._thread import support

    offset = rseq_offset()
    if offset is None or not support.is_supported():
        return None, ""
    try:
        return _thread_pointer() + offset, ""
    except OSError as refusal:
        return None, str(refusal)


def _thread_pointer() -> int:
    """The calling thread's thread pointer. Raises: ExecutableMemoryError."""
    from rseq._thread import support

    return int(ctypes.CFUNCTYPE(ctypes.c_size_t)(_thread_pointer_code(support.fact("thread_pointer")))())


@once
def _thread_pointer_code(code: bytes) -> int:
    """The address at which the machine code that reads the thread pointer has been loaded."""
    return load(Blob(code, b"", 0, (), {"thread_pointer": 0})).entries["thread_pointer"]


def rseq_offset() -> int | None:
    """The distance from the thread pointer to the thread's area, or None if this libc keeps no area.

    It differs between processes on one machine, and is often negative. Where libc keeps an area but has not
    registered it (`glibc.pthread.rseq=0`), the area's cpu_id is negative.
    """
    offset = symbol(abi.OFFSET_SYMBOL, ctypes.c_ssize_t)
    # A glibc that knows no signature for this architecture exports the symbols, but both are 0 and there is no area.
    return None if offset == 0 and not rseq_size() else offset


def lanes_offset(index: str) -> int | None:
    """The area's offset for code that picks its lane by `index`, or None if all of it must run on the spare lane.

    A kernel that does not keep mm_cid leaves the field at 0: every thread would take lane 0, and not be restarted when
    another does. The answer is one for the whole process.
    """
    is_kept = index != "mm_cid" or usable_size(rseq_size(), auxv(abi.AT_RSEQ_FEATURE_SIZE)) >= abi.FEATURE_SIZE_MM_CID
    return rseq_offset() if is_kept else None


def rseq_size() -> int | None:
    """`__rseq_size`: 0 if libc does not register threads, None if it has never heard of rseq."""
    return symbol(abi.SIZE_SYMBOL, ctypes.c_uint)


def symbol(name: str, kind: type[ctypes.c_ssize_t] | type[ctypes.c_uint]) -> int | None:
    """The value of a variable of libc, if it has that."""
    if not on_linux():
        return None
    try:
        return kind.in_dll(libc(), name).value
    except ValueError:
        return None


def usable_size(libc_size: int | None, feature_size: int) -> int:
    """How many bytes of a registered thread's area the kernel keeps up to date; 0 if libc registers none.

    `libc_size` is `__rseq_size`, `feature_size` AT_RSEQ_FEATURE_SIZE or 0. The rule is librseq's: 20 and 32 only say
    that libc has reserved the first 32 bytes, and then the kernel knows better; any other size is libc's own answer.
    """
    if not libc_size:
        return 0
    if libc_size in abi.LIBC_SIZES_AMBIGUOUS:
        return min(abi.AREA_SIZE, feature_size or abi.FEATURE_SIZE_FIRST)
    return libc_size
