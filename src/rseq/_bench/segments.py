"""`rseq bench --segments`: what it costs to make, find, open and read many structures in one segment, and their memory.

Each figure is of processes that are started for it, with segments in a folder of their own. Makers start together, and
each makes counters and adds to them; then it is looked at whether all are there, with all that was added. Another
process then opens the segment, finds its counters and reads them. Times are CPU time of that process, and the least of
some rounds: other processes make them longer, nothing makes them shorter.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rseq._percpu.shared import files

_BEGIN = """
import json, os, sys, time
import rseq
from rseq._percpu.shared import core
given = json.loads(sys.argv[1])
"""

_MAKE = """
if given["lanes"]:
    core.possible_cpus = lambda: given["lanes"]
segment = rseq.Segment("bench")
rseq.Counter(name=f"first of {given['number']}", segment=segment)
print(flush=True)
sys.stdin.readline()
for number in range(given["each"]):
    counter = rseq.Counter(name=f"counter {given['number']} {number}", segment=segment)
    for _ in range(given["adds"]):
        counter.add()
print(flush=True)
sys.stdin.readline()
"""
"""It says when it has the segment, when it has made its counters, and stays until it is told to end."""

_LOOK = """
from rseq._percpu.shared.segment import core_of, view

def least(function, count):
    found = []
    for _ in range(given["rounds"]):
        began = time.process_time_ns()
        function()
        found.append((time.process_time_ns() - began) / count / 1e3)
    return min(found)

def opened():
    list(view("bench"))

opening = {"open_ms": least(lambda: view("bench"), 1) / 1e3, "list_ms": least(opened, 1) / 1e3}
segment = rseq.Segment("bench")
names = [name for name in segment if name.startswith("counter ")]
find, some = core_of(segment).directory.find, names[:: max(1, len(names) // 1000)]
counters = [segment[name] for name in names]
path = os.path.join(os.environ["RSEQ_SEGMENT_DIR"], f"rseq.{os.geteuid()}.bench")
found = {
    "structures": len(names),
    "wrong": sum(counter.value != given["adds"] for counter in counters),
    "find_us": least(lambda: [find(name) for name in some], len(some)),
    "handle_us": least(lambda: [rseq.Counter(name=name, segment=segment) for name in some], len(some)),
    "read_us": least(lambda: [counter.value for counter in counters], len(counters)),
    "mib": os.stat(path).st_blocks * 512 / 2**20,
    "lanes": segment.lanes,
    **opening,
}
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Figures:
    """Of one segment. Times are of one structure, but for `open_ms` and `list_ms`, which are of the segment."""

    processes: int
    adds: int
    """How many each counter got."""
    seconds: float
    """From the makers' common start to the end of the last one: elapsed time."""
    structures: int
    wrong: int
    """How many of the structures have another value than was added."""
    lanes: int
    open_ms: float
    list_ms: float
    """Opening it, and reading the whole directory."""
    find_us: float
    """Finding a structure's entry."""
    handle_us: float
    """`rseq.Counter(name=…, segment=…)` of one that is there."""
    read_us: float
    """`value`."""
    mib: float

    def lines(self) -> Iterator[str]:
        """The table, within 80 columns."""
        yield f"{self.structures:,} counters in a segment of {self.lanes} lanes: {self.mib:.1f} MiB"
        yield f"  made by {self.processes} processes at once, each counter added to {self.adds:,} times"
        yield f"    {self.seconds:.2f} s; lost, doubled or wrong: {self.wrong}"
        yield f"  opening it {self.open_ms:.2f} ms; with the list of all names {self.list_ms:.1f} ms"
        yield f"  finding one by its name {self.find_us:.1f} µs, a handle of it {self.handle_us:.0f} µs"
        yield f"  reading one {self.read_us:.2f} µs"


def figures(
    processes: int, each: int, adds: int, rounds: int, lanes: int = 0, tick: Callable[[str], None] = lambda what: None
) -> Figures:
    """Measure a segment of so many lanes, 0 for this machine's.

    Raises: RuntimeError - counters are missing, or wrong; or a process failed.
    """
    with tempfile.TemporaryDirectory(prefix="rseq-bench-", dir=files.DEFAULT_FOLDER) as folder, ExitStack() as stack:
        given: dict[str, Any] = {"each": each, "adds": adds, "rounds": rounds, "lanes": lanes}
        tick("makers start")
        makers = [stack.enter_context(_Maker(Path(folder), {**given, "number": n})) for n in range(processes)]
        for maker in makers:
            maker.hear()
        tick("makers make")
        began = time.perf_counter()
        for maker in makers:
            maker.go_on()
        for maker in makers:
            maker.hear()
        seconds = time.perf_counter() - began
        tick("look")
        found = json.loads(_run(Path(folder), _LOOK, given))
    made = Figures(processes, adds, seconds, **found)
    if made.structures != processes * each or made.wrong:
        raise RuntimeError(
            f"{processes} processes made {each} counters each; {made.structures} are there, {made.wrong} of them wrong"
        )
    return made


def remove(name: str) -> None:
    """Take away the name of a segment of this user; it may be gone."""
    with suppress(OSError):
        files.remove(files.place_of(name))


class _Maker:
    """`with _Maker(folder, given) as maker:` a process that makes counters; it ends with the block."""

    def __init__(self, folder: Path, given: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            _command(_MAKE, given),
            env=_environment(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> None:
        """Wait until it says something. Raises: RuntimeError - it has ended."""
        assert self._process.stdout is not None
        if not self._process.stdout.readline():
            raise RuntimeError("a process that makes counters has ended before it had made them")

    def go_on(self) -> None:
        """Let it."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def __enter__(self) -> _Maker:
        return self

    def __exit__(self, *exception: object) -> None:
        self._process.communicate("\n")


def _run(folder: Path, code: str, given: dict[str, Any]) -> str:
    done = subprocess.run(_command(code, given), env=_environment(folder), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"a process that looks at a segment failed: {done.stderr.strip()}")
    return done.stdout


def _command(code: str, given: dict[str, Any]) -> list[str]:
    return [sys.executable, "-c", _BEGIN + code, json.dumps(given)]


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "RSEQ_SEGMENT_DIR": str(folder)}
