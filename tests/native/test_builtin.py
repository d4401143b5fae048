"""Builtins: what they look like, and what they refuse before anything is touched."""

from __future__ import annotations

import copy
import cProfile
import gc
import inspect
import io
import pickle
import pstats
import pydoc
import re
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rseq
from bound import Cell, Newest, Node, add, bound, publish, total
from rseq import f32, f64, i8, i32, i64, u8, u64
from rseq._builtins.bind import bound_to
from rseq._builtins.payload import is_payload
from support import ThreadSet

I64_RANGE = "an int of -9223372036854775808 to 9223372036854775807"
INFINITE = float("inf")
NAN = float("nan")

# What it looks like


def test_a_builtin_shows_the_users_names() -> None:
    function, _ = bound()
    assert function.__name__ == "add"
    assert function.__qualname__ == "Cell.add"  # it works on a Cell
    assert function.__doc__ == "Add `n` so many `times`. 100 % of it."
    assert function.__text_signature__ == "(n, times=1)"
    assert str(inspect.signature(function)) == "(n, times=1)"
    assert repr(function).startswith(f"<built-in method add of {Cell.__module__}.Cell object at 0x")
    assert inspect.isbuiltin(function)


def test_a_builtin_shows_a_bools_default_as_a_bool() -> None:
    @rseq.sequence
    def store(cpu: Cell, is_one: bool = False, scale: i64 = 1) -> None:
        cpu.value = scale if is_one else 0

    assert str(inspect.signature(store.bind(rseq.percpu(Cell)))) == "(is_one=False, scale=1)"


def test_a_counters_add_is_a_method_of_the_counter() -> None:
    hits = rseq.Counter()
    assert hits.add.__qualname__ == "Counter.add"
    assert str(inspect.signature(hits.add)) == "(n=1)"
    flows = rseq.CounterArray((2, 3))
    assert flows.add.__qualname__ == "CounterArray.add"
    assert str(inspect.signature(flows.add)) == "(index, n=1)"


def test_help_shows_signature_and_docstring() -> None:
    function, _ = bound()
    text = pydoc.plain(pydoc.render_doc(function))
    assert "add(n, times=1)" in text
    assert "Add `n` so many `times`. 100 % of it." in text
    assert "Any thread, any signal handler" in pydoc.plain(pydoc.render_doc(rseq.Counter().add))


def test_a_title_names_the_owner_everywhere() -> None:
    function = add.bind(rseq.percpu(Cell), title="Shop.sell")
    assert function.__qualname__ == "Shop.sell"
    with pytest.raises(TypeError, match=r"^Shop\.sell\(\) needs a value for 'n'$"):
        function()


@pytest.mark.parametrize("title", ["100%s", "a\nb", "a\0b", ".x", "x.", "\udc80", 'q"', "{}", "a b"])
def test_a_title_that_is_no_name_is_refused(title: str) -> None:
    with pytest.raises(ValueError, match=r"^title: expected names with dots between them, as in 'Owner\.method'; got "):
        add.bind(rseq.percpu(Cell), title=title)


def test_a_builtin_keeps_what_it_is_bound_to_whatever_its_module_is_called() -> None:
    function, storage = bound()
    assert function.__module__ == "rseq"
    function.__module__ = "elsewhere"
    del function.__module__
    assert bound_to(function).memory is storage.memory  # type: ignore[union-attr]
    assert bound_to(len) is None


def test_a_profiler_shows_a_name_that_means_something() -> None:
    function = add.bind(rseq.percpu(Cell), title="Shop.sell")
    profile = cProfile.Profile()
    profile.enable()
    function(1)
    profile.disable()
    text = io.StringIO()
    pstats.Stats(profile, stream=text).print_stats()
    assert "method 'sell' of 'rseq.Shop' objects" in text.getvalue() or "built-in method sell" in text.getvalue()


def test_a_profile_function_is_given_the_builtin() -> None:
    function, _ = bound()
    seen: list[tuple[str, object]] = []

    def look(frame: object, event: str, argument: object) -> None:
        if event.startswith("c_") and argument is function:
            seen.append((event, argument))

    sys.setprofile(look)
    try:
        function(1)
        with pytest.raises(TypeError):
            function("x")
    finally:
        sys.setprofile(None)
    assert [event for event, _ in seen] == ["c_call", "c_return", "c_call", "c_exception"]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_says_that_it_cannot(protocol: int) -> None:
    function, _ = bound()
    with pytest.raises(
        TypeError, match=r"bound to memory of this process and cannot be pickled; pass the storage, made in an"
    ):
        pickle.dumps(function, protocol)
    with pytest.raises(TypeError, match=r"cannot be pickled"):
        pickle.dumps(function.__self__, protocol)


