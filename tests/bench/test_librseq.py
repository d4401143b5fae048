"""librseq's loops in `rseq bench`: compiled against a stand-in for its header, run, and found out when they lose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from rseq._bench import librseq
from rseq._cli import main

pytestmark = pytest.mark.needs_rseq

STAND_IN = """
#include <stdint.h>
#include <string.h>
/* What the loops use, in plain C: right as long as one thread of the process uses a CPU's memory. */
#define RSEQ_MO_RELAXED 0
#define RSEQ_MO_RELEASE 1
#define RSEQ_PERCPU_CPU_ID 0
#define RSEQ_READ_ONCE(x) (x)
#define rseq_likely(x) (x)
#define rseq_unlikely(x) (x)
#define rseq_smp_acquire__after_ctrl_dep() ((void)0)
#define rseq_smp_store_release(p, v) (*(p) = (v))
int sched_getcpu(void);
static inline int rseq_current_cpu_raw(void) { return sched_getcpu(); }
static inline int rseq_load_cbne_store__ptr(int mo, int mode, intptr_t *v, intptr_t expect, intptr_t newv, int cpu)
{
    if (*v != expect)
        return 1;
    *v = newv;
    return 0;
}
static inline int rseq_load_cbeq_store_add_load_store__ptr(int mo, int mode, intptr_t *v, intptr_t expectnot,
    long voffp, intptr_t *load, int cpu)
{
    if (*v == expectnot)
        return 1;
    *load = *v;
    *v = *(intptr_t *)(*v + voffp);
    return 0;
}
static inline int rseq_load_cbne_memcpy_store__ptr(int mo, int mode, intptr_t *v, intptr_t expect, void *dst, void *src,
    size_t len, intptr_t newv, int cpu)
{
    if (*v != expect)
        return 1;
    memcpy(dst, src, len);
    *v = newv;
    return 0;
}
"""
COMMAND = ["bench", "--quick", "--only", "lock,stack,ring-16,rseq,rseq-layout,librseq", "--threads", "1"]


@pytest.fixture(autouse=True)
def compiled_anew(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("rseq._bench.command._QUICK", (1, 0.001))
    librseq._loops.cache_clear()
    yield
    librseq._loops.cache_clear()


def tree(folder: Path, header: str) -> list[str]:
    """The arguments for a source tree with this header."""
    (folder / "include/rseq").mkdir(parents=True)
    (folder / "include/rseq/rseq.h").write_text(header)
    return [*COMMAND, "--librseq", str(folder)]


def test_its_lock_list_and_ring_stand_beside_ours(tmp_path: Path) -> None:
    measured = CliRunner().invoke(main, tree(tmp_path, STAND_IN))
    assert measured.exit_code == 0, measured.output
    for label in ("librseq, in C   ", "librseq, in C: list", "librseq, in C: memcpy", "rseq, dtype='V16'"):
        assert label in measured.output
    for ratio in (
        "lock: rseq ÷ librseq in C",
        "push, pop: rseq ÷ librseq in C",
        "event of 16 bytes: rseq ÷ librseq in C",
    ):
        assert ratio in measured.output
    assert all(len(line) <= 80 for line in measured.output.splitlines())


@pytest.mark.parametrize(
    ("right", "wrong", "operation"),
    [
        ("(*(p) = (v))", "((p)[1] -= (p)[1] % 7 == 0, *(p) = (v))", "lock"),
        ("*v = *(intptr_t *)(*v + voffp);", "", "stack"),
        ("memcpy(dst, src, len);\n    *v = newv;", "*v = newv - (newv % 7 == 0);", "ring-16"),
    ],
)
def test_what_it_loses_is_found(tmp_path: Path, right: str, wrong: str, operation: str) -> None:
    assert right in STAND_IN
    measured = CliRunner().invoke(main, tree(tmp_path, STAND_IN.replace(right, wrong)))
    assert measured.exit_code != 0
    assert "librseq" in measured.output
    assert f"operation {operation}" in measured.output
    assert "its times mean nothing" in measured.output


def test_a_folder_without_it_is_a_sentence(tmp_path: Path) -> None:
    measured = CliRunner().invoke(main, [*COMMAND, "--librseq", str(tmp_path)])
    assert measured.exit_code == 0
    assert "librseq is left out: there is no include/rseq/rseq.h" in " ".join(measured.output.split())
