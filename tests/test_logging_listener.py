"""rseq.logging.Listener: each handler gets each record once, in order, whoever starts, stops, forks, interrupts."""

from __future__ import annotations

import io
import logging
import sys
import threading
from fractions import Fraction
from typing import Any
from unittest import mock

import pytest

import logs
import rseq
import rseq.logging
from logs import NEVER, Calls, Fails, Keep, both, numbers
from support import ThreadSet

log, ring = logs.log, logs.ring


# ---- what is handled


def test_each_record_goes_to_each_handler_once_and_in_order(log: logging.Logger, ring: rseq.RingBuffer) -> None:
    first, second = Keep(), Keep()
    listener = rseq.logging.Listener(ring, first, second)
    expected = numbers(log, 5)
    assert listener.handle_waiting() == 5
    assert first.messages() == second.messages() == expected
    assert listener.handle_waiting() == 0


def test_a_handler_with_a_formatter_changes_nothing_for_the_next(log: logging.Logger, ring: rseq.RingBuffer) -> None:
    streams = io.StringIO(), io.StringIO()
    handlers = [logging.StreamHandler(stream) for stream in streams]
    for handler, text in zip(handlers, ("1 %(message)s", "2 %(message)s"), strict=True):
        handler.setFormatter(logging.Formatter(text))
    log.error("error")
    rseq.logging.Listener(ring, *handlers).handle_waiting()
    assert [stream.getvalue() for stream in streams] == ["1 error\n", "2 error\n"]


def test_handle_is_called_for_each_record_and_may_be_replaced(log: logging.Logger, ring: rseq.RingBuffer) -> None:
    with mock.patch.object(rseq.logging.Listener, "handle") as handle, rseq.logging.Listener(ring):
        expected = numbers(log, 5)
    assert [call.args[0].msg for call in handle.call_args_list] == expected


def test_handle_offers_a_record_that_was_in_no_ring(log: logging.Logger, ring: rseq.RingBuffer) -> None:
    keep = Keep()
    listener, record = rseq.logging.Listener(ring, keep), logging.makeLogRecord({"msg": "mine"})
    listener.handle(record)
    listener.handle(record)
    assert keep.messages() == ["mine", "mine"]


def test_nothing_is_left_in_the_ring_after_stop(log: logging.Logger, ring: rseq.RingBuffer) -> None:
    keep = Keep()
    for _ in range(3):
        with rseq.logging.Listener(ring, keep, interval=NEVER):
            numbers(log, 5)
        assert len(ring) == 0
    assert keep.messages() == ["0", "1", "2", "3", "4"] * 3


def test_a_level_may_be_an_enum_and_is_respected(log: logging.Logger, ring: rseq.RingBuffer) -> None:
    low, high = Keep(), Keep(logging.ERROR)
    log.info("info")
    log.error("error")
    rseq.logging.Listener(ring, low, high, respect_handler_level=True).handle_waiting()
    assert (low.messages(), high.messages()) == (["info", "error"], ["error"])


def test_the_listener_says_what_was_lost_and_what_is_no_record(log: logging.Logger) -> None:
    with mock.patch.object(logging, "raiseExceptions", False):
        _, later, listener = both(log, rseq.RingBuffer(256))
        log.info("x" * 1000)
        listener.ring.write(b"other")
        listener.handle_waiting()
    assert later.messages() == [
        "5 bytes in the ring are no log record: b'other'",
        "1 log records were lost: the ring was full, or they cannot go through it",
    ]
    assert listener.handle_waiting() == 0


# ---- threads


def test_a_listener_handles_all_before_it_stops(log: logging.Logger, threads: ThreadSet) -> None:
    ring, keep = rseq.RingBuffer(1 << 20), Keep()
    log.handlers[:] = [rseq.logging.Handler(ring)]

    def work(thread: int) -> None:
        for number in range(300):
            log.info("%d %d", thread, number)

    numbers = iter(range(4))
    with rseq.logging.Listener(ring, keep, interval=0.001):
        threads.run(4, lambda: work(next(numbers)))
    for thread in range(4):
        mine = [int(message.split()[1]) for message in keep.messages() if message.split()[0] == str(thread)]
        assert mine == list(range(300))


def test_handle_waiting_beside_the_thread_keeps_the_order(log: logging.Logger, threads: ThreadSet) -> None:
    ring, keep, ends = rseq.RingBuffer(1 << 20), Keep(), threading.Event()
    log.handlers[:] = [rseq.logging.Handler(ring)]
    listener = rseq.logging.Listener(ring, keep, interval=1e-4)

    def flush() -> None:
        while not ends.is_set():
            listener.handle_waiting()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with listener:
            for _ in range(2):
                threads.start(flush)
            expected = numbers(log, 1000)
            ends.set()
            threads.join()
    finally:
        sys.setswitchinterval(interval)
    assert keep.messages() == expected


def test_two_threads_that_start_it_make_one_thread(ring: rseq.RingBuffer, threads: ThreadSet) -> None:
    listener, refused = rseq.logging.Listener(ring, interval=NEVER), []

    def start() -> None:
        try:
            listener.start()
        except RuntimeError as error:
            refused.append(str(error))

    threads.run(8, start)
    assert refused == ["this listener has been started already; stop() it first"] * 7
    threads.run(8, listener.stop)
    listener.start()
    listener.stop()


def test_it_starts_once_and_stops_any_number_of_times(ring: rseq.RingBuffer) -> None:
    listener = rseq.logging.Listener(ring, interval=NEVER)
    listener.stop()
    listener.start()
    with pytest.raises(RuntimeError, match=r"^this listener has been started already; stop\(\) it first$"):
        listener.start()
    listener.stop()
    listener.stop()
    listener.start()
    listener.stop()
    assert "rseq.logging" not in [thread.name for thread in threading.enumerate()]


