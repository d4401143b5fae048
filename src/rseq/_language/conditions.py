"""Conditions: comparisons, `and`, `or`, `not` and conditional expressions, as branches."""

from __future__ import annotations

import ast

from rseq._language import ir
from rseq._language.expressions import Expressions
from rseq._language.numbers import compare
from rseq._language.scope import Literal, Meaning, Perhaps
from rseq._language.types import Pointer, boolean

__all__ = ["Conditions"]

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


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


class Conditions(Expressions):
    """The part of the parser that reads conditions; as a value, a condition is 0 or 1."""

    def _expr_UnaryOp(self, node: ast.UnaryOp, into: str | None) -> Meaning:
        return self._truth(node) if isinstance(node.op, ast.Not) else super()._expr_UnaryOp(node, into)

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
        if _is_none(node.body):  # the other one has a type
            test = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
            node = ast.copy_location(ast.IfExp(test, node.orelse, node.body), node)
        other, done = scope.label("else"), scope.label("chosen")
        self.jump_unless(node.test, other)
        names = dict(scope.names)
        chosen = self.operand(node.body)
        result = scope.temporary(chosen.type)
        scope.emit(ir.Set(result, chosen, span))
        scope.emit(ir.Jump(done, span))
        scope.emit(ir.Label(other, span))
        scope.names = dict(names)
        scope.emit(ir.Set(result, self.value(node.orelse, chosen.type), span))
        scope.names = names
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
            self._each(node.values[:-1], label, when, node.values[-1], label, when)
            return
        skip = self.scope.label("decided")
        self._each(node.values[:-1], skip, decisive, node.values[-1], label, when)
        self.scope.emit(ir.Label(skip, self.scope.span(node)))

    def _each(self, first: list[ast.expr], where: str, on: bool, last: ast.expr, label: str, when: bool) -> None:
        """Emit the operands of `and` or `or`. All but the first may not be reached, so what they find is forgotten."""
        names = None
        for value in first:
            self._branch(value, where, on)
            names = dict(self.scope.names) if names is None else names
        self._branch(last, label, when)
        self.scope.names = self.scope.names if names is None else names

    def _branch_compare(self, node: ast.Compare, label: str, when: bool) -> None:
        held = self.scope.names.get(node.left.id) if isinstance(node.left, ast.Name) else None
        if isinstance(held, Perhaps) and len(node.ops) == 1 and _is_none(node.comparators[0]):
            is_missing = isinstance(node.ops[0], (ast.Is, ast.Eq)) == when
            zero = ir.Const(0, boolean)
            self._branch_if(held.missing, "!=" if is_missing else "==", zero, label, node)
            return
        skip = self.scope.label("decided")
        left, names = self.meaning(node.left), None
        for position, (op, right_node) in enumerate(zip(node.ops, node.comparators, strict=True)):
            sign = _COMPARISONS.get(type(op))
            if sign is None:
                raise self.not_in_the_language(node, op)
            right = self.meaning(right_node)
            if _is_none(right_node) and not isinstance(left, Literal) and not isinstance(left.type, Pointer):
                message = f"{ast.unparse(node.left)} is {left.type}, which is never None"
                raise self.scope.refuse(node, "types-differ", message, "leave the comparison out")
            a, b = self.unify(left, right, right_node)
            self._check_comparison(a, sign, op, node)
            is_last = position == len(node.ops) - 1
            names = dict(self.scope.names) if names is None else names
            if is_last and when:
                self._branch_if(a, sign, b, label, node)
            else:
                self._branch_if_not(a, sign, b, skip if when else label, node)
            left = right
        self.scope.names = self.scope.names if names is None else names
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
