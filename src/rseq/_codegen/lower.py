"""IR and assembly to LLVM IR: sequences, their spare-lane form, and routines, as functions of one module.

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

import errno
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import llvmlite.ir as ll

from rseq import _abi as abi
from rseq._arch.base import ABORTED, INDEX, LEFT, NO_LANE, NONE, RESTART_LIMIT, Assembly, IndexMode
from rseq._codegen.body import BodyLowering, Frame
from rseq._codegen.codes import (
    BUSY,
    FAILED,
    FIRST_CHECK,
    I32,
    I64,
    LANE_VIEW,
    NO_ROW,
    NOTHING,
    OK,
    PTR,
    SAME_ROW,
    extended,
    llvm_type,
    pack,
)
from rseq._codegen.environment import Environment, Lane
from rseq._codegen.holder import holds_itself
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.pointers import required_rows
from rseq._language.section import section
from rseq._language.types import Buffer, Index, Pointer

__all__ = ["WAIT_FOREVER", "Unit", "emit_block"]

_PAUSE_US = 50
"""Between two attempts at a lock of a thread with the same kernel id, in another pid namespace."""

WAIT_FOREVER = -1


@dataclass
class Unit:
    """One LLVM module that sequences and routines are put into, each once."""

    module: Any
    environment: Environment
    index: IndexMode = "cpu_id"
    checks: list[ir.Check] = field(default_factory=list)
    _functions: dict[tuple[int, str], Any] = field(default_factory=dict)
    _first_check: dict[int, int] = field(default_factory=dict)
    prefix: str = ""
    _number_places: dict[str, Any] = field(default_factory=dict)
    counters: dict[str, Compiled] = field(default_factory=dict)
    """The sequence whose aborts each of the module's variables counts."""

    # ---- what callers use

    def run(
        self,
        builder: Any,
        code: Compiled,
        area: Any,
        lane: Lane,
        arguments: Sequence[Any],
        fail: Callable[[Any], None],
        *,
        inner: bool = False,
    ) -> Any:
        """Emit a run of a sequence or routine; its result (None if it returns nothing).

        `fail` emits what happens with a code that is not OK, and leaves the function (or this part of it). That the
        result is None is such a code, NOTHING. `inner`: a routine runs it, whose own buffers have been looked at.
        """
        if code.kind == "routine":
            function = self.routine(code)
            if not inner:
                self._check_buffers(builder, code, lane, arguments, fail)
            place = () if _waits(code) else (self.number_place(builder),)
            returned = builder.call(function, [area, *lane, *place, *arguments])
            return self._unless_failed(builder, code, returned, fail)
        self._check_parameters(builder, code, arguments, fail)
        if not inner:
            self._check_buffers(builder, code, lane, arguments, fail)
        if not self.environment.has_rseq:
            returned = self.environment.spare(self, builder, code, lane, arguments)
            return self._unless_failed(builder, code, returned, fail)
        return self._section(builder, code, area, lane, arguments, fail)

    def _unless_failed(self, builder: Any, code: Compiled, returned: Any, fail: Callable[[Any], None]) -> Any:
        number, result = self.unpack(builder, code, returned)
        with builder.if_then(builder.icmp_unsigned("!=", number, ll.Constant(I32, OK)), likely=False):
            fail(number)
        return result

    def unpack(self, builder: Any, code: Compiled, returned: Any) -> tuple[Any, Any]:
        """Code and result of what a function returned."""
        if code.body.result is None:
            return returned, None
        return builder.extract_value(returned, 0), builder.extract_value(returned, 1)

    def first_check(self, code: Compiled) -> int:
        """The unit's number of the first bounds check of `code`."""
        if id(code) not in self._first_check:
            self._first_check[id(code)] = len(self.checks)
            inside = [op for op in code.body.ops if isinstance(op, ir.Check)]
            self.checks += sorted({c.number: c for c in (*code.body.checks, *inside)}.values(), key=_number)
        return self._first_check[id(code)]

    # ---- functions

    def _declare(self, code: Compiled, kind: str, parameters: Sequence[Any], *, inline: bool) -> Any:
        result = code.body.result
        returns = I32 if result is None else ll.LiteralStructType([I32, llvm_type(result)])
        arguments = [llvm_type(parameter.type) for parameter in code.body.parameters]
        name = self.module.get_unique_name(f"{self.prefix}{code.__name__}.{kind}")
        function = ll.Function(self.module, ll.FunctionType(returns, [*parameters, *arguments]), name)
        function.linkage = "internal"
        for attribute in ("alwaysinline",) if inline else ("noinline", "cold"):
            function.attributes.add(attribute)
        function.attributes.add("nounwind")
        self._functions[id(code), kind] = function
        return function

    def _check_parameters(
        self, builder: Any, code: Compiled, arguments: Sequence[Any], fail: Callable[[Any], None]
    ) -> None:
        first = self.first_check(code)
        values = dict(zip(code.body.parameters, arguments, strict=True))
        for check in code.body.checks:
            index = extended(builder, values[check.index], check.index.type)
            length = values[check.length] if isinstance(check.length, ir.Value) else ll.Constant(I64, check.length)
            fails = builder.icmp_unsigned(">" if check.inclusive else ">=", index, length)
            with builder.if_then(fails, likely=False):
                fail(ll.Constant(I32, FIRST_CHECK + first + check.number))
        self.check_rows(builder, code, arguments, fail)

    def check_rows(self, builder: Any, code: Compiled, arguments: Sequence[Any], fail: Callable[[Any], None]) -> None:
        """Emit: fail if a pointer is None that must be a row, or one row is given twice where that matters."""
        values = dict(zip(code.body.parameters, arguments, strict=True))
        for row in required_rows(code.body):
            is_none = builder.icmp_unsigned("==", values[row], ll.Constant(I64, 0))
            with builder.if_then(is_none, likely=False):
                fail(ll.Constant(I32, NO_ROW))
        for one, other in code.body.apart:
            with builder.if_then(_overlap(builder, code.body, (one, other), values), likely=False):
                fail(ll.Constant(I32, SAME_ROW))

    def _check_buffers(
        self, builder: Any, code: Compiled, lane: Lane, arguments: Sequence[Any], fail: Callable[[Any], None]
    ) -> None:
        """Emit: fail if a buffer is a view of the record in any lane. Nearly all buffers are far from all lanes."""
        values = dict(zip(code.body.parameters, arguments, strict=True))
        buffers = [value for value in code.body.parameters if isinstance(value.type, Buffer)]
        if not buffers:
            return
        size = ll.Constant(I64, code.body.record.size)
        end = builder.add(builder.add(lane.base, builder.mul(lane.stride, lane.lanes)), size)
        for buffer in buffers:
            start, length = values[buffer], values[ir.length_of(buffer)]
            before_end = builder.icmp_unsigned("<", start, end)
            is_near = builder.and_(before_end, builder.icmp_unsigned("<", lane.base, builder.add(start, length)))
            with builder.if_then(is_near, likely=False):
                place = builder.urem(builder.sub(start, lane.base), lane.stride)
                in_record = builder.icmp_unsigned("<", place, size)
                reaches_next = builder.icmp_unsigned(">", builder.add(place, length), lane.stride)
                begins_before = builder.icmp_unsigned("<", start, lane.base)
                overlaps = builder.or_(begins_before, builder.or_(in_record, reaches_next))
                with builder.if_then(overlaps):
                    fail(ll.Constant(I32, LANE_VIEW))

    def _section(
        self, builder: Any, code: Compiled, area: Any, lane: Lane, arguments: Sequence[Any], fail: Callable[[Any], None]
    ) -> Any:
        assembly = self.environment.architecture.assemble(section(code.body), self.index)
        attempt, left, done = (builder.append_basic_block(name) for name in ("attempt", "left", "done"))
        builder.branch(attempt)
        builder.position_at_end(attempt)
        status, result = emit_block(builder, assembly, area, lane, arguments)
        is_left = builder.icmp_unsigned(">=", status, ll.Constant(I64, LEFT))
        builder.cbranch(is_left, left, done).set_weights([1, 1 << 20])
        builder.position_at_end(left)
        of_spare = self._left(builder, code, lane, arguments, status, attempt, fail)
        end_of_left = builder.block
        builder.branch(done)
        builder.position_at_end(done)
        if result is None:
            return None
        either = builder.phi(result.type)
        either.add_incoming(result, attempt)
        either.add_incoming(of_spare, end_of_left)
        return either

    def _left(
        self,
        builder: Any,
        code: Compiled,
        lane: Lane,
        arguments: Sequence[Any],
        status: Any,
        attempt: Any,
        fail: Callable[[Any], None],
    ) -> Any:
        """The section was left early: restart it, report the index, or run it on the spare lane; that run's result."""
        aborted, spare, failed = (builder.append_basic_block(name) for name in ("aborted", "spare", "failed"))
        switch = builder.switch(status, failed)
        switch.add_case(ll.Constant(I64, ABORTED), aborted)
        switch.add_case(ll.Constant(I64, NO_LANE), spare)
        if code.body.maybe:
            nothing = builder.append_basic_block("nothing")
            switch.add_case(ll.Constant(I64, NONE), nothing)
            builder.position_at_end(nothing)
            fail(ll.Constant(I32, NOTHING))
        builder.position_at_end(aborted)
        before = builder.atomic_rmw("add", self.restarts(code), ll.Constant(I64, 1), "monotonic")
        turn = builder.and_(before, ll.Constant(I64, RESTART_LIMIT - 1))
        is_many = builder.icmp_unsigned("==", turn, ll.Constant(I64, RESTART_LIMIT - 1))
        builder.cbranch(is_many, spare, attempt)
        builder.position_at_end(failed)
        number = builder.sub(ll.Constant(I64, INDEX + FIRST_CHECK + self.first_check(code)), status)
        fail(builder.trunc(number, I32))
        builder.position_at_end(spare)
        returned = self.environment.spare(self, builder, code, lane, arguments)
        return self._unless_failed(builder, code, returned, fail)

    def restarts(self, code: Compiled) -> Any:
        """The module's count of aborts of a sequence."""
        name = f"{self.prefix}restarts.{code.__name__}.{self._serial(code)}"
        if name not in self.module.globals:
            counter = ll.GlobalVariable(self.module, I64, name)
            counter.initializer = ll.Constant(I64, 0)
            counter.linkage = self.counter_linkage
            counter.align = 8
            self.counters[name] = code
        return self.module.globals[name]

    counter_linkage: str = "internal"

    def _serial(self, code: Compiled) -> int:
        return list(self._first_check).index(id(code))

    def spare(self, code: Compiled) -> Any:
        """The function of a sequence on the spare lane: (base, stride, lanes, lock, patience in ns, arguments …)."""
        known = self._functions.get((id(code), "spare"))
        return known if known is not None else self._make_spare(code)

    def _make_spare(self, code: Compiled) -> Any:
        function = self._declare(code, "spare", [I64] * 5, inline=False)
        base, stride, lanes, lock, patience, *arguments = function.args
        builder = ll.IRBuilder(function.append_basic_block("entry"))
        taken = self._take_lock(builder, lock, patience)
        with builder.if_then(builder.icmp_unsigned("!=", taken, ll.Constant(I32, OK)), likely=False):
            builder.ret(pack(builder, code, taken, None))
        record = builder.add(base, builder.mul(stride, lanes))
        returned = builder.call(self._plain(code), [record, builder.trunc(lanes, I32), *arguments])
        if code.body.acquire:  # giving the lock back orders what is before it, not what follows
            builder.fence("acquire")
        type = ll.FunctionType(I32, [PTR])
        self.environment.call(builder, "pthread_mutex_unlock", type, [builder.inttoptr(lock, PTR)])
        builder.ret(returned)
        return function

    def _plain(self, code: Compiled) -> Any:
        """A sequence's operations as plain LLVM IR: (record's address, lane number, arguments …)."""
        function = self._declare(code, "plain", [I64, I32], inline=True)
        frame = Frame(self, code, function.args[2:], record=function.args[0], cpu=function.args[1])
        BodyLowering(function, frame).run()
        return function

    def routine(self, code: Compiled) -> Any:
        """The function of a routine."""
        known = self._functions.get((id(code), "routine"))
        if known is not None:
            return known
        place = () if _waits(code) else (PTR,)
        function = self._declare(code, "routine", [I64] * 5 + [*place], inline=bool(place))
        if place:
            self._number_places[function.name] = function.args[5]
        arguments = function.args[5 + len(place) :]
        frame = Frame(self, code, arguments, area=function.args[0], lane=Lane(*function.args[1:5]))
        BodyLowering(function, frame).run()
        return function

    def number_place(self, builder: Any) -> Any:
        """Where the function that is being emitted keeps the calling thread's number, 0 before it has asked for it.

        Routines that are inlined there keep it in the same place.
        """
        name = builder.function.name
        if name not in self._number_places:
            with builder.goto_entry_block():
                self._number_places[name] = builder.alloca(I64)
                builder.store(ll.Constant(I64, 0), self._number_places[name])
        return self._number_places[name]

    def fence(self, builder: Any, number: Any) -> Any:
        """Emit: restart the sequences on the CPU of lane `number`, wherever lanes are numbered so; True if it was done.

        Asking the kernel, instead of remembering that the process is registered, is right after fork and exec.
        """
        by_cpu = self.index == "cpu_id"
        flags = abi.MEMBARRIER_CMD_FLAG_CPU if by_cpu else 0
        now = (abi.MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, flags, number if by_cpu else ll.Constant(I64, 0))
        first = self._membarrier(builder, *now)
        start = builder.block
        again, done = builder.append_basic_block("register"), builder.append_basic_block("fenced")
        builder.cbranch(builder.icmp_signed("==", first, ll.Constant(I64, 0)), done, again).set_weights([1 << 20, 1])
        builder.position_at_end(again)
        self._membarrier(builder, abi.MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, ll.Constant(I64, 0))
        second = self._membarrier(builder, *now)
        builder.branch(done)
        builder.position_at_end(done)
        outcome = builder.phi(I64)
        outcome.add_incoming(first, start)
        outcome.add_incoming(second, again)
        return builder.icmp_signed("==", outcome, ll.Constant(I64, 0))

    def _membarrier(self, builder: Any, command: int, flags: int, cpu: Any) -> Any:
        type = ll.FunctionType(I64, [I64], var_arg=True)
        number, *words = (ll.Constant(I64, word) for word in (self.environment.architecture.membarrier, command, flags))
        return self.environment.call(builder, "syscall", type, [number, *words, cpu])

    # ---- the spare lane's lock

    def _take_lock(self, builder: Any, lock: Any, patience: Any) -> Any:
        """Emit: take the robust mutex, waiting `patience` ns (0: none, negative: no end); OK, BUSY or FAILED."""
        function, mutex = builder.function, builder.inttoptr(lock, PTR)
        names = ("try", "wait", "forever", "timed", "taken", "orphan", "same", "answer")
        attempt, wait, forever, timed, taken, orphan, same, answer = map(function.append_basic_block, names)
        call, one = self.environment.call, ll.FunctionType(I32, [PTR])
        builder.branch(attempt)
        builder.position_at_end(attempt)
        tried = call(builder, "pthread_mutex_trylock", one, [mutex])
        waits = builder.and_(
            builder.icmp_signed("==", tried, ll.Constant(I32, errno.EBUSY)),
            builder.icmp_signed("!=", patience, ll.Constant(I64, 0)),
        )
        builder.cbranch(waits, wait, taken)
        builder.position_at_end(wait)
        builder.cbranch(builder.icmp_signed("<", patience, ll.Constant(I64, 0)), forever, timed)
        builder.position_at_end(forever)
        locked = call(builder, "pthread_mutex_lock", one, [mutex])
        builder.branch(taken)
        builder.position_at_end(timed)
        waited = self._timed_lock(builder, mutex, patience)
        end_of_timed = builder.block
        builder.branch(taken)
        builder.position_at_end(taken)
        outcome = builder.phi(I32)
        for value, block in ((tried, attempt), (locked, forever), (waited, end_of_timed)):
            outcome.add_incoming(value, block)
        code = _code_of(builder, outcome)
        choice = builder.switch(outcome, answer)
        choice.add_case(ll.Constant(I32, errno.EOWNERDEAD), orphan)
        choice.add_case(ll.Constant(I32, errno.EDEADLK), same)
        builder.position_at_end(orphan)  # its owner died before or after its one commit: nothing is half done
        call(builder, "pthread_mutex_consistent", one, [mutex])
        builder.branch(answer)
        builder.position_at_end(same)
        answers = [(code, taken), (code, orphan), *self._answers_of_same(builder, mutex, patience, attempt, answer)]
        builder.position_at_end(answer)
        answered = builder.phi(I32)
        for value, block in answers:
            answered.add_incoming(value, block)
        return answered

    def _answers_of_same(self, builder: Any, mutex: Any, patience: Any, attempt: Any, answer: Any) -> list[Any]:
        """Emit, where libc says that a thread with the id of this one has the lock: the answers, and from which blocks.

        FAILED if it is this thread; else BUSY. To wait it must try again: libc does not wait for the same id.
        """
        zero, busy = ll.Constant(I64, 0), ll.Constant(I32, BUSY)
        other, pause = (builder.append_basic_block(name) for name in ("other", "pause"))
        mine = holds_itself(self.environment, builder, mutex)
        same = builder.block
        builder.cbranch(mine, answer, other)
        builder.position_at_end(other)
        builder.cbranch(builder.icmp_signed("==", patience, zero), answer, pause)
        builder.position_at_end(pause)
        self.environment.call(builder, "usleep", ll.FunctionType(I32, [I32]), [ll.Constant(I32, _PAUSE_US)])
        builder.cbranch(builder.icmp_signed("<", patience, zero), attempt, answer)
        return [(ll.Constant(I32, FAILED), same), (busy, other), (busy, pause)]

    def _timed_lock(self, builder: Any, mutex: Any, patience: Any) -> Any:
        pair = ll.ArrayType(I64, 2)
        until = builder.alloca(pair)
        clock = ll.Constant(I32, time.CLOCK_REALTIME)  # the one that pthread_mutex_timedlock knows
        self.environment.call(builder, "clock_gettime", ll.FunctionType(I32, [I32, PTR]), [clock, until])
        now = builder.load(until, typ=pair)
        billion = ll.Constant(I64, 1_000_000_000)
        total = builder.add(builder.extract_value(now, 1), patience)
        seconds = builder.add(builder.extract_value(now, 0), builder.udiv(total, billion))
        later = builder.insert_value(ll.Constant(pair, ll.Undefined), seconds, 0)
        later = builder.insert_value(later, builder.urem(total, billion), 1)
        builder.store(later, until)
        type = ll.FunctionType(I32, [PTR, PTR])
        return self.environment.call(builder, "pthread_mutex_timedlock", type, [mutex, until])


