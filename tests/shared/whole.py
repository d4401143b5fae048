"""A segment with one structure of each kind, each with something in it; and how all of them are used once."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import rseq
from rseq._percpu.shared import kinds
from rseq._percpu.shared.segment import core_of

ROW = [("what", "u4"), ("how", "f8", (3,))]


class Pair(rseq.Record):
    """Two fields."""

    count: rseq.i64
    last: rseq.prepared[rseq.i64[3]]


class Node(rseq.Record):
    """A row."""

    value: rseq.i64


@rseq.sequence
def count(cpu: Pair, n: rseq.i64) -> rseq.i64:
    """Add to a pair."""
    before = cpu.count
    cpu.count = before + n
    return before


def make(segment: rseq.Segment) -> dict[str, Any]:
    """One structure of each kind, by name."""
    given: dict[str, Callable[..., Any]] = {
        "counter": rseq.Counter,
        "float": rseq.FloatCounter,
        "array": lambda **more: rseq.CounterArray((2, 3), rseq.u32, **more),
        "keyed": lambda **more: rseq.KeyedCounter(3, **more),
        "histogram": lambda **more: rseq.Histogram([1, 2, 5], **more),
        "octaves": lambda **more: rseq.Histogram.exponential(1e-3, 1, relative_error=0.1, **more),
        "max": rseq.Max,
        "min": rseq.Min,
        "pool": lambda **more: rseq.Pool(100, 9, **more),
        "rcu": rseq.RCU,
        "drop": lambda **more: rseq.RingBuffer(256, **more),
        "over": lambda **more: rseq.RingBuffer(512, "overwrite", **more),
        "rows": lambda **more: rseq.RingBuffer(4, dtype=ROW, **more),
        "numbers": lambda **more: rseq.RingBuffer(4, "overwrite", False, rseq.u64, **more),
        "lock": rseq.SpinLock,
        "stack": lambda **more: rseq.Stack(5, **more),
        "collector": lambda **more: rseq.Collector("i32", 5, **more),
        "bucket": lambda **more: rseq.TokenBucket(1e-3, 9, **more),
        "own": lambda **more: rseq.percpu(Pair, 2, **more),
        "nodes": lambda **more: rseq.array(Node, 7, **more),
        "nothing else": rseq.Counter,
    }
    return {name: call(segment=segment, name=name) for name, call in given.items()}


def found(segment: rseq.Segment) -> Iterator[Callable[[], Any]]:
    """What opens each structure in a segment, by its entry; records of the tests' own, too."""
    for entry in list(core_of(segment).directory):
        if entry.kind == "percpu":
            yield lambda name=entry.name: rseq.percpu(Pair, 2, segment=segment, name=name)
        elif entry.kind == "array":
            yield lambda name=entry.name: rseq.array(Node, 7, segment=segment, name=name)
        else:
            yield lambda entry=entry: kinds.reopened(segment, entry)


def use(thing: Any) -> None:
    """Read and write a structure once, in each way that there is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # locks and turns that dead processes held
        repr(thing)
        if type(thing).__name__ in _USES:
            _USES[type(thing).__name__](thing)


def _use_number(thing: Any) -> None:
    thing.add(2)
    assert isinstance(thing.value, int | float)
    thing.per_cpu()


def _use_array(thing: Any) -> None:
    thing.add((1, 2), 3)
    thing.values()


def _use_keyed(thing: Any) -> None:
    for key in ("GET /", ("GET", 200), b"x", 5):
        thing.add(key, 2)
        assert thing[key] is not None
    thing.add_row(1)
    thing.merge(thing)
    assert len(thing.most_common()) == len(thing) == len(set(thing.keys()))
    assert thing.total() is not None


def _use_extreme(thing: Any) -> None:
    thing.update(3)
    _ = thing.value  # None, if somebody has written into it


def _use_histogram(thing: Any) -> None:
    for number in (0.5, 2.0, 1e9, float("nan")):
        thing.observe(number)
    thing.counts()
    assert thing.sum is not None
    assert thing.nans is not None
    thing.quantile(0.5)
    thing.merge(thing)


def _use_pool(thing: Any) -> None:
    held = [thing.acquire() for _ in range(3)]
    for item in filter(None, held):
        item[:] = b"x" * 100
        thing.release(item)
    if (row := thing.acquire_row(7)) is not None:
        thing.array[row] = 1
        thing.release_row(row)
    thing.held()
    len(thing)
    try:
        thing.recover(3_999_999)
    except ValueError:  # a thread of such a process lives, says the table
        pass


def _use_rcu(thing: Any) -> None:
    with thing:
        thing.read_unlock(thing.read_lock())
    assert thing.readers is not None
    try:
        thing.synchronize(0)
    except (TimeoutError, RuntimeError):  # somebody reads; more sections have ended than begun
        pass


def _use_ring(thing: Any) -> None:
    for _ in range(3):
        thing.write(5 if thing.dtype is not None and thing.dtype.kind == "u" else _record(thing))
    len(thing)
    thing.peek()
    thing.drain()
    assert thing.lost is not None
    for _ in range(40):
        thing.write(5 if thing.dtype is not None and thing.dtype.kind == "u" else _record(thing))
    if thing.dtype is not None:
        thing.drain_array()
    else:
        thing.drain()


def _record(thing: Any) -> bytes:
    return b"some words" if thing.dtype is None else np.zeros(1, thing.dtype).tobytes()


def _use_lock(thing: Any) -> None:
    cpu = thing.try_acquire()
    if cpu is not None:
        thing.release(cpu)
    thing.holders()


def _use_stack(thing: Any) -> None:
    thing.push(4)
    thing.push(5)
    thing.pop()
    len(thing)
    thing.steal()
    thing.drain()
    assert thing.capacity is not None


def _use_collector(thing: Any) -> None:
    thing.append(4)
    len(thing)
    thing.array()
    assert thing.capacity is not None


def _use_bucket(thing: Any) -> None:
    with contextlib.suppress(ValueError):  # another one has written over the burst
        thing.take()
    thing.take(0)
    assert thing.available is not None
    assert thing.burst is not None
    assert thing.rate is not None


def _use_percpu(thing: Any) -> None:
    count.bind(thing)(1, 5)
    thing.per_cpu()


def _use_rows(thing: Any) -> None:
    thing[3]["value"] = 4
    assert thing[3]["value"] == 4
    thing.values.copy()


_USES: dict[str, Callable[[Any], None]] = {
    "Counter": _use_number,
    "FloatCounter": _use_number,
    "CounterArray": _use_array,
    "KeyedCounter": _use_keyed,
    "Max": _use_extreme,
    "Min": _use_extreme,
    "Histogram": _use_histogram,
    "Pool": _use_pool,
    "RCU": _use_rcu,
    "RingBuffer": _use_ring,
    "SpinLock": _use_lock,
    "Stack": _use_stack,
    "Collector": _use_collector,
    "TokenBucket": _use_bucket,
    "PerCPU": _use_percpu,
    "RowArray": _use_rows,
}
