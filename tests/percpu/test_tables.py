"""Tables of threads: one in each piece of memory that processes share, also in files that unrelated ones map."""

from __future__ import annotations

import ctypes
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import rseq
from mapped import Mapped
from rseq import u64
from rseq._percpu.segment import PAGE_BYTES, private_extent
from rseq._percpu.threads import Table, describe_to, table, table_of, thread_id
from rseq._percpu.turn import prepare_turns, taken
from rseq._structures.lock_code import acquire, release
from support import ROOT, run_python

TESTS = ROOT / "tests"


class Cell(rseq.Record):
    owner: u64


@rseq.routine
def who(cpu: Cell) -> u64:
    return rseq.thread_id()


@rseq.routine
def ended(cpu: Cell, thread: u64) -> bool:
    return rseq.thread_ended(thread)


@pytest.fixture
def mapped(tmp_path: Path) -> Mapped:
    made = Mapped(tmp_path / "memory", new=True)
    made.table._slot(0).generation = 1 << 20  # so that numbers are not those of another table by chance
    return made


def in_thread(function: Callable[[], Any]) -> Any:
    """What `function` returns in a thread that has ended, also for the kernel."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.extend((threading.get_native_id(), function())))
    thread.start()
    thread.join()
    while os.path.exists(f"/proc/self/task/{found[0]}"):
        os.sched_yield()
    return found[1]


# ---- two tables in one process


def test_a_thread_has_a_number_in_each_table_and_each_proves_the_ends_of_its_own(mapped: Mapped) -> None:
    mine = thread_id()
    there = mapped.table.thread_id()
    assert mine != there
    assert (thread_id(), mapped.table.thread_id()) == (mine, there)
    gone = in_thread(lambda: (thread_id(), mapped.table.thread_id()))
    assert table().has_ended(gone[0])
    assert mapped.table.has_ended(gone[1])
    assert not table().has_ended(mine)
    assert not mapped.table.has_ended(there)


def test_machine_code_has_the_table_of_the_memory_that_it_works_on(mapped: Mapped) -> None:
    here, there = who.bind(rseq.percpu(Cell)), mapped.bind(who)
    assert here() == thread_id()
    assert there() == mapped.table.thread_id() != here()
    gone = in_thread(there)
    assert mapped.bind(ended)(gone)
    assert not mapped.bind(ended)(there())


def test_extents_say_which_table_is_theirs_those_from_before_too() -> None:
    run_python("""
        import ctypes, sys
        from rseq._percpu.segment import private_extent
        before = private_extent(1)
        assert ctypes.string_at(before.lock - 16, 16) == bytes(16)
        assert "rseq._percpu.threads" not in sys.modules, "a first count does not need it"
        from rseq._percpu.threads import table, table_of
        made = table()
        for extent in (before, private_extent(1)):
            context, key = (ctypes.c_uint64.from_address(extent.lock - at).value for at in (16, 8))
            assert (context, key) == (made.context, made._key)
            assert table_of(extent.lock) is made
    """)


def test_memory_of_a_segment_has_a_table_of_its_own() -> None:
    shared, other = rseq.Segment(), rseq.Segment()
    first, second, third = (rseq.SpinLock(segment=one).storage.place.lock for one in (shared, shared, other))
    assert table_of(first) is table_of(second)
    assert len({id(found) for found in (table_of(first), table_of(third), table())}) == 3


def test_a_forked_child_has_another_number_in_each_table(mapped: Mapped, in_child: Callable[..., None]) -> None:
    before = thread_id(), mapped.table.thread_id(), mapped.bind(who)()

    def child() -> None:
        assert table().known_id() == mapped.table.known_id() == 0
        now = mapped.bind(who)(), mapped.table.thread_id(), thread_id()
        assert now[0] == now[1] != before[1]
        assert now[2] != before[0]
        assert not mapped.table.has_ended(before[1])

    in_child(child)
    assert mapped.bind(who)() == before[1]


def test_an_old_kernel_has_the_child_forget_its_numbers_in_each_table(tmp_path: Path) -> None:
    run_python(
        """
        import os, sys
        sys.path.insert(0, sys.argv[1])
        from rseq._percpu import threads
        threads._WIPEONFORK = 9999
        from mapped import Mapped
        file = Mapped(sys.argv[2], new=True)
        mine = threads.thread_id(), file.table.thread_id()
        child = os.fork()
        if child == 0:
            ok = threads.table().known_id() == file.table.known_id() == 0
            os._exit(0 if ok and mine[1] != file.table.thread_id() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert (threads.thread_id(), file.table.thread_id()) == mine
        """,
        str(TESTS),
        str(tmp_path / "memory"),
    )


# ---- unrelated processes


@contextmanager
def other(path: Path, code: str) -> Iterator[tuple[Any, list[int]]]:
    """An unrelated process that maps the file, and runs `code`; what it has printed. It lives until it is killed."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\nfrom mapped import Mapped\nmapped = Mapped(sys.argv[2])\n"
        f"{textwrap.dedent(code)}\nprint(flush=True)\nsys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(TESTS), str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, [int(word) for word in process.stdout.readline().split()]
        process.kill()


def kill(process: Any) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def test_unrelated_processes_have_different_numbers_and_prove_each_others_end(mapped: Mapped, tmp_path: Path) -> None:
    mine = mapped.table.thread_id()
    with other(tmp_path / "memory", 'print(mapped.table.thread_id(), end=" ")') as (process, (theirs,)):
        assert theirs != mine
        assert not mapped.table.has_ended(theirs)
        assert f"of process {process.pid}" in mapped.table.describe(theirs)
        assert mapped.table.has_thread_of(process.pid)
        kill(process)
        assert mapped.table.has_ended(theirs)
        assert mapped.bind(ended)(theirs)
        assert not mapped.table.has_thread_of(process.pid)
    with other(tmp_path / "memory", f"print(int(mapped.table.has_ended({mine})), end=' ')") as (_, (said,)):
        assert not said, "another process knows that this thread lives"


def test_a_turn_of_a_killed_process_goes_to_an_unrelated_one(mapped: Mapped, tmp_path: Path) -> None:
    prepare_turns()
    address = mapped.place.base
    code = """
        from rseq._percpu.turn import prepare_turns, taken
        prepare_turns()
        turn = taken(mapped.table, mapped.place.base, "it is mine")
        print(mapped.table.thread_id(), end=" ")
    """
    with other(tmp_path / "memory", code) as (process, (theirs,)):
        assert ctypes.c_uint64.from_address(address).value == theirs
        assert taken(mapped.table, address, "it is mine") is None
        kill(process)
    turn = taken(mapped.table, address, "it is mine")
    assert turn is not None
    assert ctypes.c_uint64.from_address(address).value == mapped.table.thread_id()
    del turn
    assert ctypes.c_uint64.from_address(address).value == 0


def test_a_lock_of_a_killed_process_is_taken_over_by_an_unrelated_one(
    mapped: Mapped, tmp_path: Path, one_cpu: int
) -> None:
    code = f"""
        import os
        from rseq._structures.lock_code import acquire
        os.sched_setaffinity(0, {{{one_cpu}}})
        print(mapped.bind(acquire)(), mapped.table.thread_id(), end=" ")
    """
    mine = mapped.table.thread_id()  # not in the slot of the one that is killed
    with other(tmp_path / "memory", code) as (process, (cpu, theirs)):
        assert mapped.place.addresses()[cpu] in owners_of(mapped, theirs)
        kill(process)
    with pytest.warns(RuntimeWarning, match=f"of process {process.pid} held a lock and has ended"):
        assert mapped.bind(acquire)() == cpu
    assert mapped.place.addresses()[cpu] in owners_of(mapped, mine)
    mapped.bind(release)(cpu)
    assert owners_of(mapped, mine) == []


def owners_of(mapped: Mapped, number: int) -> list[int]:
    """Where that number stands in the item."""
    return [at for at in mapped.place.addresses() if ctypes.c_uint64.from_address(at).value == number]


def test_processes_that_open_a_file_at_once_have_the_same_slots(mapped: Mapped, tmp_path: Path) -> None:
    code = """
        import threading
        together, numbers = threading.Barrier(20), []
        def claim():
            together.wait()
            numbers.append(mapped.table.thread_id())
            together.wait()
        crowd = [threading.Thread(target=claim) for _ in range(20)]
        for one in crowd: one.start()
        for one in crowd: one.join()
        print(*numbers, end=" ")
    """
    found: list[int] = []
    with other(tmp_path / "memory", code) as (_, one), other(tmp_path / "memory", code) as (_, two):
        found += one + two
    assert len(set(found)) == 40


# ---- what a peer may have written


GARBAGE = """
    import ctypes, random, sys, threading
    sys.path.insert(0, sys.argv[1])
    from mapped import Mapped
    from rseq._percpu import thread_code
    from rseq._percpu.threads import TABLE_BYTES, SLOTS, layout
    mapped = Mapped(sys.argv[2], new=True)
    table, chance = mapped.table, random.Random(int(sys.argv[3]))
    NOISE = chance.randbytes(TABLE_BYTES)
    functions, failures = thread_code.symbols(), []
    claim = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64)(functions["rseq_thread_claim"])
    ended = ctypes.CFUNCTYPE(ctypes.c_uint64, ctypes.c_uint64, ctypes.c_uint64)(functions["rseq_thread_ended"])

    def word(at, kind=ctypes.c_uint64):
        return kind.from_address(mapped.base + at)

    def slot(number):
        return layout()["slot"] * (1 + number)

    def zeros():
        pass

    def ones():
        ctypes.memset(mapped.base, 0xFF, TABLE_BYTES)

    def noise():
        ctypes.memmove(mapped.base, NOISE, TABLE_BYTES)

    def free_slots_of_noise():  # that can be had: those who had them have ended
        noise()
        for number in range(300):
            word(slot(number) + layout()["word_at"], ctypes.c_uint32).value = 0
            word(slot(number) + layout()["generation_at"]).value >>= 32

    def claims(how):
        try:
            number = how()
            if number:
                assert table.known_id() == number
                assert not table.has_ended(number)
                assert not ended(table.context, number)
        except Exception as error:
            if "threads that have used a lock are alive" not in str(error):
                failures.append(error)

    for fill in (zeros, ones, noise, free_slots_of_noise):
        counts = (None, 0, 1, SLOTS - 1, SLOTS, SLOTS + 1, 1 << 40, (1 << 63) + 5, (1 << 64) - 1)
        for used in chance.sample(counts, int(sys.argv[4])):
            ctypes.memset(mapped.base, 0, TABLE_BYTES)
            fill()
            if used is not None:
                word(0).value = used
            for how in (table.thread_id, lambda: claim(table.context)):
                table._context.next = chance.choice((0, 1 << 39, (1 << 64) - 2))
                thread = threading.Thread(target=claims, args=(how,))
                thread.start()
                thread.join()
                assert not failures, failures
            for number in (0, 1, (1 << 64) - 1, (1 << 63) - 1, chance.getrandbits(64)):
                assert table.has_ended(number) in (False, True)
                assert ended(table.context, number) in (0, 1)
                assert isinstance(table.describe(number), str)
            table.has_thread_of(1)
"""


@pytest.mark.parametrize("counts", [4, pytest.param(9, marks=pytest.mark.slow)])
def test_garbage_in_a_table_leads_to_no_crash_and_no_strange_exception(tmp_path: Path, counts: int) -> None:
    run_python(GARBAGE, str(TESTS), str(tmp_path / "memory"), str(random.randrange(1 << 30)), str(counts))


def test_a_slot_whose_mutex_was_overwritten_is_one_that_the_kernel_marks_again(mapped: Mapped) -> None:
    """A word of zero is a mutex of the kind that the kernel does not know of: nobody would be seen to end."""
    ctypes.c_uint64.from_address(mapped.base).value = 5  # "all of these have been used": and yet they are zero
    numbers = [in_thread(mapped.table.thread_id) for _ in range(10)]
    assert len(set(numbers)) == 10
    assert all(map(mapped.table.has_ended, numbers))


def test_a_name_that_is_no_text_is_shown(mapped: Mapped) -> None:
    number = mapped.table.thread_id()
    mapped.table._slot(number & 0xFFFF).name = b"\xff\xfe\x80 x"
    assert mapped.table.describe(number).startswith(f"thread {threading.get_native_id()} (")


def test_a_private_extent_may_be_told_of_another_table() -> None:
    extent, new = private_extent(PAGE_BYTES), Table()
    assert table_of(extent.lock) is table()
    describe_to(extent.lock, new)
    assert table_of(extent.lock) is new
