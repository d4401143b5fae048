"""What registers of 32 bits cannot hold, in the user's words."""

from __future__ import annotations

from collections.abc import Iterator

from rseq._language import ir
from rseq._language.errors import Span
from rseq._language.section import Section
from rseq._language.types import Word


def wide_integers(section: Section) -> Iterator[tuple[str, Span]]:
    """What the section would have in registers of 64 bits, and where: `n is an i64`."""
    for what, type, span in _held(section):
        if type.is_integer and type.bits == 64:
            yield what, span


def _held(section: Section) -> Iterator[tuple[str, Word, Span]]:
    """What the section has in registers, as the user knows it: parameters, what is in memory, the rest."""
    apart = _only_indexes(section)
    for value in section.body.parameters:
        if value not in apart:
            yield f"{value} is {_article(value.type)}", value.type, section.body.span
    for op in section.ops:
        for place in op.places:
            yield f"{place} is {_article(place.type)}", place.type, op.span
        if isinstance(op, ir.Clock):
            yield "clock() is a u64", op.target.type, op.span
    for op in section.ops:
        for value in (*op.results, *op.used):
            if value not in apart:
                yield f"`{op}` computes in {value.type}", value.type, op.span


def _only_indexes(section: Section) -> set[ir.Value]:
    """Parameters that only choose an element, which is checked before the section: their low words will do."""
    checked = {check.index for check in section.body.checks if isinstance(check.length, int)}
    for op in section.ops:
        others = list(op.used)
        for place in op.places:
            if place.index is not None:
                others.remove(place.index)
        checked -= set(others)
    return checked


def _article(type: Word) -> str:
    return f"an {type}" if str(type).startswith("i") else f"a {type}"
