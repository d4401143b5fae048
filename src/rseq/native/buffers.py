"""Buffers as arguments: `bytes` without a call into CPython, everything else by the buffer protocol.

A buffer that was asked for is held until the builtin returns, on every way out. An object of type bytes is
read where it is: it cannot change, and the caller holds it.
"""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ll

from ..language import ir
from ..language.types import Buffer
from .arguments import Arguments
from .codes import I8, I32, I64, PTR
from .small_int import HEADER, TYPE

__all__ = ["PAYLOAD_OFFSET", "Buffers"]

PAYLOAD_OFFSET = bytes.__basicsize__ - 1
"""Where the bytes of a `bytes` object begin; it differs on free-threaded builds."""

_VIEW_BYTES = 80
"""The size of a Py_buffer; `buf` is its first word, `len` its third."""

_SIMPLE, _WRITABLE = 0, 1  # PyBUF_SIMPLE, PyBUF_WRITABLE (pybuffer.h)
_TRUE, _FALSE = ll.Constant(ll.IntType(1), 1), ll.Constant(ll.IntType(1), 0)


class Buffers(Arguments):
    """Emits how a builtin gets at its buffers, and how it lets them go."""

    _held: tuple[tuple[Any, Any], ...] = ()

    def _buffer(self, parameter: ir.Value, given: Any) -> tuple[Any, Any]:
        """Emit: address and length of the buffer that the object `given` is; or a return of NULL."""
        assert isinstance(parameter.type, Buffer)
        builder = self.builder
        view, asked = builder.alloca(ll.ArrayType(I8, _VIEW_BYTES)), builder.alloca(ll.IntType(1))
        builder.store(_FALSE, asked)
        place, size = builder.alloca(I64), builder.alloca(I64)
        slow, ready = builder.append_basic_block("ask"), builder.append_basic_block("buffer")
        if parameter.type.writable:
            builder.branch(slow)
        else:
            self._read_bytes(given, place, size, slow, ready)
        builder.position_at_end(slow)
        flags = ll.Constant(I32, _WRITABLE if parameter.type.writable else _SIMPLE)
        failed = self._call("PyObject_GetBuffer", I32, [given, view, flags])
        with builder.if_then(builder.icmp_signed("!=", failed, ll.Constant(I32, 0)), likely=False):
            self._explain(parameter, given)
            self._leave(ll.Constant(PTR, None))
        builder.store(_TRUE, asked)
        builder.store(builder.load(view, typ=I64), place)
        builder.store(builder.load(builder.gep(view, [ll.Constant(I64, 2)], source_etype=I64), typ=I64), size)
        builder.branch(ready)
        builder.position_at_end(ready)
        self._held += ((view, asked),)
        return builder.load(place, typ=I64), builder.load(size, typ=I64)

    def _read_bytes(self, given: Any, place: Any, size: Any, slow: Any, ready: Any) -> None:
        builder = self.builder
        kind = builder.load(builder.gep(given, [ll.Constant(I64, TYPE)], source_etype=I8), typ=PTR)
        exact = builder.append_basic_block("bytes")
        is_bytes = builder.icmp_unsigned("==", kind, self.environment.address(builder, "PyBytes_Type"))
        builder.cbranch(is_bytes, exact, slow).set_weights([8, 1])
        builder.position_at_end(exact)
        builder.store(builder.add(builder.ptrtoint(given, I64), ll.Constant(I64, PAYLOAD_OFFSET)), place)
        length = builder.load(builder.gep(given, [ll.Constant(I64, HEADER)], source_etype=I8), typ=I64)
        builder.store(length, size)
        builder.branch(ready)

    def _explain(self, parameter: ir.Value, given: Any) -> None:
        """Emit: say what was expected; an exporter's own BufferError (not contiguous, read-only) stays."""
        assert isinstance(parameter.type, Buffer)
        what = "writable bytes-like object" if parameter.type.writable else "bytes-like object"
        mistyped = self._call("PyErr_ExceptionMatches", I32, [self._exception("PyExc_TypeError")])
        with self.builder.if_then(self.builder.icmp_signed("!=", mistyped, ll.Constant(I32, 0))):
            kind = self._call("PyObject_Type", PTR, [given])
            self._format("PyExc_TypeError", f"{self.title}(): {parameter.name} is a {what}; got %R", [kind])
            self._call("Py_DecRef", ll.VoidType(), [kind])

    def _leave(self, value: Any) -> None:
        """Emit: let the buffers go, and return `value`."""
        for view, asked in self._held:
            with self.builder.if_then(self.builder.load(asked, typ=ll.IntType(1)), likely=False):
                self._call("PyBuffer_Release", ll.VoidType(), [view])
        self.builder.ret(value)
