"""Which architectures a test runs on in `make test`, and on which in `make test-all` only.

    @pytest.mark.parametrize("name", tiers.names())         # all that the emulator runs, those of the second tier slow
    @pytest.mark.parametrize("one", tiers.architectures())  # the same, as architectures
    @pytest.mark.parametrize(("change", "name"), tiers.by_turns(CHANGES))  # each on one of them in the first tier

Three stand for all where a test takes long: two that compute in registers alone and in memory too, and one whose bytes
lie the other way round. What takes no time runs on all of them, all the time.

Where a test has many cases that show much the same, and they take seconds, one in some of them stands for the others:

    @pytest.mark.one_in(4)
"""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import pytest

from rseq import _arch as arch
from rseq._arch import Architecture

if TYPE_CHECKING:
    from _pytest.mark import ParameterSet

FIRST = ("aarch64", "s390x", "x86_64")


def runs_here(one: Architecture) -> bool:
    """If Unicorn, the checker's emulator, runs its code."""
    return one.emulator is not None


def architectures(
    fits: Callable[[Architecture], bool] = runs_here, *, but: Architecture | None = None
) -> list[ParameterSet]:
    """Pytest parameters: the architectures that fit, those outside of the first tier marked slow, and `but` too."""
    known = [one for one in map(arch.get, arch.names()) if fits(one)]
    return [_parameter(one.name, one, is_first=one.name in FIRST and one is not but) for one in known]


def names(fits: Callable[[Architecture], bool] = runs_here, *, only: Architecture | None = None) -> list[ParameterSet]:
    """The same by name; with `only`, that one alone is in the first tier."""
    known = [one for one in map(arch.get, arch.names()) if fits(one)]
    first = [one for one in known if (one.name in FIRST if only is None else one is only)]
    return [_parameter(one.name, one.name, is_first=one in first) for one in known]


def by_turns(cases: Iterable[str], fits: Callable[[Architecture], bool] = runs_here) -> list[ParameterSet]:
    """Each case on all architectures that fit: in the first tier on one of three, and the next case on the next one."""
    return [
        pytest.param(case, one.name, id=f"{case}-{one.name}", marks=[] if one.name == turn else [pytest.mark.slow])
        for case, turn in zip(cases, itertools.cycle(FIRST), strict=False)
        for one in map(arch.get, arch.names())
        if fits(one)
    ]


def one_in(n: int, cases: Sequence[str]) -> set[str]:
    """A part of the cases, at least one: always the same, and of each parameter some values, as names are mixed."""
    mixed = sorted(cases, key=lambda name: zlib.crc32(name.encode()))
    return set(mixed[: -(-len(cases) // n)])


def _parameter(name: str, value: object, *, is_first: bool) -> ParameterSet:
    return pytest.param(value, id=name, marks=[] if is_first else [pytest.mark.slow])
