"""All that is known of a structure, as tables: for those that are asked for by name."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from rseq._look.lines import cell, flat, key_name, owner_name, totals_of
from rseq._look.saying import number, plain, put_table
from rseq._percpu.shared.layout import SegmentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rseq._look.reading import Reading

_MOST_ROWS = 100


def details(reading: Reading) -> None:
    """Print what is known of it beside its line."""
    if reading.problem:
        return
    made_of = ", ".join(f"{name}={_given(value)}" for name, value in reading.args.items() if name != "fields")
    click.echo(f"\n{reading.kind}({made_of}) named {reading.name!r}")
    columns, rows = _TABLES.get(reading.kind, _by_cpu)(reading)
    shown = [*islice(rows, _MOST_ROWS + 1)]
    if shown:
        put_table(columns, shown[:_MOST_ROWS], right=range(len(columns)))
    if len(shown) > _MOST_ROWS:
        click.echo("… and more: --json has all")


def _given(value: Any) -> str:
    text = plain(repr(value))
    return text if len(text) <= 60 else f"{text[:57]}…"


_Table = tuple["Sequence[str]", "Iterable[Sequence[str]]"]


def _by_cpu(reading: Reading) -> _Table:
    """What each CPU has."""
    structure = reading.structure
    assert structure is not None, "there is a value"
    try:
        numbers = structure.per_cpu()
    except (SegmentError, MemoryError):
        numbers = []
    return ("CPU", reading.kind), [(cpu_name(cpu, numbers), number(one)) for cpu, one in enumerate(numbers)]


def cpu_name(cpu: int, lanes: Sequence[object]) -> str:
    """What people call a lane."""
    return "spare" if cpu == len(lanes) - 1 else str(cpu)


def _array(reading: Reading) -> _Table:
    return ("element", "sum"), ((str(at), number(one)) for at, one in enumerate(flat(reading.value["values"])))


def _keyed(reading: Reading) -> _Table:
    ordered = sorted(reading.value["counts"], key=lambda pair: pair[1], reverse=True)
    return ("key", "count"), ((key_name(key), f"{count:,}") for key, count in ordered)


def _histogram(reading: Reading) -> _Table:
    value = reading.value
    bounds = [*(f"{bound:.6g}" for bound in value["bounds"]), "above"]
    below, total = 0, max(value["count"], 1)
    rows = []
    for bound, count in zip(bounds, value["counts"], strict=True):
        below += count
        if count:
            rows.append((bound, f"{count:,}", f"{100 * below / total:.2f}"))
    return ("up to", "count", "% so far"), rows


def _pool(reading: Reading) -> _Table:
    held = reading.value["held_by"].items()
    return ("owner", "items"), [(owner_name(owner), f"{count:,}") for owner, count in held]


def _records(reading: Reading) -> _Table:
    per_cpu = reading.value["per_cpu"]
    if len(per_cpu[0]) > 1:
        return ("CPU", "row", *_columns(reading)), _all_rows(per_cpu)
    rows = [(cpu_name(cpu, per_cpu), *map(cell, rows[0].values())) for cpu, rows in enumerate(per_cpu)]
    totals = ("sum", *map(cell, totals_of([rows[0] for rows in per_cpu]).values()))
    return ("CPU", *_columns(reading)), [*rows, totals]


def _all_rows(per_cpu: list[list[dict[str, Any]]]) -> Iterator[Sequence[str]]:
    for cpu, rows in enumerate(per_cpu):
        for at, row in enumerate(rows):
            yield cpu_name(cpu, per_cpu), str(at), *map(cell, row.values())


def _columns(reading: Reading) -> list[str]:
    return [plain(str(field)) for field in reading.value["fields"]]


def _rows(reading: Reading) -> _Table:
    rows = reading.value["rows"]
    return ("row", *_columns(reading)), ((str(at), *map(cell, row.values())) for at, row in enumerate(rows))


_TABLES: dict[str, Callable[[Reading], _Table]] = {
    "CounterArray": _array,
    "KeyedCounter": _keyed,
    "Histogram": _histogram,
    "Pool": _pool,
    "percpu": _records,
    "array": _rows,
}
