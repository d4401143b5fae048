"""Loops in C, made by this machine's compiler if there is one: around a counter's header that `rseq emit` writes."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from rseq._bench.run import Unavailable
from rseq._structures.counter import Counter

if TYPE_CHECKING:
    from rseq._bench.native.loop import Loop

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
def counter_loop() -> Loop:
    """The loop around it, on a place of lanes; how many sequences were run.

    Raises: Unavailable - there is no C compiler, or it refuses the header.
    """
    from rseq._emit import c_header
    from rseq._sequence import architectures

    header = c_header(Counter._sequences(), architectures(()), "rseq_counter")
    return c_loops(["loop"], {"counter.h": header, "loop.c": _LOOP}, "-std=c11")["loop"]


def c_loops(names: Sequence[str], files: Mapping[str, str], *options: str) -> dict[str, Loop]:
    """The functions `i64 name(argument, count)` of `loop.c`, one of `files`; they are called without the GIL.

    They stay loaded. Raises: Unavailable - there is no C compiler, or it refuses the files.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise Unavailable("there is no gcc and no cc here.")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            Path(folder, name).write_text(text)
        command = [compiler, "-O2", "-fPIC", "-shared", *options, "loop.c", "-o", "loop.so"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable(f"{compiler} refuses it: {done.stderr.strip()}")
        library = ctypes.CDLL(str(Path(folder, "loop.so")))
    return {name: _loop(library, name) for name in names}


def _loop(library: ctypes.CDLL, name: str) -> Loop:
    loop = library[name]
    loop.argtypes, loop.restype = (ctypes.c_void_p, ctypes.c_int64), ctypes.c_int64
    called: Loop = loop
    return called
