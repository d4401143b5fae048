"""A file of a segment that somebody has changed gives one error, and never a crash: see fuzz.py."""

from __future__ import annotations

from pathlib import Path

import pytest

import rseq
from shared import fuzz, whole


@pytest.mark.parametrize("cases", [40, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_file_that_was_changed_is_an_error_or_works(segment_folder: Path, cases: int) -> None:
    image = fuzz.template(segment_folder)
    for thing in whole.make(rseq.Segment()).values():
        whole.use(thing)  # what the children would all compile
    report = fuzz.fuzz(cases, cases, segment_folder, image)
    assert not report.findings, "\n".join(report.findings)
    assert report.counts["works"] > cases // 20
    assert report.counts["refused when it is opened"] > cases // 20
    assert report.counts["refused in part"] > cases // 20
