"""What a restart would break is refused, and nothing else."""

from __future__ import annotations

import textwrap

import pytest

import rseq
from programs import compiled
from rseq import i32, i64, prepared, ptr
from rseq.language import contract


class Node(rseq.Record):
    value: i64
    next: i64


class Other(rseq.Record):
    value: i64


class Lane(rseq.Record):
    count: i64
    total: i64
    small: i32
    head: ptr[Node]
    slots: prepared[i64[8]]
    latest: prepared[i64]
    oldest: prepared[i64]


PARAMETERS = "n: i64, p: ptr[Node], q: ptr[Node], o: ptr[Other]"


def function(body: str) -> rseq.Sequence[..., None]:
    text = f"def f(cpu: Lane, {PARAMETERS}) -> None:\n{textwrap.indent(body, '    ')}\n"
    made: rseq.Sequence[..., None] = compiled(text, Lane=Lane, Node=Node, Other=Other)
    return made


def broken(body: str) -> list[tuple[str, int]]:
    """The rules that a body breaks, and the line in it."""
    with pytest.raises(rseq.ContractError) as caught:
        function(body)
    return [(diagnostic.slug, diagnostic.places[0][0].line - 1) for diagnostic in caught.value.diagnostics]


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        "cpu.count = n",
        "cpu.slots[n] = 1\ncpu.count = n",
        "cpu.latest = n\np.value = n\no.value = n\ncpu.count = n",
        "if n:\n    cpu.count = 1\nelse:\n    cpu.total = 2",
        "if n:\n    cpu.count = 1\n    return\ncpu.total = 2",
        "if n:\n    return\ncpu.count = 1",
        "cpu.count = n\nif n:\n    return",
        "cpu.latest = n\ncpu.latest = n + 1\ncpu.count = 1",
        "cpu.latest = n\ncpu.count = cpu.latest",
        "p.value = n\ncpu.count = p.value + p.next",
        "x = p.value\no.value = x\ncpu.count = x",
        "x = cpu.latest\ncpu.oldest = x\ncpu.count = x",
        "x = cpu.slots[0]\ncpu.slots[1] = x\ncpu.count = x",
        "x = cpu.count\nx = x + 1\ncpu.count = x",
        "h = cpu.head\nif h is None:\n    return\np.next = n\nh.value = n",
        "for i in range(4):\n    cpu.slots[i] = n\ncpu.count = 4",
        "if n:\n    cpu.latest = 1\nelse:\n    cpu.latest = 2\ncpu.count = cpu.latest",
        "while_done = n\ncpu.count += while_done",
        "if False:\n    cpu.count = 1\ncpu.total = 1",
        "cpu.count = 1\nreturn\ncpu.count = 2",
    ],
)
def test_this_keeps_the_contract(body: str) -> None:
    assert contract.check(function(body).body) == []


@pytest.mark.parametrize(
    ("body", "rules"),
    [
        ("cpu.count = 1\ncpu.total = 2", [("store-after-commit", 2)]),
        ("cpu.count += 1\ncpu.count += 1", [("store-after-commit", 2)]),
        ("cpu.count = 1\ncpu.latest = 2", [("store-after-commit", 2)]),
        ("cpu.count = 1\np.value = 2", [("store-after-commit", 2)]),
        ("if n:\n    cpu.count = 1\ncpu.latest = 2", [("store-after-commit", 3)]),
        ("for i in range(2):\n    cpu.count += 1", [("store-after-commit", 2)]),
        ("h = cpu.head\nif h is None:\n    return\nh.value = 1\ncpu.count = 1", [("store-after-commit", 5)]),
        (
            "h = cpu.head\nif h is None:\n    return\nif p is not None:\n    h = p\nh.value = 1\ncpu.count = 1",
            [("store-after-commit", 7)],
        ),
        ("cpu.count = 1\nx = cpu.total", [("load-after-commit", 2)]),
        ("cpu.count = 1\nx = cpu.latest", [("load-after-commit", 2)]),
        ("cpu.count = 1\nx = p.value", [("load-after-commit", 2)]),
        ("if n:\n    cpu.count = 1\nif cpu.total:\n    pass", [("load-after-commit", 3)]),
        ("cpu.count = 1\nx = cpu.slots[n]", [("load-after-commit", 2)]),
        ("if n:\n    cpu.count = 1\nelse:\n    cpu.small = 1", [("commits-differ", 4)]),
        ("if n:\n    cpu.count = 1\nelse:\n    cpu.head = p", [("commits-differ", 4)]),
        ("x = cpu.latest\ncpu.latest = x + 1\ncpu.count = x", [("overwritten-before-commit", 2)]),
        ("cpu.latest += 1\ncpu.count = 1", [("overwritten-before-commit", 1)]),
        ("cpu.latest += 1", [("overwritten-before-commit", 1)]),
        ("cpu.latest -= 1\ncpu.count = 1", [("overwritten-before-commit", 1)]),
        ("p.value += 1\ncpu.count = 1", [("overwritten-before-commit", 1)]),
        ("x = p.value\nq.value = x\ncpu.count = 1", [("overwritten-before-commit", 2)]),
        (
            "h = cpu.head\nif h is None:\n    return\nx = h.value\np.value = x\ncpu.head = p",
            [("overwritten-before-commit", 5)],
        ),
        ("x = cpu.slots[n]\ncpu.slots[3] = x\ncpu.count = 1", [("overwritten-before-commit", 2)]),
        ("x = cpu.slots[3]\ncpu.slots[n] = x\ncpu.count = 1", [("overwritten-before-commit", 2)]),
        (
            "if n:\n    cpu.latest = 1\nx = cpu.latest\ncpu.latest = 2\ncpu.count = x",
            [("overwritten-before-commit", 4)],
        ),
        ("h = cpu.head\nh.value = 1", [("may-be-none", 2)]),
        ("cpu.head.value = 1", [("may-be-none", 1)]),
        ("h = cpu.head\nif h is not None:\n    x = h.value\ncpu.count = h.value", [("may-be-none", 4)]),
        ("cpu.count = 1\ncpu.total = 2\nx = cpu.total", [("store-after-commit", 2), ("load-after-commit", 3)]),
    ],
)
def test_this_breaks_the_contract(body: str, rules: list[tuple[str, int]]) -> None:
    assert broken(body) == rules


def test_a_place_is_another_one_when_its_index_has_changed() -> None:
    body = "i = n\ncpu.slots[i] = 1\ni = i + 1\nx = cpu.slots[i]\ncpu.slots[i] = 2\ncpu.count = x"
    assert broken(body) == [("overwritten-before-commit", 5)]


def test_both_places_and_the_commit_are_shown() -> None:
    with pytest.raises(rseq.ContractError) as caught:
        function("x = cpu.latest\ncpu.latest = x + 1\ncpu.count = x")
    (diagnostic,) = caught.value.diagnostics
    assert [(span.line - 1, label) for span, label in diagnostic.places] == [
        (2, "overwritten here"),
        (1, "read here"),
        (3, "the commit"),
    ]


def test_a_routine_has_no_contract() -> None:
    text = "def f(cpu: Lane, p: ptr[Node]) -> None:\n    p.value += 1\n    p.next = p.value\n"
    assert compiled(text, rseq.routine, Lane=Lane, Node=Node).kind == "routine"
