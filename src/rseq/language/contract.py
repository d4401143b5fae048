"""The restart contract: what a sequence may do, so that it is right wherever the kernel restarts it.

The kernel may stop a sequence before any instruction and start it again from the top, on
another CPU. So nothing may be visible before one store, the commit, which is the last
instruction. Each rule here is one function that yields diagnostics; `check` runs them all.

`Flow` answers what the rules ask: what may have happened on some path before an operation.
A sequence branches forward only, so one pass over its operations is enough.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from . import ir
from .errors import ContractError, Diagnostic, Span
from .pointers import followed_blindly, origins
from .types import Buffer, Pointer

__all__ = ["Flow", "apart", "check", "commits", "require"]

_PAGE = "contract.md"

_Pair = tuple[ir.Value, ir.Value]


@dataclass(frozen=True)
class _State:
    """What may have happened before an operation, by index.

    `written` are places written on every path. `held` are registers with the load whose value they certainly hold,
    `apart` pairs of pointers that have been compared and are not the same row.
    """

    committed: frozenset[int] = frozenset()
    read: frozenset[int] = frozenset()
    written: frozenset[tuple[object, ...]] = frozenset()
    held: frozenset[tuple[ir.Value, int]] = frozenset()
    apart: frozenset[frozenset[ir.Value]] = frozenset()

    def join(self, other: _State) -> _State:
        return _State(
            self.committed | other.committed,
            self.read | other.read,
            self.written & other.written,
            self.held & other.held,
            self.apart & other.apart,
        )


@dataclass
class Flow:
    """The operations of a sequence, and the state before each that can be reached."""

    body: ir.Body
    before: dict[int, _State] = field(default_factory=dict)
    commits: tuple[int, ...] = ()
    origins: Mapping[tuple[int, ir.Value | None], frozenset[ir.Value | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.origins = origins(self.body)
        self.commits = commits(self.body, self.origins)
        labels = {op.name: index for index, op in enumerate(self.body.ops) if isinstance(op, ir.Label)}
        self._reach(0, _State())
        for index, op in enumerate(self.body.ops):
            if index not in self.before:
                continue
            state = self._after(index, op, self.before[index])
            if isinstance(op, (ir.BranchIf, ir.Jump)):
                self._reach(labels[op.label], self._compared(op, state, "!="))
            if not isinstance(op, (ir.Jump, ir.Return)):
                self._reach(index + 1, self._compared(op, state, "=="))

    def _reach(self, index: int, state: _State) -> None:
        known = self.before.get(index)
        self.before[index] = state if known is None else known.join(state)

    def _after(self, index: int, op: ir.Op, state: _State) -> _State:
        committed, read, written = state.committed, state.read, state.written
        if index in self.commits:
            committed |= {index}
        source = _read(op)
        if source is not None and _place(source) not in written:
            read |= {index}
        if isinstance(op, (ir.Store, ir.AddStore)):
            written |= {_place(op.address)}
        target = ir.defined(op)
        if target is not None:  # a place is known by its registers: a new value there is another place
            written = frozenset(place for place in written if target not in place)
        return _State(committed, read, written, _held(index, op, state.held), state.apart)

    def _compared(self, op: ir.Op, state: _State, says_apart: str) -> _State:
        """`state` where a branch has gone the way that means that two pointers differ, if it has compared pointers."""
        if not isinstance(op, ir.BranchIf) or op.comparison != says_apart:
            return state
        pair = frozenset(side for side in (op.left, op.right) if isinstance(side, ir.Value))
        assigned = [ir.defined(one) for one in self.body.ops]
        if len(pair) < 2 or any(not isinstance(one.type, Pointer) or assigned.count(one) > 1 for one in pair):
            return state
        return replace(state, apart=state.apart | {pair})

    def reached(self) -> Iterator[tuple[int, ir.Op, _State]]:
        """The operations that can be reached, with their indices and the state before each."""
        for index, op in enumerate(self.body.ops):
            if index in self.before:
                yield index, op, self.before[index]

    @cached_property
    def next(self) -> dict[int, tuple[int, ...]]:
        """Where each operation that can be reached goes on."""
        labels = {op.name: index for index, op in enumerate(self.body.ops) if isinstance(op, ir.Label)}
        found = {}
        for index, op, _ in self.reached():
            jumps = (labels[op.label],) if isinstance(op, (ir.BranchIf, ir.Jump)) else ()
            found[index] = jumps if isinstance(op, (ir.Jump, ir.Return)) else (*jumps, index + 1)
        return found

    def reached_from(self, start: int, without: frozenset[int] = frozenset()) -> set[int]:
        """The operations that may follow, from `start` on, where none of `without` is met."""
        seen: set[int] = set()
        pending = [start]
        while pending:
            index = pending.pop()
            if index not in seen and index not in without:
                seen.add(index)
                pending += self.next[index]
        return seen

    @cached_property
    def varying(self) -> list[int]:
        """The branches that may go another way when the sequence starts again: not only parameters decide."""
        defined = Counter(ir.defined(op) for _, op, _ in self.reached())
        found: set[ir.Value | None] = set()
        branches: list[int] = []
        for _ in range(2):  # again, as a register that is set on several paths varies with the branch between them
            for index, op, _ in self.reached():
                target = ir.defined(op)
                is_read = isinstance(op, (ir.Load, ir.Clock, ir.CpuNumber)) or not found.isdisjoint(ir.used(op))
                if target is not None and (is_read or (branches and defined[target] > 1)):
                    found.add(target)
                if isinstance(op, ir.BranchIf) and is_read and index not in branches:
                    branches.append(index)
        return branches

    def clashes(self) -> Iterator[tuple[int, int, frozenset[_Pair]]]:
        """Where something is overwritten before the commit that has been read: store, load, and by which parameters.

        The parameters are pairs of different ones: it is only so if the two are the same row. There are none if it may
        be so whatever the parameters are.
        """
        for index, op, state in self.reached():
            target = _written(op)
            if target is None or index in self.commits or state.committed:
                continue
            reads = sorted(state.read)
            source = _read(op)
            if source is not None and _place(source) not in state.written:
                reads.append(index)
            for read in reads:
                pairs = self.overlap(read, index, state)
                if pairs is not None and not _writes_back(op, read, self.body.ops[read], state):
                    yield index, read, pairs

    def overlap(self, read: int, store: int, state: _State) -> frozenset[_Pair] | None:
        """None if the places cannot overlap; else the pairs of parameters of which one must be the same row."""
        first, second = _places(self, read, store)
        if {first.base, second.base} in state.apart:
            return None
        if not _can_overlap(first, second, self.body):
            return None
        one = self.origins.get((read, first.base), _FOUND)
        other = self.origins.get((store, second.base), _FOUND)
        if first.base is None or second.base is None or None in one | other or one & other or self.body.may_alias:
            return frozenset()
        order = self.body.parameters.index
        pairs = ((p, q) for p in one for q in other if p is not None and q is not None)
        return frozenset((p, q) if order(p) < order(q) else (q, p) for p, q in pairs)


_FOUND: frozenset[ir.Value | None] = frozenset([None])


def _read(op: ir.Op) -> ir.Address | None:
    """The place that an operation reads."""
    if isinstance(op, ir.Copy):
        return _copied(op.source, op.limit)
    return op.address if isinstance(op, (ir.Load, ir.AddStore)) else None


def _written(op: ir.Op) -> ir.Address | None:
    """The place that an operation writes."""
    if isinstance(op, ir.Copy):
        return _copied(op.target, op.limit)
    return op.address if isinstance(op, (ir.Store, ir.AddStore)) else None


def _copied(place: ir.Address, limit: int) -> ir.Address:
    """What a copy may touch: from a known place on, no more than its limit."""
    return replace(place, size=min(place.size, limit)) if place.index is None else place


def _held(index: int, op: ir.Op, held: frozenset[tuple[ir.Value, int]]) -> frozenset[tuple[ir.Value, int]]:
    target = ir.defined(op)
    if target is None:
        return held
    kept = frozenset(pair for pair in held if pair[0] != target)
    if isinstance(op, ir.Load):
        return kept | {(target, index)}
    if isinstance(op, ir.Set):
        return kept | {(target, load) for register, load in held if register == op.source}
    return kept


def _writes_back(op: ir.Op, read: int, load: ir.Op, state: _State) -> bool:
    """True if `op` stores what `load` has read, in a place that is the same or apart: a restart reads it again.

    Two numbers of one type in records of one type are the same or apart.
    """
    if not isinstance(op, ir.Store) or not isinstance(load, ir.Load):
        return False
    return (op.source, read) in state.held and op.address.type == load.address.type


def _place(address: ir.Address) -> tuple[object, ...]:
    return (address.base, address.offset, address.index, address.scale, address.type)


def commits(
    body: ir.Body, known: Mapping[tuple[int, ir.Value | None], frozenset[ir.Value | None]] | None = None
) -> tuple[int, ...]:
    """The indices of the stores that make the sequence happen: to memory that is neither `prepared` nor in a row that
    the caller has passed. Other stores are preparation. `known` are the origins of pointers, if they are known.
    """
    of = origins(body) if known is None else known
    return tuple(
        index
        for index, op in enumerate(body.ops)
        if isinstance(op, (ir.Store, ir.AddStore))
        and _is_seen(op.address, of.get((index, op.address.base), _FOUND), body)
    )


def _is_seen(place: ir.Address, origins: frozenset[ir.Value | None], body: ir.Body) -> bool:
    """True if somebody may look at a place: it is not `prepared`, and not only the caller's."""
    return not place.prepared and (None in origins or _may_be_lane(place, body))


