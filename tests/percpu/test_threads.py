"""Numbers of threads: no two have the same one, and it is proved, never guessed, that one has ended."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

import rseq
from rseq import i64, u64
from rseq._language.errors import CompileError
from rseq._language.interpret import Memory, run
from rseq._language.operations import refuse
from rseq._libc import libc_with_gil
from rseq._percpu import threads as module
from rseq._percpu.segment import describe_extents
from rseq._percpu.threads import (
    LEFT_BEHIND,
    SLOTS,
    Known,
    Table,
    describe_to,
    table,
    thread_id,
)
from support import ThreadSet


class Cell(rseq.Record):
    owner: u64


@rseq.routine
def who(cpu: Cell) -> u64:
    return rseq.thread_id()


@rseq.routine
def ended(cpu: Cell, thread: u64) -> bool:
    return rseq.thread_ended(thread)


@rseq.routine
def no(cpu: Cell, holder: u64) -> i64:
    refuse(holder)
    return i64(1)


def in_thread(function: Callable[[], Any]) -> Any:
    """What `function` returns in a thread that has ended, also for the kernel."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend((threading.get_native_id(), function())))
    thread.start()
    thread.join()
    while os.path.exists(f"/proc/self/task/{found[0]}"):
        os.sched_yield()
    return found[1]


def in_child(function: Callable[[], object]) -> int:
    """How a forked child ends that calls `function`."""
    child = os.fork()
    if child == 0:
        try:
            function()
        except BaseException:  # noqa: BLE001 - the child must end here
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_thread_keeps_its_number_and_no_other_has_it(threads: ThreadSet) -> None:
    found: list[int] = []
    barrier = threading.Barrier(20)

    def ask() -> None:
        numbers = {thread_id(), thread_id(), table().known_id()}
        barrier.wait()
        found.extend(numbers)

    for _ in range(20):
        threads.start(ask)
    threads.join()
    assert len(set(found)) == len(found) == 20
    assert 0 not in found


def test_numbers_of_ended_threads_are_not_used_again_though_their_slots_are() -> None:
    found = [in_thread(thread_id) for _ in range(50)]
    assert len(set(found)) == 50
    assert len({number % SLOTS for number in found}) < 50


def test_machine_code_python_and_children_agree() -> None:
    bound = who.bind(rseq.percpu(Cell))
    assert bound() == bound() == thread_id()
    assert in_thread(lambda: bound() == thread_id())
    mine = thread_id()

    def child() -> None:
        assert table().known_id() != mine, "the kernel has zeroed what the parent knew"
        assert mine not in (bound(), thread_id())
        assert bound() == thread_id()
        assert not table().has_ended(mine)

    assert in_child(child) == 0


def test_who_lives_has_not_ended() -> None:
    bound = ended.bind(rseq.percpu(Cell))
    mine = thread_id()
    assert not table().has_ended(mine)
    assert not bound(mine)
    assert in_thread(lambda: not table().has_ended(mine) and not bound(mine))


def test_who_has_ended_is_proved_to_have_from_then_on() -> None:
    bound = ended.bind(rseq.percpu(Cell))
    number = in_thread(thread_id)
    assert bound(number)
    assert table().has_ended(number)
    assert bound(number)
    assert table().has_ended(thread_id() | LEFT_BEHIND)


def test_a_process_that_is_killed_has_ended() -> None:
    reader, writer = os.pipe()

    def live() -> None:
        os.write(writer, thread_id().to_bytes(8, "little"))
        signal.pause()

    child = os.fork()
    if child == 0:
        live()
    number = int.from_bytes(os.read(reader, 8), "little")
    assert not table().has_ended(number)
    assert f"of process {child}" in table().describe(number)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert table().has_ended(number)
    assert f"of process {child}" in table().describe(number)


