"""What the routine `read` of a ring copies, for whatever positions it is asked, against a few lines of plain Python."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import rseq
from rseq._stress.structures.ring import row
from rseq._structures.ring.kind import SMALL, Kind
from rseq._structures.ring.sizes import low_bits
from structures.lanes import on_one_lane

UNTOUCHED = 0xEE
KINDS = {**SMALL, "eight_parts": Kind(256, 8, clock=False)}  # of two parts, none is whole behind the one before


@pytest.fixture
def lane() -> Iterator[int]:
    """The lane of the one CPU that this thread runs on."""
    with on_one_lane() as lane:
        yield lane


def positions(kind: Kind, count: int) -> Iterator[tuple[int, int, int, int]]:
    """Up to which position records are written, the tail, and from where to where is to be read."""
    chance = random.Random(kind.units)
    for _ in range(count):
        head = 4 * kind.units + chance.randrange(4 * kind.units)
        begin = head + chance.randint(-2 * kind.units, 2)
        end = begin + chance.randint(-2, kind.units + 2)
        yield head, begin if chance.random() < 0.8 else begin + chance.choice((-1, 1)), begin, end


def expected(kind: Kind, units: list[bytes], where: tuple[int, int, int, int]) -> tuple[int, list[bytes]]:
    """How many of the first are gone, and what is copied."""
    head, tail, begin, end = where
    found = min(head, end) - begin if begin <= head and 0 <= end - begin <= kind.units else 0
    if not kind.overwrites:
        return 0, [units[(begin + at) % kind.units] for at in range(found if begin == tail else 0)]
    part = kind.part_units
    whole = head % part + (kind.parts - 2) * part if part else kind.units - 1
    gone = min(max(head - begin - whole, 0), found)
    copied = [units[(begin + at) % kind.units] for at in range(found)]
    return gone, [b"\0" * len(unit) for unit in copied[:gone]] + copied[gone:]


def width(kind: Kind) -> int:
    """Bits of a position: behind the largest comes 0."""
    if kind.part_units:
        return 64 - low_bits(kind.part_units)
    return 63 if kind.overwrites else 64


def cut(data: Any, count: int) -> list[bytes]:
    text = np.ascontiguousarray(data).tobytes()
    return [text[at : at + len(text) // count] for at in range(0, len(text), len(text) // count)]


@pytest.mark.parametrize("name", KINDS)
def test_it_copies_what_is_there_and_says_what_is_gone(name: str) -> None:
    kind = KINDS[name]
    ring = rseq.RingBuffer._of(kind)
    view, read = ring.storage.view(), kind.code.read.bind(ring.storage)
    fields = ["data"] + (["stamps"] if "stamps" in view.dtype.names else [])
    for number, field in enumerate(fields):
        each_byte = int.from_bytes(b"\1" * view[field].dtype.itemsize, "little")
        view[field] = (np.arange(view[field].size).reshape(view[field].shape) % 200 + 10 + number) * each_byte
    bits = low_bits(kind.part_units) if kind.part_units else 0
    last = (1 << width(kind)) - 1
    for turn, where in enumerate(positions(kind, 1500)):
        number, start = turn % len(view), 0 if turn % 3 else -6 * kind.units  # what lies around the last position, too
        words, (head, tail, begin, end) = view[number], [(position + start) & last for position in where]
        words["head"], words["tail"] = (head << bits) + turn % (1 << bits), tail
        units = [cut(words[field], kind.units) for field in fields]
        buffers = [bytearray([UNTOUCHED] * (len(unit[0]) * kind.units)) for unit in units]
        gone = read(number, begin, end, *buffers, *([bytearray()] if kind.item and len(buffers) == 1 else []))
        for unit, buffer in zip(units, buffers, strict=True):
            wanted_gone, wanted = expected(kind, unit, where)
            text = b"".join(wanted)
            assert (gone, bytes(buffer)) == (wanted_gone, text.ljust(len(buffer), bytes([UNTOUCHED]))), (where, number)


@pytest.mark.parametrize("name", [name for name, kind in SMALL.items() if not kind.overwrites])
def test_what_is_refused_changes_nothing_but_the_count_of_what_is_lost(name: str, lane: int) -> None:
    kind = SMALL[name]
    ring = rseq.RingBuffer._of(kind)
    record: Any = 7 if kind.is_number else row(7) if kind.item else b"seven"
    written = sum(1 for _ in iter(lambda: ring.write(record), False))
    before = ring.storage.view()[lane].copy()
    assert not ring.write(record)
    after = ring.storage.view()[lane]
    assert [field for field in after.dtype.names if np.any(after[field] != before[field])] == ["lost"]
    assert (len(ring), ring.lost) == (written, 2)


def test_serial_numbers_go_on_far_beyond_32_bits(lane: int) -> None:
    """They stand in two words of `data` at the start of a part."""
    ring, first = rseq.RingBuffer._of(SMALL["over"]), (5 << 32) - 20
    words = ring.storage.view()[lane]
    words["even"] = words["serial"] = first
    words["data"][:2] = first & 0xFFFFFFFF, first >> 32
    drained = 0
    for turn in range(60):
        assert ring.write(b"abc")
        if turn % 20 == 19:
            drained += len(ring.drain())
    assert 0 < drained < 60
    assert drained + ring.lost == 60
    assert words["serial"].max() == first + 60
