"""What is made once is made once, whoever asks at the same time."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import rseq
from rseq._language.types import SCALARS
from rseq._once import once
from rseq._structures.cell_code import adder
from support import ThreadSet

PACKAGE = Path(rseq.__file__ or "").parent


def test_threads_that_ask_at_once_get_one_thing(threads: ThreadSet) -> None:
    made: list[object] = []
    got: list[object] = []

    @once
    def thing(name: str) -> object:
        for _ in range(4):
            os.sched_yield()  # the others ask now
        made.append(name)
        return object()

    threads.run(4, lambda: got.append(thing("it")))
    assert made == ["it"]
    assert len(got) == 4
    assert len(set(map(id, got))) == 1


def test_each_set_of_arguments_has_its_own() -> None:
    @once
    def pair(one: int, other: int = 0) -> list[int]:
        return [one, other]

    assert pair(1) is pair(1)
    assert pair(1, other=2) is pair(1, other=2)
    assert [pair(1), pair(2), pair(1, other=2)] == [[1, 0], [2, 0], [1, 2]]
    assert pair.__name__ == "pair"


def test_an_exception_is_not_remembered() -> None:
    tries: list[int] = []

    @once
    def fails_first() -> int:
        tries.append(1)
        if len(tries) == 1:
            raise OSError
        return len(tries)

    with pytest.raises(OSError, match=r"^$"):
        fails_first()
    assert fails_first() == fails_first() == 2


def test_what_interrupts_the_making_gets_what_all_get() -> None:
    inner: list[object] = []

    @once
    def interrupted() -> object:
        if not inner:  # as a signal handler does it
            inner.append(None)
            inner[0] = interrupted()
        return object()

    assert interrupted() is inner[0]
    assert interrupted() is inner[0]


def test_threads_that_make_the_same_structure_share_its_sequences(threads: ThreadSet) -> None:
    got: list[object] = []
    threads.run(4, lambda: got.append(adder(SCALARS["i16"])))
    assert len(set(map(id, got))) == 1


# Which of the two remembers: the rule that _once.py states

SEQUENCES = {"sequence", "routine", "inline"}
TELLS = {
    *("load", "loaded", "_compile", "compiled", "in_each_child", "before_forks", "start_anew_after_forks"),
    *("pthread_key_create", "Py_IncRef", "bind", "import_module", "exec_module", "add_symbol"),
}


def makes_one(function: ast.FunctionDef) -> bool:
    """Whether it makes a class, a sequence or machine code, imports, or tells others of something."""
    inner = [node for node in ast.walk(function) if node is not function]
    decorators = {ast.unparse(one) for node in inner for one in getattr(node, "decorator_list", ())}
    calls = {ast.unparse(node.func).rpartition(".")[2] for node in inner if isinstance(node, ast.Call)}
    is_class_or_import = any(isinstance(node, (ast.ClassDef, ast.Import, ast.ImportFrom)) for node in inner)
    return is_class_or_import or bool(decorators & SEQUENCES or calls & TELLS)


def is_value(function: ast.FunctionDef) -> bool:
    """Whether it does nothing but find a value that is equal to another one, as its annotation says."""
    result = "" if function.returns is None else ast.unparse(function.returns)
    return result in ("int", "str", "bool", "bytes", "float") and not makes_one(function)


def remembered(text: str, decorator: str) -> list[ast.FunctionDef]:
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)]
    return [one for one in functions if decorator in map(ast.unparse, one.decorator_list)]


@pytest.mark.parametrize(("decorator", "is_wrong"), [("cache", makes_one), ("once", is_value)])
def test_what_must_be_one_is_made_once_and_what_is_equal_is_cached(
    decorator: str, is_wrong: Callable[[ast.FunctionDef], bool]
) -> None:
    files = [path for path in PACKAGE.rglob("*.py") if "_bench" not in path.parts]  # one thread makes what it measures
    found = [(path, one) for path in files for one in remembered(path.read_text(), decorator)]
    assert len(found) > 10
    assert [f"{path}:{one.lineno}: {one.name}" for path, one in found if is_wrong(one)] == [], decorator


@pytest.mark.parametrize(
    "body",
    [
        "class Cell(Record):\n        value: i64",
        "@sequence\n    def add(cpu): ...",
        "from rseq import numba",
        "code = load(blob)",
        "in_each_child(step, THREADS)",
        "libc().pthread_key_create(key, None)",
    ],
)
def test_that_rule_bites(body: str) -> None:
    (found,) = remembered(f"@cache\ndef made():\n    {body}\n    return 1\n", "cache")
    assert makes_one(found)
    assert not makes_one(*remembered("@cache\ndef count() -> int:\n    return len(list(range(8)))", "cache"))
