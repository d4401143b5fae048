"""What an emitted function returns, for each kind of result: what the page says is what C programs get."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import rseq
from compilers import compile_with, output_of, write
from rseq import f64, i64, index, ptr
from rseq._language.compiled import Compiled

PAGE = Path(__file__).parents[2] / "docs" / "emit.md"


class Node(rseq.Record):
    value: i64


class Found(rseq.Record):
    number: i64
    real: f64
    flag: bool
    row: ptr[Node]
    place: index[Node]


@rseq.sequence
def nothing(cpu: Found) -> None:
    cpu.number += 0


@rseq.sequence
def number(cpu: Found) -> i64:
    return cpu.number


@rseq.sequence
def number_or_none(cpu: Found) -> i64 | None:
    found = cpu.number
    if found == 0:
        return None
    return found


@rseq.sequence
def real(cpu: Found) -> f64:
    return cpu.real


@rseq.sequence
def real_or_none(cpu: Found) -> f64 | None:
    found = cpu.real
    if found == 0.0:
        return None
    return found


@rseq.sequence
def flag(cpu: Found) -> bool:
    return cpu.flag


@rseq.sequence
def flag_or_none(cpu: Found) -> bool | None:
    if not cpu.flag:
        return None
    return True


@rseq.sequence
def row(cpu: Found) -> ptr[Node]:
    return cpu.row


@rseq.sequence
def row_or_none(cpu: Found) -> ptr[Node] | None:
    found = cpu.row
    if found is None:
        return None
    return found


@rseq.sequence
def place(cpu: Found) -> index[Node]:
    return cpu.place


@rseq.sequence
def place_or_none(cpu: Found) -> index[Node] | None:
    found = cpu.place
    if found is None:
        return None
    return found


@rseq.sequence
def swap_row(cpu: Found, new: ptr[Node]) -> ptr[Node] | None:
    """A row comes out where one goes in: None may be returned after the commit."""
    old = cpu.row
    cpu.row = new
    return old


@rseq.sequence
def pair(cpu: Found) -> tuple[i64, f64]:
    return cpu.number, cpu.real


@rseq.sequence
def pair_or_none(cpu: Found) -> tuple[i64, bool] | None:
    found = cpu.number
    if found == 0:
        return None
    return found, cpu.flag


NUMBERS: dict[Compiled, str] = {number: "int64_t", real: "double", flag: "bool"}
OR_NONE: dict[Compiled, str] = {number_or_none: "int64_t", real_or_none: "double", flag_or_none: "bool"}
ROWS: dict[Compiled, str] = {row: "struct shop_node *", row_or_none: "struct shop_node *"}
PLACES: dict[Compiled, str] = {place: "uint32_t", place_or_none: "uint32_t"}
RESULTS = NUMBERS | OR_NONE | ROWS | PLACES

PROGRAM = """
{includes}
#include <stdio.h>
#include <string.h>
enum {{ CPUS = {cpus} }};
static char memory[CPUS][4096] __attribute__((aligned(4096)));
static struct rseq_lanes lanes = {{memory, 4096, CPUS}};
static struct shop_node node;

/* A result, with what its bytes were before: 'set' or 'left'. */
#define TRY(type, name) do {{ \\
    type result, before; \\
    memset(&before, 1, sizeof before); \\
    memcpy(&result, &before, sizeof before); \\
    int status = shop_##name(&lanes, &result); \\
    printf(#name " %d %s\\n", status, memcmp(&result, &before, sizeof before) ? "set" : "left"); }} while (0)

static void all(void)
{{
    int64_t first = 1, second = 1;
    double real = 1.0;
    bool yes = false;
    printf("nothing %d\\n", shop_nothing(&lanes));
    printf("pair %d", shop_pair(&lanes, &first, &real));
    printf(" %d %d\\n", (int)first, (int)(real * 10));
    printf("pair_or_none %d", shop_pair_or_none(&lanes, &second, &yes));
    printf(" %d %d\\n", (int)second, yes);
{tries}
}}

int main(void)
{{
    struct shop_node *old = &node;
    all();
    for (int i = 0; i < CPUS; i++) {{
        struct shop_found *found = (struct shop_found *)(void *)memory[i];
        found->number = 5;
        found->real = 0.5;
        found->flag = true;
        found->row = &node;
        found->place = 7;
    }}
    all();
    for (int i = 0; i < CPUS; i++)
        ((struct shop_found *)(void *)memory[i])->row = NULL;
    printf("%d ", shop_swap_row(&lanes, &node, &old) == RSEQ_NONE && old == &node);
    int swapped = 0;
    for (int i = 0; i < CPUS; i++)
        swapped += ((struct shop_found *)(void *)memory[i])->row == &node;
    printf("%d\\n", swapped);
    return 0;
}}
"""


def program_in(folder: Path) -> Path:
    codes = [nothing, swap_row, pair, pair_or_none, *RESULTS]
    headers: dict[str, Any] = {f"{code.__name__}__h": code.emit(prefix="shop") for code in codes}
    includes = "\n".join(f'#include "{code.__name__}.h"' for code in codes)
    tries = "\n".join(f"    TRY({type}, {code.__name__});" for code, type in RESULTS.items())
    text = PROGRAM.format(includes=includes, tries=tries, cpus=rseq.info().possible_cpus)
    write(folder, program__c=text, **headers)
    compile_with("gcc", "c", ["-O2", "program.c", "-o", "program"], folder)
    return folder / "program"


@pytest.mark.needs_rseq
def test_a_result_that_is_none_is_said_and_leaves_the_callers_variable(tmp_path: Path) -> None:
    *lines, swapped = output_of(program_in(tmp_path)).splitlines()
    empty, full = lines[: len(lines) // 2], lines[len(lines) // 2 :]
    numbers = {code.__name__: "0 set" for code in NUMBERS}  # 0, 0.0 and False are results as others are
    nones = {code.__name__: "1 left" for code in OR_NONE | ROWS | PLACES}
    pairs = {"pair": "0 0 0", "pair_or_none": "1 1 0"}
    assert dict(line.split(" ", 1) for line in empty) == {"nothing": "0"} | pairs | numbers | nones
    done = {code.__name__: "0 set" for code in RESULTS if code not in (flag, flag_or_none)}
    got = dict(line.split(" ", 1) for line in full)
    assert got.pop("flag").startswith("0 ")  # True may be what the memory held before
    assert got.pop("flag_or_none").startswith("0 ")
    assert got == {"nothing": "0"} | {"pair": "0 5 5", "pair_or_none": "0 5 1"} | done
    assert swapped == "1 1"  # None, with the commit made, on one CPU


def test_the_page_names_each_status_with_its_number() -> None:
    listed = dict(re.findall(r"^\| `(RSEQ_\w+)` \((-?\d+)\) \|", PAGE.read_text(), re.MULTILINE))
    assert listed == dict(re.findall(r"^    (RSEQ_\w+) = (-?\d+)", number.emit(), re.MULTILINE))


def test_only_what_may_be_none_returns_that() -> None:
    saying = {code for code in [nothing, *RESULTS] if "return RSEQ_NONE" in code.emit() or "? RSEQ_NONE" in code.emit()}
    assert saying == set(OR_NONE | ROWS | PLACES)
