"""The control-flow graph: which operations may follow which, and which come before.

Operations are meant by their index. Sets of them are ints, with a bit for each index.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cached_property
from heapq import heapify, heappop, heappush

from rseq._language.op import Op


class Graph:
    """The graph of a list of operations. A label that is not among them is behind the last one."""

    def __init__(self, ops: Sequence[Op]) -> None:
        labels = {op.here: index for index, op in enumerate(ops) if op.here is not None}
        self.next: list[tuple[int, ...]] = []
        """Where each operation goes on; of a branch first where it jumps."""
        for index, op in enumerate(ops):
            jumps = () if op.goes_to is None else (labels.get(op.goes_to, len(ops)),)
            self.next.append(jumps if op.ends else (*jumps, index + 1))

    @cached_property
    def has_loops(self) -> bool:
        """True if it branches back somewhere."""
        return any(way <= index for index, ways in enumerate(self.next) for way in ways)

    @cached_property
    def after(self) -> list[int]:
        """What may follow each operation; an operation itself only in a loop."""
        found, before = [0] * (len(self.next) + 1), list[int]()
        while before != found:
            before = list(found) if self.has_loops else found
            for index in reversed(range(len(self.next))):
                for way in self.next[index]:
                    found[index] |= 1 << way | found[way]
        return found

    @cached_property
    def reached(self) -> int:
        """What can be reached at all."""
        return 1 | self.after[0]

    def leads(self, start: int, to: int) -> bool:
        """True if a run that passes `start` may pass `to` then; it does if both are the same."""
        return start == to or bool(self.after[start] >> to & 1)

    def into(self, index: int) -> list[int]:
        """The operations that go on at `index`, of those that can be reached."""
        return [one for one in self._before.get(index, ()) if self.reached >> one & 1]

    @cached_property
    def _before(self) -> Mapping[int, list[int]]:
        found: dict[int, list[int]] = {}
        for index, following in enumerate(self.next):
            for one in dict.fromkeys(following):
                found.setdefault(one, []).append(index)
        return found

    def follows(self, start: int, without: int = 0) -> int:
        """What may follow operation `start`, and itself, up to those of `without`: none of these is passed."""
        if not (self.after[start] | 1 << start) & without:
            return self.after[start] | 1 << start
        found, before = 1 << start, 0
        while before != found:
            before = found
            for index in range(0 if self.has_loops else start, len(self.next)):
                if found >> index & 1 and not without >> index & 1:
                    for following in self.next[index]:
                        found |= 1 << following
            if not self.has_loops:
                break
        return found

    # ---- of graphs without loops

    @cached_property
    def dominator(self) -> list[int]:
        """For each operation the last one before it that every way to it passes."""
        found = [0] * (len(self.next) + 1)
        for index in range(1, len(self.next)):
            before = [-one for one in self.into(index)]
            heapify(before)
            while len(before) > 1:
                latest = -heappop(before)
                if -latest not in before[:1]:
                    heappush(before, -found[latest])
            found[index] = -before[0] if before else 0
        return found

    def forks(self, ends: Mapping[int, Hashable], meeting: int | None = None) -> frozenset[int]:
        """The branches on which it depends to which of `ends` a sequence comes, or from which of them to `meeting`.

        Ends are operations with a value; it is the same to come to one or to another with an equal value. Backwards
        from there, each operation leads to one value, or to the branch that decides. Where both ways of a branch lead
        to the same, it decides nothing.
        """
        first = 0 if meeting is None else self.dominator[meeting]
        leads: dict[int, Hashable] = {}
        for index in range((max(ends) if meeting is None else meeting - 1), first - 1, -1):
            if not self.reached >> index & 1:
                continue
            if meeting is None and index in ends:
                leads[index] = ("end", ends[index])
                continue
            ways = {("end", ends[index]) if way == meeting else leads.get(way) for way in self.next[index]} - {None}
            if ways:
                leads[index] = ways.pop() if len(ways) == 1 else index
        return frozenset(branch for branch, to in leads.items() if branch == to)


def members(indices: int) -> Iterator[int]:
    """The operations of a set, in order."""
    return (index for index in range(indices.bit_length()) if indices >> index & 1)
