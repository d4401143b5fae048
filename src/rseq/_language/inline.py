"""Inline functions: what `@rseq.inline` makes of a function. How a call of one is read is in `parser/calls.py`."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, ParamSpec, TypeVar

from rseq._language import ir
from rseq._language.errors import CompileError
from rseq._language.given import defaults_of, in_order, number
from rseq._language.signature import Signature
from rseq._language.types import Buffer, Record, Scalar, u8

P = ParamSpec("P")
R = TypeVar("R")


class Nothing(Record):
    """The record of a function that has none."""

    nothing: u8


class Inline(Generic[P, R]):
    """A function that sequences, routines and other inline functions call. Made by `@rseq.inline`.

    From Python, one that takes nothing but numbers can be called too: it computes what it would compute there, with
    the language's arithmetic. That is slow, and meant for tests. `standalone` parses it as a function of its own, with
    its parameters, or with constants for them.
    """

    __name__: str
    __qualname__: str

    def __init__(
        self, signature: Signature, standalone: Callable[[Inline[..., Any], Sequence[ir.Operand]], ir.Body]
    ) -> None:
        functools.update_wrapper(self, signature.source.function)
        self.signature, self._standalone = signature, standalone
        self._bodies: dict[tuple[ir.Operand, ...], ir.Body] = {}

    @property
    def takes_numbers_only(self) -> bool:
        """True if it reaches no memory: it takes no record, pointer or buffer."""
        return self.signature.record is None and all(isinstance(one.type, Scalar) for one in self.signature.parameters)

    def __call__(self, *arguments: P.args, **keywords: P.kwargs) -> R:
        """What the function computes of numbers.

        Raises: TypeError - it takes more than numbers, or these do not fit. OverflowError - a number does not fit its
        type. CompileError - the language does not accept it.
        """
        from rseq._language.interpret import Memory, run

        returned = self.signature.result
        if not self.takes_numbers_only or not (returned is None or isinstance(returned, Scalar)):
            raise TypeError(
                f"{self.__name__}() works on memory of sequences, which call it; from Python call a sequence that does"
            )
        given = self._given(arguments, keywords)
        body = self._body(given)
        if any(isinstance(op, ir.Clock) for op in body.ops):
            raise TypeError(f"{self.__name__}() reads the clock of a CPU; it is called in sequences and routines only")
        result: Any = run(body, Memory.of(Nothing), given[: len(body.parameters)])
        return result  # type: ignore[no-any-return]

    def _given(self, arguments: tuple[object, ...], keywords: Mapping[str, object]) -> list[int | float]:
        parameters = self.signature.parameters
        names, defaults = [one.name for one in parameters], defaults_of(parameters, self.signature.defaults)
        given = in_order(self.__name__, names, defaults, arguments, keywords)
        return [number(self.__name__, *pair) for pair in zip(parameters, given, strict=True)]

    def _body(self, given: Sequence[int | float]) -> ir.Body:
        """The function as a whole: for any numbers, or if it needs constants (a loop's bounds), for these."""
        parameters = self.signature.parameters
        with contextlib.suppress(CompileError):
            return self._body_for(parameters)
        return self._body_for(tuple(map(_constant, given, parameters)))

    def _body_for(self, values: tuple[ir.Operand, ...]) -> ir.Body:
        if values not in self._bodies:
            self._bodies[values] = self._standalone(self, values)
        return self._bodies[values]

    def __repr__(self) -> str:
        return f"<rseq.inline {self.__qualname__}>"


def _constant(number: int | float, parameter: ir.Value) -> ir.Operand:
    assert not isinstance(parameter.type, Buffer)
    return ir.Const(number, parameter.type)
