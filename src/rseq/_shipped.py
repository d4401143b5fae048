"""Machine code that comes with the package: made when the wheel is built, loaded without a compiler.

There is a file for each architecture and layout of Python's objects (_layout.py), in the folder `shipped/`:

    magic | length of the index | index | bundle | bundle | …

The index says where each bundle is. A bundle is what is loaded together, such as all that a `Counter` needs, as
`marshal` writes it, compressed; one that is much like another (a stack of another size) with that one as its dictionary
(zlib). What is in which one is said by those who put it there (_ship.py).

The files are part of the package, and trusted as its modules are. A file that is cut off or is of another version of
the package is no file: then code is compiled. So it is in a folder of sources that have been changed since.
"""

from __future__ import annotations

import errno
import marshal
import os
import struct
import sys

from rseq._layout import here
from rseq._quick import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping
    from typing import Any

PACKAGE = os.path.dirname(os.path.abspath(__file__))
"""The package's folder."""

FOLDER = os.path.join(PACKAGE, "shipped")
"""Where the wheel has its files."""

MAGIC = b"rseq 1\r\n"
_HEAD = struct.Struct("<8sI")
_MARSHAL_VERSION = 4  # every Python from 3.4 on reads it
_FACTS = "facts"
_SHORTAGES = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def file_name(machine: str, layout: str) -> str:
    """The name of the file for an architecture and a layout."""
    return f"{machine}-{layout}.bin"


def packed(facts: Mapping[str, Any], bundles: Mapping[str, Any], plain: Container[str] = ()) -> bytes:
    """A file's contents. What is in a bundle is made of tuples, dicts, texts, bytes and numbers.

    Those named in `plain` are not compressed: importing `zlib` takes longer than reading them.
    """
    index: dict[str, Any] = {_FACTS: dict(facts)}
    parts, at = [], 0
    known: dict[str, bytes] = {}
    first: dict[str, str] = {}
    for name, contents in bundles.items():
        known[name] = marshal.dumps(contents, _MARSHAL_VERSION)
        if name in plain:
            parts.append(known[name])
            index[name] = at, len(known[name]), None
            at += len(known[name])
            continue
        kin = "".join(letter for letter in name if not letter.isdigit())
        like = name.replace("/ mm_cid", "/ cpu_id")
        base = like if like != name and like in known else first.setdefault(kin, name)
        part = _compressed(known[name], known[base] if base != name else b"")
        index[name] = at, len(part), base if base != name else ""
        parts.append(part)
        at += len(part)
    head = marshal.dumps(index, _MARSHAL_VERSION)
    return b"".join([_HEAD.pack(MAGIC, len(head)), head, *parts])


def _compressed(data: bytes, base: bytes) -> bytes:
    import zlib

    how = zlib.compressobj(9, zdict=base) if base else zlib.compressobj(9)
    return how.compress(data) + how.flush()


def bundle(name: str) -> Any:
    """The bundle of that name for this process; None if there is none. Raises: OSError - it cannot be read now."""
    found = _file()
    if found is None or name not in found[1]:
        return None
    path, index, start = found
    with open(path, "rb", buffering=0) as file:

        def read(at: int, nbytes: int) -> bytes:
            file.seek(start + at)
            return file.read(nbytes)

        return _unpacked(read, index, name)


def opened(data: bytes) -> Callable[[str], Any]:
    """What finds the bundles of a file with these contents."""
    _, nbytes = _HEAD.unpack_from(data)
    start = _HEAD.size + nbytes
    index = marshal.loads(data[_HEAD.size : start])
    return lambda name: _unpacked(lambda at, count: data[start + at : start + at + count], index, name)


def _unpacked(read: Callable[[int, int], bytes], index: Mapping[str, Any], name: str) -> Any:
    try:
        return marshal.loads(_data(read, index, name))
    except (ValueError, EOFError, TypeError, KeyError):
        return None


def _data(read: Callable[[int, int], bytes], index: Mapping[str, Any], name: str) -> bytes:
    at, nbytes, base = index[name]
    if base is None:
        return read(at, nbytes)
    import zlib

    how = zlib.decompressobj(zdict=_data(read, index, base)) if base else zlib.decompressobj()
    try:
        return how.decompress(read(at, nbytes)) + how.flush()
    except zlib.error as error:
        raise ValueError("damaged") from error


def origin() -> tuple[str, tuple[str, ...]]:
    """The file's name, and the structures that have machine code in it, at least in common sizes; empty without one."""
    found = _file()
    if found is None:
        return "", ()
    names = sorted(name.removeprefix("methods ") for name in found[1] if name.startswith("methods "))
    return os.path.basename(found[0]), tuple(names)


def facts() -> Mapping[str, Any]:
    """What is known of this architecture without the modules that make code for it; nothing, if there is no file."""
    found = _file()
    return found[1][_FACTS] if found is not None else {}


@cache
def _file() -> tuple[str, dict[str, Any], int] | None:
    """Path, index, and where the bundles begin. Raises: OSError - too many files are open: that is not remembered."""
    layout = here()
    if layout is None or not sys.platform.startswith("linux"):
        return None
    path = os.path.join(FOLDER, file_name(os.uname().machine, layout.name))
    try:
        if is_checkout() and os.stat(path).st_mtime < max(about.st_mtime for _, about in sources()):
            return None
        with open(path, "rb", buffering=0) as file:
            magic, nbytes = _HEAD.unpack(file.read(_HEAD.size))
            index = marshal.loads(file.read(nbytes)) if magic == MAGIC else None
    except (ValueError, EOFError, TypeError, struct.error):
        return None
    except OSError as error:
        if error.errno in _SHORTAGES:
            raise
        return None
    return None if index is None else (path, index, _HEAD.size + nbytes)


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
