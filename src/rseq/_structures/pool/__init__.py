"""Buffers that threads and processes hold in turn: fixed memory, items found by number."""

from rseq._structures.pool.pool import Pool, arrays_of

__all__ = ["Pool", "arrays_of"]
