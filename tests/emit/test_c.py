"""The text of a header: names, types, notes for the reader, and what is refused."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import rseq
from budgets import hungry, largest, widest
from compilers import compile_with, write
from rseq import _arch as arch
from rseq import f32, f64, i64, prepared, ptr, u8
from rseq._arch.base import RegisterError
from rseq._cli import main
from rseq._emit import c_header, default_prefix
from rseq._emit.names import snake, unique
from rseq._language import ir
from rseq._language.types import SCALARS
from rseq._structures.cell_code import adder

HOST = arch.host()


class Items(rseq.Record):
    count: i64
    slots: prepared[i64[64]]


@rseq.sequence
def push(cpu: Items, value: i64 = 7) -> bool:
    n = cpu.count
    if n == 64:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True


@rseq.sequence
def pop(cpu: Items) -> i64 | None:
    n = cpu.count
    if n == 0:
        return None
    value = cpu.slots[n - 1]
    cpu.count = n - 1
    return value


@rseq.routine
def refill(cpu: Items, n: i64) -> None:
    i = 0
    while i < n:
        push(cpu, i)
        i += 1


@rseq.routine
def idle(cpu: Items) -> None:
    pass


def declared(text: str) -> list[str]:
    """The names of functions and structs, in order."""
    return re.findall(r"^(?:static inline int|struct) (\w+)(?=\(| \{)", text, re.MULTILINE)


def emitted(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["emit", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def refusal(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["emit", *arguments])
    assert result.exit_code == 1, result.output
    return result.output


def test_a_header_repeats_the_pseudo_code_and_guards_itself() -> None:
    text = push.emit()
    assert " * push(cpu: Items, value: i64) -> bool:\n" in text
    assert text.count("#ifndef TEST_C_PUSH_H\n") == 1
    assert "RSEQ_STATIC_ASSERT(offsetof(struct test_c_items, slots) == 8" in text
    assert "int64_t value /* 7, if it is left out in Python */" in text
    assert "RSEQ_NONE" not in text.split("struct test_c_items {")[1]
    assert "RSEQ_NONE" in pop.emit().split("struct test_c_items {")[1]


@pytest.mark.parametrize(("inclusive", "comparison"), [(False, ">="), (True, ">")])
def test_a_length_that_is_a_parameter_is_compared_before_the_section(inclusive: bool, comparison: str) -> None:
    class Byte(rseq.Record):
        value: u8

    @rseq.sequence
    def set_byte(cpu: Byte, data: bytes, i: i64) -> None:
        cpu.value = data[i]

    (check,) = (op for op in set_byte.body.ops if isinstance(op, ir.Check))
    body = replace(set_byte.body, checks=(replace(check, inclusive=inclusive),))
    text = rseq.Sequence(set_byte.function, body).emit(prefix="shop")
    assert f"    if ((uint64_t)(int64_t)i {comparison} data_length)\n        return RSEQ_INDEX;\n" in text


@pytest.mark.parametrize("name", arch.names())
def test_the_compiler_is_told_that_memory_changes(name: str) -> None:
    text = hungry(1, kind="i32").emit(name, prefix="shop")
    clobbers = ", ".join(f'"{one}"' for one in arch.get(name).c_clobbers)
    assert text.count("__asm__ __volatile__ (") == text.count(f": {clobbers});") == 1
    assert '"memory"' in clobbers


# Names


def test_names_begin_with_the_module_and_the_structure(tmp_path: Path) -> None:
    assert declared(emitted("rseq:Counter")) == ["rseq_lanes", "rseq_counter_cell", "rseq_counter_add"]
    assert declared(emitted("rseq:FloatCounter"))[1:] == ["rseq_float_counter_cell", "rseq_float_counter_add"]
    assert declared(emitted("rseq:CounterArray.add"))[1:] == ["rseq_counter_array_cell", "rseq_counter_array_add"]
    assert declared(push.emit())[1:] == ["test_c_items", "test_c_push"]
    assert declared(push.emit(prefix="shop"))[1:] == ["shop_items", "shop_push"]
    assert declared(emitted("rseq:Counter", "--prefix", "hits"))[1:] == ["hits_cell", "hits_add"]


def test_a_program_goes_by_the_name_of_its_file() -> None:
    assert default_prefix("__main__", "/home/me/shop.py") == "shop"
    assert default_prefix("__main__", "<stdin>") == "main"
    assert default_prefix("shop.stock", "", "Shelf", "Row") == "stock_shelf_row"
    assert default_prefix("2nd-shop", "") == "x2nd_shop"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("FloatCounter", "float_counter"),
        ("HTTPServer", "http_server"),
        ("Cell", "cell"),
        ("already_so", "already_so"),
        ("my-shop", "my_shop"),
        ("_Private", "private"),
    ],
)
def test_python_names_become_names_with_underscores(name: str, expected: str) -> None:
    assert snake(name) == expected


def test_names_that_c_knows_already_are_changed_and_stay_apart() -> None:
    taken = {"lanes"}
    names = ["class", "class_", "int", "new", "lanes", "linux", "größe", "__FILE__", "_A", "value", "uint64_t"]
    found = [unique(name, taken) for name in names]
    assert found == [
        "class_",
        "class__",
        "int_",
        "new_",
        "lanes_",
        "linux_",
        "gru00f6u00dfe",
        "x__FILE__",
        "x_A",
        "value",
        "uint64_t_",
    ]


class Keywords(rseq.Record):
    int: i64
    class_: i64
    linux: prepared[i64[2]]
    errno: f32
    größe: u8  # noqa: PLC2401
    namespace: ptr[i64]


setattr(Keywords, "__name__", "long")  # noqa: B010


@rseq.sequence
def new(cpu: Keywords, lanes: i64, result: u8, status: f64, tries: i64, temporary1: f32 = 0.5) -> f64:
    cpu.linux[lanes & 1] = tries
    cpu.int = i64(result)
    return status * f64(temporary1)


@rseq.sequence
def delete(cpu: Keywords, held: i64, template: i64, int: i64 = 1, uint64_t: i64 = -3) -> None:  # noqa: A002
    cpu.int = held + template + int + uint64_t


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("language", ["c", "c++"])
@pytest.mark.parametrize("age", ["gnu", "oldest", "newest"])
def test_names_that_are_keywords_compile_in_both_languages(
    tmp_path: Path, compiler: str, language: str, age: str
) -> None:
    standards = {"gnu": "gnu11 gnu++17", "oldest": "c11 c++11", "newest": "c2x c++2b"}
    standard = f"-std={standards[age].split()[language == 'c++']}"
    included = ("<errno.h>", "<stdio.h>", "<sys/rseq.h>", '"new.h"', '"delete.h"')
    unit = "".join(f"#include {name}\n" for name in included) + "int first;\n"
    write(tmp_path, new__h=new.emit("all", prefix="union"), delete__h=delete.emit("all", prefix="union"), unit__c=unit)
    compile_with(compiler, language, [standard, "-c", "-x", language, "unit.c", "-o", "unit.o"], tmp_path)


# Several headers in one unit


def test_headers_with_different_records_of_one_name_do_not_meet_unnoticed(tmp_path: Path) -> None:
    integers, floats = (adder(SCALARS[name]).emit(prefix="cell") for name in ("i64", "f64"))
    write(tmp_path, one__h=integers, two__h=floats.replace("_ADD_H", "_OTHER_H"))
    write(tmp_path, unit__c='#include "one.h"\n#include "two.h"\n')
    with pytest.raises(AssertionError, match="two headers mean different records by struct cell_cell"):
        compile_with("gcc", "c", ["-c", "unit.c"], tmp_path)
    write(tmp_path, unit__c='#include "one.h"\n#include "one.h"\nint first;\n')
    compile_with("gcc", "c", ["-c", "unit.c"], tmp_path)


def test_headers_of_different_versions_refuse_each_other(tmp_path: Path) -> None:
    text = push.emit()
    write(tmp_path, one__h=text, two__h=pop.emit().replace("RSEQ_EMITTED 1", "RSEQ_EMITTED 2").replace("!= 1", "!= 2"))
    write(tmp_path, unit__c='#include "one.h"\n#include "two.h"\n')
    with pytest.raises(AssertionError, match="make them again with one version"):
        compile_with("gcc", "c", ["-c", "unit.c"], tmp_path)


def test_a_layout_that_the_compiler_does_not_share_is_refused(tmp_path: Path) -> None:
    text = push.emit()
    assert "== 8," in text
    write(tmp_path, push__h=text.replace("== 8,", "== 16,"), unit__c='#include "push.h"\n')
    with pytest.raises(AssertionError, match="slots is not where rseq has it"):
        compile_with("gcc", "c", ["-c", "unit.c"], tmp_path)


# Structures


class Stack:
    """A structure of the user's: two sequences, and a routine that calls one of them."""

    @classmethod
    def _sequences(cls) -> dict[str, Any]:
        return {"take": pop, "refill": refill}


