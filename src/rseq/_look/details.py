"""All that is known of a structure, as tables: for those that are asked for by name."""

from __future__ import annotations

from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any

import click

from rseq._look.buckets import buckets_of
from rseq._look.lines import cell, flat, key_name, line_of, owner_name, totals_of
from rseq._look.metrics import Gauge
from rseq._look.saying import number, plain, put_table
from rseq._percpu.shared.layout import SegmentError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from rseq._look.reading import Reading

_MOST_ROWS = 100

_MOST_BUCKETS = 40
"""How many rows a histogram has: what is observed is in these, all of it."""


def details(reading: Reading) -> None:
    """Print what is known of it beside its line."""
    if reading.problem:
        return
    made_of = ", ".join(f"{name}={_given(value)}" for name, value in reading.args.items() if name != "fields")
    click.echo(f"\n{reading.kind}({made_of}) named {reading.name!r}")
    columns, rows = _TABLES.get(reading.kind, _by_cpu)(reading)
    shown = [*islice(rows, _MOST_ROWS + 1)]
    if not shown:
        columns, shown = _one(reading)
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
    return ("CPU", _counted(reading)), [(cpu_name(cpu, numbers), number(one)) for cpu, one in enumerate(numbers)]


def _counted(reading: Reading) -> str:
    """What there is on each CPU, in a word."""
    if reading.kind == "RingBuffer":
        return f"{reading.value['of']} that wait"
    return _COUNTED.get(reading.kind, "value")


_COUNTED = {"Stack": "items", "Collector": "numbers", "TokenBucket": "tokens", "Series": "total"}


def cpu_name(cpu: int, lanes: Sequence[object]) -> str:
    """What people call a lane."""
    return "spare" if cpu == len(lanes) - 1 else str(cpu)


def _array(reading: Reading) -> _Table:
    return ("element", "sum"), ((str(at), number(one)) for at, one in enumerate(flat(reading.value["values"])))


def _keyed(reading: Reading) -> _Table:
    ordered = sorted(reading.value["counts"], key=lambda pair: pair[1], reverse=True)
    return ("key", "count"), ((key_name(key), f"{count:,}") for key, count in ordered)


def _histogram(reading: Reading) -> _Table:
    found = buckets_of(reading)
    if found is None:
        return _by_cpu(reading)
    ends = [*(f"{bound:.6g}" for bound in found.bounds), "above"]
    below, total = 0, max(sum(found.counts), 1)
    rows = []
    for end, count in _joined(ends, found.counts):
        below += count
        rows.append((end, f"{count:,}", f"{100 * below / total:.2f}"))
    return ("up to", "count", "% so far"), rows


def _joined(ends: list[str], counts: list[int]) -> list[tuple[str, int]]:
    """Buckets that are not empty; if they are too many, as many neighbours in one as it takes. It is said."""
    used = [at for at, count in enumerate(counts) if count]
    if len(used) <= _MOST_BUCKETS:
        return [(ends[at], counts[at]) for at in used]
    first, above = used[0], len(counts) - 1
    together = -(-(used[-1] + 1 - first) // _MOST_BUCKETS)
    click.echo(f"{together} neighbouring buckets in each row; --json has each of them")
    starts = [*range(first, above, together), above]  # what is above all bounds stays apart
    joined = [(ends[end - 1], sum(counts[start:end])) for start, end in pairwise([*starts, above + 1])]
    return [(end, count) for end, count in joined if count]


def _gauge(reading: Reading) -> _Table:
    """What each process says."""
    structure = reading.structure
    assert isinstance(structure, Gauge), "it was read"
    said = structure.by_process()
    rows = [(str(pid), number(value), "" if is_alive else "has ended") for pid, value, is_alive in said]
    return ("process", "value", ""), rows


def _one(reading: Reading) -> tuple[Sequence[str], list[Sequence[str]]]:
    """What is in its line, where no table says more."""
    return ("value",), [(line_of(reading),)]


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
    "Series": _histogram,
    "Gauge": _gauge,
    "Enum": _one,
    "Info": _one,
    "Pool": _pool,
    "percpu": _records,
    "array": _rows,
}
