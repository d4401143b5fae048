"""RingBuffer between processes, whatever happens to one of them; and what the checker says."""

from __future__ import annotations

import os
import random
import signal
import threading
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
import pytest

import rseq
from rseq import u64
from rseq._language.interpret import Memory, run
from rseq._language.ir import Store
from rseq._stress.structures.ring import workloads
from rseq._structures.ring import reader as reader_module
from rseq._structures.ring.kind import SHIPPED, SMALL
from rseq.check import check
from structures.lanes import on_one_lane
from structures.rings import KINDS, MODES, Small, a_record, datas, title
from support import ThreadSet, fork, run_python, wait_for

OFF = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}


# ---- processes


@pytest.mark.one_in(2)
@pytest.mark.parametrize("mode", MODES)
def test_writers_that_are_killed_leave_whole_records(mode: Any) -> None:
    ring = rseq.RingBuffer(1 << 16, mode, clock=False, segment=rseq.Segment())

    def write(child: int) -> None:
        for number in range(1 << 40):
            text = b"%d %d " % (child, number)
            ring.write(text * (number % 5 + 1))

    dice, read = random.Random(1), 0
    last: dict[tuple[bytes, int], int] = {}  # of each CPU: without a clock, a writer that moves may come out of order
    for child in range(20):
        process = fork(lambda child=child: write(child))  # type: ignore[misc]
        before = read
        while read < before + dice.randrange(1, 3000):
            for event in ring.drain():
                data = event.data
                name, number, *_ = data.split()
                assert data == b"%s %s " % (name, number) * (int(number) % 5 + 1)
                assert int(number) > last.get((name, event.cpu), -1)
                last[name, event.cpu] = int(number)
                read += 1
        os.kill(process, signal.SIGKILL)
        assert wait_for(process) == -signal.SIGKILL
    assert ring.write(b"1 0 ") or mode == "drop"


def test_what_killed_writers_had_written_is_there() -> None:
    """Numbers without a gap, up to the one that the writer was told of last, or one more."""
    ring = rseq.RingBuffer(1 << 20, clock=True, segment=rseq.Segment())
    told = rseq.RingBuffer(2, "overwrite", clock=False, dtype=u64, segment=rseq.Segment())

    def write(child: int) -> None:
        for number in range(1 << 40):
            ring.write(b"%d %d" % (child, number))
            told.write(number)

    for child in range(10):
        before = told.storage.view()["head"].sum()
        process = fork(lambda child=child: write(child))  # type: ignore[misc]
        while told.storage.view()["head"].sum() < before + 50:
            pass
        os.kill(process, signal.SIGKILL)
        assert wait_for(process) == -signal.SIGKILL
        said = max(datas(told.drain()), default=0)
        numbers = [int(data.split()[1]) for data in datas(ring.drain()) if int(data.split()[0]) == child]
        if not ring.lost:
            assert numbers == list(range(len(numbers)))
            assert numbers[-1] in (said, said + 1)


