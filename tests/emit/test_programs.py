"""Emitted headers in C programs with threads, on the kernel at hand: exact totals, however compiled and linked.

The program is C and C++ at once. Its second unit includes the same headers; as C++, both have an inline function that
uses them, of which the linker keeps one. What gets RSEQ_NO_LANE is counted elsewhere, so that nothing is lost without
rseq either.
"""

from __future__ import annotations

import platform
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

import rseq
from compilers import compile_with, output_of, write
from elf import Linked
from rseq import _arch as arch
from rseq import f32, f64, i32, i64, prepared, ptr, u8, u64
from rseq._language.types import SCALARS
from rseq._structures.cell_code import adder


class Node(rseq.Record):
    next: ptr[Node]  # type: ignore[name-defined]
    value: i64


class Items(rseq.Record):
    count: i64
    first: ptr[Node]
    slots: prepared[i64[64]]


class Mean(rseq.Record):
    total: f64
    latest: f32


@rseq.sequence(release=True)
def push(cpu: Items, value: i64) -> bool:
    n = cpu.count
    if n == 64:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True


@rseq.sequence(acquire=True)
def pop(cpu: Items) -> i64 | None:
    n = cpu.count
    if n == 0:
        return None
    value = cpu.slots[n - 1]
    cpu.count = n - 1
    return value


@rseq.sequence
def place(cpu: Items, at: u8, value: i32) -> i32:
    cpu.slots[at] = i64(value) << i64(at)
    cpu.count = i64(at)
    return value // 7


@rseq.sequence
def top(cpu: Items) -> i64:
    return cpu.slots[cpu.count]


@rseq.sequence
def push_node(cpu: Items, node: ptr[Node]) -> None:
    node.next = cpu.first
    cpu.first = node


@rseq.sequence
def pop_node(cpu: Items) -> ptr[Node]:
    first = cpu.first
    if first is None:
        return None
    cpu.first = first.next
    return first


@rseq.sequence
def observe(cpu: Mean, x: f64) -> f64:
    total = cpu.total + x
    cpu.total = total
    return total


@rseq.sequence
def replace(cpu: Mean, x: f32) -> f32:
    before = cpu.latest
    cpu.latest = x * f32(0.5)
    return before


class Line(rseq.Record):
    length: u64
    text: prepared[u8[40]]


@rseq.sequence
def set_line(cpu: Line, text: bytes) -> bool:
    if len(text) > 40:
        return False
    rseq.copy(cpu.text, text, len(text))
    cpu.length = len(text)
    return True


@rseq.sequence
def get_line(cpu: Line, out: bytearray) -> u64 | None:
    n = cpu.length
    if n == 0:
        return None
    rseq.copy(out, cpu.text, n)
    return n


SEQUENCES = (push, pop, place, top, push_node, pop_node, observe, replace, set_line, get_line)

SHARED = """
#include <sys/rseq.h>   /* which declares __rseq_offset, too */
#include "add.h"
#include "push.h"
#include "pop.h"
#include "place.h"
#include "top.h"
#include "push_node.h"
#include "pop_node.h"
#include "observe.h"
#include "replace.h"
#include "set_line.h"
#include "get_line.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
enum { CPUS = %d };
#define EXPECT(actual, wanted) do { \\
    long a_ = (long)(actual), w_ = (long)(wanted); \\
    if (a_ != w_) { printf("%%s: %%ld, not %%ld\\n", #actual, a_, w_); exit(1); } } while (0)
#ifdef __cplusplus
inline int twice(const struct rseq_lanes *lanes);
inline int twice(const struct rseq_lanes *lanes) { return rseq_counter_add(lanes, 2); }
extern "C" int elsewhere(const struct rseq_lanes *lanes);
#else
int elsewhere(const struct rseq_lanes *lanes);
static inline int twice(const struct rseq_lanes *lanes) { return rseq_counter_add(lanes, 2); }
#endif
"""

ELSEWHERE = """
#include "shared.h"
int elsewhere(const struct rseq_lanes *lanes) { return twice(lanes); }
"""

