"""What was compiled is kept for the next process, and nothing else is ever taken for it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path
from typing import Any

import pytest

import rseq
from cache.conftest import ADD, HEAD, Modules, result, was_parsed
from rseq import _cache as cache
from rseq._language.compiled import Compiled
from rseq._language.inline import Inline
from rseq._percpu.pinned import pinned
from support import run_python

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
