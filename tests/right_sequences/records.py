"""The records and functions that the sequences name."""

from __future__ import annotations

from typing import Any

import rseq
from rseq import f64, i32, i64, index, prepared, ptr, u8, u16, u32, u64


class Node(rseq.Record):
    value: i64
    next: ptr[Node]  # type: ignore[name-defined]
    other: ptr[Node]  # type: ignore[name-defined]
    pair: i64[2]
    which: i64
    halves: prepared[i64[2]]


class Batch(rseq.Record):
    items: i64[4]
    size: i64


class Entry(rseq.Record):
    value: i64
    next: index[Entry]  # type: ignore[name-defined]
    tag: u32


class Slab(rseq.Record):
    """`slots` are in use below `count`."""

    count: i64
    slots: prepared[i64[8]]

    @staticmethod
    def live(lane: Any) -> Any:
        return lane["slots"][: max(0, min(int(lane["count"]), 8))].tolist()


class Ring(rseq.Record):
    """`slots` are in use from `head` to `tail`, which grow without end."""

    head: u64
    tail: u64
    lost: u64
    slots: prepared[i64[4]]

    @staticmethod
    def live(lane: Any) -> Any:
        head, tail = int(lane["head"]), int(lane["tail"])
        return [int(lane["slots"][(head + k) % 4]) for k in range(min((tail - head) % 2**64, 4))]


class Log(rseq.Record):
    """`text` is in use below `used`."""

    used: u64
    lost: u64
    text: prepared[u8[32]]

    @staticmethod
    def live(lane: Any) -> Any:
        return lane["text"][: min(int(lane["used"]), 32)].tolist()


class Lists(rseq.Record):
    first: ptr[Node]
    free: ptr[Node]
    length: i64


class Numbers(rseq.Record):
    first: index[Entry]
    free: index[Entry]
    buckets: index[Entry][4]


class Double(rseq.Record):
    """One of two is in use, as `which` says."""

    which: i64
    total: i64
    halves: prepared[i64[2]]
    pairs: prepared[i64[8]]
    text: prepared[u8[16]]

    @staticmethod
    def live(lane: Any) -> Any:
        which = int(lane["which"]) & 1
        pairs, text = lane["pairs"], lane["text"]
        return [int(lane["halves"][which]), pairs[which * 4 :][:4].tolist(), text[which * 8 :][:8].tolist()]


class Words(rseq.Record):
    free: u64
    packed: u64
    count: i64
    sum: i64
    low: i64
    high: i64
    real: f64
    small: i32
    bins: i64[8]
    tokens: i64
    stamp: u64
    short: u16
    next: u16


@rseq.inline
def bin_of(x: i64) -> i64:
    """Which of 8 bins, by powers of two."""
    bound: i64 = 1
    for k in range(7):
        if x < bound:
            return k
        bound *= 4
    return 7


@rseq.inline
def smaller(a: i64, b: i64) -> i64:
    """The smaller of two numbers."""
    return a if a < b else b


@rseq.inline
def append(cpu: Slab, value: i64) -> bool:
    """Part of several sequences."""
    n = cpu.count
    if n < 0 or n >= 8:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True


NAMES = {
    "Node": Node,
    "Batch": Batch,
    "Entry": Entry,
    "Slab": Slab,
    "Ring": Ring,
    "Log": Log,
    "Lists": Lists,
    "Numbers": Numbers,
    "Double": Double,
    "Words": Words,
    "index": index,
    "bytearray": bytearray,
    "f64": f64,
    "u16": u16,
    "u32": u32,
    "i32": i32,
    "bin_of": bin_of,
    "smaller": smaller,
    "append": append,
}
