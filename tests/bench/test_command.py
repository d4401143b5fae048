"""`rseq bench` as a user meets it: options, output in a pipe and on a terminal, files, and failure."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rseq._bench import command
from rseq._bench.run import Crew, Implementation, Operation, Plan, Threads, Unavailable, counted


def fake(name: str, loses: int = 0, slowness: int = 1) -> Implementation:
    """An implementation that works `slowness` times as long as need be and loses `loses` updates of each run."""
    total = 0

    def work(worker: int, count: int) -> None:
        nonlocal total
        deque(repeat(None, count * slowness), maxlen=0)
        total += count - loses

    def crew(cpus: Sequence[int | None]) -> Crew:
        return Threads(work, cpus)

    return Implementation(name, f"{name} label", crew, counted(lambda: total))


def missing(workers: int) -> Implementation:
    raise Unavailable("it is a fake.")


def operations() -> tuple[Operation, ...]:
    """Two operations like the real ones, which take no time."""
    makers = {
        "rseq": lambda workers: fake("rseq"),
        "vdso-atomic": lambda workers: fake("vdso-atomic", slowness=3),
        "absent": missing,
    }
    counter = Operation("counter", "counter, fake loop", "update", makers, oversubscribed=True)
    lossy = Operation("lossy", "what loses", "update", {"loser": lambda workers: fake("loser", loses=3)}, workers=(1,))
    return (counter, lossy)


@pytest.fixture(autouse=True)
def _fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "operations", operations)
    monkeypatch.setattr(command, "_QUICK", (2, 0.002))


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(command.bench, ["--quick", *arguments])


def test_the_table_shows_times_ratios_and_what_was_verified() -> None:
    done = bench("--only", "counter", "--threads", "1")
    assert done.exit_code == 0, done.output
    assert "counter, fake loop · 1 thread\n" in done.output
    assert re.search(r"\n  rseq label +[\d.]+ +[\d.]+ +[\d.]+ +1\.00\n", done.output)
    assert re.search(r"\n  vdso-atomic label( +[\d.]+){4}\n", done.output)
    assert re.search(r"\n  counter: vDSO getcpu \+ atomic ÷ rseq +[\d.]+", done.output)
    assert re.search(r"\nOperations verified: [\d,]+, of them [\d,]+ by rseq; lost: 0\.\n", done.output)
    assert "counter: absent is left out: it is a fake." in done.output


def test_a_lost_update_makes_the_command_fail_and_says_whose_and_how_many() -> None:
    done = bench()
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: loser (loser label) in operation lossy lost 3 of 500 updates with 1 thread: ")
    assert "ns" not in done.stdout


def test_numbers_of_threads_are_measured_in_the_order_given_and_once_each() -> None:
    done = bench("--only", "counter", "--threads", "2,1,2")
    titles = re.findall(r"^counter, fake loop · (\d)", done.output, re.MULTILINE)
    assert titles == ["2", "1"]


def test_by_default_there_are_one_thread_one_for_each_cpu_and_twice_as_many() -> None:
    cpus = len(Plan(1, 1).cpus)
    done = bench("--only", "rseq")
    titles = re.findall(r"^counter, fake loop · (\d+)", done.output, re.MULTILINE)
    assert titles == [str(number) for number in dict.fromkeys((1, cpus, 2 * cpus))]


def test_parts_of_names_choose_operations_and_the_page_has_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    known = command.operations()
    locks = [operation.name for operation in command._choose(known, "lock")]
    assert locks == ["lock", "lock-python"]
    from_python = {operation.name for operation in command._choose(known, "python")}
    assert from_python == {operation.name for operation in known if operation.name.endswith("python")}
    assert [operation.name for operation in command._choose(known, "ring-8,rseq")] == ["ring-8"]
    page = Path(__file__).parents[2].joinpath("docs", "bench.md").read_text()
    assert [operation.name for operation in known if f"`{operation.name}`" not in page] == []


def test_names_of_operations_and_of_implementations_narrow_what_is_measured() -> None:
    done = bench("--only", "counter,vdso-atomic", "--threads", "1")
    assert "vdso-atomic label" in done.output
    assert "rseq label" not in done.output


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["--only", "counter,nonsense,abc"],
            "nothing is called nonsense, abc. There are the operations\n  counter  ",
        ),
        (["--only", "counter,loser"], "none of these operations has such an implementation."),
        (["--threads", "1,x"], "expected numbers of threads like 1,2,4, got '1,x'."),
        (["--threads", "0"], "expected numbers of threads like 1,2,4, got '0'."),
        (["--json", "/nowhere/at/all.json"], "there is no folder /nowhere/at."),
        (["--plot", "picture.jpg"], "expected a name that ends in .png, got picture.jpg."),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is_measured(arguments: list[str], sentence: str) -> None:
    done = bench(*arguments)
    assert done.exit_code == 2
    assert sentence in done.stderr
    assert done.stdout == ""


def test_json_has_the_machine_and_every_round_of_every_result(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    done = bench("--only", "counter", "--threads", "1,2", "--json", str(path))
    assert done.exit_code == 0, done.output
    data = json.loads(path.read_text())
    assert set(data) == {"machine", "results"}
    assert {"cpu", "cores", "kernel", "libc", "python", "numba", "commit", "date"} <= set(data["machine"])
    assert [(row["implementation"], row["threads"]) for row in data["results"]] == [
        ("rseq", 1),
        ("vdso-atomic", 1),
        ("rseq", 2),
        ("vdso-atomic", 2),
    ]
    for row in data["results"]:
        assert set(row) == {"operation", "implementation", "threads", "ns_per_op", "min", "max", "runs"}
        assert row["operation"] == "counter"
        assert len(row["runs"]) == 2
        assert row["min"] == min(row["runs"]) <= row["ns_per_op"] <= row["max"] == max(row["runs"])


def test_the_plot_is_a_png(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "figures.png"
    done = bench("--only", "counter", "--threads", "1,2,4", "--plot", str(path))
    assert done.exit_code == 0, done.output
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert path.stat().st_size > 10_000


# Terminals and pipes, in a process of its own with the fakes of this file

CHILD = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import test_command
from rseq._bench import command
command.operations = test_command.operations
command._QUICK = (2, 0.002)
command.bench(["--quick", "--only", "counter", "--threads", "1"])
"""


