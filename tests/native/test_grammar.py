"""One meaning, for the whole language: random programs with buffers, copies and rows, each way that they can run."""

from __future__ import annotations

from random import Random

import pytest

import grammar
import rseq
from oracle import Bench, filled
from programs import Node
from rseq._percpu.rows import rows_of

pytestmark = [pytest.mark.needs_rseq, pytest.mark.usefixtures("cpu")]


def agree(program: grammar.Program, cpu: int) -> None:
    rows, dice = rseq.array(Node, 3), Random(program.number)
    bench = Bench(program.code, cpu, rows)
    for _ in range(6):
        rows_of(rows).writable[:] = [filled(dice.randrange(9999), Node) for _ in range(3)]
        bench.fill(filled(dice.randrange(9999), grammar.Wide, rows[1]))
        try:
            bench.check(*grammar.arguments(program, dice, rows[1], rows[2]))
        except AssertionError as error:
            raise AssertionError(f"program {program.number}\n{program.text}\n{error}") from None


def test_random_programs_mean_the_same_to_the_interpreter_and_on_both_lanes(cpu: int) -> None:
    for program in grammar.many(20):
        agree(program, cpu)


def test_routines_around_them_mean_the_same_to_the_interpreter_and_on_both_lanes(cpu: int) -> None:
    for program in grammar.many(8, in_numba=True):
        agree(grammar.around(program), cpu)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(10_000, 13_000, 1000))
def test_many_random_programs_mean_the_same_to_the_interpreter_and_on_both_lanes(cpu: int, first: int) -> None:
    for program in grammar.many(80, first):
        agree(program, cpu)
    for program in grammar.many(50, first, in_numba=True):
        agree(grammar.around(program), cpu)


def test_the_programs_have_what_the_language_has() -> None:
    text = "\n".join(program.text for program in grammar.many(200))
    parts = ["rseq.copy(out", "rseq.copy(cpu.draft", ", data", "len(data)", "len(out)", "data[", "out[", "cpu.text["]
    parts += ["index[Node]", "which.written", "which.read", "cpu.place =", "cpu.place.read", "cpu.places[", "ptr[Node]"]
    parts += ["row.written", "head is not None", "| None:", "return None", "clamped(", "mixed(", "halved(", "at(cpu"]
    parts += [f"cpu.{family}_{type}" for family in "cap" for type in ("i8", "u16", "u32", "i64", "f32", "f64")]
    assert [part for part in parts if part not in text] == []
