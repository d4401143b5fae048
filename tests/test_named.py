"""Sequences by name, as the command line takes them: `rseq asm MODULE:NAME`."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from rseq import _named as named
from rseq._cli import main
from rseq._named import NamedError, sequences
from rseq._once import once

USERS_FILE = """
import rseq

class Cell(rseq.Record):
    value: rseq.i64

@rseq.sequence
def swap(cpu: Cell, n: rseq.i64) -> rseq.i64:
    before = cpu.value
    cpu.value = n
    return before
"""


READER = """
import rseq

class Cell(rseq.Record):
    value: rseq.i64

@rseq.routine
def read(cpu: Cell, n: rseq.u64) -> rseq.i64:
    return rseq.load_acquire(rseq.lane(cpu, n).value)
"""


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(named, "_file", once(named._file.__wrapped__))  # type: ignore[attr-defined]
    path = tmp_path / "shop.py"
    path.write_text(USERS_FILE)
    yield path
    sys.modules.pop("shop", None)


def test_a_structure_and_its_method_name_the_same_sequence() -> None:
    assert sequences("rseq:Counter") == sequences("rseq:Counter.add")
    assert [found.__name__ for found in sequences("rseq:CounterArray")] == ["add"]


def test_a_file_names_the_users_sequence(shop: Path) -> None:
    assert [found.__name__ for found in sequences(f"{shop}:swap")] == ["swap"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("rseq", "expected MODULE:NAME, such as rseq:Counter or shop.py:push; got 'rseq'"),
        ("rseq:Foo", "rseq has no Foo; there are: Collector, Counter, CounterArray, FloatCounter"),
        ("rseq:info", "rseq:info is neither a sequence or routine nor a structure; it is"),
        ("no_such_module:f", "no_such_module cannot be imported: No module named 'no_such_module'"),
        ("no_such.py:f", "there is no file no_such.py"),
    ],
)
def test_a_wrong_name_is_answered_with_a_sentence(name: str, sentence: str) -> None:
    with pytest.raises(NamedError) as caught:
        sequences(name)
    assert str(caught.value).startswith(sentence)


def test_a_file_that_does_not_compile_shows_the_diagnostics(shop: Path) -> None:
    shop.write_text(USERS_FILE.replace("cpu.value = n", "cpu.valu = n"))
    with pytest.raises(NamedError, match=r"does not compile:\nshop.py:10:5: error\[no-such-field\]"):
        sequences(f"{shop}:swap")


def test_asm_prints_pseudo_code_and_commented_assembly(shop: Path) -> None:
    result = CliRunner().invoke(main, ["asm", f"{shop}:swap"])
    assert result.exit_code == 0, result.output
    assert "swap(cpu: Cell, n: i64) -> i64:" in result.output
    assert "# cpu.value = n    # commit" in result.output
    assert CliRunner().invoke(main, ["asm", f"{shop}:swap", "--arch", "vax"]).exit_code == 1


# ---- modules that misbehave

NOISY = (
    USERS_FILE
    + """
