"""Whether each register holds what is read there: by going through a section, without a word from the allocator."""

from __future__ import annotations

from rseq._arch.emitter import Emitter
from rseq._arch.registers import Slot
from rseq._language import ir
from rseq._language.section import END

Holding = dict[Slot, frozenset[ir.Value]]


def check_registers(emitter: Emitter) -> None:
    """Go through the operations, and see that each register holds what is read there, whichever way led there."""
    section, where, scratch = emitter.section, emitter.where, emitter._allocation.scratch
    always = [emitter.status, emitter.area, emitter.base, emitter.stride, emitter.lanes]
    inputs = [where[value] for value in section.body.parameters]
    assert len({*always, *inputs}) == len(always) + len(inputs)
    there: Holding | None = {
        where[value]: frozenset([value]) for value in (*section.body.parameters, section.cpu) if value
    }
    coming: dict[str, Holding] = {}
    for op, extra in zip(section.ops, scratch, strict=True):
        if op.here is not None:
            there = merged(there, coming.pop(op.here, None))
        if there is not None:
            there = follow(op, there, where, extra, [*always, *inputs])
            if op.goes_to is not None:
                coming[op.goes_to] = merged(there, coming.get(op.goes_to))
        there = None if op.ends else there
    for end in (there, coming.get(END)):
        if end is not None:
            assert all(result in end.get(where[result], ()) for result in section.results), "a result is not there"


def follow(op: ir.Op, there: Holding, where: dict[ir.Value, Slot], extra: list[Slot], kept: list[Slot]) -> Holding:
    """What the registers hold after an operation."""
    held = {where[value] for value in op.used}
    for value in op.used:
        assert value in there.get(where[value], ()), f"{op}: {value} is not there"
    assert len({*extra}) == len(extra)
    assert not {*extra} & {*held, *kept, *(where[value] for value in op.results)}, f"{op}: scratch register in use"
    after = {slot: values for slot, values in there.items() if slot not in extra}
    for target in op.results:
        slot = where[target]
        assert slot.is_output, f"{op}: writes to an input"
        assert slot not in kept
        written = {where[value] for value in read_late(op)}
        assert slot not in written, f"{op}: written before all is read"
        same = there[where[op.source]] if isinstance(op, ir.Set) and isinstance(op.source, ir.Value) else frozenset()
        after = {one: values - {target} for one, values in after.items()}
        after[slot] = (same - {target}) | {target}
    return after


def read_late(op: ir.Op) -> list[ir.Value]:
    """What an operation may read after it has written its target."""
    match op:
        case ir.Arithmetic(left=ir.Value() as first) | ir.Set(source=ir.Value() as first):
            pass
        case ir.Convert(source=first) if not first.type.is_float and not op.target.type.is_float:
            pass
        case ir.Locate(address=ir.Address(base=ir.Value(), offset=0, index=ir.Value() as first)):
            pass
        case _:
            return list(op.used)
    return [value for value in op.used if value != first or op.used.count(first) > 1]


def merged(one: Holding | None, other: Holding | None) -> Holding:
    """What registers hold on both ways."""
    if one is None or other is None:
        return dict(one or other or {})
    return {slot: one[slot] & other[slot] for slot in one.keys() & other.keys()}
