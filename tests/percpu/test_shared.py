"""Shared segments: who shares what after a fork, that nobody gets what another has, and what they refuse."""

from __future__ import annotations

import copy
import ctypes
import errno
import gc
import itertools
import os
import re
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rseq
from rseq._percpu import segment
from rseq._percpu.allocator import MAX_ITEM_BYTES, STRIDE_BYTES
from rseq._percpu.memory import Memory, allocate
from rseq._percpu.segment import PAGE_BYTES, populate
from rseq._percpu.shared import extents
from rseq._percpu.shared.segment import Segment
from rseq._thread.cpus import possible_cpus
from support import ThreadSet, locked

LIBC = ctypes.CDLL(None)
InChild = Callable[[Callable[[], object]], None]


def lanes_of(memory: Memory) -> list[range]:
    return [range(address, address + memory.nbytes) for address in memory.place.addresses()]


def are_apart(memories: list[Memory]) -> bool:
    ranges = sorted((span.start, span.stop) for memory in memories for span in lanes_of(memory))
    return all(before[1] <= after[0] for before, after in itertools.pairwise(ranges))


def is_mapped(address: int) -> bool:
    spans = (line.split()[0].split("-") for line in Path("/proc/self/maps").read_text().splitlines())
    return any(int(start, 16) <= address < int(end, 16) for start, end in spans)


def pages_exist(memory: Memory) -> bool:
    found = (ctypes.c_ubyte * 1)()
    pages = (page for span in lanes_of(memory) for page in range(span.start & -PAGE_BYTES, span.stop, PAGE_BYTES))
    return all(
        LIBC.mincore(ctypes.c_void_p(page), ctypes.c_size_t(PAGE_BYTES), found) == 0 and found[0] & 1 for page in pages
    )


# What is shared


def test_a_child_writes_to_the_memory_of_its_parent(in_child: InChild) -> None:
    memory = allocate(16, segment=Segment())
    view = memory.view("i8", (2,))
    assert view.shape == (possible_cpus() + 1, 2)
    assert not view.any()

    def change() -> None:
        view[:] = 7

    in_child(change)
    assert (view == 7).all()


def test_a_child_leaves_the_lock_that_another_holds_as_it_is(in_child: InChild, threads: ThreadSet) -> None:
    memory = allocate(8, segment=Segment())
    lock = memory.place.lock
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with locked(lock):
            held.set()
            done.wait()

    def try_it() -> None:
        assert LIBC.pthread_mutex_trylock(ctypes.c_void_p(lock)) == errno.EBUSY

    threads.start(hold)
    held.wait()
    try:
        in_child(try_it)
    finally:
        done.set()
        threads.join()


def test_a_child_that_dies_with_the_lock_leaves_it_to_its_parent() -> None:
    memory = allocate(8, segment=Segment())
    lock = memory.place.lock
    child = os.fork()
    if child == 0:
        with locked(lock):
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with (
        locked(lock),
        pytest.raises(OSError, match=os.strerror(errno.EDEADLK)),
        locked(lock),
    ):
        pass


# Who gets what


def test_items_lie_densely_at_their_alignment() -> None:
    shared = Segment()
    memories = [allocate(8, segment=shared) for _ in range(100)]
    assert [m.place.base - memories[0].place.base for m in memories] == [8 * n for n in range(100)]
    apart = [allocate(3, 64, segment=shared) for _ in range(4)]
    after = allocate(8, segment=shared)
    assert all(memory.place.base % 64 == 0 for memory in apart)
    assert after.place.base // 64 != apart[-1].place.base // 64
    assert are_apart([*memories, *apart, after])


def test_parent_and_child_never_get_the_same_memory(in_child: InChild) -> None:
    shared = Segment()
    first = allocate(8, segment=shared).view("i8")
    told = allocate(64, segment=shared).view("i8", (8,))

    def make() -> None:
        told[0] = [allocate(8, segment=shared).place.base for _ in range(8)]

    in_child(make)
    mine = [allocate(8, segment=shared) for _ in range(8)]
    theirs = set(told[0].tolist())
    assert len(theirs) == 8
    assert theirs.isdisjoint(memory.place.base for memory in mine)
    assert first.base is not None


