"""The machine code that is stressed: a workload's `work`, compiled as always, in functions that C would have written.

    loop(block, turn, count)     runs it `count` times, without the GIL, for turn, turn + 1, …
    drained, halting             the same, with a fence before each run, and with one behind it, too
    handler(signal)              a signal's handler: runs it once

A processor takes an interrupt where its oldest instruction waits. In which of them that is depends on what stands
around a section: some loops are interrupted inside of it a hundred times more often than others. Hence three.

A block says where the structure and a row of the ledger are. Handlers have one block for all of them, which they find
in a variable, and add to the ledger with atomics. A handler that cannot have the spare lane's lock, because it has
interrupted its owner, has not run.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import llvmlite.ir as ll

from rseq._arch import Architecture
from rseq._arch.base import Assembly, IndexMode
from rseq._codegen.blob import RSEQ_OFFSET, BlobEnvironment, compile_module, new_module
from rseq._codegen.codes import I32, I64, PTR
from rseq._codegen.environment import Lane
from rseq._codegen.lower import Unit
from rseq._language.compiled import Compiled
from rseq._language.section import Section
from rseq._language.types import Buffer
from rseq._loader import Blob, Code, load
from rseq._percpu.thread_code import symbols
from rseq._stress.workload import BUFFER_BYTES, SPREAD
from rseq._thread.registration import lanes_offset
from rseq._thread.support import require_support

if TYPE_CHECKING:
    from rseq._percpu.storage import PerCPU

__all__ = ["LOOPS", "Block", "Module", "Program", "Spoil", "compiled", "unspoilt"]

Spoil = Callable[[Assembly], Assembly]
"""What a test does to a section to see that the stress notices."""

_Loop = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)

LOOPS = ("loop", "drained", "halting")


def unspoilt(assembly: Assembly) -> Assembly:
    """What is stressed is what users get."""
    return assembly


class Block(ctypes.Structure):
    """What a thread's loop works on, or all handlers': a place, and a row of the ledger."""

    _fields_ = tuple((name, ctypes.c_uint64) for name in ("base", "stride", "lanes", "lock", "ledger"))

    @classmethod
    def of(cls, storage: PerCPU[Any], ledger: int) -> Block:
        """The block for `storage` and the row of sums at an address."""
        return cls(*storage.place, ledger)


@dataclass(frozen=True)
class Program:
    """Loaded machine code. `counters` are the variables that count aborts, by name."""

    blob: Blob
    code: Code
    counters: Mapping[str, Compiled]

    def loop(self, block: Block, turn: int, count: int, name: str = "loop") -> int:
        """Run a loop, without the GIL; 0, or the code with which it failed, and then it ended early."""
        return int(_Loop(self.code.entries[name])(ctypes.addressof(block), turn, count))

    @property
    def handler(self) -> int:
        """The address of the signal handler. It does nothing until it has a block."""
        return self.code.entries["handler"]

    def let_handlers_use(self, block: Block, turn: int = 0) -> None:
        """What handlers work on from now on, beginning with this turn. The caller keeps the block alive."""
        self.variable("turns").value = turn
        self.variable("handlers").value = ctypes.addressof(block)

    @property
    def handled(self) -> int:
        """How often a handler has run it."""
        return self.variable("handled").value

    @property
    def handlers_turn(self) -> int:
        """The next turn of handlers: one more each time that one is called."""
        return self.variable("turns").value

    @property
    def aborts(self) -> dict[Compiled, int]:
        """How often the kernel has aborted each sequence in this code."""
        found: dict[Compiled, int] = {}
        for name, code in self.counters.items():
            found[code] = found.get(code, 0) + self.variable(name).value
        return found

    def variable(self, name: str) -> ctypes.c_uint64:
        """A variable of the code, live."""
        return ctypes.c_uint64.from_address(self.code.entries[name])


def compiled(work: Compiled, storage: PerCPU[Any], spoil: Spoil = unspoilt) -> Program:
    """The loop and the handler for `work` on structures with storage like this one.

    Raises: UnsupportedError - no code can be made for this machine. OSError - the system refuses executable memory.
    """
    module = Module(storage, spoil)
    unit = module.unit()
    for fences, name in enumerate(LOOPS):
        module.add_loop(unit, work, name, fences)
    module.add_handler(unit, work)
    return module.load()


class Module:
    """An LLVM module that functions are put into, then loaded."""

    def __init__(self, storage: PerCPU[Any], spoil: Spoil) -> None:
        self.index: IndexMode = storage.index
        self._length, self._record_bytes = storage.length, storage.record.size
        self._offset = lanes_offset(self.index)
        self._architecture = _spoilt(require_support(), spoil)
        self.module = new_module(self._architecture, "stress")
        environment = BlobEnvironment(self._architecture, self.module, has_rseq=self._offset is not None)
        self.environment = environment
        self._units: list[Unit] = []
        self._entries: list[str] = []

    def unit(self, kind: type[Unit] = Unit, **parts: Any) -> Unit:
        """A new unit, with abort counters of its own."""
        prefix = f"unit{len(self._units)}."
        made = kind(self.module, self.environment, self.index, prefix=prefix, counter_linkage="hidden", **parts)
        self._units.append(made)
        return made

    def variable(self, name: str) -> Any:
        """A word of the code's data."""
        variable = ll.GlobalVariable(self.module, I64, name)
        variable.initializer, variable.linkage, variable.align = ll.Constant(I64, 0), "hidden", 8
        self._entries.append(name)
        return variable

    def add_loop(self, unit: Unit, work: Compiled, name: str, fences: int = 0) -> None:
        """Add `i32 name(ptr block, i64 turn, i64 count)`, with up to two fences in each run."""
        function = self._function(name, I32, [PTR, I64, I64])
        given, first, count = function.args
        builder = ll.IRBuilder(function.append_basic_block("entry"))
        block, area, buffers = _words(builder, given), unit.environment.area(builder), _buffers(builder, work)
        entry, again, done = builder.block, function.append_basic_block("again"), function.append_basic_block("done")
        end = builder.add(first, count)
        builder.branch(again)
        builder.position_at_end(again)
        turn = builder.phi(I64)
        turn.add_incoming(first, entry)
        if fences > 0:
            builder.fence("seq_cst")
        sum_at, result = self._run(builder, unit, work, (block, area, turn, buffers), builder.ret)
        if fences > 1:
            builder.fence("seq_cst")
        builder.store(builder.add(builder.load(sum_at, typ=I64), result), sum_at)
        following = builder.add(turn, ll.Constant(I64, 1))
        turn.add_incoming(following, builder.block)
        builder.cbranch(builder.icmp_unsigned("<", following, end), again, done)
        builder.position_at_end(done)
        builder.ret(ll.Constant(I32, 0))

    def add_handler(self, unit: Unit, work: Compiled) -> None:
        """Add `void handler(i32 signal)`, and its variables."""
        handlers, handled, turns = (self.variable(name) for name in ("handlers", "handled", "turns"))
        function = self._function("handler", ll.VoidType(), [I32])
        builder = ll.IRBuilder(function.append_basic_block("entry"))
        given = builder.load(handlers, typ=I64)
        with builder.if_then(builder.icmp_unsigned("!=", given, ll.Constant(I64, 0)), likely=True):
            block, area = _words(builder, builder.inttoptr(given, PTR)), unit.environment.area(builder)
            turn = builder.atomic_rmw("add", turns, ll.Constant(I64, 1), "monotonic")
            state = block, area, turn, _buffers(builder, work)
            sum_at, result = self._run(builder, unit, work, state, lambda code: builder.ret_void())
            builder.atomic_rmw("add", sum_at, result, "monotonic")
            builder.atomic_rmw("add", handled, ll.Constant(I64, 1), "monotonic")
        builder.ret_void()

    def _function(self, name: str, returns: Any, parameters: list[Any]) -> Any:
        self._entries.append(name)
        return ll.Function(self.module, ll.FunctionType(returns, parameters), name)

    def _run(
        self, builder: Any, unit: Unit, work: Compiled, state: tuple[Any, ...], fail: Callable[[Any], None]
    ) -> tuple[Any, Any]:
        """Emit one run: the address of its sum in the ledger, and what is to be added there."""
        (base, stride, lanes, lock, ledger), area, turn, buffers = state
        element = builder.urem(turn, ll.Constant(I64, self._length))
        record = builder.add(base, builder.mul(element, ll.Constant(I64, self._record_bytes)))
        arguments = [turn, *_filled(builder, buffers, turn)]
        result = unit.run(builder, work, area, Lane(record, stride, lanes, lock), arguments, fail)
        sum_at = builder.add(ledger, builder.mul(element, ll.Constant(I64, 8)))
        return builder.inttoptr(sum_at, PTR), result

    def load(self) -> Program:
        """Compile all of it, and map it for good."""
        counters = {name: code for unit in self._units for name, code in unit.counters.items()}
        blob = compile_module(self.module, self._architecture, [*self._entries, *counters])
        return Program(blob, load(blob, {RSEQ_OFFSET: self._offset or 0, **symbols()}), counters)


