"""What the contract accepts passes the checker: random sequences, interrupted before every instruction.

Those of `programs` compute all that the language can, those of `restarts` do all that the contract is about. And each
rule is needed: without it, the checker finds a sequence that the rule would have refused.

    make random             5,000 sequences that the contract accepts, and how many it has refused, by rule

The second tier has a thousand of them.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import programs
import restarts
import rseq
from rseq import _arch as arch
from rseq._arch import Architecture
from rseq._arch.base import RegisterError
from rseq._check.code import Operation, compiled
from rseq._check.explore import Explorer, Limits
from rseq._check.report import described
from rseq._language import contract

QUICK = settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
PARTS = 5
FEW_CASES = Limits(3, 1, 1)
LONG = settings(QUICK, max_examples=300 // PARTS, derandomize=False, print_blob=True)


@st.composite
def accepted(draw: Any) -> Any:
    """A sequence that keeps the contract, and its text."""
    text = programs.Writer(draw).program()
    try:
        return programs.compiled(text), text
    except rseq.CompileError:
        assume(False)


def violation(architecture: Architecture, *made: tuple[Any, str], limits: Limits) -> str:
    """What goes wrong when the sequences interrupt themselves and each other; "" if nothing does.

    Raises: RegisterError - one needs more registers than the architecture has.
    """
    operations = [Operation.of(sequence) for sequence, _ in made]
    program = compiled(operations, architecture)
    explorer = Explorer(program, operations, limits=limits)
    for finding in explorer.findings():
        texts = [f"{text}\n{sequence.asm(architecture.name)}" for sequence, text in made]
        return "\n\n".join([str(described(finding, program, explorer.cases, 1, "")), *texts])
    return ""


def passes(architecture: Architecture, *made: tuple[Any, str]) -> None:
    """The sequences interrupt themselves and each other."""
    try:
        found = violation(architecture, *made, limits=FEW_CASES)
    except RegisterError:
        assume(False)
        raise
    if found:
        pytest.fail(found, pytrace=False)


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
    @settings(LONG, max_examples=15)
    def survive(first: tuple[Any, str], second: tuple[Any, str]) -> None:
        passes(arch.get(name), first, second)

    survive()


# ---- what the contract is about

ROWS = Limits(4, 2, 1)
"""The second arguments of a sequence are one row for both pointers."""

FEW, MANY = 10, int(os.environ.get("RANDOM_SEQUENCES", "100"))
SLICES = max(1, MANY // 100)
SLUGS = {
    "store-after-commit",
    "load-after-commit",
    "none-after-commit",
    "copy-as-commit",
    "half-prepared",
    "stored-elsewhere",
    "left-behind",
    "commits-differ",
    "overwritten-before-commit",
    "may-overlap",
    "may-be-none",
}


class Tally:
    """How many sequences were accepted, refused and too large, and which rules have refused them."""

    def __init__(self) -> None:
        self.accepted = self.refused = self.too_large = self.apart = 0
        self.rules: Counter[str] = Counter()

    def __str__(self) -> str:
        rules = ", ".join(f"{slug} {count}" for slug, count in self.rules.most_common())
        return (
            f"{self.accepted} accepted ({self.apart} of them with rows that must be two), {self.refused} refused "
            f"({rules}), {self.too_large} too large, 0 failed"
        )


def tried(architecture: Architecture, program: restarts.Program, tally: Tally) -> None:
    """Count a program; fail, with a shorter one, if it is accepted and does not pass."""
    try:
        sequence = program.sequence()
    except rseq.ContractError as error:
        tally.refused += 1
        tally.rules.update({diagnostic.slug for diagnostic in error.diagnostics})
        return
    try:
        found = violation(architecture, (sequence, str(program)), limits=ROWS)
    except RegisterError:
        tally.too_large += 1
        return
    if found:
        short = restarts.shorter(program, lambda one: bool(_violation_of(architecture, one)))
        pytest.fail(_violation_of(architecture, short), pytrace=False)
    tally.accepted += 1
    tally.apart += bool(sequence.body.apart)


def _violation_of(architecture: Architecture, program: restarts.Program) -> str:
    """What goes wrong with a program; "" if it is refused, or cannot be compiled."""
    try:
        return violation(architecture, (program.sequence(), str(program)), limits=ROWS)
    except (rseq.CompileError, RegisterError, IndentationError):
        return ""


@pytest.mark.skipif(HOST is None, reason="this machine's architecture has no code generator")
def test_what_the_contract_accepts_survives_interruptions() -> None:
    assert HOST is not None
    tally = Tally()
    for number in range(FEW):
        tried(HOST, restarts.program(number), tally)
    assert tally.accepted > FEW // 3


@pytest.fixture(scope="module")
def total() -> Iterator[Tally]:
    """Says in the end what has been tried."""
    tally = Tally()
    yield tally
    print(f"\n{tally}")


@pytest.mark.slow
@pytest.mark.skipif(HOST is None, reason="this machine's architecture has no code generator")
@pytest.mark.parametrize("part", range(SLICES))
def test_as_many_as_are_wanted_survive_interruptions(part: int, total: Tally) -> None:
    """In parts, so that each ends before the watchdog barks. In the end each rule has refused some."""
    assert HOST is not None
    numbers = iter(range(part, 1_000_000, SLICES))
    while total.accepted < MANY // SLICES * (part + 1):
        tried(HOST, restarts.program(next(numbers)), total)
    assert part < SLICES - 1 or set(total.rules) == SLUGS


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in arch.names() if arch.get(name).emulator is not None])
def test_what_the_contract_accepts_survives_interruptions_everywhere(name: str) -> None:
    tally = Tally()
    for number in range(3 * FEW):  # more are too large where there are fewer registers
        tried(arch.get(name), restarts.program(number), tally)
    # where registers have 32 bits, the numbers of these programs fit none
    assert tally.accepted > FEW // 3 or (name == "armv7l" and tally.too_large > 0)


def test_every_rule_of_the_contract_is_tried() -> None:
    rules = {"_" + slug.replace("-", "_") for slug in SLUGS - {"may-be-none"}}
    assert {rule.__name__ for rule in contract._RULES} == rules  # _may_be_zero is about no restart


def switch_off(slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A contract without one rule."""
    if slug == "may-be-none":
        monkeypatch.setattr(contract, "_may_be_none", lambda body: [])
    elif slug == "apart":
        monkeypatch.setattr(contract, "apart", lambda restarts: ())
    else:
        name = "_" + slug.replace("-", "_")
        monkeypatch.setattr(contract, "_RULES", tuple(rule for rule in contract._RULES if rule.__name__ != name))


@cache
def refused_by(number: int) -> frozenset[str]:
    """The rules that refuse a program; "apart" if it is accepted with rows that must be two."""
    try:
        sequence = restarts.program(number).sequence()
    except rseq.ContractError as error:
        return frozenset(diagnostic.slug for diagnostic in error.diagnostics)
    return frozenset(["apart"] if sequence.body.apart else [])


RARE = {"apart": 850, "commits-differ": 900}
"""Programs that show these come late: the search begins here."""


@pytest.mark.one_in(4)
@pytest.mark.skipif(HOST is None, reason="this machine's architecture has no code generator")
@pytest.mark.parametrize("slug", [*sorted(SLUGS), "apart"])
def test_without_the_rule_the_checker_finds_what_it_would_have_refused(
    slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert HOST is not None
    for number in range(RARE.get(slug, 0), 2_000):
        if refused_by(number) == {slug}:
            with monkeypatch.context() as patch:
                switch_off(slug, patch)
                if _violation_of(HOST, restarts.program(number)):
                    return
    pytest.fail(f"nothing goes wrong without {slug}")
