"""`rseq show`: what each structure says to those who look from outside, and what a damaged one says."""

from __future__ import annotations

import ctypes
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rseq
from look.conftest import SERVICE, Crashed, Run
from look.service import serve
from rseq._look import reading
from rseq._percpu.shared.core import Core
from rseq._percpu.shared.directory import Block, Entry, entry_now
from rseq._percpu.shared.kinds import digest_of
from rseq._percpu.shared.layout import LOG_AT
from rseq._percpu.shared.segment import core_of
from shared.folders import Program, path_of

LINES = {
    "hits": "Counter 12,345",
    "seconds": "FloatCounter 1.5",
    "sizes": "CounterArray 2 × 3, sum 7: 0 0 0 0 0 7",
    "small": "CounterArray 3, sum -7: 0 -7 0",
    "requests": "KeyedCounter 1,509 in 3 of 3 keys, 4 in overflow: ('GET', 200) 1,500, 'GET /' 3, b'\\x1b[31m' 2",
    "latency": "Histogram 100 observed, mean 0.505, p50 0.484, p90 0.905, p99 0.968",
    "weights": "Histogram nothing observed",
    "slowest": "Max 0.25",
    "least": "Min none yet",
    "events": "RingBuffer 60 bytes wait on 1 CPU, 4,096 fit on each, drop, 0 lost",
    "rows": "RingBuffer 1 record waits on 1 CPU, 15 fit on each, overwrite, 0 lost",
    "free": "Stack 1 item, 8 fit on each CPU",
    "calls": "TokenBucket 7 of 9 left, 0.001 a second",
    "buffers": "Pool 3 of 4 free; held: 1 by process {pid}",
    "lock": r"SpinLock CPU \d+: thread {pid} (MainThread) of process {pid}, which has ended",
    "readers": "RCU 1 reader",
    "accounts": "percpu Account: total 11, rate 0, recent [1 2 3], best 0",
    "grid": "percpu 2 Node for each CPU",
    "nodes": "array 2 rows of Node",
}


def rows_of(output: str) -> dict[str, str]:
    """By name: kind and value."""
    _, _, heading, *rows = output.splitlines()
    assert heading.split() == ["kind", "name", "value"]
    parts = [re.split("  +", row, maxsplit=2) for row in rows]
    return {name: f"{kind} {value}" for kind, name, value in parts}


def test_each_kind_says_what_it_was_when_the_service_crashed(run: Run, crashed: Crashed) -> None:
    done = run("show", "shop")
    assert re.match(r"shop: \d+ CPUs? and a spare lane, \d+ (s|min) old, open in no process\n", done.stdout)
    found = rows_of(done.stdout)
    assert list(found) == list(LINES)
    lock = LINES["lock"].replace("(", r"\(").replace(")", r"\)").format(pid=crashed.pid)
    assert re.fullmatch(lock, found.pop("lock"))
    assert found == {name: line.format(pid=crashed.pid) for name, line in LINES.items() if name != "lock"}


def test_json_has_all_values(run: Run, crashed: Crashed) -> None:
    whole = json.loads(run("show", "shop", "--json").stdout)
    assert (whole["segment"], whole["processes"], whole["path"]) == ("shop", [], str(path_of(crashed.folder, "shop")))
    values = {one["name"]: one["value"] for one in whole["structures"]}
    assert values["hits"] == {"value": 12_345}
    assert values["sizes"] == {"sum": 7, "values": [[0, 0, 0], [0, 0, 7]]}
    assert values["requests"] == {
        "total": 1_509,
        "overflow": 4,
        "capacity": 3,
        "counts": [["'GET /'", 3], ["('GET', 200)", 1_500], [r"b'\x1b[31m'", 2]],
    }
    assert values["latency"]["count"] == sum(values["latency"]["counts"]) == 100
    assert values["least"] == {"value": None}
    assert values["buffers"] == {"free": 3, "count": 4, "item_size": 64, "held_by": {str(crashed.pid): 1}}
    assert [rows[0]["total"] for rows in values["accounts"]["per_cpu"]][:2] == [5, 6]
    assert values["nodes"]["rows"] == [{"weight": 0.0}, {"weight": 2.5}]
    args = {one["name"]: one["args"] for one in whole["structures"]}
    assert args["buffers"] == {"item_size": 64, "count": 4}


