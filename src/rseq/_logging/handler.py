"""The handler: what the thread that logs does."""

from __future__ import annotations

import logging
import pickle
from logging.handlers import QueueHandler
from queue import Full
from typing import Any

from rseq._logging.records import LogRecord, marshalled, marshalled_with_names, pickled, with_fields
from rseq._structures.ring import RingBuffer


class Handler(logging.Handler):
    """Writes log records to `ring`, from where a `Listener` takes them.

    `prepare` and `enqueue` may be overridden as those of `logging.handlers.QueueHandler`. With a formatter of its own,
    the formatted text is the message. What cannot cross goes to `handleError`, with the reason as the exception in
    `sys.exc_info()`, and is counted in `ring.lost`: `queue.Full` - the ring has no room. ValueError - the record is
    larger than `ring.largest`. pickle.PicklingError - a field cannot be pickled.
    Raises: TypeError - `ring` is no RingBuffer for records of any length. ValueError - it was made with `clock=False`:
    then records have no order between CPUs.
    Threads: any, in any process that shares the ring; signal handlers. It never waits.
    """

    def __init__(self, ring: RingBuffer, level: int | str = logging.NOTSET) -> None:
        require_bytes(ring)
        super().__init__(level)
        self.ring = ring
        self._write = ring.write

    def handle(self, record: logging.LogRecord) -> Any:
        """As `logging.Handler.handle`, without its lock: a ring needs none."""
        chosen: Any = self.filter(record)
        if chosen:
            self.emit(chosen if isinstance(chosen, logging.LogRecord) else record)
        return chosen

    def emit(self, record: logging.LogRecord) -> None:
        """Prepare a record, and write it to the ring."""
        try:
            if not self._is_simple(record):
                self.enqueue(self.prepare(record))
                return
            record.message = message = record.getMessage()
            data = marshalled(record.__dict__, message)
            if data is None:
                text = f"{message}"  # of a subclass of str, too
                self.enqueue(with_fields({**record.__dict__, "msg": text, "message": text, "args": None}))
            elif not self._write(data):
                raise self._no_room(data)
        except Exception:  # noqa: BLE001 - as all handlers do: logging must not end what it is to tell of
            self.handleError(record)

    def prepare(self, record: logging.LogRecord) -> Any:
        """What crosses in place of a record: as `logging.handlers.QueueHandler.prepare`, a copy with its message."""
        return QueueHandler.prepare(self, record)  # type: ignore[arg-type]  # all that it needs of us is `format`

    def enqueue(self, record: Any) -> None:
        """Write to the ring what `prepare` has returned. Raises: what the class says goes to `handleError`."""
        data = marshalled_with_names(vars(record)) if type(record) is LogRecord else None
        if data is None:
            data = self._pickled(record)
        if not self._write(data):
            raise self._no_room(data)

    def _is_simple(self, record: logging.LogRecord) -> bool:
        """If `getMessage` is all that `prepare` would do, and neither it nor what it works with has been replaced."""
        kind = type(self)
        return (
            type(record) is LogRecord
            and record.exc_info is None
            and record.exc_text is None
            and record.stack_info is None
            and self.formatter is None
            and kind.prepare is _PREPARE
            and kind.enqueue is _ENQUEUE
            and kind.format is _FORMAT
            and _OF_THE_CLASS.isdisjoint(self.__dict__)
        )

    def _no_room(self, data: bytes) -> Exception:
        size, most = len(data), self.ring.largest
        if size > most:
            return ValueError(
                f"this log record takes {size} bytes, more than the ring's largest, {most}: make it larger"
            )
        return Full(f"the ring has no room for this log record of {size} bytes: make it larger, or listen more often")

    def _pickled(self, thing: Any) -> bytes:
        """The general form; what has none is counted as lost."""
        try:
            return pickled(thing)
        except pickle.PicklingError:
            self._write(bytes(self.ring.largest + 1))  # what is too large is counted
            raise


_PREPARE, _ENQUEUE, _FORMAT = Handler.prepare, Handler.enqueue, Handler.format
_OF_THE_CLASS = frozenset({"prepare", "enqueue", "format"})


def require_bytes(ring: object) -> None:
    """Raises: TypeError - no ring for records of any length. ValueError - one without a clock."""
    if not isinstance(ring, RingBuffer) or ring.dtype is not None:
        raise TypeError(f"ring: expected an rseq.RingBuffer without a dtype, got {ring!r}")
    if not ring.clock:
        raise ValueError(f"ring: expected one with a clock, which orders what CPUs have logged; got {ring!r}")
