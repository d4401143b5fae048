"""`rseq ls`: what segments there are, and who has them open."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import rseq
from look.conftest import SERVICE, Crashed, Run
from rseq._percpu.shared.layout import MAGIC
from shared.folders import Program, path_of


def test_a_crashed_service_has_left_its_segment(run: Run, crashed: Crashed) -> None:
    heading, row = run("ls").stdout.splitlines()
    assert heading.split() == ["segment", "MiB", "structures", "processes", "CPUs", "age"]
    name, size, structures, processes, lanes, *age = row.split()
    assert (name, structures, processes) == ("shop", "19", "0")
    assert float(size) > 0
    assert int(lanes) == rseq.info().possible_cpus
    assert len(age) == 2


def test_json_has_what_the_library_says(run: Run, crashed: Crashed) -> None:
    (found,) = json.loads(run("ls", "--json").stdout)
    (info,) = rseq.segments()
    assert found == {**info._asdict(), "processes": []}


def test_those_that_have_it_open_are_named(run: Run, segment_folder: Path) -> None:
    with Program(SERVICE) as service:
        assert service.hear() == "ready"
        assert run("ls").stdout.splitlines()[1].split()[3] == "1"
        line = run("ls", "--long").stdout.splitlines()[2]
        assert line.startswith(f"shop is {path_of(segment_folder, 'shop')}, open in {service.process.pid} (")
        (found,) = json.loads(run("ls", "--json").stdout)
        assert [one["pid"] for one in found["processes"]] == [service.process.pid]
        service.tell()


def test_where_there_are_none_nothing_is_listed(run: Run, segment_folder: Path) -> None:
    done = run("ls")
    assert (done.stdout, done.stderr) == ("", "no segments\n")
    assert json.loads(run("ls", "--json").stdout) == []


def test_one_that_cannot_be_used_is_listed_with_the_reason(run: Run, segment_folder: Path) -> None:
    path = path_of(segment_folder, "broken")
    path.write_bytes(MAGIC + bytes(100))
    path.chmod(0o600)
    _, row, reason = run("ls").stdout.splitlines()
    assert row.split() == ["broken", "0.00", "-", "-", "-", "-"]
    assert reason.startswith("broken cannot be used: segment 'broken' is no segment")
    (found,) = json.loads(run("ls", "--json").stdout)
    assert found["problem"] in reason


def test_a_folder_that_is_not_there_is_said_in_a_sentence(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSEQ_SEGMENT_DIR", "/nowhere")
    for command in (("ls",), ("show",), ("top", "shop"), ("rm", "--all"), ("dump", "shop", "ring")):
        assert "Error: /nowhere, where segments are kept, is not there" in run(*command, status=1).stderr


def test_a_program_s_name_is_shown_without_its_escape_codes(run: Run, segment_folder: Path) -> None:
    code = f"import sys\nsys.argv[0] = {'bad' + chr(27) + '[31m'!r}\n{SERVICE}"
    with Program("\n".join(line.removeprefix("    ") for line in code.splitlines())) as service:
        assert service.hear() == "ready"
        assert "(bad?[31m)" in run("ls", "--long").stdout
        assert os.path.exists(path_of(segment_folder, "shop"))
        service.tell()
