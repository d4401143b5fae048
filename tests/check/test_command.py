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


def test_a_whole_module_is_all_that_is_made_there(shop: str) -> None:
    Path(shop).write_text(Path(shop).read_text().partition("def turn")[0] + PEEK)
    result = run(shop, "--json")
    assert result.exit_code == 0, result.output
    assert [one["operations"] for one in json.loads(result.output)["checked"]] == [["get", "put"]] * 2


PEEK = """
@rseq.routine
def peek(cpu: Scratch) -> i64:
    return get(cpu)
from rseq import Counter  # which is not made here
"""


def test_a_failure_of_a_whole_module_is_replayed_by_its_name(shop: str) -> None:
    Path(shop).write_text(Path(shop).read_text().replace("\nturn = ", "\nturn.__module__ = __name__\nturn = "))
    result = run(shop)
    assert result.exit_code == 1
    command = next(line for line in result.output.splitlines() if "replay: rseq check" in line)
    assert command.split()[3] == shop
    assert run(*command.split()[3:]).exit_code == 1


def test_a_file_or_module_that_is_not_there_is_said(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.py"
    empty = tmp_path / "empty.py"
    empty.write_text("")
    for name, said in (
        (str(nowhere), f"there is no file {nowhere}"),
        ("nowhere", "nowhere cannot be imported: No module named 'nowhere'"),
        (str(empty), f"{empty} has no sequences, routines or structures of its own"),
    ):
        result = run(name)
        assert (result.exit_code, result.output) == (1, f"Error: {said}\n")


def test_prepared_fields_that_nobody_says_are_live_are_told_of(shop: str) -> None:
    """Once, whatever the ways to choose a lane; not of a record that has a `live`, or no prepared fields."""
    told = "Scratch has prepared fields and no live(lane): what they hold was not compared"
    text = run(f"{shop}:put").output
    assert text.startswith(f"{told}\n\nviolations: 0;")
    assert text.count(told) == 1
    found = json.loads(run(f"{shop}:put", "--json").output)
    assert (found["ok"], found["not_compared"]) == (True, [told])
    other = Path(shop).with_name("other.py")
    other.write_text(Path(shop).read_text().replace("value: i64", "value: i64\n    def live(lane):\n        return 0"))
    assert run(f"{other}:put").output.startswith("violations: 0;")
    other = Path(shop).with_name("plain.py")
    other.write_text(Path(shop).read_text().replace("turn: prepared[i64]", "turn: i64"))
    assert json.loads(run(f"{other}:put", "--json").output)["not_compared"] == []


def test_prepared_fields_of_rows_are_told_of_too(tmp_path: Path) -> None:
    path = tmp_path / "rows.py"
    path.write_text(
        "import rseq\n"
        "from rseq import i64, prepared, ptr\n"
        "class Node(rseq.Record):\n"
        "    note: prepared[i64]\n"
        "class Head(rseq.Record):\n"
        "    first: ptr[Node]\n"
        "@rseq.sequence\n"
        "def put(cpu: Head, node: ptr[Node]) -> None:\n"
        "    cpu.first = node\n"
    )
    (told,) = json.loads(run(str(path), "--json").output)["not_compared"]
    assert told.startswith("Node has prepared fields and no live(lane)")
