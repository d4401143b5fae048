"""A ring buffer for each CPU: many writers, one reader at a time, in threads and in processes."""

from rseq._structures.ring.buffer import Event, RingBuffer
from rseq._structures.ring.model import Model

__all__ = ["Event", "Model", "RingBuffer"]
