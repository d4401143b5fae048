"""One meaning in Numba, too: random programs called from compiled functions, on a CPU's lane and on the spare one.

Compiling takes long, so that many programs are called by one compiled function, which is told which.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
import pytest

import grammar
import rseq
from oracle import Bench, filled, only_spare
from programs import Node
from rseq._language.types import Buffer, Scalar
from rseq._percpu.rows import rows_of
from support import ROOT, on_one_cpu, run_python

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")

OFF = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}
_NUMPY = {"i": "int", "u": "uint", "f": "float"}


def numpy_name(type: Scalar) -> str:
    return _NUMPY[type.name[0]] + type.name[1:]


class Compiled:
    """One function that calls each of the programs: arguments and results cross as bits."""

    def __init__(self, programs: Sequence[grammar.Program]) -> None:
        self.programs = programs
        names = ", ".join(f"f{number}" for number in range(len(programs)))
        lines = [f"def run(which, {names}, given, data, out, answer):"]
        for number, program in enumerate(programs):
            lines += [f"    if which == {number}:", *(f"        {line}" for line in _call(number, program))]
        scope: dict[str, Any] = {"np": np}
        exec(compile("\n".join(lines) + "\n", "<calls>", "exec"), scope)
        self.function = numba.njit(scope["run"])

    def way(self, number: int, bound: Sequence[Any]) -> Any:
        """How program `number` is called, where the programs are bound like this."""
        body = self.programs[number].code.body

        def call(*arguments: Any) -> Any:
            given, answer = np.zeros(8, np.uint64), np.zeros(2, np.uint64)
            buffers: dict[str, Any] = {"data": b"", "out": bytearray()}
            for place, (argument, value) in enumerate(zip(arguments, body.given, strict=True)):
                if isinstance(value.type, Buffer):
                    buffers[value.name] = argument
                else:
                    given.view(np.uint8)[place * 8 :][: value.type.size] = list(_bits(argument, value.type))
            data = np.frombuffer(buffers["data"], np.uint8)
            out = np.frombuffer(buffers["out"], np.uint8)
            self.function(number, *bound, given, data, out, answer)
            return _answer(answer, body.result)

        return call


def _bits(number: Any, type: Scalar) -> bytes:
    return struct.pack(type.code, number)


def _call(number: int, program: grammar.Program) -> list[str]:
    """Lines that call a program and keep what it returns."""
    body, given = program.code.body, []
    for place, value in enumerate(body.given):
        if isinstance(value.type, Buffer):
            given.append(value.name)
        elif value.type.kind == "bool":
            given.append(f"given[{place}] != 0")
        else:
            given.append(f"given[{place} : {place + 1}].view(np.{numpy_name(value.type)})[0]")
    call = f"f{number}({', '.join(given)})"
    if body.result is None:
        return [call]
    kind = "np.uint8" if body.result.kind == "bool" else f"np.{numpy_name(body.result)}"
    keep = [f"answer.view({kind})[0] = {{}}", "answer[1] = 1"]
    if body.maybe:
        return [
            f"r{number} = {call}",
            f"if r{number} is not None:",
            *(f"    {line.format(f'r{number}')}" for line in keep),
        ]
    return [line.format(call) for line in keep]


def _answer(answer: Any, type: Scalar | None) -> Any:
    if type is None or not answer[1]:
        return None
    (number,) = struct.unpack(type.code, answer.tobytes()[: type.size])
    return bool(number) if type.kind == "bool" else number


def agree(programs: Sequence[grammar.Program], *, has_rseq: bool = True) -> None:
    """Call each program each way, with arguments that its number chooses; raise at the first difference."""
    cpu, rows = max(os.sched_getaffinity(0)), rseq.array(Node, 3)
    function = Compiled(programs)
    storages = {"in Numba": (rseq.percpu(grammar.Wide), cpu), "in Numba, spare": (only_spare(grammar.Wide), 0)}
    bound = {where: [one.code.bind(storage, rows) for one in programs] for where, (storage, _) in storages.items()}
    for number, program in enumerate(programs):
        bench, dice = Bench(program.code, cpu, rows), Random(program.number)
        if not has_rseq:
            bench.ways, bench.lanes = bench.ways[1:], bench.lanes[1:]
        for where, (storage, lane) in storages.items():
            if has_rseq or lane == 0:
                bench.add(where, function.way(number, bound[where]), storage, lane)
        for _ in range(6):
            rows_of(rows).writable[:] = [filled(dice.randrange(9999), Node) for _ in range(3)]
            bench.fill(filled(dice.randrange(9999), grammar.Wide, rows[1]))
            try:
                bench.check(*grammar.arguments(program, dice))
            except AssertionError as error:
                raise AssertionError(f"program {program.number}\n{program.text}\n{error}") from None


@pytest.fixture(scope="module", autouse=True)
def one_cpu() -> Any:
    with on_one_cpu():
        yield


@pytest.mark.needs_rseq
def test_random_programs_mean_the_same_in_numba() -> None:
    made = grammar.many(5, in_numba=True)
    agree([*made[:3], *map(grammar.around, made[3:])])


@pytest.mark.slow
@pytest.mark.needs_rseq
@pytest.mark.parametrize("first", range(20_000, 20_500, 100))
def test_many_random_programs_mean_the_same_in_numba(first: int) -> None:
    made = grammar.many(20, first, in_numba=True)
    agree([*made[:10], *map(grammar.around, made[10:])])


SPARE = """
    import sys
    sys.path[:0] = sys.argv[1:]
    import grammar, rseq, test_grammar
    assert not rseq.available()
    test_grammar.agree(grammar.many(48, 25_000, in_numba=True), has_rseq=False)
"""


@pytest.mark.slow
def test_random_programs_mean_the_same_in_numba_where_no_thread_is_registered() -> None:
    run_python(SPARE, str(ROOT / "tests"), str(ROOT / "tests" / "numba_"), env=OFF)
