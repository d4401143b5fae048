"""RCU in threads and processes: a writer waits for the readers of all of them, also where others were killed."""

from __future__ import annotations

import mmap
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

import rseq
from rseq._structures.rcu import rcu as module
from rseq._structures.rcu.grace import grace_period
from structures.grace_periods import nothing, other_phase_only, raises_timeout
from support import ThreadSet, fork, run_python, wait_for

OFF = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}


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


@pytest.mark.slow
def test_on_the_spare_lane_readers_are_waited_for_too() -> None:
    files = [str(Path(__file__).with_name(f"test_rcu{part}.py")) for part in ("", "_call", "_orders", "_threads")]
    run_python(
        f"""
        import sys, pytest
        sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "--allow-no-rseq", *{files!r},
            "-k", "not spare_lane and not interleaving and not late and not nobody_waits and not wrong"]))
        """,
        env=OFF,
        timeout_s=300,
    )
