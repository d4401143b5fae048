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
    if value > cpu.most:
        node.value = value
    node.next = cpu.first
    cpu.first = node
