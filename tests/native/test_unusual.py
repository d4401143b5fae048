"""What builtins hand over to Python: what is raised there stays what it is, nothing is held, nothing is half done."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import rseq
from rseq import f64, i8, i64, prepared, u8, u64
from rseq._builtins.unusual import Unusual


class Cell(rseq.Record):
    value: i64


class Text(rseq.Record):
    count: u64
    text: prepared[u8[16]]


@rseq.sequence
def add(cpu: Cell, n: i64, times: i64 = 1) -> None:
    cpu.value += n * times


@rseq.sequence
def either(cpu: Cell, first: bool, second: bool = True) -> bool:
    return second if first else False


@rseq.sequence
def both(cpu: Text, n: i8, data: bytes, out: bytearray) -> None:
    rseq.copy(out, cpu.text, 4)
    cpu.count += 1


class Asked:
    """A number that does something when it is asked for."""

    def __init__(self, do: Callable[[], object], number: float = 1) -> None:
        self.do, self.number = do, number

    def __index__(self) -> int:
        self.do()
        return int(self.number)

    def __float__(self) -> float:
        self.do()
        return float(self.number)


def total(storage: rseq.percpu[Any], field: str = "value") -> int:
    return int(storage.per_cpu()[field].sum())


class Stop(BaseException):
    pass


@pytest.fixture
def handler() -> Iterator[list[BaseException]]:
    """A signal's handler that raises what it is given."""
    raised: list[BaseException] = []

    def handle(number: int, frame: object) -> None:
        raise raised[0]

    before = signal.signal(signal.SIGUSR2, handle)
    yield raised
    signal.signal(signal.SIGUSR2, before)


@pytest.mark.parametrize(
    "error", [TypeError("mine"), OverflowError("mine"), ValueError("mine"), BufferError("mine"), Stop("mine")], ids=repr
)
def test_what_a_signal_handler_raises_in_a_conversion_comes_out(
    error: BaseException, handler: list[BaseException]
) -> None:
    handler.append(error)
    asked, counts = Asked(lambda: signal.raise_signal(signal.SIGUSR2)), rseq.percpu(Cell)
    bound, floats, table = add.bind(counts), rseq.FloatCounter(), rseq.CounterArray((2, 3))
    for call in (
        lambda: bound(asked),
        lambda: bound(1, times=asked),
        lambda: floats.add(asked),
        lambda: table.add((1, asked)),
    ):
        with pytest.raises(type(error)) as caught:
            call()
        assert caught.value is error
    assert (total(counts), floats.value, int(table.values().sum())) == (0, 0.0, 0)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="buffers of Python classes came with Python 3.12")
@pytest.mark.parametrize("error", [TypeError("mine"), ValueError("mine"), Stop("mine")], ids=repr)
def test_what_an_exporter_raises_comes_out(error: BaseException) -> None:
    class Exporter:
        def __buffer__(self, flags: int) -> memoryview:
            raise error

    texts: Any = rseq.percpu(Text)
    given: Any = Exporter()
    with pytest.raises(type(error)) as caught:
        both.bind(texts)(1, given, bytearray(4))
    assert caught.value is error
    assert total(texts, "count") == 0


@pytest.mark.parametrize("out", [b"read-only", "no buffer", np.array([None]), np.zeros(8)[::2]], ids=repr)
def test_a_buffer_is_let_go_where_another_is_refused(out: Any) -> None:
    texts, data = rseq.percpu(Text), bytearray(8)
    bound, held = both.bind(texts), sys.getrefcount(data)
    for number in (1, np.int8(1)):
        try:
            bound(number, data, out)
        except (TypeError, BufferError, ValueError):  # the last is what NumPy says
            continue
        raise AssertionError("it was taken")
    data.append(1)  # which no holder of its bytes allows
    assert sys.getrefcount(data) == held
    assert total(texts, "count") == 0


def test_names_with_an_o_are_no_objects_and_dates_have_no_format() -> None:
    texts = rseq.percpu(Text)
    bound = both.bind(texts)
    for kind in ([("Order", "i4"), ("x", "f8")], "M8[s]", [("at", "M8[s]")]):
        given = np.ones(3, kind)
        bound(1, given, given)
        assert given.tobytes()[:4] == bytes(4)
        assert given.tobytes()[4:] != bytes(given.nbytes - 4)
        given.resize(9, refcheck=False)  # which NumPy refuses while a view is there
    assert total(texts, "count") == 3


def test_a_view_that_was_released_says_so() -> None:
    view = memoryview(b"1234")
    view.release()
    with pytest.raises(ValueError, match=r"^operation forbidden on released memoryview object$"):
        both.bind(rseq.percpu(Text))(1, view, bytearray(4))


@pytest.mark.parametrize(
    "converted", [("x",), ("x", 1), (1, 2, 3), [1, 2], 5, (1 << 70, 1), (None, None), (np.int64(1), 1)], ids=repr
)
def test_what_machine_code_does_not_read_is_not_converted_twice(
    converted: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts, seen = rseq.percpu(Cell), []

    def convert(self: Unusual, words: int, /, *arguments: object, **keywords: object) -> object:
        seen.append((arguments, keywords))
        return converted

    bound = add.bind(counts)
    monkeypatch.setattr(Unusual, "_converted", convert)
    with pytest.raises((SystemError, OverflowError)):
        bound("any", times="any")  # type: ignore[arg-type]
    assert seen == [(("any", "any"), {})]
    assert total(counts) == 0


def test_names_may_come_in_any_order() -> None:
    counts = rseq.percpu(Cell)
    bound = add.bind(counts)
    for keywords in ({"n": 2, "times": 3}, {"times": 3, "n": 2}, {"times": np.int8(3), "n": 2}):
        bound(**keywords)
    bound(2, times=3)
    assert total(counts) == 24


def test_a_default_bool_is_one() -> None:
    bound = either.bind(rseq.percpu(Cell))
    assert bound(np.True_) is True
    assert bound(second=False, first=True) is False


def test_numbers_of_other_classes_are_what_they_say() -> None:
    class Mine(float):
        def __float__(self) -> float:
            raise AssertionError("it is one")

    class Whole(int):
        def __index__(self) -> int:
            raise AssertionError("it is one")

    @rseq.sequence
    def twice(cpu: Cell, n: u64, x: f64) -> f64:
        return f64(i64(n)) * x

    bound: Any = twice.bind(rseq.percpu(Cell))
    assert bound(Whole(2), Mine(1.5)) == 3.0
    assert bound(True, np.float64(1.5)) == 1.5
    assert bound(np.uint64(1 << 40), np.float32(0.5)) == float(1 << 39)
    assert bound(3, 1 << 70) == 3.0 * 2**70
    for given in (-1, Whole(-1), Asked(int, -1), np.int64(-1), 1 << 64):
        with pytest.raises(OverflowError, match=r"^twice\(\): n is u64, an int of 0 to 18446744073709551615; got "):
            bound(given, 1.0)
    assert bound((1 << 64) - 1, 1.0) == -1.0
    for text in ("1.5", b"1.5", np.str_("1")):
        with pytest.raises(TypeError, match=r"^twice\(\): x is f64, a float; got <class "):
            bound(1, text)
