"""Logging through a ring buffer: the thread that logs writes a few bytes; formatting and output are another's work.

    ring = rseq.RingBuffer(1 << 20)
    logging.getLogger().addHandler(rseq.logging.Handler(ring))
    with rseq.logging.Listener(ring, logging.FileHandler("all.log")):
        …

As with `logging.handlers.QueueHandler` and `QueueListener`, but nobody waits for a lock or a queue, and memory is
bounded: what does not fit is counted, and the listener says so. In a shared segment, forked processes log into one
ring and one listener writes for all of them.

What is stored of a record: its fields as `marshal` writes them, message and arguments apart, so that the
listener formats. Arguments other than plain numbers and strings might change until then, or mean nothing there; they
are formatted at once. `exc_info` is stored as its text, `extra` as far as it is numbers and strings, else as text.

`import rseq` does not import this module.
"""

from __future__ import annotations

import logging
import marshal
import os
import threading
from collections import deque
from collections.abc import Sequence
from functools import cache
from operator import attrgetter
from types import TracebackType
from typing import Any, NamedTuple, Self

from .structures.ring import Event, RingBuffer

__all__ = ["Handler", "Listener"]

_KEPT = (
    "name",
    "levelno",
    "pathname",
    "lineno",
    "funcName",
    "created",
    "thread",
    "threadName",
    "process",
    "processName",
)
_MORE = ("msg", "args", "exc_text", "stack_info")
_STANDARD = frozenset(vars(logging.makeLogRecord({})))
_STANDARD_COUNT = len(_STANDARD)
_FIELDS = (*_KEPT, *(("taskName",) if "taskName" in _STANDARD else ()), *_MORE)
_values = attrgetter(*_FIELDS)
_PLAIN = frozenset({str, int, float, bool, type(None)})
_MADE_BY_FORMATTERS = frozenset({"message", "asctime"})
_FORMAT = 2  # of marshal: later ones look each object up, which takes longer than to write it again
_exceptions = logging.Formatter()


class Handler(logging.Handler):
    """Writes log records to `ring`, from where a `Listener` takes them.

    Without a formatter of its own, the listener's handlers format; with one, the formatted text is the message.
    A record that does not fit is lost, and counted in `ring.lost`; the largest has `ring.largest` bytes.
    Raises: TypeError - `ring` is no RingBuffer for records of any length. ValueError - it was made with `clock=False`:
    then records have no order between CPUs.
    Threads: any, in any process that shares the ring. It never waits.
    """

    def __init__(self, ring: RingBuffer, level: int | str = logging.NOTSET) -> None:
        _require_bytes(ring)
        super().__init__(level)
        self.ring = ring
        self._write = ring.write

    def handle(self, record: logging.LogRecord) -> Any:
        """As `logging.Handler.handle`, without its lock: a ring needs none."""
        if not self.filters:
            self.emit(record)
            return True
        chosen: Any = self.filter(record)
        if chosen:
            self.emit(chosen if isinstance(chosen, logging.LogRecord) else record)
        return chosen

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record to the ring."""
        try:
            args = record.args
            if (
                type(record.msg) is str
                and not record.exc_info
                and (not args or (type(args) is tuple and _PLAIN.issuperset(map(type, args))))
                and len(record.__dict__) == _STANDARD_COUNT
                and self.formatter is None
            ):
                self._write(marshal.dumps(_values(record), _FORMAT))
            else:
                self._write(marshal.dumps((*self._formatted(record), _extra(record)), _FORMAT))
        except Exception:  # noqa: BLE001 - as all handlers do: logging must not end what it is to tell of
            self.handleError(record)

    def _formatted(self, record: logging.LogRecord) -> tuple[Any, ...]:
        """The record's fields, with what has to be text now as text."""
        fields = _values(record)[: -len(_MORE)]
        if self.formatter is not None:
            return *fields, self.formatter.format(record), None, None, None
        text = record.exc_text
        if record.exc_info and not text:
            text = _exceptions.formatException(record.exc_info)
        return *fields, record.getMessage(), None, text, record.stack_info


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    """What users have added to a record."""
    added = {name: value for name, value in vars(record).items() if name not in _STANDARD | _MADE_BY_FORMATTERS}
    return {name: value if type(value) in _PLAIN else str(value) for name, value in added.items()}


def _record(data: bytes) -> logging.LogRecord:
    """What a handler has written, as a record."""
    values = marshal.loads(data)
    fields: dict[str, Any] = dict(zip(_FIELDS, values, strict=False))
    extra = values[len(_FIELDS)] if len(values) > len(_FIELDS) else {}
    filename, created = os.path.basename(fields["pathname"]), fields["created"]
    fields |= {
        "filename": filename,
        "module": os.path.splitext(filename)[0],
        "levelname": logging.getLevelName(fields["levelno"]),
        "msecs": float(int(created % 1 * 1000)),
        "relativeCreated": (created - _first()) * 1000,
    }
    return logging.makeLogRecord({**fields, **extra})


