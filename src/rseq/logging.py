"""Logging through a ring buffer: the thread that logs writes a few bytes; output is another thread's work.

    ring = rseq.RingBuffer(1 << 20)
    logging.getLogger().addHandler(rseq.logging.Handler(ring))
    with rseq.logging.Listener(ring, logging.FileHandler("all.log")):
        …

As with `logging.handlers.QueueHandler` and `QueueListener`, but nobody waits for a lock or a queue, and memory is
bounded. In a shared segment, forked processes log into one ring and one listener writes for all of them.

What crosses is the record as `QueueHandler.prepare` makes it: the message is formatted in the thread that logs, with
the traceback if there is one, and all other fields stay as they are. The listener makes nothing anew: no record
factory, no level name, no time. There are two forms, told apart by their first byte:

    marshal of a list      the values of a `logging.LogRecord` whose fields all are of Python's plain types
    pickle of an object    all else

`import rseq` does not import this module.
"""

from __future__ import annotations

import atexit
import logging
import marshal
import pickle
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from logging.handlers import QueueHandler
from numbers import Real
from queue import Empty, Full, SimpleQueue
from types import TracebackType
from typing import Any, Self

from .forks import start_anew_after_forks
from .structures.ring import Event, RingBuffer
from .thread import fence

__all__ = ["Handler", "Listener"]

