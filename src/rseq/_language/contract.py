"""The restart contract: what a sequence may do, so that it is right wherever the kernel restarts it.

The kernel may stop a sequence before any instruction and start it again from the top, on
another CPU. So nothing may be visible before one store, the commit, which is the last
instruction, and nobody may come upon what an interrupted attempt has stored before that. Each rule here is one function
that yields diagnostics; `check` runs them all. What they ask is in `restarts.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from rseq._language import ir
from rseq._language.errors import ContractError, Diagnostic, Span
from rseq._language.places import Pair, Place
from rseq._language.pointers import followed_blindly
from rseq._language.restarts import Leftover, Restarts, is_seen
from rseq._language.types import SCALARS, Pointer

_FIELD_OF_LOCAL = re.compile(r"(\w+)(\.\w+)?(\[.*\])?")


def apart(restarts: Restarts) -> tuple[Pair, ...]:
    """The pairs of pointer parameters that must not be the same row, in the order of the parameters."""
    order = restarts.body.parameters.index
    found = {pair for left in (*restarts.conflicts, *restarts.published) for pair in left.pairs}
    return tuple(sorted(found, key=lambda pair: (order(pair[0]), order(pair[1]))))


def _broken(slug: str, message: str, places: Iterable[tuple[Span, str]], why: str, fix: str) -> Diagnostic:
    return Diagnostic(slug, message, tuple(places), why, fix, "contract.md")


# ---- the rules


def _store_after_commit(restarts: Restarts) -> Iterator[Diagnostic]:
    for index, commit in _after_commit(restarts, restarts.places.written):
        turn = _in_next_turn(restarts, index, commit)
        yield _broken(
            "store-after-commit",
            f"a store after the commit{turn}",
            _behind(restarts, index, commit, f"stored after it{turn}"),
            "interrupted between the two, the sequence starts again and commits a second time; "
            "interrupted after the commit, it is never told to do the rest.",
            _once_only(restarts, commit) if turn else _one_commit(restarts, commit),
        )


def _one_commit(restarts: Restarts, commit: int) -> str:
    if restarts.could_prepare(commit):
        return (
            "make the first store preparation (a `prepared` field) and let one store commit, "
            "or pack both into the one word that is committed."
        )
    return (
        "write two sequences, and a @rseq.routine that calls both, if a reader may see one store without the other; "
        "or pack both into the one word that is committed."
    )


def _once_only(restarts: Restarts, commit: int) -> str:
    """The same for a commit in a loop: how there is one only."""
    turns = (
        "write a sequence for one turn, and loop in a @rseq.routine that calls it; "
        "or leave the loop after the commit, with `break`"
    )
    if restarts.could_prepare(commit):
        return f"{turns}; or make these stores preparation (a `prepared` field), and commit after the loop."
    return f"{turns}."


def _load_after_commit(restarts: Restarts) -> Iterator[Diagnostic]:
    ops = restarts.body.ops
    loads = [index for index in restarts.places.read if ops[index].writes is None]  # other reads are stores, too
    for index, commit in _after_commit(restarts, loads):
        turn = _in_next_turn(restarts, index, commit)
        yield _broken(
            "load-after-commit",
            f"a load after the commit{turn}",
            _behind(restarts, index, commit, f"read after it{turn}"),
            "the commit is the section's last instruction: what follows it is no longer protected, "
            "and another thread on this CPU may have run in between.",
            "leave the loop after the commit, with `break`, or commit after the loop."
            if turn
            else "load into a local before the commit.",
        )


def _after_commit(restarts: Restarts, indices: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Those of the operations before which a commit may have happened, and that.

    Of a later turn of a loop only the commit itself, if it is made there again: else all that the loop does is refused.
    """
    ops = restarts.body.ops
    for index in indices:
        commit = restarts.committed(index)
        if commit is None:
            continue
        is_itself = ops[index].span == ops[commit].span
        if is_itself or not restarts.is_next_turn(index, commit) or not restarts.recurs(commit):
            yield index, commit


