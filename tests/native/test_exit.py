"""Builtins and hot methods that are used, or let go, while the interpreter ends. Freed memory is overwritten."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BEGIN = """
import atexit, functools, gc, sys, threading, types, weakref
import rseq

class Cell(rseq.Record):
    value: rseq.i64

class Node(rseq.Record):
    value: rseq.i64

@rseq.sequence
def add(cpu: Cell, n: rseq.i64 = 1) -> rseq.i64:
    old = cpu.value
    cpu.value = old + n
    return old

@rseq.routine
def measure(cpu: Cell, data: bytes) -> rseq.i64:
    return rseq.i64(len(data))

@rseq.sequence
def keep(cpu: Cell, node: rseq.ptr[Node]) -> rseq.ptr[Node]:
    cpu.value += 1
    return node

def bound(segment=None):
    return add.bind(rseq.percpu(Cell, segment=segment))

nodes = rseq.array(Node, 3)
kept = keep.bind(rseq.percpu(Cell), nodes)
kept(nodes[1])
measure.bind(rseq.percpu(Cell))(b"x")
hits, lock, stack, ring = rseq.Counter(), rseq.SpinLock(), rseq.Stack(4), rseq.RingBuffer(256)
shared = rseq.Counter(segment=rseq.Segment())

def use_all():
    for use in (bound_one, hits.add, shared.add, stack.pop, lambda: kept(None), lambda: ring.write(b"x"), use_lock):
        try:
            use()
        except (TypeError, AttributeError, NameError):
            pass

def use_lock():
    with lock:
        pass

bound_one = bound()
bound_one(), bound(rseq.Segment())()
"""
ENDS = {
    "in a cycle": """
class Stats:
    def __init__(self):
        self.add, self.me, self.hits, self.kept = bound(), self, hits, kept
Stats().add(1)
""",
    "in a default argument": """
def count(n, add=bound(), more=hits.add, keep=kept):
    add(n), more(n), keep(None)
count(1)
count.me = count
""",
    "in a finaliser": """
class Last:
    def __init__(self):
        self.me, self.use = self, use_all
    def __del__(self, use=use_all, add=bound(), hits=hits):
        use(), add(2), hits.add(2)
last = Last()
sys.last = Last()
""",
    "at exit": """
atexit.register(use_all)
atexit.register(bound())
atexit.register(hits.add)
""",
    "in a weak reference's callback": """
class Thing:
    pass
thing = Thing()
thing.me = thing
reference = weakref.ref(thing, lambda _, add=bound(), use=use_all: (add(), use()))
finalizer = weakref.finalize(thing, bound())
sys.modules["kept"] = types.SimpleNamespace(reference=reference)
""",
    "in caches that are cleared": """
@functools.cache
def cached(n):
    return bound()
cached(1)()
for module in [module for name, module in sys.modules.items() if name.startswith("rseq")]:
    for name, thing in list(vars(module).items()):
        if name.startswith("__"):
            continue
        if hasattr(thing, "cache_clear"):
            thing.cache_clear()
        elif isinstance(thing, (list, set, dict)) and module.__name__.startswith("rseq._builtins."):
            thing.clear()
gc.collect()
use_all()
bound_two = cached(1)
bound_two(5)
""",
    "when modules are gone": """
class Late:
    def __del__(self, use=use_all):
        use()
import builtins
builtins.late = Late()
sys.modules["late"] = Late()
for name in [name for name in sys.modules if name.startswith("rseq")]:
    del sys.modules[name]
del rseq
gc.collect()
use_all()
""",
    "in daemon threads": """
def forever(add=bound(), more=hits.add):
    while True:
        add(1), more(1)
for _ in range(3):
    threading.Thread(target=forever, daemon=True).start()
""",
    "in iterators": """
endless = map(bound(), iter(lambda: 1, 2))
next(endless)
chain = functools.partial(functools.reduce, bound())
sys.chain, sys.endless = chain, endless
sys.endless_too = zip(endless, endless)
""",
}


SLOW = {
    "in a default argument",
    "in a weak reference's callback",
    "in caches that are cleared",
    "in iterators",
    "in a cycle",
    "in a finaliser",
}
"""What keeps them alive is taken apart as that of another one is."""


@pytest.mark.parametrize("where", [pytest.param(end, marks=[pytest.mark.slow] * (end in SLOW)) for end in ENDS])
def test_the_interpreter_ends_with_builtins(where: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(BEGIN + ENDS[where])
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", str(script)],
        env={**os.environ, "PYTHONMALLOC": "malloc", "MALLOC_PERTURB_": "85"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{done.returncode}\n{done.stderr}"
    assert "Traceback" not in done.stderr
