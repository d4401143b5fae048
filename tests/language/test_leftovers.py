"""Leftovers that are hard to see: numbers that wrap, results that do not tell, buffers that overlap anyhow."""

from __future__ import annotations

from typing import Any

import pytest

import rseq
from programs import compiled
from rseq import f64, i8, i64, prepared, ptr, u8, u32, u64


class Row(rseq.Record):
    a: i64
    b: i64
    next: ptr[Row]  # type: ignore[name-defined]
    many: i64[4]
    which: i64
    halves: prepared[i64[2]]


class Plain(rseq.Record):
    a: i64
    b: i64


class Lane(rseq.Record):
    count: i64
    turn: i64
    total: i64
    tiny: i8
    head: ptr[Row]
    plain: ptr[Plain]
    word: u64
    slots: prepared[i64[64]]
    text: prepared[u8[64]]


@rseq.inline
def pick(turn: i64, n: i64) -> i64:
    """Each of its results may come from each side of the first branch."""
    if turn & 1:
        if n:
            return 1
        return 2
    if n:
        return 2
    return 1


def sequence(head: str, body: str, **options: bool) -> rseq.Sequence[..., Any]:
    lines = body.replace("\n", "\n    ")
    text = f"def f(cpu: Lane, {head}:\n    {lines}\n"
    names = {"Lane": Lane, "Row": Row, "Plain": Plain, "pick": pick, "f64": f64, "u32": u32, "i8": i8}
    made: rseq.Sequence[..., Any] = compiled(text, rseq.sequence(**options), **names)
    return made


def refused(head: str, body: str, **options: bool) -> set[str]:
    with pytest.raises(rseq.ContractError) as caught:
        sequence(head, body, **options)
    return {diagnostic.slug for diagnostic in caught.value.diagnostics}


ADD = "x = cpu.slots[{}]\ncpu.slots[1] = x + 1\ncpu.count = x"
FIRST = "h = cpu.head\nif h is None:\n    return\n"


@pytest.mark.parametrize(
    ("head", "body", "slug"),
    [
        # 2 * i may be 2 * j, if i and j differ by half of 2**64
        (
            "i: i64, j: i64) -> None",
            "if i == j:\n    return\nx = cpu.slots[2 * i]\ncpu.slots[2 * j] = x + 1\ncpu.count = x",
            "overwritten-before-commit",
        ),
        # a negative number is another one without a sign
        (
            "p: ptr[Row]) -> None",
            "x = cpu.tiny\np.many[(i64(u32(x)) - i64(x)) >> 32 & 3] = 1\ncpu.head = p",
            "stored-elsewhere",
        ),
        (
            "n: i64) -> None",
            "k = (u64(f64(cpu.word)) - u64(f64(i64(cpu.word)))) >> 63\n" + ADD.format("k"),
            "overwritten-before-commit",
        ),
        (
            "n: i64) -> None",
            "k = cpu.count\nd = k % -(1 << 63) - (k & (1 << 63) - 1)\n" + ADD.format("d >> 63 & 1"),
            "overwritten-before-commit",
        ),
        # both sides of a branch lead to the same numbers, by other ways
        ("p: ptr[Row], n: i64) -> None", "p.many[pick(cpu.turn, n)] = 1\ncpu.head = p", "stored-elsewhere"),
        # which row is found is not what the lane's word says
        (
            "n: i64) -> None",
            FIRST + "w = cpu.turn & 1\nh.halves[1 - w] = h.halves[w] + n\ncpu.turn = 1 - w",
            "stored-elsewhere",
        ),
    ],
)
def test_numbers_that_seem_to_be_fixed_or_apart(head: str, body: str, slug: str) -> None:
    assert slug in refused(head, body)


OUT = "out: bytearray) -> i64"
FIND = "at = 8\nfor i in range(8):\n    if cpu.slots[i] == 0:\n        at = i\n        break\n"
FILL = "for i in range(4):\n    if i < k:\n        out[i] = 1\n        n = i + 1\n"
ODD = "k = cpu.count\nodd = k & 3\n"


