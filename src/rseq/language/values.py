"""What a sequence's registers hold before each operation, and which of that may differ when it starts again.

A sequence branches forward only, so one walk gives each register a `Form`. The `roots` of a form are what it is made
of: parameters, and operations that load, or read the clock or the CPU's number. A restart begins with the same
arguments; what the operations come to, the form's `sources`, may differ. Without them it is the same in every attempt.

`Graph` says which operations may follow which, in sets of operations that are bits of an int.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from . import ir
from .forms import Form, constant, signed, trailing_zeros
from .types import Pointer, Scalar, Word

__all__ = ["Graph", "Roots", "Unequal", "Values"]


class Graph:
    """Which operations of a sequence may follow which. Sets of operations are ints, with a bit for each index."""

    def __init__(self, ops: tuple[ir.Op, ...]) -> None:
        labels = {op.name: index for index, op in enumerate(ops) if isinstance(op, ir.Label)}
        self.next: list[tuple[int, ...]] = []
        """Where each operation goes on; of a branch first where it jumps."""
        for index, op in enumerate(ops):
            jumps = (labels[op.label],) if isinstance(op, (ir.BranchIf, ir.Jump)) else ()
            self.next.append(jumps if isinstance(op, (ir.Jump, ir.Return)) else (*jumps, index + 1))
        self.after = [0] * (len(ops) + 1)
        """What may follow each operation, without itself."""
        for index in reversed(range(len(ops))):
            for following in self.next[index]:
                self.after[index] |= 1 << following | self.after[following]
        self.reached = 1 | self.after[0]
        """What can be reached at all."""

    def follows(self, start: int, without: int) -> int:
        """What may follow operation `start`, and itself, up to those of `without`: none of these is passed."""
        if not (self.after[start] | 1 << start) & without:
            return self.after[start] | 1 << start
        found = 1 << start
        for index in range(start, len(self.next)):  # branches lead forward only
            if found >> index & 1 and not without >> index & 1:
                for following in self.next[index]:
                    found |= 1 << following
        return found

    def into(self, index: int) -> list[int]:
        """The operations that go on at `index`."""
        return [one for one in self._before.get(index, ()) if self.reached >> one & 1]

    @cached_property
    def _before(self) -> Mapping[int, list[int]]:
        found: dict[int, list[int]] = {}
        for index, following in enumerate(self.next):
            for one in dict.fromkeys(following):
                found.setdefault(one, []).append(index)
        return found


@dataclass(frozen=True)
class Unequal:
    """Something that a branch has found out: `difference` is not 0, nor any other multiple of 2**bits."""

    difference: Form
    bits: int


Roots = frozenset[int | ir.Value]
"""Operations, by index, and parameters."""

_Registers = dict[ir.Value, Form]
_Key = tuple[Hashable, ...]


@dataclass
class Values:
    """The forms of the registers of a sequence, before each operation that can be reached."""

    body: ir.Body
    graph: Graph = field(init=False)
    before: dict[int, _Registers] = field(default_factory=dict)
    unequal: dict[int, frozenset[Unequal]] = field(default_factory=dict)
    rows: dict[int, tuple[Form, Form, ir.Address]] = field(default_factory=dict)
    """The symbols that are rows found by number: where the array begins, the row's number, and how it was computed."""
    loads: dict[int, int] = field(default_factory=dict)
    """The symbols that were loaded, and the operations that have loaded them."""
    most: dict[Form, int] = field(default_factory=dict)
    """The largest numbers that forms can be, of those which are never negative: they are masked, or a remainder."""
    _roots: list[Roots] = field(default_factory=list)
    _known: dict[_Key, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.graph = Graph(self.body.ops)
        registers = {value: self._symbol("parameter", value, roots=_roots(value)) for value in self.body.parameters}
        for index, op in enumerate(self.body.ops):
            if not self.graph.reached >> index & 1:
                continue
            if index:
                registers = self._arriving(index)
            self.before[index] = registers
            self.unequal.setdefault(index, frozenset())
            self._pass_on(index, op)

    # ---- what is asked

    def form(self, index: int, operand: ir.Operand) -> Form:
        """What an operand of operation `index` holds."""
        if isinstance(operand, ir.Value):
            return self.before[index].get(operand) or self._symbol("unset", operand)
        return constant(operand.number) if isinstance(operand.number, int) else self._symbol("constant", operand)

    def roots(self, form: Form) -> Roots:
        """What a number is made of."""
        return frozenset[int | ir.Value]().union(*(self._roots[symbol] for symbol in form.symbols))

    def sources(self, form: Form) -> frozenset[int]:
        """The operations that make a number differ between attempts."""
        return _operations(self.roots(form))

    def roots_of_branch(self, index: int) -> Roots:
        """What a branch compares is made of."""
        op = self.body.ops[index]
        if not isinstance(op, ir.BranchIf):
            return frozenset()
        return self.roots(self.form(index, op.left)) | self.roots(self.form(index, op.right))

    def of_branch(self, index: int) -> frozenset[int]:
        """The sources of what a branch compares: none if each attempt goes the same way."""
        return _operations(self.roots_of_branch(index))

    def of_other_attempt(self, form: Form) -> Form:
        """The same register in an attempt before this one: what may differ is another number."""
        return form.renamed({symbol: -symbol - 1 for symbol in form.symbols if _operations(self._roots[symbol])})

    @cached_property
    def branches(self) -> tuple[int, ...]:
        """The branches that can be reached."""
        ops = enumerate(self.body.ops)
        return tuple(index for index, op in ops if isinstance(op, ir.BranchIf) and self.graph.reached >> index & 1)

    @cached_property
    def varying(self) -> tuple[int, ...]:
        """The branches that may go another way in another attempt."""
        return tuple(index for index in self.branches if self.of_branch(index))

    # ---- the walk

    def _symbol(self, *key: Hashable, roots: Roots = frozenset()) -> Form:
        number = self._known.setdefault(key, len(self._roots))
        if number == len(self._roots):
            self._roots.append(roots)
        return Form(0, ((number, 1),))

    def _arriving(self, index: int) -> _Registers:
        edges = self.graph.into(index)
        after = [self._after(edge, index) for edge in edges]
        if len(after) == 1:
            return after[0]
        common = set(after[0]).intersection(*after[1:])
        return {value: self._joined(index, value, dict(zip(edges, after, strict=True))) for value in common}

    def _joined(self, index: int, value: ir.Value, after: Mapping[int, _Registers]) -> Form:
        forms = {edge: registers[value] for edge, registers in after.items()}
        different = set(forms.values())
        if len(different) == 1:
            return different.pop()
        roots = frozenset[int | ir.Value]().union(*(self.roots(form) for form in different))
        for branch in self._branches_before(index):
            if not self.roots_of_branch(branch) <= roots and self._decides(branch, index, forms):
                roots |= self.roots_of_branch(branch)
        return self._symbol("joined", index, value, roots=roots)

    def _branches_before(self, index: int) -> Iterator[int]:
        """The branches before an operation."""
        return (branch for branch in self.branches if branch < index)

    def _decides(self, branch: int, index: int, forms: Mapping[int, Form]) -> bool:
        """True if it depends on a branch by which of `forms` one arrives at `index`."""
        arrivals = [self._arrivals(branch, way, index, forms) for way in self.graph.next[branch]]
        return all(arrivals) and arrivals[0] != arrivals[1] and len(set().union(*arrivals)) > 1

    def _arrivals(self, branch: int, way: int, index: int, forms: Mapping[int, Form]) -> set[Form]:
        if way == index:
            return {forms[branch]}
        behind = self.graph.after[way] | 1 << way
        return {form for edge, form in forms.items() if behind >> edge & 1}

    def _pass_on(self, index: int, op: ir.Op) -> None:
        known = self.unequal[index]
        for way, following in enumerate(self.graph.next[index]):
            found = known | self._found_out(index, op, jumped=way == 0) if isinstance(op, ir.BranchIf) else known
            there = self.unequal.get(following)
            self.unequal[following] = found if there is None else there & found

    def _found_out(self, index: int, op: ir.BranchIf, *, jumped: bool) -> frozenset[Unequal]:
        comparison = op.comparison if jumped else ir.COMPARISONS[op.comparison]
        if comparison not in ("!=", "<", ">") or op.left.type.is_float:
            return frozenset()
        difference = self.form(index, op.left) - self.form(index, op.right)
        return frozenset([Unequal(difference, 8 * op.left.type.size)]) if difference.terms else frozenset()

    def _after(self, index: int, following: int) -> _Registers:
        """The registers behind an operation, on its way to another."""
        op, registers = self.body.ops[index], self.before[index]
        target = ir.defined(op)
        return registers if target is None else {**registers, target: self._made(index, op, target)}

    def _made(self, index: int, op: ir.Op, target: ir.Value) -> Form:
        match op:
            case ir.Set():
                return self.form(index, op.source)
            case ir.Arithmetic() if isinstance(target.type, Scalar) and target.type.is_integer:
                return self._computed(index, op, target.type)
            case ir.Convert() if isinstance(target.type, Scalar) and not op.source.type.is_float:
                return self._converted(self.form(index, op.source), op.source.type, target.type)
            case ir.Load():
                made = self._symbol("load", index, roots=_roots(index))
                self.loads[made.symbols[0]] = index
                return made
            case ir.CpuNumber():
                return self._symbol("cpu", roots=_roots(index))
            case ir.Locate():
                return self._located(index, op)
        if isinstance(op, ir.Clock):
            return self._symbol("clock", index, roots=_roots(index))
        return self._opaque(index, op, target)

    def _opaque(self, index: int, op: ir.Op, target: ir.Value) -> Form:
        """What is no sum: a symbol, the same one for the same operation on the same numbers."""
        forms = tuple(self.form(index, value) for value in _operands(op))
        roots = frozenset[int | ir.Value]().union(*(self.roots(form) for form in forms))
        return self._symbol(type(op).__name__, getattr(op, "operator", None), target.type, *forms, roots=roots)

    def _some(self, step: int, *key: Hashable, of: Form) -> Form:
        """A multiple of `step` that is not known, but the same one for the same `key` and form."""
        return self._symbol(*key, of, roots=self.roots(of)).times(step)

    def _computed(self, index: int, op: ir.Arithmetic, type: Scalar) -> Form:
        left, right = self.form(index, op.left), self.form(index, op.right)
        if op.operator in ("*", "&", "|", "^", "+") and not left.terms:
            left, right = right, left
        total = self._linear(op.operator, left, right, type)
        made = self._opaque(index, op, op.target) if total is None else self._within(total, type)
        if op.operator in ("&", "%") and not right.terms and 0 < signed(right.constant):
            self.most[made] = right.constant - (op.operator == "%")
        return made

    def _linear(self, operator: str, left: Form, right: Form, type: Scalar) -> Form | None:
        if operator == "+":
            return left + right
        if operator == "-":
            return left - right
        if right.terms:
            return None
        number = right.constant
        match operator:
            case "*":
                return left.times(number)
            case "<<":
                return left.times(1 << (number & type.bits - 1))
            case "%" if number and number & (number - 1) == 0:
                return left - self._some(number, "above", number, of=left)
            case "&":
                return self._masked(left, number)
            case "^" if number == constant(int(type.wrap(-1))).constant:
                return right - left
            case "^" if number:
                return left + right - self._masked(left, number).times(2)
            case "|" if number:
                return left + right - self._masked(left, number)
        return None

    def _masked(self, left: Form, mask: int) -> Form:
        """`left & mask`."""
        if mask & (mask + 1) == 0:
            return left - self._some(mask + 1, "above", mask + 1, of=left) if mask else constant(0)
        return self._some(1 << trailing_zeros(mask), "mask", mask, of=left)

    def _within(self, form: Form, type: Scalar) -> Form:
        """What a register of a type holds of a sum."""
        if not form.terms:
            return constant(int(type.wrap(form.constant)))
        return form if type.bits == 64 else form - self._some(1 << type.bits, "beyond", type, of=form)

    def _converted(self, form: Form, source: Word, target: Scalar) -> Form:
        """Registers hold narrow numbers extended, so that a wider type holds the same."""
        if not target.is_integer:
            return self._symbol("converted", target, form, roots=self.roots(form))
        widens = target.size > source.size or source == target
        return form if widens else self._within(form, target)

    def _located(self, index: int, op: ir.Locate) -> Form:
        address = op.address
        base = constant(0) if address.base is None else self.form(index, address.base)
        at = constant(0) if address.index is None else self.form(index, address.index)
        row = self._symbol("row", base, at, address.scale, address.offset, roots=self.roots(base) | self.roots(at))
        if isinstance(op.target.type, Pointer):
            self.rows[row.symbols[0]] = (base, at, address)
        return row


def _operands(op: ir.Op) -> tuple[ir.Operand, ...]:
    if isinstance(op, ir.Arithmetic):
        return (op.left, op.right)
    return ir.used(op)


def _roots(*roots: int | ir.Value) -> Roots:
    return frozenset(roots)


def _operations(roots: Roots) -> frozenset[int]:
    return frozenset(root for root in roots if isinstance(root, int))
