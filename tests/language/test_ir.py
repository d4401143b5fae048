"""What each operation says of itself: a pass that asks it must not miss an operand, a place or a label."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

import rseq
from rseq import _arch as arch
from rseq import i64, u32
from rseq._codegen.body import BodyLowering
from rseq._language import ir
from rseq._language.errors import Span
from rseq._language.interpret import _Frame
from rseq._language.section import section
from rseq._language.types import SCALARS

KINDS = ir.Op.__subclasses__()
HERE = Span("<test>", 1, 0, 1, 1)
WORD = SCALARS["u64"]


def register(name: str) -> ir.Value:
    return ir.Value(name, WORD)


def place(name: str) -> ir.Address:
    return ir.Address(register(f"{name} base"), 0, register(f"{name} index"), 8, WORD, name, False, 8)


def filled(kind: type[Any]) -> Any:
    """An operation each field of which that may hold a register or a place holds one, named as the field is."""
    values: list[tuple[Any, Any]] = [(Span, HERE), (Any, callee)]
    given: dict[str, Any] = {}
    for field in fields(kind):
        type = eval(str(field.type), vars(ir))
        choices = [
            (tuple[ir.Value, ...], (register(field.name),)),
            (ir.Value, register(field.name)),
            (ir.Address, place(field.name)),
            *values,
        ]
        choices.append((tuple[ir.Operand, ...], (register(field.name), ir.Const(7, WORD))))
        members = {type, *getattr(type, "__args__", ())}
        given[field.name] = next((one for choice, one in choices if choice in members), field.name)
    return kind(**given)


class Cell(rseq.Record):
    value: i64


@rseq.sequence
def callee(cpu: Cell, n: u32) -> u32:
    return n


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_operation_declares_each_of_its_registers_and_places(kind: type[Any]) -> None:
    op = filled(kind)
    held = {field.name: getattr(op, field.name) for field in fields(op)}
    places = [one for one in held.values() if isinstance(one, ir.Address)]
    registers = {one.name for one in held.values() if isinstance(one, ir.Value)}
    registers |= {value.name for one in places for value in one.registers()}
    registers |= {
        one.name
        for parts in held.values()
        if isinstance(parts, tuple)
        for one in parts
        if one in {*op.used, *op.results}
    }
    assert list(op.places) == places
    assert {value.name for value in op.used} | {value.name for value in op.results} == registers
    assert not {value.name for value in op.used} & {value.name for value in op.results}
    assert set(op.used) <= set(op.operands)
    assert {op.reads, op.writes} - {None} <= set(places)
    assert ("label" in held) == (op.goes_to is not None)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_pseudo_code_of_an_operation_names_all_that_it_is_about(kind: type[Any]) -> None:
    op = filled(kind)
    text = str(op)
    named = [value.name for value in (*op.results, *op.used) if not value.name.endswith((" base", " index"))]
    unseen = {"missing"} if kind is ir.Call else set()
    assert [name for name in named if name not in text and name not in unseen] == []
    assert [str(one) for one in op.places if str(one) not in text] == []
    assert "None" not in text


def test_an_operation_gets_other_operands_and_another_result() -> None:
    a, b, c = map(register, "abc")
    op = ir.Arithmetic(a, "+", b, ir.Const(1, WORD), HERE)
    assert str(op.with_operands({"right": c})) == "a = b + c"
    assert str(op.into(c)) == "c = b + 1"
    assert (op.operands, op.used, op.results, op.result) == ((b, ir.Const(1, WORD)), (b,), (a,), a)


def test_what_is_no_register_is_no_operand() -> None:
    n = register("n")
    known = ir.Check(n, 4, "cpu.slots", "n", 0, HERE)
    unknown = ir.Check(n, register("length"), "data", "n", 0, HERE)
    assert (known.used, unknown.used) == ((n,), (n, register("length")))
    assert ir.Return(None, HERE).operands == ()
    assert str(ir.Return(None, HERE)) == "return"
    assert ir.Call(None, callee, (), HERE).results == ()


def test_what_is_marked_is_printed_with_its_mark() -> None:
    at, a = ir.Address(None, 0, None, 1, WORD, "cpu.n", False, 8), register("a")
    assert str(ir.Load(a, at, HERE, acquire=True)) == "a = cpu.n    # acquire"
    assert str(ir.Store(at, a, HERE, release=True)) == "cpu.n = a    # release"
    assert str(ir.Store(at, a, HERE, commit=True)) == "cpu.n = a    # commit"
    assert str(ir.AddStore(at, a, HERE, commit=True)) == "cpu.n += a    # commit"
    assert (ir.Store(at, a, HERE, commit=True).is_commit, ir.Store(at, a, HERE).is_commit) == (True, False)
    assert str(ir.Copy(at, at, a, 8, HERE)) == "copy a bytes, cpu.n to cpu.n"


def test_each_kind_of_operation_has_a_case_of_its_own_where_one_is_needed() -> None:
    control = {"label", "jump", "branchif", "return"}
    assert [kind.verb for kind in KINDS if not hasattr(BodyLowering, f"_{kind.verb}")] == []
    assert {kind.verb for kind in KINDS if not hasattr(_Frame, f"_{kind.verb}")} == control
    crossing = {"lanecount", "otherlane", "compareexchange", "barrier", "fence", "thread", "refuse"}
    routines = crossing | {"floatbits", "clockfrequency", "call"}
    lowered = {"cpunumber", "countbits", "return"}
    for architecture in map(arch.get, arch.names()):
        wide = {"clock"} if architecture.pointer_bytes < 8 else set()
        emitter = architecture.emitter(section(callee.body), "cpu_id")
        missing = {kind.verb for kind in KINDS if not hasattr(emitter, f"emit_{kind.verb}")}
        assert missing == routines | lowered | wide, architecture.name
