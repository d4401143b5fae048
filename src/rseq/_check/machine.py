"""An emulated processor that runs one operation, instruction by instruction: the only place that knows Unicorn.

What may change lies in one block, so that a moment of a run is saved and restored at once:

    stack of the thread | its rseq area | the lanes | the rows
    ^ BLOCK               ^ AREA          ^ LANES     ^ ROWS

Beside it are the program's image, and the stack and area of another thread, which runs operations as a
whole. An instruction that touches area, lanes or rows is noticed: only there do other threads matter.

There are two processors: one goes from instruction to instruction and notices that, the other one runs operations to
their ends, which is most of the work, and is not asked for anything on the way.
"""

from __future__ import annotations

import importlib
import mmap
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from rseq import _abi as abi
from rseq import _quick_ctypes as ctypes
from rseq._check.code import Operation, Program, as_word, from_word
from rseq._check.kernel import Area
from rseq._language.interpret import Result
from rseq._once import load

IMAGE, BLOCK, OTHER, STOP = 0x1000_0000, 0x5000_0000, 0x5100_0000, 0x6000_0000
STACK_BYTES, SAVED_STACK = 0x4000, 1024
FRAME = 192
"""Bytes above the stack pointer: on some architectures the function that is called keeps registers there."""

AREA = BLOCK + STACK_BYTES
LANES = AREA + 64
OTHER_AREA = OTHER + STACK_BYTES
AREA_OFFSET = 0x140
"""The distance of an area from its thread pointer."""

LIMIT = 10_000
"""Instructions of one operation, after which it is said not to end."""

_NEVER = (1 << 64) - 1
"""A code that no operation ends with, since codes have 32 bits: it stands in `output` until one has."""

_PAGE = 0x1_0000


class DiedError(Exception):
    """The operation does not end, or reaches for memory that is not there."""


class Layout(NamedTuple):
    """Where lanes and rows are: `nbytes` from LANES on."""

    stride: int
    lanes: int
    rows: int
    nbytes: int


class Outcome(NamedTuple):
    """What an operation came to: what it returned, or the name of the exception that Python would raise."""

    result: Result
    error: str = ""

    def __str__(self) -> str:
        return self.error or repr(self.result)

    def same(self, other: Outcome) -> bool:
        """Equal, where one NaN is as good as another and -0.0 is not 0.0."""
        if isinstance(self.result, (float, tuple)):
            return repr(self) == repr(other)
        return self == other


@dataclass(frozen=True, eq=False)
class Moment:
    """A thread before an instruction: registers and block. `touched`: the last instruction met shared memory."""

    pc: int
    registers: Any
    block: bytes
    touched: bool

    @cached_property
    def area(self) -> bytes:
        """The rseq area."""
        return self.block[SAVED_STACK : SAVED_STACK + abi.AREA_SIZE]

    @cached_property
    def shared(self) -> bytes:
        """Lanes and rows."""
        return self.block[SAVED_STACK + 64 :]

    def but(self, *, pc: int, area: bytes, shared: bytes) -> Moment:
        """The same thread elsewhere, with other memory."""
        block = self.block[:SAVED_STACK] + area + self.block[SAVED_STACK + abi.AREA_SIZE : SAVED_STACK + 64] + shared
        return Moment(pc, self.registers, block, True)


class Access(NamedTuple):
    """What an instruction did to the area, lanes or rows: `old` is what a store has overwritten; None of a load."""

    pc: int
    at: int
    old: bytes | None
    new: bytes


