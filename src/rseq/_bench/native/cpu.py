"""Reading the number of the CPU that the thread runs on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rseq import _abi as abi
from rseq._bench.native.loop import Loops, Turn, architecture, function, sched_getcpu, vdso_getcpu, work
from rseq._bench.run import Implementation, Operation, Span, Unavailable, threaded
from rseq._codegen.writer import I32, I64, NULL, PTR, ll
from rseq._thread.cpus import possible_cpus
from rseq._thread.registration import available, rseq_offset


def _field_turn(turn: Turn) -> Any:
    """The memory is an offset from the thread pointer."""
    emit, type = turn.emit, ll.FunctionType(PTR, [])
    thread = emit.run(emit.module.declare_intrinsic("llvm.thread.pointer", [PTR], type))
    return emit.fit(emit.load(thread, emit.address(turn.memory), I32), I64, signed=True)


def _syscall_turn(turn: Turn) -> Any:
    """The memory is the system call's number."""
    emit, out = turn.emit, turn.emit.slot(I32)
    emit.call_at(turn.words[1], I64, emit.address(turn.memory), out, NULL, NULL, fixed=1)
    return emit.fit(emit.load(out, type=I32), I64, signed=True)


_LOOPS = Loops(
    {
        "field": _field_turn,
        "sched_getcpu": lambda turn: turn.cpu("sched_getcpu"),
        "vdso": lambda turn: turn.cpu("getcpu"),
        "syscall": _syscall_turn,
    }
)


def _wrong_cpus(spans: Sequence[Span]) -> int:
    """How many reads belong to spans whose CPU numbers do not add up.

    A pinned thread must have read its own CPU's number every time; another one at least numbers in range.
    """
    return sum(span.count for span in spans if not _plausible(span))


def _plausible(span: Span) -> bool:
    assert isinstance(span.answer, int)
    if span.cpu is not None:
        return span.answer == span.cpu * span.count
    return 0 <= span.answer < possible_cpus() * span.count


def _field(workers: int) -> Implementation:
    offset = rseq_offset()
    if offset is None or not available():
        raise Unavailable("the kernel keeps no CPU number for threads of this process (see `rseq info`).")
    loop = work(_LOOPS["field"], [(offset + abi.CPU_ID,)] * workers)
    return threaded("rseq", "rseq field", loop, _wrong_cpus)


def _called(name: str, label: str, getcpu: Callable[[], int], workers: int) -> Implementation:
    return threaded(name, label, work(_LOOPS[name], [(0, getcpu())] * workers), _wrong_cpus)


def _syscall(workers: int) -> Implementation:
    number = architecture().getcpu  # differs between architectures
    loop = work(_LOOPS["syscall"], [(number, function("syscall"))] * workers)
    return threaded("syscall", "getcpu system call", loop, _wrong_cpus)


CPU_NUMBER = Operation(
    name="cpu-number",
    title="CPU number, native loop",
    unit="read",
    makers={
        "rseq": _field,
        "sched_getcpu": partial(_called, "sched_getcpu", "sched_getcpu", sched_getcpu),
        "vdso": partial(_called, "vdso", "vDSO getcpu", vdso_getcpu),
        "syscall": _syscall,
    },
    workers=(1,),
    fault="got wrong",
)
