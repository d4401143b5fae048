"""Buffers and copies: every length, every way in, and that nothing is copied beyond a place or a buffer."""

from __future__ import annotations

import ctypes
import gc
import os
import random
import sys
from array import array

import numpy as np
import pytest

import rseq
import support
from rseq import i64, prepared, ptr, u8, u32, u64
from rseq._language.interpret import Memory, run

pytestmark = pytest.mark.usefixtures("cpu")

SIZE = 200


class Ring(rseq.Record):
    head: u64
    data: prepared[u8[SIZE]]
    guard: u64
    words: prepared[u32[8]]


class Row(rseq.Record):
    text: u8[16]


@rseq.sequence
def write(cpu: Ring, data: bytes) -> bool:
    at = cpu.head
    n = len(data)
    if n > SIZE - at:
        return False
    rseq.copy(cpu.data[at], data, n)
    cpu.head = at + n
    return True


@rseq.sequence
def read(cpu: Ring, out: bytearray) -> u64:
    n = cpu.head
    rseq.copy(out, cpu.data, n)
    cpu.head = 0
    return n


@rseq.sequence
def put(cpu: Ring, at: i64, data: bytes, n: i64) -> None:
    rseq.copy(cpu.data[at], data, n)
    cpu.head += 1


@rseq.sequence
def put_from(cpu: Ring, data: bytes, skip: i64, n: i64) -> None:
    rseq.copy(cpu.data, data[skip], n)
    cpu.head += 1


@rseq.sequence
def peek(cpu: Ring, out: bytearray) -> None:
    rseq.copy(out, cpu.data, SIZE)


@rseq.sequence
def put_words(cpu: Ring, at: i64, data: bytes) -> None:
    rseq.copy(cpu.words[at], data, 8)
    rseq.copy(cpu.words[6], data[8], 5)
    cpu.head += 1


@rseq.sequence
def to_row(cpu: Ring, row: ptr[Row], data: bytes) -> None:
    rseq.copy(row.text[2], data, 14)
    cpu.head += 1


@rseq.sequence
def byte(cpu: Ring, data: bytes, i: i64) -> u8:
    return data[i]


@rseq.sequence
def next_of(cpu: Ring, data: bytes, out: bytearray) -> None:
    out[0] = data[0] + 1
    cpu.head += 1


@rseq.routine
def twice(cpu: Ring, data: bytes) -> bool:
    if not write(cpu, data):
        return False
    return write(cpu, data)


def round_trips() -> None:
    """Every length, with every start of the source, in every kind of buffer."""
    dice = random.Random(1)
    storage = rseq.percpu(Ring)
    put_in, take = write.bind(storage), read.bind(storage)
    for length in range(SIZE + 1):
        data = dice.randbytes(length + 3)
        for skip in range(3):
            part = memoryview(data)[skip : skip + length]
            assert put_in(part)
            out = bytearray(b"\xee" * (SIZE + 8))
            assert take(out) == length
            assert out == bytes(part) + b"\xee" * (SIZE + 8 - length)
    assert (storage.view()["guard"] == 0).all()


@pytest.mark.needs_rseq
def test_every_length_comes_back() -> None:
    round_trips()


def test_every_length_comes_back_on_the_spare_lane() -> None:
    tests = support.ROOT / "tests"
    path = f"sys.path[:0] = [{str(tests)!r}, {str(tests / 'native')!r}]"
    code = f"import sys; {path}; import test_copies as t; t.round_trips()"
    support.run_python(code, env={"GLIBC_TUNABLES": "glibc.pthread.rseq=0"})


@pytest.mark.needs_rseq
def test_any_bytes_like_object_is_a_buffer() -> None:
    storage = rseq.percpu(Ring)
    put_in, take = write.bind(storage), read.bind(storage)
    for thing in (b"abcd", bytearray(b"abcd"), memoryview(b"abcd"), array("H", b"abcd"), np.frombuffer(b"abcd", "u4")):
        assert put_in(thing)
        out = bytearray(SIZE)
        assert take(out) == 4
        assert out[:4] == b"abcd"


@pytest.mark.needs_rseq
def test_a_copy_begins_where_it_is_told_and_reaches_no_further() -> None:
    storage = rseq.percpu(Ring)
    place, place_from, show = put.bind(storage), put_from.bind(storage), peek.bind(storage)

    def seen() -> bytes:
        out = bytearray(SIZE)
        show(out)
        return bytes(out)

    for at, n in ((0, 10), (190, 10), (3, 3), (200, 0), (199, 1)):
        place(at, b"0123456789", n)
        assert seen()[at : at + n] == b"0123456789"[:n]
    for skip, n in ((0, 10), (9, 1), (3, 4), (10, 0)):
        place_from(b"0123456789", skip, n)
        assert seen()[:n] == b"0123456789"[skip : skip + n]
    before = seen()
    for at, n in ((191, 10), (201, 0), (-1, 1), (0, -1), (0, 11), (2**63 - 1, 1), (-(2**63), 0)):
        with pytest.raises(IndexError, match=r"out of range|more than"):
            place(at, b"0123456789", n)
    for skip, n in ((11, 0), (1, 10), (-1, 1), (0, -1), (0, 11), (10, 1)):
        with pytest.raises(IndexError, match=r"out of range|more than"):
            place_from(b"0123456789", skip, n)
    assert seen() == before
    assert storage.view()["head"].sum() == 9


