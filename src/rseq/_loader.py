"""Blob -> executable memory that is never unmapped. Standard library only: no compiler is needed to run a blob.

A loaded image is one range of addresses: code from 0 on, mapped r-x, and at `data_offset` the data, mapped rw-.
Memory that can be executed is never writable, not even while it is filled:

    reserve the range (PROT_NONE)  ->  relocate in a bytearray  ->  put code and data in their places

The code gets there in one of two ways. A memfd is written with write() and mapped r-x over the reservation; that
works under PR_SET_MDWE and systemd's MemoryDenyWriteExecute, as no mapping is ever written and then executed.
Where a memfd may not be mapped for execution, anonymous memory is filled and then made r-x with mprotect.

Never unmapped, because the `rseq_cs` of any thread may still point at a descriptor in the image long after its last
sequence, and the kernel kills a process whose descriptor or code has gone (a membarrier fence does not help threads
that are off the CPU). Only a failed load gives its range back: nothing has run from it.
"""

from __future__ import annotations

import mmap
import os
import sys

from rseq import _quick_ctypes as ctypes
from rseq._abi import MFD_CLOEXEC, MFD_EXEC
from rseq._integers import round_up
from rseq._libc import error_of, libc, memfd_create, on_linux, os_error
from rseq._quick import NamedTuple, cache
from rseq._shipped import facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

DATA_ALIGNMENT = 64 * 1024  # the largest page size of any Linux
CLOCK_RATE = "rseq_clock_rate"
"""The process's word that says how often the counter ticks in a second, to routines that ask for it."""

RSEQ_OFFSET = "rseq_offset"
"""The symbol whose value is the rseq area's offset from the thread pointer."""

KEY_AT, CONTEXT_AT = -8, -16
"""From the lock of a spare lane: where its process has written what machine code asks about threads (threads.py)."""

LARGEST_IMAGE = 1 << 30  # more is a broken blob, not a big one

_MAP_FIXED = 0x10  # asm-generic/mman-common.h
_WORD = ctypes.sizeof(ctypes.c_void_p)
_WORD_MASK = (1 << 8 * _WORD) - 1
_MAP_FAILED = _WORD_MASK
_WAYS = ("to map a memfd for execution", "to make written memory executable")


class ExecutableMemoryError(OSError):
    """No executable memory for this process; the sentence says what refused it and what to do."""


class LinkError(LookupError):
    """A blob refers to symbols that are neither given nor in this process."""


class Relocation(NamedTuple):
    """One word of an image that depends on where things are in this process.

    The pointer-sized word at `where` (counted from the image's beginning, in host order) becomes the value of
    `symbol`, or the image's own address if that is None, plus `addend`.
    """

    where: int
    symbol: str | None
    addend: int


class Blob(NamedTuple):
    """Code and data that run at any address once `relocations` are applied.

    `data` begins at `data_offset`, a multiple of 64 KiB and not below len(code); without data it means nothing.
    `entries` are offsets of functions in `code`, or of variables in `data`.
    """

    code: bytes
    data: bytes
    data_offset: int
    relocations: tuple[Relocation, ...]
    entries: Mapping[str, int]


def plain(blob: Blob) -> tuple[Any, ...]:
    """A blob as tuples, dicts, bytes and numbers, which any Python can keep in a file."""
    return (*blob[:3], tuple(map(tuple, blob.relocations)), dict(blob.entries))


def from_plain(parts: tuple[Any, ...]) -> Blob:
    """The blob of what `plain` returned."""
    code, data, data_offset, relocations, entries = parts
    return Blob(code, data, data_offset, tuple(map(Relocation._make, relocations)), entries)


class Code(NamedTuple):
    """A loaded image: its address, and the addresses of its entries."""

    address: int
    entries: Mapping[str, int]


