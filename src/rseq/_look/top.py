"""The command `rseq top`: a segment as it lives."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from rseq._look.chosen import INTERVAL, chosen, group_option, label
from rseq._look.frames import BAR_WIDTH, COLUMNS, Row, Watch, cells, ordered
from rseq._look.saying import plain_lines
from rseq._look.screen import View, keyboard
from rseq._terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console, RenderableType

    from rseq._look.screen import Keyboard

_ABOVE_AND_BELOW = 3
"""Lines that are no rows: two headings, and the keys."""

_WIDTHS = {"kind": 13, "total": 12, "per s": 7, "CPUs": BAR_WIDTH + 1}
"""What other columns than names and states need, with the blank behind them."""

_GIVES_WAY = ("kind", "CPUs")
"""What is left out first where long names have no room."""

_STATE = range(22, 28)
"""How wide the last column is, at least and at most."""

_SHORTEST_NAME = 12

_HELP = "s sort  / filter  p pause  ↑↓ scroll  q quit"


@click.command("top")
@click.argument("segment", required=False)
@click.option(
    "--interval",
    type=INTERVAL,
    default=1.0,
    show_default=True,
    metavar="S",
    help="How often to look, in seconds.",
)
@click.option("--once", is_flag=True, help="Print one table, with the rates of one interval, and end.")
@group_option
def top(segment: str | None, interval: float, once: bool, group: str | None) -> None:
    """Watch a segment: totals, rates, quantiles, who holds what.

    SEGMENT may be left out if there is one, or one that a process has open. `total` is what was counted, observed or
    written (bytes, or records of one layout), `per s` how much of that came each second; the bars are each CPU's part
    of it, at the right the spare lane's. Histograms have p50, p90 and p99, of the last interval and of all. When a
    program begins the segment anew, the new one is watched. In a pipe it prints one table.
    """
    watch = Watch(chosen(segment, group))
    watch.look(time.monotonic())
    console = terminal()
    if once or console is None:
        time.sleep(interval)
        watch.look(time.monotonic())
        click.echo("\n".join(_plain(watch)))
        return
    try:
        with keyboard() as keys:
            _live(watch, console, keys, interval)
    except KeyboardInterrupt:
        pass


def _plain(watch: Watch) -> Iterator[str]:
    yield f"{label(watch.place)}: {watch.heading()}"
    rows = [part for row in watch.rows for part in _parts(cells(row, watch.bar(row)))]
    yield from plain_lines(COLUMNS, rows, (2, 3))


def _parts(row: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """A row, and what its last column has in a second line."""
    *others, state = row
    first, *more = state.split("\n")
    yield (*others, first)
    for line in more:
        yield (*([""] * len(others)), line)


def _live(watch: Watch, console: Console, keys: Keyboard, interval: float) -> None:
    from rich.live import Live

    view, due = View(), time.monotonic() + interval
    with Live(console=console, screen=True, auto_refresh=False) as live:
        while not view.is_done:
            live.update(drawn(watch, view, *console.size), refresh=True)
            for key in keys.wait(due - time.monotonic()):
                view.press(key, max(console.height - _ABOVE_AND_BELOW - 1, 1))
            if (now := time.monotonic()) >= due:
                due = now + interval
                if not view.is_paused:
                    watch.look(now)


def drawn(watch: Watch, view: View, width: int, height: int) -> RenderableType:
    """The whole screen, of so many columns and lines."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    rows = ordered(watch.rows, view.sort, view.wanted)
    view.first = min(view.first, max(len(rows) - 1, 0))
    titles, longest = _fitting(rows, width)
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="bold reverse")
    for title in titles:
        table.add_column(
            title,
            justify="right" if title in ("total", "per s") else "left",
            ratio=1 if title == "state" else None,
            max_width=longest if title == "name" else None,
            min_width=BAR_WIDTH if title == "CPUs" else None,
            no_wrap=True,
            overflow="ellipsis",
        )
    for row in _visible(rows[view.first :], height - _ABOVE_AND_BELOW):
        named = dict(zip(COLUMNS, cells(row, watch.bar(row)), strict=True))
        named["name"] = shortened(named["name"], longest)
        table.add_row(*(Text(named[title], style=_style(row)) for title in titles))
    heading = Text(f"{label(watch.place)}: {watch.heading()}", style="bold", no_wrap=True, overflow="ellipsis")
    return Group(heading, table, Text(_footer(view, len(rows)), style="dim", no_wrap=True, overflow="ellipsis"))


def _fitting(rows: list[Row], width: int) -> tuple[list[str], int]:
    """The columns for so wide a screen, and how long a name may be."""
    states = max((len(line) for row in rows for line in row.state.split("\n")), default=0)
    wanted = max((len(row.reading.name) for row in rows), default=0)
    titles = list(COLUMNS)
    left = width - min(max(states, _STATE.start), _STATE.stop) - 1 - sum(_WIDTHS.values())
    for title in _GIVES_WAY:
        if wanted > left - 1:
            titles.remove(title)
            left += _WIDTHS[title]
    return titles, max(left - 1, _SHORTEST_NAME)


def shortened(name: str, length: int) -> str:
    """A name without its middle, if it is longer: its labels, at the end, tell it from others."""
    if len(name) <= length:
        return name
    end = (length - 1) // 2
    return f"{name[: length - 1 - end]}…{name[len(name) - end :]}"


def _visible(rows: list[Row], lines: int) -> Iterator[Row]:
    """As many of the first rows as there is room for."""
    for row in rows:
        lines -= row.height
        if lines < 0:
            return
        yield row


def _style(row: Row) -> str:
    return "red" if row.reading.problem else ""


def _footer(view: View, count: int) -> str:
    if view.is_typing:
        return f"/{view.wanted}▏ Enter keeps it, Esc shows all"
    filtered = f"  filter: {view.wanted}" if view.wanted else ""
    where = f"by {view.sort}, {view.first + 1 if count else 0} of {count}"
    return f"{'PAUSED  ' if view.is_paused else ''}{_HELP}  {where}{filtered}"
