"""The control-flow graph against a walk that goes each way: of random operations, with loops and without."""

from __future__ import annotations

from random import Random

import pytest

from rseq._language import ir
from rseq._language.errors import Span
from rseq._language.graph import Graph, members
from rseq._language.types import SCALARS

HERE = Span("<test>", 1, 0, 1, 1)
A = ir.Value("a", SCALARS["u64"])
SIZE = 12


def random_ops(dice: Random, *, loops: bool) -> list[ir.Op]:
    """A label before each operation; what branches leads forward, or with `loops` anywhere."""
    ops: list[ir.Op] = []
    for number in range(SIZE):
        to = f"L{dice.randrange(SIZE) if loops else dice.randrange(number + 1, SIZE + 1)}"
        ops.append(ir.Label(f"L{number}", HERE))
        ops.append(
            dice.choice(
                [
                    ir.Set(A, A, HERE),
                    ir.BranchIf(A, "<", A, to, HERE),
                    ir.BranchIf(A, "<", A, to, HERE),
                    ir.Jump(to, HERE),
                    dice.choice([ir.Return(A, HERE), ir.Raise("ValueError", "no", 0, HERE), ir.Refuse(A, HERE)]),
                ]
            )
        )
    return ops


def ways(ops: list[ir.Op], index: int) -> set[int]:
    """Where an operation goes on, said once more."""
    op = ops[index]
    labels = {one.name: at for at, one in enumerate(ops) if isinstance(one, ir.Label)}
    found = {labels.get(op.label, len(ops))} if isinstance(op, (ir.Jump, ir.BranchIf)) else set()
    return found if isinstance(op, (ir.Jump, ir.Return, ir.Raise, ir.Refuse)) else found | {index + 1}


def walked(ops: list[ir.Op], start: int, without: frozenset[int] = frozenset()) -> set[int]:
    """All that is come to behind `start`, none of `without` passed; `start` only if it comes around again."""
    found, pending = set[int](), [start]
    while pending:
        index = pending.pop()
        if index == len(ops) or index in without:
            continue
        for way in ways(ops, index) - found:
            found.add(way)
            pending.append(way)
    return found


@pytest.mark.parametrize("loops", [False, True])
def test_the_graph_says_what_a_walk_finds(loops: bool) -> None:
    for seed in range(60):
        dice = Random(seed)
        ops = random_ops(dice, loops=loops)
        graph = Graph(ops)
        assert loops or not graph.has_loops
        assert set(members(graph.reached)) == {0} | walked(ops, 0)
        for index in range(len(ops)):
            assert set(graph.next[index]) == ways(ops, index)
            assert set(members(graph.after[index])) == walked(ops, index), (seed, index)
            without = frozenset(dice.sample(range(len(ops)), 3))
            bits = sum(1 << one for one in without)
            assert set(members(graph.follows(index, bits))) == {index} | walked(ops, index, without), (seed, index)
            assert graph.leads(index, 5) == (index == 5 or 5 in walked(ops, index))
            into = [one for one in {0} | walked(ops, 0) if one < len(ops) and index in ways(ops, one)]
            assert graph.into(index) == sorted(into)


def test_every_way_passes_the_dominator_and_none_behind_it() -> None:
    for seed in range(60):
        ops = random_ops(Random(seed), loops=False)
        graph = Graph(ops)
        for index in set(members(graph.reached)) - {0, len(ops)}:
            passed = [one for one in range(index) if one == 0 or index not in walked(ops, 0, frozenset([one]))]
            assert graph.dominator[index] == max(one for one in passed if one in {0} | walked(ops, 0)), (seed, index)


def test_a_branch_decides_where_its_ways_lead_to_different_ends() -> None:
    ops: list[ir.Op] = [
        ir.BranchIf(A, "<", A, "other", HERE),
        ir.BranchIf(A, "<", A, "same", HERE),
        ir.Label("same", HERE),
        ir.Return(A, HERE),
        ir.Label("other", HERE),
        ir.Return(A, HERE),
    ]
    graph = Graph(ops)
    assert graph.forks({3: "one", 5: "two"}) == {0}
    assert graph.forks({3: "one", 5: "one"}) == set()
