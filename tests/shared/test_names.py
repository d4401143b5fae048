"""Segments and structures by name: who finds what, who begins anew, and what is refused."""

from __future__ import annotations

import gc
import json
import os
import re
import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rseq
from rseq._percpu.shared.kinds import as_json
from rseq._percpu.shared.segment import core_of
from support import run_python

InChild = Callable[[Callable[[], object]], None]


pytestmark = pytest.mark.usefixtures("segment_folder")


class Node(rseq.Record):
    value: rseq.i64


# Who finds what


def test_a_name_is_one_segment_in_a_process() -> None:
    first, second = rseq.Segment("shop"), rseq.Segment("shop")
    assert first == second
    assert hash(first) == hash(second)
    assert first.name == "shop"
    assert repr(first) == "rseq.Segment('shop')"
    assert rseq.Segment("other") != first


def test_a_name_is_one_structure_in_a_segment() -> None:
    hits = rseq.Counter(name="hits", segment="shop")
    rseq.Counter(name="hits", segment=rseq.Segment("shop")).add(2)
    hits.add(1)
    assert hits.value == 3
    assert hits.name == "hits"
    assert rseq.Counter(name="other", segment="shop").value == 0


def test_an_unrelated_program_finds_it() -> None:
    hits = rseq.Counter(name="hits", segment="shop")
    hits.add(1)
    done = run_python(
        """
        import rseq
        hits = rseq.Counter(name="hits", segment="shop")
        hits.add(10)
        rseq.Counter(name="theirs", segment="shop").add(5)
        print(hits.value, len(rseq.Segment("shop").processes()))
        """
    )
    assert done.stdout.split() == ["11", "2"]
    assert hits.value == 11
    assert rseq.Segment("shop")["theirs"].value == 5


MADE: list[tuple[Callable[..., Any], Callable[[Any], object], Callable[[Any], object]]] = [
    (rseq.Counter, lambda one: one.add(3), lambda one: one.value),
    (rseq.FloatCounter, lambda one: one.add(0.5), lambda one: one.value),
    (
        lambda **at: rseq.CounterArray((2, 3), "u32", **at),
        lambda one: one.add((1, 2), 7),
        lambda one: one.values().sum(),
    ),
    (
        lambda **at: rseq.KeyedCounter(4, key_bytes=9, **at),
        lambda one: one.add(("GET", 200), 7),
        lambda one: (one.capacity, one.key_bytes, one.items()),
    ),
    (lambda **at: rseq.Histogram([1, 2.5], **at), lambda one: one.observe(2), lambda one: (one.count, one.sum)),
    (
        lambda **at: rseq.Histogram.exponential(0.1, 9, relative_error=0.1, **at),
        lambda one: one.observe(2),
        lambda one: (one.count, one.bounds),
    ),
    (lambda **at: rseq.Max("i64", **at), lambda one: one.update(4), lambda one: one.value),
    (rseq.Min, lambda one: one.update(4), lambda one: one.value),
    (lambda **at: rseq.Collector("f4", 5, **at), lambda one: one.append(4), lambda one: [*one]),
    (lambda **at: rseq.Stack(5, **at), lambda one: one.push(4), lambda one: (one.capacity, len(one))),
    (lambda **at: rseq.TokenBucket(1e-3, 6, **at), lambda one: one.take(4), lambda one: (one.burst, one.available)),
    (lambda **at: rseq.Pool(100, 6, **at), lambda one: one.acquire_row(9), lambda one: one.held()),
    (
        lambda **at: rseq.RingBuffer(1000, **at),
        lambda one: one.write(b"hello"),
        lambda one: [e.data for e in one.peek()],
    ),
    (
        lambda **at: rseq.RingBuffer(10, "overwrite", False, "f8", **at),
        lambda one: one.write(1.5),
        lambda one: [e.data for e in one.peek()],
    ),
    (
        lambda **at: rseq.RingBuffer(10, dtype=np.dtype([("a", "i4"), ("b", "f8", (2,))]), **at),
        lambda one: one.write(np.zeros((), one.dtype)),
        lambda one: (one.dtype, len(one)),
    ),
    (rseq.SpinLock, lambda one: one.acquire(), lambda one: list(one.holders())),
    (rseq.RCU, lambda one: one.read_lock(), lambda one: one.readers),
]


