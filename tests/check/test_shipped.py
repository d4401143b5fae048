"""All sequences and routines that the package ships, and those of the examples, pass the checker."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import examples
import tiers
from rseq import _arch as arch
from rseq._check.run import shipped
from rseq._sequence import Sequence
from rseq.check import Report, check
from support import require_made

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

HOST = arch.host()

EXAMPLES: dict[str, list[Any]] = {}
for _sequence in (value for value in vars(examples).values() if isinstance(value, Sequence)):
    EXAMPLES.setdefault(_sequence.body.record.__name__, []).append(_sequence)


def _shipped() -> dict[str, list[Any]]:
    """All that is shipped, by the record that it works on: what works on another one is checked apart."""
    groups: dict[Any, list[Any]] = {}
    for code in shipped():
        groups.setdefault(code.body.record, []).append(code)
    counted: Counter[str] = Counter()
    named = {}
    for record, codes in groups.items():
        counted[record.__name__] += 1
        named[f"{record.__name__} {counted[record.__name__]}"] = codes
    return named


SHIPPED = _shipped()


def _has_routines(record: str) -> bool:
    return any(code.kind == "routine" for code in SHIPPED[record])


def _where_sections_run() -> list[ParameterSet]:
    """On all architectures; in the second tier not where the next test has them beside their routines."""
    return [
        one
        for one in tiers.by_turns(SHIPPED)
        for record, name in [map(str, one.values)]
        if not (one.marks and name in tiers.FIRST and _has_routines(record))
    ]


@pytest.mark.parametrize(("record", "name"), _where_sections_run())
def test_every_section_that_is_shipped_passes(record: str, name: str) -> None:
    sections = [code for code in SHIPPED[record] if code.kind == "sequence"]
    report = check(*sections, arch=name)
    if len(sections) == len(SHIPPED[record]):
        passes_whole(report)
    else:  # what other CPUs have to do first is not reached
        require_made(report)
        assert report.ok, str(report)
        assert report.total("aborts") > 100 or report.skipped


def _where_everything_runs() -> list[ParameterSet]:
    """Each record with routines on three architectures in the second tier: routines run in the interpreter on all."""
    host = HOST.name if HOST else ""
    return [
        pytest.param(record, name, marks=[] if (record, name) == ("Lock 1", host) else [pytest.mark.slow])
        for name in tiers.FIRST
        for record in SHIPPED
        if _has_routines(record)
    ]


@pytest.mark.parametrize(("record", "name"), _where_everything_runs())
def test_everything_that_is_shipped_passes(record: str, name: str) -> None:
    """The sections once more, beside the routines that come upon them from other CPUs."""
    passes_whole(check(*SHIPPED[record], arch=name))


def passes_whole(report: Report) -> None:
    require_made(report)
    assert report.ok, str(report)
    assert report.vacuous == ()
    assert report.total("aborts") > 100 or report.skipped
    # every instruction was met, except for jumps, where they stand alone, out of checks that cannot fail
    assert [place for one in report.checked for place in one.not_reached if not re.search(r": b \d+b$", place)] == []


@pytest.mark.one_in(5)
@pytest.mark.parametrize("record", [name for name in EXAMPLES if name != "Numbers"])
def test_the_example_sequences_pass(record: str) -> None:
    report = check(EXAMPLES[record])
    assert report.ok, str(report)


@pytest.mark.slow
@pytest.mark.parametrize("name", tiers.FIRST)
@pytest.mark.parametrize("record", EXAMPLES)
def test_the_example_sequences_pass_at_any_cost(name: str, record: str) -> None:
    report = check(EXAMPLES[record], arch=name, depth=1 if record == "Numbers" else 2)
    require_made(report)
    assert report.ok, str(report)
