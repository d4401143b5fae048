"""Instruments whose numbers live in a segment say what the SDK's say; what cannot be measured is logged."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from decimal import Decimal
from typing import Any

import pytest
from opentelemetry import metrics as api
from opentelemetry.metrics import Observation
from opentelemetry.sdk import metrics as sdk
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.view import (
    DropAggregation,
    ExplicitBucketHistogramAggregation,
    ExponentialBucketHistogramAggregation,
    LastValueAggregation,
    SumAggregation,
    View,
)
from opentelemetry.sdk.resources import Resource

import rseq
from metrics.otel.telling import NEVER, Kept, plain, values
from rseq._metrics.otel.sdk import require_sdk
from rseq.metrics.opentelemetry import MeterProvider

Use = Callable[[Any], object]
"""What a program does with a meter."""


def provider(exporter: Kept | None = None, **more: Any) -> MeterProvider:
    """One of a segment of its own, which exports when it is asked."""
    more = {"segment": rseq.Segment(), "export_interval_millis": NEVER, "shutdown_on_exit": False, **more}
    return MeterProvider(exporter=exporter, **more)


def _ours(use: Use, **more: Any) -> Any:
    made = provider(Kept(), **more)
    use(made.get_meter("shop", "1.0", "https://schema", {"a": 1}))
    found = plain(made.collect())
    made.shutdown()
    return _comparable(found)


def _theirs(use: Use, **more: Any) -> Any:
    reader = InMemoryMetricReader()
    made = sdk.MeterProvider([reader], shutdown_on_exit=False, **more)
    use(made.get_meter("shop", "1.0", "https://schema", {"a": 1}))
    found = plain(reader.get_metrics_data())
    made.shutdown()
    return _comparable(found)


def _comparable(told: Any) -> Any:
    """Without times, the instance, and extremes, which we do not have; points in the order of their attributes."""
    if told is None:
        return None
    (resource,) = told["resource_metrics"]
    resource["resource"]["attributes"].pop("service.instance.id", None)
    for scope in resource["scope_metrics"]:
        scope["metrics"].sort(key=lambda metric: metric["name"])
        for metric in scope["metrics"]:
            metric["data"]["data_points"].sort(key=lambda point: repr(sorted(point["attributes"].items())))
            for point in metric["data"]["data_points"]:
                since, until = point.pop("start_time_unix_nano"), point.pop("time_unix_nano")
                assert since is None or 0 < since <= until
                point.pop("min", None)
                point.pop("max", None)
    return told


def _sums(meter: Any) -> None:
    counter = meter.create_counter("requests", "1", "Requests.")
    counter.add(1)
    counter.add(2, {"method": "GET", "code": 200})
    counter.add(3, {"code": 200, "method": "GET"})
    counter.add(0, {"method": "POST"})
    counter.add(1, {"list": ["a", "b"], "none": None, "bytes": b"\xff", "map": {"a": 1, "b": [True]}})
    for value in (True, 1, 1.0, "1", "true", "null", '"x"', "[1]", " 1", "x"):
        counter.add(5, {"value": value})
    meter.create_counter("seconds").add(0.5)
    up = meter.create_up_down_counter("active")
    up.add(5)
    up.add(-7)
    gauge = meter.create_gauge("level", "C", "Level.")
    gauge.set(4)
    gauge.set(3)
    gauge.set(2.5, {"where": "here"})


def _histograms(meter: Any) -> None:
    sizes = meter.create_histogram("sizes", "By", "Sizes.")
    for amount in (0, 5, 5.0001, 99, 1e9, 3.25):
        sizes.record(amount, {"a": "b"})
    advised = meter.create_histogram("advised", explicit_bucket_boundaries_advisory=[1, 2, 4])
    for amount in (1, 1.5, 2, 3, 5):
        advised.record(amount)


def _observables(meter: Any) -> None:
    def observe(options: Any) -> Any:
        yield Observation(7)
        yield Observation(2.5, {"a": "b"})
        yield Observation(3, {"a": "b"})
        yield Observation(math.inf, {"a": "c"})

    meter.create_observable_counter("cpu", [observe], "s", "CPU.")
    meter.create_observable_up_down_counter("memory", [observe])
    meter.create_observable_gauge("temperature", [observe])
    meter.create_observable_gauge("silent", [])


@pytest.mark.parametrize("use", [_sums, _histograms, _observables, lambda meter: meter.create_counter("idle")])
def test_they_say_what_the_sdk_says(use: Use) -> None:
    assert _ours(use) == _theirs(use)


VIEWS = {
    "renamed": [View(instrument_name="requests", name="hits", description="Hits.")],
    "keys": [View(instrument_name="requests", attribute_keys={"method"})],
    "two": [View(instrument_name="req*"), View(instrument_name="requests", name="again")],
    "dropped": [View(instrument_name="*", aggregation=DropAggregation())],
    "by type": [View(instrument_type=sdk.Counter, aggregation=DropAggregation())],
    "unit": [View(instrument_unit="C", name="celsius")],
    "other meter": [View(meter_name="other", aggregation=DropAggregation())],
    "last": [View(instrument_name="requests", aggregation=LastValueAggregation())],
    "histogram": [View(instrument_name="requests", aggregation=ExplicitBucketHistogramAggregation([1, 3]))],
    "sum": [View(instrument_name="level", aggregation=SumAggregation())],
}


@pytest.mark.parametrize("name", VIEWS)
def test_views_do_what_they_do_in_the_sdk(name: str) -> None:
    assert _ours(_sums, views=VIEWS[name]) == _theirs(_sums, views=VIEWS[name])


def test_views_of_histograms_and_observables_do_what_they_do_in_the_sdk() -> None:
    views = [
        View(instrument_name="sizes", aggregation=ExplicitBucketHistogramAggregation([10, 100])),
        View(instrument_name="advised", aggregation=SumAggregation()),
        View(instrument_name="cpu", attribute_keys=set(), name="processor"),
    ]

    def use(meter: Any) -> None:
        _histograms(meter)
        _observables(meter)

    assert _ours(use, views=views) == _theirs(use, views=views)


SPREADS = {
    "one": [1.0],
    "powers of two": [2.0**n for n in range(-10, 11)],
    "wide": [1e-9, 1.0, 3.3, 1e12],
    "extremes": [5e-324, 2.3e-308, 1.7e308],
    "zeros": [0, 0.0, 7, 9],
    "latencies": [0.001 * 1.37**n for n in range(25)],
}


@pytest.mark.parametrize("size", [160, 20, 2])
@pytest.mark.parametrize("name", SPREADS)
def test_exponential_histograms_are_those_of_the_sdk_at_a_scale_that_both_have(name: str, size: int) -> None:
    views = [View(instrument_name="*", aggregation=ExponentialBucketHistogramAggregation(size, 5))]

    def use(meter: Any) -> None:
        histogram = meter.create_histogram("sizes")
        for amount in SPREADS[name]:
            histogram.record(amount)

    ours, theirs = (_point(told(use, views=views)) for told in (_ours, _theirs))
    assert theirs["scale"] <= 5
    if name == "extremes":  # what the SDK takes for the smallest normal number is counted where it lies
        assert ours["count"] == theirs["count"]
        return
    assert _trimmed(ours) == _trimmed(theirs)


def _point(told: Any) -> dict[str, Any]:
    (point,) = told["resource_metrics"][0]["scope_metrics"][0]["metrics"][0]["data"]["data_points"]
    assert isinstance(point, dict)
    return point


def _trimmed(point: dict[str, Any]) -> dict[str, Any]:
    """Without empty buckets at the ends, which mean nothing."""
    counts, offset = list(point["positive"]["bucket_counts"]), point["positive"]["offset"]
    while counts and not counts[0]:
        counts, offset = counts[1:], offset + 1
    while counts and not counts[-1]:
        counts.pop()
    return {**point, "positive": (offset, counts), "negative": sum(point["negative"]["bucket_counts"])}


def test_the_exporter_s_preference_makes_exponential_histograms() -> None:
    made = provider(Kept(aggregation={sdk.Histogram: ExponentialBucketHistogramAggregation(max_size=4)}))
    made.get_meter("shop").create_histogram("sizes").record(3)
    assert values(made.collect(), "scale") == {("sizes",): 5}


def test_more_sets_of_attributes_than_may_be_are_one() -> None:
    made = provider(views=[View(instrument_name="*", aggregation_cardinality_limit=3)])
    counter = made.get_meter("shop").create_counter("hits")
    for _ in range(2):
        for number in range(5):
            counter.add(1, {"number": f"{number}"})
    found = values(made.collect())
    assert found == {("hits", "0"): 2, ("hits", "1"): 2, ("hits", "2"): 2, ("hits", True): 4}
    again = MeterProvider(made.segment, views=made._views, shutdown_on_exit=False).get_meter("shop")
    again.create_counter("hits").add(1, {"number": "1"})
    again.create_counter("hits").add(1, {"number": "9"})
    assert values(made.collect()) == {("hits", "0"): 2, ("hits", "1"): 3, ("hits", "2"): 2, ("hits", True): 5}


def test_the_number_that_is_measured_stays_whole_until_a_float_comes() -> None:
    made = provider()
    counter = made.get_meter("shop").create_counter("hits")
    counter.add(True)
    counter.add(2)
    (value,) = values(made.collect()).values()
    assert (value, type(value)) == (3, int)
    counter.add(1.0)
    (value,) = values(made.collect()).values()
    assert (value, type(value)) == (4, float)


# ---- what cannot be measured


@pytest.mark.parametrize("amount", [-1, -0.5, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", ["counter", "histogram"])
def test_amounts_below_0_and_infinite_ones_are_left_out(
    amount: float, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    made = provider()
    instrument: Any = getattr(made.get_meter("shop"), f"create_{kind}")("hits")
    (instrument.add if kind == "counter" else instrument.record)(amount)
    assert made.collect() is None
    assert "hits: expected a finite amount, 0 or more, got" in caplog.text


class Twice:
    """A number that compares as 1 does, and is none."""

    def __le__(self, other: Any) -> bool:
        return bool(other >= 1)

    __lt__ = __le__

    def __ge__(self, other: Any) -> bool:
        return bool(other <= 1)

    __gt__ = __ge__


@pytest.mark.parametrize("amount", [10**400, -(10**5000), Twice(), Decimal("0.5")], ids=type)
def test_an_amount_is_recorded_as_a_whole_or_not_at_all(amount: Any, caplog: pytest.LogCaptureFixture) -> None:
    made = provider()
    meter = made.get_meter("shop")
    sizes, rows = meter.create_histogram("sizes"), meter.create_counter("rows")
    flows, level = meter.create_up_down_counter("flows"), meter.create_gauge("level")
    for use in (sizes.record, rows.add, flows.add, level.set):
        use(2)
        with pytest.raises(TypeError) if isinstance(amount, Twice) else nullcontext():
            use(amount)
    more = 0.5 if isinstance(amount, Decimal) else 0
    assert values(made.collect()) == {("rows",): 2 + more, ("flows",): 2 + more, ("level",): more or 2}
    assert values(made.collect(), "sum") == {("sizes",): 2 + more}
    assert values(made.collect(), "count") == {("sizes",): 2 if more else 1}
    assert caplog.text.count("; it is not recorded") == (4 if isinstance(amount, int) else 0)
    assert "digits" in caplog.text or not isinstance(amount, int)
    made.shutdown()


@pytest.mark.parametrize("amount", [math.nan, math.inf, -math.inf])
def test_what_goes_up_and_down_is_finite(amount: float, caplog: pytest.LogCaptureFixture) -> None:
    made = provider()
    made.get_meter("shop").create_up_down_counter("active").add(amount)
    made.get_meter("shop").create_gauge("level").set(amount)
    assert made.collect() is None
    assert caplog.text.count("expected a finite amount, got") == 2


@pytest.mark.parametrize("amount", ["1", None, [1], 1j])
def test_an_amount_that_is_no_number_is_a_type_error(amount: Any) -> None:
    made = provider()
    counter = made.get_meter("shop").create_counter("hits")
    with pytest.raises(TypeError):
        counter.add(amount)
    assert made.collect() is None


@pytest.mark.parametrize("attributes", [["a"], "a", 5])
def test_attributes_that_are_no_mapping_are_left_out(attributes: Any, caplog: pytest.LogCaptureFixture) -> None:
    made = provider()
    made.get_meter("shop").create_counter("hits").add(2, attributes)
    assert values(made.collect()) == {("hits",): 2}
    assert "attributes: expected a mapping or None" in caplog.text


def test_attributes_that_no_protocol_carries_keep_nothing_else_from_being_sent() -> None:
    from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics

    made = provider()
    counter = made.get_meter("shop").create_counter("hits")
    counter.add(1, {"large": 1 << 70, "surrogate": "\ud800", "\udfff": "x", "nan": math.nan})
    counter.add(1, {"object": object})  # type: ignore[dict-item]
    told = made.collect()
    assert told is not None
    assert encode_metrics(told).SerializeToString()


@pytest.mark.parametrize("name", ["", "1st", "a" * 300, "ü", "a b"])
def test_a_name_that_the_sdk_refuses_is_refused(name: str) -> None:
    with pytest.raises(Exception, match="Expected ASCII string"):
        provider().get_meter("shop").create_counter(name)


@pytest.mark.parametrize("bounds", [[2, 1], [1, 1], [math.nan], [math.inf]])
def test_bounds_that_are_none_are_refused(bounds: list[float]) -> None:
    meter = provider().get_meter("shop")
    with pytest.raises(ValueError, match="bounds of a histogram: expected finite numbers, each above the one before"):
        meter.create_histogram("sizes", explicit_bucket_boundaries_advisory=bounds)


def test_bounds_that_are_no_numbers_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    made = provider()
    wrong: Any = ["a"]
    made.get_meter("shop").create_histogram("sizes", explicit_bucket_boundaries_advisory=wrong).record(1)
    assert values(made.collect(), "count") == {("sizes",): 1}
    assert "expected a sequence of numbers as bounds" in caplog.text


def test_a_segment_that_is_full_loses_the_measurement_and_says_so(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = provider()
    counter = made.get_meter("shop").create_counter("hits")
    counter.add(1, {"a": "b"})

    def full(*_: object) -> None:
        raise MemoryError("no room")

    (stream,) = counter._streams  # type: ignore[attr-defined]
    monkeypatch.setattr(stream, "_make", full)
    counter.add(1, {"a": "c"})
    counter.add(1, {"a": "b"})
    assert "is not recorded: no room" in caplog.text
    assert values(made.collect()) == {("hits", "b"): 2}


def test_a_cell_that_gets_no_more_memory_loses_the_measurement_and_says_so(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rseq._metrics.otel import cells

    made = provider(views=[View(instrument_name="*", aggregation=ExponentialBucketHistogramAggregation())])
    sizes = made.get_meter("shop").create_histogram("sizes")
    sizes.record(1)

    def full(*_: object) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(cells, "Series", full)
    sizes.record(1e9)
    sizes.record(1)
    assert "sizes is not recorded: no room" in caplog.text
    assert values(made.collect(), "count") == {("sizes",): 2}


# ---- meters and providers


def test_one_name_is_one_instrument() -> None:
    meter = provider().get_meter("shop")
    assert meter.create_counter("hits") is meter.create_counter("Hits")
    assert meter.create_counter("hits") is not meter.create_counter("hits", "1")
    assert meter is meter


def test_meters_are_apart_and_a_meter_is_one() -> None:
    made = provider()
    assert made.get_meter("shop") is made.get_meter("shop")
    made.get_meter("shop").create_counter("hits").add(1)
    made.get_meter("shop", "2").create_counter("hits").add(2)
    made.get_meter("shop", attributes={"a": 1}).create_counter("hits").add(3)
    told = plain(made.collect())
    (resource,) = told["resource_metrics"]
    assert [scope["metrics"][0]["data"]["data_points"][0]["value"] for scope in resource["scope_metrics"]] == [1, 2, 3]


def test_a_meter_without_a_name_does_nothing(caplog: pytest.LogCaptureFixture) -> None:
    made = provider()
    made.get_meter("").create_counter("hits").add(1)
    assert made.collect() is None
    assert "there is no meter for ''" in caplog.text


def test_the_sdk_s_switch_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert isinstance(provider().get_meter("shop"), api.NoOpMeter)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"segment": 5}, "segment: expected an rseq.Segment"),
        ({"exporter": 5}, "exporter: expected a MetricExporter of OpenTelemetry, got 5"),
        ({"resource": {}}, "resource: expected a Resource of OpenTelemetry"),
        ({"views": [5]}, "views: expected a View of OpenTelemetry, got 5"),
        ({"views": 5}, "views: expected a sequence of Views, got 5"),
        ({"export_interval_millis": "5"}, "export_interval_millis: expected milliseconds"),
        ({"export_timeout_millis": True}, "export_timeout_millis: expected milliseconds"),
    ],
)
def test_arguments_that_are_none_are_type_errors(given: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        MeterProvider(**{"segment": rseq.Segment(), **given})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"segment": None}, "RSEQ_METRICS; got None"),
        ({"export_interval_millis": 0}, "export_interval_millis: expected milliseconds, more than 0; got 0"),
        ({"export_interval_millis": math.nan}, "export_interval_millis: expected milliseconds, more than 0; got nan"),
        ({"keep": True}, "keep: it is for a segment that is given by name"),
    ],
)
def test_arguments_out_of_range_are_value_errors(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MeterProvider(**{"segment": rseq.Segment(), **given})


def test_the_environment_says_which_segment_and_how_often(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("RSEQ_METRICS", "shop")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "often")
    made = MeterProvider(shutdown_on_exit=False)
    assert made.segment.name == "shop"
    assert "OTEL_METRIC_EXPORT_INTERVAL: expected milliseconds" in caplog.text
    made.shutdown()


def test_the_resource_is_the_service_s() -> None:
    given = Resource({"service.name": "shop", "service.instance.id": "mine", "process.pid": 1, "host.name": "h"})
    made = provider(resource=given)
    made.get_meter("shop").create_counter("hits").add(1)
    told = plain(made.collect())
    attributes = told["resource_metrics"][0]["resource"]["attributes"]
    assert attributes.keys() == {"service.name", "service.instance.id", "host.name"}
    assert attributes["service.instance.id"] != "mine"


def test_it_can_be_set_as_opentelemetry_s(caplog: pytest.LogCaptureFixture) -> None:
    from support import run_python

    code = """
        from opentelemetry import metrics
        early = metrics.get_meter("early").create_counter("early")
        from rseq.metrics.opentelemetry import MeterProvider
        import rseq
        made = MeterProvider(rseq.Segment())
        metrics.set_meter_provider(made)
        early.add(1)
        metrics.get_meter("late").create_histogram("late").record(1)
        print(made.collect().to_json())
    """
    told = run_python(code).stdout
    assert '"early"' in told
    assert '"late"' in told


def test_an_sdk_with_other_names_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(View, "_match")
    with pytest.raises(RuntimeError, match=r"this opentelemetry-sdk has no _match of .*, which rseq"):
        require_sdk()
