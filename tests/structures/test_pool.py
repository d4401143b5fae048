"""Pool: items that are held by one at a time, whoever migrates, forks, or is killed in the middle."""

from __future__ import annotations

import os
import pickle
import random
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rseq
import rseq.check
from models.pool import Model
from rseq._structures.pool import items_code
from rseq._structures.pool.states import GENERATION, HELD, MAX_COUNT
from rseq._thread.cpus import possible_cpus
from rseq.testing import assert_restartable
from structures.lanes import on_one_lane
from support import ThreadSet, run_python

MOST = min(MAX_COUNT, (possible_cpus() + 1) << 26)
OFF = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}


@pytest.fixture
def one_cpu() -> Iterator[int]:
    """The one CPU that this thread runs on: the number of its lane, without rseq that of the spare lane."""
    with on_one_lane() as lane:
        yield lane


def all_rows(pool: rseq.Pool, owner: int = 0) -> list[int]:
    """Acquire all that there are."""
    return list(iter(lambda: pool.acquire_row(owner), None))  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 64, 1000, np.int16(33)])
def test_each_item_is_held_once_and_then_there_are_none(count: int) -> None:
    pool = rseq.Pool(8, count)
    for _ in range(3):
        assert sorted(all_rows(pool)) == list(range(count))
        assert (len(pool), pool.acquire_row(), pool.acquire()) == (0, None, None)
        assert all(pool.release_row(row) for row in range(count))
        assert len(pool) == count
    assert pool


def test_the_last_one_released_is_the_first_one_acquired(one_cpu: int) -> None:
    pool = rseq.Pool(64, 8)
    rows = [pool.acquire_row() for _ in range(4)]
    for row in rows:
        assert row is not None
        pool.release_row(row)
    assert [pool.acquire_row() for _ in range(2)] == [rows[3], rows[2]]
    assert repr(pool) == "<rseq.Pool of 8 items of 64 bytes, 6 free>"


def test_a_row_that_nobody_holds_is_not_released() -> None:
    pool = rseq.Pool(8, 3)
    row = pool.acquire_row()
    assert row is not None
    assert pool.release_row(row)
    for other in (row, 3, 4, 1 << 20, (1 << 32) + row, (1 << 63) - 1, -1, row - 3):
        assert not pool.release_row(other)
    assert len(pool) == 3
    assert sorted(all_rows(pool)) == [0, 1, 2]


def test_a_buffer_is_a_row_of_the_array() -> None:
    pool = rseq.Pool(100, 5)
    items = [pool.acquire() for _ in range(5)]
    for item in items:
        assert item is not None
        assert (item.nbytes, item.readonly, item.format) == (100, False, "B")
        row = pool.row_of(item)
        item[:] = bytes([row]) * 100
        assert pool.array[row].tolist() == [row] * 100
    assert pool.array.shape == (5, 100)
    assert pool.array[:, -1].tolist() == [0, 1, 2, 3, 4]
    assert {pool.row_of(item) for item in items if item} == set(range(5))
    assert pool.array.strides[0] % 64 == 0


def test_use_after_release_is_a_value_error() -> None:
    pool = rseq.Pool(16, 2)
    item = pool.acquire()
    assert item is not None
    pool.release(item)
    for use in (lambda: item[0], item.tobytes, lambda: np.frombuffer(item, np.uint8)):
        with pytest.raises(ValueError, match=r"released memoryview"):
            use()


def test_a_second_release_is_found_out_also_when_the_item_is_held_again() -> None:
    pool = rseq.Pool(16, 1)
    item = pool.acquire()
    assert item is not None
    pool.release(item)
    message = r"^this item has been released already; whoever holds it now would lose it$"
    with pytest.raises(ValueError, match=message):
        pool.release(item)
    again = pool.acquire()
    with pytest.raises(ValueError, match=message):
        pool.release(item)
    assert len(pool) == 0
    assert again is not None
    pool.release(again)
    assert len(pool) == 1


