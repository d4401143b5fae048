"""One atomic operation for Python: compare-and-exchange of a word in memory that several processes map.

It is generated code, as everything native here is; Python and libc have none to call.
"""

from __future__ import annotations

import ctypes
from typing import Any

import llvmlite.ir as ll

from rseq._codegen.blob import compile_module, new_module
from rseq._codegen.codes import I64, PTR
from rseq._loader import load
from rseq._once import once
from rseq._thread import require_support

__all__ = ["compare_exchange"]


def compare_exchange(address: int, expected: int, desired: int) -> bool:
    """Store `desired` (u64) in the aligned word at `address` if it is `expected`; whether it was. A full barrier.

    Raises: UnsupportedError - this machine's architecture has no code generator.
    Threads: any thread of any process that maps the word, signal handlers too; it never waits.
    """
    return bool(_function()(address, expected, desired))


@once
def _function() -> Any:
    architecture = require_support()
    module = new_module(architecture, "atomic")
    function = ll.Function(module, ll.FunctionType(I64, [PTR, I64, I64]), "compare_exchange")
    builder = ll.IRBuilder(function.append_basic_block())
    word = builder.bitcast(function.args[0], ll.PointerType(I64))
    pair = builder.cmpxchg(word, function.args[1], function.args[2], "seq_cst", "seq_cst")
    builder.ret(builder.zext(builder.extract_value(pair, 1), I64))
    entry = load(compile_module(module, architecture, ["compare_exchange"])).entries["compare_exchange"]
    return ctypes.CFUNCTYPE(ctypes.c_uint64, *(ctypes.c_uint64,) * 3)(entry)