def load(blob: Blob, symbols: Mapping[str, int] | None = None) -> Code:
    """Map `blob` into this process, for good.

    A symbol that is not in `symbols` is looked up in the process: CPython's C API, libc and what else is loaded.

    Raises: ValueError - the blob contradicts itself. LinkError - symbols that nobody has. ExecutableMemoryError -
    the system gives no executable memory.
    Threads: any thread. Each call makes a new copy.
    """
    _check_blob(blob)
    values = _resolve(blob, symbols or {})
    _require_linux()
    address = _reserve(_image_size(blob))
    try:
        code, data = _relocated(blob, address, values)
        _place_code(address, code)
        _place_data(address + blob.data_offset, data)
    except BaseException:
        _unmap(address, _image_size(blob))
        raise
    _forget_stale_instructions(address, len(code))
    return Code(address, {name: address + offset for name, offset in blob.entries.items()})


# The blob


def _check_blob(blob: Blob) -> None:
    """Refuse a blob that would be mapped, written or entered out of its bounds."""
    if not blob.code:
        raise ValueError("expected a blob with code, got one without; it is damaged, make it again")
    if blob.data:
        _check_data_offset(blob)
    if _image_size(blob) > LARGEST_IMAGE:
        raise ValueError(f"expected an image of at most {LARGEST_IMAGE} bytes, got {_image_size(blob)}")
    for name, offset in blob.entries.items():
        if not (0 <= offset < len(blob.code) or 0 <= offset - blob.data_offset < len(blob.data)):
            raise ValueError(f"expected entry {name!r} within code or data, got offset {offset}")
    last_in_code, last_in_data = len(blob.code) - _WORD, blob.data_offset + len(blob.data) - _WORD
    for where, symbol, _ in blob.relocations:
        if not (0 <= where <= last_in_code or (blob.data and blob.data_offset <= where <= last_in_data)):
            raise ValueError(
                f"expected relocations of {_WORD} bytes within code or data, got one for "
                f"{symbol or 'the image itself'} at {where}"
            )


def _check_data_offset(blob: Blob) -> None:
    if blob.data_offset % DATA_ALIGNMENT or blob.data_offset < len(blob.code):
        raise ValueError(
            f"expected data at a multiple of {DATA_ALIGNMENT} beyond {len(blob.code)} bytes of code, "
            f"got {blob.data_offset}"
        )


def _image_size(blob: Blob) -> int:
    end = blob.data_offset + len(blob.data) if blob.data else len(blob.code)
    return round_up(end, mmap.PAGESIZE)


def _relocated(blob: Blob, address: int, values: Mapping[str, int]) -> tuple[bytes, bytes]:
    """The code and the data of `blob` as they are to stand at `address`."""
    code, data = bytearray(blob.code), bytearray(blob.data)
    for where, symbol, addend in blob.relocations:
        word = ((address if symbol is None else values[symbol]) + addend & _WORD_MASK).to_bytes(_WORD, sys.byteorder)
        if where < len(code):
            code[where : where + _WORD] = word
        else:
            data[where - blob.data_offset : where - blob.data_offset + _WORD] = word
    return bytes(code), bytes(data)


# Symbols


def _resolve(blob: Blob, symbols: Mapping[str, int]) -> dict[str, int]:
    """The value of each symbol that `blob` refers to. Raises: LinkError - naming all that are missing."""
    names = {symbol for _, symbol, _ in blob.relocations if symbol is not None}
    values = {name: _value(name, symbols) for name in sorted(names)}
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise LinkError(
            f"expected {', '.join(missing)} in this process, but neither CPython nor a loaded library has "
            f"{'it' if len(missing) == 1 else 'them'}: the blob was made for another version; make it again"
        )
    return {name: value for name, value in values.items() if value is not None}


def _value(name: str, symbols: Mapping[str, int]) -> int | None:
    if name not in symbols:
        return _address_in_process(name)
    value = int(symbols[name])
    if not -(_WORD_MASK >> 1) - 1 <= value <= _WORD_MASK:
        raise ValueError(f"expected a value of {_WORD} bytes for symbol {name!r}, got {value}")
    return value


def _address_in_process(name: str) -> int | None:
    try:
        return ctypes.dlsym(ctypes.pythonapi._handle, name)
    except OSError:
        return None


