"""What was compiled is kept for the next process, and nothing else is ever taken for it."""

from __future__ import annotations

import errno
import importlib.util
import itertools
import json
import os
import random
import shutil
import stat
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import rseq
from rseq import _cache as cache
from rseq import _shipped as shipped
from rseq._builtins import make as maker
from rseq._language.compiled import Compiled, Later
from rseq._language.inline import Inline
from rseq._percpu.pinned import pinned
from support import run_python

FUZZED = int(os.environ.get("RSEQ_FUZZ", "1000"))
"""How many damaged entries are tried: RSEQ_FUZZ=100000 for long."""

HEAD = """
import enum
import rseq
from rseq import i32, i64, prepared, ptr, u64

STEP = 3
TOO_MUCH = "too much"

class Limits:
    MOST = 5

class Kind(enum.IntEnum):
    ONE = 1

class Cell(rseq.Record):
    value: i64
    other: i64
    many: i64[4]

Cell = vars().get("Cells") or Cell

@rseq.inline
def once(x: i64) -> i64:
    return x + STEP

@rseq.inline
def twice(x: i64, times: i64 = 2) -> i64:
    return once(x) * times

@rseq.sequence
def put(cpu: Cell, n: i64 = 1) -> None:
    cpu.other = n
"""

ADD = """
@rseq.sequence
def add(cpu: Cell, n: i64 = 1) -> i64:
    cpu.value = twice(n) + Limits.MOST + Kind.ONE
    return 0
"""


class Modules:
    """Modules that are written, imported, written again, and imported by what might be another process."""

    def __init__(self, folder: Path) -> None:
        self.path, self._numbers = folder / "shop.py", itertools.count()

    def load(self, text: str) -> Any:
        self.path.write_text(text)
        number = next(self._numbers)
        os.utime(self.path, (number, number))
        spec = importlib.util.spec_from_file_location("shop", self.path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["shop"] = module
        spec._initializing = True  # type: ignore[attr-defined] # as it is while Python imports it
        try:
            spec.loader.exec_module(module)
        finally:
            del spec._initializing  # type: ignore[attr-defined]
        return module


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RSEQ_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_told", set())
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return tmp_path / "cache"


@pytest.fixture
def modules(tmp_path: Path, folder: Path) -> Iterator[Modules]:
    yield Modules(tmp_path)
    sys.modules.pop("shop", None)


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Compiled]:
    """What has been compiled since."""
    found: list[Compiled] = []
    make = maker.make

    def noted(code: Compiled, *given: Any, **named: Any) -> Any:
        found.append(code)
        return make(code, *given, **named)

    monkeypatch.setattr(maker, "make", noted)
    return found


def was_parsed(code: Any) -> bool:
    return not isinstance(code._meaning, Later)


def result(module: Any, name: str = "add", *given: Any) -> tuple[int, list[Any]]:
    """What a sequence returns, and the record that it leaves, added up over all lanes."""
    cells = rseq.percpu(module.Cell)
    returned = getattr(module, name).bind(cells)(*given)
    records = cells.per_cpu()
    return returned, [records[name].sum(axis=0).tolist() for name in records.dtype.names]


# ---- what is kept


def test_what_one_process_has_compiled_is_taken_by_the_next(modules: Modules, compiled: list[Compiled]) -> None:
    first = modules.load(HEAD + ADD)
    assert was_parsed(first.add)
    expected = result(first, "add", 4)
    assert expected[1][0] == (4 + 3) * 2 + 5 + 1
    assert len(compiled) == 1
    second = modules.load(HEAD + ADD)
    assert result(second, "add", 4) == expected
    assert len(compiled) == 1
    assert not was_parsed(second.add)


def test_a_process_that_takes_it_imports_neither_the_parser_nor_llvm(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "shop.py").write_text(HEAD + ADD)
    code = """
        import sys
        sys.path.insert(0, sys.argv[1])
        import shop, rseq
        cells = rseq.percpu(shop.Cell)
        shop.add.bind(cells)(4)
        print(*(name for name in ("llvmlite", "numpy", "ast", "dataclasses", "typing", "rseq._language.parser",
                                  "rseq._language.ir", "rseq._arch") if name in sys.modules))
    """
    text = HEAD.replace("import enum\n", "").replace("(enum.IntEnum)", "") + ADD
    (tmp_path / "shop.py").write_text(text)
    loaded = [run_python(code, str(tmp_path), env={"RSEQ_CACHE_DIR": str(folder)}).stdout.split() for _ in range(2)]
    assert {"llvmlite", "rseq._language.parser"} <= set(loaded[0])
    assert loaded[1] == []


