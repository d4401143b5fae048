"""Processes that are killed while they make a segment or something in it: nothing is lost, nothing is half made."""

from __future__ import annotations

from pathlib import Path

import pytest

import rseq
from rseq._percpu.segment import PAGE_BYTES
from rseq._percpu.shared.segment import core_of
from shared import killed
from shared.killed import killed_at_each_step


def all_is_well(shop: rseq.Segment) -> None:
    """All names lead to structures that can be used, and another one can be made."""
    for name in shop:
        counter = shop[name]
        if name.startswith("own"):
            continue
        counter.add(1)
    mine = rseq.Counter(segment=shop)
    mine.add(2)
    assert mine.value == 2


def test_the_steps_are_those_that_leave_something(segment_folder: Path) -> None:
    with killed.counted(-1, int) as steps:
        shop = rseq.Segment("shop", size=PAGE_BYTES)
        rseq.Counter(segment=shop, name="hits")
    wanted = {"files._open", "os.fchmod", "os.truncate", "os.pwrite", "files._lock", "os.link", "core.file_mapping"}
    wanted |= {"os.posix_fallocate", "extents.make_mutex", "extents.compare_exchange", "_quick_ctypes.memmove"}
    assert wanted <= set(steps)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("keep", [False, True])
def test_killed_while_it_makes_the_segment(segment_folder: Path, keep: bool) -> None:
    rseq.Counter(segment=rseq.Segment("warm")).add()

    def make() -> None:
        rseq.Counter(segment=rseq.Segment("shop", keep=keep), name="hits").add(5)

    def look(_: int) -> None:
        infos = {info.name: info for info in rseq.segments()}
        if "shop" in infos:
            assert not infos["shop"].problem
            assert not infos["shop"].processes
        shop = rseq.Segment("shop", keep=True)
        assert rseq.Counter(segment=shop, name="hits").value in (0, 5)
        all_is_well(shop)
        del shop
        for info in rseq.segments():
            info.remove()

    assert killed_at_each_step(make, look) > 20


@pytest.mark.slow
def test_killed_while_it_begins_a_segment_anew(segment_folder: Path) -> None:
    def leave() -> None:
        rseq.Counter(segment=rseq.Segment("shop"), name="old").add(5)

    def begin() -> None:
        rseq.Counter(segment=rseq.Segment("shop"), name="new").add(5)

    def look(_: int) -> None:
        shop = rseq.Segment("shop", keep=True)
        assert set(shop) in ({"old"}, {"new"}, set())
        assert "old" not in shop or rseq.Counter(segment=shop, name="old").value == 5
        all_is_well(shop)
        del shop
        for info in rseq.segments():
            info.remove()
        assert killed.in_child(leave) == 0

    assert killed.in_child(leave) == 0
    assert killed_at_each_step(begin, look) > 20


@pytest.mark.one_in(4)
@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("nbytes", [8, 5 * PAGE_BYTES])
def test_killed_while_it_makes_something(segment_folder: Path, alone: bool, nbytes: int) -> None:
    """In a segment that grows with each structure, and one that others have open or not."""
    shop = rseq.Segment("shop", size=PAGE_BYTES)
    survivor = rseq.CounterArray(510, segment=shop, name="own")
    survivor.add(0, 3)
    made: list[int] = []
    if alone:
        del shop, survivor

    def make() -> None:
        mine = rseq.Segment("shop", keep=True)
        rseq.CounterArray(nbytes // 8, segment=mine, name=f"own {len(made)}").add(0, 5)

    def look(step: int) -> None:
        here = rseq.Segment("shop", keep=True)
        name = f"own {len(made)}"
        if name in here:
            found = here[name]
            assert found.values()[0] in (0, 5)
            assert not found.values()[1:].any()
            found.add(0, 1)
        before = rseq.CounterArray(510, segment=here, name="own")
        assert before.values()[0] == 3
        assert before.values().sum() == 3
        counter = rseq.Counter(segment=here, name=f"after {step} {len(made)}")
        assert counter.value == 0
        counter.add(1)
        made.append(step)

    assert killed_at_each_step(make, look) >= (12 if alone else 5)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("keeps", [True, False])
@pytest.mark.parametrize("kills", [8, pytest.param(80, marks=pytest.mark.slow)])
def test_killed_at_random_moments(segment_folder: Path, keeps: bool, kills: int) -> None:
    problems, made = killed.kill(kills, kills, keeps=keeps)
    assert not problems
    assert made


def test_what_a_process_took_and_gave_back_is_empty(segment_folder: Path) -> None:
    """A process makes what another one makes at that moment: its own memory is zeroed, and used for the next."""
    shop = rseq.Segment("shop")
    rival: list[rseq.Histogram] = []

    def come_first() -> None:
        rival.append(rseq.Histogram([1, 2], segment=shop, name="same"))

    rseq.Histogram([1, 2], segment=shop, name="warm")
    with killed.counted(-1, int) as steps:
        rseq.Histogram([1, 2], segment=shop, name="alone")
    last = max(place for place, step in enumerate(steps) if step == "directory.compare_exchange")
    with killed.counted(last, come_first):
        mine = rseq.Histogram([1, 2], segment=shop, name="same")
    mine.observe(1)
    assert rival[0].count == 1
    count = len(core_of(shop).extents._left)
    assert count == 1
    third = rseq.Histogram([1, 2], segment=shop, name="third")
    assert third.count == 0
    assert not any(core_of(shop).extents._left.values())
