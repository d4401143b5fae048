"""Processes killed at random moments while they share a structure: a short run of each, and bugs that it must find."""

from __future__ import annotations

import json
import mmap
import os
import signal
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

import rseq
from rseq import i64, u32, u64
from rseq._cli import main
from rseq._percpu.threads import Table
from rseq._stress.kills import Kills, kill
from rseq._stress.shipped import mortals
from rseq._stress.workload import OF_VICTIM, Mortal, buffered
from rseq._structures.ring.reader import Reader
from rseq._structures.ring.sizes import position_and_slot
from support import run_python

KILLS = 5
NAMES = tuple(mortal.name for mortal in mortals())
OFF = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}


class Pair(rseq.Record):
    first: i64
    second: i64


@rseq.sequence
def add_first(cpu: Pair) -> None:
    cpu.first += 1


@rseq.sequence
def add_second(cpu: Pair) -> None:
    cpu.second += 1


@rseq.routine
def add_both(cpu: Pair, turn: u64) -> i64:
    """A structure that commits in two stores."""
    add_first(cpu)
    add_second(cpu)
    return i64(1)


class Pairs:
    def __init__(self, segment: rseq.Segment) -> None:
        self.storage = rseq.percpu(Pair, segment=segment)


def first_and_second(pairs: Pairs) -> list[int]:
    lanes = pairs.storage.per_cpu()
    return [int(lanes[field].sum()) for field in ("first", "second")]


def is_whole(difference: Sequence[int]) -> bool:
    """What this structure promises: both, or none."""
    return tuple(difference) in {(0, 0), (1, 1)}


PAIRS = Mortal("pairs", Pairs, add_both, first_and_second, is_whole)


def mortal(name: str) -> Mortal:
    return next(mortal for mortal in mortals() if mortal.name == name)


class Gap:
    """Between two stores of a work: the victim is there when it is killed, and the survivor waits for that."""

    def __init__(self) -> None:
        self.reached = memoryview(mmap.mmap(-1, mmap.PAGESIZE))

    def stay(self, turn: int) -> None:
        """End here, if this is a victim's turn."""
        while turn & OF_VICTIM:
            self.reached[0] = 1
            signal.pause()

    def wait(self, turn: int) -> None:
        """Until the victim is there, if this is another's turn."""
        while not turn & OF_VICTIM and not self.reached[0]:
            os.sched_yield()


@pytest.mark.one_in(3)
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_torn_lost_or_doubled(name: str) -> None:
    came = kill(mortal(name), kills=KILLS)
    assert came.problems == ()
    assert came.killed == {name: KILLS}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_either_of_forty_kills(name: str) -> None:
    assert kill(mortal(name), kills=40, seed=1).problems == ()


@pytest.mark.slow  # tests/stress/test_spare_lane.py kills processes there that share a counter
def test_without_rseq_the_spare_lane_and_its_lock_hold_as_well() -> None:
    run_python(
        """
        import rseq
        from rseq._stress.kills import kill
        assert not rseq.available()
        came = kill(kills=12)
        assert came.ok, str(came)
        """,
        env=OFF,
    )


def test_a_structure_that_commits_in_two_stores_is_found_out() -> None:
    (problem,) = kill(PAIRS, kills=400).problems
    assert "what the structure holds and what was noted differ by [1, 0], which no part of one run explains" in problem


@pytest.mark.slow
def test_items_that_are_not_recovered_are_found_out() -> None:
    def all_free(structure: Any, process: int, noted: int) -> list[str]:
        return [] if len(structure) == structure.count else [f"{structure!r}"]

    (problem,) = kill(replace(mortal("Pool"), bury=all_free), kills=400).problems
    assert "items of 8 bytes" in problem


