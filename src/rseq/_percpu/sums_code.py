"""The machine code that adds lanes up (sums.py).

Each number is loaded in one piece, by an atomic load without an order (`monotonic`): LLVM neither splits nor joins
those, so it makes no vectors of them. Eight lanes are added at a time, and then what is left: so the sums are loaded
and stored less often than the numbers. Lanes are added in order, which is the order of a float's roundings.
"""

from __future__ import annotations

from typing import Any

from rseq._codegen.writer import DOUBLE, I64, VOID, Process, Writer

_TOGETHER = (8, 4, 3, 2, 1)
"""How many lanes are added at a time, as long as there are so many."""


def write(code: Process) -> list[str]:
    """Write it into a module; the names of the functions."""
    for name, type in (("sum_i64", I64), ("sum_f64", DOUBLE)):
        _write_sum(code.function(name, VOID, [I64] * 5), type)
    return ["sum_i64", "sum_f64"]


def _write_sum(emit: Writer, type: Any) -> None:
    """`void sum(uint64_t base, stride, lanes, count, sums)`: add `count` numbers of each lane to `sums`; not for 0."""
    first = I64(0)
    for together in _TOGETHER:
        first = _write_pass(emit, type, first, together)
    emit.ret()


def _write_pass(emit: Writer, type: Any, first: Any, together: int) -> Any:
    """Emit: add lanes from `first` on, `together` at a time, as long as there are so many; the first that is left."""
    base, stride, lanes, count, sums = emit.arguments
    turn, number = emit.label("lanes", I64), emit.label("numbers", I64)
    emit.jump(turn, first)
    (lane,) = emit.here(turn)
    following = emit.add(lane, together)
    with emit.if_(emit.compare(following, "<=", lanes)):
        heads = [emit.add(base, emit.mul(stride, emit.add(lane, one))) for one in range(together)]
        emit.jump(number, 0)
        (at,) = emit.here(number)
        place = emit.item(sums, at, I64)
        found = emit.load(place, 0, type, align=8)
        for head in heads:
            more = emit.load(emit.item(head, at, I64), 0, type, order="monotonic", align=8)
            found = emit.add(found, more) if type == I64 else emit.llvm.fadd(found, more)
        emit.store(found, place, align=8)
        after = emit.add(at, 1)
        with emit.if_(emit.compare(after, "<", count)):
            emit.jump(number, after)
        emit.jump(turn, following)
    return lane
