"""Processes that are killed while they make something in a segment, at each step or at random moments.

    python -m shared.killed --kills 1000 --seed 0         in tests/: what `make kill-segments` runs

A step is a call of what leaves a trace in the file or in the folder. The child counts them and kills itself before step
k, for each k until it comes to its end: no moment is left out, and no clock is needed. Kills at random moments come
from outside, by SIGKILL, while the victim opens the segment and makes things; each time a survivor looks at all.
"""

from __future__ import annotations

import argparse
import mmap
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import rseq
from rseq import _quick_ctypes
from rseq._percpu.shared import core, directory, extents, files, processes
from shared.folders import folder

STEPS: tuple[tuple[Any, str], ...] = (
    (directory, "compare_exchange"),
    (extents, "compare_exchange"),
    (core, "compare_exchange"),
    (directory, "populate"),
    (extents, "populate"),
    (core, "populate"),
    (processes, "populate"),
    (extents, "make_mutex"),
    (extents, "zero"),
    (core, "file_mapping"),
    (extents, "file_extent"),
    (_quick_ctypes, "memmove"),
    (os, "posix_fallocate"),
    (os, "pwrite"),
    (os, "truncate"),
    (files, "_open"),
    (os, "link"),
    (os, "unlink"),
    (os, "close"),
    (os, "fchmod"),
    (os, "dup2"),
    (files, "_lock"),
)


@contextmanager
def counted(at: int, then: Callable[[], object]) -> Iterator[list[str]]:
    """Call `then()` before step number `at` (from 0) of the body; which steps there were."""
    steps: list[str] = []
    before = [(module, name, getattr(module, name)) for module, name in STEPS]

    def wrapped(label: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **more: Any) -> Any:
            steps.append(label)
            if len(steps) == at + 1:
                then()
            return call(*args, **more)

        return step

    for module, name, call in before:
        setattr(module, name, wrapped(f"{module.__name__.rpartition('.')[2]}.{name}", call))
    try:
        yield steps
    finally:
        for module, name, call in before:
            setattr(module, name, call)


def kill_self() -> None:
    """SIGKILL, now."""
    os.kill(os.getpid(), signal.SIGKILL)


def in_child(work: Callable[[], object]) -> int:
    """What became of a forked child that does some work: its exit status, below 0 for a signal."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def killed_at_each_step(work: Callable[[], object], after: Callable[[int], object]) -> int:
    """Do `work` in a child that is killed before step 0, 1, 2, …, with `after(step)` here each time; how many kills."""

    def until(at: int) -> None:
        with counted(at, kill_self):
            work()

    at = 0
    while (status := in_child(partial(until, at))) == -signal.SIGKILL:
        after(at)
        at += 1
    assert status == 0, f"the child ended with {status}"
    return at


# ---- at random moments


class Life:
    """Victims that make counters in a segment, add to them and note it; and a survivor that looks at all after each."""

    def __init__(self, seed: int, *, keeps: bool) -> None:
        self.chance = random.Random(seed)
        self.keeps = keeps
        """Whether the survivor has the segment open all the time. If not, it opens what the victim has left."""
        self.shop = rseq.Segment("shop", keep=True) if keeps else None
        self.noted = memoryview(mmap.mmap(-1, 1 << 20)).cast("q")
        self.made = 0
        self.problems: list[str] = []

    def round(self, number: int) -> None:
        """One victim's life and death."""
        self.noted[0] = 0
        victim = os.fork()
        if victim == 0:
            try:
                self._work(number)
            finally:
                os._exit(1)
        for _ in range(self.chance.randrange(1, 60)):
            os.sched_yield()
            if self.chance.random() < 0.3:
                time.sleep(self.chance.random() * 2e-3)
        os.kill(victim, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1])
        if status != -signal.SIGKILL:
            self.problems.append(f"round {number}: the victim ended with {status}")
        self._look(number)

    def _work(self, number: int) -> None:
        shop = rseq.Segment("shop", keep=True)
        for turn in range(1 << 16):
            name = f"{number} {turn}"
            kind = turn % 4
            if kind == 0:
                rseq.CounterArray(3000, segment=shop, name=name).add(0, 7)
            elif kind == 1:
                rseq.Stack(3, segment=shop, name=name).push(7)
            elif kind == 2:
                rseq.Pool(5000, 2, segment=shop, name=name).acquire()
            else:
                rseq.Counter(segment=shop, name=name).add(7)
            self.noted[0] = turn + 1

    def _look(self, number: int) -> None:
        shop = rseq.Segment("shop", keep=True) if self.shop is None else self.shop
        names = set(shop)
        done = int(self.noted[0])
        for turn in range(done + 2):
            name = f"{number} {turn}"
            if name not in names:
                if turn < done:
                    self.problems.append(f"round {number}: {name} was made, and is gone")
                continue
            value = _value(shop[name])
            if value != 7 and not (turn == done and value == 0):
                self.problems.append(f"round {number}: {name} holds {value}")
            if turn > done:
                self.problems.append(f"round {number}: {name} is there, and was not begun")
        self.made += done
        after = rseq.Counter(segment=shop, name=f"after {number}")
        after.add(1)
        if after.value != 1:
            self.problems.append(f"round {number}: a new counter holds {after.value}")


def _value(thing: Any) -> int:
    if isinstance(thing, rseq.CounterArray):
        return int(thing.values()[0])
    if isinstance(thing, rseq.Stack):
        return 7 * len(thing)
    if isinstance(thing, rseq.Pool):
        return 7 * sum(map(len, thing.held().values()))
    return int(thing.value)


def kill(kills: int, seed: int, *, keeps: bool, tell: bool = False) -> tuple[list[str], int]:
    """Kill so many processes in the middle of making things; what was wrong, and how many things they had made."""
    life = Life(seed, keeps=keeps)
    for number in range(kills):
        life.round(number)
        if tell and number % 100 == 99:
            print(f"{number + 1:,} processes killed, {life.made:,} structures made", flush=True)
        if number % 50 == 49:  # begin anew before the segment is very large
            life_of_next = Life(seed + number + 1, keeps=False)
            life_of_next.problems, life_of_next.made = life.problems, life.made
            life.shop = None
            for info in rseq.segments():
                info.remove()
            life = life_of_next
            life.keeps = keeps
            life.shop = rseq.Segment("shop", keep=True) if keeps else None
    return life.problems, life.made


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    problems: list[str] = []
    for keeps in (True, False):
        with folder():
            wrong, _ = kill(given.kills // 2, given.seed, keeps=keeps, tell=True)
            problems += wrong
    for problem in problems:
        print(problem)
    print(f"{given.kills:,} processes killed while they made structures; {len(problems)} problems")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
