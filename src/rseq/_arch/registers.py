"""Registers of one critical section: a slot for each value, for as long as it lives.

A slot serves one value after another, that of a result too until the result is there. Some operations need scratch
registers, a few of them certain ones (`%cl` for a shift): such a fixed slot serves other values while nobody needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, get_args

from rseq._arch.lives import Group, Lives, both
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

    def __hash__(self) -> int:
        return self.number

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
        self.scratch: list[list[Slot]] = []
        self._section = section
        self._class_of = class_of
        self._lives = Lives(section)
        self._needs = [tuple(needs(op)) for op in section.ops]
        self._busy: dict[Slot, int] = {}
        """The moments at which a slot is in use."""
        self.status = self._new("int", "status")
        for number, result in enumerate(section.results):
            self._put(self._lives.group[result], self._lent(class_of(result.type), f"result{number or ''}"))
        self._fix()
        self._counts = self._count()
        self._least = {kind: max(counts, default=0) for kind, counts in self._counts.items()}
        for group in self._lives.groups:
            if group.values[0] not in self.where:
                self._put(group, self._free(group))
        self.scratch = [self._scratch(position) for position in range(len(self._needs))]
        self.area, self.base, self.stride, self.lanes = (
            self._new("int", role, output=False) for role in ("area", "base", "stride", "lanes")
        )
        for parameter in section.body.parameters:
            self.where[parameter] = self._new(class_of(parameter.type), parameter.name, output=False)

    def crowd(self, kind: RegisterClass) -> tuple[int, list[ir.Value]]:
        """Where most registers of a kind are needed, and the values that are in them there."""
        counts = self._counts[kind]
        worst = max(range(len(counts)), key=counts.__getitem__, default=0) >> 1
        living = [group for group in self._lives.groups if group.life & both(worst)]
        values = [*self._section.body.parameters, *(self._lives.named(group, worst) for group in living)]
        return worst, [value for value in values if self._class_of(value.type) == kind]

    def _count(self) -> dict[RegisterClass, list[int]]:
        """How many slots of each kind are needed at each moment, beside those that always are."""
        changes = {kind: [0] * (2 * len(self._needs) + 1) for kind in _CLASSES.values()}
        for group in self._lives.groups:
            of_kind, step, ends = changes[self._class_of(group.values[0].type)], 1, group.life ^ group.life << 1
            while ends:
                of_kind[(ends & -ends).bit_length() - 1] += step
                step, ends = -step, ends & ends - 1
        for position, needs in enumerate(self._needs):
            for need in needs:
                changes[_CLASSES.get(need, "int")][2 * position] += 1
                changes[_CLASSES.get(need, "int")][2 * position + 2] -= 1
        return {kind: list(accumulate(each))[:-1] for kind, each in changes.items()}

    def _new(self, kind: RegisterClass, role: str, *, output: bool = True, fixed: str = "") -> Slot:
        slot = Slot(len(self.slots), kind, role, output, fixed)
        self.slots.append(slot)
        return slot

    def _lent(self, kind: RegisterClass, role: str, fixed: str = "", busy: int = 0) -> Slot:
        """A new slot that holds one value after another."""
        slot = self._new(kind, role, fixed=fixed)
        self._busy[slot] = busy
        return slot

    def _fix(self) -> None:
        """A slot for each certain register; whoever needs it comes first."""
        times: dict[str, int] = {}
        for position, needs in enumerate(self._needs):
            for name in needs:
                if name not in _CLASSES:
                    times[name] = times.get(name, 0) | both(position)
        self._fixed = {name: self._lent("int", "temporary", name, busy) for name, busy in times.items()}

    def _put(self, group: Group, slot: Slot) -> None:
        self._busy[slot] |= group.life
        self.where.update(dict.fromkeys(group.values, slot))

    def _free(self, group: Group) -> Slot:
        """A slot for the whole life of a group, best that of an operand that it is made of, and for what it becomes.

        A new one for all that, if so many are needed anyway.
        """
        kind, mine = self._class_of(group.values[0].type), [self.where[one.values[0]] for one in group.made_of]
        slots = [slot for slot in (*mine, *self._busy) if slot.kind == kind]
        fitting = next((slot for slot in slots if not self._busy[slot] & group.line), None)
        if fitting is None and len({*slots}) >= self._least[kind]:
            fitting = next((slot for slot in slots if not self._busy[slot] & group.life), None)
        return fitting or self._lent(kind, "temporary")

    def _scratch(self, position: int) -> list[Slot]:
        taken = []
        for need in self._needs[position]:
            slot = self._fixed.get(need) or self._idle(_CLASSES[need], position)
            self._busy[slot] |= both(position)
            taken.append(slot)
        return taken

    def _idle(self, kind: RegisterClass, position: int) -> Slot:
        idle = (slot for slot, busy in self._busy.items() if slot.kind == kind and not busy & both(position))
        return next(idle, None) or self._lent(kind, "temporary")
