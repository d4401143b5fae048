"""Small ints are read without a call; every other int, and what is no int, as the C API reads it."""

from __future__ import annotations

import enum

import pytest

import rseq
from rseq import _layout
from rseq._codegen.writer import Process

EDGES = sorted({sign * ((1 << bits) + delta) for bits in range(64) for delta in (-1, 0, 1) for sign in (1, -1)})
FITTING = [number for number in EDGES if -(2**63) <= number < 2**63]


class Colour(enum.IntEnum):
    RED = 5


class Indexed:
    def __index__(self) -> int:
        return -9


def test_this_pythons_layout_is_known() -> None:
    assert _layout.here() is not None


@pytest.mark.parametrize("known", [True, False])
def test_every_int_is_read_as_what_it_is(known: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Process, "layout", _layout.this()._replace(reads_numbers=known))

    class Cell(rseq.Record):
        value: rseq.i64

    @rseq.sequence
    def put(cpu: Cell, n: rseq.i64) -> rseq.i64:
        cpu.value = n
        return n

    bound = put.bind(rseq.percpu(Cell))
    assert [bound(number) for number in FITTING] == FITTING
    assert [bound(thing) for thing in (True, Colour.RED, Indexed())] == [1, 5, -9]  # type: ignore[arg-type]
    for number in set(EDGES) - set(FITTING):
        with pytest.raises(OverflowError):
            bound(number)
    with pytest.raises(TypeError):
        bound("1")  # type: ignore[arg-type]
