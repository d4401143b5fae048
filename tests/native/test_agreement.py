"""One meaning: the interpreter, the critical section and the spare lane agree on random programs and at all edges."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import programs
import rseq
from budgets import hungry, largest
from oracle import Bench, filled
from programs import Lane, Node, compiled, edges
from rseq._arch import host
from rseq._arch.base import RegisterError
from rseq._language.types import SCALARS, Pointer, Scalar
from rseq._percpu.rows import rows_of

QUICK = settings(
    max_examples=24,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
LONG = settings(QUICK, max_examples=250, derandomize=False, print_blob=True)

INTEGERS = [scalar for scalar in SCALARS.values() if scalar.is_integer]
FLOATS = [scalar for scalar in SCALARS.values() if scalar.is_float]
DIVISIONS = [
    (scalar, divisor) for scalar in INTEGERS for divisor in (1, 3, 10, 64, -1, -3) if divisor >= scalar.minimum
]

pytestmark = [pytest.mark.needs_rseq, pytest.mark.usefixtures("cpu")]


# Random programs


@st.composite
def program(draw: Any) -> tuple[str, bool]:
    writer = programs.Writer(draw)
    return writer.program(), writer.has_row


def agree(text: str, has_row: bool, data: st.DataObject, cpu: int) -> None:
    code = compiled(text)
    arrays = [rseq.array(Node, 3)] if has_row else []
    try:
        bench = Bench(code, cpu, *arrays)
    except RegisterError:
        assume(False)
        raise
    rows = [array[1] for array in arrays]
    for array in arrays:
        rows_of(array).writable[1] = filled(data.draw(st.integers(0, 99)), Node)
    bench.fill(filled(data.draw(st.integers(0, 9999)), Lane, *rows))
    scalars = [value.type for value in code.body.parameters if isinstance(value.type, Scalar)]
    for _ in range(6):
        arguments = data.draw(st.tuples(*(programs.numbers(scalar) for scalar in scalars)))
        bench.check(*rows, *arguments)


@given(program(), st.data())
@QUICK
def test_random_programs_mean_the_same_everywhere(cpu: int, made: tuple[str, bool], data: st.DataObject) -> None:
    agree(*made, data, cpu)


@pytest.mark.slow
@given(program(), st.data())
@LONG
def test_many_random_programs_mean_the_same_everywhere(cpu: int, made: tuple[str, bool], data: st.DataObject) -> None:
    agree(*made, data, cpu)


# Every operator at its edges


def function(parameters: str, result: str, body: str) -> Any:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return compiled(f"def f(cpu: Lane{parameters}) -> {result}:\n{lines}\n")


def values(scalar: Scalar) -> list[Any]:
    """All of 8 bits, the edges of more."""
    if scalar.is_integer and scalar.bits == 8:
        return list(range(int(scalar.minimum), int(scalar.maximum) + 1))
    return edges(scalar)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("operator", ["+", "-", "*", "&", "|", "^", "<<", ">>"])
@pytest.mark.parametrize("scalar", INTEGERS, ids=str)
def test_integers_wrap_and_shifts_are_masked(cpu: int, scalar: Scalar, operator: str) -> None:
    bench = Bench(function(f", a: {scalar}, b: {scalar}", str(scalar), f"return a {operator} b"), cpu)
    for left in edges(scalar):
        for right in [*edges(scalar), *(n for n in (7, 8, 9, 31, 32, 63, 64, 65) if n <= scalar.maximum)]:
            bench.check(left, right)


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("scalar", "divisor"), DIVISIONS, ids=str)
def test_division_by_a_constant_floors(cpu: int, scalar: Scalar, divisor: int) -> None:
    body = f"cpu.c_{scalar} = a // {divisor}\nreturn a % {divisor}"
    bench = Bench(function(f", a: {scalar}", str(scalar), body), cpu)
    for number in values(scalar):
        assert bench.check(number) == scalar.wrap(number % divisor)
        assert bench.lanes[0][0][f"c_{scalar}"] == scalar.wrap(number // divisor)


@pytest.mark.parametrize("scalar", INTEGERS, ids=str)
def test_division_by_the_edges_of_a_type_floors(cpu: int, scalar: Scalar) -> None:
    for divisor in {scalar.maximum, scalar.minimum or 1, scalar.maximum // 2 + 1}:
        body = f"cpu.c_{scalar} = a // {divisor}\nreturn a % {divisor}"
        bench = Bench(function(f", a: {scalar}", str(scalar), body), cpu)
        for number in values(scalar):
            assert bench.check(number) == scalar.wrap(number % divisor)


@pytest.mark.one_in(4)
@pytest.mark.parametrize("operator", ["+", "-", "*", "/"])
@pytest.mark.parametrize("scalar", FLOATS, ids=str)
def test_float_arithmetic_is_rounded_once_and_never_raises(cpu: int, scalar: Scalar, operator: str) -> None:
    bench = Bench(function(f", a: {scalar}, b: {scalar}", str(scalar), f"return a {operator} b"), cpu)
    for left in edges(scalar):
        for right in edges(scalar):
            bench.check(left, right)


@pytest.mark.one_in(6)
@pytest.mark.parametrize("scalar", [*INTEGERS, *FLOATS, SCALARS["bool"]], ids=str)
def test_conversions_wrap_round_and_saturate(cpu: int, scalar: Scalar) -> None:
    for target in SCALARS.values():
        bench = Bench(function(f", a: {scalar}", str(target), f"return {target}(a)"), cpu)
        for number in values(scalar):
            bench.check(bool(number) if scalar.kind == "bool" else number)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("scalar", [*INTEGERS, *FLOATS], ids=str)
def test_comparisons_and_their_opposites_know_nan(cpu: int, scalar: Scalar) -> None:
    signs = ["==", "!=", "<", "<=", ">", ">="]
    plain = [f"if a {sign} b:\n    r |= {1 << place}" for place, sign in enumerate(signs)]
    negated = [f"if not (a {sign} b):\n    r |= {64 << place}" for place, sign in enumerate(signs)]
    body = "\n".join(["r: i64 = 0", *plain, *negated, "return r"])
    bench = Bench(function(f", a: {scalar}, b: {scalar}", "i64", body), cpu)
    for left in edges(scalar):
        for right in edges(scalar):
            answer = bench.check(left, right)
            assert (answer & 63) ^ (answer >> 6) == 63


@pytest.mark.one_in(4)
@pytest.mark.parametrize("scalar", INTEGERS, ids=str)
def test_constants_of_any_size_fit_every_instruction(cpu: int, scalar: Scalar) -> None:
    for number in edges(scalar):
        body = "\n".join(
            [
                f"x = (({number} - a) ^ {number}) + {number}",
                f"cpu.p_{scalar} = {number}",
                f"if a == {number} or x > {number}:",
                f"    cpu.c_{scalar} = {number}",
                "    return x",
                f"cpu.c_{scalar} += {number}",
                f"return x * {number}",
            ]
        )
        bench = Bench(function(f", a: {scalar}", str(scalar), body), cpu)
        for argument in edges(scalar):
            bench.check(argument)


def test_a_constant_negative_zero_is_not_zero(cpu: int) -> None:
    body = "if a:\n    cpu.c_f64 = 0.0\n    return 0.0\ncpu.c_f64 = -0.0\nreturn -0.0"
    bench = Bench(function(", a: bool", "f64", body), cpu)
    assert [str(bench.check(flag)) for flag in (True, False)] == ["0.0", "-0.0"]


@pytest.mark.parametrize("name", ["ctz", "clz", "bits"])
@pytest.mark.parametrize("scalar", INTEGERS, ids=str)
def test_bits_are_counted_in_the_width_of_the_type(cpu: int, scalar: Scalar, name: str) -> None:
    bench = Bench(function(f", a: {scalar}", str(scalar), f"return rseq.{name}(a)"), cpu)
    for number in [*values(scalar), *(scalar.wrap(1 << place) for place in range(scalar.bits))]:
        text = f"{int(number) & ((1 << scalar.bits) - 1):0{scalar.bits}b}"
        zeros = {"ctz": len(text) - len(text.rstrip("0")), "clz": len(text) - len(text.lstrip("0"))}
        assert bench.check(number) == zeros.get(name, text.count("1"))


EXTRA = {
    "nothing more": "",
    "a shift": "    cpu.c_u16 = cpu.c_u16 << cpu.a_u16[0]",
    "a division": "    cpu.c_i64 = cpu.c_i64 // 7",
    "both": "    cpu.c_i64 = (cpu.c_i64 % 7) << cpu.a_i64[1]",
    "conversions": "    cpu.c_u64 = u64(cpu.c_f64) + u64(f64(cpu.a_u64[0]))",
}


@pytest.mark.one_in(2)
@pytest.mark.parametrize("extra", EXTRA)
@pytest.mark.parametrize("is_float", [False, True], ids=["int", "float"])
def test_the_largest_sequences_that_are_accepted_compile_and_agree(cpu: int, is_float: bool, extra: str) -> None:
    architecture = host()
    assert architecture is not None
    kind = "f64" if is_float else "i64"
    count = largest(architecture, kind=kind, extra=EXTRA[extra])
    bench = Bench(hungry(count, kind=kind, extra=EXTRA[extra]), cpu)
    for seed in range(20):
        bench.fill(filled(seed, Lane))
        bench.check()


# What went wrong once


def test_locals_may_be_called_as_the_compiler_calls_its_own(cpu: int) -> None:
    body = "x = cpu.c_i64\nresult = x + a\ncpu.c_i64 = result\nreturn x"
    assert Bench(function(", a: i64", "i64", body), cpu).check(7) == 0
    body = "rest1 = cpu.c_i64\nconstant1 = rest1 % 3 + rest1\ncpu.c_i64 = rest1 + 1\nreturn constant1"
    bench = Bench(function("", "i64", body), cpu)
    assert [bench.check() for _ in range(4)] == [0, 2, 4, 3]


def test_a_parameter_may_be_called_cpu(cpu: int) -> None:
    bench = Bench(
        compiled("def f(me: Lane, cpu: i32) -> i32:\n    me.c_i32 = cpu\n    return rseq.cpu_number()\n"), cpu
    )
    assert bench.check(7) == cpu


def test_a_loop_variable_may_hide_a_parameter(cpu: int) -> None:
    bench = Bench(function(", a: i64", "i64", "for a in range(2):\n    pass\na = 5\nreturn a"), cpu)
    assert bench.check(1) == 5


def test_an_index_is_checked_only_where_it_is_used(cpu: int) -> None:
    bench = Bench(function(", a: i64", "i64", "return cpu.a_i64[a] if False else 7"), cpu)
    assert bench.check(100) == 7


def test_an_index_out_of_range_leaves_what_was_prepared_and_commits_nothing(cpu: int) -> None:
    body = "cpu.p_i64 = 7\ni = a * 2\ncpu.a_i64[i] = 1"
    bench = Bench(function(", a: i64", "None", body), cpu)
    assert "is out of range for cpu.a_i64, which has 6 elements" in bench.check(3)
    assert bench.lanes[0][0]["p_i64"] == 7
    assert not bench.lanes[0][0]["a_i64"].any()
    for index in (-1, 1 << 62, 3, -(1 << 62)):
        assert "IndexError" in bench.check(index)


def test_an_index_error_shows_the_index_as_it_was_written(cpu: int) -> None:
    bench = Bench(function(", a: i64", "i64", "a += 1\ncpu.a_i64[a * 2 % 100] = 1\nreturn a"), cpu)
    assert bench.check(20) == "IndexError: a * 2 % 100 is out of range for cpu.a_i64, which has 6 elements"


def test_pointers_are_rows_or_none(cpu: int) -> None:
    rows = rseq.array(Node, 3)
    text = """
def f(cpu: Lane, row: ptr[Node], n: i64) -> ptr[Node]:
    old = cpu.head
    if old is not None and old.read == n:
        return old
    row.written = i32(n)
    cpu.head = row
    return None
"""
    bench = Bench(compiled(text), cpu, rows)
    rows_of(rows).writable["read"] = [5, 6, 7]
    assert bench.check(rows[1], 6) is None
    assert bench.check(rows[2], 6) == rows[1]
    assert bench.check(rows[2], 9) is None
    assert list(rows.values["written"]) == [0, 6, 9]
    assert isinstance(bench.code.body.parameters[0].type, Pointer)