def test_whoever_comes_too_late_with_an_old_generation_is_told() -> None:
    pool = rseq.Pool(16, 1)
    item = pool.acquire()
    assert item is not None
    assert pool.release_row(0)
    assert pool.acquire_row(7) == 0
    with pytest.raises(ValueError, match=r"^item 0 has been released by somebody else: by release_row\(\)"):
        pool.release(item)
    assert pool.held() == {7: [0]}


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (memoryview(bytearray(16)), ValueError, r"^this memoryview is no item of this pool; pass the very object"),
        (bytearray(16), TypeError, r"^expected the memoryview that acquire\(\) returned, got <class 'bytearray'>$"),
        (0, TypeError, r"got <class 'int'>; release_row\(\) takes numbers$"),
        (None, TypeError, r"got <class 'NoneType'>$"),
    ],
)
def test_what_is_no_item_is_not_released(given: Any, error: type[Exception], message: str) -> None:
    pool = rseq.Pool(16, 1)
    pool.acquire_row()
    for call in (pool.release, pool.row_of):
        with pytest.raises(error, match=message):
            call(given)
    assert len(pool) == 0


def test_a_row_that_is_acquired_for_nobody_is_nobody_s() -> None:
    pool = rseq.Pool(64, 4)
    row = pool.acquire_row()
    assert pool.held() == {0: [row]}


def test_an_item_that_is_in_use_stays_held() -> None:
    pool = rseq.Pool(16, 1)
    item = pool.acquire()
    assert item is not None
    user = pickle.PickleBuffer(item)
    with pytest.raises(BufferError, match=r"^item 0 is in use; release it when whoever uses it is done$"):
        pool.release(item)
    assert (len(pool), item[0]) == (0, 0)
    user.release()
    pool.release(item)
    assert len(pool) == 1


def test_an_item_is_held_in_the_block_of_a_with() -> None:
    pool = rseq.Pool(4, 1)
    with pool.item() as buffer:
        buffer[:] = b"1234"
        with (
            pytest.raises(MemoryError, match=r"^all 1 items of the pool are held; `held\(\)` says by whom$"),
            pool.item(),
        ):
            raise AssertionError("there is none")
    with pytest.raises(IndexError), pool.item() as buffer:
        buffer[4] = buffer[0]
    assert len(pool) == 1


def test_an_item_that_is_used_for_two_blocks_is_two_items() -> None:
    pool = rseq.Pool(8, 3)
    item = pool.item()
    with item as one, item as other:
        assert pool.row_of(one) != pool.row_of(other)
        assert len(pool) == 1
    assert len(pool) == 3


def test_an_item_is_given_back_when_it_is_dropped_but_not_while_it_is_in_use() -> None:
    pool = rseq.Pool(8, 3)
    item = pool.item()
    buffer = item.__enter__()
    del item
    assert len(pool) == 3
    with pytest.raises(ValueError, match="released"):
        buffer[0] = 1
    with pytest.raises(BufferError, match="is in use"), pool.item() as buffer:
        user = pickle.PickleBuffer(buffer)
    assert len(pool) == 2
    user.release()
    pool.release(buffer)
    assert len(pool) == 3


