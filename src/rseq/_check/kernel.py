"""The kernel's part in restartable sequences, as a model: what it does to a thread that it interrupts.

Linux does this when a thread goes back to user code after it was scheduled out, before a signal's handler is
entered, and on a membarrier RSEQ fence. If `rseq_cs` is set, it is cleared, and a thread that was inside of that
descriptor's section goes on at its abort address. Two generations differ in how much they validate:

    legacy   up to 6.18, and later for areas of 32 bytes: the whole descriptor, wherever the thread was
    v2       from 7.1 on, without debugging: of the descriptor only what is used; but the fields that the
             kernel keeps must be as it wrote them

Source: ABI.md 1.4 to 1.6, kernel/rseq.c and include/linux/rseq_entry.h. What would end the process with SIGSEGV
is raised as `KilledError`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Literal, NamedTuple

from rseq import _abi as abi

Generation = Literal["legacy", "v2"]
GENERATIONS: tuple[Generation, ...] = ("legacy", "v2")

TASK_SIZE = 1 << 47
"""The first address that is not user space's. On each architecture it lies above what is mapped here."""

Read = Callable[[int, int], bytes | None]
"""Bytes of the thread's memory, or None where it has none."""


class KilledError(Exception):
    """The kernel would end the process with SIGSEGV; the sentence says why."""


class Area(NamedTuple):
    """A thread's `struct rseq`. `node_id` is the CPU's number too: each CPU is a node of its own."""

    cpu_id_start: int
    cpu_id: int
    rseq_cs: int
    node_id: int
    mm_cid: int

    @classmethod
    def unpack(cls, data: bytes, order: str) -> Area:
        """The area as it lies in memory."""
        start, cpu, descriptor, _, node, cid = struct.unpack_from(order + "IIQIII", data)
        return cls(start, cpu, descriptor, node, cid)

    def pack(self, order: str) -> bytes:
        """The area's bytes, `abi.AREA_SIZE` of them."""
        words = (self.cpu_id_start, self.cpu_id, self.rseq_cs, 0, self.node_id, self.mm_cid, 0)
        return struct.pack(order + "IIQIIII", *words)

    @property
    def ids(self) -> tuple[int, int, int, int]:
        """What the kernel writes."""
        return self.cpu_id_start, self.cpu_id, self.node_id, self.mm_cid


def registered(cpu: int, mm_cid: int) -> Area:
    """The area of a thread on `cpu` that is in no section."""
    return Area(cpu, cpu, 0, cpu, mm_cid)


class Descriptor(NamedTuple):
    """A `struct rseq_cs`."""

    version: int
    flags: int
    start: int
    length: int
    abort: int

    def holds(self, pc: int) -> bool:
        """True inside of the section; the kernel subtracts and compares unsigned."""
        return (pc - self.start) & (1 << 64) - 1 < self.length


def interrupt(
    pc: int, area: Area, now: Area, *, signature: int, order: str, read: Read, generation: Generation = "legacy"
) -> tuple[int, Area]:
    """Where the interrupted thread goes on, and its area then.

    `area` is as the thread left it, `now` what the kernel wrote last and writes now: (before, after) moving.
    Raises: KilledError - the thread does not go on.
    """
    if not area.rseq_cs:
        return pc, now
    descriptor = _descriptor(area.rseq_cs, order, read)
    if generation == "legacy":
        _validate(descriptor, signature, order, read)
    if not descriptor.holds(pc):
        return pc, now
    if generation == "v2":
        if not abi.SIGNATURE_SIZE <= descriptor.abort < TASK_SIZE:
            raise KilledError(f"the abort address {descriptor.abort:#x} is none of user space's")
        _require_signature(descriptor, signature, order, read)
    return descriptor.abort, now


def require_unchanged(area: Area, written: Area) -> None:
    """What v2 checks before it writes: the fields that are the kernel's are as it left them."""
    if area.ids != written.ids:
        raise KilledError(f"the thread changed fields that are the kernel's: {area.ids} instead of {written.ids}")


def _descriptor(address: int, order: str, read: Read) -> Descriptor:
    data = read(address, abi.CS_SIZE) if address < TASK_SIZE else None
    if data is None:
        raise KilledError(f"rseq_cs is {address:#x}, where no descriptor can be read")
    return Descriptor(*struct.unpack(order + "IIQQQ", data))


def _validate(descriptor: Descriptor, signature: int, order: str, read: Read) -> None:
    if descriptor.version or descriptor.flags:
        raise KilledError(f"the descriptor has version {descriptor.version} and flags {descriptor.flags}, not 0 and 0")
    end = descriptor.start + descriptor.length
    if max(descriptor.start, descriptor.abort, end) >= TASK_SIZE:
        raise KilledError("the descriptor has an address that is none of user space's")
    if descriptor.holds(descriptor.abort):
        raise KilledError("the abort handler lies inside of the section")
    _require_signature(descriptor, signature, order, read)


def _require_signature(descriptor: Descriptor, signature: int, order: str, read: Read) -> None:
    data = read(descriptor.abort - abi.SIGNATURE_SIZE, abi.SIGNATURE_SIZE)
    found = None if data is None else struct.unpack(order + "I", data)[0]
    if found != signature:
        shown = "nothing" if found is None else f"{found:#010x}"
        raise KilledError(f"before the abort handler stands {shown}, not the signature {signature:#010x}")
