"""What is refused, the advice that it gets, and what it becomes if one follows that: one row for each advice.

Each row stands below the same records and functions (`COMMON`). Where an advice names alternatives, all are tried.
`tests/language/test_mended.py` looks at the compiler's sources for advice of which there is no row.
"""

from __future__ import annotations
import __future__

import itertools
import linecache
import textwrap
from dataclasses import dataclass
from functools import cache

__all__ = ["MENDINGS", "Mending", "compiled_module"]

COMMON = """
import enum
import math

import rseq
from rseq import f32, f64, i8, i32, i64, index, prepared, ptr, u8, u32, u64

class Node(rseq.Record):
    next: ptr[Node]
    value: i64
    depth: i64
    votes: i64[4]
    which: i64
    marks: prepared[i64[4]]

class Entry(rseq.Record):
    next: index[Entry]
    value: i64
    depth: i64

class Point(rseq.Record):
    x: i64
    y: i64

class Items(rseq.Record):
    count: i64
    small: i32
    tiny: f32
    total: i64
    average: f64
    is_full: bool
    counts: i64[8]
    slots: prepared[i64[64]]
    halves: prepared[i64[2]]
    latest: prepared[i64]
    label: u8[16]
    text: prepared[u8[80]]
    first: ptr[Node]
    second: ptr[Node]
    grid: i64[3, 5]
    start: Point
    pixels: prepared[u8[4, 8]]
    entry: index[Entry]

class Other(rseq.Record):
    counts: i64[8]
    count: i64

class Limits:
    most = 8

class Color(enum.Enum):
    RED = 1

class Tint(enum.IntEnum):
    RED = 3

class Name(enum.Enum):
    RED = "red"

STEP = 2
HUGE = 10**400
ENDLESS = 10**5000
NOTHING = 0

@rseq.sequence
def add(cpu: Items, n: i64, scale: i64 = 1) -> None:
    cpu.count += n * scale

@rseq.sequence
def pop(cpu: Items) -> i64 | None:
    n = cpu.count
    if n == 0:
        return None
    cpu.count = n - 1
    return n

@rseq.sequence
def size(cpu: Items) -> i64:
    return cpu.count

@rseq.sequence
def put(cpu: Items, text: bytes) -> None:
    rseq.copy(cpu.text, text, len(text))
    cpu.count = 1

@rseq.sequence
def get(cpu: Items, out: bytearray) -> None:
    rseq.copy(out, cpu.text, len(out))

@rseq.sequence
def count_other(cpu: Other) -> None:
    cpu.count += 1

@rseq.inline
def twice(n: i64) -> i64:
    return 2 * n

@rseq.inline
def halves(n: i64) -> tuple[i64, i64]:
    return n >> 32, n & 0xFFFFFFFF

@rseq.inline
def add_all(cpu: Items, n: i64) -> None:
    cpu.count += n

@rseq.inline
def add_other(cpu: Other, n: i64) -> None:
    cpu.count += n
"""

PARAMETERS = "cpu: Items, n: i64, m: i64, x: f64, s: i32, flag: bool, node: ptr[Node], other: ptr[Node]"
MORE = "entry: index[Entry], another: index[Entry], number: ptr[i64], foreign: ptr[Other], data: bytes, out: bytearray"


@dataclass(frozen=True)
class Mending:
    """`bad` is refused with the advice `fix`; each of `mended` is what follows the advice, and is accepted."""

    bad: str
    fix: str
    mended: tuple[str, ...]
    since: tuple[int, int] = (3, 11)
    """The Python that has this syntax."""

    def __str__(self) -> str:
        """The row's name as a test: where it differs from what is accepted."""
        good = set(self.mended[0].splitlines())
        different = [line.strip() for line in self.bad.splitlines() if line not in good and line[:1] != "@"]
        return different[-1] if different else self.fix


def module(bad: str, fix: str, *mended: str) -> Mending:
    """A row with whole functions."""
    return Mending(textwrap.dedent(bad), fix, tuple(textwrap.dedent(text) for text in mended))


def sequence(
    bad: str,
    fix: str,
    *mended: str,
    result: str = "None",
    returns: str | None = None,
    kind: str = "sequence",
    since: tuple[int, int] = (3, 11),
) -> Mending:
    """A row with the statements of a sequence that has a parameter of each type. What is mended `returns` its `result`,
    unless that is what was wrong.
    """

    def function(statements: str, result: str) -> str:
        body = textwrap.indent(textwrap.dedent(statements).strip(), "    ")
        return f"@rseq.{kind}\ndef f({PARAMETERS}, {MORE}) -> {result}:\n{body}\n"

    good = tuple(function(statements, returns or result) for statements in mended)
    return Mending(function(bad, result), fix, good, since)


def routine(bad: str, fix: str, *mended: str, result: str = "None", returns: str | None = None) -> Mending:
    """A row with the statements of a routine."""
    return sequence(bad, fix, *mended, result=result, returns=returns, kind="routine")


_serial = itertools.count()


def compiled_module(text: str) -> dict[str, object]:
    """What `text` defines, below `COMMON`."""
    return _executed(text, {**_common()})


@cache
def _common() -> dict[str, object]:
    return _executed(COMMON, {"__name__": "mendings"})


def _executed(text: str, scope: dict[str, object]) -> dict[str, object]:
    file = f"<mending {next(_serial)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    exec(compile(text, file, "exec", flags=__future__.annotations.compiler_flag), scope)
    return scope


_IN_PYTHON = "do it in Python, around the function that is bound"
_LOOP = "write a loop: `for i in range(constant):`"
_LOCALS = "use a local for each, or an array in the record"
_SUM = """
    a = 0
    for i in range(8):
        a += cpu.counts[i]
"""
_INLINE = "define it outside, decorated with @rseq.inline, and call it"
_OTHERWISE = "set a local before the loop, change it where it breaks, and look at it afterwards"

