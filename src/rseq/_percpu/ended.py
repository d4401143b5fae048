"""Whether a process has ended: proved, and not guessed from the absence of a sign.

/proc hides processes (hidepid, another user), may not be there at all, and shows the processes of one pid namespace
only. The tables of threads (threads.py) do not: each process that shares memory which `recover` works on puts its
first thread into that memory's table (`be_known`), and the kernel marks that when it ends. The first thread of a
process ends last, or with it, but while the process is being killed; then the process itself can still be seen.

So a process has ended if no thread of a process with that number lives, and if in this namespace there is no process
with that number, or one that is seen to have ended, or that this process may wait for and that has ended.
"""

from __future__ import annotations

import os
from _thread import get_native_id

from rseq import _quick_ctypes as ctypes
from rseq._once import once
from rseq._percpu.threads import table_with

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from rseq._percpu.threads import Table

_LARGEST = (1 << 31) - 1  # a pid_t


def be_known(table: Table) -> None:
    """Put the process's first thread into a table. A forked child is another process, whose first thread has forked.

    Raises: RuntimeError, OSError, MemoryError - the thread can have no number.
    Threads: any. Where it is another one than the first, that is asked to do so as soon as it runs Python code.
    """
    table.thread_id()
    if get_native_id() != os.getpid():
        ctypes.pythonapi.Py_AddPendingCall(_first_thread(), ctypes.c_void_p(table.context))


@once
def _first_thread() -> Callable[[int], int]:
    """What Python has its main thread call. It stays for good."""
    return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(_be_known_late)


def _be_known_late(context: int) -> int:
    try:
        table_with(context).thread_id()
    except (RuntimeError, OSError, MemoryError):
        pass
    return 0


def why_not_ended(process: int, table: Table) -> str:
    """A sentence, if it is not proved that the process with this number has ended; "" if it is.

    `table` is where the first threads are of all processes that share the memory in question.
    """
    runs = "the process runs, and uses what it holds"
    if table.has_thread_of(process):
        return runs
    if process > _LARGEST or not _exists(process) or _is_ended_child(process):
        return ""
    seen = _is_seen_to_run(process)
    if seen is None:
        return "there is a process with that number, and /proc does not show whether it runs; wait until it is gone"
    return runs if seen else ""


def _exists(process: int) -> bool:
    """Whether this pid namespace has a process with that number, be it one that has ended and was not waited for."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_ended_child(process: int) -> bool:
    try:
        return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return False


def _is_seen_to_run(process: int) -> bool | None:
    """Whether a process that exists may still run code; None if nobody says.

    One that has ended and was not waited for does not. One whose first thread has ended, while others are just being
    killed, does.
    """
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            state = file.read().rpartition(b")")[2].split()[0]
        return state not in (b"Z", b"X") or len(os.listdir(f"/proc/{process}/task")) > 1
    except OSError:
        return None if _exists(process) else False
