"""The native loops: each does, and answers for, just what it is asked to."""

from __future__ import annotations

import os

import pytest

from rseq.bench import native
from rseq.bench.run import Operation, Plan, Span, Unavailable, measure

COUNT = 20_000
MAKERS = [(operation, name) for operation in (native.COUNTER, native.CPU_NUMBER) for name in operation.makers]


@pytest.mark.parametrize(("operation", "name"), MAKERS, ids=[f"{o.name}-{name}" for o, name in MAKERS])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_operation_of_every_loop_is_accounted_for(operation: Operation, name: str, workers: int) -> None:
    try:
        implementation = operation.makers[name](workers)
    except Unavailable as why:
        pytest.skip(str(why))
    assert implementation.name == name
    assert implementation.missing is not None
    for cpus in (Plan(1, 1).placement(workers), [None] * workers):
        crew = implementation.crew(cpus)
        spans = crew.run(COUNT)
        crew.close()
        assert implementation.missing(spans) == 0
        one_too_many = [*spans, Span(0, 1, COUNT * 10_000_000, 0, 1)]
        assert implementation.missing(one_too_many) != 0


def test_a_thread_that_read_another_cpu_than_its_own_is_found_out() -> None:
    missing = native.CPU_NUMBER.makers["sched_getcpu"](1).missing
    assert missing is not None
    cpu = max(os.sched_getaffinity(0))
    assert missing([Span(cpu, 10, cpu * 10, 0, 1)]) == 0
    assert missing([Span(cpu, 10, cpu * 10 + 1, 0, 1)]) == 10
    assert missing([Span(None, 10, -10, 0, 1)]) == 10


@pytest.mark.needs_rseq
def test_counting_in_threads_without_pinning_loses_nothing_in_every_round() -> None:
    plan = Plan(rounds=3, seconds=0.01)
    implementations = [native.COUNTER.makers["rseq"](4)]
    results = measure(native.COUNTER, implementations, [1, 4], plan)
    assert [result.threads for result in results] == [1, 4]
    assert all(result.verified > 0 for result in results)
