"""Well-known sequences: the contract refuses none of them, and interrupted anywhere they still happen as a whole.

Each record says in `live` what its readers look at, so that the checker holds the sequences to it.
"""

from __future__ import annotations

from typing import Any

import pytest

import rseq
from rseq import _arch as arch
from rseq import i32, i64, prepared, ptr, u32, u64
from rseq._language.interpret import Memory, run
from rseq.check import check
from support import require_made

CAPACITY = 8
BATCH = 3

# ---- tcmalloc: a stack of objects per CPU, and batches of them


class Batch(rseq.Record):
    items: i64[3]


class Slab(rseq.Record):
    """Source: tcmalloc, internal/percpu_tcmalloc.h: push and pop of one object, and of several with one commit."""

    count: i64
    slots: prepared[i64[8]]

    @staticmethod
    def live(lane: Any) -> Any:
        return lane["slots"][: max(0, min(lane["count"], CAPACITY))]


@rseq.sequence
def push(cpu: Slab, item: i64) -> bool:
    n = cpu.count
    if n < 0 or n >= CAPACITY:
        return False
    cpu.slots[n] = item
    cpu.count = n + 1
    return True


@rseq.sequence
def pop(cpu: Slab) -> i64 | None:
    n = cpu.count
    if n <= 0 or n > CAPACITY:
        return None
    item = cpu.slots[n - 1]
    cpu.count = n - 1
    return item


@rseq.sequence
def push_batch(cpu: Slab, batch: ptr[Batch], size: u32) -> i64:
    n = cpu.count
    if n < 0 or n >= CAPACITY:
        return 0
    pushed: i64 = 0
    for i in range(BATCH):
        if i < size and n + i < CAPACITY:
            cpu.slots[n + i] = batch.items[i]
            pushed = i + 1
    cpu.count = n + pushed
    return pushed


@rseq.sequence
def pop_batch(cpu: Slab, batch: ptr[Batch], size: u32) -> i64:
    n = cpu.count
    if n <= 0 or n > CAPACITY:
        return 0
    popped: i64 = 0
    for i in range(BATCH):
        if i < size and i < n:
            batch.items[i] = cpu.slots[n - 1 - i]
            popped = i + 1
    cpu.count = n - popped
    return popped


# ---- a bitmap of free places


class Bitmap(rseq.Record):
    free: u64


@rseq.sequence
def allocate(cpu: Bitmap) -> u64 | None:
    free = cpu.free
    if free == 0:
        return None
    cpu.free = free & (free - 1)
    return rseq.ctz(free)


@rseq.sequence
def release(cpu: Bitmap, number: u64) -> None:
    cpu.free |= u64(1) << (number & 63)


# ---- lists whose head is itself a node


class Node(rseq.Record):
    next: ptr[Node]
    value: i64
    shown: i64


@rseq.sequence
def link(cpu: Node, node: ptr[Node]) -> None:
    """The head is the record in the lane."""
    node.next = cpu.next
    cpu.next = node


@rseq.sequence
def unlink(cpu: Node) -> ptr[Node]:
    first = cpu.next
    if first is None:
        return None
    cpu.next = first.next
    return first


@rseq.sequence
def link_chain(cpu: Node, first: ptr[Node], last: ptr[Node]) -> None:
    """Several rows at once, which the caller has linked; `first` may be `last`."""
    last.next = cpu.next
    cpu.next = first


class Anchor(rseq.Record):
    head: ptr[Node]


@rseq.sequence
def link_after_head(cpu: Anchor, node: ptr[Node]) -> bool:
    """The head is a row that the lane points to, and it may be any row: what is stored is what was read."""
    head = cpu.head
    if head is None or head == node:
        return False
    node.next = head.next
    head.next = node
    return True


@rseq.sequence
def unlink_after_head(cpu: Anchor) -> ptr[Node]:
    head = cpu.head
    if head is None:
        return None
    first = head.next
    if first is None:
        return None
    head.next = first.next
    return first


# ---- rows and locals


class Turn(rseq.Record):
    turns: i64


