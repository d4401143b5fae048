"""The machine code of the atomic operation (atomic.py)."""

from __future__ import annotations

from rseq._codegen.writer import I64, Process


def write(code: Process) -> list[str]:
    """Write it into a module; the names of the functions."""
    emit = code.function("compare_exchange", I64, [I64] * 3)
    emit.ret(emit.fit(emit.exchange_if(*emit.arguments), I64))
    return ["compare_exchange"]
