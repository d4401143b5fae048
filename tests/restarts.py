"""Random sequences about restarts rather than arithmetic: prepared fields and what is live of them, rows, branches.

`program(number)` is always the same one. It is random without hypothesis, which prefers what is simple and what it has
had before; what fails is made `shorter` here.

What is written is honest: a prepared field is stored to only where `live` says that nobody looks, and read only where
it is live or has just been written; the contract has to take a user's word for that. In all else it does what the
contract refuses about as often as what it accepts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import rseq
from programs import compiled
from rseq import i8, i32, i64, prepared, ptr, u8, u64

ROOM = 4


class Row(rseq.Record):
    """A row; nobody looks at `scratch` and `notes`."""

    a: i64
    b: i64
    next: ptr[Row]  # type: ignore[name-defined]
    scratch: prepared[i64]
    many: i64[2]
    notes: prepared[i64[2]]


class Desk(rseq.Record):
    """`slots` are live below `count`, `text` below `used`, one of `pair`, as `turn` says; `draft` and `notes` never."""

    count: i64
    turn: i64
    total: i64
    small: i32
    beside: i32
    table: i64[3]
    head: ptr[Row]
    other: ptr[Row]
    slots: prepared[i64[4]]
    pair: prepared[i64[2]]
    draft: prepared[i64]
    notes: prepared[i64[3]]
    used: u64
    kept: u8[4]
    text: prepared[u8[8]]

    @staticmethod
    def live(lane: Any) -> Any:
        count, turn = int(lane["count"]), int(lane["turn"])
        slots, text = lane["slots"][: max(0, min(count, ROOM))], lane["text"][: min(int(lane["used"]), 8)]
        return [slots.tolist(), text.tolist(), int(lane["pair"][turn & 1])]


@rseq.inline
def pick(one: i64, other: i64) -> i64:
    """Each result may come from either side of the first branch."""
    if one:
        if other:
            return 1
        return 0
    if other:
        return 0
    return 1


@dataclass(frozen=True)
class Known:
    """What is known at one point of the program that is being written."""

    numbers: tuple[str, ...] = ("n", "i")
    rows: tuple[str, ...] = ("p", "q")
    found: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    written: frozenset[str] = frozenset()
    """Places that are never live, and hold what this path has written."""
    has_slot: bool = False
    has_half: bool = False
    text_ends: str = ""
    """Where the text ends with what has been appended."""


@dataclass
class Program:
    """One program: its text, and how it is declared."""

    text: str
    options: dict[str, bool] = field(default_factory=dict)

    def sequence(self) -> Any:
        """Raises: ContractError - it does not keep the contract."""
        return compiled(self.text, rseq.sequence(**self.options), Lane=Desk, Desk=Desk, Row=Row, pick=pick, i8=i8)

    def __str__(self) -> str:
        options = ", ".join(f"{name}=True" for name, value in self.options.items() if value)
        return f"@rseq.sequence({options})\n{self.text}"


def program(number: int) -> Program:
    """Program number so and so."""
    return _Writer(Random(number)).program()


def shorter(given: Program, fails: Callable[[Program], bool]) -> Program:
    """A program that still `fails`, and does not without any one of its lines."""
    lines = given.text.splitlines()
    for index in range(len(lines) - 1, 0, -1):
        without = replace(given, text="\n".join([*lines[:index], *lines[index + 1 :], ""]))
        if fails(without):
            return shorter(without, fails)
    return given


class _Writer:
    """Writes one program."""

    def __init__(self, dice: Random) -> None:
        self.dice = dice
        self.lines: list[str] = []
        self.known = Known()
        self.by_parameter: set[str] = set()
        self.serial = 0

    def pick(self, choices: Sequence[Any]) -> Any:
        return self.dice.choice(choices)

    def chance(self, one_in: int) -> bool:
        return self.dice.randrange(one_in) == 0

    def program(self) -> Program:
        """A function `f`, and how it is declared."""
        options = {name: self.chance(3) for name in ("release", "acquire", "may_alias")}
        self.result = self.pick(["i64", "i64", "i64 | None", "None"])
        self.kinds = self.pick([["i64"], ["i64"], ["i64"], ["head"], ["i64", "i64", "i32", "i32", "head"]])
        self.careless = self.chance(2)
        self.moves = self.chance(2)
        self.has_buffers = self.chance(4)
        buffers = self.pick(["data: bytes", "data: bytes", "out: bytearray", "data: bytes, out: bytearray"])
        self.buffers = [name for name in ("data", "out") if self.has_buffers and name in buffers]
        given = buffers if self.has_buffers else "i: i64, p: ptr[Row], q: ptr[Row]"
        if self.has_buffers:
            self.learn(rows=(), numbers=("n",))
        self.write(0, f"def f(cpu: Desk, n: i64, {given}) -> {self.result}:")
        for _ in range(self.dice.randrange(4 if self.has_buffers else 8)):
            self.statement(1, 1)
        self.end(1, 2)
        return Program("\n".join([*self.lines, ""]), options)

    def write(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def name(self, stem: str) -> str:
        self.serial += 1
        return f"{stem}{self.serial}"

    def learn(self, **changes: Any) -> None:
        self.known = replace(self.known, **changes)

    # ---- before the commit

    def statement(self, depth: int, nesting: int) -> None:
        kinds = [self.load, self.load, self.prepare, self.prepare, self.follow, self.store_in_row, self.store_in_row]
        kinds += [self.slot, self.other_half, self.again, self.scratch, self.mix, self.mix]
        if self.has_buffers:
            kinds = [self.prepare, self.slot, self.copy, self.copy, self.copy, self.byte, self.byte]
        if self.kinds == ["head"] and not self.has_buffers:
            kinds += [self.half] * 2
        if self.moves:
            kinds += (
                [self.bytes_elsewhere] * 3 if self.has_buffers else [self.elsewhere] * 4 + [self.chosen, self.turned]
            )
        if nesting:
            kinds += [self.branch, self.branch, self.leave]
        self.pick(kinds)(depth, nesting)

    def load(self, depth: int, nesting: int) -> None:
        place = self.pick(["cpu.total", "cpu.count", "cpu.turn", "cpu.table[i]", "cpu.table[1]", "live", "row", "row"])
        if place == "live":
            place = self.pick(["cpu.pair[cpu.turn & 1]", "cpu.slots[cpu.count - 1]", *sorted(self.known.written)])
        if place == "row":
            rows = [*self.known.rows, *self.known.found * 2, *self.known.unchecked * 3]
            place = f"{self.pick(rows)}.{self.pick(['a', 'b'])}"
        name = self.name("v")
        self.write(depth, f"{name} = {place}")
        self.learn(numbers=(*self.known.numbers, name))

    def prepare(self, depth: int, nesting: int) -> None:
        place = self.pick(["cpu.draft", "cpu.notes[0]", "cpu.notes[2]", f"cpu.notes[{self.index()}]"])
        self.write(depth, f"{place} = {self.value()}")
        kept = frozenset() if place.startswith("cpu.notes") else self.known.written
        self.learn(written=(self.known.written & {"cpu.draft"}) | kept | {place})

    def again(self, depth: int, nesting: int) -> None:
        """Reads and overwrites what is never live: right if this path has written it before."""
        place = self.pick(["cpu.draft", "cpu.notes[0]", "cpu.notes[i]", f"{self.pick(self.known.rows)}.a"])
        if self.chance(2):
            self.write(depth, f"{place} += {self.value()}")
        else:
            name = self.name("v")
            self.write(depth, f"{name} = {place}")
            self.write(depth, f"{place} = {name} {self.pick(['+', '^'])} {self.pick(['1', 'n'])}")
        if place.startswith("cpu"):
            self.learn(written=(self.known.written & {"cpu.draft"}) | {place})

    def slot(self, depth: int, nesting: int) -> None:
        name = self.name("at")
        self.write(depth, f"{name} = cpu.count")
        self.write(depth, f"cpu.slots[{name}] = {self.value()}")
        self.learn(has_slot=True, numbers=(*self.known.numbers, name))

    def other_half(self, depth: int, nesting: int) -> None:
        self.write(depth, f"cpu.pair[(cpu.turn + 1) & 1] = {self.value()}")
        self.learn(has_half=True)

    def follow(self, depth: int, nesting: int) -> None:
        name = self.name("h")
        place = self.pick(["cpu.head", "cpu.other", *(f"{row}.next" for row in self.known.found)])
        self.write(depth, f"{name} = {place}")
        if self.careless and self.chance(2):
            used = self.name("v")
            self.write(depth, f"{used} = {name}.{self.pick(['a', 'b'])}")
            self.learn(unchecked=(*self.known.unchecked, name), numbers=(*self.known.numbers, used))
            return
        asks = f"{name} is None" + (f" or {name} == {self.pick(self.known.rows)}" if self.chance(3) else "")
        self.write(depth, f"if {asks}:")
        self.write(depth + 1, self.no_result())
        self.learn(found=(*self.known.found, name))

    def store_in_row(self, depth: int, nesting: int) -> None:
        row = self.pick(self.known.rows)
        if self.known.found and self.chance(4):
            self.write(depth, f"{row}.next = {self.pick(self.known.found)}")
        elif self.chance(8):
            self.write(depth, f"{row}.next = None")
        else:
            self.write(depth, f"{row}.{self.pick(['a', 'b'])} = {self.value()}")

    def mix(self, depth: int, nesting: int) -> None:
        """Reads one row and stores in another, or in the same."""
        name, field = self.name("v"), self.pick(["a", "b"])
        source = self.pick([*self.known.rows, *self.known.found, *self.known.unchecked * 3])
        self.write(depth, f"{name} = {source}.{field}")
        target = self.pick([row for row in self.known.rows if row != source])
        self.write(depth, f"{target}.{self.pick([field, field, 'a'])} = {self.pick([name, f'{name} + 1', f'-{name}'])}")
        self.learn(numbers=(*self.known.numbers, name))

    def half(self, depth: int, nesting: int) -> None:
        """Prepares a row on some paths only."""
        name = self.name("h")
        self.write(depth, f"{name} = cpu.{self.pick(['head', 'other'])}")
        self.write(depth, f"if {name} is {self.pick(['', 'not '])}None:")
        self.write(depth + 1, f"{self.pick(self.known.rows)}.{self.pick(['a', 'b'])} = {self.value()}")

    def scratch(self, depth: int, nesting: int) -> None:
        if self.known.found:
            self.write(depth, f"{self.pick(self.known.found)}.scratch = {self.value()}")
        else:
            self.follow(depth, nesting)

    # ---- places that another attempt may find elsewhere

    def place_number(self, depth: int) -> str:
        """A number of 0 or 1 that says where: it comes from the lane, the CPU's number, or a parameter."""
        name = self.name("k")
        if self.chance(4):
            return self.found_number(depth, name)
        source = self.pick(["cpu.turn", "cpu.turn", "cpu.count", "cpu.total", "i64(rseq.cpu_number())", "n"])
        if source == "n":
            self.by_parameter.add(name)
        if self.chance(3):
            kind = self.pick(["i64(u8({}))", "i64(i8({}))", "{} >> 1", "{} // 3", "~{}", "{} * 3", "{} << 63 >> 63"])
            source = f"({kind.format(source)})"
        self.write(depth, f"{name} = {self.pick([f'{source} & 1', f'{source} % 2', f'1 - ({source} & 1)'])}")
        return name

    def found_number(self, depth: int, name: str) -> str:
        """A number of 0 or 1 that branches choose: a parameter and the lane, or where a loop has ended."""
        one, other = self.pick([("cpu.turn & 1", "n"), ("n", "cpu.turn & 1"), ("cpu.count", "cpu.total & 1")])
        if self.chance(3):
            self.write(depth, f"{name} = pick({one}, {other})")
        elif self.chance(2):
            self.write(depth, f"{name} = (1 if {other} else 0) if {one} else (0 if {other} else 1)")
        else:
            self.write(depth, f"{name} = 1")
            self.write(depth, "for step in range(2):")
            self.write(depth + 1, "if cpu.table[step] == 0:")
            self.write(depth + 2, f"{name} = step")
            self.write(depth + 2, "break")
        return name

    def elsewhere(self, depth: int, nesting: int) -> None:
        """Stores to, or reads, one of two elements: of a row, or of what is never live."""
        at = self.place_number(depth)
        kind = self.pick(["row", "row", "all", "row notes", "notes", "read"])
        row = self.pick(self.known.rows)
        if kind == "all":
            self.write(depth, f"{row}.many[0] = {self.value()}")
            self.write(depth, f"{row}.many[1] = n")
        array = {"row notes": f"{row}.notes", "notes": "cpu.notes"}.get(kind, f"{row}.many")
        if kind == "read":
            name = self.name("v")
            self.write(depth, f"{name} = {array}[{self.pick([at, '1 - ' + at, '0'])}]")
            self.learn(numbers=(*self.known.numbers, name))
            return
        stored = self.pick([at, "1 - " + at])
        self.write(depth, f"{array}[{stored}] = {self.value()}")
        if array.endswith("notes") and self.chance(2):
            name = self.name("v")
            # What is never in use is read by the run alone that has stored there: for all others, that is a promise.
            is_promised = array == "cpu.notes" and at in self.by_parameter
            self.write(depth, f"{name} = {array}[{stored if is_promised else self.pick([at, '1 - ' + at])}]")
            self.learn(numbers=(*self.known.numbers, name))

    def chosen(self, depth: int, nesting: int) -> None:
        """Stores to one of two rows."""
        at, name = self.place_number(depth), self.name("r")
        if self.chance(2):
            for row in ("p", "q"):
                self.write(depth, f"{row}.a = {self.value()}")
        self.write(depth, f"{name} = p if {at} == 0 else q")
        self.write(depth, f"{name}.{self.pick(['a', 'b'])} = {self.value()}")

    def turned(self, depth: int, nesting: int) -> None:
        """Reads the half that is in use, and fills the other one from it."""
        turn, name = self.name("t"), self.name("v")
        self.write(depth, f"{turn} = cpu.turn")
        used = self.pick([f"cpu.pair[{turn} & 1]", f"n if n > 1 else cpu.pair[{turn} & 1]", f"cpu.pair[{turn} % 2]"])
        self.write(depth, f"{name} = {used}")
        other = self.pick([f"{turn} + 1 & 1", f"{turn} & 1 ^ 1", f"1 - ({turn} & 1)"])
        if self.chance(4):
            self.write(depth, f"if {self.condition()}:")
            self.write(depth + 1, f"cpu.pair[{other}] = {name} + n")
        else:
            self.write(depth, f"cpu.pair[{other}] = {name} + n")
            self.learn(has_half=True)
        self.learn(numbers=(*self.known.numbers, name))

    def bytes_elsewhere(self, depth: int, nesting: int) -> None:
        """Stores to a byte of `out`, or copies so many, as the lane says."""
        at = self.place_number(depth)
        if "out" not in self.buffers:
            self.write(depth, f"cpu.notes[{at}] = i64(data[{at}])")
            return
        source = self.pick(["cpu.kept", "cpu.text"])
        store = self.pick([f"out[{at}] = u8({self.value()})", f"rseq.copy(out, {source}, u64({at}))"])
        self.write(depth, store)
        if self.chance(2):
            self.learn(numbers=(*self.known.numbers, at))

    def branch(self, depth: int, nesting: int) -> None:
        before = self.known
        self.write(depth, f"if {self.condition()}:")
        self.statement(depth + 1, nesting - 1)
        if self.chance(2):
            self.known = before
            self.write(depth, "else:")
            self.statement(depth + 1, nesting - 1)
        self.known = replace(before, written=before.written & self.known.written & {"cpu.draft"})

    def leave(self, depth: int, nesting: int) -> None:
        self.write(depth, f"if {self.condition()}:")
        self.write(depth + 1, self.no_result())

    # ---- buffers

    def index(self) -> str:
        return "n" if self.has_buffers else "i"

    def copy(self, depth: int, nesting: int) -> None:
        (self.copy_in if self.pick(self.buffers) == "data" else self.copy_out)(depth, nesting)

    def copy_in(self, depth: int, nesting: int) -> None:
        """Appends to the text, or copies where somebody looks, or from the text to itself."""
        if self.chance(6):
            self.write(depth, f"rseq.copy(cpu.kept, data, {self.pick(['len(data)', '4'])})")
        elif self.chance(8):
            self.write(depth, "rseq.copy(cpu.text[n], cpu.text, 2)")
        else:
            name = self.name("end")
            self.write(depth, f"{name} = cpu.used")
            count = self.pick(["len(data)", "2"])
            self.write(depth, f"rseq.copy(cpu.text[{name}], data, {count})")
            self.learn(text_ends=f"{name} + {count}")

    def copy_out(self, depth: int, nesting: int) -> None:
        source, count = self.pick([("cpu.kept", "len(out)"), ("cpu.kept[1]", "3"), ("cpu.text", "cpu.used")])
        self.write(depth, f"rseq.copy(out, {source}, {count})")

    def byte(self, depth: int, nesting: int) -> None:
        name = self.name("v")
        at = self.pick(["0", "1", "n"])
        self.write(depth, f"{name} = i64({self.pick([*self.buffers, 'cpu.kept'])}[{at if at != 'n' else 'n & 1'}])")
        self.learn(numbers=(*self.known.numbers, name))
        if "out" not in self.buffers:
            return
        if self.chance(2):
            self.write(depth, f"out[{self.pick(['0', 'n'])}] = u8({name} + {self.pick(['0', '1', 'n'])})")
        elif self.chance(4):
            self.write(depth, "out[0] += 1")

    # ---- the commit, and what follows

    def end(self, depth: int, nesting: int) -> None:
        if nesting and self.chance(3):
            before = self.known
            self.write(depth, f"if {self.condition()}:")
            if self.chance(2):
                self.statement(depth + 1, 0)
            self.end(depth + 1, nesting - 1)
            self.known = before
        if self.chance(8):
            self.write(depth, self.no_result())
            return
        self.commit(depth)
        if self.chance(12):
            others = [self.copy, self.copy] if self.has_buffers else [self.load, self.store_in_row]
            self.pick([self.look, self.look, self.prepare, self.commit_again, *others])(depth, 0)
        wrong = self.result.endswith("| None") and self.chance(6)
        self.write(depth, "return None" if wrong else self.last())

    def look(self, depth: int, nesting: int) -> None:
        """Reads what has just been committed, and returns that."""
        place, name = self.lines[-1].split()[0], self.name("v")
        is_number = place.startswith("cpu") and not place.endswith(("head", "other"))
        self.write(depth, f"{name} = i64({place if is_number else 'cpu.total'})")
        self.learn(numbers=(name,))

    def commit_again(self, depth: int, nesting: int) -> None:
        self.commit(depth)

    def commit(self, depth: int) -> None:
        kind = self.pick(self.kinds)
        if kind == "head":
            self.write(depth, f"cpu.{self.pick(['head', 'other'])} = {self.pick(['None', *self.known.rows])}")
        elif self.has_buffers and kind == "i64" and self.chance(2):
            self.write(depth, f"cpu.used = {self.known.text_ends or 'cpu.used & 7 & cpu.used - 1'}")
        elif kind == "i32":
            self.write(depth, f"cpu.small {self.pick(['', '+'])}= i32({self.value()})")
        else:
            self.write(depth, self.commit_number())

    def commit_number(self) -> str:
        kinds = [
            "total",
            "total",
            *["turn"] * (2 * self.known.has_half),
            "table",
            *["slot"] * (2 * self.known.has_slot),
            "drop",
        ]
        kind = self.pick([*kinds, *["row"] * (2 * bool(self.known.found))])
        if kind == "turn":
            return "cpu.turn += 1"
        if kind == "slot":
            return f"cpu.count = {[name for name in self.known.numbers if name.startswith('at')][-1]} + 1"
        if kind == "drop":
            return (
                f"cpu.count = cpu.count {self.pick(['- 1', '& 1 & cpu.count'])}" if self.chance(2) else "cpu.count = 0"
            )
        place = {"total": "cpu.total", "table": f"cpu.table[{self.pick([self.index(), '0', '2'])}]"}.get(kind)
        place = place or f"{self.pick(self.known.found)}.{self.pick(['a', 'b'])}"
        return f"{place} {self.pick(['', '+', '-'])}= {self.value()}"

    def no_result(self) -> str:
        return {"None": "return", "i64": "return -1"}.get(self.result, self.pick(["return None", "return -1"]))

    def last(self) -> str:
        return "return" if self.result == "None" else f"return {self.pick(self.known.numbers)}"

    # ---- expressions

    def value(self) -> str:
        left = self.pick(self.known.numbers[-3:])
        if self.chance(2):
            return str(left)
        return f"({left} {self.pick(['+', '-', '^', '*'])} {self.pick([*self.known.numbers[-3:], '1', '3'])})"

    def condition(self) -> str:
        return f"{self.value()} {self.pick(['<', '==', '>', '!='])} {self.pick(['0', '1', '2', 'n'])}"
