"""Machine code of any architecture that Unicorn runs, on the interpreter's memory: one operation after another.

Nothing interferes here (`rseq.check` does that): a fake rseq area says which CPU this is, the operation runs at full
speed, and memory and result are compared with `_language/interpret.py`.

    board = Board(Program)          # rseq._check.code.compiled([...], architecture)
    board.check(operation, memory, [7], cpu=1)
"""

from __future__ import annotations

import importlib
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import programs
import rseq
from oracle import filled, outcome, same, same_bytes
from rseq._check.code import Operation, Program, as_word, from_word
from rseq._language.interpret import Memory, run
from rseq._language.ir import is_length
from rseq._language.types import Buffer, Index, Pointer

IMAGE, STACK, STOP, LANES, ROWS = 0x1000_0000, 0x5000_0000, 0x6000_0000, 0x7000_0000, 0x7800_0000
BUFFERS = ROWS + 0x8000
AREA, AREA_OFFSET = STACK + 0x8000, -0xC0  # with glibc, too, the area often lies below the thread pointer
PAGE = 0x1_0000
NO_LANE = "no lane"


def memory_of(record: Any, lanes: int = 2, *, like: Any) -> Memory:
    """The interpreter's memory, where a board has it, in the byte order of the architecture `like`."""
    stride = -(-record.size // 0x1000) * 0x1000 + 0x1000
    return Memory({LANES + cpu * stride: bytearray(record.size) for cpu in range(lanes)}, LANES, stride, like.order)


def in_order(values: Any, architecture: Any) -> bytes:
    """The bytes of records in an architecture's byte order."""
    return bytes(values.astype(values.dtype.newbyteorder(architecture.order)).tobytes())


class Byte(rseq.Record):
    """What a buffer is made of."""

    byte: rseq.u8


class Board:
    """A processor with the image of a program, a stack, an rseq area, and memory at LANES and ROWS."""

    def __init__(self, program: Program) -> None:
        unicorn = pytest.importorskip("unicorn")
        self.program = program
        facts = program.architecture.emulator
        assert facts is not None
        names = importlib.import_module(f"unicorn.{facts.module}")
        mode = sum(getattr(unicorn, name) for name in facts.mode)
        self.order, self.fault = program.architecture.order, unicorn.UcError
        self.engine = unicorn.Uc(getattr(unicorn, facts.architecture), mode)
        if facts.ignores_mmu:
            self.engine.ctl_set_tlb_mode(unicorn.UC_TLB_VIRTUAL)
        for name, value in facts.initial:
            self.engine.reg_write(getattr(names, name), value)
        self.pc, self.stack_pointer = getattr(names, facts.program_counter), getattr(names, facts.stack_pointer)
        self.link = getattr(names, facts.link) if facts.link else None
        self.called = getattr(names, facts.called) if facts.called else None
        self.engine.reg_write(getattr(names, facts.thread_pointer), AREA - AREA_OFFSET)
        self._load()

    def _load(self) -> None:
        blob = self.program.blob
        image = bytearray(blob.code) + bytes(blob.data_offset - len(blob.code)) + blob.data
        for relocation in blob.relocations:
            assert relocation.symbol in (None, "rseq_offset"), relocation
            value = relocation.addend + (IMAGE if relocation.symbol is None else AREA_OFFSET)
            size = self.program.architecture.pointer_bytes
            word = (value & (1 << 8 * size) - 1).to_bytes(size, self.program.architecture.byteorder)
            image[relocation.where : relocation.where + size] = word
        self.place(image)
        self.input, self.output = (IMAGE + blob.entries[name] for name in ("input", "output"))

    def place(self, image: bytes) -> None:
        """Map all memory, with `image` at IMAGE."""
        for start, nbytes in ((IMAGE, len(image)), (STACK, PAGE), (STOP, PAGE), (LANES, 16 * PAGE), (ROWS, 16 * PAGE)):
            self.engine.mem_map(start, -(-nbytes // PAGE) * PAGE)
        self.engine.mem_write(IMAGE, bytes(image))

    def run(self, address: int) -> None:
        """Call the function at `address`."""
        engine = self.engine
        engine.reg_write(self.stack_pointer, AREA - 0x108)
        if self.link is None:
            engine.mem_write(AREA - 0x108, struct.pack(self.order + "Q", STOP))
        else:
            engine.reg_write(self.stack_pointer, AREA - 0x110)
            engine.reg_write(self.link, STOP)
        if self.called is not None:
            engine.reg_write(self.called, address)
        try:
            engine.emu_start(address, STOP)
        except self.fault:  # on some, Unicorn executes what is at STOP before it notices
            if engine.reg_read(self.pc) != STOP:
                raise
        assert engine.reg_read(self.pc) == STOP

    def call(self, operation: Operation, memory: Memory, arguments: Sequence[Any], cpu: int) -> Any:
        """Run it on `memory`, which changes; its result, "IndexError" or NO_LANE."""
        engine, order, parameters = self.engine, self.order, operation.body.parameters
        lanes = sum(start < ROWS for start in memory.blocks)
        words = [memory.base, memory.stride, lanes]
        words += [as_word(number, value.type) for number, value in zip(arguments, parameters, strict=True)]
        engine.mem_write(self.input, struct.pack(f"{order}{len(words)}Q", *words))
        engine.mem_write(AREA, struct.pack(order + "IIQIIII", max(cpu, 0), cpu & 0xFFFFFFFF, 0, 0, 0, max(cpu, 0), 0))
        for start, block in memory.blocks.items():
            engine.mem_write(start, bytes(block))
        self.run(IMAGE + self.program.entry(operation))
        for start, block in memory.blocks.items():
            block[:] = engine.mem_read(start, len(block))
        count = 1 + len(operation.body.results)
        code, *words = struct.unpack(f"{order}{count}Q", engine.mem_read(self.output, 8 * count))
        return self._answer(operation, code, words)

    def _answer(self, operation: Operation, code: int, words: Sequence[int]) -> Any:
        if code:
            error = self.program.fails_with(operation, code)
            return None if not error else "IndexError" if error == "IndexError" else NO_LANE
        numbers = tuple(map(from_word, words, operation.body.results))
        return numbers if len(numbers) > 1 else next(iter(numbers), None)

    def check(self, operation: Operation, memory: Memory, arguments: Sequence[Any] = (), cpu: int = 1) -> Any:
        """Run it beside the interpreter; `memory` is what both leave."""
        numbers = [0 if argument is None else argument for argument in arguments]
        expected_memory = memory.copy()
        expected = outcome(run, operation.body, expected_memory, numbers, cpu=cpu)
        if isinstance(expected, str):
            expected = "IndexError"
        got = self.call(operation, memory, numbers, cpu)
        where = f"{operation.body}\n{operation.name}{tuple(numbers)} on {self.program.architecture.name}"
        assert same(got, expected), f"{where}: {got!r} instead of {expected!r}"
        for start, block in memory.blocks.items():
            other = expected_memory.blocks[start]
            if block != other:
                record = operation.record if start < ROWS else _row_type(operation) if start < BUFFERS else Byte
                dtype = record.dtype.newbyteorder(self.order)
                values = np.frombuffer(block, dtype)
                assert same_bytes(values, other), f"{where}: {values} instead of {np.frombuffer(other, dtype)}"
        return got

    def check_filled(self, operation: Operation, seed: int, row: Any) -> None:
        """Check it on records full of edges, with edges for arguments, and with rows wherever pointers are."""
        memory, rows = memory_of(operation.record, like=self.program.architecture), []
        kinds = [field.type for field in operation.record.fields.values()]
        if operation.rows or any(isinstance(kind, Pointer) for kind in kinds):
            memory.blocks[ROWS] = bytearray(3 * row.size)
            by_number = any(isinstance(kind, Index) for kind in kinds)
            rows = [seed % 6 if by_number else ROWS + row.size]  # numbers of rows, or of none
        for number, start in enumerate(memory.blocks):
            record = operation.record if start < ROWS else row
            data = in_order(filled(seed + number, record, *rows), self.program.architecture)
            memory.blocks[start][:] = data * (len(memory.blocks[start]) // record.size)
        for turn in range(4):
            arguments, buffers = [], 0
            body = operation.body
            for value in body.parameters[: len(body.parameters) - 2 * len(body.rows)]:
                if isinstance(value.type, Buffer):
                    arguments.append(ROWS + buffers * row.size)
                    buffers += 1
                elif is_length(value):
                    arguments.append((seed * 5 + turn) % (row.size + 1))
                else:
                    arguments.append(programs.argument(value.type, seed * 5 + turn, rows))
            self.check(operation, memory, [*arguments, *[ROWS, 3] * len(body.rows)], cpu=turn & 1)


def _row_type(operation: Operation) -> Any:
    (target,) = {value.type.target for value in operation.body.parameters if isinstance(value.type, Pointer)} or {Byte}
    return target
