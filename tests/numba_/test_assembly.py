"""A counting loop in compiled code holds the critical section itself: no call on the way around."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rseq
from rseq import f64, i64

numba = pytest.importorskip("numba", reason="rseq.numba needs Numba (pip install rseq[numba])")

pytestmark = [pytest.mark.arch("x86_64"), pytest.mark.needs_rseq]


class Pair(rseq.Record):
    value: i64
    real: f64


@rseq.sequence
def widen(cpu: Pair, x: i64) -> bool:
    if x > cpu.value:
        cpu.value = x
        return True
    return False


@rseq.sequence
def add_real(cpu: Pair, x: f64) -> None:
    cpu.real += x


@rseq.routine
def observe(cpu: Pair, x: i64) -> bool:
    add_real(cpu, f64(x))
    return widen(cpu, x)


@numba.njit
def count(hits: Any, times: Any) -> None:
    for _ in range(times):
        hits.add()


@numba.njit
def fill(bins: Any, indices: Any) -> None:
    for index in indices:
        bins.add(index, 2)


@numba.njit
def each(bound: Any, values: Any) -> Any:
    found = 0
    for value in values:
        found += bound(value)
    return found


@numba.njit(boundscheck=True)
def fill_flows(flows: Any, rows: Any, columns: Any) -> None:
    for i in range(rows):
        for j in range(columns):
            flows.add((i, j))


# ---- reading the listing


def _hot_lines(listing: str) -> list[str]:
    """Labels and instructions of the compiled function, without its wrappers and without subsection 1."""
    kept, is_cold = [], False
    for line in map(str.strip, listing.splitlines()):
        if line.startswith(".size"):
            return kept
        if line.startswith((".subsection", ".section", ".previous", ".text")):
            is_cold = line.startswith(".subsection") and not line.endswith("0")
        elif line and not is_cold and (line.endswith(":") or not line.startswith(".")):
            kept.append(line)
    raise AssertionError("expected the end of a function (.size) in the listing")


def _leads_to_left(line: str, compared: str) -> bool | None:
    """For the branch after a section that looks at its status: whether taking it means that the section was left."""
    if re.match(r"cmpq\s+\$-4096,", compared) and re.match(r"j(b|ae)\s", line):
        return line.startswith("jae")
    if re.match(r"cmpq\s+\$-4097,", compared) and re.match(r"j(be|a)\s", line):
        return line.startswith("ja")
    return None


def _edges(lines: list[str], *, with_left: bool) -> list[set[int]]:
    """Where control goes from each line; without the ways out of a section that has been left, unless asked for.

    Nor is what follows a refusal: that a call is left out is counted with a locked addition, and nothing else is.
    """
    labels = {line[:-1]: position for position, line in enumerate(lines) if line.endswith(":")}
    edges: list[set[int]] = []
    for position, line in enumerate(lines):
        jump = re.match(r"(j\w+)\s+(\S+)$", line)
        taken = {labels[jump[2]]} if jump and jump[2] in labels else set()
        ends = line.startswith(("jmp", "ret", "ud2")) or (
            not with_left and re.match(r"lock\s+(incq|addq\s+\$1,)", line)
        )
        follows = set() if ends or position + 1 == len(lines) else {position + 1}
        left = None if with_left else _leads_to_left(line, lines[position - 1])
        edges.append((set() if left is True else taken) | (set() if left is False else follows))
    return edges


def _reachable(edges: list[set[int]], start: int) -> set[int]:
    found: set[int] = set()
    waiting = set(edges[start])
    while waiting:
        position = waiting.pop()
        found.add(position)
        waiting |= edges[position] - found
    return found


def loop_around_section(listing: str, *, with_left: bool = False) -> list[str]:
    """All that can run between a section and its next run, if none is left early and no call refused."""
    lines = _hot_lines(listing)
    edges = _edges(lines, with_left=with_left)
    sections = [position for position, line in enumerate(lines) if line == "#APP"]
    assert sections, "no section is inlined"
    inside = [there for there in _reachable(edges, sections[0]) if sections[0] in _reachable(edges, there)]
    assert sections[0] in inside, "the section is not in a loop"
    return [lines[position] for position in sorted(inside)]


def _slow(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(("call", "lock", "ret", "syscall"))]


def _listing(function: Any, *arguments: Any) -> str:
    function(*arguments)
    text: str = function.inspect_asm(function.nopython_signatures[-1].args)
    return text


CASES: dict[str, tuple[Any, Callable[[], tuple[Any, ...]], int]] = {
    "a counter": (count, lambda: (rseq.Counter(), 9), 1),
    "a float counter": (count, lambda: (rseq.FloatCounter(), 9), 1),
    "a counter by mm_cid": (count, lambda: (rseq.Counter(index="mm_cid"), 9), 1),
    "an array": (fill, lambda: (rseq.CounterArray(4), np.arange(4)), 1),
    "an array of two dimensions": (fill_flows, lambda: (rseq.CounterArray((3, 4)), 3, 4), 1),
    "a sequence with a result": (each, lambda: (widen.bind(rseq.percpu(Pair)), np.arange(4)), 1),
    "a routine of two sequences": (each, lambda: (observe.bind(rseq.percpu(Pair)), np.arange(4)), 2),
}


@pytest.mark.parametrize("case", CASES)
def test_the_loop_holds_the_section_and_no_call(case: str) -> None:
    function, arguments, sections = CASES[case]
    loop = loop_around_section(_listing(function, *arguments()))
    assert loop.count("#APP") >= sections
    assert _slow(loop) == []
    assert sum("%fs:8(" in line for line in loop) == loop.count("#APP"), "each section stores its descriptor"


def test_a_global_counter_is_inlined_too() -> None:
    hits = rseq.Counter()

    @numba.njit
    def count_global(times: Any) -> None:
        for _ in range(times):
            hits.add()

    loop = loop_around_section(_listing(count_global, 9))
    assert _slow(loop) == []


def test_the_counting_loop_is_short() -> None:
    loop = loop_around_section(_listing(count, rseq.Counter(), 9))
    instructions = [line for line in loop if not line.endswith(":") and not line.startswith("#")]
    assert len(instructions) <= 16, instructions  # the section is seven of them


def test_restarts_and_the_spare_lane_are_around_the_loop_and_do_call() -> None:
    # If this did not find the calls, the tests above would prove nothing.
    slow = _slow(loop_around_section(_listing(count, rseq.Counter(), 9), with_left=True))
    assert any(line.startswith("call") for line in slow)
    assert any(line.startswith("lock") for line in slow)