def test_a_package_in_a_zip_file_keeps_what_it_compiles(tmp_path: Path, folder: Path) -> None:
    package = Path(rseq.__file__).parent
    with zipfile.ZipFile(tmp_path / "site.zip", "w") as archive:
        for path in package.rglob("*.py"):
            archive.write(path, Path("rseq") / path.relative_to(package))
    code = """
        import sys
        sys.path.insert(0, sys.argv[1])
        import rseq
        counter = rseq.Counter()
        counter.add(2)
        print(counter.value, "site.zip" in rseq.__file__, "llvmlite" in sys.modules)
    """
    site, environment = str(tmp_path / "site.zip"), {"RSEQ_CACHE_DIR": str(folder)}
    printed = [run_python(code, site, env=environment).stdout.split() for _ in range(2)]
    assert printed == [["2", "True", "True"], ["2", "True", "False"]]


def test_processes_that_start_at_once_all_compute_the_same(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "shop.py").write_text(HEAD + ADD)
    code = """
        import sys
        sys.path.insert(0, sys.argv[1])
        import shop, rseq
        cells = rseq.percpu(shop.Cell)
        shop.add.bind(cells)(4)
        print(int(cells.per_cpu()["value"].sum()))
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert [process.communicate()[0] for process in started] == ["20\n"] * 4
    assert [path for path in folder.iterdir() if path.suffix != ".rseq"] == []
    assert all(cache.find(file.name.removesuffix(".rseq")) is not None for file in cache.entries())


def test_nothing_is_kept_where_there_is_to_be_no_cache(modules: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSEQ_CACHE_DIR", "")
    for _ in range(2):
        module = modules.load(HEAD + ADD)
        assert was_parsed(module.add)
        assert module.add.kept is None
        result(module, "add", 4)
    assert cache.entries() == []


# ---- what it depends on

CHANGES: dict[str, tuple[str, str]] = {
    "a constant": ("STEP = 3", "STEP = 4"),
    "an attribute of a class": ("MOST = 5", "MOST = 6"),
    "an enum's member": ("ONE = 1", "ONE = 2"),
    "an inline function": ("x + STEP", "x - STEP"),
    "a default of an inline function": ("times: i64 = 2", "times: i64 = 3"),
    "the signature of an inline function": ("def once(x: i64) -> i64", "def once(x: i64, y: i64 = 0) -> i64"),
    "the function": ("twice(n) +", "twice(n) -"),
    "a default": ("def add(cpu: Cell, n: i64 = 1)", "def add(cpu: Cell, n: i64 = 7)"),
    "the type of a parameter": ("def add(cpu: Cell, n: i64 = 1)", "def add(cpu: Cell, n: i32 = 1)"),
    "the type of a result": ("n: i64 = 1) -> i64:\n    cpu.value", "n: i64 = 1) -> i32:\n    cpu.value"),
    "the place of a field": ("value: i64\n    other: i64", "other: i64\n    value: i64"),
    "the type of a field": ("many: i64[4]", "many: i32[4]"),
    "a field that is prepared": ("many: i64[4]", "many: prepared[i64[4]]"),
    "the length of an array": ("many: i64[4]", "many: i64[5]"),
    "the record's name": ("class Cell(", "class Cells("),
    "how it is decorated": ("@rseq.sequence\ndef add", "@rseq.sequence(release=True)\ndef add"),
    "its documentation": ("-> i64:\n    cpu.value", '-> i64:\n    """Add."""\n    cpu.value'),
    "a name that is another function's": (
        "@rseq.sequence\ndef add",
        "once, twice = twice, once\n\n@rseq.sequence\ndef add",
    ),
}


@pytest.mark.parametrize(("old", "new"), CHANGES.values(), ids=CHANGES)
def test_what_is_changed_is_parsed_anew(modules: Modules, old: str, new: str) -> None:
    text = HEAD + ADD
    changed = text.replace(old, new)
    assert changed != text
    modules.load(text)
    assert not was_parsed(modules.load(text).add)
    assert was_parsed(modules.load(changed).add)
    assert not was_parsed(modules.load(changed).add)
    assert not was_parsed(modules.load(text).add)


LOCAL = """
@rseq.sequence
def wide(cpu: Cell, n: i32) -> i64:
    big: TYPE = TYPE(n)
    cpu.value = i64(big)
    return 0
