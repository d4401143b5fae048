"""What takes the place of parts of prometheus_client: methods of its classes, so that names imported before mean them.

Each `_metric_init` gives a metric, or one set of labels of it, its numbers; here, in the segment. `collect` is about
the whole service. The rest of prometheus_client is as it was.
"""

from __future__ import annotations

import functools
import inspect
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from typing import Any

from prometheus_client import gc_collector, metrics, multiprocess, process_collector, values
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import REGISTRY
from prometheus_client.samples import Sample

from rseq._metrics import families, states
from rseq._metrics.reading import About
from rseq._metrics.series import Series
from rseq._metrics.store import Store, install, installed

_NO_LOCK = nullcontext()
_BASE = metrics.MetricWrapperBase


def store() -> Store:
    """Where the metrics of this process are."""
    found = installed()
    assert found is not None, "it is asked for by what is in place"
    return found


def labels_of(metric: Any) -> dict[str, str]:
    """The labels of a metric that has numbers."""
    return dict(zip(metric._labelnames, metric._labelvalues, strict=True))


# ---- making


def announce(metric: Any, *, is_registered: bool) -> None:
    """Say that there is this family."""
    about = About(metric._type, metric._name, metric._documentation, metric._unit, is_registered)
    store().announce(about)


def _announcing(begin: Callable[..., None]) -> Callable[..., None]:
    """`MetricWrapperBase.__init__`, which also says that there is a family."""
    given = inspect.signature(begin)

    def begin_and_announce(self: Any, *args: Any, **keywords: Any) -> None:
        begin(self, *args, **keywords)
        if not self._labelvalues and self._type in _TYPES:
            bound = given.bind(self, *args, **keywords)
            bound.apply_defaults()
            announce(self, is_registered=bound.arguments["registry"] is REGISTRY)

    return begin_and_announce


_TYPES = ("counter", "gauge", "histogram", "summary", "info", "stateset")


def _series(metric: Any, bounds: list[str] | tuple[()] = ()) -> Series:
    made = Series(store().segment, metric._type, metric._name, labels_of(metric), bounds)
    metric._created = made.created
    return made


def _begin_counter(self: Any) -> None:
    (self._value,) = _series(self).values


def _begin_summary(self: Any) -> None:
    self._count, self._sum = _series(self).values


def _begin_histogram(self: Any) -> None:
    self._sum, *self._buckets = _series(self, families.bounds_of(self)).values


def _begin_gauge(self: Any) -> None:
    self._value = store().gauge(self._name, labels_of(self), self._multiprocess_mode)


def _begin_info(begin: Callable[[Any], None], self: Any) -> None:
    begin(self)
    self._shared = states.InfoValue(store().segment, self._name, labels_of(self))


def _begin_enum(begin: Callable[..., None], self: Any, *args: Any, **keywords: Any) -> None:
    """`__init__`: an Enum has its states after `_metric_init`."""
    begin(self, *args, **keywords)
    if self._is_observable():
        share_enum(self)


def share_enum(self: Any) -> None:
    """Have its state be in the segment."""
    self._shared = states.EnumValue(store().segment, self._name, labels_of(self), self._states)


def _set_info(set_own: Callable[[Any, Mapping[str, str]], None], self: Any, val: Mapping[str, str]) -> None:
    set_own(self, val)
    self._shared.set(self._value)


def _set_state(set_own: Callable[[Any, str], None], self: Any, state: str) -> None:
    set_own(self, state)
    self._shared.set(self._value)


def _set_function(set_own: Callable[[Any, Any], None], self: Any, f: Callable[[], float]) -> None:
    set_own(self, f)
    leave_to_function(self)


def leave_to_function(self: Any) -> None:
    """Have a gauge's own value count for nobody, as a function has taken its place."""
    self._value.give_up()
    self._value = _own_value(self)


# ---- removing


def _remove(self: Any, *labelvalues: Any) -> None:
    """Remove a set of labels from the metric, in all processes."""
    _require_labels(self)
    if len(labelvalues) != len(self._labelnames):
        raise ValueError(f"Incorrect label count (expected {len(self._labelnames)}, got {labelvalues})")
    _forget(self, dict(zip(self._labelnames, map(str, labelvalues), strict=True)))


def _remove_by_labels(self: Any, labels: Mapping[str, str]) -> None:
    """Remove all sets of labels that have these, in all processes."""
    _require_labels(self)
    if not isinstance(labels, dict):
        raise TypeError("labels must be a dict of {label_name: label_value}")
    unknown = [name for name in labels if name not in self._labelnames]
    if unknown:
        raise ValueError(f"Unknown label names: {unknown}; expected {self._labelnames}")
    if labels:
        _forget(self, {name: str(value) for name, value in labels.items()})


def _clear(self: Any) -> None:
    """Remove all sets of labels, in all processes."""
    if self._labelnames:
        _forget(self, {})


def _require_labels(metric: Any) -> None:
    if not metric._labelnames:
        raise ValueError(f"No label names were set when constructing {metric}")


def _forget(metric: Any, wanted: Mapping[str, str]) -> None:
    """Remove what has these labels. What this process still holds of it counts for itself from now on."""

    def is_meant(labels: Mapping[str, str]) -> bool:
        return all(labels.get(name) == value for name, value in wanted.items())

    with metric._lock:
        known = [key for key in metric._metrics if is_meant(dict(zip(metric._labelnames, key, strict=True)))]
        for child in map(metric._metrics.pop, known):
            _detach(child)
        store().reader.family(metric._type, metric._name).remove(is_meant)


