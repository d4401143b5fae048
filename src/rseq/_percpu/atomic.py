"""One atomic operation for Python: compare-and-exchange of a word in memory that several processes map.

It is generated code, as everything native here is; Python and libc have none to call.
"""

from __future__ import annotations

import ctypes
from typing import Any

from rseq._codegen.blob import BlobEnvironment
from rseq._codegen.writer import I64
from rseq._once import once

__all__ = ["compare_exchange"]


def compare_exchange(address: int, expected: int, desired: int) -> bool:
    """Store `desired` (u64) in the aligned word at `address` if it is `expected`; whether it was. A full barrier.

    Raises: UnsupportedError - this machine's architecture has no code generator.
    Threads: any thread of any process that maps the word, signal handlers too; it never waits.
    """
    return bool(_function()(address, expected, desired))


@once
def _function() -> Any:
    code = BlobEnvironment.new("atomic")
    emit = code.function("compare_exchange", I64, [I64] * 3)
    emit.ret(emit.fit(emit.exchange_if(*emit.arguments), I64))
    entry = code.loaded(["compare_exchange"]).entries["compare_exchange"]
    return ctypes.CFUNCTYPE(ctypes.c_uint64, *(ctypes.c_uint64,) * 3)(entry)
