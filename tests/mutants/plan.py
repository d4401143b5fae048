"""What is mutated: each function of the language below `_structures/`.

Found by folder. A row of the table is a file, or a folder, with functions of the language in it.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import child
from .rules import Mutant, mutants_of
from .source import Text
from .trial import STRUCTURES, TESTS

__all__ = ["Row", "planned"]


@dataclass(frozen=True)
class Row:
    """A file or a folder: which structures are made of it, which tests are theirs, and its mutants."""

    name: str
    structures: tuple[str, ...]
    tests: tuple[str, ...]
    files: dict[str, str]
    """The text of each file."""
    mutants: tuple[Mutant, ...]


@dataclass(frozen=True)
class _Shipped:
    """What the package says: the row of each structure and the file it is in."""

    structures: tuple[tuple[str, str, str], ...]


def planned() -> list[Row]:
    """The rows, in the order of their names."""
    ended = child.run(_shipped, 60, 120.0)
    if ended.failure:
        raise RuntimeError(f"the package cannot be imported: {ended.failure}")
    shipped: _Shipped = ended.result
    files: dict[str, dict[str, Text]] = {}
    for path in sorted(STRUCTURES.rglob("*.py")):
        file = str(path.relative_to(STRUCTURES))
        text = Text.of(path)
        if text.functions:
            files.setdefault(file.partition("/")[0].removesuffix(".py"), {})[file] = text
    return [_row(name, texts, shipped) for name, texts in files.items()]


def _row(name: str, texts: dict[str, Text], shipped: _Shipped) -> Row:
    mutants: list[Mutant] = []
    for file, text in texts.items():
        mutants += mutants_of(file, text, text.functions)
    structures = tuple(structure for row, structure, _ in shipped.structures if row == name)
    homes = dict.fromkeys(home for row, _, home in shipped.structures if row == name)
    tests = [path for home in ("order", *homes) for path in _tests_of(home)]
    return Row(name, structures, tuple(tests), {file: text.text for file, text in texts.items()}, tuple(mutants))


def _tests_of(home: str) -> list[str]:
    """The files of tests of a module of structures, those about a part of it first."""
    folder = TESTS / "structures"
    paths = [*sorted(folder.glob(f"test_{home}_*.py")), folder / f"test_{home}.py"]
    return [str(path.relative_to(TESTS)) for path in paths if path.exists()]


# ---- in a child, which imports the package


def _shipped() -> _Shipped:
    from rseq._structures.shipped import home_of, shipped

    structures = [
        (code.__module__.split(".")[2], structure.__name__, home_of(structure))
        for structure in shipped()
        for code in structure._sequences().values()
    ]
    return _Shipped(tuple(dict.fromkeys(structures)))
