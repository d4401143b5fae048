"""The page of `rseq serve` in headless Chromium: what it shows, with the keyboard, to screen readers, and on phones."""

from __future__ import annotations

import json
import signal
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from serve.conftest import Server, server
from services.chromium import Browser, browser, found
from shared.folders import Program, folder, path_of

pytestmark = [
    pytest.mark.services,
    pytest.mark.skipif(found() is None, reason="Chromium is not installed: apt-get install chromium"),
]

SERVICE = """
    import rseq.metrics.prometheus
    rseq.metrics.prometheus.install("shop")
    from prometheus_client import Gauge, Histogram
    from look.service import serve
    made = serve()
    latency = Histogram("http_request_seconds", "L.", ["route"])
    Gauge("in_flight", "G.").set(3)
    say("ready")
    while ask() == "more":
        for number in range(100):
            made["hits"].add()
            made["latency"].observe(number / 50)
            latency.labels("/").observe(number / 50)
        made["events"].write(b"an order")
        say("done")
"""

ROW = "document.querySelectorAll('#rows tbody tr').length"
HASH = "location.hash"


@pytest.fixture(scope="module")
def _browser() -> Iterator[Browser]:
    with browser() as made:
        yield made


@pytest.fixture
def page(_browser: Browser) -> Iterator[Browser]:
    """The browser; what it complains about fails the test."""
    _browser.complaints.clear()
    yield _browser
    assert _browser.complaints == []
    _browser.open("about:blank")


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Server, Program, Path]]:
    """A service, and a server that has looked at it several times."""
    with folder() as path, Program(SERVICE) as service, server_of(service) as made:
        for _ in range(2):  # there is something to see between two looks
            work(service)
            before = looked_at(made)
            while looked_at(made) == before:
                pass
        yield made, service, path


def server_of(service: Program) -> Any:
    assert service.hear() == "ready"
    return server("shop")


def looked_at(made: Server) -> float:
    """When the server has looked last."""
    with urllib.request.urlopen(f"{made.url}api/segment", timeout=60) as answer:
        at: float = json.load(answer)["at"]
    return at


def work(service: Program) -> None:
    """Have the service do something."""
    service.tell("more")
    assert service.hear() == "done"


def shown(page: Browser, url: str, name: str) -> None:
    """Open the page of a structure."""
    page.open("about:blank")
    page.open(f"{url}#/{name}")
    page.until("document.getElementById('one-line').textContent !== ''")


def text(page: Browser, where: str) -> str:
    found: str = page.js(f"document.getElementById('{where}').innerText")
    return found


def test_the_table_has_each_structure_and_follows_the_service(
    page: Browser, served: tuple[Server, Program, Path]
) -> None:
    made, service, _ = served
    page.open(made.url)
    page.until(f"{ROW} >= 18")
    assert page.js("document.title") == "shop – rseq serve"
    assert text(page, "about").startswith("1 process, ")
    page.until("document.getElementById('state').textContent === 'Live'")
    total = "document.querySelector('#rows tbody tr td').textContent"
    before = page.until(total)
    work(service)
    page.until(f"{total} !== '{before}'")
    page.until("document.querySelector('#rows tbody tr td + td').textContent !== '0/s'")
    page.until("document.querySelector('#rows tbody tr .wide svg polyline') !== null")


def test_a_histogram_has_rates_quantiles_a_heat_map_and_cpus(
    page: Browser, served: tuple[Server, Program, Path]
) -> None:
    made, service, _ = served
    for name in ("latency", "http_request_seconds%7Broute%3D%22%2F%22%7D"):
        shown(page, made.url, name)
        work(service)
        page.until("document.querySelector('#quantiles .p99').closest('svg') !== null")
        page.until("!document.getElementById('heat').hidden")
        page.until(
            "document.querySelector('#heat .chart').getAttribute('aria-label').includes('observations; most were')"
        )
        painted = """(() => {
            const canvas = document.querySelector('#heat canvas'), pen = canvas.getContext('2d');
            const seen = new Set(pen.getImageData(60, 6, canvas.width - 70, canvas.height - 40).data);
            return seen.size;
        })()"""
        assert page.until(painted) > 5, "there are fields of several colours"
        assert page.js("document.querySelectorAll('#cpus rect.bar').length") >= 2
        page.js("document.querySelector('#heat summary').click()")
        assert page.until("document.querySelectorAll('#heat tbody tr').length > 3")
        assert page.until("document.querySelectorAll('#history svg polyline').length > 0")


