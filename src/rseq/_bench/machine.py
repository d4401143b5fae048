"""What the figures were measured on, so that they can be read a year later; and whether others were at work there."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
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


# ---- whether others were at work: then times are longer, and ratios mean less

_STAT = Path("/proc/stat")
_BUSY = (0, 1, 2, 5, 6, 7)
"""Columns of the kernel's `cpu` line that are work, and what the host of a virtual machine took: user, nice, system,
irq, softirq, steal; see proc(5)."""

_TOLERATED = 0.1
"""CPUs that others may use before a word is said, for each CPU that is measured on."""


@dataclass(frozen=True)
class Moment:
    """What had been used of this machine's CPUs, in seconds: by all, by this process and its children, by the clock."""

    busy: float
    own: float
    elapsed: float
    average: float
    """The load average of the last minute."""


def now(stat: Callable[[], str] = _STAT.read_text) -> Moment | None:
    """What has been used up to now; None where the kernel does not tell."""
    try:
        columns = stat().splitlines()[0].split()[1:]
        average = os.getloadavg()[0]
    except (OSError, IndexError):
        return None
    times = os.times()
    busy = sum(int(columns[at]) for at in _BUSY if at < len(columns)) / os.sysconf("SC_CLK_TCK")
    own = times.user + times.system + times.children_user + times.children_system
    return Moment(busy, own, times.elapsed, average)


def load_during(before: Moment | None, after: Moment | None, cpus: int) -> str | None:
    """A sentence if others were at work between two moments, or more wanted to run than there are CPUs; or None."""
    if before is None or after is None or after.elapsed <= before.elapsed:
        return None
    others = max(0.0, (after.busy - before.busy - (after.own - before.own)) / (after.elapsed - before.elapsed))
    if others <= _TOLERATED * cpus and before.average <= cpus:
        return None
    return (
        f"This machine was loaded: others used {others:.1f} of its CPUs meanwhile, and the load average was "
        f"{before.average:.1f} before, with {cpus} CPUs. Times are longer so, and ratios mean less."
    )
