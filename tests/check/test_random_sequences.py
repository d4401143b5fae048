"""What the contract accepts passes the checker: random sequences, interrupted before every instruction."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import programs
import rseq
from rseq import arch
from rseq.arch import Architecture
from rseq.arch.base import RegisterError
from rseq.check.code import Operation, compiled
from rseq.check.explore import Explorer, Limits
from rseq.check.report import described

QUICK = settings(
    max_examples=30,
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


def passes(architecture: Architecture, *made: tuple[Any, str]) -> None:
    """The sequences interrupt themselves and each other."""
    operations = [Operation.of(sequence) for sequence, _ in made]
    try:
        program = compiled(operations, architecture)
    except RegisterError:
        assume(False)
        raise
    explorer = Explorer(program, operations, limits=Limits(3, 1, 1))
    for finding in explorer.findings():
        texts = [f"{text}\n{sequence.asm(architecture.name)}" for sequence, text in made]
        violation = described(finding, program, explorer.cases, 1, "")
        pytest.fail("\n\n".join([str(violation), *texts]), pytrace=False)


HOST = arch.host()


@pytest.mark.skipif(HOST is None, reason="this machine's architecture has no code generator")
@given(accepted(), accepted())
@QUICK
def test_random_sequences_survive_interruptions(first: tuple[Any, str], second: tuple[Any, str]) -> None:
    assert HOST is not None
    passes(HOST, first, second)


@pytest.mark.slow
@pytest.mark.skipif(HOST is None, reason="this machine's architecture has no code generator")
@pytest.mark.parametrize("part", range(PARTS))
def test_many_random_sequences_survive_interruptions(part: int) -> None:
    """In parts, so that each ends before the watchdog barks."""

    @given(accepted())
    @LONG
    def survive(made: tuple[Any, str]) -> None:
        assert HOST is not None
        passes(HOST, made)

    survive()


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in arch.names() if arch.get(name).emulator is not None])
def test_random_sequences_survive_interruptions_everywhere(name: str) -> None:
    @given(accepted(), accepted())
    @settings(LONG, max_examples=60)
    def survive(first: tuple[Any, str], second: tuple[Any, str]) -> None:
        passes(arch.get(name), first, second)

    survive()