@pytest.mark.parametrize(("make", "use", "read"), MADE)
def test_each_structure_is_found_as_what_it_is(
    make: Callable[..., Any], use: Callable[[Any], object], read: Callable[[Any], object]
) -> None:
    shop = rseq.Segment("shop")
    first = make(name="it", segment=shop)
    use(first)
    for found in (shop["it"], make(name="it", segment="shop")):
        assert type(found) is type(first)
        assert read(found) == read(first) != read(make())


@pytest.mark.parametrize(("make", "use", "read"), MADE)
def test_one_without_a_name_is_found_by_a_number(
    make: Callable[..., Any], use: Callable[[Any], object], read: Callable[[Any], object]
) -> None:
    shop = rseq.Segment()
    make(segment=shop)
    first = make(segment=shop)
    use(first)
    assert first.name == f"#2 {type(first).__name__}"
    assert read(shop[first.name]) == read(first)


def test_records_of_users_are_found_too() -> None:
    rows, items = (
        rseq.array(Node, 4, name="rows", segment="shop"),
        rseq.percpu(Node, (2, 3), name="items", segment="shop"),
    )
    rows[2]["value"] = 7
    items.view()["value"][-1] = 8
    assert rseq.array(Node, 4, name="rows", segment="shop")[2]["value"] == 7
    again = rseq.percpu(Node, (2, 3), name="items", segment="shop")
    assert (again.view()["value"][-1] == 8).all()
    assert (rows.name, items.name) == ("rows", "items")


def test_a_segment_is_a_mapping_of_names() -> None:
    shop = rseq.Segment("shop")
    assert list(shop) == []
    assert shop
    hits, _ = rseq.Counter(name="hits", segment=shop), rseq.Max(name="größte", segment=shop)
    assert list(shop) == ["hits", "größte"]
    assert len(shop) == 2
    assert "hits" in shop
    assert "misses" not in shop
    assert 7 not in shop
    with pytest.raises(KeyError, match=r"rseq\.Segment\('shop'\) has no structure named 'misses'"):
        shop["misses"]
    rseq.array(Node, 4, name="rows", segment=shop)
    with pytest.raises(TypeError, match=r"^'rows' holds a record of your own: rseq\.array\(Record, …"):
        shop["rows"]
    assert hits.value == 0


def test_thousands_of_names_are_found() -> None:
    shop = rseq.Segment("shop")
    for number in range(3000):
        rseq.Counter(name=f"hits {number}", segment=shop).add(number)
    assert len(shop) == 3000
    for number in range(0, 3000, 7):
        assert shop[f"hits {number}"].value == number


# Whose it is


def test_it_lives_as_long_as_anything_in_it() -> None:
    hits = rseq.Counter(name="hits", segment="shop")
    hits.add()
    gc.collect()
    assert rseq.Counter(name="hits", segment="shop").value == 1
    add = hits.add
    del hits
    gc.collect()
    add()
    assert rseq.Counter(name="hits", segment="shop").value == 2


@pytest.mark.parametrize("kind", [rseq.Counter, rseq.SpinLock, rseq.RCU, lambda **at: rseq.Pool(8, 2, **at)])
def test_whoever_opens_what_nobody_has_open_begins_anew(kind: Callable[..., Any]) -> None:
    first = kind(name="hits", segment="shop")
    identity = core_of(rseq.Segment("shop")).header.identity
    del first
    gc.collect()
    assert core_of(rseq.Segment("shop")).header.identity != identity
    assert list(rseq.Segment("shop")) == []


