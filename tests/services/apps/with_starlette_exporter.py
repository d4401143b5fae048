"""Starlette with starlette-exporter, as its documentation has it."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette_exporter import PrometheusMiddleware, handle_metrics


async def hello(request: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


app = Starlette(routes=[Route("/hello", hello), Route("/metrics", handle_metrics)])
app.add_middleware(PrometheusMiddleware)