INSTEAD = [
    # ---- statements
    sequence(
        "assert n > 0", 'leave with `if …: return`; a routine may `raise ValueError("…")`', "if n <= 0:\n    return"
    ),
    routine(
        "assert n > 0",
        'leave with `if …: return`; a routine may `raise ValueError("…")`',
        'if n <= 0:\n    raise ValueError("n is 1 or more")',
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            class Local:
                most = 8
            cpu.count = Local.most
        """,
        "define it outside",
        """
        class Local:
            most = 8

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = Local.most
        """,
    ),
    sequence("a = n\ndel a", "leave it out: a local is a register", "a = n"),
    sequence("type Number = i64\na: Number = 1", "define it outside", "a: i64 = 1", since=(3, 12)),
    sequence(
        "a = t'{n}'",
        "there are no strings: return a number, and say it in Python",
        "return n",
        returns="i64",
        since=(3, 14),
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            def doubled(m: i64) -> i64:
                return 2 * m
            cpu.count = n
        """,
        _INLINE,
        """
        @rseq.inline
        def doubled(m: i64) -> i64:
            return 2 * m

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = doubled(n)
        """,
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            async def doubled(m: i64) -> i64:
                return 2 * m
            cpu.count = n
        """,
        _IN_PYTHON,
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = n

        async def doubled(m: i64) -> i64:
            return 2 * m
        """,
    ),
    module(
        """
        total = 0

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            global total
            cpu.count = n
        """,
        "store to a field of the record: nothing else is changed here",
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.total = n
        """,
    ),
    module(
        """
        def made():
            total = 0

            @rseq.sequence
            def f(cpu: Items, n: i64) -> None:
                nonlocal total
                cpu.count = n

        made()
        """,
        "store to a field of the record: nothing else is changed here",
        """
        def made():
            @rseq.sequence
            def f(cpu: Items, n: i64) -> None:
                cpu.total = n

        made()
        """,
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items) -> None:
            import sys
            cpu.count = sys.maxsize
        """,
        "import at the top of the module",
        """
        import sys

        @rseq.sequence
        def f(cpu: Items) -> None:
            cpu.count = sys.maxsize
        """,
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items) -> None:
            from sys import maxsize
            cpu.count = maxsize
        """,
        "import at the top of the module",
        """
        from sys import maxsize

        @rseq.sequence
        def f(cpu: Items) -> None:
            cpu.count = maxsize
        """,
    ),
    sequence(
        """
        match n:
            case [1, 2]:
                cpu.count = 1
        """,
        "match numbers: `case 1 | 2:`, `case Color.RED:`, `case None:`, `case rest:`",
        """
        match n:
            case 1 | 2 | Tint.RED:
                cpu.count = 1
            case rest:
                cpu.count = rest
        """,
    ),
    sequence(
        """
        try:
            cpu.counts[n] += 1
        except IndexError:
            cpu.total += 1
        """,
        "look with `if` before: a check that fails ends the whole call with its exception",
        """
        if 0 <= n < 8:
            cpu.counts[n] += 1
        else:
            cpu.total += 1
        """,
    ),
    sequence(
        """
        try:
            cpu.counts[n] += 1
        except* IndexError:
            cpu.total += 1
        """,
        "look with `if` before: a check that fails ends the whole call with its exception",
        """
        if 0 <= n < 8:
            cpu.counts[n] += 1
        else:
            cpu.total += 1
        """,
    ),
    sequence("with open('log') as log:\n    cpu.count = n", _IN_PYTHON, "cpu.count = n"),
    sequence("a = b = n", "write two assignments", "a = n\nb = n"),
    sequence("a, cpu.count = n, m", "assign to a local, a field or an element", "a, b = n, m\ncpu.count = b"),
    sequence("a = halves(n) + 1", "give each a name: a, b = …", "a, b = halves(n)\nc = a + 1"),
    sequence("a, b = n", "write each of the 2, with commas", "a, b = n, m"),
    sequence("a, b, c = halves(n)", "write each of the 3, with commas", "a, b, c = n, m, n"),
    sequence("a: float = 1.0", "leave it out", "a = 1.0"),
    sequence("cpu.count: i64 = n", "leave it out", "cpu.count = n"),
    sequence("a: i64 | None = n", "leave it out", "a = n"),
    sequence("a: list[n] = n", "leave it out", "a = n"),
    sequence('a: "i64" = 1', "leave it out", "a = 1"),
    sequence("a: STEP[i64] = 1", "leave it out", "a = 1"),
    sequence("a: i64[4] = 1", "leave it out", "a = 1"),
    routine("a: i64 | None = pop(cpu)", "leave it out", "a = pop(cpu)"),
    sequence(
        "for n in range(3):\n    n = 5",
        "write it so",
        "for i in range(3):\n    n = 5",
    ),
    sequence("for cpu.count in range(3):\n    pass", "write it so", "for i in range(3):\n    pass"),
    sequence(
        """
        for i in range(8):
            if cpu.counts[i] == n:
                break
        else:
            cpu.count = 1
        """,
        _OTHERWISE,
        """
        found = False
        for i in range(8):
            if cpu.counts[i] == n:
                found = True
                break
        if not found:
            cpu.count = 1
        """,
    ),
    routine(
        """
        while n < 8:
            if size(cpu) == n:
                break
            n += 1
        else:
            add(cpu, 1)
        """,
        _OTHERWISE,
        """
        found = False
        while n < 8:
            if size(cpu) == n:
                found = True
                break
            n += 1
        if not found:
            add(cpu, 1)
        """,
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            if n < 0:
                raise ValueError("n is 0 or more")
            cpu.count = n
        """,
        "raise in a routine, before the sequence is called",
        """
        @rseq.sequence
        def g(cpu: Items, n: i64) -> None:
            cpu.count = n

        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            if n < 0:
                raise ValueError("n is 0 or more")
            g(cpu, n)
        """,
    ),
    routine(
        "raise OverflowError(n)",
        'write raise ValueError("…") or IndexError with one sentence',
        'raise ValueError("n is too large")',
        'raise IndexError("n is too large")',
    ),
    sequence("yield n", "return once, and loop in the caller", "return n", returns="i64"),
    sequence("yield from range(3)", "return once, and loop in the caller", "return n", returns="i64"),
    # ---- expressions
    sequence("a = {n: m}", _LOCALS, "a = n\nb = m", "cpu.slots[0] = n\ncpu.slots[1] = m"),
    sequence("a = [n, m]", _LOCALS, "a = n\nb = m"),
    sequence("a = {n, m}", _LOCALS, "a = n\nb = m"),
    sequence("a = (n, m)", _LOCALS, "a = n\nb = m"),
    sequence("a = [i for i in range(8)]", _LOOP, _SUM),
    sequence("a = {i for i in range(8)}", _LOOP, _SUM),
    sequence("a = {i: i for i in range(8)}", _LOOP, _SUM),
    sequence("a = (i for i in range(8))", _LOOP, _SUM),
    sequence("a = f'{n}'", "there are no strings: return a number, and say it in Python", "return n", returns="i64"),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            doubled = lambda m: 2 * m
            cpu.count = n
        """,
        _INLINE,
        """
        @rseq.inline
        def doubled(m: i64) -> i64:
            return 2 * m

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = doubled(n)
        """,
    ),
    sequence("a = (b := n) + 1", "assign on a line of its own", "b = n\na = b + 1"),
    sequence("(b := n)", "assign on a line of its own", "b = n"),
    sequence(
        "a = cpu.counts[1:2]",
        "use one element, as in a[i]; rseq.copy() copies several",
        "a = cpu.counts[1]",
        "rseq.copy(out, cpu.counts[1], 16)",
    ),
    sequence("a = n in (1, 2)", "compare with each: n == 1 or n == 2", "a = n == 1 or n == 2"),
    sequence("a = n not in (1, 2)", "compare with each: n != 1 and n != 2", "a = n != 1 and n != 2"),
    sequence("a = n @ m", "write the products and sums, one by one", "a = n * m"),
    sequence("a = n ** 2 + 2 ** n", "multiply: x * x, or for a power of two shift: 1 << n", "a = n * n + (1 << n)"),
    sequence("a = n is m", "use ==", "a = n == m"),
    # ---- calls of Python's functions
    sequence("a = all((flag, n))", "write `a and b`", "a = flag and n"),
    sequence("a = any((flag, n))", "write `a or b`", "a = flag or n"),
    sequence("a = divmod(n, 8)", "write // and %", "a, b = n // 8, n % 8"),
    sequence("a = float(n)", "write f64(…)", "a = f64(n)"),
    sequence("a = int(x)", "write i64(…)", "a = i64(x)"),
    sequence("if isinstance(n, int):\n    cpu.count = n", "leave it out: types are known before", "cpu.count = n"),
    sequence("a = pow(n, 2)", "multiply: x * x, or for a power of two shift: 1 << n", "a = n * n"),
    sequence("a = pow(2, n)", "multiply: x * x, or for a power of two shift: 1 << n", "a = 1 << n"),
    sequence("print(n)", "return what is to be seen, and print it in Python", "return n", returns="i64"),
    sequence("a = round(x)", "convert: i64(x) cuts towards zero", "a = i64(x)"),
    sequence("a = sum(cpu.counts)", "add in a loop: `for i in range(constant):`", _SUM),
    # ---- calls
    sequence("a = i64(value=n)", "pass one by one", "a = i64(n)"),
    routine("add(cpu, n=n)", "pass one by one", "add(cpu, n)"),
    sequence("a = twice(*[n])", "pass one by one", "a = twice(n)"),
    sequence("a = f64(n, m)", "pass one number", "a = f64(n)"),
    sequence("a = n.bit_count()", "use operators, or a function from outside, such as rseq.ctz(x)", "a = rseq.bits(n)"),
    sequence("a = n(m)", "use operators, or a function from outside, such as rseq.ctz(x)", "a = n * m"),
    sequence("a = (n + m)(1)", "use a name", "a = twice(n + m)"),
    module(
        """
        @rseq.sequence
        def f(cpu: Items) -> u64:
            return rseq.clock_frequency()
        """,
        "ask in a routine, and pass it on",
        """
        @rseq.sequence
        def store(cpu: Items, rate: u64) -> None:
            cpu.count = i64(rate)

        @rseq.routine
        def f(cpu: Items) -> None:
            store(cpu, rseq.clock_frequency())
        """,
    ),
    sequence("a = float_bits(n)", "define it before use", "a = rseq.bits(n)"),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, x: f64) -> u64:
            return rseq.float_bits(x)
        """,
        "ask in a routine, and pass the bits on",
        """
        @rseq.sequence
        def store(cpu: Items, bits: u64) -> None:
            cpu.count = i64(bits)

        @rseq.routine
        def f(cpu: Items, x: f64) -> None:
            store(cpu, rseq.float_bits(x))
        """,
    ),
    sequence(
        "rseq.copy(n, data, 4)",
        "name an array of a record, an element to begin at, or a buffer: cpu.slots, cpu.slots[at], data",
        "rseq.copy(cpu.text, data, 4)",
        "rseq.copy(cpu.text[1], data, 4)",
        "rseq.copy(out, cpu.text, 4)",
    ),
    sequence("a = rseq.load_acquire(n)", "name a field", "a = rseq.load_acquire(cpu.count)"),
]

