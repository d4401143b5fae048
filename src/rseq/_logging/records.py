"""The forms in which a log record crosses: what a handler writes, and what a listener makes of it."""

from __future__ import annotations

import logging
import marshal
import pickle
from typing import Any

LogRecord = logging.LogRecord
_STANDARD = tuple(vars(LogRecord("", 0, "", 0, "", (), None)))  # not by the factory, which programs replace
_PREPARED = (*_STANDARD, "message")
_MSG, _ARGS = _STANDARD.index("msg"), _STANDARD.index("args")
_PLAIN = frozenset({str, int, float, complex, bool, bytes, type(None)})
_MARSHAL_FORMAT = 2  # later ones look each object up, which takes longer than to write it again
_MARSHALLED, _PICKLED = b"[", b"\x80"
_PICKLE_PROTOCOL = 5


def with_fields(fields: dict[str, Any]) -> logging.LogRecord:
    """A record of these fields, of which none is made anew."""
    record = LogRecord.__new__(LogRecord)
    record.__dict__.update(fields)
    return record


def marshalled(fields: dict[str, Any], message: str) -> bytes | None:
    """The fast form of a record with the usual fields and this message; None if it has none."""
    if tuple(fields) != _PREPARED:
        return None
    values = [*fields.values()]
    values[_MSG], values[_ARGS] = message, None
    del values[-1]  # it is the message
    return marshal.dumps(values, _MARSHAL_FORMAT) if _PLAIN.issuperset(map(type, values)) else None


def marshalled_with_names(fields: dict[str, Any]) -> bytes | None:
    """The fast form of a record with any fields, as they are; None if it has none."""
    names, values = tuple(fields), [*fields.values()]
    if not _PLAIN.issuperset(map(type, values)) or {*map(type, names)} != {str}:
        return None
    return marshal.dumps([*values, names], _MARSHAL_FORMAT)


def _unmarshalled(data: bytes) -> logging.LogRecord:
    *values, last = marshal.loads(data)
    if type(last) is tuple:
        return with_fields(dict(zip(last, values, strict=True)))
    return with_fields(dict(zip(_PREPARED, (*values, last, values[_MSG]), strict=True)))


def pickled(thing: Any) -> bytes:
    """The general form. Raises: pickle.PicklingError - there is none; it says which field has none, and why."""
    try:
        return pickle.dumps(thing, _PICKLE_PROTOCOL)
    except Exception as error:
        if isinstance(thing, LogRecord) and _why_not(type(thing)):  # a local class, which no name leads to
            return pickled(with_fields(vars(thing)))
        raise pickle.PicklingError(_first_that_cannot(thing) or f"{thing!r} cannot be pickled: {error}") from error


def _first_that_cannot(thing: Any) -> str:
    """Which field cannot be pickled, and why; nothing if each can."""
    for name, value in getattr(thing, "__dict__", {}).items():
        if reason := _why_not(value):
            return f"the field {name!r} of this log record, a {type(value).__name__}, cannot be pickled: {reason}"
    return ""


def _why_not(value: object) -> str:
    """Why a thing cannot be pickled; nothing if it can."""
    try:
        pickle.dumps(value, _PICKLE_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - whatever its class raises is the reason
        return f"{type(error).__name__}: {error}"
    return ""


def read(data: bytes) -> Any:
    """What a handler has written; a warning in its place if this cannot be read."""
    try:
        if data.startswith(_MARSHALLED):
            return _unmarshalled(data)
        if data.startswith(_PICKLED):
            return pickle.loads(data)
    except Exception as error:  # noqa: BLE001 - whatever a class raises that is pickled
        return warning(f"{len(data)} bytes in the ring cannot be read, {type(error).__name__}: {error}; {data[:20]!r}")
    return warning(f"{len(data)} bytes in the ring are no log record: {data[:20]!r}")


def warning(text: str) -> logging.LogRecord:
    """A record of our own, as a logger would make it: formatters may need fields that the program's factory adds."""
    fields: Any = ("rseq.logging", logging.WARNING, __file__, 0, text, (), None)
    try:
        return logging.getLogRecordFactory()(*fields)
    except Exception:  # noqa: BLE001 - whatever the program's factory raises
        return LogRecord(*fields)