PROGRAM = """
#include "shared.h"
enum { THREADS = 4, TURNS = 300000 };
typedef char lane[4096];
static lane counters[CPUS + 1] __attribute__((aligned(4096)));
static lane stacks[CPUS + 1] __attribute__((aligned(4096)));
static lane means[CPUS + 1] __attribute__((aligned(4096)));
static struct rseq_lanes counter = {counters, 4096, CPUS}, stack = {stacks, 4096, CPUS}, mean = {means, 4096, CPUS};
static lane line_memory[CPUS + 1];
static struct rseq_lanes lines = {line_memory, 4096, CPUS};
static struct shop_node nodes[THREADS];
static int64_t counted_elsewhere, values_gone;
static int one;   /* what is returned wherever there is a lane */

/* Add, push and pop, always in turns; whoever has no lane counts apart. */
static void *work(void *argument)
{
    struct shop_node *own = (struct shop_node *)argument, *node;
    int64_t value;
    bool went;
    for (int i = 0; i < TURNS; i++) {
        if ((i & 1 ? rseq_counter_add(&counter, 1) : twice(&counter)) != RSEQ_DONE)
            __atomic_fetch_add(&counted_elsewhere, i & 1 ? 1 : 2, __ATOMIC_RELAXED);
        if (shop_push(&stack, i, &went) == RSEQ_DONE && went)
            __atomic_fetch_add(&values_gone, i, __ATOMIC_RELAXED);
        if (i %% 3 && shop_pop(&stack, &value) == RSEQ_DONE)
            __atomic_fetch_sub(&values_gone, value, __ATOMIC_RELAXED);
        if (own && shop_push_node(&stack, own) == RSEQ_DONE)
            own = 0;
        else if (!own && shop_pop_node(&stack, &node) == RSEQ_DONE)
            own = node;
    }
    return own;
}

static void in_threads(void)
{
    pthread_t threads[THREADS];
    int64_t total = 0, rows = 0;
    void *own;
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&threads[i], 0, work, &nodes[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        EXPECT(pthread_join(threads[i], &own), 0);
        rows += own != 0;
    }
    for (int i = 0; i < CPUS; i++) {
        struct shop_items *items = (struct shop_items *)(void *)stacks[i];
        total += ((struct rseq_counter_cell *)(void *)counters[i])->value;
        for (int64_t n = 0; n < items->count; n++)
            values_gone -= items->slots[n];
        for (struct shop_node *node = items->first; node && rows <= THREADS; node = node->next)
            rows++;
    }
    EXPECT(total + counted_elsewhere, THREADS * (TURNS + TURNS / 2));
    EXPECT(counted_elsewhere == 0, one == RSEQ_DONE);
    EXPECT(values_gone, 0);
    EXPECT(rows, THREADS);
}

static void one_thread(void)
{
    struct rseq_lanes none = counter;
    int32_t seventh = 0;
    double last = 0;
    float before = 0;
    int64_t value = 7;
    bool went = false;
    char out[40] = {0};
    uint64_t nbytes = 0;
    none.count = 0;
    EXPECT(rseq_counter_add(&none, 1), RSEQ_NO_LANE);
    EXPECT(rseq_counter_add(&counter, 0), one);
    EXPECT(shop_place(&stack, 64, 1, &seventh), RSEQ_INDEX);   /* looked at before the section */
    EXPECT(shop_place(&stack, 255, 1, &seventh), RSEQ_INDEX);
    EXPECT(shop_push_node(&stack, 0), RSEQ_NULL);
    EXPECT(shop_place(&stack, 63, -8, &seventh), one);
    EXPECT(elsewhere(&counter), one);
    if (one != RSEQ_DONE)
        return;
    EXPECT(seventh, -2);
    EXPECT(shop_observe(&mean, 0.5, &last), RSEQ_DONE);
    EXPECT(last == 0.5, 1);
    EXPECT(shop_replace(&mean, -3.0f, &before), RSEQ_DONE);
    EXPECT(before == 0, 1);
    for (int i = 0; i < CPUS; i++) {
        struct shop_items *items = (struct shop_items *)(void *)stacks[i];
        items->count = 0;
        items->first = 0;
    }
    EXPECT(shop_pop(&stack, &value), RSEQ_NONE);
    EXPECT(value, 7);
    for (int i = 0; i < CPUS; i++)
        ((struct shop_items *)(void *)stacks[i])->count = 64;
    EXPECT(shop_top(&stack, &value), RSEQ_INDEX);   /* looked at in the section */
    EXPECT(shop_push(&stack, 1, &went), RSEQ_DONE);
    EXPECT(went, false);
    for (int i = 0; i < CPUS; i++)
        memcpy(line_memory[i], "\\0\\0\\0\\0\\0\\0\\0\\0as it was", 17);
    EXPECT(shop_get_line(&lines, out, sizeof out, &nbytes), RSEQ_NONE);
    EXPECT(shop_set_line(&lines, "restartable", 11, &went), RSEQ_DONE);
    while (shop_get_line(&lines, out, sizeof out, &nbytes) == RSEQ_NONE)   /* moved to another CPU */
        EXPECT(shop_set_line(&lines, "restartable", 11, &went), RSEQ_DONE);
    EXPECT(nbytes, 11);
    EXPECT(memcmp(out, "restartable\\0", 12), 0);
    while (shop_get_line(&lines, out, 10, &nbytes) == RSEQ_NONE)
        EXPECT(shop_set_line(&lines, "restartable", 11, &went), RSEQ_DONE);
    EXPECT(shop_get_line(&lines, out, 0, &nbytes) == RSEQ_DONE, 0);   /* too small */
}

int main(int count, char **arguments)
{
    (void)arguments;
    one = count > 1 ? RSEQ_NO_LANE : RSEQ_DONE;
    in_threads();
    one_thread();
    printf("exact\\n");
    return 0;
}
"""

