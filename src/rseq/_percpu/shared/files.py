"""The files of named segments: where they are, how one is made, found and begun anew, and how to see that it is in use.

    $RSEQ_SEGMENT_DIR, else /dev/shm:   rseq.1000.shop     of user 1000, mode 0600
                                        rseq.g33.shop      of group 33, mode 0660

A file is made without a name (O_TMPFILE), filled, locked, and then linked: whoever finds it finds it whole.

Each process that has a segment open holds a lock on one byte far behind the file's end, of its own open file
description; the kernel releases it when the process ends, by whatever. So a file is in use if anybody holds one of
these bytes. Whoever opens a segment asks for all of them: if it gets them, nobody uses the file, and it may be replaced
by a new one. If not, it takes one byte, and looks if the name still leads to this file: somebody else may have
replaced it in between.

One more byte, behind these, is for whoever takes a file's name away: nobody else does so then. So what is unlinked is
the file that was looked at, and not one that has come in its place. The last byte is for the one process that speaks
for all of them (`only_one`).

Sources: open(2), linkat(2), fcntl(2), "Open file description locks".
The road not taken: to remember users in the file. A process that is killed would have to be found out by others.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
import time

from rseq import _abi as abi
from rseq import _quick_ctypes as ctypes
from rseq._libc import memfd_create
from rseq._percpu.shared.layout import MAX_PROCESSES, SegmentError
from rseq._quick import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    T = TypeVar("T")

DEFAULT_FOLDER = "/dev/shm"
_FIRST_BYTE = 1 << 61
_FLOCK = struct.Struct("hhqqi4x")
_FLAGS = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
_PAUSE_S = 1e-3
_TRIES = 10_000
_ONLY_ONE = MAX_PROCESSES + 1
"""The byte behind those of the processes, and the one for whoever takes the name away."""
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
MAX_NAME = 100


class Descriptor(int):
    """The descriptor of an open file, which is closed with its last reference.

    It is opened and closed by C code (`_open`), in which no signal handler runs: whatever one raises, no file is left
    open, and with it no lock.
    """

    __del__ = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.py_object)(("PyInstanceMethod_New", ctypes.pythonapi))(
        os.close
    )


def _open(path: str, flags: int = os.O_RDWR | os.O_CLOEXEC) -> Descriptor:
    return next(map(Descriptor, map(os.open, (path,), (flags,), (0o600,))))


class Place(NamedTuple):
    """Where the file of a segment is, and whose it must be."""

    name: str
    path: str
    group: int | None
    """The group that shares it; None: nobody but the user."""

    @property
    def mode(self) -> int:
        return 0o600 if self.group is None else 0o660


class Found(NamedTuple):
    """A segment's file, open and in use by this process."""

    fd: Descriptor
    slot: int
    """The number of this process among those that use it."""
    is_new: bool


def folder(known: str | None = None) -> str:
    """Where segments are; or `known`, where one was found before.

    Raises: SegmentError - it is no folder, or others may replace files in it.
    """
    path = known or os.environ.get("RSEQ_SEGMENT_DIR") or DEFAULT_FOLDER
    try:
        about = os.stat(path)
    except OSError as error:
        raise SegmentError(f"{path}, where segments are kept, is not there: {error.strerror}; {_ADVICE}") from None
    if not stat.S_ISDIR(about.st_mode):
        raise SegmentError(f"{path}, where segments are kept, is no folder; {_ADVICE}")
    is_open = about.st_mode & 0o022 and not about.st_mode & stat.S_ISVTX
    if is_open or about.st_uid not in (0, os.geteuid()):
        raise SegmentError(f"{path}, where segments are kept: other users may replace files in it; {_ADVICE}")
    return path


_ADVICE = "set RSEQ_SEGMENT_DIR to a folder on a tmpfs that is yours"


