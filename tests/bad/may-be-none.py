from __future__ import annotations

import rseq
from rseq import i64, ptr


class Node(rseq.Record):
    next: ptr[Node]
    value: i64


class Head(rseq.Record):
    first: ptr[Node]


@rseq.sequence
def pop(cpu: Head) -> i64:
    node = cpu.first
    value = node.value
    cpu.first = cpu.first.next
    return value
