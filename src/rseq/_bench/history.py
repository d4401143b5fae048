"""The figures that restartable sequences were proposed with in 2018, to be read beside this machine's.

Source: the message of Linux commit d7822b1e24f2 ("rseq: Introduce restartable sequences system call", June 2018). Its
author measured everything on a single thread. "getcpu" was glibc's, which called the vDSO where there was one.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CLAIMS", "SOURCE", "Claim", "Figure"]

SOURCE = "Linux commit d7822b1e24f2 (June 2018, one thread)"


@dataclass(frozen=True)
class Figure:
    """What one machine took in 2018, in ns per operation: without rseq, and with it."""

    machine: str
    before_ns: float
    rseq_ns: float
    what: str = ""
    """What it was measured in, if there was more around the operation than here."""


@dataclass(frozen=True)
class Claim:
    """What was claimed for one operation: `before` is how programs did it, `implementation` the same thing here."""

    before: str
    implementation: str
    figures: tuple[Figure, ...]


_XEON = "Intel Xeon E5-2630 v3"
_CUBIETRUCK = "Cubietruck (32-bit)"

CLAIMS = {
    "counter": Claim("getcpu + atomic", "vdso-atomic", (Figure(_XEON, 15.3, 2.0), Figure(_CUBIETRUCK, 344.0, 31.4))),
    "cpu-number": Claim("getcpu", "vdso", (Figure(_XEON, 16.6, 0.8), Figure(_CUBIETRUCK, 301.8, 16.7))),
    "ring-8-clock": Claim("getcpu + atomic", "vdso-atomic", (Figure(_XEON, 117.4, 98.0, "LTTng-UST"),)),
    "rcu": Claim("getcpu + atomic", "vdso-atomic", (Figure(_XEON, 53.4, 28.6, "liburcu"),)),
}
"""By the name of the operation."""