def _words(builder: Any, block: Any) -> list[Any]:
    """The words of a block."""
    places = [builder.gep(block, [ll.Constant(I64, n)], source_etype=I64) for n in range(len(Block._fields_))]
    return [builder.load(place, typ=I64) for place in places]


_Buffers = list[tuple[Buffer, Any]]


def _buffers(builder: Any, work: Compiled) -> _Buffers:
    """Memory for each buffer that `work` wants, of this call's own."""
    wanted = [value.type for value in work.body.given if isinstance(value.type, Buffer)]
    return [(type, builder.alloca(I64, BUFFER_BYTES // 8)) for type in wanted]


def _filled(builder: Any, buffers: _Buffers, turn: Any) -> list[Any]:
    """Emit what `buffered(turn)` says, for buffers that are read; address and length of all of them."""
    found = []
    for type, memory in buffers:
        length = ll.Constant(I64, BUFFER_BYTES)
        if not type.writable:
            spread = builder.lshr(builder.mul(turn, ll.Constant(I64, SPREAD)), ll.Constant(I64, 58))
            length = builder.add(spread, ll.Constant(I64, 1))
            for number in range(BUFFER_BYTES // 8):
                builder.store(turn, builder.gep(memory, [ll.Constant(I64, number)]))
        found += [builder.ptrtoint(memory, I64), length]
    return found


def _spoilt(architecture: Architecture, spoil: Spoil) -> Any:
    return architecture if spoil is unspoilt else _Spoilt(architecture, spoil)


class _Spoilt:
    """An architecture whose assembly is spoilt; all else is asked of the real one."""

    def __init__(self, architecture: Architecture, spoil: Spoil) -> None:
        self._architecture, self._spoil = architecture, spoil

    def __getattr__(self, name: str) -> Any:
        return getattr(self._architecture, name)

    def assemble(self, section: Section, index: IndexMode = "cpu_id") -> Assembly:
        """What the architecture assembles, spoilt."""
        return self._spoil(self._architecture.assemble(section, index))
