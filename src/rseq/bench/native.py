"""The native loops: what a counter and reading the CPU number cost when nothing but the operation is in the loop.

Every loop is LLVM IR from one template, compiled and loaded as rseq's own code is, and called without the GIL. Each has
the form `i64 loop(ptr argument, i64 count)`: the argument says where its memory and the functions that it calls are, so
that the code is the same for every libc, and the answers of the loop's body are summed, so that none is optimised away.
An empty inline assembly that may touch memory ends each body: loops are neither unrolled nor vectorised, and a store is
a store in every one. Slots are 128 bytes apart, as lines are fetched in pairs.

What is compared is what a C programmer would write: calls through a function pointer stand for calls into a library.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from rseq import abi
from rseq.arch import Architecture, host
from rseq.structures.counter import Counter
from rseq.thread import available, possible_cpus, rseq_offset

from .emitted import counter_loop
from .run import Crew, Implementation, Missing, Operation, Span, Threads, Unavailable, Work, counted
from .vdso import lookup

__all__ = ["COUNTER", "CPU_NUMBER"]

_SLOT_BYTES = 128
_WORDS = _SLOT_BYTES // 8
_ROTATING = 8
"""Slots that the thread-local floor adds to in turn: one slot would measure how fast a store feeds the next load."""

_LOOP = """
define i64 @loop_{name}(ptr %argument, i64 %count) {{
entry:
  %memory = load ptr, ptr %argument
  %first.at = getelementptr ptr, ptr %argument, i32 1
  %first = load ptr, ptr %first.at
  %second.at = getelementptr ptr, ptr %argument, i32 2
  %second = load ptr, ptr %second.at
  %out = alloca i32
{before}
  br label %again
again:
  %i = phi i64 [ 0, %entry ], [ %next, %again ]
  %sum = phi i64 [ 0, %entry ], [ %sum.next, %again ]
{body}
  call void asm sideeffect "", "~{{memory}}"()
  %sum.next = add i64 %sum, %answer
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %again, label %done
done:
  ret i64 %sum.next
}}
"""

_ADD_TO_SLOT = f"""
  %offset = mul i64 %cpu, {_SLOT_BYTES}
  %slot = getelementptr i8, ptr %memory, i64 %offset
  %old = atomicrmw add ptr %slot, i64 1 monotonic
"""

_CALL_GETCPU = """
  %failed = call i32 %first(ptr %out, ptr null, ptr null)
  %cpu32 = load i32, ptr %out
  %cpu = sext i32 %cpu32 to i64
"""

_CALL_SCHED_GETCPU = """
  %cpu32 = call i32 %first()
  %cpu = sext i32 %cpu32 to i64
"""

_CALL_SYSCALL = """
  %number = ptrtoint ptr %memory to i64
  %failed = call i64 (i64, ...) %first(i64 %number, ptr %out, ptr null, ptr null)
  %cpu32 = load i32, ptr %out
  %cpu = sext i32 %cpu32 to i64
"""

_AREA = """
  %thread = call ptr @llvm.thread.pointer.p0()
  %area.offset = ptrtoint ptr %memory to i64
  %field = getelementptr i8, ptr %thread, i64 %area.offset
"""

_READ_FIELD = """
  %cpu32 = load volatile i32, ptr %field
  %cpu = sext i32 %cpu32 to i64
"""

_MUTEX = """
  %locked = call i32 %first(ptr %memory)
  %value = load i64, ptr %counter
  %grown = add i64 %value, 1
  store i64 %grown, ptr %counter
  %unlocked = call i32 %second(ptr %memory)
"""

_ROTATE = f"""
  %turn = and i64 %i, {_ROTATING - 1}
  %offset = mul i64 %turn, {_SLOT_BYTES}
  %slot = getelementptr i8, ptr %memory, i64 %offset
  %value = load i64, ptr %slot
  %grown = add i64 %value, 1
  store i64 %grown, ptr %slot
"""

_NOTHING = "  %answer = add i64 0, 0"
_CPU = "  %answer = add i64 %cpu, 0"

_LOOPS = {
    "vdso_atomic": ("", _CALL_GETCPU + _ADD_TO_SLOT + _NOTHING),
    "sched_getcpu_atomic": ("", _CALL_SCHED_GETCPU + _ADD_TO_SLOT + _NOTHING),
    "shared_atomic": ("", "  %old = atomicrmw add ptr %memory, i64 1 monotonic\n" + _NOTHING),
    "mutex": (f"  %counter = getelementptr i8, ptr %memory, i64 {_SLOT_BYTES}", _MUTEX + _NOTHING),
    "thread_local": ("", _ROTATE + _NOTHING),
    "field": (_AREA, _READ_FIELD + _CPU),
    "sched_getcpu": ("", _CALL_SCHED_GETCPU + _CPU),
    "getcpu": ("", _CALL_GETCPU + _CPU),
    "syscall": ("", _CALL_SYSCALL + _CPU),
}
"""For each loop what stands before it, and its body."""


def _baselines() -> str:
    """All loops but rseq's, as LLVM IR."""
    loops = (_LOOP.format(name=name, before=before, body=body) for name, (before, body) in _LOOPS.items())
    return "".join(loops)


