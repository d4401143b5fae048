"""The rest of examples/service: what starts it all, and the dashboard."""

from __future__ import annotations

import json
import re
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from services.running import LIMIT_S, SHOP, Prometheus, free_port, program, require, started, until
from services.tills import Tally, sell

pytestmark = pytest.mark.services

DASHBOARD: dict[str, Any] = json.loads((SHOP / "grafana" / "dashboards" / "shop.json").read_text(encoding="utf-8"))
ORDERS = 200


def test_up_starts_the_shop_and_what_watches_it_and_the_dashboard_has_something_to_show(tmp_path: Path) -> None:
    require("gunicorn", "flask")
    program("prometheus")
    ports = {name: free_port() for name in ("PORT", "SERVE_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT")}
    env = {name: str(port) for name, port in ports.items()} | {"SEGMENT": "up", "TMPDIR": str(tmp_path)}
    asked = Prometheus(f"http://127.0.0.1:{ports['PROMETHEUS_PORT']}")
    with started(["./up"], tmp_path / "up.log", ready=f"{asked.url}/-/ready", env=env) as process:
        sell(ports["PORT"], ORDERS, Tally())
        asked.comes_to("sum(shop_orders_total)", ORDERS)
        for panel in DASHBOARD["panels"]:
            for target in panel["targets"]:
                _shows(asked, target["expr"])
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT_S) == 0
    assert [name for name, port in ports.items() if _listens(port)] == [], "something was left"
    assert [path.name for path in tmp_path.iterdir()] == ["up.log"]


def _shows(asked: Prometheus, expression: str) -> None:
    """A panel's expression means something to Prometheus, and so do the metrics in it."""
    query = expression.replace("$__rate_interval", "1m")
    until(lambda: asked.value(query) is not None, lambda: f"{query} has no value")


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def test_up_ends_if_one_of_them_does(tmp_path: Path) -> None:
    require("gunicorn", "flask")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        env = {"PORT": str(free_port()), "SERVE_PORT": port, "PROMETHEUS_PORT": str(free_port()), "SEGMENT": "up"}
        with started(["./up"], tmp_path / "up.log", env={**env, "TMPDIR": str(tmp_path)}) as process:
            assert process.wait(LIMIT_S) != 0
    assert port in (tmp_path / "up.log").read_text()


def test_panels_have_numbers_of_their_own_and_do_not_overlap() -> None:
    panels = DASHBOARD["panels"]
    assert sorted(panel["id"] for panel in panels) == list(range(1, len(panels) + 1))
    places = [
        (column, row)
        for place in (panel["gridPos"] for panel in panels)
        for column in range(place["x"], place["x"] + place["w"])
        for row in range(place["y"], place["y"] + place["h"])
    ]
    assert len(places) == len(set(places))
    assert max(column for column, _ in places) < 24


def test_what_is_provisioned_is_there() -> None:
    text = (SHOP / "grafana" / "provisioning" / "dashboards" / "shop.yml").read_text()
    (path,) = re.findall(r"path: /(\S+)", text)
    assert list((SHOP.parent.parent / path).glob("*.json")) == [SHOP / "grafana" / "dashboards" / "shop.json"]
