"""The project as a whole: its public face, its layers, the tools that guard it."""

from __future__ import annotations

import ast
import pickle
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest

import rseq
from rseq import _arch as arch
from support import ROOT, ThreadSet, kernel_has_rseq, run_python

SOURCE = ROOT / "src" / "rseq"

# Lowest first: a module may import from its own line and those before it. "" is the package itself, rseq/__init__.py.
# `_thread` comes after what reads the thread pointer for it: some machine code, and the loader that maps it.
# `_builtins` is where code and per-CPU memory meet.
LAYERS = (
    (
        "_around",
        "_quick",
        "_quick_ctypes",
        "_abi",
        "_marks",
        "_layout",
        "_room",
        "_extras",
        "_once",
        "_sealed",
        "_forks",
        "_libc",
        "_integers",
    ),
    ("_shipped",),
    ("_processes", "_terminal", "_cache"),
    (
        "_language.errors",
        "_language.kept",
        "_language.text",
        "_language.annotations",
        "_language.forms",
        "_language.scalars",
    ),
    ("_language.types", "_language.source"),
    ("_language.dtypes", "_language.advice", "_language.op", "_language.graph"),
    ("_language.ir",),
    ("_language",),
    ("_language.parser",),
    ("_arch.lives", "_arch.registers", "_arch.immediates"),
    ("_arch.base", "_arch.narrow"),
    ("_arch.emitter",),
    ("_arch.load_store", "_arch.x86_convert"),
    ("_arch.flagless", "_arch.arm"),
    ("_arch.machines",),
    ("_arch",),
    ("_loader",),
    ("_thread",),
    ("_codegen.writer", "_codegen.python"),
    ("_codegen.codes",),
    ("_codegen.environment",),
    ("_codegen.checks", "_codegen.holder"),
    ("_codegen.body", "_codegen.lock"),
    ("_codegen.lower",),
    ("_codegen.small_int", "_codegen.llvm"),
    ("_codegen",),
    ("_ready",),
    ("_percpu",),
    ("_builtins",),
    ("_emit",),
    ("_sequence",),
    ("_named", "_precompile"),
    ("_structures",),
    ("",),
    ("_logging", "_numba", "numba", "_check", "_metrics"),
    ("_look", "_ship"),
    ("_serve",),
    ("check", "distributed", "logging", "metrics"),
    ("testing", "_bench", "_metrics.command", "_metrics.site"),
    ("_stress",),
    ("_cli", "__main__"),
    ("mypy_plugin",),
)


@cache
def _sources() -> tuple[tuple[str, Path], ...]:
    return tuple(_found_sources())


def _found_sources() -> Iterator[tuple[str, Path]]:
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE).with_suffix("").parts
        if path.name != "_texts.py":  # the build makes it
            yield ".".join(part for part in parts if part != "__init__"), path


# The public face


def test_public_names_are_exactly_all() -> None:
    code = """
        import types, rseq
        found = {name for name in dir(rseq) if not name.startswith("_")}
        print(*sorted(name for name in found if not isinstance(getattr(rseq, name), types.ModuleType)))
    """
    assert run_python(code).stdout.split() == sorted(rseq.__all__)


def test_exceptions_are_called_by_their_public_names() -> None:
    public = {name: getattr(rseq, name) for name in rseq.__all__}
    raised = {name: one for name, one in public.items() if isinstance(one, type) and issubclass(one, BaseException)}
    assert len(raised) == 4
    assert [f"{one.__module__}.{one.__qualname__}" for one in raised.values()] == [f"rseq.{name}" for name in raised]
    assert all(pickle.loads(pickle.dumps(one)) is one for one in raised.values())


def test_importing_every_module_replaces_no_public_name() -> None:
    modules = [f"rseq.{name}" for name, _ in _sources() if name not in ("", "__main__")]
    code = """
        import importlib, sys, types, warnings
        import rseq
        before = {name: getattr(rseq, name) for name in rseq.__all__}
        warnings.simplefilter("ignore")  # of other people's packages
        for name in sys.argv[1:]:
            importlib.import_module(name)
        print(*(name for name, value in before.items() if getattr(rseq, name) is not value))
    """
    assert run_python(code, *modules).stdout.split() == []


def test_import_loads_neither_numpy_nor_llvmlite_nor_numba() -> None:
    code = """
        import sys, rseq
        print(*(name for name in ("numpy", "llvmlite", "numba", "rich", "click") if name in sys.modules))
    """
    assert run_python(code).stdout.split() == []


