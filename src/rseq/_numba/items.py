"""Items of a pool of arrays in compiled code: `pool[row]` is the array of a row.

The value of such a pool has the array of all items beside the words of its place. So an item that leaves compiled code
keeps the memory, as each NumPy array does. An item is contiguous, whatever lies between it and the next one.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

from numba.core import cgutils, errors, types
from numba.core.imputils import impl_ret_borrowed
from numba.core.types.misc import Optional
from numba.core.typing import signature
from numba.core.typing.templates import AbstractTemplate, infer_global
from numba.extending import intrinsic, lower_builtin, overload
from numba.np.arrayobj import make_array, populate_array

from rseq._codegen.writer import I64, Writer
from rseq._numba.calls import where_dropped
from rseq._numba.environment import NumbaEnvironment
from rseq._numba.types import StructureType
from rseq._structures.pool import arrays_of


@infer_global(operator.getitem)
class _Item(AbstractTemplate):
    """`pool[row]`, whose row is an int, or what `acquire_row` returned."""

    def generic(self, args: Sequence[Any], kws: Any) -> Any:
        pool, row = args
        if not isinstance(pool, StructureType) or "acquire_row" not in pool.methods:
            return None
        if not pool.items:
            raise errors.TypingError(f"{pool} has no arrays that Numba knows: rseq.Pool(shape, count, dtype=…) has")
        if not isinstance(row.type if isinstance(row, Optional) else row, types.Integer):
            raise errors.TypingError(f"a row of {pool} is an int, as acquire_row() returns it; got {row}")
        return signature(_item_type(pool), pool, row)


def _item_type(pool: StructureType) -> Any:
    assert pool.items is not None
    return types.Array(pool.items.dtype, pool.items.ndim - 1, "C")


@lower_builtin(operator.getitem, StructureType, types.Any)
def _item(context: Any, builder: Any, sig: Any, args: Sequence[Any]) -> Any:
    kind, row_type = sig.args
    pool = cgutils.create_struct_proxy(kind)(context, builder, value=args[0])
    items = make_array(kind.items)(context, builder, value=pool.items)
    emit = Writer(builder, NumbaEnvironment(builder.module, has_rseq=False))
    row = _row(context, emit, row_type, args[1], pool.refused)
    count, *lengths = cgutils.unpack_tuple(builder, items.shape)
    with emit.if_(emit.compare(row, ">=", count), likely=False):
        _refuse(context, emit, pool.refused, "a row is out of range")
    first, *_ = cgutils.unpack_tuple(builder, items.strides)
    found = make_array(sig.return_type)(context, builder)
    populate_array(
        found,
        data=builder.bitcast(cgutils.pointer_add(builder, items.data, emit.mul(row, first)), found.data.type),
        shape=cgutils.pack_array(builder, lengths, I64) if lengths else (),
        strides=_contiguous(emit, lengths, items.itemsize),
        itemsize=items.itemsize,
        meminfo=items.meminfo,
    )
    return impl_ret_borrowed(context, builder, sig.return_type, found._getvalue())


def _row(context: Any, emit: Writer, type: Any, value: Any, refused: Any) -> Any:
    """A row's number as it is meant, if it is one."""
    if isinstance(type, Optional):
        given = cgutils.create_struct_proxy(type)(context, emit.llvm, value=value)
        with emit.unless(given.valid, likely=True):
            _refuse(context, emit, refused, "acquire_row() returned None: all rows were held")
        type, value = type.type, given.data
    return context.cast(emit.llvm, value, type, types.intp)


def _contiguous(emit: Writer, lengths: Sequence[Any], itemsize: Any) -> Any:
    strides: list[Any] = []
    for length in reversed(lengths):
        strides.insert(0, itemsize)
        itemsize = emit.mul(itemsize, length)
    return cgutils.pack_array(emit.llvm, strides, I64) if strides else ()


def _refuse(context: Any, emit: Writer, refused: Any, text: str) -> None:
    where_dropped(emit, lambda: emit.add_atomically(refused, 1))
    context.call_conv.return_user_exc(emit.llvm, IndexError, (text,))


@intrinsic
def _item_of(context: Any, pool: Any, row: Any) -> Any:
    """`pool[row]`, where nobody asks any more whether `row` may be None."""
    return signature(_item_type(pool), pool, row), _item


@overload(operator.setitem)
def _fill(pool: Any, row: Any, value: Any) -> Any:
    if not isinstance(pool, StructureType) or "acquire_row" not in pool.methods:
        return None

    def fill(pool: Any, row: Any, value: Any) -> None:
        _item_of(pool, row)[...] = value

    return fill


# ---- values


def unbox_items(type: StructureType, thing: Any, value: Any, is_error: Any, c: Any) -> Any:
    """Emit: put the items of the pool `thing` into `value`, unless there was an error; whether there is one now."""
    failed = cgutils.alloca_once_value(c.builder, is_error)
    with c.builder.if_then(c.builder.not_(is_error)):
        reader = c.pyapi.unserialize(c.pyapi.serialize_object(arrays_of))
        array = c.pyapi.call_function_objargs(reader, [thing])
        c.builder.store(cgutils.is_null(c.builder, array), failed)
        with c.builder.if_then(cgutils.is_not_null(c.builder, array)):
            native = c.unbox(type.items, array)
            value.items = native.value
            c.builder.store(native.is_error, failed)
            c.pyapi.decref(array)
        c.pyapi.decref(reader)
    return c.builder.load(failed)


def constant_items(context: Any, builder: Any, type: StructureType, thing: Any) -> Any:
    """The items of a pool that is a global, and stays."""
    array = arrays_of(thing)
    assert array is not None, "its type has items"
    items = make_array(type.items)(context, builder)
    populate_array(
        items,
        data=builder.bitcast(dynamic(context, builder, array.ctypes.data), items.data.type),
        shape=cgutils.pack_array(builder, [I64(length) for length in array.shape]),
        strides=cgutils.pack_array(builder, [I64(stride) for stride in array.strides]),
        itemsize=I64(array.itemsize),
        meminfo=None,
    )
    return items._getvalue()


def dynamic(context: Any, builder: Any, address: int) -> Any:
    """An address of this process, as a pointer: Numba does not cache code that has one."""
    return context.add_dynamic_addr(builder, address, info="per-CPU memory and its owner")
