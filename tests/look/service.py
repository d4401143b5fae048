"""A service with one structure of each kind in the segment "shop", and what it did with them."""

from __future__ import annotations

from typing import Any

import numpy as np

import rseq
from rseq import f64, i64, index, prepared, u32


class Node(rseq.Record):
    weight: f64


class Account(rseq.Record):
    total: i64
    rate: f64
    recent: prepared[u32[3]]
    best: index[Node]


DTYPE = np.dtype([("id", "i4"), ("x", "f8"), ("pair", "u2", (2,))])


def serve(name: str = "shop") -> dict[str, Any]:
    """Make them, and use each; they are returned by name."""
    shop = rseq.Segment(name)
    made: dict[str, Any] = {
        "hits": rseq.Counter(segment=shop, name="hits"),
        "seconds": rseq.FloatCounter(segment=shop, name="seconds"),
        "sizes": rseq.CounterArray((2, 3), segment=shop, name="sizes"),
        "small": rseq.CounterArray(3, "i32", segment=shop, name="small"),
        "requests": rseq.KeyedCounter(3, segment=shop, name="requests"),
        "latency": rseq.Histogram.exponential(1e-3, 10, relative_error=0.1, segment=shop, name="latency"),
        "weights": rseq.Histogram([1, 2, 4], segment=shop, name="weights"),
        "slowest": rseq.Max(segment=shop, name="slowest"),
        "least": rseq.Min("i64", segment=shop, name="least"),
        "events": rseq.RingBuffer(4096, segment=shop, name="events"),
        "rows": rseq.RingBuffer(8, "overwrite", dtype=DTYPE, segment=shop, name="rows"),
        "free": rseq.Stack(8, segment=shop, name="free"),
        "calls": rseq.TokenBucket(1e-3, 9, segment=shop, name="calls"),
        "buffers": rseq.Pool(64, 4, segment=shop, name="buffers"),
        "lock": rseq.SpinLock(segment=shop, name="lock"),
        "readers": rseq.RCU(segment=shop, name="readers"),
        "accounts": rseq.percpu(Account, segment=shop, name="accounts"),
        "grid": rseq.percpu(Node, 2, segment=shop, name="grid"),
        "nodes": rseq.array(Node, 2, segment=shop, name="nodes"),
    }
    use(made)
    return {"segment": shop, **made}


def use(made: dict[str, Any]) -> None:
    """Something of each kind."""
    made["hits"].add(12_345)
    made["seconds"].add(1.5)
    made["sizes"].add((1, 2), 7)
    made["small"].add(1, -7)
    for key, n in (("GET /", 3), (("GET", 200), 1_500), (b"\x1b[31m", 2), ("GET /more", 4)):
        made["requests"].add(key, n)
    for number in range(1, 101):
        made["latency"].observe(number / 100)
    made["slowest"].update(0.25)
    made["events"].write(b"hello")
    made["events"].write("grüße\x1b[31m".encode())
    made["events"].write(b"\xff\x00")
    made["rows"].write(np.array((1, 2.5, (3, 4)), DTYPE))
    made["free"].push(3)
    made["calls"].take(2)
    made["buffers"].acquire()
    made["lock"].acquire()
    made["readers"].read_lock()
    accounts = made["accounts"].view()
    accounts["total"][0], accounts["total"][1], accounts["recent"][1] = 5, 6, [1, 2, 3]
    made["grid"].view()["weight"][0, 1] = 0.5
    made["nodes"].values["weight"][1] = 2.5
