"""Expressions of the language, from syntax tree to operations: one small method for each accepted node."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import ir
from .compiled import Compiled, operation_of
from .scope import Literal, Meaning, Refused, Scope
from .types import SCALARS, Array, Field, Pointer, RecordType, Scalar, boolean

__all__ = ["Expressions"]

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

_COMPARISONS: dict[type[ast.cmpop], ir.ComparisonName] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "==",
    ast.IsNot: "!=",
}

_MAX_FOLDED_SHIFT = 64


class Expressions:
    """The half of the parser that reads expressions. `into` names the local that will hold the result."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    # ---- values

    def meaning(self, node: ast.expr, into: str | None = None) -> Meaning:
        """Emit what computes `node`; the register, constant or literal that holds it."""
        method = getattr(self, f"_expr_{type(node).__name__}", None)
        if method is None:
            what = type(node).__name__
            raise self.scope.refuse(
                node, "not-in-the-language", f"{what} is no expression of the language", "use arithmetic on locals"
            )
        result: Meaning = method(node, into)
        return result

    def value(self, node: ast.expr, type: Scalar | Pointer, into: str | None = None) -> ir.Operand:
        """Emit what computes `node`, brought to `type` where that loses nothing."""
        return self.coerce(self.meaning(node, into), type, node)

    def operand(self, node: ast.expr, into: str | None = None) -> ir.Operand:
        """Emit what computes `node`; a literal becomes i64 or f64."""
        meaning = self.meaning(node, into)
        if isinstance(meaning, Literal):
            return self.coerce(meaning, SCALARS["f64" if isinstance(meaning.number, float) else "i64"], node)
        return meaning

    def coerce(self, meaning: Meaning, type: Scalar | Pointer, node: ast.expr) -> ir.Operand:
        """`meaning` as a `type`: literals that fit, and narrower numbers of the same kind."""
        if isinstance(meaning, Literal):
            return self._constant(meaning.number, type, node)
        if meaning.type == type:
            return meaning
        if isinstance(meaning, ir.Const) and isinstance(meaning.type, Pointer) and isinstance(type, Pointer):
            return ir.Const(0, type)
        if isinstance(meaning.type, Scalar) and isinstance(type, Scalar) and _widens(meaning.type, type):
            return self._convert(meaning, type, node, None)
        fix = (
            f"convert it: {type}(…)"
            if isinstance(type, Scalar) and isinstance(meaning.type, Scalar)
            else "use one type"
        )
        raise self.scope.refuse(node, "types-differ", f"expected {type}, got {meaning.type}", fix)

    def _constant(self, number: int | float, type: Scalar | Pointer, node: ast.expr) -> ir.Const:
        if isinstance(type, Pointer) or type.kind == "bool":
            raise self.scope.refuse(node, "types-differ", f"expected {type}, got the number {number}", "compare it")
        if type.is_float:
            return self._converted(number, type, node)
        if isinstance(number, float):
            raise self.scope.refuse(node, "types-differ", f"expected {type}, got {number}", f"write {type}({number})")
        if not type.minimum <= number <= type.maximum:
            message = f"{number} does not fit {type} ({type.minimum} … {type.maximum})"
            raise self.scope.refuse(node, "constant-too-large", message, "use a wider type")
        return ir.Const(number, type)

    def _converted(self, number: int | float, type: Scalar, node: ast.expr) -> ir.Const:
        try:
            return ir.Const(converted(number, type), type)
        except OverflowError:
            message = f"the constant does not fit {type}: it has {int(number).bit_length()} bits"
            raise self.scope.refuse(node, "constant-too-large", message, "use a float, such as 1e300") from None

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
            return ir.Const(0, Pointer(SCALARS["u8"]))
        raise self.scope.refuse(node, "not-a-number", f"{value!r} is no number", "use numbers, True, False or None")

    def _expr_Name(self, node: ast.Name, into: str | None) -> Meaning:
        scope = self.scope
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
        """The Python object that a name, or an attribute of a module, refers to outside the function."""
        if isinstance(node, ast.Name):
            if node.id not in self.scope.source.names:
                raise self.scope.refuse(node, "unknown-name", f"{node.id} is not defined", "define it before use")
            return self.scope.source.names[node.id]
        if isinstance(node, ast.Attribute):
            owner = self.static(node.value)
            if isinstance(owner, ModuleType) and hasattr(owner, node.attr):
                return getattr(owner, node.attr)
        raise self.scope.refuse(
            node, "not-in-the-language", "expected a name known before the sequence runs", "use a name"
        )

    # ---- memory

    def _expr_Attribute(self, node: ast.Attribute, into: str | None) -> Meaning:
        if self._is_module(node.value):
            return self._python_value(self.static(node), node)
        return self._load(node, into)

    def _expr_Subscript(self, node: ast.Subscript, into: str | None) -> Meaning:
        return self._load(node, into)

    def _is_module(self, node: ast.expr) -> bool:
        if isinstance(node, ast.Attribute):
            return self._is_module(node.value)
        if not isinstance(node, ast.Name) or node.id in self.scope.names or node.id == self.scope.lane:
            return False
        return isinstance(self.scope.source.names.get(node.id), ModuleType)

    def _load(self, node: ast.Attribute | ast.Subscript, into: str | None) -> Meaning:
        address = self.address(node)
        target = self.scope.target(into, address.type)
        self.scope.emit(ir.Load(target, address, self.scope.span(node)))
        return target

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
        if isinstance(pointer, ir.Value) and isinstance(pointer.type, Pointer):
            if isinstance(pointer.type.target, RecordType):
                return pointer, pointer.type.target
        message = f"{ast.unparse(node)} is {pointer.type}, which has no fields"
        raise scope.refuse(node, "no-such-field", message, "only the lane and a ptr[Record] have fields")

    def _element(self, node: ast.Subscript) -> ir.Address:
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
        return ir.Address(base, field.offset, index, element.size, element, text, field.prepared, field.type.size)

    def _pointed_number(self, node: ast.Subscript) -> ir.Address:
        pointer = self.operand(node.value)
        if not isinstance(pointer, ir.Value) or not isinstance(pointer.type, Pointer):
            raise self.scope.refuse(node, "no-elements", f"{ast.unparse(node.value)} has no elements", "use a field")
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
            raise self.scope.refuse(node, "types-differ", f"an index is an integer; got {index.type}", "convert it")
        if isinstance(index, ir.Const):
            if not 0 <= index.number < length:
                message = f"index {index.number} is out of range for {array}, which has {length} elements"
                raise self.scope.refuse(node, "index-out-of-range", message, f"use 0 … {length - 1}")
            return int(index.number)
        self._check(index, length, array, node)
        return index

    def _check(self, index: ir.Value, length: int, array: str, node: ast.expr) -> None:
        """Check an index: before the section if it is a parameter and used on every path, inside it otherwise."""
        scope = self.scope
        known = [check for check in scope.checks if check.index == index and check.length <= length]
        if known:
            return
        number = len(scope.checks) + sum(isinstance(op, ir.Check) for op in scope.ops)
        check = ir.Check(index, length, array, ast.unparse(node), number, scope.span(node))
        straight = not any(isinstance(op, (ir.BranchIf, ir.Jump, ir.Label, ir.Return)) for op in scope.ops)
        if straight and index in scope.parameters and not scope.is_routine:
            scope.checks.append(check)
        else:
            scope.emit(check)

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
            fix = "use + - * / // % & | ^ << >>"
            raise self.scope.refuse(place, "not-in-the-language", f"{type(op).__name__} is not in the language", fix)
        if isinstance(left, Literal) and isinstance(right, Literal):
            return self._fold(left.number, sign, right.number, place)
        left_operand, right_operand = self.unify(left, right, place)
        self._check_operator(left_operand, sign, right_operand, place)
        target = self.scope.target(into, left_operand.type)
        self.scope.emit(ir.Arithmetic(target, sign, left_operand, right_operand, self.scope.span(place)))
        return target

    def _fold(self, left: int | float, sign: str, right: int | float, node: ast.expr) -> Literal:
        if sign == "<<" and not 0 <= right <= _MAX_FOLDED_SHIFT:
            raise self.scope.refuse(node, "constant-too-large", f"{left} << {right} is no 64-bit number", "shift less")
        try:
            number = _FOLD[sign](left, right)
        except ZeroDivisionError:
            fix = "divide by something else"
            raise self.scope.refuse(node, "division-by-zero", f"{left} {sign} {right} has no value", fix) from None
        except (ArithmeticError, TypeError, ValueError) as error:
            message = f"{left} {sign} {right} has no value: {error}"
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
        if isinstance(left.type, Scalar) and isinstance(right.type, Scalar) and _widens(left.type, right.type):
            return self.coerce(left, right.type, node), right
        return left, self.coerce(right, left.type, node)

    def _check_operator(self, left: ir.Operand, sign: str, right: ir.Operand, node: ast.expr) -> None:
        refuse = self.scope.refuse
        if not isinstance(left.type, Scalar):
            raise refuse(node, "types-differ", f"{sign} is not defined for {left.type}", "pointers are only compared")
        if left.type.kind == "bool" and sign not in "&|^":
            raise refuse(node, "types-differ", f"{sign} is not defined for bool", "convert it: i64(…)")
        if left.type.is_float and sign not in "+-*/":
            raise refuse(node, "types-differ", f"{sign} is not defined for {left.type}", "convert it to an integer")
        if sign == "/" and not left.type.is_float:
            raise refuse(node, "types-differ", f"/ is not defined for {left.type}", "use // or convert: f64(…)")
        if sign in ("//", "%"):
            if not isinstance(right, ir.Const):
                fix = "divide in the caller, or shift"
                raise refuse(node, "division-by-variable", f"{sign} takes a constant on the right", fix)
            if right.number == 0:
                raise refuse(node, "division-by-zero", f"{sign} by zero", "divide by something else")

    def _expr_UnaryOp(self, node: ast.UnaryOp, into: str | None) -> Meaning:
        if isinstance(node.op, ast.Not):
            return self._truth(node)
        operand = self.meaning(node.operand)
        if isinstance(operand, Literal):
            return self._fold_unary(node, operand.number)
        kind = operand.type
        if isinstance(node.op, ast.UAdd):
            return operand
        if not isinstance(kind, Scalar) or kind.kind == "bool" or (isinstance(node.op, ast.Invert) and kind.is_float):
            message = f"{ast.unparse(node)} is not defined for {kind}"
            raise self.scope.refuse(node, "types-differ", message, "convert it first")
        span = self.scope.span(node)
        target = self.scope.target(into, kind)
        if isinstance(node.op, ast.Invert):
            ones = ir.Const(kind.wrap(-1), kind)
            self.scope.emit(ir.Arithmetic(target, "^", operand, ones, span))
        elif kind.is_float:  # 0 - x has the wrong sign for 0.0
            self.scope.emit(ir.Arithmetic(target, "*", operand, ir.Const(-1.0, kind), span))
        else:
            self.scope.emit(ir.Arithmetic(target, "-", ir.Const(0, kind), operand, span))
        return target

    def _fold_unary(self, node: ast.UnaryOp, number: int | float) -> Meaning:
        if isinstance(node.op, ast.USub):
            return Literal(-number)
        if isinstance(node.op, ast.UAdd):
            return Literal(number)
        if isinstance(number, int):
            return Literal(~number)
        raise self.scope.refuse(node, "types-differ", "~ is not defined for a float", "convert it to an integer")

    # ---- truth

    def _expr_Compare(self, node: ast.Compare, into: str | None) -> Meaning:
        return self._truth(node)

    def _expr_BoolOp(self, node: ast.BoolOp, into: str | None) -> Meaning:
        return self._truth(node)

    def _truth(self, node: ast.expr) -> Meaning:
        """A condition as a value: 1, unless a branch is taken to where it stays 0."""
        span = self.scope.span(node)
        result, done = self.scope.temporary(boolean), self.scope.label("known")
        self.scope.emit(ir.Set(result, ir.Const(0, boolean), span))
        self.jump_unless(node, done)
        self.scope.emit(ir.Set(result, ir.Const(1, boolean), span))
        self.scope.emit(ir.Label(done, span))
        return result

    def _expr_IfExp(self, node: ast.IfExp, into: str | None) -> Meaning:
        scope, span = self.scope, self.scope.span(node)
        other, done = scope.label("else"), scope.label("chosen")
        self.jump_unless(node.test, other)
        chosen = self.operand(node.body)
        result = scope.temporary(chosen.type)
        scope.emit(ir.Set(result, chosen, span))
        scope.emit(ir.Jump(done, span))
        scope.emit(ir.Label(other, span))
        scope.emit(ir.Set(result, self.value(node.orelse, chosen.type), span))
        scope.emit(ir.Label(done, span))
        return result

    def jump_unless(self, node: ast.expr, label: str) -> None:
        """Emit: go to `label` if the condition is false."""
        self._branch(node, label, False)

    def _branch(self, node: ast.expr, label: str, when: bool) -> None:
        """Emit: go to `label` if the condition is `when`."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self._branch(node.operand, label, not when)
        elif isinstance(node, ast.BoolOp):
            self._branch_bool(node, label, when)
        elif isinstance(node, ast.Compare):
            self._branch_compare(node, label, when)
        else:
            condition = self.operand(node)
            zero = ir.Const(0.0 if condition.type.is_float else 0, condition.type)
            self._branch_if(condition, "!=" if when else "==", zero, label, node)

    def _branch_bool(self, node: ast.BoolOp, label: str, when: bool) -> None:
        decisive = isinstance(node.op, ast.Or)  # the value of one operand that decides the whole
        if when == decisive:
            for value in node.values:
                self._branch(value, label, when)
            return
        skip = self.scope.label("decided")
        for value in node.values[:-1]:
            self._branch(value, skip, decisive)
        self._branch(node.values[-1], label, when)
        self.scope.emit(ir.Label(skip, self.scope.span(node)))

    def _branch_compare(self, node: ast.Compare, label: str, when: bool) -> None:
        skip = self.scope.label("decided")
        left = self.meaning(node.left)
        for position, (op, right_node) in enumerate(zip(node.ops, node.comparators, strict=True)):
            right = self.meaning(right_node)
            sign = _COMPARISONS.get(type(op))
            if sign is None:
                fix = "use == != < <= > >=, or `is None` for a pointer"
                raise self.scope.refuse(node, "not-in-the-language", f"{type(op).__name__} is not in the language", fix)
            a, b = self.unify(left, right, right_node)
            self._check_comparison(a, sign, op, node)
            is_last = position == len(node.ops) - 1
            if is_last and when:
                self._branch_if(a, sign, b, label, node)
            else:
                self._branch_if_not(a, sign, b, skip if when else label, node)
            left = right
        if when and len(node.ops) > 1:
            self.scope.emit(ir.Label(skip, self.scope.span(node)))

    def _check_comparison(self, left: ir.Operand, sign: str, op: ast.cmpop, node: ast.expr) -> None:
        if isinstance(op, (ast.Is, ast.IsNot)) and not isinstance(left.type, Pointer):
            raise self.scope.refuse(node, "not-in-the-language", "`is` compares a pointer with None", "use ==")
        if isinstance(left.type, Pointer) and sign not in ("==", "!="):
            raise self.scope.refuse(node, "types-differ", f"{sign} is not defined for pointers", "use == or !=")

    def _branch_if_not(self, a: ir.Operand, sign: ir.ComparisonName, b: ir.Operand, label: str, node: ast.expr) -> None:
        if not a.type.is_float or sign in ("==", "!="):
            self._branch_if(a, ir.COMPARISONS[sign], b, label, node)
            return
        holds, span = self.scope.label("holds"), self.scope.span(node)  # NaN: not (a < b) is not a >= b
        self._branch_if(a, sign, b, holds, node)
        self.scope.emit(ir.Jump(label, span))
        self.scope.emit(ir.Label(holds, span))

    def _branch_if(self, a: ir.Operand, sign: ir.ComparisonName, b: ir.Operand, label: str, node: ast.expr) -> None:
        if isinstance(a, ir.Const) and isinstance(b, ir.Const):
            if compare(a.number, sign, b.number):
                self.scope.emit(ir.Jump(label, self.scope.span(node)))
            return
        self.scope.emit(ir.BranchIf(a, sign, b, label, self.scope.span(node)))

    # ---- calls

    def _expr_Call(self, node: ast.Call, into: str | None) -> Meaning:
        result = self.call(node, into)
        if result is None:
            raise self.scope.refuse(node, "no-result", f"{ast.unparse(node.func)}() returns nothing", "call it alone")
        return result

    def call(self, node: ast.Call, into: str | None) -> Meaning | None:
        """Emit a call: a conversion, or in a routine a sequence or another routine."""
        callee = self.static(node.func)
        if node.keywords or any(isinstance(argument, ast.Starred) for argument in node.args):
            raise self.scope.refuse(
                node, "not-in-the-language", "calls take plain positional arguments", "pass one by one"
            )
        if callee is bool or isinstance(callee, Scalar):
            return self._conversion(node, boolean if callee is bool else callee, into)
        operation = operation_of(callee)
        if operation is not None:
            return self._operation(node, operation, into)
        if isinstance(callee, Compiled):
            return self._call(node, callee, into)
        message = f"{ast.unparse(node.func)}() cannot be called here"
        fix = "call it before or after, or write a @rseq.routine that does"
        raise self.scope.refuse(node, "call-in-sequence", message, fix)

    def _conversion(self, node: ast.Call, type: Scalar | object, into: str | None) -> Meaning:
        assert isinstance(type, Scalar)
        if len(node.args) != 1:
            raise self.scope.refuse(node, "not-in-the-language", f"{type}() takes one argument", "pass one number")
        if type.kind == "bool":
            return self._truth(node.args[0])
        source = self.meaning(node.args[0])
        if isinstance(source, Literal):
            return self._converted(source.number, type, node)
        if isinstance(source.type, Pointer):
            raise self.scope.refuse(node, "types-differ", "a pointer is never a number", "keep it in a ptr[T]")
        if source.type == type:
            return source
        return self._convert(source, type, node, into)

    def _operation(self, node: ast.Call, name: str, into: str | None) -> Meaning:
        wanted = 1 if name in ("ctz", "clz", "bits") else 0
        if len(node.args) != wanted:
            message = f"{name}() takes {'an argument' if wanted else 'no arguments'}; got {len(node.args)}"
            raise self.scope.refuse(node, "wrong-arguments", message, "see the page")
        if name == "cpu_number":
            return self._cpu_number(node, into)
        if name == "clock":
            target = self.scope.target(into, SCALARS["u64"])
            self.scope.emit(ir.Clock(target, self.scope.span(node)))
            return target
        return self._count_bits(node, name, into)

    def _count_bits(self, node: ast.Call, name: str, into: str | None) -> Meaning:
        source = self.operand(node.args[0])
        if not isinstance(source.type, Scalar) or not source.type.is_integer:
            raise self.scope.refuse(node, "types-differ", f"{name}() takes an integer; got {source.type}", "convert it")
        if isinstance(source, ir.Const):
            return ir.Const(counted_bits(name, int(source.number), source.type.bits), source.type)
        target = self.scope.target(into, source.type)
        self.scope.emit(ir.CountBits(target, bit_count_name(name), source, self.scope.span(node)))
        return target

    def _cpu_number(self, node: ast.Call, into: str | None) -> Meaning:
        if self.scope.is_routine:
            message = "a routine may be moved to another CPU at any time"
            raise self.scope.refuse(node, "lane-in-routine", message, "ask in a sequence, and return it")
        target = self.scope.target(into, SCALARS["i32"])
        self.scope.emit(ir.CpuNumber(target, self.scope.span(node)))
        return target

    def _call(self, node: ast.Call, callee: Compiled, into: str | None) -> Meaning | None:
        scope = self.scope
        name = callee.__name__
        if not scope.is_routine:
            message, why = f"{name}() is a call", "a critical section is left by a call, and no longer protected"
            raise scope.refuse(node, "call-in-sequence", message, "call both from a @rseq.routine", why)
        lane, arguments = (node.args[0] if node.args else None), node.args[1:]
        if not isinstance(lane, ast.Name) or lane.id != scope.lane:
            raise scope.refuse(
                node, "wrong-arguments", f"{name}() takes {scope.lane} first", f"{name}({scope.lane}, …)"
            )
        body = callee.body
        if body.record is not scope.record:
            message = f"{name}() works on {body.record.__name__}, this routine on {scope.record.__name__}"
            raise scope.refuse(node, "wrong-arguments", message, "use one record")
        required = len(body.parameters) - len(body.defaults)
        if not required <= len(arguments) <= len(body.parameters):
            message = f"{name}() takes {len(body.parameters)} arguments after {scope.lane}; got {len(arguments)}"
            raise scope.refuse(node, "wrong-arguments", message, "pass each of them")
        pairs = zip(arguments, body.parameters, strict=False)
        values = [self.value(argument, parameter.type) for argument, parameter in pairs]
        for parameter in body.parameters[len(values) :]:
            values.append(ir.Const(body.defaults[parameter.name], parameter.type))
        target = scope.target(into, body.result) if body.result else None
        scope.emit(ir.Call(target, callee, tuple(values), scope.span(node)))
        return target


def _first_field(scope: Scope) -> str:
    return next(iter(scope.record.fields))


def _widens(narrow: Scalar, wide: Scalar) -> bool:
    return narrow.kind == wide.kind and narrow.size < wide.size


def bit_count_name(name: str) -> ir.BitCountName:
    """`name` as one of the operators of `CountBits`."""
    names: dict[str, ir.BitCountName] = {"ctz": "ctz", "clz": "clz", "bits": "bits"}
    return names[name]


def counted_bits(operator: str, number: int, width: int) -> int:
    """What `CountBits` computes of `number` in a type of `width` bits."""
    pattern = number & ((1 << width) - 1)
    if operator == "bits":
        return pattern.bit_count()
    if operator == "clz":
        return width - pattern.bit_length()
    return (pattern & -pattern).bit_length() - 1 if pattern else width


def compare(left: int | float, sign: ir.ComparisonName, right: int | float) -> bool:
    """`left sign right`, as Python has it."""
    outcomes = {
        "==": left == right,
        "!=": left != right,
        "<": left < right,
        "<=": left <= right,
        ">": left > right,
        ">=": left >= right,
    }
    return outcomes[sign]


def converted(number: int | float, type: Scalar) -> int | float:
    """`number` converted to `type`: float to integer saturates, NaN gives 0; integers wrap; floats are rounded."""
    if isinstance(number, float) and type.is_integer:
        if math.isnan(number):
            return 0
        if math.isinf(number):
            return type.maximum if number > 0 else type.minimum
        return min(max(int(number), type.minimum), type.maximum)
    return type.wrap(number)
