"""KeyedCounter: counts by key, of threads and processes."""

from __future__ import annotations

import collections
import copy
import enum
import http
import pickle
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rseq
from models.keyed import Model
from rseq._structures.keyed.keys import MOST_NESTED, packed, plain, unpacked


class Color(enum.StrEnum):
    RED = "red"


class Flow(tuple[Any, ...]):
    __slots__ = ()


class Text(str):
    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise AssertionError("never asked")

    __hash__ = str.__hash__


class Data(bytes):
    __slots__ = ()


Point = collections.namedtuple("Point", "x y")


KEYS: list[Any] = [
    "", "GET /", "grüße", "\udc80", "a\0b", "x" * 1000, b"", b"GET /", b"\xff\0", 0, 1, -1, 255, 256,
    -(1 << 63), 1 << 63,
    1 << 200, -(1 << 200), (), ("a",), ("GET", 200), (b"a", -5), ((), ((),)), ("a", ("b", (b"c", 4))), ("1", 1, b"1"),
]  # fmt: skip


def nested(depth: int) -> Any:
    key: Any = "x"
    for _ in range(depth):
        key = (key,)
    return key


# ---- counting


def test_it_counts_as_a_counter_of_collections() -> None:
    hits, expected = rseq.KeyedCounter(100), collections.Counter[Any]()
    for turn in range(5):
        for number, key in enumerate(KEYS):
            hits.add(key, number - turn)
            expected[key] += number - turn
    assert hits.items() == list(expected.items())
    assert hits.most_common() == expected.most_common()
    assert hits.most_common(3) == expected.most_common(3)
    assert dict(hits) == expected  # type: ignore[call-overload]
    assert hits.keys() == list(hits) == list(expected)
    assert (hits.total(), hits.overflow, len(hits)) == (expected.total(), 0, len(KEYS))
    assert all(hits[key] == expected[key] and key in hits for key in KEYS)
    assert repr(hits) == f"<rseq.KeyedCounter of {expected.total()} in {len(KEYS)} of 100 keys>"


def test_one_is_added_unless_another_number_is_said() -> None:
    hits = rseq.KeyedCounter(3)
    hits.add("a")
    hits.add("a", n=4)
    hits.add(key="b", n=-2)
    hits.add("b", True)
    hits.add("b", np.int8(5))  # type: ignore[arg-type]
    hits.add("new", np.uint64(7))  # type: ignore[arg-type]
    assert hits.items() == [("a", 5), ("b", 4), ("new", 7)]


def test_what_is_not_there_counts_nothing() -> None:
    hits = rseq.KeyedCounter(3)
    assert (hits["a"], "a" in hits, len(hits), hits.total()) == (0, False, 0, 0)
    assert hits.items() == hits.most_common() == hits.keys() == []
    assert bool(hits)
    hits.add("a", 0)
    assert (hits["a"], "a" in hits, hits.items()) == (0, True, [("a", 0)])


def test_counts_wrap_around() -> None:
    hits = rseq.KeyedCounter(1)
    hits.add("a", (1 << 63) - 1)
    hits.add("a", 2)
    hits.add("b", -(1 << 63))
    assert (hits["a"], hits.overflow) == (-(1 << 63) + 1, -(1 << 63))


@pytest.mark.parametrize("seed", range(5))
def test_it_is_the_model(seed: int) -> None:
    chance = random.Random(seed)
    capacity = chance.randrange(1, 30)
    hits, model = rseq.KeyedCounter(capacity, key_bytes=1500), Model(capacity)
    for _ in range(2000):
        key, n = chance.choice(KEYS), chance.randrange(-5, 50)
        hits.add(key, n)
        model.add(key, n)
    assert (hits.items(), hits.overflow, hits.total()) == (model.items(), model.overflow, model.total())
    some = chance.randrange(capacity + 2)
    assert hits.most_common(some) == model.most_common(some)


# ---- keys


@pytest.mark.parametrize("key", KEYS, ids=lambda key: repr(key)[:20])
def test_a_key_is_what_was_written_down(key: Any) -> None:
    found = unpacked(packed(plain(key)))
    assert found == key
    assert type(found) is type(key)