def _may_be_lane(address: ir.Address, body: ir.Body) -> bool:
    """True for the lane, and with `may_alias` for a row of the lane's type: in C, that may be the lane itself."""
    if address.base is None:
        return True
    return body.may_alias and isinstance(address.base.type, Pointer) and address.base.type.target is body.record


def _can_overlap(first: ir.Address, second: ir.Address, body: ir.Body) -> bool:
    """True unless the two places cannot overlap, if any two rows of one type may be the same row."""
    if first.in_lane != second.in_lane and not (_may_be_lane(first, body) and _may_be_lane(second, body)):
        return False
    if any(place.base is not None and isinstance(place.base.type, Buffer) for place in (first, second)):
        return not first.in_lane and not second.in_lane  # buffers may be any part of each other, and of rows
    if first.base is not None and second.base is not None and first.base.type != second.base.type:
        return False
    return first.offset < second.offset + second.size and second.offset < first.offset + first.size


def apart(body: ir.Body) -> tuple[_Pair, ...]:
    """The pairs of pointer parameters that must not be the same row, in the order of the parameters."""
    flow, order = Flow(body), body.parameters.index
    found = {pair for _, _, pairs in flow.clashes() for pair in pairs}
    found |= {pair for left in _leftovers(flow) for pair in left.pairs}
    return tuple(sorted(found, key=lambda pair: (order(pair[0]), order(pair[1]))))


