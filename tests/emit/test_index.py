"""Rows that are found by their number, in C: the caller says where their array is, and no other memory is touched."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import rseq
from examples import mark, pop_entry, push_entry

PROGRAM = """
#include "mark.h"
#include "pop_entry.h"
#include "push_entry.h"
#include <stdio.h>

enum {{ CPUS = {cpus} }};
static char lists[CPUS][4096] __attribute__((aligned(4096)));
static char chosen[CPUS][4096] __attribute__((aligned(4096)));
static struct examples_entry entries[3];
static struct examples_small smalls[2];

int main(void)
{{
    struct rseq_lanes list = {{lists, 4096, CPUS}}, choice = {{chosen, 4096, CPUS}};
    uint32_t first = 77;
    uint8_t low = 77;
    int status;
    do {{  /* until both ran on one CPU */
        push_entry_or_stop
        status = examples_pop_entry(&list, entries, 3, &first);
    }} while (status == RSEQ_NONE);
    printf("%d %u %ld ", status, first, (long)entries[2].value);
    printf("%d ", examples_push_entry(&list, 4, 1, entries, 3));
    printf("%d ", examples_push_entry(&list, 0, 1, entries, 3));
    for (int i = 0; i < CPUS; i++)
        ((struct examples_chosen *)chosen[i])->small = 2;
    smalls[1].low = 9;
    printf("%d ", examples_mark(&choice, smalls, 1, &low));
    status = examples_mark(&choice, smalls, 2, &low);
    printf("%d %d %d\\n", status, smalls[1].marked, smalls[0].marked);
    return low == 9 ? 0 : 1;
}}
"""


@pytest.mark.needs_rseq
@pytest.mark.parametrize(("compiler", "suffix"), [(["gcc", "-std=c11"], "c"), (["g++", "-std=c++11"], "cc")])
def test_a_program_finds_rows_by_their_number(tmp_path: Path, compiler: list[str], suffix: str) -> None:
    if shutil.which(compiler[0]) is None:
        pytest.skip(f"there is no {compiler[0]}")
    for sequence in (push_entry, pop_entry, mark):
        (tmp_path / f"{sequence.__name__}.h").write_text(sequence.emit())
    push = "if (examples_push_entry(&list, 3, 5, entries, 3) != RSEQ_DONE) return 2;"
    text = PROGRAM.format(cpus=rseq.info().possible_cpus).replace("push_entry_or_stop", push)
    (tmp_path / f"program.{suffix}").write_text(text)
    options = ["-O2", "-Wall", "-Wextra", "-Werror", f"program.{suffix}", "-o", "program"]
    done = subprocess.run([*compiler, *options], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    ran = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "0 3 5 -2 -2 -2 0 1 0\n")


def test_the_header_says_what_the_array_is() -> None:
    text = push_entry.emit()
    assert "struct examples_entry *Entry_rows /* an index counts its rows from 1; 0 is none */" in text
    assert "uint64_t Entry_length)" in text
    assert "uint32_t entry," in text
