from __future__ import annotations

import rseq
from rseq import i64, ptr


class Node(rseq.Record):
    next: ptr[Node]
    value: i64


class Head(rseq.Record):
    first: ptr[Node]
    most: i64


@rseq.sequence
def push(cpu: Head, node: ptr[Node], value: i64) -> None:
    most = cpu.most
    node.value = value if value > most else most
    node.next = cpu.first
    cpu.first = node


def example() -> None:
    nodes = rseq.array(Node, 2)
    push.bind(rseq.percpu(Head), nodes)(nodes[1], 7)
    assert nodes.values["value"].tolist() == [0, 7]
