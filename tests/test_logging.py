"""rseq.logging.Handler: what crosses the ring is the record as `QueueHandler.prepare` makes it, field by field."""

from __future__ import annotations

import collections
import copy
import enum
import logging
import logging.config
import os
import pathlib
import pickle
import queue
import sys
import threading
from collections.abc import Callable
from logging.handlers import QueueHandler
from typing import Any
from unittest import mock

import numpy as np
import pytest

import logs
import rseq
import rseq.logging
from logs import Keep, both
from rseq._logging.records import read
from support import run_python

log = logs.log


class Level(enum.IntEnum):
    HIGH = 37


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        return f"<{super().__str__()}>"


class Odd:
    def __str__(self) -> str:
        return "odd"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Odd)

    __hash__ = None  # type: ignore[assignment]


class Braces(logging.LogRecord):
    def getMessage(self) -> str:  # noqa: N802
        return str(self.msg).format(*(self.args or ()))


class Carries(logging.LogRecord):
    """Its state is not its __dict__ alone."""

    __slots__ = ("hidden",)


def failed() -> Any:
    try:
        raise ValueError("what was wrong")
    except ValueError:
        return sys.exc_info()


def record(message: Any, /, *args: Any, level: int = logging.INFO, **more: Any) -> logging.LogRecord:
    made = logging.getLogger("shop").makeRecord("shop.till", level, "/srv/shop/till.py", 7, message, args, None, "sell")
    vars(made).update(more)
    return made


def without(name: str, **more: Any) -> logging.LogRecord:
    made = record("a field less", **more)
    delattr(made, name)
    return made


def of(kind: type[logging.LogRecord], message: str, *args: Any) -> logging.LogRecord:
    return kind("shop", logging.INFO, "till.py", 7, message, args, None, "sell")


def carries() -> logging.LogRecord:
    made = of(Carries, "it %s", "does")
    made.hidden = 5  # type: ignore[attr-defined]
    return made


RECORDS: dict[str, Callable[[], logging.LogRecord]] = {
    "no arguments": lambda: record("nothing to format, 100%"),
    "plain arguments": lambda: record("%s and %d, %.2f %r %s", "text", 5, 2.5, True, None),
    "a mapping": lambda: record("%(a)s", {"a": 1}),
    "lists and tuples": lambda: record("%s %s", [1, 2], (3, "x")),
    "numbers of NumPy": lambda: record("%f %d", np.float64(1.5), np.int32(7)),
    "an enum": lambda: record("%s %r", Level.HIGH, Level.HIGH),
    "a type": lambda: record("%s %r", bytearray(b"x"), memoryview),
    "an object": lambda: record("%s", Odd()),
    "a large number": lambda: record("%d", 1 << 200),
    "a message that is no str": lambda: record(Odd()),
    "a message that is a number": lambda: record(42),
    "a message of a subclass of str": lambda: record(Text("%s"), "x"),
    "what __str__ returns is of a subclass": lambda: record(Text("")),
    "texts that UTF-8 has not": lambda: record("ünï %s", "\udc80"),
    "an IntEnum level": lambda: record("high", level=Level.HIGH),
    "a level that has no name": lambda: record("level", level=3),
    "a path that is a Path": lambda: record("path", pathname=pathlib.Path("/srv/till.py")),
    "no path": lambda: logging.LogRecord("x", logging.INFO, None, 0, "hello %d", (1,), None),  # type: ignore[arg-type]
    "no time": lambda: record("no time", created=None, msecs=None, relativeCreated=None),
    "no thread and process": lambda: record("-", thread=None, threadName=None, process=None, processName=None),
    "changed names": lambda: record("changed", levelname="[INFO]", module="till", filename="?", name=Text("x")),
    "extra numbers and texts": lambda: record("extra", user="me", count=3, share=0.5, ok=True, none=None, raw=b"x"),
    "extra objects": lambda: record("extra", odd=Odd(), where=pathlib.Path("/srv"), level=Level.HIGH, text=Text("t")),
    "extra containers": lambda: record("extra", tags=["a", {"b": (1, 2)}], more=collections.OrderedDict(a=1)),
    "extra buffers": lambda: record("extra", raw=bytearray(b"x"), number=np.float64(1.5)),
    "an extra field called as one of ours": lambda: record("extra", data=1, args2=(1,), names=("x",)),
    "no finite numbers": lambda: record("%s", float("-inf"), share=float("inf")),
    "a traceback": lambda: record("failed %d", 3, exc_info=failed()),
    "a traceback in text": lambda: record("failed", exc_text="Traceback: …"),
    "a stack": lambda: record("here", stack_info="Stack (most recent call last): …"),
    "no exception to tell of": lambda: record("none", exc_info=(None, None, None)),
    "formatted before": lambda: record("%s", "x", message="something else", asctime="noon"),
    "a field less": lambda: without("module"),
    "a field less, and another more": lambda: without("processName", more=1),
    "a subclass": lambda: of(Braces, "{} in {}", 3, "the basket"),
    "a subclass with state of its own": carries,
}


