from __future__ import annotations

import rseq
from rseq import i64, ptr


class Node(rseq.Record):
    next: ptr[Node]
    value: i64


class Head(rseq.Record):
    first: ptr[Node]


@rseq.sequence
def push(cpu: Head, node: ptr[Node], value: i64) -> None:
    node.value = value
    node.next = cpu.first
    cpu.first = node


@rseq.sequence
def pop(cpu: Head) -> i64:
    node = cpu.first
    if node is None:
        return 0
    value = node.value
    cpu.first = node.next
    return value


@rseq.routine
def push_and_pop(cpu: Head, node: ptr[Node], value: i64) -> i64:
    push(cpu, node, value)
    return pop(cpu)


def example() -> None:
    nodes = rseq.array(Node, 1)
    storage = rseq.percpu(Head)
    assert pop.bind(storage, nodes)() == 0
    assert push_and_pop.bind(storage, nodes)(nodes[0], 5) in (5, 0)  # 0 on another CPU
