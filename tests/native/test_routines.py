"""Routines: loops, calls, ways out, and that machine code and interpreter agree on them."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import programs
import rseq
from oracle import Bench, filled, only_spare
from programs import Lane, Node, compiled
from rseq import f64, i64, ptr, u8
from rseq._language.types import Scalar

pytestmark = [pytest.mark.needs_rseq, pytest.mark.usefixtures("cpu")]


@rseq.sequence
def step(cpu: Lane, n: i64 = 1) -> i64:
    old = cpu.c_i64
    cpu.c_i64 = old + n
    return old


@rseq.sequence
def tally(cpu: Lane, index: i64) -> None:
    cpu.a_i64[index] += 1


@rseq.sequence
def tally_twice(cpu: Lane, index: i64) -> i64:
    at = index * 2
    cpu.a_i64[at] += 1
    return at


@rseq.sequence
def push(cpu: Lane, x: f64) -> bool:
    n = cpu.c_u8
    if n >= 7:
        return False
    cpu.q_f64[n] = x
    cpu.c_u8 = n + 1
    return True


@rseq.sequence
def where(cpu: Lane) -> u8:
    return u8(rseq.cpu_number())


NAMES = {"step": step, "tally": tally, "tally_twice": tally_twice, "push": push, "where": where}


def routine(text: str, **names: Any) -> Any:
    return compiled(text, rseq.routine, **NAMES, **names)


def test_a_loop_calls_until_there_is_no_room(cpu: int) -> None:
    text = """
def f(cpu: Lane, x: f64, n: i64) -> i64:
    done = 0
    while done < n:
        if not push(cpu, x):
            return -done
        done += 1
    return done
"""
    bench = Bench(routine(text), cpu)
    assert [bench.check(1.5, 5), bench.check(float("nan"), 5), bench.check(2.5, 5)] == [5, -2, 0]


def test_an_endless_loop_is_left_by_break_and_by_return(cpu: int) -> None:
    text = """
def f(cpu: Lane, limit: i64) -> i64:
    while True:
        old = step(cpu)
        if old > limit:
            break
        if old == 3:
            return -1
    while True:
        if step(cpu, -2) < 1:
            return old
"""
    bench = Bench(routine(text), cpu)
    assert [bench.check(limit) for limit in (1, 9, 0)] == [2, -1, 4]
    assert bench.lanes[0][0]["c_i64"] == bench.lanes[1][0]["c_i64"]


@pytest.mark.parametrize(("kind", "bits"), [("f64", "u64"), ("f32", "u32")])
def test_the_bits_of_floats(cpu: int, kind: str, bits: str) -> None:
    bench = Bench(routine(f"def f(cpu: Lane, x: {kind}) -> {bits}:\n    return rseq.float_bits(x)\n"), cpu)
    width, code = int(bits[1:]), {"f64": "d", "f32": "f"}[kind]
    for number in (0.0, -0.0, 1.0, -1.5, 5e-324, 1e-45, float("inf"), float("-inf"), float("nan")):
        expected = int.from_bytes(struct.pack("<" + code, number), "little")
        assert bench.check(number) == expected < 1 << width


def test_the_bits_of_a_constant_are_a_constant(cpu: int) -> None:
    text = "def f(cpu: Lane) -> u64:\n    return rseq.float_bits(1.5) + u64(rseq.float_bits(f32(-0.0)))\n"
    assert Bench(routine(text), cpu).check() == (0x3FF8 << 48) + (1 << 31)


def test_the_bits_of_what_is_no_float_are_refused() -> None:
    with pytest.raises(rseq.CompileError, match=r"float_bits\(\) takes a float; got i64"):
        routine("def f(cpu: Lane, x: i64) -> u64:\n    return rseq.float_bits(x)\n")
    with pytest.raises(rseq.CompileError, match=r"float_bits\(\) is an operation of routines"):
        compiled("def f(cpu: Lane, x: f64) -> u64:\n    return rseq.float_bits(x)\n", rseq.sequence)
    with pytest.raises(TypeError, match=r"^rseq\.float_bits\(\) is an operation of sequences and routines; it is not"):
        rseq.float_bits(1.5)


def test_loops_in_loops_keep_their_own_counts(cpu: int) -> None:
    text = """
def f(cpu: Lane, n: i64, m: i64) -> i64:
    total = 0
    i = 0
    while i < n:
        j = 0
        while j < m:
            if j == 3:
                break
            total += step(cpu, i * 10 + j)
            j += 1
        i += 1
    return total
"""
    bench = Bench(routine(text), cpu)
    for n in (-1, 0, 1, 3):
        for m in (0, 1, 5):
            bench.check(n, m)


@pytest.mark.parametrize("index", [-1, 0, 2, 3, 5, 6, 1 << 62])
def test_an_index_error_in_a_sequence_ends_the_routine_after_what_was_done(cpu: int, index: int) -> None:
    text = """