def _detach(child: Any) -> None:
    for name in {"_value", "_sum", "_count"} & vars(child).keys():
        if not isinstance(child._value if name == "_value" else 0.0, dict | int):
            setattr(child, name, _own_value(child))
    if "_buckets" in vars(child):
        child._buckets = [_own_value(child) for _ in child._buckets]
    if "_shared" in vars(child):
        child._shared = _Nothing()


def _own_value(child: Any) -> Any:
    made: Any = values.MutexValue
    return made(child._type, child._name, child._name, child._labelnames, child._labelvalues, "")


class _Nothing:
    """Where a removed Info or Enum writes to."""

    def set(self, value: object) -> None:
        """Nobody reads it."""


# ---- reading


def collect(self: Any) -> Iterable[Metric]:
    """The metric with the samples of all processes."""
    if self._type not in _TYPES:
        return list(_collect_own(self))
    metric = self._get_metric()
    reader = store().reader
    metric.samples = [
        *families.samples(reader, reader.family(self._type, self._name), self._type, self._name),
        *_of_functions(self),
    ]
    return [metric]


_collect_own = _BASE.collect


def _of_functions(metric: Any) -> Iterator[Sample]:
    """What functions of this process return for a gauge."""
    if metric._type != "gauge":
        return
    with getattr(metric, "_lock", _NO_LOCK):
        children = list(metric._metrics.values()) if metric._is_parent() else [metric]
    for child in children:
        if "_child_samples" in vars(child):
            for sample in child._child_samples():
                yield families.own_gauge(child._name, labels_of(child), sample.value)


class Elsewhere:
    """A collector of the families that other processes have in their default registry, and this one has not."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> list[Metric]:
        """It claims no names: this process may still make these metrics."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Those families. Threads: any."""
        for family in self._store.reader.families():
            assert family.about is not None
            if family.about.is_registered and family.about.name not in REGISTRY._names_to_collectors:
                yield families.metric_of(self._store.reader, family)


def show_others(store: Store) -> None:
    """Have the default registry expose what others have in that store."""
    others: Any = Elsewhere(store)
    REGISTRY.register(others)
    without_names: list[Any] = getattr(REGISTRY, "_collectors_without_names", [])
    without_names.append(others)  # so that `?name[]=…` asks it, too


def _begin_multiprocess(self: Any, registry: Any, path: object = None) -> None:
    """`MultiProcessCollector`, which needs no folder: it is about the segment. Warns of one that is not read."""
    self._path = path
    usual = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if path is not None and str(path) != usual:
        warnings.warn(
            f"MultiProcessCollector(path={str(path)!r}): metrics are in {store().segment!r}, and that folder is not "
            "read. Leave path out, or read the folder in a process in which metrics are not installed",
            RuntimeWarning,
            stacklevel=2,
        )
    if registry:
        registry.register(self)


def _collect_multiprocess(self: Any) -> Iterator[Metric]:
    reader = store().reader
    return (families.metric_of(reader, family) for family in reader.families())


def _mark_process_dead(pid: object, path: object = None) -> None:
    """Nothing: which processes live, the kernel says."""


def _with_pid(collect_own: Callable[[Any], Iterable[Metric]]) -> Callable[[Any], list[Metric]]:
    """`collect` of what is about one process: says of which one."""

    def collect_with_pid(self: Any) -> list[Metric]:
        found = list(collect_own(self))
        pid = str(self._pid()).strip() if hasattr(self, "_pid") else "self"
        said = {"pid": str(os.getpid()) if pid == "self" else pid}
        for metric in found:
            metric.samples = [sample._replace(labels={**sample.labels, **said}) for sample in metric.samples]
        return found

    return collect_with_pid


# ---- putting it there


def put_in_place(made: Store) -> None:
    """Have prometheus_client use that store from now on. Once in a process."""
    install(made)
    _put(_BASE, "__init__", _announcing(_BASE.__init__))
    _put(_BASE, "collect", collect)
    _put(_BASE, "remove", _remove)
    _put(_BASE, "remove_by_labels", _remove_by_labels)
    _put(_BASE, "clear", _clear)
    _put(metrics.Counter, "_metric_init", _begin_counter)
    _put(metrics.Summary, "_metric_init", _begin_summary)
    _put(metrics.Histogram, "_metric_init", _begin_histogram)
    _put(metrics.Gauge, "_metric_init", _begin_gauge)
    _put(metrics.Gauge, "set_function", _after(metrics.Gauge.set_function, _set_function))
    _put(metrics.Info, "_metric_init", _after(metrics.Info._metric_init, _begin_info))
    _put(metrics.Info, "info", _after(metrics.Info.info, _set_info))
    _put(metrics.Enum, "__init__", _after(metrics.Enum.__init__, _begin_enum))
    _put(metrics.Enum, "state", _after(metrics.Enum.state, _set_state))
    _put(multiprocess.MultiProcessCollector, "__init__", _begin_multiprocess)
    _put(multiprocess.MultiProcessCollector, "collect", _collect_multiprocess)
    _put(multiprocess, "mark_process_dead", _mark_process_dead)
    for collector in (process_collector.ProcessCollector, gc_collector.GCCollector):
        _put(collector, "collect", _with_pid(collector.collect))


def _put(owner: Any, name: str, what: Callable[..., Any]) -> None:
    """Replace what is there; what this version of prometheus_client does not have is left out."""
    before = getattr(owner, name, None)
    if before is not None:
        functools.update_wrapper(what, before)
        setattr(owner, name, what)


def _after(own: Callable[..., Any], do: Callable[..., None]) -> Callable[..., None]:
    """A method that does `do(own, self, …)`."""

    def method(self: Any, *args: Any, **keywords: Any) -> None:
        do(own, self, *args, **keywords)

    return method
