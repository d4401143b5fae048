"""What tests of rseq.logging share: handlers that keep records, one before a ring and one behind it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

import rseq
import rseq.logging

FORMAT = "%(name)s %(levelname)s %(module)s:%(funcName)s:%(lineno)d %(threadName)s %(process)d %(message)s"

NEVER = 1e9
"""An interval in which a listener's thread looks once, when it is stopped."""


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

    def messages(self) -> list[str]:
        return [record.getMessage() for record in self.records]


class Fails(Keep):
    """A handler that keeps records, and raises what `handle` must not swallow at some of them."""

    def __init__(self, *at: str) -> None:
        super().__init__()
        self.at = at

    def emit(self, record: logging.LogRecord) -> None:
        super().emit(record)
        if record.getMessage() in self.at:
            raise KeyboardInterrupt(record.getMessage())


def both(log: logging.Logger, ring: rseq.RingBuffer | None = None) -> tuple[Keep, Keep, rseq.logging.Listener]:
    """What is kept without a ring, what comes out of one, and the listener in between."""
    ring, directly, later = ring or rseq.RingBuffer(1 << 16), Keep(), Keep()
    log.handlers[:] = [directly, rseq.logging.Handler(ring)]
    return directly, later, rseq.logging.Listener(ring, later)


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    logger = logging.getLogger("tests.ring")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    yield logger
    logger.handlers.clear()
    logger.filters.clear()


@pytest.fixture
def ring(log: logging.Logger) -> rseq.RingBuffer:
    made = rseq.RingBuffer(1 << 16)
    log.handlers[:] = [rseq.logging.Handler(made)]
    return made


class Calls(Keep):
    """A handler that calls something at its first record, before it keeps it."""

    def __init__(self, call: Callable[[], object]) -> None:
        super().__init__()
        self.call: Callable[[], object] | None = call
        self.answer: object = None

    def emit(self, record: logging.LogRecord) -> None:
        if self.call is not None:
            call, self.call = self.call, None
            self.answer = call()
        super().emit(record)


def numbers(log: logging.Logger, count: int) -> list[str]:
    for number in range(count):
        log.info("%d", number)
    return [str(number) for number in range(count)]
