"""Native functions around one sequence, compiled from assembly that a test may spoil first.

`compiled(add, storage, spoil)` is the sequence's critical section as users get it, but for what `spoil` does to the
`Assembly`, in C functions that hold no GIL: `loop(n, count)` runs it `count` times, `handler(signal)` once, with n = 1,
and counts itself. So a stress test can show that it fails where the code is wrong.
"""

from __future__ import annotations

import ctypes
import mmap
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import llvmlite.ir as ll

from rseq import percpu
from rseq.arch import host
from rseq.arch.base import Assembly, IndexMode, Line
from rseq.native.blob import RSEQ_OFFSET, BlobEnvironment, compile_module, new_module
from rseq.native.codes import I32, I64
from rseq.native.load import Blob, Code, load
from rseq.native.lower import Lane, Unit
from rseq.sequence import Sequence
from rseq.thread import rseq_offset

Spoil = Callable[[Assembly], Assembly]

_ENTRIES = ("loop", "handler", "handled")


class _Spoilt:
    """The machine's architecture, whose assembly is spoilt."""

    def __init__(self, spoil: Spoil) -> None:
        self._real, self._spoil = host(), spoil

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def assemble(self, section: Any, index: IndexMode = "cpu_id") -> Assembly:
        assert self._real is not None
        return self._spoil(self._real.assemble(section, index))


@dataclass(frozen=True)
class Section:
    """Loaded functions. `blob` is what they were loaded from."""

    blob: Blob
    code: Code
    restarts_name: str

    def loop(self, n: int, count: int) -> int:
        """Run the sequence `count` times with `n`, without the GIL; 0, or the code with which it failed."""
        return int(ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int64, ctypes.c_int64)(self.code.entries["loop"])(n, count))

    @property
    def handler(self) -> int:
        """The address of a signal handler that runs the sequence with n = 1."""
        return self.code.entries["handler"]

    @property
    def handled(self) -> int:
        """How often the handler ran."""
        return ctypes.c_int64.from_address(self.code.entries["handled"]).value

    @property
    def restarts(self) -> int:
        """How often the section was aborted."""
        return ctypes.c_int64.from_address(self.code.entries[self.restarts_name]).value

    def descriptor(self) -> tuple[int, int, int]:
        """Start, length and abort address of the section, as offsets in the code."""
        code, base = bytearray(self.blob.code), self.code.address
        for relocation in self.blob.relocations:
            if relocation.symbol is None and relocation.where < len(code):
                struct.pack_into("<Q", code, relocation.where, relocation.addend)
        found = [at for at in range(0, len(code) - 31, 32) if _is_descriptor(code, at)]
        assert found, f"no descriptor in the code at {base:#x}"
        start, length, abort = struct.unpack_from("<QQQ", code, found[0] + 8)
        return start, length, abort


def _is_descriptor(code: bytearray, at: int) -> bool:
    version, flags, start, length, abort = struct.unpack_from("<IIQQQ", code, at)
    return (version, flags) == (0, 0) and 0 < start < len(code) and 0 < length < 4096 and 4 <= abort < len(code)


def compiled(sequence: Sequence[..., Any], storage: percpu[Any], spoil: Spoil = lambda assembly: assembly) -> Section:
    """The section of `sequence`, a function of one i64 without a result, on `storage`."""
    architecture: Any = _Spoilt(spoil)
    module = new_module(architecture, "stress")
    environment = BlobEnvironment(architecture, module, has_rseq=True)
    unit = Unit(module, environment, storage.index, counter_linkage="hidden")
    lane = Lane(*(ll.Constant(I64, word) for word in storage.place))
    _make_loop(unit, sequence, lane)
    _make_handler(unit, sequence, lane)
    counters = [name for name in module.globals if name.startswith("restarts.")]
    blob = compile_module(module, architecture, [*_ENTRIES, *counters])
    offset = rseq_offset()
    assert offset is not None
    return Section(blob, load(blob, {RSEQ_OFFSET: offset}), counters[0])


def _make_loop(unit: Unit, sequence: Sequence[..., Any], lane: Lane) -> None:
    function = ll.Function(unit.module, ll.FunctionType(I32, [I64, I64]), "loop")
    builder = ll.IRBuilder(function.append_basic_block("entry"))
    area, entry = unit.environment.area(builder), builder.block
    again, done = function.append_basic_block("again"), function.append_basic_block("done")
    builder.branch(again)
    builder.position_at_end(again)
    left = builder.phi(I64)
    left.add_incoming(function.args[1], entry)
    unit.run(builder, sequence, area, lane, [function.args[0]], builder.ret)
    rest = builder.sub(left, ll.Constant(I64, 1))
    left.add_incoming(rest, builder.block)
    builder.cbranch(builder.icmp_signed(">", rest, ll.Constant(I64, 0)), again, done)
    builder.position_at_end(done)
    builder.ret(ll.Constant(I32, 0))


def _make_handler(unit: Unit, sequence: Sequence[..., Any], lane: Lane) -> None:
    handled = ll.GlobalVariable(unit.module, I64, "handled")
    handled.initializer, handled.linkage, handled.align = ll.Constant(I64, 0), "hidden", 8
    function = ll.Function(unit.module, ll.FunctionType(ll.VoidType(), [I32]), "handler")
    builder = ll.IRBuilder(function.append_basic_block("entry"))
    area = unit.environment.area(builder)
    unit.run(builder, sequence, area, lane, [ll.Constant(I64, 1)], lambda number: builder.ret_void())
    builder.atomic_rmw("add", handled, ll.Constant(I64, 1), "monotonic")
    builder.ret_void()


# What may be spoilt


def without_descriptor_store(assembly: Assembly) -> Assembly:
    """The kernel is never told of the section: the store to rseq_cs is gone."""
    number = next(i for i, line in enumerate(assembly.hot) if line.text == "2:") - 1
    return replace(assembly, hot=assembly.hot[:number] + assembly.hot[number + 1 :])


class _EndingEarly(Assembly):
    def lines(self, descriptor_section: str = "") -> Iterator[Line]:
        for line in super().lines(descriptor_section):
            yield replace(line, text=line.text.replace("3f - 2f", "88f - 2f"))


def ending_early(assembly: Assembly) -> Assembly:
    """The descriptor says that the section ends after its first instruction, a nop that stands before the others."""
    start = next(i for i, line in enumerate(assembly.hot) if line.text == "2:")
    hot = (*assembly.hot[: start + 1], Line("nop"), Line("88:"), *assembly.hot[start + 1 :])
    parts = {part.name: getattr(assembly, part.name) for part in fields(assembly)}
    return _EndingEarly(**{**parts, "hot": hot})


def protected_lines(assembly: Assembly) -> list[int]:
    """Where the instructions between start and end stand in `assembly.hot`."""
    texts = [line.text for line in assembly.hot]
    return [i for i in range(texts.index("2:"), texts.index("3:")) if assembly.hot[i].is_instruction]


def with_line(assembly: Assembly, position: int, text: str) -> Assembly:
    """`text` before the line at `position`."""
    return replace(assembly, hot=(*assembly.hot[:position], Line(text), *assembly.hot[position:]))


# Code that a test may write to


def make_writable(code: Code, nbytes: int) -> None:
    """Let the test change the code of a blob that it has loaded for itself."""
    libc = ctypes.CDLL(None, use_errno=True)
    size = -(-nbytes // mmap.PAGESIZE) * mmap.PAGESIZE
    protection = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    assert libc.mprotect(ctypes.c_void_p(code.address), ctypes.c_size_t(size), protection) == 0
