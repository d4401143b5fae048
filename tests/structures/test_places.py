"""Where a structure is named beside its own file: each place that lacks it is told, so that nobody has to know them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import rseq
from rseq._stress import structures as stressed
from rseq._stress.shipped import mortals
from rseq._structures.shipped import home_of, shipped
from rseq._structures.structure import Structure
from support import ROOT

SHIPPED = list(shipped())
INTERNAL = {"bound", "context", "hot", "sequences", "stress"}
SINGLE_WORDS = {"FloatCounter", "Max", "Min"}
"""Each of their sequences is a load and a store of one word, as a Counter's is: no process need die in one."""

SUMS = {"array", "counter"}
"""Files of structures whose model in plain Python is a sum."""

ADDED_LIKE = {"array", "extreme"}
"""Those that `rseq bench` has no operation for: they commit what a Counter commits, which it has."""

each = pytest.mark.parametrize("kind", SHIPPED, ids=lambda kind: kind.__name__)


@cache
def text(place: str) -> str:
    """The files that a pattern below the project's folder means."""
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.glob(place)))


def missing(kind: type[Any]) -> Iterator[str]:
    """What a structure lacks, as sentences. CONTRIBUTING says the same; other tests say what they lack themselves."""
    name, home = kind.__name__, home_of(kind)
    if getattr(rseq, name, None) is not kind or name not in rseq.__all__:
        yield f"src/rseq/__init__.py does not export rseq.{name}, or does not name it in __all__"
    if not re.search(rf"^Structures:[^:]*\b{name}\b", rseq.__doc__ or "", re.MULTILINE):
        yield f"src/rseq/__init__.py: {name} is not among the `Structures:` of the docstring"
    if not any((Path(folder) / f"{home}.py").exists() for folder in stressed.__path__):
        yield f"src/rseq/_stress/structures/{home}.py is not there: it says how rseq stress works on {name}"
    if "segment" in inspect.signature(kind).parameters and name not in dying() | SINGLE_WORDS:
        yield f"src/rseq/_stress/structures/{home}.py: mortals() does not say what a process may leave of {name}"
    if "segment" in inspect.signature(kind).parameters and not named("docs/stress.md", rf"^\|[^|]*`{name}`"):
        yield f"docs/stress.md: no row says what a process that is killed may leave of {name}"
    yield from missing_tests(name, home)
    yield from missing_measurements(name, home)
    yield from missing_words(name)


def named(place: str, pattern: str) -> bool:
    return re.search(pattern, text(place), re.MULTILINE) is not None


def dying() -> set[str]:
    return {mortal.name.split()[0] for mortal in mortals()}


def missing_tests(name: str, home: str) -> Iterator[str]:
    if not (ROOT / "tests" / "structures" / f"test_{home}.py").exists():
        yield f"tests/structures/test_{home}.py is not there"
    if home not in SUMS and not (ROOT / "tests" / "models" / f"{home}.py").exists():
        yield f"tests/models/{home}.py is not there: {name} in plain Python, to compare it with"
    alike = "|".join(kind.__name__ for kind in SHIPPED if home_of(kind) == home)
    for place, why in {
        "tests/numba_/*.py": f"nothing uses rseq.{name} in Numba",
        "tests/stress/test_resources.py": f"no use_ function works on rseq.{name} while resources are taken away",
        f"tests/structures/test_{home}.py": f"nothing makes an rseq.{name}",
        "tests/language/test_text.py": f"no rseq.{name} is made of a package without .py files",
    }.items():
        if not named(place, rf"rseq\.({alike})\("):
            yield f"{place}: {why}"
    if not named(f"tests/structures/test_{home}*.py", r"glibc\.pthread\.rseq=0|unregistered|spare_lane"):
        yield f"tests/structures/test_{home}.py: nothing runs on the spare lane"


def missing_measurements(name: str, home: str) -> Iterator[str]:
    operations = [path.stem for path in (ROOT / "src" / "rseq" / "_bench").glob("*/*.py")]
    if home not in ADDED_LIKE and home not in operations:
        yield f"src/rseq/_bench/native/{home}.py is not there, nor python/{home}.py: rseq bench does not measure {name}"
    if not named("src/rseq/_bench/start.py", rf'"{name}": '):
        yield f"src/rseq/_bench/start.py: _STRUCTURES does not have the first use of an rseq.{name}"


def missing_words(name: str) -> Iterator[str]:
    for place, pattern, what in (
        ("CHANGELOG.md", rf"`rseq\.{name}\b", "no line"),
        ("docs/structures.md", rf"^\|.*`{name}`", "no row of the first table"),
        (
            "docs/checker.md",
            rf"^\|.*`{name}`",
            "no row of the table of mutants, which `make mutants ARGS=--write` writes,",
        ),
        ("docs/*.md", rf"rseq\.{name}\(", "no example"),
    ):
        if not named(place, pattern):
            yield f"{place}: {what} is about rseq.{name}"


@each
def test_a_structure_is_named_wherever_it_has_to_be(kind: type[Any]) -> None:
    lacking = list(missing(kind))
    assert not lacking, "\n".join(["", *lacking])


def test_what_a_structure_lacks_is_told() -> None:
    class Forgotten(Structure, hot=()):
        def __init__(self, *, segment: Any = None) -> None: ...

    Forgotten.__module__ = "rseq._structures.forgotten"
    found = "\n".join(missing(Forgotten))
    for place in (
        "__init__.py does",
        "docstring",
        "is not there: it",
        "mortals()",
        "numba_",
        "spare lane",
        "CHANGELOG",
        "stress.md",
        "models",
        "does not measure",
        "first use",
    ):
        assert place in found
    assert len(found.splitlines()) == 18


def test_a_file_of_the_stress_is_about_a_structure() -> None:
    files = {path.stem for folder in stressed.__path__ for path in Path(folder).glob("*.py")} - {"__init__"}
    assert files == {home_of(kind) for kind in SHIPPED}


@each
def test_dir_shows_what_a_user_can_use_and_a_page_explains_it(kind: type[Any]) -> None:
    shown = {name for name in dir(kind) if not name.startswith("_")}
    assert "storage" in shown
    assert shown & INTERNAL == set()
    pages = text("docs/*.md") + text("README.md")
    assert {name for name in shown if not inspect.getdoc(inspect.getattr_static(kind, name))} == set()
    assert {name for name in shown if not re.search(rf"`[^`\n]*\b{name}\b|\.{name}\b", pages)} == set()


def test_no_public_class_shows_what_is_internal() -> None:
    public = [getattr(rseq, name) for name in rseq.__all__]
    assert {kind for kind in public if isinstance(kind, type) and INTERNAL & set(dir(kind))} == set()
