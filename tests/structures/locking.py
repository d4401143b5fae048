"""A record, one CPU for all, and threads, for the tests of SpinLock."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import rseq
from structures.lanes import on_one_lane
from support import ThreadSet


class Count(rseq.Record):
    value: rseq.i64


@pytest.fixture
def one_cpu() -> Iterator[int]:
    """All that is started here stays on one CPU, so that everybody wants the same lock: the one with this number."""
    with on_one_lane() as lane:
        yield lane


@contextmanager
def crew() -> Iterator[ThreadSet]:
    """Threads that are waited for at the end of a `with`, unless it has failed already."""
    threads = ThreadSet()
    yield threads
    threads.join()


def in_thread(function: Callable[[], Any], name: str = "worker") -> Any:
    """What `function` returns in a thread that has ended, also for the kernel."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend((threading.get_native_id(), function())), name=name)
    thread.start()
    thread.join()
    while os.path.exists(f"/proc/self/task/{found[0]}"):
        os.sched_yield()
    return found[1]
