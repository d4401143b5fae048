"""LLVM: text in, object file out. It runs in this process, or in a new one, where LLVM cannot go on.

A child that is forked while another thread is inside of LLVM has LLVM's locks as they are, for ever, and what that
thread was changing half changed. There this module is a program: it reads a request, and writes the object file.
"""

from __future__ import annotations

import json
import os
import sys
from functools import lru_cache
from typing import Any

_NO_LAYOUT = 'target datalayout = ""'
"""What stands in a module's text where LLVM is to put its own for the machine."""


def emit(text: str, triple: str, features: str, code_model: str) -> bytes:
    """The object file of a module, for a machine of that kind, in this process."""
    import llvmlite.binding as llvm

    machine = _machine(triple, features, code_model)
    layout = f'target datalayout = "{machine.target_data}"'
    parsed = llvm.parse_assembly(text.replace(_NO_LAYOUT, layout, 1))
    parsed.verify()
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(parsed, builder)
    emitted: bytes = machine.emit_object(parsed)
    return emitted


@lru_cache
def _machine(triple: str, features: str, code_model: str) -> Any:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    llvm.initialize_native_asmparser()
    target = llvm.Target.from_triple(triple)
    return target.create_target_machine(features=features, opt=2, reloc="pic", codemodel=code_model)


def emit_elsewhere(*request: str) -> bytes:
    """The same, in a new process. Raises: RuntimeError - it cannot be started, or fails."""
    import subprocess

    how = _FROM_FILE if os.path.isfile(__file__) else _FROM_PACKAGE
    command = [sys.executable, "-I", "-S", "-c", how, __file__, *sys.path]
    try:
        done = subprocess.run(command, input=json.dumps(request).encode(), capture_output=True, check=True)
    except (OSError, TypeError, ValueError, subprocess.CalledProcessError) as error:
        raise RuntimeError(
            "another thread was compiling when this process was forked, so LLVM works in a process of its own here, "
            f"and that failed: {error}. Make and use structures of this kind once before the fork"
        ) from error
    return done.stdout


_FROM_PACKAGE = "import sys; sys.path[:] = sys.argv[2:]; from rseq._codegen.llvm import main; main()"
_FROM_FILE = "import runpy, sys; sys.path[:] = sys.argv[2:]; runpy.run_path(sys.argv[1])['main']()"
"""The same, in a third of the time, where the package is not in a zip file."""


def main() -> None:
    """Answer one request."""
    sys.stdout.buffer.write(emit(*json.load(sys.stdin)))


def is_held_by_another_thread() -> bool:
    """Whether another thread is inside of LLVM; its lock is llvmlite's. In a forked child, it stays so."""
    library = getattr(sys.modules.get("llvmlite.binding.ffi"), "lib", None)
    lock = getattr(getattr(library, "_lock", None), "_lock", None)
    if lock is None:
        return False
    is_free = bool(lock.acquire(blocking=False))
    if is_free:
        lock.release()
    return not is_free
