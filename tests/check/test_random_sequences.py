"""What the contract accepts passes the checker: random sequences, interrupted before every instruction."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import programs
import rseq
from rseq import arch
from rseq.arch.base import RegisterError
from rseq.check.code import Operation, compiled
from rseq.check.explore import Explorer, Limits
from rseq.check.report import described

pytestmark = pytest.mark.skipif(arch.host() is None, reason="random programs are checked on this machine's code")

QUICK = settings(
    max_examples=50,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
PARTS = 10
LONG = settings(QUICK, max_examples=2000 // PARTS, derandomize=False, print_blob=True)


@st.composite
def accepted(draw: Any) -> Any:
    """A sequence that keeps the contract, and its text."""
    text = programs.Writer(draw).program()
    try:
        return programs.compiled(text), text
    except rseq.CompileError:
        assume(False)


def passes(sequence: Any, text: str) -> None:
    architecture = arch.host()
    assert architecture is not None
    operations = [Operation.of(sequence)]
    try:
        program = compiled(operations, architecture)
    except RegisterError:
        assume(False)
        raise
    explorer = Explorer(program, operations, limits=Limits(3, 1, 1))
    for finding in explorer.findings():
        violation = described(finding, program, explorer.cases, 1, "")
        pytest.fail(f"{violation}\n\n{text}\n{sequence.asm()}", pytrace=False)


@given(accepted())
@QUICK
def test_random_sequences_survive_interruptions(made: tuple[Any, str]) -> None:
    passes(*made)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_many_random_sequences_survive_interruptions(part: int) -> None:
    """In parts, so that each ends before the watchdog barks."""

    @given(accepted())
    @LONG
    def survive(made: tuple[Any, str]) -> None:
        passes(*made)

    survive()