class _Memory:
    """Zeroed memory of its own pages, as an address for loops and as integers to add up."""

    def __init__(self, nbytes: int) -> None:
        self._pages = mmap.mmap(-1, nbytes)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._pages))
        self._words = memoryview(self._pages).cast("q")

    def slot(self, number: int) -> int:
        """What slot `number` holds."""
        return self._words[number * _WORDS]

    def total(self) -> int:
        """The sum of all slots."""
        return sum(self._words[::_WORDS])


def _function(name: str) -> int:
    """The address of a function of libc."""
    try:
        return ctypes.cast(getattr(ctypes.CDLL(None), name), ctypes.c_void_p).value or 0
    except AttributeError:
        raise Unavailable(f"this system's libc has no {name}().") from None


def _vdso_getcpu() -> int:
    """The address of getcpu in the vDSO."""
    architecture = host()
    name = architecture and architecture.vdso_getcpu
    address = lookup(name) if name else None
    if address is None:
        raise Unavailable("this kernel's vDSO has no getcpu.")
    return address


def _work(loop: str, arguments: Sequence[tuple[int, ...]]) -> Work:
    """Run the loop of this name, worker number `i` with `arguments[i]`: its memory and what it calls."""
    return _calling(_code()[loop], arguments)


def _calling(call: Callable[[int, int], int], arguments: Sequence[tuple[int, ...]]) -> Work:
    packed = [(ctypes.c_void_p * 4)(*argument) for argument in arguments]
    return lambda worker, count: call(ctypes.addressof(packed[worker]), count)


def _implementation(name: str, label: str, work: Work, missing: Missing) -> Implementation:
    def crew(cpus: Sequence[int | None]) -> Crew:
        return Threads(work, cpus)

    return Implementation(name, label, crew, missing)


def _rseq(workers: int) -> Implementation:
    counter = Counter()
    work = _work("rseq", [tuple(counter.storage.place)] * workers)
    return _implementation("rseq", "rseq", work, counted(lambda: counter.value))


def _emitted_c(workers: int) -> Implementation:
    if not available():
        raise Unavailable("the kernel has not registered this thread, and in C there is no spare lane.")
    counter = Counter()
    work = _calling(counter_loop(), [tuple(counter.storage.place)] * workers)
    return _implementation("emitted-c", "rseq emit: C header, -O2", work, counted(lambda: counter.value))


def _vdso_atomic(workers: int) -> Implementation:
    memory = _Memory(possible_cpus() * _SLOT_BYTES)
    work = _work("vdso_atomic", [(memory.address, _vdso_getcpu())] * workers)
    return _implementation("vdso-atomic", "vDSO getcpu + atomic add", work, counted(memory.total))


def _sched_getcpu_atomic(workers: int) -> Implementation:
    memory = _Memory(possible_cpus() * _SLOT_BYTES)
    work = _work("sched_getcpu_atomic", [(memory.address, _function("sched_getcpu"))] * workers)
    return _implementation("sched_getcpu-atomic", "sched_getcpu + atomic add", work, counted(memory.total))


def _shared_atomic(workers: int) -> Implementation:
    memory = _Memory(mmap.PAGESIZE)
    work = _work("shared_atomic", [(memory.address,)] * workers)
    return _implementation("shared-atomic", "one shared atomic", work, counted(memory.total))


def _mutex(workers: int) -> Implementation:
    memory = _Memory(mmap.PAGESIZE)  # the mutex in the first slot, the counter in the second
    ctypes.CDLL(None).pthread_mutex_init(ctypes.c_void_p(memory.address), None)
    calls = (_function("pthread_mutex_lock"), _function("pthread_mutex_unlock"))
    work = _work("mutex", [(memory.address, *calls)] * workers)
    return _implementation("mutex", "one pthread mutex", work, counted(lambda: memory.slot(1)))


def _thread_local(workers: int) -> Implementation:
    memories = [_Memory(mmap.PAGESIZE) for _ in range(workers)]
    work = _work("thread_local", [(memory.address,) for memory in memories])
    total = counted(lambda: sum(memory.total() for memory in memories))
    return _implementation("thread-local", "thread-local plain add (floor)", work, total)


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
    offset += abi.CPU_ID
    return _implementation("rseq", "rseq field", _work("field", [(offset,)] * workers), _wrong_cpus)


