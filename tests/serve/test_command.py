"""`rseq serve` as a process: where it listens, how it ends, and the sentence that says why it cannot begin."""

from __future__ import annotations

import errno
import os
import signal
import socket
import urllib.request
from pathlib import Path

import pytest

import rseq
from look.conftest import Crashed, Run
from rseq._serve import command
from rseq._serve.command import TOKEN_VARIABLE
from serve.conftest import server


@pytest.mark.one_in(2)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_a_signal_comes_and_ends_well(crashed: Crashed, number: int) -> None:
    with server("shop") as made:
        assert made.said.startswith("shop: http://127.0.0.1:")
        with urllib.request.urlopen(f"{made.url}metrics", timeout=60) as answer:
            assert b"hits_total 12345.0" in answer.read()
        assert made.end(number) == 0


def test_it_serves_ipv6_too_where_there_is_any(crashed: Crashed) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server("--host", "::1") as made:
        assert made.said.startswith("shop: http://[::1]:")
        with urllib.request.urlopen(f"{made.url}health", timeout=60) as answer:
            assert answer.status == 200


def test_a_port_that_is_in_use_is_said_in_a_sentence(run: Run, crashed: Crashed) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("serve", "--port", str(port), status=1)
    assert done.stderr == f"Error: port {port} of 127.0.0.1 is in use: choose another one with --port\n"


@pytest.mark.parametrize("port", ["-1", "65536", "http", "1.5", ""])
def test_what_is_no_port_is_wrong_usage(run: Run, crashed: Crashed, port: str) -> None:
    assert "Invalid value for '--port'" in run("serve", "--port", port, status=2).stderr


def test_a_segment_that_is_not_there_is_said_in_a_sentence(run: Run, crashed: Crashed) -> None:
    assert run("serve", "shed", status=1).stderr == "Error: there is no segment 'shed'; there is 'shop'\n"
    assert run("serve", "a/b", status=1).stderr.startswith("Error: ")


def test_without_a_name_it_is_the_only_one(run: Run, segment_folder: Path) -> None:
    assert run("serve", status=1).stderr == f"Error: there are no segments in {segment_folder}\n"
    two = [rseq.Segment(name) for name in ("one", "two")]
    assert run("serve", status=1).stderr == "Error: which segment? there are 'one', 'two'\n"
    assert len(two) == 2


def test_a_file_that_is_no_segment_is_said_in_a_sentence(run: Run, segment_folder: Path) -> None:
    (segment_folder / f"rseq.{os.geteuid()}.odd").write_bytes(bytes(100))
    (segment_folder / f"rseq.{os.geteuid()}.odd").chmod(0o600)
    assert run("serve", "odd", status=1).stderr.startswith("Error: segment 'odd' ")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.invalid"])
def test_a_host_that_others_reach_needs_a_token(
    run: Run, crashed: Crashed, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE, raising=False)
    assert run("serve", "--host", host, status=1).stderr == (
        f"Error: a token is needed on '{host}', as others can reach it: --token, or the variable {TOKEN_VARIABLE}\n"
    )


@pytest.mark.parametrize("token", ["short", "with blanks in it", "schlüssel-lang", "control\x07character"])
def test_a_token_that_no_header_can_have_is_refused(run: Run, crashed: Crashed, token: str) -> None:
    done = run("serve", "--token", token, status=1)
    assert done.stderr.startswith("Error: a token has at least 8 letters, digits or signs of ASCII, and no blanks")
    assert token not in done.output


@pytest.mark.parametrize(
    ("host", "sentence"),
    [
        ("192.0.2.1", "'192.0.2.1' is no address of this machine"),
        ("no.such.host.invalid", "there is no host 'no.such.host.invalid' here to listen on"),
        ("a" * 300, f"there is no host '{'a' * 300}' here to listen on"),
    ],
)
def test_a_host_that_is_not_here_is_said_in_a_sentence(run: Run, crashed: Crashed, host: str, sentence: str) -> None:
    assert run("serve", "--host", host, "--port", "0", "--token", "12345678", status=1).stderr == f"Error: {sentence}\n"


def test_other_reasons_are_those_of_the_system() -> None:
    said = command._refused("127.0.0.1", 80, PermissionError(errno.EACCES, "x"))
    assert said == "port 80 of 127.0.0.1 cannot be listened on: Permission denied"


def test_a_token_from_the_environment_is_asked_for(crashed: Crashed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "from.the.environment")
    with server("--host", "0.0.0.0") as made:
        address = made.url.replace("0.0.0.0", "127.0.0.1")
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(f"{address}metrics", timeout=60)
        asked = urllib.request.Request(f"{address}metrics", headers={"Authorization": "Bearer from.the.environment"})
        with urllib.request.urlopen(asked, timeout=60) as answer:
            assert answer.status == 200
