"""Say what was measured: a table for people, JSON for programs.

On a terminal the table has colour; anywhere else it is plain text of at most 80 columns without escape codes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from .history import CLAIMS, SOURCE, Claim
from .machine import Fact
from .run import Operation, Result

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = ["Report", "console", "headline", "name_workers", "number", "write_json"]

_WIDTH = 80
_HOW = (
    "ns: CPU time for one operation, that is elapsed time × min(threads, CPUs) ÷ operations; the median of the rounds, "
    "in which implementations take turns. Up to as many threads as CPUs are pinned, more are not."
)


@dataclass(frozen=True)
class _Ratio:
    """A figure that the project answers for: one implementation's time by another's."""

    operation: str
    above: str
    below: str
    text: str


_RATIOS = (
    _Ratio("counter", "vdso-atomic", "rseq", "vDSO getcpu + atomic ÷ rseq"),
    _Ratio("counter", "sched_getcpu-atomic", "rseq", "sched_getcpu + atomic ÷ rseq"),
    _Ratio("counter", "rseq", "thread-local", "rseq ÷ thread-local plain add"),
    _Ratio("cpu-number", "sched_getcpu", "rseq", "sched_getcpu ÷ rseq field"),
    _Ratio("python", "rseq-name", "empty", "add(1) ÷ an empty builtin"),
    _Ratio("python", "rseq-name", "abs", "add(1) ÷ abs(1)"),
    _Ratio("python", "rseq", "empty-attribute", "counter.add(1) ÷ an empty method of the same kind"),
    _Ratio("python", "lock", "rseq", "with lock: n += 1 ÷ counter.add(1)"),
    _Ratio("python", "prometheus", "rseq", "prometheus_client inc() ÷ counter.add(1)"),
    _Ratio("python", "prometheus", "rseq-name", "prometheus_client inc() ÷ add(1)"),
)


@dataclass(frozen=True)
class Report:
    """Everything there is to say about one run of the command.

    `notes` are sentences on what was left out or is not what it seems; `cpus` is how many CPUs were used.
    """

    machine: Mapping[str, Fact]
    operations: Sequence[Operation]
    results: Sequence[Result]
    notes: Sequence[str]
    cpus: int

    def print(self, out: Console) -> None:
        """Write the tables, what they show, and the figures of 2018 beside them, to `out`."""
        with out.capture() as text:
            self._print_all(out)
        for line in text.get().splitlines():
            out.file.write(_writable(line.rstrip(), out.encoding) + "\n")  # without the blanks that pad tables

    def _print_all(self, out: Console) -> None:
        out.print(headline(self.machine), highlight=False)
        for operation in self.operations:
            mine = [result for result in self.results if result.operation == operation.name]
            for threads, group in groupby(mine, key=lambda result: result.threads):
                out.print()
                out.print(_table(operation, threads, list(group), self.cpus))
            claim = CLAIMS.get(operation.name)
            if claim and mine:
                out.print()
                out.print(_then_and_now(claim, mine))
        self._print_ratios(out)
        self._print_notes(out)

    def _print_ratios(self, out: Console) -> None:
        lines = list(self._ratios())
        if lines:
            out.print()
            out.print(_ratio_table(lines))
        units = {operation.name: operation.unit for operation in self.operations}
        updates = [result for result in self.results if units[result.operation] == "update"]
        by_rseq = sum(result.verified for result in updates if result.implementation.startswith("rseq"))
        verified = sum(result.verified for result in updates)
        if verified:
            out.print()
            out.print(f"Updates verified: {verified:,}, of them {by_rseq:,} by rseq; lost: 0.", highlight=False)

    def _ratios(self) -> Iterable[tuple[str, float]]:
        medians = {(r.operation, r.implementation, r.threads): r.ns_per_op for r in self.results}
        for ratio in _RATIOS:
            above = medians.get((ratio.operation, ratio.above, 1))
            below = medians.get((ratio.operation, ratio.below, 1))
            if above and below:
                yield ratio.text, above / below
        one, each = (medians.get(("counter", "rseq", threads)) for threads in (1, self.cpus))
        if one and each and self.cpus > 1:
            yield f"rseq with a thread on each of {self.cpus} CPUs ÷ with 1 thread", each / one

    def _print_notes(self, out: Console) -> None:
        notes = [
            _HOW,
            *(f"{operation.name}: {note}" for operation in self.operations for note in operation.notes),
            *self.notes,
        ]
        out.print()
        for note in notes:
            out.print(note, style="dim", highlight=False, markup=False)


def console(*, error: bool = False) -> Console:
    """A rich console for standard output (or error) that writes plain text of 80 columns unless it is a terminal."""
    from rich.console import Console

    stream = sys.stderr if error else sys.stdout
    if stream.isatty():
        return Console(file=stream)
    return Console(
        file=stream, width=_WIDTH, color_system=None, force_terminal=False, no_color=True, legacy_windows=False
    )


def name_workers(operation: Operation, threads: int, cpus: int) -> str:
    """How many workers there were, in words, and where they ran."""
    if operation.name == "processes":
        return f"{threads} processes"
    if threads == 1:
        return "1 thread"
    if threads == cpus:
        return f"{threads} threads, one on each CPU"
    return f"{threads} threads, {'pinned' if threads < cpus else f'unpinned on {cpus} CPUs'}"


def number(value: float) -> str:
    """A time or ratio with the digits that mean something."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.1f}" if value >= 100 else f"{value:.2f}"


