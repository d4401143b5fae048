"""The documentation: its code runs, prints what the page says, and its links lead somewhere.

Each page is a program. Its ```python blocks run in order, in one namespace; where a ```text block follows, it is
what the block prints (`...` stands for anything). "```python raises" marks a block that is refused: the text below
is then the exception's message, in which the block is example.py. Blocks in other languages are not run.
"""

from __future__ import annotations

import ast
import doctest
import itertools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rseq import _arch as arch
from rseq._cli import main
from shared.folders import folder
from support import ROOT, run_python

PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").glob("*.md")
)
SLOW = {"stress.md", "numba.md", "distributed.md"}
"""Pages whose programs stress, compile with Numba, or start a cluster."""

FENCE = re.compile(r"^```(?P<info>.*)$")
SLUG = re.compile(r"[a-z]+(-[a-z]+)*")
LINK = re.compile(r"\]\((?!\w+:)(?P<path>[^)#\s]+)|(?:src|srcset|href)=\"(?!\w+:)(?P<attribute>[^\"#]+)")

# Runs each block from a file of its own, example.py, so that messages and inspect.getsource find its lines.
DRIVER = """
import contextlib, io, json, os, sys
namespace = {"__name__": "__main__"}
printed = []
for path, raises in json.loads(sys.argv[1]):
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        try:
            exec(compile(open(path).read(), path, "exec"), namespace)
        except Exception as refusal:
            if not raises:
                raise
            print(refusal)
        else:
            assert not raises, f"{path}: this block should be refused"
    printed.append(stream.getvalue())
print(json.dumps(printed))
"""


@dataclass(frozen=True)
class Block:
    """One fenced block: the line that its text starts after, what follows the fence, its text."""

    line: int
    info: str
    text: str


def _blocks(page: str) -> list[Block]:
    found, start, info = [], 0, None
    lines = page.splitlines()
    for number, line in enumerate(lines, 1):
        fence = FENCE.match(line)
        if fence and info is None:
            start, info = number, fence["info"].strip()
        elif fence and info is not None:
            found.append(Block(start, info, "\n".join([*lines[start : number - 1], ""])))
            info = None
    assert info is None, f"the block that opens at line {start} never ends"
    return found


def _expected(blocks: list[Block]) -> dict[int, str]:
    """What blocks print, by the block's line: the next block, if that is a ```text block."""
    expected = {}
    for block, following in itertools.pairwise(blocks):
        if block.info.startswith("python") and following.info == "text":
            expected[block.line] = following.text
    return expected


