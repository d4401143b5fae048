"""librseq's helpers as sequences in the language, by librseq's names, with the meaning that its documentation gives.

There every helper takes the address of a word of the CPU's own memory; here that is the lane's record. What it gets
from its caller to compare, to add or to store are parameters here, too, and `voffp` and `off`, offsets from a pointer,
are the index of an element. A result is librseq's: True (1) if something compared unequal (`ne`; for `cbeq`, equal:
`eq`) and nothing happened, False (0) or nothing if it happened. Its -1, "aborted, try again", has no counterpart: a
sequence begins again by itself. Nor are null pointers followed, as librseq would: those give True.

`RELAXED` and `RELEASE` have the sequences by name, in each order that librseq has. `cpu_id` or `mm_cid` is said when
storage is made.

Source: librseq's include/rseq/pseudocode.h. Of those, load_cbne_load_add_store has no implementation there.
"""

from __future__ import annotations

from typing import Any

import rseq
from rseq import i64, prepared, ptr, u8

COPIED = 64
ELEMENTS = 4


class Words(rseq.Record):
    """`v` is what helpers commit to, `v2` what they compare or prepare, `dst` what they copy to."""

    v: i64
    v2: i64
    prepared_v2: prepared[i64]
    dst: prepared[u8[COPIED]]


class Node(rseq.Record):
    """What a list is made of. `voffp` chooses the pointer to follow."""

    value: i64
    next: ptr[Node][ELEMENTS]  # type: ignore[name-defined]


class Found(rseq.Record):
    """What `load` points to: where a helper leaves what it has taken."""

    node: ptr[Node]


class Head(rseq.Record):
    """A list in the lane."""

    v: ptr[Node]


class Number(rseq.Record):
    """What is added to, somewhere in memory."""

    value: i64


class Table(rseq.Record):
    """Pointers to numbers. `off` chooses one."""

    numbers: ptr[Number][ELEMENTS]


class Indirect(rseq.Record):
    """A table that a lane points to."""

    ptr: ptr[Table]


@rseq.sequence
def load_cbne_store(cpu: Words, expect: i64, newv: i64) -> bool:
    """Store `newv` to `v`, if that is as expected."""
    if cpu.v != expect:
        return True
    cpu.v = newv
    return False


@rseq.sequence
def load_add_store(cpu: Words, count: i64) -> None:
    """Add to `v`."""
    cpu.v += count


@rseq.sequence
def load_cbne_load_add_store(cpu: Words, expect: i64, count: i64) -> bool:
    """Store `v2` and `count` to `v`, if that is as expected."""
    if cpu.v != expect:
        return True
    cpu.v = cpu.v2 + count
    return False


@rseq.sequence
def load_cbeq_store_add_load_store(cpu: Head, expectnot: ptr[Node], voffp: i64, load: ptr[Found]) -> bool:
    """Take the node that `v` points to, unless it is `expectnot`: `load` gets it, and `v` one that it points to."""
    node = cpu.v
    if node == expectnot or node is None:
        return True
    load.node = node
    cpu.v = node.next[voffp]
    return False


@rseq.sequence
def load_add_load_load_add_store(cpu: Indirect, off: i64, inc: i64) -> bool:
    """Add to a number that the table points to which `ptr` points to."""
    table = cpu.ptr
    if table is None:
        return True
    number = table.numbers[off]
    if number is None:
        return True
    number.value += inc
    return False


@rseq.sequence
def load_cbne_load_cbne_store(cpu: Words, expect: i64, expect2: i64, newv: i64) -> bool:
    """Store `newv` to `v`, if that and `v2` are as expected."""
    if cpu.v != expect:
        return True
    if cpu.v2 != expect2:
        return True
    cpu.v = newv
    return False


def load_cbne_store_store(cpu: Words, expect: i64, newv2: i64, newv: i64) -> bool:
    """Store `newv2` to `v2`, then `newv` to `v`, if that is as expected."""
    if cpu.v != expect:
        return True
    cpu.prepared_v2 = newv2
    cpu.v = newv
    return False


def load_cbne_memcpy_store(cpu: Words, expect: i64, src: bytes, newv: i64) -> bool:
    """Copy `src`, all of it, to `dst`, then store `newv` to `v`, if that is as expected."""
    if cpu.v != expect:
        return True
    rseq.copy(cpu.dst, src, len(src))
    cpu.v = newv
    return False


_IN_BOTH_ORDERS = {
    "load_cbne_store_store": load_cbne_store_store,
    "load_cbne_memcpy_store": load_cbne_memcpy_store,
}

RELEASE: dict[str, Any] = {name: rseq.sequence(release=True)(function) for name, function in _IN_BOTH_ORDERS.items()}

RELAXED: dict[str, Any] = {
    **{name: thing for name, thing in list(globals().items()) if isinstance(thing, rseq.Sequence)},
    **{name: rseq.sequence(function) for name, function in _IN_BOTH_ORDERS.items()},
}
