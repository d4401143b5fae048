"""Loops of the interpreter: what one statement costs in them.

Each implementation has a loop of its own, compiled from one template, so that the interpreter specialises its bytecode
for just that statement. The loop itself (`for _ in repeat(None, count)`) is in every figure. What the statement names
are locals of the loop.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

from rseq._bench.run import Missing, Unavailable, Work, done
from rseq._once import load

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


def installed(module: str, otherwise: str = "") -> Any:
    """A module that users may not have. Raises: Unavailable - with a sentence that says so."""
    try:
        load(module)
    except ImportError as error:
        raise Unavailable(otherwise or str(error)) from None
    return sys.modules[module]


def filled(take_all: Callable[[], int]) -> Missing:
    """A check for what is only put in: `take_all()` takes everything out, and says how much that was."""
    return lambda spans: done(spans) - take_all()
