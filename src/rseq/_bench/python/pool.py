"""A buffer that is acquired and released, from Python."""

from __future__ import annotations

import threading
from collections.abc import Callable

from rseq._bench.native.pool import ITEM_BYTES, ITEMS
from rseq._bench.python.loop import loop
from rseq._bench.run import Implementation, Missing, Operation, growth, threaded
from rseq._structures.pool import Pool


def _all_there(free: Callable[[], int]) -> Missing:
    """A check: after each run as many buffers are free as there were at first."""
    grown = growth(free)
    return lambda spans: -grown()


def _rseq(workers: int) -> Implementation:
    pool = Pool(ITEM_BYTES, ITEMS)
    work = loop("release(acquire())", acquire=pool.acquire, release=pool.release)
    return threaded("rseq", "rseq: release(acquire())", work, _all_there(lambda: len(pool)))


def _rseq_row(workers: int) -> Implementation:
    pool = Pool(ITEM_BYTES, ITEMS)
    work = loop("release(acquire())", acquire=pool.acquire_row, release=pool.release_row)
    return threaded("rseq-row", "rseq: release_row(acquire_row())", work, _all_there(lambda: len(pool)))


def _free_list(workers: int) -> Implementation:
    free = [bytearray(ITEM_BYTES) for _ in range(ITEMS)]
    work = loop(
        "with lock: item = free.pop()\nwith lock: free.append(item)", lock=threading.Lock(), free=free, item=None
    )
    label = "a list under threading.Lock"
    return threaded("free-list", label, work, _all_there(lambda: len({id(item) for item in free})))


def _bytearray(workers: int) -> Implementation:
    work = loop(f"bytearray({ITEM_BYTES})", bytearray=bytearray)
    return threaded("bytearray", f"bytearray({ITEM_BYTES})", work, None)


POOL = Operation(
    name="pool-python",
    title=f"a buffer of {ITEM_BYTES} bytes, from Python",
    unit="buffer",
    makers={"rseq": _rseq, "rseq-row": _rseq_row, "free-list": _free_list, "bytearray": _bytearray},
)
