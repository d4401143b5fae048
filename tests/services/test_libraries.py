"""Packages that put metrics into web frameworks by prometheus_client, as they are published, under `rseq run`."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.running import complaints, free_port, got, require, rseq, started, total, until

pytestmark = pytest.mark.services

APPS = Path(__file__).parent / "apps"
REQUESTS = 40
ASGI, WSGI = "uvicorn_worker.UvicornWorker", "sync"

# The application, the package, what it needs, the worker, and the samples that count its requests.
LIBRARIES = [
    ("with_fastapi_instrumentator", "prometheus_fastapi_instrumentator", "fastapi", ASGI, "http_requests_total"),
    ("with_starlette_exporter", "starlette_exporter", "starlette", ASGI, "starlette_requests_total"),
    ("with_flask_exporter", "prometheus_flask_exporter", "flask", WSGI, "flask_http_request_duration_seconds_count"),
    (
        "with_flask_exporter_s_files",
        "prometheus_flask_exporter",
        "flask",
        WSGI,
        "flask_http_request_duration_seconds_count",
    ),
    (
        "with_django_prometheus",
        "django_prometheus",
        "django",
        WSGI,
        "django_http_responses_total_by_status_view_method_total",
    ),
]


@pytest.mark.parametrize(
    ("app", "package", "framework", "worker", "sample"), LIBRARIES, ids=[row[0] for row in LIBRARIES]
)
def test_any_worker_exposes_the_requests_of_all(
    app: str, package: str, framework: str, worker: str, sample: str, tmp_path: Path
) -> None:
    require("gunicorn", "uvicorn_worker", package, framework)
    port, folder = free_port(), tmp_path / "folder"
    folder.mkdir()
    url = f"http://127.0.0.1:{port}"
    command = f"gunicorn --workers 4 --worker-class {worker} --bind 127.0.0.1:{port} --no-control-socket {app}:app"
    files = {"PROMETHEUS_MULTIPROC_DIR": str(folder)} if app.endswith("files") else {}
    env = {"PYTHONPATH": str(APPS), **files}
    with started(rseq("run", "--", *command.split()), tmp_path / "log", ready=f"{url}/metrics", env=env):
        for _ in range(REQUESTS):
            assert got(f"{url}/hello").strip('"') == "hello"

        def counted() -> float:
            return total(got(f"{url}/metrics"), sample, having='hello"')

        until(lambda: counted() == REQUESTS, lambda: f"{counted()} of {REQUESTS}")  # ASGI counts behind the answer
        assert [counted() for _ in range(4)] == [REQUESTS] * 4
        assert complaints(got(f"{url}/metrics")) == ""
    assert list(folder.iterdir()) == []