def crossed(handler: rseq.logging.Handler) -> Any:
    (event,) = handler.ring.drain()
    return read(event.data)


@pytest.mark.parametrize("name", RECORDS)
def test_what_crosses_is_what_queue_handler_prepares(name: str) -> None:
    original = RECORDS[name]()
    handler = rseq.logging.Handler(rseq.RingBuffer(1 << 14))
    expected = QueueHandler(queue.SimpleQueue()).prepare(copy.copy(original))
    handler.handle(original)
    found = crossed(handler)
    assert type(found) is type(expected)
    assert vars(found) == vars(expected)
    assert {name: type(value) for name, value in vars(found).items()} == {
        name: type(value) for name, value in vars(expected).items()
    }
    assert getattr(found, "hidden", None) == getattr(expected, "hidden", None)


@pytest.mark.parametrize("name", RECORDS)
def test_it_reads_as_without_a_ring(name: str) -> None:
    original, handler, keep = RECORDS[name](), rseq.logging.Handler(rseq.RingBuffer(1 << 14)), logging.Formatter()
    handler.handle(copy.copy(original))
    assert crossed(handler).msg == keep.format(original)


def test_the_original_record_goes_on_to_other_handlers_as_it_was() -> None:
    original = record("%d", 5, exc_info=failed(), tags=[1])
    before = dict(vars(original))
    rseq.logging.Handler(rseq.RingBuffer(1 << 14)).handle(original)
    changed = {name for name, value in vars(original).items() if name not in before or before[name] is not value}
    assert changed == {"message", "exc_text"}  # as formatters leave them


def test_arguments_that_change_are_formatted_at_once(log: logging.Logger) -> None:
    _, later, listener = both(log)
    items = [1]
    log.info("%s", items)
    items.append(2)
    listener.handle_waiting()
    assert later.messages() == ["[1]"]


def test_a_traceback_is_printed_once(log: logging.Logger) -> None:
    directly, later, listener = both(log)
    try:
        raise ValueError("what was wrong")
    except ValueError:
        log.exception("failed %d", 3)
    listener.handle_waiting()
    assert later.texts == directly.texts
    assert later.texts[0].count("ValueError: what was wrong") == 1


def test_a_formatter_of_the_handler_makes_the_message_once(log: logging.Logger) -> None:
    _, later, listener = both(log)
    log.handlers[1].setFormatter(logging.Formatter("<%(levelname)s %(message)s>"))
    log.error("%s", "x")
    listener.handle_waiting()
    assert later.messages() == ["<ERROR x>"]
    assert (later.records[0].name, later.records[0].levelname) == ("tests.ring", "ERROR")


