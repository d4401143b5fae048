"""The command `rseq serve`: a segment over HTTP, for Prometheus and for people."""

from __future__ import annotations

import errno
import os
import socket
from types import FrameType
from typing import TYPE_CHECKING

import click

from rseq._look.chosen import chosen, group_option, label
from rseq._once import load

if TYPE_CHECKING:
    from starlette.applications import Starlette

PORT = 7737
"""R, S, E and Q on the keys of a telephone."""

TOKEN_VARIABLE = "RSEQ_SERVE_TOKEN"
_SHORTEST_TOKEN = 8
_WAIT_S = 3
"""How long answers that are under way may take when the server is to end."""


@click.command("serve")
@click.argument("segment", required=False)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    metavar="N",
    help="The port to listen on; 0 takes one that is free, and says which.",
)
@click.option("--host", metavar="HOST", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--token", metavar="TOKEN", envvar=TOKEN_VARIABLE, show_envvar=True, help="What each request must have.")
@click.option(
    "--gauge",
    "gauges",
    multiple=True,
    metavar="PATTERN",
    help="Counters and arrays of these names go down as well: in_flight, 'pool.*'. May be repeated.",
)
@group_option
def serve(
    segment: str | None, port: int, host: str, token: str | None, gauges: tuple[str, ...], group: str | None
) -> None:
    """Serve a segment to Prometheus and to browsers.

    /metrics is for Prometheus, / a page for people, /health for whoever asks if it lives.
    SEGMENT may be left out if there is one, or one that a process has open. Nothing in it is changed, no process has to
    expose anything itself, and when a program begins it anew, the new one is served. It is for this machine only,
    unless --host says otherwise; then a token is needed: a bearer token, or the password of any user. /health answers
    without one.
    """
    for package in ("starlette", "uvicorn", "prometheus_client"):
        load(package)
    place = chosen(segment, group)
    _require_token(host, token)
    from rseq._serve.app import app_for
    from rseq._serve.live import Sampler

    app = app_for(place, token, gauges)
    listening = _listening(host, port)
    with Sampler(app.state.live):
        click.echo(f"{label(place)}: {url(listening)} as a page, and {url(listening)}metrics for Prometheus")
        _run(app, listening)


def _require_token(host: str, token: str | None) -> None:
    """Raises: ClickException - there is none, and there must be; or it is none that a header can have."""
    from rseq._serve.guard import is_loopback

    if token is None:
        if is_loopback(host):
            return
        raise click.ClickException(
            f"a token is needed on {host!r}, as others can reach it: --token, or the variable {TOKEN_VARIABLE}"
        )
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise click.ClickException(
            f"a token has at least {_SHORTEST_TOKEN} letters, digits or signs of ASCII, and no blanks; this one has "
            f"{len(token)} characters"
        )


def _listening(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises: ClickException - it cannot."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise click.ClickException(f"there is no host {host!r} here to listen on") from None
    made = socket.socket(family, kind, protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(128)
    except OSError as error:
        made.close()
        raise click.ClickException(_refused(host, port, error)) from None
    return made


def _refused(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use: choose another one with --port"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host!r} is no address of this machine"
    return f"port {port} of {host} cannot be listened on: {os.strerror(error.errno or 0)}"


def _run(app: Starlette, listening: socket.socket) -> None:
    """Serve until SIGINT or SIGTERM comes: that is how it ends well."""
    import uvicorn

    class Server(uvicorn.Server):
        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            """End, without the signal being raised again afterwards; at once, if it is the second one."""
            self.force_exit, self.should_exit = self.should_exit, True

    config = uvicorn.Config(
        app,
        lifespan="off",
        ws="none",
        log_level="error",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_WAIT_S,
    )
    Server(config).run(sockets=[listening])


def url(listening: socket.socket) -> str:
    """Where a browser finds it."""
    host, port, *_ = listening.getsockname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"
