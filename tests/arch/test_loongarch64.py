"""loongarch64, which Unicorn does not run: its sections on a model of the instructions, beside the interpreter."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

import examples
import programs
import rseq
from emulator import NO_LANE, ROWS, Board, memory_of
from loongarch import Model
from oracle import filled
from programs import Lane, Node, compiled, edges
from rseq import _arch as arch
from rseq import i32, prepared, u8
from rseq._arch.base import IndexMode
from rseq._check.code import Operation
from rseq._language.interpret import Memory
from rseq._language.section import section
from rseq._language.types import SCALARS, Scalar

LOONGARCH = arch.get("loongarch64")
INTEGERS = [scalar for scalar in SCALARS.values() if scalar.is_integer]
FLOATS = [scalar for scalar in SCALARS.values() if scalar.is_float]


class Text(rseq.Record):
    there: u8[300]
    here: prepared[u8[310]]
    turn: i32


def function(parameters: str, result: str, body: str, **options: bool) -> Any:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return compiled(f"def f(cpu: Lane{parameters}) -> {result}:\n{lines}\n", rseq.sequence(**options))


def lane(seed: int = 0) -> Memory:
    """Two lanes of edges, and three rows."""
    memory = memory_of(Lane, like=LOONGARCH)
    memory.blocks[ROWS] = bytearray(3 * Node.size)
    for number, start in enumerate(memory.blocks):
        if start < ROWS:
            memory.blocks[start][:] = filled(seed + number, Lane, ROWS + Node.size).tobytes()
        else:
            memory.blocks[start][:] = b"".join(filled(seed + row, Node).tobytes() for row in range(3))
    return memory


def argument(type: Any, seed: int, rows: list[int]) -> Any:
    if not isinstance(type, Scalar):
        return rows[0]
    choices = edges(type)
    return choices[seed * 7919 % len(choices)]


def model_of(code: Any, index: IndexMode = "cpu_id") -> Model:
    return Model(LOONGARCH.assemble(section(code.body), index))


def check(code: Any, arguments: Any, memory: Any = None) -> None:
    model, memory = model_of(code), memory or lane(7)
    for numbers in arguments:
        model.check(memory, numbers)


@pytest.mark.parametrize("scalar", INTEGERS, ids=str)
def test_integers(scalar: Any) -> None:
    for sign in ("+", "-", "*", "&", "|", "^", "<<", ">>"):
        counts = [number for number in (7, 8, 31, 32, 33, 63, 64) if number <= scalar.maximum]
        code = function(f", a: {scalar}, b: {scalar}", str(scalar), f"return a {sign} b")
        check(code, itertools.product(edges(scalar), [*edges(scalar), *counts]))
    for divisor in (1, 2, 3, 7, -1, -3, scalar.maximum, scalar.minimum):
        if scalar.minimum <= divisor and divisor:
            body = f"cpu.c_{scalar} = a // {divisor}\nreturn a % {divisor}"
            check(function(f", a: {scalar}", str(scalar), body), [(number,) for number in edges(scalar)])
    for name in ("rseq.ctz(a)", "rseq.clz(a)", "rseq.bits(a)", "-a", "~a"):
        check(function(f", a: {scalar}", str(scalar), f"return {name}"), [(number,) for number in edges(scalar)])
    for number in edges(scalar):
        body = (
            f"x = (({number} - a) ^ {number}) + {number}\ncpu.c_{scalar} += {number}\nreturn (x | {number}) - {number}"
        )
        check(function(f", a: {scalar}", str(scalar), body), [(one,) for one in edges(scalar)])


@pytest.mark.parametrize("scalar", [*INTEGERS, *FLOATS], ids=str)
def test_comparisons(scalar: Any) -> None:
    lines = [f"if a {sign} b:\n    r |= {1 << n}" for n, sign in enumerate(("==", "!=", "<", "<=", ">", ">="))]
    lines += [f"if not (a {sign} b):\n    r |= {64 << n}" for n, sign in enumerate(("==", "!=", "<", "<=", ">", ">="))]
    code = function(f", a: {scalar}, b: {scalar}", "i32", "\n".join(["r: i32 = 0", *lines, "return r"]))
    check(
        code,
        itertools.product(edges(scalar)[:: 2 if scalar.is_float else 1], edges(scalar)[:: 3 if scalar.is_float else 1]),
    )


@pytest.mark.parametrize("scalar", FLOATS, ids=str)
def test_floats(scalar: Any) -> None:
    for sign in ("+", "-", "*", "/"):
        code = function(f", a: {scalar}, b: {scalar}", str(scalar), f"return a {sign} b * {scalar}(0.1)")
        check(
            code,
            itertools.product(
                edges(scalar)[:: 2 if scalar.is_float else 1], edges(scalar)[:: 3 if scalar.is_float else 1]
            ),
        )


@pytest.mark.parametrize("scalar", SCALARS.values(), ids=str)
def test_conversions(scalar: Any) -> None:
    for target in SCALARS.values():
        code = function(f", a: {scalar}", str(target), f"return {target}(a)")
        more = [(1 << 63) + (1 << 10) + 1, (1 << 63) + (1 << 39) + 1] if scalar.name == "u64" else []
        check(code, [(bool(n) if scalar.kind == "bool" else n,) for n in [*edges(scalar), *more]])


@pytest.mark.parametrize("release", [False, True])
@pytest.mark.parametrize("scalar", [one for one in SCALARS.values() if one.kind != "bool"], ids=str)
def test_loads_and_stores(scalar: Any, release: bool) -> None:
    body = f"old = cpu.a_{scalar}[i]\ncpu.p_{scalar} = old\ncpu.a_{scalar}[i] += a\nreturn old"
    code = function(f", a: {scalar}, i: u8", str(scalar), body, release=release, acquire=release)
    check(code, [(a, i) for a in edges(scalar)[:3] for i in range(11)])


@pytest.mark.parametrize("index", ["cpu_id", "mm_cid"])
def test_examples(index: IndexMode) -> None:
    for _, code in examples.sequences():
        operation = Operation.of(code)  # in which a clock is a constant
        model: Any = Filled(LOONGARCH.assemble(section(operation.body), index))
        for seed in range(12):
            Board.check_filled(model, operation, seed, examples.row_of(code.body.record))


class Filled(Model):
    """A model that Board fills the records for."""

    program = SimpleNamespace(architecture=LOONGARCH)

    def check(self, operation: Operation, memory: Memory, arguments: Any, cpu: int) -> Any:  # type: ignore[override]
        return super().check(memory, arguments, cpu)


def test_random_programs() -> None:
    for code, _, seed in programs.random_programs(200):
        model, memory = model_of(code), lane(seed)
        for turn in range(4):
            numbers = [
                argument(value.type, 11 * turn + n, [ROWS + Node.size]) for n, value in enumerate(code.body.parameters)
            ]
            model.check(memory, numbers, cpu=turn & 1)


def test_copies() -> None:
    body = "    rseq.copy(cpu.here[to], cpu.there[at], n)\n    cpu.turn += 1\n"
    text = f"def f(cpu: Text, at: u64, to: u64, n: u64) -> None:\n{body}"
    model = model_of(compiled(text, Text=Text))
    for at, to, nbytes in itertools.product((0, 1, 8), (0, 4, 5), (*range(35), 255, 290, 296, 300)):
        memory = memory_of(Text, like=LOONGARCH)
        memory.blocks[memory.base][:] = filled(nbytes, Text).tobytes()
        model.check(memory, [at, to, nbytes], cpu=0)


@pytest.mark.parametrize("index", ["cpu_id", "mm_cid"])
def test_without_a_lane_nothing_happens(index: IndexMode) -> None:
    model = model_of(function(", n: i32", "i32 | None", "if n == 3:\n    return None\ncpu.c_i32 += n\nreturn n"), index)
    for cpu in (-1, -2, 2, 3, 0x7FFFFFFF):
        memory = lane()
        before = memory.copy()
        assert model.call(memory, [7], cpu) == NO_LANE
        assert memory.blocks == before.blocks
    assert model.check(lane(), [3]) is None
