"""What metrics, labels and exemplars may be called; what prometheus_client takes, and errors that say what to do."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RESERVED = {"histogram": "le", "summary": "quantile"}
"""Labels that Prometheus makes itself, by type."""

MAX_EXEMPLAR = 128
"""Letters that names and values of an exemplar's labels have together, by OpenMetrics."""

_INFINITY = float("inf")


def full_name(type: str, name: str, namespace: str, subsystem: str, unit: str) -> str:
    """What a metric is called in full: a counter without `_total`.

    Raises: TypeError, ValueError - no such name, or a unit that this type has not.
    """
    for what, text in (("name", name), ("namespace", namespace), ("subsystem", subsystem), ("unit", unit)):
        require_text(what, text)
    if not name:
        raise ValueError("name: expected a name, such as 'requests'; got ''")
    full = "_".join(part for part in (namespace, subsystem, name) if part)
    if type == "counter":
        full = full.removesuffix("_total")
    if unit and type in ("info", "stateset"):
        raise ValueError(f"unit: {full!r} is of a type that has none; got {unit!r}")
    if unit and not full.endswith(f"_{unit}"):
        full += f"_{unit}"
    if not full:
        raise ValueError(f"name: expected more than the ending of a counter; got {name!r}")
    return full


def require_text(what: str, text: object) -> None:
    """Raises: TypeError - it is no text. ValueError - it is none that can be written as UTF-8."""
    if not isinstance(text, str):
        raise TypeError(f"{what}: expected a str; got {text!r}")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what}: expected text that can be written as UTF-8; got {text!r}") from None


def label_names(type: str, given: Iterable[str], own: str = "") -> tuple[str, ...]:
    """The names of labels. `own` is a label that the metric makes itself. Raises: TypeError, ValueError - no such."""
    if isinstance(given, str):
        raise TypeError(f"labelnames: expected a list of names, such as [{given!r}]; got {given!r}")
    names = tuple(given)
    for name in names:
        require_label(name)
        if name in (RESERVED.get(type), own):
            raise ValueError(f"labelnames: {name!r} is a label that a {type} makes itself; choose another name")
        if names.count(name) > 1:
            raise ValueError(f"labelnames: {name!r} is there twice in {names!r}")
    return names


def require_label(name: object) -> None:
    """Raises: TypeError, ValueError - a label cannot be called that."""
    require_text("label name", name)
    assert isinstance(name, str)
    if not name or name.startswith("__"):
        raise ValueError(
            f"label name: expected a name that does not begin with '__', which is Prometheus's; got {name!r}"
        )


def require_exemplar(labels: object) -> Mapping[str, str]:
    """The labels of an exemplar. Raises: TypeError, ValueError - they cannot be such."""
    if not isinstance(labels, dict):
        raise TypeError(f"exemplar: expected a dict of labels, such as {{'trace_id': 'abc'}}; got {labels!r}")
    for name, value in labels.items():
        require_label(name)
        require_text(f"exemplar label {name!r}", value)
    letters = sum(len(name) + len(value) for name, value in labels.items())
    if letters > MAX_EXEMPLAR:
        raise ValueError(f"exemplar: expected labels of {MAX_EXEMPLAR} letters at most, got {letters}: {labels!r}")
    return labels


def bound_text(bound: float) -> str:
    """A number as Prometheus writes it in the label `le`, and prometheus_client does."""
    if bound == _INFINITY:
        return "+Inf"
    text = repr(bound)
    point = text.find(".")
    if bound > 0 and point > 6:
        digits = f"{text[0]}.{text[1:point]}{text[point + 1 :]}".rstrip("0.")
        return f"{digits}e+{point - 1:02}"
    return text