def _run_on_a_terminal(stdout: bool) -> tuple[str, str]:
    """Run the child with stderr, and perhaps stdout too, on a terminal: what came by the pipe, and by the terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD], stdout=theirs if stdout else subprocess.PIPE, stderr=theirs, env=environment
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
        shown += piece
    piped = child.stdout.read().decode() if child.stdout else ""
    if child.stdout:
        child.stdout.close()
    os.close(ours)
    assert child.wait() == 0, shown
    return piped, shown.decode()


@pytest.mark.slow
def test_in_a_pipe_there_is_no_escape_code_no_progress_and_no_line_beyond_80_columns() -> None:
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": "200", "TTY_COMPATIBLE": "1"}
    done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True, env=environment)
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.slow
def test_progress_is_shown_on_a_terminal_while_the_table_goes_through_a_pipe() -> None:
    piped, shown = _run_on_a_terminal(stdout=False)
    assert "%" in shown
    assert "\x1b[" in shown
    assert "rseq label" in piped
    assert "\x1b" not in piped


@pytest.mark.slow
def test_on_a_terminal_the_table_has_colour() -> None:
    _, shown = _run_on_a_terminal(stdout=True)
    table = shown[shown.rindex("counter, fake loop · 1 thread") :]
    assert "\x1b[1;32m" in table


# The real thing, once with rseq and once without


@pytest.mark.slow
@pytest.mark.parametrize("tunables", ["", "glibc.pthread.rseq=0"])
def test_the_real_command_runs_with_rseq_and_without(tunables: str, tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    command = [
        sys.executable,
        "-m",
        "rseq",
        "bench",
        "--quick",
        "--only",
        "counter,rseq,thread-local",
        "--threads",
        "2",
    ]
    environment = {**os.environ, "GLIBC_TUNABLES": tunables}
    done = subprocess.run([*command, "--json", str(path)], capture_output=True, text=True, check=True, env=environment)
    assert done.stderr == ""
    assert {row["implementation"] for row in json.loads(path.read_text())["results"]} == {"rseq", "thread-local"}
    if tunables:
        assert "ran on the spare lane, under a lock." in done.stdout
