"""Installing: before and after metrics are made, twice, at once, in forks; and what it says where it cannot."""

from __future__ import annotations

import pytest

import rseq
from metrics.programs import run, run_as_it_is, run_installed
from rseq.metrics import prometheus

MADE = """
    hits = Counter("hits", "Hits.", ["a"])
    hits.labels("x").inc(2)
    hits.labels("y").inc(3)
    Counter("plain", "Plain.").inc(4)
    Histogram("latency", "Latency.", buckets=(1, 2)).observe(1.5)
    Summary("work", "Work.").observe(4)
    Gauge("load", "Load.", multiprocess_mode="sum").set(5)
    Info("build", "Build.").info({"version": "1"})
    Enum("state", "State.", states=["up", "down"]).state("down")
    own = CollectorRegistry()
    private = Counter("private", "In another registry.", registry=own)
    private.inc()
"""


def test_metrics_that_were_there_before_move_with_what_they_have_counted() -> None:
    more = """
    def count():
        hits.labels("x").inc()
        private.inc()
    in_child(count)
    show(False)
    print(generate_latest(own).decode())
    """
    install = "\n    import rseq.metrics.prometheus\n    rseq.metrics.prometheus.install('shop')"
    moved = run(MADE + install + more)
    assert 'hits_total{a="x"} 3.0' in moved
    assert "private_total 2.0" in moved
    theirs = run_as_it_is(
        MADE + "    hits.labels('x').inc()\n    private.inc()\n" + more.replace("in_child(count)", "")
    )
    assert _without_created(moved) == _without_created(theirs)


def test_a_folder_that_is_not_read_is_warned_of() -> None:
    lines = run_installed(
        """
        import warnings
        for folder, given in ((None, None), ("/tmp/a", "/tmp/a"), ("/tmp/a", "/tmp/b"), (None, "/tmp/b")):
            os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
            os.environ.update({"PROMETHEUS_MULTIPROC_DIR": folder} if folder else {})
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                multiprocess.MultiProcessCollector(CollectorRegistry(), path=given)
            print(*(str(one.message) for one in caught), sep="\\n")
        """
    )
    said = "MultiProcessCollector(path='/tmp/b'): metrics are in rseq.Segment('shop'), and that folder is not read. "
    assert [line[: len(said)] for line in lines] == ["", "", said, said]


def _without_created(lines: list[str]) -> list[str]:
    return [line for line in lines if "_created" not in line]


def test_a_moved_exemplar_and_function_stay() -> None:
    lines = run(
        """
        hits, queue = Counter("hits", "Hits."), Gauge("queue", "Queue.")
        hits.inc(1, {"trace": "x"})
        queue.set_function(lambda: 3)
        import rseq.metrics.prometheus
        rseq.metrics.prometheus.install("shop")
        print(hits.collect()[0].samples[0].exemplar.labels, [sample.value for sample in queue.collect()[0].samples])
        """
    )
    assert lines == ["{'trace': 'x'} [3.0]"]


def test_twice_is_as_good_as_once() -> None:
    lines = run_installed(
        """
        hits = Counter("hits", "Hits.")
        hits.inc()
        import rseq
        shop = rseq.metrics.prometheus.install("shop")
        assert shop == rseq.Segment("shop") == rseq.metrics.prometheus.install(rseq.Segment("shop"))
        in_child(lambda: (rseq.metrics.prometheus.install("shop"), hits.inc()))
        show(False)
        try:
            rseq.metrics.prometheus.install("other")
        except RuntimeError as error:
            print(error)
        """
    )
    assert lines[-2:] == [
        "hits_total 2.0",
        "the metrics of this process are in rseq.Segment('shop'), and stay there; got rseq.Segment('other')",
    ]


def test_threads_install_once() -> None:
    lines = run(
        """
        import threading
        import rseq.metrics.prometheus
        hits = Counter("hits", "Hits.")
        hits.inc(3)
        barrier = threading.Barrier(8)
        def work():
            barrier.wait()
            rseq.metrics.prometheus.install("shop")
            hits.inc()
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        show(False)
        """
    )
    assert lines[-1] == "hits_total 11.0"


def test_unrelated_programs_share_and_the_next_begins_anew() -> None:
    code = """
        import subprocess
        hits = Counter("hits", "Hits.")
        hits.inc()
        if len(sys.argv) == 1:
            own = open("/proc/self/cmdline").read().split("\\0")[:-1]
            print(subprocess.run([*own, "again"], check=True, capture_output=True, text=True).stdout)
        show(False)
    """
    for _ in range(2):
        assert [line for line in run_installed(code) if line[:4] == "hits"] == ["hits_total 2.0", "hits_total 2.0"]


def test_kept_metrics_go_on() -> None:
    code = """
        import rseq.metrics.prometheus
        rseq.metrics.prometheus.install("shop", keep=True)
        Counter("hits", "Hits.").inc()
        show(False)
    """
    run(code)
    assert run(code)[-1] == "hits_total 2.0"


def test_a_segment_without_a_name_serves_forked_workers() -> None:
    lines = run(
        """
        import rseq.metrics.prometheus
        rseq.metrics.prometheus.install(rseq.Segment())
        hits = Counter("hits", "Hits.", ["a"])
        in_child(lambda: hits.labels("x").inc())
        show(False)
        """
    )
    assert lines[-1] == 'hits_total{a="x"} 1.0'


def test_the_environment_names_the_segment() -> None:
    code = """
        import rseq.metrics.prometheus
        print(rseq.metrics.prometheus.install())
    """
    assert run(code, env={"RSEQ_METRICS": "shop"}) == ["rseq.Segment('shop')"]


def test_what_is_no_segment_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RSEQ_METRICS", raising=False)
    with pytest.raises(ValueError, match="or a name, such as 'shop', or the name in RSEQ_METRICS"):
        prometheus.install()
    with pytest.raises(TypeError, match="segment: expected an rseq"):
        prometheus.install(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="keep: it is for a segment that is given by name"):
        prometheus.install(rseq.Segment(), keep=True)
    with pytest.raises(TypeError, match="keep: expected"):
        prometheus.install("shop", keep=1)  # type: ignore[arg-type]


def test_gevent_s_threads_count() -> None:
    pytest.importorskip("gevent")
    lines = run(
        """
        from gevent import monkey
        monkey.patch_all()
        import gevent
        import rseq.metrics.prometheus
        rseq.metrics.prometheus.install("shop")
        hits, load = Counter("hits", "Hits.", ["a"]), Gauge("load", "Load.", multiprocess_mode="sum")
        def work(n):
            for _ in range(100):
                hits.labels(n % 3).inc()
                gevent.sleep(0)
                load.inc()
        gevent.joinall([gevent.spawn(work, n) for n in range(10)])
        totals = [sample.value for sample in hits.collect()[0].samples if sample.name == "hits_total"]
        print(sum(totals), load._value.get())
        """
    )
    assert lines == ["1000.0 1000.0"]


def test_a_damaged_entry_is_one_error() -> None:
    lines = run_installed(
        """
        import rseq
        from rseq._metrics.blocks import made
        from rseq._percpu.shared.extents import Wanted
        made(rseq.Segment("shop"), "Series", "bad", {"type": "counter", "family": 3, "labels": {}}, [Wanted(8)])
        Counter("hits", "Hits.")
        try:
            exposed(False)
        except rseq.SegmentError as error:
            print(error)
        """
    )
    assert lines[0].startswith("segment 'shop' is damaged: 'bad': ValueError")
