"""How code in builtins waits, and asks about threads: it has the GIL, gives it up, and lets signal handlers run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rseq._codegen.blob import BlobEnvironment
from rseq._codegen.codes import BUSY, HAS_RAISED, RAISED, pack, returned_by, unpack
from rseq._codegen.environment import Lane
from rseq._codegen.writer import I32, I64, PTR, VOID, Writer
from rseq._language.compiled import Compiled

WAIT_NS = 50_000_000
"""How long to wait for the spare lane's lock before looking for signals, so that Ctrl-C works."""


class PythonEnvironment(BlobEnvironment):
    """In a builtin, waiting for the spare lane's lock gives up the GIL, and lets signal handlers run."""

    def sched_yield(self, emit: Writer, fail: Callable[[], None]) -> None:
        state = emit.call("PyEval_SaveThread", PTR)
        emit.call("sched_yield", I32)
        emit.call("PyEval_RestoreThread", VOID, state)
        with emit.if_(self.interrupted(emit), likely=False):
            fail()

    def interrupted(self, emit: Writer) -> Any:
        """The GIL is held, so handlers may run here: Ctrl-C ends a loop that has no end."""
        return emit.call("PyErr_CheckSignals", I32)

    def claim(self, emit: Writer, lock: Any, fail: Callable[[], None]) -> Any:
        return self._ask(emit, "register", lock, I64(0), fail)

    def has_ended(self, emit: Writer, lock: Any, thread: Any, fail: Callable[[], None]) -> Any:
        return self._ask(emit, "ended", lock, thread, fail)

    def took_over(self, emit: Writer, lock: Any, thread: Any) -> Any:
        return emit.compare(self._call_python(emit, "took_over", lock, thread), "!=", HAS_RAISED)

    def refuse(self, emit: Writer, lock: Any, holder: Any) -> Any:
        self._call_python(emit, "refuse", lock, holder)
        return I32(RAISED)

    def _ask(self, emit: Writer, what: str, lock: Any, word: Any, fail: Callable[[], None]) -> Any:
        """Emit a call of one of the functions in _percpu/thread_calls.py, which has Python's names for threads."""
        answer = self._call_python(emit, what, lock, word)
        with emit.if_(emit.compare(answer, "==", HAS_RAISED), likely=False):
            fail()
        return answer

    def _call_python(self, emit: Writer, what: str, lock: Any, word: Any) -> Any:
        """Emit the same; HAS_RAISED if an exception is set, now or before the call. The thread has the GIL."""
        return emit.call("rseq_call", I64, emit.symbol(f"rseq_python_{what}"), lock, word)

    def spare(
        self, emit: Writer, code: Compiled, lane: Lane, arguments: Sequence[Any], function: Callable[[], Any]
    ) -> Any:
        given = *lane, *arguments

        def write(emit: Writer, *given: Any) -> None:
            place, arguments = given[: len(Lane._fields)], given[len(Lane._fields) :]
            self._write_patient(emit, code, lambda ns: emit.run(function(), *place, ns, *arguments))

        name, types = f"patient.{code.__name__}.{id(code)}", [value.type for value in given]
        return emit.run(self.helper(name, returned_by(code), types, write, cold=False), *given)

    def _write_patient(self, emit: Writer, code: Compiled, run: Callable[[int], Any]) -> None:
        """Wait for the lock without the GIL, and look for signals now and then. `run(ns)` emits one attempt."""
        first = run(0)
        number, *_ = unpack(emit, code, first)
        with emit.if_(emit.compare(number, "!=", BUSY)):
            emit.ret(first)
        wait = emit.label("wait")
        emit.here(wait)
        state = emit.call("PyEval_SaveThread", PTR)
        again = run(WAIT_NS)
        emit.call("PyEval_RestoreThread", VOID, state)
        number, *_ = unpack(emit, code, again)
        with emit.if_(emit.compare(number, "!=", BUSY)):
            emit.ret(again)
        with emit.if_(self.interrupted(emit)):
            emit.ret(pack(emit, code, I32(RAISED)))
        emit.jump(wait)
