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

from rseq._bench.machine import Fact
from rseq._bench.run import Operation, Result
from rseq._once import load
from rseq._terminal import is_terminal

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

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
    _Ratio("counter", "vdso-atomic", "rseq", "counter: vDSO getcpu + atomic ÷ rseq"),
    _Ratio("counter", "sched_getcpu-atomic", "rseq", "counter: sched_getcpu + atomic ÷ rseq"),
    _Ratio("counter", "rseq", "thread-local", "counter: rseq ÷ thread-local plain add"),
    _Ratio("cpu-number", "sched_getcpu", "rseq", "CPU number: sched_getcpu ÷ rseq field"),
    _Ratio("lock", "sched_getcpu-mutex", "rseq", "lock: sched_getcpu + mutex ÷ rseq"),
    _Ratio("lock", "rseq", "librseq", "lock: rseq ÷ librseq in C"),
    _Ratio("ring-8", "vdso-atomic", "rseq", "event: vDSO getcpu + atomic ring ÷ rseq"),
    _Ratio("ring-8", "vdso-atomic", "rseq-layout", "event: vDSO getcpu + atomic ring ÷ rseq with a dtype"),
    _Ratio("ring-8-clock", "vdso-atomic", "rseq", "event with a clock: vDSO getcpu + atomic ring ÷ rseq"),
    _Ratio("ring-64", "vdso-atomic", "rseq", "event of 64 bytes: vDSO getcpu + atomic ring ÷ rseq"),
    _Ratio("ring-16", "rseq", "librseq", "event of 16 bytes: rseq ÷ librseq in C"),
    _Ratio("ring-16", "rseq-layout", "librseq", "event of 16 bytes: rseq with a dtype ÷ librseq"),
    _Ratio("stack", "sched_getcpu-mutex", "rseq", "push, pop: sched_getcpu + mutex ÷ rseq"),
    _Ratio("stack", "tagged", "rseq", "push, pop: tagged compare-and-swap ÷ rseq"),
    _Ratio("stack", "rseq", "librseq", "push, pop: rseq ÷ librseq in C"),
    _Ratio("histogram", "sched_getcpu-mutex", "rseq", "observe: sched_getcpu + mutex ÷ rseq"),
    _Ratio("pool", "malloc", "rseq", "buffer: malloc, free ÷ rseq"),
    _Ratio("rcu", "vdso-atomic", "rseq", "RCU: vDSO getcpu + atomics ÷ rseq"),
    _Ratio("rcu", "sched_getcpu-atomic", "rseq", "RCU: sched_getcpu + atomics ÷ rseq"),
    _Ratio("python", "rseq-name", "empty", "Python: add(1) ÷ an empty builtin"),
    _Ratio("python", "rseq-name", "abs", "Python: add(1) ÷ abs(1)"),
    _Ratio("python", "rseq", "empty-attribute", "Python: counter.add(1) ÷ an empty method"),
    _Ratio("python", "rseq-segment", "rseq", "Python: counter.add(1) in a named segment ÷ private"),
    _Ratio("python", "threading-lock", "rseq", "Python: with lock: n += 1 ÷ counter.add(1)"),
    _Ratio("python", "prometheus", "rseq", "Python: prometheus_client inc() ÷ counter.add(1)"),
    _Ratio("python", "prometheus", "rseq-name", "Python: prometheus_client inc() ÷ add(1)"),
    _Ratio("keyed-python", "dict-lock", "rseq", "Python: with lock: counter[key] += 1 ÷ add(key)"),
    _Ratio("bucket-python", "threading-lock", "rseq", "Python: a token bucket under a lock ÷ take()"),
    _Ratio("processes", "multiprocessing", "rseq", "Python, 2 processes: multiprocessing.Value ÷ rseq"),
    _Ratio("metrics", "multiprocess", "rseq", "prometheus_client: multiprocess inc() ÷ in a segment"),
    _Ratio("metrics", "multiprocess", "own", "multiprocess inc() ÷ rseq.metrics.Counter.inc()"),
    _Ratio("metrics-labels", "multiprocess", "own", "multiprocess labels().inc() ÷ rseq.metrics"),
    _Ratio("metrics-observe", "multiprocess", "own", "multiprocess observe() ÷ rseq.metrics"),
    _Ratio("metrics-make", "rseq", "multiprocess", "new labels: in a segment ÷ multiprocess mode"),
    _Ratio("metrics-make", "own", "multiprocess", "new labels: rseq.metrics ÷ multiprocess mode"),
    _Ratio("metrics-request", "rseq", "none", "request in FastAPI: metrics in a segment ÷ none"),
    _Ratio("metrics-request", "own", "none", "request in FastAPI: rseq.metrics ÷ none"),
    _Ratio("metrics-request", "multiprocess", "none", "request in FastAPI: multiprocess mode ÷ none"),
    _Ratio("metrics-scrape", "multiprocess", "rseq", "scrape, one worker: multiprocess mode ÷ in a segment"),
    _Ratio("otel-add", "opentelemetry", "rseq", "OpenTelemetry: the SDK's add(1) ÷ the same into a segment"),
    _Ratio("otel-add", "opentelemetry", "rseq-inc", "OpenTelemetry: the SDK's add(1) ÷ rseq.metrics inc()"),
    _Ratio("otel-add-attributes", "opentelemetry", "rseq", "… with two attributes: the SDK's ÷ into a segment"),
    _Ratio("otel-add-attributes", "opentelemetry", "rseq-inc", "… with two attributes: the SDK's ÷ rseq.metrics"),
    _Ratio("metrics-scrape-dead", "rseq-many", "rseq", "scrape after 1,000 dead workers ÷ after 1: in a segment"),
    _Ratio("metrics-scrape-dead", "multiprocess-many", "multiprocess", "after 1,000 ÷ after 1: multiprocess mode"),
    _Ratio("metrics-scrape-large", "rseq", "alone", "scrape, 10,000 series: 128 lanes ÷ a process for itself"),
    _Ratio("lock-python", "threading-lock", "rseq", "Python: with threading.Lock() ÷ rseq"),
    _Ratio("ring-64-python", "rseq", "deque", "Python: ring.write(64 bytes) ÷ deque.append()"),
    _Ratio("logging-python", "rseq", "simple-queue", "Python: ring handler ÷ QueueHandler"),
    _Ratio("stack-python", "deque", "rseq", "Python: deque append, pop ÷ rseq push, pop"),
    _Ratio("histogram-python", "prometheus", "rseq", "Python: prometheus_client observe() ÷ rseq"),
    _Ratio("pool-python", "bytearray", "rseq", "Python: bytearray(n) ÷ pool acquire, release"),
    _Ratio("rcu-python", "threading-lock", "rseq-calls", "Python: with threading.Lock() ÷ RCU lock, unlock"),
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
        """Write the tables, and what they show, to `out`."""
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
        self._print_ratios(out)
        out.print()
        for note in (_HOW, *self.notes):
            out.print(note, style="dim", highlight=False, markup=False)

    def _print_ratios(self, out: Console) -> None:
        for table in (self._ratio_table(), self._scaling_table()):
            if table.rows:
                out.print()
                out.print(table)
        by_rseq = sum(result.verified for result in self.results if result.implementation.startswith("rseq"))
        verified = sum(result.verified for result in self.results)
        if verified:
            out.print()
            out.print(f"Operations verified: {verified:,}, of them {by_rseq:,} by rseq; lost: 0.", highlight=False)

    def _medians(self, operation: str, implementation: str) -> list[float | None]:
        """With one thread, and with one on each CPU."""
        found = {r.threads: r for r in self.results if (r.operation, r.implementation) == (operation, implementation)}
        return [found[number].ns_per_op if number in found else None for number in dict.fromkeys((1, self.cpus))]

    def _ratio_table(self) -> Table:
        """What stands beside rseq, by rseq's; with one thread, and with one on each CPU."""
        from rich.text import Text

        headings = [("1 thread", 9), (f"{self.cpus} CPUs", 9)][: 2 if self.cpus > 1 else 1]
        table = _columns("ratios of medians", *headings)
        for ratio in _RATIOS:
            above, below = self._medians(ratio.operation, ratio.above), self._medians(ratio.operation, ratio.below)
            values = [number(a / b) if a and b else "–" for a, b in zip(above, below, strict=True)]
            if set(values) != {"–"}:
                table.add_row(Text(f"  {ratio.text}"), *values)
        return table

    def _scaling_table(self) -> Table:
        """In native loops, rseq's time with a thread on each CPU by that with one thread."""
        from rich.text import Text

        table = _columns(f"rseq with a thread on each of {self.cpus} CPUs ÷ with 1 thread", ("", 9))
        for operation in self.operations:
            for name in operation.makers:
                one, *each = self._medians(operation.name, name)
                if operation.is_native and name.startswith("rseq") and one and each and each[0]:
                    title = operation.title.removesuffix(", native loop")
                    more = "" if name == operation.reference else f" ({name})"
                    table.add_row(Text(f"  {title}{more}"), number(each[0] / one))
        return table


def console(*, error: bool = False) -> Console:
    """A rich console for standard output (or error) that writes plain text of 80 columns unless it is a terminal."""
    load("rich")
    from rich.console import Console

    stream = sys.stderr if error else sys.stdout
    if is_terminal(stream):
        return Console(file=stream)
    return Console(
        file=stream, width=_WIDTH, color_system=None, force_terminal=False, no_color=True, legacy_windows=False
    )


def name_workers(operation: Operation, threads: int, cpus: int) -> str:
    """How many workers there were, in words, and where they ran."""
    if operation.name == "processes":
        return f"{threads} processes"
    if operation.name.startswith("metrics"):
        return "1 process"
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
