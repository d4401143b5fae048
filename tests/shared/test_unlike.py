"""Programs that are unlike each other share one segment: without rseq, in other pid namespaces, with other CPUs."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

import rseq
from rseq._percpu.shared import core
from shared.folders import Program
from support import run_python

NO_RSEQ = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}
WORKS = """
    import sys, warnings, rseq
    from rseq._percpu.shared import core
    if len(sys.argv) > 1:
        core.possible_cpus = lambda: int(sys.argv[1])
    shop = rseq.Segment("shop")
    hits, sizes = rseq.Counter(segment=shop, name="hits"), rseq.Histogram([1, 2], segment=shop, name="sizes")
    events, free = rseq.RingBuffer(1 << 20, segment=shop, name="events"), rseq.Stack(9000, segment=shop, name="free")
    lock, rcu = rseq.SpinLock(segment=shop, name="lock"), rseq.RCU(segment=shop, name="rcu")
    pool = rseq.Pool(8, 40, segment=shop, name="pool")
    say("ready")
    ask()
    for turn in range(2000):
        hits.add()
        sizes.observe(turn % 3)
        assert events.write(b"x")
        assert free.push(turn)
        if turn % 20 == 0:
            with lock, rcu:
                item = pool.acquire()
            pool.release(item)
    say("done")
    ask()
"""


def all_work(programs: list[Program]) -> None:
    """Let them work at once; nothing is lost, and nothing doubled."""
    for program in programs:
        assert program.hear() == "ready"
    for program in programs:
        program.tell()
    for program in programs:
        assert program.hear() == "done"
    shop, count = rseq.Segment("shop"), 2000 * len(programs)
    assert shop["hits"].value == count
    assert shop["sizes"].count == count
    assert len(shop["events"].drain()) == count
    assert len(shop["free"]) == count
    assert not shop["lock"].holders()
    assert shop["rcu"].readers == 0
    shop["rcu"].synchronize(10)
    assert not shop["pool"].held()
    assert len(shop.processes()) == len(programs) + 1
    for program in programs:
        program.tell()


def test_with_rseq_and_without(segment_folder: Path) -> None:
    with ExitStack() as stack:
        envs: tuple[dict[str, str], ...] = ({}, NO_RSEQ, NO_RSEQ)
        all_work([stack.enter_context(Program(WORKS, env=env)) for env in envs])


@pytest.mark.parametrize("cpus", [pytest.param("1", marks=pytest.mark.slow), "128"])
def test_made_where_another_number_of_cpus_is_possible(segment_folder: Path, cpus: str) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(Program(WORKS, args=(cpus,)))
        assert first.hear() == "ready"
        assert rseq.Segment("shop").lanes == int(cpus)
        second = stack.enter_context(Program(WORKS))
        assert second.hear() == "ready"
        for program in (first, second):
            program.tell()
        for program in (first, second):
            assert program.hear() == "done"
        assert rseq.Segment("shop")["hits"].value == 4000
        assert len(rseq.Segment("shop")["events"].drain()) == 4000


def test_in_other_pid_namespaces(segment_folder: Path) -> None:
    unshare = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this process may not make namespaces")
    with ExitStack() as stack:
        all_work([stack.enter_context(Program(WORKS, prefix=prefix)) for prefix in (unshare, unshare, ())])


def test_a_lock_whose_holder_was_in_another_pid_namespace_is_taken_over(segment_folder: Path) -> None:
    """Its process had the number 1 there, as another one that lives has here."""
    unshare = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this process may not make namespaces")
    lock, pool = rseq.SpinLock(segment="shop", name="lock"), rseq.Pool(8, 9, segment="shop", name="pool")
    code = """
    import os, rseq
    lock, pool = rseq.SpinLock(segment="shop", name="lock"), rseq.Pool(8, 9, segment="shop", name="pool")
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    lock.acquire(), pool.acquire()
    say(os.getpid())
    ask()
    """
    with Program(code, prefix=unshare) as program:
        assert program.hear() == "1"
        assert lock.holders()
        with pytest.raises(ValueError, match=r"^recover\(\) takes the number of a process that has ended; got 1: "):
            pool.recover(1)
        program.kill()
    with pytest.warns(RuntimeWarning, match="process 1 held a lock and has ended"):
        _acquire_where_it_was(lock)
    with pytest.raises(ValueError, match=r"got 1: the process runs, and uses what it holds"):
        pool.recover(1)  # the first process of this namespace might have it


def _acquire_where_it_was(lock: rseq.SpinLock) -> None:
    import os

    cpus = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(cpus)})
        lock.release(lock.acquire())
    finally:
        os.sched_setaffinity(0, cpus)


# ---- what a program that was killed has left to unrelated ones

LEAVES = """
    import os, rseq
    from rseq._percpu.turn import taken
    from rseq._percpu.threads import table_of
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    shop = rseq.Segment("shop", keep=True)
    lock, rcu = rseq.SpinLock(segment=shop, name="lock"), rseq.RCU(segment=shop, name="rcu")
    pool, ring = rseq.Pool(8, 9, segment=shop, name="pool"), rseq.RingBuffer(4096, segment=shop, name="ring")
    lock.acquire(), rcu.read_lock(), pool.acquire(), pool.acquire()
    ring.write(b"left")
    turn = ring._reader._turn()
    writer = rcu._turn(__import__("rseq._structures.rcu.rcu", fromlist=["x"])._Waiting(1))
    say(os.getpid())
    ask()
