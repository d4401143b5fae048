"""What a KeyedCounter can be asked, for tests of memory that somebody has written to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import rseq


def uses(shop: rseq.Segment) -> Iterator[Callable[[], Any]]:
    found = shop["hits"]
    yield from (found.items, found.total, lambda: found["GET /"], lambda: found.add("GET /"), lambda: found.add("new"))
    yield from (lambda: found.row_of(("b", 1)), lambda: len(found), found.most_common, lambda: repr(found))
