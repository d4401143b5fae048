"""A body's operations as plain LLVM IR: routines, and sequences on the spare lane.

Registers of the body are stack slots, which LLVM turns into registers of its own. Numbers have
their natural LLVM types; the arithmetic is the language's (wrapping, masked shifts, saturating
conversions), so what runs here and what runs in a critical section agree.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rseq._arch.base import IndexMode
from rseq._codegen.checks import Checks
from rseq._codegen.codes import NO_THREAD, NOTHING, OK, RAISED, extended, llvm_type, pack
from rseq._codegen.environment import Environment, Lane
from rseq._codegen.writer import I1, I8, I32, I64, PTR, VOID, Label, Writer, ll
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.section import floor_division
from rseq._language.types import Word
from rseq._loader import CLOCK_RATE

TURNS = 1 << 20
"""How many turns of a loop there are between two looks for signals."""

_INTEGER = {"+": "add", "-": "sub", "*": "mul", "&": "and_", "|": "or_", "^": "xor"}
_FLOAT = {"+": "fadd", "-": "fsub", "*": "fmul", "/": "fdiv"}


@dataclass
class Frame:
    """What a function is lowered in: a sequence has its record's address and lane number, a routine area and lane."""

    environment: Environment
    index: IndexMode
    checks: Checks
    run: Callable[..., Any]
    """Emits a run of another sequence or routine (Unit.run)."""
    code: Compiled
    arguments: Sequence[Any]
    record: Any = None
    cpu: Any = None
    area: Any = None
    lane: Lane | None = None


