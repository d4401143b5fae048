"""Code and descriptors are never unmapped: what would happen if they were, and that they are not.

After a sequence the thread's `rseq_cs` still points at its descriptor, until the kernel next clears it. A child process
here frees code of its own while that is so, and is killed. Beside it stands that the loader's code stays.
"""

from __future__ import annotations

import gc
import signal

import pytest

import rseq
from rseq import i64
from support import run_python

pytestmark = pytest.mark.needs_rseq

CHILD = """
import ctypes, os, signal, sys
import rseq
from rseq._language.types import SCALARS
from rseq._loader import _image_size
from rseq._stress.code import Block, compiled
from rseq._stress.ledger import Ledger
from rseq._stress.structures.counter import work
from rseq._thread.registration import calling_thread

storage, ledger = rseq.Counter().storage, Ledger(1, 1)
program = compiled(work(SCALARS["i64"]), storage)          # a blob that this test has loaded, and owns
block = Block.of(storage, ledger.address(0))
libc = ctypes.CDLL(None)
run = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(program.code.entries["loop"])
munmap = libc.munmap
first, size = ctypes.c_void_p(program.code.address), ctypes.c_size_t(_image_size(program.blob))
rseq_cs = ctypes.c_uint64.from_address(calling_thread().area + 8)

def points_at_section():
    return program.code.address <= rseq_cs.value < program.code.address + size.value

def leave_it_behind():
    "Run the sequence, until rseq_cs points at its descriptor: a preemption in between would have cleared it."
    while True:
        run(ctypes.addressof(block), 1, 1)
        if points_at_section():
            return
"""


PREEMPTED_TOO_EARLY = 3


def end_of(code: str) -> int:
    """How a child ends. It is run again if it was preempted before its code was gone, and so has nothing to show."""
    for _ in range(50):
        ended = run_python(CHILD + code, returncode=None)
        if ended.returncode != PREEMPTED_TOO_EARLY:
            break
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode


def test_code_that_is_freed_kills_the_process_at_the_next_signal() -> None:
    """The danger is real: the descriptor has gone when the kernel looks at it."""
    code = end_of("""
signal.signal(signal.SIGUSR1, lambda number, frame: None)
leave_it_behind()
munmap(first, size)
if not points_at_section():
    sys.exit(3)
signal.raise_signal(signal.SIGUSR1)
sys.exit(42)
""")
    assert code == -signal.SIGSEGV


def test_code_that_is_freed_kills_the_process_when_it_is_next_preempted() -> None:
    code = end_of("""
os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
if os.fork() == 0:
    libc.prctl(1, signal.SIGKILL)      # PR_SET_PDEATHSIG
    while True:                        # whoever wants the same CPU
        pass
leave_it_behind()
munmap(first, size)
if not points_at_section():
    sys.exit(3)
while points_at_section():
    pass
sys.exit(42)
""")
    assert code == -signal.SIGSEGV


def test_code_that_stays_does_no_harm_in_the_same_place() -> None:
    """The control: the same steps, but for the munmap."""
    code = end_of("""
signal.signal(signal.SIGUSR1, lambda number, frame: None)
leave_it_behind()
signal.raise_signal(signal.SIGUSR1)
assert rseq_cs.value == 0      # the kernel has looked, found the descriptor, and cleared it
sys.exit(42)
""")
    assert code == 42


class Cell(rseq.Record):
    value: i64


def executable_mappings() -> set[str]:
    with open("/proc/self/maps", encoding="ascii") as maps:
        return {line.split()[0] for line in maps if " r-xp " in line and "rseq" in line}


def test_the_code_of_a_collected_builtin_stays_mapped_and_unchanged() -> None:
    @rseq.sequence
    def add(cpu: Cell, n: i64) -> None:
        cpu.value += n

    storage = rseq.percpu(Cell)
    rseq.Counter()  # what all builtins share is loaded
    before = executable_mappings()
    function = add.bind(storage)
    function(1)
    fresh = executable_mappings() - before
    assert len(fresh) == 1
    contents = read_mapping(next(iter(fresh)))
    del function, add, storage
    for _ in range(3):
        gc.collect()
    assert fresh <= executable_mappings()
    assert read_mapping(next(iter(fresh))) == contents


def read_mapping(addresses: str) -> bytes:
    first, last = (int(word, 16) for word in addresses.split("-"))
    with open("/proc/self/mem", "rb") as memory:
        memory.seek(first)
        return memory.read(last - first)


def test_binding_again_maps_no_more_code() -> None:
    @rseq.sequence
    def add(cpu: Cell, n: i64) -> None:
        cpu.value += n

    add.bind(rseq.percpu(Cell))
    before = executable_mappings()
    for _ in range(100):
        add.bind(rseq.percpu(Cell))(1)
        rseq.Counter().add()
    assert len(executable_mappings() - before) <= 2  # a counter's own, if this is the first


def test_no_module_can_unmap_what_was_loaded() -> None:
    """Only a load that failed gives its addresses back."""
    import ast
    import inspect

    from rseq import _loader as load

    tree = ast.parse(inspect.getsource(load))
    callers = {
        function.name
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and ast.unparse(call.func) in ("_unmap", "libc().munmap")
    }
    assert callers == {"load", "_unmap"}
    source = inspect.getsource(load.load)
    assert source.index("except BaseException:") < source.index("_unmap(") < source.index("raise")
