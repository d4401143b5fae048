"""A local has a register for each value: assignments that reach the same use share one, others need not."""

from __future__ import annotations

import rseq
from programs import compiled
from rseq import i64
from rseq._language import ir
from rseq._language.errors import Span
from rseq._language.types import SCALARS
from rseq._language.webs import split

HERE = Span("<test>", 1, 0, 1, 1)
X, Y, N = (ir.Value(name, SCALARS["i64"]) for name in "xyn")


def number(value: int) -> ir.Const:
    return ir.Const(value, SCALARS["i64"])


def webs(*ops: ir.Op, apart: tuple[ir.Value, ...] = ()) -> list[tuple[list[int], list[int]]]:
    """Of each operation that has registers, the webs of those that it assigns, and of those that it reads."""
    found = [
        ([one.web for one in op.results], [one.web for one in op.used if one == X or one.name == "x"])
        for op in split(ops, apart)
    ]
    return [pair for pair in found if any(pair)]


def set_to(value: int) -> ir.Set:
    return ir.Set(X, number(value), HERE)


def read() -> ir.Op:
    return ir.BranchIf(X, "==", number(0), "end", HERE)


def test_a_value_that_is_assigned_anew_is_another_one() -> None:
    assert webs(set_to(1), read(), set_to(2), read(), read()) == [([0], []), ([], [0]), ([1], []), ([], [1]), ([], [1])]


def test_assignments_that_reach_one_use_are_one() -> None:
    branch = ir.BranchIf(N, "==", number(0), "join", HERE)
    assert webs(set_to(1), branch, set_to(2), ir.Label("join", HERE), read()) == [([0], []), ([0], []), ([], [0])]


def test_assignments_that_only_meet_are_two() -> None:
    branch = ir.BranchIf(N, "==", number(0), "join", HERE)
    assert webs(set_to(1), branch, set_to(2), read(), ir.Label("join", HERE)) == [([0], []), ([1], []), ([], [1])]


def test_uses_that_overlap_make_one_of_three() -> None:
    one, two = (ir.BranchIf(N, "==", number(value), f"join{value}", HERE) for value in (1, 2))
    labels = [ir.Label(f"join{value}", HERE) for value in (1, 2)]
    found = webs(set_to(1), one, set_to(2), labels[0], read(), two, set_to(3), labels[1], read())
    assert {web for pair in found for part in pair for web in part} == {0}


def test_what_jumps_away_reaches_nothing_behind_it() -> None:
    branch = ir.BranchIf(N, "==", number(0), "else", HERE)
    found = webs(set_to(1), branch, set_to(2), ir.Jump("end", HERE), ir.Label("else", HERE), read())
    assert found == [([0], []), ([1], []), ([], [0])]


def test_what_an_operation_reads_is_from_before_it() -> None:
    double = ir.Arithmetic(X, "+", X, X, HERE)
    assert webs(set_to(1), double, read()) == [([0], []), ([1], [0, 0]), ([], [1])]


def test_some_stay_what_they_are() -> None:
    assert webs(set_to(1), read(), set_to(2), read(), apart=(X,)) == [([0], []), ([], [0]), ([0], []), ([], [0])]


def test_addresses_and_tuples_are_renamed() -> None:
    address = ir.Address(Y, 0, X, 8, SCALARS["i64"], "y[x]", prepared=False, size=64)
    set_to_y = ir.Set(Y, number(0), HERE)
    *_, load = split([set_to(1), set_to(2), set_to_y, set_to_y, ir.Load(N, address, HERE)], ())
    assert [(one.name, one.web) for one in load.used] == [("y", 1), ("x", 1)]


class Lane(rseq.Record):
    keys: i64[40]
    hits: i64


TURNS = """
def f(cpu: Lane) -> None:
    for i in range(5):
        k = cpu.keys[i]
        if k == 3:
            cpu.hits = k
            return
"""


def test_a_loop_has_as_many_as_it_has_turns() -> None:
    body = compiled(TURNS, Lane=Lane).body
    named = {one.web for op in split(body.ops, ()) for one in op.results if one.name == "k"}
    assert named == set(range(5))
