"""Which item a pool gives on one CPU, and what it notes of others: what `pool/items.py` says, in plain Python."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import rseq
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.interpret import Memory, run
from rseq._structures.pool import items_code
from rseq._structures.pool.states import CACHED, GENERATION, HELD, MOST_HINTS
from structures.lanes import on_one_lane


class OneCPU:
    """What is in the lanes of a pool that one CPU works on: the states of all items, and that CPU's hints."""

    def __init__(self, pool: rseq.Pool, lane: int) -> None:
        lanes = len(pool.storage.view())
        self.count = pool.count
        self.most = min(2 * pool.storage.view()["states"].shape[1], MOST_HINTS)
        self.batch = min(max(self.count // (2 * lanes), 1), MOST_HINTS // 2)
        self.cursor = lane * self.count // lanes
        self.hints: list[int] = []
        self.generations = [0] * self.count
        self.owners: list[int | None] = [None] * self.count
        self.is_cached = [False] * self.count

    def acquire(self, owner: int) -> int | None:
        while self.hints:
            row = self.hints.pop()
            if self._claims(row, owner, cached_too=True):
                return row
        first = self._start()
        unknown = self._look(owner, first, cached_too=False)
        return self._look(owner, first, cached_too=True) if unknown is None else unknown

    def release(self, row: int) -> bool:
        if not 0 <= row < self.count or self.owners[row] is None:
            return False
        self.owners[row] = None
        self.generations[row] += 1
        self._note(row)
        return True

    def _start(self) -> int:
        here = self.cursor
        self.cursor = here + self.batch if here + self.batch < self.count else 0
        return here

    def _look(self, owner: int, first: int, *, cached_too: bool) -> int | None:
        for looked in range(self.count):
            row = (first + looked) % self.count
            if self._claims(row, owner, cached_too=cached_too):
                for behind in range(row + 1, min(row + self.batch, self.count)):
                    is_free = self.owners[behind] is None and not self.is_cached[behind]
                    if is_free and not self._note(behind):
                        break
                return row
        return None

    def _claims(self, row: int, owner: int, *, cached_too: bool) -> bool:
        if self.owners[row] is not None or (self.is_cached[row] and not cached_too):
            return False
        self.owners[row], self.is_cached[row] = owner, False
        return True

    def _note(self, row: int) -> bool:
        self.is_cached[row] = len(self.hints) < self.most
        if self.is_cached[row]:
            self.hints.append(row)
        return self.is_cached[row]

    def states(self) -> list[int]:
        words = zip(self.generations, self.owners, self.is_cached, strict=True)
        return [
            generation * GENERATION + (0 if owner is None else HELD + owner) + (CACHED if cached else 0)
            for generation, owner, cached in words
        ]


@pytest.fixture
def lane() -> Iterator[int]:
    """The lane of the one CPU that this thread runs on."""
    with on_one_lane() as lane:
        yield lane


def require_equal(pool: rseq.Pool, model: OneCPU, lane: int) -> None:
    words = pool.storage.view()[lane]
    assert words["hints"][: int(words["cached"])].tolist() == model.hints
    assert int(words["cursor"]) == model.cursor
    assert pool._states() == model.states()


@pytest.mark.parametrize("count", [1, 2, 3, 8, 37, 150])
def test_it_gives_the_items_that_its_page_says(lane: int, count: int) -> None:
    pool, chance, held = rseq.Pool(8, count), random.Random(count), list[int]()
    model = OneCPU(pool, lane % len(pool.storage.view()))
    for step in range(400):
        wants_more = (step // (2 * count + 3)) % 2 == 0  # until all are held, until none is, and so on
        if chance.random() < (0.8 if wants_more else 0.2):
            row = pool.acquire_row(step)
            assert row == model.acquire(step)
            held += [] if row is None else [row]
        else:
            row = held.pop(chance.randrange(len(held))) if held else chance.randrange(-1, count + 1)
            assert pool.release_row(row) == model.release(row)
        require_equal(pool, model, lane)


def parts(code: Compiled) -> dict[str, Any]:
    """The sequences and routines that one calls, directly or not, by name."""
    calls = {op.callee.__name__: op.callee for op in code.body.ops if isinstance(op, ir.Call)}
    return {**calls, **{name: one for callee in calls.values() for name, one in parts(callee).items()}}


def test_of_an_item_that_cannot_be_noted_nothing_is_marked(lane: int) -> None:
    """A signal handler may have filled the hints, or taken the item, while items were looked at."""
    pool = rseq.Pool(8, 2 * len(rseq.Pool(8, 1).storage.view()))
    words, note = pool.storage.view()[lane], parts(items_code.code(1).take)["note"].bind(pool.storage)
    nothing = [0] * (pool.count - 1)
    words["cached"] = len(words["hints"])
    assert (note(0), pool._states()) == (False, [0, *nothing])
    words["cached"] = 0
    assert (note(0), pool._states(), words["cached"]) == (True, [CACHED, *nothing], 1)
    assert (note(0), pool._states(), words["cached"]) == (True, [CACHED, *nothing], 1)
    assert pool.acquire_row(5) == 0
    assert (note(0), pool._states(), words["cached"]) == (True, [HELD + 5, *nothing], 0)


class Raced(Memory):
    """Memory in which somebody else stores a word just before it is compared and exchanged."""

    others: list[int | None]

    def compare_exchange(self, address: int, type: Any, expected: Any, desired: Any) -> bool:
        other = self.others.pop(0)
        if other is not None:
            self.store(address, type, other)
        return super().compare_exchange(address, type, expected, desired)


THEIRS, FULL = HELD + 9, items_code.code(1).record.dtype["hints"].shape[0]


@pytest.mark.parametrize(
    ("routine", "arguments", "hints", "state", "others", "answer"),
    [
        ("claim", (0, 5, HELD), 0, 0, [THEIRS], None),
        ("note", (0,), 0, 0, [THEIRS], True),
        ("note", (0,), FULL, 0, [None, THEIRS], False),
        ("give", (0,), 0, HELD + 5, [GENERATION + CACHED], False),
        ("give", (0,), FULL, HELD + 5, [None, GENERATION + THEIRS], True),
    ],
)
def test_an_item_that_another_cpu_changes_at_that_moment_is_left_to_it(
    routine: str, arguments: tuple[int, ...], hints: int, state: int, others: list[int | None], answer: bool | None
) -> None:
    code = items_code.code(1)
    memory = Raced.of(code.record)
    memory.others = [*others]
    lane = np.frombuffer(memory.blocks[memory.lane(0)], code.record.dtype)
    lane["count"], lane["cached"], lane["states"][0, 0] = 2, hints, state
    found = {**parts(code.take), "give": code.give}[routine]
    assert run(found.body, memory, arguments) == answer
    assert memory.others == []
    assert int(lane["states"][0, 0]) == others[-1]
    assert int(lane["cached"][0]) == hints
