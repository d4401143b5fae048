"""KeyedCounter, while a key is added: another one comes in between, a fork, or SIGKILL, before each step.

A step is one of the interpreter's in `_structures/keyed/`. So each moment is tried at which memory may be half written.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import rseq
import rseq._structures.keyed as home
from shared.killed import in_child, kill_self

HOME = os.path.dirname(home.__file__)


def at_step(number: int, then: Callable[[], object], body: Callable[[], object], *, finely: bool) -> int:
    """Run the body, and `then` before its step of that number (from 0); how many steps there were."""
    count = 0

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(HOME):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = finely, not finely
        if event in ("opcode", "line"):
            if count == number:
                sys.settrace(None)
                then()
                sys.settrace(trace)
            count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        body()
    finally:
        sys.settrace(before)
    return count


SLOW = pytest.mark.slow
PACES = [(False, 3), pytest.param(False, 1, marks=SLOW), pytest.param(True, 3, marks=SLOW)]
"""Each third line, each line, and each third instruction of the interpreter's: a line has about ten."""


SHARED = [True, pytest.param(False, marks=SLOW)]


def fresh(shop: rseq.Segment, number: int) -> tuple[rseq.KeyedCounter, rseq.KeyedCounter]:
    """One counter as two processes have it, with two keys, of which the second handle has met one."""
    one, other = (rseq.KeyedCounter(5, segment=shop, name=f"hits {number}") for _ in range(2))
    one.add("old")
    other.add("old")
    one.add("known to one")
    return one, other


def require_once(counter: rseq.KeyedCounter, *keys: Any) -> None:
    assert sorted(counter.keys(), key=repr) == sorted(keys, key=repr)


@pytest.mark.parametrize(("finely", "stride"), PACES)
@pytest.mark.parametrize("is_same", [True, False])
@pytest.mark.parametrize("is_self", [True, False])
def test_another_adds_a_key_before_each_step(
    segment_folder: Path, is_same: bool, is_self: bool, finely: bool, stride: int
) -> None:
    """By another handle, as another process does it, or by the same one: a thread, or a signal handler."""
    shop, step, steps = rseq.Segment("shop"), 0, 1
    while step < steps:
        one, other = fresh(shop, step)
        theirs: Any = ("new", 1) if is_same else "theirs"
        adder = one if is_self else other
        steps = at_step(step, partial(adder.add, theirs, 10), partial(one.add, ("new", 1)), finely=finely)
        new = {("new", 1): 11} if is_same else {("new", 1): 1, "theirs": 10}
        expected: dict[Any, int] = {"old": 2, "known to one": 1, **new}
        for counter in (one, other, rseq.Segment("shop")[f"hits {step}"]):
            assert dict(counter.items()) == expected, step
            require_once(counter, *expected)
            assert (counter.overflow, counter.total()) == (0, sum(expected.values()))
        step += stride
    assert steps > 20


@pytest.mark.parametrize(("finely", "stride"), PACES)
def test_the_last_place_goes_to_one_of_two(segment_folder: Path, finely: bool, stride: int) -> None:
    shop, step, steps, outcomes = rseq.Segment("shop"), 0, 1, set()
    while step < steps:
        one, other = (rseq.KeyedCounter(1, segment=shop, name=f"hits {step}") for _ in range(2))
        steps = at_step(step, partial(other.add, "b", 10), partial(one.add, "a"), finely=finely)
        assert one.items() == other.items()
        outcomes.add((*one.items(), one.overflow))
        step += stride
    assert outcomes == {(("a", 1), 10), (("b", 10), 1)}


@pytest.mark.parametrize(("finely", "stride"), PACES)
@pytest.mark.parametrize("is_shared", SHARED)
def test_a_fork_before_each_step(segment_folder: Path, is_shared: bool, finely: bool, stride: int) -> None:
    """Child and parent both go on with what the parent had begun, and add another key."""
    shop, step, steps, counts = rseq.Segment("shop") if is_shared else None, 0, 1, list[int]()
    while step < steps:
        hits, child = rseq.KeyedCounter(9, segment=shop), 0

        def fork() -> None:
            nonlocal child
            child = os.fork()

        hits.add("old")
        try:
            steps = at_step(step, fork, partial(hits.add, "new"), finely=finely)
            hits.add("theirs" if child == 0 else "mine", 100)
        except BaseException:
            if child == 0:
                os._exit(1)
            raise
        if child == 0:
            os._exit(hits.total() not in ((201, 202, 203, 103, 102) if is_shared else (102,)))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        if is_shared:
            counts.append(hits["new"])
            assert dict(hits.items()) == {"old": 1, "new": counts[-1], "theirs": 100, "mine": 100}, step
            require_once(hits, "old", "new", "theirs", "mine")
        else:
            assert hits.items() == [("old", 1), ("new", 1), ("mine", 100)]
        step += stride
    assert counts == sorted(counts, reverse=True), "both add it, unless it was added before the fork"
    assert set(counts) <= {1, 2}
    assert counts[:10] == [2] * (10 if is_shared else 0)


@pytest.mark.parametrize(("finely", "stride"), PACES)
def test_killed_before_each_step(segment_folder: Path, finely: bool, stride: int) -> None:
    hits, step, status = rseq.KeyedCounter(5000, segment=rseq.Segment("shop"), name="hits"), 0, -signal.SIGKILL
    hits.add("old", 7)
    counts: list[int] = []
    while status == -signal.SIGKILL:
        key = ("key", step)
        status = in_child(partial(at_step, step, kill_self, partial(hits.add, key), finely=finely))
        for counter in (hits, rseq.Segment("shop")["hits"]):
            assert counter["old"] == 7
            assert counter[key] in (0, 1)
        counts.append(hits[key])
        after = rseq.Segment("shop")["hits"]
        after.add(key, 10)
        after.add(("after", step))
        assert hits[key] == counts[-1] + 10
        assert hits[("after", step)] == 1
        step += stride
    assert status == 0
    assert counts == sorted(counts), "it is added in one step"
    assert (counts[:10], counts[-1]) == ([0] * 10, 1)
    keys = hits.keys()
    assert len(set(keys)) == len(keys) == 1 + 2 * len(counts)
    assert hits.overflow == 0
    assert step > 20


def test_what_races_and_kills_leave_unused_is_little(segment_folder: Path) -> None:
    """Four processes bring the same keys in their own order; then there is still room for all."""
    hits = rseq.KeyedCounter(400, key_bytes=16, segment=rseq.Segment("shop"), name="hits")
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                chance = random.Random(number)
                for key in chance.sample(range(400), 400):
                    hits.add(f"{key:08}")
                code = 0
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4
    assert (len(hits), hits.overflow, {count for _, count in hits.items()}) == (400, 0, {4})