def test_keep_goes_on_with_the_old_one() -> None:
    rseq.Counter(name="hits", segment="shop").add(3)
    gc.collect()
    assert rseq.Segment("shop", keep=True)["hits"].value == 3


def test_one_that_others_have_open_is_not_begun_anew() -> None:
    code = """
        import sys, rseq
        rseq.Counter(name="hits", segment=rseq.Segment("shop", keep=len(sys.argv) > 1)).add()
    """
    hits = rseq.Counter(name="hits", segment="shop")
    for given in ([], ["keep"]):
        run_python(code, *given)
    assert hits.value == 2


def test_a_crash_leaves_what_was_counted() -> None:
    code = """
        import os, rseq
        hits = rseq.Counter(name="hits", segment="shop")
        hits.add(7)
        os.kill(os.getpid(), 9)
    """
    run_python(code, returncode=-signal.SIGKILL)
    (found,) = rseq.segments()
    assert (found.name, found.structures, found.processes, found.problem) == ("shop", 1, (), "")
    assert found.open()["hits"].value == 7


def test_whoever_looks_does_not_keep_it_from_beginning_anew() -> None:
    rseq.Counter(name="hits", segment="shop").add(3)
    gc.collect()
    (found,) = rseq.segments()
    looking = found.open()
    assert rseq.Counter(name="hits", segment="shop").value == 0
    assert looking["hits"].value == 3


def test_a_child_has_a_place_of_its_own_which_goes_with_it(in_child: InChild) -> None:
    shop = rseq.Segment("shop")
    rseq.SpinLock(name="lock", segment=shop)
    pids = [os.getpid()]
    assert [process.pid for process in shop.processes()] == pids

    def child() -> None:
        assert [process.pid for process in shop.processes()] == [*pids, os.getpid()]

    in_child(child)
    assert [process.pid for process in shop.processes()] == pids


def test_the_place_of_a_parent_goes_with_it_though_its_child_lives() -> None:
    code = """
        import os, sys, rseq
        shop = rseq.Segment("shop")
        lock, hits = rseq.SpinLock(name="lock", segment=shop), rseq.Counter(name="hits", segment=shop)
        child, parent = os.pipe(), os.getpid()
        if os.fork():
            sys.exit()
        os.close(child[1])
        os.read(child[0], 1)                      # the parent has ended
        while any(process.pid == parent for process in shop.processes()):
            pass                                  # … and the kernel comes to its files
        print([process.pid for process in shop.processes()] == [os.getpid()], flush=True)
    """
    assert run_python(code).stdout.split() == ["True"]


def test_what_is_made_after_a_fork_is_shared_too(in_child: InChild) -> None:
    shop = rseq.Segment()

    def child() -> None:
        rseq.Counter(name="late", segment=shop).add(5)
        rseq.Stack(100_000, name="large", segment=shop).push(3)

    in_child(child)
    assert shop["late"].value == 5
    assert len(shop["large"]) == 1


def test_a_name_that_was_removed_is_free() -> None:
    hits = rseq.Counter(name="hits", segment="shop")
    rseq.segments()[0].remove()
    assert rseq.segments() == []
    hits.add()
    assert rseq.Counter(name="hits", segment="shop").value == 0
    assert hits.value == 1


