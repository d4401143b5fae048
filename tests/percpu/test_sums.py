"""Numbers side by side, added up over all lanes: against sums in plain Python."""

from __future__ import annotations

import ctypes
import random
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from rseq._percpu.segment import Place
from rseq._percpu.sums import add_lanes, sums_of
from support import run_python

STRIDE = 4096
LETTERS = {"i64": "q", "u64": "Q", "f64": "d"}


class Lanes:
    """Memory as that of a segment, with as many lanes as a test wants; the last one is the spare lane."""

    def __init__(self, lanes: int) -> None:
        self.memory = (ctypes.c_uint64 * (lanes * STRIDE // 8))()
        self.place = Place(ctypes.addressof(self.memory), STRIDE, lanes - 1, 0)

    def fill(self, type: str, rows: list[list[Any]]) -> None:
        """Write a row of numbers into each lane."""
        for address, row in zip(self.place.addresses(), rows, strict=True):
            packed = struct.pack(f"={len(row)}{LETTERS[type]}", *row)
            ctypes.memmove(address, packed, len(packed))


def numbers(type: str, lanes: int, count: int) -> list[list[Any]]:
    chance = random.Random(f"{type} {lanes} {count}")
    if type == "f64":
        return [[chance.uniform(-1, 1) * 10.0 ** chance.randrange(18) for _ in range(count)] for _ in range(lanes)]
    low = -(1 << 63) if type == "i64" else 0
    return [[chance.randrange(low, low + (1 << 64)) for _ in range(count)] for _ in range(lanes)]


def expected(type: str, rows: list[list[Any]]) -> Iterator[Any]:
    for column in zip(*rows, strict=True):
        if type == "f64":
            total = 0.0
            for number in column:  # in order: not sum(), which is more exact from Python 3.12 on
                total += number
            yield total
        else:
            low = -(1 << 63) if type == "i64" else 0
            yield (sum(column) - low) % (1 << 64) + low


@pytest.mark.parametrize("type", LETTERS)
@pytest.mark.parametrize("lanes", [2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 129])
@pytest.mark.parametrize("count", [1, 2, 5, STRIDE // 8])
def test_each_number_is_the_sum_over_all_lanes(type: str, lanes: int, count: int) -> None:
    rows, memory = numbers(type, lanes, count), Lanes(lanes)
    memory.fill(type, rows)
    assert sums_of(memory.place, type, count) == list(expected(type, rows))


def test_sums_are_added_to_what_is_there_and_nothing_beside_them_is_written() -> None:
    memory = Lanes(3)
    memory.fill("i64", [[1, 10, 100]] * 3)
    words = bytearray(struct.pack("=4q", 7, 1000, 2000, 9))
    add_lanes(memory.place, "i64", memoryview(words)[8:24])
    assert struct.unpack("=4q", words) == (7, 1003, 2030, 9)
    assert struct.unpack("=3q", ctypes.string_at(memory.place.base, 24)) == (1, 10, 100)


def test_no_numbers_are_no_sums() -> None:
    assert sums_of(Lanes(2).place, "u64", 0) == []


@pytest.mark.parametrize("type", ["i32", "f32", "bool", "u8"])
def test_numbers_that_are_no_words_are_refused(type: str) -> None:
    with pytest.raises(ValueError, match=rf"^expected numbers of type i64, u64, f64 to add up, got {type}$"):
        add_lanes(Lanes(2).place, type, bytearray(8))


@pytest.mark.parametrize(("offset", "start", "nbytes"), [(0, 0, 12), (4, 0, 8), (0, 4, 8), (0, 0, STRIDE + 8)], ids=str)
def test_what_is_no_whole_word_or_not_in_a_lane_is_refused(offset: int, start: int, nbytes: int) -> None:
    sums = bytearray(2 * STRIDE)
    with pytest.raises(ValueError, match=rf"^expected aligned words, at most {STRIDE} bytes of them in a lane; got "):
        add_lanes(Lanes(3).place.at(offset), "i64", memoryview(sums)[start : start + nbytes])
    assert sums == bytes(2 * STRIDE)


@pytest.mark.parametrize(
    "sums", [bytes(8), 8, None, memoryview(bytearray(32))[::2]], ids=["bytes", "int", "none", "steps"]
)
def test_what_cannot_be_written_to_is_refused(sums: Any) -> None:
    with pytest.raises((TypeError, BufferError)):
        add_lanes(Lanes(2).place, "i64", sums)


@pytest.mark.parametrize(
    ("made", "counting", "reading", "found"),
    [
        ("Counter()", "add(3)", "it.value", "3"),
        ("FloatCounter()", "add(0.5)", "it.value", "0.5"),
        ("Max()", "update(2.5)", "it.value", "2.5"),
        ("Min('i32')", "update(-2)", "it.value", "-2"),
        ("CounterArray(3)", "add(1, 7)", "*it.values()", "0 7 0"),
        ("Histogram([1.0, 2.0])", "observe(1.5)", "it.count, *it.counts()", "1 0 1 0"),
    ],
)
def test_who_can_count_can_read_when_nothing_more_can_be_loaded(
    made: str, counting: str, reading: str, found: str
) -> None:
    code = f"""
        import rseq
        import rseq._builtins.bind, rseq._ready, rseq._loader

        def refuse(*given):
            raise OSError("nothing more can be loaded")

        it = rseq.{made}
        rseq._builtins.bind.load = rseq._ready.load = rseq._loader.load = refuse
        it.{counting}
        print({reading})
    """
    assert run_python(code).stdout.split() == found.split()
