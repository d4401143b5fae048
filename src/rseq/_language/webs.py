"""A register for each value that a name has, not for each name.

Assignments of a local that reach the same use are one *web*; a local that is assigned in each turn of an unrolled loop
has as many as there are turns. Webs of one name need not be in one register. All this is about sections, which branch
forward only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from rseq._language.op import Op, Value

Reaching = dict[Value, frozenset[int]]
"""The assignments of each register that may have been the last one, by the indexes of their operations."""


def split(ops: Sequence[Op], apart: Collection[Value]) -> list[Op]:
    """The same operations with a register of its own for each web; those of `apart` stay what they are."""
    assigned = Counter(value for op in ops for value in op.results)
    several = {value for value, count in assigned.items() if count > 1}.difference(apart)
    if not several:
        return list(ops)
    reaching = _reaching(ops, several)
    web = _webs(ops, several, reaching)
    return [
        op.renamed(
            {value: web[value, min(those)] for value, those in reached.items()},
            {value: web[value, index] for value in op.results if value in several},
        )
        for index, (op, reached) in enumerate(zip(ops, reaching, strict=True))
    ]


def _reaching(ops: Sequence[Op], several: Collection[Value]) -> list[Reaching]:
    """What may reach each operation, of what it reads."""
    found: list[Reaching] = []
    coming: dict[str, Reaching] = {}
    here: Reaching = {}
    for index, op in enumerate(ops):
        if op.here is not None:
            _merge(here, coming.pop(op.here, {}))
        found.append({value: here[value] for value in op.used if value in here})
        here |= {value: frozenset([index]) for value in op.results if value in several}
        if op.goes_to is not None:
            _merge(coming.setdefault(op.goes_to, {}), here)
        if op.ends:
            here = {}
    return found


def _merge(here: Reaching, there: Reaching) -> None:
    for value, those in there.items():
        here[value] = here.get(value, those) | those


def _webs(
    ops: Sequence[Op], several: Collection[Value], reaching: Sequence[Reaching]
) -> dict[tuple[Value, int], Value]:
    """The register of each assignment."""
    earlier = {(value, index): index for index, op in enumerate(ops) for value in op.results if value in several}

    def first(value: Value, index: int) -> int:
        while (before := earlier[value, index]) != index:
            index = before
        return index

    for reached in reaching:
        for value, those in reached.items():
            least = min(first(value, one) for one in those)
            for one in those:
                earlier[value, first(value, one)] = earlier[value, one] = least
    counts: Counter[Value] = Counter()
    web: dict[tuple[Value, int], Value] = {}
    for value, index in earlier:
        start = first(value, index)
        if start == index:
            web[value, index] = Value(value.name, value.type, counts[value])
            counts[value] += 1
        else:
            web[value, index] = web[value, start]
    return web
