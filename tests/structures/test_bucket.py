"""TokenBucket: the rate and the burst, on one CPU, in threads, in processes; and time, which tests move by hand."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import rseq
from models.bucket import Model
from rseq._structures.bucket import MAX_BURST, MAX_RATE
from support import ThreadSet, on_one_cpu, run_python

OFF = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}
SLOW = 1e-3
"""Tokens a second: so few that none comes in by itself while a test runs."""

NEVER = 1e-300

FIFTY_YEARS = 50 * 365 * 86400


@pytest.fixture(autouse=True)
def cpus() -> Iterator[list[int]]:
    """The CPUs that this thread may run on, to which it is set back; it begins on the first."""
    allowed = sorted(os.sched_getaffinity(0))
    with on_one_cpu():
        yield allowed


def let_pass(bucket: rseq.TokenBucket, seconds: float) -> None:
    """Have the bucket take it that so much more time has passed since it was made."""
    ticks = int(abs(seconds) * rseq.clock_frequency())
    word = bucket.storage.view()["start"][:1]
    word[0] = (int(word[0]) - (ticks if seconds > 0 else -ticks)) % (1 << 64)


def words(bucket: rseq.TokenBucket) -> Any:
    return bucket.storage.view()[0]


def drawn(bucket: rseq.TokenBucket) -> int:
    """How many tokens CPUs have drawn ahead."""
    return int(bucket.storage.view()["tokens"].sum())


def issued(bucket: rseq.TokenBucket) -> Fraction:
    return Fraction(int(words(bucket)["issued"]), 1 << int(words(bucket)["token_bits"]))


# ---- one thread


def test_it_gives_its_burst_and_no_more() -> None:
    bucket = rseq.TokenBucket(rate=SLOW, burst=100)
    assert (bucket.rate, bucket.burst, bucket.available) == (SLOW, 100, 100)
    assert repr(bucket) == "<rseq.TokenBucket of 0.001 a second, burst 100, 100 left>"
    assert [bucket.take() for _ in range(101)] == [True] * 100 + [False]
    assert (bucket.available, drawn(bucket)) == (0, 0)


@pytest.mark.parametrize("burst", [1, 2, 15, 16, 17, 100, 1000])
@pytest.mark.parametrize("n", [1, 2, 7])
def test_any_parts_can_be_taken_as_long_as_there_are_so_many(burst: int, n: int) -> None:
    bucket = rseq.TokenBucket(NEVER, burst)
    for left in range(burst, 0, -n):
        if n > burst:
            break
        assert bucket.available == left
        assert bucket.take(n) == (left >= n)
    assert bucket.take(0)


def test_it_fills_at_its_rate_and_runs_over_at_its_burst() -> None:
    bucket = rseq.TokenBucket(SLOW, 3)
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    let_pass(bucket, 1500)
    assert [bucket.take() for _ in range(2)] == [True, False]
    let_pass(bucket, 1000)  # with what is left over from before, a token and a half
    assert [bucket.take() for _ in range(2)] == [True, False]
    let_pass(bucket, 600)
    assert [bucket.take() for _ in range(2)] == [True, False]
    let_pass(bucket, 1e9)
    assert bucket.available == 3
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


@pytest.mark.needs_rseq
def test_takes_on_all_cpus_at_any_time_agree_with_the_model(cpus: list[int]) -> None:
    lanes = rseq.info().possible_cpus + 1
    bucket = rseq.TokenBucket(SLOW, 500)
    model, chance = Model(500, lanes, 1 << (4 * lanes - 1).bit_length()), np.random.default_rng(5)
    level = Fraction(1, 1000)  # what comes in while this runs is less, and decides nothing
    let_pass(bucket, 1)
    for _ in range(600):
        cpu, n = int(chance.choice(cpus)), int(chance.choice([1, 1, 1, 2, 30, 499]))
        os.sched_setaffinity(0, {cpu})
        assert bucket.take(n) == model.take(cpu, n, level)
        assert bucket.storage.view()["tokens"].tolist() == model.tokens
        assert bucket.available == model.available(level)
        passed = int(chance.choice([0, 0, 0, 1, 5, 1000]))
        let_pass(bucket, 1000 * passed)
        level += passed


@pytest.mark.parametrize(
    "rate", [NEVER, 1e-9, SLOW, 1 / 3, 1, 1000, 1e6, MAX_RATE, 1 << 20, Fraction(1, 7), np.float32(2)]
)
@pytest.mark.parametrize("burst", [1, 3, 1 << 20, MAX_BURST, np.int16(5)])
def test_any_rate_and_burst_will_do(rate: Any, burst: Any) -> None:
    bucket = rseq.TokenBucket(rate, burst)
    assert (bucket.rate, bucket.burst) == (float(rate), burst)
    assert bucket.available == burst
    assert bucket.take(int(burst))
    if rate <= 1:
        assert not bucket.take()
    most = min(int(burst), int(FIFTY_YEARS * float(rate)))
    if most:
        let_pass(bucket, (most + 0.01) / float(rate))
        assert most <= bucket.available
        assert bucket.take(most)
    assert bucket.rate == float(rate)


def test_time_is_that_of_the_clock() -> None:
    """No more than comes in from before the bucket was made until after the last take."""
    begun = rseq.clock()
    bucket = rseq.TokenBucket(100_000, 50)
    taken = calls = 0
    while taken < 2000 and calls < 10_000_000:
        taken += bucket.take()
        calls += 1
    seconds = (rseq.clock() - begun) / rseq.clock_frequency()
    assert taken == 2000
    assert taken <= 100_000 * seconds * 1.0001 + 50


def test_a_counter_that_was_set_back_empties_it_and_it_fills_again() -> None:
    bucket = rseq.TokenBucket(SLOW, 3)
    let_pass(bucket, 1e7)
    assert bucket.take(2)
    let_pass(bucket, -2e7)
    assert (bucket.take(), bucket.available) == (False, 0)
    let_pass(bucket, 1001)
    assert (bucket.available, bucket.take(), bucket.take()) == (1, True, False)


def test_cpus_that_differ_by_a_millisecond_do_not_empty_it() -> None:
    bucket = rseq.TokenBucket(1e6, 1)
    let_pass(bucket, 1)
    assert bucket.take()
    before = int(words(bucket)["issued"])
    words(bucket)["parts_per_tick"] = 0  # the clock stands still from here on
    ahead = before - (1 << int(words(bucket)["token_bits"]))
    for too_far, moved in ((int(words(bucket)["skew"]), False), (int(words(bucket)["skew"]) + 1, True)):
        words(bucket)["issued"] = ahead = (1 << int(words(bucket)["token_bits"])) + too_far
        assert not bucket.take()
        assert (int(words(bucket)["issued"]) != ahead) == moved
    assert int(words(bucket)["skew"]) == int(
        (1 << 20) * 1e6 * (1 << int(words(bucket)["token_bits"])) / rseq.clock_frequency()
    )


def test_what_is_drawn_ahead_is_a_quarter_of_the_burst_at_most(cpus: list[int]) -> None:
    bucket = rseq.TokenBucket(NEVER, 100_000)
    lanes = len(bucket.storage.view())
    share = 100_000 >> (4 * lanes - 1).bit_length()
    assert share * lanes <= 100_000 / 4
    for cpu in cpus:
        os.sched_setaffinity(0, {cpu})
        assert bucket.take()
    assert 0 < drawn(bucket) <= share * len(cpus)
    small = rseq.TokenBucket(NEVER, 4 * lanes)
    assert small.take()
    assert drawn(small) == 0


# ---- what is refused


@pytest.mark.parametrize(
    ("rate", "burst", "error", "message"),
    [
        (0, 1, ValueError, r"^rate: expected tokens per second, above 0 and up to 1000000000; got 0$"),
        (-1.5, 1, ValueError, r"^rate: .* got -1\.5$"),
        (float("nan"), 1, ValueError, r"^rate: .* got nan$"),
        (float("inf"), 1, ValueError, r"^rate: .* got inf$"),
        (1.1e9, 1, ValueError, r"^rate: .* got 1100000000\.0$"),
        (10**400, 1, ValueError, r"^rate: .* got a number of 401 digits$"),
        ("1", 1, TypeError, r"^rate: expected a number, got '1'$"),
        (None, 1, TypeError, r"^rate: expected a number, got None$"),
        (1j, 1, TypeError, r"^rate: expected a number, got 1j$"),
        (1, 0, ValueError, r"^burst: expected 1 … 4294967295 tokens, got 0$"),
        (1, -3, ValueError, r"^burst: .* got -3$"),
        (1, 1 << 32, ValueError, r"^burst: .* got 4294967296$"),
        (1, 2.0, TypeError, r"^burst: expected an int, got 2\.0$"),
        (1, True, TypeError, r"^burst: expected an int, got True$"),
    ],
)
def test_a_rate_or_burst_that_is_none_is_refused(rate: Any, burst: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        rseq.TokenBucket(rate, burst)


@pytest.mark.parametrize(
    ("n", "error", "message"),
    [
        (11, ValueError, r"^TokenBucket\.take\(\): n is more than the burst: so many tokens are never there at once; "),
        ((1 << 64) - 1, ValueError, r"n is more than the burst"),
        ((1 << 32) + 1, ValueError, r"n is more than the burst"),
        (-1, OverflowError, r"^TokenBucket\.take\(\): n is u64, an int of 0 to 18446744073709551615; got -1$"),
        (1 << 64, OverflowError, r"got 18446744073709551616$"),
        (1.0, TypeError, r"n is u64"),
        ("1", TypeError, r"n is u64"),
    ],
)
def test_what_can_never_be_taken_is_refused_and_takes_nothing(n: Any, error: type[Exception], message: str) -> None:
    bucket = rseq.TokenBucket(NEVER, 10)
    with pytest.raises(error, match=message):
        bucket.take(n)
    assert bucket.available == 10
    assert bucket.take(10)


def test_a_bucket_is_set_up_once_and_not_copied() -> None:
    bucket = rseq.TokenBucket(NEVER, 2)
    with pytest.raises(TypeError, match=r"^this TokenBucket has been set up; __init__ is called once$"):
        bucket.__init__(1, 3)  # type: ignore[misc]
    with pytest.raises(
        TypeError, match=r"^a private TokenBucket cannot be pickled or copied.* a part of the rate; or "
    ):
        pickle.dumps(bucket)
    assert bucket.burst == 2


def test_memory_that_was_written_over_is_told_as_it_is() -> None:
    bucket = rseq.TokenBucket(NEVER, 2)
    for word in (float("nan"), float("inf"), -float("inf")):
        words(bucket)["parts_per_tick"] = word
        words(bucket)["token_bits"] = -1
        assert isinstance(bucket.available, int)
        assert bucket.take() in (False, True)


# ---- threads and processes


def taken_until_refused(bucket: rseq.TokenBucket, n: int) -> int:
    for taken in range(0, bucket.burst + 2 * n, n):
        if not bucket.take(n):
            return taken
    raise AssertionError("more was taken than there is")


@pytest.mark.parametrize(("burst", "n"), [(3, 1), (1000, 1), (100_000, 1), (100_000, 7), (1 << 20, 1 << 15)])
def test_threads_together_take_what_there_is_once(threads: ThreadSet, cpus: list[int], burst: int, n: int) -> None:
    bucket, taken = rseq.TokenBucket(NEVER, burst), list[int]()

    def work(number: int) -> None:
        os.sched_setaffinity(0, {cpus[number % len(cpus)]})
        taken.append(taken_until_refused(bucket, n))

    for number in range(6):
        threads.start(work, number)
    threads.join()
    assert sum(taken) + drawn(bucket) == issued(bucket) <= burst
    assert bucket.available < n + drawn(bucket) <= n + burst / 4


def test_processes_together_take_what_there_is_once(
    run_in_children: Callable[[int, Callable[[int], object]], None], cpus: list[int]
) -> None:
    segment = rseq.Segment()
    bucket = rseq.TokenBucket(NEVER, 50_000, segment=segment)
    taken = rseq.CounterArray(4, segment=segment)

    def work(number: int) -> None:
        os.sched_setaffinity(0, {cpus[number % len(cpus)]})
        taken.add(number, taken_until_refused(bucket, 3))

    run_in_children(4, work)
    assert taken.values().sum() + drawn(bucket) == issued(bucket) <= 50_000
    assert bucket.available < 3 + drawn(bucket)


def test_in_a_segment_it_is_found_with_the_same_rate_and_burst() -> None:
    segment = rseq.Segment()
    bucket = rseq.TokenBucket(0.1, 5, segment=segment, name="calls")
    again = rseq.TokenBucket(rate=0.1, burst=5, segment=segment, name="calls")
    assert bucket.take(5)
    assert (again.take(), again.rate, again.burst) == (False, 0.1, 5)
    with pytest.raises(
        rseq.SegmentError, match=r"has TokenBucket\(rate=0\.1, burst=5\) named 'calls', .* this asks for "
    ):
        rseq.TokenBucket(0.1, 6, segment=segment, name="calls")


def test_after_a_fork_each_has_a_bucket() -> None:
    bucket = rseq.TokenBucket(NEVER, 5)
    assert bucket.take(2)
    child = os.fork()
    if child == 0:
        os._exit(taken_until_refused(bucket, 1))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    assert bucket.take(3)
    assert not bucket.take()


def test_on_the_spare_lane_alone() -> None:
    run_python(
        """
        import rseq
        assert not rseq.available()
        bucket = rseq.TokenBucket(1e-3, 1000)
        assert bucket.take()
        ahead = bucket.storage.view()["tokens"].tolist()
        assert ahead[-1] > 0 and not any(ahead[:-1])
        assert bucket.available == 999
        assert sum(bucket.take() for _ in range(1200)) == 999
        start = bucket.storage.view()["start"]
        start[0] = (int(start[0]) - 2000 * rseq.clock_frequency()) % (1 << 64)
        assert [bucket.take() for _ in range(3)] == [True, True, False]
        """,
        env=OFF,
    )
