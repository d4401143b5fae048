"""index[T]: its layout, when it is checked again, and what the contract makes of rows found by their number."""

from __future__ import annotations

import itertools
import textwrap
from typing import Any

import numpy as np
import pytest

import rseq
from programs import compiled
from rseq import i64, index, prepared, ptr, u8
from rseq._language import ir
from rseq._language.interpret import Memory, run
from rseq._language.parser.parse import parse
from rseq._language.types import Index


class Entry(rseq.Record):
    next: index[Entry]  # type: ignore[name-defined]
    value: i64
    other: i64


class Byte(rseq.Record):
    value: u8


class Lane(rseq.Record):
    first: index[Entry]
    byte: index[Byte]
    count: i64
    kept: prepared[index[Entry]]
    many: index[Entry][5]
    head: ptr[Entry]


NAMES = {"Lane": Lane, "Entry": Entry, "Byte": Byte, "index": index}
PARAMETERS = "cpu: Lane, a: index[Entry], b: index[Entry], n: i64"


def function(
    *lines: str, result: str = "None", parameters: str = PARAMETERS, decorator: Any = rseq.sequence, **names: Any
) -> Any:
    text = f"def f({parameters}) -> {result}:\n{textwrap.indent(chr(10).join(lines), '    ')}\n"
    return compiled(text, decorator, **NAMES, **names)


def checks(code: Any) -> int:
    """How often it looks whether an index means a row."""
    return sum(isinstance(op, ir.Check) and isinstance(op.length, ir.Value) for op in code.body.ops)


def slugs(*lines: str, **names: Any) -> list[str]:
    with pytest.raises(rseq.CompileError) as caught:
        function(*lines, **names)
    return [diagnostic.slug for diagnostic in caught.value.diagnostics]


def memory_of(rows: int = 3) -> Memory:
    memory = Memory.of(Lane)
    at = memory.add_rows(Entry, rows)
    for row in range(rows):
        for field, value in (("value", row + 1), ("other", 10 * row)):
            memory.store(at + row * Entry.size + Entry.fields[field].offset, i64, value)  # type: ignore[arg-type]
    return memory


def test_an_index_is_four_bytes_of_a_record() -> None:
    assert [field.offset for field in Lane.fields.values()] == [0, 4, 8, 16, 20, 40]
    assert Lane.dtype["first"] == np.uint32
    assert Lane.dtype["many"] == np.dtype((np.uint32, (5,)))
    assert Entry.size == 24
    assert repr(Lane.fields["kept"].type) == "index[Entry]"
    assert Index(Entry) == index[Entry] != ptr[Entry]


def test_an_index_counts_records() -> None:
    for wrong in (i64, index[Entry], 3, list):
        with pytest.raises(TypeError, match=r"index\[T\] counts the rows of an rseq\.array"):
            index[wrong]  # type: ignore[valid-type]


@pytest.mark.parametrize(
    ("lines", "times"),
    [
        (["a.value = n", "a.other = n", "cpu.count = 1"], 1),
        (["a.value = n", "b.value = n", "cpu.count = 1"], 2),
        (["c = a", "c.value = n", "a.other = n", "cpu.count = 1"], 1),
        (["if n:", "    a.value = 1", "a.other = 2", "cpu.count = 1"], 2),
        (["a.value = 1", "if n:", "    a.other = 1", "else:", "    a.other = 2", "cpu.count = 1"], 1),
        (["if n:", "    a.value = 1", "else:", "    a.value = 2", "a.other = 2", "cpu.count = 1"], 3),
        (["a.value = 1", "a = b", "a.value = 2", "cpu.count = 1"], 2),
        (["cpu.count = cpu.first.value + cpu.first.other"], 2),
        (["x = cpu.first", "cpu.count = x.value + x.other"], 1),
        (["x = a.value if n else a.other", "a.value = x", "cpu.count = 1"], 3),
        (["if a.value > 0 and b.value > 0:", "    cpu.count = a.other + b.other"], 3),
        (["if a.value < b.value < cpu.first.value:", "    cpu.count = b.other"], 3),
    ],
)
def test_an_index_is_checked_once_where_that_is_known_to_have_happened(lines: list[str], times: int) -> None:
    assert checks(function(*lines, decorator=_parsed)) == times


class _Parsed:
    def __init__(self, body: ir.Body) -> None:
        self.body = body


def _parsed(function: Any) -> _Parsed:
    """Without the contract, which refuses reading what is written."""
    return _Parsed(parse(function))


CONDITIONS = [
    "a.value > 1 or b.value > 1",
    "n and a.value > 1 and b.value > 1",
    "a.value < b.value < n",
    "not (n or a.value == 2)",
]