_ONLY = "use a number: pointers are only compared, stored and followed"

VALUES = [
    # ---- types
    sequence("cpu.average = n", "convert it: f64(…)", "cpu.average = f64(n)"),
    sequence("a = n + x", "convert it: i64(…)", "a = n + i64(x)"),
    sequence("cpu.is_full = n", "convert it: bool(…)", "cpu.is_full = bool(n)"),
    sequence("cpu.first = foreign", "use one of type ptr[Node]", "cpu.first = node"),
    sequence("cpu.first = n", "use one of type ptr[Node]", "cpu.first = node"),
    sequence("cpu.entry = node", "use one of type index[Entry]", "cpu.entry = entry"),
    sequence("flag = node == entry", "use one of type ptr[Node]", "flag = node == other"),
    sequence("cpu.first = 1", "use None, or one of type ptr[Node]", "cpu.first = node", "cpu.first = None"),
    sequence("flag = node == 0", "use None, or one of type ptr[Node]", "flag = node == other", "flag = node == None"),
    sequence("cpu.count = node", "use a number", "cpu.count = n"),
    sequence("cpu.count = None", "use a number", "cpu.count = 0"),
    sequence("flag = n == node", "use a number", "flag = n == m"),
    sequence("cpu.is_full = 1", "write True or False, or compare", "cpu.is_full = True", "cpu.is_full = n == 1"),
    sequence("a = flag == 1", "write True or False, or compare", "a = flag == True", "a = flag == (n == 1)"),
    sequence("a = n + 0.5", "write i64(0.5)", "a = n + i64(0.5)"),
    sequence("a = i64(node)", "keep it in a ptr[T]", "a: ptr[Node] = node"),
    sequence("a = node + other", "pointers are only compared", "a = node == other"),
    sequence("a = node + 1", "pointers are only compared", "a = node == other"),
    sequence("a = 1 - node", "pointers are only compared", "a = other != node"),
    sequence("a = n + node", "pointers are only compared", "a = node == None"),
    sequence("a = flag + flag", "convert it: i64(…)", "a = i64(flag) + i64(flag)"),
    sequence("a = flag + 1", "convert it: i64(…)", "a = i64(flag) + 1"),
    sequence("a = n * flag", "convert it: i64(…)", "a = n * i64(flag)"),
    sequence("a = flag / 2", "convert it: f64(…)", "a = f64(flag) / 2"),
    sequence("n += flag", "convert it: i64(…)", "n += i64(flag)"),
    sequence("a = x // 2", "convert it: i64(…)", "a = i64(x) // 2"),
    sequence("a = x & 1", "convert it: i64(…)", "a = i64(x) & 1"),
    sequence("a = n / 2", "use // or convert: f64(…)", "a = n // 2", "a = f64(n) / 2"),
    sequence("cpu.count /= 2", "use // or convert: f64(…)", "cpu.count //= 2", "cpu.average = f64(cpu.count) / 2"),
    sequence("a = ~x", "convert it: i64(…)", "a = ~i64(x)"),
    sequence("a = -flag", "convert it: i64(…)", "a = -i64(flag)"),
    sequence("a = -node", _ONLY, "a = -n"),
    sequence("a = ~1.5", "convert it: i64(…)", "a = ~i64(1.5)"),
    sequence("a = rseq.ctz(x)", "convert it: i64(…)", "a = rseq.ctz(i64(x))"),
    sequence("a = rseq.ctz(node)", _ONLY, "a = rseq.ctz(n)"),
    routine("a = rseq.float_bits(n)", "convert it: f64(…)", "a = rseq.float_bits(f64(n))"),
    routine("a = rseq.float_bits(node)", _ONLY, "a = rseq.float_bits(x)"),
    sequence("a = cpu.counts[x]", "convert it: i64(…)", "a = cpu.counts[i64(x)]"),
    sequence("a = cpu.counts[node]", _ONLY, "a = cpu.counts[n]"),
    sequence("a = data[x]", "convert it: i64(…)", "a = data[i64(x)]"),
    sequence("a = data[None]", _ONLY, "a = data[0]"),
    sequence("rseq.copy(cpu.text, data, x)", "convert it: i64(…)", "rseq.copy(cpu.text, data, i64(x))"),
    sequence("rseq.copy(cpu.text[x], data, 4)", "convert it: i64(…)", "rseq.copy(cpu.text[i64(x)], data, 4)"),
    sequence("rseq.copy(cpu.text[node], data, 4)", _ONLY, "rseq.copy(cpu.text[n], data, 4)"),
    sequence("a = node < other", "use == or !=", "a = node == other", "a = node != other"),
    sequence("if n is None or n == 0:\n    return", "leave the comparison out", "if n == 0:\n    return"),
    sequence("b: i32 = n", "convert it: i32(…), or declare it: b: i64", "b: i32 = i32(n)", "b: i64 = n"),
    sequence("c = 1.5\nc = n", "convert it: f64(…)", "c = 1.5\nc = f64(n)"),
    sequence("c = s\nc = n", "convert it: i32(…), or declare it: c: i64", "c = s\nc = i32(n)", "c: i64 = s\nc = n"),
    sequence("a = None\na = node", "declare it: a: ptr[Node]", "a: ptr[Node] = None\na = node"),
    sequence("a = entry\na = node", "use another name", "a = entry\nb = node"),
    sequence("a = n\na = None", "use another name", "a = n\nb: ptr[Node] = None"),
    sequence("a: i64 = 1\na: i32 = 1", "use another name", "a: i64 = 1\nb: i32 = 1"),
    routine("a = 1.5\na = pop(cpu)", "use another name", "a = 1.5\nb = pop(cpu)"),
    sequence("return n", "annotate its result, as in -> i64", "return n", returns="i64"),
    routine("put(cpu, n)", "pass on a parameter of that type", "put(cpu, data)"),
    module(
        """
        class Shared(rseq.Record):
            owner: f64

        @rseq.routine
        def f(cpu: Shared) -> bool:
            return rseq.compare_exchange(rseq.lane(cpu, 0).owner, 0.0, 1.0)
        """,
        "keep an integer there",
        """
        class Shared(rseq.Record):
            owner: i64

        @rseq.routine
        def f(cpu: Shared) -> bool:
            return rseq.compare_exchange(rseq.lane(cpu, 0).owner, 0, 1)
        """,
    ),
    # ---- constants
    sequence(
        "a = s & 0xFFFFFFFF",
        "use a type that has it: i64, u32 or u64",
        "a = u32(s) & 0xFFFFFFFF",
        "a = i64(s) & 0xFFFFFFFF",
        "a = u64(s) & 0xFFFFFFFF",
    ),
    sequence("a = n + (1 << 63)", "use a type that has it: u64", "a = u64(n) + (1 << 63)"),
    sequence(
        "a: u32 = -1",
        "use a type that has it: i8, i16, i32 or i64, or write u32(-1) for its bits",
        "a: i8 = -1",
        "a: i64 = -1",
        "a: u32 = u32(-1)",
    ),
    sequence("a = n + (1 << 64)", "no type has it: compute with numbers of at most 64 bits", "a = n + (1 << 62)"),
    sequence("a = n + (1 << 100)", "shift less", "a = n + (1 << 10)"),
    sequence("a = n + (1 >> -1)", "write another constant", "a = n + (1 >> 1)"),
    sequence("a = n + 7 // 0", "divide by something else", "a = n + 7 // 2"),
    sequence("a = n // NOTHING", "divide by something else", "a = n // 2"),
    sequence("a = n % 0", "divide by something else", "a = n % 2"),
    sequence("a = f64(HUGE)", "use a float, such as 1e300", "a = f64(1e300)"),
    sequence("a = n + ENDLESS", "no type has it: compute with numbers of at most 64 bits", "a = n + 1000"),
    sequence("a = n + math.inf", "write i64(math.inf)", "a = n + i64(math.inf)"),
    sequence("a = n - (-math.inf)", "write i64(-math.inf)", "a = n - i64(-math.inf)"),
    sequence("cpu.tiny = HUGE", "use a float, such as 1e30", "cpu.tiny = 1e30"),
    sequence(
        "cpu.tiny = 1e39", "use f64, or write f32(1e+39) for infinity", "cpu.average = 1e39", "cpu.tiny = f32(1e+39)"
    ),
    sequence("a = 'total'", "use numbers, True, False or None", "a = 1", "a = True", "a = None"),
    sequence("a = Color.RED", "use Color.RED.value", "a = Color.RED.value"),
    sequence("a = Name.RED", "use numbers, True, False or None", "a = 1"),
    sequence(
        "a = cpu.total // cpu.count",
        "compare it with 0 before, and leave or go on without it; or divide by max(…, 1).",
        "count = cpu.count\nif count == 0:\n    return\na = cpu.total // count",
        "count = cpu.count\na = 0 if count == 0 else cpu.total // count",
        "a = cpu.total // max(cpu.count, 1)",
    ),
    # ---- names
    sequence("a = step", "define it before use", "step = 2\na = step"),
    module(
        """
        @rseq.sequence
        def f(cpu: Items) -> None:
            cpu.count = Mine.most
        """,
        "define it before use",
        """
        class Mine:
            most = 8

        @rseq.sequence
        def f(cpu: Items) -> None:
            cpu.count = Mine.most
        """,
    ),
    module(
        """
        class Mine:
            least = 1

        @rseq.sequence
        def f(cpu: Items) -> None:
            cpu.count = Mine.most
        """,
        "define it before use",
        """
        class Mine:
            least = 1
            most = 8

        @rseq.sequence
        def f(cpu: Items) -> None:
            cpu.count = Mine.most
        """,
    ),
    sequence(
        """
        if n > 0:
            a = n
        cpu.count = a
        """,
        "assign it on every path that leads here",
        """
        if n > 0:
            a = n
        else:
            a = 0
        cpu.count = a
        """,
        """
        a = 0
        if n > 0:
            a = n
        cpu.count = a
        """,
    ),
    sequence("n + m", "assign it, or leave it out", "a = n + m", "pass"),
    sequence("cpu.count == n", "assign it, or leave it out", "cpu.count = n", "pass"),
    routine("a = add(cpu, n)", "call it alone", "add(cpu, n)"),
    routine("if add(cpu, n):\n    add(cpu, 1)", "call it alone", "add(cpu, n)\nadd(cpu, 1)"),
    routine(
        "item = pop(cpu)\nadd(cpu, item)",
        "first `if item is None:`, and leave or go on there",
        "item = pop(cpu)\nif item is None:\n    return\nadd(cpu, item)",
        "item = pop(cpu)\nif item is None:\n    add(cpu, 1)\nelse:\n    add(cpu, item)",
    ),
    routine(
        "add(cpu, pop(cpu))",
        "assign it to a local; then first `if item is None:`, and leave or go on there",
        "item = pop(cpu)\nif item is None:\n    return\nadd(cpu, item)",
    ),
    sequence(
        "if n > 0:\n    return 1\nelse:\n    return",
        "return a value, or declare -> i64 | None",
        "if n > 0:\n    return 1\nelse:\n    return 0",
        result="i64",
    ),
    sequence(
        "if n > 0:\n    return 1\nelse:\n    return",
        "return a value, or declare -> i64 | None",
        "if n > 0:\n    return 1\nelse:\n    return",
        result="i64",
        returns="i64 | None",
    ),
    sequence(
        "if flag:\n    return node\nelse:\n    return",
        "return a value, or write return None",
        "if flag:\n    return node\nelse:\n    return other",
        "if flag:\n    return node\nelse:\n    return None",
        result="ptr[Node]",
    ),
    sequence(
        "if flag:\n    return entry\nelse:\n    return",
        "return a value, or write return None",
        "if flag:\n    return entry\nelse:\n    return None",
        result="index[Entry]",
    ),
    sequence(
        "if n > 0:\n    return 1", "return a value on every path", "if n > 0:\n    return 1\nreturn 0", result="i64"
    ),
    module(
        """
        @rseq.inline
        def sign(n: i64) -> i64:
            if n > 0:
                return 1

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = sign(n)
        """,
        "return a value on every path",
        """
        @rseq.inline
        def sign(n: i64) -> i64:
            if n > 0:
                return 1
            return 0

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = sign(n)
        """,
    ),
    # ---- memory
    sequence("cpu.counts += n", "use an element: cpu.counts[0]", "cpu.counts[0] += n"),
    sequence("a = node.marks", "use an element: node.marks[0]", "a = node.marks[0]"),
    sequence(
        "a = foreign.cuont",
        "its fields are counts, count",
        "a = cpu.count",
    ),
    sequence(
        "a = n.numerator",
        "only the lane, a ptr[T] and an index[T] have fields",
        "a = cpu.count",
        "a = node.value",
        "a = entry.value",
    ),
    sequence("a = number.value", "use its element: number[0]", "a = number[0]"),
    sequence("a = cpu.count[0]", "leave out the brackets", "a = cpu.count"),
    sequence("a = n[0]", "leave out the brackets", "a = n"),
    sequence("a = node[0]", "use a field of it", "a = node.value"),
    sequence("a = number[n]", "use index 0", "a = number[0]"),
    sequence("a = number[1]", "use 0", "a = number[0]"),
    sequence("a = cpu.counts[8]", "use 0 … 7", "a = cpu.counts[0]", "a = cpu.counts[7]"),
    sequence(
        "rseq.copy(cpu.text[81], data, 4)",
        "use 0 … 80",
        "rseq.copy(cpu.text[76], data, 4)",
        "rseq.copy(cpu.text[80], data, 0)",
    ),
    sequence("rseq.copy(cpu.text, data, 81)", "copy less", "rseq.copy(cpu.text, data, 80)"),
    sequence("rseq.copy(cpu.text, data, -1)", "use 0 or more", "rseq.copy(cpu.text, data, 0)"),
    sequence(
        "rseq.copy(out, data, len(data))",
        "copy to or from an array of a record, whose length is known",
        "rseq.copy(cpu.text, data, len(data))",
        "rseq.copy(out, cpu.text, len(out))",
    ),
    sequence(
        "a = data",
        "use len(data), a u64, a byte data[i], a u8, or rseq.copy()",
        "a = len(data)",
        "a = data[n]",
        "rseq.copy(cpu.text, data, len(data))",
    ),
    sequence("data = n", "use another name", "a = n"),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, data: bytes) -> None:
            data[0] = 1
        """,
        "declare it data: bytearray",
        """
        @rseq.sequence
        def f(cpu: Items, data: bytearray) -> None:
            data[0] = 1
        """,
    ),
    sequence(
        "a = len(n)",
        "name an array, as in len(cpu.slots), bytes or a bytearray",
        "a = len(cpu.slots)\nb = len(data)\nc = len(out)",
    ),
    sequence("a = cpu.grid[1]", "use an element: cpu.grid[0, 0]", "a = cpu.grid[0, 0]"),
    sequence("a = cpu.counts[1, 2]", "use one index: cpu.counts[0]", "a = cpu.counts[0]"),
    sequence(
        "rseq.copy(cpu.pixels[1], data, 8)\ncpu.count = 1",
        "copy to or from cpu.pixels as a whole",
        "rseq.copy(cpu.pixels, data, 8)\ncpu.count = 1",
    ),
    sequence("a = cpu.start", "use a field: cpu.start.x", "a = cpu.start.x"),
    sequence("a = cpu.start.z", "its fields are x, y", "a = cpu.start.y"),
    sequence("a = max(n)", "name each one, as in min(n, 7)", "a = max(n, 7)"),
    sequence("a = abs(n, m)", "pass one number", "a = abs(n)"),
    sequence("a = max(flag, n)", "convert it: i64(…)", "a = max(i64(flag), n)"),
    sequence("a = abs(node)", "use a number: pointers are only compared, stored and followed", "a = abs(node.value)"),
    sequence("a = cpu", "use its fields: cpu.count", "a = cpu.count"),
    sequence("cpu = n", "use another name", "a = n"),
    module(
        """
        @rseq.sequence
        def f(cpu: Other) -> i64:
            return cpu
        """,
        "use its fields: cpu.counts[0]",
        """
        @rseq.sequence
        def f(cpu: Other) -> i64:
            return cpu.counts[0]
        """,
    ),
]


SIGNATURES = [
    module(
        "@rseq.sequence\ndef f(cpu: Items, *values: i64) -> None:\n    pass",
        "name each one, without a * before them",
        "@rseq.sequence\ndef f(cpu: Items, one: i64, two: i64) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items, *, n: i64) -> None:\n    pass",
        "name each one, without a * before them",
        "@rseq.sequence\ndef f(cpu: Items, n: i64) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items, n: i64, /) -> None:\n    pass",
        "leave the / out",
        "@rseq.sequence\ndef f(cpu: Items, n: i64) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(n: i64) -> None:\n    pass",
        "annotate it with a subclass of rseq.Record, as in cpu: Cell",
        "@rseq.sequence\ndef f(n: Items) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f() -> None:\n    pass",
        "annotate it with a subclass of rseq.Record, as in cpu: Cell",
        "@rseq.sequence\ndef f(cpu: Items) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items, n) -> None:\n    pass",
        "annotate it, as in n: i64",
        "@rseq.sequence\ndef f(cpu: Items, n: i64) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items, n: int) -> None:\n    pass",
        "use i8 … u64, f32, f64, bool, ptr[T], index[T], bytes or bytearray",
        *(
            f"@rseq.sequence\ndef f(cpu: Items, n: {type}) -> None:\n    pass"
            for type in ("i8", "u64", "f32", "f64", "bool", "ptr[Node]", "index[Entry]", "bytes", "bytearray")
        ),
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items) -> int:\n    return 1",
        "annotate it, as in -> i64, -> i64 | None, or -> tuple[i64, i64]",
        "@rseq.sequence\ndef f(cpu: Items) -> i64:\n    return 1",
        "@rseq.sequence\ndef f(cpu: Items) -> i64 | None:\n    return 1",
    ),
    *(
        module(
            f"@rseq.sequence\ndef f(cpu: Items, n: {wrong}) -> None:\n    pass",
            "write another type there",
            f"@rseq.sequence\ndef f(cpu: Items, n: {right}) -> None:\n    pass",
        )
        for wrong, right in (("index[i64]", "index[Entry]"), ("ptr[int]", "ptr[i64]"), ("prepared[int]", "ptr[Node]"))
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items, n: Missing) -> None:\n    pass",
        "define its names before the function",
        "Missing = i64\n\n@rseq.sequence\ndef f(cpu: Items, n: Missing) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items = None) -> None:\n    pass",
        "leave it out",
        "@rseq.sequence\ndef f(cpu: Items) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items, n: i8 = 200) -> None:\n    pass",
        "use a number that fits",
        "@rseq.sequence\ndef f(cpu: Items, n: i8 = 100) -> None:\n    pass",
    ),
    module(
        "@rseq.sequence\ndef f(cpu: Items, n: i64 = ENDLESS) -> None:\n    pass",
        "use a number that fits",
        "@rseq.sequence\ndef f(cpu: Items, n: i64 = 100) -> None:\n    pass",
    ),
    *(
        module(
            f"@rseq.sequence\ndef f(cpu: Items, n: {type} = None) -> None:\n    pass",
            f"leave it out, and pass {nothing} in the call",
            f"""
            @rseq.sequence
            def f(cpu: Items, n: {type}) -> None:
                pass

            storage = rseq.percpu(Items)
            f.bind(storage, rseq.array(Node, 1))({nothing if nothing != "a bytearray" else "bytearray()"})
            """,
        )
        for type, nothing in (("ptr[Node]", "None"), ("bytes", 'b""'), ("bytearray", "a bytearray"))
    ),
    module(
        """
        import functools

        def logged(function):
            @functools.wraps(function)
            def inner(*arguments):
                return function(*arguments)
            return inner

        @rseq.sequence
        @logged
        def f(cpu: Items, n: i64) -> None:
            cpu.count += n
        """,
        "leave it out, or put it above, where it gets what this makes of the function",
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count += n
        """,
        """
        import functools

        def logged(function):
            @functools.wraps(function)
            def inner(*arguments):
                return function(*arguments)
            return inner

        @logged
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count += n
        """,
    ),
    module(
        """
        @rseq.sequence
        async def f(cpu: Items, n: i64) -> None:
            cpu.count += n
        """,
        "write it with `def`, and await in Python, around the function that is bound",
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count += n

        async def g(bound) -> None:
            bound(1)
        """,
    ),
]

CALLS = [
    module(
        """
        def doubled(n: i64) -> i64:
            return 2 * n

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = doubled(n)
        """,
        "decorate it with @rseq.inline if it is in the language, else call it before or after",
        """
        @rseq.inline
        def doubled(n: i64) -> i64:
            return 2 * n

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = doubled(n)
        """,
        """
        def doubled(n: i64) -> i64:
            return 2 * n

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = n

        f.bind(rseq.percpu(Items))(doubled(3))
        """,
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            add(cpu, n)
            add(cpu, n)
        """,
        "call both from a @rseq.routine",
        """
        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            add(cpu, n)
            add(cpu, n)
        """,
    ),
    module(
        """
        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            if n > 0:
                add(cpu, n)
                f(cpu, n - 1)
        """,
        "write it as a loop",
        """
        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            while n > 0:
                add(cpu, n)
                n -= 1
        """,
    ),
    module(
        """
        @rseq.inline
        def power(n: i64, times: i64) -> i64:
            return n if times == 1 else n * power(n, times - 1)

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = power(n, 3)
        """,
        "write it as a loop",
        """
        @rseq.inline
        def power(n: i64, times: i64) -> i64:
            product = n
            for i in range(times - 1):
                product *= n
            return product

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = power(n, 3)
        """,
    ),
    module(
        """
        @rseq.inline
        def mix(n: i64) -> i64:
            return (n * 5 + 1) ^ (n >> 7)

        @rseq.inline
        def mix_9(n: i64) -> i64:
            return mix(mix(mix(mix(mix(mix(mix(mix(mix(n)))))))))

        @rseq.inline
        def mix_81(n: i64) -> i64:
            return mix_9(mix_9(mix_9(mix_9(mix_9(mix_9(mix_9(mix_9(mix_9(n)))))))))

        @rseq.inline
        def mix_729(n: i64) -> i64:
            return mix_81(mix_81(mix_81(mix_81(mix_81(mix_81(mix_81(mix_81(mix_81(n)))))))))

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            cpu.count = mix_729(mix_729(n))
        """,
        "loop in a routine, or in the caller",
        """
        @rseq.inline
        def mix(n: i64) -> i64:
            return (n * 5 + 1) ^ (n >> 7)

        @rseq.sequence
        def store(cpu: Items, n: i64) -> None:
            cpu.count = n

        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            i = 0
            while i < 2000:
                n = mix(n)
                i += 1
            store(cpu, n)
        """,
        """
        @rseq.inline
        def mix(n: i64) -> i64:
            return (n * 5 + 1) ^ (n >> 7)

        @rseq.sequence
        def f(cpu: Items, n: i64) -> i64:
            n = mix(n)
            cpu.count = n
            return n

        bound, n = f.bind(rseq.percpu(Items)), 1
        for _ in range(2000):
            n = bound(n)
        """,
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items) -> None:
            for i in range(5000):
                pass
        """,
        "loop in a routine, or in the caller",
        """
        @rseq.routine
        def f(cpu: Items) -> None:
            i = 0
            while i < 5000:
                i += 1
        """,
    ),
    sequence(
        "while cpu.count > n:\n    pass",
        "use `for … in range(constant)`, or loop in a @rseq.routine that calls the sequence",
        "for i in range(8):\n    if cpu.count <= n:\n        break",
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            while cpu.count < n:
                cpu.count += 1
        """,
        "use `for … in range(constant)`, or loop in a @rseq.routine that calls the sequence",
        """
        @rseq.sequence
        def below(cpu: Items, n: i64) -> bool:
            if cpu.count >= n:
                return False
            cpu.count += 1
            return True

        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            while below(cpu, n):
                pass
        """,
    ),
    sequence(
        "for i in range(n):\n    pass",
        "use a constant bound, and `break` or an `if` inside",
        "for i in range(8):\n    if i == n:\n        break",
        "for i in range(8):\n    if i < n:\n        pass",
    ),
    sequence(
        "a = 0\nfor i in cpu.counts:\n    a += i",
        "write `for i in range(8):`, and use element [i]",
        "a = 0\nfor i in range(8):\n    a += cpu.counts[i]",
    ),
    routine("add(n)", "add(cpu, …)", "add(cpu, n)"),
    routine("add(cpu)", "pass each of them", "add(cpu, n)"),
    routine("add(cpu, n, 1, 2)", "pass each of them", "add(cpu, n, 1)"),
    routine("count_other(cpu)", "use one record", "add(cpu, 1)"),
    sequence("add_all(n)", "add_all(cpu, …)", "add_all(cpu, n)"),
    sequence("add_all(cpu)", "pass each of them", "add_all(cpu, n)"),
    sequence("add_other(cpu, n)", "use one record", "add_all(cpu, n)"),
    module(
        """
        @rseq.inline
        def add_twice(n: i64) -> None:
            add_all(n, n)

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            add_twice(n)
        """,
        "give this function the record too: cpu",
        """
        @rseq.inline
        def add_twice(cpu: Items, n: i64) -> None:
            add_all(cpu, 2 * n)

        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            add_twice(cpu, n)
        """,
    ),
    sequence("a = rseq.ctz(n, m)", "pass an argument", "a = rseq.ctz(n)"),
    sequence("a = rseq.clock(n)", "pass no arguments", "a = rseq.clock()"),
    sequence("rseq.copy(cpu.text, data)", "pass three arguments", "rseq.copy(cpu.text, data, 4)"),
    routine("a = rseq.lane(cpu)", "pass two arguments", "a = rseq.lane(cpu, n)"),
    routine("a = rseq.lanes(n)", "write cpu", "a = rseq.lanes(cpu)"),
    module(
        """
        @rseq.inline
        def half() -> u64:
            return rseq.lanes(cpu) // 2

        @rseq.routine
        def f(cpu: Items) -> u64:
            return half()
        """,
        "give this function the record too: cpu",
        """
        @rseq.inline
        def half(cpu: Items) -> u64:
            return rseq.lanes(cpu) // 2

        @rseq.routine
        def f(cpu: Items) -> u64:
            return half(cpu)
        """,
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64) -> None:
            rseq.store_release(cpu.count, n)
        """,
        "call it in a @rseq.routine; a sequence's own order is `release=True` and `acquire=True`",
        """
        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            rseq.store_release(rseq.lane(cpu, 0).count, n)
        """,
        """
        @rseq.sequence(release=True, acquire=True)
        def f(cpu: Items, n: i64) -> None:
            cpu.count = n
        """,
    ),
    routine(
        "there = rseq.lane(cpu, n)\nthere.count = 0",
        "use rseq.store_release() for a word that only others store to",
        "there = rseq.lane(cpu, n)\nrseq.store_release(there.count, 0)",
    ),
    module(
        """
        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            cpu.count = n
        """,
        "touch the lane in a sequence, and call that",
        """
        @rseq.sequence
        def store(cpu: Items, n: i64) -> None:
            cpu.count = n

        @rseq.routine
        def f(cpu: Items, n: i64) -> None:
            store(cpu, n)
        """,
    ),
    module(
        """
        @rseq.routine
        def f(cpu: Items) -> i32:
            return rseq.cpu_number()
        """,
        "ask in a sequence, and return it",
        """
        @rseq.sequence
        def here(cpu: Items) -> i32:
            return rseq.cpu_number()

        @rseq.routine
        def f(cpu: Items) -> i32:
            return here(cpu)
        """,
    ),
]


_AFTER = (
    "make the first store preparation (a `prepared` field) and let one store commit, "
    "or pack both into the one word that is committed."
)
_NEW = "keep the new value in a local and commit it, or store it where nothing reads it before the commit."
_PLACE = (
    "let parameters choose the place, or store to all the places that it may be; or mark the field `prepared`, if "
    "readers look only where another field of the row tells them to."
)
_TELL = (
    "store to it on every path; or return what decides, so that the caller knows which part of `{}` "
    "this run has stored."
)

_ELSEWHERE = (
    "let parameters choose the place, or store to all the places that it may be; or return what decides, "
    "so that the caller knows which part of `{}` this run has stored."
)
_BY_WORD = "choose both places by the word that is committed (for example, the half that is not in use)"
_ROW = (
    "read from where this run has stored, let parameters choose the place, or store to all the places that it may be."
)
_FOUND = "store to another field: to compare them is not enough, as a restart may find other rows."

RESTARTS = [
    sequence(
        "cpu.count += 1\ncpu.total += n",
        _AFTER,
        "cpu.latest = n\ncpu.count += 1",
        "cpu.count += (1 << 40) + n",
    ),
    sequence(
        "cpu.count += 1\nreturn cpu.count",
        "load into a local before the commit.",
        "count = cpu.count + 1\ncpu.count = count\nreturn count",
        result="i64",
    ),
    sequence(
        """
        count = cpu.count
        cpu.count = 0
        if count > n:
            return None
        return count
        """,
        "return None on the paths that commit nothing, and a value on those that do.",
        """
        count = cpu.count
        if count > n:
            return None
        cpu.count = 0
        return count
        """,
        """
        count = cpu.count
        cpu.count = 0
        if count > n:
            return -1
        return count
        """,
        result="i64 | None",
    ),
    sequence(
        "rseq.copy(cpu.label, data, 16)\ncpu.count = 16",
        "copy to a `prepared` field, and commit afterwards with one store that says where to look.",
        "rseq.copy(cpu.text, data, 16)\ncpu.count = 16",
    ),
    sequence(
        "if n < 10:\n    cpu.small = 1\nelse:\n    cpu.count = n",
        "commit to fields of one width and kind, or write two sequences.",
        "if n < 10:\n    cpu.total = 1\nelse:\n    cpu.count = n",
    ),
    module(
        """
        @rseq.sequence
        def f(cpu: Items, n: i64, x: f64) -> None:
            if n < 10:
                cpu.average = x
            else:
                cpu.count = n
        """,
        "commit to fields of one width and kind, or write two sequences.",
        """
        @rseq.sequence
        def store_average(cpu: Items, x: f64) -> None:
            cpu.average = x

        @rseq.sequence
        def store_count(cpu: Items, n: i64) -> None:
            cpu.count = n

        @rseq.routine
        def f(cpu: Items, n: i64, x: f64) -> None:
            if n < 10:
                store_average(cpu, x)
            else:
                store_count(cpu, n)
        """,
    ),
    # ---- what was read is overwritten
    sequence("cpu.latest += 1\ncpu.count = cpu.latest", _NEW, "cpu.count = cpu.latest + 1"),
    sequence(
        "cpu.slots[n] = cpu.slots[m] + 1\ncpu.count = n",
        _NEW,
        "cpu.count = cpu.slots[m] + 1",
        "cpu.slots[n] = cpu.latest + 1\ncpu.count = n",
    ),
    sequence("node.value += 1\ncpu.first = node", _NEW, "node.value = node.depth + 1\ncpu.first = node"),
    sequence("out[n] = out[m] + 1", _NEW, "cpu.count = i64(out[m]) + 1"),
    # ---- two rows that may be one
    sequence(
        """
        first = cpu.first
        if first is not None:
            node.value = first.value + 1
            cpu.first = node
        """,
        "leave if they are the same row, as in `if first == node`, or store to another field.",
        """
        first = cpu.first
        if first == node:
            return
        if first is not None:
            node.value = first.value + 1
            cpu.first = node
        """,
        """
        first = cpu.first
        if first is not None:
            node.depth = first.value + 1
            cpu.first = node
        """,
    ),
    sequence(
        """
        first = cpu.entry
        entry.value = first.value + 1
        cpu.entry = entry
        """,
        "leave if they are the same row, as in `if first == entry`, or store to another field.",
        """
        first = cpu.entry
        if first == entry:
            return
        entry.value = first.value + 1
        cpu.entry = entry
        """,
        """
        first = cpu.entry
        entry.depth = first.value + 1
        cpu.entry = entry
        """,
    ),
    sequence(
        """
        entry.value = cpu.entry.value + 1
        cpu.entry = entry
        """,
        "load the pointer into a local, compare it, and leave if they are the same row; or store elsewhere.",
        """
        first = cpu.entry
        if first == entry:
            return
        entry.value = first.value + 1
        cpu.entry = entry
        """,
        """
        entry.depth = cpu.entry.value + 1
        cpu.entry = entry
        """,
    ),
    sequence(
        """
        first = cpu.first
        if first is None:
            return
        first.marks[0] = node.marks[0] + 1
        cpu.count = 1
        """,
        "leave if they are the same row, as in `if node == first`, or store to another field.",
        """
        first = cpu.first
        if first is None:
            return
        if node == first:
            return
        first.marks[0] = node.marks[0] + 1
        cpu.count = 1
        """,
        """
        first = cpu.first
        if first is None:
            return
        first.marks[1] = node.marks[0] + 1
        cpu.count = 1
        """,
    ),
    sequence(
        """
        first = cpu.first
        second = cpu.second
        if first is None or second is None:
            return
        first.marks[0] = second.marks[0] + 1
        cpu.count = 1
        """,
        _FOUND,
        """
        first = cpu.first
        second = cpu.second
        if first is None or second is None:
            return
        first.marks[1] = second.marks[0] + 1
        cpu.count = 1
        """,
    ),
    module(
        """
        @rseq.inline
        def give(row: ptr[Node], value: i64) -> None:
            row.value = value

        @rseq.sequence
        def f(cpu: Items, node: ptr[Node]) -> None:
            first = cpu.first
            if first is None:
                return
            give(node, first.value + 1)
            cpu.first = node
        """,
        "leave if they are the same row, as in `if first == node`, or store to another field.",
        """
        @rseq.inline
        def give(row: ptr[Node], value: i64) -> None:
            row.value = value

        @rseq.sequence
        def f(cpu: Items, node: ptr[Node]) -> None:
            first = cpu.first
            if first is None:
                return
            if first == node:
                return
            give(node, first.value + 1)
            cpu.first = node
        """,
        """
        @rseq.inline
        def give(row: ptr[Node], value: i64) -> None:
            row.depth = value

        @rseq.sequence
        def f(cpu: Items, node: ptr[Node]) -> None:
            first = cpu.first
            if first is None:
                return
            give(node, first.value + 1)
            cpu.first = node
        """,
    ),
    sequence(
        """
        row = node if cpu.total & 1 else other
        first = cpu.first
        if first is None:
            return
        row.value = first.value
        cpu.first = row
        """,
        _FOUND,
        """
        first = cpu.first
        if first is None:
            return
        node.depth = first.value
        other.depth = first.value
        row = node if cpu.total & 1 else other
        cpu.first = row
        """,
    ),
    sequence(
        """
        row = node if n > 1 else other
        first = cpu.first
        if first is None:
            return
        row.value = first.value
        cpu.first = row
        """,
        "leave if they are the same row, as in `if first == row`, or store to another field.",
        """
        row = node if n > 1 else other
        first = cpu.first
        if first is None:
            return
        if first == row:
            return
        row.value = first.value
        cpu.first = row
        """,
        """
        row = node if n > 1 else other
        first = cpu.first
        if first is None:
            return
        row.depth = first.value
        cpu.first = row
        """,
    ),
    module(
        """
        @rseq.sequence(may_alias=True)
        def f(cpu: Items, node: ptr[Node], other: ptr[Node]) -> None:
            node.value = other.value + 1
            cpu.first = node
        """,
        "leave out may_alias, and the same row is refused before the section; or store to another field.",
        """
        @rseq.sequence
        def f(cpu: Items, node: ptr[Node], other: ptr[Node]) -> None:
            node.value = other.value + 1
            cpu.first = node
        """,
        """
        @rseq.sequence(may_alias=True)
        def f(cpu: Items, node: ptr[Node], other: ptr[Node]) -> None:
            node.depth = other.value + 1
            cpu.first = node
        """,
    ),
    module(
        """
        @rseq.sequence(may_alias=True)
        def f(cpu: Node, node: ptr[Node], n: i64) -> None:
            node.value = n
            cpu.next = node
        """,
        _AFTER,
        """
        @rseq.sequence(may_alias=True)
        def f(cpu: Node, node: ptr[Node], n: i64) -> None:
            node.marks[0] = n
            cpu.next = node
        """,
    ),
    module(
        """
        @rseq.sequence(may_alias=True)
        def f(cpu: Node, node: ptr[Node]) -> None:
            node.marks[0] = cpu.marks[0] + 1
            cpu.next = node
        """,
        "leave out may_alias, and the same row is refused before the section; or store to another field.",
        """
        @rseq.sequence
        def f(cpu: Node, node: ptr[Node]) -> None:
            node.marks[0] = cpu.marks[0] + 1
            cpu.next = node
        """,
        """
        @rseq.sequence(may_alias=True)
        def f(cpu: Node, node: ptr[Node]) -> None:
            node.marks[1] = cpu.marks[0] + 1
            cpu.next = node
        """,
    ),
    module(
        """
        @rseq.sequence(may_alias=True)
        def f(cpu: Items, one: bytearray, other: bytearray) -> None:
            one[0] = other[0] + 1
            cpu.count = 1
        """,
        "leave out may_alias, and buffers that overlap are refused before the section.",
        """
        @rseq.sequence
        def f(cpu: Items, one: bytearray, other: bytearray) -> None:
            one[0] = other[0] + 1
            cpu.count = 1
        """,
    ),
    # ---- what an interrupted run leaves
    sequence(
        """
        if n > cpu.count:
            node.value = n
        node.next = cpu.first
        cpu.first = node
        """,
        "store to it on every path that leads there: choose the value first, and store that.",
        """
        most = cpu.count
        node.value = n if n > most else most
        node.next = cpu.first
        cpu.first = node
        """,
    ),
    sequence(
        """
        if n > cpu.total:
            cpu.latest = n
        cpu.count = cpu.latest
        """,
        "store to it on every path that leads there: choose the value first, and store that.",
        """
        most = cpu.total
        latest = n if n > most else most
        cpu.latest = latest
        cpu.count = latest
        """,
    ),
    sequence(
        "node.votes[cpu.total & 3] = 1\ncpu.first = node",
        _PLACE,
        "node.votes[n] = 1\ncpu.first = node",
        "for i in range(4):\n    node.votes[i] = 0\nnode.votes[cpu.total & 3] = 1\ncpu.first = node",
        "which = cpu.total & 3\nnode.marks[which] = 1\nnode.which = which\ncpu.first = node",
    ),
    sequence(
        "cpu.slots[cpu.total & 63] = n\ncpu.count = cpu.slots[m]",
        f"read from where this run has stored, or {_BY_WORD}.",
        "at = cpu.total & 63\ncpu.slots[at] = n\ncpu.count = cpu.slots[at]",
        "half = cpu.count & 1\nvalue = cpu.slots[half]\ncpu.slots[1 - half] = n\ncpu.count = 1 - half",
        "half = cpu.count & 1\ncpu.slots[1 - half] = cpu.slots[half] + n\ncpu.count = 1 - half",
    ),
    sequence(
        """
        source = cpu.total & 63
        target = i64(cpu.small) & 63
        if source == target:
            return
        value = cpu.slots[source]
        cpu.slots[target] = value + 1
        cpu.count = value
        """,
        f"{_BY_WORD}, or one of them by a parameter.",
        """
        source = cpu.count & 1
        target = 1 - source
        value = cpu.slots[source]
        cpu.slots[target] = value + 1
        cpu.count = target
        """,
        """
        source = n
        target = i64(cpu.small) & 63
        if source == target:
            return
        value = cpu.slots[source]
        cpu.slots[target] = value + 1
        cpu.count = value
        """,
        """
        source = cpu.total & 63
        target = n
        if source == target:
            return
        value = cpu.slots[source]
        cpu.slots[target] = value + 1
        cpu.count = value
        """,
    ),
    sequence(
        "node.marks[cpu.total & 3] = 1\ncpu.count = node.marks[0]",
        _ROW,
        "at = cpu.total & 3\nnode.marks[at] = 1\ncpu.count = node.marks[at]",
        "node.marks[n] = 1\ncpu.count = node.marks[0]",
        "for i in range(4):\n    node.marks[i] = 0\nnode.marks[cpu.total & 3] = 1\ncpu.count = node.marks[0]",
    ),
    sequence(
        "half = cpu.count & 1\nnode.marks[1 - half] = node.marks[half]\ncpu.count = 1 - half",
        "let parameters choose both places.",
        "half = n & 1\nnode.marks[1 - half] = node.marks[half]\ncpu.count = 1 - half",
    ),
    sequence(
        "row = node if cpu.total & 1 else other\nrow.value = 1\ncpu.first = node",
        _PLACE,
        "row = node if n & 1 else other\nrow.value = 1\ncpu.first = node",
        "odd = cpu.total & 1\nnode.value = 1 if odd else 0\nother.value = 0 if odd else 1\ncpu.first = node",
    ),
    sequence(
        "rseq.copy(node.votes, data, cpu.count)\ncpu.first = node",
        _PLACE,
        "rseq.copy(node.votes, data, n)\ncpu.first = node",
        "for i in range(4):\n    node.votes[i] = 0\nrseq.copy(node.votes, data, cpu.count)\ncpu.first = node",
        "count = cpu.count\nrseq.copy(node.marks, data, count)\nnode.which = count\ncpu.first = node",
    ),
    sequence(
        """
        if cpu.total & 1:
            out[1] = 1
        else:
            out[0] = 1
        cpu.count += 1
        """,
        _TELL.format("out"),
        """
        odd = cpu.total & 1
        out[0] = 1 - u8(odd)
        out[1] = u8(odd)
        cpu.count += 1
        """,
    ),
    sequence(
        """
        if cpu.total & 1:
            out[1] = 1
        else:
            out[0] = 1
        cpu.count += 1
        """,
        _TELL.format("out"),
        """
        odd = cpu.total & 1
        if odd:
            out[1] = 1
        else:
            out[0] = 1
        cpu.count += 1
        return odd
        """,
        returns="i64",
    ),
    sequence(
        "out[cpu.total & 1] = 1\ncpu.count += 1",
        _ELSEWHERE.format("out"),
        "at = cpu.total & 1\nout[at] = 1\ncpu.count += 1\nreturn at",
        returns="i64",
    ),
    sequence(
        "out[cpu.total & 1] = 1\ncpu.count += 1",
        _ELSEWHERE.format("out"),
        "at = cpu.total & 1\nout[0] = 0\nout[1] = 0\nout[at] = 1\ncpu.count += 1",
    ),
    sequence(
        "rseq.copy(out, cpu.text, cpu.count)",
        _ELSEWHERE.format("out"),
        "rseq.copy(out, cpu.text, n)\nreturn n",
        "count = cpu.count\nrseq.copy(out, cpu.text, count)\nreturn count",
        returns="i64",
    ),
    sequence(
        "node.votes[cpu.total & 3] = 1\ncpu.count += 1",
        _ELSEWHERE.format("node"),
        "which = cpu.total & 3\nnode.votes[which] = 1\ncpu.count += 1\nreturn which",
        returns="i64",
    ),
    sequence(
        "if cpu.total > n:\n    node.value = 1\ncpu.count += 1",
        _TELL.format("node"),
        "node.value = 1 if cpu.total > n else 0\ncpu.count += 1",
    ),
    sequence(
        "if cpu.total > n:\n    node.value = 1\ncpu.count += 1",
        _TELL.format("node"),
        "total = cpu.total\nif total > n:\n    node.value = 1\ncpu.count += 1\nreturn total > n",
        returns="bool",
    ),
    # ---- pointers
    sequence(
        "first = cpu.first\ncpu.first = first.next",
        "load it into a local, and leave if that is None, before its fields are used.",
        "first = cpu.first\nif first is None:\n    return\ncpu.first = first.next",
    ),
    sequence(
        "cpu.first = cpu.first.next",
        "load it into a local, and leave if that is None, before its fields are used.",
        "first = cpu.first\nif first is None:\n    return\ncpu.first = first.next",
    ),
    sequence(
        "if cpu.first is not None:\n    cpu.first = cpu.first.next",
        "load it into a local, and leave if that is None, before its fields are used.",
        "first = cpu.first\nif first is not None:\n    cpu.first = first.next",
    ),
    routine(
        "return rseq.lane(cpu, 0).first.value",
        "load it into a local, and leave if that is None, before its fields are used.",
        "first = rseq.lane(cpu, 0).first\nif first is None:\n    return 0\nreturn first.value",
        result="i64",
    ),
]

MENDINGS = [*INSTEAD, *VALUES, *SIGNATURES, *CALLS, *RESTARTS]
