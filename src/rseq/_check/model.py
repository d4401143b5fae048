"""What should have happened: whole operations in some order, as the interpreter runs them.

A run is a list of events (others operate, the thread is moved) and, somewhere among them, one operation, the
victim, that happens as a whole. `Orders` are the places that it may still have had: for each the memory that
there would be. Whoever interrupts looks at the live memory, and so does the end; an order whose memory looks
otherwise is out. If none is left, the code is wrong.

What is live in a lane are the fields that are not `prepared`, and what the record's `live(lane)` returns for
those that are. What is live in rows is what a live pointer leads to, and there the same fields. The rows and buffers of
the victim are looked at in the end, if it has committed: what is there may be meant for its caller. What an earlier
attempt has left there is right only where the caller is told which part counts (`Restarts.told`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from rseq._check.code import Bytes, Operation
from rseq._check.machine import LANES, Outcome
from rseq._check.reached import Reached
from rseq._check.said import said_of
from rseq._check.states import CPUS, Arguments, Cases, row_size
from rseq._language import ir
from rseq._language.interpret import FaultError, Memory, run
from rseq._language.restarts import Restarts
from rseq._language.types import SCALARS, Array, Buffer, Field, Index, Pointer, RecordType, Word

FAULT = Outcome(None, "FaultError")

_BYTE = SCALARS["u8"]


Place = tuple[int, Word]
"""A number in a row, by its offset in lanes and rows."""


class Ran(NamedTuple):
    """A whole operation: what it came to, the memory after it, and what it stored in rows, if it committed."""

    outcome: Outcome
    shared: bytes
    stored: tuple[Place, ...] = ()


@dataclass(frozen=True)
class Order:
    """What there would be: lanes and rows, and what the victim came to and stored in rows, if it has happened."""

    shared: bytes
    outcome: Outcome | None = None
    stored: tuple[Place, ...] = ()


Orders = frozenset[Order]


class Model:
    """The interpreter on lanes and rows as bytes. Everything is worked out once."""

    def __init__(self, cases: Cases, reached: Reached | None = None) -> None:
        self._cases, self._record = cases, cases.record
        self._reached = reached or Reached()
        self._ran: dict[Any, Ran] = {}
        self._told: dict[Operation, list[tuple[ir.Value, range]]] = {}
        self._live: dict[bytes, int] = {}
        self._numbers: dict[str, int] = {}
        self._grown: dict[Any, list[tuple[int, Order]]] = {}
        self._order = cases.order

    def run(self, operation: Operation, arguments: Arguments, lane: int, shared: bytes) -> Ran:
        """A whole operation on `lane`."""
        key = operation, arguments, lane, shared
        if key not in self._ran:
            self._ran[key] = self._run(*key)
        return self._ran[key]

    def _run(self, operation: Operation, arguments: Arguments, lane: int, shared: bytes) -> Ran:
        block = bytearray(shared)
        memory = _Watched({LANES: block}, LANES, self._cases.stride, self._order)
        pairs = zip(operation.body.parameters, arguments, strict=True)
        targets = ((at, _target(value.type)) for value, at in pairs)
        memory.remember(self._cases, lane, [range(int(at), int(at) + row_size(to)) for at, to in targets if to])
        memory.watch = self._reached.watch
        self._reached.begin(operation.body)
        try:
            outcome = Outcome(run(operation.body, memory, arguments, cpu=lane))
        except (IndexError, ValueError) as refused:
            outcome = Outcome(None, type(refused).__name__)
            self._reached.refused(operation.body, outcome.error)
        except FaultError:
            outcome = FAULT
        if not memory.committed:
            return Ran(outcome, bytes(block))
        return Ran(outcome, bytes(block), (*memory.stored, *self._untouched(operation, arguments, memory.stored)))

    def _untouched(self, operation: Operation, arguments: Arguments, stored: list[Place]) -> Iterable[Place]:
        """The bytes of given rows and buffers that a run has left as they were, where the caller looks at them."""
        touched = {at + place for at, type in stored for place in range(type.size)}
        given = set[int]()
        for value, argument in zip(operation.body.parameters, arguments, strict=True):
            target = _target(value.type)
            if target and argument:
                start = self._address(value.type, int(argument)) if isinstance(value.type, Pointer) else int(argument)
                given |= {start - LANES + place for place in range(row_size(target))}
                for hidden in self._hidden(operation, value):
                    touched |= {
                        start - LANES + place for place in range(hidden.start, min(hidden.stop, row_size(target)))
                    }
        return ((at, _BYTE) for at in sorted(given - touched))

    def _hidden(self, operation: Operation, value: ir.Value) -> Iterable[range]:
        """Where a given row or buffer may have anything: `prepared` fields, and what the caller is told of."""
        if operation not in self._told:
            self._told[operation] = Restarts(operation.body).told if operation.code.kind == "sequence" else []
        yield from (extent for row, extent in self._told[operation] if row == value)
        record = value.type.target if isinstance(value.type, Pointer) else None
        for field in record.fields.values() if isinstance(record, RecordType) else ():
            if field.prepared:
                yield field.place

    # ---- orders

    def seen(self, orders: Orders, victim: Operation, arguments: Arguments, lane: int, shared: bytes) -> Orders:
        """The orders in which somebody sees `shared` now. The victim may have happened on `lane` just before."""
        live = self.live(shared)
        return frozenset(order for looks, order in self._until_now(orders, victim, arguments, lane) if looks == live)

    def _until_now(self, orders: Orders, victim: Operation, arguments: Arguments, lane: int) -> list[tuple[int, Order]]:
        """`orders`, and those in which the victim happens after them, each with what is live then."""
        key = orders, victim, arguments, lane
        if key not in self._grown:
            self._grown[key] = [
                (self.live(order.shared), order) for order in self._grow(orders, victim, arguments, lane)
            ]
        return self._grown[key]

    def _grow(self, orders: Orders, victim: Operation, arguments: Arguments, lane: int) -> Iterable[Order]:
        for order in orders:
            yield order
            if order.outcome is None:
                ran = self.run(victim, arguments, lane, order.shared)
                yield Order(ran.shared, ran.outcome, ran.stored)

    def after(self, orders: Orders, operation: Operation, arguments: Arguments, lane: int, outcome: Outcome) -> Orders:
        """The orders in which `operation` comes to `outcome` now."""
        ran = [(order, self.run(operation, arguments, lane, order.shared)) for order in orders]
        return frozenset(
            Order(then.shared, order.outcome, order.stored) for order, then in ran if then.outcome.same(outcome)
        )

    def has_ended(
        self, orders: Orders, victim: Operation, arguments: Arguments, lane: int, outcome: Outcome, shared: bytes
    ) -> bool:
        """True if there is an order in which the victim has ended with `outcome`, and left `shared`."""
        live = self.live(shared)
        return any(
            looks == live
            and order.outcome is not None
            and order.outcome.same(outcome)
            and self._has_stored(order, shared)
            for looks, order in self._until_now(orders, victim, arguments, lane)
        )

    def _has_stored(self, order: Order, shared: bytes) -> bool:
        return order.shared == shared or all(  # as numbers, where a NaN is as good as another
            repr(struct.unpack_from(self._order + type.code, order.shared, at))
            == repr(struct.unpack_from(self._order + type.code, shared, at))
            for at, type in order.stored
        )

    def possible(self, orders: Orders, victim: Operation, arguments: Arguments, lane: int) -> list[Order]:
        """What might have been, for a report."""
        return [order for order in self._grow(orders, victim, arguments, lane) if order.outcome is not None]

    # ---- what is live

    def live(self, shared: bytes) -> int:
        """A number for what anybody may look at: equal where that is."""
        if shared not in self._live:
            self._live[shared] = self._numbers.setdefault(self._looked_at(shared), len(self._numbers))
        return self._live[shared]

    def _looked_at(self, shared: bytes) -> str:
        stride, size = self._cases.stride, self._record.size
        lanes = [shared[lane * stride : lane * stride + size] for lane in range(CPUS + 1)]
        gaps = [shared[lane * stride + size : (lane + 1) * stride] for lane in range(CPUS + 1)]
        fields = [values(self._record, lane, self._order, prepared=False) for lane in lanes]
        chosen = [chosen_live(self._record, lane, self._order) for lane in lanes]
        return repr((fields, chosen, gaps, self._rows(shared)))

    def _rows(self, shared: bytes) -> list[tuple[int, Any]]:
        """The rows that live pointers lead to, and what is in them."""
        pending = [
            pointer
            for lane in range(CPUS)
            for pointer in self._pointers(self._record, shared, lane * self._cases.stride, prepared=False)
        ]
        found: dict[int, Any] = {}
        while pending:
            target, address = pending.pop()
            at = address - LANES
            if not address or address in found or not 0 <= at <= len(shared) - row_size(target):
                continue
            if isinstance(target, RecordType):
                row = shared[at : at + target.size]
                found[address] = values(target, row, self._order, prepared=False), chosen_live(target, row, self._order)
                pending += self._pointers(target, shared, at, prepared=False)
            else:
                found[address] = struct.unpack_from(self._order + target.code, shared, at)
        return sorted(found.items())

    def _pointers(self, record: RecordType, shared: bytes, at: int, *, prepared: bool) -> Iterable[tuple[Any, int]]:
        for field in record.fields.values():
            if isinstance(field.element, Pointer) and (prepared or not field.prepared):
                for stored in struct.unpack_from(_form(field, self._order), shared, at + field.offset):
                    yield field.element.target, self._address(field.element, stored)

    def _address(self, pointer: Pointer, stored: int) -> int:
        """The address of the row that is meant, 0 for none."""
        if not isinstance(pointer, Index) or not stored:
            return stored
        return self._cases.row(pointer.target, stored - 1)


def _target(type: Word) -> Any:
    """What a parameter of this type leads to; None if that is nothing."""
    return type.target if isinstance(type, Pointer) else Bytes if isinstance(type, Buffer) else None


class _Watched(Memory):
    """Memory that remembers which rows an operation on a lane has stored to, and whether it has committed."""

    def remember(self, cases: Cases, lane: int, given: list[range]) -> None:
        """From now on; `given` are the rows that it is called with."""
        self.given = given
        self.rows, self.stored, self.committed = cases.layout.rows, list[Place](), False
        at = cases.stride * lane + LANES
        prepared = [field.place for field in cases.record.fields.values() if field.prepared]
        self.prepared = [range(at + place.start, at + place.stop) for place in prepared]

    def store(self, address: int, type: Word, number: int | float) -> None:
        """Write the number at `address`."""
        super().store(address, type, number)
        if address >= self.rows:
            self.stored.append((address - LANES, type))
            self.committed |= not any(address in row for row in self.given)
        elif not any(address in place for place in self.prepared):
            self.committed = True

    def write(self, address: int, data: bytes) -> None:
        """Write `data`, which is preparation."""
        super().write(address, data)
        if address >= self.rows:
            self.stored += [(address - LANES + place, _BYTE) for place in range(len(data))]


def chosen_live(record: RecordType, lane: bytes, order: str) -> Any:
    """What the record's `live(lane)` says of its prepared fields; None without one."""
    if not hasattr(record, "live"):
        return None
    chosen = said_of("live", record, lane, order)
    return chosen.tolist() if hasattr(chosen, "tolist") else chosen


def values(record: RecordType, data: bytes, order: str, *, prepared: bool = True) -> dict[str, Any]:
    """The fields of a record by name."""
    found: dict[str, Any] = {}
    for field in record.fields.values():
        if prepared or not field.prepared:
            numbers = struct.unpack_from(_form(field, order), data, field.offset)
            found[field.name] = numbers if isinstance(field.type, Array) else numbers[0]
    return found


def _form(field: Field, order: str) -> str:
    return f"{order}{field.count}{field.element.code}"