def test_the_number_of_parts_and_their_limits_tell_tuples_apart() -> None:
    keys: list[Any] = [("ab", "c"), ("a", "bc"), ("abc",), "abc", ("a", "b", "c"), (("a", "b"), "c"), ("a", ("b", "c"))]
    keys += [b"abc", (b"abc",), 0, "0", b"0", ("", "abc"), ("abc", "")]
    assert len({packed(key) for key in keys}) == len(keys)


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        (http.HTTPStatus.OK, 200),
        (Color.RED, "red"),
        (np.str_("red"), "red"),
        (Text("red"), "red"),
        (Data(b"red"), b"red"),
        (np.bytes_(b"red"), b"red"),
        (Point("GET", http.HTTPStatus.OK), ("GET", 200)),
        (Flow(("GET", (Color.RED,))), ("GET", ("red",))),
    ],
    ids=repr,
)
def test_objects_of_subclasses_are_what_they_hold(given: Any, counted: Any) -> None:
    for first, second in ((given, counted), (counted, given)):
        hits = rseq.KeyedCounter(5)
        hits.add(first)
        hits.add(second, 2)
        ((key, count),) = hits.items()
        assert (key, count) == (counted, 3)
        assert type(key) is type(counted)
        assert hits[given] == hits[counted] == 3


REFUSED = [True, False, 1.0, float("nan"), 10.0**300, None, [], {}, 1j, object, bytearray(b"a"), memoryview(b"a")]


REFUSED += [frozenset(), ("a", True), ("a", ("b", 1.0)), (None,), np.int64(1), Point(1, True)]


@pytest.mark.parametrize("key", REFUSED, ids=lambda key: type(key).__name__)
def test_what_is_no_key_is_refused_and_counts_nothing(key: Any) -> None:
    hits = rseq.KeyedCounter(9)
    for known in (1, ("a", 1), ("a", ("b", 1)), 0):
        hits.add(known)
    before = hits.items()
    uses: list[Callable[[], Any]] = [lambda: hits.add(key), lambda: hits.add(key, n=2), lambda: hits[key]]
    for use in [*uses, lambda: key in hits, lambda: hits.row_of(key)]:
        with pytest.raises(TypeError, match=r"^a key: expected a str, bytes, an int, or a tuple of these; got "):
            use()
    assert (hits.items(), hits.overflow) == (before, 0)


def test_a_bool_and_a_float_are_told_what_to_do() -> None:
    hits: Any = rseq.KeyedCounter(1)
    said = "a key: expected a str, bytes, an int, or a tuple of these; got"
    for key, why in (
        (True, "True, a bool, which a dict takes for an int: pass int(key) or str(key)"),
        (("a", 0.5), "0.5, a float, which a dict takes whole ones for ints: pass int(key) or str(key)"),
    ):
        with pytest.raises(TypeError) as caught:
            hits.add(key)
        assert str(caught.value) == f"{said} {why}"


def test_tuples_lie_in_tuples_so_deep() -> None:
    hits = rseq.KeyedCounter(2, key_bytes=200)
    hits.add(nested(MOST_NESTED))
    assert hits.keys() == [nested(MOST_NESTED)]
    again = rseq.KeyedCounter(2, key_bytes=200)
    again.merge(hits)
    assert again.keys() == hits.keys()
    for depth in (MOST_NESTED + 1, 100_000):
        with pytest.raises(ValueError, match=r"^a key: expected tuples in tuples up to 32 deep, got more$"):
            hits.add(nested(depth))
    assert len(hits) == 1


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((), TypeError, r"KeyedCounter\.add\(\) missing 1 required positional argument: 'key'"),
        (("a", 1, 2), TypeError, r"KeyedCounter\.add\(\) takes from 2 to 3 positional arguments but 4 were given"),
        (("a", "x"), TypeError, r"KeyedCounter\.add\(\): n is an int; got 'x'"),
        (("a", 1.0), TypeError, r"KeyedCounter\.add\(\): n is an int; got 1\.0"),
        (("new", None), TypeError, r"KeyedCounter\.add\(\): n is an int; got None"),
        (("new", 1 << 63), OverflowError, r"KeyedCounter\.add\(\): n is an int of -2\*\*63 … 2\*\*63 - 1; got \d+"),
        (("a", 1 << 63), OverflowError, r"KeyedCounter\.add_row\(\): n is i64, an int of -\d+ to \d+; got \d+"),
    ],
)
def test_wrong_arguments_change_nothing(arguments: Any, error: type[Exception], message: str) -> None:
    hits = rseq.KeyedCounter(2)
    hits.add("a")
    with pytest.raises(error, match=rf"^{message}$"):
        hits.add(*arguments)
    assert hits.items() == [("a", 1)]


