"""Loops of the interpreter: what one statement costs in them.

Each implementation has a loop of its own, compiled from one template, so that the interpreter specialises its bytecode
for just that statement. The loop itself (`for _ in repeat(None, count)`) is in every figure. What the statement names
are locals of the loop.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from rseq._bench.run import Crew, Implementation, Missing, Threads, Work

_LOOP = """
def loop(worker, count, {parameters}):
    for _ in repeat(None, count):
        {statement}
"""
GLOBAL_LOOP = """
def loop(worker, count, {parameters}):
    global n
    for _ in repeat(None, count):
        {statement}
"""
"""For a statement that counts in a global `n`."""
SUM_LOOP = """
def loop(worker, count, {parameters}):
    total = 0
    for _ in repeat(None, count):
        {statement}
    return total
"""
"""For a statement that adds to a `total`, which is the loop's answer."""


def loop(statement: str, template: str = _LOOP, **names: object) -> Work:
    """A function `loop(worker, count)` that executes `statement` `count` times, with `names` as its locals."""
    namespace: dict[str, Any] = {
        "repeat": itertools.repeat,
        "n": 0,
        **{f"{name}_": value for name, value in names.items()},
    }
    parameters = ", ".join(f"{name}={name}_" for name in names)
    exec(template.format(parameters=parameters, statement=statement.replace("\n", "\n        ")), namespace)
    made: Work = namespace["loop"]
    return made


def implementation(
    name: str, label: str, work: Work, missing: Missing | None, most: int | None = None
) -> Implementation:
    """An implementation that runs `work` in threads, at most `most` times in a run."""

    def crew(cpus: Sequence[int | None]) -> Crew:
        return Threads(work, cpus)

    return Implementation(name, label, crew, missing, most)


def filled(take_all: Callable[[], int]) -> Missing:
    """A check for what is only put in: `take_all()` takes everything out, and says how much that was."""
    return lambda spans: sum(span.count for span in spans) - take_all()
