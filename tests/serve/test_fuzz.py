"""Mutated files of segments, each served: a sentence or numbers, and never an exception, a crash or a hang."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from pathlib import Path

import click
import pytest

from look.service import serve
from rseq._look.chosen import chosen
from rseq._serve.app import app_for
from shared.mutations import Image, mutated

FORMS = ("", "application/openmetrics-text; version=1.0.0")


@pytest.mark.parametrize("cases", [pytest.param(4, id="few"), pytest.param(200, id="many", marks=pytest.mark.slow)])
def test_a_segment_that_somebody_has_written_into_is_served_or_refused(segment_folder: Path, cases: int) -> None:
    image = _template(segment_folder)
    for first in range(0, cases, 100):  # each file that is opened takes some mappings for good
        child = os.fork()
        if child == 0:
            _go_through(segment_folder, image, range(first, min(first + 100, cases)))
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0, "what is printed above says which case it was"


def _template(folder: Path) -> Image:
    """The file of a segment with everything in it, whose service was killed."""
    child = os.fork()
    if child == 0:
        _count()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    return Image(next(folder.iterdir()))


def _count() -> None:
    import prometheus_client as client

    import rseq.metrics.prometheus

    rseq.metrics.prometheus.install("shop")
    serve()
    client.Counter("c", "C.", ["a"]).labels("x").inc(2, {"trace": "y"})
    client.Gauge("g", "G.").set(3)
    client.Histogram("h", "H.").observe(0.3)
    client.Summary("s", "S.").observe(2)
    client.Info("i", "I.").info({"v": "1"})
    client.Enum("e", "E.", states=["a", "b"]).state("b")


def _go_through(folder: Path, image: Image, cases: range) -> None:
    case, code = -1, 1
    try:
        path = next(folder.iterdir())
        for case in cases:
            changed = folder / "changed"
            mutated(image, case)[0].write(changed)
            changed.chmod(0o600)
            changed.replace(path)
            _ask(case)
        code = 0
    except BaseException:  # noqa: BLE001 - a child ends here
        traceback.print_exc()
        print(f"case {case}: {mutated(image, case)[1]}", file=sys.stderr)
    finally:
        os._exit(code)


def _ask(case: int) -> None:
    """Everything that can be asked."""
    from starlette.testclient import TestClient

    try:
        app = app_for(chosen("shop"), None)
    except click.ClickException:
        return
    client = TestClient(app, base_url="http://localhost")
    assert client.get("/metrics", headers={"accept": FORMS[case % 2]}).status_code in (200, 503)
    app.state.live.look(1.0)
    app.state.live.look(2.0)
    assert client.get("/api/segment").status_code == 200
    for row in client.get("/api/structures?count=200").json()["rows"]:
        for path in ("structure", "events"):
            assert client.get(f"/api/{path}", params={"name": row["name"]}).status_code in (200, 503)
