"""The system is looked at once; these tests look at it anew."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from rseq._thread import cpus, registration


@pytest.fixture
def forget() -> Iterator[None]:
    """Let the modules look at the system anew, and again after the test."""
    caches = (registration.calling_thread, cpus.possible_cpus)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.fixture
def pinned() -> Iterator[set[int]]:
    """The CPUs that this process may use; the test may pin itself to some of them."""
    allowed = os.sched_getaffinity(0)
    yield allowed
    os.sched_setaffinity(0, allowed)
