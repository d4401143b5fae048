"""Whether others were at work while something was measured: then times are longer, and ratios mean less."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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
