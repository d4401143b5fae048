"""A counter's sequence as the C header that `rseq emit` writes, in a loop that this machine's C compiler makes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from rseq._bench.compiler import c_loops
from rseq._structures.counter import Counter

if TYPE_CHECKING:
    from rseq._bench.native.loop import Loop

_LOOP = """
#include "counter.h"

/* `place` says where the lanes are. It ends early should the sequence fail, so that the total shows it. */
int64_t loop(const uint64_t *place, int64_t count);
int64_t loop(const uint64_t *place, int64_t count)
{
    struct rseq_lanes lanes = {(void *)place[0], place[1], (uint32_t)place[2]};
    for (int64_t i = 0; i < count; i++)
        if (rseq_counter_add(&lanes, 1) != RSEQ_DONE)
            return i;
    return count;
}
"""


@cache
def counter_loop() -> Loop:
    """The loop around it, on a place of lanes; how many sequences were run.

    Raises: Unavailable - there is no C compiler, or it refuses the header.
    """
    from rseq._emit import c_header
    from rseq._sequence import architectures

    header = c_header(Counter._sequences(), architectures(()), "rseq_counter")
    return c_loops(["loop"], {"counter.h": header, "loop.c": _LOOP}, "-std=c11")["loop"]
