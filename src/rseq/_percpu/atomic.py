"""One atomic operation for Python: compare-and-exchange of a word in memory that several processes map.

It is generated code, as everything native here is; Python and libc have none to call.
"""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._quick import cache
from rseq._ready import ready

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def compare_exchange(address: int, expected: int, desired: int) -> bool:
    """Store `desired` (u64) in the aligned word at `address` if it is `expected`; whether it was. A full barrier.

    Raises: UnsupportedError - this machine's architecture has no code generator.
    Threads: any thread of any process that maps the word, signal handlers too; it never waits.
    """
    return bool(_function()(address, expected, desired))


@cache
def _function() -> Any:
    entry = ready("atomic", "rseq._percpu.atomic_code").entries["compare_exchange"]
    return ctypes.CFUNCTYPE(ctypes.c_uint64, *(ctypes.c_uint64,) * 3)(entry)