def _in_next_turn(restarts: Restarts, index: int, commit: int) -> str:
    return ", in the next turn of the loop" if restarts.is_next_turn(index, commit) else ""


def _behind(restarts: Restarts, index: int, commit: int, label: str) -> list[tuple[Span, str]]:
    """The places of an operation after the commit, and of that: one, where it is the same in the next turn."""
    later, first = restarts.body.ops[index].span, restarts.body.ops[commit].span
    return [(later, f"the commit; {label}")] if later == first else [(later, label), (first, "the commit")]


def _none_after_commit(restarts: Restarts) -> Iterator[Diagnostic]:
    body = restarts.body
    for index in restarts.values.before:
        op, commit = body.ops[index], restarts.committed(index)
        if body.maybe and isinstance(op, ir.Return) and op.value is None and commit is not None:
            yield _broken(
                "none-after-commit",
                "None is returned after the commit",
                ((op.span, "returned here"), (body.ops[commit].span, "the commit")),
                "a sequence that returns None leaves before its last instruction, the commit: nothing has happened.",
                "return None on the paths that commit nothing, and a value on those that do.",
            )


def _copy_as_commit(restarts: Restarts) -> Iterator[Diagnostic]:
    for index, place in restarts.places.written.items():
        op = restarts.body.ops[index]
        if not isinstance(op, ir.Copy) or restarts.committed(index) is not None:
            continue
        if is_seen(place.address, place.origins, restarts.body):
            yield _broken(
                "copy-as-commit",
                "a copy to where others look",
                ((op.span, "not prepared"), *_commit_place(restarts)),
                f"a copy is many stores: interrupted between two of them, half of it is in `{op.target}`, and others "
                "see that.",
                "copy to a `prepared` field, and commit afterwards with one store that says where to look.",
            )


def _commits_differ(restarts: Restarts) -> Iterator[Diagnostic]:
    ops = restarts.body.ops
    first = [index for index in restarts.commits if restarts.committed(index) is None]
    stores = [restarts.places.written[index] for index in first]  # a second one on a path is a store after the commit
    for store in stores[1:]:
        one, other = store.address.type, stores[0].address.type
        if (one.size, one.is_float) != (other.size, other.is_float):
            yield _broken(
                "commits-differ",
                "paths commit values of different types",
                ((ops[store.index].span, f"commits {one}"), (ops[stores[0].index].span, f"commits {other}")),
                "all paths join at one store instruction, as a descriptor has one end; one instruction has one width, "
                "and writes either integers and pointers or floats.",
                "commit to fields of one width and kind, or write two sequences.",
            )


# ---- what an interrupted attempt leaves


def _overwritten_before_commit(restarts: Restarts) -> Iterator[Diagnostic]:
    for left in _clashes(restarts, same_base=True):
        yield _overwritten(restarts, left)


def _may_overlap(restarts: Restarts) -> Iterator[Diagnostic]:
    for left in _clashes(restarts, same_base=False):
        yield _perhaps_overwritten(restarts, left)


def _clashes(restarts: Restarts, *, same_base: bool) -> Iterator[Leftover]:
    """The first read that each store overwrites: in the lane or through the same pointer, or through another one."""
    found: dict[int, Leftover] = {}
    for left in _certain(restarts.conflicts, "overwritten"):
        stored, read = _places(restarts, left)
        if (stored.address.base == read.address.base) == same_base:
            found.setdefault(left.store, left)
    return iter(found.values())


def _certain(leftovers: list[Leftover], kind: str) -> Iterator[Leftover]:
    """Those of a kind that there are whatever the parameters are."""
    return (left for left in leftovers if left.kind == kind and not left.pairs)


def _places(restarts: Restarts, left: Leftover) -> tuple[Place, Place]:
    """The place that is stored to, and the one that is read."""
    return restarts.places.written[left.store], restarts.places.read[left.seen]