def test_exec_ends_all_threads_of_a_process() -> None:
    """The process goes on with the same number; what it was has ended."""
    reader, writer = os.pipe()
    go, ready = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, thread_id().to_bytes(8, "little"))
        os.dup2(go, 0)
        os.dup2(writer, 1)
        os.execv("/bin/cat", ["cat"])
    number = int.from_bytes(os.read(reader, 8), "little")
    os.write(ready, b"!")
    assert os.read(reader, 1) == b"!", "it is cat now"
    assert table().has_ended(number)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_one_who_dies_while_claiming_leaves_the_slot_to_others() -> None:
    number = in_thread(thread_id)

    def die() -> None:
        assert table()._takes(number % SLOTS)
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(die) == -signal.SIGKILL
    assert table().has_ended(number)
    assert table()._is_free(number % SLOTS)


def test_what_is_left_under_the_key_by_another_thread_is_not_believed() -> None:
    """What a late signal handler has left there: libc may give a new thread the stack of one that has ended."""
    number = in_thread(thread_id)
    stale = Known.from_address(table()._known + ctypes.sizeof(Known) * (number % SLOTS))
    assert stale.id == number
    assert not stale.is_true

    def ask() -> tuple[int, int]:
        table()._remember(ctypes.addressof(stale), libc_with_gil().pthread_getspecific(table()._key))
        return table().known_id(), who.bind(rseq.percpu(Cell))()

    known, new = in_thread(ask)
    assert known == 0
    assert new != number


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """A table of 8 slots, which all have from now on."""
    new, kept = Table(), table()
    monkeypatch.setattr(module, "SLOTS", 8)
    monkeypatch.setattr(module, "table", lambda: new)
    describe_extents(partial(describe_to, table=new))
    yield new
    describe_extents(partial(describe_to, table=kept))


class Crowd:
    """Threads that have numbers, until they are told to end."""

    def __init__(self, count: int) -> None:
        self._end = threading.Event()
        self.numbers: list[int] = []
        self.failures: list[Exception] = []
        ready = threading.Barrier(count + 1)
        self._threads = [threading.Thread(target=self._live, args=(ready,)) for _ in range(count)]
        for thread in self._threads:
            thread.start()
        ready.wait(60)

    def _live(self, ready: threading.Barrier) -> None:
        try:
            self.numbers.append(thread_id())
        except RuntimeError as error:
            self.failures.append(error)
        ready.wait(60)
        self._end.wait()

    def end(self) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()
            while os.path.exists(f"/proc/self/task/{thread.native_id}"):
                os.sched_yield()


def test_a_full_table_is_an_error_and_not_a_crash(small: Table) -> None:
    bound = who.bind(rseq.percpu(Cell))
    crowd = Crowd(8)

    def ask() -> None:
        with pytest.raises(RuntimeError, match="threads that have used a lock are alive; no other can"):
            thread_id()
        with pytest.raises(RuntimeError, match=r"who\(\): this thread can have no number: too many threads have one"):
            bound()

    in_thread(ask)
    assert len(set(crowd.numbers)) == 8
    crowd.end()
    assert in_thread(thread_id) not in crowd.numbers, "there is room again"


def test_more_threads_than_slots_live_one_after_the_other(small: Table) -> None:
    numbers = [in_thread(thread_id) for _ in range(100)]
    assert len(set(numbers)) == 100
    assert all(small.has_ended(number) for number in numbers)