@cache
def _first() -> float:
    """When `logging` was imported, from which `relativeCreated` counts."""
    now = logging.makeLogRecord({})
    return now.created - now.relativeCreated / 1000


class _Begun(NamedTuple):
    """A record, and those who have not handled it yet."""

    record: logging.LogRecord
    handlers: Sequence[logging.Handler]


class Listener:
    """Takes log records out of `ring` in a thread of its own, and gives them to `handlers`.

    It looks every `interval` seconds, and goes in the order of time. With `respect_handler_level` a
    handler gets what is of its level. If records were lost, the handlers get a warning that says how many.
    Use `start` and `stop`, or `with`. Keep the ring for logging: other bytes in it are no log records.
    A handler's exceptions go to its `handleError`. What comes through nevertheless (KeyboardInterrupt, SystemExit, an
    exception of `handleError`) ends the call or the thread, and nothing more: what has not been handled then is kept.
    Raises: TypeError - `ring` is no RingBuffer for records of any length, or a handler is none. ValueError - an
    `interval` of 0 or less, or a ring without a clock.
    Threads: any. A forked child has none of its parent's threads: there it is stopped, and may be started.
    """

    def __init__(
        self,
        ring: RingBuffer,
        *handlers: logging.Handler,
        respect_handler_level: bool = False,
        interval: float = 0.05,
    ) -> None:
        _require_bytes(ring)
        for handler in handlers:
            if isinstance(handler, type) or not callable(getattr(handler, "handle", None)):
                raise TypeError(
                    f"handlers: expected logging.Handlers, such as logging.StreamHandler(); got {handler!r}"
                )
        if not interval > 0:
            raise ValueError(f"interval: expected seconds above 0, got {interval!r}")
        self.ring, self.handlers = ring, handlers
        self.respect_handler_level, self.interval = respect_handler_level, interval
        self._lost = ring.lost
        self._waiting: deque[Event | _Begun] = deque()
        self._thread: threading.Thread | None = None
        self._process = os.getpid()
        self._ends = threading.Event()

    def start(self) -> None:
        """Begin to listen. Raises: RuntimeError - it listens already."""
        self._follow_forks()
        if self._thread is not None:
            raise RuntimeError("this listener has been started already; stop() it first")
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="rseq.logging", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it, after all that was logged before has been handled. Nothing happens if it does not listen.

        If a handler has ended the thread, what is left is handled by the caller's.
        """
        self._follow_forks()
        thread, self._thread = self._thread, None
        if thread is not None:
            self._ends.set()
            thread.join()
            self.handle_waiting()

    def handle_waiting(self) -> int:
        """Give what waits to the handlers, in the calling thread; how many records there were.

        If a handler ends this call with an exception, the next call goes on with the handler after it.
        """
        count = 0
        self._take()
        while self._waiting:
            given = self._waiting.popleft()
            self._handle(given if isinstance(given, _Begun) else _Begun(_record_or_warning(given.data), self.handlers))
            count += 1
        return count

    def _follow_forks(self) -> None:
        """In a forked child: the parent has the thread, and what that had taken out, and goes on with both."""
        if self._process != os.getpid():
            self._thread, self._process = None, os.getpid()
            self._waiting.clear()

    def _listen(self) -> None:
        ends = self._ends
        while not ends.wait(self.interval):
            self.handle_waiting()
        self.handle_waiting()

    def _take(self) -> None:
        """Take what is in the ring, and what it has lost."""
        self._follow_forks()
        self._waiting.extend(self.ring.drain())
        lost = self.ring.lost
        if lost > self._lost:
            text = f"{lost - self._lost} log records were lost: the ring was full, or they are too large for it"
            self._waiting.append(_Begun(_warning(text), self.handlers))
            self._lost = lost

    def _handle(self, begun: _Begun) -> None:
        record, handlers = begun
        for at, handler in enumerate(handlers, 1):
            try:
                if not self.respect_handler_level or record.levelno >= handler.level:
                    _handle(handler, record)
            except BaseException:
                self._waiting.appendleft(_Begun(record, handlers[at:]))
                raise

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _record_or_warning(data: bytes) -> logging.LogRecord:
    try:
        return _record(data)
    except (EOFError, KeyError, TypeError, ValueError):
        return _warning(f"{len(data)} bytes in the ring are no log record: {data[:20]!r}")


def _handle(handler: logging.Handler, record: logging.LogRecord) -> None:
    try:
        handler.handle(record)
    except Exception:  # noqa: BLE001 - one bad handler must not end the listener
        handler.handleError(record)


def _warning(text: str) -> logging.LogRecord:
    return logging.LogRecord("rseq.logging", logging.WARNING, __file__, 0, text, None, None)


def _require_bytes(ring: object) -> None:
    if not isinstance(ring, RingBuffer) or ring.dtype is not None:
        raise TypeError(f"ring: expected an rseq.RingBuffer without a dtype, got {ring!r}")
    if not ring.clock:
        raise ValueError(f"ring: expected one with a clock, which orders what CPUs have logged; got {ring!r}")
