"""Assignments: to locals, each of one type, and to places in memory.

A local that is assigned once is the value itself; one that is assigned on several paths is a register that each sets.
"""

from __future__ import annotations

import ast
from typing import Any

from rseq._language import ir
from rseq._language.advice import to_type
from rseq._language.compiled import Compiled
from rseq._language.errors import Refused
from rseq._language.inline import Inline
from rseq._language.parser.arithmetic import augmented
from rseq._language.parser.crossing import ACTING
from rseq._language.parser.expressions import NOWHERE, coerce, kind_of, meaning, perhaps, typed, value, widens
from rseq._language.parser.memory import place
from rseq._language.parser.names import static
from rseq._language.parser.scope import Found, Literal, Meaning, Perhaps, Scope, Several
from rseq._language.types import Buffer, Pointer, RecordType, Scalar, Word, index, ptr, resolve
from rseq._marks import operation_of


def assign(scope: Scope, node: ast.Assign) -> None:
    """`target = value`."""
    if len(node.targets) != 1:
        message = "`a = b = …` is not in the language"
        raise scope.refuse(node, "not-in-the-language", message, "write two assignments")
    (target,) = node.targets
    if isinstance(target, ast.Name):
        _assign_local(scope, target.id, node.value, node)
    elif isinstance(target, (ast.Attribute, ast.Subscript)):
        _store(scope, target, node.value, node)
    elif isinstance(target, ast.Tuple) and all(isinstance(part, ast.Name) for part in target.elts):
        _assign_several(scope, target, node)
    else:
        message = f"cannot assign to {ast.unparse(target)}"
        raise scope.refuse(target, "not-in-the-language", message, "assign to a local, a field or an element")


# ---- memory


def _store(scope: Scope, target: ast.expr, right: ast.expr, node: ast.Assign) -> None:
    if _may_act(scope, right) or _may_act(scope, target):  # then the order can be seen: Python's is this
        found = meaning(scope, right)
        address = place(scope, target)
        source = coerce(scope, found, address.type, right)
    else:
        address = place(scope, target)
        source = value(scope, right, address.type)
    scope.emit(ir.Store(address, source, scope.span(node)))


def _may_act(scope: Scope, node: ast.expr) -> bool:
    """True if computing `node` may do what other expressions can see: call a sequence, store to memory, or wait."""
    return any(_call_may_act(scope, part) for part in ast.walk(node) if isinstance(part, ast.Call))


def _call_may_act(scope: Scope, node: ast.Call) -> bool:
    try:
        callee = static(scope, node.func)
    except Refused:
        return False  # it is refused when it is read
    if isinstance(callee, Inline):
        return not callee.takes_numbers_only
    return isinstance(callee, Compiled) or operation_of(callee) in ACTING


def augment(scope: Scope, node: ast.AugAssign) -> None:
    """`target += value`, and so on."""
    if isinstance(node.target, ast.Name):
        left = meaning(scope, ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target))
        result = augmented(scope, left, meaning(scope, node.value), node)
        _set_local(scope, node.target.id, result, node.value, node)
    else:
        _augment_memory(scope, node)


def _augment_memory(scope: Scope, node: ast.AugAssign) -> None:
    output, span = scope.output, scope.span(node)
    address = place(scope, node.target)
    start = len(output.ops)
    is_sum = isinstance(node.op, ast.Add) and address.type.is_integer
    right = value(scope, node.value, address.type) if is_sum else meaning(scope, node.value)
    only_reads = all(op.writes is None and not op.calls for op in output.ops[start:])
    if is_sum and only_reads and not isinstance(right, Literal):
        scope.emit(ir.AddStore(address, right, span))
        return
    held = scope.temporary(address.type)  # what is on the right may write, and Python reads the place before that
    output.emit(ir.Load(held, address, span), None if only_reads else start)
    result = typed(scope, augmented(scope, held, right, node), node.value)
    scope.emit(ir.Store(address, coerce(scope, result, address.type, node.value), span))


# ---- tuples


