"""Storage: a record for each CPU, what it shows, and what it refuses."""

from __future__ import annotations

import copy
import gc
import pickle
import re
import weakref
from collections.abc import Callable

import numpy as np
import pytest

from rseq._language.types import Record, i32, i64, prepared, u8
from rseq._percpu.allocator import MAX_ITEM_BYTES
from rseq._percpu.storage import PerCPU
from rseq._thread.cpus import possible_cpus

ROWS = possible_cpus() + 1


class Items(Record):
    count: i64
    slots: prepared[i64[4]]


class Odd(Record):
    small: u8
    word: i32


def test_storage_for_one_record() -> None:
    items = PerCPU(Items)
    assert (items.record, items.shape, items.length, items.index) == (Items, (), 1, "cpu_id")
    assert items.place == items.memory.place
    assert items.memory.nbytes == Items.size == 40
    assert items.view().shape == (ROWS,)
    assert items.view().dtype == Items.dtype
    assert not items.view()["count"].any()


@pytest.mark.parametrize(
    ("shape", "expected"), [(3, (3,)), ((3,), (3,)), ([2, 3], (2, 3)), ((), ()), (np.int64(3), (3,))]
)
def test_storage_for_an_array_of_records(shape: int | tuple[int, ...], expected: tuple[int, ...]) -> None:
    odd = PerCPU(Odd, shape)
    assert odd.shape == expected
    assert odd.length == int(np.prod(expected, dtype=int))
    assert odd.memory.nbytes == 8 * odd.length
    assert odd.view().shape == (ROWS, *expected)


def test_records_lie_side_by_side_in_a_lane() -> None:
    odd = PerCPU(Odd, (2, 3))
    odd.view()["word"][-1] = np.arange(6).reshape(2, 3)
    words = odd.memory.view("i4", (12,))
    assert words[-1].tolist() == [0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5]
    assert not words[:-1].any()


def test_per_cpu_is_a_copy_and_the_spare_lane_is_its_last_row() -> None:
    items = PerCPU(Items)
    items.view()["count"] = np.arange(ROWS)
    copied = items.per_cpu()
    items.view()["count"] = -1
    assert copied["count"].tolist() == list(range(ROWS))
    assert items.per_cpu(spare=False)["count"].tolist() == [-1] * possible_cpus()


def test_a_view_outlives_the_storage() -> None:
    items = PerCPU(Items)
    memory, view = weakref.ref(items.memory), items.view()["count"]
    view[:] = 5
    del items
    gc.collect()
    others = [PerCPU(Items) for _ in range(100)]
    assert view.tolist() == [5] * ROWS
    assert not any(other.view()["count"].any() for other in others)
    del view
    assert memory() is None


def test_repr_is_the_call_that_makes_it() -> None:
    assert repr(PerCPU(Items)) == "rseq.percpu(Items)"
    assert repr(PerCPU(Items, (2, 3), index="mm_cid")) == "rseq.percpu(Items, shape=(2, 3), index='mm_cid')"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: PerCPU(Record),
            TypeError,
            "expected a subclass of rseq.Record, as in rseq.percpu(Items); got <class 'rseq._language.types.Record'>",
        ),
        (
            lambda: PerCPU(int),  # type: ignore[type-var]
            TypeError,
            "expected a subclass of rseq.Record, as in rseq.percpu(Items); got <class 'int'>",
        ),
        (
            lambda: PerCPU("Items"),  # type: ignore[arg-type]
            TypeError,
            "expected a subclass of rseq.Record, as in rseq.percpu(Items); got 'Items'",
        ),
        (
            lambda: PerCPU(Items, index="cpu"),  # type: ignore[arg-type]
            ValueError,
            "index: expected 'cpu_id' or 'mm_cid', got 'cpu'",
        ),
        (
            lambda: PerCPU(Items, 0),
            ValueError,
            "shape: expected lengths of at least 1, got 0; leave it out for a single record",
        ),
        (
            lambda: PerCPU(Items, (2, -1)),
            ValueError,
            "shape: expected lengths of at least 1, got (2, -1); leave it out for a single record",
        ),
        (lambda: PerCPU(Items, True), TypeError, "shape: expected an int, got True"),
        (lambda: PerCPU(Items, (2, 1.0)), TypeError, "shape: expected an int, got 1.0"),  # type: ignore[arg-type]
        (lambda: PerCPU(Items, "ab"), TypeError, "shape: expected an int, got 'ab'"),  # type: ignore[arg-type]
        (lambda: PerCPU(Items, (1,) * 33), ValueError, "shape: expected at most 32 dimensions, got 33"),
        (
            lambda: PerCPU(Items, (1 << 40, 1 << 40)),
            ValueError,
            f"a lane of shape {(1 << 40, 1 << 40)} of Items needs {40 << 80} bytes; the most is {MAX_ITEM_BYTES}",
        ),
    ],
)
def test_bad_arguments_are_refused(make: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize("how", [pickle.dumps, copy.copy, copy.deepcopy])
def test_storage_cannot_be_copied(how: object) -> None:
    assert callable(how)
    with pytest.raises(
        TypeError, match=r"^private per-CPU storage cannot be pickled or copied: .* per_cpu\(\) returns$"
    ):
        how(PerCPU(Items))


def test_making_storage_needs_no_numpy(run_python: Callable[..., object]) -> None:
    run_python(
        """
        import sys
        from rseq._language.types import Record, i64
        from rseq._percpu.storage import PerCPU

        class Hits(Record):
            value: i64

        PerCPU(Hits)
        assert "numpy" not in sys.modules
        """
    )
