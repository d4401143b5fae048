"""What exporters are told, in this process or out of one that will be killed; and data points side by side."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from opentelemetry.sdk.metrics import Counter, Histogram, ObservableCounter, UpDownCounter
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExporter,
    MetricExportResult,
    MetricsData,
)

DELTA = dict.fromkeys((Counter, Histogram, UpDownCounter, ObservableCounter), AggregationTemporality.DELTA)
NEVER = float("inf")
"""An interval: only what asks for it is exported."""


class Kept(MetricExporter):
    """Keeps what it is told; it fails as often as `failures` says."""

    def __init__(self, temporality: dict[type, Any] | None = None, aggregation: dict[type, Any] | None = None) -> None:
        super().__init__(preferred_temporality=temporality, preferred_aggregation=aggregation)
        self.told: list[MetricsData] = []
        self.failures = 0
        self.was_shut_down = False

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: Any) -> MetricExportResult:
        """Keep it, or fail."""
        if self.failures:
            self.failures -= 1
            return MetricExportResult.FAILURE
        self.told.append(metrics_data)
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Nothing waits."""
        return True

    def shutdown(self, timeout_millis: float = 30_000, **_: Any) -> None:
        """Remember it."""
        self.was_shut_down = True


class Told(Kept):
    """Appends what it is told to a file, a line at a time, so that it is there when its process is killed."""

    def __init__(self, path: Path, temporality: dict[type, Any] | None = None) -> None:
        super().__init__(temporality)
        self.path = path

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: Any) -> MetricExportResult:
        """Write it in one piece."""
        line = json.dumps({"pid": os.getpid(), "told": json.loads(metrics_data.to_json(indent=None))}) + "\n"
        with self.path.open("ab", buffering=0) as file:
            file.write(line.encode())
        return MetricExportResult.SUCCESS


def lines(path: Path) -> list[dict[str, Any]]:
    """What was told to a `Told`, and by whom."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def points_of(told: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each data point of MetricsData, as JSON, with its metric's name."""
    for resource in told["resource_metrics"]:
        for scope in resource["scope_metrics"]:
            for metric in scope["metrics"]:
                for point in metric["data"]["data_points"]:
                    yield metric["name"], point


def plain(data: MetricsData | None) -> Any:
    """As JSON has it, but for bytes, which it has not."""
    if data is None:
        return None
    return {
        "resource_metrics": [
            {
                "resource": {"attributes": dict(one.resource.attributes)},
                "scope_metrics": [
                    {
                        "scope": json.loads(scope.scope.to_json()),
                        "schema_url": scope.schema_url,
                        "metrics": [{**vars(metric), "data": asdict(metric.data)} for metric in scope.metrics],
                    }
                    for scope in one.scope_metrics
                ],
            }
            for one in data.resource_metrics
        ]
    }


def values(data: MetricsData | Any, number: str = "value") -> dict[Any, Any]:
    """Numbers of points that have them, by the metric's name and its attributes' values."""
    told = plain(data) if isinstance(data, MetricsData) else data
    points = [] if told is None else points_of(told)
    return {(name, *point["attributes"].values()): point[number] for name, point in points if number in point}


def in_child(work: Callable[[], object], end: int | None = None) -> int:
    """Run it in a forked child, which then ends, by a signal if `end` says so; its pid, which is gone."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - said, and the child ends
            import traceback

            traceback.print_exc()
            os._exit(1)
        if end is not None:
            os.kill(os.getpid(), end)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -(end or 0)
    return pid


def sums(told: Iterable[Any], name: str) -> float:
    """All the differences of a counter that were told, added up."""
    return sum(point["value"] for one in told for found, point in points_of(one) if found == name)
