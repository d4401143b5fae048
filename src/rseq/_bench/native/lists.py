"""Lists of nodes, as C programs have them for what is free or waiting: one, or one for each CPU, under a lock.

A node is a slot of memory, and begins with the number of the next one. Its own number is not 0: that ends a list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rseq._bench.native.loop import SLOT_BYTES, Memory
from rseq._bench.run import Missing, Span
from rseq._integers import signed
from rseq._thread.cpus import possible_cpus

__all__ = ["HELPERS", "Lists", "balanced", "under_mutex"]

HEAD_AT = 64
"""Where the number of a list's first node is, behind the lock."""
HEAD_WORD = HEAD_AT // 8

HELPERS = f"""
define internal void @push(ptr %head, ptr %nodes, i64 %number) alwaysinline nounwind {{
  %node = call ptr @slot(ptr %nodes, i64 %number, i64 {SLOT_BYTES})
  %old = load i64, ptr %head
  store i64 %old, ptr %node
  store i64 %number, ptr %head
  ret void
}}

define internal i64 @pop(ptr %head, ptr %nodes) alwaysinline nounwind {{
entry:
  %number = load i64, ptr %head
  %empty = icmp eq i64 %number, 0
  br i1 %empty, label %done, label %take
take:
  %node = call ptr @slot(ptr %nodes, i64 %number, i64 {SLOT_BYTES})
  %next = load i64, ptr %node
  store i64 %next, ptr %head
  br label %done
done:
  ret i64 %number
}}

define internal void @push_some(ptr %head, ptr %nodes, i64 %number) alwaysinline nounwind {{
entry:
  %none = icmp eq i64 %number, 0
  br i1 %none, label %done, label %some
some:
  call void @push(ptr %head, ptr %nodes, i64 %number)
  br label %done
done:
  ret void
}}
"""


def under_mutex(slot: str, body: str) -> str:
    """A piece of a body with the lock of `slot` held. The functions that lock and unlock are words of the argument."""
    return f"""
  %{slot}.head = getelementptr i8, ptr %{slot}, i64 {HEAD_AT}
  %{slot}.locked = call i32 %second(ptr %{slot})
{body}
  %{slot}.unlocked = call i32 %third(ptr %{slot})
"""


def balanced(left: Callable[[], int], item: int = 1) -> Missing:
    """A check: what was put in less what was taken out, as the loops answer, must be what is left since the last look.

    `left()` is the sum of what is there. `item` is about what an item adds to the sums: a difference of sums is told as
    so many items, at least one.
    """
    seen = left()

    def missing(spans: Sequence[Span]) -> int:
        nonlocal seen
        before, seen = seen, left()
        difference = signed(_answers(spans) - (seen - before))
        return round(difference / item) or int(difference != 0)

    return missing


def _answers(spans: Sequence[Span]) -> int:
    return sum(span.answer for span in spans if isinstance(span.answer, int))


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
        return abs(_answers(spans) - left)

    def _heads(self) -> list[int]:
        return [cpu * SLOT_BYTES // 8 + self._head_word for cpu in range(possible_cpus())]
