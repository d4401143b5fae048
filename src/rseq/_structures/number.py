"""Types of numbers by name: what users call them, and which number of one is the worst."""

from __future__ import annotations

inf = float("inf")

_NAMES = frozenset(("f32", "f64", "i16", "i32", "i64", "u16", "u32", "u64"))
"""Texts that mean one thing, and no bool."""


def as_name(dtype: object, purpose: str) -> str:
    """The language's name of a number, which there is to `purpose`. Raises: TypeError - it is none, or a bool."""
    if type(dtype) is str and dtype in _NAMES:
        return dtype
    from rseq._language.dtypes import as_scalar

    scalar = as_scalar(dtype)
    if scalar.kind == "bool":
        raise TypeError(f"expected a number to {purpose}; got bool")
    return scalar.name


def worst_of(type: str, is_max: bool) -> int | float:
    """What nothing is worse than."""
    if type.startswith("f"):
        return -inf if is_max else inf
    bits, is_signed = int(type[1:]), type.startswith("i")
    lowest = -(1 << bits - 1) if is_signed else 0
    return lowest if is_max else lowest + (1 << bits) - 1
