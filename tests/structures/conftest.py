"""What the tests of structures share: a segment or none, and forked children that work on one structure."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable

import pytest

import rseq


@pytest.fixture(params=[lambda: None, rseq.Segment], ids=["private", "shared"])
def segment(request: pytest.FixtureRequest) -> rseq.Segment | None:
    """No segment; and in the second run of a test, one without a name."""
    made: rseq.Segment | None = request.param()
    return made


@pytest.fixture
def rcu(segment: rseq.Segment | None) -> rseq.RCU:
    """One in private memory; and in the second run of a test, in a segment."""
    return rseq.RCU(segment=segment)


def _run_in_children(count: int, function: Callable[[int], object]) -> None:
    children = [_fork(function, number) for number in range(count)]
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0] * count, "a forked child failed; its traceback is above"


def _fork(function: Callable[[int], object], number: int) -> int:
    child = os.fork()
    if child == 0:
        try:
            function(number)
        except BaseException:  # noqa: BLE001 - the child must end here, not in the parent's tests
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child


@pytest.fixture
def run_in_children() -> Callable[[int, Callable[[int], object]], None]:
    """`run_in_children(count, function)` calls `function(number)` in each of `count` forked children at once."""
    return _run_in_children