def test_what_a_number_raises_comes_out_as_it_is() -> None:
    class Raising:
        def __index__(self) -> int:
            raise TypeError("mine")

    hits: Any = rseq.KeyedCounter(2)
    with pytest.raises(TypeError, match=r"^mine$"):
        hits.add("a", Raising())


# ---- bounds


def test_what_has_no_room_is_counted_exactly() -> None:
    hits = rseq.KeyedCounter(2)
    for number in range(1000):
        hits.add(number, number)
    assert hits.items() == [(0, 0), (1, 1)]
    assert (hits.overflow, hits.total(), hits.capacity) == (sum(range(2, 1000)), sum(range(1000)), 2)


def test_a_key_that_is_too_long_overflows_and_shorter_ones_have_room() -> None:
    hits = rseq.KeyedCounter(10, key_bytes=10)
    hits.add("a" * 1000, 5)
    hits.add("short", 2)
    hits.add((1,) * 100, 3)
    assert (hits.items(), hits.overflow, hits.key_bytes) == ([("short", 2)], 8, 10)


@pytest.mark.parametrize("length", [1, 7, 8, 9, 64, 100])
def test_there_is_room_for_as_many_keys_as_were_asked_for(length: int) -> None:
    for key_of in (lambda n: f"{n:0{length}}"[:length], lambda n: f"{n:0{length}}"[:length].encode()):
        capacity = min(10**length, 200)
        hits = rseq.KeyedCounter(capacity, key_bytes=length)
        for number in range(capacity):
            hits.add(key_of(number))
        assert (len(hits), hits.overflow) == (capacity, 0)


@pytest.mark.parametrize("given", [("x",), (1.0,), (True,), (None,)])
def test_a_capacity_that_is_no_int_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match=r"^capacity: expected an int, got "):
        rseq.KeyedCounter(*given)
    with pytest.raises(TypeError, match=r"^key_bytes: expected an int, got "):
        rseq.KeyedCounter(5, key_bytes=given[0])


@pytest.mark.parametrize(("capacity", "key_bytes"), [(0, 64), (-1, 64), (5, 0), (5, -3)])
def test_less_than_one_is_refused(capacity: int, key_bytes: int) -> None:
    with pytest.raises(ValueError, match=r"^capacity, key_bytes: expected 1 or more, got "):
        rseq.KeyedCounter(capacity, key_bytes=key_bytes)


@pytest.mark.parametrize(("capacity", "key_bytes"), [(1 << 40, 1), (1, 1 << 40), (1 << 70, 1 << 70), (1 << 26, 64)])
def test_what_is_absurdly_large_is_refused(capacity: int, key_bytes: int) -> None:
    with pytest.raises(ValueError, match=r"; the most is 4294967296: ask for fewer keys, or for shorter ones$"):
        rseq.KeyedCounter(capacity, key_bytes=key_bytes)


# ---- rows, merge, copies


def test_rows_stand_for_keys() -> None:
    hits = rseq.KeyedCounter(2)
    rows = [hits.row_of(key) for key in ("a", ("b", 1), "a", "c")]
    assert rows == [1, 2, 1, 0]
    for number, row in enumerate(rows):
        hits.add_row(row, 10**number)
    hits.add_row(1)
    assert (hits.items(), hits.overflow) == ([("a", 102), (("b", 1), 10)], 1000)
    for row in (3, -1, 1 << 70):
        with pytest.raises(IndexError, match=r"^KeyedCounter\.add_row\(\): "):
            hits.add_row(row)


