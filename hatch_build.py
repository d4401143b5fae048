"""What the build adds to the wheel: the text of all sequences, for programs that are shipped without .py files.

Python keeps a function's bytecode only, and sequences are compiled from their text (src/rseq/_language/text.py).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface as Hook
except ImportError:  # a test that wants the text only
    Hook = object

TARGET = "src/rseq/_texts.py"
DECORATED = re.compile(r"^\s*@(sequence|routine|inline)\b", re.MULTILINE)


class BuildHook(Hook):
    """Writes the module `rseq._texts`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before the wheel is packed."""
        root = Path(self.root)
        (root / TARGET).write_text(made(root / "src"), encoding="utf-8")
        build_data["artifacts"].append(f"/{TARGET}")


def made(source: Path) -> str:
    """The module's text."""
    texts = {_module(path, source): path.read_text(encoding="utf-8") for path in sorted(source.rglob("*.py"))}
    wanted = {name: text for name, text in texts.items() if DECORATED.search(text)}
    lines = "".join(f"    {name!r}: {text!r},\n" for name, text in wanted.items())
    return f'"""Made by hatch_build.py."""\n\nTEXTS: dict[str, str] = {{\n{lines}}}\n'


def _module(path: Path, source: Path) -> str:
    parts = path.relative_to(source).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")
