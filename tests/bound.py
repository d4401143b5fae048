"""Sequences and what they are bound to, for tests of builtins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rseq
from rseq import i64, ptr, u64


class Cell(rseq.Record):
    value: i64


class Node(rseq.Record):
    value: i64
    next: u64


class Newest(rseq.Record):
    node: ptr[Node]


@rseq.sequence
def add(cpu: Cell, n: i64, times: i64 = 1) -> None:
    """Add `n` so many `times`. 100 % of it."""
    cpu.value += n * times


@rseq.sequence
def publish(cpu: Newest, node: ptr[Node], value: i64) -> None:
    node.value = value
    cpu.node = node


@rseq.sequence
def exchange(cpu: Newest, node: ptr[Node]) -> ptr[Node]:
    old = cpu.node
    cpu.node = node
    return old


def bound() -> tuple[Callable[..., Any], rseq.percpu[Cell]]:
    storage = rseq.percpu(Cell)
    return add.bind(storage), storage


def total(storage: rseq.percpu[Any]) -> Any:
    return storage.per_cpu()["value"].sum(axis=0)


def rows() -> tuple[Callable[..., Any], rseq.percpu[Newest], rseq.array[Node]]:
    storage, nodes = rseq.percpu(Newest), rseq.array(Node, 4)
    return exchange.bind(storage, nodes), storage, nodes
