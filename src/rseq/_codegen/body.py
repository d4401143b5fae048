"""A body's operations as plain LLVM IR: routines, and sequences on the spare lane.

Registers of the body are stack slots, which LLVM turns into registers of its own. Numbers have
their natural LLVM types; the arithmetic is the language's (wrapping, masked shifts, saturating
conversions), so what runs here and what runs in a critical section agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import llvmlite.ir as ll

from rseq._codegen.codes import FIRST_CHECK, I32, I64, NO_THREAD, NOTHING, OK, PTR, RAISED, extended, llvm_type, pack
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.section import floor_division
from rseq._language.types import Word

if TYPE_CHECKING:
    from rseq._codegen.environment import Lane
    from rseq._codegen.lower import Unit

__all__ = ["BodyLowering", "Frame"]

TURNS = 1 << 20
"""How many turns of a loop there are between two looks for signals."""

_INTEGER = {"+": "add", "-": "sub", "*": "mul", "&": "and_", "|": "or_", "^": "xor"}
_FLOAT = {"+": "fadd", "-": "fsub", "*": "fmul", "/": "fdiv"}


@dataclass
class Frame:
    """What a function is lowered in: a sequence has its record's address and lane number, a routine area and lane."""

    unit: Unit
    code: Compiled
    arguments: Sequence[Any]
    record: Any = None
    cpu: Any = None
    area: Any = None
    lane: Lane | None = None


_NAME = 60
"""The longest name of a variable that LLVM is told: it cuts long ones off, and two of them may then be one."""


