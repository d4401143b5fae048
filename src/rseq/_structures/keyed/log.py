"""The keys of a counter, in the order in which they came: memory that is only ever appended to.

    | used | … | word 0 | word 1 | … | entry | entry | …
                 where entry 0 is       | bytes | digest | the key (keys.py) |

To add a key, a process takes bytes behind `used`, writes the entry, and puts its place into the first word that is 0,
by compare-and-exchange. If another process was faster, it reads what is there, and goes on with the next word; or it
finds its own key there, and leaves its bytes unused. So nobody waits: not for a process that was killed, nor a signal
handler for what it has interrupted. Who is killed before the word is stored leaves some bytes, and no key. A process
that was forked in the middle writes the same bytes to the same place, and one of the two stores the word.

The road not taken: bytes that were not needed are not given back. Whoever was forked meanwhile may yet write there.
Whatever is read here may have been written by anybody: places and lengths are compared with what there is.
"""

from __future__ import annotations

from _struct import Struct
from zlib import crc32

from rseq import _quick_ctypes as ctypes
from rseq._integers import round_up
from rseq._percpu.atomic import compare_exchange
from rseq._structures.keyed.keys import unpacked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rseq._structures.keyed.keys import Key

_HEAD_BYTES = 64
_ENTRY = Struct("=II")
_OVERHEAD = _ENTRY.size + 8
"""Bytes that an entry has beside what a key holds, as long as that is no tuple."""


def log_bytes(capacity: int, key_bytes: int) -> int:
    """The memory for so many keys of so many bytes each, on average."""
    return round_up(_entries_at(capacity) + capacity * round_up(key_bytes + _OVERHEAD, 8), _HEAD_BYTES)


def _entries_at(capacity: int) -> int:
    return _HEAD_BYTES + 8 * capacity


class Log:
    """The log in `memory`, the bytes of it; `where` is what errors call it.

    Threads: any thread of any process, at once; signal handlers too. Nobody waits.
    """

    def __init__(self, memory: memoryview, capacity: int, where: str) -> None:
        self._memory, self.capacity, self._where = memory, capacity, where
        self._first = _entries_at(capacity)
        self._used = memory[:8].cast("Q")
        self._words = memory[_HEAD_BYTES : self._first].cast("Q")
        self._address = ctypes.addressof(ctypes.c_char.from_buffer(memory))

    def __len__(self) -> int:
        """How many keys there are, found by halving: words are stored in order."""
        low, high = 0, self.capacity
        while low < high:
            middle = (low + high) // 2
            if self._words[middle]:
                low = middle + 1
            else:
                high = middle
        return low

    def read(self, number: int) -> Key | None:
        """Key `number`, which is below the capacity, or None if there is none yet. Raises: SegmentError - damaged."""
        place = self._words[number]
        if not place:
            return None
        compare_exchange(self._address, 0, 0)  # a barrier: the entry is read after its word
        if place % 8 or not self._first <= place <= len(self._memory) - _ENTRY.size:
            raise self.damaged(f"key {number} is said to be at {place}")
        size, digest = _ENTRY.unpack_from(self._memory, place)
        data = bytes(self._memory[place + _ENTRY.size : place + _ENTRY.size + size])
        if len(data) != size or crc32(data) != digest:
            raise self.damaged(f"key {number}, at {place}, is not what its digest says")
        try:
            return unpacked(data)
        except ValueError as error:
            raise self.damaged(f"key {number}: {error}") from None

    def write(self, data: bytes) -> int:
        """Write an entry that no word leads to yet; its place, or 0 if there is no room for it.

        Raises: SegmentError - damaged.
        """
        size = round_up(_ENTRY.size + len(data), 8)
        while True:
            used = self._used[0]
            place = used or self._first
            if place % 8 or not self._first <= place <= len(self._memory):
                raise self.damaged(f"{used} bytes are said to be used")
            if place + size > len(self._memory):
                return 0
            if compare_exchange(self._address, used, place + size):
                break
        self._memory[place : place + _ENTRY.size + len(data)] = _ENTRY.pack(len(data), crc32(data)) + data
        return place

    def commit(self, number: int, place: int) -> bool:
        """Make what was written at `place` key `number`, if there is none yet; whether it was made that."""
        return compare_exchange(self._address + _HEAD_BYTES + 8 * number, 0, place)

    def damaged(self, what: str) -> ValueError:
        """What to raise."""
        from rseq._percpu.shared.layout import SegmentError

        return SegmentError(f"the keys of {self._where} are damaged: {what}")
