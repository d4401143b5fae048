"""Pointers given to builtins: rows of the arrays that they are bound with, or None, and nothing else."""

from __future__ import annotations

import pytest

import rseq
from bound import Cell, Newest, Node, add, exchange, publish, rows
from rseq import i64, ptr


def test_a_row_of_the_array_is_stored_and_comes_back() -> None:
    function, storage, nodes = rows()
    assert function(nodes[3]) is None
    for _ in range(3):  # the next call may be on another CPU, whose lane holds None
        answer = function(nodes[1])
        assert answer in (None, nodes[3], nodes[1])
    stored = {int(address) for address in storage.per_cpu()["node"]}
    assert stored <= {0, nodes[3].address, nodes[1].address}


def test_none_is_a_pointer_to_nothing() -> None:
    function, storage, _ = rows()
    assert function(None) is None
    assert set(storage.per_cpu()["node"]) == {0}


class Foreign:
    address = 0


class Liar:
    """Says that it is a row."""

    def __init__(self, address: int) -> None:
        self.address = address

    @property
    def __class__(self) -> type:  # type: ignore[override]
        return type(rseq.array(Node, 1)[0])

    @__class__.setter
    def __class__(self, value: type) -> None:
        raise AssertionError


def test_anything_but_a_row_is_refused() -> None:
    function, storage, nodes = rows()
    subclass = type("Mine", (type(nodes[0]),), {})
    for thing in (5, nodes.address, Foreign(), Liar(nodes.address), nodes, nodes.values[0], subclass(nodes, 1)):
        with pytest.raises(
            TypeError, match=r"^exchange\(\): node is ptr\[Node\], a row of an rseq\.array or None; got "
        ):
            function(thing)
    assert set(storage.per_cpu()["node"]) == {0}


def test_a_row_of_another_array_is_refused() -> None:
    function, storage, nodes = rows()
    for other in (rseq.array(Node, 4), rseq.array(Cell, 4)):
        with pytest.raises(ValueError, match=r"^exchange\(\): node is a row of another array than this is bound to$"):
            function(other[1])
    assert set(storage.per_cpu()["node"]) == {0}
    function(nodes[0])


def test_none_is_refused_where_fields_are_used() -> None:
    nodes = rseq.array(Node, 4)
    function = publish.bind(rseq.percpu(Newest), nodes)
    with pytest.raises(ValueError, match=r"^publish\(\): node is None, and its fields are used; pass a row$"):
        function(None, 5)
    function(nodes[2], 5)
    assert nodes.values["value"].tolist() == [0, 0, 5, 0]


def test_none_is_allowed_where_the_sequence_looks_first() -> None:
    @rseq.sequence
    def careful(cpu: Newest, node: ptr[Node]) -> i64:
        if node == None:  # noqa: E711
            return -1
        return node.value

    @rseq.sequence
    def careless(cpu: Newest, node: ptr[Node], other: ptr[Node]) -> i64:
        chosen = node
        if node == None:  # noqa: E711
            chosen = other
        return chosen.value

    nodes = rseq.array(Node, 2)
    nodes.values["value"] = [7, 8]
    function = careful.bind(rseq.percpu(Newest), nodes)
    assert (function(None), function(nodes[1])) == (-1, 8)
    function = careless.bind(rseq.percpu(Newest), nodes)
    assert (function(nodes[0], nodes[0]), function(nodes[0], nodes[1])) == (7, 7)
    with pytest.raises(ValueError, match=r"^careless\(\): .*other is None, and its fields are used"):
        function(nodes[0], None)


def test_two_pointers_may_be_one_row() -> None:
    @rseq.sequence
    def write(cpu: Newest, one: ptr[Node], other: ptr[Node]) -> None:
        one.value = 1
        other.next = 2
        cpu.node = one

    nodes = rseq.array(Node, 2)
    write.bind(rseq.percpu(Newest), nodes)(nodes[1], nodes[1])
    assert nodes.values.tolist() == [(0, 0), (1, 2)]


@rseq.sequence
def add_up(cpu: Newest, one: ptr[Node], other: ptr[Node]) -> None:
    """Reads of one row what it would overwrite through the other."""
    other.value = one.value + i64(other.next)
    cpu.node = one


def test_one_row_is_refused_where_there_must_be_two() -> None:
    nodes = rseq.array(Node, 2)
    nodes.values["value"] = [3, 4]
    storage = rseq.percpu(Newest)
    function = add_up.bind(storage, nodes)
    with pytest.raises(ValueError, match=r"^add_up\(\): one and other are the same row; ") as caught:
        function(nodes[1], nodes[1])
    assert str(caught.value) == (
        "add_up(): one and other are the same row; what is read of one is overwritten in the other: pass two rows"
    )
    assert nodes.values["value"].tolist() == [3, 4]
    assert set(storage.per_cpu()["node"]) == {0}
    function(nodes[1], nodes[0])
    assert nodes.values["value"].tolist() == [4, 4]


def test_one_row_is_refused_in_a_routine() -> None:
    @rseq.routine
    def twice(cpu: Newest, node: ptr[Node]) -> None:
        add_up(cpu, node, node)

    nodes = rseq.array(Node, 2)
    with pytest.raises(ValueError, match=r"^twice\(\): it calls a sequence with one row or buffer for two$"):
        twice.bind(rseq.percpu(Newest), nodes)(nodes[0])


def test_a_routine_minds_what_its_sequences_mind() -> None:
    @rseq.routine
    def both(cpu: Newest, node: ptr[Node], value: i64) -> None:
        publish(cpu, node, value)
        publish(cpu, node, value + 1)

    nodes = rseq.array(Node, 2)
    function = both.bind(rseq.percpu(Newest), nodes)
    function(nodes[1], 4)
    assert nodes.values["value"].tolist() == [0, 5]
    with pytest.raises(ValueError, match=r"^both\(\): a pointer is None, and its fields are used"):
        function(None, 4)


def test_arrays_are_named_one_for_each_pointer() -> None:
    storage, nodes = rseq.percpu(Newest), rseq.array(Node, 2)
    with pytest.raises(TypeError, match=r"bound with one array of that record, as in exchange\.bind\(.*got 0$"):
        exchange.bind(storage)
    with pytest.raises(TypeError, match=r"got 2$"):
        exchange.bind(storage, nodes, rseq.array(Node, 2))
    with pytest.raises(TypeError, match=r"^exchange\.bind\(\) takes arrays made by rseq\.array\(…\); got 5$"):
        exchange.bind(storage, 5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^add\.bind\(\) takes storage made by rseq\.percpu\(…\); got 5$"):
        add.bind(5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^add\(\) works on Cell; this storage holds Newest$"):
        add.bind(storage)
