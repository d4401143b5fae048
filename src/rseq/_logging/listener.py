"""The listener: a thread that gives records to handlers, one thread at a time, each record once."""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import partial
from numbers import Real
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from rseq._forks import start_anew_after_forks
from rseq._logging.handler import require_bytes
from rseq._logging.records import read, warning
from rseq._logging.threads import Thread, apart
from rseq._structures.ring import Event, RingBuffer
from rseq._thread.membarrier import fence


class _Offered:
    """A record, as `Listener.prepare` returned it, and the handlers that have not had it."""

    def __init__(self, record: Any, prepared: Any, handlers: Iterator[logging.Handler]) -> None:
        self.record, self.prepared, self.handlers = record, prepared, handlers


class _Run:
    """A listener's thread, from `start` to its end."""

    def __init__(self, listener: Listener) -> None:
        self._asked: SimpleQueue[None] = SimpleQueue()  # whatever interrupts it, it may be used: unlike an Event
        self.is_over = False
        self.thread = Thread(partial(listener._listen, self), daemon=True)

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
        require_bytes(ring)
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
        return apart(self._take_turn) if is_main else self._take_turn()

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
            try:
                waiting[0] = read(data)
            except BaseException:
                waiting[0] = warning(f"{len(data)} bytes in the ring ended the listener that read them: {data[:20]!r}")
                raise
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
            self._waiting.append(warning(text))
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


def _seconds(interval: object) -> float:
    """What a thread can wait."""
    if not isinstance(interval, Real):
        raise TypeError(f"interval: expected a number of seconds, got {interval!r}")
    seconds = float(interval)
    if not seconds > 0:
        raise ValueError(f"interval: expected seconds above 0, got {interval!r}")
    return min(seconds, threading.TIMEOUT_MAX)
