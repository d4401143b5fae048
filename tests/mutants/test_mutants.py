"""The machinery that makes mutants and tries them: each rule at work, and three shipped mutants that are caught."""

from __future__ import annotations

import os
import signal
import textwrap
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

import support
from mutants import child, listed, table
from mutants.plan import Row, planned
from mutants.rules import RULES, Mutant, mutants_of
from mutants.source import Text
from mutants.trial import TESTS, Verdict

EXAMPLE = Text(
    textwrap.dedent(
        '''
        @sequence(acquire=True, release=True)
        def put(cpu: Ring, value: u64) -> bool:
            """Not looked at: 1 < 2."""
            head = cpu.head
            if head - load_acquire(cpu.tail) >= 4 or value == 0:
                return False
            cpu.slots[head & 3] = value
            cpu.stamps[head & 3] = clock()
            cpu.head = head + 1
            return True

        @routine
        def take(cpu: Ring, number: u64) -> None:
            there = lane(cpu, number)
            full_fence()
            if not compare_exchange(there.state, 0, 1):
                return
            store_release(there.tail, 0)

        def no_sequence(x: int) -> int:
            return x + 1
        '''
    )
)


def made(rule: str) -> list[str]:
    mutants = mutants_of("ring.py", EXAMPLE, EXAMPLE.functions)
    return [f"{one.line}: {one.before} → {one.after}" for one in mutants if one.rule == rule]


CONDITION = "if head - load_acquire(cpu.tail) >= 4 or value == 0:"


@pytest.mark.parametrize(
    ("rule", "expected"),
    {
        "comparison": [
            f"6: {CONDITION} → if head - load_acquire(cpu.tail) > 4 or value == 0:",
            f"6: {CONDITION} → if head - load_acquire(cpu.tail) >= 4 or value != 0:",
        ],
        "constant": [
            f"6: {CONDITION} → if head - load_acquire(cpu.tail) >= 5 or value == 0:",
            f"6: {CONDITION} → if head - load_acquire(cpu.tail) >= 3 or value == 0:",
            f"6: {CONDITION} → if head - load_acquire(cpu.tail) >= 4 or value == 1:",
            "8: cpu.slots[head & 3] = value → cpu.slots[head & 4] = value",
            "9: cpu.stamps[head & 3] = clock() → cpu.stamps[head & 4] = clock()",
            "10: cpu.head = head + 1 → cpu.head = head + 2",
            "17: if not compare_exchange(there.state, 0, 1): → if not compare_exchange(there.state, 1, 1):",
            "17: if not compare_exchange(there.state, 0, 1): → if not compare_exchange(there.state, 0, 2):",
            "19: store_release(there.tail, 0) → store_release(there.tail, 1)",
        ],
        "truth": ["7: return False → return True", "11: return True → return False"],
        "negated": [
            f"6: {CONDITION} → if not (head - load_acquire(cpu.tail) >= 4 or value == 0):",
            "17: if not compare_exchange(there.state, 0, 1): → if compare_exchange(there.state, 0, 1):",
        ],
        "half": [
            f"6: {CONDITION} → if value == 0:",
            f"6: {CONDITION} → if head - load_acquire(cpu.tail) >= 4:",
        ],
        "operator": [
            f"6: {CONDITION} → if head + load_acquire(cpu.tail) >= 4 or value == 0:",
            "8: cpu.slots[head & 3] = value → cpu.slots[head | 3] = value",
            "9: cpu.stamps[head & 3] = clock() → cpu.stamps[head | 3] = clock()",
            "10: cpu.head = head + 1 → cpu.head = head - 1",
        ],
        "guard": [
            f"6: {CONDITION} … → pass",
            "17: if not compare_exchange(there.state, 0, 1): … → pass",
        ],
        "fence": ["16: full_fence() → pass"],
        "release": [
            "2: @sequence(acquire=True, release=True) → @sequence(acquire=True, release=False)",
            "19: store_release(there.tail, 0) → there.tail = 0",
        ],
        "acquire": [
            "2: @sequence(acquire=True, release=True) → @sequence(acquire=False, release=True)",
            f"6: {CONDITION} → if head - cpu.tail >= 4 or value == 0:",
        ],
        "exchange": ["17: if not compare_exchange(there.state, 0, 1): … → store_release(there.state, 1)"],
        "commit-moved": ["8: cpu.slots[head & 3] = value … → cpu.head = head + 1 …"],
        "swapped": [
            f"6: {CONDITION} … → cpu.slots[head & 3] = value …",
            "8: cpu.slots[head & 3] = value … → cpu.stamps[head & 3] = clock() …",
            "9: cpu.stamps[head & 3] = clock() … → cpu.head = head + 1 …",
            "16: full_fence() … → if not compare_exchange(there.state, 0, 1): …",
            "17: if not compare_exchange(there.state, 0, 1): … → store_release(there.tail, 0) …",
        ],
        "deleted": [
            "8: cpu.slots[head & 3] = value → pass",
            "9: cpu.stamps[head & 3] = clock() → pass",
            "10: cpu.head = head + 1 → pass",
            "19: store_release(there.tail, 0) → pass",
        ],
    }.items(),
)
def test_each_rule_makes_its_mistakes_and_no_others(rule: str, expected: list[str]) -> None:
    assert made(rule) == expected


