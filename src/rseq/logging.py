"""Logging through a ring buffer: the thread that logs writes a few bytes; output is another thread's work.

    ring = rseq.RingBuffer(1 << 20)
    logging.getLogger().addHandler(rseq.logging.Handler(ring))
    with rseq.logging.Listener(ring, logging.FileHandler("all.log")):
        …

As with `logging.handlers.QueueHandler` and `QueueListener`, but nobody waits for a lock or a queue, and memory is
bounded. In a shared segment, forked processes log into one ring and one listener writes for all of them.

What crosses is the record as `QueueHandler.prepare` makes it: the message is formatted in the thread that logs, with
the traceback if there is one, and all other fields stay as they are. The listener makes nothing anew: no record
factory, no level name, no time. There are two forms, told apart by their first byte:

    marshal of a list      the values of a `logging.LogRecord` whose fields all are of Python's plain types
    pickle of an object    all else

`import rseq` does not import this module.
"""

from rseq._logging.handler import Handler
from rseq._logging.listener import Listener

__all__ = ["Handler", "Listener"]
