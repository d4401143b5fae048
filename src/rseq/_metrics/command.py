"""`rseq run`: any command, with prometheus_client's metrics of it and of all its children in one segment."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import click

from rseq._metrics.store import SEGMENT_VARIABLE
from rseq._metrics.supervisor import NOT_FOUND, NOT_STARTED, PASSED_ON, supervised
from rseq._metrics.witness import Witness
from rseq._percpu.shared import files
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.shared.segment import Segment, core_of

SITE = Path(__file__).with_name("site")
"""A folder that has nothing but what Python begins with."""


@click.command("run", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--segment", metavar="NAME", help="The segment; without it, one for this run, which goes with it.")
@click.option("--keep", is_flag=True, help="Go on with what is in the segment though nobody has it open.")
@click.option("--exec", "in_place", is_flag=True, help="Become the command, instead of staying as its parent.")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@click.pass_context
def run(ctx: click.Context, segment: str | None, keep: bool, in_place: bool, command: tuple[str, ...]) -> None:
    """Run a service whose workers share their metrics.

    Those of prometheus_client, in all processes of COMMAND, are in one segment then.
    COMMAND is left as it is: rseq run -- gunicorn -w 8 app:app. Signals go on to it, and its exit status comes back.
    The segment stays while this runs, so that nothing is lost when all workers are replaced at once.
    """
    if in_place and segment is None:
        raise click.UsageError("--exec needs --segment NAME: nobody stays to remove one that is made for this run")
    name = f"run.{os.getpid()}.{os.urandom(4).hex()}" if segment is None else segment
    try:
        witness = None if in_place else Witness(PASSED_ON)  # before the segment, so that it has nothing to do with it
        held = Segment(name, keep=keep)
    except (SegmentError, ValueError, MemoryError, OSError) as error:
        raise click.ClickException(str(error)) from None
    try:
        ctx.exit(_ran(command, environment(name), held, witness))
    finally:
        if segment is None:
            with contextlib.suppress(FileNotFoundError):  # somebody has removed it
                os.unlink(files.place_of(name).path)


def environment(name: str) -> dict[str, str]:
    """What the command's processes are to find in their environment."""
    path = [str(SITE), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), SEGMENT_VARIABLE: name}


def _ran(command: tuple[str, ...], given: dict[str, str], held: Segment, witness: Witness | None) -> int:
    """The exit status of the command. Without a witness, this process becomes the command."""
    try:
        if witness is None:
            os.set_inheritable(core_of(held).fd, True)  # and with it the lock that says that the segment is in use
            os.execvpe(command[0], list(command), given)
        return supervised(command, given, witness)
    except FileNotFoundError:
        click.echo(f"Error: there is no command {command[0]!r}", err=True)
        return NOT_FOUND
    except OSError as error:
        click.echo(f"Error: {command[0]!r} cannot be started: {error.strerror}", err=True)
        return NOT_STARTED
