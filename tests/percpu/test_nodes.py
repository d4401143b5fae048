"""NUMA nodes: which lanes get a policy together, what the kernel is asked, and that one node costs nothing.

This is about any machine; `make numa` looks where the pages are on one that has two nodes.
"""

from __future__ import annotations

import ctypes
import gc
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import rseq
from rseq import _abi as abi
from rseq import _arch as arch
from rseq._percpu import nodes, segment
from rseq._percpu.segment import PAGE_BYTES, Extent, private_extent
from rseq._percpu.shared import extents
from rseq._percpu.shared.mappings import file_extent
from rseq._thread import cpus
from seccomp import FORBID
from support import run_python

STRIDE = 4 * PAGE_BYTES
WORD_BITS = 8 * ctypes.sizeof(ctypes.c_ulong)


@pytest.fixture(autouse=True)
def nothing_placed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "_placed", {})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """What the kernel would be asked: address, length, mode, the mask's words, its bits."""
    calls: list[tuple[int, ...]] = []

    def system_call(number: int, address: int, nbytes: int, mode: int, mask: int, nbits: int) -> int:
        assert number == arch.host().mbind
        words = (ctypes.c_ulong * -(-(nbits - 1) // WORD_BITS)).from_address(mask)
        calls.append((address, nbytes, mode, *words, nbits))
        return 0

    monkeypatch.setattr(nodes, "system_call", system_call)
    return calls


@pytest.fixture
def two_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment, "online_nodes", lambda: 2)
    monkeypatch.setattr(nodes, "cpu_nodes", lambda: dict.fromkeys(range(cpus.possible_cpus()), 1))


@pytest.fixture
def mapping() -> Iterator[mmap.mmap]:
    with segment.sparse(PAGE_BYTES, mmap.MAP_PRIVATE) as made:
        yield made


# Who belongs where


def test_the_kernels_folders_say_which_cpus_a_node_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "online").write_text("0,2-3\n")
    for node, text in {0: "0-2,8\n", 2: "4\n", 3: "\n"}.items():  # node 3 has memory only
        (tmp_path / f"node{node}").mkdir()
        (tmp_path / f"node{node}/cpulist").write_text(text)
    monkeypatch.setattr(nodes, "online_nodes", lambda: cpus._count_in_list(tmp_path / "online"))
    assert nodes.cpu_nodes(str(tmp_path)) == {0: 0, 1: 0, 2: 0, 8: 0, 4: 2}


def test_a_kernel_that_knows_of_no_nodes_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cpus.online_nodes.cache_clear()  # type: ignore[attr-defined]
    monkeypatch.setattr(cpus, "NODES", str(tmp_path))
    try:
        assert cpus.online_nodes() == 0
    finally:
        cpus.online_nodes.cache_clear()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("of_cpus", "ranges"),
    [
        ([0, 0, 1, 1], [(0, 2, 0), (2, 4, 1)]),
        ([0, 0, 1, 1, 0, 0, 1, 1], [(0, 2, 0), (2, 4, 1), (4, 6, 0), (6, 8, 1)]),
        ([0, 1, 0], [(0, 1, 0), (1, 2, 1), (2, 3, 0)]),
        ([3, None, 3, 3], [(0, 1, 3), (2, 4, 3)]),
        ([None, None], []),
        ([], []),
    ],
)
def test_lanes_side_by_side_on_one_node_are_one_range(
    of_cpus: list[int | None], ranges: list[tuple[int, int, int]]
) -> None:
    known = {cpu: node for cpu, node in enumerate(of_cpus) if node is not None}
    found = nodes.node_ranges(len(of_cpus), known)
    assert [(near.start, near.stop, node) for near, node in found] == ranges


def test_cpus_beyond_the_lanes_are_left_out() -> None:
    assert nodes.node_ranges(2, {0: 0, 1: 0, 2: 0, 3: 1}) == [(range(2), 0)]


# What the kernel is asked


def extent_in_a_file() -> tuple[Extent, mmap.mmap]:
    file, lanes = os.memfd_create("lanes"), cpus.possible_cpus()
    os.truncate(file, PAGE_BYTES + STRIDE * (lanes + 1))
    try:
        return file_extent(file, 0, STRIDE, lanes)
    finally:
        os.close(file)


