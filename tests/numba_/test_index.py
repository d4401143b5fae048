"""Sequences that follow indices, in compiled functions: a bound sequence knows its arrays."""

from __future__ import annotations

import os
from typing import Any

import pytest

import rseq
from rseq import i64, index

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")


class Entry(rseq.Record):
    next: index[Entry]  # type: ignore[name-defined]
    value: i64


class List(rseq.Record):
    first: index[Entry]
    count: i64


@rseq.sequence
def push(cpu: List, entry: index[Entry], n: i64) -> None:
    entry.next = cpu.first
    entry.value = n
    cpu.first = entry


@rseq.sequence
def raise_first(cpu: List, n: i64) -> i64:
    old = cpu.first.value
    cpu.first.value = old + n
    return old


@numba.njit
def repeat(bound: Any, n: int) -> int:
    total = 0
    for _ in range(n):
        total += bound(2)
    return total


def test_an_index_in_memory_is_followed_and_checked() -> None:
    entries, storage = rseq.array(Entry, 3), rseq.percpu(List)
    bound, pushed = raise_first.bind(storage, entries), push.bind(storage, entries)
    with pytest.raises(IndexError, match=r"cpu\.first is no row of the array of Entry"):
        repeat(bound, 1)
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        pushed(entries[1], 10)
        assert repeat(bound, 3) == 10 + 12 + 14
    finally:
        os.sched_setaffinity(0, allowed)
    assert entries.values["value"].tolist() == [0, 16, 0]


def test_each_binding_has_its_own_rows() -> None:
    first, second = (rseq.array(Entry, 2) for _ in range(2))
    for entries in (first, second):
        storage = rseq.percpu(List)
        entries.values["value"] = 5
        storage.view()["first"] = 2
        assert repeat(raise_first.bind(storage, entries), 2) == 12
    assert first.values["value"].tolist() == second.values["value"].tolist() == [5, 9]


def test_an_index_as_an_argument_is_refused() -> None:
    bound = push.bind(rseq.percpu(List), rseq.array(Entry, 1))

    @numba.njit
    def call(bound: Any) -> None:
        bound(1, 2)

    with pytest.raises(Exception, match=r"has a index\[Entry\], which is not available inside Numba|index\[Entry\]"):
        call(bound)
