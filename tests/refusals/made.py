"""What a row is: a wrong program, what it is told, and the program that follows it."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

COMMON = """
import numpy as np

import rseq
from rseq import i64, u8

class Cell(rseq.Record):
    value: i64

@rseq.sequence
def add(cpu: Cell, n: i64) -> None:
    cpu.value += n
"""


@dataclass(frozen=True)
class Refusal:
    """`wrong` raises an `error` that says `advice`; `right` does so, and asserts what the program was for."""

    error: type[BaseException]
    wrong: str
    advice: str
    right: str

    def __str__(self) -> str:
        return self.wrong.strip().splitlines()[-1].strip()


def program(text: str) -> str:
    """What stands in the file of a program."""
    return COMMON + textwrap.dedent(text)


@dataclass(frozen=True)
class Command:
    """Arguments of `rseq` that fail with `advice` in what it prints, and others that print `expected`."""

    wrong: str
    advice: str
    right: str
    expected: str

    def __str__(self) -> str:
        return f"rseq {self.wrong}"
