"""What the tests of commands look at: a folder of segments, and what a service has left that was killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner, Result

from rseq._cli import main
from shared.folders import Program, folder

SERVICE = """
    from look.service import serve
    made = serve()
    say("ready")
    ask()
"""


class Crashed(NamedTuple):
    """What a service has left."""

    folder: Path
    pid: int


@pytest.fixture(scope="session")
def _crash() -> Iterator[Crashed]:
    with folder() as path:
        with Program(SERVICE) as service:
            assert service.hear() == "ready"
            service.kill()
        yield Crashed(path, service.process.pid)


@pytest.fixture
def crashed(_crash: Crashed, monkeypatch: pytest.MonkeyPatch) -> Crashed:
    """A folder with the segment "shop", whose service was killed. Nothing in it may be changed."""
    monkeypatch.setenv("RSEQ_SEGMENT_DIR", str(_crash.folder))
    return _crash


Run = Callable[..., Result]


@pytest.fixture
def run() -> Run:
    """`run("ls", "--json")`: what the command prints; `status` is the exit status that is expected."""

    def invoke(*arguments: str, status: int = 0) -> Result:
        result = CliRunner().invoke(main, arguments, catch_exceptions=False)
        assert result.exit_code == status, result.output
        assert "\x1b" not in result.output, "no terminal, no escape codes"
        return result

    return invoke
