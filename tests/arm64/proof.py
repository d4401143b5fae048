"""What is shown in the emulated machine: right code loses nothing, whatever interrupts it, and wrong code does.

It is `rseq stress` and `rseq stress --every-instruction` on one structure of each kind, as compiling takes a hundred
times longer there, and with fewer threads and shorter loops, as the four processors share one of ours. A section
that the kernel does not know of, and ranges that end too early or too late, have to be found. Were they not, this
machine would interrupt nothing, and what it says of right code would be worth nothing.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import spoils
from rseq.stress import run, threads
from rseq.stress.code import Spoil
from rseq.stress.instructions import every_instruction
from rseq.stress.run import stress
from rseq.stress.shipped import workloads
from rseq.structures.workload import Workload
from stress.workloads import ADDER

STRESSED = """
    CounterArray i8; CounterArray u64; CounterArray f32; Counter; FloatCounter; Max; Histogram; SpinLock; Pool; RCU;
    Ring drop clock; Ring over; Ring drop u64; Ring over rows; Stack
"""
STEPPED = "Counter; FloatCounter; CounterArray u16; Max; SpinLock; RCU; Stack"
SPOILT = (spoils.without_descriptor_store, spoils.ending_early, spoils.ending_late)
THREADS, SECONDS = 4, 12


def main() -> int:
    threads._CHUNK, more = 2_000, run._MORE_SLICES
    run._MORE_SLICES = 0
    bugs = [is_found(spoil) for spoil in SPOILT]
    stepped = every_instruction(*named(STEPPED), tick=tick)
    print(stepped, flush=True)
    run._MORE_SLICES = more
    stressed = stress(*named(STRESSED), seconds=SECONDS, threads=THREADS, tick=tick)
    print(stressed, flush=True)
    return 0 if all(bugs) and stepped.ok and stressed.ok else 1


def is_found(spoil: Spoil) -> bool:
    """True if the stress says of a section with this bug that something is lost or doubled."""
    report = stress(ADDER, seconds=2, threads=THREADS, spoil=spoil, tick=tick)
    wrong = [problem for problem in report.problems if "element 0 is" in problem]
    print(f"{spoil.__name__}, {report.stressed[0].runs:,} runs:", *wrong or ["nothing is wrong"], flush=True)
    return bool(wrong)


def named(names: str) -> list[Workload[Any]]:
    found = {workload.name: workload for workload in workloads()}
    return [found[name.strip()] for name in names.split(";")]


def tick(text: str) -> None:
    print(f"{time.monotonic():4.0f} s {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