def test_fields_that_a_filter_changes_stay_changed(log: logging.Logger) -> None:
    def change(record: logging.LogRecord) -> bool:
        record.levelname, record.module, record.user = f"[{record.levelname}]", "till", threading.current_thread().name
        return True

    directly, later, listener = both(log)
    log.addFilter(change)
    log.info("hello")
    listener.handle_waiting()
    assert later.texts == directly.texts
    assert later.records[0].user == threading.current_thread().name  # type: ignore[attr-defined]


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
    assert (low.messages(), high.messages()) == (["info", "error"], ["error"])


def test_a_filter_method_of_a_subclass_is_asked(log: logging.Logger) -> None:
    class Choosy(rseq.logging.Handler):
        def filter(self, record: logging.LogRecord) -> Any:
            return record.levelno > logging.INFO

    log.handlers[:] = [Choosy(rseq.RingBuffer(1 << 14))]
    log.info("no")
    log.error("yes")
    assert crossed(log.handlers[0]).msg == "yes"  # type: ignore[arg-type]


def test_a_level_that_a_child_has_named_keeps_its_name(log: logging.Logger) -> None:
    _, later, listener = both(log, rseq.RingBuffer(1 << 14, segment=rseq.Segment()))
    if (child := os.fork()) == 0:
        logging.addLevelName(25, "NOTICE")
        log.log(25, "hello")
        os._exit(0)
    assert os.waitpid(child, 0) == (child, 0)
    listener.handle_waiting()
    assert [(kept.levelname, kept.process) for kept in later.records] == [("NOTICE", child)]


FACTORY = """
    import io, logging, os, sys, threading
    which, when = sys.argv[1:]
    local, plain = threading.local(), logging.getLogRecordFactory()

    class Bound(logging.LogRecord):
        def getMessage(self):
            return f"{self.short} {super().getMessage()}"

    def factory(*args, **kwargs):
        record = (Bound if which == "subclass" else plain)(*args, **kwargs)
        record.request = getattr(local, "request", "-")                # of the thread that logs
        record.short = record.name.rpartition(".")[2]                  # needs a name
        record.place = os.path.relpath(record.pathname, "/")           # needs a path
        return record

    if when == "before":
        logging.setLogRecordFactory(factory)
    import rseq, rseq.logging
    logging.setLogRecordFactory(factory)
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(logging.Formatter("%(request)s %(short)s %(message)s"))
    log = logging.getLogger("shop.till")
    log.propagate, log.level = False, logging.INFO
    ring = rseq.RingBuffer(1 << 12)
    log.addHandler(rseq.logging.Handler(ring))
    with rseq.logging.Listener(ring, handler):
        for number in range(2):
            local.request = f"request{number}"
            log.info("item %d", number)
        logging.raiseExceptions = False
        log.info("x" * 10_000)                                         # lost: the listener makes a record of its own
    print(out.getvalue(), end="")
"""


@pytest.mark.parametrize(("which", "when"), [("plain", "before"), ("subclass", "after")])
def test_record_factories_work_where_records_are_made(which: str, when: str) -> None:
    first, second, lost = run_python(FACTORY, which, when).stdout.splitlines()
    again = "till " if which == "subclass" else ""
    assert (first, second) == tuple(f"request{n} till {again * 2}item {n}" for n in range(2))
    assert lost.startswith("- logging ")
    assert "1 log records were lost" in lost


# ---- prepare, enqueue and what is patched


class AsDict(rseq.logging.Handler):
    def prepare(self, record: logging.LogRecord) -> Any:
        return {"message": record.getMessage(), "level": record.levelno}


class FromDict(rseq.logging.Listener):
    def prepare(self, record: Any) -> Any:
        return logging.makeLogRecord({"msg": record["message"], "levelno": record["level"]})


