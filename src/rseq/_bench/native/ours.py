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
from rseq._bench.native.loop import Loop, architecture, callable_at
from rseq._language.compiled import Compiled
from rseq._percpu.thread_code import symbols
from rseq._thread.registration import lanes_offset

__all__ = ["Emit", "Site", "ours", "restarts"]

FAILED = -(1 << 62)
"""The answer of a loop in which a sequence failed: no total agrees with it."""

_EXTRA = 4
"""The word of the argument behind the place."""


@dataclass
class Site:
    """One turn of the loop, while it is emitted: `i` is its number, `extra` the address in the argument (an i64)."""

    build: Any
    unit: Any
    area: Any
    lane: Any
    i: Any
    extra: Any
    failing: Any

    def run(self, code: Compiled, *arguments: Any, nothing: Any = None) -> Any:
        """Emit a run of a sequence or routine with integers; its result as an i64, or `nothing` where that is None."""
        import llvmlite.ir as ll

        from rseq._codegen.codes import llvm_type

        types = [llvm_type(parameter.type) for parameter in code.body.parameters]
        fitting = [self._integer(argument, type) for argument, type in zip(arguments, types, strict=True)]
        if nothing is not None:
            return self._run_or(code, fitting, nothing)
        result = self.unit.run(self.build, code, self.area, self.lane, fitting, self._end)
        return result if result is None else self._integer(result, ll.IntType(64))

    def _integer(self, value: Any, type: Any) -> Any:
        """Emit a conversion of a number that both types hold."""
        if value.type == type or not hasattr(type, "width"):
            return value
        return self.build.trunc(value, type) if value.type.width > type.width else self.build.zext(value, type)

    def _run_or(self, code: Compiled, arguments: Sequence[Any], nothing: Any) -> Any:
        done = self.build.append_basic_block("either")
        leaving: list[Any] = []

        def leave(number: Any) -> None:
            leaving.append(self.build.block)
            self.build.branch(done)

        result = self.unit.run(self.build, code, self.area, self.lane, arguments, leave)
        found = self.build.block
        self.build.branch(done)
        self.build.position_at_end(done)
        either = self.build.phi(result.type)
        either.add_incoming(result, found)
        for block in leaving:
            either.add_incoming(nothing, block)
        return either

    def constant(self, value: int) -> Any:
        """An i64."""
        import llvmlite.ir as ll

        return ll.Constant(ll.IntType(64), value)

    def truth(self, value: Any) -> Any:
        """Emit: is a number not 0, as LLVM's branches want it."""
        return self.build.icmp_unsigned("!=", value, value.type(0))

    def pointer(self, address: Any) -> Any:
        """The pointer to an address."""
        import llvmlite.ir as ll

        return self.build.inttoptr(address, ll.PointerType())

    def load(self, address: Any) -> Any:
        """Emit a load of the i64 at an address."""
        return self.build.load(self.pointer(address), typ=self.constant(0).type)

    def store(self, value: Any, address: Any) -> None:
        """Emit a store of an i64."""
        self.build.store(value, self.pointer(address))

    def _end(self, number: Any) -> None:
        self.build.branch(self.failing)


Emit = Callable[..., Any]
"""`emit(site, *codes)` emits one turn of a loop that runs these sequences or routines; gives its answer, an i64."""

_counters: list[int] = []


@cache
def ours(emit: Emit, *codes: Compiled, index: IndexMode = "cpu_id") -> Loop:
    """The loop whose turns `emit` emits, with `codes`.

    Raises: Unavailable - no code can be made for this machine.
    """
    from rseq._codegen.blob import RSEQ_OFFSET, compile_module
    from rseq._loader import load

    offset = lanes_offset(index)
    module, counters = _module(emit, codes, index, offset is not None)
    blob = compile_module(module, architecture(), ["loop", *counters])
    entries = load(blob, {RSEQ_OFFSET: offset or 0, **symbols()}).entries
    _counters.extend(entries[name] for name in counters)
    return callable_at(entries["loop"])


def restarts() -> int:
    """How often the kernel has restarted the sequences of all these loops: proof that they were interrupted."""
    return sum(ctypes.c_uint64.from_address(address).value for address in _counters)


def _module(
    emit: Emit, codes: Sequence[Compiled], index: IndexMode, has_rseq: bool
) -> tuple[Any, Mapping[str, Compiled]]:
    import llvmlite.ir as ll

    from rseq._codegen.blob import BlobEnvironment, new_module
    from rseq._codegen.codes import I64, PTR
    from rseq._codegen.environment import Lane
    from rseq._codegen.lower import Unit

    module = new_module(architecture(), "bench")
    module.declare_intrinsic("llvm.thread.pointer", [PTR], ll.FunctionType(PTR, []))
    environment = BlobEnvironment(architecture(), module, has_rseq=has_rseq)
    unit = Unit(module, environment, index, counter_linkage="hidden")
    loop = ll.Function(module, ll.FunctionType(I64, [PTR, I64]), "loop")
    entry, again, done = (loop.append_basic_block(name) for name in ("entry", "again", "done"))
    argument, count = loop.args
    build = ll.IRBuilder(entry)
    places = [build.gep(argument, [ll.Constant(I64, n)], source_etype=I64) for n in range(_EXTRA + 1)]
    *place, extra = [build.load(at, typ=I64) for at in places]
    area = environment.area(build)
    build.branch(again)
    build.position_at_end(again)
    i, total = build.phi(I64), build.phi(I64)
    for phi in (i, total):
        phi.add_incoming(ll.Constant(I64, 0), entry)
    failing = loop.append_basic_block("failing")
    answer = emit(Site(build, unit, area, Lane(*place), i, extra, failing), *codes)
    build.asm(ll.FunctionType(ll.VoidType(), []), "", "~{memory}", [], True)
    grown, following = build.add(total, answer), build.add(i, ll.Constant(I64, 1))
    i.add_incoming(following, build.block)
    total.add_incoming(grown, build.block)
    build.cbranch(build.icmp_unsigned("<", following, count), again, done)
    build.position_at_end(failing)
    build.ret(ll.Constant(I64, FAILED))
    build.position_at_end(done)
    build.ret(grown)
    return module, unit.counters
