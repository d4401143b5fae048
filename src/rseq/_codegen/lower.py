"""Sequences, their spare-lane form, and routines, as functions of one LLVM module.

A sequence is emitted where it is called:

    attempt:  status = the critical section, one inline-assembly block
              status < LEFT ?  done : left          (unlikely: kept out of the caller's loop)
    left:     aborted?   count it, and attempt again; every RESTART_LIMIT-th time take the spare lane
              no lane?   take the spare lane
              index?     return its code
    spare:    the same operations as plain LLVM IR on the spare lane, under its lock

Routines are functions (area, base, stride, lanes, lock, place of the thread's number, arguments …) that
return a code, OK or why not, and the result if there is one; so is the spare-lane form. How
code finds what lies outside of it, where a blob and Numba's modules differ, is in `environment.py`.

The spare lane's loads and stores are monotonic atomics and its commit a release store, or LLVM
merges and reorders them, and readers and killed owners would see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from rseq._arch.base import ABORTED, INDEX, LEFT, NO_LANE, NONE, RESTART_LIMIT, Assembly, IndexMode
from rseq._codegen.body import BodyLowering, Frame
from rseq._codegen.checks import Checks, Fail, check_buffers
from rseq._codegen.codes import FIRST_CHECK, NOTHING, extended, llvm_type, pack, returned_by, unpack
from rseq._codegen.environment import Environment, Lane
from rseq._codegen.lock import give_lock_back, take_lock
from rseq._codegen.writer import I32, I64, PTR, Label, Writer, ll
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.section import section

WAIT_FOREVER = -1


@dataclass
class Unit:
    """One LLVM module that sequences and routines are put into, each once."""

    module: Any
    environment: Environment
    index: IndexMode = "cpu_id"
    checks: Checks = field(default_factory=Checks)
    _functions: dict[tuple[int, str], Any] = field(default_factory=dict)
    _restarts: dict[int, Any] = field(default_factory=dict)
    prefix: str = ""
    counters: dict[str, Compiled] = field(default_factory=dict)
    """The sequence whose aborts each of the module's variables counts."""
    counter_linkage: str = "internal"

    # ---- what callers use

    def run(
        self,
        emit: Writer,
        code: Compiled,
        area: Any,
        lane: Lane,
        arguments: Sequence[Any],
        fail: Fail,
        *,
        inner: bool = False,
    ) -> tuple[Any, ...]:
        """Emit a run of a sequence or routine; its results (none if it returns nothing).

        `fail` emits what happens with a code that is not OK, and leaves the function (or this part of it). That the
        result is None is such a code, NOTHING. `inner`: a routine runs it, whose own buffers have been looked at.
        """
        if code.kind == "sequence":
            self.checks.parameters(emit, code, arguments, fail)
        else:
            self.routine(code)  # before `fail`, which may ask for the checks of all that is called
        if not inner:
            check_buffers(emit, code, lane, arguments, fail)
        if code.kind == "routine":
            place = () if _waits(code) else (self.environment.number_place(emit),)
            returned = emit.run(self.routine(code), area, *lane, *place, *arguments)
            results = self._unless_failed(emit, code, returned, fail)
        elif self.environment.has_rseq:
            results = self._section(emit, code, area, lane, arguments, fail)
        else:
            results = self._on_spare_lane(emit, code, lane, arguments, fail)
        return results

    def _unless_failed(self, emit: Writer, code: Compiled, returned: Any, fail: Fail) -> tuple[Any, ...]:
        """Emit: `fail` if a function has; what it returned beside the code, a result or nothing."""
        number, *result = unpack(emit, code, returned)
        with emit.if_(number, likely=False):
            fail(number)
        return tuple(result)

    # ---- critical sections

    def _section(
        self, emit: Writer, code: Compiled, area: Any, lane: Lane, arguments: Sequence[Any], fail: Fail
    ) -> tuple[Any, ...]:
        """Emit a critical section; its result, or nothing."""
        assembly = self.environment.architecture.assemble(section(code.body), self.index)
        attempt, left = emit.label("attempt"), emit.label("left")
        emit.here(attempt)
        status, *result = emit_block(emit, assembly, area, lane, arguments)
        done = emit.label("done", *(value.type for value in result))
        emit.branch(emit.compare(status, ">=", LEFT), left, done, *result, likely=False)
        emit.here(left)
        emit.jump(done, *self._left(emit, code, lane, arguments, status, attempt, fail))
        return emit.here(done)

    def _left(
        self,
        emit: Writer,
        code: Compiled,
        lane: Lane,
        arguments: Sequence[Any],
        status: Any,
        attempt: Label,
        fail: Fail,
    ) -> tuple[Any, ...]:
        """The section was left early: restart it, report the index, or run it on the spare lane; that run's result."""
        aborted, spare, failed = (emit.label(name) for name in ("aborted", "spare", "failed"))
        switch = emit.llvm.switch(status, failed.block)
        switch.add_case(I64(ABORTED), aborted.block)
        switch.add_case(I64(NO_LANE), spare.block)
        if code.body.maybe:
            nothing = emit.label("nothing")
            switch.add_case(I64(NONE), nothing.block)
            emit.here(nothing)
            fail(I32(NOTHING))
        emit.here(aborted)
        turn = emit.and_(emit.add_atomically(self.restarts(code), 1), RESTART_LIMIT - 1)
        emit.branch(emit.compare(turn, "==", RESTART_LIMIT - 1), spare, attempt)
        emit.here(failed)
        fail(emit.fit(emit.sub(INDEX + FIRST_CHECK + self.checks.first(code), status), I32))
        emit.here(spare)
        return self._on_spare_lane(emit, code, lane, arguments, fail)

    def restarts(self, code: Compiled) -> Any:
        """The module's count of aborts of a sequence."""
        if id(code) not in self._restarts:
            name = f"{self.prefix}restarts.{code.__name__}.{len(self.counters)}"
            self._restarts[id(code)] = self.environment.data(name, I64, self.counter_linkage)
            self.counters[name] = code
        return self._restarts[id(code)]

    # ---- functions

    def _declare(self, code: Compiled, kind: str, parameters: Sequence[Any], *, inline: bool) -> Writer:
        arguments = [llvm_type(parameter.type) for parameter in code.body.parameters]
        name = self.module.get_unique_name(f"{self.prefix}{code.__name__}.{kind}")
        attributes = ("alwaysinline",) if inline else ("noinline", "cold")
        returns = returned_by(code)
        emit = self.environment.function(name, returns, [*parameters, *arguments], *attributes, "nounwind")
        emit.function.linkage = "internal"
        self._functions[id(code), kind] = emit.function
        return emit

    def _on_spare_lane(
        self, emit: Writer, code: Compiled, lane: Lane, arguments: Sequence[Any], fail: Fail
    ) -> tuple[Any, ...]:
        returned = self.environment.spare(emit, code, lane, arguments, partial(self.spare, code))
        return self._unless_failed(emit, code, returned, fail)

    def spare(self, code: Compiled) -> Any:
        """The function of a sequence on the spare lane: (base, stride, lanes, lock, patience in ns, arguments …)."""
        return self._functions.get((id(code), "spare")) or self._make_spare(code)

    def _make_spare(self, code: Compiled) -> Any:
        emit = self._declare(code, "spare", [I64] * 5, inline=False)
        base, stride, lanes, lock, patience, *arguments = emit.arguments
        taken = take_lock(self.environment, emit, lock, patience)
        with emit.if_(taken, likely=False):
            emit.ret(pack(emit, code, taken))
        record = emit.add(base, emit.mul(stride, lanes))
        returned = emit.run(self._plain(code), record, emit.fit(lanes, I32), *arguments)
        if code.body.acquire:  # giving the lock back orders what is before it, not what follows
            emit.llvm.fence("acquire")
        give_lock_back(emit, lock)
        emit.ret(returned)
        return emit.function

    def _plain(self, code: Compiled) -> Any:
        """A sequence's operations as plain LLVM IR: (record's address, lane number, arguments …)."""
        emit = self._declare(code, "plain", [I64, I32], inline=True)
        record, cpu, *arguments = emit.arguments
        BodyLowering(emit, self._frame(code, arguments, record=record, cpu=cpu)).run()
        return emit.function

    def routine(self, code: Compiled) -> Any:
        """The function of a routine."""
        known = self._functions.get((id(code), "routine"))
        if known is not None:
            return known
        place = () if _waits(code) else (PTR,)
        emit = self._declare(code, "routine", [I64] * 5 + [*place], inline=bool(place))
        if place:
            self.environment.let_number_be_in(emit.arguments[5], emit.function)
        area, *lane = emit.arguments[:5]
        arguments = emit.arguments[5 + len(place) :]
        BodyLowering(emit, self._frame(code, arguments, area=area, lane=Lane(*lane))).run()
        return emit.function

    def _frame(self, code: Compiled, arguments: Sequence[Any], **parts: Any) -> Frame:
        return Frame(self.environment, self.index, self.checks, self.run, code, arguments, **parts)


