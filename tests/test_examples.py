"""The example sequences: interrupted at every instruction, as C, and in threads, where what they promise is exact."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import rseq
import tiers
from compilers import compile_with
from rseq import _arch as arch
from rseq._emit.c import header
from rseq.check import check
from support import ROOT, ThreadSet, require_made

FOLDER = ROOT / "examples" / "sequences"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py"))
EACH, WORKERS = 3_000, 4


@cache
def example(name: str) -> ModuleType:
    """The example's file as a module."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def checked(name: str) -> list[Any]:
    found: list[Any] = example(name).CHECKED[name]
    return found


def test_all_eight_are_there() -> None:
    assert NAMES == ["bitmap", "fifo", "free_list", "lru", "mpsc", "saturating", "snapshot", "token_bucket"]


@pytest.mark.one_in(4)
@pytest.mark.parametrize(("name", "architecture"), tiers.by_turns(NAMES))
def test_it_survives_every_interruption(name: str, architecture: str) -> None:
    report = check(*checked(name), arch=architecture)
    require_made(report)
    assert report.ok, str(report)
    assert report.not_compared == ()
    assert report.total("aborts") > 100 or report.skipped


@pytest.mark.parametrize("name", NAMES)
def test_it_compiles_as_c(name: str, tmp_path: Path) -> None:
    codes = {one.__name__: one for one in checked(name)}
    host = arch.host()
    if host is None:
        pytest.skip("this machine's architecture has no code generator")
    (tmp_path / "example.h").write_text(header(codes, [host], "example"))
    (tmp_path / "unit.c").write_text('#include "example.h"\n')
    compile_with("gcc", "c", ["-c", "-O2", "unit.c"], tmp_path)


