"""Who gets an answer from `rseq serve`, and what each answer says to browsers."""

from __future__ import annotations

import base64
import hmac

import pytest

from look.conftest import Crashed
from rseq._serve import guard
from rseq._serve.guard import is_loopback
from serve.conftest import Ask

TOKEN = "a-token:with.signs"


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1", True),
        ("127.0.0.2", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("", False),
        ("localhost.example.com", False),
        ("127.0.0.1.example.com", False),
        ("2130706433", False),
    ],
)
def test_loopback_is_this_machine_for_itself(host: str, is_ours: bool) -> None:
    assert is_loopback(host) == is_ours


@pytest.mark.parametrize("host", ["127.0.0.1:80", "localhost", "localhost:7737", "[::1]", "[::1]:7737", "127.0.0.1"])
@pytest.mark.parametrize("path", ["/metrics", "/health"])
def test_names_of_loopback_are_answered(ask: Ask, crashed: Crashed, host: str, path: str) -> None:
    assert ask().get(path, headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "localhost.evil.example", "", "::1:evil", "[::1", "127.0.0.1@evil", "a:b:c"],
)
@pytest.mark.parametrize("path", ["/", "/metrics", "/health", "/nothing"])
def test_other_names_are_not_lest_a_page_has_its_own_name_mean_loopback(
    ask: Ask, crashed: Crashed, host: str, path: str
) -> None:
    answer = ask().get(path, headers={"host": host})
    assert (answer.status_code, "hits" in answer.text) == (421, False)


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("sent", [f"Bearer {TOKEN}", f"bearer  {TOKEN}", basic("any", TOKEN), basic("", TOKEN)])
def test_whoever_has_the_token_is_answered_by_any_name(ask: Ask, crashed: Crashed, sent: str) -> None:
    client = ask(token=TOKEN, host="metrics.example.com")
    assert "hits_total" in client.get("/metrics", headers={"authorization": sent}).text


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        "Bearer grüße".encode("latin-1").decode("latin-1"),
        TOKEN,
        f"Digest {TOKEN}",
        f"Basic {TOKEN}",
        "Basic !",
        "Basic ====",
        basic(TOKEN, ""),
        basic("user", TOKEN.upper()),
        "Basic " + base64.b64encode(TOKEN.encode()).decode(),
    ],
)
def test_whoever_has_not_is_asked_for_it(ask: Ask, crashed: Crashed, sent: str) -> None:
    client = ask(token=TOKEN)
    for path in ("/metrics", "/", "/nothing"):
        answer = client.get(path, headers={"authorization": sent.encode("latin-1")} if sent else {})
        assert (answer.status_code, "hits" in answer.text) == (401, False)
        assert answer.headers["www-authenticate"].startswith("Basic ")
    assert client.get("/health").status_code == 200, "which says nothing but whether all is well"


def test_the_token_is_compared_in_constant_time(ask: Ask, crashed: Crashed, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    class Hmac:
        @staticmethod
        def compare_digest(one: bytes, other: bytes) -> bool:
            compared.append((one, other))
            return hmac.compare_digest(one, other)

    monkeypatch.setattr(guard, "hmac", Hmac)
    client = ask(token=TOKEN)
    assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert compared == [(b"wrong", TOKEN.encode()), (TOKEN.encode(), TOKEN.encode())]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_it_only_reads(ask: Ask, crashed: Crashed, method: str) -> None:
    for path in ("/", "/metrics", "/health"):
        answer = ask().request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/", "/metrics", "/health", "/nothing", "/api/nothing"])
def test_each_answer_says_what_browsers_may_do_with_it(ask: Ask, crashed: Crashed, path: str) -> None:
    headers = ask().get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["content-security-policy"].startswith("default-src 'none';")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in headers
