"""Inline functions: what `@rseq.inline` makes of a function. How a call of one is read is in `parser/calls.py`."""

from __future__ import annotations

from rseq._quick import Generic, wrap

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, ParamSpec, TypeVar

    from rseq._language import ir
    from rseq._language.signature import Signature

    P = ParamSpec("P")
    R = TypeVar("R")


class Inline(Generic["P", "R"]):
    """A function that sequences, routines and other inline functions call. Made by `@rseq.inline`.

    From Python, one that takes nothing but numbers can be called too: it computes what it would compute there, with
    the language's arithmetic. That is slow, and meant for tests. `standalone` parses it as a function of its own, with
    its parameters, or with constants for them.
    """

    __name__: str
    __qualname__: str

    def __init__(
        self,
        function: Callable[..., Any],
        signature: Signature | Callable[[], Signature],
        standalone: Callable[[Inline[..., Any], Sequence[ir.Operand]], ir.Body],
    ) -> None:
        wrap(self, function)
        self.function = function
        self._signature, self._standalone = signature, standalone
        self._bodies: dict[tuple[ir.Operand, ...], ir.Body] = {}
        self.said: Any = None
        """What the function says, if all of that is known (outside.py)."""

    @property
    def signature(self) -> Signature:
        """What it takes and returns; it may be read when somebody asks."""
        if callable(self._signature):
            self._signature = self._signature()
        return self._signature

    @property
    def takes_numbers_only(self) -> bool:
        """True if it reaches no memory: it takes no record, pointer or buffer."""
        from rseq._language.types import Scalar

        return self.signature.record is None and all(isinstance(one.type, Scalar) for one in self.signature.parameters)

    def __call__(self, *arguments: P.args, **keywords: P.kwargs) -> R:
        """What the function computes of numbers.

        Raises: TypeError - it takes more than numbers, or these do not fit. OverflowError - a number does not fit its
        type. CompileError - the language does not accept it.
        """
        from rseq._language import ir
        from rseq._language.interpret import Memory, run
        from rseq._language.signature import Nothing
        from rseq._language.types import Scalar

        returned = self.signature.result
        if not self.takes_numbers_only or not (returned is None or isinstance(returned, Scalar)):
            raise TypeError(
                f"{self.__name__}() works on memory of sequences, which call it; from Python call a sequence that does"
            )
        given = self._given(arguments, keywords)
        body = self._body(given)
        if any(isinstance(op, (ir.Clock, ir.ClockFrequency)) for op in body.ops):
            raise TypeError(f"{self.__name__}() reads the clock of a CPU; it is called in sequences and routines only")
        result: Any = run(body, Memory.of(Nothing), given[: len(body.parameters)])
        return result  # type: ignore[no-any-return]

    def _given(self, arguments: tuple[object, ...], keywords: Mapping[str, object]) -> list[int | float]:
        from rseq._language.given import defaults_of, in_order, number

        parameters = self.signature.parameters
        names, defaults = [one.name for one in parameters], defaults_of(parameters, self.signature.defaults)
        given = in_order(self.__name__, names, defaults, arguments, keywords)
        return [number(self.__name__, *pair) for pair in zip(parameters, given, strict=True)]

    def _body(self, given: Sequence[int | float]) -> ir.Body:
        """The function as a whole: for any numbers, or if it needs constants (a loop's bounds), for these."""
        from rseq._language.errors import CompileError

        parameters = self.signature.parameters
        try:
            return self._body_for(parameters)
        except CompileError:
            return self._body_for(tuple(map(_constant, given, parameters)))

    def _body_for(self, values: tuple[ir.Operand, ...]) -> ir.Body:
        if values not in self._bodies:
            self._bodies[values] = self._standalone(self, values)
        return self._bodies[values]

    def __repr__(self) -> str:
        return f"<rseq.inline {self.__qualname__}>"


def _constant(number: int | float, parameter: ir.Value) -> ir.Operand:
    from rseq._language import ir
    from rseq._language.types import Buffer

    assert not isinstance(parameter.type, Buffer)
    return ir.Const(number, parameter.type)
