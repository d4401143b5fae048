"""librseq's helpers, written in the language, do what librseq says that they do."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import librseq
import rseq
import tiers
from compilers import compile_for, write
from librseq import ELEMENTS, RELAXED, RELEASE, Found, Head, Indirect, Node, Number, Table, Words
from oracle import Bench, writable
from rseq import _arch as arch
from rseq._arch.base import IndexMode
from rseq._emit import c_header
from rseq.check import check
from support import ThreadSet, on_one_cpu

HELPERS = [
    *(pytest.param(sequence, id=name) for name, sequence in RELAXED.items()),
    *(pytest.param(sequence, id=f"{name}-release") for name, sequence in RELEASE.items()),
]
BY_NAME = {str(one.id): one.values[0] for one in HELPERS}
ON_WORDS = [one for one in HELPERS if one.values[0].body.record is Words]

each_index = pytest.mark.parametrize("index", ["cpu_id", "mm_cid"])


def both_orders(name: str) -> Any:
    """The helper in each order that it has."""
    orders = [pytest.param(RELAXED[name], id="relaxed")]
    return pytest.mark.parametrize("helper", [*orders, *([pytest.param(RELEASE[name], id="release")])])


@pytest.fixture(autouse=True)
def cpu() -> Iterator[int]:
    """What one call leaves in a lane, the next finds: the thread stays on one CPU."""
    with on_one_cpu() as cpu:
        yield cpu


class Lane:
    """Storage whose lanes all hold the same, so that it does not matter in which one a helper runs.

    `now` is what it left there. Only one lane may have changed.
    """

    def __init__(self, record: Any, index: IndexMode, **fields: Any) -> None:
        self.storage: Any = rseq.percpu(record, index=index)
        self.lanes = writable(self.storage)
        for name, value in fields.items():
            self.lanes[name] = value
        self.before = self.lanes.copy()

    @property
    def now(self) -> Any:
        changed = [lane for lane, before in zip(self.lanes, self.before, strict=True) if lane != before]
        assert len(changed) <= 1
        return changed[0] if changed else self.before[0]

    @property
    def is_unchanged(self) -> bool:
        return bool((self.lanes == self.before).all())


# Results and memory, as the documentation has them


@each_index
def test_load_cbne_store(index: IndexMode) -> None:
    lane = Lane(Words, index, v=5, v2=7)
    helper = RELAXED["load_cbne_store"].bind(lane.storage)
    assert helper(6, 100) is True
    assert lane.is_unchanged
    assert helper(5, 100) is False
    assert lane.now["v"] == 100
    assert lane.now["v2"] == 7


@each_index
def test_load_add_store(index: IndexMode) -> None:
    lane = Lane(Words, index, v=5)
    helper = RELAXED["load_add_store"].bind(lane.storage)
    assert helper(37) is None
    assert lane.now["v"] == 42
    helper(-(1 << 63))
    assert lane.now["v"] == 42 - (1 << 63)


@each_index
def test_load_cbne_load_add_store(index: IndexMode) -> None:
    lane = Lane(Words, index, v=5, v2=30)
    helper = RELAXED["load_cbne_load_add_store"].bind(lane.storage)
    assert helper(4, 12) is True
    assert lane.is_unchanged
    assert helper(5, 12) is False
    assert (lane.now["v"], lane.now["v2"]) == (42, 30)


@each_index
def test_load_cbeq_store_add_load_store(index: IndexMode) -> None:
    nodes, found = rseq.array(Node, 4), rseq.array(Found, 2)
    lane = Lane(Head, index, v=nodes[1].address)
    nodes[1]["next"] = [None, None, nodes[2], None]
    helper = RELAXED["load_cbeq_store_add_load_store"].bind(lane.storage, nodes, found)
    assert helper(nodes[1], 2, found[0]) is True
    assert lane.is_unchanged
    assert found.values["node"].tolist() == [0, 0]
    assert helper(None, 2, found[1]) is False
    assert found.values["node"].tolist() == [0, nodes[1].address]
    assert lane.now["v"] == nodes[2].address
    with pytest.raises(IndexError, match="voffp is out of range"):
        helper(None, ELEMENTS, found[0])
    assert helper(None, 0, found[0]) is False  # the last one: the list is empty then
    assert helper(None, 0, found[1]) is True
    assert found.values["node"].tolist() == [nodes[2].address, nodes[1].address]


@each_index
def test_load_add_load_load_add_store(index: IndexMode) -> None:
    tables, numbers = rseq.array(Table, 1), rseq.array(Number, 3)
    lane = Lane(Indirect, index, ptr=tables[0].address)
    tables[0]["numbers"] = [None, numbers[2], None, numbers[0]]
    helper = RELAXED["load_add_load_load_add_store"].bind(lane.storage, tables, numbers)
    assert helper(1, 40) is False
    assert helper(3, -1) is False
    assert helper(1, 2) is False
    assert helper(0, 2) is True
    assert numbers.values["value"].tolist() == [-1, 0, 42]
    assert lane.is_unchanged
    lane.lanes["ptr"] = 0
    assert helper(1, 2) is True


@each_index
def test_load_cbne_load_cbne_store(index: IndexMode) -> None:
    lane = Lane(Words, index, v=5, v2=7)
    helper = RELAXED["load_cbne_load_cbne_store"].bind(lane.storage)
    for expect, expect2 in ((4, 7), (5, 6), (4, 6)):
        assert helper(expect, expect2, 100) is True
        assert lane.is_unchanged
    assert helper(5, 7, 100) is False
    assert (lane.now["v"], lane.now["v2"]) == (100, 7)


@each_index
@both_orders("load_cbne_store_store")
def test_load_cbne_store_store(index: IndexMode, helper: Any) -> None:
    lane = Lane(Words, index, v=5, v2=7)
    helper = helper.bind(lane.storage)
    assert helper(4, 8, 100) is True
    assert lane.is_unchanged
    assert helper(5, 8, 100) is False
    assert (lane.now["v"], lane.now["v2"], lane.now["prepared_v2"]) == (100, 7, 8)


@each_index
@both_orders("load_cbne_memcpy_store")
@pytest.mark.parametrize("length", [0, 1, 7, 8, 33, 64])
def test_load_cbne_memcpy_store(index: IndexMode, helper: Any, length: int) -> None:
    src = bytes(range(100, 100 + length))
    lane = Lane(Words, index, v=5, dst=[9] * 64)
    helper = helper.bind(lane.storage)
    assert helper(4, src, 100) is True
    assert lane.is_unchanged
    assert helper(5, src, 100) is False
    assert lane.now["v"] == 100
    assert bytes(lane.now["dst"]) == src + bytes([9] * (64 - length))
    with pytest.raises(IndexError):
        helper(100, bytes(65), 5)
    assert lane.now["v"] == 100


# Against the interpreter, in the critical section and on the spare lane


def numbers_for(helper: Any) -> Iterator[tuple[Any, ...]]:
    choices = (0, 1, -1, (1 << 63) - 1, -(1 << 63))
    types = [value.type for value in helper.body.given]
    for turn in itertools.islice(itertools.product(choices, repeat=len(types)), 0, None, 3):
        yield tuple(
            bytes(range(abs(number) % 65)) if type.kind == "pointer" else number
            for number, type in zip(turn, types, strict=True)
        )


@pytest.mark.needs_rseq
@pytest.mark.parametrize("helper", ON_WORDS)
def test_helpers_mean_what_the_interpreter_says(cpu: int, helper: Any) -> None:
    bench = Bench(helper, cpu)
    for number, arguments in enumerate(numbers_for(helper)):
        record = np.zeros((), Words.dtype)
        record["v"], record["v2"], record["dst"] = (0, 1, -1)[number % 3], number % 2, number % 256
        bench.fill(record)
        bench.check(*arguments)


# In threads, without pinning


@pytest.mark.needs_rseq
@each_index
def test_nothing_is_lost_or_applied_twice_in_threads(threads: ThreadSet, index: IndexMode) -> None:
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    storage: Any = rseq.percpu(Words, index=index)
    add = RELAXED["load_add_store"].bind(storage)
    threads.run(4, lambda: [add(3) for _ in range(20_000)])
    assert storage.view()["v"].sum() == 4 * 3 * 20_000


@pytest.mark.needs_rseq
@each_index
@both_orders("load_cbne_memcpy_store")
def test_what_is_committed_has_been_copied_whole(threads: ThreadSet, index: IndexMode, helper: Any) -> None:
    os.sched_setaffinity(0, range(os.cpu_count() or 1))
    storage: Any = rseq.percpu(Words, index=index)
    put = helper.bind(storage)
    done = [0] * 4

    def work(number: int) -> None:
        mine = bytes([number + 1]) * 64
        for turn in range(5_000):
            done[number] += not put(turn, mine, turn + 1)  # each success adds one to what all lanes hold

    for number in range(4):
        threads.start(work, number)
    threads.join()
    committed = storage.view()["v"].sum()
    assert 0 < committed == sum(done)
    for lane in storage.view():
        assert lane["v"] == 0 or len(set(lane["dst"].tolist())) == 1


# The contract, the checker, C


@pytest.mark.one_in(3)
@pytest.mark.parametrize(
    ("helper", "name"), tiers.by_turns(BY_NAME, lambda one: tiers.runs_here(one) and one.pointer_bytes == 8)
)
def test_each_helper_survives_every_interruption_on_every_architecture(helper: str, name: str) -> None:
    report = check(BY_NAME[helper], arch=name)
    assert report.ok, str(report)


@pytest.mark.slow
def test_all_helpers_survive_each_other_on_every_architecture() -> None:
    report = check(RELAXED.values(), RELEASE.values(), arch="all")
    assert report.ok, str(report)


@pytest.mark.parametrize("name", tiers.names(lambda one: one.pointer_bytes == 8))
def test_all_helpers_compile_in_one_c_header(tmp_path: Path, name: str) -> None:
    architecture = arch.get(name)
    codes = {**RELAXED, **{f"{helper}_release": code for helper, code in RELEASE.items()}}
    write(tmp_path, librseq__h=c_header(codes, [architecture], "librseq"))
    write(tmp_path, unit__c='#include "librseq.h"\nint first;\n')
    for compiler in ("gcc", "clang") if architecture is arch.host() else ("clang",):
        compile_for(architecture, compiler, "c", ["-O2", "-c", "unit.c", "-o", "unit.o"], tmp_path)


def test_nothing_of_librseq_is_left_out() -> None:
    assert set(RELAXED) == {
        "load_cbne_store",
        "load_add_store",
        "load_cbne_load_add_store",
        "load_cbeq_store_add_load_store",
        "load_add_load_load_add_store",
        "load_cbne_load_cbne_store",
        "load_cbne_store_store",
        "load_cbne_memcpy_store",
    }
    assert set(RELEASE) == {"load_cbne_store_store", "load_cbne_memcpy_store"}
    assert all(code.body.release for code in RELEASE.values())
    assert librseq.COPIED == 64
