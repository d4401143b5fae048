"""`make mutants`: make the mutants, try them, and say which check catches each. See docs/checker.md."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from .child import Child, run
from .listed import read, wrong
from .plan import Row, planned
from .rules import Mutant
from .state import State
from .table import PAGE, Counts, counted, joined, parsed, rewritten, table
from .table import read as read_table
from .trial import Case, Verdict, tried

_CPU_S, _WALL_S = 400, 900.0
_MOST_UNSEEN = 0.05


def main() -> int:
    """The command; 0 if each mutant is caught or listed, and few are unseen."""
    options = _options()
    _import_what_children_share()
    rows = [row for row in planned() if not options.only or {row.name, _short(row.name)} & {*options.only}]
    if not rows:
        raise SystemExit(f"no structure is called {' or '.join(options.only)}")
    states = [State(row, keep=options.keep) for row in rows]
    started = time.monotonic()
    if not options.show:
        for row, state in zip(rows, states, strict=True):
            if options.escaped:
                state.drop_escaped()
            _require_right(row, state)
            _try_all(row, state, options.jobs)
    verdicts = {
        mutant: state[mutant]
        for row, state in zip(rows, states, strict=True)
        for mutant in row.mutants
        if mutant in state
    }
    return _reported(rows, verdicts, options, time.monotonic() - started)


def _short(name: str) -> str:
    """What people call the row of a file such as `stack_code.py`."""
    return name.removesuffix("_code")


def _options() -> Any:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="files or folders of _structures/")
    parser.add_argument("--jobs", type=int, default=2, help="mutants that are tried at once; 2 by default")
    parser.add_argument("--json", action="store_true", help="print all verdicts as one JSON object")
    parser.add_argument("--write", action="store_true", help="write the table into docs/checker.md, or those rows")
    parser.add_argument("--keep", action="store_true", help="go on from verdicts of another text of the package")
    parser.add_argument("--escaped", action="store_true", help="try again what nothing has caught; implies --keep")
    parser.add_argument("--show", action="store_true", help="try nothing: show what is known; implies --keep")
    options = parser.parse_args()
    options.keep = options.keep or options.escaped or options.show
    return options


def _import_what_children_share() -> None:
    """What takes long to import, and is none of the package."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # children are forked: no threads beside
    for module in ("llvmlite.binding", "llvmlite.ir", "numpy", "pytest", "unicorn"):
        importlib.import_module(module)


def _require_right(row: Row, state: State) -> None:
    """Without a mistake, all checks pass: otherwise they would catch whatever comes."""
    if state.is_right:
        return
    file, text = next(iter(row.files.items()))
    ended = run(partial(tried, Case(file, text, row.structures, row.tests)), _CPU_S, _WALL_S)
    verdict = ended.result or Verdict("the machinery", ended.failure)
    if verdict.check is not None:
        raise SystemExit(f"{file}, as it is, is caught by {verdict.check}: {verdict.said}")
    state.note_right()


# ---- trying them


def _try_all(row: Row, state: State, jobs: int) -> None:
    pending = [mutant for mutant in row.mutants if mutant not in state]
    progress, running = _Progress(row.name, len(row.mutants), len(pending)), dict[Mutant, Child]()
    while pending or running:
        while pending and len(running) < jobs:
            mutant = pending.pop(0)
            running[mutant] = Child(partial(tried, _case(row, mutant)), _CPU_S, _WALL_S)
        for mutant, verdict in list(_heard(running)):
            del running[mutant]
            state[mutant] = verdict
            progress.tell(mutant, verdict)


def _case(row: Row, mutant: Mutant) -> Case:
    return Case(mutant.file, mutant.text, row.structures, row.tests, mutant.function)


def _heard(running: dict[Mutant, Child]) -> Iterator[tuple[Mutant, Verdict]]:
    for mutant, child in running.items():
        ended = child.heard(0.02)
        if ended is not None and ended.is_late:
            yield mutant, Verdict("time-out", ended.failure)
        elif ended is not None:
            yield mutant, ended.result or Verdict("contract", ended.failure)


class _Progress:
    """What has been tried, on standard error: a line in place on a terminal, with a line for each that escapes."""

    def __init__(self, row: str, made: int, left: int) -> None:
        self.row, self.made, self.left = row, made, left
        self._is_terminal = sys.stderr.isatty()

    def tell(self, mutant: Mutant, verdict: Verdict) -> None:
        self.left -= 1
        clear = "\r\x1b[K" if self._is_terminal else ""
        if verdict.check is None:
            print(f"{clear}{_described(mutant, verdict)}", file=sys.stderr, flush=True)
        if self._is_terminal:
            print(
                f"{clear}{self.row}, {self.made - self.left} of {self.made}: {mutant.name}"[:100],
                end="",
                file=sys.stderr,
            )


def _described(mutant: Mutant, verdict: Verdict) -> str:
    check = verdict.check or "nothing"
    return f"{mutant.file}:{mutant.line}: {mutant.rule}: {check} catches it\n  - {mutant.before}\n  + {mutant.after}"


# ---- the report


def _reported(rows: list[Row], verdicts: dict[Mutant, Verdict], options: Any, seconds: float) -> int:
    entries, mutants = read(), [mutant for row in rows for mutant in row.mutants]
    files = {mutant.file for mutant in mutants}
    if options.only:
        entries = {name: entry for name, entry in entries.items() if name.partition(" ")[0] in files}
    caught = {mutant.name: verdict.check for mutant, verdict in verdicts.items()}
    problems = list(wrong(entries, [mutant.name for mutant in mutants], caught))
    missing = [mutant.name for mutant in mutants if mutant not in verdicts]
    problems += [f"it has not been tried: {name}" for name in missing]
    if options.json:
        print(json.dumps([_as_dict(mutant, verdict) for mutant, verdict in verdicts.items()], indent=2))
    counts = counted(rows, caught, entries)
    problems += _too_many(counts)
    if not options.json:
        print(table(counts))
    if options.write:
        _write(joined(parsed(read_table()), counts) if options.only else counts)
    print(f"{len(mutants)} mutants in {seconds:.0f} s", file=sys.stderr)
    for problem in problems:
        print(f"FAILED: {problem}", file=sys.stderr)
    return bool(problems)


def _write(counts: list[Counts]) -> None:
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), table(counts)), encoding="utf-8")


def _too_many(counts: list[Counts]) -> Iterator[str]:
    total = counts[-1]
    if total.unseen_share > _MOST_UNSEEN:
        yield f"{total.came['unseen']} of {total.made} mutants are unseen, more than {_MOST_UNSEEN:.0%}"


def _as_dict(mutant: Mutant, verdict: Verdict) -> dict[str, Any]:
    return {
        "name": mutant.name,
        "file": mutant.file,
        "line": mutant.line,
        "rule": mutant.rule,
        "before": mutant.before,
        "after": mutant.after,
        "check": verdict.check,
        "said": verdict.said,
    }


if __name__ == "__main__":
    sys.exit(main())
