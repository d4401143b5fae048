"""Whatever Python code does to storage, rows and arrays, bound sequences stay in the memory that they were given."""

from __future__ import annotations

import copy
import gc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rseq
from rseq import i64, ptr
from rseq._percpu.rows import Row, rows_of


class Small(rseq.Record):
    value: i64


class Big(rseq.Record):
    padding: i64[4096]  # type: ignore[type-arg, valid-type]
    value: i64


class Node(rseq.Record):
    next: ptr[Node]  # type: ignore[type-arg]
    payload: i64[4]  # type: ignore[type-arg, valid-type]
    value: i64


class Head(rseq.Record):
    first: ptr[Node]


@rseq.sequence
def add_to_big(cpu: Big, n: i64) -> None:
    cpu.value += n


@rseq.sequence
def push(cpu: Head, node: ptr[Node]) -> None:
    node.next = cpu.first
    cpu.first = node


@rseq.sequence
def total(cpu: Head) -> i64:
    node = cpu.first
    if node is None:
        return 0
    after = node.next
    if after is None:
        return node.value
    return node.value + after.value


ATTRIBUTES = {
    rseq.percpu: ("record", "shape", "length", "index", "segment", "memory", "place"),
    rseq.array: ("record", "length", "segment", "address", "values"),
    Row: ("array", "address", "index"),
    type(rseq.percpu(Small).memory): ("place", "nbytes"),
}
MADE: dict[type[Any], Callable[[], Any]] = {
    rseq.percpu: lambda: rseq.percpu(Small),
    rseq.array: lambda: rseq.array(Node, 4),
    Row: lambda: rseq.array(Node, 4)[1],
    type(rseq.percpu(Small).memory): lambda: rseq.percpu(Small).memory,
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in ATTRIBUTES.items() for name in names])
def test_what_machine_code_goes_by_cannot_be_assigned(kind: type[Any], name: str) -> None:
    thing = MADE[kind]()
    before = getattr(thing, name)
    for change in (
        lambda: setattr(thing, name, Big),
        lambda: object.__setattr__(thing, name, 1 << 40),
        lambda: delattr(thing, name),
        lambda: object.__delattr__(thing, name),
    ):
        with pytest.raises(AttributeError):
            change()
    assert np.all(getattr(thing, name) == before)


@pytest.mark.parametrize("kind", MADE)
def test_no_name_leads_to_what_is_hidden(kind: type[Any]) -> None:
    thing = MADE[kind]()
    for name in ("_parts", "_item", "_address", "_array", "_data", "_kept", "_owner"):
        assert not hasattr(thing, name)
        with pytest.raises(AttributeError):
            object.__setattr__(thing, name, 1 << 40)
    assert not hasattr(thing, "__dict__")


@pytest.mark.parametrize(
    "again",
    [
        lambda: rseq.percpu.__init__(STORAGE, Big),  # type: ignore[misc]
        lambda: rseq.array.__init__(ROWS, Small, 1),  # type: ignore[misc]
        lambda: STORAGE.memory.__init__(STORAGE.place, 8, None),  # type: ignore[misc]
        lambda: push.__init__(push.function, True),  # type: ignore[misc]
    ],
)
def test_init_is_called_once(again: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match=r"has been set up; __init__ is called once$"):
        again()
    assert (STORAGE.record, ROWS.record, ROWS.length) == (Small, Node, 4)


STORAGE, ROWS = rseq.percpu(Small), rseq.array(Node, 4)


def test_a_subclass_says_nothing_about_where_the_memory_is(one_cpu: int) -> None:
    class Own(rseq.percpu):  # type: ignore[type-arg]
        record, shape, length, index, segment, place, memory = Big, (9,), 9, "mm_cid", 5, None, None

    class OwnRows(rseq.array):  # type: ignore[type-arg]
        record, length, address, segment = Node, 1 << 40, 4096, None

        def keep(self, thing: object) -> None:
            """It does not."""

    with pytest.raises(TypeError, match=r"^add_to_big\(\) works on Big; this storage holds Small$"):
        add_to_big.bind(Own(Small))
    heads, nodes = Own(Head), OwnRows(Node, 2)
    put, look = push.bind(heads, nodes), total.bind(heads)
    nodes[1]["value"] = 5
    put(nodes[1])
    assert look() == 5
    with pytest.raises(IndexError):
        nodes[2]
    memory = rows_of(nodes).address
    del nodes, put
    gc.collect()
    others = [rseq.array(Node, 2) for _ in range(100)]
    assert look() == 5
    assert memory not in [other.address for other in others]


