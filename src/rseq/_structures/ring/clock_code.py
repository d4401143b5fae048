"""The code that reads the counter (clock.py)."""

from __future__ import annotations

from rseq._language.kept import keep
from rseq._language.operations import clock
from rseq._language.types import Record, u64
from rseq._sequence import routine

keep(__name__)


class Nothing(Record):
    """The record of what needs none."""

    unused: u64


@routine
def read_clock(cpu: Nothing) -> u64:
    """The counter."""
    return clock()
