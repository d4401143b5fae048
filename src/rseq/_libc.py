"""libc and system calls: loaded here alone, with the types of the functions that any module calls.

Without those types ctypes would cut addresses to 32 bits. A function that libc lacks has none, and calling it raises an
AttributeError. There is no libc to call where the system is not Linux: ask `on_linux` first.
"""

from __future__ import annotations

import errno
import os
import sys

from rseq import _quick_ctypes as ctypes
from rseq._quick import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_INT, _LONG, _SIZE, _ADDRESS, _KEY = ctypes.c_int, ctypes.c_long, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_uint32

_TYPES = {
    "syscall": (_LONG, (_LONG,) * 7),
    "getauxval": (ctypes.c_ulong, (ctypes.c_ulong,)),
    "mmap": (_ADDRESS, (_ADDRESS, _SIZE, _INT, _INT, _INT, _LONG)),
    "mprotect": (_INT, (_ADDRESS, _SIZE, _INT)),
    "munmap": (_INT, (_ADDRESS, _SIZE)),
    "madvise": (_INT, (_ADDRESS, _SIZE, _INT)),
    "signal": (_ADDRESS, (_INT, _ADDRESS)),
    "pthread_getspecific": (_ADDRESS, (_KEY,)),
    "pthread_setspecific": (_INT, (_KEY, _ADDRESS)),
    "pthread_mutex_init": (_INT, (_ADDRESS, _ADDRESS)),
    "pthread_mutex_lock": (_INT, (_ADDRESS,)),
    "pthread_mutex_trylock": (_INT, (_ADDRESS,)),
    "pthread_mutex_consistent": (_INT, (_ADDRESS,)),
    "pthread_mutex_unlock": (_INT, (_ADDRESS,)),
    "pthread_rwlock_init": (_INT, (_ADDRESS, _ADDRESS)),
}
"""What functions return, and what they take; others take and return ints."""


def on_linux() -> bool:
    """Whether there is a libc, and a kernel below it, that this package knows."""
    return sys.platform.startswith("linux")


@cache
def libc() -> Any:
    """The process's libc. Other threads run Python during a call, and `ctypes.get_errno` has its errno."""
    return _Typed(ctypes.CDLL(None, use_errno=True))


@cache
def libc_with_gil() -> Any:
    """The same for calls that never wait: the GIL is kept, where each of many threads would wait to get it back."""
    return _Typed(ctypes.PyDLL(None))


class _Typed:
    """A library whose functions have their types. Each is looked up when it is first asked for."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library, self._handle = library, library._handle

    def __getattr__(self, name: str) -> Any:
        function = self._library[name]
        if name in _TYPES:
            function.restype, function.argtypes = _TYPES[name]
        setattr(self, name, function)
        return function


def error_of(name: str, *arguments: Any) -> int:
    """The errno with which a function of libc fails, 0 if it does not: one that returns a number below 0 then."""
    ctypes.set_errno(0)
    return ctypes.get_errno() if getattr(libc(), name)(*arguments) < 0 else 0


def system_call(number: int, *arguments: int) -> int:
    """The errno with which a system call of up to six arguments fails, 0 if it does not."""
    if not on_linux():
        return errno.ENOSYS
    return error_of("syscall", number, *arguments, *(0,) * (6 - len(arguments)))


def auxv(entry: int) -> int:
    """What the kernel has told this process under that number; 0 if nothing."""
    return int(libc().getauxval(entry)) if on_linux() else 0


def os_error(what: str, number: int) -> OSError:
    """The exception of an errno, which says what failed."""
    return OSError(number, f"{what}: {os.strerror(number)}")


def errno_name(number: int) -> str:
    """An errno as C has it: EINVAL."""
    return errno.errorcode.get(number, str(number))


def memfd_create(name: str, flags: int) -> int:
    """The descriptor of a file in memory. Raises: OSError - the system has none of these, or refuses.

    It is for a Python that was built for an older libc than it runs on, as those are that installers bring:
    `os.memfd_create` is missing there.
    """
    create = getattr(libc(), "memfd_create", None)
    if create is None:
        raise OSError(errno.ENOSYS, "this libc has no memfd_create")
    ctypes.set_errno(0)
    file = int(create(name.encode(), flags))
    if file < 0:
        raise os_error("memfd_create", ctypes.get_errno())
    return file


memfd_create = getattr(os, "memfd_create", memfd_create)