@pytest.mark.parametrize("name", NAMES)
def test_its_own_demonstration_runs(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    example(name).main()
    assert capsys.readouterr().out


# ---- in threads


def in_threads(threads: ThreadSet, work: Any) -> list[Any]:
    """What `work(worker)` returned in each thread."""
    found: list[Any] = []
    for worker in range(WORKERS):
        threads.start(lambda worker=worker: found.append(work(worker)))
    threads.join()
    return found


def test_a_token_bucket_lets_no_cpu_have_more_than_its_burst(threads: ThreadSet) -> None:
    module = example("token_bucket")
    take = module.take.bind(buckets := rseq.percpu(module.Bucket))
    passed = sum(in_threads(threads, lambda _: sum(take(1_000, 10, 500) for _ in range(EACH))))
    due = [int(one) for one in buckets.per_cpu()["due"] if one]
    assert all(one == 1_500 for one in due if one), due
    assert passed == 50 * len(due)


def test_a_cache_of_eight_holds_what_was_used_last(threads: ThreadSet) -> None:
    module = example("lru")
    use = module.use.bind(caches := rseq.percpu(module.Cache))
    in_threads(threads, lambda worker: [use(1 + (number * (worker + 1)) % 20) for number in range(EACH)])
    for keys in caches.per_cpu()["keys"]:
        there = [int(key) for key in keys if key]
        assert set(there) <= set(range(1, 21))


@pytest.mark.needs_rseq
def test_on_one_cpu_the_cache_forgets_the_oldest() -> None:
    import os

    module, allowed = example("lru"), os.sched_getaffinity(0)
    use = module.use.bind(rseq.percpu(module.Cache))
    model: list[int] = []
    os.sched_setaffinity(0, {min(allowed)})
    try:
        for number in range(2_000):
            key = 1 + number * number % 23
            assert use(key) == (key in model), number
            model = [key, *(one for one in model if one != key)][:8]
    finally:
        os.sched_setaffinity(0, allowed)


def test_no_row_of_a_free_list_is_lost_or_had_twice(threads: ThreadSet) -> None:
    module = example("free_list")
    heads, rows = rseq.percpu(module.Free), rseq.array(module.Row, 8 * WORKERS)
    put, get = module.put.bind(heads, rows), module.get.bind(heads, rows)

    def work(worker: int) -> list[int]:
        hand = [rows[number] for number in range(8 * worker, 8 * worker + 8)]
        for _ in range(EACH):
            if hand:
                put(hand.pop())
            if (row := get()) is not None:
                hand.append(row)
        return [row.index for row in hand]

    held = [number for hand in in_threads(threads, work) for number in hand]
    for first in heads.per_cpu()["first"]:
        row = rows.row_of(first)
        while row is not None:
            held.append(row.index)
            row = rows.row_of(row["next"])
    assert sorted(held) == list(range(8 * WORKERS))


def test_three_words_always_belong_together(threads: ThreadSet) -> None:
    module = example("snapshot")
    twice = rseq.percpu(module.Twice)
    note, read = module.note.bind(twice), module.snapshot.bind(twice)

    def work(_: int) -> None:
        for _ in range(EACH):
            note(7)
            count, total, last = read()
            assert (total, last) == (7 * count, 7 if count else 0)

    in_threads(threads, work)
    counts = [int(lane["odd" if lane["changes"] & 1 else "even"][0]) for lane in twice.per_cpu()]
    assert sum(counts) == EACH * WORKERS


def test_eight_bit_counters_stay_at_255(threads: ThreadSet) -> None:
    module = example("saturating")
    observe = module.observe.bind(small := rseq.percpu(module.Small))
    in_threads(threads, lambda worker: [observe(number % 20 if worker else 99) for number in range(1_000)])
    counts = small.per_cpu()["counts"]
    assert counts[:, :20].astype(int).sum() == 1_000 * (WORKERS - 1)
    assert counts[:, 99].max() == 255
    with pytest.raises(IndexError):
        observe(256)


def test_each_message_arrives_once(threads: ThreadSet) -> None:
    module = example("mpsc")
    inboxes, messages = rseq.percpu(module.Inbox), rseq.array(module.Message, EACH * WORKERS)
    push, take = module.push.bind(inboxes, messages), module.take_all.bind(inboxes, messages)

    def behind(first: Any) -> list[int]:
        found = []
        while first is not None:
            found.append(int(first["value"]))
            first = messages.row_of(first["next"])
        return found

    def work(worker: int) -> list[int]:
        found = []
        for number in range(EACH * worker, EACH * (worker + 1)):
            push(messages[number], number)
            if number % 50 == 0:
                found += behind(take())
        return found

    received = [number for some in in_threads(threads, work) for number in some]
    for first in inboxes.per_cpu()["first"]:
        received += behind(messages.row_of(first))
    assert Counter(received) == Counter(range(EACH * WORKERS))


def test_no_number_is_allocated_twice(threads: ThreadSet) -> None:
    module = example("bitmap")
    allocate, free = module.allocate.bind(bits := rseq.percpu(module.Bits)), module.free.bind(bits)

    def work(_: int) -> int:
        taken = 0
        for turn in range(EACH):
            if turn % 3 and allocate() is not None:
                taken += 1
            elif free(turn):
                taken -= 1
        return taken

    assert sum(in_threads(threads, work)) == sum(int(word).bit_count() for word in bits.per_cpu()["taken"])


def test_a_queue_loses_and_doubles_nothing(threads: ThreadSet) -> None:
    module = example("fifo")
    put, get = module.put.bind(queues := rseq.percpu(module.Queue)), module.get.bind(queues)

    def work(worker: int) -> tuple[list[int], list[int]]:
        into, out = [], []
        for number in range(EACH * worker, EACH * (worker + 1)):
            if put(number):
                into.append(number)
            if (found := get()) is not None:
                out.append(found)
        return into, out

    both = in_threads(threads, work)
    out = [number for _, some in both for number in some]
    for lane in queues.per_cpu():
        out += [int(lane["slots"][at % 8]) for at in range(int(lane["tail"]), int(lane["head"]))]
    assert Counter(out) == Counter(number for some, _ in both for number in some)
