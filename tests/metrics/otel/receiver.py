"""A receiver of OpenTelemetry's protocol: protobuf over HTTP, on loopback."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)


class Receiver:
    """Keeps what it is sent. `answer(pid)` says with which HTTP status a request of that process is answered."""

    def __init__(self) -> None:
        self.told: list[ExportMetricsServiceRequest] = []
        self.answer: Callable[[int], int] = lambda pid: 200
        self._turn = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        """Where metrics are sent to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1/metrics"

    def close(self) -> None:
        """No more of it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def points(self) -> Iterator[tuple[str, Any, Any]]:
        """Each data point: its metric's name, the metric, itself."""
        for told in self.told:
            for resource in told.resource_metrics:
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        for point in getattr(metric, metric.WhichOneof("data")).data_points:
                            yield metric.name, metric, point

    def intervals(self, name: str) -> list[Any]:
        """The differences of a metric, each once. AssertionError: the same interval was told in two ways."""
        found: dict[Any, Any] = {}
        for _, _, point in (one for one in self.points() if one[0] == name):
            times = point.start_time_unix_nano, point.time_unix_nano, str(point.attributes)
            assert found.setdefault(times, point) == point
        return list(found.values())

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                with receiver._turn:
                    receiver.told.append(ExportMetricsServiceRequest.FromString(body))
                status = receiver.answer(int(self.headers.get("X-Process", 0)))
                try:
                    self.send_response(status)
                    self.end_headers()
                    self.wfile.write(ExportMetricsServiceResponse().SerializeToString())
                except OSError:
                    pass  # it has been killed

            def log_message(self, *_: Any) -> None:
                """Nothing."""

        return Handler
