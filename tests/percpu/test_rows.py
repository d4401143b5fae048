"""Rows: bounds, identity, fields, and the life of the array behind them."""

from __future__ import annotations

import copy
import gc
import pickle
import re
import weakref
from collections.abc import Callable

import numpy as np
import pytest

import rseq
from rseq._language.types import Record, i64, ptr, u8
from rseq._percpu.allocator import MAX_ITEM_BYTES
from rseq._percpu.rows import Row, RowArray


class Node(Record):
    value: i64
    next: ptr[i64]
    tags: u8[3]


def test_an_array_is_zeroed_records_side_by_side() -> None:
    nodes = RowArray(Node, 10)
    assert (nodes.record, nodes.length, len(nodes)) == (Node, 10, 10)
    assert nodes.values.dtype == Node.dtype
    assert nodes.values.tobytes() == bytes(10 * Node.size)
    assert nodes.address % Node.alignment == 0
    assert [row.address for row in nodes] == list(range(nodes.address, nodes.address + 10 * Node.size, Node.size))


def test_a_row_reads_and_writes_its_fields() -> None:
    nodes = RowArray(Node, 3)
    row = nodes[1]
    row["value"] = -5
    row["tags"] = [1, 2, 3]
    row["tags"][0] = 9
    assert nodes.values["value"].tolist() == [0, -5, 0]
    assert nodes.values["tags"].tolist() == [[0, 0, 0], [9, 2, 3], [0, 0, 0]]
    assert row["value"] == -5
    with pytest.raises(OverflowError):
        row["value"] = 1 << 63


def test_rows_are_equal_if_they_are_the_same_memory() -> None:
    nodes, others = RowArray(Node, 3), RowArray(Node, 3)
    assert nodes[1] == nodes[1]
    assert nodes[1] == Row(nodes, 1)
    assert nodes[1] != nodes[2]
    assert nodes[1] != others[1]
    assert nodes[1] != nodes[1].address
    assert len({nodes[0], nodes[1], nodes[1], others[1]}) == 3


def test_a_row_is_found_by_its_address() -> None:
    nodes = RowArray(Node, 3)
    assert [nodes.row_at(row.address) for row in nodes] == list(nodes)
    for address in (0, nodes.address - Node.size, nodes.address + 1, nodes.address + 3 * Node.size):
        with pytest.raises(ValueError, match=rf"^no row of rseq\.array\(Node, 3\) starts at {address:#x}$"):
            nodes.row_at(address)


def test_a_row_keeps_its_array_alive_and_so_does_a_view() -> None:
    nodes = RowArray(Node, 3)
    alive, row, view = weakref.ref(nodes), nodes[2], nodes.values
    del nodes
    gc.collect()
    assert alive() is row.array
    row["value"] = 7
    del row
    assert alive() is None
    assert view["value"].tolist() == [0, 0, 7]


def test_the_memory_cannot_be_resized_under_a_row() -> None:
    nodes = RowArray(Node, 3)
    with pytest.raises(ValueError, match="resize"):
        nodes.values.resize(100, refcheck=False)


def test_a_row_is_immutable() -> None:
    row = RowArray(Node, 3)[0]
    with pytest.raises(AttributeError, match=r'^a row is immutable; write its fields as row\["address"\] = …$'):
        row.address = 1
    with pytest.raises(AttributeError, match=r"^a row is immutable$"):
        del row.address
    assert row == row.array[0]


def test_repr_is_the_expression_that_makes_it() -> None:
    assert repr(RowArray(Node, 3)) == "rseq.array(Node, 3)"
    assert repr(RowArray(Node, 3)[2]) == "rseq.array(Node, 3)[2]"


@pytest.mark.parametrize("index", [-1, 3, 1 << 70])
def test_an_index_out_of_range_is_refused(index: int) -> None:
    with pytest.raises(IndexError, match=rf"^row index {index} is not in 0 … 2 of rseq\.array\(Node, 3\)$"):
        RowArray(Node, 3)[index]


