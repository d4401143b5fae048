"""Pools that processes share, what forks copy, and what the ended have left."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

import rseq
import rseq.check
from support import run_python

# ---- processes


def fork(function: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            function()
        except BaseException:  # noqa: BLE001 - the child must end here
            os._exit(1)
        os._exit(0)
    return child


def test_a_fork_copies_a_private_pool() -> None:
    pool = rseq.Pool(8, 3)
    item = pool.acquire()
    assert item is not None

    def child() -> None:
        item[:] = b"changed!"
        assert pool.held() == {os.getppid(): [pool.row_of(item)]}
        pool.release(item)
        assert pool.acquire() is not None
        assert list(pool.held()) == [os.getpid()]

    assert os.waitpid(fork(child), 0)[1] == 0
    assert (bytes(item), len(pool)) == (bytes(8), 2)


def test_processes_share_items_and_what_is_in_them() -> None:
    pool = rseq.Pool(8, 3, segment=rseq.Segment())
    mine = pool.acquire_row(1)
    assert mine is not None

    def child() -> None:
        item = pool.acquire()
        assert item is not None
        item[:] = b"a letter"

    assert os.waitpid(process := fork(child), 0)[1] == 0
    ((row,),) = [rows for owner, rows in pool.held().items() if owner != 1]
    assert (row != mine, pool.array[row].tobytes()) == (True, b"a letter")
    assert (pool.recover(process), pool.recover(process)) == ([row], [])
    assert pool.held() == {1: [mine]}


def test_what_parent_and_child_both_hold_is_released_once() -> None:
    pool = rseq.Pool(8, 1, segment=rseq.Segment())
    item = pool.acquire()
    assert item is not None
    assert os.waitpid(fork(lambda: pool.release(item)), 0)[1] == 0
    assert pool.acquire_row(5) == 0
    with pytest.raises(ValueError, match=r"by a process that was forked while it was held"):
        pool.release(item)
    assert pool.held() == {5: [0]}


def test_only_what_has_ended_is_recovered_from() -> None:
    pool = rseq.Pool(8, 2, segment=rseq.Segment())
    pool.acquire()
    pool.acquire_row()
    refused = {
        os.getpid(): r"the process runs, and uses what it holds$",
        0: r"0 is no process",
        -1: r"got -1: a process has a number of 1 … 4294967295$",
        2**70: rf"got {2**70}: a process has a number of 1",
    }
    for owner, message in refused.items():
        with pytest.raises(ValueError, match=rf"^recover\(\) takes the number of a process that has ended.*{message}"):
            pool.recover(owner)
    assert len(pool) == 0


def test_a_process_that_was_killed_and_not_waited_for_has_ended() -> None:
    pool = rseq.Pool(8, 2, segment=rseq.Segment())

    def child() -> None:
        pool.acquire()
        os.kill(os.getpid(), signal.SIGKILL)

    process = fork(child)
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)
    assert len(pool.recover(process)) == 1
    os.waitpid(process, 0)
    assert len(pool) == 2


HIDDEN = """
import ctypes, os, signal, sys
import rseq

libc = ctypes.CDLL(None, use_errno=True)
NEW_MOUNTS, NEW_PID, NEW_USER, PRIVATE = 0x20000, 0x20000000, 0x10000000, 1 << 18 | 1 << 14
CANNOT = 77

def run(function):
    child = os.fork()
    if child == 0:
        status = 1
        try:
            function()
            status = 0
        except SystemExit as end:
            status = end.code
        except BaseException:
            import traceback
            traceback.print_exc()
        os._exit(status)
    return child

def code(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def refused(process):
    try:
        pool.recover(process)
    except ValueError as error:
        return "uses what it holds" in str(error)
    return False

pool = rseq.Pool(64, 4, segment=rseq.Segment())
told, tell = os.pipe()
wait, end = os.pipe()

def hold():
    item = pool.acquire()
    os.write(tell, os.getpid().to_bytes(4, "little"))
    os.read(wait, 1)
    pool.release(item)
"""

SCENES = {
    "nobody may see it": """
holder = run(hold)
process = int.from_bytes(os.read(told, 4), "little")

def other():
    if libc.unshare(NEW_MOUNTS) or libc.mount(b"none", b"/", None, PRIVATE, None):
        sys.exit(CANNOT)
    if libc.mount(b"proc", b"/proc", b"proc", 0, b"hidepid=2"):
        sys.exit(CANNOT)
    os.setgid(65534)
    os.setuid(65534)
    assert not os.path.exists(f"/proc/{process}")
    assert refused(process)

ended = code(run(other))
os.write(end, b"!")
assert code(holder) == 0, "its item was released under its hands"
sys.exit(ended)
""",
    "there is no proc": """
def in_the_dark():
    if libc.unshare(NEW_MOUNTS) or libc.mount(b"none", b"/", None, PRIVATE, None):
        sys.exit(CANNOT)
    if libc.mount(b"none", b"/proc", b"tmpfs", 0, None):
        sys.exit(CANNOT)
    holder = run(hold)
    process = int.from_bytes(os.read(told, 4), "little")
    assert process == holder
    assert refused(process)
    os.kill(holder, signal.SIGKILL)
    os.waitid(os.P_PID, holder, os.WEXITED | os.WNOWAIT)
    assert pool.recover(holder) != [], "a parent knows that its child has ended"
    assert code(holder) == -signal.SIGKILL
    gone = run(lambda: pool.acquire())
    assert code(gone) == 0
    assert len(pool.recover(gone)) == 1

sys.exit(code(run(in_the_dark)))
""",
}


@pytest.mark.parametrize("scene", ["nobody may see it", "there is no proc"])
def test_a_process_that_lives_is_not_recovered_from_though(scene: str) -> None:
    done = run_python(HIDDEN + SCENES[scene], returncode=None)
    if done.returncode == 77:
        pytest.skip("this process may not hide others")
    assert done.returncode == 0, done.stderr


def test_a_process_of_another_namespace_is_not_recovered_from_while_it_lives() -> None:
    done = run_python(
        HIDDEN
        + """
def inner():
    if libc.unshare(NEW_PID) and libc.unshare(NEW_USER | NEW_PID):
        os.write(tell, bytes(4))
        sys.exit(CANNOT)
    sys.exit(code(run(first)))

def first():
    for _ in range(100):                # so that its number is nobody's out here, most likely
        code(run(lambda: None))
    sys.exit(code(run(hold)))

middle = run(inner)
os.close(tell)
process = int.from_bytes(os.read(told, 4), "little")
if process:
    assert process in pool.held()
    assert refused(process)
os.write(end, b"!")
sys.exit(code(middle))
""",
        returncode=None,
    )
    if done.returncode == 77:
        pytest.skip("this process may make no pid namespace")
    assert done.returncode == 0, done.stderr


def test_a_process_that_has_its_pool_from_another_thread_is_known_by_its_first_one() -> None:
    run_python("""
        import os, threading
        import rseq
        from rseq._percpu.threads import table_of

        made = []
        thread = threading.Thread(target=lambda: made.append(rseq.Pool(8, 2, segment=rseq.Segment())))
        thread.start()
        thread.join()
        while os.path.exists(f"/proc/self/task/{thread.native_id}"):
            os.sched_yield()
        assert table_of(made[0].storage.place.lock).has_thread_of(os.getpid()), "the first thread was asked for it"
        """)
