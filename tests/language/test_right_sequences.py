"""Sequences that an engineer writes who knows what a restart does: each is accepted, and passes the checker."""

from __future__ import annotations

from typing import Any

import pytest

import rseq
from programs import compiled
from rseq import _arch as arch
from rseq import f64, i32, i64, index, prepared, ptr, u8, u16, u32, u64
from rseq._arch.base import RegisterError
from rseq._check.code import Operation
from rseq._check.code import compiled as machine_code
from rseq._check.explore import Explorer, Limits
from rseq._check.report import described


class Node(rseq.Record):
    value: i64
    next: ptr[Node]  # type: ignore[name-defined]
    other: ptr[Node]  # type: ignore[name-defined]
    pair: i64[2]
    which: i64
    halves: prepared[i64[2]]


class Batch(rseq.Record):
    items: i64[4]
    size: i64


class Entry(rseq.Record):
    value: i64
    next: index[Entry]  # type: ignore[name-defined]
    tag: u32


class Slab(rseq.Record):
    """`slots` are in use below `count`."""

    count: i64
    slots: prepared[i64[8]]

    @staticmethod
    def live(lane: Any) -> Any:
        return lane["slots"][: max(0, min(int(lane["count"]), 8))].tolist()


class Ring(rseq.Record):
    """`slots` are in use from `head` to `tail`, which grow without end."""

    head: u64
    tail: u64
    lost: u64
    slots: prepared[i64[4]]

    @staticmethod
    def live(lane: Any) -> Any:
        head, tail = int(lane["head"]), int(lane["tail"])
        return [int(lane["slots"][(head + k) % 4]) for k in range(min((tail - head) % 2**64, 4))]


class Log(rseq.Record):
    """`text` is in use below `used`."""

    used: u64
    lost: u64
    text: prepared[u8[32]]

    @staticmethod
    def live(lane: Any) -> Any:
        return lane["text"][: min(int(lane["used"]), 32)].tolist()


class Lists(rseq.Record):
    first: ptr[Node]
    free: ptr[Node]
    length: i64


class Numbers(rseq.Record):
    first: index[Entry]
    free: index[Entry]
    buckets: index[Entry][4]


class Double(rseq.Record):
    """One of two is in use, as `which` says."""

    which: i64
    total: i64
    halves: prepared[i64[2]]
    pairs: prepared[i64[8]]
    text: prepared[u8[16]]

    @staticmethod
    def live(lane: Any) -> Any:
        which = int(lane["which"]) & 1
        pairs, text = lane["pairs"], lane["text"]
        return [int(lane["halves"][which]), pairs[which * 4 :][:4].tolist(), text[which * 8 :][:8].tolist()]


class Words(rseq.Record):
    free: u64
    packed: u64
    count: i64
    sum: i64
    low: i64
    high: i64
    real: f64
    small: i32
    bins: i64[8]
    tokens: i64
    stamp: u64
    short: u16
    next: u16


@rseq.inline
def bin_of(x: i64) -> i64:
    """Which of 8 bins, by powers of two."""
    bound: i64 = 1
    for k in range(7):
        if x < bound:
            return k
        bound *= 4
    return 7


@rseq.inline
def smaller(a: i64, b: i64) -> i64:
    """The smaller of two numbers."""
    return a if a < b else b


@rseq.inline
def append(cpu: Slab, value: i64) -> bool:
    """Part of several sequences."""
    n = cpu.count
    if n < 0 or n >= 8:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True


NAMES = {
    "Node": Node,
    "Batch": Batch,
    "Entry": Entry,
    "Slab": Slab,
    "Ring": Ring,
    "Log": Log,
    "Lists": Lists,
    "Numbers": Numbers,
    "Double": Double,
    "Words": Words,
    "index": index,
    "bytearray": bytearray,
    "f64": f64,
    "u16": u16,
    "u32": u32,
    "i32": i32,
    "bin_of": bin_of,
    "smaller": smaller,
    "append": append,
}

