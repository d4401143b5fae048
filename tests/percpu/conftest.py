"""What the tests of per-CPU memory share: one CPU."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest


@pytest.fixture
def one_cpu() -> Iterator[int]:
    """The test runs on this CPU: what it puts on a lane is on the lane that it looks at."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    yield min(before)
    os.sched_setaffinity(0, before)
