"""A WSGI application with OpenTelemetry's instrumentation, whose metrics of all workers are one."""

from __future__ import annotations

import os
from typing import Any

from opentelemetry import metrics
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware

from rseq.metrics.opentelemetry import MeterProvider

metrics.set_meter_provider(MeterProvider(exporter=OTLPMetricExporter(), export_interval_millis=100))
orders = metrics.get_meter("shop").create_counter("orders")


def _order(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    orders.add(1, {"path": environ["PATH_INFO"]})
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]


app = OpenTelemetryMiddleware(_order)
