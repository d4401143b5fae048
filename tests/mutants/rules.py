"""The rules by which mutants are made: each yields edits of one function, one for each small mistake of its kind.

Nothing here knows what a function is for. A mutant that cannot be compiled is made all the same: that the contract
refuses it is what is asked.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

from .source import Edit, Function, Text

__all__ = ["RULES", "Mutant", "mutants_of"]

Edits = Iterator[tuple[Edit, ...]]
Rule = Callable[[Text, ast.FunctionDef], Edits]
N = TypeVar("N", bound=ast.AST)


@dataclass(frozen=True)
class Mutant:
    """A file with one mistake in it."""

    file: str
    function: str
    rule: str
    line: int
    before: str
    after: str
    text: str
    again: int = 1
    """Which one it is of those that look alike: the same line may stand in a function twice."""

    @property
    def name(self) -> str:
        """What the list of those that nothing catches calls it. It does not depend on what stands elsewhere."""
        again = f" ({self.again})" if self.again > 1 else ""
        return f"{self.file} {self.function} {self.rule}: {self.before} → {self.after}{again}"


def mutants_of(file: str, text: Text, functions: Iterable[Function]) -> Iterator[Mutant]:
    """All mutants of some functions of a file. The same mistake is made once, by the first rule that makes it."""
    seen = {text.text}
    names: dict[str, int] = {}
    for function in functions:
        for rule, edits_of in RULES.items():
            for edits in edits_of(text, function.tree):
                new = text.edited(edits)
                if new in seen:
                    continue
                seen.add(new)
                mutant = Mutant(file, function.name, rule, *_difference(text.text, new, function.tree), new)
                names[mutant.name] = again = names.get(mutant.name, 0) + 1
                yield replace(mutant, again=again)


def _difference(old: str, new: str, function: ast.FunctionDef) -> tuple[int, str, str]:
    """The first line that differs, and what stands there in both: lines without their indentation."""
    before, after, first = old.splitlines(), new.splitlines(), function.lineno - 2  # a decorator stands above
    first = max(first - len(function.decorator_list), 0)
    while before[first] == after[first]:
        first += 1
    last = -1
    while before[last] == after[last]:
        last -= 1
    ends = len(before) + last + 1, len(after) + last + 1
    return first + 1, _short(before[first : ends[0]]), _short(after[first : ends[1]])


def _short(lines: list[str]) -> str:
    """Lines as one: the first says enough. A comment says nothing to a machine."""
    first, more = lines[0].partition("  #")[0].strip(), len(lines) > 1
    return f"{first} …" if more else first


# ---- what stands where


def _inside(function: ast.FunctionDef, kind: type[N]) -> Iterator[N]:
    """The parts of a function's body, of its defaults too, that are of a kind: annotations and text are not."""
    for node in (*function.args.defaults, *function.body):
        if not _is_text(node):
            yield from (part for part in _walk(node) if isinstance(part, kind))


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for name, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST) and name != "annotation":
                yield from _walk(part)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _blocks(function: ast.FunctionDef) -> Iterator[list[ast.stmt]]:
    """Each list of statements, without texts."""
    for node in (function, *_inside(function, ast.stmt)):
        for name in ("body", "orelse"):
            block = [statement for statement in getattr(node, name, []) if not _is_text(statement)]
            if block:
                yield block


def _calls(node: ast.AST, *names: str) -> Iterator[ast.Call]:
    for part in _walk(node):
        if isinstance(part, ast.Call) and getattr(part.func, "id", getattr(part.func, "attr", "")) in names:
            yield part


def _stores(statement: ast.stmt) -> bool:
    """Whether a statement stores to memory itself."""
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return any(isinstance(target, (ast.Attribute, ast.Subscript)) for target in targets)


def _has_effect(statement: ast.stmt) -> bool:
    """Whether it matters when it happens: it stores, calls something for what that does, or reads what others store."""
    if isinstance(statement, ast.Expr):
        return True
    return _stores(statement) or any(_calls(statement, "load_acquire", "compare_exchange", "clock"))


# ---- the rules

_OTHER_COMPARISON = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}

_OTHER_OPERATOR = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "+"),
    ast.FloorDiv: ("//", "*"),
    ast.Mod: ("%", "//"),
    ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
    ast.BitXor: ("^", "|"),
}


def comparison(text: Text, function: ast.FunctionDef) -> Edits:
    """`<` becomes `<=`, `==` becomes `!=`, and so on."""
    for node in _inside(function, ast.Compare):
        sides = [node.left, *node.comparators]
        for (left, right), operator in zip(pairwise(sides), node.ops, strict=True):
            yield from _other(text, left, right, _OTHER_COMPARISON.get(type(operator)))