def test_each_rule_has_been_shown_above() -> None:
    assert all(made(rule) for rule in RULES)


def test_a_mutant_differs_in_the_lines_that_it_names() -> None:
    (mutant,) = (one for one in mutants_of("ring.py", EXAMPLE, EXAMPLE.functions) if one.rule == "fence")
    assert mutant.text == EXAMPLE.text.replace("full_fence()", "pass")
    assert mutant.name == "ring.py take fence: full_fence() → pass"


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return planned()


def test_all_mutants_have_different_names_and_texts(rows: list[Row]) -> None:
    mutants = [mutant for row in rows for mutant in row.mutants]
    assert len({mutant.name for mutant in mutants}) == len(mutants)
    assert len({(mutant.file, mutant.text) for mutant in mutants}) == len(mutants)


# ---- trying them

ONE = """
    import sys
    from functools import partial
    from mutants import child
    from mutants.plan import planned
    from mutants.trial import Case, tried

    for row in planned():
        for mutant in row.mutants:
            if mutant.name == sys.argv[1]:
                case = Case(mutant.file, mutant.text, row.structures, row.tests, mutant.function)
                print(child.run(partial(tried, case), 200, 300.0).result.check)
"""

RIGHT = """
    import pathlib
    from functools import partial
    from mutants import child
    from mutants.trial import STRUCTURES, Case, tried

    case = Case("stack_code.py", (STRUCTURES / "stack_code.py").read_text(), ("Stack",))
    print(child.run(partial(tried, case), 200, 300.0).result)
"""


def printed(code: str, *arguments: str) -> str:
    """What a process prints that has not imported the package yet."""
    return support.run_python(code, *arguments, env={"PYTHONPATH": str(TESTS)}).stdout.strip()


@pytest.mark.one_in(3)
@pytest.mark.needs_rseq
@pytest.mark.parametrize(
    ("check", "name"),
    [
        ("contract", "stack_code.py stack_code.push commit-moved: cpu.slots[n] = value … → cpu.count = n + 1 …"),
        ("checker", "stack_code.py stack_code.pop operator: top = n - 1 → top = n + 1"),
        ("stress", "stack_code.py stack_code.pop deleted: cpu.count = top → pass"),
        pytest.param(  # all the others come first
            *("tests", "extreme_code.py updater.update_max deleted: cpu.touched = 1 → pass"), marks=pytest.mark.slow
        ),
    ],
)
def test_a_mutant_of_what_is_shipped_is_caught(check: str, name: str) -> None:
    assert printed(ONE, name) == check


@pytest.mark.slow
@pytest.mark.needs_rseq
def test_what_is_right_passes_all_checks() -> None:
    assert printed(RIGHT) == str(Verdict(None))


def test_a_child_process_of_a_test_has_the_mutant_too(tmp_path: Path) -> None:
    other = tmp_path / "stack.py"
    other.write_text("raise ImportError('the mutant')\n")
    env = {"RSEQ_MUTANT": f"rseq._structures.stack={other}", "PYTHONPATH": str(TESTS / "mutants" / "site")}
    assert "the mutant" in support.run_python("import rseq; rseq.Stack", env=env, returncode=1).stderr


# ---- children


