"""Registers of one critical section: a slot for each value, for as long as it lives.

Branches in a section go forward only, so a value's life is an interval of positions, and slots are
shared by going through the operations once. Some operations need scratch registers, a few of them
certain ones (`%cl` for a shift): such a fixed slot serves other values while nobody needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from rseq._language import ir
from rseq._language.section import Section
from rseq._language.types import Word

RegisterClass = Literal["int", "float", "single"]
"""`single` are registers of f32 where f64 have others."""


def numbered(name: str, numbers: Iterable[int]) -> tuple[str, ...]:
    """Registers that are called so, and by these numbers."""
    return tuple(f"{name}{number}" for number in numbers)


@dataclass(frozen=True)
class Slot:
    """One operand of the block. `role` is what it holds, `fixed` the register that it must be, if any."""

    number: int
    kind: RegisterClass
    role: str
    is_output: bool
    fixed: str = ""

    def __str__(self) -> str:
        return format(self, "")

    def __format__(self, form: str) -> str:
        return f"<{self.number}:{form}>" if form and self.kind == "int" else f"<{self.number}>"


_CLASSES: dict[str, RegisterClass] = {name: name for name in get_args(RegisterClass)}

Scratch = Callable[[ir.Op], Sequence[str]]
ClassOf = Callable[[Word], RegisterClass]


class Allocation:
    """The slots of `section`: `where` each value is, and what each operation has as scratch, by position.

    `needs` says what scratch an operation needs: classes ("int", "float"), or names of fixed registers. `class_of` says
    which class holds a number of a type.
    """

    def __init__(self, section: Section, needs: Scratch, class_of: ClassOf) -> None:
        self.slots: list[Slot] = []
        self.where: dict[ir.Value, Slot] = {}
        self.scratch: dict[int, list[Slot]] = {}
        self._section = section
        self._class_of = class_of
        self._lives = _lives(section)
        self._needs = [tuple(needs(op)) for op in section.ops]
        self.status = self._new("int", "status")
        for number, result in enumerate(section.results):
            self.where[result] = self._new(class_of(result.type), f"result{number or ''}")
        if section.cpu is not None and section.cpu != section.result:
            self.where[section.cpu] = self._new("int", "temporary")
        fixed = dict.fromkeys(name for needs in self._needs for name in needs if name not in _CLASSES)
        self._free = [self._new("int", "temporary", fixed=name) for name in fixed]
        for position, op in enumerate(section.ops):
            self._place(position, op)
        self.area, self.base, self.stride, self.lanes = (
            self._new("int", role, output=False) for role in ("area", "base", "stride", "lanes")
        )
        for parameter in section.body.parameters:
            self.where[parameter] = self._new(class_of(parameter.type), parameter.name, output=False)

    def crowd(self, kind: RegisterClass) -> tuple[int, list[ir.Value]]:
        """Where most registers of a kind are needed, and the values that are in them there."""
        entry = [value for value in self._everywhere if self._class_of(value.type) == kind]

        def living(position: int) -> list[ir.Value]:
            lives = self._lives.items()
            return [value for value, (a, b) in lives if a <= position <= b and self._class_of(value.type) == kind]

        def needed(position: int) -> int:
            fixed = [need for need in self._needs[position] if need == kind or (kind == "int" and need != "float")]
            return len(living(position)) + len(fixed)

        worst = max(range(len(self._needs)), key=needed, default=0)
        return worst, [*entry, *living(worst)]

    @property
    def _everywhere(self) -> list[ir.Value]:
        """What has a register of its own from start to end."""
        section = self._section
        return [value for value in (*section.body.parameters, *section.results, section.cpu) if value is not None]

    def _new(self, kind: RegisterClass, role: str, *, output: bool = True, fixed: str = "") -> Slot:
        slot = Slot(len(self.slots), kind, role, output, fixed)
        self.slots.append(slot)
        return slot

    def _place(self, position: int, op: ir.Op) -> None:
        lives = self._lives
        dying = [value for value in dict.fromkeys(op.used) if value in lives and lives[value][1] == position]
        target = op.result
        is_new = target is not None and target not in self.where
        # only a new target takes the register over; else it would go to scratch, beside the operand that is in it;
        # nor that of an operand that is used twice: `or x, x, x` tells POWER to give a thread less of the processor
        reusable = [value for value in dying if is_new and value == _first_operand(op) and op.used.count(value) == 1]
        self._release(reusable)
        if target is not None and is_new and target in lives:
            self.where[target] = self._take(self._class_of(target.type), position, lives[target][1])
        # scratch may be written before the first operand is read, so it is not taken from where that is
        free, apart = self._free, [self.where[value] for value in reusable]
        self._free = [slot for slot in free if slot not in apart]
        scratch = self.scratch[position] = self._take_scratch(position)
        self._free = [*(slot for slot in free if slot not in scratch), *scratch]
        if target is not None and target not in dying and target in lives and lives[target][1] == position:
            dying.append(target)  # nobody reads it
        self._release([value for value in dying if value not in reusable])

    def _take(self, kind: RegisterClass, start: int, end: int) -> Slot:
        """A free slot for a value that lives from `start` to `end`; a fixed one only if nobody needs it then."""
        for slot in sorted(self._free, key=lambda slot: bool(slot.fixed)):
            if slot.kind == kind and not self._is_needed(slot.fixed, start, end):
                self._free.remove(slot)
                return slot
        return self._new(kind, "temporary")

    def _is_needed(self, name: str, start: int, end: int) -> bool:
        return bool(name) and any(name in self._needs[position] for position in range(start, end + 1))

    def _take_scratch(self, position: int) -> list[Slot]:
        taken = []
        for need in self._needs[position]:
            if need in _CLASSES:
                taken.append(self._take(_CLASSES[need], position, position))
            else:
                (slot,) = (slot for slot in self._free if slot.fixed == need)
                self._free.remove(slot)
                taken.append(slot)
        return taken

    def _release(self, values: Sequence[ir.Value]) -> None:
        self._free += [self.where[value] for value in values]


def _first_operand(op: ir.Op) -> ir.Operand | None:
    """The operand that is read before the target is written, so that both may share a register."""
    if isinstance(op, ir.Arithmetic):
        return op.left
    if isinstance(op, ir.Convert):
        return None if op.source.type.is_float or op.target.type.is_float else op.source
    if isinstance(op, ir.Locate):  # one addition, to the address of an array
        return op.address.index if op.address.base is not None and not op.address.offset else None
    return op.source if isinstance(op, ir.Set) else None


def _lives(section: Section) -> dict[ir.Value, tuple[int, int]]:
    """First and last position of each value that is not a parameter, the result or the CPU's number."""
    lives: dict[ir.Value, tuple[int, int]] = {}
    apart = {*section.body.parameters, *section.results, section.cpu}
    for position, op in enumerate(section.ops):
        for value in (*op.results, *op.used):
            if value not in apart:
                lives[value] = (lives.get(value, (position, 0))[0], position)
    return lives
