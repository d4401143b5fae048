"""What is shown in the emulated machine: right code loses nothing, whatever interrupts it, and wrong code does.

It is `rseq stress` and `rseq stress --every-instruction` on one structure of each kind, as compiling is slow there, and
with fewer threads and shorter loops, as the two processors share one of ours. A section that the kernel does not know
of, and ranges that end too early or too late, have to be found. Were they not, this machine would interrupt nothing,
and what it says of right code would be worth nothing.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import spoils
from rseq._check.code import Spoil
from rseq._stress import run, threads
from rseq._stress.instructions import every_instruction
from rseq._stress.shipped import indices, make, workloads
from rseq._stress.workload import Workload
from stress.workloads import ADDER

STRESSED = "Counter; CounterArray u16; Max; Histogram; SpinLock; Pool; RCU; Ring drop clock; Ring over; Stack"
STEPPED = "Counter; FloatCounter; SpinLock; RCU; Stack"
THREADS, SECONDS = 4, 7


def main() -> int:
    threads._CHUNK = 2_000
    parts = {"bugs": bugs, "breakpoints": breakpoints, "stress": stressed}
    return 0 if parts[sys.argv[1]]() else 1


def bugs() -> bool:
    """True if the stress finds each bug that is put into a section."""
    run._MORE_SLICES = 0
    spoilt = (spoils.without_descriptor_store, spoils.ending_early, spoils.ending_late)
    return all(is_found(spoil) for spoil in spoilt)


def is_found(spoil: Spoil) -> bool:
    """True if the stress says of a section with this bug that something is lost or doubled."""
    ready(ADDER)
    report = run.stress(ADDER, seconds=2, threads=THREADS, spoil=spoil, tick=tick)
    wrong = [problem for problem in report.problems if "element 0 is" in problem]
    print(f"{spoil.__name__}, {report.stressed[0].runs:,} runs:", *wrong or ["nothing is wrong"], flush=True)
    return bool(wrong)


def breakpoints() -> bool:
    """True if a breakpoint before each instruction aborts its section, and nothing is lost."""
    report = every_instruction(*named(STEPPED), tick=tick)
    print(report)
    return report.ok


def stressed() -> bool:
    """True if threads, signals, migrations and forks lose nothing, and abort every section."""
    for workload in named(STRESSED):
        ready(workload)
    report = run.stress(*named(STRESSED), seconds=SECONDS, threads=THREADS, tick=tick)
    print(report)
    return report.ok


def ready(workload: Workload[Any]) -> None:
    """Compile what calls from Python need, before several threads wait for it."""
    for index in indices(workload):
        tick(f"compiling what is called of {workload.name}, lanes by {index}")
        workload.call(make(workload, index), 0)


def named(names: str) -> list[Workload[Any]]:
    found = {workload.name: workload for workload in workloads()}
    return [found[name.strip()] for name in names.split(";")]


def tick(text: str) -> None:
    print(f"{time.monotonic():4.0f} s {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
