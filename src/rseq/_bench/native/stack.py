"""A push and a pop: onto an array of this CPU, onto this CPU's list under its lock, and onto one list for all.

Nobody loses an item, and nobody gets one twice: what was pushed less what was popped is what is left.
"""

from __future__ import annotations

from typing import Any

from rseq._bench.native.lists import HELPERS, Lists, balanced, under_mutex
from rseq._bench.native.loop import SLOT_BYTES, Body, Loops, function, implementation, mutexes, slot_of, work
from rseq._bench.native.ours import Site, ours
from rseq._bench.run import Implementation, Operation
from rseq._language.compiled import Compiled
from rseq._structures.stack import Stack
from rseq._structures.structure import bound_of
from rseq._thread.cpus import possible_cpus

__all__ = ["STACK"]

_ITEM = 1 << 40
"""What the sums count as one item; the lower bits tell items apart."""
_CAPACITY = 64

_TAGGED = f"""
define internal void @push_tagged(ptr %head, ptr %nodes, i64 %number) alwaysinline nounwind {{
entry:
  %node = call ptr @slot(ptr %nodes, i64 %number, i64 {SLOT_BYTES})
  %first = load atomic i64, ptr %head monotonic, align 8
  br label %try
try:
  %old = phi i64 [ %first, %entry ], [ %seen, %try ]
  %next = and i64 %old, 4294967295
  store atomic i64 %next, ptr %node monotonic, align 8
  %tag = sub i64 %old, %next
  %new.tag = add i64 %tag, 4294967296
  %new = or i64 %new.tag, %number
  %pair = cmpxchg ptr %head, i64 %old, i64 %new release monotonic
  %seen = extractvalue {{ i64, i1 }} %pair, 0
  %done = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %done, label %end, label %try
end:
  ret void
}}

define internal i64 @pop_tagged(ptr %head, ptr %nodes) alwaysinline nounwind {{
entry:
  %first = load atomic i64, ptr %head acquire, align 8
  br label %look
look:
  %old = phi i64 [ %first, %entry ], [ %seen, %try ]
  %number = and i64 %old, 4294967295
  %empty = icmp eq i64 %number, 0
  br i1 %empty, label %end, label %try
try:
  %node = call ptr @slot(ptr %nodes, i64 %number, i64 {SLOT_BYTES})
  %next = load atomic i64, ptr %node monotonic, align 8
  %tag = sub i64 %old, %number
  %new.tag = add i64 %tag, 4294967296
  %new = or i64 %new.tag, %next
  %pair = cmpxchg ptr %head, i64 %old, i64 %new acquire acquire
  %seen = extractvalue {{ i64, i1 }} %pair, 0
  %done = extractvalue {{ i64, i1 }} %pair, 1
  br i1 %done, label %end, label %look
end:
  ret i64 %number
}}
"""

_PUSHED_LESS_POPPED = "  %answer = sub i64 %held, %held.next\n"
_PUSH = "  call void @push_some(ptr %{slot}.head, ptr %fourth, i64 %held)"
_POP = "  %held.next = call i64 @pop(ptr %{slot}.head, ptr %fourth)"

_LOOPS = Loops(
    {
        "sched_getcpu_mutex": Body(
            slot_of("sched_getcpu", "a")
            + under_mutex("a", _PUSH.format(slot="a"))
            + slot_of("sched_getcpu", "b")
            + under_mutex("b", _POP.format(slot="b"))
            + _PUSHED_LESS_POPPED
        ),
        "mutex": Body(
            under_mutex("a", _PUSH.format(slot="a")) + under_mutex("b", _POP.format(slot="b")) + _PUSHED_LESS_POPPED,
            before="  %a = getelementptr i8, ptr %memory, i64 0\n  %b = getelementptr i8, ptr %memory, i64 0",
        ),
        "tagged": Body(
            "  call void @push_tagged(ptr %memory, ptr %fourth, i64 %held)\n"
            "  %held.next = call i64 @pop_tagged(ptr %memory, ptr %fourth)\n" + _PUSHED_LESS_POPPED
        ),
    },
    helpers=HELPERS + _TAGGED,
)


def _baseline(name: str, label: str, loop: str, workers: int) -> Implementation:
    lists = Lists(workers, 0) if loop == "tagged" else Lists(workers)
    calls = (
        (function("sched_getcpu"), *mutexes(lists.heads.address, possible_cpus())) if loop != "tagged" else (0, 0, 0)
    )
    words = [(lists.heads.address, *calls, lists.nodes.address, worker + 1) for worker in range(workers)]
    return implementation(name, label, work(_LOOPS[loop], words), lists.missing)


def _sched_getcpu_mutex(workers: int) -> Implementation:
    return _baseline("sched_getcpu-mutex", "sched_getcpu + per-CPU mutex, list", "sched_getcpu_mutex", workers)


def _mutex(workers: int) -> Implementation:
    return _baseline("mutex", "one pthread mutex, list", "mutex", workers)


def _tagged(workers: int) -> Implementation:
    return _baseline("tagged", "one list, tagged compare-and-swap", "tagged", workers)


def _turn(site: Site, push: Compiled, pop: Compiled) -> Any:
    value = site.emit.or_(site.emit.and_(site.i, _ITEM - 1), _ITEM)
    pushed = site.emit.choose(site.run(push, value), value, 0)
    return site.emit.sub(pushed, site.run(pop, nothing=0))


def _rseq(workers: int) -> Implementation:
    stack = Stack(_CAPACITY)

    def left() -> int:
        return sum(int(lane["slots"][: lane["count"]].sum()) for lane in stack.storage.per_cpu())

    loop = ours(_turn, bound_of(stack, "push").code, bound_of(stack, "pop").code)
    return implementation("rseq", "rseq", work(loop, [stack.storage.place] * workers), balanced(left, _ITEM))


STACK = Operation(
    name="stack",
    title="push and pop, native loop",
    unit="item",
    reference="rseq",
    makers={
        "rseq": _rseq,
        "sched_getcpu-mutex": _sched_getcpu_mutex,
        "tagged": _tagged,
        "mutex": _mutex,
    },
)
