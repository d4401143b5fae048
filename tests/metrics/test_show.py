"""`rseq show` of a service's metrics, by whoever looks from outside."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import rseq
from metrics.programs import run_installed
from rseq._metrics.blocks import made
from rseq._percpu.shared.extents import Wanted

SERVICE = """
    hits = Counter("hits", "Hits.", ["a"])
    hits.labels("x").inc(2, {"trace": "y"})
    hits.labels("gone").inc()
    hits.remove("gone")
    Gauge("load", "Load.", multiprocess_mode="max").set(1.5)
    alone = Gauge("alone", "Alone.", ["a"])
    in_child(lambda: alone.labels("x").set(4), signal.SIGKILL)
    alone.clear()
    Histogram("latency", "Latency.", buckets=(1, 2)).observe(1.5)
    Summary("work", "Work.").observe(4)
    Info("build", "Build.").info({"version": "1"})
    Enum("state", "State.", states=["up", "down"]).state("down")
"""


def _shown() -> dict[str, object]:
    command = [sys.executable, "-m", "rseq", "show", "--json", "shop"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {one["name"]: one.get("value", one.get("problem")) for one in json.loads(done.stdout)["structures"]}


def test_metrics_are_shown_also_after_the_service_has_ended() -> None:
    run_installed(SERVICE)
    shown = _shown()
    assert isinstance(shown['build_info{version="1"}'], dict)
    assert shown.pop('build_info{version="1"}').pop("value") == {"version": "1"}  # type: ignore[attr-defined]
    assert shown.pop("build_info")["value"] == {}  # type: ignore[index]
    assert shown == {
        'hits_total{a="x"}': {"total": 2.0},
        'hits_total{a="gone"}': {"removed": True},
        "load": {"value": 1.5},
        'alone{a="x"}': {"removed": True},
        "latency": {"total": 1.0, "sum": 1.5, "counts": {"1.0": 0.0, "2.0": 1.0, "+Inf": 0.0}},
        "work": {"total": 1.0, "sum": 4.0},
        "state": {"value": "down"},
    }


@pytest.mark.parametrize("kind", ["Series", "Gauge", "Enum"])
def test_a_damaged_metric_is_a_line_that_says_so(kind: str) -> None:
    shop = rseq.Segment("shop")
    args = {"type": "counter", "family": "bad", "labels": {}, "mode": "max", "states": ["a"]}
    made(shop, kind, "bad", args, [Wanted(16), Wanted(16)])
    assert "damaged" in str(_shown()["bad"])
    command = [sys.executable, "-m", "rseq", "show", "shop", "bad"]
    assert "damaged" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
