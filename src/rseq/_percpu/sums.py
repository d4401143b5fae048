"""Numbers that lie side by side, each added up over all lanes: one call of generated code, however many there are."""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._quick import cache
from rseq._ready import ready

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rseq._percpu.segment import Extent, Place

SUMMED: dict[str, Any] = {"i64": "q", "u64": "Q", "f64": "d"}
"""The types of numbers that can be added up, those of a word, as `memoryview.cast` knows them."""

_WORD_BYTES = 8


def add_lanes(place: Place | Extent, type: str, sums: Any) -> None:
    """Add the numbers at `place` and behind it, in all lanes, the spare one too, to those in `sums`.

    `sums` is a contiguous buffer that can be written to, a bytearray or an array of NumPy, with a word for each number.
    They are of `type`, one of SUMMED. Integers wrap around. Floats are added in the order of the lanes.
    Each number is read in one piece, and is one that was there; two need not be of one moment.
    Raises: TypeError, BufferError - no such buffer. ValueError - another type, no whole words, or more than are in a
    lane; a place that is not at a whole word.
    Threads: any, while sequences run. Whoever calls keeps the memory at `place` alive; `sums` is the caller's alone.
    """
    if type not in SUMMED:
        raise ValueError(f"expected numbers of type {', '.join(SUMMED)} to add up, got {type}")
    nbytes = memoryview(sums).nbytes
    if not nbytes:
        return
    first = ctypes.c_char.from_buffer(sums)
    address = ctypes.addressof(first)
    if (nbytes | address | place.base) % _WORD_BYTES or nbytes > place.stride:
        raise ValueError(
            f"expected aligned words, at most {place.stride} bytes of them in a lane; got {nbytes} bytes at "
            f"{place.base:#x} to add to what is at {address:#x}"
        )
    add = _function("f64" if type == "f64" else "i64")
    add(place.base, place.stride, place.lanes + 1, nbytes // _WORD_BYTES, address)


def sums_of(place: Place | Extent, type: str, count: int) -> list[Any]:
    """The sums of `count` numbers at `place`; the same contract."""
    sums = bytearray(_WORD_BYTES * count)
    add_lanes(place, type, sums)
    numbers: list[Any] = memoryview(sums).cast(SUMMED[type]).tolist()
    return numbers


def require_adders() -> None:
    """Load the machine code now, so that whoever can count can add up, when there are no more files or memory to get.

    Raises: UnsupportedError - this machine's architecture has no code generator. OSError - no executable memory.
    """
    _entries()


def _entries() -> Mapping[str, int]:
    return ready("sums", "rseq._percpu.sums_code").entries


@cache
def _function(type: str) -> Any:
    entry = _entries()[f"sum_{type}"]
    return ctypes.CFUNCTYPE(None, *(ctypes.c_uint64,) * 5)(entry)