def test_if_python_can_start_no_thread_it_is_not_started(ring: rseq.RingBuffer) -> None:
    listener = rseq.logging.Listener(ring)
    no_thread = mock.patch.object(threading.Thread, "start", side_effect=RuntimeError("can't start new thread"))
    with no_thread, pytest.raises(RuntimeError, match="can't start new thread"):
        listener.start()
    with listener:
        pass


# ---- handlers that raise, stop and call back


def test_a_handler_that_raises_is_told_so_and_the_others_get_all(log: logging.Logger, ring: rseq.RingBuffer) -> None:
    class Bad(Keep):
        def emit(self, record: logging.LogRecord) -> None:
            raise ValueError(record.getMessage())

        def handle(self, record: logging.LogRecord) -> bool:
            self.emit(record)
            return True

        def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
            self.texts.append(repr(sys.exc_info()[1]))

    bad, keep = Bad(), Keep()
    with rseq.logging.Listener(ring, bad, keep, interval=NEVER):
        expected = numbers(log, 3)
    assert bad.texts == [f"ValueError('{number}')" for number in expected]
    assert keep.messages() == expected


def test_a_handler_that_ends_the_call_loses_nothing(log: logging.Logger, ring: rseq.RingBuffer) -> None:
    before, fails, after = Fails(), Fails("2", "3"), Fails()
    listener = rseq.logging.Listener(ring, before, fails, after)
    expected = numbers(log, 5)
    for ending in ("2", "3"):
        with pytest.raises(KeyboardInterrupt, match=ending):
            listener.handle_waiting()
    assert after.messages() == ["0", "1", "2"]
    assert len(ring) == 0
    listener.handle_waiting()
    assert before.messages() == fails.messages() == after.messages() == expected


def test_a_handler_that_ends_the_thread_leaves_the_rest_to_stop(
    log: logging.Logger, ring: rseq.RingBuffer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails, after, ended = Fails("2"), Fails(), threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _: ended.set())
    with rseq.logging.Listener(ring, fails, after, interval=0.001):
        expected = numbers(log, 5)
        assert ended.wait(60)
    assert fails.messages() == after.messages() == expected


def test_stop_may_be_called_again_after_a_handler_has_ended_it(log: logging.Logger, ring: rseq.RingBuffer) -> None:
    fails = Fails("1", "3")
    listener = rseq.logging.Listener(ring, fails, interval=NEVER)
    with mock.patch.object(threading, "excepthook"):
        listener.start()
        expected = numbers(log, 5)
        with pytest.raises(KeyboardInterrupt, match="3"):
            listener.stop()  # "1" has ended the thread
        listener.stop()
    assert fails.messages() == expected


class Exits:
    """To unpickle it exits."""

    def __reduce__(self) -> Any:
        return sys.exit, (3,)


def test_what_cannot_be_read_or_prepared_does_not_come_again(log: logging.Logger, ring: rseq.RingBuffer) -> None:
    class Prepares(rseq.logging.Listener):
        def prepare(self, record: Any) -> Any:
            if record.msg == "1":
                raise ValueError("not this one")
            return record

    keep = Keep()
    listener = Prepares(ring, keep)
    numbers(log, 2)
    log.info("exits", extra={"odd": Exits()})
    log.info("last")
    with pytest.raises(ValueError, match="not this one"):
        listener.handle_waiting()
    with pytest.raises(SystemExit, match="3"):
        listener.handle_waiting()
    listener.handle_waiting()
    first, warning, last = keep.messages()
    assert (first, last) == ("0", "last")
    assert "bytes in the ring ended the listener that read them: b'\\x80" in warning


@pytest.mark.parametrize("name", ["stop", "handle_waiting"])
def test_a_handler_may_call_the_listener(log: logging.Logger, ring: rseq.RingBuffer, name: str) -> None:
    keep, after = Calls(lambda: None), Keep()
    listener = rseq.logging.Listener(ring, keep, after, interval=0.001)
    keep.call = getattr(listener, name)
    with listener:
        expected = numbers(log, 5)
    assert keep.messages() == after.messages() == expected
    assert not keep.answer


# ---- what is refused


@pytest.mark.parametrize("handler", ["x", None, logging.StreamHandler])
def test_what_is_no_handler_is_refused(handler: Any) -> None:
    with pytest.raises(
        TypeError, match=r"^handlers: expected logging\.Handlers, such as logging\.StreamHandler\(\); got "
    ):
        rseq.logging.Listener(rseq.RingBuffer(256), logging.NullHandler(), handler)


@pytest.mark.parametrize("interval", [0, -1.0, float("nan")])
def test_an_interval_is_above_zero(interval: float) -> None:
    with pytest.raises(ValueError, match=r"^interval: expected seconds above 0"):
        rseq.logging.Listener(rseq.RingBuffer(256), interval=interval)


def test_an_interval_is_a_number_and_may_be_without_end(log: logging.Logger, ring: rseq.RingBuffer) -> None:
    with pytest.raises(TypeError, match=r"^interval: expected a number of seconds, got '1'$"):
        rseq.logging.Listener(ring, interval="1")  # type: ignore[arg-type]
    for interval in (float("inf"), 10**30, Fraction(1, 1000)):
        keep = Keep()
        with rseq.logging.Listener(ring, keep, interval=interval):  # type: ignore[arg-type]
            log.info("x")
        assert keep.messages() == ["x"]
