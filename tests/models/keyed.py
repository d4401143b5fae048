"""What counts by key are, in plain Python: a Counter with so many keys, and one number for all others."""

from __future__ import annotations

import collections
from typing import Any


class Model:
    """What a `KeyedCounter` is, in plain Python; of keys that take no more bytes than there are."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.overflow = capacity, 0
        self.counts: collections.Counter[Any] = collections.Counter()

    def add(self, key: Any, n: int = 1) -> None:
        """See `KeyedCounter.add`."""
        if key in self.counts or len(self.counts) < self.capacity:
            self.counts[key] += n
        else:
            self.overflow += n

    def items(self) -> list[tuple[Any, int]]:
        """See `KeyedCounter.items`."""
        return list(self.counts.items())

    def most_common(self, n: int | None = None) -> list[tuple[Any, int]]:
        """See `KeyedCounter.most_common`."""
        return self.counts.most_common(n)

    def total(self) -> int:
        """See `KeyedCounter.total`."""
        return self.counts.total() + self.overflow
