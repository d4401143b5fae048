"""LLVM for another machine: text in, object file out, by Clang from the package `ziglang`.

llvmlite's LLVM has assemblers for the machine that it runs on only, and critical sections are assembly.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from rseq._arch import Architecture
from rseq._extras import missing


def emit_for(text: str, architecture: Architecture) -> bytes:
    """The object file. Raises: MissingPackage - there is no `ziglang`. RuntimeError - Clang says why not."""
    processor, *_, libc = architecture.triple.split("-")
    options = ["-O2", "-fPIC", "-fno-unwind-tables", "-fno-asynchronous-unwind-tables", "-Wno-override-module"]
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "code.ll"), Path(folder, "code.o")
        source.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "ziglang", "cc", "-target", f"{processor}-linux-{libc}", *options]
        command += ["-c", str(source), "-o", str(made)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if "No module named ziglang" in done.stderr:
            raise missing("ziglang")
        if done.returncode:
            raise RuntimeError(f"ziglang cannot compile for {architecture.name}:\n{done.stderr}")
        return made.read_bytes()
