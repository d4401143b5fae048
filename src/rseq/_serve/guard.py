"""Who may ask: each request passes here before anything is read.

Without a token the server listens on loopback only, and answers those that call it by a name of loopback. So a page of
the web that has its own name mean 127.0.0.1 gets nothing. With a token, each request must have it: as a bearer token,
which Prometheus can send, or as the password of any user, which browsers ask for. `/health` is for all.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import ipaddress
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OPEN = "/health"

_READING = ("GET", "HEAD")

_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)


def is_loopback(host: str) -> bool:
    """Whether a host, as a name or an address, is this machine for itself."""
    name = host.lower()
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


class Guard:
    """An ASGI application around another one. `token` is what each request must have; None: they come on loopback."""

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = None if token is None else token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]
            await send(message)

        answer = self._refusal(scope) or self._app
        await answer(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> ASGIApp | None:
        """What to answer instead; None if the request may pass."""
        headers = Headers(scope=scope)
        if scope["method"] not in _READING:
            return _said(405, "this only reads: GET and HEAD", allow="GET, HEAD")
        if self._token is None:
            host = headers.get("host", "")
            if not is_loopback(_without_port(host)):
                return _said(
                    421, f"this is served on loopback only, and not as {host!r}; for another name, give a token"
                )
        elif scope["path"] != OPEN and not self._has_token(headers.get("authorization", "")):
            return _said(401, "a token is needed: as a bearer token, or as the password of any user", **_ASK)
        return None

    def _has_token(self, authorization: str) -> bool:
        """Whether a header has the token; how long that takes does not tell how much of it is right."""
        scheme, _, given = authorization.partition(" ")
        said = given.strip().encode("latin-1", "replace")
        if scheme.lower() == "basic":
            try:
                said = base64.b64decode(said, validate=True).partition(b":")[2]
            except binascii.Error:
                return False
        elif scheme.lower() != "bearer":
            return False
        assert self._token is not None, "it is asked for"
        return hmac.compare_digest(said, self._token)


_ASK = {"www-authenticate": 'Basic realm="rseq serve", charset="UTF-8"'}


def _said(status: int, sentence: str, **headers: str) -> ASGIApp:
    return PlainTextResponse(f"{sentence}\n", status, headers=headers)


def _without_port(host: str) -> str:
    """The name in a Host header: [::1]:80 is [::1]. What is no such header stays as it is."""
    name, _, port = host.rpartition(":")
    return name if port.isdecimal() and (":" not in name or name.endswith("]")) else host
