"""`match` on numbers: it is read as the `if` and `elif` that it stands for.

What is matched is computed once. A case is a number, a constant's name, None, True or False, several with `|`, or
a name that takes the value; each may have a guard.
"""

from __future__ import annotations

import ast
from typing import TypeVar

from rseq._language.errors import Refused
from rseq._language.parser.expressions import perhaps
from rseq._language.parser.scope import Scope

_Node = TypeVar("_Node", bound=ast.AST)


def as_branches(scope: Scope, node: ast.Match) -> list[ast.stmt]:
    """Emit what computes the value that is matched; the statements that the cases are."""
    subject = _subject(scope, node.subject)
    statements: list[ast.stmt] = []
    for case in reversed(node.cases):
        statements = _branch(scope, case, subject, statements)
    return statements


def _subject(scope: Scope, node: ast.expr) -> ast.expr:
    """A name for what `node` comes to: its own text, which no local of the user is called."""
    if isinstance(node, ast.Name):
        return node
    text = ast.unparse(node)
    scope.names[text] = perhaps(scope, node)
    return _at(ast.Name(text, ast.Load()), node)


def _branch(scope: Scope, case: ast.match_case, subject: ast.expr, otherwise: list[ast.stmt]) -> list[ast.stmt]:
    """One case: what happens if it is the one, and else `otherwise`."""
    pattern, body, test = case.pattern, case.body, case.guard
    if isinstance(pattern, ast.MatchAs) and pattern.pattern is None:
        taken: list[ast.stmt] = []
        if pattern.name is not None:  # Python sets it also where the guard does not hold
            taken = [_at(ast.Assign([_at(ast.Name(pattern.name, ast.Store()), pattern)], subject), pattern)]
        return [*taken, *(body if test is None else [_if(case, test, body, otherwise)])]
    is_it = _test(scope, pattern, subject)
    both = is_it if test is None else _at(ast.BoolOp(ast.And(), [is_it, test]), pattern)
    return [_if(case, both, body, otherwise)]


def _if(case: ast.match_case, test: ast.expr, body: list[ast.stmt], otherwise: list[ast.stmt]) -> ast.stmt:
    return _at(ast.If(test, body, otherwise), case.pattern)


def _test(scope: Scope, pattern: ast.pattern, subject: ast.expr) -> ast.expr:
    match pattern:
        case ast.MatchValue(value):
            return _at(ast.Compare(subject, [ast.Eq()], [value]), pattern)
        case ast.MatchSingleton(value):
            sign = ast.Is() if value is None else ast.Eq()
            return _at(ast.Compare(subject, [sign], [_at(ast.Constant(value), pattern)]), pattern)
        case ast.MatchOr(patterns):
            return _at(ast.BoolOp(ast.Or(), [_test(scope, one, subject) for one in patterns]), pattern)
    raise _refuse(scope, pattern)


def _refuse(scope: Scope, pattern: ast.pattern) -> Refused:
    message = f"a case such as `{ast.unparse(pattern)}` is not in the language"
    fix = "match numbers: `case 1 | 2:`, `case Color.RED:`, `case None:`, `case rest:`"
    return scope.refuse(pattern, "not-in-the-language", message, fix)


def _at(made: _Node, node: ast.AST) -> _Node:
    return ast.copy_location(made, node)
