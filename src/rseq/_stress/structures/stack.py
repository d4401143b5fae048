"""Stacks: the items that are left are those that were pushed and not popped, and none is torn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from rseq._language.types import i64, u64
from rseq._once import once
from rseq._sequence import Routine, routine
from rseq._stress.workload import SPREAD, Mortal, Workload
from rseq._structures.stack import Stack
from rseq._structures.stack_code import stack_code


def workloads() -> Iterator[Workload[Stack]]:
    """A small one."""
    yield Workload("Stack", partial(Stack, 4), _work(4), _call, _law)


def mortals() -> Iterator[Mortal]:
    """What a process has popped is gone with it."""
    yield Mortal(
        "Stack",
        lambda segment: Stack(64, segment=segment),
        _work(64),
        lambda stack: [sum(_on(stack))],
        lambda difference: _is_whole(abs(difference[0])),
        bury=_bury,
    )


_CHECKED_BITS = 22


@once
def _work(length: int) -> Routine[Any, int]:
    """Push eight times, pop eight times; what was pushed less what was popped. An item is a turn, and a check of it."""
    code = stack_code(length)
    Slots, push, pop = code.record, code.push, code.pop  # noqa: N806 - it is a class

    @routine
    def work(cpu: Slots, turn: u64) -> i64:  # type: ignore[valid-type]
        if turn & 8 == 0:
            number = turn & 0xFFFFFFFFFF
            value = (number << _CHECKED_BITS) + (number * SPREAD >> (64 - _CHECKED_BITS))
            return i64(value) if push(cpu, value) else 0
        item = pop(cpu)
        if item is None:
            return 0
        return -i64(item)  # type: ignore[call-overload, no-any-return]

    return work


def _call(stack: Stack, turn: int) -> int:
    """The same from Python, now and then on another CPU."""
    if turn & 1:
        return turn if stack.push(turn) else 0
    item = stack.steal() if turn & 14 == 0 else stack.pop()
    return 0 if item is None else -item


def _law(stack: Stack, ledger: Sequence[int]) -> Iterator[str]:
    left, expected = sum(stack.drain()), ledger[0]
    if (left - expected) % (1 << 64):
        yield f"the items that are left come to {left:,}, and what was pushed less what was popped to {expected:,}"


def _is_whole(item: int) -> bool:
    """Whether it is an item that `work` pushes, or none."""
    number, check = divmod(item, 1 << _CHECKED_BITS)
    return number < 1 << 40 and number & 8 == 0 and check == (number * SPREAD % (1 << 64)) >> (64 - _CHECKED_BITS)


def _on(stack: Stack) -> list[int]:
    return [int(item) for lane in stack.storage.per_cpu() for item in lane["slots"][: int(lane["count"])]]


def _bury(stack: Stack, process: int, noted: int) -> Iterator[str]:
    items = _on(stack)
    if not all(map(_is_whole, items)):
        yield "an item on the stack was never pushed: it is torn"
    if len(set(items)) != len(items):
        yield "an item is on the stack twice"
