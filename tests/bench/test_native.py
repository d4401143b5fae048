"""The native loops: each does, and answers for, just what it is asked to."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

import rseq
from rseq._bench import native
from rseq._bench.native import histogram, lists, lock, ours, ring
from rseq._bench.native.counter import COUNTER
from rseq._bench.native.cpu import CPU_NUMBER
from rseq._bench.native.loop import work
from rseq._bench.run import Operation, Plan, Span, Unavailable, measure
from rseq._language.compiled import Compiled

COUNT = 20_000
MAKERS = [(operation, name) for operation in native.OPERATIONS for name in operation.makers]


@pytest.mark.one_in(3)
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


def test_every_operation_has_a_loop_of_rseq_and_other_ways_beside_it() -> None:
    for operation in native.OPERATIONS:
        assert next(iter(operation.makers)) == operation.reference == "rseq"
        assert len(operation.makers) > 2


def test_a_thread_that_read_another_cpu_than_its_own_is_found_out() -> None:
    missing = CPU_NUMBER.makers["sched_getcpu"](1).missing
    assert missing is not None
    cpu = max(os.sched_getaffinity(0))
    assert missing([Span(cpu, 10, cpu * 10, 0, 1)]) == 0
    assert missing([Span(cpu, 10, cpu * 10 + 1, 0, 1)]) == 10
    assert missing([Span(None, 10, -10, 0, 1)]) == 10


@pytest.mark.needs_rseq
def test_counting_in_threads_without_pinning_loses_nothing_in_every_round() -> None:
    plan = Plan(rounds=3, seconds=0.01)
    implementations = [COUNTER.makers["rseq"](4)]
    results = measure(COUNTER, implementations, [1, 4], plan)
    assert [result.threads for result in results] == [1, 4]
    assert all(result.verified > 0 for result in results)


# ---- each check finds what it is there for


def test_items_that_are_lost_or_doubled_are_told_by_number() -> None:
    left = 0
    missing = lists.balanced(lambda: left, item=1 << 40)

    def after(net: int) -> int:
        return missing([Span(0, 10, net, 0, 1)])

    assert after(0) == 0
    assert after(3 * ((1 << 40) + 7)) == 3  # pushed, not popped, and not there either
    assert after(-((1 << 40) + 7)) == -1  # popped twice
    assert after(5) == 1  # another item than was pushed
    left = 2 << 40
    assert after(2 << 40) == 0


def test_a_list_that_has_lost_a_node_or_does_not_end_is_found_out() -> None:
    made = lists.Lists(4)
    made.put_all()
    assert made.on_lists() == [4, 3, 2, 1]
    made.nodes.words[16 * 2] = 3  # 4, 3, 2, 3, 2, …
    assert len(made.on_lists()) == 5
    assert made.missing([Span(0, 10, 0, 0, 1)]) != 0
    assert made.on_lists() == []


def test_an_event_that_is_torn_is_found_out() -> None:
    event = ring._Event(4, clock=False)
    rings = ring._Rings(event, 1)
    whole = (4).to_bytes(4, sys.byteorder) + event.data
    memory = rings.memory.words.cast("B")
    memory[128:144] = whole * 2
    rings.memory.words[0] = 16
    assert rings.missing([Span(0, 2, 0, 0, 1)]) == 0
    memory[143] = 0
    assert rings.missing([Span(0, 0, 0, 0, 1)]) == 1
    assert rings.missing([Span(0, 3, 0, 0, 1)]) == 3  # never written


@pytest.mark.parametrize("size", [2, 3, 17])
def test_records_are_counted_from_the_position_whatever_is_left_free_at_the_end(size: int) -> None:
    position, capacity = 0, 64
    for number in range(200):
        assert ring._records(position, size, capacity) == number
        if position % capacity + size > capacity:
            position += capacity - position % capacity
        position += size


def test_a_lost_observation_and_a_wrong_sum_are_found_out() -> None:
    state = [0, 0.0]
    missing = histogram._exact(lambda: int(state[0]), lambda: state[1])
    state[:] = [100, histogram._sum_of(100)]
    assert missing([Span(0, 100, 0, 0, 1)]) == 0
    state[0] += 99
    assert missing([Span(0, 100, 0, 0, 1)]) == 1
    state[:] = [state[0] + 5, state[1] + 1]
    assert missing([Span(0, 5, 0, 0, 1)]) == 1


def test_a_loop_whose_sequence_fails_ends_with_an_answer_that_no_check_accepts() -> None:
    class Items(rseq.Record):
        values: rseq.i64[4]  # type: ignore[type-arg, valid-type]

    @rseq.sequence
    def store(cpu: Items, at: rseq.u64) -> rseq.i64:
        cpu.values[at] = 1  # type: ignore[index]
        return 0

    def out_of_range(site: ours.Site, store: Compiled) -> Any:
        return site.run(store, 4)

    storage = rseq.percpu(Items)
    run = work(ours.ours(out_of_range, store), [storage.place], storage)
    assert run(0, 3) == ours.FAILED


def test_increments_that_a_lock_did_not_keep_are_missed() -> None:
    implementation = lock.LOCK.makers["mutex"](1)
    assert implementation.missing is not None
    spans = implementation.crew([None]).run(COUNT)
    assert implementation.missing([*spans, *spans]) == COUNT
