"""Gauges of many workers, in each of the ten modes: as prometheus_client's own multiprocess mode has them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from metrics.programs import run_installed, run_multiprocess

MODES = ("all", "liveall", "min", "livemin", "max", "livemax", "sum", "livesum", "mostrecent", "livemostrecent")

WORKERS = """
    # Three workers that live, each of which waits, and then the one that scrapes; beside them two that are dead.
    mode = {mode!r}
    gauge = Gauge("load", "Load.", ["a"], multiprocess_mode=mode)
    other = Gauge("never_set", "Never set.", multiprocess_mode=mode)
    names = {{os.getpid(): "parent"}}

    def change(child, value):
        child.set(value)
        if "mostrecent" not in mode:
            child.inc(0.25)
            child.dec()

    def wait_for_end(ready, end):
        os.write(ready, b"x")
        os.read(end, 1)

    alive = []
    for number in range(3):
        ready, theirs = os.pipe()
        end, ours = os.pipe()
        pid = os.fork()
        if pid == 0:
            change(gauge.labels("x"), 3 - number)
            if number == 1:
                change(gauge.labels("y"), -7)
            wait_for_end(theirs, end)
            os._exit(0)
        os.read(ready, 1)
        names[pid] = f"living {{number}}"
        alive.append((pid, ours))
    dead = [os.fork() for _ in range(1)]
    if dead[0] == 0:
        change(gauge.labels("x"), 50)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(dead[0], 0)
    names[dead[0]] = "dead"
    multiprocess.mark_process_dead(dead[0])
    text = exposed()
    for pid, name in names.items():
        text = text.replace(f'pid="{{pid}}"', f'pid="{{name}}"')
    print(*sorted(text.splitlines()), sep="\\n")
    for pid, ours in alive:
        os.write(ours, b"x")
        os.waitpid(pid, 0)
"""


@pytest.mark.one_in(3)
@pytest.mark.parametrize("mode", MODES)
def test_a_mode_is_what_it_is_in_multiprocess_mode(mode: str, tmp_path: Path) -> None:
    code = WORKERS.format(mode=mode)
    assert run_installed(code) == run_multiprocess(code, tmp_path / "theirs")


ONE_AFTER_THE_OTHER = """
    gauge = Gauge("load", "Load.", multiprocess_mode={mode!r})
    def worker(value):
        gauge.set(value)
    for value in (3, 9, 1, 4):
        multiprocess.mark_process_dead(in_child(lambda: worker(value), signal.SIGKILL))
    {last}
    print(*sorted(re.sub(r'pid="[0-9]+"', 'pid="?"', line) for line in exposed().splitlines()), sep="\\n")
