"""A ring buffer for each CPU: many writers, one reader at a time, in threads and in processes."""

from rseq._structures.ring.buffer import RingBuffer
from rseq._structures.ring.records import Event

__all__ = ["Event", "RingBuffer"]
