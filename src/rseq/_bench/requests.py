"""A request through a FastAPI application that counts it, with the metrics in a segment, in files, or with none.

The application is called as a server calls it, in this process: what is measured is its CPU time, and no network. A
request is a label looked up and added to, a gauge up and down again, and a time put into a histogram with a label.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from itertools import repeat
from typing import Any

from rseq._bench.metrics import InFolder, Whose, client_of
from rseq._bench.python.loop import installed
from rseq._bench.run import Implementation, Operation, Processes, Span, Work, answered, counted, done
from rseq._percpu.shared.segment import Segment, core_of

_NAME = "rseq_bench_requests"
_PATH = "/orders/{till}"
_SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/orders/7",
    "raw_path": b"/orders/7",
    "query_string": b"",
    "headers": [(b"host", b"localhost")],
    "scheme": "http",
    "root_path": "",
    "http_version": "1.1",
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 80),
}


def _in_segment(whose: Whose, label: str, workers: int) -> Implementation:
    _require()
    segment = Segment()

    def total() -> int:
        from rseq._metrics.reading import Reader

        return int(sum(value for _, (value,), _ in Reader(core_of(segment)).family("counter", _NAME).numbers()))

    crew = partial(Processes, _with_metrics, (segment, whose))
    return Implementation(whose, label, crew, counted(total))


def _in_files(workers: int) -> Implementation:
    _require()
    multiprocess, folder = installed("prometheus_client.multiprocess"), tempfile.mkdtemp(prefix="rseq-bench-")

    def total() -> int:
        collector = multiprocess.MultiProcessCollector(None, path=folder)
        samples = [sample for metric in collector.collect() for sample in metric.samples]
        return int(sum(sample.value for sample in samples if sample.name == f"{_NAME}_total"))

    crew = partial(InFolder, folder, _with_metrics, ("multiprocess",))
    return Implementation("multiprocess", "prometheus_client in multiprocess mode", crew, counted(total))


def _without(workers: int) -> Implementation:
    _require()
    return Implementation("none", "without metrics", partial(Processes, _without_metrics, ()), _unanswered)


def _unanswered(spans: Sequence[Span]) -> int:
    return done(spans) - answered(spans)


def _require() -> None:
    installed("fastapi")
    installed("prometheus_client")


# ---- in a process of its own


def _with_metrics(where: Segment | str, whose: Whose) -> Work:
    client = client_of(where, whose)
    given = {"registry": None, **({"segment": where} if whose == "own" else {})}
    requests = client.Counter(_NAME, "Requests that were begun.", ["path"], **given)
    in_flight = client.Gauge("rseq_bench_in_flight", "Requests being answered.", multiprocess_mode="livesum", **given)
    seconds = client.Histogram("rseq_bench_seconds", "Time to answer.", ["path"], **given)

    @contextmanager
    def counted() -> Iterator[None]:
        requests.labels(_PATH).inc()
        with in_flight.track_inprogress(), seconds.labels(_PATH).time():
            yield

    return _requests(counted)


def _without_metrics() -> Work:
    return _requests(nullcontext)


def _requests(counted: Callable[[], AbstractContextManager[None]]) -> Work:
    """Requests to an application that has each one `counted()`; they answer with how many were answered well."""
    from fastapi import FastAPI

    app = FastAPI()

    @app.post(_PATH)
    async def order(till: int) -> dict[str, int]:
        with counted():
            return {"till": till}

    runner = asyncio.Runner()
    return lambda worker, count: runner.run(_sent(app, count))


async def _sent(app: Callable[..., Coroutine[Any, Any, None]], count: int) -> int:
    well = 0

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        nonlocal well
        well += message.get("status") == 200

    for _ in repeat(None, count):
        await app({**_SCOPE}, receive, send)
    return well


REQUEST = Operation(
    name="metrics-request",
    title="a request through FastAPI",
    unit="request",
    makers={
        "rseq": partial(_in_segment, "rseq", "prometheus_client in a segment"),
        "own": partial(_in_segment, "own", "rseq.metrics"),
        "multiprocess": _in_files,
        "none": _without,
    },
    workers=(1,),
    fault="did not count",
)
