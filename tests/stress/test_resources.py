"""Each resource taken away, before the first use and after: a right result, or an exception in one sentence.

Each structure is made and used in a child process that has the limit, so that one that dies or hangs is noticed.
"""

from __future__ import annotations

import compileall
import json

import pytest

import rseq
from support import run_python

SCRIPT = """
import ctypes, errno, json, os, resource, signal, struct, sys, threading, warnings
import rseq
from rseq import _arch as arch

libc = ctypes.CDLL(None, use_errno=True)
WHEN, *NAMES = sys.argv[1:]

def use_counter(segment=None):
    hits = rseq.Counter(segment=segment)
    hits.add(2)
    assert hits.value == 2

def use_array(segment=None):
    array = rseq.CounterArray(3, segment=segment)
    array.add(1)
    assert array.values().tolist() == [0, 1, 0]

def use_keyed(segment=None):
    hits = rseq.KeyedCounter(2, segment=segment)
    hits.add("a")
    hits.add(("b", 1), 2)
    hits.add("c", 4)
    assert hits.items() == [("a", 1), (("b", 1), 2)] and hits.overflow == 4

def use_lock(segment=None):
    lock = rseq.SpinLock(segment=segment)
    with lock:
        pass
    assert not lock.holders()

def use_ring(segment=None):
    ring = rseq.RingBuffer(256, segment=segment)
    ring.write(b"x")
    assert [event.data for event in ring.drain()] == [b"x"]

def use_recorder(segment=None):
    ring = rseq.RingBuffer(512, "overwrite", segment=segment)
    ring.write(b"x")
    assert [event.data for event in ring.drain()] == [b"x"]

def use_stack(segment=None):
    stack = rseq.Stack(4, segment=segment)
    stack.push(7)
    found = stack.drain()
    assert found == [7] or (found == [] and len(stack) == 1), found   # where no CPU may be gone to, it stays

def use_collector(segment=None):
    collector = rseq.Collector("i64", 4, segment=segment)
    assert collector.append(7)
    assert len(collector) == 1

def use_bucket(segment=None):
    bucket = rseq.TokenBucket(1e-3, 2, segment=segment)
    assert [bucket.take() for _ in range(3)] == [True, True, False]

def use_pool(segment=None):
    pool = rseq.Pool(64, 2, segment=segment)
    pool.release(pool.acquire())
    assert len(pool) == 2

def use_rcu(segment=None):
    rcu, called = rseq.RCU(segment=segment), []
    with rcu:
        pass
    rcu.synchronize(30)
    rcu.call(lambda: called.append(1))
    rcu.barrier(30)
    assert called == [1]

def use_histogram(segment=None):
    times = rseq.Histogram([1.0], segment=segment)
    times.observe(0.5)
    assert int(times.counts().sum()) == 1

def use_extreme(segment=None):
    most = rseq.Max(segment=segment)
    most.update(2.0)
    assert most.value == 2.0

def use_info(segment=None):
    rseq.info().as_dict()
    rseq.cpu_number()

STEPS = {name[4:]: step for name, step in list(globals().items()) if name.startswith("use_")}

def in_thread(function):
    raised = []
    def work():
        try:
            function()
        except BaseException as error:
            raised.append(error)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]

WAYS = {
    "": lambda step: step(),
    " in a segment": lambda step: step(rseq.Segment()),
    " in a thread": lambda step: in_thread(step),
}

def forbid(number, failure=errno.EPERM):
    lines = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | failure), (0x06, 0, 0, 0x7FFF0000)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *line) for line in lines))
    address = ctypes.create_string_buffer(struct.pack("@HP", len(lines), ctypes.addressof(program)))
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, address, 0, 0) == 0

def bound(kind, most):
    resource.setrlimit(kind, (most, most))

def without_proc():
    if libc.unshare(0x20000) or libc.mount(b"none", b"/", None, 1 << 18 | 1 << 14, None):
        os._exit(77)
    if libc.mount(b"none", b"/proc", b"tmpfs", 0, None):
        os._exit(77)

def memory(mebibytes):
    with open("/proc/self/statm") as statm:
        now = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + (mebibytes << 20), resource.RLIM_INFINITY))

def tell(report, line):
    "Write a line, for which there is memory again."
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limits[1], limits[1]))
    os.write(report, json.dumps(line).encode() + b"\\n")
    resource.setrlimit(resource.RLIMIT_AS, limits)

X86 = {"sched_setaffinity": 203, "sched_getaffinity": 204, "memfd_create": 319, "madvise": 28, "get_robust_list": 274,
       "getcpu": 309, "prctl": 157, "statx": 332, "openat": 257}
LIMITS = {
    "files": lambda: bound(resource.RLIMIT_NOFILE, 3),
    "locked memory": lambda: (bound(resource.RLIMIT_MEMLOCK, 0), libc.mlockall(7)),
    "file size": lambda: bound(resource.RLIMIT_FSIZE, 0),
    "processes": lambda: (os.getuid() or (os.setgid(65534), os.setuid(65534)), bound(resource.RLIMIT_NPROC, 0)),
    "no proc": without_proc,
    "membarrier": lambda: forbid(arch.host().membarrier),
    "membarrier unknown": lambda: forbid(arch.host().membarrier, errno.ENOSYS),
    "written memory executable": lambda: libc.prctl(65, 1, 0, 0, 0),
    "executable memory": lambda: (forbid(X86["memfd_create"]), libc.prctl(65, 1, 0, 0, 0)),
}
LIMITS |= {name: (lambda number=number: forbid(number)) for name, number in X86.items() if name != "prctl"}
LIMITS |= {f"memory {n}": (lambda n=n: memory(n)) for n in range(300)}

def outcome(work):
    try:
        work()
    except AssertionError as error:
        return f"WRONG {error!r}"
    except (OSError, MemoryError, RuntimeError, ImportError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    except SystemError as error:
        if str(error) == "error return without exception set":
            return "SystemError: CPython had no memory for the frame of a Python function (3.11: it sets no exception)"
        if str(error) == "<built-in function compile> returned NULL without setting an exception":
            return "SystemError: CPython had no memory for the syntax tree of a text (3.11: it sets no exception)"
        raise  # one of ours: "<built-in …> returned NULL without setting an exception"
    return "right"

def limited(limit, report):
    signal.alarm(60)
    LIMITS[limit]()
    for name, step in STEPS.items():
        for way, take in WAYS.items():
            if way == " in a thread" and limit.startswith("memory"):
                continue  # Thread.start() waits for ever if Python has no memory for what the new thread begins with
            said = outcome(lambda: take(step))
            tell(report, [name + way, said])
    os._exit(0)

if WHEN == "afterwards":
    for step in STEPS.values():
        for way in WAYS.values():
            way(step)
for name in NAMES:
    read, report = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        limited(name, report)
    os.close(report)
    with open(read) as file:
        lines = [json.loads(line) for line in file.read().splitlines()]
    print(json.dumps([name, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), lines]), flush=True)
"""

