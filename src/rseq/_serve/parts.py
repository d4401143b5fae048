"""What each kind of structure says to Prometheus: families with a type, and their samples, from what it says anyway."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, product
from typing import TYPE_CHECKING, Any, NamedTuple

from prometheus_client import utils

if TYPE_CHECKING:
    from rseq._look.reading import Reading

_written: Callable[[float], str] = utils.floatToGoString

MOST_ELEMENTS = 1000
"""An array with more elements is exposed as their sum."""

MOST_BUCKETS = 100
"""A histogram with more bounds is exposed with this many of them: what is counted up to each stays exact."""


class Said(NamedTuple):
    """A sample: what stands behind the family's name, its own labels, its value."""

    suffix: str
    labels: dict[str, str]
    value: float


class Part(NamedTuple):
    """A family of a structure: what stands behind the structure's name, its type, what it is, and its samples."""

    suffix: str
    type: str
    meaning: str
    samples: list[Said]


def parts_of(reading: Reading, *, is_gauge: bool = False) -> list[Part]:
    """The families of a structure that could be read; none, if Prometheus has no use for what it says.

    `is_gauge`: what it counts goes down as well as up, so for Prometheus it is no counter.
    """
    found = _PARTS.get(reading.kind)
    parts = list(found(reading)) if found is not None else []
    return [_as_gauge(part) for part in parts] if is_gauge and reading.kind in COUNTING else parts


COUNTING = ("Counter", "FloatCounter", "CounterArray")
"""Kinds that are counters for Prometheus, unless they go down."""


def has_gone_down(reading: Reading) -> bool:
    """Whether a structure that counts is below 0, which no counter of Prometheus is."""
    if reading.kind not in COUNTING:
        return False
    value = reading.value
    return any(one < 0 for one in ([value["value"]] if "value" in value else _elements(reading)))


def _as_gauge(part: Part) -> Part:
    return part._replace(type="gauge", samples=[one._replace(suffix="") for one in part.samples])


def _one(suffix: str, type: str, meaning: str, value: float) -> Part:
    return Part(suffix, type, meaning, [Said("_total" if type == "counter" else "", {}, value)])


def _counter(reading: Reading) -> Iterator[Part]:
    yield _one("", "counter", "", reading.value["value"])


def _array(reading: Reading) -> Iterator[Part]:
    flat = _elements(reading)
    if len(flat) > MOST_ELEMENTS:
        yield _one("", "counter", f"the sum of {len(flat):,} elements", reading.value["sum"])
        return
    places = [",".join(map(str, place)) for place in product(*map(range, reading.args["shape"]))]
    samples = [Said("_total", {"index": place} if place else {}, one) for place, one in zip(places, flat, strict=True)]
    yield Part("", "counter", "", samples)


def _elements(reading: Reading) -> list[Any]:
    return flattened(reading.value["values"], len(reading.args["shape"]))


def _keyed(reading: Reading) -> Iterator[Part]:
    value = reading.value
    counts = zip(labels_of([key for key, _ in value["counts"]]), value["counts"], strict=True)
    yield Part("", "counter", "by key", [Said("_total", {"key": label}, count) for label, (_, count) in counts])
    yield _one("_overflow", "counter", "what came with keys for which there was no room", value["overflow"])


def labels_of(keys: Sequence[str]) -> list[str]:
    """Labels for keys, which come as Python writes them: texts as they are, and whatever else as Python writes it.

    Of two that would be the same, the later one gets quotes. No key ever comes before others, so labels stay.
    """
    taken: dict[str, None] = {}
    for key in keys:
        label = literal_eval(key) if key.startswith(("'", '"')) else key
        while label in taken:
            label = repr(label)
        taken[label] = None
    return list(taken)


def flattened(values: Any, depth: int) -> list[Any]:
    """The numbers of lists that are nested so deep."""
    if not depth:
        return [values]
    for _ in range(depth - 1):
        values = [one for part in values for one in part]
    return list(values)


def _extreme(reading: Reading) -> Iterator[Part]:
    value = reading.value["value"]
    yield Part("", "gauge", "", [] if value is None else [Said("", {}, value)])


