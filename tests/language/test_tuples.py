"""Results of several numbers: each is what it is alone, from Python, in the interpreter, and on the spare lane."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

import rseq
from parsing import meaning, parsed
from programs import compiled, edges
from rseq import f32, f64, i8, i64, u64
from rseq._language.errors import CompileError
from rseq._language.interpret import Memory, run
from rseq._language.types import SCALARS, Numbers, resolve
from support import run_python


class Cell(rseq.Record):
    low: i64
    high: i64
    real: f64


@rseq.inline
def in_order(a: i64, b: i64) -> tuple[i64, i64]:
    if a > b:
        return b, a
    return a, b


@rseq.sequence
def mixed(cpu: Cell, n: i8, x: f32, flag: bool) -> tuple[i8, f32, bool, u64, f64]:
    cpu.low += i64(n)
    return n, x, not flag, u64(n), f64(x) / 2.0


@rseq.sequence
def swap(cpu: Cell, n: i64) -> tuple[i64, i64] | None:
    """A row of this CPU's own; None if there is nothing to swap."""
    old, high = cpu.low, cpu.high
    if n == high:
        return None
    old, high = high, old
    cpu.low = n
    return old, high


def test_annotations_of_several_numbers() -> None:
    assert resolve(tuple[i64, bool]) == Numbers((SCALARS["i64"], SCALARS["bool"]))
    assert resolve(tuple[i64, f64] | None) == Numbers((SCALARS["i64"], SCALARS["f64"]), maybe=True)
    for other in (tuple[i64], tuple[()], tuple[i64, ...], tuple[i64, str], tuple[i64, i64] | f64, list[i64]):
        assert resolve(other) is None, other


def test_each_number_is_what_it_is_alone() -> None:
    bound = mixed.bind(rseq.percpu(Cell))
    for n, x, flag in itertools.product(edges(SCALARS["i8"]), [0.0, -1.5, 3.4e38], [True, False]):
        given = (n, SCALARS["f32"].wrap(x), flag)
        wanted = run(mixed.body, Memory.of(Cell), given)
        got: Any = bound(*given)
        assert got == wanted
        assert [type(one) for one in got] == [int, float, bool, int, float]


def test_several_numbers_or_none() -> None:
    bound = swap.bind(rseq.percpu(Cell))
    assert bound(0) is None
    assert run(swap.body, Memory.of(Cell), [0]) is None
    memory = Memory.of(Cell)
    assert run(swap.body, memory, [4]) == (0, 0)
    assert run(swap.body, memory, [5]) == (0, 4)


def test_names_change_places() -> None:
    body = "a, b, c = n, m, n + m\na, b = b, a\na, b, c = c, a, b\nreturn a, b, c"
    code = parsed("n: i64, m: i64", body, "tuple[i64, i64, i64]")
    assert run(code.body, Memory.of(code.body.record), [3, 5]) == (8, 5, 3)


def test_a_routine_goes_on_with_what_several_calls_came_to() -> None:
    step = parsed("n: i64", "count = cpu.count\ncpu.count = count + n\nreturn count, n * 2", "tuple[i64, i64]")
    body = """
    most = 0
    while n > 0:
        n -= 1
        before, double = step(cpu, n)
        order = in_order(before, double)
        low, high = order
        most = most * 3 + high - low
    return most, n
    """
    code = compiled(
        f"def f(cpu: Items, n: i64) -> tuple[i64, i64]:{body}",
        rseq.routine,
        Items=step.body.record,
        step=step,
        in_order=in_order,
    )
    memory, count, expected = Memory.of(step.body.record), 0, 0
    for n in reversed(range(7)):
        expected, count = expected * 3 + abs(count - 2 * n), count + n
    assert run(code.body, memory, [7]) == (expected, 0)
    assert code.bind(rseq.percpu(step.body.record))(7)[1] == 0


def test_inline_functions_give_python_a_tuple() -> None:
    assert in_order(7, 3) == (3, 7)
    assert in_order(3, 7) == (3, 7)


def test_the_pseudo_code_says_what_is_returned() -> None:
    code = parsed("n: i64", "return n, 2.0", "tuple[i64, f64]")
    assert str(code.body).startswith("f(cpu: Items, n: i64) -> tuple[i64, f64]:")
    assert meaning(code) == ["    return n, 2.0"]


def test_several_results_stay_in_registers_over_a_commit() -> None:
    """Also where paths that commit meet: the section has one end."""
    body = "n = cpu.count\nif n > 5:\n    cpu.count = 0\n    return n, 1.5\ncpu.count = n + 1\nreturn 7, f64(n)"
    code = parsed("", body, "tuple[i64, f64]")
    memory = Memory.of(code.body.record)
    bound = code.bind(rseq.percpu(code.body.record))
    assert run(code.body, memory) == (7, 0.0)
    assert bound() == (7, 0.0)


REFUSED = [
    ("return n", "tuple[i64, i64]", "n is one number; expected 2"),
    ("return n, n, n", "tuple[i64, i64]", "is 3 numbers; expected 2"),
    ("return n, 0.5", "tuple[i64, i64]", "expected i64, got 0.5"),
    ("return n, n", "i64", "a tuple is not in the language"),
    ("return None", "tuple[i64, i64]", "expected i64, got nothing to return"),
    ("pass", "tuple[i64, i64]", r"f\(\) may end without returning its i64"),
    ("a, b = in_order(n, n), n\nreturn n, n", "tuple[i64, i64]", "is 2 numbers"),
    ("x = in_order(n, n) + 1\nreturn n, n", "tuple[i64, i64]", "is 2 numbers"),
    ("cpu.count, a = n, n\nreturn n, n", "tuple[i64, i64]", "cannot assign to"),
    ("return n, p", "tuple[i64, ptr[Node]]", "the result is"),
]


@pytest.mark.parametrize(("body", "result", "message"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_not_as_many_numbers_is_refused(body: str, result: str, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        parsed("n: i64, p: ptr[Node]", body, result, in_order=in_order)


def test_what_returns_several_numbers_is_kept_for_the_next_process(tmp_path: Any) -> None:
    lines = [
        "import rseq",
        "from rseq import f64, i64",
        "class Cell(rseq.Record):",
        "    value: i64",
        "@rseq.sequence",
        "def both(cpu: Cell, n: i64) -> tuple[i64, f64] | None:",
        "    return n, f64(n) / 2.0",
        "@rseq.sequence",
        "def flag(cpu: Cell) -> bool | None:",
        "    return True",
        "print(both.bind(rseq.percpu(Cell))(3), flag.bind(rseq.percpu(Cell))())",
        "import sys",
        "print('llvmlite' in sys.modules)",
    ]
    (tmp_path / "several.py").write_text("\n".join(lines))
    environment = {"RSEQ_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path)}
    outputs = [run_python("import several", env=environment).stdout for _ in range(2)]
    assert outputs == ["(3, 1.5) True\nTrue\n", "(3, 1.5) True\nFalse\n"]
