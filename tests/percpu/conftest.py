"""What the tests of per-CPU memory share: a forked child whose failure is the test's; one CPU."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator

import pytest


def _run_in_child(function: Callable[[], object]) -> None:
    child = os.fork()
    if child == 0:
        try:
            function()
        except BaseException:  # noqa: BLE001 - the child must end here, not in the parent's tests
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0, "the forked child failed; its traceback is above"


@pytest.fixture
def in_child() -> Callable[[Callable[[], object]], None]:
    """`in_child(function)` calls it in a forked child and fails if it raises there."""
    return _run_in_child


@pytest.fixture
def one_cpu() -> Iterator[int]:
    """The test runs on this CPU: what it puts on a lane is on the lane that it looks at."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield min(before)
    os.sched_setaffinity(0, before)
