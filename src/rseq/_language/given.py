"""What a caller gives for parameters: which argument is for which, and the numbers that they mean.

It says what is wrong with them, too, for all that are called from Python. Machine code reads what is usual by itself
(_builtins/builtin.py).

What Python code raises on the way, of an object or of a signal handler, comes out as it is. CPython's own complaint,
which knows no name of a parameter, becomes a sentence that does.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from typing import Any

from rseq._language import ir
from rseq._language.types import Scalar

_MOST_SHOWN = 100
"""The longest number that a message shows."""

_TOO_LARGE = 1 << 1024
"""No float is that large."""


def defaults_of(parameters: Sequence[ir.Value], defaults: Mapping[str, int | float]) -> dict[str, object]:
    """The defaults of these parameters as a caller would give them; a bool is kept as a number."""
    kinds = {one.name: one.type.kind for one in parameters if isinstance(one.type, Scalar)}
    return {name: bool(value) if kinds[name] == "bool" else value for name, value in defaults.items()}


def in_order(
    title: str,
    names: Sequence[str],
    defaults: Mapping[str, object],
    arguments: Sequence[object],
    keywords: Mapping[str, object],
    order: str = "",
) -> list[object]:
    """A value for each parameter in `names`, as `title(*arguments, **keywords)` gives them.

    `order` is what a message adds where one is missing that is not the first.

    Raises: TypeError - too many or too few values, or a name that there is not.
    """
    if len(arguments) > len(names):
        raise TypeError(f"{title}() takes {_arity(names, defaults)}, got {len(arguments)} positional")
    given = dict(zip(names, arguments, strict=False))
    for keyword, value in keywords.items():
        name = str.__str__(keyword)  # its class may compare as it likes
        if name not in names:
            raise TypeError(f"{title}() has no parameter called {keyword!r}; it has {', '.join(names) or 'none'}")
        if name in given:
            raise TypeError(f"{title}() got two values for '{name}'")
        given[name] = value
    for name in names:
        if name not in given and name not in defaults:
            raise TypeError(f"{title}() needs a value for '{name}'{order if name != names[0] else ''}")
    return [given[name] if name in given else defaults[name] for name in names]


def _arity(names: Sequence[str], defaults: Mapping[str, object]) -> str:
    most, required = len(names), len(names) - len(defaults)
    word = "argument" if most == 1 else "arguments"
    return f"{most} {word}" if required == most else f"{required} to {most} {word}"


def number(title: str, parameter: ir.Value, given: object) -> int | float:
    """The number of the parameter's type that an object is: exactly an int, a float or a bool.

    Raises: TypeError - it is none. OverflowError - it does not fit.
    """
    type_ = parameter.type
    assert isinstance(type_, Scalar)
    expected, found = f"{title}(): {parameter.name} is {type_}, {type_.values}", _read(type_, given)
    if found is None:
        rounded = "; round it first, as in round(x)" if isinstance(given, float) and not type_.is_float else ""
        raise TypeError(f"{expected}; got {type(given)!r}{rounded}")
    if not _fits(type_, found):
        raise OverflowError(f"{expected}; got {shown(given)}")
    return type_.wrap(found) if type_.is_float else found


def _read(type_: Scalar, given: Any) -> int | float | None:
    """The number that something is, None if it is none.

    What CPython raises is not kept: its traceback leads to this frame, and from there to the caller's.
    """
    try:
        if type_.is_float:
            return math.ldexp(given, 0)  # float() would read texts, too
        if type_.kind != "bool":
            return operator.index(given)
        if given is True or given is False:
            return bool(given)
        view = memoryview(given)  # NumPy's bools are buffers of one
        return bool(view[()]) if view.format == "?" and not view.ndim else None
    except (TypeError, OverflowError, BufferError, ValueError) as error:
        no_number = Exception if type_.kind == "bool" else (TypeError, OverflowError)
        if is_of_python_code(error) or not isinstance(error, no_number):
            raise
        return _TOO_LARGE if isinstance(error, OverflowError) else None


def _fits(type_: Scalar, found: float) -> bool:
    if type_.is_float:
        return found != _TOO_LARGE and (math.isinf(found) or not math.isinf(type_.wrap(found)))
    return type_.minimum <= found <= type_.maximum


def is_of_python_code(error: Exception) -> bool:
    """Whether it was raised by Python code which was called by the C function that the caller has called."""
    assert error.__traceback__ is not None
    return error.__traceback__.tb_next is not None


def shown(given: object) -> str:
    """What a message calls a number that is too large."""
    try:
        text = repr(given)
    except ValueError:  # more digits than Python prints
        return "a number of very many digits"
    return text if len(text) <= _MOST_SHOWN else f"a number of {len(text)} digits"
