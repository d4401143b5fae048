"""A ring buffer for each CPU: many writers, one reader at a time, in threads and in processes."""

from .buffer import Event, RingBuffer
from .model import Model

__all__ = ["Event", "Model", "RingBuffer"]