class _Processor:
    """Unicorn with the program and its memory."""

    def __init__(self, program: Program, layout: Layout, image: bytes) -> None:
        self.unicorn = unicorn()
        self._program, self._order = program, program.order
        emulator = program.architecture.emulator
        assert emulator is not None, program.architecture.name
        constants = importlib.import_module(f"unicorn.{emulator.module}")
        mode = 0
        for name in emulator.mode:
            mode |= getattr(self.unicorn, name)
        self.engine = self.unicorn.Uc(getattr(self.unicorn, emulator.architecture), mode)
        self.pc = getattr(constants, emulator.program_counter)
        self._stack_pointer = getattr(constants, emulator.stack_pointer)
        self._thread_pointer = getattr(constants, emulator.thread_pointer)
        self._link = getattr(constants, emulator.link) if emulator.link else None
        self._called = getattr(constants, emulator.called) if emulator.called else None
        if emulator.ignores_mmu:
            self.engine.ctl_set_tlb_mode(self.unicorn.UC_TLB_VIRTUAL)
        for name, value in emulator.initial:
            self.engine.reg_write(getattr(constants, name), value)
        self._fresh = self.engine.context_save()
        self._map(layout, image)

    def _map(self, layout: Layout, image: bytes) -> None:
        sizes = {IMAGE: len(image), BLOCK: LANES - BLOCK + layout.nbytes, OTHER: _PAGE, STOP: _PAGE}
        private = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        self._memory = {start: mmap.mmap(-1, _pages(nbytes), private) for start, nbytes in sizes.items()}
        for start, memory in self._memory.items():
            at = ctypes.addressof(ctypes.c_char.from_buffer(memory))
            self.engine.mem_map_ptr(start, len(memory), self.unicorn.UC_PROT_ALL, at)
        self.write(IMAGE, image)

    def write(self, address: int, data: bytes) -> None:
        """Put bytes where the processor has memory."""
        start = _start(address)
        self._memory[start][address - start : address - start + len(data)] = data

    def read(self, address: int, nbytes: int) -> bytes:
        """The bytes there; fewer where memory ends."""
        start = _start(address)
        return self._memory[start][address - start : address - start + nbytes]

    def enter(self, operation: Operation, at: int, area: Area, shared: bytes) -> int:
        """A thread whose rseq area is at `at` calls an operation: where that begins. Its arguments are the caller's."""
        engine = self.engine
        engine.context_restore(self._fresh)
        self.write(at, area.pack(self._order))
        self.write(LANES, shared)
        top = at - FRAME
        if self._link is None:
            size = self._program.architecture.pointer_bytes
            top -= size
            self.write(top, STOP.to_bytes(size, self._program.byteorder))
        else:
            engine.reg_write(self._link, STOP)
        engine.reg_write(self._stack_pointer, top)
        engine.reg_write(self._thread_pointer, at - AREA_OFFSET)
        entry = IMAGE + self._program.entry(operation)
        if self._called is not None:
            engine.reg_write(self._called, entry)
        return entry

    def restore(self, moment: Moment) -> None:
        """Go back to `moment`, or to what somebody has made of it; but for the program counter, which `run` sets."""
        self.engine.context_restore(moment.registers)
        self.write(AREA - SAVED_STACK, moment.block)

    def run(self, pc: int, count: int) -> None:
        """Go on from `pc` to the operation's end, `count` instructions at most. Raises: DiedError.

        A count is always given: without one, Unicorn translates code such that it does not stop after single
        instructions later on.
        """
        try:
            self.engine.emu_start(pc, STOP, count=count)
        except self.unicorn.UcError as error:
            at = self.engine.reg_read(self.pc)
            if at == STOP:  # on some, Unicorn executes what is there before it notices
                return
            raise DiedError(f"the processor stopped at {at - IMAGE:#x}: {error}") from None

    def outcome(self, operation: Operation) -> Outcome | None:
        """What the operation came to; None if it has not ended."""
        at = IMAGE + self._program.blob.entries["output"]
        results = operation.body.results
        count = 1 + len(results)
        code, *words = struct.unpack(f"{self._order}{count}Q", self.read(at, 8 * count))
        if code == _NEVER:
            return None
        if code:
            return Outcome(None, self._program.fails_with(operation, code))
        numbers = tuple(map(from_word, words, results))
        return Outcome(numbers if len(numbers) > 1 else next(iter(numbers), None))


