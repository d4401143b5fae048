"""Pools: what is held is what was acquired and not released, and each item is there once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from rseq._language.operations import lanes
from rseq._language.types import i64, u32, u64
from rseq._once import once
from rseq._sequence import Routine, routine
from rseq._stress.workload import OF_VICTIM, SPREAD, Mortal, Workload
from rseq._structures.pool import Pool
from rseq._structures.pool.items_code import code_for
from rseq._thread.cpus import possible_cpus


def workloads() -> Iterator[Workload[Pool]]:
    """Two items for each lane."""
    yield _with(2, "Pool")


def loaded() -> Iterator[Workload[Pool]]:
    """Four items for each lane: a CPU looks for two at a time."""
    yield _with(4, "Pool, batches")


def _with(items: int, name: str) -> Workload[Pool]:
    count = items * (possible_cpus() + 1)
    return Workload(name, partial(Pool, 8, count), _work(count), _call, _law)


def mortals() -> Iterator[Mortal]:
    """All that a dead process held is found under its number."""
    make = partial(Pool, 8, _COUNT)
    yield Mortal("Pool", lambda segment: make(segment=segment), _holding(), _held, _is_held, bury=_bury)


@once
def _work(count: int) -> Routine[Any, int]:
    """Acquire, and release that item or some other; how many more are held now."""
    code = code_for(count)
    Lane, acquire_row, release_row = code.record, code.acquire_row, code.release_row  # noqa: N806 - it is a class

    @routine
    def work(cpu: Lane, turn: u64) -> i64:  # type: ignore[valid-type]
        if turn & 8 == 0:
            row = acquire_row(cpu, 1)
            if row is not None:
                return 1 if turn & 7 else 1 - i64(release_row(cpu, row))  # type: ignore[call-overload]
        some = (turn * SPREAD >> 33) * lanes(cpu) >> 30
        return -i64(release_row(cpu, i64(some)))  # type: ignore[call-overload, no-any-return]

    return work


def _call(pool: Pool, turn: int) -> int:
    """The same from Python: a number, a buffer, or all buffers that there are."""
    if turn & 4:
        row = pool.acquire_row()
        return 0 if row is None else 1 - int(pool.release_row(row))
    items = [item for _ in range(pool.count if turn & 8 else 1) if (item := pool.acquire()) is not None]
    if not items:
        return -int(pool.release_row(turn % pool.count))
    return sum(not _is_released(pool, item) for item in items)


def _is_released(pool: Pool, item: memoryview) -> bool:
    try:
        pool.release(item)
    except ValueError:  # another has released some item, and it was this one
        return False
    return True


def _held(pool: Pool) -> list[int]:
    return [pool.count - len(pool)]


def _law(pool: Pool, ledger: Sequence[int]) -> Iterator[str]:
    (held,) = _held(pool)
    if held != ledger[0]:
        yield f"{held:,} items are held, and what was acquired less what was released comes to {ledger[0]:,}"


# ---- what a process holds that is killed

_COUNT = 256
_KEPT = OF_VICTIM + (1 << 14) - 1
_NOT_HELD = 1 << 40
"""What is noted when an item that was acquired could not be released: somebody else has done so."""


@once
def _holding() -> Routine[Any, int]:
    """Acquire two items, release them; a victim keeps one now and then. How many are kept."""
    code = code_for(_COUNT)
    Lane, acquire_row, release_row = code.record, code.acquire_row, code.release_row  # noqa: N806 - it is a class

    @routine
    def work(cpu: Lane, turn: u64) -> i64:  # type: ignore[valid-type]
        owner = u32(turn >> 40)
        first = acquire_row(cpu, owner)
        second = acquire_row(cpu, owner)
        kept: i64 = 0
        if first is not None:
            if turn & _KEPT == _KEPT:
                kept = 1
            elif not release_row(cpu, first):
                return _NOT_HELD
        if second is not None:
            if not release_row(cpu, second):
                return _NOT_HELD
        return kept

    return work


def _is_held(difference: Sequence[int]) -> bool:
    """Up to two that were acquired."""
    return difference[0] in (0, 1, 2)


def _bury(pool: Pool, process: int, noted: int) -> Iterator[str]:
    """All that the dead process held is recovered, and no more; then each item is there once."""
    held, recovered = pool.held(), pool.recover(process)
    if recovered != held.pop(process, []) or not noted <= len(recovered) <= noted + 2:
        yield f"{noted} items, or up to two more, were held when the process was killed; {recovered} were recovered"
    if held:
        yield f"items are held that nobody acquired: {held}"
    rows = list(iter(pool.acquire_row, None))
    if sorted(rows) != list(range(pool.count)):
        yield f"there are {pool.count} items, and {len(rows)} could be acquired, {len(set(rows))} different ones"
    for number in rows:
        pool.release_row(number)
