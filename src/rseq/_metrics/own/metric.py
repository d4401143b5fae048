"""What all metrics of `rseq.metrics` share: names, labels, and that prometheus_client's registry exposes them.

A metric with label names has no numbers of its own; its class becomes one in which the methods that count say so. What
`labels` returns is of the class itself. So a method that counts never asks whether there are labels to be given.
"""

from __future__ import annotations

from rseq._metrics.own.names import full_name, label_names, require_text
from rseq._metrics.reading import About
from rseq._metrics.store import chosen, installed
from rseq._once import once
from rseq._structures.structure import Structure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any, ClassVar, NoReturn, Self

    from rseq._metrics.store import Store
    from rseq._percpu.shared.segment import Segment


class _Default:
    """prometheus_client's default registry, if that is installed."""

    def __repr__(self) -> str:
        return "REGISTRY"


REGISTRY: Any = _Default()


class Family:
    """What the metric and all its labels have in common."""

    __slots__ = ("about", "children", "labelnames", "options", "store")

    def __init__(self, store: Store, about: About, labelnames: tuple[str, ...], options: Any) -> None:
        """`options` are the class's own."""
        self.store, self.about, self.labelnames, self.options = store, about, labelnames, options
        self.children: dict[tuple[str, ...], Any] = {}

    def named(self, values: tuple[str, ...]) -> dict[str, str]:
        """Label values by name."""
        return dict(zip(self.labelnames, values, strict=True))


class Metric(Structure):
    """Base of the metrics. Threads: any. Processes: any that use the segment, forked or not, have the same numbers."""

    __slots__ = ("_family", "_values")
    _type: ClassVar[str]
    _counting: ClassVar[tuple[str, ...]] = ()
    """Methods that need label values, if there are label names."""
    _family: Family
    _values: tuple[str, ...]

    def __init__(
        self,
        name: str,
        documentation: str,
        labelnames: Iterable[str] = (),
        namespace: str = "",
        subsystem: str = "",
        unit: str = "",
        registry: Any = REGISTRY,
        *,
        segment: Segment | str | None = None,
    ) -> None:
        self._set_up(name, documentation, labelnames, namespace, subsystem, unit, registry, segment, None)

    def _set_up(
        self,
        name: str,
        documentation: str,
        labelnames: Iterable[str],
        namespace: str,
        subsystem: str,
        unit: str,
        registry: Any,
        segment: Segment | str | None,
        options: Any,
        own_label: str = "",
    ) -> None:
        """What `__init__` does. Raises: TypeError, ValueError - no such names. MemoryError - no room."""
        require_text("documentation", documentation)
        full = full_name(self._type, name, namespace, subsystem, unit)
        names = label_names(self._type, labelnames, own_label)
        store = chosen(segment)
        about = About(self._type, full, documentation, unit, _is_default(registry))
        store.announce(about)
        self._family = Family(store, about, names, options)
        self._values = ()
        if names:
            self.__class__ = with_labels(type(self))
        else:
            self._begin()
        _register(self, registry)

    def _begin(self) -> None:
        """Make the numbers, of the labels that `_values` are. Raises: MemoryError - no room."""
        raise NotImplementedError

    @property
    def _labels(self) -> dict[str, str]:
        return self._family.named(self._values)

    # ---- labels

    def labels(self, *values: object, **named: object) -> Self:
        """The metric with these label values, all of them, in order or by name; made when it is first asked for.

        What is no str becomes one, by `str()`.
        Raises: ValueError - there are no label names, these are others, or more or fewer. MemoryError - no room.
        Threads: any thread of any process.
        """
        if self._values:
            raise ValueError(f"{self!r} has its labels already, and cannot be given more")
        raise ValueError(f"{self!r} was made without labelnames, and has no labels to be given")

    def remove(self, *values: object) -> None:
        """Remove a set of labels, in all processes. What is made again begins at 0.

        Whoever still has what `labels` returned, and counts with it, brings it back, from 0.
        Raises: ValueError - there are no label names, or more or fewer than values.
        """
        self._require_label_names()
        self._forget(self._family.named(_in_order(self, values, {})))

    def remove_by_labels(self, labels: Mapping[str, str]) -> None:
        """Remove all sets of labels that have these, in all processes. Without any, nothing is removed.

        Raises: ValueError - there are no such label names. TypeError - `labels` is no dict.
        """
        self._require_label_names()
        if not isinstance(labels, dict):
            raise TypeError(f"labels: expected a dict, such as {{'method': 'GET'}}; got {labels!r}")
        unknown = [name for name in labels if name not in self._family.labelnames]
        if unknown:
            raise ValueError(f"labels: {self!r} has {self._family.labelnames}; got {unknown}")
        if labels:
            self._forget({name: str(value) for name, value in labels.items()})

    def clear(self) -> None:
        """Remove all sets of labels, in all processes."""
        if self._family.labelnames and not self._values:
            self._forget({})

    def _require_label_names(self) -> None:
        if not self._family.labelnames or self._values:
            raise ValueError(f"{self!r} has no sets of labels to remove")

    def _forget(self, wanted: Mapping[str, str]) -> None:
        def is_meant(labels: Mapping[str, str]) -> bool:
            return all(labels.get(name) == value for name, value in wanted.items())

        family = self._family
        for values in list(family.children):
            if is_meant(family.named(values)):
                family.children.pop(values, None)
        family.store.reader.family(self._type, family.about.name).remove(is_meant)

    # ---- for prometheus_client

    def describe(self) -> list[Any]:
        """What a registry asks: the names that are exposed."""
        return [_metric(self._family.about)]

    def collect(self) -> list[Any]:
        """The metric with the samples of all processes and all labels. Raises: MissingPackage. SegmentError - damaged.

        Threads: any.
        """
        metric, family = _metric(self._family.about), self._family
        from rseq._metrics import families

        gathered = family.store.reader.family(self._type, family.about.name)
        metric.samples = [*families.samples(family.store.reader, gathered, self._type, family.about.name)]
        return [metric]

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{self!r} cannot be pickled or copied; make it anew in the other process: the same name in the same "
            "segment is the same metric"
        )

    def __repr__(self) -> str:
        labels = ", ".join(f"{name}={value!r}" for name, value in self._labels.items()) if self._values else ""
        return f"<rseq.metrics.{type(self).__name__} {self._family.about.name}{f'({labels})' if labels else ''}>"


