"""What functions, parameters, records and titles may be called: anything, or it is refused in a sentence."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

import rseq
from rseq import i64

SPECIAL = [
    "__init__",
    "__new__",
    "__del__",
    "__call__",
    "__getattribute__",
    "__getattr__",
    "__setattr__",
    "__class_getitem__",
    "__repr__",
    "__hash__",
    "__eq__",
    "__len__",
    "__buffer__",
    "__slots__",
    "__module__",
    "__reduce__",
    "__reduce_ex__",
    "__init_subclass__",
    "__set_name__",
    "__dict__",
    "__weakref__",
    "__doc__",
    "__class__",
    "__iter__",
    "__enter__",
    "__sizeof__",
    "__mro_entries__",
    "mro",
    "decode",
    "hex",
    "print",
    "match",
    "None_",
    "é",
    "ﬁ",
]
_files = count()


def compiled(text: str) -> dict[str, Any]:
    """What is defined by a text that sequences find in a file of its own."""
    file = f"<names {next(_files)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    namespace: dict[str, Any] = {"rseq": rseq, **{name: getattr(rseq, name) for name in ("i64", "u64", "f64")}}
    exec(compile(text, file, "exec"), namespace)
    return namespace


def counting(name: str, parameter: str = "n", field: str = "value") -> tuple[Any, Any]:
    """A builtin of that name, and its storage."""
    made = compiled(
        f"class R(rseq.Record):\n    {field}: i64\n    other: i64\n"
        f"@rseq.sequence\ndef {name}(cpu: R, {parameter}: i64 = 3) -> i64:\n"
        f"    x = cpu.{field}\n    cpu.{field} = x + {parameter}\n    return x\n"
    )
    storage = rseq.percpu(made["R"])
    (function,) = (thing for thing in made.values() if isinstance(thing, rseq.Sequence))
    return function.bind(storage), storage


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", SPECIAL)
def test_a_sequence_may_be_called(name: str) -> None:
    bound, storage = counting(name)
    bound()
    bound(n=4)
    assert sum(int(lane["value"]) for lane in storage.view()) == 7
    assert bound.__name__ in (name, "fi")
    with pytest.raises(TypeError, match=r"\(\): n is i64, "):
        bound("x")
    payload = bound.__self__
    for use in (
        repr,
        hash,
        dir,
        str,
        bool,
        type,
        lambda thing: thing == thing,
        lambda thing: getattr(thing, name, None),
    ):
        use(payload)
    for change in (
        lambda: setattr(payload, name, 1),
        lambda: object.__setattr__(payload, name, 1),
        lambda: setattr(type(payload), name, 1),
        lambda: type.__setattr__(type(payload), name, 1),
        type(payload),
        lambda: object.__new__(type(payload)),
        lambda: type("Sub", (type(payload),), {}),
        lambda: setattr(payload, "__class__", int),
    ):
        with pytest.raises((TypeError, AttributeError)):
            change()
    bound(5)
    assert sum(int(lane["value"]) for lane in storage.view()) == 12


@pytest.mark.parametrize("name", ["x" * 70_000, "x" * 1030])
def test_names_may_be_very_long(name: str) -> None:
    for bound in (counting(name)[0], counting("f", parameter=name)[0], counting("f", field=name)[0]):
        bound()
        assert bound() == 3
        assert bound(4) == 6
    assert add().bind(rseq.percpu(CELL), title=f"Owner.{name}")() == 3


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    "name", [name for name in SPECIAL if name != "__module__"] + ["fields", "size", "dtype", "live", "self"]
)
def test_a_field_may_be_called(name: str) -> None:
    bound, storage = counting("f", field=name)
    bound()
    assert bound() == 3
    assert sum(int(lane[0]) for lane in storage.view()) == 6


class Cell(rseq.Record):
    value: i64


CELL = Cell


def add() -> Any:
    @rseq.sequence
    def add(cpu: Cell, n: i64 = 3) -> i64:
        cpu.value += n
        return n

    return add


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", SPECIAL)
def test_a_title_may_end_in(name: str) -> None:
    bound = add().bind(rseq.percpu(Cell), title=f"Owner.{name}")
    assert bound() == 3
    assert bound.__name__ == name


class Shouting(str):
    """It says another thing than it is."""

    __slots__ = ()

    def split(self, *_: Any) -> Any:
        raise AssertionError("never asked")

    rpartition = split


def test_a_title_is_a_str() -> None:
    storage = rseq.percpu(Cell)
    for title in (5, b"a", ["a"], object()):
        with pytest.raises(TypeError, match=r"^title: expected a str such as 'Owner\.method'; got "):
            add().bind(storage, title=title)
    assert add().bind(storage, title=Shouting("Owner.method")).__qualname__ == "Owner.method"


def many(count: int, type: str, arrays: Callable[[Any], tuple[Any, ...]] = lambda made: ()) -> Any:
    parameters = ", ".join(f"p{number}: {type}" for number in range(count))
    made = compiled(
        "class R(rseq.Record):\n    value: i64\n"
        f"@rseq.routine\ndef f(cpu: R, {parameters}) -> i64:\n    return i64({count})\n"
    )
    return made["f"].bind(rseq.percpu(made["R"]), *arrays(made))


@pytest.mark.parametrize(
    ("type", "value"),
    [("i64", 5), ("f64", 0.5), ("bool", True), ("u64", 7), ("bytes", b"x"), ("bytearray", bytearray(b"x"))],
)
def test_fifty_parameters_are_bound_in_a_moment(type: str, value: Any) -> None:
    bound = many(50, type)
    assert bound(*[value] * 50) == 50
    assert bound(**{f"p{number}": value for number in range(50)}) == 50
    with pytest.raises(TypeError, match=r"^f\(\) needs a value for 'p49'$"):
        bound(*[value] * 49)
    with pytest.raises(TypeError, match=r"^f\(\) got two values for 'p0'$"):
        bound(*[value] * 49, p0=value)
    with pytest.raises(TypeError, match=r"^f\(\): p49 is "):
        bound(*[value] * 49, object())
    assert len(inspect.signature(bound).parameters) == 50


def test_more_parameters_than_a_builtin_takes_are_refused() -> None:
    with pytest.raises(
        TypeError, match=r"^f\(\) has 256 parameters after the first, and a builtin takes up to 255; pass"
    ):
        many(256, "i64")


def test_buffers_are_let_go_whichever_argument_is_wrong() -> None:
    bound, arrays = many(5, "bytearray"), [bytearray(8) for _ in range(5)]
    for wrong in range(5):
        given: list[Any] = list(arrays)
        given[wrong] = "no buffer"
        with pytest.raises(TypeError):
            bound(*given)
        for array in arrays:
            array.append(1)  # a BufferError if somebody holds it
    bound(*arrays)
    for array in arrays:
        array.append(1)