@pytest.mark.parametrize("condition", CONDITIONS)
def test_what_a_condition_may_not_have_reached_is_looked_up_again(condition: str) -> None:
    code = function(f"x = 1 if {condition} else 2", "return x * 100 + a.other + b.other", result="i64")
    for a, b, n in itertools.product((1, 2, 3), (1, 2, 3), (0, 2)):
        rows = {"a": _Row(a), "b": _Row(b), "n": n}
        expected = (1 if eval(condition, {}, rows) else 2) * 100 + 10 * (a - 1) + 10 * (b - 1)
        assert run(code.body, memory_of(), [a, b, n]) == expected


class _Row:
    def __init__(self, number: int) -> None:
        self.value = number


def test_a_loop_follows_each_index_anew() -> None:
    lines = (
        "total: i64 = 0",
        "e = a",
        "while e is not None:",
        "    total += e.value",
        "    e = e.next",
        "return total",
    )
    code = function(*lines, result="i64", decorator=rseq.routine)
    memory = memory_of()
    at, _ = memory.arrays[Entry]
    memory.store(at, Index(Entry), 3)
    memory.store(at + 2 * Entry.size, Index(Entry), 2)
    assert run(code.body, memory, [1, 0, 0]) == 1 + 3 + 2


@pytest.mark.parametrize("number", [0, 4, 5, (1 << 32) - 1])
def test_what_is_no_row_is_an_index_error(number: int) -> None:
    code = function("return a.value", result="i64")
    with pytest.raises(IndexError, match=r"a is no row of the array of Entry: it is None or out of range"):
        run(code.body, memory_of(), [number, 1, 0])


def test_the_interpreter_has_to_know_the_rows() -> None:
    code = function("return a.value", result="i64")
    with pytest.raises(TypeError, match=r"follows an index\[Entry\], and Memory.arrays has none"):
        run(code.body, Memory.of(Lane), [1, 1, 0])


def test_an_index_parameter_is_prepared_and_one_from_memory_is_committed() -> None:
    function("a.value = n", "a.next = cpu.first", "cpu.first = a")
    function("cpu.first.value = n")
    assert slugs("cpu.first.value = n", "cpu.count = n") == ["store-after-commit"]
    assert slugs("c = a", "if n:", "    c = cpu.first", "c.value = n", "cpu.count = n") == ["store-after-commit"]


def test_rows_of_one_type_may_be_the_same_row() -> None:
    may_alias = {"decorator": rseq.sequence(may_alias=True)}
    assert slugs("x = a.value", "b.value = n", "cpu.count = x", **may_alias) == ["may-overlap"]
    function("x = a.value", "b.value = n", "cpu.count = x")  # two parameters are two rows, or a ValueError
    assert slugs("x = cpu.first.value", "b.value = n", "cpu.count = x") == ["may-overlap"]
    function("x = a.other", "b.value = n", "cpu.count = x")
    pointer = "cpu: Lane, p: ptr[Entry], b: index[Entry], n: i64"
    lines = ["x = p.value", "b.value = n", "cpu.count = x"]
    assert slugs(*lines, parameters=pointer, **may_alias) == ["may-overlap"]
    function(*lines, parameters=pointer)


def test_an_index_is_no_number() -> None:
    assert slugs("cpu.count = i64(a)") == ["types-differ"]
    assert slugs("cpu.count = a + 1") == ["types-differ"]
    assert slugs("cpu.first = n") == ["types-differ"]
    assert slugs("cpu.first = 1") == ["types-differ"]
    assert slugs("cpu.byte = a") == ["types-differ"]
    assert slugs("if a < b:", "    cpu.count = 1") == ["types-differ"]
    assert slugs("cpu.first.nothing = 1") == ["no-such-field"]


def test_hidden_parameters_are_seen_in_pseudo_code_and_not_by_callers() -> None:
    code = function("cpu.count = a.value + i64(cpu.byte.value)", parameters="cpu: Lane, a: index[Entry]")
    assert [str(value) for value in code.body.given] == ["a"]
    assert [str(value) for value in code.body.parameters] == [
        "a",
        "Entry.rows",
        "Entry.length",
        "Byte.rows",
        "Byte.length",
    ]


def test_two_records_of_one_name_have_arrays_of_their_own() -> None:
    def record() -> Any:
        class Entry(rseq.Record):
            value: i64

        return Entry

    one, two = record(), record()
    text = "def f(cpu: Lane, a: index[One], b: index[Two]) -> i64:\n    return a.value + b.value\n"
    code = compiled(text, **NAMES, One=one, Two=two)
    assert [str(value) for value in code.body.parameters[2:]] == [
        "Entry.rows",
        "Entry.length",
        "Entry'.rows",
        "Entry'.length",
    ]


def test_a_loop_does_not_use_what_was_found_before_it() -> None:
    lines = ("total = a.value", "e = a", "total += e.other", "while e is not None:", "    total += e.value")
    code = function(*lines, "    e = e.next", "return total", result="i64", decorator=rseq.routine)
    memory = memory_of()
    at, _ = memory.arrays[Entry]
    memory.store(at, Index(Entry), 3)
    assert run(code.body, memory, [1, 0, 0]) == 1 + 0 + 1 + 3
