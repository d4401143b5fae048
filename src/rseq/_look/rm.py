"""The command `rseq rm`: segments that nobody needs any more."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from rseq._look.chosen import all_places, group_option, label, opened, places_named, there_are
from rseq._look.saying import count_of, plain
from rseq._percpu.shared import files
from rseq._percpu.shared.layout import MAGIC, SegmentError

if TYPE_CHECKING:
    from rseq._percpu.shared.files import Place


@click.command("rm")
@click.argument("names", nargs=-1, metavar="[SEGMENT]...")
@click.option("--all", "are_all", is_flag=True, help="All that nobody has open; with --group, that group's.")
@click.option("--force", is_flag=True, help="Those too that are in use, and files in their place that are no segments.")
@group_option
def rm(names: tuple[str, ...], are_all: bool, force: bool, group: str | None) -> None:
    """Remove segments that nobody has open.

    One that is in use is refused, and it is said by whom. With --force its name is removed: those that have it open go
    on with it, among themselves, and the next program that opens it begins anew. A damaged segment is removed as any
    other; a file that does not begin as one only with --force.
    """
    if bool(names) == are_all:
        raise click.UsageError("name segments, or say --all")
    if are_all and force:
        raise click.UsageError("--all is for segments that nobody has open; name those to remove by --force")
    places = all_places(group) if are_all else [place for name in names for place in _of(name, group)]
    failed = [place for place in places if not _removed(place, force=force, is_quiet=are_all)]
    missing = () if are_all else [name for name in names if name not in {place.name for place in places}]
    for name in missing:
        click.echo(f"Error: there is no segment {name!r}; {there_are()}", err=True)
    if missing or (failed and not are_all):
        raise click.exceptions.Exit(1)


def _of(name: str, group: str | None) -> list[Place]:
    return places_named(name, group)[:1]


def _removed(place: Place, *, force: bool, is_quiet: bool) -> bool:
    """Remove it, and say so, or why not."""
    try:
        if force:
            files.remove(place)
        elif files.take_away(place, _is_segment):
            click.echo(f"{'kept' if is_quiet else 'Error:'} {label(place)}: {_users(place)}", err=not is_quiet)
            return False
    except FileNotFoundError:
        pass  # somebody else has removed it
    except (SegmentError, OSError) as error:
        click.echo(f"Error: {plain(str(error))}", err=True)
        return False
    click.echo(f"removed {label(place)}")
    return True


def _is_segment(fd: int) -> bool:
    """True, if a file begins as a segment, be it damaged or of another version. Raises: SegmentError - it does not."""
    if os.pread(fd, len(MAGIC), 0) != MAGIC:
        path = os.readlink(f"/proc/self/fd/{fd}")
        raise SegmentError(f"{path} is no segment: it does not begin as one. `rseq rm --force` removes it")
    return True


def _users(place: Place) -> str:
    """Who has it open."""
    try:
        users = opened(place).processes()
    except click.ClickException:
        return "it is in use; --force removes its name all the same"
    named = ", ".join(f"{one.pid} ({plain(one.program)})" for one in users)
    return f"{count_of(len(users), 'process has', 'processes have')} it open: {named}; --force removes its name"