"""


def test_the_type_of_a_local_is_part_of_it_though_bytecode_does_not_show_it(modules: Modules) -> None:
    text = HEAD + "TYPE = i64\n" + LOCAL.replace("TYPE(n)", "i64(n)")
    for given, is_parsed in ((text, True), (text, False), (text.replace("big: TYPE", "big: i64"), True)):
        assert was_parsed(modules.load(given).wide) == is_parsed
    with pytest.raises(rseq.CompileError, match="types-differ"):
        modules.load(text.replace("TYPE = i64\n", "TYPE = i32\n"))


TWO = """
@rseq.sequence
def two(cpu: Cell) -> None:
    one: i64 = 7
    two: u64 = 7
    cpu.value = i64(two) + i64(one)
"""


def test_what_bytecode_does_not_show_is_in_the_text(modules: Modules) -> None:
    swapped = TWO.replace("one: i64", "one: u64").replace("two: u64", "two: i64")
    for text, is_parsed in ((TWO, True), (TWO, False), (swapped, True)):
        assert was_parsed(modules.load(HEAD + text).two) == is_parsed


ROUTINE = """
@rseq.routine
def both(cpu: Cell, n: i64) -> None:
    if n > 100:
        raise ValueError(TOO_MUCH)
    put(cpu, n)
"""


@pytest.mark.parametrize(
    ("old", "new"),
    [("cpu.other = n", "cpu.other = n + 1"), ('"too much"', '"more than too much"'), ("n: i64 = 1", "n: i64 = 2")],
)
def test_a_routine_is_parsed_anew_with_what_it_calls_and_says(modules: Modules, old: str, new: str) -> None:
    text = HEAD + ROUTINE
    modules.load(text)
    again = modules.load(text)
    assert not was_parsed(again.both)
    with pytest.raises(ValueError, match="too much"):
        result(again, "both", 101)
    assert result(again, "both", 7)[1][1] == 7
    assert was_parsed(modules.load(text.replace(old, new)).both)


FACTORY = """
def make(type, step, Cell=Cell):
    class Node(rseq.Record):
        value: type

    @rseq.sequence
    def add(cpu: Node) -> None:
        cpu.value += step

    return add
"""


def test_sequences_of_a_function_that_makes_them_are_told_apart_by_what_it_was_given(modules: Modules) -> None:
    first, second = modules.load(HEAD + FACTORY), modules.load(HEAD + FACTORY)
    given = [(rseq.i64, 1), (rseq.i64, 2), (rseq.i32, 1), (rseq.f64, 1), (rseq.f64, 1.0), (rseq.f64, 1.5)]
    assert [was_parsed(first.make(*one)) for one in given[1:]] == [True] * 5
    again = [second.make(*one) for one in given]
    assert [was_parsed(one) for one in again] == [True, *[False] * 5]
    assert len({one.kept.key for one in again}) == 6
    for one, (type, step) in zip(again, given, strict=True):
        cells = rseq.percpu(one.head.record)
        one.bind(cells)()
        assert cells.per_cpu()["value"].sum() == step, type


CALLED = """
def plain(cpu: Cell, n: i64) -> None:
    cpu.value = n
"""


def test_how_it_is_decorated_need_not_stand_in_its_text(modules: Modules) -> None:
    for how, is_parsed in (
        ({}, True),
        ({"release": True}, True),
        ({"acquire": True}, True),
        ({"release": True}, False),
    ):
        decorate: Any = rseq.sequence(**how)
        assert was_parsed(decorate(modules.load(HEAD + CALLED).plain)) == is_parsed
    assert was_parsed(rseq.routine(modules.load(HEAD + CALLED.replace("cpu.value = n", "put(cpu, n)")).plain))


POINTERS = """
class Node(rseq.Record):
    number: i64

First = Node

class Node(rseq.Record):
    number: i64

class Holder(rseq.Record):
    node: ptr[First]