def test_what_claims_to_be_of_a_class_is_looked_at() -> None:
    class Lying:
        record, address, length, segment, shape, index = Node, 64, 1 << 40, None, (), "cpu_id"
        __bases__ = (rseq.Record,)
        claimed: Any = None

        @property
        def __class__(self) -> Any:
            return self.claimed

        @__class__.setter
        def __class__(self, other: Any) -> None: ...

        def keep(self, thing: object) -> None: ...

        def lend(self, nbytes: int, alignment: int) -> Any:
            raise AssertionError("never asked")

    def lying(kind: Any) -> Any:
        made = Lying()
        made.claimed = kind
        return made

    heads = rseq.percpu(Head)
    with pytest.raises(TypeError, match=r"^push\.bind\(\) takes arrays made by rseq\.array\(…\); got <"):
        push.bind(heads, lying(rseq.array))
    with pytest.raises(TypeError, match=r"^push\.bind\(\) takes storage made by rseq\.percpu\(…\); got <"):
        push.bind(lying(rseq.percpu), ROWS)
    with pytest.raises(TypeError, match=r"^a row belongs to an rseq\.array; got <"):
        Row(lying(rseq.array), 0)
    with pytest.raises(TypeError, match=r"^segment: expected an rseq\.Segment, its name, or None; got <"):
        rseq.Counter(segment=lying(rseq.Segment))
    for make in (rseq.percpu, lambda record: rseq.array(record, 1)):
        with pytest.raises(TypeError, match=r"^expected a subclass of rseq\.Record"):
            make(lying(type))
    put = push.bind(heads, ROWS)
    with pytest.raises(TypeError, match=r"^push\(\): node is ptr\[Node\], a row of an rseq\.array or None; got <"):
        put(lying(Row))
    for empty in (object.__new__(Row), rseq.array.__new__(rseq.array), rseq.percpu.__new__(rseq.percpu)):
        with pytest.raises(TypeError):
            put(empty)
    with pytest.raises(TypeError, match=r"^push\.bind\(\) takes storage made by"):
        push.bind(rseq.percpu.__new__(rseq.percpu), ROWS)
    with pytest.raises(TypeError, match=r"^push\.bind\(\) takes arrays made by"):
        push.bind(heads, rseq.array.__new__(rseq.array))


def test_what_a_sequence_means_cannot_be_replaced() -> None:
    add_to_big.bind(rseq.percpu(Big))
    for change in (
        lambda: setattr(add_to_big, "body", total.body),
        lambda: object.__setattr__(add_to_big, "body", total.body),
        lambda: delattr(add_to_big, "body"),
    ):
        with pytest.raises(AttributeError):
            change()
    vars(add_to_big)["body"] = total.body
    assert add_to_big.body.record is Big
    del vars(add_to_big)["body"]


def test_a_segment_that_lends_other_memory_is_not_asked() -> None:
    class Own(rseq.Segment):
        def _lend(self, nbytes: int, alignment: int) -> Any:
            raise AssertionError("never asked")

    hits = rseq.Counter(segment=Own())
    hits.add(2)
    assert hits.value == 2


