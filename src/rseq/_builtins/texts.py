"""What CPython shows of hot methods, made from their declarations when there is machine code for them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any


def texts_of(declarations: Mapping[str, Any]) -> dict[str, str]:
    """What CPython shows of methods: docstrings as it parses them, with signatures without annotations."""
    return {name: _text(declaration) for name, declaration in declarations.items()}


def _text(function: Any) -> str:
    signature = inspect.signature(function)
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty, name=parameter.name)
        for parameter in signature.parameters.values()
    ]
    line = str(signature.replace(parameters=parameters, return_annotation=inspect.Signature.empty))
    return f"{function.__name__}{line.replace('(self', '($self', 1)}\n--\n\n{inspect.getdoc(function) or ''}"
