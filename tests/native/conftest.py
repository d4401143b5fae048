"""What tests of compiled code share: one CPU."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support import on_one_cpu


@pytest.fixture(scope="module")
def cpu() -> Iterator[int]:
    """The one CPU that this thread runs on: its lane is known, and a call finds what the one before has left."""
    with on_one_cpu() as cpu:
        yield cpu
