"""All that is in a segment as Prometheus reads it: text or OpenMetrics, whichever the scrape asks for.

First what is said of the segment, then prometheus_client's metrics and OpenTelemetry's, then structures with names,
each in the order in which they were made. Of two that want one name the first one has it (names.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from prometheus_client.exposition import choose_encoder, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample

from rseq._look.reading import Reading, read
from rseq._metrics.families import samples
from rseq._percpu.shared.layout import SegmentError
from rseq._serve import telemetry
from rseq._serve.names import Names, allowed, candidates, snake
from rseq._serve.parts import Part, has_gone_down, parts_of

if TYPE_CHECKING:
    from rseq._metrics.reading import Gathered
    from rseq._serve.source import Contents

TEXT = "text/plain; version=0.0.4; charset=utf-8"


def exposition(contents: Contents, segment: str, accept: str, gauges: Sequence[str] = ()) -> tuple[bytes, str]:
    """What a scrape gets that accepts that, and its content type.

    `gauges`: patterns, as shells have them, for the names of counters that go down as well.
    """
    found = _Collected(exposed(contents, segment, gauges))
    try:
        encoder, type = choose_encoder(accept)
    except TypeError:  # a version that is no number, which choose_encoder compares with one
        encoder, type = generate_latest, TEXT
    try:
        return encoder(found), type
    except UnicodeEncodeError:  # half a surrogate, as Python has it in names of files that are no text
        return encoder(_Collected(map(_sendable, found.collect()))), type


def _sendable(metric: Metric) -> Metric:
    """The same with `?` for what UTF-8 cannot have."""
    made = Metric(metric.name, _utf8(metric.documentation), metric.type)
    made.samples = [
        one._replace(labels={_utf8(name): _utf8(value) for name, value in one.labels.items()}, exemplar=None)
        for one in metric.samples
    ]
    return made


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


class _Collected:
    """Metrics as an encoder takes them."""

    def __init__(self, found: Iterable[Metric]) -> None:
        self._found = list(found)

    def collect(self) -> Iterable[Metric]:
        """Them."""
        return self._found


def exposed(contents: Contents, segment: str, gauges: Sequence[str]) -> list[Metric]:
    """The families of a segment of that name, with their samples."""
    names = Names()
    readings = read(contents.structures)
    problems = [f"{one.name}: {one.problem}" for one in readings if one.problem]
    families = contents.families()
    about = _about(contents, segment)
    for metric in about:
        names.take(metric.name, metric.type, _SEGMENT)
    named = _parts(contents, readings, gauges)
    found = [
        *_metrics(contents, families, names, problems),
        *telemetry.families(contents, names, problems),
        *_structures(named, segment, names),
    ]
    count = len(problems) + len(contents.damaged)
    return [*about, _gauge("rseq_segment_problems", "What cannot be read: see rseq show.", count), *found]


_SEGMENT = object()


def _about(contents: Contents, segment: str) -> list[Metric]:
    core = contents.core
    info = Metric("rseq_segment", "The segment that all this is in.", "info")
    info.add_sample("rseq_segment_info", {"segment": segment}, 1)
    return [
        info,
        _gauge("rseq_segment_start_time_seconds", "When it was begun, as a Unix time.", core.header.made_ns / 1e9),
        _gauge("rseq_segment_processes", "Processes that have it open.", len(core.processes())),
        _gauge("rseq_segment_structures", "Structures in it, metrics included.", contents.count),
    ]


def _gauge(name: str, documentation: str, value: float) -> Metric:
    metric = Metric(name, documentation, "gauge")
    metric.add_sample(name, {}, value)
    return metric


# ---- prometheus_client's


def _metrics(contents: Contents, families: list[Gathered], names: Names, problems: list[str]) -> Iterator[Metric]:
    for family in families:
        about = family.about
        assert about is not None, "somebody has said something about it"
        name = names.chosen(about.name, about.type, (about.type, about.name), about.type)
        try:
            metric = Metric(name, about.documentation, about.type, about.unit if name == about.name else "")
            metric.samples = [*_distinct(about.type, samples(contents.reader, family, about.type, name))]
        except (SegmentError, ValueError, ArithmeticError, LookupError, TypeError) as error:
            problems.append(f"{about.name}: {error}")
            continue
        yield metric


def _distinct(type: str, found: Iterable[Sample]) -> Iterable[Sample]:
    """Of samples that are called alike the last one: two versions of a program may make a gauge in two modes."""
    if type not in ("gauge", "stateset"):
        return found
    return {(one.name, *sorted(one.labels.items())): one for one in found}.values()


# ---- structures


def _parts(contents: Contents, readings: list[Reading], gauges: Sequence[str]) -> Iterator[tuple[Reading, list[Part]]]:
    """What structures say that have a name: the others' names are other ones the next time."""
    for reading in readings:
        if reading.problem or reading.name.startswith("#"):
            continue
        if has_gone_down(reading) or any(fnmatchcase(reading.name, one) for one in gauges):
            contents.gauges.add(reading.name)
        if parts := parts_of(reading, is_gauge=reading.name in contents.gauges):
            yield reading, parts


def _structures(said: Iterator[tuple[Reading, list[Part]]], segment: str, names: Names) -> Iterable[Metric]:
    found: dict[str, Metric] = {}
    for reading, parts in said:
        own = allowed(reading.name)
        labels = {} if own == reading.name else {"structure": reading.name}
        base = _base(own, snake(reading.kind), parts, names)
        for part in parts:
            _add(found, base, part, labels, f"{reading.kind} {reading.name!r} of segment {segment!r}")
    return found.values()


def _base(own: str, kind: str, parts: list[Part], names: Names) -> str:
    """What the names of a structure's families begin with."""
    for base in candidates(own, kind):
        if all(names.take(_family(base, part), part.type, (own, part.suffix, part.type)) for part in parts):
            return base
    raise AssertionError("there are numbers enough")


def _family(base: str, part: Part) -> str:
    """The name of a family; that of a counter ends without `_total`, which its samples have."""
    name = allowed(base + part.suffix)
    return name.removesuffix("_total") or name if part.type == "counter" else name


def _add(found: dict[str, Metric], base: str, part: Part, labels: dict[str, str], of: str) -> None:
    name = _family(base, part)
    if name not in found:
        found[name] = Metric(name, f"{of}: {part.meaning}." if part.meaning else f"{of}.", part.type)
    found[name].samples += [Sample(name + one.suffix, {**labels, **one.labels}, one.value) for one in part.samples]
