"""prometheus_client's metrics in a segment: what is exposed is what prometheus_client itself would, of all workers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from metrics.programs import run_as_it_is, run_installed, run_multiprocess

EACH_TYPE = """
    plain = Counter("hits", "Hits.")
    plain.inc(2.5)
    hits = Counter("requests", "Requests\\nin two lines.", ["method", "path"], unit="calls")
    hits.labels("GET", 'a"b\\\\c\\nd').inc()
    hits.labels(path="/", method="ü").inc(3)
    lazy = Counter("lazy", "Without a label.", ["a"])
    Histogram("latency", "Latency.", ["path"], buckets=(0.1, 1, 10)).labels("/").observe(0.5)
    histogram = Histogram("size_bytes", "Sizes.")
    for n in range(100):
        histogram.observe(n / 7)
    Histogram("change", "With buckets below 0.", buckets=(-1, 1)).observe(-3)
    Summary("work", "Work.").observe(4)
    Summary("idle", "Never observed.")
    Info("build", "Build.").info({"version": "1.2", "commit": "abc"})
    Info("where", "Where.", ["zone"]).labels("x").info({"rack": "1"})
    Info("unset", "Never set.")
    Enum("state", "State.", states=["up", "down"]).state("down")
    Enum("other", "Other.", ["a"], states=["x", "y"]).labels("1")
    Gauge("set", "Set.", multiprocess_mode="max").set(0.1)
    up = Gauge("up", "Up and down.", ["a"], multiprocess_mode="sum")
    up.labels("x").inc(5)
    up.labels("x").dec(2)
    Gauge("last", "Last.", multiprocess_mode="mostrecent").set(4)
    Gauge("Grüße", "A name of today.", multiprocess_mode="min").set(1)
    assert plain._value.get() == 2.5
