"""The calling thread: whether the kernel has registered it, or why not; CPU numbers; fences.

libc registers each thread that it starts, with an area in memory (`struct rseq`) at `__rseq_offset` from the thread
pointer. This package never registers a thread itself: where libc has the symbols but does not register, the usual
reason is another library that does, and that library may end the process if it comes second.

What follows from a thread that is not registered is always the same: its sequences run on the spare lane under a
lock, with the same results. So nothing here fails for want of rseq; `info()` says what is missing, and why.

The area's address is kept for each thread. A forked child has the same threads' areas at the same addresses, and
inherits registrations and the right to fence.
"""

from __future__ import annotations

import ctypes
import errno
import operator
import os
import platform
import re
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rseq import _abi as abi
from rseq._language.compiled import operation

if TYPE_CHECKING:
    from rseq._arch import Architecture

_CPUS = Path("/sys/devices/system/cpu")
_KERNEL_ADDRESS = -4096  # of no user's memory; aligned as an area must be


# The calling thread


def available() -> bool:
    """Whether sequences of the calling thread run on the lanes of their CPUs.

    False: they run on the spare lane under a lock, exact but slower, and `info()` says why.
    Threads: answers for the calling thread; others may differ.
    """
    return _calling_thread().cpu_id.value >= 0


@operation("cpu_number")
def cpu_number() -> int:
    """The CPU that the calling thread runs on, which may be another one as soon as it is known.

    Works in threads that are not registered too. 0 on a system that does not say.
    """
    number = _calling_thread().cpu_id.value
    return number if number >= 0 else _getcpu()


def _getcpu() -> int:
    libc = _libc()
    return 0 if libc is None else max(0, int(libc.sched_getcpu()))


class UnsupportedError(RuntimeError):
    """No sequence can run here: the system is not Linux, or its architecture has no code generator."""


def require_support() -> Architecture:
    """The architecture that code is made for here. Raises: UnsupportedError - with the reason, in a sentence."""
    architecture = _architecture()
    if architecture is None:
        raise UnsupportedError(next(_obstacles(info())).sentence)
    return architecture


class _CallingThread(threading.local):
    """The area of whichever thread looks at it: `threading.local` makes it anew in each."""

    def __init__(self) -> None:
        self.area, self.refusal = _find_area()
        nowhere = ctypes.c_int32(abi.CPU_ID_UNINITIALIZED)
        self.cpu_id = nowhere if self.area is None else ctypes.c_int32.from_address(self.area + abi.CPU_ID)


@cache
def _calling_thread() -> _CallingThread:
    """Made on first use, not on import: the first look at an area loads machine code."""
    return _CallingThread()


def _find_area() -> tuple[int | None, str]:
    """The address of this thread's area if libc keeps one, or else why its address cannot be found ("": no area)."""
    offset, architecture = rseq_offset(), _architecture()
    if offset is None or architecture is None:
        return None, ""
    try:
        return _thread_pointer(architecture) + offset, ""
    except OSError as refusal:
        return None, str(refusal)


def _thread_pointer(architecture: Architecture) -> int:
    """The calling thread's thread pointer. Raises: ExecutableMemoryError."""
    return int(ctypes.CFUNCTYPE(ctypes.c_size_t)(_thread_pointer_code(architecture.thread_pointer))())


@cache
def _thread_pointer_code(code: bytes) -> int:
    """The address at which the machine code that reads the thread pointer has been loaded."""
    from rseq._loader import Blob, load

    return load(Blob(code, b"", 0, (), {"thread_pointer": 0})).entries["thread_pointer"]


def _architecture() -> Architecture | None:
    """The architecture of this machine, or None if there is no file for it or the system is not Linux."""
    from rseq._arch import host

    return host() if _on_linux() else None


# libc and the kernel


def rseq_offset() -> int | None:
    """The distance from the thread pointer to the thread's area, or None if this libc keeps no area.

    It differs between processes on one machine, and is often negative. Where libc keeps an area but has not
    registered it (`glibc.pthread.rseq=0`), the area's cpu_id is negative.
    """
    offset = _symbol(abi.OFFSET_SYMBOL, ctypes.c_ssize_t)
    # A glibc that knows no signature for this architecture exports the symbols, but both are 0 and there is no area.
    return None if offset == 0 and not _libc_size() else offset


def lanes_offset(index: str) -> int | None:
    """The area's offset for code that picks its lane by `index`, or None if all of it must run on the spare lane.

    A kernel that does not keep mm_cid leaves the field at 0: every thread would take lane 0, and not be restarted when
    another does. The answer is one for the whole process.
    """
    is_kept = index != "mm_cid" or usable_size(_libc_size(), _auxv(abi.AT_RSEQ_FEATURE_SIZE)) >= abi.FEATURE_SIZE_MM_CID
    return rseq_offset() if is_kept else None


