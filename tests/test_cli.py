"""The command: plain lines when piped, tables on a terminal, JSON on request; all within 80 columns."""

from __future__ import annotations

import importlib
import io
import json
import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from rseq import _arch as arch
from rseq import _cli as cli
from rseq._terminal import commented, wrapped
from rseq._thread import report
from support import run_python


def run(*arguments: str) -> str:
    result = CliRunner().invoke(cli.main, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_info_is_plain_lines_when_piped() -> None:
    lines = run("info").splitlines()
    info = report.info()
    assert f"libc              {info.libc}" in lines
    assert f"CPUs              {info.possible_cpus} possible, {info.online_cpus} online" in lines
    assert all(len(line) <= 80 and line.isascii() for line in lines)


def test_info_says_where_the_structures_code_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    names = (
        "Collector, Counter, CounterArray, FloatCounter, Histogram, KeyedCounter, Max, Min, Pool, RCU, RingBuffer, "
        "SpinLock, Stack, TokenBucket"
    )
    if report.info().code_file:
        said = " ".join(run("info").split())
        assert f"machine code {report.info().code_file}: {names}" in said
    monkeypatch.setattr(report, "origin", lambda: ("", ()))
    assert "machine code      compiled when used" in run("info").splitlines()


def test_json_is_what_info_returns() -> None:
    assert json.loads(run("info", "--json")) == json.loads(json.dumps(report.info().as_dict()))


def test_a_thread_that_is_not_registered_reads_why() -> None:
    command = [sys.executable, "-m", "rseq", "info"]
    env = {**os.environ, "GLIBC_TUNABLES": "glibc.pthread.rseq=0"}
    output = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    assert "sequences run on  the spare lane, under a lock\n" in output
    assert "this thread       not registered\n" in output
    assert "missing: registration. GLIBC_TUNABLES contains glibc.pthread.rseq=0, which tells\n" in output


def test_a_terminal_gets_tables_that_fit_in_80_columns() -> None:
    text = on_a_terminal([sys.executable, "-m", "rseq", "info"], columns=200)
    lines = text.splitlines()
    assert any("restartable sequences" in line for line in lines)
    assert any("│" in line and "usable fields" in line for line in lines)
    assert all(len(line) <= 80 for line in lines)


def on_a_terminal(command: list[str], columns: int) -> str:
    """What `command` prints on a terminal of so many columns, without colours."""
    ours, theirs = pty.openpty()
    env = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm", "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    chunks = []
    while chunk := _read(ours):
        chunks.append(chunk)
    os.close(ours)
    assert process.wait() == 0
    return re.sub(r"\x1b\[[0-9;]*m", "", b"".join(chunks).decode())


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # EIO: the other end is closed
        return b""


@pytest.mark.parametrize("width", [40, 80, 300])
def test_tables_keep_every_sentence_whole(width: int) -> None:
    info = replace(report.info(), registered=True, fields=(), fences=False)
    file = io.StringIO()
    cli._print_tables(info, Console(file=file, width=width, force_terminal=True, color_system=None))
    lines = file.getvalue().splitlines()
    assert all(len(line) <= min(width, 80) for line in lines)
    words = set(re.findall(r"[\w.]+", file.getvalue()))
    assert {word for _, sentence in info.missing for word in re.findall(r"[\w.]+", sentence)} <= words


def test_a_libc_without_symbols_and_a_machine_without_a_file_are_printed() -> None:
    info = replace(report.info(), supported=False, registered=False, offset=None, size=None, kernel_answer="")
    text = "\n".join(cli._plain_lines(info))
    assert "__rseq_offset     libc has no such symbol" in text
    assert "kernel has rseq   not asked" in text
    assert "(not supported)" in text


@pytest.mark.parametrize(
    ("registered_by", "said"), [("nobody", "not registered"), ("someone else", "registered by someone else")]
)
def test_whoever_has_registered_a_thread_is_named(registered_by: str, said: str) -> None:
    info = replace(report.info(), registered=False, registered_by=registered_by)
    assert f"this thread       {said}" in list(cli._plain_lines(info))


@pytest.mark.parametrize("change", [{"system": "Darwin"}, {"executable_memory": "nothing may be executed here"}])
def test_where_no_code_can_run_no_lane_is_promised(change: dict[str, str]) -> None:
    info = replace(report.info(), registered=False, **change)  # type: ignore[arg-type]
    assert "sequences run on  nothing here, see below" in list(cli._plain_lines(info))


@pytest.mark.one_in(4)
@pytest.mark.parametrize("command", ["info", "ls", "check rseq:Counter", "stress --kills 1 --help"])
def test_a_stream_that_is_closed_is_no_terminal(command: str, tmp_path: Path) -> None:
    for closed in (">&-", "2>&-", "<&-"):
        shell = f"{sys.executable} -m rseq {command} {closed}"
        env = {**os.environ, "RSEQ_SEGMENT_DIR": str(tmp_path)}
        done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False, env=env)
        assert (done.returncode, "Traceback" in done.stdout + done.stderr) == (0, False), done


