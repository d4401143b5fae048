"""What `take` of a token bucket does, access by access, at any time: in the interpreter, whose clock stands still."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.bucket import Model
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.interpret import Memory, run
from rseq._structures.bucket_code import Bucket, draw, give_back, level_at, replace, spend, take

LANES = 3
BITS = 4
"""A token has 16 parts, and one part comes in with each tick."""

TOKEN = 1 << BITS
SKEW = 100


class World(Memory):
    """The lanes of a bucket, and a clock that stands still. `others[n]()` is what another CPU does before access `n`.

    An access is one to `issued`, the word that all share.
    """

    now: int = 0
    accesses: int = 0
    others: dict[int, Callable[[], object]]

    def clock(self) -> int:
        return self.now % (1 << 64)

    def load_acquire(self, address: int, type: Any) -> Any:
        self._meet()
        return super().load_acquire(address, type)

    def compare_exchange(self, address: int, type: Any, expected: Any, desired: Any) -> bool:
        self._meet()
        return super().compare_exchange(address, type, expected, desired)

    def _meet(self) -> None:
        other = self.others.pop(self.accesses, None)
        self.accesses += 1
        if other is not None:
            other()


def world(burst: int, share_bits: int = 2, start: int = 0, lanes: int = LANES) -> World:
    made = World.of(Bucket, lanes)
    made.others, made.now = {}, start
    first = at(made, 0)
    first["burst"], first["token_bits"], first["ahead_bits"] = burst, BITS, BITS + share_bits
    first["parts_per_tick"], first["skew"], first["start"] = 1.0, SKEW, start
    return made


def at(memory: Memory, cpu: int) -> Any:
    return np.frombuffer(memory.blocks[memory.lane(cpu)], Bucket.dtype)[0:1].reshape(())


def issued(memory: Memory) -> int:
    return int(at(memory, 0)["issued"])


def tokens(memory: Memory) -> list[int]:
    return [int(at(memory, cpu)["tokens"]) for cpu in range(memory.lanes)]


def call(code: Compiled, memory: Memory, *arguments: int, cpu: int = 0) -> Any:
    return run(code.body, memory, arguments, cpu=cpu)


def unspent(memory: Memory) -> int:
    """Parts that were issued and lie in lanes."""
    return sum(tokens(memory)) * TOKEN


# ---- one after the other


def test_a_bucket_begins_full_runs_over_and_fills_in_parts_of_tokens() -> None:
    memory = world(burst=3, share_bits=10)
    assert [call(take, memory) for _ in range(4)] == [True, True, True, False]
    memory.now = TOKEN - 1
    assert not call(take, memory)
    memory.now = TOKEN
    assert call(take, memory)
    assert not call(take, memory)
    memory.now = 2 * TOKEN + TOKEN // 2  # a token and a half; the half stays
    assert [call(take, memory) for _ in range(2)] == [True, False]
    memory.now = 3 * TOKEN
    assert [call(take, memory) for _ in range(2)] == [True, False]
    memory.now = 1000 * TOKEN
    assert [call(take, memory) for _ in range(4)] == [True, True, True, False]


def test_a_burst_of_one_keeps_its_distance() -> None:
    memory = world(burst=1)
    times = []
    for tick in range(10 * TOKEN):
        memory.now = tick
        if call(take, memory, cpu=tick % LANES):
            times.append(tick)
    assert times == [*range(0, 10 * TOKEN, TOKEN)]


def test_of_a_bucket_with_one_lane_all_can_be_taken_in_any_parts() -> None:
    memory = world(burst=100, share_bits=3, lanes=1)
    assert [call(take, memory, n) for n in (30, 1, 30, 30, 10, 9, 1)] == [True, True, True, True, False, True, False]
    assert (issued(memory), tokens(memory)) == (100 * TOKEN, [0])


def test_the_less_is_left_the_less_is_drawn_ahead() -> None:
    memory = world(burst=32)
    drawn = []
    for _ in range(32):
        before = issued(memory)
        assert call(take, memory)
        drawn.append((issued(memory) - before) // TOKEN)
    assert [n for n in drawn if n] == [8, 6, 5, 4, 3, 2, 1, 1, 1, 1]


def test_nothing_is_drawn_ahead_of_a_small_burst() -> None:
    memory = world(burst=1 << 4, share_bits=4)
    assert all(call(take, memory, cpu=cpu % LANES) for cpu in range(16))
    assert tokens(memory) == [0] * LANES


def test_nothing_is_always_there() -> None:
    memory = world(burst=1)
    assert [call(take, memory, n) for n in (0, 1, 0, 1)] == [True, True, True, False]


# ---- a counter that is set back, and CPUs that do not agree


def test_cpus_whose_counters_differ_a_little_are_given_no_more() -> None:
    memory = world(burst=2, share_bits=10, start=1000)
    memory.now = 1500
    assert [call(take, memory) for _ in range(3)] == [True, True, False]
    before = issued(memory)
    memory.now = 1500 - SKEW
    assert not call(take, memory)
    assert issued(memory) == before


def test_a_counter_that_was_set_back_empties_the_bucket_and_it_fills_again() -> None:
    memory = world(burst=2, share_bits=10, start=1000)
    memory.now = 50_000
    assert call(take, memory, 2)
    memory.now = 50_000 - SKEW - 1
    assert not call(take, memory)
    assert issued(memory) == memory.now - 1000 + 2 * TOKEN
    memory.now = 7  # before it was made
    assert not call(take, memory)
    memory.now += TOKEN - 1
    assert not call(take, memory)
    memory.now += 1
    assert [call(take, memory), call(take, memory)] == [True, False]


def test_of_two_who_find_the_counter_set_back_one_moves_the_word() -> None:
    memory = world(burst=2, share_bits=10)
    at(memory, 0)["issued"] = 10_000
    memory.others[1] = lambda: at(memory, 0).__setitem__("issued", 3 * TOKEN)  # the other has, and has gone on
    assert not call(take, memory)
    assert issued(memory) == 3 * TOKEN


# ---- others in between


@pytest.mark.parametrize("access", range(4))
@pytest.mark.parametrize("theirs", [1, 2, 5, 8])
def test_what_another_cpu_takes_in_between_is_issued_to_it(access: int, theirs: int) -> None:
    """Before each load and each exchange of the word: of 8 tokens nobody gets what the other has."""
    memory, taken = world(burst=8, lanes=2), []
    memory.others[access] = lambda: taken.append(theirs * call(take, memory, theirs, cpu=1))
    taken += [n * call(take, memory, n) for n in (3, 2, 2)]
    assert memory.accesses >= access
    assert issued(memory) == sum(taken) * TOKEN + unspent(memory)
    assert sum(taken) <= 8


def test_a_take_is_refused_if_another_cpu_has_just_taken_the_last() -> None:
    memory = world(burst=8, lanes=2)
    taken = []
    memory.others[1] = lambda: taken.append(call(take, memory, 8, cpu=1))
    assert not call(take, memory, 1)
    assert (taken, issued(memory)) == ([True], 8 * TOKEN)


def test_what_is_given_back_is_there_once_whoever_comes_in_between() -> None:
    memory = world(burst=8, share_bits=10, lanes=2)
    assert call(draw, memory, 3) == 3
    memory.others[memory.accesses + 1] = lambda: call(take, memory, 4, cpu=1)
    call(give_back, memory, 3)
    assert issued(memory) == 4 * TOKEN


class Calls:
    """Tells what was called, and has others do something before a sequence."""

    def __init__(self, memory: World, name: str, other: Callable[[], object]) -> None:
        self.seen: list[str] = []
        self.others = {name: other}
        memory.watch = self

    def __call__(self, body: ir.Body, number: int, registers: Any) -> None:
        if number == 0:
            self.seen.append(body.name)
            other = self.others.pop(body.name, None)
            if other is not None:
                other()


@pytest.mark.parametrize("found", [0, 1, 5, 6, 8, 20])
def test_what_was_drawn_is_given_back_if_somebody_was_on_that_cpu(found: int) -> None:
    """A thread on the same CPU has come between `spend` and `replace`, or this one was moved to another CPU."""
    memory = world(burst=32)
    call(take, memory)  # 31 are left, and 7 of them ahead
    assert tokens(memory)[0] == 7
    calls = Calls(memory, "replace", lambda: at(memory, 0).__setitem__("tokens", found))
    before = issued(memory)
    assert call(take, memory, 9)
    assert calls.seen.count("give_back") == 1
    assert issued(memory) - before == (9 - found + tokens(memory)[0]) * TOKEN


def test_sequences_commit_all_or_nothing() -> None:
    memory = world(burst=32)
    at(memory, 1)["tokens"] = 5
    assert call(spend, memory, 6, cpu=1) == 1
    assert tokens(memory)[1] == 5
    assert call(spend, memory, 5, cpu=1) == 0
    assert tokens(memory)[1] == 0
    assert not call(replace, memory, 1, 9, cpu=1)
    assert tokens(memory)[1] == 0
    assert call(replace, memory, 0, 9, cpu=1)
    assert tokens(memory) == [0, 9, 0]


def test_levels_follow_the_counter_for_decades() -> None:
    tick = 2.0**32 / 3e9
    year = int(3e9 * 86400 * 365)
    assert level_at(5, 5, tick) == 0
    assert level_at(4, 5, tick) == -1
    for years in (1, 10, 50):
        exact = Fraction(tick) * years * year
        assert abs(level_at(years * year + 77, 77, tick) - exact) < (1 << 32) / 1_000_000  # a millionth of a second


# ---- what it promises, at any time

STEPS = st.lists(
    st.tuples(st.integers(0, LANES - 1), st.integers(0, 41), st.sampled_from([0, 0, 1, 7, 15, 16, 40, 300, 2000])),
    max_size=40,
)


@given(burst=st.integers(1, 40), steps=STEPS, start=st.sampled_from([0, 1 << 40, (1 << 64) - 500]))
@settings(max_examples=150, deadline=None)
def test_random_takes_agree_with_the_model_and_keep_the_rate(burst: int, steps: list[Any], start: int) -> None:
    """Also where the counter wraps around."""
    memory, model = world(burst, start=start), Model(burst, LANES, 4)
    log = [(Fraction(0), 0, 0)]
    for cpu, n, passed in steps:
        memory.now += passed
        level = Fraction(memory.now - start, TOKEN)
        held = sum(tokens(memory))
        if n > burst:
            with pytest.raises(ValueError, match=r"^n is more than the burst"):
                call(take, memory, n, cpu=cpu)
            continue
        taken = call(take, memory, n, cpu=cpu)
        assert taken == model.take(cpu, n, level)
        assert tokens(memory) == model.tokens
        log.append((level, n if taken else 0, held))
    for first, last in combinations_with_replacement(range(len(log)), 2):
        passed_tokens, before = log[last][0] - log[first][0], log[first][2]
        assert sum(n for _, n, _ in log[first : last + 1]) <= passed_tokens + burst + before
    for last in range(len(log)):
        assert sum(n for _, n, _ in log[: last + 1]) <= log[last][0] + burst


@given(steps=STEPS)
@settings(max_examples=50, deadline=None)
def test_what_cpus_have_drawn_ahead_is_a_quarter_of_the_burst_at_most(steps: list[Any]) -> None:
    memory = world(burst=48, share_bits=4)  # 16 is 4 times the lanes, rounded up
    for cpu, n, passed in steps:
        memory.now += passed
        call(take, memory, n, cpu=cpu)
        assert max(tokens(memory)) <= 48 // 16
        assert sum(tokens(memory)) <= 48 / 4