def test_a_structure_gives_one_header_with_all_its_sequences_and_those_of_its_routines() -> None:
    assert HOST is not None
    text = c_header(Stack._sequences(), [HOST], "shop_stack")
    assert declared(text) == ["rseq_lanes", "shop_stack_items", "shop_stack_take", "shop_stack_push"]
    assert text.count("#define SHOP_STACK_H\n") == 1


def test_the_command_writes_all_sequences_of_a_structure(tmp_path: Path) -> None:
    program = tmp_path / "shop.py"
    program.write_text(
        """
import rseq
from rseq import i64

class Pair(rseq.Record):
    one: i64
    other: i64

@rseq.sequence
def add_one(cpu: Pair, n: i64) -> None:
    cpu.one += n

@rseq.sequence
def add_other(cpu: Pair, n: i64) -> None:
    cpu.other += n

class Twins:
    @classmethod
    def _sequences(cls):
        return {"first": add_one, "second": add_other}
"""
    )
    out = tmp_path / "twins.h"
    assert emitted(f"{program}:Twins", "-o", str(out), "--arch", "all") == ""
    assert declared(out.read_text())[1:] == ["shop_twins_pair", "shop_twins_first", "shop_twins_second"]
    write(tmp_path, unit__c='#include "twins.h"\nint first;\n')
    compile_with("gcc", "c", ["-c", "unit.c"], tmp_path)
    assert declared(emitted(f"{program}:add_one"))[1:] == ["shop_pair", "shop_add_one"]


