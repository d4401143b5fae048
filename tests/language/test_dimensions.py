"""Arrays of more than one dimension: laid out as NumPy and C have them, and each index checked against its own."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest

import rseq
from compilers import compile_with, output_of, write
from oracle import outcome
from programs import compiled
from rseq import i8, i64, prepared, ptr, u8
from rseq._language.errors import CompileError
from rseq._language.interpret import Memory, run
from rseq._language.types import SCALARS, Array


class Node(rseq.Record):
    value: i64


class Grid(rseq.Record):
    before: i8
    counts: i64[3, 5]
    deep: prepared[u8[2, 3, 4]]
    nodes: ptr[Node][2, 2]
    total: i64


NAMES: dict[str, Any] = {"Grid": Grid, "Node": Node, "u8": u8}


def test_the_layout_is_numpys() -> None:
    counts, deep = Grid.fields["counts"].type, Grid.fields["deep"].type
    assert counts == Array(SCALARS["i64"], 15, (3, 5))
    assert (repr(counts), counts.size, counts.shape) == ("i64[3, 5]", 120, (3, 5))
    assert (repr(deep), deep.size) == ("u8[2, 3, 4]", 24)
    assert Grid.dtype["counts"].shape == (3, 5)
    assert Grid.dtype["deep"].shape == (2, 3, 4)
    assert i64[3, 5] != i64[5, 3]  # type: ignore[misc, comparison-overlap]


@pytest.mark.parametrize("length", [(), (3, 0), (3, -1), (3, 1.5), (1 << 20, 1 << 20)])
def test_lengths_that_no_array_has_are_refused(length: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="an array"):
        SCALARS["i64"][length]


def test_an_array_of_arrays_is_written_with_a_comma() -> None:
    with pytest.raises(TypeError, match=r"written with commas, its last index changes fastest: i64\[3, 5\]"):
        i64[3][5]  # type: ignore[misc]


WAYS = [
    "cpu.counts[i, j]",
    "cpu.counts[i][j]",
    "cpu.counts[i, 3]",
    "cpu.counts[2, j]",
    "cpu.counts[1][4]",
    "i64(cpu.deep[i, j, 3])",
    "i64(cpu.deep[1][i, j])",
    "i64(cpu.deep[i][j][n & 3])",
    "i64(cpu.deep[n & 1, 2, i])",
]


@pytest.mark.parametrize("expression", WAYS)
def test_an_element_is_numpys_and_each_index_is_checked(expression: str) -> None:
    text = f"def f(cpu: Grid, i: i64, j: i32, n: u8) -> i64:\n    return {expression}\n"
    code = compiled(text, **NAMES)
    memory, values = Memory.of(Grid), np.zeros(1, Grid.dtype)
    values["counts"] = np.arange(15).reshape(3, 5) + 100
    values["deep"] = np.arange(24).reshape(2, 3, 4)
    memory.blocks[memory.lane(0)][:] = values.tobytes()
    storage = rseq.percpu(Grid)
    bound = code.bind(storage)
    for i, j, n in itertools.product([-1, 0, 1, 2, 3, 5, 1 << 40], [-1, 0, 2, 3, 4, 5], [0, 1, 7]):
        plain = {"cpu": _View(values[0]), "i": i, "j": j, "n": n, "i64": int}
        is_negative = any(plain[name] < 0 for name in re.findall(r"\b[ij]\b", expression))
        expected = None if is_negative else outcome(eval, expression, plain)
        got = outcome(run, code.body, memory, [i, j, n])
        if isinstance(expected, np.integer | int):
            assert got == expected, (i, j, n)
            assert bound(i, j, n) == 0
        else:
            assert isinstance(got, str)
            with pytest.raises(IndexError, match=r"is out of range for cpu.(counts|deep), in dimension [012]"):
                bound(i, j, n)


class _View:
    def __init__(self, values: Any) -> None:
        self.counts, self.deep = values["counts"], values["deep"]


def test_they_are_stored_to_and_counted() -> None:
    @rseq.sequence
    def fill(cpu: Grid, i: i64, j: i64) -> None:
        for row in range(len(cpu.deep)):
            cpu.deep[row, i, j] = 7
        cpu.counts[i, j] += 1

    grids = rseq.percpu(Grid)
    bound = fill.bind(grids, rseq.array(Node, 1))
    for _ in range(3):
        bound(2, 3)
    counts = grids.per_cpu()["counts"].sum(axis=0)
    assert counts[2, 3] == 3
    assert counts.sum() == 3
    assert grids.per_cpu()["deep"].max(axis=0)[:, 2, 3].tolist() == [7, 7]


def test_rows_of_an_array_have_them_too() -> None:
    nodes, grids = rseq.array(Node, 4), rseq.array(Grid, 2)
    row: Any = grids[1]
    row["counts"][2, 4] = 9
    assert row["counts"].shape == (3, 5)
    assert grids.values["counts"][1].sum() == 9
    row["nodes"] = [[nodes[0], None], [None, nodes[3]]]
    assert grids.values["nodes"][1].tolist() == [[nodes[0].address, 0], [0, nodes[3].address]]
    with pytest.raises(ValueError, match="nodes has 4 elements"):
        row["nodes"] = [[nodes[0], None], [None]]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return cpu.counts[1]", r"cpu.counts has 2 dimensions; got 1 index; use an element: cpu.counts\[0, 0\]"),
        ("return cpu.counts[1, 2, 3]", "cpu.counts has 2 dimensions; got 3 indices"),
        ("return cpu.counts", r"cpu.counts is an array of 3 by 5; .* use an element: cpu.counts\[0, 0\]"),
        ("return cpu.counts[3, 0]", "index 3 is out of range for cpu.counts, in dimension 0, which has 3 elements"),
        ("return cpu.counts[0, 5]", "index 5 is out of range for cpu.counts, in dimension 1, which has 5 elements"),
        ("return cpu.total[1, 2]", "cpu.total is i64, which has no elements"),
        ("rseq.copy(cpu.deep[1], data, 4)\n    return 1", "cpu.deep has 3 dimensions, and a copy begins"),
    ],
)
def test_what_is_no_element_is_refused(body: str, message: str) -> None:
    with pytest.raises(CompileError) as caught:
        compiled(f"def f(cpu: Grid, n: i64, data: bytes) -> i64:\n    {body}\n", bytes=bytes, **NAMES)
    (diagnostic,) = caught.value.diagnostics
    assert re.search(message, f"{diagnostic.message}; {diagnostic.fix}")


def test_elements_that_cannot_be_one_are_apart_to_the_contract() -> None:
    body = "    x = cpu.deep[1, i, 0]\n    cpu.deep[1, i, {}] = x + 1\n    cpu.total = 1\n"
    text = f"def f(cpu: Grid, i: i64) -> None:\n{body}"
    compiled(text.format(2), **NAMES)
    with pytest.raises(rseq.ContractError, match="overwritten-before-commit"):
        compiled(text.format("i"), **NAMES)


@pytest.mark.needs_rseq
def test_in_c_they_are_arrays_of_arrays(tmp_path: Any) -> None:
    @rseq.sequence
    def put(cpu: Grid, i: i64, j: i64, n: i64) -> None:
        cpu.counts[i, j] = n

    program = """
    #include "put.h"
    #include <stdio.h>
    enum { CPUS = 4096 };
    static struct shop_grid lanes_of[CPUS];
    int main(void) {
        struct rseq_lanes lanes = {lanes_of, sizeof lanes_of[0], CPUS};
        long sum = 0;
        int put = shop_put(&lanes, 2, 4, 77), beyond = shop_put(&lanes, 0, 5, 1);
        for (int cpu = 0; cpu < CPUS; cpu++)
            sum += lanes_of[cpu].counts[2][4];
        printf("%d %d %ld", put, beyond == RSEQ_INDEX, sum);
        return 0;
    }
    """
    write(tmp_path, program__c=program, put__h=put.emit(prefix="shop"))
    compile_with("gcc", "c", ["-O2", "program.c", "-o", "program"], tmp_path)
    assert output_of(tmp_path / "program") == "0 1 77"