@pytest.mark.needs_rseq
def test_known_lengths_and_wider_elements() -> None:
    storage = rseq.percpu(Ring)
    rows = rseq.array(Row, 3)
    words, row = put_words.bind(storage), to_row.bind(storage, rows)
    words(2, bytes(range(1, 14)))
    lane = storage.view()[max(os.sched_getaffinity(0))]
    assert lane["words"].tobytes() == bytes(8) + bytes(range(1, 9)) + bytes(8) + bytes(range(9, 14)) + bytes(3)
    row(rows[1], b"abcdefghijklmnop")
    assert rows[1]["text"].tobytes() == b"\0\0abcdefghijklmn"
    with pytest.raises(IndexError):
        words(7, bytes(13))
    with pytest.raises(IndexError):
        words(2, bytes(12))
    with pytest.raises(IndexError):
        row(rows[1], b"abc")


@pytest.mark.needs_rseq
def test_bytes_are_read_one_by_one() -> None:
    get = byte.bind(rseq.percpu(Ring))
    assert [get(b"abc", i) for i in range(3)] == [97, 98, 99]
    for i in (3, -1, 2**63 - 1):
        with pytest.raises(IndexError, match=r"byte\(\): i is out of range for data"):
            get(b"abc", i)


@pytest.mark.needs_rseq
def test_routines_hand_buffers_on() -> None:
    storage = rseq.percpu(Ring)
    both, take = twice.bind(storage), read.bind(storage)
    assert both(b"xyz")
    out = bytearray(SIZE)
    assert take(out) == 6
    assert out[:6] == b"xyzxyz"


@pytest.mark.needs_rseq
def test_what_is_no_buffer_is_refused() -> None:
    storage = rseq.percpu(Ring)
    put_in, take = write.bind(storage), read.bind(storage)
    with pytest.raises(
        TypeError, match=r"write\(\): data is a bytes-like object, such as bytes or a NumPy array; got <class 'str'>"
    ):
        put_in("text")
    with pytest.raises(BufferError, match="contiguous"):
        put_in(memoryview(b"abcdef")[::2])
    with pytest.raises(BufferError, match="not writable"):
        take(bytes(SIZE))
    with pytest.raises(TypeError, match=r"read\(\): out is a writable bytes-like object"):
        take(7)


@pytest.mark.needs_rseq
def test_what_is_too_long_is_refused_with_the_limit() -> None:
    @rseq.sequence
    def whole(cpu: Ring, data: bytes) -> None:
        rseq.copy(cpu.data, data, len(data))
        cpu.head = 0

    storage = rseq.percpu(Ring)
    whole.bind(storage)(bytes(SIZE))
    with pytest.raises(IndexError, match=rf"^whole\(\): len\(data\) bytes are more than the {SIZE} that cpu.data has$"):
        whole.bind(storage)(bytes(SIZE + 1))
    with pytest.raises(IndexError, match=r"^put\(\): n bytes are more than what data has$"):
        put.bind(storage)(0, b"abc", 4)
    with pytest.raises(IndexError, match=rf"^put\(\): at is out of range for cpu.data, which has {SIZE} elements$"):
        put.bind(storage)(SIZE + 1, b"", 0)  # SIZE is allowed: nothing is copied there


@pytest.mark.needs_rseq
def test_buffers_are_let_go_on_every_way_out() -> None:
    storage = rseq.percpu(Ring)
    take, place = read.bind(storage), put.bind(storage)
    out, source = bytearray(SIZE), bytearray(10)
    take(out)
    with pytest.raises(IndexError):
        place(0, source, 11)
    for thing in (out, source):
        thing.append(1)  # a BufferError if somebody held it
    count = sys.getrefcount(source)
    place(0, source, 10)
    assert sys.getrefcount(source) == count


@pytest.mark.needs_rseq
def test_numba_passes_arrays_and_bytes() -> None:
    numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")
    storage = rseq.percpu(Ring)
    put_in, take = write.bind(storage), read.bind(storage)

    @numba.njit
    def through(data: object, out: object) -> object:
        return put_in(data), take(out)

    out = np.zeros(SIZE, "u1")
    assert through(np.arange(3, dtype="i4"), out) == (True, 12)
    assert out[:12].tobytes() == np.arange(3, dtype="i4").tobytes()
    assert through(b"abc", out) == (True, 3)
    assert out[:3].tobytes() == b"abc"
    with pytest.raises(numba.TypingError, match="out is a writable contiguous array"):
        through(b"abc", b"def")
    with pytest.raises(numba.TypingError, match="data is a contiguous array or bytes"):
        through(np.arange(6, dtype="u1")[::2], out)
    with pytest.raises(IndexError):
        through(b"abc", np.zeros(2, "u1"))


