"""Pools of arrays: what their items are, by number and as acquired, in one process and in several."""

from __future__ import annotations

import gc
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rseq
from support import run_in_child


def test_items_are_arrays_of_the_shape_and_the_dtype() -> None:
    pool = rseq.Pool((3, 5), 4, dtype=np.float32)
    assert (pool.array.shape, pool.array.dtype, pool.dtype, pool.item_size) == ((4, 3, 5), "f4", np.dtype("f4"), 60)
    row = pool.acquire_row()
    assert row is not None
    pool[row][:] = 2
    pool[row] += 1
    assert pool[row].flags.c_contiguous
    assert (pool.array.sum(), pool[row].sum()) == (45, 45)
    assert repr(pool) == "<rseq.Pool of 4 arrays of float32, of shape (3, 5), 3 free>"


@pytest.mark.parametrize(
    ("size", "dtype", "shape"),
    [(7, "u16", (7,)), ((2, 1), rseq.f64, (2, 1)), ((), [("a", "i4"), ("b", "f8")], ()), ([4], bool, (4,))],
)
def test_dtypes_are_the_languages_and_numpys(size: Any, dtype: Any, shape: Any) -> None:
    pool = rseq.Pool(size, 3, dtype=dtype)
    assert pool[2].shape == shape
    assert pool.array.nbytes == 3 * pool.item_size


def test_items_have_lines_to_themselves() -> None:
    pool = rseq.Pool(3, 4, dtype=np.int8)
    assert {pool[row].ctypes.data % 64 for row in range(4)} == {0}
    pool.array[:] = np.arange(4)[:, None]
    assert [pool[row].tolist() for row in range(4)] == [[0] * 3, [1] * 3, [2] * 3, [3] * 3]


def test_a_subclass_with_a_count_of_its_own_reaches_no_other_memory() -> None:
    class Own(rseq.Pool):
        count: Any = 1 << 28
        item_size: Any = 1 << 20

    pool, shaped = Own(8, 2), Own((2, 2), 2, dtype=np.int16)
    assert (pool.array.shape, shaped.array.shape) == ((2, 8), (2, 2, 2))
    assert (len(pool), pool[1].shape, shaped[1].shape) == (2, (8,), (2, 2))
    assert repr(pool) == "<rseq.Pool of 2 items of 8 bytes, 2 free>"


def test_what_was_acquired_is_an_array_too_and_ends_without_it() -> None:
    pool = rseq.Pool(4, 2, dtype=np.int64)
    item = pool.acquire()
    assert item is not None
    array = pool[item]
    pool[item] = (1, 2, 3, 4)
    assert (item.nbytes, array.tolist()) == (32, [1, 2, 3, 4])
    pool.release(item)
    with pytest.raises(ValueError, match=r"^this item has been released already"):
        pool[item]
    with pool.item() as held:
        pool[held][:] = 9
    assert len(pool) == 2


def test_items_of_bytes_are_arrays_of_bytes() -> None:
    pool = rseq.Pool(6, 2)
    pool[1] = ord("x")
    assert (pool[1].tobytes(), pool[0].tobytes(), pool.dtype) == (b"xxxxxx", bytes(6), None)


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        (4, IndexError, r"^a row: expected 0 … 3, got 4$"),
        (-1, IndexError, r"^a row: expected 0 … 3, got -1$"),
        (None, TypeError, r"^a row: expected an int, got None: all items were held when acquire_row\(\) was called$"),
        (True, TypeError, r"^a row: expected an int, got True$"),
        (slice(2), TypeError, r"^a row: expected an int, got slice\(None, 2, None\)$"),
        (memoryview(b"x"), ValueError, r"^this memoryview is no item of this pool"),
    ],
)
def test_other_rows_are_refused(row: Any, error: type[Exception], message: str) -> None:
    pool = rseq.Pool(4, 4, dtype=float)
    with pytest.raises(error, match=message):
        pool[row]
    with pytest.raises(error, match=message):
        pool[row] = 0
    with pytest.raises(TypeError):
        iter(pool)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("size", "dtype", "error", "message"),
    [
        ((3, 4), None, TypeError, r"^item_size: expected an int, got \(3, 4\); items with a shape have a dtype, too: "),
        ((3, 0), float, ValueError, r"^item_size: expected 1 … \d+, got 0$"),
        ((-3, -3), float, ValueError, r"^item_size: expected 1 … \d+, got -3$"),
        (1.5, float, TypeError, r"^item_size: expected an int, got 1\.5$"),
        ((1,) * 40, float, ValueError, r"^item_size: expected fewer than 32 dimensions, got 40$"),
        (1 << 45, float, ValueError, r"^bytes of an item: expected 1 … \d+, got 281474976710656$"),
        (4, object, TypeError, r"^dtype: expected numbers or a structure of them, got object"),
        (4, "i8", TypeError, r"^dtype: 'i8' has 8 bits in rseq and 8 bytes in NumPy"),
        (4, "S0", ValueError, r"^dtype: expected records of one byte or more"),
    ],
)
def test_shapes_and_dtypes_that_are_none_are_refused(size: Any, dtype: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        rseq.Pool(size, 4, dtype=dtype)


def test_an_array_keeps_the_memory_of_its_pool() -> None:
    array = rseq.Pool(1 << 16, 2, dtype=np.int64)[1]
    gc.collect()
    array[:] = 5
    assert array.sum() == 5 << 16


@pytest.mark.parametrize("dtype", ["float32", [("at", "<u4"), ("xyz", "<f8", (3,))]])
def test_processes_share_arrays_by_name(dtype: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSEQ_SEGMENT_DIR", str(tmp_path))
    shop = rseq.Segment("arrays")
    pool = rseq.Pool((2, 3), 4, dtype=dtype, segment=shop, name="scratch")
    again = pickle.loads(pickle.dumps(pool))
    assert (again.dtype, again[1].shape, again.item_size) == (pool.dtype, (2, 3), pool.item_size)
    again[1].view("u1")[:] = 1
    assert pool[1].tobytes() == again[1].tobytes() != bytes(pool.item_size)
    for other in ({"dtype": "float64"}, {"dtype": None}):
        with pytest.raises(rseq.SegmentError, match="scratch"):
            rseq.Pool((2, 3) if other["dtype"] else 24, 4, segment=shop, name="scratch", **other)


def test_a_forked_child_has_a_copy_of_a_private_pool_and_what_is_held() -> None:
    pool = rseq.Pool(4, 2, dtype=np.int64)
    row = pool.acquire_row()
    assert row is not None
    pool[row][:] = 1

    def in_child() -> None:
        pool[row][:] = 2
        assert (pool[row].sum(), len(pool), pool.release_row(row), len(pool)) == (8, 1, True, 2)

    run_in_child(in_child)
    assert (pool[row].sum(), len(pool)) == (4, 1)
