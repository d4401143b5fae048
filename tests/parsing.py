"""Functions for tests of the parser: a record, what they are compiled of, and the operations that they become."""

from __future__ import annotations

import datetime
import enum
import textwrap
from typing import Any

import pytest

import rseq
from programs import compiled
from rseq import f32, f64, i32, i64, prepared, ptr, u8, u64


class Node(rseq.Record):
    value: i64
    next: i64


class Items(rseq.Record):
    count: i64
    small: i32
    wide: u64
    byte: u8
    average: f64
    single: f32
    full: bool
    counts: i64[8]
    head: ptr[Node]
    slots: prepared[i32[4]]
    latest: prepared[i64]


class Colour(enum.IntEnum):
    RED = 7


NAMES = {"Items": Items, "Node": Node, "LIMIT": 100, "datetime": datetime, "Colour": Colour}


def parsed(parameters: str, body: str, result: str = "None", decorator: Any = rseq.sequence, **names: Any) -> Any:
    given = f", {parameters}" if parameters else ""
    text = f"def f(cpu: Items{given}) -> {result}:\n{textwrap.indent(body, '    ')}\n"
    return compiled(text, decorator, **NAMES, **names)


def meaning(code: Any) -> list[str]:
    return str(code.body).splitlines()[1:]


def rows(*known: tuple[str, str, str]) -> Any:
    """Cases of a test: the parameters of a function, its body, and the operations that this becomes."""
    expected = [(parameters, body, [line[4:] for line in text.splitlines()[1:-1]]) for parameters, body, text in known]
    return pytest.mark.parametrize(("parameters", "body", "expected"), expected, ids=[body for _, body, _ in known])