def constant(text: Text, function: ast.FunctionDef) -> Edits:
    """A number becomes one more; where something is compared with it, also one less."""
    compared = {id(side) for node in _inside(function, ast.Compare) for side in (node.left, *node.comparators)}
    for node in _inside(function, ast.Constant):
        if type(node.value) is int:
            yield (text.replaced(node, str(node.value + 1)),)
            if node.value > 0 and id(node) in compared:
                yield (text.replaced(node, str(node.value - 1)),)


def truth(text: Text, function: ast.FunctionDef) -> Edits:
    """True becomes False, and False True."""
    for node in _inside(function, ast.Constant):
        if type(node.value) is bool:
            yield (text.replaced(node, str(not node.value)),)


def negated(text: Text, function: ast.FunctionDef) -> Edits:
    """A condition becomes its opposite, if it is more or less than a comparison."""
    for node in (*_inside(function, ast.If), *_inside(function, ast.While), *_inside(function, ast.IfExp)):
        if isinstance(node.test, ast.UnaryOp) and isinstance(node.test.op, ast.Not):
            yield (text.replaced(node.test, text.part(node.test.operand)),)
        elif not isinstance(node.test, ast.Compare):
            yield (text.replaced(node.test, f"not ({text.part(node.test)})"),)


def half(text: Text, function: ast.FunctionDef) -> Edits:
    """Of `a or b` and `a and b` one part is left out."""
    for node in _inside(function, ast.BoolOp):
        for left_out in node.values:
            kept = [text.part(value) for value in node.values if value is not left_out]
            word = " or " if isinstance(node.op, ast.Or) else " and "
            yield (text.replaced(node, word.join(kept)),)


def operator(text: Text, function: ast.FunctionDef) -> Edits:
    """`+` becomes `-`, `<<` becomes `>>`, `&` becomes `|`, and so on; a sign or `~` is dropped."""
    for node in _inside(function, ast.BinOp):
        yield from _other(text, node.left, node.right, _OTHER_OPERATOR.get(type(node.op)))
    for change in _inside(function, ast.AugAssign):
        old, new = _OTHER_OPERATOR.get(type(change.op), ("", ""))
        if old:
            yield from _other(text, change.target, change.value, (f"{old}=", f"{new}="))
    for unary in _inside(function, ast.UnaryOp):
        if isinstance(unary.op, (ast.USub, ast.Invert)):
            yield (text.replaced(unary, text.part(unary.operand)),)


def _other(text: Text, left: ast.AST, right: ast.AST, words: tuple[str, str] | None) -> Edits:
    """Another word between two parts of the tree."""
    if words is None:
        return
    start, end = text.ends(left)[1], text.ends(right)[0]
    between = text.text.encode()[start:end].decode()
    yield (Edit(start, end, between.replace(words[0], words[1], 1)),)


def guard(text: Text, function: ast.FunctionDef) -> Edits:
    """`if …: return` is left out; so is any other `if` without `else`."""
    for block in _blocks(function):
        for statement in block:
            if isinstance(statement, ast.If) and not statement.orelse:
                yield (text.replaced(statement, "pass"),)


def deleted(text: Text, function: ast.FunctionDef) -> Edits:
    """A statement is left out that stores or does something, or that changes a variable."""
    for block in _blocks(function):
        for statement in block:
            if _is_deleted(function, statement):
                yield (text.replaced(statement, "pass"),)


def _is_deleted(function: ast.FunctionDef, statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr) and any(_calls(statement, "full_fence")):
        return False
    if isinstance(statement, (ast.Expr, ast.AugAssign)) or _stores(statement):
        return True
    return isinstance(statement, ast.Assign) and _is_assigned_before(function, statement)


def _is_assigned_before(function: ast.FunctionDef, statement: ast.Assign) -> bool:
    names = {target.id for target in statement.targets if isinstance(target, ast.Name)}
    others = [*_inside(function, ast.Assign), *_inside(function, ast.AnnAssign)]
    return any(
        getattr(target, "id", "") in names
        for other in others
        if other.lineno < statement.lineno
        for target in (other.targets if isinstance(other, ast.Assign) else [other.target])
    )


def fence(text: Text, function: ast.FunctionDef) -> Edits:
    """A fence is removed."""
    for block in _blocks(function):
        for statement in block:
            if isinstance(statement, ast.Expr) and any(_calls(statement, "full_fence")):
                yield (text.replaced(statement, "pass"),)


