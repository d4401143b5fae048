"""Rings, their kinds, and a CPU to be on, for the tests of RingBuffer."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

import rseq
from rseq import u64
from rseq._structures.ring.kind import SMALL, Kind

MODES = ["drop", "overwrite"]


PAIR = np.dtype([("a", "<i4"), ("b", "<f8")])


def datas(events: Any) -> list[Any]:
    return [event.data for event in events]


KINDS = {
    **SMALL,
    "a medium one": Kind(64, 0, clock=True),
    "eight parts": Kind(256, 8, clock=False),
    "many in a part": Kind(1 << 15, 8, clock=False),
    "floats": Kind(8, 1, True, "f64", np.dtype("f8")),
    "pairs": Kind(4, 0, False, 12, PAIR),
}


def a_record(kind: Kind, dice: random.Random) -> Any:
    if kind.is_number:
        return float(dice.randrange(100)) if kind.dtype == np.dtype("f8") else dice.randrange(1 << 64)
    size = kind.item if kind.item is not None else dice.randrange(min(kind.largest, 100) + 4)
    return dice.randbytes(int(size))  # type: ignore[call-overload]


def title(name: str) -> str:
    return f"Ring {name.replace('_', ' ')}"


class Small(rseq.Record):
    head: u64
    data: rseq.prepared[u64[4]]

    @staticmethod
    def live(lane: Any) -> Any:
        newest = (int(lane["head"]) - 1) % 2
        return lane["data"][2 * newest : 2 * newest + 2]