def _waits(code: Compiled) -> bool:
    """True if a routine lets others run. Its callers have tried before, and need their registers."""
    return any(isinstance(op, ir.Barrier) and op.kind == "sched_yield" for op in code.body.ops)


def emit_block(emit: Writer, assembly: Assembly, area: Any, lane: Lane, arguments: Sequence[Any]) -> tuple[Any, ...]:
    """Emit one critical section; its status, and its results in the types of the sequence's.

    Operands are as wide as the architecture's registers. Status values keep their order when a narrow one is extended.
    """
    body = assembly.section.body
    pairs = zip(arguments, body.parameters, strict=True)
    wide = [area, lane.base, lane.stride, lane.lanes, *(extended(emit, a, p.type) for a, p in pairs)]
    word = ll.IntType(8 * assembly.architecture.pointer_bytes)
    given = [emit.fit(value, word) if value.type == I64 else value for value in wide]
    types = [_operand_type(assembly, slot.number, word) for slot in assembly.outputs]
    returns = types[0] if len(types) == 1 else ll.LiteralStructType(types)
    template = assembly.llvm_template().replace('"', "\\22")
    returned = emit.assembly(template, assembly.llvm_constraints(), returns, *given)
    status = returned if len(types) == 1 else emit.llvm.extract_value(returned, 0)
    results = []
    for number, type in enumerate(body.results, 1):
        result = emit.llvm.extract_value(returned, number)
        results.append(result if type.is_float else emit.fit(result, llvm_type(type)))
    return (emit.fit(status, I64, signed=True), *results)


def _operand_type(assembly: Assembly, number: int, word: Any) -> Any:
    slot = assembly.slots[number]
    if slot.kind == "int":
        return word
    results = {f"result{place or ''}": type for place, type in enumerate(assembly.section.body.results)}
    is_single = slot.kind == "single" or (slot.role in results and results[slot.role].size == 4)
    return ll.FloatType() if is_single else ll.DoubleType()
