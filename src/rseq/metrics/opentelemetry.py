"""OpenTelemetry's metrics in a segment that all workers of a service share, exported once for all of them.

    from opentelemetry import metrics
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from rseq.metrics.opentelemetry import MeterProvider

    metrics.set_meter_provider(MeterProvider(segment="shop", exporter=OTLPMetricExporter()))

docs/opentelemetry.md says what is counted where, and what holds when the process that exports is killed.
"""

from __future__ import annotations

from rseq._extras import missing
from rseq._once import load

try:
    load("opentelemetry.sdk.metrics")
except ModuleNotFoundError as error:
    if (error.name or "").startswith("opentelemetry"):
        raise missing("opentelemetry") from None
    raise

from rseq._metrics.otel.provider import MeterProvider

__all__ = ["MeterProvider"]
