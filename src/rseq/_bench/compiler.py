"""C for loops that stand beside ours: compiled by this machine's compiler, if there is one."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rseq._bench.run import Unavailable

if TYPE_CHECKING:
    from rseq._bench.native.loop import Loop


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