def test_a_ring_has_events_and_a_gauge_has_processes(page: Browser, served: tuple[Server, Program, Path]) -> None:
    made, service, _ = served
    work(service)
    shown(page, made.url, "events")
    page.until("document.getElementById('events').innerText.includes('an order')")
    assert "grüße" in text(page, "events")
    shown(page, made.url, "in_flight")
    page.until("document.querySelectorAll('#processes tbody tr').length === 1")
    assert str(service.process.pid) in text(page, "processes")
    page.open("about:blank")
    page.open(f"{made.url}#/in_flight", width=360)
    assert page.until("document.querySelector('#processes .part').getBoundingClientRect().width") > 20, "on a phone too"


def test_it_can_be_used_with_the_keyboard_alone(page: Browser, served: tuple[Server, Program, Path]) -> None:
    made, _, _ = served
    page.open(made.url)
    page.until(f"{ROW} > 3")
    focused = "document.activeElement.id || document.activeElement.textContent"
    page.press("Tab")
    assert page.js("document.activeElement.textContent") == "Skip to the structures"
    seen = []
    for _ in range(5):
        page.press("Tab")
        seen.append(page.js(focused))
    assert seen == ["pause", "filter", "sort", "hits", "seconds"]
    page.press("Enter")
    page.until(f"{HASH} === '#/seconds'")
    page.until("document.activeElement.id === 'one-title'")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert page.js(outline) == "solid"
    page.press("Escape")
    page.until(f"document.getElementById('one').hidden && ({focused}) === 'seconds'")
    page.js("document.getElementById('filter').focus()")
    for letter in "lat":
        page.press(letter)
    page.until(f"{ROW} === 1 && ({focused}) === 'filter'")


def test_the_focus_stays_where_it_is_while_the_table_changes(
    page: Browser, served: tuple[Server, Program, Path]
) -> None:
    made, service, _ = served
    page.open(made.url)
    page.until(f"{ROW} > 3")
    page.js("document.getElementById('sort').value = 'rate'")
    page.js("document.querySelector('tr[data-name=events] a').focus()")
    for _ in range(3):
        before = page.js("document.querySelector('#rows tbody tr td').textContent")
        work(service)
        page.until(f"document.querySelector('#rows tbody tr td').textContent !== '{before}'")
        assert page.js("document.activeElement.textContent") == "events"


def test_screen_readers_are_told_what_there_is(page: Browser, served: tuple[Server, Program, Path]) -> None:
    made, service, _ = served
    shown(page, made.url, "latency")
    work(service)
    page.until(
        "document.querySelector('#heat canvas') !== null && document.querySelector('#quantiles svg polyline') !== null"
    )
    tree = page.tree()
    roles = {node["role"] for node in tree}
    assert {
        "banner",
        "main",
        "contentinfo",
        "search",
        "region",
        "status",
        "table",
        "columnheader",
        "rowheader",
    } <= roles
    assert len([node for node in tree if node["role"] == "main"]) == 1
    for node in tree:
        if node["role"] in (
            "button",
            "link",
            "textbox",
            "searchbox",
            "combobox",
            "image",
            "region",
            "table",
            "heading",
        ):
            assert node["role"] == "table" or node["name"].strip(), node
    images = [node["name"] for node in tree if node["role"] == "image"]
    assert [name.split()[0] for name in images] == ["Line", "Quantiles", "Heat", "Bars"]
    levels = [node["level"] for node in tree if node["role"] == "heading"]
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert page.js("document.documentElement.lang") == "en"


def test_live_regions_say_only_what_has_happened(page: Browser, served: tuple[Server, Program, Path]) -> None:
    """Numbers change each two seconds; nobody wants them read out."""
    made, service, _ = served
    page.open(made.url)
    page.until("document.getElementById('state').textContent === 'Live'")
    live = "[aria-live], [role=status], [role=alert], [role=log], output"
    assert page.js(f"[...document.querySelectorAll('{live}')].map((one) => one.id)") == ["state", "problem"]
    page.js("""
        window.changes = 0;
        new MutationObserver((seen) => { window.changes += seen.length; })
            .observe(document.getElementById('state'), { childList: true, characterData: true, subtree: true });
    """)
    for _ in range(2):
        before = page.js("document.querySelector('#rows tbody tr td').textContent")
        work(service)
        page.until(f"document.querySelector('#rows tbody tr td').textContent !== '{before}'")
    assert page.js("window.changes") == 0
    page.js("document.getElementById('pause').click()")
    assert (text(page, "state"), page.js("document.getElementById('pause').ariaPressed")) == ("Paused", "true")
    page.js("document.getElementById('pause').click()")
    page.until("document.getElementById('state').textContent === 'Live'")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 800, 1400])
