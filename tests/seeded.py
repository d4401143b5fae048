"""Bugs to put into machine code: what tests of the checker change in a section, to see that it is noticed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from rseq._arch.base import Assembly, Line
from rseq._language import ir
from rseq._language.section import END
from rseq._language.types import SCALARS

Spoil = Callable[[Assembly], Assembly]


# ---- changes to what is emitted


def _position(assembly: Assembly, label: str) -> int:
    return [line.text for line in assembly.hot].index(label)


def parts_of(assembly: Assembly) -> tuple[list[Line], list[Line], list[Line], list[Line]]:
    """Before start without label 1, the lane's address, the body, and what follows the end, labels included."""
    start, end = _position(assembly, "2:"), _position(assembly, "3:")
    inside = list(assembly.hot[start + 1 : end])
    lane = [line for line in inside if line.comment == "this CPU's lane"]
    body = inside[len(lane) :]
    assert inside == lane + body
    assert assembly.hot[0].text == "1:"
    return list(assembly.hot[1:start]), lane, body, list(assembly.hot[end:])


def _spare_register(assembly: Assembly, lines: list[Line]) -> list[Line]:
    """`lines` with a temporary that is free before the body instead of the status."""
    spare = next(slot for slot in assembly.slots if slot.role == "temporary" and slot.kind == "int")
    return [replace(line, text=re.sub(r"<0(?=[:>])", f"<{spare.number}", line.text)) for line in lines]


def made_of(assembly: Assembly, *hot: Line | list[Line]) -> Assembly:
    lines = [line for part in hot for line in (part if isinstance(part, list) else [part])]
    return replace(assembly, hot=tuple(lines))


RESTART, START = Line("1:"), Line("2:")


def no_descriptor_store(assembly: Assembly) -> Assembly:
    before, lane, body, end = parts_of(assembly)
    return made_of(assembly, RESTART, before[:-1], START, lane, body, end)


def store_after_start(assembly: Assembly) -> Assembly:
    before, lane, body, end = parts_of(assembly)
    return made_of(assembly, RESTART, START, lane, _spare_register(assembly, before), body, end)


def instruction_between_store_and_start(assembly: Assembly) -> Assembly:
    before, lane, body, end = parts_of(assembly)
    return made_of(assembly, RESTART, before, Line("nop"), START, lane, body, end)


def end_before_the_commit(assembly: Assembly) -> Assembly:
    """The descriptor's end is label 3; who leaves the section goes to where that was, which is now 88."""
    before, lane, body, end = parts_of(assembly)
    early = made_of(assembly, RESTART, before, START, lane, body[:-1], Line("3:"), body[-1:], Line("88:"), end[1:])

    def elsewhere(lines: tuple[Line, ...]) -> tuple[Line, ...]:
        return tuple(replace(line, text=re.sub(r"\b3f\b", "88f", line.text)) for line in lines)

    return replace(early, hot=elsewhere(early.hot), cold=elsewhere(early.cold))


def end_late_with_a_second_store(assembly: Assembly) -> Assembly:
    before, lane, body, end = parts_of(assembly)
    return made_of(assembly, RESTART, before, START, lane, body, Line("nop"), body[-1:], end)


def cpu_read_before_the_section(assembly: Assembly) -> Assembly:
    before, lane, body, end = parts_of(assembly)
    return made_of(assembly, RESTART, lane, _spare_register(assembly, before), START, body, end)


def lane_from_cpu_id_start(assembly: Assembly) -> Assembly:
    before, lane, body, end = parts_of(assembly)
    number = replace(lane[0], text=re.sub(r"(?<=[:#, ])4(?=[(\]])", "0", lane[0].text))
    address = [line for line in lane[1:] if not re.search(r"\b9b\b|^cmp", line.text)]
    if assembly.index == "cpu_id":
        assert number != lane[0]
    return made_of(assembly, RESTART, number, address, _spare_register(assembly, before), START, body, end)


def _cold(assembly: Assembly, change: Callable[[list[Line]], list[Line]]) -> Assembly:
    cold = change(list(assembly.cold))
    assert tuple(cold) != assembly.cold
    return replace(assembly, cold=tuple(cold))


def abort_to_start(assembly: Assembly) -> Assembly:
    def change(cold: list[Line]) -> list[Line]:
        handler = [line.text for line in cold].index("4:") + 1
        jump = next(i for i in range(handler, len(cold)) if re.search(r"\b3f\b", cold[i].text))
        return [*cold[:handler], replace(cold[jump], text=cold[jump].text.replace("3f", "2f")), *cold[jump + 1 :]]

    return _cold(assembly, change)


def wrong_signature(assembly: Assembly) -> Assembly:
    signature = assembly.architecture.signature

    def change(cold: list[Line]) -> list[Line]:
        return [replace(line, text=line.text.replace(f"{signature:#x}", f"{signature ^ 1:#x}")) for line in cold]

    return _cold(assembly, change)


# ---- changes to the section's operations


def _again(assembly: Assembly, change: Callable[[list[ir.Op]], list[ir.Op]]) -> Assembly:
    section = assembly.section
    return assembly.architecture.assemble(replace(section, ops=tuple(change(list(section.ops)))), assembly.index)


def input_modified(assembly: Assembly) -> Assembly:
    n = assembly.section.body.parameters[0]

    def change(ops: list[ir.Op]) -> list[ir.Op]:
        one = ir.Const(1, n.type)
        span = ops[0].span
        there = ir.Arithmetic(n, "+", n, one, span)
        back = ir.Arithmetic(n, "-", n, one, span)
        return [ops[0], there, back, *ops[1:]]

    return _again(assembly, change)


def _last_store(ops: list[ir.Op]) -> ir.Store:
    store = ops[-1]
    assert isinstance(store, ir.Store)
    return store


def commit_split(assembly: Assembly) -> Assembly:
    def change(ops: list[ir.Op]) -> list[ir.Op]:
        store, half = _last_store(ops), SCALARS["i16"]
        assert isinstance(store.source, ir.Value)
        places = [replace(store.address, offset=store.address.offset + at, type=half, size=2) for at in (0, 2)]
        low, high = places if assembly.architecture.byteorder == "little" else places[::-1]
        upper = ir.Value("%upper", store.source.type)
        shift = ir.Arithmetic(upper, ">>", store.source, ir.Const(16, store.source.type), store.span)
        return [*ops[:-1], shift, replace(store, address=low), replace(store, address=high, source=upper)]

    return _again(assembly, change)


def two_commit_sites(assembly: Assembly) -> Assembly:
    def change(ops: list[ir.Op]) -> list[ir.Op]:
        store = _last_store(ops)
        rarely = ir.BranchIf(store.source, "==", ir.Const(12345, store.source.type), "other", store.span)
        leave, other = ir.Jump(END, store.span), ir.Label("other", store.span)
        return [*ops[:-1], rarely, store, leave, other, store]

    return _again(assembly, change)
