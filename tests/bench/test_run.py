"""The runner: who runs where, what is counted, and that a lost update is never let pass."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Sequence
from itertools import repeat

import pytest

from rseq._bench.run import (
    Crew,
    Implementation,
    LostUpdates,
    Operation,
    Plan,
    Processes,
    Span,
    Threads,
    Work,
    counted,
    measure,
)

PLAN = Plan(rounds=3, seconds=0.002)
OPERATION = Operation("count", "counting", "update", {}, "good")


class Total:
    """A counter that loses every update whose number is a multiple of `loses`, if that is not 0."""

    def __init__(self, loses: int = 0) -> None:
        self.loses, self.value, self.lock = loses, 0, threading.Lock()

    def work(self, worker: int, count: int) -> None:
        deque(repeat(None, count), maxlen=0)  # takes time
        with self.lock:
            self.value += count - (count // self.loses if self.loses else 0)

    def implementation(self, name: str) -> Implementation:
        return Implementation(name, f"the {name} one", self.crew, counted(lambda: self.value))

    def crew(self, cpus: Sequence[int | None]) -> Crew:
        return Threads(self.work, cpus)


def test_every_round_is_timed_and_verified() -> None:
    good = Total()
    (result,) = measure(OPERATION, [good.implementation("good")], [2], PLAN)
    assert len(result.runs) == PLAN.rounds
    assert min(result.runs) > 0
    assert min(result.runs) <= result.ns_per_op <= max(result.runs)
    assert result.verified == good.value
    assert (result.operation, result.implementation, result.threads) == ("count", "good", 2)


def test_implementations_take_turns_and_each_round_starts_with_another_one() -> None:
    turns: list[str] = []
    both = [Total().implementation("good"), Total().implementation("other")]
    measure(OPERATION, both, [1], PLAN, lambda label, workers: turns.append(label))
    assert turns == ["the good one", "the other one"] * 2 + ["the other one", "the good one"] + [
        "the good one",
        "the other one",
    ]


def test_one_lost_update_is_an_error_that_names_the_implementation_and_how_many() -> None:
    lossy = Total(loses=500)  # the first run, of 500 operations, loses one
    with pytest.raises(
        LostUpdates, match=r"^bad \(the bad one\) in operation count lost 1 of 500 updates with 1 thread: "
    ):
        measure(OPERATION, [Total().implementation("good"), lossy.implementation("bad")], [1], PLAN)


def test_an_update_counted_twice_is_an_error_too() -> None:
    with pytest.raises(
        LostUpdates, match=r"^bad \(the bad one\) in operation count counted 2 more than the 1,000 updates "
    ):
        measure(OPERATION, [Total(loses=-500).implementation("bad")], [2], PLAN)


def test_a_loss_between_two_runs_is_found_by_the_next_one() -> None:
    total = 0
    missing = counted(lambda: total)
    total = 9
    assert missing([Span(0, 10, None, 0, 1)]) == 1
    total = 19
    assert missing([Span(0, 10, None, 0, 1)]) == 0


def test_workers_are_pinned_while_there_are_cpus_and_left_to_the_scheduler_beyond() -> None:
    plan = Plan(rounds=1, seconds=0.001, cpus=(3, 5))
    assert plan.placement(1) == [3]
    assert plan.placement(2) == [3, 5]
    assert plan.placement(3) == [None, None, None]


def test_threads_run_where_they_are_told_and_the_caller_stays_where_it_was() -> None:
    before = os.sched_getaffinity(0)
    cpu = max(before)
    seen: dict[int, set[int]] = {}

    def look(worker: int, count: int) -> None:
        seen[worker] = os.sched_getaffinity(0)

    spans = Threads(look, [cpu, None]).run(7)
    assert seen == {0: {cpu}, 1: before}
    assert os.sched_getaffinity(0) == before
    assert [(span.cpu, span.count) for span in spans] == [(cpu, 7), (None, 7)]


def test_threads_start_together() -> None:
    together = threading.Barrier(3)
    spans = Threads(lambda worker, count: together.wait(10), [None] * 3).run(1)
    assert max(span.started for span in spans) < min(span.ended for span in spans)


def test_an_exception_in_a_thread_is_raised_where_the_crew_was_asked_to_run() -> None:
    def fail(worker: int, count: int) -> None:
        if worker == 1:
            raise ZeroDivisionError("in worker 1")

    with pytest.raises(ZeroDivisionError, match="in worker 1"):
        Threads(fail, [None, None]).run(1)


def make_process_work(fails: bool) -> Work:
    def work(worker: int, count: int) -> object:
        if fails:
            raise ValueError("no good")
        return os.getpid(), worker, count

    return work


def end_the_process() -> Work:
    os._exit(3)


@pytest.mark.slow
def test_processes_are_pinned_and_live_from_run_to_run() -> None:
    cpu = max(os.sched_getaffinity(0))
    crew = Processes(make_process_work, (False,), [cpu, None])
    try:
        first, second = crew.run(5), crew.run(6)
    finally:
        crew.close()
    pids = {span.answer[0] for span in (*first, *second) if isinstance(span.answer, tuple)}
    assert len(pids) == 2
    assert os.getpid() not in pids
    assert [span.cpu for span in first] == [cpu, None]
    assert [span.count for span in second] == [6, 6]


@pytest.mark.slow
def test_a_process_that_fails_or_ends_is_reported_and_not_waited_for() -> None:
    failing = Processes(make_process_work, (True,), [None])
    with pytest.raises(RuntimeError, match="could not go on: ValueError: no good"):
        failing.run(1)
    failing.close()
    ended = Processes(end_the_process, (), [None])
    with pytest.raises(RuntimeError, match="could not go on: it ended"):
        ended.run(1)
    ended.close()


def test_ctrl_c_is_raised_when_all_threads_have_come_out_of_their_loops() -> None:
    main, ended = threading.get_ident(), []

    def work(worker: int, count: int) -> None:
        if worker == 0:
            for _ in range(3):
                signal.pthread_kill(main, signal.SIGINT)
        deque(repeat(None, 2_000_000), maxlen=0)  # takes much longer than a signal
        ended.append(worker)

    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        Threads(work, [None] * 3).run(1)
    assert sorted(ended) == [0, 1, 2]
    assert signal.getsignal(signal.SIGINT) is handler
