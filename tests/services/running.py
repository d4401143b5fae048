"""Programs that listen on a free port of the loopback, and end with the test."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from support import ROOT

SHOP = ROOT / "examples" / "service"
LIMIT_S = 120.0
_PAUSE_S = 0.05
_UNPACKED = ROOT / ".services" / "usr" / "bin"
"""Where tests/services/get.sh puts what it does not install."""


def until(condition: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    """Ask until it is true, for what tells nobody when it becomes so. AssertionError: it has not within the limit."""
    last = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < last, otherwise()
        threading.Event().wait(_PAUSE_S)


def free_port() -> int:
    """A port of the loopback that nobody has now."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


def got(url: str) -> str:
    """What is there. Raises: OSError."""
    with urllib.request.urlopen(url, timeout=LIMIT_S) as response:
        text: str = response.read().decode()
        return text


def total(text: str, name: str, having: str = "") -> float:
    """All samples of that name in an exposition, added up. AssertionError: there is none.

    `having`: what must be in their labels.
    """
    samples = re.findall(rf"^{name}({{[^}}]*}})? (\S+)$", text, re.MULTILINE)
    found = [float(value) for labels, value in samples if having in labels]
    assert found, f"no {name} in {text}"
    return sum(found)


def _answers(url: str) -> bool:
    try:
        got(url)
    except OSError:
        return False
    return True


def program(name: str) -> str:
    """Where a program is; the test is skipped, if it is nowhere."""
    found = shutil.which(name) or shutil.which(name, path=str(_UNPACKED))
    if found is None:
        pytest.skip(f"there is no {name} here: `make test-services` gets it where it can")
    return found


def require(*modules: str) -> None:
    """Skip the test if one of these is not installed."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            pytest.skip(f"{module} is not installed: `make test-services` installs it where it can")


def rseq(*arguments: str) -> list[str]:
    """The command, with this Python."""
    return [sys.executable, "-m", "rseq", *arguments]


@contextmanager
def started(
    command: Sequence[str], log: Path, *, ready: str | None = None, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program in examples/service until the `with` ends, then it gets SIGTERM. `ready`: a URL at which it answers."""
    path = os.pathsep.join([str(Path(sys.executable).parent), str(_UNPACKED), os.environ["PATH"]])
    given = {**os.environ, "PATH": path, **(env or {})}
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=SHOP, stdout=out, stderr=out, env=given, process_group=0)
    try:
        if ready is not None:
            until(lambda: process.poll() is not None or _answers(ready), lambda: f"silent: {log.read_text()}")
            assert process.poll() is None, log.read_text()
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(LIMIT_S)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def served(segment: str, folder: Path) -> Iterator[str]:
    """`rseq serve` of a segment; the address of its /metrics."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/metrics"
    with started(rseq("serve", segment, "--port", str(port)), folder / "serve.log", ready=url):
        yield url


class Prometheus:
    """A Prometheus that scrapes each second."""

    def __init__(self, url: str) -> None:
        self.url = url

    def asked(self, path: str, **parameters: str) -> Any:
        """What its API says. AssertionError: it does not like the question."""
        said = json.loads(got(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))
        assert said["status"] == "success", said
        return said["data"]

    def value(self, query: str) -> float | None:
        """The number that a query has now; None, if it has none yet."""
        result = self.asked("query", query=query)["result"]
        return float(result[0]["value"][1]) if result else None

    def comes_to(self, query: str, value: float) -> None:
        """Wait until a query has this number, which it keeps. AssertionError: it never does."""
        until(lambda: self.value(query) == value, lambda: f"{query}: {self.value(query)} instead of {value}")


@contextmanager
def prometheus(target: str, folder: Path) -> Iterator[Prometheus]:
    """Prometheus, which scrapes the address; the test is skipped where there is none."""
    command, port = program("prometheus"), free_port()
    where = urllib.parse.urlsplit(target)
    config = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "shop", "static_configs": [{"targets": [where.netloc]}]}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))  # which is YAML
    arguments = {
        "config.file": folder / "prometheus.yml",
        "storage.tsdb.path": folder / "tsdb",
        "web.listen-address": f"127.0.0.1:{port}",
    }
    given = [f"--{name}={value}" for name, value in arguments.items()]
    url = f"http://127.0.0.1:{port}"
    with started([command, *given], folder / "prometheus.log", ready=f"{url}/-/ready"):
        yield Prometheus(url)


def complaints(text: str) -> str:
    """What `promtool check metrics` says of an exposition; the test is skipped where there is none."""
    done = subprocess.run(
        [program("promtool"), "check", "metrics"],
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=LIMIT_S,
    )
    return done.stdout or "" if not done.returncode else f"{done.returncode}: {done.stdout}"
