"""What membarrier(2) does for all threads at once: it restarts sequences, or orders memory.

A forked child inherits the right to fence.
"""

from __future__ import annotations

import errno
import os
from _operator import index

from rseq import _abi as abi
from rseq._libc import errno_name, libc, system_call
from rseq._marks import operation
from rseq._thread.cpus import possible_cpus
from rseq._thread.registration import rseq_size
from rseq._thread.support import fact, is_supported


@operation("fence")
def fence(cpu: int | None = None) -> None:
    """Restart every sequence of this process that is running on a CPU's lane: on `cpu` alone, or on all CPUs.

    Once it has returned, a sequence either committed before the call or sees all that this thread stored before it.
    Sequences on the spare lane are not restarted: whoever must wait for those takes their lock. Where no thread can
    be registered all sequences run there; the call then returns at once and orders nothing.

    Raises: ValueError - `cpu` is no possible CPU. OSError - the kernel has no such fence (Linux 5.10 has), or a
    seccomp filter forbids it.
    Threads: any thread; also in a forked child. Costs an interrupt on each CPU that runs this process.
    """
    flags, number = (0, 0) if cpu is None else (abi.MEMBARRIER_CMD_FLAG_CPU, _possible(cpu))
    if not is_supported() or not rseq_size():
        return
    _require(_restart(flags, number), "restart sequences", since="5.10")


def _possible(cpu: int) -> int:
    number = index(cpu)
    if not 0 <= number < possible_cpus():
        from rseq._language.given import shown

        raise ValueError(f"expected a CPU from 0 to {possible_cpus() - 1} or None for all, got {shown(number)}")
    return number


def _restart(flags: int, cpu: int) -> int:
    """Fence, registering the process the first time: 0, or the errno of what failed.

    Asking the kernel instead of remembering is what makes this right after fork and exec.
    """
    membarrier = fact("membarrier")
    fence_now = (membarrier, abi.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, flags, cpu)
    failure = system_call(*fence_now)
    if failure == errno.EPERM:
        failure = system_call(membarrier, abi.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ)
        failure = failure or system_call(*fence_now)
    return 0 if failure == errno.ENXIO else failure  # ENXIO: that CPU is offline, so nothing runs there


def register_for_barriers(*, shared: bool) -> None:
    """Let `barrier` work: in this process, and with `shared` reach it from others. Children that are forked inherit it.

    Raises: OSError - the kernel has no such barrier, or a seccomp filter forbids it. UnsupportedError - no Linux.
    """
    _barrier_call(_BARRIERS[shared][0])


def barrier(*, shared: bool) -> None:
    """Have each running thread of this process execute a full memory barrier; `shared`: of all registered processes.

    Where each of them is when it does so, nobody knows, but it is after the call began and before it returns. Threads
    that do not run have executed one when they were taken off their CPU. Sequences are not restarted.
    Raises: OSError - this process, or the one that it was forked from, has not called `register_for_barriers`.
    """
    _barrier_call(_BARRIERS[shared][1])


_BARRIERS = (
    (abi.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, abi.MEMBARRIER_CMD_PRIVATE_EXPEDITED),
    (abi.MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, abi.MEMBARRIER_CMD_GLOBAL_EXPEDITED),
)


def _barrier_call(command: int) -> None:
    _require(system_call(fact("membarrier"), command), "fence all threads", since="4.16")


def _require(failure: int, what: str, since: str) -> None:
    if failure:
        raise OSError(
            failure,
            f"expected membarrier to {what}, but kernel {os.uname().release} answers {errno_name(failure)}: "
            f"this needs Linux {since} and no seccomp filter that forbids membarrier",
        )


def has_fences() -> bool:
    """Whether the kernel has fences that restart sequences. Raises: UnsupportedError."""
    commands = libc().syscall(fact("membarrier"), abi.MEMBARRIER_CMD_QUERY, *(0,) * 5)
    return commands > 0 and bool(commands & abi.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ)
