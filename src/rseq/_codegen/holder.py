"""Whether the calling thread itself holds a robust mutex, in machine code.

libc answers EDEADLK to a thread whose kernel id is in the mutex. In another pid namespace that may be another thread:
two containers each have a thread 1. The kernel's list of what the calling thread holds, by which it would mark the
mutex if the thread ended (get_robust_list(2)), has only its own.

    head:   | first entry | from an entry to its futex | entry that is being put on or taken off |

Assumptions: the list's form is the kernel's interface (linux/futex.h), as are its at most ROBUST_LIST_LIMIT entries.
The lowest bit of an address is a flag. Where the system call is forbidden, libc is believed.
"""

from __future__ import annotations

from typing import Any

from rseq._codegen.environment import Environment
from rseq._codegen.writer import I1, I64, PTR, Writer

MUTEX_BYTES = 64
"""As in _percpu/mutex.py, which loads no compiler: the futex is somewhere in there."""

_LIMIT = 2048  # ROBUST_LIST_LIMIT


def holds_itself(environment: Environment, emit: Writer, mutex: Any) -> Any:
    """Emit: an i1, whether the calling thread holds the mutex, for which libc has said EDEADLK."""

    def write(emit: Writer, mutex: Any) -> None:
        _write(emit, mutex, environment.architecture.get_robust_list)

    return emit.run(environment.helper("rseq.mutex.holds", I1, [PTR], write), mutex)


def _write(emit: Writer, mutex: Any, get_robust_list: int) -> None:
    out = emit.slot(I64, 2)
    failed = emit.call("syscall", I64, get_robust_list, 0, out, emit.offset(out, 8), fixed=1)
    with emit.if_(failed, likely=False):
        emit.ret(1)
    head = emit.load(out)
    first, to_futex, pending = (emit.load(head, 8 * word) for word in range(3))

    def return_if_it_is(entry: Any) -> None:
        into = emit.sub(emit.add(emit.and_(entry, -2), to_futex), emit.address(mutex))
        with emit.if_(emit.compare(into, "<", MUTEX_BYTES), likely=False):
            emit.ret(1)

    return_if_it_is(pending)
    following = emit.label("following", I64, I64)
    emit.jump(following, first, 0)
    entry, turns = emit.here(following)
    address = emit.and_(entry, -2)
    is_last = emit.or_(emit.compare(address, "==", head), emit.compare(turns, ">", _LIMIT))
    with emit.unless(is_last):
        return_if_it_is(entry)
        emit.jump(following, emit.load(address), emit.add(turns, 1))
    emit.ret(0)