WAYS = [
    ("gcc", "c", ["-O2"]),
    ("gcc", "c", ["-O0", "-pie", "-fPIE", "-Wl,-z,text"]),
    ("gcc", "c", ["-O3", "-flto", "-ffunction-sections", "-Wl,--gc-sections"]),
    ("gcc", "c", ["-O2", "-static"]),
    ("gcc", "c++", ["-O0"]),
    ("gcc", "c++", ["-O2", "-ffunction-sections", "-Wl,--gc-sections", "-pie", "-fPIE", "-Wl,-z,text"]),
    ("gcc", "c++", ["-O3", "-flto", "-static-pie", "-fPIE"]),
    ("clang", "c", ["-O0"]),
    ("clang", "c", ["-O2", "-pie", "-fPIE"]),
    ("clang", "c", ["-O3", "-flto", "-ffunction-sections", "-Wl,--gc-sections"]),
    ("clang", "c++", ["-O2", "-ffunction-sections", "-Wl,--gc-sections"]),
]


def write_program(folder: Path) -> None:
    texts = {f"{code.__name__}__h": code.emit(prefix="shop") for code in SEQUENCES}
    texts["add__h"] = adder(SCALARS["i64"]).emit(prefix="rseq_counter")
    cpus = rseq.info().possible_cpus
    write(folder, **texts, shared__h=SHARED % cpus, program__c=PROGRAM.replace("%%", "%"), elsewhere__c=ELSEWHERE)


HOST: Any = arch.host()
UNREGISTERED = ("unregistered",)


def built(folder: Path, compiler: str, language: str, flags: list[str]) -> Path:
    write_program(folder)
    as_language = ["-x", language, "program.c", "elsewhere.c", "-x", "none"]
    compile_with(compiler, language, [*flags, *as_language, "-o", "program", "-pthread"], folder)
    return folder / "program"


@pytest.mark.one_in(2)
@pytest.mark.needs_rseq
@pytest.mark.parametrize(
    ("compiler", "language", "flags"),
    [
        # zig builds a libc before the first program, and its libc++ before the first in C++
        pytest.param(*way, id=" ".join([*way[:2], *way[2]]), marks=[pytest.mark.slow] * (way[0] == "clang"))
        for way in WAYS
    ],
)
def test_a_program_with_threads_counts_exactly(tmp_path: Path, compiler: str, language: str, flags: list[str]) -> None:
    program = built(tmp_path, compiler, language, flags)
    assert output_of(program) == "exact\n"
    if "-pie" in flags:
        assert list(Linked(program).problems(HOST)) == []


