"""Reading the number of the CPU that the thread runs on."""

from __future__ import annotations

from collections.abc import Sequence

from rseq import _abi as abi
from rseq._bench.native.loop import Body, Loops, architecture, function, implementation, vdso_getcpu, work
from rseq._bench.run import Implementation, Operation, Span, Unavailable
from rseq._thread.cpus import possible_cpus
from rseq._thread.registration import available, rseq_offset

__all__ = ["CPU_NUMBER"]

_CALL_SYSCALL = """
  %number = ptrtoint ptr %memory to i64
  %failed = call i64 (i64, ...) %first(i64 %number, ptr %out, ptr null, ptr null)
  %cpu32 = load i32, ptr %out
  %answer = sext i32 %cpu32 to i64
"""

_AREA = """
  %thread = call ptr @llvm.thread.pointer.p0()
  %area.offset = ptrtoint ptr %memory to i64
  %field = getelementptr i8, ptr %thread, i64 %area.offset
"""

_READ_FIELD = """
  %cpu32 = load volatile i32, ptr %field
  %answer = sext i32 %cpu32 to i64
"""

_LOOPS = Loops(
    {
        "field": Body(_READ_FIELD, before=_AREA),
        "sched_getcpu": Body("  %answer = call i64 @sched_getcpu(ptr %first)\n"),
        "getcpu": Body("  %answer = call i64 @getcpu(ptr %first)\n"),
        "syscall": Body(_CALL_SYSCALL, before="  %out = alloca i32"),
    },
    helpers="declare ptr @llvm.thread.pointer.p0()\n",
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
    return implementation("rseq", "rseq field", loop, _wrong_cpus)


def _sched_getcpu(workers: int) -> Implementation:
    loop = work(_LOOPS["sched_getcpu"], [(0, function("sched_getcpu"))] * workers)
    return implementation("sched_getcpu", "sched_getcpu", loop, _wrong_cpus)


def _getcpu(workers: int) -> Implementation:
    return implementation("vdso", "vDSO getcpu", work(_LOOPS["getcpu"], [(0, vdso_getcpu())] * workers), _wrong_cpus)


def _syscall(workers: int) -> Implementation:
    number = architecture().getcpu  # differs between architectures
    loop = work(_LOOPS["syscall"], [(number, function("syscall"))] * workers)
    return implementation("syscall", "getcpu system call", loop, _wrong_cpus)


CPU_NUMBER = Operation(
    name="cpu-number",
    title="CPU number, native loop",
    unit="read",
    reference="rseq",
    makers={"rseq": _field, "sched_getcpu": _sched_getcpu, "vdso": _getcpu, "syscall": _syscall},
    workers=(1,),
    fault="got wrong",
)