def test_merging_adds_what_another_has_counted() -> None:
    one, other = rseq.KeyedCounter(3), rseq.KeyedCounter(2)
    for key in ("a", "b", "c"):
        one.add(key)
        other.add(key, 10)
    other.add("d", 100)
    one.merge(other)
    assert (one.items(), one.overflow) == ([("a", 11), ("b", 11), ("c", 1)], 110)
    other.merge(one)
    assert (other.items(), other.overflow) == ([("a", 21), ("b", 21)], 110 + 1 + 110)
    other.merge(other)
    assert other.items() == [("a", 42), ("b", 42)]
    before = one.snapshot()
    for wrong in (None, 5, ["a"], rseq.Counter()):
        with pytest.raises(
            TypeError, match=r"^merge\(\) takes an rseq\.KeyedCounter, or a mapping of keys to ints; got "
        ):
            one.merge(wrong)  # type: ignore[arg-type]
    for entry, error in (({1.5: 1}, TypeError), ({"b": "x"}, TypeError), ({"b": 1 << 63}, OverflowError)):
        with pytest.raises(error):
            one.merge({"a": 1, **entry})  # type: ignore[dict-item]
    assert one.snapshot() == before


def test_a_snapshot_is_a_counter_that_can_be_merged() -> None:
    hits = rseq.KeyedCounter(2)
    for key in ("a", ("b", 1), "c", "a"):
        hits.add(key)
    taken = hits.snapshot()
    assert type(taken) is collections.Counter
    assert taken == {"a": 2, ("b", 1): 1, None: 1}
    assert taken.total() == hits.total()
    hits.add("a", 5)
    assert hits.snapshot() - taken == {"a": 5}
    other = rseq.KeyedCounter(3)
    for one in (taken, pickle.loads(pickle.dumps(taken)), {"x": 4}, {http.HTTPStatus.OK: 1}):
        other.merge(one)
    assert (other.items(), other.overflow) == ([("a", 4), (("b", 1), 2), ("x", 4)], 3)
    assert rseq.KeyedCounter(1).snapshot() == {}


def test_counts_are_added_to_and_not_set_and_it_is_no_dict() -> None:
    hits: Any = rseq.KeyedCounter(2)
    with pytest.raises(TypeError, match=r"are added to, and not set: counter\.add\(key, n\)$"):
        hits["a"] += 1
    for other in ({}, collections.Counter()):
        with pytest.raises(TypeError, match=r"^a KeyedCounter is no dict: compare its `snapshot\(\)` with one$"):
            assert hits == other
    assert hits == hits
    assert hits != rseq.KeyedCounter(2)
    assert len({hits, hits}) == 1


def test_a_private_one_cannot_be_pickled_or_copied() -> None:
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"^a private KeyedCounter cannot be .* Pass its items, or make"):
            attempt(rseq.KeyedCounter(3))


def test_one_that_was_not_set_up_says_so() -> None:
    empty: Any = rseq.KeyedCounter.__new__(rseq.KeyedCounter)
    calls: list[Callable[[], Any]] = [lambda: empty.add("a"), lambda: empty.add_row(0), lambda: empty["a"]]
    calls += [lambda: "a" in empty, lambda: len(empty), empty.items, empty.keys, empty.total, lambda: empty.overflow]
    calls += [lambda: empty.row_of("a"), lambda: empty.capacity, lambda: empty.key_bytes, lambda: repr(empty)]
    for call in calls:
        with pytest.raises(TypeError, match=r"was made without calling __init__$"):
            call()
    with pytest.raises(TypeError, match=r"was made without calling __init__$"):
        rseq.KeyedCounter(2).merge(empty)


def test_a_subclass_may_override_what_counts() -> None:
    class Loud(rseq.KeyedCounter):
        def add(self, key: Any, n: int = 1) -> None:
            super().add(key, 2 * n)

        def row_of(self, key: Any) -> int:
            raise AssertionError("never asked")

        keys = items = None  # type: ignore[assignment]

    hits = Loud(2)
    hits.add("a")
    hits.add("a", 3)
    assert (hits["a"], hits.total()) == (8, 8)


def test_what_machine_code_looks_up_may_be_written_over() -> None:
    """By those who look for what is private. It is no way into other memory."""
    hits: Any = rseq.KeyedCounter(3)
    hits.add("a")
    for wrong in (99, -1, 1 << 70, None, "x", [], 1.5, object()):
        hits._entered["a"] = wrong
        for given in (("a",), ("a", 1), ("a", "x")):
            with pytest.raises((TypeError, IndexError, OverflowError)):
                hits.add(*given)
    hits._entered.clear()
    hits._read = 0
    hits.add("a")
    assert hits.items() == [("a", 2)]
