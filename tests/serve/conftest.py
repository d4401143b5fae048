"""What the tests of the server ask: an application without a network, or a server in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from look.conftest import Crashed, _crash, crashed, run  # noqa: F401 - fixtures
from rseq._look.chosen import chosen
from rseq._serve.app import app_for

Ask = Callable[..., TestClient]


@pytest.fixture
def ask() -> Ask:
    """`ask("shop").get("/metrics")`: what the server of that segment answers."""

    def client(segment: str = "shop", token: str | None = None, host: str = "127.0.0.1") -> TestClient:
        return TestClient(app_for(chosen(segment), token), base_url=f"http://{host}")

    return client


class Server:
    """`rseq serve` in a process of its own, which listens on a free port."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-W", "error", "-m", "rseq", "serve", *arguments, "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        self.url = next((word for word in self.said.split() if word.startswith("http://")), "")

    def end(self, number: int) -> int:
        """Send it a signal, and wait for its exit status."""
        os.kill(self.process.pid, number)
        self.process.communicate(timeout=60)
        return self.process.returncode


@contextmanager
def server(*arguments: str) -> Iterator[Server]:
    """A server that is gone afterwards."""
    made = Server(*arguments)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
        made.process.communicate()