def test_the_version_is_that_of_the_installed_package() -> None:
    assert rseq.__version__ == metadata.version("rseq")


def test_entry_points_lead_to_functions() -> None:
    ours = metadata.distribution("rseq").entry_points
    assert {(point.group, point.name) for point in ours} == {("console_scripts", "rseq"), ("numba_extensions", "init")}
    assert all(callable(point.load()) for point in ours)


def test_installed_package_says_that_it_is_typed() -> None:
    assert rseq.__file__ is not None
    assert (Path(rseq.__file__).parent / "py.typed").exists()


# The layers


def _layer(module: str) -> int:
    """The height of the module, or of the nearest package around it that has one."""
    heights = {name: height for height, names in enumerate(LAYERS) for name in names}
    name = module
    while name not in heights or (name == "" and module != ""):
        assert name, f"rseq.{module} has no place in LAYERS: which modules may it import?"
        name = name.rpartition(".")[0]
    return heights[name]


def _imports(path: Path, known: set[str]) -> Iterator[tuple[int, str]]:
    """Line and target, without the leading `rseq.`, of every import in the file that stays inside the package.

    Those in functions and under TYPE_CHECKING count: a reader follows them, too. They are absolute, which ruff holds.
    """
    for node in _import_statements(path):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        else:
            deeper = [f"{node.module}.{alias.name}" for alias in node.names]
            targets = [name if name.partition(".")[2] in known else node.module or "" for name in deeper]
        yield from ((node.lineno, name.partition(".")[2]) for name in targets if name.split(".")[0] == "rseq")


@cache
def _import_statements(path: Path) -> list[ast.Import | ast.ImportFrom]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def _graph(sources: Iterable[tuple[str, Path]]) -> dict[str, set[str]]:
    """Which modules each module imports."""
    found = dict(sources)
    return {module: {target for _, target in _imports(path, set(found))} for module, path in found.items()}


def _circles(graph: Mapping[str, set[str]]) -> set[frozenset[str]]:
    """The largest sets of modules each of which leads to all others."""
    reached = {module: _reached(module, graph) for module in graph}
    return {frozenset(b for b in reached[a] if a in reached.get(b, ())) for a in graph if a in reached[a]}


