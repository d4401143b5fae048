"""RCU: whoever began to read before `synchronize` has ended when it returns, whatever comes in between."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

import rseq
from models.rcu import Model
from rseq._stress.structures.rcu import workloads
from rseq._structures.rcu import rcu as module
from rseq._structures.rcu.grace import grace_period
from structures.grace_periods import raises_timeout
from support import ThreadSet


def test_it_does_what_the_model_does(rcu: rseq.RCU) -> None:
    chance, model = random.Random(1), Model()
    reading: list[tuple[int, int]] = []
    made: list[list[int]] = [[], []]
    for number in range(2000):
        what = chance.random()
        if what < 0.4:
            reading.append((rcu.read_lock(), model.read_lock(number % 2)))
        elif what < 0.8 and reading:
            mine, models = reading.pop(chance.randrange(len(reading)))
            rcu.read_unlock(mine)
            model.read_unlock(models, chance.randrange(2))
        elif what < 0.9:
            rcu.call(lambda number=number: made[0].append(number))  # type: ignore[misc]
            model.call(lambda number=number: made[1].append(number))  # type: ignore[misc]
        elif not reading:
            rcu.barrier()
            model.barrier()
            assert made[0] == made[1]
        else:
            assert raises_timeout(rcu.synchronize) == raises_timeout(model.synchronize) is True
        assert rcu.readers == model.readers == len(reading)
        model.invariant()
    while reading:
        rcu.read_unlock(reading.pop()[0])
    rcu.barrier()


def test_each_block_of_each_thread_is_a_section(rcu: rseq.RCU, threads: ThreadSet) -> None:
    with rcu:
        with rcu:
            assert rcu.readers == 2
            threads.run(1, rcu.__enter__)
            assert rcu.readers == 3
        assert rcu.readers == 2
    assert rcu.readers == 1


def test_blocks_that_overlap_in_one_thread_are_one(rcu: rseq.RCU) -> None:
    """As two generators, or two tasks of an event loop, may do: the first ends before the second."""

    def section() -> Iterator[None]:
        with rcu:
            yield

    first, second = section(), section()
    next(first)
    assert raises_timeout_elsewhere(rcu)  # the phase is another one for whoever begins now
    next(second)
    first.close()
    assert rcu.readers == 1
    assert raises_timeout_elsewhere(rcu)
    second.close()
    rcu.synchronize()


def raises_timeout_elsewhere(rcu: rseq.RCU) -> bool:
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(raises_timeout(rcu.synchronize)))
    thread.start()
    thread.join()
    return answers[0]


def test_leaving_what_was_not_entered_is_refused(rcu: rseq.RCU) -> None:
    with pytest.raises(
        RuntimeError, match=r"^this thread is not inside `with rcu:` \(another one entered it, or a fork"
    ):
        rcu.__exit__(None, None, None)
    assert rcu.readers == 0


@pytest.mark.parametrize(
    ("phase", "error", "message"),
    [
        (2, IndexError, "phase is out of range"),
        (-1, IndexError, "phase is out of range"),
        (1 << 64, OverflowError, "phase is "),
        ("0", TypeError, "phase is "),
        (None, TypeError, "phase is "),
    ],
)
def test_what_is_no_phase_ends_nothing(phase: Any, error: type[Exception], message: str) -> None:
    rcu = rseq.RCU()
    begun = rcu.read_lock()
    with pytest.raises(error, match=rf"^RCU\.read_unlock\(\): {message}"):
        rcu.read_unlock(phase)
    assert rcu.readers == 1
    rcu.read_unlock(begun)
    rcu.synchronize()


def test_waiting_for_oneself_is_refused(rcu: rseq.RCU) -> None:
    with rcu:
        for method in (rcu.synchronize, rcu.barrier):
            with pytest.raises(
                RuntimeError, match=r"\(\) inside `with rcu:` would wait for itself; leave the block first$"
            ):
                method()
    rcu.synchronize()


@pytest.mark.parametrize("timeout", [-1, float("nan")])
def test_a_timeout_is_not_negative(timeout: float) -> None:
    rcu = rseq.RCU()
    for method in (rcu.synchronize, rcu.barrier):
        with pytest.raises(ValueError, match=r"^timeout: expected seconds, 0 or more, or None to wait for ever; got "):
            method(timeout)


@pytest.mark.parametrize("timeout", ["x", b"1", [1], object(), 1j])
def test_a_timeout_is_a_number(timeout: Any) -> None:
    rcu = rseq.RCU()
    for method in (rcu.synchronize, rcu.barrier):
        with pytest.raises(TypeError, match=r"^timeout: expected seconds, 0 or more, or None to wait for ever; got "):
            method(timeout)


@pytest.mark.parametrize("timeout", [0, 1e-9, True, Fraction(1, 3), Decimal("0.5"), 1e30, 10**400, float("inf")])
def test_a_timeout_may_be_any_number(timeout: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rcu, called = rseq.RCU(), threading.Event()
    rcu.synchronize(timeout)
    rcu.call(called.set)
    called.wait()
    rcu.barrier()
    rcu.barrier(timeout)


def test_a_timeout_says_what_is_known_of_who_reads(threads: ThreadSet) -> None:
    rcu, inside, done = rseq.RCU(), threading.Event(), threading.Event()

    def read() -> None:
        with rcu:
            inside.set()
            done.wait()

    name = threads.start(read).name
    inside.wait()
    phase = rcu.read_lock()
    with pytest.raises(TimeoutError) as caught:
        rcu.synchronize(0)
    assert str(caught.value).startswith(
        f"synchronize() waited 0 s, and 2 read sections have not ended: in a `with` block: {name}. By lane: "
    )
    done.set()
    threads.join()
    with pytest.raises(TimeoutError, match="and 1 read section has not ended: none of them in a `with` block of this"):
        rcu.synchronize(0)
    rcu.read_unlock(phase)
    rcu.synchronize(0)


def test_a_signal_handler_cannot_synchronize_in_the_middle_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rcu, found = rseq.RCU(), list[str]()

    def interrupted(memory: Any) -> Iterator[int]:
        with pytest.raises(RuntimeError, match=r"^synchronize\(\) is called by a thread that is in the middle of one$"):
            rcu.synchronize()
        found.append("interrupted")
        monkeypatch.setattr(module, "grace_period", grace_period)
        yield from grace_period(memory)

    monkeypatch.setattr(module, "grace_period", interrupted)
    rcu.synchronize()
    assert found == ["interrupted"]
    rcu.synchronize()


def test_without_membarrier_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rseq._thread.membarrier.system_call", lambda *_: 1)
    with pytest.raises(
        OSError, match=r"expected membarrier to fence all threads, but kernel .* answers EPERM: this needs"
    ):
        rseq.RCU()


@pytest.mark.parametrize("phase", [0, 1])
@pytest.mark.parametrize("lane", [0, -1])
def test_a_reader_counts_wherever_it_counts(lane: int, phase: int) -> None:
    rcu = rseq.RCU()
    lanes = rcu.storage.view()
    lanes["begun"][lane, phase] += 1
    assert raises_timeout(rcu.synchronize)
    lanes["ended"][~lane, phase] += 1
    rcu.synchronize(0)


def test_sums_wrap_around() -> None:
    rcu = rseq.RCU()
    lanes = rcu.storage.view()
    lanes["begun"] = lanes["ended"] = (1 << 63) - 1
    phase = rcu.read_lock()
    assert rcu.readers == 1
    assert raises_timeout(rcu.synchronize)
    rcu.read_unlock(phase)
    rcu.synchronize(0)


def test_the_law_of_the_stress_counts_what_has_begun_and_ended() -> None:
    (workload,) = workloads()
    rcu = workload.make()
    done = sum(workload.call(rcu, turn) for turn in range(20))
    assert list(workload.law(rcu, [done])) == []
    phase = rcu.read_lock()
    assert list(workload.law(rcu, [done + 1])) == ["20 read sections have ended, and 21 were run"]
    rcu.read_unlock(phase)
    assert list(workload.law(rcu, [done])) == [
        "21 read sections have begun, and 20 were run",
        "21 read sections have ended, and 20 were run",
    ]


def test_it_is_set_up_once(rcu: rseq.RCU) -> None:
    phase = rcu.read_lock()
    with pytest.raises(TypeError, match=r"^this RCU has been set up; __init__ is called once$"):
        rcu.__init__()  # type: ignore[misc]
    assert rcu.readers == 1
    assert raises_timeout(rcu.synchronize)
    rcu.read_unlock(phase)
    rcu.synchronize(0)


def test_repr_and_the_names_that_docs_use() -> None:
    rcu = rseq.RCU()
    with rcu:
        assert repr(rcu) == "<rseq.RCU with 1 readers>"
    assert re.match(r"Begin to read", rcu.read_lock.__doc__ or "")


def test_a_section_that_never_began_is_found_out() -> None:
    rcu = rseq.RCU()
    rcu.read_unlock(1)
    with pytest.raises(RuntimeError, match=r"^1 more read section has ended than begun: each read_lock\(\) has one"):
        rcu.synchronize(timeout=5)
