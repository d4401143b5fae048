"""RingBuffer: what goes in comes out once and whole, or is counted as lost."""

from __future__ import annotations

import os
import pickle
import random
import threading
from collections.abc import Callable
from itertools import islice
from typing import Any

import numpy as np
import pytest

import rseq
from models.ring import Model
from rseq import f32, u64
from rseq._stress.structures.ring import law, workloads
from rseq._stress.workload import buffered
from rseq._structures.ring import reader as reader_module
from rseq._structures.ring.kind import SMALL, Kind
from rseq._structures.ring.layout import tail_of
from rseq._structures.ring.sizes import low_bits
from structures.lanes import on_one_lane
from structures.rings import KINDS, MODES, PAIR, a_record, datas, title
from support import ThreadSet

# ---- one thread


def test_what_was_written_is_drained_once() -> None:
    ring = rseq.RingBuffer(1000)
    assert ring.write(b"one") is True
    assert ring.write(bytearray(b""))
    assert ring.write(memoryview(b"three"))
    assert ring.write(np.arange(3, dtype="u1"))
    assert datas(ring.peek()) == [b"one", b"", b"three", b"\0\1\2"]
    assert len(ring) == 4
    assert datas(ring.drain()) == [b"one", b"", b"three", b"\0\1\2"]
    assert ring.drain() == ring.peek() == []
    assert len(ring) == ring.lost == 0
    assert bool(ring)


