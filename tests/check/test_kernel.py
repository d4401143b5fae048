"""The model kernel does what Linux does: ABI.md 1.4 to 1.6, row by row."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from rseq._check.kernel import TASK_SIZE, Area, Generation, KilledError, interrupt, registered, require_unchanged

SIGNATURE, DESCRIPTOR, START, LENGTH, ABORT = 0x53053053, 0x1000, 0x2000, 0x40, 0x3004
GENERATIONS: list[Generation] = ["legacy", "v2"]


def memory(
    *,
    version: int = 0,
    flags: int = 0,
    start: int = START,
    length: int = LENGTH,
    abort: int = ABORT,
    signature: int = 0,
) -> dict[int, bytes]:
    """A descriptor and the signature before its abort handler."""
    descriptor = struct.pack("<IIQQQ", version, flags, start, length, abort)
    return {DESCRIPTOR: descriptor, ABORT - 4: struct.pack("<I", signature or SIGNATURE)}


def interrupted(
    pc: int, cells: dict[int, bytes], generation: Generation, rseq_cs: int = DESCRIPTOR
) -> tuple[int, Area]:
    area = registered(0, 0)._replace(rseq_cs=rseq_cs)
    read: Any = lambda address, nbytes: cells.get(address)  # noqa: E731
    return interrupt(pc, area, registered(1, 5), signature=SIGNATURE, order="<", read=read, generation=generation)


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("pc", [START, START + 1, START + LENGTH - 1])
def test_inside_of_the_section_the_thread_goes_on_at_the_abort_address(pc: int, generation: Generation) -> None:
    assert interrupted(pc, memory(), generation) == (ABORT, registered(1, 5))


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("pc", [START - 1, START + LENGTH, ABORT, 0])
def test_outside_of_it_only_rseq_cs_is_cleared(pc: int, generation: Generation) -> None:
    assert interrupted(pc, memory(), generation) == (pc, registered(1, 5))


@pytest.mark.parametrize("generation", GENERATIONS)
def test_without_a_descriptor_nothing_happens(generation: Generation) -> None:
    assert interrupted(START, {}, generation, rseq_cs=0) == (START, registered(1, 5))


BROKEN: dict[str, tuple[dict[str, int], set[Generation]]] = {
    "signature wrong": ({"signature": 1}, {"legacy", "v2"}),
    "abort address inside": ({"start": ABORT - 0x10, "length": 0x40}, {"legacy"}),
    "version 1": ({"version": 1}, {"legacy"}),
    "flags 1": ({"flags": 1}, {"legacy"}),
    "abort address not user space's": ({"abort": TASK_SIZE}, {"legacy", "v2"}),
}


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("defect", BROKEN)
def test_inside_a_broken_descriptor_kills(defect: str, generation: Generation) -> None:
    fields, killing = BROKEN[defect]
    pc = fields.get("start", START) + 4
    if generation in killing:
        with pytest.raises(KilledError):
            interrupted(pc, memory(**fields), generation)
    else:
        assert interrupted(pc, memory(**fields), generation)[0] == ABORT


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("rseq_cs", [0x7000, TASK_SIZE, TASK_SIZE + 0x1000])
def test_a_descriptor_that_cannot_be_read_kills_wherever_the_thread_is(rseq_cs: int, generation: Generation) -> None:
    with pytest.raises(KilledError, match="no descriptor can be read"):
        interrupted(0, memory(), generation, rseq_cs)


def test_outside_a_stale_signature_kills_only_where_everything_is_validated() -> None:
    overwritten = memory(signature=1)
    with pytest.raises(KilledError, match="not the signature"):
        interrupted(0, overwritten, "legacy")
    assert interrupted(0, overwritten, "v2") == (0, registered(1, 5))


def test_a_changed_number_kills_where_the_kernel_looks() -> None:
    require_unchanged(registered(0, 0)._replace(rseq_cs=DESCRIPTOR), registered(0, 0))
    with pytest.raises(KilledError, match="are the kernel's"):
        require_unchanged(registered(0, 0)._replace(cpu_id_start=1), registered(0, 0))


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_area_lies_in_memory_as_the_kernel_has_it(order: str) -> None:
    area = Area(1, 2, 3, 4, 5)
    assert area.pack(order) == struct.pack(f"{order}IIQIIII", 1, 2, 3, 0, 4, 5, 0)
    assert Area.unpack(area.pack(order), order) == area