def write_json(path: Path, machine: Mapping[str, Fact], results: Iterable[Result]) -> None:
    """Write the machine and every result, with each round's time, to `path`.

    `threads` is the number of workers: where they are processes, the operation's name says so.
    """
    rows = [
        {
            "operation": result.operation,
            "implementation": result.implementation,
            "threads": result.threads,
            "ns_per_op": result.ns_per_op,
            "min": min(result.runs),
            "max": max(result.runs),
            "runs": list(result.runs),
        }
        for result in results
    ]
    path.write_text(json.dumps({"machine": dict(machine), "results": rows}, indent=1) + "\n")


def headline(machine: Mapping[str, Fact]) -> str:
    """The machine in one line."""
    facts = [
        machine["cpu"],
        f"{machine['cpus_used']} CPUs",
        f"Linux {machine['kernel']}",
        machine["libc"],
        machine["python"],
    ]
    return ", ".join(str(fact) for fact in facts if fact)


def _writable(text: str, encoding: str) -> str:
    """`text` without what `encoding` cannot say: a measurement of minutes must not end in a UnicodeEncodeError."""
    return text.encode(encoding, "replace").decode(encoding)


def _columns(title: str, *headings: tuple[str, int]) -> Table:
    """An empty table under a title: a wide first column, and narrow ones for numbers."""
    from rich.table import Table

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim", show_edge=False)
    table.title, table.title_justify, table.title_style = title, "left", "bold"
    table.show_header = any(heading for heading, _ in headings)
    table.add_column("", width=_WIDTH - 2 - sum(width + 1 for _, width in headings), overflow="fold")
    for heading, width in headings:
        table.add_column(heading, width=width, justify="right", no_wrap=True)
    return table


def _table(operation: Operation, threads: int, results: Sequence[Result], cpus: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    reference = next((r.ns_per_op for r in results if r.implementation == operation.reference), None)
    title = f"{operation.title} · {name_workers(operation, threads, cpus)}"
    table = _columns(title, ("ns", 8), ("min", 8), ("max", 8), ("÷ rseq", 8))
    for result in results:
        ratio = number(result.ns_per_op / reference) if reference else "–"
        times = (result.ns_per_op, min(result.runs), max(result.runs))
        style = "bold green" if result.implementation == operation.reference else ""
        table.add_row(Text(f"  {result.label}"), *(number(time) for time in times), ratio, style=style)
    assert isinstance(table, Table)
    return table


def _then_and_now(claim: Claim, results: Sequence[Result]) -> Table:
    from rich.text import Text

    table = _columns(f"the same in 2018: {SOURCE}", (claim.before, 17), ("rseq", 8), ("ratio", 8))
    for figure in claim.figures:
        row = (f"{figure.before_ns:.1f}", f"{figure.rseq_ns:.1f}", number(figure.before_ns / figure.rseq_ns))
        table.add_row(Text(f"  {figure.machine}, 2018"), *row)
    here = {result.implementation: result.ns_per_op for result in results if result.threads == 1}
    before, rseq = here.get(claim.implementation), here.get("rseq")
    if before and rseq:
        table.add_row(
            Text("  this machine, now"), number(before), number(rseq), number(before / rseq), style="bold green"
        )
    return table


def _ratio_table(lines: Sequence[tuple[str, float]]) -> Table:
    from rich.text import Text

    table = _columns("ratios of medians, 1 thread", ("", 8))
    for text, value in lines:
        table.add_row(Text(f"  {text}"), number(value))
    return table
