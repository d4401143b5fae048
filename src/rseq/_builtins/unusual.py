"""What machine code does not read of a builtin's arguments: they are converted here, or refused in words.

Machine code passes all arguments on as they came. It reads what it gets back as if the caller had passed that:
for each parameter an exact int, float or bool, a row or None, bytes or what has a buffer. It looks at them as at any
others, so that nothing depends on what this returns. Numbers come first, then rows, the index into an array of
records, and buffers: as long as somebody's code may run, nothing is held.

A buffer of references to Python objects is refused: bytes that are copied over them would be followed as pointers. Its
exporter says so in the format (PEP 3118). NumPy has no format for some types, such as dates; there the dtype knows.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import partial
from typing import Any

from rseq import _quick_ctypes as ctypes
from rseq._builtins.arguments import parameter_names
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.given import defaults_of, in_order, is_of_python_code, number, shown
from rseq._language.types import Buffer, Pointer
from rseq._once import load
from rseq._percpu.rows import Row
from rseq._percpu.segment import Place

_PLACE_WORDS = len(Place._fields)
_NO_FORMAT = memoryview(b"")
_INSTEAD = "only bytes and numbers can be copied: use an array of numbers, or pickle.dumps()"


class Unusual:
    """Converts the arguments of the builtins of one program: `unusual(address of words)(*arguments, **keywords)`.

    The words are what the builtin is bound to (builtin.py).
    """

    def __init__(self, code: Compiled, title: str, dimensions: int) -> None:
        self._title, self._dimensions = title, dimensions
        self._parameters, self._defaults = code.body.given, defaults_of(code.body.given, code.body.defaults)
        self._names = parameter_names(code, dimensions)
        as_called = f"{title}({', '.join(self._names)})"
        self._order = f", after the index of the element: {as_called}" if dimensions else ""

    def __call__(self, words: int) -> Callable[..., tuple[object, ...]]:
        return partial(self._converted, words)

    def _converted(self, words: int, /, *arguments: object, **keywords: object) -> tuple[object, ...]:
        given = in_order(self._title, self._names, self._defaults, arguments, keywords, self._order)
        index, values = given[: bool(self._dimensions)], given[bool(self._dimensions) :]
        values = list(map(self._number_or_row, self._parameters, values))
        self._require_own_rows(words, values)
        index = [self._index(words, one) for one in index]
        return (*index, *map(self._buffer, self._parameters, values))

    # ---- numbers and rows

    def _number_or_row(self, parameter: ir.Value, given: object) -> object:
        if isinstance(parameter.type, Buffer):
            return given
        if not isinstance(parameter.type, Pointer):
            return number(self._title, parameter, given)
        name = f"{self._title}(): {parameter.name}"
        if given is not None and type(given) is not Row:  # no isinstance: an object can lie about its class
            raise TypeError(f"{name} is {parameter.type!r}, a row of an rseq.array or None; got {given!r}")
        if given is not None and not hasattr(given, "address"):
            raise TypeError(f"{name} is a row that was made without calling rseq.array")
        return given

    def _require_own_rows(self, words: int, values: list[object]) -> None:
        place = words + 8 * (_PLACE_WORDS + self._dimensions)
        for parameter, value in zip(self._parameters, values, strict=True):
            if isinstance(parameter.type, Pointer):
                rows = range(_word(place), _word(place + 8), parameter.type.target.size)
                place += 16
                if isinstance(value, Row) and value.address not in rows:
                    raise ValueError(
                        f"{self._title}(): {parameter.name} is a row of another array than this is bound to"
                    )

    # ---- the index into an array of records

    def _index(self, words: int, index: Any) -> object:
        """An int in its range, or a tuple of such."""
        is_tuple = issubclass(type(index), tuple)
        if self._dimensions == 1:
            is_one = is_tuple and tuple.__len__(index) == 1
            return self._position(words, 0, tuple.__getitem__(index, 0) if is_one else index)
        if not is_tuple or tuple.__len__(index) != self._dimensions:
            raise TypeError(f"{self._title}(): index is a tuple of {self._dimensions} ints; got {index!r}")
        parts = enumerate(tuple.__iter__(index))
        return tuple(self._position(words, axis, part) for axis, part in parts)

    def _position(self, words: int, axis: int, given: Any) -> int:
        length = _word(words + 8 * (_PLACE_WORDS + axis))
        try:
            number = operator.index(given)
        except TypeError as error:
            if is_of_python_code(error):
                raise
            number = None
        if number is None:
            raise TypeError(f"{self._title}(): an index is an int; got {given!r}")
        which = f"is out of range for axis {axis}, which has {length} elements"
        if not -(1 << 63) <= number < 1 << 63:
            raise IndexError(f"{self._title}(): an index {which}; got {shown(given)}")
        if not 0 <= number < length:
            raise IndexError(f"{self._title}(): index {number} {which}")
        return number

    # ---- buffers

    def _buffer(self, parameter: ir.Value, given: Any) -> object:
        """What is one, of the same memory. Where its exporter refuses it (not contiguous, read-only), that says so."""
        if not isinstance(parameter.type, Buffer):
            return given
        what, like = ("writable ", "a bytearray") if parameter.type.writable else ("", "bytes")
        what = f"{what}bytes-like object, such as {like} or a NumPy array; got {type(given)!r}"
        expected, view = f"{self._title}(): {parameter.name} is a {what}", _view(given)
        if view is None:
            raise TypeError(f"{expected}; encode it first, as in text.encode()" if isinstance(given, str) else expected)
        if _dtype_holds_objects(given) if view is _NO_FORMAT else "O" in _without_names(view.format):
            raise TypeError(f"{expected} that holds Python objects; {_INSTEAD}")
        return _plain(given, view)


def _view(given: Any) -> memoryview | None:
    """A view of a buffer. None: it is none. _NO_FORMAT: NumPy has no format for what it holds."""
    try:
        return memoryview(given)
    except TypeError as error:
        if is_of_python_code(error):
            raise
        return None
    except ValueError as error:
        if is_of_python_code(error) or _dtype_holds_objects(given) is None:
            raise
        return _NO_FORMAT


def _dtype_holds_objects(given: Any) -> bool | None:
    return getattr(getattr(given, "dtype", None), "hasobject", None)


def _without_names(form: str) -> str:
    return "".join(form.split(":")[::2])  # names of fields stand in colons


def _plain(given: Any, view: memoryview) -> object:
    """A buffer whose format has no O in it, not even in a name, of what is contiguous."""
    if view is _NO_FORMAT:
        load("numpy")
        import numpy as np

        return np.frombuffer(given, np.uint8) if given.flags.c_contiguous else given
    if "O" in view.format and view.c_contiguous:
        from pickle import PickleBuffer

        return PickleBuffer(view).raw()
    return given


def _word(address: int) -> int:
    return ctypes.c_uint64.from_address(address).value
