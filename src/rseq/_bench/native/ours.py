"""Loops around rseq's own sequences and routines, inlined as into any caller; they have the form of the other loops.

The argument is the place of the storage (base, stride, lanes, lock) and one address more. Should a sequence fail, a
loop ends with an answer that is wrong by far. Each counts how often the kernel restarted its sequences.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from rseq._arch.base import IndexMode
from rseq._bench.native.loop import ARGUMENTS, Loop, Turn, architecture, callable_at, words_of, write_loop
from rseq._codegen.blob import BlobEnvironment
from rseq._codegen.codes import llvm_type
from rseq._codegen.environment import Lane
from rseq._codegen.lower import Unit
from rseq._codegen.writer import I64, PTR, Writer, constant
from rseq._language.compiled import Compiled
from rseq._loader import RSEQ_OFFSET
from rseq._percpu.thread_code import symbols
from rseq._thread.registration import lanes_offset

FAILED = -(1 << 62)
"""The answer of a loop in which a sequence failed: no total agrees with it."""


@dataclass
class Site:
    """One turn of the loop, while it is emitted: `i` is its number, `extra` the address in the argument (an i64)."""

    emit: Writer
    unit: Unit
    area: Any
    lane: Lane
    i: Any
    extra: Any

    def run(self, code: Compiled, *arguments: Any, nothing: Any = None) -> Any:
        """Emit a run of a sequence or routine with integers; its result as an i64, or `nothing` where that is None."""
        emit, result = self.emit, code.body.result
        types = [llvm_type(parameter.type) for parameter in code.body.parameters]
        given = [constant(type, argument) for argument, type in zip(arguments, types, strict=True)]
        fitting = [
            emit.fit(one, type) if hasattr(type, "width") else one for one, type in zip(given, types, strict=True)
        ]
        done = emit.label("done", *([I64] if result else []))

        def leave(number: Any) -> None:
            if nothing is None:
                emit.ret(FAILED)
            else:
                emit.jump(done, nothing)

        found = self.unit.run(emit, code, self.area, self.lane, fitting, leave)
        emit.jump(done, *([emit.fit(found[0], I64)] if result else []))
        results = emit.here(done)
        return results[0] if results else None


Emit = Callable[..., Any]
"""`emit(site, *codes)` emits one turn of a loop that runs these sequences or routines; gives its answer, an i64."""

_counters: list[int] = []


@cache
def ours(emit_turn: Emit, *codes: Compiled, index: IndexMode = "cpu_id") -> Loop:
    """The loop whose turns `emit` emits, with `codes`.

    Raises: Unavailable - no code can be made for this machine.
    """
    offset = lanes_offset(index)
    environment, counters = _module(emit_turn, codes, index, offset is not None)
    entries = environment.loaded(["loop", *counters], {RSEQ_OFFSET: offset or 0, **symbols()}).entries
    _counters.extend(entries[name] for name in counters)
    return callable_at(entries["loop"])


def restarts() -> int:
    """How often the kernel has restarted the sequences of all these loops: proof that they were interrupted."""
    return sum(ctypes.c_uint64.from_address(address).value for address in _counters)


def _module(
    emit_turn: Emit, codes: Sequence[Compiled], index: IndexMode, has_rseq: bool
) -> tuple[BlobEnvironment, Mapping[str, Compiled]]:
    environment = BlobEnvironment.new("bench", architecture(), has_rseq=has_rseq)
    unit = Unit(environment.module, environment, index, counter_linkage="hidden")
    emit = environment.function("loop", I64, [PTR, I64])
    words = words_of(emit, [I64] * ARGUMENTS)
    *place, extra, _ = words
    area = environment.area(emit)

    def body(turn: Turn) -> Any:
        return emit_turn(Site(emit, unit, area, Lane(*place), turn.i, extra), *codes)

    write_loop(emit, words, body)
    return environment, unit.counters
