"""What branches have found out about the numbers in registers."""

from __future__ import annotations

from dataclasses import dataclass

from rseq._integers import signed
from rseq._language.forms import Form
from rseq._language.numbers import compare
from rseq._language.op import ComparisonName


@dataclass(frozen=True)
class Unequal:
    """Something that a branch has found out: `difference` is not 0, nor any other multiple of 2**bits."""

    difference: Form
    bits: int


@dataclass(frozen=True)
class Within:
    """Something that a branch has found out: a number, of a type with a sign or without, lies between two."""

    form: Form
    is_signed: bool
    low: int
    high: int

    def contradicts(self, other: Fact) -> bool:
        """True if not both can be."""
        if not isinstance(other, Within):
            return False
        is_one = (self.form, self.is_signed) == (other.form, other.is_signed)
        return is_one and max(self.low, other.low) > min(self.high, other.high)


@dataclass(frozen=True)
class Answer:
    """Something that a branch has found out: how two numbers compare."""

    question: tuple[Form, Form, ComparisonName]
    yes: bool

    def contradicts(self, other: Fact) -> bool:
        """True if not both can be."""
        return isinstance(other, Answer) and self.question == other.question and self.yes != other.yes

    @property
    def cannot_be(self) -> bool:
        """True if two constants compare otherwise: nothing is executed where this has been found out.

        Of numbers below 0 it says nothing, as those without a sign may have the same bits.
        """
        left, right, how = self.question
        if left.terms or right.terms:
            return False
        numbers = signed(left.constant), signed(right.constant)
        return min(numbers) >= 0 and compare(numbers[0], how, numbers[1]) != self.yes


Fact = Within | Answer
