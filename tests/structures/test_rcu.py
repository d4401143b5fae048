"""RCU: whoever began to read before `synchronize` has ended when it returns, whatever comes in between."""

from __future__ import annotations

import mmap
import os
import random
import re
import signal
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

import rseq
from models.rcu import Model
from rseq._stress.structures.rcu import workloads
from rseq._structures.rcu import grace
from rseq._structures.rcu import rcu as module
from rseq._structures.rcu.grace import grace_period
from support import ThreadSet, fork, run_python, wait_for

OFF = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}
SEGMENTS: list[Callable[[], rseq.Segment | None]] = [lambda: None, rseq.Segment]
IDS = ["private", "shared"]


@pytest.fixture(params=SEGMENTS, ids=IDS)
def rcu(request: pytest.FixtureRequest) -> rseq.RCU:
    return rseq.RCU(segment=request.param())


# One thread


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


def raises_timeout(synchronize: Callable[[float], None]) -> bool:
    try:
        synchronize(0)
    except TimeoutError:
        return True
    return False


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
    with pytest.raises(
        TimeoutError, match="and 1 read sections have not ended: none of them in a `with` block of this"
    ):
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


# Every interleaving, on a machine that reorders

INDEPENDENT: dict[str, tuple[str, ...]] = {
    "phase": (),
    "begin": ("phase",),
    "pointer": (),
    "use": ("pointer",),
    "end": ("phase",),
}
"""What a reader does, in the order of its program, and for each what it cannot be done before. A CPU may do the rest in
any order; but a barrier in the middle of it has all before it done, and nothing that comes after."""


class Reader:
    """A reader that is free to reorder; it uses what the pointer led to."""

    def __init__(self, memory: Model, lanes: tuple[int, int], world: dict[str, Any]) -> None:
        self.memory, self.lanes, self.world = memory, lanes, world
        self.done: list[str] = []
        self.count_in, self.found = 0, ""

    def do(self, step: str) -> None:
        self.done.append(step)
        first, last = self.lanes
        if step == "phase":
            self.count_in = self.memory.phase(first)
        elif step == "begin":
            self.memory._begun[first][self.count_in] += 1
        elif step == "pointer":
            self.found = self.world["pointer"]
        elif step == "use":
            assert self.found not in self.world["freed"], "it was freed under a reader"
        else:
            self.memory.read_unlock(self.count_in, last)

    def barrier(self) -> None:
        """All that the program has before what is done, is done."""
        steps = list(INDEPENDENT)
        reached = max((steps.index(step) for step in self.done), default=-1)
        for step in steps[:reached]:
            if step not in self.done:
                self.do(step)


class Weak(Model):
    """The model, whose barrier reaches the reader."""

    reader: Reader | None = None

    def fence(self) -> None:
        if self.reader is not None:
            self.reader.barrier()


