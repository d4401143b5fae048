"""What answers requests: an ASGI application on starlette. Each answer is made in a thread."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from rseq._look.chosen import label
from rseq._look.frames import SORTS
from rseq._percpu.shared.layout import SegmentError
from rseq._serve.events import Events
from rseq._serve.exposition import exposition
from rseq._serve.guard import OPEN, Guard
from rseq._serve.live import MOST_ROWS, Live, Unknown
from rseq._serve.source import Source, Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from rseq._percpu.shared.files import Place

_AT_LEAST_BYTES = 1000
"""Shorter answers are not compressed."""

PAGE = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
"""The files of the page, by their paths."""


def app_for(place: Place, token: str | None, gauges: Sequence[str] = ()) -> Starlette:
    """The application for the segment at that place; its `state.live` is what the page shows.

    `token`: what each request must have; None: they come on loopback. `gauges`: patterns for the names of counters that
    go down as well. Raises: ClickException - the segment cannot be looked at.
    """
    served = _Served(Source(place), gauges)
    routes = [
        Route("/metrics", served.metrics),
        Route(OPEN, served.health),
        Route("/api/segment", served.segment),
        Route("/api/structures", served.structures),
        Route("/api/structure", served.structure),
        Route("/api/events", served.events),
        *(Route(path, _page) for path in PAGE),
    ]
    middleware = [Middleware(Guard, token=token), Middleware(GZipMiddleware, minimum_size=_AT_LEAST_BYTES)]
    app = Starlette(
        routes=routes,
        middleware=middleware,
        exception_handlers={
            **dict.fromkeys((Unreadable, SegmentError, MemoryError), _unreadable),
            Unknown: _unknown,
            HTTPException: _refused,
        },
    )
    app.state.live = served.live
    return app


class _Json(JSONResponse):
    """JSON in ASCII, so that a name with half a surrogate in it, as Python may have it, can be sent as well."""

    def render(self, content: Any) -> bytes:
        """The bytes."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")


def _unreadable(request: Request, error: Exception) -> Response:
    return PlainTextResponse(f"{error}\n", 503)


def _unknown(request: Request, error: Exception) -> Response:
    return PlainTextResponse(f"{error}\n", 404)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "it is for these"
    detail = "there is nothing here; see /, /metrics and /health" if error.status_code == 404 else error.detail
    return PlainTextResponse(f"{detail}\n", error.status_code)


def _page(request: Request) -> Response:
    name, type = PAGE[request.url.path]
    return Response(_text(name), media_type=type)


@cache
def _text(name: str) -> str:
    """A file of the page."""
    return files("rseq._serve").joinpath("page", name).read_text(encoding="utf-8")


class _Served:
    """The segment, by the paths under which it is asked for. Threads: any."""

    def __init__(self, source: Source, gauges: Sequence[str]) -> None:
        self._source, self._gauges = source, gauges
        self._name = label(source.place)
        self.live = Live(source)
        self._events = Events()

    def metrics(self, request: Request) -> Response:
        """Everything, for Prometheus."""
        with self._source.contents() as contents:
            text, type = exposition(contents, self._name, request.headers.get("accept", ""), self._gauges)
        return Response(text, headers={"content-type": type})

    def health(self, request: Request) -> Response:
        """Whether the segment can be read. Everybody may ask, so that is all."""
        try:
            with self._source.contents():
                return _Json({"status": "ok"})
        except Unreadable:
            return _Json({"status": "failing"}, 503)

    # ---- the page's

    def segment(self, request: Request) -> Response:
        """The segment itself."""
        return _Json(self.live.about())

    def structures(self, request: Request) -> Response:
        """Many structures, a row of a table each."""
        given = request.query_params
        sort = given.get("sort", SORTS[0])
        if sort not in SORTS:
            raise HTTPException(400, f"sort: expected {', '.join(SORTS)}; got {sort!r}")
        first, count = _number(request, "first", 0, 1 << 30), _number(request, "count", 50, MOST_ROWS)
        return _Json(self.live.rows(sort=sort, wanted=given.get("filter", ""), first=first, count=count))

    def structure(self, request: Request) -> Response:
        """All that is known of one."""
        return _Json(self.live.one(_named(request)))

    def events(self, request: Request) -> Response:
        """The last events of a ring."""
        return _Json(self._events.of(self.live.reading(_named(request))))


def _named(request: Request) -> str:
    name = request.query_params.get("name")
    if name is None:
        raise HTTPException(400, "name: which structure? /api/structures lists them")
    return name


def _number(request: Request, name: str, usual: int, most: int) -> int:
    given = request.query_params.get(name, str(usual))
    if not (given.isascii() and given.isdecimal() and len(given) < 20 and int(given) <= most):
        raise HTTPException(400, f"{name}: expected 0 to {most}, got {given!r}")
    return int(given)