class BodyLowering:
    """Lowers one body into one function."""

    def __init__(self, emit: Writer, frame: Frame) -> None:
        self.emit, self.frame = emit, frame
        self.environment = frame.environment
        self._places: dict[ir.Value, Any] = {}
        self._labels: dict[str, Label] = {}
        self._passed: set[str] = set()
        self._turns: Any = None
        self._exit = emit.label("exit")
        self._code = emit.slot(I32)
        self._results = [(emit.slot(llvm_type(type)), llvm_type(type)) for type in frame.code.body.results]

    def run(self) -> None:
        """Emit the whole body."""
        body, emit = self.frame.code.body, self.emit
        ops = [part for index, op in enumerate(body.ops) for part in _lowered(op, index)]
        for value in dict.fromkeys([*body.parameters, *(value for op in ops for value in op.results)]):
            self._places[value] = emit.slot(llvm_type(value.type))
        for parameter, argument in zip(body.parameters, self.frame.arguments, strict=True):
            self._put(parameter, argument)
        if self.frame.record is None:
            self.frame.checks.parameters(emit, self.frame.code, self.frame.arguments, self._leave_with)
        for op in ops:
            if not emit.has_ended or op.here is not None:
                method: Callable[[Any], None] = getattr(self, f"_{op.verb}")
                method(op)
        if not emit.has_ended:
            emit.llvm.unreachable()
        self._emit_exit()

    def _emit_exit(self) -> None:
        """The one return. Where it is inlined, LLVM follows code and results one by one, as it does not in a pair."""
        emit = self.emit
        self._exit.begin(emit.llvm)
        values = [emit.load(place, type=type) for place, type in self._results]
        emit.ret(pack(emit, self.frame.code, emit.load(self._code, type=I32), values))

    # ---- values

    def _get(self, operand: ir.Operand) -> Any:
        type = llvm_type(operand.type)
        if isinstance(operand, ir.Const):
            return type(operand.number if operand.type.is_float else int(operand.number))
        return self.emit.load(self._places[operand], type=type)

    def _put(self, target: ir.Value, value: Any) -> None:
        self.emit.store(value, self._places[target])

    def _wide(self, operand: ir.Operand) -> Any:
        return extended(self.emit, self._get(operand), operand.type)

    def _put_truth(self, target: ir.Value, truth: Any) -> None:
        self._put(target, self.emit.fit(truth, I8))

    def _place(self, address: ir.Address) -> Any:
        """Emit: the address."""
        emit = self.emit
        place = emit.add(self.frame.record if address.base is None else self._get(address.base), address.offset)
        if address.index is None:
            return place
        return emit.add(place, emit.mul(self._wide(address.index), address.scale))

    def _label_of(self, name: str) -> Label:
        if name not in self._labels:
            self._labels[name] = self.emit.label(name)
        return self._labels[name]

    # ---- one method for each operation

    def _set(self, op: ir.Set) -> None:
        self._put(op.target, self._get(op.source))

    def _arithmetic(self, op: ir.Arithmetic) -> None:
        llvm, kind = self.emit.llvm, op.target.type
        left, right = self._get(op.left), self._get(op.right)
        if kind.is_float:
            self._put(op.target, _exact(getattr(llvm, _FLOAT[op.operator])(left, right)))
        elif op.operator == "quo":
            self._put(op.target, (llvm.sdiv if kind.kind == "signed" else llvm.udiv)(left, right))
        elif op.operator in ("<<", ">>"):
            right_shift = llvm.ashr if kind.kind == "signed" else llvm.lshr
            shift = llvm.shl if op.operator == "<<" else right_shift
            self._put(op.target, shift(left, self.emit.and_(right, kind.bits - 1)))
        else:
            self._put(op.target, getattr(llvm, _INTEGER[op.operator])(left, right))

    def _convert(self, op: ir.Convert) -> None:
        self._put(op.target, self._converted(self._get(op.source), op.source.type, op.target.type))

    def _converted(self, value: Any, source: Word, target: Word) -> Any:
        llvm, type = self.emit.llvm, llvm_type(target)
        if source.is_float and target.is_float:
            return llvm.fpext(value, type) if target.size > source.size else llvm.fptrunc(value, type)
        if source.is_float:
            name = "llvm.fptosi.sat" if target.kind == "signed" else "llvm.fptoui.sat"
            signature = ll.FunctionType(type, [value.type])
            return self.emit.run(self.emit.module.declare_intrinsic(name, [type, value.type], signature), value)
        if target.is_float:
            return (llvm.sitofp if source.kind == "signed" else llvm.uitofp)(value, type)
        return self.emit.fit(value, type, signed=source.kind == "signed")

    def _load(self, op: ir.Load) -> None:
        type, order = op.address.type, "acquire" if op.acquire else "monotonic"
        value = self.emit.load(self._place(op.address), type=ll.IntType(type.bits), order=order)
        self._put(op.target, self.emit.llvm.bitcast(value, llvm_type(type)) if type.is_float else value)

    def _store(self, op: ir.Store) -> None:
        self._write(op.address, self._get(op.source), release=op.release)

    def _addstore(self, op: ir.AddStore) -> None:
        held = self.emit.load(self._place(op.address), type=ll.IntType(op.address.type.bits), order="monotonic")
        self._write(op.address, self.emit.add(held, self._get(op.source)))

    def _write(self, address: ir.Address, value: Any, *, release: bool = False) -> None:
        """Every store to the lane may be the commit; a release store serves both."""
        if address.type.is_float:
            value = self.emit.llvm.bitcast(value, ll.IntType(address.type.bits))
        order = "monotonic" if address.prepared and not release else "release"
        self.emit.store(value, self._place(address), order=order)

    def _copy(self, op: ir.Copy) -> None:
        """A call of memcpy: LLVM moves no atomic store over it, and none of its own before the commit."""
        target, source = (self.emit.pointer(self._place(address)) for address in (op.target, op.source))
        self.emit.call("memcpy", PTR, target, source, self._get(op.nbytes))

    def _lanecount(self, op: ir.LaneCount) -> None:
        assert self.frame.lane is not None
        self._put(op.target, self.emit.add(self.frame.lane.lanes, 1))

    def _otherlane(self, op: ir.OtherLane) -> None:
        lane = self.frame.lane
        assert lane is not None
        self._put(op.target, self.emit.add(lane.base, self.emit.mul(lane.stride, self._wide(op.number))))

    def _compareexchange(self, op: ir.CompareExchange) -> None:
        values = self._get(op.expected), self._get(op.desired)
        self._put_truth(op.target, self.emit.exchange_if(self._place(op.address), *values, "acq_rel", "acquire"))

    def _barrier(self, op: ir.Barrier) -> None:
        if op.kind == "full_fence":
            self.emit.llvm.fence("seq_cst")
        elif op.kind == "sched_yield":
            self.environment.sched_yield(self.emit, self._leave_raised)
        elif self.environment.architecture.relax:
            self.emit.assembly(self.environment.architecture.relax, "", VOID)

    def _fence(self, op: ir.Fence) -> None:
        """Nothing runs on a lane of a process without rseq, and the spare lane's sequences cannot be restarted."""
        assert self.frame.lane is not None
        number = self._wide(op.number)
        self._put(op.target, I8(0))
        if not self.environment.has_rseq:
            return
        with self.emit.if_(self.emit.compare(number, "<", self.frame.lane.lanes)):
            done = self.environment.fence(self.emit, number, by_cpu=self.frame.index == "cpu_id")
            self._put_truth(op.target, done)

    def _thread(self, op: ir.Thread) -> None:
        if op.of is None:
            self._put(op.target, self._own_number())
        elif op.kind == "took_over":
            self._put_truth(op.target, self.environment.took_over(self.emit, self._lock(), self._get(op.of)))
        else:
            answer = self.environment.has_ended(self.emit, self._lock(), self._get(op.of), self._leave_raised)
            self._put_truth(op.target, answer)

    def _own_number(self) -> Any:
        number = self.environment.thread(self.emit, self._lock(), self._leave_raised)
        with self.emit.unless(number, likely=False):
            self._leave_with(I32(NO_THREAD))
        return number

    def _lock(self) -> Any:
        """By which the table of threads is found that the routine's memory has."""
        assert self.frame.lane is not None
        return self.frame.lane.lock

    def _leave_raised(self) -> None:
        self._leave_with(I32(RAISED))

    def _refuse(self, op: ir.Refuse) -> None:
        self._leave_with(self.environment.refuse(self.emit, self._lock(), self._get(op.holder)))

    def _locate(self, op: ir.Locate) -> None:
        self._put(op.target, self._place(op.address))

    def _cpunumber(self, op: ir.CpuNumber) -> None:
        self._put(op.target, self.frame.cpu)

    def _clock(self, op: ir.Clock) -> None:
        self._put(op.target, self.emit.assembly(*self.environment.architecture.clock, I64))

    def _clockfrequency(self, op: ir.ClockFrequency) -> None:
        self._put(op.target, self.environment.variable(self.emit, CLOCK_RATE, I64))

    def _countbits(self, op: ir.CountBits) -> None:
        source, llvm = self._get(op.source), self.emit.llvm
        if op.operator == "bits":
            self._put(op.target, llvm.ctpop(source))
        else:
            count = {"ctz": llvm.cttz, "clz": llvm.ctlz}
            self._put(op.target, count[op.operator](source, I1(0)))

    def _floatbits(self, op: ir.FloatBits) -> None:
        self._put(op.target, self.emit.llvm.bitcast(self._get(op.source), llvm_type(op.target.type)))

    def _check(self, op: ir.Check) -> None:
        length = op.length if isinstance(op.length, int) else self._get(op.length)
        self.frame.checks.require(self.emit, self.frame.code, op, self._wide(op.index), length, self._leave_with)

    def _raise(self, op: ir.Raise) -> None:
        self._leave_with(self.frame.checks.code_of(self.frame.code, op))

    def _branchif(self, op: ir.BranchIf) -> None:
        left, right, llvm = self._get(op.left), self._get(op.right), self.emit.llvm
        if op.left.type.is_float:
            compare = llvm.fcmp_unordered if op.comparison == "!=" else llvm.fcmp_ordered
        else:
            compare = llvm.icmp_signed if op.left.type.kind == "signed" else llvm.icmp_unsigned
        following = self.emit.label("")
        self.emit.branch(_exact(compare(op.comparison, left, right)), self._label_of(op.label), following)
        self.emit.here(following)

    def _jump(self, op: ir.Jump) -> None:
        if op.label in self._passed:
            self._look_for_signals()
        self.emit.jump(self._label_of(op.label))

    def _look_for_signals(self) -> None:
        """Emit: at every TURNS-th turn of a loop, leave if a signal handler has raised an exception."""
        emit = self.emit
        if self._turns is None:
            self._turns = emit.slot(I64)
            with emit.llvm.goto_entry_block():
                emit.store(I64(0), self._turns)
        turns = emit.add(emit.load(self._turns), 1)
        emit.store(turns, self._turns)
        with emit.unless(emit.and_(turns, TURNS - 1), likely=False):
            raised = self.environment.interrupted(emit)
            if raised is not None:
                with emit.if_(raised, likely=False):
                    self._leave_raised()

    def _label(self, op: ir.Label) -> None:
        self._passed.add(op.name)
        self.emit.here(self._label_of(op.name))

    def _call(self, op: ir.Call) -> None:
        frame, arguments = self.frame, [self._get(argument) for argument in op.arguments]
        assert frame.lane is not None
        done = self.emit.label("called")

        def fail(code: Any) -> None:
            if op.missing is not None:
                with self.emit.if_(self.emit.compare(code, "==", NOTHING)):
                    self._put(op.missing, I8(1))
                    self.emit.jump(done)
            self._leave_with(code)

        results = frame.run(self.emit, op.callee, frame.area, frame.lane, arguments, fail, inner=True)
        for target, result in zip((op.target, *op.more), results, strict=False):
            if target is not None:
                self._put(target, result)
        if op.missing is not None:
            self._put(op.missing, I8(0))
        self.emit.here(done)

    def _leave_with(self, code: Any, values: Sequence[Any] = ()) -> None:
        self.emit.store(code, self._code)
        for value, (place, _) in zip(values, self._results, strict=False):
            self.emit.store(value, place)
        self.emit.jump(self._exit)

    def _return(self, op: ir.Return) -> None:
        values = [self._get(value) for value in op.all]
        code = NOTHING if not values and self.frame.code.body.maybe else OK
        self._leave_with(I32(code), values)


def _exact(operation: Any) -> Any:
    """The operation, for good without fast-math flags: Numba puts its caller's on each that has none."""
    operation.flags = [""]
    return operation


def _lowered(op: ir.Op, serial: int) -> list[ir.Op]:
    if isinstance(op, ir.Arithmetic) and op.operator in ("//", "%"):
        return floor_division(op, serial)
    return [op]
