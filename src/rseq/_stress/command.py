"""The command `rseq stress`."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from rseq._once import load
from rseq._terminal import is_terminal

if TYPE_CHECKING:
    from rseq._stress.kills import Kills
    from rseq._stress.report import Instructions, Report

_SECONDS, _THREADS = 10.0, 12
_COUNT = click.IntRange(min=1)


@click.command("stress")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    metavar="N",
    help=f"How long each process works; {_SECONDS:.0f} by default.",
)
@click.option(
    "--threads", type=_COUNT, metavar="N", help=f"Threads of each process; {_THREADS} for each CPU by default."
)
@click.option("--processes", type=_COUNT, metavar="N", help="Processes at once; 1 by default.")
@click.option("--every-instruction", is_flag=True, help="Instead: a breakpoint before each instruction.")
@click.option(
    "--kills",
    type=_COUNT,
    metavar="N",
    help="Instead: N processes for each structure that are killed while they share it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def stress(
    seconds: float | None,
    threads: int | None,
    processes: int | None,
    every_instruction: bool,
    kills: int | None,
    as_json: bool,
) -> None:
    """Work the structures hard on this kernel, and count.

    Nothing may be lost, and nothing doubled. Threads run the sequences in machine code while they are moved to
    other CPUs, interrupted a thousand times a second by signals whose handlers run them too, and forked. What was
    put in must be there in the end. The command also fails if some section was never aborted, for then nothing was
    tested.
    """
    if not math.isfinite(seconds or 0):
        raise click.BadParameter(f"{seconds} is no time that ends.", param_hint="'--seconds'")
    if every_instruction and (seconds, threads, processes) != (None, None, None):
        raise click.UsageError("--every-instruction takes no time and no threads: it tries each instruction once")
    if kills and (every_instruction or (seconds, threads, processes) != (None, None, None)):
        raise click.UsageError("--kills takes no time, threads or processes, and no --every-instruction")
    with _progress() as tick:
        report = _report(seconds or _SECONDS, threads, processes or 1, every_instruction, kills, tick)
    click.echo(json.dumps(report.as_dict(), indent=2) if as_json else str(report))
    if not report.ok:
        sys.exit(1)


def _report(
    seconds: float,
    threads: int | None,
    processes: int,
    every_instruction: bool,
    kills: int | None,
    tick: Callable[[str], None],
) -> Report | Instructions | Kills:
    from rseq._stress import instructions, run
    from rseq._stress.kills import kill

    try:
        if kills:
            return kill(kills=kills, tick=tick)
        if every_instruction:
            return instructions.every_instruction(tick=tick)
        return run.stress(seconds=seconds, threads=threads, processes=processes, tick=tick)
    except (RuntimeError, OSError) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What is going on, on standard error: in place if that is a terminal, else a line for each thing."""
    if not is_terminal(sys.stderr):
        yield lambda text: click.echo(text, err=True)
        return
    load("rich")
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    # Drawn when there is something new, and not by a thread: who forks beside threads inherits their locks.
    with Live(console=Console(stderr=True), auto_refresh=False, transient=True) as live:
        yield lambda text: live.update(Text(text, style="cyan", overflow="ellipsis", no_wrap=True), refresh=True)
