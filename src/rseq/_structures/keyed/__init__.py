"""Counts by key, of many threads and processes."""

from rseq._structures.keyed.counter import KeyedCounter

__all__ = ["KeyedCounter"]
