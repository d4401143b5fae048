"""What the tests of metrics share: a folder of segments for each; a segment, and what metrics are made with in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rseq
from shared.folders import folder


@pytest.fixture(autouse=True)
def segment_folder() -> Iterator[Path]:
    """An empty folder in /dev/shm, where this test and the processes that it starts find segments."""
    with folder() as path:
        yield path


@pytest.fixture
def shop() -> rseq.Segment:
    """A segment without a name."""
    return rseq.Segment()


@pytest.fixture
def plain(shop: rseq.Segment) -> dict[str, Any]:
    """What metrics are made with in these tests: a segment, and no registry."""
    return {"registry": None, "segment": shop}


@pytest.fixture
def registry_is_left_as_it_was() -> Iterator[None]:
    """Metrics of these tests are in no registry of this process."""
    import prometheus_client

    before = list(prometheus_client.REGISTRY._collector_to_names)
    yield
    assert list(prometheus_client.REGISTRY._collector_to_names) == before