def place_of(name: object, group: str | int | None = None, known: str | None = None) -> Place:
    """Where the segment of that name is: in the folder of segments, or in `known`.

    Raises: TypeError, ValueError - no such name or group. SegmentError - as `folder`.
    """
    if not isinstance(name, str):
        raise TypeError(f"name: expected a str, such as 'shop'; got {name!r}")
    if not 1 <= len(name) <= MAX_NAME or not _LETTERS.issuperset(name) or name.startswith((".", "-")):
        raise ValueError(
            f"name: expected up to {MAX_NAME} letters, digits, '.', '_' and '-', such as 'shop'; got {name!r}"
        )
    number = None if group is None else _group(group)
    owner = str(os.geteuid()) if number is None else f"g{number}"
    return Place(name, os.path.join(folder(known), f"rseq.{owner}.{name}"), number)


def _group(group: str | int) -> int:
    import grp

    try:
        found = grp.getgrnam(group) if isinstance(group, str) else grp.getgrgid(group)
    except (KeyError, TypeError, OverflowError):
        raise ValueError(f"group: expected the name or number of a group, got {group!r}") from None
    return int(found.gr_gid)


def known_places(group: str | int | None = None) -> Iterator[Place]:
    """All segments of this user, and of its groups; or those of a group alone, which root need not be in.

    Raises: ValueError - there is no such group. SegmentError - as `folder`.
    """
    where, wanted = folder(), None if group is None else _group(group)
    groups = {os.getegid(), *os.getgroups()} if wanted is None else {wanted}
    for entry in sorted(os.listdir(where)):
        mark, _, rest = entry.partition(".")
        owner, _, name = rest.partition(".")
        if mark != "rseq" or not name:
            continue
        if owner == str(os.geteuid()) and wanted is None:
            yield Place(name, os.path.join(where, entry), None)
        elif owner[:1] == "g" and owner[1:].isdecimal() and int(owner[1:]) in groups:
            yield Place(name, os.path.join(where, entry), int(owner[1:]))


# ---- finding and making


def found_or_made(place: Place, fill: Callable[[int], None], is_ours: Callable[[int], bool], *, keep: bool) -> Found:
    """The segment's file: the one that others have open, or a new one, which `fill` writes.

    `is_ours` says whether a file that nobody has open may be replaced; it raises what is wrong otherwise. `keep`: it is
    used as it is.
    Raises: SegmentError - the file is somebody else's, or no file. MemoryError - no room.
    """
    for _ in range(_TRIES):
        try:
            fd = _opened(place)
        except FileNotFoundError:
            if (made := _made(place, fill)) is not None:
                return made
            continue
        if not keep and _lock(fd, 0, MAX_PROCESSES + 1):
            try:
                if is_ours(fd) and _is_at(fd, place.path):
                    _unlink(fd, place)
            finally:
                _unlock(fd)
            continue
        slot = _slot(fd)
        if slot is not None and _is_at(fd, place.path):
            return Found(fd, slot, is_new=False)
        _unlock(fd)
        time.sleep(_PAUSE_S)
    raise _restless(place)


def found(place: Place, *, uses: bool = True) -> Found:
    """The segment's file as it is. `uses`: this process counts among those that have it open.

    Raises: FileNotFoundError - there is none. SegmentError - it is somebody else's, or no file.
    """
    for _ in range(_TRIES):
        fd = _opened(place)
        slot = _slot(fd) if uses else MAX_PROCESSES
        if slot is not None and _is_at(fd, place.path):
            return Found(fd, slot, is_new=False)
        _unlock(fd)
        time.sleep(_PAUSE_S)
    raise _restless(place)


def remove(place: Place) -> None:
    """Take away the name of whatever file is there. Those that have it open keep it.

    Raises: FileNotFoundError - there is none. OSError - it is not ours to remove.
    """
    for _ in range(_TRIES):
        try:
            fd = _open(place.path, _FLAGS)
        except FileNotFoundError:
            raise
        except OSError:  # no file, or somebody else's: nobody begins it anew
            os.unlink(place.path)
            return
        try:
            if _lock(fd, MAX_PROCESSES, 1) and _is_at(fd, place.path):
                os.unlink(place.path)
                return
        finally:
            _unlock(fd)
        time.sleep(_PAUSE_S)
    raise _restless(place)