def _waits(code: Compiled) -> bool:
    """True if a routine lets others run. Its callers have tried before, and need their registers."""
    return any(isinstance(op, ir.Barrier) and op.kind == "sched_yield" for op in code.body.ops)


def _number(check: ir.Check) -> int:
    return check.number


def _overlap(builder: Any, body: ir.Body, pair: tuple[ir.Value, ir.Value], values: dict[ir.Value, Any]) -> Any:
    """Emit: do the rows or buffers of two parameters overlap? None and what is empty overlap with nothing."""
    (one, one_end, has_one), (other, other_end, has_other) = (_extent(builder, body, value, values) for value in pair)
    crossed = builder.and_(builder.icmp_unsigned("<", one, other_end), builder.icmp_unsigned("<", other, one_end))
    return builder.and_(builder.and_(has_one, has_other), crossed)


def _extent(builder: Any, body: ir.Body, value: ir.Value, values: dict[ir.Value, Any]) -> tuple[Any, Any, Any]:
    """Emit: where the memory of a pointer, an index or a buffer begins and ends, and if there is any."""
    start = extended(builder, values[value], value.type)
    if isinstance(value.type, Pointer):
        size = ll.Constant(I64, value.type.target.size)
        is_any = builder.icmp_unsigned("!=", start, ll.Constant(I64, 0))
        if isinstance(value.type, Index):
            offset = builder.mul(builder.sub(start, ll.Constant(I64, 1)), size)
            start = builder.add(values[body.rows_of(value.type).first], offset)
    else:
        size = values[ir.length_of(value)]
        is_any = builder.icmp_unsigned("!=", size, ll.Constant(I64, 0))
    return start, builder.add(start, size), is_any


