"""Room in memory for what ends the process where it gets none: LLVM and OpenBLAS abort or exit, where others raise."""

from __future__ import annotations

import mmap

_SENTENCE = (
    "no memory for {what}, which would end the process: {mebibytes} MiB of address space could not be had; "
    "raise the limit (ulimit -v, ulimit -d)"
)


def require_room(mebibytes: int, what: str) -> None:
    """Look if so much more memory can be had at the moment; none of it is used. `what` says for what.

    Raises: MemoryError - it cannot.
    Threads: any; what another one takes meanwhile is not noticed.
    """
    try:
        mmap.mmap(-1, mebibytes << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except (OSError, MemoryError) as error:
        raise MemoryError(_SENTENCE.format(what=what, mebibytes=mebibytes)) from error