def _libc_size() -> int | None:
    """`__rseq_size`: 0 if libc does not register threads, None if it has never heard of rseq."""
    return _symbol(abi.SIZE_SYMBOL, ctypes.c_uint)


def _symbol(name: str, kind: type[ctypes.c_ssize_t] | type[ctypes.c_uint]) -> int | None:
    libc = _libc()
    if libc is None:
        return None
    try:
        return kind.in_dll(libc, name).value
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


def _on_linux() -> bool:
    return sys.platform.startswith("linux")


@cache
def _libc() -> ctypes.CDLL | None:
    """libc, with the types of what is called here; None where there is no Linux below it."""
    if not _on_linux():
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.argtypes = (ctypes.c_long,) * 5
    libc.syscall.restype = ctypes.c_long
    libc.getauxval.argtypes = (ctypes.c_ulong,)
    libc.getauxval.restype = ctypes.c_ulong
    return libc


def _auxv(entry: int) -> int:
    libc = _libc()
    return 0 if libc is None else int(libc.getauxval(entry))


def _call(number: int, *arguments: int) -> int:
    """The errno with which a system call of up to four arguments fails, 0 if it does not."""
    libc = _libc()
    if libc is None:
        return errno.ENOSYS
    ctypes.set_errno(0)
    result = libc.syscall(number, *arguments, *(0,) * (4 - len(arguments)))
    return ctypes.get_errno() if result < 0 else 0


# Fences


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
    architecture = _architecture()
    if architecture is None or not _libc_size():
        return
    failure = _restart(architecture, flags, number)
    if failure:
        raise OSError(
            failure,
            f"expected membarrier to restart sequences, but kernel {platform.release()} answers "
            f"{_errno_name(failure)}: this needs Linux 5.10 and no seccomp filter that forbids membarrier",
        )


def _possible(cpu: int) -> int:
    number = operator.index(cpu)
    if not 0 <= number < possible_cpus():
        raise ValueError(f"expected a CPU from 0 to {possible_cpus() - 1} or None for all, got {number}")
    return number


def _restart(architecture: Architecture, flags: int, cpu: int) -> int:
    """Fence, registering the process the first time: 0, or the errno of what failed.

    Asking the kernel instead of remembering is what makes this right after fork and exec.
    """
    fence_now = (architecture.membarrier, abi.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, flags, cpu)
    failure = _call(*fence_now)
    if failure == errno.EPERM:
        failure = _call(architecture.membarrier, abi.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ)
        failure = failure or _call(*fence_now)
    return 0 if failure == errno.ENXIO else failure  # ENXIO: that CPU is offline, so nothing runs there


def register_for_barriers(*, shared: bool) -> None:
    """Let `barrier` work: in this process, and with `shared` reach it from others. Children that are forked inherit it.

    Raises: OSError - the kernel has no such barrier, or a seccomp filter forbids it. UnsupportedError - no Linux.
    """
    _require_barrier(_call(require_support().membarrier, _BARRIERS[shared][0]))


def barrier(*, shared: bool) -> None:
    """Have each running thread of this process execute a full memory barrier; `shared`: of all registered processes.

    Where each of them is when it does so, nobody knows, but it is after the call began and before it returns. Threads
    that do not run have executed one when they were taken off their CPU. Sequences are not restarted.
    Raises: OSError - this process, or the one that it was forked from, has not called `register_for_barriers`.
    """
    _require_barrier(_call(require_support().membarrier, _BARRIERS[shared][1]))


_BARRIERS = (
    (abi.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, abi.MEMBARRIER_CMD_PRIVATE_EXPEDITED),
    (abi.MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, abi.MEMBARRIER_CMD_GLOBAL_EXPEDITED),
)


def _require_barrier(failure: int) -> None:
    if failure:
        raise OSError(
            failure,
            f"expected membarrier to fence all threads, but kernel {platform.release()} answers "
            f"{_errno_name(failure)}: this needs Linux 4.16 and no seccomp filter that forbids membarrier",
        )


def _has_fences(architecture: Architecture) -> bool:
    libc = _libc()
    commands = -1 if libc is None else libc.syscall(architecture.membarrier, abi.MEMBARRIER_CMD_QUERY, 0, 0, 0)
    return commands > 0 and bool(commands & abi.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ)


def _errno_name(number: int) -> str:
    return errno.errorcode.get(number, str(number))


# CPUs


@cache
def possible_cpus() -> int:
    """1 + the highest number that a CPU of this machine can ever have; plugging CPUs in does not change it.

    Neither the number of CPUs online nor what this process may use: CPU numbers go beyond both.
    Raises: OSError - too many files are open: an estimate would hold for as long as the process lives.
    """
    return _count_in_list(_CPUS / "possible") or _count_of_folders(_CPUS) or os.cpu_count() or 1


