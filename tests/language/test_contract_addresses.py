"""What a sequence may leave if an attempt may come upon other addresses, extents or readers than the one before."""

from __future__ import annotations

import textwrap

import pytest

import rseq
from programs import compiled
from rseq import i64, index, prepared, ptr

MOVING = "n: i64, i: i64, j: i64, p: ptr[Row], q: ptr[Row], a: index[Row], data: bytes, out: bytearray"


class Row(rseq.Record):
    length: i64
    kept: i64[4]
    half: prepared[i64[4]]


class Desk(rseq.Record):
    count: i64
    which: i64
    first: ptr[Row]
    number: index[Row]
    pair: prepared[i64[2]]
    slots: prepared[i64[8]]
    words: prepared[rseq.u32[8]]
    text: prepared[rseq.u8[32]]
    latest: prepared[i64]


def moving(body: str, result: str = "None") -> rseq.Sequence[..., None]:
    text = f"def f(cpu: Desk, {MOVING}) -> {result}:\n{textwrap.indent(body, '    ')}\n"
    made: rseq.Sequence[..., None] = compiled(text, Desk=Desk, Row=Row, index=index)
    return made


def refusals(body: str, result: str = "None") -> list[tuple[str, int]]:
    with pytest.raises(rseq.ContractError) as caught:
        moving(body, result)
    return [(diagnostic.slug, diagnostic.places[0][0].line - 1) for diagnostic in caught.value.diagnostics]


ODD = "w = cpu.which & 1\n"
POP = "f = cpu.first\nif f is None:\n    return False\n"


@pytest.mark.parametrize(
    "body",
    [
        # the word that is committed chooses the half that is not in use
        ODD + "x = cpu.pair[w]\ncpu.pair[1 - w] = x + n\ncpu.which = 1 - w",
        ODD + "x = cpu.pair[w]\ncpu.pair[w ^ 1] = x + n\ncpu.which = w ^ 1",
        "v = cpu.which\nx = cpu.pair[v & 1]\ncpu.pair[v + 1 & 1] = x + n\ncpu.which = v + 1",
        "v = cpu.which\nx = cpu.pair[v % 2]\ncpu.pair[(v + 1) % 2] = x + n\ncpu.which = v + 1",
        ODD + "if w:\n    cpu.pair[0] = cpu.pair[1]\nelse:\n    cpu.pair[1] = cpu.pair[0]\ncpu.which = 1 - w",
        ODD + "rseq.copy(cpu.text[(1 - w) * 16], cpu.text[w * 16], 16)\ncpu.which = 1 - w",
        ODD + "x = cpu.slots[w * 4 + 3]\ncpu.slots[(1 - w) * 4 + 3] = x + n\ncpu.which = 1 - w",
        ODD + "x = cpu.words[2 * w + 1]\ncpu.words[3 - 2 * w] = x + 1\ncpu.which ^= 1",
        # parameters choose, and can be told apart
        "if i == j:\n    return\nx = cpu.slots[i]\ncpu.slots[j] = x + 1\ncpu.count = x",
        "if i < j:\n    x = cpu.slots[i]\n    cpu.slots[j] = x + 1\n    cpu.count = x",
        "x = cpu.slots[i & 6]\ncpu.slots[j & 6 | 1] = x + 1\ncpu.count = x",
        "x = cpu.slots[i & 3]\ncpu.slots[(i & 3) + 1] = x + 1\ncpu.count = x",
        "x = cpu.slots[(i & 3) * 2]\ncpu.slots[(j & 3) * 2 + 1] = x + 1\ncpu.count = x",
        "x = i & 3\ny = cpu.slots[7 - x]\ncpu.slots[x] = y + 1\ncpu.count = y",
        # a mask or a remainder says how large an index can be
        "x = cpu.slots[cpu.which & 3]\ncpu.slots[4 + (cpu.count & 3)] = x + 1\ncpu.count = x",
        "x = cpu.slots[4 + cpu.which % 4]\ncpu.slots[cpu.count % 4] = x + 1\ncpu.count = x",
        ODD + "out[0] = 0\nout[1] = 0\nout[w] = 1\ncpu.count = 1",
        # an element that is behind the last one
        "k = cpu.count\nif k > 6 or k < 1:\n    return\nx = cpu.slots[k - 1]\ncpu.slots[k] = x + n\ncpu.count = k + 1",
        # rows: all of an array, or a place that parameters choose
        "p.kept[i & 3] = n\ncpu.first = p",
        ODD + "for k in range(4):\n    p.kept[k] = 0\np.kept[w] = 1\ncpu.first = p",
        "w = cpu.which & 3\np.half[w] = n\np.length = w\ncpu.first = p",
        ODD + "if w:\n    p.length = n\nelse:\n    p.length = n + 1\ncpu.first = p",
        # rows that are found, and have been compared
        "b = cpu.number\nif a == b or b is None or a is None:\n    return\na.length = b.length + 1\ncpu.number = a",
    ],
)
def test_addresses_may_vary_where_nobody_comes_upon_what_is_left(body: str) -> None:
    moving(body)


