"""Types are objects, and a record is laid out as C and NumPy would do it."""

from __future__ import annotations

import ctypes
import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rseq
from rseq import f32, f64, i8, i32, i64, prepared, ptr, u8, u16, u64
from rseq._language.dtypes import as_scalar
from rseq._language.types import SCALARS, Array, Pointer, RecordType, Scalar

CTYPES = {
    "i8": ctypes.c_int8,
    "i16": ctypes.c_int16,
    "i32": ctypes.c_int32,
    "i64": ctypes.c_int64,
    "u8": ctypes.c_uint8,
    "u16": ctypes.c_uint16,
    "u32": ctypes.c_uint32,
    "u64": ctypes.c_uint64,
    "f32": ctypes.c_float,
    "f64": ctypes.c_double,
    "bool": ctypes.c_bool,
}
NUMBERS = [scalar for scalar in SCALARS.values() if scalar.kind != "bool"]


class Node(rseq.Record):
    value: i64


class Mixed(rseq.Record):
    small: u8
    wide: i64
    flag: bool
    row: prepared[u16[3]]
    node: ptr[Node]
    nodes: ptr[Node][2]
    ratio: f32


def record(types: list[Any]) -> RecordType:
    return RecordType("Made", (rseq.Record,), {"__annotations__": {f"f{n}": one for n, one in enumerate(types)}})


def as_ctypes(type: Any) -> Any:
    if isinstance(type, Array):
        return as_ctypes(type.element) * type.length
    return ctypes.c_uint64 if isinstance(type, Pointer) else CTYPES[type.name]


FIELDS = st.sampled_from([*SCALARS.values(), Pointer(SCALARS["i64"])])
TYPES = st.lists(FIELDS | st.builds(Array, FIELDS, st.integers(1, 9)), min_size=1, max_size=12)


@given(TYPES)
@settings(derandomize=True, database=None, deadline=None)
def test_a_record_is_laid_out_as_c_and_numpy_do_it(types: list[Any]) -> None:
    made = record([bool if one == SCALARS["bool"] else one for one in types])
    twin = type("Twin", (ctypes.Structure,), {"_fields_": [(f"f{n}", as_ctypes(one)) for n, one in enumerate(types)]})
    assert made.size == ctypes.sizeof(twin) == made.dtype.itemsize
    assert made.alignment == ctypes.alignment(twin)
    for name, field in made.fields.items():
        assert field.offset == getattr(twin, name).offset == made.dtype.fields[name][1]
        assert field.type.size == getattr(twin, name).size == made.dtype[name].itemsize


def test_fields_are_named_typed_and_marked() -> None:
    assert [(field.name, str(field.type), field.prepared) for field in Mixed.fields.values()] == [
        ("small", "u8", False),
        ("wide", "i64", False),
        ("flag", "bool", False),
        ("row", "u16[3]", True),
        ("node", "ptr[Node]", False),
        ("nodes", "ptr[Node][2]", False),
        ("ratio", "f32", False),
    ]
    assert Mixed.dtype["node"] == np.uint64
    assert Mixed.dtype["flag"] == np.bool_
    assert Mixed.dtype["row"].shape == (3,)


def test_annotations_may_name_what_is_local_to_a_function() -> None:
    class Inner(rseq.Record):
        value: i64

    class Outer(rseq.Record):
        inner: ptr[Inner]

    assert Outer.fields["inner"].type == Pointer(Inner)


def test_a_field_may_be_called_as_a_property_of_records() -> None:
    class Odd(rseq.Record):
        size: i64
        fields: i64
        dtype: i32

    assert list(Odd.fields) == ["size", "fields", "dtype"]
    assert Odd.size == 24


@pytest.mark.parametrize("annotation", [int, "nothing", list, rseq.Record, None, 5, np.int64])
def test_a_field_of_another_type_is_refused(annotation: object) -> None:
    with pytest.raises((TypeError, NameError)):
        record([annotation])


def test_an_empty_record_and_a_derived_one_are_refused() -> None:
    with pytest.raises(TypeError, match="record Empty has no fields"):

        class Empty(rseq.Record):
            pass

    with pytest.raises(TypeError, match=r"a record derives from rseq\.Record itself, not from Node"):

        class Derived(Node):
            more: i64


def test_a_record_is_not_instantiated() -> None:
    with pytest.raises(TypeError, match=r"make storage for it with rseq.percpu\(Node\)"):
        Node()


