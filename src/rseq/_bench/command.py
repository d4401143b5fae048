"""`rseq bench`: measure this machine, print the table, and say so if a single update was lost."""

from __future__ import annotations

import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

import click

from rseq._bench.machine import load_during, now
from rseq._bench.run import Implementation, LostUpdates, Operation, Plan, Result, Unavailable, measure
from rseq._extras import MissingPackage, missing
from rseq._once import load
from rseq._terminal import WIDTH, is_terminal, wrapped
from rseq._thread.support import UnsupportedError

_FLEET = 48
"""Processes that start at once."""

_STARTS = 15
"""Rounds of processes that start."""

_MAKERS, _MANY, _MANY_QUICK, _ADDS, _MANY_LANES = 8, 1250, 125, 1000, 128
"""Processes that make structures at once, how many each makes, how often each is added to; lanes of a large machine."""

_QUICK = (5, 0.08)
_FULL = (11, 0.2)
"""Rounds, and about how many seconds each run in a round takes."""


_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW_FILE = click.Path(dir_okay=False, path_type=Path)


def operations() -> tuple[Operation, ...]:
    """Everything that can be measured, in the order of the table."""
    from rseq._bench import metrics, native, processes, python, requests

    return (*native.OPERATIONS, *python.OPERATIONS, processes.COUNTER, *metrics.OPERATIONS, requests.REQUEST)


def _with_librseq(folder: Path) -> tuple[Operation, ...]:
    from rseq._bench.librseq import beside

    return beside(operations(), folder)


@click.command("bench")
@click.option("--quick", is_flag=True, help="Shorter runs and fewer of them: two minutes instead of ten.")
@click.option(
    "--only", metavar="NAME,...", default="", help="Only these operations (lock, ring, python, …) and implementations."
)
@click.option("--threads", metavar="1,2,...", default="", help="With these numbers of threads.")
@click.option(
    "--librseq", type=_FOLDER, metavar="FOLDER", help="A source tree of librseq: its helpers in C beside ours."
)
@click.option("--json", "json_path", type=_NEW_FILE, metavar="FILE", help="Write JSON.")
@click.option("--plot", "plot_path", type=_NEW_FILE, metavar="FILE.png", help="Draw it.")
@click.option("--start", "starting", is_flag=True, help="Instead: what a process pays before its first count.")
@click.option("--segments", "in_segments", is_flag=True, help="Instead: many structures in one segment, by name.")
@click.option(
    "--wheel", type=_FILE, metavar="FILE", help="With --start: install this wheel into a new environment, too."
)
def bench(
    quick: bool,
    only: str,
    threads: str,
    librseq: Path | None,
    json_path: Path | None,
    plot_path: Path | None,
    starting: bool,
    in_segments: bool,
    wheel: Path | None,
) -> None:
    """Measure per-CPU data here: rseq beside atomics and locks.

    Implementations of one operation take turns, in rounds, on pinned CPUs, and after every run its total is checked:
    if one update was lost, the command fails. By default there is one thread, and then one on each CPU; in the native
    counter loop also twice as many.

    An operation is chosen by its name or by a part of it: `lock` are lock and lock-python, `python` is all that is
    called from Python.
    """
    if not sys.platform.startswith("linux"):
        raise click.ClickException("rseq bench runs on Linux only: it pins threads, and rseq is Linux's.")
    if wheel and not starting:
        raise click.UsageError("--wheel goes with --start")
    if starting:
        _check_outputs(json_path, None)
        _tell_start(_QUICK[0] if quick else _STARTS, wheel, json_path)
        return
    if in_segments:
        _check_outputs(json_path, None)
        _tell_segments(_MANY_QUICK if quick else _MANY, json_path)
        return
    load("rich")  # what cannot be told need not be measured
    rounds, seconds = _QUICK if quick else _FULL
    plan = Plan(rounds, seconds)
    chosen = _choose(operations() if librseq is None else _with_librseq(librseq), only)
    counts = _numbers(threads)
    _check_outputs(json_path, plot_path)
    jobs, notes = _prepare(chosen, counts, len(plan.cpus))
    before = now()
    try:
        results = _measure(jobs, plan)
    except LostUpdates as lost:
        raise click.ClickException(str(lost)) from None
    loaded = load_during(before, now(), len(plan.cpus))
    notes += [loaded] if loaded else []
    _tell(chosen, results, notes, plan, json_path, plot_path)


