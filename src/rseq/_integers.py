"""Whole numbers as machines have them."""

from __future__ import annotations


def round_up(number: int, multiple: int) -> int:
    """The smallest multiple of `multiple` that is not below `number`."""
    return -(-number // multiple) * multiple


def signed(number: int, bits: int = 64) -> int:
    """The number with a sign that has the low `bits` bits of `number`."""
    half = 1 << (bits - 1)
    return (number + half) % (2 * half) - half
