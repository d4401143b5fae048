"""Where no thread is registered: the same results through the spare lane, under a lock that survives its owners.

The children here run with `glibc.pthread.rseq=0`, so that every sequence takes the lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rseq._structures.shipped import home_of, shipped
from support import ROOT, run_python

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

OFF = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}

COMMON = """
import ctypes, errno, mmap, os, signal, threading
import rseq
from rseq import i64
from rseq._builtins.bind import builtin
from rseq._percpu.memory import Memory
from rseq._percpu.mutex import make_mutex
from rseq._structures.cell_code import adder
from rseq._language.types import SCALARS

assert not rseq.available()
libc = ctypes.CDLL(None)
PAGE = mmap.PAGESIZE
ADD = adder(SCALARS["i64"])

def try_lock(place):
    return libc.pthread_mutex_trylock(ctypes.c_void_p(place.lock))

def unlock(place):
    return libc.pthread_mutex_unlock(ctypes.c_void_p(place.lock))

def shared():
    "A counter that forked children share: its method, its place, and a page for the test's own words."
    hits = rseq.Counter(segment=rseq.Segment())
    return hits.add, hits.storage.place, (ctypes.c_int64 * 64).from_buffer(mmap.mmap(-1, PAGE))

def value(place):
    return sum(ctypes.c_int64.from_address(address).value for address in place.addresses())

