"""Each statement and expression that the language accepts, as the IR that it becomes; signatures; what is refused."""

from __future__ import annotations

import ast
import datetime
import enum
import functools
import math
import textwrap
from typing import Any

import numpy as np
import pytest

import rseq
from programs import compiled
from rseq import f32, f64, i32, i64, prepared, ptr, u8, u64
from rseq._language import ir
from rseq._language.errors import CompileError
from rseq._language.parser.arithmetic import OPERATORS
from rseq._language.parser.conditions import COMPARISONS
from rseq._language.parser.parse import EXPRESSIONS
from rseq._language.parser.refused import instead_of
from rseq._language.parser.statements import STATEMENTS
from rseq._language.types import SCALARS


class Node(rseq.Record):
    value: i64
    next: i64


class Items(rseq.Record):
    count: i64
    small: i32
    wide: u64
    byte: u8
    average: f64
    single: f32
    full: bool
    counts: i64[8]
    head: ptr[Node]
    slots: prepared[i32[4]]
    latest: prepared[i64]


class Colour(enum.IntEnum):
    RED = 7


NAMES = {"Items": Items, "Node": Node, "LIMIT": 100, "datetime": datetime, "Colour": Colour}

ACCEPTED = [
    (
        "",
        "pass",
        """
        return
        """,
    ),
    (
        "",
        '"""Only a docstring."""',
        """
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count = n",
        """
        cpu.count = n
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count += n",
        """
        cpu.count += n
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count -= n",
        """
        %1 = cpu.count
        %2 = %1 - n
        cpu.count = %2
        return
        """,
    ),
    (
        "x: f64",
        "cpu.average += x",
        """
        %1 = cpu.average
        %2 = %1 + x
        cpu.average = %2
        return
        """,
    ),
    (
        "",
        "cpu.count = 7",
        """
        cpu.count = 7
        return
        """,
    ),
    (
        "",
        "cpu.counts[3] = -1",
        """
        cpu.counts[3] = -1
        return
        """,
    ),
    (
        "i: i64",
        "cpu.counts[i] += 1",
        """
        check i < 8, or IndexError    # before the section
        cpu.counts[i] += 1
        return
        """,
    ),
    (
        "i: u8",
        "cpu.latest = cpu.counts[i]",
        """
        check i < 8, or IndexError    # before the section
        %1 = cpu.counts[i]
        cpu.latest = %1
        return
        """,
    ),
    (
        "n: i64",
        "a = n\ncpu.count = a",
        """
        cpu.count = n
        return
        """,
    ),
    (
        "n: i64",
        "a = n + 1\na = a * 2\ncpu.count = a",
        """
        %1 = n + 1
        a = %1
        %2 = a * 2
        a = %2
        cpu.count = a
        return
        """,
    ),
    (
        "n: i64",
        "n += 1\ncpu.count = n",
        """
        n' = n
        %1 = n' + 1
        n' = %1
        cpu.count = n'
        return
        """,
    ),
    (
        "s: i32",
        "a: i64 = s\ncpu.count = a",
        """
        %1 = i64(s)
        a = %1
        cpu.count = a
        return
        """,
    ),
    (
        "s: i32",
        "cpu.count = s",
        """
        %1 = i64(s)
        cpu.count = %1
        return
        """,
    ),
    (
        "n: i64",
        "cpu.small = i32(n)",
        """
        %1 = i32(n)
        cpu.small = %1
        return
        """,
    ),
    (
        "n: i64, s: i32",
        "cpu.count = n + s",
        """
        %1 = i64(s)
        %2 = n + %1
        cpu.count = %2
        return
        """,
    ),
    (
        "x: f64",
        "cpu.count = i64(x)",
        """
        %1 = i64(x)
        cpu.count = %1
        return
        """,
    ),
    (
        "n: i64",
        "cpu.average = f64(n) / 2",
        """
        %1 = f64(n)
        %2 = %1 / 2.0
        cpu.average = %2
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count = -n",
        """
        %1 = 0 - n
        cpu.count = %1
        return
        """,
    ),
    (
        "x: f64",
        "cpu.average = -x",
        """
        %1 = x * -1.0
        cpu.average = %1
        return
        """,
    ),
    (
        "b: u8",
        "cpu.byte = ~b",
        """
        %1 = b ^ 255
        cpu.byte = %1
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count = n & 1 | n ^ 2",
        """
        %1 = n & 1
        %2 = n ^ 2
        %3 = %1 | %2
        cpu.count = %3
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count = (n << 3) >> 1",
        """
        %1 = n << 3
        %2 = %1 >> 1
        cpu.count = %2
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count = n // 10 + n % 10",
        """
        %1 = n // 10
        %2 = n % 10
        %3 = %1 + %2
        cpu.count = %3
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count = +n",
        """
        cpu.count = n
        return
        """,
    ),
    (
        "",
        "cpu.count = (1 << 40) - 2 * 3 // 2",
        """
        cpu.count = 1099511627773
        return
        """,
    ),
    (
        "n: i64",
        "cpu.full = n == 1",
        """
        %1 = False
        if n != 1 goto known2
        %1 = True
      known2:
        cpu.full = %1
        return
        """,
    ),
    (
        "n: i64",
        "cpu.full = not n == 1",
        """
        %1 = False
        if n == 1 goto known2
        %1 = True
      known2:
        cpu.full = %1
        return
        """,
    ),
    (
        "n: i64",
        "cpu.full = bool(n)",
        """
        %1 = False
        if n == 0 goto known2
        %1 = True
      known2:
        cpu.full = %1
        return
        """,
    ),
    (
        "n: i64",
        "if n:\n    cpu.count = 1",
        """
        if n == 0 goto else1
        cpu.count = 1
      else1:
        return
        """,
    ),
    (
        "n: i64",
        "if n < 0:\n    cpu.count = 1\nelif n == 0:\n    cpu.count = 2\nelse:\n    cpu.count = 3",
        """
        if n >= 0 goto else1
        cpu.count = 1
        goto endif2
      else1:
        if n != 0 goto else4
        cpu.count = 2
        goto endif5
      else4:
        cpu.count = 3
      endif5:
      endif2:
        return
        """,
    ),
    (
        "n: i64",
        "if 0 <= n < 8:\n    cpu.count = n",
        """
        if 0 > n goto else1
        if n >= 8 goto else1
        cpu.count = n
      else1:
        return
        """,
    ),
    (
        "n: i64, k: bool",
        "if n == 1 and k or n == 2:\n    cpu.count = n",
        """
        if n != 1 goto decided4
        if k != False goto decided3
      decided4:
        if n != 2 goto else1
      decided3:
        cpu.count = n
      else1:
        return
        """,
    ),
    (
        "x: f64",
        "if x < 1.0:\n    cpu.average = x",
        """
        if x < 1.0 goto holds4
        goto else1
      holds4:
        cpu.average = x
      else1:
        return
        """,
    ),
    (
        "x: f64",
        "if not x < 1.0:\n    cpu.average = x",
        """
        if x < 1.0 goto else1
        cpu.average = x
      else1:
        return
        """,
    ),
    (
        "n: i64, k: bool",
        "cpu.count = n if k else 0",
        """
        if k == False goto else1
        %3 = n
        goto chosen2
      else1:
        %3 = 0
      chosen2:
        cpu.count = %3
        return
        """,
    ),
    (
        "n: i64",
        "if n:\n    return\ncpu.count = 1",
        """
        if n == 0 goto else1
        return
      else1:
        cpu.count = 1
        return
        """,
    ),
    (
        "",
        "if True:\n    cpu.count = 1",
        """
        cpu.count = 1
        return
        """,
    ),
    (
        "",
        "if False:\n    cpu.count = 1",
        """
        goto else1
      else1:
        return
        """,
    ),
    (
        "n: i64",
        "for i in range(3):\n    n += i\ncpu.count = n",
        """
        n' = n
        %2 = n' + 0
        n' = %2
        %3 = n' + 1
        n' = %3
        %4 = n' + 2
        n' = %4
        cpu.count = n'
        return
        """,
    ),
    (
        "n: i64",
        "for i in range(6, 0, -2):\n    if n == i:\n        break\n    n += 1\ncpu.count = n",
        """
        n' = n
        if n' != 6 goto else2
        goto done1
      else2:
        %5 = n' + 1
        n' = %5
        if n' != 4 goto else6
        goto done1
      else6:
        %9 = n' + 1
        n' = %9
        if n' != 2 goto else10
        goto done1
      else10:
        %13 = n' + 1
        n' = %13
      done1:
        cpu.count = n'
        return
        """,
    ),
    (
        "p: ptr[Node]",
        "if p is not None:\n    p.value = 1\ncpu.head = p",
        """
        if p == None goto else1
        p.value = 1
      else1:
        cpu.head = p
        return
        """,
    ),
    (
        "p: ptr[Node]",
        "if cpu.head == p:\n    cpu.head = None",
        """
        %4 = cpu.head
        if %4 != p goto else1
        cpu.head = None
      else1:
        return
        """,
    ),
    (
        "",
        "h = cpu.head\nif h is None:\n    return\nh.value += 1",
        """
        h = cpu.head
        if h != None goto else1
        return
      else1:
        h.value += 1
        return
        """,
    ),
    (
        "",
        "cpu.small = rseq.cpu_number()",
        """
        %1 = cpu_number()
        cpu.small = %1
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count = n + LIMIT + datetime.MAXYEAR",
        """
        %1 = n + 100
        %2 = %1 + 9999
        cpu.count = %2
        return
        """,
    ),
    (
        "n: i64",
        "cpu.count = 1\nreturn\ncpu.count = 2",
        """
        cpu.count = 1
        return
        """,
    ),
]


def parsed(parameters: str, body: str, result: str = "None", decorator: Any = rseq.sequence, **names: Any) -> Any:
    given = f", {parameters}" if parameters else ""
    text = f"def f(cpu: Items{given}) -> {result}:\n{textwrap.indent(body, '    ')}\n"
    return compiled(text, decorator, **NAMES, **names)


def meaning(code: Any) -> list[str]:
    return str(code.body).splitlines()[1:]


@pytest.mark.parametrize(("parameters", "body", "expected"), ACCEPTED, ids=[body for _, body, _ in ACCEPTED])
def test_an_accepted_statement_becomes_this(parameters: str, body: str, expected: str) -> None:
    assert meaning(parsed(parameters, body)) == [line[4:] for line in expected.splitlines()[1:-1]]


def test_a_routine_loops_calls_and_reads_rows() -> None:
    add = parsed("n: i64", "cpu.count += n\nreturn n", "i64")
    body = """
total = 0
while total < n:
    got = add(cpu, n)
    if got == 3:
        break
    total += got
p.value = total
return total"""
    code = parsed("p: ptr[Node], n: i64", body, "i64", rseq.routine, add=add)
    assert meaning(code) == [
        "    total = 0",
        "  again1:",
        "    if total >= n goto done2",
        "    %4 = f(cpu, n)",
        "    got = %4",
        "    if got != 3 goto else5",
        "    goto done2",
        "  else5:",
        "    %8 = total + got",
        "    total = %8",
        "    goto again1",
        "  done2:",
        "    p.value = total",
        "    return total",
    ]


def test_an_endless_loop_needs_no_return_after_it() -> None:
    code = parsed("n: i64", "while True:\n    n += 1\n    if n > 9:\n        return n", "i64", rseq.routine)
    assert meaning(code)[-1] == "    goto again1"


def test_what_all_breaks_have_assigned_is_known_after_the_loop() -> None:
    body = "while True:\n    x = n + 1\n    if x > 3:\n        break\nreturn x"
    assert meaning(parsed("n: i64", body, "i64", rseq.routine))[-1] == "    return x"


def test_a_call_in_bool_happens_once() -> None:
    add = parsed("n: i64", "cpu.count += n\nreturn n", "i64")
    code = parsed("n: i64", "if bool(add(cpu, n)):\n    return 1\nreturn 0", "i64", rseq.routine, add=add)
    assert str(code.body).count("f(cpu, n)") == 1


def test_missing_arguments_of_a_call_are_its_defaults() -> None:
    add = parsed("n: i64, m: i64 = 5", "cpu.count += n * m")
    assert "    f(cpu, 1, 5)" in meaning(parsed("", "add(cpu, 1)", "None", rseq.routine, add=add))


def test_the_head_shows_the_signature() -> None:
    head = str(parsed("p: ptr[Node], x: f32 = 0.5", "return x", "f32").body).splitlines()[0]
    assert head == "f(cpu: Items, p: ptr[Node], x: f32) -> f32:"


def test_constants_are_taken_when_the_function_is_compiled() -> None:
    assert "    cpu.count = 3" in meaning(parsed("", "cpu.count = LIMIT_NOW", LIMIT_NOW=Colour(7) - 4))
    assert "    cpu.count = 7" in meaning(parsed("", "cpu.count = RED", RED=Colour.RED))


@pytest.mark.parametrize(
    ("type", "default", "number"),
    [
        ("i64", "-1", -1),
        ("u8", "255", 255),
        ("bool", "True", 1),
        ("f64", "1", 1.0),
        ("f32", "0.1", 0.10000000149011612),
        ("f64", "INF", float("inf")),
    ],
)
def test_defaults_are_numbers_of_their_type(type: str, default: str, number: float) -> None:
    kept = parsed(f"n: {type} = {default}", "pass").body.defaults["n"]
    assert kept == number
    assert isinstance(kept, float) == type.startswith("f")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("def f() -> None: pass", "the first parameter of a sequence is this CPU's record"),
        ("def f(cpu) -> None: pass", "the first parameter of a sequence is this CPU's record"),
        ("def f(cpu: rseq.Record) -> None: pass", "the first parameter of a sequence is this CPU's record"),
        ("def f(cpu: Items, n) -> None: pass", "parameter 'n' has no type"),
        ("def f(cpu: Items, n: int) -> None: pass", "parameter 'n' is <class 'int'>; expected a number"),
        ("def f(cpu: Items, n: i64[4]) -> None: pass", "parameter 'n' is i64[4]; expected a number"),
        ("def f(cpu: Items, n: prepared[i64]) -> None: pass", "parameter 'n' is prepared[i64]; expected"),
        ("def f(cpu: Items, *n: i64) -> None: pass", "* and ** parameters are not in the language"),
        ("def f(cpu: Items, *, n: i64) -> None: pass", "* and ** parameters are not in the language"),
        ("def f(cpu: Items, **n: i64) -> None: pass", "* and ** parameters are not in the language"),
        ("def f(cpu: Items) -> int: pass", "the result is <class 'int'>; expected a number"),
        ("def f(cpu: Items, n: u8 = 256) -> None: pass", "the default 256 of 'n' is no u8"),
        ("def f(cpu: Items, n: u8 = -1) -> None: pass", "the default -1 of 'n' is no u8"),
        ("def f(cpu: Items, n: i64 = 0.5) -> None: pass", "the default 0.5 of 'n' is no i64"),
        ("def f(cpu: Items, n: i64 = NAN) -> None: pass", "the default nan of 'n' is no i64"),
        ("def f(cpu: Items, n: i64 = INF) -> None: pass", "the default inf of 'n' is no i64"),
        ("def f(cpu: Items, n: i64 = 'a') -> None: pass", "the default 'a' of 'n' is no i64"),
        ("def f(cpu: Items, n: f64 = 10**400) -> None: pass", "of 'n' is no f64"),
        ("def f(cpu: Items, n: f32 = 1e300) -> None: pass", "the default 1e+300 of 'n' is no f32"),
        ("def f(cpu: Items, n: bool = 1) -> None: pass", "the default 1 of 'n' is no bool"),
        ("def f(cpu: Items, n: i64 = True) -> None: pass", "the default True of 'n' is no i64"),
        ("def f(cpu: Items = 1) -> None: pass", "this CPU's record has no default"),
        ("def f(cpu: Items, n: i64, /) -> None: pass", "`/` is not in the language"),
        ("def f(cpu: Items, /, n: i64) -> None: pass", "`/` is not in the language"),
        ("def f(cpu: Items, d: bytes = b'') -> None: pass", "a bytes has no default, and 'd' has b''"),
        ("def f(cpu: Items, d: bytearray = None) -> None: pass", "pass a bytearray in the call"),
        ("def f(cpu: Items, p: ptr[Node] = None) -> None: pass", "a ptr[Node] has no default"),
        ("def f(cpu: Items) -> i64 | f64: pass", "the result is i64 | f64; expected a number"),
        ("def f(cpu: Items) -> bool | i64 | None: pass", "the result is bool | i64 | None; expected a number"),
        ("def f(cpu: Items) -> ptr[Node] | i64: pass", "the result is ptr[Node] | i64; expected a number"),
        ("def f(cpu: Items, n: i64 | None | f64) -> None: pass", "'n' is i64 | None | f64; expected a number"),
        ("async def f(cpu: Items) -> None: pass", "f() is an async function"),
        ("@wrapping\ndef f(cpu: Items) -> None: pass", "a decorator has wrapped f(), and would be bypassed"),
    ],
)
def test_a_signature_is_refused(function: str, message: str) -> None:
    with pytest.raises(CompileError) as caught:
        compiled(f"{function}\n", **NAMES, prepared=prepared, wrapping=wrapping)
    assert caught.value.diagnostics[0].slug == "signature"
    assert message in str(caught.value)


def wrapping(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*arguments: object) -> object:
        return function(*arguments)

    return wrapper


def test_a_decorator_that_gives_back_its_function_bypasses_nothing() -> None:
    assert compiled("@(lambda function: function)\ndef f(cpu: Items) -> None: pass\n", **NAMES).__name__ == "f"


def test_no_signature_is_half_ignored_in_an_inline_function() -> None:
    for text in ("def f(n: i64, /) -> i64: return n", "def f(n: i64, *, m: i64) -> i64: return n"):
        with pytest.raises(CompileError, match=r"(is|are) not in the language"):
            compiled(f"{text}\n", decorator=rseq.inline, **NAMES)


REFUSED = [
    ("yield", "yield n", "`yield` is not in the language"),
    ("await", "x = (yield)", "`yield` is not in the language"),
    ("for else", "for i in range(3):\n    pass\nelse:\n    pass", "`else` of a `for` loop"),
    ("while else", "while n:\n    n -= 1\nelse:\n    pass", "`else` of a `while` loop"),
    ("recursion", "f(cpu, n)", "f() calls itself"),
    ("max", "x = max(n, 1)", "max() is not in the language; write `a if a > b else b`"),
    ("min", "x = min(n, 1, 2)", "min() is not in the language; write `a if a < b else b`"),
    ("abs", "x = abs(n)", "abs() is not in the language; write `x if x >= 0 else -x`"),
    ("keywords", "print(n, end='')", "print() is not in the language"),
    ("f-string", "x = f'{n}'", "an f-string is not in the language"),
    ("lambda", "x = lambda: n", "a lambda is not in the language; define it outside, decorated with @rseq.inline"),
    ("comprehension", "x = [i for i in range(3)]", "a comprehension is not in the language; write a loop"),
    ("generator", "x = any(i for i in (n, 1))", "any() is not in the language; write `a or b`"),
    ("walrus", "if (x := n):\n    pass", "`:=` is not in the language; assign on a line of its own"),
    ("walrus alone", "(x := n)", "`:=` is not in the language"),
    ("try", "try:\n    pass\nfinally:\n    pass", "`try` is not in the language; look with `if` before"),
    ("with", "with n:\n    pass", "`with` is not in the language"),
    ("global", "global G", "`global` is not in the language; store to a field of the record"),
    ("continue", "while n:\n    continue", "`continue` is not in the language; put what follows under an `if`"),
    ("power", "x = n ** 2", "`**` is not in the language; multiply: x * x"),
    ("power of a constant", "x = 2 ** n", "`**` is not in the language; multiply: x * x"),
    ("augmented", "n **= 2", "`**` is not in the language"),
    ("in", "if n in (1, 2):\n    pass", "`in` is not in the language; compare with each"),
    ("starred", "x = (*n,)", "a tuple is not in the language"),
    ("method of a local", "n.append(1)", "n is a value: it has no methods, and cannot be called"),
    ("is None", "if n is not None:\n    pass", "n is i64, which is never None; leave the comparison out"),
    ("None as a number", "n = None", "n is i64, and cannot become None"),
    ("None stored", "p.value = None", "expected i64, got None"),
    ("enumerate", "for i in enumerate(n):\n    pass", "a loop runs over range(constant); write `for i in range(8):`"),
    ("isinstance", "x = isinstance(n, int)", "isinstance() is not in the language; leave it out"),
    ("decorated", "class C: pass", "a class in here is not in the language"),
]


@pytest.mark.parametrize(("body", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_not_in_the_language_is_named_as_it_was_written(body: str, message: str) -> None:
    with pytest.raises(CompileError) as caught:
        parsed("p: ptr[Node], n: i64", body, "None", rseq.routine)
    (diagnostic,) = caught.value.diagnostics
    assert message in f"{diagnostic.message}; {diagnostic.fix}"
    assert diagnostic.places[0][0].line > 1


def test_what_the_parser_does_not_read_is_in_the_table() -> None:
    left_out = {"Interactive", "FormattedValue", "Interpolation", "Slice"}
    left_out |= {"AsyncFor", "AsyncWith", "Await"}  # only in a coroutine, which is refused as a whole
    left_out |= {"Starred"}  # only in a call, a list, a tuple or a set, which are refused, or on the left
    for kind in (ast.stmt, ast.expr, ast.operator, ast.cmpop):
        for node in kind.__subclasses__():
            name = node.__name__
            is_read = node in {*STATEMENTS, *EXPRESSIONS, *OPERATORS, *COMPARISONS}
            if not is_read and name not in left_out and name[0].isupper():
                assert "syntax node" not in instead_of(node.__new__(node))[0], name


@pytest.mark.parametrize("thing", [len, 3, Items, "def f(): pass", datetime.date.today])
def test_what_is_no_python_function_is_refused(thing: Any) -> None:
    with pytest.raises(TypeError, match="expected a Python function written with `def`"):
        rseq.sequence(thing)


def test_an_unbound_sequence_says_how_to_call_it() -> None:
    with pytest.raises(TypeError, match=r"f\(\) runs on per-CPU storage: bind it, as in"):
        parsed("n: i64", "cpu.count += n")(1)


def test_loops_over_nothing_or_far_too_much_are_refused_at_once() -> None:
    assert meaning(parsed("", "for i in range(0):\n    cpu.count = i")) == ["    return"]
    for loop in ("range(10**30)", "range(4097)"):
        with pytest.raises(CompileError, match="more than 4096 operations"):
            parsed("", f"for i in {loop.replace('10**30', str(10**30))}:\n    pass")


class Limits:
    MOST = 64


class Plain(enum.Enum):
    BLUE = 9


def _closed_over(limit: int) -> str:
    def f(cpu: Items) -> None:
        cpu.count = limit

    return rseq.sequence(f).ir


CONSTANTS = {
    "LIMIT": "100",
    "Colour.RED": "7",
    "Plain.BLUE.value": "9",
    "Limits.MOST": "64",
    "FIVE": "5",
    "Items.size": str(Items.size),
    "LIMIT * Limits.MOST - 1": "6399",
}


@pytest.mark.parametrize(("text", "number"), CONSTANTS.items())
def test_constants_of_modules_classes_and_enums(text: str, number: str) -> None:
    names = {**NAMES, "Plain": Plain, "Limits": Limits, "FIVE": np.int16(5)}
    code = compiled(f"def f(cpu: Items) -> None:\n    cpu.count = {text}\n", **names)
    assert code.body.ops[0].source == ir.Const(int(number), SCALARS["i64"])


def test_an_attribute_of_a_module_may_be_infinite() -> None:
    code = compiled("def f(cpu: Items) -> None:\n    cpu.average = -math.inf\n", **NAMES, math=math)
    assert code.body.ops[0].source == ir.Const(-math.inf, SCALARS["f64"])


def test_a_closure_is_a_constant_too() -> None:
    assert "cpu.count = 12" in _closed_over(12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Plain.BLUE", "use Plain.BLUE.value"),
        ("Limits.LEAST", "Limits has no 'LEAST'"),
        ("math.nowhere", "math has no 'nowhere'"),
        ("Limits.MOST.real.NONE", "expected a name known before"),
    ],
)
def test_what_is_no_constant_is_refused(text: str, message: str) -> None:
    with pytest.raises(CompileError, match=message):
        compiled(
            f"def f(cpu: Items) -> None:\n    cpu.count = {text}\n", **NAMES, Plain=Plain, Limits=Limits, math=math
        )


def test_a_place_is_read_before_the_call_that_is_added() -> None:
    step = compiled("def f(cpu: Items) -> i64:\n    cpu.count += 1\n    return 5\n", **NAMES)
    text = "def f(cpu: Items, n: ptr[Node]) -> None:\n    n.value += step(cpu)\n    n.next += 2\n"
    ops = [str(op) for op in compiled(text, rseq.routine, **NAMES, step=step).body.ops]
    assert ops == ["%2 = n.value", "%1 = f(cpu)", "%3 = %2 + %1", "n.value = %3", "n.next += 2", "return"]
