"""A read section: begin, follow a pointer, compare the word that it leads to, end."""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rseq._bench.native.loop import Loops, Memory, Turn, function, sched_getcpu, vdso_getcpu, work
from rseq._bench.native.ours import Site, ours
from rseq._bench.run import Implementation, Missing, Operation, Span, answered, counted, done, threaded
from rseq._codegen.writer import I64, PTR
from rseq._language.compiled import Compiled
from rseq._libc import libc
from rseq._structures.rcu import RCU
from rseq._structures.structure import bound_of

_WORD = 42
"""What stands where the pointer leads."""
_ENDED_AT = 8
"""A slot has how many sections have begun and, here, how many have ended."""


def _compare(turn: Turn) -> Any:
    """Emit: follow the pointer; 1 if the word is there."""
    emit = turn.emit
    word = emit.load(emit.load(turn.more, type=PTR, order="monotonic", align=8))
    return emit.fit(emit.compare(word, "==", _WORD), I64)


def _count_in_slots(getcpu: str, turn: Turn) -> Any:
    turn.emit.llvm.atomic_rmw("add", turn.slot(getcpu), I64(1), "acquire")
    answer = _compare(turn)
    turn.emit.llvm.atomic_rmw("add", turn.emit.offset(turn.slot(getcpu), _ENDED_AT), I64(1), "release")
    return answer


def _count_references(turn: Turn) -> Any:
    turn.emit.llvm.atomic_rmw("add", turn.memory, I64(1), "acquire")
    answer = _compare(turn)
    turn.emit.llvm.atomic_rmw("sub", turn.memory, I64(1), "release")
    return answer


def _lock_for_reading(turn: Turn) -> Any:
    with turn.locked(turn.memory):
        return _compare(turn)


_LOOPS = Loops(
    {
        "sched_getcpu-atomic": partial(_count_in_slots, "sched_getcpu"),
        "vdso-atomic": partial(_count_in_slots, "getcpu"),
        "reference-count": _count_references,
        "rwlock": _lock_for_reading,
    }
)


class _Pointed(Memory):
    """A pointer, and the word to which it leads."""

    def __init__(self) -> None:
        super().__init__(mmap.PAGESIZE)
        self.words[0], self.words[1] = self.address + 8, _WORD


def all_found(*totals: Callable[[], int]) -> Missing:
    """A check: every comparison has found the word, and each of `totals` has grown by the number of sections."""
    checks = [counted(total) for total in totals]

    def missing(spans: Sequence[Span]) -> int:
        return max([done(spans) - answered(spans), *(check(spans) for check in checks)], key=abs)

    return missing


def _per_cpu(name: str, label: str, getcpu: Callable[[], int], workers: int) -> Implementation:
    memory, pointed = Memory(), _Pointed()
    run = work(_LOOPS[name], [(memory.address, getcpu(), 0, 0, pointed.address)] * workers, pointed)
    ended = partial(memory.total, _ENDED_AT // 8)
    return threaded(name, label, run, all_found(memory.total, ended))


def _reference_count(workers: int) -> Implementation:
    memory, pointed = Memory(mmap.PAGESIZE), _Pointed()
    run = work(_LOOPS["reference-count"], [(memory.address, 0, 0, 0, pointed.address)] * workers, pointed)
    found, label = all_found(), "one atomic reference count"
    return threaded("reference-count", label, run, lambda spans: found(spans) or memory.slot(0))


def _rwlock(workers: int) -> Implementation:
    memory, pointed = Memory(mmap.PAGESIZE), _Pointed()
    libc().pthread_rwlock_init(memory.address, None)
    calls = (function("pthread_rwlock_rdlock"), function("pthread_rwlock_unlock"))
    run = work(_LOOPS["rwlock"], [(memory.address, 0, *calls, pointed.address)] * workers, memory, pointed)
    return threaded("rwlock", "pthread_rwlock, read lock", run, all_found())


def _turn(site: Site, read_lock: Compiled, read_unlock: Compiled) -> Any:
    phase = site.run(read_lock)
    word = site.emit.load(site.emit.load(site.extra))
    same = site.emit.compare(word, "==", _WORD)
    site.run(read_unlock, phase)
    return site.emit.fit(same, word.type)


def _rseq(workers: int) -> Implementation:
    rcu, pointed = RCU(), _Pointed()
    loop = ours(_turn, bound_of(rcu, "read_lock").code, bound_of(rcu, "read_unlock").code)
    run = work(loop, [(*rcu.storage.place, pointed.address)] * workers, pointed)
    totals = [lambda name=name: int(rcu.storage.view()[name].sum()) for name in ("begun", "ended")]
    return threaded("rseq", "rseq", run, all_found(*totals))


READ_SECTION = Operation(
    name="rcu",
    title="RCU read section, native loop",
    unit="section",
    makers={
        "rseq": _rseq,
        "sched_getcpu-atomic": partial(_per_cpu, "sched_getcpu-atomic", "sched_getcpu + per-CPU atomics", sched_getcpu),
        "vdso-atomic": partial(_per_cpu, "vdso-atomic", "vDSO getcpu + per-CPU atomics", vdso_getcpu),
        "reference-count": _reference_count,
        "rwlock": _rwlock,
    },
    fault="got wrong",
)
