"""A body becomes a critical section: one commit, and it is last."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import programs
import rseq
from programs import compiled
from rseq import f64, i64, prepared, u64
from rseq._language import ir
from rseq._language.section import Section, section


class Lane(rseq.Record):
    count: i64
    total: i64
    ratio: f64
    wide: u64
    numbers: i64[8]
    latest: prepared[i64]


def cut(body: str, parameters: str = "n: i64", result: str = "None") -> list[str]:
    text = f"def f(cpu: Lane, {parameters}) -> {result}:\n{textwrap.indent(body, '    ')}\n"
    return [line.strip() for line in str(section(compiled(text, Lane=Lane).body)).splitlines()]


def test_the_commit_is_last_though_more_is_computed_after_it() -> None:
    assert cut("cpu.count = n\nreturn n * 2 + 1", result="i64") == [
        "%1 = n * 2",
        "%result = %1 + 1",
        "cpu.count = n    # commit",
        "end:",
    ]


def test_paths_join_at_one_commit() -> None:
    assert cut("if n:\n    cpu.count = 1\nelse:\n    cpu.count = n") == [
        "if n == 0 goto else1",
        "%commit = 1",
        "goto commit",
        "else1:",
        "%commit = n",
        "commit:",
        "cpu.count = %commit    # commit",
        "end:",
    ]


def test_paths_to_different_places_join_by_address() -> None:
    assert cut("if n:\n    cpu.count = n\n    return\ncpu.total = n") == [
        "if n == 0 goto else1",
        "%commit.at = address of cpu.count",
        "goto commit",
        "else1:",
        "%commit.at = address of cpu.total",
        "commit:",
        "cpu.count or cpu.total = n    # commit",
        "end:",
    ]


def test_additions_stay_additions_only_if_all_paths_add() -> None:
    assert "cpu.count += %commit    # commit" in cut("if n:\n    cpu.count += 1\nelse:\n    cpu.count += n")
    mixed = cut("if n:\n    cpu.count += 1\nelse:\n    cpu.count = n")
    assert "%commit = cpu.count" in mixed
    assert "%commit = %commit + 1" in mixed
    assert mixed[-2] == "cpu.count = %commit    # commit"


def test_a_commit_sinks_along_each_path_with_the_values_that_it_had() -> None:
    body = "x = n + 1\ncpu.numbers[x] = x\nx = x * 2\nif x > 5:\n    return x\nreturn 0"
    assert cut(body, result="i64") == [
        "x = n + 1",
        "check x < 8, or IndexError",
        "%kept3 = x",
        "%kept3.at = address of cpu.numbers[x]",
        "x = x * 2",
        "if x <= 5 goto else3.3",
        "%result = x",
        "goto commit",
        "else3.3:",
        "%result = 0",
        "commit:",
        "cpu.numbers[x] = %kept3    # commit",
        "end:",
    ]


def test_leaving_early_is_out_of_the_way() -> None:
    assert cut("if n:\n    return False\ncpu.count = n\nreturn True", result="bool") == [
        "if n != 0 goto exit0",
        "%result = True",
        "cpu.count = n    # commit",
        "end:",
        "exit0:",
        "%result = False",
    ]


def test_leaving_for_two_reasons_is_one_exit_and_leaving_with_what_was_computed_stays_in_the_way() -> None:
    assert cut("if n or n > 7:\n    return False\ncpu.count = n\nreturn True", result="bool")[-3:] == [
        "decided3:",
        "exit0:",
        "%result = False",
    ]
    assert "goto end" in cut("if n:\n    return n + 1\ncpu.count = n\nreturn n", result="i64")
    assert "goto end" in cut("if n:\n    return 0.5\ncpu.count = n\nreturn 1.5", result="f64")


def test_leaving_without_a_result_is_a_jump_to_the_end_whatever_was_computed() -> None:
    lines = cut("local = n\nif n:\n    local = 5\n    return\ncpu.count = local")
    assert lines[lines.index("local = 5") + 1] == "goto end"


def checks(index: str, parameters: str = "n: u64") -> int:
    """How many checks a store to an element of eight takes, behind a branch, where parameters are checked too."""
    return sum(line.startswith("check") for line in cut(f"if n == 5:\n    return\n{index}", parameters))


@pytest.mark.parametrize(
    ("index", "count"),
    [
        ("cpu.numbers[n & 7] = 1", 0),
        ("cpu.numbers[7 & n] = 1", 0),
        ("cpu.numbers[n & 15] = 1", 1),
        ("cpu.numbers[n] = 1", 1),
        ("at = n & 3\ncpu.numbers[at + 4] = 1", 0),
        ("at = n & 3\ncpu.numbers[at + 5] = 1", 1),
        ("at = n & 3\ncpu.numbers[2 * at + 1] = 1", 0),
        ("at = n & 3\ncpu.numbers[at - 1] = 1", 1),
        ("at = n & 3\nif n == 9:\n    at = n\ncpu.numbers[at] = 1", 1),
        ("at = n & 3\nat += 5\ncpu.numbers[at] = 1", 1),
        ("at = n & 7\nwide = u8(at) << 7\ncpu.numbers[wide] = 1", 1),
    ],
)
def test_an_index_that_is_masked_needs_no_check(index: str, count: int) -> None:
    assert checks(index) == count


def test_a_sum_that_may_wrap_is_checked() -> None:
    assert checks("cpu.numbers[(n & 255) + (n & 255)] = 1", "n: u8") == 1


def test_what_is_added_to_a_masked_index_is_a_part_of_the_address() -> None:
    body = compiled("def f(cpu: Lane, n: u64) -> None:\n    cpu.numbers[(n & 3) + 4] = 1\n", Lane=Lane).body
    mask, store = section(body).ops
    assert isinstance(mask, ir.Arithmetic)
    assert isinstance(store, ir.Store)
    first = Lane.fields["numbers"].offset
    assert (store.address.index, store.address.offset) == (mask.target, first + 4 * 8)


def test_zero_and_negative_zero_are_two_values() -> None:
    assert "%commit = -0.0" in cut("if n:\n    cpu.ratio = 0.0\nelse:\n    cpu.ratio = -0.0")


def test_the_lane_is_asked_for_once() -> None:
    made = section(
        compiled(
            "def f(cpu: Lane) -> i32:\n    a = rseq.cpu_number()\n    return rseq.cpu_number() + a\n", Lane=Lane
        ).body
    )
    assert made.cpu == ir.Value("%cpu", rseq.i32)  # type: ignore[arg-type]
    assert not any(isinstance(op, ir.CpuNumber) for op in made.ops)


@pytest.mark.parametrize(
    ("expression", "parameters", "expected"),
    [
        ("n // 8", "n: i64", ["%result = n >> 3"]),
        ("n % 8", "n: i64", ["%result = n & 7"]),
        ("n // 1", "n: i64", ["%result = n >> 0"]),
        ("n // -1", "n: i64", ["%result = 0 - n"]),
        ("n % -1", "n: i64", ["%result = 0"]),
        (
            "n // 10",
            "n: u64",
            ["%quotient0 = n quo 10", "%result = %quotient0"],
        ),
    ],
)
def test_division_by_a_constant_becomes_what_every_architecture_has(
    expression: str, parameters: str, expected: list[str]
) -> None:
    assert cut(f"return {expression}", parameters, parameters[-3:]) == [*expected, "end:"]


def test_signed_division_is_corrected_where_the_rest_has_the_wrong_sign() -> None:
    assert cut("return n % -10", "n: i64", "i64") == [
        "%quotient0 = n quo -10",
        "%rest0 = %quotient0 * -10",
        "%rest0 = n - %rest0",
        "if %rest0 <= 0 goto exact0",
        "%rest0 = %rest0 + -10",
        "exact0:",
        "%result = %rest0",
        "end:",
    ]


@st.composite
def sequence(draw: Any) -> Any:
    return compiled(programs.Writer(draw).program())


@given(sequence())
@settings(derandomize=True, database=None, deadline=None, max_examples=60)
def test_every_section_has_at_most_one_commit_and_it_is_last(code: Any) -> None:
    made: Section = section(code.body)
    commits = [index for index, op in enumerate(made.ops) if getattr(op, "commit", False)]
    assert commits in ([], [len(made.ops) - 1])
    assert not any(isinstance(op, ir.Return) for op in made.ops)
    places = {op.name: index for index, op in enumerate(made.ops) if isinstance(op, ir.Label)}
    assert len(places) == sum(isinstance(op, ir.Label) for op in made.ops)
    exits = {label for one in made.exits for label in one.labels}
    for index, op in enumerate(made.ops):
        if isinstance(op, (ir.Jump, ir.BranchIf)):
            assert op.label in {"end", *exits} or places[op.label] > index
        assert op.result not in code.body.parameters