def test_one_that_comes_in_between_takes_other_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    shared, rivals = Segment(), []
    plain = extents.compare_exchange

    def interrupted(address: int, expected: int, desired: int) -> bool:
        if not rivals:
            monkeypatch.setattr(extents, "compare_exchange", plain)
            rivals.append(allocate(8, segment=shared))
        return plain(address, expected, desired)

    monkeypatch.setattr(extents, "compare_exchange", interrupted)
    memory = allocate(8, segment=shared)
    assert len(rivals) == 1
    assert are_apart([memory, *rivals])


def test_threads_and_children_that_make_items_at_once_get_different_ones(threads: ThreadSet, in_child: InChild) -> None:
    shared = Segment(size=PAGE_BYTES)
    marks = allocate(PAGE_BYTES, segment=shared).view("i8")
    made: list[Memory] = []

    def make() -> None:
        for _ in range(500):
            made.append(allocate(8, segment=shared))

    def make_and_mark() -> None:
        make()
        for memory in made:
            view = memory.view("i8")
            assert not view.any()
            view[:] = 1

    threads.run(4, make)
    assert len(made) == 2000
    assert are_apart(made)
    in_child(make_and_mark)
    mine = [memory.view("i8") for memory in made]
    assert marks.base is not None
    assert all((view == 1).all() for view in mine)
    assert not allocate(8, segment=shared).view("i8").any()


def test_memory_that_is_given_back_is_not_used_again(in_child: InChild) -> None:
    shared = Segment()
    hits = rseq.Counter(segment=shared)
    base = hits.storage.place.base
    del hits
    gc.collect()
    assert allocate(8, segment=shared).place.base != base


