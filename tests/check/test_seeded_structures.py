"""Bugs are put into the shipped structures, and the checker has to find them: in their sections, and between CPUs.

Each is what somebody might write: a commit that does not release, a reader that does not acquire, a section that ends
too early. What is shipped passes (`test_check.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

import rseq
from rseq import _arch as arch
from rseq._arch.base import Assembly
from rseq._check.run import sequences_of
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq.check import Report, check
from seeded import Spoil, abort_to_start, end_before_the_commit, no_descriptor_store

pytestmark = pytest.mark.skipif(arch.host() is None, reason="this machine's architecture has no code generator")

Change = Callable[[ir.Body], ir.Body]


def failing(report: Report) -> set[str]:
    return {violation.rule for violation in report.violations}


def codes(structure: Any, record: str, *names: str) -> list[Compiled]:
    """Sequences and routines of a structure by name, all on one record."""
    found = [code for code in sequences_of([structure]) if code.body.record.__name__ == record]
    first = next(code for code in found if code.__name__ == names[0]).body.record
    return [code for code in found if code.body.record is first and code.__name__ in names]


def changed(found: Iterable[Compiled], name: str, change: Change) -> list[Compiled]:
    """The same, one of them changed."""
    made = []
    for code in found:
        other = Compiled(code.function, change(code.body) if code.__name__ == name else code.body)
        other.kind = code.kind
        made.append(other)
    return made


# ---- between CPUs


def without_release(body: ir.Body) -> ir.Body:
    return replace(body, release=False)


def without_acquire(body: ir.Body) -> ir.Body:
    def plain(op: ir.Op) -> ir.Op:
        return replace(op, acquire=False) if isinstance(op, ir.Load) else op

    return body.with_ops(tuple(map(plain, body.ops)))


RINGS = {"Ring": "begin_anew", "Recorder": "begin_part", "Rows": "put"}
"""The records of rings, and another sequence that commits `head` there."""


@pytest.mark.slow
@pytest.mark.parametrize("record", RINGS)
def test_a_ring_s_put_that_does_not_release_is_found(record: str) -> None:
    report = check(changed(codes(rseq.RingBuffer, record, "put", "read"), "put", without_release))
    assert failing(report) == {"not-an-order"}
    assert "the other CPU copies" in report.violations[0].text


@pytest.mark.slow
@pytest.mark.parametrize("record", RINGS)
def test_a_ring_s_reader_that_does_not_acquire_is_found(record: str) -> None:
    report = check(changed(codes(rseq.RingBuffer, record, "put", "read"), "read", without_acquire))
    assert failing(report) == {"not-an-order"}
    assert {violation.operation for violation in report.violations} == {"put"}


@pytest.mark.slow
@pytest.mark.parametrize(("record", "name"), [item for item in RINGS.items() if item[1] != "put"])
def test_a_ring_that_goes_on_elsewhere_without_release_is_found(record: str, name: str) -> None:
    report = check(changed(codes(rseq.RingBuffer, record, name, "put", "read"), name, without_release))
    assert failing(report) == {"not-an-order"}
    assert {violation.operation for violation in report.violations} == {name}


def test_a_ring_that_takes_one_record_too_many_is_found() -> None:
    """A full ring of 4 records: a fifth is written over the first before it is read."""

    def one_too_many(body: ir.Body) -> ir.Body:
        def wrong(op: ir.Op) -> ir.Op:
            is_full = isinstance(op, ir.BranchIf) and isinstance(op.right, ir.Const) and op.right.number in (2, 4)
            return replace(op, right=ir.Const(op.right.number + 1, op.right.type)) if is_full else op  # type: ignore[union-attr]

        return body.with_ops(tuple(map(wrong, body.ops)))

    drop = [code for code in sequences_of([rseq.RingBuffer]) if code.body.record.__name__ == "Rows"]
    first = next(code for code in drop if code.__name__ == "lose").body.record
    put = [code for code in drop if code.body.record is first and code.__name__ == "put"]
    assert check(put).ok
    assert failing(check(changed(put, "put", one_too_many))) == {"half-done"}


# ---- in their sections

STRUCTURES: dict[str, tuple[Any, str, tuple[str, ...]]] = {
    "the stack": (rseq.Stack, "Slots", ("push", "pop")),
    "the pool": (rseq.Pool, "Lane", ("push", "pop")),
    "the bucket": (rseq.TokenBucket, "Bucket", ("spend", "replace")),
    "RCU": (rseq.RCU, "Readers", ("read_lock", "read_unlock")),
    "the lock": (rseq.SpinLock, "Lock", ("take",)),
    "the histogram": (rseq.Histogram, "SortedBuckets", ("count_many", "count_nan")),
    "the counter": (rseq.Counter, "Cell", ("add",)),
    "the maximum": (rseq.Max, "Extreme", ("update_max",)),
}

SPOILT: list[tuple[Spoil, int]] = [
    (no_descriptor_store, 1),
    (end_before_the_commit, 1),
    (abort_to_start, 2),
]


@pytest.mark.one_in(2)
@pytest.mark.parametrize(("spoil", "depth"), SPOILT, ids=[spoil.__name__ for spoil, _ in SPOILT])
@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_bug_in_a_section_is_found(structure: str, spoil: Spoil, depth: int) -> None:
    found = codes(*STRUCTURES[structure][:2], *STRUCTURES[structure][2])
    report = check(found, depth=depth, spoil=spoil)
    assert failing(report) - {"no-lane", "differs"}, str(report)


def _swapped(assembly: Assembly) -> Assembly:
    """The commit, and only then what it publishes."""
    hot = list(assembly.hot)
    stores = [
        at
        for at, line in enumerate(hot)
        if line.comment.startswith(("cpu.slots[", "cpu.hints[", "cpu.count =", "cpu.cached ="))
    ]
    if len(stores) >= 2:
        hot.insert(stores[-2], hot.pop(stores[-1]))
    return replace(assembly, hot=tuple(hot))


@pytest.mark.parametrize("structure", ["the stack", "the pool"])
def test_a_slot_that_is_stored_after_its_commit_is_found(structure: str) -> None:
    report = check(codes(*STRUCTURES[structure][:2], "push", "pop"), spoil=_swapped)
    assert failing(report) & {"half-done", "not-an-order"}, str(report)
