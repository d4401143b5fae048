"""What needs a package that is not installed says in one sentence which extra brings it, and that extra does."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rseq
from rseq._extras import PACKAGES, MissingPackage, install, missing, require_version
from rseq._once import load
from support import ROOT, run_python

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
SOURCES = sorted(Path(rseq.__file__ or "").parent.rglob("*.py"))

# Nothing of these folders is imported before the package was loaded: by their own first line, or the command's. Rich is
# loaded by whoever asks for the terminal (_terminal.py).
BEHIND = {
    "llvmlite": ("_codegen", "_numba", "numba"),
    "numba": ("_numba",),
    "click": ("_cli", "command", "_look", "_serve"),
    "rich": ("_cli", "_look"),
    "opentelemetry": ("_metrics",),
    "prometheus_client": ("_metrics", "_serve"),
    "starlette": ("_serve",),
    "uvicorn": ("_serve",),
}

LOADERS = ("load", "installed")  # the second one is the bench's, and asks the first


def _brought(extra: str) -> set[str]:
    """The requirements of an extra, and of those that it names."""
    found: set[str] = set()
    for requirement in EXTRAS[extra]:
        named = re.fullmatch(r"rseq\[(.*)\]", requirement)
        found |= set().union(*map(_brought, named[1].split(","))) if named else {requirement}
    return found


def test_the_package_itself_needs_nothing() -> None:
    assert PROJECT["dependencies"] == []


@pytest.mark.parametrize("module", PACKAGES)
def test_the_extra_that_is_named_brings_the_package(module: str) -> None:
    package, oldest, extra, _ = PACKAGES[module]
    assert f"{package.lower()}>={oldest}" in _brought(extra)


@pytest.mark.parametrize("extra", sorted(set(EXTRAS) - {"dev"}))
def test_an_extra_brings_nothing_that_no_message_names(extra: str) -> None:
    assert _brought(extra) <= {f"{package.lower()}>={oldest}" for package, oldest, *_ in PACKAGES.values()}


def test_all_brings_all() -> None:
    assert _brought("all") == set().union(*(_brought(extra) for extra in EXTRAS if extra != "dev"))


# ---- what is said


ABSENT = """
import sys
from importlib.machinery import PathFinder

absent, finders = sys.argv.pop(1).split(","), sys.meta_path[:]

class Others:
    find_distributions = PathFinder.find_distributions

    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in absent:
            return next(filter(None, (finder.find_spec(name, path, target) for finder in finders)), None)

sys.meta_path[:] = [Others]
"""


def _said(module: str, code: str, *arguments: str, returncode: int = 0) -> str:
    """The last line that `code` prints in a process that has no such module; it gets the arguments."""
    done = run_python(f"{ABSENT}{code}", module, *arguments, returncode=returncode)
    return (done.stdout + done.stderr).strip().splitlines()[-1]


def _sentence(module: str) -> str:
    package, _, extra, purpose = PACKAGES[module]
    return f"{purpose}, rseq needs {package}, which is not installed: {install(extra)}"


OWN = """
import rseq

class Cell(rseq.Record):
    value: rseq.i64

@rseq.sequence
def add(cpu: Cell, n: rseq.i64) -> None:
    cpu.value += n

storage = rseq.percpu(Cell)
try:
    WHAT
except ModuleNotFoundError as error:
    print(error.name, error, sep=": ")
