"""Random programs of the language, as source text: well typed, and most of them keep the restart contract.

`Writer` draws each choice from hypothesis, so that a failing program shrinks. The text is an ordinary function on
`Lane`; `compiled` makes the sequence of it, with its source in `linecache`.
"""

from __future__ import annotations

import contextlib
import itertools
import linecache
import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import rseq
from rseq import f32, f64, i8, i16, i32, i64, prepared, ptr, u8, u16, u32, u64
from rseq._language.errors import ContractError
from rseq._language.types import SCALARS, Scalar


class Node(rseq.Record):
    """A row: `read` fields are only loaded by the programs, the others only stored."""

    read: i64
    read_small: u16
    written: prepared[i32]
    written_float: prepared[f64]


class Lane(rseq.Record):
    """Fields to load (`c_`), to commit to (`c_`), to prepare (`p_`) and to prepare by element."""

    c_i8: i8
    c_i16: i16
    c_i32: i32
    c_i64: i64
    c_u8: u8
    c_u16: u16
    c_u32: u32
    c_u64: u64
    c_f32: f32
    c_f64: f64
    c_bool: bool
    a_i8: i8[3]
    a_i16: i16[5]
    a_i32: i32[4]
    a_i64: i64[6]
    a_u8: u8[9]
    a_u16: u16[2]
    a_u32: u32[8]
    a_u64: u64[3]
    a_f32: f32[4]
    a_f64: f64[5]
    p_i8: prepared[i8]
    p_i16: prepared[i16]
    p_i32: prepared[i32]
    p_i64: prepared[i64]
    p_u8: prepared[u8]
    p_u16: prepared[u16]
    p_u32: prepared[u32]
    p_u64: prepared[u64]
    p_f32: prepared[f32]
    p_f64: prepared[f64]
    p_bool: prepared[bool]
    q_i8: prepared[i8[4]]
    q_u16: prepared[u16[3]]
    q_i32: prepared[i32[4]]
    q_i64: prepared[i64[5]]
    q_f32: prepared[f32[4]]
    q_f64: prepared[f64[7]]
    head: ptr[Node]


NAMES: dict[str, Any] = {
    **{name: getattr(rseq, name) for name in SCALARS if name != "bool"},
    "rseq": rseq,
    "ptr": ptr,
    "Lane": Lane,
    "Node": Node,
    "INF": math.inf,
    "NAN": math.nan,
    "TINY": 5e-324,
    "HUGE": 1.7e308,
    "TENTH": 0.1,
}

_INTEGERS = [name for name, scalar in SCALARS.items() if scalar.is_integer]
_FLOATS = ["f32", "f64"]
_ARRAYS = {"a": _INTEGERS + _FLOATS, "q": ["i8", "u16", "i64", "f32", "f64"]}
_serial = itertools.count()


def compiled(text: str, decorator: Callable[[Any], Any] = rseq.sequence, **names: Any) -> Any:
    """The function called `f` that `text` defines, decorated; `text` is what inspect finds for it."""
    file = f"<program {next(_serial)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope = {**NAMES, **names}
    exec(compile(text, file, "exec"), scope)
    return decorator(scope["f"])


def edges(scalar: Scalar) -> list[int | float]:
    """Numbers of a type where arithmetic goes wrong first."""
    return list(_edges(scalar))


