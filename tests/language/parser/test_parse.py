"""Signatures: their types, their defaults, and what is refused; what is no function."""

from __future__ import annotations

import datetime
import functools
from typing import Any

import pytest

import rseq
from parsing import NAMES, Items, parsed
from programs import compiled
from rseq import prepared
from rseq._language.errors import CompileError


def test_the_head_shows_the_signature() -> None:
    head = str(parsed("p: ptr[Node], x: f32 = 0.5", "return x", "f32").body).splitlines()[0]
    assert head == "f(cpu: Items, p: ptr[Node], x: f32) -> f32:"


@pytest.mark.parametrize(
    ("type", "default", "number"),
    [
        ("i64", "-1", -1),
        ("u8", "255", 255),
        ("bool", "True", 1),
        ("f64", "1", 1.0),
        ("f32", "0.1", 0.10000000149011612),
        ("f64", "INF", float("inf")),
    ],
)
def test_defaults_are_numbers_of_their_type(type: str, default: str, number: float) -> None:
    kept = parsed(f"n: {type} = {default}", "pass").body.defaults["n"]
    assert kept == number
    assert isinstance(kept, float) == type.startswith("f")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("def f() -> None: pass", "the first parameter of a sequence is this CPU's record"),
        ("def f(cpu) -> None: pass", "the first parameter of a sequence is this CPU's record"),
        ("def f(cpu: rseq.Record) -> None: pass", "the first parameter of a sequence is this CPU's record"),
        ("def f(cpu: Items, n) -> None: pass", "parameter 'n' has no type"),
        ("def f(cpu: Items, n: int) -> None: pass", "parameter 'n' is <class 'int'>; expected a number"),
        ("def f(cpu: Items, n: i64[4]) -> None: pass", "parameter 'n' is i64[4]; expected a number"),
        ("def f(cpu: Items, n: prepared[i64]) -> None: pass", "parameter 'n' is prepared[i64]; expected"),
        ("def f(cpu: Items, *n: i64) -> None: pass", "* and ** parameters are not in the language"),
        ("def f(cpu: Items, *, n: i64) -> None: pass", "* and ** parameters are not in the language"),
        ("def f(cpu: Items, **n: i64) -> None: pass", "* and ** parameters are not in the language"),
        ("def f(cpu: Items) -> int: pass", "the result is <class 'int'>; expected a number"),
        ("def f(cpu: Items, n: u8 = 256) -> None: pass", "the default 256 of 'n' is no u8"),
        ("def f(cpu: Items, n: u8 = -1) -> None: pass", "the default -1 of 'n' is no u8"),
        ("def f(cpu: Items, n: i64 = 0.5) -> None: pass", "the default 0.5 of 'n' is no i64"),
        ("def f(cpu: Items, n: i64 = NAN) -> None: pass", "the default nan of 'n' is no i64"),
        ("def f(cpu: Items, n: i64 = INF) -> None: pass", "the default inf of 'n' is no i64"),
        ("def f(cpu: Items, n: i64 = 'a') -> None: pass", "the default 'a' of 'n' is no i64"),
        ("def f(cpu: Items, n: f64 = 10**400) -> None: pass", "of 'n' is no f64"),
        ("def f(cpu: Items, n: f32 = 1e300) -> None: pass", "the default 1e+300 of 'n' is no f32"),
        ("def f(cpu: Items, n: bool = 1) -> None: pass", "the default 1 of 'n' is no bool"),
        ("def f(cpu: Items, n: i64 = True) -> None: pass", "the default True of 'n' is no i64"),
        ("def f(cpu: Items = 1) -> None: pass", "this CPU's record has no default"),
        ("def f(cpu: Items, n: i64, /) -> None: pass", "`/` is not in the language"),
        ("def f(cpu: Items, /, n: i64) -> None: pass", "`/` is not in the language"),
        ("def f(cpu: Items, d: bytes = b'') -> None: pass", "a bytes has no default, and 'd' has b''"),
        ("def f(cpu: Items, d: bytearray = None) -> None: pass", "pass a bytearray in the call"),
        ("def f(cpu: Items, p: ptr[Node] = None) -> None: pass", "a ptr[Node] has no default"),
        ("def f(cpu: Items) -> i64 | f64: pass", "the result is i64 | f64; expected a number"),
        ("def f(cpu: Items) -> bool | i64 | None: pass", "the result is bool | i64 | None; expected a number"),
        ("def f(cpu: Items) -> ptr[Node] | i64: pass", "the result is ptr[Node] | i64; expected a number"),
        ("def f(cpu: Items, n: i64 | None | f64) -> None: pass", "'n' is i64 | None | f64; expected a number"),
        ("async def f(cpu: Items) -> None: pass", "f() is an async function"),
        ("@wrapping\ndef f(cpu: Items) -> None: pass", "a decorator has wrapped f(), and would be bypassed"),
    ],
)
def test_a_signature_is_refused(function: str, message: str) -> None:
    with pytest.raises(CompileError) as caught:
        compiled(f"{function}\n", **NAMES, prepared=prepared, wrapping=wrapping)
    assert caught.value.diagnostics[0].slug == "signature"
    assert message in str(caught.value)


def wrapping(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*arguments: object) -> object:
        return function(*arguments)

    return wrapper


def test_a_decorator_that_gives_back_its_function_bypasses_nothing() -> None:
    assert compiled("@(lambda function: function)\ndef f(cpu: Items) -> None: pass\n", **NAMES).__name__ == "f"


def test_no_signature_is_half_ignored_in_an_inline_function() -> None:
    for text in ("def f(n: i64, /) -> i64: return n", "def f(n: i64, *, m: i64) -> i64: return n"):
        with pytest.raises(CompileError, match=r"(is|are) not in the language"):
            compiled(f"{text}\n", decorator=rseq.inline, **NAMES)


@pytest.mark.parametrize("thing", [len, 3, Items, "def f(): pass", datetime.date.today])
def test_what_is_no_python_function_is_refused(thing: Any) -> None:
    with pytest.raises(TypeError, match="expected a Python function written with `def`"):
        rseq.sequence(thing)


def test_an_unbound_sequence_says_how_to_call_it() -> None:
    with pytest.raises(TypeError, match=r"f\(\) runs on per-CPU storage: bind it, as in"):
        parsed("n: i64", "cpu.count += n")(1)