def test_a_forked_child_gives_nothing_back_that_its_parent_holds() -> None:
    pool = rseq.Pool(8, 2, segment=rseq.Segment())
    item = pool.item()
    item.__enter__()
    child = os.fork()
    if child == 0:
        del item
        os._exit(len(pool))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
    del item
    assert len(pool) == 2


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, 1), ValueError, r"^item_size: expected 1 … \d+, got 0$"),
        ((1, 0), ValueError, rf"^count: expected 1 … {MOST}, got 0$"),
        ((1, MOST + 1), ValueError, rf"^count: expected 1 … {MOST}, got {MOST + 1}$"),
        ((1, MAX_COUNT + 1), ValueError, r"got 268435457$"),
        ((1 << 40, 1 << 20), ValueError, r"^item_size × count: expected 1 …"),
        ((1.5, 1), TypeError, r"^item_size: expected an int, got 1\.5$"),
        ((1, True), TypeError, r"^count: expected an int, got True$"),
    ],
)
def test_sizes_that_are_none_are_refused(arguments: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        rseq.Pool(*arguments)


def test_arguments_that_are_no_numbers_change_nothing() -> None:
    pool = rseq.Pool(8, 2)
    for owner, error in ((-1, OverflowError), (1 << 32, OverflowError), ("1", TypeError)):
        with pytest.raises(error, match=r"^Pool\.acquire_row\(\): owner is u32"):
            pool.acquire_row(owner)  # type: ignore[arg-type]
    with pytest.raises(OverflowError, match=r"^Pool\.release_row\(\): row is i64"):
        pool.release_row(1 << 64)
    assert len(pool) == 2


def test_a_pool_is_set_up_once_and_not_copied() -> None:
    pool = rseq.Pool(8, 2)
    item = pool.acquire()
    with pytest.raises(TypeError, match=r"^this Pool has been set up; __init__ is called once$"):
        pool.__init__(8, 3)  # type: ignore[misc]
    with pytest.raises(TypeError, match=r"^a private Pool cannot be pickled or copied"):
        pickle.dumps(pool)
    assert (len(pool), pool.count, item is None) == (1, 2, False)
    empty = rseq.Pool.__new__(rseq.Pool)
    for call in (empty.acquire_row, empty.__len__, empty.held):
        with pytest.raises(TypeError, match=r"was made without calling __init__$"):
            call()


def test_items_outlive_the_pool() -> None:
    pool = rseq.Pool(8, 2)
    item, array = pool.acquire(), pool.array
    del pool
    assert item is not None
    item[:] = b"\1" * 8
    assert array.sum() == 8


def test_hints_that_are_nonsense_do_no_harm(one_cpu: int) -> None:
    """Whoever scribbles over hints gets an exception or an item that is free, and no item twice."""
    pool = rseq.Pool(8, 4)
    lanes = pool.storage.view()
    here = one_cpu if rseq.available() else -1  # the spare lane
    lanes["hints"][here][:] = 2
    lanes["cached"][here] = 4
    assert sorted(all_rows(pool)) == [0, 1, 2, 3]
    lanes["hints"][here][0] = 1 << 31
    lanes["cached"][here] = 1
    with pytest.raises(IndexError):
        pool.acquire_row()
    lanes["cached"][here] = 1 << 40
    with pytest.raises(IndexError):
        pool.acquire_row()


def test_a_hint_of_an_item_that_is_none_of_the_pool_gives_no_memory(one_cpu: int) -> None:
    """There is a state for it: a lane has room for as many as others, or for one."""
    pool = rseq.Pool(8, 1)
    lanes = pool.storage.view()
    here = one_cpu if rseq.available() else -1
    lanes["hints"][here][0] = len(lanes) - 1
    lanes["cached"][here] = 1
    with pytest.raises(IndexError, match=rf"^item {len(lanes) - 1} of 1: somebody has overwritten"):
        pool.acquire()
    assert pool.acquire() is not None


def test_generations_wrap_around() -> None:
    pool = rseq.Pool(8, 1)
    pool.storage.view()["states"][0][0] = ((1 << 30) - 1) * GENERATION
    item = pool.acquire()
    assert item is not None
    pool.release(item)
    assert pool.storage.view()["states"][0][0] < GENERATION
    assert pool.acquire_row() == 0


# ---- the model


OPERATIONS = st.one_of(
    st.tuples(st.just("go"), st.integers(0, 7)),
    st.tuples(st.sampled_from(["acquire_row", "recover"]), st.integers(1, 3)),
    st.tuples(st.just("release_row"), st.integers(0, 12)),
    st.tuples(st.sampled_from(["held", "len"]), st.none()),
)


@pytest.mark.needs_rseq
@given(count=st.integers(1, 12), operations=st.lists(OPERATIONS, max_size=80))
@settings(max_examples=150, deadline=None)
def test_random_operations_on_all_cpus_agree_with_the_model(count: int, operations: list[tuple[str, Any]]) -> None:
    allowed = sorted(os.sched_getaffinity(0))
    pool, model = rseq.Pool(8, count), Model(count)
    ended = {number: (1 << 30) + number for number in (1, 2, 3)}  # no process has such a number
    try:
        for name, argument in operations:
            if name == "go":
                os.sched_setaffinity(0, {allowed[argument % len(allowed)]})
            elif name == "acquire_row":
                assert model.acquire_row(pool.acquire_row(ended[argument]), ended[argument])
            elif name == "recover":
                assert pool.recover(ended[argument]) == model.recover(ended[argument])
            elif name == "release_row":
                assert pool.release_row(argument) == model.release_row(argument)
            elif name == "held":
                assert pool.held() == model.held()
            assert len(pool) == len(model)
    finally:
        os.sched_setaffinity(0, allowed)


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_buffers_agree_with_a_list_of_free_items(operations: list[bool], count: int) -> None:
    pool, held = rseq.Pool(8, count), list[memoryview]()
    for number, acquires in enumerate(operations):
        if acquires:
            item = pool.acquire()
            assert (item is None) == (len(held) == count)
            if item is not None:
                item[:] = number.to_bytes(8, "little")
                assert all(int.from_bytes(other, "little") < number for other in held)
                held.append(item)
        elif held:
            pool.release(held.pop(number % len(held)))
        assert len(pool) == count - len(held)


# ---- threads and CPUs


def test_threads_never_hold_the_same_item(threads: ThreadSet) -> None:
    pool = rseq.Pool(8, 7)
    allowed = sorted(os.sched_getaffinity(0))

    def work(name: int) -> None:
        chance = random.Random(name)
        for number in range(4000):
            if number % 50 == 0:
                os.sched_setaffinity(0, chance.choice([allowed, *([cpu] for cpu in allowed)]))
            item = pool.acquire()
            if item is not None:
                mine = (name << 32 | number).to_bytes(8, "little")
                item[:] = mine
                assert bytes(item) == mine
                pool.release(item)

    for name in range(6):
        threads.start(work, name)
    threads.join()
    assert len(pool) == 7
    assert sorted(all_rows(pool)) == list(range(7))


@pytest.mark.needs_rseq
def test_no_free_item_is_out_of_reach_of_another_cpu() -> None:
    """One CPU's hints are of all items; another CPU gets them all the same."""
    allowed = sorted(os.sched_getaffinity(0))
    pool = rseq.Pool(8, 16)
    try:
        os.sched_setaffinity(0, {allowed[0]})
        for row in all_rows(pool):
            pool.release_row(row)
        os.sched_setaffinity(0, {allowed[-1]})
        assert sorted(all_rows(pool)) == list(range(16))
    finally:
        os.sched_setaffinity(0, allowed)


def test_what_is_released_on_another_cpu_is_found_in_batches() -> None:
    """A producer and a consumer: the consumer's CPU has all hints that it wants, the rest is everybody's."""
    allowed = sorted(os.sched_getaffinity(0))
    pool = rseq.Pool(8, 200)
    try:
        for _ in range(10):
            os.sched_setaffinity(0, {allowed[0]})
            rows = [pool.acquire_row() for _ in range(150)]
            assert len(set(rows)) == 150
            os.sched_setaffinity(0, {allowed[-1]})
            assert all(pool.release_row(row) for row in rows if row is not None)
            assert len(pool) == 200
    finally:
        os.sched_setaffinity(0, allowed)


def test_a_signal_handler_may_acquire_in_the_middle_of_everything() -> None:
    pool = rseq.Pool(8, 4)
    handled = []

    def handle(number: int, frame: object) -> None:
        with pool.item() as item:
            item[0] = 1
            handled.append(number)

    before = signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        while len(handled) < 50:
            with pool.item(), pool.item():
                pass
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(pool) == 4


def test_without_rseq_all_of_it_is_the_same() -> None:
    run_python(
        """
        import rseq, threading
        assert not rseq.available()
        pool = rseq.Pool(8, 5)
        def work():
            for _ in range(3000):
                with pool.item() as item:
                    item[0] = 1
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert len(pool) == 5
        assert pool.storage.view()["cached"][:-1].sum() == 0
        """,
        env=OFF,
    )


# ---- the checker


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", [pytest.param("take", marks=pytest.mark.slow), "give", "release_row"])
def test_no_interleaving_breaks_the_routines(name: str) -> None:
    assert_restartable(getattr(items_code.code(0), name))


def test_a_hint_that_is_committed_before_it_is_written_is_found_out() -> None:
    """The seeded bug: a commit in two stores."""
    Lane: Any = items_code.code(0).record  # noqa: N806 - it is a class

    with pytest.raises(rseq.ContractError, match=r"overwritten-before-commit|store-after-commit"):

        @rseq.sequence
        def push(cpu: Lane, row: rseq.u32) -> None:
            n = cpu.cached
            cpu.cached = n + 1
            cpu.hints[n] = row


def test_states_are_what_the_page_says() -> None:
    pool = rseq.Pool(8, 1)
    pool.acquire_row(9)
    assert int(pool.storage.view()["states"][0][0]) == HELD + 9
