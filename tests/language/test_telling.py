"""What the contract takes for telling tells: runs of which a caller knows the same have stored in the same places.

Random sequences store in a buffer where the lane says, and return or note something. Whole runs in many states of the
lane show what a caller finds: the result, and the bytes that every run stores.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

import pytest

import rseq
from programs import compiled
from rseq import i8, i64, prepared, u8, u16, u64
from rseq._language import contract, ir
from rseq._language.interpret import Memory, run
from rseq._language.restarts import Restarts

PROGRAMS, SLICES = 120, 6
_BUFFER = 1 << 44
NUMBERS = [0, 1, 2, 3, 4, 5, 7, 8, 200, 255, 256, 257, -1, -2, -128, 1 << 32, (1 << 63) - 1, -(1 << 63)]


class Lane(rseq.Record):
    a: i64
    b: i64
    total: i64
    other: i64
    text: prepared[u8[8]]


class _Writer:
    def __init__(self, number: int) -> None:
        self.dice = Random(number)
        self.names = ["a", "b", "a", "b", "n"]
        self.places = ["r"]
        self.lines = ["def f(cpu: Lane, n: i64, out: bytearray) -> i64:", "    a = cpu.a", "    b = cpu.b", "    r = n"]

    def text(self) -> str:
        for _ in range(self.dice.randrange(1, 4)):
            self.statement(1)
        if self.dice.randrange(4) == 0:
            self.write(1, f"if {self.condition()}:")
            if self.dice.randrange(2):
                self.statement(2)
            self.end(2, "other")
        self.end(1, "total")
        return "\n".join([*self.lines, ""])

    def write(self, depth: int, line: str) -> None:
        self.lines.append("    " * depth + line)

    def end(self, depth: int, field: str) -> None:
        self.write(depth, f"cpu.{field} += 1")
        self.write(depth, f"return {self.near() if self.dice.randrange(4) else self.value(1)}")

    def near(self) -> str:
        """Something that may tell: what has chosen a place, and sums and parts of that."""
        place = self.dice.choice(self.places)
        made: str = self.dice.choice(
            [place, place, "r", f"({place}) + 1", f"({place}) * 3", f"({place}) & 3", f"({place}) >> 1", f"-({place})"]
        )
        return made

    def place(self, mask: int) -> str:
        chosen = f"({self.value(1)}) & {mask}"
        self.places += [chosen, chosen]
        return chosen

    def statement(self, depth: int) -> None:
        kind = self.dice.choice(["name", "store", "store", "copy", "note", "result", "if", "if"])
        if kind == "name":
            name = f"v{len(self.lines)}"
            self.write(depth, f"{name} = {self.value(2)}")
            if depth == 1:
                self.names += [name, name]
        elif kind == "store":
            self.write(depth, f"out[{self.dice.choice(['0', '1', self.place(3), self.place(3)])}] = 1")
        elif kind == "copy":
            self.write(depth, f"rseq.copy(out, cpu.text, u64({self.place(7)}))")
        elif kind == "note":
            self.write(depth, f"out[{8 + self.dice.randrange(3)}] = u8({self.near()})")
        elif kind == "result":
            self.write(depth, f"r = {self.dice.choice(['0', '1', '2', self.near()])}")
        elif depth < 3:
            self.write(depth, f"if {self.condition()}:")
            self.statement(depth + 1)
            if self.dice.randrange(2):
                self.write(depth, "else:")
                self.statement(depth + 1)
        else:
            self.write(depth, "pass")

    def condition(self) -> str:
        left, sign = self.value(1), self.dice.choice(["<", "==", ">", "!=", ">="])
        self.places.append(left)
        return f"({left}) {sign} {self.dice.choice(['0', '1', '2', 'n'])}"

    def value(self, depth: int) -> str:
        name = self.dice.choice(self.names)
        if not depth or self.dice.randrange(4) == 0:
            return name
        left, number = self.value(depth - 1), self.dice.choice([1, 2, 3, 4, 7, 8, 256])
        made: str = self.dice.choice(
            [
                f"({left} {self.dice.choice(['&', '|', '^', '+', '-', '*', '//', '%'])} {number})",
                f"({left} {self.dice.choice(['<<', '>>'])} {self.dice.choice([1, 2, 8, 63])})",
                f"({left} & {self.dice.choice([1, 3, 7])})",
                f"({number} - {left})",
                f"({left} {self.dice.choice(['+', '-', '^'])} {name})",
                f"i64({self.dice.choice(['u8', 'i8', 'u16'])}({left}))",
                f"({left} if {name} > {number} else {self.dice.choice([str(number), 'n'])})",
            ]
        )
        return made


class _Stores:
    """Notes which bytes of the buffer are stored."""

    def __init__(self) -> None:
        self.at: set[int] = set()

    def __call__(self, body: ir.Body, index: int, registers: Mapping[ir.Value, int | float]) -> None:
        op = body.ops[index]
        if not isinstance(op, (ir.Store, ir.Copy)):
            return
        place = op.target if isinstance(op, ir.Copy) else op.address
        if place.base is not None:
            start = place.offset + (0 if place.index is None else int(registers[place.index]) * place.scale)
            self.at |= set(range(start, start + (_number(op.nbytes, registers) if isinstance(op, ir.Copy) else 1)))


def _number(operand: ir.Operand, registers: Mapping[ir.Value, int | float]) -> int:
    return int(registers[operand] if isinstance(operand, ir.Value) else operand.number)


def _runs(body: ir.Body, n: int) -> Iterator[tuple[int, dict[int, int]]]:
    """The result, and the bytes that were stored, of whole runs in many states of the lane."""
    dice = Random(n)
    states = [(a, b) for a in NUMBERS for b in dice.sample(NUMBERS, 3)] + [(a, a) for a in NUMBERS]
    for state in states:
        memory, stores, buffer = Memory.of(Lane), _Stores(), bytearray(16)
        memory.blocks[memory.base][:16] = struct.pack("=qq", *state)
        memory.blocks[_BUFFER], memory.watch = buffer, stores
        result = run(body, memory, [n, _BUFFER, 16])
        yield int(result or 0), {at: buffer[at] for at in stores.at}


def wrong(sequence: Any) -> str:
    """Two runs that a caller cannot tell apart, and that have stored in different places; "" if there are none."""
    for n in (0, 1, 5):
        runs = list(_runs(sequence.body, n))
        always = set(runs[0][1]).intersection(*(stored for _, stored in runs))
        seen: dict[Any, set[int]] = {}
        for result, stored in runs:
            knows = (result, *(stored[at] for at in sorted(always) if at >= 8))
            if seen.setdefault(knows, set(stored)) != set(stored):
                return f"n = {n}: {knows} is told, and {sorted(seen[knows])} or {sorted(stored)} is stored"
    return ""


def made(text: str) -> Any:
    return compiled(text, Lane=Lane, bytearray=bytearray, i8=i8, u8=u8, u16=u16, u64=u64, i64=i64)


def tried(numbers: range) -> Counter[str]:
    tally: Counter[str] = Counter()
    for number in numbers:
        text = _Writer(number).text()
        try:
            sequence = made(text)
        except rseq.ContractError:
            tally["refused"] += 1
            continue
        is_told = bool(Restarts(sequence.body).told)
        tally["told" if is_told else "fixed"] += 1
        found = wrong(sequence)
        if found:
            pytest.fail(f"{found}\n{number}\n{text}", pytrace=False)
    return tally


def test_what_is_taken_for_telling_tells() -> None:
    tally = tried(range(PROGRAMS))
    assert tally["told"] > PROGRAMS // 30


@pytest.mark.slow
@pytest.mark.parametrize("part", range(1, SLICES))
def test_what_is_taken_for_telling_tells_many_times(part: int) -> None:
    tried(range(part * 1000, part * 1000 + 5 * PROGRAMS))


def test_what_does_not_tell_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The judge is no accomplice: sequences that are refused, judged all the same."""
    text = (
        "def f(cpu: Lane, n: i64, out: bytearray) -> i64:\n    a = cpu.a\n    {}\n    cpu.total += 1\n    return {}\n"
    )
    for body, result in [("out[a & 3] = 1", "a & 1"), ("if a > 3:\n        out[0] = 1", "a & 3")]:
        with pytest.raises(rseq.ContractError):
            made(text.format(body, result))
        with monkeypatch.context() as patch:
            patch.setattr(contract, "_RULES", ())
            assert wrong(made(text.format(body, result)))
    assert not wrong(made(text.format("out[a & 3] = 1", "a")))
