"""GCC and Clang, and what they make of emitted headers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import tiers
from rseq._arch import Architecture, host

ZIG = [sys.executable, "-m", "ziglang"]
COMPILERS = {
    ("gcc", "c"): ["gcc"],
    ("gcc", "c++"): ["g++"],
    ("clang", "c"): [*ZIG, "cc"],
    ("clang", "c++"): [*ZIG, "c++"],
}
STANDARDS = {"c": "-std=c11", "c++": "-std=c++17"}
STRICT = ["-pedantic", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wsign-conversion", "-Werror"]


def compile_with(compiler: str, language: str, arguments: Sequence[str], folder: Path) -> None:
    """Compile in `folder`; a warning fails the test, with what the compiler said."""
    command = [*COMPILERS[compiler, language], STANDARDS[language], *STRICT, *arguments]
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    if compiler == "clang":
        pytest.importorskip("ziglang")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"


def compile_for(
    architecture: Architecture, compiler: str, language: str, arguments: Sequence[str], folder: Path
) -> None:
    """Compile for any architecture, which Clang does."""
    processor, *_, libc = architecture.triple.split("-")
    target = [] if architecture is host() else ["-target", f"{processor}-linux-{libc}"]
    compile_with(compiler, language, [*target, *arguments], folder)


def output_of(program: Path, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """What a program prints; it must end well."""
    command = [str(program), *arguments]
    done = subprocess.run(command, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{program} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def write(folder: Path, **texts: Any) -> None:
    """Files in `folder`; a dot in a name is written as two underscores."""
    for name, text in texts.items():
        (folder / name.replace("__", ".")).write_text(text)


def ways(fits: Callable[[Architecture], bool] = tiers.runs_here) -> Any:
    """GCC for this machine, and Clang for each architecture that fits."""
    here = host()
    first = [pytest.param("gcc", here, id=f"gcc-{here.name}")] if here and fits(here) else []
    others = [
        pytest.param("clang", *one.values, id=f"clang-{one.id}", marks=one.marks) for one in tiers.architectures(fits)
    ]
    return pytest.mark.parametrize(("compiler", "architecture"), [*first, *others])
