"""Mutated files of segments, each opened, read and written in a child process that must not crash or hang.

    python -m shared.fuzz --cases 100000 --seed 0        in tests/: what `make fuzz-segments` runs

A child goes through many files, one after the other, and notes in shared memory how far it is and what came of each.
If it ends by a signal, or does not come on, the case at which it was is a finding, and another child goes on behind it.
"""

from __future__ import annotations

import argparse
import faulthandler
import mmap
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import rseq
from rseq._percpu.shared.layout import SegmentError
from shared import whole
from shared.folders import folder, path_of
from shared.mutations import Image, mutated

MORTALITY = 250
"""A child goes through so many files: each that has a lock in it takes a pthread key and some mappings for good."""

PATIENCE_S = 60.0
_RESULTS = ("works", "refused when it is opened", "refused in part", "no memory", "with contents that raise")
_GOOD = (SegmentError, MemoryError)
_OF_CONTENTS = (IndexError, OverflowError, RuntimeError, SegmentError)
"""What using a structure may raise whose memory somebody has written into; but wrong numbers, that is all."""


class Report(NamedTuple):
    """How many files came to what, and the findings."""

    counts: dict[str, int]
    findings: list[str]


def template(where: Path) -> Image:
    """The file of a whole segment: used, and left by a process that was killed while it held and read."""
    child = os.fork()
    if child == 0:
        segment = rseq.Segment("template")
        made = whole.make(segment)
        for thing in made.values():
            whole.use(thing)
        made["pool"].acquire()
        made["lock"].acquire()
        made["drop"].write(b"waits")
        made["over"].write(b"waits")
        made["stack"].push(3)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    return Image(path_of(where, "template"))


def attack(name: str) -> int:
    """Open a segment, list it, open all that is in it, and use that once. What came of it, as one of `_RESULTS`."""
    try:
        segment = rseq.Segment(name, keep=True)
        list(segment)
    except _GOOD as error:
        return 3 if isinstance(error, MemoryError) else 1
    result = 0
    segment.processes()
    repr(segment)
    for step in (
        *whole.found(segment),
        lambda: rseq.Counter(segment=segment),
        lambda: rseq.Max(segment=segment, name="new"),
    ):
        try:
            thing = step()
        except _GOOD as error:
            result = max(result, 3 if isinstance(error, MemoryError) else 2)
            continue
        except ValueError as error:
            if not str(error).startswith("name: "):  # of a record that the tests open by what the entry is called
                raise
            continue
        try:
            whole.use(thing)
        except _OF_CONTENTS:
            result = max(result, 4)
    return result


class _Notes:
    """What child and parent both know: the case at which the child is, and what came of each."""

    def __init__(self, cases: int) -> None:
        self._memory = memoryview(mmap.mmap(-1, 16 + cases))
        self.at = self._memory[:8].cast("q")
        self.results = self._memory[16:]


def fuzz(cases: int, seed: int, where: Path, image: Image, *, tell: bool = False) -> Report:
    """Try so many files. Each case has a seed of its own: `seed` and its number."""
    notes, findings, first = _Notes(cases), list[str](), 0
    begun = time.monotonic()
    while first < cases:
        last = min(first + MORTALITY, cases)
        status = _child(range(first, last), seed, where, image, notes)
        at = int(notes.at[0])
        if status:
            said = mutated(image, _seed(seed, at))[1]
            findings.append(f"case {at} of seed {seed}: ended with {status}: {said}")
            notes.results[at] = 255
        first = at + 1
        if tell and first // 5000 != (first - MORTALITY) // 5000:
            print(f"{first:,} files, {len(findings)} findings, {time.monotonic() - begun:.0f} s", flush=True)
    counts = Counter(_RESULTS[result] for result in notes.results if result < len(_RESULTS))
    return Report(dict(counts), findings)


def _seed(seed: int, case: int) -> int:
    return seed * 1_000_003 + case


def _child(cases: range, seed: int, where: Path, image: Image, notes: _Notes) -> int:
    """Let a child go through cases; its exit status, where it was in the middle of one if that is not 0."""
    notes.at[0] = cases.start
    child = os.fork()
    if child == 0:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            _go_through(cases, seed, where, image, notes)
            code = 0
        except BaseException:  # noqa: BLE001 - a child ends here
            traceback.print_exc()
        finally:
            os._exit(code)
    seen, since = -1, time.monotonic()
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if notes.at[0] != seen:
            seen, since = int(notes.at[0]), time.monotonic()
        if time.monotonic() - since > PATIENCE_S:
            os.kill(child, signal.SIGABRT)  # faulthandler shows where it is
            os.waitpid(child, 0)
            return -signal.SIGALRM
        time.sleep(0.002)


def _go_through(cases: range, seed: int, where: Path, image: Image, notes: _Notes) -> None:
    faulthandler.enable()
    for case in cases:
        notes.at[0] = case
        name = f"case{os.getpid()}"
        path = path_of(where, name)
        mutated(image, _seed(seed, case))[0].write(path)
        notes.results[case] = attack(name)
        path.unlink()


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--one", type=int, help="try this case alone, in this process")
    given = parser.parse_args()
    with folder() as where:
        image = template(where)
        for thing in whole.make(rseq.Segment()).values():
            whole.use(thing)
        if given.one is not None:
            changed, said = mutated(image, _seed(given.seed, given.one))
            print(said, flush=True)
            changed.write(path_of(where, "one"))
            print(_RESULTS[attack("one")])
            return 0
        report = fuzz(given.cases, given.seed, where, image, tell=True)
        shutil.rmtree(where)
    for finding in report.findings:
        print(finding)
    print(f"{given.cases:,} mutated files:", ", ".join(f"{count:,} {what}" for what, count in report.counts.items()))
    print(f"{len(report.findings)} crashed, hung or raised something else")
    return bool(report.findings)


if __name__ == "__main__":
    sys.exit(main())