def orders(done: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every order in which a CPU may do what a reader does."""
    if len(done) == len(INDEPENDENT):
        yield done
    for step, before in INDEPENDENT.items():
        if step not in done and all(needed in done for needed in before):
            yield from orders((*done, step))


def writer(memory: Model, world: dict[str, Any], period: Callable[[Any], Iterator[int]], times: int) -> Iterator[int]:
    """Replaces what readers use, and frees the old one after a grace period; yields as grace_period does."""
    for number in range(times):
        old, world["pointer"] = world["pointer"], f"version {number}"
        yield 0
        yield from period(memory)
        world["freed"].add(old)
        yield 0


def run(period: Any, order: tuple[str, ...], places: tuple[int, ...], lanes: tuple[int, int], times: int) -> None:
    """One run: step `n` of the reader comes after `places[n]` accesses of the writer."""
    memory, world = Weak(max(lanes) + 1), {"pointer": "first", "freed": set[str]()}
    reader = memory.reader = Reader(memory, lanes, world)
    pending = list(zip(places, order, strict=True))

    def let_read(until: int) -> None:
        while pending and pending[0][0] <= until:
            if (step := pending.pop(0)[1]) not in reader.done:
                reader.do(step)

    let_read(0)
    for access, readers in enumerate(writer(memory, world, period, times), 1):
        let_read(access)
        if readers and pending:  # it waits until the reader has gone on
            pending[0] = (access, pending[0][1])
            let_read(access)
    let_read(1 << 30)
    memory.invariant()


def accesses(period: Any, lanes: int, times: int) -> int:
    return sum(1 for _ in writer(Model(lanes), {"pointer": "", "freed": set()}, period, times))


def places(steps: int, last: int, first: int = 0) -> Iterator[tuple[int, ...]]:
    """Every way to put steps between accesses."""
    if steps == 0:
        yield ()
        return
    for here in range(first, last + 1):
        for rest in places(steps - 1, last, here):
            yield (here, *rest)


def explore(period: Any, lanes: tuple[int, int], times: int, chosen: list[tuple[str, ...]]) -> int:
    """Run everything; how many runs there were. AssertionError: something was freed under a reader."""
    runs, last = 0, accesses(period, max(lanes) + 1, times)
    for order in chosen:
        for where in places(len(order), last):
            run(period, order, where, lanes, times)
            runs += 1
    return runs


IN_ORDER = [tuple(INDEPENDENT)]


def test_in_every_interleaving_and_order_nothing_is_freed_under_a_reader() -> None:
    assert len(list(orders())) > 10
    assert explore(grace_period, (0, 0), 1, list(orders())) > 10_000


@pytest.mark.slow
def test_a_reader_may_migrate_in_every_interleaving() -> None:
    for lanes in ((0, 1), (1, 0)):
        assert explore(grace_period, lanes, 1, IN_ORDER) > 10_000


@pytest.mark.slow
def test_two_grace_periods_and_a_reader_that_is_late() -> None:
    assert explore(grace_period, (0, 0), 2, IN_ORDER) > 10_000


def nothing(memory: Any) -> Iterator[int]:
    """Does not wait."""
    yield 0


def other_phase_only(memory: Any) -> Iterator[int]:
    """Waits for the readers of the phase in which nobody counts."""
    yield from grace._scan(memory, memory.phase(0) ^ 1)


def this_phase_only(memory: Any) -> Iterator[int]:
    """Changes the phase and waits for the old one: misses the late, who have read a phase long ago."""
    now = memory.phase(0)
    yield from grace._set_phase(memory, now ^ 1)
    yield from grace._scan(memory, now)


def scanning(scan: Callable[[Any, int], Iterator[int]]) -> Callable[[Any], Iterator[int]]:
    def period(memory: Any) -> Iterator[int]:
        now = memory.phase(0)
        yield from scan(memory, now ^ 1)
        yield from grace._set_phase(memory, now ^ 1)
        yield from scan(memory, now)

    return period


def looked_at(memory: Any, phase: int, what: str) -> Iterator[int]:
    total = 0
    for lane in memory.lanes:
        total += getattr(memory, what)(lane, phase)
        yield 0
    return total  # type: ignore[return-value]


def without_barrier(memory: Any, phase: int) -> Iterator[int]:
    readers = None
    while readers != 0:
        ended = yield from looked_at(memory, phase, "ended")  # type: ignore[func-returns-value]
        begun = yield from looked_at(memory, phase, "begun")  # type: ignore[func-returns-value]
        readers = begun - ended
        yield readers


def begun_first(memory: Any, phase: int) -> Iterator[int]:
    readers = None
    while readers != 0:
        begun = yield from looked_at(memory, phase, "begun")  # type: ignore[func-returns-value]
        memory.fence()
        ended = yield from looked_at(memory, phase, "ended")  # type: ignore[func-returns-value]
        readers = begun - ended
        yield readers


def barrier_at_the_end(memory: Any, phase: int) -> Iterator[int]:
    yield from without_barrier(memory, phase)
    memory.fence()


POINTER_EARLY = [("phase", "pointer", "begin", "use", "end")]
SEEDED: dict[str, tuple[Any, int, list[tuple[str, ...]]]] = {
    "no wait": (nothing, 1, IN_ORDER),
    "the other phase only": (other_phase_only, 1, IN_ORDER),
    "this phase only": (this_phase_only, 2, IN_ORDER),
    "no barrier": (scanning(without_barrier), 1, list(orders())),
    "a barrier at the end": (scanning(barrier_at_the_end), 2, POINTER_EARLY),
}


@pytest.mark.parametrize("name", SEEDED)
def test_what_is_wrong_is_found(name: str) -> None:
    period, times, chosen = SEEDED[name]
    with pytest.raises(AssertionError, match="it was freed under a reader"):
        explore(period, (0, 0), times, chosen)


def test_adding_up_the_begun_first_is_wrong_too() -> None:
    """Two readers: the end of one that was not counted when it began makes up for one that still reads."""
    memory = Model(1)
    period = scanning(begun_first)(memory)
    staying = memory.read_lock()
    for _ in range(4):
        next(period)  # it has scanned the phase of nobody, and changed the phase
    next(period)  # begun: 1
    memory._begun[0][staying] += 1  # a late one comes,
    memory.read_unlock(staying)  # and goes
    assert list(period)[-1] == 0
    assert memory.readers == 1


class Looking(Model):
    """The model, which knows the phase that a writer looks at."""

    looked_at = -1

    def ended(self, lane: int, phase: int) -> int:
        self.looked_at = phase
        return super().ended(lane, phase)


def test_nobody_new_counts_where_a_writer_waits_wherever_another_was_killed() -> None:
    for killed_after in range(sum(1 for _ in grace_period(Model(3)))):
        memory = Looking(3)
        killed = grace_period(memory)
        for _ in range(killed_after):
            next(killed)
        readers = [(memory.read_lock(lane), lane) for lane in memory.lanes]
        for waits in grace_period(memory):
            if waits:
                assert memory.looked_at not in [memory.phase(lane) for lane in memory.lanes]
                phases = [phase for phase, _ in readers]
                memory.read_unlock(*readers.pop(phases.index(memory.looked_at)))
        assert readers == []


# Threads and processes


def test_synchronize_waits_for_a_reader_that_was_there(rcu: rseq.RCU, threads: ThreadSet) -> None:
    order, phase = list[str](), rcu.read_lock()

    def write() -> None:
        rcu.synchronize()
        order.append("written")

    writer = threads.start(write)
    while rcu.storage.view()["phase"][0] == phase:
        os.sched_yield()  # until it waits for us
    late = rcu.read_lock()
    assert late != phase
    order.append("read")
    rcu.read_unlock(phase)
    threads.join()
    assert not writer.is_alive()
    assert order == ["read", "written"]
    rcu.read_unlock(late)  # it was not waited for


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


def test_writers_take_turns(rcu: rseq.RCU, threads: ThreadSet) -> None:
    def write() -> None:
        for _ in range(50):
            with rcu:
                pass
            rcu.synchronize()

    threads.run(4, write)
    phase = rcu.read_lock()
    threads.start(rcu.synchronize)
    before = rcu.storage.view()["phase"][0]
    while rcu.storage.view()["phase"][0] == before == phase:
        os.sched_yield()
    with pytest.raises(TimeoutError, match=r"^synchronize\(\) waited 0 s for another one that has not ended$"):
        rcu.synchronize(0)
    rcu.read_unlock(phase)
    threads.join()


def test_a_reader_in_another_process_is_waited_for() -> None:
    rcu = rseq.RCU(segment=rseq.Segment())
    inside, leave = os.pipe(), os.pipe()

    def read() -> None:
        with rcu:
            os.write(inside[1], b"x")
            os.read(leave[0], 1)

    child = fork(read)
    os.read(inside[0], 1)
    assert raises_timeout(rcu.synchronize)
    os.write(leave[1], b"x")
    rcu.synchronize()
    assert wait_for(child) == 0
    for end in (*inside, *leave):
        os.close(end)


def test_a_writer_that_is_killed_leaves_its_turn_and_half_a_phase() -> None:
    rcu = rseq.RCU(segment=rseq.Segment())

    def write() -> None:
        for access, _ in enumerate(grace_period(rcu._words)):
            if rcu.storage.view()["phase"].any() and access:
                os.kill(os.getpid(), signal.SIGKILL)

    def die() -> None:
        turn = rcu._turn(module._Waiting(None))
        write()
        del turn

    assert wait_for(fork(die)) == -signal.SIGKILL
    assert 0 < rcu.storage.view()["phase"].sum() < len(rcu._words.lanes)
    phase = rcu.read_lock()
    assert raises_timeout(rcu.synchronize)
    rcu.read_unlock(phase)
    rcu.synchronize(0)
    assert rcu.storage.view()["phase"].sum() in (0, len(rcu._words.lanes))


def test_a_child_is_outside_of_read_sections(rcu: rseq.RCU, threads: ThreadSet) -> None:
    inside, done = threading.Event(), threading.Event()
    is_private = rcu.storage.segment is None

    def read() -> None:
        with rcu:
            inside.set()
            done.wait()

    def child() -> None:
        assert rcu.readers == (0 if is_private else 2)
        with pytest.raises(RuntimeError, match="this thread is not inside"):
            rcu.__exit__()
        if is_private:
            rcu.synchronize(0)
            rcu.call(done.set)
            rcu.barrier()
            assert done.is_set()
        with rcu:
            pass

    threads.start(read)
    inside.wait()
    try:
        with rcu:
            assert wait_for(fork(child)) == 0
            assert rcu.readers == 2
    finally:
        done.set()
    threads.join()
    rcu.synchronize()


def test_a_child_of_a_writer_may_write(rcu: rseq.RCU, threads: ThreadSet) -> None:
    phase = rcu.read_lock()
    threads.start(rcu.synchronize)
    while rcu.storage.view()["phase"][0] == phase:
        os.sched_yield()
    if rcu.storage.segment is None:
        assert wait_for(fork(rcu.synchronize)) == 0  # the writer and the reader do not exist there
    else:
        assert wait_for(fork(lambda: raises_timeout(rcu.synchronize) or os._exit(2))) == 0
    rcu.read_unlock(phase)
    threads.join()


# Functions that are called later


def test_functions_are_called_in_order_after_a_grace_period(rcu: rseq.RCU) -> None:
    called: list[int] = []
    with rcu:
        for number in range(100):
            rcu.call(lambda number=number: called.append(number))  # type: ignore[misc]
        assert called == []
    rcu.barrier()
    assert called == list(range(100))
    rcu.barrier()


def test_a_function_may_give_another(rcu: rseq.RCU) -> None:
    called: list[str] = []
    rcu.call(lambda: (called.append("one"), rcu.call(lambda: called.append("two"))))
    rcu.barrier()
    rcu.barrier()
    assert called == ["one", "two"]


def test_what_a_function_raises_is_reported_and_the_others_are_called(monkeypatch: pytest.MonkeyPatch) -> None:
    rcu, called, reports = rseq.RCU(), list[int](), list[Any]()
    monkeypatch.setattr(threading, "excepthook", lambda report: reports.append(report.exc_value))
    rcu.call(lambda: 1 // 0)
    rcu.call(lambda: called.append(1))
    rcu.barrier()
    assert called == [1]
    assert [type(error) for error in reports] == [ZeroDivisionError]


def test_functions_wait_on_when_synchronize_fails_and_the_next_try_calls_them(monkeypatch: pytest.MonkeyPatch) -> None:
    rcu, called, reports = rseq.RCU(), list[int](), list[object]()
    monkeypatch.setattr(threading, "excepthook", lambda report: reports.append(report.exc_value))
    error, synchronize, failing = MemoryError("no memory"), rseq.RCU.synchronize, [True]

    def fail(rcu: rseq.RCU, timeout: float | None = None) -> None:
        if failing[0]:
            raise error
        synchronize(rcu, timeout)

    monkeypatch.setattr(rseq.RCU, "synchronize", fail)
    for number in range(3):
        rcu.call(lambda number=number: called.append(number))  # type: ignore[misc]
    for _ in range(2):
        with pytest.raises(
            RuntimeError, match=r"^functions not called: 3, as synchronize\(\) failed: no memory$"
        ) as caught:
            rcu.barrier()
        assert caught.value.__cause__ is error
    assert called == []
    assert set(map(id, reports)) <= {id(error)}
    failing[0] = False
    rcu.call(lambda: called.append(3))
    rcu.barrier()
    assert called == [0, 1, 2, 3]


def test_barrier_ends_after_one_read_unlock_too_many(rcu: rseq.RCU, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", lambda report: None)
    rcu.read_unlock(rcu.read_lock())
    rcu.read_unlock(0)
    rcu.call(print)
    with pytest.raises(
        RuntimeError, match=r"functions not called: 1.* 1 more read sections have ended .* use a new RCU$"
    ):
        rcu.barrier()


def test_barrier_in_a_function_and_what_cannot_be_called_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    rcu, reports = rseq.RCU(), list[str]()
    monkeypatch.setattr(threading, "excepthook", lambda report: reports.append(str(report.exc_value)))
    rcu.call(rcu.barrier)
    rcu.barrier()
    assert reports == ["barrier() in a function that was given to call() would wait for itself"]
    with pytest.raises(TypeError, match=r"^call\(\) takes a function without arguments; got 7$"):
        rcu.call(7)  # type: ignore[arg-type]


def test_barrier_has_a_timeout() -> None:
    rcu = rseq.RCU()
    phase = rcu.read_lock()
    rcu.call(lambda: None)
    with pytest.raises(TimeoutError, match=r"^barrier\(\) waited 0 s, and 1 functions have not been called$"):
        rcu.barrier(0)
    rcu.read_unlock(phase)
    rcu.barrier()


def test_threads_that_give_functions_at_once_lose_none(threads: ThreadSet) -> None:
    rcu, called = rseq.RCU(), list[int]()

    def give() -> None:
        for number in range(200):
            rcu.call(lambda number=number: called.append(number))  # type: ignore[misc]
            if number % 50 == 0:
                rcu.barrier()

    threads.run(4, give)
    rcu.barrier()
    assert sorted(called) == sorted(list(range(200)) * 4)


def test_it_keeps_no_thread_and_no_memory(rcu: rseq.RCU) -> None:
    before = threading.active_count()
    rcu.call(lambda: None)
    rcu.barrier()
    while threading.active_count() > before:
        os.sched_yield()


# Canaries: the writer poisons what it has replaced; a reader that finds poison has not been waited for

WORDS, POISON = 512, 255


def canaries(rounds: int, readers: int = 2) -> int:
    """How often child processes found poison where they read, while this one replaced it `rounds` times."""
    rcu = rseq.RCU(segment=rseq.Segment())
    page = mmap.mmap(-1, 4 * mmap.PAGESIZE)
    current, stop, found = 0, 1, 16  # places in the page; slot n is at (n + 1) * PAGESIZE
    slots = [(n + 1) * mmap.PAGESIZE for n in range(2)]

    def read(number: int) -> None:
        poison = bytes([POISON])
        while not page[stop]:
            with rcu:
                at = slots[page[current]]
                for word in range(0, WORDS, 64):
                    if poison in page[at + word : at + word + 64]:
                        page[found + number] = 1

    children = [fork(lambda number=number: read(number)) for number in range(readers)]  # type: ignore[misc]
    for version in range(rounds):
        old, new = page[current], page[current] ^ 1
        page[slots[new] : slots[new] + WORDS] = bytes([version % 200]) * WORDS
        page[current] = new
        rcu.synchronize()
        page[slots[old] : slots[old] + WORDS] = bytes([POISON]) * WORDS
        if any(page[found : found + readers]):
            break
    page[stop] = 1
    assert [wait_for(child) for child in children] == [0] * readers
    return sum(page[found : found + readers])


def test_processes_never_read_what_has_been_replaced() -> None:
    assert canaries(400) == 0


@pytest.mark.one_in(2)
@pytest.mark.parametrize("wrong", [nothing, other_phase_only])
def test_processes_do_if_nobody_waits_for_them(wrong: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "grace_period", wrong)
    assert canaries(200_000) > 0


def test_on_the_spare_lane_readers_are_waited_for_too() -> None:
    run_python(
        f"""
        import sys, pytest
        sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "--allow-no-rseq", {__file__!r},
            "-k", "not spare_lane and not interleaving and not late and not nobody_waits and not wrong"]))
        """,
        env=OFF,
        timeout_s=300,
    )


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
    with pytest.raises(RuntimeError, match=r"^1 more read sections have ended than begun: each read_lock\(\) has one"):
        rcu.synchronize(timeout=5)