def test_processes_read_one_ring_and_get_each_record_once() -> None:
    segment = rseq.Segment()
    ring = rseq.RingBuffer(1 << 16, dtype=u64, segment=segment)
    sums = rseq.CounterArray(2, u64, segment=segment)
    for number in range(5000):
        ring.write(number)

    def read() -> None:
        for data in datas(ring.drain()):
            sums.add(0)
            sums.add(1, data)

    children = [fork(read) for _ in range(3)]
    assert [wait_for(child) for child in children] == [0, 0, 0]
    assert sums.values().tolist() == [5000, 5000 * 4999 // 2]


def test_a_reader_that_is_killed_gives_its_turn_back() -> None:
    ring = rseq.RingBuffer(256, segment=rseq.Segment())
    ring.write(b"x")

    def die() -> None:
        turn = ring._reader._turn()
        os.kill(os.getpid(), signal.SIGKILL)
        del turn

    assert wait_for(fork(die)) == -signal.SIGKILL
    assert datas(ring.drain()) == [b"x"]


class KilledError(Exception):
    pass


class Mortal(Memory):
    """Memory of somebody who is killed after so many stores."""

    left: int

    def store(self, address: int, type: Any, number: int | float) -> None:
        if not self.left:
            raise KilledError
        self.left -= 1
        super().store(address, type, number)


def settle_and_die(ring: Any, stores: int, number: int, *words: int) -> bool:
    """The ring's `settle`, killed after so many stores, in the interpreter: what it had stored until then is there."""
    record, lanes = ring.storage.record, ring.storage.view()
    memory = Mortal.of(record, lanes=number + 1)
    memory.left = stores
    block = memory.blocks[memory.lane(number)] = bytearray(lanes[number : number + 1].tobytes())
    try:
        return bool(run(ring._reader.kind.code.settle.body, memory, [number, *words]))
    finally:
        lanes[number] = np.frombuffer(block, record.dtype)[0]


@pytest.mark.parametrize("name", [*SMALL, "eight parts"])
@pytest.mark.parametrize("stores", range(4))
def test_a_reader_that_is_killed_between_two_stores_has_read_all_or_nothing(
    name: str, stores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = KINDS[name]
    commit = sum(isinstance(op, Store) for op in kind.code.settle.body.ops)
    dice, read, written = random.Random(stores), 0, 0
    with on_one_lane():
        ring = rseq.RingBuffer._of(kind)
        for turn in range(40):
            for _ in range(dice.randrange(1, 40 if turn % 2 else 4)):
                ring.write(a_record(kind, dice))
                written += 1
            if turn % 3 == 2:
                read += len(ring.drain())
                assert read + ring.lost == written
                continue
            waiting = len(ring)
            with monkeypatch.context() as patch, suppress(KilledError):
                patch.setattr(ring._reader, "_settle", partial(settle_and_die, ring, stores))
                read += len(ring.drain())
            assert len(ring) == (waiting if stores < commit else 0)
        read += len(ring.drain())
    assert read + ring.lost == written


def test_a_child_reads_its_own_copy_even_if_its_parent_was_reading(threads: ThreadSet) -> None:
    ring = rseq.RingBuffer(256)
    ring.write(b"x")
    reading, done = threading.Event(), threading.Event()

    def read_for_long() -> None:
        turn = ring._reader._turn()
        reading.set()
        done.wait(60)
        del turn

    threads.start(read_for_long)
    assert reading.wait(60)
    try:
        assert wait_for(fork(lambda: os._exit(0 if datas(ring.drain()) == [b"x"] else 3))) == 0
    finally:
        done.set()
        threads.join()
    assert datas(ring.drain()) == [b"x"]


def test_without_membarrier_a_ring_that_overwrites_is_refused_and_others_work(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_such_thing(**_: object) -> None:
        raise OSError(38, "no membarrier")

    made = rseq.RingBuffer(256, "overwrite")
    for name in ("fence", "barrier", "register_for_barriers"):
        monkeypatch.setattr(reader_module, name, no_such_thing)
    ring = rseq.RingBuffer(256)
    ring.write(b"x")
    assert datas(ring.drain()) == [b"x"]
    with pytest.raises(OSError, match="no membarrier"):
        rseq.RingBuffer(256, "overwrite")
    made.write(b"y")
    with pytest.raises(OSError, match="no membarrier"):
        made.drain()
    monkeypatch.undo()
    assert datas(made.drain()) == [b"y"]


@pytest.mark.slow  # tests/stress/test_spare_lane.py runs most of this file there
def test_on_the_spare_lane_it_is_the_same() -> None:
    script = """
        import sys
        import pytest
        sys.exit(pytest.main(["-q", "-x", "-p", "no:cacheprovider", "--allow-no-rseq", FILE, "-k",
            "drained_once or newest or overtaken or layout and int8 or killed_leave"]))
    """
    done = run_python(script.replace("FILE", repr(__file__)), env=OFF)
    assert " passed" in done.stdout


# ---- the checker


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(SMALL) - set(SHIPPED)))
def test_the_kinds_that_the_package_does_not_list_pass_the_checker_too(name: str) -> None:
    code = SMALL[name].code
    report = check(code.write, code.read, code.settle)
    assert report.ok, str(report)


@rseq.sequence(release=True)
def put_pair(cpu: Small, value: u64) -> None:
    head = cpu.head
    cpu.data[(head & 1) * 2] = value
    cpu.data[(head & 1) * 2 + 1] = value
    cpu.head = head + 1


@rseq.sequence
def put_pair_without_release(cpu: Small, value: u64) -> None:
    head = cpu.head
    cpu.data[(head & 1) * 2] = value
    cpu.data[(head & 1) * 2 + 1] = value
    cpu.head = head + 1


@rseq.routine
def newest_pair(cpu: Small, number: u64) -> u64:
    """Looks at `head` a second time, as `read` does: writers may prepare only the other pair then."""
    there = rseq.lane(cpu, number)
    head = rseq.load_acquire(there.head)
    first = there.data[((head - 1) & 1) * 2]
    second = there.data[((head - 1) & 1) * 2 + 1]
    rseq.full_fence()
    return first ^ second if rseq.load_acquire(there.head) == head else 0


@rseq.routine
def oldest_pair(cpu: Small, number: u64) -> u64:
    """Reads what a writer prepares."""
    there = rseq.lane(cpu, number)
    head = rseq.load_acquire(there.head)
    return there.data[(head & 1) * 2] ^ there.data[(head & 1) * 2 + 1]


@pytest.mark.slow
def test_a_reader_is_wrong_that_reads_what_a_writer_prepares() -> None:
    assert check(put_pair, newest_pair).ok
    assert not check(put_pair, oldest_pair).ok
    assert not check(put_pair_without_release, newest_pair, arch="aarch64").ok


def test_a_row_has_its_own_work_in_the_stress() -> None:
    assert {workload.name for workload in workloads()} == {title(name) for name in SMALL}
