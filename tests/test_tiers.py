"""Which cases of a test are in the first tier."""

from __future__ import annotations

import itertools
import random

import pytest

import tiers

NAMES = [f"test_it[{number}-{name}]" for number, name in itertools.product(range(10), ("aarch64", "s390x", "x86_64"))]


@pytest.mark.parametrize("n", [1, 2, 3, 7, 30, 100])
def test_one_in_some_are_chosen_and_always_the_same(n: int) -> None:
    first = tiers.one_in(n, NAMES)
    assert len(first) == max(1, -(-len(NAMES) // n))
    assert first <= set(NAMES)
    assert tiers.one_in(n, random.sample(NAMES, len(NAMES))) == first


def test_no_parameter_is_left_out_because_its_place_in_the_list_is() -> None:
    """Each third of these would have one architecture only."""
    chosen = tiers.one_in(3, NAMES)
    assert {name.partition("-")[2] for name in chosen} == {"aarch64]", "s390x]", "x86_64]"}


@pytest.mark.one_in(4)
@pytest.mark.parametrize("number", range(8))
def test_the_others_are_slow(number: int, request: pytest.FixtureRequest) -> None:
    names = [f"{request.node.originalname}[{one}]" for one in range(8)]
    assert (request.node.name in tiers.one_in(4, names)) == (request.node.get_closest_marker("slow") is None)
