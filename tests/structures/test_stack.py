"""Stack: items of each CPU, and taking them from another CPU."""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rseq
import rseq.check
import tiers
from models.stack import Model
from rseq._percpu import guard
from rseq._percpu.pinned import pinned
from rseq._structures.stack import MAX_CAPACITY
from rseq.testing import assert_restartable
from support import ThreadSet, locked, run_python

OFF = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}
LARGEST = (1 << 64) - 1


@pytest.fixture
def cpus() -> Iterator[list[int]]:
    """The CPUs that this thread may run on, to which it is set back."""
    allowed = os.sched_getaffinity(0)
    yield sorted(allowed)
    os.sched_setaffinity(0, allowed)


@pytest.fixture
def one_cpu(cpus: list[int]) -> int:
    """The one CPU that this thread runs on."""
    os.sched_setaffinity(0, {cpus[-1]})
    return cpus[-1]


def lane(cpu: int) -> int:
    """The lane that threads of `cpu` use."""
    return cpu if rseq.available() else -1


def test_the_last_one_in_is_the_first_one_out(one_cpu: int) -> None:
    stack = rseq.Stack(3)
    assert stack.pop() is None
    assert [stack.push(item) for item in (0, LARGEST, 2, 3)] == [True, True, True, False]
    assert (len(stack), stack.capacity) == (3, 3)
    assert repr(stack) == "<rseq.Stack of 3 for each CPU, 3 items>"
    assert [stack.pop() for _ in range(4)] == [2, LARGEST, 0, None]
    assert len(stack) == 0
    assert stack


@pytest.mark.parametrize("capacity", [1, 2, 3, 4, 5, 64, 65, 65535, 65536, 1 << 20, np.int8(7)])
def test_a_stack_holds_its_capacity_and_no_more(capacity: int, one_cpu: int) -> None:
    stack = rseq.Stack(capacity)
    held = range(capacity) if capacity < 1000 else range(1000)
    if capacity >= 1000:
        stack.storage.view()["count"][lane(one_cpu)] = capacity - 1000
    assert all(stack.push(item) for item in held)
    assert not stack.push(1)
    assert [stack.pop() for _ in held] == list(reversed(held))


