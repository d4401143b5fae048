"""CPython builtins around sequences and routines, as LLVM IR.

A builtin is `PyObject *f(payload, arguments, count, keyword names)` (METH_FASTCALL | METH_KEYWORDS).
Its `self` is a `bytes` object that carries what it is bound to, as 8-byte words:

    base, stride, lanes, lock        the storage (percpu.Place)
    length of each dimension         if the storage is an array of records: the first argument is an index
    start, end of each pointer's array, in the order of the parameters
    the array object of a pointer that is returned

Arguments are converted and checked first, all of them, before the storage is touched. The slow
things (keywords, defaults, errors) are functions of their own, so that the fast path stays short.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Sequence
from typing import Any

import llvmlite.ir as ll

from ..language import ir
from ..language.compiled import Compiled
from ..language.pointers import required_rows
from ..language.types import Pointer, Scalar
from .blob import BlobEnvironment
from .codes import BUSY, FAILED, FIRST_CHECK, I8, I32, I64, NO_ROW, PTR, RAISED, extended, llvm_type
from .lower import Lane, Unit

__all__ = ["PLACE_WORDS", "Builtin", "PythonEnvironment", "metadata_text"]

PLACE_WORDS = 4
PAYLOAD_OFFSET = bytes.__basicsize__ - 1
WAIT_NS = 50_000_000
"""How long to wait for the spare lane's lock before looking for signals, so that Ctrl-C works."""

_LETTERS = re.compile(r"[^\x00-\x7f]+")
_DIRECTIVE_OR_LETTERS = re.compile(r"%%|%z?\w|[^\x00-\x7f]+")

_IS_IMMORTAL_NONE = sys.version_info >= (3, 12)  # PEP 683: None, True and False need no counting


