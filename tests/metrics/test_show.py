"""`rseq show` of a service's metrics, by whoever looks from outside."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

import rseq
from metrics.programs import run_installed
from rseq._metrics.blocks import made
from rseq._percpu.shared.extents import Wanted
from shared.folders import folder

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


WATCHED = """
    Counter("hits", "Hits.", ["path"]).labels("a").inc(2)
    waits = Histogram("waits_seconds", "Waits.", buckets=(0.001, 0.01, 0.1))
    for wait in (0.0005, 0.002, 0.004, 0.05):
        waits.observe(wait)
    sizes = Histogram("sizes", "Sizes.", ["path"], buckets=(1, 2, 4))
    sizes.labels("a").observe(2)
    sizes.labels("b").observe(3)
    Summary("work", "Work.").observe(4)
    Gauge("inflight", "In flight.", multiprocess_mode="livesum").set(6)
    Gauge("pids", "Each.").set(2)
    Enum("state", "State.", states=["up", "down"]).state("down")
    import subprocess
    for command in (["show", "shop"], ["show", "shop", "waits_seconds"], ["show", "shop", "inflight"],
                    ["ls"], ["ls", "--json"], ["show", "shop", "--json"],
                    ["show", "shop", "sizes"], ["show", "shop", "work", "pids", "state"],
                    ["top", "shop", "--interval", "0.01"]):
        print("$", *command)
        command[:0] = [sys.executable, "-m", "rseq"]
        print(subprocess.run(command, text=True, capture_output=True, check=True).stdout)
    print("$", os.getpid())
"""


@pytest.fixture(scope="module")
def watched() -> dict[str, str]:
    """What the commands say of a service that lives, by command."""
    with folder():
        text = "\n".join(run_installed(WATCHED))
    parts = (part.partition("\n") for part in text.split("$ ")[1:])
    return {command: " ".join(output.split()) for command, _, output in parts}


def test_show_says_of_a_metric_what_it_says_of_a_structure(watched: dict[str, str]) -> None:
    *_, pid = watched
    said = watched["show shop"]
    assert "Series waits_seconds 4 observed, mean 14.1 ms, p50 5.5 ms, p90 100 ms, p99 100 ms" in said
    assert 'Series sizes{path="a"} 1 observed, mean 2, p50 2, p90 2, p99 2' in said
    assert "Series work 1 observed, mean 4" in said
    assert "Gauge inflight 6 " in said
    assert f"Gauge pids process {pid}: 2" in said


def test_a_metric_by_its_name_has_its_buckets_or_what_each_process_says(watched: dict[str, str]) -> None:
    *_, pid = watched
    waits = "up to count % so far 0.001 1 25.00 0.01 2 75.00 0.1 1 100.00"
    assert watched["show shop waits_seconds"].endswith(waits)
    assert watched["show shop inflight"].endswith(f"process value {pid} 6")
    sizes = watched["show shop sizes"]
    assert "named 'sizes{path=\"a\"}' up to count % so far 2 1 100.00" in sizes
    assert "named 'sizes{path=\"b\"}' up to count % so far 4 1 100.00" in sizes
    assert f"process value {pid} 2" in watched["show shop work pids state"]
    assert watched["show shop work pids state"].endswith("named 'state' value down")


def test_ls_counts_what_show_and_top_list(watched: dict[str, str]) -> None:
    assert re.search(r"age shop \S+ 8 1 ", watched["ls"])
    assert len(json.loads(watched["show shop --json"])["structures"]) == 8
    assert "1 process, 8 structures" in watched["top shop --interval 0.01"]
    (info,) = json.loads(watched["ls --json"])
    assert info["structures"] == 8


def test_top_says_what_one_watches(watched: dict[str, str]) -> None:
    *_, pid = watched
    said = watched["top shop --interval 0.01"]
    assert "inflight Gauge 6" in said
    assert f"pids Gauge process {pid}: 2" in said
    assert "state Enum down" in said
    assert re.search(r"waits_seconds Series 4 0 \S+ now - - - all 5\.5 ms 100 ms 100 ms", said)
    assert re.search(r"work Series 1 0 \S+ mean 4", said)


@pytest.mark.parametrize("kind", ["Series", "Gauge", "Enum"])
def test_a_damaged_metric_is_a_line_that_says_so(kind: str) -> None:
    shop = rseq.Segment("shop")
    args = {"type": "counter", "family": "bad", "labels": {}, "mode": "max", "states": ["a"]}
    made(shop, kind, "bad", args, [Wanted(16), Wanted(16)])
    assert "damaged" in str(_shown()["bad"])
    command = [sys.executable, "-m", "rseq", "show", "shop", "bad"]
    assert "damaged" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
