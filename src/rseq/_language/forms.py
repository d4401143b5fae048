"""Numbers that are known only when a sequence runs, as sums: 8 * n + 16, or w - 2 * (w >> 1) for w & 1.

A `Form` is a constant and multiples of symbols, modulo 2**64, as registers compute. What is no sum (a product of two
registers, a load) is a symbol of its own; `&`, `|`, `^` and `%` by constants, and what wraps in a narrow type, leave a
multiple of a power of two open. So `w & 1` and `(w + 1) & 1` differ by an odd number, whatever w is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from rseq._integers import signed

_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Form:
    """A sum: `constant`, and each symbol (by number) times its factor. Factors are not 0; all is modulo 2**64."""

    constant: int = 0
    terms: tuple[tuple[int, int], ...] = ()

    def __add__(self, other: Form) -> Form:
        return _sum(self, other, 1)

    def __sub__(self, other: Form) -> Form:
        return _sum(self, other, -1)

    def times(self, factor: int) -> Form:
        """The sum, multiplied by a constant."""
        return _made(self.constant * factor, {symbol: by * factor for symbol, by in self.terms})

    @property
    def symbols(self) -> tuple[int, ...]:
        """The symbols of the sum."""
        return tuple(symbol for symbol, _ in self.terms)

    @cached_property
    def step(self) -> int:
        """A power of two that divides what is not constant, whatever the symbols are; 2**64 if all is constant."""
        return 1 << min((trailing_zeros(by) for _, by in self.terms), default=64)

    def renamed(self, names: Mapping[int, int]) -> Form:
        """The sum with other symbols: `names` says which."""
        return _made(self.constant, {names.get(symbol, symbol): by for symbol, by in self.terms})

    def multiple(self, of: Form, bits: int) -> int:
        """A k so that the sum is k * (`of` + some multiple of 2**bits), or 0 if there is none.

        If `of` is no multiple of 2**bits, the sum is not 0: a k is only found if k * 2**bits does not wrap to 0 before.
        """
        symbol, by = of.terms[0] if of.terms else (0, 1)
        factor, rest = divmod(signed(dict(self.terms).get(symbol, 0)), signed(by))
        if rest or not factor or trailing_zeros(factor) + bits > 64:
            return 0
        left = self - of.times(factor)
        numbers = (left.constant, *(number for _, number in left.terms))
        return factor if all(signed(number) % (factor << bits) == 0 for number in numbers) else 0


def constant(number: int) -> Form:
    """A sum without symbols."""
    return Form(number & _MASK)


def trailing_zeros(number: int) -> int:
    """How often 2 divides `number`, which is not 0."""
    return (number & -number).bit_length() - 1


def _sum(one: Form, other: Form, sign: int) -> Form:
    terms = dict(one.terms)
    for symbol, by in other.terms:
        terms[symbol] = terms.get(symbol, 0) + sign * by
    return _made(one.constant + sign * other.constant, terms)


def _made(number: int, terms: Mapping[int, int]) -> Form:
    kept = ((symbol, by & _MASK) for symbol, by in terms.items() if by & _MASK)
    return Form(number & _MASK, tuple(sorted(kept)))
