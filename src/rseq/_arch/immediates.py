"""Numbers in instructions: which ones an instruction can hold, and how their bits are put there."""

from __future__ import annotations

from collections.abc import Iterator

Fields = tuple[tuple[int, int, int], ...]
"""Bits of a number from … to, and where they go."""


def fits(number: int, bits: int) -> bool:
    """True if so many bits, of which one is the sign, hold it."""
    return -(1 << (bits - 1)) <= number < 1 << (bits - 1)


def fitting(number: int, bits: int) -> int:
    """`number`, which has a sign. Raises: ValueError - it is a distance too large for so many bits."""
    if not fits(number, bits):
        raise ValueError(f"code refers to something too far away for {bits} bits: {number}")
    return number


def insert(image: bytearray, where: int, number: int, fields: Fields, size: int = 4) -> None:
    """Put bits of `number`, each (lowest, highest, place), into the little-endian instruction at `where`."""
    word = int.from_bytes(image[where : where + size], "little")
    for low, high, place in fields:
        mask = (1 << (high - low + 1)) - 1
        word = word & ~(mask << place) | (number >> low & mask) << place
    image[where : where + size] = word.to_bytes(size, "little")


def is_rotated_byte(number: int) -> bool:
    """True if 32 bits are one byte, rotated by an even count."""
    number &= 0xFFFFFFFF
    return any((number << turn | number >> (32 - turn)) & 0xFFFFFFFF < 256 for turn in range(0, 32, 2))


def is_repeated_run(number: int) -> bool:
    """True if 64 bits are a rotated run of ones, repeated every 2, 4 … 64 bits."""
    number &= (1 << 64) - 1
    for bits in (2, 4, 8, 16, 32, 64):
        mask = (1 << bits) - 1
        if number == (number & mask) * (((1 << 64) - 1) // mask):
            part = number & mask
            return 0 < part < mask and (_is_run(part) or _is_run(part ^ mask))
    return False


def _is_run(number: int) -> bool:
    return (number + (number & -number)) & number == 0


def half_words(number: int) -> Iterator[tuple[str, int, int]]:
    """What makes 64 bits, sixteen at a time: `movz`, `movn` or `movk`, a half-word and its shift."""
    halves = [(number >> shift & 0xFFFF, shift) for shift in (0, 16, 32, 48)]
    fill = 0xFFFF if sum(half == 0xFFFF for half, _ in halves) > sum(half == 0 for half, _ in halves) else 0
    needed = [pair for pair in halves if pair[0] != fill] or [(fill, 0)]
    first, shift = needed[0]
    yield ("movn", first ^ 0xFFFF, shift) if fill else ("movz", first, shift)
    yield from (("movk", half, shift) for half, shift in needed[1:])
