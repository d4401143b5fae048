"""What answers requests: an ASGI application on starlette. Each answer is read in a thread, one at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from rseq._look.chosen import label
from rseq._serve.exposition import exposition
from rseq._serve.guard import OPEN, Guard
from rseq._serve.source import Source, Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from rseq._percpu.shared.files import Place

_AT_LEAST_BYTES = 1000
"""Shorter answers are not compressed."""


def app_for(place: Place, token: str | None, gauges: Sequence[str] = ()) -> Starlette:
    """The application for the segment at that place.

    `token`: what each request must have; None: they come on loopback. `gauges`: patterns for the names of counters that
    go down as well. Raises: ClickException - the segment cannot be looked at.
    """
    served = _Served(Source(place), gauges)
    routes = [Route("/metrics", served.metrics), Route(OPEN, served.health)]
    middleware = [Middleware(Guard, token=token), Middleware(GZipMiddleware, minimum_size=_AT_LEAST_BYTES)]
    return Starlette(routes=routes, middleware=middleware, exception_handlers={Unreadable: _unreadable})


def _unreadable(request: Request, error: Exception) -> Response:
    return PlainTextResponse(f"{error}\n", 503)


class _Served:
    """The segment, by the paths under which it is asked for. Threads: any."""

    def __init__(self, source: Source, gauges: Sequence[str]) -> None:
        self._source, self._gauges = source, gauges
        self._name = label(source.place)

    def metrics(self, request: Request) -> Response:
        """Everything, for Prometheus."""
        with self._source.contents() as contents:
            text, type = exposition(contents, self._name, request.headers.get("accept", ""), self._gauges)
        return Response(text, headers={"content-type": type})

    def health(self, request: Request) -> Response:
        """Whether the segment can be read. Everybody may ask, so that is all."""
        try:
            with self._source.contents():
                return JSONResponse({"status": "ok"})
        except Unreadable:
            return JSONResponse({"status": "failing"}, 503)
