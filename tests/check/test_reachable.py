"""A record says which lanes can be: right code that keeps an invariant passes, and a mistake is found."""

from __future__ import annotations

from typing import Any

import pytest

import rseq
import tiers
from rseq import _arch as arch
from rseq import i32, prepared, u8, u32
from rseq._check.code import Operation, compiled
from rseq._check.explore import Explorer, Limits
from rseq._check.search import LEAST, Search
from rseq._check.states import Cases
from rseq.check import check

FEW = Limits(4, 1, 1)

# ---- a permutation: four keys, the one that was used last first, and a free slot; four bits for each


def slots_of(lane: Any) -> list[int]:
    """The slots in their order; the last one is free."""
    return [int(lane["order"]) >> 4 * place & 15 for place in range(5)]


class Unsaid(rseq.Record):
    order: u32
    keys: prepared[i32[5]]

    @staticmethod
    def starts(lanes: Any) -> None:
        lanes["order"] = 0x43210

    @staticmethod
    def live(lane: Any) -> list[int]:
        return [int(lane["keys"][min(slot, 4)]) for slot in slots_of(lane)[:4]]


class Recent(rseq.Record):
    order: u32
    keys: prepared[i32[5]]
    starts, live = Unsaid.starts, Unsaid.live

    @staticmethod
    def reachable(lane: Any) -> bool:
        return sorted(slots_of(lane)) == [0, 1, 2, 3, 4] and int(lane["order"]) < 1 << 20


@rseq.sequence
def insert_unsaid(cpu: Unsaid, key: i32) -> None:
    order = cpu.order
    free = (order >> 16) & 15
    cpu.keys[free] = key
    cpu.order = ((order << 4) | free) & 0xFFFFF


@rseq.sequence
def insert(cpu: Recent, key: i32) -> None:
    order = cpu.order
    free = (order >> 16) & 15
    cpu.keys[free] = key
    cpu.order = ((order << 4) | free) & 0xFFFFF


@rseq.sequence
def use(cpu: Recent, place: u32) -> bool:
    if place > 3:
        return False
    order = cpu.order
    slot = (order >> (4 * place)) & 15
    before: u32 = (1 << (4 * place)) - 1
    cpu.order = (order & ~((before << 4) | 15)) | ((order & before) << 4) | slot
    return True


@rseq.sequence
def insert_and_forget(cpu: Recent, key: i32) -> None:
    order = cpu.order
    free = (order >> 16) & 15
    cpu.keys[free] = key
    cpu.order = ((order << 4) | free) & 0xFFFF


@rseq.sequence
def insert_where_one_lives(cpu: Recent, key: i32) -> None:
    order = cpu.order
    oldest = (order >> 12) & 15
    cpu.keys[oldest] = key
    cpu.order = (order & 0xF0000) | ((order << 4) & 0xFFF0) | oldest


# ---- a sorted array: where records of one to three words end


class Arena(rseq.Record):
    count: u8
    ends: prepared[u8[5]]
    data: prepared[i32[6]]

    @staticmethod
    def live(lane: Any) -> list[int]:
        ends = [int(end) for end in lane["ends"][: min(int(lane["count"]), 4) + 1]]
        return [*ends, *lane["data"][: max(ends)].tolist()]

    @staticmethod
    def reachable(lane: Any) -> bool:
        ends = [int(end) for end in lane["ends"][: int(lane["count"]) + 1]]
        return int(lane["count"]) <= 4 and ends[0] == 0 and ends[-1] <= 6 and ends == sorted(ends)


@rseq.sequence
def append(cpu: Arena, value: i32, more: u8) -> bool:
    n = cpu.count
    start = cpu.ends[n]
    end = start + (more & 1) + 1
    if n >= 4 or end > 6:
        return False
    cpu.data[start] = value
    cpu.data[end - 1] = value
    cpu.ends[n + 1] = end
    cpu.count = n + 1
    return True


