"""How compiled code finds what lies outside of it: the process's symbols are ordinary ones there."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.ir as ll
from numba.core import cgutils

from rseq._codegen.environment import Environment, Lane
from rseq._codegen.lower import WAIT_FOREVER
from rseq._codegen.writer import I8, I32, I64, PTR, VOID, Writer
from rseq._language.compiled import Compiled
from rseq._thread.support import require_support

_RUNNING_STATE = "PyThreadState_GetUnchecked" if sys.version_info >= (3, 13) else "_PyThreadState_UncheckedGet"
_IS_OF_THREAD = sys.version_info >= (3, 12)  # before, it is the state of the thread that has the GIL, whichever that is


class NumbaEnvironment(Environment):
    """Code in Numba's modules."""

    def __init__(self, module: Any, has_rseq: bool) -> None:
        super().__init__(require_support(), module, has_rseq)

    def call(self, builder: Any, name: str, type: ll.FunctionType, arguments: Sequence[Any]) -> Any:
        return builder.call(cgutils.get_or_insert_function(self.module, type, name), arguments)

    def address(self, builder: Any, name: str) -> Any:
        return self._external(name, I8)

    def offset(self, emit: Writer) -> Any:
        """Loaded from libc's variable: it differs between processes, and the code may be cached."""
        return self.variable(emit, "__rseq_offset", I64)

    def variable(self, emit: Writer, name: str, type: Any) -> Any:
        value = emit.load(self._external(name, type), type=type)
        value.set_metadata("invariant.load", self.module.add_metadata([]))
        return value

    def _external(self, name: str, type: Any) -> Any:
        if name not in self.module.globals:
            ll.GlobalVariable(self.module, type, name).linkage = "external"
        return self.module.globals[name]

    def sched_yield(self, emit: Writer, fail: Callable[[], None]) -> None:
        """Whoever is waited for may need the GIL, so it is given up where this thread has it."""
        with emit.if_else(self._has_gil(emit)) as (with_gil, without):
            with with_gil:
                state = emit.call("PyEval_SaveThread", PTR)
                emit.call("sched_yield", I32)
                emit.call("PyEval_RestoreThread", VOID, state)
                with emit.if_(emit.call("PyErr_CheckSignals", I32), likely=False):
                    fail()
            with without:
                emit.call("sched_yield", I32)

    def _has_gil(self, emit: Writer) -> Any:
        """Emit: is the calling thread's Python state the one that runs?

        It reads two words, at any time, also while the interpreter ends and after. PyGILState_Check() would not do: it
        says yes to all threads for ever once there was a sub-interpreter, and at the end.
        """
        running = emit.call(_RUNNING_STATE, PTR)
        if _IS_OF_THREAD:
            return emit.truth(running)
        own = emit.call("PyGILState_GetThisThreadState", PTR)
        return emit.and_(emit.truth(running), emit.compare(running, "==", own))

    def spare(
        self, emit: Writer, code: Compiled, lane: Lane, arguments: Sequence[Any], function: Callable[[], Any]
    ) -> Any:
        return emit.run(function(), *lane, WAIT_FOREVER, *arguments)
