"""One mutant against all checks, in this order: the contract, the checker, stress, the structure's own tests.

All of it happens in child processes, each check in one of its own: a mutant may crash, or never end.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from . import child
from .load import put
from .source import Text

__all__ = ["CHECKS", "STRUCTURES", "TESTS", "Case", "Verdict", "tried"]

TESTS = Path(__file__).parent.parent
STRUCTURES = TESTS.parent / "src" / "rseq" / "_structures"

CHECKS = ("contract", "checker", "stress", "tests")

_CPU_S, _WALL_S = 60, 300.0
"""What a check may take. The longest takes a fifth of that, of code that is right."""

_SLICE_S, _THREADS = 0.3, 6
"""For how long, and in how many threads, a workload runs in machine code without breakpoints."""

_QUICK = "not (spare_lane or writers_that_are_killed or checker or interruption or without_rseq)"
"""Of the tests, those that neither run the checker again nor start other programs."""

_WARNINGS = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
"""Of what the parent has imported, so that its children need not."""


@dataclass(frozen=True)
class Verdict:
    """Which check has caught a mutant, and what it said. "time-out": it did not end, and no check said more."""

    check: str | None
    said: str = ""


@dataclass(frozen=True)
class Case:
    """What is tried: a text in the place of a file's, and the function in it that has changed; none is all of them."""

    file: str
    text: str
    structures: tuple[str, ...]
    tests: tuple[str, ...] = ()
    function: str = ""

    @property
    def module(self) -> str:
        """The name under which the file is imported."""
        return ".".join(("rseq", "_structures", *Path(self.file).with_suffix("").parts))

    def lines(self) -> range:
        """The lines of the function that has changed."""
        for function in Text(self.text).functions:
            if function.name == self.function:
                return range(function.tree.lineno, (function.tree.end_lineno or 0) + 1)
        return range(1 << 30)