@pytest.mark.parametrize("seconds", ["nan", "inf", "0", "-1"])
def test_stress_takes_a_finite_time(seconds: str) -> None:
    refused = CliRunner().invoke(cli.main, ["stress", "--seconds", seconds])
    assert (refused.exit_code, "Invalid value for '--seconds'" in refused.output) == (2, True)


def test_help_names_the_subcommands() -> None:
    assert re.search(r"^  info +Say what this machine has", run("--help"), re.MULTILINE)


@pytest.mark.parametrize("name", cli.ELSEWHERE)
def test_help_says_of_a_command_what_the_command_says_itself(name: str) -> None:
    command = getattr(importlib.import_module(f"rseq.{cli.ELSEWHERE[name]}"), name)
    known, width = cli.main.commands[name], 10**3
    assert known.get_short_help_str(width) == command.get_short_help_str(width)
    assert run(name, "--help").startswith(f"Usage: main {name} [OPTIONS]")


@pytest.mark.parametrize("name", sorted(cli.main.commands))
def test_help_says_what_each_value_is_and_writes_it_alike(name: str) -> None:
    usage, _, options = run(name, "--help").partition("Options:")
    assert "…" not in usage.splitlines()[0]
    values = re.findall(r"^  +(--[a-z-]+|-\w, --[a-z-]+) (\S+)", options, re.MULTILINE)
    assert [(option, value) for option, value in values if value in ("TEXT", "INTEGER", "FLOAT") or "…" in value] == []
    assert {value for option, value in values if option == "--arch"} <= {"NAME|all"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["info"]])
def test_what_is_quick_imports_no_other_command(arguments: list[str]) -> None:
    code = """
        import sys
        from rseq._cli import main
        main(standalone_mode=False)
        rooms = tuple(f"rseq._{name}" for name in ("bench", "check", "look", "stress"))
        found = {name for name in sys.modules if name.startswith(rooms)}
        print(*found, *{"rich", "numpy", "llvmlite", "numba", "unicorn"} & set(sys.modules), file=sys.stderr)
    """
    assert run_python(code, *arguments).stderr.split() == []


def test_assembly_of_all_architectures_is_at_most_80_columns_wide() -> None:
    result = CliRunner().invoke(cli.main, ["asm", "rseq:Histogram", "--arch", "all"])
    assert result.exit_code == 0
    lines = result.output.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    for name in arch.names():
        assert any(f"{name}, lanes by cpu_id" in line or f"cannot be made for {name}" in line for line in lines)


def test_a_long_comment_goes_on_in_the_next_line() -> None:
    words = "one two " * 8
    assert commented(f"    movq %r9                                 # {words}", "#").splitlines() == [
        "    movq %r9                                 # one two one two one two one two",
        "                                             #   one two one two one two one two",
    ]
    assert commented(f"// registers: {words}{words}", "//").splitlines() == [
        "// registers:" + " one two" * 8,
        "//     one two" + " one two" * 7,
    ]
    assert commented(f"{'x' * 70} # why so", "#").splitlines() == [f"{'x' * 70} # why so"]
    assert commented(f"{'x' * 76} # why so", "#").splitlines() == ["x" * 76, f"{' ' * 45}# why so"]


def test_what_an_architecture_cannot_hold_is_skipped_with_the_reason() -> None:
    sentence = "add() cannot be made for armv7l: n is an i64, and registers have 32 bits there; use i32 or u32"
    result = CliRunner().invoke(cli.main, ["asm", "rseq:Counter.add", "--arch", "armv7l"])
    assert (result.exit_code, result.output) == (0, f"{wrapped(f'skipped: {sentence}')}\n")
    result = CliRunner().invoke(cli.main, ["emit", "rseq:Counter", "--arch", "all"])
    assert result.exit_code == 0
    assert f"skipped: {sentence}" in result.output
