"""Lists of nodes, as C programs have them for what is free or waiting: one, or one for each CPU, under a lock.

A node is a slot of memory, and begins with the number of the next one. Its own number is not 0: that ends a list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rseq._bench.native.loop import SLOT_BYTES, Memory, slot
from rseq._bench.run import Missing, Span, answered, growth
from rseq._codegen.writer import Writer
from rseq._integers import signed
from rseq._thread.cpus import possible_cpus

HEAD_AT = 64
"""Where the number of a list's first node is, behind the lock."""
HEAD_WORD = HEAD_AT // 8


def push(emit: Writer, head: Any, nodes: Any, number: Any) -> None:
    """Emit: put a node on the list that begins at `head`."""
    emit.store(emit.load(head), slot(emit, nodes, number))
    emit.store(number, head)


def pop(emit: Writer, head: Any, nodes: Any) -> Any:
    """Emit: take the first node off a list; its number, or 0."""
    number = emit.load(head)
    with emit.if_(number):
        emit.store(emit.load(slot(emit, nodes, number)), head)
    return number


def balanced(left: Callable[[], int], item: int = 1) -> Missing:
    """A check: what was put in less what was taken out, as the loops answer, must be what is left since the last look.

    `left()` is the sum of what is there. `item` is about what an item adds to the sums: a difference of sums is told as
    so many items, at least one.
    """
    grown = growth(left)

    def missing(spans: Sequence[Span]) -> int:
        difference = signed(answered(spans) - grown())
        return round(difference / item) or int(difference != 0)

    return missing


class Lists:
    """Lists of `count` nodes, at most one list for each CPU."""

    def __init__(self, count: int, head_word: int = HEAD_WORD) -> None:
        self.heads, self.nodes = Memory(), Memory((count + 1) * SLOT_BYTES)
        self._count, self._head_word = count, head_word

    def put_all(self) -> None:
        """Put all nodes on the first list."""
        for number in range(1, self._count + 1):
            self.nodes.words[number * SLOT_BYTES // 8] = number - 1
        self.heads.words[self._head_word] = self._count

    def on_lists(self) -> list[int]:
        """The numbers of the nodes that are on the lists; not many more than there are nodes, should a list not end."""
        found: list[int] = []
        for head in self._heads():
            number = self.heads.words[head] % (1 << 32)
            while number and len(found) <= self._count:
                found.append(number)
                number = self.nodes.slot(number)
        return found

    def missing(self, spans: Sequence[Span]) -> int:
        """How far what was pushed less what was popped differs from what is left. The lists are empty then."""
        left = sum(self.on_lists())
        for head in self._heads():
            self.heads.words[head] = 0
        return abs(answered(spans) - left)

    def _heads(self) -> list[int]:
        return [cpu * SLOT_BYTES // 8 + self._head_word for cpu in range(possible_cpus())]