@rseq.sequence
def hold(cpu: Holder, node: ptr[First]) -> None:
    cpu.node = node
"""


def test_two_records_that_look_alike_are_two(modules: Modules) -> None:
    modules.load(HEAD + POINTERS)
    assert not was_parsed(modules.load(HEAD + POINTERS).hold)
    with pytest.raises(rseq.CompileError, match="types-differ"):
        modules.load(HEAD + POINTERS.replace("    node: ptr[First]\n\n", "    node: ptr[Node]\n\n"))


def test_what_is_refused_is_refused_each_time(modules: Modules) -> None:
    text = HEAD + ADD.replace("return 0", "return missing")
    for _ in range(2):
        with pytest.raises(rseq.CompileError, match="missing is not defined"):
            modules.load(text)
    assert not was_parsed(modules.load(HEAD + ADD).put)


def test_names_that_are_written_in_an_unusual_way_are_not_kept(modules: Modules) -> None:
    text = HEAD + ADD.replace("Limits.MOST", "(Limits . MOST)")
    for most in (5, 6):
        module = modules.load(text.replace("MOST = 5", f"MOST = {most}"))
        assert module.add.kept is None
        assert result(module, "add", 4)[1][0] == 15 + most


def test_a_comment_may_name_anything(modules: Modules) -> None:
    text = HEAD + "storage = rseq.percpu(Cell)\n" + ADD.replace("return 0", "return 0  # as storage.view and rseq.Pool")
    modules.load(text)
    assert not was_parsed(modules.load(text).add)


@pytest.mark.parametrize(
    "encoded", [b"\xef\xbb\xbf", b"# coding: latin-1\n# \xe9\n"], ids=["a byte order mark", "another encoding"]
)
def test_text_is_read_as_python_reads_it(modules: Modules, encoded: bytes) -> None:
    for is_parsed in (True, False):
        modules.path.write_bytes(encoded + (HEAD + ADD).encode().replace(b"\n", b"\r\n"))
        spec = importlib.util.spec_from_file_location("shop", modules.path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        assert was_parsed(module.add) == is_parsed


# ---- what it means is found later, as it was


def test_what_is_parsed_later_means_what_it_meant(modules: Modules) -> None:
    text = HEAD + ADD + ROUTINE
    first, second = modules.load(text), modules.load(text)
    modules.path.write_text("")
    second.STEP, second.once, second.Limits.MOST, second.i64, second.put = 30, None, 50, None, None
    second.Cell, second.twice, second.rseq = None, None, None
    assert was_parsed(second.add) is was_parsed(second.both) is False
    assert second.add.ir == first.add.ir
    assert second.both.ir == first.both.ir
    assert second.add.asm("x86_64") == first.add.asm("x86_64")
    assert was_parsed(second.add)


def test_annotations_that_are_texts_are_those_of_where_it_was_decorated(modules: Modules) -> None:
    text = "from __future__ import annotations\n" + HEAD + FACTORY
    first, second = (modules.load(text).make(rseq.i32, 5) for _ in range(2))
    assert not was_parsed(second)
    assert second.ir == first.ir
    assert second.body.record is second.head.record


def test_an_inline_function_of_another_process_computes_in_python_too(modules: Modules) -> None:
    for _ in range(2):
        module = modules.load(HEAD)
        assert module.twice(4) == 14
        assert module.twice(4, times=3) == 21
    with pytest.raises(TypeError):
        module.twice("4")


def test_unusual_arguments_are_said_what_is_wrong_with_as_ever(modules: Modules) -> None:
    for _ in range(2):
        add = modules.load(HEAD + ADD).add
        bound = add.bind(rseq.percpu(add.head.record))
        with pytest.raises(TypeError, match=r"add\(\): n is"):
            bound("4")
        with pytest.raises(OverflowError, match=r"add\(\): n is"):
            bound(1 << 64)
        assert bound(n=4) == bound(4) == 0
        assert "n=1" in bound.__text_signature__


INDEX = """
class Node(rseq.Record):
    number: i64

class Holder(rseq.Record):
    node: rseq.index[Node]

@rseq.sequence
def hold(cpu: Holder, node: rseq.index[Node]) -> i64 | None:
    if node is None:
        return None
    found = node.number
    cpu.node = node
    return found
