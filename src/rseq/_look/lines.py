"""What a structure says, in one line."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from rseq._look.buckets import buckets_of
from rseq._look.saying import count_of, number, plain, short, short_seconds
from rseq._look.structures import QUANTILES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rseq._look.reading import Reading

_FEW = 8
"""How many numbers of an array are in a line."""


def line_of(reading: Reading) -> str:
    """What it says, or why it says nothing."""
    if reading.problem:
        return plain(reading.problem)
    return _LINES[reading.kind](reading)


def _number(reading: Reading) -> str:
    return number(reading.value["value"])


def _array(reading: Reading) -> str:
    shape = reading.args["shape"]
    numbers = few(flat(reading.value["values"]), shape)
    return f"{' × '.join(map(str, shape)) or 'one'}, sum {number(reading.value['sum'])}: {numbers}"


def flat(values: Any) -> Iterable[Any]:
    """The numbers of nested lists."""
    return chain.from_iterable(map(flat, values)) if isinstance(values, list) else (values,)


def few(numbers: Iterable[Any], shape: Iterable[int]) -> str:
    """The first of many numbers."""
    first = [*islice(numbers, _FEW + 1)]
    return " ".join(map(number, first[:_FEW])) + (" …" if len(first) > _FEW else "")


def _keyed(reading: Reading) -> str:
    value = reading.value
    counts, overflow = value["counts"], value["overflow"]
    said = f"{value['total']:,} in {len(counts):,} of {value['capacity']:,} keys"
    said += f", {overflow:,} in overflow" if overflow else ""
    return f"{said}: {most_of(counts)}" if counts else said


def most_of(counts: list[Any], few: int = 3) -> str:
    """The keys with the largest counts."""
    ordered = sorted(counts, key=lambda pair: pair[1], reverse=True)
    shown = ", ".join(f"{key_name(key)} {count:,}" for key, count in ordered[:few])
    return shown + (" …" if len(counts) > few else "")


def key_name(key: str) -> str:
    """A key, as Python writes it; not all of a long one."""
    text = plain(key)
    return text if len(text) <= _LONGEST_KEY else f"{text[: _LONGEST_KEY - 1]}…"


_LONGEST_KEY = 40


def measure_of(reading: Reading) -> Callable[[float | None], str]:
    """How what it has observed is written: as seconds if its name says that it is."""
    name = reading.args.get("family", reading.name)
    return short_seconds if str(name).endswith("_seconds") else short


def _histogram(reading: Reading) -> str:
    value = reading.value
    nans = f", {count_of(value['nans'], 'NaN', 'NaNs')}" if value["nans"] else ""
    return _observed(reading, value["count"], [*value["quantiles"].values()]) + nans


def _observed(reading: Reading, count: float, quantiles: Iterable[float | None]) -> str:
    if not count:
        return "nothing observed"
    measure = measure_of(reading)
    known = (f", p{100 * q:g} {measure(found)}" for q, found in zip(QUANTILES, quantiles, strict=False))
    return f"{number(count)} observed, mean {measure(reading.value['sum'] / count)}{''.join(known)}"


def _ring(reading: Reading) -> str:
    value = reading.value
    cpus = sum(map(bool, value["by_cpu"]))
    where = f" on {count_of(cpus, 'CPU', 'CPUs')}" if cpus else ""
    unit = str(value["of"])
    waiting = f"{count_of(value['filled'], unit.removesuffix('s'), unit)} {'waits' if value['filled'] == 1 else 'wait'}"
    return f"{waiting}{where}, {value['capacity']:,} fit on each, {value['mode']}, {value['lost']:,} lost"


def _stack(reading: Reading) -> str:
    value = reading.value
    return f"{count_of(value['items'], 'item', 'items')}, {value['capacity']:,} fit on each CPU"


def _collector(reading: Reading) -> str:
    value = reading.value
    refused = f", {value['refused']:,} refused" if value["refused"] else ""
    return f"{count_of(value['numbers'], 'number', 'numbers')}, {value['capacity']:,} fit on each CPU{refused}"


def _bucket(reading: Reading) -> str:
    value = reading.value
    return f"{value['available']:,} of {value['burst']:,} left, {number(value['rate'])} a second"


def _pool(reading: Reading) -> str:
    value = reading.value
    held = ", ".join(f"{count:,} by {owner_name(owner)}" for owner, count in value["held_by"].items())
    return f"{value['free']:,} of {value['count']:,} free" + (f"; held: {held}" if held else "")


def owner_name(owner: int) -> str:
    """Who holds items of a pool."""
    return f"process {owner}" if owner else "owner 0"


def _lock(reading: Reading) -> str:
    holders = reading.value["holders"]
    return "; ".join(f"CPU {cpu}: {plain(holder)}" for cpu, holder in holders.items()) or "free"


def _rcu(reading: Reading) -> str:
    readers = reading.value["readers"]
    return count_of(readers, "reader", "readers") if readers >= 0 else f"miscounted: {readers} readers"


def _records(reading: Reading) -> str:
    value = reading.value
    name, count = plain(value["record"]), len(value["per_cpu"][0])
    what = name if not value["shape"] else f"{' × '.join(map(str, value['shape']))} {name}"
    if count > 1:
        return f"{what} for each CPU"
    totals = totals_of([rows[0] for rows in value["per_cpu"]])
    return f"{what}: {', '.join(f'{plain(field)} {cell(total)}' for field, total in totals.items())}"


def totals_of(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Each field, added up over records."""
    return {field: _added([row[field] for row in rows]) for field in rows[0]}


def _added(values: list[Any]) -> Any:
    return [sum(column) for column in zip(*values, strict=True)] if isinstance(values[0], list) else sum(values)


def cell(value: Any) -> str:
    """A field of a record."""
    if isinstance(value, list):
        return f"[{few(value, ())}]"
    return number(value)


def _rows(reading: Reading) -> str:
    value = reading.value
    return f"{count_of(len(value['rows']), 'row', 'rows')} of {plain(value['record'])}"


def _series(reading: Reading) -> str:
    value = reading.value
    if "removed" in value:
        return "removed"
    if "zeros" in value:
        return f"sum {short(value['sum'])}, {number(value['zeros'])} zeros; the others are in windows"
    if "sum" not in value:
        return number(value["total"])
    found = buckets_of(reading)
    return _observed(reading, value["total"], found.quantiles().values() if found else ())


def _said(reading: Reading) -> str:
    value = reading.value
    if "by_process" in value:
        return ", ".join(f"process {pid}: {number(one)}" for pid, one in value["by_process"].items())
    if "removed" in value:
        return "nothing"
    said = value["value"]
    return number(said) if isinstance(said, float) else plain(str(said))


_LINES: dict[str, Callable[[Reading], str]] = {
    **dict.fromkeys(("Counter", "FloatCounter", "Max", "Min"), _number),
    "CounterArray": _array,
    "KeyedCounter": _keyed,
    "Histogram": _histogram,
    "RingBuffer": _ring,
    "Stack": _stack,
    "Collector": _collector,
    "TokenBucket": _bucket,
    "Pool": _pool,
    "SpinLock": _lock,
    "RCU": _rcu,
    "percpu": _records,
    "array": _rows,
    "Series": _series,
    **dict.fromkeys(("Gauge", "Enum", "Info"), _said),
}
