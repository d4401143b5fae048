"""What a signal handler raises at any point while a segment is opened: no descriptor and no lock stays behind."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import rseq
from interruptions import InterruptError, interrupt, interrupted
from shared.folders import path_of


def _descriptors() -> set[str]:
    return {name for name in os.listdir("/proc/self/fd") if _is_segment(name)}


def _is_segment(name: str) -> bool:
    try:
        return "rseq-tests" in os.readlink(f"/proc/self/fd/{name}")
    except OSError:
        return False


def _new() -> None:
    rseq.Counter(segment=rseq.Segment("shop"), name="hits").add()


def _left() -> None:
    rseq.Counter(segment=rseq.Segment("shop"), name="hits").add()


OPENED: dict[str, tuple[Callable[[], None], Callable[[], object]]] = {
    "made": (lambda: None, _new),
    "begun anew": (_left, _new),
    "gone on with": (_left, lambda: rseq.Counter(segment=rseq.Segment("shop", keep=True), name="more").add()),
    "looked at": (_left, lambda: [info.open() for info in rseq.segments()]),
}


KEPT = ("Sealed.put", "Sealed.is_full", "make_payload")
"""There a structure stays for good that is being set up (_sealed.py, payload.py), and its segment with it."""


@pytest.mark.parametrize("how", OPENED)
@pytest.mark.parametrize("step", [29, pytest.param(1, marks=pytest.mark.slow)])
def test_nothing_stays_open(segment_folder: Path, how: str, step: int) -> None:
    """At each point, or at one of `step` of them."""
    before, work = OPENED[how]
    before()
    work()
    gc.collect()
    turn = 0
    leaks: dict[str, int] = {}
    while True:
        for info in rseq.segments():
            info.remove()
        before()
        gc.collect()
        kept = _descriptors()
        with interrupted(turn, interrupt) as where:
            try:
                work()
            except InterruptError:
                pass
        if not where:
            break
        gc.collect()
        if _descriptors() - kept and not where[0].startswith(KEPT):
            leaks[where[0]] = turn
        turn += step
    assert turn > 50
    assert not leaks, leaks
    assert path_of(segment_folder, "shop").exists()
