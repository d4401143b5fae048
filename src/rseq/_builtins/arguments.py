"""What a builtin's parameters are called, and how CPython shows them."""

from __future__ import annotations

import math

from rseq._language.compiled import Compiled
from rseq._language.given import defaults_of


def parameter_names(code: Compiled, dimensions: int) -> list[str]:
    """What the builtin's parameters are called: the sequence's, after the index into an array of records."""
    names = [value.name for value in code.body.given]
    index = "index"
    while index in names:
        index += "_"
    return [index, *names] if dimensions else names


def metadata_text(code: Compiled, name: str, dimensions: int) -> str:
    """The builtin's docstring as CPython parses it: signature line, then the user's text.

    CPython has no signatures with other letters than ASCII's, nor with NaN. Those remain a line of the text.
    """
    defaults = defaults_of(code.body.given, code.body.defaults)
    parameters = [
        f"{name}={_default(defaults[name])}" if name in defaults else name for name in parameter_names(code, dimensions)
    ]
    line = f"{name}({', '.join(parameters)})"
    is_plain = line.isascii() and not any(map(math.isnan, code.body.defaults.values()))
    return "\n".join([line, *(["--"] if is_plain else []), "", code.__doc__ or ""])


def _default(value: object) -> str:
    return repr(value).replace("inf", "1e999")
