"""`rseq top`: what changes between two looks, the screen of 80 columns, keys, and the terminal afterwards."""

from __future__ import annotations

import fcntl
import io
import math
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rich.console import Console

import rseq
from look.conftest import Crashed, Run
from look.service import serve, use
from rseq import metrics
from rseq._look import frames
from rseq._look.chosen import chosen
from rseq._look.frames import BAR_WIDTH, SORTS, Row, Watch, bar, ordered
from rseq._look.reading import found_in
from rseq._look.saying import age, short, short_seconds
from rseq._look.screen import View, keys_of
from rseq._look.top import drawn, shortened
from shared.folders import Program, path_of


def by_name(watch: Watch) -> dict[str, Row]:
    return {row.reading.name: row for row in watch.rows}


def screen(watch: Watch, view: View, width: int = 80, height: int = 24) -> list[str]:
    file = io.StringIO()
    console = Console(file=file, width=width, height=height, force_terminal=True, color_system=None)
    console.print(drawn(watch, view, width, height))
    return file.getvalue().splitlines()


# Two looks


def test_rates_are_what_came_between_two_looks(segment_folder: Path) -> None:
    made = serve()
    watch = Watch(chosen("shop"))
    watch.look(100.0)
    assert {row.rate for row in watch.rows} == {None}
    use({**made, "lock": rseq.SpinLock()})
    made["hits"].add(5)
    watch.look(102.0)
    rows = by_name(watch)
    assert (rows["hits"].total, rows["hits"].rate) == (2 * 12_345 + 5, (12_345 + 5) / 2)
    assert (rows["seconds"].rate, rows["sizes"].rate, rows["small"].rate) == (0.75, 3.5, -3.5)
    assert (rows["latency"].total, rows["latency"].rate) == (200, 50)
    assert rows["rows"].rate == 0.5
    assert rows["events"].rate == 30
    assert rows["slowest"].state == "0.25"
    assert rows["least"].state == "none yet"
    assert rows["free"].state == "2 items"
    assert rows["readers"].state == "2 readers"
    assert rows["calls"].state == "5 of 9 left"
    assert rows["buffers"].state == f"2 of 4 free, most by process {os.getpid()}"
    assert f"process {os.getpid()}" in rows["lock"].state
    watch.look(103.0)
    assert by_name(watch)["hits"].rate == 0


def test_quantiles_are_those_of_the_interval_and_of_all(segment_folder: Path) -> None:
    waits = rseq.Histogram([1, 2, 4, 8], segment="shop", name="waits")
    waits.observe(1)
    watch = Watch(chosen("shop"))
    watch.look(0.0)
    assert by_name(watch)["waits"].state.split() == ["all", "1", "1", "1"]
    for _ in range(9):
        waits.observe(8)
    watch.look(1.0)
    now, all_of_them = by_name(watch)["waits"].state.splitlines()
    assert now.split() == ["now", *(short(4 + 4 * share) for share in (5 / 9, 1, 1))]
    assert all_of_them.split()[0] == "all"
    assert all_of_them.split()[1:] != now.split()[1:]
    watch.look(2.0)
    assert by_name(watch)["waits"].state.splitlines()[0].split() == ["now", "-", "-", "-"]


def test_rings_say_how_full_they_are_and_what_is_lost_each_second(segment_folder: Path) -> None:
    ring = rseq.RingBuffer(4, dtype="u64", segment="shop", name="ring")
    watch = Watch(chosen("shop"))
    watch.look(0.0)
    assert by_name(watch)["ring"].state == "0% full, lost 0"
    for _ in range(2000):
        ring.write(1)  # 4 of them on each CPU that the thread was on
    watch.look(2.0)
    row = by_name(watch)["ring"]
    assert row.total is not None
    assert row.state == f"100% full, lost {short(ring.lost)}, {short(ring.lost / 2)}/s"
    assert ring.lost + row.total == 2000


def test_a_structure_that_is_new_is_found(segment_folder: Path) -> None:
    shop = rseq.Segment("shop")
    watch = Watch(chosen("shop"))
    watch.look(0.0)
    hits = rseq.Counter(segment=shop, name="hits")
    watch.look(1.0)
    hits.add()
    watch.look(2.0)
    assert by_name(watch)["hits"].rate == 1


