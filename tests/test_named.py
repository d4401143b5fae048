"""Sequences by name, as the command line takes them: `rseq asm MODULE:NAME`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from rseq.cli import main
from rseq.named import NamedError, sequences

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


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.py"
    path.write_text(USERS_FILE)
    return path


def test_a_structure_and_its_method_name_the_same_sequence() -> None:
    assert sequences("rseq:Counter") == sequences("rseq:Counter.add")
    assert [found.__name__ for found in sequences("rseq:CounterArray")] == ["add"]


def test_a_file_names_the_users_sequence(shop: Path) -> None:
    assert [found.__name__ for found in sequences(f"{shop}:swap")] == ["swap"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("rseq", "expected MODULE:NAME, such as rseq:Counter or shop.py:push; got 'rseq'"),
        ("rseq:Foo", "rseq has no Foo; there are: Counter, CounterArray, FloatCounter"),
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
