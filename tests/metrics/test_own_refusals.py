"""rseq.metrics: what is refused, what is said of it, and that it counts nothing."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from rseq.metrics import Counter, Enum, Gauge, Histogram, Info, Summary

pytestmark = pytest.mark.usefixtures("registry_is_left_as_it_was")


REFUSED: list[tuple[Callable[[dict[str, Any]], object], type[Exception], str]] = [
    (lambda at: Counter("a", "", **at).inc(-1), ValueError, r"a counter only grows: expected an amount of 0 or more"),
    (lambda at: Counter("a", "", **at).inc(math.nan), ValueError, r"a counter only grows"),
    (lambda at: Counter("a", "", **at).inc("1"), TypeError, r"metrics\.Counter\.inc\(\): amount is f64, a float; got"),
    (lambda at: Counter("a", "", **at).inc(1, 5), TypeError, r"exemplar: expected a dict of labels, such as"),
    (lambda at: Counter("a", "", **at).inc(1, {"a": "b" * 128}), ValueError, r"128 letters at most, got 129"),
    (lambda at: Counter("a", "", **at).inc(1, {"__a": "b"}), ValueError, r"does not begin with '__'"),
    (lambda at: Counter("a", "", **at).inc(1, {"a": 1}), TypeError, r"exemplar label 'a': expected a str; got 1"),
    (lambda at: Counter("a", "", **at).inc(-1, {"a": "b"}), ValueError, r"a counter only grows"),
    (lambda at: Counter("a", "", **at).inc(1, None, 2), TypeError, r"inc\(\) takes"),
    (lambda at: Counter("a", "", **at).inc(by=2), TypeError, r"no parameter called 'by'"),
    (lambda at: Histogram("a", "", **at).observe(math.nan), ValueError, r"NaN is no observation"),
    (lambda at: Histogram("a", "", **at).observe(), TypeError, r"observe\(\) needs a value for 'amount'"),
    (lambda at: Summary("a", "", **at).observe(math.nan), ValueError, r"NaN is no observation"),
    (lambda at: Summary("a", "", **at).observe(1, {"a": "b"}), TypeError, r"takes 1 argument, got 2"),
    (lambda at: Counter("a", "", ["x"], **at).inc(), ValueError, r"inc\(\): .* has the labels \('x',\); give their"),
    (lambda at: Gauge("a", "", ["x"], **at).set(1), ValueError, r"set\(\): .* has the labels \('x',\); give their"),
    (lambda at: Enum("a", "", ["x"], states=["s"], **at).state("s"), ValueError, r"give their values first"),
    (lambda at: Info("a", "", ["x"], **at).info({}), ValueError, r"give their values first"),
    (lambda at: Counter("a", "", **at).labels("x"), ValueError, r"without labelnames"),
    (lambda at: Counter("a", "", ["x"], **at).labels("x").labels("y"), ValueError, r"has its labels already"),
    (lambda at: Counter("a", "", ["x"], **at).labels(), ValueError, r"got 0 values"),
    (lambda at: Counter("a", "", ["x"], **at).labels("x", "y"), ValueError, r"has \('x',\); got 2 values"),
    (lambda at: Counter("a", "", ["x"], **at).labels(y="1"), ValueError, r"has \('x',\); got \('y',\)"),
    (lambda at: Counter("a", "", ["x"], **at).labels("1", x="1"), ValueError, r"got both"),
    (lambda at: Counter("a", "", ["x"], **at).labels("\ud800"), ValueError, r"label 'x': expected text that can be"),
    (lambda at: Counter("a", "", "xy", **at), TypeError, r"labelnames: expected a list of names, such as \['xy'\]"),
    (lambda at: Counter("a", "", ["x", "x"], **at), ValueError, r"'x' is there twice"),
    (lambda at: Counter("a", "", ["__x"], **at), ValueError, r"does not begin with '__'"),
    (lambda at: Histogram("a", "", ["le"], **at), ValueError, r"'le' is a label that a histogram makes itself"),
    (lambda at: Summary("a", "", ["quantile"], **at), ValueError, r"'quantile' is a label that a summary makes itself"),
    (lambda at: Enum("a", "", ["a"], states=["s"], **at), ValueError, r"'a' is a label that a stateset makes itself"),
    (lambda at: Counter("", "", **at), ValueError, r"name: expected a name"),
    (lambda at: Counter("_total", "", **at), ValueError, r"more than the ending of a counter"),
    (lambda at: Counter(5, "", **at), TypeError, r"name: expected a str; got 5"),  # type: ignore[arg-type]
    (lambda at: Counter("a", None, **at), TypeError, r"documentation: expected a str; got None"),  # type: ignore[arg-type]
    (lambda at: Info("a", "", unit="s", **at), ValueError, r"unit: .* of a type that has none"),
    (lambda at: Gauge("a", "", multiprocess_mode="some", **at), ValueError, r"multiprocess_mode: expected one of"),
    (lambda at: Gauge("a", "", multiprocess_mode="mostrecent", **at).inc(), RuntimeError, r"mostrecent. is only set"),
    (lambda at: Gauge("a", "", **at).set("x"), TypeError, r"value: expected a number, got 'x'"),  # type: ignore[arg-type]
    (lambda at: Gauge("a", "", **at).set(), TypeError, r"set\(\) missing 1 required positional argument"),  # type: ignore[call-arg]
    (lambda at: Gauge("a", "", **at).inc(1, 2), TypeError, r"inc\(\) takes from 1 to 2 positional arguments"),  # type: ignore[call-arg]
    (lambda at: Gauge("a", "", **at).dec(by=1), TypeError, r"unexpected keyword argument 'by'"),  # type: ignore[call-arg]
    (lambda at: Gauge("a", "", **at).dec([1]), TypeError, r"amount: expected a number, got \[1\]"),  # type: ignore[arg-type]
    (lambda at: Gauge.inc(object.__new__(Gauge)), TypeError, r"made without calling __init__"),
    (lambda at: Gauge.inc(Counter("a", "", **at)), TypeError, r"doesn't apply|for 'Gauge' objects"),  # type: ignore[arg-type]
    (lambda at: Gauge("a", "", **at).set_function(3), TypeError, r"expected a function"),  # type: ignore[arg-type]
    (lambda at: Histogram("a", "", buckets=(), **at), ValueError, r"expected 1 to 65535 bounds beside infinity, got 0"),
    (lambda at: Histogram("a", "", buckets=(2, 1), **at), ValueError, r"got 2.0 and then 1.0"),
    (lambda at: Histogram("a", "", buckets=(1, 1), **at), ValueError, r"got 1.0 and then 1.0"),
    (lambda at: Histogram("a", "", buckets=(math.nan,), **at), ValueError, r"expected finite numbers; got nan"),
    (lambda at: Histogram("a", "", buckets="1", **at), TypeError, r"buckets: expected numbers"),
    (lambda at: Histogram("a", "", buckets=(None,), **at), TypeError, r"buckets: expected a number, got None"),  # type: ignore[arg-type]
    (lambda at: Histogram.exponential("a", "", lowest=0, **at), ValueError, r"<= lowest < highest <= 2\*\*1023"),
    (lambda at: Histogram.exponential("a", "", lowest=2, highest=2, **at), ValueError, r"got 2.0 and 2.0"),
    (lambda at: Histogram.exponential("a", "", relative_error=0.001, **at), ValueError, r"expected 0.0014 or more"),
    (lambda at: Histogram.exponential("a", "", relative_error=1, **at), ValueError, r"below 1; got 1.0"),
    (lambda at: Histogram.exponential("a", "", relative_error="x", **at), TypeError, r"expected a number, got 'x'"),  # type: ignore[arg-type]
    (
        lambda at: Histogram.exponential("a", "", lowest=1e-300, highest=1e300, relative_error=0.002, **at),
        ValueError,
        r"more than 65535 bounds",
    ),
    (lambda at: Enum("a", "", **at), ValueError, r"states: expected at least one"),
    (lambda at: Enum("a", "", states=["x", "x"], **at), ValueError, r"'x' is there twice"),
    (lambda at: Enum("a", "", states=["x"], **at).state("y"), ValueError, r"has \['x'\]; got 'y'"),
    (lambda at: Info("a", "", **at).info({"a": 1}), TypeError, r"info 'a': expected a str"),  # type: ignore[dict-item]
    (lambda at: Info("a", "", ["x"], **at).labels("1").info({"x": "1"}), ValueError, r"'x' is a label of"),
    (lambda at: Counter("a", "", segment=5, registry=None), TypeError, r"segment"),  # type: ignore[arg-type]
    (lambda at: Counter("a", "", **at).remove("x"), ValueError, r"no sets of labels to remove"),
    (lambda at: Counter("a", "", ["x"], **at).remove_by_labels({"y": "1"}), ValueError, r"got \['y'\]"),
    (lambda at: Counter("a", "", ["x"], **at).remove_by_labels("y"), TypeError, r"expected a dict"),  # type: ignore[arg-type]
    (lambda at: Counter("a", "", **at).count_exceptions(5), TypeError, r"a class of exceptions"),  # type: ignore[arg-type]
    (
        lambda at: Summary("a", "", **at).time()(lambda: (yield)),
        TypeError,
        r"is a generator, which runs in parts: write",
    ),
    (lambda at: Summary("a", "", **at).time()(5), TypeError, r"expected a function to be put around"),  # type: ignore[type-var]
    (lambda at: pickle.dumps(Counter("a", "", **at)), TypeError, r"make it anew in the other process"),
    (lambda at: copy.copy(Counter("a", "", ["x"], **at)), TypeError, r"make it anew in the other process"),
]


@pytest.mark.parametrize(("call", "kind", "text"), REFUSED, ids=map(str, range(len(REFUSED))))
def test_what_is_wrong_is_said(
    call: Callable[[dict[str, Any]], object], kind: type[Exception], text: str, plain: dict[str, Any]
) -> None:
    with pytest.raises(kind, match=text):
        call(plain)


def test_what_is_refused_counts_nothing_and_leaves_no_exemplar(plain: dict[str, Any]) -> None:
    hits, latency = Counter("hits", "", **plain), Histogram("latency", "", buckets=(1,), **plain)
    hits.inc(1, {"trace": "good"})
    latency.observe(0.5, {"trace": "good"})
    for metric, method, amount in ((hits, hits.inc, -1.0), (latency, latency.observe, math.nan)):
        with pytest.raises(ValueError, match=r"grows|NaN"):
            method(amount, {"trace": "bad"})
        with pytest.raises(ValueError, match="128 letters"):
            method(1.0, {"trace": "b" * 200})
        (family,) = metric.collect()
        kept = [sample.exemplar.labels for sample in family.samples if sample.exemplar]
        assert kept == [{"trace": "good"}]
    assert (hits.value, latency.count, latency.sum) == (1, 1, 0.5)
