"""Negative constants beside unsigned numbers: what the type's own arithmetic makes of them, or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rseq
from rseq import u8, u16, u32, u64

MASK = ~15
TOP = ~(1 << 63)


class Bits(rseq.Record):
    wide: u64
    byte: u8


@rseq.sequence
def align(cpu: Bits, x: u64) -> u64:
    return x & ~15


@rseq.sequence
def align_by_name(cpu: Bits, x: u64) -> u64:
    return MASK & x


@rseq.sequence
def without_top(cpu: Bits, x: u64) -> u64:
    return x & TOP


@rseq.sequence
def less_one(cpu: Bits, x: u64) -> u64:
    return x + -1


@rseq.sequence
def more_one(cpu: Bits, x: u64) -> u64:
    return x - -1


@rseq.sequence
def below(cpu: Bits, x: u64) -> u64:
    return -1 - x


@rseq.sequence
def negated(cpu: Bits, x: u32) -> u32:
    return x * -3


@rseq.sequence
def flipped(cpu: Bits, x: u16) -> u16:
    return x ^ -1


@rseq.sequence
def filled(cpu: Bits, x: u8) -> u8:
    return -128 | x


@rseq.sequence
def in_place(cpu: Bits, x: u8) -> u8:
    x &= ~3
    return x


WIDTHS: list[tuple[Any, int, Callable[[int], int]]] = [
    (align, 64, lambda x: x & ~15),
    (align_by_name, 64, lambda x: x & ~15),
    (without_top, 64, lambda x: x & ~(1 << 63)),
    (less_one, 64, lambda x: x - 1),
    (more_one, 64, lambda x: x + 1),
    (below, 64, lambda x: -1 - x),
    (negated, 32, lambda x: x * -3),
    (flipped, 16, lambda x: x ^ -1),
    (filled, 8, lambda x: x | -128),
    (in_place, 8, lambda x: x & ~3),
]


@pytest.mark.parametrize(("sequence", "bits", "meant"), WIDTHS, ids=[one[0].__name__ for one in WIDTHS])
def test_it_wraps_around_as_the_types_arithmetic_does(sequence: Any, bits: int, meant: Callable[[int], int]) -> None:
    bound = sequence.bind(rseq.percpu(Bits))
    for x in (0, 1, 15, 16, 2 ** (bits - 1) - 1, 2 ** (bits - 1), 2**bits - 1):
        assert bound(x) == meant(x) % 2**bits


def test_an_unrolled_loop_clears_each_bit() -> None:
    @rseq.sequence
    def single(cpu: Bits, x: u64) -> u64:
        for k in range(8):
            if x & ~(1 << k) == 0:
                return x
        return 0

    bound = single.bind(rseq.percpu(Bits))
    assert [bound(x) for x in (1, 2, 3, 64, 256)] == [1, 2, 0, 64, 0]


def compared(cpu: Bits, x: u64) -> bool:
    return x == -1


def divided(cpu: Bits, x: u64) -> u64:
    return x // -2


def shifted(cpu: Bits, x: u64) -> u64:
    return x >> -1


def stored(cpu: Bits, x: u64) -> None:
    cpu.wide = -1


@pytest.mark.parametrize("function", [compared, divided, shifted, stored])
def test_where_the_two_differ_it_is_refused(function: Any) -> None:
    with pytest.raises(rseq.CompileError, match=r"(?s)-\d does not fit u64 .*or write u64\(-\d\) for its bits"):
        rseq.sequence(function)


def test_the_bits_of_a_negative_constant_are_written_as_a_conversion() -> None:
    @rseq.sequence
    def store(cpu: Bits, x: u64) -> bool:
        cpu.wide = u64(-1)
        return x == u64(-1)

    storage = rseq.percpu(Bits)
    assert store.bind(storage)(2**64 - 1)
    assert storage.per_cpu()["wide"].max() == 2**64 - 1


def too_low(cpu: Bits, x: u8) -> u8:
    return x & ~256


def often(cpu: Bits, x: u64) -> bool:
    for k in range(8):  # noqa: SIM110
        if x == ~(1 << k):
            return True
    return False


def test_more_bits_than_the_type_has_are_refused() -> None:
    with pytest.raises(rseq.CompileError, match=r"-257 does not fit u8 \(0 … 255\)"):
        rseq.sequence(too_low)


def test_one_line_of_an_unrolled_loop_is_reported_once() -> None:
    with pytest.raises(rseq.CompileError) as caught:
        rseq.sequence(often)
    assert len(caught.value.diagnostics) == 1
