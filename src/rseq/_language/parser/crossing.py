"""What crosses CPUs: other lanes' records, and ordered memory operations. All is for routines, but for `load_acquire`.

    there = rseq.lane(cpu, number)              the record in another lane, the spare one last
    rseq.load_acquire(there.tail)               what follows sees what was stored before the release
    rseq.store_release(there.head, tail)        what came before is seen before this is
    rseq.compare_exchange(there.owner, 0, me)   stores if it is what is expected; True if it was
    rseq.full_fence(), rseq.relax(), rseq.sched_yield(), rseq.fence(number)
    rseq.thread_id(), rseq.thread_ended(id)     a number that no other thread ever has; if that thread has ended

A lane's own CPU stores with plain instructions, so nobody else may store to a word that its sequences store to,
unless those have been stopped: by a word that they acquire before they load anything else, and a fence.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import partial

from rseq._language import ir
from rseq._language.op import BarrierName, ThreadName
from rseq._language.parser.expressions import value
from rseq._language.parser.memory import address, in_register, new_check, require_writable
from rseq._language.parser.scope import Meaning, Reader, Scope
from rseq._language.types import SCALARS, Pointer, boolean

_U64 = SCALARS["u64"]


def _lanes(scope: Scope, node: ast.Call, into: str | None) -> Meaning:
    _require_lane(scope, node)
    return scope.emit(ir.LaneCount(scope.target(into, _U64), scope.span(node))).target


def _lane(scope: Scope, node: ast.Call, into: str | None) -> Meaning:
    span = scope.span(node)
    _require_lane(scope, node)
    number, count = in_register(scope, node.args[1]), scope.temporary(_U64)
    scope.emit(ir.LaneCount(count, span))
    fault = f"{ast.unparse(node.args[1])} is no lane's number"
    scope.emit(new_check(scope, number, count, "the lanes", node.args[1], fault=fault))
    return scope.emit(ir.OtherLane(scope.target(into, Pointer(scope.output.record, lane=True)), number, span)).target


def _require_lane(scope: Scope, node: ast.Call) -> None:
    lane = node.args[0]
    if not isinstance(lane, ast.Name) or lane.id != scope.lane:
        wanted = scope.lane or "the record"
        fix = f"write {wanted}" if scope.lane else "give this function the record too: cpu"
        raise scope.refuse(node, "wrong-arguments", f"{ast.unparse(node.func)}() takes {wanted} first", fix)


def _load_acquire(scope: Scope, node: ast.Call, into: str | None) -> Meaning:
    place = address(scope, node.args[0])
    return scope.emit(ir.Load(scope.target(into, place.type), place, scope.span(node), acquire=True)).target


def _store_release(scope: Scope, node: ast.Call, into: str | None) -> None:
    place = address(scope, node.args[0])
    require_writable(scope, place.base, node.args[0])
    source = value(scope, node.args[1], place.type)
    scope.emit(ir.Store(place, source, scope.span(node), release=True))


def _compare_exchange(scope: Scope, node: ast.Call, into: str | None) -> Meaning:
    place = address(scope, node.args[0])
    require_writable(scope, place.base, node.args[0])
    if place.type.is_float or isinstance(place.type, Pointer):
        message = f"compare_exchange() compares integers; {place.text} is {place.type}"
        raise scope.refuse(node, "types-differ", message, "keep an integer there")
    expected, desired = (value(scope, argument, place.type) for argument in node.args[1:])
    done = scope.target(into, boolean)
    return scope.emit(ir.CompareExchange(done, place, expected, desired, scope.span(node))).target


def _barrier(kind: BarrierName, scope: Scope, node: ast.Call, into: str | None) -> None:
    scope.emit(ir.Barrier(kind, scope.span(node)))


def _fence(scope: Scope, node: ast.Call, into: str | None) -> Meaning:
    number, done = in_register(scope, node.args[0]), scope.target(into, boolean)
    return scope.emit(ir.Fence(done, number, scope.span(node))).target


def _thread_id(scope: Scope, node: ast.Call, into: str | None) -> Meaning:
    return scope.emit(ir.Thread("thread_id", scope.target(into, _U64), None, scope.span(node))).target


def _about_thread(kind: ThreadName, scope: Scope, node: ast.Call, into: str | None) -> Meaning:
    of, said = value(scope, node.args[0], _U64), scope.target(into, boolean)
    return scope.emit(ir.Thread(kind, said, of, scope.span(node))).target


def _refuse(scope: Scope, node: ast.Call, into: str | None) -> None:
    scope.emit(ir.Refuse(value(scope, node.args[0], _U64), scope.span(node)))


CROSSING: Mapping[str, tuple[int, Reader]] = {
    "lane": (2, _lane),
    "lanes": (1, _lanes),
    "load_acquire": (1, _load_acquire),
    "store_release": (2, _store_release),
    "compare_exchange": (3, _compare_exchange),
    "full_fence": (0, partial(_barrier, "full_fence")),
    "relax": (0, partial(_barrier, "relax")),
    "sched_yield": (0, partial(_barrier, "sched_yield")),
    "fence": (1, _fence),
    "thread_id": (0, _thread_id),
    "thread_ended": (1, partial(_about_thread, "thread_ended")),
    "took_over": (1, partial(_about_thread, "took_over")),
    "refuse": (1, _refuse),
}
"""The operations: how many arguments each has, and what reads it."""

ACTING = frozenset(CROSSING) - {"lane", "lanes", "thread_id"}
"""Those of them that do something, or see what others have done by then."""