"""


def test_rows_are_followed_by_what_was_kept(modules: Modules) -> None:
    for is_parsed in (True, False):
        module = modules.load(HEAD + INDEX)
        rows = rseq.array(module.Node, 3)
        rows[1]["number"] = 11
        hold = module.hold.bind(rseq.percpu(module.Holder), rows)
        assert (hold(rows[1]), hold(None)) == (11, None)
        assert was_parsed(module.hold) == is_parsed


CHAIN = """
class Node(rseq.Record):
    number: i64

class Chain(rseq.Record):
    first: ptr[Node]

@rseq.sequence
def swap(cpu: Chain, node: ptr[Node]) -> ptr[Node]:
    found = cpu.first
    cpu.first = node
    return found
"""


def test_rows_are_returned_by_what_was_kept(modules: Modules) -> None:
    for is_parsed in (True, False):
        module = modules.load(HEAD + CHAIN)
        rows = rseq.array(module.Node, 3)
        swap = module.swap.bind(rseq.percpu(module.Chain), rows)
        with pinned(min(os.sched_getaffinity(0))):
            assert [swap(rows[1]), swap(rows[2]), swap(None)] == [None, rows[1], rows[2]]
        with pytest.raises(TypeError, match="one array of that record"):
            module.swap.bind(rseq.percpu(module.Chain))
        assert was_parsed(module.swap) == is_parsed


# ---- what is not believed


def an_entry(folder: Path) -> tuple[str, Path]:
    kept = cache.Kept(cache.digest("fuzz"), {})
    kept.put("one", (b"code" * 50, {"entries": (1, 2, 3)}, 1.5))
    return kept.key, folder / f"{kept.key}.rseq"


def damaged(data: bytes, chance: random.Random) -> bytes:
    at, kind = chance.randrange(len(data)), chance.randrange(6)
    if kind == 0:
        return data[:at]
    if kind == 1:
        return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
    if kind == 2:
        return data[:at] + chance.randbytes(chance.randrange(1, 20)) + data[at:]
    if kind == 3:
        return data[:at] + data[at + chance.randrange(1, 20) :]
    if kind == 4:
        return data[:at] + chance.randbytes(len(data) - at)
    return chance.randbytes(chance.randrange(200))


def test_a_damaged_entry_is_none(folder: Path) -> None:
    key, path = an_entry(folder)
    data, chance = path.read_bytes(), random.Random(11)
    assert cache.find(key) is not None
    for _ in range(FUZZED):
        spoilt = damaged(data, chance)
        path.unlink()  # some file systems wait for the disk where a file that is there is written anew
        path.write_bytes(spoilt)
        assert spoilt == data or cache.find(key) is None


def test_an_entry_under_another_name_is_none(folder: Path) -> None:
    key, path = an_entry(folder)
    other = cache.digest("another")
    shutil.copy(path, folder / f"{other}.rseq")
    assert cache.find(other) is None
    assert cache.find(key) is not None


def test_a_damaged_entry_is_compiled_anew(modules: Modules, folder: Path, compiled: list[Compiled]) -> None:
    expected = result(modules.load(HEAD + ADD), "add", 4)
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:-1])
    again = modules.load(HEAD + ADD)
    assert result(again, "add", 4) == expected
    assert len(compiled) == 2
    assert not was_parsed(modules.load(HEAD + ADD).add)


@pytest.mark.parametrize(
    "contents", [{"followed": [99]}, {}, {"followed": None}, {"followed": [], "cpu_id 0": (None, 5)}]
)
def test_an_entry_of_something_else_is_compiled_anew(modules: Modules, contents: dict[str, Any]) -> None:
    module = modules.load(HEAD + ADD)
    cache.Kept(module.add.kept.key, contents).write()
    assert result(modules.load(HEAD + ADD), "add", 4)[1][0] == 20


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o722, 0o702])
def test_a_folder_that_others_may_write_to_is_not_used(modules: Modules, folder: Path, mode: int) -> None:
    modules.load(HEAD + ADD)
    folder.chmod(mode)
    with pytest.warns(RuntimeWarning, match=r"does not use its cache .* it can be written to by others"):
        module = modules.load(HEAD + ADD)
    assert was_parsed(module.add)
    modules.load(HEAD + ADD)  # it is said once
    folder.chmod(0o700)
    assert not was_parsed(modules.load(HEAD + ADD).add)


@pytest.mark.parametrize("mode", [0o666, 0o620, 0o602])
def test_an_entry_that_others_may_write_to_is_none(folder: Path, mode: int) -> None:
    key, path = an_entry(folder)
    path.chmod(mode)
    assert cache.find(key) is None
    path.chmod(0o644)
    assert cache.find(key) is not None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_belongs_to_somebody_else_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, path = an_entry(folder)
    os.chown(path, 12345, 12345)
    assert cache.find(key) is None
    os.chown(path, 0, 0)
    os.chown(folder, 12345, 12345)
    with pytest.warns(RuntimeWarning, match="it belongs to user 12345, who is neither root nor you"):
        assert cache.find(key) is None
    monkeypatch.delenv("RSEQ_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent))
    folder.rename(folder.parent / "rseq")
    assert cache.find(key) is None  # `sudo` keeps the home of somebody who is not root
    assert cache.refusal() == "it belongs to user 12345, who is neither root nor you"


def test_what_root_has_kept_is_used_by_others(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, _ = an_entry(folder)
    about = os.stat(folder)
    monkeypatch.setattr(os, "geteuid", lambda: about.st_uid + 1)
    if about.st_uid == 0:
        assert cache.find(key) is not None
    else:
        with pytest.warns(RuntimeWarning):
            assert cache.find(key) is None


def test_no_link_is_followed(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, path = an_entry(folder)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert cache.find(key) is None
    path.unlink()
    (tmp_path / "elsewhere").rename(path)
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.setenv("RSEQ_CACHE_DIR", str(tmp_path / "link"))
    assert cache.find(key) is None
    assert cache.refusal() == "it is no folder"
    cache.Kept(cache.digest("other"), {}).write()
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["a pipe", "a folder"])
def test_what_is_no_file_is_no_entry(folder: Path, make: Callable[[Path], None]) -> None:
    key, path = an_entry(folder)
    path.unlink()
    make(path)
    assert cache.find(key) is None


def test_files_and_folder_are_the_users_own(modules: Modules, folder: Path) -> None:
    before = os.umask(0)
    try:
        modules.load(HEAD + ADD)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


# ---- what goes wrong


def refusing(monkeypatch: pytest.MonkeyPatch, name: str, number: int, after: int = 0) -> None:
    """Have a function of `os` refuse what is written."""
    call, calls = getattr(os, name), itertools.count()

    def refused(*given: Any, **named: Any) -> Any:
        is_write = name != "open" or (len(given) > 1 and given[1] & os.O_CREAT)
        if is_write and next(calls) >= after:
            raise OSError(number, os.strerror(number))
        return call(*given, **named)

    monkeypatch.setattr(cache.os, name, refused)


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("write", errno.ENOSPC),
        ("write", errno.EIO),
        ("open", errno.EROFS),
        ("open", errno.EACCES),
        ("rename", errno.EXDEV),
    ],
)
def test_what_cannot_be_kept_is_compiled(
    modules: Modules, folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, number: int
) -> None:
    folder.mkdir(mode=0o700)
    with monkeypatch.context() as patch:
        refusing(patch, name, number)
        cache.Kept(cache.digest("full"), {}).write()
        assert list(folder.iterdir()) == []
        for _ in range(2):
            module = modules.load(HEAD + ADD)
            assert was_parsed(module.add)
            patch.undo()
            assert result(module, "add", 4)[1][0] == 20
            refusing(patch, name, number)
            for path in folder.iterdir():
                path.unlink()


def test_what_is_there_is_read_where_nothing_can_be_written(modules: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = result(modules.load(HEAD + ADD), "add", 4)
    refusing(monkeypatch, "open", errno.EROFS)
    module = modules.load(HEAD + ADD)
    assert not was_parsed(module.add)
    assert result(module, "add", 4) == expected


def test_a_file_in_the_place_of_the_folder_is_no_cache(modules: Modules, folder: Path) -> None:
    folder.write_text("a file")
    module = modules.load(HEAD + ADD)
    assert result(module, "add", 4)[1][0] == 20
    assert folder.read_text() == "a file"


@pytest.mark.parametrize(
    ("environment", "path"),
    [
        ({"RSEQ_CACHE_DIR": "/a/b", "XDG_CACHE_HOME": "/c", "HOME": "/d"}, "/a/b"),
        ({"XDG_CACHE_HOME": "/c", "HOME": "/d"}, "/c/rseq"),
        ({"XDG_CACHE_HOME": "c", "HOME": "/d"}, "/d/.cache/rseq"),
        ({"HOME": "/d"}, "/d/.cache/rseq"),
        ({"RSEQ_CACHE_DIR": "", "HOME": "/d"}, None),
        ({"HOME": "nowhere"}, None),
    ],
)
def test_where_it_is(environment: dict[str, str], path: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RSEQ_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert cache.folder() == path


# ---- other versions


def test_another_version_of_the_package_compiles_anew(modules: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    modules.load(HEAD + ADD)
    monkeypatch.setattr(cache, "_process", lambda: ("another",))
    assert was_parsed(modules.load(HEAD + ADD).add)


def test_another_llvm_compiles_anew_and_none_takes_what_is_there(
    modules: Modules, monkeypatch: pytest.MonkeyPatch, compiled: list[Compiled]
) -> None:
    for version, count in (("20", 1), ("20", 1), (None, 1), ("21", 2), ("21", 2), ("20", 3)):
        monkeypatch.setattr(cache, "llvm", lambda version=version: version)
        result(modules.load(HEAD + ADD), "add", 4)
        assert len(compiled) == count


def test_the_package_is_known_by_all_its_files_or_by_what_was_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "rseq"
    (package / "_room").mkdir(parents=True)
    for path in ("a.py", "_room/b.py"):
        (package / path).write_text("pass")
        os.utime(package / path, (1, 1))
    monkeypatch.setattr(cache, "PACKAGE", str(package))
    monkeypatch.setattr(shipped, "PACKAGE", str(package))

    def known() -> str:
        cache.package.cache_clear()  # type: ignore[attr-defined]
        shipped.sources.cache_clear()  # type: ignore[attr-defined]
        return cache.package()

    seen = [known()]
    os.utime(package / "_room/b.py", (2, 2))
    seen.append(known())
    (package / "_room/b.py").write_text("pass ")
    os.utime(package / "_room/b.py", (2, 2))
    seen.append(known())
    (tmp_path / "rseq-1.dist-info").mkdir()
    (tmp_path / "rseq-1.dist-info/RECORD").write_text("a.py,sha256=1,4")
    seen.append(known())
    os.utime(package / "a.py", (3, 3))
    assert known() == seen[-1]
    (tmp_path / "rseq-1.dist-info/RECORD").write_text("a.py,sha256=2,4")
    seen.append(known())
    monkeypatch.undo()
    known()
    assert len(set(seen)) == len(seen)


def test_what_a_checkout_has_built_is_used_until_a_source_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = shipped.here()
    if layout is None:
        pytest.skip("nothing is shipped for this layout of objects")
    path = tmp_path / shipped.file_name(os.uname().machine, layout.name)
    path.write_bytes(shipped.packed({}, {"one": (1, 2)}))
    monkeypatch.setattr(shipped, "FOLDER", str(tmp_path))

    def found(*, is_checkout: bool, changed: int) -> Any:
        monkeypatch.setattr(shipped, "is_checkout", lambda: is_checkout)
        os.utime(tmp_path / "a.py", (changed, changed))
        monkeypatch.setattr(shipped, "sources", lambda: [("a.py", os.stat(tmp_path / "a.py"))])
        shipped._file.cache_clear()  # type: ignore[attr-defined]
        return shipped.bundle("one")

    (tmp_path / "a.py").write_text("")
    made = int(path.stat().st_mtime)
    try:
        assert found(is_checkout=True, changed=made - 10) == (1, 2)
        assert found(is_checkout=True, changed=made + 10) is None
        assert found(is_checkout=False, changed=made + 10) == (1, 2)
    finally:
        monkeypatch.undo()
        shipped._file.cache_clear()  # type: ignore[attr-defined]


# ---- its size


def test_the_oldest_go_when_there_is_too_much(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LIMIT_BYTES", 20_000)
    monkeypatch.setattr(cache, "_BETWEEN_TRIMS", 1)
    for number in range(30):
        kept = cache.Kept(cache.digest(number), {"data": b"x" * 1000})
        kept.write()
        os.utime(folder / f"{kept.key}.rseq", (number, number))
    left = [number for number in range(30) if cache.find(cache.digest(number)) is not None]
    assert 29 in left
    assert left == list(range(left[0], 30))
    assert 10 <= len(left) <= 20


def test_what_is_used_is_not_the_oldest(folder: Path) -> None:
    key, path = an_entry(folder)
    os.utime(path, (1, 1))
    assert cache.find(key) is not None
    assert path.stat().st_mtime > 1_000_000_000


def test_what_a_dead_process_has_left_goes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_BETWEEN_TRIMS", 1)
    an_entry(folder)
    for name, used in (("old.part", 1), ("new.part", 1 << 33)):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (used, used))
    (folder / "not ours.txt").write_text("")
    an_entry(folder)
    assert sorted(path.name for path in folder.iterdir() if path.suffix != ".rseq") == ["new.part", "not ours.txt"]


# ---- in advance


def test_precompile_compiles_for_all_storage_that_is_asked_for(modules: Modules, compiled: list[Compiled]) -> None:
    module = modules.load(HEAD + ADD + ROUTINE)
    made = rseq.precompile(module)
    assert {one.name for one in made} == {"put", "add", "both"}
    assert all(one.is_kept and one.is_new for one in made)
    assert len(made) == len(compiled) == 3 * 4
    again = modules.load(HEAD + ADD + ROUTINE)
    assert not any(one.is_new for one in rseq.precompile(again.add, again.both))
    cells = rseq.percpu(again.Cell, 3)
    assert again.add.bind(cells)(2, 4) == 0
    assert len(compiled) == 3 * 4
    more = rseq.precompile(again.add, index=["mm_cid"], dimensions=[2])
    assert [str(one) for one in more] == [
        "add (mm_cid, array of 2 dimensions): compiled",
        "add (spare, array of 2 dimensions): compiled",
    ]


def test_precompile_says_what_is_not_kept(modules: Modules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RSEQ_CACHE_DIR", "")
    made = rseq.precompile(modules.load(HEAD + ADD).add, dimensions=[0])
    assert [str(one) for one in made] == ["add (cpu_id): not kept", "add (spare): not kept"]
    with pytest.raises(TypeError, match="expected modules, names of modules, sequences or routines; got 5"):
        rseq.precompile(5)
    for wrong in ({"index": []}, {"dimensions": [-1]}, {"dimensions": [33]}, {"index": ["cpu"]}):
        with pytest.raises(ValueError, match="expected"):
            rseq.precompile(rseq.Counter, **wrong)
    with pytest.raises(LookupError, match="no_such_module cannot be imported"):
        rseq.precompile("no_such_module")


def test_the_command_says_what_there_is_and_removes_it(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "shop.py").write_text(HEAD + ADD)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "rseq", "cache", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run().stdout.splitlines() == [f"folder   {folder}", "entries  0", "size     0 KiB, of at most 64 MiB"]
    made = json.loads(run("--precompile", "shop:add", "--json").stdout)
    assert made["entries"] == len(list(folder.iterdir())) > 0
    assert made["bytes"] == sum(path.stat().st_size for path in folder.iterdir())
    assert [one["is_kept"] for one in made["precompiled"]] == [True] * 4
    again = run("--precompile", "shop.py:add")
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[0] == "add (cpu_id): was there"
    folder.chmod(0o777)
    refused = run("--precompile", "shop:add")
    assert refused.returncode == 1
    assert "not used, or not added to: it can be written to by others (chmod go-w)" in refused.stdout
    folder.chmod(0o700)
    assert f"removed  {made['entries']}" in run("--clear").stdout
    assert list(folder.iterdir()) == []
    assert run("--precompile", "no_such:add").stderr.startswith("Error: no_such cannot be imported")


def test_inline_functions_are_kept_with_their_signatures(modules: Modules) -> None:
    first, second = modules.load(HEAD), modules.load(HEAD)
    assert isinstance(second.once, Inline)
    assert callable(second.once._signature)
    assert not callable(first.once._signature)
    assert second.once.signature.parameters == first.once.signature.parameters
    with pytest.raises(rseq.CompileError):
        modules.load(HEAD.replace("def once(x: i64)", "def once(x)"))
