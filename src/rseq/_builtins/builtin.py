"""CPython builtins around sequences and routines, as LLVM IR.

A builtin is `PyObject *f(payload, arguments, count, keyword names)` (METH_FASTCALL | METH_KEYWORDS).
Its `self` is a payload (payload.py) that carries what it is bound to, as 8-byte words:

    base, stride, lanes, lock        the storage (percpu.Place)
    length of each dimension         if the storage is an array of records: the first argument is an index
    start, end of each pointer's or index's array, in the order of the parameters
    the array object of a pointer or index that is returned
    first row, length of each array that an index is followed into, in the order of ir.Body.rows

Arguments are converted and checked first, all of them, before the storage is touched. The slow
things (keywords, defaults, errors) are functions of their own, so that the fast path stays short.
"""

from __future__ import annotations

import sys
from typing import Any

import llvmlite.ir as ll

from rseq._builtins.buffers import Buffers
from rseq._builtins.payload import WORDS_AT
from rseq._codegen.codes import (
    FAILED,
    FIRST_CHECK,
    I8,
    I32,
    I64,
    LANE_VIEW,
    LANE_VIEW_TEXT,
    NO_ROW,
    NO_THREAD,
    NO_THREAD_TEXT,
    NOTHING,
    PTR,
    SAME_ROW,
    extended,
    llvm_type,
)
from rseq._codegen.environment import Lane
from rseq._codegen.small_int import HEADER, read_int
from rseq._codegen.writer import Writer
from rseq._language import ir
from rseq._language.pointers import required_rows
from rseq._language.types import Buffer, Index, Pointer, Scalar

__all__ = ["Builtin"]

PLACE_WORDS = len(Lane._fields)
_IS_IMMORTAL_NONE = sys.version_info >= (3, 12)  # PEP 683: None, True and False need no counting


