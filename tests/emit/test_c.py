"""A sequence as a C header: compiled by GCC and by Clang, as C11 and as C++, linked twice, run in threads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import rseq
from rseq import f64, i32, i64, prepared, u8
from rseq.cli import main
from rseq.language.types import SCALARS
from rseq.structures.cell import adder


class Items(rseq.Record):
    count: i64
    slots: prepared[i64[64]]


@rseq.sequence
def push(cpu: Items, value: i64) -> bool:
    n = cpu.count
    if n == 64:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True


@rseq.sequence
def place(cpu: Items, at: u8, value: i32) -> i32:
    cpu.slots[at] = i64(value) << i64(at)
    cpu.count = i64(at)
    return value // 7


class Mean(rseq.Record):
    total: f64


@rseq.sequence
def observe(cpu: Mean, x: f64) -> f64:
    total = cpu.total + x
    cpu.total = total
    return total


PROGRAM = """
#include "add.h"
#include "observe.h"
#include "place.h"
#include "push.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {{ THREADS = 4, ADDS = 2000000, CPUS = {cpus} }};
static char counters[CPUS + 1][4096] __attribute__((aligned(4096)));
static char stacks[CPUS + 1][4096] __attribute__((aligned(4096)));
static char means[CPUS + 1][4096] __attribute__((aligned(4096)));
static struct rseq_lanes counter = {{counters, 4096, CPUS}}, stack = {{stacks, 4096, CPUS}};
static struct rseq_lanes mean = {{means, 4096, CPUS}};

#ifdef __cplusplus
int elsewhere(const struct rseq_lanes *lanes);
#else
static int elsewhere(const struct rseq_lanes *lanes) {{ return Cell_add(lanes, 2); }}
#endif

static void *work(void *unused)
{{
    (void)unused;
    for (int i = 0; i < ADDS; i++)
        if (Cell_add(&counter, 1) != RSEQ_DONE)
            abort();
    return 0;
}}

int main(void)
{{
    pthread_t threads[THREADS];
    int64_t total = 0, pushed = 0;
    int32_t seventh = 0;
    double sum = 0, last;
    bool went;
    struct rseq_lanes none = counter;
    none.count = 0;
    printf("%d ", Cell_add(&none, 1));
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], 0, work, 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], 0);
    if (elsewhere(&counter) != RSEQ_DONE)
        abort();
    for (int i = 0; i < 100 * CPUS; i++)
        if (Items_push(&stack, i, &went) == RSEQ_DONE)
            pushed += went;
    for (int i = 0; i < 10; i++)
        Mean_observe(&mean, 0.5, &last);
    for (int i = 0; i < CPUS; i++) {{
        total += ((struct Cell *)counters[i])->value;
        pushed -= ((struct Items *)stacks[i])->count;
        sum += ((struct Mean *)means[i])->total;
    }}
    printf("%ld %ld %g ", (long)total, (long)pushed, sum);
    printf("%d %d ", Items_place(&stack, 64, 1, &seventh), Items_place(&stack, 63, -8, &seventh));
    printf("%d\\n", seventh);
    return 0;
}}
"""

ELSEWHERE = """
#include "add.h"
int elsewhere(const struct rseq_lanes *lanes);
int elsewhere(const struct rseq_lanes *lanes) { return Cell_add(lanes, 2); }
"""

ANSWER = "-1 8000002 0 5 -2 0 -2\n"

GCC = ["gcc"]
GXX = ["g++", "-std=c++11"]
CLANG = [sys.executable, "-m", "ziglang", "cc", "-std=c11"]
CLANGXX = [sys.executable, "-m", "ziglang", "c++", "-std=c++11"]
PIE = ["-pie", "-fPIE", "-Wl,-z,text"]  # an error if the code needed a relocation


@pytest.fixture
def headers(tmp_path: Path) -> Path:
    for sequence in (push, place, observe, adder(SCALARS["i64"])):
        (tmp_path / f"{sequence.__name__}.h").write_text(sequence.emit())
    cpus = rseq.info().possible_cpus
    (tmp_path / "program.c").write_text(PROGRAM.format(cpus=cpus))
    (tmp_path / "program.cc").write_text(PROGRAM.format(cpus=cpus))
    (tmp_path / "elsewhere.cc").write_text(ELSEWHERE)
    return tmp_path


def compiled(folder: Path, compiler: list[str], *sources: str) -> Path:
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"there is no {compiler[0]}")
    if "ziglang" in compiler:
        pytest.importorskip("ziglang")
    program = folder / "program"
    command = [*compiler, "-O2", "-Wall", "-Wextra", "-Werror", *sources, "-o", str(program), "-pthread"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return program


@pytest.mark.needs_rseq
@pytest.mark.parametrize("compiler", [[*GCC, "-std=c11"], [*GCC, "-std=c11", *PIE], CLANG], ids=["gcc", "pie", "clang"])
def test_a_c_program_counts_exactly(headers: Path, compiler: list[str]) -> None:
    program = compiled(headers, compiler, "program.c")
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == ANSWER


@pytest.mark.needs_rseq
@pytest.mark.parametrize(
    "compiler",
    [
        pytest.param(GXX, id="g++"),
        pytest.param([*GXX, "-ffunction-sections", *PIE], id="pie"),
        pytest.param(CLANGXX, id="clang++", marks=pytest.mark.slow),  # zig builds its libc++ first
    ],
)
def test_two_cpp_units_may_include_one_header(headers: Path, compiler: list[str]) -> None:
    program = compiled(headers, compiler, "program.cc", "elsewhere.cc")
    assert subprocess.run([program], capture_output=True, text=True, check=True).stdout == ANSWER


def test_a_thread_that_is_not_registered_is_told_so(headers: Path) -> None:
    program = compiled(headers, [*GCC, "-std=c11"], "program.c")
    done = subprocess.run(
        [program],
        env={**os.environ, "GLIBC_TUNABLES": "glibc.pthread.rseq=0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0  # it aborts itself at the first RSEQ_NO_LANE in a thread


def test_a_header_repeats_the_pseudo_code_and_guards_itself() -> None:
    text = push.emit()
    assert " *     push(cpu: Items, value: i64) -> bool:\n" in text
    assert text.count("#ifndef RSEQ_ITEMS_PUSH_H") == 1
    assert "_Static_assert" in text
    assert "offsetof(struct Items, slots) == 8" in text


def test_what_cannot_be_emitted_says_why() -> None:
    with pytest.raises(ValueError, match=r"^a sequence is emitted as language 'c'; got 'cobol'$"):
        push.emit(language="cobol")
    with pytest.raises(ValueError, match=r"^no architecture is called 'vax'; there are: "):
        push.emit("vax")


def test_the_command_writes_a_header(tmp_path: Path) -> None:
    out = tmp_path / "add.h"
    result = CliRunner().invoke(main, ["emit", "rseq:Counter", "-o", str(out)])
    assert result.exit_code == 0, result.output
    assert "static inline int Cell_add(" in out.read_text()
    refused = CliRunner().invoke(main, ["emit", "rseq:Counter", "--arch", "vax"])
    assert refused.exit_code == 1
    assert "no architecture is called 'vax'" in refused.output