def _unlink(fd: int, place: Place) -> None:
    """Take away the name of a file that nobody has open."""
    try:
        os.unlink(place.path)
    except PermissionError:
        raise SegmentError(
            f"segment {place.name!r} is in use by nobody, and only its owner, user {os.fstat(fd).st_uid}, can begin a "
            "new one in this folder; go on with the old one (keep=True), or have that user begin it"
        ) from None


def _unlock(fd: int) -> None:
    """Let all locks go. Closing would do, but for a child that was forked meanwhile: it has the same open file."""
    fcntl.fcntl(fd, abi.F_OFD_SETLK, _FLOCK.pack(fcntl.F_UNLCK, os.SEEK_SET, _FIRST_BYTE, 0, 0))


def _restless(place: Place) -> SegmentError:
    return SegmentError(
        f"segment {place.name!r} is replaced again and again by others, or {MAX_PROCESSES:,} processes have it open; "
        "stop them, or choose another name"
    )


def take_away(place: Place, is_ours: Callable[[int], bool]) -> list[int]:
    """Remove the file of a segment that nobody has open. If some have, it stays, and their slots are returned.

    `is_ours` says whether the file may be removed; it raises what is wrong otherwise.
    Raises: FileNotFoundError - there is none. SegmentError - it is somebody else's, or no file. OSError.
    """
    for _ in range(_TRIES):
        fd = _opened(place)
        try:
            if not _lock(fd, 0, MAX_PROCESSES + 1):
                slots = slots_in_use(fd)
                if 0 < len(slots) < MAX_PROCESSES:  # all of them has who is just replacing it
                    return slots
            elif is_ours(fd) and _is_at(fd, place.path):
                os.unlink(place.path)
                return []
        finally:
            _unlock(fd)
        time.sleep(_PAUSE_S)
    raise _restless(place)


def _opened(place: Place) -> Descriptor:
    try:
        fd = _open(place.path, _FLAGS)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SegmentError(f"{place.path} cannot be opened as a segment: {error.strerror}") from None
    problem = _problem(os.fstat(fd), place)
    if problem:
        raise SegmentError(f"{place.path} cannot be used as a segment: {problem}")
    return fd


def _problem(about: os.stat_result, place: Place) -> str:
    """What is wrong with a file, or ""."""
    if not stat.S_ISREG(about.st_mode):
        return "it is no file"
    if place.group is None and about.st_uid != os.geteuid():
        return f"it belongs to user {about.st_uid}"
    if place.group is not None and about.st_gid != place.group:
        return f"it belongs to group {about.st_gid}, and not to {place.group}"
    if stat.S_IMODE(about.st_mode) != place.mode:
        return f"its mode is {stat.S_IMODE(about.st_mode):04o}, and not {place.mode:04o}"
    return ""


def _is_at(fd: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _made(place: Place, fill: Callable[[int], None]) -> Found | None:
    """A new file under the name; None if another process was faster. It has no name before it is whole."""
    where = os.path.dirname(place.path)
    try:
        fd = _open(where, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise _no_file(error, where) from error
    try:
        if place.group is not None:
            os.fchown(fd, -1, place.group)
        os.fchmod(fd, place.mode)
        fill(fd)
        slot = _slot(fd)
        assert slot is not None, "nobody else has the file"
        os.link(f"/proc/self/fd/{fd}", place.path, src_dir_fd=fd, follow_symlinks=True)  # with a dir_fd it is linkat
    except FileExistsError:
        return None
    except OSError as error:
        raise _no_file(error, where) from error
    return Found(fd, slot, is_new=True)


def _no_file(error: OSError, where: str) -> Exception:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM):
        return MemoryError(f"no room for a segment in {where}: {error.strerror}")
    return SegmentError(f"no segment can be made in {where}: {error.strerror}; {_ADVICE}")


def nameless(fill: Callable[[int], None]) -> Found:
    """A file without a name, which cannot shrink.

    Where a filter forbids memory files, it is one of the folder of segments, which can be inherited, but not handed on.
    Raises: SegmentError - the system has neither. OSError - no more files may be open. MemoryError.
    """
    try:
        fd = next(map(Descriptor, map(memfd_create, ("rseq",), (abi.MFD_CLOEXEC | abi.MFD_ALLOW_SEALING,))))
        seals = abi.F_SEAL_SHRINK | abi.F_SEAL_SEAL
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EACCES, errno.ENOSYS):
            raise
        fd, seals = _without_name(error), 0
    fill(fd)
    if seals:
        fcntl.fcntl(fd, abi.F_ADD_SEALS, seals)
    slot = _slot(fd)
    assert slot is not None, "nobody else has the file"
    return Found(fd, slot, is_new=True)


