"""Programs that need many registers, and which of those that there are an architecture has registers for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from programs import compiled
from rseq._arch.base import Architecture, RegisterError, WidthError
from rseq._language.section import section


def hungry(count: int, *, kind: str = "i64", extra: str = "") -> Any:
    """A sequence that keeps `count` values alive at once, loaded from memory."""
    sign = "*" if kind.startswith("f") else "^"
    loads = [f"    x{n} = cpu.a_{kind}[{n % 4}] {sign} {kind}({n + 3})" for n in range(count)]
    stores = [f"    cpu.q_{kind}[{n % 4}] = x{n}" for n in range(count)]
    text = "\n".join(["def f(cpu: Lane) -> None:", *loads, *stores, extra or "    cpu.c_i8 = 1", ""])
    return compiled(text)


def widest(architecture: Architecture) -> str:
    """The widest integer that a register holds."""
    return f"i{8 * architecture.pointer_bytes}"


def largest(architecture: Architecture, *, kind: str, extra: str = "") -> int:
    """How many values fit."""
    for count in range(1, 64):
        try:
            architecture.assemble(section(hungry(count, kind=kind, extra=extra).body))
        except RegisterError:
            return count - 1
    raise AssertionError("the budget has no end")


def narrow_enough(architecture: Architecture, codes: Iterable[Any]) -> list[Any]:
    """Those that need no wider registers than there are: all of them, where registers have 64 bits."""
    found = []
    for code in codes:
        try:
            architecture.assemble(section(code.body))
        except WidthError:
            assert architecture.pointer_bytes < 8
        else:
            found.append(code)
    assert found
    return found


def assembles(architecture: Architecture, code: Any) -> bool:
    try:
        architecture.assemble(section(code.body))
    except RegisterError:
        return False
    return True
