"""From a sequence's body to its critical section: one commit, and it is last.

A descriptor has one end, so the committing store must be the last instruction of the range,
and there must be one of it. `section` brings a body into that form:

    sink    what follows a commit moves before it (registers only, the contract sees to that),
            along each path, so that every commit is followed by its return
    join    all commits become one store at the end, with value, address and result in registers
    lower   flooring `//` and `%` become shifts, masks, or a truncating division and a correction
    aside   what leaves with a constant and without a commit is taken out of the way of what goes on

The result is the same IR without `Return`: leaving early is a jump to `end`. Registers that are made here
have names with a %, which no local of the user can have.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from rseq._language import ir
from rseq._language.graph import Graph, members
from rseq._language.op import listed
from rseq._language.restarts import commits
from rseq._language.types import SCALARS, Pointer, Scalar
from rseq._language.webs import split

END = "end"

NOTHING = "nothing"
"""Where a section goes that leaves without a commit because its sequence returns None."""


@dataclass(frozen=True)
class Exit:
    """A way out that commits nothing: jumps to one of `labels` leave the section, and the result is `result`."""

    labels: tuple[str, ...]
    result: ir.Set


@dataclass(frozen=True)
class Section:
    """A critical section: operations whose last one is the commit (if there is any), and where they leave results.

    `result` holds what the sequence returns, and `more` what stands behind that in a tuple; `cpu` the lane's number, if
    the sequence asks for it. Of `exits` nothing needs protection.
    """

    body: ir.Body
    ops: tuple[ir.Op, ...]
    result: ir.Value | None
    cpu: ir.Value | None
    exits: tuple[Exit, ...] = ()
    more: tuple[ir.Value, ...] = ()

    @property
    def results(self) -> tuple[ir.Value, ...]:
        """All that it returns."""
        return () if self.result is None else (self.result, *self.more)

    @property
    def faults(self) -> tuple[ir.Fault, ...]:
        """What the section may leave with an exception by."""
        return tuple(op for op in self.ops if isinstance(op, ir.Fault))

    def __str__(self) -> str:
        exits = [line for one in self.exits for line in (*(f"  {label}:" for label in one.labels), f"    {one.result}")]
        return "\n".join([*listed(self.ops), f"  {END}:", *exits])


def section(body: ir.Body) -> Section:
    """The critical section of a sequence that keeps the contract."""
    ops = _sink(_reached(list(body.ops)), body)
    ops = _join(ops, body)
    ops, cpu = _ask_once_for_cpu(ops, body)
    results = _results(body)
    ops = split(_lower_all(ops), {*results, *body.parameters})
    ops = _used(_fold_copies(ops), results)
    if len(results) > 1:
        return Section(body, tuple(ops), results[0], cpu, (), results[1:])
    result = results[0] if results else None
    ops, exits = _put_aside(ops, result)
    return Section(body, tuple(ops), result, cpu, tuple(exits))


def _results(body: ir.Body) -> tuple[ir.Value, ...]:
    """The registers of what is returned."""
    return tuple(ir.Value(f"%result{number or ''}", type) for number, type in enumerate(body.results))


# ---- reachability


def _reached(ops: list[ir.Op], start: int = 0) -> list[ir.Op]:
    """The operations that a path from `start` on comes to."""
    return [ops[index] for index in members(Graph(ops).follows(start))]


# ---- sink


def _sink(ops: list[ir.Op], body: ir.Body) -> list[ir.Op]:
    """Put each commit directly before the return that its path leads to."""
    sunk: list[ir.Op] = []
    sites = set(commits(body.with_ops(tuple(ops))))
    for index, op in enumerate(ops):
        if index not in sites:
            sunk.append(op)
            continue
        assert isinstance(op, ir.OneStore)
        sunk += _commit_at_returns(replace(op, commit=True), _reached(ops, index + 1), index)
    return _reached(sunk)


def _commit_at_returns(commit: ir.OneStore, tail: list[ir.Op], serial: int) -> list[ir.Op]:
    """`tail` with `commit` before each return, its registers saved from what the tail assigns, its labels renamed."""
    changed = {value for op in tail for value in op.results}
    out: list[ir.Op] = []
    if isinstance(commit.source, ir.Value) and commit.source in changed:
        kept = ir.Value(f"%kept{serial}", commit.source.type)
        out.append(ir.Set(kept, commit.source, commit.span))
        commit = replace(commit, source=kept)
    if any(register in changed for register in commit.address.registers()):
        located = _located(f"%kept{serial}.at", commit.address, out, commit)
        commit = replace(commit, address=located)
    for op in tail:
        if isinstance(op, ir.Return):
            out.append(commit)
        out.append(op.relabelled(f".{serial}"))
    return out


def _located(name: str, address: ir.Address, out: list[ir.Op], op: ir.Op) -> ir.Address:
    at = ir.Value(name, Pointer(SCALARS["u8"]))
    out.append(ir.Locate(at, address, op.span))
    return replace(address, base=at, offset=0, index=None, scale=1)


# ---- join


def _join(ops: list[ir.Op], body: ir.Body) -> list[ir.Op]:
    """One commit at the end; returns become results and jumps."""
    result = _results(body)
    sites = [index for index, op in enumerate(ops) if op.is_commit]
    if not sites:
        return _drop_jumps(_leave(ops, result))
    stores = [op for op in ops if isinstance(op, ir.OneStore) and op.commit]
    returns = [ops[index + 1] for index in sites]
    final, before_each = _one_store(stores)
    same_result = len({op.all for op in returns if isinstance(op, ir.Return)}) == 1
    joined: list[ir.Op] = []
    for index, op in enumerate(ops):
        if index in sites:
            joined += before_each[sites.index(index)]
            if not same_result:
                joined += _set_result(ops[index + 1], result)
            joined.append(ir.Jump("commit", op.span))
        elif index - 1 not in sites:
            joined.append(op)
    joined = _leave(joined, result)
    tail = _set_result(returns[0], result) if same_result else []
    return _drop_jumps([*joined, ir.Label("commit", body.span), *tail, final])


def _one_store(stores: list[ir.OneStore]) -> tuple[ir.Op, list[list[ir.Op]]]:
    """The store that all `stores` become, and what each path does before it goes there."""
    first = stores[0]
    if len(stores) == 1:
        return first, [[]]
    before: list[list[ir.Op]] = [[] for _ in stores]
    all_add = all(isinstance(store, ir.AddStore) for store in stores)
    places = {(a.base, a.offset, a.index, a.scale) for a in (store.address for store in stores)}
    address = first.address
    sources: list[ir.Operand] = []
    for store, out in zip(stores, before, strict=True):
        sources.append(store.source if all_add or isinstance(store, ir.Store) else _summed(store, out))
        if len(places) > 1:
            text = " or ".join(dict.fromkeys(str(store.address) for store in stores))
            address = replace(_located("%commit.at", store.address, out, store), text=text)
    source = sources[0]
    if len(set(sources)) > 1:
        source = ir.Value("%commit", address.type)
        for operand, store, out in zip(sources, stores, before, strict=True):
            if operand != source:
                out.append(ir.Set(source, operand, store.span))
    kind = ir.AddStore if all_add else ir.Store
    return kind(address, source, first.span, commit=True), before


def _summed(store: ir.AddStore, out: list[ir.Op]) -> ir.Operand:
    held = ir.Value("%commit", store.address.type)
    out.append(ir.Load(held, store.address, store.span))
    out.append(ir.Arithmetic(held, "+", held, store.source, store.span))
    return held


def _set_result(op: ir.Op, results: tuple[ir.Value, ...]) -> list[ir.Op]:
    assert isinstance(op, ir.Return)
    return [ir.Set(result, value, op.span) for result, value in zip(results, op.all, strict=False)]


def _leave(ops: list[ir.Op], result: tuple[ir.Value, ...]) -> list[ir.Op]:
    out: list[ir.Op] = []
    for op in ops:
        if isinstance(op, ir.Return) and op.value is None and result:
            out.append(ir.Jump(NOTHING, op.span))
        elif isinstance(op, ir.Return):
            out += [*_set_result(op, result), ir.Jump(END, op.span)]
        else:
            out.append(op)
    return out


def _drop_jumps(ops: list[ir.Op]) -> list[ir.Op]:
    """Without jumps to the next operation, and without labels that nothing jumps to."""
    while True:
        kept = [
            op for index, op in enumerate(ops) if not (isinstance(op, ir.Jump) and _falls_to(ops, index + 1, op.label))
        ]
        used = {None, *(op.goes_to for op in kept)}
        kept = _branches_past_jumps([op for op in kept if op.here is None or op.here in used])
        if len(kept) == len(ops):
            return kept
        ops = kept


def _branches_past_jumps(ops: list[ir.Op]) -> list[ir.Op]:
    """A branch around a jump becomes the opposite branch: `if a == b goto L; goto M; L:` is `if a != b goto M`."""
    out: list[ir.Op] = []
    for index, op in enumerate(ops):
        branch = out[-1] if out else None
        if isinstance(op, ir.Jump) and isinstance(branch, ir.BranchIf) and _is_label(ops, index + 1, branch.label):
            if not branch.left.type.is_float or branch.comparison in ("==", "!="):
                out[-1] = replace(branch, comparison=ir.COMPARISONS[branch.comparison], label=op.label)
                continue
        out.append(op)
    return out


def _is_label(ops: list[ir.Op], index: int, label: str) -> bool:
    return index < len(ops) and ops[index].here == label


def _falls_to(ops: list[ir.Op], index: int, label: str) -> bool:
    while index < len(ops) and ops[index].here is not None:
        if ops[index].here == label:
            return True
        index += 1
    return index == len(ops) and label == END


# ---- unused


def _used(ops: list[ir.Op], results: tuple[ir.Value, ...]) -> list[ir.Op]:
    """Without computations that nothing reads, such as an index that has become a part of an address."""
    while True:
        read = {*results, *(value for op in ops for value in op.used)}
        kept = [op for op in ops if not isinstance(op, ir.Arithmetic) or op.target in read]
        if len(kept) == len(ops):
            return kept
        ops = kept


# ---- aside


def _put_aside(ops: list[ir.Op], result: ir.Value | None) -> tuple[list[ir.Op], list[Exit]]:
    """`if a == b goto L; return 0; L:` is `if a != b goto exit`, and what does not leave goes straight on."""
    out: list[ir.Op] = []
    exits: list[Exit] = []
    index = 0
    while index < len(ops):
        found, behind = _exit_at(ops, index, result)
        before = out[-1] if out else None
        if found is not None and isinstance(before, ir.BranchIf) and _leads_to(before, ops, behind):
            name = f"exit{len(exits)}"
            found = replace(found, labels=(*found.labels, name))
            out[-1] = replace(before, comparison=ir.COMPARISONS[before.comparison], label=name)
        elif found is None or not isinstance(before, ir.Jump):
            out.append(ops[index])
            index += 1
            continue
        exits.append(found)
        index = behind
    return _drop_jumps(out), exits


def _leads_to(branch: ir.BranchIf, ops: list[ir.Op], index: int) -> bool:
    """True for a branch to an operation that can be turned round."""
    return not branch.left.type.is_float and _falls_to(ops, index, branch.label)


def _exit_at(ops: list[ir.Op], index: int, result: ir.Value | None) -> tuple[Exit | None, int]:
    """What begins there, if it leaves with a constant result and does nothing else, and what is behind it."""
    labels: list[str] = []
    while index < len(ops) and isinstance(label := ops[index], ir.Label):
        labels.append(label.name)
        index += 1
    last, jump = (*ops[index : index + 2], None, None)[:2]
    leaves = isinstance(jump, ir.Jump) and jump.label == END
    if not leaves or not isinstance(last, ir.Set) or last.target != result or not isinstance(last.source, ir.Const):
        return None, index
    return None if last.target.type.is_float else Exit(tuple(labels), last), index + 2


# ---- the CPU's number


def _ask_once_for_cpu(ops: list[ir.Op], body: ir.Body) -> tuple[list[ir.Op], ir.Value | None]:
    """The lane's number is known when the section is entered; later it would have to be read again."""
    if not any(isinstance(op, ir.CpuNumber) for op in ops):
        return ops, None
    cpu = ir.Value("%cpu", SCALARS["i32"])
    return [ir.Set(op.target, cpu, op.span) if isinstance(op, ir.CpuNumber) else op for op in ops], cpu