# ---- with label names


@once
def with_labels(cls: type[Metric]) -> Any:
    """The class of those metrics of class `cls` that have label names."""
    refused: dict[str, Any] = {name: _refusing(name) for name in cls._counting}
    names = {"__slots__": (), "__module__": cls.__module__, "__qualname__": cls.__qualname__, "__doc__": cls.__doc__}
    meta: Any = type(cls)  # a user's class may have one of its own
    more = {"labels": _labels, "_of": cls, "_unready": _UNREADY, "_series": property(_no_series)}
    return meta(cls.__name__, (cls,), {**names, **refused, **more})


_UNREADY = "has labels, and no numbers of its own: give their values first, as in metric.labels(…)"


def _no_series(metric: Metric) -> NoReturn:
    """What stands where those that have numbers keep them. Raises: ValueError - always."""
    raise ValueError(
        f"{metric!r} has the labels {metric._family.labelnames} and no numbers of its own: give their values first, as "
        f"in metric.labels({', '.join('…' for _ in metric._family.labelnames)}).value"
    )


def _refusing(name: str) -> Callable[..., NoReturn]:
    def method(self: Any, *arguments: object, **named: object) -> NoReturn:
        raise ValueError(
            f"{name}(): {self!r} has the labels {self._family.labelnames}; give their values first, as in "
            f"metric.labels({', '.join('…' for _ in self._family.labelnames)}).{name}()"
        )

    method.__name__ = name
    return method


def _labels(self: Any, *values: Any, **named: object) -> Any:
    if not named:
        for value in values:
            if type(value) is not str:
                break
        else:
            try:
                return self._family.children[values]
            except KeyError:
                pass
    family = self._family
    key = _in_order(self, values, named)
    child = family.children.get(key)
    return _made(self, key) if child is None else child


def _made(metric: Any, values: tuple[str, ...]) -> Any:
    """The child with these labels; two threads that make one make the same numbers of it, and one of them is kept."""
    for name, value in zip(metric._family.labelnames, values, strict=True):
        require_text(f"label {name!r}", value)
    child = metric._of.__new__(metric._of)
    child._family, child._values = metric._family, values
    child._begin()
    return metric._family.children.setdefault(values, child)


def _in_order(metric: Metric, values: tuple[object, ...], named: Mapping[str, object]) -> tuple[str, ...]:
    names = metric._family.labelnames
    if values and named:
        raise ValueError(f"labels(): expected values in order, or by name; got both, {values!r} and {named!r}")
    if named:
        if named.keys() != set(names):
            raise ValueError(f"labels(): {metric!r} has {names}; got {tuple(named)}")
        values = tuple(named[name] for name in names)
    if len(values) != len(names):
        raise ValueError(f"labels(): {metric!r} has {names}; got {len(values)} values, {values!r}")
    return tuple(map(str, values))


# ---- prometheus_client


def _is_default(registry: Any) -> bool:
    if registry is None or registry is REGISTRY:
        return registry is REGISTRY
    import prometheus_client

    return registry is prometheus_client.REGISTRY


def _register(metric: Metric, registry: Any) -> None:
    """Raises: ValueError - the registry has a metric of that name."""
    if registry is None:
        return
    if registry is REGISTRY:
        client = _client()
        if client is None:
            return
        registry = client.REGISTRY
        _show_others(metric._family.store)
    registry.register(metric)
    _offer(metric)


def _client() -> Any:
    """prometheus_client; None if it is not installed."""
    import sys

    from rseq._extras import MissingPackage
    from rseq._once import load

    try:
        load("prometheus_client")
    except MissingPackage:
        return None
    return sys.modules["prometheus_client"]


@once
def _show_others(store: Store) -> None:
    """Have the default registry expose what other processes have in a store. It keeps the store for good."""
    if store is not installed():
        from rseq._metrics import client

        client.show_others(store)


def _offer(metric: Metric) -> None:
    """Have a histogram's native form be written where that is wanted."""
    if getattr(metric._family.options, "native", None) is not None and _client() is not None:
        from rseq._metrics import native

        native.offer()


def _metric(about: About) -> Any:
    from rseq._once import load

    load("prometheus_client")
    from prometheus_client.metrics_core import Metric as ClientMetric

    return ClientMetric(about.name, about.documentation, about.type, about.unit)