def _overwritten(restarts: Restarts, left: Leftover) -> Diagnostic:
    load, op = restarts.body.ops[left.seen], restarts.body.ops[left.store]
    target, source = (place.address for place in _places(restarts, left))
    both = load.span == op.span
    places = [(op.span, "read and overwritten here, before the commit" if both else "overwritten here")]
    if not both:
        places.append((load.span, "read here"))
    same = "" if source.text == target.text else f"`{source}` and `{target}` may be the same element: "
    return _broken(
        "overwritten-before-commit",
        "a restart would read what this store has overwritten",
        (*places, *_commit_place(restarts)),
        f"{same}interrupted after the store, the sequence starts again and reads `{source}` as it was left, "
        "not as it was: what is computed from it is applied twice.",
        "keep the new value in a local and commit it, or store it where nothing reads it before the commit.",
    )


def _perhaps_overwritten(restarts: Restarts, left: Leftover) -> Diagnostic:
    ops = restarts.body.ops
    stored, read = _places(restarts, left)
    one, other = _named(read.address), _named(stored.address)
    is_lane = stored.address.in_lane or read.address.in_lane
    declared = restarts.body.may_alias and (is_lane or None not in stored.origins | read.origins)
    because = "the sequence is declared may_alias=True" if declared else "a row that is found in memory may be any row"
    return _broken(
        "may-overlap",
        "a restart may read what this store has overwritten",
        (
            (ops[left.store].span, "overwritten here"),
            (ops[left.seen].span, "read here"),
            *_commit_place(restarts),
        ),
        f"{because}, so {other} may be {one}: interrupted after the store, the sequence starts again and reads "
        f"`{read.address}` as it was left, not as it was.",
        _undeclared(stored, read)
        if declared
        else _kept_apart(restarts, stored, read, one.strip("`"), other.strip("`")),
    )


def _undeclared(stored: Place, read: Place) -> str:
    if stored.is_buffer or read.is_buffer:
        return "leave out may_alias, and buffers that overlap are refused before the section."
    return "leave out may_alias, and the same row is refused before the section; or store to another field."


def _kept_apart(restarts: Restarts, stored: Place, read: Place, one: str, other: str) -> str:
    sources = restarts.values.sources
    if sources(stored.base) and sources(read.base):
        return "store to another field: to compare them is not enough, as a restart may find other rows."
    if " " in one + other:
        return "load the pointer into a local, compare it, and leave if they are the same row; or store elsewhere."
    return f"leave if they are the same row, as in `if {one} == {other}`, or store to another field."


def _half_prepared(restarts: Restarts) -> Iterator[Diagnostic]:
    for left in _once(restarts, "one-path"):
        place, (what, label, uses) = restarts.places.written[left.store].address, _come_upon(restarts, left)
        yield _broken(
            "half-prepared",
            f"{what}, and only some paths store to `{place}`",
            _way(restarts, left, "decided here", label),
            f"interrupted after the store, the sequence starts again, may decide otherwise, and {uses} what the first "
            "run has left there.",
            "store to it on every path that leads there: choose the value first, and store that.",
        )


def _stored_elsewhere(restarts: Restarts) -> Iterator[Diagnostic]:
    for left in _once(restarts, "elsewhere"):
        place, (what, label, uses) = restarts.places.written[left.store].address, _come_upon(restarts, left)
        yield _broken(
            "stored-elsewhere",
            f"{what}, and a restart may store to another place than `{place}`",
            _way(restarts, left, "depends on this", label),
            f"interrupted after the store, the sequence starts again, may find another value there, store to another "
            f"place, and {uses} what the first run has left at the old one.",
            _placed(restarts, left),
        )


def _placed(restarts: Restarts, left: Leftover) -> str:
    if left.row is not None:
        return (
            "let parameters choose the place, or store to all the places that it may be; or mark the field "
            "`prepared`, if readers look only where another field of the row tells them to."
        )
    is_read_before = restarts.graph.after[left.seen] >> left.store & 1
    if restarts.places.written[left.store].is_private:
        if is_read_before:
            return "let parameters choose both places."
        return (
            "read from where this run has stored, let parameters choose the place, or store to all the places that it "
            "may be."
        )
    by_word = "choose both places by the word that is committed (for example, the half that is not in use)"
    return (
        f"{by_word}, or one of them by a parameter."
        if is_read_before
        else f"read from where this run has stored, or {by_word}."
    )


