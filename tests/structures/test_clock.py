"""`rseq.clock()` and `rseq.clock_frequency()`: one counter and one rate, from Python, in routines and in Numba."""

from __future__ import annotations

import time
from typing import Any

import pytest

import rseq
from programs import compiled
from rseq import u64
from rseq._language.interpret import TICKS_PER_SECOND, Memory, run
from support import run_python


class Stamp(rseq.Record):
    at: u64


@rseq.sequence
def stamp(cpu: Stamp) -> u64:
    now = rseq.clock()
    cpu.at = now
    return now


@rseq.routine
def since(cpu: Stamp, before: u64) -> tuple[u64, u64]:
    """How many ticks have passed, and how many there are in a second."""
    return rseq.clock() - before, rseq.clock_frequency()


def test_the_counter_is_the_one_that_sequences_read() -> None:
    taken, measured = stamp.bind(rseq.percpu(Stamp)), since.bind(rseq.percpu(Stamp))
    stamps = [rseq.clock(), taken(), rseq.clock(), taken(), rseq.clock()]
    assert stamps == sorted(stamps)
    passed, _ = measured(stamps[0])
    assert stamps[-1] - stamps[0] <= passed < 3600 * rseq.clock_frequency()


def test_the_frequency_is_that_of_the_systems_clock() -> None:
    """Two times of one stretch, of at least a million ticks: they agree to what reading both at its ends takes."""
    frequency = rseq.clock_frequency()
    outer, begin = time.monotonic_ns(), rseq.clock()
    inner = time.monotonic_ns()
    while rseq.clock() - begin < 1_000_000:
        pass
    before, end, after = time.monotonic_ns(), rseq.clock(), time.monotonic_ns()
    seconds = (end - begin) / frequency * 1e9
    assert (before - inner) * 0.999 <= seconds <= (after - outer) * 1.001


def test_it_is_one_number_in_python_and_in_routines() -> None:
    _, frequency = since.bind(rseq.percpu(Stamp))(0)
    assert frequency == rseq.clock_frequency() == rseq.clock_frequency()
    assert isinstance(frequency, int)


def test_a_routine_that_was_compiled_before_asks_for_it_first(tmp_path: Any) -> None:
    """In a process where nothing else has asked: it is measured when the routine is bound."""
    lines = [
        "import rseq",
        "class Stamp(rseq.Record):",
        "    at: rseq.u64",
        "@rseq.routine",
        "def rate(cpu: Stamp) -> rseq.u64:",
        "    return rseq.clock_frequency()",
        "print(rate.bind(rseq.percpu(Stamp))() == rseq.clock_frequency() > 0)",
    ]
    (tmp_path / "rated.py").write_text("\n".join(lines))
    environment = {"RSEQ_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path)}
    for _ in range(2):
        assert run_python("import rated", env=environment).stdout == "True\n"


def test_the_interpreter_has_a_rate_of_its_own() -> None:
    assert run(since.body, Memory.of(Stamp), [0]) == (0, TICKS_PER_SECOND)


def test_sequences_and_inline_functions_from_python_do_not_ask() -> None:
    with pytest.raises(rseq.CompileError, match=r"clock_frequency\(\) is an operation of routines"):
        compiled("def f(cpu: Stamp) -> u64:\n    return rseq.clock_frequency()\n", Stamp=Stamp)
    asks = compiled("def f(n: u64) -> u64:\n    return n + rseq.clock_frequency()\n", rseq.inline)
    with pytest.raises(TypeError, match="reads the clock of a CPU"):
        asks(1)


def test_numba_has_the_same() -> None:
    numba = pytest.importorskip("numba")
    bound = since.bind(rseq.percpu(Stamp))

    @numba.njit
    def called(before: int) -> tuple[int, int]:
        return bound(before)

    passed, frequency = called(rseq.clock())
    assert frequency == rseq.clock_frequency()
    assert 0 <= passed < 3600 * frequency