# ---- the rules


def _store_after_commit(flow: Flow) -> Iterator[Diagnostic]:
    for _, op, state in flow.reached():
        if _written(op) is not None and state.committed:
            yield _after_commit(flow, op, state, "store-after-commit", "a store after the commit", "stored after it")


def _load_after_commit(flow: Flow) -> Iterator[Diagnostic]:
    for _, op, state in flow.reached():
        if isinstance(op, ir.Load) and state.committed:  # a copy is a store, too
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


def _copy_as_commit(flow: Flow) -> Iterator[Diagnostic]:
    for index, op, state in flow.reached():
        if not isinstance(op, ir.Copy) or state.committed:
            continue
        if _is_seen(op.target, flow.origins.get((index, op.target.base), _FOUND), flow.body):
            yield Diagnostic(
                "copy-as-commit",
                "a copy to where others look",
                ((op.span, "not prepared"), *_commit_place(flow)),
                f"a copy is many stores: interrupted between two of them, half of it is in `{op.target}`, and others "
                "see that.",
                "copy to a `prepared` field, and commit afterwards with one store that says where to look.",
                _PAGE,
            )


def _half_prepared(flow: Flow) -> Iterator[Diagnostic]:
    reported = {store for store, _, pairs in flow.clashes() if not pairs}  # one run is reason enough
    for left in _leftovers(flow):
        if not left.pairs and left.store not in reported:
            reported.add(left.store)
            yield _left(flow, left)


@dataclass(frozen=True)
class _Left:
    """A store that some runs make, and where others read or publish what it has left: `branch` decides.

    With `pairs` it is only so if both parameters of one are the same row. `row` is the one that is published, if it is.
    """

    store: int
    branch: int
    seen: int
    row: ir.Value | None
    pairs: frozenset[_Pair]


def _leftovers(flow: Flow) -> Iterator[_Left]:
    exposed = [
        index
        for index, op, state in flow.reached()
        if (place := _read(op)) is not None and _place(place) not in state.written
    ]
    for through in flow.body.parameters:
        for stores in _stored_in(flow, through):
            yield from _published_later(flow, through, stores)
            for read in exposed:
                pairs = flow.overlap(read, min(stores), flow.before[min(stores)])
                branch = None if pairs is None else _may_be_left(flow, stores, {read})
                if pairs is not None and branch is not None:
                    yield _Left(min(stores), branch, read, None, pairs)


