"""The user's cache folder: what was compiled stays there for the next process. Nothing doubtful is believed.

    $RSEQ_CACHE_DIR, else $XDG_CACHE_HOME/rseq, else ~/.cache/rseq        no cache if RSEQ_CACHE_DIR is empty

An entry is a file, named by its key, a digest of all that it depends on:

    magic | BLAKE2b of the rest | `marshal` of (key, contents)

It is machine code that will be executed. So folder and file belong to this user or to root, nobody else may write to
them, no symbolic link leads out, and the digest is compared before anything is decoded. Whatever is wrong with an
entry, it is as if it were not there. A file is written as a whole and renamed, so that two processes that write at
once both leave a good one; one that cannot be written is not. The oldest go when there is more than LIMIT_BYTES.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys
import time

from rseq._layout import this
from rseq._quick import NamedTuple, cache
from rseq._shipped import PACKAGE, sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

try:
    from _blake2 import blake2b  # hashlib takes longer to import than an entry to be read
except ImportError:
    from hashlib import blake2b

LIMIT_BYTES = 64 << 20
"""How large all entries together may grow."""

MAGIC = b"rseq kept 1\r\n"
_DIGEST_BYTES = 32
_MARSHAL_VERSION = 4
_SUFFIX = ".rseq"
_UNFINISHED = ".part"
_DAY_S = 86400
_BETWEEN_TRIMS = 64
_OPEN = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # nobody waits for a pipe's other end


# ---- keys


def digest(*parts: object) -> str:
    """A key for numbers, texts and tuples of them, for this package on this Python and machine."""
    said = repr((_process(), parts)).encode("utf-8", "backslashreplace")
    return blake2b(said, digest_size=16).hexdigest()


@cache
def _process() -> tuple[object, ...]:
    return package(), sys.implementation.cache_tag, this().name, os.uname().machine, sys.byteorder


@cache
def package() -> str:
    """What tells one version of the package from another: what its installer has recorded, or all files' times."""
    files = _record() or repr([(name, about.st_mtime_ns, about.st_size) for name, about in sources()]).encode()
    return blake2b(files, digest_size=16).hexdigest()


def _record() -> bytes:
    """The list of the package's files with their digests, from which its installer has worked."""
    site = os.path.dirname(PACKAGE)
    try:
        (name,) = (name for name in os.listdir(site) if name.startswith("rseq-") and name.endswith(".dist-info"))
        with open(os.path.join(site, name, "RECORD"), "rb") as file:
            return file.read()
    except (OSError, ValueError):
        return b""


@cache
def llvm() -> str | None:
    """A digest of llvmlite's version, which is that of LLVM; None if there is none. It is not imported."""
    for place in sys.path:
        try:
            with open(os.path.join(place, "llvmlite", "_version.py"), "rb") as file:
                return blake2b(file.read(), digest_size=16).hexdigest()
        except OSError:
            continue
    return None


# ---- entries


class Kept:
    """An entry that is read, and grows."""

    __slots__ = ("contents", "key")

    def __init__(self, key: str, contents: dict[str, Any]) -> None:
        self.key, self.contents = key, contents

    def get(self, name: str) -> Any:
        """What was compiled under that name; None if nothing was, or by another LLVM."""
        found = self.contents.get(name)
        if not isinstance(found, tuple) or len(found) != 2:
            return None
        made_by, value = found
        return value if made_by is None or llvm() in (None, made_by) else None

    def put(self, name: str, value: object) -> None:
        """Keep it, if that is possible."""
        self.contents = {**self.contents, name: (llvm(), value)}
        self.write()

    def forget(self, name: str) -> None:
        """It was good for nothing."""
        self.contents = {key: value for key, value in self.contents.items() if key != name}

    def write(self) -> None:
        """Keep the entry, if that is possible."""
        _write(self.key, marshal.dumps((self.key, self.contents), _MARSHAL_VERSION))


def remembered(name: str, make: Callable[[], Any]) -> Any:
    """What `make()` returns, made of tuples, dicts, texts, bytes and numbers; what an earlier process has made of it.

    It depends on nothing but its name and the package.
    """
    if folder() is None:
        return make()
    key = digest("package", name)
    kept = find(key) or Kept(key, {})
    found = kept.get(name)
    if found is None:
        found = make()
        kept.put(name, found)
    return found


def find(key: str) -> Kept | None:
    """The entry of that key; None if there is none, or anything is doubtful about it."""
    home = _open(folder())
    if home is None:
        return None
    try:
        data = _read(home, key + _SUFFIX)
        return None if data is None else _decoded(key, data)
    finally:
        os.close(home)


def _read(home: int, name: str) -> bytes | None:
    try:
        file = os.open(name, _OPEN, dir_fd=home)
    except OSError:
        return None
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode) or _doubt(about) or about.st_size > LIMIT_BYTES:
            return None
        data = os.read(file, about.st_size)
        if time.time() - about.st_mtime > _DAY_S:
            os.utime(file)  # it is in use: others go first
    except OSError:
        return None
    finally:
        os.close(file)
    return data if len(data) == about.st_size else None


