"""`rseq check`: what it is given, what it says, and the command that replays a failure."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rseq._cli import main


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


@pytest.fixture
def shop(tmp_path: Path) -> str:
    path = tmp_path / "shop.py"
    path.write_text(
        "import rseq\n"
        "from rseq import i64, prepared\n"
        "from rseq._language.parser.parse import parse\n"
        "from rseq._sequence import Sequence\n"
        "class Scratch(rseq.Record):\n"
        "    turn: prepared[i64]\n"
        "    value: i64\n"
        "@rseq.sequence\n"
        "def put(cpu: Scratch, n: i64) -> None:\n"
        "    cpu.value = n\n"
        "@rseq.sequence\n"
        "def get(cpu: Scratch) -> i64:\n"
        "    return cpu.value\n"
        "def turn(cpu: Scratch, n: i64) -> None:\n"
        "    turn = cpu.turn + n\n"
        "    cpu.turn = turn\n"
        "    cpu.value = turn\n"
        "turn = Sequence(turn, parse(turn))\n"
    )
    return str(path)


def test_the_command_checks_sequences_of_one_file_against_each_other(shop: str) -> None:
    result = run(f"{shop}:put", f"{shop}:get", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert found["ok"] is True
    assert [one["operations"] for one in found["checked"]] == [["put", "get"]] * 2


def test_the_command_fails_with_the_story_and_replays_it(shop: str) -> None:
    result = run(f"{shop}:turn")
    assert result.exit_code == 1
    assert "error[not-an-order]: turn(5)" in result.output
    command = next(line for line in result.output.splitlines() if "replay: rseq check" in line)
    again = run(*command.split()[3:])
    assert again.exit_code == 1
    assert "error[not-an-order]: turn(5)" in again.output


def test_the_command_says_the_same_with_any_number_of_processes(shop: str) -> None:
    names = [f"{shop}:put", f"{shop}:turn", "--json"]
    one, many = (run(*names, "--jobs", jobs) for jobs in ("1", "4"))
    assert (one.exit_code, many.exit_code) == (1, 1)
    assert json.loads(one.output) | {"seconds": 0} == json.loads(many.output) | {"seconds": 0}


def test_the_command_asks_for_names_or_all() -> None:
    assert run().exit_code == 2
    result = run("rseq:Counter", "--all")
    assert (result.exit_code, "or say --all" in result.output) == (2, True)


def test_the_command_says_what_is_wrong_with_a_name() -> None:
    result = run("rseq:Nothing")
    assert result.exit_code == 1
    assert "rseq has no Nothing" in result.output
    result = run("rseq:Counter", "--arch", "pdp11")
    assert "no architecture is called 'pdp11'" in result.output


def test_the_command_writes_no_line_of_more_than_80_columns(shop: str) -> None:
    for names in (["rseq:Counter"], [f"{shop}:turn"], ["rseq:Counter", "--arch", "armv7l"]):
        result = run(*names)
        long = [line for line in result.output.splitlines() if len(line) > 80 and "replay: " not in line]
        assert long == []