def test_prepare_may_return_something_else_and_the_listener_make_a_record_of_it(log: logging.Logger) -> None:
    ring, keep = rseq.RingBuffer(1 << 12), Keep()
    log.handlers[:] = [AsDict(ring)]
    log.warning("%d items", 3)
    assert FromDict(ring, keep).handle_waiting() == 1
    assert [(kept.msg, kept.levelno) for kept in keep.records] == [("3 items", logging.WARNING)]


def test_prepare_of_a_subclass_may_change_the_copy_that_it_gets_from_above(log: logging.Logger) -> None:
    class Drops(rseq.logging.Handler):
        def prepare(self, record: logging.LogRecord) -> Any:
            prepared = super().prepare(record)
            prepared.__dict__.pop("request", None)
            return prepared

    log.handlers[:] = [Drops(rseq.RingBuffer(1 << 12))]
    log.warning("%d items", 3, extra={"request": threading.Lock()})
    found = crossed(log.handlers[0])  # type: ignore[arg-type]
    assert (found.msg, hasattr(found, "request")) == ("3 items", False)


def test_enqueue_gets_what_is_prepared(log: logging.Logger) -> None:
    class Twice(rseq.logging.Handler):
        def enqueue(self, record: Any) -> None:
            super().enqueue(record)
            super().enqueue(record)

    log.handlers[:] = [Twice(rseq.RingBuffer(1 << 12))]
    log.warning("%d items", 3)
    assert [read(event.data).msg for event in log.handlers[0].ring.drain()] == ["3 items"] * 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("where", ["class", "instance"])
@pytest.mark.parametrize("name", ["prepare", "enqueue", "format"])
def test_what_is_patched_is_called(log: logging.Logger, name: str, where: str) -> None:
    handler = rseq.logging.Handler(rseq.RingBuffer(1 << 12))
    log.handlers[:] = [handler]
    log.info("before")
    with mock.patch.object(rseq.logging.Handler if where == "class" else handler, name) as patched:
        patched.return_value = "patched"
        log.info("%s", "patched")
    log.info("after")
    assert patched.call_count == 1
    assert len(handler.ring) == 2 + (name != "enqueue")


# ---- what cannot cross


class Tells(rseq.logging.Handler):
    """Keeps the reasons that `handleError` gets."""

    def __init__(self, ring: rseq.RingBuffer) -> None:
        super().__init__(ring)
        self.reasons: list[BaseException | None] = []

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        self.reasons.append(sys.exc_info()[1])


class Unwilling:
    def __reduce__(self) -> Any:
        raise RuntimeError("not now")


LOST: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "a lock": (
        {"extra": {"request": threading.Lock()}},
        pickle.PicklingError,
        r"^the field 'request' of this log record, a lock, cannot be pickled: TypeError: cannot pickle",
    ),
    "a lambda in a list": (
        {"extra": {"ok": 1, "calls": [lambda: 0]}},
        pickle.PicklingError,
        r"^the field 'calls' of this log record, a list, cannot be pickled: ",
    ),
    "what raises in pickle": (
        {"extra": {"odd": Unwilling()}},
        pickle.PicklingError,
        r"^the field 'odd' of this log record, a Unwilling, cannot be pickled: RuntimeError: not now$",
    ),
    "too large": (
        {"extra": {"text": "x" * 5000}},
        ValueError,
        r"^this log record takes \d+ bytes, more than the ring's largest, 2036: make it larger$",
    ),
}


@pytest.mark.parametrize("name", LOST)
def test_what_cannot_cross_is_reported_with_the_reason_and_counted(log: logging.Logger, name: str) -> None:
    more, kind, text = LOST[name]
    ring, keep = rseq.RingBuffer(1 << 12), Keep()
    handler = Tells(ring)
    log.handlers[:] = [handler]
    log.info("before")
    log.info("lost", **more)
    log.info("after")
    (reason,) = handler.reasons
    with pytest.raises(kind, match=text):
        raise reason  # type: ignore[misc]
    assert ring.lost == 1
    assert rseq.logging.Listener(ring, keep).handle_waiting() == 2
    assert keep.messages() == ["before", "after"]