def _count_in_list(file: Path) -> int:
    """1 + the highest number in a list like "0-3,8"; 0 if the file is not there."""
    try:
        return max((int(number) + 1 for number in re.findall(r"\d+", file.read_text())), default=0)
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise
        return 0


def _count_of_folders(folder: Path) -> int:
    """The larger of what libc counts and 1 + the highest N with a folder cpuN; 0 if nobody says."""
    numbers = (re.fullmatch(r"cpu(\d+)", path.name) for path in folder.glob("cpu*"))
    highest = max((int(match[1]) + 1 for match in numbers if match), default=0)
    return max(highest, _sysconf("SC_NPROCESSORS_CONF"))


def _online_cpus() -> int:
    return _sysconf("SC_NPROCESSORS_ONLN") or os.cpu_count() or 1


def _sysconf(name: str) -> int:
    try:
        return max(0, os.sysconf(name))
    except (AttributeError, ValueError, OSError):
        return 0


# What there is, and what is missing


class Missing(NamedTuple):
    """What a thread has to do without, and a sentence on why and what happens instead."""

    what: str
    sentence: str


@dataclass(frozen=True)
class Info:
    """What the calling thread has of restartable sequences, as found at one moment."""

    system: str
    kernel: str  # its release
    libc: str
    architecture: str  # as platform.machine() says it
    supported: bool  # there is a file for this architecture
    kernel_has_rseq: bool
    kernel_answer: str  # the errno of the system call when asked with nothing to register; EINVAL is a yes
    registered: bool  # the calling thread, by libc: its sequences run on the lanes of their CPUs
    registered_by: str  # "libc", "nobody", "someone else" or "unknown"
    turned_off: bool  # GLIBC_TUNABLES tells libc not to register
    executable_memory: str  # why this process may not have any, "" if it may
    offset: int | None  # __rseq_offset
    size: int | None  # __rseq_size
    usable_size: int  # how many bytes of the area the kernel keeps up to date
    feature_size: int  # AT_RSEQ_FEATURE_SIZE, 0 before Linux 6.3
    feature_alignment: int  # AT_RSEQ_ALIGN, 0 before Linux 6.3
    fields: tuple[str, ...]  # those of the area that this thread can rely on
    fences: bool
    possible_cpus: int
    online_cpus: int

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What this thread has to do without; of what follows from something else, only the cause."""
        obstacle = next(_obstacles(self), None)
        return (obstacle,) if obstacle else tuple(_lacks(self))

    def as_dict(self) -> dict[str, object]:
        """Everything, in types that JSON has."""
        missing = [lack._asdict() for lack in self.missing]
        return {**asdict(self), "fields": list(self.fields), "missing": missing}


def info() -> Info:
    """What the calling thread has of restartable sequences, and for all that is missing why.

    Works on any system. Threads: answers for the calling thread; others may differ.
    """
    architecture = _architecture()
    answer = _ask_kernel(architecture)
    size, feature_size = _libc_size(), _auxv(abi.AT_RSEQ_FEATURE_SIZE)
    usable = usable_size(size, feature_size)
    return Info(
        system=platform.system(),
        kernel=platform.release(),
        libc=_libc_version(),
        architecture=platform.machine(),
        supported=architecture is not None or _has_file(platform.machine()),
        kernel_has_rseq=available() or answer == "EINVAL",
        kernel_answer=answer,
        registered=available(),
        registered_by=_registered_by(architecture, answer),
        turned_off=_turned_off(os.environ.get("GLIBC_TUNABLES", "")),
        executable_memory=_calling_thread().refusal,
        offset=_symbol(abi.OFFSET_SYMBOL, ctypes.c_ssize_t),
        size=size,
        usable_size=usable,
        feature_size=feature_size,
        feature_alignment=_auxv(abi.AT_RSEQ_ALIGN),
        fields=tuple(_fields(usable)) if available() else (),
        fences=architecture is not None and _has_fences(architecture),
        possible_cpus=possible_cpus(),
        online_cpus=_online_cpus(),
    )


def _has_file(machine: str) -> bool:
    from rseq._arch import names

    return machine in names()


def _ask_kernel(architecture: Architecture | None) -> str:
    """How the kernel answers a registration of nothing, which changes nothing: EINVAL if it knows the call."""
    return "" if architecture is None else _errno_name(_call(architecture.syscall, 0, 0, 0, 0))


def _registered_by(architecture: Architecture | None, answer: str) -> str:
    if available():
        return "libc"
    if _calling_thread().refusal:
        return "unknown"
    if answer != "EINVAL" or architecture is None:
        return "nobody"
    return _foreign_registration(architecture)


def _foreign_registration(architecture: Architecture) -> str:
    """Whether someone else has registered this thread, found out without registering it.

    A second area is refused with EINVAL before the kernel looks at its address; a first one, at an address of the
    kernel's own, with EFAULT after it. Only asked where user space cannot have that address: not with 32-bit
    pointers, nor on big-endian machines, one of which keeps kernel and user addresses apart.
    """
    if sys.maxsize < 1 << 32 or sys.byteorder != "little":
        return "unknown"
    failure = _call(
        architecture.syscall, _KERNEL_ADDRESS, abi.AREA_SIZE, abi.RSEQ_FLAG_REGISTER, architecture.signature
    )
    return {errno.EINVAL: "someone else", errno.EFAULT: "nobody"}.get(failure, "unknown")


def _fields(usable: int) -> Iterator[str]:
    """The fields of this thread's area that the kernel keeps up to date. Only for a registered thread."""
    yield "cpu_id"
    if usable >= abi.FEATURE_SIZE_NODE_ID:
        yield "node_id"
    if usable >= abi.FEATURE_SIZE_MM_CID:
        yield "mm_cid"
    area = _calling_thread().area
    assert area is not None, "a registered thread has an area"
    if ctypes.c_uint32.from_address(area + abi.FLAGS).value & abi.FLAG_SLICE_EXT_AVAILABLE:
        yield "slice_ctrl"