def test_a_copy_is_the_builtin_itself() -> None:
    function, _ = bound()
    assert copy.copy(function) is function
    assert copy.deepcopy(function) is function
    with pytest.raises(TypeError, match=r"cannot be pickled"):
        copy.copy(function.__self__)
    assert is_payload(function.__self__)


# Which arguments there are


def test_arguments_may_be_positional_or_named() -> None:
    function, storage = bound()
    function(1)
    function(n=2)
    function(3, times=10)
    function(times=100, n=4)
    assert total(storage) == 433


@pytest.mark.parametrize(
    ("arguments", "keywords", "message"),
    [
        ((), {}, r"add\(\) needs a value for 'n'"),
        ((), {"times": 2}, r"add\(\) needs a value for 'n'"),
        ((1, 2, 3), {}, r"add\(\) takes 1 to 2 arguments, got 3 positional"),
        ((1,) * 1000, {}, r"add\(\) takes 1 to 2 arguments, got 1000 positional"),
        ((1,), {"n": 2}, r"add\(\) got two values for 'n'"),
        ((1,), {"m": 2}, r"add\(\) has no parameter called 'm'; it has n, times"),
        ((1,), {"%s%n": 2}, r"add\(\) has no parameter called '%s%n'; it has n, times"),
        ((1,), {"é": 2}, r"add\(\) has no parameter called 'é'; it has n, times"),
        ((1,), {"n\0": 2}, r"add\(\) has no parameter called 'n\\x00'; it has n, times"),
        ((1,), {"\udc80": 2}, r"add\(\) has no parameter called '\\udc80'; it has n, times"),
        ((1,), {"": 2}, r"add\(\) has no parameter called ''; it has n, times"),
    ],
)
def test_a_wrong_number_of_arguments_is_refused(arguments: Any, keywords: Any, message: str) -> None:
    function, storage = bound()
    with pytest.raises(TypeError, match=f"^{message}$"):
        function(*arguments, **keywords)
    assert total(storage) == 0


@pytest.mark.parametrize(("count", "element"), [(4, 1), ((2, 3), (1, 1))])
def test_a_value_that_is_missing_after_the_index_is_said_to_come_after_it(count: Any, element: Any) -> None:
    storage = rseq.percpu(Cell, count)
    function = add.bind(storage)
    expected = "add() needs a value for 'n', after the index of the element: add(index, n, times)"
    with pytest.raises(TypeError, match=f"^{re.escape(expected)}$"):
        function(element)
    for named in ({}, {"n": 1}):
        with pytest.raises(TypeError, match=r"^add\(\) needs a value for 'index'$"):
            function(**named)
    assert not storage.per_cpu()["value"].any()