# Memory


def _require_linux() -> None:
    if not on_linux():
        raise ExecutableMemoryError(
            f"expected Linux to run code on, but this is {sys.platform}; "
            "here sequences can be checked, printed and emitted, not run"
        )


def _map(address: int | None, nbytes: int, protection: int, flags: int, file: int = -1) -> int:
    """mmap(2). Raises: OSError - with its errno."""
    ctypes.set_errno(0)
    result = libc().mmap(address, nbytes, protection, mmap.MAP_PRIVATE | flags, file, 0)
    if result in (None, _MAP_FAILED):
        raise os_error(f"mmap of {nbytes} bytes", ctypes.get_errno())
    return int(result)


def _protect(address: int, nbytes: int, protection: int) -> None:
    """mprotect(2). Raises: OSError - with its errno."""
    if error := error_of("mprotect", address, nbytes, protection):
        raise os_error(f"mprotect of {nbytes} bytes", error)


def _unmap(address: int, nbytes: int) -> None:
    libc().munmap(address, nbytes)


def _reserve(nbytes: int) -> int:
    """A range of addresses that nothing else gets, and that cannot be accessed yet."""
    return _map(None, nbytes, 0, mmap.MAP_ANONYMOUS)


def _place_code(address: int, code: bytes) -> None:
    """Put `code` at `address`, readable and executable. Raises: ExecutableMemoryError - no way works."""
    refusals = []
    for place in (_place_by_memfd, _place_by_mprotect):
        try:
            place(address, code)
        except OSError as refusal:
            refusals.append(refusal)
        else:
            return
    reasons = ", and ".join(f"{way} ({refusal.strerror})" for way, refusal in zip(_WAYS, refusals, strict=True))
    error = ExecutableMemoryError(
        f"expected executable memory, but the system refused {reasons}: allow one of the two "
        "(noexec or SELinux rules on memfd, vm.memfd_noexec, MemoryDenyWriteExecute, a seccomp filter)"
    )
    error.errno = refusals[-1].errno
    raise error


def _place_by_memfd(address: int, code: bytes) -> None:
    file = _memfd()
    try:
        _write_all(file, code)
        _map(address, round_up(len(code), mmap.PAGESIZE), mmap.PROT_READ | mmap.PROT_EXEC, _MAP_FIXED, file)
    finally:
        os.close(file)


def _memfd() -> int:
    try:
        return memfd_create("rseq", MFD_CLOEXEC | MFD_EXEC)
    except OSError:  # EINVAL: before Linux 6.3; EACCES: vm.memfd_noexec is 2
        return memfd_create("rseq", MFD_CLOEXEC)


def _write_all(file: int, code: bytes) -> None:
    rest = memoryview(code)
    while rest:
        rest = rest[os.write(file, rest) :]


def _place_by_mprotect(address: int, code: bytes) -> None:
    nbytes = round_up(len(code), mmap.PAGESIZE)
    _protect(address, nbytes, mmap.PROT_READ | mmap.PROT_WRITE)
    ctypes.memmove(address, code, len(code))
    _protect(address, nbytes, mmap.PROT_READ | mmap.PROT_EXEC)


def _place_data(address: int, data: bytes) -> None:
    if data:
        _protect(address, round_up(len(data), mmap.PAGESIZE), mmap.PROT_READ | mmap.PROT_WRITE)
        ctypes.memmove(address, data, len(data))


def _forget_stale_instructions(address: int, nbytes: int) -> None:
    """Make the instruction caches agree with memory, where the architecture does not do so by itself.

    Linux already does it for pages that become executable; libgcc's function does it for the others. On some
    architectures they always agree.
    """
    clear = None if facts().get("caches_agree") else _clear_cache()
    if clear is not None:
        clear(address, address + nbytes)


@cache
def _clear_cache() -> Callable[[int, int], object] | None:
    try:
        function = ctypes.CDLL("libgcc_s.so.1")["__clear_cache"]
    except (OSError, AttributeError):
        return None
    function.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    function.restype = None
    return function
