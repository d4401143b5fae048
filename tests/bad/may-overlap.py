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
def push(cpu: Head, node: ptr[Node]) -> None:
    first = cpu.first
    node.next = first
    depth: i64 = 1
    if first is not None:
        depth = first.depth + 1
    node.depth = depth
    cpu.first = node
