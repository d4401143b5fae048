"""rseq.logging: what is logged comes out of the listener as it would have without a ring."""

from __future__ import annotations

import enum
import logging
import os
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import rseq
import rseq.logging
from support import ThreadSet

FORMAT = "%(name)s %(levelname)s %(module)s:%(funcName)s:%(lineno)d %(threadName)s %(process)d %(message)s"


class Keep(logging.Handler):
    """Keeps formatted text, and records."""

    def __init__(self, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.texts: list[str] = []
        self.records: list[logging.LogRecord] = []
        self.setFormatter(logging.Formatter(FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))
        self.records.append(record)


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.getLogger("tests.ring")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield logger
    logger.handlers.clear()


def both(log: logging.Logger, ring: rseq.RingBuffer | None = None) -> tuple[Keep, Keep, rseq.logging.Listener]:
    """What is kept without a ring, what comes out of one, and the listener in between."""
    ring, directly, later = ring or rseq.RingBuffer(1 << 16), Keep(), Keep()
    log.handlers[:] = [directly, rseq.logging.Handler(ring)]
    return directly, later, rseq.logging.Listener(ring, later)


class Level(enum.IntEnum):
    HIGH = 3


class Odd:
    def __str__(self) -> str:
        return "odd"


ARGUMENTS: list[tuple[Any, ...]] = [
    ("nothing to format, 100%",),
    ("%s and %d", "text", 5),
    ("%.2f %r %s", 2.5, True, None),
    ("%(a)s", {"a": 1}),
    ("%s %s", [1, 2], (3, "x")),
    ("%f %d", np.float64(1.5), np.int32(7)),
    ("%s %r", Level.HIGH, Level.HIGH),
    ("%s %r", bytearray(b"x"), memoryview),
    ("%s", Odd()),
    ("%d", 1 << 200),
    (Odd(),),
    ("ünï %s", "\udc80"),
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=lambda arguments: repr(arguments)[:30])
def test_it_reads_as_without_a_ring(log: logging.Logger, arguments: tuple[Any, ...]) -> None:
    directly, later, listener = both(log)
    log.warning(*arguments)
    assert listener.handle_waiting() == 1
    assert later.texts == directly.texts


def test_all_fields_of_a_record_are_the_same(log: logging.Logger) -> None:
    directly, later, listener = both(log)
    log.info("%s", "x", extra={"user": "me", "count": 3, "odd": Odd()}, stack_info=True)
    listener.handle_waiting()
    (first,), (second,) = (vars(keep.records[0]) for keep in (directly,)), (vars(later.records[0]),)
    assert first["odd"].__str__() == second["odd"]
    for name in ("msecs", "relativeCreated"):
        assert second.pop(name) == pytest.approx(first.pop(name), abs=1.1)
    for name in ("odd", "msg", "args", "asctime"):
        first.pop(name, None), second.pop(name, None)
    assert second == first


def test_arguments_that_change_are_formatted_at_once(log: logging.Logger) -> None:
    _, later, listener = both(log)
    items = [1]
    log.info("%s", items)
    items.append(2)
    listener.handle_waiting()
    assert later.records[0].getMessage() == "[1]"


def test_exceptions_come_as_text(log: logging.Logger) -> None:
    directly, later, listener = both(log)
    try:
        raise ValueError("what was wrong")
    except ValueError:
        log.exception("failed %d", 3)
    listener.handle_waiting()
    assert later.texts == directly.texts
    assert "ValueError: what was wrong" in later.texts[0]


def test_a_formatter_of_the_handler_makes_the_message(log: logging.Logger) -> None:
    _, later, listener = both(log)
    log.handlers[1].setFormatter(logging.Formatter("<%(message)s>"))
    log.error("%s", "x")
    listener.handle_waiting()
    assert later.records[0].getMessage() == "<x>"
    assert (later.records[0].name, later.records[0].levelname) == ("tests.ring", "ERROR")


def test_a_message_that_does_not_fit_its_arguments_is_the_listeners_problem(
    log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    keep, ring = Keep(), rseq.RingBuffer(1 << 12)
    log.handlers[:] = [rseq.logging.Handler(ring)]
    log.info("%d", "x")
    log.info("after it")
    assert rseq.logging.Listener(ring, keep).handle_waiting() == 2
    assert [record.getMessage() for record in keep.records] == ["after it"]
    assert "--- Logging error ---" in capsys.readouterr().err


def test_an_argument_that_cannot_be_formatted_does_not_end_the_program(
    log: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    log.handlers[:] = [rseq.logging.Handler(rseq.RingBuffer(1 << 12))]
    log.info("%d", Odd())
    assert "--- Logging error ---" in capsys.readouterr().err


def test_levels_and_filters_are_kept(log: logging.Logger) -> None:
    ring, low, high = rseq.RingBuffer(1 << 16), Keep(), Keep(logging.ERROR)
    handler = rseq.logging.Handler(ring, logging.INFO)
    handler.addFilter(lambda record: "secret" not in record.getMessage())
    log.handlers[:] = [handler]
    log.debug("debug")
    log.info("info")
    log.error("secret")
    log.error("error")
    assert rseq.logging.Listener(ring, low, high, respect_handler_level=True).handle_waiting() == 2
    assert [record.getMessage() for record in low.records] == ["info", "error"]
    assert [record.getMessage() for record in high.records] == ["error"]


def test_the_listener_says_what_was_lost_and_what_is_no_record(log: logging.Logger) -> None:
    _, later, listener = both(log, rseq.RingBuffer(256))
    log.info("x" * 1000)
    listener.ring.write(b"other")
    listener.handle_waiting()
    messages = [record.getMessage() for record in later.records]
    assert messages == [
        "5 bytes in the ring are no log record: b'other'",
        "1 log records were lost: the ring was full, or they are too large for it",
    ]
    assert listener.handle_waiting() == 0


def test_a_listener_handles_all_before_it_stops(log: logging.Logger, threads: ThreadSet) -> None:
    ring, keep = rseq.RingBuffer(1 << 20), Keep()
    log.handlers[:] = [rseq.logging.Handler(ring)]

    def work(thread: int) -> None:
        for number in range(300):
            log.info("%d %d", thread, number)

    numbers = iter(range(4))
    with rseq.logging.Listener(ring, keep, interval=0.001):
        threads.run(4, lambda: work(next(numbers)))
    seen = sorted(record.getMessage() for record in keep.records)
    assert seen == sorted(f"{thread} {number}" for thread in range(4) for number in range(300))


class Fails(Keep):
    """A handler that keeps records, and raises what `handle` must not swallow at some of them."""

    def __init__(self, *at: str) -> None:
        super().__init__()
        self.at = at

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        if record.getMessage() in self.at:
            raise KeyboardInterrupt(record.getMessage())

    def messages(self) -> list[str]:
        return [record.getMessage() for record in self.records]


def test_a_handler_that_ends_the_call_loses_nothing(log: logging.Logger) -> None:
    ring, before, fails, after = rseq.RingBuffer(1 << 16), Fails(), Fails("2", "3"), Fails()
    log.handlers[:] = [rseq.logging.Handler(ring)]
    listener = rseq.logging.Listener(ring, before, fails, after)
    for number in range(5):
        log.info(number)
    for ending in ("2", "3"):
        with pytest.raises(KeyboardInterrupt, match=ending):
            listener.handle_waiting()
    assert after.messages() == ["0", "1", "2"]
    assert len(ring) == 0
    listener.handle_waiting()
    assert before.messages() == fails.messages() == after.messages() == ["0", "1", "2", "3", "4"]


def test_a_handler_that_ends_the_thread_leaves_the_rest_to_stop(
    log: logging.Logger, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring, fails, after = rseq.RingBuffer(1 << 16), Fails("2"), Fails()
    ended = threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _: ended.set())
    log.handlers[:] = [rseq.logging.Handler(ring)]
    with rseq.logging.Listener(ring, fails, after, interval=0.001):
        for number in range(5):
            log.info(number)
        assert ended.wait(60)
    assert fails.messages() == after.messages() == ["0", "1", "2", "3", "4"]


def test_a_forked_child_does_not_handle_what_its_parent_will(log: logging.Logger) -> None:
    ring, fails = rseq.RingBuffer(1 << 16, segment=rseq.Segment()), Fails("0")
    log.handlers[:] = [rseq.logging.Handler(ring)]
    listener = rseq.logging.Listener(ring, fails)
    log.info(0)
    log.info(1)
    with pytest.raises(KeyboardInterrupt):
        listener.handle_waiting()
    child = os.fork()
    if child == 0:
        os._exit(listener.handle_waiting())
    assert os.waitpid(child, 0) == (child, 0)
    listener.handle_waiting()
    assert fails.messages() == ["0", "1"]


def test_a_forked_process_logs_into_the_same_ring(log: logging.Logger) -> None:
    ring, keep = rseq.RingBuffer(1 << 16, segment=rseq.Segment()), Keep()
    log.handlers[:] = [rseq.logging.Handler(ring)]
    child = os.fork()
    if child == 0:
        log.info("from the child")
        os._exit(0)
    assert os.waitpid(child, 0) == (child, 0)
    rseq.logging.Listener(ring, keep).handle_waiting()
    assert [(record.getMessage(), record.process) for record in keep.records] == [("from the child", child)]


def test_it_starts_once_and_stops_any_number_of_times() -> None:
    listener = rseq.logging.Listener(rseq.RingBuffer(256))
    listener.stop()
    listener.start()
    with pytest.raises(RuntimeError, match=r"^this listener has been started already; stop\(\) it first$"):
        listener.start()
    listener.stop()
    listener.stop()
    listener.start()
    listener.stop()


def test_a_forked_child_starts_a_listener_of_its_own() -> None:
    listener = rseq.logging.Listener(rseq.RingBuffer(256))
    with listener:
        child = os.fork()
        if child == 0:
            listener.stop()  # nothing happens
            listener.start()
            listener.stop()
            os._exit(7)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_ring_without_a_clock_is_refused() -> None:
    ring = rseq.RingBuffer(256, clock=False)
    for make in (rseq.logging.Handler, rseq.logging.Listener):
        with pytest.raises(ValueError, match=r"^ring: expected one with a clock, .*; got rseq\.RingBuffer\(256, "):
            make(ring)


@pytest.mark.parametrize("handler", ["x", None, logging.StreamHandler])
def test_what_is_no_handler_is_refused(handler: Any) -> None:
    with pytest.raises(
        TypeError, match=r"^handlers: expected logging\.Handlers, such as logging\.StreamHandler\(\); got "
    ):
        rseq.logging.Listener(rseq.RingBuffer(256), logging.NullHandler(), handler)


@pytest.mark.parametrize("ring", [None, rseq.RingBuffer(4, dtype=rseq.u64)])
def test_what_is_no_ring_for_bytes_is_refused(ring: Any) -> None:
    for make in (rseq.logging.Handler, rseq.logging.Listener):
        with pytest.raises(TypeError, match=r"^ring: expected an rseq.RingBuffer without a dtype, got"):
            make(ring)


@pytest.mark.parametrize("interval", [0, -1.0, float("nan")])
def test_an_interval_is_above_zero(interval: float) -> None:
    with pytest.raises(ValueError, match=r"^interval: expected seconds above 0"):
        rseq.logging.Listener(rseq.RingBuffer(256), interval=interval)
