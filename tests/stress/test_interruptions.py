"""Critical sections interrupted at each instruction, and by storms of signals; and what wrong code does then.

Everything here runs on the kernel as it is. A trap or a signal that arrives inside a section makes the kernel abort it,
before the handler runs; the handler runs the same sequence on the same lane. If nothing is lost, the section was
restarted. The same tests on spoilt code must lose: otherwise they would show nothing.
"""

from __future__ import annotations

import ctypes
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import rseq
import sections
from rseq import f64, i64
from rseq.arch import host
from rseq.language.types import SCALARS
from rseq.structures.cell import adder
from sections import Section, Spoil, compiled
from support import ThreadSet

pytestmark = [pytest.mark.needs_rseq, pytest.mark.arch("x86_64")]  # what is spoilt is text of this architecture

BREAKPOINT, NOP = 0xCC, 0x90
LIBC = ctypes.CDLL(None)
LIBC.signal.restype = ctypes.c_void_p
LIBC.signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
ON_SIGNAL = ctypes.CFUNCTYPE(None, ctypes.c_int)


class Cell(rseq.Record):
    value: i64


@rseq.sequence
def load_and_store(cpu: Cell, n: i64) -> None:
    """`+=` in several instructions, with a window between the load and the store."""
    before = cpu.value
    cpu.value = (before ^ 0) + n


class Average(rseq.Record):
    value: f64


@rseq.sequence
def add_float(cpu: Average, n: i64) -> None:
    cpu.value += f64(n)


SEQUENCES: dict[str, Any] = {"counter": adder(SCALARS["i64"]), "float": add_float, "load and store": load_and_store}


def unspoilt(assembly: Any) -> Any:
    return assembly


def total(storage: rseq.percpu[Any]) -> float:
    return float(storage.per_cpu()["value"].sum())


@contextmanager
def handling(number: int, handler: int) -> Iterator[None]:
    """A C function handles the signal, without Python in between."""
    before = LIBC.signal(number, handler)
    try:
        yield
    finally:
        LIBC.signal(number, before)


# A trap at each instruction


class Trapped:
    """A section with a breakpoint before one instruction; the first time it is hit, something else runs."""

    def __init__(self, sequence: Any, storage: rseq.percpu[Any], spoil: Spoil, position: int) -> None:
        quiet = compiled(sequence, storage, lambda a: sections.with_line(spoil(a), position, "nop"))
        self.section = compiled(sequence, storage, lambda a: sections.with_line(spoil(a), position, "int3"))
        differing = [
            i for i, pair in enumerate(zip(quiet.blob.code, self.section.blob.code, strict=True)) if len({*pair}) > 1
        ]
        # The loop and the handler each have a copy of the section. The handler's breakpoint stays a nop.
        (*_, self.at), in_handler = self._of_loop(differing)
        sections.make_writable(self.section.code, len(self.section.blob.code))
        self.section_at = self.section.code.address
        for place in in_handler:
            self._write(place, NOP)
        self.hits = 0

    def _of_loop(self, places: list[int]) -> tuple[list[int], list[int]]:
        assert len(places) == 2, places
        first, second = (self.section.code.entries[name] - self.section.code.address for name in ("loop", "handler"))
        assert first < second
        return [p for p in places if p < second], [p for p in places if p > second]

    def _write(self, place: int, byte: int) -> None:
        ctypes.c_uint8.from_address(self.section_at + place).value = byte

    def run(self, handle: Callable[[], object]) -> None:
        def on_trap(number: int) -> None:
            self.hits += 1
            self._write(self.at, NOP)
            handle()

        callback = ON_SIGNAL(on_trap)
        address = ctypes.cast(callback, ctypes.c_void_p).value
        assert address is not None
        with handling(signal.SIGTRAP, address):
            assert self.section.loop(1, 1) == 0


def interrupted_everywhere(sequence: Any, spoil: Spoil) -> list[tuple[float, int]]:
    """For a breakpoint before each instruction: the total after one run interrupted by another, and the aborts."""
    architecture = host()
    assert architecture is not None
    from rseq.language.section import section

    lines = sections.protected_lines(spoil(architecture.assemble(section(sequence.body))))
    found = []
    for position in lines:
        storage = rseq.percpu(sequence.body.record)
        trapped = Trapped(sequence, storage, spoil, position)
        other = ON_SIGNAL(trapped.section.handler)
        trapped.run(lambda other=other: other(0))
        assert (trapped.hits, trapped.section.handled) == (1, 1)
        found.append((total(storage), trapped.section.restarts))
    return found


