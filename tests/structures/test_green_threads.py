"""Green threads (gevent, eventlet): what they do to each other in one thread is right, or refused in one sentence.

The libraries are used where they are installed; what is asked of them is little, and is tried without them as well.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest

import rseq
from support import ThreadSet, run_python


@pytest.fixture
def green(monkeypatch: pytest.MonkeyPatch) -> Any:
    """What looks like greenlet: `green.current` is who runs. Whoever sleeps lets `green.others` run."""
    world = SimpleNamespace(current=object(), others=lambda: None)
    monkeypatch.setitem(sys.modules, "greenlet", SimpleNamespace(getcurrent=lambda: world.current))  # type: ignore[arg-type]
    sleep = time.sleep

    def switching_sleep(seconds: float) -> None:
        world.others()
        sleep(0)

    monkeypatch.setattr(time, "sleep", switching_sleep)
    return world


def test_a_green_thread_waits_for_the_turn_of_another_of_its_thread(green: Any) -> None:
    rcu, ring = rseq.RCU(), rseq.RingBuffer(256)
    first, second = object(), object()
    for turn_of, wait in (
        (lambda: rcu._turn(SimpleNamespace(pause=lambda: True)), lambda: rcu.synchronize(60)),  # type: ignore[arg-type]
        (ring._reader._turn, ring.drain),
    ):
        green.current = first
        turns = [turn_of()]
        waited: list[int] = []

        def end(turns: list[Any] = turns, waited: list[int] = waited) -> None:
            waited.append(1)
            turns.clear()  # the first one goes on, and ends

        green.current, green.others = second, end
        wait()
        assert waited
        green.current, green.others = first, lambda: None
        turns.append(turn_of())
        with pytest.raises(RuntimeError, match=r"in the middle of one|is reading the ring already"):
            wait()
        turns.clear()


def test_native_threads_take_turns_with_green_ones(green: Any, threads: ThreadSet) -> None:
    ring = rseq.RingBuffer(1 << 12)
    for _ in range(100):
        ring.write(b"x")
    found: list[int] = []
    for _ in range(3):
        threads.start(lambda: found.append(len(ring.drain())))
    threads.join()
    assert sum(found) == 100


COMMON = """
import faulthandler, sys, warnings
warnings.simplefilter("ignore")          # eventlet says that it is deprecated
faulthandler.dump_traceback_later(60, exit=True)
if sys.argv[1] == "rseq first":
    import rseq
if LIBRARY == "gevent":
    from gevent import monkey
    monkey.patch_all()
    import gevent, gevent.threadpool
    spawn, sleep = gevent.spawn, gevent.sleep
    join = lambda tasks: gevent.joinall(tasks, raise_error=True)
    in_thread = lambda function: gevent.threadpool.ThreadPool(2).spawn(function)
    native_sleep = monkey.get_original("time", "sleep")
else:
    import eventlet
    eventlet.monkey_patch()
    from eventlet import patcher, tpool
    spawn, sleep = eventlet.spawn, eventlet.sleep
    join = lambda tasks: [task.wait() for task in tasks]
    in_thread = lambda function: spawn(tpool.execute, function)
    native_sleep = patcher.original("time").sleep
import os, threading
import rseq

def first_use():
    counter, lock, ring = rseq.Counter(), rseq.SpinLock(), rseq.RingBuffer(256)
    counter.add()
    with lock:
        ring.write(b"x")
    assert (counter.value, len(ring.drain())) == (1, 1)

pooled = in_thread(first_use)
first_use()
pooled.get() if LIBRARY == "gevent" else pooled.wait()

rcu, called, done = rseq.RCU(), [], []

def read_natively():
    phase = rcu.read_lock()
    done.append("reading")
    while "waiting" not in done:
        native_sleep(0.001)
    rcu.read_unlock(phase)

def write():
    rcu.synchronize(30)
    done.append("written")

reading = in_thread(read_natively)
while not done:
    sleep(0.001)
writers = [spawn(write) for _ in range(3)]
sleep(0)
done.append("waiting")
join(writers)
assert done.count("written") == 3

def inside():
    with rcu:
        sleep(0.05)

reader = spawn(inside)
sleep(0.01)
try:
    rcu.synchronize(30)
except RuntimeError as error:
    assert "inside `with rcu:`" in str(error)
rcu.call(lambda: called.append(1))
join([reader])
rcu.barrier(30)
assert called == [1]

lock = rseq.SpinLock()
def hold():
    with lock:
        sleep(0.05)
holder = spawn(hold)
sleep(0.01)
os.sched_setaffinity(0, {rseq.cpu_number()})
try:
    with lock:
        pass
except RuntimeError as error:
    assert "this thread holds that lock already" in str(error)
join([holder])

ring = rseq.RingBuffer(1 << 12)
for _ in range(50):
    ring.write(b"x")
found = []
def drain():
    for _ in range(10):
        found.append(len(ring.drain()))
        sleep(0)
join([spawn(drain) for _ in range(4)])
assert sum(found) == 50

child = os.fork()
if child == 0:
    rcu.call(lambda: called.append(2))
    rcu.barrier(30)
    os._exit(0 if called == [1, 2] else 1)
assert os.waitpid(child, 0)[1] == 0
print("done")
"""


@pytest.mark.parametrize("order", ["rseq first", "patched first"])
@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_in_a_patched_program_all_is_right_or_refused(library: str, order: str) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed")
    done = run_python(f"LIBRARY = {library!r}\n{COMMON}", order)
    assert done.stdout.endswith("done\n")
