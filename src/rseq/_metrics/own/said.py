"""Info and Enum: what any process has said last."""

from __future__ import annotations

from rseq._metrics.own.metric import REGISTRY, Metric
from rseq._metrics.own.names import require_label, require_text
from rseq._metrics.states import EnumValue, InfoValue

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from rseq._percpu.shared.segment import Segment


class Info(Metric):
    """Texts by name, such as a version: what any process has said last. Arguments: see `Counter`; it has no unit."""

    __slots__ = ("_own",)
    _type = "info"
    _counting = ("info",)
    _own: InfoValue

    def _begin(self) -> None:
        family = self._family
        self._own = InfoValue(family.store.segment, family.about.name, self._labels)

    def info(self, val: Mapping[str, str]) -> None:
        """Have it say `val`, in all processes. Each value takes its place in the segment for good.

        Raises: TypeError, ValueError - no dict of texts, or names that are labels of the metric. MemoryError - no room.
        """
        if not isinstance(val, dict):
            raise TypeError(f"info: expected a dict, such as {{'version': '1.2'}}; got {val!r}")
        for name, text in val.items():
            require_label(name)
            require_text(f"info {name!r}", text)
            if name in self._family.labelnames:
                raise ValueError(f"info: {name!r} is a label of {self!r}; choose another name")
        self._own.set(val)


class Enum(Metric):
    """One of some states: what any process has said last. It begins with the first.

    `states`: their names. Other arguments, and what is raised: see `Counter`; it has no unit.
    """

    __slots__ = ("_own",)
    _type = "stateset"
    _counting = ("state",)
    _own: EnumValue

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
        states: Sequence[str] = (),
        segment: Segment | str | None = None,
    ) -> None:
        given = _states(states)
        self._set_up(name, documentation, labelnames, namespace, subsystem, unit, registry, segment, given, name)

    def _begin(self) -> None:
        family = self._family
        self._own = EnumValue(family.store.segment, family.about.name, self._labels, family.options)

    def state(self, state: str) -> None:
        """Have it be in that state, in all processes. Raises: ValueError - there is no such state."""
        if state not in self._family.options:
            raise ValueError(f"state: {self!r} has {list(self._family.options)}; got {state!r}")
        self._own.set(self._family.options.index(state))


def _states(given: Iterable[str]) -> tuple[str, ...]:
    if isinstance(given, str):
        raise TypeError(f"states: expected a list of names, such as ['up', 'down']; got {given!r}")
    states = tuple(given)
    if not states:
        raise ValueError("states: expected at least one, such as ['up', 'down']")
    for state in states:
        require_text("state", state)
        if states.count(state) > 1:
            raise ValueError(f"states: {state!r} is there twice")
    return states
