"""No register holds two values at once, inputs are never written, and what does not fit is refused by name."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

import examples
import programs
import rseq
from budgets import hungry, largest, widest
from programs import compiled
from registers import check_registers
from rseq import _arch as arch
from rseq._arch.base import Architecture, RegisterError, WidthError
from rseq._language.section import section

ARCHITECTURES = [arch.get(name) for name in arch.names()]
EXAMPLES = dict(examples.sequences())

each_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda one: one.name)


@each_architecture
@pytest.mark.parametrize("name", EXAMPLES)
def test_no_register_holds_two_values(architecture: Architecture, name: str) -> None:
    with contextlib.suppress(WidthError):
        check_registers(architecture.emitter(section(EXAMPLES[name].body), "cpu_id"))


@each_architecture
@pytest.mark.parametrize("operator", ["+", "-", "*", "|", "<<"])
def test_the_target_is_not_where_an_operand_is_that_is_used_twice(architecture: Architecture, operator: str) -> None:
    """Where all three are one register, POWER's `or` is no operation, but lowers the priority of the thread."""
    code = compiled(f"def f(cpu: Lane) -> None:\n    a = cpu.a_i32[0]\n    cpu.c_i32 = a {operator} a\n")
    check_registers(architecture.emitter(section(code.body), "cpu_id"))


def check_programs(architecture: Architecture, made: Sequence[tuple[Any, bool, int]]) -> None:
    for code, _, _ in made:
        with contextlib.suppress(RegisterError):
            check_registers(architecture.emitter(section(code.body), "cpu_id"))


@pytest.mark.one_in(7)
@each_architecture
def test_no_register_holds_two_values_in_random_programs(architecture: Architecture) -> None:
    check_programs(architecture, programs.some_programs())


@pytest.mark.slow
@each_architecture
@pytest.mark.parametrize("turn", range(3))
def test_no_register_holds_two_values_in_many_random_programs(architecture: Architecture, turn: int) -> None:
    check_programs(architecture, programs.random_programs(400, turn))


# Too many

CROWDED = """
def f(cpu: Lane, n: i64, m: i64) -> i64:
    a = cpu.a_i64[0]
    b = cpu.a_i64[1]
    c = cpu.a_i64[2]
    d = cpu.a_i64[3] * n
    e = cpu.a_i64[4]
    worst = (a ^ b) + (c ^ d) * (e ^ m + a * b * c * d)
    cpu.c_i64 = worst
    return a
"""


@pytest.mark.one_in(3)
@each_architecture
@pytest.mark.parametrize("is_float", [False, True])
def test_a_block_may_have_as_many_operands_as_the_budget_says(architecture: Architecture, is_float: bool) -> None:
    kind, type = ("float", "f64") if is_float else ("int", widest(architecture))
    count = largest(architecture, kind=type)
    assembly = architecture.assemble(section(hungry(count, kind=type).body))
    assert sum(slot.kind == kind for slot in assembly.slots) == architecture.budget[kind]  # type: ignore[index]


@each_architecture
def test_too_many_values_are_refused_by_the_functions_name(architecture: Architecture) -> None:
    kind = widest(architecture)
    count = largest(architecture, kind=kind) + 1
    with pytest.raises(RegisterError) as caught:
        architecture.assemble(section(hungry(count, kind=kind).body))
    budget = architecture.budget["int"]
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.message == (
        f"f() needs {budget + 1} int registers on {architecture.name}, where a critical section may have {budget}"
    )
    assert isinstance(caught.value, rseq.CompileError)


def test_the_message_of_too_many_values_shows_the_worst_line_and_what_lives_there(golden: Callable[..., None]) -> None:
    with pytest.raises(RegisterError) as caught:
        arch.get("x86_64").assemble(section(compiled(CROWDED).body))
    golden(re.sub(r"<program \d+>", "<program>", f"{caught.value}\n"), "registers.txt")


_TREE = "((n ^ 3) * (m ^ 5) + (n ^ 7) * (m ^ 9)) * ((n ^ 11) * (m ^ 13) + (n ^ 15) * ((m ^ 17) + (n ^ 19) * (m ^ 21)))"

_LATE = f"""\
def f(cpu: Lane, n: i64, m: i64) -> i64:
    cpu.count = n * m
    return {_TREE}
"""

_EARLY = f"""\
def f(cpu: Lane, n: i64, m: i64) -> i64:
    total = {_TREE}
    cpu.count = n * m
    return total
"""


class Counted(rseq.Record):
    count: rseq.i64


def test_what_follows_a_commit_is_computed_before_it_as_the_message_says() -> None:
    with pytest.raises(RegisterError) as caught:
        compiled(_LATE, Lane=Counted).asm("x86_64")
    assert caught.value.diagnostics[0].fix.endswith("; compute before the commit what is computed after it")
    compiled(_EARLY, Lane=Counted).asm("x86_64")


@each_architecture
def test_fewer_parameters_and_fewer_values_at_a_time_are_accepted(architecture: Architecture) -> None:
    kind = widest(architecture)
    count = largest(architecture, kind=kind)
    with pytest.raises(RegisterError, match="use fewer parameters, or fewer values at a time"):
        architecture.assemble(section(hungry(count + 1, kind=kind).body))
    architecture.assemble(section(hungry(count, kind=kind).body))


def test_too_many_values_are_refused_when_they_are_bound() -> None:
    host = arch.host()
    assert host is not None
    code = hungry(largest(host, kind="i64") + 1)
    with pytest.raises(RegisterError, match=r"f\(\) needs"):
        code.bind(rseq.percpu(programs.Lane))
    with pytest.raises(ValueError, match=r"f\(\) needs"):
        code.asm()
