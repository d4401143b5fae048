"""What threads put in, less what they took out: a row of sums for each of them, so that nobody writes another's.

The rows lie in memory that forked children share. Only signal handlers have a row in common; they add with atomics.
"""

from __future__ import annotations

import mmap

from rseq._integers import round_up, signed
from rseq._percpu.segment import address_of

_LINE_BYTES = 128


class Ledger:
    """`rows` rows with a sum for each of `length` elements; sums wrap around, as i64 does."""

    def __init__(self, rows: int, length: int) -> None:
        self._row_words = round_up(length * 8, _LINE_BYTES) // 8
        self._rows, self._length = rows, length
        self._pages = mmap.mmap(-1, rows * self._row_words * 8)
        self._words = memoryview(self._pages).cast("q")
        self._start = address_of(self._pages)

    def address(self, row: int) -> int:
        """Where the sums of a row are."""
        assert 0 <= row < self._rows
        return self._start + row * self._row_words * 8

    def add(self, row: int, element: int, n: int) -> None:
        """Add `n` to a sum of the caller's own row."""
        at = row * self._row_words + element
        self._words[at] = signed(self._words[at] + n)

    def sums(self) -> list[int]:
        """For each element the sum over all rows, when nobody adds any more."""
        return [signed(sum(self._words[element :: self._row_words])) for element in range(self._length)]

    def sum_of(self, row: int) -> int:
        """The sum over all elements of one row, when its owner does not add any more."""
        return sum(self._words[row * self._row_words : row * self._row_words + self._length])
