"""Buffers as arguments: `bytes` without a call into CPython, everything else by the buffer protocol.

A buffer that was asked for is held until the builtin returns, on every way out. An object of type bytes is
read where it is: it cannot change, and the caller holds it.

A buffer of references to Python objects is refused: bytes that are copied over them would be followed as pointers. Its
exporter says so in the format (PEP 3118). NumPy has no format for some types, such as dates; there the dtype knows.
"""

from __future__ import annotations

from typing import Any

import llvmlite.ir as ll

from rseq._builtins.arguments import Arguments
from rseq._builtins.cpython import VIEW_BYTES, WITH_FORMAT
from rseq._codegen.codes import I8, I32, I64, PTR
from rseq._codegen.lower import Unit
from rseq._codegen.small_int import HEADER, TYPE
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.types import Buffer

__all__ = ["Buffers"]

_BYTES_AT = bytes.__basicsize__ - 1
"""Where the bytes of a `bytes` object begin; it differs on free-threaded builds."""

_SIMPLE, _WRITABLE = 0, 1  # PyBUF_SIMPLE, PyBUF_WRITABLE (pybuffer.h)
_TRUE, _FALSE = ll.Constant(ll.IntType(1), 1), ll.Constant(ll.IntType(1), 0)
_NULL, _NO, _YES = ll.Constant(PTR, None), ll.Constant(I32, 0), ll.Constant(I32, 1)

_ASKED, _RAISED, _OBJECTS = _NO, ll.Constant(I32, -1), _YES
"""What asking came to: a buffer, an exception, or a buffer of references, which has been let go."""

_INSTEAD = "only bytes and numbers can be copied: use an array of numbers, or pickle.dumps()"


