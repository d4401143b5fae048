"""Providers that export when they are asked, for the tests of exporting."""

from __future__ import annotations

from typing import Any

import rseq
from metrics.otel.telling import NEVER, Kept
from rseq.metrics.opentelemetry import MeterProvider

LONG_S = 60.0
"""Nothing takes that long."""


def provider(exporter: Kept | None, segment: rseq.Segment | str, **more: Any) -> MeterProvider:
    """One that exports when it is asked."""
    return MeterProvider(
        segment, exporter=exporter, **{"export_interval_millis": NEVER, "shutdown_on_exit": False, **more}
    )


def counted(exporter: Kept, segment: rseq.Segment | str) -> tuple[MeterProvider, Any, Any]:
    made = provider(exporter, segment)
    meter = made.get_meter("shop")
    return made, meter.create_counter("requests"), meter.create_histogram("sizes")
