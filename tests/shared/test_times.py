"""Times of events, for a process that comes later: those that they have where they were written."""

from __future__ import annotations

import pytest

import rseq
from rseq._structures.ring import clock
from rseq._structures.ring.clock import Calibration

pytestmark = pytest.mark.usefixtures("segment_folder")


def test_stamps_are_converted_from_when_the_ring_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "best_point", lambda: (2_000_000, 5_000))
    assert list(Calibration((1_000_000, 3_000)).nanoseconds([1_000_000, 1_500_000])) == [3_000, 4_000]


def test_all_readers_know_when_it_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def first_of(ring: rseq.RingBuffer) -> tuple[int, int]:
        assert ring._reader._calibration is not None
        return ring._reader._calibration._points[0]

    ring = rseq.RingBuffer(1 << 12, name="ring", segment="shop")
    made = first_of(ring)
    assert made < clock.best_point()
    assert first_of(rseq.Segment("shop")["ring"]) == made
    assert first_of(rseq.RingBuffer(1 << 12)) > made
