"""Numbers, names and tables as people read them: in columns, without control characters of whoever wrote the names."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from rseq._terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_LETTERS = ("n", "µ", "m", "", "k", "M", "G", "T", "P", "E")
_EXACT = 1e15
"""Whole numbers below are what they seem, also as floats."""

_ONE = 3
"""Which of them stands for 1."""


def plain(text: str) -> str:
    """`text` with escapes in place of what is no printable letter: a name may hold anything."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def number(value: Any) -> str:
    """A number, or None."""
    if value is None:
        return "none yet"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def short(value: float | None) -> str:
    """A number in at most six columns: 999, 12.3k, 4.56M, 0.123, 4.5m."""
    if value is None:
        return "-"
    if not math.isfinite(value) or value == 0 or 0.1 <= abs(value) < 999.5:
        return f"{value:.3g}"
    power = min(max(math.floor(math.log10(abs(value) * 1.0005) / 3), -_ONE), len(_LETTERS) - _ONE - 1)
    return f"{value / 1000**power:.3g}{_LETTERS[power + _ONE]}"


def short_seconds(value: float | None) -> str:
    """A number of seconds in their best unit: 12.3 s, 346 ms, 3.46 µs."""
    if value is None or not math.isfinite(value) or value == 0:
        return short(value)
    if abs(value) >= 999.5:
        return f"{value:,.0f} s"
    scale, unit = next((one for one in _SECONDS if abs(value) >= 0.9995 * one[0]), _SECONDS[-1])
    return f"{value / scale:.3g} {unit}"


_SECONDS = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def mebibytes(nbytes: int) -> str:
    """A size."""
    return f"{nbytes / (1 << 20):.2f}"


def age(seconds: float) -> str:
    """How long ago that was, in its largest unit."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def count_of(number: int, one: str, many: str) -> str:
    """A number of things."""
    return f"{number:,} {one if number == 1 else many}"


def json_ready(value: Any) -> Any:
    """The same as JSON has it, which knows no infinities: these, and NaN, are texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(name): json_ready(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [json_ready(one) for one in value]
    return value


def put_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = ()) -> None:
    """Print a table: with lines on a terminal, else in plain columns. Those in `right` hold numbers."""
    rows, numbers = list(rows), frozenset(right)
    console = terminal()
    if console is None:
        click.echo("\n".join(plain_lines(columns, rows, numbers)))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for at, title in enumerate(columns):
        table.add_column(title, justify="right" if at in numbers else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # not markup, whatever a name says
    console.print(table)


def plain_lines(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """A table as lines, of which each is one row."""
    numbers = frozenset(right)
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    return [_line(row, widths, numbers) for row in (columns, *rows)]


def _line(row: Sequence[str], widths: Sequence[int], numbers: frozenset[int]) -> str:
    cells = (
        cell.rjust(width) if at in numbers else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join(cells).rstrip()