def _turned_off(tunables: str) -> bool:
    """Whether `tunables`, as in GLIBC_TUNABLES, tells libc not to register threads."""
    settings = dict(setting.partition("=")[::2] for setting in tunables.split(":"))
    return settings.get(abi.TUNABLE) == "0"


def _libc_version() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or "unknown"
    except (AttributeError, ValueError, OSError):
        return " ".join(platform.libc_ver()).strip() or "unknown"


_NOT_HERE = "sequences can be written, checked and emitted here, but not run"
_INSTEAD = "sequences run on the spare lane under a lock, exact but slower"


def _obstacles(info: Info) -> Iterator[Missing]:
    """What keeps this thread's sequences off the lanes of their CPUs, causes first."""
    if not info.system.startswith("Linux"):
        yield Missing(
            "Linux",
            f"Restartable sequences are a system call of Linux and this is {info.system}: {_NOT_HERE}.",
        )
    if not info.supported:
        name = info.architecture or "(unknown)"
        yield Missing("architecture", f"rseq has no code generator for the architecture {name}: {_NOT_HERE}.")
    if info.executable_memory:
        yield Missing("executable memory", f"No sequence can run natively: {info.executable_memory}.")
    if not info.kernel_has_rseq:
        yield Missing("kernel", f"{_why_no_kernel(info)}: {_INSTEAD}.")
    if not info.registered:
        yield Missing("registration", f"{_why_unregistered(info)}: {_INSTEAD}.")


def _why_no_kernel(info: Info) -> str:
    if info.kernel_answer == "ENOSYS":
        return (
            "The kernel answers ENOSYS to rseq, as it does before Linux 4.18, without CONFIG_RSEQ, "
            "or behind a seccomp filter or an emulator that does not know the call"
        )
    return f"The kernel answers {info.kernel_answer} to rseq, so a seccomp filter probably forbids the call"


def _why_unregistered(info: Info) -> str:
    if info.registered_by == "someone else":
        return "Another library (tcmalloc does so) registered this thread in libc's place and keeps the area to itself"
    if info.size is None:
        return f"This libc ({info.libc}) does not register threads for rseq, glibc 2.35 and later do"
    if info.turned_off:
        return f"GLIBC_TUNABLES contains {abi.TUNABLE}=0, which tells libc not to register threads"
    if not info.size:
        return f"This libc ({info.libc}) could not register the main thread, or does not for {info.architecture}"
    return "libc registers threads, but not this one: it was not started by libc, or its registration was taken back"


def _lacks(info: Info) -> Iterator[Missing]:
    """What a registered thread can be without."""
    if "node_id" not in info.fields:
        yield Missing("node_id", "node_id is not kept up to date before Linux 6.3: nothing here uses it.")
    if "mm_cid" not in info.fields:
        yield Missing(
            "mm_cid",
            'mm_cid is not kept up to date before Linux 6.3: storage with index="mm_cid" has only the spare lane.',
        )
    if "slice_ctrl" not in info.fields:
        yield Missing(
            "slice extension",
            "The kernel offers this thread no longer time slices (Linux 7.0 can, if built and registered for it): "
            "a preempted sequence restarts, as always.",
        )
    if not info.fences:
        yield Missing(
            "fences",
            "The kernel has no membarrier that restarts sequences (Linux 5.10 has), or a seccomp filter forbids it: "
            "rseq.fence raises an OSError.",
        )
