"""Inline functions in machine code: critical section, spare lane, routine and interpreter agree."""

from __future__ import annotations

import pytest

import rseq
from oracle import Bench
from programs import Lane, Node, compiled, edges
from rseq import f64, i64, ptr, u8
from rseq._language.types import SCALARS

pytestmark = [pytest.mark.needs_rseq, pytest.mark.usefixtures("cpu")]


@rseq.inline
def bucket_of(x: f64) -> i64:
    if not x >= 0.0:
        return 0
    for i in range(5):
        if x < f64(i) * 10.0:
            return i
    return 5


@rseq.inline
def mixed(x: i64, n: u8 = 3) -> i64:
    x ^= x >> 7
    return x * 5 if n & 1 else x // 3


@rseq.inline
def odd_only(n: i64) -> i64 | None:
    if n & 1 == 0:
        return None
    return mixed(n)


@rseq.inline
def count(cpu: Lane, at: i64, n: i64) -> i64:
    if n == 0:
        return -1
    cpu.a_i64[at] += n
    return at


@rseq.inline
def keep(node: ptr[Node], n: i64) -> None:
    if n < 0:
        return
    node.written = 1


NAMES = {"bucket_of": bucket_of, "mixed": mixed, "count": count, "odd_only": odd_only, "keep": keep}


def test_a_sequence_counts_in_a_bucket(cpu: int) -> None:
    text = """
def f(cpu: Lane, x: f64, n: i64) -> i64 | None:
    kept = odd_only(n)
    if kept is None:
        return None
    return count(cpu, bucket_of(x), kept)
"""
    bench = Bench(compiled(text, **NAMES), cpu)
    for x in edges(SCALARS["f64"]):
        assert bench.check(x, 9) == bucket_of(x)
    assert bench.check(1.0, 8) is None


def test_a_row_is_passed_and_prepared(cpu: int) -> None:
    text = "def f(cpu: Lane, row: ptr[Node], n: i64) -> None:\n    keep(row, n)\n    cpu.c_i64 = mixed(n, 2)\n"
    rows = rseq.array(Node, 2)
    bench = Bench(compiled(text, **NAMES), cpu, rows)
    for n in edges(SCALARS["i64"]):
        bench.check(rows[1], n)
        assert rows[1]["written"] == (n >= 0)
        rows[1]["written"] = 0


def test_a_routine_loops_over_inline_functions(cpu: int) -> None:
    step = compiled("def f(cpu: Lane, n: i64) -> None:\n    cpu.c_i64 += n\n")
    text = """
def f(cpu: Lane, n: i64) -> i64:
    total: i64 = 0
    while n > 0:
        total += mixed(n) + mixed(n, 0)
        step(cpu, mixed(total))
        n -= 1
    return total
"""
    bench = Bench(compiled(text, rseq.routine, step=step, **NAMES), cpu)
    assert bench.check(7) == sum(mixed(n) + mixed(n, 0) for n in range(1, 8))


def test_python_computes_the_same(cpu: int) -> None:
    bench = Bench(compiled("def f(cpu: Lane, n: i64) -> i64:\n    return mixed(n)\n", **NAMES), cpu)
    for n in edges(SCALARS["i64"]):
        assert bench.check(n) == mixed(n)
