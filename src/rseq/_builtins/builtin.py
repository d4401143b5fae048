"""CPython builtins around sequences and routines, as LLVM IR.

A builtin is `PyObject *f(payload, arguments, count, keyword names)` (METH_FASTCALL | METH_KEYWORDS).
Its `self` is a payload (payload.py) that carries what it is bound to, as 8-byte words:

    base, stride, lanes, lock        the storage (percpu.Place)
    length of each dimension         if the storage is an array of records: the first argument is an index
    start, end of each pointer's or index's array, in the order of the parameters
    the array object of a pointer or index that is returned
    first row, length of each array that an index is followed into, in the order of ir.Body.rows

Arguments are converted and checked first, all of them, before the storage is touched. Here are those that are usual:
exact numbers, rows, `bytes` without a call into CPython, other buffers by the buffer protocol. For the rest the builtin
calls Python (unusual.py), and begins anew with what that makes of them. Nothing that is read here runs Python code,
but a buffer's exporter. So buffers come last, and are held until the builtin returns, on every way out. An object of
type bytes is read where it is: it cannot change, and the caller holds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from rseq._builtins.arguments import parameter_names
from rseq._builtins.common import VIEW_BYTES, items_of
from rseq._codegen import python
from rseq._codegen.codes import NOTHING, extended, llvm_type
from rseq._codegen.environment import Lane
from rseq._codegen.lower import Unit
from rseq._codegen.small_int import read_float, read_int
from rseq._codegen.writer import DOUBLE, I8, I32, I64, NULL, PTR, VOID, Writer
from rseq._language import ir
from rseq._language.compiled import Compiled
from rseq._language.types import SCALARS, Buffer, Index, Pointer, Scalar

PLACE_WORDS = len(Lane._fields)

_SIMPLE, _WRITABLE = 0, 1  # PyBUF_SIMPLE, PyBUF_WRITABLE (pybuffer.h)


class _Given(NamedTuple):
    """What a builtin is called with."""

    payload: Any
    arguments: Any
    count: Any
    keywords: Any


_GIVEN = PTR, PTR, I64, PTR


class Builtin:
    """Lowers one builtin."""

    emit: Writer
    _frame: Any = None

    def __init__(self, unit: Unit, code: Compiled, dimensions: int) -> None:
        self.unit, self.code, self.dimensions = unit, code, dimensions
        self.required = len(parameter_names(code, dimensions)) - len(code.body.defaults)

    def lower(self, name: str) -> None:
        """Write the builtin's function, exported under `name`."""
        emit = self.emit = self.unit.environment.function(name, PTR, _GIVEN, "nounwind")
        emit.function.linkage = "hidden"  # it is called anew, by its address, which no other module is asked for
        self._given = _Given(*emit.arguments)
        self._unusual, self._failed = emit.label("unusual", *_GIVEN), emit.label("failed", I32)
        self._done = emit.label("done", PTR)
        self._count()
        converted = self._converted()
        offset = self._row_offset() if self.dimensions else None
        self._ask(converted)
        lane = Lane(*map(self._word, range(PLACE_WORDS)))
        if offset is not None:
            lane = lane._replace(base=emit.add(lane.base, offset))
        self._load_rows(converted)
        passed = [converted[parameter] for parameter in self.code.body.parameters]
        area = self.unit.environment.area(emit)
        self._return(self.unit.run(emit, self.code, area, lane, passed, self._fail))
        self._write_failed()
        self._write_done()
        self._write_unusual()

    def _word(self, number: int, type: Any = I64) -> Any:
        return self.emit.load(self._given.payload, self.emit.process.layout.words_at + 8 * number, type, align=8)

    def _fail(self, number: Any) -> None:
        self.emit.jump(self._failed, number)

    def _write_failed(self) -> None:
        """Emit: the exception for a code, or None, if that is what the code says."""
        emit = self.emit
        if not self._failed.is_reached:
            return
        (number,) = emit.here(self._failed)
        if self.code.body.maybe:
            with emit.if_(emit.compare(number, "==", NOTHING)):
                emit.jump(self._done, python.none(emit))
        emit.jump(self._done, emit.call("rseq_refuse", PTR, emit.symbol("rseq_about"), number))

    def _write_done(self) -> None:
        (result,) = self.emit.here(self._done)
        self._release()
        self.emit.ret(result)

    def _write_unusual(self) -> None:
        emit = self.emit
        given = emit.here(self._unusual)
        emit.ret(emit.call("rseq_hand_over", PTR, *given, emit.symbol("rseq_about"), emit.function))

    def _unusual_if(self, condition: Any) -> None:
        """Emit: leave to Python what is given, where this holds."""
        with self.emit.if_(condition, likely=False):
            self.emit.jump(self._unusual, *self._given)

    # ---- arguments

    def _count(self) -> None:
        """Emit: see that as many arguments are given as there may be, and none by name."""
        emit, given = self.emit, self._given
        with emit.if_(given.keywords, likely=False):
            self._unusual_if(emit.compare(given.keywords, "!=", emit.symbol("rseq_about")))
        self._unusual_if(emit.compare(emit.sub(given.count, self.required), ">", len(self.code.body.defaults)))

    def _object(self, number: int) -> Any:
        return self.emit.load(self._given.arguments, 8 * number, PTR)

    def _converted(self) -> dict[ir.Value, Any]:
        """Emit: what the arguments mean, which are no buffers."""
        converted, pointers = dict[ir.Value, Any](), 0
        for number, parameter in enumerate(self.code.body.given, bool(self.dimensions)):
            if isinstance(parameter.type, Pointer):
                place = PLACE_WORDS + self.dimensions + 2 * pointers
                converted[parameter] = self._row(parameter.type, self._object(number), place)
                pointers += 1
            elif isinstance(parameter.type, Scalar):
                converted[parameter] = self._number_or_default(parameter, number)
        return converted

    def _number_or_default(self, parameter: ir.Value, number: int) -> Any:
        emit, type = self.emit, parameter.type
        assert isinstance(type, Scalar)
        if parameter.name not in self.code.body.defaults:
            return self._number(type, self._object(number))
        default, known = self.code.body.defaults[parameter.name], emit.label("known", llvm_type(type), *_GIVEN)
        with emit.if_(emit.compare(self._given.count, "<=", number)):
            emit.jump(known, default if type.is_float else int(default), *self._given)
        value = self._number(type, self._object(number))
        emit.jump(known, value, *self._given)
        return self._taken(emit.here(known))

    def _number(self, type: Scalar, given: Any) -> Any:
        if type.is_float:
            return self._float(type, given)
        return self._truth(given) if type.kind == "bool" else self._whole(type, given)

    def _float(self, type: Scalar, given: Any) -> Any:
        emit = self.emit
        by_call = partial(self._by_call, "rseq_float", given, DOUBLE)
        number = self._taken(read_float(emit, given, self._given, by_call))
        if type.size == 8:
            return number
        single = emit.llvm.fptrunc(number, llvm_type(type))  # infinity and NaN are, but what becomes infinite is not
        was_finite, is_finite = (
            emit.llvm.fcmp_ordered("ord", *(emit.llvm.fsub(one, one),) * 2) for one in (number, single)
        )
        self._unusual_if(emit.compare(was_finite, "!=", is_finite))
        return single

    def _truth(self, given: Any) -> Any:
        emit = self.emit
        is_true, is_false = (emit.compare(given, "==", emit.symbol(f"_Py_{name}Struct")) for name in ("True", "False"))
        self._unusual_if(emit.compare(is_true, "==", is_false))
        return emit.fit(is_true, I8)

    def _whole(self, type: Scalar, given: Any) -> Any:
        emit, signed = self.emit, type.name != "u64"
        by_call = partial(self._by_call, "rseq_int" if signed else "rseq_unsigned", given, I64)
        number = self._taken(read_int(emit, given, self._given, by_call, signed=signed))
        if type.size == 8:
            return number
        self._unusual_if(emit.compare(emit.sub(number, type.minimum), ">", type.maximum - type.minimum))
        return emit.fit(number, llvm_type(type))

    def _by_call(self, name: str, given: Any, type: Any) -> Sequence[Any]:
        """Emit a call of one of the functions in common.py; what it has converted, if it could, and what was given.

        What was given is put into memory, and comes back from there: LLVM would have the function begin by saving
        registers for it, on the fast path, too.
        """
        emit, before = self.emit, self._given
        self._frame = self._frame or emit.slot(I64, 1 + len(_GIVEN))
        for number, value in enumerate(before, 1):
            emit.store(value, self._frame, 8 * number)
        could = emit.call(name, I32, given, self._frame)
        self._given = _Given(*(emit.load(self._frame, 8 * number, type) for number, type in enumerate(_GIVEN, 1)))
        self._unusual_if(emit.compare(could, "==", 0))
        found = emit.load(self._frame, type=type), *self._given
        self._given = before
        return found

    def _taken(self, found: Sequence[Any]) -> Any:
        number, *given = found
        self._given = _Given(*given)
        return number

    def _row(self, type: Pointer, given: Any, place: int) -> Any:
        """Emit: the address, or the number, of a row of the array that this is bound to; None is 0."""
        emit, known = self.emit, self.emit.label("row", llvm_type(type))
        with emit.if_(emit.compare(given, "==", emit.symbol("_Py_NoneStruct"))):
            emit.jump(known, 0)
        self._unusual_if(emit.compare(python.type_of(emit, given), "!=", emit.symbol("rseq_row_type")))
        address = emit.load(given, emit.process.layout.header, PTR)
        self._unusual_if(emit.compare(address, "==", NULL))
        address = emit.call("PyLong_AsUnsignedLongLong", I64, address)
        start, end = self._word(place), self._word(place + 1)
        offset, size = emit.sub(address, start), type.target.size
        self._unusual_if(emit.compare(offset, ">=", emit.sub(end, start)))
        self._unusual_if(emit.compare(emit.urem(offset, size), "!=", 0))
        is_number = isinstance(type, Index)
        emit.jump(known, emit.fit(emit.add(emit.udiv(offset, size), 1), I32) if is_number else address)
        return emit.here(known)[0]

    def _load_rows(self, converted: dict[ir.Value, Any]) -> None:
        """Emit: where the arrays are that an index is followed into."""
        first = self._after_pointers + isinstance(self.code.body.result, Pointer)
        hidden = [register for rows in self.code.body.rows for register in (rows.first, rows.length)]
        converted.update({register: self._word(first + number) for number, register in enumerate(hidden)})

    @property
    def _after_pointers(self) -> int:
        """The number of the word after those of the pointers' arrays."""
        pointers = sum(isinstance(value.type, Pointer) for value in self.code.body.given)
        return PLACE_WORDS + self.dimensions + 2 * pointers

    # ---- the row of an array of records

    def _row_offset(self) -> Any:
        """Emit: the offset of the record that the index argument means, checked against each dimension."""
        emit, index, flat = self.emit, self._object(0), I64(0)
        if self.dimensions > 1:
            self._unusual_if(emit.compare(python.type_of(emit, index), "!=", emit.symbol("PyTuple_Type")))
            self._unusual_if(emit.compare(emit.load(index, emit.process.layout.header), "!=", self.dimensions))
            items = items_of(emit, index)
        for axis in range(self.dimensions):
            part = index if self.dimensions == 1 else emit.load(items, 8 * axis, PTR)
            number = self._whole(SCALARS["i64"], part)
            length = self._word(PLACE_WORDS + axis)
            self._unusual_if(emit.compare(number, ">=", length))
            flat = emit.add(emit.mul(flat, length), number)
        return emit.mul(flat, self.code.body.record.size)

    # ---- buffers

    def _ask(self, converted: dict[ir.Value, Any]) -> None:
        """Emit: address and length of each buffer."""
        emit, given = self.emit, list(enumerate(self.code.body.given, bool(self.dimensions)))
        buffers = [(number, one, one.type) for number, one in given if isinstance(one.type, Buffer)]
        self._views = [emit.slot(I64, VIEW_BYTES // 8) for _ in buffers]
        if not buffers:
            return
        for view in self._views:
            emit.store(NULL, view, 8)
        failed, done = emit.label("refused"), emit.label("buffers")
        for (number, parameter, type), view in zip(buffers, self._views, strict=True):
            found = self._buffer(type, self._object(number), view, failed)
            converted[parameter], converted[ir.length_of(parameter)] = found
        emit.jump(done)
        emit.here(failed)
        self._release()
        emit.jump(self._unusual, *self._given)
        emit.here(done)

    def _buffer(self, type: Buffer, given: Any, view: Any, failed: Any) -> tuple[Any, Any]:
        emit, known, came = self.emit, self.emit.label("buffer", I64, I64), self.emit.label("came")
        if not type.writable:
            with emit.if_(emit.compare(python.type_of(emit, given), "==", emit.symbol("PyBytes_Type")), likely=True):
                layout = emit.process.layout
                emit.jump(known, emit.add(emit.address(given), layout.bytes_at), emit.load(given, layout.header))
        access = I32(_WRITABLE if type.writable else _SIMPLE)
        emit.branch(emit.call("rseq_ask", I32, given, view, access), came, failed, likely=True)
        emit.here(came)
        emit.jump(known, emit.load(view), emit.load(view, 16))
        address, length = emit.here(known)
        return address, length

    def _release(self) -> None:
        """Emit: let the buffers go that are held."""
        emit = self.emit
        for view in self._views:
            with emit.if_(emit.load(view, 8, PTR), likely=False):
                emit.call("PyBuffer_Release", VOID, view)

    # ---- results

    def _return(self, results: Sequence[Any]) -> None:
        emit, type = self.emit, self.code.body.result
        if type is None:
            emit.jump(self._done, python.none(emit))
        elif isinstance(type, Pointer):
            self._return_row(type, results[0])
        elif self.code.body.more:
            emit.jump(self._done, self._tuple(results))
        else:
            emit.jump(self._done, self._boxed(type, results[0]))

    def _tuple(self, results: Sequence[Any]) -> Any:
        """Emit: a tuple of numbers, or NULL."""
        emit, form, given = self.emit, "", list[Any]()
        for type, result in zip(self.code.body.results, results, strict=True):
            if type.is_float:
                form, number = f"{form}d", result if type.size == 8 else emit.llvm.fpext(result, DOUBLE)
            elif type.kind == "bool":
                form, number = f"{form}O", self._bool(result)
            else:
                form, number = form + ("K" if type.name == "u64" else "L"), extended(emit, result, type)
            given.append(number)
        return emit.call("Py_BuildValue", PTR, emit.text(f"({form})"), *given, fixed=1)

    def _bool(self, result: Any) -> Any:
        yes, no = (self.emit.symbol(f"_Py_{name}Struct") for name in ("True", "False"))
        return self.emit.choose(result, yes, no)

    def _boxed(self, type: Scalar, result: Any) -> Any:
        emit = self.emit
        if type.is_float:
            return emit.call("PyFloat_FromDouble", PTR, result if type.size == 8 else emit.llvm.fpext(result, DOUBLE))
        if type.kind == "bool":
            return python.constant_object(emit, self._bool(result))
        name = "PyLong_FromUnsignedLongLong" if type.name == "u64" else "PyLong_FromLongLong"
        return emit.call(name, PTR, extended(emit, result, type))

    def _return_row(self, type: Pointer, result: Any) -> None:
        """Emit: the row at an address, or with a number, made by its array (RowArray.row_at, row_of), or None."""
        emit = self.emit
        with emit.unless(result):
            emit.jump(self._done, python.none(emit))
        method = emit.text("row_of" if isinstance(type, Index) else "row_at")
        owner = self._word(self._after_pointers, PTR)
        arguments = owner, method, emit.text("K"), emit.fit(result, I64)
        row = emit.call("PyObject_CallMethod", PTR, *arguments, fixed=3)
        emit.jump(self._done, row)