class Buffers(Arguments):
    """Emits how a builtin gets at its buffers, and how it lets them go."""

    _held: tuple[tuple[Any, Any], ...] = ()
    _returned: Any = None

    def __init__(self, unit: Unit, code: Compiled, title: str, dimensions: int) -> None:
        super().__init__(unit, code, title, dimensions)
        self._exits: dict[str, Any] = {}

    def _buffer(self, parameter: ir.Value, given: Any) -> tuple[Any, Any]:
        """Emit: address and length of the buffer that the object `given` is; or a return of NULL."""
        assert isinstance(parameter.type, Buffer)
        builder = self.builder
        view, asked = builder.alloca(ll.ArrayType(I8, VIEW_BYTES)), builder.alloca(ll.IntType(1))
        builder.store(_FALSE, asked)
        place, size = builder.alloca(I64), builder.alloca(I64)
        slow, ready = builder.append_basic_block("ask"), builder.append_basic_block("buffer")
        if parameter.type.writable:
            builder.branch(slow)
        else:
            self._read_bytes(given, place, size, slow, ready)
        builder.position_at_end(slow)
        access = ll.Constant(I32, _WRITABLE if parameter.type.writable else _SIMPLE)
        came = builder.call(self._asking(), [given, view, access])
        with builder.if_then(builder.icmp_signed("!=", came, _ASKED), likely=False):
            self._explain(parameter, given, builder.icmp_signed("==", came, _OBJECTS))
            self._leave(_NULL)
        builder.store(_TRUE, asked)
        builder.store(builder.load(view, typ=I64), place)
        builder.store(self._of_view(view, 16, I64), size)
        builder.branch(ready)
        builder.position_at_end(ready)
        self._held += ((view, asked),)
        return builder.load(place, typ=I64), builder.load(size, typ=I64)

    def _type_is(self, given: Any, name: str) -> Any:
        kind = self.builder.load(self.builder.gep(given, [ll.Constant(I64, TYPE)], source_etype=I8), typ=PTR)
        return self.builder.icmp_unsigned("==", kind, self.environment.address(self.builder, name))

    def _read_bytes(self, given: Any, place: Any, size: Any, slow: Any, ready: Any) -> None:
        builder = self.builder
        exact = builder.append_basic_block("bytes")
        builder.cbranch(self._type_is(given, "PyBytes_Type"), exact, slow).set_weights([8, 1])
        builder.position_at_end(exact)
        builder.store(builder.add(builder.ptrtoint(given, I64), ll.Constant(I64, _BYTES_AT)), place)
        length = builder.load(builder.gep(given, [ll.Constant(I64, HEADER)], source_etype=I8), typ=I64)
        builder.store(length, size)
        builder.branch(ready)

    def _explain(self, parameter: ir.Value, given: Any, holds_objects: Any) -> None:
        """Emit: say what was expected; an exporter's own BufferError (not contiguous, read-only) stays."""
        assert isinstance(parameter.type, Buffer)
        what, like = ("writable ", "a bytearray") if parameter.type.writable else ("", "bytes")
        what = f"{what}bytes-like object, such as {like} or a NumPy array"
        expected = self._text(f"{self.title}(): {parameter.name} is a {what}")
        self.builder.call(self._explaining(), [given, expected, holds_objects])

    def _explaining(self) -> Any:
        """The function (object, what was expected, whether it holds objects) that does so."""
        made, arguments = self._function("explain", ll.VoidType(), [PTR, PTR, ll.IntType(1)])
        if arguments is None:
            return made
        given, expected, holds_objects = arguments
        outer, self.builder = self.builder, ll.IRBuilder(made.append_basic_block("entry"))
        builder = self.builder
        mistyped = self._call("PyErr_ExceptionMatches", I32, [self._exception("PyExc_TypeError")])
        with builder.if_then(builder.or_(holds_objects, builder.icmp_signed("!=", mistyped, _NO))):
            kind = self._call("PyObject_Type", PTR, [given])
            self._format("PyExc_TypeError", "%s; got %R", [expected, kind])
            with builder.if_then(holds_objects):
                text = f"%s; got %R that holds Python objects; {_INSTEAD}"
                self._format("PyExc_TypeError", text, [expected, kind])
            self._call("Py_DecRef", ll.VoidType(), [kind])
        builder.ret_void()
        self.builder = outer
        return made

    def _leave(self, value: Any) -> None:
        """Emit: let the buffers go, and return `value`."""
        if not self._held:
            self.builder.ret(value)
            return
        if self._returned is None:
            with self.builder.goto_entry_block():
                self._returned = self.builder.alloca(PTR)
        self.builder.store(value, self._returned)
        self.builder.branch(self._exit(len(self._held)))

    def _exit(self, held: int) -> Any:
        """The block that lets go of the first `held` buffers and returns; each lets go of one, and goes on to the next.

        So code is as long as there are buffers, not as long as there are buffers and ways out.
        """
        name = f"exit.{held}"
        if name not in self._exits:
            block = self._exits[name] = self.builder.function.append_basic_block(name)
            outer, self.builder = self.builder, ll.IRBuilder(block)
            if held:
                view, asked = self._held[held - 1]
                with self.builder.if_then(self.builder.load(asked, typ=ll.IntType(1)), likely=False):
                    self._call("PyBuffer_Release", ll.VoidType(), [view])
                self.builder.branch(self._exit(held - 1))
            else:
                self.builder.ret(self.builder.load(self._returned, typ=PTR))
            self.builder = outer
        return self._exits[name]

    # ---- asking, in functions of their own

    def _asking(self) -> Any:
        """The function `(object, view, access)` that fills the view, and says what it came to."""
        made, arguments = self._function("ask", I32, [PTR, PTR, I32])
        if arguments is None:
            return made
        given, view, access = arguments
        outer, self.builder = self.builder, ll.IRBuilder(made.append_basic_block("entry"))
        builder = self.builder
        with builder.if_then(self._type_is(given, "PyByteArray_Type")):  # the quick way
            builder.ret(self._call("PyObject_GetBuffer", I32, [given, view, access]))
        flags = builder.or_(access, ll.Constant(I32, WITH_FORMAT))
        came = self._call("PyObject_GetBuffer", I32, [given, view, flags])
        with builder.if_then(builder.icmp_signed("!=", came, _ASKED), likely=False):
            self._ask_without_format(given, view, access)
        text = self._of_view(view, 40, PTR)
        with builder.if_then(builder.icmp_unsigned("==", text, _NULL)):  # bytes
            builder.ret(_ASKED)
        holds = builder.call(self._scanning(), [text])
        with builder.if_then(builder.icmp_signed("!=", holds, _NO), likely=False):
            self._call("PyBuffer_Release", ll.VoidType(), [view])
        builder.ret(holds)
        self.builder = outer
        return made

    def _ask_without_format(self, given: Any, view: Any, access: Any) -> None:
        """Emit: return -1 with the exception; unless it is a ValueError, there is no format, and the dtype helps."""
        builder = self.builder
        no_format = self._call("PyErr_ExceptionMatches", I32, [self._exception("PyExc_ValueError")])
        with builder.if_then(builder.icmp_signed("==", no_format, _NO)):
            builder.ret(_RAISED)
        self._call("PyErr_Clear", ll.VoidType(), [])
        with builder.if_then(builder.icmp_signed("!=", self._dtype_holds_objects(given), _NO)):
            self._call("PyErr_Clear", ll.VoidType(), [])
            builder.ret(_OBJECTS)
        builder.ret(self._call("PyObject_GetBuffer", I32, [given, view, access]))

    def _dtype_holds_objects(self, given: Any) -> Any:
        """Emit: 0 if `given.dtype.hasobject` is false; anything else, perhaps with an exception, if it may not be."""
        builder, answer = self.builder, self.builder.alloca(I32)
        builder.store(_YES, answer)
        dtype = self._call("PyObject_GetAttrString", PTR, [given, self._text("dtype")])
        with builder.if_then(builder.icmp_unsigned("!=", dtype, _NULL)):
            said = self._call("PyObject_GetAttrString", PTR, [dtype, self._text("hasobject")])
            with builder.if_then(builder.icmp_unsigned("!=", said, _NULL)):
                builder.store(self._call("PyObject_IsTrue", I32, [said]), answer)
                self._call("Py_DecRef", ll.VoidType(), [said])
            self._call("Py_DecRef", ll.VoidType(), [dtype])
        return builder.load(answer, typ=I32)

    def _scanning(self) -> Any:
        """The function that returns 1 if a format has an `O` outside of the names of fields, which stand in colons."""
        made, arguments = self._function("scan", I32, [PTR])
        if arguments is None:
            return made
        entry, loop, on = (made.append_basic_block(name) for name in ("entry", "letter", "next"))
        builder = ll.IRBuilder(entry)
        builder.branch(loop)
        builder.position_at_end(loop)
        place, is_name = builder.phi(PTR), builder.phi(_TRUE.type)
        letter = builder.load(place, typ=I8)
        with builder.if_then(builder.icmp_unsigned("==", letter, ll.Constant(I8, 0))):
            builder.ret(_ASKED)
        is_object = builder.icmp_unsigned("==", letter, ll.Constant(I8, ord("O")))
        with builder.if_then(builder.and_(is_object, builder.not_(is_name)), likely=False):
            builder.ret(_OBJECTS)
        builder.branch(on)
        builder.position_at_end(on)
        is_colon = builder.icmp_unsigned("==", letter, ll.Constant(I8, ord(":")))
        place.add_incoming(arguments[0], entry)
        place.add_incoming(builder.gep(place, [ll.Constant(I64, 1)], source_etype=I8), on)
        is_name.add_incoming(_FALSE, entry)
        is_name.add_incoming(builder.xor(is_name, is_colon), on)
        builder.branch(loop)
        return made

    def _function(self, name: str, returns: Any, parameters: list[Any]) -> tuple[Any, Any]:
        """A function of this module, and its arguments if it is new and has yet to be written."""
        if name in self.module.globals:
            return self.module.globals[name], None
        function = ll.Function(self.module, ll.FunctionType(returns, parameters), name)
        function.linkage = "internal"
        for attribute in ("noinline", "nounwind"):
            function.attributes.add(attribute)
        return function, function.args
