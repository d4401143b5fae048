"""For the tests of programs that have sequences of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rseq.check import Report

__all__ = ["assert_restartable"]


def assert_restartable(*sequences: Any, arch: str | None = None, depth: int = 1) -> Report:
    """Fail unless each of `sequences` happens as a whole, wherever it is interrupted.

        def test_my_stack_survives_interruptions() -> None:
            rseq.testing.assert_restartable(push, pop)

    Their machine code runs in an emulator (`pip install 'rseq[check]'`), so neither a kernel with rseq nor luck is
    needed. Those that work on one record are interrupted by each other, too. `arch` names the architecture whose code
    is meant, or "all"; without it, it is this machine's. With `depth` 2 each run is interrupted twice.

    Returns: what was tried. Raises: AssertionError - with the whole story of each failure. TypeError, ValueError,
    RuntimeError - as `rseq.check.check`.
    """
    from rseq.check import check

    __tracebackhide__ = True
    report = check(*sequences, arch=arch, depth=depth)
    if not report.ok:
        raise AssertionError(str(report))
    return report