@pytest.mark.parametrize("length", [0, -1, 1 << 31])
def test_an_array_has_a_sensible_length(length: int) -> None:
    with pytest.raises(ValueError, match="an array's length is 1 …"):
        SCALARS["i64"][length]


@pytest.mark.parametrize("length", [1.0, "8", None, True, slice(3)])
def test_an_arrays_length_is_an_int(length: Any) -> None:
    with pytest.raises(TypeError, match="an array's length is an int"):
        SCALARS["i64"][length]


def test_a_record_of_absurd_size_is_refused() -> None:
    with pytest.raises(ValueError, match="the largest is"):
        record([SCALARS["i64"][1 << 28]])


def test_pointers_and_prepared_take_what_they_can_hold() -> None:
    assert str(ptr[Node]) == "ptr[Node]"
    assert str(prepared[i32]) == "prepared[i32]"
    assert str(prepared[bool]) == "prepared[bool]"
    with pytest.raises(TypeError, match="points to a record or a number"):
        ptr[int]
    with pytest.raises(TypeError, match="marks a number, a pointer, an array or a record"):
        prepared[int]


@pytest.mark.parametrize("dtype", ["int64", np.float32, np.dtype("u2"), int, float, bool, "u16", SCALARS["i8"]])
def test_a_dtype_names_a_scalar(dtype: Any) -> None:
    expected = {"int64": i64, "u16": u16}.get(dtype) if isinstance(dtype, str) else None
    assert as_scalar(dtype) in ([expected] if expected else SCALARS.values())


@pytest.mark.parametrize("dtype", ["nothing", "datetime64[s]", np.complex128, np.dtype(">i8"), object, 3, [1]])
def test_what_names_no_scalar_is_refused(dtype: Any) -> None:
    with pytest.raises(TypeError, match="expected a type of the language"):
        as_scalar(dtype)


@pytest.mark.parametrize("scalar", [one for one in NUMBERS if one.is_integer], ids=str)
@given(number=st.integers(-(1 << 80), 1 << 80))
@settings(derandomize=True, database=None, max_examples=50)
def test_integers_wrap_as_c_does(scalar: Scalar, number: int) -> None:
    assert scalar.wrap(number) == CTYPES[scalar.name](number).value
    assert (scalar.minimum, scalar.maximum) == (scalar.wrap(scalar.maximum + 1), scalar.wrap(scalar.minimum - 1))


@given(st.floats(allow_nan=False) | st.integers(-(1 << 64), 1 << 64))
@settings(derandomize=True, database=None, max_examples=300)
def test_f32_is_rounded_once(number: float) -> None:
    with np.errstate(over="ignore"):
        expected = np.float32(number) if isinstance(number, float) else np.float32(np.longdouble(str(number)))
    assert f32.wrap(number) == float(expected)


def test_f32_of_an_integer_beyond_f64_is_rounded_once() -> None:
    number = (((1 << 24) | 1) << 30) + 1  # just above the middle of two f32; as an f64 it is the middle
    assert f32.wrap(number) == math.ldexp((1 << 23) + 1, 31)
    assert f32.wrap(-number) == -math.ldexp((1 << 23) + 1, 31)
    assert f32.wrap(float(number)) == math.ldexp(1 << 23, 31)
    assert f32.wrap(1 << 200) == math.inf
    assert struct.pack("f", f32.wrap(0)) == bytes(4)


def test_types_are_seen_as_plain_python_by_their_names() -> None:
    assert [str(one) for one in (i8, i64, u64, f64, i32[4], ptr[i64])] == [
        "i8",
        "i64",
        "u64",
        "f64",
        "i32[4]",
        "ptr[i64]",
    ]


def test_a_record_may_point_to_its_own_kind() -> None:
    class Linked(rseq.Record):
        next: ptr[Linked]
        others: prepared[ptr[Linked][3]]

    assert Linked.fields["next"].type == Pointer(Linked)
    assert str(Linked.fields["others"].type) == "ptr[Linked][3]"

    class Linked(rseq.Record):  # type: ignore[no-redef]  # again, as in a notebook
        next: ptr[Linked]

    assert Linked.fields["next"].type == Pointer(Linked)


def test_a_record_has_no_defaults() -> None:
    with pytest.raises(
        TypeError, match=r"^record Cell, field 'value': fields have no defaults; memory begins as zeros$"
    ):

        class Cell(rseq.Record):
            value: i64 = 5
