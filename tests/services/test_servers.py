"""The shop of examples/service under each server, with 4 workers that are killed, recycled and replaced while it sells.

20,000 orders in all. A request that a kill has cut off may have been counted or not, and nobody outside can tell. So a
till sends it again under its number, and the worker that then gets it asks the counter, which outlives workers, whether
it is counted. Three laws come of that:

    orders counted       = orders answered            one lost, or one counted twice, and a till gets a 409
    requests counted    >= answered + counted before  what was counted stays, whoever dies
    requests counted    <= answered + cut off         nothing is counted without a request
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from services.running import (
    LIMIT_S,
    SHOP,
    complaints,
    free_port,
    got,
    prometheus,
    require,
    rseq,
    served,
    started,
    total,
    until,
)
from services.tills import Tally, sell

pytestmark = pytest.mark.services

ORDERS = 4000
WORKERS = 4

GUNICORN = "gunicorn --workers 4 --max-requests 500 --max-requests-jitter 100 --no-control-socket --bind 127.0.0.1:PORT"
SERVERS = {
    "gunicorn-sync": f"{GUNICORN} --worker-class sync wsgi:app",
    "gunicorn-gthread": f"{GUNICORN} --worker-class gthread --threads 4 wsgi:app",
    "gunicorn-uvicorn": f"{GUNICORN} --worker-class uvicorn_worker.UvicornWorker asgi:app",
    "uvicorn": "uvicorn --workers 4 --limit-max-requests 500 --no-access-log --port PORT asgi:app",
    "granian": "granian --workers 4 --respawn-failed-workers --respawn-interval 0.5 --workers-kill-timeout 2 "
    "--interface asgi --port PORT asgi:app",
}
NEEDS = {"gunicorn-uvicorn": ("gunicorn", "uvicorn_worker")}


class Killer:
    """Kills workers that are at work. Granian gives up if a worker dies within seconds of its start: `old_only`."""

    def __init__(self, *, old_only: bool) -> None:
        self._old_only = old_only
        self.killed: list[int] = []
        self.old: set[int] = set()
        """Those that were at work before the first was killed."""

    def kill(self, tally: Tally, worker: int) -> None:
        """SIGKILL. Threads: one at a time."""
        self.old = self.old or set(tally.workers)
        if self._old_only and (worker not in self.old or worker in self.killed):
            worker = next(iter(self.old.difference(self.killed)), 0)
        if worker:
            with suppress(ProcessLookupError):  # it has been recycled meanwhile
                os.kill(worker, signal.SIGKILL)
                self.killed.append(worker)


@pytest.mark.parametrize("server", SERVERS)
def test_as_many_orders_are_counted_as_were_answered_while_workers_are_killed(server: str, tmp_path: Path) -> None:
    require(*NEEDS.get(server, (server.partition("-")[0],)))
    port, log = free_port(), tmp_path / "server.log"
    own = f"http://127.0.0.1:{port}/metrics"
    killer = Killer(old_only=server == "granian")
    command = rseq("run", "--segment", server, "--", *SERVERS[server].replace("PORT", str(port)).split())
    with started(command, log, ready=own) as process:
        tally = Tally()
        tally.at(_tenths(1, 2, 3, 4), lambda worker: killer.kill(tally, worker))
        tally.at(_tenths(5), lambda _: process.send_signal(signal.SIGHUP))
        tally.at(_tenths(6), lambda _: until(lambda: _worker_at(own) not in killer.old, log.read_text))
        if server != "granian":
            tally.at(_tenths(7, 8, 9), lambda worker: killer.kill(tally, worker))
        sell(port, ORDERS, tally)
        with served(server, tmp_path) as address:
            _check(tally, _scraped(own), got(address), address, tmp_path)
    assert killer.killed
    assert tally.workers > killer.old, f"nobody took the place of {killer.killed}: {tally.workers}"
    print(f"{server}: {_said(tally)}, {len(killer.killed)} of {len(tally.workers)} workers killed")


def _scraped(url: str) -> str:
    """What some worker exposes: one may be replaced in the middle of its answer, then it is another."""
    texts: list[str] = []

    def is_answered() -> bool:
        with suppress(OSError):
            texts.append(got(url))
        return bool(texts)

    until(is_answered, lambda: f"{url} is cut off each time")
    return texts[0]


def _worker_at(url: str) -> int:
    """Who answers a scrape: the process collector says it."""
    (pid,) = re.findall(r'^process_cpu_seconds_total{pid="(\d+)"}', _scraped(url), re.MULTILINE)
    return int(pid)


def _tenths(*numbers: int) -> list[int]:
    return [ORDERS * number // 10 for number in numbers]


def _said(tally: Tally) -> str:
    return f"{tally.answered} orders answered, {tally.failed} cut off, {tally.repeated} of them counted before"


def _check(tally: Tally, own: str, served: str, address: str, folder: Path) -> None:
    """The three laws, as a worker says them, `rseq serve`, and Prometheus that has scraped it."""
    assert tally.answered == ORDERS
    begun = total(own, "shop_requests_total")
    assert tally.answered + tally.repeated <= begun <= tally.answered + tally.failed, (begun, _said(tally))
    for text in own, served:
        assert total(text, "shop_orders_total") == ORDERS
        assert total(text, "shop_requests_total") == begun
        assert total(text, "shop_requests_in_flight") == 0, "the dead are still answering"
        assert complaints(text) == ""
    with prometheus(address, folder) as asked:
        asked.comes_to("sum(shop_orders_total)", ORDERS)
        asked.comes_to("sum(shop_requests_total)", begun)
        assert asked.value("sum(shop_requests_in_flight)") == 0


def test_a_pool_of_processes_that_is_killed_again_and_again_counts_each_order_once(tmp_path: Path) -> None:
    orders, killed = 2000, []
    command = [*rseq("run", "--segment", "batch", "--"), sys.executable, "batch.py", str(orders)]
    with subprocess.Popen(command, cwd=SHOP, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            answered, worker = map(int, line.split())
            if answered % 500 == 0 and answered < orders:
                with suppress(ProcessLookupError):  # the pool may have been replaced
                    os.kill(worker, signal.SIGKILL)
                    killed.append(worker)
        assert process.wait(LIMIT_S) == 0
    assert answered == orders
    assert killed
    with served("batch", tmp_path) as address:
        text = got(address)
    assert total(text, "shop_orders_total") == orders
    assert orders <= total(text, "shop_requests_total") <= orders + WORKERS * len(killed)
    assert complaints(text) == ""