def _once(restarts: Restarts, kind: str) -> Iterator[Leftover]:
    """One leftover of a kind for each store of which no other is reported as overwriting what was read."""
    reported = {left.store for left in _certain(restarts.conflicts, "overwritten")}
    for left in _certain([*restarts.published, *restarts.conflicts], kind):
        if left.store not in reported:
            reported.add(left.store)
            yield left


def _come_upon(restarts: Restarts, left: Leftover) -> tuple[str, str, str]:
    """What is read or published, how its place is labelled, and the verb."""
    if left.row is not None:
        return f"`{left.row}` is published", "the commit", "publishes"
    return f"`{restarts.places.read[left.seen].address}` is read", "read here", "reads"


def _left_behind(restarts: Restarts) -> Iterator[Diagnostic]:
    reported = {left.store for left in (*restarts.conflicts, *restarts.published) if not left.pairs}
    for left in restarts.left_behind:
        if left.store in reported:
            continue
        reported.add(left.store)
        place, one_path = restarts.places.written[left.store].address, left.kind == "one-path"
        elsewhere = "not store there" if one_path else "store to another place"
        everywhere = "let parameters choose the place, or store to all the places that it may be"
        instead = "store to it on every path" if one_path else everywhere
        yield _broken(
            "left-behind",
            f"the caller cannot tell whether `{place}` was stored by this run or is left from one that was interrupted",
            _way(restarts, left, "decided here" if one_path else "depends on this", "ends here"),
            f"interrupted after the store, the sequence starts again, may {elsewhere}, and the caller finds in "
            f"`{left.row}` what both runs have stored.",
            f"{instead}; or return what decides, so that the caller knows which part of `{left.row}` "
            "this run has stored.",
        )


def _way(restarts: Restarts, left: Leftover, decided: str, seen: str) -> tuple[tuple[Span, str], ...]:
    """The places of a store that only some runs make, or make there: itself, what decides, who comes upon it."""
    assert left.decided is not None
    spans = [restarts.body.ops[index].span for index in (left.store, left.decided, left.seen)]
    return tuple(zip(spans, ("stored here", decided, seen), strict=True))


def _commit_place(restarts: Restarts) -> list[tuple[Span, str]]:
    return [(restarts.body.ops[restarts.commits[0]].span, "the commit")] if restarts.commits else []


def _named(address: ir.Address) -> str:
    if address.base is None:
        return "the lane"
    if address.base.name.isidentifier():
        return f"`{address.base}`"
    local = _FIELD_OF_LOCAL.fullmatch(address.text)
    return "a pointer in memory" if local is None else f"`{local[1]}`"


def _may_be_none(body: ir.Body) -> Iterator[Diagnostic]:
    for op, pointer in followed_blindly(body):
        name = "the pointer" if pointer.name.startswith("%") else f"`{pointer.name}`"
        yield _broken(
            "may-be-none",
            f"{name} may be None where its field is used",
            ((op.span, "followed here"),),
            "a pointer in memory is None until something is stored there, and following None ends the process.",
            "load it into a local, and leave if that is None, before its fields are used.",
        )


def _may_be_zero(restarts: Restarts) -> Iterator[Diagnostic]:
    values, ops = restarts.values, restarts.body.ops
    found: dict[Span, tuple[ir.Arithmetic, ir.Value]] = {}  # once for a line of an unrolled loop
    for index in values.before:
        op = ops[index]
        if isinstance(op, ir.Arithmetic) and op.operator in ("//", "%") and isinstance(op.right, ir.Value):
            if not values.is_nonzero(index, op.right):
                found.setdefault(op.span, (op, op.right))
    for op, divisor in found.values():
        name = f"`{divisor}`" if divisor.name.isidentifier() else "the divisor"
        yield _broken(
            "may-be-zero",
            f"{name} may be 0 where {op.operator} divides by it",
            ((op.span, "divided here"),),
            "a division by 0 ends the process on some processors, and a critical section raises nothing.",
            "compare it with 0 before, and leave or go on without it; or divide by max(…, 1).",
        )


