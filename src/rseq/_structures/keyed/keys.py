"""What a key is: a str, bytes, an int, or a tuple of keys; and how it is written down for other processes.

    | tag | bytes, or parts of a tuple | data, or the parts |        the tag is one byte, the number four

A str is its UTF-8 (lone surrogates too, as names of files have them), an int its bytes with a sign. What is read may
have been written by anybody: it is taken apart by length, and no code runs that it names.
"""

from __future__ import annotations

from _struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    Key: TypeAlias = str | bytes | int | tuple["Key", ...]

MOST_NESTED = 32
"""How deep tuples may lie in tuples."""

_SIMPLE = frozenset((str, bytes, int))
_HEAD = Struct("=BI")
_STR, _BYTES, _INT, _TUPLE = range(1, 5)
_MOST = 0xFFFFFFFF


def plain(key: object, depth: int = MOST_NESTED) -> Key:
    """The key as an object of the very classes above: of a subclass, such as an enum or a named tuple, what it holds.

    `depth` is how deep tuples may lie in it.

    Raises: TypeError - it is no key, or holds what is none. ValueError - it is nested too deeply.
    """
    kind: Any = type(key)
    if kind in _SIMPLE or (kind is tuple and depth and _SIMPLE.issuperset(map(type, key))):  # type: ignore[call-overload]
        return key  # type: ignore[return-value]
    if issubclass(kind, tuple):
        if not depth:
            raise ValueError(f"a key: expected tuples in tuples up to {MOST_NESTED} deep, got more")
        parts: Any = tuple.__iter__(key)  # type: ignore[arg-type]
        return tuple([plain(part, depth - 1) for part in parts])
    if issubclass(kind, str):
        return str.__str__(key)
    if issubclass(kind, bytes):
        return b"".join((key,))  # type: ignore[arg-type]
    if issubclass(kind, int) and kind is not bool:
        return int.__index__(key)  # type: ignore[arg-type]
    raise TypeError(_refusal(key))


def _refusal(key: object) -> str:
    said = f"a key: expected a str, bytes, an int, or a tuple of these; got {key!r}"
    if isinstance(key, (bool, float)):
        whole = "whole ones for ints" if isinstance(key, float) else "for an int"
        said = f"{said}, a {type(key).__name__}, which a dict takes {whole}: pass int(key) or str(key)"
    return said


def packed(key: Key) -> bytes:
    """A plain key written down."""
    if type(key) is tuple:
        return b"".join((_HEAD.pack(_TUPLE, len(key)), *map(packed, key)))
    if type(key) is str:
        return _tagged(_STR, key.encode("utf-8", "surrogatepass"))
    if type(key) is bytes:
        return _tagged(_BYTES, key)
    assert type(key) is int, f"{key!r} is no plain key"
    return _tagged(_INT, key.to_bytes(key.bit_length() // 8 + 1, "little", signed=True))


def _tagged(tag: int, data: bytes) -> bytes:
    return _HEAD.pack(tag, min(len(data), _MOST)) + data  # what is longer fits nowhere


def unpacked(data: bytes) -> Key:
    """The key that was written down. Raises: ValueError - it is none."""
    key, end = _read(data, 0, 0)
    if end != len(data):
        raise ValueError(f"a key ends after {end} bytes, and {len(data)} are there")
    return key


def _read(data: bytes, start: int, depth: int) -> tuple[Key, int]:
    at = start + _HEAD.size
    if at > len(data):
        raise ValueError("a key is cut off")
    tag, count = _HEAD.unpack_from(data, start)
    if tag == _TUPLE:
        return _parts(data, at, count, depth)
    end = at + count
    if end > len(data):
        raise ValueError(f"a key of {count} bytes is cut off")
    part = data[at:end]
    if tag == _STR:
        return part.decode("utf-8", "surrogatepass"), end
    if tag == _BYTES:
        return part, end
    if tag == _INT:
        return int.from_bytes(part, "little", signed=True), end
    raise ValueError(f"a key of no known type, {tag}")


def _parts(data: bytes, at: int, count: int, depth: int) -> tuple[Key, int]:
    if depth == MOST_NESTED:
        raise ValueError("a key that is nested too deeply")
    parts = []
    for _ in range(count):
        part, at = _read(data, at, depth + 1)
        parts.append(part)
    return tuple(parts), at
