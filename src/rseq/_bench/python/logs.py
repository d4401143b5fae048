"""A call of a logger whose records another thread will write: into a ring buffer, or a queue."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from logging.handlers import QueueHandler
from queue import Queue, SimpleQueue
from typing import Any

from rseq._bench.python.loop import filled, loop
from rseq._bench.python.ring import kept_or_lost, take_all
from rseq._bench.run import Implementation, Missing, Operation, threaded
from rseq._structures.ring import RingBuffer
from rseq.logging import Handler

_CAPACITY = 1 << 20
_MOST = 200_000


def _logger(name: str, handler: logging.Handler) -> logging.Logger:
    """A logger that nothing else hears."""
    logger = logging.getLogger(f"rseq._bench.{name}")
    logger.handlers, logger.propagate, logger.level = [handler], False, logging.INFO
    return logger


def _implementation(
    name: str, label: str, handler: logging.Handler, missing: Missing, most: int | None = None
) -> Implementation:
    logger = _logger(name, handler)
    return threaded(name, label, loop("info('served %s in %d ms', '/index', 7)", info=logger.info), missing, most)


def _rseq(workers: int) -> Implementation:
    ring = RingBuffer(_CAPACITY, mode="overwrite")
    return _implementation("rseq", "rseq.logging.Handler", Handler(ring), kept_or_lost(ring))


def _queue_handler(make: Callable[[], Any], name: str, workers: int) -> Implementation:
    queue = make()
    label = f"QueueHandler, {make.__name__}"
    return _implementation(name, label, QueueHandler(queue), filled(partial(take_all, queue)), _MOST)


LOGGING = Operation(
    name="logging-python",
    title="log call, from Python",
    unit="call",
    makers={
        "rseq": _rseq,
        "simple-queue": partial(_queue_handler, SimpleQueue, "simple-queue"),
        "queue": partial(_queue_handler, Queue, "queue"),
    },
)
