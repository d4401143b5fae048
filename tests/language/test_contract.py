"""What a restart would break is refused, and nothing else."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

import rseq
from programs import compiled
from rseq import f64, i32, i64, index, prepared, ptr
from rseq._language import contract


class Node(rseq.Record):
    value: i64
    next: i64
    other: ptr[Node]  # type: ignore[name-defined]


class Other(rseq.Record):
    value: i64


class Lane(rseq.Record):
    count: i64
    total: i64
    small: i32
    real: f64
    head: ptr[Node]
    slots: prepared[i64[8]]
    latest: prepared[i64]
    oldest: prepared[i64]


@rseq.inline
def add_to_total(cpu: Lane, n: i64) -> None:
    cpu.total += n


PARAMETERS = "n: i64, p: ptr[Node], q: ptr[Node], o: ptr[Other]"


def function(body: str) -> rseq.Sequence[..., None]:
    text = f"def f(cpu: Lane, {PARAMETERS}) -> None:\n{textwrap.indent(body, '    ')}\n"
    made: rseq.Sequence[..., None] = compiled(text, Lane=Lane, Node=Node, Other=Other, add_to_total=add_to_total)
    return made


@pytest.mark.parametrize(
    ("body", "marked"),
    [
        ("for i in range(64):\n    cpu.slots[i & 7] = i\n    cpu.count += n", {3}),
        ("for i in range(64):\n    cpu.count = n + cpu.count", {2}),
        ("for i in range(8):\n    if cpu.slots[i] == n:\n        cpu.count = i", {3}),
        ("for i in range(3):\n    m = cpu.slots[i]\n    if i == 1:\n        cpu.count = m", {2, 4}),
    ],
)
def test_a_commit_in_a_loop_is_refused_once_and_in_which_turn(body: str, marked: set[int]) -> None:
    with pytest.raises(rseq.ContractError) as caught:
        function(body)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message.endswith(" after the commit, in the next turn of the loop")
    assert {span.line - 1 for span, _ in diagnostic.places} == marked


def test_an_inline_function_that_commits_in_a_loop_is_refused_once() -> None:
    with pytest.raises(rseq.ContractError, match="in the next turn of the loop") as caught:
        function("for i in range(3):\n    add_to_total(cpu, n)")
    (diagnostic,) = caught.value.diagnostics
    assert str(diagnostic).count("called here") == 1


def test_commits_of_several_calls_of_one_inline_function_are_no_turns_of_a_loop() -> None:
    with pytest.raises(rseq.ContractError) as caught:
        function("add_to_total(cpu, 1)\nadd_to_total(cpu, 2)\nadd_to_total(cpu, 3)")
    assert [diagnostic.message for diagnostic in caught.value.diagnostics] == ["a store after the commit"] * 2


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
        "if n:\n    cpu.count = 1\nelse:\n    cpu.head = p",
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
        "h = cpu.head\nif h is None or h == p:\n    return\np.value = h.value + 1\ncpu.head = p",
        "p.value = 0\nh = cpu.head\nif h is not None and h != p:\n    p.value = h.value + 1\ncpu.count = 1",
        "if n:\n    p.value = 1\ncpu.head = p",  # each run decides alike
        "x = cpu.count\np.value = 0\nif x:\n    p.value = 1\ncpu.head = p",
        "x = cpu.count\nif x:\n    p.value = 1\nelse:\n    p.value = 2\ncpu.head = p",
        "x = cpu.count\np.next = x\nif x:\n    p.value = 1\ncpu.total = 1",  # p.next tells the caller
        "if n:\n    p.value = 1\ncpu.total = p.value",
        "x = cpu.count\nif x:\n    p.value = 1\n    cpu.head = p",
        "h = cpu.head\nif h is None or h == p:\n    return\np.value = h.value\ncpu.head = p",
        "x = cpu.slots[n]\ncpu.slots[3] = x\ncpu.count = 1",
        "x = cpu.latest\ncpu.latest = x\ncpu.count = x",
        "x = p.value\nq.value = x + 1\ncpu.count = 1",
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
        ("x = cpu.count\nif x:\n    p.value = 1\ncpu.head = p", [("half-prepared", 3)]),
        ("x = cpu.count\nif x:\n    p.value = 1\n    return\ncpu.head = p", [("half-prepared", 3)]),
        ("m = n\nif cpu.count:\n    m = 5\nif m > 3:\n    p.value = 1\ncpu.head = p", [("half-prepared", 5)]),
        ("if cpu.count:\n    p.value = 1\nx = p.value\ncpu.total = x", [("half-prepared", 2)]),
        ("if cpu.count:\n    p.value = 1\nelse:\n    n = p.value\ncpu.total = n", [("half-prepared", 2)]),
        ("if rseq.cpu_number():\n    p.value = 1\ncpu.head = p", [("half-prepared", 2)]),
        ("q.other = p\nif cpu.count:\n    p.value = 1\ncpu.head = q", [("half-prepared", 3)]),
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
        ("if n:\n    cpu.count = 1\nelse:\n    cpu.real = 1.0", [("commits-differ", 4)]),
        ("x = cpu.latest\ncpu.latest = x + 1\ncpu.count = x", [("overwritten-before-commit", 2)]),
        ("cpu.latest += 1\ncpu.count = 1", [("overwritten-before-commit", 1)]),
        ("cpu.latest += 1", [("overwritten-before-commit", 1)]),
        ("cpu.latest -= 1\ncpu.count = 1", [("overwritten-before-commit", 1)]),
        ("p.value += 1\ncpu.count = 1", [("overwritten-before-commit", 1)]),
        ("h = cpu.head\nif h is None:\n    return\nx = h.value\np.value = x + 1\ncpu.count = 1", [("may-overlap", 5)]),
        (
            "h = cpu.head\nif h is None:\n    return\nx = h.value\np.value = -x\ncpu.head = p",
            [("may-overlap", 5)],
        ),
        ("x = cpu.slots[n]\ncpu.slots[3] = x + 1\ncpu.count = 1", [("overwritten-before-commit", 2)]),
        ("x = cpu.slots[3]\ncpu.slots[n] = x + 1\ncpu.count = 1", [("overwritten-before-commit", 2)]),
        (
            "if n:\n    cpu.latest = 1\nx = cpu.latest\ncpu.latest = 2\ncpu.count = x",
            [("overwritten-before-commit", 4)],
        ),
        ("r = p if n else q\nx = q.value\nr.value = x + 1\ncpu.count = 1", [("may-overlap", 3)]),
        (  # the pointer that was compared is not the one that was read
            "h = cpu.head\nif not h:\n    return\nx = h.value\nh = h.other\nif h == p:\n    return\np.value = -x",
            [("may-overlap", 8)],
        ),
        (
            "x = cpu.latest\nif n:\n    x = 5\ncpu.latest = x\ncpu.count = 1",
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


@pytest.mark.parametrize("decorator", [rseq.sequence, rseq.routine])
def test_what_is_followed_is_what_was_compared(decorator: Any) -> None:
    again = "def f(cpu: Lane) -> i64:\n    if {0}.head is not None:\n        return {0}.head.value\n    return 0\n"
    once = "def f(cpu: Lane) -> i64:\n    h = {0}.head\n    if h is not None:\n        return h.value\n    return 0\n"
    there = "cpu" if decorator is rseq.sequence else "rseq.lane(cpu, 0)"
    compiled(once.format(there), decorator, Lane=Lane, Node=Node)
    with pytest.raises(rseq.ContractError, match="may-be-none"):
        compiled(again.format(there), decorator, Lane=Lane, Node=Node)


def test_two_commits_on_one_path_are_not_also_two_that_differ() -> None:
    assert broken("cpu.count = 1\ncpu.small = 2") == [("store-after-commit", 2)]


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


def test_a_row_that_is_found_in_memory_may_be_the_one_that_is_passed() -> None:
    body = "h = cpu.head\nif h is None:\n    return\nx = h.value\np.value = x + 1\ncpu.count = 1"
    with pytest.raises(rseq.ContractError) as caught:
        function(body)
    (diagnostic,) = caught.value.diagnostics
    assert "`p` may be `h`" in diagnostic.why
    assert "if h == p" in diagnostic.fix


# ---- may_alias


def declared(body: str, **options: bool) -> rseq.Sequence[..., None]:
    text = f"def f(cpu: Lane, {PARAMETERS}) -> None:\n{textwrap.indent(body, '    ')}\n"
    made: rseq.Sequence[..., None] = compiled(text, rseq.sequence(**options), Lane=Lane, Node=Node, Other=Other)
    return made


@pytest.mark.parametrize(
    ("body", "pairs"),
    [
        ("x = p.value\nq.value = x + 1\ncpu.count = 1", [("p", "q")]),
        ("x = q.value\np.value = x + 1\ncpu.count = 1", [("p", "q")]),
        ("r = p\nr = q if n else r\nx = p.next\nq.value = x\nr.value = x + 1\ncpu.count = 1", []),
        ("p.value = 1\nx = p.value\nq.value = x + 1\ncpu.count = 1", []),  # a restart writes p.value again
        ("q.value = p.value\ncpu.count = 1", []),  # what is written is what was read
        ("q.value = p.next\ncpu.count = 1", []),  # another field
        ("o.value = p.value + 1\ncpu.count = 1", []),  # a row of another type
        ("x = p.value\nif p == q:\n    return\nq.value = x + 1\ncpu.count = 1", []),  # the sequence asks itself
        ("x = p.value\nif p != q:\n    q.value = x + 1\ncpu.count = 1", []),
        ("x = cpu.count\np.next = x\nif x:\n    p.value = 1\ncpu.head = q", [("p", "q")]),  # a restart may publish it
    ],
)
def test_two_rows_that_are_passed_are_two_where_that_matters(body: str, pairs: list[tuple[str, str]]) -> None:
    found = [(one.name, other.name) for one, other in function(body).body.apart]
    assert found == pairs


def test_with_may_alias_the_contract_assumes_that_they_are_one() -> None:
    fine = "x = p.value\nq.next = x + 1\ncpu.count = 1"
    assert declared(fine, may_alias=True).body.apart == ()
    with pytest.raises(rseq.ContractError) as caught:
        declared("x = p.value\nq.value = x + 1\ncpu.count = 1", may_alias=True)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.slug == "may-overlap"
    assert diagnostic.why.startswith("the sequence is declared may_alias=True, so `q` may be `p`: ")
    assert diagnostic.fix.startswith("leave out may_alias")


NUMBERED = "def f(cpu: Lane, n: i64, p: index[Node], q: index[Node]) -> None:\n"


def by_number(body: str, **options: bool) -> rseq.Sequence[..., None]:
    names = {"Lane": Lane, "Node": Node, "index": index}
    made: rseq.Sequence[..., None] = compiled(f"{NUMBERED}    {body}\n", rseq.sequence(**options), **names)
    return made


def test_rows_by_number_are_rows() -> None:
    assert by_number("p.value = n; cpu.count = n").body.apart == ()
    apart = by_number("q.value = p.value + 1; cpu.count = n").body.apart
    assert [(one.name, other.name) for one, other in apart] == [("p", "q")]
    with pytest.raises(rseq.ContractError, match="may-overlap"):
        by_number("q.value = p.value + 1; cpu.count = n", may_alias=True)
    with pytest.raises(rseq.ContractError, match="overwritten-before-commit"):
        by_number("p.value = p.value + 1; cpu.count = n")


LIST = "def f(cpu: Link, p: ptr[Link]) -> None:\n"


class Link(rseq.Record):
    next: ptr[Link]  # type: ignore[name-defined]
    length: i64


def test_with_may_alias_a_row_of_the_lanes_type_may_be_the_lane() -> None:
    text = f"{LIST}    p.next = None\n    p.length = cpu.length + 1\n    cpu.next = p\n"
    assert compiled(text, Link=Link).body.apart == ()
    with pytest.raises(rseq.ContractError) as caught:
        compiled(text, rseq.sequence(may_alias=True), Link=Link)
    assert {diagnostic.slug for diagnostic in caught.value.diagnostics} == {"store-after-commit", "load-after-commit"}


def test_a_routine_has_no_contract() -> None:
    text = "def f(cpu: Lane, p: ptr[Node]) -> None:\n    p.value += 1\n    p.next = p.value\n"
    assert compiled(text, rseq.routine, Lane=Lane, Node=Node).kind == "routine"
