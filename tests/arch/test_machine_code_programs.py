"""The machine code of examples and of random programs does what the interpreter does, on every architecture."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

import budgets
import examples
import grammar
import programs
from arch.machine_code import (
    COMPARISONS,
    OPERATORS,
    board_of,
    check_all,
    each_architecture,
    each_other_architecture,
    function,
    lane,
)
from budgets import widest
from emulator import BUFFERS, ROWS, in_order, memory_of
from oracle import filled
from programs import Node, edges
from rseq._arch.base import Architecture, IndexMode
from rseq._language.interpret import Memory
from rseq._language.types import SCALARS, Scalar

# Examples and random programs


@pytest.mark.one_in(4)
@each_architecture
@pytest.mark.parametrize("index", ["cpu_id", "mm_cid"])
def test_examples_do_what_they_mean(architecture: Architecture, index: IndexMode) -> None:
    board, operations = board_of(architecture, budgets.narrow_enough(architecture, examples.timeless()), index)
    for operation in operations:
        for seed in range(40):
            board.check_filled(operation, seed, examples.row_of(operation.record))


def check_programs(architecture: Architecture, made: Sequence[tuple[Any, bool, int]]) -> None:
    drawn, made = len(made), [one for one in made if budgets.assembles(architecture, one[0])]
    assert len(made) > drawn // 2
    board, operations = board_of(architecture, [code for code, _, _ in made])
    for operation, (_, has_row, seed) in zip(operations, made, strict=True):
        memory = lane(architecture, seed)
        for turn in range(8):
            scalars = [value.type for value in operation.body.parameters if isinstance(value.type, Scalar)]
            arguments = [programs.argument(scalar, seed + turn + place, []) for place, scalar in enumerate(scalars)]
            board.check(operation, memory, [*[ROWS + Node.size][: int(has_row)], *arguments], cpu=turn & 1)


@pytest.mark.one_in(2)
@each_architecture
def test_random_programs_mean_the_same_everywhere(architecture: Architecture) -> None:
    check_programs(architecture, programs.some_programs(8 * architecture.pointer_bytes))


@pytest.mark.slow
@each_other_architecture
def test_each_operation_means_the_same_on_the_others(architecture: Architecture) -> None:
    """Each one on each type of number, in one program that is compiled once, at a part of the edges."""
    cases = []
    for scalar in SCALARS.values():
        name, some = str(scalar), [bool(n) if scalar.kind == "bool" else n for n in edges(scalar)[::2]]
        one = [(n,) for n in some]
        bodies = [f"return {target}(a)" for target in SCALARS]
        results = list(SCALARS)
        if scalar.is_integer:
            texts = ("-a", "~a", "a // 7", "a % 10", "a * 3", "rseq.ctz(a)", "rseq.clz(a)", "rseq.bits(a)")
            bodies += [f"return {text}" for text in texts]
            results += [name] * len(texts)
        cases += [(function(f", a: {name}", *what), lambda a=one: a) for what in zip(results, bodies, strict=True)]
        pairs = list(itertools.product(some, some[1::2]))
        texts = () if scalar.kind == "bool" else ("+", "-", "*", "/") if scalar.is_float else OPERATORS
        parameters = f", a: {name}, b: {name}"
        cases += [(function(parameters, name, f"return a {sign} b"), lambda a=pairs: a) for sign in texts]
        body = "r: i32 = 0\n" + "\n".join(f"if a {sign} b:\n    r |= {1 << n}" for n, sign in enumerate(COMPARISONS))
        if scalar.kind != "bool":
            cases.append((function(parameters, "i32", f"{body}\nreturn r"), lambda a=pairs: a))
            body = f"old = cpu.a_{name}[1]\ncpu.p_{name} = a\ncpu.c_{name} += b\nreturn old"
            cases.append((function(parameters, name, body), lambda a=pairs: a))
    check_all(architecture, cases)


@pytest.mark.slow
@each_other_architecture
def test_a_few_random_programs_mean_the_same_on_the_others(architecture: Architecture) -> None:
    check_programs(architecture, programs.some_programs(8 * architecture.pointer_bytes)[:60])


@pytest.mark.slow
@each_architecture
def test_many_random_programs_mean_the_same_everywhere(architecture: Architecture) -> None:
    check_programs(architecture, programs.random_programs(250, 1, 8 * architecture.pointer_bytes))


def check_grammar(architecture: Architecture, count: int, first: int = 0) -> None:
    """Programs with buffers, copies and rows, where registers have 64 bits."""
    if architecture.pointer_bytes < 8:
        pytest.skip("lengths are of 64 bits")
    made = grammar.many(count, first, architecture=architecture)
    board, operations = board_of(architecture, [program.code for program in made])
    for program, operation in zip(made, operations, strict=True):
        dice = Random(program.number)
        for turn in range(6):
            memory, arguments = grammar_memory(architecture, program, dice)
            board.check(operation, memory, arguments, cpu=turn & 1)


def grammar_memory(architecture: Architecture, program: grammar.Program, dice: Random) -> tuple[Memory, list[Any]]:
    """Lanes, three rows and buffers, filled; the arguments, as the interpreter takes them."""
    memory = memory_of(grammar.Wide, like=architecture)
    for start in memory.blocks:
        record = filled(dice.randrange(9999), grammar.Wide, ROWS + Node.size)
        record["place"], record["beside"] = dice.choices(range(5), k=2)
        memory.blocks[start][:] = in_order(record, architecture)
    rows = [in_order(filled(dice.randrange(9999), Node), architecture) for _ in range(3)]
    memory.blocks[ROWS] = bytearray(b"".join(rows))
    words: list[Any] = []
    for argument in grammar.arguments(program, dice, ROWS + Node.size, 3):
        if isinstance(argument, (bytes, bytearray)):
            address = BUFFERS + 0x1000 * len(words)
            memory.blocks[address] = bytearray(argument)
            words += [address, len(argument)]
        else:
            words.append(argument)
    return memory, [*words, *[ROWS, 3] * len(program.code.body.rows)]


@pytest.mark.one_in(2)
@each_architecture
def test_programs_of_the_whole_language_mean_the_same_everywhere(architecture: Architecture) -> None:
    check_grammar(architecture, 60)


@pytest.mark.slow
@each_architecture
def test_many_programs_of_the_whole_language_mean_the_same_everywhere(architecture: Architecture) -> None:
    check_grammar(architecture, 150, 30_000)


@each_architecture
def test_none_leaves_without_a_commit(architecture: Architecture) -> None:
    body = "if n == 7:\n    return None\nif x < 0.5 or cpu.c_i64 > n:\n    return None\ncpu.c_i64 = n\nreturn n + 1"
    kind = widest(architecture)
    body = body.replace("i64", kind)
    arguments = itertools.product((-5, 7, 8, 1 << 30), (0.25, 1.0, float("nan")))
    check_all(architecture, [(function(f", n: {kind}, x: f64", f"{kind} | None", body), lambda: arguments)])
