"""Routines that cross CPUs: other lanes' records, ordered loads and stores, fences; with threads nothing is lost."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import pytest

import rseq
import support
from rseq import i32, i64, prepared, ptr, u8, u32, u64
from rseq._language.interpret import Memory, run


class Stack(rseq.Record):
    stopped: u32
    locked: u8
    count: i64
    slots: prepared[i64[16]]
    seen: u64


@rseq.sequence
def push(cpu: Stack, value: i64) -> bool:
    if rseq.load_acquire(cpu.stopped) != 0:
        return False
    n = cpu.count
    if n == 16:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True


@rseq.sequence
def pop(cpu: Stack) -> i64 | None:
    if rseq.load_acquire(cpu.stopped) != 0:
        return None
    n = cpu.count
    if n == 0:
        return None
    top = n - 1
    value = cpu.slots[top]
    cpu.count = top
    return value


@rseq.sequence
def where(cpu: Stack) -> i32:
    return rseq.cpu_number()


@rseq.routine
def lanes(cpu: Stack) -> u64:
    return rseq.lanes(cpu)


@rseq.routine
def count_of(cpu: Stack, number: i64) -> i64:
    return rseq.load_acquire(rseq.lane(cpu, number).count)


@rseq.routine
def slot_of(cpu: Stack, number: i64, index: i64) -> i64:
    there = rseq.lane(cpu, number)
    return there.slots[index]


@rseq.routine
def set_stopped(cpu: Stack, number: i32, value: u32) -> None:
    rseq.store_release(rseq.lane(cpu, number).stopped, value)


@rseq.routine
def copy_out(cpu: Stack, number: i64, out: bytearray) -> None:
    there = rseq.lane(cpu, number)
    rseq.copy(out, there.slots, 32)


@rseq.routine
def steal(cpu: Stack, number: i64) -> i64 | None:
    """Take one from another lane: keep its sequences away, restart those that are under way, and pop there."""
    there = rseq.lane(cpu, number)
    if not rseq.compare_exchange(there.stopped, 0, 1):
        return None
    if not rseq.fence(number):
        rseq.store_release(there.stopped, 0)
        return None
    n = rseq.load_acquire(there.count)
    found = n > 0
    value: i64 = 0
    if found:
        value = there.slots[n - 1]
        rseq.store_release(there.count, n - 1)
    rseq.store_release(there.stopped, 0)
    if not found:
        return None
    return value


@rseq.routine
def lock(cpu: Stack, number: i64) -> None:
    there = rseq.lane(cpu, number)
    while not rseq.compare_exchange(there.locked, 0, 1):
        rseq.relax()
        rseq.sched_yield()


@rseq.routine
def unlock(cpu: Stack, number: i64) -> None:
    rseq.full_fence()
    rseq.store_release(rseq.lane(cpu, number).locked, 0)


@pytest.mark.needs_rseq
def test_a_routine_reads_and_writes_every_lane() -> None:
    storage = rseq.percpu(Stack)
    total = lanes.bind(storage)()
    assert total == len(storage.per_cpu())
    storage.view()["count"][:] = range(100, 100 + total)
    storage.view()["slots"][:, 3] = range(total)
    count, slot, stop = count_of.bind(storage), slot_of.bind(storage), set_stopped.bind(storage)
    assert [count(number) for number in range(total)] == list(range(100, 100 + total))
    assert [slot(number, 3) for number in range(total)] == list(range(total))
    stop(total - 1, 7)
    assert storage.view()["stopped"].tolist() == [0] * (total - 1) + [7]
    out = bytearray(40)
    copy_out.bind(storage)(1, out)
    assert out == storage.view()["slots"][1].tobytes()[:32] + bytes(8)
    for number in (total, -1, 2**62):
        with pytest.raises(IndexError, match=r"count_of\(\): number is no lane's number"):
            count(number)
    with pytest.raises(IndexError, match="index is out of range"):
        slot(0, 16)


@pytest.mark.needs_rseq
def test_stealing_beside_pushes_and_pops_loses_and_doubles_nothing(threads: support.ThreadSet) -> None:
    storage = rseq.percpu(Stack)
    put, take, theirs, total = push.bind(storage), pop.bind(storage), steal.bind(storage), lanes.bind(storage)()
    found: list[list[int]] = [[] for _ in range(4)]
    refused: list[list[int]] = [[] for _ in range(4)]

    def work(worker: int) -> None:
        for turn in range(20_000):
            value = worker * 1_000_000 + turn
            if not put(value):
                refused[worker].append(value)
            item = take() if turn % 3 else theirs(turn % total)
            if item is not None:
                found[worker].append(item)

    for worker in range(4):
        threads.start(work, worker)
    threads.join()
    lanes_now = storage.view()
    left = [item for lane in lanes_now for item in lane["slots"][: lane["count"]].tolist()]
    everything = sorted([item for part in (*found, *refused, left) for item in part])
    assert everything == sorted(worker * 1_000_000 + turn for worker in range(4) for turn in range(20_000))
    assert sum(map(len, found)) > 0


@pytest.mark.needs_rseq
class Row(rseq.Record):
    word: u64


@rseq.routine
def take_row(cpu: Stack, row: ptr[Row]) -> bool:
    return rseq.compare_exchange(row.word, 0, 1)


def test_compare_exchange_refuses_a_row_that_is_none() -> None:
    rows = rseq.array(Row, 1)
    bound = take_row.bind(rseq.percpu(Stack), rows)
    assert (bound(rows[0]), bound(rows[0])) == (True, False)
    with pytest.raises(ValueError, match=r"^take_row\(\): row is None, and its fields are used; pass a row$"):
        bound(None)


def test_compare_exchange_is_a_lock(threads: support.ThreadSet) -> None:
    storage = rseq.percpu(Stack)
    take, give = lock.bind(storage), unlock.bind(storage)
    counted = [0]

    def work() -> None:
        for _ in range(2_000):
            take(0)
            counted[0] += 1
            give(0)

    threads.run(4, work)
    assert counted == [8_000]


@pytest.mark.needs_rseq
def test_a_routine_that_yields_can_be_interrupted(threads: support.ThreadSet) -> None:
    storage = rseq.percpu(Stack)
    take = lock.bind(storage)
    take(1)

    is_waiting, done = threading.Event(), threading.Event()

    def ring(*_: object) -> None:
        if is_waiting.is_set():
            is_waiting.clear()
            raise TimeoutError("the alarm")

    def wait_on(take: Callable[[int], None]) -> None:
        is_waiting.set()
        take(1)

    def send() -> None:
        while not done.wait(0.001):
            signal.pthread_kill(main, signal.SIGUSR1)

    main = threading.get_ident()
    before = signal.signal(signal.SIGUSR1, ring)
    threads.start(send)
    with pytest.raises(TimeoutError, match="the alarm"):
        wait_on(take)
    done.set()
    threads.join()
    signal.signal(signal.SIGUSR1, before)


def test_fences_say_where_they_cannot_help() -> None:
    code = """
        import sys; sys.path[:0] = [TESTS, TESTS + "/native"]
        import rseq, test_crossing as t
        storage = rseq.percpu(t.Stack)
        assert t.push.bind(storage)(7)
        assert t.steal.bind(storage)(0) is None
        total = t.lanes.bind(storage)()
        assert t.steal.bind(storage)(total - 1) is None
        assert t.count_of.bind(storage)(total - 1) == 1
    """.replace("TESTS", repr(str(support.ROOT / "tests")))
    support.run_python(code, env={"GLIBC_TUNABLES": "glibc.pthread.rseq=0"})


@pytest.mark.needs_rseq
def test_numba_crosses_cpus_too() -> None:
    numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")
    storage = rseq.percpu(Stack)
    put, theirs, count = push.bind(storage), steal.bind(storage), count_of.bind(storage)
    here = min(os.sched_getaffinity(0))

    @numba.njit
    def give_and_take(number: int) -> object:
        put(5)
        before = count(number)
        return before, theirs(number), count(number)

    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {here})
    assert give_and_take(here) == (1, 5, 0)
    os.sched_setaffinity(0, allowed)


def test_the_interpreter_crosses_cpus_too() -> None:
    memory = Memory.of(Stack, lanes=3)
    assert run(lanes.body, memory) == 3
    assert run(push.body, memory, [9], cpu=1) is True
    assert run(count_of.body, memory, [1]) == 1
    assert run(steal.body, memory, [0]) is None
    assert run(steal.body, memory, [1]) == 9
    assert run(steal.body, memory, [1]) is None
    assert run(steal.body, memory, [2]) is None  # the spare lane's sequences cannot be restarted
    with pytest.raises(IndexError):
        run(count_of.body, memory, [3])