@cache
def _edges(scalar: Scalar) -> list[int | float]:
    if scalar.kind == "bool":
        return [0, 1]
    if scalar.is_float:
        powers = [math.ldexp(sign, bits) for bits in (7, 8, 15, 16, 31, 32, 63, 64) for sign in (1.0, -1.0)]
        special = [0.0, -0.0, 0.5, -0.5, 1.0, -1.5, math.inf, -math.inf, math.nan, 5e-324, 1.7e308, 0.1, 2.0**53 + 2]
        near = [math.nextafter(power, toward) for power in powers for toward in (0.0, math.copysign(math.inf, power))]
        return [scalar.wrap(number) for number in (*special, *powers, *near)]
    low, high = scalar.minimum, scalar.maximum
    return sorted({low, low + 1, -1 if low else 0, 0, 1, 2, 7, high // 2, high // 2 + 1, high - 1, high})


def numbers(scalar: Scalar) -> st.SearchStrategy[Any]:
    """Arguments of a type, edges more often than others."""
    if scalar.kind == "bool":
        return st.booleans()
    if scalar.is_float:
        return st.sampled_from(edges(scalar)) | st.floats(width=8 * scalar.size)  # type: ignore[arg-type]
    return st.sampled_from(edges(scalar)) | st.integers(int(scalar.minimum), int(scalar.maximum))


class Writer:
    """Writes one program. A register-hungry or contract-breaking one may come out: whoever uses it skips it."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any], bits: int = 64) -> None:
        """`bits` is the widest integer, and the widest commit, of the programs."""
        self.draw = draw
        self.bits = bits
        self.integers = [name for name in _INTEGERS if SCALARS[name].bits <= bits]
        self.types = [*self.integers, *_FLOATS, "bool"]
        self.lines: list[str] = []
        self.locals: dict[str, str] = {}
        self.assignable: set[str] = set()
        self.serial = 0
        self.may_load = True

    # ---- choices

    def pick(self, choices: Sequence[Any]) -> Any:
        return self.draw(st.sampled_from(choices))

    def chance(self, one_in: int) -> bool:
        return bool(self.draw(st.integers(0, one_in - 1)) == one_in - 1)

    def up_to(self, most: int) -> int:
        return int(self.draw(st.integers(0, most)))

    # ---- the function

    def program(self) -> str:
        """The text of a function `f`."""
        types = [self.pick(self.types) for _ in range(self.up_to(3))]
        names = [f"n{index}" for index in range(len(types))]
        self.locals = dict(zip(names, types, strict=True))
        self.assignable = set(names)
        self.result = self.pick([None, *self.types])
        self.has_row = self.chance(4)
        self.commit_type = self.pick(
            [*(name for name in self.types if SCALARS[name].bits <= self.bits), *(["head"] if self.has_row else [])]
        )
        given = ", ".join(["cpu: Lane", *(["row: ptr[Node]"] if self.has_row else [])])
        given += "".join(f", {name}: {type}" for name, type in self.locals.items())
        self.write(0, f"def f({given}) -> {self.result}:")
        if self.has_row:
            self.write(1, "head = cpu.head")
        for _ in range(self.up_to(4)):
            self.statement(1, 2)
        self.end(1, 2)
        return "\n".join([*self.lines, ""])

    def write(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    # ---- statements before the commit

    def statement(self, depth: int, nesting: int) -> None:
        kinds = [self.local, self.local, self.assign, self.prepare, self.prepare]
        if nesting:
            kinds += [self.branch, self.loop, self.leave, self.cases]
        kind = self.pick(kinds)
        kind(depth, nesting)

    def local(self, depth: int, nesting: int) -> None:
        type = self.pick(self.types)
        value = self.expression(type, 2)
        self.serial += 1
        self.write(depth, f"v{self.serial}: {type} = {value}" if self.chance(2) else f"v{self.serial} = {value}")
        self.locals[f"v{self.serial}"] = type
        self.assignable.add(f"v{self.serial}")

    def assign(self, depth: int, nesting: int) -> None:
        known = sorted(self.assignable)
        if not known:
            self.local(depth, nesting)
            return
        name = self.pick(known)
        type = self.locals[name]
        if type == "bool" or self.chance(2):
            self.write(depth, f"{name} = {self.expression(type, 2)}")
        else:
            self.write(depth, f"{name} {self.operator(type)}= {self.expression(type, 1)}")

    def prepare(self, depth: int, nesting: int) -> None:
        if self.has_row and self.chance(2):
            name, type = self.pick([("written", "i32"), ("written_float", "f64")])
            self.write(depth, f"row.{name} = {self.expression(type, 2)}")
        elif self.chance(2):
            type = self.pick([name for name in _ARRAYS["q"] if name in self.types])
            self.write(depth, f"{self.element('q', type)} = {self.expression(type, 2)}")
        else:
            type = self.pick(self.types)
            self.write(depth, f"cpu.p_{type} = {self.expression(type, 2)}")

    def branch(self, depth: int, nesting: int) -> None:
        heads = ["if", *["elif"] * self.up_to(1), *(["else"] if self.chance(2) else [])]
        before, assignable = dict(self.locals), set(self.assignable)
        for head in heads:
            self.write(depth, "else:" if head == "else" else f"{head} {self.expression('bool', 2)}:")
            self.statement(depth + 1, nesting - 1)
            self.locals, self.assignable = dict(before), set(assignable)

    def cases(self, depth: int, nesting: int) -> None:
        type = self.pick(self.integers)
        before, assignable = dict(self.locals), set(self.assignable)
        self.write(depth, f"match {self.expression(type, 1)}:")
        for kind in self.pick([["one", "rest"], ["one"], ["two", "one"], ["guarded", "named"]]):
            self.serial += 1
            one, other = (self.pick([n for n in edges(SCALARS[type]) if n >= 0]) for _ in range(2))
            name, guard = f"v{self.serial}", self.expression("bool", 1)
            texts = {"one": one, "rest": "_", "two": f"{one} | {other}", "guarded": f"{one} if {guard}", "named": name}
            self.write(depth + 1, f"case {texts[kind]}:")
            self.locals |= {name: type} if kind == "named" else {}
            self.statement(depth + 2, nesting - 1)
            self.locals, self.assignable = dict(before), set(assignable)

    def loop(self, depth: int, nesting: int) -> None:
        self.serial += 1
        name, before, assignable = f"k{self.serial}", dict(self.locals), set(self.assignable)
        self.write(depth, f"for {name} in range({self.pick([1, 2, 3])}):")
        self.locals[name] = "index"
        if self.chance(3):
            self.write(depth + 1, f"if {self.expression('bool', 1)}:")
            self.write(depth + 2, self.pick(["break", "continue"]))
        self.statement(depth + 1, nesting - 1)
        self.locals, self.assignable = before, assignable

    def leave(self, depth: int, nesting: int) -> None:
        self.write(depth, f"if {self.expression('bool', 2)}:")
        self.give_back(depth + 1)

    # ---- the commit and what follows

    def end(self, depth: int, nesting: int) -> None:
        kind = self.pick(["commit", "commit", "branch", "leave", "nothing"] if nesting else ["commit", "nothing"])
        if kind == "branch":
            before, assignable = dict(self.locals), set(self.assignable)
            self.write(depth, f"if {self.expression('bool', 2)}:")
            self.end(depth + 1, nesting - 1)
            self.locals, self.assignable = before, assignable
            if self.chance(2):
                self.write(depth, "else:")
                self.end(depth + 1, nesting - 1)
                return
            self.end(depth, nesting - 1)
            return
        if kind == "leave":
            self.leave(depth, nesting)
            self.end(depth, nesting - 1)
            return
        if kind == "commit":
            self.commit(depth)
        self.give_back(depth)

    def commit(self, depth: int) -> None:
        type = self.commit_type
        if type == "head":
            self.write(depth, f"cpu.head = {self.pick(['row', 'None'])}")
        elif type == "bool":
            self.write(depth, f"cpu.c_bool = {self.expression('bool', 2)}")
        else:
            place = self.element("a", type) if self.chance(2) else f"cpu.c_{type}"
            sign = self.operator(type) if self.chance(2) else self.pick(["", "+"])
            self.write(depth, f"{place} {sign}= {self.expression(type, 2)}")

    def give_back(self, depth: int) -> None:
        self.may_load = False
        before, assignable = dict(self.locals), set(self.assignable)
        if self.chance(4):
            self.assign(depth, 0)
        if self.result is None:
            self.write(depth, "return")
        elif self.chance(4):
            self.write(depth, f"if {self.expression('bool', 1)}:")
            self.write(depth + 1, f"return {self.expression(self.result, 1)}")
            self.write(depth, f"return {self.expression(self.result, 2)}")
        else:
            self.write(depth, f"return {self.expression(self.result, 2)}")
        self.may_load = True
        self.locals, self.assignable = before, assignable

    # ---- expressions

    def expression(self, type: str, depth: int) -> str:
        if depth == 0 or self.chance(4):
            return self.leaf(type)
        if type == "bool":
            return self.condition(depth)
        return self.number(type, depth)

    def leaf(self, type: str) -> str:
        choices = [name for name, known in self.locals.items() if known == type]
        choices += [f"{type}({name})" for name, known in self.locals.items() if known == "index" and type != "bool"]
        if self.may_load:
            choices.append(f"cpu.c_{type}")
        choices.append("")
        chosen = self.pick(choices)
        if chosen:
            return str(chosen)
        if type in _ARRAYS["a"] and self.may_load and self.chance(2):
            return self.element("a", type)
        return self.constant(type)

    def constant(self, type: str) -> str:
        if type == "bool":
            return str(self.pick(["True", "False"]))
        if type in _FLOATS:
            names = ["INF", "NAN", "-0.0", "0.0", "TINY", "HUGE", "TENTH", "1.0", "-1.5", "2147483648.0", "1e19"]
            return f"{type}({self.pick(names)})"
        return f"{type}({self.pick(edges(SCALARS[type]))})"

    def element(self, family: str, type: str) -> str:
        array = f"cpu.{family}_{type}"
        length = getattr(Lane.fields[f"{family}_{type}"].type, "length", 1)
        kind = self.pick(["constant", "masked", "any"])
        known = [name for name, type in self.locals.items() if type in self.integers]
        if kind == "constant" or not known:
            return f"{array}[{self.pick(range(length))}]"
        name = self.pick(known)
        is_constant = name.startswith("v")  # or may be; then an index out of range is refused at once
        return f"{array}[{name} & 1]" if kind == "masked" or is_constant else f"{array}[{name}]"

    def operator(self, type: str) -> str:
        return str(self.pick(["+", "-", "*", "/"] if type in _FLOATS else ["+", "-", "*", "&", "|", "^"]))

    def number(self, type: str, depth: int) -> str:
        kinds = ["binary", "binary", "binary", "convert", "choose", "negate", "mixed", "extreme"]
        kinds += ["divide", "shift", "invert", "count"] if type in self.integers else []
        kinds += ["row"] if self.has_row and self.may_load else []
        kind = self.pick(kinds)
        left = self.expression(type, depth - 1)
        match kind:
            case "convert":
                return self.convert(type, depth)
            case "choose":
                other = self.expression(type, depth - 1)
                return f"({left} if {self.expression('bool', depth - 1)} else {other})"
            case "negate":
                return f"(-{left})"
            case "extreme":
                return self.pick([f"abs({left})", f"min({left}, {self.narrower(type, depth)})", f"max(1, {left})"])
            case "count":
                return f"rseq.{self.pick(['ctz', 'clz', 'bits'])}({left})"
            case "invert":
                return f"(~{left})"
            case "divide":
                return f"({left} {self.pick(['//', '%'])} {self.divisor(type)})"
            case "shift":
                return f"({left} {self.pick(['<<', '>>'])} {self.count(type, depth)})"
            case "mixed":
                return f"({left} {self.operator(type)} {self.narrower(type, depth)})"
            case "row":
                return self.of_row(type)
        return f"({left} {self.operator(type)} {self.expression(type, depth - 1)})"

    def divisor(self, type: str) -> str:
        scalar = SCALARS[type]
        if self.chance(3):
            other = self.pick([name for name, known in self.locals.items() if known == type] or [f"{type}(7)"])
            return str(self.pick([f"max(1, {other})", f"({other} | 1)", f"({type}(7) if {other} == 0 else {other})"]))
        return str(
            self.pick([n for n in (1, 2, 3, 7, 10, 64, 100, -1, -2, -3, -10, *edges(scalar)) if fits(n, scalar)])
        )

    def count(self, type: str, depth: int) -> str:
        if self.chance(2):
            return str(self.pick([n for n in (0, 1, 3, 7, 8, 31, 33, 63, 64, 100) if n <= SCALARS[type].maximum]))
        return self.expression(type, depth - 1)

    def narrower(self, type: str, depth: int) -> str:
        scalar = SCALARS[type]
        kinds = [name for name, one in SCALARS.items() if one.kind == scalar.kind and one.size <= scalar.size]
        return self.expression(self.pick(kinds), depth - 1)

    def convert(self, type: str, depth: int) -> str:
        source = self.pick(self.types)
        if type == "i32" and self.may_load and self.chance(3):
            return "rseq.cpu_number()"
        return f"{type}({self.expression(source, depth - 1)})"

    def of_row(self, type: str) -> str:
        field = "read" if self.bits == 64 else "read_small"
        guarded = f"head.{field} if head is not None else row.{field}"
        return f"{type}({self.pick([f'row.{field}', 'row.read_small', f'({guarded})'])})"

    def condition(self, depth: int) -> str:
        kind = self.pick(["compare", "compare", "compare", "both", "not", "chain", "convert", "bits"])
        if kind == "both":
            return (
                f"({self.condition(depth - 1)} {self.pick(['and', 'or'])} {self.condition(depth - 1)})"
                if depth
                else "True"
            )
        if depth == 0:
            return self.leaf("bool")
        if kind == "not":
            return f"(not {self.expression('bool', depth - 1)})"
        if kind == "bits":
            return f"({self.leaf('bool')} {self.pick(['&', '|', '^'])} {self.expression('bool', depth - 1)})"
        type = self.pick([*self.integers, *_FLOATS])
        left, right = self.expression(type, depth - 1), self.expression(type, depth - 1)
        signs = ["==", "!=", "<", "<=", ">", ">="]
        if kind == "convert":
            return f"bool({left})"
        if kind == "chain":
            return f"({left} {self.pick(signs)} {right} {self.pick(signs)} {self.expression(type, 0)})"
        return f"({left} {self.pick(signs)} {right})"


def fits(number: int | float, scalar: Scalar) -> bool:
    """True for divisors that a type holds."""
    return number != 0 and scalar.minimum <= number <= scalar.maximum


# Many of them


def argument(type: Any, seed: int, rows: Sequence[int]) -> Any:
    if not isinstance(type, Scalar):
        return rows[0]
    choices = edges(type)
    return choices[seed * 7919 % len(choices)]


def some_programs(bits: int = 64) -> list[tuple[Any, bool, int]]:
    """A hundred and more, always the same: what several files of tests ask for is made once."""
    return random_programs(120, None, bits)  # no keyword: @cache would take it for another call


@cache
def random_programs(count: int, turn: int | None, bits: int = 64) -> list[tuple[Any, bool, int]]:
    """Sequences, whether they take a row, and a number for the choice of their data; always the same without `turn`."""
    found: list[tuple[Any, bool, int]] = []

    @st.composite
    def program(draw: Any) -> tuple[str, bool, int]:
        writer = Writer(draw, bits)
        return writer.program(), writer.has_row, draw(st.integers(0, 9999))

    @given(program())
    @settings(
        max_examples=count,
        derandomize=turn is None,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    def collect(made: tuple[str, bool, int]) -> None:
        text, has_row, seed = made
        with contextlib.suppress(ContractError):  # some store to a row on one path and publish it on all
            found.append((compiled(text), has_row, seed))

    collect()
    assert len(found) > count // 2
    return found