def release(text: Text, function: ast.FunctionDef) -> Edits:
    """The commit is no release store; a release store becomes a plain one."""
    yield from _option_dropped(text, function, "release")
    for block in _blocks(function):
        for statement in block:
            if isinstance(statement, ast.Expr) and _is_call(statement.value, "store_release"):
                place, value = (text.part(argument) for argument in statement.value.args)
                yield (text.replaced(statement, f"{place} = {value}"),)


def acquire(text: Text, function: ast.FunctionDef) -> Edits:
    """The sequence acquires nothing; a load that acquires becomes a plain one."""
    yield from _option_dropped(text, function, "acquire")
    for call in _inside(function, ast.Call):
        if _is_call(call, "load_acquire"):
            yield (text.replaced(call, text.part(call.args[0])),)


def _option_dropped(text: Text, function: ast.FunctionDef, name: str) -> Edits:
    for decorator in function.decorator_list:
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else []:
            if keyword.arg == name:
                yield (text.replaced(keyword, f"{name}=False"),)


def _is_call(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") == name


def exchange(text: Text, function: ast.FunctionDef) -> Edits:
    """A compare-and-exchange becomes a store, as if it had found what it expects."""
    for block in _blocks(function):
        for statement in block:
            if isinstance(statement, ast.Expr) and _is_call(statement.value, "compare_exchange"):
                yield text.replaced(statement, _as_store(text, statement.value)), *_imported(text)
            elif isinstance(statement, ast.If) and not statement.orelse:
                yield from _exchange_in_condition(text, statement)


def _exchange_in_condition(text: Text, statement: ast.If) -> Edits:
    is_not = isinstance(statement.test, ast.UnaryOp) and isinstance(statement.test.op, ast.Not)
    call = statement.test.operand if isinstance(statement.test, ast.UnaryOp) and is_not else statement.test
    if isinstance(call, ast.Call) and _is_call(call, "compare_exchange"):
        lines = [_as_store(text, call)]
        if not is_not:  # what is done if it found what it expects
            lines += [text.part(inner) for inner in statement.body]
        yield text.replaced(statement, f"\n{' ' * statement.col_offset}".join(lines)), *_imported(text)


def _imported(text: Text) -> Iterator[Edit]:
    """The import of what the mutant stores with, in a line that is there, so that all others keep their numbers."""
    first = "from __future__ import annotations"
    at = text.text.encode().find(first.encode())
    if at >= 0:
        end = at + len(first)
        yield Edit(end, end, "; from rseq._language.operations import store_release")


def _as_store(text: Text, call: ast.expr) -> str:
    assert isinstance(call, ast.Call)
    place, _, desired = (text.part(argument) for argument in call.args)
    return f"store_release({place}, {desired})"


def swapped(text: Text, function: ast.FunctionDef) -> Edits:
    """Two statements that follow each other, and that both do something, change places."""
    for block in _blocks(function):
        for one, other in pairwise(block):
            if _has_effect(one) and _has_effect(other):
                yield text.replaced(one, text.part(other)), text.replaced(other, text.part(one))


def commit_moved(text: Text, function: ast.FunctionDef) -> Edits:
    """The last store of a block comes before the first thing that it does."""
    for block in _blocks(function):
        last = next((statement for statement in reversed(block) if _stores(statement)), None)
        effects = [statement for statement in block if _moves_behind(statement)]
        if last is None or len(effects) < 2 or effects[0] is last:
            continue
        first = effects[0]
        if block.index(last) == block.index(first) + 1:
            yield text.replaced(first, text.part(last)), text.replaced(last, text.part(first))
            continue
        start = text.ends(first)[0]
        moved = f"{text.part(last)}\n{' ' * first.col_offset}"
        yield Edit(start, start, moved), text.replaced(last, "pass")


def _moves_behind(statement: ast.stmt) -> bool:
    """What may be a preparation, inside of an `if` too."""
    inside = [part for part in _walk(statement) if isinstance(part, ast.stmt)]
    return any(_stores(part) or isinstance(part, ast.Expr) for part in inside) and not any(
        isinstance(part, ast.Return) for part in inside
    )


RULES: dict[str, Rule] = {
    rule.__name__.replace("_", "-"): rule
    for rule in (
        comparison,
        constant,
        truth,
        negated,
        half,
        operator,
        guard,
        fence,
        release,
        acquire,
        exchange,
        commit_moved,
        swapped,
        deleted,
    )
}
