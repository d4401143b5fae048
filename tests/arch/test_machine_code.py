"""One meaning: machine code of each architecture, run by Unicorn or QEMU, does what the interpreter does.

A compiler for another architecture takes about half a second, so each test compiles all its functions at once.
"""

from __future__ import annotations

import importlib
import itertools
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import budgets
import rseq
from arch.counters import COUNTERS
from arch.machine_code import (
    COMPARISONS,
    FLOATS,
    OPERATORS,
    board_of,
    check_all,
    each_architecture,
    function,
    lane,
)
from emulator import AREA, AREA_OFFSET, NO_LANE, STACK, in_order, memory_of
from oracle import filled
from programs import Lane, compiled, edges
from qemu import QemuBoard
from rseq import i32, i64, prepared, u8
from rseq._arch.base import Architecture, IndexMode, WidthError
from rseq._language.types import SCALARS, Scalar

pytest.importorskip("unicorn")


pytest.importorskip("ziglang")


INTEGERS = [scalar for scalar in SCALARS.values() if scalar.is_integer]


def values(scalar: Scalar) -> list[Any]:
    """All of 8 bits, the edges of more."""
    if scalar.is_integer and scalar.bits == 8:
        return list(range(int(scalar.minimum), int(scalar.maximum) + 1))
    return edges(scalar)


def few(scalar: Scalar) -> list[Any]:
    """Edges, thinned where there are many."""
    return edges(scalar)[:: 2 if scalar.is_float else 1]


# Every operator at its edges


@pytest.mark.one_in(2)
@each_architecture
def test_integers_wrap_and_shifts_are_masked(architecture: Architecture) -> None:
    def pairs(scalar: Scalar) -> Iterator[tuple[Any, Any]]:
        counts = [number for number in (7, 8, 9, 31, 32, 63, 64, 65) if number <= scalar.maximum]
        return itertools.product(edges(scalar), [*edges(scalar), *counts])

    check_all(
        architecture,
        [
            (function(f", a: {scalar}, b: {scalar}", str(scalar), f"return a {sign} b"), lambda s=scalar: pairs(s))
            for scalar in INTEGERS
            for sign in OPERATORS
        ],
    )