QUICK = ["files", "no proc", "membarrier", "sched_setaffinity", "executable memory", "memory 4", "memory 256"]
ALL = [
    *("files", "locked memory", "file size", "no proc", "membarrier", "membarrier unknown"),
    *("written memory executable", "executable memory", "sched_setaffinity", "sched_getaffinity", "memfd_create"),
    *("madvise", "get_robust_list", "getcpu", "statx", "openat"),
    *(f"memory {n}" for n in (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)),
]
# Not here: that rseq(2) is forbidden later on, as glibc ends a process whose new threads it cannot register
# (tests/thread has what follows from it at the start); that NumPy may start no thread: OpenBLAS then sends a SIGINT.
AFTERWARDS = ["processes"]
MACHINE = pytest.mark.arch("x86_64")  # by whose numbers system calls are forbidden


def outcomes(when: str, *limits: str) -> dict[str, dict[str, str]]:
    """What came of each step under each limit, which has killed nothing; without those that cannot be set here."""
    compileall.compile_dir(
        next(iter(rseq.__path__)), quiet=2
    )  # Python's parser takes too little memory for wrong syntax
    done = run_python(SCRIPT, when, *limits, timeout_s=600)
    found = {limit: (status, dict(said)) for limit, status, said in map(json.loads, done.stdout.splitlines())}
    assert list(found) == list(limits)
    ended = {limit: (status, list(said)[-1:]) for limit, (status, said) in found.items() if status not in (0, 77)}
    assert ended == {}, done.stderr
    of_each = {limit: said for limit, (status, said) in found.items() if status == 0}
    for limit, said in of_each.items():
        assert [one for one in said.items() if one[1].startswith("WRONG")] == [], limit
        mute = [one for one in said.items() if one[1].endswith(": ")]
        assert mute == [] or limit.startswith("memory"), f"{limit}: an exception says what is missing"
    return of_each


HARMLESS = ("sched_setaffinity", "executable memory", "no proc", "memory 256")  # a segment wants 27 MiB of addresses


@MACHINE
def test_what_was_used_before_goes_on_or_says_why_not() -> None:
    found = outcomes("afterwards", *QUICK)
    for limit in set(HARMLESS) & set(found):
        assert {step: outcome for step, outcome in found[limit].items() if outcome != "right"} == {}, limit


@MACHINE
@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "afterwards"])
def test_no_limit_ends_the_process_or_gives_a_wrong_result(when: str) -> None:
    outcomes(when, *ALL, *(AFTERWARDS if when == "afterwards" else []))
