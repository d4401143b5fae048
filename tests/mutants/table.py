"""The table of docs/checker.md: of each structure's mutants, how many each check catches, and what is left."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .listed import Entry
from .plan import Row
from .trial import CHECKS, TESTS

__all__ = ["PAGE", "Counts", "counted", "joined", "parsed", "read", "rewritten", "table"]

PAGE = TESTS.parent / "docs" / "checker.md"

_BEGIN, _END = "<!-- mutants: written by `make mutants ARGS=--write` -->", "<!-- /mutants -->"

COLUMNS = (*CHECKS, "time-out", "equivalent", "unseen")

NOT_TRIED = "not tried"
"""One more column, of a run that is not complete."""


@dataclass(frozen=True)
class Counts:
    """A row: how many were made, and what came of them, by column."""

    name: str
    made: int
    came: Mapping[str, int]

    @property
    def unseen_share(self) -> float:
        """Of those that were made, which part nothing has caught, though it is wrong."""
        return self.came["unseen"] / self.made if self.made else 0.0


def counted(rows: Iterable[Row], caught: Mapping[str, str | None], entries: Mapping[str, Entry]) -> list[Counts]:
    """The rows, and their sum."""
    found = []
    for row in rows:
        verdicts = [_column(mutant.name, caught, entries) for mutant in row.mutants]
        title = ", ".join(f"`{name}`" for name in row.structures) or f"`{row.name}`"
        found.append(Counts(title, len(verdicts), {column: verdicts.count(column) for column in (*COLUMNS, NOT_TRIED)}))
    return [*found, _sum_of(found)]


def _sum_of(rows: list[Counts]) -> Counts:
    total = {column: sum(one.came[column] for one in rows) for column in (*COLUMNS, NOT_TRIED)}
    return Counts("all", sum(one.made for one in rows), total)


def parsed(text: str) -> list[Counts]:
    """The rows of a table, and their sum."""
    head, _, *lines = [
        [cell.strip() for cell in line.strip("| \n").split("|")] for line in text.splitlines() if "|" in line
    ]
    came = [dict(zip(head[2:], map(int, cells[2:]), strict=True)) for cells in lines]
    return [Counts(cells[0], int(cells[1]), {NOT_TRIED: 0, **one}) for cells, one in zip(lines, came, strict=True)]


def joined(known: Iterable[Counts], new: Iterable[Counts]) -> list[Counts]:
    """The rows of a table with some new ones, in the place of those of the same name or behind them, and their sum."""
    rows = {one.name: one for one in (*known, *new) if one.name != "all"}
    return [*rows.values(), _sum_of(list(rows.values()))]


def _column(name: str, caught: Mapping[str, str | None], entries: Mapping[str, Entry]) -> str:
    if name not in caught:
        return NOT_TRIED
    if check := caught[name]:
        return check
    return entries[name].kind if name in entries else "unseen"


def table(counts: Iterable[Counts]) -> str:
    """The table, in Markdown."""
    counts = list(counts)
    columns = (*COLUMNS, NOT_TRIED) if any(one.came[NOT_TRIED] for one in counts) else COLUMNS
    head = ["mutants of", "made", *columns]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    lines += [[one.name, str(one.made), *(str(one.came[column]) for column in columns)] for one in counts]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def rewritten(page: str, new: str) -> str:
    """A page with another table between the marks. Raises: ValueError - it has none."""
    between = re.compile(f"(?<={re.escape(_BEGIN)}\n).*?(?={re.escape(_END)})", re.DOTALL)
    if len(between.findall(page)) != 1:
        raise ValueError(f"expected one place for the table, between {_BEGIN} and {_END}")
    return between.sub(lambda _: new, page)


def read(path: Path = PAGE) -> str:
    """The table that the page has."""
    text = path.read_text(encoding="utf-8")
    return text.partition(_BEGIN + "\n")[2].partition(_END)[0]