def _histogram(reading: Reading) -> Iterator[Part]:
    value = reading.value
    bounds, below = value["bounds"], [*accumulate(value["counts"])]
    samples = [Said("_bucket", {"le": _written(bounds[at])}, below[at]) for at in kept(len(bounds))]
    samples.append(Said("_bucket", {"le": "+Inf"}, below[-1]))
    if bounds[0] >= 0:  # else OpenMetrics has neither
        samples += [Said("_count", {}, below[-1]), Said("_sum", {}, value["sum"])]
    yield Part("", "histogram", "", samples)
    if value["nans"]:
        yield _one("_nans", "counter", "observations that were NaN, which are in no bucket", value["nans"])


def kept(length: int) -> range:
    """Which of so many bounds are exposed: evenly many, the last one among them."""
    step = -(-length // MOST_BUCKETS)
    return range((length - 1) % step, length, step)


def _ring(reading: Reading) -> Iterator[Part]:
    value, unit = reading.value, reading.value["of"]
    yield _one(f"_written_{unit}", "counter", f"{unit} written", value["written"])
    yield _one("_lost_events", "counter", "events for which there was no room, or that were overwritten", value["lost"])
    yield _one(f"_waiting_{unit}", "gauge", f"{unit} that wait to be read", value["filled"])
    yield _one(f"_capacity_{unit}", "gauge", f"{unit} that fit on each CPU", value["capacity"])


def _collector(reading: Reading) -> Iterator[Part]:
    yield _one("_numbers", "counter", "numbers that were appended", reading.value["numbers"])
    yield _one("_refused", "counter", "numbers for which there was no room", reading.value["refused"])


def _stack(reading: Reading) -> Iterator[Part]:
    yield _one("_items", "gauge", "items on all CPUs", reading.value["items"])
    yield _one("_capacity_items", "gauge", "items that fit on each CPU", reading.value["capacity"])


def _bucket(reading: Reading) -> Iterator[Part]:
    value = reading.value
    yield _one("_available_tokens", "gauge", "tokens that are left", value["available"])
    yield _one("_burst_tokens", "gauge", "tokens that wait at most", value["burst"])
    yield _one("_tokens_per_second", "gauge", "tokens that come in in a second", value["rate"])


def _pool(reading: Reading) -> Iterator[Part]:
    value = reading.value
    yield _one("_free_items", "gauge", "items that nobody holds", value["free"])
    yield _one("_capacity_items", "gauge", "items that there are", value["count"])
    held = [Said("", {"owner": str(owner)}, count) for owner, count in value["held_by"].items()]
    yield Part("_held_items", "gauge", "items that are held, by owner: a process, or 0", held)


def _lock(reading: Reading) -> Iterator[Part]:
    yield _one("_held", "gauge", "CPUs on which it is held", len(reading.value["holders"]))


def _rcu(reading: Reading) -> Iterator[Part]:
    yield _one("_readers", "gauge", "readers inside of a read section", reading.value["readers"])


def _records(reading: Reading) -> Iterator[Part]:
    """Each field that is a number, added up over the lanes. What it means, only its program knows."""
    per_cpu: Sequence[list[dict[str, Any]]] = reading.value["per_cpu"]
    if len(per_cpu[0]) != 1:
        return
    rows = [rows[0] for rows in per_cpu]
    for field, first in rows[0].items():
        if isinstance(first, int | float):
            yield _one(f"_{field}", "unknown", f"field {field}, added up", sum(row[field] for row in rows))


_PARTS: dict[str, Callable[[Reading], Iterator[Part]]] = {
    "Counter": _counter,
    "FloatCounter": _counter,
    "CounterArray": _array,
    "KeyedCounter": _keyed,
    "Max": _extreme,
    "Min": _extreme,
    "Histogram": _histogram,
    "RingBuffer": _ring,
    "Collector": _collector,
    "Stack": _stack,
    "TokenBucket": _bucket,
    "Pool": _pool,
    "SpinLock": _lock,
    "RCU": _rcu,
    "percpu": _records,
}
