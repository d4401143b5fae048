"""Random programs of the whole language: buffers, copies, rows by pointer and by number, inline functions, None.

`programs.Writer` writes arithmetic, branches and loops on a record of numbers. This one adds what is about memory, and
takes all of its choices from one number: `program(7)` is always the same one. What the contract refuses is left out;
what it accepts means the same to the interpreter, to machine code on a CPU's lane and on the spare one, and in Numba.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import budgets
import programs
import rseq
from programs import Node, compiled
from rseq import f32, f64, i64, index, prepared, u8, u32
from rseq._arch import Architecture, host
from rseq._language.errors import ContractError
from rseq._language.types import SCALARS, Buffer, Index, Pointer, Scalar

BYTES = 20
"""How long the arrays and buffers are that are copied."""

_ANNOTATIONS = {name: eval(text, vars(programs)) for name, text in programs.Lane.__annotations__.items()} | {
    "text": u8[BYTES],
    "draft": prepared[u8[BYTES]],
    "place": index[Node],
    "beside": index[Node],
    "places": prepared[index[Node][3]],
}
Wide: Any = type(rseq.Record)("Wide", (rseq.Record,), {"__annotations__": _ANNOTATIONS, "__module__": __name__})
"""What the programs work on: the fields of `programs.Lane`, texts to be copied, and numbers of rows."""


@rseq.inline
def clamped(x: i64, low: i64, high: i64) -> i64:
    if x < low:
        return low
    return high if x > high else x


@rseq.inline
def mixed(x: u32, turns: i64) -> u32:
    for turn in range(turns):
        x = (x ^ (x >> 15)) * 0x2C1B3C6D + u32(turn)
    return x


@rseq.inline
def halved(x: f32) -> f64:
    if x != x:
        return -1.0
    return f64(x) / 2.0


@rseq.inline
def at(cpu: Wide, i: i64) -> i64:
    return i64(cpu.text[i & 15]) - cpu.c_i64


INLINE = {
    "i64": ("clamped({i64}, -100, {i64})", "clamped({i64}, {i64}, 1 << 40)", "at(cpu, {i64})"),
    "u32": ("mixed({u32}, 1)", "mixed({u32}, 3)"),
    "f64": ("halved({f32})",),
}
NAMES = {"Wide": Wide, "clamped": clamped, "mixed": mixed, "halved": halved, "at": at, "index": index}


class Writer(programs.Writer):
    """Writes one program, with the choices of a number."""

    def __init__(self, number: int, bits: int = 64, in_numba: bool = False) -> None:
        super().__init__(lambda strategy: strategy, bits)
        self.random = Random(number)
        self.in_numba = in_numba

    def pick(self, choices: Any) -> Any:
        return self.random.choice(choices)

    def chance(self, one_in: int) -> bool:
        return self.random.randrange(one_in) == 0

    def up_to(self, most: int) -> int:
        return self.random.randint(0, most)

    # ---- the function

    def program(self) -> str:
        types = [self.pick(self.types) for _ in range(self.up_to(3))]
        self.locals = {f"n{number}": type for number, type in enumerate(types)}
        self.assignable = set(self.locals)
        self.result = self.pick([None, *self.types])
        self.may_be_nothing = self.result is not None and self.chance(4)
        self.has_row = not self.in_numba and self.chance(4)
        self.has_number = not self.in_numba and self.chance(4)
        self.buffers = {"data": self.chance(3), "out": self.chance(3)}
        commits = [name for name in self.types if SCALARS[name].bits <= self.bits]
        self.commit_type = self.pick([*commits, *(["head"] if self.has_row else []), "place"])
        given = ["cpu: Wide", *(["row: ptr[Node]"] if self.has_row else [])]
        given += ["which: index[Node]"] if self.has_number else []
        given += [f"{name}: {type}" for name, type in self.locals.items()]
        given += ["data: bytes"] if self.buffers["data"] else []
        given += ["out: bytearray"] if self.buffers["out"] else []
        self.write(0, f"def f({', '.join(given)}) -> {self.result}{' | None' if self.may_be_nothing else ''}:")
        if self.has_row:
            self.write(1, "head = cpu.head")
        for _ in range(self.up_to(5)):
            self.statement(1, 2)
        self.end(1, 2)
        return "\n".join([*self.lines, ""])

    def statement(self, depth: int, nesting: int) -> None:
        """Half of them are about memory."""
        if self.chance(2):
            self.prepare(depth, nesting)
        else:
            super().statement(depth, nesting)

    def expression(self, type: str, depth: int) -> str:
        """Small ones: there are few registers, and what is about memory takes some."""
        return super().expression(type, min(depth, self.up_to(2)))

    # ---- memory

    def prepare(self, depth: int, nesting: int) -> None:
        kinds: list[Any] = [super().prepare, self.copy, self.put_number]
        kinds += [self.put_byte] if self.buffers["out"] else []
        kinds += [self.put_into_row] if self.has_number else []
        self.pick(kinds)(depth, nesting)

    def copy(self, depth: int, nesting: int) -> None:
        """What two buffers have in common is bounded by nothing, and is refused."""
        if self.chance(4):
            self.write(depth, f"rseq.copy(cpu.draft, cpu.text, {BYTES})")
            return
        target = self.pick(["cpu.draft", *(["out", "out"] if self.buffers["out"] else [])])
        source = self.pick(["cpu.text", *(["data", "data"] if self.buffers["data"] and target != "out" else [])])
        self.write(depth, f"rseq.copy({target}{self.start()}, {source}{self.start()}, {self.length()})")

    def start(self) -> str:
        return self.pick(["", f"[{self.where()}]"])

    def where(self) -> str:
        return str(self.pick([0, 1, 3, 7, self.integer("& 7"), self.integer("")]))

    def length(self) -> str:
        choices = [0, 1, 5, 8, 13, self.integer("& 7"), self.integer("& 15"), self.integer("")]
        choices += 3 * [f"len({name})" for name, there in self.buffers.items() if there]
        return str(self.pick(choices))

    def integer(self, mask: str) -> str:
        known = [name for name, type in self.locals.items() if type in self.integers and name.startswith("n")]
        return f"({self.pick(known)} {mask})" if known else "2"

    def put_byte(self, depth: int, nesting: int) -> None:
        self.write(depth, f"out[{self.where()}] = {self.expression('u8', 2)}")

    def put_number(self, depth: int, nesting: int) -> None:
        self.write(depth, f"cpu.places[{self.up_to(2)}] = {self.number_of_row()}")

    def number_of_row(self) -> str:
        return str(self.pick(["None", *(["which"] if self.has_number else []), *(["cpu.beside"] * self.may_load)]))

    def put_into_row(self, depth: int, nesting: int) -> None:
        name, type = self.pick([("written", "i32"), ("written_float", "f64")])
        self.write(depth, f"which.{name} = {self.expression(type, 2)}")

    # ---- the commit, and what is returned

    def commit(self, depth: int) -> None:
        if self.commit_type == "place":
            self.write(depth, f"cpu.place = {self.number_of_row()}")
        else:
            super().commit(depth)

    def end(self, depth: int, nesting: int) -> None:
        if self.may_be_nothing and self.chance(3):
            self.write(depth, f"if {self.expression('bool', 2)}:")
            self.write(depth + 1, "return None")
        super().end(depth, nesting)

    # ---- expressions

    def leaf(self, type: str) -> str:
        choices = []
        if self.may_load:
            choices += ["data[{}]"] * (type == "u8" and self.buffers["data"])
            choices += ["cpu.text[{}]"] * (type == "u8")
            choices += ["cpu.place.read", "cpu.beside.read"] * (type == "i64")
            choices += ["cpu.place.read_small"] * (type == "u16")
            choices += ["which.read"] * (type == "i64" and self.has_number)
            choices += [self.of_row(type)] if type in ("i64", "i32", "u16") and self.has_row else []
        choices += ["len(data)"] * (type == "u64" and self.buffers["data"])
        if choices and self.chance(2):
            return str(self.pick(choices)).format(self.where())
        return super().leaf(type)

    def number(self, type: str, depth: int) -> str:
        if type in INLINE and self.may_load and self.chance(3):
            given = {name: self.expression(name, depth - 1) for name in ("i64", "u32", "f32") if name in self.types}
            known = [
                text for text in INLINE[type] if all(f"{{{name}}}" not in text or name in given for name in NAMES_OF)
            ]
            return str(self.pick(known)).format(**given)
        return super().number(type, depth)


NAMES_OF = ("i64", "u32", "f32")


class RoutineWriter(Writer):
    """Writes a routine that calls a sequence, `step`, in a loop, and adds up what it returns."""

    def __init__(self, step: Program) -> None:
        super().__init__(step.number)
        self.step = step.code.body
        self.may_load = self.has_row = self.has_number = False

    def program(self) -> str:
        self.buffers = {name: any(value.name == name for value in self.step.given) for name in ("data", "out")}
        self.locals = {value.name: str(value.type) for value in self.step.given if isinstance(value.type, Scalar)}
        self.locals["turns"] = "u8"
        self.assignable = set(self.locals)
        given = [f"{name}: {type}" for name, type in self.locals.items()]
        given += ["data: bytes"] * self.buffers["data"] + ["out: bytearray"] * self.buffers["out"]
        self.write(0, f"def f(cpu: Wide, {', '.join(given)}) -> i64:")
        self.write(1, "total: i64 = 0")
        self.write(1, "turn = 0")
        self.write(1, f"while turn < i64({self.pick(['turns & 3', '3', 'turns % 5'])}):")
        self.write(2, "turn += 1")
        before, assignable = dict(self.locals), set(self.assignable)
        for _ in range(1 + self.up_to(2)):
            self.pick([self.call, self.local, self.assign, self.branch])(2, 1)
        self.call(2, 0)
        self.locals, self.assignable = before, assignable
        self.write(1, f"return total + {self.expression('i64', 1)}")
        return "\n".join([*self.lines, ""])

    def statement(self, depth: int, nesting: int) -> None:
        self.pick([self.local, self.assign, self.call])(depth, nesting)

    def call(self, depth: int, nesting: int) -> None:
        given = [self.argument(value) for value in self.step.given]
        call = f"step({', '.join(['cpu', *given])})"
        if self.step.result is None:
            self.write(depth, call)
            return
        self.serial += 1
        name = f"r{self.serial}"
        self.write(depth, f"{name} = {call}")
        if self.step.maybe:
            self.write(depth, f"if {name} is None:")
            self.write(depth + 1, self.pick(["total += 7", "break", "return total"]))
            self.write(depth, "else:")
            depth += 1
        self.write(depth, f"total = total * 3 + i64({name})")

    def argument(self, value: Any) -> str:
        if isinstance(value.type, Buffer):
            return str(value.name)
        return str(self.pick([value.name, self.expression(str(value.type), 1)]))

    def integer(self, mask: str) -> str:
        return "2"


@dataclass(frozen=True)
class Program:
    """A program that the contract accepts: its number, its text, and the sequence, or the routine around one."""

    number: int
    text: str
    code: Any


def many(
    count: int, first: int = 0, *, architecture: Architecture | None = None, in_numba: bool = False
) -> list[Program]:
    """`count` programs, those of number `first` and up that are accepted; an architecture has registers for them."""
    return list(itertools.islice(_accepted(first, architecture or host(), in_numba), count))


def _accepted(first: int, architecture: Architecture | None, in_numba: bool) -> Iterator[Program]:
    assert architecture is not None
    for number in itertools.count(first):
        text = Writer(number, 8 * architecture.pointer_bytes, in_numba).program()
        try:
            code = compiled(text, **NAMES)
        except ContractError:  # some read what they have prepared, or publish a row that not each path has filled
            continue
        if budgets.assembles(architecture, code):
            yield Program(number, text, code)


def around(step: Program) -> Program:
    """A routine that calls a sequence, which takes no rows."""
    text = RoutineWriter(step).program()
    return Program(step.number, f"{step.text}\n{text}", compiled(text, rseq.routine, step=step.code, **NAMES))


def arguments(program: Program, dice: Random, row: Any = None, other: Any = None) -> list[Any]:
    """Arguments for a call: edges and others, buffers shorter and longer than what is copied."""
    return [_argument(value.type, dice, row, other) for value in program.code.body.given]


def _argument(type: Any, dice: Random, row: Any, other: Any) -> Any:
    if isinstance(type, Buffer):
        data = dice.randbytes(dice.choice([0, 1, 7, 8, BYTES, BYTES + 4]))
        return bytearray(data) if type.writable else data
    if isinstance(type, Index):
        return other
    if isinstance(type, Pointer):
        return row
    if type.kind == "bool":
        return dice.random() < 0.5
    if type.is_float:
        return dice.choice([*programs.edges(type), type.wrap(dice.uniform(-1e6, 1e6))])
    return dice.choice([*programs.edges(type), dice.randint(0, 15), dice.randint(int(type.minimum), int(type.maximum))])