def test_it_fits_wherever_it_is_shown(
    page: Browser, served: tuple[Server, Program, Path], scheme: str, width: int
) -> None:
    made, _, _ = served
    for name in ("", "latency", "http_request_seconds%7Broute%3D%22%2F%22%7D", "events", "in_flight", "accounts"):
        page.open("about:blank")
        page.open(f"{made.url}#/{name}" if name else made.url, width=width, scheme=scheme)
        page.until(f"{ROW} > 3")
        if name:
            page.until("document.getElementById('one-line').textContent !== ''")
        assert page.js("document.documentElement.scrollWidth") <= width
        assert page.js(CUT_OFF) == []
        assert page.js(CONTRAST) == [], scheme


CUT_OFF = """
    [...document.querySelectorAll('main > section:not([hidden]) *')]
        .filter((one) => one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.outerHTML.slice(0, 80))
"""

CONTRAST = """(() => {
    const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
        .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, at) => sum + one * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = (node) => {
        const colour = node === null ? [255, 255, 255] : parts(getComputedStyle(node).backgroundColor);
        if (node === null || colour.length === 3) return colour;
        const below = behind(node.parentElement);
        return [0, 1, 2].map((at) => colour[at] * colour[3] + below[at] * (1 - colour[3]));
    };
    const bad = [];
    for (const node of document.querySelectorAll('body *')) {
        const own = [...node.childNodes].some((one) => one.nodeType === 3 && one.data.trim());
        if (!own || !node.checkVisibility() || node.closest('button:disabled, .unseen, .skip')) continue;
        const style = getComputedStyle(node), colour = style[node.namespaceURI.endsWith('svg') ? 'fill' : 'color'];
        const [one, other] = [light(parts(colour)), light(behind(node))].sort((a, b) => b - a);
        if ((one + 0.05) / (other + 0.05) < 4.5) bad.push(node.outerHTML.slice(0, 100));
    }
    return bad;
})()"""


def test_names_are_text_whatever_is_in_them(page: Browser) -> None:
    code = """
        import rseq
        shop = rseq.Segment("shop")
        names = ["<img src=x onerror=alert(1)>", "a&b#c?d/e%20f", "grüße \\u202e{}", "x" * 200]
        kept = [rseq.Counter(segment=shop, name=name) for name in names if name.isprintable()]
        ring = rseq.RingBuffer(4096, segment=shop, name="<script>alert(2)</script>")
        ring.write(b"<b>bold</b>")
        say("ready")
        ask()
    """
    with folder(), Program(code) as service:
        assert service.hear() == "ready"
        with server("shop") as made:
            page.open(made.url, width=360)
            page.until(f"{ROW} === 4")
            assert page.js("document.querySelectorAll('main img, main script, main b').length") == 0
            page.js("document.querySelectorAll('#rows a')[1].click()")
            page.until("document.getElementById('one-line').textContent === 'Counter: 0'")
            assert text(page, "one-title") == "a&b#c?d/e%20f"
            page.js("history.back()")
            page.js("document.querySelectorAll('#rows a')[3].click()")
            page.until("document.getElementById('events').innerText.includes('<b>bold</b>')")
            assert page.js("document.documentElement.scrollWidth") <= 360


def test_what_happens_to_the_segment_and_the_server_is_said(page: Browser) -> None:
    code = "import rseq\nhits = rseq.Counter(segment='shop', name='hits')\nhits.add({})\nsay('ready')\nask()"
    with folder() as path, Program(code.format(7)) as first:
        assert first.hear() == "ready"
        with server("shop") as made:
            page.open(made.url)
            total = "document.querySelector('#rows tbody tr td').textContent"
            page.until(f"{ROW} === 1 && {total} === '7'")
            first.kill()
            with Program(code.format(3)) as second:
                assert second.hear() == "ready"
                page.until(f"{total} === '3'")
                page.until("document.getElementById('state').textContent.startsWith('Live: begun anew at ')")
                second.kill()
            path_of(path, "shop").unlink()
            page.until("document.getElementById('problem').innerText.startsWith(\"segment 'shop' is gone\")")
            assert made.end(signal.SIGTERM) == 0
            page.until("document.getElementById('state').textContent === 'The server does not answer'")
        page.complaints[:] = [one for one in page.complaints if "ERR_CONNECTION_REFUSED" not in one]


def test_a_browser_that_has_the_token_shows_the_page(page: Browser, served: tuple[Server, Program, Path]) -> None:
    _, _, path = served
    with folder(), Program("import rseq\nhits = rseq.Counter(segment='shop', name='hits')\nsay('ready')\nask()") as one:
        assert one.hear() == "ready"
        with server("shop", "--host", "0.0.0.0", "--token", "a.long.token") as made:
            address = made.url.replace("http://0.0.0.0", "http://user:a.long.token@127.0.0.1")
            page.open(address)
            page.until(f"{ROW} === 1")
            page.until("document.getElementById('state').textContent === 'Live'")
    assert path.exists()
