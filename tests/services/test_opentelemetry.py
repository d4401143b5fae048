"""OpenTelemetry's instrumentation under gunicorn, whose workers are recycled and killed, the exporter among them."""

from __future__ import annotations

import os
import signal
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from metrics.otel.receiver import Receiver
from services.running import LIMIT_S, free_port, require, rseq, started

pytestmark = pytest.mark.services

ORDERS, KILLS = 2000, 8
APPS = Path(__file__).parent / "apps"


@pytest.mark.parametrize("temporality", ["delta", "cumulative"])
@pytest.mark.parametrize("more", [[], ["--preload"]], ids=["workers", "preload"])
def test_the_receiver_gets_as_many_orders_as_were_answered(temporality: str, more: list[str], tmp_path: Path) -> None:
    require("gunicorn", "opentelemetry.instrumentation.wsgi")
    receiver, port, log = Receiver(), free_port(), tmp_path / "server.log"
    given = {
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": receiver.endpoint,
        "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": temporality,
    }
    command = rseq("run", "--", "gunicorn", "--workers", "4", "--max-requests", "300", "--no-control-socket", *more)
    command += ["--chdir", str(APPS), "--bind", f"127.0.0.1:{port}", "with_opentelemetry:app"]
    url = f"http://127.0.0.1:{port}/"
    with started(command, log, ready=f"{url}ready", env=given):
        cut_off = _order(f"{url}order")
    counts = [point.as_int for point in receiver.intervals("orders") if "order" in str(point.attributes)]
    counted = sum(counts) if temporality == "delta" else max(counts)
    receiver.close()
    assert ORDERS <= counted <= ORDERS + cut_off, log.read_text()


def _order(url: str) -> int:
    """Order, and kill who has answered now and then; how many requests were not answered."""
    answered = cut_off = 0
    while answered < ORDERS:
        try:
            with urllib.request.urlopen(url, timeout=LIMIT_S) as response:
                worker = int(response.read())
        except OSError:
            cut_off += 1
            assert cut_off < ORDERS
            continue
        answered += 1
        if answered % (ORDERS // KILLS) == ORDERS // KILLS // 2:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
    return cut_off
