"""Expressions of the language, from syntax tree to operations: one small method for each accepted node."""

from __future__ import annotations

import ast
import enum
import math
import operator
from collections.abc import Callable
from types import ModuleType
from typing import Any, SupportsIndex, cast

from rseq._language import ir
from rseq._language.advice import as_float, as_integer, shown, to_type, types_that_hold, written
from rseq._language.numbers import computed, converted
from rseq._language.refused import instead_of
from rseq._language.scope import Literal, Meaning, Perhaps, Refused, Scope
from rseq._language.types import (
    MAX_RECORD_BYTES,
    SCALARS,
    Array,
    Buffer,
    Field,
    Index,
    Pointer,
    RecordType,
    Scalar,
    Word,
    boolean,
)

__all__ = ["NOWHERE", "Expressions", "kind_of", "widens"]

_OPERATORS: dict[type[ast.operator], ir.ArithmeticName] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}

_FOLD: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}


_MAX_FOLDED_SHIFT = 64

NOWHERE = Pointer(SCALARS["u8"])
"""The type of None before it meets a pointer."""

_OWNERS = (ModuleType, type, enum.Enum)
"""What has attributes that are constants."""


class Expressions:
    """The half of the parser that reads expressions. `into` names the local that will hold the result."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    # ---- values

    def meaning(self, node: ast.expr, into: str | None = None) -> Meaning:
        """Emit what computes `node`; the register, constant or literal that holds it."""
        found = self.perhaps(node, into)
        if isinstance(found, Perhaps):
            what = ast.unparse(node)
            message = f"{what} may be None here"
            name = what if isinstance(node, ast.Name) else "item"
            fix = f"first `if {name} is None:`, and leave or go on there"
            fix = fix if name == what else f"assign it to a local; then {fix}"
            raise self.scope.refuse(node, "may-be-nothing", message, fix)
        return found

    def perhaps(self, node: ast.expr, into: str | None = None) -> Meaning | Perhaps:
        """As `meaning`, and where a call may come to None, also that."""
        method = getattr(self, f"_expr_{type(node).__name__}", None)
        if method is None:
            raise self.not_in_the_language(node)
        result: Meaning | Perhaps = method(node, into)
        return result

    def not_in_the_language(self, node: ast.AST, kind: ast.AST | None = None) -> Refused:
        """The exception for a statement, an expression or an operator (`kind`) that the language does not have."""
        what, fix = instead_of(kind or node)
        return self.scope.refuse(node, "not-in-the-language", f"{what} is not in the language", fix)

    def value(self, node: ast.expr, type: Word, into: str | None = None) -> ir.Operand:
        """Emit what computes `node`, brought to `type` where that loses nothing."""
        return self.coerce(self.meaning(node, into), type, node)

    def operand(self, node: ast.expr, into: str | None = None) -> ir.Operand:
        """Emit what computes `node`; a literal becomes i64 or f64."""
        meaning = self.meaning(node, into)
        if isinstance(meaning, Literal):
            return self.coerce(meaning, SCALARS["f64" if isinstance(meaning.number, float) else "i64"], node)
        return meaning

    def coerce(self, meaning: Meaning, type: Word, node: ast.expr) -> ir.Operand:
        """`meaning` as a `type`: literals that fit, and narrower numbers of the same kind."""
        if isinstance(meaning, Literal):
            return self._constant(meaning.number, type, node)
        if meaning.type == type:
            return meaning
        if isinstance(meaning, ir.Const) and isinstance(meaning.type, Pointer) and isinstance(type, Pointer):
            return ir.Const(0, type)
        if isinstance(meaning.type, Scalar) and isinstance(type, Scalar) and widens(meaning.type, type):
            return self._convert(meaning, type, node, None)
        message = f"expected {type}, got {kind_of(meaning)}"
        raise self.scope.refuse(node, "types-differ", message, to_type(meaning.type, type))

    def _constant(self, number: int | float, type: Word, node: ast.expr) -> ir.Const:
        if not isinstance(type, Scalar) or type.kind == "bool":
            fix = "write True or False, or compare" if type is boolean else f"use None, or one of type {type}"
            raise self.scope.refuse(node, "types-differ", f"expected {type}, got the number {shown(number)}", fix)
        if type.is_float:
            constant = self._converted(number, type, node)
            if math.isinf(constant.number) and isinstance(number, int):
                raise self._too_many_bits(number, type, node)
            if math.isinf(constant.number) and not math.isinf(number):
                fix = f"use f64, or write {type}({number}) for infinity"
                raise self.scope.refuse(node, "constant-too-large", f"{number} does not fit {type}", fix)
            return constant
        if isinstance(number, float):
            raise self.scope.refuse(
                node, "types-differ", f"expected {type}, got {number}", f"write {type}({written(number)})"
            )
        if not type.minimum <= number <= type.maximum:
            message = f"{shown(number)} does not fit {type} ({type.minimum} … {type.maximum})"
            raise self.scope.refuse(node, "constant-too-large", message, types_that_hold(number, type))
        return ir.Const(number, type)

    def _converted(self, number: int | float, type: Scalar, node: ast.expr) -> ir.Const:
        try:
            return ir.Const(converted(number, type), type)
        except OverflowError:
            raise self._too_many_bits(int(number), type, node) from None

    def _too_many_bits(self, number: int, type: Scalar, node: ast.expr) -> Refused:
        message = f"the constant does not fit {type}: it has {number.bit_length()} bits"
        fix = f"use a float, such as {'1e30' if type.bits == 32 else '1e300'}"
        return self.scope.refuse(node, "constant-too-large", message, fix)

    def _convert(self, source: ir.Operand, type: Scalar, node: ast.expr, into: str | None) -> ir.Operand:
        if isinstance(source, ir.Const):
            return self._converted(source.number, type, node)
        target = self.scope.target(into, type)
        self.scope.emit(ir.Convert(target, source, self.scope.span(node)))
        return target

    def _expr_Constant(self, node: ast.Constant, into: str | None) -> Meaning:
        return self._python_value(node.value, node)

    def _python_value(self, value: object, node: ast.expr) -> Meaning:
        if isinstance(value, bool):
            return ir.Const(int(value), boolean)
        if isinstance(value, (int, float)):  # or a subclass, such as an IntEnum
            return Literal(int(value) if isinstance(value, int) else float(value))
        if value is None:
            return ir.Const(0, NOWHERE)
        if hasattr(type(value), "__index__"):  # NumPy's integers
            return Literal(operator.index(cast("SupportsIndex", value)))
        is_number = isinstance(value, enum.Enum) and isinstance(value.value, (int, float))
        fix = f"use {ast.unparse(node)}.value" if is_number else "use numbers, True, False or None"
        raise self.scope.refuse(node, "not-a-number", f"{value!r} is no number", fix)

    def _expr_Name(self, node: ast.Name, into: str | None) -> Meaning | Perhaps:
        scope = self.scope
        if self.buffer(node.id) is not None:
            message = f"{node.id} is a buffer; it is not a value"
            fix = f"use len({node.id}), a u64, a byte {node.id}[i], a u8, or rseq.copy()"
            raise scope.refuse(node, "buffer-as-value", message, fix)
        if node.id in scope.names:
            return scope.names[node.id]
        if node.id in scope.failed:
            raise Refused
        if node.id == scope.lane:
            message = f"{node.id} is this CPU's record; it is not a value"
            raise scope.refuse(node, "lane-as-value", message, f"use its fields: {node.id}.{_first_field(scope)}")
        if scope.assigned[node.id]:
            message = f"{node.id} may not have a value here"
            raise scope.refuse(node, "unassigned", message, "assign it on every path that leads here")
        return self._python_value(self.static(node), node)

    def static(self, node: ast.expr) -> object:
        """The Python object that a name outside the function refers to, or an attribute of a module, class or enum."""
        if isinstance(node, ast.Name):
            if node.id in self.scope.names or node.id == self.scope.lane:
                message = f"{node.id} is a value: it has no methods, and cannot be called"
                fix = "use operators, or a function from outside, such as rseq.ctz(x)"
                raise self.scope.refuse(node, "not-in-the-language", message, fix)
            if node.id in self.scope.failed:
                raise Refused
            if node.id not in self.scope.source.names:
                raise self.scope.refuse(node, "unknown-name", f"{node.id} is not defined", "define it before use")
            return self.scope.source.names[node.id]
        if isinstance(node, ast.Attribute):
            owner = self.static(node.value)
            if isinstance(owner, _OWNERS) and hasattr(owner, node.attr):
                return getattr(owner, node.attr)
            if isinstance(owner, _OWNERS):
                message = f"{ast.unparse(node.value)} has no {node.attr!r}"
                raise self.scope.refuse(node, "unknown-name", message, "define it before use")
        raise self.scope.refuse(
            node, "not-in-the-language", "expected a name known before the sequence runs", "use a name"
        )

    # ---- memory

    def _expr_Attribute(self, node: ast.Attribute, into: str | None) -> Meaning:
        if self._is_known(node.value):
            return self._python_value(self.static(node), node)
        return self._load(node, into)

    def _expr_Subscript(self, node: ast.Subscript, into: str | None) -> Meaning:
        return self._load(node, into)

    def _is_known(self, node: ast.expr) -> bool:
        """True for a module, a class or an enum's member, whose attributes are constants."""
        if isinstance(node, ast.Attribute):
            return self._is_known(node.value)
        scope = self.scope
        if not isinstance(node, ast.Name) or node.id in scope.types or scope.assigned[node.id] or node.id == scope.lane:
            return False
        return isinstance(scope.source.names.get(node.id), _OWNERS)

    def _load(self, node: ast.Attribute | ast.Subscript, into: str | None) -> Meaning:
        address = self.address(node)
        target = self.scope.target(into, address.type)
        self.scope.emit(ir.Load(target, address, self.scope.span(node)))
        return target

    def buffer(self, name: str) -> ir.Value | None:
        """The buffer parameter called `name`, if it is one."""
        held = self.scope.names.get(name)
        return held if isinstance(held, ir.Value) and isinstance(held.type, Buffer) else None

    def place(self, node: ast.expr) -> ir.Address:
        """`address`, for a store."""
        address = self.address(node)
        self.require_writable(address, node)
        return address

    def require_writable(self, address: ir.Address, node: ast.expr) -> None:
        """Refuse what is only read."""
        if address.base is not None and address.base.type == Buffer(writable=False):
            name = address.base.name
            message = f"{name} is read-only"
            raise self.scope.refuse(node, "buffer-as-value", message, f"declare it {name}: bytearray")

    def address(self, node: ast.expr) -> ir.Address:
        """Emit what computes the address of a field or an element."""
        if isinstance(node, ast.Subscript):
            return self._element(node)
        if not isinstance(node, ast.Attribute):
            raise self.scope.refuse(node, "not-in-the-language", "expected a field, such as cpu.count", "name a field")
        base, field = self._field(node)
        if isinstance(field.type, Array):
            message = f"{ast.unparse(node)} is an array of {field.type.length}; it has no value as a whole"
            raise self.scope.refuse(node, "array-as-value", message, f"use an element: {ast.unparse(node)}[0]")
        text, prepared = ast.unparse(node), field.prepared
        return ir.Address(base, field.offset, None, 1, field.type, text, prepared, field.type.size)

    def _field(self, node: ast.Attribute) -> tuple[ir.Value | None, Field]:
        base, record = self._record(node.value)
        if node.attr not in record.fields:
            known = ", ".join(record.fields)
            message = f"record {record.__name__} has no field {node.attr!r}"
            raise self.scope.refuse(node, "no-such-field", message, f"its fields are {known}")
        return base, record.fields[node.attr]

    def _record(self, node: ast.expr) -> tuple[ir.Value | None, RecordType]:
        scope = self.scope
        if isinstance(node, ast.Name) and node.id == scope.lane:
            if scope.is_routine:
                message = "a routine is not on a CPU, so it has no lane of its own"
                raise scope.refuse(node, "lane-in-routine", message, "touch the lane in a sequence, and call that")
            return None, scope.record
        pointer = self.operand(node)
        if isinstance(pointer, ir.Value) and isinstance(pointer.type, Index):
            return self._row(pointer, pointer.type.target, node), pointer.type.target
        if isinstance(pointer, ir.Value) and isinstance(pointer.type, Pointer):
            if isinstance(pointer.type.target, RecordType):
                return pointer, pointer.type.target
        message = f"{ast.unparse(node)} is {kind_of(pointer)}, which has no fields"
        fix = "only the lane, a ptr[T] and an index[T] have fields"
        fix = (
            f"use its element: {ast.unparse(node)}[0]"
            if isinstance(pointer, ir.Value) and isinstance(pointer.type, Pointer)
            else fix
        )
        raise scope.refuse(node, "no-such-field", message, fix)

    def _row(self, index: ir.Value, record: RecordType, node: ast.expr) -> ir.Value:
        """Emit what finds the row that an index means, or leaves with an IndexError: a pointer that is not None."""
        scope, span = self.scope, self.scope.span(node)
        known = scope.row_of(index)
        if known is not None:
            return known
        rows, narrow, wide = scope.rows_of(record), SCALARS["u32"], SCALARS["u64"]
        number = scope.temporary(narrow)  # None is 0, so that it becomes the largest number
        scope.emit(ir.Arithmetic(number, "-", index, ir.Const(1, narrow), span))
        text = ast.unparse(node)
        fault = f"{text} is no row of the array of {record.__name__}: it is None or out of range"
        scope.emit(self._new_check(number, rows.length, record.__name__, node, fault=fault))
        scale, size = 1, record.size
        if size in (1, 2, 4, 8):
            scale = size
        else:
            offset = scope.temporary(wide)
            scope.emit(ir.Convert(offset, number, span))
            shift = size.bit_length() - 1
            number = scope.temporary(wide)
            if size == 1 << shift:
                scope.emit(ir.Arithmetic(number, "<<", offset, ir.Const(shift, wide), span))
            else:
                scope.emit(ir.Arithmetic(number, "*", offset, ir.Const(size, wide), span))
        row = scope.temporary(Pointer(record))
        place = ir.Address(rows.first, 0, number, scale, row.type, f"the row {text}", False, size)
        scope.emit(ir.Locate(row, place, span))
        scope.know_row(index, row)
        return row

    def _element(self, node: ast.Subscript) -> ir.Address:
        if isinstance(node.value, ast.Name) and (buffer := self.buffer(node.value.id)) is not None:
            return self._byte(buffer, node)
        if not isinstance(node.value, ast.Attribute):
            return self._pointed_number(node)
        base, field = self._field(node.value)
        if not isinstance(field.type, Array):
            message = f"{ast.unparse(node.value)} is {field.type}, which has no elements"
            raise self.scope.refuse(node, "no-elements", message, "leave out the brackets")
        element, length, text = field.type.element, field.type.length, ast.unparse(node)
        index = self._index(node.slice, length, ast.unparse(node.value))
        if isinstance(index, int):
            offset = field.offset + index * element.size
            return ir.Address(base, offset, None, 1, element, text, field.prepared, element.size)
        index, added = self.split(index, length)
        offset, size = field.offset + added * element.size, field.type.size - added * element.size
        return ir.Address(base, offset, index, element.size, element, text, field.prepared, size)

    def _byte(self, buffer: ir.Value, node: ast.Subscript) -> ir.Address:
        """An element of a buffer, a u8, checked against the buffer's length."""
        byte, text = SCALARS["u8"], ast.unparse(node)
        index = self._any_index(node.slice)
        self.scope.emit(self._new_check(index, ir.length_of(buffer), buffer.name, node.slice))
        return ir.Address(buffer, 0, index, 1, byte, text, False, MAX_RECORD_BYTES)

    def _any_index(self, node: ast.expr) -> ir.Value:
        """An index in a register, also where it is a constant."""
        index = self.operand(node)
        if not isinstance(index.type, Scalar) or not index.type.is_integer:
            raise self.scope.refuse(
                node, "types-differ", f"an index is an integer; got {kind_of(index)}", as_integer(index.type)
            )
        if isinstance(index, ir.Value):
            return index
        held = self.scope.temporary(index.type)
        self.scope.emit(ir.Set(held, index, self.scope.span(node)))
        return held

    def _pointed_number(self, node: ast.Subscript) -> ir.Address:
        pointer = self.operand(node.value)
        if not isinstance(pointer, ir.Value) or not isinstance(pointer.type, Pointer):
            raise self.scope.refuse(
                node, "no-elements", f"{ast.unparse(node.value)} has no elements", "leave out the brackets"
            )
        if not isinstance(pointer.type.target, Scalar):
            raise self.scope.refuse(node, "no-elements", f"{pointer.type} points to a record", "use a field of it")
        index = self._index(node.slice, 1, ast.unparse(node.value))
        if not isinstance(index, int):
            raise self.scope.refuse(node, "no-elements", f"{pointer.type} points to one number", "use index 0")
        target = pointer.type.target
        return ir.Address(pointer, 0, None, 1, target, ast.unparse(node), False, target.size)

    def _index(self, node: ast.expr, length: int, array: str) -> ir.Value | int:
        index = self.operand(node)
        if not isinstance(index.type, Scalar) or not index.type.is_integer:
            raise self.scope.refuse(
                node, "types-differ", f"an index is an integer; got {kind_of(index)}", as_integer(index.type)
            )
        if isinstance(index, ir.Const):
            if not 0 <= index.number < length:
                message = f"index {index.number} is out of range for {array}, which has {length} elements"
                raise self.scope.refuse(
                    node, "index-out-of-range", message, f"use 0 … {length - 1}" if length > 1 else "use 0"
                )
            return int(index.number)
        self._check(index, length, array, node)
        return index

    def _check(self, index: ir.Value, length: int, array: str, node: ast.expr) -> None:
        """Check an index: before the section if it is a parameter and used on every path, inside it otherwise.

        One that is masked needs no check.
        """
        scope = self.scope
        if (most := self.most(index)) is not None and most < length:
            return
        known = [
            check
            for check in scope.checks
            if check.index == index and isinstance(check.length, int) and check.length <= length
        ]
        if known:
            return
        check = self._new_check(index, length, array, node)
        straight = not any(isinstance(op, (ir.BranchIf, ir.Jump, ir.Label, ir.Return)) for op in scope.ops)
        if straight and index in scope.parameters and not scope.is_routine:
            scope.checks.append(check)
        else:
            scope.emit(check)

    def most(self, operand: ir.Operand) -> int | None:
        """The largest number that an operand can be, if it is never negative and the source says so: it is masked.

        In a sequence what is behind a use does not lead back to it, so there is one definition if one is before it.
        """
        if isinstance(operand, ir.Const):
            return int(operand.number) if operand.number >= 0 else None
        op = self._made(operand)
        if not isinstance(op, ir.Arithmetic) or not isinstance(op.target.type, Scalar):
            return None
        left, right = self.most(op.left), self.most(op.right)
        if op.operator == "&":
            return min((one for one in (left, right) if one is not None), default=None)
        if op.operator not in "+*" or left is None or right is None:
            return None
        number = left + right if op.operator == "+" else left * right
        return number if number <= op.target.type.maximum else None

    def _made(self, value: ir.Value) -> ir.Op | None:
        """What makes a value, if nothing else does."""
        made = self.scope.makers.of(value, self.scope.ops)
        return made[0] if len(made) == 1 and not self.scope.is_routine else None

    def split(self, index: ir.Value, length: int) -> tuple[ir.Value, int]:
        """An index of `length` at most, as a value and a constant that is added to it, for the address to take."""
        op, most = self._made(index), self.most(index)
        if isinstance(op, ir.Arithmetic) and op.operator == "+" and most is not None and most <= length:
            if isinstance(op.left, ir.Value) and isinstance(op.right, ir.Const):
                return op.left, int(op.right.number)
        return index, 0

    def _new_check(
        self,
        index: ir.Value,
        length: int | ir.Value,
        array: str,
        node: ast.expr,
        *,
        fault: str = "",
        inclusive: bool = False,
    ) -> ir.Check:
        scope = self.scope
        number = len(scope.checks) + sum(isinstance(op, ir.Check) for op in scope.ops)
        if inclusive and isinstance(length, int):
            length, inclusive = length + 1, False
        return ir.Check(index, length, array, ast.unparse(node), number, scope.span(node), fault, inclusive)

    # ---- arithmetic

    def _expr_BinOp(self, node: ast.BinOp, into: str | None) -> Meaning:
        left, right = self.meaning(node.left), self.meaning(node.right)
        return self.arithmetic(left, node.op, right, node, into)

    def arithmetic(
        self, left: Meaning, op: ast.operator, right: Meaning, node: ast.expr | ast.AugAssign, into: str | None
    ) -> Meaning:
        """Emit `left op right`; both in one type."""
        sign = _OPERATORS.get(type(op))
        place = node if isinstance(node, ast.expr) else node.value
        if sign is None:
            raise self.not_in_the_language(place, op)
        if isinstance(left, Literal) and isinstance(right, Literal):
            return self._fold(left.number, sign, right.number, place)
        left, right = _beside(left, sign, right), _beside(right, sign, left)
        for operand in (left, right):
            self._require_number(operand, sign, place)
        left_operand, right_operand = self.unify(left, right, place)
        self._check_operator(left_operand, sign, right_operand, place)
        if isinstance(left_operand, ir.Const) and isinstance(right_operand, ir.Const):
            return self._computed(sign, left_operand, right_operand)
        target = self.scope.target(into, left_operand.type)
        self.scope.emit(ir.Arithmetic(target, sign, left_operand, right_operand, self.scope.span(place)))
        return target

    def _computed(self, sign: ir.ArithmeticName, left: ir.Const, right: ir.Const) -> ir.Const:
        assert isinstance(left.type, Scalar)
        return ir.Const(computed(sign, left.number, right.number, left.type), left.type)

    def _fold(self, left: int | float, sign: str, right: int | float, node: ast.expr) -> Literal:
        if sign == "<<" and not 0 <= right <= _MAX_FOLDED_SHIFT:
            raise self.scope.refuse(
                node, "constant-too-large", f"{shown(left)} << {shown(right)} is no 64-bit number", "shift less"
            )
        try:
            number = _FOLD[sign](left, right)
        except ZeroDivisionError:
            fix = "divide by something else"
            raise self.scope.refuse(
                node, "division-by-zero", f"{shown(left)} {sign} {shown(right)} has no value", fix
            ) from None
        except (ArithmeticError, TypeError, ValueError) as error:
            message = f"{shown(left)} {sign} {shown(right)} has no value: {error}"
            raise self.scope.refuse(node, "constant-too-large", message, "write another constant") from None
        return Literal(number)

    def unify(self, left: Meaning, right: Meaning, node: ast.expr) -> tuple[ir.Operand, ir.Operand]:
        """Both operands in one type: that of the wider one, if they are of one kind."""
        if isinstance(left, Literal) and isinstance(right, Literal):
            kind = SCALARS["f64" if isinstance(left.number, float) or isinstance(right.number, float) else "i64"]
            return self.coerce(left, kind, node), self.coerce(right, kind, node)
        if isinstance(left, Literal):
            assert not isinstance(right, Literal)
            return self.coerce(left, right.type, node), right
        if isinstance(right, Literal):
            return left, self.coerce(right, left.type, node)
        if isinstance(left, ir.Const) and isinstance(left.type, Pointer):
            return self.coerce(left, right.type, node), right
        if isinstance(left.type, Scalar) and isinstance(right.type, Scalar) and widens(left.type, right.type):
            return self.coerce(left, right.type, node), right
        return left, self.coerce(right, left.type, node)

    def _require_number(self, operand: Meaning, sign: str, node: ast.expr) -> None:
        if isinstance(operand, Literal) or (isinstance(operand.type, Scalar) and operand.type.kind != "bool"):
            return
        message = f"{sign} is not defined for {kind_of(operand)}"
        if not isinstance(operand.type, Scalar):
            raise self.scope.refuse(node, "types-differ", message, "pointers are only compared")
        if sign not in "&|^":
            fix = as_float(operand.type) if sign == "/" else as_integer(operand.type)
            raise self.scope.refuse(node, "types-differ", message, fix)

    def _check_operator(self, left: ir.Operand, sign: str, right: ir.Operand, node: ast.expr) -> None:
        refuse = self.scope.refuse
        assert isinstance(left.type, Scalar)
        if left.type.is_float and sign not in "+-*/":
            raise refuse(node, "types-differ", f"{sign} is not defined for {left.type}", as_integer(left.type))
        if sign == "/" and not left.type.is_float:
            raise refuse(node, "types-differ", f"/ is not defined for {left.type}", "use // or convert: f64(…)")
        if sign in ("//", "%"):
            if not isinstance(right, ir.Const):
                fix = "divide in the caller, or shift"
                raise refuse(node, "division-by-variable", f"{sign} takes a constant on the right", fix)
            if right.number == 0:
                raise refuse(node, "division-by-zero", f"{sign} by zero", "divide by something else")

    def _expr_UnaryOp(self, node: ast.UnaryOp, into: str | None) -> Meaning:
        operand = self.meaning(node.operand)
        if isinstance(operand, Literal):
            return self._fold_unary(node, operand.number)
        kind = operand.type
        if isinstance(node.op, ast.UAdd):
            return operand
        if not isinstance(kind, Scalar) or kind.kind == "bool" or (isinstance(node.op, ast.Invert) and kind.is_float):
            message = f"{ast.unparse(node)} is not defined for {kind}"
            raise self.scope.refuse(node, "types-differ", message, as_integer(kind))
        sign, left, right = self._unary(node.op, operand, kind)
        if isinstance(left, ir.Const) and isinstance(right, ir.Const):
            return self._computed(sign, left, right)
        target = self.scope.target(into, kind)
        self.scope.emit(ir.Arithmetic(target, sign, left, right, self.scope.span(node)))
        return target

    def _unary(
        self, op: ast.unaryop, operand: ir.Operand, kind: Scalar
    ) -> tuple[ir.ArithmeticName, ir.Operand, ir.Operand]:
        if isinstance(op, ast.Invert):
            return "^", operand, ir.Const(kind.wrap(-1), kind)
        if kind.is_float:  # 0 - x has the wrong sign for 0.0
            return "*", operand, ir.Const(-1.0, kind)
        return "-", ir.Const(0, kind), operand

    def _fold_unary(self, node: ast.UnaryOp, number: int | float) -> Meaning:
        if isinstance(node.op, ast.USub):
            return Literal(-number)
        if isinstance(node.op, ast.UAdd):
            return Literal(number)
        if isinstance(number, int):
            return Literal(~number)
        raise self.scope.refuse(node, "types-differ", "~ is not defined for a float", "convert it: i64(…)")