def _reached(module: str, graph: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    left = [module]
    while left:
        new = graph.get(left.pop(), set()) - reached
        reached |= new
        left += new
    return reached


@pytest.mark.parametrize(
    ("module", "path"), list(_sources()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_lower_layers_never_import_higher_ones(module: str, path: Path) -> None:
    own, known = _layer(module), {name for name, _ in _sources()}
    climbing = [f"{path}:{line}: imports rseq.{name}" for line, name in _imports(path, known) if _layer(name) > own]
    assert climbing == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert [sorted(circle) for circle in _circles(_graph(_sources()))] == []


def test_no_file_has_more_lines_than_one_reads_at_a_time() -> None:
    """A longer one is about two things."""
    files = [path for folder in ("src", "tests", "examples") for path in (ROOT / folder).rglob("*.py")]
    made = SOURCE / "_texts.py"  # the build makes it
    lengths = {str(path.relative_to(ROOT)): path.read_text().count("\n") for path in files if path != made}
    assert len(lengths) > 700
    assert {path: length for path, length in lengths.items() if length > 500} == {}


def test_the_layer_rules_bite(tmp_path: Path) -> None:
    """On imports at the top, in functions, and for type checkers; in two folders and in one."""
    texts = {
        "_abi": "import rseq\nfrom rseq import _percpu\ndef late():\n    from rseq._structures import counter\n",
        "_language.ir": "if TYPE_CHECKING:\n    from rseq._language.op import Value\n",
        "_language.op": "def late():\n    from rseq._language import section\n",
        "_language.section": "from rseq._language.ir import Load\n",
        "_language.types": "from rseq._language import parser\nimport ast\nfrom ast import walk\n",
    }
    sources = [(name, tmp_path / f"{name}.py") for name in texts]
    for name, path in sources:
        path.write_text(texts[name])
    known = {*texts, "_percpu", "_structures.counter"}
    found = [name for _, name in _imports(tmp_path / "_abi.py", known)]
    assert [(name, _layer(name) > _layer("_abi")) for name in found] == [
        ("", True),
        ("_percpu", True),
        ("_structures.counter", True),
    ]
    (inside,) = [name for _, name in _imports(tmp_path / "_language.types.py", {"_language.parser"})]
    assert _layer(inside) > _layer("_language.section") > _layer("_language.types")
    assert _circles(_graph(sources)) == {frozenset({"_language.ir", "_language.op", "_language.section"})}


def test_only_native_imports_llvmlite_at_the_top_and_its_loader_does_not() -> None:
    importing = set()
    for module, path in _sources():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            importing.update(module for name in names if name.split(".")[0] in ("llvmlite", "numba", "numpy"))
    exempt = (
        *("_codegen.", "_builtins.", "_percpu.atomic", "_percpu.guard", "numba", "_numba.", "_bench."),
        *("_stress.code", "_stress.breakpoints", "_check.entries"),
    )
    assert {name for name in importing if not name.startswith(exempt)} == set()
    assert "_loader" not in importing


def test_each_file_of_machines_is_the_architecture_of_that_name() -> None:
    files = {path.stem for path in (SOURCE / "_arch" / "machines").glob("*.py")} - {"__init__"}
    assert files == set(arch.names())
    assert {name: arch.get(name).name for name in files} == {name: name for name in files}


def test_no_architecture_is_named_outside_arch() -> None:
    names = set(arch.names())
    pattern = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in sorted(names)))
    assert names
    named = [
        f"{path}:{number}: {line.strip()}"
        for module, path in _sources()
        if not module.startswith("_arch")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert named == []


# The tools


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("F401", "import os\n"),
        ("N801", "class badName:\n    pass\n"),
        ("B006", "def f(x=[]):\n    return x\n"),
        ("T201", "print(1)\n"),
        ("D100", "X = 1\n"),
        ("BLE001", "try:\n    pass\nexcept Exception:\n    pass\n"),
        ("E501", f"X = {'1' * 120}\n"),
        ("ERA001", "# print(x)\n"),
        ("FIX002", "# TODO: later\n"),
    ],
)
def test_lint_bites(rule: str, code: str) -> None:
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format=concise"]
    done = subprocess.run(
        [*command, "--stdin-filename", "src/rseq/bad.py", "-"],
        input=code,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert f" {rule} " in done.stdout


@pytest.mark.slow
def test_type_checking_bites(tmp_path: Path) -> None:
    page = tmp_path / "page.py"
    page.write_text("def f(x): return x\n")
    command = [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={tmp_path}", str(page)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "no-untyped-def" in done.stdout


def test_coverage_leaves_the_bodies_of_sequences_out(tmp_path: Path) -> None:
    coverage = pytest.importorskip("coverage")
    page = tmp_path / "page.py"
    page.write_text(
        "import rseq\n"
        "@rseq.sequence\n"
        "def add(cpu):\n"
        "    cpu.value += 1\n"
        "@sequence(release=True)\n"
        "def publish(cpu):\n"
        "    cpu.value = 1\n"
        "def counted():\n"
        "    return 1\n"
    )
    measured = coverage.Coverage(data_file=None, config_file=str(ROOT / "pyproject.toml"))
    _, statements, excluded, _, _ = measured.analysis2(str(page))
    assert excluded == [2, 3, 4, 5, 6, 7]
    assert statements == [1, 8, 9]


# The tests' own tools


@pytest.mark.needs_rseq
def test_needs_rseq_runs_where_this_thread_is_registered() -> None:
    assert rseq.available()


@pytest.mark.slow
@pytest.mark.skipif(not kernel_has_rseq(), reason="this kernel has no rseq: skipping everything is right")
@pytest.mark.parametrize(("options", "expected"), [([], 1), (["--allow-no-rseq"], 0)])
def test_a_session_fails_if_all_that_need_rseq_were_skipped(options: list[str], expected: int) -> None:
    code = """
        import sys, pytest
        sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[1:]]))
    """
    test = f"{__file__}::test_needs_rseq_runs_where_this_thread_is_registered"
    unregistered = {"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}
    done = run_python(code, test, f"--rootdir={ROOT}", *options, env=unregistered, returncode=expected)
    assert ("all 1 tests that need it were skipped" in done.stdout) == (expected == 1)


def test_join_raises_what_a_thread_raised() -> None:
    threads = ThreadSet()
    threads.start(lambda: None)
    threads.start(int, "not a number")
    with pytest.raises(ValueError, match="not a number"):
        threads.join()


def test_a_missing_golden_file_fails_and_shows_what_was_made(golden, request) -> None:  # type: ignore[no-untyped-def]
    if request.config.getoption("update_golden"):
        return  # it would be made
    with pytest.raises(pytest.fail.Exception, match="Made:\nsome text"):
        golden("some text", "no/such/file.txt")
