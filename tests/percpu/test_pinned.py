"""pinned: on a CPU of one's choice for a moment, and back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

import rseq
from rseq.percpu.pinned import pinned


@pytest.fixture
def allowed() -> Iterator[set[int]]:
    """The CPUs that this thread may run on, to which it is set back."""
    before = os.sched_getaffinity(0)
    yield before
    os.sched_setaffinity(0, before)


@pytest.mark.needs_rseq
def test_the_body_runs_there_and_the_mask_comes_back(allowed: set[int]) -> None:
    for cpu in allowed:
        with pinned(cpu) as is_there:
            assert is_there
            assert rseq.cpu_number() == cpu
            assert os.sched_getaffinity(0) == {cpu}
        assert os.sched_getaffinity(0) == allowed


def test_the_mask_comes_back_after_an_exception(allowed: set[int]) -> None:
    with pytest.raises(KeyError), pinned(min(allowed)):
        raise KeyError
    assert os.sched_getaffinity(0) == allowed


def test_a_cpu_that_there_is_not_is_said_to_be_none(allowed: set[int]) -> None:
    with pinned(rseq.info().possible_cpus + 5) as is_there:
        assert not is_there
        assert os.sched_getaffinity(0) == allowed
    assert os.sched_getaffinity(0) == allowed


def test_the_threads_own_mask_is_set_aside(allowed: set[int]) -> None:
    os.sched_setaffinity(0, {min(allowed)})
    with pinned(max(allowed)) as is_there:
        assert is_there
    assert os.sched_getaffinity(0) == {min(allowed)}


def test_if_the_mask_cannot_come_back_all_cpus_are_asked_for(
    allowed: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    move, asked = os.sched_setaffinity, []

    def refuse_the_old_one(pid: int, cpus: Any) -> None:
        asked.append(set(cpus))
        if len(asked) == 2:
            raise OSError(22, "as if the cpuset had changed")
        move(pid, cpus)

    monkeypatch.setattr(os, "sched_setaffinity", refuse_the_old_one)
    with pinned(min(allowed)):
        pass
    assert asked == [{min(allowed)}, allowed, set(range(rseq.info().possible_cpus))]
    assert os.sched_getaffinity(0) == allowed
