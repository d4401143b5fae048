"""What is said of a machine on which others were at work: from the kernel's figures, without a clock."""

from __future__ import annotations

import os

import pytest

from rseq._bench.machine import Moment, load_during, now

START = Moment(busy=100.0, own=10.0, elapsed=50.0, average=0.5)


@pytest.mark.parametrize(
    ("busy", "own", "average", "words"),
    [
        (20.0, 19.0, 0.5, None),
        (20.0, 5.0, 0.5, "others used 1.5 of its CPUs meanwhile"),
        (20.0, 20.0, 13.9, "the load average was 13.9 before, with 2 CPUs"),
        (5.0, 6.0, 2.0, None),
    ],
)
def test_others_work_and_a_queue_of_work_are_told(busy: float, own: float, average: float, words: str | None) -> None:
    before = Moment(100.0, 10.0, 50.0, average)
    said = load_during(before, Moment(100.0 + busy, 10.0 + own, 60.0, 9.0), 2)
    assert (said is None) if words is None else (said is not None and words in said)


def test_where_nothing_is_known_nothing_is_said() -> None:
    def hidden() -> str:
        raise PermissionError

    assert now(hidden) is None
    assert now(lambda: "") is None
    assert load_during(None, START, 2) is None
    assert load_during(START, START, 2) is None


def test_the_kernels_line_is_read_by_its_columns_idle_time_and_guests_left_out() -> None:
    moment = now(lambda: "cpu  100 20 30 9999 9999 4 5 6 777 888\ncpu0 1 2 3\n")
    assert moment is not None
    assert moment.busy == (100 + 20 + 30 + 4 + 5 + 6) / os.sysconf("SC_CLK_TCK")
    assert now() is not None
