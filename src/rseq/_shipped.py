"""Machine code that comes with the package: made when the wheel is built, loaded without a compiler.

There is a file for each architecture and layout of Python's objects (_layout.py), in the folder `shipped/`:

    magic | length of the index | length of the front | index | front: bundle | bundle | …, then bundle | bundle | …

The index has a line for each bundle: its name, where it is, its length, and how it is kept. A bundle is what is loaded
together, such as all that a `Counter` needs, as `marshal` writes it. The front has what most programs need first, so
that it comes with the index. The others are compressed; one that is much like another (a stack of another size) with
that one as its dictionary (zlib). What is in which one is said by those who put it there (_ship.py).

The files are part of the package, and trusted as its modules are. A file that is cut off or is of another version of
the package is no file: then code is compiled. So it is in a folder of sources that have been changed since.
"""

from __future__ import annotations

import errno
import marshal
import os
import sys

from rseq._layout import here
from rseq._quick import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, BinaryIO

PACKAGE = os.path.dirname(os.path.abspath(__file__))
"""The package's folder."""

FOLDER = os.path.join(PACKAGE, "shipped")
"""Where the wheel has its files."""

MAGIC = b"rseq 2\r\n"
HEAD_BYTES = 16
_LARGEST_BEGINNING = 1 << 24  # more is a damaged file
FACTS = "facts"
"""The bundle of what is known of the architecture."""

PLAIN = "="
"""How a bundle is kept that is not compressed. Others name their dictionary, if they have one."""
_SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def file_name(machine: str, layout: str) -> str:
    """The name of the file for an architecture and a layout."""
    return f"{machine}-{layout}.bin"


class File:
    """One of the files. Raises: ValueError - it is of another version, or is cut off. OSError."""

    def __init__(self, path: str) -> None:
        self.path = path
        with _open(path) as file:
            head = file.read(HEAD_BYTES)
            index_bytes, front_bytes = int.from_bytes(head[8:12], "little"), int.from_bytes(head[12:], "little")
            if head[:8] != MAGIC or index_bytes + front_bytes > _LARGEST_BEGINNING:
                raise ValueError("of another version")
            data = file.read(index_bytes + front_bytes)
        self._index, self._front = data[:index_bytes], data[index_bytes:]
        self._start = HEAD_BYTES + index_bytes
        if len(self._front) != front_bytes or not self._index.endswith(b"\n"):
            raise ValueError("cut off")

    def names(self) -> list[str]:
        """Those of all bundles."""
        return [line.partition(b"\t")[0].decode() for line in self._index.splitlines()[1:]]

    def bundle(self, name: str) -> Any:
        """That bundle; None if there is none, or it is damaged. Raises: OSError."""
        begin = self._index.find(f"\n{name}\t".encode())
        if begin < 0:
            return None
        try:
            return marshal.loads(self._data(begin + 1))
        except (ValueError, EOFError, TypeError):
            return None

    def _data(self, begin: int) -> bytes:
        """The bundle of that line of the index."""
        name, at, nbytes, how = self._index[begin : self._index.index(b"\n", begin)].split(b"\t")
        data = self._read(int(at), int(nbytes))
        if how == PLAIN.encode():
            return data
        import zlib

        unpack = zlib.decompressobj(zdict=self._data(self._index.index(b"\n%s\t" % how) + 1) if how else b"")
        try:
            return unpack.decompress(data) + unpack.flush()
        except zlib.error as error:
            raise ValueError(f"{name!r} is damaged") from error

    def _read(self, at: int, nbytes: int) -> bytes:
        if at + nbytes <= len(self._front):
            return self._front[at : at + nbytes]
        with _open(self.path) as file:
            file.seek(self._start + at)
            return file.read(nbytes)


def _open(path: str) -> BinaryIO:
    try:
        return open(path, "rb", buffering=0)
    except NotADirectoryError:  # the package is in a zip file
        from io import BytesIO

        loader: Any = __spec__.loader
        return BytesIO(loader.get_data(path))


def bundle(name: str) -> Any:
    """The bundle of that name for this process; None if there is none. Raises: OSError - it cannot be read now."""
    found = _file()
    return None if found is None else found.bundle(name)


def origin() -> tuple[str, tuple[str, ...]]:
    """The file's name, and the structures that have machine code in it, at least in common sizes; empty without one."""
    found = _file()
    if found is None:
        return "", ()
    names = sorted(name.removeprefix("methods ") for name in found.names() if name.startswith("methods "))
    return os.path.basename(found.path), tuple(names)


@cache
def facts() -> Mapping[str, Any]:
    """What is known of this architecture without the modules that make code for it; nothing, if there is no file."""
    return bundle(FACTS) or {}


@cache
def _file() -> File | None:
    """The file for this process. Raises: OSError - too many files are open: that is not remembered."""
    layout = here()
    if layout is None or not sys.platform.startswith("linux"):
        return None
    path = os.path.join(FOLDER, file_name(os.uname().machine, layout.name))
    try:
        if is_checkout() and os.stat(path).st_mtime < max(about.st_mtime for _, about in sources()):
            return None
        return File(path)
    except ValueError:
        return None
    except OSError as error:
        if error.errno in _SHORTAGES:
            raise
        return None


@cache
def is_checkout() -> bool:
    """Whether the package is a folder of sources, which somebody may edit: what builds the wheel is beside it."""
    return os.path.exists(os.path.join(PACKAGE, os.pardir, os.pardir, "hatch_build.py"))


@cache
def sources() -> list[tuple[str, os.stat_result]]:
    """The package's modules, each with its time and size; or the zip file that they are in."""
    if not os.path.isdir(PACKAGE):
        return _archive(PACKAGE)
    found, folders = [], [PACKAGE]
    while folders:
        with os.scandir(folders.pop()) as inside:
            for one in inside:
                if one.name.endswith(".py") and one.name != "_texts.py":  # the build makes that
                    found.append((one.path, one.stat()))
                elif "." not in one.name and one.name != "__pycache__" and one.is_dir():
                    folders.append(one.path)
    return sorted(found)


def _archive(path: str) -> list[tuple[str, os.stat_result]]:
    while path != os.path.dirname(path):
        path = os.path.dirname(path)
        if os.path.isfile(path):
            return [(path, os.stat(path))]
    return []
