"""What a sequence's registers hold before each operation, and which of that may differ when it starts again.

A sequence branches forward only, so one walk gives each register a `Form`. The `roots` of a form are what it is made
of: parameters, and operations that load, or read the clock or the CPU's number. A restart begins with the same
arguments; what the operations come to, the form's `sources`, may differ. Without them it is the same in every attempt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from rseq._integers import signed
from rseq._language import ir
from rseq._language.facts import Answer, Fact, Unequal, Within
from rseq._language.forms import Form, constant, trailing_zeros
from rseq._language.graph import Graph, members
from rseq._language.numbers import computed
from rseq._language.types import Pointer, Scalar, Word


@dataclass(frozen=True)
class Join:
    """What meets in a register: from which operations one arrives with what, and the branches that decide."""

    index: int
    forms: Mapping[int, Form]
    branches: tuple[int, ...]


Roots = frozenset[int | ir.Value]
"""Operations, by index, and parameters."""

_ALL = (1 << 64) - 1

_Registers = dict[ir.Value, Form]
_Key = tuple[Hashable, ...]


@dataclass
class Values:
    """The forms of the registers of a sequence, before each operation that can be reached."""

    body: ir.Body
    before: dict[int, _Registers] = field(default_factory=dict)
    unequal: dict[int, frozenset[Unequal]] = field(default_factory=dict)
    facts: dict[int, frozenset[Fact]] = field(default_factory=dict)
    rows: dict[int, tuple[Form, Form, ir.Address]] = field(default_factory=dict)
    """The symbols that are rows found by number: where the array begins, the row's number, and how it was computed."""
    loads: dict[int, int] = field(default_factory=dict)
    """The symbols that were loaded, and the operations that have loaded them."""
    made_of: dict[int, tuple[Form, ...]] = field(default_factory=dict)
    """The symbols that are computed, and all of what they are computed."""
    joins: dict[Form, Join] = field(default_factory=dict)
    """The symbols in which paths meet."""
    _limits: dict[Form, tuple[int, int]] = field(default_factory=dict)
    _roots: list[Roots] = field(default_factory=list)
    _fixed: _Registers = field(default_factory=dict)
    """Those of the registers that are assigned once, so that they need not be kept for each operation."""
    _assigned: Counter[ir.Value] = field(default_factory=Counter)
    _roots_of: dict[Form, Roots] = field(default_factory=dict)
    _others: dict[Form, Form] = field(default_factory=dict)
    _known: dict[_Key, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._assigned.update([*self.body.parameters, *(value for op in self.body.ops for value in op.results)])
        registers = {value: self._parameter(value) for value in self.body.parameters}
        for index in members(self.graph.reached):
            op = self.body.ops[index]
            if index:
                registers = self._arriving(index)
            self.before[index] = registers
            self.unequal.setdefault(index, frozenset())
            self.facts.setdefault(index, frozenset())
            self._pass_on(index, op)

    @property
    def graph(self) -> Graph:
        """Which operations may follow which."""
        return self.body.graph

    # ---- what is asked

    def form(self, index: int, operand: ir.Operand) -> Form:
        """What an operand of operation `index` holds."""
        if isinstance(operand, ir.Value):
            return self._fixed.get(operand) or self.before[index].get(operand) or self._symbol("unset", operand)
        return constant(operand.number) if isinstance(operand.number, int) else self._symbol("constant", operand)

    def most(self, form: Form) -> int | None:
        """The largest that a number can be that is never negative; None if it may be, or if nothing is known."""
        low, high = self._limits.get(form, (-1, 0))
        return None if low < 0 else high

    def roots(self, form: Form) -> Roots:
        """What a number is made of."""
        if form not in self._roots_of:
            self._roots_of[form] = frozenset[int | ir.Value]().union(*(self._roots[one] for one in form.symbols))
        return self._roots_of[form]

    def sources(self, form: Form) -> frozenset[int]:
        """The operations that make a number differ between attempts."""
        return _operations(self.roots(form)) if form.terms else frozenset()

    def roots_of_branch(self, index: int) -> Roots:
        """What a branch compares is made of."""
        op = self.body.ops[index]
        if not isinstance(op, ir.BranchIf):
            return frozenset()
        return self.roots(self.form(index, op.left)) | self.roots(self.form(index, op.right))

    def of_branch(self, index: int) -> frozenset[int]:
        """The sources of what a branch compares: none if each attempt goes the same way."""
        return _operations(self.roots_of_branch(index))

    def question(self, index: int) -> tuple[Form, Form, ir.ComparisonName]:
        """What a branch compares, and how, in one form for a comparison and its opposite."""
        op = self.body.ops[index]
        assert isinstance(op, ir.BranchIf)
        how = op.comparison if op.left.type.is_float else min(op.comparison, ir.COMPARISONS[op.comparison])
        return self.form(index, op.left), self.form(index, op.right), how

    def of_other_attempt(self, form: Form) -> Form:
        """The same register in an attempt before this one: what may differ is another number."""
        if form not in self._others:
            names = {symbol: -symbol - 1 for symbol in form.symbols if _operations(self._roots[symbol])}
            self._others[form] = form.renamed(names)
        return self._others[form]

    @cached_property
    def branches(self) -> tuple[int, ...]:
        """The branches that can be reached."""
        return tuple(index for index in self.before if isinstance(self.body.ops[index], ir.BranchIf))

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
        branches = tuple(sorted(self.graph.forks(forms, index)))
        made = self._symbol("joined", index, value, roots=roots.union(*map(self.roots_of_branch, branches)))
        self.joins[made] = Join(index, forms, branches)
        lows, highs = zip(*map(self._bounds, different), strict=True)
        return self._between(made, min(lows), max(highs))

    def is_never_zero(self, form: Form) -> bool:
        """True if a number is not 0, by the bounds of its parts: without them it is a multiple of something."""
        low = high = 0
        for part, factor in self._parts(form):
            form -= part.times(factor)
            bounds = sorted(factor * bound for bound in self._bounds(part))
            low, high = low + bounds[0], high + bounds[1]
            begin = signed(form.constant) + low
            if high - low < form.step and begin % form.step + high - low < form.step and begin % form.step:
                return True
        return False

    def is_nonzero(self, index: int, operand: ir.Operand) -> bool:
        """True if an operand of operation `index` is not 0: by its bounds, or by what has been compared on the way."""
        type = operand.type
        return self._is_nonzero(self.form(index, operand), type, self.unequal[index], self.facts[index])

    def _is_nonzero(self, form: Form, type: Word, unequal: frozenset[Unequal], facts: frozenset[Fact]) -> bool:
        if not form.terms:
            is_reached = not any(isinstance(fact, Answer) and fact.cannot_be for fact in facts)
            return bool(form.constant & (1 << type.bits) - 1) or not is_reached
        if form.constant % form.step or self.is_never_zero(form):  # an odd number is never zero
            return True
        if any(one.difference in (form, form.times(-1)) for one in unequal):
            return True
        within = (fact for fact in facts if isinstance(fact, Within) and fact.form == form)
        if any(fact.low > 0 or fact.high < 0 for fact in within):
            return True
        join = self.joins.get(form)
        return join is not None and all(
            self._is_nonzero(arriving, type, *self._known_on(edge, join.index)) for edge, arriving in join.forms.items()
        )

    def _known_on(self, edge: int, following: int) -> tuple[frozenset[Unequal], frozenset[Fact]]:
        """What has been found out where operation `edge` goes on at `following`."""
        op, ways, unequal, facts = self.body.ops[edge], self.graph.next[edge], self.unequal[edge], self.facts[edge]
        if not isinstance(op, ir.BranchIf) or len(set(ways)) < 2:
            return unequal, facts
        jumped = ways[0] == following
        return unequal | self._found_out(edge, op, jumped=jumped), facts | self.found(edge, jumped=jumped)

    def _parts(self, form: Form) -> list[tuple[Form, int]]:
        """What a sum is made of that has bounds, and how often it is in it, the narrowest first."""
        terms = dict(form.terms)
        found = []
        for part, (low, high) in self._limits.items():
            symbol, by = part.terms[0]
            factor, rest = divmod(signed(terms.get(symbol, 0)), signed(by))
            is_in = factor and not rest and not part.constant
            if is_in and all(terms.get(one) == number * factor & _ALL for one, number in part.terms):
                found.append((abs(factor) * (high - low), part, factor))
        return [(part, factor) for _, part, factor in sorted(found, key=lambda one: one[0])]

    def _pass_on(self, index: int, op: ir.Op) -> None:
        for way, following in enumerate(self.graph.next[index]):
            unequal, facts = self.unequal[index], self.facts[index]
            if isinstance(op, ir.BranchIf):
                unequal |= self._found_out(index, op, jumped=way == 0)
                facts |= self.found(index, jumped=way == 0)
            self.unequal[following] = unequal & self.unequal.get(following, unequal)
            self.facts[following] = facts & self.facts.get(following, facts)

    def found(self, index: int, *, jumped: bool) -> frozenset[Fact]:
        """What a branch that goes one way has found out."""
        left, right, how = self.question(index)
        op = self.body.ops[index]
        assert isinstance(op, ir.BranchIf)
        answer = Answer((left, right, how), (op.comparison == how) == jumped)
        return self._found_within(index, jumped=jumped) | {answer}

    def _found_within(self, index: int, *, jumped: bool) -> frozenset[Fact]:
        """What it says of a number that it compares with a constant."""
        op = self.body.ops[index]
        if not isinstance(op, ir.BranchIf) or not isinstance(op.left.type, Scalar) or not op.left.type.is_integer:
            return frozenset()
        left, right, how = self.form(index, op.left), self.form(index, op.right), op.comparison
        if not left.terms:
            left, right, how = right, left, ir.MIRRORED[how]
        if right.terms or not left.terms:
            return frozenset()
        type, number = op.left.type, _in(right, op.left.type)
        low, high = type.minimum, type.maximum
        match how if jumped else ir.COMPARISONS[how]:
            case "==":
                low = high = number
            case "<":
                high = number - 1
            case "<=":
                high = number
            case ">":
                low = number + 1
            case ">=":
                low = number
            case "!=":
                return frozenset()
        return frozenset([Within(left, type.kind == "signed", low, high)])

    def _found_out(self, index: int, op: ir.BranchIf, *, jumped: bool) -> frozenset[Unequal]:
        comparison = op.comparison if jumped else ir.COMPARISONS[op.comparison]
        if comparison not in ("!=", "<", ">") or op.left.type.is_float:
            return frozenset()
        difference = self.form(index, op.left) - self.form(index, op.right)
        return frozenset([Unequal(difference, 8 * op.left.type.size)]) if difference.terms else frozenset()

    def _after(self, index: int, following: int) -> _Registers:
        """The registers behind an operation, on its way to another."""
        op, registers = self.body.ops[index], self.before[index]
        target = op.result
        if target is None:
            return registers
        if self._assigned[target] > 1:
            return {**registers, target: self._made(index, op, target)}
        if target not in self._fixed:
            self._fixed[target] = self._made(index, op, target)
        return registers

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
                return self._of_type(made, target.type)
            case ir.CpuNumber():
                return self._symbol("cpu", roots=_roots(index))
            case ir.Locate():
                return self._located(index, op)
        return self._symbol("varies", index, roots=_roots(index)) if op.varies else self._opaque(index, op, target)

    def _parameter(self, value: ir.Value) -> Form:
        return self._of_type(self._symbol("parameter", value, roots=_roots(value)), value.type)

    def _of_type(self, made: Form, type: Word) -> Form:
        is_narrow = isinstance(type, Scalar) and type.is_integer and type.bits < 64
        return self._between(made, type.minimum, type.maximum) if isinstance(type, Scalar) and is_narrow else made

    def _opaque(self, index: int, op: ir.Op, target: ir.Value) -> Form:
        """What is no sum: a symbol, the same one for the same operation on the same numbers."""
        forms = tuple(self.form(index, operand) for operand in op.operands)
        types = tuple(operand.type for operand in op.operands)
        return self._function(type(op).__name__, getattr(op, "operator", None), target.type, types, of=forms)

    def _some(self, step: int, *key: Hashable, of: Form) -> Form:
        """A multiple of `step` that is not known, but the same one for the same `key` and form."""
        return self._function(*key, of=(of,)).times(step)

    def _function(self, *key: Hashable, of: tuple[Form, ...]) -> Form:
        """A symbol that is computed of other numbers: the same one for the same `key` and numbers."""
        made = self._symbol(*key, *of, roots=frozenset[int | ir.Value]().union(*map(self.roots, of)))
        self.made_of[made.symbols[0]] = of
        return made

    def _computed(self, index: int, op: ir.Arithmetic, type: Scalar) -> Form:
        left, right = self.form(index, op.left), self.form(index, op.right)
        if op.operator in ("*", "&", "|", "^", "+") and not left.terms:
            left, right = right, left
        divides_by_zero = op.operator in ("//", "%") and right == constant(0)  # on a way that nothing takes
        if not left.terms and not right.terms and not divides_by_zero:
            return constant(int(computed(op.operator, _in(left, type), _in(right, type), type)))
        made = self._linear(op.operator, left, right, type)
        made = self._opaque(index, op, op.target) if made is None else made
        return self._within(self._bounded(made, op.operator, left, right, type), type)

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
            case "%" if number & (number - 1) == 0 and 0 < number <= type.maximum:
                return left - self._above(left, number).times(number)
            case "&":
                return self._masked(left, number)
            case ">>" if 0 < number < type.bits and self._is_itself(left, type):
                return self._above(left, 1 << number)
            case "//" if number & (number - 1) == 0 and 1 < number <= type.maximum and self._is_itself(left, type):
                return self._above(left, number)
            case "^" if number == constant(int(type.wrap(-1))).constant:
                return right - left
            case "^" if number:
                return left + right - self._masked(left, number).times(2)
            case "|" if number:
                return left + right - self._masked(left, number)
        return None

    def _above(self, left: Form, number: int) -> Form:
        """`left // number`, of 64 bits with a sign; `number` is a power of two."""
        return self._function("above", number, of=(left,))

    def _is_itself(self, left: Form, type: Scalar) -> bool:
        """True if a number of a type is the same as one of 64 bits with a sign."""
        return type.kind == "signed" or self._bounds(left)[0] >= 0

    def _masked(self, left: Form, mask: int) -> Form:
        """`left & mask`."""
        if mask & (mask + 1) == 0:
            return left - self._above(left, mask + 1).times(mask + 1) if mask else constant(0)
        return self._some(1 << trailing_zeros(mask), "mask", mask, of=left)

    def _within(self, form: Form, type: Scalar) -> Form:
        """What a register of a type holds of a sum."""
        if not form.terms:
            return constant(int(type.wrap(form.constant)))
        low, high = self._bounds(form)
        if type.bits == 64 or type.minimum <= low <= high <= type.maximum:
            return form
        beyond = (
            self._above(form, 1 << type.bits).times(1 << type.bits)
            if type.kind == "unsigned"
            else self._some(1 << type.bits, "beyond", type, of=form)
        )
        return self._between(form - beyond, type.minimum, type.maximum)

    # ---- bounds: a sum of which it is known that it fits a narrow type is not wrapped there

    def _between(self, form: Form, low: int, high: int) -> Form:
        """`form`, of which it is known now that it lies between two numbers."""
        if form.terms:
            known = self._bounds(form)
            self._limits[form] = (max(low, known[0]), min(high, known[1]))
        return form

    def _bounds(self, form: Form) -> tuple[int, int]:
        """Between what a number lies, as one of 64 bits with a sign."""
        if not form.terms:
            return signed(form.constant), signed(form.constant)
        return self._limits.get(form, (-(1 << 63), (1 << 63) - 1))

    def _bounded(self, made: Form, operator: str, left: Form, right: Form, type: Scalar) -> Form:
        """`made`, with the bounds that follow from those of its operands."""
        (low, high), (least, most) = self._bounds(left), self._bounds(right)
        is_itself = self._is_itself(left, type)  # what a shift and a division see
        match operator:
            case "+":
                low, high = low + least, high + most
            case "-":
                low, high = low - most, high - least
            case "&" if least >= 0:
                low, high = 0, most
            case "%" if least == most > 0:
                low, high = 0, most - 1
            case ">>" if least == most and 0 <= most < type.bits and is_itself:
                low, high = low >> most, high >> most
            case "//" if least == most > 0 and is_itself:
                low, high = low // most, high // most
            case _:
                return made
        is_sum_of_64_bits = -(1 << 63) <= low <= high < 1 << 63
        return self._between(made, low, high) if is_sum_of_64_bits else made

    def _converted(self, form: Form, source: Word, target: Scalar) -> Form:
        """Registers hold narrow numbers extended, so that a wider type holds the same."""
        if not target.is_integer:
            return self._function("converted", source, target, of=(form,))
        widens = target.size > source.size and (source.kind != "signed" or target.kind == "signed" or target.bits == 64)
        return form if widens or source == target else self._within(form, target)

    def _located(self, index: int, op: ir.Locate) -> Form:
        address = op.address
        base = constant(0) if address.base is None else self.form(index, address.base)
        at = constant(0) if address.index is None else self.form(index, address.index)
        row = self._function("row", address.scale, address.offset, of=(base, at))
        if isinstance(op.target.type, Pointer):
            self.rows[row.symbols[0]] = (base, at, address)
        return row


def _in(form: Form, type: Scalar) -> int:
    return int(type.wrap(form.constant))


def _roots(*roots: int | ir.Value) -> Roots:
    return frozenset(roots)


def _operations(roots: Roots) -> frozenset[int]:
    return frozenset(root for root in roots if isinstance(root, int))
