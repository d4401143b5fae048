"""The command `rseq dump`: the events of a ring buffer, which stay where they are."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import click

from rseq._extras import MissingPackage
from rseq._look.chosen import INTERVAL, chosen, group_option, opened
from rseq._look.held import RingBuffer
from rseq._look.reading import found_in
from rseq._look.rings import Onlooker, as_plain, unix_ns
from rseq._look.saying import count_of, json_ready, plain
from rseq._percpu.shared.layout import SegmentError
from rseq._percpu.shared.segment import core_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rseq._percpu.shared.core import Core
    from rseq._structures.ring.records import Event

Format = Literal["text", "jsonl", "trace"]


@click.command("dump")
@click.argument("segment")
@click.argument("ring")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "jsonl", "trace"]),
    default="text",
    show_default=True,
    help="Lines for people, a JSON object for each event, or a trace for Perfetto and chrome://tracing.",
)
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@click.option(
    "--interval",
    type=INTERVAL,
    default=0.2,
    show_default=True,
    metavar="S",
    help="With --follow: how often to look, in seconds.",
)
@group_option
def dump(segment: str, ring: str, form: Format, follow: bool, interval: float, group: str | None) -> None:
    """Print the events that wait in a ring buffer.

    They stay there. Those of all CPUs are in the order of time. The program's own reader does not wait; what it
    takes out while the events are copied is not printed, nor, with --follow, what it takes out between two looks,
    unless the ring overwrites. Bytes are printed as text if they are UTF-8, else in hex.
    """
    if follow and form == "trace":
        raise click.UsageError("a trace is one JSON object, which has an end: --follow is for text and jsonl")
    looked_at = opened(chosen(segment, group))
    try:
        onlooker = Onlooker(_ring(core_of(looked_at), segment, ring))
        put: Callable[[Iterable[Event]], object] = _WRITERS[form]
        put(onlooker.events())
        while follow:
            _follow(onlooker, put, interval)
    except KeyboardInterrupt:
        if not follow:
            raise
    except (SegmentError, MemoryError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise click.ClickException(str(error)) from None
    if onlooker.missed:
        one, many = "event was overwritten before it was seen", "events were overwritten before they were seen"
        click.echo(count_of(onlooker.missed, one, many), err=True)


def _follow(onlooker: Onlooker, put: Callable[[Iterable[Event]], object], interval: float) -> None:
    time.sleep(interval)
    put(onlooker.events())


def _ring(core: Core, segment: str, name: str) -> RingBuffer:
    """The ring of that name. Raises: ClickException - it is none, or damaged."""
    try:
        found = found_in(core, (name,))
    except MissingPackage as lack:
        raise click.ClickException(str(lack)) from None
    if not found:
        raise click.ClickException(f"segment {segment!r} has no structure named {plain(name)!r}; {_rings_in(core)}")
    one = found[0]
    if one.problem:
        raise click.ClickException(f"{one.name}: {one.problem}")
    if not isinstance(one.structure, RingBuffer):
        raise click.ClickException(f"{one.name!r} is a {one.kind}, and no RingBuffer; {_rings_in(core)}")
    return one.structure


def _rings_in(core: Core) -> str:
    """Which a segment has to choose from."""
    rings = [one.name for one in found_in(core) if one.kind == "RingBuffer"]
    return f"its rings are {', '.join(rings)}" if rings else "it has no rings"


def _text(events: Iterable[Event]) -> None:
    for event in events:
        moment = "-" if event.time_ns is None else _moment(event.time_ns)
        click.echo(f"{moment}  CPU {event.cpu}  {plain(_said(event.data))}")


def _said(data: Any) -> str:
    found = as_plain(data)
    if isinstance(found, dict):
        return " ".join(f"{name}={value}" for name, value in found.items())
    return str(found)


def _moment(time_ns: int) -> str:
    """When that was, as a clock on the wall shows it."""
    return datetime.fromtimestamp(unix_ns(time_ns) / 1e9).strftime("%H:%M:%S.%f")


def _jsonl(events: Iterable[Event]) -> None:
    for event in events:
        when = {} if event.time_ns is None else {"time_ns": event.time_ns, "unix_ns": unix_ns(event.time_ns)}
        click.echo(json.dumps({"cpu": event.cpu, **when, "data": json_ready(as_plain(event.data))}))


def _trace(events: Iterable[Event]) -> None:
    """In the trace event format: each event is an instant, each CPU a thread; times in microseconds."""
    click.echo(json.dumps({"traceEvents": [*_traced(events)], "displayTimeUnit": "ns"}))


def _traced(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    known: set[int] = set()
    for number, event in enumerate(events):
        if event.cpu not in known:
            known.add(event.cpu)
            name = {"name": f"CPU {event.cpu}"}
            yield {"name": "thread_name", "ph": "M", "pid": 0, "tid": event.cpu, "args": name}
        data = json_ready(as_plain(event.data))
        moment = number if event.time_ns is None else event.time_ns / 1000
        named = data if isinstance(data, str) else _said(event.data)
        args = data if isinstance(data, dict) else {"data": data}
        yield {"name": named, "ph": "i", "s": "t", "ts": moment, "pid": 0, "tid": event.cpu, "args": args}


_WRITERS: dict[Format, Callable[[Iterable[Event]], object]] = {"text": _text, "jsonl": _jsonl, "trace": _trace}