def _ids(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize(
    "page",
    [pytest.param(page, marks=[pytest.mark.slow] * (page.name in SLOW), id=_ids(page)) for page in PAGES],
)
def test_code_on_the_page_runs_and_prints_what_the_page_says(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    blocks = _blocks(text)
    programs = [block for block in blocks if block.info in ("python", "python raises")]
    if not programs:
        return
    arguments = [(str(_written(block, tmp_path)), block.info == "python raises") for block in programs]
    with folder():  # no page leaves a segment
        printed = json.loads(run_python(DRIVER, json.dumps(arguments)).stdout)
    expected = _expected(blocks)
    for block, got in zip(programs, printed, strict=True):
        _compare(page, block, expected.get(block.line), got)


def _written(block: Block, folder: Path) -> Path:
    path = folder / f"line{block.line}" / "example.py"
    path.parent.mkdir()
    path.write_text(block.text, encoding="utf-8")
    return path


def _compare(page: Path, block: Block, expected: str | None, got: str) -> None:
    if expected is None:
        assert got == "", f"{page.name}:{block.line} prints this, and the page does not show it:\n{got}"
        return
    same = doctest.OutputChecker().check_output(expected, got, doctest.ELLIPSIS)
    assert same, f"{page.name}:{block.line}: the page shows\n{expected}\nbut the code prints\n{got}"


@pytest.mark.parametrize("page", PAGES, ids=_ids)
def test_links_on_the_page_lead_somewhere(page: Path) -> None:
    found = [match["path"] or match["attribute"] for match in LINK.finditer(page.read_text(encoding="utf-8"))]
    assert [link for link in found if not (page.parent / link).exists()] == []


def test_every_command_that_a_page_names_exists() -> None:
    named = {name for page in PAGES for name in re.findall(r"`rseq ([a-z]+)", page.read_text(encoding="utf-8"))}
    assert {"info", "bench"} <= named
    assert named <= set(main.commands)


def test_every_page_is_listed_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [page.name for page in PAGES if page.parent.name == "docs" and page.name != "README.md"]
    assert [page for page in pages if f"({page})" not in index] == []


def _slugs(path: Path) -> set[str]:
    """The slugs of the diagnostics in one source file: the first string that each call which makes one is given."""
    makers = ("refuse", "_refuse", "_broken", "Diagnostic")
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
        if isinstance(node, ast.Call) and name in makers:
            strings = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            found.update(strings[:1])
    return {slug for slug in found if SLUG.fullmatch(slug)}


def test_every_slug_in_a_message_has_a_heading_on_its_page() -> None:
    language = ROOT / "src" / "rseq" / "_language"
    slugs = {path: _slugs(path) for path in language.rglob("*.py")}
    missing = []
    for path, found in slugs.items():
        page = "contract.md" if path.name == "contract.py" else "language.md"
        headings = re.findall(r"^#+ (.+)$", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE)
        missing += [f"docs/{page}#{slug}" for slug in sorted(found - set(headings))]
    assert missing == []
    assert len(set().union(*slugs.values())) > 20


def test_the_page_runner_bites(tmp_path: Path) -> None:
    blocks = _blocks("# Page\n\n```python\nprint(1)\n```\n\n```text\n2\n```\n")
    assert _expected(blocks) == {3: "2\n"}
    with pytest.raises(AssertionError, match="the page shows"):
        _compare(tmp_path / "page.md", blocks[0], "2\n", "1\n")


def test_every_architecture_is_in_the_table_with_what_runs_it() -> None:
    """What the checker's emulator does not run is not checked, and the page says so."""
    page = (ROOT / "docs" / "architectures.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \|[^|\n]*\| ([^|\n]*) \|$", page, re.MULTILINE))
    assert sorted(rows) == sorted(arch.names())
    for name, tested in rows.items():
        assert ("checked in the emulator" in tested) == (arch.get(name).emulator is not None), name
        assert ("not checked" in tested) == (arch.get(name).emulator is None), name


# The source map


def _rooms(page: str) -> dict[str, str]:
    """What the map says of each name in a row's first cell, by its path: rows with dots are of the folder above."""
    folder, rooms = "", {}
    for first, text in re.findall(r"^\| ([^|\n]*`[^|\n]*) \|[^|\n]*\| (.*) \|$", page, re.MULTILINE):
        names = re.findall(r"`([^`]+)`", first)
        if not first.startswith("…"):
            folder = names[0] if names[0].endswith("/") else ""
            rooms.update(dict.fromkeys(names, text))
        else:
            rooms.update({f"{folder}{name}": text for name in names})
    return rooms


def _unnamed(rooms: dict[str, str], modules: Iterable[str]) -> list[str]:
    """The modules that the map neither names nor has a folder for of which it says that there is a file for each."""
    missing = []
    for module in modules:
        folder, _, name = module.rpartition("/")
        said = rooms.get(f"{folder}/", "")
        if module not in rooms and name != "__init__.py" and f"`{name}`" not in said and "a file for each" not in said:
            missing.append(module)
    return missing


def test_the_source_map_names_each_module_and_no_other() -> None:
    source = ROOT / "src" / "rseq"
    page = (ROOT / "docs" / "source-map.md").read_text(encoding="utf-8")
    rooms = _rooms(page[: page.index("There is no C in the package")])
    modules = [str(path.relative_to(source)) for path in sorted(source.rglob("*.py")) if path.name != "_texts.py"]
    assert _unnamed(rooms, modules) == []
    assert [name for name in rooms if not (source / name).exists()] == []


def test_the_source_map_s_rule_bites() -> None:
    rooms = _rooms(
        "| `_room/` | | what is there, and `said.py` |\n| … `one.py`, `each/` | in | a file for each thing |\n"
    )
    assert set(rooms) == {"_room/", "_room/one.py", "_room/each/"}
    modules = ["_room/__init__.py", "_room/one.py", "_room/said.py", "_room/each/any.py", "_room/new.py", "new.py"]
    assert _unnamed(rooms, modules) == ["_room/new.py", "new.py"]