# ---- lower


def _lower_all(ops: list[ir.Op]) -> list[ir.Op]:
    out: list[ir.Op] = []
    for index, op in enumerate(ops):
        if isinstance(op, ir.Arithmetic) and op.operator in ("//", "%"):
            out += floor_division(op, index)
        elif isinstance(op, ir.CountBits):
            out += count_bits(op, index)
        else:
            out.append(op)
    return out


def floor_division(op: ir.Arithmetic, serial: int) -> list[ir.Op]:
    """`//` or `%`, rounding down, from operations that every architecture has. The divisor is not 0."""
    kind, divisor = op.target.type, op.right
    assert isinstance(kind, Scalar)
    if isinstance(divisor, ir.Value):
        return _divide_by_variable(op, kind, divisor, serial)
    assert isinstance(divisor.number, int)
    number, is_floor = divisor.number, op.operator == "//"
    if number == -1:
        zero = ir.Const(0, kind)
        return [replace(op, operator="-", left=zero, right=op.left) if is_floor else ir.Set(op.target, zero, op.span)]
    if number > 0 and number & (number - 1) == 0:
        amount = number.bit_length() - 1 if is_floor else number - 1
        return [replace(op, operator=">>" if is_floor else "&", right=ir.Const(amount, kind))]
    return _divide_and_correct(op, kind, divisor, serial)


