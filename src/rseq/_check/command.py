"""The command `rseq check`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from rseq._once import load
from rseq._terminal import is_terminal, stdout_aside, wrapped

if TYPE_CHECKING:
    from rseq._check.report import Report


@click.command("check")
@click.argument("names", metavar="[MODULE[:NAME]]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Check every sequence that the package ships.")
@click.option("--arch", metavar="NAME|all", help="The architecture, instead of this machine's.")
@click.option(
    "--depth", type=click.IntRange(1, 3), metavar="N", default=1, show_default=True, help="Interruptions of one run."
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
@click.option("--replay", metavar="RUN", default="", help="Try one run only, which a failure has named.")
@click.option(
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Processes that share the work, instead of one for each CPU of this one.",
)
@click.option("--strict", is_flag=True, help="Fail if there is anything that no case has reached; --all does.")
def check(
    names: tuple[str, ...],
    everything: bool,
    arch: str | None,
    depth: int,
    as_json: bool,
    replay: str,
    jobs: int | None,
    strict: bool,
) -> None:
    """Interrupt sequences before every instruction of theirs.

    Each must happen as a whole, or not at all, all the same. MODULE is a module or a .py file, NAME a sequence in
    it, or a structure: rseq:Counter, shop.py:push. Without NAME it is all that is made there. Sequences on one record
    are also interrupted by each other. Their machine code runs in an emulator, so it can be any architecture's.
    """
    if bool(names) == everything:
        raise click.UsageError("name sequences, such as shop.py, shop.py:push or rseq:Counter, or say --all")
    with _progress() as tick, stdout_aside():
        how = {"arch": arch, "depth": depth, "replay": replay, "jobs": jobs or len(os.sched_getaffinity(0))}
        report = _checked(_targets(names), name=" ".join(names) or "--all", tick=tick, **how)
    click.echo(json.dumps(report.as_dict(), indent=2) if as_json else wrapped(str(report)))
    if not report.ok or ((everything or strict) and report.vacuous):
        sys.exit(1)


def _targets(names: tuple[str, ...]) -> list[Any]:
    from rseq._check.run import shipped
    from rseq._named import NamedError, called, find_all

    if not names:
        return list(shipped())
    try:
        codes = [code for name in names for code in find_all((name,)).sequences.values()]
    except NamedError as error:
        raise click.ClickException(str(error)) from None
    if not any(True for code in codes for _ in called(code)):
        raise click.ClickException(f"{' '.join(names)} calls no sequence, so there is nothing to interrupt")
    return codes


def _checked(targets: list[Any], **how: Any) -> Report:
    from rseq._check.run import check

    try:
        return check(*targets, **how)
    except (ValueError, RuntimeError) as error:
        raise click.ClickException(str(error)) from None


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """What is being checked, on standard error if that is a terminal."""
    if not is_terminal(sys.stderr):
        yield lambda text: None
        return
    load("rich")
    from rich.console import Console

    status = Console(stderr=True).status("compiling")

    def tick(text: str) -> None:
        status.start()  # with the first text: the processes that share the work are forked before there is a thread
        status.update(text)

    try:
        yield tick
    finally:
        status.stop()