@pytest.mark.parametrize("nbytes", [8, PAGE_BYTES // 2 + 8, PAGE_BYTES, 3 * PAGE_BYTES])
def test_a_full_segment_grows(nbytes: int) -> None:
    shared = Segment(size=1)
    assert shared.size == PAGE_BYTES
    memories = [allocate(nbytes, segment=shared) for _ in range(PAGE_BYTES // 8 + 2)]
    assert are_apart(memories)
    assert len({memory.place.lock for memory in memories}) > 1
    for memory in memories:
        memory.view("u1", (nbytes,))[:] = 1


# Its life


def test_it_is_unmapped_when_nobody_uses_it_any_more() -> None:
    shared = Segment()
    memory = allocate(8, segment=shared)
    address, view = memory.place.base, memory.view("i8")
    del shared, memory
    gc.collect()
    view[:] = 1
    assert is_mapped(address)
    del view
    gc.collect()
    assert not is_mapped(address)


def test_a_bound_sequence_keeps_it(in_child: InChild) -> None:
    hits = rseq.Counter(segment=Segment())
    add, view = hits.add, hits.storage.view()["value"]
    del hits
    gc.collect()
    in_child(add)
    assert view.sum() == 1


def test_nothing_is_unmapped_while_python_ends(run_python: Callable[..., object]) -> None:
    run_python(
        """
        import ctypes
        from rseq._percpu.memory import allocate
        from rseq._percpu.shared.segment import Segment

        class Late:
            def __init__(self):
                self.memory = allocate(8, segment=Segment())
                self.addresses = self.memory.place.addresses()
                self.memset = ctypes.memset

            def __del__(self):
                self.memory = None
                for address in self.addresses:
                    self.memset(address, 1, 8)

        kept = Late()
        kept.itself = kept
        """
    )


# Its pages


@pytest.mark.parametrize("advice", [segment._MADV_POPULATE_WRITE, 9999])  # an old kernel does not know it
def test_the_pages_of_an_item_exist_in_every_lane(advice: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "_MADV_POPULATE_WRITE", advice)
    shared = Segment()
    assert pages_exist(allocate(8, segment=shared))
    memory = allocate(5 * PAGE_BYTES + 8, segment=shared)
    assert pages_exist(memory)
    unused = memory.place.base + 6 * PAGE_BYTES & -PAGE_BYTES
    assert not pages_exist(Memory(memory.place._replace(base=unused), 8, memory))


def test_no_memory_for_its_pages_is_an_exception(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = Segment()
    monkeypatch.setattr(segment, "error_of", lambda *_: errno.ENOMEM)
    with pytest.raises(MemoryError, match=r"^no memory for 4096 bytes of a shared segment: Cannot allocate memory$"):
        allocate(8, segment=shared)
    monkeypatch.undo()
    assert pages_exist(allocate(8, segment=shared))


def test_what_is_not_mapped_cannot_be_populated() -> None:
    with pytest.raises(MemoryError, match=r"^no memory for 4096 bytes of a shared segment: "):
        populate(PAGE_BYTES, PAGE_BYTES)


def test_populating_leaves_the_contents_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = allocate(PAGE_BYTES, PAGE_BYTES, segment=Segment())
    memory.view("i8")[:] = 5
    for advice in (segment._MADV_POPULATE_WRITE, 9999):
        monkeypatch.setattr(segment, "_MADV_POPULATE_WRITE", advice)
        populate(memory.place.base, PAGE_BYTES)
    assert (memory.view("i8") == 5).all()


# What is refused


class Node(rseq.Record):
    value: rseq.i64


class Head(rseq.Record):
    count: rseq.i64
    first: rseq.ptr[Node]
    others: rseq.prepared[rseq.ptr[Node][2]]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Segment(size=0), ValueError, f"size: expected 1 … {MAX_ITEM_BYTES} bytes, got 0"),
        (lambda: Segment(size=1 << 62), ValueError, f"size: expected 1 … {MAX_ITEM_BYTES} bytes, got {1 << 62}"),
        (lambda: Segment(size="1"), TypeError, "size: expected an int, got '1'"),  # type: ignore[arg-type]
        (
            lambda: rseq.percpu(Node, segment=7),  # type: ignore[arg-type]
            TypeError,
            "segment: expected an rseq.Segment, its name, or None; got 7",
        ),
        (
            lambda: rseq.Counter(index="mm_cid", segment=Segment()),
            ValueError,
            (
                "index: a shared segment has lanes by 'cpu_id'; 'mm_cid' numbers the threads of one process, so "
                "threads of two would be in one lane at the same time"
            ),
        ),
        (
            lambda: rseq.percpu(Head, segment=Segment()),
            TypeError,
            (
                "record Head has pointers (first, others), which mean nothing in another process: a shared segment "
                "cannot hold it. Keep numbers of rows, index[T], instead of addresses"
            ),
        ),
    ],
)
def test_what_cannot_be_shared_is_refused(make: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
@pytest.mark.usefixtures("segment_folder")
def test_a_copy_is_another_handle_of_the_same(how: Callable[[Any], Any]) -> None:
    shared = Segment("copies")
    hits, items = rseq.Counter(segment=shared), rseq.percpu(Node, segment=shared)
    how(hits).add(2)
    assert hits.value == 2
    how(items).view()["value"] = 3
    assert (items.view()["value"] == 3).all()
    assert how(shared) == shared
    with pytest.raises(TypeError, match=r"^per-CPU memory cannot be pickled or copied: "):
        how(items.memory)


def test_repr_is_the_call_that_makes_it() -> None:
    assert repr(Segment()) == f"rseq.Segment(size={STRIDE_BYTES})"
    assert repr(rseq.percpu(Node, 3, segment=Segment(size=1))) == (
        "rseq.percpu(Node, shape=(3,), segment=rseq.Segment(size=4096))"
    )