@pytest.mark.parametrize(
    ("capacity", "error", "message"),
    [
        (0, ValueError, r"^capacity: expected 1 … 1048576 items for each CPU, got 0$"),
        (-1, ValueError, r"^capacity: expected 1 … 1048576 items for each CPU, got -1$"),
        ((1 << 20) + 1, ValueError, r"got 1048577$"),
        (1 << 64, ValueError, r"got 18446744073709551616$"),
        (2.0, TypeError, r"^capacity: expected an int, got 2\.0$"),
        (True, TypeError, r"^capacity: expected an int, got True$"),
        (None, TypeError, r"^capacity: expected an int, got None$"),
    ],
)
def test_a_capacity_that_is_none_is_refused(capacity: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        rseq.Stack(capacity)


@pytest.mark.parametrize(
    ("given", "error"), [(-1, OverflowError), (1 << 64, OverflowError), (1.0, TypeError), ("1", TypeError)]
)
def test_what_is_no_item_is_not_pushed(given: Any, error: type[Exception]) -> None:
    stack = rseq.Stack(2)
    with pytest.raises(error, match=r"^Stack\.push\(\): value is u64, an int of 0 to 18446744073709551615"):
        stack.push(given)
    assert len(stack) == 0


def test_memory_whose_count_is_wrong_is_not_left(one_cpu: int) -> None:
    """Whoever scribbles over shared memory gets an exception, and not a crash."""
    stack = rseq.Stack(4)
    stack.storage.view()["count"][lane(one_cpu)] = 1 << 40
    stack.storage.view()["limit"][lane(one_cpu)] = LARGEST
    for call in (lambda: stack.push(1), stack.pop):
        with pytest.raises(IndexError, match=r"is out of range for cpu\.slots, which has 4 elements$"):
            call()


def test_memory_whose_limit_is_wrong_is_not_left(one_cpu: int) -> None:
    stack = rseq.Stack(4)
    assert stack.push(7)
    stack.storage.view()["limit"][lane(one_cpu)] = LARGEST
    stack.storage.view()["limit"][0] = 1 << 63
    assert stack.drain() == [7]
    assert stack.capacity == MAX_CAPACITY


def test_a_stack_is_set_up_once_and_not_copied() -> None:
    stack = rseq.Stack(2)
    stack.push(5)
    with pytest.raises(TypeError, match=r"^this Stack has been set up; __init__ is called once$"):
        stack.__init__(3)  # type: ignore[misc]
    with pytest.raises(TypeError, match=r"^a private Stack cannot be pickled or copied"):
        pickle.dumps(stack)
    assert len(stack) == 1
    empty = rseq.Stack.__new__(rseq.Stack)
    for call in (empty.pop, empty.steal, empty.drain, empty.__len__):
        with pytest.raises(TypeError, match=r"was made without calling __init__$"):
            call()


# ---- other CPUs


OPERATIONS = st.one_of(
    st.tuples(st.just("go"), st.integers(0, 7)),
    st.tuples(st.just("push"), st.integers(0, LARGEST)),
    st.tuples(st.sampled_from(["pop", "steal", "drain", "len"]), st.none()),
)


@pytest.mark.needs_rseq
@given(capacity=st.integers(1, 5), operations=st.lists(OPERATIONS, max_size=60))
@settings(max_examples=150, deadline=None)
def test_random_operations_on_all_cpus_agree_with_the_model(capacity: int, operations: list[tuple[str, Any]]) -> None:
    allowed = sorted(os.sched_getaffinity(0))
    stack, model = rseq.Stack(capacity), Model(capacity, rseq.info().possible_cpus)
    try:
        os.sched_setaffinity(0, {allowed[0]})
        model.cpu = allowed[0]
        for name, argument in operations:
            if name == "go":
                model.cpu = allowed[argument % len(allowed)]
                os.sched_setaffinity(0, {model.cpu})
            elif name == "push":
                assert stack.push(argument) == model.push(argument)
            elif name == "len":
                assert len(stack) == len(model)
            else:
                assert getattr(stack, name)() == getattr(model, name)()
            assert os.sched_getaffinity(0) == {model.cpu}
        assert stack.drain() == model.drain()
        assert len(stack) == 0
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.needs_rseq
def test_stealing_takes_from_the_fullest_and_leaves_the_thread_where_it_was(cpus: list[int]) -> None:
    stack = rseq.Stack(8)
    for cpu in cpus:
        os.sched_setaffinity(0, {cpu})
        for item in range(1 + cpus.index(cpu)):
            stack.push(10 * cpu + item)
    os.sched_setaffinity(0, {cpus[0]})
    assert stack.steal() == 10 * cpus[0]  # its own
    assert stack.steal() == (10 * cpus[-1] + len(cpus) - 1 if len(cpus) > 1 else None)
    assert os.sched_getaffinity(0) == {cpus[0]}


@pytest.mark.needs_rseq
def test_a_cpu_that_the_kernel_forbids_is_left_out(monkeypatch: pytest.MonkeyPatch, cpus: list[int]) -> None:
    stack = rseq.Stack(4)
    place = stack.storage.place
    forbidden = place.lanes - 1

    def refuse(cpu: int, thread: int) -> object:
        return None if cpu == forbidden else guard.pin(cpu, thread)  # as for a CPU outside of the cpuset

    with pinned(forbidden) as is_there:
        if is_there:
            stack.push(5)
    expected = len(stack)
    monkeypatch.setattr(guard, "pin", refuse)
    if forbidden in cpus and len(cpus) > 1:
        os.sched_setaffinity(0, {cpus[0]})
    assert stack.steal() is None
    assert stack.drain() == []
    assert len(stack) == expected
    monkeypatch.undo()
    assert stack.drain() == [5] * expected


@pytest.mark.needs_rseq
def test_items_of_the_spare_lane_are_taken_under_its_lock(cpus: list[int]) -> None:
    stack = rseq.Stack(4)
    spare = stack.storage.view()[-1:]
    spare["slots"][0, :3] = 7, 8, 9
    spare["count"] = 3
    assert stack.pop() is None
    assert stack.steal() == 9
    assert stack.drain() == [8, 7]
    assert len(stack) == 0


@pytest.mark.needs_rseq
def test_while_another_holds_the_spare_lanes_lock_taking_waits(threads: ThreadSet) -> None:
    import threading

    stack = rseq.Stack(4)
    spare = stack.storage.view()[-1:]
    spare["slots"][0, 0], spare["count"] = 7, 1
    found: list[Any] = []
    begun = threading.Event()

    def steal() -> None:
        begun.set()
        found.append(stack.steal())

    with locked(stack.storage.place.lock):
        threads.start(steal)
        begun.wait()
        spare["slots"][0, 1], spare["count"] = 8, 2
        assert found == []
    threads.join()
    assert found in ([7], [8])
    assert len(stack) == 1


def test_on_the_spare_lane_alone() -> None:
    run_python(
        """
        import rseq
        assert not rseq.available()
        stack = rseq.Stack(3)
        assert [stack.push(item) for item in (1, 2, 3, 4)] == [True, True, True, False]
        assert (stack.pop(), stack.steal(), len(stack)) == (3, 2, 1)
        assert stack.storage.view()["count"].tolist()[-1] == 1
        assert (stack.drain(), stack.pop(), stack.steal(), stack.drain()) == ([1], None, None, [])
        """,
        env=OFF,
    )


def test_after_a_fork_each_has_the_items() -> None:
    stack = rseq.Stack(8)
    for item in range(3):
        stack.push(item)
    child = os.fork()
    if child == 0:
        os._exit(0 if sorted(stack.drain()) == [0, 1, 2] and len(stack) == 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert sorted(stack.drain()) == [0, 1, 2]


def test_threads_lose_and_double_nothing(threads: ThreadSet, cpus: list[int]) -> None:
    """Each item that was pushed was popped, stolen or drained by one thread, or is still there."""
    stack = rseq.Stack(64)
    pushed: list[list[int]] = [[] for _ in range(4)]
    taken: list[list[int]] = [[] for _ in range(4)]

    def work(worker: int) -> None:
        os.sched_setaffinity(0, {cpus[worker % len(cpus)]})
        for step in range(8_000):
            item = step * 4 + worker
            if stack.push(item):
                pushed[worker].append(item)
            if step % 3 == 0 and (found := stack.pop()) is not None:
                taken[worker].append(found)
            if step % 50 == 0 and (found := stack.steal()) is not None:
                taken[worker].append(found)
            if step % 1000 == 0:
                taken[worker] += stack.drain()

    for worker in range(4):
        threads.start(work, worker)
    threads.join()
    left = stack.drain()
    assert sorted([*left, *chain(*taken)]) == sorted(chain(*pushed))
    assert len(stack) == 0


def test_processes_lose_and_double_nothing(run_in_children: Any) -> None:
    """Items of several processes: what each took is written down in memory that they share; the rest is left."""
    segment = rseq.Segment()
    stack = rseq.Stack(16, segment=segment)
    seen = rseq.CounterArray(3 * 3_000, segment=segment)

    def work(child: int) -> None:
        for item in range(child * 3_000, child * 3_000 + 3_000):
            if not stack.push(item):
                seen.add(item)
            found = stack.steal() if item % 50 == 0 else stack.pop() if item % 3 == 0 else None
            if found is not None:
                seen.add(found)

    run_in_children(3, work)
    for item in stack.drain():
        seen.add(item)
    assert set(seen.values().tolist()) == {1}


def test_a_process_that_is_killed_takes_no_item_with_it_but_its_own() -> None:
    stack, held = rseq.Stack(64, segment=rseq.Segment()), 20
    for item in range(held):
        stack.push(item)
    child = os.fork()
    if child == 0:
        while True:
            if (item := stack.pop()) is not None:
                stack.push(item)
    for _ in range(2_000):  # beside the child
        if (found := stack.steal()) is not None and not stack.push(found):
            held -= 1
    os.kill(child, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    left = stack.drain()
    assert len(left) == len(set(left))
    assert held - 1 <= len(left) <= held


# ---- the sequences


Slots: Any = rseq.Stack._sequences()["push"].body.record


@rseq.sequence
def swap(cpu: Slots, value: rseq.u64) -> bool:
    """Wrong: what it prepares is live already."""
    n = cpu.count
    if n == 0 or n > 4:
        return False
    cpu.slots[n - 1] = value
    cpu.count = n
    return True


def test_a_slot_below_the_count_is_live() -> None:
    report = rseq.check.check(swap)
    assert not report.ok
    assert "what comes out is what no order of whole operations gives" in str(report)


# ---- the linked form: rows of the user's own


class Node(rseq.Record):
    next: rseq.ptr[Node]
    value: rseq.i64


class Head(rseq.Record):
    first: rseq.ptr[Node]


@rseq.sequence
def push_node(cpu: Head, node: rseq.ptr[Node]) -> None:
    node.next = cpu.first
    cpu.first = node


@rseq.sequence
def pop_node(cpu: Head) -> rseq.ptr[Node]:
    node = cpu.first
    if node is None:
        return None
    cpu.first = node.next
    return node


@pytest.mark.one_in(6)
@pytest.mark.parametrize("name", tiers.names())
def test_a_list_of_rows_survives_interruptions_everywhere(name: str) -> None:
    assert_restartable(push_node, pop_node, arch=name)


def test_threads_lose_and_double_no_row(threads: ThreadSet) -> None:
    """Each row is in one list or in one thread's hand, whatever the threads do."""
    nodes = rseq.array(Node, 64)
    heads = rseq.percpu(Head)
    put, get = push_node.bind(heads, nodes), pop_node.bind(heads, nodes)

    def work(worker: int) -> None:
        hand = [nodes[number] for number in range(worker * 16, worker * 16 + 16)]
        for step in range(6_000):
            if hand and step % 2:
                put(hand.pop())
            elif (node := get()) is not None:
                node["value"] += 1
                hand.append(node)
        for node in hand:
            put(node)

    for worker in range(4):
        threads.start(work, worker)
    threads.join()
    found = []
    for cpu in range(rseq.info().possible_cpus):
        with pinned(cpu) as is_there:
            found += iter(get, None) if is_there else ()
    assert sorted(node.index for node in found) == list(range(64))
