"""What the calling thread has of restartable sequences, and for all that is missing a sentence on why."""

from __future__ import annotations

import errno
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import NamedTuple

from rseq import _abi as abi
from rseq import _arch as arch
from rseq import _quick_ctypes as ctypes
from rseq._libc import auxv, errno_name, system_call
from rseq._shipped import origin
from rseq._thread import support
from rseq._thread.cpus import online_cpus, possible_cpus
from rseq._thread.membarrier import has_fences
from rseq._thread.registration import available, calling_thread, rseq_size, symbol, usable_size

_KERNEL_ADDRESS = -4096  # of no user's memory; aligned as an area must be


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
    code_file: str  # the package's file of machine code for this Python and architecture, "" if it has none
    code_of: tuple[str, ...]  # the structures whose code is in it, for common sizes; all else is compiled when used

    @property
    def missing(self) -> tuple[Missing, ...]:
        """What this thread has to do without; of what follows from something else, only the cause."""
        obstacle = next(_obstacles(self), None)
        return (obstacle,) if obstacle else tuple(_lacks(self))

    def as_dict(self) -> dict[str, object]:
        """Everything, in types that JSON has."""
        missing = [lack._asdict() for lack in self.missing]
        lists = {"fields": list(self.fields), "code_of": list(self.code_of)}
        return {**asdict(self), **lists, "missing": missing}


def info() -> Info:
    """What the calling thread has of restartable sequences, and for all that is missing why.

    Works on any system. Threads: answers for the calling thread; others may differ.
    """
    architecture = support.architecture()
    answer = _ask_kernel(architecture)
    size, feature_size = rseq_size(), auxv(abi.AT_RSEQ_FEATURE_SIZE)
    usable = usable_size(size, feature_size)
    code_file, code_of = origin()
    return Info(
        system=platform.system(),
        kernel=platform.release(),
        libc=_libc_version(),
        architecture=platform.machine(),
        supported=arch.host() is not None,
        kernel_has_rseq=available() or answer == "EINVAL",
        kernel_answer=answer,
        registered=available(),
        registered_by=_registered_by(architecture, answer),
        turned_off=_turned_off(os.environ.get("GLIBC_TUNABLES", "")),
        executable_memory=calling_thread().refusal,
        offset=symbol(abi.OFFSET_SYMBOL, ctypes.c_ssize_t),
        size=size,
        usable_size=usable,
        feature_size=feature_size,
        feature_alignment=auxv(abi.AT_RSEQ_ALIGN),
        fields=tuple(_fields(usable)) if available() else (),
        fences=architecture is not None and has_fences(),
        possible_cpus=possible_cpus(),
        online_cpus=online_cpus(),
        code_file=code_file,
        code_of=code_of,
    )


def _ask_kernel(architecture: arch.Architecture | None) -> str:
    """How the kernel answers a registration of nothing, which changes nothing: EINVAL if it knows the call."""
    return "" if architecture is None else errno_name(system_call(architecture.syscall, 0, 0, 0, 0))


def _registered_by(architecture: arch.Architecture | None, answer: str) -> str:
    if available():
        return "libc"
    if calling_thread().refusal:
        return "unknown"
    if answer != "EINVAL" or architecture is None:
        return "nobody"
    return _foreign_registration(architecture)


def _foreign_registration(architecture: arch.Architecture) -> str:
    """Whether someone else has registered this thread, found out without registering it.

    A second area is refused with EINVAL before the kernel looks at its address; a first one, at an address of the
    kernel's own, with EFAULT after it. Only asked where user space cannot have that address: not with 32-bit
    pointers, nor on big-endian machines, one of which keeps kernel and user addresses apart.
    """
    if sys.maxsize < 1 << 32 or sys.byteorder != "little":
        return "unknown"
    failure = system_call(
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
    area = calling_thread().area
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


_INSTEAD = "sequences run on the spare lane under a lock, exact but slower"


def _obstacles(info: Info) -> Iterator[Missing]:
    """What keeps this thread's sequences off the lanes of their CPUs, causes first."""
    if not info.system.startswith("Linux"):
        yield Missing("Linux", support.not_linux(info.system))
    if not info.supported:
        yield Missing("architecture", support.no_generator(info.architecture))
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
            "The kernel does not let this thread ask for more time (a slice extension: Linux 7.0 can, if built and "
            "registered for it): a preempted sequence restarts, as always.",
        )
    if not info.fences:
        yield Missing(
            "fences",
            "The kernel has no membarrier that restarts sequences (Linux 5.10 has), or a seccomp filter forbids it: "
            "rseq.fence raises an OSError.",
        )
