"""Numbers of threads: no two have the same one, and it is proved, never guessed, that one has ended."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest

import rseq
from rseq import i64, u64
from rseq.language.errors import CompileError
from rseq.language.interpret import Memory, run
from rseq.language.operations import refuse
from rseq.percpu.threads import LEFT_BEHIND, SLOTS, Known, Table, describe, has_ended, known_id, table, thread_id
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
        numbers = {thread_id(), thread_id(), known_id()}
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
        assert known_id() == 0, "the kernel has zeroed what the parent knew"
        assert mine not in (bound(), thread_id())
        assert bound() == thread_id()
        assert not has_ended(mine)

    assert in_child(child) == 0


def test_who_lives_has_not_ended() -> None:
    bound = ended.bind(rseq.percpu(Cell))
    mine = thread_id()
    assert not has_ended(mine)
    assert not bound(mine)
    assert in_thread(lambda: not has_ended(mine) and not bound(mine))


def test_who_has_ended_is_proved_to_have_from_then_on() -> None:
    bound = ended.bind(rseq.percpu(Cell))
    number = in_thread(thread_id)
    assert bound(number)
    assert has_ended(number)
    assert bound(number)
    assert has_ended(thread_id() | LEFT_BEHIND)


def test_a_process_that_is_killed_has_ended() -> None:
    reader, writer = os.pipe()

    def live() -> None:
        os.write(writer, thread_id().to_bytes(8, "little"))
        signal.pause()

    child = os.fork()
    if child == 0:
        live()
    number = int.from_bytes(os.read(reader, 8), "little")
    assert not has_ended(number)
    assert f"of process {child}" in describe(number)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert has_ended(number)
    assert f"of process {child}" in describe(number)


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
    assert has_ended(number)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_one_who_dies_while_proving_leaves_the_proof_to_others() -> None:
    number = in_thread(thread_id)

    def die() -> None:
        slot = table()._slot(number % SLOTS)
        assert ctypes.CDLL(None).pthread_mutex_trylock(slot.mutex) != 0  # EOWNERDEAD: it is ours now
        os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(die) == -signal.SIGKILL
    assert has_ended(number)


def test_what_is_left_under_the_key_by_another_thread_is_not_believed() -> None:
    """What a late signal handler has left there: libc may give a new thread the stack of one that has ended."""
    number = in_thread(thread_id)
    stale = Known.from_address(table()._known + ctypes.sizeof(Known) * (number % SLOTS))
    assert stale.id == number
    assert not stale.is_true

    def ask() -> tuple[int, int]:
        from rseq.percpu.threads import _remember

        _remember(ctypes.addressof(stale))
        return known_id(), who.bind(rseq.percpu(Cell))()

    known, new = in_thread(ask)
    assert known == 0
    assert new != number


def test_a_full_table_is_an_error_and_not_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    from rseq.percpu import threads as module

    full = Table()
    monkeypatch.setattr(module, "table", lambda: full)
    monkeypatch.setattr(module, "SLOTS", 0)
    bound = who.bind(rseq.percpu(Cell))

    def ask() -> None:
        with pytest.raises(RuntimeError, match="threads that have used a lock are alive; no other can"):
            thread_id()
        with pytest.raises(RuntimeError, match=r"who\(\): this thread can have no number: too many threads have one"):
            bound()

    crew = ThreadSet()
    crew.start(ask)
    crew.join()


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
