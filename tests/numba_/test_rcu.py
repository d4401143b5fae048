"""RCU inside compiled functions: readers without the GIL, and a writer that poisons what it has replaced."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import rseq
import support
from rseq._structures.rcu import grace
from rseq._structures.rcu import rcu as module

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")

WORDS, POISON = 1024, -1


@numba.njit(nogil=True)
def read(rcu: Any, current: Any, slots: Any, state: Any, number: int) -> int:
    """Read until told to stop: state[0]. Returns how often a word was poison, or not of one version with the others."""
    wrong = 0
    while state[0] == 0:
        phase = rcu.read_lock()
        chosen = slots[current[0]]
        version = chosen[0]
        for word in range(WORDS):
            if chosen[word] != version or version == POISON:
                wrong += 1
        rcu.read_unlock(phase)
        state[1 + number] += 1
    return wrong


def replaced(rounds: int, threads: support.ThreadSet, readers: int = 2) -> tuple[int, list[int]]:
    """How many wrong words the readers saw while what they read was replaced `rounds` times; how often they read."""
    rcu = rseq.RCU()
    current, slots, state = np.zeros(1, np.int64), np.zeros((2, WORDS), np.int64), np.zeros(1 + readers, np.int64)
    wrong = [0] * readers
    stopped = np.ones_like(state)
    assert read(rcu, current, slots, stopped, 0) == 0  # compiles it

    def run(number: int) -> None:
        wrong[number] = read(rcu, current, slots, state, number)

    workers = [threads.start(run, number) for number in range(readers)]
    while not state[1:].all():
        assert all(worker.is_alive() for worker in workers)
        time.sleep(0)
    for version in range(1, rounds + 1):
        old = current[0]
        slots[1 - old] = version
        current[0] = 1 - old
        rcu.synchronize()
        slots[old] = POISON
    state[0] = 1
    threads.join()
    assert rcu.readers == 0
    return sum(wrong), state[1:].tolist()


def nothing(memory: Any) -> Iterator[int]:
    yield 0


def other_phase_only(memory: Any) -> Iterator[int]:
    yield from grace._scan(memory, memory.phase(0) ^ 1)


def test_compiled_readers_never_read_what_has_been_replaced(threads: support.ThreadSet) -> None:
    wrong, reads = replaced(1500, threads)
    assert wrong == 0
    assert min(reads) > 0


@pytest.mark.parametrize("wrong_period", [nothing, other_phase_only])
def test_they_do_if_nobody_waits_for_them(
    wrong_period: Any, monkeypatch: pytest.MonkeyPatch, threads: support.ThreadSet
) -> None:
    monkeypatch.setattr(module, "grace_period", wrong_period)
    assert any(replaced(1500, threads)[0] for _ in range(20))


def test_phases_are_numbers_and_are_checked() -> None:
    @numba.njit
    def leave(rcu: Any, phase: int) -> None:
        rcu.read_unlock(phase)

    @numba.njit
    def enter(rcu: Any) -> int:
        return rcu.read_lock()

    rcu = rseq.RCU()
    phase = enter(rcu)
    assert (phase, rcu.readers) == (0, 1)
    with pytest.raises(IndexError):
        leave(rcu, 2)
    assert rcu.readers == 1
    leave(rcu, phase)
    rcu.synchronize(0)
    assert enter(rcu) == 1
    rcu.read_unlock(1)
