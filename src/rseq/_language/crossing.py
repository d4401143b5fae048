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

from rseq._language import ir
from rseq._language.copies import Copies
from rseq._language.scope import Meaning
from rseq._language.types import SCALARS, Pointer, RecordType, boolean

__all__ = ["ACTING", "CROSSING", "Crossing"]

CROSSING = {
    "lane": 2,
    "lanes": 1,
    "load_acquire": 1,
    "store_release": 2,
    "compare_exchange": 3,
    "full_fence": 0,
    "relax": 0,
    "sched_yield": 0,
    "fence": 1,
    "thread_id": 0,
    "thread_ended": 1,
    "took_over": 1,
    "refuse": 1,
}
"""The operations, with the number of their arguments."""

ACTING = frozenset(CROSSING) - {"lane", "lanes", "thread_id"}
"""Those of them that do something, or see what others have done by then."""


class Crossing(Copies):
    """The part of the parser that reads operations which cross CPUs."""

    def crossing(self, node: ast.Call, name: str, into: str | None) -> Meaning | None:
        """Emit the operation called `name`; what it comes to."""
        if not self.scope.is_routine and name != "load_acquire":
            message = f"{name}() crosses CPUs, and a sequence works on its own"
            fix = "call it in a @rseq.routine; a sequence's own order is `release=True` and `acquire=True`"
            raise self.scope.refuse(node, "crossing-in-sequence", message, fix)
        result: Meaning | None = getattr(self, f"_{name}")(node, into)
        return result

    def _lanes(self, node: ast.Call, into: str | None) -> Meaning:
        self._require_lane(node)
        count = self.scope.target(into, SCALARS["u64"])
        self.scope.emit(ir.LaneCount(count, self.scope.span(node)))
        return count

    def _lane(self, node: ast.Call, into: str | None) -> Meaning:
        scope, span = self.scope, self.scope.span(node)
        self._require_lane(node)
        number, count = self._any_index(node.args[1]), scope.temporary(SCALARS["u64"])
        scope.emit(ir.LaneCount(count, span))
        fault = f"{ast.unparse(node.args[1])} is no lane's number"
        scope.emit(self._new_check(number, count, "the lanes", node.args[1], fault=fault))
        there = scope.target(into, Pointer(scope.record, lane=True))
        scope.emit(ir.OtherLane(there, number, span))
        return there

    def _require_lane(self, node: ast.Call) -> None:
        lane = node.args[0]
        if not isinstance(lane, ast.Name) or lane.id != self.scope.lane:
            wanted = self.scope.lane or "the record"
            fix = f"write {wanted}" if self.scope.lane else "give this function the record too: cpu"
            raise self.scope.refuse(node, "wrong-arguments", f"{ast.unparse(node.func)}() takes {wanted} first", fix)

    def _load_acquire(self, node: ast.Call, into: str | None) -> Meaning:
        address = self.address(node.args[0])
        target = self.scope.target(into, address.type)
        self.scope.emit(ir.Load(target, address, self.scope.span(node), acquire=True))
        return target

    def _store_release(self, node: ast.Call, into: str | None) -> None:
        address = self.address(node.args[0])
        super().require_writable(address, node.args[0])
        source = self.value(node.args[1], address.type)
        self.scope.emit(ir.Store(address, source, self.scope.span(node), release=True))

    def _compare_exchange(self, node: ast.Call, into: str | None) -> Meaning:
        address = self.address(node.args[0])
        super().require_writable(address, node.args[0])
        if address.type.is_float or isinstance(address.type, Pointer):
            message = f"compare_exchange() compares integers; {address.text} is {address.type}"
            raise self.scope.refuse(node, "types-differ", message, "keep an integer there")
        expected, desired = (self.value(argument, address.type) for argument in node.args[1:])
        done = self.scope.target(into, boolean)
        self.scope.emit(ir.CompareExchange(done, address, expected, desired, self.scope.span(node)))
        return done

    def _full_fence(self, node: ast.Call, into: str | None) -> None:
        self.scope.emit(ir.Barrier("full_fence", self.scope.span(node)))

    def _relax(self, node: ast.Call, into: str | None) -> None:
        self.scope.emit(ir.Barrier("relax", self.scope.span(node)))

    def _sched_yield(self, node: ast.Call, into: str | None) -> None:
        self.scope.emit(ir.Barrier("sched_yield", self.scope.span(node)))

    def _fence(self, node: ast.Call, into: str | None) -> Meaning:
        number, done = self._any_index(node.args[0]), self.scope.target(into, boolean)
        self.scope.emit(ir.Fence(done, number, self.scope.span(node)))
        return done

    def _thread_id(self, node: ast.Call, into: str | None) -> Meaning:
        number = self.scope.target(into, SCALARS["u64"])
        self.scope.emit(ir.Thread("thread_id", number, None, self.scope.span(node)))
        return number

    def _thread_ended(self, node: ast.Call, into: str | None) -> Meaning:
        of, ended = self.value(node.args[0], SCALARS["u64"]), self.scope.target(into, boolean)
        self.scope.emit(ir.Thread("thread_ended", ended, of, self.scope.span(node)))
        return ended

    def _took_over(self, node: ast.Call, into: str | None) -> Meaning:
        of, said = self.value(node.args[0], SCALARS["u64"]), self.scope.target(into, boolean)
        self.scope.emit(ir.Thread("took_over", said, of, self.scope.span(node)))
        return said

    def _refuse(self, node: ast.Call, into: str | None) -> None:
        self.scope.emit(ir.Refuse(self.value(node.args[0], SCALARS["u64"]), self.scope.span(node)))

    def require_writable(self, address: ir.Address, node: ast.expr) -> None:
        """A lane's record is stored to by its own sequences, and by nobody else with a plain store."""
        type = None if address.base is None else address.base.type
        if isinstance(type, Pointer) and type.lane and isinstance(type.target, RecordType):
            message = f"{ast.unparse(node)} is in another CPU's lane"
            why = "its own CPU stores there with plain instructions, and may be doing so now"
            fix = "use rseq.store_release() for a word that only others store to"
            raise self.scope.refuse(node, "store-in-other-lane", message, fix, why)
        super().require_writable(address, node)
