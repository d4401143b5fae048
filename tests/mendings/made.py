"""What rows are made of, and what they stand below: the records and functions of `COMMON`."""

from __future__ import annotations
import __future__

import itertools
import linecache
import textwrap
from dataclasses import dataclass
from functools import cache

COMMON = """
import enum
import math

import rseq
from rseq import f32, f64, i8, i32, i64, index, prepared, ptr, u8, u32, u64

class Node(rseq.Record):
    next: ptr[Node]
    value: i64
    depth: i64
    votes: i64[4]
    which: i64
    marks: prepared[i64[4]]

class Entry(rseq.Record):
    next: index[Entry]
    value: i64
    depth: i64

class Point(rseq.Record):
    x: i64
    y: i64

class Items(rseq.Record):
    count: i64
    small: i32
    tiny: f32
    total: i64
    average: f64
    is_full: bool
    counts: i64[8]
    slots: prepared[i64[64]]
    halves: prepared[i64[2]]
    latest: prepared[i64]
    label: u8[16]
    text: prepared[u8[80]]
    first: ptr[Node]
    second: ptr[Node]
    grid: i64[3, 5]
    start: Point
    pixels: prepared[u8[4, 8]]
    entry: index[Entry]

class Other(rseq.Record):
    counts: i64[8]
    count: i64

class Limits:
    most = 8

class Color(enum.Enum):
    RED = 1

class Tint(enum.IntEnum):
    RED = 3

class Name(enum.Enum):
    RED = "red"

STEP = 2
HUGE = 10**400
ENDLESS = 10**5000
NOTHING = 0

@rseq.sequence
def add(cpu: Items, n: i64, scale: i64 = 1) -> None:
    cpu.count += n * scale

@rseq.sequence
def pop(cpu: Items) -> i64 | None:
    n = cpu.count
    if n == 0:
        return None
    cpu.count = n - 1
    return n

@rseq.sequence
def size(cpu: Items) -> i64:
    return cpu.count

@rseq.sequence
def put(cpu: Items, text: bytes) -> None:
    rseq.copy(cpu.text, text, len(text))
    cpu.count = 1

@rseq.sequence
def get(cpu: Items, out: bytearray) -> None:
    rseq.copy(out, cpu.text, len(out))

@rseq.sequence
def count_other(cpu: Other) -> None:
    cpu.count += 1

@rseq.inline
def twice(n: i64) -> i64:
    return 2 * n

@rseq.inline
def halves(n: i64) -> tuple[i64, i64]:
    return n >> 32, n & 0xFFFFFFFF

@rseq.inline
def add_all(cpu: Items, n: i64) -> None:
    cpu.count += n

@rseq.inline
def add_other(cpu: Other, n: i64) -> None:
    cpu.count += n
"""

PARAMETERS = "cpu: Items, n: i64, m: i64, x: f64, s: i32, flag: bool, node: ptr[Node], other: ptr[Node]"
MORE = "entry: index[Entry], another: index[Entry], number: ptr[i64], foreign: ptr[Other], data: bytes, out: bytearray"


@dataclass(frozen=True)
class Mending:
    """`bad` is refused with the advice `fix`; each of `mended` is what follows the advice, and is accepted."""

    bad: str
    fix: str
    mended: tuple[str, ...]
    since: tuple[int, int] = (3, 11)
    """The Python that has this syntax."""

    def __str__(self) -> str:
        """The row's name as a test: where it differs from what is accepted."""
        good = set(self.mended[0].splitlines())
        different = [line.strip() for line in self.bad.splitlines() if line not in good and line[:1] != "@"]
        return different[-1] if different else self.fix


def module(bad: str, fix: str, *mended: str) -> Mending:
    """A row with whole functions."""
    return Mending(textwrap.dedent(bad), fix, tuple(textwrap.dedent(text) for text in mended))


def sequence(
    bad: str,
    fix: str,
    *mended: str,
    result: str = "None",
    returns: str | None = None,
    kind: str = "sequence",
    since: tuple[int, int] = (3, 11),
) -> Mending:
    """A row with the statements of a sequence that has a parameter of each type. What is mended `returns` its `result`,
    unless that is what was wrong.
    """

    def function(statements: str, result: str) -> str:
        body = textwrap.indent(textwrap.dedent(statements).strip(), "    ")
        return f"@rseq.{kind}\ndef f({PARAMETERS}, {MORE}) -> {result}:\n{body}\n"

    good = tuple(function(statements, returns or result) for statements in mended)
    return Mending(function(bad, result), fix, good, since)


def routine(bad: str, fix: str, *mended: str, result: str = "None", returns: str | None = None) -> Mending:
    """A row with the statements of a routine."""
    return sequence(bad, fix, *mended, result=result, returns=returns, kind="routine")


_serial = itertools.count()


def compiled_module(text: str) -> dict[str, object]:
    """What `text` defines, below `COMMON`."""
    return _executed(text, {**_common()})


@cache
def _common() -> dict[str, object]:
    return _executed(COMMON, {"__name__": "mendings"})


def _executed(text: str, scope: dict[str, object]) -> dict[str, object]:
    file = f"<mending {next(_serial)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec", flags=__future__.annotations.compiler_flag), scope)
    return scope


INLINE = "define it outside, decorated with @rseq.inline, and call it"