def test_whoever_acquires_without_a_compare_and_exchange_is_found_out() -> None:
    """An owner that is noted after the item was taken: whoever is killed in between leaves it to nobody."""

    class Flags(rseq.Record):
        free: i64
        owner: i64

    @rseq.sequence
    def take(cpu: Flags) -> bool:
        if cpu.free != 0:
            return False
        cpu.free = 1
        return True

    @rseq.sequence
    def sign(cpu: Flags, owner: i64) -> None:
        cpu.owner = owner

    @rseq.sequence
    def give(cpu: Flags) -> None:
        cpu.free = 0

    class One:
        def __init__(self, segment: rseq.Segment) -> None:
            self.storage = rseq.percpu(Flags, segment=segment)

    gap = Gap()

    def work(one: One, turn: int) -> int:
        gap.wait(turn)
        if take.bind(one.storage)():
            gap.stay(turn)
            sign.bind(one.storage)(1)
            sign.bind(one.storage)(0)
            give.bind(one.storage)()
        return 0

    def nobodys(one: One) -> list[int]:
        lanes = one.storage.per_cpu()
        return [int((lanes["free"] * (lanes["owner"] == 0)).sum())]

    shared = Mortal("one", One, work, nobodys, lambda difference: not any(difference), longest=100)
    (problem,) = kill(shared, kills=1).problems
    assert "differ by [1]" in problem


@pytest.mark.slow
def test_a_survivor_who_waits_for_a_dead_process_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rseq._stress.kills._PATIENCE_S", 0.5)

    class Owned(rseq.Record):
        taken: i64

    @rseq.routine
    def work(cpu: Owned, turn: u64) -> i64:
        there = rseq.lane(cpu, 0)
        while not rseq.compare_exchange(there.taken, 0, 1):
            rseq.relax()
        rseq.store_release(there.taken, 0)
        return i64(0)

    class Lock:
        def __init__(self, segment: rseq.Segment) -> None:
            self.storage = rseq.percpu(Owned, segment=segment)

    (problem,) = kill(Mortal("lock", Lock, work, lambda lock: [0], lambda difference: True), kills=400).problems
    assert problem == "process 0 said nothing for 0.5 seconds and was killed"


@pytest.mark.slow
def test_a_dead_holder_whom_nobody_takes_for_dead_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rseq._stress.kills._PATIENCE_S", 2.0)
    monkeypatch.setattr(Table, "has_ended", lambda table, thread: False)
    (problem,) = kill(mortal("SpinLock"), kills=400).problems
    assert problem == "process 0 said nothing for 2 seconds and was killed"


@pytest.mark.slow
def test_a_holder_who_is_alive_and_taken_for_dead_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Table, "has_ended", lambda table, thread: True)

    def hold_for_long(lock: Any, turn: int) -> int:
        with lock:
            for _ in range(64):
                os.sched_yield()
        return 0

    problems = kill(replace(mortal("SpinLock guarding"), work=hold_for_long), kills=400).problems
    assert any("held a lock and has ended" in problem or "work failed" in problem for problem in problems)


@pytest.mark.slow
def test_a_warning_that_names_somebody_else_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Table, "describe", lambda table, thread: "somebody")
    unnamed, warned = kill(mortal("SpinLock"), kills=400).problems
    assert "was killed, which could hold one lock; held are {" in unnamed
    assert "whose holder was killed, came as that of CPU" in warned


@pytest.mark.slow
def test_what_is_guarded_by_no_lock_is_found_out() -> None:
    def add_one(lock: Any, turn: int) -> int:
        cpu = rseq.cpu_number()
        count = lock.counts[cpu]
        os.sched_yield()
        lock.counts[cpu] = count + 1
        return 1

    (problem,) = kill(replace(mortal("SpinLock guarding"), work=add_one), kills=400).problems
    assert "which no part of one run explains" in problem


