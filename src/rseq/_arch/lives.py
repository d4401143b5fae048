"""When the values of a section are in registers, and which of them can be in one register.

An operation reads at one moment and assigns at the next. What is read first may be in the register that is assigned;
all else that is read is still there when that happens. Sets of moments are ints with a bit for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rseq._language import ir
from rseq._language.graph import Graph
from rseq._language.section import Section


def reads(position: int) -> int:
    """The moment at which an operation reads."""
    return 1 << 2 * position


def assigns(position: int) -> int:
    """The moment at which it assigns."""
    return 2 << 2 * position


def both(position: int) -> int:
    """These two."""
    return 3 << 2 * position


class Group:
    """Values that are in one register: those of them that are there at one moment are the same number."""

    def __init__(self, value: ir.Value, life: int) -> None:
        self.values = [value]
        self.life = life
        """The moments at which one of them is there."""
        self.assigned = 0
        """Those at which one of them is assigned."""
        self.made_of: list[Group] = []
        """Groups that begin earlier, and are done with when they are read, first, for this one."""
        self.line = life
        """The life of this one, and of all that is made of it so, and so on."""

    @property
    def first(self) -> int:
        """A bit for the first moment."""
        return self.life & -self.life

    def take(self, other: Group) -> None:
        """Have the values of `other`, too."""
        self.values += other.values
        self.life |= other.life
        self.assigned |= other.assigned


class Lives:
    """Of `section`, whose parameters have registers of their own: `groups`, and the `group` of each value."""

    def __init__(self, section: Section) -> None:
        self._ops = section.ops
        self._first = [first_operand(op) for op in self._ops]
        self._bits = self._number(section)
        self._life = dict(zip(self._bits, self._spans(self._moments(section)), strict=True))
        self.group = {value: Group(value, life) for value, life in self._life.items()}
        for position, op in enumerate(self._ops):
            for value in op.results:
                if value in self.group:
                    self.group[value].assigned |= assigns(position)
        self._join({*section.results})
        self.groups = sorted(dict.fromkeys(self.group.values()), key=lambda group: group.first)
        """All of them, in the order in which they begin."""
        self._line_up()

    def named(self, group: Group, position: int) -> ir.Value:
        """Which of the group's values is there."""
        return next(value for value in group.values if self._life[value] & both(position))

    # ---- when

    def _number(self, section: Section) -> dict[ir.Value, int]:
        """A bit for each value."""
        bits: dict[ir.Value, int] = {}
        held = (value for op in self._ops for value in (*op.results, *op.used))
        apart = {*section.body.parameters}
        for value in (*held, *section.results, *([section.cpu] if section.cpu is not None else ())):
            if value not in bits and value not in apart:
                bits[value] = 1 << len(bits)
        return bits

    def _set(self, values: Iterable[ir.Value]) -> int:
        found = 0
        for value in values:
            found |= self._bits.get(value, 0)
        return found

    def _moments(self, section: Section) -> list[int]:
        """The values that are in registers at each moment, as ints with a bit for each.

        A value is there where it is read later, and has been assigned on some way.
        """
        count, ways = len(self._ops), Graph(self._ops).next
        read = [self._set(op.used) for op in self._ops]
        made = [self._set(op.results) for op in self._ops]
        before, after = [0] * count + [self._set(section.results)], [0] * count
        for position in reversed(range(count)):
            for way in ways[position]:
                after[position] |= before[way]
            before[position] = read[position] | (after[position] & ~made[position])
        known = [0] * (count + 1)
        known[0] = 0 if section.cpu is None else self._bits[section.cpu]
        moments: list[int] = []
        for position, first in enumerate(self._first):
            there = known[position] | made[position]
            for way in ways[position]:
                known[way] |= there
            over = 0 if first is None else self._bits.get(first, 0) & ~after[position]
            moments.append(before[position] & known[position] | read[position])
            moments.append(after[position] & there | made[position] | read[position] & ~over)
        return moments

    def _spans(self, moments: Sequence[int]) -> list[int]:
        """The moments of each value: the same the other way round."""
        lives, since = [0] * len(self._bits), [0] * len(self._bits)
        last = 0
        for moment, there in enumerate([*moments, 0]):
            changed = last ^ there
            while changed:
                bit = changed & -changed
                number = bit.bit_length() - 1
                if there & bit:
                    since[number] = moment
                else:
                    lives[number] |= (1 << moment) - (1 << since[number])
                changed ^= bit
            last = there
        return lives

    # ---- copies

    def _join(self, fixed: set[ir.Value]) -> None:
        """A value and its copy are in one register, if nothing else is assigned to one while the other is needed."""
        copied: dict[ir.Value, list[tuple[ir.Value, int]]] = {}
        pairs: list[tuple[ir.Value, ir.Value]] = []
        for position, op in enumerate(self._ops):
            if isinstance(op, ir.Set) and isinstance(op.source, ir.Value) and op.source in self.group:
                copied.setdefault(op.target, []).append((op.source, assigns(position)))
                pairs.append((op.target, op.source))
        for target, source in pairs:
            one, other = self.group[target], self.group[source]
            if one is other or (fixed.intersection(one.values) and fixed.intersection(other.values)):
                continue
            copies = self._copies(one, other, copied) | self._copies(other, one, copied)
            if not (one.assigned & ~copies & other.life or other.assigned & ~copies & one.life):
                one.take(other)
                self.group.update(dict.fromkeys(other.values, one))

    def _copies(self, to: Group, source: Group, copied: dict[ir.Value, list[tuple[ir.Value, int]]]) -> int:
        """When what is in one register is copied to another one."""
        pairs = (pair for value in to.values for pair in copied.get(value, ()))
        return sum(moment for value, moment in pairs if self.group[value] is source)

    # ---- operands that become results

    def _line_up(self) -> None:
        for position, (op, first) in enumerate(zip(self._ops, self._first, strict=True)):
            if first is not None and first in self.group and op.result is not None:
                one, made = self.group[first], self.group[op.result]
                if not one.life & assigns(position) and one.first < made.first:
                    made.made_of.append(one)
        for group in self.groups:
            group.line = group.life
        for group in reversed(self.groups):
            for one in group.made_of:
                one.line |= group.line


def first_operand(op: ir.Op) -> ir.Value | None:
    """The operand that is read before the target is written, so that both may share a register.

    None if it is read again: `or x, x, x` tells POWER to give a thread less of the processor.
    """
    first: ir.Operand | None = None
    if isinstance(op, ir.Arithmetic):
        first = op.left
    elif isinstance(op, ir.Convert):
        first = None if op.source.type.is_float or op.target.type.is_float else op.source
    elif isinstance(op, ir.Locate):  # one addition, to the address of an array
        first = op.address.index if op.address.base is not None and not op.address.offset else None
    elif isinstance(op, ir.Set):
        first = op.source
    return first if isinstance(first, ir.Value) and op.used.count(first) == 1 else None