@pytest.mark.needs_rseq
def test_a_program_with_its_sections_in_a_library_counts_exactly(tmp_path: Path) -> None:
    write_program(tmp_path)
    compile_with("gcc", "c", ["-O2", "-fPIC", "-shared", "-Wl,-z,text", "elsewhere.c", "-o", "libelse.so"], tmp_path)
    compile_with("gcc", "c", ["-O2", "program.c", "./libelse.so", "-o", "program", "-pthread"], tmp_path)
    assert subprocess.run([tmp_path / "program"], cwd=tmp_path, capture_output=True, check=True).stdout == b"exact\n"


def test_threads_that_libc_does_not_register_are_told_so_and_nothing_is_lost(tmp_path: Path) -> None:
    program = built(tmp_path, "gcc", "c", ["-O2"])
    assert output_of(program, *UNREGISTERED, env={"GLIBC_TUNABLES": "glibc.pthread.rseq=0"}) == "exact\n"


@pytest.mark.slow  # zig builds musl first
def test_a_libc_that_knows_nothing_of_rseq_registers_no_threads(tmp_path: Path) -> None:
    write_program(tmp_path)
    write(tmp_path, shared__h=(tmp_path / "shared.h").read_text().replace("#include <sys/rseq.h>", ""))
    target = f"{platform.machine()}-linux-musl"
    arguments = ["-target", target, "-static", "-O2", "program.c", "elsewhere.c", "-o", "program", "-pthread"]
    compile_with("clang", "c", arguments, tmp_path)
    assert output_of(tmp_path / "program", *UNREGISTERED) == "exact\n"


INTERRUPTED = """
#include "grow.h"
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
enum { CPUS = %d, SIGNALS = 300 };
static char lanes_memory[CPUS][4096] __attribute__((aligned(4096)));
static struct rseq_lanes lanes = {lanes_memory, 4096, CPUS};
static volatile int64_t handled, refused;

static void handler(int number)
{
    (void)number;
    refused += shop_grow(&lanes) != RSEQ_DONE;
    handled++;
}

int main(void)
{
    struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
    int64_t done = 0, total = 0;
    signal(SIGALRM, handler);
    setitimer(ITIMER_REAL, &often, 0);
    while (handled < SIGNALS) {
        int status = shop_grow(&lanes);
        done += status == RSEQ_DONE;
        refused += status != RSEQ_DONE;
    }
    setitimer(ITIMER_REAL, &never, 0);
    for (int i = 0; i < CPUS; i++)
        total += ((struct shop_sum *)(void *)lanes_memory[i])->total;
    puts(total == done + handled && !refused ? "exact" : "lost");
    return 0;
}
"""


class Sum(rseq.Record):
    total: i64
    noise: prepared[i64]


@rseq.sequence
def grow(cpu: Sum) -> None:
    total = cpu.total
    noise = total
    for _ in range(60):  # so that most interruptions come in the middle
        noise = noise * 3 + 1
    cpu.noise = noise
    cpu.total = total + 1


def interrupted(folder: Path, header: str, *flags: str) -> str:
    write(folder, grow__h=header, interrupted__c="#define _GNU_SOURCE\n" + INTERRUPTED % rseq.info().possible_cpus)
    compile_with("gcc", "c", [*flags, "interrupted.c", "-o", "interrupted"], folder)
    return output_of(folder / "interrupted")


@pytest.mark.needs_rseq
@pytest.mark.parametrize("flags", [("-O0",), ("-O2",), ("-O3", "-flto", "-static")], ids=" ".join)
def test_what_a_signal_interrupts_begins_again(tmp_path: Path, flags: tuple[str, ...]) -> None:
    assert interrupted(tmp_path, grow.emit(prefix="shop"), *flags) == "exact\n"


@pytest.mark.needs_rseq
@pytest.mark.arch("x86_64")
@pytest.mark.parametrize(
    ("pattern", "instead"),
    [
        pytest.param(r"movq %\d+, %%fs:8\(%\d+\)", "nop", id="the kernel is not told"),
        pytest.param("3f - 2f", "1", id="the section ends too early"),
    ],
)
def test_a_header_that_is_wrong_loses_what_a_signal_interrupts(tmp_path: Path, pattern: str, instead: str) -> None:
    spoilt, count = re.subn(pattern, instead, grow.emit(prefix="shop"))
    assert count == 1
    assert interrupted(tmp_path, spoilt, "-O2") == "lost\n"