def test_without_a_clock_each_cpu_has_its_own_order() -> None:
    """A writer that moves to a CPU of a lower number comes out of order; all of one CPU are in order."""
    ring, allowed = rseq.RingBuffer(1000, clock=False), os.sched_getaffinity(0)
    cpus = sorted(allowed, reverse=True)[:2]
    try:
        for number in range(20):
            os.sched_setaffinity(0, {cpus[number // 10 % len(cpus)]})
            ring.write(b"%d" % number)
    finally:
        os.sched_setaffinity(0, allowed)
    lanes: dict[int, list[int]] = {}
    for event in ring.peek():
        lanes.setdefault(event.cpu, []).append(int(event.data))
    assert all(lane == sorted(lane) for lane in lanes.values())
    assert [int(data) for data in datas(ring.drain())] == [number for cpu in sorted(lanes) for number in lanes[cpu]]
    if len(lanes) == 2:
        assert lanes == {cpus[0]: list(range(10)), cpus[1]: list(range(10, 20))}


def test_who_leaves_a_loop_over_drain_keeps_the_rest() -> None:
    ring = rseq.RingBuffer(1000, clock=False)
    with on_one_lane():
        for number in range(10):
            ring.write(b"%d" % number)
    waiting = ring.drain()
    assert isinstance(waiting, list)
    assert isinstance(ring.peek(), list)
    seen = 0
    for event in waiting:
        seen += 1
        if event.data == b"3":
            break
    assert datas(waiting[seen:]) == [b"%d" % number for number in range(4, 10)]


def test_its_properties_say_how_it_was_made() -> None:
    ring = rseq.RingBuffer(1000, mode="overwrite", clock=False)
    assert repr(ring) == "<rseq.RingBuffer of 1024 bytes for each CPU, mode='overwrite', clock=False>"
    assert (ring.capacity, ring.mode, ring.clock, ring.dtype, ring.largest) == (1024, "overwrite", False, None, 112)
    ring = rseq.RingBuffer(5, dtype=f32)
    assert repr(ring) == "<rseq.RingBuffer of 8 records of float32 for each CPU, mode='drop', clock=True>"
    assert (ring.capacity, ring.mode, ring.clock, ring.dtype, ring.largest) == (8, "drop", True, np.dtype("f4"), 4)
    assert rseq.RingBuffer(1).capacity == 256
    assert repr(rseq.RingBuffer(8, "overwrite", dtype=f32)) == (
        "<rseq.RingBuffer of 15 records of float32 for each CPU, mode='overwrite', clock=True>"
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("clock", [False, True])
def test_the_largest_record_fits_wherever_the_ring_is(mode: Any, clock: bool) -> None:
    ring = rseq.RingBuffer(512, mode, clock)
    for turn in range(100):
        ring.write(bytes(turn % 23))
        ring.drain()
        data = bytes([turn]) * ring.largest
        assert ring.write(data)
        assert datas(ring.drain()) == [data]
    lost = ring.lost
    assert not ring.write(bytes(ring.largest + 1))
    assert not ring.write(bytes(1 << 20))
    assert ring.lost == lost + 2


def test_drop_counts_what_does_not_fit_and_keeps_what_was_there() -> None:
    with on_one_lane() as cpu:
        ring = rseq.RingBuffer(256, clock=False)
        assert [ring.write(b"1234") for _ in range(40)] == [True] * 32 + [False] * 8
        assert ring.lost == 8
        assert [event.cpu for event in ring.drain()] == [cpu] * 32
        assert ring.write(b"again")


def test_overwrite_keeps_the_newest_and_counts_the_others() -> None:
    with on_one_lane():
        ring = rseq.RingBuffer(256, "overwrite", clock=False)
        assert all(ring.write(b"%04d" % number) for number in range(1000))
        kept = datas(ring.drain())
        assert kept == [b"%04d" % number for number in range(1000 - len(kept), 1000)]
        assert len(kept) > 10
        assert ring.lost == 1000 - len(kept)


def taken(length: int, clock: bool) -> int:
    """What a record takes in a ring: header and length, up to a whole unit."""
    return (12 if clock else 4) + (length + 3) // 4 * 4


@pytest.mark.one_in(2)
@pytest.mark.parametrize("clock", [False, True])
@pytest.mark.parametrize("capacity", [256, 512, 1024, 2048])
def test_overwrite_keeps_the_share_that_its_page_names(capacity: int, clock: bool) -> None:
    """After each write, wherever in a part: docs/ring.md, "When it is full"."""
    dice = random.Random(capacity)
    with on_one_lane():
        largest = rseq.RingBuffer(capacity, "overwrite", clock).largest
        for most in {0, 1, 5, largest // 2, largest // 2 + 4, largest}:
            for is_mixed in (False, True):
                ring, written = rseq.RingBuffer(capacity, "overwrite", clock), 0
                least = capacity * 3 // 4 - 6 * (taken(most, clock) + 8)
                while written < 2 * capacity:
                    length = dice.randint(0, most) if is_mixed else most
                    ring.write(bytes(length))
                    written += taken(length, clock)
                    if written > capacity:
                        kept = [len(data) for data in datas(ring.peek())]
                        assert len(kept) >= 6
                        assert sum(taken(length, clock) for length in kept) >= least


def test_overwrite_keeps_as_many_of_the_smallest_records_in_a_large_ring() -> None:
    with on_one_lane():
        ring = rseq.RingBuffer(1 << 18, "overwrite", clock=False)
        for number in range(100_000):
            ring.write(b"")
            if number > 1 << 16 and number % 1_000 == 0:
                assert 4 * len(ring) >= (1 << 18) * 3 // 4 - 6 * (4 + 8)


@pytest.mark.parametrize("asked", [1, 2, 3, 7, 8, 100])
def test_overwrite_keeps_as_many_records_of_one_layout_as_its_capacity(asked: int) -> None:
    with on_one_lane():
        ring = rseq.RingBuffer(asked, "overwrite", clock=False, dtype=u64)
        assert asked <= ring.capacity <= 2 * asked
        for number in range(3 * ring.capacity):
            ring.write(number)
            assert len(ring) == min(number + 1, ring.capacity)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_it_does_what_the_model_does(name: str, seed: int) -> None:
    kind, dice = KINDS[name], random.Random(seed)
    with on_one_lane() as cpu:
        ring, model = rseq.RingBuffer._of(kind), Model(kind, cpu + 1)
        model.cpu = cpu
        many = kind.units if kind.units > 1000 else 0
        for _ in range(400):
            action = dice.randrange(20)
            if action == 0:
                assert as_pairs(ring.drain()) == model.drain()
            elif action == 1:
                assert as_pairs(ring.peek()) == model.peek()
                assert len(ring) == len(model)
            elif action == 2 and many:
                assert all(ring.write(b"") and model.write(b"") for _ in range(dice.randrange(many // 4)))
            else:
                record = a_record(kind, dice)
                assert ring.write(record) == model.write(record)
        assert as_pairs(ring.drain()) == model.drain()
        assert ring.lost == model.lost


def as_pairs(events: Any) -> list[tuple[int, Any]]:
    return [(e.cpu, e.data.tobytes() if isinstance(e.data, np.void) else e.data) for e in events]


@pytest.mark.parametrize("mode", MODES)
def test_positions_go_on_far_beyond_32_bits(mode: Any) -> None:
    with on_one_lane() as cpu:
        ring = rseq.RingBuffer(256, mode, clock=False)
        start = 1 << 50
        words = ring.storage.view()[cpu]
        words["head"] = (start + 2) << low_bits(8) if mode == "overwrite" else start
        words["tail"] = tail_of(start, 0) if mode == "overwrite" else start
        for number in range(100):
            assert ring.write(b"%d" % number)
            assert datas(ring.drain()) == [b"%d" % number]
        assert ring.lost == 0


# ---- one layout


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("mode", "clock"), [("drop", True), ("overwrite", False)])
@pytest.mark.parametrize("dtype", ["int8", "uint64", "float32", "?", "S5", PAIR], ids=str)
def test_records_of_one_layout(dtype: Any, clock: bool, mode: Any) -> None:
    layout = np.dtype(dtype)
    given = np.array([(n, n / 2) for n in range(20)], PAIR) if dtype == PAIR else (np.arange(20) % 2).astype(layout)
    with on_one_lane() as cpu:
        ring = rseq.RingBuffer(9, mode, clock, layout)
        is_number = layout.kind in "iuf"
        written = [ring.write(one.item() if is_number else row.tobytes()) for one, row in zip(given, given[:, None])]  # noqa: B905
        assert written == ([True] * 16 + [False] * 4 if mode == "drop" else [True] * 20)
        kept = given[:16] if mode == "drop" else given[5:]
        assert [np.asarray(data).tolist() for data in datas(ring.peek())] == kept.tolist()
        found = ring.drain_array()
        assert found.dtype.names == (("cpu", "time_ns", "data") if clock else ("cpu", "data"))
        assert found["data"].dtype == layout
        assert found["data"].tolist() == kept.tolist()
        assert set(found["cpu"]) == {cpu}
        assert ring.lost == 20 - len(kept)
        assert len(ring.drain_array()) == 0


def test_a_numpy_record_is_written_as_it_is() -> None:
    ring = rseq.RingBuffer(4, dtype=PAIR)
    records = np.array([(1, 2.5), (3, -1.0)], PAIR)
    assert ring.write(records[0])
    assert ring.write(records[1:])
    assert ring.drain_array()["data"].tolist() == [(1, 2.5), (3, -1.0)]


# ---- what is refused


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: rseq.RingBuffer(0), ValueError, r"^capacity: expected 1 or more, got 0$"),
        (lambda: rseq.RingBuffer(-5), ValueError, r"^capacity: expected 1 or more, got -5$"),
        (
            lambda: rseq.RingBuffer(1 << 80),
            ValueError,
            r"^capacity: expected 1 … 536870912 bytes for each CPU, got 1208",
        ),
        (
            lambda: rseq.RingBuffer(1 << 80, dtype="f8"),
            ValueError,
            r"^capacity: expected 1 … 33554432 records of float64",
        ),
        (lambda: rseq.RingBuffer(2.0), TypeError, r"^capacity: expected an int, got 2.0$"),  # type: ignore[arg-type]
        (lambda: rseq.RingBuffer(9, "keep"), ValueError, r"^mode: expected 'drop' or 'overwrite', got 'keep'$"),  # type: ignore[arg-type]
        (
            lambda: rseq.RingBuffer(9, dtype=object),
            TypeError,
            r"^dtype: expected numbers .* object, which is Python obj",
        ),
        (
            lambda: rseq.RingBuffer(9, dtype=("f4", 3)),
            TypeError,
            r"^dtype: expected numbers .* which is an array; use a",
        ),
        (lambda: rseq.RingBuffer(9, dtype="V0"), ValueError, r"^dtype: expected records of one byte or more, got"),
        (
            lambda: rseq.RingBuffer(9, dtype=">f8"),
            TypeError,
            r"^dtype: expected numbers .* >f8, which is of the other",
        ),
        (lambda: rseq.RingBuffer(9, dtype="what"), TypeError, "what"),
        (lambda: rseq.RingBuffer(9).drain_array(), TypeError, r"^drain_array\(\) is for rings of one layout"),
        (
            lambda: rseq.RingBuffer(9).write("text"),
            TypeError,
            r"^RingBuffer.write\(\): data is a bytes-like object, such as bytes or",
        ),
        (lambda: rseq.RingBuffer(9).write(b"abc"[::2] and memoryview(b"abc")[::2]), BufferError, "contiguous"),
        (
            lambda: rseq.RingBuffer(9, dtype=rseq.u8).write(256),
            OverflowError,
            r"^RingBuffer.write\(\): data is u8, an int",
        ),
        (lambda: rseq.RingBuffer(9, clock="x"), TypeError, r"^clock: expected True or False, got 'x'$"),  # type: ignore[arg-type]
        (lambda: rseq.RingBuffer(9, clock=1), TypeError, r"^clock: expected True or False, got 1$"),  # type: ignore[arg-type]
        (
            lambda: rseq.RingBuffer(9, dtype=rseq.f64).write(np.zeros(1)),
            TypeError,
            r"^RingBuffer.write\(\): data is f64, a float; got <class 'numpy.ndarray'>$",
        ),
        (
            lambda: rseq.RingBuffer(9, dtype=PAIR).write((1, 2.0)),
            TypeError,
            r"^RingBuffer.write\(\): data is a bytes-like object, such as bytes or a NumPy array; got <class 'tuple'>$",
        ),
        (
            lambda: rseq.RingBuffer(999).write(np.array([None])),
            TypeError,
            r"^RingBuffer.write\(\): .* that holds Python objects",
        ),
        (
            lambda: rseq.RingBuffer(9, dtype=PAIR).write(np.array((1, 2), "O,f4")),
            TypeError,
            r"^RingBuffer.write\(\): .* that holds Python objects",
        ),
        (
            lambda: rseq.RingBuffer(9, dtype=PAIR).write(b"x"),
            ValueError,
            r"^RingBuffer.write\(\): data has another size",
        ),
        (
            lambda: rseq.RingBuffer(9, dtype=PAIR).write(bytes(13)),
            ValueError,
            r"^RingBuffer.write\(\): data has another size than the records of this ring, 12 bytes$",
        ),
        (lambda: pickle.dumps(rseq.RingBuffer(9)), TypeError, r"^a private RingBuffer cannot be pickled"),
        (lambda: rseq.RingBuffer.__new__(rseq.RingBuffer).write(b""), TypeError, "without calling __init__"),
    ],
)
def test_what_is_wrong_is_refused(make: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("name", ["i8", "u8"])
def test_names_of_two_meanings_are_refused(name: str) -> None:
    other = name.replace("8", "64")
    message = rf"^dtype: '{name}' has 8 bits in rseq and 8 bytes in NumPy; write rseq.{name} or '.*8' for 8 bits, rseq"
    for make in (
        lambda dtype: rseq.RingBuffer(9, dtype=dtype).dtype,
        lambda dtype: rseq.CounterArray(3, dtype).values().dtype,
        lambda dtype: rseq.Max(dtype).per_cpu().dtype,
        lambda dtype: rseq.Min(dtype).per_cpu().dtype,
    ):
        with pytest.raises(TypeError, match=message):
            make(name)
        assert make(getattr(rseq, name)) == np.dtype(name[0] + "1")
        assert make(other) == make(np.dtype(name)) == make(np.dtype(name).type) == np.dtype(name)
    assert rseq.RingBuffer(9, dtype=[("field", name)]).dtype == np.dtype([("field", name)])


@pytest.mark.parametrize(
    "use",
    [
        *(
            lambda ring, name=name: getattr(ring, name)
            for name in ("lost", "capacity", "largest", "mode", "clock", "dtype")
        ),
        *(lambda ring, name=name: getattr(ring, name)() for name in ("drain", "peek", "drain_array", "__len__")),
        repr,
        lambda ring: ring.write(b""),
        lambda ring: ring.storage,
    ],
)
def test_one_that_was_not_set_up_says_so(use: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError, match=r"^this (RingBuffer|object) was made without calling __init__$"):
        use(rseq.RingBuffer.__new__(rseq.RingBuffer))


def test_it_is_set_up_once() -> None:
    ring = rseq.RingBuffer(256)
    with pytest.raises(TypeError, match="__init__ is called once"):
        ring.__init__(256)  # type: ignore[misc]
    assert ring.write(b"x")
    assert len(ring) == 1


# ---- readers and writers at once


@pytest.mark.parametrize("kind", [KINDS["eight parts"], SMALL["over_u64"]], ids=["bytes", "numbers"])
@pytest.mark.parametrize("many", [0, 1, 2, 3, 10, 40, 100, 400])
def test_a_reader_who_is_overtaken_gives_up_what_is_gone(
    kind: Kind, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writers go on before each lane is copied, and before `head` is looked at again."""
    with on_one_lane():
        ring = rseq.RingBuffer._of(kind)
        numbers = iter(range(10_000))

        def write_many(count: int = many) -> None:
            for number in islice(numbers, count):
                ring.write(number if kind.is_number else b"%08d" % number)

        write_many(500)
        with monkeypatch.context() as patch:
            copied = ring._reader._copied
            patch.setattr(ring._reader, "_copied", lambda lane: (write_many(), copied(lane))[1])
            patch.setattr(reader_module, "barrier", lambda shared: write_many())
            found = [int(data) for data in datas(ring.drain())]
        found += [int(data) for data in datas(ring.drain())]
        assert found == sorted(set(found))
        assert len(found) + ring.lost == 500 + 2 * many
        assert found[-1] == 499 + 2 * many


def test_what_writers_may_have_reached_by_the_second_look_is_given_up() -> None:
    with on_one_lane() as lane:
        ring = rseq.RingBuffer(7, "overwrite", clock=False, dtype=u64)
        for number in range(8):
            ring.write(number)
        reader = ring._reader
        (waiting,) = reader._waiting()
        copy = reader._copied(waiting)
        assert (waiting.number, copy.begin, copy.end, copy.gone) == (lane, 1, 8, 0)
        assert [reader._checked(copy, head).gone for head in (8, 9, 12, 100)] == [0, 1, 4, 92]


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", SMALL)
def test_threads_and_readers_lose_nothing_and_tear_nothing(name: str, threads: ThreadSet) -> None:
    ring, (workload,) = rseq.RingBuffer._of(SMALL[name]), [w for w in workloads() if w.name == title(name)]
    sums = [0] * 4

    def work(thread: int) -> None:
        for turn in range(1500):
            sums[thread] += workload.call(ring, 4 * turn + thread if turn % 50 else 0)

    numbers = iter(range(4))
    threads.run(4, lambda: work(next(numbers)))
    assert list(law(ring, [sum(sums)])) == []


def test_the_law_of_the_stress_notices_what_is_lost_or_torn() -> None:
    ring, record = rseq.RingBuffer._of(SMALL["drop"]), buffered(2)
    ring.write(record)
    assert list(law(ring, [1])) == []
    ring.write(record)
    assert list(law(ring, [2])) == ["1 records are left and 0 were lost, and 2 were offered and not read"]
    for torn in (record[:-1], record[:-1] + b"x", record[:8]):
        ring.write(torn)
        with pytest.raises(RuntimeError, match="a record is torn"):
            list(law(ring, [1]))


def test_two_readers_get_each_record_once(threads: ThreadSet) -> None:
    ring = rseq.RingBuffer(1 << 16, dtype=u64, clock=False)
    found: list[int] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            found.extend(datas(ring.drain()))

    for _ in range(3):
        threads.start(read)
    for number in range(20_000):
        assert ring.write(number)
    stop.set()
    threads.join()
    found += datas(ring.drain())
    assert sorted(found) == list(range(20_000))


def test_a_signal_handler_cannot_read_in_the_middle_of_reading() -> None:
    ring = rseq.RingBuffer(256)
    ring.write(b"x")
    turn = ring._reader._turn()
    with pytest.raises(RuntimeError, match=r"^this thread is reading the ring already"):
        ring.drain()
    del turn
    assert len(ring) == 1


def test_records_of_one_cpu_are_in_the_order_of_time(threads: ThreadSet) -> None:
    ring, ended = rseq.RingBuffer(1 << 12), []

    def write() -> None:
        for number in range(3000):
            ring.write(b"%d" % number)
        ended.append(1)

    for _ in range(3):
        threads.start(write)
    found: list[rseq.Event] = []
    while len(ended) < 3:
        found += ring.drain()
    threads.join()
    found += ring.drain()
    times = [event.time_ns for event in found]
    assert times == sorted(times)  # over all calls of drain()
    assert len(found) + ring.lost == 9000
