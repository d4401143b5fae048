"""The numbers that all who work on a pool agree on: what states and tickets say, and what is in new lanes."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_COUNT = 1 << 28
"""The most items of a pool."""

MAX_SHIFT = 26
"""Lanes of more items than `1 << MAX_SHIFT` are larger than a record may be."""

MOST_HINTS = 32
"""The most hints of a CPU. Half of them are a batch, at most."""

LINE_BYTES = 64

OWNER = (1 << 32) - 1
CACHED, HELD = 1 << 32, 1 << 33
GENERATION = 1 << 34
"""A state: the owner, what the item is, and above that its generation."""

ROW = (1 << 32) - 1
"""A ticket: the item's number, and above that its generation."""


def shift_for(count: int, lanes: int) -> int:
    """By how much: of pools of `count` items, each of the `lanes` has `1 << shift`."""
    return (-(-count // lanes) - 1).bit_length()


def first_words(lanes: int, count: int) -> Iterator[tuple[int, str, int]]:
    """What is in the lanes of a new pool: lane, field, number. Each CPU begins to look at items of its own."""
    for lane in range(lanes):
        yield lane, "count", count
        yield lane, "batch", min(max(count // (2 * lanes), 1), MOST_HINTS // 2)
        yield lane, "cursor", lane * count // lanes


def rows_by_owner(states: list[int]) -> dict[int, list[int]]:
    """The numbers of the items that are held, from all states."""
    owners: dict[int, list[int]] = {}
    for row, state in enumerate(states):
        if state & HELD:
            owners.setdefault(state & OWNER, []).append(row)
    return owners


def tickets_of(states: list[int], owner: int) -> list[int]:
    """The tickets of the items that `owner` holds."""
    return [(states[row] // GENERATION << 32) + row for row in rows_by_owner(states).get(owner, [])]
