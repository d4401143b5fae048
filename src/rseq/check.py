"""Runs the machine code of sequences in an emulator and interrupts it before every instruction.

    report = rseq.check.check(push, pop)
    assert report.ok, str(report)

What comes out must be what some order of whole operations gives, each on a CPU that it could have run on; the
language's interpreter says what that is. See `explore` for what is tried, `model` for what is right.
"""

from __future__ import annotations

from rseq._check.report import Checked, Report, Violation
from rseq._check.run import check

__all__ = ["Checked", "Report", "Violation", "check"]