# What is refused


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: rseq.FloatCounter(name="hits", segment="shop"),
            r"segment 'shop' has Counter\(\) named 'hits', made at .* by process \d+, and this asks for FloatCounter",
        ),
        (
            lambda: rseq.Stack(9, name="free", segment="shop"),
            r"segment 'shop' has Stack\(capacity=8\) named 'free', .*, and this asks for Stack\(capacity=9\)\. ",
        ),
        (
            lambda: rseq.Histogram([1, 2, 4], name="times", segment="shop"),
            r".* has Histogram\(bounds=\[1.0, 2.0, 3.0\]\) .* asks for Histogram\(bounds=\[1.0, 2.0, 4.0\]\)\. ",
        ),
        (lambda: rseq.CounterArray((2, 2), name="table", segment="shop"), r".*shape=\[2, 3\].*shape=\[2, 2\]"),
        (lambda: rseq.CounterArray((2, 3), "u64", name="table", segment="shop"), r".*'i64'.*'u64'"),
        (lambda: rseq.RingBuffer(256, clock=False, name="ring", segment="shop"), r".*clock=True.*clock=False"),
    ],
)
def test_one_name_is_one_thing(make: Callable[[], object], message: str) -> None:
    _kept = (
        rseq.Counter(name="hits", segment="shop"),
        rseq.Stack(8, name="free", segment="shop"),
        rseq.Histogram([1, 2, 3], name="times", segment="shop"),
        rseq.CounterArray((2, 3), name="table", segment="shop"),
        rseq.RingBuffer(256, name="ring", segment="shop"),
    )
    with pytest.raises(rseq.SegmentError, match=f"^{message}"):
        make()


def test_another_record_of_the_same_name_is_refused() -> None:
    def node(type: Any) -> Any:
        class Node(rseq.Record):
            value: type

        return Node

    _kept = rseq.percpu(node(rseq.i64), name="items", segment="shop")
    with pytest.raises(rseq.SegmentError, match=r"'value': 'i64'.*'value': 'f64'"):
        rseq.percpu(node(rseq.f64), name="items", segment="shop")


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: rseq.Segment(7), TypeError, "name: expected a str, such as 'shop'; got 7"),  # type: ignore[arg-type]
        *(
            (
                lambda name=name: rseq.Segment(name),
                ValueError,
                f"name: expected up to 100 letters, digits, '.', '_' and '-', such as 'shop'; got {name!r}",
            )
            for name in ("", "a/b", "../x", ".hidden", "-x", "ä", "a b", "a\0", "x" * 101)
        ),
        (lambda: rseq.Segment(keep=True), ValueError, "keep and group are for segments with a name"),
        (lambda: rseq.Segment("shop", keep=1), TypeError, "keep: expected True or False, got 1"),  # type: ignore[arg-type]
        (
            lambda: rseq.Segment("shop", group="no such group"),
            ValueError,
            "group: expected the name or number of a group, got 'no such group'",
        ),
        (
            lambda: rseq.Counter(name="hits"),
            ValueError,
            "name: 'hits' is found in a segment; say in which, as in segment='shop'",
        ),
        (
            lambda: rseq.Counter(name=7, segment="shop"),  # type: ignore[arg-type]
            TypeError,
            "name: expected a str, such as 'hits'; got 7",
        ),
        *(
            (
                lambda name=name: rseq.Counter(name=name, segment="shop"),
                ValueError,
                f"name: expected printable letters, at most 1000 bytes, such as 'hits'; got {name!r}",
            )
            for name in ("", "a\n", "x" * 1001)
        ),
        (
            lambda: rseq.Counter(name="#1 Counter", segment="shop"),
            ValueError,
            "name: '#1 Counter' is not there; structures get names with '#' in front if they have no other",
        ),
    ],
)
def test_what_is_no_name_is_refused(make: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make()
    assert not issubclass(error, rseq.SegmentError)


# How it is written down


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1, 'ü\n"': [1.5, -0.0, 1e300, 5e-324, True, False, None, (1, [2])]},
        [],
        {},
        -(1 << 70),
        "\ud800",
    ],
)
def test_what_a_structure_is_made_with_is_written_as_json_has_it(value: object) -> None:
    assert as_json(value) == json.dumps(value, separators=(",", ":"))


@pytest.mark.parametrize("value", [float("inf"), float("nan"), b"", {1, 2}])
def test_what_json_has_not_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=r"^expected texts, numbers, "):
        as_json(value)
