"""KeyedCounter: threads, processes, and contents that somebody has written."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import random
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import rseq
from shared.folders import Program
from structures.keyed import uses
from support import ThreadSet, run_python

# ---- threads


def test_threads_lose_nothing_and_a_key_has_one_row(threads: ThreadSet) -> None:
    hits = rseq.KeyedCounter(50)

    def work(worker: int) -> None:
        add, chance = hits.add, random.Random(worker)
        for _ in range(100):
            for key in chance.sample(range(70), 70):
                add(("key", key), 3)

    for worker in range(4):
        threads.start(work, worker)
    threads.join()
    assert len(set(hits.keys())) == len(hits) == 50
    assert all(count == 4 * 100 * 3 for _, count in hits.items())
    assert hits.overflow == 20 * 4 * 100 * 3


def test_threads_without_the_gil_write_to_no_object_that_they_share() -> None:
    hits: Any = rseq.KeyedCounter(2000)
    for number in range(2000):
        hits.add(("key", number))
    is_immortal = getattr(sys, "_is_immortal", lambda thing: False)
    is_free = sys.version_info >= (3, 13) and not sys._is_gil_enabled()
    shared = [thing for pair in list(hits._entered.items())[300:] for thing in pair]
    assert {is_immortal(thing) for thing in shared} == {is_free}


def test_counts_are_exact_on_the_spare_lane() -> None:
    run_python(
        """
        import threading
        import rseq
        hits = rseq.KeyedCounter(2)
        def work():
            for number in range(3000):
                hits.add(("abc"[number % 3], 1))
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert not rseq.available()
        assert sorted(count for _, count in hits.items()) == [4000, 4000]
        assert hits.overflow == 4000
        assert int(hits.storage.per_cpu()["value"][:-1].sum()) == 0
        """,
        env={"GLIBC_TUNABLES": "glibc.pthread.rseq=0"},
    )


def test_a_signal_handler_counts_in_the_middle_of_counting() -> None:
    hits, before = rseq.KeyedCounter(600), signal.getsignal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, lambda *_: (hits.add("handler"), hits.add(("new", len(hits)))))
    try:
        for number in range(200):
            os.kill(os.getpid(), signal.SIGUSR1)
            hits.add(number)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert hits["handler"] == 200
    assert (hits.total(), hits.overflow) == (600, 0)


# ---- processes


def test_parent_and_child_count_apart(in_child: Callable[[Callable[[], object]], None]) -> None:
    hits = rseq.KeyedCounter(4)
    hits.add("both")

    def work() -> None:
        hits.add("both")
        hits.add("child", 5)
        assert hits.items() == [("both", 2), ("child", 5)]

    in_child(work)
    hits.add("parent", 7)
    assert hits.items() == [("both", 1), ("parent", 7)]


@pytest.mark.parametrize("name", ["hits", None])
def test_forked_children_bring_keys_at_once(
    segment_folder: Path, name: str | None, run_in_children: Callable[[int, Callable[[int], object]], None]
) -> None:
    hits = rseq.KeyedCounter(300, segment=rseq.Segment("shop"), name=name)

    def work(child: int) -> None:
        for key in range(300):
            hits.add(("key", key), child + 1)
            hits.add(("own", child, key))

    run_in_children(4, work)
    assert len(set(hits.keys())) == len(hits) == 300
    assert hits.total() == 300 * (1 + 2 + 3 + 4) + 4 * 300
    assert {count for (kind, *_), count in hits.items() if kind == "key"} <= {10, 9, 8, 7, 6, 5, 4, 3, 2, 1}
    rows = [hits.row_of(key) for key in hits]
    assert rows == list(range(1, 301))


def test_programs_find_it_by_its_name(segment_folder: Path) -> None:
    hits = rseq.KeyedCounter(50, segment="shop", name="hits")
    hits.add("mine")
    programs = [
        Program(
            """
            import rseq
            hits = rseq.KeyedCounter(50, segment="shop", name="hits")
            ask()
            for number in range(60):
                hits.add((number, "ü"), 2)
            say(repr(hits.items()[:3]))
            """
        )
        for _ in range(2)
    ]
    for program in programs:
        program.tell("go")
    heard = [program.hear() for program in programs]
    assert [program.end() for program in programs] == [0, 0]
    assert all(line.startswith("[('mine', 1), ((0, 'ü'), ") for line in heard)
    assert len(hits) == 50
    assert {count for _, count in hits.items()[1:]} == {4}
    assert (hits.overflow, hits.total()) == (2 * 2 * 11, 2 * 2 * 60 + 1)


def test_another_capacity_under_the_same_name_is_refused(segment_folder: Path) -> None:
    hits = rseq.KeyedCounter(5, segment="shop", name="hits")
    for other in ({"capacity": 6}, {"capacity": 5, "key_bytes": 65}):
        with pytest.raises(rseq.SegmentError, match="One name is one thing"):
            rseq.KeyedCounter(**other, segment="shop", name="hits")
    assert hits.total() == 0


def _count_handed_on(hits: rseq.KeyedCounter) -> list[Any]:
    hits.add(("child", 1), 3)
    return hits.items()


@pytest.mark.parametrize("name", ["hits", None])
def test_it_is_handed_on_to_spawned_processes(segment_folder: Path, name: str | None) -> None:
    hits = rseq.KeyedCounter(5, segment=rseq.Segment("shop"), name=name)
    hits.add("parent")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor:
        assert executor.submit(_count_handed_on, hits).result() == [("parent", 1), (("child", 1), 3)]
    assert hits[("child", 1)] == 3
    assert pickle.loads(pickle.dumps(hits)).items() == hits.items()


# ---- contents that somebody has written


NUMBERS = (0, 1, 7, 8, 64, 4096, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 48, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)


def words_of(hits: Any) -> memoryview:
    whole: memoryview = hits._log._memory
    return whole.cast("Q")


@pytest.mark.parametrize(
    ("word", "number", "message"),
    [
        (8, 3, r"key 0 is said to be at 3"),
        (8, 1 << 40, r"key 0 is said to be at 1099511627776"),
        (9, "word 8", r"keys 0 and 1 are the same"),
        ("entry 0", 1 << 20, r"key 0, at \d+, is not what its digest says"),
        ("entry 1", 0, r"key 1: a key is cut off"),
        (0, 4, r"4 bytes are said to be used"),
        (0, (1 << 64) - 8, r"\d+ bytes are said to be used"),
    ],
)
def test_what_was_written_over_is_said(segment_folder: Path, word: Any, number: Any, message: str) -> None:
    hits = rseq.KeyedCounter(9, segment="shop", name="hits")
    hits.add("GET /")
    hits.add(("b", 1))
    words = words_of(hits)
    at = words[8 + int(word.split()[1])] // 8 if isinstance(word, str) else word
    words[at] = words[int(number.split()[1])] if isinstance(number, str) else number
    found = rseq.Segment("shop")["hits"]
    with pytest.raises(rseq.SegmentError, match=rf"^the keys of 'hits' in .* are damaged: {message}$"):
        found.add("another")
    hits.add("GET /")
    assert hits._row_sum(1) == 2


def test_a_key_that_was_changed_to_another_key_is_noticed(segment_folder: Path) -> None:
    hits: Any = rseq.KeyedCounter(9, segment="shop", name="hits")
    hits.add("GET /")
    memory, place = hits._log._memory, words_of(hits)[8]
    text = memory[place:].tobytes().index(b"GET /")
    memory[place + text : place + text + 3] = b"PUT"
    with pytest.raises(rseq.SegmentError, match=r"key 0, at \d+, is not what its digest says$"):
        rseq.Segment("shop")["hits"].keys()


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 12))])
def test_whatever_is_written_is_an_error_or_another_answer_and_no_crash(segment_folder: Path, seed: int) -> None:
    chance, raised = random.Random(seed), 0
    for turn in range(40 if seed == 0 else 300):
        shop = rseq.Segment(f"shop{turn % 2}")
        hits = rseq.KeyedCounter(9, segment=shop, name="hits")
        for key in ("GET /", ("b", 1), b"x", 5):
            hits.add(key)
        words = words_of(hits)
        for _ in range(chance.choice((1, 1, 3, 10))):
            at = chance.choice((0, *range(8, 17), *range(17, 40), chance.randrange(len(words))))
            words[at] = chance.choice((*NUMBERS, words[chance.randrange(40)], chance.getrandbits(64)))
        for use in uses(shop):
            try:
                use()
            except rseq.SegmentError:
                raised += 1
        del shop, hits, words, use
    assert raised


def test_rseq_show_says_what_was_written_over(segment_folder: Path) -> None:
    from rseq._look.reading import found_in, read
    from rseq._percpu.shared.segment import core_of

    chance, said = random.Random(5), set()
    for turn in range(60):
        shop = rseq.Segment(f"shop{turn % 2}")
        hits: Any = rseq.KeyedCounter(9, segment=shop, name="hits")
        hits.add("GET /")
        hits.add(("b", 1), 2)
        (reading,) = read(found_in(core_of(shop)))
        assert reading.value["counts"] == [["'GET /'", 1], ["('b', 1)", 2]]
        words = words_of(hits)
        words[chance.choice((0, *range(8, 30)))] = chance.choice((*NUMBERS, chance.getrandbits(64)))
        (reading,) = read(found_in(core_of(shop)))
        said.add(reading.problem.partition(":")[0])
        del shop, hits, words, reading
    assert said == {"", "the keys of 'hits' are damaged"}
