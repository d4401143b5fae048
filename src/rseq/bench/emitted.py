"""A counter's sequence as the C header that `rseq emit` writes, in a loop that this machine's C compiler makes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from rseq.structures.counter import Counter

from .run import Unavailable

__all__ = ["counter_loop"]

_LOOP = """
#include "counter.h"

/* `place` says where the lanes are. It ends early should the sequence fail, so that the total shows it. */
int64_t loop(const uint64_t *place, int64_t count);
int64_t loop(const uint64_t *place, int64_t count)
{
    struct rseq_lanes lanes = {(void *)place[0], place[1], (uint32_t)place[2]};
    for (int64_t i = 0; i < count; i++)
        if (rseq_counter_add(&lanes, 1) != RSEQ_DONE)
            return i;
    return count;
}
"""


@cache
def counter_loop() -> Callable[[int, int], int]:
    """`i64 loop(place, count)`, called without the GIL. It stays loaded.

    Raises: Unavailable - there is no C compiler, or it refuses the header.
    """
    from rseq.emit import c_header
    from rseq.sequence import architectures

    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise Unavailable("there is no gcc and no cc here.")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "counter.h").write_text(c_header(Counter.sequences(), architectures(()), "rseq_counter"))
        Path(folder, "loop.c").write_text(_LOOP)
        command = [compiler, "-std=c11", "-O2", "-fPIC", "-shared", "loop.c", "-o", "loop.so"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(f"{compiler} refuses the header: {done.stderr.strip()}")
        loop = ctypes.CDLL(str(Path(folder, "loop.so"))).loop
    loop.argtypes, loop.restype = (ctypes.c_void_p, ctypes.c_int64), ctypes.c_int64
    called: Callable[[int, int], int] = loop
    return called
