"""Files that change after they were imported, and programs without files of source text."""

from __future__ import annotations

import compileall
import importlib
import linecache
import runpy
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rseq
from rseq._language import kept
from support import ROOT, run_python

COMMENT = "# lines\n# of comment\n# that go away in the next version\n"
FACTORY = """
    def make():
        @rseq.sequence
        def add(cpu: Cell, n: i64 = 5) -> None:
            cpu.value += n
        @rseq.sequence
        def sub(cpu: Cell, n: i64 = 5) -> None:
            cpu.value -= n
        return add, sub
"""
HEAD = "import rseq\nfrom rseq import i64\n"
RECORD = "class Cell(rseq.Record):\n    value: i64\n"
BORROWED = "from rseq._structures.counter import Counter\nCell = Counter._sequences()['add'].body.record\n"
MAKE_ALL = """
    made = [rseq.Counter(), rseq.FloatCounter(), rseq.CounterArray((3, 3)), rseq.Histogram([1.0, 2.0]),
            rseq.Histogram.exponential(1, 1e6), rseq.Max("i64"), rseq.Min("float32"), rseq.Pool(8, 4), rseq.RCU(),
            rseq.RingBuffer(1 << 12), rseq.RingBuffer(8, dtype="f8"), rseq.RingBuffer(1 << 12, mode="overwrite"),
            rseq.SpinLock(), rseq.Stack(4), rseq.KeyedCounter(3), rseq.Collector("f8", 4),
            rseq.TokenBucket(9, 9)]
    made[0].add(2)
    made[9].write(b"it")
    print(made[0].value, made[9].drain()[0].data, len(made))
"""


class Module:
    """A module whose file is edited after it was imported."""

    def __init__(self, folder: Path, head: str) -> None:
        self.file = folder / f"account{len(kept._kept)}.py"
        self.head = HEAD + head
        self.write(COMMENT + FACTORY)
        self.module = importlib.import_module(self.file.stem)

    def write(self, rest: str) -> None:
        lines = [line.removeprefix("    ") for line in rest.splitlines(keepends=True)]
        self.file.write_text(self.head + "".join(lines))

    def balance(self) -> int:
        add, sub = self.module.make()
        cells = rseq.percpu(self.module.Cell)
        add.bind(cells)(7)
        sub.bind(cells)(2)
        return int(cells.per_cpu()["value"].sum())


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Module]]:
    monkeypatch.syspath_prepend(str(tmp_path))
    yield lambda head: Module(tmp_path, head)
    for name in [name for name in sys.modules if name.startswith("account")]:
        del sys.modules[name]


heads = pytest.mark.parametrize("head", [RECORD, BORROWED], ids=["text kept at its import", "text read later"])


@heads
def test_a_function_whose_lines_have_moved_is_found(module: Callable[[str], Module], head: str) -> None:
    edited = module(head)
    edited.write(FACTORY)
    assert edited.balance() == 5


@heads
@pytest.mark.parametrize(("old", "new"), [("-=", "+="), ("value += n", "value += n + 1"), ("i64 = 5", "i64 = 6")])
def test_what_was_imported_is_compiled_or_nothing(
    module: Callable[[str], Module], head: str, old: str, new: str
) -> None:
    edited = module(head)
    edited.write(COMMENT + FACTORY.replace(old, new))
    if head == RECORD:
        assert edited.balance() == 5
        return
    with pytest.raises(TypeError) as raised:
        edited.balance()
    assert str(raised.value).startswith(f"{edited.file} has another source text than make.<locals>.")
    assert "start the program again" in str(raised.value)


@heads
def test_a_module_that_is_loaded_again_is_compiled_as_it_is_now(module: Callable[[str], Module], head: str) -> None:
    edited = module(head)
    assert edited.balance() == 5
    edited.write(COMMENT * 2 + FACTORY.replace("-=", "+="))
    importlib.reload(edited.module)
    assert edited.balance() == 9
    edited.write(FACTORY)
    importlib.reload(edited.module)
    assert edited.balance() == 5