@dataclass(frozen=True)
class _Job:
    """What is measured in turns: implementations of an operation, each with these numbers of workers."""

    operation: Operation
    workers: tuple[int, ...]
    implementations: tuple[Implementation, ...]


def _choose(known: Sequence[Operation], only: str) -> list[Operation]:
    """The operations to measure, each with the implementations to measure.

    Names of operations, or parts of them, and names of implementations both narrow the choice.
    """
    names = [name.strip() for name in only.split(",") if name.strip()]
    operation_names = {name for operation in known for name in _names(operation)}
    implementation_names = list(dict.fromkeys(name for operation in known for name in operation.makers))
    unknown = [name for name in names if name not in operation_names.union(implementation_names)]
    if unknown:
        raise click.BadParameter(
            "\n".join(
                [
                    f"nothing is called {', '.join(unknown)}. There are the operations",
                    *(f"  {operation.name:22} {operation.title}" for operation in known),
                    *textwrap.wrap(f"and the implementations {', '.join(implementation_names)}.", WIDTH),
                ]
            ),
            param_hint="--only",
        )
    wanted_operations = {name for name in names if name in operation_names} or operation_names
    wanted = {name for name in names if name in implementation_names} or set(implementation_names)
    chosen = [
        replace(operation, makers={name: maker for name, maker in operation.makers.items() if name in wanted})
        for operation in known
        if wanted_operations.intersection(_names(operation))
    ]
    chosen = [operation for operation in chosen if operation.makers]
    if not chosen:
        raise click.BadParameter("none of these operations has such an implementation.", param_hint="--only")
    return chosen


def _names(operation: Operation) -> list[str]:
    """What an operation can be called: its name, and the words of its name that are no number."""
    return [operation.name, *(word for word in operation.name.split("-") if not word.isdigit())]


def _numbers(text: str) -> tuple[int, ...]:
    """The numbers of threads that `--threads` asks for."""
    try:
        numbers = tuple(int(part) for part in text.split(",") if part.strip())
    except ValueError:
        numbers = (0,)
    if any(number < 1 for number in numbers):
        raise click.BadParameter(f"expected numbers of threads like 1,2,4, got {text!r}.", param_hint="--threads")
    return numbers


def _check_outputs(json_path: Path | None, plot_path: Path | None) -> None:
    """Find out before the measurement, not minutes later, whether its results can be written."""
    for path, option in ((json_path, "--json"), (plot_path, "--plot")):
        if path and not path.absolute().parent.is_dir():
            raise click.BadParameter(f"there is no folder {path.parent}.", param_hint=option)
    if plot_path and plot_path.suffix != ".png":
        raise click.BadParameter(f"expected a name that ends in .png, got {plot_path}.", param_hint="--plot")
    if plot_path and not find_spec("matplotlib"):
        raise missing("matplotlib")


def _prepare(chosen: Sequence[Operation], counts: Sequence[int], cpus: int) -> tuple[list[_Job], list[str]]:
    """Make the implementations, and say which cannot be made here.

    `counts` are the numbers of threads that the user wants, for the operations that leave them open.
    """
    jobs, notes = [], _warnings()
    for operation in chosen:
        numbers = operation.workers or tuple(dict.fromkeys(counts or operation.usual(cpus)))
        made = []
        for name, make in operation.makers.items():
            try:
                made.append(make(max(numbers)))
            except (Unavailable, UnsupportedError, MissingPackage, OSError) as why:
                notes.append(f"{operation.name}: {name} is left out: {why}")
        if made:
            jobs.append(_Job(operation, numbers, tuple(made)))
    return jobs, notes