def test_what_is_read_is_what_the_structures_themselves_say(run: Run, segment_folder: Path) -> None:
    """In the process that has them; the numbers of all lanes, one of which is the spare one."""
    made = serve()
    for name in ("hits", "seconds"):
        made[name].storage.view()["value"][:] += 1
    values = {one["name"]: one["value"] for one in json.loads(run("show", "--json").stdout)["structures"]}
    for name in ("hits", "seconds", "slowest", "least"):
        assert values[name]["value"] == made[name].value
    for name in ("sizes", "small"):
        assert values[name]["values"] == made[name].values().tolist()
    requests, value = made["requests"], values["requests"]
    assert value["counts"] == [[repr(key), count] for key, count in requests.items()]
    assert (value["total"], value["overflow"]) == (requests.total(), requests.overflow)
    for name in ("latency", "weights"):
        histogram, value = made[name], values[name]
        assert (value["count"], value["sum"], value["nans"]) == (histogram.count, histogram.sum, histogram.nans)
        assert value["counts"] == histogram.counts().tolist()
        assert value["quantiles"] == {q: histogram.quantile(float(q)) for q in ("0.5", "0.9", "0.99")}
    assert values["rows"]["filled"] == len(made["rows"])
    assert values["free"]["items"] == len(made["free"])
    assert values["calls"] == {"available": made["calls"].available, "burst": 9, "rate": 1e-3}
    assert values["buffers"]["free"] == len(made["buffers"])
    assert values["lock"]["holders"] == {str(cpu): holder for cpu, holder in made["lock"].holders().items()}
    assert values["readers"]["readers"] == made["readers"].readers
    totals = [rows[0]["total"] for rows in values["accounts"]["per_cpu"]]
    assert totals == made["accounts"].per_cpu()["total"].tolist()


def test_asked_for_by_name_all_is_told(run: Run, crashed: Crashed) -> None:
    lanes = rseq.info().possible_cpus
    done = run("show", "shop", "hits", "accounts", "grid", "nodes", "latency", "buffers")
    assert list(rows_of(done.stdout.split("\n\nCounter()")[0])) == [
        "hits",
        "latency",
        "buffers",
        "accounts",
        "grid",
        "nodes",
    ]
    _, hits, latency, buffers, accounts, grid, nodes = (
        part.splitlines() for part in re.split(r"\n\n(?=\w+\(.*\) named)", done.stdout)
    )
    assert hits[0] == "Counter() named 'hits'"
    assert [row.split()[0] for row in hits[2:]] == [*map(str, range(lanes)), "spare"]
    assert sum(int(row.split()[1].replace(",", "")) for row in hits[2:]) == 12_345
    assert latency[1].split() == ["up", "to", "count", "%", "so", "far"]
    assert latency[-1].split()[-1] == "100.00"
    assert buffers[2].split() == ["process", str(crashed.pid), "1"]
    assert accounts[1].split() == ["CPU", "total", "rate", "recent", "best"]
    assert accounts[-1].split() == ["sum", "11", "0", "[1", "2", "3]", "0"]
    assert len(grid) == 2 + 2 * (lanes + 1)
    assert [row.split() for row in nodes[2:]] == [["0", "0"], ["1", "2.5"]]