def test_a_keyword_may_be_a_str_of_another_class() -> None:
    class Lying(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            raise AssertionError("never asked")

        __hash__ = str.__hash__

    function, storage = bound()
    function(**{Lying("n"): 5})
    assert total(storage) == 5


def test_parameters_may_be_in_any_alphabet() -> None:
    @rseq.sequence
    def größe(cpu: Cell, größe: i64, 数: i64 = 2) -> i64:  # noqa: N803, PLC2401
        cpu.value += größe
        return größe * 数

    function = größe.bind(rseq.percpu(Cell))
    assert function(größe=4) == 8
    assert function(4, 数=5) == 20
    assert function.__name__ == "größe"
    assert function.__doc__ == "größe(größe, 数=2)\n\n"  # CPython's own signatures are ASCII only
    with pytest.raises(ValueError, match=r"^no signature found for builtin"):
        inspect.signature(function)
    with pytest.raises(TypeError, match=rf"^größe\(\): 数 is i64, {I64_RANGE}; got <class 'str'>$"):
        function(1, "x")
    with pytest.raises(TypeError, match=r"^größe\(\) needs a value for 'größe'$"):
        function()
    with pytest.raises(TypeError, match=r"^größe\(\) got two values for 'größe'$"):
        function(1, größe=1)


def test_infinite_defaults_have_a_signature() -> None:
    @rseq.sequence
    def least(cpu: Cell, x: f64 = INFINITE, y: f64 = -INFINITE) -> f64:
        return x + y if x > y else x

    function = least.bind(rseq.percpu(Cell))
    assert [p.default for p in inspect.signature(function).parameters.values()] == [INFINITE, -INFINITE]
    assert function(1.0, 2.0) == 1.0


def test_a_default_of_nan_is_shown_in_the_text() -> None:
    @rseq.sequence
    def nothing(cpu: Cell, x: f64 = NAN) -> bool:
        return x == x

    function = nothing.bind(rseq.percpu(Cell))
    assert function.__doc__ == "nothing(x=nan)\n\n"
    assert function() is False


def test_an_index_does_not_hide_a_parameter_of_that_name() -> None:
    @rseq.sequence
    def at(cpu: Cell, index: i64) -> None:
        cpu.value += index

    storage = rseq.percpu(Cell, 3)
    function = at.bind(storage)
    assert str(inspect.signature(function)) == "(index_, index)"
    function(1, index=5)
    function(index=7, index_=2)
    assert total(storage).tolist() == [0, 5, 7]


# What they may be


class Index:
    """An integer that does something when it is asked for."""

    def __init__(self, number: int, do: Callable[[], object] = int) -> None:
        self.number, self.do = number, do

    def __index__(self) -> int:
        self.do()
        return self.number


class Real(Index):
    def __float__(self) -> float:
        self.do()
        return float(self.number)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("1", TypeError, rf"{I64_RANGE}; got <class 'str'>"),
        (1.0, TypeError, rf"{I64_RANGE}; got <class 'float'>; round it first, as in round\(x\)"),
        (None, TypeError, rf"{I64_RANGE}; got <class 'NoneType'>"),
        (1 << 63, OverflowError, rf"{I64_RANGE}; got 9223372036854775808"),
        (-(1 << 63) - 1, OverflowError, rf"{I64_RANGE}; got -9223372036854775809"),
        (1 << 200, OverflowError, rf"{I64_RANGE}; got {1 << 200}"),
        (10**200, OverflowError, rf"{I64_RANGE}; got a number of 201 digits"),
        pytest.param(
            10**5000, OverflowError, rf"{I64_RANGE}; got a number of very many digits", id="more than Python prints"
        ),
        (Index(1 << 70), OverflowError, rf"{I64_RANGE}; got <.*Index object at .*>"),
    ],
)
def test_an_integer_that_does_not_fit_is_refused(given: object, error: type[Exception], message: str) -> None:
    function, storage = bound()
    with pytest.raises(error, match=rf"^add\(\): n is i64, {message}$"):
        function(given)
    with pytest.raises(error, match=rf"^add\(\): times is i64, {message}$"):
        function(1, given)
    assert total(storage) == 0


@pytest.mark.parametrize("scalar", [rseq.i8, rseq.i16, rseq.i32, rseq.i64, rseq.u8, rseq.u16, rseq.u32, rseq.u64])
def test_each_integer_type_has_its_own_range(scalar: Any) -> None:
    @rseq.sequence
    def same(cpu: Cell, n: scalar) -> scalar:
        return n

    function = same.bind(rseq.percpu(Cell))
    for number in (scalar.minimum, scalar.maximum, 0, 1, max(scalar.minimum, -1)):
        assert function(number) == number
        assert function(Index(number)) == number
    for number in (scalar.minimum - 1, scalar.maximum + 1):
        with pytest.raises(
            OverflowError, match=rf"^same\(\): n is {scalar}, an int of {scalar.minimum} to .*; got {number}$"
        ):
            function(number)
    with pytest.raises(
        TypeError,
        match=rf"^same\(\): n is {scalar}, an int of .*; got <class 'float'>; round it first, as in round\(x\)$",
    ):
        function(0.0)


def test_floats_take_what_has_a_float() -> None:
    @rseq.sequence
    def halves(cpu: Cell, x: f64, y: f32) -> f64:
        return x + f64(y)

    function = halves.bind(rseq.percpu(Cell))
    assert function(1, Real(2)) == 3.0
    assert function(-1.0, 0.1) == -1.0 + 0.10000000149011612
    assert function(0, INFINITE) == INFINITE
    assert function(0, 3.4028235677973362e38) == 3.4028234663852886e38  # the last that is rounded to a finite one
    with pytest.raises(TypeError, match=r"^halves\(\): x is f64, a float; got <class 'str'>$"):
        function("1", 1)
    with pytest.raises(OverflowError, match=r"^halves\(\): x is f64, a float; got a number of 401 digits$"):
        function(10**400, 1)
    for number in (1e300, -3.4028235677973366e38):
        message = f"halves(): y is f32, a float of up to 3.4028235e+38; got {number}"
        with pytest.raises(OverflowError, match=f"^{re.escape(message)}$"):
            function(0, number)


