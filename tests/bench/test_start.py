"""`rseq bench --start`: the figures mean what they say, and each use does what its name says."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import rseq
from rseq._bench import command, shipped, start
from rseq._bench.start import BARE, Use, figures, fleet, measure, spent
from rseq._builtins.form import Form
from rseq._structures.structure import Structure
from support import run_python

BURN = "import time\nwhile time.process_time() < 0.12: pass"
FEW = (
    Use(BARE, "", over=""),
    Use("Counter", BURN),
    Use("more", f"kept = bytearray(32 << 20)\n{BURN}", over="Counter"),
    Use("broken", "raise ValueError('it is')"),
)


def test_every_structure_has_a_first_use(tmp_path: Path) -> None:
    public = {name: getattr(rseq, name) for name in rseq.__all__}
    structures = {name for name, it in public.items() if isinstance(it, type) and issubclass(it, Structure)}
    assert "Counter" in structures
    assert structures <= {use.name for use in start.uses(tmp_path)}


@pytest.mark.slow
def test_each_use_runs(tmp_path: Path) -> None:
    for use in start.uses(tmp_path):
        run_python(use.code)


def test_what_a_use_costs_is_over_another_one() -> None:
    found = start.Figures(measure(FEW, rounds=1), fleet("", 1), None, None, {"Counter.add": 1.0})
    cpu, resident = (found.over(found.costs["Counter"], what) for what in ("cpu_ms", "resident_mib"))
    assert cpu > 100  # what it burns, less what bare Python takes
    assert resident < 16
    assert found.over(found.costs["more"], "resident_mib") > 30
    assert found.costs["broken"].failed == "ValueError: it is"
    assert "calls of shipped ÷ of freshly compiled code: Counter.add 1.00" in list(found.lines())
    assert f"{'broken':<34}failed: ValueError: it is" in list(found.lines())
    assert f"{'more, over Counter':<34}" in "".join(line[:34] for line in found.lines())


def test_what_a_process_has_loaded_is_named() -> None:
    with start.Staying("import sys; sys.modules.update(numpy=sys, numba=sys)") as process:
        assert process.loads == "numba numpy"


def test_a_process_that_fails_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match=r"failed: 3$"):
        spent([sys.executable, "-c", "raise SystemExit(3)"])


def test_pages_that_processes_share_count_once(tmp_path: Path) -> None:
    (tmp_path / "shared").write_bytes(bytes(64 << 20))
    path = str(tmp_path / "shared")
    many = fleet(f"import mmap\nfile = open({path!r}, 'r+b')\nkept = mmap.mmap(file.fileno(), 0)\nsum(kept[::4096])", 4)
    assert 48 < many.mib - many.bare_mib < 128  # 64 MiB, and not four times that; the rest differs by some pages


@pytest.mark.slow
def test_the_command_prints_a_table_and_writes_every_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "_QUICK", (2, 0.0))
    monkeypatch.setattr(command, "_FLEET", 2)
    monkeypatch.setattr(start, "uses", lambda folder: FEW)
    done = CliRunner().invoke(command.bench, ["--quick", "--start", "--json", str(tmp_path / "start.json")])
    assert done.exit_code == 0, done.output
    assert re.search(r"^Counter +\d+\.\d +\d+\.\d +-?\d+\.\d$", done.output, re.MULTILINE)
    assert re.search(r"^2 processes that count once: \d+ MiB in all, [\d.]+ s;$", done.output, re.MULTILINE)
    assert re.search(r"^rseq --help: \d+ ms$", done.output, re.MULTILINE)
    assert all(len(line) <= 80 for line in done.output.splitlines())
    written = json.loads((tmp_path / "start.json").read_text())
    assert {"machine", "start", "fleet", "help_ms", "installed", "shipped"} == set(written)
    rows = {row["use"]["name"]: row for row in written["start"]}
    assert len(rows["Counter"]["cpu_ms"]) == 2
    assert rows["Counter"]["cpu_ms_over"] > 100


def test_a_counter_that_cannot_be_used_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "uses", lambda folder: (FEW[0], Use("Counter", "raise OSError('nothing here')")))
    with pytest.raises(RuntimeError, match=r"^a counter cannot be used here: OSError: nothing here$"):
        figures(1, 1, None)
    done = CliRunner().invoke(command.bench, ["--quick", "--start"])
    assert done.exit_code == 1
    assert done.stderr == "Error: a counter cannot be used here: OSError: nothing here\n"


def test_a_wheel_goes_with_start_only(tmp_path: Path) -> None:
    (tmp_path / "it.whl").touch()
    assert CliRunner().invoke(command.bench, ["--wheel", str(tmp_path / "it.whl")]).exit_code == 2


def test_shipped_code_is_measured_beside_what_is_compiled_now() -> None:
    assert all(ratio > 0 for ratio in shipped.measured(1).values())


def test_a_checkout_has_no_shipped_code_to_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Form, "shipped", lambda *_, **__: None)
    assert shipped.ratios(1) == {}