@pytest.mark.parametrize("name", SEQUENCES)
def test_interrupted_before_each_instruction_nothing_is_lost(name: str) -> None:
    found = interrupted_everywhere(SEQUENCES[name], unspoilt)
    assert len(found) >= 4
    assert {value for value, _ in found} == {2.0}
    assert {restarts for _, restarts in found} == {1}  # each of them aborted the section


@pytest.mark.parametrize("spoil", [sections.without_descriptor_store, sections.ending_early])
def test_a_section_that_the_kernel_does_not_know_loses_updates(spoil: Spoil) -> None:
    found = interrupted_everywhere(load_and_store, spoil)
    assert 1.0 in {value for value, _ in found}  # the handler's add, between the load and the store
    assert 0 in {restarts for _, restarts in found}


# Storms of signals


def storm(section: Section, threads: ThreadSet, signals: int) -> int:
    """Run the loop in three threads while signals are sent to each; how many runs there were."""
    rounds, count = [0, 0, 0], 100_000
    started, stop = threading.Barrier(4), threading.Event()

    def work(number: int) -> None:
        started.wait()
        while not stop.is_set():
            assert section.loop(1, count) == 0
            rounds[number] += 1

    workers = [threads.start(work, number) for number in range(3)]
    with handling(signal.SIGUSR1, section.handler):
        started.wait()
        while section.handled < signals:
            for worker in workers:
                assert worker.ident is not None
                signal.pthread_kill(worker.ident, signal.SIGUSR1)
        stop.set()
        threads.join()
    return sum(rounds) * count


@pytest.mark.parametrize("index", ["cpu_id", "mm_cid"])
@pytest.mark.parametrize("name", SEQUENCES)
def test_signals_to_running_threads_lose_nothing(name: str, index: Any, threads: ThreadSet) -> None:
    storage = rseq.percpu(SEQUENCES[name].body.record, index=index)
    section = compiled(SEQUENCES[name], storage)
    runs = storm(section, threads, signals=1000)
    assert total(storage) == runs + section.handled


@pytest.mark.parametrize("spoil", [sections.without_descriptor_store, sections.ending_early])
def test_signals_find_a_section_that_the_kernel_does_not_know(spoil: Spoil, threads: ThreadSet) -> None:
    storage = rseq.percpu(Cell)
    section = compiled(load_and_store, storage, spoil)
    runs = storm(section, threads, signals=2000)
    assert total(storage) < runs + section.handled


@pytest.mark.parametrize("index", ["cpu_id", "mm_cid"])
def test_a_timer_at_a_kilohertz_loses_nothing(index: Any) -> None:
    storage = rseq.percpu(Cell, index=index)
    section, runs = compiled(load_and_store, storage), 0
    with handling(signal.SIGALRM, section.handler):
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        try:
            while section.handled < 300:
                assert section.loop(1, 100_000) == 0
                runs += 100_000
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    assert total(storage) == runs + section.handled


def run_without_signals(section: Section, storage: rseq.percpu[Any], threads: ThreadSet, rounds: int) -> int:
    """Run the loop in as many threads as there are CPUs, and two; stop when something is lost. The number of runs."""
    runs = 0
    for _ in range(rounds):
        count = 1_000_000
        threads.run(len(os.sched_getaffinity(0)) + 2, section.loop, 1, count)
        runs += (len(os.sched_getaffinity(0)) + 2) * count
        if total(storage) != runs:
            break
    return runs


def test_threads_that_preempt_each_other_lose_nothing(threads: ThreadSet) -> None:
    storage = rseq.percpu(Cell)
    section = compiled(load_and_store, storage)
    runs = run_without_signals(section, storage, threads, rounds=30)
    assert total(storage) == runs


@pytest.mark.parametrize("spoil", [sections.without_descriptor_store, sections.ending_early])
def test_threads_that_preempt_each_other_find_wrong_code(spoil: Spoil, threads: ThreadSet) -> None:
    storage = rseq.percpu(Cell)
    section = compiled(load_and_store, storage, spoil)
    runs = run_without_signals(section, storage, threads, rounds=2000)
    assert total(storage) < runs