def _published_later(flow: Flow, through: ir.Value, stores: set[int]) -> Iterator[_Left]:
    order = flow.body.parameters.index
    for row in flow.body.parameters:
        shown = _published(flow, row) if _target(row) is _target(through) else set()
        branch = _may_be_left(flow, stores, shown) if shown else None
        if branch is not None:
            is_one = row == through or flow.body.may_alias
            one, other = sorted((row, through), key=order)
            yield _Left(min(stores), branch, min(shown), row, frozenset([] if is_one else [(one, other)]))


def _target(value: ir.Value) -> object:
    """What a pointer or an index leads to; of others the type, which no pointer leads to."""
    return value.type.target if isinstance(value.type, Pointer) else value.type


def _published(flow: Flow, row: ir.Value) -> set[int]:
    """The commits that publish a row that was passed; all of them, if its address is also stored before."""
    stored = {
        index for (index, value), found in flow.origins.items() if row in found and _is_source(flow, index, value)
    }
    return stored if stored <= set(flow.commits) else set(flow.commits)


def _is_source(flow: Flow, index: int, value: ir.Value | None) -> bool:
    op = flow.body.ops[index]
    return isinstance(op, ir.Store) and op.source == value and index in flow.before


def _stored_in(flow: Flow, row: ir.Value) -> list[set[int]]:
    """For each place of a row that others would see: the stores to it before the commit."""
    places: dict[object, set[int]] = {}
    for index, op, _ in flow.reached():
        target = _written(op)
        if target is not None and not target.prepared and index not in flow.commits:
            if row in flow.origins.get((index, target.base), ()):
                places.setdefault(_place(target), set()).add(index)
    return list(places.values())


def _may_be_left(flow: Flow, stores: set[int], shown: set[int]) -> int | None:
    """The branch, if there is one, where one run may go to `stores`, and the next to `shown` without them."""
    place = _written(flow.body.ops[min(stores)])
    assert place is not None
    for index in flow.varying:
        if _place(place) in flow.before[index].written:
            continue
        for one, other in itertools.permutations(flow.next[index]):
            if flow.reached_from(one) & stores and flow.reached_from(other, frozenset(stores)) & shown:
                return index
    return None


def _left(flow: Flow, left: _Left) -> Diagnostic:
    ops, place = flow.body.ops, _written(flow.body.ops[left.store])
    what, label, uses = f"`{left.row}` is published", "the commit", "publishes"
    if left.row is None:
        what, label, uses = f"`{_read(ops[left.seen])}` is read", "read here", "reads"
    return Diagnostic(
        "half-prepared",
        f"{what}, and only some paths store to `{place}`",
        (
            (ops[left.store].span, "stored here"),
            (ops[left.branch].span, "decided here"),
            (ops[left.seen].span, label),
        ),
        f"interrupted after the store, the sequence starts again, may decide otherwise, and {uses} what the first run "
        "has left there.",
        "store to it on every path that leads there: choose the value first, and store that.",
        _PAGE,
    )


def _commits_differ(flow: Flow) -> Iterator[Diagnostic]:
    first = [index for index in flow.commits if index in flow.before and not flow.before[index].committed]
    stores = [flow.body.ops[index] for index in first]  # a second one on a path is a store after the commit
    addresses = [store.address for store in stores if isinstance(store, (ir.Store, ir.AddStore))]
    for store, address in list(zip(stores, addresses, strict=True))[1:]:
        if _one_store(address) != _one_store(addresses[0]):
            yield Diagnostic(
                "commits-differ",
                "paths commit values of different types",
                ((store.span, f"commits {address.type}"), (stores[0].span, f"commits {addresses[0].type}")),
                "all paths join at one store instruction, as a descriptor has one end; one instruction has one width, "
                "and writes either integers and pointers or floats.",
                "commit to fields of one width and kind, or write two sequences.",
                _PAGE,
            )


def _one_store(place: ir.Address) -> tuple[int, bool]:
    """What one store instruction can have in common for different fields."""
    return place.type.size, place.type.is_float


def _overwritten_before_commit(flow: Flow) -> Iterator[Diagnostic]:
    for store, read in _clashes(flow, same_base=True):
        yield _overwritten(flow, read, store)