def test_of_a_crowd_each_looks_at_a_few_slots_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claiming is constant work, however many threads have numbers: a stampede of n threads is n times that."""
    looks: list[int] = []
    is_free = Table._is_free
    monkeypatch.setattr(Table, "_is_free", lambda self, number: looks.append(number) or is_free(self, number))
    crowd = Crowd(200)
    crowd.end()
    assert not crowd.failures
    assert len(set(crowd.numbers)) == 200
    assert len(looks) < 200 * (module._LOOKS + 3)


def test_slots_of_the_dead_are_found_again_among_those_of_the_living() -> None:
    crowd = Crowd(50)
    before = table()._used.value
    numbers = {in_thread(thread_id) for _ in range(200)}
    assert len(numbers) == 200
    assert table()._used.value <= before + 10 + before // (module._LOOKS - 1)
    crowd.end()


def test_a_signal_handler_may_claim_in_the_middle_of_a_claim(small: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """At each step: whatever number the handler has got is the thread's from then on, and its only one."""
    steps = ("_free", "_sign", "_takes", "_some_used")

    def claim(step: str) -> tuple[int, int, int]:
        plain, nested = getattr(Table, step), []

        def interrupted(self: Table, *arguments: Any) -> Any:
            result = plain(self, *arguments)
            if not nested:
                nested.append(0)
                nested[0] = thread_id()
            return result

        monkeypatch.setattr(Table, step, interrupted)
        number = thread_id()
        monkeypatch.setattr(Table, step, plain)
        return number, nested[0], small.known_id()

    for step in steps:
        assert len(set(in_thread(lambda step=step: claim(step)))) == 1
    crowd = Crowd(8)
    assert not crowd.failures, "none of the slots is lost"
    crowd.end()


@pytest.mark.parametrize("step", ["_own_name", "_remember", "known_id"])
def test_what_a_signal_handler_raises_in_a_claim_leaves_no_slot_claimed(
    small: Table, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    def claim() -> int:
        with monkeypatch.context() as patch:
            patch.setattr(module if step == "_own_name" else Table, step, interrupt)
            with pytest.raises(KeyboardInterrupt):
                small.claim()
        assert small.known_id() == 0
        return thread_id()

    for _ in range(20):
        in_thread(claim)
    crowd = Crowd(8)
    assert not crowd.failures
    crowd.end()


def test_one_with_the_same_kernel_id_in_another_namespace_is_alive_and_left_alone(small: Table) -> None:
    """As its slot looks from here: the word says the id of this very thread, which has another slot."""
    mine, stranger = thread_id(), in_thread(thread_id)
    words = small._words, stranger % SLOTS * ctypes.sizeof(module._Slot) // 4
    words[0][words[1]] = threading.get_native_id()
    assert not small.has_ended(stranger)
    assert not small._is_free(stranger % SLOTS)
    assert thread_id() == mine
    words[0][words[1]] |= module._OWNER_DIED
    assert small.has_ended(stranger)
    assert thread_id() == mine


def test_a_slot_is_left_before_its_numbers_run_into_the_bit_of_those_left_behind(small: Table) -> None:
    first = in_thread(thread_id) % SLOTS
    small._slot(first).generation = module._LAST_GENERATION - 2
    numbers = [in_thread(thread_id) for _ in range(20)]
    of_that_slot = [number for number in numbers if number % SLOTS == first]
    assert [number >> 16 for number in of_that_slot] == [module._LAST_GENERATION]
    assert not of_that_slot[0] & LEFT_BEHIND
    assert small.has_ended(of_that_slot[0])


def test_the_interpreter_knows_one_thread_that_lives() -> None:
    memory = Memory.of(Cell)
    assert run(who.body, memory) == 1
    assert run(ended.body, memory, [1]) is False
    assert run(ended.body, memory, [2]) is True
    with pytest.raises(RuntimeError, match="thread 7 holds"):
        run(no.body, memory, [7])


def test_a_refusal_says_who() -> None:
    bound = no.bind(rseq.percpu(Cell))
    for number, text in ((0, "nobody holds"), (thread_id(), "this thread holds"), (in_thread(thread_id), "is held by")):
        with pytest.raises(RuntimeError, match=text):
            bound(number)


def test_a_sequence_does_not_ask() -> None:
    with pytest.raises(CompileError, match=r"thread_id\(\) crosses CPUs, and a sequence works on its own"):

        @rseq.sequence
        def take(cpu: Cell) -> None:
            cpu.owner = rseq.thread_id()


def test_pseudo_code_names_them() -> None:
    assert "thread_id()" in who.ir
    assert "thread_ended(thread)" in ended.ir
    assert "refuse(holder)" in no.ir