def test_a_file_that_is_gone_is_one_sentence(module: Callable[[str], Module]) -> None:
    edited = module(BORROWED)
    edited.file.unlink()
    linecache.clearcache()
    with pytest.raises(
        TypeError, match=r"the source text of make\.<locals>\.add\(\) cannot be found, and a sequence is"
    ):
        edited.balance()


def copied(folder: Path) -> Path:
    """A copy of the package, with what the build adds to it."""
    build = runpy.run_path(str(ROOT / "hatch_build.py"))
    leave_out = shutil.ignore_patterns("__pycache__", "_texts.py")
    shutil.copytree(Path(rseq.__file__).parent, folder / "rseq", ignore=leave_out)
    (folder / "rseq/_texts.py").write_text(build["made"](folder))
    return folder


def run_in(site: Path, code: str) -> str:
    lines = [f"import sys; sys.path.insert(0, {str(site)!r})", "import rseq", f"assert {str(site)!r} in rseq.__file__"]
    return run_python("\n".join(lines) + "\n" + "\n".join(line[4:] for line in code.splitlines())).stdout


@pytest.mark.slow
def test_structures_of_a_package_that_is_upgraded_in_place_are_those_that_were_imported(tmp_path: Path) -> None:
    upgrade = """
    import pathlib
    import rseq._builtins.bind, rseq._codegen.blob, rseq._builtins.builtin
    import rseq._percpu.guard, rseq._builtins.hot
    import importlib, pkgutil, rseq._structures
    for module in pkgutil.walk_packages(rseq._structures.__path__, "rseq._structures."):
        importlib.import_module(module.name)
    for path in pathlib.Path(rseq.__file__).parent.joinpath("_structures").rglob("*.py"):
        path.write_text("".join(path.read_text().splitlines(True)[4:]).replace("+=", "-="))
"""
    assert run_in(copied(tmp_path), upgrade + MAKE_ALL).split() == ["2", "b'it'", "17"]


def test_structures_of_a_package_without_py_files_work_and_others_are_refused_in_one_sentence(tmp_path: Path) -> None:
    site = copied(tmp_path)
    (site / "mine.py").write_text(HEAD + RECORD + "".join(line[4:] for line in FACTORY.splitlines(keepends=True)))
    assert compileall.compile_dir(site, legacy=True, quiet=1)
    for path in site.rglob("*.py"):
        path.unlink()
    own = """
    import mine
    try:
        mine.make()
    except TypeError as error:
        print(error)
"""
    made, refused = run_in(site, MAKE_ALL + own).splitlines()
    assert made.split() == ["2", "b'it'", "17"]
    assert refused.startswith(
        "the source text of make.<locals>.add() cannot be found, and a sequence is compiled from it;"
    )


@pytest.mark.slow
def test_structures_of_a_package_in_a_zip_file_work(tmp_path: Path) -> None:
    site = copied(tmp_path / "site")
    with zipfile.ZipFile(tmp_path / "site.zip", "w") as archive:
        for path in site.rglob("*"):
            archive.write(path, path.relative_to(site))
    assert run_in(tmp_path / "site.zip", MAKE_ALL).split() == ["2", "b'it'", "17"]


def test_the_text_of_what_makes_sequences_later_is_kept_from_its_import_on() -> None:
    kept = """
    import pathlib, re
    from rseq._language import kept
    import importlib, pkgutil, rseq._structures
    for module in pkgutil.walk_packages(rseq._structures.__path__, "rseq._structures."):
        importlib.import_module(module.name)
    folder = pathlib.Path(rseq.__file__).parent
    makers = [path for path in folder.rglob("_structures/**/*.py")
              if re.search(r"^ +@(sequence|routine|inline)\\b", path.read_text().split('\"\"\"', 2)[2], re.MULTILINE)]
    print(len(makers) > 5, [path.name for path in makers if str(path) not in kept._kept])
"""
    assert run_in(Path(rseq.__file__).parent.parent, kept) == "True []\n"