class Builtin(Buffers):
    """Lowers one builtin."""

    def lower(self, name: str) -> Any:
        """The builtin's function, exported under `name`."""
        function = ll.Function(self.module, ll.FunctionType(PTR, [PTR, PTR, I64, PTR]), name)
        function.attributes.add("nounwind")
        payload, arguments, count, keywords = function.args
        self.builder = ll.IRBuilder(function.append_basic_block("entry"))
        given = self._arguments(arguments, count, keywords)
        words = self.builder.gep(payload, [ll.Constant(I64, WORDS_AT)], source_etype=I8)
        objects = dict(zip(self.code.body.given, self._values(given), strict=True))
        converted = self._all_converted(objects)
        for number, parameter in enumerate(self.code.body.parameters):
            if isinstance(parameter.type, Pointer):
                converted[parameter] = self._checked_row(words, converted[parameter], number)
        offset = self._row_offset(words, given) if self.dimensions else None
        for parameter in self.code.body.given:  # last: from here on, every way out lets them go
            if isinstance(parameter.type, Buffer):
                length = ir.length_of(parameter)
                converted[parameter], converted[length] = self._buffer(parameter, objects[parameter])
        lane = Lane(*(self._word(words, index) for index in range(PLACE_WORDS)))
        if offset is not None:
            lane = lane._replace(base=self.builder.add(lane.base, offset))
        emit = Writer(self.builder, self.environment)
        area = self.environment.area(emit)
        hidden = [register for rows in self.code.body.rows for register in (rows.first, rows.length)]
        converted.update(zip(hidden, self._rows(words), strict=True))
        passed = [converted[parameter] for parameter in self.code.body.parameters]
        result = self.unit.run(emit, self.code, area, lane, passed, self._raise_code)
        self._leave(self._box(words, result))
        return function

    def _all_converted(self, objects: dict[ir.Value, Any]) -> dict[ir.Value, Any]:
        return {
            parameter: self._convert(parameter, given)
            for parameter, given in objects.items()
            if not isinstance(parameter.type, Buffer)
        }

    def _word(self, words: Any, index: int) -> Any:
        place = self.builder.gep(words, [ll.Constant(I64, index)], source_etype=I64)
        return self.builder.load(place, typ=I64, align=8)

    def _values(self, given: Any) -> list[Any]:
        first = 1 if self.dimensions else 0
        return [self._object(given, number) for number in range(first, len(self.names))]

    def _object(self, given: Any, number: int) -> Any:
        return self.builder.load(self.builder.gep(given, [ll.Constant(I64, number)], source_etype=PTR), typ=PTR)

    # ---- conversion

    def _convert(self, parameter: ir.Value, given: Any) -> Any:
        """Emit: the number that a Python object means, or its default; or a return of NULL."""
        default = self.code.body.defaults.get(parameter.name)
        type = llvm_type(parameter.type)
        if default is None:
            return self._unbox(parameter, given)
        builder = self.builder
        has_value, ready = builder.append_basic_block("given"), builder.append_basic_block("known")
        start = builder.block
        is_default = builder.icmp_unsigned("==", given, ll.Constant(PTR, None))
        builder.cbranch(is_default, ready, has_value).set_weights([1, 8])
        builder.position_at_end(has_value)
        value = self._unbox(parameter, given)
        end = builder.block
        builder.branch(ready)
        builder.position_at_end(ready)
        chosen = builder.phi(type)
        chosen.add_incoming(ll.Constant(type, default if parameter.type.is_float else int(default)), start)
        chosen.add_incoming(value, end)
        return chosen

    def _unbox(self, parameter: ir.Value, given: Any) -> Any:
        type = parameter.type
        if isinstance(type, Pointer):
            return self._address(parameter, given)
        assert isinstance(type, Scalar)
        if type.is_float:
            number = self._call("PyFloat_AsDouble", ll.DoubleType(), [given])
            doubtful = self.builder.fcmp_unordered("==", number, ll.Constant(ll.DoubleType(), -1.0))
            self._fail_if_raised(doubtful, parameter, given)
            return number if type.size == 8 else self._single(parameter, number, given)
        return self._truth(parameter, given) if type.kind == "bool" else self._integer(parameter, type, given)

    def _single(self, parameter: ir.Value, number: Any, given: Any) -> Any:
        """Emit: the f64 rounded to an f32; infinity and NaN are, but what only becomes infinite does not fit."""
        builder = self.builder
        single = builder.fptrunc(number, ll.FloatType())
        was_finite = builder.fcmp_ordered("ord", *(builder.fsub(number, number),) * 2)  # otherwise NaN
        is_finite = builder.fcmp_ordered("ord", *(builder.fsub(single, single),) * 2)
        self._refuse_if(builder.and_(was_finite, builder.not_(is_finite)), "overflow", parameter, given)
        return single

    def _truth(self, parameter: ir.Value, given: Any) -> Any:
        """Emit: 1 or 0 for True and False, Python's or NumPy's; nothing else is a bool."""
        builder = self.builder
        with builder.goto_entry_block():
            truth = builder.alloca(I8)
        yes, no = (self.environment.address(builder, name) for name in ("_Py_TrueStruct", "_Py_FalseStruct"))
        is_true = builder.icmp_unsigned("==", given, yes)
        builder.store(builder.zext(is_true, I8), truth)
        with builder.if_then(builder.not_(builder.or_(is_true, builder.icmp_unsigned("==", given, no))), likely=False):
            found = self._truth_of_scalar(given)
            with builder.if_then(builder.icmp_signed("<", found, ll.Constant(I8, 0))):
                self._refuse("type", parameter, given)
            builder.store(found, truth)
        return builder.load(truth, typ=I8)

    def _integer(self, parameter: ir.Value, type: Scalar, given: Any) -> Any:
        if type.name == "u64":
            index = self._call("PyNumber_Index", PTR, [given])
            self._fail_if_raised(self.builder.icmp_unsigned("==", index, ll.Constant(PTR, None)), parameter, given)
            number = self._call("PyLong_AsUnsignedLongLong", I64, [index])
            self._call("Py_DecRef", ll.VoidType(), [index])
            doubtful = self.builder.icmp_signed("==", number, ll.Constant(I64, -1))
            self._fail_if_raised(doubtful, parameter, given)
        else:
            number = self._signed(parameter, given)
        if type.size == 8:
            return number
        low, high = ll.Constant(I64, type.minimum), ll.Constant(I64, type.maximum)
        outside = self.builder.or_(
            self.builder.icmp_signed("<", number, low), self.builder.icmp_signed(">", number, high)
        )
        self._refuse_if(outside, "overflow", parameter, given)
        return self.builder.trunc(number, llvm_type(type))

    def _signed(self, parameter: ir.Value, given: Any) -> Any:
        def slowly() -> Any:
            number = self._call("PyLong_AsLongLong", I64, [given])
            doubtful = self.builder.icmp_signed("==", number, ll.Constant(I64, -1))
            self._fail_if_raised(doubtful, parameter, given)
            return number

        return read_int(self.builder, given, self.environment.address(self.builder, "PyLong_Type"), slowly)

    def _expected(self, parameter: ir.Value) -> str:
        type = parameter.type
        assert isinstance(type, Scalar)
        return f"{self.title}(): {parameter.name} is {type}, {type.values}"

    def _fail_if_raised(self, doubtful: Any, parameter: ir.Value, given: Any) -> None:
        """Emit: if the conversion has set a TypeError or an OverflowError, say which argument it is, and return."""
        builder = self.builder
        with builder.if_then(doubtful, likely=False):
            raised = builder.call(self._refusal("raised"), [given, self._text(self._expected(parameter))])
            with builder.if_then(builder.icmp_signed("!=", raised, ll.Constant(I32, 0))):
                builder.ret(ll.Constant(PTR, None))

    def _refuse_if(self, condition: Any, why: str, parameter: ir.Value, given: Any) -> None:
        with self.builder.if_then(condition, likely=False):
            self._refuse(why, parameter, given)

    def _refuse(self, why: str, parameter: ir.Value, given: Any) -> None:
        self.builder.call(self._refusal(why), [given, self._text(self._expected(parameter))])
        self.builder.ret(ll.Constant(PTR, None))

    def _refusal(self, why: str) -> Any:
        """The function (object, what was expected) that says what is wrong, one for all arguments: 1.

        That for "raised" looks what a conversion has set: nothing (0), or what it says more of.
        """
        made, arguments = self._function(f"refuse.{why}", I32, [PTR, PTR])
        if arguments is None:
            return made
        given, expected = arguments
        outer, self.builder = self.builder, ll.IRBuilder(made.append_basic_block("entry"))
        builder, yes = self.builder, ll.Constant(I32, 1)
        if why == "raised":
            raised = self._call("PyErr_Occurred", PTR, [])
            with builder.if_then(builder.icmp_unsigned("==", raised, ll.Constant(PTR, None))):
                builder.ret(ll.Constant(I32, 0))
            for kind, reason in (("PyExc_TypeError", "type"), ("PyExc_OverflowError", "overflow")):
                with self._if_raised(kind):
                    builder.ret(builder.call(self._refusal(reason), [given, expected]))
        elif why == "type":
            kind = self._call("PyObject_Type", PTR, [given])
            self._format("PyExc_TypeError", "%s; got %R", [expected, kind])
            self._call("Py_DecRef", ll.VoidType(), [kind])
        else:
            self._overflow("%s", given, [expected])
        builder.ret(yes)
        self.builder = outer
        return made

    def _address(self, parameter: ir.Value, given: Any) -> Any:
        """Emit: the address of a row; None is 0."""
        builder = self.builder
        result = builder.alloca(I64)
        builder.store(ll.Constant(I64, 0), result)
        is_none = builder.icmp_unsigned("==", given, self.environment.address(builder, "_Py_NoneStruct"))
        with builder.if_then(builder.not_(is_none)):
            row_type = self.environment.address(builder, "rseq_row_type")
            kind = self._call("PyObject_Type", PTR, [given])  # no isinstance: an object can lie about its class
            self._call("Py_DecRef", ll.VoidType(), [kind])
            with builder.if_then(builder.icmp_unsigned("!=", kind, row_type), likely=False):
                type = f"{parameter.type!r}".replace("%", "%%")
                text = f"{self.title}(): {parameter.name} is {type}, a row of an rseq.array or None; got %R"
                self._format("PyExc_TypeError", text, [given])
                builder.ret(ll.Constant(PTR, None))
            number = builder.load(builder.gep(given, [ll.Constant(I64, HEADER)], source_etype=I8), typ=PTR)
            with builder.if_then(builder.icmp_unsigned("==", number, ll.Constant(PTR, None)), likely=False):
                text = f"{self.title}(): {parameter.name} is a row that was made without calling rseq.array"
                self._format("PyExc_TypeError", text, [])
                builder.ret(ll.Constant(PTR, None))
            builder.store(self._call("PyLong_AsUnsignedLongLong", I64, [number]), result)
        return builder.load(result, typ=I64)

    def _checked_row(self, words: Any, value: Any, number: int) -> Any:
        """Emit: see that a pointer is a row of the array that this builtin is bound to."""
        parameters = self.code.body.parameters
        type = parameters[number].type
        if not isinstance(type, Pointer):
            return value
        builder = self.builder
        position = PLACE_WORDS + self.dimensions + 2 * sum(isinstance(p.type, Pointer) for p in parameters[:number])
        start, end = self._word(words, position), self._word(words, position + 1)
        size = type.target.size
        outside = builder.icmp_unsigned(">=", builder.sub(value, start), builder.sub(end, start))
        crooked = builder.icmp_unsigned("!=", builder.urem(builder.sub(value, start), ll.Constant(I64, size)), _ZERO)
        wrong = builder.and_(builder.icmp_unsigned("!=", value, _ZERO), builder.or_(outside, crooked))
        with builder.if_then(wrong, likely=False):
            text = f"{self.title}(): {parameters[number].name} is a row of another array than this is bound to"
            self._format("PyExc_ValueError", text, [])
            builder.ret(ll.Constant(PTR, None))
        if not isinstance(type, Index):
            return value
        row = builder.udiv(builder.sub(value, start), ll.Constant(I64, size))
        number_of = builder.add(row, ll.Constant(I64, 1))
        is_none = builder.icmp_unsigned("==", value, _ZERO)
        return builder.trunc(builder.select(is_none, _ZERO, number_of), I32)

    def _rows(self, words: Any) -> list[Any]:
        """Emit: where the arrays are that an index is followed into."""
        body = self.code.body
        first = self._after_pointers + isinstance(body.result, Pointer)
        return [self._word(words, first + number) for number in range(2 * len(body.rows))]

    @property
    def _after_pointers(self) -> int:
        """The number of the word after those of the pointers' arrays."""
        pointers = sum(isinstance(value.type, Pointer) for value in self.code.body.given)
        return PLACE_WORDS + self.dimensions + 2 * pointers

    # ---- the row of an array of records

    def _row_offset(self, words: Any, given: Any) -> Any:
        """Emit: the offset of the record that the index argument means, checked against each dimension."""
        builder, index = self.builder, self._object(given, 0)
        flat: Any = ll.Constant(I64, 0)
        if self.dimensions > 1:
            self._require_tuple(index)
        for axis in range(self.dimensions):
            part = (
                index if self.dimensions == 1 else self._call("PyTuple_GetItem", PTR, [index, ll.Constant(I64, axis)])
            )
            number = self._call("PyLong_AsLongLong", I64, [part])
            length = self._word(words, PLACE_WORDS + axis)
            with builder.if_then(builder.icmp_signed("==", number, ll.Constant(I64, -1)), likely=False):
                self._fail_index(part, axis, length)
            with builder.if_then(builder.icmp_unsigned(">=", number, length), likely=False):
                text = f"{self.title}(): index %zd is out of range for axis {axis}, which has %zd elements"
                self._format("PyExc_IndexError", text, [number, length])
                builder.ret(ll.Constant(PTR, None))
            flat = builder.add(builder.mul(flat, length), number)
        return builder.mul(flat, ll.Constant(I64, self.code.body.record.size))

    def _require_tuple(self, index: Any) -> None:
        builder = self.builder
        tuple_type = self.environment.address(builder, "PyTuple_Type")
        is_tuple = self._call("PyObject_IsInstance", I32, [index, tuple_type])
        text = f"{self.title}(): index is a tuple of {self.dimensions} ints; got %R"
        right = builder.icmp_signed("==", is_tuple, ll.Constant(I32, 1))
        with builder.if_then(builder.not_(right), likely=False):
            self._format("PyExc_TypeError", text, [index])
            builder.ret(ll.Constant(PTR, None))
        size = self._call("PyTuple_Size", I64, [index])
        with builder.if_then(builder.icmp_signed("!=", size, ll.Constant(I64, self.dimensions)), likely=False):
            self._format("PyExc_TypeError", text, [index])
            builder.ret(ll.Constant(PTR, None))

    def _fail_index(self, part: Any, axis: int, length: Any) -> None:
        """Emit: the index was -1, or no index at all; an int too large for an i64 is out of range as well."""
        builder = self.builder
        raised = self._call("PyErr_Occurred", PTR, [])
        with builder.if_then(builder.icmp_unsigned("!=", raised, ll.Constant(PTR, None))):
            with self._if_raised("PyExc_OverflowError"):
                text = f"{self.title}(): an index is out of range for axis {axis}, which has %zd elements"
                self._overflow(text, part, [length], exception="PyExc_IndexError")
                builder.ret(ll.Constant(PTR, None))
            with self._if_raised("PyExc_TypeError"):
                self._format("PyExc_TypeError", f"{self.title}(): an index is an int; got %R", [part])
            builder.ret(ll.Constant(PTR, None))

    # ---- results and errors

    def _box(self, words: Any, result: Any) -> Any:
        type = self.code.body.result
        if type is None:
            return self._constant("_Py_NoneStruct")
        if isinstance(type, Pointer):
            return self._row(words, result)
        if type.is_float:
            wide = result if type.size == 8 else self.builder.fpext(result, ll.DoubleType())
            return self._call("PyFloat_FromDouble", PTR, [wide])
        if type.kind == "bool":
            is_true = self.builder.icmp_unsigned("!=", result, ll.Constant(I8, 0))
            yes, no = (self.environment.address(self.builder, name) for name in ("_Py_TrueStruct", "_Py_FalseStruct"))
            return self._counted(self.builder.select(is_true, yes, no))
        wide = extended(Writer(self.builder, self.environment), result, type)
        return self._call("PyLong_FromUnsignedLongLong" if type.name == "u64" else "PyLong_FromLongLong", PTR, [wide])

    def _constant(self, name: str) -> Any:
        return self._counted(self.environment.address(self.builder, name))

    def _counted(self, thing: Any) -> Any:
        if not _IS_IMMORTAL_NONE:
            self._call("Py_IncRef", ll.VoidType(), [thing])
        return thing

    def _row(self, words: Any, result: Any) -> Any:
        """Emit: the row at an address, or with a number, made by its array (RowArray.row_at, row_of), or None."""
        builder, is_index = self.builder, isinstance(self.code.body.result, Index)
        if is_index:
            result = builder.zext(result, I64)
        with builder.if_then(builder.icmp_unsigned("==", result, _ZERO)):
            self._leave(self._constant("_Py_NoneStruct"))
        owner = builder.inttoptr(self._word(words, self._after_pointers), PTR)
        arguments = [owner, self._text("row_of" if is_index else "row_at"), self._text("K"), result]
        type = ll.FunctionType(PTR, [PTR, PTR, PTR], var_arg=True)
        return self.environment.call(builder, "PyObject_CallMethod", type, arguments)

    def _raise_code(self, number: Any) -> None:
        """Emit: the exception for a code, and return NULL; or None, if that is what the code says."""
        if self.code.body.maybe:
            with self.builder.if_then(self.builder.icmp_unsigned("==", number, ll.Constant(I32, NOTHING))):
                self._leave(self._constant("_Py_NoneStruct"))
        self.builder.call(self._raiser(), [number])
        self._leave(ll.Constant(PTR, None))

    def _raiser(self) -> Any:
        if "raise" in self.module.globals:
            return self.module.globals["raise"]
        function = ll.Function(self.module, ll.FunctionType(ll.VoidType(), [I32]), "raise")
        function.linkage = "internal"
        for attribute in ("noinline", "cold", "nounwind"):
            function.attributes.add(attribute)
        outer, self.builder = self.builder, ll.IRBuilder(function.append_basic_block("entry"))
        done = function.append_basic_block("done")
        switch = self.builder.switch(function.args[0], done)
        failed = "the spare lane's lock cannot be taken: this thread holds it already (a signal handler?)"
        none = " or ".join(value.name for value in required_rows(self.code.body)) or "a pointer"
        messages = {
            FAILED: ("PyExc_RuntimeError", f"{self.title}(): {failed}"),
            NO_THREAD: ("PyExc_RuntimeError", f"{self.title}(): {NO_THREAD_TEXT}"),
            NO_ROW: ("PyExc_ValueError", f"{self.title}(): {none} is None, and its fields are used; pass a row"),
            LANE_VIEW: ("PyExc_ValueError", f"{self.title}(): {LANE_VIEW_TEXT}"),
            SAME_ROW: ("PyExc_ValueError", f"{self.title}(): {self.code.body.same_row}"),
        }
        for index, check in enumerate(self.unit.checks):
            messages[FIRST_CHECK + index] = (f"PyExc_{check.exception}", f"{self.title}(): {check.sentence}")
        for number, (exception, text) in messages.items():
            block = function.append_basic_block()
            switch.add_case(ll.Constant(I32, number), block)
            self.builder.position_at_end(block)
            self._format(exception, text.replace("%", "%%"), [])
            self.builder.branch(done)
        self.builder.position_at_end(done)
        self.builder.ret_void()
        self.builder = outer
        return function


_ZERO = ll.Constant(I64, 0)