TEXTS = {
    # ---- stacks of numbers, as tcmalloc's slabs
    "push": """
def f(cpu: Slab, value: i64) -> bool:
    n = cpu.count
    if n < 0 or n >= 8:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True
""",
    "pop": """
def f(cpu: Slab) -> i64 | None:
    n = cpu.count
    if n <= 0 or n > 8:
        return None
    value = cpu.slots[n - 1]
    cpu.count = n - 1
    return value
""",
    "pop into a row": """
def f(cpu: Slab, out: ptr[Batch]) -> bool:
    n = cpu.count
    if n <= 0 or n > 8:
        return False
    out.items[0] = cpu.slots[n - 1]
    cpu.count = n - 1
    return True
""",
    "push two": """
def f(cpu: Slab, a: i64, b: i64) -> bool:
    n = cpu.count
    if n < 0 or n > 6:
        return False
    cpu.slots[n] = a
    cpu.slots[n + 1] = b
    cpu.count = n + 2
    return True
""",
    "push a batch": """
def f(cpu: Slab, batch: ptr[Batch]) -> i64:
    n = cpu.count
    if n < 0 or n > 4:
        return 0
    for k in range(4):
        cpu.slots[n + k] = batch.items[k]
    cpu.count = n + 4
    return 4
""",
    "push what fits of a batch": """
def f(cpu: Slab, batch: ptr[Batch], size: u32) -> i64:
    n = cpu.count
    if n < 0 or n >= 8:
        return 0
    pushed: i64 = 0
    for k in range(3):
        if k < size and n + k < 8:
            cpu.slots[n + k] = batch.items[k]
            pushed = k + 1
    cpu.count = n + pushed
    return pushed
""",
    "pop what there is into a batch": """
def f(cpu: Slab, batch: ptr[Batch], size: u32) -> i64:
    n = cpu.count
    if n <= 0 or n > 8:
        return 0
    popped: i64 = 0
    for k in range(3):
        if k >= size or k >= n:
            break
        batch.items[k] = cpu.slots[n - 1 - k]
        popped = k + 1
    cpu.count = n - popped
    return popped
""",
    "pop, and note how many": """
def f(cpu: Slab, batch: ptr[Batch]) -> None:
    n = cpu.count
    if n <= 0 or n > 8:
        return
    left = n
    if n >= 2:
        batch.items[0] = cpu.slots[n - 1]
        batch.items[1] = cpu.slots[n - 2]
        left = n - 2
    batch.size = n
    cpu.count = left
""",
    "push one more than what is on top": """
def f(cpu: Slab) -> bool:
    n = cpu.count
    if n < 1 or n > 7:
        return False
    cpu.slots[n] = cpu.slots[n - 1] + 1
    cpu.count = n + 1
    return True
""",
    "push through an inline function": """
def f(cpu: Slab, value: i64) -> bool:
    return append(cpu, value * 2)
""",
    "push the smaller one": """
def f(cpu: Slab, a: i64, b: i64) -> bool:
    return append(cpu, smaller(a, b))
""",
    "duplicate an element": """
def f(cpu: Slab, at: i64) -> bool:
    n = cpu.count
    if at < 0 or at >= n or n >= 8:
        return False
    value = cpu.slots[at]
    if at == n:
        return False
    cpu.slots[n] = value
    cpu.count = n + 1
    return True
""",
    "sum of what is there": """
def f(cpu: Slab) -> i64:
    n = cpu.count
    total: i64 = 0
    for k in range(8):
        if k >= n:
            break
        total += cpu.slots[k]
    return total
""",
    "find a number": """
def f(cpu: Slab, wanted: i64) -> i64:
    n = cpu.count
    found: i64 = -1
    for k in range(8):
        if k < n and cpu.slots[k] == wanted:
            found = k
            break
    return found
""",
    # ---- queues
    "ring: put": """
def f(cpu: Ring, value: i64) -> bool:
    tail = cpu.tail
    if tail - cpu.head >= 4:
        return False
    cpu.slots[tail & 3] = value
    cpu.tail = tail + 1
    return True
""",
    "ring: get": """
def f(cpu: Ring) -> i64 | None:
    head = cpu.head
    if head == cpu.tail:
        return None
    value = cpu.slots[head % 4]
    cpu.head = head + 1
    return value
""",
    "ring: put, or count what is lost": """
def f(cpu: Ring, value: i64) -> bool:
    tail = cpu.tail
    if tail - cpu.head >= 4:
        cpu.lost += 1
        return False
    cpu.slots[tail & 3] = value
    cpu.tail = tail + 1
    return True
""",
    "ring: get into a row": """
def f(cpu: Ring, out: ptr[Batch]) -> bool:
    head = cpu.head
    if head == cpu.tail:
        return False
    out.items[0] = cpu.slots[head & 3]
    out.size = 1
    cpu.head = head + 1
    return True
""",
    "ring: put two": """
def f(cpu: Ring, a: i64, b: i64) -> bool:
    tail = cpu.tail
    if tail - cpu.head > 2:
        return False
    cpu.slots[tail & 3] = a
    cpu.slots[(tail + 1) & 3] = b
    cpu.tail = tail + 2
    return True
""",
    "ring: put the last one again": """
def f(cpu: Ring) -> bool:
    tail = cpu.tail
    used = tail - cpu.head
    if used == 0 or used >= 4:
        return False
    cpu.slots[tail & 3] = cpu.slots[(tail - 1) & 3] + 1
    cpu.tail = tail + 1
    return True
""",
    "ring: turn": """
def f(cpu: Ring) -> None:
    if cpu.head == cpu.tail:
        cpu.lost = 0
    else:
        cpu.head += 1
""",
    "log: reserve and write": """
def f(cpu: Log, data: bytes) -> u64 | None:
    at = cpu.used
    size = len(data)
    if at > 32 or size > 32 - at:
        return None
    rseq.copy(cpu.text[at], data, size)
    cpu.used = at + size
    return at
""",
    "log: a header and a body": """
def f(cpu: Log, data: bytes, kind: u8) -> bool:
    at = cpu.used
    size = len(data)
    if at > 30 or size > 30 - at:
        return False
    cpu.text[at] = kind
    cpu.text[at + 1] = u8(size)
    rseq.copy(cpu.text[at + 2], data, size)
    cpu.used = at + 2 + size
    return True
""",
    "log: or count what is lost": """
def f(cpu: Log, data: bytes) -> None:
    at = cpu.used
    size = len(data)
    if at > 32 or size > 32 - at:
        cpu.lost += 1
        return
    rseq.copy(cpu.text[at], data, size)
    cpu.used = at + size
""",
    "log: copy out and clear": """
def f(cpu: Log, out: bytearray) -> u64:
    used = cpu.used
    rseq.copy(out, cpu.text, used)
    cpu.used = 0
    return used
""",
    "log: copy out as much as there is room": """
def f(cpu: Log, out: bytearray) -> u64:
    size = cpu.used
    if size > len(out):
        size = len(out)
    rseq.copy(out, cpu.text, size)
    return size
""",
    "log: snapshot with its length in front": """
def f(cpu: Log, out: bytearray) -> None:
    used = cpu.used & 31
    out[0] = u8(used)
    rseq.copy(out[1], cpu.text, used)
""",
    "log: the whole text, always": """
def f(cpu: Log, out: bytearray) -> u64:
    rseq.copy(out, cpu.text, 32)
    return cpu.used
""",
    "log: one byte": """
def f(cpu: Log, value: u8) -> bool:
    at = cpu.used
    if at >= 32:
        return False
    cpu.text[at] = value
    cpu.used = at + 1
    return True
""",
    "log: double the last byte": """
def f(cpu: Log) -> bool:
    at = cpu.used
    if at == 0 or at >= 32:
        return False
    cpu.text[at] = cpu.text[at - 1]
    cpu.used = at + 1
    return True
""",
    # ---- lists of rows
    "list: push": """
def f(cpu: Lists, node: ptr[Node], value: i64) -> None:
    node.value = value
    node.next = cpu.first
    cpu.first = node
""",
    "list: pop": """
def f(cpu: Lists) -> ptr[Node]:
    node = cpu.first
    if node is None:
        return None
    cpu.first = node.next
    return node
""",
    "list: pop and copy out": """
def f(cpu: Lists, out: ptr[Batch]) -> bool:
    node = cpu.first
    if node is None:
        return False
    out.items[0] = node.value
    cpu.first = node.next
    return True
""",
    "list: pop into a row of its kind": """
def f(cpu: Lists, out: ptr[Node]) -> bool:
    node = cpu.first
    if node is None or node == out:
        return False
    out.value = node.value
    cpu.first = node.next
    return True
""",
    "list: unlink the second": """
def f(cpu: Lists) -> bool:
    node = cpu.first
    if node is None:
        return False
    second = node.next
    if second is None:
        return False
    node.next = second.next
    return True
""",
    "list: push two": """
def f(cpu: Lists, one: ptr[Node], two: ptr[Node]) -> None:
    one.next = two
    two.next = cpu.first
    cpu.first = one
""",
    "list: insert behind the first": """
def f(cpu: Lists, node: ptr[Node]) -> bool:
    first = cpu.first
    if first is None or first == node:
        return False
    node.next = first.next
    first.next = node
    return True
""",
    "list: take all": """
def f(cpu: Lists) -> ptr[Node]:
    node = cpu.first
    cpu.first = None
    return node
""",
    "list: depth in each node": """
def f(cpu: Lists, node: ptr[Node]) -> bool:
    first = cpu.first
    if first == node:
        return False
    depth: i64 = 1
    if first is not None:
        depth = first.value + 1
    node.value = depth
    node.next = first
    cpu.first = node
    return True
""",
    "list: third": """
def f(cpu: Lists) -> i64:
    node = cpu.first
    for _ in range(2):
        if node is None:
            return -1
        node = node.next
    if node is None:
        return -1
    return node.value
""",
    "list: free list, then used": """
def f(cpu: Lists) -> ptr[Node]:
    node = cpu.free
    if node is None:
        node = cpu.first
        if node is None:
            return None
        cpu.first = node.next
        return node
    cpu.free = node.next
    return node
""",
    "list: one of two rows, both made ready": """
def f(cpu: Lists, one: ptr[Node], two: ptr[Node], value: i64) -> None:
    one.value = value
    two.value = value
    if cpu.length & 1:
        cpu.first = one
    else:
        cpu.first = two
""",
    "list: element that the lane says, after all": """
def f(cpu: Lists, node: ptr[Node]) -> None:
    at = cpu.length & 1
    node.pair[0] = 0
    node.pair[1] = 0
    node.pair[at] = 1
    cpu.first = node
""",
    "list: other half of a found row": """
def f(cpu: Lists, n: i64) -> bool:
    node = cpu.first
    if node is None:
        return False
    which = node.which & 1
    node.halves[1 - which] = node.halves[which] + n
    node.which = 1 - which
    return True
""",
    "list: swap by parameters": """
def f(cpu: Lists, node: ptr[Node], i: u32, j: u32) -> None:
    i &= 1
    j &= 1
    if i == j:
        return
    node.pair[j] = node.pair[i] * 2
    cpu.first = node
""",
    # ---- rows by number
    "entries: push": """
def f(cpu: Numbers, entry: index[Entry], value: i64) -> None:
    entry.value = value
    entry.next = cpu.first
    cpu.first = entry
""",
    "entries: pop": """
def f(cpu: Numbers) -> index[Entry]:
    entry = cpu.first
    if entry is None:
        return None
    cpu.first = entry.next
    return entry
""",
    "entries: push into a bucket": """
def f(cpu: Numbers, entry: index[Entry], key: u32) -> None:
    slot = key & 3
    entry.tag = key
    entry.next = cpu.buckets[slot]
    cpu.buckets[slot] = entry
""",
    "entries: look one up": """
def f(cpu: Numbers, key: u32) -> i64:
    entry = cpu.buckets[key & 3]
    for _ in range(3):
        if entry is None:
            break
        if entry.tag == key:
            return entry.value
        entry = entry.next
    return -1
""",
    "entries: count up in a bucket": """
def f(cpu: Numbers, key: u32) -> bool:
    entry = cpu.buckets[key & 3]
    for _ in range(2):
        if entry is None:
            return False
        if entry.tag == key:
            entry.value += 1
            return True
        entry = entry.next
    return False
""",
    "entries: unless it is the first": """
def f(cpu: Numbers, entry: index[Entry]) -> bool:
    first = cpu.first
    if first == entry or first is None:
        return False
    entry.value = first.value + 1
    entry.next = first
    cpu.first = entry
    return True
""",
    # ---- double buffers
    "double: one minus": """
def f(cpu: Double, n: i64) -> None:
    which = cpu.which & 1
    cpu.halves[1 - which] = cpu.halves[which] + n
    cpu.which = 1 - which
""",
    "double: exclusive or": """
def f(cpu: Double, n: i64) -> i64:
    which = cpu.which & 1
    new = cpu.halves[which] + n
    cpu.halves[which ^ 1] = new
    cpu.which = which ^ 1
    return new
""",
    "double: counts up": """
def f(cpu: Double, n: i64) -> None:
    which = cpu.which
    cpu.halves[(which + 1) & 1] = cpu.halves[which & 1] * 3 + n
    cpu.which = which + 1
""",
    "double: four of eight": """
def f(cpu: Double, n: i64) -> None:
    which = cpu.which & 1
    for k in range(4):
        cpu.pairs[(1 - which) * 4 + k] = cpu.pairs[which * 4 + k] + n
    cpu.which = 1 - which
""",
    "double: halves of a text": """
def f(cpu: Double, value: u8) -> None:
    which = u64(cpu.which & 1)
    rseq.copy(cpu.text[(1 - which) * 8], cpu.text[which * 8], 8)
    cpu.which = i64(1 - which)
""",
    "double: by branches": """
def f(cpu: Double, n: i64) -> None:
    if cpu.which & 1:
        cpu.halves[0] = cpu.halves[1] + n
        cpu.which = 0
    else:
        cpu.halves[1] = cpu.halves[0] + n
        cpu.which = 1
""",
    "double: change one of four": """
def f(cpu: Double, i: i64, value: i64) -> None:
    which = cpu.which & 1
    for k in range(4):
        cpu.pairs[(1 - which) * 4 + k] = value if k == i else cpu.pairs[which * 4 + k]
    cpu.which = 1 - which
""",
    "double: swap two of four": """
def f(cpu: Double, i: i64, j: i64) -> None:
    which = cpu.which & 1
    x = i & 3
    y = j & 3
    if x == y:
        return
    for k in range(4):
        cpu.pairs[(1 - which) * 4 + k] = cpu.pairs[which * 4 + (y if k == x else x if k == y else k)]
    cpu.which = 1 - which
""",
    "double: a message": """
def f(cpu: Double, data: bytes) -> bool:
    half = u64((cpu.which + 1) & 1)
    if len(data) != 8:
        return False
    rseq.copy(cpu.text[half * 8], data, 8)
    cpu.which = i64(half)
    return True
""",
    # ---- words
    "bitmap: allocate": """
def f(cpu: Words) -> u64 | None:
    free = cpu.free
    if free == 0:
        return None
    cpu.free = free & (free - 1)
    return rseq.ctz(free)
""",
    "bitmap: release": """
def f(cpu: Words, bit: u64) -> bool:
    mask: u64 = 1
    mask <<= bit & 63
    free = cpu.free
    if free & mask:
        return False
    cpu.free = free | mask
    return True
""",
    "packed: count and sum": """
def f(cpu: Words, n: u32) -> None:
    cpu.packed += (1 << 40) + u64(n)
""",
    "packed: generation": """
def f(cpu: Words, wanted: u32, value: u32) -> bool:
    word = cpu.packed
    if word >> 32 != wanted:
        return False
    cpu.packed = ((word >> 32) + 1 << 32) | value
    return True
""",
    "smallest": """
def f(cpu: Words, x: i64) -> None:
    if x < cpu.low:
        cpu.low = x
""",
    "largest, or where it was": """
def f(cpu: Words, x: i64) -> i64:
    high = cpu.high
    new = x if x > high else high
    cpu.high = new
    return new
""",
    "smaller or larger": """
def f(cpu: Words, x: i64) -> None:
    if x < cpu.low:
        cpu.low = x
    elif x > cpu.high:
        cpu.high = x
""",
    "histogram": """
def f(cpu: Words, x: i64) -> None:
    cpu.bins[bin_of(x)] += 1
""",
    "histogram: halve a bin": """
def f(cpu: Words, k: i64) -> i64:
    n = cpu.bins[k & 7]
    cpu.bins[k & 7] = n // 2
    return n - n // 2
""",
    "token bucket": """
def f(cpu: Words, wanted: i64) -> bool:
    tokens = cpu.tokens
    if wanted < 0 or wanted > tokens:
        return False
    cpu.tokens = tokens - wanted
    return True
""",
    "token bucket: refill, no more than it holds": """
def f(cpu: Words, n: i64) -> i64:
    tokens = cpu.tokens + n
    if tokens > 100:
        tokens = 100
    cpu.tokens = tokens
    return tokens
""",
    "snapshot into a buffer": """
def f(cpu: Words, out: bytearray) -> None:
    for k in range(4):
        out[k] = u8(cpu.bins[k])
""",
    "snapshot into a row": """
def f(cpu: Words, out: ptr[Batch]) -> None:
    out.items[0] = cpu.count
    out.items[1] = cpu.sum
    out.size = 2
""",
    "snapshot and clear": """
def f(cpu: Words, out: ptr[Batch]) -> None:
    out.items[0] = cpu.count
    out.size = 1
    cpu.count = 0
""",
    "first empty bin": """
def f(cpu: Words, n: i64) -> i64:
    at: i64 = 8
    for k in range(8):
        if cpu.bins[k] == 0:
            at = k
            break
    if at == 8:
        return -1
    cpu.bins[at] = n
    return at
""",
    "mean": """
def f(cpu: Words, x: f64) -> f64:
    new = cpu.real * 0.5 + x * 0.5
    cpu.real = new
    return new
""",
    "once": """
def f(cpu: Words, x: i64) -> bool:
    if cpu.count != 0:
        return False
    cpu.count = x
    return x != 0
""",
    "a narrow number wraps": """
def f(cpu: Words, n: u16) -> u16:
    new = cpu.short + n
    cpu.short = new
    return new
""",
    "a length in two bytes": """
def f(cpu: Words, out: bytearray) -> None:
    n = cpu.free & 0xF00F
    out[0] = u8(n)
    out[1] = u8(n >> 8)
    for k in range(2):
        if n > k:
            out[2 + k] = u8(cpu.bins[k])
""",
    "a flag tells": """
def f(cpu: Words, out: ptr[Batch]) -> bool:
    n = cpu.count
    is_there = n > 0 and n != 7
    if n > 0 and n != 7:
        out.items[0] = n
    cpu.sum += 1
    return is_there
""",
    "which row is told": """
def f(cpu: Words, out: ptr[Batch]) -> i64:
    at = cpu.count & 3
    out.items[at] = cpu.sum
    cpu.count += 1
    return at
""",
}
HOST = arch.host()
LIMITS = Limits(3, 1, 1)


def made(text: str) -> rseq.Sequence[..., Any]:
    sequence: rseq.Sequence[..., Any] = compiled(text.lstrip(), **NAMES)
    return sequence


def test_there_are_enough_of_them() -> None:
    assert len(TEXTS) >= 60


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_right_sequence_is_accepted(text: str) -> None:
    made(text)


@pytest.mark.slow
@pytest.mark.skipif(HOST is None, reason="this machine's architecture has no code generator")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_right_sequence_passes_the_checker(text: str) -> None:
    assert HOST is not None
    sequence = made(text)
    operations = [Operation.of(sequence)]
    try:
        program = machine_code(operations, HOST)
    except RegisterError:
        pytest.skip("more registers than there are")
    explorer = Explorer(program, operations, limits=LIMITS)
    for finding in explorer.findings():
        pytest.fail(f"{described(finding, program, explorer.cases, 1, '')}\n{text}", pytrace=False)
