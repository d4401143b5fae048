"""The command `rseq ls`: the segments that there are."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from rseq._look.chosen import label
from rseq._look.reading import count_in
from rseq._look.saying import age, mebibytes, plain, put_table
from rseq._percpu.shared.files import Place
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.shared.listing import segments
from rseq._percpu.shared.segment import core_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rseq._percpu.shared.listing import SegmentInfo

_COLUMNS = ("segment", "MiB", "structures", "processes", "CPUs", "age")
_NUMBERS = (1, 2, 3, 4, 5)


@click.command("ls")
@click.option("--long", "-l", "is_long", is_flag=True, help="Name the processes that have it open, and the file.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON array.")
def ls(is_long: bool, as_json: bool) -> None:
    """List the segments that processes of this user share.

    MiB is what a segment takes of the file system, structures are those that `rseq show` lists. One that no process has
    open was left behind, perhaps by a program that crashed: `rseq show` reads it, `rseq rm` removes it, and the next
    program that opens it begins anew.
    """
    try:
        found = [_counted(info) for info in segments()]
    except SegmentError as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        click.echo(json.dumps([_as_dict(info) for info in found], indent=2))
        return
    if not found:
        click.echo("no segments", err=True)
        return
    put_table(_COLUMNS, [_row(info) for info in found], right=_NUMBERS)
    for line in _below(found, is_long):
        click.echo(line)


def _counted(info: SegmentInfo) -> SegmentInfo:
    """The same with as many structures as `rseq show` lists: what metrics keep beside them does not count."""
    if info.problem:
        return info
    try:
        return info._replace(structures=count_in(core_of(info.open())))
    except (SegmentError, MemoryError, OSError):  # it has gone or was damaged since
        return info


def _as_dict(info: SegmentInfo) -> dict[str, Any]:
    return {**info._asdict(), "processes": [one._asdict() for one in info.processes]}


def _row(info: SegmentInfo) -> tuple[str, ...]:
    name = label(Place(info.name, info.path, info.group))
    if info.problem:
        return name, mebibytes(info.nbytes), "-", "-", "-", "-"
    known = info.structures, len(info.processes), info.lanes
    return name, mebibytes(info.nbytes), *map(str, known), age(time.time() - info.made_ns / 1e9)


def _below(found: list[SegmentInfo], is_long: bool) -> Iterator[str]:
    """What has no room in the table."""
    for info in found:
        if info.problem:
            yield f"{info.name} cannot be used: {plain(info.problem)}"
        elif is_long:
            yield f"{info.name} is {info.path}, open in {_named(info)}"


def _named(info: SegmentInfo) -> str:
    names = [f"{one.pid} ({plain(one.program)})" for one in info.processes]
    return ", ".join(names) or "no process"