"""


@pytest.mark.one_in(4)
@pytest.mark.parametrize("last", ["gauge.set(2)", "multiprocess.mark_process_dead(in_child(lambda: gauge.set(2)))"])
@pytest.mark.parametrize("mode", MODES)
def test_what_the_dead_have_left_is_kept_though_their_place_is_taken(mode: str, last: str, tmp_path: Path) -> None:
    code = "import re\n" + ONE_AFTER_THE_OTHER.format(mode=mode, last=last).replace("\n    ", "\n")
    assert run_installed(code) == run_multiprocess(code, tmp_path / "theirs")


def test_nothing_is_left_of_requests_in_flight_of_killed_workers() -> None:
    lines = run_installed(
        """
        inflight = Gauge("inflight", "In flight.", multiprocess_mode="livesum")
        for _ in range(5):
            in_child(inflight.inc, signal.SIGKILL)
        inflight.inc(2)
        print(exposed(False).splitlines()[-1])
        """
    )
    assert lines == ["inflight 2.0"]


def test_threads_of_a_process_lose_nothing() -> None:
    lines = run_installed(
        """
        import threading
        sys.setswitchinterval(1e-6)
        gauge = Gauge("load", "Load.", multiprocess_mode="sum")
        def work():
            for _ in range(5000):
                gauge.inc(2)
                gauge.dec()
        def worker():
            threads = [threading.Thread(target=work) for _ in range(4)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
        in_child(worker)
        worker()
        show()
        """
    )
    assert lines[-1] == "load 40000.0"


MANY = """
    hits, load = Counter("hits", "Hits.", ["a"]), Gauge("load", "Load.", ["a"], multiprocess_mode="max")
    latency, total = Histogram("latency", "Latency."), Gauge("total", "Total.", multiprocess_mode="sum")
    def size():
        return os.stat(f"{{os.environ['RSEQ_SEGMENT_DIR']}}/rseq.{{os.geteuid()}}.shop").st_blocks
    def worker(number):
        for label in range(10):
            hits.labels(label).inc()
            load.labels(label).set(number)
        latency.observe(number)
        total.inc(2)
    in_child(lambda: worker(0))
    lines, blocks = len(exposed(False).splitlines()), size()
    for number in range(1, {workers}):
        in_child(lambda: worker(number), signal.SIGKILL if number % 2 else None)
    assert len(exposed(False).splitlines()) == lines
    assert size() == blocks
    print(*(line for line in exposed(False).splitlines() if line.startswith(("hits_total", "load", "total", "lat"))
            and "_bucket" not in line and "_created" not in line), sep="\\n")
"""


@pytest.mark.parametrize("workers", [30, pytest.param(1000, marks=pytest.mark.slow)])
def test_workers_that_come_and_go_lose_nothing_and_cost_nothing(workers: int) -> None:
    lines = run_installed(MANY.format(workers=workers))
    assert {f'hits_total{{a="{label}"}} {workers}.0' for label in range(10)} <= {*lines}
    assert {f'load{{a="{label}"}} {workers - 1}.0' for label in range(10)} <= {*lines}
    assert {f"total {2 * workers}.0", f"latency_count {workers}.0"} <= {*lines}
    assert f"latency_sum {sum(range(workers))}.0" in lines


def test_a_gauge_has_one_series_for_each_of_the_last_that_died() -> None:
    from rseq._metrics.gauges import DEAD_KEPT

    lines = run_installed(
        f"""
        gauge = Gauge("load", "Load.")
        for value in range({DEAD_KEPT} + 10):
            in_child(lambda: gauge.set(value))
        print(*(line.partition(" ")[2] for line in exposed(False).splitlines() if line.startswith("load")))
        """
    )
    assert [int(float(value)) for value in lines[0].split()][-1] == DEAD_KEPT + 9
    assert len(lines[0].split()) == DEAD_KEPT + 2  # the parent, and who has died last and has its line


def test_more_processes_than_lines_of_a_block() -> None:
    lines = run_installed(
        """
        gauge, live = Gauge("load", "Load.", multiprocess_mode="sum"), Gauge("up", "Up.", multiprocess_mode="livesum")
        end, ours = os.pipe()
        pids = []
        for number in range(40):
            ready, theirs = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(ours)
                gauge.inc()
                live.inc()
                os.write(theirs, b"x")
                os.read(end, 1)
                os._exit(0)
            os.read(ready, 1)
            os.close(ready), os.close(theirs)
            pids.append(pid)
        show(False)
        os.close(ours)
        for pid in pids:
            os.waitpid(pid, 0)
        show(False)
        """
    )
    assert [line for line in lines if line[0] != "#"] == ["load 40.0", "up 40.0", "load 40.0", "up 0.0"]


def test_a_function_speaks_for_its_own_process() -> None:
    lines = run_installed(
        """
        gauge = Gauge("queue", "Queue.", ["a"], multiprocess_mode="max")
        gauge.labels("x").set_function(lambda: 7)
        gauge.labels("x").inc()  # has no effect any more
        gauge.labels("y").set(3)
        in_child(lambda: gauge.labels("y").set(4))
        print(os.getpid())
        show(False)
        """
    )
    assert [line for line in lines[1:] if line[0] != "#"] == [
        'queue{a="y"} 4.0',
        f'queue{{a="x",pid="{lines[0]}"}} 7.0',
    ]


def test_a_line_is_taken_over_as_a_whole() -> None:
    """Whoever is killed while it takes the line of a dead process leaves the sum as it was, at each step."""
    lines = run_installed(
        """
        from rseq._metrics import gauges
        gauge = Gauge("load", "Load.", multiprocess_mode="sum")
        exchange, steps = gauges.compare_exchange, []
        def dying(when):
            def step(*args):
                if when == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                exchange(*args)
                os.kill(os.getpid(), signal.SIGKILL)
            gauges.compare_exchange = step
            gauge.inc(100)
        in_child(lambda: gauge.inc(5), signal.SIGKILL)
        for when in (0, 1):
            pid = os.fork()
            if pid == 0:
                dying(when)
            os.waitpid(pid, 0)
            print(exposed(False).splitlines()[-1])
        in_child(lambda: gauge.inc(2))
        print(exposed(False).splitlines()[-1])
        """
    )
    assert lines == ["load 5.0", "load 5.0", "load 7.0"]
    assert not any(re.search("100", line) for line in lines)