def unpacked(scope: Scope, node: ast.expr, count: int) -> list[Meaning]:
    """Emit what computes the `count` numbers of a tuple that is written out, or that a call has returned."""
    if isinstance(node, ast.Tuple):
        found = [meaning(scope, part) for part in node.elts]
    else:
        several = perhaps(scope, node)
        if isinstance(several, Perhaps):
            meaning(scope, node)  # is refused
        found = list(several.parts) if isinstance(several, Several) else []
        if not found:
            message = f"{ast.unparse(node)} is one number; expected {count}"
            raise scope.refuse(node, "types-differ", message, f"write each of the {count}, with commas")
    if len(found) != count:
        message = f"{ast.unparse(node)} is {len(found)} numbers; expected {count}"
        raise scope.refuse(node, "types-differ", message, f"write each of the {count}, with commas")
    return found


def _assign_several(scope: Scope, target: ast.Tuple, node: ast.Assign) -> None:
    """`a, b = …`: all is computed before any is assigned, so that `a, b = b, a` changes places."""
    found = unpacked(scope, node.value, len(target.elts))
    nodes = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value] * len(found)
    names = [part.id for part in target.elts if isinstance(part, ast.Name)]
    for number, one in enumerate(found[1:], 1):
        if isinstance(one, ir.Value) and scope.local(one.name) in names[:number]:
            kept = scope.temporary(one.type)
            found[number] = scope.emit(ir.Set(kept, one, scope.span(node))).target
    for name, one, right in zip(names, found, nodes, strict=True):
        _require_local(scope, name, node)
        _set_to(scope, name, one, right, node)


# ---- locals


def take(scope: Scope, parameter: ir.Value, value: ir.Operand) -> None:
    """The parameter is the value itself, or if it is assigned, a register of its own."""
    name = parameter.name
    scope.names[name] = value
    if isinstance(parameter.type, Buffer):
        return
    scope.types[name] = parameter.type
    if scope.assigned[name]:
        scope.assigned[name] += 1
        own = ir.Value(scope.register(name), parameter.type)
        scope.names[name] = scope.emit(ir.Set(own, value, scope.span(scope.tree))).target


def declare(scope: Scope, node: ast.AnnAssign) -> None:
    """`name: type`, with a value or without."""
    type = resolve(_static_type(scope, node.annotation))
    if not isinstance(node.target, ast.Name) or not isinstance(type, (Scalar, Pointer)):
        message = "only a local number or ptr[T] is declared"
        raise scope.refuse(node, "not-in-the-language", message, "leave it out")
    name = node.target.id
    if scope.types.setdefault(name, type) != type:
        raise scope.refuse(node, "types-differ", f"{name} is {scope.types[name]} already", "use another name")
    if node.value is not None:
        _assign_local(scope, name, node.value, node)


def _static_type(scope: Scope, node: ast.expr) -> object:
    """What a local is declared as: a name such as `i64`, `ptr[T]` or `index[T]`; None if it is something else."""
    if not isinstance(node, ast.Subscript):
        return static(scope, node) if isinstance(node, (ast.Name, ast.Attribute)) else None
    kind: Any = _static_type(scope, node.value)
    if kind is not ptr and kind is not index:
        return None
    target = _static_type(scope, node.slice)
    wanted = (Scalar, RecordType) if kind is ptr else RecordType
    return kind[target] if isinstance(resolve(target), wanted) else None


def _assign_local(scope: Scope, name: str, right: ast.expr, node: ast.Assign | ast.AnnAssign) -> None:
    held = _require_local(scope, name, node)
    register = held.name if isinstance(held, ir.Value) else scope.register(name)
    is_single = not scope.is_reassigned(scope.register(name))
    _set_to(scope, name, perhaps(scope, right, register if is_single else None), right, node)