_LogRecord = logging.LogRecord
_STANDARD = tuple(vars(_LogRecord("", 0, "", 0, "", (), None)))  # not by the factory, which programs replace
_PREPARED = (*_STANDARD, "message")
_MSG, _ARGS = _STANDARD.index("msg"), _STANDARD.index("args")
_PLAIN = frozenset({str, int, float, complex, bool, bytes, type(None)})
_MARSHAL_FORMAT = 2  # later ones look each object up, which takes longer than to write it again
_MARSHALLED, _PICKLED = b"[", b"\x80"
_PICKLE_PROTOCOL = 5
_PATIENCE_S = 0.05


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
        _require_bytes(ring)
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
            data = _marshalled(record.__dict__, message)
            if data is None:
                text = f"{message}"  # of a subclass of str, too
                self.enqueue(_with_fields({**record.__dict__, "msg": text, "message": text, "args": None}))
            elif not self._write(data):
                raise self._no_room(data)
        except Exception:  # noqa: BLE001 - as all handlers do: logging must not end what it is to tell of
            self.handleError(record)

    def prepare(self, record: logging.LogRecord) -> Any:
        """What crosses in place of a record: as `logging.handlers.QueueHandler.prepare`, a copy with its message."""
        return QueueHandler.prepare(self, record)  # type: ignore[arg-type]  # all that it needs of us is `format`

    def enqueue(self, record: Any) -> None:
        """Write to the ring what `prepare` has returned. Raises: what the class says goes to `handleError`."""
        data = _marshalled_with_names(vars(record)) if type(record) is _LogRecord else None
        if data is None:
            data = self._pickled(record)
        if not self._write(data):
            raise self._no_room(data)

    def _is_simple(self, record: logging.LogRecord) -> bool:
        """If `getMessage` is all that `prepare` would do, and neither it nor what it works with has been replaced."""
        kind = type(self)
        return (
            type(record) is _LogRecord
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
        """The general form. Raises: pickle.PicklingError - there is none; then it is counted as lost."""
        try:
            return pickle.dumps(thing, _PICKLE_PROTOCOL)
        except Exception as error:
            if isinstance(thing, _LogRecord) and _why_not(type(thing)):  # a local class, which no name leads to
                return self._pickled(_with_fields(vars(thing)))
            self._write(bytes(self.ring.largest + 1))  # what is too large is counted
            raise pickle.PicklingError(_first_that_cannot(thing) or f"{thing!r} cannot be pickled: {error}") from error


_PREPARE, _ENQUEUE, _FORMAT = Handler.prepare, Handler.enqueue, Handler.format
_OF_THE_CLASS = frozenset({"prepare", "enqueue", "format"})


def _with_fields(fields: dict[str, Any]) -> logging.LogRecord:
    """A record of these fields, of which none is made anew."""
    record = _LogRecord.__new__(_LogRecord)
    record.__dict__.update(fields)
    return record


def _marshalled(fields: dict[str, Any], message: str) -> bytes | None:
    """The fast form of a record with the usual fields and this message; None if it has none."""
    if tuple(fields) != _PREPARED:
        return None
    values = [*fields.values()]
    values[_MSG], values[_ARGS] = message, None
    del values[-1]  # it is the message
    return marshal.dumps(values, _MARSHAL_FORMAT) if _PLAIN.issuperset(map(type, values)) else None


def _marshalled_with_names(fields: dict[str, Any]) -> bytes | None:
    """The fast form of a record with any fields, as they are; None if it has none."""
    names, values = tuple(fields), [*fields.values()]
    if not _PLAIN.issuperset(map(type, values)) or {*map(type, names)} != {str}:
        return None
    return marshal.dumps([*values, names], _MARSHAL_FORMAT)


def _unmarshalled(data: bytes) -> logging.LogRecord:
    *values, last = marshal.loads(data)
    if type(last) is tuple:
        return _with_fields(dict(zip(last, values, strict=True)))
    return _with_fields(dict(zip(_PREPARED, (*values, last, values[_MSG]), strict=True)))


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


class _Offered:
    """A record, as `Listener.prepare` returned it, and the handlers that have not had it."""

    def __init__(self, record: Any, prepared: Any, handlers: Iterator[logging.Handler]) -> None:
        self.record, self.prepared, self.handlers = record, prepared, handlers


class _Thread:
    """A thread that does one thing, and can be waited for whatever interrupts the waiting."""

    def __init__(self, work: Callable[[], object], *, daemon: bool) -> None:
        self._work, self.has_ended = work, False
        self._told: SimpleQueue[None] = SimpleQueue()
        self._thread = threading.Thread(target=self._live, name="rseq.logging", daemon=daemon)
        self.start = self._thread.start

    @property
    def ident(self) -> int | None:
        """Its number; None before it begins."""
        return self._thread.ident

    def wait(self) -> None:
        """Wait for its end. Ctrl-C ends this call, even if it comes just before the waiting begins.

        `join` would not do: if Ctrl-C ends it, Python 3.11 takes the thread for ended, and does not wait again.
        """
        while self.ident is not None and not self.has_ended:  # without the first, it was never started
            with suppress(Empty):
                self._told.get(timeout=_PATIENCE_S)
        if self.ident is not None:
            self._thread.join()

    def _live(self) -> None:
        try:
            self._work()
        finally:
            self.has_ended = True
            self._told.put(None)


def _apart(work: Callable[[], int]) -> int:
    """`work()`, in a thread of its own: what signal handlers raise in the main thread, Ctrl-C too, ends only this call.

    Raises: what `work` raises.
    """
    results: list[int] = []
    failures: list[BaseException] = []
    is_left = False

    def keep() -> None:
        try:
            results.append(work())
        except BaseException as error:
            if is_left:
                raise  # nobody else tells of it
            failures.append(error)

    thread = _Thread(keep, daemon=False)  # Python does not exit in the middle of it
    try:
        thread.start()
        thread.wait()
    except BaseException as error:
        is_left = True
        if isinstance(error, RuntimeError) and "new thread" in str(error):  # Python exits, or there are too many
            return work()
        raise
    if failures:
        raise failures[0]
    return results[0]


class _Run:
    """A listener's thread, from `start` to its end."""

    def __init__(self, listener: Listener) -> None:
        self._asked: SimpleQueue[None] = SimpleQueue()  # whatever interrupts it, it may be used: unlike an Event
        self.is_over = False
        self.thread = _Thread(partial(listener._listen, self), daemon=True)

    def ask_to_end(self) -> None:
        """Have the thread handle what waits, and end. Threads: any; signal handlers."""
        self._asked.put(None)

    def is_asked_within(self, seconds: float) -> bool:
        """Wait until it is asked to end, at most for some time."""
        try:
            self._asked.get(timeout=seconds)
        except Empty:
            return False
        return True


class Listener:
    """Takes log records out of `ring` in a thread of its own, and gives them to `handlers`.

    It looks every `interval` seconds. Each handler gets each record once: in the order of time, which for each thread
    and for each CPU is the order in which they were logged. With `respect_handler_level` a handler gets what is of its
    level. If records were lost, the handlers get a warning that says how many. `prepare` and `handle` may be overridden
    as those of `logging.handlers.QueueListener`.
    Use `start` and `stop`, or `with`; what runs when Python exits is stopped then. Keep the ring for logging: other
    bytes in it are no log records; and who can write to it can run code here, for records are pickled.
    A handler's exceptions go to its `handleError`. What comes through nevertheless (KeyboardInterrupt, SystemExit, an
    exception of `handleError`) ends the call or the thread, and nothing more: what has not been handled then is kept.
    Raises: TypeError - `ring` is no RingBuffer for records of any length, a handler is none, or `interval` no number.
    ValueError - an `interval` of 0 or less, or a ring without a clock.
    Threads: any; signal handlers. One thread at a time hands records on; others wait for their turn. A forked child has
    none of its parent's threads: there the listener is stopped, and may be started. What its parent had taken out, or
    will take out since it is listening, is the parent's.
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
        self.ring, self.handlers = ring, handlers
        self.respect_handler_level, self.interval = respect_handler_level, _seconds(interval)
        with suppress(OSError):
            fence()  # the first of a process takes milliseconds, in which the ring would fill
        self._lost = ring.lost
        self._after_ns = -1
        self._begin()
        start_anew_after_forks(self)

    def _begin(self) -> None:
        self._waiting: deque[Event | logging.LogRecord] = deque()
        self._offered: _Offered | None = None
        self._run: _Run | None = None
        self._starts = threading.RLock()
        self._turn = threading.RLock()  # to hand records on
        self._whose_turn = 0

    def _start_anew(self) -> None:
        """In a forked child: the parent has the thread, and what that had taken out, and goes on with both."""
        if self._run is not None and self.ring.storage.segment is None:
            # The child has a copy of what waits in the ring, which the parent's thread will handle.
            self._after_ns, self._lost = time.monotonic_ns(), self.ring.lost
        if self._offered is not None:
            deque(self._offered.handlers, maxlen=0)  # if a handler has forked, its caller, in the child, has no more
        self._waiting.clear()
        self._begin()

    def start(self) -> None:
        """Begin to listen. Raises: RuntimeError - it listens already; or Python can start no thread."""
        with self._starts:
            if self._run is not None and not self._run.is_over:
                raise RuntimeError("this listener has been started already; stop() it first")
            self._run = run = _Run(self)
            _running[id(run)] = self
            try:
                run.thread.start()
            except Exception:
                run.ask_to_end()  # if it was a signal handler that raised, the thread may have been started
                _end(run)
                raise

    def stop(self) -> None:
        """End it, after all that was logged before has been handled. Nothing happens if it does not listen.

        If a handler has ended the thread, what is left is handled by the caller's. If Ctrl-C ends this call, the thread
        goes on with the rest, and `stop` may be called again to wait for it. Called by a handler, or by a signal
        handler that interrupts one, it cannot wait: the listener ends after what it is doing.
        """
        run = self._run
        if run is None or run.is_over:
            return
        run.ask_to_end()
        if threading.get_ident() not in (run.thread.ident, self._whose_turn):
            run.thread.wait()
            self.handle_waiting()
            _end(run)

    def handle_waiting(self) -> int:
        """Give what waits to the handlers; how many records it has given them.

        While another thread does so, it waits for its turn. Called by a handler, it leaves the rest to whoever called
        that. If a handler ends this call with an exception, the next call goes on with the handler after it. In the
        main thread it waits for a thread that does it, so that Ctrl-C ends the waiting and interrupts no handler.
        """
        if self._whose_turn == threading.get_ident():
            return 0
        is_main = threading.current_thread() is threading.main_thread()
        return _apart(self._take_turn) if is_main else self._take_turn()

    def _take_turn(self) -> int:
        with self._turn:
            self._whose_turn = threading.get_ident()
            try:
                self._take()
                return self._handle_all()
            finally:
                self._whose_turn = 0

    def prepare(self, record: Any) -> Any:
        """What the handlers get in place of what came out of the ring: the same, unless this is overridden."""
        return record

    def handle(self, record: Any) -> None:
        """Prepare a record, and offer it to the handlers. What an exception has interrupted goes on where it was."""
        offered = self._offered
        if offered is None or offered.record is not record:
            offered = _Offered(record, self.prepare(record), iter(self.handlers))
            if self._waiting and self._waiting[0] is record:
                self._offered = offered
        for handler in offered.handlers:
            self._offer(handler, offered.prepared)

    def _offer(self, handler: logging.Handler, record: Any) -> None:
        try:
            if not self.respect_handler_level or record.levelno >= handler.level:
                handler.handle(record)
        except Exception:  # noqa: BLE001 - one bad handler must not end the listener
            handler.handleError(record)

    def _handle_all(self) -> int:
        count = 0
        while self._waiting:
            record = self._first()
            try:
                self.handle(record)
            except BaseException:
                if self._offered is None or self._offered.record is not record:
                    self._waiting.popleft()  # `prepare` has raised, and would again: no handler can get it
                raise
            if self._waiting:  # unless a handler has forked, and this is the child
                self._waiting.popleft()
            self._offered = None
            count += 1
        return count

    def _first(self) -> Any:
        """The record that comes next."""
        waiting = self._waiting
        if isinstance(waiting[0], Event):
            data = waiting[0].data
            waiting[0] = _warning(f"{len(data)} bytes in the ring ended who read them: {data[:20]!r}")
            waiting[0] = _read(data)
        return waiting[0]

    def _take(self) -> None:
        """Take what is in the ring, and what it has lost."""
        events = self.ring.drain()
        if self._after_ns >= 0:
            events = [event for event in events if (event.time_ns or 0) > self._after_ns]
        self._waiting.extend(events)
        lost = self.ring.lost
        if lost > self._lost:
            text = f"{lost - self._lost} log records were lost: the ring was full, or they cannot go through it"
            self._waiting.append(_warning(text))
            self._lost = lost

    def _listen(self, run: _Run) -> None:
        """What the thread does. In a child that it has forked, it is nobody's thread, and ends."""
        while self._run is run and not run.is_asked_within(self.interval):
            self.handle_waiting()
        if self._run is run:
            self.handle_waiting()
            _end(run)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


_running: dict[int, Listener] = {}
"""The listeners that listen, by their runs."""


def _end(run: _Run) -> None:
    run.is_over = True
    _running.pop(id(run), None)


@atexit.register  # after `logging`, whose own closes the handlers, was imported: so this runs before
def _stop_all() -> None:
    with ExitStack() as stack:
        for listener in list(_running.values()):
            stack.callback(listener.stop)


def _read(data: bytes) -> Any:
    """What a handler has written; a warning in its place if this cannot be read."""
    try:
        if data.startswith(_MARSHALLED):
            return _unmarshalled(data)
        if data.startswith(_PICKLED):
            return pickle.loads(data)
    except Exception as error:  # noqa: BLE001 - whatever a class raises that is pickled
        return _warning(f"{len(data)} bytes in the ring cannot be read, {type(error).__name__}: {error}; {data[:20]!r}")
    return _warning(f"{len(data)} bytes in the ring are no log record: {data[:20]!r}")


def _warning(text: str) -> logging.LogRecord:
    """A record of our own, as a logger would make it: formatters may need fields that the program's factory adds."""
    fields: Any = ("rseq.logging", logging.WARNING, __file__, 0, text, (), None)
    try:
        return logging.getLogRecordFactory()(*fields)
    except Exception:  # noqa: BLE001 - whatever the program's factory raises
        return _LogRecord(*fields)


def _seconds(interval: object) -> float:
    """What a thread can wait."""
    if not isinstance(interval, Real):
        raise TypeError(f"interval: expected a number of seconds, got {interval!r}")
    seconds = float(interval)
    if not seconds > 0:
        raise ValueError(f"interval: expected seconds above 0, got {interval!r}")
    return min(seconds, threading.TIMEOUT_MAX)


def _require_bytes(ring: object) -> None:
    if not isinstance(ring, RingBuffer) or ring.dtype is not None:
        raise TypeError(f"ring: expected an rseq.RingBuffer without a dtype, got {ring!r}")
    if not ring.clock:
        raise ValueError(f"ring: expected one with a clock, which orders what CPUs have logged; got {ring!r}")
