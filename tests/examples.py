"""Sequences of many shapes: what the goldens show, and what every architecture has to be able to write."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rseq
from rseq import f32, f64, i32, i64, index, prepared, ptr, u8, u16, u32, u64
from rseq._check.code import Operation
from rseq._language.types import SCALARS
from rseq._named import called
from rseq._structures.cell_code import adder
from rseq._structures.shipped import shipped


class Items(rseq.Record):
    count: i64
    slots: prepared[i64[64]]


class Node(rseq.Record):
    next: ptr[Node]  # type: ignore[name-defined]
    value: i64


class Head(rseq.Record):
    first: ptr[Node]


class Entry(rseq.Record):
    next: index[Entry]  # type: ignore[name-defined]
    value: i64


class List(rseq.Record):
    first: index[Entry]


class Small(rseq.Record):
    low: u8
    high: u8
    marked: bool


class Chosen(rseq.Record):
    small: index[Small]


class Ring(rseq.Record):
    written: u64
    read: u64
    lost: u64
    data: prepared[u32[256]]


class Numbers(rseq.Record):
    least: i64
    most: i64
    sum: f64
    single: f32
    flags: u32
    small: u8
    medium: u16
    is_set: bool
    cpu: i32
    table: i64[8]
    weights: f64[8]


def row_of(record: type[rseq.Record]) -> type[rseq.Record]:
    """The record of the rows that the examples on `record` work with."""
    rows: dict[type[rseq.Record], type[rseq.Record]] = {List: Entry, Chosen: Small}
    return rows.get(record, Node)


@rseq.sequence
def push(cpu: Items, value: i64) -> bool:
    """Put a value on top; False if there is no room."""
    n = cpu.count
    if n == 64:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True


@rseq.sequence
def pop(cpu: Items, missing: i64) -> i64:
    """Take the top; `missing` if there is nothing."""
    n = cpu.count
    if n == 0:
        return missing
    value = cpu.slots[n - 1]
    cpu.count = n - 1
    return value


@rseq.sequence
def push_node(cpu: Head, node: ptr[Node]) -> None:
    """Put a row on top of a linked stack."""
    node.next = cpu.first
    cpu.first = node


@rseq.sequence
def pop_node(cpu: Head) -> ptr[Node]:
    """Take the top row; None if there is none."""
    first = cpu.first
    if first is None:
        return None
    cpu.first = first.next
    return first


@rseq.sequence
def add_to_first(cpu: Head, n: i64) -> bool:
    """Commit through a pointer that was found in memory."""
    first = cpu.first
    if first is None:
        return False
    first.value += n
    return True


@rseq.sequence
def push_entry(cpu: List, entry: index[Entry], value: i64) -> None:
    """Put a row on top of a stack that is linked by indices."""
    entry.next = cpu.first
    entry.value = value
    cpu.first = entry


@rseq.sequence
def pop_entry(cpu: List) -> index[Entry]:
    """Take the top row; it is found in memory, so it is checked."""
    first = cpu.first
    if first is None:
        return None
    cpu.first = first.next
    return first


@rseq.sequence
def mark(cpu: Chosen) -> u8:
    """Commit through an index that was found in memory; rows of three bytes."""
    low = cpu.small.low
    cpu.small.marked = True
    return low


@rseq.sequence
def reserve(cpu: Ring, size: u64) -> bool:
    """Reserve room in a ring, or count what is lost: commits to two places join."""
    written = cpu.written
    if written + size - cpu.read > 256:
        cpu.lost += 1
        return False
    cpu.written = written + size
    return True


@rseq.sequence
def write(cpu: Ring, value: u32) -> bool:
    """Write a number into a ring; its place is computed, so it is checked."""
    written = cpu.written
    if written - cpu.read == 256:
        return False
    cpu.data[written % 256] = value
    cpu.written = written + 1
    return True


@rseq.sequence
def maximum(cpu: Numbers, n: i64) -> None:
    """Keep the largest."""
    if n > cpu.most:
        cpu.most = n


@rseq.sequence
def spread(cpu: Numbers, n: i64) -> None:
    """Keep the smallest or the largest: one commit of two places."""
    if n < cpu.least:
        cpu.least = n
    elif n > cpu.most:
        cpu.most = n


@rseq.sequence
def clamp(cpu: Numbers, n: i64, low: i64, high: i64) -> i64:
    """Commit different values at one place, and compute after the commit."""
    if n < low:
        cpu.most = low
    elif n > high:
        cpu.most = high
    else:
        cpu.most = n
    return n - low


@rseq.sequence
def mean(cpu: Numbers, x: f64, weight: f64) -> f64:
    """Arithmetic of floats, with constants and a conversion."""
    average = cpu.sum * (1.0 - weight) + x * weight
    cpu.sum = average
    return average / f64(2)


@rseq.sequence
def narrow(cpu: Numbers, x: f32) -> i32:
    """Single floats, and a conversion that saturates."""
    cpu.single += x
    return i32(x)


@rseq.sequence
def to_float(cpu: Numbers, n: u64) -> f64:
    """The conversion that takes longest."""
    x = f64(n)
    cpu.sum += x
    return x


@rseq.sequence
def from_float(cpu: Numbers, x: f64) -> u64:
    """The other one."""
    cpu.sum = x
    return u64(x)


@rseq.sequence
def compare_floats(cpu: Numbers, x: f64, y: f64) -> bool:
    """NaN compares false, whichever way it is asked."""
    if not x < y and x != y:
        cpu.is_set = x == y or x >= y
    return x > y


@rseq.sequence
def tally(cpu: Numbers, index: i64, n: i64) -> None:
    """An element, with the index checked before the section."""
    cpu.table[index] += n


@rseq.sequence
def tally_hash(cpu: Numbers, key: u64) -> None:
    """An element, with the index checked inside the section."""
    cpu.table[key * 0x9E3779B97F4A7C15 >> 61] += 1


@rseq.sequence
def weigh(cpu: Numbers, index: u8, x: f64) -> None:
    """A float element."""
    cpu.weights[index] += x


@rseq.sequence
def divide(cpu: Numbers, n: i64) -> i64:
    """Division that floors."""
    cpu.least = n // 10
    return n % 16


@rseq.sequence
def shift(cpu: Numbers, n: u16, count: u16) -> None:
    """A shift by a variable needs a register of its own."""
    cpu.medium = n << count


@rseq.sequence
def toggle(cpu: Numbers, bit: u32) -> bool:
    """Bits of a word."""
    flags = cpu.flags
    mask = u32(1) << bit
    cpu.flags = flags ^ mask
    return flags & mask != 0


@rseq.sequence
def where(cpu: Numbers) -> i32:
    """The number of the CPU that it ran on."""
    number = rseq.cpu_number()
    cpu.cpu = number
    return number


@rseq.sequence
def peek(cpu: Items) -> i64:
    """A sequence that commits nothing."""
    return cpu.count


@rseq.sequence
def unrolled(cpu: Numbers, key: i64) -> i64:
    """A loop with a way out."""
    found: i64 = -1
    for i in range(4):
        if cpu.table[i] == key:
            found = i
            break
    return found


def sequences() -> Iterator[tuple[str, Any]]:
    """Each sequence by name: the shipped ones, then the examples."""
    for name, scalar in SCALARS.items():
        if name != "bool":
            yield f"add_{name}", adder(scalar)
    counted = {adder(scalar) for scalar in SCALARS.values() if scalar.kind != "bool"}
    for structure in shipped():
        codes = structure._sequences()
        known = {thing: name for name, thing in codes.items()}
        for code in dict.fromkeys(one for thing in codes.values() for one in called(thing) if one not in counted):
            yield f"{structure.__name__}.{known.get(code, code.__name__)}", code
    for name, thing in list(globals().items()):
        if isinstance(thing, rseq.Sequence):
            yield name, thing


def timeless() -> list[Any]:
    """The sequences with a constant for each clock, so that two who run them agree."""
    return [Operation.of(code).code for _, code in sequences()]