import ctypes, os, sys
print("from print")
sys.__stdout__.write("from __stdout__")
os.write(1, b"from write(2)\\n")
ctypes.CDLL(None).puts(b"from C")
os.system("echo from a process")
os.chdir("/")
sys.path.pop(0)
"""
)


def test_what_a_module_prints_is_none_of_the_output(shop: Path) -> None:
    shop.write_text(NOISY)
    for command in (["check", "--json"], ["asm"], ["emit"]):
        done = subprocess.run(
            [sys.executable, "-m", "rseq", *command, f"{shop}:swap"], capture_output=True, text=True, check=True
        )
        for word in ("from print", "from __stdout__", "from write(2)", "from C", "from a process"):
            assert word in done.stderr
            assert word not in done.stdout
        if "--json" in command:
            assert json.loads(done.stdout)


MODULES = {
    "exits": (
        "import sys; sys.exit(3)",
        "shop.py exits when it is imported, with 3; what only a program does belongs below if __name__ ==",
    ),
    "quits": ("quit()", "shop.py exits when it is imported, with None; what only a program does belongs below"),
    "raises": ("raise ValueError('no luck')", "shop.py raised ValueError: no luck"),
    "raises what is no Exception": (
        "class Skipped(BaseException): pass\nraise Skipped('not today')",
        "shop.py raised Skipped: not today",
    ),
    "does not parse": ("def f(:", "shop.py raised SyntaxError: invalid syntax (shop.py, line 1)"),
    "is no text": ("\0", "shop.py raised "),
    "imports what is not there": (
        "import not_there",
        "shop.py raised ModuleNotFoundError: No module named 'not_there'",
    ),
    "is empty": ("", "shop.py has no swap; there are: no sequences"),
    "has something else of this name": (
        "swap = 5",
        "shop.py:swap is neither a sequence or routine nor a structure; it",
    ),
    "has a class that raises": (
        "class swap:\n    @classmethod\n    def _sequences(cls): raise OSError('full')",
        "swap._sequences() of shop.py:swap raised OSError: full",
    ),
    "has a class whose sequences are none": ("class swap:\n    _sequences = [5]", "shop.py:swap is neither"),
    "has a structure without sequences": (
        "class swap:\n    _sequences = staticmethod(dict)",
        "shop.py:swap is a structure without sequences",
    ),
    "raises when it is asked": (
        "def __getattr__(name): raise RuntimeError(f'no {name} for you')",
        "swap of shop.py:swap raised RuntimeError: no swap for you",
    ),
}


@pytest.mark.parametrize("command", ["asm", "emit", "check"])
@pytest.mark.parametrize("module", MODULES)
def test_a_module_that_fails_is_answered_with_a_sentence(
    shop: Path, monkeypatch: pytest.MonkeyPatch, module: str, command: str
) -> None:
    text, sentence = MODULES[module]
    monkeypatch.chdir(shop.parent)
    shop.write_text(text)
    result = CliRunner().invoke(main, [command, "shop.py:swap"])
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {sentence}")
    assert result.output.count("\n") <= 2
    was_imported = not sentence.startswith(("shop.py raised", "shop.py exits"))
    assert ("shop" in sys.modules) == was_imported


def test_ctrl_c_in_a_module_ends_the_command(shop: Path) -> None:
    shop.write_text("raise KeyboardInterrupt")
    result = CliRunner().invoke(main, ["asm", f"{shop}:swap"])
    assert (result.exit_code, result.output.strip()) == (1, "Aborted!")


def test_a_file_imports_what_lies_beside_it(shop: Path) -> None:
    (shop.parent / "till_of_shop.py").write_text(USERS_FILE)
    shop.write_text("from till_of_shop import swap")
    assert [found.__name__ for found in sequences(f"{shop}:swap")] == ["swap"]


@pytest.mark.parametrize("path", ["Counter.add.more", "Counter.__init__.x", "__name__.x", "Counter.", "."])
def test_a_name_that_leads_nowhere_is_answered_with_a_sentence(path: str) -> None:
    with pytest.raises(NamedError, match=f"^rseq has no {re.escape(path)}; there are: "):
        sequences(f"rseq:{path}")


@pytest.mark.parametrize("name", ["", ":", ":x", "shop:", ".shop:x", "shop"])
def test_what_is_no_name_is_answered_with_a_sentence(name: str) -> None:
    with pytest.raises(NamedError, match=r"^expected MODULE:NAME, such as rseq:Counter or shop.py:push; got "):
        sequences(name)


@pytest.mark.parametrize(
    ("command", "why"),
    [("check", "so there is nothing to interrupt")],
)
def test_a_routine_without_sequences_has_nothing_to_interrupt(shop: Path, command: str, why: str) -> None:
    shop.write_text(READER)
    result = CliRunner().invoke(main, [command, f"{shop}:read"])
    assert result.exit_code == 1
    assert result.output == f"Error: {shop}:read calls no sequence, {why}\n"


@pytest.mark.parametrize("raised", ["KeyError('no slot')", "SystemExit(4)"])
def test_a_record_that_fails_to_say_what_is_live_is_answered_with_a_sentence(shop: Path, raised: str) -> None:
    live = f"    draft: rseq.prepared[rseq.i64]\n\n    @staticmethod\n    def live(lane):\n        raise {raised}\n"
    shop.write_text(USERS_FILE.replace("    value: rseq.i64\n", f"    value: rseq.i64\n{live}"))
    result = CliRunner().invoke(main, ["check", "--jobs", "1", f"{shop}:swap"])
    kind, _, text = raised[:-1].partition("(")
    assert (result.exit_code, result.output) == (1, f"Error: Cell.live() raised {kind}: {text}\n")


# ---- several names, and whole modules

SHOP = (
    USERS_FILE
    + """
@rseq.routine
def swap_twice(cpu: Cell, n: rseq.i64) -> rseq.i64:
    swap(cpu, n)
    return swap(cpu, n + 1)

@rseq.sequence
def add(cpu: Cell, n: rseq.i64) -> None:
    cpu.value += n

class Shelf:
    @classmethod
    def _sequences(cls):
        return {"put": swap}
"""
)


def output_of(*arguments: str) -> str:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_asm_shows_what_a_routine_does_and_the_sequences_that_it_calls(shop: Path) -> None:
    shop.write_text(SHOP)
    text = output_of("asm", f"{shop}:swap_twice")
    assert "# swap_twice(cpu: Cell, n: i64) -> i64:\n#     %1 = swap(cpu, n)\n" in text
    assert text.count("# cpu.value = n    # commit") == 1


def test_asm_shows_the_pseudo_code_of_a_routine_that_calls_no_sequence(shop: Path) -> None:
    shop.write_text(READER)
    assert "# read(cpu: Cell, n: u64) -> i64:" in output_of("asm", f"{shop}:read")


def test_asm_takes_several_names_and_a_whole_module_each_sequence_once(shop: Path) -> None:
    shop.write_text(SHOP)
    for names in ([f"{shop}:add", f"{shop}:swap", f"{shop}:Shelf"], [str(shop)]):
        text = output_of("asm", *names)
        assert (text.count("# swap(cpu: Cell"), text.count("# add(cpu: Cell")) == (1, 1), names


def test_emit_writes_several_names_into_one_header_with_one_set_of_structs(shop: Path) -> None:
    shop.write_text(SHOP)
    text = output_of("emit", f"{shop}:add", f"{shop}:swap")
    assert [text.count(one) for one in ("int shop_add(", "int shop_swap(", "struct shop_cell {")] == [1, 1, 1]
    assert "#ifndef SHOP_ADD_SWAP_H" in text
    whole = output_of("emit", str(shop))
    assert [whole.count(one) for one in ("int shop_add(", "int shop_swap(", "#ifndef SHOP_H")] == [1, 1, 1]
    assert "rseq_counter_add" in output_of("emit", "rseq:Counter")
    both = output_of("emit", "rseq:Counter", "rseq:Max")
    assert "int rseq_counter_add(" in both
    assert "int rseq_max_" in both


def test_names_of_several_modules_and_modules_without_any_are_answered_with_a_sentence(shop: Path) -> None:
    shop.write_text(SHOP)
    result = CliRunner().invoke(main, ["emit", f"{shop}:add", "rseq:Counter"])
    assert result.output == "Error: expected names of one module; got some of rseq, shop\n"
    result = CliRunner().invoke(main, ["asm", "json"])
    assert result.output == "Error: json has no sequences, routines or structures of its own\n"