def _divide_and_correct(op: ir.Arithmetic, kind: Scalar, divisor: ir.Const, serial: int) -> list[ir.Op]:
    quotient, rest = ir.Value(f"%quotient{serial}", kind), ir.Value(f"%rest{serial}", kind)
    span, one, exact = op.span, ir.Const(1, kind), f"exact{serial}"
    out: list[ir.Op] = [
        ir.Arithmetic(quotient, "quo", op.left, divisor, span),
        ir.Arithmetic(rest, "*", quotient, divisor, span),
        ir.Arithmetic(rest, "-", op.left, rest, span),
    ]
    if kind.kind == "signed":
        out += [
            ir.BranchIf(rest, ">=" if divisor.number > 0 else "<=", ir.Const(0, kind), exact, span),
            ir.Arithmetic(quotient, "-", quotient, one, span),
            ir.Arithmetic(rest, "+", rest, divisor, span),
            ir.Label(exact, span),
        ]
    return [*out, ir.Set(op.target, quotient if op.operator == "//" else rest, span)]


def _divide_by_variable(op: ir.Arithmetic, kind: Scalar, divisor: ir.Value, serial: int) -> list[ir.Op]:
    """The smallest number by -1 traps on some processors, so that -1 goes a way of its own."""
    quotient, rest = ir.Value(f"%quotient{serial}", kind), ir.Value(f"%rest{serial}", kind)
    span, zero, one, is_floor = op.span, ir.Const(0, kind), ir.Const(1, kind), op.operator == "//"
    out: list[ir.Op] = [
        ir.Arithmetic(quotient, "quo", op.left, divisor, span),
        ir.Arithmetic(rest, "*", quotient, divisor, span),
        ir.Arithmetic(rest, "-", op.left, rest, span),
    ]
    if kind.kind != "signed":
        return [*out[: 1 if is_floor else 3], ir.Set(op.target, quotient if is_floor else rest, span)]
    minus, exact, divided = (f"{name}{serial}" for name in ("minus", "exact", "divided"))
    signs = ir.Value(f"%signs{serial}", kind)
    below, again = ir.Arithmetic(quotient, "-", quotient, one, span), ir.Arithmetic(rest, "+", rest, divisor, span)
    opposite = ir.Arithmetic(op.target, "-", zero, op.left, span) if is_floor else ir.Set(op.target, zero, span)
    return [
        ir.BranchIf(divisor, "==", ir.Const(-1, kind), minus, span),
        *out,
        ir.BranchIf(rest, "==", zero, exact, span),
        ir.Arithmetic(signs, "^", rest, divisor, span),
        ir.BranchIf(signs, ">=", zero, exact, span),
        below if is_floor else again,
        ir.Label(exact, span),
        ir.Set(op.target, quotient if is_floor else rest, span),
        ir.Jump(divided, span),
        ir.Label(minus, span),
        opposite,
        ir.Label(divided, span),
    ]


