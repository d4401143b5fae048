"""`rseq bench --segments`: it counts what is there, and fails if something is not."""

from __future__ import annotations

import pytest

from rseq._bench import segments
from rseq._bench.segments import figures
from rseq._thread.cpus import possible_cpus


@pytest.mark.parametrize("lanes", [0, 128])
def test_all_structures_are_there_and_looked_at(lanes: int) -> None:
    found = figures(2, 5, 10, rounds=1, lanes=lanes)
    assert (found.structures, found.wrong, found.lanes) == (10, 0, lanes or possible_cpus())
    assert min(found.open_ms, found.list_ms, found.find_us, found.handle_us, found.read_us, found.mib) > 0
    lines = list(found.lines())
    assert lines[0].startswith(f"10 counters in a segment of {found.lanes} lanes: ")
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('given["adds"]', 'given["adds"] - 1', r"^1 processes made 3 counters each; 3 are there, 3 of them wrong$"),
        ('given["each"]', 'given["each"] - 1', r"^1 processes made 3 counters each; 2 are there, 0 of them wrong$"),
        ("for number", "sys.exit()\nfor number", r"^a process that makes counters has ended before it had made them$"),
    ],
)
def test_what_is_missing_or_wrong_is_no_figure(
    monkeypatch: pytest.MonkeyPatch, before: str, after: str, said: str
) -> None:
    monkeypatch.setattr(segments, "_MAKE", segments._MAKE.replace(before, after, 1))
    with pytest.raises(RuntimeError, match=said):
        figures(1, 3, 10, rounds=1)


def test_a_look_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "_LOOK", "raise LookupError('nothing')")
    with pytest.raises(RuntimeError, match=r"^a process that looks at a segment failed: (.|\n)*LookupError: nothing$"):
        figures(1, 1, 1, rounds=1)
