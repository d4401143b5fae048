"""What the figures were measured on, so that they can be read a year later."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

Fact = str | int | None

_MODEL_KEYS = ("model name", "Model Name", "cpu model", "cpu", "Processor", "Hardware", "processor")
"""What /proc/cpuinfo calls the processor, which differs between architectures, best first."""


def describe() -> dict[str, Fact]:
    """The machine, the system and the versions that matter; None for what cannot be found out."""
    return {
        "cpu": _cpu_model(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "cpus_used": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "numba": _version("numba"),
        "llvmlite": _version("llvmlite"),
        "rseq": _version("rseq"),
        "commit": _commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _cpu_model() -> str | None:
    rows: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        rows.setdefault(key.strip(), value.strip())
    return next((rows[key] for key in _MODEL_KEYS if rows.get(key, "0").strip("0123456789")), None)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    """The commit that this file belongs to, if it is run from a checkout, with a `+` if the checkout was changed."""
    folder = Path(__file__).parent
    try:
        _git(folder, "ls-files", "--error-unmatch", Path(__file__).name)
        return _git(folder, "rev-parse", "--short=12", "HEAD") + (
            "+" if _git(folder, "status", "--short", "-uno") else ""
        )
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()