def tried(case: Case) -> Verdict:
    """What catches the case. It runs in a process that has imported nothing of the package."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / Path(case.file).name
        path.write_text(case.text, encoding="utf-8")
        put(case.module, path)
        try:
            reached = _Reached(case, path)
        except Exception as error:  # noqa: BLE001 - the module was refused
            return Verdict("contract", _sentence(f"{type(error).__name__}: {error}"))
        return _judged(case, reached)


def _judged(case: Case, reached: _Reached) -> Verdict:
    checks: dict[str, Callable[[], list[str]]] = {
        "checker": partial(_checker, reached),
        "stress": partial(_stress, reached),
        "tests": partial(_tests, case.tests),
    }
    late = Verdict(None)
    for name, check in checks.items():
        ended = child.run(partial(_quietly, check), _CPU_S, _WALL_S)
        said = [ended.failure] if ended.failure else ended.result
        if ended.is_late or any("SIGXCPU" in problem for problem in said):
            late = Verdict("time-out", f"{name}: it did not end")
        elif said:
            return Verdict(name, _sentence(said[0]))
    return late


def _sentence(text: str) -> str:
    return " ".join(text.split())[:300]


def _quietly(check: Callable[[], list[str]]) -> list[str]:
    """What a check says, and nothing of what else is printed."""
    with open(os.devnull, "w") as nothing, redirect_stdout(nothing), redirect_stderr(nothing):
        os.dup2(nothing.fileno(), 2)
        return check()


class _Reached:
    """What the changed function reaches: records, and with them sequences that are checked and workloads."""

    def __init__(self, case: Case, path: Path) -> None:
        from rseq._check.run import sequences_of
        from rseq._stress.shipped import workloads_of
        from rseq._structures.shipped import home_of, shipped

        self._file, self._lines = str(path), case.lines()
        structures: list[Any] = [one for one in shipped() if one.__name__ in case.structures]
        checked = list(dict.fromkeys(sequences_of(structures)))
        homes = {home_of(structure): structure for structure in structures}
        stressed = [workload for structure in homes.values() for workload in workloads_of(structure)]
        codes = list(dict.fromkeys(_called([*checked, *(workload.work for workload in stressed)])))
        records = {code.body.record for code in codes if self._has_changed(code)}
        if not records:  # no workload calls it in machine code: then all that the module has
            records = {code.body.record for code in codes if code.function.__code__.co_filename == self._file}
        self.is_in_section = any(self._has_changed(code) for code in codes if code.kind == "sequence")
        """If not, a breakpoint before each instruction of the sections says nothing new."""
        self.checked = [code for code in checked if code.body.record in records]
        self.stressed = [workload for workload in stressed if workload.work.body.record in records]

    def _has_changed(self, code: Any) -> bool:
        made = code.function.__code__
        spans = [op.span for op in code.body.ops if getattr(op, "span", None) is not None]
        places = [(made.co_filename, made.co_firstlineno), *((span.file, span.line) for span in spans)]
        return any(file == self._file and line in self._lines for file, line in places)


def _called(codes: list[Any]) -> Iterator[Any]:
    from rseq._language import ir

    for code in codes:
        yield code
        yield from _called([op.callee for op in code.body.ops if isinstance(op, ir.Call)])


# ---- the checks


def _checker(reached: _Reached) -> list[str]:
    """What `rseq check` would say first, with lanes by cpu_id: by mm_cid it would say the same."""
    from rseq.check import check

    if not any(code.kind == "sequence" for code in reached.checked):
        return []
    with _up_to_the_first_violation():
        report = check(*reached.checked)
    found = [violation.text for violation in report.violations]
    return found or [f"not reached: {what}" for what in report.vacuous]


@contextmanager
def _up_to_the_first_violation() -> Iterator[None]:
    from rseq._check import run

    found: list[Any] = []

    def explored(parts: list[Any], explore: Callable[[Any, Any], Any], jobs: int, tick: Any) -> list[Any]:
        return [explore(part, tick) for part in parts if part.index == "cpu_id" and not found]

    with ExitStack() as patches:
        patches.enter_context(patch.object(run, "explored", explored))
        for owner, name in ((run.Explorer, "findings"), (run, "crossing"), (run, "together")):
            patches.enter_context(patch.object(owner, name, _first(getattr(owner, name), found)))
        yield


def _first(findings: Callable[..., Iterator[Any]], found: list[Any]) -> Callable[..., Iterator[Any]]:
    """The same generator up to the first thing that it finds, and nothing once `found` holds something."""

    def up_to_the_first(*given: Any) -> Iterator[Any]:
        for one in findings(*given) if not found else ():
            found.append(one)
            yield one
            return

    return up_to_the_first


def _stress(reached: _Reached) -> list[str]:
    from rseq._stress.instructions import every_instruction

    for workload in reached.stressed:
        if problems := _threads(workload):
            return problems
    for workload in reached.stressed if reached.is_in_section else []:
        if problems := list(every_instruction(workload).problems):
            return problems
    return []


def _threads(workload: Any) -> list[str]:
    """A short stress of threads, signals and forks. That some section was not aborted in that time says nothing."""
    from rseq._stress.code import compiled
    from rseq._stress.ledger import Ledger
    from rseq._stress.shipped import indices, make
    from rseq._stress.threads import Scene, Slice, rows

    index = indices(workload)[0]
    structure = make(workload, index)
    program = compiled(workload.work, structure.storage)
    scene = Scene(structure, Ledger(rows(_THREADS), structure.storage.length))
    return list(Slice(workload, program, scene, _THREADS).run(_SLICE_S).problems)


def _tests(names: tuple[str, ...]) -> list[str]:
    import pytest

    if not names:
        return []
    failed: list[str] = []

    class Listener:
        def pytest_runtest_logreport(self, report: Any) -> None:
            if report.failed:
                failed.append(f"{report.nodeid}: {str(report.longrepr).strip().splitlines()[-1]}")

    files = [str(TESTS / name) for name in names]
    os.chdir(TESTS.parent)
    options = ["-x", "-q", "-p", "no:cacheprovider", "--tb=line", "-k", _QUICK, *_WARNINGS]
    code = pytest.main([*options, *files], plugins=[Listener()])
    return failed or ([f"pytest ended with {code!r}"] if code else [])