def wait_for(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def fork(function):
    child = os.fork()
    if child == 0:
        try:
            function()
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child
"""


def run_without_rseq(code: str, timeout_s: float = 60.0) -> None:
    run_python(COMMON + code, env=OFF, timeout_s=timeout_s)


ELSEWHERE = (
    *("development_mode", "million", "thousand", "interrupt", "everywhere", "interleaving", "two_grace", "spare"),
    *("reader_is_wrong", "checker", "bounds"),
)
"""Words in the names of tests that do not depend on rseq, start processes of their own, or take long."""

NO_CALLS = ("process", "killed", "without_rseq", "refused", "wrong", "names", "share", "says", "properties")
"""Words in the names of tests that call no sequence here: of arguments, of texts, of processes of their own."""

LONG = ("model", "largest", "layout", "overwrite_keeps", "each_item_is_held", "tear_nothing", "batches")
"""Words in the names of tests that do the same very often."""

PARTS = ("_arrays", "_call", "_ended", "_forked", "_processes", "_threads", "_times")
"""Files that have a part of what a structure's own file had no room for."""

APART = ("test_ring.py", "test_pool.py")
"""Files of structures that take longer than others: a process each, so that CPUs share the work."""


def rerun(paths: Sequence[Path], *without: str) -> None:
    """Run tests in a process where no thread is registered, but those whose names have certain words."""
    chosen = " and ".join(f"not {word}" for word in (*ELSEWHERE, *without))
    run_python(
        f"""
        import sys, pytest
        sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "--allow-no-rseq", "-k", {chosen!r}, *sys.argv[1:]]))
        """,
        *map(str, paths),
        env=OFF,
        timeout_s=300,
    )


BUILTINS = [ROOT / "tests" / "native" / f"test_{name}.py" for name in ("builtin", "kept", "pointers")]


def _homes() -> list[ParameterSet]:
    """Where structures are; the first tier has those whose machine code others have too."""
    homes = sorted({home_of(structure) for structure in shipped()})
    return [
        pytest.param(home, marks=[] if home in ("counter", "lock", "stack") else [pytest.mark.slow]) for home in homes
    ]


@pytest.mark.parametrize("home", _homes())
def test_what_takes_a_lane_has_the_same_results(home: str) -> None:
    paths = [ROOT / "tests" / "structures" / f"test_{home}{part}.py" for part in ("", *PARTS)]
    rerun([path for path in paths if path.exists()], *NO_CALLS, *LONG)


def test_builtins_have_the_same_results() -> None:
    rerun(BUILTINS, *NO_CALLS, *LONG)


@pytest.mark.slow
@pytest.mark.parametrize("part", [*APART, "the rest"])
def test_everything_has_the_same_results(part: str) -> None:
    """All tests of structures and builtins, in processes where no thread is registered."""
    structures = sorted(Path(ROOT, "tests", "structures").glob("test_*.py"))
    rest = [*(path for path in structures if path.name not in APART), *BUILTINS]
    paths = [path for path in structures if path.name == part] or rest
    assert part == "the rest" or len(paths) == 1
    rerun(paths)


def test_four_threads_are_exact() -> None:
    run_without_rseq("""
hits = [rseq.Counter(), rseq.Counter(index="mm_cid"), rseq.FloatCounter(), rseq.CounterArray((2, 3))]
def work():
    for number in range(20_000):
        for counter in hits[:3]:
            counter.add()
        hits[3].add((number & 1, number % 3))
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert [counter.value for counter in hits[:3]] == [80_000] * 3
assert hits[3].values().sum() == 80_000
assert all(counter.per_cpu()[:-1].sum() == 0 for counter in hits)  # no CPU's lane was touched
""")


def test_processes_are_exact_on_shared_memory() -> None:
    run_without_rseq("""
add, place, _ = shared()
def work():
    for _ in range(20_000):
        add()
children = [fork(work) for _ in range(4)]
assert [wait_for(child) for child in children] == [0] * 4
assert value(place) == 80_000
""")


def test_ctrl_c_gets_through_to_whoever_waits_for_the_lock() -> None:
    run_without_rseq("""
hits = rseq.Counter()
place = hits.storage.place
holding, done = threading.Event(), threading.Event()
def hold():
    assert try_lock(place) == 0
    holding.set()
    done.wait()
    unlock(place)
holder = threading.Thread(target=hold, daemon=True)
holder.start()
holding.wait()
signal.signal(signal.SIGINT, signal.default_int_handler)    # a job in the background inherits that it is ignored
signal.signal(signal.SIGALRM, lambda number, frame: signal.raise_signal(signal.SIGINT))
try:
    signal.setitimer(signal.ITIMER_REAL, 0.2)   # it comes while the main thread waits: it has nothing else to do
    hits.add()
except KeyboardInterrupt:
    caught = True
else:
    caught = False
assert caught
assert hits.value == 0      # and nothing was added
done.set()
holder.join()
hits.add()
assert hits.value == 1
""")


def test_a_handler_that_returns_lets_the_waiting_go_on() -> None:
    run_without_rseq("""
hits = rseq.Counter()
place = hits.storage.place
holding, done, handled = threading.Event(), threading.Event(), []
def hold():
    assert try_lock(place) == 0
    holding.set()
    done.wait()
    unlock(place)
def handle(number, frame):
    handled.append(number)
    if len(handled) == 3:
        done.set()
holder = threading.Thread(target=hold)
holder.start()
holding.wait()
signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.05, 0.05)
hits.add(7)
signal.setitimer(signal.ITIMER_REAL, 0)
holder.join()
assert len(handled) >= 3 and hits.value == 7
""")


def test_waiting_lets_other_threads_run() -> None:
    run_without_rseq("""
hits = rseq.Counter()
place = hits.storage.place
assert try_lock(place) == 0
began = threading.Event()
def work():
    began.set()
    hits.add()
waiter = threading.Thread(target=work)
waiter.start()
began.wait()
total = sum(range(200_000))   # with the GIL held by the waiter, this would never be reached
assert waiter.is_alive() and hits.value == 0
unlock(place)
waiter.join()
assert hits.value == 1
""")


def test_a_thread_that_holds_the_lock_itself_is_told() -> None:
    run_without_rseq("""
hits = rseq.Counter()
assert try_lock(hits.storage.place) == 0
try:
    hits.add()
except RuntimeError as error:
    text = str(error)
else:
    text = ""
assert text.startswith("Counter.add(): the spare lane's lock cannot be taken: this thread holds it already"), text
unlock(hits.storage.place)
hits.add()
assert hits.value == 1
""")


def test_a_fork_while_another_thread_holds_the_lock() -> None:
    run_without_rseq("""
hits = rseq.Counter()
place = hits.storage.place
hits.add(5)
holding, done = threading.Event(), threading.Event()
def hold():
    assert try_lock(place) == 0
    holding.set()
    done.wait()
    unlock(place)
holder = threading.Thread(target=hold)
holder.start()
holding.wait()
def child():
    hits.add(10)                 # the holder does not exist here
    assert hits.value == 15
    assert try_lock(place) == 0 and unlock(place) == 0
assert wait_for(fork(child)) == 0
assert try_lock(place) == errno.EBUSY   # here it still holds it
done.set()
holder.join()
hits.add()
assert hits.value == 6
""")


def test_forks_in_the_middle_of_threads_that_take_the_lock() -> None:
    run_without_rseq("""
hits = rseq.Counter()
done, added = threading.Event(), [0] * 3
def work(number):
    while not done.is_set():
        hits.add()
        added[number] += 1
threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
for thread in threads:
    thread.start()
def child():
    before = hits.value
    for _ in range(1000):
        hits.add()
    assert hits.value == before + 1000
for _ in range(8):
    assert wait_for(fork(child)) == 0
done.set()
for thread in threads:
    thread.join()
assert hits.value == sum(added)
""")


def test_a_stopped_owner_holds_the_lock_until_it_goes_on() -> None:
    run_without_rseq("""
add, place, words = shared()
def own():
    assert try_lock(place) == 0
    os.kill(os.getpid(), signal.SIGSTOP)
    unlock(place)
child = fork(own)
os.waitpid(child, os.WUNTRACED)          # it has stopped, and holds the lock
assert try_lock(place) == errno.EBUSY
began = threading.Event()
def work():
    began.set()
    add(3)
waiter = threading.Thread(target=work)
waiter.start()
began.wait()
assert value(place) == 0
os.kill(child, signal.SIGCONT)
waiter.join()
assert wait_for(child) == 0
assert value(place) == 3
""")


def test_a_killed_owner_leaves_the_lock() -> None:
    run_without_rseq("""
add, place, _ = shared()
for round in range(5):
    def own():
        assert try_lock(place) in (0, errno.EOWNERDEAD)
        os.kill(os.getpid(), signal.SIGSTOP)
    child = fork(own)
    os.waitpid(child, os.WUNTRACED)
    waiter = threading.Thread(target=add)  # may wait already, or come afterwards
    waiter.start()
    os.kill(child, signal.SIGKILL)
    assert wait_for(child) == -signal.SIGKILL
    waiter.join()
    add()
    assert value(place) == 2 * (round + 1)
assert try_lock(place) == 0 and unlock(place) == 0   # and it is consistent
""")


def test_processes_killed_in_the_middle_leave_nothing_half_done() -> None:
    """Each add is there or not: the total lies between what was noted as done, and one more for each killed child."""
    run_without_rseq("""
add, place, words = shared()
KILLED = 30
def work(number):
    def run():
        while True:
            add()
            words[number] += 1
    return run
for number in range(KILLED):
    child = fork(work(number))
    while words[number] < 50:
        os.sched_yield()
    os.kill(child, signal.SIGKILL)
    assert wait_for(child) == -signal.SIGKILL
done = sum(words)
assert 0 <= value(place) - done <= KILLED, (value(place), done)
add()
assert try_lock(place) == 0 and unlock(place) == 0
""")


@pytest.mark.needs_rseq
def test_registered_processes_killed_in_the_middle_leave_nothing_half_done() -> None:
    """The same on the CPUs' lanes, which the processes share as well."""
    code = COMMON.replace("assert not rseq.available()", "assert rseq.available()")
    run_python(
        code
        + """
add, place, words = shared()
KILLED, ALIVE = 30, 2
def work(number, adds):
    def run():
        for _ in range(adds):
            add()
            words[number] += 1
    return run
living = [fork(work(KILLED + number, 100_000)) for number in range(ALIVE)]
for number in range(KILLED):
    child = fork(work(number, 1 << 60))
    while words[number] < 50:
        os.sched_yield()
    os.kill(child, signal.SIGSTOP)
    os.kill(child, signal.SIGCONT)
    os.kill(child, signal.SIGKILL)
    assert wait_for(child) == -signal.SIGKILL
assert [wait_for(child) for child in living] == [0] * ALIVE
done = sum(words)
assert 0 <= value(place) - done <= KILLED, (value(place), done)
assert ctypes.c_int64.from_address(place.addresses()[-1]).value == 0
""",
        timeout_s=60,
    )


def test_with_a_lock_of_its_own_for_each_process_nobody_is_kept_out() -> None:
    """The control: without the common lock, another process adds while the owner has stopped in the middle."""
    run_without_rseq("""
kept, place, _ = shared()
def alone():
    private = mmap.mmap(-1, PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    mine = place._replace(lock=ctypes.addressof(ctypes.c_char.from_buffer(private)))
    make_mutex(mine.lock)
    add = builtin(ADD, memory=Memory(mine, 8, private), index="cpu_id", shape=(), title="alone.add")
    return add, mine
def own():
    _, mine = alone()
    assert try_lock(mine) == 0
    os.kill(os.getpid(), signal.SIGSTOP)
    unlock(mine)
child = fork(own)
os.waitpid(child, os.WUNTRACED)
add, _ = alone()
add(3)
assert value(place) == 3
os.kill(child, signal.SIGCONT)
assert wait_for(child) == 0
""")