def test_the_interpreter_copies_too() -> None:
    memory = Memory.of(Ring)
    data, out = memory.add(8), memory.add(SIZE)
    memory.write(data, b"abcdefgh")
    assert run(write.body, memory, [data, 5])
    assert run(read.body, memory, [out, SIZE]) == 5
    assert memory.read(out, 6) == b"abcde\0"
    with pytest.raises(IndexError):
        run(put.body, memory, [196, data, 8, 5])


OVERLAP = (
    r"^next_of\(\): data and out overlap; what is read of one is overwritten in the other: pass two that are apart$"
)


def test_buffers_that_overlap_are_refused_where_that_matters() -> None:
    storage = rseq.percpu(Ring)
    function, memory = next_of.bind(storage), bytearray(b"\x07\x08\x09\x0a")
    whole = memoryview(memory)
    for data, out in ((memory, memory), (whole[:2], whole[1:]), (whole[1:3], whole), (whole, whole[3:])):
        with pytest.raises(ValueError, match=OVERLAP):
            function(data, out)
    assert memory == b"\x07\x08\x09\x0a"
    function(whole[:2], whole[2:])
    function(whole[2:], whole[:2])
    assert memory == b"\x09\x08\x08\x0a"
    assert storage.view()["head"].sum() == 2


def test_what_overlaps_is_refused_by_the_interpreter_too() -> None:
    memory = Memory.of(Ring)
    at = memory.add(16)
    with pytest.raises(ValueError, match=OVERLAP):
        run(next_of.body, memory, [at, 4, at + 3, 4])
    run(next_of.body, memory, [at, 4, at + 4, 4])
    run(peek.body, memory, [memory.add(SIZE), SIZE])
    assert peek.body.apart == ()


def test_with_may_alias_buffers_may_be_one_and_the_contract_minds() -> None:
    with pytest.raises(rseq.ContractError, match="may-overlap"):
        rseq.sequence(may_alias=True)(next_of.function)


def test_a_copy_within_one_place_is_refused() -> None:
    with pytest.raises(rseq.ContractError) as caught:

        @rseq.sequence
        def move(cpu: Ring, at: i64) -> None:
            rseq.copy(cpu.data[at], cpu.data, 4)
            rseq.copy(cpu.data[8], cpu.data[12], 4)
            cpu.head += 1

    assert {diagnostic.slug for diagnostic in caught.value.diagnostics} == {"overwritten-before-commit"}
    assert caught.value.diagnostics[0].places[0][0].text.strip() == "rseq.copy(cpu.data[at], cpu.data, 4)"


_OBJECTS = [
    np.array([None, "text"] * 20, dtype=object),
    np.zeros(20, dtype=[("a", "i8"), ("b", object)]),
    np.zeros(20, dtype=[("when", "M8[ns]"), ("b", object)]),  # NumPy has no format for that
    memoryview(np.array([None] * 20, dtype=object)),
    (ctypes.py_object * 20)(*[None] * 20),
]


@pytest.mark.needs_rseq
@pytest.mark.parametrize("objects", _OBJECTS, ids=["objects", "fields", "dates", "memoryview", "ctypes"])
def test_references_to_objects_are_neither_overwritten_nor_read(objects: object) -> None:
    storage = rseq.percpu(Ring)
    put_in, take = write.bind(storage), read.bind(storage)
    assert put_in(b"x" * 160)
    for call, what in ((take, r"read\(\): out is a writable"), (put_in, r"write\(\): data is a")):
        count = sys.getrefcount(objects)
        with pytest.raises(TypeError, match=rf"{what} bytes-like object, .*; got <class .* that holds Python objects"):
            call(objects)
        assert sys.getrefcount(objects) == count
    gc.collect()  # it follows what stands there


@pytest.mark.needs_rseq
def test_a_field_may_be_called_o_and_dates_have_no_format() -> None:
    storage = rseq.percpu(Ring)
    put_in, take = write.bind(storage), read.bind(storage)
    for numbers in (np.zeros(10, dtype=[("O", "i8"), ("On", "f8")]), np.zeros(20, "M8[ns]"), array("d", [0.0] * 20)):
        assert put_in(numbers)
        assert take(numbers) in (0, 160)


@pytest.mark.needs_rseq
def test_references_are_refused_in_numba() -> None:
    numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")
    storage = rseq.percpu(Ring)
    put_in, take = write.bind(storage), read.bind(storage)

    @numba.njit
    def fill(out: object) -> object:
        return take(out)

    @numba.njit
    def offer(data: object) -> object:
        return put_in(data)

    for objects in _OBJECTS[:2]:
        for call in (fill, offer):
            with pytest.raises(numba.TypingError):
                call(objects)