def _sched_getcpu(workers: int) -> Implementation:
    work = _work("sched_getcpu", [(0, _function("sched_getcpu"))] * workers)
    return _implementation("sched_getcpu", "sched_getcpu", work, _wrong_cpus)


def _getcpu(workers: int) -> Implementation:
    work = _work("getcpu", [(0, _vdso_getcpu())] * workers)
    return _implementation("vdso", "vDSO getcpu", work, _wrong_cpus)


def _syscall_number() -> int:
    """The number of the system call getcpu, which differs between architectures."""
    architecture = host()
    if architecture is None:
        raise Unavailable("this project does not know this architecture's system calls.")
    return architecture.getcpu


def _syscall(workers: int) -> Implementation:
    work = _work("syscall", [(_syscall_number(), _function("syscall"))] * workers)
    return _implementation("syscall", "getcpu system call", work, _wrong_cpus)


# ---- compilation


@cache
def _image() -> tuple[dict[str, int], dict[str, int]]:
    """Compile and load all loops: the address of each, and of each counter of restarts.

    Raises: Unavailable - no code can be made for this machine.
    """
    from rseq.native.blob import RSEQ_OFFSET, compile_module
    from rseq.native.load import load

    architecture = host()
    if architecture is None:
        raise Unavailable("this project makes no code for this architecture.")
    loops = {name: f"loop_{name}" for name in ("rseq", *_LOOPS)}
    module = _rseq_module(architecture)
    counters = [name for name in module.globals if name.startswith("restarts.")]
    blob = compile_module(f"{module}\n{_baselines()}", architecture, (*loops.values(), *counters))
    entries = load(blob, {RSEQ_OFFSET: rseq_offset() or 0}).entries
    return {name: entries[loop] for name, loop in loops.items()}, {name: entries[name] for name in counters}


@cache
def _code() -> Mapping[str, Callable[[int, int], int]]:
    """Every loop as a function that runs without the GIL."""
    kind = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64)
    return {name: kind(address) for name, address in _image()[0].items()}


def _restarts() -> str:
    """How often the kernel restarted the loop's sequence, in words: proof that it was interrupted at all."""
    count = sum(ctypes.c_uint64.from_address(address).value for address in _image()[1].values())
    return f"the kernel interrupted rseq's loop in the middle of an update, which then began again, {count:,} times."


def _rseq_module(architecture: Architecture) -> Any:
    """The loop around a counter's sequence, inlined as into any caller; its argument is the place of the counter.

    It ends early should the sequence fail, so that the total shows it.
    """
    import llvmlite.ir as ll

    from rseq.language.types import SCALARS
    from rseq.native.blob import BlobEnvironment, new_module
    from rseq.native.lower import Lane, Unit
    from rseq.structures.cell import adder

    add = adder(SCALARS["i64"])  # what Counter.add is made of
    i64 = ll.IntType(64)
    module = new_module(architecture, "bench")
    module.declare_intrinsic("llvm.thread.pointer", [ll.PointerType()], ll.FunctionType(ll.PointerType(), []))
    environment = BlobEnvironment(architecture, module, has_rseq=rseq_offset() is not None)
    unit = Unit(module, environment, counter_linkage="hidden")
    loop = ll.Function(module, ll.FunctionType(i64, [ll.PointerType(), i64]), "loop_rseq")
    entry, again, done = (loop.append_basic_block(name) for name in ("entry", "again", "done"))
    place, count = loop.args
    build = ll.IRBuilder(entry)
    words = [build.load(build.gep(place, [ll.Constant(i64, n)], source_etype=i64), typ=i64) for n in range(4)]
    area = environment.area(build)
    build.branch(again)
    build.position_at_end(again)
    i = build.phi(i64)
    i.add_incoming(ll.Constant(i64, 0), entry)
    unit.run(build, add, area, Lane(*words), [ll.Constant(i64, 1)], lambda code: build.ret(i))
    following = build.add(i, ll.Constant(i64, 1))
    i.add_incoming(following, build.block)
    build.cbranch(build.icmp_unsigned("<", following, count), again, done)
    build.position_at_end(done)
    build.ret(following)
    return module


COUNTER = Operation(
    name="counter",
    title="counter, native loop",
    unit="update",
    reference="rseq",
    makers={
        "rseq": _rseq,
        "emitted-c": _emitted_c,
        "vdso-atomic": _vdso_atomic,
        "sched_getcpu-atomic": _sched_getcpu_atomic,
        "shared-atomic": _shared_atomic,
        "mutex": _mutex,
        "thread-local": _thread_local,
    },
    remark=_restarts,
)

CPU_NUMBER = Operation(
    name="cpu-number",
    title="CPU number, native loop",
    unit="read",
    reference="rseq",
    makers={"rseq": _field, "sched_getcpu": _sched_getcpu, "vdso": _getcpu, "syscall": _syscall},
    workers=(1,),
    fault="got wrong",
)
