"""Which memoryview is whose: those of a pool's items, of items that somebody else let go, of anything else."""

from __future__ import annotations

import gc
import pickle
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

import rseq
from rseq._structures.pool import pool as pool_module
from support import ThreadSet

HOME = str(Path(pool_module.__file__).parent)
BY_OTHERS = r"^item 0 has been released by somebody else: by release_row\(\)"
NONE_OF_OURS = r"^this memoryview is no item of this pool; pass the very object that acquire\(\) returned$"


def acquired(pool: rseq.Pool) -> memoryview:
    """An item, which there must be."""
    item = pool.acquire()
    assert item is not None
    return item


def is_at_rest(pool: rseq.Pool) -> bool:
    """Whether it knows of no item that is held."""
    views = pool._views
    return not views.overtaken and all(row.held is row.given for row in views.rows.values())


def test_an_item_that_another_thread_is_inside_of_is_refused(threads: ThreadSet) -> None:
    pool = rseq.Pool(8, 4)
    item = pool.item()
    refused: list[str] = []

    def enter() -> None:
        try:
            with item as buffer:
                refused.append(f"has {buffer.nbytes} bytes")
        except RuntimeError as error:
            refused.append(str(error))

    with item, item:
        threads.start(enter).join()
        assert len(pool) == 2
    threads.start(enter).join()  # nobody is inside of it any more
    assert refused == [
        "another thread is inside of this item(): expected one for each block, as in `with pool.item() as buffer`",
        "has 8 bytes",
    ]
    assert (len(pool), pool._watched) == (4, {})


def test_who_is_overtaken_is_told_and_his_memoryview_is_released() -> None:
    pool = rseq.Pool(16, 1)
    late = []
    for _ in range(3):
        late.append(acquired(pool))
        assert pool.release_row(0)
    item = acquired(pool)
    assert [pool.row_of(one) for one in (*late, item)] == [0] * 4
    for one in late:
        with pytest.raises(ValueError, match=BY_OTHERS):
            pool.release(one)
        with pytest.raises(ValueError, match="released memoryview"):
            one[0] = 1
        with pytest.raises(ValueError, match="has been released already"):
            pool.release(one)
    item[:] = b"it is still held"
    assert (len(pool), pool.row_of(item)) == (0, 0)
    pool.release(item)
    assert (len(pool), is_at_rest(pool)) == (1, True)


def test_who_is_overtaken_while_it_is_in_use_is_told_that() -> None:
    pool = rseq.Pool(16, 1)
    late = acquired(pool)
    pool.release_row(0)
    item = acquired(pool)
    user = pickle.PickleBuffer(late)
    with pytest.raises(BufferError, match=r"^item 0 is in use"):
        pool.release(late)
    user.release()
    with pytest.raises(ValueError, match=BY_OTHERS):
        pool.release(late)
    pool.release(item)
    assert (len(pool), is_at_rest(pool)) == (1, True)


def test_memoryviews_that_nobody_has_any_more_are_forgotten_when_their_items_were_let_go_by_number() -> None:
    pool = rseq.Pool(16, 1)
    for _ in range(3):
        item = acquired(pool)
        pool.release_row(pool.row_of(item))
        assert len(pool._views.overtaken) <= 1
    late, item = item, acquired(pool)
    assert [pool.row_of(one) for one in (late, item)] == [0, 0]
    del late
    assert pool._views.overtaken == {}
    pool.release(item)
    assert is_at_rest(pool)


def test_a_pool_that_was_overtaken_keeps_its_memory_no_longer_than_its_items() -> None:
    pool = rseq.Pool(16, 1)
    late = acquired(pool)
    pool.release_row(0)
    pool.release(acquired(pool))
    memory = weakref.ref(pool._items)
    gc.disable()
    try:
        del pool
        assert memory() is not None
        late.release()
        del late
        assert memory() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("part", [lambda item: item[:], lambda item: item[2:], lambda item: item.cast("I"), memoryview])
def test_a_view_of_an_item_is_no_item(part: Callable[[memoryview], memoryview]) -> None:
    pool = rseq.Pool(16, 1)
    item = acquired(pool)
    other = part(item)
    for call in (pool.release, pool.row_of):
        with pytest.raises(ValueError, match=NONE_OF_OURS):
            call(other)
    other.release()
    pool.release(item)


class WithRow(np.ndarray[Any, Any]):
    """An array that has a `row`, as the memory of items does."""

    row: object


@pytest.mark.parametrize("row", [0, 1, -1, 1 << 70, None, "0", [], np.zeros(2)])
def test_what_has_a_row_is_no_item(row: object) -> None:
    pool = rseq.Pool(16, 2)
    items = [acquired(pool) for _ in range(2)]
    array = np.zeros(16, np.uint8).view(WithRow)
    array.row = row
    for call in (pool.release, pool.row_of):
        with pytest.raises(ValueError, match=NONE_OF_OURS):
            call(memoryview(array))  # type: ignore[arg-type]
    for item in items:
        pool.release(item)
    assert len(pool) == 2