def test_what_each_cpu_has_is_named_and_nothing_is_blank(run: Run, crashed: Crashed) -> None:
    done = run("show", "shop", "hits", "events", "rows", "free", "calls", "slowest", "weights", "readers")
    parts = (part.splitlines() for part in re.split(r"\n\n(?=\w+\(.*\) named)", done.stdout)[1:])
    tables = {part[0].partition(" named ")[2].strip("'"): part[1:] for part in parts}
    assert {name: rows[0].split() for name, rows in tables.items()} == {
        "hits": ["CPU", "value"],
        "events": ["CPU", "bytes", "that", "wait"],
        "rows": ["CPU", "records", "that", "wait"],
        "free": ["CPU", "items"],
        "calls": ["CPU", "tokens"],
        "slowest": ["value"],
        "weights": ["value"],
        "readers": ["value"],
    }
    assert [tables[name][1].strip() for name in ("slowest", "weights", "readers")] == [
        "0.25",
        "nothing observed",
        "1 reader",
    ]


def test_all_that_was_observed_is_in_the_rows_of_a_histogram(run: Run, segment_folder: Path) -> None:
    """Of one with 1,000 buckets that are not empty, too: neighbours are one row."""
    waits = rseq.Histogram(range(1, 1_001), segment="shop", name="waits")
    for number in range(1, 41):
        waits.observe(number)
    done = run("show", "shop", "waits").stdout.splitlines()[6:]
    assert done[0].split() == ["up", "to", "count", "%", "so", "far"]
    assert [row.split()[:2] for row in done[1:]] == [[str(number), "1"] for number in range(1, 41)]
    for number in range(41, 1_100):
        waits.observe(number)
    title, *rows = run("show", "shop", "waits").stdout.splitlines()[6:]
    assert title == "26 neighbouring buckets in each row; --json has each of them"
    assert [row.split()[:2] for row in rows[1:3]] == [["26", "26"], ["52", "26"]]
    assert rows[-1].split() == ["above", "99", "100.00"]
    assert len(rows) == 1 + 39 + 1
    assert sum(int(row.split()[1]) for row in rows[1:]) == 1_099


def test_what_is_not_there_is_said_in_a_sentence(run: Run, crashed: Crashed) -> None:
    assert run("show", "shop", "nothing", status=1).stderr == (
        "Error: segment 'shop' has no structure named 'nothing'; `rseq show shop` lists all\n"
    )
    assert run("show", "shed", status=1).stderr == "Error: there is no segment 'shed'; there is 'shop'\n"
    run("show", "--nonsense", status=2)


def test_without_a_name_it_is_the_only_one(run: Run, segment_folder: Path) -> None:
    assert run("show", status=1).stderr == f"Error: there are no segments in {segment_folder}\n"
    one = rseq.Segment("one")
    assert run("show").stdout.startswith("one: ")
    two = rseq.Segment("two")
    assert run("show", status=1).stderr == "Error: which segment? there are 'one', 'two'\n"
    assert one != two


def test_without_a_name_it_is_the_only_one_that_a_process_has_open(run: Run, segment_folder: Path) -> None:
    path_of(segment_folder, "broken").write_bytes(b"nonsense")
    with Program("import rseq\nleft = rseq.Segment('3')\nsay('ready')\nask()") as service:
        assert service.hear() == "ready"
        service.kill()
    assert run("show", status=1).stderr == "Error: which segment? there are '3', 'broken'\n"
    one = rseq.Segment("one")
    for command in (("show",), ("top", "--interval", "0.01")):
        assert run(*command).stdout.startswith("one: ")
    assert one.name == "one"


def test_an_empty_segment_is_a_heading(run: Run, segment_folder: Path) -> None:
    empty = rseq.Segment("empty")
    assert len(run("show", "empty").stdout.splitlines()) == 1
    assert json.loads(run("show", "empty", "--json").stdout)["structures"] == []
    assert len(empty) == 0


# Nothing is changed, and nobody is joined


def test_looking_changes_nothing(run: Run, crashed: Crashed) -> None:
    path = path_of(crashed.folder, "shop")
    before = hashlib.sha256(path.read_bytes()).digest(), path.stat().st_blocks
    run("ls")
    run("show", "shop")
    run("show", "shop", *LINES)
    run("top", "shop", "--interval", "0.01")
    run("dump", "shop", "events")
    run("dump", "shop", "rows")
    assert (hashlib.sha256(path.read_bytes()).digest(), path.stat().st_blocks) == before


