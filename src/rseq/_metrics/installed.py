"""Puts metrics into a segment, once in a process, and moves there what has been counted before."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import REGISTRY

from rseq._forks import TOOLS, in_each_child
from rseq._metrics import client
from rseq._metrics.store import installed, store_of
from rseq._quick import RLock

if TYPE_CHECKING:
    from rseq._percpu.shared.segment import Segment

_turn = [RLock()]


def install_into(segment: Segment) -> Segment:
    """Have the metrics live in `segment`. Returns it.

    Raises: RuntimeError - they live in another one. MemoryError - no room.
    Threads: any.
    """
    with _turn[0]:
        before = installed()
        if before is not None:
            known = before.segment
            if known != segment:
                raise RuntimeError(f"the metrics of this process are in {known!r}, and stay there; got {segment!r}")
            return known
        metrics = list(_metrics())
        client.put_in_place(store_of(segment))
        for metric in metrics:
            _move(metric)
        client.show_others(client.store())
    return segment


def _metrics() -> Iterator[Any]:
    """The metrics that there are, whatever registry they are in, without those of single labels."""
    for thing in gc.get_objects():
        if issubclass(type(thing), MetricWrapperBase) and not thing._labelvalues and thing._type in client._TYPES:
            yield thing


def _move(metric: Any) -> None:
    """Have a metric's numbers be in the segment, together with those of other processes."""
    client.announce(metric, is_registered=metric in REGISTRY._collector_to_names)
    children = [metric] if metric._is_observable() else list(metric._metrics.values())
    for child in children:
        before = dict(vars(child))
        child._metric_init()
        _MOVE[metric._type](child, before)


def _move_numbers(child: Any, before: dict[str, Any]) -> None:
    for name in ("_value", "_sum", "_count"):
        if name in before:
            _add(getattr(child, name), before[name])
    for new, old in zip(vars(child).get("_buckets", ()), before.get("_buckets", ()), strict=True):
        _add(new, old)


def _add(new: Any, old: Any) -> None:
    new.inc(old.get())
    exemplar = old.get_exemplar()
    if exemplar is not None:
        new.set_exemplar(exemplar)


def _move_gauge(child: Any, before: dict[str, Any]) -> None:
    if "_child_samples" in before:
        client.leave_to_function(child)
    else:
        child._value.set(before["_value"].get())


def _move_info(child: Any, before: dict[str, Any]) -> None:
    if before["_value"]:
        child.info(before["_value"])


def _move_enum(child: Any, before: dict[str, Any]) -> None:
    client.share_enum(child)
    if before["_value"]:
        child.state(child._states[before["_value"]])


_MOVE = {
    "counter": _move_numbers,
    "summary": _move_numbers,
    "histogram": _move_numbers,
    "gauge": _move_gauge,
    "info": _move_info,
    "stateset": _move_enum,
}


def _start_anew() -> None:
    _turn[0] = RLock()


in_each_child(_start_anew, TOOLS)