# Long ones


def test_a_section_longer_than_a_string_may_be_compiles_pedantically(tmp_path: Path) -> None:
    @rseq.sequence
    def long(cpu: Items, value: i64) -> None:
        for i in range(64):
            cpu.slots[i] = value * 3 + i
        cpu.count = 64

    text = long.emit(prefix="shop")
    assert text.count("#pragma GCC diagnostic push") == text.count("#pragma GCC diagnostic pop") == 1
    assert "#pragma" not in push.emit()
    write(tmp_path, long__h=text, unit__c='#include "long.h"\nint first;\n')
    for compiler in ("gcc", "clang"):
        compile_with(compiler, "c", ["-c", "unit.c"], tmp_path)
    write(tmp_path, long__h=re.sub("#pragma.*", "", text))
    with pytest.raises(AssertionError, match="overlength-strings"):
        compile_with("clang", "c", ["-c", "unit.c"], tmp_path)


# What is refused


def test_what_cannot_be_emitted_says_why() -> None:
    with pytest.raises(ValueError, match=r"^a sequence is emitted as language 'c'; got 'cobol'$"):
        push.emit(language="cobol")
    with pytest.raises(ValueError, match=r"^no architecture is called 'vax'; there are: "):
        push.emit("vax")
    with pytest.raises(ValueError, match=r"^a prefix is what C names begin with, such as shop; got '2b'$"):
        push.emit(prefix="2b")
    with pytest.raises(ValueError, match=r"^expected at least one architecture to write a header for$"):
        c_header({"push": push}, [], "shop")
    with pytest.raises(
        ValueError, match=r"^expected at least one sequence to write a header of; .*calls none\. A routine becomes"
    ):
        c_header({"idle": idle}, [arch.get(name) for name in arch.names()], "shop")


@pytest.mark.parametrize("name", arch.names())
def test_a_sequence_that_needs_too_many_registers_is_said_by_name(name: str) -> None:
    architecture = arch.get(name)
    kind = widest(architecture)
    too_hungry = hungry(largest(architecture, kind=kind) + 1, kind=kind)
    with pytest.raises(RegisterError, match=rf"f\(\) needs \d+ int registers on {name}, where a critical section may"):
        too_hungry.emit(name)


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    assert "no architecture is called 'vax'" in refusal("rseq:Counter", "--arch", "vax")
    assert "a prefix is what C names begin with" in refusal("rseq:Counter", "--prefix", "a b")
    out = tmp_path / "kept.h"
    out.write_text("kept")
    assert "rseq has no Nothing" in refusal("rseq:Nothing", "-o", str(out))
    assert out.read_text() == "kept"


class Pair(rseq.Record):
    a: i64
    b: i64


@rseq.sequence
def difference(cpu: Items, one: rseq.ptr[Pair], other: rseq.ptr[Pair]) -> None:
    one.a = other.a - other.b
    cpu.count = 1


def test_the_header_refuses_one_row_for_two() -> None:
    assert "    if (one && one == other)\n        return RSEQ_SAME;\n" in difference.emit("all")
    assert "return RSEQ_SAME" not in push.emit("all")


def test_an_architecture_that_cannot_hold_the_sequence_is_skipped_beside_others() -> None:
    sentence = "push() cannot be made for armv7l: value is an i64, and registers have 32 bits there; use i32 or u32"
    text = push.emit("armv7l", "x86_64", prefix="shop")
    assert f" * skipped: {sentence}\n" in text
    assert f'#error "{sentence}"\n' in text
    with pytest.raises(RegisterError) as refused:
        push.emit("armv7l", prefix="shop")
    assert refused.value.diagnostics[0].message == sentence