def test_a_record_that_is_there_before_its_bytes_is_found_out() -> None:
    """A writer that commits a record and fills it then. The victim is killed between the two."""
    whole = mortal("RingBuffer drop")
    kind = whole.make(rseq.Segment()).ring
    Ring, units = kind.storage.record, kind.capacity // 4  # noqa: N806 - it is a class

    @rseq.sequence
    def reserve(cpu: Ring, data: bytes) -> bool:  # type: ignore[valid-type]
        head = cpu.head  # type: ignore[attr-defined]
        at = head & (units - 1)
        end = head + ((len(data) + 15) >> 2)
        if at + 20 > units or end - rseq.load_acquire(cpu.tail) > units:  # type: ignore[attr-defined]
            return False
        cpu.data[at] = u32(len(data))  # type: ignore[attr-defined]
        at += 1
        cpu.data[at] = 0  # type: ignore[attr-defined]
        at += 1
        cpu.data[at] = 0  # type: ignore[attr-defined]
        cpu.head = end  # type: ignore[attr-defined]
        return True

    @rseq.sequence
    def fill(cpu: Ring, data: bytes) -> None:  # type: ignore[valid-type]
        head = cpu.head  # type: ignore[attr-defined]
        at = (head - ((len(data) + 3) >> 2)) & (units - 1)
        rseq.copy(cpu.data[at], data, len(data))  # type: ignore[attr-defined]
        cpu.head = head  # type: ignore[attr-defined]

    gap = Gap()

    def work(tapped: Any, turn: int) -> int:
        gap.wait(turn)
        data = buffered(turn)
        if reserve.bind(tapped.storage)(data):
            if len(data) >= 8:  # less does not say whose it is
                gap.stay(turn)
            fill.bind(tapped.storage)(data)
        else:
            tapped.ring.write(data)
        return 1

    (problem,) = kill(replace(whole, work=work, longest=100), kills=1).problems
    assert "a record is torn" in problem


@pytest.mark.slow
@pytest.mark.parametrize("name", ["RingBuffer overwrite read", "RingBuffer overwrite rows read"])
def test_a_reader_that_counts_what_it_missed_before_it_moves_on_is_found_out(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stores one after another, and others run in between."""
    words_of = Reader._words_of

    def settle_one_after_another(reader: Any, one: Any) -> Any:
        lane = reader._storage.view()[one.lane.number]
        lane["given"][position_and_slot(int(lane["tail"]))[1]] += one.missed
        os.sched_yield()
        return words_of(reader, one)

    monkeypatch.setattr(Reader, "_words_of", settle_one_after_another)
    (problem,) = kill(mortal(name), kills=2000).problems
    assert "which no part of one run explains" in problem


@pytest.mark.slow
def test_a_reader_who_does_not_give_its_turn_back_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rseq._stress.kills._PATIENCE_S", 2.0)
    monkeypatch.setattr(Table, "has_ended", lambda table, thread: False)
    (problem,) = kill(mortal("RingBuffer drop read"), kills=400).problems
    assert problem == "process 0 said nothing for 2 seconds and was killed"


def test_a_victim_whose_work_fails_is_found_out() -> None:
    @rseq.routine
    def work(cpu: Pair, turn: u64) -> i64:
        if turn > 1 << 39:
            raise ValueError("on purpose")
        return i64(0)

    (problem,) = kill(replace(PAIRS, work=work), kills=300).problems  # it ends with the first that came to work
    assert problem.startswith("pairs: the victim's work failed")


def test_the_command_reports_how_many_were_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rseq._stress.kills.mortals", lambda: [mortal("Counter"), mortal("Stack")])
    done = CliRunner().invoke(main, ["stress", "--kills", "2", "--json"])
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert (report["ok"], report["killed"]) == (True, {"Counter": 2, "Stack": 2})
    refused = CliRunner().invoke(main, ["stress", "--kills", "2", "--seconds", "1"])
    assert (refused.exit_code, "takes no time" in refused.output) == (2, True)


def test_no_kills_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^kills: expected 1 or more, got 0$"):
        kill(kills=0)


def test_the_report_is_at_most_80_columns_wide() -> None:
    for problems in ((), ("Stack: after kill 7, what the structure holds and what was noted differ by [1, -1], " * 2,)):
        report = Kills(problems, {"Stack": 1000})
        assert max(map(len, str(report).splitlines())) <= 80
        assert ("Nothing is torn" in str(report)) == report.ok