def test_whoever_looks_is_not_among_those_who_use_it(run: Run, segment_folder: Path) -> None:
    with Program(SERVICE) as service:
        assert service.hear() == "ready"
        found = json.loads(run("show", "shop", "--json").stdout)
        assert [one["pid"] for one in found["processes"]] == [service.process.pid]
        service.kill()
    (info,) = rseq.segments()
    looked_at = info.open()
    begun = core_of(looked_at).header.identity
    with Program("import rseq\nsay(rseq.Segment('shop').lanes, len(rseq.Segment('shop')))") as program:
        assert program.hear().endswith(" 0")  # it has begun anew
    assert core_of(looked_at).header.identity == begun


# Many


def test_ten_thousand_counters_are_added_up_in_a_few_calls(
    run: Run, segment_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = rseq.Segment("shop")
    counters = [rseq.Counter(segment=shop, name=f"c{number}") for number in range(10_000)]
    for number, counter in enumerate(counters):
        counter.add(number)
    calls, sums_of = [], reading.sums_of
    monkeypatch.setattr(reading, "sums_of", lambda *given: (calls.append(given), sums_of(*given))[1])
    found = json.loads(run("show", "shop", "--json").stdout)["structures"]
    assert [(one["name"], one["value"]["value"]) for one in found] == [(f"c{n}", n) for n in range(10_000)]
    assert len(calls) == 1


# What a damaged structure says


def add(core: Core, name: str, kind: str, args: object, **changed: Any) -> None:
    """Write an entry that no program of this version would write."""
    spec = changed.pop("spec", None) or json.dumps({"args": args, "layout": changed.pop("layout", 0)})
    core.directory.add(entry_now(kind, name, spec, changed.pop("blocks", (Block(0, 0, 8),))))


def _entry(core: Core, name: str) -> Entry:
    found = core.directory.find(name)
    assert found is not None
    return found


DAMAGE: dict[str, tuple[Callable[[Core], None], str]] = {
    "another kind": (
        lambda core: add(core, "x", "Gizmo", {}),
        "this version of rseq does not know such a structure",
    ),
    "another layout": (lambda core: add(core, "x", "Counter", {}), "it is laid out as another version of rseq does it"),
    "another size": (
        lambda core: add(core, "x", "Counter", {}, blocks=(Block(0, 0, 16),)),
        "it is damaged: its memory is not of 8 bytes",
    ),
    "no memory": (lambda core: add(core, "x", "Counter", {}, blocks=()), "its memory is not of 8 bytes"),
    "memory elsewhere": (
        lambda core: core.directory.add(_entry(core, "hits")._replace(name="x", blocks=(Block(77, 0, 8),))) and None,
        "a block in extent 77, which is not there",
    ),
    "memory outside": (
        lambda core: (
            core.directory.add(_entry(core, "hits")._replace(name="x", blocks=(Block(0, 1 << 40, 8),))) and None
        ),
        "a block of 8 bytes at 1099511627776 of extent 0",
    ),
    "no JSON": (lambda core: add(core, "x", "Counter", {}, spec="{"), "it is damaged"),
    "other JSON": (lambda core: add(core, "x", "Counter", {}, spec="[1]"), "it is damaged"),
    "no args": (lambda core: add(core, "x", "Counter", [1]), "it is damaged"),
    "deep": (lambda core: add(core, "x", "Counter", {}, spec="[" * 100_000), "it is damaged"),
    "no dtype": (lambda core: add(core, "x", "CounterArray", {"shape": [2]}), "it is damaged"),
    "huge": (lambda core: add(core, "x", "CounterArray", {"shape": [1 << 70], "dtype": "i64"}), "it is damaged"),
    "negative": (lambda core: add(core, "x", "CounterArray", {"shape": [-1, -1], "dtype": "i64"}), "it is damaged"),
    "no bounds": (lambda core: add(core, "x", "Histogram", {"bounds": ["a"]}), "it is damaged"),
    "no ring": (
        lambda core: add(core, "x", "RingBuffer", {"capacity": -1, "mode": 1, "clock": 2, "dtype": "?!"}),
        "it is damaged",
    ),
    "no capacity": (lambda core: add(core, "x", "Stack", {"capacity": "many"}), "it is damaged"),
    "no field": (
        lambda core: add(core, "x", "percpu", {"record": "R", "fields": {"a": "i65"}, "shape": []}),
        "field 'a' is of type 'i65', which this version does not know",
    ),
    "no rows": (lambda core: add(core, "x", "array", {"record": "R", "fields": {"a": "i64"}, "n": 1e99}), "damaged"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_structure_that_cannot_be_read_is_a_line_that_says_so(run: Run, segment_folder: Path, name: str) -> None:
    shop = rseq.Segment("shop")
    hits = rseq.Counter(segment=shop, name="hits")
    hits.add(3)
    damage, said = DAMAGE[name]
    damage(core_of(shop))
    found = rows_of(run("show", "shop").stdout)
    assert found["hits"] == "Counter 3"
    assert said in found["x"]
    (_, other) = json.loads(run("show", "shop", "--json").stdout)["structures"]
    assert said in other["problem"]
    assert said in run("top", "shop", "--interval", "0.01").stdout


def test_an_entry_that_is_damaged_is_a_line(run: Run, segment_folder: Path) -> None:
    shop = rseq.Segment("shop")
    hits, misses = (rseq.Counter(segment=shop, name=name) for name in ("hits", "misses"))
    core = core_of(shop)
    first, second = core.directory.places()
    ctypes.c_uint8.from_address(core.head + LOG_AT + second + 50).value ^= 1
    found = rows_of(run("show", "shop").stdout)
    assert found["hits"] == "Counter 0"
    assert f"the entry at {second}: its digest is another one" in found[f"entry {second}"]
    assert first < second
    assert (hits.value, misses.value) == (0, 0)


def test_names_are_shown_without_escape_codes_and_are_no_markup(run: Run, segment_folder: Path) -> None:
    """`run` looks for the codes."""
    shop = rseq.Segment("shop")
    hits = rseq.Counter(segment=shop, name="[red]hits")
    core = core_of(shop)
    core.directory.add(_entry(core, "[red]hits")._replace(name="\x1b[31mevil\n"))
    record = {"record": "\x1b[31mR", "fields": {"\x1b[31ma": "i64"}, "shape": []}
    layout = digest_of((8, 8, {"\x1b[31ma": (0, "i64", 0)}))
    add(core, "record", "percpu", record, layout=layout, blocks=(Block(0, 0, 8),))
    found = rows_of(run("show", "shop").stdout)
    assert found["[red]hits"] == "Counter 0"
    assert found["record"] == "percpu \\x1b[31mR: \\x1b[31ma 0"
    assert len(found) == 3
    assert "\\x1b[31ma" in run("show", "shop", "record").stdout
    assert hits.value == 0


def test_infinities_are_texts_in_json(run: Run, segment_folder: Path) -> None:
    seconds = rseq.FloatCounter(segment="shop", name="seconds")
    seconds.add(float("inf"))
    assert json.loads(run("show", "shop", "--json").stdout)["structures"][0]["value"] == {"value": "inf"}


def test_a_file_that_is_damaged_as_a_whole_is_one_sentence(run: Run, segment_folder: Path) -> None:
    path = path_of(segment_folder, "shop")
    path.write_bytes(b"nonsense" * 1000)
    path.chmod(0o600)
    for command in (("show",), ("top",), ("dump", "shop", "ring")):
        assert run(*command, status=1).stderr.startswith("Error: segment 'shop' is no segment: it does not begin as")
