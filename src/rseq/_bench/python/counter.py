"""The counter from Python: what one `add(1)` costs, beside what else there is.

Two floors stand beside: a builtin that does nothing, called by its name and as an attribute.
"""

from __future__ import annotations

import ctypes
import itertools
import multiprocessing
import os
import threading
from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

from rseq._bench.python.loop import GLOBAL_LOOP, installed, loop
from rseq._bench.run import Implementation, Operation, Work, counted, threaded
from rseq._bench.segments import remove
from rseq._builtins.payload import METH_FASTCALL_KEYWORDS, method_def, placed
from rseq._structures.counter import Counter


def _rseq(workers: int) -> Implementation:
    counter = Counter()
    work = loop("counter.add(1)", counter=counter)
    return threaded("rseq", "rseq: counter.add(1)", work, counted(lambda: counter.value))


def _rseq_segment(workers: int) -> Implementation:
    name = f"rseq-bench-python-{os.getpid()}"
    counter = Counter(name="hits", segment=name)
    remove(name)  # whoever has it open goes on with it
    work = loop("counter.add(1)", counter=counter)
    return threaded("rseq-segment", "rseq: the same in a segment", work, counted(lambda: counter.value))


def _rseq_name(workers: int) -> Implementation:
    counter = Counter()
    work = loop("add(1)", add=counter.add)
    return threaded("rseq-name", "rseq: add(1), add = counter.add", work, counted(lambda: counter.value))


def _lock(workers: int) -> Implementation:
    work = loop("with lock: n += 1", GLOBAL_LOOP, lock=threading.Lock())
    assert isinstance(work, FunctionType)
    names = work.__globals__
    return threaded("threading-lock", "with lock: n += 1", work, counted(lambda: int(names["n"])))


def _itertools(workers: int) -> Implementation:
    numbers = itertools.count()
    looks = itertools.count()  # looking takes a number too
    work = loop("next(numbers)", numbers=numbers, next=next)
    return threaded("itertools", "next(itertools.count())", work, counted(lambda: next(numbers) - next(looks)))


def _multiprocessing(workers: int) -> Implementation:
    value = multiprocessing.get_context("spawn").Value("q", 0)
    work = value_loop(value)
    return threaded("multiprocessing", "multiprocessing.Value, its lock", work, counted(lambda: value.value))


def value_loop(value: Any) -> Work:
    """Add to a `multiprocessing.Value` as its documentation says."""
    return loop("with value.get_lock(): value.value += 1", value=value)


def _prometheus(workers: int) -> Implementation:
    counter = installed("prometheus_client").Counter("rseq_bench", "Counted by rseq bench.", registry=None)

    def total() -> int:
        return int(next(iter(counter.collect())).samples[0].value)

    work = loop("counter.inc()", counter=counter)
    return threaded("prometheus", "prometheus_client: counter.inc()", work, counted(total))


def _cereggii(workers: int) -> Implementation:
    number = installed("cereggii").AtomicInt64(0)
    work = loop("number.increment_and_get(1)", number=number)
    return threaded("cereggii", "cereggii: increment_and_get(1)", work, counted(lambda: int(number.get())))


def _empty(workers: int) -> Implementation:
    work = loop("empty(1)", empty=empty_builtin())
    return threaded("empty", "empty builtin (floor)", work, None)


def _empty_attribute(workers: int) -> Implementation:
    work = loop("holder.add(1)", holder=holder())
    return threaded("empty-attribute", "empty method, holder.add(1) (floor)", work, None)


def _abs(workers: int) -> Implementation:
    return threaded("abs", "abs(1) (floor)", loop("abs(1)", abs=abs), None)


# ---- what a call from Python costs at the least: builtins that do nothing, compiled, loaded and called as rseq's own


class Holder:
    """An object with a method that does nothing, like `counter.add`: machine code that is found in the class."""

    __slots__ = ()

    def add(self, n: int = 1) -> None:
        """Do nothing; the first `holder()` puts machine code in its place."""


@cache
def holder() -> Holder:
    """An object whose `add` is an empty native method.

    Raises: Unavailable - no code can be made for this machine.
    """
    from rseq._builtins.method import descriptor

    text = "add($self, n=1)\n--\n\n"
    Holder.add = descriptor(Holder, "add", _function(), text, METH_FASTCALL_KEYWORDS)  # type: ignore[method-assign]
    return Holder()


@cache
def empty_builtin() -> Callable[..., None]:
    """The builtin; its code and its method definition are never freed.

    Raises: Unavailable - no code can be made for this machine.
    """
    method = placed(method_def(b"empty", _function(), METH_FASTCALL_KEYWORDS, None))
    new = ctypes.pythonapi["PyCFunction_NewEx"]
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.py_object]
    made: Callable[..., None] = new(method, None, None)
    return made


def _function() -> int:
    """The address of `PyObject *f(self, arguments, count, names)` that returns None."""
    from rseq._bench.native.loop import architecture
    from rseq._codegen import python
    from rseq._codegen.blob import BlobEnvironment
    from rseq._codegen.writer import I64, PTR

    code = BlobEnvironment.new("empty", architecture())
    emit = code.function("empty", PTR, [PTR, PTR, I64, PTR])
    emit.ret(python.none(emit))
    return code.loaded(["empty"]).entries["empty"]


COUNTER = Operation(
    name="python",
    title="counter from Python",
    unit="update",
    makers={
        "rseq": _rseq,
        "rseq-segment": _rseq_segment,
        "rseq-name": _rseq_name,
        "empty": _empty,
        "empty-attribute": _empty_attribute,
        "abs": _abs,
        "threading-lock": _lock,
        "itertools": _itertools,
        "cereggii": _cereggii,
        "prometheus": _prometheus,
        "multiprocessing": _multiprocessing,
    },
)