"""


@pytest.mark.parametrize(
    ("module", "what"),
    [
        ("llvmlite", "add.bind(storage)"),
        ("numpy", "storage.per_cpu()"),
        ("numpy", "rseq.array(Cell, 4).view()"),
        ("numba", "import rseq.numba"),
        ("unicorn", "import rseq.check; rseq.check.check(add)"),
    ],
)
def test_what_needs_a_package_names_its_extra(module: str, what: str, tmp_path: Path) -> None:
    script = tmp_path / "own.py"
    script.write_text(OWN.replace("WHAT", what))
    said = _said(module, "import runpy; runpy.run_path(sys.argv[1])", str(script))
    assert said == f"{module}: {_sentence(module)}"


COMMAND = "from rseq.__main__ import main; main()"


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("unicorn", ["check", "rseq:Counter"]),
        ("llvmlite", ["check", "rseq:Counter"]),
        ("llvmlite", ["stress", "--seconds", "1"]),
        ("llvmlite", ["bench", "--quick", "--only", "lock"]),
        ("rich", ["bench", "--quick", "--only", "lock"]),
        ("starlette", ["serve"]),
        ("uvicorn", ["serve"]),
        ("prometheus_client", ["serve"]),
        ("matplotlib", ["bench", "--quick", "--only", "lock", "--plot", "it.png"]),
    ],
)
def test_a_command_names_the_extra_and_fails(module: str, arguments: list[str]) -> None:
    assert _said(module, COMMAND, *arguments, returncode=1) == f"Error: {_sentence(module)}"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["info"]])
def test_without_click_the_command_says_what_to_install(arguments: list[str]) -> None:
    assert _said("click", COMMAND, *arguments, returncode=2) == f"Error: {_sentence('click')}"


@pytest.mark.parametrize("arguments", [["asm", "rseq:Counter"], ["emit", "rseq:RingBuffer"], ["info"]])
def test_what_compiles_nothing_needs_the_packages_of_the_command_only(arguments: list[str]) -> None:
    command_s = {module for module, (_, _, extra, _) in PACKAGES.items() if extra == "cli"}
    assert run_python(ABSENT + COMMAND, ",".join(PACKAGES.keys() - command_s), *arguments).stdout


def test_info_needs_no_rich() -> None:
    code = f"{ABSENT}sys.stdout.isatty = lambda: True; {COMMAND}"
    assert run_python(code, "rich", "info").stdout.startswith("sequences run on  ")


def test_a_package_that_is_too_old_is_named_with_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["rseq"], "__version__", "0.0.1")  # no package of an extra: nothing is asked of it
    require_version("rseq")
    old = type(sys)("numba")
    monkeypatch.setitem(sys.modules, "numba", old)
    require_version("numba")  # it does not say what it is
    old.__version__ = "0.100.0rc1"
    require_version("numba.core")
    old.__version__ = "0.60.2"
    with pytest.raises(MissingPackage, match=r"Numba 0\.68 or later, not 0\.60\.2: pip install .*\[numba\]'$"):
        require_version("numba.core")


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (None, "pip install 'rseq[numba]'"),
        ({"url": "file:///dist/rseq.whl", "archive_info": {}}, "pip install 'rseq[numba]'"),
        ({"url": "file:///gone", "dir_info": {"editable": True}}, "pip install 'rseq[numba]'"),
        ({"url": ROOT.as_uri(), "dir_info": {"editable": True}}, f"pip install -e '{ROOT}[numba]'"),
        ({"url": ROOT.as_uri(), "dir_info": {}}, f"pip install '{ROOT}[numba]'"),
    ],
)
def test_an_extra_is_installed_from_where_the_package_came(
    origin: object, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Installed:
        def read_text(self, name: str) -> str | None:
            assert name == "direct_url.json"
            return None if origin is None else json.dumps(origin)

    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: Installed())
    assert install("numba") == expected


def test_where_nothing_was_installed_the_checkout_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    is_checkout = Path(rseq.__file__ or "").is_relative_to(ROOT / "src")
    assert install("numba") == (f"pip install -e '{ROOT}[numba]'" if is_checkout else "pip install 'rseq[numba]'")


def test_other_modules_are_not_advised_on() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'rseq\._nothing'$"):
        load("rseq._nothing")


def test_a_package_that_is_broken_is_not_called_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "unicorn.nothing", None)
    with pytest.raises(ModuleNotFoundError, match=r"^import of unicorn\.nothing halted"):
        load("unicorn.nothing")


def test_it_is_an_import_error_that_names_the_module() -> None:
    assert isinstance(missing("numpy"), ImportError)
    assert missing("numpy").name == "numpy"


# ---- nothing is imported past it


def _imported(tree: ast.AST) -> Iterator[str]:
    """The packages that a module imports when it runs."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]
        yield from _imported(node)


def _loaded(tree: ast.AST) -> set[str]:
    """The packages that a module loads, so that a sentence is ready."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) in LOADERS]
    return {str(arg.value).partition(".")[0] for call in calls for arg in call.args if isinstance(arg, ast.Constant)}


def test_no_module_imports_a_package_without_a_sentence_for_who_lacks_it() -> None:
    bare = []
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for name in PACKAGES.keys() & set(_imported(tree)) - _loaded(tree):
            if not {*path.parts, path.stem}.intersection(BEHIND.get(name, ())):
                bare.append(f"{path}: {name}")
    assert bare == []