def count_bits(op: ir.CountBits, serial: int) -> list[ir.Op]:
    """`ctz`, `clz` and `bits` from arithmetic, for architectures and compilers without instructions for them.

    Source: the parallel sums of Hacker's Delight, 5-1; ctz(x) = bits((x & -x) - 1), clz(x) = bits(~smeared x).
    """
    wide, span = SCALARS["u64"], op.span
    kind = op.source.type
    assert isinstance(kind, Scalar)
    out: list[ir.Op] = []
    x, t = ir.Value(f"%x{serial}", wide), ir.Value(f"%t{serial}", wide)

    def emit(target: ir.Value, operator: ir.ArithmeticName, left: ir.Operand, right: ir.Operand | int) -> None:
        constant = right if not isinstance(right, int) else ir.Const(right, wide)
        out.append(ir.Arithmetic(target, operator, left, constant, span))

    narrow = ir.Value(f"%narrow{serial}", SCALARS[f"u{kind.bits}"])
    out += [ir.Convert(narrow, op.source, span), ir.Convert(x, narrow, span)]
    if op.operator == "ctz":
        if kind.bits < wide.bits:
            emit(x, "|", x, 1 << kind.bits)
        emit(t, "-", ir.Const(0, wide), x)
        emit(x, "&", x, t)
        emit(x, "-", x, 1)
    elif op.operator == "clz":
        for distance in (1, 2, 4, 8, 16, 32):
            emit(t, ">>", x, distance)
            emit(x, "|", x, t)
        emit(x, "^", x, wide.maximum)
    emit(t, ">>", x, 1)
    emit(t, "&", t, 0x5555555555555555)
    emit(x, "-", x, t)
    emit(t, ">>", x, 2)
    emit(t, "&", t, 0x3333333333333333)
    emit(x, "&", x, 0x3333333333333333)
    emit(x, "+", x, t)
    emit(t, ">>", x, 4)
    emit(x, "+", x, t)
    emit(x, "&", x, 0x0F0F0F0F0F0F0F0F)
    emit(x, "*", x, 0x0101010101010101)
    emit(x, ">>", x, 56)
    if op.operator == "clz" and kind.bits < wide.bits:
        emit(x, "-", x, wide.bits - kind.bits)
    return [*out, ir.Convert(op.target, x, span)]


# ---- copies


def _fold_copies(ops: list[ir.Op]) -> list[ir.Op]:
    """`t = a + b; x = t` becomes `x = a + b` where nothing else reads t."""
    uses = Counter(value for op in ops for value in op.used)
    definitions = Counter(value for op in ops for value in op.results)
    out: list[ir.Op] = []
    for op in ops:
        last = out[-1] if out else None
        if isinstance(op, ir.Set) and isinstance(op.source, ir.Value) and last is not None:
            source = op.source
            is_once = uses[source] == definitions[source] == 1
            if is_once and last.result == source and op.target not in last.used:
                out[-1] = last.into(op.target)
                continue
        out.append(op)
    return out