@rseq.sequence
def exchange(cpu: Turn, one: ptr[Node], other: ptr[Node]) -> None:
    """Each row shows the other's value. (Its own, if both are one row.)"""
    mine = one.value
    yours = other.value
    one.shown = yours
    other.shown = mine
    cpu.turns += 1


# ---- counters


class Count(rseq.Record):
    value: i32
    overflows: i32


@rseq.sequence
def count(cpu: Count, n: i32) -> bool:
    """Commits to one of two places: the sum, or that it did not fit."""
    value = cpu.value
    total = value + n
    if (total < value) != (n < 0):
        cpu.overflows += 1
        return False
    cpu.value = total
    return True


# ---- a cache of the last value


class Last(rseq.Record):
    """Key and value are written where nobody looks; then `which` says where to look."""

    which: u64
    keys: prepared[i64[2]]
    found: prepared[i64[2]]

    @staticmethod
    def live(lane: Any) -> Any:
        which = int(lane["which"]) & 1
        return [int(lane["keys"][which]), int(lane["found"][which])]


@rseq.sequence
def remember(cpu: Last, key: i64, value: i64) -> None:
    which = cpu.which + 1
    cpu.keys[which & 1] = key
    cpu.found[which & 1] = value
    cpu.which = which


@rseq.sequence
def recall(cpu: Last, key: i64) -> i64 | None:
    which = cpu.which & 1
    if cpu.keys[which] != key:
        return None
    return cpu.found[which]


# ---- a queue with both its ends in one word


class Queue(rseq.Record):
    """`ends`: how many have been written, in the upper half, and how many read, in the lower."""

    ends: u64
    slots: prepared[i64[8]]

    @staticmethod
    def live(lane: Any) -> Any:
        written, read = int(lane["ends"]) >> 32, int(lane["ends"]) & 0xFFFFFFFF
        size = (written - read) & 0xFFFFFFFF
        return [int(lane["slots"][(read + i) % CAPACITY]) for i in range(size)] if size <= CAPACITY else None


@rseq.sequence
def put(cpu: Queue, item: i64) -> bool:
    ends = cpu.ends
    written = u32(ends >> 32)
    read = u32(ends)
    if written - read >= CAPACITY:
        return False
    cpu.slots[written % CAPACITY] = item
    cpu.ends = (u64(written + 1) << 32) | u64(read)
    return True


@rseq.sequence
def take(cpu: Queue) -> i64 | None:
    ends = cpu.ends
    written = u32(ends >> 32)
    read = u32(ends)
    size = written - read
    if size == 0 or size > CAPACITY:
        return None
    item = cpu.slots[read % CAPACITY]
    cpu.ends = (u64(written) << 32) | u64(read + 1)
    return item


# ---- a stack in chunks: the slots lie in a row that the lane points to


class Chunk(rseq.Record):
    slots: prepared[i64[4]]


class Chunks(rseq.Record):
    count: i64
    chunk: ptr[Chunk]


@rseq.sequence
def push_to_chunk(cpu: Chunks, item: i64) -> bool:
    n = cpu.count
    chunk = cpu.chunk
    if chunk is None or n < 0 or n >= 4:
        return False
    chunk.slots[n] = item
    cpu.count = n + 1
    return True


@rseq.sequence
def pop_from_chunk(cpu: Chunks) -> i64 | None:
    n = cpu.count
    chunk = cpu.chunk
    if chunk is None or n <= 0 or n > 4:
        return None
    item = chunk.slots[n - 1]
    cpu.count = n - 1
    return item


SEQUENCES: dict[str, list[Any]] = {}
for _sequence in [value for value in globals().values() if isinstance(value, rseq.Sequence)]:
    SEQUENCES.setdefault(_sequence.body.record.__name__, []).append(_sequence)

HOST = arch.host()


@pytest.mark.one_in(4)
@pytest.mark.skipif(HOST is None, reason="this machine's architecture has no code generator")
@pytest.mark.parametrize(
    "record", [pytest.param(record, marks=[pytest.mark.slow] * (record == "Slab")) for record in SEQUENCES]
)
def test_it_happens_as_a_whole_wherever_it_is_interrupted(record: str) -> None:
    report = check(SEQUENCES[record])
    assert report.ok, str(report)
    assert [place for one in report.checked if one.index == "cpu_id" for place in one.not_reached] == []


