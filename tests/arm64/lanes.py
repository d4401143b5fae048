"""What is shown in the emulated machine with two NUMA nodes: the pages of a lane lie on the node of the lane's CPU.

Everything here is made and written on CPU 0, so that without a policy of their own all pages would lie on its node.
move_pages(2), which moves nothing if it is told no nodes, says where each is.
"""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import rseq
from rseq._libc import os_error, system_call
from rseq._percpu.segment import PAGE_BYTES, Place
from rseq._percpu.storage import parts_of
from rseq._structures.structure import storage_of

MOVE_PAGES = 239  # asm-generic/unistd.h


def main() -> int:
    os.sched_setaffinity(0, {0})
    nodes = {cpu: node_of(cpu) for cpu in range(os.cpu_count() or 1)}
    print("node of each CPU:", nodes)
    wrong = sum(misplaced(title, stack, nodes) for title, stack in stacks())
    print(f"\n{wrong} lanes have pages on a wrong node")
    return 1 if wrong or len(set(nodes.values())) < 2 else 0


def node_of(cpu: int) -> int:
    """As the kernel's links say, which the package does not read."""
    (link,) = Path(f"/sys/devices/system/cpu/cpu{cpu}").glob("node[0-9]*")
    return int(link.name.removeprefix("node"))


def stacks() -> list[tuple[str, rseq.Stack]]:
    """Making one writes its limit into each lane, and populates all of its pages if they are shared."""
    return [
        ("private, in an extent with others", rseq.Stack(1 << 10)),
        ("private, in an extent of its own", rseq.Stack(1 << 14)),
        ("shared by forked processes", rseq.Stack(1 << 14, segment=rseq.Segment())),
    ]


def misplaced(title: str, stack: rseq.Stack, nodes: dict[int, int]) -> int:
    """How many lanes have a page on another node than that of their CPU. Prints where the pages of each are."""
    print(f"\n{title}")
    memory, wrong = parts_of(storage_of(stack)).memory, 0
    for lane, pages in enumerate(lanes(memory.place, memory.nbytes)):
        found = where(pages)
        if lane in nodes:
            is_wrong = set(found) != {nodes[lane]}
            wrong += is_wrong
            print(f"  lane {lane}, of node {nodes[lane]}: {told(found)}{'  WRONG' if is_wrong else ''}")
        else:
            print(f"  spare lane: {told(found)}")
    return wrong


def lanes(place: Place, nbytes: int) -> list[range]:
    """The addresses of the pages in each lane, each written here."""
    found = [range(address & -PAGE_BYTES, address + nbytes, PAGE_BYTES) for address in place.addresses()]
    for page in (page for pages in found for page in pages):
        ctypes.memmove(page, page, 1)
    return found


def where(pages: range) -> list[int]:
    """The node of each page; a negative errno for one that is not there."""
    count = len(pages)
    addresses, found = (ctypes.c_void_p * count)(*pages), (ctypes.c_int * count)()
    failure = system_call(MOVE_PAGES, 0, count, ctypes.addressof(addresses), 0, ctypes.addressof(found), 0)
    if failure:
        raise os_error("move_pages", failure)
    return list(found)


def told(found: list[int]) -> str:
    return ", ".join(f"{found.count(node)} pages on node {node}" for node in sorted(set(found)))


if __name__ == "__main__":
    sys.exit(main())