def test_an_index_that_compares_as_it_likes_is_none() -> None:
    class Lying(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = str.__hash__

    with pytest.raises(ValueError, match=r"^index: expected 'cpu_id' or 'mm_cid', got 'other'$"):
        rseq.percpu(Small, index=Lying("other"))  # type: ignore[arg-type]
    assert type(rseq.percpu(Small, index=Lying("mm_cid")).index) is str  # type: ignore[arg-type]


def test_the_layout_of_records_is_what_was_written() -> None:
    for change in ("size", "alignment", "fields", "dtype"):
        with pytest.raises(AttributeError):
            setattr(Big, change, 8)
        with pytest.raises(AttributeError):
            type.__setattr__(Big, change, 8)
    with pytest.raises(TypeError, match="does not support item assignment"):
        Big.fields["value"] = Small.fields["value"]  # type: ignore[index]
    with pytest.raises(TypeError, match=r"^the class of records has no subclasses: machine code goes by"):

        class Meta(type(rseq.Record)):  # type: ignore[misc]
            size = 1


def _attacks(view: Any) -> None:
    """Everything that NumPy offers to write to a read-only array."""
    while isinstance(view, np.ndarray):
        for change in (
            lambda view=view: setattr(view.flags, "writeable", True),
            lambda view=view: view.setflags(write=True),
            lambda view=view: view.__setitem__(..., 0),
            lambda view=view: view.fill(0),
            lambda view=view: memoryview(view).__setitem__(0, b"x"),
            lambda view=view: np.put(view, [0], [0]),
            lambda view=view: np.copyto(view, np.zeros(1, view.dtype)),
            lambda view=view: np.frombuffer(view, "u8").setflags(write=True),
            lambda view=view: np.asarray(view.base).setflags(write=True),
            lambda view=view: view.view("u1").setflags(write=True),
        ):
            with pytest.raises((ValueError, TypeError, AttributeError, NotImplementedError, BufferError)):
                change()
        view = view.base


def test_pointers_in_memory_cannot_be_overwritten() -> None:
    heads, nodes = rseq.percpu(Head), rseq.array(Node, 4)
    put, look = push.bind(heads, nodes), total.bind(heads)
    nodes[0]["value"] = 7
    put(nodes[0])
    for view in (nodes.values, heads.view(), heads.memory.view("u8")):
        _attacks(view)
    payload = nodes[0]["payload"]
    payload[:] = [1, 2, 3, 4]
    base = payload
    while isinstance(base, np.ndarray):
        assert base.nbytes == 32
        base = base.base
    assert nodes.values["payload"][0].tolist() == [1, 2, 3, 4]
    assert look() == 7


@pytest.mark.parametrize("segment", [False, True])
def test_arrays_of_live_memory_cannot_free_it(segment: bool) -> None:
    shared = rseq.Segment() if segment else None
    pool, rows = rseq.Pool(8, 2, segment=shared), rseq.array(Small, 4, segment=shared)
    item = pool.acquire()
    assert item is not None
    for shown in (rows.values, rseq.percpu(Small, segment=shared).view(), pool.array):
        view = shown
        while isinstance(view, np.ndarray):
            with pytest.raises(ValueError, match=r"resize|own"):
                view.resize((1 << 20,), refcheck=False)
            view = view.base
        assert not hasattr(view, "close")
    assert not hasattr(item.obj, "close")
    rows.values["value"] = 3
    assert rows[3]["value"] == 3


def test_views_live_longer_than_all_else() -> None:
    views = [
        rseq.percpu(Small).view(),
        rseq.array(Small, 4).values,
        rseq.Pool(8, 2).array,
        rseq.array(Node, 2)[1]["payload"],
    ]
    views += [rseq.percpu(Small, segment=rseq.Segment()).view(), rseq.array(Small, 4, segment=rseq.Segment()).values]
    gc.collect()
    others = [rseq.percpu(Small) for _ in range(500)]
    for view in views:
        for part in [view[name] for name in view.dtype.names or ()] or [view]:
            part[...] = 0x41
    assert not any(other.view()["value"].any() for other in others)


def test_an_array_in_a_row_takes_as_many_as_it_has() -> None:
    class Two(rseq.Record):
        nodes: ptr[Node][2]  # type: ignore[misc]

    def forever() -> Any:
        while True:
            yield None

    row = rseq.array(Two, 1)[0]
    with pytest.raises(ValueError, match=r"^nodes has 2 elements; got more$"):
        row["nodes"] = forever()
    with pytest.raises(ValueError, match=r"^nodes has 2 elements; got 1$"):
        row["nodes"] = [None]


def test_copies_are_refused() -> None:
    for make in MADE.values():
        with pytest.raises(TypeError):
            copy.copy(make())
