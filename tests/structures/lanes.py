"""Which lane a thread uses, with rseq and without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import rseq
from support import on_one_cpu


@contextmanager
def on_one_lane() -> Iterator[int]:
    """The thread stays on one CPU in the body of the `with`; the value is the number of its lane."""
    with on_one_cpu() as cpu:
        yield lane_of(cpu)


def lane_of(cpu: int) -> int:
    """The lane of a thread on that CPU: without rseq the spare one, which is the last."""
    return cpu if rseq.available() else rseq.Counter().storage.place.lanes