@pytest.mark.parametrize(
    "body",
    [
        ODD + "out[odd] = 1\ncpu.total += 1\nreturn odd // 1000",
        ODD + "out[odd] = 1\ncpu.total += 1\nreturn odd & 1",
        ODD + "out[odd] = 1\ncpu.total += 1\nreturn odd * 2 & 3",
        ODD + "out[odd] = 1\ncpu.total += 1\nreturn k >> 1",
        ODD + "out[odd] = 1\ncpu.total += 1\nreturn 1 if odd > 1 else 0",
        ODD + "out[odd] = 1\ncpu.total += 1\nreturn odd if odd < 2 else 2",
        ODD + "t = cpu.turn\nout[odd] = 1\ncpu.total += 1\nreturn odd + t",
        # of two branches one is told
        ODD + "if odd:\n    if cpu.turn:\n        out[0] = 1\ncpu.total += 1\nreturn odd",
        # one result for both
        ODD + "if odd:\n    out[0] = 1\n    cpu.total = 1\n    return 1\ncpu.turn = 1\nreturn 1",
        ODD + "if k > 5:\n    out[0] = 1\n    cpu.total = 1\n    return 1\ncpu.turn = 1\nreturn k",
        ODD + "r = 0\nif odd:\n    out[0] = 1\n    r = 1\nif k > 9:\n    r = 2\ncpu.total = 1\nreturn r",
        # told in a place that is overwritten afterwards, or may be
        ODD + "out[4] = u8(odd)\nout[odd] = 1\nout[4] = 7\ncpu.total += 1\nreturn 0",
        ODD + "out[0] = u8(odd)\nout[odd] = 1\ncpu.total += 1\nreturn 0",
        ODD + "out[4] = u8(k)\nout[k] = 1\ncpu.total += 1\nreturn 0",
    ],
)
def test_what_does_not_tell_the_caller(body: str) -> None:
    assert refused(OUT, body) == {"left-behind"}


@pytest.mark.parametrize(
    "body",
    [
        ODD + "out[odd] = 1\ncpu.total += 1\nreturn odd",
        ODD + "out[odd] = 1\ncpu.total += 1\nreturn 7 - odd",
        ODD + "out[odd] = 1\ncpu.total += 1\nreturn k * 3 + 1",
        ODD + "out[odd] = 1\ncpu.total += 1\nreturn -k",
        ODD + "out[4] = u8(odd)\nout[odd] = 1\ncpu.total += 1\nreturn 0",
        ODD + "if odd:\n    out[0] = 1\ncpu.total += 1\nreturn odd",
        ODD + "r = 0\nif odd:\n    out[0] = 1\n    r = 1\ncpu.total += 1\nreturn r",
        ODD + "if odd:\n    out[0] = 1\ncpu.total += 1\nreturn i64(odd != 0)",
        ODD + "if k < 0:\n    cpu.turn = 1\n    return -1\nif k == 0:\n    cpu.turn = 2\n    return 0\n"
        "out[0] = 1\ncpu.count = k - 1\nreturn 1",
        FIND + "if at == 8:\n    return -1\nout[at] = 1\ncpu.total += 1\nreturn at",
        "k = cpu.count\nn = 0\n" + FILL + "cpu.count = k - n\nreturn n",
        "n = cpu.word if cpu.word < len(out) else len(out)\nrseq.copy(out, cpu.text, n)\nreturn i64(n)",
    ],
)
def test_what_tells_the_caller(body: str) -> None:
    sequence(OUT, body)


BUFFERS = "data: bytes, out: bytearray) -> None"
SHIFTED = "x = data[1]\nout[0] = x + 1\ncpu.count = i64(x)"


def test_two_buffers_overlap_wherever_they_begin() -> None:
    work = sequence(BUFFERS, SHIFTED).bind(rseq.percpu(Lane))
    memory = bytearray(8)
    with pytest.raises(ValueError, match="data and out overlap"):
        work(memory, memoryview(memory)[1:])
    work(memory[:4], memory)


def test_with_may_alias_two_buffers_may_overlap_wherever_they_begin() -> None:
    assert refused(BUFFERS, SHIFTED, may_alias=True) == {"may-overlap"}


@pytest.mark.parametrize(
    "body",
    [
        "x = p.b\nout[0] = u8(x) + 1\ncpu.count = x\nreturn x",
        "k = cpu.turn & 1\nout[k] = 1\ncpu.plain = p\nreturn k",
    ],
)
def test_a_buffer_is_no_view_of_a_row_that_is_read_or_published(body: str) -> None:
    made = sequence("p: ptr[Plain], out: bytearray) -> i64", body)
    rows = rseq.array(Plain, 2)
    work = made.bind(rseq.percpu(Lane), rows)
    with pytest.raises(ValueError, match="p and out overlap"):
        work(rows[0], memoryview(rows.values).cast("B"))
    work(rows[0], bytearray(8))


def test_a_row_is_chosen_after_each_has_been_put_right() -> None:
    """Whichever of them an interrupted run has chosen, each run stores to the one that is published."""
    chosen = "r = p if cpu.turn & 1 else q\nr.a = n\ncpu.head = p"
    head = "p: ptr[Row], q: ptr[Row], n: i64) -> None"
    assert "stored-elsewhere" in refused(head, chosen)
    sequence(head, "p.a = 0\nq.a = 0\n" + chosen)