def f(cpu: Lane, index: i64) -> i64:
    step(cpu, 5)
    tally(cpu, index)
    step(cpu, 6)
    at = tally_twice(cpu, index)
    step(cpu, 7)
    return at
"""
    bench = Bench(routine(text), cpu)
    answer = bench.check(index)
    assert ("IndexError" in str(answer)) == (not 0 <= index < 3)
    assert bench.lanes[0][0]["c_i64"] == (18 if 0 <= index < 3 else 11 if 3 <= index < 6 else 5)


def test_an_index_error_names_the_sequences_index_and_the_routine() -> None:
    text = "def f(cpu: Lane, n: i64) -> None:\n    tally(cpu, n)\n"
    bound = routine(text).bind(rseq.percpu(Lane), title="Owner.method")
    with pytest.raises(IndexError) as caught:
        bound(6)
    assert str(caught.value) == "Owner.method(): index is out of range for cpu.a_i64, which has 6 elements"


def test_routines_call_routines(cpu: int) -> None:
    twice = compiled(
        "def f(cpu: Lane, n: i64) -> i64:\n    step(cpu, n)\n    return step(cpu, n)\n", rseq.routine, **NAMES
    )
    text = """
def f(cpu: Lane, n: i64) -> i64:
    a = twice(cpu, n)
    tally(cpu, n)
    b = twice(cpu, a)
    return a * 1000 + b
"""
    bench = Bench(routine(text, twice=twice), cpu)
    for n in (1, 5, 6, -1):
        bench.check(n)


def test_a_sequence_is_called_in_several_places_with_several_results(cpu: int) -> None:
    text = """
def f(cpu: Lane, x: f64) -> i64:
    if push(cpu, x) and push(cpu, -x) or push(cpu, x * 2):
        return step(cpu) + step(cpu, 10) * step(cpu, 100)
    return i64(where(cpu))
"""
    bench = Bench(routine(text), cpu)
    for _ in range(6):
        bench.check(0.5)
    assert bench.check(0.5) == cpu


def test_rows_are_ordinary_memory_in_a_routine(cpu: int) -> None:
    rows = rseq.array(Node, 3)
    text = """
def f(cpu: Lane, row: ptr[Node], n: i64) -> i64:
    row.written += 3
    row.written_float = row.written_float * 2.0 + f64(n)
    row.read += step(cpu, n)
    row.read_small += 1
    return row.read
"""
    bench = Bench(routine(text), cpu, rows)
    for n in range(5):
        bench.check(rows[n % 3], n)


def test_a_routine_returns_a_row_or_none(cpu: int) -> None:
    rows = rseq.array(Node, 3)

    @rseq.sequence
    def swap(cpu: Lane, row: ptr[Node]) -> ptr[Node]:
        old = cpu.head
        cpu.head = row
        return old

    text = """
def f(cpu: Lane, row: ptr[Node]) -> ptr[Node]:
    old = swap(cpu, row)
    swap(cpu, None)
    return old
