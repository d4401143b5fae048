"""RCU in every interleaving of a reader and a writer, on a machine that reorders what the reader does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from models.rcu import Model
from rseq._structures.rcu.grace import grace_period
from structures.grace_periods import (
    barrier_at_the_end,
    begun_first,
    nothing,
    other_phase_only,
    scanning,
    this_phase_only,
    without_barrier,
)

INDEPENDENT: dict[str, tuple[str, ...]] = {
    "phase": (),
    "begin": ("phase",),
    "pointer": (),
    "use": ("pointer",),
    "end": ("phase",),
}
"""What a reader does, in the order of its program, and for each what it cannot be done before. A CPU may do the rest in
any order; but a barrier in the middle of it has all before it done, and nothing that comes after."""


class Reader:
    """A reader that is free to reorder; it uses what the pointer led to."""

    def __init__(self, memory: Model, lanes: tuple[int, int], world: dict[str, Any]) -> None:
        self.memory, self.lanes, self.world = memory, lanes, world
        self.done: list[str] = []
        self.count_in, self.found = 0, ""

    def do(self, step: str) -> None:
        self.done.append(step)
        first, last = self.lanes
        if step == "phase":
            self.count_in = self.memory.phase(first)
        elif step == "begin":
            self.memory._begun[first][self.count_in] += 1
        elif step == "pointer":
            self.found = self.world["pointer"]
        elif step == "use":
            assert self.found not in self.world["freed"], "it was freed under a reader"
        else:
            self.memory.read_unlock(self.count_in, last)

    def barrier(self) -> None:
        """All that the program has before what is done, is done."""
        steps = list(INDEPENDENT)
        reached = max((steps.index(step) for step in self.done), default=-1)
        for step in steps[:reached]:
            if step not in self.done:
                self.do(step)


class Weak(Model):
    """The model, whose barrier reaches the reader."""

    reader: Reader | None = None

    def fence(self) -> None:
        if self.reader is not None:
            self.reader.barrier()


def orders(done: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every order in which a CPU may do what a reader does."""
    if len(done) == len(INDEPENDENT):
        yield done
    for step, before in INDEPENDENT.items():
        if step not in done and all(needed in done for needed in before):
            yield from orders((*done, step))


def writer(memory: Model, world: dict[str, Any], period: Callable[[Any], Iterator[int]], times: int) -> Iterator[int]:
    """Replaces what readers use, and frees the old one after a grace period; yields as grace_period does."""
    for number in range(times):
        old, world["pointer"] = world["pointer"], f"version {number}"
        yield 0
        yield from period(memory)
        world["freed"].add(old)
        yield 0


def run(period: Any, order: tuple[str, ...], places: tuple[int, ...], lanes: tuple[int, int], times: int) -> None:
    """One run: step `n` of the reader comes after `places[n]` accesses of the writer."""
    memory, world = Weak(max(lanes) + 1), {"pointer": "first", "freed": set[str]()}
    reader = memory.reader = Reader(memory, lanes, world)
    pending = list(zip(places, order, strict=True))

    def let_read(until: int) -> None:
        while pending and pending[0][0] <= until:
            if (step := pending.pop(0)[1]) not in reader.done:
                reader.do(step)

    let_read(0)
    for access, readers in enumerate(writer(memory, world, period, times), 1):
        let_read(access)
        if readers and pending:  # it waits until the reader has gone on
            pending[0] = (access, pending[0][1])
            let_read(access)
    let_read(1 << 30)
    memory.invariant()


def accesses(period: Any, lanes: int, times: int) -> int:
    return sum(1 for _ in writer(Model(lanes), {"pointer": "", "freed": set()}, period, times))


def places(steps: int, last: int, first: int = 0) -> Iterator[tuple[int, ...]]:
    """Every way to put steps between accesses."""
    if steps == 0:
        yield ()
        return
    for here in range(first, last + 1):
        for rest in places(steps - 1, last, here):
            yield (here, *rest)


def explore(period: Any, lanes: tuple[int, int], times: int, chosen: list[tuple[str, ...]]) -> int:
    """Run everything; how many runs there were. AssertionError: something was freed under a reader."""
    runs, last = 0, accesses(period, max(lanes) + 1, times)
    for order in chosen:
        for where in places(len(order), last):
            run(period, order, where, lanes, times)
            runs += 1
    return runs


IN_ORDER = [tuple(INDEPENDENT)]


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_in_every_interleaving_and_order_nothing_is_freed_under_a_reader(every: int) -> None:
    """In the first tier in each fourth order."""
    assert len(list(orders())) > 10
    assert explore(grace_period, (0, 0), 1, list(orders())[::every]) > 10_000 // every


@pytest.mark.slow
def test_a_reader_may_migrate_in_every_interleaving() -> None:
    for lanes in ((0, 1), (1, 0)):
        assert explore(grace_period, lanes, 1, IN_ORDER) > 10_000


@pytest.mark.slow
def test_two_grace_periods_and_a_reader_that_is_late() -> None:
    assert explore(grace_period, (0, 0), 2, IN_ORDER) > 10_000


POINTER_EARLY = [("phase", "pointer", "begin", "use", "end")]
SEEDED: dict[str, tuple[Any, int, list[tuple[str, ...]]]] = {
    "no wait": (nothing, 1, IN_ORDER),
    "the other phase only": (other_phase_only, 1, IN_ORDER),
    "this phase only": (this_phase_only, 2, IN_ORDER),
    "no barrier": (scanning(without_barrier), 1, list(orders())),
    "a barrier at the end": (scanning(barrier_at_the_end), 2, POINTER_EARLY),
}


@pytest.mark.parametrize("name", SEEDED)
def test_what_is_wrong_is_found(name: str) -> None:
    period, times, chosen = SEEDED[name]
    with pytest.raises(AssertionError, match="it was freed under a reader"):
        explore(period, (0, 0), times, chosen)


def test_adding_up_the_begun_first_is_wrong_too() -> None:
    """Two readers: the end of one that was not counted when it began makes up for one that still reads."""
    memory = Model(1)
    period = scanning(begun_first)(memory)
    staying = memory.read_lock()
    for _ in range(4):
        next(period)  # it has scanned the phase of nobody, and changed the phase
    next(period)  # begun: 1
    memory._begun[0][staying] += 1  # a late one comes,
    memory.read_unlock(staying)  # and goes
    assert list(period)[-1] == 0
    assert memory.readers == 1


class Looking(Model):
    """The model, which knows the phase that a writer looks at."""

    looked_at = -1

    def ended(self, lane: int, phase: int) -> int:
        self.looked_at = phase
        return super().ended(lane, phase)


def test_nobody_new_counts_where_a_writer_waits_wherever_another_was_killed() -> None:
    for killed_after in range(sum(1 for _ in grace_period(Model(3)))):
        memory = Looking(3)
        killed = grace_period(memory)
        for _ in range(killed_after):
            next(killed)
        readers = [(memory.read_lock(lane), lane) for lane in memory.lanes]
        for waits in grace_period(memory):
            if waits:
                assert memory.looked_at not in [memory.phase(lane) for lane in memory.lanes]
                phases = [phase for phase, _ in readers]
                memory.read_unlock(*readers.pop(phases.index(memory.looked_at)))
        assert readers == []
