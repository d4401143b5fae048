"""How large the parts of a ring buffer are, and what its words say: numbers that writers and readers agree on."""

from __future__ import annotations

SKIP = 0xFFFFFFFF
"""In place of a length: what follows is at the start of `data`, or of the next part."""

MOST_BYTES = 1 << 20
"""The largest record there is. It is copied in one section, which is begun again if the time slice ends in it, with the
GIL held: a hundred microseconds or so. Of one a hundred times as long, no attempt might ever come to its end."""

_MOST_COUNT_BITS = 10


def low_bits(part_units: int) -> int:
    """How many bits of `head` are below the position, if the ring has parts: which word, and a count.

    In small parts the count is small, so that small rings, which the checker goes through, have it begin anew as well.
    """
    return 1 + max(1, min(part_units.bit_length() - 3, _MOST_COUNT_BITS))


def odd(part_units: int) -> int:
    """The bit of `head` that says which word counts; those below it are the count."""
    return 1 << low_bits(part_units) - 1


def header_units(timed: bool) -> int:
    """Units before a record's bytes."""
    return 3 if timed else 1


def padding(timed: bool) -> int:
    """What is added to the bytes of a record, so that a quarter of the sum are its units."""
    return 4 * header_units(timed) + 3


def largest(units: int, parts: int, timed: bool) -> int:
    """The bytes of the largest record that a ring of `units` holds; `parts` is 0 if it does not overwrite."""
    room = units // parts - 3 if parts else units // 2
    return min(4 * max(room - header_units(timed), 0), MOST_BYTES)


def position_and_slot(tail: int) -> tuple[int, int]:
    """What `tail` of a ring that overwrites says."""
    return tail >> 1, tail & 1
