"""All sequences and routines that the package ships, and those of the examples, pass the checker."""

from __future__ import annotations

import re
from collections import Counter
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest

import examples
import tiers
from rseq._check.run import shipped
from rseq._sequence import Sequence
from rseq.check import Report, check
from support import require_made

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

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


@pytest.mark.parametrize(("record", "name"), tiers.by_turns(SHIPPED))
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
    """Each record with routines on one of three architectures by turns: routines run in the interpreter on all."""
    records = filter(_has_routines, SHIPPED)
    return [
        pytest.param(record, name, marks=[] if record == "Lock 1" else [pytest.mark.slow])
        for record, name in zip(records, cycle(tiers.FIRST), strict=False)
    ]


@pytest.mark.parametrize(("record", "name"), _where_everything_runs())
def test_everything_that_is_shipped_passes(record: str, name: str) -> None:
    """The sections once more, beside the routines that come upon them from other CPUs."""
    passes_whole(check(*SHIPPED[record], arch=name))


def passes_whole(report: Report) -> None:
    require_made(report)
    assert report.ok, str(report)
    assert report.vacuous == ()
    assert report.not_compared == ()
    assert report.total("aborts") > 100 or report.skipped
    # every instruction was met, except for jumps, where they stand alone, out of checks that cannot fail
    assert [place for one in report.checked for place in one.not_reached if not re.search(r": b \d+b$", place)] == []


@pytest.mark.one_in(5)
@pytest.mark.parametrize("record", [name for name in EXAMPLES if name != "Numbers"])
def test_the_example_sequences_pass(record: str) -> None:
    report = check(EXAMPLES[record])
    assert report.ok, str(report)


@pytest.mark.slow
@pytest.mark.parametrize(("record", "name"), list(zip(EXAMPLES, cycle(tiers.FIRST), strict=False)))
def test_the_example_sequences_pass_at_any_cost(name: str, record: str) -> None:
    report = check(EXAMPLES[record], arch=name, depth=1 if record == "Numbers" else 2)
    require_made(report)
    assert report.ok, str(report)
