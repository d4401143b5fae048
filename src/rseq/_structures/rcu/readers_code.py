"""The code of readers (grace.py, which says how they count themselves)."""

from __future__ import annotations

from rseq._language.kept import keep
from rseq._language.types import Record, i64
from rseq._sequence import sequence

keep(__name__)


class Readers(Record):
    """A lane: who has begun and ended to read, in each phase."""

    phase: i64
    begun: i64[2]  # type: ignore[type-arg, valid-type]
    ended: i64[2]  # type: ignore[type-arg, valid-type]


@sequence
def read_lock(cpu: Readers) -> i64:
    """Begin to read. Returns the phase, which `read_unlock` wants. Any thread, any signal handler; it never waits."""
    phase = cpu.phase
    cpu.begun[phase] += 1  # type: ignore[index]
    return phase


@sequence
def read_unlock(cpu: Readers, phase: i64) -> None:
    """End what `read_lock` began when it returned `phase`, on this CPU or another, in this thread or another."""
    cpu.ended[phase] += 1  # type: ignore[index]