@pytest.mark.slow
@pytest.mark.parametrize("record", SEQUENCES)
@pytest.mark.parametrize("name", [name for name in arch.names() if arch.get(name).emulator is not None])
def test_it_does_so_on_every_architecture(name: str, record: str) -> None:
    report = check(SEQUENCES[record], arch=name)
    require_made(report)
    assert report.ok, str(report)


# ---- and they do what they are known for


def test_the_slab_is_a_stack_of_single_items_and_of_batches() -> None:
    memory = Memory.of(Slab)
    batch = memory.add(Batch.size)
    assert [run(push.body, memory, [item]) for item in (1, 2)] == [True, True]
    for i, item in enumerate((3, 4, 5)):
        memory.store(batch + 8 * i, i64, item)
    assert [run(push_batch.body, memory, [batch, 3]) for _ in range(3)] == [3, 3, 0]
    assert run(pop_batch.body, memory, [batch, 2]) == 2
    assert [memory.load(batch + 8 * i, i64) for i in range(3)] == [5, 4, 5]
    assert [run(pop.body, memory) for _ in range(7)] == [3, 5, 4, 3, 2, 1, None]


def test_the_bitmap_hands_out_each_place_once() -> None:
    memory = Memory.of(Bitmap)
    memory.store(memory.lane(0), u64, (1 << 63) | 0b1010)
    assert [run(allocate.body, memory) for _ in range(4)] == [1, 3, 63, None]
    run(release.body, memory, [7])
    assert run(allocate.body, memory) == 7


@pytest.mark.parametrize(
    ("record", "enter", "leave"), [(Node, link, unlink), (Anchor, link_after_head, unlink_after_head)]
)
def test_the_lists_are_last_in_first_out(record: Any, enter: Any, leave: Any) -> None:
    memory = Memory.of(record)
    rows = [memory.add(Node.size) for _ in range(3)]
    if record is Anchor:
        memory.store(memory.lane(0), u64, memory.add(Node.size))
    for row in rows:
        run(enter.body, memory, [row])
    assert [run(leave.body, memory) for _ in range(4)] == [*reversed(rows), 0]


def test_a_chain_is_linked_as_it_is() -> None:
    memory = Memory.of(Node)
    first, last = memory.add(Node.size), memory.add(Node.size)
    memory.store(first, u64, last)
    run(link_chain.body, memory, [first, last])
    assert [run(unlink.body, memory) for _ in range(3)] == [first, last, 0]


def test_the_counter_says_so_when_the_sum_does_not_fit() -> None:
    memory = Memory.of(Count)
    assert [run(count.body, memory, [n]) for n in (2**31 - 1, 1, -1, -(2**31), -(2**31))] == [
        True,
        False,
        True,
        True,
        False,
    ]


def test_the_cache_remembers_the_last() -> None:
    memory = Memory.of(Last)
    for key in (5, 6, 7):
        run(remember.body, memory, [key, key * 10])
    assert [run(recall.body, memory, [key]) for key in (5, 6, 7)] == [None, None, 70]


def test_the_queue_is_first_in_first_out() -> None:
    memory = Memory.of(Queue)
    memory.store(memory.lane(0), u64, 0xFFFFFFFF_FFFFFFFF)  # about to wrap
    assert [run(put.body, memory, [item]) for item in range(9)] == [True] * 8 + [False]
    assert [run(take.body, memory) for _ in range(9)] == [*range(8), None]


# ---- what looks like one of them, and is none


def test_a_swap_in_place_is_refused_because_a_restart_cannot_undo_its_first_half() -> None:
    with pytest.raises(rseq.ContractError) as caught:

        @rseq.sequence
        def swap(cpu: Turn, one: ptr[Node], other: ptr[Node]) -> None:
            mine = one.value
            yours = other.value
            one.value = yours
            other.value = mine
            cpu.turns += 1

    assert {diagnostic.slug for diagnostic in caught.value.diagnostics} == {"overwritten-before-commit"}