_RULES = (
    _store_after_commit,
    _load_after_commit,
    _none_after_commit,
    _copy_as_commit,
    _commits_differ,
    _overwritten_before_commit,
    _may_overlap,
    _half_prepared,
    _stored_elsewhere,
    _left_behind,
)


def check(body: ir.Body) -> list[Diagnostic]:
    """Everything in `body` that would break under a restart, in source order."""
    return _diagnostics(Restarts(body))


def _diagnostics(restarts: Restarts) -> list[Diagnostic]:
    found = [diagnostic for rule in _RULES for diagnostic in rule(restarts)]
    found += [*_may_be_none(restarts.body), *_may_be_zero(restarts)]
    once: dict[object, Diagnostic] = {}  # loops are unrolled
    for diagnostic in found:
        once.setdefault(diagnostic.key_of_call, diagnostic)
    return sorted(once.values(), key=lambda diagnostic: diagnostic.places[0][0].line)


def require(body: ir.Body, *, routine: bool = False) -> ir.Body:
    """`body`, with what has to be checked before it is entered; of a routine only what the contract asks of pointers.

    Raises: ContractError - it does not keep the contract.
    """
    restarts = None if routine else Restarts(body)
    diagnostics = list(_may_be_none(body)) if restarts is None else _diagnostics(restarts)
    if diagnostics:
        raise ContractError(diagnostics)
    return body if restarts is None else replace(_guarded(body, restarts), apart=apart(restarts))


# ---- rows that are found, and buffers
#
# A buffer may be a view of an array of rows. Then what a sequence stores in the one is read in the other, and a restart
# would read what was left there. Which row is found is known only inside the section, so the section compares, and
# leaves with a ValueError, without a commit. The lane is compared before the section, see `_codegen/checks.py`.


def _guarded(body: ir.Body, restarts: Restarts) -> ir.Body:
    """`body`, with a comparison behind each operation that finds a row which must be no part of a buffer."""
    pairs = set(_pairs(restarts))
    if not pairs:
        return body
    ops: list[ir.Op] = []
    count = len(body.faults)
    for op in body.ops:
        ops.append(op)
        for row, buffer in sorted(pairs, key=lambda pair: (pair[0].name, pair[1].name)):
            if row in op.results:
                ops += _comparison(row, buffer, count, op)
                count += 1
    return body.with_ops(tuple(ops))


def _pairs(restarts: Restarts) -> Iterator[tuple[ir.Value, ir.Value]]:
    """The pointers that are found, and the buffers: one is read, and the other is stored to."""
    places = restarts.places
    for stored in restarts.preparations:
        for read in places.read.values():
            row, buffer = (read, stored) if stored.is_buffer else (stored, read)
            base, of = row.address.base, buffer.address.base
            if buffer.is_buffer and _is_found(row) and base is not None and of is not None:
                yield base, of


def _is_found(place: Place) -> bool:
    return not place.address.in_lane and not place.is_buffer and None in place.origins


def _comparison(row: ir.Value, buffer: ir.Value, number: int, op: ir.Op) -> list[ir.Op]:
    """Leave unless the row ends before the buffer begins, or begins where it has ended."""
    assert isinstance(row.type, Pointer)
    byte, span = SCALARS["u8"], op.span
    end, behind = (ir.Value(f"%{name}{number}", Pointer(byte)) for name in ("buffer_end", "row_end"))
    apart, length, size = f"apart{number}", ir.length_of(buffer), row.type.target.size
    sentence = f"{buffer.name} is a view of a row that {row.type} leads to: pass a copy"
    return [
        ir.Locate(end, ir.Address(buffer, 0, length, 1, byte, f"the end of {buffer}", False, 0), span),
        ir.BranchIf(row, ">=", end, apart, span),
        ir.Locate(behind, ir.Address(row, size, None, 1, byte, f"the end of {row}", False, 0), span),
        ir.BranchIf(behind, "<=", buffer, apart, span),
        ir.Raise("ValueError", sentence, number, span),
        ir.Label(apart, span),
    ]