def forever() -> None:
    while True:
        pass


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_child_that_does_not_end_or_crashes_is_a_sentence() -> None:
    assert child.run(forever, 1, 100.0) == child.Ended(failure="it did not end", is_late=True)
    assert child.run(partial(time.sleep, 1000), 100, 0.1).is_late
    assert child.run(killed, 100, 100.0).failure == "it was ended by SIGKILL"
    assert "ZeroDivisionError" in child.run(lambda: 1 // 0, 100, 100.0).failure
    assert child.run(lambda: "x" * 300_000, 100, 100.0).result == "x" * 300_000


# ---- the list and the table


def test_a_mutant_that_escapes_has_to_be_listed_and_an_entry_has_to_be_true() -> None:
    text = "# heading\n\nequivalent: a\n    Because\n    of this.\nunseen: b\n    Slower.\nunseen: d\n    1\n"
    entries = listed.parsed(text)
    assert entries["a"] == listed.Entry("equivalent", "a", "Because of this.")
    assert list(listed.wrong(entries, ["a", "b", "c"], {"a": None, "b": "checker", "c": None})) == [
        "stale: it is listed as unseen, and checker catches it: b",
        "stale: no such mutant is made any more: d",
        "nothing catches it, and it is not listed: c",
    ]


@pytest.mark.parametrize("text", ["equivalent: a\n", "harmless: a\n    Why.\n", "unseen: a\n    1\nunseen: a\n    2\n"])
def test_an_entry_without_a_reason_a_kind_or_a_name_of_its_own_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"without a reason|expected|twice"):
        listed.parsed(text)


def test_each_entry_of_the_list_names_a_mutant_that_is_made(rows: list[Row]) -> None:
    names = [mutant.name for row in rows for mutant in row.mutants]
    assert not list(listed.wrong(listed.read(), names, {}))


def test_the_page_has_a_row_for_each_structure(rows: list[Row]) -> None:
    lines = table.read().splitlines()
    for row in rows:
        assert row.structures, f"{row.name} belongs to no structure"
        title = ", ".join(f"`{name}`" for name in row.structures)
        assert any(line.startswith(f"| {title} | ") for line in lines), f"`make mutants ARGS=--write` for {title}"


def test_the_table_is_written_between_its_marks() -> None:
    page = table.PAGE.read_text(encoding="utf-8")
    assert table.read() not in table.rewritten(page, "| new |\n")
    assert table.rewritten(page, table.read()) == page
    with pytest.raises(ValueError, match="expected one place for the table"):
        table.rewritten("# A page\n", "")


def test_some_rows_are_written_and_the_others_stay() -> None:
    known = table.parsed(table.read())
    assert table.joined(known, []) == known
    (stack,) = [one for one in known if one.name == "`Stack`"]
    more = replace(stack, made=stack.made + 5, came={**stack.came, "stress": stack.came["stress"] + 5})
    new = replace(stack, name="`Other`")
    rows = table.joined(known, [more, new])
    assert [one.name for one in rows] == [*(one.name for one in known[:-1]), "`Other`", "all"]
    assert rows[-1].made == known[-1].made + 5 + stack.made
    assert rows[-1].came["stress"] == known[-1].came["stress"] + 5 + stack.came["stress"]
    assert more in rows


def mutant(name: str) -> Mutant:
    return Mutant("ring.py", name, "guard", 1, "a", "b", "")


def test_a_mutant_that_nothing_catches_is_counted_as_unseen_unless_it_is_equivalent() -> None:
    row = Row("ring", ("RingBuffer",), (), {}, (mutant("f"), mutant("g"), mutant("h")))
    names = [one.name for one in row.mutants]
    entries = {names[0]: listed.Entry("equivalent", names[0], "It is.")}
    counts = table.counted([row], {names[0]: None, names[1]: None, names[2]: "checker"}, entries)
    assert [(one.name, one.made, one.came["equivalent"], one.came["unseen"]) for one in counts] == [
        ("`RingBuffer`", 3, 1, 1),
        ("all", 3, 1, 1),
    ]
    assert table.table(counts).count("\n") == 4
    assert "not tried" not in table.table(counts)


def test_a_run_that_is_not_complete_says_so_in_its_table() -> None:
    row = Row("ring", ("RingBuffer",), (), {}, (mutant("f"), mutant("g")))
    lines = table.table(table.counted([row], {row.mutants[0].name: "stress"}, {})).splitlines()
    assert [line.split("|")[-2].strip() for line in lines] == ["not tried", "---:", "1", "1"]