"""


def test_one_process_exposes_what_it_would_without_a_segment() -> None:
    shown = EACH_TYPE + "\n    show(False)"
    assert run_installed(shown) == run_as_it_is(shown)


def test_one_process_exposes_the_same_as_openmetrics() -> None:
    shown = """
        from prometheus_client.openmetrics.exposition import generate_latest as openmetrics
        counter = Counter("hits", "Hits.", unit="calls")
        counter.inc(2, {"trace": "abc"})
        counter.inc(1, {"trace": 'd"ü'})
        histogram = Histogram("latency", "Latency.", ["a"], buckets=(1, 2))
        histogram.labels("x").observe(1.5, {"trace": "e"})
        histogram.labels("x").observe(9, {"trace": "f" * 100, "span": "g" * 10})
        Summary("work", "Work.").observe(4)
        text = openmetrics(prometheus_client.REGISTRY).decode()
        print(*(line for line in text.splitlines() if "process_" not in line and "python_" not in line), sep="\\n")
    """
    assert _timeless(run_installed(shown)) == _timeless(run_as_it_is(shown))


def _timeless(lines: list[str]) -> list[str]:
    """Without the times at which it was, which are there."""
    assert any(re.search(r"_created\S* 1\.\d+e\+09", line) for line in lines)
    return [re.sub(r"1\.\d+e\+09|1\d{9}\.\d+", "now", line) for line in lines]


def test_workers_count_together() -> None:
    lines = run_installed(
        """
        hits = Counter("hits", "Hits.", ["worker"])
        latency = Histogram("latency", "Latency.", buckets=(1, 2))
        work = Summary("work", "Work.")
        def worker(number):
            for _ in range(1000):
                hits.labels("all").inc()
            hits.labels(number).inc(number)
            latency.observe(number / 2)
            work.observe(number)
        for number in range(5):
            in_child(lambda: worker(number), signal.SIGKILL)
        show(False)
        """
    )
    assert 'hits_total{worker="all"} 5000.0' in lines
    assert [line for line in lines if re.match(r'hits_total\{worker="\d', line)] == [
        f'hits_total{{worker="{number}"}} {number}.0' for number in range(5)
    ]
    assert {'latency_bucket{le="1.0"} 3.0', 'latency_bucket{le="2.0"} 5.0', "latency_sum 5.0"} <= {*lines}
    assert {"work_count 5.0", "work_sum 10.0"} <= {*lines}


def test_any_worker_exposes_what_only_another_one_has() -> None:
    lines = run_installed(
        """
        in_child(lambda: Counter("late", "Made in a worker.", ["a"], unit="calls").labels("x").inc(3))
        in_child(lambda: Counter("private", "In no registry.", registry=None).inc(3))
        def other():
            show(False)
            registry = prometheus_client.REGISTRY.restricted_registry(["late_calls_total"])
            assert b'late_calls_total{a="x"} 3.0' in generate_latest(registry)
            late = Counter("late", "Made in a worker.", ["a"], unit="calls")
            late.labels("x").inc()
            assert exposed(False).count('late_calls_total{a="x"} 4.0') == 1
            sys.stdout.flush()
        in_child(other)
        """
    )
    assert lines == [
        "# HELP late_calls_total Made in a worker.",
        "# TYPE late_calls_total counter",
        'late_calls_total{a="x"} 3.0',
    ]


def test_what_is_said_last_by_whoever_holds() -> None:
    lines = run_installed(
        """
        info, state = Info("build", "Build."), Enum("state", "State.", ["a"], states=["up", "down"])
        info.info({"version": "1"})
        state.labels("x").state("down")
        in_child(lambda: (info.info({"version": "2"}), info.info({"version": "1", "by": "worker"})))
        in_child(lambda: state.labels("x").state("up"))
        in_child(lambda: state.labels("x"))
        show(False)
        """
    )
    assert [line for line in lines if line[0] != "#"] == [
        'build_info{by="worker",version="1"} 1.0',
        'state{a="x",state="up"} 1.0',
        'state{a="x",state="down"} 0.0',
    ]


def test_exemplars_of_other_workers_are_seen() -> None:
    lines = run_installed(
        """
        hits = Counter("hits", "Hits.")
        in_child(lambda: hits.inc(1, {"trace": "theirs"}))
        (metric,) = hits.collect()
        print(metric.samples[0].exemplar.labels)
        hits.inc(1, {"trace": "ours"})
        print(hits.collect()[0].samples[0].exemplar.labels)
        """
    )
    assert lines == ["{'trace': 'theirs'}", "{'trace': 'ours'}"]


# Removing


def test_removed_labels_are_gone_everywhere_and_begin_anew() -> None:
    lines = run_installed(
        """
        kinds = [Counter("c", "", ["a"]), Histogram("h", "", ["a"], buckets=(1,)), Summary("s", "", ["a"]),
                 Gauge("g", "", ["a"], multiprocess_mode="sum"), Info("i", "", ["a"]),
                 Enum("e", "", ["a"], states=["x", "y"])]
        def use(n):
            for metric in kinds:
                child = metric.labels("1")
                for name, value in (("inc", n), ("observe", n), ("info", {"n": str(n)}), ("state", "y")):
                    if hasattr(child, name):
                        getattr(child, name)(value)
        def seen():
            return [line for line in exposed(False).splitlines() if 'a="1"' in line and "_created" not in line]
        use(5)
        first = seen()
        assert len(first) == 11, first
        in_child(lambda: [metric.remove("1") for metric in kinds])
        print(seen())
        use(5)
        print(seen() == first)
        in_child(lambda: (use(5), [metric.clear() for metric in kinds]))
        print(seen())
        for metric in kinds:
            metric.labels("2")
            metric.remove_by_labels({"a": "1"})
            metric.labels("1")
        print(*seen(), sep="\\n")
        """
    )
    assert lines == [
        "[]",
        "True",
        "[]",
        'c_total{a="1"} 0.0',
        'h_bucket{a="1",le="1.0"} 0.0',
        'h_bucket{a="1",le="+Inf"} 0.0',
        'h_count{a="1"} 0.0',
        'h_sum{a="1"} 0.0',
        's_count{a="1"} 0.0',
        's_sum{a="1"} 0.0',
        'g{a="1"} 0.0',
        'i_info{a="1"} 1.0',
        'e{a="1",e="x"} 1.0',
        'e{a="1",e="y"} 0.0',
    ]


def test_what_the_process_that_removed_it_still_holds_counts_for_nobody() -> None:
    shown = """
        kinds = [Counter("c", "", ["a"]), Histogram("h", "", ["a"]), Summary("s", "", ["a"]), Info("i", "", ["a"]),
                 Gauge("g", "", ["a"], multiprocess_mode="max"), Enum("e", "", ["a"], states=["x", "y"])]
        held = [metric.labels("1") for metric in kinds]
        for metric in kinds:
            metric.remove("1")
            metric.remove("never")
        held[0].inc(); held[1].observe(1); held[2].observe(1); held[3].info({}); held[4].set(3); held[5].state("y")
        show(False)
    """
    assert run_installed(shown) == run_as_it_is(shown)


def test_a_counter_that_is_reset_begins_anew_for_all() -> None:
    lines = run_installed(
        """
        hits = Counter("hits", "Hits.")
        hits.inc(0.5)
        in_child(lambda: hits.inc(0.25))
        in_child(hits.reset)
        print(hits._value.get())
        hits.inc(2)
        show(False)
        """
    )
    assert lines[0] == "0.0"
    assert lines[-1] == "hits_total 2.0"


# Code that was written for multiprocess mode


def test_what_was_written_for_multiprocess_mode_goes_on(tmp_path: Path) -> None:
    code = """
        hits = Counter("hits", "Hits.", ["a"])
        latency = Histogram("latency", "Latency.", buckets=(1, 2))
        Summary("work", "Work.").observe(1)
        pids = [in_child(lambda: (hits.labels(number).inc(), latency.observe(number))) for number in range(3)]
        for pid in pids:
            multiprocess.mark_process_dead(pid)
        print(*sorted(exposed().splitlines()), sep="\\n")
    """
    theirs = run_multiprocess(code, tmp_path / "theirs")
    ours = [line for line in run_installed(code) if "_created" not in line]
    assert ours == theirs


def test_removing_does_not_warn_in_multiprocess_mode(tmp_path: Path) -> None:
    code = """
        import rseq.metrics.prometheus
        rseq.metrics.prometheus.install("shop")
        hits = Counter("hits", "Hits.", ["a"])
        hits.labels("x").inc()
        hits.remove("x")
        hits.clear()
        show()
        print(os.listdir(os.environ["PROMETHEUS_MULTIPROC_DIR"]))
    """
    assert run_multiprocess(code, tmp_path / "unused")[-1] == "[]"


def test_collectors_of_one_process_say_of_which() -> None:
    lines = run_installed(
        """
        print(os.getpid())
        print(*(line for line in exposed(False).splitlines() if line.startswith(("process_", "python_gc"))), sep="\\n")
        """
    )
    pid, *rest = lines
    assert len(rest) > 9
    assert all(f'pid="{pid}"' in line for line in rest)


@pytest.mark.parametrize("bounds", ["(1, 2)", "(1, 3)"])
def test_another_version_of_the_program_counts_too(bounds: str) -> None:
    lines = run_installed(
        f"""
        def new_version():
            latency = Histogram("latency", "Said better.", ["a"], buckets={bounds})
            latency.labels("x").observe(2.5)
        old = Histogram("latency", "Latency.", ["a"], buckets=(1, 2))
        old.labels("x").observe(1.5)
        prometheus_client.REGISTRY.unregister(old)
        in_child(new_version)
        show(False)
        """
    )
    middle = ['latency_bucket{a="x",le="2.0"} 1.0'] + ['latency_bucket{a="x",le="3.0"} 2.0'] * (bounds == "(1, 3)")
    assert lines == [
        "# HELP latency Said better.",
        "# TYPE latency histogram",
        'latency_bucket{a="x",le="1.0"} 0.0',
        *middle,
        'latency_bucket{a="x",le="+Inf"} 2.0',
        'latency_count{a="x"} 2.0',
        'latency_sum{a="x"} 4.0',
    ]


def test_a_name_that_the_program_has_given_to_something_else_is_left_alone() -> None:
    lines = run_installed(
        """
        import rseq
        own = rseq.Counter(name="hits_total", segment="shop")
        hits = Counter("hits", "Hits.")
        hits.inc(2)
        in_child(hits.inc)
        print(own.value)
        show(False)
        """
    )
    assert (lines[0], lines[-1]) == ("0", "hits_total 3.0")


def test_labels_of_any_length_are_told_apart() -> None:
    lines = run_installed(
        """
        hits = Counter("hits", "Hits.", ["a"])
        for n in range(3):
            in_child(lambda: hits.labels("x" * 5000 + str(n)).inc(n))
        print(*(line[-8:] for line in exposed(False).splitlines() if line.startswith("hits_total")), sep="\\n")
        """
    )
    assert lines == ['x0"} 0.0', 'x1"} 1.0', 'x2"} 2.0']


def test_threads_that_read_while_others_make_labels_see_each_count_where_it_belongs() -> None:
    lines = run_installed(
        """
        import threading
        sys.setswitchinterval(1e-6)
        hits = Counter("hits", "Hits.", ["number"])
        ended, wrong = threading.Event(), []

        def make():
            for number in range(1, 400):
                hits.labels(number).inc(number)

        def read():
            try:
                while not ended.is_set():
                    for metric in hits.collect():
                        for _, labels, value, *_ in (s for s in metric.samples if s.name == "hits_total"):
                            if value not in (0, int(labels["number"])):
                                wrong.append((labels, value))
            except Exception as error:
                wrong.append(error)

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers: reader.start()
        make()
        ended.set()
        for reader in readers: reader.join()
        print(wrong[:3])
        show()
        """
    )
    assert lines[0] == "[]"
    assert len([line for line in lines if line.startswith("hits_total{")]) == 399


def test_a_fork_while_another_thread_reads_leaves_a_child_that_reads() -> None:
    lines = run_installed(
        """
        import threading
        from rseq._metrics.client import store
        hits = Counter("hits", "Hits.", ["a"])
        hits.labels("x").inc()
        show()
        reading, end = threading.Event(), threading.Event()

        def read():
            with store().reader.turn:
                reading.set()
                end.wait()

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        reading.wait()
        in_child(lambda: (signal.alarm(30), hits.labels("y").inc(2), show(), sys.stdout.flush()))
        end.set()
        reader.join()
        show()
        """
    )
    shown = ["# HELP hits_total Hits.", "# TYPE hits_total counter", 'hits_total{a="x"} 1.0']
    assert lines == [*shown, *shown, 'hits_total{a="y"} 2.0', *shown, 'hits_total{a="y"} 2.0']