def test_any_integer_is_an_index() -> None:
    nodes = RowArray(Node, 3)
    assert nodes[np.int32(2)] == nodes[2]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: RowArray(Node, 0), ValueError, "n: expected at least 1 record, got 0"),
        (lambda: RowArray(Node, -3), ValueError, "n: expected at least 1 record, got -3"),
        (lambda: RowArray(Node, 2.0), TypeError, "n: expected an int, got 2.0"),  # type: ignore[arg-type]
        (lambda: RowArray(Node, True), TypeError, "n: expected an int, got True"),
        (
            lambda: RowArray(Node, 1 << 60),
            ValueError,
            f"an array of {1 << 60} of Node needs {24 << 60} bytes; the most is {MAX_ITEM_BYTES}",
        ),
        (
            lambda: RowArray(dict, 3),  # type: ignore[type-var]
            TypeError,
            "expected a subclass of rseq.Record, as in rseq.array(Node, 100); got <class 'dict'>",
        ),
        (
            lambda: RowArray(Node, 3)[0:2],  # type: ignore[index]
            TypeError,
            "a row is picked by an int; rseq.array(Node, 3).values takes slices",
        ),
        (lambda: RowArray(Node, 3)["value"], TypeError, "row index: expected an int, got 'value'"),  # type: ignore[index]
        (
            lambda: Row(1234, 0),  # type: ignore[arg-type]
            TypeError,
            "a row belongs to an rseq.array; got 1234",
        ),
        (
            lambda: RowArray(Node, 3)[0]["nothing"],
            KeyError,
            "\"record Node has the fields value, next, tags; got 'nothing'\"",
        ),
    ],
)
def test_bad_arguments_are_refused(make: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make()


def test_more_rows_than_memory_is_refused_in_a_sentence(run_python: Callable[..., object]) -> None:
    run_python(
        """
        import numpy, resource
        from rseq._language.types import Record, i64
        from rseq._percpu.rows import RowArray

        class Node(Record):
            value: i64

        resource.setrlimit(resource.RLIMIT_AS, (1 << 32, 1 << 32))
        try:
            RowArray(Node, 1 << 30)
        except MemoryError as error:
            assert str(error) == "no memory for 1073741824 records of 8 bytes", error
        else:
            raise AssertionError("the limit did not bite")
        """
    )


@pytest.mark.parametrize("how", [pickle.dumps, copy.copy, copy.deepcopy])
def test_rows_and_arrays_cannot_be_copied(how: object) -> None:
    assert callable(how)
    with pytest.raises(TypeError, match=r"^a private array of rows cannot be pickled or copied: .*, or pass `values`$"):
        how(RowArray(Node, 3))
    with pytest.raises(TypeError, match=r"^a row cannot be pickled or copied: .* Pass its index, or its fields$"):
        how(RowArray(Node, 3)[0])


class Leaf(rseq.Record):
    value: rseq.i64


class Branch(rseq.Record):
    leaf: rseq.ptr[Leaf]
    leaves: rseq.ptr[Leaf][2]
    value: rseq.i64


def test_a_pointer_field_takes_rows_and_none_and_keeps_their_array() -> None:
    branches, leaves = rseq.array(Branch, 2), rseq.array(Leaf, 2)
    row, kept = branches[0], weakref.ref(leaves)
    row["leaf"] = leaves[1]
    assert row["leaf"] == leaves[1].address
    for wrong in (12345, leaves[1].address, branches[1], leaves):
        with pytest.raises(TypeError, match=r"^leaf is ptr\[Leaf\]: expected a row of such an array, or None; got "):
            row["leaf"] = wrong
    del leaves
    gc.collect()
    assert kept() is not None
    row["leaf"] = None
    assert row["leaf"] == 0
    leaf = rseq.array(Leaf, 1)[0]
    row["leaves"] = [leaf, None]
    assert row["leaves"].tolist() == [leaf.address, 0]
    with pytest.raises(ValueError, match="read-only"):
        row["leaves"][0] = 12345
    with pytest.raises(TypeError, match=r"^leaves is ptr\[Leaf\]"):
        row["leaves"] = [1, 2]


def test_arrays_and_lanes_that_hold_pointers_are_shown_read_only() -> None:
    for view in (rseq.array(Branch, 2).values, rseq.percpu(Branch).view()):
        with pytest.raises(ValueError, match="read-only"):
            view["leaf"] = 12345
    rseq.array(Leaf, 2).values["value"] = 3


def test_an_array_keeps_the_arrays_that_its_rows_may_point_to() -> None:
    class Holder(rseq.Record):
        branch: rseq.ptr[Branch]

    @rseq.sequence
    def link(cpu: Holder, branch: rseq.ptr[Branch], leaf: rseq.ptr[Leaf]) -> None:
        branch.leaf = leaf
        cpu.branch = branch

    branches, leaves = rseq.array(Branch, 1), rseq.array(Leaf, 1)
    link.bind(rseq.percpu(Holder), branches, leaves)(branches[0], leaves[0])
    kept = weakref.ref(leaves)
    del leaves
    gc.collect()
    assert kept() is not None  # branches[0] points there
    del branches
    gc.collect()
    assert kept() is None
