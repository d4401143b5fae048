"""What an extreme is, in plain Python."""

from __future__ import annotations

import math


class Model:
    """What `Max` (or with `is_max` False, `Min`) is, in plain Python."""

    def __init__(self, *, is_max: bool = True) -> None:
        self._choose = max if is_max else min
        self.value: float | None = None

    def update(self, x: float) -> None:
        """See `Max.update`."""
        if not math.isnan(x):
            self.value = x if self.value is None else self._choose(self.value, x)