@pytest.mark.one_in(2)
@each_architecture
def test_division_by_a_constant_floors(architecture: Architecture) -> None:
    cases = []
    for scalar in INTEGERS:
        known = {1, 2, 3, 7, 10, 64, 100, -1, -2, -3, -10, scalar.maximum, scalar.minimum, scalar.maximum // 2 + 1}
        for divisor in sorted(known - {0}):
            if scalar.minimum <= divisor <= scalar.maximum:
                body = f"cpu.c_{scalar} = a // {divisor}\nreturn a % {divisor}"
                arguments = [(number,) for number in values(scalar)]
                cases.append((function(f", a: {scalar}", str(scalar), body), lambda a=arguments: a))
    check_all(architecture, cases)


@each_architecture
def test_division_by_a_variable_floors_and_does_not_trap(architecture: Architecture) -> None:
    cases = []
    for scalar in INTEGERS:
        for divided, sign in itertools.product(("a", "100"), ("//", "%")):
            body = f"if b == 0:\n    return 7\nreturn {divided} {sign} b"
            pairs = list(itertools.product(edges(scalar), repeat=2))
            cases.append((function(f", a: {scalar}, b: {scalar}", str(scalar), body), lambda p=pairs: p))
    fitting = [code for code, _ in cases if code.body.result.bits <= 8 * architecture.pointer_bytes]
    assert budgets.narrow_enough(architecture, fitting) == fitting
    check_all(architecture, cases)


@each_architecture
def test_counting_bits_and_unary_operators(architecture: Architecture) -> None:
    cases = []
    for scalar in INTEGERS:
        names = ("rseq.ctz(a)", "rseq.clz(a)", "rseq.bits(a)", "-a", "~a")
        for name in names:
            arguments = [(number,) for number in values(scalar)]
            cases.append((function(f", a: {scalar}", str(scalar), f"return {name}"), lambda a=arguments: a))
    check_all(architecture, cases)


@pytest.mark.one_in(2)
@each_architecture
def test_float_arithmetic_is_rounded_once_and_never_raises(architecture: Architecture) -> None:
    check_all(
        architecture,
        [
            (
                function(f", a: {scalar}, b: {scalar}", str(scalar), f"return a {sign} b"),
                lambda s=scalar: itertools.product(edges(s), few(s)),
            )
            for scalar in FLOATS
            for sign in ("+", "-", "*", "/")
        ],
    )


@pytest.mark.one_in(2)
@each_architecture
def test_conversions_wrap_round_and_saturate(architecture: Architecture) -> None:
    cases = []
    for scalar, target in itertools.product(SCALARS.values(), SCALARS.values()):
        arguments = [(bool(n) if scalar.kind == "bool" else n,) for n in values(scalar)]
        cases.append((function(f", a: {scalar}", str(target), f"return {target}(a)"), lambda a=arguments: a))
    check_all(architecture, cases)


@pytest.mark.one_in(2)
@each_architecture
def test_comparisons_and_their_opposites_know_nan(architecture: Architecture) -> None:
    plain = [f"if a {sign} b:\n    r |= {1 << place}" for place, sign in enumerate(COMPARISONS)]
    negated = [f"if not (a {sign} b):\n    r |= {64 << place}" for place, sign in enumerate(COMPARISONS)]
    body = "\n".join(["r: i32 = 0", *plain, *negated, "return r"])
    check_all(
        architecture,
        [
            (
                function(f", a: {scalar}, b: {scalar}", "i32", body),
                lambda s=scalar: itertools.product(edges(s), few(s)),
            )
            for scalar in [*INTEGERS, *FLOATS]
        ],
    )


@pytest.mark.one_in(2)
@each_architecture
def test_constants_of_any_size_fit_every_instruction(architecture: Architecture) -> None:
    cases = []
    beyond = (2047, 2048, 2049, 4095, 4096, 0xFFF000, 0x1000000, 0xFF00FF00FF, 0x5555555555555555, 0x8000000080000000)
    for scalar in INTEGERS:
        near = {sign * number for number in beyond for sign in (1, -1)}
        for number in sorted({*edges(scalar), *(n for n in near if scalar.minimum <= n <= scalar.maximum)}):
            body = "\n".join(
                [
                    f"x = (({number} - a) ^ {number}) + {number}",
                    f"y = ((a - {number}) | {number}) & (a ^ {number}) & {number}",
                    f"cpu.p_{scalar} = {number}",
                    f"if a == {number} or x > {number} or {number} <= y:",
                    f"    cpu.c_{scalar} = {number}",
                    "    return x",
                    f"cpu.c_{scalar} += {number}",
                    f"return x * {number} + y",
                ]
            )
            arguments = [(argument,) for argument in edges(scalar)]
            cases.append((function(f", a: {scalar}", str(scalar), body), lambda a=arguments: a))
    check_all(architecture, cases)


@each_architecture
def test_float_constants_are_what_was_written(architecture: Architecture) -> None:
    numbers = [0.0, -0.0, 1.0, -1.5, 0.1, 5e-324, 1.7e308, 2.0**53 + 2]
    cases = [
        (function("", name, f"cpu.c_{name} = {name}({number})\nreturn {name}({number})"), lambda: [()])
        for number in numbers
        for name in ("f32", "f64")
    ]
    names = ["INF", "-INF", "NAN"]
    cases += [(function("", "f64", f"cpu.c_f64 = {name}\nreturn {name}"), lambda: [()]) for name in names]
    check_all(architecture, cases)


@pytest.mark.one_in(2)
@each_architecture
@pytest.mark.parametrize("release", [False, True])
def test_fields_and_elements_of_each_type_are_loaded_and_stored(architecture: Architecture, release: bool) -> None:
    cases = []
    for scalar in SCALARS.values():
        name = str(scalar)
        arguments = [(True,), (False,)] if name == "bool" else [(number,) for number in edges(scalar)]
        bodies = [f"old = cpu.c_{name}\ncpu.p_{name} = old\ncpu.c_{name} = a\nreturn old"]
        if name != "bool":
            bodies.append(f"cpu.c_{name} += a\nreturn a")
            bodies.append(f"old = cpu.a_{name}[1]\ncpu.a_{name}[0] = a\nreturn old")
        for body in bodies:
            code = function(f", a: {name}", name, body, release=release, acquire=release)
            cases.append((code, lambda a=arguments: a))
        if name != "bool":
            body = f"old = cpu.a_{name}[i]\ncpu.a_{name}[i] += a\nreturn old"
            code = function(f", a: {name}, i: u8", name, body, release=release, acquire=release)
            cases.append((code, lambda a=arguments: [(*one, i) for one in a[:3] for i in range(11)]))
    check_all(architecture, cases)


class Large(rseq.Record):
    """Fields that no displacement reaches; `across` works on either half."""

    first: i64
    bytes_: prepared[u8[40_001]]
    near: i64
    far: i64[70_000]
    last: i64
    near_i32: i32
    far_i32: i32[70_000]
    last_i32: i32


ACROSS = """
def f(cpu: Large, i: i64, n: i64) -> i64:
    cpu.bytes_[i] = u8(n)
    old = cpu.far[i] + cpu.near + cpu.last
    if n < 0:
        cpu.last += n
    elif n == 0:
        cpu.near = old
    else:
        cpu.far[i] = n
    return old
"""


@each_architecture
def test_offsets_may_be_larger_than_a_displacement(architecture: Architecture) -> None:
    """Everything that is far away, in memory that only an emulator gives a whole lane of."""
    narrow = re.sub(r"(near|far|last)", r"\1_i32", ACROSS.replace("i64", "i32"))
    text = ACROSS if budgets.widest(architecture) == "i64" else narrow
    board, (operation,) = board_of(architecture, [compiled(text, Large=Large)])
    memory = memory_of(Large, lanes=1, like=architecture)
    for index, n in itertools.product((0, 1, 39_999, 40_000, 40_001, 69_999, -1), (-3, 0, 7)):
        board.check(operation, memory, [index, n], cpu=0)


class Text(rseq.Record):
    """Room for copies."""

    there: u8[300]
    here: prepared[u8[300]]
    turn: i32


@each_architecture
def test_copies_of_any_length_are_exact(architecture: Architecture) -> None:
    shapes = [
        (nbytes, at, start) for nbytes in (0, 1, 3, 7, 8, 16, 63, 64, 65, 99, 255) for at, start in ((0, 0), (3, 8))
    ]
    texts = [
        f"def f(cpu: Text) -> None:\n    rseq.copy(cpu.here[{at}], cpu.there[{start}], {nbytes})\n    cpu.turn += 1\n"
        for nbytes, at, start in shapes
    ]
    board, operations = board_of(architecture, [compiled(text, Text=Text) for text in texts])
    for seed, operation in enumerate(operations):
        memory = memory_of(Text, like=architecture)
        for number, start in enumerate(memory.blocks):
            memory.blocks[start][:] = in_order(filled(seed + number, Text), architecture)
        board.check(operation, memory)


@each_architecture
def test_copies_of_a_length_in_a_register_are_exact(architecture: Architecture) -> None:
    body = "rseq.copy(cpu.here[2], cpu.there[at], n)"
    text = f"def f(cpu: Text, at: u64, n: u64) -> bool:\n    {body}\n    cpu.turn += 1\n    return True\n"
    code = compiled(text, Text=Text)
    if architecture.pointer_bytes < 8:
        with pytest.raises(WidthError):
            board_of(architecture, [code])
        return
    board, (operation,) = board_of(architecture, [code])
    memory = memory_of(Text, like=architecture)
    for at, nbytes in itertools.product((0, 1, 2, 8, 10), (*range(70), 255, 290, 298, 299)):
        memory.blocks[memory.base][:] = in_order(filled(nbytes, Text), architecture)
        board.check(operation, memory, [at, nbytes], cpu=0)


@rseq.sequence
def step(cpu: Text, n: i32, at: i64) -> i32:
    """What the routine below runs again and again."""
    cpu.here[at] = u8(n)
    turn = cpu.turn + n
    cpu.turn = turn
    return turn


@rseq.routine
def steps(cpu: Text, total: i64) -> i64:
    """Numbers of 64 bits around sections of 32."""
    done: i64 = 0
    last: i64 = 0
    while done < total:
        last += i64(step(cpu, i32(done), done)) << 30
        done += 1
    return last


@each_architecture
def test_routines_compute_in_64_bits_around_sections(architecture: Architecture) -> None:
    board, (operation,) = board_of(architecture, [steps])
    for total in (0, 1, 7, 299, 300, 301):
        board.check(operation, memory_of(Text, like=architecture), [total], cpu=0)


@each_architecture
def test_an_index_may_be_wider_than_a_register(architecture: Architecture) -> None:
    """It is checked before."""
    board, (operation,) = board_of(
        architecture, [function(", i: i64, n: i32", "i32", "old = cpu.a_i32[i]\ncpu.a_i32[i] = n\nreturn old")]
    )
    for index in (0, 3, 4, -1, 1 << 32, (1 << 32) + 1, -(1 << 63)):
        board.check(operation, lane(architecture), [index, 7])


# Where no lane is


@each_architecture
@pytest.mark.parametrize("index", ["cpu_id", "mm_cid"])
def test_without_a_lane_nothing_happens(architecture: Architecture, index: IndexMode) -> None:
    board, (operation,) = board_of(architecture, [function(", n: i32", "i32", "cpu.c_i32 += n\nreturn n")], index)
    for cpu in (-1, -2, 2, 3, 0x7FFFFFFF):
        memory = lane(architecture)
        before = memory.copy()
        assert board.call(operation, memory, [7], cpu) == NO_LANE
        assert memory.blocks == before.blocks


@each_architecture
def test_a_clock_never_goes_backwards(architecture: Architecture) -> None:
    body = "a = rseq.clock()\nb = rseq.clock()\ncpu.c_u64 = b\nreturn b - a"
    code = function("", "u64", body)
    if architecture.pointer_bytes < 8:
        with pytest.raises(
            WidthError, match=r"f\(\) cannot be made for \w+: clock\(\) is a u64, and registers have 32 bits"
        ):
            board_of(architecture, [code])
        return
    board, (operation,) = board_of(architecture, [code])
    if architecture.name in COUNTERS and architecture.emulator is not None:
        COUNTERS[architecture.name](board)
    memory = lane(architecture)
    assert 0 <= board.call(operation, memory, [], 0) < 1 << 32
    (later,) = np.frombuffer(memory.blocks[memory.base], Lane.dtype.newbyteorder(architecture.order))["c_u64"]
    assert later > 0


# As large as it gets


@pytest.mark.one_in(2)
@each_architecture
def test_the_longest_sections_reach_everything(architecture: Architecture) -> None:
    """Branches over the whole section, out to cold code beyond it, and literals there."""
    body = """
x = n
y: f64 = 1.0
if n == 7:
    return 1
for k in range(150):
    x = (x ^ cpu.a_i64[n & 3]) * n
    if x > n:
        x = x + (x >> 3)
    y = y * 0.1 + f64(x)
    if y > 1e300:
        return -1
cpu.c_i64 += x
return x
"""
    kind = budgets.widest(architecture)
    body = body.replace("i64", kind)
    codes = [function(f", n: {kind}", kind, text) for text in (body, *[body.replace("7", "8")] * 2)]
    board, operations = board_of(architecture, codes)
    assert len(board.program.blob.code) > 3 * 8192
    for operation in operations:
        for n in (0, 1, -5, 7, 8, 1 << 30):
            board.check(operation, lane(architecture), [n])


@each_architecture
def test_the_thread_pointer_is_what_the_processor_says(architecture: Architecture) -> None:
    """Its code is called as a C function; the result is in the register that returns the first integer."""
    board, _ = board_of(architecture, [function("", "None", "cpu.c_i8 = 1")])
    if isinstance(board, QemuBoard):
        board.engine.mem_write(STACK, architecture.thread_pointer)
        board.run(STACK)
        assert board.returned == AREA - AREA_OFFSET
        return
    assert architecture.emulator is not None
    names = importlib.import_module(f"unicorn.{architecture.emulator.module}")
    result = {
        "aarch64": "ARM64_REG_X0",
        "armv7l": "ARM_REG_R0",
        "ppc64le": "PPC_REG_3",
        "riscv64": "RISCV_REG_A0",
        "s390x": "S390X_REG_R2",
        "x86_64": "X86_REG_RAX",
    }[architecture.name]
    board.engine.mem_write(STACK, architecture.thread_pointer)
    board.engine.mem_write(
        AREA - AREA_OFFSET, (AREA - AREA_OFFSET).to_bytes(8, architecture.byteorder)
    )  # some keep it there, too
    board.run(STACK)
    assert board.engine.reg_read(getattr(names, f"UC_{result}")) == AREA - AREA_OFFSET


@each_architecture
def test_several_numbers_are_returned_at_once(architecture: Architecture) -> None:
    """Each in a register of its own; paths that commit, and one that does not, meet there."""
    kind = budgets.widest(architecture)
    several = f"tuple[{kind}, f32, bool, f64]"
    bodies = [
        (several, "return n, x, n > 3, f64(x) / 3.0"),
        (several, f"if n == 7:\n    return 1, 2.0, True, 0.5\ncpu.c_{kind} = n\nreturn 5, x, False, 1.0"),
        (f"{several} | None", f"if n == 7:\n    return None\ncpu.c_{kind} += n\nreturn n * 3, x, n < 0, 2.5"),
    ]
    codes = [function(f", n: {kind}, x: f32", result, body) for result, body in bodies]
    board, operations = board_of(architecture, codes)
    for operation in operations:
        for n, x in itertools.product([0, 3, 4, 7, -1, 1 << 30], [0.0, -1.5, 3e38]):
            board.check(operation, lane(architecture), [n, SCALARS["f32"].wrap(x)])


@each_architecture
def test_the_largest_sequences_are_compiled_and_right(architecture: Architecture) -> None:
    most = {kind: budgets.largest(architecture, kind=kind) for kind in ("f64", budgets.widest(architecture))}
    codes = [budgets.hungry(count, kind=kind) for kind, count in most.items()]
    board, operations = board_of(architecture, codes)
    for operation in operations:
        board.check(operation, lane(architecture, 3))