def test_a_full_ring_is_reported_as_a_full_queue_is(log: logging.Logger) -> None:
    handler = Tells(rseq.RingBuffer(1024))
    log.handlers[:] = [handler]
    for number in range(50):
        log.info("%d", number)
    assert {type(reason) for reason in handler.reasons} == {queue.Full}
    assert str(handler.reasons[0]).startswith("the ring has no room for this log record of ")
    assert len(handler.ring) + len(handler.reasons) == 50 == len(handler.ring) + handler.ring.lost


def test_a_message_that_does_not_fit_its_arguments_is_reported_where_it_is_logged(log: logging.Logger) -> None:
    handler = Tells(rseq.RingBuffer(1 << 12))
    log.handlers[:] = [handler]
    log.info("%d", "x")
    log.info("%d", Odd())
    assert [type(reason) for reason in handler.reasons] == [TypeError, TypeError]
    assert len(handler.ring) == 0


def test_a_record_of_a_local_class_comes_as_a_plain_one_with_its_message(log: logging.Logger) -> None:
    class Local(logging.LogRecord):
        def getMessage(self) -> str:  # noqa: N802
            return "from the local class"

    handler = rseq.logging.Handler(rseq.RingBuffer(1 << 12))
    handler.handle(of(Local, "x"))
    found = crossed(handler)
    assert (type(found), found.getMessage()) == (logging.LogRecord, "from the local class")


def test_what_does_not_come_out_of_a_pickle_is_a_warning_with_the_reason(log: logging.Logger) -> None:
    ring, keep = rseq.RingBuffer(1 << 12), Keep()
    data = pickle.dumps(of(Braces, "x"))
    ring.write(data.replace(b"Braces", b"Gone12"))
    ring.write(b"\x80\x05 no pickle")
    ring.write(b"[ no marshal")
    rseq.logging.Listener(ring, keep).handle_waiting()
    first, second, third = keep.messages()
    assert "bytes in the ring cannot be read, AttributeError: " in first
    assert "bytes in the ring cannot be read, UnpicklingError: " in second
    assert "bytes in the ring cannot be read, " in third


# ---- logging.config


def test_dict_config_makes_a_handler(log: logging.Logger) -> None:
    ring, keep = rseq.RingBuffer(1 << 12), Keep()
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"short": {"format": "<%(message)s>"}},
            "filters": {"shop": {"name": "tests.ring"}},
            "handlers": {
                "ring": {"class": "rseq.logging.Handler", "ring": ring, "level": "INFO", "filters": ["shop"]},
                "formatted": {"()": rseq.logging.Handler, "ring": ring, "formatter": "short"},
            },
            "loggers": {"tests.ring": {"level": "DEBUG", "handlers": ["ring", "formatted"], "propagate": False}},
        }
    )
    log.debug("one")
    log.info("two")
    rseq.logging.Listener(ring, keep).handle_waiting()
    assert keep.messages() == ["<one>", "two", "<two>"]
    logging.config.dictConfig({"version": 1, "incremental": True, "handlers": {"ring": {"level": "ERROR"}}})
    log.info("three")
    assert len(ring) == 1


@pytest.mark.parametrize("ring", [None, rseq.RingBuffer(4, dtype=rseq.u64)])
def test_what_is_no_ring_for_bytes_is_refused(ring: Any) -> None:
    for make in (rseq.logging.Handler, rseq.logging.Listener):
        with pytest.raises(TypeError, match=r"^ring: expected an rseq.RingBuffer without a dtype, got"):
            make(ring)


def test_a_ring_without_a_clock_is_refused() -> None:
    ring = rseq.RingBuffer(256, clock=False)
    for make in (rseq.logging.Handler, rseq.logging.Listener):
        with pytest.raises(ValueError, match=r"^ring: expected one with a clock, .*; got <rseq\.RingBuffer of 256 "):
            make(ring)
