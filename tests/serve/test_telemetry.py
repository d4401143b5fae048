"""OpenTelemetry's metrics at `/metrics` of `rseq serve`."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View

import rseq
from rseq._serve.telemetry import _bound, _unit
from rseq.metrics.opentelemetry import MeterProvider
from serve.conftest import Ask
from serve.test_metrics import scraped
from support import run_python

FINE = View(instrument_name="fine", aggregation=ExponentialBucketHistogramAggregation())


def test_each_instrument_is_exposed_as_the_specification_has_it(ask: Ask, segment_folder: Path) -> None:
    meter = MeterProvider(segment="shop", views=[FINE], shutdown_on_exit=False).get_meter("m", "1.2")
    requests = meter.create_counter("http.requests", "{request}", "Requests.")
    requests.add(1, {"code": 200, "http.method": "GET"})
    requests.add(2, {"code": "200", "http.method": "GET"})  # for Prometheus the same
    requests.add(5, {"a.b": 1, "a_b": "x"})
    meter.create_up_down_counter("in.flight", "1").add(3)
    meter.create_histogram("took", "s", explicit_bucket_boundaries_advisory=[1, 10]).record(7, {"le": True})
    meter.create_gauge("temp_celsius", "Cel").set(21.5)
    meter.create_counter("io_total", "By/s").add(2.5)
    rseq.Counter(name="http_requests", segment="shop").add(9)
    text = ask().get("/metrics").text
    assert "# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n" in text
    found = scraped(ask)
    scope = 'otel_scope_name="m",otel_scope_version="1.2"'
    assert {name: value for name, value in found.items() if "_created" not in name and "rseq_" not in name} == {
        f'http_requests_total{{code="200",http_method="GET",{scope}}}': 3,
        f'http_requests_total{{a_b="1;x",{scope}}}': 5,
        f"in_flight_ratio{{{scope}}}": 3,
        f'took_seconds_bucket{{le="1.0",le_="true",{scope}}}': 0,
        f'took_seconds_bucket{{le="10.0",le_="true",{scope}}}': 1,
        f'took_seconds_bucket{{le="+Inf",le_="true",{scope}}}': 1,
        f'took_seconds_count{{le_="true",{scope}}}': 1,
        f'took_seconds_sum{{le_="true",{scope}}}': 7,
        f"temp_celsius{{{scope}}}": 21.5,
        f"io_bytes_per_second_total{{{scope}}}": 2.5,
        "http_requests_counter_total": 9,
    }
    assert found["rseq_segment_problems"] == 0


def test_an_exponential_histogram_has_the_bounds_of_what_was_observed(ask: Ask, segment_folder: Path) -> None:
    meter = MeterProvider(segment="shop", views=[FINE], shutdown_on_exit=False).get_meter("m")
    fine = meter.create_histogram("fine")
    for amount in (0, 1, 1.1, 3, 3.2, 1e308, 5e-324):
        fine.record(amount)
    buckets = {name: value for name, value in scraped(ask).items() if name.startswith("fine_bucket")}
    bounds = {float(name.split('le="')[1].split('"')[0]): value for name, value in buckets.items()}
    assert bounds[0] == 1
    assert bounds[0.5 * 2**0.75] == 2  # the lower bound of what 1.0 is in
    assert bounds[1] == 3
    assert bounds[2**0.25] == 4
    assert bounds[2 * 2**0.5] == 4
    assert bounds[2 * 2**0.75] == 6
    assert bounds[math.inf] == 7
    assert list(bounds.values()) == sorted(bounds.values())


def test_streams_of_one_name_are_one_family_or_have_two_names(ask: Ask, segment_folder: Path) -> None:
    for meter in ("a", "b"):
        provider = MeterProvider(segment="shop", shutdown_on_exit=False)
        provider.get_meter(meter).create_counter("hits").add(1)
        bounds = [1.0] if meter == "a" else [2.0]
        provider.get_meter(meter).create_histogram("took", explicit_bucket_boundaries_advisory=bounds).record(1.5)
    found = scraped(ask)
    assert [found[f'hits_total{{otel_scope_name="{meter}"}}'] for meter in "ab"] == [1, 1]
    assert found['took_bucket{le="1.0",otel_scope_name="a"}'] == 0
    assert found['took_histogram_bucket{le="2.0",otel_scope_name="b"}'] == 1


@pytest.mark.parametrize(
    ("given", "type", "written"),
    [
        ("", "gauge", ""),
        ("1", "gauge", "ratio"),
        ("1", "counter", ""),
        ("{request}", "counter", ""),
        ("By/{op}", "counter", "bytes"),
        ("m/s", "gauge", "meters_per_second"),
        ("%", "gauge", "percent"),
        ("foo bar", "gauge", "foo_bar"),
    ],
)
def test_units_are_words_behind_the_name(given: str, type: str, written: str) -> None:
    assert _unit(given, type) == written


def test_no_bound_is_too_large_or_too_small() -> None:
    assert _bound(4096) == math.inf
    assert _bound(-4400) == 0.0


def test_the_server_needs_no_sdk() -> None:
    assert run_python("import rseq._serve.app, sys; print('opentelemetry' in sys.modules)").stdout == "False\n"
