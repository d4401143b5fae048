from __future__ import annotations

import rseq
from rseq import i64, ptr


class Node(rseq.Record):
    next: ptr[Node]
    value: i64
    depth: i64


class Head(rseq.Record):
    first: ptr[Node]


@rseq.sequence
def push_other(cpu: Head, node: ptr[Node]) -> bool:
    first = cpu.first
    if first == node:
        return False
    node.next = first
    depth: i64 = 1
    if first is not None:
        depth = first.depth + 1
    node.depth = depth
    cpu.first = node
    return True


@rseq.sequence
def push_to_another_field(cpu: Head, node: ptr[Node]) -> None:
    first = cpu.first
    node.next = first
    depth: i64 = 1
    if first is not None:
        depth = first.depth + 1
    node.value = depth
    cpu.first = node


def example_of_a_comparison() -> None:
    nodes = rseq.array(Node, 1)
    assert push_other.bind(rseq.percpu(Head), nodes)(nodes[0])
    assert nodes.values["depth"].tolist() == [1]


def example_of_another_field() -> None:
    nodes = rseq.array(Node, 1)
    push_to_another_field.bind(rseq.percpu(Head), nodes)(nodes[0])
    assert nodes.values["value"].tolist() == [1]