def _may_overlap(flow: Flow) -> Iterator[Diagnostic]:
    for store, read in _clashes(flow, same_base=False):
        yield _perhaps_overwritten(flow, read, store)


def _clashes(flow: Flow, *, same_base: bool) -> Iterator[tuple[int, int]]:
    """The first read that each store overwrites: in the lane or through the same pointer, or through another one."""
    found: dict[int, int] = {}
    for store, read, pairs in flow.clashes():
        source, target = _places(flow, read, store)
        if not pairs and (source.base == target.base) == same_base:
            found.setdefault(store, read)
    return iter(found.items())


def _places(flow: Flow, read: int, store: int) -> tuple[ir.Address, ir.Address]:
    """The place that one operation reads, and that another overwrites."""
    source, target = _read(flow.body.ops[read]), _written(flow.body.ops[store])
    assert source is not None
    assert target is not None
    return source, target


def _overwritten(flow: Flow, read: int, store: int) -> Diagnostic:
    load, op = flow.body.ops[read], flow.body.ops[store]
    source, target = _places(flow, read, store)
    both = load.span == op.span
    places = [(op.span, "read and overwritten here, before the commit" if both else "overwritten here")]
    if not both:
        places.append((load.span, "read here"))
    same = "" if source.text == target.text else f"`{source}` and `{target}` may be the same element: "
    return Diagnostic(
        "overwritten-before-commit",
        "a restart would read what this store has overwritten",
        (*places, *_commit_place(flow)),
        f"{same}interrupted after the store, the sequence starts again and reads `{source}` as it was left, "
        "not as it was: what is computed from it is applied twice.",
        "keep the new value in a local and commit it, or store it where nothing reads it before the commit.",
        _PAGE,
    )


def _perhaps_overwritten(flow: Flow, read: int, store: int) -> Diagnostic:
    source, target = _places(flow, read, store)
    one, other = _named(source), _named(target)
    either = flow.origins.get((read, source.base), _FOUND) | flow.origins.get((store, target.base), _FOUND)
    declared = flow.body.may_alias and None not in either
    because = "the sequence is declared may_alias=True" if declared else "a row that is found in memory may be any row"
    return Diagnostic(
        "may-overlap",
        "a restart may read what this store has overwritten",
        (
            (flow.body.ops[store].span, "overwritten here"),
            (flow.body.ops[read].span, "read here"),
            *_commit_place(flow),
        ),
        f"{because}, so {other} may be {one}: interrupted after the store, the sequence starts again and reads "
        f"`{source}` as it was left, not as it was.",
        _kept_apart(one.strip("`"), other.strip("`"), declared=declared),
        _PAGE,
    )


def _kept_apart(one: str, other: str, *, declared: bool) -> str:
    if declared:
        return "leave out may_alias, and the same row is refused before the section; or store to another field."
    if " " in one:
        return "load the pointer into a local, compare it, and leave if they are the same row; or store elsewhere."
    return f"leave if they are the same row, as in `if {one} == {other}`, or store to another field."


def _commit_place(flow: Flow) -> list[tuple[Span, str]]:
    return [(flow.body.ops[flow.commits[0]].span, "the commit")] if flow.commits else []


def _named(address: ir.Address) -> str:
    if address.base is None:
        return "the lane"
    return "a pointer in memory" if address.base.name.startswith("%") else f"`{address.base}`"


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
    for _, op, state in flow.reached():
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


_RULES = (
    _store_after_commit,
    _load_after_commit,
    _none_after_commit,
    _copy_as_commit,
    _half_prepared,
    _commits_differ,
    _overwritten_before_commit,
    _may_overlap,
)


def check(body: ir.Body) -> list[Diagnostic]:
    """Everything in `body` that would break under a restart, in source order."""
    flow = Flow(body)
    found = [diagnostic for rule in _RULES for diagnostic in rule(flow)]
    found += _may_be_none(body)
    return sorted(found, key=lambda diagnostic: diagnostic.places[0][0].line)


def require(body: ir.Body, *, routine: bool = False) -> ir.Body:
    """`body`, with what has to be checked before it is entered; of a routine only what the contract asks of pointers.

    Raises: ContractError - it does not keep the contract.
    """
    diagnostics = list(_may_be_none(body)) if routine else check(body)
    if diagnostics:
        raise ContractError(diagnostics)
    return body if routine else replace(body, apart=apart(body))
