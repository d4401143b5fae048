"""CounterArray: numbers side by side in every lane."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import rseq
from support import ThreadSet, run_python

NUMBERS = [rseq.i8, rseq.i16, rseq.i32, rseq.i64, rseq.u8, rseq.u16, rseq.u32, rseq.u64, rseq.f32, rseq.f64]


def test_an_array_counts() -> None:
    flows = rseq.CounterArray((3, 4))
    flows.add((2, 1), 10)
    flows.add((2, 1))
    flows.add(n=5, index=(0, 3))
    expected = np.zeros((3, 4), np.int64)
    expected[2, 1], expected[0, 3] = 11, 5
    assert (flows.values() == expected).all()
    assert flows.values().dtype == np.int64
    assert repr(flows) == "rseq.CounterArray((3, 4), i64)"


@pytest.mark.parametrize("shape", [3, (3,), [3], np.int64(3), np.array(3)])
def test_one_dimension_is_indexed_by_an_int(shape: Any) -> None:
    table = rseq.CounterArray(shape)
    assert table.shape == (3,)
    assert len(table) == 3
    table.add(2)
    table.add(np.uint8(0), 2)  # type: ignore[arg-type]
    table.add(True, 4)
    assert table.values().tolist() == [2, 4, 1]


def test_no_dimension_is_a_single_counter() -> None:
    alone: Any = rseq.CounterArray(())
    alone.add()
    alone.add(5)
    assert alone.shape == ()
    assert isinstance(alone.values(), np.ndarray)
    assert alone.values().shape == ()
    assert alone.values() == 6
    with pytest.raises(TypeError, match=r"^a CounterArray of shape \(\) has no length$"):
        len(alone)


def test_each_element_is_its_own() -> None:
    cube = rseq.CounterArray((2, 3, 5, 7), rseq.u16)
    expected = np.arange(2 * 3 * 5 * 7, dtype=np.uint16).reshape(2, 3, 5, 7)
    for place, number in np.ndenumerate(expected):
        cube.add(place, int(number))
    assert (cube.values() == expected).all()


@pytest.mark.parametrize("scalar", NUMBERS, ids=str)
def test_every_type_of_number(scalar: Any) -> None:
    table = rseq.CounterArray(5, scalar)
    assert table.values().dtype.name == np.dtype(rseq.percpu(table.storage.record).record.dtype["value"]).name
    for index in range(5):
        table.add(index)
        table.add(index, index)
    assert table.values().tolist() == [1, 2, 3, 4, 5]
    if scalar.is_float:
        table.add(0, 0.5)
        assert table.values()[0] == 1.5
        return
    table.add(4, scalar.maximum)  # wraps around, and touches no neighbour
    assert table.values().tolist() == [1, 2, 3, 4, scalar.wrap(scalar.maximum + 5)]
    for number in (scalar.minimum - 1, scalar.maximum + 1):
        with pytest.raises(OverflowError, match=rf"^CounterArray\.add\(\): n is {scalar}, an int of "):
            table.add(0, number)
    assert table.values()[0] == 1


@pytest.mark.parametrize(
    ("dtype", "name"),
    [
        ("i16", "int16"),
        ("uint32", "uint32"),
        (np.float32, "float32"),
        (int, "int64"),
        (float, "float64"),
        ("<u2", "uint16"),
    ],
)
def test_dtypes_as_numpy_names_them(dtype: object, name: str) -> None:
    assert rseq.CounterArray(2, dtype).values().dtype.name == name


@pytest.mark.parametrize("dtype", [">i4", complex, object, None, np.float16, "U3", "M8[s]", 5, "no such"])
def test_another_dtype_is_refused(dtype: object) -> None:
    with pytest.raises(TypeError, match=r"^expected a type of the language \(i8, i16, "):
        rseq.CounterArray(2, dtype)


def test_bools_are_not_counted_in() -> None:
    with pytest.raises(TypeError, match=r"^expected a number to count in; got bool$"):
        rseq.CounterArray(2, bool)


@pytest.mark.parametrize("shape", [None, "3", 2.0, True, object(), (2, 3.0), ((2,),)])
def test_a_shape_that_is_none_is_a_type_error(shape: Any) -> None:
    with pytest.raises(TypeError, match=r"^shape: expected an int"):
        rseq.CounterArray(shape)


@pytest.mark.parametrize("shape", [0, -1, (3, 0), (0, 0), (-1, 2), (1,) * 33])
def test_an_empty_shape_is_refused(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"^shape: expected "):
        rseq.CounterArray(shape)


@pytest.mark.parametrize("shape", [1 << 40, 1 << 63, 1 << 64, (1 << 20,) * 5, (1 << 32, 1 << 32)])
def test_an_absurdly_large_shape_is_refused(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"the most is 1099511627776$"):
        rseq.CounterArray(shape)


def test_a_large_array_costs_what_is_touched() -> None:
    table = rseq.CounterArray((1 << 14, 1 << 14), rseq.u8)  # 256 MiB for each lane, were it all touched
    table.add(((1 << 14) - 1, (1 << 14) - 1), 7)
    table.add((0, 0), 3)
    view = table.storage.view()["value"]
    assert int(view[:, -1, -1].sum()) == 7
    assert int(view[:, 0, 0].sum()) == 3


@pytest.mark.parametrize(
    ("shape", "index", "error", "message"),
    [
        (3, 3, IndexError, r"index 3 is out of range for axis 0, which has 3 elements"),
        (3, -1, IndexError, r"index -1 is out of range for axis 0, which has 3 elements"),
        (3, 1 << 63, IndexError, r"an index is out of range for axis \d, which has 3 elements; got -?\d+"),
        (3, -(1 << 200), IndexError, r"an index is out of range for axis \d, which has 3 elements; got -?\d+"),
        (3, (0, 1), TypeError, r"an index is an int; got \(0, 1\)"),
        (3, ((0,),), TypeError, r"an index is an int; got \(0,\)"),
        (3, (3,), IndexError, r"index 3 is out of range for axis 0, which has 3 elements"),
        (3, 0.0, TypeError, r"an index is an int; got 0\.0"),
        (3, None, TypeError, r"an index is an int; got None"),
        ((2, 3), (2, 0), IndexError, r"index 2 is out of range for axis 0, which has 2 elements"),
        ((2, 3), (1, 3), IndexError, r"index 3 is out of range for axis 1, which has 3 elements"),
        ((2, 3), (0, -1), IndexError, r"index -1 is out of range for axis 1, which has 3 elements"),
        ((2, 3), (0, 1 << 80), IndexError, r"an index is out of range for axis \d, which has 3 elements; got -?\d+"),
        ((2, 3), 0, TypeError, r"index is a tuple of 2 ints; got 0"),
        ((2, 3), (0,), TypeError, r"index is a tuple of 2 ints; got \(0,\)"),
        ((2, 3), (0, 1, 2), TypeError, r"index is a tuple of 2 ints; got \(0, 1, 2\)"),
        ((2, 3), [0, 1], TypeError, r"index is a tuple of 2 ints; got \[0, 1\]"),
        ((2, 3), (0, "x"), TypeError, r"an index is an int; got 'x'"),
    ],
)
def test_an_index_outside_changes_nothing(shape: Any, index: Any, error: type[Exception], message: str) -> None:
    table = rseq.CounterArray(shape)
    for keywords in ({}, {"n": 5}):
        with pytest.raises(error, match=rf"^CounterArray\.add\(\): {message}$"):
            table.add(index, **keywords)
    assert not table.values().any()


def test_a_tuple_of_one_is_an_index_of_one_dimension_as_it_is_for_numpy() -> None:
    hits = rseq.CounterArray(3)
    hits.add((2,), 5)
    assert (hits[(2,)], hits.values().tolist()) == (5, [0, 0, 5])


def test_a_class_that_lies_about_being_a_tuple_is_refused() -> None:
    class Liar:
        __class__ = tuple  # type: ignore[assignment]

        def __repr__(self) -> str:
            return "a liar"

    table: Any = rseq.CounterArray((2, 3))
    with pytest.raises(TypeError, match=r"^CounterArray\.add\(\): index is a tuple of 2 ints; got a liar$"):
        table.add(Liar())


def test_the_wrong_number_of_arguments_is_refused() -> None:
    table: Any = rseq.CounterArray(3)
    for arguments, message in (
        ((), r"needs a value for 'index'"),
        ((0, 1, 2), r"takes 1 to 2 arguments, got 3 positional"),
    ):
        with pytest.raises(TypeError, match=rf"^CounterArray\.add\(\) {message}$"):
            table.add(*arguments)


def test_per_cpu_is_a_row_for_each_cpu() -> None:
    table = rseq.CounterArray((2, 3), rseq.f32)
    for _ in range(10):
        table.add((1, 2), 0.5)
    parts = table.per_cpu()
    assert parts.shape == (rseq.info().possible_cpus + 1, 2, 3)
    assert parts[:, 1, 2].sum() == 5
    parts[:] = 7
    assert table.values().sum() == 5


def test_values_are_a_copy() -> None:
    table = rseq.CounterArray(3)
    table.values()[:] = 7
    assert not table.values().any()


def test_an_array_cannot_be_pickled_or_copied() -> None:
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(
            TypeError, match=r"^a private CounterArray cannot be pickled or copied: its memory belongs to this process"
        ):
            attempt(rseq.CounterArray(3))


@pytest.mark.parametrize("index", ["cpu_id", "mm_cid"])
def test_threads_lose_nothing(index: Any, threads: ThreadSet) -> None:
    table = rseq.CounterArray((2, 5), rseq.u8, index=index)

    def work() -> None:
        add = table.add
        for number in range(20_000):
            add((number & 1, number % 5), number & 3)

    threads.run(4, work)
    expected = np.zeros((2, 5), np.uint64)
    for number in range(20_000):
        expected[number & 1, number % 5] += 4 * (number & 3)
    assert (table.values() == (expected & 0xFF)).all()


def test_additions_are_exact_on_the_spare_lane() -> None:
    run_python(
        """
        import threading
        import rseq
        flows = rseq.CounterArray((2, 3), "u16")
        def work():
            for _ in range(1000):
                flows.add((1, 2), 70)
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert not rseq.available()
        assert flows.values().tolist() == [[0, 0, 0], [0, 0, 4 * 70_000 % (1 << 16)]], flows.values()
        assert flows.per_cpu()[:-1].sum() == 0
        """,
        env={"GLIBC_TUNABLES": "glibc.pthread.rseq=0"},
    )
