"""For mypy: arrays in records, `i64[64]`. Add `plugins = ["rseq.mypy_plugin"]` to its options.

Without it everything but the arrays checks: the scalar names are aliases of int and float, which take no length.
"""

from __future__ import annotations

from collections.abc import Callable

from mypy.plugin import AnalyzeTypeContext, Plugin
from mypy.types import AnyType, Type, TypeOfAny

__all__ = ["plugin"]

_INTEGERS = {f"rseq._language.types.{kind}{bits}" for kind in "iu" for bits in (8, 16, 32, 64)}
_FLOATS = {"rseq._language.types.f32", "rseq._language.types.f64"}


class _Arrays(Plugin):
    def get_type_analyze_hook(self, fullname: str) -> Callable[[AnalyzeTypeContext], Type] | None:
        """A scalar's name, plain or with a length."""
        if fullname in _INTEGERS:
            return lambda context: _array_or_number(context, "builtins.int")
        if fullname in _FLOATS:
            return lambda context: _array_or_number(context, "builtins.float")
        return None


def _array_or_number(context: AnalyzeTypeContext, name: str) -> Type:
    number = context.api.named_type(name, [])
    if len(context.type.args) > 1:  # no list is indexed by several numbers at once
        return AnyType(TypeOfAny.explicit)
    return context.api.named_type("builtins.list", [number]) if context.type.args else number


def plugin(version: str) -> type[Plugin]:
    """What mypy asks for."""
    return _Arrays