class Machine:
    """Runs the operations of a program on lanes and rows of a layout."""

    def __init__(self, program: Program, layout: Layout) -> None:
        self.program, self.layout = program, layout
        self._order = program.order
        self._stepping = _Processor(program, layout, self._image)
        self._whole = _Processor(program, layout, self._image)
        self._touched, self._watching = False, False
        self._accesses: list[Access] = []
        self._instruction = 0
        self._images: dict[tuple[Operation, tuple[int | float, ...]], bytes] = {}
        known = self._stepping.unicorn
        self._stores = (known.UC_MEM_WRITE,)
        kinds = known.UC_HOOK_MEM_READ | known.UC_HOOK_MEM_WRITE
        self._stepping.engine.hook_add(kinds, self._on_access, begin=AREA, end=LANES + layout.nbytes - 1)

    @cached_property
    def _image(self) -> bytes:
        """The image as it is loaded: code, a hole, data."""
        blob = self.program.blob
        image = bytearray(blob.data_offset + len(blob.data))
        image[: len(blob.code)] = blob.code
        image[blob.data_offset :] = blob.data
        size = self.program.architecture.pointer_bytes
        for relocation in blob.relocations:
            value = relocation.addend + (IMAGE if relocation.symbol is None else AREA_OFFSET)
            word = (value & (1 << 8 * size) - 1).to_bytes(size, self.program.byteorder)
            image[relocation.where : relocation.where + size] = word
        return bytes(image)

    def _on_access(self, engine: Any, access: int, address: int, size: int, value: int, data: Any) -> None:
        self._touched = True
        if self._watching:
            data = self._stepping.read(address, size)
            is_store = access in self._stores
            self._accesses.append(Access(self._instruction, address, data if is_store else None, data))

    # ---- running

    def start(self, operation: Operation, arguments: Sequence[int | float], area: Area, shared: bytes) -> Moment:
        """A thread that is about to run `operation`."""
        self._give(self._stepping, operation, arguments)
        self._stepping.write(BLOCK, bytes(STACK_BYTES))
        return self._moment(self._stepping.enter(operation, AREA, area, shared), False)

    def _give(self, processor: _Processor, operation: Operation, arguments: Sequence[int | float]) -> None:
        """Put the arguments where the operation finds them, and all other data as it was loaded."""
        data = self._data(operation, tuple(arguments))
        processor.write(IMAGE + self.program.blob.data_offset, data)

    def _data(self, operation: Operation, arguments: tuple[int | float, ...]) -> bytes:
        known = self._images.get((operation, arguments))
        if known is not None:
            return known
        layout, order = self.layout, self._order
        pairs = zip(arguments, operation.body.parameters, strict=True)
        words = [LANES, layout.stride, layout.lanes, *(as_word(number, value.type) for number, value in pairs)]
        offset = self.program.blob.data_offset
        data = bytearray(self._image[offset:])
        struct.pack_into(f"{order}{len(words)}Q", data, self.program.blob.entries["input"] - offset, *words)
        struct.pack_into(f"{order}Q", data, self.program.blob.entries["output"] - offset, _NEVER)
        self._images[operation, arguments] = bytes(data)
        return bytes(data)

    def _moment(self, pc: int, touched: bool) -> Moment:
        size = SAVED_STACK + 64 + self.layout.nbytes
        registers = self._stepping.engine.context_save()
        return Moment(pc, registers, self._stepping.read(AREA - SAVED_STACK, size), touched)

    def _step(self, pc: int) -> int:
        """One instruction; the address of the next one."""
        self._stepping.run(pc, 1)
        now: int = self._stepping.engine.reg_read(self._stepping.pc)
        return now

    def trace(self, moment: Moment, operation: Operation, arguments: Sequence[int | float]) -> list[Moment]:
        """All moments from `moment` to the operation's end, that one included. Raises: DiedError."""
        self._give(self._stepping, operation, arguments)
        self._stepping.restore(moment)
        moments = [moment]
        while moments[-1].pc != STOP:
            if len(moments) > LIMIT:
                raise DiedError("the operation does not end")
            self._touched = False
            pc = self._step(moments[-1].pc)
            moments.append(self._moment(pc, self._touched))
        return moments

    def advance(
        self, moment: Moment, operation: Operation, arguments: Sequence[int | float]
    ) -> tuple[Moment, list[Access]]:
        """The operation goes on until it has touched area, lanes or rows, or has ended. Raises: DiedError."""
        self._give(self._stepping, operation, arguments)
        self._stepping.restore(moment)
        self._accesses, self._watching = [], True
        try:
            pc = moment.pc
            for _ in range(LIMIT):
                if pc == STOP or self._accesses:
                    break
                self._instruction = pc
                pc = self._step(pc)
        finally:
            self._watching = False
        if pc != STOP and not self._accesses:
            raise DiedError("the operation does not end")
        read = self._stepping.read
        after = [a._replace(new=read(a.at, len(a.new))) for a in self._accesses if a.old]
        loads = [access for access in self._accesses if access.old is None]
        return self._moment(pc, True), [*loads, *after]

    def outcome(self, operation: Operation) -> Outcome:
        """What the operation came to that `trace` or `advance` has brought to its end."""
        outcome = self._stepping.outcome(operation)
        assert outcome is not None, operation.name
        return outcome

    def finish(self, moment: Moment, operation: Operation, arguments: Sequence[int | float]) -> tuple[Outcome, bytes]:
        """Uninterrupted from `moment` on: what the operation came to, lanes and rows at its end. Raises: DiedError."""
        self._give(self._whole, operation, arguments)
        self._whole.restore(moment)
        return self._ended(operation, moment.pc)

    def _ended(self, operation: Operation, pc: int) -> tuple[Outcome, bytes]:
        self._whole.run(pc, LIMIT)
        outcome = self._whole.outcome(operation)
        if outcome is None:
            raise DiedError(f"the operation has not ended after {LIMIT} instructions")
        return outcome, self._whole.read(LANES, self.layout.nbytes)

    def run_other(
        self, operation: Operation, arguments: Sequence[int | float], area: Area, shared: bytes
    ) -> tuple[Outcome, bytes, int]:
        """Another thread runs an operation as a whole: what it came to, lanes and rows, and where its rseq_cs points.

        Raises: DiedError.
        """
        self._give(self._whole, operation, arguments)
        outcome, shared = self._ended(operation, self._whole.enter(operation, OTHER_AREA, area, shared))
        left = Area.unpack(self._whole.read(OTHER_AREA, abi.AREA_SIZE), self._order)
        return outcome, shared, left.rseq_cs

    def read(self, address: int, nbytes: int) -> bytes | None:
        """Bytes of the program, or None where it has none."""
        try:
            return bytes(self._stepping.engine.mem_read(address, nbytes))
        except self._stepping.unicorn.UcError:
            return None


def offset(pc: int) -> int:
    """An address of code as `Program.places` counts it."""
    return pc - IMAGE


def _start(address: int) -> int:
    """Where the memory begins that an address is in."""
    return BLOCK if BLOCK <= address < OTHER else IMAGE if address < BLOCK else OTHER if address < STOP else STOP


def _pages(nbytes: int) -> int:
    return -(-nbytes // _PAGE) * _PAGE


def unicorn() -> Any:
    """Unicorn's module. Raises: MissingPackage."""
    load("unicorn")
    return importlib.import_module("unicorn")