"""
    bench = Bench(routine(text, swap=swap, ptr=ptr), cpu, rows)
    assert bench.check(rows[1]) is None
    assert swap.bind(rseq.percpu(Lane), rows)(rows[0]) is None
    assert bench.check(rows[2]) is None


def test_a_routine_runs_wholly_on_the_spare_lane_where_no_cpu_has_one() -> None:
    storage = only_spare(Lane)
    bound = routine("def f(cpu: Lane) -> u8:\n    step(cpu, 7)\n    step(cpu, 8)\n    return where(cpu)\n").bind(
        storage
    )
    assert bound() == 0
    assert list(storage.per_cpu()["c_i64"]) == [15]


# Random routines


class RoutineWriter(programs.Writer):
    """Routines that compute with locals and call the sequences above."""

    def program(self) -> str:
        types = [self.pick(["i64", "f64", "u8", "bool"]) for _ in range(self.up_to(3))]
        self.locals = {f"n{index}": type for index, type in enumerate(types)}
        self.assignable = set(self.locals)
        self.result = self.pick([None, "i64", "f64", "u8", "bool"])
        self.has_row = self.may_load = False
        given = "".join(f", {name}: {type}" for name, type in self.locals.items())
        self.write(0, f"def f(cpu: Lane{given}) -> {self.result}:")
        for _ in range(1 + self.up_to(4)):
            self.statement(1, 3)
        self.write(1, "return" if self.result is None else f"return {self.expression(self.result, 2)}")
        return "\n".join([*self.lines, ""])

    def statement(self, depth: int, nesting: int) -> None:
        kinds = [self.local, self.assign, self.call, self.call]
        kinds += [self.branch, self.loop, self.repeat, self.give_back_if] if nesting else []
        kind = self.pick(kinds)
        kind(depth, nesting)

    def call(self, depth: int, nesting: int) -> None:
        name, argument, result = self.pick(
            [
                ("step", "i64", "i64"),
                ("tally", "i64", None),
                ("tally_twice", "i64", "i64"),
                ("push", "f64", "bool"),
                ("where", None, "u8"),
            ]
        )
        given = "" if argument is None else f", {self.expression(argument, 1)}"
        if name.startswith("tally") and not self.chance(4):
            given = f"{given} & 1"
        self.serial += 1
        kept = result is not None and self.chance(2)
        self.write(depth, (f"v{self.serial} = " if kept else "") + f"{name}(cpu{given})")
        if kept and result is not None:
            self.locals[f"v{self.serial}"] = result
            self.assignable.add(f"v{self.serial}")

    def repeat(self, depth: int, nesting: int) -> None:
        self.serial += 1
        name, before, assignable = f"w{self.serial}", dict(self.locals), set(self.assignable)
        self.write(depth, f"{name} = 0")
        self.locals[name] = "i64"
        before[name] = "i64"
        condition = f" and {self.expression('bool', 1)}" if self.chance(3) else ""
        self.write(depth, f"while {name} < {self.up_to(4)}{condition}:")
        self.write(depth + 1, f"{name} += 1")
        if self.chance(3):
            self.write(depth + 1, f"if {self.expression('bool', 1)}:")
            self.write(depth + 2, "break")
        self.statement(depth + 1, nesting - 1)
        self.locals, self.assignable = before, assignable

    def give_back_if(self, depth: int, nesting: int) -> None:
        self.write(depth, f"if {self.expression('bool', 1)}:")
        self.write(depth + 1, "return" if self.result is None else f"return {self.expression(self.result, 1)}")


@st.composite
def program(draw: Any) -> str:
    return RoutineWriter(draw).program()


def agree(text: str, data: st.DataObject, cpu: int) -> None:
    code = routine(text)
    bench = Bench(code, cpu)
    record = filled(data.draw(st.integers(0, 9999)), Lane)
    record["c_u8"] = data.draw(st.integers(0, 8))
    bench.fill(record)
    scalars = [value.type for value in code.body.parameters if isinstance(value.type, Scalar)]
    for _ in range(4):
        bench.check(*data.draw(st.tuples(*(programs.numbers(scalar) for scalar in scalars))))


QUICK = settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@given(program(), st.data())
@QUICK
def test_random_routines_mean_the_same_everywhere(cpu: int, text: str, data: st.DataObject) -> None:
    agree(text, data, cpu)


@pytest.mark.slow
@given(program(), st.data())
@settings(QUICK, max_examples=300, derandomize=False, print_blob=True)
def test_many_random_routines_mean_the_same_everywhere(cpu: int, text: str, data: st.DataObject) -> None:
    agree(text, data, cpu)


class _Log(rseq.Record):
    calls: i64


class _Table(rseq.Record):
    cells: i64[8]
    n: i64


@rseq.sequence
def _note(cpu: _Log, digit: i64) -> i64:
    calls = cpu.calls * 10 + digit
    cpu.calls = calls
    return digit


@rseq.sequence
def _noted(cpu: _Log) -> i64:
    return cpu.calls


@rseq.inline
def _bump(row: ptr[_Table]) -> i64:
    row.n += 1
    return row.n


@rseq.routine
def _two_calls(cpu: _Log, row: ptr[_Table]) -> i64:
    row.cells[_note(cpu, 1)] = _note(cpu, 2)
    return _noted(cpu)


@rseq.routine
def _index_after_value(cpu: _Log, row: ptr[_Table]) -> i64:
    row.cells[row.n] = _bump(row)
    return row.cells[0] * 10 + row.cells[1]


@rseq.routine
def _value_before_index(cpu: _Log, row: ptr[_Table]) -> i64:
    row.cells[_bump(row)] = row.n
    return row.cells[1]


@rseq.routine
def _place_before_value(cpu: _Log, row: ptr[_Table]) -> i64:
    row.cells[_note(cpu, 1)] += _note(cpu, 2)
    row.n += _bump(row)
    return _noted(cpu) * 10 + row.n


@pytest.mark.needs_rseq
@pytest.mark.parametrize(
    ("code", "result"),
    [(_two_calls, 21), (_index_after_value, 1), (_value_before_index, 0), (_place_before_value, 121)],
)
def test_an_assignment_computes_its_parts_in_the_order_of_python(code: Any, result: int) -> None:
    tables = rseq.array(_Table, 1)
    tables.values["cells"] = 0
    bound = code.bind(rseq.percpu(_Log), tables)
    assert bound(tables[0]) == result
