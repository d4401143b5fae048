"""What the build adds to the wheel: the structures' machine code (src/rseq/_shipped.py), and the text of all sequences.

The text is for programs that are shipped without .py files: Python keeps a function's bytecode only, and sequences are
compiled from their text (src/rseq/_language/text.py). An editable install gets neither: it has the sources.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface as Hook
except ImportError:  # a test that wants the text only
    Hook = object

_TEXTS = '''"""Made by hatch_build.py: the text of each module that has sequences, by the module's name."""

import base64
import json
import zlib

TEXTS: dict[str, str] = json.loads(zlib.decompress(base64.b85decode({packed})))
'''
DECORATED = re.compile(r"^\s*@(sequence|routine|inline)\b", re.MULTILINE)


class BuildHook(Hook):
    """Puts files into the package that are not in the checkout, and leaves the checkout as it is."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is packed."""
        if version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory(prefix="rseq-build-")
        for name, data in added(Path(self.root, "src")).items():
            path = Path(self._folder.name, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            build_data["force_include"][str(path)] = f"rseq/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Called when it is packed."""
        if version != "editable":
            self._folder.cleanup()


def added(source: Path) -> dict[str, bytes]:
    """The files to add, by their places in the package."""
    return {"_texts.py": made(source).encode(), **shipped(source)}


def shipped(source: Path) -> dict[str, bytes]:
    """The machine code of the structures, which the package makes itself, with the LLVM of the build's environment.

    RSEQ_SHIP names the files or the architectures to make, "all" of them, or "none". Without it they are those of this
    Python alone: all take minutes, and who builds a wheel by hand mostly installs it here.
    """
    path = os.pathsep.join(filter(None, (str(source), os.environ.get("PYTHONPATH"))))
    wanted = os.environ.get("RSEQ_SHIP", "here").split()
    if wanted == ["none"]:
        return {}
    wanted = [] if wanted == ["all"] else wanted
    with tempfile.TemporaryDirectory(prefix="rseq-build-") as folder:
        command = [sys.executable, "-m", "rseq._ship", folder, *wanted]
        subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, check=True)
        return {f"shipped/{file.name}": file.read_bytes() for file in sorted(Path(folder).iterdir())}


def made(source: Path) -> str:
    """The text of the module `rseq._texts`."""
    texts = {_module(path, source): path.read_text(encoding="utf-8") for path in sorted(source.rglob("*.py"))}
    wanted = {name: text for name, text in texts.items() if DECORATED.search(text)}
    packed = zlib.compress(json.dumps(wanted).encode(), 9)
    return _TEXTS.format(packed=base64.b85encode(packed))


def _module(path: Path, source: Path) -> str:
    parts = path.relative_to(source).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")
