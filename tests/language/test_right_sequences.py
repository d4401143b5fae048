"""Sequences that an engineer writes who knows what a restart does: each is accepted, and passes the checker."""

from __future__ import annotations

from typing import Any

import pytest

import rseq
from programs import compiled
from right_sequences import NAMES, TEXTS
from rseq import _arch as arch
from rseq._arch.base import RegisterError
from rseq._check.code import Operation
from rseq._check.code import compiled as machine_code
from rseq._check.explore import Explorer, Limits
from rseq._check.report import described

HOST = arch.host()
LIMITS = Limits(3, 1, 1)


def made(text: str) -> rseq.Sequence[..., Any]:
    sequence: rseq.Sequence[..., Any] = compiled(text.lstrip(), **NAMES)
    return sequence


def test_there_are_enough_of_them() -> None:
    assert len(TEXTS) >= 60


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_right_sequence_is_accepted(text: str) -> None:
    made(text)


@pytest.mark.slow
@pytest.mark.skipif(HOST is None, reason="this machine's architecture has no code generator")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_right_sequence_passes_the_checker(text: str) -> None:
    assert HOST is not None
    sequence = made(text)
    operations = [Operation.of(sequence)]
    try:
        program = machine_code(operations, HOST)
    except RegisterError:
        pytest.skip("more registers than there are")
    explorer = Explorer(program, operations, limits=LIMITS)
    for finding in explorer.findings():
        pytest.fail(f"{described(finding, program, explorer.cases, 1, '')}\n{text}", pytrace=False)