def test_each_range_is_preferred_to_lie_on_its_node(
    asked: list[tuple[int, ...]], mapping: mmap.mmap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "cpu_nodes", lambda: {0: 0, 1: 1, 2: 1, 4: WORD_BITS - 1, 5: WORD_BITS + 2})
    nodes.place_lanes(0x10000, STRIDE, 6, mapping)
    assert asked == [
        (0x10000, STRIDE, abi.MPOL_PREFERRED, 1 << 0, WORD_BITS + 1),
        (0x10000 + STRIDE, 2 * STRIDE, abi.MPOL_PREFERRED, 1 << 1, WORD_BITS + 1),
        (0x10000 + 4 * STRIDE, STRIDE, abi.MPOL_PREFERRED, 1 << WORD_BITS - 1, WORD_BITS + 1),
        (0x10000 + 5 * STRIDE, STRIDE, abi.MPOL_PREFERRED, 0, 1 << 2, 2 * WORD_BITS + 1),
    ]


@pytest.mark.usefixtures("two_nodes")
def test_the_lanes_of_every_extent_are_placed_and_nothing_else_of_it(asked: list[tuple[int, ...]]) -> None:
    made = [private_extent(STRIDE), extent_in_a_file()[0]]
    assert [call[:2] for call in asked] == [(extent.base, STRIDE * extent.lanes) for extent in made]


@pytest.mark.usefixtures("two_nodes")
def test_lanes_are_placed_before_they_have_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    monkeypatch.setattr(nodes, "place_lanes", lambda *_: events.append("placed"))
    monkeypatch.setattr(extents, "populate", lambda *_: events.append("populated"))
    rseq.Counter(segment=rseq.Segment())
    assert events[0] == "placed"
    assert set(events[1:]) == {"populated"}


def test_the_kernel_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real call, for the node that every machine has."""
    maps = Path("/proc/self/numa_maps")
    if not maps.exists():
        pytest.skip("this kernel knows of no nodes")
    monkeypatch.setattr(segment, "online_nodes", lambda: 2)
    monkeypatch.setattr(nodes, "cpu_nodes", lambda: dict.fromkeys(range(cpus.possible_cpus()), 0))
    private, (shared, _mapping) = private_extent(STRIDE), extent_in_a_file()
    policies = dict(line.split(maxsplit=2)[:2] for line in maps.read_text().splitlines())
    for extent in (private, shared):
        assert policies[f"{extent.base:08x}"] == "prefer:0"


def test_one_node_asks_nothing_and_loads_nothing() -> None:
    code = """
        import sys
        import rseq
        from rseq._percpu import segment
        segment.online_nodes = lambda: 1
        segment.private_extent(1)
        rseq.Counter(segment=rseq.Segment())
        print("rseq._percpu.nodes" in sys.modules)
        segment.online_nodes = lambda: 2
        segment.private_extent(1)
        print("rseq._percpu.nodes" in sys.modules)
    """
    assert run_python(code).stdout.split() == ["False", "True"]


def test_a_system_that_forbids_it_is_passed_over() -> None:
    code = """
    import rseq
    from rseq._libc import system_call
    from rseq._percpu import nodes, segment
    forbid(arch.host().mbind, errno.EPERM)
    segment.online_nodes = lambda: 2
    nodes.cpu_nodes = lambda: {0: 0}
    private, shared = segment.private_extent(1), rseq.Counter(segment=rseq.Segment())
    segment.zero(private.place(0), private.stride)
    segment.zero(shared.storage.place, 8)
    print(system_call(arch.host().mbind) == errno.EPERM)
    """
    assert run_python(FORBID + code).stdout.split() == ["True"]


# How many there may be


def test_no_more_ranges_are_made_than_leave_room_for_other_mappings(
    asked: list[tuple[int, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nodes, "MAX_RANGES", 5)
    monkeypatch.setattr(nodes, "cpu_nodes", lambda: {0: 0, 1: 1})
    mappings = [segment.sparse(PAGE_BYTES, mmap.MAP_PRIVATE) for _ in range(4)]
    for mapping in mappings[:3]:
        nodes.place_lanes(0, STRIDE, 2, mapping)
    assert len(asked) == 4, "two ranges in each of the first two"
    del mapping, mappings[0]
    gc.collect()
    nodes.place_lanes(0, STRIDE, 2, mappings[-1])
    assert len(asked) == 6, "what was unmapped counts no more"
