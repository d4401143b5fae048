"""What callers may pass: numbers, shapes and records, or a sentence that says what was expected."""

from __future__ import annotations

from rseq._percpu.allocator import MAX_ITEM_BYTES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import SupportsFloat, TypeVar

    T = TypeVar("T", bound=str)

MAX_DIMENSIONS = 32

_INFINITE = float("inf")

_FAR = 1 << 128
"""Nobody has a use for larger numbers; sentences would have their digits, and Python does not print very many."""


def integer(name: str, value: object) -> int:
    """`value` as an int; one that is further than 2**128 from 0 as that. Raises: TypeError - it is none (as a bool)."""
    if type(value) is int:
        found = value
    elif isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name}: expected an int, got {value!r}")
    else:
        from _operator import index

        found = index(value)
    return found if -_FAR <= found <= _FAR else max(-_FAR, min(found, _FAR))


def number(name: str, value: SupportsFloat) -> float:
    """`value` as a float; a number that is larger than all of them is infinite.

    What has a length is none, even if Python or NumPy would convert it: texts, and arrays of one element.
    """
    is_plain = type(value) in (float, int)
    is_complex = not is_plain and _is(value, "Complex") and not _is(value, "Real")
    is_real = hasattr(value, "__float__") or hasattr(value, "__index__")
    if is_complex or not is_real or hasattr(value, "__len__"):
        raise TypeError(f"{name}: expected a number, got {value!r}")
    try:
        return float(value)
    except OverflowError:
        return -_INFINITE if _is(value, "Real") and value < 0 else _INFINITE  # type: ignore[operator]


def _is(value: object, kind: str) -> bool:
    import numbers

    return isinstance(value, getattr(numbers, kind))


def one_of(name: str, value: object, known: tuple[T, ...]) -> T:
    """That of the strings `known` which `value` is. Raises: ValueError - none of them."""
    if isinstance(value, str):
        text = str.__str__(value)  # its class may compare as it likes
        for one in known:
            if one == text:
                return one
    raise ValueError(f"{name}: expected {' or '.join(map(repr, known))}, got {value!r}")


def boolean(name: str, value: object) -> bool:
    """`value`. Raises: TypeError - it is neither True nor False; what would count as one may be a mistake."""
    if not isinstance(value, bool):
        raise TypeError(f"{name}: expected True or False, got {value!r}")
    return value


def product(lengths: tuple[int, ...]) -> int:
    """How many elements an array of this shape has; exact, however large."""
    count = 1
    for length in lengths:
        count *= length
    return count


def shape_of(shape: object, advice: str = "leave it out for a single record") -> tuple[int, ...]:
    """The shape that None, an int or a tuple of ints stands for; `advice` is for who gives no shape that there can be.

    Raises: TypeError - something else. ValueError - a length below 1, or too many dimensions.
    """
    if shape is None:
        return ()
    given = shape if isinstance(shape, (tuple, list)) else (shape,)
    if len(given) > MAX_DIMENSIONS:
        raise ValueError(f"shape: expected at most {MAX_DIMENSIONS} dimensions, got {len(given)}")
    lengths = tuple(integer("shape", length) for length in given)
    if any(length < 1 for length in lengths):
        got = lengths if given is shape else lengths[0]
        raise ValueError(f"shape: expected lengths of at least 1, got {got}; {advice}")
    return lengths


def require_record(record: object, call: str) -> None:
    """Raises: TypeError - `record` is no subclass of `rseq.Record`; `call` is what the sentence shows as right."""
    from rseq._language.types import Record

    if type(record) is not type(Record) or record is Record:  # no isinstance: an object can lie about its class
        raise TypeError(f"expected a subclass of rseq.Record, as in {call}; got {record!r}")


def require_bytes(nbytes: int, what: str) -> None:
    """Raises: ValueError - `nbytes` is more than anyone means."""
    if nbytes > MAX_ITEM_BYTES:
        raise ValueError(f"{what} needs {nbytes} bytes; the most is {MAX_ITEM_BYTES}")
