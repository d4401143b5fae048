"""What one CPU releases and another acquires: no run on a strongly ordered machine can tell if one of both is missing.

For each record, over all sequences and routines that work on it: a field that is stored with a release is stored with
one everywhere, and loaded with an acquire everywhere; and what is loaded with an acquire is stored with a release.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, pairwise

import pytest

import rseq
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.types import RecordType
from rseq._stress.shipped import workloads
from rseq._structures.ring.kind import SMALL
from rseq._structures.shipped import shipped

OWN = {
    ("release", "owner"): "who holds a lock asks if it is he, and nobody else stores there then",
    ("settle", "tail"): "only readers store there, and they take turns",
    ("read", "tail"): "only readers store there, and they take turns",
}
"""Loads by the only one who stores there at that time: they need not acquire what they have stored themselves."""


def codes() -> list[Compiled]:
    """All sequences and routines that the package ships, also those that only others call."""
    found = [code for structure in shipped() for code in structure._sequences().values()]
    found += [workload.work for workload in workloads()]
    found += [code for kind in SMALL.values() for code in (kind.code.read, kind.code.settle)]
    return list(dict.fromkeys(chain.from_iterable(map(called, found))))


def called(code: Compiled) -> Iterator[Compiled]:
    yield code
    for op in code.body.ops:
        if isinstance(op, ir.Call):
            yield from called(op.callee)


def field(record: RecordType, address: ir.Address) -> str:
    """The record's field that an address is in."""
    return max((one.offset, name) for name, one in record.fields.items() if one.offset <= address.offset)[1]


def stores(code: Compiled) -> Iterator[tuple[str, bool]]:
    """The fields that a sequence or routine stores to where others look at them, and whether that releases."""
    for op in code.body.ops:
        if isinstance(op, ir.CompareExchange):
            yield field(code.body.record, op.address), True
        elif isinstance(op, (ir.Store, ir.AddStore)) and not op.address.prepared and is_in_record(code, op.address):
            is_sequence = code.kind == "sequence"
            yield field(code.body.record, op.address), code.body.release if is_sequence else op.release


def is_in_record(code: Compiled, address: ir.Address) -> bool:
    lanes = [op.target for op in code.body.ops if isinstance(op, ir.OtherLane)]
    return address.in_lane or address.base in lanes


def loads(code: Compiled) -> Iterator[tuple[str, bool]]:
    """The fields that a sequence loads, or a routine of any lane, and whether that acquires."""
    for op in code.body.ops:
        if isinstance(op, ir.CompareExchange):
            yield field(code.body.record, op.address), True
        elif isinstance(op, ir.Load) and is_in_record(code, op.address):
            yield field(code.body.record, op.address), op.acquire or (code.kind == "sequence" and code.body.acquire)


def unordered(codes: Iterable[Compiled]) -> Iterator[str]:
    """What is wrong with sequences and routines on one record, as sentences."""
    codes = list(codes)
    stored = [(code, *store) for code in codes for store in stores(code)]
    loaded = [(code, *load) for code in codes for load in loads(code)]
    released = {name for _, name, is_release in stored if is_release}
    from_elsewhere = {name for code, name, is_release in stored if is_release and code.kind == "routine"}
    for code, name, is_release in stored:
        if name in released and not is_release:
            yield f"{code.__name__} stores {name} without a release"
    for code, name, is_acquire in loaded:
        shared = released if code.kind == "routine" else from_elsewhere
        if name in shared and not is_acquire and (code.__name__, name) not in OWN:
            yield f"{code.__name__} loads {name} without an acquire"
        if is_acquire and op_acquires(code, name) and name not in released:
            yield f"{code.__name__} acquires {name}, and nobody releases it"


def op_acquires(code: Compiled, name: str) -> bool:
    """Whether a load of a field acquires by itself: what a whole sequence acquires need not be this field."""
    loads = (op for op in code.body.ops if isinstance(op, ir.Load) and op.acquire)
    return any(field(code.body.record, op.address) == name for op in loads)


def by_record(codes: Iterable[Compiled]) -> list[list[Compiled]]:
    """The sequences and routines on each record; groups are in the same order in each process."""
    groups: dict[RecordType, list[Compiled]] = {}
    for code in codes:
        groups.setdefault(code.body.record, []).append(code)
    return list(groups.values())


BY_RECORD = by_record(codes())


@pytest.mark.parametrize("group", BY_RECORD, ids=lambda group: group[0].body.record.__name__)
def test_what_is_released_is_acquired_and_what_is_acquired_is_released(group: list[Compiled]) -> None:
    assert list(unordered(group)) == []


def unfenced(codes: Iterable[Compiled]) -> Iterator[str]:
    """Who copies and then looks a second time, if what was copied is still there, without a fence in between."""
    for code in codes:
        ops = code.body.ops
        looks = [at for at, op in enumerate(ops) if isinstance(op, ir.Load) and op.acquire]
        copies = [at for at, op in enumerate(ops) if isinstance(op, ir.Copy)]
        fences = [at for at, op in enumerate(ops) if isinstance(op, ir.Barrier) and op.kind == "full_fence"]
        for first, second in pairwise(looks):
            copied = [at for at in copies if first < at < second]
            if copied and not any(copied[-1] < at < second for at in fences):
                yield f"{code.__name__} looks a second time without a fence behind what it has copied"


def test_who_looks_twice_has_a_fence_before_the_second_look() -> None:
    readers = [kind.code.read for kind in SMALL.values() if kind.overwrites]
    assert list(unfenced(codes())) == []
    for read in readers:
        without = read.body.with_ops(tuple(op for op in read.body.ops if not isinstance(op, ir.Barrier)))
        assert len(list(unfenced([Compiled(read.function, without)]))) == 1


# ---- and it notices


class Box(rseq.Record):
    full: rseq.u64
    value: rseq.prepared[rseq.i64]


@rseq.sequence(release=True)
def put(cpu: Box, value: rseq.i64) -> bool:
    if rseq.load_acquire(cpu.full):
        return False
    cpu.value = value
    cpu.full = 1
    return True


@rseq.sequence
def put_plainly(cpu: Box, value: rseq.i64) -> bool:
    if cpu.full:
        return False
    cpu.value = value
    cpu.full = 1
    return True


@rseq.routine
def take(cpu: Box, number: rseq.u64) -> rseq.i64:
    there = rseq.lane(cpu, number)
    if rseq.load_acquire(there.full) == 0:
        return 0
    value = there.value
    rseq.store_release(there.full, 0)
    return value


@rseq.routine
def look(cpu: Box, number: rseq.u64) -> bool:
    return rseq.lane(cpu, number).full == 1


@rseq.routine
def wait(cpu: Box, number: rseq.u64) -> bool:
    return rseq.load_acquire(rseq.lane(cpu, number).full) == 1


@rseq.sequence
def add(cpu: Box) -> None:
    cpu.full += 1


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([put, take, wait], []),
        (
            [put_plainly, take],
            ["put_plainly stores full without a release", "put_plainly loads full without an acquire"],
        ),
        ([put, take, look], ["look loads full without an acquire"]),
        ([add, wait], ["wait acquires full, and nobody releases it"]),
    ],
)
def test_a_release_or_an_acquire_that_is_missing_is_noticed(codes: list[Compiled], expected: list[str]) -> None:
    assert list(unordered(codes)) == expected
