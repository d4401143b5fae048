"""CPU numbers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rseq._thread import cpus, current, report
from seccomp import UNREGISTERED
from support import run_python


def test_the_cpu_number_is_that_of_the_cpu_the_thread_is_pinned_to(pinned: set[int]) -> None:
    for cpu in sorted(pinned):
        os.sched_setaffinity(0, {cpu})
        assert current.cpu_number() == cpu


def test_an_unregistered_thread_knows_its_cpu() -> None:
    run_python(
        """
        import os
        from rseq._thread import current, registration
        for cpu in os.sched_getaffinity(0):
            os.sched_setaffinity(0, {cpu})
            assert not registration.available() and current.cpu_number() == cpu
        """,
        env=UNREGISTERED,
    )


@pytest.mark.parametrize(("text", "count"), [("0-3\n", 4), ("0\n", 1), ("0,2,4-7", 8), ("0-1,128-191", 192), ("", 0)])
def test_possible_cpus_go_up_to_the_highest_number_in_the_list(tmp_path: Path, text: str, count: int) -> None:
    (tmp_path / "possible").write_text(text)
    assert cpus._count_in_list(tmp_path / "possible") == count


def test_without_a_list_possible_cpus_are_counted_by_their_folders(tmp_path: Path) -> None:
    for name in ("cpu0", "cpu999", "cpufreq", "cpuidle"):
        (tmp_path / name).mkdir()
    assert cpus._count_in_list(tmp_path / "possible") == 0
    assert cpus._count_of_folders(tmp_path) == 1000


def test_without_folders_libc_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", {"SC_NPROCESSORS_CONF": 6}.__getitem__)
    assert cpus._count_of_folders(tmp_path) == 6


def test_this_process_may_only_use_possible_cpus() -> None:
    assert max(os.sched_getaffinity(0)) < cpus.possible_cpus()
    assert report.info().online_cpus <= cpus.possible_cpus()