def _code_of(builder: Any, outcome: Any) -> Any:
    code = ll.Constant(I32, FAILED)
    for number, meaning in ((errno.EBUSY, BUSY), (errno.ETIMEDOUT, BUSY), (errno.EOWNERDEAD, OK), (0, OK)):
        is_it = builder.icmp_signed("==", outcome, ll.Constant(I32, number))
        code = builder.select(is_it, ll.Constant(I32, meaning), code)
    return code


def emit_block(builder: Any, assembly: Assembly, area: Any, lane: Lane, arguments: Sequence[Any]) -> tuple[Any, Any]:
    """Emit one critical section; its status, and its result in the sequence's type.

    Operands are as wide as the architecture's registers. Status values keep their order when a narrow one is extended.
    """
    body = assembly.section.body
    pairs = zip(arguments, body.parameters, strict=True)
    wide = [area, lane.base, lane.stride, lane.lanes, *(extended(builder, a, p.type) for a, p in pairs)]
    word = ll.IntType(8 * assembly.architecture.pointer_bytes)
    given = [_to_register(builder, value, word) for value in wide]
    types = [_operand_type(assembly, slot.number, word) for slot in assembly.outputs]
    returns = types[0] if len(types) == 1 else ll.LiteralStructType(types)
    type = ll.FunctionType(returns, [value.type for value in given])
    template = assembly.llvm_template().replace('"', "\\22")
    block = ll.InlineAsm(type, template, assembly.llvm_constraints(), side_effect=True)
    returned = builder.call(block, given)
    if len(types) == 1:
        return builder.sext(returned, I64), None
    result = builder.extract_value(returned, 1) if body.result is not None else None
    if body.result is not None and not body.result.is_float:
        result = _from_register(builder, result, llvm_type(body.result))
    return builder.sext(builder.extract_value(returned, 0), I64), result


def _operand_type(assembly: Assembly, number: int, word: Any) -> Any:
    slot = assembly.slots[number]
    if slot.kind == "int":
        return word
    result = assembly.section.body.result
    is_single = slot.kind == "single" or (slot.role == "result" and result is not None and result.size == 4)
    return ll.FloatType() if is_single else ll.DoubleType()


def _to_register(builder: Any, value: Any, word: Any) -> Any:
    """A number of 64 bits as a register holds it: its low word."""
    return builder.trunc(value, word) if value.type == I64 else value


def _from_register(builder: Any, value: Any, type: Any) -> Any:
    """The low bits of a register; above an address of 32 bits are zeros."""
    return builder.zext(value, type) if type.width > value.type.width else builder.trunc(value, type)
