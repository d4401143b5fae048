"""Folders for segments, apart from those of the machine, and what is in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rseq._percpu.shared.files import DEFAULT_FOLDER
from support import ROOT

VARIABLE = "RSEQ_SEGMENT_DIR"


@contextmanager
def folder(below: str = DEFAULT_FOLDER) -> Iterator[Path]:
    """An empty folder in which this process and its children find segments; it is gone afterwards."""
    path, before = tempfile.mkdtemp(prefix="rseq-tests-", dir=below), os.environ.get(VARIABLE)
    os.environ[VARIABLE] = path
    try:
        yield Path(path)
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before
        shutil.rmtree(path, ignore_errors=True)


def path_of(where: Path, name: str) -> Path:
    """The file of the segment of that name."""
    return where / f"rseq.{os.geteuid()}.{name}"


class Program:
    """Python code (dedented) in a process of its own, which has nothing in common with this one but files.

    `say(text)` in it is what `hear()` returns here, and `ask()` in it what `tell(text)` says here.
    """

    def __init__(
        self, code: str, *, prefix: tuple[str, ...] = (), args: tuple[str, ...] = (), env: dict[str, str] | None = None
    ) -> None:
        begin = "import sys\ndef say(*what): print(*what, flush=True)\ndef ask(): return sys.stdin.readline().strip()\n"
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-W", "error", "-X", "faulthandler", "-c", begin + textwrap.dedent(code), *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "tests"), **(env or {})},
        )

    def hear(self) -> str:
        """The next line that it says; "" if it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, text: str = "") -> None:
        """Say a line to it."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{text}\n")
        self.process.stdin.flush()

    def end(self) -> int:
        """Wait for its end; its exit status, below 0 for a signal."""
        self.process.communicate(timeout=60)
        return self.process.returncode

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.process.kill()
        self.end()

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