def _beside(meaning: Meaning, sign: str, other: Meaning) -> Meaning:
    """A negative constant beside an unsigned number is what wraps around to it, where the result wraps as well.

    So `x & ~15` clears four bits, and `x + -1` is `x - 1`. What is divided, shifted or compared tells the two apart.
    """
    if not isinstance(meaning, Literal) or isinstance(other, Literal) or sign not in ("+", "-", "*", "&", "|", "^"):
        return meaning
    type = other.type
    if not isinstance(type, Scalar) or type.kind != "unsigned" or not isinstance(meaning.number, int):
        return meaning
    if not 0 <= ~meaning.number <= type.maximum:
        return meaning
    return Literal(int(type.wrap(meaning.number)))


def kind_of(operand: ir.Operand) -> str:
    """How messages call the type of an operand. The only pointer that is a constant is None."""
    return "None" if isinstance(operand, ir.Const) and isinstance(operand.type, Pointer) else str(operand.type)


def _first_field(scope: Scope) -> str:
    name, field = next(iter(scope.record.fields.items()))
    return f"{name}[0]" if isinstance(field.type, Array) else name


def widens(narrow: Scalar, wide: Scalar) -> bool:
    """True if each number of the one type is one of the other, of the same kind."""
    return narrow.kind == wide.kind and narrow.size < wide.size
