"""The memoryviews of a pool's items that this process holds: which is whose.

The memory behind an item's memoryviews, their `obj`, knows the item's number. So each item has one place that says who
holds it, and that is written anew each time. A dict of all that are held would grow and shrink.

    rows[number]   | view | held: a ticket and its memoryview | given: what `held` was when that came to `release` |

Only the holder of an item writes there, and no longer once the item is let go. But somebody else may let it go, by its
number or in a forked process. Whoever acquires it then has overtaken a holder that has not called `release` yet, and
begins another row, so that the two stay apart.
"""

from __future__ import annotations

from rseq import _quick_ctypes as ctypes
from rseq._once import once
from rseq._quick import ref
from rseq._structures.pool.states import ROW

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from rseq._percpu.memory import Memory

WHOLE = slice(None)
"""What `[:]` means, where it is made anew each time."""

_NOBODY = 0, memoryview(b"")


class Row:
    """What is known of an item. Nobody holds it as a memoryview if `held` and `given` are the same."""

    __slots__ = ("given", "held", "view")

    def __init__(self, view: memoryview) -> None:
        """The item's memoryviews are slices of `view`.

        Slices of one view share a count of uses, which free-threaded Python does not protect, so each item has its own.
        """
        self.view = view
        self.held: tuple[int, Any] = _NOBODY  # with a weak reference, once it was overtaken
        self.given: tuple[int, Any] = _NOBODY


class Views:
    """Those of `count` items, which begin every `stride` bytes in `memory`. Each memoryview keeps the memory."""

    __slots__ = ("__weakref__", "_count", "_memory", "_part", "_stride", "overtaken", "rows")

    def __init__(self, memory: Memory, nbytes: int, stride: int, count: int) -> None:
        self._memory, self._part, self._stride, self._count = memory, _part_of(nbytes), stride, count
        self.rows: dict[int, Row] = {}
        self.overtaken: dict[int, Row] = {}
        """Those whose memoryviews have not come to `release`, by the identity of these, while somebody has them."""

    def of(self, ticket: int) -> memoryview:
        """The memoryview that goes with a ticket that has just been taken.

        Raises: IndexError - there is no such item, because somebody has written where the numbers are.
        """
        row = self.rows.get(ticket & ROW)
        if row is None or row.held is not row.given:
            row = self._new_row(ticket & ROW)
        item = row.view[WHOLE]
        row.held = ticket, item
        return item

    def _new_row(self, number: int) -> Row:
        before = self.rows.get(number)
        if before is None:
            view = self._whole(number)
        else:
            view = before.view
            self._overtake(*before.held, view)
        self.rows[number] = row = Row(view)
        return row

    def _overtake(self, ticket: int, item: memoryview, view: memoryview) -> None:
        """Remember an item's memoryview until it comes to `release`, or nobody has it any more."""
        key = id(item)
        self.overtaken[key] = row = Row(view)
        row.held = ticket, ref(item, _forgets(ref(self), key))

    def _whole(self, number: int) -> memoryview:
        if number >= self._count:
            raise IndexError(
                f"item {number} of {self._count}: somebody has overwritten what the pool knows of its items"
            )
        part = self._part.from_address(self._memory.place.addresses()[-1] + number * self._stride)
        part.row, part.memory = number, self._memory
        return memoryview(part).cast("B")

    def is_item(self, item: memoryview, number: int) -> bool:
        """Whether it is a memoryview for a ticket of item `number`. Raises: KeyError, TypeError - that has none."""
        return self.rows[number].held[1] is item or id(item) in self.overtaken

    def end(self, ticket: int) -> bool:
        """Release the memoryview for that ticket, if that was not done before; False if somebody uses it."""
        row = self.rows.get(ticket & ROW)
        held = _NOBODY if row is None else row.held
        if row is not None and held[0] == ticket:
            try:
                held[1].release()
            except BufferError:
                return False
            row.given = held
        return True


def _forgets(views: ref[Views], key: int) -> Callable[[object], None]:
    """What takes an overtaken memoryview off the list. It keeps nobody alive."""

    def forget(_: object) -> None:
        there = views()
        if there is not None:
            there.overtaken.pop(key, None)

    return forget


@once
def _part_of(nbytes: int) -> Any:
    """The type of an item's memory."""
    part: Any = ctypes.c_ubyte * nbytes

    class Part(part):  # type: ignore[misc]
        """It knows the item's number, and keeps the memory."""

        __slots__ = ("memory", "row")

    return Part
