"""A push and a pop: onto an array of this CPU, onto this CPU's list under its lock, and onto one list for all.

Nobody loses an item, and nobody gets one twice: what was pushed less what was popped is what is left.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from rseq._bench.native.lists import HEAD_AT, Lists, balanced, pop, push
from rseq._bench.native.loop import Loops, Turn, function, mutexes, slot, work
from rseq._bench.native.ours import Site, ours
from rseq._bench.run import Implementation, Operation, threaded
from rseq._codegen.writer import I64, Writer
from rseq._language.compiled import Compiled
from rseq._structures.stack import Stack
from rseq._structures.structure import bound_of
from rseq._thread.cpus import possible_cpus

_ITEM = 1 << 40
"""What the sums count as one item; the lower bits tell items apart."""
_CAPACITY = 64

_NUMBER, _TAG = (1 << 32) - 1, 1 << 32
"""The head of a tagged list: a number, and in the upper half a tag that grows with each change."""


def _on_lists(getcpu: str | None, turn: Turn) -> Any:
    """Push the node that is held, if there is one, onto this CPU's list, or the only one; then pop one."""
    emit = turn.emit
    slot = turn.slot(getcpu) if getcpu else turn.memory
    with turn.locked(slot), emit.if_(turn.held):
        push(emit, emit.offset(slot, HEAD_AT), turn.more, turn.held)
    slot = turn.slot(getcpu) if getcpu else turn.memory
    with turn.locked(slot):
        popped = pop(emit, emit.offset(slot, HEAD_AT), turn.more)
    return _pushed_less_popped(turn, popped)


def _on_tagged_list(turn: Turn) -> Any:
    _push_tagged(turn.emit, turn.memory, turn.more, turn.held)
    return _pushed_less_popped(turn, _pop_tagged(turn.emit, turn.memory, turn.more))


def _pushed_less_popped(turn: Turn, popped: Any) -> Any:
    pushed, turn.held = turn.held, popped
    return turn.emit.sub(pushed, popped)


def _push_tagged(emit: Writer, head: Any, nodes: Any, number: Any) -> None:
    node, again, end = slot(emit, nodes, number), emit.label("push", I64), emit.label("pushed")
    emit.jump(again, emit.load(head, order="monotonic"))
    (old,) = emit.here(again)
    following = emit.and_(old, _NUMBER)
    emit.store(following, node, order="monotonic")
    seen, done = _exchange(emit, head, old, following, number, "release", "monotonic")
    emit.branch(done, end, again, seen)
    emit.here(end)


def _pop_tagged(emit: Writer, head: Any, nodes: Any) -> Any:
    look, end = emit.label("look", I64), emit.label("popped")
    emit.jump(look, emit.load(head, order="acquire"))
    (old,) = emit.here(look)
    number = emit.and_(old, _NUMBER)
    take = emit.label("take")
    emit.branch(number, take, end)
    emit.here(take)
    following = emit.load(slot(emit, nodes, number), order="monotonic")
    seen, done = _exchange(emit, head, old, number, following, "acquire", "acquire")
    emit.branch(done, end, look, seen)
    emit.here(end)
    return number


def _exchange(emit: Writer, head: Any, old: Any, was: Any, number: Any, order: str, failed: str) -> tuple[Any, Any]:
    """Emit: let the list begin with another number, and the next tag; what was seen, and whether it was done."""
    new = emit.or_(emit.add(emit.sub(old, was), _TAG), number)
    pair = emit.llvm.cmpxchg(head, old, new, order, failed)
    return emit.llvm.extract_value(pair, 0), emit.llvm.extract_value(pair, 1)


_LOOPS = Loops(
    {
        "sched_getcpu-mutex": partial(_on_lists, "sched_getcpu"),
        "mutex": partial(_on_lists, None),
        "tagged": _on_tagged_list,
    }
)


def _beside(name: str, label: str, workers: int) -> Implementation:
    lists = Lists(workers, 0) if name == "tagged" else Lists(workers)
    calls = (0, 0, 0)
    if name != "tagged":
        calls = function("sched_getcpu"), *mutexes(lists.heads.address, possible_cpus())
    words = [(lists.heads.address, *calls, lists.nodes.address, worker + 1) for worker in range(workers)]
    return threaded(name, label, work(_LOOPS[name], words), lists.missing)


def _turn(site: Site, push: Compiled, pop: Compiled) -> Any:
    value = site.emit.or_(site.emit.and_(site.i, _ITEM - 1), _ITEM)
    pushed = site.emit.choose(site.run(push, value), value, 0)
    return site.emit.sub(pushed, site.run(pop, nothing=0))


def _rseq(workers: int) -> Implementation:
    stack = Stack(_CAPACITY)

    def left() -> int:
        return sum(int(lane["slots"][: lane["count"]].sum()) for lane in stack.storage.per_cpu())

    loop = ours(_turn, bound_of(stack, "push").code, bound_of(stack, "pop").code)
    return threaded("rseq", "rseq", work(loop, [stack.storage.place] * workers), balanced(left, _ITEM))


STACK = Operation(
    name="stack",
    title="push and pop, native loop",
    unit="item",
    makers={
        "rseq": _rseq,
        "sched_getcpu-mutex": partial(_beside, "sched_getcpu-mutex", "sched_getcpu + per-CPU mutex, list"),
        "tagged": partial(_beside, "tagged", "one list, tagged compare-and-swap"),
        "mutex": partial(_beside, "mutex", "one pthread mutex, list"),
    },
)
