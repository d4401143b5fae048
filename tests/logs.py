"""What tests of rseq.logging share: handlers that keep records, one before a ring and one behind it."""

from __future__ import annotations

import logging

import rseq
import rseq.logging

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
