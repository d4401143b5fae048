"""The restart contract: what a sequence may do, so that it is right wherever the kernel restarts it.

The kernel may stop a sequence before any instruction and start it again from the top, on
another CPU. So nothing may be visible before one store, the commit, which is the last
instruction. Each rule here is one function that yields diagnostics; `check` runs them all.

`Flow` answers what the rules ask: what may have happened on some path before an operation.
A sequence branches forward only, so one pass over its operations is enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from . import ir
from .errors import ContractError, Diagnostic
from .pointers import followed_blindly

__all__ = ["Flow", "check", "commits", "require"]

_PAGE = "contract.md"


@dataclass(frozen=True)
class _State:
    """What may have happened before an operation, by index; `written` are places written on every path."""

    committed: frozenset[int] = frozenset()
    read: frozenset[int] = frozenset()
    written: frozenset[tuple[object, ...]] = frozenset()

    def join(self, other: _State) -> _State:
        return _State(self.committed | other.committed, self.read | other.read, self.written & other.written)


@dataclass
class Flow:
    """The operations of a sequence, and the state before each that can be reached."""

    body: ir.Body
    before: dict[int, _State] = field(default_factory=dict)
    commits: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.commits = commits(self.body)
        labels = {op.name: index for index, op in enumerate(self.body.ops) if isinstance(op, ir.Label)}
        self._reach(0, _State())
        for index, op in enumerate(self.body.ops):
            if index not in self.before:
                continue
            state = self._after(index, op, self.before[index])
            if isinstance(op, (ir.BranchIf, ir.Jump)):
                self._reach(labels[op.label], state)
            if not isinstance(op, (ir.Jump, ir.Return)):
                self._reach(index + 1, state)

    def _reach(self, index: int, state: _State) -> None:
        known = self.before.get(index)
        self.before[index] = state if known is None else known.join(state)

    def _after(self, index: int, op: ir.Op, state: _State) -> _State:
        committed, read, written = state.committed, state.read, state.written
        if index in self.commits:
            committed |= {index}
        if isinstance(op, (ir.Load, ir.AddStore)) and _place(op.address) not in written:
            read |= {index}
        if isinstance(op, ir.Copy):
            read |= {index}
        if isinstance(op, (ir.Store, ir.AddStore)):
            written |= {_place(op.address)}
        target = ir.defined(op)
        if target is not None:  # a place is known by its registers: a new value there is another place
            written = frozenset(place for place in written if target not in place)
        return _State(committed, read, written)

    def reached(self) -> Iterator[tuple[ir.Op, _State]]:
        """The operations that can be reached, each with the state before it."""
        for index, op in enumerate(self.body.ops):
            if index in self.before:
                yield op, self.before[index]


def _place(address: ir.Address) -> tuple[object, ...]:
    return (address.base, address.offset, address.index, address.scale, address.type)


def commits(body: ir.Body) -> tuple[int, ...]:
    """The indices of the stores that make the sequence happen: to lane memory that is not `prepared`, or
    through a pointer that was found in memory. Other stores are preparation.
    """
    own = _parameter_pointers(body)
    return tuple(
        index
        for index, op in enumerate(body.ops)
        if isinstance(op, (ir.Store, ir.AddStore))
        and (not op.address.prepared if op.address.in_lane else op.address.base not in own)
    )


def _parameter_pointers(body: ir.Body) -> set[ir.Value | None]:
    """The registers that hold a pointer parameter or the row of an index parameter, or are computed of nothing else."""
    assigned = [(target, op) for op in body.ops if (target := ir.defined(op)) is not None]
    own: set[ir.Value | None] = {*body.parameters, *(target for target, _ in assigned)}
    while True:
        foreign = {target for target, op in assigned if target in own and not _is_made_of(op, own)}
        if not foreign:
            return own
        own -= foreign


def _is_made_of(op: ir.Op, own: set[ir.Value | None]) -> bool:
    return isinstance(op, (ir.Set, ir.Arithmetic, ir.Convert, ir.Locate)) and own.issuperset(ir.used(op))


def may_alias(first: ir.Address, second: ir.Address) -> bool:
    """True unless the two places cannot overlap: lane and rows are apart, rows of one type may be the same row."""
    if first.in_lane != second.in_lane:
        return False
    if first.base is not None and second.base is not None and first.base.type != second.base.type:
        return False
    return first.offset < second.offset + second.size and second.offset < first.offset + first.size


# ---- the rules


def _store_after_commit(flow: Flow) -> Iterator[Diagnostic]:
    for op, state in flow.reached():
        if isinstance(op, (ir.Store, ir.AddStore)) and state.committed:
            yield _after_commit(flow, op, state, "store-after-commit", "a store after the commit", "stored after it")


def _load_after_commit(flow: Flow) -> Iterator[Diagnostic]:
    for op, state in flow.reached():
        if isinstance(op, ir.Load) and state.committed:
            yield _after_commit(flow, op, state, "load-after-commit", "a load after the commit", "read after it")


def _after_commit(flow: Flow, op: ir.Op, state: _State, slug: str, message: str, label: str) -> Diagnostic:
    commit = flow.body.ops[min(state.committed)]
    is_store = slug == "store-after-commit"
    why = (
        "interrupted between the two, the sequence starts again and commits a second time; "
        "interrupted after the commit, it is never told to do the rest."
        if is_store
        else "the commit is the section's last instruction: what follows it is no longer protected, "
        "and another thread on this CPU may have run in between."
    )
    fix = (
        "make the first store preparation (a `prepared` field) and let one store commit, "
        "or pack both into the one word that is committed."
        if is_store
        else "load into a local before the commit."
    )
    return Diagnostic(slug, message, ((op.span, label), (commit.span, "the commit")), why, fix, _PAGE)


def _commits_differ(flow: Flow) -> Iterator[Diagnostic]:
    stores = [flow.body.ops[index] for index in flow.commits if index in flow.before]
    addresses = [store.address for store in stores if isinstance(store, (ir.Store, ir.AddStore))]
    for store, address in list(zip(stores, addresses, strict=True))[1:]:
        if address.type != addresses[0].type:
            yield Diagnostic(
                "commits-differ",
                "paths commit values of different types",
                ((store.span, f"commits {address.type}"), (stores[0].span, f"commits {addresses[0].type}")),
                "all paths join at one store instruction, as a descriptor has one end; one instruction has one width.",
                "commit to fields of one type, or write two sequences.",
                _PAGE,
            )


def _overwritten_before_commit(flow: Flow) -> Iterator[Diagnostic]:
    for op, state in flow.reached():
        is_commit = any(op is flow.body.ops[commit] for commit in flow.commits)
        if not isinstance(op, (ir.Store, ir.AddStore)) or is_commit or state.committed:
            continue
        reads = [flow.body.ops[read] for read in sorted(state.read)]
        if isinstance(op, ir.AddStore) and _place(op.address) not in state.written:
            reads.append(op)
        for read in reads:
            assert isinstance(read, (ir.Load, ir.AddStore))
            if may_alias(read.address, op.address):
                yield _overwritten(flow, read, op)
                break


def _overwritten(flow: Flow, read: ir.Load | ir.AddStore, store: ir.Store | ir.AddStore) -> Diagnostic:
    both = read.span == store.span
    places = [(store.span, "read and overwritten here, before the commit" if both else "overwritten here")]
    if not both:
        places.append((read.span, "read here"))
    after = [flow.body.ops[index] for index in flow.commits]
    places += [(after[0].span, "the commit")] if after else []
    return Diagnostic(
        "overwritten-before-commit",
        "a restart would read what this store has overwritten",
        tuple(places),
        f"interrupted after the store, the sequence starts again and reads `{read.address}` as it was left, "
        "not as it was: what is computed from it is applied twice.",
        "keep the new value in a local and commit it, or store it where nothing reads it before the commit.",
        _PAGE,
    )


def _may_be_none(body: ir.Body) -> Iterator[Diagnostic]:
    for op, pointer in followed_blindly(body):
        name = "the pointer" if pointer.name.startswith("%") else f"`{pointer.name}`"
        yield Diagnostic(
            "may-be-none",
            f"{name} may be None where its field is used",
            ((op.span, "followed here"),),
            "a pointer in memory is None until something is stored there, and following None ends the process.",
            "load it into a local, and leave if that is None, before its fields are used.",
            _PAGE,
        )


def _none_after_commit(flow: Flow) -> Iterator[Diagnostic]:
    for op, state in flow.reached():
        if flow.body.maybe and isinstance(op, ir.Return) and op.value is None and state.committed:
            commit = flow.body.ops[min(state.committed)]
            yield Diagnostic(
                "none-after-commit",
                "None is returned after the commit",
                ((op.span, "returned here"), (commit.span, "the commit")),
                "a sequence that returns None leaves before its last instruction, the commit: nothing has happened.",
                "return None on the paths that commit nothing, and a value on those that do.",
                _PAGE,
            )


_RULES = (_store_after_commit, _load_after_commit, _none_after_commit, _commits_differ, _overwritten_before_commit)


def check(body: ir.Body) -> list[Diagnostic]:
    """Everything in `body` that would break under a restart, in source order."""
    flow = Flow(body)
    found = [diagnostic for rule in _RULES for diagnostic in rule(flow)]
    found += _may_be_none(body)
    return sorted(found, key=lambda diagnostic: diagnostic.places[0][0].line)


def require(body: ir.Body, *, routine: bool = False) -> None:
    """Raise ContractError unless `body` keeps the contract; of a routine's, only what it asks of pointers."""
    diagnostics = list(_may_be_none(body)) if routine else check(body)
    if diagnostics:
        raise ContractError(diagnostics)