def _decoded(key: str, data: bytes) -> Kept | None:
    head = len(MAGIC) + _DIGEST_BYTES
    if data[: len(MAGIC)] != MAGIC or data[len(MAGIC) : head] != _checksum(data[head:]):
        return None
    try:
        found, contents = marshal.loads(memoryview(data)[head:])
    except (ValueError, EOFError, TypeError):
        return None
    return Kept(key, contents) if found == key and isinstance(contents, dict) else None


def _checksum(data: bytes) -> bytes:
    return blake2b(data, digest_size=_DIGEST_BYTES).digest()


_written = [0]


def _write(key: str, data: bytes) -> None:
    home = _open(folder(), make=True)
    if home is None or len(data) > LIMIT_BYTES:
        return
    try:
        unfinished = f"{key}.{os.getpid()}.{time.monotonic_ns()}{_UNFINISHED}"
        try:
            _write_all(home, unfinished, b"".join([MAGIC, _checksum(data), data]))
            os.rename(unfinished, key + _SUFFIX, src_dir_fd=home, dst_dir_fd=home)
        except OSError:  # no room, no permission, a file system that is read-only
            _remove(home, unfinished)
            return
        if _written[0] % _BETWEEN_TRIMS == 0:
            _trim(home)
        _written[0] += 1
    finally:
        os.close(home)


def _write_all(home: int, name: str, data: bytes) -> None:
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600, dir_fd=home)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(file, rest) :]
    finally:
        os.close(file)


def _remove(home: int, name: str) -> bool:
    try:
        os.unlink(name, dir_fd=home)
    except OSError:
        return False
    return True


def _trim(home: int) -> None:
    """Remove the oldest entries, if all are too large together, and what dead processes have left."""
    found = sorted(_files(home), key=lambda file: file.used)
    size, limit = sum(file.size for file in found), LIMIT_BYTES
    if size > limit:
        limit = limit * 3 // 4
    for file in found:
        is_left = file.name.endswith(_UNFINISHED)
        if (size > limit or (is_left and time.time() - file.used > _DAY_S)) and _remove(home, file.name):
            size -= file.size


class File(NamedTuple):
    """A file of the cache."""

    name: str
    size: int
    used: float


def _files(home: int) -> Iterator[File]:
    try:
        names = os.listdir(home)
    except OSError:
        return
    for name in names:
        if name.endswith((_SUFFIX, _UNFINISHED)):
            try:
                about = os.stat(name, dir_fd=home, follow_symlinks=False)
            except OSError:
                continue
            yield File(name, about.st_size, about.st_mtime)


# ---- the folder


def folder() -> str | None:
    """Where the entries are; None if there are to be none, or there is no home."""
    given = os.environ.get("RSEQ_CACHE_DIR")
    if given is not None:
        return os.path.abspath(given) if given else None
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "rseq") if os.path.isabs(base) else None


def _open(path: str | None, *, make: bool = False) -> int | None:
    """The folder, opened; None if there is none that can be trusted."""
    if path is None:
        return None
    try:
        home = os.open(path, _OPEN | os.O_DIRECTORY)
    except OSError:
        return _open(path) if make and _make(path) else None
    about = os.fstat(home)
    doubt = _doubt(about)
    if not doubt:
        return home
    os.close(home)
    if about.st_uid == os.geteuid() or "RSEQ_CACHE_DIR" in os.environ:  # else it is sudo's doing, and as it should be
        _warn(f"rseq does not use its cache {path}: it {doubt}")
    return None


def _make(path: str) -> bool:
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        os.mkdir(path, 0o700)
    except OSError:
        return os.path.isdir(path) and not os.path.islink(path)  # another process has made it
    return True


def _doubt(about: os.stat_result) -> str:
    """Why what is in a file or folder cannot be trusted; "" if it can."""
    if about.st_uid not in (os.geteuid(), 0):
        return f"belongs to user {about.st_uid}, who is neither root nor you"
    if about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return "can be written to by others (chmod go-w)"
    return ""


def refusal() -> str:
    """Why nothing is kept, or read; "" if it is."""
    path = folder()
    if path is None:
        return "RSEQ_CACHE_DIR is empty" if "RSEQ_CACHE_DIR" in os.environ else "there is no home folder"
    try:
        about = os.stat(path, follow_symlinks=False)
    except OSError:
        return ""  # it is made when something is to be kept
    if not stat.S_ISDIR(about.st_mode):
        return "it is no folder"
    doubt = _doubt(about)
    if doubt:
        return f"it {doubt}"
    return "" if os.access(path, os.W_OK | os.X_OK) else "it can only be read, so nothing is added"


_told: set[str] = set()


def _warn(text: str) -> None:
    if text not in _told:
        _told.add(text)
        import warnings

        warnings.warn(text, RuntimeWarning, stacklevel=2)


def entries() -> list[File]:
    """The entries that there are."""
    return _in_folder(lambda home: [file for file in _files(home) if file.name.endswith(_SUFFIX)])


def clear() -> list[File]:
    """Remove all entries, and return those that were removed."""
    return _in_folder(lambda home: [file for file in _files(home) if _remove(home, file.name)])


def _in_folder(work: Callable[[int], list[File]]) -> list[File]:
    home = _open(folder())
    if home is None:
        return []
    try:
        return work(home)
    finally:
        os.close(home)
