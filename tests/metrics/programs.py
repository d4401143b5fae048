"""Programs that use prometheus_client, run as it is, in its multiprocess mode, or with metrics in a segment."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from support import ROOT

HELPERS = '''
import os, signal, sys
import prometheus_client
from prometheus_client import (
    CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary, generate_latest, multiprocess)

def in_child(work, end=None):
    """Run it in a forked child, which then ends, by a signal if `end` says so; its pid, which is gone."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        if end is not None:
            os.kill(os.getpid(), end)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) in (0, -(end or 0))
    return pid

def exposed(of_workers=True):
    """What is exposed of our metrics: those of the registry, or of MultiProcessCollector."""
    registry = prometheus_client.REGISTRY
    if of_workers:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return generate_latest(registry).decode()

def show(*of_workers):
    for line in exposed(*of_workers).splitlines():
        if not any(mark in line for mark in ("process_", "python_", "_created")):
            print(line)
'''


def run(code: str, *, env: dict[str, str] | None = None, command: tuple[str, ...] = ()) -> list[str]:
    """The lines that a program prints; it must end well. `command` stands before Python's."""
    done = subprocess.run(
        [*command, sys.executable, "-W", "error", "-W", _FORKS, "-c", HELPERS + textwrap.dedent(code)],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests"), **(env or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout.splitlines()


_FORKS = "ignore:This process:DeprecationWarning"


def run_as_it_is(code: str) -> list[str]:
    """The same with prometheus_client as it is."""
    return run(code)


def run_installed(code: str) -> list[str]:
    """The same with its metrics in a segment."""
    return run("import rseq.metrics.prometheus\nrseq.metrics.prometheus.install('shop')\n" + textwrap.dedent(code))


def run_multiprocess(code: str, folder: Path) -> list[str]:
    """The same in its own multiprocess mode, with its files in `folder`."""
    folder.mkdir()
    return run(code, env={"PROMETHEUS_MULTIPROC_DIR": str(folder)})
