"""A folder of segments for each test of services, which its processes share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.folders import folder


@pytest.fixture(autouse=True)
def segment_folder() -> Iterator[Path]:
    """An empty folder in /dev/shm, where this test and the processes that it starts find segments."""
    with folder() as path:
        yield path
