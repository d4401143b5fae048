"""Names and constants: of modules, classes, enums and closures."""

from __future__ import annotations

import enum
import math

import numpy as np
import pytest

import rseq
from parsing import NAMES, Colour, Items, meaning, parsed, rows
from programs import compiled
from rseq._language import ir
from rseq._language.errors import CompileError
from rseq._language.types import SCALARS


@rows(
    (
        "n: i64",
        "cpu.count = n + LIMIT + datetime.MAXYEAR",
        """
        %1 = n + 100
        %2 = %1 + 9999
        cpu.count = %2
        return
        """,
    ),
)
def test_constants_become_this(parameters: str, body: str, expected: list[str]) -> None:
    assert meaning(parsed(parameters, body)) == expected


def test_constants_are_taken_when_the_function_is_compiled() -> None:
    assert "    cpu.count = 3" in meaning(parsed("", "cpu.count = LIMIT_NOW", LIMIT_NOW=Colour(7) - 4))
    assert "    cpu.count = 7" in meaning(parsed("", "cpu.count = RED", RED=Colour.RED))


class Limits:
    MOST = 64


class Plain(enum.Enum):
    BLUE = 9


def _closed_over(limit: int) -> str:
    def f(cpu: Items) -> None:
        cpu.count = limit

    return rseq.sequence(f).ir


CONSTANTS = {
    "LIMIT": "100",
    "Colour.RED": "7",
    "Plain.BLUE.value": "9",
    "Limits.MOST": "64",
    "FIVE": "5",
    "Items.size": str(Items.size),
    "LIMIT * Limits.MOST - 1": "6399",
}


@pytest.mark.parametrize(("text", "number"), CONSTANTS.items())
def test_constants_of_modules_classes_and_enums(text: str, number: str) -> None:
    names = {**NAMES, "Plain": Plain, "Limits": Limits, "FIVE": np.int16(5)}
    code = compiled(f"def f(cpu: Items) -> None:\n    cpu.count = {text}\n", **names)
    assert code.body.ops[0].source == ir.Const(int(number), SCALARS["i64"])


def test_an_attribute_of_a_module_may_be_infinite() -> None:
    code = compiled("def f(cpu: Items) -> None:\n    cpu.average = -math.inf\n", **NAMES, math=math)
    assert code.body.ops[0].source == ir.Const(-math.inf, SCALARS["f64"])


def test_a_closure_is_a_constant_too() -> None:
    assert "cpu.count = 12" in _closed_over(12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Plain.BLUE", "use Plain.BLUE.value"),
        ("Limits.LEAST", "Limits has no 'LEAST'"),
        ("math.nowhere", "math has no 'nowhere'"),
        ("Limits.MOST.real.NONE", "expected a name known before"),
    ],
)
def test_what_is_no_constant_is_refused(text: str, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        compiled(
            f"def f(cpu: Items) -> None:\n    cpu.count = {text}\n", **NAMES, Plain=Plain, Limits=Limits, math=math
        )