@rseq.sequence
def append_around(cpu: Arena, value: i32, more: u8) -> bool:
    n = cpu.count
    start = cpu.ends[n]
    if n >= 4:
        return False
    end = (start + (more & 1) + 2) & 3
    cpu.data[start] = value
    cpu.ends[n + 1] = end
    cpu.count = n + 1
    return True


@rseq.sequence
def append_before(cpu: Arena, value: i32, more: u8) -> bool:
    n = cpu.count
    start = cpu.ends[n]
    end = start + (more & 1) + 1
    if n >= 4 or end > 6:
        return False
    cpu.data[start] = value
    if start > 0:
        cpu.data[start - 1] = value
    cpu.ends[n + 1] = end
    cpu.count = n + 1
    return True


RIGHT = {"permutation": (insert, use), "sorted": (append,)}
WRONG = {
    "permutation, one forgotten": ((insert_and_forget, use), "cannot-be"),
    "permutation, where one lives": ((insert_where_one_lives, use), "half-done"),
    "sorted, turned over": ((append_around,), "cannot-be"),
    "sorted, before the end": ((append_before,), "half-done"),
}


def found(sequences: tuple[Any, ...], architecture: str) -> set[str]:
    """What is wrong in a few cases."""
    operations = [Operation.of(sequence) for sequence in sequences]
    program = compiled(operations, arch.get(architecture))
    return {finding.slug for finding in Explorer(program, operations, limits=FEW).findings()}


@pytest.mark.parametrize(("name", "architecture"), tiers.by_turns([*RIGHT]))
def test_right_code_passes(name: str, architecture: str) -> None:
    assert found(RIGHT[name], architecture) == set()


@pytest.mark.slow
@pytest.mark.parametrize("name", RIGHT)
def test_right_code_passes_in_all_cases(name: str) -> None:
    report = check(*RIGHT[name])
    assert report.ok, str(report)
    assert not report.vacuous


@pytest.mark.parametrize(("name", "architecture"), tiers.by_turns([*WRONG]))
def test_a_mistake_is_found(name: str, architecture: str) -> None:
    sequences, rule = WRONG[name]
    assert rule in found(sequences, architecture)


def test_without_it_the_report_says_how_to_say_so() -> None:
    report = check(insert_unsaid)
    assert not report.ok
    assert "if it cannot be, have Unsaid.reachable(lane) say so" in str(report)


def test_what_cannot_be_is_tried_nowhere() -> None:
    search = Search(Cases([Operation.of(insert), Operation.of(use)], 2))
    assert len(search.states) == LEAST
    assert all(search.cases.can_be(state) for state in search.states)


def test_what_is_said_is_followed_in_both_lanes() -> None:
    cases = Cases([Operation.of(insert)], 2)
    (start,) = cases.starts()
    bad = cases.beside(start, bytes(len(start)))
    assert cases.can_be(start)
    assert not cases.can_be(bad)


class Nowhere(rseq.Record):
    order: u32

    @staticmethod
    def reachable(lane: Any) -> bool:
        return bool(lane["order"])


@rseq.sequence
def turn(cpu: Nowhere) -> None:
    cpu.order = cpu.order * 3


def test_a_beginning_that_cannot_be_is_refused() -> None:
    says = r"a lane of zeros cannot be, says Nowhere\.reachable\(\); say in Nowhere\.starts\(lanes\) what lanes begin"
    with pytest.raises(ValueError, match=says):
        check(turn)


class Raises(rseq.Record):
    order: u32

    @staticmethod
    def reachable(lane: Any) -> bool:
        return bool(lane["other"])


@rseq.sequence
def turn_raising(cpu: Raises) -> None:
    cpu.order = cpu.order * 3


def test_what_it_raises_is_told() -> None:
    with pytest.raises(RuntimeError, match=r"Raises\.reachable\(\) raised ValueError"):
        check(turn_raising)
