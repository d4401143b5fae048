"""NUMA nodes: the pages of a lane lie on the node of the lane's CPU, whoever writes to them first.

The kernel takes a page from the node of the CPU that first writes to it. So whoever makes a structure and sets each
lane's limit, or populates a shared segment, would get the pages of all lanes onto one node. Here each lane gets a
memory policy (mbind(2)) before it has pages: lanes side by side on one node get theirs in one call. In memory that is
shared the policy is the memory's, and holds in all processes.

The policy is a preference: where the node is full, pages come from another one. It goes before a policy of the process
(numactl), and cpusets go before it. All this is a matter of speed, so that what fails is passed over: kernels without
NUMA, seccomp filters, nodes without memory. Lanes of CPUs that are offline when an extent is made, and the spare lane,
have no policy. Lanes by `mm_cid` belong to no CPU; they are in the same extents and lie where the CPU of their number
has its memory.

Each policy makes a mapping of its own (in /proc/self/maps), and a process may have 65,530 of them. So no more than
MAX_RANGES are made. Extents beyond that have no policy: their pages lie where they are first written.
segment.py imports this module on machines with several nodes only.
"""

from __future__ import annotations

from itertools import groupby

from rseq import _abi as abi
from rseq import _quick_ctypes as ctypes
from rseq._libc import system_call
from rseq._quick import NamedTuple, cache, partial, ref
from rseq._thread.cpus import NODES, list_in, online_nodes
from rseq._thread.support import fact, is_supported

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    from collections.abc import Iterator, Mapping

MAX_RANGES = 1 << 14
"""How many ranges of lanes have policies at a time, in this process: a quarter of the mappings that Linux allows."""

_WORD_BITS = 8 * ctypes.sizeof(ctypes.c_ulong)

_placed: dict[int, tuple[ref[mmap.mmap], int]] = {}
"""By the identity of a mapping: how many ranges in it have policies."""


class Range(NamedTuple):
    """Lanes side by side whose CPUs belong to one node."""

    lanes: range
    node: int


def place_lanes(base: int, stride: int, lanes: int, mapping: mmap.mmap) -> None:
    """Have the lanes of a new extent, `stride` bytes each from `base` on, get their pages from their CPUs' nodes.

    Raises: OSError - too many files are open to ask for the nodes. Threads: any thread.
    """
    ranges = node_ranges(lanes, cpu_nodes())
    if not is_supported() or len(ranges) + sum(count for _, count in list(_placed.values())) > MAX_RANGES:
        return
    key = id(mapping)
    _placed[key] = ref(mapping, partial(_placed.pop, key)), len(ranges)
    for near, node in ranges:
        _prefer(base + near.start * stride, len(near) * stride, node)


def node_ranges(lanes: int, nodes: Mapping[int, int]) -> list[Range]:
    """The lanes 0 … lanes - 1 that belong to a node, in as few ranges as there can be. `nodes`: that of each CPU."""
    groups = [(list(group), node) for node, group in groupby(range(lanes), nodes.get)]
    return [Range(range(group[0], group[-1] + 1), node) for group, node in groups if node is not None]


@cache
def cpu_nodes(folder: str = NODES) -> Mapping[int, int]:
    """The node of each CPU that is online. `folder`: where the kernel tells of nodes.

    Raises: OSError - too many files are open: what is not known now would stay unknown.
    """
    return {cpu: node for node in range(online_nodes()) for cpu in _numbers(list_in(f"{folder}/node{node}/cpulist"))}


def _numbers(text: bytes) -> Iterator[int]:
    """Those in a list like "0-3,8"."""
    for part in text.split(b","):
        first, _, last = part.strip().partition(b"-")
        if first:
            yield from range(int(first), int(last or first) + 1)


def _prefer(address: int, nbytes: int, node: int) -> None:
    """Have pages come from `node`, if it has free ones. Where the system cannot or will not, nothing changes."""
    words = node // _WORD_BITS + 1
    mask = (ctypes.c_ulong * words)()
    mask[-1] = 1 << node % _WORD_BITS
    nbits = words * _WORD_BITS + 1  # the kernel takes one less
    system_call(fact("mbind"), address, nbytes, abi.MPOL_PREFERRED, ctypes.addressof(mask), nbits)