def _warnings() -> list[str]:
    from rseq._thread.registration import available
    from rseq._thread.report import info

    if available():
        return []
    reasons = [lack.sentence for lack in info().missing[:1]]
    return [*reasons, "So everything that is called rseq here ran on the spare lane, under a lock."]


def _measure(jobs: Sequence[_Job], plan: Plan) -> list[Result]:
    turns = sum(len(job.implementations) * len(job.workers) for job in jobs) * (plan.rounds + 1)
    results: list[Result] = []
    with _progress(turns) as tick:
        for job in jobs:

            def tell(label: str, workers: int, job: _Job = job) -> None:
                tick(f"{job.operation.name} × {workers}: {label}")

            results += measure(job.operation, job.implementations, job.workers, plan, tell)
    return results


@contextmanager
def _progress(turns: int) -> Iterator[Callable[[str], None]]:
    """A bar on standard error if that is a terminal; nothing at all if not.

    It is drawn only between runs: a thread that draws would take the GIL from what is measured.
    """
    if not is_terminal(sys.stderr):
        yield lambda label: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from rseq._bench.report import console

    columns = (
        BarColumn(12),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=console(error=True), auto_refresh=False, transient=True) as progress:
        task = progress.add_task("", total=turns)

        def tick(label: str) -> None:
            progress.update(task, advance=1, description=label, refresh=True)

        yield tick


def _tell(
    chosen: Sequence[Operation],
    results: Sequence[Result],
    notes: Sequence[str],
    plan: Plan,
    json_path: Path | None,
    plot_path: Path | None,
) -> None:
    from rseq._bench.machine import describe
    from rseq._bench.report import Report, console, write_json

    machine = describe()
    Report(machine, chosen, results, [*_remarks(), *notes], len(plan.cpus)).print(console())
    if json_path:
        write_json(json_path, machine, results)
    if plot_path:
        from rseq._bench.plot import draw

        draw(plot_path, machine, chosen, results, len(plan.cpus))


def _tell_start(rounds: int, wheel: Path | None, json_path: Path | None) -> None:
    from rseq._bench.machine import describe
    from rseq._bench.report import headline
    from rseq._bench.start import figures

    before = now()
    try:
        found = figures(rounds, _FLEET, wheel)
    except RuntimeError as error:
        raise click.ClickException(str(error)) from None
    loaded = load_during(before, now(), len(os.sched_getaffinity(0)))
    machine = describe()
    click.echo("\n".join([wrapped(headline(machine)), "", *found.lines(), *(["", wrapped(loaded)] if loaded else [])]))
    if json_path:
        json_path.write_text(json.dumps({"machine": machine, **found.as_dict()}, indent=1) + "\n")


def _tell_segments(each: int, json_path: Path | None) -> None:
    from dataclasses import asdict

    from rseq._bench.machine import describe
    from rseq._bench.report import headline
    from rseq._bench.segments import figures

    try:
        found = [figures(_MAKERS, each, _ADDS, _QUICK[0], lanes) for lanes in (0, _MANY_LANES)]
    except RuntimeError as error:
        raise click.ClickException(str(error)) from None
    machine = describe()
    click.echo("\n".join([wrapped(headline(machine)), "", *(line for one in found for line in one.lines())]))
    if json_path:
        rows = [asdict(one) for one in found]
        json_path.write_text(json.dumps({"machine": machine, "segments": rows}, indent=1) + "\n")


def _remarks() -> list[str]:
    from rseq._bench.native.ours import restarts

    count = restarts()
    if not count:
        return []
    times = "once" if count == 1 else f"{count:,} times"
    return [f"The kernel interrupted rseq's native loops in the middle of a sequence, which began again: {times}."]
