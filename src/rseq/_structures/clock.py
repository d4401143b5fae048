"""The counter that stamps are taken from, as a program reads it: `rseq.clock()`, and how fast it ticks."""

from __future__ import annotations

from rseq._marks import operation
from rseq._percpu.clock_rate import measure_with, rate
from rseq._structures.ring.clock import ticks, ticks_per_second

measure_with(ticks_per_second)


@operation("clock")
def clock() -> int:
    """The counter of the CPU that this runs on, an int of 64 bits. It ticks at a constant rate: `clock_frequency()`.

    Where the kernel keeps time by the same counter, all CPUs agree to within a fraction of a microsecond, so that a
    difference is a time: `(rseq.clock() - before) / rseq.clock_frequency()` seconds. In a sequence it never runs
    backwards on one CPU. Threads: any thread; in sequences, routines and from Python, where it takes a call.

    Raises: UnsupportedError - from Python, if there is no machine code for this machine.
    """
    return ticks()


@operation("clock_frequency")
def clock_frequency() -> int:
    """How often `clock()` ticks in a second: measured once in a process, which takes a twentieth of a second then.

    It is off by less than 20 millionths: both clocks are read at two moments that far apart, each to less than 0.5 us.
    Threads: any thread; in routines and from Python.

    Raises: UnsupportedError - from Python, if there is no machine code for this machine.
    """
    return rate()