def _require_local(scope: Scope, name: str, node: ast.stmt) -> Found | None:
    """What the local is until now. Raises: Refused - it is none."""
    if name == scope.lane:
        message = f"{name} is this CPU's record and cannot be assigned"
        raise scope.refuse(node, "lane-as-value", message, "use another name")
    held = scope.names.get(name)
    if isinstance(held, ir.Value) and isinstance(held.type, Buffer):
        message = f"{name} is a buffer and cannot be assigned"
        raise scope.refuse(node, "buffer-as-value", message, "use another name")
    return held


def _set_to(scope: Scope, name: str, found: Found, right: ast.expr, node: ast.Assign | ast.AnnAssign) -> None:
    is_single = not scope.is_reassigned(scope.register(name))
    if isinstance(found, Several):
        scope.names[name] = _named_parts(scope, name, found, right, node)
    elif isinstance(found, Perhaps):
        _set_perhaps(scope, name, found, right, node)
    elif is_single and _stays(scope, name, found):
        scope.names[name] = found
    else:
        _set_local(scope, name, found, right, node)


def _stays(scope: Scope, name: str, found: Meaning) -> bool:
    """True if a local that is assigned once can be `found` itself."""
    if not isinstance(found, ir.Value):
        return name not in scope.types
    return not scope.is_reassigned(found.name) and scope.types.get(name, found.type) == found.type


def _set_local(scope: Scope, name: str, found: Meaning, right: ast.expr, node: ast.stmt) -> None:
    if isinstance(found, Literal):
        literal_type = scope.types.get(name)
        found = coerce(scope, found, literal_type, right) if literal_type else typed(scope, found, right)
    type = scope.types.setdefault(name, found.type)
    try:
        source = coerce(scope, found, type, right)
    except Refused:
        message = f"{name} is {type}, and cannot become {kind_of(found)}"
        raise scope.refuse(right, "types-differ", message, _other_type(scope, name, type, found)) from None
    target = ir.Value(scope.register(name), type)
    scope.forget_row(target.name)
    scope.names[name] = scope.emit(ir.Set(target, source, scope.span(node))).target


def _other_type(scope: Scope, name: str, type: Word, found: ir.Operand) -> str:
    """How a local of one type becomes a value of another one."""
    given = found.type
    is_ours = all(parameter.name != name for parameter in scope.output.parameters)
    if isinstance(given, Pointer) or isinstance(type, Pointer):
        is_none = type == NOWHERE and isinstance(given, Pointer)
        return f"declare it: {name}: {given}" if is_none and is_ours else "use another name"
    assert isinstance(type, Scalar)
    assert isinstance(given, Scalar)
    wider = f", or declare it: {name}: {given}" if is_ours and widens(type, given) else ""
    return f"{to_type(given, type)}{wider}"


def _set_perhaps(scope: Scope, name: str, found: Perhaps, right: ast.expr, node: ast.stmt) -> None:
    """Name a call's result that may be None: two registers of the name's own, so that turns of a loop agree."""
    register, span = scope.register(name), scope.span(node)
    if isinstance(found.value, Several):
        value: ir.Value | Several = _named_parts(scope, name, found.value, right, node)
    else:
        value = _named(scope, name, register, found.value, right, node)
    missing = ir.Value(f"{register}?", found.missing.type)
    scope.emit(ir.Set(missing, found.missing, span))
    scope.names[name] = Perhaps(value, missing)


def _named_parts(scope: Scope, name: str, found: Several, right: ast.expr, node: ast.stmt) -> Several:
    """A tuple in a local: a register of the local's own for each part."""
    register = scope.register(name)
    parts = enumerate(found.parts)
    return Several(tuple(_named(scope, f"{name}[{k}]", f"{register}[{k}]", one, right, node) for k, one in parts))


def _named(scope: Scope, name: str, register: str, value: ir.Operand, right: ast.expr, node: ast.stmt) -> ir.Value:
    """Emit a copy of a value to a register of the name's own."""
    type = scope.types.setdefault(name, value.type)
    if type != value.type:
        message = f"{name} is {type}, and cannot become {value.type}"
        raise scope.refuse(right, "types-differ", message, "use another name")
    return scope.emit(ir.Set(ir.Value(register, type), value, scope.span(node))).target
