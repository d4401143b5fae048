"""A push and a pop from Python. Nothing is left in the end."""

from __future__ import annotations

from collections import deque
from queue import SimpleQueue

from rseq._bench.native.lists import balanced
from rseq._bench.python.loop import SUM_LOOP, loop
from rseq._bench.run import Implementation, Operation, threaded
from rseq._structures.stack import Stack

_CAPACITY = 64


def _rseq(workers: int) -> Implementation:
    stack = Stack(_CAPACITY)
    statement = "if not push(7): total -= 1\nif pop() is None: total += 1"
    work = loop(statement, SUM_LOOP, push=stack.push, pop=stack.pop)
    return threaded("rseq", "rseq: push(7), pop()", work, balanced(lambda: len(stack)))


def _deque(workers: int) -> Implementation:
    items: deque[int] = deque()
    work = loop("append(7)\nif pop() is None: total += 1", SUM_LOOP, append=items.append, pop=items.pop)
    return threaded("deque", "deque: append(7), pop()", work, balanced(lambda: len(items)))


def _list(workers: int) -> Implementation:
    items: list[int] = []
    work = loop("append(7)\nif pop() is None: total += 1", SUM_LOOP, append=items.append, pop=items.pop)
    return threaded("list", "list: append(7), pop()", work, balanced(lambda: len(items)))


def _queue(workers: int) -> Implementation:
    items: SimpleQueue[int] = SimpleQueue()
    work = loop("put(7)\nif get() is None: total += 1", SUM_LOOP, put=items.put, get=items.get)
    return threaded("simple-queue", "SimpleQueue: put(7), get()", work, balanced(items.qsize))


STACK = Operation(
    name="stack-python",
    title="push and pop, from Python",
    unit="item",
    makers={"rseq": _rseq, "deque": _deque, "list": _list, "simple-queue": _queue},
)
