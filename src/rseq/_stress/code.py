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

from rseq._arch.base import Assembly, IndexMode
from rseq._check.code import Spoil, Spoilt
from rseq._codegen.blob import BlobEnvironment, flatten, object_file
from rseq._codegen.environment import Lane
from rseq._codegen.lower import Unit
from rseq._codegen.writer import I32, I64, PTR, VOID, Writer
from rseq._language.compiled import Compiled
from rseq._language.types import Buffer
from rseq._loader import RSEQ_OFFSET, Blob, Code, load
from rseq._percpu.thread_code import symbols
from rseq._stress.workload import BUFFER_BYTES, SPREAD
from rseq._thread.registration import lanes_offset
from rseq._thread.support import require_support

if TYPE_CHECKING:
    from rseq._percpu.storage import PerCPU

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
        self._architecture = require_support()
        spoilt: Any = Spoilt(self._architecture, spoil)
        self.environment = BlobEnvironment.new("stress", spoilt, has_rseq=self._offset is not None)
        self.module = self.environment.module
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
        self._entries.append(name)
        return self.environment.data(name)

    def add_loop(self, unit: Unit, work: Compiled, name: str, fences: int = 0) -> None:
        """Add `i32 name(ptr block, i64 turn, i64 count)`, with up to two fences in each run."""
        emit = self._function(name, I32, [PTR, I64, I64])
        given, first, count = emit.arguments
        block, area, buffers = _words(emit, given), unit.environment.area(emit), _buffers(emit, work)
        end = emit.add(first, count)
        again = emit.label("again", I64)
        emit.jump(again, first)
        (turn,) = emit.here(again)
        if fences > 0:
            emit.llvm.fence("seq_cst")
        sum_at, result = self._run(emit, unit, work, (block, area, turn, buffers), emit.ret)
        if fences > 1:
            emit.llvm.fence("seq_cst")
        emit.store(emit.add(emit.load(sum_at), result), sum_at)
        following = emit.add(turn, 1)
        with emit.if_(emit.compare(following, "<", end)):
            emit.jump(again, following)
        emit.ret(0)

    def add_handler(self, unit: Unit, work: Compiled) -> None:
        """Add `void handler(i32 signal)`, and its variables."""
        handlers, handled, turns = (self.variable(name) for name in ("handlers", "handled", "turns"))
        emit = self._function("handler", VOID, [I32])
        given = emit.load(handlers)
        with emit.if_(given, likely=True):
            block, area = _words(emit, given), unit.environment.area(emit)
            state = block, area, emit.add_atomically(turns, 1), _buffers(emit, work)
            sum_at, result = self._run(emit, unit, work, state, lambda code: emit.ret())
            emit.add_atomically(sum_at, result)
            emit.add_atomically(handled, 1)
        emit.ret()

    def _function(self, name: str, returns: Any, parameters: list[Any]) -> Writer:
        self._entries.append(name)
        return self.environment.function(name, returns, parameters)

    def _run(
        self, emit: Writer, unit: Unit, work: Compiled, state: tuple[Any, ...], fail: Callable[[Any], None]
    ) -> tuple[Any, Any]:
        """Emit one run: the address of its sum in the ledger, and what is to be added there."""
        (base, stride, lanes, lock, ledger), area, turn, buffers = state
        element = emit.urem(turn, self._length)
        record = emit.add(base, emit.mul(element, self._record_bytes))
        arguments = [turn, *_filled(emit, buffers, turn)]
        (result,) = unit.run(emit, work, area, Lane(record, stride, lanes, lock), arguments, fail)
        return emit.add(ledger, emit.mul(element, 8)), result

    def load(self) -> Program:
        """Compile all of it, and map it for good."""
        counters = {name: code for unit in self._units for name, code in unit.counters.items()}
        data = object_file(self.module, self._architecture)  # not the spoilt one, which LLVM does not know
        blob = flatten(data, self._architecture, [*self._entries, *counters])
        return Program(blob, load(blob, {RSEQ_OFFSET: self._offset or 0, **symbols()}), counters)


def _words(emit: Writer, block: Any) -> list[Any]:
    """The words of a block."""
    return [emit.load(block, 8 * word) for word in range(len(Block._fields_))]


_Buffers = list[tuple[Buffer, Any]]


def _buffers(emit: Writer, work: Compiled) -> _Buffers:
    """Memory for each buffer that `work` wants, of this call's own."""
    wanted = [value.type for value in work.body.given if isinstance(value.type, Buffer)]
    return [(type, emit.slot(I64, BUFFER_BYTES // 8)) for type in wanted]


def _filled(emit: Writer, buffers: _Buffers, turn: Any) -> list[Any]:
    """Emit what `buffered(turn)` says, for buffers that are read; address and length of all of them."""
    found = []
    for type, memory in buffers:
        length = I64(BUFFER_BYTES)
        if not type.writable:
            length = emit.add(emit.lshr(emit.mul(turn, SPREAD), 58), 1)
            for at in range(0, BUFFER_BYTES, 8):
                emit.store(turn, memory, at)
        found += [emit.address(memory), length]
    return found