class BodyLowering:
    """Lowers one body into one function."""

    def __init__(self, function: Any, frame: Frame) -> None:
        self.function = function
        self.frame = frame
        self.builder = ll.IRBuilder(function.append_basic_block("entry"))
        self._places: dict[ir.Value, Any] = {}
        self._blocks: dict[str, Any] = {}
        self._passed: set[str] = set()
        self._turns: Any = None
        self._exit = function.append_basic_block("exit")
        result = frame.code.body.result
        self._code = self.builder.alloca(I32, name="code")
        self._result = None if result is None else self.builder.alloca(llvm_type(result), name="result")

    def run(self) -> None:
        """Emit the whole body."""
        body = self.frame.code.body
        ops = [part for index, op in enumerate(body.ops) for part in _lowered(op, index)]
        missing = [op.missing for op in ops if isinstance(op, ir.Call) and op.missing is not None]
        assigned = [value for op in ops if (value := ir.defined(op)) is not None]
        for value in dict.fromkeys([*body.parameters, *assigned, *missing]):
            self._places[value] = self.builder.alloca(llvm_type(value.type), name=value.name[:_NAME])
        for parameter, argument in zip(body.parameters, self.frame.arguments, strict=True):
            self.builder.store(argument, self._places[parameter])
        if self.frame.record is None:
            self._check_parameters()
        for op in ops:
            if self.builder.block.is_terminated:
                if not isinstance(op, ir.Label):
                    continue
            method: Callable[[Any], None] = getattr(self, f"_{type(op).__name__.lower()}")
            method(op)
        if not self.builder.block.is_terminated:
            self.builder.unreachable()
        self._emit_exit()

    def _emit_exit(self) -> None:
        """The one return. Where it is inlined, LLVM follows code and result one by one, as it does not in a pair."""
        self.builder.position_at_end(self._exit)
        result = self.frame.code.body.result
        value = None if result is None else self.builder.load(self._result, typ=llvm_type(result))
        self.builder.ret(pack(self.builder, self.frame.code, self.builder.load(self._code, typ=I32), value))

    def _check_parameters(self) -> None:
        for check in self.frame.code.body.checks:
            self._check(check)
        self.frame.unit.check_rows(self.builder, self.frame.code, self.frame.arguments, self._leave_with)

    # ---- values

    def _get(self, operand: ir.Operand) -> Any:
        type = llvm_type(operand.type)
        if isinstance(operand, ir.Const):
            return ll.Constant(type, operand.number if operand.type.is_float else int(operand.number))
        return self.builder.load(self._places[operand], typ=type)

    def _put(self, target: ir.Value, value: Any) -> None:
        self.builder.store(value, self._places[target])

    def _wide(self, operand: ir.Operand) -> Any:
        return extended(self.builder, self._get(operand), operand.type)

    def _pointer(self, address: ir.Address) -> Any:
        base = self.frame.record if address.base is None else self._get(address.base)
        place = self.builder.add(base, ll.Constant(I64, address.offset))
        if address.index is not None:
            scaled = self.builder.mul(self._wide(address.index), ll.Constant(I64, address.scale))
            place = self.builder.add(place, scaled)
        return self.builder.inttoptr(place, ll.IntType(address.type.bits).as_pointer())

    def _block(self, label: str) -> Any:
        if label not in self._blocks:
            self._blocks[label] = self.function.append_basic_block(label)
        return self._blocks[label]

    def _fall_to(self, block: Any) -> None:
        if not self.builder.block.is_terminated:
            self.builder.branch(block)
        self.builder.position_at_end(block)

    # ---- one method for each operation

    def _set(self, op: ir.Set) -> None:
        self._put(op.target, self._get(op.source))

    def _arithmetic(self, op: ir.Arithmetic) -> None:
        builder, kind = self.builder, op.target.type
        left, right = self._get(op.left), self._get(op.right)
        if kind.is_float:
            self._put(op.target, _exact(getattr(builder, _FLOAT[op.operator])(left, right)))
        elif op.operator == "quo":
            self._put(op.target, (builder.sdiv if kind.kind == "signed" else builder.udiv)(left, right))
        elif op.operator in ("<<", ">>"):
            count = builder.and_(right, ll.Constant(right.type, kind.bits - 1))
            right_shift = builder.ashr if kind.kind == "signed" else builder.lshr
            self._put(op.target, (builder.shl if op.operator == "<<" else right_shift)(left, count))
        else:
            self._put(op.target, getattr(builder, _INTEGER[op.operator])(left, right))

    def _convert(self, op: ir.Convert) -> None:
        self._put(op.target, self._converted(self._get(op.source), op.source.type, op.target.type))

    def _converted(self, value: Any, source: Word, target: Word) -> Any:
        builder, type = self.builder, llvm_type(target)
        if source.is_float and target.is_float:
            return builder.fpext(value, type) if target.size > source.size else builder.fptrunc(value, type)
        if source.is_float:
            name = "llvm.fptosi.sat" if target.kind == "signed" else "llvm.fptoui.sat"
            signature = ll.FunctionType(type, [value.type])
            return builder.call(builder.module.declare_intrinsic(name, [type, value.type], signature), [value])
        if target.is_float:
            return (builder.sitofp if source.kind == "signed" else builder.uitofp)(value, type)
        if target.size <= source.size:
            return builder.trunc(value, type) if target.size < source.size else value
        return builder.sext(value, type) if source.kind == "signed" else builder.zext(value, type)

    def _load(self, op: ir.Load) -> None:
        type = op.address.type
        order = "acquire" if op.acquire else "monotonic"
        value = self.builder.load_atomic(self._pointer(op.address), order, type.size)
        self._put(op.target, self.builder.bitcast(value, llvm_type(type)) if type.is_float else value)

    def _store(self, op: ir.Store) -> None:
        self._write(op.address, self._get(op.source), release=op.release)

    def _addstore(self, op: ir.AddStore) -> None:
        type = op.address.type
        held = self.builder.load_atomic(self._pointer(op.address), "monotonic", type.size)
        self._write(op.address, self.builder.add(held, self._get(op.source)))

    def _write(self, address: ir.Address, value: Any, *, release: bool = False) -> None:
        """Every store to the lane may be the commit; a release store serves both."""
        if address.type.is_float:
            value = self.builder.bitcast(value, ll.IntType(address.type.bits))
        order = "monotonic" if address.prepared and not release else "release"
        self.builder.store_atomic(value, self._pointer(address), order, address.type.size)

    def _copy(self, op: ir.Copy) -> None:
        """A call of memcpy: LLVM moves no atomic store over it, and none of its own before the commit."""
        target, source = self._pointer(op.target), self._pointer(op.source)
        type = ll.FunctionType(PTR, [PTR, PTR, I64])
        self.frame.unit.environment.call(self.builder, "memcpy", type, [target, source, self._get(op.nbytes)])

    def _lanecount(self, op: ir.LaneCount) -> None:
        assert self.frame.lane is not None
        self._put(op.target, self.builder.add(self.frame.lane.lanes, ll.Constant(I64, 1)))

    def _otherlane(self, op: ir.OtherLane) -> None:
        lane = self.frame.lane
        assert lane is not None
        self._put(op.target, self.builder.add(lane.base, self.builder.mul(lane.stride, self._wide(op.number))))

    def _compareexchange(self, op: ir.CompareExchange) -> None:
        expected, desired = self._get(op.expected), self._get(op.desired)
        pair = self.builder.cmpxchg(self._pointer(op.address), expected, desired, "acq_rel", "acquire")
        self._put(op.target, self.builder.zext(self.builder.extract_value(pair, 1), ll.IntType(8)))

    def _barrier(self, op: ir.Barrier) -> None:
        environment = self.frame.unit.environment
        if op.kind == "full_fence":
            self.builder.fence("seq_cst")
        elif op.kind == "sched_yield":
            environment.sched_yield(self.builder, self._leave_raised)
        elif environment.architecture.relax:
            block = ll.InlineAsm(
                ll.FunctionType(ll.VoidType(), []), environment.architecture.relax, "", side_effect=True
            )
            self.builder.call(block, [])

    def _fence(self, op: ir.Fence) -> None:
        """Nothing runs on a lane of a process without rseq, and the spare lane's sequences cannot be restarted."""
        assert self.frame.lane is not None
        unit, number = self.frame.unit, self._wide(op.number)
        self._put(op.target, ll.Constant(ll.IntType(8), 0))
        if not unit.environment.has_rseq:
            return
        with self.builder.if_then(self.builder.icmp_unsigned("<", number, self.frame.lane.lanes)):
            self._put(op.target, self.builder.zext(unit.fence(self.builder, number), ll.IntType(8)))

    def _thread(self, op: ir.Thread) -> None:
        environment, builder = self.frame.unit.environment, self.builder
        if op.of is None:
            self._put(op.target, self._own_number())
        elif op.kind == "took_over":
            self._put(op.target, builder.zext(environment.took_over(builder, self._get(op.of)), ll.IntType(8)))
        else:
            answer = environment.has_ended(builder, self._get(op.of), self._leave_raised)
            self._put(op.target, builder.trunc(answer, ll.IntType(8)))

    def _own_number(self) -> Any:
        unit, builder = self.frame.unit, self.builder
        number = unit.environment.thread(builder, unit.number_place(builder), self._leave_raised)
        with builder.if_then(builder.icmp_unsigned("==", number, ll.Constant(I64, 0)), likely=False):
            self._leave_with(ll.Constant(I32, NO_THREAD))
        return number

    def _leave_raised(self) -> None:
        self._leave_with(ll.Constant(I32, RAISED))

    def _refuse(self, op: ir.Refuse) -> None:
        self._leave_with(self.frame.unit.environment.refuse(self.builder, self._get(op.holder)))

    def _locate(self, op: ir.Locate) -> None:
        self._put(op.target, self.builder.ptrtoint(self._pointer(op.address), I64))

    def _cpunumber(self, op: ir.CpuNumber) -> None:
        self._put(op.target, self.frame.cpu)

    def _clock(self, op: ir.Clock) -> None:
        template, constraints = self.frame.unit.environment.architecture.clock
        block = ll.InlineAsm(ll.FunctionType(I64, []), template, constraints, side_effect=True)
        self._put(op.target, self.builder.call(block, []))

    def _countbits(self, op: ir.CountBits) -> None:
        source = self._get(op.source)
        count = {"ctz": self.builder.cttz, "clz": self.builder.ctlz}
        if op.operator == "bits":
            self._put(op.target, self.builder.ctpop(source))
        else:
            self._put(op.target, count[op.operator](source, ll.Constant(ll.IntType(1), 0)))

    def _floatbits(self, op: ir.FloatBits) -> None:
        self._put(op.target, self.builder.bitcast(self._get(op.source), llvm_type(op.target.type)))

    def _check(self, op: ir.Check) -> None:
        length = ll.Constant(I64, op.length) if isinstance(op.length, int) else self._get(op.length)
        fails = self.builder.icmp_unsigned(">" if op.inclusive else ">=", self._wide(op.index), length)
        number = FIRST_CHECK + self.frame.unit.first_check(self.frame.code) + op.number
        with self.builder.if_then(fails, likely=False):
            self._leave_with(ll.Constant(I32, number))

    def _branchif(self, op: ir.BranchIf) -> None:
        left, right = self._get(op.left), self._get(op.right)
        if op.left.type.is_float:
            compare = self.builder.fcmp_unordered if op.comparison == "!=" else self.builder.fcmp_ordered
        else:
            compare = self.builder.icmp_signed if op.left.type.kind == "signed" else self.builder.icmp_unsigned
        following = self.function.append_basic_block()
        self.builder.cbranch(_exact(compare(op.comparison, left, right)), self._block(op.label), following)
        self.builder.position_at_end(following)

    def _jump(self, op: ir.Jump) -> None:
        if op.label in self._passed:
            self._look_for_signals()
        self.builder.branch(self._block(op.label))

    def _look_for_signals(self) -> None:
        """Emit: at every TURNS-th turn of a loop, leave if a signal handler has raised an exception."""
        builder = self.builder
        if self._turns is None:
            with builder.goto_entry_block():
                self._turns = builder.alloca(I64, name="turns")
                builder.store(ll.Constant(I64, 0), self._turns)
        turns = builder.add(builder.load(self._turns, typ=I64), ll.Constant(I64, 1))
        builder.store(turns, self._turns)
        is_time = builder.icmp_unsigned("==", builder.and_(turns, ll.Constant(I64, TURNS - 1)), ll.Constant(I64, 0))
        with builder.if_then(is_time, likely=False):
            raised = self.frame.unit.environment.interrupted(builder)
            if raised is not None:
                with builder.if_then(builder.icmp_signed("!=", raised, ll.Constant(I32, 0)), likely=False):
                    self._leave_raised()

    def _label(self, op: ir.Label) -> None:
        self._passed.add(op.name)
        self._fall_to(self._block(op.name))

    def _call(self, op: ir.Call) -> None:
        frame, arguments = self.frame, [self._get(argument) for argument in op.arguments]
        assert frame.lane is not None
        done = self.function.append_basic_block("called") if op.missing is not None else None

        def fail(code: Any) -> None:
            if done is not None and op.missing is not None:
                self._note_missing(op.missing, code, done)
            self._leave_with(code)

        result = frame.unit.run(self.builder, op.callee, frame.area, frame.lane, arguments, fail, inner=True)
        if op.target is not None:
            self._put(op.target, result)
        if done is not None and op.missing is not None:
            self._put(op.missing, ll.Constant(ll.IntType(8), 0))
            self._fall_to(done)

    def _note_missing(self, missing: ir.Value, code: Any, done: Any) -> None:
        """Emit: the callee's result is None, if that is what `code` says."""
        is_nothing = self.builder.icmp_unsigned("==", code, ll.Constant(I32, NOTHING))
        with self.builder.if_then(is_nothing):
            self._put(missing, ll.Constant(ll.IntType(8), 1))
            self.builder.branch(done)

    def _leave_with(self, code: Any, value: Any = None) -> None:
        self.builder.store(code, self._code)
        if value is not None:
            self.builder.store(value, self._result)
        self.builder.branch(self._exit)

    def _return(self, op: ir.Return) -> None:
        value = None if op.value is None else self._get(op.value)
        code = NOTHING if value is None and self.frame.code.body.maybe else OK
        self._leave_with(ll.Constant(I32, code), value)


def _exact(operation: Any) -> Any:
    """The operation, for good without fast-math flags: Numba puts its caller's on each that has none."""
    operation.flags = [""]
    return operation


def _lowered(op: ir.Op, serial: int) -> list[ir.Op]:
    if isinstance(op, ir.Arithmetic) and op.operator in ("//", "%"):
        return floor_division(op, serial)
    return [op]