def test_what_is_known_is_not_looked_for_again(segment_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside what metrics keep for themselves, too."""
    shop = rseq.Segment("shop")
    hits = metrics.Counter("hits", "Hits.", segment=shop, registry=None)
    searched: list[object] = []
    monkeypatch.setattr(frames, "found_in", lambda core: (searched.append(core), found_in(core))[1])
    watch = Watch(chosen("shop"))
    for now_s in (0.0, 1.0, 2.0):
        watch.look(now_s)
    assert (len(watch.rows), len(searched)) == (1, 1)
    hits.inc()
    waits = rseq.Counter(segment=shop, name="waits")
    watch.look(3.0)
    assert (len(watch.rows), len(searched), waits.value) == (2, 2, 0)


def test_a_segment_that_begins_anew_is_followed(segment_folder: Path) -> None:
    code = "import rseq\nhits = rseq.Counter(segment='shop', name='hits')\nhits.add({})\nsay('ready')\nask()"
    with Program(code.format(7)) as first:
        assert first.hear() == "ready"
        watch = Watch(chosen("shop"))
        watch.look(0.0)
        first.kill()
    watch.look(1.0)
    assert by_name(watch)["hits"].total == 7
    assert watch.heading().startswith("0 processes")
    with Program(code.format(3)) as second:
        assert second.hear() == "ready"
        watch.look(2.0)
        assert (by_name(watch)["hits"].total, by_name(watch)["hits"].rate) == (3, None)
        assert watch.heading().startswith("1 process, 1 structure")
        second.kill()
    path_of(segment_folder, "shop").unlink()
    watch.look(3.0)
    assert watch.heading().startswith("segment 'shop' is gone")
    assert by_name(watch)["hits"].total == 3


# The screen


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 8), (120, 40), (200, 60)])
def test_the_screen_fits(crashed: Crashed, width: int, height: int) -> None:
    watch = Watch(chosen("shop"))
    watch.look(0.0)
    watch.look(1.0)
    lines = screen(watch, View(), width, height)
    assert all(len(line) <= width for line in lines)
    assert len(lines) <= height
    assert "name" in lines[1]
    assert "hits" in lines[2]
    assert "q quit" in lines[-1]


def test_80_columns_have_room_for_quantiles_and_a_long_name(segment_folder: Path) -> None:
    shop = rseq.Segment("shop")
    name = "a.histogram.with.quite.a.long.name"
    waits = rseq.Histogram.exponential(1e-6, 100, segment=shop, name=name)
    arrays = rseq.CounterArray(3, segment=shop, name="array")
    arrays.add(1, 999_999_999)
    for number in range(1000):
        waits.observe(number / 13_000)
    watch = Watch(chosen("shop"))
    watch.look(0.0)
    text = "\n".join(screen(watch, View()))
    assert re.search(rf"^{re.escape(name)} +1,000 ", text, re.MULTILINE)
    assert " ".join(by_name(watch)[name].state.split()) in " ".join(text.split())
    assert "999,999,999" in text


def test_columns_give_way_to_names_one_after_the_other(segment_folder: Path) -> None:
    shop = rseq.Segment("shop")
    made = [rseq.Counter(segment=shop, name="a" * length) for length in (16, 28, 37)]
    watch = Watch(chosen("shop"))
    watch.look(0.0)
    titles = {}
    for width in (102, 101, 89, 88, 80, 79):
        lines = screen(watch, View(), width)
        titles[width] = lines[1].split()
        assert all(len(line) <= width for line in lines)
        assert ("a" * 37 in "\n".join(lines)) == (width > 79)
    name, kind, total, per, s, cpus, state = titles[102]
    assert titles[101] == titles[89] == [name, total, per, s, cpus, state]
    assert titles[88] == titles[80] == titles[79] == [name, total, per, s, state]
    assert (kind, len(made)) == ("kind", 3)


def test_names_that_are_cut_still_differ(segment_folder: Path) -> None:
    shop = rseq.Segment("shop")
    names = [f'http_requests_of_the_shop_total{{method="GET",path="/{path}"}}' for path in ("a", "b")]
    made = [rseq.Counter(segment=shop, name=name) for name in names]
    watch = Watch(chosen("shop"))
    watch.look(0.0)
    shown = [line.split()[0] for line in screen(watch, View())[2:4]]
    assert shown == [f'http_requests_of_t…d="GET",path="/{path}"}}' for path in ("a", "b")]
    assert len(made) == 2


@pytest.mark.parametrize(("length", "text"), [(9, "abcdefghi"), (8, "abcd…ghi"), (7, "abc…ghi"), (1, "…")])
def test_a_name_is_cut_in_its_middle(length: int, text: str) -> None:
    assert shortened("abcdefghi", length) == text


def test_keys_sort_filter_pause_scroll_and_quit(crashed: Crashed) -> None:
    watch, view = Watch(chosen("shop")), View()
    watch.look(0.0)
    for key in keys_of("\x1b[B\x1b[Bj"):
        view.press(key)
    assert screen(watch, view)[2].split()[0] == watch.rows[3].reading.name
    view.press("up")
    view.press("page up", 10)
    assert view.first == 0
    view.press("s")
    assert (view.sort, screen(watch, view)[2].split()[0]) == ("name", "accounts")
    for key in keys_of("/hitz\x7fs\r"):
        view.press(key)
    assert (view.wanted, view.is_typing) == ("hits", False)
    assert [line.split()[0] for line in screen(watch, view)[2:-1]] == ["hits"]
    assert "filter: hits" in screen(watch, view, 120)[-1]
    view.press("escape")
    assert view.wanted == ""
    view.press("p")
    assert view.is_paused
    view.press(" ")
    assert not view.is_paused
    view.press("q")
    assert view.is_done


def test_what_is_typed_as_a_filter_is_no_command() -> None:
    view = View()
    for key in keys_of("/qps"):
        view.press(key)
    assert (view.wanted, view.is_done, view.is_paused) == ("qps", False, False)
    view.press("escape")
    assert (view.wanted, view.is_typing) == ("", False)


def test_each_order_is_one(crashed: Crashed) -> None:
    watch = Watch(chosen("shop"))
    watch.look(0.0)
    names = {sort: [row.reading.name for row in ordered(watch.rows, sort, "")] for sort in SORTS}
    assert names["made"] == [row.reading.name for row in watch.rows]
    assert names["name"] == sorted(names["name"])
    assert names["total"][0] == "hits"
    assert all(sorted(found) == names["name"] for found in names.values())
    kinds = [row.reading.kind for row in ordered(watch.rows, "kind", "")]
    assert kinds == sorted(kinds)


def test_bars_have_a_height_for_each_cpu_or_for_neighbours() -> None:
    assert bar([0, 0]) == ""
    assert bar([1, 8, 0]) == "▂█·"
    assert bar([1.0] * 128 + [0]).startswith("█" * 7)
    assert len(bar([1] * 129)) <= BAR_WIDTH


def test_bars_of_what_is_no_number_or_infinite() -> None:
    inf, nan = math.inf, math.nan
    assert [bar([1, inf]), bar([nan, 8, 1]), bar([8, nan]), bar([inf, inf])] == ["▁█", "·█▂", "█·", "██"]
    assert bar([nan, nan]) == bar([nan, -inf]) == ""
    assert bar([inf, -inf] * BAR_WIDTH) == "·" * BAR_WIDTH


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0, "0"),
        (0.5, "0.5"),
        (0.0123, "12.3m"),
        (4.5e-7, "450n"),
        (999, "999"),
        (999.7, "1k"),
        (12_345, "12.3k"),
        (-2_000_000, "-2M"),
        (float("inf"), "inf"),
        (1e30, "1e+12E"),
    ],
)
def test_short_numbers(value: float | None, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (0.0, "0"),
        (0.99951, "1 s"),
        (0.1, "100 ms"),
        (0.00346, "3.46 ms"),
        (2e-6, "2 µs"),
        (4.5e-10, "0.45 ns"),
        (12.34, "12.3 s"),
        (1234.5, "1,234 s"),
        (math.nan, "nan"),
        (-0.25, "-250 ms"),
    ],
)
def test_short_numbers_of_seconds(value: float | None, text: str) -> None:
    assert short_seconds(value) == text


def test_quantiles_of_what_is_called_seconds_have_a_unit(segment_folder: Path) -> None:
    waits = rseq.Histogram([0.001, 0.004, 0.25], segment="shop", name="waits_seconds")
    waits.observe(0.004)
    watch = Watch(chosen("shop"))
    watch.look(0.0)
    assert by_name(watch)["waits_seconds"].state == "all  4 ms  4 ms  4 ms"
    waits.observe(0.25)
    watch.look(1.0)
    assert by_name(watch)["waits_seconds"].state == "now 250 ms 250 ms 250 ms\nall   4 ms 250 ms 250 ms"


def test_ages_are_in_their_largest_unit() -> None:
    assert [age(seconds) for seconds in (-1, 59, 60, 7200, 200_000)] == ["0 s", "59 s", "1 min", "2 h", "2 d"]


# In a pipe and in a terminal


def test_a_pipe_gets_one_table(run: Run, crashed: Crashed) -> None:
    heading, columns, *rows = run("top", "shop", "--interval", "0.01").stdout.splitlines()
    assert heading.startswith("shop: 0 processes, 19 structures")
    assert columns.split() == ["name", "kind", "total", "per", "s", "CPUs", "state"]
    assert rows[0].split()[:4] == ["hits", "Counter", "12,345", "0"]
    assert run("top", "--once", "--interval", "0.01").stdout.splitlines()[1] == columns
    assert run("top", "shed", status=1).stderr == "Error: there is no segment 'shed'; there is 'shop'\n"


@pytest.mark.parametrize("command", [("top", "shop", "--once"), ("dump", "shop", "events")], ids=["top", "dump"])
@pytest.mark.parametrize("interval", ["nan", "inf", "1e300", "0", "-1", "x"])
def test_an_interval_that_nobody_can_wait_for_is_refused(run: Run, command: tuple[str, ...], interval: str) -> None:
    assert "Invalid value for '--interval'" in run(*command, "--interval", interval, status=2).stderr


Terminal = Callable[..., tuple[subprocess.Popen[bytes], int, int]]


@pytest.fixture
def top_in_a_terminal() -> Iterator[Terminal]:
    """`rseq top` in a terminal of 80 columns: the process, our end of the terminal and its own."""
    ends: list[int] = []
    processes: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> tuple[subprocess.Popen[bytes], int, int]:
        ours, theirs = pty.openpty()
        ends.extend((ours, theirs))
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        command = [sys.executable, "-m", "rseq", "top", *arguments]
        env = {**os.environ, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
        process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, start_new_session=True)
        processes.append(process)
        return process, ours, theirs

    yield start
    for process in processes:
        process.kill()
        process.wait()
    for end in ends:
        os.close(end)


def heard(terminal: int, until: bytes) -> bytes:
    """What comes from a terminal, up to that text."""
    found = b""
    while until not in found:
        found += os.read(terminal, 65536)
    return found


@pytest.mark.parametrize("how", ["q", "Ctrl-C", "SIGTERM"])
def test_the_terminal_is_as_it_was_however_it_ends(crashed: Crashed, top_in_a_terminal: Terminal, how: str) -> None:
    process, ours, theirs = top_in_a_terminal("shop", "--interval", "0.05")
    before = termios.tcgetattr(theirs)
    heard(ours, b"accounts")
    assert termios.tcgetattr(theirs) != before
    if how == "q":
        os.write(ours, b"sq")
    else:
        process.send_signal(signal.SIGINT if how == "Ctrl-C" else signal.SIGTERM)
    found = heard(ours, b"\x1b[?1049l")
    assert process.wait(30) == (128 + signal.SIGTERM if how == "SIGTERM" else 0)
    assert termios.tcgetattr(theirs) == before
    assert b"\x1b[?25h" in found + heard_now(ours)


def heard_now(terminal: int) -> bytes:
    """What has come from a terminal already."""
    os.set_blocking(terminal, False)
    try:
        return os.read(terminal, 65536)
    except BlockingIOError:
        return b""


def test_once_in_a_terminal_is_a_table_too(crashed: Crashed, top_in_a_terminal: Terminal) -> None:
    process, ours, _ = top_in_a_terminal("--once", "--interval", "0.01")
    assert b"\x1b" not in heard(ours, b"nodes")
    assert process.wait(30) == 0