class PythonEnvironment(BlobEnvironment):
    """In a builtin, waiting for the spare lane's lock gives up the GIL, and lets signal handlers run."""

    def spare(self, unit: Unit, builder: Any, code: Compiled, lane: Lane, arguments: Sequence[Any]) -> Any:
        name = f"patient.{code.__name__}.{id(code)}"
        if name not in self.module.globals:
            self._make_patient(unit, code, name, [value.type for value in (*lane, *arguments)])
        return builder.call(self.module.globals[name], [*lane, *arguments])

    def _make_patient(self, unit: Unit, code: Compiled, name: str, parameters: Sequence[Any]) -> None:
        run = unit.spare(code)
        function = ll.Function(self.module, ll.FunctionType(run.function_type.return_type, parameters), name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        place, arguments = function.args[:PLACE_WORDS], function.args[PLACE_WORDS:]
        builder = ll.IRBuilder(function.append_basic_block("entry"))
        first = builder.call(run, [*place, ll.Constant(I64, 0), *arguments])
        is_busy = self._is_busy(unit, builder, code, first)
        wait, done = function.append_basic_block("wait"), function.append_basic_block("done")
        builder.cbranch(is_busy, wait, done)
        builder.position_at_end(done)
        builder.ret(first)
        builder.position_at_end(wait)
        state = self.call(builder, "PyEval_SaveThread", ll.FunctionType(PTR, []), [])
        again = builder.call(run, [*place, ll.Constant(I64, WAIT_NS), *arguments])
        self.call(builder, "PyEval_RestoreThread", ll.FunctionType(ll.VoidType(), [PTR]), [state])
        with builder.if_then(builder.not_(self._is_busy(unit, builder, code, again))):
            builder.ret(again)
        raised = self.call(builder, "PyErr_CheckSignals", ll.FunctionType(I32, []), [])
        with builder.if_then(builder.icmp_signed("!=", raised, ll.Constant(I32, 0))):
            number = ll.Constant(I32, RAISED)
            builder.ret(number if code.body.result is None else builder.insert_value(again, number, 0))
        builder.branch(wait)

    def _is_busy(self, unit: Unit, builder: Any, code: Compiled, returned: Any) -> Any:
        number, _ = unit.unpack(builder, code, returned)
        return builder.icmp_signed("==", number, ll.Constant(I32, BUSY))


def parameter_names(code: Compiled, dimensions: int) -> list[str]:
    """What the builtin's parameters are called: the sequence's, after the index into an array of records."""
    names = [value.name for value in code.body.parameters]
    index = "index"
    while index in names:
        index += "_"
    return [index, *names] if dimensions else names


def metadata_text(code: Compiled, name: str, dimensions: int) -> str:
    """The builtin's docstring as CPython parses it: signature line, then the user's text.

    CPython has no signatures with other letters than ASCII's, nor with NaN. Those remain a line of the text.
    """
    defaults = code.body.defaults
    parameters = [
        f"{name}={_default(defaults[name])}" if name in defaults else name for name in parameter_names(code, dimensions)
    ]
    line = f"{name}({', '.join(parameters)})"
    is_plain = line.isascii() and not any(math.isnan(default) for default in defaults.values())
    return "\n".join([line, *(["--"] if is_plain else []), "", code.__doc__ or ""])


def _default(number: int | float) -> str:
    return repr(number).replace("inf", "1e999")


class Builtin:
    """Lowers one builtin for `code`, called `title` in messages, on storage with `dimensions` dimensions."""

    def __init__(self, unit: Unit, code: Compiled, title: str, dimensions: int) -> None:
        assert isinstance(unit.environment, BlobEnvironment)
        self.unit, self.environment = unit, unit.environment
        self.code, self.title, self.dimensions = code, title, dimensions
        self.names = parameter_names(code, dimensions)
        self.module = unit.module

    def lower(self, name: str) -> Any:
        """The builtin's function, exported under `name`."""
        function = ll.Function(self.module, ll.FunctionType(PTR, [PTR, PTR, I64, PTR]), name)
        function.attributes.add("nounwind")
        payload, arguments, count, keywords = function.args
        self.builder = ll.IRBuilder(function.append_basic_block("entry"))
        given = self._arguments(arguments, count, keywords)
        converted = [self._convert(*pair) for pair in zip(self.code.body.parameters, self._values(given), strict=True)]
        words = self.builder.gep(payload, [ll.Constant(I64, PAYLOAD_OFFSET)], source_etype=I8)
        converted = [self._checked_row(words, value, n) for n, value in enumerate(converted)]
        lane = Lane(*(self._word(words, index) for index in range(PLACE_WORDS)))
        if self.dimensions:
            lane = lane._replace(base=self.builder.add(lane.base, self._row_offset(words, given)))
        area = self.environment.area(self.builder)
        result = self.unit.run(self.builder, self.code, area, lane, converted, self._raise_code)
        self.builder.ret(self._box(words, result))
        return function

    def _word(self, words: Any, index: int) -> Any:
        place = self.builder.gep(words, [ll.Constant(I64, index)], source_etype=I64)
        return self.builder.load(place, typ=I64, align=8)

    # ---- which arguments there are

    def _arguments(self, arguments: Any, count: Any, keywords: Any) -> Any:
        """Emit: a pointer to one object pointer for each parameter; NULL stands for its default."""
        builder, wanted = self.builder, len(self.names)
        array = builder.alloca(ll.ArrayType(PTR, max(wanted, 1)))
        plain = builder.and_(
            builder.icmp_unsigned("==", count, ll.Constant(I64, wanted)),
            builder.icmp_unsigned("==", keywords, ll.Constant(PTR, None)),
        )
        fast, slow, ready = (builder.append_basic_block(name) for name in ("fast", "slow", "ready"))
        builder.cbranch(plain, fast, slow).set_weights([1 << 20, 1])
        builder.position_at_end(fast)
        builder.branch(ready)
        builder.position_at_end(slow)
        sorted_out = builder.call(self._sorter(), [arguments, count, keywords, array])
        with builder.if_then(builder.icmp_signed("<", sorted_out, ll.Constant(I32, 0)), likely=False):
            builder.ret(ll.Constant(PTR, None))
        slow = builder.block
        builder.branch(ready)
        builder.position_at_end(ready)
        chosen = builder.phi(PTR)
        chosen.add_incoming(arguments, fast)
        chosen.add_incoming(array, slow)
        return chosen

    def _sorter(self) -> Any:
        """A function that sorts positional and keyword arguments into an array; -1 and an exception if it cannot."""
        function = ll.Function(self.module, ll.FunctionType(I32, [PTR, I64, PTR, PTR]), self._unique("arguments"))
        function.linkage = "internal"
        for attribute in ("noinline", "cold", "nounwind"):
            function.attributes.add(attribute)
        arguments, count, keywords, array = function.args
        outer, self.builder = self.builder, ll.IRBuilder(function.append_basic_block("entry"))
        builder, wanted = self.builder, len(self.names)
        text = f"{self.title}() takes {self._arity()}, got %zd positional"
        with builder.if_then(builder.icmp_unsigned(">", count, ll.Constant(I64, wanted)), likely=False):
            self._format("PyExc_TypeError", text, [count])
            builder.ret(ll.Constant(I32, -1))
        for index in range(wanted):
            is_given = builder.icmp_unsigned(">", count, ll.Constant(I64, index))
            slot = builder.gep(array, [ll.Constant(I64, index)], source_etype=PTR)
            builder.store(ll.Constant(PTR, None), slot)
            with builder.if_then(is_given):
                source = builder.gep(arguments, [ll.Constant(I64, index)], source_etype=PTR)
                builder.store(builder.load(source, typ=PTR), slot)
        with builder.if_then(builder.icmp_unsigned("!=", keywords, ll.Constant(PTR, None))):
            self._sort_keywords(arguments, count, keywords, array)
        self._require_all(array)
        builder.ret(ll.Constant(I32, 0))
        self.builder = outer
        return function

    def _arity(self) -> str:
        required = len(self.names) - len(self.code.body.defaults)
        most = len(self.names)
        word = "argument" if most == 1 else "arguments"
        return f"{most} {word}" if required == most else f"{required} to {most} {word}"

    def _sort_keywords(self, arguments: Any, count: Any, keywords: Any, array: Any) -> None:
        builder = self.builder
        total = self._call("PyTuple_Size", I64, [keywords])
        entry, loop, done = builder.block, builder.append_basic_block("each"), builder.append_basic_block("all")
        builder.cbranch(builder.icmp_signed(">", total, ll.Constant(I64, 0)), loop, done)
        builder.position_at_end(loop)
        index = builder.phi(I64)
        index.add_incoming(ll.Constant(I64, 0), entry)
        name = self._call("PyTuple_GetItem", PTR, [keywords, index])
        place = builder.gep(arguments, [builder.add(count, index)], source_etype=PTR)
        value = builder.load(place, typ=PTR)
        following = builder.append_basic_block("next")
        for number, known in enumerate(self.names):
            self._match_keyword(name, known, value, array, number, following)
        self._format("PyExc_TypeError", f"{self.title}() has no parameter called %R", [name])
        builder.ret(ll.Constant(I32, -1))
        builder.position_at_end(following)
        after = builder.add(index, ll.Constant(I64, 1))
        index.add_incoming(after, builder.block)
        builder.cbranch(builder.icmp_signed("<", after, total), loop, done)
        builder.position_at_end(done)

    def _match_keyword(self, name: Any, known: str, value: Any, array: Any, number: int, following: Any) -> None:
        builder = self.builder
        with builder.if_then(builder.icmp_signed("==", self._compared(name, known), ll.Constant(I32, 0))):
            slot = builder.gep(array, [ll.Constant(I64, number)], source_etype=PTR)
            twice = builder.icmp_unsigned("!=", builder.load(slot, typ=PTR), ll.Constant(PTR, None))
            with builder.if_then(twice, likely=False):
                self._format("PyExc_TypeError", f"{self.title}() got two values for {known!r}", [])
                builder.ret(ll.Constant(I32, -1))
            builder.store(value, slot)
            builder.branch(following)

    def _compared(self, name: Any, known: str) -> Any:
        """Emit: 0 if the string `name` is `known`."""
        if known.isascii():
            return self._call("PyUnicode_CompareWithASCIIString", I32, [name, self._text(known)])
        builder = self.builder
        other = self._call("PyUnicode_FromString", PTR, [self._text(known)])
        with builder.if_then(builder.icmp_unsigned("==", other, ll.Constant(PTR, None)), likely=False):
            builder.ret(ll.Constant(I32, -1))
        order = self._call("PyUnicode_Compare", I32, [name, other])
        self._call("Py_DecRef", ll.VoidType(), [other])
        return order

    def _require_all(self, array: Any) -> None:
        builder = self.builder
        for number, name in enumerate(self.names):
            if name in self.code.body.defaults:
                continue
            slot = builder.gep(array, [ll.Constant(I64, number)], source_etype=PTR)
            missing = builder.icmp_unsigned("==", builder.load(slot, typ=PTR), ll.Constant(PTR, None))
            with builder.if_then(missing, likely=False):
                self._format("PyExc_TypeError", f"{self.title}() needs a value for {name!r}", [])
                builder.ret(ll.Constant(I32, -1))

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
        if type.is_float:
            number = self._call("PyFloat_AsDouble", ll.DoubleType(), [given])
            doubtful = self.builder.fcmp_unordered("==", number, ll.Constant(ll.DoubleType(), -1.0))
            self._fail_if_raised(doubtful, parameter, given)
            return number if type.size == 8 else self.builder.fptrunc(number, ll.FloatType())
        if type.kind == "bool":
            truth = self._call("PyObject_IsTrue", I32, [given])
            self._fail_if_raised(self.builder.icmp_signed("<", truth, ll.Constant(I32, 0)), parameter, given)
            return self.builder.trunc(truth, I8)
        return self._integer(parameter, type, given)

    def _integer(self, parameter: ir.Value, type: Scalar, given: Any) -> Any:
        if type.name == "u64":
            index = self._call("PyNumber_Index", PTR, [given])
            self._fail_if_raised(self.builder.icmp_unsigned("==", index, ll.Constant(PTR, None)), parameter, given)
            number = self._call("PyLong_AsUnsignedLongLong", I64, [index])
            self._call("Py_DecRef", ll.VoidType(), [index])
        else:
            number = self._call("PyLong_AsLongLong", I64, [given])
        doubtful = self.builder.icmp_signed("==", number, ll.Constant(I64, -1))
        self._fail_if_raised(doubtful, parameter, given)
        if type.size == 8:
            return number
        low, high = ll.Constant(I64, type.minimum), ll.Constant(I64, type.maximum)
        outside = self.builder.or_(
            self.builder.icmp_signed("<", number, low), self.builder.icmp_signed(">", number, high)
        )
        with self.builder.if_then(outside, likely=False):
            self._format("PyExc_OverflowError", self._expected(parameter), [])
            self.builder.ret(ll.Constant(PTR, None))
        return self.builder.trunc(number, llvm_type(type))

    def _expected(self, parameter: ir.Value) -> str:
        type = parameter.type
        assert isinstance(type, Scalar)
        text = f"{self.title}(): {parameter.name} is {type}, "
        if type.is_float:
            return text + "a float"
        return text + ("a bool" if type.kind == "bool" else f"an int of {type.minimum} to {type.maximum}")

    def _fail_if_raised(self, doubtful: Any, parameter: ir.Value, given: Any) -> None:
        """Emit: if the conversion has set a TypeError or an OverflowError, say which argument it is, and return."""
        builder = self.builder
        with builder.if_then(doubtful, likely=False):
            raised = self._call("PyErr_Occurred", PTR, [])
            with builder.if_then(builder.icmp_unsigned("!=", raised, ll.Constant(PTR, None))):
                for exception, tail in (("PyExc_TypeError", "; got %R"), ("PyExc_OverflowError", "")):
                    matches = self._call("PyErr_ExceptionMatches", I32, [self._exception(exception)])
                    with builder.if_then(builder.icmp_signed("!=", matches, ll.Constant(I32, 0))):
                        values = [self._call("PyObject_Type", PTR, [given])] if tail else []
                        self._format(exception, self._expected(parameter) + tail, values)
                        for value in values:
                            self._call("Py_DecRef", ll.VoidType(), [value])
                builder.ret(ll.Constant(PTR, None))

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
            number = self._call("PyObject_GetAttrString", PTR, [given, self._text("address")])
            with builder.if_then(builder.icmp_unsigned("==", number, ll.Constant(PTR, None)), likely=False):
                builder.ret(ll.Constant(PTR, None))
            builder.store(self._call("PyLong_AsUnsignedLongLong", I64, [number]), result)
            self._call("Py_DecRef", ll.VoidType(), [number])
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
        return value

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
            with builder.if_then(builder.icmp_signed("==", number, ll.Constant(I64, -1)), likely=False):
                self._fail_index(part)
            length = self._word(words, PLACE_WORDS + axis)
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

    def _fail_index(self, part: Any) -> None:
        """Emit: the index was -1, or no index at all; an int too large for an i64 is out of range as well."""
        builder = self.builder
        raised = self._call("PyErr_Occurred", PTR, [])
        with builder.if_then(builder.icmp_unsigned("!=", raised, ll.Constant(PTR, None))):
            overflow = self._call("PyErr_ExceptionMatches", I32, [self._exception("PyExc_OverflowError")])
            with builder.if_then(builder.icmp_signed("!=", overflow, ll.Constant(I32, 0))):
                self._format("PyExc_IndexError", f"{self.title}(): the index is out of range", [])
                builder.ret(ll.Constant(PTR, None))
            mistyped = self._call("PyErr_ExceptionMatches", I32, [self._exception("PyExc_TypeError")])
            with builder.if_then(builder.icmp_signed("!=", mistyped, ll.Constant(I32, 0))):
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
        wide = extended(self.builder, result, type)
        return self._call("PyLong_FromUnsignedLongLong" if type.name == "u64" else "PyLong_FromLongLong", PTR, [wide])

    def _constant(self, name: str) -> Any:
        return self._counted(self.environment.address(self.builder, name))

    def _counted(self, thing: Any) -> Any:
        if not _IS_IMMORTAL_NONE:
            self._call("Py_IncRef", ll.VoidType(), [thing])
        return thing

    def _row(self, words: Any, result: Any) -> Any:
        """Emit: the row at an address, made by its array (RowArray.row_at), or None."""
        builder = self.builder
        with builder.if_then(builder.icmp_unsigned("==", result, _ZERO)):
            builder.ret(self._constant("_Py_NoneStruct"))
        pointers = sum(isinstance(value.type, Pointer) for value in self.code.body.parameters)
        owner = builder.inttoptr(self._word(words, PLACE_WORDS + self.dimensions + 2 * pointers), PTR)
        arguments = [owner, self._text("row_at"), self._text("K"), result]
        type = ll.FunctionType(PTR, [PTR, PTR, PTR], var_arg=True)
        return self.environment.call(builder, "PyObject_CallMethod", type, arguments)

    def _raise_code(self, number: Any) -> None:
        """Emit: the exception for a code, and return NULL."""
        self.builder.call(self._raiser(), [number])
        self.builder.ret(ll.Constant(PTR, None))

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
            NO_ROW: ("PyExc_ValueError", f"{self.title}(): {none} is None, and its fields are used; pass a row"),
        }
        for index, check in enumerate(self.unit.checks):
            messages[FIRST_CHECK + index] = ("PyExc_IndexError", f"{self.title}(): {check.sentence}")
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

    # ---- calls into CPython

    def _call(self, name: str, returns: Any, arguments: Sequence[Any]) -> Any:
        type = ll.FunctionType(returns, [argument.type for argument in arguments])
        return self.environment.call(self.builder, name, type, arguments)

    def _exception(self, name: str) -> Any:
        return self.builder.load(self.environment.address(self.builder, name), typ=PTR)

    def _format(self, exception: str, text: str, arguments: Sequence[Any]) -> None:
        """Emit PyErr_Format. It takes ASCII only: other letters are passed as strings."""
        rest, values = iter(arguments), []
        for part in _DIRECTIVE_OR_LETTERS.findall(text):
            if not part.isascii():
                values.append(self._text(part))
            elif part != "%%":
                values.append(next(rest))
        template = _LETTERS.sub("%s", text)
        type = ll.FunctionType(PTR, [PTR, PTR], var_arg=True)
        self.environment.call(
            self.builder, "PyErr_Format", type, [self._exception(exception), self._text(template), *values]
        )

    def _text(self, text: str) -> Any:
        data = bytearray(text.encode() + b"\0")
        name = self._unique("text")
        constant = ll.GlobalVariable(self.module, ll.ArrayType(I8, len(data)), name)
        constant.initializer = ll.Constant(constant.value_type, data)
        constant.linkage, constant.global_constant = "internal", True
        return constant

    def _unique(self, purpose: str) -> str:
        return str(self.module.get_unique_name(f"{purpose}.{self.code.__name__}"))


_ZERO = ll.Constant(I64, 0)
