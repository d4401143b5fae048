"""LLVM for another machine: text in, object file out, by Clang from the package `ziglang`.

llvmlite's LLVM has assemblers for the machine that it runs on only, and critical sections are assembly.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

__all__ = ["emit_for"]


def emit_for(text: str, triple: str, features: str, code_model: str) -> bytes:
    """The object file of a module. Raises: RuntimeError - Clang fails, and says why; or there is no `ziglang`."""
    processor, *_, libc = triple.split("-")
    options = ["-O2", "-fPIC", "-fno-stack-protector", "-fomit-frame-pointer", "-g0", f"-mcmodel={code_model}"]
    chosen = [
        part for one in filter(None, features.split(",")) for part in ("-Xclang", "-target-feature", "-Xclang", one)
    ]
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "code.ll"), Path(folder, "code.o")
        source.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "ziglang", "cc", "-target", f"{processor}-linux-{libc}", *options, *chosen]
        command += ["-Wno-override-module", "-c", str(source), "-o", str(made)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"no code for {triple}: {done.stderr.strip()}")
        return made.read_bytes()