def test_an_item_of_another_pool_is_none_of_ours() -> None:
    pool, other = rseq.Pool(16, 1), rseq.Pool(16, 1)
    item, others = acquired(pool), acquired(other)
    for call in (pool.release, pool.row_of):
        with pytest.raises(ValueError, match=NONE_OF_OURS):
            call(others)
    pool.release(item)
    other.release(others)
    assert (len(pool), len(other)) == (1, 1)


def test_the_memory_goes_with_the_pool_and_the_last_item_without_a_collection() -> None:
    pool = rseq.Pool(16, 2)
    kept, dropped = acquired(pool), acquired(pool)
    pool.release(dropped)
    memory = weakref.ref(pool._items)
    gc.disable()
    try:
        del pool
        assert memory() is not None
        kept[0] = 1
        del kept
        assert memory() is None
    finally:
        gc.enable()


def test_an_item_that_does_not_exist_has_no_memoryview() -> None:
    with pytest.raises(IndexError, match=r"^item 2 of 2: somebody has overwritten what the pool knows of its items$"):
        rseq.Pool(16, 2)._views.of(2)


def test_an_item_that_is_dropped_while_it_is_in_use_stays_held_until_it_is_released() -> None:
    pool = rseq.Pool(8, 1)
    item = pool.item()
    buffer = item.__enter__()
    user = pickle.PickleBuffer(buffer)
    del item
    assert (len(pool), pool._watched) == (0, {})
    user.release()
    pool.release(buffer)
    assert (len(pool), is_at_rest(pool)) == (1, True)


def test_a_pool_that_was_not_set_up_says_so() -> None:
    pool, item = rseq.Pool.__new__(rseq.Pool), memoryview(b"")
    for call in (pool.acquire, lambda: pool.release(item), lambda: pool.row_of(item)):
        with pytest.raises(TypeError, match=r"^this Pool was made without calling __init__$"):
            call()


# ---- in the middle


class Interrupt(BaseException):
    pass


def interrupt() -> None:
    raise Interrupt


def before_instruction(turn: int, function: Callable[[], object], other: Callable[[], object]) -> bool:
    """Call a function, and `other` before instruction number `turn` of the pool's modules; if there was one.

    A signal handler may come there or a little later, and without the GIL another thread.
    """
    left = [turn]

    def trace(frame: FrameType, event: str, _: object) -> Any:
        if not frame.f_code.co_filename.startswith(HOME) or frame.f_code.co_name == "_lost":
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left[0] -= 1
            if left[0] == 0:
                sys.settrace(None)
                other()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function()
    except Interrupt:
        pass
    finally:
        sys.settrace(before)
    return left[0] <= 0


def test_no_exception_at_whatever_instruction_leaves_an_item_held() -> None:
    def use(pool: rseq.Pool) -> None:
        with pool.item() as one, pool.item() as other:
            one[0] = other[0] = turn % 256
        with pool.item() as again:
            again[0] = 1

    pool, turn = rseq.Pool(8, 4), 1
    while before_instruction(turn, lambda: use(pool), interrupt):  # noqa: B023 - it has returned by then
        assert (len(pool), is_at_rest(pool), pool._watched) == (4, True, {}), turn
        pool, turn = rseq.Pool(8, 4), turn + 1
    assert turn > 200


def test_an_item_that_is_free_may_be_acquired_at_whatever_instruction() -> None:
    turn, came, taken = 1, True, 0
    while came:
        pool, got = rseq.Pool(8, 1), list[memoryview | None]()

        def use(pool: rseq.Pool = pool) -> None:
            item = pool.acquire()
            if item is not None:
                pool.release(item)

        came = before_instruction(turn, use, lambda: got.append(pool.acquire()))  # noqa: B023 - it has returned by then
        for item in filter(None, got):
            assert len(pool) == 0, turn
            pool.release(item)
            taken += 1
        assert (len(pool), is_at_rest(pool)) == (1, True), turn
        turn += 1
    assert turn > taken > 10


def test_of_two_who_release_one_item_one_is_told_and_the_next_holder_keeps_it() -> None:
    turn, came = 1, True
    while came:
        pool, got, told = rseq.Pool(8, 1), list[memoryview | None](), list[str]()
        item = acquired(pool)

        def release(pool: rseq.Pool = pool, item: memoryview = item, told: list[str] = told) -> None:
            try:
                pool.release(item)
            except ValueError as error:
                told.append(str(error))

        def release_and_acquire(pool: rseq.Pool = pool, got: list[memoryview | None] = got) -> None:
            release()
            got.append(pool.acquire())

        came = before_instruction(turn, release, release_and_acquire)
        for following in filter(None, got):
            assert (len(pool), pool.row_of(following)) == (0, 0), turn
            pool.release(following)
        assert (len(pool), len(told)) == (1, int(came)), (turn, told)
        turn += 1
    assert turn > 20