"""


@pytest.mark.parametrize("env", [{}, NO_RSEQ], ids=["rseq", "no rseq"])
def test_what_a_killed_program_held_is_had_by_another(segment_folder: Path, env: dict[str, str]) -> None:
    with Program(LEAVES, env=env) as program:
        pid = int(program.hear())
        shop = rseq.Segment("shop", keep=True)
        lock, rcu, pool, ring = (shop[name] for name in ("lock", "rcu", "pool", "ring"))
        assert lock.holders()
        assert pool.held() == {pid: [0, 1]} or len(pool.held()[pid]) == 2
        with pytest.raises(ValueError, match="the process runs, and uses what it holds"):
            pool.recover(pid)
        program.kill()
    if not env:
        with pytest.warns(RuntimeWarning, match=f"process {pid} held a lock and has ended"):
            _acquire_where_it_was(lock)
    assert len(pool.recover(pid)) == 2
    assert [event.data for event in ring.drain()] == [b"left"]
    assert rcu.readers == 1
    with pytest.raises(TimeoutError, match=r"1 read section has not ended.*and one that was killed does not end"):
        rcu.synchronize(0)
    fresh = rseq.RCU(segment=shop, name="rcu 2")  # how one goes on
    fresh.synchronize(10)


def test_nobody_is_warned_without_need(segment_folder: Path) -> None:
    assert core.possible_cpus() == rseq.Segment("shop").lanes
    run_python("import rseq; rseq.Counter(segment='shop', name='hits').add()")


OLD_LIBC = """
import fcntl, multiprocessing, os

for module, begin in ((os, ("MFD_", "memfd_create")), (fcntl, ("F_OFD_", "F_SEAL_", "F_ADD_SEALS", "F_GET_SEALS"))):
    for name in [name for name in vars(module) if name.startswith(begin)]:
        delattr(module, name)

import rseq

def work(*counters):
    for counter in counters:
        counter.add(5)

if __name__ == "__main__":
    hits = rseq.Counter(segment=rseq.Segment("shop"), name="hits")
    nameless = rseq.Counter(segment=rseq.Segment())
    for start in ("fork", "spawn"):
        process = multiprocessing.get_context(start).Process(target=work, args=(hits, nameless))
        process.start()
        process.join()
        assert process.exitcode == 0
    code = [line for line in open("/proc/self/maps") if "r-xp" in line and "memfd:rseq" in line]
    assert code, "machine code is in a memfd, as in other Pythons"
    print(hits.value, nameless.value)
"""


def test_a_python_that_was_built_for_an_older_libc_shares_segments_too(segment_folder: Path, tmp_path: Path) -> None:
    """As those that installers bring. Its modules lack what that libc lacked, and the kernel has it all the same."""
    hits = rseq.Counter(segment=rseq.Segment("shop"), name="hits")
    hits.add()
    program = tmp_path / "program.py"
    program.write_text(OLD_LIBC)
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("11 10\n", "")
    assert hits.value == 11