def test_a_bool_is_true_or_false_and_nothing_else() -> None:
    @rseq.sequence
    def same(cpu: Cell, x: bool) -> bool:
        return x

    @rseq.inline
    def inlined(x: bool) -> bool:
        return x

    for function in (same.bind(rseq.percpu(Cell)), inlined):
        for given in (True, False, np.True_, np.False_):
            assert function(given) == bool(given)
        for given in (1, 0, 1.0, "", "yes", b"?", None, [], np.array([True]), np.uint8(1)):
            with pytest.raises(TypeError, match=rf"^{function.__name__}\(\): x is bool, True or False; got "):
                function(given)


def test_every_kind_of_result() -> None:
    @rseq.sequence
    def single(cpu: Cell, x: f32) -> f32:
        return x

    @rseq.sequence
    def double(cpu: Cell, x: f64) -> f64:
        return x

    @rseq.sequence
    def truth(cpu: Cell, x: bool) -> bool:
        return not x

    @rseq.sequence
    def byte(cpu: Cell, x: i64) -> i8:
        return i8(x)

    @rseq.sequence
    def octet(cpu: Cell, x: i64) -> u8:
        return u8(x)

    @rseq.sequence
    def word(cpu: Cell, x: u64) -> u64:
        return x

    @rseq.sequence
    def quarter(cpu: Cell, x: i64) -> i32:
        return i32(x)

    cell = rseq.percpu(Cell)
    assert single.bind(cell)(0.1) == 0.10000000149011612
    assert double.bind(cell)(0.1) == 0.1
    assert truth.bind(cell)(False) is True
    assert truth.bind(cell)(True) is False
    assert byte.bind(cell)(0xFF) == -1
    assert octet.bind(cell)(-1) == 0xFF
    assert word.bind(cell)((1 << 64) - 1) == (1 << 64) - 1
    assert quarter.bind(cell)(0x80000000) == -(1 << 31)
    assert add.bind(cell)(1) is None


# Objects that misbehave


class Refusal(Exception):
    pass


def refuse() -> None:
    raise Refusal


def test_an_exception_of_the_object_comes_out_as_it_is() -> None:
    function, storage = bound()
    with pytest.raises(Refusal):
        function(Index(1, refuse))
    with pytest.raises(Refusal):
        function(1, Index(1, refuse))
    with pytest.raises(Refusal):
        rseq.FloatCounter().add(Real(1, refuse))
    with pytest.raises(Refusal):
        rseq.CounterArray(3).add(Index(1, refuse))
    with pytest.raises(Refusal):
        rseq.CounterArray((3, 3)).add((0, Index(1, refuse)))
    assert total(storage) == 0


def test_an_object_may_delete_what_it_is_added_to() -> None:
    kept: dict[str, Any] = {"hits": rseq.Counter()}
    view = kept["hits"].storage.view()
    kept["hits"].add(Index(3, lambda: (kept.clear(), gc.collect())))
    assert view["value"].sum() == 3
    others = [rseq.Counter() for _ in range(100)]  # had the memory gone back, one of them would show the 3
    assert sum(other.value for other in others) == 0


def test_an_object_may_call_the_builtin_that_asks_it() -> None:
    function, storage = bound()

    def again() -> None:
        function(10)
        function(n=20, times=2)

    function(Index(1, again), times=Index(3, again))
    assert total(storage) == 3 + 2 * (10 + 40)


def test_an_object_may_let_other_threads_run(threads: ThreadSet) -> None:
    function, storage = bound()

    def work() -> None:
        for _ in range(200):
            function(times=Index(1, gc.get_count), n=Index(2, lambda: __import__("time").sleep(0)))

    threads.run(4, work)
    assert total(storage) == 4 * 200 * 2


def test_an_argument_without_a_usable_repr_does_no_harm() -> None:
    class Unprintable:
        def __repr__(self) -> str:
            raise Refusal

    function = publish.bind(rseq.percpu(Newest), rseq.array(Node, 2))
    with pytest.raises(Refusal):
        function(Unprintable(), 1)