@pytest.mark.parametrize(
    ("body", "result"),
    [
        ("k = cpu.count\nif k < 1:\n    return False\nout[0] = 1\ncpu.count = k - 1\nreturn True", "bool"),
        ("k = cpu.count & 31\nrseq.copy(out, cpu.text, k)\ncpu.count = k\nreturn k", "i64"),
        ("k = cpu.count & 31\nrseq.copy(out, cpu.text, k)\nreturn k", "i64"),
        ("k = cpu.count & 15\nout[0] = rseq.u8(k)\nrseq.copy(out[1], cpu.text, k)\ncpu.count = 0\nreturn True", "bool"),
        (POP + "rseq.copy(out, f.kept, 32)\ncpu.first = None\nreturn True", "bool"),
        (POP + "if f != p:\n    p.length = f.length + 1\ncpu.first = None\nreturn f != p", "bool"),
        (
            "k = cpu.count\nif k < 1:\n    cpu.which = 1\n    return False\nout[0] = 1\ncpu.count = 0\nreturn True",
            "bool",
        ),
        (ODD + "out[w] = 1\ncpu.count = 1\nreturn w", "i64"),
    ],
)
def test_the_caller_may_be_told_what_a_run_has_stored(body: str, result: str) -> None:
    moving(body, result)


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        # an index, a row, a start or a length that varies, and a row that is published
        ("w = cpu.which & 3\np.kept[w] = n\ncpu.first = p", [("stored-elsewhere", 2)]),
        ("w = rseq.clock() & 3\np.kept[w] = n\ncpu.first = p", [("stored-elsewhere", 2)]),
        ("w = rseq.cpu_number() & 3\np.kept[w] = n\ncpu.first = p", [("stored-elsewhere", 2)]),
        ("r = p if cpu.which & 1 else q\nr.length = n\ncpu.first = p", [("stored-elsewhere", 2)]),
        ("r = p\nif cpu.which:\n    r = q\nr.length = n\ncpu.first = q", [("stored-elsewhere", 4)]),
        ("w = cpu.which & 3\nrseq.copy(p.kept[w], data, 8)\ncpu.first = p", [("stored-elsewhere", 2)]),
        ("w = cpu.which & 31\nrseq.copy(p.kept, data, w)\ncpu.first = p", [("stored-elsewhere", 2)]),
        ("w = 0\nif cpu.which:\n    w = 1\np.kept[w] = n\ncpu.first = p", [("stored-elsewhere", 4)]),
        ("p.kept[0] = 0\np.kept[cpu.which & 1] = n\ncpu.first = p", [("stored-elsewhere", 2)]),
        ("p.kept[0] = 0\np.kept[1] = 0\np.kept[cpu.which & 2] = n\ncpu.first = p", [("stored-elsewhere", 3)]),
        ("out[0] = 0\nout[cpu.which & 1] = 1\ncpu.count = 1", [("left-behind", 2)]),
        # what the sequence reads itself
        (
            "x = cpu.slots[cpu.which & 4]\ncpu.slots[4 + (cpu.count & 3)] = x + 1\ncpu.count = x",
            [("overwritten-before-commit", 2)],
        ),
        ("w = cpu.which & 7\ncpu.slots[w] = n\ncpu.count = cpu.slots[i & 7]", [("stored-elsewhere", 2)]),
        ("w = cpu.which & 7\np.half[w & 3] = n\ncpu.count = p.half[0]", [("stored-elsewhere", 2)]),
        (ODD + "x = cpu.pair[w]\ncpu.pair[1 - w] = x + n\ncpu.count = x", [("stored-elsewhere", 3)]),
        (ODD + "if w:\n    cpu.latest = n\ncpu.count = cpu.latest", [("half-prepared", 3)]),
        (ODD + "if w:\n    p.half[0] = n\ncpu.count = p.half[0]", [("half-prepared", 3)]),
        ("c = rseq.cpu_number() & 1\nx = cpu.pair[c]\ncpu.pair[1 - c] = x\ncpu.which = c", [("stored-elsewhere", 3)]),
        # a place has a size
        (
            "cpu.text[0] = 1\nrseq.copy(out, cpu.text, 8)\ncpu.text[5] = out[5] + 1\ncpu.count = 1",
            [("overwritten-before-commit", 3)],
        ),
        (
            "cpu.slots[0] = 1\nrseq.copy(out, cpu.slots[0], 16)\ncpu.slots[1] = 2\ncpu.count = 1",
            [("overwritten-before-commit", 3)],
        ),
        (
            "rseq.copy(cpu.text, data, i)\nx = cpu.text[0]\ncpu.text[0] = x + 1\ncpu.count = 1",
            [("overwritten-before-commit", 3)],
        ),
        # what was read is stored at another place, which may vary
        ("h = cpu.first\nif h is None:\n    return\np.length = h.length\ncpu.first = p", [("may-overlap", 4)]),
        (
            "w = cpu.which & 7\nx = cpu.slots[i & 7]\ncpu.slots[w] = x\ncpu.count = 1",
            [("overwritten-before-commit", 3)],
        ),
        # the caller's buffers and rows
        (ODD + "if w:\n    out[1] = 1\nelse:\n    out[0] = 1\ncpu.count = 1", [("left-behind", 3), ("left-behind", 5)]),
        (ODD + "if w:\n    out[0] = 1\ncpu.count = 1", [("left-behind", 3)]),
        (ODD + "if w:\n    out[0] = 1\nelse:\n    out[1] = 1", [("left-behind", 3), ("left-behind", 5)]),
        (ODD + "out[w] = 1\ncpu.count = 1", [("left-behind", 2)]),
        (ODD + "p.kept[w] = 1\ncpu.count = 1", [("left-behind", 2)]),
        (ODD + "r = p if w else q\nr.length = 1\ncpu.count = 1", [("left-behind", 3)]),
        ("k = cpu.count & 31\nrseq.copy(out, cpu.text, k)\ncpu.count = k", [("left-behind", 2)]),
    ],
)
def test_what_another_attempt_leaves_elsewhere_is_refused(body: str, rules: list[tuple[str, int]]) -> None:
    assert refusals(body) == rules


def test_a_result_that_does_not_say_what_decided_tells_nothing() -> None:
    body = ODD + "if w:\n    out[0] = 1\ncpu.count = 1\nreturn True"
    assert refusals(body, "bool") == [("left-behind", 3)]
    other = ODD + "x = cpu.count\nif w:\n    out[0] = 1\ncpu.count = x + 1\nreturn x"
    assert refusals(other, "i64") == [("left-behind", 4)]
