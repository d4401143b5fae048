"""Inline functions: what they become in their callers, what is refused, and what they compute for Python."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

import rseq
from programs import compiled
from rseq import i64, ptr, u8
from rseq._language.interpret import Memory, run


class Node(rseq.Record):
    value: i64


class Lane(rseq.Record):
    value: i64
    small: u8
    counts: i64[8]


class Other(rseq.Record):
    value: i64


@rseq.inline
def clamp(x: i64, low: i64 = 0, high: i64 = 7) -> i64:
    """The nearest number from `low` to `high`."""
    if x < low:
        return low
    if x > high:
        x = high
    return x


@rseq.inline
def power(x: i64, n: i64) -> i64:
    product: i64 = 1
    for _ in range(n):
        product *= x
    return product


@rseq.inline
def odd(x: i64) -> i64 | None:
    if x & 1 == 0:
        return None
    return x * 3


@rseq.inline
def put(cpu: Lane, at: i64, n: i64) -> None:
    cpu.counts[clamp(at)] += n


@rseq.inline
def first_above(cpu: Lane, least: i64) -> i64:
    """An early return out of a loop."""
    for i in range(8):
        if cpu.counts[i] > least:
            return i
    return -1


@rseq.inline
def next_byte(x: u8) -> u8:
    return x + 1


@rseq.inline
def value_of(node: ptr[Node]) -> i64:
    return node.value


NAMES = {name: thing for name, thing in globals().items() if isinstance(thing, rseq.Inline)}


def function(signature: str, *lines: str, decorator: Any = rseq.sequence, **names: Any) -> Any:
    text = f"def f{signature}:\n{textwrap.indent(chr(10).join(lines), '    ')}\n"
    return compiled(text, decorator, Lane=Lane, Node=Node, Other=Other, **{**NAMES, **names})


def meaning(*arguments: str, **names: Any) -> str:
    """The operations, without the head."""
    return "\n".join(line.strip() for line in function(*arguments, **names).ir.splitlines()[1:])


def messages(*arguments: Any, **names: Any) -> list[str]:
    with pytest.raises(rseq.CompileError) as caught:
        function(*arguments, **names)
    return [diagnostic.message for diagnostic in caught.value.diagnostics]


def test_one_return_at_the_end_is_the_value_itself() -> None:
    ops = meaning(
        "(cpu: Lane, n: i64) -> None", "cpu.value = twice(n)", twice=_inline("(x: i64) -> i64", "return x * 2")
    )
    assert ops == "%3 = n * 2\ncpu.value = %3\nreturn"


def test_early_returns_leave_to_the_end_of_the_call() -> None:
    code = function("(cpu: Lane, n: i64) -> i64", "return clamp(n) + clamp(n, -3, 3)")
    for n in (-9, -1, 0, 2, 5, 9):
        assert run(code.body, Memory.of(Lane), [n]) == min(max(n, 0), 7) + min(max(n, -3), 3)
    assert rseq.ContractError.__mro__[1] is rseq.CompileError
    assert "clamp.1.x = n" in code.ir  # it is assigned, so it has a register of its own


def test_a_return_inside_of_a_loop() -> None:
    code = function("(cpu: Lane, n: i64) -> i64", "return first_above(cpu, n)")
    memory = Memory.of(Lane)
    memory.store(memory.lane(0) + Lane.fields["counts"].offset + 5 * 8, i64, 9)  # type: ignore[arg-type]
    assert [run(code.body, memory, [n]) for n in (0, 8, 9)] == [5, 5, -1]


def _inline(signature: str, *lines: str, **names: Any) -> Any:
    return function(signature, *lines, decorator=rseq.inline, **names)


def test_constants_stay_constants_in_the_type_of_the_parameter() -> None:
    assert run(function("(cpu: Lane) -> i64", "return power(3, 4)").body, Memory.of(Lane)) == 81
    twice = _inline("(x: i64) -> i64", "return x * 2")
    assert meaning("(cpu: Lane) -> None", "cpu.value = twice(21) + 1", twice=twice) == "cpu.value = 43\nreturn"
    assert meaning("(cpu: Lane) -> None", "cpu.small = next_byte(255)") == "cpu.small = 0\nreturn"
    at = _inline("(n: i64) -> i64", "if n > 7:", "    return 7", "return n")
    ops = meaning("(cpu: Lane, n: i64) -> None", "cpu.counts[at(100)] += n", at=at)
    assert ops == "cpu.counts[at(100)] += n\nreturn"  # element 7, which needs no check
    with pytest.raises(rseq.CompileError, match="the bounds of range"):
        function("(cpu: Lane, n: i64) -> None", "cpu.value = power(2, n)")


def test_constants_mean_what_variables_do() -> None:
    for text in (
        "a // 3",
        "a % -5",
        "a << 70",
        "a >> 1",
        "a * a * a",
        "-a",
        "~a",
        "(a ^ 9) - (a & 7)",
        "a + 9223372036854775807",
    ):
        made = _inline("(a: i64) -> i64", f"return {text}")
        variable = function("(cpu: Lane, n: i64) -> i64", "return g(n)", g=made)
        for number in (0, 1, -1, 7, -(1 << 63), (1 << 63) - 1):
            constant = function("(cpu: Lane) -> i64", f"return g({number})", g=made)
            expected = run(variable.body, Memory.of(Lane), [number])
            assert run(constant.body, Memory.of(Lane)) == expected, (text, number)
            assert made(number) == expected


def test_a_commit_in_an_inline_function_is_the_callers() -> None:
    code = function("(cpu: Lane, n: i64) -> None", "put(cpu, n, 2)")
    memory = Memory.of(Lane)
    run(code.body, memory, [4])
    assert memory.load(memory.lane(0) + Lane.fields["counts"].offset + 4 * 8, i64) == 2  # type: ignore[arg-type]
    with pytest.raises(rseq.ContractError) as caught:
        function("(cpu: Lane, n: i64) -> None", "cpu.value = n", "put(cpu, n, 2)")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.slug == "store-after-commit"
    assert "put(cpu, n, 2)" in str(diagnostic)
    assert "called here" in str(diagnostic)


def test_results_that_may_be_none() -> None:
    code = function(
        "(cpu: Lane, n: i64) -> i64 | None", "x = odd(n)", "if x is None:", "    return None", "return x + 1"
    )
    assert [run(code.body, Memory.of(Lane), [n]) for n in (4, 5)] == [None, 16]
    assert messages("(cpu: Lane, n: i64) -> i64", "return odd(n)") == ["odd(n) may be None here"]
    assert (odd(4), odd(5)) == (None, 15)


def test_a_parameter_that_becomes_a_result_which_may_be_none_is_kept_for_a_restart() -> None:
    body = function("(cpu: Lane, n: i64) -> i64", "n = odd(n)", "if n is None:", "    return 0", "return n").body
    assert not {getattr(op, "target", None) for op in body.ops} & set(body.parameters)
    assert [run(body, Memory.of(Lane), [n]) for n in (4, 5)] == [0, 15]


def test_names_of_the_caller_and_of_two_calls_are_apart() -> None:
    add = _inline("(x: i64) -> i64", "y = x + 1", "if x > 5:", "    y = y * 2", "return y")
    code = function("(cpu: Lane, x: i64) -> i64", "y = x * 100", "z = add(add(x))", "return y + z", add=add)
    assert run(code.body, Memory.of(Lane), [5]) == 500 + 14


def test_the_record_is_passed_on_and_checked() -> None:
    twice = _inline("(lane: Lane, n: i64) -> None", "put(lane, n, 1)")
    function("(cpu: Lane, n: i64) -> None", "twice(cpu, n)", twice=twice)
    assert messages("(cpu: Lane, n: i64) -> None", "put(n, n, 1)") == ["put() takes cpu first"]
    assert messages("(cpu: Other, n: i64) -> None", "put(cpu, n, 1)") == ["put() works on Lane, this function on Other"]
    assert messages("(cpu: Lane, n: i64) -> None", "put(cpu, n)") == ["put() takes 2 arguments after cpu; got 1"]
    no_lane = _inline("(n: i64) -> None", "put(cpu, n, 1)")
    assert messages("(cpu: Lane, n: i64) -> None", "g(n)", g=no_lane) == ["put() takes cpu first"]


def test_a_sequence_that_is_called_without_the_record_asks_for_it() -> None:
    step = function("(cpu: Lane) -> i64", "old = cpu.value", "cpu.value = old + 1", "return old")
    no_lane = _inline("() -> i64", "return step()", step=step)
    with pytest.raises(rseq.CompileError) as caught:
        function("(cpu: Lane) -> i64", "return g()", decorator=rseq.routine, g=no_lane)
    (diagnostic,) = caught.value.diagnostics
    assert (diagnostic.message, diagnostic.fix) == (
        "f() takes cpu first",
        "give this function the record too: cpu",
    )


def test_arguments_are_converted_as_a_calls_are() -> None:
    assert run(function("(cpu: Lane, n: i32) -> i64", "return clamp(n)").body, Memory.of(Lane), [9]) == 7
    assert messages("(cpu: Lane, x: f64) -> i64", "return clamp(x)") == ["expected i64, got f64"]
    assert messages("(cpu: Lane) -> u8", "return next_byte(256)") == ["256 does not fit u8 (0 … 255)"]
    assert messages("(cpu: Lane, n: i64) -> i64", "return clamp(x=n)") == ["calls take plain positional arguments"]


def test_pointers_are_passed_and_stay_what_they_are() -> None:
    code = function("(cpu: Lane, node: ptr[Node]) -> i64", "return value_of(node)")
    memory = Memory.of(Lane)
    at = memory.add(8)
    memory.store(at, i64, 77)  # type: ignore[arg-type]
    assert run(code.body, memory, [at]) == 77
    function("(cpu: Lane, node: ptr[Node]) -> None", "cpu.value = value_of(node)", "return")


def test_routines_call_them_and_they_call_sequences() -> None:
    step = function("(cpu: Lane) -> i64", "old = cpu.value", "cpu.value = old + 1", "return old")
    twice = _inline("(cpu: Lane) -> i64", "return step(cpu) + step(cpu)", step=step)
    loop = _inline(
        "(cpu: Lane, n: i64) -> i64",
        "s: i64 = 0",
        "while n > 0:",
        "    s += twice(cpu)",
        "    n -= 1",
        "return s",
        twice=twice,
    )
    code = function(
        "(cpu: Lane, n: i64) -> i64", "return loop(cpu, n) + loop(cpu, 1)", decorator=rseq.routine, loop=loop
    )
    assert run(code.body, Memory.of(Lane), [3]) == sum(range(8))
    with pytest.raises(rseq.CompileError, match="is a call"):
        function("(cpu: Lane) -> i64", "return twice(cpu)", twice=twice)


def test_a_mistake_is_shown_in_the_function_and_where_it_is_called_and_once() -> None:
    wrong = _inline("(x: i64) -> i64", "y = x + 1.5", "return y")
    with pytest.raises(rseq.CompileError) as caught:
        function("(cpu: Lane, n: i64) -> i64", "a = wrong(n)", "b = wrong(a)", "return a + b", wrong=wrong)
    (diagnostic,) = caught.value.diagnostics
    shown = str(diagnostic).splitlines()
    assert [line.split("|")[1].strip() for line in shown if "|" in line] == [
        "y = x + 1.5",
        "^",
        "a = wrong(n)",
        "-------- called here",
    ]
    assert sum(line.startswith("  in <program ") for line in shown) == 1  # the other file


def test_what_has_no_return_on_every_path_is_refused() -> None:
    half = _inline("(x: i64) -> i64", "if x > 3:", "    return 1")
    assert messages("(cpu: Lane, n: i64) -> i64", "return half(n)", half=half) == [
        "f() may end without returning its i64"
    ]


def test_signatures_are_looked_at_when_they_are_made() -> None:
    for signature in (
        "(x) -> i64",
        "(x: list) -> i64",
        "(*x: i64) -> i64",
        "(x: i64 = 1.5) -> i64",
        "(x: i64) -> list",
    ):
        with pytest.raises(rseq.CompileError):
            _inline(signature, "return 1")


def test_all_that_is_wrong_with_a_signature_is_said() -> None:
    with pytest.raises(rseq.CompileError) as caught:
        _inline("(x, y: list, z: i64) -> list", "return 1")
    assert [one.message.partition(" is ")[0] for one in caught.value.diagnostics] == [
        "parameter 'x' has no type",
        "parameter 'y'",
        "the result",
    ]


def test_what_is_refused_is_refused_when_python_calls_it() -> None:
    with pytest.raises(rseq.CompileError, match="unknown is not defined"):
        _inline("() -> i64", "return unknown")()


def test_python_calls_those_that_take_numbers() -> None:
    assert (clamp(99), clamp(-5, low=-3), clamp(x=4), power(2, 10), power(3, n=40)) == (7, -3, 4, 1024, _wrapped(3**40))
    assert next_byte(255) == 0
    with pytest.raises(OverflowError, match=r"next_byte\(\): x is u8, an int of 0 to 255; got 256"):
        next_byte(256)
    with pytest.raises(TypeError, match=r"clamp\(\): x is i64, an int of .*; got <class 'str'>"):
        clamp("a")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^clamp\(\) needs a value for 'x'$"):
        clamp()  # type: ignore[call-arg]
    for call in (lambda: put(None, 1, 2), lambda: value_of(None)):
        with pytest.raises(TypeError, match="works on memory of sequences"):
            call()
    with pytest.raises(TypeError, match="reads the clock"):
        _inline("() -> u64", "return rseq.clock()")()


def _wrapped(number: int) -> int:
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)


def test_floats_and_bools_come_back_as_such() -> None:
    half = _inline("(x: f64, up: bool) -> f64", "return x / 2 + (0.5 if up else 0.0)")
    assert (half(3, True), half(1.0, False)) == (2.0, 0.5)
    is_small = _inline("(x: i32) -> bool", "return -3 < x < 3")
    assert [is_small(x) for x in (-3, 0, 3)] == [False, True, False]


def test_an_inline_function_remembers_its_name_and_text() -> None:
    assert (clamp.__name__, clamp.__doc__) == ("clamp", "The nearest number from `low` to `high`.")
    assert repr(clamp) == "<rseq.inline clamp>"