def _without_name(before: OSError) -> Descriptor:
    try:
        return _open(folder(), os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise SegmentError(f"no segment can be made: {before.strerror}, and in {folder()}: {error.strerror}") from error


def handed_on(fd: int) -> Found:
    """A nameless file that another process has handed to this one, which owns `fd` from now on."""
    owned = Descriptor(fd)
    if not fcntl.fcntl(owned, abi.F_GET_SEALS) & abi.F_SEAL_SHRINK:
        raise SegmentError(
            "the file of a nameless segment is sealed against shrinking, and this one is not (where a filter forbids "
            "memfd_create, none is); give the segment a name"
        )
    return own_description(owned)


def own_description(fd: Descriptor) -> Found:
    """The same file, with an open file description of this process's own: after a fork it is the parent's, too.

    Where /proc does not show it, the process shares that of its parent, and counts as one with it.
    """
    slot = None
    try:
        own = _open(f"/proc/self/fd/{fd}")
        slot = _slot(own)  # before the parent's goes: the file is in use all the time
        os.dup2(own, fd, inheritable=False)
    except OSError:
        pass
    return Found(fd, MAX_PROCESSES if slot is None else slot, is_new=False)


def mapped(fd: int, use: Callable[[int], T]) -> T:
    """What `use` returns for a file descriptor to map: one with a description of its own.

    A mapping keeps its description, and with it the locks that are held by that, in each forked child, too.
    """
    try:
        own = _open(f"/proc/self/fd/{fd}")
    except OSError:
        return use(fd)
    return use(own)


# ---- who uses it


def only_one(fd: int) -> Descriptor | None:
    """What makes its holder the only one of all processes that have the file open, until it goes; None: another is.

    It is a lock with an open file description of its own. A forked child has to let it go: it is its parent's, too.
    Raises: OSError - /proc does not show the file.
    """
    own = _open(f"/proc/self/fd/{fd}")
    return own if _lock(own, _ONLY_ONE, 1) else None


def has_only_one(fd: int) -> bool:
    """Whether some process, this one too, holds what `only_one` gives."""
    return _is_held(fd, _ONLY_ONE, 1)


def _slot(fd: int) -> int | None:
    """Take the first slot that is free; None if somebody has all of them, as he is replacing the file."""
    return next((slot for slot in range(MAX_PROCESSES) if _lock(fd, slot, 1)), None)


def slots_in_use(fd: int, first: int = 0, count: int = MAX_PROCESSES) -> list[int]:
    """The slots that other open file descriptions hold, of `count` from `first` on."""
    if not _is_held(fd, first, count):
        return []
    if count == 1:
        return [first]
    half = count // 2
    return slots_in_use(fd, first, half) + slots_in_use(fd, first + half, count - half)


def _is_held(fd: int, first: int, count: int) -> bool:
    wanted = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _FIRST_BYTE + first, count, 0)
    return bool(_FLOCK.unpack(fcntl.fcntl(fd, abi.F_OFD_GETLK, wanted))[0] != fcntl.F_UNLCK)


def _lock(fd: int, slot: int, count: int) -> bool:
    """Lock slots, if nobody else has one of them."""
    try:
        fcntl.fcntl(fd, abi.F_OFD_SETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _FIRST_BYTE + slot, count, 0))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True
