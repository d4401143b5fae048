"""The command `rseq show`: the structures in a segment, and what they say."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from rseq._look.chosen import chosen, group_option, label, opened
from rseq._look.details import details
from rseq._look.lines import line_of
from rseq._look.reading import family_of, found_in, read
from rseq._look.saying import age, count_of, json_ready, plain, put_table
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.shared.segment import core_of

if TYPE_CHECKING:
    from rseq._look.reading import Reading
    from rseq._percpu.shared.core import Core
    from rseq._percpu.shared.files import Place


@click.command("show")
@click.argument("segment", required=False)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON object.")
@group_option
def show(segment: str | None, names: tuple[str, ...], as_json: bool, group: str | None) -> None:
    """Print the structures in a segment, and what they say.

    SEGMENT may be left out if there is one, or one that a process has open. With the NAMEs of structures, only these,
    and all that is known of them: each CPU's part, a histogram's buckets, the rows of records. The last CPU is the
    spare lane, for threads without rseq. Nothing is changed, and nobody waits.
    """
    place = chosen(segment, group)
    looked_at = opened(place)
    core = core_of(looked_at)
    try:
        readings = read(found_in(core, names))
    except (SegmentError, MemoryError) as error:
        raise click.ClickException(str(error)) from None
    _require(names, readings, place)
    if as_json:
        click.echo(json.dumps(json_ready({**_about(place, core), "structures": [one.as_dict() for one in readings]})))
        return
    click.echo(_heading(place, core))
    if readings:
        click.echo()
        put_table(("kind", "name", "value"), [(one.kind, one.name, line_of(one)) for one in readings])
    if names:
        for one in readings:
            details(one)


def _require(names: tuple[str, ...], readings: list[Reading], place: Place) -> None:
    known = {one.name for one in readings} | {family_of(one) for one in readings}
    lacking = sorted({plain(name) for name in names} - known)
    if lacking:
        raise click.ClickException(
            f"segment {place.name!r} has no structure named {', '.join(map(repr, lacking))}; "
            f"`rseq show {place.name}` lists all"
        )


def _about(place: Place, core: Core) -> dict[str, Any]:
    header = core.header
    users = [one._asdict() for one in core.processes()]
    return {
        "segment": place.name,
        "group": place.group,
        "path": place.path,
        "made_ns": header.made_ns,
        "lanes": header.lanes,
        "processes": users,
    }


def _heading(place: Place, core: Core) -> str:
    users = core.processes()
    named = ", ".join(f"{one.pid} ({plain(one.program)})" for one in users[:5])
    more = f" and {len(users) - 5} more" if len(users) > 5 else ""
    return (
        f"{label(place)}: {count_of(core.header.lanes, 'CPU', 'CPUs')} and a spare lane, "
        f"{age(time.time() - core.header.made_ns / 1e9)} old, open in {named + more if users else 'no process'}"
    )
